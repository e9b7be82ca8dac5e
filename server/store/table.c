#include "server/store/table.h"

#define TABLE_SELECT                                                                               \
    "SELECT t.id, t.inspection, i.code, t.org, o.code, o.name, t.period, t.due, t.grace_days,"     \
    "       t.state, t.submitted_ms, t.submitted_day, t.queued_ms, t.receipt, t.filled_by,"        \
    "       f.name, t.version,"                                                                    \
    "       (SELECT count(*) FROM table_row r WHERE r.tenant = t.tenant AND r.table_id = t.id),"   \
    "       (SELECT count(*) FROM table_row r WHERE r.tenant = t.tenant AND r.table_id = t.id"     \
    "           AND r.verdict = 2),"                                                               \
    "       (SELECT count(*) FROM table_row r WHERE r.tenant = t.tenant AND r.table_id = t.id"     \
    "           AND r.verdict = 3), o.kind = 'OFFICE'"                                             \
    "  FROM periodic_table t"                                                                      \
    "  JOIN inspection i ON i.tenant = t.tenant AND i.id = t.inspection"                           \
    "  JOIN org o ON o.tenant = t.tenant AND o.id = t.org"                                         \
    "  LEFT JOIN account f ON f.tenant = t.tenant AND f.id = t.filled_by"                          \
    " WHERE t.tenant = $1"

static const struct statement table_get = {"table_get", TABLE_SELECT " AND t.id = $2", 2};
static const struct statement table_get_locked = {"table_get_locked",
                                                  TABLE_SELECT " AND t.id = $2 FOR UPDATE OF t", 2};

static const struct statement table_find = {
    .name = "table_find",
    .params = 4,
    .sql = TABLE_SELECT
    " AND o.code = $2 AND ($3::text IS NULL OR t.period = $3)"
    " AND ($4::text IS NULL OR i.code = $4)"
    " ORDER BY (t.state IN ('OPEN', 'DRAFT', 'RETURNED')) DESC,"
    "          CASE WHEN t.state IN ('OPEN', 'DRAFT', 'RETURNED') THEN t.period END,"
    "          t.period DESC, i.code LIMIT 2",
};

static const struct statement table_list = {
    .name = "table_list",
    .params = 8,
    .sql = TABLE_SELECT
    " AND ($2::text IS NULL OR t.period = $2) AND ($3::text IS NULL OR o.code = $3)"
    " AND ($4::text IS NULL OR t.state = $4) AND ($5::text IS NULL OR i.code = $5)"
    " AND (NOT $6::boolean OR (t.state IN ('OPEN', 'DRAFT') AND t.due + t.grace_days < $7::date))"
    " ORDER BY t.period DESC, o.sort_order, o.code, i.code LIMIT $8::int",
};

#define ROW_COLUMNS                                                                                \
    "       m.ref, r.percent, r.narrative, r.difficulty, r.ask_help, r.claim, r.claim_verdict,"    \
    "       r.happened_day, r.lower_reason, r.verdict, r.reason_code, r.reason, r.version"         \
    "  FROM table_row r JOIN measure m ON m.tenant = r.tenant AND m.id = r.measure"
#define ROWS_OF_TABLE                                                                              \
    "SELECT r.measure," ROW_COLUMNS                                                                \
    " WHERE r.tenant = $1 AND r.table_id = $2 ORDER BY m.ref COLLATE \"C\""

static const struct statement table_rows = {"table_rows", ROWS_OF_TABLE, 2};
static const struct statement table_rows_locked = {"table_rows_locked",
                                                   ROWS_OF_TABLE " FOR UPDATE OF r", 2};

static const struct statement table_last_rows = {
    .name = "table_last_rows",
    .params = 2,
    .sql = "SELECT DISTINCT ON (r.measure) r.measure," ROW_COLUMNS
           "  JOIN periodic_table t ON t.tenant = r.tenant AND t.id = r.table_id"
           "  JOIN periodic_table this ON this.tenant = r.tenant AND this.id = $2"
           " WHERE r.tenant = $1 AND t.inspection = this.inspection AND t.org = this.org"
           "   AND t.period < this.period"
           " ORDER BY r.measure, t.period DESC",
};

