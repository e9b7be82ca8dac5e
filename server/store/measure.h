/* Measures (措施), their milestones and their history, as stored.
 *
 * Reads are queued; their sinks fill the given lists in the call's arena when the queue runs. A
 * list must be zeroed and outlive the run. Row-level security hides what the caller may not see:
 * a hidden measure is simply not in the list.
 */
#ifndef SERVER_STORE_MEASURE_H
#define SERVER_STORE_MEASURE_H

#include "rectify/v1/measure.pb-c.h"
#include "server/store/db.h"
#include "server/store/literal.h"

enum { MILESTONE_EFFECT = 0, MILESTONE_COMPLETE = 1, MILESTONE_COUNT = 2 }; /* kind − 1 */

struct milestone_record {
    bool exists;
    int32_t original_due; /* NO_DATE: none */
    int32_t current_due;
    int32_t due_version;
    int32_t claimed_day;
    int32_t reached_day;
    int64_t version;
    int32_t kept_overdue_days; /* that late extensions found; they stay counted */
};

/* A unit or leader named by a measure; id NULL for none. */
struct org_name {
    const char *id;
    const char *code;
};

struct measure_record {
    const char *id;
    const char *ref;
    const char *inspection_id;
    const char *inspection; /* code */
    const char *problem_id;
    const char *problem_ref;
    int32_t no;
    const char *text;
    const char *target;
    int class_; /* enum measure_class */
    struct org_name leader;
    struct org_name lead;  /* 主要责任 */
    struct org_name plead; /* the problem's, 首要责任 */
    struct org_name sgroup;
    const char *participants; /* "uuid=code,uuid=code"; NULL for none */
    bool office_leads;        /* the office leads the problem or the measure */
    const char *state;
    int32_t round;
    int32_t percent; /* −1: never reported */
    const char *narrative;
    int32_t reported_day;
    int32_t unchanged_periods;
    const char *claimed_from;
    int64_t signed_ms; /* 0: not yet */
    int64_t assigned_ms;
    int64_t claimed_ms;
    struct org_name claimed_by;  /* who handed the waiting claim in; id NULL without one */
    const char *claimed_account; /* id of the account that did; NULL without one */
    const char *endorsed_sha256; /* hex: what the problem's lead unit endorsed of this version */
    int32_t next_check_day;
    int64_t version;
    struct milestone_record milestones[MILESTONE_COUNT];
    uint32_t evidence_count; /* of the present round */
    uint32_t evidence_strong;
};

struct measure_list {
    struct measure_record *items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL, or −1 for numbers. */
struct measure_filter {
    const char *inspection;
    int32_t item_no;
    const char *problem_ref;
    const char *unit; /* code of the problem's lead unit */
    const char *leader;
    const char *special_group;
    const char *state;
    const char *after_ref;
    int32_t light;
    int32_t as_of;
    int32_t soon_days;
    int32_t limit;
};

extern const struct statement *const measure_statements[];

/* Measures by reference ("P-07-M-03") or id; inspection NULL for all. lock: FOR UPDATE. */
MUST_CHECK enum status measure_queue_get(struct db_queue *q, int tenant,
                                         const struct text_list *refs, const char *inspection,
                                         bool lock, struct arena *a, struct measure_list *ret);
/* By filter, by reference ascending. */
MUST_CHECK enum status measure_queue_list(struct db_queue *q, int tenant,
                                          const struct measure_filter *filter,
                                          struct measure_list *ret);
/* The measures of a problem, by number. */
MUST_CHECK enum status measure_queue_of_problem(struct db_queue *q, int tenant,
                                                const char *problem_id, struct measure_list *ret);
/* The measures a table speaks of: those under the problems of its unit that are neither draft nor
 * final, and those that have a row in it. */
MUST_CHECK enum status measure_queue_of_table(struct db_queue *q, int tenant, const char *table_id,
                                              bool lock, struct measure_list *ret);

/* Writes the changing columns over version `expected`; the row then has expected + 1. */
MUST_CHECK enum status measure_queue_update(struct db_queue *q, int tenant,
                                            const struct measure_record *m, int64_t expected,
                                            const char *event_id);
/* The days of one milestone but its original one (MILESTONE_…) over its version. */
MUST_CHECK enum status milestone_queue_update(struct db_queue *q, int tenant,
                                              const struct measure_record *m, int index,
                                              int64_t expected, const char *event_id);

/* History of any thing, oldest first. */
struct history_list {
    Pb__HistoryEntry **items;
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status history_queue(struct db_queue *q, int tenant, const char *thing_id,
                                     struct history_list *ret);

#endif
