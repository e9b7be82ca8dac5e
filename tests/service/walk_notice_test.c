/* The generated walk of outcomes (整改成效) and publications (通报) through the door. */
#include "tests/service/walk.h"

#include "rectify/v1/outcome.pb-c.h"
#include "rectify/v1/publication.pb-c.h"

#define G(g) GUARD_BIT(GUARD_##g)
#define ORG(n) "'00000000-0000-7000-8000-0000000000" n "'"
#define OUTCOME "'00000000-0000-7000-8000-000000000096'"
#define NOTICE_ID "'00000000-0000-7000-8000-000000000097'"
#define OTHER_NOTICE "'00000000-0000-7000-8000-000000000098'"
#define MEASURE_61 "'00000000-0000-7000-8000-000000000061'"

static bool
is_state(const struct walk *w, const char *state)
{
    return strcmp(w->state, state) == 0;
}

/* ---- outcomes ---- */

/* What differs from variant to variant: the unit it was recorded for, and by whom. */
enum recorded {
    BY_MLEAD = 0,
    BY_PLEAD,
    BY_OFFICE_FOR_MLEAD,
};

static enum recorded
recorded(const struct walk *w)
{
    static const char *const names[] = {NULL, "by the problem's lead unit",
                                        "by the office for the unit"};
    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(w->variant->name, names[i]) == 0) {
            return (enum recorded)i;
        }
    }
    return BY_MLEAD;
}

static int
recording_org(const struct walk *w)
{
    return recorded(w) == BY_PLEAD ? ORG_UNIT01 : ORG_UNIT03;
}

static int
recorder(const struct walk *w)
{
    static const int accounts[] = {SEAT_MLEAD, SEAT_PLEAD, SEAT_OFFICE};
    return accounts[recorded(w)];
}

/* Three rules of measure 61, shown by its photograph. */
static void
place_outcome(const struct walk *w, const char *state)
{
    bool confirmed = strcmp(state, STATE_CONFIRMED) == 0;
    snapshot_sqlf("INSERT INTO rectify.outcome (tenant, id, ref, measure, org, kind, amount, word,"
                  " title, happened_day, state, reason, recorded_by, changed_ms, confirmed_day,"
                  " version, event_id) VALUES (1, " OUTCOME ", 'CG-0001', " MEASURE_61
                  ", '%s', 'RULE_MADE', 3, '项', '样例制度', '2026-11-09', '%s', '样例', '%s', 1,"
                  " %s, 1, '%s');"
                  "INSERT INTO rectify.outcome_evidence (tenant, outcome, evidence, measure,"
                  " linked_ms, event_id) SELECT 1, " OUTCOME ", evidence, measure, 0, event_id"
                  " FROM rectify.evidence_link WHERE measure = " MEASURE_61,
                  slice_id(recording_org(w)), state, slice_id(recorder(w)),
                  confirmed ? "'2026-11-09'" : "NULL", slice_id(1));
}

static const Pb__CallReply *
record(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__RecordOutcomeRequest r = PB__RECORD_OUTCOME_REQUEST__INIT;
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    (void)w;
    (void)ref;
    in.has_kind = in.has_amount = 1;
    in.kind = PB__OUTCOME_KIND__RULE_MADE;
    in.amount = 1;
    in.title = slice_text("样例制度");
    r.measure_ref = slice_text("P-01-M-01");
    r.input = &in;
    return slice_call(seat->account, "OutcomeService/RecordOutcome", &r.base);
}

static const Pb__CallReply *
correct_outcome(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__CorrectOutcomeRequest r = PB__CORRECT_OUTCOME_REQUEST__INIT;
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    (void)w;
    in.has_amount = 1;
    in.amount = 4;
    r.ref = slice_text(ref);
    r.input = &in;
    r.reason = WALK_REASON;
    return slice_call(seat->account, "OutcomeService/CorrectOutcome", &r.base);
}

static const Pb__CallReply *
withdraw_outcome(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__WithdrawOutcomeRequest r = PB__WITHDRAW_OUTCOME_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.reason = WALK_REASON;
    return slice_call(seat->account, "OutcomeService/WithdrawOutcome", &r.base);
}

static const Pb__CallReply *
judge_outcome(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__DecideOutcomeRequest r = PB__DECIDE_OUTCOME_REQUEST__INIT;
    bool returns = strcmp(w->command->command, COMMAND_RETURN) == 0;
    r.ref = slice_text(ref);
    r.has_verdict = 1;
    r.verdict = returns ? PB__VERDICT__RETURNED : PB__VERDICT__ACCEPTED;
    r.reason_code = returns ? WALK_REASON_CODE : NULL;
    r.reason = returns ? WALK_REASON : NULL;
    return slice_call(seat->account, "OutcomeService/DecideOutcome", &r.base);
}

