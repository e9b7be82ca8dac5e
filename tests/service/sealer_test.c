/* The sealer: every committed event gets one number, none is left out, and the signed heads are of
 * the tree over exactly these leaves. */
#include "proto/ledger/head.h"
#include "proto/ledger/merkle.h"
#include "tests/service/door.h"

enum { LEAVES_MAX = 4096 };

struct log {
    struct merkle_hash leaves[LEAVES_MAX];
    size_t count;
};

static void
hex_read(const char *hex, unsigned char *ret, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        ret[i] = (unsigned char)value;
    }
}

/* The leaves in order of their numbers; the numbers must be 1, 2, 3 … */
static void
log_read(struct log *log)
{
    PGconn *conn = PQconnectdb(test_db_conninfo("postgres"));
    PGresult *r = PQexec(conn, "SELECT l.seq, encode(e.leaf_hash, 'hex') FROM rectify.log_leaf l"
                               " JOIN rectify.event e ON e.id = l.event_id ORDER BY l.seq");
    log->count = (size_t)PQntuples(r);
    assert_true(log->count <= LEAVES_MAX);
    for (size_t i = 0; i < log->count; i++) {
        assert_int_equal(strtol(PQgetvalue(r, (int)i, 0), NULL, 10), i + 1);
        hex_read(PQgetvalue(r, (int)i, 1), log->leaves[i].bytes, MERKLE_HASH_BYTES);
    }
    PQclear(r);
    PQfinish(conn);
}

/* Every stored head is signed by the key and has the root of its first tree_size leaves. */
static void
heads_check(const struct log *log, const struct ledger_public *key)
{
    PGconn *conn = PQconnectdb(test_db_conninfo("postgres"));
    PGresult *r =
        PQexec(conn, "SELECT tree_size, encode(root, 'hex'), time_ms, key_id,"
                     " encode(signature, 'hex') FROM rectify.log_head ORDER BY tree_size");
    struct merkle_frontier f = {0};
    size_t done = 0;
    assert_true(PQntuples(r) > 0);
    for (int i = 0; i < PQntuples(r); i++) {
        struct fault fault = {0};
        struct merkle_hash root;
        struct ledger_head head = {.tenant = "sample"};
        head.size = strtoull(PQgetvalue(r, i, 0), NULL, 10);
        hex_read(PQgetvalue(r, i, 1), head.root.bytes, MERKLE_HASH_BYTES);
        head.time_ms = strtoll(PQgetvalue(r, i, 2), NULL, 10);
        snprintf(head.key_id, sizeof head.key_id, "%s", PQgetvalue(r, i, 3));
        hex_read(PQgetvalue(r, i, 4), head.signature, sizeof head.signature);
        assert_int_equal(ledger_head_verify(&head, key, &fault), STATUS_OK);
        assert_true(head.size <= log->count);
        for (; done < head.size; done++) {
            merkle_frontier_append(&f, &log->leaves[done]);
        }
        merkle_frontier_root(&f, &root);
        assert_true(merkle_hash_equal(&root, &head.root));
    }
    assert_int_equal(done, log->count);
    PQclear(r);
    PQfinish(conn);
}

static struct door *
door_with_key(struct dispatch_config *ret_config)
{
    static unsigned made;
    struct door *door = door_new();
    struct ledger_key key;
    struct fault fault = {0};
    snprintf(door->key_path, sizeof door->key_path, "%s/ledger%u.key", test_dir(), made++);
    assert_int_equal(ledger_key_create(door->key_path, &key, &fault), STATUS_OK);
    *ret_config = door_config(door, 2);
    ret_config->ledger_key_path = door->key_path;
    ret_config->seal_interval_ms = 5;
    door_start(door, ret_config);
    return door;
}

static void
seal(struct door *door)
{
    struct fault fault = {0};
    if (dispatch_seal(door->d, &fault) != STATUS_OK) {
        fail_msg("%s: %s", fault.reason, fault.message);
    }
    assert_int_equal(door_number("SELECT count(*) FROM rectify.event_unsealed"), 0);
}

static struct ledger_public
public_key(const struct door *door)
{
    struct ledger_key key;
    struct fault fault = {0};
    assert_int_equal(ledger_key_load(door->key_path, &key, &fault), STATUS_OK);
    return key.public;
}

static void
test_every_event_is_sealed(void **state)
{
    (void)state;
    struct dispatch_config config;
    struct door *door = door_with_key(&config);
    static struct log log;
    const struct ledger_public key = public_key(door);
    Pb__CallReply *reply = door_put(door, &door->unit01, "a", "x");
    assert_null(reply->receipt->head); /* nothing was sealed before */
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i <= round * 7; i++) {
            door_changed(door_put(door, &door->unit01, "a", "x"));
        }
        seal(door);
    }
    log_read(&log);
    assert_int_equal(log.count, door_number("SELECT count(*) FROM rectify.event"));
    heads_check(&log, &key);
    reply = door_put(door, &door->unit01, "a", "x");
    assert_true(reply->receipt->head->tree_size == log.count);
    door_close(door);
}

/* Two servers on one database: one sealer at a time, no gap, no number twice. */
static void
test_two_servers(void **state)
{
    (void)state;
    struct dispatch_config config;
    struct door *door = door_with_key(&config);
    struct dispatch *both[2] = {door->d, NULL};
    static struct log log;
    enum { N = 200 };
    struct flight *flights[N];
    door_start(door, &config);
    both[1] = door->d;
    for (int i = 0; i < N; i++) {
        const char *name = arena_printf(&door->arena, "n%d", i);
        door->d = both[i % 2];
        flights[i] = door_launch(door, door_envelope(door, &door->unit01, "Put", name, "x"));
    }
    for (int i = 0; i < N; i++) {
        Pb__CallReply *r = door_join(door, flights[i]);
        door_changed(r);
    }
    seal(door);
    log_read(&log);
    const struct ledger_public key = public_key(door);
    assert_int_equal(log.count, N);
    heads_check(&log, &key);
    dispatch_free(both[0]);
    door_close(door);
}

/* A restart goes on from the stored frontier, and a broken one stops the sealing. */
static void
test_goes_on_after_restart(void **state)
{
    (void)state;
    struct dispatch_config config;
    struct door *door = door_with_key(&config);
    static struct log log;
    for (int i = 0; i < 13; i++) {
        door_changed(door_put(door, &door->unit01, "a", "x"));
    }
    seal(door);
    dispatch_free(door->d);
    door_start(door, &config);
    door_changed(door_put(door, &door->unit01, "a", "x"));
    seal(door);
    log_read(&log);
    assert_int_equal(log.count, 14);
    const struct ledger_public key = public_key(door);
    heads_check(&log, &key);
    test_db_exec("postgres", "ALTER TABLE rectify.log_head DISABLE TRIGGER USER;"
                             "UPDATE rectify.log_head SET frontier = '\\x00'");
    door_changed(door_put(door, &door->unit01, "a", "x"));
    struct fault fault = {0};
    log_set_level(LOG_LEVEL_ERROR + 1);
    assert_int_equal(dispatch_seal(door->d, &fault), STATUS_DATA_LOSS);
    assert_string_equal(fault.reason, "FRONTIER_BROKEN");
    door_close(door);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_is_sealed),
        cmocka_unit_test(test_two_servers),
        cmocka_unit_test(test_goes_on_after_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
