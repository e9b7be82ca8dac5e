/* The sealer: gives committed events gap-free numbers and signs the tree over them.
 *
 * One transaction takes a tenant's waiting events, appends their leaf hashes to the frontier of the
 * newest head, and writes numbers and the new head. A transaction-level advisory lock keeps it to
 * one sealer per tenant among all servers. Nothing a caller waits for depends on it.
 */
#include "server/dispatch/internal.h"

#include "proto/base/now.h"
#include "server/base/log.h"
#include "server/store/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALL_TENANTS_MS = 10000, EVENT_TEXT = UUID_TEXT_SIZE };

struct seal {
    struct dispatch *d;
    struct db *db;
    struct tenant *tenant;
    struct arena arena;
    struct db_queue *q;
    bool locked;
    struct log_head_record head;
    struct log_unsealed_list waiting;
    struct merkle_frontier frontier;
    struct log_node_rows nodes;
    struct fault *fault;
};

static enum status
seal_run(struct seal *s)
{
    int owner = 0;
    return db_run(s->db, s->q, &owner, s->fault);
}

static enum status
seal_read(struct seal *s)
{
    int id = s->tenant->id;
    enum status status = db_queue_scope(s->q, id, true, NULL, NULL);
    if (status == STATUS_OK) {
        status = log_queue_lock(s->q, id, &s->locked);
    }
    if (status == STATUS_OK) {
        status = seal_run(s);
    }
    if (status != STATUS_OK || !s->locked) {
        return status;
    }
    /* Read after the lock is held, or the head may be another sealer's last but one. */
    status = log_queue_head(s->q, id, &s->head);
    if (status == STATUS_OK) {
        status = log_queue_unsealed(s->q, id, SEAL_EVENTS_MAX, &s->waiting);
    }
    return status == STATUS_OK ? seal_run(s) : status;
}

/* What this program has sealed or seen sealed stands in every later head. A database put back under
 * it (a restore) would go on to fork the log: nothing is sealed and no command taken until it is
 * started again; clients refuse until the restore is declared. */
static enum status
went_back(struct seal *s)
{
    struct ledger_head known;
    if (!tenants_head_get(&s->d->tenants, s->tenant, &known)) {
        return STATUS_OK;
    }
    uint64_t size = (uint64_t)s->head.tree_size;
    bool same = size > known.size || (size == known.size && memcmp(s->head.root, known.root.bytes,
                                                                   sizeof known.root.bytes) == 0);
    if (!same) {
        atomic_store(&s->tenant->went_back, true);
        return fault_set(s->fault, STATUS_DATA_LOSS, "LOG_WENT_BACK",
                         "数据库里的日志比本服务先前封存的短或不同，像是被恢复到了更早的时间："
                         "封存已停止。请停下服务，运行 rectifyd restored 作恢复声明，再启动。");
    }
    return STATUS_OK;
}

static enum status
frontier_load(struct seal *s)
{
    if (s->head.tree_size == 0) {
        return STATUS_OK;
    }
    enum status status =
        merkle_frontier_decode(s->head.frontier, s->head.frontier_size, &s->frontier);
    if (status != STATUS_OK || s->frontier.size != (uint64_t)s->head.tree_size) {
        return fault_set(s->fault, STATUS_DATA_LOSS, "FRONTIER_BROKEN",
                         "审计日志的树边缘与树头不符，封存已停止，请核对数据库。");
    }
    return STATUS_OK;
}

/* One leaf more, and the inner nodes it completes. */
static bool
append_leaf(struct seal *s, const unsigned char *hash)
{
    struct merkle_hash leaf;
    struct merkle_hash made[64];
    memcpy(leaf.bytes, hash, sizeof leaf.bytes);
    size_t levels = merkle_frontier_append_made(&s->frontier, &leaf, made);
    for (unsigned level = LOG_NODE_LEVEL; level < levels; level++) {
        uint64_t number = (s->frontier.size >> level) - 1;
        if (!log_node_rows_add(&s->nodes, &s->arena, level, number, made[level].bytes)) {
            return false;
        }
    }
    return true;
}

