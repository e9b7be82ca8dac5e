/* AccountService, and the notice every login shows. */
#ifndef SERVER_HANDLER_ACCOUNT_H
#define SERVER_HANDLER_ACCOUNT_H

#include "server/dispatch/handler.h"

extern const char handler_secrecy_notice[];
extern const struct handler_table account_handler_table;

#endif
