/* Cache: the last answer to each question, so that people can read and fill in while the line is
 * down. In the state folder (cache.db, SQLite); losing it loses nothing that cannot be asked again,
 * so it is not synced, and a damaged one is made anew. Bounded: LIMIT_CACHE_BYTES, the longest
 * unasked go first. Answers of one account are never shown to another.
 *
 * Threads: one thread at a time uses a handle; processes share the file.
 */
#ifndef CLIENT_LIB_CACHE_H
#define CLIENT_LIB_CACHE_H

#include "client/lib/channel.h"

struct rectify_cache;

/* Opens the cache of a state folder, making it when there is none. UNAVAILABLE CACHE_OPEN. */
MUST_CHECK enum status rectify_cache_open(const char *folder, struct rectify_cache **ret_cache,
                                          struct fault *f);

/* NULL is accepted. */
void rectify_cache_free(struct rectify_cache *cache);

/* Keeps an answer; pieces of files, exports and parked calls are not kept. Whatever fails here is
 * no fault of the caller's: the question was answered. */
void rectify_cache_put(struct rectify_cache *cache, const char *account,
                       const struct rectify_request *request, const ProtobufCMessage *reply);

/* The last answer to exactly this question, in the arena, and when it came (this machine's clock).
 * NOT_FOUND CACHE_NONE. */
MUST_CHECK enum status rectify_cache_get(struct rectify_cache *cache, struct arena *a,
                                         const char *account, const struct rectify_request *request,
                                         ProtobufCMessage **ret_reply, int64_t *ret_at_ms,
                                         struct fault *f);

/* Asks again what was asked within the last 30 days and is older than max_age_ms, oldest first, at
 * most limit questions. Ends without a fault when the line fails. *ret_asked: how many. */
MUST_CHECK enum status rectify_cache_refresh(struct rectify_cache *cache,
                                             struct rectify_channel *channel, const char *account,
                                             int64_t max_age_ms, uint32_t limit,
                                             uint32_t *ret_asked, struct fault *f);

#endif
