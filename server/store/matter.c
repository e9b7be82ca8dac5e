#include "server/store/matter.h"

#include "proto/base/uuid7.h"

/* ---- statements ---- */

#define MATTER_COLUMNS(text, answer)                                                               \
    "SELECT x.id, x.kind, x.ref, x.inspection, i.code, x.problem, p.ref, x.measure, m.ref,"        \
    "       coalesce(x.milestone, 0), x.org, o.code, x.holder, h.code, x.issuer, s.code, x.state," \
    "       x.level, x.ordinal, x.urgent, x.late, x.late_days, x.title, " text ", " answer ","     \
    "       x.due, x.new_due, x.old_due, x.scheduled_day, x.former, f.ref, x.origin, x.per_unit,"  \
    "       x.seed, x.private_sha256, x.reason_code, x.reason, x.opened_ms, x.state_ms,"           \
    "       x.opened_by, x.version"
#define MATTER_TABLES                                                                              \
    "  FROM matter x"                                                                              \
    "  LEFT JOIN inspection i ON i.tenant = x.tenant AND i.id = x.inspection"                      \
    "  LEFT JOIN problem p ON p.tenant = x.tenant AND p.id = x.problem"                            \
    "  LEFT JOIN measure m ON m.tenant = x.tenant AND m.id = x.measure"                            \
    "  LEFT JOIN org o ON o.tenant = x.tenant AND o.id = x.org"                                    \
    "  LEFT JOIN org h ON h.tenant = x.tenant AND h.id = x.holder"                                 \
    "  LEFT JOIN org s ON s.tenant = x.tenant AND s.id = x.issuer"                                 \
    "  LEFT JOIN matter f ON f.tenant = x.tenant AND f.id = x.former"                              \
    " WHERE x.tenant = $1"
#define MATTER_SELECT MATTER_COLUMNS("x.text", "x.answer") MATTER_TABLES
/* Which states end a matter is the machines' to say: "kind:STATE" of each comes as a list. */
#define OPEN "NOT (x.kind || ':' || x.state) = ANY ($14::text[])"
#define OWES_TASK                                                                                  \
    "EXISTS (SELECT 1 FROM matter_task t WHERE t.tenant = x.tenant AND t.matter = x.id"            \
    " AND t.org = $9 AND t.done_day IS NULL)"

static const struct statement matter_by_ref = {"matter_by_ref", MATTER_SELECT " AND x.ref = $2", 2};
static const struct statement matter_by_id = {"matter_by_id", MATTER_SELECT " AND x.id = $2", 2};
static const struct statement matter_by_ref_locked = {
    "matter_by_ref_locked", MATTER_SELECT " AND x.ref = $2 FOR UPDATE OF x", 2};
static const struct statement matter_by_id_locked = {
    "matter_by_id_locked", MATTER_SELECT " AND x.id = $2 FOR UPDATE OF x", 2};

static const struct statement matter_list = {
    .name = "matter_list",
    .params = 14,
    .sql = MATTER_COLUMNS("left(x.text, 200)", "NULL") MATTER_TABLES
    " AND ($2::text IS NULL OR x.kind = $2) AND ($3::text IS NULL OR x.state = $3)"
    " AND ($4::text IS NULL OR o.code = $4) AND ($5::text IS NULL OR m.ref = $5)"
    " AND ($6::text IS NULL OR h.code = $6) AND ($7::text IS NULL OR i.code = $7)"
    " AND ($8::text IS NULL OR (x.opened_ms, x.ref) <"
    "      (SELECT a.opened_ms, a.ref FROM matter a WHERE a.tenant = $1 AND a.ref = $8))"
    " AND ($9::uuid IS NULL OR (" OPEN " AND (x.holder = $9 OR " OWES_TASK ")))"
    " AND (NOT $10::boolean OR (x.due < $12::date AND " OPEN "))"
    " AND (NOT $11::boolean OR " OPEN ")"
    " ORDER BY x.opened_ms DESC, x.ref DESC LIMIT $13::int",
};

static const struct statement matter_of_measures = {
    "matter_of_measures",
    MATTER_SELECT " AND x.kind = $2 AND x.measure = ANY ($3::uuid[]) ORDER BY x.opened_ms, x.ref",
    3};
static const struct statement matter_of_unit = {
    .name = "matter_of_unit",
    .params = 4,
    .sql = MATTER_SELECT " AND x.kind = $2 AND x.measure IS NULL AND x.org = $3"
                         " AND x.problem IS NOT DISTINCT FROM $4::uuid ORDER BY x.opened_ms, x.ref",
};

static const struct statement matter_unanswered = {
    .name = "matter_unanswered",
    .params = 3,
    .sql = MATTER_SELECT " AND x.kind = 'notice' AND x.state IN ('ISSUED', 'SIGNED_FOR')"
                         " AND x.due < $2::date ORDER BY x.id LIMIT $3::int"
                         " FOR UPDATE OF x SKIP LOCKED",
};

