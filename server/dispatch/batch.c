/* The batch runner: waiting commands in one transaction.
 *
 * 1. Taken commands share no subject with each other or with any running command, and a key is a
 *    subject, and one that cannot name all it changes is alone; so within a batch nothing that one
 *    decides can change what another read.
 * 2. BEGIN; round 1 reads every caller and key; then rounds of loads until nobody wants more; then
 *    every decision, in order; then every write; each of these is one round trip. Counts of touched
 *    rows are checked before COMMIT, which is a round trip of its own.
 * 3. Nobody is answered before COMMIT has said yes.
 * 4. An error rolls everything back and repeats each command alone, so that only the one at fault
 *    fails. What the database asks to repeat is repeated.
 * 5. A COMMIT without a clear answer is OUTCOME_UNKNOWN: not stored, never OK.
 *
 *        take ─► attempt ─ok─► answer
 *                  │ error, many           │ error, one: answer the fault (stored when final)
 *                  └─► attempt each alone ─┘
 */
#include "server/dispatch/turn.h"

#include "server/base/log.h"
#include "server/store/event.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct batch {
    struct dispatch *d;
    struct db *db;
    struct arena arena; /* queues and results of one attempt */
    struct db_queue *q;
    struct turn turns[LIMIT_BATCH_COMMANDS];
    size_t count;
    struct records *records; /* one a tenant */
    struct fault fault;
};

static enum status
no_memory(struct batch *b)
{
    return fault_set(&b->fault, STATUS_RESOURCE_EXHAUSTED, "BATCH_MEMORY",
                     "一次处理的内容过多，请分批提交。");
}

static void
queue_as(struct batch *b, size_t i)
{
    db_queue_owner(b->q, (int)i);
    db_queue_arena(b->q, &b->turns[i].arena);
}

static enum status
run_queued(struct batch *b)
{
    int owner = -1;
    if (db_queue_size(b->q) == 0) {
        return STATUS_OK;
    }
    return db_run(b->db, b->q, &owner, &b->fault);
}

/* ---- the steps of an attempt ---- */

static enum status
identify_all(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        queue_as(b, i);
        if (turn_queue_identity(&b->turns[i], b->q) != STATUS_OK) {
            return no_memory(b);
        }
    }
    enum status s = run_queued(b);
    for (size_t i = 0; s == STATUS_OK && i < b->count; i++) {
        turn_identify(&b->turns[i]);
    }
    return s;
}

static enum status
load_all(struct batch *b)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < b->count; i++) {
            struct turn *t = &b->turns[i];
            if (t->stage != TURN_LOADING) {
                continue;
            }
            queue_as(b, i);
            if (turn_load(t, b->q) != STATUS_OK) {
                return no_memory(b);
            }
            more = more || t->stage == TURN_LOADING;
        }
        enum status s = run_queued(b);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

/* NOTIFY once a tenant and batch: it serialises commits. */
static enum status
queue_wakes(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct turn *t = &b->turns[i];
        bool first = t->stage == TURN_DECIDED && t->call.wakes;
        for (size_t k = 0; first && k < i; k++) {
            const struct turn *other = &b->turns[k];
            first =
                !(other->stage == TURN_DECIDED && other->call.wakes && other->tenant == t->tenant);
        }
        if (!first) {
            continue;
        }
        char *payload = arena_printf(&b->arena, "%s %d", b->d->instance, t->tenant->id);
        if (payload == NULL || event_queue_notify(b->q, payload) != STATUS_OK) {
            return no_memory(b);
        }
    }
    return STATUS_OK;
}

/* The records of a turn's tenant; NULL when memory is out. */
static struct records *
records_of(struct batch *b, const struct turn *t)
{
    struct records *r = b->records;
    while (r != NULL && r->tenant != t->tenant) {
        r = r->next;
    }
    if (r == NULL) {
        r = arena_alloc(&b->arena, sizeof *r);
        if (r != NULL) {
            *r = (struct records){.next = b->records, .tenant = t->tenant, .arena = &b->arena};
            b->records = r;
        }
    }
    return r;
}

static enum status
write_all(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct turn *t = &b->turns[i];
        if (t->stage == TURN_LOADED) {
            turn_decide(t);
        }
    }
    b->records = NULL;
    for (size_t i = 0; i < b->count; i++) {
        struct records *records = records_of(b, &b->turns[i]);
        queue_as(b, i);
        if (records == NULL || turn_queue_writes(&b->turns[i], b->q, records) != STATUS_OK) {
            return no_memory(b);
        }
    }
    for (struct records *r = b->records; r != NULL; r = r->next) {
        if (records_queue(r, b->q) != STATUS_OK) {
            return no_memory(b);
        }
    }
    enum status s = queue_wakes(b);
    return s == STATUS_OK ? run_queued(b) : s;
}

