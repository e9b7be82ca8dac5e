/* What every handler that opens or moves a matter does alike: texts checked, the event's changes,
 * the queued writes. */
#ifndef SERVER_HANDLER_MATTER_WRITE_H
#define SERVER_HANDLER_MATTER_WRITE_H

#include "server/dispatch/handler.h"
#include "server/service/matter.h"

/* Checks the texts and days of a request and fills order->input and its days; what the server adds
 * (ids, salt, seed) is filled too. in may be NULL. */
MUST_CHECK enum status matter_take_order(struct call *call, const char *command,
                                         const Pb__MatterInput *in, struct matter_order *order);

/* The opening of a matter from another thing's command (a table's row): ids and number are taken
 * from the call; *last is the last number given of the kind, and is raised. */
MUST_CHECK enum status matter_order_open(struct call *call, enum workflow_id kind,
                                         const char *command, Pb__MatterInput *in, int32_t *last,
                                         struct matter_order *order);

/* Opens a consultation (会商指导) of the caller's unit about a measure: fills *c (its orgs and
 * calendar are set) and *made, and adds the change to the call's event. */
MUST_CHECK enum status matter_consult(struct call *call, struct matter_case *c,
                                      const struct measure_record *measure, const char *text,
                                      int32_t last, struct matter_outcome *made);

/* Adds the outcome's changes to the call's event: the matter with all that belongs to it, and every
 * measure it moves. Private texts stay out: the record bears their hash. */
MUST_CHECK enum status matter_record_change(struct call *call, const struct matter_case *c,
                                            const struct matter_outcome *o, const char *command);

/* Queues the writes of an outcome. */
MUST_CHECK enum status matter_write(struct call *call, struct db_queue *q,
                                    const struct matter_case *c, const struct matter_outcome *o);

#endif
