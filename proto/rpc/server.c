/* Life of the RPC server: start, the janitor thread, counters, drain, end.
 *
 * The janitor is the only thread of ours. It closes and frees connections (server_conn.c, rule 4),
 * compares deadlines, and looks after the doors (server_listen.c). */
#include "proto/base/now.h"
#include "proto/rpc/server_conn.h"
#include "proto/rpc/server_curves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_MIN_MS = 5, TICK_MAX_MS = 250 };

/* ---- the janitor ---- */

static void
list_close_all(struct conn_list *l)
{
    while (l->first != NULL) {
        conn_close(l->first);
    }
}

static void
list_check_deadlines(struct conn_list *l, int64_t now_ms)
{
    for (struct conn *c = l->first; c != NULL;) {
        struct conn *next = c->by_age.next;
        conn_check_deadlines(c, now_ms);
        c = next;
    }
}

static void
list_close_idle(struct conn_list *l)
{
    for (struct conn *c = l->first; c != NULL;) {
        struct conn *next = c->by_age.next;
        if (c->inflight == 0 && c->out_first == NULL) {
            conn_close(c);
        }
        c = next;
    }
}

/* Closes and frees what waits for it. Takes and returns the lock. */
static void
janitor_sweep(struct rpc_server *s)
{
    while (s->to_close != NULL || s->to_free != NULL) {
        struct conn *closing = s->to_close;
        struct conn *freeing = s->to_free;
        s->to_close = NULL;
        s->to_free = NULL;
        pthread_mutex_unlock(&s->lock);
        uint32_t freed = 0;
        while (closing != NULL) {
            struct conn *next = closing->dead_next;
            conn_shut(closing);
            closing = next;
        }
        while (freeing != NULL) {
            struct conn *next = freeing->dead_next;
            freed += freeing->lost ? 0 : 1; /* a lost one left the count before */
            conn_free(freeing);
            freeing = next;
        }
        pthread_mutex_lock(&s->lock);
        s->conns_alive -= freed;
    }
}

static bool
janitor_done(const struct rpc_server *s)
{
    return s->stopping && s->listen_state == LISTEN_STOPPED && !s->accepting && s->conns_alive == 0;
}

/* Waits for work or the next tick. Under the lock. */
static void
janitor_wait(struct rpc_server *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)s->tick_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->wake, &s->lock, &until);
}

static void
janitor_tick(struct rpc_server *s, int64_t now_ms)
{
    if (s->stopping) {
        list_close_all(&s->unauthenticated);
        list_close_all(&s->authenticated);
    } else if (s->draining) {
        list_close_idle(&s->unauthenticated);
        list_close_idle(&s->authenticated);
    }
    list_check_deadlines(&s->unauthenticated, now_ms);
    list_check_deadlines(&s->authenticated, now_ms);
    conn_give_up_lost(s, now_ms);
    pthread_mutex_unlock(&s->lock);
    listen_tick(s, now_ms);
    pthread_mutex_lock(&s->lock);
}

static void *
janitor_main(void *arg)
{
    struct rpc_server *s = arg;
    int64_t next_ms = 0;
    pthread_mutex_lock(&s->lock);
    while (!janitor_done(s)) {
        int64_t now_ms = now_steady_ms();
        if (now_ms >= next_ms || s->stopping) {
            janitor_tick(s, now_ms);
            next_ms = now_ms + s->tick_ms;
        }
        janitor_sweep(s);
        if (!janitor_done(s) && s->to_close == NULL && s->to_free == NULL) {
            janitor_wait(s);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- start ---- */

static void
limits_fill(struct rpc_server_limits *l)
{
    const struct {
        uint32_t *at;
        uint32_t value;
    } defaults[] = {
        {&l->conn_total, LIMIT_CONN_TOTAL},
        {&l->conn_unauthenticated, LIMIT_CONN_UNAUTHENTICATED},
        {&l->conn_per_machine, LIMIT_CONN_PER_MACHINE},
        {&l->inflight_per_conn, LIMIT_INFLIGHT_PER_CONN},
        {&l->handshake_ms, LIMIT_HANDSHAKE_MS},
        {&l->frame_read_ms, LIMIT_FRAME_READ_MS},
        {&l->reply_write_ms, LIMIT_REPLY_WRITE_MS},
        {&l->conn_idle_ms, LIMIT_CONN_IDLE_MS},
        {&l->unauth_idle_ms, LIMIT_UNAUTH_IDLE_MS},
        {&l->probe_ms, LIMIT_PROBE_MS},
        {&l->frame_bytes, LIMIT_FRAME_BYTES},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (*defaults[i].at == 0) {
            *defaults[i].at = defaults[i].value;
        }
    }
}

/* An eighth of the shortest deadline: late by little, and rarely awake. */
static uint32_t
tick_for(const struct rpc_server_limits *l)
{
    const uint32_t deadlines[] = {l->handshake_ms, l->frame_read_ms,  l->reply_write_ms,
                                  l->conn_idle_ms, l->unauth_idle_ms, l->probe_ms};
    uint32_t tick = TICK_MAX_MS;
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        if (deadlines[i] / 8 < tick) {
            tick = deadlines[i] / 8;
        }
    }
    return tick < TICK_MIN_MS ? TICK_MIN_MS : tick;
}

static enum status
url_check(const char *url, bool *ret_is_tls, struct fault *f)
{
    nng_url *parsed = NULL;
    bool tls = strncmp(url, "tls+tcp://", 10) == 0;
    if ((!tls && strncmp(url, "tcp://", 6) != 0) || nng_url_parse(&parsed, url) != 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "URL_INVALID",
                         "监听地址“%s”写法不对，应写成 tls+tcp://主机:端口。", url);
    }
    nng_url_free(parsed);
    *ret_is_tls = tls;
    return STATUS_OK;
}

static void
locks_init(struct rpc_server *s)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_cond_init(&s->idle, &attr);
    pthread_condattr_destroy(&attr);
}

