/* Decisions on outcomes, without a database: what may be said, who may say it, who judges. */
#include "server/service/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 1 << 20, TODAY = 20767 };

static struct arena arena;
static Pb__OutcomeInput input;

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Led by unit01, under a problem of unit02. */
static struct measure_record
measure(const char *state)
{
    return (struct measure_record){
        .id = "m1",
        .ref = "P-01-M-01",
        .inspection = "INS1",
        .problem_ref = "P-01",
        .lead = {"o-unit1", "unit01"},
        .plead = {"o-unit2", "unit02"},
        .sgroup = {"o-sg", "sg1"},
        .participants = "o-unit3=unit03",
        .state = state,
        .round = 1,
    };
}

static struct outcome_case
case_of(const struct measure_record *m, const struct outcome_record *o, const char *org,
        uint64_t roles)
{
    return (struct outcome_case){
        .outcome = o,
        .measure = m,
        .actor = {.account_id = "a1", .org_id = org, .roles = roles},
        .today = TODAY,
        .now_ms = 5,
    };
}

/* A good request of unit01; the tests spoil it. */
static struct outcome_order
order(const char *command)
{
    bool words = strcmp(command, COMMAND_REGISTER) == 0 || strcmp(command, COMMAND_CORRECT) == 0;
    pb__outcome_input__init(&input);
    input.has_kind = input.has_amount = 1;
    input.kind = PB__OUTCOME_KIND__PEOPLE_HANDLED;
    input.amount = 3;
    input.title = (char *)(uintptr_t) "样例";
    return (struct outcome_order){.command = command,
                                  .input = words ? &input : NULL,
                                  .happened_day = TODAY,
                                  .id = "x1",
                                  .ref = "CG-0001",
                                  .org = {"o-unit1", "unit01"}};
}

static struct outcome_record
stored(const char *state)
{
    return (struct outcome_record){
        .id = "x1",
        .ref = "CG-0001",
        .measure_id = "m1",
        .kind = PB__OUTCOME_KIND__PEOPLE_HANDLED,
        .amount = 3,
        .word = "人次",
        .title = "样例",
        .happened_day = TODAY,
        .state = state,
        .org = {"o-unit1", "unit01"},
        .recorded_by = "a9",
        .evidence_count = 1,
        .confirmed_day = strcmp(state, STATE_CONFIRMED) == 0 ? TODAY : NO_DATE,
        .version = 4,
    };
}

/* The reason of a refusal; "" when it went through. */
static const char *
step(const struct outcome_case *c, const struct outcome_order *o, struct outcome_record *ret)
{
    static struct fault fault;
    struct outcome_record unused;
    fault = (struct fault){0};
    return outcome_step(c, o, ret == NULL ? &unused : ret, &fault) == STATUS_OK ? "" : fault.reason;
}

static void
test_amounts_are_bounded_by_kind(void **state)
{
    (void)state;
    struct measure_record m = measure(STATE_IN_PROGRESS);
    struct outcome_case c = case_of(&m, NULL, "o-unit1", ROLE_MLEAD);
    for (int kind = 1; kind < 9; kind++) {
        struct outcome_order o = order(COMMAND_REGISTER);
        const struct outcome_kind *k = outcome_kind_find((Pb__OutcomeKind)kind);
        assert_non_null(k);
        input.kind = (Pb__OutcomeKind)kind;
        input.word = k->word == NULL ? (char *)(uintptr_t) "台" : NULL;
        input.amount = 1;
        assert_string_equal(step(&c, &o, NULL), "");
        input.amount = k->max;
        assert_string_equal(step(&c, &o, NULL), "");
        input.amount = k->max + 1;
        assert_string_equal(step(&c, &o, NULL), "AMOUNT_RANGE");
        input.amount = 0;
        assert_string_equal(step(&c, &o, NULL), "AMOUNT_RANGE");
        input.amount = INT64_MIN;
        assert_string_equal(step(&c, &o, NULL), "AMOUNT_RANGE");
    }
    assert_null(outcome_kind_find((Pb__OutcomeKind)0));
    assert_null(outcome_kind_find((Pb__OutcomeKind)9));
}

