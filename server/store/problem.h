/* Problems (问题) with what is counted of their measures. */
#ifndef SERVER_STORE_PROBLEM_H
#define SERVER_STORE_PROBLEM_H

#include "rectify/v1/measure.pb-c.h"
#include "server/store/db.h"

/* Messages filled by the reads; state_zh stays empty (the service layer knows the words). */
struct problem_list {
    Pb__Problem **items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL, or −1. ref may be a reference or an id. */
struct problem_filter {
    const char *ref;
    const char *inspection;
    int32_t item_no;
    const char *unit;
    int32_t as_of;
    int32_t soon_days;
};

extern const struct statement *const problem_statements[];

/* By filter; by inspection and reference; at most LIMIT_LIST_ROWS. */
MUST_CHECK enum status problem_queue_list(struct db_queue *q, int tenant,
                                          const struct problem_filter *filter,
                                          struct problem_list *ret);

#endif
