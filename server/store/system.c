#include "server/store/system.h"

#include <assert.h>

static const struct statement system_schema_version = {
    .name = "system_schema_version",
    .sql = "SELECT coalesce(max(m.no), 0) FROM migration m",
};

static const struct statement system_calendar_years = {
    .name = "system_calendar_years",
    .params = 3,
    .sql = "SELECT DISTINCT d.year FROM calendar_day d"
           " WHERE d.tenant = $1 AND d.year BETWEEN $2 AND $3"
           " ORDER BY d.year",
};

const struct statement *const system_statements[] = {&system_schema_version, &system_calendar_years,
                                                     NULL};

enum status
system_queue_schema_version(struct db_queue *q, int32_t *ret_version)
{
    return db_queue_add(q, &system_schema_version, NULL,
                        (struct db_sink){db_take_int32, ret_version, 1});
}

static enum status
take_year(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    struct system_years *years = ctx;
    assert(years->count < SYSTEM_YEARS_MAX);
    years->items[years->count++] = (int32_t)db_int(row, 0);
    return STATUS_OK;
}

enum status
system_queue_calendar_years(struct db_queue *q, int tenant, int32_t first, int32_t last,
                            struct system_years *ret_years)
{
    assert(first <= last && last - first < SYSTEM_YEARS_MAX);
    return db_queue_add(q, &system_calendar_years,
                        (struct param[]){p_int(tenant), p_int(first), p_int(last)},
                        (struct db_sink){take_year, ret_years, DB_ANY_COUNT});
}
