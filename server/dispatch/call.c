/* What handlers are given to work with: ids, messages, changes. */
#include "server/dispatch/handler.h"

#include "proto/rpc/wirecheck.h"

#include <protobuf-c/protobuf-c.h>

bool
call_change(struct call *call, const char *kind, const char *id, const char *ref, int64_t version,
            const ProtobufCMessage *record)
{
    void *items = call->changes;
    Pb__Change **place =
        arena_grow(call->arena, &items, call->change_count, &call->change_capacity, sizeof *place);
    Pb__Change *change = call_message(call, &pb__change__descriptor);
    if (place == NULL || change == NULL) {
        return false;
    }
    call->changes = items;
    change->kind = arena_strdup(call->arena, kind);
    change->id = arena_strdup(call->arena, id);
    change->ref = arena_strdup(call->arena, ref);
    change->has_version = true;
    change->version = version;
    if (change->kind == NULL || change->id == NULL || (ref != NULL && change->ref == NULL)) {
        return false;
    }
    if (record != NULL) {
        size_t size = protobuf_c_message_get_packed_size(record);
        change->record.data = arena_alloc(call->arena, size);
        if (change->record.data == NULL) {
            return false;
        }
        change->has_record = true;
        change->record.len = protobuf_c_message_pack(record, change->record.data);
    }
    *place = change;
    call->change_count++;
    return true;
}

Pb__Change *
call_last_change(struct call *call)
{
    return call->change_count == 0 ? NULL : call->changes[call->change_count - 1];
}

const char *
call_new_id(struct call *call)
{
    char *text = arena_alloc(call->arena, UUID_TEXT_SIZE);
    if (text != NULL) {
        uuid7_next(&call->ids, text);
    }
    return text;
}

void *
call_message(struct call *call, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(call->arena, descriptor->sizeof_message);
    if (message != NULL) {
        descriptor->message_init(message);
    }
    return message;
}

struct signed_call
call_signed_part(const Pb__CallRequest *envelope, char session[SECRET_HASH_HEX_SIZE])
{
    session[0] = '\0';
    if (envelope->session != NULL) {
        secret_token_hash_hex(envelope->session, session);
    }
    return (struct signed_call){
        .tenant = envelope->tenant,
        .machine = envelope->machine,
        .session = session,
        .on_behalf_of = envelope->on_behalf_of,
        .method = envelope->method,
        .idempotency_key = envelope->idempotency_key,
        .has_expected_version = envelope->has_expected_version,
        .expected_version = envelope->expected_version,
        .queued_at_ms = envelope->queued_at_ms,
        .client_version = envelope->client_version,
        .payload = envelope->payload.data,
        .payload_size = envelope->payload.len,
    };
}

Pb__CallReply *
call_stored_reply(struct call *call, const unsigned char *bytes, size_t size)
{
    struct fault ignored;
    ProtobufCMessage *message = NULL;
    enum status s =
        wire_unpack(call->arena, &pb__call_reply__descriptor, bytes, size, &message, &ignored);
    return s == STATUS_OK ? (Pb__CallReply *)message : NULL;
}
