/* Batches: commands on one subject never meet, and commands of several callers share a transaction
 * without sharing what they may see. */
#include "tests/service/door.h"

enum { THREADS = 8, PER_THREAD = 40 };

struct worker {
    struct door *door;
    pthread_t thread;
    int no;
    int failures;
};

/* Reads, adds one, writes, without locking a row: only the door keeps them apart. */
static void *
count_up(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < PER_THREAD; i++) {
        struct door mine = *w->door; /* its own arena and keys */
        arena_init(&mine.arena, 1U << 20U);
        mine.next_key = (unsigned)(w->no * 1000 + i) << 8U;
        const char *name = i % 2 == 0 ? "shared" : arena_printf(&mine.arena, "own%d", w->no);
        Pb__CallReply *reply = NULL;
        Pb__CallRequest *e = door_envelope(&mine, &mine.unit01, "Put", name, "x");
        if (dispatch_call(mine.d, e, &mine.arena, &reply) != STATUS_OK ||
            reply->status->code != STATUS_OK) {
            w->failures++;
        }
        arena_release(&mine.arena);
    }
    return NULL;
}

static void
test_no_update_is_lost(void **state)
{
    (void)state;
    struct door *door = door_open(3);
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.door = door, .no = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, count_up, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_int_equal(door_number("SELECT max(version) FROM rectify.setting WHERE name = 'shared'"),
                     THREADS * PER_THREAD / 2);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), THREADS * PER_THREAD);
    struct dispatch_counts c;
    dispatch_counts(door->d, &c);
    assert_int_equal(c.commands, THREADS * PER_THREAD);
    assert_true(c.batches < c.commands); /* some of them did share a COMMIT */
    door_close(door);
}

/* ---- two callers, one transaction, two views ---- */

static const struct statement seen_orgs = {
    .name = "test_seen", .sql = "SELECT count(*) FROM access WHERE tenant = $1", .params = 1};
static const struct statement seen_write = {
    .name = "test_seen_write",
    .sql = "UPDATE access SET problem = problem WHERE tenant = $1",
    .params = 1};

static int
seen_load(struct call *call, struct db_queue *q)
{
    struct put *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    const struct param params[] = {p_int(call->who->tenant)};
    return (int)db_queue_add(q, &seen_orgs, params, (struct db_sink){door_take_version, p, 1});
}

static enum status
seen_decide(struct call *call)
{
    call->no_event = true;
    return door_reply(call, ((struct put *)call->data)->version);
}

/* Touches everything there is; as many rows as its own view holds. */
static enum status
seen_effects(struct call *call, struct db_queue *q)
{
    const struct param params[] = {p_int(call->who->tenant)};
    const struct put *p = call->data;
    return db_queue_add(q, &seen_write, params, (struct db_sink){.expect = p->version});
}

static void
seen_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "seen", door_request(call)->account);
    if (strncmp(door_request(call)->account, "alone", 5) == 0) {
        subject_alone(set);
    }
}

static const struct handler seen_rows[] = {
    DOOR_PUT("Put", AUTH_SESSION, 0, METHOD_COMMAND, 0),
    {.method = METHOD("Seen"),
     .kind = METHOD_COMMAND,
     .auth = AUTH_SESSION,
     DOOR_MESSAGES,
     .subjects = seen_subjects,
     .load = seen_load,
     .decide = seen_decide,
     .effects = seen_effects},
};
static const struct handler_table seen_table = {seen_rows, 2};

