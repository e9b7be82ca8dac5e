/* State: what a client keeps between runs, one small file a thing, in the profile's state folder.
 *
 *     session     the session token, when it ends, whose it is
 *     machine     id of this enrolled machine
 *     cursor      the last alert that arrived
 *     ledger.pub  public key of the server's event log
 *     head        newest signed head of that log seen so far
 *     clock       how far the server's clock is ahead of this machine's, milliseconds
 *     verified, heads, log-alarm, restored: heads.h
 * Files are 0600 in a folder 0700, replaced whole and synced. Loading what was never saved gives
 * NOT_FOUND STATE_MISSING; a damaged file INVALID_ARGUMENT STATE_MALFORMED. Every function blocks
 * on the disk; two processes may use one folder, the last to save wins.
 */
#ifndef CLIENT_LIB_STATE_H
#define CLIENT_LIB_STATE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/limits.h"
#include "proto/base/uuid7.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"

#include <stdint.h>

enum { STATE_TOKEN_SIZE = 256, STATE_HEADS_MAX = LIMIT_HEADS_KEPT + LIMIT_HEADS_DAYS + 1 };

struct rectify_session {
    char token[STATE_TOKEN_SIZE];
    int64_t expires_at_ms;
    char account[LIMIT_NAME_BYTES + 1];
};

MUST_CHECK enum status rectify_state_session_load(const char *folder,
                                                  struct rectify_session *ret_session,
                                                  struct fault *f);
MUST_CHECK enum status rectify_state_session_save(const char *folder,
                                                  const struct rectify_session *session,
                                                  struct fault *f);

/* Forgets the session; none there is fine. */
void rectify_state_session_clear(const char *folder);

MUST_CHECK enum status rectify_state_machine_load(const char *folder, char ret_id[UUID_TEXT_SIZE],
                                                  struct fault *f);
MUST_CHECK enum status rectify_state_machine_save(const char *folder, const char *id,
                                                  struct fault *f);

/* Forgets which machine this is; none there is fine. */
void rectify_state_machine_clear(const char *folder);

MUST_CHECK enum status rectify_state_cursor_load(const char *folder, int64_t *ret_cursor,
                                                 struct fault *f);
MUST_CHECK enum status rectify_state_cursor_save(const char *folder, int64_t cursor,
                                                 struct fault *f);

MUST_CHECK enum status rectify_state_clock_load(const char *folder, int64_t *ret_offset_ms,
                                                struct fault *f);
MUST_CHECK enum status rectify_state_clock_save(const char *folder, int64_t offset_ms,
                                                struct fault *f);

MUST_CHECK enum status rectify_state_ledger_load(const char *folder,
                                                 struct ledger_public *ret_public, struct fault *f);
MUST_CHECK enum status
rectify_state_ledger_save(const char *folder, const struct ledger_public *public, struct fault *f);

MUST_CHECK enum status rectify_state_head_load(const char *folder, struct ledger_head *ret_head,
                                               struct fault *f);
MUST_CHECK enum status rectify_state_head_save(const char *folder, const struct ledger_head *head,
                                               struct fault *f);

/* What was proven. */
struct rectify_proven {
    int64_t at_ms;           /* this machine's clock; 0: never */
    int64_t restore_ms;      /* restores declared up to then are known; 0: none is */
    struct ledger_head head; /* size 0: none */
};

MUST_CHECK enum status
rectify_state_proven_load(const char *folder, struct rectify_proven *ret_proven, struct fault *f);
MUST_CHECK enum status
rectify_state_proven_save(const char *folder, const struct rectify_proven *proven, struct fault *f);

/* Former proven heads, oldest first, in the arena; none is fine. */
MUST_CHECK enum status rectify_state_heads_load(const char *folder, struct arena *a,
                                                struct ledger_head **ret_heads, size_t *ret_count,
                                                struct fault *f);
MUST_CHECK enum status rectify_state_heads_save(const char *folder, const struct ledger_head *heads,
                                                size_t count, struct fault *f);

/* The alarm: its fault (reason and message), and below it, for people, the heads that contradict.
 */
MUST_CHECK enum status rectify_state_alarm_load(const char *folder, struct fault *ret_alarm,
                                                struct fault *f);
MUST_CHECK enum status rectify_state_alarm_save(const char *folder, const struct fault *alarm,
                                                const struct ledger_head *seen,
                                                const struct ledger_head *now, struct fault *f);
void rectify_state_alarm_clear(const char *folder);

MUST_CHECK enum status rectify_state_restored_load(const char *folder, int64_t *ret_since_ms,
                                                   struct fault *f);
MUST_CHECK enum status rectify_state_restored_save(const char *folder, int64_t since_ms,
                                                   struct fault *f);
void rectify_state_restored_clear(const char *folder);

#endif
