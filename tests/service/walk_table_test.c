/* The generated walk of periodic tables (自查汇总表) and their rows through the door. */
#include "tests/service/walk.h"

#include "rectify/v1/table.pb-c.h"

#define G(g) GUARD_BIT(GUARD_##g)
#define ORG(n) "'00000000-0000-7000-8000-0000000000" n "'"
#define TABLE_ID "00000000-0000-7000-8000-000000000095"
#define NO_TABLE "00000000-0000-7000-8000-000000000077"
#define TABLE "'" TABLE_ID "'"
#define ROW_MEASURE "P-01-M-01"

/* ---- placing: October's table of unit01, one measure in hand ---- */

static bool
is_state(const struct walk *w, const char *state)
{
    return strcmp(w->state, state) == 0;
}

/* state: the table's; verdict: the row's, 0 for no row. Somebody without a seat here filled it in.
 */
static void
place_table_row(const char *state, int verdict)
{
    bool given = strcmp(state, "OPEN") != 0 && strcmp(state, "DRAFT") != 0;
    snapshot_sqlf(
        "UPDATE rectify.measure SET state = 'IN_PROGRESS', signed_ms = 1 WHERE id = '%s';"
        "INSERT INTO rectify.periodic_table (tenant, id, inspection, org, period, due,"
        " state, filled_by, submitted_day, submitted_ms, version, event_id) VALUES (1, " TABLE
        ", '%s', '%s', '2026-10', '2026-10-25', '%s', '%s', %s, %s, 1, '%s')",
        slice_id(61), slice_id(31), slice_id(ORG_UNIT01), state, slice_id(UNIT1),
        given ? "'2026-10-24'" : "NULL", given ? "1" : "NULL", slice_id(1));
    if (verdict != 0) {
        snapshot_sqlf(
            "INSERT INTO rectify.table_row (tenant, table_id, measure, org, percent,"
            " narrative, verdict, reason, recorded_ms, version, event_id) VALUES (1, " TABLE
            ", '%s', '%s', 30, '样例', %d, '样例', 0, 1, '%s')",
            slice_id(61), slice_id(ORG_UNIT01), verdict, slice_id(1));
    }
}

static void
place(const struct walk *w, const char *state)
{
    static const struct {
        const char *state;
        int verdict;
    } rows[] = {
        {"CONFIRMING", 1}, {"SUBMITTED", 1}, {"RETURNED", 3}, {"ACCEPTED", 2}, {"LOCKED", 2}};
    int verdict = 0;
    (void)w;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        verdict = strcmp(rows[i].state, state) == 0 ? rows[i].verdict : verdict;
    }
    place_table_row(state, verdict);
}

/* ---- sending ---- */

static const Pb__CallReply *
submit(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__SubmitTableRequest r = PB__SUBMIT_TABLE_REQUEST__INIT;
    Pb__TableRow row = PB__TABLE_ROW__INIT;
    Pb__TableRow *rows[] = {&row};
    (void)w;
    row.measure_ref = slice_text(ROW_MEASURE);
    row.has_percent = 1;
    row.percent = 40;
    row.narrative = slice_text("样例进展");
    r.id = slice_text(ref);
    r.rows = rows;
    r.n_rows = 1;
    return slice_call(seat->account, "TableService/SubmitTable", &r.base);
}

static const Pb__CallReply *
countersign(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ConfirmTableRequest r = PB__CONFIRM_TABLE_REQUEST__INIT;
    (void)w;
    r.id = slice_text(ref);
    return slice_call(seat->account, "TableService/ConfirmTable", &r.base);
}

static const Pb__CallReply *
change(int account, const char *method, const char *ref)
{
    Pb__ChangeTableRequest r = PB__CHANGE_TABLE_REQUEST__INIT;
    r.id = slice_text(ref);
    r.reason_code = WALK_REASON_CODE;
    r.reason = WALK_REASON;
    return slice_call(account, method, &r.base);
}

static const Pb__CallReply *
act(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    return change(seat->account, w->command->method, ref);
}

