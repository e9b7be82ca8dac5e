/* Reports over the history: how old, how long, why. Not for every day: they read much. */
#include "server/store/status.h"

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
 * reason is "CODE text". */
#define CODE_OF(reason) "coalesce(substring(" reason " FROM '^([A-Z][A-Z_]+)( |$)'), 'OTHER')"
static const struct statement status_causes = {
    .name = "status_causes",
    .params = 5,
    .sql =
        "WITH given AS (  SELECT CASE c.command WHEN 'return' THEN 'RETURN'"
        " WHEN 'refuse' THEN 'REFUSE'             WHEN 'object' THEN 'OBJECT'"
        " ELSE 'REOPEN' END AS kind,         " CODE_OF("c.reason")
        " AS code, coalesce(m.problem, p.id) AS problem, c.thing    FROM event_change c"
        "    LEFT JOIN measure m ON c.kind = 'measure' AND m.tenant = $1 AND m.id = c.thing"
        "    LEFT JOIN problem p ON c.kind = 'problem' AND p.tenant = $1 AND p.id = c.thing"
        "   WHERE c.tenant = $1 AND c.event_id >= $5::uuid AND c.recorded_ms >= $3::bigint"
        "     AND c.recorded_ms < $4::bigint AND c.kind IN ('measure', 'problem')"
        "     AND c.command IN ('return', 'refuse', 'object', 'fail', 'reopen')"
        "  UNION ALL SELECT 'ROW_RETURN', coalesce(nullif(v.reason_code, ''), 'OTHER'),"
        " m.problem,         v.measure    FROM table_row_version v"
        " JOIN measure m ON m.tenant = $1 AND m.id = v.measure   WHERE v.tenant = $1"
        " AND v.verdict = 3 AND v.event_id >= $5::uuid"
        "     AND status_event_ms(v.event_id) >= $3::bigint"
        "     AND status_event_ms(v.event_id) < $4::bigint  UNION ALL SELECT CASE x.kind"
        " WHEN 'extension' THEN 'EXTENSION' ELSE 'DIFFICULTY' END,"
        "         coalesce(nullif(x.reason_code, ''), 'OTHER'), coalesce(m.problem, x.problem),"
        "         coalesce(x.measure, x.problem)    FROM matter x LEFT"
        " JOIN measure m ON m.tenant = $1 AND m.id = x.measure   WHERE x.tenant = $1"
        " AND x.kind IN ('extension', 'consultation')     AND x.opened_ms >= $3::bigint"
        " AND x.opened_ms < $4::bigint) SELECT g.kind, g.code, it.no, it.title, i.code,"
        " count(*), count(DISTINCT g.thing),        count(DISTINCT p.lead_org)   FROM given g"
        " JOIN problem p ON p.tenant = $1 AND p.id = g.problem"
        "   JOIN item it ON it.tenant = $1 AND it.id = p.item"
        "   JOIN inspection i ON i.tenant = $1 AND i.id = p.inspection"
        "  WHERE $2::text IS NULL OR i.code = $2"
        "  GROUP BY g.kind, g.code, it.no, it.title, i.code"
        "  ORDER BY array_position(ARRAY['RETURN', 'ROW_RETURN', 'REFUSE', 'REOPEN', 'OBJECT',"
        "           'EXTENSION', 'DIFFICULTY'], g.kind), g.code, i.code, it.no LIMIT 2000",
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

const struct statement *const status_report_statements[] = {&status_ages, &status_stages,
                                                            &status_causes, &status_repeats, NULL};

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
