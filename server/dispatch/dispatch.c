/* The door itself: starting and stopping, taking messages in, waking what is parked. */
#include "server/dispatch/internal.h"

#include "proto/base/now.h"
#include "proto/base/wire_text.h"
#include "proto/rpc/wirecheck.h"
#include "server/base/log.h"
#include "server/store/tenant.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- taking in ---- */

/* Strangers may call there: what they cost is bounded. */
static enum status
onboard_rate_check(struct dispatch *d, struct fault *fault)
{
    uint32_t wait_ms = 0;
    pthread_mutex_lock(&d->rate_lock);
    bool taken = rate_take(&d->onboard_rate, now_steady_ms(), &wait_ms);
    pthread_mutex_unlock(&d->rate_lock);
    if (taken) {
        return STATUS_OK;
    }
    fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "DOOR_BUSY", "开通端口正忙，请稍等片刻再试。");
    fault->retry_after_ms = wait_ms < 1000 ? 1000 : wait_ms;
    return STATUS_RESOURCE_EXHAUSTED;
}

static void
intake(struct dispatch *d, unsigned char *bytes, size_t size, struct reply_to to, bool system)
{
    struct fault fault = {0};
    struct job *job = NULL;
    enum status s = job_make(d, bytes, size, to, system, &job, &fault);
    if (s == STATUS_OK && to.onboard) {
        s = onboard_rate_check(d, &fault);
    }
    if (s == STATUS_OK) {
        s = queues_put(&d->queues, job, &fault);
    }
    if (s == STATUS_OK) {
        return;
    }
    if (job == NULL) {
        abort(); /* not even the memory to say no */
    }
    fault.code = s;
    job_refuse(d, job, &fault);
}

void
dispatch_message(struct dispatch *d, unsigned char *bytes, size_t size, struct reply_to to)
{
    intake(d, bytes, size, to, false);
}

/* ---- in-process calls ---- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned char *bytes;
    size_t size;
    bool answered;
};

static void
waiter_answer(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct waiter *w = ctx;
    (void)handle;
    pthread_mutex_lock(&w->lock);
    w->bytes = bytes;
    w->size = size;
    w->answered = true;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static enum status
call_and_wait(struct dispatch *d, const Pb__CallRequest *request, bool system, struct arena *a,
              Pb__CallReply **ret_reply)
{
    struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    size_t size = pb__call_request__get_packed_size(request);
    unsigned char *bytes = malloc(size == 0 ? 1 : size);
    if (bytes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__call_request__pack(request, bytes);
    intake(d, bytes, size, (struct reply_to){.fn = waiter_answer, .ctx = &w}, system);
    pthread_mutex_lock(&w.lock);
    while (!w.answered) {
        pthread_cond_wait(&w.done, &w.lock);
    }
    pthread_mutex_unlock(&w.lock);
    ProtobufCMessage *message = NULL;
    struct fault ignored;
    enum status s =
        wire_unpack(a, &pb__call_reply__descriptor, w.bytes, w.size, &message, &ignored);
    free(w.bytes);
    if (s == STATUS_OK) {
        *ret_reply = (Pb__CallReply *)message;
    }
    return s;
}

enum status
dispatch_call(struct dispatch *d, const Pb__CallRequest *request, struct arena *a,
              Pb__CallReply **ret_reply)
{
    return call_and_wait(d, request, false, a, ret_reply);
}

enum status
dispatch_call_system(struct dispatch *d, const char *tenant, const char *method,
                     const ProtobufCMessage *request, struct arena *a, Pb__CallReply **ret_reply)
{
    char key[UUID_TEXT_SIZE];
    unsigned char seed[16];
    struct uuid7_source ids;
    randombytes_buf(seed, sizeof seed);
    uuid7_source_init(&ids, clock_now_ms(d->config.clock), seed);
    uuid7_next(&ids, key);
    Pb__CallRequest envelope = PB__CALL_REQUEST__INIT;
    envelope.tenant = wire_text(tenant);
    envelope.method = wire_text(method);
    envelope.idempotency_key = key;
    envelope.has_timeout_ms = 1;
    envelope.timeout_ms = LIMIT_CALL_MAX_MS;
    envelope.has_payload = 1;
    envelope.payload.len = protobuf_c_message_get_packed_size(request);
    envelope.payload.data = arena_alloc(a, envelope.payload.len);
    if (envelope.payload.data == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    protobuf_c_message_pack(request, envelope.payload.data);
    return call_and_wait(d, &envelope, true, a, ret_reply);
}

enum status
dispatch_tenants(struct dispatch *d, struct arena *a, const char *const **ret_codes)
{
    pthread_mutex_lock(&d->tenants.lock);
    size_t count = 0;
    for (struct tenant *t = d->tenants.first; t != NULL; t = t->next) {
        count++;
    }
    const char **codes = arena_array(a, count + 1, sizeof *codes);
    size_t n = 0;
    for (struct tenant *t = d->tenants.first; codes != NULL && t != NULL; t = t->next) {
        codes[n++] = t->code; /* tenants live as long as the dispatch */
    }
    pthread_mutex_unlock(&d->tenants.lock);
    if (codes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *ret_codes = codes;
    return STATUS_OK;
}

