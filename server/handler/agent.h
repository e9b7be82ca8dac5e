/* AgentService. */
#ifndef SERVER_HANDLER_AGENT_H
#define SERVER_HANDLER_AGENT_H

#include "server/dispatch/handler.h"

extern const struct handler_table agent_handler_table;

#endif