static void
release_turns(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        turn_release(&b->turns[i]);
    }
    arena_release(&b->arena);
}

/* Everything up to and with COMMIT. The turns hold the answers when it is OK. */
static enum status
attempt(struct batch *b, struct job *const *jobs)
{
    int64_t now = clock_now_ms(b->d->config.clock);
    b->fault = (struct fault){0};
    b->q = db_queue_new(&b->arena);
    enum status s = b->q == NULL ? no_memory(b) : STATUS_OK;
    for (size_t i = 0; i < b->count; i++) {
        if (s == STATUS_OK) {
            s = tenants_know(&b->d->tenants, b->db, jobs[i]->envelope->tenant, &b->fault);
        }
        turn_begin(&b->turns[i], b->d, jobs[i], now);
    }
    if (s == STATUS_OK) {
        s = db_begin(b->db, false, &b->fault);
    }
    if (s == STATUS_OK) {
        s = identify_all(b);
    }
    if (s == STATUS_OK) {
        s = load_all(b);
    }
    if (s == STATUS_OK) {
        s = write_all(b);
    }
    if (s == STATUS_OK) {
        return db_commit(b->db, &b->fault);
    }
    db_rollback(b->db);
    return s;
}

/* ---- after COMMIT ---- */

/* A transaction for one idempotency row: of a refusal that rolled back, or, broken on purpose,
 * after the effects. */
static enum status
store_answer(struct batch *b, struct turn *t)
{
    struct fault fault = {0};
    int owner = 0;
    struct records records = {.tenant = t->tenant, .arena = &b->arena};
    struct db_queue *q = db_queue_new(&b->arena);
    enum status s = q == NULL ? STATUS_RESOURCE_EXHAUSTED : turn_add_answer(t, &records);
    if (s == STATUS_OK) {
        s = db_begin(b->db, false, &fault);
    }
    if (s == STATUS_OK) {
        s = records_queue(&records, q);
    }
    if (s == STATUS_OK) {
        s = db_run(b->db, q, &owner, &fault);
    }
    if (s == STATUS_OK) {
        return db_commit(b->db, &fault);
    }
    db_rollback(b->db);
    return s;
}

/* The fault control: what a server would do that keeps the key outside the transaction. */
static void
store_late(struct batch *b)
{
    for (size_t i = 0; b->d->config.broken_idempotency && i < b->count; i++) {
        struct turn *t = &b->turns[i];
        if (t->store && t->stage != TURN_REPLAY && store_answer(b, t) != STATUS_OK) {
            log_message(LOG_LEVEL_ERROR, "idempotency.lost", "broken_idempotency");
        }
    }
}

/* Under the lock, so that nobody is called who has just said that he goes. */
static void
note_due(struct dispatch *d, const struct handler *handler)
{
    if ((handler->flags & HANDLER_MAKES_DUE) == 0) {
        return;
    }
    pthread_mutex_lock(&d->due_lock);
    if (d->on_due != NULL) {
        d->on_due(d->on_due_ctx);
    }
    pthread_mutex_unlock(&d->due_lock);
}

static void
answer_all(struct batch *b, struct job *const *jobs)
{
    store_late(b);
    queues_done(&b->d->queues, jobs, b->count);
    receipts_sign(b->d, b->turns, b->count, &b->arena);
    for (size_t i = 0; i < b->count; i++) {
        struct turn *t = &b->turns[i];
        bool decided = t->stage == TURN_DECIDED;
        if (decided && t->call.wakes) {
            dispatch_wake(b->d, t->tenant);
        }
        if (decided && !t->call.no_event) {
            dispatch_unsealed(b->d, t->tenant);
            note_due(b->d, t->call.handler);
        }
        job_finish(b->d, t->job, t->reply);
    }
}

static void
refuse_all(struct batch *b, struct job *const *jobs, size_t count, const struct fault *fault)
{
    queues_done(&b->d->queues, jobs, count);
    for (size_t i = 0; i < count; i++) {
        job_refuse(b->d, jobs[i], fault);
    }
}

/* ---- errors ---- */

