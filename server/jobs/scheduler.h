/* Scheduler: gives the clock's commands (obligations, alerts, sweeping) at every tick.
 *
 * One thread. Of several servers on one database only the leader works (store/leader.h). The jobs
 * go through the door as SYS, like everybody's commands; a tick that finds nothing to do leaves no
 * event. Errors are logged and tried again with back-off; nothing here ends the program.
 */
#ifndef SERVER_JOBS_SCHEDULER_H
#define SERVER_JOBS_SCHEDULER_H

#include "proto/base/fault.h"
#include "server/dispatch/dispatch.h"

#include <stdint.h>

struct scheduler;

struct scheduler_config {
    struct dispatch *dispatch; /* outlives the scheduler */
    const char *conninfo;      /* of role rectify_app; for the leader's lock */
    int tick_seconds;          /* 1 to 86400 */
};

/* Starts the thread; the first tick comes at once. The config's texts are copied. */
MUST_CHECK enum status scheduler_start(const struct scheduler_config *config,
                                       struct scheduler **ret_scheduler, struct fault *fault);

/* A tick now, besides the regular ones. Does not block; any thread. */
void scheduler_kick(struct scheduler *s);

/* Ticks finished so far as leader, for tests and metrics. */
uint64_t scheduler_ticks(const struct scheduler *s);

/* Ends the thread (waits for a running job) and frees. NULL accepted. Stop it before dispatch. */
void scheduler_stop(struct scheduler *s);

#endif
