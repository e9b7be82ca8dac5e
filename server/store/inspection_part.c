#include "server/store/inspection_part.h"

static const struct statement inspection_date_all = {
    .name = "inspection_date_all",
    .params = 2,
    .sql = "SELECT d.kind, d.no, d.planned_day, d.months, d.held_day, d.note, d.version"
           "  FROM inspection_date d"
           "  JOIN inspection i ON i.tenant = d.tenant AND i.id = d.inspection"
           " WHERE d.tenant = $1 AND i.code = $2"
           " ORDER BY d.planned_day NULLS LAST, d.kind, d.no",
};

static const struct statement inspection_date_insert = {
    .name = "inspection_date_insert",
    .params = 9,
    .sql = "INSERT INTO inspection_date (tenant, inspection, kind, no, planned_day, months,"
           "       held_day, note, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, nullif($6::int, 0), $7, $8, 1, $9)",
};

static const struct statement inspection_date_update = {
    .name = "inspection_date_update",
    .params = 10,
    .sql = "UPDATE inspection_date SET planned_day = $5, months = nullif($6::int, 0),"
           "       held_day = $7, note = $8, version = version + 1, event_id = $9"
           " WHERE tenant = $1 AND inspection = $2 AND kind = $3 AND no = $4 AND version = $10",
};

static const struct statement problem_name = {
    .name = "problem_name",
    .params = 3,
    .sql = "SELECT p.id FROM problem p"
           "  JOIN inspection i ON i.tenant = p.tenant AND i.id = p.inspection"
           " WHERE p.tenant = $1 AND i.code = $2 AND p.ref = $3",
};

static const struct statement problem_link_all = {
    .name = "problem_link_all",
    .params = 2,
    .sql = "SELECT l.id, i.code, p.ref, l.kind, oi.code, op.ref, coalesce(l.parts, 0), l.text"
           "  FROM problem_link l"
           "  JOIN problem p ON p.tenant = l.tenant AND p.id = l.problem"
           "  JOIN inspection i ON i.tenant = p.tenant AND i.id = p.inspection"
           "  LEFT JOIN problem op ON op.tenant = l.tenant AND op.id = l.other"
           "  LEFT JOIN inspection oi ON oi.tenant = op.tenant AND oi.id = op.inspection"
           " WHERE l.tenant = $1 AND l.cancelled_ms IS NULL AND (i.code = $2 OR oi.code = $2)"
           " ORDER BY i.code, p.ref COLLATE \"C\", l.id LIMIT 2000",
};

static const struct statement problem_link_insert = {
    .name = "problem_link_insert",
    .params = 8,
    .sql = "INSERT INTO problem_link (tenant, id, problem, other, kind, parts, text, version,"
           "       event_id) VALUES ($1, $2, $3, $4, $5, nullif($6::int, 0), $7, 1, $8)",
};

const struct statement *const inspection_part_statements[] = {&inspection_date_all,
                                                              &inspection_date_insert,
                                                              &inspection_date_update,
                                                              &problem_name,
                                                              &problem_link_all,
                                                              &problem_link_insert,
                                                              NULL};

static enum status
take_date(void *ctx, const struct db_row *row, struct arena *a)
{
    struct inspection_date_list *list = ctx;
    struct inspection_date *d =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *d);
    if (d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *d = (struct inspection_date){
        .kind = db_text(row, 0, a),
        .no = (int32_t)db_int(row, 1),
        .planned_day = db_day(row, 2),
        .months = (int32_t)db_int(row, 3),
        .held_day = db_day(row, 4),
        .note = db_text(row, 5, a),
        .version = db_int(row, 6),
    };
    list->count++;
    return STATUS_OK;
}

static enum status
take_name(void *ctx, const struct db_row *row, struct arena *a)
{
    ((struct problem_name *)ctx)->id = db_text(row, 0, a);
    return STATUS_OK;
}

static enum status
take_link(void *ctx, const struct db_row *row, struct arena *a)
{
    struct problem_link_list *list = ctx;
    struct problem_link *l =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *l);
    if (l == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *l = (struct problem_link){
        .id = db_text(row, 0, a),
        .inspection = db_text(row, 1, a),
        .problem_ref = db_text(row, 2, a),
        .kind = db_text(row, 3, a),
        .other_inspection = db_text(row, 4, a),
        .other_ref = db_text(row, 5, a),
        .parts = (int32_t)db_int(row, 6),
        .text = db_text(row, 7, a),
    };
    list->count++;
    return STATUS_OK;
}

enum status
inspection_date_queue_all(struct db_queue *q, int tenant, const char *inspection_code,
                          struct inspection_date_list *ret)
{
    return db_queue_add(q, &inspection_date_all,
                        (struct param[]){p_int(tenant), p_text(inspection_code)},
                        (struct db_sink){take_date, ret, DB_ANY_COUNT});
}

enum status
inspection_date_queue_put(struct db_queue *q, int tenant, const char *inspection_id,
                          const struct inspection_date *d, const char *event_id)
{
    struct param params[] = {p_int(tenant),      p_text(inspection_id), p_text(d->kind),
                             p_int(d->no),       p_day(d->planned_day), p_int(d->months),
                             p_day(d->held_day), p_text(d->note),       p_text(event_id),
                             p_int(d->version)};
    return db_queue_add(q, d->version == 0 ? &inspection_date_insert : &inspection_date_update,
                        params, (struct db_sink){NULL, NULL, 1});
}

enum status
problem_queue_name(struct db_queue *q, int tenant, const char *inspection_code, const char *ref,
                   struct problem_name *ret)
{
    return db_queue_add(q, &problem_name,
                        (struct param[]){p_int(tenant), p_text(inspection_code), p_text(ref)},
                        (struct db_sink){take_name, ret, DB_ANY_COUNT});
}

enum status
problem_link_queue_all(struct db_queue *q, int tenant, const char *inspection_code,
                       struct problem_link_list *ret)
{
    return db_queue_add(q, &problem_link_all,
                        (struct param[]){p_int(tenant), p_text(inspection_code)},
                        (struct db_sink){take_link, ret, DB_ANY_COUNT});
}

enum status
problem_link_queue_insert(struct db_queue *q, int tenant, const struct problem_link *l,
                          const char *problem_id, const char *other_id, const char *event_id)
{
    struct param params[] = {p_int(tenant),    p_text(l->id),   p_text(problem_id),
                             p_text(other_id), p_text(l->kind), p_int(l->parts),
                             p_text(l->text),  p_text(event_id)};
    return db_queue_add(q, &problem_link_insert, params, (struct db_sink){NULL, NULL, 1});
}
