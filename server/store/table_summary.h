/* The office's view of a period: every unit's rows in the official order, and whom to call. */
#ifndef SERVER_STORE_TABLE_SUMMARY_H
#define SERVER_STORE_TABLE_SUMMARY_H

#include "rectify/v1/table.pb-c.h"
#include "server/store/db.h"

struct summary_row_list {
    Pb__SummaryRow **items; /* Chinese names of states are left to the caller */
    size_t count;
    size_t capacity;
};

/* Somebody of a unit. */
struct unit_person {
    const char *org; /* code */
    uint64_t roles;
    const char *name;
};

struct unit_person_list {
    struct unit_person *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const table_summary_statements[];

/* Rows that were handed in for a period, offset and limit in the official order. */
MUST_CHECK enum status summary_queue_rows(struct db_queue *q, int tenant, const char *period,
                                          const char *inspection, int64_t offset, int32_t limit,
                                          struct summary_row_list *ret);
/* Everybody with a seat in a unit that leads a problem, by unit and name. */
MUST_CHECK enum status summary_queue_people(struct db_queue *q, int tenant,
                                            struct unit_person_list *ret);

#endif
