/* Tenants: the districts this database serves; and what bootstrap writes for a new one (as the
 * owner: the server's role may not make tenants). */
#ifndef SERVER_STORE_TENANT_H
#define SERVER_STORE_TENANT_H

#include "server/store/db.h"

struct tenant_record {
    int id;
    const char *code;
    const char *name;
    int utc_offset_min;
};

struct tenant_list {
    struct tenant_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const tenant_statements[];

/* Every tenant, by id. Needs no scope. list is zeroed by the caller and outlives the run. */
MUST_CHECK enum status tenant_queue_all(struct db_queue *q, struct tenant_list *list);

/* Makes the tenant unless its code exists. */
MUST_CHECK enum status tenant_queue_insert(struct db_queue *q, const struct tenant_record *tenant,
                                           int64_t now_ms);

#endif
