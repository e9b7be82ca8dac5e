/* The doors of the RPC server: listener, accept loop, self-probe, restart.
 *
 * One accept is in nng at any time (`accepting`); accept_cb starts the next. When accepting fails
 * for want of descriptors the janitor starts it again a little later; when the listener itself has
 * died, or a probe of ours is no longer let in, the janitor makes a new one on the same port. */
#include "proto/rpc/server_conn.h"

#include "proto/base/now.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nng/supplemental/tls/tls.h>

enum { ACCEPT_RETRY_MS = 100, RESTART_MS = 500, PROBE_MISSES = 2 };

/* ---- accepting ---- */

/* True when the stream is our own probe's. Under the lock. */
static bool
is_probe(struct rpc_server *s, nng_stream *stream)
{
    nng_sockaddr sa = {0};
    if (s->probe_fd < 0 || nng_stream_get_addr(stream, NNG_OPT_REMADDR, &sa) != 0) {
        return false;
    }
    uint16_t port = sa.s_family == NNG_AF_INET    ? sa.s_in.sa_port
                    : sa.s_family == NNG_AF_INET6 ? sa.s_in6.sa_port
                                                  : 0;
    if (port != s->probe_port) {
        return false;
    }
    s->probe_seen = true;
    return true;
}

/* Under the lock: what the end of one accept means for the next. True: start it now. */
static bool
accept_again(struct rpc_server *s, int rv)
{
    if (rv == 0 || rv == NNG_ECONNABORTED || rv == NNG_ECONNRESET || rv == NNG_ECONNSHUT) {
        s->counters.accept_errors += rv == 0 ? 0 : 1;
        return s->listen_state == LISTEN_UP;
    }
    s->counters.accept_errors++;
    if (rv == NNG_ECLOSED || rv == NNG_ECANCELED) {
        if (s->listen_state == LISTEN_UP) {
            s->listen_state = LISTEN_DEAD;
        }
    } else {
        s->accept_at_ms = now_steady_ms() + ACCEPT_RETRY_MS;
    }
    return false;
}

void
listen_accept_cb(void *arg)
{
    struct rpc_server *s = arg;
    int rv = nng_aio_result(s->accept_aio);
    nng_stream *stream = rv == 0 ? nng_aio_get_output(s->accept_aio, 0) : NULL;

    pthread_mutex_lock(&s->lock);
    bool probe = stream != NULL && is_probe(s, stream);
    nng_stream_listener *listener = s->listener; /* stays while accepting is set */
    pthread_mutex_unlock(&s->lock);

    if (probe) {
        nng_stream_close(stream);
        nng_stream_free(stream);
    } else if (stream != NULL) {
        conn_adopt(s, stream);
    }

    pthread_mutex_lock(&s->lock);
    bool again = accept_again(s, rv);
    s->accepting = again;
    pthread_cond_broadcast(&s->idle);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (again) {
        nng_stream_listener_accept(listener, s->accept_aio);
    }
}

/* ---- opening and closing ---- */

static enum status
listen_fault(struct rpc_server *s, int rv, struct fault *f)
{
    return fault_set(f, STATUS_UNAVAILABLE, "LISTEN_FAILED",
                     "无法在 %s 上监听：%s。请检查地址是否属于本机、端口是否已被其他程序占用。",
                     s->url, nng_strerror(rv));
}

/* The listener's URL with a port, in place of the one with port 0. */
static int
url_set_port(struct rpc_server *s)
{
    nng_url *url = NULL;
    char *text = NULL;
    int rv = nng_url_parse(&url, s->url);
    if (rv != 0) {
        return rv;
    }
    bool is_v6 = strchr(url->u_hostname, ':') != NULL;
    int n = asprintf(&text, "%s://%s%s%s:%u", url->u_scheme, is_v6 ? "[" : "", url->u_hostname,
                     is_v6 ? "]" : "", s->port);
    nng_url_free(url);
    if (n < 0) {
        return NNG_ENOMEM;
    }
    free(s->url);
    s->url = text;
    return 0;
}

/* Learns what port 0 became, once, so that a restart takes the same. */
static int
learn_address(struct rpc_server *s, nng_stream_listener *l)
{
    int rv = nng_stream_listener_get_addr(l, NNG_OPT_LOCADDR, &s->address);
    if (rv != 0 || s->port != 0) {
        return rv;
    }
    s->port = ntohs(s->address.s_family == NNG_AF_INET6 ? s->address.s_in6.sa_port
                                                        : s->address.s_in.sa_port);
    return url_set_port(s);
}

enum status
listen_open(struct rpc_server *s, struct fault *f)
{
    nng_stream_listener *l = NULL;
    int rv = nng_stream_listener_alloc(&l, s->url);
    if (rv == 0) { /* replies of several calls follow each other: no waiting for an ACK */
        rv = nng_stream_listener_set_bool(l, NNG_OPT_TCP_NODELAY, true);
    }
    if (rv == 0 && s->is_tls) {
        rv = nng_stream_listener_set_ptr(l, NNG_OPT_TLS_CONFIG, s->tls);
    }
    if (rv == 0) {
        rv = nng_stream_listener_listen(l);
    }
    if (rv == 0) {
        rv = learn_address(s, l);
    }
    if (rv != 0) {
        if (l != NULL) {
            nng_stream_listener_free(l);
        }
        return listen_fault(s, rv, f);
    }
    pthread_mutex_lock(&s->lock);
    s->listener = l;
    s->listen_state = LISTEN_UP;
    s->accepting = true;
    s->accept_at_ms = 0;
    pthread_mutex_unlock(&s->lock);
    nng_stream_listener_accept(l, s->accept_aio);
    return STATUS_OK;
}