/* One measure that unit01 may see, three that unit02 may. */
static void
fill_access(void)
{
    test_db_exec(
        "rectify_owner",
        "INSERT INTO rectify.inspection (tenant, id, code, name, version, event_id) VALUES"
        " (" TENANT_SQL ", '30000000-0000-7000-8000-000000000001', 'i', 'i', 1, " EVENT_SQL ");"
        "INSERT INTO rectify.item (tenant, id, inspection, no, title, version, event_id) VALUES"
        " (" TENANT_SQL ", '30000000-0000-7000-8000-000000000002',"
        " '30000000-0000-7000-8000-000000000001', 1, 'i', 1, " EVENT_SQL ");"
        "INSERT INTO rectify.problem (tenant, id, inspection, item, no, ref, title, state, version,"
        " event_id) VALUES (" TENANT_SQL ", '30000000-0000-7000-8000-000000000003',"
        " '30000000-0000-7000-8000-000000000001', '30000000-0000-7000-8000-000000000002', 1, 'P',"
        " 'p', 'REGISTERED', 1, " EVENT_SQL ");"
        "INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text, state,"
        " version, event_id) SELECT " TENANT_SQL ", ('40000000-0000-7000-8000-00000000000' || n)"
        "::uuid, '30000000-0000-7000-8000-000000000001', '30000000-0000-7000-8000-000000000003',"
        " n, 'M' || n, 'm', 'DRAFT', 1, " EVENT_SQL " FROM generate_series(1, 4) n;"
        "INSERT INTO rectify.access (tenant, measure, org, problem) SELECT tenant, id,"
        " CASE no WHEN 1 THEN '10000000-0000-7000-8000-000000000002'::uuid"
        "  ELSE '10000000-0000-7000-8000-000000000003' END, problem FROM rectify.measure");
}

/* A door with one writer that is held, so that what is launched waits in its queue. */
static struct flight *
start_held(struct door *door)
{
    struct dispatch_config config = door_config(door, 1);
    config.tables = &seen_table;
    fill_access();
    door_start(door, &config);
    door_hold(door);
    struct flight *held =
        door_launch(door, door_envelope(door, &door->unit01, "Put", "held", "hold"));
    DOOR_WAIT_FOR(door_is_held());
    return held;
}

static void
test_callers_see_their_own_in_one_batch(void **state)
{
    (void)state;
    struct door *door = door_new();
    struct dispatch_counts before;
    struct dispatch_counts after;
    enum { N = 12 };
    struct flight *flights[N];
    struct flight *held = start_held(door);
    const struct caller *callers[] = {&door->unit01, &door->unit02, &door->office};
    const int32_t expected[] = {1, 3, 4};
    dispatch_counts(door->d, &before);
    for (int i = 0; i < N; i++) {
        const char *name = arena_printf(&door->arena, "n%d", i);
        flights[i] = door_launch(door, door_envelope(door, callers[i % 3], "Seen", name, "x"));
    }
    door_let_go(door);
    door_changed(door_join(door, held));
    for (int i = 0; i < N; i++) {
        Pb__CallReply *r = door_join(door, flights[i]);
        assert_int_equal(door_changed(r), expected[i % 3]);
    }
    dispatch_counts(door->d, &after);
    assert_int_equal(after.batches, before.batches + 1); /* nobody was run again alone */
    door_close(door);
}

/* Two of six cannot name what they change: each has a batch of its own, the others share one. */
static void
test_who_cannot_name_it_all_is_alone(void **state)
{
    static const char *const names[] = {"n0", "n1", "alone2", "alone3", "n4", "n5"};
    (void)state;
    struct door *door = door_new();
    struct dispatch_counts before;
    struct dispatch_counts after;
    enum { N = 6 };
    struct flight *flights[N];
    struct flight *held = start_held(door);
    dispatch_counts(door->d, &before);
    for (int i = 0; i < N; i++) {
        flights[i] = door_launch(door, door_envelope(door, &door->office, "Seen", names[i], "x"));
    }
    door_let_go(door);
    door_changed(door_join(door, held));
    for (int i = 0; i < N; i++) {
        assert_int_equal(door_changed(door_join(door, flights[i])), 4);
    }
    dispatch_counts(door->d, &after);
    assert_int_equal(after.batches, before.batches + 3);
    door_close(door);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_update_is_lost),
        cmocka_unit_test(test_callers_see_their_own_in_one_batch),
        cmocka_unit_test(test_who_cannot_name_it_all_is_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
