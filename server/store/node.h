/* Dated nodes (目标节点) of a measure, and what an amendment made of it. */
#ifndef SERVER_STORE_NODE_H
#define SERVER_STORE_NODE_H

#include "server/store/db.h"
#include "server/store/literal.h"

struct node_record {
    int32_t no;
    const char *title;
    int32_t due; /* NO_DATE: none */
    int32_t reached_day;
    const char *note;
    const char *return_reason;
    bool dropped;
    int64_t version; /* 0: not stored yet */
};

struct node_list {
    struct node_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const node_statements[];

/* By number, dropped ones too. */
MUST_CHECK enum status node_queue_all(struct db_queue *q, int tenant, const char *measure_id,
                                      struct node_list *ret);
/* Inserts (version 0) or writes over the version; dropped_ms 0 for a node that stands. */
MUST_CHECK enum status node_queue_put(struct db_queue *q, int tenant, const char *measure_id,
                                      const struct node_record *n, int64_t dropped_ms,
                                      const char *event_id);
/* References of the measures it came from, and of those that took its place. */
MUST_CHECK enum status lineage_queue(struct db_queue *q, int tenant, const char *measure_id,
                                     struct text_list *ret_came_from, struct text_list *ret_became);

#endif
