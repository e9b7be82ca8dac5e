/* Plan documents (方案文本): the main plan and the special ones of an inspection. */
#ifndef SERVER_STORE_PLAN_DOCUMENT_H
#define SERVER_STORE_PLAN_DOCUMENT_H

#include "server/store/db.h"

struct plan_document {
    const char *id;
    const char *kind; /* MAIN, CADRES, IDEOLOGY, PATROL, OTHER */
    const char *title;
    int32_t no;       /* order, from 1 */
    int32_t problems; /* that stand in it */
    int64_t version;
};

struct plan_document_list {
    struct plan_document *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const plan_document_statements[];

MUST_CHECK enum status plan_document_queue_all(struct db_queue *q, int tenant,
                                               const char *inspection_code,
                                               struct plan_document_list *ret);
MUST_CHECK enum status plan_document_queue_insert(struct db_queue *q, int tenant,
                                                  const char *inspection_id,
                                                  const struct plan_document *d,
                                                  const char *event_id);

#endif
