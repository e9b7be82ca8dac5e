#include "server/store/org.h"

#include <string.h>

static const struct statement org_all = {
    .name = "org_all",
    .params = 1,
    .sql = "SELECT o.id, o.code, o.name, o.kind, p.code, o.sort_order, o.sample, o.version"
           "  FROM org o LEFT JOIN org p ON p.tenant = o.tenant AND p.id = o.parent"
           " WHERE o.tenant = $1"
           " ORDER BY o.sort_order, o.code",
};

static const struct statement org_insert = {
    .name = "org_insert",
    .params = 9,
    .sql = "INSERT INTO org (tenant, id, code, name, kind, parent, sort_order, sample, version,"
           "                 event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)",
};

static const struct statement org_update = {
    .name = "org_update",
    .params = 9,
    .sql = "UPDATE org SET name = $4, kind = $5, parent = $6, sort_order = $7, sample = $8,"
           "       version = version + 1, event_id = $9"
           " WHERE tenant = $1 AND id = $2 AND code = $3",
};

static const struct statement org_holders = {
    .name = "org_holders",
    .params = 2,
    .sql = "SELECT s.org, bit_or(s.roles), count(DISTINCT s.account),"
           "       count(DISTINCT s.account) FILTER (WHERE s.substitute_for IS NOT NULL)"
           "  FROM seat s JOIN account a ON a.tenant = s.tenant AND a.id = s.account"
           " WHERE s.tenant = $1 AND s.ended_ms IS NULL AND a.disabled_ms IS NULL"
           "   AND (s.from_day IS NULL OR s.from_day <= $2::date)"
           "   AND (s.to_day IS NULL OR s.to_day >= $2::date) GROUP BY s.org",
};

const struct statement *const org_statements[] = {&org_all, &org_insert, &org_update, &org_holders,
                                                  NULL};

static enum status
take_holders(void *ctx, const struct db_row *row, struct arena *a)
{
    struct org_holders_list *list = ctx;
    struct org_holders *h =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *h);
    if (h == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *h = (struct org_holders){
        .org_id = db_text(row, 0, a),
        .roles = (uint64_t)db_int(row, 1),
        .accounts = (int32_t)db_int(row, 2),
        .substitutes = (int32_t)db_int(row, 3),
    };
    list->count++;
    return STATUS_OK;
}

enum status
org_queue_holders(struct db_queue *q, int tenant, int32_t day, struct org_holders_list *ret)
{
    return db_queue_add(q, &org_holders, (struct param[]){p_int(tenant), p_day(day)},
                        (struct db_sink){take_holders, ret, DB_ANY_COUNT});
}

static enum status
take_org(void *ctx, const struct db_row *row, struct arena *a)
{
    struct org_list *list = ctx;
    struct org_record *org =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *org);
    if (org == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *org = (struct org_record){
        .id = db_text(row, 0, a),
        .code = db_text(row, 1, a),
        .name = db_text(row, 2, a),
        .kind = db_text(row, 3, a),
        .parent_code = db_text(row, 4, a),
        .sort_order = (int32_t)db_int(row, 5),
        .sample = db_bool(row, 6),
        .version = db_int(row, 7),
    };
    list->count++;
    return STATUS_OK;
}

enum status
org_queue_all(struct db_queue *q, int tenant, struct org_list *list)
{
    return db_queue_add(q, &org_all, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_org, list, DB_ANY_COUNT});
}

const struct org_record *
org_list_find(const struct org_list *list, const char *code_or_name)
{
    const struct org_record *by_name = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].code, code_or_name) == 0) {
            return &list->items[i];
        }
        if (by_name == NULL && strcmp(list->items[i].name, code_or_name) == 0) {
            by_name = &list->items[i];
        }
    }
    return by_name;
}

enum status
org_queue_write(struct db_queue *q, int tenant, const struct org_record *org, const char *parent_id,
                const char *event_id)
{
    struct param params[] = {p_int(tenant),          p_text(org->id),     p_text(org->code),
                             p_text(org->name),      p_text(org->kind),   p_text(parent_id),
                             p_int(org->sort_order), p_bool(org->sample), p_text(event_id)};
    return db_queue_add(q, org->version == 0 ? &org_insert : &org_update, params,
                        (struct db_sink){NULL, NULL, 1});
}
