#include "server/store/problem.h"

#include "server/store/light.h"

static const struct statement problem_list = {
    .name = "problem_list",
    .params = 7,
    .sql = "SELECT p.id, p.ref, i.code, p.no, p.title, p.state, it.no, it.title, ou.code, os.code,"
           "       p.origin, p.version, n.total, n.done, n.overdue"
           "  FROM problem p"
           "  JOIN inspection i ON i.tenant = p.tenant AND i.id = p.inspection"
           "  JOIN item it ON it.tenant = p.tenant AND it.id = p.item"
           "  LEFT JOIN org ou ON ou.tenant = p.tenant AND ou.id = p.lead_org"
           "  LEFT JOIN org os ON os.tenant = p.tenant AND os.id = p.sgroup_org"
           " CROSS JOIN LATERAL (SELECT count(*) AS total,"
           "         count(*) FILTER (WHERE m.state IN ('DONE', 'SUSTAINING')) AS done,"
           "         count(*) FILTER (WHERE (" SQL_MEASURE_LIGHT(
               "m", "$6::date",
               "$7::int") ") = 3) AS overdue"
                          "         FROM measure m WHERE m.tenant = p.tenant AND m.problem = p.id"
                          "          AND m.state NOT IN ('SUPERSEDED', 'CANCELLED')) n"
                          " WHERE p.tenant = $1 AND ($2::text IS NULL OR p.ref = $2 OR p.id::text "
                          "= $2)"
                          "   AND ($3::text IS NULL OR i.code = $3) AND ($4::int < 0 OR it.no = $4)"
                          "   AND ($5::text IS NULL OR ou.code = $5)"
                          " ORDER BY i.code, p.ref COLLATE \"C\" LIMIT 2000",
};

const struct statement *const problem_statements[] = {&problem_list, NULL};

static enum status
take_problem(void *ctx, const struct db_row *row, struct arena *a)
{
    struct problem_list *list = ctx;
    Pb__Problem **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Problem *p = arena_alloc(a, sizeof *p);
    if (slot == NULL || p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__problem__init(p);
    p->id = db_text(row, 0, a);
    p->ref = db_text(row, 1, a);
    p->inspection = db_text(row, 2, a);
    p->has_no = p->has_item_no = p->has_version = 1;
    p->no = (int32_t)db_int(row, 3);
    p->title = db_text(row, 4, a);
    p->state = db_text(row, 5, a);
    p->item_no = (int32_t)db_int(row, 6);
    p->item_title = db_text(row, 7, a);
    p->lead_unit = db_text(row, 8, a);
    p->special_group = db_text(row, 9, a);
    p->origin = db_text(row, 10, a);
    p->version = db_int(row, 11);
    p->has_measures = p->has_measures_done = p->has_measures_overdue = 1;
    p->measures = (int32_t)db_int(row, 12);
    p->measures_done = (int32_t)db_int(row, 13);
    p->measures_overdue = (int32_t)db_int(row, 14);
    *slot = p;
    list->count++;
    return STATUS_OK;
}

enum status
problem_queue_list(struct db_queue *q, int tenant, const struct problem_filter *filter,
                   struct problem_list *ret)
{
    struct param params[] = {
        p_int(tenant),
        p_text(filter->ref),
        p_text(filter->inspection),
        p_int(filter->item_no),
        p_text(filter->unit),
        p_day(filter->as_of),
        p_int(filter->soon_days),
    };
    return db_queue_add(q, &problem_list, params,
                        (struct db_sink){take_problem, ret, DB_ANY_COUNT});
}
