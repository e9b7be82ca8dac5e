/* What every question about totals begins with: the day, the inspection, whose view it is. */
#ifndef SERVER_HANDLER_STATUS_QUERY_H
#define SERVER_HANDLER_STATUS_QUERY_H

#include "server/dispatch/handler.h"
#include "server/service/status.h"
#include "server/store/settings.h"

struct status_base {
    struct calendar calendar; /* the office's working days: read in round 0 */
    struct status_query query;
    struct status_head head;
    bool own; /* the caller does not see all */
};

/* Round 0: queues the calendar; true when this was round 0. */
bool status_round_calendar(struct call *call, struct db_queue *q, struct status_base *base,
                           int *ret);
/* Round 1: the request's day and inspection; queues the head. */
MUST_CHECK enum status status_begin(struct call *call, struct db_queue *q, struct status_base *base,
                                    const char *inspection, const char *as_of);
/* The same, for what cannot be projected: INVALID_ARGUMENT AS_OF_FUTURE for a day to come. */
MUST_CHECK enum status status_begin_past(struct call *call, struct db_queue *q,
                                         struct status_base *base, const char *inspection,
                                         const char *as_of);
/* In decide: NOT_FOUND INSPECTION_UNKNOWN. */
MUST_CHECK enum status status_check(struct call *call, const struct status_base *base);
/* The view in words (范围). */
char *status_scope_text(const struct call *call);

/* The reports (status_report.c). */
int changes_load(struct call *call, struct db_queue *q);
enum status changes_decide(struct call *call);
int ageing_load(struct call *call, struct db_queue *q);
enum status ageing_decide(struct call *call);
int causes_load(struct call *call, struct db_queue *q);
enum status causes_decide(struct call *call);

#endif
