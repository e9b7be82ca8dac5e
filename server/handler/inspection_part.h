/* The methods of InspectionService that stand in files of their own. */
#ifndef SERVER_HANDLER_INSPECTION_PART_H
#define SERVER_HANDLER_INSPECTION_PART_H

#include "server/dispatch/handler.h"
#include "server/store/inspection_part.h"
#include "server/store/plan.h"

extern const struct handler_table inspection_part_handler_table;

/* That something was held today, recorded on the inspection's first date of its kind, unless that
 * has a day already: adds the change. *ret_date: what inspection_date_queue_put writes; untouched
 * when there is nothing to write. RESOURCE_EXHAUSTED. */
MUST_CHECK enum status inspection_date_hold(struct call *call,
                                            const struct inspection_record *inspection,
                                            const struct inspection_date_list *dates,
                                            const char *kind, struct inspection_date *ret_date);

/* inspection_problem.c: problems of other origins, and links. */
int link_problem_load(struct call *call, struct db_queue *q);
enum status link_problem_decide(struct call *call);
enum status link_problem_effects(struct call *call, struct db_queue *q);
int link_list_load(struct call *call, struct db_queue *q);
enum status link_list_decide(struct call *call);

#endif
