/* Reports over the history: how old, how long, why. Not for every day: they read much. */
#include "server/store/status.h"

#include "server/base/clock.h"
#include "server/store/status_count.h"

/* SQL reads better as it is laid out. */
/* clang-format off */
/* A class: kind, from, to (NULL: and more). */
static const struct statement status_ages = {
    .name = "status_ages",
    .params = 3,
    .sql =
        "WITH open AS (SELECT $3::int - (SELECT min(f.from_day) FROM status_span f"
        "             WHERE f.tenant = $1 AND f.kind = 1 AND f.thing = s.thing"
        " AND f.live) AS age,          CASE WHEN s.over_from <= $3::int THEN " STATUS_DAYS("s")
        " ELSE 0 END AS late        FROM status_span s WHERE s.tenant = $1 AND s.kind = 1"
        " AND s.live         AND s.num BETWEEN 2 AND 6 AND " STATUS_ON_DAY("s") "         AND "
        STATUS_BY_INSPECTION("s") ") SELECT c.kind, c.first, c.last, count(o.age) FROM (VALUES"
        "   ('OPEN', 0, 30), ('OPEN', 31, 60), ('OPEN', 61, 90), ('OPEN', 91, 180),"
        "   ('OPEN', 181, NULL), ('OVERDUE', 1, 7), ('OVERDUE', 8, 15), ('OVERDUE', 16, 30),"
        "   ('OVERDUE', 31, 90), ('OVERDUE', 91, NULL)) c (kind, first, last)  LEFT"
        " JOIN open o ON CASE c.kind WHEN 'OPEN' THEN o.age ELSE o.late END"
        "       BETWEEN c.first AND coalesce(c.last, " STATUS_NEVER ")"
        " GROUP BY c.kind, c.first, c.last ORDER BY c.kind, c.first",
};

/* $4: the instant after the day, $5: the tenant's offset. A matter's first state is waited in until
 * another version leaves it. */
static const struct statement status_stages = {
    .name = "status_stages",
    .params = 5,
    .sql =
        "WITH spent AS (SELECT s.num AS no, s.state AS stage, s.thing,"
        "          sum(least(s.to_day, $3::int) - s.from_day) AS days,"
        "          bool_or(s.to_day > $3::int) AS open        FROM status_span s"
        " WHERE s.tenant = $1 AND s.kind = 1         AND s.num IN (2, 3, 4, 5, 6, 8)"
        " AND s.from_day <= $3::int         AND " STATUS_BY_INSPECTION("s") " GROUP BY 1, 2, 3),"
        "  waited AS (SELECT CASE v.kind WHEN 'extension' THEN 21 ELSE 20 END AS no,"
        "          CASE v.kind WHEN 'extension' THEN 'EXTENSION_DECISION'"
        "               ELSE 'CONSULTATION_TRIAGE' END AS stage, v.id AS thing,"
        "          min(v.opened_ms) AS opened, min(v.state_ms) FILTER (WHERE v.state NOT IN"
        "               ('OPEN', 'SUBMITTED') AND v.state_ms < $4::bigint) AS left_at"
        "        FROM matter_version v WHERE v.tenant = $1"
        "         AND v.kind IN ('consultation', 'extension') AND v.opened_ms < $4::bigint"
        "         AND ($2::text IS NULL OR v.inspection =              (SELECT id"
        " FROM inspection WHERE tenant = $1 AND code = $2))        GROUP BY v.kind, v.id),"
        "  every AS (SELECT no, stage, thing, days, open FROM spent"
        "     UNION ALL SELECT no, stage, thing, ((coalesce(left_at, $4::bigint - 1) +"
        " $5::bigint)"
        "            / 86400000 - (opened + $5::bigint) / 86400000)::bigint, left_at IS NULL"
        "       FROM waited) SELECT stage, count(*), count(*) FILTER (WHERE open),"
        " sum(days)::bigint,"
        "        percentile_disc(0.5) WITHIN GROUP (ORDER BY days)::int, max(days)::int"
        "   FROM every GROUP BY no, stage ORDER BY no",
};

