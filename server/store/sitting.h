/* Sittings (批量会审), their rows, and the bodies' opinions in force.
 *
 * A sitting's row is locked before its problems, so that two bodies never decide on one row at the
 * same time. Row-level security hides opinions from a lead unit until the row is decided.
 */
#ifndef SERVER_STORE_SITTING_H
#define SERVER_STORE_SITTING_H

#include "server/store/approval.h"
#include "server/store/db.h"
#include "server/store/literal.h"

enum { CRITERIA_COUNT = 5 };

struct sitting_record {
    const char *id;
    const char *inspection_id;
    const char *inspection; /* code */
    int32_t no;
    const char *ref;
    const char *title;
    int32_t day;
    const char *state;
    const char *reason;
    int64_t opened_ms; /* 0: not */
    int64_t ended_ms;
    int64_t version;
    /* counted when read */
    int32_t rows;
    int32_t pending;
    int32_t agreed;
    int32_t refused;
};

struct sitting_list {
    struct sitting_record *items;
    size_t count;
    size_t capacity;
};

struct sitting_row_record {
    const char *id;
    const char *sitting_id;
    int32_t no;
    const char *problem_id;
    const char *state;
    const char *reason;
    int64_t decided_ms;      /* 0: not */
    int64_t problem_version; /* decided on; 0 before */
    const unsigned char *sha256;
    int64_t version;
};

struct sitting_row_list {
    struct sitting_row_record *items;
    size_t count;
    size_t capacity;
};

struct sitting_opinion_record {
    const char *row_id;
    const char *body; /* "DISC", "ORGD", "OFFICE" */
    const char *approval_id;
    const char *org_id;
    const char *org; /* code */
    bool substitute;
    int verdict; /* Pb__Verdict */
    bool met[CRITERIA_COUNT];
    const char *reasons[CRITERIA_COUNT];
    const char *reason;
    int64_t problem_version;
    const unsigned char *sha256; /* APPROVAL_HASH_BYTES */
    int64_t recorded_ms;
    int64_t version;
};

struct sitting_opinion_list {
    struct sitting_opinion_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const sitting_statements[];

/* By reference or id; lock: FOR UPDATE. */
MUST_CHECK enum status sitting_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                                         struct sitting_list *ret);
/* Newest first; inspection NULL for all. */
MUST_CHECK enum status sitting_queue_list(struct db_queue *q, int tenant, const char *inspection,
                                          struct sitting_list *ret);
/* Rows by number. */
MUST_CHECK enum status sitting_queue_rows(struct db_queue *q, int tenant, const char *sitting_id,
                                          struct sitting_row_list *ret);
/* The row of a problem that is still pending, whichever sitting it is in; none or one. */
MUST_CHECK enum status sitting_queue_pending(struct db_queue *q, int tenant, const char *problem_id,
                                             struct sitting_row_list *ret);
/* The opinions in force on all rows the caller may read. */
MUST_CHECK enum status sitting_queue_opinions(struct db_queue *q, int tenant,
                                              const char *sitting_id,
                                              struct sitting_opinion_list *ret);
/* The number the next sitting takes. */
MUST_CHECK enum status sitting_queue_next_no(struct db_queue *q, int tenant, int32_t *ret_no);

MUST_CHECK enum status sitting_queue_insert(struct db_queue *q, int tenant,
                                            const struct sitting_record *s, const char *event_id);
/* State, reason and instants over version `expected`. */
MUST_CHECK enum status sitting_queue_update(struct db_queue *q, int tenant,
                                            const struct sitting_record *s, int64_t expected,
                                            const char *event_id);
MUST_CHECK enum status sitting_row_queue_insert(struct db_queue *q, int tenant,
                                                const struct sitting_row_record *r,
                                                const char *event_id);
MUST_CHECK enum status sitting_row_queue_update(struct db_queue *q, int tenant,
                                                const struct sitting_row_record *r,
                                                int64_t expected, const char *event_id);
/* Inserts version 1, or writes version n over n − 1. */
MUST_CHECK enum status sitting_opinion_queue_write(struct db_queue *q, int tenant,
                                                   const struct sitting_opinion_record *o,
                                                   const char *event_id);

#endif
