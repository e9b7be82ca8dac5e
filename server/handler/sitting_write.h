/* What the handlers of sittings do alike. */
#ifndef SERVER_HANDLER_SITTING_WRITE_H
#define SERVER_HANDLER_SITTING_WRITE_H

#include "server/dispatch/handler.h"
#include "server/service/sitting.h"

enum { SITTING_ROWS_MAX = 200 };

/* The one sitting found; NOT_FOUND SITTING_UNKNOWN. */
MUST_CHECK enum status pick_sitting(struct call *call, const struct sitting_list *list,
                                    const char *ref, const struct sitting_record **ret);

/* Adds the change of a sitting; before NULL: a new one. */
MUST_CHECK enum status sitting_record_change(struct call *call, const struct sitting_record *before,
                                             const struct sitting_record *next, const char *command,
                                             const char *reason);

/* The problem of a row, among those read; NULL when the caller may not see it. */
const struct problem_record *sitting_problem(const struct problem_list *list, const char *id);

#endif
