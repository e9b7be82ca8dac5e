/* Alerts, their deliveries, and what the clock reads to raise and cancel them. */
#ifndef SERVER_STORE_ALERT_H
#define SERVER_STORE_ALERT_H

#include "rectify/v1/alert.pb-c.h"
#include "server/store/db.h"
#include "server/store/literal.h"
#include "server/store/measure.h"

/* An open milestone (or a measure that waits for 签收), with what the ladder asks about it. */
struct watch_record {
    const char *measure_id;
    const char *measure_ref;
    const char *unit_id; /* the problem's lead unit; may be NULL */
    const char *unit;    /* code */
    const char *lead_id;
    const char *leader_id;
    const char *sgroup_id;
    int class_;
    const char *state;
    int32_t round;
    int32_t percent; /* −1: never reported */
    int32_t unchanged_periods;
    int64_t assigned_ms;
    int64_t signed_ms;
    int milestone; /* 1 EFFECT, 2 COMPLETE; 0: waits for 签收 */
    struct milestone_record days;
    uint32_t former_level4; /* earlier due versions that reached level 4 */
};

struct watch_list {
    struct watch_record *items;
    size_t count;
    size_t capacity;
};

/* A seat of an account that may log in. */
struct listener_record {
    const char *account_id;
    const char *org_id;
    uint64_t roles;
};

struct listener_list {
    struct listener_record *items;
    size_t count;
    size_t capacity;
};

struct alert_record {
    const char *id;
    const char *key;
    int level;
    const char *subject_kind; /* MEASURE, TABLE */
    const char *subject_id;
    const char *subject_ref;
    int milestone;
    const char *trigger;
    const char *org_id;
    const char *org;
    int32_t due;
    int32_t due_version;
    int32_t days_left;
    const char *text;
    int64_t raised_ms;
};

struct message_list {
    Pb__Alert **items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const alert_statements[];

/* Every open milestone of approved measures, and every measure that waits for 签收. */
MUST_CHECK enum status alert_queue_watched(struct db_queue *q, int tenant, struct watch_list *ret);
/* Active seats on a day. */
MUST_CHECK enum status alert_queue_listeners(struct db_queue *q, int tenant, int32_t day,
                                             struct listener_list *ret);
/* Which of these keys exist already, cancelled ones included. */
MUST_CHECK enum status alert_queue_known_keys(struct db_queue *q, int tenant,
                                              const struct text_list *keys, struct arena *a,
                                              struct text_list *ret);
/* Standing alerts whose reason is gone: the date moved, the thing is done, the table came. */
MUST_CHECK enum status alert_queue_outdated(struct db_queue *q, int tenant, int32_t limit,
                                            struct text_list *ret);

MUST_CHECK enum status alert_queue_insert(struct db_queue *q, int tenant,
                                          const struct alert_record *alert, const char *event_id);
/* Gives the alert the next number in the account's inbox. */
MUST_CHECK enum status alert_queue_deliver(struct db_queue *q, int tenant, const char *account_id,
                                           const char *alert_id, int64_t now_ms);
MUST_CHECK enum status alert_queue_cancel(struct db_queue *q, int tenant,
                                          const struct text_list *ids, int64_t now_ms,
                                          struct arena *a);

/* The account's alerts, newest first; open: neither acknowledged nor cancelled. */
MUST_CHECK enum status alert_queue_list(struct db_queue *q, int tenant, const char *account_id,
                                        bool open, int32_t limit, struct message_list *ret);
/* The account's alerts behind a number, oldest first. */
MUST_CHECK enum status alert_queue_after(struct db_queue *q, int tenant, const char *account_id,
                                         int64_t seq, int32_t limit, struct message_list *ret);
/* The account's newest number; untouched when it never had an alert. */
MUST_CHECK enum status alert_queue_newest(struct db_queue *q, int tenant, const char *account_id,
                                          int64_t *ret_seq);

/* Deliveries of the account not yet acknowledged, locked: those of these alerts, or up to a number.
 */
struct delivery_record {
    int64_t seq;
    const char *alert_id;
    const char *subject_ref;
};
struct delivery_list {
    struct delivery_record *items;
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status delivery_queue_open(struct db_queue *q, int tenant, const char *account_id,
                                           const struct text_list *alert_ids, int64_t up_to_seq,
                                           struct arena *a, struct delivery_list *ret);
MUST_CHECK enum status delivery_queue_ack(struct db_queue *q, int tenant, const char *account_id,
                                          const struct delivery_list *list, int64_t now_ms,
                                          struct arena *a);

#endif
