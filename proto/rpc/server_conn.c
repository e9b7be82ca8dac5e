/* One connection of the RPC server.
 *
 *                    accepted
 *                       │ conn_adopt
 *                 ┌─────▼─────┐ SP header, REQ   ┌─────────┐
 *                 │ handshake ├─────────────────►│  ready  │◄─┐ frames in, replies out
 *                 └─────┬─────┘                  └────┬────┴──┘
 *     error, deadline,  │                             │
 *     eviction, drain   └──────────► closed ◄─────────┘     conn_close: out of every table
 *                                       │ nobody is starting an operation (issuing == 0)
 *                                  conn_shut                janitor: nng_stream_close
 *                                       │ every operation has called back (refs == 0)
 *                                  conn_free                janitor: stream, aios, buffers
 *
 * Rules:
 *  1. One lock, the server's. No nng function and no on_message is called under it.
 *  2. The inbound side (in, in_n, in_cap) belongs to whoever set `reading`: the receive in nng, or
 *     the thread between its callback and the next receive. The outbound side (the bytes of
 *     out_first) belongs likewise to whoever set `sending`. So neither needs the lock.
 *  3. An operation is started only by the owner, after it looked at `closed` and counted itself in
 *     `issuing` and `refs` under the lock. nng_stream_close comes only after issuing fell to 0 with
 *     closed set: nng 1.5 may never finish an operation started after the close.
 *  4. conn_close only decides. Closing and freeing are the janitor's alone, so a callback never
 *     frees the aio it runs on, and nothing waits inside a callback.
 *  5. refs is 1 for the table (dropped by conn_shut), 1 for every operation until its callback has
 *     finished, 1 for every thread in conn_receive, conn_send. Only refs 0 is freed.
 *  6. A deadline is a timestamp that the janitor compares; nng's own timeouts are not used (one on
 *     a send during the TLS handshake never fires).
 *  7. A call counts as in flight until its reply is flushed, so the reply queue is bounded by
 *     inflight_per_conn, and a reader too slow is not read from.
 *  8. nng 1.5.2 never finishes an operation started on a TLS stream whose TCP connection has died
 *     unnoticed between two operations, not even after a close. So whoever has started a receive
 *     looks whether the peer is still there, and a closed connection whose operations do not come
 *     back in LOST_MS is given up: it leaves the counts, its memory stays.
 */
#include "proto/rpc/server_conn.h"

#include "proto/base/now.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LOST_MS = 5000 };

static void conn_recv_cb(void *arg);
static void conn_send_cb(void *arg);
static void conn_read_on(struct conn *c);

/* ---- references; under the lock ---- */

static void
wake_janitor(struct rpc_server *s)
{
    pthread_cond_signal(&s->wake);
}

static void
conn_unref(struct conn *c)
{
    assert(c->refs > 0);
    c->refs--;
    if (c->refs == 0) {
        if (c->leaving) {
            conn_list_remove(&c->server->leaving, c);
            c->leaving = false;
        }
        c->dead_next = c->server->to_free;
        c->server->to_free = c;
        wake_janitor(c->server);
    }
}

/* Hands a closed connection to the janitor once nobody is starting an operation (rule 3). */
static void
conn_queue_shut(struct conn *c)
{
    if (c->closed && c->issuing == 0 && !c->queued) {
        c->queued = true;
        c->dead_next = c->server->to_close;
        c->server->to_close = c;
        wake_janitor(c->server);
    }
}

static void
issue_begin(struct conn *c)
{
    c->issuing++;
    c->refs += 2; /* the operation's, and this thread's */
}

static void
issue_end(struct conn *c)
{
    c->issuing--;
    conn_queue_shut(c);
    conn_unref(c);
}

void
conn_close(struct conn *c)
{
    if (c->closed) {
        return;
    }
    c->closed = true;
    c->server->counters.inflight_now -= c->inflight;
    conn_table_remove(c);
    pthread_cond_broadcast(&c->server->idle);
    conn_queue_shut(c);
}

/* ---- outbound ---- */

