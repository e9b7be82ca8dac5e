/* The methods of StatusService. */
#ifndef SERVER_HANDLER_STATUS_H
#define SERVER_HANDLER_STATUS_H

#include "server/dispatch/handler.h"

extern const struct handler_table status_handler_table;

#endif
