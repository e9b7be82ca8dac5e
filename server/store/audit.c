#include "server/store/audit.h"

static const struct statement audit_head = {
    .name = "audit_head",
    .params = 2,
    .sql = "SELECT tree_size, root, time_ms, key_id, signature FROM log_head"
           " WHERE tenant = $1 AND ($2::bigint = 0 OR tree_size = $2::bigint)"
           " ORDER BY tree_size DESC LIMIT 1",
};

static const struct statement audit_head_before = {
    .name = "audit_head_before",
    .params = 2,
    .sql = "SELECT tree_size, root, time_ms, key_id, signature FROM log_head"
           " WHERE tenant = $1 AND time_ms < $2 ORDER BY tree_size DESC LIMIT 1",
};

static const struct statement audit_unsealed = {
    .name = "audit_unsealed",
    .params = 1,
    .sql = "SELECT count(*) FROM event_unsealed WHERE tenant = $1",
};

static const struct statement audit_leaves = {
    .name = "audit_leaves",
    .params = 5,
    .sql = "SELECT seq, event_id, CASE WHEN seq = $2"
           "         THEN substring(body FROM $5::integer + 1 FOR $4::integer) ELSE body END,"
           "       leaf_hash, octet_length(body) FROM ("
           "  SELECT l.seq, l.event_id, e.body, e.leaf_hash,"
           "         sum(octet_length(e.body)) OVER (ORDER BY l.seq) AS bytes"
           "    FROM (SELECT seq, event_id, tenant FROM log_leaf"
           "           WHERE tenant = $1 AND seq >= $2 ORDER BY seq LIMIT $3) l"
           "    JOIN event e ON e.tenant = l.tenant AND e.id = l.event_id) x"
           " WHERE bytes <= $4::integer OR seq = $2 ORDER BY seq",
};

static const struct statement audit_place = {
    .name = "audit_place",
    .params = 2,
    .sql = "SELECT coalesce(l.seq, 0), e.leaf_hash FROM event e"
           "  LEFT JOIN log_leaf l ON l.tenant = e.tenant AND l.event_id = e.id"
           " WHERE e.tenant = $1 AND e.id = $2",
};

static const struct statement audit_nodes = {
    .name = "audit_nodes",
    .params = 3,
    .sql = "SELECT w.no - 1, n.hash"
           "  FROM unnest($2::smallint[], $3::bigint[]) WITH ORDINALITY AS w (level, number, no)"
           "  JOIN log_node n ON n.tenant = $1 AND n.level = w.level AND n.number = w.number",
};

static const struct statement audit_leaf_hashes = {
    .name = "audit_leaf_hashes",
    .params = 3,
    .sql = "SELECT w.no - 1, e.leaf_hash"
           "  FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (low, high, no)"
           "  JOIN log_leaf l ON l.tenant = $1 AND l.seq > w.low AND l.seq <= w.high"
           "  JOIN event e ON e.tenant = l.tenant AND e.id = l.event_id"
           " ORDER BY w.no, l.seq",
};

const struct statement *const audit_statements[] = {
    &audit_head,  &audit_head_before, &audit_unsealed,    &audit_leaves,
    &audit_place, &audit_nodes,       &audit_leaf_hashes, NULL};

static enum status
take_head(void *ctx, const struct db_row *row, struct arena *a)
{
    struct audit_head *head = ctx;
    size_t root = 0;
    size_t signature = 0;
    *head = (struct audit_head){
        .found = true,
        .tree_size = db_int(row, 0),
        .root = db_bytes(row, 1, a, &root),
        .time_ms = db_int(row, 2),
        .key_id = db_text(row, 3, a),
        .signature = db_bytes(row, 4, a, &signature),
    };
    return root == 32 && signature == 64 ? STATUS_OK : STATUS_INTERNAL;
}

enum status
audit_queue_head(struct db_queue *q, int tenant, int64_t tree_size, struct audit_head *ret)
{
    return db_queue_add(q, &audit_head, (struct param[]){p_int(tenant), p_int(tree_size)},
                        (struct db_sink){take_head, ret, DB_ANY_COUNT});
}

enum status
audit_queue_head_before(struct db_queue *q, int tenant, int64_t time_ms, struct audit_head *ret)
{
    return db_queue_add(q, &audit_head_before, (struct param[]){p_int(tenant), p_int(time_ms)},
                        (struct db_sink){take_head, ret, DB_ANY_COUNT});
}

static enum status
take_count(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(int64_t *)ctx = db_int(row, 0);
    return STATUS_OK;
}

enum status
audit_queue_unsealed(struct db_queue *q, int tenant, int64_t *ret_count)
{
    return db_queue_add(q, &audit_unsealed, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_count, ret_count, 1});
}

static enum status
take_leaf(void *ctx, const struct db_row *row, struct arena *a)
{
    struct audit_leaves *list = ctx;
    struct audit_leaf *leaf =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *leaf);
    if (leaf == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t hash = 0;
    *leaf = (struct audit_leaf){.seq = db_int(row, 0), .event_id = db_text(row, 1, a)};
    leaf->body = db_bytes(row, 2, a, &leaf->body_size);
    leaf->leaf_hash = db_bytes(row, 3, a, &hash);
    leaf->whole_size = (size_t)db_int(row, 4);
    list->count++;
    return hash == 32 ? STATUS_OK : STATUS_INTERNAL;
}

enum status
audit_queue_leaves(struct db_queue *q, int tenant, const struct audit_page *page,
                   struct audit_leaves *ret)
{
    struct param params[] = {p_int(tenant), p_int(page->from_seq), p_int(page->limit),
                             p_int(page->max_bytes), p_int(page->body_offset)};
    return db_queue_add(q, &audit_leaves, params, (struct db_sink){take_leaf, ret, DB_ANY_COUNT});
}

static enum status
take_place(void *ctx, const struct db_row *row, struct arena *a)
{
    struct audit_place *place = ctx;
    size_t size = 0;
    *place = (struct audit_place){.found = true, .seq = db_int(row, 0)};
    place->leaf_hash = db_bytes(row, 1, a, &size);
    return size == 32 ? STATUS_OK : STATUS_INTERNAL;
}

enum status
audit_queue_place(struct db_queue *q, int tenant, const char *event_id, struct audit_place *ret)
{
    return db_queue_add(q, &audit_place, (struct param[]){p_int(tenant), p_text(event_id)},
                        (struct db_sink){take_place, ret, DB_ANY_COUNT});
}

static enum status
take_hash(void *ctx, const struct db_row *row, struct arena *a)
{
    const struct audit_hashes *hashes = ctx;
    size_t size = 0;
    const unsigned char *hash = db_bytes(row, 1, a, &size);
    return size == 32 ? hashes->take(hashes->ctx, (size_t)db_int(row, 0), hash) : STATUS_INTERNAL;
}

enum status
audit_queue_nodes(struct db_queue *q, int tenant, const char *levels, const char *numbers,
                  struct audit_hashes *ret)
{
    struct param params[] = {p_int(tenant), p_text(levels), p_text(numbers)};
    return db_queue_add(q, &audit_nodes, params, (struct db_sink){take_hash, ret, DB_ANY_COUNT});
}

enum status
audit_queue_leaf_hashes(struct db_queue *q, int tenant, const char *lows, const char *highs,
                        struct audit_hashes *ret)
{
    struct param params[] = {p_int(tenant), p_text(lows), p_text(highs)};
    return db_queue_add(q, &audit_leaf_hashes, params,
                        (struct db_sink){take_hash, ret, DB_ANY_COUNT});
}
