/* Operations: what the caller's own commands were answered, and who has judged them since. */
#ifndef SERVER_STORE_OPERATION_H
#define SERVER_STORE_OPERATION_H

#include "server/store/db.h"

struct operation_record {
    const char *key;
    const char *method;
    const unsigned char *reply; /* packed CallReply */
    size_t reply_size;
    int64_t recorded_ms;
};

struct operation_list {
    struct operation_record *items;
    size_t count;
    size_t capacity;
};

/* A change such a command made, and the later one that decided about it. */
struct judged_record {
    const char *key;
    const char *kind; /* of the thing, as in Change */
    const char *command;
    const char *to_state;
    const char *decided_by; /* a command; NULL: nobody has yet */
    const char *reason;     /* of the decision; may be NULL */
    int32_t rows;           /* of a table, as judged until its unit took it up again */
    int32_t rows_accepted;
    int32_t rows_returned;
};

struct judged_list {
    struct judged_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const operation_statements[];

/* Those of an account; keys and deciding are array literals. Scope: the account's. */
MUST_CHECK enum status operation_queue_recorded(struct db_queue *q, int tenant,
                                                const char *account_id, const char *keys,
                                                struct operation_list *ret);
/* Changes by commands in order; deciding: the commands that decide. */
MUST_CHECK enum status operation_queue_judged(struct db_queue *q, int tenant, const char *keys,
                                              const char *deciding, struct judged_list *ret);

#endif
