/* What the database says of itself: its schema's version, the years its calendar knows. */
#ifndef SERVER_STORE_SYSTEM_H
#define SERVER_STORE_SYSTEM_H

#include "server/store/db.h"

enum { SYSTEM_YEARS_MAX = 8 };

struct system_years {
    int32_t items[SYSTEM_YEARS_MAX];
    size_t count;
};

extern const struct statement *const system_statements[];

/* Number of the newest migration; 0 when there is none. */
MUST_CHECK enum status system_queue_schema_version(struct db_queue *q, int32_t *ret_version);

/* Years from `first` to `last` that the tenant's own calendar has days of. At most
 * SYSTEM_YEARS_MAX years may be asked for (asserted). */
MUST_CHECK enum status system_queue_calendar_years(struct db_queue *q, int tenant, int32_t first,
                                                   int32_t last, struct system_years *ret_years);

#endif
