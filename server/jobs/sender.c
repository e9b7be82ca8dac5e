#include "server/jobs/sender.h"

#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/job.pb-c.h"
#include "server/base/log.h"
#include "server/jobs/endpoint.h"
#include "server/jobs/worker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORTIONS_MAX = 200, /* of one step in one round */
    BACKOFF_FIRST_MS = 30000,
    BACKOFF_LAST_MS = 3600000,
};

struct sender {
    struct sender_config config;
    struct worker *worker;
    atomic_uint_fast64_t rounds;
    size_t bad_files; /* said in the log when it changes */
};

int64_t
sender_backoff_ms(int attempt, unsigned jitter)
{
    int64_t wait = BACKOFF_FIRST_MS;
    for (int i = 1; i < attempt && wait < BACKOFF_LAST_MS; i++) {
        wait *= 2;
    }
    if (wait > BACKOFF_LAST_MS) {
        wait = BACKOFF_LAST_MS;
    }
    return wait * 3 / 4 + wait / 2 * (int64_t)(jitter % 1000) / 1000;
}

/* ---- one round ---- */

/* What one round of one tenant works with; its arena is released after the round. */
struct round {
    const struct sender_config *config;
    const char *tenant;
    struct arena *arena;
    const struct endpoint_list *endpoints;
    const struct worker *worker; /* NULL: by hand */
};

static bool
must_end(const struct round *r)
{
    return r->worker != NULL && worker_stopping(r->worker);
}

/* Calls a job; the reply as its message, to be freed by the caller. */
static enum status
call(const struct round *r, const char *method, const ProtobufCMessage *request,
     const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_reply,
     struct fault *fault)
{
    Pb__CallReply *reply = NULL;
    struct arena a;
    arena_init(&a, LIMIT_UNPACK_BYTES);
    enum status s =
        dispatch_call_system(r->config->dispatch, r->tenant, method, request, &a, &reply);
    if (s != STATUS_OK) {
        fault_set(fault, s, "JOB_NOT_RUN", "外发任务 %s 没有运行。", method);
    } else if (reply->status != NULL && reply->status->code != STATUS_OK) {
        s = fault_set(fault, status_from_int(reply->status->code),
                      reply->status->reason == NULL ? "JOB_REFUSED" : reply->status->reason,
                      "外发任务 %s：%s", method,
                      reply->status->message == NULL ? "" : reply->status->message);
    } else {
        *ret_reply =
            protobuf_c_message_unpack(descriptor, NULL, reply->payload.len, reply->payload.data);
        s = *ret_reply == NULL ? fault_set(fault, STATUS_INTERNAL, "JOB_REPLY",
                                           "外发任务 %s 的答复读不懂。", method)
                               : STATUS_OK;
    }
    arena_release(&a);
    return s;
}

static enum status
queue_new(const struct round *r, struct fault *fault)
{
    Pb__QueueMessagesRequest request = PB__QUEUE_MESSAGES_REQUEST__INIT;
    request.endpoints = arena_array(r->arena, r->endpoints->count + 1, sizeof *request.endpoints);
    for (size_t i = 0; request.endpoints != NULL && i < r->endpoints->count; i++) {
        const struct endpoint *e = &r->endpoints->items[i];
        char *name = arena_printf(r->arena, "%s/%s", e->org, channel_name(e->channel));
        if (name != NULL) {
            request.endpoints[request.n_endpoints++] = name;
        }
    }
    bool more = true;
    enum status s = STATUS_OK;
    for (int i = 0; s == STATUS_OK && more && i < PORTIONS_MAX && !must_end(r); i++) {
        ProtobufCMessage *reply = NULL;
        s = call(r, "rectify.v1.JobService/QueueMessages", &request.base,
                 &pb__job_reply__descriptor, &reply, fault);
        if (s == STATUS_OK) {
            const Pb__JobReply *done = (const Pb__JobReply *)reply;
            more = done->has_more && done->more;
            protobuf_c_message_free_unpacked(reply, NULL);
        }
    }
    return s;
}

/* Sends one; the result lives in the round's arena. */
static Pb__MessageResult *
send_one(const struct round *r, const Pb__TakenMessage *taken, const char *link_url)
{
    Pb__MessageResult *result = arena_alloc(r->arena, sizeof *result);
    struct notifier_result out = {{0}, false};
    if (result == NULL) {
        return NULL;
    }
    pb__message_result__init(result);
    enum outside_channel channel = channel_from_name(taken->channel);
    const struct endpoint *e = endpoint_find(r->endpoints, taken->address, channel);
    if (channel == CHANNEL_MAIL) {
        e = endpoint_find(r->endpoints, NULL, channel);
    }
    if (e == NULL) {
        memcpy(out.error, "ENDPOINT_MISSING", sizeof "ENDPOINT_MISSING");
        out.permanent = true;
    } else {
        const struct notifier_message message = {taken->id, taken->count, link_url};
        const struct notifier_target target = {channel, taken->address, e->url, e->secret};
        const struct notifier *n = r->config->notifier;
        n->send(n, &target, &message, clock_now_ms(r->config->clock), &out);
    }
    uint16_t jitter = 0;
    secret_random(&jitter, sizeof jitter);
    result->id = arena_strdup(r->arena, taken->id);
    result->error = out.error[0] == '\0' ? NULL : arena_strdup(r->arena, out.error);
    result->has_permanent = 1;
    result->permanent = out.permanent;
    result->has_retry_after_ms = 1;
    result->retry_after_ms = sender_backoff_ms(taken->attempt, jitter);
    return result->id == NULL ? NULL : result;
}

