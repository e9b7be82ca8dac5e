/* Heads against a scripted server with two logs, one forked off the other: what is proven when,
 * what is refused for good, what a declared restore explains. */
#include "tests/unit/client_fake.h"

#include "client/lib/file.h"
#include "client/lib/heads.h"
#include "proto/ledger/restore.h"

#include <unistd.h>

enum { LEAVES = 64, COMMON = 20, RESTORES_MAX = 4 };

static struct merkle_hash logs[2][LEAVES]; /* the same up to COMMON */
static int shown;                          /* which of them */
static uint64_t shown_size;                /* in receipts */
static uint64_t newest;                    /* in the database */
static bool off_line;                      /* LogService does not answer */
static size_t asked;                       /* GetConsistency */
static struct ledger_restore restores[RESTORES_MAX];
static size_t restore_count;
static int64_t server_ms; /* when heads are signed */

static void
begin(void)
{
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < LEAVES; i++) {
            unsigned char body[2] = {(unsigned char)i, (unsigned char)(i < COMMON ? 0 : k)};
            merkle_leaf_hash(body, sizeof body, &logs[k][i]);
        }
    }
    shown = 0;
    shown_size = newest = 10;
    off_line = false;
    asked = 0;
    restore_count = 0;
    server_ms = 1000000;
}

static struct ledger_head
head_make(uint64_t size)
{
    struct ledger_head head = {.tenant = "sample", .size = size, .time_ms = server_ms};
    struct merkle_frontier f = {0};
    struct fault fault;
    for (uint64_t i = 0; i < size; i++) {
        merkle_frontier_append(&f, &logs[shown][i]);
    }
    merkle_frontier_root(&f, &head.root);
    assert_int_equal(ledger_head_sign(&head, &fake.ledger, &fault), STATUS_OK);
    return head;
}

static Pb__SignedHead *
head_message(uint64_t size)
{
    static struct ledger_head head;
    static Pb__SignedHead m;
    head = head_make(size);
    pb__signed_head__init(&m);
    m.tenant = head.tenant;
    m.has_tree_size = m.has_root = m.has_time_ms = m.has_signature = true;
    m.tree_size = size;
    m.root = (ProtobufCBinaryData){32, head.root.bytes};
    m.time_ms = head.time_ms;
    m.key_id = head.key_id;
    m.signature = (ProtobufCBinaryData){64, head.signature};
    return &m;
}

static void
payload_pack(Pb__CallReply *reply, const ProtobufCMessage *message)
{
    static unsigned char bytes[65536];
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof bytes);
    reply->has_payload = true;
    reply->payload = (ProtobufCBinaryData){protobuf_c_message_pack(message, bytes), bytes};
}

static void
say_consistency(const Pb__CallRequest *c, Pb__CallReply *reply)
{
    static struct merkle_proof proofs[LIMIT_CONSISTENCY_SIZES];
    static ProtobufCBinaryData hashes[LIMIT_CONSISTENCY_SIZES][MERKLE_PROOF_MAX];
    Pb__ConsistencyProof messages[LIMIT_CONSISTENCY_SIZES];
    Pb__ConsistencyProof *list[LIMIT_CONSISTENCY_SIZES];
    Pb__GetConsistencyReply out = PB__GET_CONSISTENCY_REPLY__INIT;
    const struct merkle_source source = merkle_source_array(logs[shown], newest);
    Pb__GetConsistencyRequest *r =
        pb__get_consistency_request__unpack(NULL, c->payload.len, c->payload.data);
    assert_non_null(r);
    assert_true(r->n_from_sizes >= 1 && r->n_from_sizes <= LIMIT_CONSISTENCY_SIZES);
    out.proofs = list;
    for (size_t i = 0; i < r->n_from_sizes; i++) {
        size_t n = out.n_proofs;
        if (merkle_consistency_prove(&source, r->from_sizes[i], &proofs[n]) != STATUS_OK) {
            continue;
        }
        pb__consistency_proof__init(&messages[n]);
        messages[n].has_from_size = true;
        messages[n].from_size = r->from_sizes[i];
        messages[n].n_hashes = proofs[n].count;
        messages[n].hashes = hashes[n];
        for (size_t k = 0; k < proofs[n].count; k++) {
            hashes[n][k] = (ProtobufCBinaryData){32, proofs[n].hashes[k].bytes};
        }
        list[out.n_proofs++] = &messages[n];
    }
    out.head = head_message(newest);
    out.has_last_restore_ms = restore_count > 0;
    out.last_restore_ms = restore_count > 0 ? restores[restore_count - 1].time_ms : 0;
    payload_pack(reply, &out.base);
    pb__get_consistency_request__free_unpacked(r, NULL);
    asked++;
}

