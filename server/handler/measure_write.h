/* What every handler that moves a measure does alike: the event's change and the queued writes. */
#ifndef SERVER_HANDLER_MEASURE_WRITE_H
#define SERVER_HANDLER_MEASURE_WRITE_H

#include "server/dispatch/handler.h"
#include "server/service/evidence.h"
#include "server/service/measure.h"

/* Adds the change to the call's event: the full new record, its transition and its reason. */
MUST_CHECK enum status measure_record_change(struct call *call, const struct measure_record *before,
                                             const struct measure_record *next, const char *command,
                                             const char *reason);

/* Queues the row and the milestones that changed. */
MUST_CHECK enum status measure_write(struct call *call, struct db_queue *q,
                                     const struct measure_record *before,
                                     const struct measure_outcome *outcome);

/* Answers with the measure, its long texts left behind: a stored reply is short, GetMeasure has
 * them. */
MUST_CHECK enum status measure_reply(struct call *call, const struct measure_record *m);

/* Queues the links of an attachment; table_id NULL outside a table. */
MUST_CHECK enum status evidence_write_links(struct call *call, struct db_queue *q,
                                            const struct measure_record *m,
                                            const struct evidence_attachment *attachment,
                                            const char *table_id);

#endif
