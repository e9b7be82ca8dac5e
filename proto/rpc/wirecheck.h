/* Wire check: looks at the bytes of a protobuf message before protobuf-c may unpack them.
 *
 * protobuf-c accepts invalid UTF-8, cuts strings at NUL, takes undefined enum values, and lets 1
 * MiB allocate 92. This check refuses all that, by the descriptor, without recursion and without
 * memory. Fields it does not know are ignored, but must be well-formed (newer clients). Lengths of
 * particular texts are the services' business.
 *
 * Pure; any thread.
 */
#ifndef PROTO_RPC_WIRECHECK_H
#define PROTO_RPC_WIRECHECK_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/* Checks n bytes as one message of that type: tags, lengths, wire types, minimal varints, ranges of
 * 32-bit and bool values, defined enum values, UTF-8 without NUL, no singular field or oneof twice,
 * depth <= LIMIT_WIRE_DEPTH, fields <= LIMIT_WIRE_FIELDS, elements of one repeated field <=
 * LIMIT_WIRE_REPEATED. INVALID_ARGUMENT, the fault naming the field by its path
 * ("rows[3].narrative"; "" for the message itself) with a reason WIRE_…. */
MUST_CHECK enum status wire_check(const ProtobufCMessageDescriptor *descriptor,
                                  const unsigned char *bytes, size_t n, struct fault *f);

/* Checks, then unpacks into the arena; the message lives as long as the arena, never free it.
 * RESOURCE_EXHAUSTED WIRE_TOO_LARGE when the arena's cap is reached. The bytes are copied. */
MUST_CHECK enum status wire_unpack(struct arena *a, const ProtobufCMessageDescriptor *descriptor,
                                   const unsigned char *bytes, size_t n,
                                   ProtobufCMessage **ret_message, struct fault *f);

/* Packs into the arena. RESOURCE_EXHAUSTED when it is full. */
MUST_CHECK enum status wire_pack(struct arena *a, const ProtobufCMessage *message,
                                 unsigned char **ret_bytes, size_t *ret_n);

/* Looks at a message type and all it contains: INTERNAL SCHEMA_RECURSIVE, SCHEMA_TOO_DEEP (over
 * LIMIT_WIRE_DEPTH), SCHEMA_TOO_WIDE (over WIRE_TYPE_FIELDS fields) or SCHEMA_REQUIRED, naming the
 * type. For start-up and the lint test. */
MUST_CHECK enum status wire_descriptor_check(const ProtobufCMessageDescriptor *descriptor,
                                             struct fault *f);

/* Fields one message type may declare; wire_check needs a counter for each. */
enum { WIRE_TYPE_FIELDS = 128 };

#endif
