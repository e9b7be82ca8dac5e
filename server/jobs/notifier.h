/* Notifier: tells somebody outside that something waits, and nothing else.
 *
 * What can be said is struct notifier_message: how many things wait, and where to log in. There is
 * no place in it for a title, a name or a text, so none can leave. Several implementations: mail
 * and robots (notifier_curl_init), and whatever a test brings.
 */
#ifndef SERVER_JOBS_NOTIFIER_H
#define SERVER_JOBS_NOTIFIER_H

#include "proto/base/fault.h"
#include "server/base/config.h"
#include "server/base/setting.h"

#include <stdbool.h>
#include <stdint.h>

enum { NOTIFIER_ERROR_SIZE = 40, NOTIFIER_URL_SIZE = 1024, NOTIFIER_SECRET_SIZE = 512 };

struct notifier_message {
    const char *delivery_id; /* the same at every attempt */
    int count;
    const char *link_url;
};

/* Where it goes. */
struct notifier_target {
    enum outside_channel channel;
    const char *address; /* mail: the receiver; webhook: the unit's code */
    const char *url;     /* robots and webhooks; NULL for mail */
    const char *secret;  /* the robot's or webhook's; "" for none */
};

/* What came of it. error "" means that the other side took it. */
struct notifier_result {
    char
        error[NOTIFIER_ERROR_SIZE]; /* "HTTP_500", "TIMEOUT": a code, never the other side's text */
    bool permanent;                 /* trying again is of no use */
};

struct notifier {
    /* Blocks up to its time limit; never touches the database. now_ms is the server's clock. */
    void (*send)(const struct notifier *n, const struct notifier_target *target,
                 const struct notifier_message *message, int64_t now_ms,
                 struct notifier_result *ret);
    void *ctx;
};

/* Mail and robots through libcurl. config outlives it; the mail password is read from its file at
 * each sending and wiped. Call once before there are threads (libcurl's global state). */
MUST_CHECK enum status notifier_curl_init(struct notifier *n, const struct config *config,
                                          struct fault *fault);

/* OK when a URL may be called: https, or http to 127.0.0.1 where local is allowed; no user, no
 * fragment, no literal address that is link-local or a cloud's metadata service. INVALID_ARGUMENT
 * ENDPOINT_URL. The address a name resolves to is checked again when it is connected to. */
MUST_CHECK enum status notifier_url_check(const char *url, bool allow_local, struct fault *fault);

/* The text people read: "您有 3 项待办，请登录查看：URL". False when it does not fit. */
bool notifier_text(const struct notifier_message *m, char *ret_text, size_t size);

#endif
