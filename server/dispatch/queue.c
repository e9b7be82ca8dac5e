/* Queues of jobs, the parked list, and the subjects of what runs. One lock for all of it: each hold
 * is short, and a batch is one hold. */
#include "server/dispatch/internal.h"

#include "proto/base/now.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- sets ---- */

static size_t
slot_of(const struct hash_set *set, uint64_t value)
{
    size_t i = value & (set->capacity - 1);
    while (set->slots[i] != 0 && set->slots[i] != value) {
        i = (i + 1) & (set->capacity - 1);
    }
    return i;
}

void
hash_set_release(struct hash_set *set)
{
    free(set->slots);
    *set = (struct hash_set){0};
}

void
hash_set_clear(struct hash_set *set)
{
    if (set->count != 0) {
        memset(set->slots, 0, set->capacity * sizeof *set->slots);
        set->count = 0;
    }
}

bool
hash_set_has(const struct hash_set *set, uint64_t value)
{
    return set->count != 0 && set->slots[slot_of(set, value)] == value;
}

static bool
set_grow(struct hash_set *set)
{
    struct hash_set bigger = {.capacity = set->capacity == 0 ? 1024 : set->capacity * 2};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (bigger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i] != 0) {
            bigger.slots[slot_of(&bigger, set->slots[i])] = set->slots[i];
            bigger.count++;
        }
    }
    free(set->slots);
    *set = bigger;
    return true;
}

bool
hash_set_add(struct hash_set *set, uint64_t value)
{
    if (set->count * 2 >= set->capacity && !set_grow(set)) {
        return false;
    }
    size_t i = slot_of(set, value);
    if (set->slots[i] == 0) {
        set->slots[i] = value;
        set->count++;
    }
    return true;
}

void
hash_set_remove(struct hash_set *set, uint64_t value)
{
    if (!hash_set_has(set, value)) {
        return;
    }
    size_t i = slot_of(set, value);
    set->slots[i] = 0;
    set->count--;
    for (size_t j = (i + 1) & (set->capacity - 1); set->slots[j] != 0;
         j = (j + 1) & (set->capacity - 1)) {
        uint64_t moved = set->slots[j];
        set->slots[j] = 0;
        set->slots[slot_of(set, moved)] = moved;
    }
}

static bool
any_of(const struct hash_set *set, const struct subject_set *subjects)
{
    for (size_t i = 0; i < subjects->count; i++) {
        if (hash_set_has(set, subjects->hashes[i])) {
            return true;
        }
    }
    return false;
}

static bool
add_all(struct hash_set *set, const struct subject_set *subjects)
{
    for (size_t i = 0; i < subjects->count; i++) {
        if (!hash_set_add(set, subjects->hashes[i])) {
            return false;
        }
    }
    return true;
}

static void
remove_all(struct hash_set *set, const struct subject_set *subjects)
{
    for (size_t i = 0; i < subjects->count; i++) {
        hash_set_remove(set, subjects->hashes[i]);
    }
}

/* ---- lists ---- */

void
job_list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last == NULL) {
        list->first = job;
    } else {
        list->last->next = job;
    }
    list->last = job;
    list->count++;
}

/* Takes out the job behind `before` (NULL: the first). */
static struct job *
list_cut(struct job_list *list, struct job *before)
{
    struct job *job = before == NULL ? list->first : before->next;
    if (before == NULL) {
        list->first = job->next;
    } else {
        before->next = job->next;
    }
    if (list->last == job) {
        list->last = before;
    }
    job->next = NULL;
    list->count--;
    return job;
}

struct job *
job_list_take(struct job_list *list)
{
    return list->first == NULL ? NULL : list_cut(list, NULL);
}

/* ---- queues ---- */

static const uint32_t limits[JOB_CLASS_COUNT] = {
    [JOB_COMMAND] = LIMIT_QUEUE_COMMAND,
    [JOB_SLOW] = LIMIT_QUEUE_SLOW,
    [JOB_QUERY] = LIMIT_QUEUE_QUERY,
};

void
queues_init(struct queues *q)
{
    *q = (struct queues){0};
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    for (int i = 0; i < JOB_CLASS_COUNT; i++) {
        pthread_cond_init(&q->wait[i], &attr);
    }
    pthread_cond_init(&q->idle, &attr);
    pthread_condattr_destroy(&attr);
}

