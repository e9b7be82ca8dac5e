/* The sealed log: numbers, frontier and signed heads of a tenant's events. Used by the sealer
 * alone. (Reading it for auditors: audit.h. The program's own log is server/base/log.h.) */
#ifndef SERVER_STORE_LOG_H
#define SERVER_STORE_LOG_H

#include "server/store/columns.h"
#include "server/store/db.h"

enum { LOG_NODE_LEVEL = 8 }; /* inner nodes are kept from full subtrees of 256 leaves on */

struct log_head_record {
    int64_t tree_size; /* 0: nothing sealed yet */
    const unsigned char *root;
    int64_t time_ms;
    const char *key_id;
    const unsigned char *signature;
    const unsigned char *frontier; /* merkle_frontier_encode */
    size_t frontier_size;
};

struct log_unsealed {
    const char *event_id;
    const unsigned char *leaf_hash; /* 32 bytes */
};

struct log_unsealed_list {
    struct log_unsealed *items;
    size_t count;
    size_t capacity;
};

/* Full subtrees that new leaves completed. Zeroed: none. */
struct log_node_rows {
    size_t count;
    struct column level, number, hashes;
};

extern const struct statement *const log_statements[];

/* *ret_locked: this transaction is the tenant's one sealer. Does not wait. */
MUST_CHECK enum status log_queue_lock(struct db_queue *q, int tenant, bool *ret_locked);
/* The newest head; *ret is zeroed by the caller. */
MUST_CHECK enum status log_queue_head(struct db_queue *q, int tenant, struct log_head_record *ret);
/* Events that wait, oldest id first, at most limit. */
MUST_CHECK enum status log_queue_unsealed(struct db_queue *q, int tenant, int limit,
                                          struct log_unsealed_list *ret);
/* Numbers first_seq, first_seq + 1, … for the events of the uuid[] literal, and takes them out of
 * the waiting. */
MUST_CHECK enum status log_queue_leaves(struct db_queue *q, int tenant, int64_t first_seq,
                                        const char *events, size_t count);
/* The root (32 bytes) of the 2^level leaves from index number << level on. Copies. False when the
 * arena is exhausted. */
bool log_node_rows_add(struct log_node_rows *rows, struct arena *a, unsigned level, uint64_t number,
                       const unsigned char *hash);
/* Queues the insert, if there is any. */
MUST_CHECK enum status log_node_rows_queue(struct log_node_rows *rows, struct arena *a,
                                           struct db_queue *q, int tenant);
MUST_CHECK enum status log_queue_head_insert(struct db_queue *q, int tenant,
                                             const struct log_head_record *head);

#endif
