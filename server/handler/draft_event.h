/* Recording what an import or an approval changed in the draft. */
#ifndef SERVER_HANDLER_DRAFT_EVENT_H
#define SERVER_HANDLER_DRAFT_EVENT_H

#include "server/dispatch/handler.h"
#include "server/service/draft.h"

/* Adds a change with its full record for every thing that is marked. */
MUST_CHECK enum status draft_record_changes(struct call *call, const struct draft *d,
                                            const char *inspection_code);

/* Adds the changes of an approval: every draft measure ASSIGNED, every registered problem
 * RECTIFYING. */
MUST_CHECK enum status draft_record_approval(struct call *call, const struct draft *d,
                                             const char *inspection_code);

#endif