void
queues_release(struct queues *q)
{
    hash_set_release(&q->in_flight);
}

enum status
queues_put(struct queues *q, struct job *job, struct fault *fault)
{
    enum status s = STATUS_OK;
    pthread_mutex_lock(&q->lock);
    struct job_list *list = &q->lists[job->class_];
    if (q->draining || q->stopping) {
        s = fault_set(fault, STATUS_UNAVAILABLE, "DRAINING", "服务正在停止，请稍后重试。");
        fault->retry_after_ms = 3000;
        q->refused++;
    } else if (list->count >= limits[job->class_] || q->weight + job->weight > QUEUED_BYTES_MAX) {
        s = fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "QUEUE_FULL",
                      "系统繁忙，排队已满，请稍后重试。");
        fault->retry_after_ms = 500;
        q->refused++;
    } else {
        job_list_add(list, job);
        q->weight += job->weight;
        pthread_cond_signal(&q->wait[job->class_]);
    }
    pthread_mutex_unlock(&q->lock);
    return s;
}

static void
expire_list(struct queues *q, struct job_list *list, int64_t now, struct job_list *expired)
{
    struct job *before = NULL;
    struct job *job = list->first;
    for (int looked = 0; job != NULL && looked < QUEUE_SCAN_MAX; looked++) {
        struct job *next = job->next;
        if (job->deadline_ms <= now) {
            q->weight -= job->weight;
            job_list_add(expired, list_cut(list, before));
        } else {
            before = job;
        }
        job = next;
    }
}

void
queues_expire(struct queues *q, struct job_list *expired)
{
    int64_t now = now_steady_ms();
    pthread_mutex_lock(&q->lock);
    for (int i = 0; i < JOB_CLASS_COUNT; i++) {
        expire_list(q, &q->lists[i], now, expired);
    }
    q->running += expired->count;
    pthread_mutex_unlock(&q->lock);
}

void
queues_take_queries(struct queues *q, struct job_list *ret_list)
{
    pthread_mutex_lock(&q->lock);
    struct job *job = NULL;
    while ((job = job_list_take(&q->lists[JOB_QUERY])) != NULL) {
        q->weight -= job->weight;
        q->running++;
        job_list_add(ret_list, job);
    }
    while ((job = job_list_take(&q->woken)) != NULL) {
        q->running++;
        job_list_add(ret_list, job);
    }
    pthread_mutex_unlock(&q->lock);
}

static void
wait_a_little(struct queues *q, pthread_cond_t *cond)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)TIMER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(cond, &q->lock, &until);
}

/* Commands that must wait also hold back those behind them that touch the same things. */
static size_t
pick(struct queues *q, struct job_list *list, size_t max, struct job **ret_jobs)
{
    struct hash_set blocked = {0};
    struct job *before = NULL;
    struct job *job = list->first;
    size_t count = 0;
    for (int looked = 0; job != NULL && count < max && looked < QUEUE_SCAN_MAX; looked++) {
        struct job *next = job->next;
        bool alone = job->subjects.alone;
        if (any_of(&q->in_flight, &job->subjects) || any_of(&blocked, &job->subjects) ||
            (alone && count > 0)) {
            if (!add_all(&blocked, &job->subjects)) {
                break;
            }
            before = job;
        } else if (!add_all(&q->in_flight, &job->subjects)) {
            remove_all(&q->in_flight, &job->subjects);
            break;
        } else {
            q->weight -= job->weight;
            ret_jobs[count++] = list_cut(list, before);
            if (alone) {
                break;
            }
        }
        job = next;
    }
    hash_set_release(&blocked);
    return count;
}

bool
queues_have(struct queues *q, uint64_t key_subject)
{
    pthread_mutex_lock(&q->lock);
    bool found = hash_set_has(&q->in_flight, key_subject);
    for (int i = 0; !found && i < JOB_QUERY; i++) {
        for (const struct job *job = q->lists[i].first; !found && job != NULL; job = job->next) {
            found = job->subjects.count > 0 && job->subjects.hashes[0] == key_subject;
        }
    }
    pthread_mutex_unlock(&q->lock);
    return found;
}

