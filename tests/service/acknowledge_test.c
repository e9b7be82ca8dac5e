/* What an acknowledgement proves, on the door's small methods: receipts signed together in a batch
 * and anew for a replay, and GetOperation's answer at every stage of a command. */
#include "tests/service/door.h"
#include "tests/service/receipt_good.h"

#include "rectify/v1/operation.pb-c.h"
#include "server/handler/all.h"

static struct ledger_key log_key;
static struct handler_table tables[2];

static struct door *
open_signed(int writers)
{
    static unsigned made;
    struct door *door = door_new();
    struct dispatch_config config = door_config(door, writers);
    struct fault fault = {0};
    snprintf(door->key_path, sizeof door->key_path, "%s/log%u.key", test_dir(), made++);
    assert_int_equal(ledger_key_create(door->key_path, &log_key, &fault), STATUS_OK);
    tables[0] = door_table;
    tables[1] = operation_handler_table;
    config.tables = tables;
    config.table_count = 2;
    config.ledger_key_path = door->key_path;
    door_start(door, &config);
    return door;
}

static const Pb__Operation *
operation(struct door *door, const struct caller *c, const char *const *keys, size_t count,
          size_t which)
{
    Pb__GetOperationRequest r = PB__GET_OPERATION_REQUEST__INIT;
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    Pb__CallRequest *e = door_envelope(door, c, "Get", "x", "x");
    r.keys = (char **)(uintptr_t)keys;
    r.n_keys = count;
    e->method = arena_strdup(&door->arena, "rectify.v1.OperationService/GetOperation");
    assert_int_equal(wire_pack(&door->arena, &r.base, &e->payload.data, &e->payload.len),
                     STATUS_OK);
    Pb__CallReply *reply = door_send(door, e);
    if (reply->status->code != STATUS_OK) {
        fail_msg("%s: %s", reply->status->reason, reply->status->message);
    }
    assert_int_equal(wire_unpack(&door->arena, &pb__get_operation_reply__descriptor,
                                 reply->payload.data, reply->payload.len, &message, &fault),
                     STATUS_OK);
    const Pb__GetOperationReply *out = (const Pb__GetOperationReply *)message;
    assert_int_equal(out->n_operations, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(out->operations[i]->key, keys[i]);
    }
    return out->operations[which];
}

static const Pb__Operation *
operation_one(struct door *door, const struct caller *c, const char *key)
{
    return operation(door, c, &key, 1, 0);
}

static void
receipts_of_a_batch_share_a_signature(void **state)
{
    (void)state;
    enum { MANY = 40 };
    struct door *door = open_signed(1);
    struct flight *flights[MANY + 1];
    const char *keys[MANY + 1];
    Pb__CallRequest *first = door_envelope(door, &door->unit02, "Put", "first", "x");
    receipt_good(door_send(door, first)->receipt, "sample", first->idempotency_key,
                 &log_key.public);
    door_hold(door);
    struct flight *held =
        door_launch(door, door_envelope(door, &door->unit01, "Put", "held", "hold"));
    while (door_number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                       " AND objid = 4711") == 0) {
    }
    for (int i = 0; i < MANY; i++) {
        char *name = arena_printf(&door->arena, "n%d", i);
        Pb__CallRequest *e = door_envelope(door, i % 2 ? &door->unit01 : &door->unit02, "Put", name,
                                           i % 8 == 3 ? "refuse" : "x");
        keys[i] = e->idempotency_key;
        flights[i] = door_launch(door, e);
    }
    keys[MANY] = first->idempotency_key; /* a replay among them */
    flights[MANY] = door_launch(door, first);
    door_let_go(door);
    door_join(door, held);
    const unsigned char *signature = NULL;
    for (int i = 0; i <= MANY; i++) {
        Pb__CallReply *reply = door_join(door, flights[i]);
        if (i < MANY && i % 8 == 3) {
            assert_refused(reply, STATUS_FAILED_PRECONDITION, "REFUSED_BY_TEST");
            assert_null(reply->receipt);
            continue;
        }
        receipt_good(reply->receipt, "sample", keys[i], &log_key.public);
        assert_int_equal(reply->receipt->tree_size, MANY - 5 + 1);
        if (signature != NULL) {
            assert_memory_equal(reply->receipt->signature.data, signature, 64);
        }
        signature = reply->receipt->signature.data;
    }
    door_close(door);
}

static void
a_server_without_a_key_signs_nothing(void **state)
{
    (void)state;
    struct door *door = door_open(1);
    Pb__CallRequest *e = door_envelope(door, &door->unit01, "Put", "a", "x");
    const Pb__Receipt *receipt = door_send(door, e)->receipt;
    assert_string_equal(receipt->idempotency_key, e->idempotency_key);
    assert_false(receipt->has_signature);
    assert_null(receipt->key_id);
    door_close(door);
}