/* "{uuid,uuid,…}", and the leaves appended. */
static char *
append_leaves(struct seal *s)
{
    size_t count = s->waiting.count;
    char *text = arena_alloc(&s->arena, count * EVENT_TEXT + 3);
    if (text == NULL) {
        return NULL;
    }
    char *p = text;
    *p++ = '{';
    for (size_t i = 0; i < count; i++) {
        const struct log_unsealed *u = &s->waiting.items[i];
        if (!append_leaf(s, u->leaf_hash)) {
            return NULL;
        }
        size_t length = strlen(u->event_id);
        memcpy(p, u->event_id, length);
        p += length;
        *p++ = i + 1 < count ? ',' : '}';
    }
    return text;
}

static enum status
head_sign(struct seal *s, struct ledger_head *ret_head)
{
    struct ledger_head head = {.size = s->frontier.size};
    memcpy(head.tenant, s->tenant->code, strlen(s->tenant->code) + 1);
    merkle_frontier_root(&s->frontier, &head.root);
    int64_t now = clock_now_ms(s->d->config.clock);
    head.time_ms = now > s->head.time_ms ? now : s->head.time_ms;
    enum status status = ledger_head_sign(&head, &s->d->key, s->fault);
    if (status == STATUS_OK) {
        *ret_head = head;
    }
    return status;
}

static enum status
seal_write(struct seal *s, struct ledger_head *ret_head)
{
    int id = s->tenant->id;
    int64_t first = s->head.tree_size + 1;
    unsigned char frontier[MERKLE_FRONTIER_BYTES_MAX];
    const char *events = append_leaves(s);
    enum status status = events == NULL ? STATUS_RESOURCE_EXHAUSTED : head_sign(s, ret_head);
    if (status != STATUS_OK) {
        return status;
    }
    size_t frontier_size = merkle_frontier_encode(&s->frontier, frontier);
    const struct log_head_record record = {
        .tree_size = (int64_t)ret_head->size,
        .root = ret_head->root.bytes,
        .time_ms = ret_head->time_ms,
        .key_id = ret_head->key_id,
        .signature = ret_head->signature,
        .frontier = frontier,
        .frontier_size = frontier_size,
    };
    status = log_queue_leaves(s->q, id, first, events, s->waiting.count);
    if (status == STATUS_OK) {
        status = log_node_rows_queue(&s->nodes, &s->arena, s->q, id);
    }
    if (status == STATUS_OK) {
        status = log_queue_head_insert(s->q, id, &record);
    }
    if (status == STATUS_OK) {
        status = seal_run(s);
    }
    return status == STATUS_OK ? db_commit(s->db, s->fault) : status;
}

static void
head_from_record(const struct seal *s, struct ledger_head *ret_head)
{
    struct ledger_head head = {.size = (uint64_t)s->head.tree_size, .time_ms = s->head.time_ms};
    memcpy(head.tenant, s->tenant->code, strlen(s->tenant->code) + 1);
    memcpy(head.root.bytes, s->head.root, sizeof head.root.bytes);
    memcpy(head.signature, s->head.signature, sizeof head.signature);
    size_t length = strnlen(s->head.key_id, sizeof head.key_id - 1);
    memcpy(head.key_id, s->head.key_id, length);
    *ret_head = head;
}

/* Seals up to SEAL_EVENTS_MAX events; *ret_more when others may wait. */
static enum status
seal_once(struct dispatch *d, struct db *db, struct tenant *tenant, bool *ret_more,
          struct fault *fault)
{
    struct seal s = {.d = d, .db = db, .tenant = tenant, .fault = fault};
    struct ledger_head head;
    *ret_more = false;
    arena_init(&s.arena, LIMIT_UNPACK_BYTES);
    s.q = db_queue_new(&s.arena);
    enum status status = s.q == NULL ? STATUS_RESOURCE_EXHAUSTED : db_begin(db, false, fault);
    if (status == STATUS_OK) {
        status = seal_read(&s);
    }
    if (status == STATUS_OK && s.locked) {
        status = went_back(&s);
    }
    if (status == STATUS_OK && s.locked && s.head.tree_size > 0) {
        head_from_record(&s, &head);
        tenants_head_set(&d->tenants, tenant, &head);
    }
    if (status == STATUS_OK && s.waiting.count > 0) {
        status = frontier_load(&s);
        if (status == STATUS_OK) {
            status = seal_write(&s, &head);
        }
        if (status == STATUS_OK) {
            tenants_head_set(&d->tenants, tenant, &head);
            *ret_more = s.waiting.count == SEAL_EVENTS_MAX;
        }
    }
    db_rollback(db);
    /* Another server holds the lock: look again soon. */
    if (status == STATUS_OK && !s.locked) {
        *ret_more = true;
    }
    arena_release(&s.arena);
    return status;
}