void
dispatch_on_due(struct dispatch *d, void (*fn)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&d->due_lock);
    d->on_due_ctx = ctx;
    d->on_due = fn;
    pthread_mutex_unlock(&d->due_lock);
}

void
dispatch_on_authenticated(struct dispatch *d,
                          void (*fn)(void *ctx, uint64_t handle, const char *machine), void *ctx)
{
    d->on_authenticated_ctx = ctx;
    d->on_authenticated = fn;
}

void
dispatch_counts(struct dispatch *d, struct dispatch_counts *ret_counts)
{
    struct queues *q = &d->queues;
    pthread_mutex_lock(&q->lock);
    *ret_counts = (struct dispatch_counts){
        .queued_commands = q->lists[JOB_COMMAND].count + q->lists[JOB_SLOW].count,
        .queued_queries = q->lists[JOB_QUERY].count + q->woken.count,
        .parked = q->parked.count,
        .commands = q->commands,
        .queries = q->queries,
        .batches = q->batches,
        .refused = q->refused,
    };
    pthread_mutex_unlock(&q->lock);
}

/* ---- start and stop ---- */

static enum status
thread_start(struct runner *r, void *(*body)(void *), struct fault *fault)
{
    if (pthread_create(&r->thread, NULL, body, r) != 0) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "THREADS", "不能建立线程。");
    }
    r->started = true;
    return STATUS_OK;
}

static enum status
runner_start(struct dispatch *d, struct runner *r, const char *name, void *(*body)(void *),
             struct fault *fault)
{
    char full[32];
    snprintf(full, sizeof full, "rectifyd %s", name);
    r->d = d;
    enum status s = db_open(d->conninfo, full, &r->db, fault);
    return s == STATUS_OK ? thread_start(r, body, fault) : s;
}

static enum status
runners_start(struct dispatch *d, enum job_class class_, int count, struct fault *fault)
{
    static const char *const names[] = {"writer", "slow", "query"};
    enum status s = STATUS_OK;
    for (int i = 0; s == STATUS_OK && i < count; i++) {
        assert(d->runner_count < DISPATCH_THREADS_MAX);
        struct runner *r = &d->runners[d->runner_count++];
        r->class_ = class_;
        s = runner_start(d, r, names[class_], class_ == JOB_QUERY ? query_thread : batch_thread,
                         fault);
    }
    return s;
}

/* The listener's connection reads the tenants before anything is taken in. */
static enum status
listener_start(struct dispatch *d, struct fault *fault)
{
    d->listener.d = d;
    enum status s = db_open(d->conninfo, "rectifyd listen", &d->listener.db, fault);
    if (s == STATUS_OK) {
        s = tenants_read(&d->tenants, d->listener.db, true, fault);
    }
    return s == STATUS_OK ? thread_start(&d->listener, listener_thread, fault) : s;
}

static enum status
sealer_start(struct dispatch *d, struct fault *fault)
{
    if (d->config.ledger_key_path == NULL) {
        return STATUS_OK;
    }
    enum status s = ledger_key_load(d->config.ledger_key_path, &d->key, fault);
    if (s != STATUS_OK) {
        return s;
    }
    d->has_key = true;
    return runner_start(d, &d->sealer, "sealer", sealer_thread, fault);
}

static enum status
threads_start(struct dispatch *d, struct fault *fault)
{
    const struct dispatch_config *c = &d->config;
    enum status s = listener_start(d, fault);
    if (s == STATUS_OK) {
        s = sealer_start(d, fault);
    }
    if (s == STATUS_OK) {
        s = runners_start(d, JOB_COMMAND, c->writer_threads, fault);
    }
    if (s == STATUS_OK) {
        s = runners_start(d, JOB_SLOW, c->slow_threads <= 0 ? 1 : c->slow_threads, fault);
    }
    if (s == STATUS_OK) {
        s = runners_start(d, JOB_QUERY, c->query_threads, fault);
    }
    d->timer.d = d;
    return s == STATUS_OK ? thread_start(&d->timer, timer_thread, fault) : s;
}