static const Pb__CallReply *
outcome_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetOutcomeRequest r = PB__GET_OUTCOME_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "OutcomeService/AllowedCommands", &r.base);
}

static const struct walk_command outcome_commands[] = {
    {"register", "OutcomeService/RecordOutcome", record, true, "MEASURE_UNKNOWN", 0},
    {"correct", "OutcomeService/CorrectOutcome", correct_outcome, false, NULL, 0},
    {"withdraw", "OutcomeService/WithdrawOutcome", withdraw_outcome, false, NULL, 0},
    {"verify", "OutcomeService/DecideOutcome", judge_outcome, false, NULL, 0},
    {"return", "OutcomeService/DecideOutcome", judge_outcome, false, NULL, 0},
};

#define THING_61                                                                                   \
    .plead = ORG_UNIT01, .mlead = ORG_UNIT03, .part = ORG_UNIT04, .leader = ORG_LEADER1,           \
    .sgroup = ORG_SG1
#define OFFICE_LEADS                                                                               \
    "UPDATE rectify.problem SET lead_org = " ORG(                                                  \
        "01") " WHERE ref = 'P-01';"                                                               \
              "DELETE FROM rectify.access WHERE org = " ORG("05")
#define CANCELLED "UPDATE rectify.measure SET state = 'CANCELLED' WHERE id = " MEASURE_61

static const char *const waiting[] = {"RECORDED", NULL};

static const struct walk_variant outcome_variants[] = {
    {.name = "by the measure's own lead unit"},
    {.name = "by the problem's lead unit"},
    {.name = "by the office for the unit"},
    {.name = "without proof",
     .states = waiting,
     .sql = "DELETE FROM rectify.outcome_evidence",
     .fails = G(PROOF)},
    {.name = "the office leads it",
     .sql = OFFICE_LEADS,
     .holds = G(OFFICE_RECUSED),
     .thing = {.plead = ORG_OFFICE,
               .mlead = ORG_UNIT03,
               .part = ORG_UNIT04,
               .leader = ORG_LEADER1,
               .sgroup = ORG_SG1}},
    {.name = "of a cancelled measure", .sql = CANCELLED},
};

/* Neither the bodies whose work it is nor the one who worded it, nor who stands in for him. */
static bool
outcome_guard(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    if (guard == GUARD_INDEPENDENT) {
        return org != t->plead && org != t->mlead && org != recording_org(w);
    }
    bool himself = seat->account == recorder(w) || seat->stands == recorder(w);
    return guard == GUARD_TWO_PEOPLE ? !himself : held;
}

/* Where the table has nothing against it: nothing is said any more of what is cancelled; and of two
 * lead units each changes its own, the problem's both. */
static bool
outcome_after(const struct walk *w, const struct walk_seat *seat, const char *command,
              struct walk_answer *ret)
{
    bool words = strcmp(command, "register") == 0 || strcmp(command, "correct") == 0;
    bool changes = strcmp(command, "correct") == 0 || strcmp(command, "withdraw") == 0;
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    if (words && w->variant->sql != NULL && strcmp(w->variant->sql, CANCELLED) == 0) {
        *ret = (struct walk_answer){STATUS_FAILED_PRECONDITION, "MEASURE_NOT_LIVE", NULL};
        return true;
    }
    *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "OTHER_UNIT", NULL};
    return changes && org != recording_org(w) && org != walk_thing_of(w)->plead;
}

static const struct walk_machine outcome = {
    .id = WORKFLOW_OUTCOME,
    .unknown = "OUTCOME_UNKNOWN",
    .ref = "CG-0001",
    .no_ref = "CG-0099",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.outcome WHERE id = " OUTCOME,
    .place = place_outcome,
    .variants = outcome_variants,
    .variant_count = sizeof outcome_variants / sizeof outcome_variants[0],
    .commands = outcome_commands,
    .command_count = sizeof outcome_commands / sizeof outcome_commands[0],
    .allowed_method = "OutcomeService/AllowedCommands",
    .allowed = outcome_allowed,
    .holds = G(REASON) | G(PROOF),
    .thing = {THING_61},
    .guard = outcome_guard,
    .after = outcome_after,
};

/* ---- publications ---- */

static char text_hash[65]; /* as whoever opened it last saw it */