void
listen_free(struct rpc_server *s)
{
    if (s->listener != NULL) {
        nng_stream_listener_close(s->listener);
    }
    if (s->accept_aio != NULL) {
        nng_aio_wait(s->accept_aio);
        nng_aio_free(s->accept_aio);
    }
    if (s->listener != NULL) {
        nng_stream_listener_free(s->listener);
    }
    if (s->probe_fd >= 0) {
        close(s->probe_fd);
    }
}

/* ---- the janitor's part ---- */

/* A new listener in place of a dead one; no accept is under way. */
static void
listen_restart(struct rpc_server *s, int64_t now_ms)
{
    nng_aio_wait(s->accept_aio); /* its callback is on the way out */
    if (s->listener != NULL) {
        nng_stream_listener_close(s->listener);
        nng_stream_listener_free(s->listener);
        s->listener = NULL;
    }
    s->restart_at_ms = now_ms + RESTART_MS;
    if (listen_open(s, NULL) == STATUS_OK) {
        pthread_mutex_lock(&s->lock);
        s->counters.listener_restarts++;
        pthread_mutex_unlock(&s->lock);
    }
}

/* Where the probe dials: the bound address, or loopback when bound to any. */
static socklen_t
probe_address(const struct rpc_server *s, struct sockaddr_storage *ret_address)
{
    *ret_address = (struct sockaddr_storage){0};
    if (s->address.s_family == NNG_AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(s->port)};
        memcpy(&in6.sin6_addr, s->address.s_in6.sa_addr, sizeof in6.sin6_addr);
        if (IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr)) {
            in6.sin6_addr = in6addr_loopback;
        }
        memcpy(ret_address, &in6, sizeof in6);
        return sizeof in6;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    in.sin_addr.s_addr =
        s->address.s_in.sa_addr != INADDR_ANY ? s->address.s_in.sa_addr : htonl(INADDR_LOOPBACK);
    memcpy(ret_address, &in, sizeof in);
    return sizeof in;
}

/* Starts a connection of our own; under the lock, so that accept_cb knows its port in time. No call
 * in here blocks. */
static void
probe_start(struct rpc_server *s, int64_t now_ms)
{
    struct sockaddr_storage to;
    socklen_t size = probe_address(s, &to);
    s->probe_next_ms = now_ms + s->limits.probe_ms;
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return; /* out of descriptors: nothing learned about the listener */
    }
    struct sockaddr_storage own = {0};
    socklen_t own_size = sizeof own;
    if ((connect(fd, (struct sockaddr *)&to, size) != 0 && errno != EINPROGRESS) ||
        getsockname(fd, (struct sockaddr *)&own, &own_size) != 0) {
        close(fd);
        s->probe_misses++;
        return;
    }
    struct sockaddr_in in; /* the port lies at the same place in both families */
    memcpy(&in, &own, sizeof in);
    s->probe_fd = fd;
    s->probe_port = in.sin_port;
    s->probe_seen = false;
    s->probe_accepted = s->counters.accepted;
    s->probe_until_ms = now_ms + s->limits.handshake_ms;
}

/* Looks after the probe under way, or starts one when due. A listener that has let others in
 * meanwhile is slow, not stuck: a new one would only turn away those who wait. True: it lets nobody
 * in. Under the lock. */
static bool
probe_tick(struct rpc_server *s, int64_t now_ms)
{
    if (s->probe_fd < 0) {
        if (now_ms >= s->probe_next_ms) {
            probe_start(s, now_ms);
        }
    } else if (s->probe_seen || now_ms > s->probe_until_ms) {
        bool alive = s->probe_seen || s->counters.accepted != s->probe_accepted;
        s->probe_misses = alive ? 0 : s->probe_misses + 1;
        close(s->probe_fd);
        s->probe_fd = -1;
    }
    if (s->probe_misses < PROBE_MISSES) {
        return false;
    }
    s->probe_misses = 0;
    return true;
}

void
listen_tick(struct rpc_server *s, int64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    bool stop = s->draining && s->listen_state != LISTEN_STOPPED;
    bool restart = false;
    bool accept = false;
    bool stuck = false;
    if (stop) {
        s->listen_state = LISTEN_STOPPED;
    } else if (s->listen_state == LISTEN_DEAD) {
        restart = !s->accepting && now_ms >= s->restart_at_ms;
    } else if (s->listen_state == LISTEN_UP && !s->accepting) {
        accept = now_ms >= s->accept_at_ms;
        s->accepting = accept;
    } else if (s->listen_state == LISTEN_UP) {
        stuck = probe_tick(s, now_ms);
    }
    pthread_mutex_unlock(&s->lock);
    if (restart) {
        listen_restart(s, now_ms);
    } else if (accept) {
        nng_stream_listener_accept(s->listener, s->accept_aio);
    } else if ((stop || stuck) && s->listener != NULL) {
        nng_stream_listener_close(s->listener); /* ends the accept with ECLOSED: DEAD */
    }
}
