/* Sender: lets messages to the outside leave.
 *
 * One thread. A round, for each tenant: new deliveries become messages (QueueMessages), those whose
 * time has come are taken (TakeMessages), sent one after the other outside any transaction, and
 * settled (SettleMessages). At least once: who dies in between has sent a message twice, with the
 * same delivery id. Any number of servers may send; each message is one's own while it is taken.
 */
#ifndef SERVER_JOBS_SENDER_H
#define SERVER_JOBS_SENDER_H

#include "proto/base/fault.h"
#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/dispatch/dispatch.h"
#include "server/jobs/notifier.h"

struct sender;

struct sender_config {
    struct dispatch *dispatch;       /* outlives the sender */
    const struct config *config;     /* outlives it */
    const struct notifier *notifier; /* outlives it */
    const struct clock *clock;
    int tick_seconds; /* 1 to 86400 */
};

/* Starts the thread; the first round comes at once. */
MUST_CHECK enum status sender_start(const struct sender_config *config, struct sender **ret_sender,
                                    struct fault *fault);

/* A round now, besides the regular ones. Does not block; any thread. */
void sender_kick(struct sender *s);

/* Rounds finished so far, for tests and metrics. */
uint64_t sender_rounds(const struct sender *s);

/* Ends the thread (waits for what is being sent) and frees. NULL accepted. Before dispatch. */
void sender_stop(struct sender *s);

/* One round by hand, in the caller's thread (tests). */
MUST_CHECK enum status sender_round(const struct sender_config *config, struct fault *fault);

/* How long to wait after the n-th failed attempt (from 1): 30 s doubled each time up to an hour, by
 * a quarter more or less as `jitter` (0 to 999) says. Pure. */
int64_t sender_backoff_ms(int attempt, unsigned jitter);

#endif
