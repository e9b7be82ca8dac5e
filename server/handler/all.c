#include "server/handler/all.h"

#include <assert.h>

enum { TABLES = 15 };

const struct handler_table *
handler_tables(size_t *ret_count)
{
    /* Filled on first use: the tables' addresses are constants, their contents are not constant
     * expressions in C. Every caller writes the same values. */
    static struct handler_table tables[TABLES];
    const struct handler_table *const all[TABLES] = {
        &system_handler_table,     &account_handler_table, &org_handler_table,
        &inspection_handler_table, &plan_handler_table,    &measure_handler_table,
        &problem_handler_table,    &table_handler_table,   &evidence_handler_table,
        &status_handler_table,     &alert_handler_table,   &consultation_handler_table,
        &settings_handler_table,   &audit_handler_table,   &job_handler_table,
    };
    if (tables[0].rows == NULL) {
        for (int i = 0; i < TABLES; i++) {
            assert(all[i]->rows != NULL);
            tables[i] = *all[i];
        }
    }
    *ret_count = TABLES;
    return tables;
}
