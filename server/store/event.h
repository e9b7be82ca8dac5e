/* Event: what every command leaves in the log, and the call that wakes other servers.
 *
 * The events of a batch go in together: one statement for all of them, one for their changes. */
#ifndef SERVER_STORE_EVENT_H
#define SERVER_STORE_EVENT_H

#include "server/store/columns.h"
#include "server/store/db.h"

struct event_record {
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

/* Events of one tenant on their way. Zeroed: none. */
struct event_rows {
    size_t events;
    size_t changes;
    struct column id, recorded, account, org, method, at, size, bodies, hashes;
    struct column c_event, c_no, c_kind, c_thing, c_version, c_command, c_from, c_to, c_reason,
        c_account, c_org, c_recorded;
};

extern const struct statement *const event_statements[];

/* Both copy. False when the arena is exhausted. */
bool event_rows_add(struct event_rows *rows, struct arena *a, const struct event_record *event);
bool event_rows_add_change(struct event_rows *rows, struct arena *a,
                           const struct event_record *event,
                           const struct event_change_record *change);

/* Queues the inserts: events, their place before the sealer, their changes. Scope: the tenant. */
MUST_CHECK enum status event_rows_queue(struct event_rows *rows, struct arena *a,
                                        struct db_queue *q, int tenant);

/* NOTIFY on channel "rectify" at COMMIT. */
MUST_CHECK enum status event_queue_notify(struct db_queue *q, const char *payload);

#endif
