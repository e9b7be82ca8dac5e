#include "server/base/rate.h"

enum { MINUTE_MS = 60000 };

void
rate_init(struct rate *r, int per_minute, int64_t now_ms)
{
    *r = (struct rate){.room_ms = MINUTE_MS, .seen_ms = now_ms, .per_minute = per_minute};
}

bool
rate_take(struct rate *r, int64_t now_ms, uint32_t *ret_wait_ms)
{
    if (r->per_minute == 0) {
        return true;
    }
    int64_t cost = MINUTE_MS / r->per_minute;
    r->room_ms += now_ms - r->seen_ms;
    r->seen_ms = now_ms;
    if (r->room_ms > MINUTE_MS) {
        r->room_ms = MINUTE_MS;
    }
    if (r->room_ms < cost) {
        *ret_wait_ms = (uint32_t)(cost - r->room_ms);
        return false;
    }
    r->room_ms -= cost;
    return true;
}
