/* Matters (事项) of every kind, as stored: the matter, its tasks, its sample, its private texts.
 *
 * Reads are queued; their sinks fill the given lists in the call's arena when the queue runs.
 * Row-level security hides what the caller may not see: a hidden matter is simply not in the list.
 */
#ifndef SERVER_STORE_MATTER_H
#define SERVER_STORE_MATTER_H

#include "rectify/v1/matter.pb-c.h"
#include "server/store/db.h"
#include "server/store/literal.h"
#include "server/store/measure.h"

struct matter_record {
    const char *id;
    const char *kind; /* machine code */
    const char *ref;
    const char *inspection_id;
    const char *inspection; /* code */
    const char *problem_id;
    const char *problem_ref;
    const char *measure_id;
    const char *measure_ref;
    int milestone;          /* 0: none, 1 EFFECT, 2 COMPLETE */
    struct org_name org;    /* the unit concerned */
    struct org_name holder; /* whose step it is, or who holds it */
    struct org_name issuer;
    const char *state;
    int level;
    int ordinal;
    bool urgent;
    bool late;
    int32_t late_days;
    const char *title;
    const char *text;
    const char *answer;
    int32_t due; /* NO_DATE: none */
    int32_t new_due;
    int32_t old_due;
    int32_t scheduled_day;
    const char *former_id;
    const char *former; /* its number */
    const char *origin;
    int32_t per_unit;
    int64_t seed;
    const char *private_sha256;
    const char *reason_code;
    const char *reason;
    int64_t opened_ms;
    int64_t state_ms;
    const char *opened_by;
    int64_t version; /* 0: not stored yet */
};

struct matter_list {
    struct matter_record *items;
    size_t count;
    size_t capacity;
};

struct matter_task {
    const char *matter_id;
    int no;
    struct org_name org;
    const char *measure_id; /* the matter's */
    const char *owners;     /* array literal: the owners of all its tasks; of a new one */
    const char *text;
    int32_t due;
    int32_t done_day; /* NO_DATE: open */
    const char *answer;
    int64_t version; /* 0: not stored yet */
};

struct matter_task_list {
    struct matter_task *items;
    size_t count;
    size_t capacity;
};

/* Numbers of rectify.v1.SampleVerdict; stored. */
enum sample_verdict {
    VERDICT_NONE = 0,
    VERDICT_TRUE = 1,
    VERDICT_PARTLY = 2,
    VERDICT_FALSE = 3,
    VERDICT_NOT_SEEN = 4,
};

struct matter_sample {
    const char *matter_id;
    const char *measure_id;
    const char *measure_ref;
    const char *holder_id;
    struct org_name org;
    bool removed;
    const char *claimed_state; /* NULL before the start */
    int claimed_percent;       /* −1: nothing reported */
    int claimed_round;
    int verdict; /* enum sample_verdict */
    const char *found;
    bool shown;
    int final_round; /* 0: not final */
    int64_t version; /* 0: not stored yet */
};

struct matter_sample_list {
    struct matter_sample *items;
    size_t count;
    size_t capacity;
};

struct matter_private {
    const char *id;
    const char *matter_id;
    const char *reader_id;
    const char *part;
    const char *text;
    const char *salt;
    int64_t recorded_ms;
};

struct matter_private_list {
    struct matter_private *items;
    size_t count;
    size_t capacity;
};

/* Absent: NULL, false. */
struct matter_filter {
    const char *kind;
    const char *state;
    const char *unit;
    const char *measure_ref;
    const char *holder;
    const char *inspection;
    const char *after_ref;
    const char *mine; /* org id */
    bool overdue;
    bool open;
    const char *final_states; /* array literal of "kind:STATE" */
    int32_t as_of;
    int32_t limit;
};

extern const struct statement *const matter_statements[];
extern const struct statement *const matter_part_statements[];

/* One matter by number or id. lock: FOR UPDATE. */
MUST_CHECK enum status matter_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                                        struct matter_list *ret);
/* By filter, newest first; long texts are cut, answers left out. */
MUST_CHECK enum status matter_queue_list(struct db_queue *q, int tenant,
                                         const struct matter_filter *filter,
                                         struct matter_list *ret);
/* Every matter of a kind about any of these measures, oldest first. */
MUST_CHECK enum status matter_queue_of_measures(struct db_queue *q, int tenant, const char *kind,
                                                const struct text_list *measure_ids,
                                                struct arena *a, struct matter_list *ret);
