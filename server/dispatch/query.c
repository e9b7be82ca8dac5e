/* The query pool: one call at a time on each thread, in a read-only transaction; and the parking of
 * calls that have nothing to say yet.
 *
 * A parked call holds neither thread nor connection: it is its message and a place in a list. It is
 * run again from the beginning when woken. No wake is lost: the tenant's count of wakes is read
 * before the transaction begins, and a call whose count has moved by the time it is parked goes
 * straight back into the queue.
 */
#include "server/dispatch/turn.h"

#include "proto/base/now.h"
#include "server/base/log.h"

#include <stdlib.h>

struct query {
    struct dispatch *d;
    struct db *db;
    struct turn turn;
    struct arena arena;
    struct db_queue *q;
    struct fault fault;
};

static enum status
run_queued(struct query *x)
{
    int owner = -1;
    return db_queue_size(x->q) == 0 ? STATUS_OK : db_run(x->db, x->q, &owner, &x->fault);
}

static enum status
no_memory(struct query *x)
{
    return fault_set(&x->fault, STATUS_RESOURCE_EXHAUSTED, "RESULT_TOO_LARGE",
                     "结果过多，请缩小查询范围。");
}

static enum status
steps(struct query *x)
{
    struct turn *t = &x->turn;
    if (turn_queue_identity(t, x->q) != STATUS_OK) {
        return no_memory(x);
    }
    enum status s = run_queued(x);
    if (s == STATUS_OK) {
        turn_identify(t);
    }
    while (s == STATUS_OK && t->stage == TURN_LOADING) {
        if (turn_load(t, x->q) != STATUS_OK) {
            return no_memory(x);
        }
        s = run_queued(x);
    }
    if (s == STATUS_OK && t->stage == TURN_LOADED) {
        turn_decide(t);
    }
    return s;
}

/* A session in use by queries alone must not fall asleep; a transaction of its own, now and then.
 */
static void
touch_session(struct query *x)
{
    struct turn *t = &x->turn;
    struct fault fault = {0};
    int owner = 0;
    struct db_queue *q = db_queue_new(&x->arena);
    enum status s = q == NULL ? STATUS_RESOURCE_EXHAUSTED : db_begin(x->db, false, &fault);
    if (s == STATUS_OK) {
        s = db_queue_scope(q, t->tenant->id, false, NULL, NULL);
    }
    if (s == STATUS_OK) {
        s = principal_queue_touch(q, t->tenant->id, t->session_sha256, t->call.now_ms);
    }
    if (s == STATUS_OK) {
        s = db_run(x->db, q, &owner, &fault);
    }
    if (s == STATUS_OK) {
        s = db_commit(x->db, &fault);
    }
    if (s != STATUS_OK) {
        db_rollback(x->db);
        log_fault(LOG_LEVEL_WARN, "session.touch", &fault);
    }
}

/* True when the job was parked (or put back to look again). */
static bool
park(struct query *x, uint64_t wakes)
{
    struct turn *t = &x->turn;
    struct job *job = t->job;
    bool wants = t->stage == TURN_LOADED && t->call.park && !job->last_chance;
    if (!wants || t->call.handler->kind != METHOD_PARKED || t->tenant == NULL) {
        return false;
    }
    if (job->park_until_ms == 0) {
        uint32_t ms = t->call.park_ms > LIMIT_PARK_MAX_MS ? LIMIT_PARK_MAX_MS : t->call.park_ms;
        int64_t until = now_steady_ms() + ms;
        int64_t latest = job->deadline_ms - REPLY_MARGIN_MS;
        job->park_until_ms = until < latest ? until : latest;
    }
    struct tenant *tenant = t->tenant;
    turn_release(t);
    arena_release(&job->arena);
    job->envelope = NULL;
    job->request = NULL;
    if (!queues_park(&x->d->queues, job)) {
        return false;
    }
    if (atomic_load(&tenant->wakes) != wakes) {
        queues_unpark(&x->d->queues, tenant, false);
    }
    return true;
}

