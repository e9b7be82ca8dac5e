/* Digest (每日提要): when it is due, and its sentence. Pure; any thread. */
#ifndef CLIENT_AGENT_DIGEST_H
#define CLIENT_AGENT_DIGEST_H

#include "client/lib/outbox.h"

#include <stdbool.h>

/* Minutes since midnight of "08:30"; -1 for what is no such time, and for NULL. */
int digest_minute(const char *text);

/* Is the digest due? day and minute: this machine's now; at: when it is wanted; last: the day of
 * the last one, "" before the first. Once a day, also late (the machine slept over it), but not for
 * a day that is over. A clock that was put back over midnight gives no second one; a last day
 * further in the future than tomorrow was a wrong clock and does not count. */
bool digest_due(const char *day, int minute, int at, const char *last);

/* Numbers of a digest. */
struct digest {
    bool known;         /* overdue and due_soon are */
    int32_t overdue;    /* 超期 */
    int32_t due_soon;   /* 临期 */
    const char *as_of;  /* they are of another time, "11-29 08:30"; NULL: of now */
    uint64_t attention; /* 要处理 */
    uint64_t waiting;   /* 待发送 */
};

/* "今日：超期 2、临期 3、要处理 1、待发送 0" */
void digest_sentence(const struct digest *digest, char *ret_text, size_t size);

#endif
