/* The methods of AlertService. */
#ifndef SERVER_HANDLER_ALERT_H
#define SERVER_HANDLER_ALERT_H

#include "server/dispatch/handler.h"

extern const struct handler_table alert_handler_table;

#endif