/* Another server may have been first: the next attempt reads what it left, this key's answer
 * perhaps. */
static bool
asks_for_repeat(enum status s, const struct fault *fault, int attempts)
{
    if (s == STATUS_ALREADY_EXISTS) {
        return true;
    }
    if (s != STATUS_ABORTED) {
        return false;
    }
    return strcmp(fault->reason, "SERIALIZATION") == 0 || attempts == 1; /* ROW_COUNT */
}

/* What the one command of a failed attempt is told. A final refusal is kept. */
static void
fail_one(struct batch *b, struct job *job, enum status s)
{
    struct turn *t = &b->turns[0];
    struct fault fault = b->fault;
    fault.code = s;
    const struct log_field fields[] = {log_text("method", job->handler->method),
                                       log_text("reason", fault.reason),
                                       log_text("msg", fault.message)};
    log_event(s == STATUS_INTERNAL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "call.failed", fields, 3);
    /* ROW_COUNT is a second wall that was hit, not a decision: the same key may try again. */
    bool final = status_is_final(s) && strcmp(fault.reason, "ROW_COUNT") != 0;
    if (s == STATUS_INTERNAL) { /* the database's words are for the log alone */
        fault_set(&fault, s, "INTERNAL",
                  "系统内部错误，没有办理，已记入服务端日志，请联系管理员。");
    }
    turn_refuse(t, &fault);
    turn_make_reply(t);
    if (final && t->store && t->reply != NULL && store_answer(b, t) != STATUS_OK) {
        fault_set(&fault, STATUS_UNAVAILABLE, "DATABASE_LOST", "数据库连接中断，请稍后重试。");
        fault.retry_after_ms = 1000;
    }
    refuse_all(b, &job, 1, &fault);
}

static void
fail_unknown(struct batch *b, struct job *const *jobs, size_t count)
{
    log_fault(LOG_LEVEL_ERROR, "commit.unknown", &b->fault);
    refuse_all(b, jobs, count, &b->fault);
}

/* Lost before COMMIT was sent: nothing happened, and it may be tried on a new connection. */
static bool
may_reconnect(struct batch *b, enum status s)
{
    struct fault ignored;
    return s == STATUS_UNAVAILABLE && db_broken(b->db) && db_reopen(b->db, &ignored) == STATUS_OK;
}

static void
run_alone(struct batch *b, struct job *job)
{
    b->count = 1;
    for (int i = 1;; i++) {
        enum status s = attempt(b, &job);
        if (s == STATUS_OK) {
            answer_all(b, &job);
            break;
        }
        if (s == STATUS_UNKNOWN) {
            fail_unknown(b, &job, 1);
            break;
        }
        bool again = i < ATTEMPTS_MAX && (asks_for_repeat(s, &b->fault, i) || may_reconnect(b, s));
        if (!again) {
            fail_one(b, job, s);
            break;
        }
        release_turns(b);
    }
    release_turns(b);
}

static void
run_jobs(struct batch *b, struct job *const *jobs, size_t count)
{
    if (count == 1) {
        run_alone(b, jobs[0]);
        return;
    }
    b->count = count;
    enum status s = attempt(b, jobs);
    if (s == STATUS_OK) {
        answer_all(b, jobs);
        release_turns(b);
        return;
    }
    bool unknown = s == STATUS_UNKNOWN;
    if (unknown) {
        fail_unknown(b, jobs, count);
    }
    release_turns(b);
    for (size_t i = 0; !unknown && i < count; i++) {
        run_alone(b, jobs[i]);
    }
}

/* ---- the thread ---- */

void *
batch_thread(void *arg)
{
    struct runner *r = arg;
    struct dispatch *d = r->d;
    size_t max = r->class_ == JOB_SLOW ? 1 : LIMIT_BATCH_COMMANDS;
    struct batch *b = calloc(1, sizeof *b);
    if (b == NULL) {
        abort();
    }
    b->d = d;
    arena_init(&b->arena, LIMIT_BATCH_BYTES);
    struct job *jobs[LIMIT_BATCH_COMMANDS];
    size_t count = 0;
    struct job_list expired = {0};
    while (runner_connect(r) &&
           queues_take_batch(&d->queues, r->class_, max, jobs, &count, &expired)) {
        b->db = r->db;
        dispatch_expire(d, &expired);
        if (count > 0) {
            run_jobs(b, jobs, count);
            queues_finished(&d->queues, (uint32_t)count);
        }
    }
    free(b);
    return NULL;
}