static bool
stopping(struct dispatch *d)
{
    pthread_mutex_lock(&d->queues.lock);
    bool stop = d->queues.stopping;
    pthread_mutex_unlock(&d->queues.lock);
    return stop;
}

static enum status
seal_tenant(struct dispatch *d, struct db *db, struct tenant *tenant, struct fault *fault)
{
    bool more = true;
    enum status s = STATUS_OK;
    while (s == STATUS_OK && more && !stopping(d)) {
        atomic_store(&tenant->unsealed, false);
        s = seal_once(d, db, tenant, &more, fault);
        if (s != STATUS_OK || more) {
            atomic_store(&tenant->unsealed, true);
        }
        if (s == STATUS_OK && more) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
    return s;
}

/* All tenants with work (or all of them), once. */
static enum status
seal_pass(struct dispatch *d, struct db *db, bool all, struct fault *fault)
{
    enum status first = all ? tenants_read(&d->tenants, db, true, fault) : STATUS_OK;
    pthread_mutex_lock(&d->tenants.lock);
    struct tenant *t = d->tenants.first;
    pthread_mutex_unlock(&d->tenants.lock);
    for (; t != NULL && first == STATUS_OK; t = t->next) {
        if (all || atomic_load(&t->unsealed)) {
            first = seal_tenant(d, db, t, fault);
        }
    }
    return first;
}

/* Waits until somebody asks for a seal or the interval is over; returns how many were asked for. */
static uint64_t
wait_for_work(struct dispatch *d, int64_t not_before_ms)
{
    pthread_mutex_lock(&d->seal_lock);
    int64_t left = not_before_ms - now_steady_ms();
    if (d->seal_asked == d->seal_passed && left > 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += left / 1000;
        until.tv_nsec += left % 1000 * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&d->seal_wake, &d->seal_lock, &until);
    }
    uint64_t asked = d->seal_asked;
    pthread_mutex_unlock(&d->seal_lock);
    return asked;
}

static void
pass_done(struct dispatch *d, uint64_t asked, const struct fault *fault)
{
    pthread_mutex_lock(&d->seal_lock);
    d->seal_passed = asked;
    d->seal_fault = *fault;
    pthread_cond_broadcast(&d->seal_done);
    pthread_mutex_unlock(&d->seal_lock);
}

void *
sealer_thread(void *arg)
{
    struct runner *r = arg;
    struct dispatch *d = r->d;
    int interval = d->config.seal_interval_ms <= 0 ? 1000 : d->config.seal_interval_ms;
    int64_t next = 0;
    int64_t next_all = 0;
    uint64_t passed = 0;
    while (runner_connect(r)) {
        uint64_t asked = wait_for_work(d, next);
        if (asked == passed && now_steady_ms() < next) {
            continue;
        }
        bool all = asked != passed || now_steady_ms() >= next_all;
        struct fault fault = {0};
        enum status s = seal_pass(d, r->db, all, &fault);
        if (s != STATUS_OK) {
            fault.code = s;
            log_fault(LOG_LEVEL_ERROR, "seal.failed", &fault);
        }
        pass_done(d, asked, &fault);
        passed = asked;
        next = now_steady_ms() + interval;
        next_all = all ? now_steady_ms() + ALL_TENANTS_MS : next_all;
    }
    struct fault over = {0};
    fault_set(&over, STATUS_UNAVAILABLE, "DRAINING", "服务正在停止。");
    pass_done(d, UINT64_MAX, &over); /* whoever still waits for a seal */
    return NULL;
}