static void
say_restores(const Pb__CallRequest *c, Pb__CallReply *reply)
{
    Pb__Restore messages[RESTORES_MAX];
    Pb__Restore *list[RESTORES_MAX];
    Pb__ListRestoresReply out = PB__LIST_RESTORES_REPLY__INIT;
    Pb__ListRestoresRequest *r =
        pb__list_restores_request__unpack(NULL, c->payload.len, c->payload.data);
    assert_non_null(r);
    out.restores = list;
    for (size_t i = 0; i < restore_count; i++) {
        struct ledger_restore *in = &restores[i];
        Pb__Restore *m = &messages[out.n_restores];
        if (in->time_ms <= r->after_ms) {
            continue;
        }
        pb__restore__init(m);
        m->tenant = in->tenant;
        m->has_number = m->has_tree_size = m->has_root = m->has_head_time_ms = true;
        m->has_time_ms = m->has_signature = true;
        m->number = in->number;
        m->tree_size = in->size;
        m->root = (ProtobufCBinaryData){32, in->root.bytes};
        m->head_time_ms = in->head_time_ms;
        m->time_ms = in->time_ms;
        m->reason = in->reason;
        m->key_id = in->key_id;
        m->signature = (ProtobufCBinaryData){64, in->signature};
        list[out.n_restores++] = m;
    }
    payload_pack(reply, &out.base);
    pb__list_restores_request__free_unpacked(r, NULL);
}

static bool
say_log(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    (void)n;
    bool log = strstr(c->method, "LogService") != NULL;
    if (log && off_line) {
        refuse(reply, STATUS_INTERNAL, "OFF_LINE"); /* final: no retries to wait for */
    } else if (strstr(c->method, "GetConsistency") != NULL) {
        say_consistency(c, reply);
    } else if (strstr(c->method, "ListRestores") != NULL) {
        say_restores(c, reply);
    } else if (strcmp(c->method, SIGN_FOR) == 0) {
        receipt_add(reply, &s->ledger, 1, 1);
        reply->receipt->head = head_message(shown_size);
    }
    return true;
}

static void
declare(uint64_t size, int64_t time_ms, const struct ledger_key *key)
{
    struct ledger_head head = head_make(size);
    struct ledger_restore r = {.tenant = "sample",
                               .number = restore_count + 1,
                               .size = size,
                               .root = head.root,
                               .head_time_ms = 900000,
                               .time_ms = time_ms,
                               .reason = "样例"};
    ledger_restore_sign(&r, key);
    restores[restore_count++] = r;
}

/* A command that brings a head of that size. */
static enum status
command(uint64_t size, struct fault *f)
{
    struct rectify_answer answer;
    shown_size = size;
    newest = size > newest ? size : newest;
    return call(SIGN_FOR, &answer, f);
}

static void
command_ok(uint64_t size)
{
    struct fault f;
    if (command(size, &f) != STATUS_OK) {
        fail_msg("%s %s", f.reason, f.message);
    }
}

static void
refused(enum status got, const struct fault *f, const char *reason)
{
    assert_string_equal(f->reason, reason);
    assert_int_equal(got, STATUS_DATA_LOSS);
}

static int
heads_setup(void **state)
{
    int result = setup(state);
    begin();
    fake.answer = say_log;
    return result;
}