static void
instance_make(struct dispatch *d)
{
    unsigned char bytes[UUID_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    uuid_to_text(bytes, d->instance);
}

static void
locks_init(struct dispatch *d)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    queues_init(&d->queues);
    pthread_mutex_init(&d->tenants.lock, NULL);
    pthread_mutex_init(&d->seal_lock, NULL);
    pthread_mutex_init(&d->due_lock, NULL);
    pthread_mutex_init(&d->rate_lock, NULL);
    pthread_cond_init(&d->seal_wake, &attr);
    pthread_cond_init(&d->seal_done, &attr);
    pthread_condattr_destroy(&attr);
}

enum status
dispatch_start(const struct dispatch_config *config, struct dispatch **ret_d, struct fault *fault)
{
    struct dispatch *d = calloc(1, sizeof *d);
    char *conninfo = strdup(config->conninfo);
    if (d == NULL || conninfo == NULL || sodium_init() < 0) {
        free(d);
        free(conninfo);
        return fault_memory(fault);
    }
    assert(config->writer_threads >= 1 && config->query_threads >= 1);
    d->config = *config;
    rate_init(&d->onboard_rate, config->onboard_per_minute, now_steady_ms());
    d->conninfo = conninfo;
    locks_init(d);
    instance_make(d);
    enum status s = methods_init(&d->methods, config->tables, config->table_count,
                                 config->partial_tables, fault);
    if (s == STATUS_OK) {
        s = threads_start(d, fault);
    }
    if (s != STATUS_OK) {
        dispatch_free(d);
        return s;
    }
    *ret_d = d;
    return STATUS_OK;
}

static bool
is_idle(const struct queues *q)
{
    uint32_t waiting = q->parked.count + q->woken.count + q->running;
    for (int i = 0; i < JOB_CLASS_COUNT; i++) {
        waiting += q->lists[i].count;
    }
    return waiting == 0;
}

bool
dispatch_drain(struct dispatch *d, int deadline_ms)
{
    struct queues *q = &d->queues;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += deadline_ms / 1000;
    until.tv_nsec += (long)(deadline_ms % 1000) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&q->lock);
    q->draining = true;
    pthread_mutex_unlock(&q->lock);
    queues_unpark(q, NULL, true);
    pthread_mutex_lock(&q->lock);
    int waited = 0;
    while (!is_idle(q) && waited == 0) {
        waited = pthread_cond_timedwait(&q->idle, &q->lock, &until);
    }
    bool all = is_idle(q);
    pthread_mutex_unlock(&q->lock);
    return all;
}

static void
runner_stop(struct runner *r)
{
    if (r->started) {
        pthread_join(r->thread, NULL);
        r->started = false;
    }
    db_close(r->db);
    r->db = NULL;
}

static void
answer_leftovers(struct dispatch *d)
{
    struct fault fault = {0};
    fault_set(&fault, STATUS_UNAVAILABLE, "DRAINING", "服务已停止，请稍后重试。");
    fault.retry_after_ms = 3000;
    struct job *job = NULL;
    queues_unpark(&d->queues, NULL, true);
    while ((job = job_list_take(&d->queues.woken)) != NULL) {
        job_refuse(d, job, &fault);
    }
    for (int i = 0; i < JOB_CLASS_COUNT; i++) {
        while ((job = job_list_take(&d->queues.lists[i])) != NULL) {
            job_refuse(d, job, &fault);
        }
    }
}

void
dispatch_free(struct dispatch *d)
{
    if (d == NULL) {
        return;
    }
    struct queues *q = &d->queues;
    pthread_mutex_lock(&q->lock);
    q->draining = true;
    q->stopping = true;
    for (int i = 0; i < JOB_CLASS_COUNT; i++) {
        pthread_cond_broadcast(&q->wait[i]);
    }
    pthread_mutex_unlock(&q->lock);
    pthread_mutex_lock(&d->seal_lock);
    pthread_cond_broadcast(&d->seal_wake);
    pthread_mutex_unlock(&d->seal_lock);
    for (size_t i = 0; i < d->runner_count; i++) {
        runner_stop(&d->runners[i]);
    }
    runner_stop(&d->timer);
    runner_stop(&d->sealer);
    runner_stop(&d->listener);
    answer_leftovers(d);
    ledger_key_clear(&d->key);
    methods_release(&d->methods);
    tenants_release(&d->tenants);
    queues_release(&d->queues);
    free(d->conninfo);
    free(d);
}
