/* Delivery: when something may leave the system. Quiet hours, days off, the digest's time. Pure.
 *
 * The inbox fills at any hour; this is about messages to the outside alone.
 */
#ifndef SERVER_BASE_DELIVERY_H
#define SERVER_BASE_DELIVERY_H

#include "server/base/calendar.h"

#include <stdbool.h>
#include <stdint.h>

enum { DELIVERY_DAY_MINUTES = 1440 };

struct delivery_rules {
    int quiet_from_min; /* minutes of the local day; from > to runs over midnight; equal: none */
    int quiet_to_min;   /* the first minute that is not quiet any more */
    bool quiet_days_off;
    int digest_min;   /* minute of a working day at which the digest goes out */
    int cap_unit_day; /* direct messages of a unit on a day; what is above waits for the digest */
    int cap_hour;     /* messages of the tenant in an hour; reaching it trips the breaker */
};

/* now_ms, or the next instant that is neither quiet nor on a day off. */
int64_t delivery_allowed_at(const struct delivery_rules *rules, const struct calendar *calendar,
                            int offset_min, int64_t now_ms);

/* The next digest: its minute of this or the next working day, after now_ms; moved out of the
 * quiet hours where somebody set it into them. */
int64_t delivery_digest_at(const struct delivery_rules *rules, const struct calendar *calendar,
                           int offset_min, int64_t now_ms);

/* The hour an instant falls into, for the breaker's count. */
int64_t delivery_hour(int64_t now_ms);

#endif
