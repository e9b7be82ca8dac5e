/* FoldTotals: pending lines into the maintained totals. */
#include "server/handler/common.h"
#include "server/handler/job.h"
#include "server/store/status.h"

enum { FOLD_LINES = 20000 }; /* of one run */

int
fold_load(struct call *call, struct db_queue *q)
{
    struct status_clock *clock = arena_alloc(call->arena, sizeof *clock);
    if (clock == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = clock;
    return (int)status_queue_clock(q, call->who->tenant, FOLD_LINES, clock);
}

enum status
fold_decide(struct call *call)
{
    const struct status_clock *clock = call->data;
    call->no_event = true; /* no number changes by it */
    return job_reply(call, (size_t)clock->waiting, 0, 0);
}

enum status
fold_effects(struct call *call, struct db_queue *q)
{
    const struct status_clock *clock = call->data;
    if (clock->waiting == 0 && call->today <= clock->base_day) {
        return STATUS_OK;
    }
    return status_queue_fold(q, call->who->tenant, clock->base_day, call->today, FOLD_LINES);
}
