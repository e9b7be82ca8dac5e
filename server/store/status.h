/* Totals: counted by the database over stored days, judged on one as-of day. */
#ifndef SERVER_STORE_STATUS_H
#define SERVER_STORE_STATUS_H

#include "rectify/v1/status.pb-c.h"
#include "server/store/db.h"

struct status_query {
    const char *inspection; /* code; NULL: all */
    int32_t as_of;
    int32_t soon_days;
    int64_t waiting_before_ms; /* claims made before it have waited too long for the office */
};

struct group_list {
    Pb__StatusGroupRow **items;
    size_t count;
    size_t capacity;
};

/* What is counted once, whatever the groups. */
struct status_totals {
    int32_t items;
    int32_t problems;
    int32_t problems_closed;
    int32_t units;
    int32_t tables_missing;
    int32_t office_waiting;
    int32_t plan_version;
    const char *inspections; /* codes joined by commas; NULL for none */
};

extern const struct statement *const status_statements[];

/* One row for the whole (group_by unspecified), or one per group in official order. */
MUST_CHECK enum status status_queue_groups(struct db_queue *q, int tenant,
                                           const struct status_query *query,
                                           Pb__StatusGroup group_by, struct group_list *ret);
MUST_CHECK enum status status_queue_totals(struct db_queue *q, int tenant,
                                           const struct status_query *query,
                                           struct status_totals *ret);

#endif
