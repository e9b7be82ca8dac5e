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

const struct statement *const tenant_statements[] = {&tenant_all, &tenant_insert, NULL};

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
