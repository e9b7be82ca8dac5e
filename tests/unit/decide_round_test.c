/* What a round's final verdict makes of a measure, without a database. */
#include "server/service/matter.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 4 << 20, TODAY = 20000 };

static struct arena arena;
static struct calendar calendar;
static struct measure_record pool_items[2];
static struct matter_sample sample_items[2];
static struct matter_record matter;
static Pb__MatterInput input;
static Pb__MatterSample lines[1];
static Pb__MatterSample *line_list[] = {&lines[0]};
static struct matter_dates line_dates[1];

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    calendar_init_builtin(&calendar);
    return sodium_init() < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A round of 纪委监委 that has been fed back: unit01's two measures, one of them 立行立改. */
static void
prepare(const char *measure_state, int verdict)
{
    static const char *const ids[] = {"m1", "m2"};
    static const char *const refs[] = {"P-01-M-01", "P-01-M-02"};
    for (int i = 0; i < 2; i++) {
        pool_items[i] = (struct measure_record){
            .id = ids[i],
            .ref = refs[i],
            .problem_id = "p1",
            .class_ = i == 0 ? CLASS_TIMED : CLASS_IMMEDIATE,
            .lead = {"o-unit", "unit01"},
            .plead = {"o-unit", "unit01"},
            .state = measure_state,
            .round = 1,
            .percent = 100,
            .version = 7,
        };
        for (int k = 0; k < MILESTONE_COUNT; k++) {
            pool_items[i].milestones[k] =
                (struct milestone_record){.exists = k == MILESTONE_COMPLETE || i == 0,
                                          .original_due = TODAY - 20,
                                          .current_due = TODAY - 10,
                                          .due_version = 2,
                                          .claimed_day = TODAY - 12,
                                          .reached_day = TODAY - 12,
                                          .version = 4};
        }
        sample_items[i] = (struct matter_sample){.matter_id = "x1",
                                                 .measure_id = ids[i],
                                                 .measure_ref = refs[i],
                                                 .org = {"o-unit", "unit01"},
                                                 .claimed_state = measure_state,
                                                 .claimed_percent = 100,
                                                 .claimed_round = 1,
                                                 .verdict = verdict,
                                                 .found = "样例：没有看到",
                                                 .version = 3};
    }
    matter = (struct matter_record){.id = "x1",
                                    .kind = "round",
                                    .ref = "DC-0001",
                                    .holder = {"o-disc", "disc"},
                                    .issuer = {"o-disc", "disc"},
                                    .state = "FED_BACK",
                                    .due = NO_DATE,
                                    .version = 5};
    pb__matter_input__init(&input);
    pb__matter_sample__init(&lines[0]);
    line_dates[0] = (struct matter_dates){NO_DATE, NO_DATE};
}

static struct matter_outcome out;
static const char *seats; /* of the actor; NULL: none beside his org */
static uint64_t roles = ROLE_DISC;

/* Reason of the refusal; "" when it went through. */
static const char *
finalize(int32_t effect_due, int32_t due)
{
    static struct fault fault;
    struct measure_list pool = {pool_items, 2, 2};
    struct matter_sample_list samples = {sample_items, 2, 2};
    struct matter_case c = {
        .kind = WORKFLOW_ROUND,
        .matter = &matter,
        .samples = &samples,
        .pool = &pool,
        .calendar = &calendar,
        .concentrated_end = NO_DATE,
        .actor = {.account_id = "a", .org_id = "o-disc", .orgs = seats, .roles = roles},
        .today = TODAY,
        .now_ms = 1,
    };
    struct matter_order order = {.command = "finalize",
                                 .input = &input,
                                 .due = due,
                                 .new_due = NO_DATE,
                                 .scheduled_day = NO_DATE,
                                 .effect_due = effect_due,
                                 .dates = line_dates};
    fault = (struct fault){0};
    out = (struct matter_outcome){0};
    enum status s = matter_step(&c, &order, &arena, &out, &fault);
    return s == STATUS_OK ? "" : fault.reason;
}

/* Every state against every verdict: only FALSE of DONE and SUSTAINING opens. */
static void
which_verdict_opens_which_state(void **state)
{
    static const char *const states[] = {
        STATE_ASSIGNED,       STATE_IN_PROGRESS,      STATE_EFFECT_CLAIMED,
        STATE_EFFECT_REACHED, STATE_COMPLETE_CLAIMED, STATE_DONE,
        STATE_SUSTAINING,     STATE_SUPERSEDED,       STATE_CANCELLED};
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        for (int verdict = VERDICT_TRUE; verdict <= VERDICT_NOT_SEEN; verdict++) {
            bool finished =
                strcmp(states[i], STATE_DONE) == 0 || strcmp(states[i], STATE_SUSTAINING) == 0;
            bool opens = finished && verdict == VERDICT_FALSE;
            prepare(states[i], verdict);
            assert_string_equal(finalize(TODAY + 30, TODAY + 60), "");
            assert_int_equal(out.reopened_count, opens ? 2 : 0);
            for (int k = 0; k < 2; k++) {
                assert_int_equal(out.samples[k].final_round, opens ? 2 : 1);
            }
        }
    }
}

