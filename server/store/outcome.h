/* Outcomes (整改成效), their files, and their sums of now and of any past day.
 *
 * Sums and lists are read from the row versions: how an outcome stood at the end of a day, under
 * the lead unit its problem had that day. Amounts are whole numbers: money in 分 (hundredths of a
 * yuan).
 */
#ifndef SERVER_STORE_OUTCOME_H
#define SERVER_STORE_OUTCOME_H

#include "rectify/v1/outcome.pb-c.h"
#include "server/store/db.h"
#include "server/store/literal.h"
#include "server/store/measure.h"
#include "server/store/status.h"

struct outcome_record {
    const char *id;
    const char *ref;
    const char *inspection; /* code */
    const char *measure_id;
    const char *measure_ref;
    const char *problem_ref;
    Pb__OutcomeKind kind;
    int64_t amount;
    const char *word;
    const char *title;
    const char *text; /* NULL: none */
    int32_t happened_day;
    const char *state;
    const char *unit; /* code of the problem's lead unit; NULL: none */
    const char *unit_name;
    struct org_name org; /* who recorded it */
    const char *reason;
    const char *recorded_by; /* account of the last wording */
    int32_t evidence_count;
    int64_t changed_ms;
    int32_t confirmed_day;
    int64_t version;
};

struct outcome_list {
    struct outcome_record *items;
    size_t count;
    size_t capacity;
};

/* A sum of one kind (and word). unit NULL: the whole, or where a problem has no lead unit. */
struct outcome_total {
    bool whole;
    const char *unit; /* code */
    const char *unit_name;
    Pb__OutcomeKind kind;
    const char *word;
    int32_t confirmed; /* how many */
    int32_t outcomes;  /* confirmed or claimed */
    int64_t confirmed_amount;
    int64_t claimed_amount; /* waiting or returned */
};

struct outcome_total_list {
    struct outcome_total *items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL. */
struct outcome_filter {
    const struct status_query *status; /* day and inspection */
    const char *unit;                  /* code of the problem's lead unit, on that day */
    const char *problem_ref;
    const char *measure_ref;
    const char *kinds; /* "{RULE_MADE,RULE_REVISED}" */
    const char *word;
    const char *states; /* "{RECORDED}"; NULL: all but WITHDRAWN */
    const char *after;  /* number of the last one had */
    int32_t limit;
};

extern const struct statement *const outcome_statements[];

/* One by number or id, as it stands now. lock: FOR UPDATE. */
MUST_CHECK enum status outcome_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                                         struct outcome_list *ret);
/* As they stood at the end of filter->status->as_of, by number. */
MUST_CHECK enum status outcome_queue_list(struct db_queue *q, int tenant,
                                          const struct outcome_filter *filter,
                                          struct outcome_list *ret);
/* Sums at the end of query->as_of (until_ms is the instant after it): the whole by kind, then, with
 * by_unit, each lead unit in official order by kind. What was withdrawn is in none. Only what the
 * caller may see. */
MUST_CHECK enum status outcome_queue_totals(struct db_queue *q, int tenant,
                                            const struct status_query *query, bool by_unit,
                                            struct outcome_total_list *ret);

/* A new one; and the changing columns over version `expected`, which then is expected + 1. */
MUST_CHECK enum status outcome_queue_insert(struct db_queue *q, int tenant,
                                            const struct outcome_record *o, const char *event_id);
MUST_CHECK enum status outcome_queue_update(struct db_queue *q, int tenant,
                                            const struct outcome_record *o, int64_t expected,
                                            const char *event_id);
/* Files that show an outcome; one that is linked already stays. */
MUST_CHECK enum status outcome_queue_link(struct db_queue *q, int tenant,
                                          const struct outcome_record *o, const char *evidence_id,
                                          int64_t now_ms, const char *event_id);
/* Ids of the files that show it. */
MUST_CHECK enum status outcome_queue_files(struct db_queue *q, int tenant, const char *outcome_id,
                                           struct text_list *ret);

/* "RULE_MADE"; "OUTCOME_KIND_UNSPECIFIED" for what is none. Static. */
const char *outcome_kind_code(Pb__OutcomeKind kind);

#endif
