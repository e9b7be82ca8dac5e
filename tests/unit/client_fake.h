/* A scripted server and a channel to it, for the tests of the client's library. */
#ifndef TESTS_UNIT_CLIENT_FAKE_H
#define TESTS_UNIT_CLIENT_FAKE_H

#include "client/lib/channel.h"
#include "client/lib/state.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "proto/rpc/server.h"
#include "tests/support/fixture.h"

#include <pthread.h>
#include <rectify/v1/audit.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HELPER __attribute__((unused)) static
#define MACHINE "0190e5a0-0000-7000-8000-0000000000aa"
#define SIGN_FOR "rectify.v1.MeasureService/SignFor"
#define LIST "rectify.v1.MeasureService/ListMeasures"

enum { CALLS_MAX = 64 };

/* One call as the server saw it. */
struct seen {
    char method[64];
    char call_id[UUID_TEXT_SIZE];
    char key[UUID_TEXT_SIZE];
    char session[64];
    bool signature_good;
};

struct fake {
    pthread_mutex_t lock;
    struct rpc_server *server;
    /* Fills the reply; false: no answer at all. n: number of the call, from 0. Under the lock. */
    bool (*answer)(struct fake *fake, size_t n, const Pb__CallRequest *call, Pb__CallReply *reply);
    struct seen seen[CALLS_MAX];
    size_t count;
    struct ledger_key ledger;
    unsigned char stored[3 * LIMIT_CHUNK_BYTES]; /* of an upload */
    size_t stored_size;
    size_t chunk_calls;
    int mode; /* of the script */
};

static struct fake fake;
static struct arena arena;
static struct rectify_profile profile;
static struct rectify_channel *channel;
static struct ledger_key machine_key;
static char folder[256]; /* a new one for each test */

/* ---- the server ---- */

HELPER bool
signature_check(const Pb__CallRequest *call)
{
    char hash[SECRET_HASH_HEX_SIZE] = "";
    struct fault f;
    if (call->session != NULL) {
        secret_token_hash_hex(call->session, hash);
    }
    struct signed_call pieces = {
        .tenant = call->tenant,
        .machine = call->machine,
        .session = hash,
        .on_behalf_of = call->on_behalf_of,
        .method = call->method,
        .idempotency_key = call->idempotency_key,
        .has_expected_version = call->has_expected_version,
        .expected_version = call->expected_version,
        .queued_at_ms = call->queued_at_ms,
        .client_version = call->client_version,
        .payload = call->payload.data,
        .payload_size = call->payload.len,
    };
    return signing_verify(&pieces, &machine_key.public, call->signature.data, call->signature.len,
                          &f) == STATUS_OK;
}

HELPER void
see(const Pb__CallRequest *call)
{
    struct seen *s = &fake.seen[fake.count % CALLS_MAX];
    *s = (struct seen){.signature_good = signature_check(call)};
    snprintf(s->method, sizeof s->method, "%s", call->method);
    snprintf(s->call_id, sizeof s->call_id, "%s", call->call_id);
    snprintf(s->key, sizeof s->key, "%s",
             call->idempotency_key != NULL ? call->idempotency_key : "");
    snprintf(s->session, sizeof s->session, "%s", call->session != NULL ? call->session : "");
}

HELPER void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t n)
{
    Pb__CallRequest *call = pb__call_request__unpack(NULL, n, bytes);
    Pb__CallReply reply = PB__CALL_REPLY__INIT;
    Pb__Status status = PB__STATUS__INIT;
    (void)ctx;
    assert_non_null(call);
    status.has_code = true;
    reply.status = &status;
    reply.call_id = call->call_id;
    pthread_mutex_lock(&fake.lock);
    see(call);
    bool answered = fake.answer(&fake, fake.count++, call, &reply);
    if (answered) {
        unsigned char *out = malloc(pb__call_reply__get_packed_size(&reply) + 1);
        assert_non_null(out);
        size_t size = pb__call_reply__pack(&reply, out);
        assert_int_equal(rpc_server_reply(fake.server, handle, out, size), STATUS_OK);
        free(out);
    }
    pthread_mutex_unlock(&fake.lock);
    pb__call_request__free_unpacked(call, NULL);
    free(bytes);
}

