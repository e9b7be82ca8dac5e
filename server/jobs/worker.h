/* Worker: one thread that works at once, and again after the pause it names, or when kicked.
 *
 * The thread's data stay the caller's: they outlive worker_stop().
 */
#ifndef SERVER_JOBS_WORKER_H
#define SERVER_JOBS_WORKER_H

#include "proto/base/fault.h"

#include <stdbool.h>

struct worker;

/* What the thread does; data as given to worker_start. Returns the pause to come, in seconds. */
typedef int worker_run_fn(struct worker *w, void *data);

/* Starts the thread. RESOURCE_EXHAUSTED THREAD: it could not be. */
MUST_CHECK enum status worker_start(worker_run_fn *run, void *data, struct worker **ret_worker,
                                    struct fault *fault);

/* Ends the present pause, or the next one. Does not block; any thread. */
void worker_kick(struct worker *w);

/* True once worker_stop() was called: long work asks between its portions. Any thread. */
bool worker_stopping(const struct worker *w);

/* Ends the thread (waits for a running piece of work) and frees. NULL accepted. */
void worker_stop(struct worker *w);

#endif
