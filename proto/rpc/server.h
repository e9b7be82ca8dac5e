/* RPC server, the transport: accepts connections, takes requests apart into opaque messages, hands
 * them up, and sends replies back. It speaks SP REQ/REP (sp.h) over nng's stream listener, so stock
 * nng REQ clients connect unchanged.
 *
 * It refuses to know what a message means: no protobuf, no accounts, no methods. The layer above
 * says when a connection has proved its machine key. Everything a stranger can do is bounded by
 * struct rpc_server_limits.
 */
#ifndef PROTO_RPC_SERVER_H
#define PROTO_RPC_SERVER_H

#include "proto/base/fault.h"
#include "proto/rpc/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_server;

/* One call that waits for its reply: a value, copy it freely. After the reply, or once its
 * connection is gone, it is dead for good: numbers are generation-counted and never hit another
 * call. */
struct rpc_call_handle {
    uint32_t conn_slot;
    uint32_t conn_generation;
    uint32_t call_slot;
    uint32_t call_generation;
};

/* Every field 0 means the bound of the same name in proto/base/limits.h; tests scale them down. */
struct rpc_server_limits {
    uint32_t conn_total;           /* connections; beyond it the newcomer is refused */
    uint32_t conn_unauthenticated; /* beyond it the oldest of them is closed */
    uint32_t conn_per_machine;     /* beyond it that machine's oldest is closed */
    uint32_t inflight_per_conn;    /* calls without a flushed reply; then reading stops */
    uint32_t handshake_ms;         /* accept to SP header, TLS included */
    uint32_t frame_read_ms;        /* a frame's first byte to its last */
    uint32_t reply_write_ms;       /* a reply's first byte to its last: slow readers go */
    uint32_t conn_idle_ms;         /* authenticated, nothing in flight */
    uint32_t unauth_idle_ms;       /* never authenticated, nothing in flight */
    uint32_t probe_ms;             /* how often the listener is tried */
    uint32_t frame_bytes;          /* the largest frame taken; at most LIMIT_FRAME_BYTES */
};

/* A request has come in. Called on an nng task thread, from several at once, but for one connection
 * never twice at a time and in the order of arrival. Must not block (there are few such threads).
 * bytes: the payload behind the backtrace, malloc'd; the callee owns it (free). n may be 0, bytes
 * is not NULL even then. rpc_server_reply may be called from inside. */
typedef void (*rpc_server_message_fn)(void *ctx, struct rpc_call_handle call, unsigned char *bytes,
                                      size_t n);

struct rpc_server_config {
    const char *url;          /* "tls+tcp://HOST:PORT"; "tcp://…" in tests only; port 0: any */
    struct rpc_tls_files tls; /* unused with tcp:// */
    bool open;                /* clients show no certificate: the enrolment door */
    struct rpc_server_limits limits;
    rpc_server_message_fn on_message;
    void *ctx; /* given to on_message; outlives the server */
};

/* Only ever grow, but for the three that say "now". Each is read under the server's lock, so one
 * snapshot is consistent. */
struct rpc_server_counters {
    uint64_t conn_now;
    uint64_t conn_unauthenticated_now;
    uint64_t inflight_now;      /* calls without a flushed reply */
    uint64_t accepted;          /* connections */
    uint64_t ready;             /* … that came through TLS and SP handshake */
    uint64_t refused_full;      /* conn_total reached */
    uint64_t refused_handshake; /* TLS failed, no SP header, not REQ, or cut off before */
    uint64_t evicted_unauth;    /* oldest unauthenticated made room */
    uint64_t evicted_machine;   /* a machine's oldest made room */
    uint64_t timeout_handshake; /* closed by the deadline of that name */
    uint64_t timeout_read;
    uint64_t timeout_write;
    uint64_t timeout_idle;
    uint64_t protocol_errors; /* bad length, bad backtrace */
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t bytes_in; /* frames with their length word, as read */
    uint64_t bytes_out;
    uint64_t replies_dropped; /* the caller was gone */
    uint64_t accept_errors;
    uint64_t listener_restarts;
    uint64_t
        conn_lost; /* nng kept an operation for ever: their memory is given up (about 40 KB each) */
};

/* Checks the TLS files, listens, and starts serving at once. On failure nothing is left behind:
 * FAILED_PRECONDITION (files; see tls.h), UNAVAILABLE LISTEN_FAILED (address in use, no such
 * address), INVALID_ARGUMENT URL_INVALID, RESOURCE_EXHAUSTED. config and its strings are borrowed
 * for the call. */
MUST_CHECK enum status rpc_server_start(const struct rpc_server_config *config,
                                        struct rpc_server **ret_server, struct fault *f);

/* The TCP port listened on (what port 0 became). Any thread. */
uint16_t rpc_server_port(const struct rpc_server *server);

/* Dials the server's own listener twice: without a certificate, which must be refused, and with
 * client (a certificate of the same authority), which must get an SP header from a server named
 * server_name. With client NULL only the first; an open server must let it in. INTERNAL
 * TLS_SELFTEST_FAILED says which went wrong. tcp:// listeners fail it. Blocks up to twice the
 * handshake deadline; not from on_message. */
MUST_CHECK enum status rpc_server_selftest(struct rpc_server *server,
                                           const struct rpc_tls_files *client,
                                           const char *server_name, struct fault *f);

/* Answers a call: n bytes are copied and queued; the call ends here. A call that is gone (answered,
 * or its connection closed) is a harmless OK. RESOURCE_EXHAUSTED REPLY_TOO_LARGE when n is over
 * SP_PAYLOAD_MAX: the call is still open, answer it with something smaller. Never blocks; any
 * thread. */
MUST_CHECK enum status rpc_server_reply(struct rpc_server *server, struct rpc_call_handle call,
                                        const unsigned char *bytes, size_t n);

/* False once nobody waits for this reply: work for it may be dropped. Any thread; never blocks. */
bool rpc_server_handle_alive(struct rpc_server *server, struct rpc_call_handle call);

/* The caller's connection has proved that machine's key. Repeating it for the same machine costs a
 * comparison, so say it on every authenticated call. Closes that machine's oldest connection when
 * it now has more than conn_per_machine. machine_id: a uuid's text, copied (cut at
 * UUID_TEXT_SIZE). Any thread; never blocks. */
void rpc_server_conn_authenticated(struct rpc_server *server, struct rpc_call_handle call,
                                   const char *machine_id);

/* Closes every connection that proved this machine's key (it was revoked). Any thread. */
void rpc_server_machine_close(struct rpc_server *server, const char *machine_id);

void rpc_server_counters_get(struct rpc_server *server, struct rpc_server_counters *ret_counters);

/* Begins the end: accepts nobody, takes no further request, closes each connection once it has
 * nothing in flight, and waits until all replies are flushed: OK, or DEADLINE_EXCEEDED with calls
 * left. Parked calls are the layer above's to answer before or meanwhile. Afterwards the program
 * flushes its log and calls _exit (nng is not torn down at run time). Blocks; not from on_message.
 */
MUST_CHECK enum status rpc_server_drain(struct rpc_server *server, uint32_t deadline_ms);

/* Closes everything and frees the server, for tests and failed starts. No other thread may be
 * inside any rpc_server_ function, and none may use the server afterwards; on_message is not called
 * once this returns. NULL is accepted. Blocks. */
void rpc_server_free(struct rpc_server *server);

#endif
