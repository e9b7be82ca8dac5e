/* Periodic tables: the table handed in for a duty to report (obligation), and its rows. Duties and
 * the office's summary stand in table_duty.h and table_summary.h.
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
    bool quarter;
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
    const char *filled_for;  /* account stood in for then (X 代 Y); NULL: none */
    const char *reviewed_by; /* account id; NULL: on paper, or not needed */
    const char *reviewed_by_name;
    const char *reviewed_for;
    const char *confirmation; /* "ACCOUNT", "PAPER" or NULL */
    const char *paper_evidence;
    const char *paper_hash;
    bool paper_checked;
    int64_t filled_ms;
    int64_t confirmed_ms;
    const char *reason; /* of NIL, WAIVED, a withdrawal, a correction */
    int32_t edition;
    bool nil_counted; /* this period was told to be without progress: counted once */
    int64_t version;
    int32_t rows; /* stored */
    int32_t rows_accepted;
    int32_t rows_returned;
    int32_t rows_stalled;
    bool reviewer_needed; /* by the setting, or because the unit has a reviewer */
    bool later;           /* the unit has handed in a month after this one */
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
    int32_t extension_day; /* NO_DATE: none wished */
    const char *extension_reason;
    int extension_milestone; /* numbers of rectify.v1.MilestoneKind; 0: none */
    bool extension_asked;    /* this wish was given already */
    bool help_asked;         /* a consultation was opened from this row */
    bool unchanged;          /* nothing new in this period */
    int64_t measure_before;  /* the measure's version before this period's report; 0: none yet,
                              * −1: reported, version unknown */
    const char *period;      /* of its table, where rows of several are read */
    int64_t version;         /* 0: not stored yet */
};

struct table_row_list {
    struct table_row_record *items;
    size_t count;
    size_t capacity;
};

/* What a measure said before a row's report. */
struct measure_before {
    const char *measure_id;
    int32_t percent; /* −1: nothing */
    const char *narrative;
    int32_t reported_day;
    int32_t unchanged_periods;
};

struct measure_before_list {
    struct measure_before *items;
    size_t count;
    size_t capacity;
};

/* What a command left of a table. */
struct table_version_record {
    int64_t version;
    const char *state;
    int32_t edition;
    int64_t recorded_ms;
    const char *account;
    const char *reason;
    const char *receipt;
};

struct table_version_list {
    struct table_version_record *items;
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
    const char *kind; /* "MONTH", "QUARTER" */
    bool missing;     /* past due on as_of and never handed in */
    bool late;        /* handed in after it */
    bool stalled;     /* has rows of stalled measures */
    int32_t as_of;
    int32_t limit;
};

extern const struct statement *const table_statements[];
extern const struct statement *const table_row_statements[];

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
/* As that version had it (0 rows: no such version); row counts are those of today. */
MUST_CHECK enum status table_queue_version(struct db_queue *q, int tenant, const char *id,
                                           int64_t version, struct table_list *ret);
/* All its versions, oldest first. */
MUST_CHECK enum status table_queue_versions(struct db_queue *q, int tenant, const char *id,
                                            struct table_version_list *ret);
/* Accepted tables whose period ended before that day, locked; oldest first. */
MUST_CHECK enum status table_queue_lockable(struct db_queue *q, int tenant, int32_t day,
                                            int32_t limit, struct table_list *ret);
/* Rows of a table by reference; lock: FOR UPDATE. */
MUST_CHECK enum status table_queue_rows(struct db_queue *q, int tenant, const char *table_id,
                                        bool lock, struct table_row_list *ret);
/* The rows as a version of the table had them, by reference. */
MUST_CHECK enum status table_queue_rows_at(struct db_queue *q, int tenant, const char *table_id,
                                           int64_t version, struct table_row_list *ret);
/* A quarter's: the rows of its months that the office accepted, by reference, then period. */
MUST_CHECK enum status table_queue_month_rows(struct db_queue *q, int tenant, const char *table_id,
                                              struct table_row_list *ret);
/* What the measures of a table's rows said before its report. */
MUST_CHECK enum status table_queue_before(struct db_queue *q, int tenant, const char *table_id,
                                          struct measure_before_list *ret);
/* For each measure of this table's unit, its row in the newest earlier month. */
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
/* The undecided claims of a measure in tables get this verdict (0: withdrawn, as if never given),
 * in tables the caller does not see as well. */
MUST_CHECK enum status table_row_queue_claim_verdict(struct db_queue *q, int tenant,
                                                     const char *measure_id, int verdict,
                                                     const char *event_id);

#endif
