/* The methods of SystemService. */
#ifndef SERVER_HANDLER_SYSTEM_H
#define SERVER_HANDLER_SYSTEM_H

#include "server/dispatch/handler.h"

extern const struct handler_table system_handler_table;

#endif
