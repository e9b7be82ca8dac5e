/* Two people at once: exactly one wins, the other is told the version that stands. Each pair runs
 * in both orders one after the other, and then from two threads. */
#include "tests/service/closing.h"
#include "tests/service/racer.h"

enum { AT_ONCE_ROUNDS = 3 };

/* One won; the loser was told the version of `thing`. Returns who won. */
static int
check_pair(struct racer *pair, const char *thing)
{
    int winner = pair[0].reply->status->code == STATUS_OK ? 0 : 1;
    const Pb__Status *lost = pair[1 - winner].reply->status;
    const Pb__Status *won = pair[winner].reply->status;
    if (won->code != STATUS_OK || lost->code != STATUS_ABORTED) {
        fail_msg("%d %s %s · %d %s %s", won->code, won->reason, won->message, lost->code,
                 lost->reason, lost->message);
    }
    assert_string_equal(lost->reason, "STALE_VERSION");
    assert_true(lost->has_current_version);
    assert_int_equal(lost->current_version, slice_count(thing));
    return winner;
}

typedef void make_fn(struct racer *pair);

static const char no_closed_with_open[] =
    "SELECT count(*) FROM rectify.problem p JOIN rectify.measure m ON m.problem = p.id"
    " WHERE p.state IN ('CLOSED', 'SUSTAINED')"
    "   AND m.state NOT IN ('DONE', 'SUSTAINING', 'SUPERSEDED', 'CANCELLED')";

/* order: 0 and 1 one after the other, beginning with that one; 2 and more from two threads. */
static int
run_pair(make_fn *make, int order, const char *thing)
{
    struct racer pair[2];
    make(pair);
    racers_run(pair, order);
    int winner = check_pair(pair, thing);
    assert_int_equal(slice_count(no_closed_with_open), 0);
    racers_release(pair);
    return winner;
}

/* Every order, each in a fresh district. */
static void
run_orders(void **state, make_fn *make, const char *thing)
{
    for (int order = 0; order < 2 + AT_ONCE_ROUNDS; order++) {
        if (order > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(closing_set_up(state), 0);
        }
        int winner = run_pair(make, order, thing);
        assert_true(order >= 2 || winner == order);
    }
}

/* ---- two confirmers ---- */

static void
two_confirm(struct racer *pair)
{
    static const int accounts[] = {OFFICE1, OFFICE2};
    Pb__DecideClaimRequest request = PB__DECIDE_CLAIM_REQUEST__INIT;
    closing_measure_to(61, "COMPLETE_CLAIMED");
    request.ref = slice_text("P-01-M-01");
    for (int i = 0; i < 2; i++) {
        racer_make(&pair[i], accounts[i], "MeasureService/ConfirmClaim", &request.base, 3);
    }
}

static void
one_of_two_confirmers_wins(void **state)
{
    run_orders(state, two_confirm, "SELECT version FROM rectify.measure WHERE ref = 'P-01-M-01'");
}

/* ---- the last opinion against the reopening of a measure ---- */

static void
verdict_and_reopening(struct racer *pair, int unmet)
{
    closing_problem_to("JOINT_REVIEW", false);
    closing_open();
    slice_expect(closing_judge(ORGD1, 0), STATUS_OK, NULL);
    slice_expect(closing_judge(OFFICE1, 0), STATUS_OK, NULL);
    const Pb__SittingRow *row = closing_sitting(DISC1, "XH-01")->rows[0];
    Pb__ReopenRequest reopen = closing_reopen_request("P-01-M-01");
    reopen.has_problem_version = 1;
    reopen.problem_version = row->problem->version;
    racer_make(&pair[0], DISC1, "SittingService/DecideSitting",
               &closing_opinion("XH-01", "P-01", row->record, unmet)->base, 0);
    racer_make(&pair[1], OFFICE1, "MeasureService/Reopen", &reopen.base, 0);
}

static void
close_and_reopen(struct racer *pair)
{
    verdict_and_reopening(pair, 0);
}

static void
refuse_and_reopen(struct racer *pair)
{
    verdict_and_reopening(pair, 4);
}

static const char problem_version[] = "SELECT version FROM rectify.problem WHERE ref = 'P-01'";

static void
closing_and_reopening_meet_once(void **state)
{
    run_orders(state, close_and_reopen, problem_version);
}

static void
refusal_and_reopening_meet_once(void **state)
{
    run_orders(state, refuse_and_reopen, problem_version);
}

/* ---- two reopenings of a closed problem, through different measures ---- */

static void
two_reopen(struct racer *pair)
{
    static const char *const refs[] = {"P-01-M-01", "P-01-M-03"};
    closing_problem_to("CLOSED", false);
    for (int i = 0; i < 2; i++) {
        Pb__ReopenRequest reopen = closing_reopen_request(refs[i]);
        reopen.has_problem_version = 1;
        reopen.problem_version = 5;
        racer_make(&pair[i], i == 0 ? DISC1 : ORGD1, "MeasureService/Reopen", &reopen.base, 0);
    }
}

static void
a_closed_problem_is_reopened_once(void **state)
{
    run_orders(state, two_reopen, problem_version);
}

/* ---- two bodies: both opinions count, and the last closes ---- */

static void
two_bodies_do_not_lose_an_opinion(void **state)
{
    for (int order = 0; order < AT_ONCE_ROUNDS; order++) {
        if (order > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(closing_set_up(state), 0);
        }
        struct racer pair[2];
        closing_problem_to("JOINT_REVIEW", false);
        closing_open();
        slice_expect(closing_judge(OFFICE1, 0), STATUS_OK, NULL);
        const char *record = closing_sitting(DISC1, "XH-01")->rows[0]->record;
        const ProtobufCMessage *agree = &closing_opinion("XH-01", "P-01", record, 0)->base;
        racer_make(&pair[0], DISC1, "SittingService/DecideSitting", agree, 0);
        racer_make(&pair[1], ORGD1, "SittingService/DecideSitting", agree, 0);
        racers_run(pair, 2);
        for (int i = 0; i < 2; i++) {
            slice_expect(pair[i].reply, STATUS_OK, NULL);
            arena_release(&pair[i].arena);
        }
        assert_string_equal(closing_problem(OFFICE1, "P-01")->problem->state, "CLOSED");
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.sitting_opinion"), 3);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, closing_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_of_two_confirmers_wins),        TEST(closing_and_reopening_meet_once),
        TEST(refusal_and_reopening_meet_once),   TEST(a_closed_problem_is_reopened_once),
        TEST(two_bodies_do_not_lose_an_opinion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
