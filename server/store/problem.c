#include "server/store/problem.h"

#include "proto/base/uuid7.h"
#include "server/store/light.h"

/* $2 and $3: the day lights are judged on, and how soon is soon. */
#define PROBLEM_SELECT                                                                             \
    "SELECT p.id, p.ref, i.id, i.code, i.plan_state = 'APPROVED', p.no, p.title, p.state, it.id,"  \
    "       it.no, it.title, ou.id, ou.code, ou.kind, os.id, os.code, p.origin, p.round,"          \
    "       p.closing_report, p.lessons, p.group_opinion, p.applied_ms, p.forwarded_ms,"           \
    "       p.closed_day, p.note, p.version, r.id, h.ref,"                                         \
    "       n.total, n.done, n.sustaining, n.overdue"                                              \
    "  FROM problem p"                                                                             \
    "  JOIN inspection i ON i.tenant = p.tenant AND i.id = p.inspection"                           \
    "  JOIN item it ON it.tenant = p.tenant AND it.id = p.item"                                    \
    "  LEFT JOIN org ou ON ou.tenant = p.tenant AND ou.id = p.lead_org"                            \
    "  LEFT JOIN org os ON os.tenant = p.tenant AND os.id = p.sgroup_org"                          \
    "  LEFT JOIN sitting_row r ON r.tenant = p.tenant AND r.problem = p.id AND r.state = "         \
    "'PENDING'"                                                                                    \
    "  LEFT JOIN sitting h ON h.tenant = r.tenant AND h.id = r.sitting"                            \
    " CROSS JOIN LATERAL (SELECT count(*) AS total,"                                               \
    "         count(*) FILTER (WHERE m.state IN ('DONE', 'SUSTAINING')) AS done,"                  \
    "         count(*) FILTER (WHERE m.state = 'SUSTAINING') AS sustaining,"                       \
    "         count(*) FILTER (WHERE (" SQL_MEASURE_LIGHT(                                         \
        "m", "$2::date",                                                                           \
        "$3::int") ") = 3) AS overdue"                                                             \
                   "         FROM measure m WHERE m.tenant = p.tenant AND m.problem = p.id"        \
                   "          AND m.state NOT IN ('SUPERSEDED', 'CANCELLED')) n"                   \
                   " WHERE p.tenant = $1"
#define LOCKED " ORDER BY p.id FOR UPDATE OF p"

static const struct statement problem_list = {
    .name = "problem_list",
    .params = 7,
    .sql = PROBLEM_SELECT " AND ($4::text IS NULL OR p.ref = $4 OR p.id::text = $4)"
                          " AND ($5::text IS NULL OR i.code = $5) AND ($6::int < 0 OR it.no = $6)"
                          " AND ($7::text IS NULL OR ou.code = $7)"
                          " ORDER BY i.code, p.ref COLLATE \"C\" LIMIT 2000",
};
static const struct statement problem_lock_refs = {
    .name = "problem_lock_refs",
    .params = 5,
    .sql =
        PROBLEM_SELECT " AND p.ref = ANY ($4::text[]) AND ($5::text IS NULL OR i.code = $5)" LOCKED,
};
static const struct statement problem_lock_ids = {
    .name = "problem_lock_ids",
    .params = 5,
    .sql =
        PROBLEM_SELECT " AND p.id = ANY ($4::uuid[]) AND ($5::text IS NULL OR i.code = $5)" LOCKED,
};
static const struct statement problem_by_ids = {
    .name = "problem_by_ids",
    .params = 4,
    .sql = PROBLEM_SELECT " AND p.id = ANY ($4::uuid[]) ORDER BY p.ref COLLATE \"C\", p.id",
};
static const struct statement problem_lock_of_measure = {
    .name = "problem_lock_of_measure",
    .params = 5,
    .sql = PROBLEM_SELECT " AND p.id IN (SELECT m.problem FROM measure m WHERE m.tenant = $1"
                          "               AND (m.ref = $4 OR m.id::text = $4))"
                          " AND ($5::text IS NULL OR i.code = $5)" LOCKED,
};
static const struct statement problem_lock_of_measures = {
    .name = "problem_lock_of_measures",
    .params = 5,
    .sql = PROBLEM_SELECT " AND p.id IN (SELECT m.problem FROM measure m WHERE m.tenant = $1"
                          "               AND m.id = ANY ($4::uuid[]))"
                          " AND ($5::text IS NULL OR i.code = $5)" LOCKED,
};

static const struct statement problem_measures = {
    .name = "problem_measures",
    .params = 2,
    .sql = "SELECT m.problem, m.id, m.ref, m.state, m.version FROM measure m"
           " WHERE m.tenant = $1 AND m.problem = ANY ($2::uuid[]) ORDER BY m.problem, m.no, m.id",
};

