/* Totals: the office's own clock, and the reply made of what was counted. Pure. */
#ifndef SERVER_SERVICE_STATUS_H
#define SERVER_SERVICE_STATUS_H

#include "proto/base/arena.h"
#include "server/base/calendar.h"
#include "server/store/status.h"

enum { OFFICE_WORKING_DAYS = 3 }; /* a claim's decision is owed within these */

/* Claims handed in before this instant have waited longer than OFFICE_WORKING_DAYS on as_of. */
int64_t status_waiting_before(const struct calendar *calendar, int32_t as_of, int utc_offset_min);

/* The reply, without times and groups; NULL when the arena is exhausted. whole holds one row. */
Pb__GetStatusReply *status_message(const struct status_totals *totals,
                                   const struct group_list *whole, struct arena *a);

#endif
