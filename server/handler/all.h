/* The registry of handlers: every method of every service, once. Each service file defines its
 * table; all.c lists them. */
#ifndef SERVER_HANDLER_ALL_H
#define SERVER_HANDLER_ALL_H

#include "server/dispatch/handler.h"

extern const struct handler_table account_handler_table;
extern const struct handler_table alert_handler_table;
extern const struct handler_table audit_handler_table;
extern const struct handler_table consultation_handler_table;
extern const struct handler_table evidence_handler_table;
extern const struct handler_table grant_handler_table;
extern const struct handler_table inspection_handler_table;
extern const struct handler_table inspection_part_handler_table;
extern const struct handler_table job_handler_table;
extern const struct handler_table matter_handler_table;
extern const struct handler_table job_outside_handler_table;
extern const struct handler_table ladder_handler_table;
extern const struct handler_table log_handler_table;
extern const struct handler_table measure_handler_table;
extern const struct handler_table node_handler_table;
extern const struct handler_table operation_handler_table;
extern const struct handler_table org_handler_table;
extern const struct handler_table outcome_handler_table;
extern const struct handler_table outside_handler_table;
extern const struct handler_table plan_handler_table;
extern const struct handler_table problem_handler_table;
extern const struct handler_table publication_handler_table;
extern const struct handler_table report_handler_table;
extern const struct handler_table settings_handler_table;
extern const struct handler_table sitting_handler_table;
extern const struct handler_table status_handler_table;
extern const struct handler_table system_handler_table;
extern const struct handler_table table_handler_table;

/* All tables; static. */
const struct handler_table *handler_tables(size_t *ret_count);

#endif
