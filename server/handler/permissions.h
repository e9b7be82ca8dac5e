/* SystemService/ListPermissions: the permission matrix, from the policy rows and the workflow
 * tables. The table of SystemService stands in system.c. */
#ifndef SERVER_HANDLER_PERMISSIONS_H
#define SERVER_HANDLER_PERMISSIONS_H

#include "server/dispatch/handler.h"
#include "server/service/workflow.h"

enum status permissions_decide(struct call *call);

/* May this role give the command of a machine, on things of its own org and on others'? Pure:
 * whatever the state and the guards say beside. */
struct permission {
    bool own;
    bool foreign;
};
struct permission permission_of_command(const struct workflow_machine *machine, const char *command,
                                        uint32_t role);
struct permission permission_of_method(const struct handler *h, uint32_t role);

#endif
