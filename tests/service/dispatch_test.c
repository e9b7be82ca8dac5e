/* The door: who comes in, what happens to a command, and what happens when something goes wrong. */
#include "tests/service/door.h"

static int
set_up(void **state)
{
    *state = door_open(1);
    return 0;
}

static int
tear_down(void **state)
{
    door_close(*state);
    return 0;
}

static struct dispatch_counts
counts(struct door *door)
{
    struct dispatch_counts c;
    dispatch_counts(door->d, &c);
    return c;
}

/* ---- start ---- */

static void
test_refuses_to_start_without_policy(void **state)
{
    (void)state;
    struct door *door = door_new();
    struct dispatch_config config = door_config(door, 1);
    struct fault fault = {0};
    config.partial_tables = false;
    assert_int_equal(dispatch_start(&config, &door->d, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "METHOD_WITHOUT_POLICY");
    config.partial_tables = true;
    struct handler twice[2] = {door_rows[0], door_rows[0]};
    twice[1].method = "rectify.v1.AccountService/Login"; /* with other messages than the schema's */
    const struct handler_table table = {twice, 2};
    config.tables = &table;
    assert_int_equal(dispatch_start(&config, &door->d, &fault), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(fault.message, "Login"));
    assert_null(door->d);
    door_close(door);
}

/* ---- a command's way ---- */

static void
test_command_leaves_everything(void **state)
{
    struct door *door = *state;
    Pb__CallReply *reply = door_put(door, &door->unit01, "a", "x");
    assert_int_equal(door_changed(reply), 1);
    assert_string_equal(reply->call_id, "c1");
    assert_false(reply->has_replayed);
    assert_non_null(reply->receipt);
    assert_int_equal(strncmp(reply->receipt->number, "2026-11-", 8), 0);
    assert_int_equal(reply->receipt->leaf_hash.len, 32);
    assert_true(reply->receipt->recorded_at_ms == T0);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), 1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event WHERE account = 'unit01'"
                                 " AND leaf_hash = sha256('\\x00'::bytea || body)"),
                     1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event_change WHERE kind = 'setting'"
                                 " AND org_text = '样例unit01' AND reason = 'TEST'"),
                     1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event_unsealed"), 1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.idempotency i JOIN rectify.event e"
                                 " ON e.id = i.event_id WHERE replays = 0"),
                     1);
    assert_int_equal(door_changed(door_put(door, &door->unit01, "a", "y")), 2);
    assert_int_equal(
        door_changed(door_send(door, door_envelope(door, &door->unit02, "Get", "a", NULL))), 2);
}

static void
test_refusals_of_the_envelope(void **state)
{
    struct door *door = *state;
    const struct caller *c = &door->unit01;
    Pb__CallRequest *e = door_envelope(door, c, "NoSuch", "a", "x");
    assert_refused(door_send(door, e), STATUS_UNIMPLEMENTED, "METHOD_UNKNOWN");
    e = door_envelope(door, c, "Put", "a", "x");
    e->tenant = (char *)(uintptr_t) "elsewhere";
    assert_refused(door_send(door, e), STATUS_NOT_FOUND, "TENANT_UNKNOWN");
    e->tenant = NULL;
    assert_refused(door_send(door, e), STATUS_INVALID_ARGUMENT, "TENANT_MISSING");
    e = door_envelope(door, c, "Put", "a", "x");
    e->idempotency_key = NULL;
    assert_refused(door_send(door, e), STATUS_INVALID_ARGUMENT, "KEY_MISSING");
    e->idempotency_key = (char *)(uintptr_t) "01900000-0000-4000-8000-000000000000";
    assert_refused(door_send(door, e), STATUS_INVALID_ARGUMENT, "KEY_FORM");
    e = door_envelope(door, c, "Put", "a", "x");
    e->timeout_ms = LIMIT_CALL_MAX_MS + 1;
    assert_refused(door_send(door, e), STATUS_INVALID_ARGUMENT, "TIMEOUT_RANGE");
    e = door_envelope(door, c, "Put", "a", "x");
    e->payload.data = (unsigned char *)(uintptr_t) "\x0A\x02\xFF\xFF";
    e->payload.len = 4;
    assert_int_equal(door_send(door, e)->status->code, STATUS_INVALID_ARGUMENT);
    e = door_envelope(door, c, "PutSystem", "a", "x");
    assert_refused(door_send(door, e), STATUS_PERMISSION_DENIED, "SYSTEM_ONLY");
    assert_int_equal(door_number("SELECT count(*) FROM rectify.idempotency"), 0);
}