static void
a_new_head_is_proven_now_and_then(void **state)
{
    (void)state;
    struct rectify_proven proven;
    struct fault f;
    command_ok(10);
    assert_int_equal(asked, 1); /* the first is proven at once */
    command_ok(12);
    command_ok(15);
    assert_int_equal(asked, 1); /* the next are believed for a while */
    assert_int_equal(rectify_state_proven_load(profile.state, &proven, &f), STATUS_OK);
    assert_int_equal(proven.head.size, 10);
    proven.at_ms -= LIMIT_HEADS_VERIFY_MS;
    assert_int_equal(rectify_state_proven_save(profile.state, &proven, &f), STATUS_OK);
    channel_open(5000);
    command_ok(17);
    assert_int_equal(asked, 2);
    assert_int_equal(rectify_state_proven_load(profile.state, &proven, &f), STATUS_OK);
    assert_int_equal(proven.head.size, 17);
    newest = 19;
    assert_int_equal(rectify_heads_verify(channel, &f), STATUS_OK); /* as an agent does */
    assert_int_equal(rectify_state_proven_load(profile.state, &proven, &f), STATUS_OK);
    assert_int_equal(proven.head.size, 19);
}

static void
a_server_that_lags_behind_is_no_fault(void **state)
{
    (void)state;
    command_ok(15);
    newest = 18;
    shown_size = 12; /* another server of the same database has not seen the last seal */
    struct rectify_answer answer;
    struct fault f;
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_OK);
    assert_int_equal(asked, 2);
    assert_false(rectify_file_exists(arena_printf(&arena, "%s/log-alarm", profile.state)));
}

static void
a_fork_is_refused_for_good(void **state)
{
    (void)state;
    /* of the same size; larger; and larger where nothing but the schedule would ask */
    static const uint64_t sizes[] = {30, 35};
    for (size_t i = 0; i < 2; i++) {
        struct fault f;
        begin();
        channel_open(5000);
        command_ok(30);
        shown = 1;
        newest = sizes[i];
        if (sizes[i] == 30) {
            refused(command(30, &f), &f, "LOG_FORKED");
        } else {
            command_ok(35); /* provisionally */
            refused(rectify_heads_verify(channel, &f), &f, "LOG_FORKED");
        }
        channel_open(5000);
        shown = 0; /* the true log again: the alarm stands, whatever is shown now */
        newest = 40;
        size_t before = fake.count;
        refused(command(40, &f), &f, "LOG_FORKED");
        assert_string_not_equal(fake.seen[(fake.count - 1) % CALLS_MAX].method, SIGN_FOR);
        assert_true(fake.count > before); /* it asked for declarations alone */
        char kept[512];
        assert_int_equal(rectify_heads_reset(profile.state, kept, sizeof kept, &f), STATUS_OK);
        assert_true(rectify_file_exists(arena_printf(&arena, "%s/log-alarm", kept)));
        channel_open(5000);
        command_ok(40);
        assert_int_equal(rectify_heads_reset(profile.state, kept, sizeof kept, &f), STATUS_OK);
    }
}

static void
a_rollback_is_refused_until_it_is_declared(void **state)
{
    (void)state;
    struct ledger_key other;
    struct fault f;
    int64_t since = 0;
    command_ok(18);
    command_ok(30);
    assert_int_equal(rectify_heads_verify(channel, &f), STATUS_OK);
    shown = 1;
    newest = 22;
    refused(command(21, &f), &f, "LOG_ROLLED_BACK");
    refused(command(22, &f), &f, "LOG_ROLLED_BACK");
    assert_false(rectify_channel_restored(channel, &since));
    /* Not by another key, not by a declaration older than the head that is given up. */
    ledger_key_make(&other);
    declare(19, server_ms + 1, &other);
    refused(command(22, &f), &f, "LOG_ROLLED_BACK");
    restore_count = 0;
    declare(19, server_ms - 1, &fake.ledger);
    refused(command(22, &f), &f, "LOG_ROLLED_BACK");
    /* Nor when what is kept from before the restored point is not in the log. */
    restore_count = 0;
    declare(22, server_ms + 5, &fake.ledger);
    struct ledger_head early = head_make(21); /* of log 1 */
    early.root.bytes[0] ^= 1U;
    struct ledger_head kept[2] = {early, early};
    kept[1].size = 30;
    assert_int_equal(ledger_head_sign(&kept[0], &fake.ledger, &f), STATUS_OK);
    struct arena a;
    struct ledger_head *saved = NULL;
    size_t count = 0;
    arena_init(&a, 1 << 20);
    assert_int_equal(rectify_state_heads_load(profile.state, &a, &saved, &count, &f), STATUS_OK);
    assert_int_equal(rectify_state_heads_save(profile.state, kept, 2, &f), STATUS_OK);
    refused(command(22, &f), &f, "LOG_ROLLED_BACK");
    assert_int_equal(rectify_state_heads_save(profile.state, saved, count, &f), STATUS_OK);
    arena_release(&a);
    /* Declared: accepted, told once, and the log grows from there. */
    restore_count = 0;
    declare(19, server_ms + 10, &fake.ledger);
    command_ok(22);
    assert_true(rectify_channel_restored(channel, &since));
    assert_int_equal(since, 900000 - LIMIT_UNSEALED_MS);
    assert_int_equal(rectify_channel_restored_done(channel, since, &f), STATUS_OK);
    assert_false(rectify_channel_restored(channel, &since));
    command_ok(25);
    assert_int_equal(rectify_heads_verify(channel, &f), STATUS_OK);
    assert_false(rectify_channel_restored(channel, &since));
    /* The same declaration does not serve twice. */
    shown = 0;
    newest = 21;
    server_ms += 100;
    refused(command(21, &f), &f, "LOG_ROLLED_BACK");
}