static const struct statement problem_update_row = {
    .name = "problem_update_row",
    .params = 17,
    .sql = "UPDATE problem SET state = $4, title = $5, lead_org = $6, sgroup_org = $7, origin = $8,"
           "       round = $9, closing_report = $10, lessons = $11, group_opinion = $12,"
           "       applied_ms = nullif($13::bigint, 0), forwarded_ms = nullif($14::bigint, 0),"
           "       closed_day = $15, note = $16, version = version + 1, event_id = $17"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

/* An org that lost its part in the problem still sees measures it has a part in by themselves. */
static const struct statement problem_access_clear = {
    .name = "problem_access_clear",
    .params = 2,
    .sql = "DELETE FROM access a USING measure m"
           " WHERE a.tenant = $1 AND a.problem = $2 AND m.tenant = a.tenant AND m.id = a.measure"
           "   AND a.org NOT IN (SELECT o.org FROM problem p"
           "       CROSS JOIN LATERAL (SELECT m.lead_org AS org UNION ALL SELECT m.leader_org"
           "         UNION ALL SELECT p.lead_org UNION ALL SELECT p.sgroup_org"
           "         UNION ALL SELECT x.org FROM participant x"
           "                    WHERE x.tenant = m.tenant AND x.measure = m.id) o"
           "       WHERE p.tenant = $1 AND p.id = $2 AND o.org IS NOT NULL)",
};
static const struct statement problem_access_fill = {
    .name = "problem_access_fill",
    .params = 2,
    .sql = "INSERT INTO access (tenant, measure, org, problem)"
           " SELECT DISTINCT m.tenant, m.id, o.org, m.problem"
           "   FROM measure m JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"
           "   CROSS JOIN LATERAL (SELECT p.lead_org AS org UNION ALL SELECT p.sgroup_org) o"
           "  WHERE m.tenant = $1 AND m.problem = $2 AND o.org IS NOT NULL"
           " ON CONFLICT ON CONSTRAINT access_pk DO NOTHING",
};

static const struct statement problem_link = {
    .name = "problem_link",
    .params = 6,
    .sql = "INSERT INTO problem_evidence (tenant, problem, evidence, round, linked_ms, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6)"
           " ON CONFLICT ON CONSTRAINT problem_evidence_pk DO NOTHING",
};

/* The inspection's lock keeps two registrations from taking one number. */
static const struct statement problem_place = {
    .name = "problem_place",
    .params = 3,
    .sql = "SELECT i.id, i.code, i.plan_state = 'APPROVED', it.id, it.title,"
           "       (SELECT coalesce(max(p.no), 0) + 1 FROM problem p WHERE p.tenant = i.tenant"
           "           AND p.inspection = i.id AND p.origin <> 'FEEDBACK')"
           "  FROM inspection i"
           "  LEFT JOIN item it ON it.tenant = i.tenant AND it.inspection = i.id AND it.no = $3"
           " WHERE i.tenant = $1 AND ($2::text IS NULL OR i.code = $2)"
           " ORDER BY i.id FOR UPDATE OF i",
};

static const struct statement problem_insert_row = {
    .name = "problem_insert_row",
    .params = 13,
    .sql = "INSERT INTO problem (tenant, id, inspection, item, no, ref, title, origin, lead_org,"
           "       sgroup_org, state, note, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13)",
};

static const struct statement problem_closings = {
    .name = "problem_closings",
    .params = 2,
    .sql = "SELECT s.ref, to_char(s.day, 'YYYY-MM-DD'), r.state, r.reason, r.decided_ms,"
           "       r.problem_version, encode(r.record_sha256, 'hex')"
           "  FROM sitting_row r JOIN sitting s ON s.tenant = r.tenant AND s.id = r.sitting"
           " WHERE r.tenant = $1 AND r.problem = $2"
           "   AND r.state IN ('CLOSED', 'SUSTAINED', 'REFUSED')"
           " ORDER BY r.decided_ms, s.no LIMIT 2000",
};

const struct statement *const problem_statements[] = {&problem_list,
                                                      &problem_lock_refs,
                                                      &problem_lock_ids,
                                                      &problem_by_ids,
                                                      &problem_lock_of_measure,
                                                      &problem_lock_of_measures,
                                                      &problem_measures,
                                                      &problem_update_row,
                                                      &problem_access_clear,
                                                      &problem_access_fill,
                                                      &problem_link,
                                                      &problem_place,
                                                      &problem_insert_row,
                                                      &problem_closings,
                                                      NULL};

static void
take_closing_part(struct problem_record *p, const struct db_row *row, struct arena *a)
{
    p->round = (int32_t)db_int(row, 17);
    p->closing_report = db_text(row, 18, a);
    p->lessons = db_text(row, 19, a);
    p->group_opinion = db_text(row, 20, a);
    p->applied_ms = db_int(row, 21);
    p->forwarded_ms = db_int(row, 22);
    p->closed_day = db_day(row, 23);
    p->note = db_text(row, 24, a);
    p->version = db_int(row, 25);
    p->sitting = (struct org_name){db_text(row, 26, a), db_text(row, 27, a)};
    p->measures = (int32_t)db_int(row, 28);
    p->measures_done = (int32_t)db_int(row, 29);
    p->measures_sustaining = (int32_t)db_int(row, 30);
    p->measures_overdue = (int32_t)db_int(row, 31);
}

static enum status
take_problem(void *ctx, const struct db_row *row, struct arena *a)
{
    struct problem_list *list = ctx;
    struct problem_record *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct problem_record){
        .id = db_text(row, 0, a),
        .ref = db_text(row, 1, a),
        .inspection_id = db_text(row, 2, a),
        .inspection = db_text(row, 3, a),
        .plan_approved = db_bool(row, 4),
        .no = (int32_t)db_int(row, 5),
        .title = db_text(row, 6, a),
        .state = db_text(row, 7, a),
        .item_id = db_text(row, 8, a),
        .item_no = (int32_t)db_int(row, 9),
        .item_title = db_text(row, 10, a),
        .lead = {db_text(row, 11, a), db_text(row, 12, a)},
        .lead_kind = db_text(row, 13, a),
        .sgroup = {db_text(row, 14, a), db_text(row, 15, a)},
        .origin = db_text(row, 16, a),
    };
    take_closing_part(p, row, a);
    if (p->id == NULL || p->ref == NULL || p->title == NULL || p->state == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
problem_queue_list(struct db_queue *q, int tenant, const struct problem_filter *filter,
                   struct problem_list *ret)
{
    struct param params[] = {
        p_int(tenant),        p_day(filter->as_of),       p_int(filter->soon_days),
        p_text(filter->ref),  p_text(filter->inspection), p_int(filter->item_no),
        p_text(filter->unit),
    };
    return db_queue_add(q, &problem_list, params,
                        (struct db_sink){take_problem, ret, DB_ANY_COUNT});
}

/* Lights are not asked for here. */
static enum status
queue_named(struct db_queue *q, const struct statement *st, int tenant, const char *names,
            const char *inspection, struct problem_list *ret)
{
    struct param params[] = {p_int(tenant), p_null(), p_int(0), p_text(names), p_text(inspection)};
    return db_queue_add(q, st, params, (struct db_sink){take_problem, ret, DB_ANY_COUNT});
}

enum status
problem_queue_lock(struct db_queue *q, int tenant, const struct text_list *refs,
                   const char *inspection, struct arena *a, struct problem_list *ret)
{
    struct text_list by_ref = {0};
    struct text_list by_id = {0};
    for (size_t i = 0; i < refs->count; i++) {
        struct text_list *list = uuid_text_valid(refs->items[i]) ? &by_id : &by_ref;
        if (!text_list_add(list, a, refs->items[i])) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    enum status s = STATUS_OK;
    if (by_ref.count > 0) {
        s = queue_named(q, &problem_lock_refs, tenant, text_list_literal(&by_ref, a), inspection,
                        ret);
    }
    if (s == STATUS_OK && by_id.count > 0) {
        s = queue_named(q, &problem_lock_ids, tenant, text_list_literal(&by_id, a), inspection,
                        ret);
    }
    return s;
}

enum status
problem_queue_lock_of_measure(struct db_queue *q, int tenant, const char *measure_ref,
                              const char *inspection, struct problem_list *ret)
{
    return queue_named(q, &problem_lock_of_measure, tenant, measure_ref, inspection, ret);
}

enum status
problem_queue_lock_of_measures(struct db_queue *q, int tenant, const struct text_list *ids,
                               struct arena *a, struct problem_list *ret)
{
    return queue_named(q, &problem_lock_of_measures, tenant, text_list_literal(ids, a), NULL, ret);
}

enum status
problem_queue_by_ids(struct db_queue *q, int tenant, const struct text_list *ids, struct arena *a,
                     struct problem_list *ret)
{
    struct param params[] = {p_int(tenant), p_null(), p_int(0), p_text(text_list_literal(ids, a))};
    return db_queue_add(q, &problem_by_ids, params,
                        (struct db_sink){take_problem, ret, DB_ANY_COUNT});
}

static enum status
take_measure_of(void *ctx, const struct db_row *row, struct arena *a)
{
    struct problem_measure_list *list = ctx;
    struct problem_measure *m =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *m);
    if (m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = (struct problem_measure){db_text(row, 0, a), db_text(row, 1, a), db_text(row, 2, a),
                                  db_text(row, 3, a), db_int(row, 4)};
    if (m->problem_id == NULL || m->id == NULL || m->ref == NULL || m->state == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
problem_queue_measures(struct db_queue *q, int tenant, const struct text_list *ids, struct arena *a,
                       struct problem_measure_list *ret)
{
    return db_queue_add(q, &problem_measures,
                        (struct param[]){p_int(tenant), p_text(text_list_literal(ids, a))},
                        (struct db_sink){take_measure_of, ret, DB_ANY_COUNT});
}

enum status
problem_queue_update(struct db_queue *q, int tenant, const struct problem_record *p,
                     int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),        p_text(p->id),
        p_int(expected),      p_text(p->state),
        p_text(p->title),     p_text(p->lead.id),
        p_text(p->sgroup.id), p_text(p->origin),
        p_int(p->round),      p_text(p->closing_report),
        p_text(p->lessons),   p_text(p->group_opinion),
        p_int(p->applied_ms), p_int(p->forwarded_ms),
        p_day(p->closed_day), p_text(p->note),
        p_text(event_id),
    };
    return db_queue_add(q, &problem_update_row, params, (struct db_sink){NULL, NULL, 1});
}

enum status
problem_queue_access(struct db_queue *q, int tenant, const char *problem_id)
{
    struct param params[] = {p_int(tenant), p_text(problem_id)};
    struct db_sink any = {NULL, NULL, DB_ANY_COUNT};
    enum status s = db_queue_add(q, &problem_access_clear, params, any);
    return s == STATUS_OK ? db_queue_add(q, &problem_access_fill, params, any) : s;
}

enum status
problem_queue_link(struct db_queue *q, int tenant, const struct problem_record *p,
                   const char *evidence_id, int64_t now_ms, const char *event_id)
{
    struct param params[] = {p_int(tenant),   p_text(p->id), p_text(evidence_id),
                             p_int(p->round), p_int(now_ms), p_text(event_id)};
    /* A file handed in again in the same round is linked already. */
    return db_queue_add(q, &problem_link, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}

static enum status
take_place(void *ctx, const struct db_row *row, struct arena *a)
{
    struct problem_place *place = ctx;
    int32_t seen = place->inspections + 1;
    *place = (struct problem_place){
        .inspection_id = db_text(row, 0, a),
        .inspection = db_text(row, 1, a),
        .inspections = seen,
        .plan_approved = db_bool(row, 2),
        .item_id = db_text(row, 3, a),
        .item_title = db_text(row, 4, a),
        .next_no = (int32_t)db_int(row, 5),
    };
    return STATUS_OK;
}

enum status
problem_queue_place(struct db_queue *q, int tenant, const char *inspection, int32_t item_no,
                    struct problem_place *ret)
{
    return db_queue_add(q, &problem_place,
                        (struct param[]){p_int(tenant), p_text(inspection), p_int(item_no)},
                        (struct db_sink){take_place, ret, DB_ANY_COUNT});
}

enum status
problem_queue_insert(struct db_queue *q, int tenant, const struct problem_record *p,
                     const char *event_id)
{
    struct param params[] = {
        p_int(tenant),      p_text(p->id),        p_text(p->inspection_id), p_text(p->item_id),
        p_int(p->no),       p_text(p->ref),       p_text(p->title),         p_text(p->origin),
        p_text(p->lead.id), p_text(p->sgroup.id), p_text(p->state),         p_text(p->note),
        p_text(event_id),
    };
    return db_queue_add(q, &problem_insert_row, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_closing(void *ctx, const struct db_row *row, struct arena *a)
{
    struct closing_list *list = ctx;
    Pb__Closing **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Closing *c = arena_alloc(a, sizeof *c);
    if (slot == NULL || c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__closing__init(c);
    c->sitting = db_text(row, 0, a);
    c->day = db_text(row, 1, a);
    c->result = db_text(row, 2, a);
    c->reason = db_text(row, 3, a);
    c->has_decided_at_ms = c->has_problem_version = 1;
    c->decided_at_ms = db_int(row, 4);
    c->problem_version = db_int(row, 5);
    c->record = db_text(row, 6, a);
    *slot = c;
    list->count++;
    return STATUS_OK;
}

enum status
problem_queue_closings(struct db_queue *q, int tenant, const char *problem_id,
                       struct closing_list *ret)
{
    return db_queue_add(q, &problem_closings, (struct param[]){p_int(tenant), p_text(problem_id)},
                        (struct db_sink){take_closing, ret, DB_ANY_COUNT});
}
