/* Grants (授权): seats from proposal to end, and the seats that approved ones make. */
#ifndef SERVER_STORE_GRANT_H
#define SERVER_STORE_GRANT_H

#include "server/store/db.h"
#include "server/store/literal.h"

struct grant_record {
    const char *id;
    const char *ref; /* "G-0012" */
    const char *account_id;
    const char *account;
    const char *display_name;
    const char *org_id;
    const char *org_code;
    const char *org_name;
    const char *org_kind;
    uint64_t roles;
    const char *substitute_for_id; /* NULL: a seat of his own */
    const char *substitute_for;
    int32_t from_day; /* NO_DATE: open */
    int32_t to_day;
    const char *reason;
    const char *state;
    const char *proposed_by_id; /* NULL: bootstrap */
    const char *proposed_by;
    int64_t proposed_ms;
    const char *decided_by_id;
    const char *decided_by;
    int64_t decided_ms; /* 0: not yet */
    const char *opinion;
    const char *ended_by_id;
    const char *ended_by;
    int64_t ended_ms; /* 0: not ended */
    const char *ended_reason;
    int64_t version; /* 0: not stored yet */
};

struct grant_list {
    struct grant_record *items;
    size_t count;
    size_t capacity;
};

/* A seat that was not ended; its days may be past or to come. */
struct held_seat {
    const char *account_id;
    const char *account;
    const char *org_id;
    const char *org_code;
    const char *org_name;
    uint64_t roles;
    int32_t from_day;
    int32_t to_day;
    const char *substitute_for_id;
    const char *substitute_for;
    const char *grant_ref; /* NULL: older than grants */
};

struct held_list {
    struct held_seat *items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL. own: only grants of this account id (what a person without an administrator's role
 * may see). */
struct grant_filter {
    const char *ref;
    const char *state;
    const char *account;
    const char *org;
    const char *own;
};

struct number_list {
    int64_t *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const grant_statements[];

/* Grants by reference, locked for update. */
MUST_CHECK enum status grant_queue_lock(struct db_queue *q, int tenant,
                                        const struct text_list *refs, struct arena *a,
                                        struct grant_list *ret);
MUST_CHECK enum status grant_queue_list(struct db_queue *q, int tenant,
                                        const struct grant_filter *filter, struct grant_list *ret);
/* The seats of these accounts (names) that were not ended. */
MUST_CHECK enum status grant_queue_held(struct db_queue *q, int tenant,
                                        const struct text_list *accounts, struct arena *a,
                                        struct held_list *ret);
/* So many fresh numbers for references; gaps do no harm. */
MUST_CHECK enum status grant_queue_numbers(struct db_queue *q, int count, struct number_list *ret);
/* How many proposals wait. */
MUST_CHECK enum status grant_queue_pending(struct db_queue *q, int tenant, int64_t *ret_count);
/* How many people besides this account hold that role on that day and are not disabled. */
MUST_CHECK enum status grant_queue_others(struct db_queue *q, int tenant, const char *account_id,
                                          uint64_t roles, int32_t day, int64_t *ret_count);

/* A new proposal, or with state APPROVED one of the bootstrap, which makes the seat at once. */
MUST_CHECK enum status grant_queue_insert(struct db_queue *q, int tenant,
                                          const struct grant_record *g, const char *event_id);
/* Writes decision or end over version `expected`; an approved one makes the seat, an ended one ends
 * it. */
MUST_CHECK enum status grant_queue_update(struct db_queue *q, int tenant,
                                          const struct grant_record *g, int64_t expected,
                                          const char *event_id);

#endif
