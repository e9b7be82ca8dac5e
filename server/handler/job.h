/* The methods of JobService: what the clock does. */
#ifndef SERVER_HANDLER_JOB_H
#define SERVER_HANDLER_JOB_H

#include "server/dispatch/handler.h"

extern const struct handler_table job_handler_table;

/* RaiseAlerts (job_alert.c). */
int raise_load(struct call *call, struct db_queue *q);
enum status raise_decide(struct call *call);
enum status raise_effects(struct call *call, struct db_queue *q);

/* ProposeMatters (job_matter.c). */
void propose_subjects(const struct call *call, struct subject_set *set);
int propose_load(struct call *call, struct db_queue *q);
enum status propose_decide(struct call *call);
enum status propose_effects(struct call *call, struct db_queue *q);
/* FoldTotals (job_status.c). */
int fold_load(struct call *call, struct db_queue *q);
enum status fold_decide(struct call *call);
enum status fold_effects(struct call *call, struct db_queue *q);

/* LockTables (job_table.c). */
int lock_tables_load(struct call *call, struct db_queue *q);
enum status lock_tables_decide(struct call *call);
enum status lock_tables_effects(struct call *call, struct db_queue *q);

/* Fills the reply every job gives. */
enum status job_reply(struct call *call, size_t changed, size_t cancelled, size_t delivered);

#endif