static struct rpc_server *
server_new(const struct rpc_server_config *config, bool is_tls)
{
    struct rpc_server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->limits = config->limits;
    limits_fill(&s->limits);
    s->tick_ms = tick_for(&s->limits);
    s->on_message = config->on_message;
    s->ctx = config->ctx;
    s->is_tls = is_tls;
    s->is_open = config->open;
    s->probe_fd = -1;
    s->probe_next_ms = now_steady_ms() + s->limits.probe_ms;
    locks_init(s);
    s->url = strdup(config->url);
    s->ca_file = strdup(config->tls.ca_file != NULL ? config->tls.ca_file : "");
    if (s->url == NULL || s->ca_file == NULL ||
        nng_aio_alloc(&s->accept_aio, listen_accept_cb, s) != 0) {
        rpc_server_free(s);
        return NULL;
    }
    nng_aio_set_timeout(s->accept_aio, NNG_DURATION_INFINITE);
    return s;
}

enum status
rpc_server_start(const struct rpc_server_config *config, struct rpc_server **ret_server,
                 struct fault *f)
{
    assert(config->url != NULL && config->on_message != NULL);
    bool is_tls = false;
    struct rpc_server *s = NULL;
    enum status st = url_check(config->url, &is_tls, f);
    if (st != STATUS_OK) {
        return st;
    }
    s = server_new(config, is_tls);
    if (s == NULL) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
                         "内存不足，无法启动网络服务。");
    }
    if (is_tls) {
        assert(server_curves_preferred());
        st = config->open ? rpc_tls_server_config_open(&config->tls, &s->tls, f)
                          : rpc_tls_server_config(&config->tls, &s->tls, f);
    }
    if (st == STATUS_OK) {
        st = listen_open(s, f);
    }
    if (st == STATUS_OK) {
        s->janitor_runs = pthread_create(&s->janitor, NULL, janitor_main, s) == 0;
        if (!s->janitor_runs) {
            st = fault_set(f, STATUS_RESOURCE_EXHAUSTED, "NO_THREAD", "无法为网络服务创建线程。");
        }
    }
    if (st != STATUS_OK) {
        rpc_server_free(s);
        return st;
    }
    *ret_server = s;
    return STATUS_OK;
}

uint16_t
rpc_server_port(const struct rpc_server *s)
{
    return s->port;
}

void
rpc_server_counters_get(struct rpc_server *s, struct rpc_server_counters *ret_counters)
{
    pthread_mutex_lock(&s->lock);
    *ret_counters = s->counters;
    pthread_mutex_unlock(&s->lock);
}

/* ---- end ---- */

enum status
rpc_server_drain(struct rpc_server *s, uint32_t deadline_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += deadline_ms / 1000;
    until.tv_nsec += (long)(deadline_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    s->draining = true;
    pthread_cond_signal(&s->wake);
    int rv = 0;
    while (rv == 0 && (s->counters.inflight_now != 0 || s->listen_state != LISTEN_STOPPED)) {
        rv = pthread_cond_timedwait(&s->idle, &s->lock, &until);
    }
    bool flushed = s->counters.inflight_now == 0;
    pthread_mutex_unlock(&s->lock);
    return flushed ? STATUS_OK : STATUS_DEADLINE_EXCEEDED;
}

/* A start that failed before the janitor ran: the doors may be open, somebody may have come in. The
 * janitor's work is done here. */
static void
shut_without_janitor(struct rpc_server *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->listener != NULL && !janitor_done(s)) {
        janitor_tick(s, now_steady_ms());
        janitor_sweep(s);
        if (!janitor_done(s)) {
            janitor_wait(s);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void
rpc_server_free(struct rpc_server *s)
{
    if (s == NULL) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->draining = true;
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (s->janitor_runs) {
        pthread_join(s->janitor, NULL);
    } else {
        shut_without_janitor(s);
    }
    listen_free(s);
    rpc_tls_config_free(s->tls);
    pthread_cond_destroy(&s->wake);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    free(s->slots);
    free(s->url);
    free(s->ca_file);
    free(s);
}