void
conn_send(struct conn *c)
{
    struct out *o = c->out_first;
    if (c->closed || c->sending || o == NULL) {
        return;
    }
    c->sending = true;
    if (c->write_since_ms == 0) {
        c->write_since_ms = now_steady_ms();
    }
    issue_begin(c);
    pthread_mutex_unlock(&c->server->lock);

    nng_iov iov = {.iov_buf = o->bytes + o->sent, .iov_len = o->n - o->sent};
    int rv = nng_aio_set_iov(c->send_aio, 1, &iov);
    assert(rv == 0); /* one vector always fits */
    nng_stream_send(c->stream, c->send_aio);

    pthread_mutex_lock(&c->server->lock);
    issue_end(c);
}

void
conn_out_append(struct conn *c, struct out *o)
{
    if (c->out_last != NULL) {
        c->out_last->next = o;
    } else {
        c->out_first = o;
    }
    c->out_last = o;
}

struct out *
conn_out_new(size_t n)
{
    struct out *o = malloc(sizeof *o + n);
    if (o != NULL) {
        *o = (struct out){.n = n};
    }
    return o;
}

/* The first of the queue is all out. Under the lock. */
static void
out_flushed(struct conn *c)
{
    struct rpc_server *s = c->server;
    struct out *o = c->out_first;
    c->out_first = o->next;
    if (c->out_first == NULL) {
        c->out_last = NULL;
    }
    c->write_since_ms = 0;
    if (o->is_reply) {
        c->inflight--;
        c->active_ms = now_steady_ms();
        s->counters.inflight_now--;
        s->counters.frames_out++;
        s->counters.bytes_out += o->n - o->start;
        if (s->draining) {
            pthread_cond_broadcast(&s->idle);
        }
    }
    free(o);
}

static void
conn_send_cb(void *arg)
{
    struct conn *c = arg;
    struct rpc_server *s = c->server;
    int rv = nng_aio_result(c->send_aio);
    size_t count = rv == 0 ? nng_aio_count(c->send_aio) : 0;

    pthread_mutex_lock(&s->lock);
    c->sending = false;
    if (rv != 0 || count == 0) {
        conn_close(c);
    } else if (!c->closed) {
        c->out_first->sent += count;
        if (c->out_first->sent == c->out_first->n) {
            out_flushed(c);
        }
        if (s->draining && c->inflight == 0 && c->out_first == NULL) {
            conn_close(c);
        }
        conn_send(c);
    }
    pthread_mutex_unlock(&s->lock);
    conn_read_on(c); /* a flushed reply may let a paused reader go on */

    pthread_mutex_lock(&s->lock);
    conn_unref(c);
    pthread_mutex_unlock(&s->lock);
}

/* ---- inbound ---- */

enum next {
    NEXT_MORE,      /* receive */
    NEXT_HANDSHAKE, /* the peer's header is complete */
    NEXT_FRAME,     /* a whole frame lies at the front */
    NEXT_BAD,
};

/* What lies at the front of the buffer. The owner's (rule 2). */
static enum next
conn_next(const struct conn *c, size_t *ret_length)
{
    if (!c->ready) {
        return c->in_n < SP_HANDSHAKE_SIZE ? NEXT_MORE : NEXT_HANDSHAKE;
    }
    if (c->in_n < SP_LENGTH_SIZE) {
        return NEXT_MORE;
    }
    uint64_t length = sp_length_read(c->in);
    if (length > c->server->limits.frame_bytes || length < SP_WORD_SIZE) {
        return NEXT_BAD;
    }
    *ret_length = (size_t)length;
    return c->in_n - SP_LENGTH_SIZE < length ? NEXT_MORE : NEXT_FRAME;
}

/* Room for at least one more byte. The claim of a frame's length allocates nothing: the buffer
 * doubles as bytes arrive. */
static bool
conn_in_reserve(struct conn *c)
{
    if (c->in_n < c->in_cap) {
        return true;
    }
    size_t cap = c->in_cap == 0 ? CONN_IN_SMALL : c->in_cap * 2;
    if (cap > LIMIT_FRAME_BYTES + CONN_IN_SMALL) {
        cap = LIMIT_FRAME_BYTES + CONN_IN_SMALL;
    }
    unsigned char *bigger = realloc(c->in, cap);
    if (bigger == NULL) {
        return false;
    }
    c->in = bigger;
    c->in_cap = cap;
    return true;
}

