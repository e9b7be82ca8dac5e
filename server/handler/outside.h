/* AlertService's methods about the ways out of the system. */
#ifndef SERVER_HANDLER_OUTSIDE_H
#define SERVER_HANDLER_OUTSIDE_H

#include "server/dispatch/handler.h"

extern const struct handler_table outside_handler_table;

#endif
