#include "server/jobs/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct worker {
    worker_run_fn *run;
    void *data;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stopping; /* set under lock, so that no wake-up is missed */
    bool kicked;          /* under lock */
};

static void
wait_seconds(struct worker *w, int seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&w->lock);
    while (!worker_stopping(w) && !w->kicked &&
           pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT) {
    }
    w->kicked = false;
    pthread_mutex_unlock(&w->lock);
}

static void *
worker_thread(void *arg)
{
    struct worker *w = arg;
    while (!worker_stopping(w)) {
        wait_seconds(w, w->run(w, w->data));
    }
    return NULL;
}

static void
worker_free(struct worker *w)
{
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum status
worker_start(worker_run_fn *run, void *data, struct worker **ret_worker, struct fault *fault)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return fault_memory(fault);
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&w->lock, NULL);
    atomic_init(&w->stopping, false);
    w->run = run;
    w->data = data;
    if (pthread_create(&w->thread, NULL, worker_thread, w) != 0) {
        worker_free(w);
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "THREAD", "后台任务的线程无法启动。");
    }
    *ret_worker = w;
    return STATUS_OK;
}

void
worker_kick(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->kicked = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

bool
worker_stopping(const struct worker *w)
{
    return atomic_load(&w->stopping);
}

void
worker_stop(struct worker *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    atomic_store(&w->stopping, true);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    worker_free(w);
}