/* Drops n bytes from the front; a buffer grown large for one frame is given back. */
static void
conn_in_consume(struct conn *c, size_t n)
{
    c->in_n -= n;
    memmove(c->in, c->in + n, c->in_n);
    if (c->in_cap > 16 * (size_t)CONN_IN_SMALL && c->in_n <= CONN_IN_SMALL) {
        unsigned char *smaller = realloc(c->in, CONN_IN_SMALL);
        if (smaller != NULL) {
            c->in = smaller;
            c->in_cap = CONN_IN_SMALL;
        }
    }
}

/* Rule 8: true when the TCP connection has died, so that the receive just started may be lost. */
static bool
peer_gone(const struct conn *c)
{
    nng_sockaddr address;
    return nng_stream_get_addr(c->stream, NNG_OPT_REMADDR, &address) != 0;
}

/* Gives up the inbound side to nng, unless closed meanwhile. Always ends this owner's turn. */
static bool
conn_step_receive(struct conn *c)
{
    struct rpc_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    if (!conn_in_reserve(c)) {
        conn_close(c);
    }
    if (c->closed) {
        c->reading = false;
        pthread_mutex_unlock(&s->lock);
        return false;
    }
    if (c->in_n == 0) {
        c->frame_since_ms = 0;
    } else if (c->frame_since_ms == 0) {
        c->frame_since_ms = now_steady_ms();
    }
    issue_begin(c);
    pthread_mutex_unlock(&s->lock);

    nng_iov iov = {.iov_buf = c->in + c->in_n, .iov_len = c->in_cap - c->in_n};
    int rv = nng_aio_set_iov(c->recv_aio, 1, &iov);
    assert(rv == 0);
    nng_stream_recv(c->stream, c->recv_aio);
    bool gone = peer_gone(c);

    pthread_mutex_lock(&s->lock);
    if (gone) {
        conn_close(c);
    }
    issue_end(c);
    pthread_mutex_unlock(&s->lock);
    return false;
}

/* The peer's SP header is there; ours follows. */
static bool
conn_step_handshake(struct conn *c)
{
    struct rpc_server *s = c->server;
    uint16_t protocol = 0;
    bool ok = sp_handshake_read(c->in, &protocol) == STATUS_OK && protocol == SP_PROTO_REQ;
    struct out *o = ok ? conn_out_new(SP_HANDSHAKE_SIZE) : NULL;
    pthread_mutex_lock(&s->lock);
    if (o == NULL) {
        s->counters.refused_handshake += c->closed ? 0 : 1;
        conn_close(c);
    } else {
        sp_handshake_write(SP_PROTO_REP, o->bytes);
        conn_in_consume(c, SP_HANDSHAKE_SIZE);
        c->ready = true;
        c->frame_since_ms = 0;
        c->active_ms = now_steady_ms();
        s->counters.ready++;
        conn_out_append(c, o);
        conn_send(c);
    }
    pthread_mutex_unlock(&s->lock);
    return true; /* when closed, the next step gives up */
}

static bool
conn_step_bad(struct conn *c)
{
    pthread_mutex_lock(&c->server->lock);
    c->server->counters.protocol_errors += c->closed ? 0 : 1;
    conn_close(c);
    pthread_mutex_unlock(&c->server->lock);
    return true;
}

/* Under the lock: a free call slot, filled. There is one: open calls never exceed inflight. */
static struct rpc_call_handle
call_open(struct conn *c, const unsigned char *backtrace, size_t size)
{
    uint32_t i = 0;
    while ((c->calls[i].generation & 1U) != 0) {
        i++;
        assert(i < c->server->limits.inflight_per_conn);
    }
    struct call_slot *slot = &c->calls[i];
    slot->generation++;
    slot->backtrace_size = (uint32_t)size;
    memcpy(slot->backtrace, backtrace, size);
    return (struct rpc_call_handle){.conn_slot = c->slot,
                                    .conn_generation = c->server->slots[c->slot].generation,
                                    .call_slot = i,
                                    .call_generation = slot->generation};
}

