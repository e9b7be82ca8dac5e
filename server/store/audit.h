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
    const unsigned char *body;
    size_t body_size;
    const unsigned char *leaf_hash; /* 32 bytes */
};

struct audit_leaves {
    struct audit_leaf *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const audit_statements[];

/* The head of that tree size, or the newest (tree_size 0). */
MUST_CHECK enum status audit_queue_head(struct db_queue *q, int tenant, int64_t tree_size,
                                        struct audit_head *ret);
/* Events that wait for their number. */
MUST_CHECK enum status audit_queue_unsealed(struct db_queue *q, int tenant, int64_t *ret_count);
/* Leaves from seq on, at most limit, in order; at least the first, then as long as their bodies add
 * up to at most max_bytes. */
MUST_CHECK enum status audit_queue_leaves(struct db_queue *q, int tenant, int64_t from_seq,
                                          int32_t limit, int64_t max_bytes,
                                          struct audit_leaves *ret);

#endif
