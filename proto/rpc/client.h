/* RPC client, the transport: one connection to one server, one call at a time, blocking.
 *
 * For the CLI, the agent and the gateway (which keeps several). It connects when first needed and
 * again after a failure. It refuses to retry: whoever knows the idempotency key does, with the same
 * bytes and rpc_backoff_ms between.
 *
 * Threads: one thread at a time uses a client; rpc_client_cancel alone may come from another.
 */
#ifndef PROTO_RPC_CLIENT_H
#define PROTO_RPC_CLIENT_H

#include "proto/base/fault.h"
#include "proto/rpc/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_client;

struct rpc_client_config {
    const char *url;             /* "tls+tcp://HOST:PORT"; "tcp://…" in tests only */
    const char *server_name;     /* the name the server's certificate must carry; with tls+tcp */
    struct rpc_tls_files tls;    /* unused with tcp:// */
    uint32_t connect_timeout_ms; /* 0: LIMIT_HANDSHAKE_MS */
    bool unchecked;              /* whoever answers may be anybody (tls is unused): see tls.h */
};

struct rpc_reply {
    unsigned char *bytes; /* malloc'd, never NULL after success; rpc_reply_clear */
    size_t n;
};

/* Checks the files and prepares; does not connect. FAILED_PRECONDITION (files, see tls.h),
 * INVALID_ARGUMENT URL_INVALID or SERVER_NAME_MISSING, RESOURCE_EXHAUSTED. Strings are copied. */
MUST_CHECK enum status rpc_client_open(const struct rpc_client_config *config,
                                       struct rpc_client **ret_client, struct fault *f);

/* Connects now if not connected. Errors as rpc_client_call's. */
MUST_CHECK enum status rpc_client_connect(struct rpc_client *client, uint32_t timeout_ms,
                                          struct fault *f);

/* Sends n bytes and waits for the reply, connecting first if need be; timeout_ms covers all of it.
 *   UNAVAILABLE        CONNECT_REFUSED, HOST_UNKNOWN, CONNECT_FAILED, CONNECTION_LOST (the server
 *                      may have executed it: retry with the same idempotency key)
 *   DEADLINE_EXCEEDED  CALL_TIMEOUT, CONNECT_TIMEOUT
 *   UNAUTHENTICATED    TLS_SERVER_NAME (the certificate names another server), TLS_SERVER_CERT
 *                      (not of our authority, or expired), TLS_CLIENT_REFUSED (it refused ours)
 *   CANCELLED          rpc_client_cancel
 *   INVALID_ARGUMENT   REQUEST_TOO_LARGE (over a frame)
 *   DATA_LOSS          PROTOCOL_ERROR (what answered does not speak SP)
 * After any failure the connection is closed. The caller owns *ret_reply. */
MUST_CHECK enum status rpc_client_call(struct rpc_client *client, const unsigned char *bytes,
                                       size_t n, uint32_t timeout_ms, struct rpc_reply *ret_reply,
                                       struct fault *f);

/* Ends the call in progress, or the next one when none is, with CANCELLED. From any thread, not
 * from a signal handler. */
void rpc_client_cancel(struct rpc_client *client);

/* Closes the connection; the next call connects again. */
void rpc_client_disconnect(struct rpc_client *client);

/* NULL is accepted. */
void rpc_client_free(struct rpc_client *client);

/* Frees the bytes; accepts a zeroed or cleared reply. */
void rpc_reply_clear(struct rpc_reply *reply);

/* How long to wait before retry number attempt (0: the first retry): full jitter, uniform in
 * [0, min(200 ms * 2^attempt, 30 s)]. random: 32 bits from the caller. Pure. */
uint32_t rpc_backoff_ms(unsigned attempt, uint32_t random);

#endif
