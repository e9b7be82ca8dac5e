/* OnboardService. */
#ifndef SERVER_HANDLER_ONBOARD_H
#define SERVER_HANDLER_ONBOARD_H

#include "server/dispatch/handler.h"

extern const struct handler_table onboard_handler_table;

#endif
