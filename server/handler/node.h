/* NodeService: dated nodes (目标节点) of measures; what GetMeasure shows of them. */
#ifndef SERVER_HANDLER_NODE_H
#define SERVER_HANDLER_NODE_H

#include "rectify/v1/common.pb-c.h"
#include "server/dispatch/handler.h"
#include "server/store/node.h"

extern const struct handler_table node_handler_table;

/* What a measure's own page adds to its message. */
struct measure_page {
    struct node_list nodes;
    struct text_list came_from;
    struct text_list became;
};

/* Queues the reads; fills the message. */
MUST_CHECK enum status measure_page_queue(struct call *call, struct db_queue *q,
                                          const char *measure_id, struct measure_page *ret);
MUST_CHECK enum status measure_page_fill(struct call *call, const struct measure_page *page,
                                         Pb__Measure *m);

#endif