static void
test_what_must_be_said(void **state)
{
    (void)state;
    struct measure_record m = measure(STATE_IN_PROGRESS);
    struct outcome_case c = case_of(&m, NULL, "o-unit1", ROLE_MLEAD);
    struct outcome_record made;
    struct outcome_order o = order(COMMAND_REGISTER);
    assert_string_equal(step(&c, &o, &made), "");
    assert_string_equal(made.state, STATE_RECORDED);
    assert_string_equal(made.word, "人次");
    assert_string_equal(made.recorded_by, "a1");
    assert_int_equal(made.version, 1);
    assert_int_equal(made.confirmed_day, NO_DATE);
    input.title = NULL;
    assert_string_equal(step(&c, &o, NULL), "TEXT_MISSING");
    o = order(COMMAND_REGISTER);
    o.happened_day = NO_DATE;
    assert_string_equal(step(&c, &o, &made), "");
    assert_int_equal(made.happened_day, TODAY);
    o.happened_day = TODAY + 1;
    assert_string_equal(step(&c, &o, NULL), "DAY_IN_FUTURE");
    o = order(COMMAND_REGISTER);
    input.has_kind = 0;
    assert_string_equal(step(&c, &o, NULL), "OUTCOME_KIND");
    static const char *const gone[] = {STATE_DRAFT, STATE_SUPERSEDED, STATE_CANCELLED};
    for (int i = 0; i < 3; i++) {
        m = measure(gone[i]);
        o = order(COMMAND_REGISTER);
        assert_string_equal(step(&c, &o, NULL), "MEASURE_NOT_LIVE");
    }
    m = measure(STATE_DONE); /* what came of it may be said later, too */
    assert_string_equal(step(&c, &o, NULL), "");
}

