/* AllowedCommands: one reply for every machine. */
#ifndef SERVER_HANDLER_ALLOWED_H
#define SERVER_HANDLER_ALLOWED_H

#include "server/dispatch/handler.h"
#include "server/service/workflow.h"

/* Answers with these options, judged on that state and version. Texts are borrowed. */
MUST_CHECK enum status allowed_reply(struct call *call, const struct workflow_option *options,
                                     size_t count, const char *state, int64_t version);

#endif
