/* Calendar and ladder, versioned: a new version is added, an old one never changes. */
#ifndef SERVER_STORE_SETTINGS_H
#define SERVER_STORE_SETTINGS_H

#include "server/store/db.h"

struct calendar_row {
    int32_t year;
    int32_t version;
    int32_t day;
    bool working;
    const char *name;
};

/* The newest version's days of each year. */
struct calendar_rows {
    struct calendar_row *items;
    size_t count;
    size_t capacity;
};

struct ladder_row {
    int32_t version;
    int32_t level;
    const char *subject;
    int32_t class_mask;
    int32_t milestone_mask;
    const char *trigger;
    int32_t parameter;
    uint64_t recipients;
};

struct ladder_rows {
    struct ladder_row *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const settings_statements[];

/* Newest calendar days of one year, or of all years (year 0), by day. */
MUST_CHECK enum status calendar_queue_days(struct db_queue *q, int tenant, int32_t year,
                                           struct calendar_rows *ret);
/* Adds one day of a new version. */
MUST_CHECK enum status calendar_queue_insert(struct db_queue *q, int tenant,
                                             const struct calendar_row *row, const char *event_id);
/* The newest ladder, lowest level first. */
MUST_CHECK enum status ladder_queue_rules(struct db_queue *q, int tenant, struct ladder_rows *ret);

#endif
