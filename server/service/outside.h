/* Messages to the outside: which are queued for new deliveries, which may leave, what becomes of
 * them. Pure.
 *
 * 1. A delivery is thought of once; what is acknowledged or cancelled by then is passed over.
 * 2. Direct alerts join a message to the same receiver that still waits; else they make one, as
 * long as their unit's cap of the day leaves room; else they join the digest and are counted as
 * held.
 * 3. One digest a receiver and day. Nothing leaves in quiet hours or on days off.
 * 4. A message leaves with the count of its deliveries that still stand; with none it is cancelled.
 * 5. The breaker: as many an hour as are allowed; the first one above stops everything until a
 *    person says so.
 */
#ifndef SERVER_SERVICE_OUTSIDE_H
#define SERVER_SERVICE_OUTSIDE_H

#include "proto/base/arena.h"
#include "server/base/setting.h"
#include "server/store/outside.h"

enum {
    OUTSIDE_ATTEMPTS_MAX = 8,       /* then it is given up */
    OUTSIDE_LEASE_MS = 600000,      /* a sender that does not settle within it has died */
    OUTSIDE_RETRY_MAX_MS = 21600000 /* 6 hours */
};

/* ---- planning ---- */

struct outside_case {
    const struct settings *settings;
    const struct calendar *calendar;
    const struct text_list *endpoints; /* "unit01/WECOM", a star for any unit */
    const struct outside_delivery_list *fresh;
    const struct outside_list *open;
    const struct outside_used_list *used;
    int offset_min;
    int64_t now_ms;
};

/* A delivery that joins a message. */
struct outside_join {
    size_t message;         /* index into plan->messages; only when id is NULL */
    const char *message_id; /* of a message that is stored already */
    const char *account_id;
    const char *alert_id;
};

struct outside_plan {
    struct outside_list messages; /* new; id still NULL */
    struct {
        struct outside_join *items;
        size_t count;
        size_t capacity;
    } joins;
    struct outside_used_list held; /* by unit and day, how many more */
};

MUST_CHECK enum status outside_plan(const struct outside_case *c, struct arena *a,
                                    struct outside_plan *ret);

/* True when a name stands for the unit and channel. */
bool outside_reachable(const struct text_list *endpoints, const char *org,
                       enum outside_channel channel);

/* ---- sending ---- */

enum outside_verdict {
    OUTSIDE_LEAVE = 0, /* not now: the breaker */
    OUTSIDE_SEND,
    OUTSIDE_POSTPONE, /* to its new due_ms */
    OUTSIDE_CANCEL,
    OUTSIDE_GIVE_UP,
};

struct outside_turn {
    enum outside_verdict verdict;
    struct outside_record next; /* as it will be kept */
    const char *error;          /* why; NULL for OUTSIDE_SEND */
};

/* When messages may leave. */
struct outside_hours {
    const struct settings *settings;
    const struct calendar *calendar;
    int offset_min;
    int64_t now_ms;
};

/* One turn for each message, in their order; *breaker as it will be kept. True when the breaker
 * trips in this run. */
bool outside_take(const struct outside_hours *h, const struct outside_list *due,
                  struct outside_turn *ret_turns, struct breaker_record *breaker);

/* What became of a message on its way. */
struct outside_result {
    const char *error; /* NULL: it was sent */
    bool permanent;
    int64_t retry_after_ms;
};
struct outside_turn outside_settle(const struct outside_hours *h, const struct outside_record *m,
                                   const struct outside_result *result);

#endif
