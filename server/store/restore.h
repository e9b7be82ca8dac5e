/* Declared restores (恢复声明): written by `rectifyd restored`, read by everybody. */
#ifndef SERVER_STORE_RESTORE_H
#define SERVER_STORE_RESTORE_H

#include "server/store/db.h"

struct restore_record {
    int64_t number;
    int64_t tree_size;
    const unsigned char *root; /* 32 bytes */
    int64_t head_time_ms;
    int64_t time_ms;
    const char *reason;
    const char *key_id;
    const unsigned char *signature; /* 64 bytes */
};

struct restore_list {
    struct restore_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const restore_statements[];

/* Those declared after a time, oldest first, at most limit. */
MUST_CHECK enum status restore_queue_list(struct db_queue *q, int tenant, int64_t after_ms,
                                          int32_t limit, struct restore_list *ret);
/* The newest one, if there is any. */
MUST_CHECK enum status restore_queue_last(struct db_queue *q, int tenant, struct restore_list *ret);
/* Receipt numbers that were given after the restored point are not given again: skips so many. */
MUST_CHECK enum status restore_queue_skip_numbers(struct db_queue *q, int64_t count);
/* As the owner. */
MUST_CHECK enum status restore_queue_insert(struct db_queue *q, int tenant,
                                            const struct restore_record *restore,
                                            const char *event_id);

#endif