/* $3, $4: instants from and before; $5: the id an event of the first instant would have at least. A
 * reason is "CODE text". g is one reason given, p its problem, it its item, i its inspection. */
#define CODE_OF(reason) "coalesce(substring(" reason " FROM '^([A-Z][A-Z_]+)( |$)'), 'OTHER')"
#define GIVEN                                                                                      \
    "WITH given AS (SELECT CASE c.command WHEN 'return' THEN 'RETURN'"                             \
    "            WHEN 'refuse' THEN 'REFUSE' WHEN 'object' THEN 'OBJECT'"                          \
    "            ELSE 'REOPEN' END AS kind, " CODE_OF("c.reason") " AS code,"                      \
    "         coalesce(m.problem, p.id) AS problem, c.thing, m.ref AS measure,"                    \
    "         c.recorded_ms AS ms, c.reason"                                                       \
    "    FROM event_change c"                                                                      \
    "    LEFT JOIN measure m ON c.kind = 'measure' AND m.tenant = $1 AND m.id = c.thing"           \
    "    LEFT JOIN problem p ON c.kind = 'problem' AND p.tenant = $1 AND p.id = c.thing"           \
    "   WHERE c.tenant = $1 AND c.event_id >= $5::uuid AND c.recorded_ms >= $3::bigint"            \
    "     AND c.recorded_ms < $4::bigint AND c.kind IN ('measure', 'problem')"                     \
    "     AND c.command IN ('return', 'refuse', 'object', 'fail', 'reopen')"                       \
    "  UNION ALL SELECT 'ROW_RETURN', coalesce(nullif(v.reason_code, ''), 'OTHER'), m.problem,"    \
    "         v.measure, m.ref, status_event_ms(v.event_id), v.reason"                             \
    "    FROM table_row_version v JOIN measure m ON m.tenant = $1 AND m.id = v.measure"            \
    "   WHERE v.tenant = $1 AND v.verdict = 3 AND v.event_id >= $5::uuid"                          \
    "     AND status_event_ms(v.event_id) >= $3::bigint"                                           \
    "     AND status_event_ms(v.event_id) < $4::bigint"                                            \
    "  UNION ALL SELECT CASE x.kind WHEN 'extension' THEN 'EXTENSION' ELSE 'DIFFICULTY' END,"      \
    "         coalesce(nullif(x.reason_code, ''), 'OTHER'), coalesce(m.problem, x.problem),"       \
    "         coalesce(x.measure, x.problem), m.ref, x.opened_ms,"                                 \
    "         coalesce(nullif(x.text, ''), x.reason)"                                              \
    "    FROM matter x LEFT JOIN measure m ON m.tenant = $1 AND m.id = x.measure"                  \
    "   WHERE x.tenant = $1 AND x.kind IN ('extension', 'consultation')"                           \
    "     AND x.opened_ms >= $3::bigint AND x.opened_ms < $4::bigint)"
#define GIVEN_JOINS                                                                                \
    " FROM given g JOIN problem p ON p.tenant = $1 AND p.id = g.problem"                           \
    "   JOIN item it ON it.tenant = $1 AND it.id = p.item"                                         \
    "   JOIN inspection i ON i.tenant = $1 AND i.id = p.inspection"                                \
    "   AND ($2::text IS NULL OR i.code = $2)"
#define KIND_NO                                                                                    \
    "array_position(ARRAY['RETURN', 'ROW_RETURN', 'REFUSE', 'REOPEN', 'OBJECT', 'EXTENSION',"      \
    " 'DIFFICULTY'], g.kind)"
#define REACH                                                                                      \
    "count(*), count(DISTINCT p.lead_org), count(DISTINCT p.id), count(DISTINCT g.measure)"
#define COMMON " HAVING count(DISTINCT p.lead_org) >= $6::int"

