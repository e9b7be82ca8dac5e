/* OrgService/ExplainAccess: who may know of a thing (知悉范围), and by which rule. The table of
 * OrgService stands in org.c. */
#ifndef SERVER_HANDLER_ACCESS_H
#define SERVER_HANDLER_ACCESS_H

#include "server/dispatch/handler.h"

int access_load(struct call *call, struct db_queue *q);
enum status access_decide(struct call *call);

#endif