/* The verdict on its one row; a table without progress is returned as a whole. */
static const Pb__CallReply *
decide(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__DecideTableRequest r = PB__DECIDE_TABLE_REQUEST__INIT;
    Pb__RowDecision d = PB__ROW_DECISION__INIT;
    Pb__RowDecision *list[] = {&d};
    bool returns = strcmp(w->command->command, "return") == 0;
    if (returns && is_state(w, STATE_NIL)) {
        return change(seat->account, "TableService/ReturnNil", ref);
    }
    d.measure_ref = slice_text(ROW_MEASURE);
    d.has_verdict = 1;
    d.verdict = returns ? PB__VERDICT__RETURNED : PB__VERDICT__ACCEPTED;
    d.reason_code = returns ? WALK_REASON_CODE : NULL;
    d.reason = returns ? WALK_REASON : NULL;
    r.id = slice_text(ref);
    r.decisions = list;
    r.n_decisions = 1;
    return slice_call(seat->account, "TableService/DecideTable", &r.base);
}

static const Pb__CallReply *
correct(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__CorrectTableRequest r = PB__CORRECT_TABLE_REQUEST__INIT;
    char *refs[] = {slice_text(ROW_MEASURE)};
    (void)w;
    r.id = slice_text(ref);
    r.reason_code = WALK_REASON_CODE;
    r.reason = WALK_REASON;
    r.measure_refs = refs;
    r.n_measure_refs = 1;
    return slice_call(seat->account, "TableService/CorrectTable", &r.base);
}

static const Pb__CallReply *
table_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetTableRequest r = PB__GET_TABLE_REQUEST__INIT;
    r.id = slice_text(ref);
    return slice_call(seat->account, "TableService/AllowedCommands", &r.base);
}

static const Pb__CallReply *
row_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__AllowedRowRequest r = PB__ALLOWED_ROW_REQUEST__INIT;
    r.id = slice_text(ref);
    r.measure_ref = slice_text(ROW_MEASURE);
    return slice_call(seat->account, "TableService/AllowedRowCommands", &r.base);
}

static const struct walk_command table_commands[] = {
    {"submit", "TableService/SubmitTable", submit, false, NULL, 0},
    {"countersign", "TableService/ConfirmTable", countersign, false, NULL, 0},
    {"withdraw", "TableService/WithdrawTable", act, false, NULL, 0},
    {"nil", "TableService/ReportNil", act, false, NULL, 0},
    {"return", "TableService/DecideTable", decide, false, NULL, 0},
    {"waive", "TableService/WaiveTable", act, false, NULL, 0},
    {"accept", "TableService/DecideTable", decide, false, NULL, 0},
    {"lock", "TableService/LockTable", act, false, NULL, 0},
    {"correct", "TableService/CorrectTable", correct, false, NULL, 0},
    /* The clock opens; filling in is what the client does until it hands in. */
    {"open", NULL, NULL, false, NULL, 0},
    {"fill", NULL, NULL, false, NULL, 0},
};

static const struct walk_command row_commands[] = {
    {"submit", "TableService/SubmitTable", submit, false, NULL, 0},
    {"accept", "TableService/DecideTable", decide, false, NULL, 0},
    {"return", "TableService/DecideTable", decide, false, NULL, 0},
    {"withdraw", "TableService/WithdrawTable", act, false, NULL, 0},
    {"correct", "TableService/CorrectTable", correct, false, NULL, 0},
    {"create", NULL, NULL, false, NULL, 0},
    {"fill", NULL, NULL, false, NULL, 0},
};

/* ---- who is who ---- */

/* Whoever oversees, the unit itself, and who judges in the office's stead. */
static bool
sees(const struct walk *w, const struct walk_seat *seat)
{
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    bool in_stead = (seat->roles & ROLE_SGROUP) != 0 && org == walk_thing_of(w)->sgroup;
    return (seat->roles & ROLE_SEES_ALL) != 0 || org == walk_thing_of(w)->plead || in_stead;
}

/* A unit's own table is filled in by any of its seats that lead or take part, the office's by the
 * office. */
static uint32_t
roles(const struct walk *w, const struct walk_seat *seat)
{
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    bool own = org == walk_thing_of(w)->plead;
    if (seat->behalf != 0) {
        return own ? ROLE_PLEAD : 0;
    }
    uint32_t lead = (seat->roles & ROLE_OFFICE) != 0 ? ROLE_PLEAD : 0;
    return own ? seat->roles | lead : seat->roles & ~(uint32_t)(ROLE_UNIT | ROLE_PART);
}

static bool
guard(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held)
{
    return guard == GUARD_INDEPENDENT ? seat->org != walk_thing_of(w)->plead : held;
}

static bool
is_any(const char *command, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(command, *names) == 0) {
            return true;
        }
    }
    return false;
}

