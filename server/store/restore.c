#include "server/store/restore.h"

#define RESTORE_SELECT                                                                             \
    "SELECT number, tree_size, root, head_time_ms, time_ms, reason, key_id, signature"             \
    "  FROM log_restore WHERE tenant = $1"

static const struct statement restore_list = {
    .name = "restore_list",
    .params = 3,
    .sql = RESTORE_SELECT " AND time_ms > $2 ORDER BY number LIMIT $3",
};

static const struct statement restore_last = {
    .name = "restore_last",
    .params = 1,
    .sql = RESTORE_SELECT " ORDER BY number DESC LIMIT 1",
};

static const struct statement restore_insert = {
    .name = "restore_insert",
    .params = 10,
    .sql = "INSERT INTO log_restore (tenant, number, tree_size, root, head_time_ms, time_ms,"
           "                         reason, key_id, signature, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
};

static const struct statement restore_skip_numbers = {
    .name = "restore_skip_numbers",
    .params = 1,
    .sql = "SELECT setval('receipt_number', nextval('receipt_number') + $1)",
};

const struct statement *const restore_statements[] = {&restore_list, &restore_last, &restore_insert,
                                                      &restore_skip_numbers, NULL};

static enum status
take_restore(void *ctx, const struct db_row *row, struct arena *a)
{
    struct restore_list *list = ctx;
    struct restore_record *r =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *r);
    if (r == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t root = 0;
    size_t signature = 0;
    *r = (struct restore_record){
        .number = db_int(row, 0),
        .tree_size = db_int(row, 1),
        .root = db_bytes(row, 2, a, &root),
        .head_time_ms = db_int(row, 3),
        .time_ms = db_int(row, 4),
        .reason = db_text(row, 5, a),
        .key_id = db_text(row, 6, a),
        .signature = db_bytes(row, 7, a, &signature),
    };
    list->count++;
    return root == 32 && signature == 64 ? STATUS_OK : STATUS_DATA_LOSS;
}

enum status
restore_queue_list(struct db_queue *q, int tenant, int64_t after_ms, int32_t limit,
                   struct restore_list *ret)
{
    const struct param params[] = {p_int(tenant), p_int(after_ms), p_int(limit)};
    return db_queue_add(q, &restore_list, params,
                        (struct db_sink){take_restore, ret, DB_ANY_COUNT});
}

enum status
restore_queue_last(struct db_queue *q, int tenant, struct restore_list *ret)
{
    const struct param params[] = {p_int(tenant)};
    return db_queue_add(q, &restore_last, params,
                        (struct db_sink){take_restore, ret, DB_ANY_COUNT});
}

enum status
restore_queue_skip_numbers(struct db_queue *q, int64_t count)
{
    const struct param params[] = {p_int(count)};
    return db_queue_add(q, &restore_skip_numbers, params, (struct db_sink){.expect = 1});
}

enum status
restore_queue_insert(struct db_queue *q, int tenant, const struct restore_record *r,
                     const char *event_id)
{
    const struct param params[] = {
        p_int(tenant),        p_int(r->number),       p_int(r->tree_size),
        p_bytes(r->root, 32), p_int(r->head_time_ms), p_int(r->time_ms),
        p_text(r->reason),    p_text(r->key_id),      p_bytes(r->signature, 64),
        p_text(event_id),
    };
    return db_queue_add(q, &restore_insert, params, (struct db_sink){.expect = 1});
}