/* The first number of a kind makes its row; an update that changes nothing still locks it. */
static const struct statement matter_counter_take = {
    .name = "matter_counter_take",
    .params = 2,
    .sql = "INSERT INTO matter_counter AS c (tenant, kind, last) VALUES ($1, $2, 0)"
           " ON CONFLICT (tenant, kind) DO UPDATE SET last = c.last RETURNING last",
};

static const struct statement matter_counter_set = {
    .name = "matter_counter_set",
    .params = 3,
    .sql = "UPDATE matter_counter SET last = $3::int"
           " WHERE tenant = $1 AND kind = $2 AND last <= $3::int",
};

static const struct statement matter_insert = {
    .name = "matter_insert",
    .params = 36,
    .sql = "INSERT INTO matter (tenant, id, kind, ref, inspection, problem, measure, milestone,"
           "  org, holder, issuer, state, level, ordinal, urgent, late, late_days, title, text,"
           "  answer, due, new_due, old_due, scheduled_day, former, origin, per_unit, seed,"
           "  private_sha256, reason_code, reason, opened_ms, state_ms, opened_by, version,"
           "  event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8::int, 0)::smallint, $9, $10, $11, $12,"
           "  $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29,"
           "  $30, $31, $32, $33, $34, $35, $36)",
};

