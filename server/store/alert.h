/* Alerts and their deliveries. What the clock looks at stands in watch.h. */
#ifndef SERVER_STORE_ALERT_H
#define SERVER_STORE_ALERT_H

#include "rectify/v1/alert.pb-c.h"
#include "server/base/ladder.h"
#include "server/store/db.h"
#include "server/store/literal.h"

/* A seat of an account that may log in. */
struct listener_record {
    const char *account_id;
    const char *org_id;
    uint64_t roles;
    const char *account; /* name */
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
    const char *subject_kind; /* MEASURE, TABLE, MATTER, SYSTEM */
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
    uint32_t proposals; /* mask of enum ladder_proposal */
    bool direct;        /* told at once; otherwise in the daily digest */
};

struct message_list {
    Pb__Alert **items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const alert_statements[];

/* Names what a mask of enum ladder_proposal proposes. */
void alert_fill_proposals(Pb__Alert *out, uint32_t mask, struct arena *a);

/* Active seats on a day. */
MUST_CHECK enum status alert_queue_listeners(struct db_queue *q, int tenant, int32_t day,
                                             struct listener_list *ret);
/* Which of these keys exist already, cancelled ones included. */
MUST_CHECK enum status alert_queue_known_keys(struct db_queue *q, int tenant,
                                              const struct text_list *keys, struct arena *a,
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
