/* Recording what an import or an approval changed in the draft. */
#ifndef SERVER_HANDLER_DRAFT_EVENT_H
#define SERVER_HANDLER_DRAFT_EVENT_H

#include "rectify/v1/inspection.pb-c.h"
#include "server/dispatch/handler.h"
#include "server/service/draft.h"
#include "server/store/plan.h"

enum { INSPECTION_BODIES_MAX = 16 };

/* Between the names in inspection_record.bodies. */
#define INSPECTION_BODY_SEPARATOR "\x1f"

/* An inspection as a message: the reply to people and the record in the log. NULL when the call's
 * arena is exhausted. */
Pb__Inspection *inspection_record_message(struct call *call, const struct inspection_record *i);

/* Adds a change with its full record for every thing that is marked. */
MUST_CHECK enum status draft_record_changes(struct call *call, const struct draft *d,
                                            const char *inspection_code);

/* Adds the changes of an approval: every draft measure ASSIGNED, every registered problem
 * RECTIFYING. */
MUST_CHECK enum status draft_record_approval(struct call *call, const struct draft *d,
                                             const char *inspection_code);

/* The changes of the problems that begin: every registered one RECTIFYING. */
MUST_CHECK enum status draft_record_rectifying(struct call *call, const struct draft *d,
                                               const char *inspection_code);

#endif