static enum status
attempt(struct query *x, struct job *job)
{
    x->fault = (struct fault){0};
    enum status s = tenants_know(&x->d->tenants, x->db, job->envelope->tenant, &x->fault);
    turn_begin(&x->turn, x->d, job, clock_now_ms(x->d->config.clock));
    x->q = db_queue_new(&x->arena);
    if (x->q == NULL) {
        s = no_memory(x);
    }
    if (s == STATUS_OK) {
        db_queue_arena(x->q, &x->turn.arena);
        s = db_begin(x->db, true, &x->fault);
    }
    if (s == STATUS_OK) {
        s = steps(x);
    }
    db_rollback(x->db);
    return s;
}

static void
answer(struct query *x, struct job *job, enum status s)
{
    struct turn *t = &x->turn;
    if (s != STATUS_OK) {
        log_fault(s == STATUS_INTERNAL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "query.failed",
                  &x->fault);
        if (s == STATUS_INTERNAL) {
            fault_set(&x->fault, s, "INTERNAL", "系统内部错误，已记入服务端日志，请联系管理员。");
        }
        job_refuse(x->d, job, &x->fault);
        return;
    }
    turn_make_reply(t);
    if (t->reply == NULL) {
        fault_set(&x->fault, STATUS_INTERNAL, "NO_REPLY", "服务端没有给出答复，请联系管理员。");
        job_refuse(x->d, job, &x->fault);
        return;
    }
    job_finish(x->d, job, t->reply);
}

/* Runs the call once; true when it wants to be parked. */
static bool
run_once(struct query *x, struct job *job, enum status *ret_status)
{
    enum status s = attempt(x, job);
    struct fault ignored;
    /* A query changes nothing: on a new connection it may simply run again. */
    for (int i = 1; i < ATTEMPTS_MAX && s == STATUS_UNAVAILABLE && db_broken(x->db) &&
                    db_reopen(x->db, &ignored) == STATUS_OK;
         i++) {
        turn_release(&x->turn);
        s = attempt(x, job);
    }
    if (s == STATUS_OK && x->turn.touch_session) {
        touch_session(x);
    }
    *ret_status = s;
    return s == STATUS_OK && x->turn.stage == TURN_LOADED && x->turn.call.park;
}

static void
run_query(struct query *x, struct job *job)
{
    if (job->envelope == NULL && job_unpack(x->d, job, &x->fault) != STATUS_OK) {
        job_refuse(x->d, job, &x->fault);
        return;
    }
    const char *code = job->envelope->tenant;
    struct tenant *tenant = code == NULL ? NULL : tenants_find(&x->d->tenants, code);
    uint64_t wakes = tenant == NULL ? 0 : atomic_load(&tenant->wakes);
    enum status s = STATUS_OK;
    bool parked = run_once(x, job, &s) && park(x, wakes);
    if (!parked && s == STATUS_OK && x->turn.call.park && x->turn.stage == TURN_LOADED) {
        /* No room, or the server is stopping: this is its last chance. */
        turn_release(&x->turn);
        job->last_chance = true;
        if (job->envelope == NULL && job_unpack(x->d, job, &x->fault) != STATUS_OK) {
            job_refuse(x->d, job, &x->fault);
            return;
        }
        (void)run_once(x, job, &s);
    }
    if (!parked) {
        answer(x, job, s);
    }
    turn_release(&x->turn);
    arena_release(&x->arena);
}

void *
query_thread(void *arg)
{
    struct runner *r = arg;
    struct dispatch *d = r->d;
    struct query *x = calloc(1, sizeof *x);
    if (x == NULL) {
        abort();
    }
    x->d = d;
    arena_init(&x->arena, LIMIT_BATCH_BYTES);
    struct job_list expired = {0};
    struct job *job = NULL;
    while (runner_connect(r) && queues_take_query(&d->queues, &job, &expired)) {
        x->db = r->db;
        dispatch_expire(d, &expired);
        if (job == NULL) {
            continue;
        }
        if (job_alive(job)) {
            run_query(x, job);
        } else {
            struct fault gone = {0};
            fault_set(&gone, STATUS_CANCELLED, "CALLER_GONE", "连接已断开。");
            job_refuse(d, job, &gone);
        }
        queues_finished(&d->queues, 1);
    }
    free(x);
    return NULL;
}