/* ---- who ---- */

static void
test_session(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    e->session = NULL;
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SESSION_REQUIRED");
    e->session = (char *)(uintptr_t) "guess";
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SESSION_EXPIRED");
    e->session = (char *)(uintptr_t)door->unit02.token; /* stolen, on another machine */
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SESSION_OTHER_MACHINE");
    e = door_envelope(door, &door->unit01, "Put", "a", "x");
    clock_fake_advance(&door->clock, LIMIT_SESSION_IDLE_MS + 1);
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SESSION_EXPIRED");
    clock_fake_set(&door->clock, T0);
    test_db_exec("rectify_owner", "UPDATE rectify.session SET ended_ms = 1");
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SESSION_EXPIRED");
    test_db_exec("rectify_owner", "UPDATE rectify.session SET ended_ms = NULL");
    /* none of these was kept: after a new login the same key goes through */
    assert_int_equal(door_changed(door_send(door, e)), 1);
    test_db_exec("rectify_owner", "UPDATE rectify.account SET disabled_ms = 1");
    assert_refused(door_put(door, &door->unit01, "a", "x"), STATUS_UNAUTHENTICATED,
                   "ACCOUNT_DISABLED");
}

static void
test_session_stays_awake(void **state)
{
    struct door *door = *state;
    clock_fake_advance(&door->clock, LIMIT_SESSION_IDLE_MS - 1000);
    door_changed(door_send(door, door_envelope(door, &door->unit01, "Get", "a", NULL)));
    clock_fake_advance(&door->clock, LIMIT_SESSION_IDLE_MS - 1000);
    door_changed(door_put(door, &door->unit01, "a", "x"));
    clock_fake_advance(&door->clock, LIMIT_SESSION_IDLE_MS - 1000);
    door_changed(door_put(door, &door->unit01, "a", "x"));
}

static void
test_machine_and_signature(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "PutSigned", "a", "x");
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SIGNATURE_MISSING");
    door_sign(door, e, &door->unit02.key);
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SIGNATURE_BAD");
    door_sign(door, e, &door->unit01.key);
    e->has_expected_version = 1; /* not what was signed */
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SIGNATURE_BAD");
    e->has_expected_version = 0;
    assert_int_equal(door_changed(door_send(door, e)), 1);
    /* a signature that is not asked for is still checked */
    e = door_envelope(door, &door->unit01, "Put", "a", "x");
    door_sign(door, e, &door->unit02.key);
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "SIGNATURE_BAD");
    /* without a session */
    e = door_envelope(door, &door->unit01, "PutMachine", "m", "x");
    e->session = NULL;
    door_sign(door, e, &door->unit01.key);
    assert_int_equal(door_changed(door_send(door, e)), 1);
    e->machine = (char *)(uintptr_t) "00000000-0000-7000-8000-0000000000ff";
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "MACHINE_UNKNOWN");
    test_db_exec("rectify_owner", "UPDATE rectify.machine SET revoked_ms = 1");
    e = door_envelope(door, &door->unit01, "Put", "a", "x");
    assert_refused(door_send(door, e), STATUS_UNAUTHENTICATED, "MACHINE_REVOKED");
}

static void
test_stated_time(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    e->has_queued_at_ms = 1;
    e->queued_at_ms = T0 + LIMIT_CLOCK_SKEW_MS + 1;
    assert_refused(door_send(door, e), STATUS_INVALID_ARGUMENT, "CLOCK_SKEW");
    e->queued_at_ms = T0 - INT64_C(10) * 86400000;
    assert_int_equal(door_changed(door_send(door, e)), 1);
}

