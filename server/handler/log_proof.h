/* Proofs of the log's tree from inner nodes and leaves in the database (merkle.h: plans).
 *
 * Use: proofs_add each plan, proofs_queue once, and after the queue has run proofs_get. */
#ifndef SERVER_HANDLER_LOG_PROOF_H
#define SERVER_HANDLER_LOG_PROOF_H

#include "proto/base/arena.h"
#include "proto/ledger/merkle.h"
#include "server/store/audit.h"

/* A full subtree that is a row of the database. */
struct proof_piece {
    struct merkle_piece at;
    struct merkle_hash hash;
    bool read;
};

/* The root of a range is that of its pieces from the left, and of the leaves behind them. */
struct proof_range {
    size_t first_piece;
    size_t piece_count;
    struct merkle_range tail;
    struct merkle_frontier *leaves; /* of the tail, as they are read */
};

/* Zeroed: none. Lives in the arena of its call. */
struct proofs {
    struct proof_range *ranges; /* of all plans, one behind the other */
    size_t count;
    size_t capacity;
    struct proof_piece *pieces; /* of all ranges */
    size_t piece_count;
    size_t piece_capacity;
    struct audit_hashes nodes;
    struct audit_hashes leaves;
};

/* False when the arena is exhausted. */
bool proofs_add(struct proofs *p, struct arena *a, const struct merkle_plan *plan);

/* Queues the reads, if any. p must stay where it is until the queue has run. */
MUST_CHECK enum status proofs_queue(struct proofs *p, struct arena *a, struct db_queue *q,
                                    int tenant);

/* The count hashes from range first on (p->count before their plan was added). False when the
 * database lacks one. */
bool proofs_get(const struct proofs *p, size_t first, size_t count, struct merkle_proof *ret_proof);

#endif