/* The office in a unit's place says for whom. */
static bool
nameless(const struct walk *w, const struct walk_seat *seat)
{
    return seat->behalf == 0 && (seat->roles & ROLE_OFFICE) != 0 &&
           seat->org != walk_thing_of(w)->plead;
}

/* A judge of his own body's rows is told so, where rows are judged; the office that confirms for
 * nobody, always. */
static bool
beside(const struct walk *w, const struct walk_seat *seat, const char *command,
       struct walk_answer *ret)
{
    if (strcmp(command, "countersign") == 0 && nameless(w, seat)) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "BEHALF_NEEDED", NULL};
        return true;
    }
    static const char *const judged[] = {"accept", "return", NULL};
    bool judge = (roles(w, seat) & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0;
    *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "RECUSED", NULL};
    return is_state(w, STATE_SUBMITTED) && is_any(command, judged) && judge &&
           seat->org == walk_thing_of(w)->plead;
}

/* Where the table has nothing against it: the office says for whom; the second person is one with
 * the reviewer's seat; who filled it in does not judge it. */
static bool
after(const struct walk *w, const struct walk_seat *seat, const char *command,
      struct walk_answer *ret)
{
    static const char *const by_unit[] = {"fill", "submit", "correct", NULL};
    bool second = strcmp(command, "countersign") == 0 ||
                  (strcmp(command, "nil") == 0 && (w->variant->holds & G(REVIEWER_NEEDED)) != 0);
    if (nameless(w, seat) && is_any(command, by_unit)) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "BEHALF_NEEDED", NULL};
        return true;
    }
    *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "REVIEWER_ONLY", NULL};
    return second && (seat->behalf != 0 || (seat->roles & ROLE_REVIEWER) == 0);
}

/* ---- the machines ---- */

#define THING_OF_UNIT01 .plead = ORG_UNIT01
static const char *const filling[] = {"OPEN", "DRAFT", "RETURNED", NULL};
static const char *const handed[] = {"OPEN", "DRAFT", "CONFIRMING", "SUBMITTED", "NIL", NULL};

#define REVIEWERS_FILL_IN                                                                          \
    "UPDATE rectify.seat SET roles = roles & ~16384 | 8192 WHERE roles & 16384 <> 0"

#define OFFICES_OWN                                                                                \
    "UPDATE rectify.problem SET lead_org = " ORG(                                                  \
        "01") " WHERE ref = 'P-01';"                                                               \
              "UPDATE rectify.periodic_table SET org = " ORG(                                      \
                  "01") ";"                                                                        \
                        "UPDATE rectify.table_row SET org = " ORG("01") ";"

static const struct walk_variant table_variants[] = {
    {.name = "with a reviewer", .holds = G(REVIEWER_NEEDED)},
    {.name = "without a reviewer", .states = filling, .sql = REVIEWERS_FILL_IN},
    {.name = "the office's own",
     .states = handed,
     .sql = OFFICES_OWN,
     .holds = G(OFFICE_RECUSED),
     .thing = {.plead = ORG_OFFICE, .sgroup = ORG_SG1}},
};

static const struct walk_machine table = {
    .id = WORKFLOW_TABLE,
    .unknown = "TABLE_UNKNOWN",
    .ref = TABLE_ID,
    .no_ref = NO_TABLE,
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.periodic_table WHERE id = " TABLE,
    .place = place,
    .variants = table_variants,
    .variant_count = sizeof table_variants / sizeof table_variants[0],
    .commands = table_commands,
    .command_count = sizeof table_commands / sizeof table_commands[0],
    .allowed_method = "TableService/AllowedCommands",
    .allowed = table_allowed,
    .holds = G(ALL_ROWS_FILLED) | G(TWO_PEOPLE) | G(REASON) | G(NOTHING_JUDGED) | G(PERIOD_CLOSED) |
             G(ALL_ROWS_ACCEPTED) | G(A_ROW_RETURNED),
    .thing = {THING_OF_UNIT01},
    .sees = sees,
    .roles = roles,
    .guard = guard,
    .beside = beside,
    .after = after,
};

static const struct walk_elsewhere table_elsewhere[] = {
    {"*", "fill", "no call of its own: submit keeps the rows, the client holds what is not sent"},
    {NULL, NULL, NULL},
};

/* ---- rows ---- */

