/* Facts for the yearly assessment (年度综合考核): every thing that is counted, with the numbers in
 * whose denominator and numerator it is, as bits. Counts and lists are read from the same rows, so
 * that they cannot differ. How things stood is that of the end of a day, by the spans and versions
 * the totals are made of. For callers who see all.
 */
#ifndef SERVER_STORE_REPORT_H
#define SERVER_STORE_REPORT_H

#include "server/store/status.h"

/* The numbers, as bits of a fact. In the order they are shown. */
enum assessment_number {
    FACT_PROBLEMS_CLOSED = 0,
    FACT_CLOSED_IN_TIME,
    FACT_CLOSED_LATE,
    FACT_OTHERS_CLOSED, /* problems of other origin */
    FACT_COMPLETED,
    FACT_IN_TIME,
    FACT_LATE,
    FACT_IN_TIME_ORIGINAL,
    FACT_LATE_ORIGINAL,
    FACT_OVERDUE,
    FACT_OVERDUE_ORIGINAL,
    FACT_REOPENED,
    FACT_AGAIN, /* in a second round or later */
    FACT_TABLES_IN_TIME,
    FACT_TABLES_LATE,
    FACT_TABLES_NIL,
    FACT_TABLES_MISSING,
    FACT_ROWS_RETURNED,
    FACT_CLAIMS_RETURNED,
    FACT_EXTENSIONS_GRANTED,
    FACT_EXTENSIONS_REJECTED,
    FACT_SAMPLES_TRUE,
    FACT_NOTICES_CLEARED,
    FACT_NOTICES_FAILED,
    FACT_OUTCOMES_CONFIRMED,
    FACT_COUNT
};

struct assessment_query {
    const struct status_query *status; /* how things stand at the end of its day */
    int32_t from;                      /* the period, a day number; it ends with status->as_of */
    int64_t from_ms;
    const char *from_id; /* the least id an event of that instant can have */
};

/* One number of the whole (whole true) or of one unit. */
struct assessment_count {
    bool whole;
    const char *unit; /* code; NULL: what has no lead unit */
    const char *unit_name;
    int number; /* enum assessment_number */
    int32_t numerator;
    int32_t denominator;
};

struct assessment_count_list {
    struct assessment_count *items;
    size_t count;
    size_t capacity;
};

/* A thing. */
struct assessment_fact {
    const char *unit;
    const char *unit_name;
    const char *kind; /* "MEASURE" … of AssessmentEntry */
    const char *ref;
    const char *title;
    const char *state; /* code of its machine, command or verdict */
    int32_t day;
    const char *detail;
    int64_t numerators; /* bits */
};

struct assessment_fact_list {
    struct assessment_fact *items;
    size_t count;
    size_t capacity;
};

struct assessment_filter {
    const char *unit; /* code; NULL: all */
    int number;       /* in the numerator of; −1: all */
    int64_t offset;
    int32_t limit;
};

extern const struct statement *const report_statements[];

/* Every number of the whole, then of each unit in official order. */
MUST_CHECK enum status report_queue_counts(struct db_queue *q, int tenant,
                                           const struct assessment_query *query,
                                           struct assessment_count_list *ret);
/* What stands behind them, by unit and kind. */
MUST_CHECK enum status report_queue_facts(struct db_queue *q, int tenant,
                                          const struct assessment_query *query,
                                          const struct assessment_filter *filter,
                                          struct assessment_fact_list *ret);

#endif