static void
log_result(const struct round *r, const Pb__TakenMessage *taken, const Pb__MessageResult *result)
{
    const struct log_field fields[] = {
        log_text("tenant", r->tenant),
        log_text("channel", taken->channel),
        log_text("delivery", taken->id),
        log_int("attempt", taken->attempt),
        log_text("result", result->error == NULL ? "SENT" : result->error),
    };
    log_event(result->error == NULL ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "outside.send", fields, 5);
}

static enum status
settle(const struct round *r, Pb__MessageResult **results, size_t n, struct fault *fault)
{
    Pb__SettleMessagesRequest request = PB__SETTLE_MESSAGES_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    request.results = results;
    request.n_results = n;
    enum status s = call(r, "rectify.v1.JobService/SettleMessages", &request.base,
                         &pb__job_reply__descriptor, &reply, fault);
    if (s == STATUS_OK) {
        protobuf_c_message_free_unpacked(reply, NULL);
    }
    return s;
}

/* Each is settled as soon as it was sent: what dies in between is sent twice at most once. */
static enum status
send_taken(const struct round *r, const Pb__TakeMessagesReply *taken, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < taken->n_messages; i++) {
        Pb__MessageResult *result =
            send_one(r, taken->messages[i], taken->link_url == NULL ? "" : taken->link_url);
        if (result == NULL) {
            return fault_memory(fault);
        }
        log_result(r, taken->messages[i], result);
        s = settle(r, &result, 1, fault);
    }
    return s;
}

static enum status
send_waiting(const struct round *r, struct fault *fault)
{
    Pb__JobRequest request = PB__JOB_REQUEST__INIT;
    bool more = true;
    enum status s = STATUS_OK;
    for (int i = 0; s == STATUS_OK && more && i < PORTIONS_MAX && !must_end(r); i++) {
        ProtobufCMessage *reply = NULL;
        s = call(r, "rectify.v1.JobService/TakeMessages", &request.base,
                 &pb__take_messages_reply__descriptor, &reply, fault);
        if (s == STATUS_OK) {
            const Pb__TakeMessagesReply *taken = (const Pb__TakeMessagesReply *)reply;
            more = taken->has_more && taken->more;
            s = send_taken(r, taken, fault);
            protobuf_c_message_free_unpacked(reply, NULL);
        }
    }
    return s;
}

static enum status
round_of(const struct sender_config *config, struct worker *worker, size_t *bad_files,
         struct fault *fault)
{
    struct arena a;
    struct endpoint_list endpoints = {0};
    const char *const *tenants = NULL;
    struct fault bad = {0};
    arena_init(&a, LIMIT_BATCH_BYTES);
    enum status worst = endpoints_read(config->config, &a, &endpoints, &bad);
    if (worst != STATUS_OK) {
        *fault = bad;
    }
    if (endpoints.bad != *bad_files) {
        *bad_files = endpoints.bad;
        if (endpoints.bad > 0) {
            log_fault(LOG_LEVEL_WARN, "outside.endpoint", &bad);
        }
    }
    if (worst == STATUS_OK) {
        worst = dispatch_tenants(config->dispatch, &a, &tenants);
    }
    for (size_t i = 0; tenants != NULL && tenants[i] != NULL; i++) {
        const struct round r = {config, tenants[i], &a, &endpoints, worker};
        enum status s = queue_new(&r, fault);
        if (s == STATUS_OK && !must_end(&r)) {
            s = send_waiting(&r, fault);
        }
        worst = s == STATUS_OK ? worst : s;
    }
    for (size_t i = 0; i < endpoints.count; i++) {
        if (endpoints.items[i].secret[0] != '\0') {
            secret_wipe((char *)(uintptr_t)endpoints.items[i].secret,
                        strlen(endpoints.items[i].secret));
        }
    }
    arena_release(&a);
    return worst;
}

enum status
sender_round(const struct sender_config *config, struct fault *fault)
{
    size_t bad_files = 0;
    return round_of(config, NULL, &bad_files, fault);
}

/* ---- the thread ---- */

static int
work(struct worker *w, void *data)
{
    struct sender *s = data;
    struct fault fault = {0};
    if (round_of(&s->config, w, &s->bad_files, &fault) == STATUS_OK) {
        atomic_fetch_add(&s->rounds, 1);
    } else {
        log_fault(LOG_LEVEL_WARN, "outside.round", &fault);
    }
    return s->config.tick_seconds;
}

enum status
sender_start(const struct sender_config *config, struct sender **ret_sender, struct fault *fault)
{
    struct sender *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return fault_memory(fault);
    }
    s->config = *config;
    enum status st = worker_start(work, s, &s->worker, fault);
    if (st != STATUS_OK) {
        free(s);
        return st;
    }
    *ret_sender = s;
    return STATUS_OK;
}

void
sender_kick(struct sender *s)
{
    worker_kick(s->worker);
}

uint64_t
sender_rounds(const struct sender *s)
{
    return atomic_load(&s->rounds);
}

void
sender_stop(struct sender *s)
{
    if (s == NULL) {
        return;
    }
    worker_stop(s->worker);
    free(s);
}
