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

enum { SEED = 20251201, DAYS_MAX = 1000, VIEWS_A_DAY = 2, PAGE = 500 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEPS = 150 };
#else
enum { STEPS = 600 };
#endif

static struct sim_world world;

/* Each day as it was seen in its evening, through two of the views in turn. */
static struct {
    char day[DAY_TEXT_SIZE];
    struct seen seen[VIEWS_A_DAY];
} days[DAYS_MAX];
static size_t day_count;

static int
view_of(size_t day, int k)
{
    return (int)((day + (size_t)k * (VIEWS / VIEWS_A_DAY)) % VIEWS);
}

static void
remember_day(void)
{
    assert_true(day_count < DAYS_MAX);
    day_print(world.today, days[day_count].day);
    for (int k = 0; k < VIEWS_A_DAY; k++) {
        days[day_count].seen[k] = look(view_of(day_count, k), NULL);
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
    if (c.verb == SIM_TICK && run->steps > 0) {
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

/* ---- what must hold of any history's database ---- */

/* Days that do not show what was seen on them. */
static size_t
days_differ(void)
{
    size_t differ = 0;
    for (size_t d = 0; d < day_count; d++) {
        for (int k = 0; k < VIEWS_A_DAY; k++) {
            struct seen again = look(view_of(d, k), days[d].day);
            differ += !same(&days[d].seen[k], &again);
        }
    }
    return differ;
}

static int
totals_are_a_recount(void)
{
    int differ = totals_differ(NULL) + (int)recount_differs();
    for (size_t d = 0; d < day_count; d++) {
        differ += totals_differ(days[d].day);
    }
    return differ;
}

static long
closed_with_open_measures(void)
{
    return slice_count("SELECT count(*) FROM rectify.problem p JOIN rectify.measure m ON m.problem"
                       " = p.id WHERE p.state IN ('CLOSED', 'SUSTAINED') AND (m.state NOT IN"
                       " ('DONE', 'SUSTAINING', 'CANCELLED', 'SUPERSEDED') OR (p.state = 'CLOSED'"
                       " AND m.state = 'SUSTAINING'))");
}

/* Versions that commands wrote, and changes of events, without exactly one of the other. */
static long
changes_without_their_event(void)
{
    return slice_count(
        "WITH v (kind, id, version, event_id) AS ("
        " SELECT 'measure', id, version, event_id FROM rectify.measure_version UNION ALL"
        " SELECT 'problem', id, version, event_id FROM rectify.problem_version UNION ALL"
        " SELECT 'table', id, version, event_id FROM rectify.periodic_table_version UNION ALL"
        " SELECT 'matter', id, version, event_id FROM rectify.matter_version UNION ALL"
        " SELECT 'sitting', id, version, event_id FROM rectify.sitting_version UNION ALL"
        " SELECT 'sitting_row', id, version, event_id FROM rectify.sitting_row_version),"
        " written AS (SELECT v.* FROM v WHERE v.event_id <> '00000000-0000-7000-8000-000000000001'"
        "  AND NOT (v.kind = 'problem' AND v.version = 2)),"
        " told AS (SELECT c.kind, c.thing, c.version, c.event_id, count(*) AS n"
        "  FROM rectify.event_change c JOIN rectify.event e ON e.id = c.event_id"
        "  WHERE c.kind IN (SELECT kind FROM v) GROUP BY 1, 2, 3, 4)"
        " SELECT count(*) FROM written w FULL JOIN told t ON t.kind = w.kind AND t.thing = w.id"
        "  AND t.version = w.version AND t.event_id = w.event_id"
        " WHERE w.id IS NULL OR t.thing IS NULL OR t.n <> 1");
}

/* ---- the log, as a client exports it ---- */

static const Pb__ExportLogReply *
page_of_log(int64_t from, int64_t tree_size, int64_t offset)
{
    Pb__ExportLogRequest r = PB__EXPORT_LOG_REQUEST__INIT;
    r.has_from_seq = r.has_limit = r.has_tree_size = r.has_body_offset = 1;
    r.from_seq = from;
    r.limit = PAGE;
    r.tree_size = tree_size;
    r.body_offset = offset;
    return slice_ok(AUDITOR1, "AuditService/ExportLog", &r.base, &pb__export_log_reply__descriptor);
}

static struct ledger_head
head_of(const Pb__SignedHead *m)
{
    struct ledger_head head = {.size = (uint64_t)m->tree_size, .time_ms = m->time_ms};
    snprintf(head.tenant, sizeof head.tenant, "%s", m->tenant);
    snprintf(head.key_id, sizeof head.key_id, "%s", m->key_id);
    memcpy(head.root.bytes, m->root.data, sizeof head.root.bytes);
    memcpy(head.signature, m->signature.data, sizeof head.signature);
    return head;
}

static void
export_leaf(struct ledger_export_writer *w, const Pb__LogLeaf *in)
{
    struct fault fault = {0};
    struct ledger_leaf leaf = {.seq = (uint64_t)in->seq,
                               .event_id = in->event_id,
                               .body = in->body.data,
                               .body_size = in->body.len};
    assert_false(in->has_body_size); /* no event here is larger than a reply */
    memcpy(leaf.hash.bytes, in->leaf_hash.data, sizeof leaf.hash.bytes);
    assert_int_equal(ledger_export_leaf(w, &leaf, &fault), STATUS_OK);
}

/* Seals, exports, and reads the export offline with nothing but the public key. */
static struct ledger_verify_report
verify_log(enum status expected)
{
    struct ledger_verify_report report;
    struct ledger_export_writer w;
    struct fault fault = {0};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(dispatch_seal(slice_door, &fault), STATUS_OK);
    const Pb__ExportLogReply *reply = page_of_log(1, 0, 0);
    const int64_t size = reply->head->tree_size;
    const struct ledger_head head = head_of(reply->head);
    ledger_export_init(&w, ledger_sink_file(file));
    assert_int_equal(ledger_export_begin(&w, &head, &door_log_key, world.now_ms, &fault),
                     STATUS_OK);
    for (int64_t next = 1;; reply = page_of_log(next, size, 0)) {
        for (size_t i = 0; i < reply->n_leaves; i++, next++) {
            export_leaf(&w, reply->leaves[i]);
        }
        if (!reply->more) {
            break;
        }
    }
    assert_int_equal(ledger_export_end(&w, &fault), STATUS_OK);
    ledger_export_release(&w);
    rewind(file);
    const struct ledger_verify_options options = {.trusted = &door_log_key, .tenant = "t1"};
    enum status s = ledger_export_verify(ledger_reader_file(file), &options, &report);
    fclose(file);
    if (s != expected) {
        fail_msg("%d %s %s", (int)s, report.fault.reason, report.fault.message);
    }
    return report;
}

/* ---- the tests ---- */

static void
everything_holds(void)
{
    for (int fold = 0; fold < 2; fold++) { /* folded or not, the same */
        assert_int_equal(days_differ(), 0);
        assert_int_equal(totals_are_a_recount(), 0);
        slice_job("FoldTotals");
    }
    assert_int_equal(closed_with_open_measures(), 0);
    assert_int_equal(changes_without_their_event(), 0);
    struct ledger_verify_report report = verify_log(STATUS_OK);
    assert_true(report.pinned);
    assert_int_equal(report.leaves, slice_count("SELECT count(*) FROM rectify.event"));
}

static void
a_history_agrees_and_holds(void **state)
{
    (void)state;
    static uint64_t done;
    live(sim_env("SIM_SEED", SEED) + done++, sim_env("SIM_STEPS", STEPS));
    assert_true(day_count > 1);
    everything_holds();
}

/* Each check fails once what it checks was tampered with, behind every wall. */
#define BEHIND_THE_WALLS "SET session_replication_role = replica;"

static void
what_is_tampered_with_is_noticed(void **state)
{
    (void)state;
    live(SEED, STEPS / 3);
    everything_holds();
    assert_null(door_differs(sim_world_print(&world, &slice_arena), door_print()));
    slice_sql("UPDATE rectify.status_now SET in_progress = in_progress + 1 WHERE dim = 0");
    assert_int_not_equal(totals_differ(NULL), 0);
    slice_sql("UPDATE rectify.status_span SET from_day = from_day + 1 WHERE (kind, thing, from_day)"
              " IN (SELECT kind, thing, from_day FROM rectify.status_span WHERE kind = 1"
              " ORDER BY from_day LIMIT 1)");
    assert_int_not_equal(recount_differs(), 0);
    slice_sql("UPDATE rectify.status_total SET in_progress = in_progress + 1 WHERE dim = 0");
    assert_int_not_equal(days_differ(), 0);
    slice_sql(BEHIND_THE_WALLS "DELETE FROM rectify.event_change WHERE (event_id, thing) IN"
                               " (SELECT event_id, thing FROM rectify.event_change WHERE kind ="
                               " 'measure' ORDER BY 1, 2 LIMIT 1)");
    assert_int_equal(changes_without_their_event(), 1);
    slice_sql(BEHIND_THE_WALLS "UPDATE rectify.measure SET state = 'IN_PROGRESS' WHERE ref ="
                               " 'P-02-M-01';"
                               "UPDATE rectify.problem SET state = 'CLOSED' WHERE ref = 'P-02'");
    assert_int_not_equal(closed_with_open_measures(), 0);
    assert_non_null(door_differs(sim_world_print(&world, &slice_arena), door_print()));
    slice_sql(BEHIND_THE_WALLS "UPDATE rectify.event SET body = body || '\\x00' WHERE id ="
                               " (SELECT event_id FROM rectify.log_leaf WHERE seq = 7)");
    struct ledger_verify_report report = verify_log(STATUS_DATA_LOSS);
    assert_string_equal(report.fault.reason, "LEAF_ALTERED");
    assert_int_equal(report.leaf_seq, 7);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_history_agrees_and_holds),
        TEST(a_history_agrees_and_holds),
        TEST(what_is_tampered_with_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
