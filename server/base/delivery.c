#include "server/base/delivery.h"

#include "server/base/clock.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, DAYS_AHEAD = 400 };

static bool
minute_is_quiet(const struct delivery_rules *r, int minute)
{
    if (r->quiet_from_min <= r->quiet_to_min) {
        return minute >= r->quiet_from_min && minute < r->quiet_to_min;
    }
    return minute >= r->quiet_from_min || minute < r->quiet_to_min;
}

static bool
day_is_quiet(const struct delivery_rules *r, const struct calendar *calendar, int32_t day)
{
    return r->quiet_days_off && !calendar_is_working_day(calendar, day, NULL);
}

/* The first minute from `minute` on that is not quiet; DELIVERY_DAY_MINUTES when the day has none.
 */
static int
open_minute(const struct delivery_rules *r, int minute)
{
    if (!minute_is_quiet(r, minute)) {
        return minute;
    }
    /* Quiet until quiet_to: today, unless that is already past. */
    return minute < r->quiet_to_min ? r->quiet_to_min : DELIVERY_DAY_MINUTES;
}

int64_t
delivery_allowed_at(const struct delivery_rules *rules, const struct calendar *calendar,
                    int offset_min, int64_t now_ms)
{
    int32_t today = day_from_instant(now_ms, offset_min);
    int64_t midnight = day_to_instant(today, offset_min);
    int minute = (int)((now_ms - midnight) / MINUTE_MS);
    for (int ahead = 0; ahead < DAYS_AHEAD; ahead++) {
        int from = ahead == 0 ? minute : 0;
        int open = day_is_quiet(rules, calendar, today + ahead) ? DELIVERY_DAY_MINUTES
                                                                : open_minute(rules, from);
        if (ahead == 0 && open == minute) {
            return now_ms;
        }
        if (open < DELIVERY_DAY_MINUTES) {
            return day_to_instant(today + ahead, offset_min) + (int64_t)open * MINUTE_MS;
        }
    }
    return now_ms + (int64_t)DAYS_AHEAD * DELIVERY_DAY_MINUTES * MINUTE_MS;
}

int64_t
delivery_digest_at(const struct delivery_rules *rules, const struct calendar *calendar,
                   int offset_min, int64_t now_ms)
{
    int32_t day = day_from_instant(now_ms, offset_min);
    int64_t at = 0;
    for (int ahead = 0; ahead < DAYS_AHEAD; ahead++, day++) {
        at = day_to_instant(day, offset_min) + (int64_t)rules->digest_min * MINUTE_MS;
        if (at > now_ms && calendar_is_working_day(calendar, day, NULL)) {
            break;
        }
    }
    return delivery_allowed_at(rules, calendar, offset_min, at);
}

int64_t
delivery_hour(int64_t now_ms)
{
    return now_ms / HOUR_MS;
}