static void
every_stage_of_a_command_is_told(void **state)
{
    (void)state;
    struct door *door = open_signed(1);
    Pb__CallRequest *good = door_envelope(door, &door->unit01, "Put", "a", "x");
    Pb__CallRequest *bad = door_envelope(door, &door->unit01, "Put", "a", "refuse");
    Pb__CallRequest *later = door_envelope(door, &door->unit01, "Put", "b", "hold");
    const char *keys[] = {good->idempotency_key, bad->idempotency_key, later->idempotency_key,
                          good->idempotency_key};
    const Pb__Operation *o = operation(door, &door->unit01, keys, 4, 0);
    assert_int_equal(o->state, PB__OPERATION_STATE__OPERATION_UNKNOWN);
    assert_null(o->status);
    assert_non_null(o->line);
    Pb__CallReply *reply = door_send(door, good);
    door_send(door, bad);
    /* Recorded, good: the whole answer, and a receipt signed anew. */
    o = operation(door, &door->unit01, keys, 4, 3);
    assert_int_equal(o->state, PB__OPERATION_STATE__OPERATION_RECORDED);
    assert_string_equal(o->method, METHOD("Put"));
    assert_int_equal(o->recorded_at_ms, T0);
    assert_int_equal(o->status->code, STATUS_OK);
    receipt_good(o->receipt, "sample", good->idempotency_key, &log_key.public);
    assert_string_equal(o->receipt->event_id, reply->receipt->event_id);
    assert_int_equal(o->reply.len, reply->payload.len);
    assert_memory_equal(o->reply.data, reply->payload.data, o->reply.len);
    assert_int_equal(o->verdict, PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE);
    /* A final refusal. */
    o = operation(door, &door->unit01, keys, 4, 1);
    assert_int_equal(o->state, PB__OPERATION_STATE__OPERATION_RECORDED);
    assert_int_equal(o->status->code, STATUS_FAILED_PRECONDITION);
    assert_string_equal(o->status->reason, "REFUSED_BY_TEST");
    assert_null(o->receipt);
    assert_false(o->has_reply);
    /* Another account's key is as good as unknown. */
    o = operation_one(door, &door->unit02, good->idempotency_key);
    assert_int_equal(o->state, PB__OPERATION_STATE__OPERATION_UNKNOWN);
    assert_null(o->method);
    /* One that runs, and one that waits behind it. */
    door_hold(door);
    struct flight *running = door_launch(door, later);
    while (operation(door, &door->unit01, keys, 4, 2)->state !=
           PB__OPERATION_STATE__OPERATION_IN_PROGRESS) {
    }
    Pb__CallRequest *behind = door_envelope(door, &door->unit01, "Put", "c", "x");
    struct flight *waiting = door_launch(door, behind);
    while (operation_one(door, &door->unit01, behind->idempotency_key)->state !=
           PB__OPERATION_STATE__OPERATION_IN_PROGRESS) {
    }
    door_let_go(door);
    door_changed(door_join(door, running));
    door_changed(door_join(door, waiting));
    assert_int_equal(operation_one(door, &door->unit01, behind->idempotency_key)->state,
                     PB__OPERATION_STATE__OPERATION_RECORDED);
    door_close(door);
}

static void
keys_are_counted_and_checked(void **state)
{
    (void)state;
    struct door *door = open_signed(1);
    static const char *const wrong[] = {"01900000-0000-7000-8000-000000000001", "not a key"};
    for (size_t count = 0; count <= LIMIT_OPERATION_KEYS + 1; count += LIMIT_OPERATION_KEYS + 1) {
        Pb__GetOperationRequest r = PB__GET_OPERATION_REQUEST__INIT;
        char *keys[LIMIT_OPERATION_KEYS + 1];
        for (size_t i = 0; i < count; i++) {
            keys[i] = (char *)(uintptr_t)wrong[0];
        }
        r.keys = keys;
        r.n_keys = count;
        Pb__CallRequest *e = door_envelope(door, &door->unit01, "Get", "x", "x");
        e->method = arena_strdup(&door->arena, "rectify.v1.OperationService/GetOperation");
        assert_int_equal(wire_pack(&door->arena, &r.base, &e->payload.data, &e->payload.len),
                         STATUS_OK);
        assert_refused(door_send(door, e), STATUS_INVALID_ARGUMENT, "KEY_COUNT");
        r.keys = (char **)(uintptr_t)wrong;
        r.n_keys = 2;
        assert_int_equal(wire_pack(&door->arena, &r.base, &e->payload.data, &e->payload.len),
                         STATUS_OK);
        Pb__CallReply *reply = door_send(door, e);
        assert_refused(reply, STATUS_INVALID_ARGUMENT, "KEY_MALFORMED");
        assert_string_equal(reply->status->violations[0]->field, "keys[1]");
    }
    door_close(door);
}

/* A database put back under a running server: nothing is sealed and no command taken any more. */
static void
a_database_put_back_stops_the_server(void **state)
{
    (void)state;
    struct door *door = open_signed(1);
    struct fault fault = {0};
    for (int i = 0; i < 3; i++) {
        door_changed(door_put(door, &door->unit01, "a", "x"));
        assert_int_equal(dispatch_seal(door->d, &fault), STATUS_OK);
    }
    test_db_exec("postgres", "ALTER TABLE rectify.log_head DISABLE TRIGGER USER;"
                             "DELETE FROM rectify.log_head WHERE tree_size = 3");
    assert_int_equal(dispatch_seal(door->d, &fault), STATUS_DATA_LOSS);
    assert_string_equal(fault.reason, "LOG_WENT_BACK");
    assert_refused(door_put(door, &door->unit01, "a", "x"), STATUS_UNAVAILABLE, "LOG_WENT_BACK");
    door_close(door);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipts_of_a_batch_share_a_signature),
        cmocka_unit_test(a_server_without_a_key_signs_nothing),
        cmocka_unit_test(every_stage_of_a_command_is_told),
        cmocka_unit_test(keys_are_counted_and_checked),
        cmocka_unit_test(a_database_put_back_stops_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