static void
a_restore_that_lost_nothing_sealed_is_told(void **state)
{
    (void)state;
    struct fault f;
    int64_t since = 0;
    declare(5, server_ms - 500, &fake.ledger); /* before this client's time */
    command_ok(10);
    assert_false(rectify_channel_restored(channel, &since));
    declare(10, server_ms + 10, &fake.ledger);
    newest = 11;
    assert_int_equal(rectify_heads_verify(channel, &f), STATUS_OK);
    assert_true(rectify_channel_restored(channel, &since));
    assert_int_equal(rectify_channel_restored_done(channel, since, &f), STATUS_OK);
    newest = 12;
    assert_int_equal(rectify_heads_verify(channel, &f), STATUS_OK);
    assert_false(rectify_channel_restored(channel, &since));
}

static void
what_cannot_be_asked_is_no_alarm(void **state)
{
    (void)state;
    struct fault f;
    off_line = true;
    command_ok(10);
    command_ok(15); /* it is asked again, in vain, and goes on */
    assert_int_equal(command(12, &f), STATUS_UNAVAILABLE);
    assert_string_equal(f.reason, "LOG_UNPROVEN");
    assert_true(rectify_channel_outcome(channel)->unknown);
    assert_false(rectify_file_exists(arena_printf(&arena, "%s/log-alarm", profile.state)));
    off_line = false;
    command_ok(16);
}

static void
heads_are_kept_by_number_and_by_day(void **state)
{
    (void)state;
    static struct ledger_head heads[1000];
    enum { HOUR = 3600000, DAYS = 41 };
    size_t count = 0;
    for (int i = 0; i < DAYS * 24; i++) {
        heads[count++] =
            (struct ledger_head){.size = (uint64_t)i + 1, .time_ms = (int64_t)i * HOUR};
        count = heads_prune(heads, count);
    }
    assert_in_range(count, LIMIT_HEADS_KEPT + DAYS - 4, LIMIT_HEADS_KEPT + DAYS);
    assert_int_equal(heads[count - 1].size, DAYS * 24);
    assert_int_equal(heads[count - LIMIT_HEADS_KEPT].size, DAYS * 24 - LIMIT_HEADS_KEPT + 1);
    assert_int_equal(heads[0].size, 24); /* the last of the first day */
    heads[count++] =
        (struct ledger_head){.size = 5000, .time_ms = (LIMIT_HEADS_DAYS + 30) * INT64_C(86400000)};
    count = heads_prune(heads, count);
    assert_true(heads[0].size > 24); /* too old by now */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_head_is_proven_now_and_then, heads_setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_that_lags_behind_is_no_fault, heads_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_fork_is_refused_for_good, heads_setup, teardown),
        cmocka_unit_test_setup_teardown(a_rollback_is_refused_until_it_is_declared, heads_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_restore_that_lost_nothing_sealed_is_told, heads_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_asked_is_no_alarm, heads_setup, teardown),
        cmocka_unit_test(heads_are_kept_by_number_and_by_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
