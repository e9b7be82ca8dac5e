/* Inspections and their draft: what imports and the approval of a plan read and write. */
#ifndef SERVER_STORE_PLAN_H
#define SERVER_STORE_PLAN_H

#include "server/store/db.h"
#include "server/store/draft.h"
#include "server/store/plan_version.h"

struct inspection_record {
    const char *id; /* NULL: there is none */
    const char *code;
    const char *name;
    const char *bodies; /* names joined by U+001F, in order */
    int32_t feedback_day;
    int32_t report_day;
    const char *first_period; /* NULL: not set */
    int32_t plan_no;
    const char *plan_state;
    int64_t version;
};

struct inspection_list {
    struct inspection_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const plan_statements[];

/* Every inspection, newest feedback first. */
MUST_CHECK enum status inspection_queue_all(struct db_queue *q, int tenant,
                                            struct inspection_list *ret);
/* One by code, locked for update. */
MUST_CHECK enum status inspection_queue_lock(struct db_queue *q, int tenant, const char *code,
                                             struct inspection_record *ret);
MUST_CHECK enum status inspection_queue_insert(struct db_queue *q, int tenant,
                                               const struct inspection_record *inspection,
                                               const char *event_id);
MUST_CHECK enum status inspection_queue_body(struct db_queue *q, int tenant,
                                             const char *inspection_id, int32_t no,
                                             const char *name);
/* The plan is approved as number no; first_period is kept when already set. */
MUST_CHECK enum status inspection_queue_approved(struct db_queue *q, int tenant,
                                                 const struct inspection_record *inspection,
                                                 int32_t no, const char *first_period,
                                                 const char *event_id);

/* Reads items, problems, measures, milestones and participants of an inspection into draft, whose
 * arena and ids are set; in reference order. */
MUST_CHECK enum status draft_queue_read(struct db_queue *q, int tenant, const char *inspection_code,
                                        struct draft *draft);
/* Writes what is marked, and nothing else. */
MUST_CHECK enum status draft_queue_write(struct db_queue *q, int tenant, const char *inspection_id,
                                         const struct draft *draft, const char *event_id);

/* The first plan comes into force: every measure ASSIGNED, every problem RECTIFYING, and who may
 * see what. The plan version's own row is the caller's. */
MUST_CHECK enum status plan_queue_assign(struct db_queue *q, int tenant,
                                         const struct plan_version_record *plan,
                                         const char *event_id);
/* The members of a version: every measure of the inspection that is in force; plan->measures of
 * them, else ABORTED. */
MUST_CHECK enum status plan_queue_members(struct db_queue *q, int tenant,
                                          const struct plan_version_record *plan);
/* Registered problems begin to be rectified. */
MUST_CHECK enum status plan_queue_rectify(struct db_queue *q, int tenant,
                                          const struct plan_version_record *plan,
                                          const char *event_id);

#endif