static const struct statement matter_update = {
    .name = "matter_update",
    .params = 22,
    .sql = "UPDATE matter SET org = $4, holder = $5, issuer = $6, state = $7, urgent = $8,"
           "       title = $9, text = $10, answer = $11, due = $12, scheduled_day = $13,"
           "       former = $14, per_unit = $15, seed = $16, private_sha256 = $17,"
           "       reason_code = $18, reason = $19, state_ms = $20, level = $21,"
           "       version = version + 1, event_id = $22"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement matter_concentrated_end = {
    .name = "matter_concentrated_end",
    .params = 2,
    .sql = "SELECT max(coalesce(held_day, planned_day)) FROM inspection_date"
           " WHERE tenant = $1 AND inspection = $2 AND kind = 'CONCENTRATED_END'",
};

const struct statement *const matter_statements[] = {&matter_by_ref,
                                                     &matter_by_id,
                                                     &matter_by_ref_locked,
                                                     &matter_by_id_locked,
                                                     &matter_list,
                                                     &matter_of_measures,
                                                     &matter_of_unit,
                                                     &matter_unanswered,
                                                     &matter_counter_take,
                                                     &matter_counter_set,
                                                     &matter_insert,
                                                     &matter_update,
                                                     &matter_concentrated_end,
                                                     NULL};

/* ---- rows ---- */

/* Columns 19 to 40. */
static void
take_rest(struct matter_record *m, const struct db_row *row, struct arena *a)
{
    m->urgent = db_bool(row, 19);
    m->late = db_bool(row, 20);
    m->late_days = (int32_t)db_int(row, 21);
    m->title = db_text(row, 22, a);
    m->text = db_text(row, 23, a);
    m->answer = db_text(row, 24, a);
    m->due = db_day(row, 25);
    m->new_due = db_day(row, 26);
    m->old_due = db_day(row, 27);
    m->scheduled_day = db_day(row, 28);
    m->former_id = db_text(row, 29, a);
    m->former = db_text(row, 30, a);
    m->origin = db_text(row, 31, a);
    m->per_unit = (int32_t)db_int(row, 32);
    m->seed = db_int(row, 33);
    m->private_sha256 = db_text(row, 34, a);
    m->reason_code = db_text(row, 35, a);
    m->reason = db_text(row, 36, a);
    m->opened_ms = db_int(row, 37);
    m->state_ms = db_int(row, 38);
    m->opened_by = db_text(row, 39, a);
    m->version = db_int(row, 40);
}

static enum status
take_matter(void *ctx, const struct db_row *row, struct arena *a)
{
    struct matter_list *list = ctx;
    struct matter_record *m =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *m);
    if (m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = (struct matter_record){
        .id = db_text(row, 0, a),
        .kind = db_text(row, 1, a),
        .ref = db_text(row, 2, a),
        .inspection_id = db_text(row, 3, a),
        .inspection = db_text(row, 4, a),
        .problem_id = db_text(row, 5, a),
        .problem_ref = db_text(row, 6, a),
        .measure_id = db_text(row, 7, a),
        .measure_ref = db_text(row, 8, a),
        .milestone = (int)db_int(row, 9),
        .org = {db_text(row, 10, a), db_text(row, 11, a)},
        .holder = {db_text(row, 12, a), db_text(row, 13, a)},
        .issuer = {db_text(row, 14, a), db_text(row, 15, a)},
        .state = db_text(row, 16, a),
        .level = (int)db_int(row, 17),
        .ordinal = (int)db_int(row, 18),
    };
    take_rest(m, row, a);
    if (m->id == NULL || m->kind == NULL || m->ref == NULL || m->state == NULL || m->text == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

static enum status
take_day(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(int32_t *)ctx = db_day(row, 0);
    return STATUS_OK;
}

/* ---- reads ---- */

enum status
matter_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                 struct matter_list *ret)
{
    bool by_id = uuid_text_valid(ref);
    const struct statement *st = by_id ? (lock ? &matter_by_id_locked : &matter_by_id)
                                       : (lock ? &matter_by_ref_locked : &matter_by_ref);
    return db_queue_add(q, st, (struct param[]){p_int(tenant), p_text(ref)},
                        (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

enum status
matter_queue_list(struct db_queue *q, int tenant, const struct matter_filter *f,
                  struct matter_list *ret)
{
    struct param params[] = {
        p_int(tenant),         p_text(f->kind),         p_text(f->state),
        p_text(f->unit),       p_text(f->measure_ref),  p_text(f->holder),
        p_text(f->inspection), p_text(f->after_ref),    p_text(f->mine),
        p_bool(f->overdue),    p_bool(f->open),         p_day(f->as_of),
        p_int(f->limit),       p_text(f->final_states),
    };
    return db_queue_add(q, &matter_list, params, (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

enum status
matter_queue_of_measures(struct db_queue *q, int tenant, const char *kind,
                         const struct text_list *measure_ids, struct arena *a,
                         struct matter_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(kind),
                             p_text(text_list_literal(measure_ids, a))};
    return db_queue_add(q, &matter_of_measures, params,
                        (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

enum status
matter_queue_of_unit(struct db_queue *q, int tenant, const char *kind, const char *org_id,
                     const char *problem_id, struct matter_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(kind), p_text(org_id), p_text(problem_id)};
    return db_queue_add(q, &matter_of_unit, params,
                        (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

enum status
matter_queue_unanswered(struct db_queue *q, int tenant, int32_t as_of, int32_t limit,
                        struct matter_list *ret)
{
    return db_queue_add(q, &matter_unanswered,
                        (struct param[]){p_int(tenant), p_day(as_of), p_int(limit)},
                        (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

enum status
matter_counter_queue_take(struct db_queue *q, int tenant, const char *kind, int32_t *ret_last)
{
    return db_queue_add(q, &matter_counter_take, (struct param[]){p_int(tenant), p_text(kind)},
                        (struct db_sink){db_take_int32, ret_last, 1});
}

enum status
matter_queue_concentrated_end(struct db_queue *q, int tenant, const char *inspection_id,
                              int32_t *ret_day)
{
    return db_queue_add(q, &matter_concentrated_end,
                        (struct param[]){p_int(tenant), p_text(inspection_id)},
                        (struct db_sink){take_day, ret_day, 1});
}

/* ---- writes ---- */

enum status
matter_counter_queue_set(struct db_queue *q, int tenant, const char *kind, int32_t last)
{
    return db_queue_add(q, &matter_counter_set,
                        (struct param[]){p_int(tenant), p_text(kind), p_int(last)},
                        (struct db_sink){NULL, NULL, 1});
}

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

enum status
matter_queue_insert(struct db_queue *q, int tenant, const struct matter_record *m,
                    const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(m->id),
        p_text(m->kind),
        p_text(m->ref),
        p_text(m->inspection_id),
        p_text(m->problem_id),
        p_text(m->measure_id),
        p_int(m->milestone),
        p_text(m->org.id),
        p_text(m->holder.id),
        p_text(m->issuer.id),
        p_text(m->state),
        p_int(m->level),
        p_int(m->ordinal),
        p_bool(m->urgent),
        p_bool(m->late),
        p_int(m->late_days),
        p_text(or_empty(m->title)),
        p_text(or_empty(m->text)),
        p_text(m->answer),
        p_day(m->due),
        p_day(m->new_due),
        p_day(m->old_due),
        p_day(m->scheduled_day),
        p_text(m->former_id),
        p_text(m->origin),
        p_int(m->per_unit),
        p_int(m->seed),
        p_text(m->private_sha256),
        p_text(m->reason_code),
        p_text(m->reason),
        p_int(m->opened_ms),
        p_int(m->state_ms),
        p_text(m->opened_by),
        p_int(m->version),
        p_text(event_id),
    };
    return db_queue_add(q, &matter_insert, params, (struct db_sink){NULL, NULL, 1});
}

enum status
matter_queue_update(struct db_queue *q, int tenant, const struct matter_record *m, int64_t expected,
                    const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(m->id),
        p_int(expected),
        p_text(m->org.id),
        p_text(m->holder.id),
        p_text(m->issuer.id),
        p_text(m->state),
        p_bool(m->urgent),
        p_text(or_empty(m->title)),
        p_text(or_empty(m->text)),
        p_text(m->answer),
        p_day(m->due),
        p_day(m->scheduled_day),
        p_text(m->former_id),
        p_int(m->per_unit),
        p_int(m->seed),
        p_text(m->private_sha256),
        p_text(m->reason_code),
        p_text(m->reason),
        p_int(m->state_ms),
        p_int(m->level),
        p_text(event_id),
    };
    return db_queue_add(q, &matter_update, params, (struct db_sink){NULL, NULL, 1});
}
