#include "client/lib/retry.h"
#include "proto/rpc/client.h"

#include <string.h>

static bool
is_transient(const struct rectify_attempt *attempt, const struct fault *why)
{
    switch (why->code) {
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE_EXCEEDED:
        return true;
    case STATUS_RESOURCE_EXHAUSTED:
        return attempt->from_server && why->retry_after_ms > 0;
    case STATUS_UNKNOWN:
        return attempt->from_server && attempt->command;
    default:
        return false;
    }
}

bool
rectify_retry_decide(const struct rectify_attempt *attempt, const struct fault *why,
                     uint32_t random, uint32_t *ret_wait_ms)
{
    if (!is_transient(attempt, why)) {
        return false;
    }
    uint32_t wait = rpc_backoff_ms(attempt->number, random);
    if (wait < why->retry_after_ms) {
        /* Up to a quarter more than the hint: those who were told the same come back apart. */
        wait = why->retry_after_ms + random % (why->retry_after_ms / 4 + 1);
    }
    if ((int64_t)wait >= attempt->left_ms) {
        return false;
    }
    *ret_wait_ms = wait;
    return true;
}

bool
rectify_retry_maybe_executed(const struct rectify_attempt *attempt, const struct fault *why)
{
    static const char *const sent[] = {"CONNECTION_LOST", "CALL_TIMEOUT", "PROTOCOL_ERROR"};
    if (!attempt->command) {
        return false;
    }
    if (attempt->from_server) {
        return why->code == STATUS_UNKNOWN || why->code == STATUS_DEADLINE_EXCEEDED;
    }
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        if (strcmp(why->reason, sent[i]) == 0) {
            return true;
        }
    }
    return false;
}
