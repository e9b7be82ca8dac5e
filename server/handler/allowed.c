#include "server/handler/allowed.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/common.pb-c.h"
#include "server/handler/common.h"

enum status
allowed_reply(struct call *call, const struct workflow_option *options, size_t count,
              const char *state, int64_t version)
{
    Pb__AllowedCommandsReply *reply = call_message(call, &pb__allowed_commands_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->commands = arena_array(call->arena, count, sizeof *reply->commands);
    for (size_t i = 0; reply->commands != NULL && i < count; i++) {
        const struct workflow_option *o = &options[i];
        Pb__AllowedCommand *c = call_message(call, &pb__allowed_command__descriptor);
        if (c == NULL) {
            return handler_no_memory(call);
        }
        c->command = wire_text(o->command);
        c->command_zh = wire_text(o->command_zh);
        c->has_allowed = 1;
        c->allowed = o->allowed;
        if (!o->allowed) {
            c->reason = wire_text(o->reason);
            c->message = wire_text(o->reason_zh);
        }
        reply->commands[reply->n_commands++] = c;
    }
    reply->state = wire_text(state);
    reply->has_version = 1;
    reply->version = version;
    call->reply = &reply->base;
    return STATUS_OK;
}
