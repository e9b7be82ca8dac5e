/* Leader: which of several servers runs the clock's jobs.
 *
 * A session-level advisory lock on a connection of its own. It is no fence: a leader that was cut
 * off may go on for a moment, so every job is idempotent by unique keys. */
#ifndef SERVER_STORE_LEADER_H
#define SERVER_STORE_LEADER_H

#include "server/store/db.h"

extern const struct statement *const leader_statements[];

/* Makes the server notice within seconds that this client is gone, so that a killed leader's lock
 * does not outlive it. Once per connection. Blocks. */
MUST_CHECK enum status leader_prepare(struct db *db, struct fault *fault);
/* Takes the lock if it is free, at most once per connection. *ret_leads tells. Blocks shortly. */
MUST_CHECK enum status leader_try(struct db *db, bool *ret_leads, struct fault *fault);
/* Asks the server something, so that a lost connection (and lock) is noticed. Blocks shortly. */
MUST_CHECK enum status leader_check(struct db *db, struct fault *fault);

#endif