static const struct statement status_causes = {
    .name = "status_causes",
    .params = 5,
    .sql =
        GIVEN " SELECT g.kind, g.code, it.no, it.title, i.code, count(*), count(DISTINCT g.thing),"
        "        count(DISTINCT p.lead_org)" GIVEN_JOINS
        "  GROUP BY g.kind, g.code, it.no, it.title, i.code"
        "  ORDER BY " KIND_NO ", g.code, i.code, it.no LIMIT 2000",
};

/* Common to at least $6 units: by cause, then by item. */
static const struct statement status_common = {
    .name = "status_common",
    .params = 6,
    .sql =
        GIVEN " (SELECT 'CAUSE', g.kind, g.code, NULL, NULL, NULL::int, NULL, " REACH GIVEN_JOINS
        "  GROUP BY g.kind, g.code" COMMON " ORDER BY " KIND_NO ", g.code)"
        " UNION ALL (SELECT 'ITEM', NULL, NULL, i.code, a.title, it.no, it.title, " REACH
        GIVEN_JOINS " LEFT JOIN aspect a ON a.tenant = $1 AND a.id = it.aspect"
        "  GROUP BY i.feedback_day, i.code, a.title, it.no, it.title" COMMON
        "  ORDER BY i.feedback_day, i.code, it.no LIMIT 1000)",
};

/* Every reason of a common cause. $7 the tenant's offset in minutes, $8 offset, $9 limit. */
static const struct statement status_common_list = {
    .name = "status_common_list",
    .params = 9,
    .sql =
        GIVEN ", common AS (SELECT g.kind, g.code" GIVEN_JOINS " GROUP BY g.kind, g.code" COMMON ")"
        " SELECT g.kind, g.code, i.code, a.title, it.no, it.title, p.ref, p.title, g.measure,"
        "        o.code, o.name, " STATUS_DATE("((g.ms + $7::bigint * 60000) / 86400000)::int")
        "        , regexp_replace(g.reason, '^[A-Z][A-Z_]+ ', '')" GIVEN_JOINS
        "   JOIN common c ON c.kind = g.kind AND c.code = g.code"
        "   LEFT JOIN aspect a ON a.tenant = $1 AND a.id = it.aspect"
        "   LEFT JOIN org o ON o.tenant = $1 AND o.id = p.lead_org"
        "  ORDER BY " KIND_NO ", g.code, i.feedback_day, i.code, it.no, p.ref COLLATE \"C\","
        "           g.measure COLLATE \"C\", g.ms, g.reason OFFSET $8::bigint LIMIT $9::int",
};

/* $3 the day: lead units and problems, of any origin. */
static const struct statement status_common_of = {
    .name = "status_common_of",
    .params = 3,
    .sql =
        "SELECT count(DISTINCT s.unit), count(*) FROM status_span s WHERE s.tenant = $1"
        " AND s.kind = 2 AND s.num > 0 AND " STATUS_ON_DAY("s") " AND " STATUS_BY_INSPECTION("s")
        " AND " STATUS_IN_SCOPE("s"),
};

/* $3: the instant after the day. */
static const struct statement status_repeats = {
    .name = "status_repeats",
    .params = 3,
    .sql =
        "WITH ins AS (SELECT id FROM inspection WHERE tenant = $1 AND ($2::text IS NULL"
        "       OR code = $2)),  rounds AS (SELECT v.id, max(v.round) AS round"
        " FROM measure_version v       WHERE v.tenant = $1 AND v.round > 1"
        " AND status_event_ms(v.event_id) < $3::bigint         AND v.inspection IN (SELECT id"
        " FROM ins) GROUP BY v.id),  asked AS (SELECT DISTINCT ON (v.id) v.id, v.state"
        " FROM matter_version v       WHERE v.tenant = $1 AND v.kind = 'extension'"
        "         AND status_event_ms(v.event_id) < $3::bigint"
        "         AND ($2::text IS NULL OR v.inspection IN (SELECT id FROM ins))"
        "       ORDER BY v.id, v.version DESC) SELECT 'ROUND', round::text, NULL::int, NULL,"
        " NULL, count(*), count(*), 0 FROM rounds  GROUP BY round"
        " UNION ALL SELECT 'EXTENSION', state, NULL, NULL, NULL, count(*), count(*), 0"
        " FROM asked  GROUP BY state ORDER BY 1 DESC, 2",
};

