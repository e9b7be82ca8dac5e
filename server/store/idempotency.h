/* Idempotency: the same key gives the same answer, once, for ever.
 *
 * A replay writes (replays + 1): on a primary that waits for its standby this makes the answer wait
 * too, so nothing is acknowledged that a failover would lose. */
#ifndef SERVER_STORE_IDEMPOTENCY_H
#define SERVER_STORE_IDEMPOTENCY_H

#include "server/store/db.h"

struct idempotency_key {
    int tenant;
    const unsigned char *session_sha256; /* its account is the principal; NULL: none */
    const char *principal;               /* without a session: machine, or a derived id */
    const char *key;                     /* UUIDv7 */
};

struct idempotency_record {
    int64_t receipt_number; /* a fresh one, for the receipt of a first answer */
    const char *method;     /* NULL: the key is new */
    const unsigned char *request_sha256;
    const unsigned char *reply; /* packed CallReply */
    size_t reply_size;
};

/* What is kept. principal as found by authentication. */
struct idempotency_answer {
    int tenant;
    const char *principal;
    const char *key;
    const char *method;
    const unsigned char *request_sha256;
    const unsigned char *reply;
    size_t reply_size;
    const char *event_id; /* NULL: it left none */
    int64_t now_ms;
};

extern const struct statement *const idempotency_statements[];

/* *ret is zeroed by the caller. Scope: the tenant. */
MUST_CHECK enum status idempotency_queue_read(struct db_queue *q, const struct idempotency_key *key,
                                              struct idempotency_record *ret);
MUST_CHECK enum status idempotency_queue_insert(struct db_queue *q,
                                                const struct idempotency_answer *answer);
MUST_CHECK enum status idempotency_queue_replay(struct db_queue *q, int tenant,
                                                const char *principal, const char *key);

#endif
