/* Pending: commands whose outcome is not known, kept so that they can be sent again exactly as they
 * were. A server takes the same idempotency key only with the same request; what a person types
 * again would be made from newer data.
 *
 * One file a command in the state folder, "pending-KEY", 0600. Commands that carry passwords are
 * not kept. Every function blocks on the disk; any thread.
 */
#ifndef CLIENT_LIB_PENDING_H
#define CLIENT_LIB_PENDING_H

#include "client/lib/channel.h"

/* A kept command; everything in the arena. */
struct rectify_pending {
    struct rectify_request request; /* with its key, version and message */
    const char *on_behalf_of;       /* NULL: one's own */
    const void *reserved[4];        /* zero; room to grow, see rectify.h */
};

/* Keeps it. INVALID_ARGUMENT PENDING_SECRET for commands of the AccountService; file.h's faults. */
MUST_CHECK enum status rectify_pending_save(const char *folder,
                                            const struct rectify_pending *pending, struct fault *f);

/* NOT_FOUND PENDING_MISSING; INVALID_ARGUMENT STATE_MALFORMED. */
MUST_CHECK enum status rectify_pending_load(struct arena *a, const char *folder, const char *key,
                                            struct rectify_pending *ret_pending, struct fault *f);

/* Forgets it; none there is fine. */
void rectify_pending_clear(const char *folder, const char *key);

#endif