bool
queues_take_batch(struct queues *q, enum job_class class_, size_t max, struct job **ret_jobs,
                  size_t *ret_count, struct job_list *expired)
{
    pthread_mutex_lock(&q->lock);
    struct job_list *list = &q->lists[class_];
    *ret_count = 0;
    if (!q->stopping && list->first == NULL) {
        wait_a_little(q, &q->wait[class_]);
    }
    expire_list(q, list, now_steady_ms(), expired);
    *ret_count = pick(q, list, max, ret_jobs);
    if (*ret_count == 0 && list->first != NULL && !q->stopping) {
        wait_a_little(q, &q->wait[class_]); /* all of them wait for a running one */
    }
    q->running += (uint32_t)(*ret_count + expired->count);
    if (*ret_count > 0) {
        q->batches++;
        q->commands += *ret_count;
        if (list->first != NULL) {
            pthread_cond_signal(&q->wait[class_]);
        }
    }
    bool go_on = !q->stopping || *ret_count > 0;
    pthread_mutex_unlock(&q->lock);
    return go_on;
}

/* Ten thousand woken calls must not keep a person waiting. */
static struct job *
next_query(struct queues *q)
{
    struct job_list *fresh = &q->lists[JOB_QUERY];
    bool woken = fresh->first == NULL || (q->woken.first != NULL && ++q->turn % WOKEN_SHARE == 0);
    if (woken) {
        return job_list_take(&q->woken);
    }
    struct job *job = job_list_take(fresh);
    q->weight -= job->weight;
    return job;
}

bool
queues_take_query(struct queues *q, struct job **ret_job, struct job_list *expired)
{
    pthread_mutex_lock(&q->lock);
    struct job_list *list = &q->lists[JOB_QUERY];
    if (!q->stopping && list->first == NULL && q->woken.first == NULL) {
        wait_a_little(q, &q->wait[JOB_QUERY]);
    }
    expire_list(q, list, now_steady_ms(), expired);
    *ret_job = next_query(q);
    q->running += expired->count;
    if (*ret_job != NULL) {
        q->running++;
        q->queries++;
    }
    bool go_on = !q->stopping || *ret_job != NULL;
    pthread_mutex_unlock(&q->lock);
    return go_on;
}

void
queues_done(struct queues *q, struct job *const *jobs, size_t count)
{
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->class_ != JOB_QUERY) {
            remove_all(&q->in_flight, &jobs[i]->subjects);
        }
    }
    for (int i = 0; i < JOB_QUERY; i++) {
        if (q->lists[i].first != NULL) {
            pthread_cond_signal(&q->wait[i]);
        }
    }
    pthread_mutex_unlock(&q->lock);
}

void
queues_finished(struct queues *q, uint32_t count)
{
    pthread_mutex_lock(&q->lock);
    assert(q->running >= count);
    q->running -= count;
    pthread_cond_broadcast(&q->idle);
    pthread_mutex_unlock(&q->lock);
}

/* ---- parked ---- */

bool
queues_park(struct queues *q, struct job *job)
{
    pthread_mutex_lock(&q->lock);
    bool room = !q->draining && !q->stopping && q->parked.count < LIMIT_PARKED;
    if (room) {
        job->parked_at_ms = now_steady_ms();
        job_list_add(&q->parked, job);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

void
queues_unpark(struct queues *q, const struct tenant *tenant, bool all)
{
    int64_t now = now_steady_ms();
    pthread_mutex_lock(&q->lock);
    struct job *before = NULL;
    struct job *job = q->parked.first;
    bool moved = false;
    while (job != NULL) {
        struct job *next = job->next;
        bool over = all || job->park_until_ms <= now;
        if (over || job->tenant == tenant || now - job->parked_at_ms >= POLL_BACKSTOP_MS) {
            job->last_chance = over;
            job_list_add(&q->woken, list_cut(&q->parked, before));
            moved = true;
        } else {
            before = job;
        }
        job = next;
    }
    if (moved) {
        pthread_cond_broadcast(&q->wait[JOB_QUERY]);
    }
    pthread_mutex_unlock(&q->lock);
}