static void
test_who_says_it(void **state)
{
    (void)state;
    struct measure_record m = measure(STATE_IN_PROGRESS);
    struct outcome_order o = order(COMMAND_REGISTER);
    const struct {
        const char *org;
        uint64_t roles;
        const char *reason;
    } cases[] = {
        {"o-unit1", ROLE_MLEAD, ""},
        {"o-unit2", ROLE_PLEAD, ""},
        {"o-unit3", ROLE_PART, "ROLE_FORBIDS"},
        {"o-unit4", ROLE_PLEAD, "ROLE_FORBIDS"},
        {"o-office", ROLE_OFFICE, "ROLE_FORBIDS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome_case c = case_of(&m, NULL, cases[i].org, cases[i].roles);
        assert_string_equal(step(&c, &o, NULL), cases[i].reason);
    }
}

static void
test_a_correction_says_something_new(void **state)
{
    (void)state;
    struct measure_record m = measure(STATE_IN_PROGRESS);
    struct outcome_record before = stored(STATE_CONFIRMED);
    struct outcome_case c = case_of(&m, &before, "o-unit1", ROLE_MLEAD);
    struct outcome_record made;
    struct outcome_order o = order(COMMAND_CORRECT);
    assert_string_equal(step(&c, &o, NULL), "REASON_MISSING");
    o.reason = "样例";
    assert_string_equal(step(&c, &o, NULL), "NOTHING_CHANGED");
    o.files = 1;
    assert_string_equal(step(&c, &o, &made), "");
    assert_int_equal(made.evidence_count, 2);
    o.files = 0;
    input.has_amount = 0; /* what is left out stays */
    input.kind = PB__OUTCOME_KIND__RULE_MADE;
    assert_string_equal(step(&c, &o, &made), "");
    assert_int_equal(made.amount, 3);
    assert_string_equal(made.word, "项"); /* the word is the kind's */
    assert_string_equal(made.state, STATE_RECORDED);
    assert_int_equal(made.confirmed_day, NO_DATE);
    assert_int_equal(made.version, 5);
    /* The problem's lead unit stands above the measure's, not the other way. */
    before.org = (struct org_name){"o-unit2", "unit02"};
    assert_string_equal(step(&c, &o, NULL), "OTHER_UNIT");
    c = case_of(&m, &before, "o-unit2", ROLE_PLEAD);
    assert_string_equal(step(&c, &o, NULL), "");
}

static void
test_who_judges(void **state)
{
    (void)state;
    struct measure_record m = measure(STATE_IN_PROGRESS);
    struct outcome_record before = stored(STATE_RECORDED);
    struct outcome_record made;
    struct outcome_order o = order(COMMAND_VERIFY);
    struct outcome_case c = case_of(&m, &before, "o-office", ROLE_OFFICE);
    assert_string_equal(step(&c, &o, &made), "");
    assert_int_equal(made.confirmed_day, TODAY);
    before.evidence_count = 0;
    assert_string_equal(step(&c, &o, NULL), "PROOF_MISSING");
    before.evidence_count = 1;
    before.recorded_by = "a1";
    assert_string_equal(step(&c, &o, NULL), "SAME_PERSON");
    before.recorded_by = "a2";
    c.actor.substitute_for_id = "a2";
    assert_string_equal(step(&c, &o, NULL), "SAME_PERSON");
    c.actor.substitute_for_id = NULL;
    c.actor.orgs = "{o-unit1}"; /* he also sits in the unit */
    assert_string_equal(step(&c, &o, NULL), "OWN_WORK");
    c.actor.orgs = "{o-unit9}"; /* … or in the one that recorded it, before the measure was moved */
    before.org = (struct org_name){"o-unit9", "unit09"};
    assert_string_equal(step(&c, &o, NULL), "OWN_WORK");
    before.org = (struct org_name){"o-unit1", "unit01"};
    c.actor.orgs = NULL;
    o = order(COMMAND_RETURN);
    assert_string_equal(step(&c, &o, NULL), "REASON_MISSING");
    o.reason = "样例";
    assert_string_equal(step(&c, &o, &made), "");
    assert_string_equal(made.reason, "样例");
    m.office_leads = true;
    assert_string_equal(step(&c, &o, NULL), "ROLE_FORBIDS");
    c = case_of(&m, &before, "o-sg", ROLE_SGROUP);
    assert_string_equal(step(&c, &o, NULL), "");
}

/* AllowedCommands promises what outcome_step does. */
static void
test_options_keep_their_word(void **state)
{
    (void)state;
    static const char *const states[] = {STATE_RECORDED, STATE_CONFIRMED, STATE_RETURNED,
                                         STATE_WITHDRAWN};
    static const struct {
        const char *org;
        uint64_t roles;
    } people[] = {{"o-unit1", ROLE_MLEAD},   {"o-unit2", ROLE_PLEAD}, {"o-unit3", ROLE_PART},
                  {"o-office", ROLE_OFFICE}, {"o-sg", ROLE_SGROUP},   {"o-lg", ROLE_LGROUP}};
    static const char *const measures[] = {STATE_IN_PROGRESS, STATE_CANCELLED};
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    int allowed = 0;
    for (int s = 0; s < 4 * 6 * 2 * 2; s++) {
        struct measure_record m = measure(measures[s % 2]);
        struct outcome_record before = stored(states[s / 2 % 4]);
        struct outcome_case c =
            case_of(&m, &before, people[s / 8 % 6].org, people[s / 8 % 6].roles);
        m.office_leads = s >= 48;
        size_t n = outcome_options(&c, options);
        for (size_t i = 0; i < n; i++) {
            struct outcome_order o = order(options[i].command);
            o.reason = "样例";
            input.amount = 4;
            const char *reason = step(&c, &o, NULL);
            assert_int_equal(reason[0] == '\0', options[i].allowed);
            if (!options[i].allowed) {
                assert_string_equal(reason, options[i].reason);
            }
            allowed += options[i].allowed;
        }
    }
    assert_true(allowed > 10);
}

static void
test_amounts_are_written_out(void **state)
{
    (void)state;
    const struct {
        Pb__OutcomeKind kind;
        int64_t amount;
        const char *word;
        const char *text;
    } cases[] = {
        {PB__OUTCOME_KIND__FUNDS_RECOVERED, 5, "元", "0.05 元"},
        {PB__OUTCOME_KIND__FUNDS_RECOVERED, 100000, "元", "1,000.00 元"},
        {PB__OUTCOME_KIND__FUNDS_RECOVERED, INT64_C(100000000000000), "元",
         "1,000,000,000,000.00 元"},
        {PB__OUTCOME_KIND__RULE_MADE, 999, "项", "999 项"},
        {PB__OUTCOME_KIND__PEOPLE_TALKED, 1234567, "人次", "1,234,567 人次"},
        {PB__OUTCOME_KIND__OTHER_OUTCOME, 0, "台", "0 台"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(
            outcome_amount_text(cases[i].kind, cases[i].amount, cases[i].word, &arena),
            cases[i].text);
    }
    assert_string_equal(outcome_ref(&arena, 7), "CG-0007");
    assert_string_equal(outcome_ref(&arena, 12345), "CG-12345");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts_are_bounded_by_kind),
        cmocka_unit_test(test_what_must_be_said),
        cmocka_unit_test(test_who_says_it),
        cmocka_unit_test(test_a_correction_says_something_new),
        cmocka_unit_test(test_who_judges),
        cmocka_unit_test(test_options_keep_their_word),
        cmocka_unit_test(test_amounts_are_written_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