/* clang-format on */

const struct statement *const status_report_statements[] = {
    &status_ages,   &status_stages,      &status_causes,    &status_repeats,
    &status_common, &status_common_list, &status_common_of, NULL};

static enum status
take_age(void *ctx, const struct db_row *row, struct arena *a)
{
    struct age_list *list = ctx;
    Pb__AgeClass **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__AgeClass *c = arena_alloc(a, sizeof *c);
    if (slot == NULL || c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__age_class__init(c);
    c->kind = db_text(row, 0, a);
    c->has_from_days = c->has_measures = 1;
    c->from_days = (int32_t)db_int(row, 1);
    c->has_to_days = !db_is_null(row, 2);
    c->to_days = (int32_t)db_int(row, 2);
    c->measures = (int32_t)db_int(row, 3);
    *slot = c;
    list->count++;
    return STATUS_OK;
}

static enum status
take_stage(void *ctx, const struct db_row *row, struct arena *a)
{
    struct stage_list *list = ctx;
    Pb__StageTime **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__StageTime *t = arena_alloc(a, sizeof *t);
    if (slot == NULL || t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__stage_time__init(t);
    t->stage = db_text(row, 0, a);
    t->has_things = t->has_open = t->has_days_total = t->has_days_median = t->has_days_max = 1;
    t->things = (int32_t)db_int(row, 1);
    t->open = (int32_t)db_int(row, 2);
    t->days_total = db_int(row, 3);
    t->days_median = (int32_t)db_int(row, 4);
    t->days_max = (int32_t)db_int(row, 5);
    *slot = t;
    list->count++;
    return t->stage == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
take_cause(void *ctx, const struct db_row *row, struct arena *a)
{
    struct cause_list *list = ctx;
    Pb__Cause **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Cause *c = arena_alloc(a, sizeof *c);
    if (slot == NULL || c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__cause__init(c);
    c->kind = db_text(row, 0, a);
    c->code = db_text(row, 1, a);
    c->has_item_no = !db_is_null(row, 2);
    c->item_no = (int32_t)db_int(row, 2);
    c->item_title = db_text(row, 3, a);
    c->inspection = db_text(row, 4, a);
    c->has_count = c->has_things = c->has_units = 1;
    c->count = (int32_t)db_int(row, 5);
    c->things = (int32_t)db_int(row, 6);
    c->units = (int32_t)db_int(row, 7);
    *slot = c;
    list->count++;
    return c->kind == NULL || c->code == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
take_common(void *ctx, const struct db_row *row, struct arena *a)
{
    struct common_group_list *list = ctx;
    Pb__CommonGroup **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__CommonGroup *g = arena_alloc(a, sizeof *g);
    if (slot == NULL || g == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__common_group__init(g);
    g->by = db_text(row, 0, a);
    g->kind = db_text(row, 1, a);
    g->code = db_text(row, 2, a);
    g->inspection = db_text(row, 3, a);
    g->aspect = db_text(row, 4, a);
    g->has_item_no = !db_is_null(row, 5);
    g->item_no = (int32_t)db_int(row, 5);
    g->item_title = db_text(row, 6, a);
    g->has_count = g->has_units = g->has_problems = g->has_measures = 1;
    g->count = (int32_t)db_int(row, 7);
    g->units = (int32_t)db_int(row, 8);
    g->problems = (int32_t)db_int(row, 9);
    g->measures = (int32_t)db_int(row, 10);
    *slot = g;
    list->count++;
    return g->by == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
take_common_entry(void *ctx, const struct db_row *row, struct arena *a)
{
    struct common_entry_list *list = ctx;
    Pb__CommonEntry **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__CommonEntry *e = arena_alloc(a, sizeof *e);
    char day[DAY_TEXT_SIZE];
    if (slot == NULL || e == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__common_entry__init(e);
    e->kind = db_text(row, 0, a);
    e->code = db_text(row, 1, a);
    e->inspection = db_text(row, 2, a);
    e->aspect = db_text(row, 3, a);
    e->has_item_no = 1;
    e->item_no = (int32_t)db_int(row, 4);
    e->item_title = db_text(row, 5, a);
    e->problem_ref = db_text(row, 6, a);
    e->problem = db_text(row, 7, a);
    e->measure_ref = db_text(row, 8, a);
    e->unit = db_text(row, 9, a);
    e->unit_name = db_text(row, 10, a);
    e->day = arena_strdup(a, day_print(db_day(row, 11), day));
    e->reason = db_text(row, 12, a);
    *slot = e;
    list->count++;
    return e->problem_ref == NULL || e->day == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
take_common_of(void *ctx, const struct db_row *row, struct arena *a)
{
    struct common_scope *scope = ctx;
    (void)a;
    *scope = (struct common_scope){(int32_t)db_int(row, 0), (int32_t)db_int(row, 1)};
    return STATUS_OK;
}

enum status
status_queue_ages(struct db_queue *q, int tenant, const struct status_query *query,
                  struct age_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_int(query->as_of)};
    return db_queue_add(q, &status_ages, params, (struct db_sink){take_age, ret, DB_ANY_COUNT});
}

enum status
status_queue_stages(struct db_queue *q, int tenant, const struct status_query *query,
                    int64_t offset_ms, struct stage_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_int(query->as_of),
                             p_int(query->until_ms), p_int(offset_ms)};
    return db_queue_add(q, &status_stages, params, (struct db_sink){take_stage, ret, DB_ANY_COUNT});
}

enum status
status_queue_causes(struct db_queue *q, int tenant, const struct status_query *query,
                    int64_t since_ms, const char *since_id, struct cause_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_int(since_ms),
                             p_int(query->until_ms), p_text(since_id)};
    return db_queue_add(q, &status_causes, params, (struct db_sink){take_cause, ret, DB_ANY_COUNT});
}

enum status
status_queue_repeats(struct db_queue *q, int tenant, const struct status_query *query,
                     struct cause_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_int(query->until_ms)};
    return db_queue_add(q, &status_repeats, params,
                        (struct db_sink){take_cause, ret, DB_ANY_COUNT});
}

enum status
status_queue_common(struct db_queue *q, int tenant, const struct common_query *query,
                    struct common_scope *ret_scope, struct common_group_list *ret_groups)
{
    const struct status_query *st = query->status;
    struct param scope[] = {p_int(tenant), p_text(st->inspection), p_int(st->as_of)};
    struct param params[] = {p_int(tenant),       p_text(st->inspection),  p_int(query->since_ms),
                             p_int(st->until_ms), p_text(query->since_id), p_int(query->min_units)};
    enum status s =
        db_queue_add(q, &status_common_of, scope, (struct db_sink){take_common_of, ret_scope, 1});
    return s != STATUS_OK ? s
                          : db_queue_add(q, &status_common, params,
                                         (struct db_sink){take_common, ret_groups, DB_ANY_COUNT});
}

enum status
status_queue_common_list(struct db_queue *q, int tenant, const struct common_query *query,
                         int64_t offset, int32_t limit, struct common_entry_list *ret)
{
    const struct status_query *st = query->status;
    struct param params[] = {
        p_int(tenant),          p_text(st->inspection),  p_int(query->since_ms),
        p_int(st->until_ms),    p_text(query->since_id), p_int(query->min_units),
        p_int(query->zone_min), p_int(offset),           p_int(limit)};
    return db_queue_add(q, &status_common_list, params,
                        (struct db_sink){take_common_entry, ret, DB_ANY_COUNT});
}
