/* A run of the simulation: a million commands against the pure decisions, invariants after each;
 * the same seed gives the same trace. SIM_SEED and SIM_STEPS replay (tests/README.md). */
#include "tests/support/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 20251201, SHORT_STEPS = 20000 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) /* ten times slower: cut short   \
                                                                   */
enum { STEPS = 50000 };
#else
enum { STEPS = 1000000 };
#endif

static void
report(const struct sim_run *run)
{
    print_message("seed %llu: %llu steps, %llu histories, %llu problems closed, %llu sustained,"
                  " trace %016llx\n",
                  (unsigned long long)run->seed, (unsigned long long)run->steps,
                  (unsigned long long)run->histories, (unsigned long long)run->closed,
                  (unsigned long long)run->sustained, (unsigned long long)run->trace);
    for (int i = 0; i < SIM_VERBS; i++) {
        print_message("  %-16s %8llu accepted %8llu refused\n", sim_verb_name((enum sim_verb)i),
                      (unsigned long long)run->accepted[i], (unsigned long long)run->refused[i]);
    }
}

static void
run_steps(uint64_t seed, uint64_t steps, struct sim_run *ret)
{
    sim_run(seed, steps, ret);
    if (ret->failed_step >= 0) {
        fail_msg("SIM_SEED=%llu SIM_STEPS=%lld: %s", (unsigned long long)seed,
                 (long long)ret->failed_step + 1, ret->failure);
    }
}

static void
a_long_run_holds(void **state)
{
    (void)state;
    struct sim_run run;
    const uint64_t steps = sim_env("SIM_STEPS", STEPS);
    run_steps(sim_env("SIM_SEED", SEED), steps, &run);
    report(&run);
    assert_int_equal(run.steps, steps);
    assert_true(steps < STEPS || (run.closed > 0 && run.sustained > 0));
    for (int i = 0; i < SIM_VERBS && steps >= SHORT_STEPS; i++) {
        if (run.accepted[i] == 0 || (run.refused[i] == 0 && i != SIM_TICK)) {
            fail_msg("%s was never %s", sim_verb_name((enum sim_verb)i),
                     run.accepted[i] == 0 ? "accepted" : "refused");
        }
    }
}

static void
a_seed_is_a_trace(void **state)
{
    (void)state;
    struct sim_run first;
    struct sim_run again;
    struct sim_run other;
    run_steps(SEED, SHORT_STEPS, &first);
    run_steps(SEED, SHORT_STEPS, &again);
    run_steps(SEED + 1, SHORT_STEPS, &other);
    assert_true(first.trace == again.trace);
    assert_memory_equal(first.accepted, again.accepted, sizeof first.accepted);
    assert_true(first.trace != other.trace);
}

/* ---- the controls: a broken rule is noticed ---- */

static struct sim_world world;
static struct sim_before before;
static const struct sim_command sign = {.verb = SIM_SIGN_FOR};
static struct sim_verdict signed_for = {.state = STATE_IN_PROGRESS, .version = 2};

/* The world after a signing that holds. */
static struct measure_record *
fresh(void)
{
    sim_world_init(&world);
    sim_before_take(&world, &sign, &before);
    signed_for.status = STATUS_OK;
    world.measures[0].state = STATE_IN_PROGRESS;
    world.measures[0].version++;
    return &world.measures[0];
}

static void
check(const char *expected)
{
    const struct fault fault = {.code = STATUS_ABORTED, .message = "版本。"};
    sim_check(&world, &before, &sign, &fault, &signed_for);
    if (expected == NULL ? world.failure[0] != '\0' : strstr(world.failure, expected) == NULL) {
        fail_msg("expected %s, found %s", expected == NULL ? "nothing" : expected, world.failure);
    }
}

static void
a_broken_rule_is_noticed(void **state)
{
    (void)state;
    (void)fresh();
    check(NULL);
    fresh()->version++;
    check("version");
    fresh()->round = 3;
    check("round");
    fresh()->percent = 101;
    check("101%");
    fresh()->state = STATE_DONE;
    check("COMPLETE is not reached");
    fresh()->milestones[MILESTONE_COMPLETE].original_due++;
    check("original_due moved");
    fresh()->milestones[MILESTONE_COMPLETE].current_due++;
    check("without a version");
    (void)fresh();
    world.problems[0].state = STATE_SUSTAINED;
    world.problems[0].version++;
    check("P-01 is SUSTAINED, and P-01-M-01 is IN_PROGRESS");
    *fresh() = before.measures[0];
    signed_for.status = STATUS_ABORTED;
    check("refused without a reason or a sentence");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_rule_is_noticed),
        cmocka_unit_test(a_seed_is_a_trace),
        cmocka_unit_test(a_long_run_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