static void
test_roles_and_behalf(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "PutOffice", "a", "x");
    assert_refused(door_send(door, e), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    door_changed(door_send(door, door_envelope(door, &door->office, "PutOffice", "a", "x")));
    e = door_envelope(door, &door->unit01, "Put", "a", "x");
    e->on_behalf_of = (char *)(uintptr_t) "unit02";
    assert_refused(door_send(door, e), STATUS_PERMISSION_DENIED, "BEHALF_FORBIDDEN");
    e = door_envelope(door, &door->office, "PutOffice", "a", "x");
    e->on_behalf_of = (char *)(uintptr_t) "unit02";
    assert_refused(door_send(door, e), STATUS_PERMISSION_DENIED, "BEHALF_FORBIDDEN");
    e = door_envelope(door, &door->office, "Put", "a", "x");
    e->on_behalf_of = (char *)(uintptr_t) "nobody";
    assert_refused(door_send(door, e), STATUS_NOT_FOUND, "BEHALF_UNKNOWN");
    e = door_envelope(door, &door->office, "Put", "a", "x");
    e->on_behalf_of = (char *)(uintptr_t) "unit02";
    door_changed(door_send(door, e));
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event_change WHERE org_text ="
                                 " '样例office 代 样例unit02'"),
                     1);
    /* a seat that has ended opens nothing */
    test_db_exec("rectify_owner", "UPDATE rectify.seat SET ended_ms = 1");
    assert_refused(door_put(door, &door->unit01, "a", "x"), STATUS_PERMISSION_DENIED, "NO_SEAT");
}

static void
test_system_call(void **state)
{
    struct door *door = *state;
    Pb__AddEnrolCodeRequest request = PB__ADD_ENROL_CODE_REQUEST__INIT;
    Pb__CallReply *reply = NULL;
    request.account = (char *)(uintptr_t) "s";
    request.enrol_code = (char *)(uintptr_t) "x";
    assert_int_equal(dispatch_call_system(door->d, "sample", METHOD("PutSystem"), &request.base,
                                          &door->arena, &reply),
                     STATUS_OK);
    assert_int_equal(door_changed(reply), 1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event WHERE account = 'SYS'"), 1);
}

/* ---- batches ---- */

/* Launches Puts that wait behind a held one, lets go, and gives the replies. */
static void
in_one_batch(struct door *door, Pb__CallRequest *const *envelopes, size_t n,
             Pb__CallReply **ret_replies)
{
    struct flight *flights[LIMIT_BATCH_COMMANDS];
    door_hold(door);
    struct flight *held =
        door_launch(door, door_envelope(door, &door->unit01, "Put", "held", "hold"));
    DOOR_WAIT_FOR(door_is_held());
    uint64_t batches = counts(door).batches;
    for (size_t i = 0; i < n; i++) {
        flights[i] = door_launch(door, envelopes[i]);
    }
    assert_int_equal(counts(door).queued_commands, n);
    door_let_go(door);
    door_changed(door_join(door, held));
    for (size_t i = 0; i < n; i++) {
        ret_replies[i] = door_join(door, flights[i]);
    }
    assert_int_equal(counts(door).batches, batches + 1);
}

static void
test_only_the_poison_call_fails(void **state)
{
    struct door *door = *state;
    enum { N = 20, BAD = 7 };
    Pb__CallRequest *e[N];
    Pb__CallReply *r[N];
    for (int i = 0; i < N; i++) {
        const char *name = arena_printf(&door->arena, "n%d", i);
        e[i] = door_envelope(door, &door->unit01, "Put", name, i == BAD ? "poison" : "good");
    }
    in_one_batch(door, e, N, r);
    for (int i = 0; i < N; i++) {
        if (i == BAD) {
            assert_refused(r[i], STATUS_FAILED_PRECONDITION, "LADDER_RULE_LEVEL_RANGE");
        } else {
            assert_int_equal(door_changed(r[i]), 1);
        }
    }
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), N); /* held and N - 1 */
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event"), N);
    /* the refusal is final: the same key gets it again */
    Pb__CallReply *again = door_send(door, e[BAD]);
    assert_refused(again, STATUS_FAILED_PRECONDITION, "LADDER_RULE_LEVEL_RANGE");
    assert_true(again->replayed);
}

