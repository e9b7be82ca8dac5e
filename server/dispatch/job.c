/* Intake: bytes become a job, or a refusal. Runs on transport threads; never blocks. */
#include "server/dispatch/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/now.h"
#include "proto/rpc/wirecheck.h"

bool
job_alive(const struct job *job)
{
    return job->to.alive == NULL || job->to.alive(job->to.ctx, job->to.handle);
}

static enum job_class
class_of(enum method_kind kind)
{
    switch (kind) {
    case METHOD_COMMAND:
        return JOB_COMMAND;
    case METHOD_SLOW:
        return JOB_SLOW;
    case METHOD_QUERY:
    case METHOD_PARKED:
        break;
    }
    return JOB_QUERY;
}

static bool
short_enough(const char *text, size_t max)
{
    return text == NULL || strlen(text) <= max;
}

static enum status
check_envelope(const Pb__CallRequest *e, struct fault *fault)
{
    if (!short_enough(e->tenant, LIMIT_TENANT_BYTES)) {
        return fault_set_field(fault, "tenant", "TOO_LONG", "租户代码超过 %d 字节。",
                               LIMIT_TENANT_BYTES);
    }
    if (!short_enough(e->call_id, 128)) {
        return fault_set_field(fault, "call_id", "TOO_LONG", "call_id 超过 128 字节。");
    }
    if (!short_enough(e->client_version, 64)) {
        return fault_set_field(fault, "client_version", "TOO_LONG",
                               "client_version 超过 64 字节。");
    }
    if (!short_enough(e->on_behalf_of, LIMIT_NAME_BYTES) || !short_enough(e->session, 256)) {
        return fault_set_field(fault, "session", "TOO_LONG", "session 或 on_behalf_of 过长。");
    }
    if (e->machine != NULL && !uuid_text_valid(e->machine)) {
        return fault_set_field(fault, "machine", "MACHINE_FORM",
                               "machine 应为 UUID（小写，36 个字符）。");
    }
    if (e->has_timeout_ms && (e->timeout_ms < 1 || e->timeout_ms > LIMIT_CALL_MAX_MS)) {
        return fault_set_field(fault, "timeout_ms", "TIMEOUT_RANGE",
                               "timeout_ms 应在 1 到 %d 之间。", LIMIT_CALL_MAX_MS);
    }
    return STATUS_OK;
}

static enum status
check_key(const Pb__CallRequest *e, struct fault *fault)
{
    const char *key = e->idempotency_key;
    if (key == NULL) {
        return fault_set_field(fault, "idempotency_key", "KEY_MISSING",
                               "办理类请求必须带幂等键（UUIDv7），重试时保持不变。");
    }
    if (!uuid_text_valid(key) || key[14] != '7') {
        return fault_set_field(fault, "idempotency_key", "KEY_FORM",
                               "幂等键应为 UUIDv7（小写，36 个字符）。");
    }
    return STATUS_OK;
}

static enum status
find_handler(struct dispatch *d, struct job *job, struct fault *fault)
{
    const char *name = job->envelope->method;
    const struct method_slot *slot = name == NULL ? NULL : methods_find(&d->methods, name);
    if (slot == NULL || slot->handler == NULL) {
        return fault_set(fault, STATUS_UNIMPLEMENTED, "METHOD_UNKNOWN",
                         "服务端没有方法 %.96s：请核对名称，或升级服务端。",
                         name == NULL ? "（空）" : name);
    }
    job->handler = slot->handler;
    job->class_ = class_of(slot->handler->kind);
    if (slot->handler->auth == AUTH_SYSTEM && !job->system) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "SYSTEM_ONLY",
                         "这个方法只由系统时钟调用。");
    }
    if (job->to.onboard && (slot->handler->flags & HANDLER_ONBOARD) == 0) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "DOOR_FORBIDS",
                         "这个端口只办理开通和换发证书：其他事项请连接服务的主端口。");
    }
    bool needs_tenant = slot->handler->auth != AUTH_PUBLIC || job->class_ != JOB_QUERY;
    if (needs_tenant && (job->envelope->tenant == NULL || job->envelope->tenant[0] == '\0')) {
        return fault_set_field(fault, "tenant", "TENANT_MISSING", "请求没有写明租户（区县代码）。");
    }
    return STATUS_OK;
}

static const struct principal nobody = {.tenant_code = ""};

static enum status
name_subjects(struct job *job, struct fault *fault)
{
    job->subjects = (struct subject_set){.arena = &job->arena, .tenant = job->envelope->tenant};
    subject_add(&job->subjects, "key", job->envelope->idempotency_key);
    if (job->handler->subjects != NULL) {
        struct call call = {
            .arena = &job->arena,
            .handler = job->handler,
            .who = &nobody,
            .envelope = job->envelope,
            .request = job->request,
        };
        job->handler->subjects(&call, &job->subjects);
    }
    if (job->subjects.overflow) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TOO_MANY_SUBJECTS",
                         "一次办理的事项超过 %d 件，请分批。", LIMIT_SUBJECTS);
    }
    return STATUS_OK;
}

enum status
job_unpack(struct dispatch *d, struct job *job, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    job->envelope = NULL;
    arena_init(&job->arena, LIMIT_UNPACK_BYTES);
    enum status s = wire_unpack(&job->arena, &pb__call_request__descriptor, job->bytes, job->size,
                                &message, fault);
    if (s != STATUS_OK) {
        return s;
    }
    job->envelope = (Pb__CallRequest *)message;
    s = check_envelope(job->envelope, fault);
    if (s == STATUS_OK) {
        s = find_handler(d, job, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    const ProtobufCBinaryData *payload = &job->envelope->payload;
    if (payload->len > LIMIT_PAYLOAD_BYTES) {
        return fault_set_field(fault, "payload", "PAYLOAD_TOO_LARGE", "请求内容超过 %zu 字节。",
                               LIMIT_PAYLOAD_BYTES);
    }
    s = wire_unpack(&job->arena, job->handler->request, payload->data, payload->len, &message,
                    fault);
    if (s == STATUS_OK) {
        job->request = message;
    }
    if (s == STATUS_OK && job->class_ != JOB_QUERY) {
        s = check_key(job->envelope, fault);
        if (s == STATUS_OK) {
            s = name_subjects(job, fault);
        }
    }
    return s;
}

enum status
job_make(struct dispatch *d, unsigned char *bytes, size_t size, struct reply_to to, bool system,
         struct job **ret_job, struct fault *fault)
{
    struct job *job = calloc(1, sizeof *job);
    *ret_job = job;
    if (job == NULL) {
        free(bytes);
        return fault_memory(fault);
    }
    job->bytes = bytes;
    job->size = size;
    job->weight = size + sizeof *job;
    job->to = to;
    job->system = system;
    enum status s = job_unpack(d, job, fault);
    if (s != STATUS_OK) {
        return s;
    }
    uint32_t timeout =
        job->envelope->has_timeout_ms ? job->envelope->timeout_ms : LIMIT_CALL_DEFAULT_MS;
    job->deadline_ms = now_steady_ms() + timeout;
    if (job->handler->kind != METHOD_PARKED) {
        free(job->bytes); /* everything was copied */
        job->bytes = NULL;
    }
    return STATUS_OK;
}
