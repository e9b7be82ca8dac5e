#include "server/handler/all.h"

#include <pthread.h>

/* The tables' contents live in other files and are no constant expressions in C: they are copied
 * side by side once. */
static const struct handler_table *const sources[] = {
    &system_handler_table,          &account_handler_table,     &org_handler_table,
    &inspection_handler_table,      &plan_handler_table,        &measure_handler_table,
    &problem_handler_table,         &table_handler_table,       &evidence_handler_table,
    &status_handler_table,          &alert_handler_table,       &consultation_handler_table,
    &settings_handler_table,        &audit_handler_table,       &job_handler_table,
    &matter_handler_table,          &grant_handler_table,       &sitting_handler_table,
    &job_outside_handler_table,     &ladder_handler_table,      &outside_handler_table,
    &inspection_part_handler_table, &node_handler_table,        &outcome_handler_table,
    &report_handler_table,          &publication_handler_table, &log_handler_table,
    &operation_handler_table,
};

enum { TABLES = sizeof sources / sizeof sources[0] };

static struct handler_table tables[TABLES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
copy_tables(void)
{
    for (int i = 0; i < TABLES; i++) {
        tables[i] = *sources[i];
    }
}

const struct handler_table *
handler_tables(size_t *ret_count)
{
    pthread_once(&once, copy_tables);
    *ret_count = TABLES;
    return tables;
}
