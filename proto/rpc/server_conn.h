/* Inside of the RPC server: what server.c (life), server_listen.c (doors), server_conn.c (one
 * connection), server_table.c (finding them) and server_call.c (from above) share. Not for anybody
 * else. The rules stand at the top of server_conn.c. */
#ifndef PROTO_RPC_SERVER_CONN_H
#define PROTO_RPC_SERVER_CONN_H

#include "proto/base/uuid7.h"
#include "proto/rpc/server.h"
#include "proto/rpc/sp.h"

#include <nng/nng.h>
#include <pthread.h>

enum { MACHINE_BUCKETS = 4096, CONN_IN_SMALL = 1024 };

/* One call taken from a connection and not yet answered. */
struct call_slot {
    uint32_t generation; /* odd: waits for its reply */
    uint32_t backtrace_size;
    unsigned char backtrace[SP_BACKTRACE_SIZE];
};

/* Bytes on their way out: our handshake, or a whole reply frame. */
struct out {
    struct out *next;
    size_t n;     /* end of what is to be sent */
    size_t start; /* and its beginning */
    size_t sent;  /* up to here it is out */
    bool is_reply;
    unsigned char bytes[];
};

struct conn_link {
    struct conn *prev;
    struct conn *next;
};

struct conn_list {
    struct conn *first; /* oldest */
    struct conn *last;
};

struct conn {
    struct rpc_server *server;
    nng_stream *stream;
    nng_aio *recv_aio;
    nng_aio *send_aio;
    uint32_t slot;
    unsigned refs;     /* table 1, each operation in nng 1, each thread inside 1 */
    unsigned issuing;  /* threads between "decided to start an operation" and "started it" */
    bool closed;       /* decided; nothing new is started */
    bool queued;       /* on the janitor's list */
    bool leaving;      /* shut, on the list of that name until refs 0 */
    bool lost;         /* given up: an operation of it never comes back (rule 8) */
    int64_t shut_ms;   /* since when it is leaving */
    bool ready;        /* SP handshake received */
    bool reading;      /* somebody owns in, in_n, in_cap: an operation or a thread */
    bool sending;      /* somebody owns out_first */
    unsigned inflight; /* open calls and replies not flushed */
    unsigned char *in;
    size_t in_n;
    size_t in_cap;
    struct out *out_first;
    struct out *out_last;
    int64_t accepted_ms;
    int64_t active_ms;            /* last whole frame in or out */
    int64_t frame_since_ms;       /* a frame has begun and not ended; 0: none */
    int64_t write_since_ms;       /* a reply has begun and not ended; 0: none */
    char machine[UUID_TEXT_SIZE]; /* "": not authenticated */
    struct conn_link by_age;      /* among the unauthenticated, or among all authenticated */
    struct conn *bucket_next;     /* same machine bucket, newest first */
    struct conn *dead_next;       /* janitor's lists */
    struct call_slot calls[];     /* limits.inflight_per_conn */
};

struct conn_slot {
    struct conn *conn; /* NULL: free */
    uint32_t generation;
    uint32_t free_next; /* index + 1; 0 ends */
};

enum listen_state { LISTEN_UP, LISTEN_DEAD, LISTEN_STOPPED };

