/* Orgs: the district's offices, units and leaders. */
#ifndef SERVER_STORE_ORG_H
#define SERVER_STORE_ORG_H

#include "server/store/db.h"

struct org_record {
    const char *id;
    const char *code;
    const char *name;
    const char *kind;
    const char *parent_code; /* NULL for none */
    int32_t sort_order;
    bool sample;
    int64_t version; /* 0: not stored yet */
};

/* All orgs of a tenant in official order. Filled by org_queue_all; lives in the call's arena. */
struct org_list {
    struct org_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const org_statements[];

/* Reads every org of the tenant into list (which must be zeroed and outlive the run). */
MUST_CHECK enum status org_queue_all(struct db_queue *q, int tenant, struct org_list *list);

/* The org of that code, or by name when no code matches; NULL when there is none. Pure. */
const struct org_record *org_list_find(const struct org_list *list, const char *code_or_name);

/* What people of an org may do today, all seats together. */
struct org_holders {
    const char *org_id;
    uint64_t roles;
    int32_t accounts;
    int32_t substitutes; /* of them, standing in for somebody (代行) */
};

struct org_holders_list {
    struct org_holders *items;
    size_t count;
    size_t capacity;
};

/* Orgs in which somebody has a seat on that day. */
MUST_CHECK enum status org_queue_holders(struct db_queue *q, int tenant, int32_t day,
                                         struct org_holders_list *ret);

/* Inserts (version 0) or updates (version n → n + 1) an org; parent_id may be NULL. */
MUST_CHECK enum status org_queue_write(struct db_queue *q, int tenant, const struct org_record *org,
                                       const char *parent_id, const char *event_id);

#endif
