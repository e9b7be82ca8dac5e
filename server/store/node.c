#include "server/store/node.h"

static const struct statement node_all = {
    .name = "node_all",
    .params = 2,
    .sql = "SELECT no, title, due, reached_day, note, return_reason, dropped_ms IS NOT NULL,"
           "       version FROM milestone_node WHERE tenant = $1 AND measure = $2 ORDER BY no",
};

static const struct statement node_insert = {
    .name = "node_insert",
    .params = 6,
    .sql = "INSERT INTO milestone_node (tenant, measure, no, title, due, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, 1, $6)",
};

static const struct statement node_update = {
    .name = "node_update",
    .params = 11,
    .sql = "UPDATE milestone_node SET title = $4, due = $5, event_id = $6, reached_day = $7,"
           "       note = $8, return_reason = $9, dropped_ms = nullif($10::bigint, 0),"
           "       version = version + 1"
           " WHERE tenant = $1 AND measure = $2 AND no = $3 AND version = $11",
};

static const struct statement lineage_before = {
    .name = "lineage_before",
    .params = 2,
    .sql = "SELECT m.ref FROM measure_origin o"
           "  JOIN measure m ON m.tenant = o.tenant AND m.id = o.origin"
           " WHERE o.tenant = $1 AND o.measure = $2 ORDER BY m.ref COLLATE \"C\"",
};

static const struct statement lineage_after = {
    .name = "lineage_after",
    .params = 2,
    .sql = "SELECT m.ref FROM measure_origin o"
           "  JOIN measure m ON m.tenant = o.tenant AND m.id = o.measure"
           " WHERE o.tenant = $1 AND o.origin = $2 ORDER BY m.ref COLLATE \"C\"",
};

const struct statement *const node_statements[] = {&node_all,       &node_insert,   &node_update,
                                                   &lineage_before, &lineage_after, NULL};

static enum status
take_node(void *ctx, const struct db_row *row, struct arena *a)
{
    struct node_list *list = ctx;
    struct node_record *n =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *n);
    if (n == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *n = (struct node_record){
        .no = (int32_t)db_int(row, 0),
        .title = db_text(row, 1, a),
        .due = db_day(row, 2),
        .reached_day = db_day(row, 3),
        .note = db_text(row, 4, a),
        .return_reason = db_text(row, 5, a),
        .dropped = db_bool(row, 6),
        .version = db_int(row, 7),
    };
    list->count++;
    return STATUS_OK;
}

static enum status
take_ref(void *ctx, const struct db_row *row, struct arena *a)
{
    const char *ref = db_text(row, 0, a);
    return ref != NULL && text_list_add(ctx, a, ref) ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

enum status
node_queue_all(struct db_queue *q, int tenant, const char *measure_id, struct node_list *ret)
{
    return db_queue_add(q, &node_all, (struct param[]){p_int(tenant), p_text(measure_id)},
                        (struct db_sink){take_node, ret, DB_ANY_COUNT});
}

enum status
node_queue_put(struct db_queue *q, int tenant, const char *measure_id, const struct node_record *n,
               int64_t dropped_ms, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),         p_text(measure_id), p_int(n->no),
        p_text(n->title),      p_day(n->due),      p_text(event_id),
        p_day(n->reached_day), p_text(n->note),    p_text(n->return_reason),
        p_int(dropped_ms),     p_int(n->version),
    };
    return db_queue_add(q, n->version == 0 ? &node_insert : &node_update, params,
                        (struct db_sink){NULL, NULL, 1});
}

enum status
lineage_queue(struct db_queue *q, int tenant, const char *measure_id,
              struct text_list *ret_came_from, struct text_list *ret_became)
{
    struct param params[] = {p_int(tenant), p_text(measure_id)};
    enum status s = db_queue_add(q, &lineage_before, params,
                                 (struct db_sink){take_ref, ret_came_from, DB_ANY_COUNT});
    return s != STATUS_OK ? s
                          : db_queue_add(q, &lineage_after, params,
                                         (struct db_sink){take_ref, ret_became, DB_ANY_COUNT});
}
