/* Channel: calls to one server as one account from one machine.
 *
 * It fills the envelope, signs with the machine's key, sends, retries what is transient with the
 * same idempotency key, logs in again once when the session has ended and the profile has a
 * password file, checks receipts and signed heads, and unpacks replies. It prints nothing.
 *
 * Threads: one thread at a time uses a channel; channels share nothing but the state folder.
 */
#ifndef CLIENT_LIB_CHANNEL_H
#define CLIENT_LIB_CHANNEL_H

#include "client/lib/profile.h"
#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/uuid7.h"

#include <protobuf-c/protobuf-c.h>
#include <rectify/v1/envelope.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECTIFY_DEADLINE_MS 30000 /* one call with all its retries, unless said otherwise */

struct rectify_channel;
struct rectify_cache;

/* Everything is borrowed for the life of the channel. */
struct rectify_channel_options {
    const struct rectify_profile *profile;
    const char *client_version; /* "rectify 0.1.0" */
    const char *on_behalf_of;   /* commands: code of another unit (代报); NULL: one's own */
    uint32_t deadline_ms;       /* 0: RECTIFY_DEADLINE_MS */
    /* Called when a declared restore of the server was accepted just now: why, and the server's
     * time from which on things may be lost. NULL: nobody is told; rectify_channel_restored tells
     * too. */
    void (*on_restored)(void *user, const char *reason, int64_t since_ms);
    /* Called before each wait for a retry; NULL: nobody is told. */
    void (*on_retry)(void *user, const struct fault *why, uint32_t wait_ms);
    void *user;
    struct rectify_cache *cache; /* keeps the answers to queries; NULL: nobody does */
    /* With a cache: when the line has failed, queries are answered from it (cached_at_ms says so),
     * without trying the line again. What it does not have fails as the line did. */
    bool offline_reads;
    bool door; /* dials the profile's `onboard` door and shows no certificate (onboard.h) */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* One call. Borrowed. */
struct rectify_request {
    const char *method; /* "rectify.v1.MeasureService/SignFor" */
    const ProtobufCMessage *message;
    const char *key; /* idempotency key (UUID); NULL: a new one, used for every attempt */
    bool has_expected_version;
    int64_t expected_version;
    uint32_t timeout_ms;     /* of one attempt; 0: LIMIT_CALL_DEFAULT_MS */
    int64_t given_at_ms;     /* when the command was given, by this machine's clock; 0: now */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* A good answer; everything in the caller's arena. */
struct rectify_answer {
    ProtobufCMessage *message;  /* of the method's reply type */
    const Pb__Receipt *receipt; /* NULL: the method leaves none */
    bool replayed;              /* the stored answer to an earlier call with the same key */
    int64_t server_time_ms;
    const char *server_version; /* may be NULL */
    int64_t cached_at_ms;       /* not 0: an answer kept since then, by this machine's clock */
    const void *reserved[4];    /* zero; room to grow, see rectify.h */
};

/* What is known of the last call, good or bad. Texts belong to the channel, until the next call. */
struct rectify_outcome {
    char key[UUID_TEXT_SIZE]; /* "" for a query */
    unsigned attempts;
    bool unknown; /* it failed, and the server may have carried it out all the same */
    size_t violation_count;
    Pb__FieldViolation *const *violations;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Reads the TLS files, the machine key and the state; does not connect. Faults of rpc_client_open,
 * ledger_key_load (a machine key that is not there yet is no fault) and of state.h. */
MUST_CHECK enum status rectify_channel_open(const struct rectify_channel_options *options,
                                            struct rectify_channel **ret_channel, struct fault *f);

/* NULL is accepted. */
void rectify_channel_free(struct rectify_channel *channel);

/* Sends one call and waits for its answer. The fault is the server's, or
 *   UNAUTHENTICATED   MACHINE_NOT_ENROLLED, NOT_LOGGED_IN (before anything is sent), TLS_…
 *   INVALID_ARGUMENT  REQUEST_TOO_LARGE, KEY_MALFORMED
 *   UNAVAILABLE, DEADLINE_EXCEEDED  after all retries; see rectify_channel_outcome
 *   DATA_LOSS         REPLY_MALFORMED, RECEIPT_…, HEAD_…, LOG_ROLLED_BACK, LOG_FORKED
 *   UNAVAILABLE       LOG_UNPROVEN: the log does not fit to what was seen, and the server could not
 *                     be asked; the outcome is unknown to the caller, the same key finds out
 * Blocks up to the deadline (and one attempt's timeout, when that is longer). */
MUST_CHECK enum status rectify_call(struct rectify_channel *channel, struct arena *a,
                                    const struct rectify_request *request,
                                    struct rectify_answer *ret_answer, struct fault *f);

/* Cuts off the call in progress, or the next one when none is: it fails with CANCELLED, and a
 * command may have been carried out. From any thread, as long as the channel lives. */
void rectify_channel_cancel(struct rectify_channel *channel);

/* A line that is cut again and again while certificates are shown looks like a server that does not
 * take this machine's (TLS_CLIENT_REFUSED): true for LIMIT_REFUSAL_MS, then a person has to see to
 * it. *since_ms is the caller's: 0 after every call that got through; kept here. */
bool rectify_refusal_is_the_line(const struct fault *why, int64_t *since_ms);

/* How long calls from now on may take with all their retries; 0: RECTIFY_DEADLINE_MS. */
void rectify_channel_deadline_set(struct rectify_channel *channel, uint32_t deadline_ms);

/* Has the line failed, with offline_reads, so that queries are answered from the cache? */
bool rectify_channel_offline(const struct rectify_channel *channel);

/* Never NULL. */
const struct rectify_outcome *rectify_channel_outcome(const struct rectify_channel *channel);

/* A new idempotency key. */
void rectify_channel_key_make(struct rectify_channel *channel, char ret_key[UUID_TEXT_SIZE]);

/* ---- the log (heads.h says what is kept and when it is checked) ---- */

/* Was the server restored to an earlier point, by a signed declaration (恢复声明), since
 * rectify_channel_restored_done was last called for this state folder? Then *ret_since_ms is the
 * server's time from which on what it received may be lost: offer it again, under the old keys,
 * then say done. Asks the disk. */
bool rectify_channel_restored(const struct rectify_channel *channel, int64_t *ret_since_ms);

/* What was received since then waits again (or nobody kept any): forgets that restore, unless
 * another was accepted meanwhile. Faults of state.h. */
MUST_CHECK enum status rectify_channel_restored_done(struct rectify_channel *channel,
                                                     int64_t since_ms, struct fault *f);

/* Asks the server for its newest head and for proof that the log only grew since the heads this
 * client kept; takes notice of restores. An agent calls it every LIMIT_HEADS_VERIFY_MS or so;
 * rectify_call does by itself when a receipt's head is new and the last proof is older than that.
 * DATA_LOSS LOG_FORKED, LOG_ROLLED_BACK: kept in the folder, so that every call refuses from now
 * on until a declaration explains it or a person resolves it (rectify_heads_reset). Otherwise the
 * faults of rectify_call; OK without asking while the log's key is not known. */
MUST_CHECK enum status rectify_heads_verify(struct rectify_channel *channel, struct fault *f);

/* A person has looked into it: what is kept of the log in that state folder, alarm and all, is
 * moved aside as evidence (to the folder named in ret_kept), and the next head is believed again;
 * the log's key stays. Everything received is offered again, as after a restore. UNAVAILABLE. */
MUST_CHECK enum status rectify_heads_reset(const char *folder, char *ret_kept, size_t size,
                                           struct fault *f);

/* Checks a signed head that came in a reply against the kept key and the newest head seen before,
 * and keeps it when it is newer. DATA_LOSS HEAD_MALFORMED, HEAD_…, LOG_…; UNAVAILABLE LOG_UNPROVEN.
 */
MUST_CHECK enum status rectify_channel_head_check(struct rectify_channel *channel,
                                                  const Pb__SignedHead *head, struct fault *f);

#endif
