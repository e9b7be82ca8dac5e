/* Rate: how many a minute, evenly, with what was not used of the last minute at hand (a token
 * bucket). Pure: the caller brings the time and the lock.
 */
#ifndef SERVER_BASE_RATE_H
#define SERVER_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
    int64_t room_ms; /* of the minute, in time: what one costs is 60000 / per_minute */
    int64_t seen_ms; /* monotonic */
    int per_minute;  /* 0: no limit */
};

/* Full at the beginning. */
void rate_init(struct rate *r, int per_minute, int64_t now_ms);

/* Takes one. False: none is left; *ret_wait_ms says when there is one again. */
bool rate_take(struct rate *r, int64_t now_ms, uint32_t *ret_wait_ms);

#endif
