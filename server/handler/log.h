/* What the services of the log share. */
#ifndef SERVER_HANDLER_LOG_H
#define SERVER_HANDLER_LOG_H

#include "server/dispatch/handler.h"
#include "server/store/audit.h"

/* A head as a message; borrows its bytes. NULL when the arena is exhausted. */
Pb__SignedHead *log_head_message(struct call *call, const struct audit_head *head);

#endif
