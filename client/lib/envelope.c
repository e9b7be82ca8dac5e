#include "client/lib/envelope.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "proto/rpc/wirecheck.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* protobuf-c's fields are not const; packing does not write to them. */
static char *
unconst(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};
    return u.out;
}

enum status
envelope_prepare(struct arena *a, const struct rectify_request *request, struct envelope *envelope,
                 struct fault *f)
{
    assert(request->message->descriptor == envelope->method.request);
    enum status status =
        wire_pack(a, request->message, &envelope->payload, &envelope->payload_size);
    if (status != STATUS_OK || envelope->payload_size > LIMIT_PAYLOAD_BYTES) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "REQUEST_TOO_LARGE",
                         "内容太大（上限 %zu 字节）：请分几次报送，或改为纯文本再试。",
                         (size_t)LIMIT_PAYLOAD_BYTES);
    }
    envelope->request = request;
    return STATUS_OK;
}

static void
sign(const struct rectify_channel *channel, const Pb__CallRequest *call, const char *session_hash,
     unsigned char ret_signature[LEDGER_SIGNATURE_BYTES])
{
    struct signed_call pieces = {
        .tenant = call->tenant,
        .machine = call->machine,
        .session = session_hash,
        .on_behalf_of = call->on_behalf_of,
        .method = call->method,
        .idempotency_key = call->idempotency_key,
        .has_expected_version = call->has_expected_version,
        .expected_version = call->has_expected_version ? call->expected_version : 0,
        .queued_at_ms = call->queued_at_ms,
        .client_version = call->client_version,
        .payload = call->payload.data,
        .payload_size = call->payload.len,
    };
    signing_sign(&pieces, &channel->key, ret_signature);
}

/* A unit's work is done on its behalf (代报), and one looks at things in one's own name. Whoever
 * stands in for a person (代行, "@account") sits in his seat for both. */
static const char *
behalf_of(const struct rectify_channel *channel, const struct envelope *envelope)
{
    const char *whom = channel->options.on_behalf_of;
    bool person = whom != NULL && whom[0] == '@';
    return envelope->method.session && (envelope->method.command || person) ? whom : NULL;
}

enum status
envelope_pack(struct rectify_channel *channel, struct arena *a, const struct envelope *envelope,
              uint32_t timeout_ms, struct envelope_frame *ret_frame, struct fault *f)
{
    const struct rectify_request *request = envelope->request;
    bool with_session = envelope->method.session && channel->session.token[0] != '\0';
    char session_hash[SECRET_HASH_HEX_SIZE] = "";
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    struct envelope_frame frame;
    Pb__CallRequest call = PB__CALL_REQUEST__INIT;

    uuid7_next(&channel->ids, frame.call_id);
    call.tenant = unconst(channel->options.profile->tenant);
    call.method = unconst(request->method);
    call.call_id = frame.call_id;
    call.has_timeout_ms = true;
    call.timeout_ms = timeout_ms;
    call.client_version = unconst(channel->options.client_version);
    call.on_behalf_of = unconst(behalf_of(channel, envelope));
    call.has_queued_at_ms = true;
    call.queued_at_ms = envelope->queued_at_ms;
    call.has_expected_version = request->has_expected_version;
    call.expected_version = request->expected_version;
    call.idempotency_key = unconst(envelope->key[0] != '\0' ? envelope->key : NULL);
    call.has_payload = true;
    call.payload.data = envelope->payload;
    call.payload.len = envelope->payload_size;
    if (with_session) {
        call.session = channel->session.token;
        secret_token_hash_hex(call.session, session_hash);
    }
    if (channel->machine[0] != '\0' && envelope->method.machine) {
        call.machine = channel->machine;
    }
    if (channel->has_key) {
        sign(channel, &call, session_hash, signature);
        call.has_signature = true;
        call.signature.data = signature;
        call.signature.len = sizeof signature;
    }
    if (wire_pack(a, &call.base, &frame.bytes, &frame.n) != STATUS_OK) {
        return fault_memory(f);
    }
    *ret_frame = frame;
    return STATUS_OK;
}

static enum status
malformed(const char *what, struct fault *f)
{
    struct fault inner = {.code = STATUS_OK};
    if (f != NULL) {
        inner = *f;
    }
    return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED",
                     "服务器的答复读不懂（%s；%s %s）：本机程序的版本可能太旧，请升级后再试。",
                     what, inner.reason, inner.field);
}

enum status
envelope_unpack(struct arena *a, const unsigned char *bytes, size_t n, const char *call_id,
                const Pb__CallReply **ret_reply, struct fault *f)
{
    ProtobufCMessage *message = NULL;
    enum status status = wire_unpack(a, &pb__call_reply__descriptor, bytes, n, &message, f);
    if (status == STATUS_RESOURCE_EXHAUSTED) {
        return status;
    }
    if (status != STATUS_OK) {
        return malformed("信封", f);
    }
    const Pb__CallReply *reply = (const Pb__CallReply *)message;
    if (reply->status == NULL || !reply->status->has_code) {
        return malformed("没有结果", f);
    }
    if (reply->call_id != NULL && reply->call_id[0] != '\0' &&
        strcmp(reply->call_id, call_id) != 0) {
        return malformed("答非所问", f);
    }
    *ret_reply = reply;
    return STATUS_OK;
}

enum status
envelope_status(const Pb__CallReply *reply, struct fault *f)
{
    const Pb__Status *from = reply->status;
    enum status status = status_from_int(from->code);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    const char *message =
        from->message != NULL && from->message[0] != '\0' ? from->message : status_text_zh(status);
    const char *reason =
        from->reason != NULL && from->reason[0] != '\0' ? from->reason : status_name(status);
    (void)fault_set(f, status, reason, "%s", message);
    if (f != NULL) {
        f->has_current_version = from->has_current_version;
        f->current_version = from->current_version;
        f->retry_after_ms = from->has_retry_after_ms ? from->retry_after_ms : 0;
        if (from->n_violations > 0 && from->violations[0]->field != NULL) {
            snprintf(f->field, sizeof f->field, "%s", from->violations[0]->field);
        }
    }
    return status;
}

enum status
envelope_message(struct arena *a, const Pb__CallReply *reply,
                 const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_message,
                 struct fault *f)
{
    static const unsigned char nothing[1] = {0};
    const unsigned char *bytes =
        reply->has_payload && reply->payload.len > 0 ? reply->payload.data : nothing;
    size_t n = reply->has_payload ? reply->payload.len : 0;
    enum status status = wire_unpack(a, descriptor, bytes, n, ret_message, f);
    if (status == STATUS_OK || status == STATUS_RESOURCE_EXHAUSTED) {
        return status;
    }
    return malformed(descriptor->name, f);
}
