/* Periodic tables: the duty to report (obligation), the table handed in for it, its rows.
 *
 * The obligation and its table are one row that exists first. Reads fill zeroed lists in the
 * call's arena when the queue runs; row-level security hides other units' tables.
 */
#ifndef SERVER_STORE_TABLE_H
#define SERVER_STORE_TABLE_H

#include "server/store/db.h"
#include "server/store/literal.h"

struct table_record {
    const char *id;
    const char *inspection_id;
    const char *inspection; /* code */
    const char *org_id;
    const char *org; /* code */
    const char *org_name;
    bool of_office; /* the office's own table: others judge it */
    const char *period;
    int32_t due; /* the duty's day */
    int32_t grace_days;
    const char *state;
    int64_t submitted_ms;  /* 0: not yet */
    int32_t submitted_day; /* of the first submission: what late is judged on */
    int64_t queued_ms;
    const char *receipt;
    const char *filled_by; /* account id */
    const char *filled_by_name;
    int64_t version;
    int32_t rows; /* stored */
    int32_t rows_accepted;
    int32_t rows_returned;
};

struct table_list {
    struct table_record *items;
    size_t count;
    size_t capacity;
};

/* A stored row. Numbers are those of rectify.v1.Claim and rectify.v1.Verdict. */
struct table_row_record {
    const char *measure_id;
    const char *measure_ref;
    int32_t percent; /* −1: not said (pre-filled only) */
    const char *narrative;
    const char *difficulty;
    bool ask_help;
    int claim;
    int claim_verdict;
    int32_t happened_day;
    const char *lower_reason;
    int verdict;
    const char *reason_code;
    const char *reason;
    int64_t version; /* 0: not stored yet */
};

struct table_row_list {
    struct table_row_record *items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL. */
struct table_filter {
    const char *id;
    const char *org; /* code */
    const char *period;
    const char *state;
    const char *inspection;
    bool missing; /* past due on as_of and never handed in */
    int32_t as_of;
    int32_t limit;
};

/* A duty that should exist and does not. */
struct duty_record {
    const char *inspection_id;
    const char *org_id;
    const char *org;
    const char *period;
    int32_t report_day;
};

struct duty_list {
    struct duty_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const table_statements[];

/* By id; lock: FOR UPDATE. */
MUST_CHECK enum status table_queue_get(struct db_queue *q, int tenant, const char *id, bool lock,
                                       struct table_list *ret);
/* The table of an org (code) and period; period NULL: the oldest one still owed, else the newest.
 */
MUST_CHECK enum status table_queue_find(struct db_queue *q, int tenant, const char *org,
                                        const char *period, const char *inspection,
                                        struct table_list *ret);
/* By filter: newest period first, then the official order of units. */
MUST_CHECK enum status table_queue_list(struct db_queue *q, int tenant,
                                        const struct table_filter *filter, struct table_list *ret);
/* Rows of a table by reference; lock: FOR UPDATE. */
MUST_CHECK enum status table_queue_rows(struct db_queue *q, int tenant, const char *table_id,
                                        bool lock, struct table_row_list *ret);
/* For each measure of this table's unit, its row in the newest earlier table. */
MUST_CHECK enum status table_queue_last_rows(struct db_queue *q, int tenant, const char *table_id,
                                             struct table_row_list *ret);

/* State, submission and version of a table over version `expected`. */
MUST_CHECK enum status table_queue_update(struct db_queue *q, int tenant,
                                          const struct table_record *t, int64_t expected,
                                          const char *event_id);
/* Inserts a row (version 0) or writes it over its version. */
MUST_CHECK enum status table_row_queue_write(struct db_queue *q, int tenant,
                                             const struct table_record *t,
                                             const struct table_row_record *row, int64_t now_ms,
                                             const char *event_id);
/* The undecided claims of a measure in tables get this verdict. */
MUST_CHECK enum status table_row_queue_claim_verdict(struct db_queue *q, int tenant,
                                                     const char *measure_id, int verdict,
                                                     const char *event_id);

/* Months from each approved inspection's first period to `month` ("2026-11") that some lead unit
 * has no obligation for, oldest first. */
MUST_CHECK enum status duty_queue_absent(struct db_queue *q, int tenant, const char *month,
                                         int utc_offset_min, int32_t limit, struct duty_list *ret);
/* Opens an obligation; one that is there already is left alone. */
MUST_CHECK enum status duty_queue_open(struct db_queue *q, int tenant, const char *id,
                                       const struct duty_record *duty, int32_t due,
                                       const char *event_id);

#endif
