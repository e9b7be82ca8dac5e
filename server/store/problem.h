/* Problems (问题), what is counted of their measures, and what sittings decided on them.
 *
 * Reads are queued; their sinks fill the given lists in the call's arena when the queue runs.
 * Whoever moves a problem, or takes a finished measure up again, locks the problem's row first:
 * its lock stands for everything below it.
 */
#ifndef SERVER_STORE_PROBLEM_H
#define SERVER_STORE_PROBLEM_H

#include "server/store/measure.h"

struct problem_record {
    const char *id;
    const char *ref;
    const char *inspection_id;
    const char *inspection; /* code */
    bool plan_approved;     /* the inspection has an approved plan */
    int32_t no;
    const char *title;
    const char *state;
    const char *item_id;
    int32_t item_no;
    const char *item_title;
    struct org_name lead;  /* 首要责任 */
    const char *lead_kind; /* kind of the lead org; NULL without one */
    struct org_name sgroup;
    const char *origin;
    int32_t round;
    const char *closing_report;
    const char *lessons; /* 举一反三 */
    const char *group_opinion;
    int64_t applied_ms; /* 0: not */
    int64_t forwarded_ms;
    int32_t closed_day;
    const char *note;
    int64_t version;
    struct org_name sitting; /* id of the pending row, reference of its sitting; NULL for none */
    /* counted when read, not under the lock: for showing only */
    int32_t measures;
    int32_t measures_done; /* DONE or SUSTAINING */
    int32_t measures_sustaining;
    int32_t measures_overdue;
};

struct problem_list {
    struct problem_record *items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL, or −1. ref may be a reference or an id. */
struct problem_filter {
    const char *ref;
    const char *inspection;
    int32_t item_no;
    const char *unit;
    int32_t as_of;
    int32_t soon_days;
};

/* What a problem's decisions need of its measures. */
struct problem_measure {
    const char *problem_id;
    const char *id;
    const char *ref;
    const char *state;
    int64_t version;
};

struct problem_measure_list {
    struct problem_measure *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const problem_statements[];

/* By filter; by inspection and reference; at most LIMIT_LIST_ROWS. */
MUST_CHECK enum status problem_queue_list(struct db_queue *q, int tenant,
                                          const struct problem_filter *filter,
                                          struct problem_list *ret);
/* By references or ids; inspection NULL for all; locked FOR UPDATE in order of their ids. */
MUST_CHECK enum status problem_queue_lock(struct db_queue *q, int tenant,
                                          const struct text_list *refs, const char *inspection,
                                          struct arena *a, struct problem_list *ret);
/* The problem of a measure (reference or id), locked. */
MUST_CHECK enum status problem_queue_lock_of_measure(struct db_queue *q, int tenant,
                                                     const char *measure_ref,
                                                     const char *inspection,
                                                     struct problem_list *ret);
/* The problems of measures (ids), locked in order of their ids. */
MUST_CHECK enum status problem_queue_lock_of_measures(struct db_queue *q, int tenant,
                                                      const struct text_list *measure_ids,
                                                      struct arena *a, struct problem_list *ret);
/* Problems by id, without a lock. */
MUST_CHECK enum status problem_queue_by_ids(struct db_queue *q, int tenant,
                                            const struct text_list *ids, struct arena *a,
                                            struct problem_list *ret);
/* Measures of these problems (ids) that the caller may see, by problem and number. */
MUST_CHECK enum status problem_queue_measures(struct db_queue *q, int tenant,
                                              const struct text_list *ids, struct arena *a,
                                              struct problem_measure_list *ret);

/* Writes the changing columns over version `expected`; the row then has expected + 1. */
MUST_CHECK enum status problem_queue_update(struct db_queue *q, int tenant,
                                            const struct problem_record *p, int64_t expected,
                                            const char *event_id);
/* Who may see the measures of a problem whose lead unit or special group changed. */
MUST_CHECK enum status problem_queue_access(struct db_queue *q, int tenant, const char *problem_id);
/* Links a file of the present application. */
MUST_CHECK enum status problem_queue_link(struct db_queue *q, int tenant,
                                          const struct problem_record *p, const char *evidence_id,
                                          int64_t now_ms, const char *event_id);

/* Registering by hand: the inspection (locked), the item, and the number to take. */
struct problem_place {
    const char *inspection_id; /* NULL: unknown, or several and none named */
    const char *inspection;
    int32_t inspections; /* how many the code, or its absence, fits */
    bool plan_approved;
    const char *item_id; /* NULL: no such item */
    const char *item_title;
    int32_t next_no; /* of those entered by hand */
};
MUST_CHECK enum status problem_queue_place(struct db_queue *q, int tenant, const char *inspection,
                                           int32_t item_no, struct problem_place *ret);
MUST_CHECK enum status problem_queue_insert(struct db_queue *q, int tenant,
                                            const struct problem_record *p, const char *event_id);

/* What sittings decided on a problem, oldest first. */
struct closing_list {
    Pb__Closing **items;
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status problem_queue_closings(struct db_queue *q, int tenant,
                                              const char *problem_id, struct closing_list *ret);

#endif
