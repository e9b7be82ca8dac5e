/* The same key gives the same answer, once, for ever. */
#include "tests/service/door.h"

static int
set_up(void **state)
{
    *state = door_open(2);
    return 0;
}

static int
tear_down(void **state)
{
    door_close(*state);
    return 0;
}

static void
test_same_key_same_answer(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    Pb__CallReply *first = door_send(door, e);
    assert_int_equal(door_changed(first), 1);
    e->call_id = (char *)(uintptr_t) "c2";
    for (int i = 1; i <= 3; i++) {
        Pb__CallReply *again = door_send(door, e);
        assert_int_equal(door_changed(again), 1);
        assert_true(again->has_replayed && again->replayed);
        assert_string_equal(again->call_id, "c2");
        assert_string_equal(again->receipt->number, first->receipt->number);
        assert_string_equal(again->receipt->event_id, first->receipt->event_id);
        /* the replay wrote: on a primary with a standby it waits for it */
        assert_int_equal(door_number("SELECT replays FROM rectify.idempotency"), i);
    }
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), 1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event"), 1);
}

static void
test_key_of_another_request(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    door_changed(door_send(door, e));
    Pb__CallRequest *other = door_envelope(door, &door->unit01, "Put", "a", "y");
    other->idempotency_key = e->idempotency_key;
    assert_refused(door_send(door, other), STATUS_INVALID_ARGUMENT, "KEY_REUSED");
    other = door_envelope(door, &door->unit01, "PutSigned", "a", "x");
    other->idempotency_key = e->idempotency_key;
    door_sign(door, other, &door->unit01.key);
    assert_refused(door_send(door, other), STATUS_INVALID_ARGUMENT, "KEY_REUSED");
    assert_true(door_send(door, e)->replayed); /* the first answer stands */
    /* keys belong to their callers */
    other = door_envelope(door, &door->unit02, "Put", "a", "x");
    other->idempotency_key = e->idempotency_key;
    assert_int_equal(door_changed(door_send(door, other)), 2);
}

static void
test_replay_is_authorised_again(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    door_changed(door_send(door, e));
    test_db_exec("rectify_owner", "UPDATE rectify.machine SET revoked_ms = 1");
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "MACHINE_REVOKED");
    test_db_exec("rectify_owner", "UPDATE rectify.machine SET revoked_ms = NULL");
    assert_true(door_send(door, e)->replayed);
}

static void
test_final_refusal_is_kept(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "refuse");
    assert_refused(door_send(door, e), STATUS_FAILED_PRECONDITION, "REFUSED_BY_TEST");
    Pb__CallReply *again = door_send(door, e);
    assert_refused(again, STATUS_FAILED_PRECONDITION, "REFUSED_BY_TEST");
    assert_true(again->replayed);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event"), 0);
    assert_int_equal(door_number("SELECT replays FROM rectify.idempotency"), 1);
}

/* The same call from many threads at once: one does it, all hear of it. */
static void
test_same_key_at_once(void **state)
{
    struct door *door = *state;
    enum { N = 30 };
    struct flight *flights[N];
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    int fresh = 0;
    for (int i = 0; i < N; i++) {
        flights[i] = door_launch(door, e);
    }
    for (int i = 0; i < N; i++) {
        Pb__CallReply *r = door_join(door, flights[i]);
        assert_int_equal(door_changed(r), 1);
        fresh += r->replayed ? 0 : 1;
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), 1);
}

/* Two servers: the second finds the row only when it writes its own. */
static void
test_same_key_on_two_servers(void **state)
{
    struct door *door = *state;
    struct dispatch *first = door->d;
    struct dispatch_config config = door_config(door, 1);
    enum { N = 20 };
    struct flight *flights[2 * N];
    door_start(door, &config);
    struct dispatch *both[2] = {first, door->d};
    for (int i = 0; i < 2 * N; i++) {
        const char *name = arena_printf(&door->arena, "n%d", i / 2);
        static Pb__CallRequest *e;
        if (i % 2 == 0) {
            e = door_envelope(door, &door->unit01, "Put", name, "x");
        }
        door->d = both[i % 2];
        flights[i] = door_launch(door, e);
    }
    for (int i = 0; i < 2 * N; i++) {
        Pb__CallReply *r = door_join(door, flights[i]);
        assert_int_equal(door_changed(r), 1);
    }
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), N);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event"), N);
    dispatch_free(first);
}

/* What holds a secret and has no session is never kept; the same key runs again. */
static void
test_secret_reply_is_not_kept(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "PutMachine", "a", "x");
    e->session = NULL;
    door_sign(door, e, &door->unit01.key);
    assert_int_equal(door_changed(door_send(door, e)), 1);
    assert_int_equal(door_changed(door_send(door, e)), 2);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.idempotency"), 0);
}

/* Nothing of a call is kept that failed for reasons of the moment. */
static void
test_passing_trouble_is_not_kept(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "foreign");
    assert_refused(door_send(door, e), STATUS_ABORTED, "ROW_COUNT");
    assert_int_equal(door_number("SELECT count(*) FROM rectify.idempotency"), 0);
    test_db_exec("rectify_owner",
                 "INSERT INTO rectify.org (tenant, id, code, name, kind, version, event_id)"
                 " VALUES (" TENANT_SQL ", " EVENT_SQL ", 'nobodys', '样例', 'UNIT', 1, " EVENT_SQL
                 ")");
    assert_int_equal(door_changed(door_send(door, e)), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_same_key_same_answer),       TEST(test_key_of_another_request),
        TEST(test_replay_is_authorised_again), TEST(test_final_refusal_is_kept),
        TEST(test_same_key_at_once),           TEST(test_same_key_on_two_servers),
        TEST(test_secret_reply_is_not_kept),   TEST(test_passing_trouble_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
