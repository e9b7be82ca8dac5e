/* The command line's side of the outbox (待发箱) and of the cache: what a command does when it is
 * to wait on this machine, and what a question does when the line is down.
 *
 * Used by invoke.c, cli.c and the outbox's own commands.
 */
#ifndef CLIENT_CLI_QUEUE_H
#define CLIENT_CLI_QUEUE_H

#include "client/cli/cli.h"
#include "client/lib/outbox.h"

/* How long a question may take before the cache answers; milliseconds. */
enum { QUEUE_QUESTION_MS = 2000 };

/* From --queue and the profile, for the command at hand. */
void queue_mode_set(struct cli *c);

/* May questions of this command be answered from the cache? Opens it. */
bool queue_reads_offline(struct cli *c);

/* Opens the profile's outbox once. */
MUST_CHECK enum status queue_outbox(struct cli *c, struct fault *f);

/* Is the command to be put into the outbox rather than sent? With the channel open; may look
 * whether the line holds. */
bool queue_wanted(struct cli *c);

/* Has the server answered in this run, or does it within a short while? When the line fails, the
 * channel answers from the cache from then on. */
bool queue_reachable(struct cli *c);

/* Captures a file; the stand-in is in the run's arena. */
MUST_CHECK enum status queue_capture(struct cli *c, const struct rectify_outbox_file *file,
                                     const char **ret_id, struct fault *f);

/* Puts the command, and tries to send it at once unless the line is down. OK: it was answered.
 * Else the fault is the server's refusal (the item is given up: its author knows), or CANCELLED
 * QUEUED, said to the user already: the run ends well (c->queued). */
MUST_CHECK enum status queue_command(struct cli *c, const struct rectify_request *call,
                                     struct rectify_answer *ret_answer, struct fault *f);

/* Keeps a command that was sent and whose outcome is unknown; *ret_number 0 when that cannot be
 * (it may hold a password). */
MUST_CHECK enum status queue_keep_unknown(struct cli *c, const struct rectify_request *call,
                                          int64_t *ret_number, struct fault *f);

/* Says what was put; the fault that ends the run well. */
MUST_CHECK enum status queue_tell(struct cli *c, const struct rectify_item *item, struct fault *f);

/* An item's refusal as the fault it was. */
enum status queue_refusal(const struct rectify_item *item, struct fault *f);

/* Says once that answers are of that time. */
void queue_offline_tell(struct cli *c, int64_t at_ms);

/* One line when something waits or needs attention; nothing otherwise. */
void queue_summary_print(struct cli *c);

/* "待发送", "已收件，待审核", … */
const char *queue_state_zh(const struct rectify_item *item);

#endif