static const struct statement table_update = {
    .name = "table_update",
    .params = 10,
    .sql = "UPDATE periodic_table SET state = $4, submitted_ms = nullif($5::bigint, 0),"
           "       submitted_day = $6, queued_ms = nullif($7::bigint, 0), receipt = $8,"
           "       filled_by = $9, version = version + 1, event_id = $10"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement table_row_insert = {
    .name = "table_row_insert",
    .params = 17,
    .sql =
        "INSERT INTO table_row (tenant, table_id, measure, org, percent, narrative, difficulty,"
        "                       ask_help, claim, claim_verdict, happened_day, lower_reason,"
        "                       verdict, reason_code, reason, recorded_ms, version, event_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, $17)",
};

static const struct statement table_row_update = {
    .name = "table_row_update",
    .params = 18,
    .sql = "UPDATE table_row SET percent = $5, narrative = $6, difficulty = $7, ask_help = $8,"
           "       claim = $9, claim_verdict = $10, happened_day = $11, lower_reason = $12,"
           "       verdict = $13, reason_code = $14, reason = $15, recorded_ms = $16,"
           "       version = version + 1, event_id = $17"
           " WHERE tenant = $1 AND table_id = $2 AND measure = $3 AND org = $4 AND version = $18",
};

static const struct statement table_row_claim_verdict = {
    .name = "table_row_claim_verdict",
    .params = 4,
    .sql = "UPDATE table_row SET claim_verdict = $3, version = version + 1, event_id = $4"
           " WHERE tenant = $1 AND measure = $2 AND claim_verdict = 1",
};

static const struct statement duty_absent = {
    .name = "duty_absent",
    .params = 4,
    .sql = "SELECT i.id, o.id, o.code, to_char(d.month, 'YYYY-MM'), i.report_day"
           "  FROM inspection i"
           "  JOIN LATERAL (SELECT coalesce(i.first_period, to_char("
           "           timestamp 'epoch' + (min(v.approved_ms) + $3::bigint * 60000)"
           "               * interval '1 millisecond', 'YYYY-MM')) AS first"
           "         FROM plan_version v WHERE v.tenant = i.tenant AND v.inspection = i.id) f"
           "       ON f.first IS NOT NULL"
           "  JOIN LATERAL (SELECT DISTINCT p.lead_org FROM problem p"
           "         WHERE p.tenant = i.tenant AND p.inspection = i.id"
           "           AND p.lead_org IS NOT NULL) u ON true"
           "  JOIN org o ON o.tenant = i.tenant AND o.id = u.lead_org"
           " CROSS JOIN LATERAL generate_series(to_date(f.first, 'YYYY-MM')::timestamp,"
           "           to_date($2, 'YYYY-MM')::timestamp, interval '1 month') AS d (month)"
           " WHERE i.tenant = $1 AND i.plan_state = 'APPROVED'"
           "   AND NOT EXISTS (SELECT 1 FROM periodic_table t WHERE t.tenant = i.tenant"
           "         AND t.inspection = i.id AND t.org = o.id AND t.kind = 'MONTH'"
           "         AND t.period = to_char(d.month, 'YYYY-MM'))"
           " ORDER BY d.month, i.code, o.sort_order, o.code LIMIT $4::int",
};

static const struct statement duty_open = {
    .name = "duty_open",
    .params = 7,
    .sql = "INSERT INTO periodic_table (tenant, id, inspection, org, kind, period, due, state,"
           "                            version, event_id)"
           " VALUES ($1, $2, $3, $4, 'MONTH', $5, $6, 'OPEN', 0, $7)"
           " ON CONFLICT (tenant, inspection, org, kind, period) DO NOTHING",
};

const struct statement *const table_statements[] = {&table_get,
                                                    &table_get_locked,
                                                    &table_find,
                                                    &table_list,
                                                    &table_rows,
                                                    &table_rows_locked,
                                                    &table_last_rows,
                                                    &table_update,
                                                    &table_row_insert,
                                                    &table_row_update,
                                                    &table_row_claim_verdict,
                                                    &duty_absent,
                                                    &duty_open,
                                                    NULL};

static enum status
take_table(void *ctx, const struct db_row *row, struct arena *a)
{
    struct table_list *list = ctx;
    struct table_record *t =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *t);
    if (t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *t = (struct table_record){
        .id = db_text(row, 0, a),
        .inspection_id = db_text(row, 1, a),
        .inspection = db_text(row, 2, a),
        .org_id = db_text(row, 3, a),
        .org = db_text(row, 4, a),
        .org_name = db_text(row, 5, a),
        .period = db_text(row, 6, a),
        .due = db_day(row, 7),
        .grace_days = (int32_t)db_int(row, 8),
        .state = db_text(row, 9, a),
        .submitted_ms = db_int(row, 10),
        .submitted_day = db_day(row, 11),
        .queued_ms = db_int(row, 12),
        .receipt = db_text(row, 13, a),
        .filled_by = db_text(row, 14, a),
        .filled_by_name = db_text(row, 15, a),
        .version = db_int(row, 16),
        .rows = (int32_t)db_int(row, 17),
        .rows_accepted = (int32_t)db_int(row, 18),
        .rows_returned = (int32_t)db_int(row, 19),
        .of_office = db_bool(row, 20),
    };
    if (t->id == NULL || t->org_id == NULL || t->state == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

static enum status
take_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct table_row_list *list = ctx;
    struct table_row_record *r =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *r);
    if (r == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *r = (struct table_row_record){
        .measure_id = db_text(row, 0, a),
        .measure_ref = db_text(row, 1, a),
        .percent = (int32_t)db_int(row, 2),
        .narrative = db_text(row, 3, a),
        .difficulty = db_text(row, 4, a),
        .ask_help = db_bool(row, 5),
        .claim = (int)db_int(row, 6),
        .claim_verdict = (int)db_int(row, 7),
        .happened_day = db_day(row, 8),
        .lower_reason = db_text(row, 9, a),
        .verdict = (int)db_int(row, 10),
        .reason_code = db_text(row, 11, a),
        .reason = db_text(row, 12, a),
        .version = db_int(row, 13),
    };
    if (r->measure_id == NULL || r->measure_ref == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

static enum status
take_duty(void *ctx, const struct db_row *row, struct arena *a)
{
    struct duty_list *list = ctx;
    struct duty_record *d =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *d);
    if (d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *d = (struct duty_record){
        .inspection_id = db_text(row, 0, a),
        .org_id = db_text(row, 1, a),
        .org = db_text(row, 2, a),
        .period = db_text(row, 3, a),
        .report_day = (int32_t)db_int(row, 4),
    };
    list->count++;
    return STATUS_OK;
}

enum status
table_queue_get(struct db_queue *q, int tenant, const char *id, bool lock, struct table_list *ret)
{
    return db_queue_add(q, lock ? &table_get_locked : &table_get,
                        (struct param[]){p_int(tenant), p_text(id)},
                        (struct db_sink){take_table, ret, DB_ANY_COUNT});
}

enum status
table_queue_find(struct db_queue *q, int tenant, const char *org, const char *period,
                 const char *inspection, struct table_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(org), p_text(period), p_text(inspection)};
    return db_queue_add(q, &table_find, params, (struct db_sink){take_table, ret, DB_ANY_COUNT});
}

enum status
table_queue_list(struct db_queue *q, int tenant, const struct table_filter *filter,
                 struct table_list *ret)
{
    struct param params[] = {
        p_int(tenant),         p_text(filter->period),     p_text(filter->org),
        p_text(filter->state), p_text(filter->inspection), p_bool(filter->missing),
        p_day(filter->as_of),  p_int(filter->limit),
    };
    return db_queue_add(q, &table_list, params, (struct db_sink){take_table, ret, DB_ANY_COUNT});
}

enum status
table_queue_rows(struct db_queue *q, int tenant, const char *table_id, bool lock,
                 struct table_row_list *ret)
{
    return db_queue_add(q, lock ? &table_rows_locked : &table_rows,
                        (struct param[]){p_int(tenant), p_text(table_id)},
                        (struct db_sink){take_row, ret, DB_ANY_COUNT});
}

enum status
table_queue_last_rows(struct db_queue *q, int tenant, const char *table_id,
                      struct table_row_list *ret)
{
    return db_queue_add(q, &table_last_rows, (struct param[]){p_int(tenant), p_text(table_id)},
                        (struct db_sink){take_row, ret, DB_ANY_COUNT});
}

enum status
table_queue_update(struct db_queue *q, int tenant, const struct table_record *t, int64_t expected,
                   const char *event_id)
{
    struct param params[] = {
        p_int(tenant),          p_text(t->id),           p_int(expected),     p_text(t->state),
        p_int(t->submitted_ms), p_day(t->submitted_day), p_int(t->queued_ms), p_text(t->receipt),
        p_text(t->filled_by),   p_text(event_id),
    };
    return db_queue_add(q, &table_update, params, (struct db_sink){NULL, NULL, 1});
}

enum status
table_row_queue_write(struct db_queue *q, int tenant, const struct table_record *t,
                      const struct table_row_record *row, int64_t now_ms, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(t->id),
        p_text(row->measure_id),
        p_text(t->org_id),
        p_int(row->percent),
        p_text(row->narrative),
        p_text(row->difficulty),
        p_bool(row->ask_help),
        p_int(row->claim),
        p_int(row->claim_verdict),
        p_day(row->happened_day),
        p_text(row->lower_reason),
        p_int(row->verdict),
        p_text(row->reason_code),
        p_text(row->reason),
        p_int(now_ms),
        p_text(event_id),
        p_int(row->version),
    };
    return db_queue_add(q, row->version == 0 ? &table_row_insert : &table_row_update, params,
                        (struct db_sink){NULL, NULL, 1});
}

enum status
table_row_queue_claim_verdict(struct db_queue *q, int tenant, const char *measure_id, int verdict,
                              const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(measure_id), p_int(verdict), p_text(event_id)};
    return db_queue_add(q, &table_row_claim_verdict, params,
                        (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}

enum status
duty_queue_absent(struct db_queue *q, int tenant, const char *month, int utc_offset_min,
                  int32_t limit, struct duty_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(month), p_int(utc_offset_min), p_int(limit)};
    return db_queue_add(q, &duty_absent, params, (struct db_sink){take_duty, ret, DB_ANY_COUNT});
}

enum status
duty_queue_open(struct db_queue *q, int tenant, const char *id, const struct duty_record *duty,
                int32_t due, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),        p_text(id),           p_text(duty->inspection_id),
        p_text(duty->org_id), p_text(duty->period), p_day(due),
        p_text(event_id)};
    return db_queue_add(q, &duty_open, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}
