/* The due index: which things the clock must look at now, and what it asks about them.
 *
 * Each open thing has a day on which its alerts can change next (table watch); what changed marked
 * itself (table watch_mark). Reads fill zeroed lists in the call's arena when the queue runs.
 */
#ifndef SERVER_STORE_WATCH_H
#define SERVER_STORE_WATCH_H

#include "server/base/ladder_watch.h"
#include "server/store/db.h"
#include "server/store/literal.h"

/* What the last tick judged by, and what stands now. */
struct watch_state {
    bool exists;
    int32_t generation;
    int32_t last_day;
    int32_t ladder_version;
    int32_t calendar_days;
    int32_t current_ladder;
    int32_t current_calendar;
};

/* A thing to look at. kind: MEASURE, TABLE, MATTER. */
struct watch_thing {
    const char *kind;
    const char *id;
    int64_t mark;     /* the row that says it changed; 0: its day has come */
    int32_t next_day; /* found out by the decision; NO_DATE: nothing foreseen */
    bool open;        /* something of it is still watched */
    bool done;        /* judged in this run */
};

struct watch_thing_list {
    struct watch_thing *items;
    size_t count;
    size_t capacity;
};

/* One watched date of a measure, with what the ladder asks about it. */
struct watch_record {
    enum ladder_subject subject; /* EFFECT, COMPLETE, SIGN, CHECK or NODE */
    const char *measure_id;
    const char *measure_ref;
    const char *unit_id; /* the problem's lead unit; may be NULL */
    const char *unit;    /* code */
    const char *lead_id;
    const char *leader_id;
    const char *sgroup_id;
    int class_;
    const char *state;
    int32_t round;
    int32_t percent; /* −1: never reported */
    int32_t unchanged_periods;
    int64_t assigned_ms;
    int64_t signed_ms;
    int32_t no; /* of a node */
    struct due_milestone days;
    int32_t due_version;
    uint32_t former_level4; /* earlier due versions that reached level 4 */
    int32_t notice_due[LADDER_NOTICES];
    uint32_t notice_failed_level;
    bool false_verdict;
};

struct watch_list {
    struct watch_record *items;
    size_t count;
    size_t capacity;
};

/* A table that was never handed in. */
struct owed_record {
    const char *id;
    const char *org_id;
    const char *org; /* code */
    const char *org_name;
    const char *period;
    int32_t duty_day;
    int32_t due;         /* the duty's day and its grace */
    const char *leaders; /* "{uuid,…}": who leads measures under the unit's problems; may be NULL */
};

struct owed_list {
    struct owed_record *items;
    size_t count;
    size_t capacity;
};

/* A matter with a day by which somebody owes the next step. */
struct owed_matter {
    const char *id;
    const char *kind;
    const char *ref;
    const char *org_id;
    const char *org; /* code */
    const char *holder_id;
    const char *state;
    int32_t due;
};

struct matter_watch_list {
    struct owed_matter *items;
    size_t count;
    size_t capacity;
};

/* An alert that stands. */
struct standing_record {
    const char *id;
    const char *key;
    const char *subject_id;
};

struct standing_list {
    struct standing_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const watch_statements[];

MUST_CHECK enum status watch_queue_state(struct db_queue *q, int tenant, struct watch_state *ret);
/* What marked itself, oldest first; a thing may come more than once. Read it before the things. */
MUST_CHECK enum status watch_queue_marks(struct db_queue *q, int tenant, int32_t limit,
                                         struct watch_thing_list *ret);
/* What has its day by `day`, or is of an older generation. */
MUST_CHECK enum status watch_queue_due(struct db_queue *q, int tenant, int32_t generation,
                                       int32_t day, int32_t limit, struct watch_thing_list *ret);

/* ids: a literal of uuids. What is not open any more is not among the answers. */
MUST_CHECK enum status watch_queue_measures(struct db_queue *q, int tenant, const char *ids,
                                            struct watch_list *ret);
MUST_CHECK enum status watch_queue_tables(struct db_queue *q, int tenant, const char *ids,
                                          struct owed_list *ret);
MUST_CHECK enum status watch_queue_matters(struct db_queue *q, int tenant, const char *ids,
                                           struct matter_watch_list *ret);
MUST_CHECK enum status watch_queue_standing(struct db_queue *q, int tenant, const char *ids,
                                            struct standing_list *ret);

enum { WATCH_ID_SIZE = 40 };

/* A full reading in portions. row is called for each watched date; what it gets is valid until it
 * returns. Zeroed: from the beginning. */
struct watch_each {
    enum status (*row)(void *ctx, const struct watch_record *row);
    void *ctx;
    char from_id[WATCH_ID_SIZE]; /* the last portion's */
    char last_id[WATCH_ID_SIZE];
    bool more; /* another portion may follow */
};
/* Everything open of the next `limit` measures, given row by row and not kept: for a trial of the
 * whole. */
MUST_CHECK enum status watch_queue_each(struct db_queue *q, int tenant, int32_t limit,
                                        struct arena *a, struct watch_each *each);
/* Every table never handed in, and every matter that waits. */
MUST_CHECK enum status watch_queue_all_tables(struct db_queue *q, int tenant,
                                              struct owed_list *ret);
MUST_CHECK enum status watch_queue_all_matters(struct db_queue *q, int tenant,
                                               struct matter_watch_list *ret);

/* Takes the marks away that were read. */
MUST_CHECK enum status watch_queue_unmark(struct db_queue *q, int tenant,
                                          const struct watch_thing_list *things, struct arena *a);
/* Keeps the next days of what was judged; forgets what is not open. */
MUST_CHECK enum status watch_queue_put(struct db_queue *q, int tenant, int32_t generation,
                                       const struct watch_thing_list *things, struct arena *a);
MUST_CHECK enum status watch_queue_put_state(struct db_queue *q, int tenant,
                                             const struct watch_state *state);

#endif