static void
test_foreign_update_changes_nothing(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e[2] = {door_envelope(door, &door->unit01, "Put", "a", "foreign"),
                             door_envelope(door, &door->unit01, "Put", "b", "good")};
    Pb__CallReply *r[2];
    in_one_batch(door, e, 2, r);
    assert_refused(r[0], STATUS_ABORTED, "ROW_COUNT");
    assert_int_equal(door_changed(r[1]), 1);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event"), 2); /* held and b */
}

static void
test_refusal_of_one_is_no_error_of_the_batch(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e[3] = {door_envelope(door, &door->unit01, "Put", "a", "good"),
                             door_envelope(door, &door->unit01, "Put", "b", "refuse"),
                             door_envelope(door, &door->unit01, "PutOffice", "c", "good")};
    Pb__CallReply *r[3];
    in_one_batch(door, e, 3, r);
    assert_int_equal(door_changed(r[0]), 1);
    assert_refused(r[1], STATUS_FAILED_PRECONDITION, "REFUSED_BY_TEST");
    assert_refused(r[2], STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
}

/* ---- waiting ---- */

static void
test_deadline_in_the_queue(void **state)
{
    struct door *door = *state;
    door_hold(door);
    struct flight *held =
        door_launch(door, door_envelope(door, &door->unit01, "Put", "held", "hold"));
    DOOR_WAIT_FOR(door_is_held());
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "late", "x");
    e->timeout_ms = 1;
    struct flight *late = door_launch(door, e);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* its deadline, not ours */
    door_let_go(door);
    Pb__CallReply *r = door_join(door, late);
    assert_refused(r, STATUS_DEADLINE_EXCEEDED, "QUEUED_TOO_LONG");
    r = door_join(door, held);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting WHERE name = 'late'"), 0);
    e->timeout_ms = 60000; /* not stored: the same key may still do it */
    assert_int_equal(door_changed(door_send(door, e)), 1);
}

static void
test_full_queue_refuses_at_once(void **state)
{
    struct door *door = *state;
    enum { N = LIMIT_QUEUE_SLOW + 1 };
    static struct flight *flights[N];
    door_hold(door);
    /* the lane is one call at a time; a held command blocks its name */
    struct flight *held =
        door_launch(door, door_envelope(door, &door->unit01, "Put", "held", "hold"));
    DOOR_WAIT_FOR(door_is_held());
    for (int i = 0; i < N; i++) {
        flights[i] = door_launch(door, door_envelope(door, &door->unit01, "PutSlow", "held", "x"));
    }
    assert_true(door_has_landed(flights[N - 1]));
    Pb__CallReply *r = door_join(door, flights[N - 1]);
    assert_refused(r, STATUS_RESOURCE_EXHAUSTED, "QUEUE_FULL");
    assert_true(r->status->retry_after_ms > 0);
    door_let_go(door);
    door_changed(door_join(door, held));
    for (int i = 0; i < N - 1; i++) {
        r = door_join(door, flights[i]);
        assert_int_equal(door_changed(r), i + 2); /* in the order of arrival */
    }
}

static void
test_parked_call_is_woken(void **state)
{
    struct door *door = *state;
    enum { N = 50 };
    struct flight *flights[N];
    for (int i = 0; i < N; i++) {
        flights[i] = door_launch(door, door_envelope(door, &door->unit02, "Wait", "a", "0"));
    }
    DOOR_WAIT_FOR(counts(door).parked == N);
    assert_int_equal(door_changed(door_put(door, &door->unit01, "a", "x")), 1);
    for (int i = 0; i < N; i++) {
        Pb__CallReply *r = door_join(door, flights[i]);
        assert_int_equal(door_changed(r), 1);
    }
    assert_int_equal(counts(door).parked, 0);
}

static void
test_parked_call_answers_before_its_deadline(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit02, "Wait", "a", "0");
    e->timeout_ms = 1000;
    assert_int_equal(door_changed(door_send(door, e)), 0); /* nothing, but in time */
}