HELPER void
refuse(Pb__CallReply *reply, enum status code, const char *reason)
{
    static char text[64]; /* under the fake's lock until packed */
    snprintf(text, sizeof text, "%s", reason);
    reply->status->code = (int32_t)code;
    reply->status->reason = text;
}

/* A receipt with a head of that size, signed by key; root's first byte is mark. */
HELPER void
receipt_add(Pb__CallReply *reply, const struct ledger_key *key, uint64_t size, unsigned char mark)
{
    static Pb__Receipt receipt;
    static Pb__SignedHead head;
    static struct ledger_head signed_head;
    static unsigned char leaf[32];
    static char number[] = "2026-11-1";
    static char event[] = MACHINE;
    struct fault f;
    pb__receipt__init(&receipt);
    pb__signed_head__init(&head);
    signed_head = (struct ledger_head){.tenant = "sample", .size = size, .time_ms = 1000};
    signed_head.root.bytes[0] = mark;
    assert_int_equal(ledger_head_sign(&signed_head, key, &f), STATUS_OK);
    head.tenant = signed_head.tenant;
    head.has_tree_size = head.has_root = head.has_time_ms = head.has_signature = true;
    head.tree_size = size;
    head.root = (ProtobufCBinaryData){32, signed_head.root.bytes};
    head.time_ms = 1000;
    head.key_id = signed_head.key_id;
    head.signature = (ProtobufCBinaryData){64, signed_head.signature};
    receipt.number = number;
    receipt.event_id = event;
    receipt.has_leaf_hash = true;
    receipt.leaf_hash = (ProtobufCBinaryData){32, leaf};
    receipt.head = &head;
    reply->receipt = &receipt;
}

/* ---- set-up ---- */

HELPER void
channel_open(uint32_t deadline_ms)
{
    struct fault f;
    struct rectify_channel_options options = {
        .profile = &profile, .client_version = "rectify test", .deadline_ms = deadline_ms};
    rectify_channel_free(channel);
    channel = NULL;
    if (rectify_channel_open(&options, &channel, &f) != STATUS_OK) {
        fail_msg("%s", f.message);
    }
}

HELPER void
state_fill(void)
{
    struct fault f;
    struct rectify_session session = {.expires_at_ms = 1, .token = "old", .account = "unit01"};
    assert_int_equal(rectify_state_session_save(profile.state, &session, &f), STATUS_OK);
    assert_int_equal(rectify_state_machine_save(profile.state, MACHINE, &f), STATUS_OK);
    assert_int_equal(rectify_state_ledger_save(profile.state, &fake.ledger.public, &f), STATUS_OK);
    assert_int_equal(ledger_key_create(profile.machine_key, &machine_key, &f), STATUS_OK);
}

HELPER int
setup(void **state)
{
    struct fault f;
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    memset(&fake, 0, sizeof fake);
    pthread_mutex_init(&fake.lock, NULL);
    ledger_key_make(&fake.ledger);
    struct rpc_server_config config = {.url = "tcp://127.0.0.1:0", .on_message = on_message};
    if (rpc_server_start(&config, &fake.server, &f) != STATUS_OK) {
        return -1;
    }
    snprintf(folder, sizeof folder, "%s/channel-XXXXXX", test_dir());
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    profile = (struct rectify_profile){
        .name = "unit01",
        .file = "unit01.ini",
        .server = arena_printf(&arena, "tcp://127.0.0.1:%u", rpc_server_port(fake.server)),
        .server_name = "rectifyd",
        .tenant = "sample",
        .account = "unit01",
        .machine_key = arena_printf(&arena, "%s/machine.key", folder),
        .state = arena_printf(&arena, "%s/state", folder),
    };
    state_fill();
    channel_open(5000);
    return 0;
}

HELPER int
teardown(void **state)
{
    (void)state;
    rectify_channel_free(channel);
    channel = NULL;
    rpc_server_free(fake.server);
    arena_release(&arena);
    return 0;
}

HELPER enum status
call(const char *method, struct rectify_answer *answer, struct fault *f)
{
    static const Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    static const Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    struct rectify_request request = {
        .method = method,
        .message = strcmp(method, SIGN_FOR) == 0 ? &sign.base : &list.base,
        .timeout_ms = fake.mode == 99 ? 150 : 0,
    };
    *f = (struct fault){.code = STATUS_OK};
    return rectify_call(channel, &arena, &request, answer, f);
}

#endif
