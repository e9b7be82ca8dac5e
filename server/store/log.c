#include "server/store/log.h"

static const struct statement log_lock = {
    .name = "log_lock",
    .sql = "SELECT pg_try_advisory_xact_lock(726732, $1)",
    .params = 1,
};

static const struct statement log_head_read = {
    .name = "log_head_read",
    .sql = "SELECT tree_size, root, time_ms, key_id, signature, frontier FROM log_head"
           " WHERE tenant = $1 ORDER BY tree_size DESC LIMIT 1",
    .params = 1,
};

static const struct statement log_unsealed_read = {
    .name = "log_unsealed_read",
    .sql = "SELECT u.event_id, e.leaf_hash FROM event_unsealed u"
           "  JOIN event e ON e.tenant = u.tenant AND e.id = u.event_id"
           " WHERE u.tenant = $1 ORDER BY u.event_id LIMIT $2",
    .params = 2,
};

static const struct statement log_leaf_insert = {
    .name = "log_leaf_insert",
    .sql = "INSERT INTO log_leaf (tenant, seq, event_id)"
           " SELECT $1, $2::bigint + e.no - 1, e.id"
           "   FROM unnest($3::uuid[]) WITH ORDINALITY AS e (id, no)",
    .params = 3,
};

static const struct statement log_unsealed_delete = {
    .name = "log_unsealed_delete",
    .sql = "DELETE FROM event_unsealed WHERE tenant = $1 AND event_id = ANY ($2::uuid[])",
    .params = 2,
};

static const struct statement log_node_insert = {
    .name = "log_node_insert",
    .sql = "INSERT INTO log_node (tenant, level, number, hash)"
           " SELECT $1, n.level, n.number, substr($4::bytea, (n.no::integer - 1) * 32 + 1, 32)"
           "   FROM unnest($2::smallint[], $3::bigint[]) WITH ORDINALITY"
           "        AS n (level, number, no)",
    .params = 4,
};

static const struct statement log_head_insert = {
    .name = "log_head_insert",
    .sql = "INSERT INTO log_head (tenant, tree_size, root, time_ms, key_id, signature, frontier)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7)",
    .params = 7,
};

const struct statement *const log_statements[] = {&log_lock,
                                                  &log_head_read,
                                                  &log_unsealed_read,
                                                  &log_leaf_insert,
                                                  &log_unsealed_delete,
                                                  &log_node_insert,
                                                  &log_head_insert,
                                                  NULL};

static enum status
lock_row(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(bool *)ctx = db_bool(row, 0);
    return STATUS_OK;
}

enum status
log_queue_lock(struct db_queue *q, int tenant, bool *ret_locked)
{
    const struct param params[] = {p_int(tenant)};
    return db_queue_add(q, &log_lock, params, (struct db_sink){lock_row, ret_locked, 1});
}

static enum status
head_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct log_head_record *r = ctx;
    size_t root = 0;
    size_t signature = 0;
    r->tree_size = db_int(row, 0);
    r->root = db_bytes(row, 1, a, &root);
    r->time_ms = db_int(row, 2);
    r->key_id = db_text(row, 3, a);
    r->signature = db_bytes(row, 4, a, &signature);
    r->frontier = db_bytes(row, 5, a, &r->frontier_size);
    if (r->frontier == NULL || r->key_id == NULL || root != 32 || signature != 64) {
        return STATUS_DATA_LOSS;
    }
    return STATUS_OK;
}

enum status
log_queue_head(struct db_queue *q, int tenant, struct log_head_record *ret)
{
    const struct param params[] = {p_int(tenant)};
    return db_queue_add(q, &log_head_read, params, (struct db_sink){head_row, ret, DB_ANY_COUNT});
}

static enum status
unsealed_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct log_unsealed_list *list = ctx;
    void *items = list->items;
    struct log_unsealed *u = arena_grow(a, &items, list->count, &list->capacity, sizeof *u);
    if (u == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->items = items;
    size_t size = 0;
    u->event_id = db_text(row, 0, a);
    u->leaf_hash = db_bytes(row, 1, a, &size);
    if (u->event_id == NULL || size != 32) {
        return STATUS_DATA_LOSS;
    }
    list->count++;
    return STATUS_OK;
}

enum status
log_queue_unsealed(struct db_queue *q, int tenant, int limit, struct log_unsealed_list *ret)
{
    const struct param params[] = {p_int(tenant), p_int(limit)};
    return db_queue_add(q, &log_unsealed_read, params,
                        (struct db_sink){unsealed_row, ret, DB_ANY_COUNT});
}

enum status
log_queue_leaves(struct db_queue *q, int tenant, int64_t first_seq, const char *events,
                 size_t count)
{
    const struct param leaves[] = {p_int(tenant), p_int(first_seq), p_text(events)};
    enum status s =
        db_queue_add(q, &log_leaf_insert, leaves, (struct db_sink){.expect = (int64_t)count});
    if (s != STATUS_OK) {
        return s;
    }
    const struct param waiting[] = {p_int(tenant), p_text(events)};
    return db_queue_add(q, &log_unsealed_delete, waiting,
                        (struct db_sink){.expect = (int64_t)count});
}

bool
log_node_rows_add(struct log_node_rows *rows, struct arena *a, unsigned level, uint64_t number,
                  const unsigned char *hash)
{
    rows->count++;
    return column_int(&rows->level, a, level) && column_int(&rows->number, a, (int64_t)number) &&
           column_bytes(&rows->hashes, a, hash, 32);
}

enum status
log_node_rows_queue(struct log_node_rows *rows, struct arena *a, struct db_queue *q, int tenant)
{
    if (rows->count == 0) {
        return STATUS_OK;
    }
    const struct param params[] = {
        p_int(tenant),
        p_text(column_literal(&rows->level, a)),
        p_text(column_literal(&rows->number, a)),
        p_bytes(rows->hashes.data, rows->hashes.used),
    };
    return db_queue_add(q, &log_node_insert, params,
                        (struct db_sink){.expect = (int64_t)rows->count});
}

enum status
log_queue_head_insert(struct db_queue *q, int tenant, const struct log_head_record *head)
{
    const struct param params[] = {
        p_int(tenant),
        p_int(head->tree_size),
        p_bytes(head->root, 32),
        p_int(head->time_ms),
        p_text(head->key_id),
        p_bytes(head->signature, 64),
        p_bytes(head->frontier, head->frontier_size),
    };
    return db_queue_add(q, &log_head_insert, params, (struct db_sink){.expect = 1});
}
