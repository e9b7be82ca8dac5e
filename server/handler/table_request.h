/* What a row asks of others (求助, 延期) when its table is handed in: the one seam between a table
 * and the matters it opens. */
#ifndef SERVER_HANDLER_TABLE_REQUEST_H
#define SERVER_HANDLER_TABLE_REQUEST_H

#include "server/dispatch/handler.h"
#include "server/service/matter.h"
#include "server/service/table.h"

enum { TABLE_ASK_KINDS = 2 }; /* consultation, extension */

/* What is opened, and what that needs. Zeroed: nothing. */
struct table_asks {
    bool loaded;
    struct calendar calendar;
    struct org_list orgs;
    struct matter_list extensions;  /* of the table's measures, earlier ones */
    int32_t concentrated_end;       /* of the inspection */
    int32_t last[TABLE_ASK_KINDS];  /* numbers given */
    int32_t given[TABLE_ASK_KINDS]; /* by this command */
    struct matter_case *cases;
    struct matter_outcome *opened;
    size_t count;
};

/* The counters a command locks that may open matters. */
void table_asks_subjects(struct subject_set *set);

/* Queues what opening needs; the table and its measures were read. */
MUST_CHECK enum status table_asks_load(struct call *call, struct db_queue *q,
                                       const struct table_record *t,
                                       const struct measure_list *measures,
                                       struct table_asks *asks);

/* Decides what the outcome's requests open, and adds it to the event. A matter's refusal comes
 * through unchanged. Nothing is asked: nothing needs to be loaded. */
MUST_CHECK enum status table_asks_decide(struct call *call, const struct table_outcome *outcome,
                                         struct table_asks *asks);

/* Queues its writes. */
MUST_CHECK enum status table_asks_effects(struct call *call, struct db_queue *q,
                                          const struct table_asks *asks);

#endif
