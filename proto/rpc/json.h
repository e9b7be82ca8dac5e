/* JSON: messages to JSON text and back, driven by their descriptors.
 *
 * The rules are proto3's JSON mapping, but for what clients rely on here:
 *   names       the .proto's own, snake_case, out and in; no other spelling is accepted
 *   64-bit      numbers when within ±2^53, strings beyond; both are accepted
 *   enums       by name; a defined number is accepted too
 *   bytes       base64 (standard alphabet, padded); padding may be missing on input
 *   repeated    always printed, also when empty: []
 *   optional    omitted when absent (has_x false, NULL); null on input means absent
 *   doubles     numbers; "NaN", "Infinity", "-Infinity" as strings
 * Fields are printed in the order of their tags. An unknown name in the input is refused.
 *
 * Pure; any thread. Depth is bounded by the types (wire_descriptor_check), not by the input.
 */
#ifndef PROTO_RPC_JSON_H
#define PROTO_RPC_JSON_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* A new JSON object for the message (the caller's reference: json_decref). RESOURCE_EXHAUSTED
 * without memory; INTERNAL JSON_VALUE for a string that is no UTF-8 or an enum value without name.
 */
MUST_CHECK enum status json_from_message(const ProtobufCMessage *message, json_t **ret_json,
                                         struct fault *f);

/* The text in the arena, NUL-terminated: one line, or indented by two when pretty. */
MUST_CHECK enum status json_print_message(struct arena *a, const ProtobufCMessage *message,
                                          bool pretty, const char **ret_text, struct fault *f);

/* The message for a JSON object; everything is copied into the arena. INVALID_ARGUMENT with the
 * path of the field ("rows[3].percent") and JSON_UNKNOWN_FIELD, JSON_TYPE, JSON_RANGE, JSON_ENUM,
 * JSON_BASE64, JSON_ONEOF; RESOURCE_EXHAUSTED. */
MUST_CHECK enum status json_to_message(struct arena *a,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       const json_t *json, ProtobufCMessage **ret_message,
                                       struct fault *f);

/* The same from text (UTF-8, one object, no duplicate names). JSON_SYNTAX says line and column. */
MUST_CHECK enum status json_parse_message(struct arena *a,
                                          const ProtobufCMessageDescriptor *descriptor,
                                          const char *text, size_t n,
                                          ProtobufCMessage **ret_message, struct fault *f);

#endif