static void
place_row(const struct walk *w, const char *state)
{
    static const char *const places[][2] = {{"DRAFT", "DRAFT"},
                                            {"SUBMITTED", "SUBMITTED"},
                                            {"RETURNED", "RETURNED"},
                                            {"ACCEPTED", "LOCKED"}};
    (void)w;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i][0], state) == 0) {
            int verdict = i == 2   ? PB__VERDICT__RETURNED
                          : i == 3 ? PB__VERDICT__ACCEPTED
                                   : PB__VERDICT__PENDING;
            place_table_row(places[i][1], verdict);
        }
    }
}

static const char *const submitted[] = {"SUBMITTED", NULL};

static const struct walk_variant row_variants[] = {
    {.name = "without a reviewer", .sql = REVIEWERS_FILL_IN},
    {.name = "the office's own",
     .states = submitted,
     .sql = OFFICES_OWN,
     .holds = G(OFFICE_RECUSED),
     .thing = {.plead = ORG_OFFICE, .sgroup = ORG_SG1}},
};

/* A row moves with its table, and its state is told by both. */
static const struct walk_machine row = {
    .id = WORKFLOW_TABLE_ROW,
    .unknown = "TABLE_UNKNOWN",
    .ref = TABLE_ID,
    .no_ref = NO_TABLE,
    .look = "SELECT CASE WHEN r.verdict = 2 THEN 'ACCEPTED' WHEN t.state IN ('DRAFT',"
            " 'CONFIRMING') THEN 'DRAFT' WHEN r.verdict = 3 THEN 'RETURNED' ELSE 'SUBMITTED' END"
            " || '|' || r.version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.table_row r JOIN rectify.periodic_table t ON t.id = r.table_id"
            " WHERE t.id = " TABLE,
    .place = place_row,
    .variants = row_variants,
    .variant_count = sizeof row_variants / sizeof row_variants[0],
    .commands = row_commands,
    .command_count = sizeof row_commands / sizeof row_commands[0],
    .allowed_method = "TableService/AllowedRowCommands",
    .allowed = row_allowed,
    .holds = G(TWO_PEOPLE) | G(REASON) | G(NOTHING_JUDGED) | G(PERCENT_REASON),
    .thing = {THING_OF_UNIT01},
    .sees = sees,
    .roles = roles,
    .guard = guard,
    .beside = beside,
    .after = after,
};

static const struct walk_elsewhere row_elsewhere[] = {
    {"*", "create", "a row is made by the first submit of its table: walked as the table's"},
    {"*", "fill", "no call of its own: submit keeps the rows, the client holds what is not sent"},
    {NULL, NULL, NULL},
};

/* ---- tests ---- */

/* What the clock does by itself: it opens what is owed, and locks what is done with. */
static void
the_clock(void **state)
{
    (void)state;
    snapshot_back_to_start();
    place_table_row("ACCEPTED", PB__VERDICT__ACCEPTED);
    snapshot_take();
    slice_job("OpenObligations");
    slice_job("LockTables");
    snapshot_note_changes();
    assert_true(snapshot_noted("table", "NONE", "open", "OPEN"));
    assert_true(snapshot_noted("table", "ACCEPTED", "lock", "LOCKED"));
}

/* What a row says its measure hears. */
static void
rows_report_to_measures(void **state)
{
    static const char *const states[] = {"IN_PROGRESS", "EFFECT_REACHED"};
    struct walk w = {.state = STATE_OPEN};
    const struct walk_seat *plead = &walk_seats[0];
    (void)state;
    while (plead->account != SEAT_PLEAD) {
        plead++;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        snapshot_back_to_start();
        place_table_row("OPEN", 0);
        snapshot_sql(REVIEWERS_FILL_IN);
        snapshot_sqlf("UPDATE rectify.measure SET state = '%s' WHERE id = '%s'", states[i],
                      slice_id(61));
        snapshot_take();
        slice_expect(submit(&w, plead, TABLE_ID), STATUS_OK, NULL);
        snapshot_note_changes();
        assert_true(snapshot_noted("measure", states[i], "report", states[i]));
    }
}

static void
rows(void **state)
{
    (void)state;
    walk_machine_test(&row, row_elsewhere);
}

static void
tables(void **state)
{
    (void)state;
    walk_machine_test(&table, table_elsewhere);
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&table, "DRAFT", "submit");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock), cmocka_unit_test(rows_report_to_measures),
        cmocka_unit_test(tables),    cmocka_unit_test(rows),
        cmocka_unit_test(control),
    };
    return cmocka_run_group_tests(tests, walk_open, walk_close);
}
