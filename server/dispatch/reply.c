/* Replies: from a fault and a message to packed bytes, and the end of a job. */
#include "server/dispatch/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/wire_text.h"
#include "proto/rpc/wirecheck.h"

static bool
reply_violation(struct arena *a, const struct fault *fault, Pb__Status *status)
{
    Pb__FieldViolation *v = arena_alloc(a, sizeof *v);
    Pb__FieldViolation **list = arena_alloc(a, sizeof(Pb__FieldViolation *));
    if (v == NULL || list == NULL) {
        return false;
    }
    pb__field_violation__init(v);
    v->field = arena_strdup(a, fault->field);
    v->reason = status->reason;
    v->message = status->message;
    list[0] = v;
    status->violations = list;
    status->n_violations = 1;
    return v->field != NULL;
}

Pb__CallReply *
reply_make(struct arena *a, const struct fault *fault)
{
    Pb__CallReply *reply = arena_alloc(a, sizeof *reply);
    Pb__Status *status = arena_alloc(a, sizeof *status);
    if (reply == NULL || status == NULL) {
        return NULL;
    }
    pb__call_reply__init(reply);
    pb__status__init(status);
    reply->status = status;
    status->has_code = 1;
    status->code = (int32_t)fault->code;
    if (fault->code == STATUS_OK) {
        return reply;
    }
    status->reason = arena_strdup(a, fault->reason);
    status->message =
        arena_strdup(a, fault->message[0] == '\0' ? status_text_zh(fault->code) : fault->message);
    status->has_current_version = fault->has_current_version;
    status->current_version = fault->current_version;
    status->has_retry_after_ms = fault->retry_after_ms != 0;
    status->retry_after_ms = fault->retry_after_ms;
    if (status->reason == NULL || status->message == NULL ||
        (fault->field[0] != '\0' && !reply_violation(a, fault, status))) {
        return NULL;
    }
    return reply;
}

static void
job_free(struct job *job)
{
    free(job->bytes);
    arena_release(&job->arena);
    free(job);
}

void
job_finish(struct dispatch *d, struct job *job, Pb__CallReply *reply)
{
    reply->call_id = job->envelope == NULL ? NULL : job->envelope->call_id;
    reply->server_version = wire_text(d->config.server_version);
    reply->has_server_time_ms = 1;
    reply->server_time_ms = clock_now_ms(d->config.clock);
    size_t size = pb__call_reply__get_packed_size(reply);
    unsigned char *bytes = malloc(size == 0 ? 1 : size);
    if (bytes == NULL) {
        abort(); /* a caller that never hears would be worse */
    }
    pb__call_reply__pack(reply, bytes);
    struct reply_to to = job->to;
    job_free(job);
    to.fn(to.ctx, to.handle, bytes, size);
}

void
job_refuse(struct dispatch *d, struct job *job, const struct fault *fault)
{
    struct arena a;
    arena_init(&a, LIMIT_FRAME_BYTES);
    Pb__CallReply *reply = reply_make(&a, fault);
    if (reply == NULL) {
        abort();
    }
    job_finish(d, job, reply);
    arena_release(&a);
}
