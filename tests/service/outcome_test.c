/* Outcomes through the door: recorded by units, judged by the office, summed as of any day. */
#include "tests/service/outcome_steps.h"

#include "server/service/workflow.h"

#define RULES(n) ((struct said){.kind = PB__OUTCOME_KIND__RULE_MADE, .amount = (n)})
#define MONEY(fen) ((struct said){.kind = PB__OUTCOME_KIND__FUNDS_RECOVERED, .amount = (fen)})

static struct said
with_file(struct said said, int id, int org)
{
    said.file = slice_file(id, org, PB__EVIDENCE_KIND__DOCUMENT);
    return said;
}

static const Pb__Outcome *
made(const Pb__CallReply *reply)
{
    slice_expect(reply, STATUS_OK, NULL);
    return slice_unpack(reply, &pb__outcome__descriptor);
}

/* One life: recorded, returned, corrected, confirmed, corrected again, withdrawn. */
static void
an_outcome_lives(void **state)
{
    (void)state;
    const Pb__Outcome *o = made(outcome_record(UNIT1, "P-01-M-02", with_file(RULES(1), 700, 5)));
    assert_string_equal(o->ref, "CG-0001");
    assert_string_equal(o->state, STATE_RECORDED);
    assert_string_equal(o->state_zh, "待核实");
    assert_string_equal(o->amount_text, "1 项");
    assert_string_equal(o->unit, "unit01");
    assert_string_equal(o->measure_ref, "P-01-M-02");
    assert_int_equal(o->evidence_count, 1);
    o = made(outcome_judge(OFFICE1, "CG-0001", "样例：没有文号"));
    assert_string_equal(o->state, STATE_RETURNED);
    assert_string_equal(o->reason, "EVIDENCE_WEAK 样例：没有文号");
    slice_expect(outcome_judge(OFFICE1, "CG-0001", NULL), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
    o = made(outcome_correct(UNIT1, "CG-0001", 2, "样例：漏计一项"));
    assert_string_equal(o->state, STATE_RECORDED);
    assert_int_equal(o->amount, 2);
    o = made(outcome_judge(OFFICE1, "CG-0001", NULL));
    assert_string_equal(o->state, STATE_CONFIRMED);
    assert_string_equal(o->confirmed_on, "2026-11-10");
    assert_null(o->reason);
    o = made(outcome_correct(UNIT1, "CG-0001", 3, "样例：又查出一项"));
    assert_string_equal(o->state, STATE_RECORDED); /* what is said anew is confirmed anew */
    assert_null(o->confirmed_on);
    o = made(outcome_withdraw(UNIT1, "CG-0001", "样例：与另一条重复"));
    assert_string_equal(o->state, STATE_WITHDRAWN);
    slice_expect(outcome_correct(UNIT1, "CG-0001", 4, "样例"), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
    const Pb__GetOutcomeReply *got = outcome_get(UNIT1, "CG-0001");
    assert_int_equal(got->n_history, 6);
    assert_string_equal(got->history[1]->reason, "EVIDENCE_WEAK 样例：没有文号");
    assert_int_equal(got->n_evidence, 1);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.outcome_version"), 6);
    assert_int_equal(outcome_totals_of(OFFICE1, NULL, NULL)->n_totals, 0);
}

static void
numbers_have_no_gaps(void **state)
{
    (void)state;
    made(outcome_record(UNIT1, "P-01-M-01", RULES(1)));
    slice_expect(outcome_record(UNIT1, "P-01-M-01", RULES(0)), STATUS_INVALID_ARGUMENT,
                 "AMOUNT_RANGE");
    assert_string_equal(made(outcome_record(UNIT2, "P-02-M-01", RULES(1)))->ref, "CG-0002");
}

static void
bad_words_are_refused(void **state)
{
    (void)state;
    const struct {
        struct said said;
        const char *reason;
    } cases[] = {
        {{.amount = 1}, "OUTCOME_KIND"},
        {RULES(10001), "AMOUNT_RANGE"},
        {RULES(-1), "AMOUNT_RANGE"},
        {MONEY(INT64_C(100000000000001)), "AMOUNT_RANGE"},
        {{.kind = PB__OUTCOME_KIND__OTHER_OUTCOME, .amount = 1}, "OUTCOME_WORD"},
        {{.kind = PB__OUTCOME_KIND__RULE_MADE, .amount = 1, .word = "个"}, "OUTCOME_WORD"},
        {{.kind = PB__OUTCOME_KIND__RULE_MADE, .amount = 1, .day = "2026-11-11"}, "DAY_IN_FUTURE"},
        {{.kind = PB__OUTCOME_KIND__RULE_MADE, .amount = 1, .day = "11月"}, "BAD_DATE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        slice_expect(outcome_record(UNIT1, "P-01-M-01", cases[i].said), STATUS_INVALID_ARGUMENT,
                     cases[i].reason);
    }
    struct said foreign = with_file(RULES(1), 710, 6);
    slice_expect(outcome_record(UNIT1, "P-01-M-01", foreign), STATUS_NOT_FOUND, "EVIDENCE_UNKNOWN");
    const Pb__Outcome *money = made(outcome_record(UNIT1, "P-01-M-01", MONEY(1234560)));
    assert_string_equal(money->amount_text, "12,345.60 元");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.outcome WHERE amount = 12345.60"),
                     1);
    slice_expect(outcome_correct(UNIT1, "CG-0001", 1234560, "样例"), STATUS_INVALID_ARGUMENT,
                 "NOTHING_CHANGED");
    slice_expect(outcome_correct(UNIT1, "CG-0001", 1, NULL), STATUS_INVALID_ARGUMENT,
                 "REASON_MISSING");
    slice_expect(outcome_withdraw(UNIT1, "CG-0001", NULL), STATUS_INVALID_ARGUMENT,
                 "REASON_MISSING");
}

/* Rule 4, and proof: who may judge. */
static void
nobody_confirms_his_own(void **state)
{
    (void)state;
    made(outcome_record(UNIT1, "P-01-M-01", RULES(1)));
    slice_expect(outcome_judge(OFFICE1, "CG-0001", NULL), STATUS_FAILED_PRECONDITION,
                 "PROOF_MISSING");
    slice_expect(outcome_judge(UNIT1, "CG-0001", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    slice_expect(outcome_judge(SGROUP1, "CG-0001", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    /* The office records for a unit: another person of the office confirms. */
    slice_behalf = "unit02";
    const Pb__Outcome *o = made(outcome_record(OFFICE1, "P-02-M-01", with_file(RULES(1), 720, 6)));
    slice_behalf = NULL;
    assert_string_equal(o->recorded_by, "unit02");
    slice_expect(outcome_judge(OFFICE1, "CG-0002", NULL), STATUS_FAILED_PRECONDITION,
                 "SAME_PERSON");
    made(outcome_judge(OFFICE2, "CG-0002", NULL));
    assert_non_null(strstr(outcome_get(OFFICE1, "CG-0002")->history[0]->org, "代"));
    /* What the office leads itself is judged in its stead. */
    slice_sql("UPDATE rectify.problem SET lead_org = '%s', version = version + 1 WHERE ref ="
              " 'P-01'",
              slice_id(1));
    slice_sql("INSERT INTO rectify.outcome_evidence VALUES (1, (SELECT id FROM rectify.outcome"
              " WHERE ref = 'CG-0001'), '%s', '%s', 0, '%s')",
              slice_file(730, 5, PB__EVIDENCE_KIND__PHOTO), slice_id(61), slice_id(1));
    slice_expect(outcome_judge(OFFICE1, "CG-0001", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    made(outcome_judge(SGROUP1, "CG-0001", NULL));
}

/* The database refuses what a unit's call would write, whatever the code says. */
static void
the_database_refuses_a_unit(void **state)
{
    (void)state;
    made(outcome_record(UNIT1, "P-01-M-01", RULES(1)));
    static const char as_unit[] =
        "SELECT set_config('search_path', 'rectify', true),"
        " set_config('rectify.tenant', '1', true), set_config('rectify.all', '1', true),"
        " set_config('rectify.roles', '%d', true);"
        "UPDATE rectify.outcome SET state = 'CONFIRMED', confirmed_day = '2026-11-10', version = 2";
    assert_true(test_db_refused("rectify_app", arena_printf(&slice_arena, as_unit, ROLE_PLEAD),
                                "outcome_not_by_unit"));
    assert_true(test_db_refused("rectify_app",
                                "SELECT set_config('rectify.tenant', '1', true),"
                                " set_config('rectify.all', '1', true);"
                                "UPDATE rectify.outcome SET measure = NULL, version = 2",
                                "outcome_kept"));
    /* The control: the office's own roles may. */
    assert_false(test_db_refused("rectify_app", arena_printf(&slice_arena, as_unit, ROLE_OFFICE),
                                 "outcome_not_by_unit"));
}

static void
another_units_outcome_is_not_found(void **state)
{
    (void)state;
    Pb__GetOutcomeRequest get = PB__GET_OUTCOME_REQUEST__INIT;
    made(outcome_record(UNIT1, "P-01-M-01", RULES(1)));
    get.ref = slice_text("CG-0001");
    slice_expect(outcome_record(UNIT2, "P-01-M-01", RULES(1)), STATUS_NOT_FOUND, "MEASURE_UNKNOWN");
    slice_expect(outcome_correct(UNIT2, "CG-0001", 5, "样例"), STATUS_NOT_FOUND, "OUTCOME_UNKNOWN");
    slice_expect(outcome_withdraw(UNIT2, "CG-0001", "样例"), STATUS_NOT_FOUND, "OUTCOME_UNKNOWN");
    slice_refused(UNIT2, "OutcomeService/GetOutcome", &get.base, STATUS_NOT_FOUND,
                  "OUTCOME_UNKNOWN");
    slice_refused(UNIT2, "OutcomeService/AllowedCommands", &get.base, STATUS_NOT_FOUND,
                  "OUTCOME_UNKNOWN");
    assert_int_equal(outcome_totals_of(UNIT2, NULL, NULL)->n_totals, 0);
    assert_int_equal(outcome_totals_of(UNIT1, NULL, NULL)->n_totals, 2);
    slice_sql("INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text, state,"
              " version, event_id) VALUES (1, '%s', '%s', '%s', 9, 'P-01-M-09', '样例', 'DRAFT',"
              " 1, '%s'); INSERT INTO rectify.access VALUES (1, '%s', '%s', '%s')",
              slice_id(69), slice_id(31), slice_id(51), slice_id(1), slice_id(69), slice_id(5),
              slice_id(51));
    slice_expect(outcome_record(UNIT1, "P-01-M-09", RULES(1)), STATUS_FAILED_PRECONDITION,
                 "MEASURE_NOT_LIVE");
}

/* A measure's own lead unit records; the problem's lead unit may correct, not the other way. */
static void
the_problems_lead_unit_stands_above(void **state)
{
    (void)state;
    slice_sql("UPDATE rectify.measure SET lead_org = '%s', version = version + 1 WHERE ref ="
              " 'P-01-M-01'; INSERT INTO rectify.access VALUES (1, '%s', '%s', '%s')",
              slice_id(6), slice_id(61), slice_id(6), slice_id(51));
    made(outcome_record(UNIT2, "P-01-M-01", RULES(1)));
    made(outcome_record(UNIT1, "P-01-M-01", RULES(1)));
    made(outcome_correct(UNIT1, "CG-0001", 2, "样例"));
    slice_expect(outcome_correct(UNIT2, "CG-0002", 2, "样例"), STATUS_PERMISSION_DENIED,
                 "OTHER_UNIT");
    assert_string_equal(outcome_totals_of(OFFICE1, NULL, NULL)->totals[1]->unit, "unit01");
}

static void
the_same_key_and_a_stale_version(void **state)
{
    (void)state;
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    Pb__RecordOutcomeRequest r = PB__RECORD_OUTCOME_REQUEST__INIT;
    Pb__CallRequest e;
    Pb__CallReply *replies[2] = {NULL, NULL};
    in.has_kind = in.has_amount = 1;
    in.kind = PB__OUTCOME_KIND__PEOPLE_TRAINED;
    in.amount = 40;
    in.title = slice_text("样例培训");
    in.happened_on = slice_text("2026-11-01");
    r.measure_ref = slice_text("P-01-M-01");
    r.input = &in;
    slice_envelope(&e, UNIT1, "OutcomeService/RecordOutcome", &r.base);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dispatch_call(slice_door, &e, &slice_arena, &replies[i]), STATUS_OK);
        slice_expect(replies[i], STATUS_OK, NULL);
    }
    assert_memory_equal(replies[0]->payload.data, replies[1]->payload.data,
                        replies[0]->payload.len);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.outcome"), 1);
    made(outcome_correct(UNIT1, "CG-0001", 41, "样例"));
    slice_expected = 1;
    slice_expect(outcome_judge(OFFICE1, "CG-0001", "样例"), STATUS_ABORTED, "STALE_VERSION");
    slice_expect(outcome_withdraw(UNIT1, "CG-0001", "样例"), STATUS_ABORTED, "STALE_VERSION");
    slice_expected = 2;
    made(outcome_judge(OFFICE1, "CG-0001", "样例"));
}

static void
allowed_commands_say_why(void **state)
{
    (void)state;
    Pb__GetOutcomeRequest get = PB__GET_OUTCOME_REQUEST__INIT;
    made(outcome_record(UNIT1, "P-01-M-01", RULES(1)));
    get.ref = slice_text("CG-0001");
    const Pb__AllowedCommandsReply *r =
        slice_ok(OFFICE1, "OutcomeService/AllowedCommands", &get.base,
                 &pb__allowed_commands_reply__descriptor);
    assert_string_equal(r->state, STATE_RECORDED);
    for (size_t i = 0; i < r->n_commands; i++) {
        const Pb__AllowedCommand *c = r->commands[i];
        if (strcmp(c->command, COMMAND_RETURN) == 0) {
            assert_true(c->allowed);
        } else if (strcmp(c->command, COMMAND_VERIFY) == 0) {
            assert_string_equal(c->reason, "PROOF_MISSING");
        } else {
            assert_false(c->allowed);
        }
    }
}

/* ---- sums ---- */

static void
claimed_and_confirmed_are_counted_apart(void **state)
{
    (void)state;
    made(outcome_record(UNIT1, "P-01-M-01", with_file(RULES(2), 740, 5)));
    made(outcome_record(UNIT1, "P-01-M-02", RULES(3)));
    made(outcome_record(UNIT2, "P-02-M-01", MONEY(150)));
    made(outcome_judge(OFFICE1, "CG-0001", NULL));
    const Pb__GetOutcomeTotalsReply *r = outcome_totals_of(OFFICE1, "INS1", NULL);
    assert_int_equal(r->n_totals, 4); /* two kinds, and each unit's */
    const Pb__OutcomeTotal *t = r->totals[0];
    assert_null(t->unit);
    assert_int_equal(t->confirmed, 1);
    assert_int_equal(t->outcomes, 2);
    assert_string_equal(t->confirmed_text, "2 项");
    assert_string_equal(t->claimed_text, "3 项");
    assert_string_equal(r->totals[1]->claimed_text, "1.50 元");
    assert_string_equal(r->totals[2]->unit, "unit01");
    assert_string_equal(r->totals[3]->unit, "unit02");
    assert_string_equal(r->inspections[0], "INS1");
    for (size_t i = 0; i < r->n_totals; i++) {
        t = r->totals[i];
        assert_int_equal(outcome_list_length(OFFICE1, t, "CONFIRMED", NULL), t->confirmed);
        assert_int_equal(outcome_list_length(OFFICE1, t, "CLAIMED", NULL),
                         t->outcomes - t->confirmed);
    }
    Pb__GetOutcomeTotalsRequest bad = PB__GET_OUTCOME_TOTALS_REQUEST__INIT;
    bad.inspection = slice_text("NONE");
    slice_refused(OFFICE1, "OutcomeService/GetOutcomeTotals", &bad.base, STATUS_NOT_FOUND,
                  "INSPECTION_UNKNOWN");
}

/* ---- random histories ---- */

enum { DAYS = 14 };

static uint64_t random_state;

static unsigned
pick(unsigned n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(random_state >> 33) % n;
}

static const char *
today_text(void)
{
    char text[DAY_TEXT_SIZE];
    int32_t day = day_from_instant(clock_now_ms(&slice_clock.clock), ZONE_CHINA_MIN);
    return arena_strdup(&slice_arena, day_print(day, text));
}

/* One command that may be refused. */
static void
something_happens(int *files)
{
    static const char *const measures[] = {"P-01-M-01", "P-01-M-02", "P-01-M-03", "P-02-M-01"};
    unsigned m = pick(4);
    int org = m < 3 ? 5 : 6;
    int unit = m < 3 ? UNIT1 : UNIT2;
    const char *ref = arena_printf(&slice_arena, "CG-%04u", 1 + pick(12));
    switch (pick(9)) {
    case 0:
    case 1:
    case 2: {
        struct said said = {.kind = (Pb__OutcomeKind)(1 + pick(8)), .amount = 1 + pick(500)};
        said.word = said.kind == PB__OUTCOME_KIND__OTHER_OUTCOME ? (pick(2) ? "台" : "公里") : NULL;
        said.file = pick(5) > 0 ? slice_file(*files += 2, org, PB__EVIDENCE_KIND__PHOTO) : NULL;
        (void)outcome_record(unit, measures[m], said);
        break;
    }
    case 3:
        (void)outcome_correct(unit, ref, 1 + pick(500), "样例");
        break;
    case 4:
        (void)outcome_withdraw(unit, ref, "样例");
        break;
    case 5:
    case 6:
    case 7:
        (void)outcome_judge(OFFICE1, ref, pick(4) == 0 ? "样例" : NULL);
        break;
    default:
        slice_sql("UPDATE rectify.problem SET lead_org = CASE WHEN lead_org = '%s' THEN '%s'::uuid"
                  " ELSE '%s'::uuid END, version = version + 1, event_id ="
                  " (lpad(to_hex(%lld), 12, '0') || '70008000%012u')::uuid WHERE ref = 'P-02'",
                  slice_id(6), slice_id(5), slice_id(6),
                  (long long)clock_now_ms(&slice_clock.clock), pick(1000000000));
    }
}

struct seen {
    unsigned char *bytes;
    size_t size;
};

static struct seen
look(const char *as_of)
{
    Pb__GetOutcomeTotalsReply reply = *outcome_totals_of(OFFICE1, NULL, as_of);
    struct seen s = {0};
    reply.has_as_of_ms = 0;
    assert_int_equal(wire_pack(&slice_arena, &reply.base, &s.bytes, &s.size), STATUS_OK);
    return s;
}

/* The present sums again, from the rows and not from their versions. */
static void
recount(const Pb__GetOutcomeTotalsReply *r)
{
    long confirmed = 0;
    long all = 0;
    for (size_t i = 0; i < r->n_totals; i++) {
        const Pb__OutcomeTotal *t = r->totals[i];
        const char *unit =
            t->unit == NULL ? "" : arena_printf(&slice_arena, " AND u.code = '%s'", t->unit);
        const char *from = arena_printf(
            &slice_arena,
            "FROM rectify.outcome o JOIN rectify.measure m ON m.id = o.measure JOIN rectify.problem"
            " p ON p.id = m.problem JOIN rectify.org u ON u.id = p.lead_org WHERE o.kind = '%s' AND"
            " o.word = '%s'%s",
            pb__outcome_kind__descriptor.values[t->kind].name, t->word, unit);
        const char *factor = t->kind == PB__OUTCOME_KIND__FUNDS_RECOVERED ? "100" : "1";
        assert_int_equal(slice_count(arena_printf(&slice_arena,
                                                  "SELECT coalesce(sum(o.amount * %s), 0)::bigint"
                                                  " %s AND o.state = 'CONFIRMED'",
                                                  factor, from)),
                         t->confirmed_amount);
        assert_int_equal(
            slice_count(arena_printf(&slice_arena,
                                     "SELECT coalesce(sum(o.amount * %s), 0)::bigint %s AND"
                                     " o.state IN ('RECORDED', 'RETURNED')",
                                     factor, from)),
            t->claimed_amount);
        confirmed += t->unit == NULL ? t->confirmed : 0;
        all += t->unit == NULL ? t->outcomes : 0;
    }
    assert_int_equal(confirmed,
                     slice_count("SELECT count(*) FROM rectify.outcome WHERE state = 'CONFIRMED'"));
    assert_int_equal(
        all, slice_count("SELECT count(*) FROM rectify.outcome WHERE state <> 'WITHDRAWN'"));
}

static void
the_past_is_what_was_seen(void **state)
{
    static struct seen recorded[DAYS];
    static const char *days[DAYS];
    int files = 30000;
    (void)state;
    slice_sql(
        "SET session_replication_role = replica; INSERT INTO rectify.plan_version (tenant, id,"
        " inspection, no, state, items, problems, measures, sha256, approved_ms, version,"
        " event_id) VALUES (1, '%s', '%s', 1, 'APPROVED', 1, 2, 4, '', 0, 1, '%s')",
        slice_id(931), slice_id(31), slice_id(1));
    for (int d = 0; d < DAYS; d++) {
        for (unsigned n = 3 + pick(10); n > 0; n--) {
            something_happens(&files);
            clock_fake_advance(&slice_clock, 1000);
        }
        days[d] = today_text();
        recorded[d] = look(NULL);
        recount(outcome_totals_of(OFFICE1, NULL, NULL));
        clock_fake_advance(&slice_clock, (int64_t)(1 + pick(3)) * 86400000);
    }
    long versions = slice_count("SELECT count(*) FROM rectify.outcome_version");
    long confirmed =
        slice_count("SELECT count(*) FROM rectify.outcome_version WHERE state = 'CONFIRMED'");
    print_message("%ld versions, %ld of them confirmed\n", versions, confirmed);
    assert_true(versions > DAYS && confirmed > 2);
    for (int d = 0; d < DAYS; d++) {
        struct seen again = look(days[d]);
        if (again.size != recorded[d].size ||
            memcmp(again.bytes, recorded[d].bytes, again.size) != 0) {
            fail_msg("the sums of %s are not what was seen", days[d]);
        }
        const Pb__GetOutcomeTotalsReply *r = outcome_totals_of(OFFICE1, NULL, days[d]);
        for (size_t i = 0; i < r->n_totals; i += 3) {
            assert_int_equal(outcome_list_length(OFFICE1, r->totals[i], "CONFIRMED", days[d]),
                             r->totals[i]->confirmed);
            assert_int_equal(outcome_list_length(OFFICE1, r->totals[i], "CLAIMED", days[d]),
                             r->totals[i]->outcomes - r->totals[i]->confirmed);
        }
    }
}

static int seeds_done;

static int
set_up(void **state)
{
    random_state = 20261130 + (uint64_t)seeds_done++;
    print_message("seed %llu\n", (unsigned long long)random_state);
    return slice_set_up(state);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_outcome_lives),
        TEST(numbers_have_no_gaps),
        TEST(bad_words_are_refused),
        TEST(nobody_confirms_his_own),
        TEST(the_database_refuses_a_unit),
        TEST(another_units_outcome_is_not_found),
        TEST(the_problems_lead_unit_stands_above),
        TEST(the_same_key_and_a_stale_version),
        TEST(allowed_commands_say_why),
        TEST(claimed_and_confirmed_are_counted_apart),
        TEST(the_past_is_what_was_seen),
        TEST(the_past_is_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
