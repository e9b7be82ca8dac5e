/* Totals and their lists, of now and of any past day.
 *
 * Who sees all and asks for the whole district is answered from maintained totals (status_total,
 * status_now, and what is still pending); everybody else, and whoever asks about one inspection,
 * from the spans of what he may see. Both give the same numbers: migrations/0011_status.sql says
 * how they are kept, tests/service/status_history_test.c holds them together.
 */
#ifndef SERVER_STORE_STATUS_H
#define SERVER_STORE_STATUS_H

#include "rectify/v1/report.pb-c.h"
#include "rectify/v1/status.pb-c.h"
#include "server/store/db.h"

/* What is counted: status_span.num, and the columns of status_total in this order. */
enum status_count {
    COUNT_NONE = 0,
    COUNT_DRAFT = 1,
    COUNT_ASSIGNED,
    COUNT_IN_PROGRESS,
    COUNT_EFFECT_CLAIMED,
    COUNT_EFFECT_REACHED,
    COUNT_COMPLETE_CLAIMED,
    COUNT_DONE,
    COUNT_SUSTAINING,
    COUNT_OVERDUE,          /* measures */
    COUNT_OVERDUE_ORIGINAL, /* by original date */
    COUNT_DUE_SOON,
    COUNT_PROBLEM_REGISTERED, /* of the feedback, as the next four */
    COUNT_PROBLEM_RECTIFYING,
    COUNT_PROBLEM_REVIEW,
    COUNT_PROBLEM_CLOSED,
    COUNT_PROBLEM_SUSTAINED,
    COUNT_OTHER_OPEN, /* problems of other origin */
    COUNT_OTHER_CLOSED,
    COUNT_TABLES_OWED, /* fell due */
    COUNT_TABLES_MISSING,
    COUNT_TABLES_OPEN, /* not handed in, due or not */
    COUNT_TABLES_IN_TIME,
    COUNT_TABLES_LATE,
    COUNT_TABLES_NIL,
    COUNT_TABLES_WAIVED,
    COUNT_ITEMS,
    COUNT_WAITING, /* claims the office owes a decision on: counted from spans, no column */
    COUNT_END,
};

/* What a span is of. */
enum span_kind { SPAN_MEASURE = 1, SPAN_PROBLEM = 2, SPAN_TABLE = 3, SPAN_ITEM = 4 };

struct status_query {
    const char *inspection; /* code; NULL: all */
    int32_t as_of;
    int32_t waiting_until; /* claims of this day or earlier have waited too long for the office */
    int64_t until_ms;      /* the instant after the day */
    bool today;            /* as_of is not before today */
};

/* The whole, or one group, in numbers. */
struct status_row {
    const char *key; /* NULL for the whole, and where a thing has none */
    const char *title;
    const char *inspection; /* code, of groups that lie in one */
    int32_t counts[COUNT_END];
    int32_t units;       /* lead units of problems in it */
    int32_t behind_days; /* of the measure that has been behind longest; 0: none */
    int32_t behind_since;
};

struct status_rows {
    struct status_row *items;
    size_t count;
    size_t capacity;
};

/* What is read once, whatever the groups. */
struct status_head {
    int32_t recent_claims; /* undecided, and not waiting too long yet */
    int32_t plan_version;
    const char *inspections; /* codes joined by commas; NULL for none */
};

extern const struct statement *const status_statements[];
extern const struct statement *const status_list_statements[];
extern const struct statement *const status_report_statements[];
extern const struct statement *const status_fold_statements[];

/* From the maintained totals: group UNSPECIFIED (one row), BY_UNIT, BY_LEADER, BY_SPECIAL_GROUP or
 * BY_INSPECTION; the query names no inspection. For callers who see all. */
MUST_CHECK enum status status_queue_totals(struct db_queue *q, int tenant,
                                           const struct status_query *query, Pb__StatusGroup group,
                                           struct status_rows *ret);
/* Who in those groups has been behind since when: fills behind_* of the rows that were read in an
 * earlier round. */
MUST_CHECK enum status status_queue_behind(struct db_queue *q, int tenant,
                                           const struct status_query *query, Pb__StatusGroup group,
                                           struct status_rows *rows);
/* The same numbers counted from spans, for any group; own: only what the caller's orgs may see
 * (faster than leaving it to row-level security). At most `limit` groups. */
MUST_CHECK enum status status_queue_count(struct db_queue *q, int tenant,
                                          const struct status_query *query, Pb__StatusGroup group,
                                          bool own, int32_t limit, struct status_rows *ret);
