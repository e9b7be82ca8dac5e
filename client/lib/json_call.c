#include "client/lib/json_call.h"
#include "client/lib/method.h"
#include "proto/rpc/json.h"

#include <stdlib.h>
#include <string.h>

enum status
rectify_json_message(struct arena *a, const char *method, const char *json,
                     ProtobufCMessage **ret_message, struct fault *f)
{
    struct rectify_method known;
    const char *text = json != NULL ? json : "{}";
    enum status status = rectify_method_find(method, &known, f);
    return status == STATUS_OK
               ? json_parse_message(a, known.request, text, strlen(text), ret_message, f)
               : status;
}

/* Takes the member over, also on failure. */
static bool
member_set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static enum status
message_set(json_t *object, const char *name, const ProtobufCMessage *message, struct fault *f)
{
    json_t *value = NULL;
    enum status status = json_from_message(message, &value, f);
    if (status == STATUS_OK && !member_set(object, name, value)) {
        status = fault_memory(f);
    }
    return status;
}

/* The object's text in the arena; NULL without memory. */
static const char *
text_of(struct arena *a, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    const char *copy = arena_strdup(a, text);
    free(text);
    return copy;
}

static enum status
answer_print(struct arena *a, const struct rectify_answer *answer, const char **ret_json,
             struct fault *f)
{
    json_t *object = json_object();
    enum status status =
        object != NULL ? message_set(object, "reply", answer->message, f) : fault_memory(f);
    if (status == STATUS_OK && answer->receipt != NULL) {
        status = message_set(object, "receipt", &answer->receipt->base, f);
    }
    bool good = status == STATUS_OK &&
                (!answer->replayed || member_set(object, "replayed", json_true())) &&
                member_set(object, "server_time_ms", json_integer(answer->server_time_ms)) &&
                (answer->server_version == NULL ||
                 member_set(object, "server_version", json_string(answer->server_version)));
    const char *text = good ? text_of(a, object) : NULL;
    json_decref(object);
    if (status == STATUS_OK && text == NULL) {
        status = fault_memory(f);
    }
    if (status == STATUS_OK) {
        *ret_json = text;
    }
    return status;
}

enum status
rectify_json_call(struct rectify_channel *channel, struct arena *a,
                  const struct rectify_json_request *request, const char **ret_json,
                  struct fault *f)
{
    ProtobufCMessage *message = NULL;
    struct rectify_answer answer;
    enum status status = rectify_json_message(a, request->method, request->json, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    struct rectify_request call = {
        .method = request->method,
        .message = message,
        .key = request->key,
        .has_expected_version = request->has_expected_version,
        .expected_version = request->expected_version,
        .timeout_ms = request->timeout_ms,
    };
    status = rectify_call(channel, a, &call, &answer, f);
    return status == STATUS_OK ? answer_print(a, &answer, ret_json, f) : status;
}

const char *
rectify_json_fault(struct arena *a, const struct fault *f)
{
    json_t *object = json_object();
    bool good = object != NULL && member_set(object, "code", json_string(status_name(f->code))) &&
                member_set(object, "reason", json_string(f->reason)) &&
                member_set(object, "message", json_string(f->message)) &&
                (f->field[0] == '\0' || member_set(object, "field", json_string(f->field))) &&
                (!f->has_current_version ||
                 member_set(object, "current_version", json_integer(f->current_version))) &&
                (f->retry_after_ms == 0 ||
                 member_set(object, "retry_after_ms", json_integer(f->retry_after_ms)));
    const char *text = good ? text_of(a, object) : NULL;
    json_decref(object);
    return text;
}
