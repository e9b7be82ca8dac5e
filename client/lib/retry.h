/* Retry: after a failed attempt, try again or give up, and when. Pure; any thread. */
#ifndef CLIENT_LIB_RETRY_H
#define CLIENT_LIB_RETRY_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct rectify_attempt {
    unsigned number;  /* 0: the first */
    bool from_server; /* the server answered so; false: the transport failed */
    bool command;     /* has an idempotency key */
    int64_t left_ms;  /* until the call's overall deadline */
};

/* True when the same call should be sent again after *ret_wait_ms: UNAVAILABLE and
 * DEADLINE_EXCEEDED always, RESOURCE_EXHAUSTED when the server gave a hint, UNKNOWN (the outcome of
 * a COMMIT is not known) for commands, whose key makes that safe. The wait is the longer of the
 * server's hint and a back-off with jitter; false too when it would pass the deadline. */
bool rectify_retry_decide(const struct rectify_attempt *attempt, const struct fault *why,
                          uint32_t random, uint32_t *ret_wait_ms);

/* True when the server may have executed an attempt that ended so. */
bool rectify_retry_maybe_executed(const struct rectify_attempt *attempt, const struct fault *why);

#endif
