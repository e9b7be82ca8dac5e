/* The methods of InspectionService that stand in files of their own. */
#ifndef SERVER_HANDLER_INSPECTION_PART_H
#define SERVER_HANDLER_INSPECTION_PART_H

#include "server/dispatch/handler.h"

extern const struct handler_table inspection_part_handler_table;

/* inspection_problem.c: problems of other origins, and links. */
int link_problem_load(struct call *call, struct db_queue *q);
enum status link_problem_decide(struct call *call);
enum status link_problem_effects(struct call *call, struct db_queue *q);
int link_list_load(struct call *call, struct db_queue *q);
enum status link_list_decide(struct call *call);

#endif
