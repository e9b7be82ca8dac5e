/* The methods of OutcomeService that read (outcome_read.c); the commands and the table stand in
 * outcome.c. */
#ifndef SERVER_HANDLER_OUTCOME_H
#define SERVER_HANDLER_OUTCOME_H

#include "server/dispatch/handler.h"

int outcome_get_load(struct call *call, struct db_queue *q);
enum status outcome_get_decide(struct call *call);
enum status outcome_allowed_decide(struct call *call);
int outcome_list_load(struct call *call, struct db_queue *q);
enum status outcome_list_decide(struct call *call);
int outcome_totals_load(struct call *call, struct db_queue *q);
enum status outcome_totals_decide(struct call *call);

#endif
