#include "server/jobs/scheduler.h"

#include "proto/base/limits.h"
#include "rectify/v1/job.pb-c.h"
#include "server/base/log.h"
#include "server/jobs/worker.h"
#include "server/store/leader.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    BACKOFF_FIRST_S = 1, /* after an error; doubled up to a tick */
    BACKOFF_LAST_S = 60,
    STANDBY_S = 5,      /* how often a follower asks for the lock */
    PORTIONS_MAX = 400, /* of one job in one tick; the next goes on */
};

struct scheduler {
    struct dispatch *dispatch;
    char *conninfo;
    int tick_seconds;
    struct worker *worker;
    /* the thread's own */
    struct db *db;
    bool leads;
    int backoff_s;
    atomic_uint_fast64_t ticks;
};

/* The jobs of a tick, in order: obligations first, so that their alerts come in the same tick, and
 * what alerts propose after them. */
static const char *const jobs[] = {
    "rectify.v1.JobService/OpenObligations", "rectify.v1.JobService/LockTables",
    "rectify.v1.JobService/RaiseAlerts",     "rectify.v1.JobService/ProposeMatters",
    "rectify.v1.JobService/SweepUploads",    "rectify.v1.JobService/FoldTotals",
};

/* Leads, or tries to. False: an error, in fault. */
static enum status
become_leader(struct scheduler *s, struct fault *fault)
{
    if (s->db == NULL) {
        s->leads = false;
        enum status opened = db_open(s->conninfo, "rectifyd scheduler", &s->db, fault);
        if (opened == STATUS_OK) {
            opened = leader_prepare(s->db, fault);
        }
        if (opened != STATUS_OK) {
            return opened;
        }
    }
    return s->leads ? leader_check(s->db, fault) : leader_try(s->db, &s->leads, fault);
}

static enum status
run_once(struct scheduler *s, const char *tenant, const char *method, bool *ret_more,
         struct fault *fault)
{
    *ret_more = false;
    struct arena a;
    Pb__JobRequest request = PB__JOB_REQUEST__INIT;
    Pb__CallReply *reply = NULL;
    arena_init(&a, LIMIT_UNPACK_BYTES);
    enum status st = dispatch_call_system(s->dispatch, tenant, method, &request.base, &a, &reply);
    if (st != STATUS_OK) {
        st = fault_set(fault, st, "JOB_NOT_RUN", "定时任务 %s 没有运行。", method);
    } else if (reply->status != NULL && reply->status->code != STATUS_OK) {
        st = fault_set(fault, status_from_int(reply->status->code),
                       reply->status->reason == NULL ? "JOB_REFUSED" : reply->status->reason,
                       "定时任务 %s：%s", method,
                       reply->status->message == NULL ? "" : reply->status->message);
    } else {
        Pb__JobReply *done = pb__job_reply__unpack(NULL, reply->payload.len, reply->payload.data);
        *ret_more = done != NULL && done->has_more && done->more;
        if (done != NULL) {
            pb__job_reply__free_unpacked(done, NULL);
        }
    }
    arena_release(&a);
    return st;
}

/* A job works in portions; bounded, so that one tenant's heap does not hold up the others. */
static enum status
run_job(struct scheduler *s, struct worker *w, const char *tenant, const char *method,
        struct fault *fault)
{
    bool more = true;
    enum status st = STATUS_OK;
    for (int i = 0; st == STATUS_OK && more && i < PORTIONS_MAX && !worker_stopping(w); i++) {
        st = run_once(s, tenant, method, &more, fault);
    }
    return st;
}

static enum status
run_tick(struct scheduler *s, struct worker *w, struct fault *fault)
{
    struct arena a;
    const char *const *tenants = NULL;
    arena_init(&a, LIMIT_UNPACK_BYTES);
    enum status worst = dispatch_tenants(s->dispatch, &a, &tenants);
    if (worst != STATUS_OK) {
        fault_set(fault, worst, "TENANTS_UNREAD", "定时任务没有读到租户清单。");
    }
    for (size_t i = 0; tenants != NULL && tenants[i] != NULL; i++) {
        for (size_t k = 0; k < sizeof jobs / sizeof jobs[0] && !worker_stopping(w); k++) {
            /* One tenant's trouble does not hold up the others. */
            struct fault own = {0};
            enum status st = run_job(s, w, tenants[i], jobs[k], &own);
            if (st != STATUS_OK) {
                log_fault(LOG_LEVEL_ERROR, "scheduler.job", &own);
                *fault = own;
                worst = st;
            }
        }
    }
    arena_release(&a);
    if (worst == STATUS_OK) {
        atomic_fetch_add(&s->ticks, 1);
    }
    return worst;
}

/* A connection that failed is given up, and the lock with it. */
static void
drop_connection(struct scheduler *s)
{
    db_close(s->db);
    s->db = NULL;
    s->leads = false;
}

static int
tick(struct worker *w, void *data)
{
    struct scheduler *s = data;
    struct fault fault = {0};
    int pause = s->tick_seconds;
    bool failed = false;
    if (become_leader(s, &fault) != STATUS_OK) {
        log_fault(LOG_LEVEL_WARN, "scheduler.database", &fault);
        drop_connection(s);
        failed = true;
    } else if (!s->leads) {
        pause = STANDBY_S;
    } else {
        failed = run_tick(s, w, &fault) != STATUS_OK;
    }
    if (failed) {
        pause = s->backoff_s;
        s->backoff_s = s->backoff_s * 2 > BACKOFF_LAST_S ? BACKOFF_LAST_S : s->backoff_s * 2;
    } else {
        s->backoff_s = BACKOFF_FIRST_S;
    }
    return pause < s->tick_seconds ? pause : s->tick_seconds;
}

enum status
scheduler_start(const struct scheduler_config *config, struct scheduler **ret_scheduler,
                struct fault *fault)
{
    if (config->tick_seconds < 1 || config->tick_seconds > 86400) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TICK_RANGE",
                         "定时间隔要在 1 秒至 86400 秒之间，现为 %d 秒。", config->tick_seconds);
    }
    struct scheduler *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return fault_memory(fault);
    }
    s->dispatch = config->dispatch;
    s->conninfo = strdup(config->conninfo);
    s->tick_seconds = config->tick_seconds;
    s->backoff_s = BACKOFF_FIRST_S;
    enum status st =
        s->conninfo != NULL ? worker_start(tick, s, &s->worker, fault) : fault_memory(fault);
    if (st != STATUS_OK) {
        free(s->conninfo);
        free(s);
        return st;
    }
    *ret_scheduler = s;
    return STATUS_OK;
}

void
scheduler_kick(struct scheduler *s)
{
    worker_kick(s->worker);
}

uint64_t
scheduler_ticks(const struct scheduler *s)
{
    return atomic_load(&s->ticks);
}

void
scheduler_stop(struct scheduler *s)
{
    if (s == NULL) {
        return;
    }
    worker_stop(s->worker);
    drop_connection(s);
    free(s->conninfo);
    free(s);
}
