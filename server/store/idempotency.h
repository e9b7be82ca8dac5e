/* Idempotency: the same key gives the same answer, once, for ever.
 *
 * A replay writes (replays + 1): on a primary that waits for its standby this makes the answer wait
 * too, so nothing is acknowledged that a failover would lose. */
#ifndef SERVER_STORE_IDEMPOTENCY_H
#define SERVER_STORE_IDEMPOTENCY_H

#include "server/store/columns.h"
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
    const char *principal;
    const char *key;
    const char *method;
    const unsigned char *request_sha256;
    const unsigned char *reply;
    size_t reply_size;
    const char *event_id; /* NULL: it left none */
    int64_t now_ms;
};

/* Answers of one tenant on their way; those of a batch go in together. Zeroed: none. */
struct idempotency_rows {
    size_t count;
    struct column principal, key, method, event, recorded, at, size, replies, hashes;
};

extern const struct statement *const idempotency_statements[];

/* *ret is zeroed by the caller. Scope: the tenant. */
MUST_CHECK enum status idempotency_queue_read(struct db_queue *q, const struct idempotency_key *key,
                                              struct idempotency_record *ret);
/* Copies. False when the arena is exhausted. */
bool idempotency_rows_add(struct idempotency_rows *rows, struct arena *a,
                          const struct idempotency_answer *answer);
/* Queues the insert, if there is any. Scope: the tenant. */
MUST_CHECK enum status idempotency_rows_queue(struct idempotency_rows *rows, struct arena *a,
                                              struct db_queue *q, int tenant);
MUST_CHECK enum status idempotency_queue_replay(struct db_queue *q, int tenant,
                                                const char *principal, const char *key);

#endif