MUST_CHECK enum status status_queue_head(struct db_queue *q, int tenant,
                                         const struct status_query *query, struct status_head *ret);

/* What stands behind a number. */
struct behind_query {
    const struct status_query *status;
    int kind;         /* enum span_kind */
    const char *nums; /* "{2,3}": counted in any of these; NULL: by condition */
    int condition;    /* COUNT_OVERDUE, …: judged on the day */
    Pb__StatusGroup group;
    const char *key;   /* of that group; NULL: all */
    const char *after; /* the sort key of the last one had; NULL: from the beginning */
    int32_t limit;
    bool own;
};

struct entry_list {
    Pb__StatusEntry **items;
    size_t count;
    size_t capacity;
    const char **sorts; /* of each: where the page after it begins */
    size_t sort_capacity;
};

MUST_CHECK enum status status_queue_list(struct db_queue *q, int tenant,
                                         const struct behind_query *query, struct entry_list *ret);

struct change_list {
    Pb__StatusChange **items;
    size_t count;
    size_t capacity;
};

/* What differs between the ends of two days. */
MUST_CHECK enum status status_queue_changes(struct db_queue *q, int tenant,
                                            const struct status_query *query, int32_t since,
                                            int32_t limit, struct change_list *ret);

struct age_list {
    Pb__AgeClass **items;
    size_t count;
    size_t capacity;
};
struct stage_list {
    Pb__StageTime **items;
    size_t count;
    size_t capacity;
};
struct cause_list {
    Pb__Cause **items;
    size_t count;
    size_t capacity;
};

/* Open measures by days since they were assigned (kind OPEN) and by days overdue (OVERDUE). */
MUST_CHECK enum status status_queue_ages(struct db_queue *q, int tenant,
                                         const struct status_query *query, struct age_list *ret);
/* Days spent in each state, and in what the office owes beside a measure; offset_ms is the
 * tenant's zone. */
MUST_CHECK enum status status_queue_stages(struct db_queue *q, int tenant,
                                           const struct status_query *query, int64_t offset_ms,
                                           struct stage_list *ret);
/* Reasons given from since_ms on, counted by code and item; since_id is the least id an event of
 * that instant can have. */
MUST_CHECK enum status status_queue_causes(struct db_queue *q, int tenant,
                                           const struct status_query *query, int64_t since_ms,
                                           const char *since_id, struct cause_list *ret);
/* Measures by round, and extensions by outcome. */
MUST_CHECK enum status status_queue_repeats(struct db_queue *q, int tenant,
                                            const struct status_query *query,
                                            struct cause_list *ret);

/* Common to several units (共性问题). */
struct common_query {
    const struct status_query *status; /* up to the end of its day */
    int64_t since_ms;                  /* given from this instant on */
    const char *since_id;              /* the least id an event of that instant can have */
    int32_t min_units;
    int zone_min; /* the tenant's offset, minutes */
};
struct common_scope {
    int32_t units; /* lead units of problems */
    int32_t problems;
};
struct common_group_list {
    Pb__CommonGroup **items;
    size_t count;
    size_t capacity;
};
struct common_entry_list {
    Pb__CommonEntry **items;
    size_t count;
    size_t capacity;
};

/* The reasons status_queue_causes counts, by cause and by item, where they concern at least
 * min_units units; and of how many. */
MUST_CHECK enum status status_queue_common(struct db_queue *q, int tenant,
                                           const struct common_query *query,
                                           struct common_scope *ret_scope,
                                           struct common_group_list *ret_groups);
/* Every reason counted in a group by cause, from the offset on. */
MUST_CHECK enum status status_queue_common_list(struct db_queue *q, int tenant,
                                                const struct common_query *query, int64_t offset,
                                                int32_t limit, struct common_entry_list *ret);

/* Where the folding stands. */
struct status_clock {
    int32_t base_day; /* status_now holds up to the end of it */
    int32_t waiting;  /* lines a fold would take now */
};

/* Locks the clock, so that folds take turns. */
MUST_CHECK enum status status_queue_clock(struct db_queue *q, int tenant, int32_t limit,
                                          struct status_clock *ret);
/* Folds at most `limit` pending lines into the totals; base is what status_queue_clock read, and
 * today becomes the base. */
MUST_CHECK enum status status_queue_fold(struct db_queue *q, int tenant, int32_t base,
                                         int32_t today, int32_t limit);

#endif