static void
test_parked_call_is_woken_by_another_server(void **state)
{
    struct door *door = *state;
    struct dispatch *first = door->d;
    struct dispatch_config config = door_config(door, 1);
    struct flight *f = door_launch(door, door_envelope(door, &door->unit02, "Wait", "a", "0"));
    DOOR_WAIT_FOR(counts(door).parked == 1);
    door_start(door, &config);
    assert_int_equal(door_changed(door_put(door, &door->unit01, "a", "x")), 1);
    Pb__CallReply *r = door_join(door, f);
    assert_int_equal(door_changed(r), 1);
    dispatch_free(first);
}

static void
test_drain(void **state)
{
    struct door *door = *state;
    struct flight *f = door_launch(door, door_envelope(door, &door->unit02, "Wait", "a", "0"));
    DOOR_WAIT_FOR(counts(door).parked == 1);
    assert_true(dispatch_drain(door->d, 20000));
    assert_true(door_has_landed(f));
    Pb__CallReply *r = door_join(door, f);
    assert_int_equal(door_changed(r), 0);
    assert_refused(door_put(door, &door->unit01, "a", "x"), STATUS_UNAVAILABLE, "DRAINING");
}

/* ---- the database goes away ---- */

/* As clients do: the same call again while the trouble passes. */
static Pb__CallReply *
send_until_answered(struct door *door, const Pb__CallRequest *e)
{
    Pb__CallReply *reply = NULL;
    DOOR_WAIT_FOR((reply = door_send(door, e))->status->code != STATUS_UNAVAILABLE &&
                  reply->status->code != STATUS_UNKNOWN);
    return reply;
}

static void
test_lost_connections_come_back(void **state)
{
    struct door *door = *state;
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Wait", "a", "1");
    struct flight *f = door_launch(door, e);
    DOOR_WAIT_FOR(counts(door).parked == 1);
    for (int i = 1; i <= 3; i++) {
        test_db_exec("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                 " WHERE application_name LIKE 'rectifyd%'"
                                 " AND datname = current_database()");
        e = door_envelope(door, &door->unit01, "Put", "a", "x");
        assert_int_equal(door_changed(send_until_answered(door, e)), i);
        e = door_envelope(door, &door->unit02, "Get", "a", NULL);
        assert_int_equal(door_changed(send_until_answered(door, e)), i);
    }
    Pb__CallReply *r = door_join(door, f);
    assert_true(door_changed(r) >= 2);
}

static void
test_unknown_outcome_is_said(void **state)
{
    struct door *door = *state;
    test_db_exec("rectify_owner",
                 "CREATE FUNCTION rectify.warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                 " IF NEW.value = 'warn' THEN RAISE WARNING 'no standby'; END IF; RETURN NULL;"
                 " END $$;"
                 "CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON rectify.setting DEFERRABLE"
                 " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rectify.warn()");
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "warn");
    Pb__CallReply *r = door_send(door, e);
    assert_refused(r, STATUS_UNKNOWN, "OUTCOME_UNKNOWN");
    assert_null(r->receipt);
    /* it had been committed: the same key says so, and does it no second time */
    r = door_send(door, e);
    assert_int_equal(door_changed(r), 1);
    assert_true(r->replayed);
    assert_int_equal(door_number("SELECT count(*) FROM rectify.setting"), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_to_start_without_policy),
        TEST(test_command_leaves_everything),
        TEST(test_refusals_of_the_envelope),
        TEST(test_session),
        TEST(test_session_stays_awake),
        TEST(test_machine_and_signature),
        TEST(test_stated_time),
        TEST(test_roles_and_behalf),
        TEST(test_system_call),
        TEST(test_only_the_poison_call_fails),
        TEST(test_foreign_update_changes_nothing),
        TEST(test_refusal_of_one_is_no_error_of_the_batch),
        TEST(test_deadline_in_the_queue),
        TEST(test_full_queue_refuses_at_once),
        TEST(test_parked_call_is_woken),
        TEST(test_parked_call_answers_before_its_deadline),
        TEST(test_parked_call_is_woken_by_another_server),
        TEST(test_drain),
        TEST(test_lost_connections_come_back),
        TEST(test_unknown_outcome_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
