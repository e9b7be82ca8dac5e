/* What is said to each kind of receiver: bodies, signatures, and how their answers read. Pure.
 *
 * 企业微信: POST {"msgtype":"text",…}; 钉钉: the same, signed in the query: base64 of HMAC-SHA256
 * of "MILLISECONDS\nSECRET" by the secret; 飞书: signed in the body: base64 of HMAC-SHA256 of
 * nothing by "SECONDS\nSECRET". All three answer 200 with a code, 0 for success. Generic:
 * X-Rectify-Signature is the hex of HMAC-SHA256 of "SECONDS.DELIVERY.BODY" by the secret.
 */
#ifndef SERVER_JOBS_NOTIFIER_BODY_H
#define SERVER_JOBS_NOTIFIER_BODY_H

#include "proto/base/arena.h"
#include "server/jobs/notifier.h"

enum { NOTIFIER_HEADERS = 5 };

struct notifier_body {
    const char *url;
    const char *text; /* JSON */
    const char *headers[NOTIFIER_HEADERS];
    size_t header_count;
};

/* False when a secret is needed and missing, or the arena is full. */
bool notifier_body_make(const struct notifier_target *target,
                        const struct notifier_message *message, int64_t now_ms, struct arena *a,
                        struct notifier_body *ret);

/* Judges a 2xx answer: robots say in it whether they took the message. */
void notifier_body_judge(enum outside_channel channel, const char *reply, size_t size,
                         struct notifier_result *ret);

/* A whole mail. NULL when an address could change its head, or the arena is full. */
char *notifier_mail(const char *from, const char *to, const struct notifier_message *message,
                    int64_t now_ms, struct arena *a);

#endif
