/* Calls in JSON: a method's name and text in and out, by the rules of json.h. For programs that do
 * not want structures: an OA system, a script that binds to C. Every message of the schema can be
 * sent so, and a program written this way needs no rebuilding when the schema grows.
 *
 * On top of a channel; the same thread rules.
 */
#ifndef CLIENT_LIB_JSON_CALL_H
#define CLIENT_LIB_JSON_CALL_H

#include "client/lib/channel.h"

/* Borrowed. */
struct rectify_json_request {
    const char *method; /* "rectify.v1.TodoService/ListTodo" */
    const char *json;   /* the request, one object; NULL: an empty one */
    const char *key;    /* idempotency key (UUID); NULL: a new one, used for every attempt */
    bool has_expected_version;
    int64_t expected_version;
    uint32_t timeout_ms;     /* of one attempt; 0: LIMIT_CALL_DEFAULT_MS */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* The message for a method's JSON, in the arena, as rectify_call and rectify_outbox_put take it.
 * UNIMPLEMENTED METHOD_UNKNOWN; faults of json_parse_message. Does not block. */
MUST_CHECK enum status rectify_json_message(struct arena *a, const char *method, const char *json,
                                            ProtobufCMessage **ret_message, struct fault *f);

/* rectify_call with JSON. *ret_json, in the arena, is one object:
 *     {"reply": {…}, "receipt": {…}, "replayed": true, "server_time_ms": …, "server_version": "…"}
 * receipt only where the method leaves one, replayed only when it is so. Faults of
 * rectify_json_message and rectify_call. Blocks as that does. */
MUST_CHECK enum status rectify_json_call(struct rectify_channel *channel, struct arena *a,
                                         const struct rectify_json_request *request,
                                         const char **ret_json, struct fault *f);

/* A fault as a JSON object, in the arena: {"code": "NOT_FOUND", "reason": …, "message": …,
 * "field": …, "current_version": …, "retry_after_ms": …}, the last three where they are set.
 * NULL when the arena is full. */
const char *rectify_json_fault(struct arena *a, const struct fault *f);

#endif