/* A whole frame lies at the front: opens its call and hands the payload up. The owner knows that
 * the call fits, since only the owner adds to inflight (conn_pause looked). */
static bool
conn_step_frame(struct conn *c, size_t length)
{
    struct rpc_server *s = c->server;
    const unsigned char *body = c->in + SP_LENGTH_SIZE;
    size_t trace = 0;
    if (sp_backtrace_read(body, length, &trace) != STATUS_OK) {
        return conn_step_bad(c);
    }
    size_t n = length - trace;
    unsigned char *bytes = malloc(n + 1);
    if (bytes != NULL) {
        memcpy(bytes, body + trace, n);
    }
    struct rpc_call_handle call = {0};
    pthread_mutex_lock(&s->lock);
    if (bytes == NULL) {
        conn_close(c);
    }
    bool up = !c->closed;
    if (up) {
        call = call_open(c, body, trace);
        c->inflight++;
        c->active_ms = now_steady_ms();
        c->frame_since_ms = 0;
        s->counters.inflight_now++;
        s->counters.frames_in++;
        s->counters.bytes_in += SP_LENGTH_SIZE + length;
    }
    pthread_mutex_unlock(&s->lock);
    conn_in_consume(c, SP_LENGTH_SIZE + length);
    if (up) {
        s->on_message(s->ctx, call, bytes, n);
    } else {
        free(bytes);
    }
    return true;
}

/* True when the owner must stop for now: closed, or as many calls in flight as allowed, or the
 * server takes no more. Gives up the inbound side then. */
static bool
conn_pause(struct conn *c)
{
    struct rpc_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    bool full = c->inflight >= s->limits.inflight_per_conn;
    bool stop = c->closed || full || s->draining;
    if (stop) {
        if (s->draining && c->inflight == 0 && c->out_first == NULL) {
            conn_close(c);
        }
        c->frame_since_ms = 0; /* it is we who do not read */
        c->reading = false;
    }
    pthread_mutex_unlock(&s->lock);
    return stop;
}

/* One step of the owner, without the lock. True: go on. */
static bool
conn_read_step(struct conn *c)
{
    if (conn_pause(c)) {
        return false;
    }
    size_t length = 0;
    switch (conn_next(c, &length)) {
    case NEXT_MORE:
        return conn_step_receive(c);
    case NEXT_HANDSHAKE:
        return conn_step_handshake(c);
    case NEXT_FRAME:
        return conn_step_frame(c, length);
    case NEXT_BAD:
        break;
    }
    return conn_step_bad(c);
}

/* Becomes the owner of the inbound side if nobody is, and reads on until more bytes must come.
 * Called without the lock, by a thread that holds a reference. */
static void
conn_read_on(struct conn *c)
{
    struct rpc_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    bool mine = !c->reading && !c->closed;
    if (mine) {
        c->reading = true;
    }
    pthread_mutex_unlock(&s->lock);
    while (mine && conn_read_step(c)) {
    }
}

static void
conn_recv_cb(void *arg)
{
    struct conn *c = arg;
    struct rpc_server *s = c->server;
    int rv = nng_aio_result(c->recv_aio);
    size_t count = rv == 0 ? nng_aio_count(c->recv_aio) : 0;

    pthread_mutex_lock(&s->lock);
    c->reading = false;
    if (rv != 0 || count == 0) {
        if (!c->closed && !c->ready) {
            s->counters.refused_handshake++;
        }
        conn_close(c);
    } else {
        c->in_n += count;
        if (c->frame_since_ms == 0) {
            c->frame_since_ms = now_steady_ms();
        }
    }
    pthread_mutex_unlock(&s->lock);
    conn_read_on(c);

    pthread_mutex_lock(&s->lock);
    conn_unref(c);
    pthread_mutex_unlock(&s->lock);
}

/* ---- life ---- */

