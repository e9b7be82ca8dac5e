/* Dispatch: the one door. Whatever comes in, by nng, in process or from the clock, passes here.
 *
 * Threads: `writer_threads` batch runners (each its own connection) take up to LIMIT_BATCH_COMMANDS
 * waiting commands into one transaction; slow_threads runners, one call at a time, for the slow
 * lane; `query_threads` for queries; one LISTENs and wakes parked calls. Queues are bounded: a full
 * one answers RESOURCE_EXHAUSTED with a retry hint at once. It refuses to be: a transport, or a
 * place for rules of the domain.
 */
#ifndef SERVER_DISPATCH_DISPATCH_H
#define SERVER_DISPATCH_DISPATCH_H

#include "server/dispatch/handler.h"

#include <stddef.h>
#include <stdint.h>

struct clock;      /* server/base/clock.h */
struct issuer;     /* server/base/issuer.h */
struct ledger_key; /* the log's signing key; see proto/ledger */
struct dispatch;

struct dispatch_config {
    const char *conninfo; /* of role rectify_app */
    int writer_threads;   /* 1 to 16 */
    int query_threads;    /* 1 to 64 */
    int slow_threads;     /* the lane of logins and imports; 0: 1 */
    const struct clock *clock;
    const struct handler_table *tables;
    size_t table_count;
    const char *server_version;  /* "rectifyd 0.1.0" */
    const char *ledger_key_path; /* NULL: nothing is sealed (tests) */
    int seal_interval_ms;        /* between seals; 0: 1000 */
    const struct issuer *issuer; /* NULL: no certificates are issued */
    int onboard_per_minute;      /* calls taken from the enrolment door; 0: no limit */
    /* Fault control for tests only: the idempotency row is written in a transaction of its own,
     * which doubles commands after a kill. Never set by rectifyd's configuration file. */
    bool broken_idempotency;
    /* Tests only: methods without a row are answered UNIMPLEMENTED instead of refusing to start. */
    bool partial_tables;
};

/* Where a reply goes. fn is called once, from any thread, and takes the bytes (malloc'd). */
struct reply_to {
    void (*fn)(void *ctx, uint64_t handle, unsigned char *bytes, size_t size);
    void *ctx;
    uint64_t handle;
    /* False once nobody waits: queued and parked work is dropped. May be NULL; must not block. The
     * reply is still given to fn, which frees what the handle stands for. */
    bool (*alive)(void *ctx, uint64_t handle);
    bool onboard; /* it came in by the enrolment door: only methods with HANDLER_ONBOARD are run */
};

/* Checks that every method of every service has exactly one row with all its parts, connects,
 * starts the threads. FAILED_PRECONDITION METHOD_WITHOUT_POLICY names the method. */
MUST_CHECK enum status dispatch_start(const struct dispatch_config *config, struct dispatch **ret_d,
                                      struct fault *fault);

/* Takes one packed CallRequest (malloc'd, owned from now on). Does not block; any thread. */
void dispatch_message(struct dispatch *d, unsigned char *bytes, size_t size, struct reply_to to);

/* The same, and waits for the answer (tests, in-process clients). *ret_reply lives in the arena. */
MUST_CHECK enum status dispatch_call(struct dispatch *d, const Pb__CallRequest *request,
                                     struct arena *a, Pb__CallReply **ret_reply);

/* A SYSTEM call for the clock: tenant code, method, request; waits. */
MUST_CHECK enum status dispatch_call_system(struct dispatch *d, const char *tenant,
                                            const char *method, const ProtobufCMessage *request,
                                            struct arena *a, Pb__CallReply **ret_reply);

/* Codes of the tenants in the database, for the clock's jobs. NULL-terminated, in the arena. */
MUST_CHECK enum status dispatch_tenants(struct dispatch *d, struct arena *a,
                                        const char *const **ret_codes);

/* Called when a call of this connection was authenticated, so that the transport can count
 * machines. Set once before messages come. */
void dispatch_on_authenticated(struct dispatch *d,
                               void (*fn)(void *ctx, uint64_t handle, const char *machine),
                               void *ctx);

/* Called after the COMMIT of a method that makes things due (HANDLER_MAKES_DUE), from a runner's
 * thread; must not block. fn NULL: nobody is called any more. */
void dispatch_on_due(struct dispatch *d, void (*fn)(void *ctx), void *ctx);

/* Numbers for Health and metrics. */
struct dispatch_counts {
    uint32_t queued_commands, queued_queries, parked;
    uint64_t commands, queries, batches, refused;
};
void dispatch_counts(struct dispatch *d, struct dispatch_counts *ret_counts);

/* Seals what is committed now, waits until the log has no unsealed event older than the call. */
MUST_CHECK enum status dispatch_seal(struct dispatch *d, struct fault *fault);

/* Refuses new calls (UNAVAILABLE DRAINING), finishes what is queued, answers parked calls; true
 * when all was done before the deadline. */
bool dispatch_drain(struct dispatch *d, int deadline_ms);
/* After a drain: stops threads, closes connections. NULL accepted. */
void dispatch_free(struct dispatch *d);

#endif
