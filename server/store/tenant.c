#include "server/store/tenant.h"

static const struct statement tenant_all = {
    .name = "tenant_all",
    .sql = "SELECT id, code, name, utc_offset_min FROM tenant ORDER BY id",
};

static const struct statement tenant_insert = {
    .name = "tenant_insert",
    .sql = "INSERT INTO tenant (code, name, utc_offset_min, created_ms) VALUES ($1, $2, $3, $4)"
           " ON CONFLICT ON CONSTRAINT tenant_code_unique DO NOTHING",
    .params = 4,
};

static const struct statement tenant_ladder_insert = {
    .name = "tenant_ladder_insert",
    .sql = "INSERT INTO ladder_rule (tenant, version, no, level, subject, class_mask,"
           "                         milestone_mask, trigger, parameter, recipients, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
           " ON CONFLICT ON CONSTRAINT ladder_rule_pk DO NOTHING",
    .params = 11,
};

const struct statement *const tenant_statements[] = {&tenant_all, &tenant_insert,
                                                     &tenant_ladder_insert, NULL};

static enum status
tenant_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct tenant_list *list = ctx;
    void *items = list->items;
    struct tenant_record *t = arena_grow(a, &items, list->count, &list->capacity, sizeof *t);
    if (t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->items = items;
    *t = (struct tenant_record){
        .id = (int)db_int(row, 0),
        .code = db_text(row, 1, a),
        .name = db_text(row, 2, a),
        .utc_offset_min = (int)db_int(row, 3),
    };
    list->count++;
    return t->code == NULL || t->name == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
tenant_queue_all(struct db_queue *q, struct tenant_list *list)
{
    return db_queue_add(q, &tenant_all, NULL, (struct db_sink){tenant_row, list, DB_ANY_COUNT});
}

enum status
tenant_queue_insert(struct db_queue *q, const struct tenant_record *tenant, int64_t now_ms)
{
    const struct param params[] = {p_text(tenant->code), p_text(tenant->name),
                                   p_int(tenant->utc_offset_min), p_int(now_ms)};
    return db_queue_add(q, &tenant_insert, params, (struct db_sink){.expect = DB_ANY_COUNT});
}

enum status
tenant_queue_ladder_insert(struct db_queue *q, int tenant, const struct tenant_ladder_row *row,
                           const char *event_id)
{
    const struct param params[] = {
        p_int(tenant),
        p_int(row->version),
        p_int(row->no),
        p_int(row->level),
        p_text(row->subject),
        p_int(row->class_mask),
        p_int(row->milestone_mask),
        p_text(row->trigger),
        p_int(row->parameter),
        p_int(row->recipients),
        p_text(event_id),
    };
    return db_queue_add(q, &tenant_ladder_insert, params, (struct db_sink){.expect = DB_ANY_COUNT});
}
