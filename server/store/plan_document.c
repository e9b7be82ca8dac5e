#include "server/store/plan_document.h"

static const struct statement plan_document_all = {
    .name = "plan_document_all",
    .params = 2,
    .sql = "SELECT d.id, d.kind, d.title, d.no, d.version,"
           "       (SELECT count(*) FROM problem p WHERE p.tenant = d.tenant"
           "           AND p.plan_document = d.id)"
           "  FROM plan_document d JOIN inspection i ON i.tenant = d.tenant AND i.id = d.inspection"
           " WHERE d.tenant = $1 AND i.code = $2 ORDER BY d.no, d.id",
};

static const struct statement plan_document_insert = {
    .name = "plan_document_insert",
    .params = 7,
    .sql = "INSERT INTO plan_document (tenant, id, inspection, kind, title, no, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
};

const struct statement *const plan_document_statements[] = {&plan_document_all,
                                                            &plan_document_insert, NULL};

static enum status
take_document(void *ctx, const struct db_row *row, struct arena *a)
{
    struct plan_document_list *list = ctx;
    struct plan_document *d =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *d);
    if (d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *d = (struct plan_document){
        .id = db_text(row, 0, a),
        .kind = db_text(row, 1, a),
        .title = db_text(row, 2, a),
        .no = (int32_t)db_int(row, 3),
        .version = db_int(row, 4),
        .problems = (int32_t)db_int(row, 5),
    };
    list->count++;
    return STATUS_OK;
}

enum status
plan_document_queue_all(struct db_queue *q, int tenant, const char *inspection_code,
                        struct plan_document_list *ret)
{
    return db_queue_add(q, &plan_document_all,
                        (struct param[]){p_int(tenant), p_text(inspection_code)},
                        (struct db_sink){take_document, ret, DB_ANY_COUNT});
}

enum status
plan_document_queue_insert(struct db_queue *q, int tenant, const char *inspection_id,
                           const struct plan_document *d, const char *event_id)
{
    struct param params[] = {p_int(tenant),   p_text(d->id),    p_text(inspection_id),
                             p_text(d->kind), p_text(d->title), p_int(d->no),
                             p_text(event_id)};
    return db_queue_add(q, &plan_document_insert, params, (struct db_sink){NULL, NULL, 1});
}