struct rpc_server {
    pthread_mutex_t lock; /* everything below but what start fixed */
    pthread_cond_t wake;  /* the janitor has work */
    pthread_cond_t idle;  /* inflight_now, conn_now or listen state changed: drain and free wait */
    /* fixed by start */
    struct rpc_server_limits limits;
    rpc_server_message_fn on_message;
    void *ctx;
    char *url;     /* with the port that port 0 became */
    char *ca_file; /* for the self-test */
    bool is_tls;
    bool is_open; /* clients show no certificate */
    uint16_t port;
    uint32_t tick_ms;
    struct nng_tls_config *tls;
    nng_sockaddr address; /* ours, as bound */
    pthread_t janitor;
    /* the doors */
    nng_stream_listener *listener;
    nng_aio *accept_aio;
    enum listen_state listen_state;
    bool accepting;        /* an accept is in nng, or accept_cb runs */
    int64_t accept_at_ms;  /* not accepting for want of descriptors: again then */
    int64_t restart_at_ms; /* not before */
    int probe_fd;          /* -1: none under way */
    uint16_t probe_port;   /* its own port, to know it when accepted */
    bool probe_seen;
    uint64_t probe_accepted; /* the counter when the probe began */
    int64_t probe_until_ms;
    int64_t probe_next_ms;
    unsigned probe_misses;
    /* the connections */
    struct conn_slot *slots;
    uint32_t slots_n;
    uint32_t slots_cap;
    uint32_t free_first; /* index + 1; 0: none */
    struct conn_list unauthenticated;
    struct conn_list authenticated;
    struct conn_list leaving; /* shut and not free yet, oldest first */
    struct conn *bucket[MACHINE_BUCKETS];
    struct conn *to_close; /* closed, nothing being issued: nng_stream_close next */
    struct conn *to_free;  /* refs 0 */
    uint32_t conns_alive;  /* allocated and not freed yet */
    bool draining;
    bool stopping;
    bool janitor_runs; /* there is a thread to join */
    struct rpc_server_counters counters;
};

/* ---- server_conn.c ---- */

/* Takes over an accepted stream: a table row, eviction if need be, first receive. Consumes stream
 * whatever happens. Called without the lock. */
void conn_adopt(struct rpc_server *s, nng_stream *stream);

/* Decides the end: unlinks, wakes the janitor. Nothing when already closed. Under the lock. */
void conn_close(struct conn *c);

/* Closes what is past its deadline. Under the lock. */
void conn_check_deadlines(struct conn *c, int64_t now_ms);

/* The list at the end or out of it; a connection is on one list at most. Under the lock. */
void conn_list_append(struct conn_list *l, struct conn *c);
void conn_list_remove(struct conn_list *l, struct conn *c);

/* Gives up those that have been leaving for too long. Under the lock. */
void conn_give_up_lost(struct rpc_server *s, int64_t now_ms);

/* nng_stream_close, then the table's reference. Janitor only, without the lock. */
void conn_shut(struct conn *c);

/* Frees one with refs 0. Janitor only, without the lock. */
void conn_free(struct conn *c);

/* Room for n bytes to be sent; NULL without memory. */
struct out *conn_out_new(size_t n);

/* Queues it; the connection owns it from then on. Under the lock; conn_send follows. */
void conn_out_append(struct conn *c, struct out *o);

/* Starts sending the first of the queue if nobody does. Under the lock, which it lets go of for a
 * moment: afterwards c is the caller's only if it holds a reference. */
void conn_send(struct conn *c);

/* ---- server_call.c ---- */

/* The connection and open call behind a handle, or NULL. Under the lock. */
struct conn *conn_find(struct rpc_server *s, struct rpc_call_handle call);

/* ---- server_listen.c ---- */

/* Creates the listener and starts accepting. Start and janitor only. */
MUST_CHECK enum status listen_open(struct rpc_server *s, struct fault *f);

/* The doors' part of a tick: accept again, restart, probe; close when draining. Janitor only,
 * without the lock. */
void listen_tick(struct rpc_server *s, int64_t now_ms);

/* Closes and frees what there is. After the janitor's end, or before it ever ran. */
void listen_free(struct rpc_server *s);

/* The nng callback. */
void listen_accept_cb(void *arg);

/* ---- server_table.c ---- */

/* Slots, age lists and machine buckets; all under the lock. conn_table_add gives RESOURCE_EXHAUSTED
 * without memory. */
MUST_CHECK enum status conn_table_add(struct conn *c);
void conn_table_remove(struct conn *c);
void conn_table_authenticate(struct conn *c, const char *machine);
struct conn *conn_table_machine_oldest(struct rpc_server *s, const char *machine,
                                       uint32_t *ret_count);

/* Which unauthenticated connection makes room: the oldest still shaking hands, else the oldest
 * without a call, else the oldest. NULL when there is none. */
struct conn *conn_table_victim(struct rpc_server *s);

#endif
