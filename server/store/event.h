/* Event: what every command leaves in the log, and the call that wakes other servers. */
#ifndef SERVER_STORE_EVENT_H
#define SERVER_STORE_EVENT_H

#include "server/store/db.h"

struct event_record {
    int tenant;
    const char *id;
    int64_t recorded_ms;
    const char *account;
    const char *org_id; /* NULL: none */
    const char *org_text;
    const char *method;
    const unsigned char *body; /* packed LogEntry */
    size_t body_size;
    const unsigned char *leaf_hash; /* 32 bytes */
};

struct event_change_record {
    int no; /* from 1 */
    const char *kind;
    const char *thing; /* UUID */
    int64_t version;
    const char *command; /* this and the rest may be NULL */
    const char *from_state;
    const char *to_state;
    const char *reason;
};

extern const struct statement *const event_statements[];

/* The event and its place in the queue of the sealer. */
MUST_CHECK enum status event_queue_insert(struct db_queue *q, const struct event_record *event);
MUST_CHECK enum status event_queue_change(struct db_queue *q, const struct event_record *event,
                                          const struct event_change_record *change);
/* NOTIFY on channel "rectify" at COMMIT. */
MUST_CHECK enum status event_queue_notify(struct db_queue *q, const char *payload);

#endif
