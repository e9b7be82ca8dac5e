/* Inside of the JSON codec: messages in memory, as protobuf-c lays them out. Shared by json.c (out)
 * and json_parse.c (in) alone. */
#ifndef PROTO_RPC_JSON_IMPL_H
#define PROTO_RPC_JSON_IMPL_H

#include "proto/base/limits.h"
#include "proto/rpc/json.h"

#include <stdint.h>
#include <string.h>

/* The bytes of a field in a message. */
static inline const void *
json_member(const ProtobufCMessage *m, unsigned offset)
{
    return (const unsigned char *)m + offset;
}

/* Size in memory of one value of the field. */
size_t json_element_size(const ProtobufCFieldDescriptor *f);

static inline bool
json_is_oneof(const ProtobufCFieldDescriptor *f)
{
    return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

MUST_CHECK enum status json_fault_memory(struct fault *f);

#endif
