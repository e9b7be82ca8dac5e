/* Messages to the outside: what waits, what left, what was held back, and the circuit breaker.
 *
 * A row knows an account or unit, a channel and a count: never a title, never a narrative. Reads
 * fill zeroed lists in the call's arena when the queue runs.
 */
#ifndef SERVER_STORE_OUTSIDE_H
#define SERVER_STORE_OUTSIDE_H

#include "rectify/v1/alert.pb-c.h"
#include "server/base/setting.h"
#include "server/store/db.h"
#include "server/store/literal.h"

/* A delivery no message has been thought of yet. */
struct outside_delivery {
    const char *account_id;
    int64_t seq;
    const char *alert_id;
    bool direct;
    bool stands;         /* neither cancelled nor acknowledged */
    const char *org_id;  /* of the account's seat; NULL: it has none any more */
    const char *org;     /* code */
    const char *address; /* mail; NULL: none */
};

struct outside_delivery_list {
    struct outside_delivery *items;
    size_t count;
    size_t capacity;
};

struct outside_record {
    const char *id;
    const char *key;
    enum outside_channel channel;
    const char *kind; /* DIRECT, DIGEST, TEST */
    const char *account_id;
    const char *org_id;
    const char *org; /* code */
    const char *address;
    int32_t day;
    int64_t due_ms;
    int32_t attempts;
    const char *state;
    int32_t count; /* of deliveries that still stand, read when it is taken */
};

struct outside_list {
    struct outside_record *items;
    size_t count;
    size_t capacity;
};

/* Direct messages of a unit on a day. */
struct outside_used {
    const char *org_id;
    int32_t day;
    int32_t count;
};

struct outside_used_list {
    struct outside_used *items;
    size_t count;
    size_t capacity;
};

struct breaker_record {
    bool exists;
    int64_t hour;
    int32_t sent;       /* in that hour */
    int64_t tripped_ms; /* 0: not tripped */
    int32_t trips;
    int64_t version;
};

extern const struct statement *const outside_statements[];

/* ---- planning ---- */

/* Deliveries behind each account's mark, oldest first. */
MUST_CHECK enum status outside_queue_fresh(struct db_queue *q, int tenant, int32_t day,
                                           int32_t limit, struct outside_delivery_list *ret);
/* Direct messages that still wait, and every digest from a day on. */
MUST_CHECK enum status outside_queue_open(struct db_queue *q, int tenant, int32_t day,
                                          struct outside_list *ret);
MUST_CHECK enum status outside_queue_used(struct db_queue *q, int tenant, int32_t day,
                                          struct outside_used_list *ret);
/* A message in state QUEUED; a key that is there stays as it is. */
MUST_CHECK enum status outside_queue_insert(struct db_queue *q, int tenant,
                                            const struct outside_record *m, int64_t now_ms);
/* The same for the org of a code; ABORTED when there is none. */
MUST_CHECK enum status outside_queue_insert_for(struct db_queue *q, int tenant,
                                                const struct outside_record *m, const char *org,
                                                int64_t now_ms);
/* Ties a delivery to a message, once. */
MUST_CHECK enum status outside_queue_item(struct db_queue *q, int tenant, const char *message_id,
                                          const char *account_id, const char *alert_id);
MUST_CHECK enum status outside_queue_held(struct db_queue *q, int tenant, const char *org_id,
                                          int32_t day, int32_t more);
MUST_CHECK enum status outside_queue_mark(struct db_queue *q, int tenant, const char *account_id,
                                          int64_t seq);
/* What can be reached, when it changed: takes away what is not among the names, adds the rest. */
MUST_CHECK enum status outside_queue_endpoints(struct db_queue *q, int tenant,
                                               struct text_list *ret);
MUST_CHECK enum status outside_queue_put_endpoints(struct db_queue *q, int tenant,
                                                   const struct text_list *names, int64_t now_ms,
                                                   struct arena *a);

/* ---- sending ---- */

/* Messages whose time has come, locked; those another sender holds are passed over. */
MUST_CHECK enum status outside_queue_take(struct db_queue *q, int tenant, int64_t now_ms,
                                          int32_t limit, struct outside_list *ret);
/* Messages on their way, locked. */
MUST_CHECK enum status outside_queue_sending(struct db_queue *q, int tenant,
                                             const struct text_list *ids, struct arena *a,
                                             struct outside_list *ret);
/* One message's new state, time, attempts, count; error may be NULL. */
MUST_CHECK enum status outside_queue_update(struct db_queue *q, int tenant,
                                            const struct outside_record *m, const char *error,
                                            int64_t now_ms);
/* The breaker, locked when it is there. */
MUST_CHECK enum status breaker_queue_read(struct db_queue *q, int tenant, bool lock,
                                          struct breaker_record *ret);
/* version is the new one. */
MUST_CHECK enum status breaker_queue_put(struct db_queue *q, int tenant,
                                         const struct breaker_record *b, const char *event_id);
/* Gives up all that waits; the reply's count is filled. */
MUST_CHECK enum status outside_queue_discard(struct db_queue *q, int tenant, int64_t now_ms);
MUST_CHECK enum status outside_queue_count_waiting(struct db_queue *q, int tenant, int64_t *ret);

/* ---- looking ---- */

struct outside_message_list {
    Pb__Message **items;
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status outside_queue_list(struct db_queue *q, int tenant, const char *state,
                                          int32_t limit, struct outside_message_list *ret);

/* By channel: waiting, sent since an instant, failed since another. */
struct outside_totals {
    int32_t waiting[CHANNEL_COUNT];
    int32_t sent[CHANNEL_COUNT];
    int32_t failed[CHANNEL_COUNT];
};
MUST_CHECK enum status outside_queue_totals(struct db_queue *q, int tenant, int64_t sent_from_ms,
                                            int64_t failed_from_ms, struct outside_totals *ret);
MUST_CHECK enum status outside_queue_held_on(struct db_queue *q, int tenant, int32_t day,
                                             int64_t *ret);

/* ---- contacts ---- */

struct contact_record {
    const char *account_id;
    const char *account; /* name */
    const char *address; /* "" when it was taken away */
    int64_t version;     /* 0: never had one */
};

struct contact_list {
    struct contact_record *items;
    size_t count;
    size_t capacity;
};
/* The account of a name or id with its address; all accounts that have one when both are NULL. */
MUST_CHECK enum status contact_queue_find(struct db_queue *q, int tenant, const char *name,
                                          const char *id, struct contact_list *ret);
MUST_CHECK enum status contact_queue_put(struct db_queue *q, int tenant,
                                         const struct contact_record *c, const char *event_id);

/* ---- settings ---- */

struct setting_record {
    const char *name;
    const char *value;
    int32_t version;
};

struct setting_list {
    struct setting_record *items;
    size_t count;
    size_t capacity;
};
/* The newest version of each; ret_settings (may be NULL) is filled with defaults first. */
MUST_CHECK enum status setting_queue_read(struct db_queue *q, int tenant, struct setting_list *ret,
                                          struct settings *ret_settings, struct arena *a);
MUST_CHECK enum status setting_queue_put(struct db_queue *q, int tenant,
                                         const struct setting_record *s, const char *event_id);

#endif