static struct conn *
conn_new(struct rpc_server *s, nng_stream *stream)
{
    size_t calls = s->limits.inflight_per_conn * sizeof(struct call_slot);
    struct conn *c = calloc(1, sizeof *c + calls);
    if (c == NULL) {
        return NULL;
    }
    c->server = s;
    c->refs = 1;
    c->accepted_ms = c->active_ms = now_steady_ms();
    if (nng_aio_alloc(&c->recv_aio, conn_recv_cb, c) != 0 ||
        nng_aio_alloc(&c->send_aio, conn_send_cb, c) != 0) {
        nng_aio_free(c->recv_aio);
        free(c);
        return NULL;
    }
    nng_aio_set_timeout(c->recv_aio, NNG_DURATION_INFINITE);
    nng_aio_set_timeout(c->send_aio, NNG_DURATION_INFINITE);
    c->stream = stream;
    return c;
}

/* Makes room by the caps; false when there is none. Under the lock. */
static bool
make_room(struct rpc_server *s)
{
    bool full = s->counters.conn_now >= s->limits.conn_total;
    if (full || s->counters.conn_unauthenticated_now >= s->limits.conn_unauthenticated) {
        struct conn *victim = conn_table_victim(s);
        if (victim != NULL) {
            s->counters.evicted_unauth++;
            conn_close(victim);
        } else if (full) {
            s->counters.refused_full++;
            return false;
        }
    }
    return !s->draining;
}

void
conn_adopt(struct rpc_server *s, nng_stream *stream)
{
    struct conn *c = conn_new(s, stream);
    bool in_table = false;
    pthread_mutex_lock(&s->lock);
    s->counters.accepted++;
    if (c != NULL && make_room(s) && conn_table_add(c) == STATUS_OK) {
        s->conns_alive++;
        c->refs++; /* this thread's */
        in_table = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (!in_table) {
        nng_stream_close(stream);
        nng_stream_free(stream);
        if (c != NULL) {
            nng_aio_free(c->recv_aio);
            nng_aio_free(c->send_aio);
            free(c);
        }
        return;
    }
    conn_read_on(c);
    pthread_mutex_lock(&s->lock);
    conn_unref(c);
    pthread_mutex_unlock(&s->lock);
}

void
conn_check_deadlines(struct conn *c, int64_t now_ms)
{
    struct rpc_server *s = c->server;
    const struct rpc_server_limits *l = &s->limits;
    bool idle = c->inflight == 0 && c->frame_since_ms == 0;
    uint32_t idle_ms = c->machine[0] == '\0' ? l->unauth_idle_ms : l->conn_idle_ms;
    uint64_t *counter = NULL;
    if (!c->ready) {
        counter = now_ms - c->accepted_ms > l->handshake_ms ? &s->counters.timeout_handshake : NULL;
    } else if (c->write_since_ms != 0 && now_ms - c->write_since_ms > l->reply_write_ms) {
        counter = &s->counters.timeout_write;
    } else if (c->frame_since_ms != 0 && now_ms - c->frame_since_ms > l->frame_read_ms) {
        counter = &s->counters.timeout_read;
    } else if (idle && now_ms - c->active_ms > idle_ms) {
        counter = &s->counters.timeout_idle;
    }
    if (counter != NULL) {
        (*counter)++;
        conn_close(c);
    }
}

void
conn_shut(struct conn *c)
{
    nng_stream_close(c->stream);
    pthread_mutex_lock(&c->server->lock);
    c->leaving = true;
    c->shut_ms = now_steady_ms();
    conn_list_append(&c->server->leaving, c);
    conn_unref(c);
    pthread_mutex_unlock(&c->server->lock);
}

void
conn_give_up_lost(struct rpc_server *s, int64_t now_ms)
{
    for (struct conn *c = s->leaving.first; c != NULL && now_ms - c->shut_ms > LOST_MS;) {
        conn_list_remove(&s->leaving, c);
        c->leaving = false;
        c->lost = true;
        s->counters.conn_lost++;
        s->conns_alive--;
        c = s->leaving.first;
    }
}

void
conn_free(struct conn *c)
{
    /* The callbacks have dropped their references, but may still be on their way out of nng. */
    nng_aio_stop(c->recv_aio);
    nng_aio_stop(c->send_aio);
    nng_stream_free(c->stream);
    nng_aio_free(c->recv_aio);
    nng_aio_free(c->send_aio);
    for (struct out *o = c->out_first; o != NULL;) {
        struct out *next = o->next;
        free(o);
        o = next;
    }
    free(c->in);
    free(c);
}
