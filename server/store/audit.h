/* Reading the sealed log. Writing it is dispatch's and the sealer's (event.h, log.h). */
#ifndef SERVER_STORE_AUDIT_H
#define SERVER_STORE_AUDIT_H

#include "server/store/db.h"

struct audit_head {
    bool found;
    int64_t tree_size;
    const unsigned char *root; /* 32 bytes */
    int64_t time_ms;
    const char *key_id;
    const unsigned char *signature; /* 64 bytes */
};

struct audit_leaf {
    int64_t seq;
    const char *event_id;
    const unsigned char *body; /* NULL when empty */
    size_t body_size;
    size_t whole_size;              /* of the stored body; larger when this is a part of it */
    const unsigned char *leaf_hash; /* 32 bytes */
};

struct audit_leaves {
    struct audit_leaf *items;
    size_t count;
    size_t capacity;
};

/* Where an event stands. */
struct audit_place {
    bool found;                     /* such an event */
    int64_t seq;                    /* from 1; 0: not sealed yet */
    const unsigned char *leaf_hash; /* 32 bytes */
};

extern const struct statement *const audit_statements[];

/* Where an event (UUID) stands. */
MUST_CHECK enum status audit_queue_place(struct db_queue *q, int tenant, const char *event_id,
                                         struct audit_place *ret);

/* Hashes for proofs. Both are given 32 bytes a time, with the place (from 0) in the arrays it
 * belongs to; leaves of one place come in order. */
typedef enum status audit_hash_fn(void *ctx, size_t place, const unsigned char *hash);
struct audit_hashes {
    audit_hash_fn *take;
    void *ctx; /* both must live until the queue has run */
};
/* Inner nodes: level[i] and number[i] (log_node). A missing one is not given. */
MUST_CHECK enum status audit_queue_nodes(struct db_queue *q, int tenant, const char *levels,
                                         const char *numbers, struct audit_hashes *ret);
/* Leaf hashes from index low[i] up to, without, high[i]. */
MUST_CHECK enum status audit_queue_leaf_hashes(struct db_queue *q, int tenant, const char *lows,
                                               const char *highs, struct audit_hashes *ret);

/* The head of that tree size, or the newest (tree_size 0). */
MUST_CHECK enum status audit_queue_head(struct db_queue *q, int tenant, int64_t tree_size,
                                        struct audit_head *ret);
/* The newest head signed before a time. */
MUST_CHECK enum status audit_queue_head_before(struct db_queue *q, int tenant, int64_t time_ms,
                                               struct audit_head *ret);
/* Events that wait for their number. */
MUST_CHECK enum status audit_queue_unsealed(struct db_queue *q, int tenant, int64_t *ret_count);
/* Which leaves: from seq on, at most limit. */
struct audit_page {
    int64_t from_seq;
    int32_t limit;
    int32_t max_bytes;   /* of all bodies together */
    int32_t body_offset; /* where to begin in the body of from_seq */
};

/* In order: at least the first, or what fits of it; then as long as the bodies fit whole. */
MUST_CHECK enum status audit_queue_leaves(struct db_queue *q, int tenant,
                                          const struct audit_page *page, struct audit_leaves *ret);

#endif
