#include "server/store/operation.h"

static const struct statement operation_recorded = {
    .name = "operation_recorded",
    .params = 3,
    .sql = "SELECT key, method, reply, recorded_ms FROM idempotency"
           " WHERE tenant = $1 AND principal = $2 AND key = ANY ($3::uuid[])",
};

static const struct statement operation_judged = {
    .name = "operation_judged",
    .params = 3,
    .sql = "SELECT key, kind, command, to_state, decided_by, decided_reason, all_rows,"
           "       accepted_rows, returned_rows"
           "  FROM operation_judged($1, $2::uuid[], $3::text[])",
};

const struct statement *const operation_statements[] = {&operation_recorded, &operation_judged,
                                                        NULL};

static enum status
take_recorded(void *ctx, const struct db_row *row, struct arena *a)
{
    struct operation_list *list = ctx;
    struct operation_record *r =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *r);
    if (r == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *r = (struct operation_record){.key = db_text(row, 0, a), .method = db_text(row, 1, a)};
    r->reply = db_bytes(row, 2, a, &r->reply_size);
    r->recorded_ms = db_int(row, 3);
    list->count++;
    return r->key == NULL || r->method == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
operation_queue_recorded(struct db_queue *q, int tenant, const char *account_id, const char *keys,
                         struct operation_list *ret)
{
    const struct param params[] = {p_int(tenant), p_text(account_id), p_text(keys)};
    return db_queue_add(q, &operation_recorded, params,
                        (struct db_sink){take_recorded, ret, DB_ANY_COUNT});
}

static enum status
take_judged(void *ctx, const struct db_row *row, struct arena *a)
{
    struct judged_list *list = ctx;
    struct judged_record *r =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *r);
    if (r == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *r = (struct judged_record){
        .key = db_text(row, 0, a),
        .kind = db_text(row, 1, a),
        .command = db_text(row, 2, a),
        .to_state = db_text(row, 3, a),
        .decided_by = db_text(row, 4, a),
        .reason = db_text(row, 5, a),
        .rows = (int32_t)db_int(row, 6),
        .rows_accepted = (int32_t)db_int(row, 7),
        .rows_returned = (int32_t)db_int(row, 8),
    };
    list->count++;
    return r->key == NULL || r->kind == NULL || r->command == NULL ? STATUS_RESOURCE_EXHAUSTED
                                                                   : STATUS_OK;
}

enum status
operation_queue_judged(struct db_queue *q, int tenant, const char *keys, const char *deciding,
                       struct judged_list *ret)
{
    const struct param params[] = {p_int(tenant), p_text(keys), p_text(deciding)};
    return db_queue_add(q, &operation_judged, params,
                        (struct db_sink){take_judged, ret, DB_ANY_COUNT});
}
