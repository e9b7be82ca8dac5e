/* Endpoints: which robots and webhooks the server is configured to reach.
 *
 * A folder of files named ORG.CHANNEL ("unit01.wecom", "default.webhook" for every other unit): the
 * first line is the URL, the second the secret. The files are secrets (a robot's URL holds its
 * key), so whoever else may read one makes it refused. Read at every round: a changed file counts
 * at once. Addresses and secrets never reach the database or the log.
 */
#ifndef SERVER_JOBS_ENDPOINT_H
#define SERVER_JOBS_ENDPOINT_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "server/base/config.h"
#include "server/base/setting.h"

enum { ENDPOINTS_MAX = 2000 };

struct endpoint {
    const char *org; /* "*" for default */
    enum outside_channel channel;
    const char *url;
    const char *secret;
};

struct endpoint_list {
    struct endpoint *items;
    size_t count;
    size_t capacity;
    size_t bad; /* files left out */
};

/* Reads the folder; mail is added as "*" when a mail server is configured. A file that cannot be
 * used is left out and counted; the last one's reason is in the fault. Blocks. */
MUST_CHECK enum status endpoints_read(const struct config *config, struct arena *a,
                                      struct endpoint_list *ret, struct fault *fault);

/* The unit's own, else the default; NULL when there is none. */
const struct endpoint *endpoint_find(const struct endpoint_list *list, const char *org,
                                     enum outside_channel channel);

#endif
