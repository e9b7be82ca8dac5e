#include "server/handler/record_hash.h"

#include "server/handler/common.h"

#include <sodium.h>

_Static_assert(crypto_hash_sha256_BYTES == APPROVAL_HASH_BYTES, "an approval keeps a SHA-256");

static enum status
hash_message(struct call *call, const ProtobufCMessage *m, unsigned char *ret_sha256)
{
    size_t size = m == NULL ? 0 : protobuf_c_message_get_packed_size(m);
    unsigned char *bytes = m == NULL ? NULL : arena_alloc(call->arena, size);
    if (bytes == NULL) {
        return handler_no_memory(call);
    }
    protobuf_c_message_pack(m, bytes);
    crypto_hash_sha256(ret_sha256, bytes, size);
    return STATUS_OK;
}

enum status
measure_sha256(struct call *call, const struct measure_record *m,
               unsigned char ret_sha256[APPROVAL_HASH_BYTES])
{
    Pb__Measure *record = measure_stable_message(m, call->arena);
    return hash_message(call, record == NULL ? NULL : &record->base, ret_sha256);
}

enum status
closing_sha256(struct call *call, const struct problem_record *p,
               const struct problem_measure_list *measures,
               unsigned char ret_sha256[APPROVAL_HASH_BYTES])
{
    Pb__ClosingRecord *record = problem_closing_record(p, measures, call->arena);
    return hash_message(call, record == NULL ? NULL : &record->base, ret_sha256);
}
