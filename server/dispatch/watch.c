/* The threads that watch: reconnecting, the LISTENing connection, parked calls' time, and what
 * wakes them. */
#include "server/dispatch/internal.h"

#include "server/base/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- waking ---- */

void
dispatch_wake(struct dispatch *d, struct tenant *tenant)
{
    atomic_fetch_add(&tenant->wakes, 1);
    queues_unpark(&d->queues, tenant, false);
}

void
dispatch_unsealed(struct dispatch *d, struct tenant *tenant)
{
    (void)d; /* the sealer looks at every interval */
    atomic_store(&tenant->unsealed, true);
}

void
dispatch_expire(struct dispatch *d, struct job_list *expired)
{
    uint32_t count = expired->count;
    struct job *job = NULL;
    struct fault fault = {0};
    fault_set(&fault, STATUS_DEADLINE_EXCEEDED, "QUEUED_TOO_LONG",
              "在等待时限内没有轮到处理，没有办理，请用同一操作重试。");
    while ((job = job_list_take(expired)) != NULL) {
        job_refuse(d, job, &fault);
    }
    if (count > 0) {
        queues_finished(&d->queues, count);
    }
}

enum status
dispatch_seal(struct dispatch *d, struct fault *fault)
{
    if (!d->has_key) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "NO_LEDGER_KEY",
                         "没有配置审计日志的签名密钥。");
    }
    pthread_mutex_lock(&d->seal_lock);
    uint64_t wanted = ++d->seal_asked;
    pthread_cond_signal(&d->seal_wake);
    while (d->seal_passed < wanted) {
        pthread_cond_wait(&d->seal_done, &d->seal_lock);
    }
    *fault = d->seal_fault;
    pthread_mutex_unlock(&d->seal_lock);
    return fault->code;
}

/* ---- threads that watch ---- */

static bool
is_stopping(struct dispatch *d)
{
    pthread_mutex_lock(&d->queues.lock);
    bool stop = d->queues.stopping;
    pthread_mutex_unlock(&d->queues.lock);
    return stop;
}

static void
pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L},
              NULL);
}

static void
refuse_queries(struct dispatch *d, const struct fault *fault)
{
    struct job_list list = {0};
    struct job *job = NULL;
    queues_take_queries(&d->queues, &list);
    uint32_t count = list.count;
    while ((job = job_list_take(&list)) != NULL) {
        job_refuse(d, job, fault);
    }
    if (count > 0) {
        queues_finished(&d->queues, count);
    }
}

bool
runner_connect(struct runner *r)
{
    int back_off = RECONNECT_MIN_MS;
    while (!is_stopping(r->d)) {
        struct fault fault = {0};
        if (!db_broken(r->db)) {
            return true;
        }
        if (db_reopen(r->db, &fault) == STATUS_OK) {
            log_message(LOG_LEVEL_INFO, "database.reconnected", "数据库连接已恢复");
            return true;
        }
        log_fault(LOG_LEVEL_WARN, "database.lost", &fault);
        struct job_list expired = {0};
        queues_expire(&r->d->queues, &expired);
        dispatch_expire(r->d, &expired);
        if (r->class_ == JOB_QUERY) {
            refuse_queries(r->d, &fault);
        }
        pause_ms(back_off);
        back_off = back_off * 2 > RECONNECT_MAX_MS ? RECONNECT_MAX_MS : back_off * 2;
    }
    return false;
}

/* "INSTANCE TENANT-ID": ours was acted on when it was committed. */
static void
notified(struct dispatch *d, const char *payload)
{
    size_t length = strlen(d->instance);
    if (strncmp(payload, d->instance, length) == 0) {
        return;
    }
    const char *blank = strchr(payload, ' ');
    struct tenant *t =
        blank == NULL ? NULL : tenants_find_id(&d->tenants, (int)strtol(blank + 1, NULL, 10));
    if (t != NULL) {
        dispatch_wake(d, t);
    }
}

void *
listener_thread(void *arg)
{
    struct runner *r = arg;
    char payload[NOTIFY_SIZE];
    bool listening = false;
    while (true) {
        listening = listening && !db_broken(r->db);
        if (!runner_connect(r)) {
            return NULL;
        }
        if (!listening) {
            struct fault fault = {0};
            listening = db_exec(r->db, "LISTEN rectify", &fault) == STATUS_OK;
            if (!listening) {
                log_fault(LOG_LEVEL_WARN, "listen.failed", &fault);
                pause_ms(RECONNECT_MAX_MS);
            }
        } else if (db_wait_notify(r->db, TIMER_MS, payload, sizeof payload)) {
            notified(r->d, payload);
        }
    }
}

void *
timer_thread(void *arg)
{
    struct runner *r = arg;
    while (!is_stopping(r->d)) {
        queues_unpark(&r->d->queues, NULL, false);
        pause_ms(TIMER_MS);
    }
    return NULL;
}