/* Every matter of a kind that is about no measure, but this unit and this problem (NULL: none). */
MUST_CHECK enum status matter_queue_of_unit(struct db_queue *q, int tenant, const char *kind,
                                            const char *org_id, const char *problem_id,
                                            struct matter_list *ret);
/* Notices that stand unanswered past their day, locked; those another transaction holds are left
 * for the next run. */
MUST_CHECK enum status matter_queue_unanswered(struct db_queue *q, int tenant, int32_t as_of,
                                               int32_t limit, struct matter_list *ret);

/* Locks the kind's counter until COMMIT and reads the last number given (0: none). */
MUST_CHECK enum status matter_counter_queue_take(struct db_queue *q, int tenant, const char *kind,
                                                 int32_t *ret_last);
MUST_CHECK enum status matter_counter_queue_set(struct db_queue *q, int tenant, const char *kind,
                                                int32_t last);

MUST_CHECK enum status matter_queue_insert(struct db_queue *q, int tenant,
                                           const struct matter_record *m, const char *event_id);
/* Writes the changing columns over version `expected`; the row then has expected + 1. */
MUST_CHECK enum status matter_queue_update(struct db_queue *q, int tenant,
                                           const struct matter_record *m, int64_t expected,
                                           const char *event_id);

/* The end of an inspection's concentrated phase (inspection_date CONCENTRATED_END): the day held,
 * else planned; NO_DATE without one. By inspection id. */
MUST_CHECK enum status matter_queue_concentrated_end(struct db_queue *q, int tenant,
                                                     const char *inspection_id, int32_t *ret_day);

/* ---- what belongs to a matter (matter_part.c) ---- */

MUST_CHECK enum status matter_task_queue_of(struct db_queue *q, int tenant, const char *matter_id,
                                            struct matter_task_list *ret);
/* Inserts (version 0) or updates over its version. */
MUST_CHECK enum status matter_task_queue_write(struct db_queue *q, int tenant,
                                               const struct matter_task *task,
                                               const char *event_id);

/* The sample, removed rows included, by reference. */
MUST_CHECK enum status matter_sample_queue_of(struct db_queue *q, int tenant, const char *matter_id,
                                              struct matter_sample_list *ret);
MUST_CHECK enum status matter_sample_queue_write(struct db_queue *q, int tenant,
                                                 const struct matter_sample *sample,
                                                 const char *event_id);
/* Verdicts by unit: of one round (number) once fed back, or of all final ones. */
struct share_record {
    const char *unit;
    const char *round;
    int32_t verdicts[5]; /* by enum sample_verdict */
};
struct share_list {
    struct share_record *items; /* one a unit and round, in official order of units */
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status matter_share_queue(struct db_queue *q, int tenant, const char *round_ref,
                                          const char *inspection, struct share_list *ret);

/* Only what the caller's own org may read comes back, whatever else it sees. */
MUST_CHECK enum status matter_private_queue_of(struct db_queue *q, int tenant,
                                               const char *matter_id,
                                               struct matter_private_list *ret);
MUST_CHECK enum status matter_private_queue_insert(struct db_queue *q, int tenant,
                                                   const struct matter_private *p,
                                                   const char *event_id);

/* What alerts propose and nobody has proposed yet: a row an alert. */
struct proposal_record {
    const char *alert_key;
    uint32_t proposals; /* bits of enum ladder_proposal */
    const char *text;   /* the alert's */
    const char *inspection_id;
    const char *inspection; /* code */
    const char *problem_id;
    const char *problem_ref;
    const char *measure_id;
    const char *measure_ref;
    int milestone;
    struct org_name org;    /* the problem's lead unit */
    struct org_name leader; /* the measure's */
    bool notice_made;       /* by this alert, or a notice of that level already stands */
    bool talk_made;         /* likewise */
};
struct proposal_list {
    struct proposal_record *items;
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status matter_proposal_queue(struct db_queue *q, int tenant, int32_t limit,
                                             struct proposal_list *ret);

/* ---- clues (问题线索) ---- */

struct clue_record {
    const char *id;
    const char *number;
    const char *inspection_id;
    const char *inspection;
    const char *problem_id;
    const char *problem_ref;
    bool done;
    int64_t version; /* 0: not stored yet */
};
struct clue_list {
    struct clue_record *items;
    size_t count;
    size_t capacity;
};
/* By filter; absent: NULL. */
MUST_CHECK enum status clue_queue_list(struct db_queue *q, int tenant, const char *inspection,
                                       const char *problem_ref, const char *number,
                                       struct clue_list *ret);
MUST_CHECK enum status clue_queue_write(struct db_queue *q, int tenant,
                                        const struct clue_record *clue, const char *event_id);

#endif
