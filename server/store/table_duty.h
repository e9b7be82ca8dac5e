/* Duties to report: what an inspection asks for, the obligations that should exist and do not, and
 * whether a table needs a second person's confirmation. */
#ifndef SERVER_STORE_TABLE_DUTY_H
#define SERVER_STORE_TABLE_DUTY_H

#include "rectify/v1/table.pb-c.h"
#include "server/store/db.h"

/* An obligation that should exist and does not. */
struct duty_record {
    const char *inspection_id;
    const char *org_id;
    const char *org;
    const char *period;
    bool quarter;
    int32_t report_day; /* of the month; a quarter's: of the month after it */
    int32_t grace_days;
};

struct duty_list {
    struct duty_record *items;
    size_t count;
    size_t capacity;
};

/* Duties in force, defaults among them (version 0). */
struct report_duty_list {
    Pb__ReportDuty **items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const table_duty_statements[];

/* Periods of each approved inspection from its first one on that some lead unit has no obligation
 * for, oldest first: months up to `month` ("2026-11"), quarters that have ended before it. */
MUST_CHECK enum status duty_queue_absent(struct db_queue *q, int tenant, const char *month,
                                         int utc_offset_min, int32_t limit, struct duty_list *ret);
/* Opens an obligation; one that is there already is left alone. */
MUST_CHECK enum status duty_queue_open(struct db_queue *q, int tenant, const char *id,
                                       const struct duty_record *duty, int32_t due,
                                       const char *event_id);

/* By inspection, months first; inspection NULL: all. */
MUST_CHECK enum status report_duty_queue_list(struct db_queue *q, int tenant,
                                              const char *inspection, struct report_duty_list *ret);
/* Writes a duty over its version; 0 inserts it. */
MUST_CHECK enum status report_duty_queue_write(struct db_queue *q, int tenant,
                                               const char *inspection_id,
                                               const Pb__ReportDuty *duty, const char *event_id);

/* A new version of the setting of one unit (code), or of all (NULL). */
MUST_CHECK enum status confirmation_queue_set(struct db_queue *q, int tenant, const char *org,
                                              const char *mode, const char *event_id);

#endif