static void
what_opens_begins_anew(void **state)
{
    (void)state;
    prepare(STATE_DONE, VERDICT_FALSE);
    assert_string_equal(finalize(TODAY + 30, TODAY + 60), "");
    assert_string_equal(out.next.state, "FINAL");
    for (int i = 0; i < 2; i++) {
        const struct measure_record *m = &out.reopened[i].outcome.next;
        const struct milestone_record *complete = &m->milestones[MILESTONE_COMPLETE];
        assert_ptr_equal(out.reopened[i].before, &pool_items[i]);
        assert_string_equal(m->state, STATE_IN_PROGRESS);
        assert_int_equal(m->round, 2);
        assert_int_equal(m->version, 8);
        assert_int_equal(m->percent, -1);
        assert_int_equal(complete->current_due, TODAY + 60);
        assert_int_equal(complete->original_due, TODAY - 20);
        assert_int_equal(complete->reached_day, NO_DATE);
        assert_int_equal(complete->claimed_day, NO_DATE);
        assert_non_null(strstr(out.reopened[i].reason, "SPOT_CHECK"));
        assert_non_null(strstr(out.reopened[i].reason, "没有看到"));
    }
    assert_int_equal(out.reopened[0].outcome.next.milestones[MILESTONE_EFFECT].current_due,
                     TODAY + 30);
    assert_false(out.reopened[1].outcome.milestone_changed[MILESTONE_EFFECT]);
}

static void
new_dates_are_asked_for_once_and_for_each(void **state)
{
    (void)state;
    prepare(STATE_DONE, VERDICT_FALSE);
    assert_string_equal(finalize(NO_DATE, NO_DATE), "NEW_DATES_MISSING");
    assert_string_equal(finalize(NO_DATE, TODAY + 60), "NEW_DATES_MISSING");
    assert_string_equal(finalize(TODAY + 30, NO_DATE), "NEW_DATES_MISSING");
    assert_string_equal(finalize(TODAY + 30, TODAY), "NEW_DATE_NOT_LATER");
    assert_string_equal(finalize(TODAY + 30, TODAY - 1), "DAY_IN_PAST");
    assert_string_equal(finalize(TODAY + 61, TODAY + 60), "DATES_ORDER");
    /* A line of its own goes before the common dates. */
    lines[0].measure_ref = (char *)(uintptr_t) "P-01-M-01";
    line_dates[0] = (struct matter_dates){TODAY + 5, TODAY + 6};
    input.verdicts = line_list;
    input.n_verdicts = 1;
    assert_string_equal(finalize(NO_DATE, TODAY + 60), "");
    const struct milestone_record *own = out.reopened[0].outcome.next.milestones;
    assert_int_equal(own[MILESTONE_EFFECT].current_due, TODAY + 5);
    assert_int_equal(own[MILESTONE_COMPLETE].current_due, TODAY + 6);
    assert_int_equal(out.reopened[1].outcome.next.milestones[MILESTONE_COMPLETE].current_due,
                     TODAY + 60);
    /* The measure of the line alone is not enough for the other. */
    assert_string_equal(finalize(NO_DATE, NO_DATE), "NEW_DATES_MISSING");
    lines[0].found = (char *)(uintptr_t) "样例";
    assert_string_equal(finalize(NO_DATE, TODAY + 60), "FIELD_UNUSED");
}

static void
another_round_is_left_alone(void **state)
{
    (void)state;
    prepare(STATE_DONE, VERDICT_FALSE);
    pool_items[0].round = 2;
    pool_items[1].round = 3;
    assert_string_equal(finalize(NO_DATE, NO_DATE), "");
    assert_int_equal(out.reopened_count, 0);
    assert_int_equal(out.samples[0].final_round, 2);
    assert_int_equal(out.samples[1].final_round, 3);
    sample_items[1].removed = true; /* not of the sample any more */
    pool_items[0].round = pool_items[1].round = 1;
    assert_string_equal(finalize(TODAY + 30, TODAY + 60), "");
    assert_int_equal(out.reopened_count, 1);
}

static void
who_may_finalize(void **state)
{
    static const struct {
        const char *seats;
        uint64_t roles;
        int verdict;
        const char *reason;
    } cases[] = {
        {NULL, ROLE_DISC, VERDICT_FALSE, ""},
        {NULL, ROLE_ORGD, VERDICT_FALSE, ""},
        {NULL, ROLE_OFFICE, VERDICT_FALSE, ""},
        {NULL, ROLE_SGROUP, VERDICT_FALSE, ""}, /* which otherwise reopens nothing */
        {NULL, ROLE_LGROUP, VERDICT_FALSE, "ROLE_FORBIDS"},
        {"{o-disc,o-unit}", ROLE_DISC, VERDICT_FALSE, "OWN_WORK"},
        {"{o-disc,o-unit}", ROLE_DISC, VERDICT_TRUE, "OWN_WORK"}, /* praise least of all */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        prepare(STATE_DONE, cases[i].verdict);
        seats = cases[i].seats;
        roles = cases[i].roles;
        assert_string_equal(finalize(TODAY + 30, TODAY + 60), cases[i].reason);
    }
    seats = NULL;
    roles = ROLE_DISC;
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(which_verdict_opens_which_state),
        TEST(what_opens_begins_anew),
        TEST(new_dates_are_asked_for_once_and_for_each),
        TEST(another_round_is_left_alone),
        TEST(who_may_finalize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
