/* Heads: which log the server showed this client, and what of it was proven. Nothing else keeps a
 * server honest about having recorded something, so this is kept on the disk (state.h):
 *
 *     head       the newest signed head seen; every larger one replaces it, provisionally
 *     verified   the newest head proven to continue all before it, when that was, and up to when
 *                restores are known
 *     heads      former verified heads: the newest LIMIT_HEADS_KEPT, and one a day before them
 *     log-alarm  the log was forked or rolled back: no call goes out any more
 *     restored   from when on the server lost what it had received, until somebody offers it again
 *
 * When is asked. A head comes with each command's receipt and costs nothing; one round trip
 * (GetConsistency) proves it, at most every LIMIT_HEADS_VERIFY_MS, after a command that brought a
 * new head, or by rectify_heads_verify. A head that is smaller or contradicts is asked about at
 * once: another server of the same database may lag behind, which is no fault. An outbox asks
 * before it sends: a refusal brings no head, and a server that has forgotten what it was told
 * refuses what builds on it (STALE_VERSION), which would be taken for the last word.
 *
 * Who wins. What does not continue is LOG_ROLLED_BACK (smaller) or LOG_FORKED, unless restores
 * signed by the known key and declared after the head given up explain it, and everything kept from
 * before the restored point is still in the log. Such an alarm stands until a declaration explains
 * it or a person calls rectify_heads_reset; a server too old to prove anything raises none that
 * stands. Two processes may share the folder: the files are read again before anything is decided.
 *
 * Private to this folder; what others call is in channel.h. */
#ifndef CLIENT_LIB_HEADS_H
#define CLIENT_LIB_HEADS_H

#include "client/lib/channel_impl.h"

/* The newest head as the folder holds it now. Before each call. */
void heads_reload(struct rectify_channel *channel);

/* May a call go out? While the alarm stands: only when a declaration explains it meanwhile.
 * DATA_LOSS as the alarm says. */
MUST_CHECK enum status heads_admit(struct rectify_channel *channel, struct fault *f);

/* Takes the head of a reply: signature, and whether it continues what was seen. DATA_LOSS HEAD_…,
 * LOG_…; UNAVAILABLE LOG_UNPROVEN when it contradicts and the server could not be asked. */
MUST_CHECK enum status heads_take(struct rectify_channel *channel, const Pb__SignedHead *message,
                                  bool replayed, struct fault *f);

/* Before what waits is sent: rectify_heads_verify, unless this channel did so in the last
 * LIMIT_HEADS_FRESH_MS. */
MUST_CHECK enum status heads_before_sending(struct rectify_channel *channel, struct fault *f);

/* Which of count verified heads (oldest first) are kept; in place, returns how many. Pure. */
size_t heads_prune(struct ledger_head *heads, size_t count);

#endif
