/* What an approved amendment writes: measures ended, made and altered, their lineage, nodes and who
 * may see them. The decisions stand in server/service/amendment.h. */
#ifndef SERVER_STORE_AMENDMENT_H
#define SERVER_STORE_AMENDMENT_H

#include "server/store/measure.h"

/* Something undecided on a measure: CLAIM is in its state; these are rows of other tables. */
struct pending {
    const char *measure_id;
    const char *kind; /* ROW or EXTENSION */
};

struct pending_list {
    struct pending *items;
    size_t count;
    size_t capacity;
};

/* A measure that ends or becomes different. */
struct amendment_old {
    const struct measure_record *before;
    struct measure_record next; /* version raised */
    const char *command;        /* supersede, cancel, alter */
    const char *reason;
    bool altered;              /* alter: the content columns are written, not the state */
    bool participants_changed; /* with altered */
};

/* A new measure, state ASSIGNED, version 1. */
struct amendment_made {
    struct measure_record measure;
    const char *reason;
};

struct amendment_origin {
    const char *measure_id; /* the new one */
    const char *origin_id;
    const char *kind; /* SPLIT or MERGE */
};

/* A node to add behind those a measure has. */
struct amendment_node {
    const char *measure_id;
    const char *title;
    int32_t due; /* NO_DATE: none */
    bool first;  /* of its measure: those not reached are dropped before */
};

struct amendment {
    struct amendment_old *olds;
    size_t old_count, old_capacity;
    struct amendment_made *made;
    size_t made_count, made_capacity;
    struct amendment_origin *origins;
    size_t origin_count, origin_capacity;
    struct amendment_node *nodes;
    size_t node_count, node_capacity;
    int32_t added, removed, changed;
};

extern const struct statement *const amendment_statements[];

/* Locks every problem of the inspection, in order of id, until the transaction ends. */
MUST_CHECK enum status amendment_queue_lock_problems(struct db_queue *q, int tenant,
                                                     const char *inspection_code);
/* What waits on the measures of these references. */
MUST_CHECK enum status pending_queue(struct db_queue *q, int tenant, const char *inspection_code,
                                     const struct text_list *refs, struct arena *a,
                                     struct pending_list *ret);
/* Writes it all but the plan version itself. */
MUST_CHECK enum status amendment_queue_write(struct db_queue *q, int tenant, struct arena *a,
                                             const struct amendment *am,
                                             const char *plan_version_id, int64_t now_ms,
                                             const char *event_id);

#endif