/* Of two lines, and of one problem that may have to stay out. */
static void
place_publication(const struct walk *w, const char *state)
{
    static const char *const approved[] = {"APPROVED", "PUBLISHED", "SUPERSEDED"};
    const char *when = "NULL";
    bool published = strcmp(state, "PUBLISHED") == 0 || strcmp(state, "SUPERSEDED") == 0;
    (void)w;
    for (size_t i = 0; i < sizeof approved / sizeof approved[0]; i++) {
        when = strcmp(state, approved[i]) == 0 ? "1" : when;
    }
    snapshot_sqlf(
        "INSERT INTO rectify.publication (tenant, id, inspection, no, ref, kind, as_of, plan_no,"
        " title, state, content_no, sha256, corrected_by, reason, approved_ms, published_ms,"
        " published_day, created_ms, version, event_id) VALUES (1, " NOTICE_ID
        ", '%s', 1, 'TB-01', 'BRIEFING', '2026-11-10', 0, '样例简报', '%s', 1, sha256('x'), %s,"
        " '样例', %s, %s, %s, 1, 1, '%s');"
        "INSERT INTO rectify.publication_block (tenant, publication, content_no, no, kind, text,"
        " problem, event_id) VALUES (1, " NOTICE_ID ", 1, 1, 1, '样例正文。', NULL, '%s'),"
        " (1, " NOTICE_ID ", 1, 2, 1, '样例问题的情况。', 'P-01', '%s');"
        "INSERT INTO rectify.publication_subject (tenant, publication, no, problem, ref, title,"
        " item_no, item_title, state, version, event_id) VALUES (1, " NOTICE_ID
        ", 1, '%s', 'P-01', '样例问题', 1, '样例项', 'RECTIFYING', 1, '%s')",
        slice_id(31), state, published && strcmp(state, "SUPERSEDED") == 0 ? OTHER_NOTICE : "NULL",
        when, published ? "1" : "NULL", published ? "'2026-11-10'" : "NULL", slice_id(1),
        slice_id(1), slice_id(1), slice_id(51), slice_id(1));
}

/* As the last edit would have left it. */
static void
seal_text(struct walk *w)
{
    (void)w;
    snapshot_sql("UPDATE rectify.publication p SET sha256 = rectify.publication_sha256(p)");
    snapshot_text(text_hash, sizeof text_hash,
                  "SELECT encode(sha256, 'hex') FROM rectify.publication WHERE id = " NOTICE_ID);
}

static const Pb__CallReply *
create_publication(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__CreatePublicationRequest r = PB__CREATE_PUBLICATION_REQUEST__INIT;
    (void)w;
    (void)ref;
    r.has_kind = 1;
    r.kind = PB__PUBLICATION_KIND__BRIEFING;
    r.as_of = slice_text("2026-11-10");
    return slice_call(seat->account, "PublicationService/CreatePublication", &r.base);
}

static const Pb__CallReply *
edit_publication(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    static char text[] = "样例简报\n\n样例正文，改。\n";
    Pb__EditPublicationRequest r = PB__EDIT_PUBLICATION_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.has_file = 1;
    r.file.data = (uint8_t *)text;
    r.file.len = sizeof text - 1;
    return slice_call(seat->account, "PublicationService/EditPublication", &r.base);
}

static const Pb__CallReply *
hold_back(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__HoldBackRequest r = PB__HOLD_BACK_REQUEST__INIT;
    char *subjects[] = {slice_text("P-01")};
    (void)w;
    r.ref = slice_text(ref);
    r.subjects = subjects;
    r.n_subjects = 1;
    r.hold_code = slice_text("SECRECY");
    r.reason = WALK_REASON;
    return slice_call(seat->account, "PublicationService/HoldBack", &r.base);
}

static const Pb__CallReply *
check_text_of(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "PublicationService/CheckPublication", &r.base);
}

/* With the text that was seen. */
static const Pb__CallReply *
let_through(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ApprovePublicationRequest r = PB__APPROVE_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.sha256 = text_hash;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
end_publication(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__EndPublicationRequest r = PB__END_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.reason = WALK_REASON;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
publication_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "PublicationService/AllowedCommands", &r.base);
}

static const struct walk_command publication_commands[] = {
    {"create", "PublicationService/CreatePublication", create_publication, true, NULL, 0},
    {"edit", "PublicationService/EditPublication", edit_publication, false, NULL, 0},
    {"hold_back", "PublicationService/HoldBack", hold_back, false, NULL, 0},
    {"check", "PublicationService/CheckPublication", check_text_of, false, NULL, 0},
    {"withdraw", "PublicationService/WithdrawPublication", end_publication, false, NULL, 0},
    {"return", "PublicationService/ReturnPublication", end_publication, false, NULL, 0},
    {"approve", "PublicationService/ApprovePublication", let_through, false, NULL, 0},
    {"publish", "PublicationService/PublishPublication", let_through, false, NULL, 0},
    {"correct", "PublicationService/CorrectPublication", end_publication, false, NULL, 0},
};

#define TO_ALL "UPDATE rectify.publication SET kind = 'NOTICE'"
#define A_CORRECTION                                                                               \
    "INSERT INTO rectify.publication SELECT (jsonb_populate_record(p, jsonb_build_object('id',"    \
    " " OTHER_NOTICE ", 'no', 2, 'ref', 'TB-02', 'state', 'SUPERSEDED', 'corrected_by', p.id,"     \
    " 'approved_ms', 1, 'published_ms', 1, 'published_day', '2026-11-09'))).*"                     \
    " FROM rectify.publication p;"                                                                 \
    "UPDATE rectify.publication SET corrects = " OTHER_NOTICE " WHERE ref = 'TB-01'"

static const char *const drafted[] = {"DRAFT", NULL};
static const char *const there[] = {"DRAFT",      "CHECKED",   "APPROVED", "PUBLISHED",
                                    "SUPERSEDED", "WITHDRAWN", NULL};
static const char *const written[] = {"CHECKED", "APPROVED", "PUBLISHED", "SUPERSEDED", NULL};

static const struct walk_variant publication_variants[] = {
    {.name = "a briefing, inside the house", .more = seal_text},
    {.name = "a notice to all", .states = written, .sql = TO_ALL, .more = seal_text},
    {.name = "a correction of another", .states = there, .sql = A_CORRECTION, .more = seal_text},
    {.name = "what is held back stands in it",
     .states = drafted,
     .sql = "UPDATE rectify.publication_subject SET hold_code = 'SECRECY', hold_reason = '样例'",
     .more = seal_text,
     .fails = G(HELD_BACK_OUT)},
};

/* Drafts and reports those who oversee; a notice, once published, everybody. */
static bool
publication_sees(const struct walk *w, const struct walk_seat *seat)
{
    bool published = is_state(w, "PUBLISHED") || is_state(w, "SUPERSEDED");
    bool to_all = w->variant->sql != NULL && strcmp(w->variant->sql, TO_ALL) == 0;
    return (seat->roles & ROLE_SEES_ALL) != 0 || (published && to_all);
}

static uint32_t
publication_roles(const struct walk *w, const struct walk_seat *seat)
{
    (void)w;
    return seat->behalf != 0 ? 0 : seat->roles;
}

/* A correction is owed: the original is already marked as corrected. */
static bool
publication_after(const struct walk *w, const struct walk_seat *seat, const char *command,
                  struct walk_answer *ret)
{
    (void)seat;
    *ret = (struct walk_answer){STATUS_FAILED_PRECONDITION, "CORRECTION_OWED", NULL};
    return strcmp(command, "withdraw") == 0 && w->variant->sql != NULL &&
           strcmp(w->variant->sql, A_CORRECTION) == 0;
}

static const struct walk_machine publication = {
    .id = WORKFLOW_PUBLICATION,
    .unknown = "PUBLICATION_UNKNOWN",
    .ref = "TB-01",
    .no_ref = "TB-99",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.publication WHERE id = " NOTICE_ID,
    .place = place_publication,
    .variants = publication_variants,
    .variant_count = sizeof publication_variants / sizeof publication_variants[0],
    .commands = publication_commands,
    .command_count = sizeof publication_commands / sizeof publication_commands[0],
    .allowed_method = "PublicationService/AllowedCommands",
    .allowed = publication_allowed,
    .holds = G(REASON) | G(AS_OF_CHOSEN) | G(HELD_BACK_OUT),
    .sees = publication_sees,
    .roles = publication_roles,
    .after = publication_after,
};

/* ---- tests ---- */

static void
outcomes(void **state)
{
    (void)state;
    walk_machine_test(&outcome, NULL);
}

static void
publications(void **state)
{
    (void)state;
    walk_machine_test(&publication, NULL);
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&outcome, "RECORDED", "correct");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),
        cmocka_unit_test(publications),
        cmocka_unit_test(control),
    };
    return cmocka_run_group_tests(tests, walk_open, walk_close);
}
