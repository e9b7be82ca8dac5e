#include "server/store/table_duty.h"

static const struct statement duty_absent = {
    .name = "duty_absent",
    .params = 4,
    .sql = "SELECT i.id, o.id, o.code, s.period, d.kind = 'QUARTER', d.report_day, d.grace_days"
           "  FROM inspection i"
           /* A month is asked for unless it was switched off, a quarter only when switched on. */
           "  JOIN LATERAL (SELECT 'MONTH' AS kind, coalesce(r.report_day, i.report_day)"
           "                       AS report_day, coalesce(r.grace_days, 0) AS grace_days,"
           "                       coalesce(r.active, true) AS active"
           "                  FROM (SELECT 1) one LEFT JOIN report_duty r ON r.tenant = i.tenant"
           "                       AND r.inspection = i.id AND r.kind = 'MONTH'"
           "                UNION ALL"
           "                SELECT r.kind, r.report_day, r.grace_days, r.active"
           "                  FROM report_duty r WHERE r.tenant = i.tenant"
           "                       AND r.inspection = i.id AND r.kind = 'QUARTER') d ON d.active"
           "  JOIN LATERAL (SELECT to_date(coalesce(i.first_period, to_char("
           "           timestamp 'epoch' + (min(v.approved_ms) + $3::bigint * 60000)"
           "               * interval '1 millisecond', 'YYYY-MM')), 'YYYY-MM')::timestamp AS first"
           "         FROM plan_version v WHERE v.tenant = i.tenant AND v.inspection = i.id) f"
           "       ON f.first IS NOT NULL"
           "  JOIN LATERAL (SELECT DISTINCT p.lead_org FROM problem p"
           "         WHERE p.tenant = i.tenant AND p.inspection = i.id"
           "           AND p.lead_org IS NOT NULL) u ON true"
           "  JOIN org o ON o.tenant = i.tenant AND o.id = u.lead_org"
           " CROSS JOIN LATERAL ("
           "         SELECT m AS begins, to_char(m, 'YYYY-MM') AS period"
           "           FROM generate_series(f.first, to_date($2, 'YYYY-MM')::timestamp,"
           "                                interval '1 month') m WHERE d.kind = 'MONTH'"
           "         UNION ALL"
           "         SELECT m, to_char(m, 'YYYY-\"Q\"Q')"
           "           FROM generate_series(date_trunc('quarter', f.first),"
           "                    date_trunc('quarter', to_date($2, 'YYYY-MM')::timestamp)"
           "                    - interval '3 months', interval '3 months') m"
           "          WHERE d.kind = 'QUARTER') s"
           " WHERE i.tenant = $1 AND i.plan_state = 'APPROVED'"
           "   AND NOT EXISTS (SELECT 1 FROM periodic_table t WHERE t.tenant = i.tenant"
           "         AND t.inspection = i.id AND t.org = o.id AND t.kind = d.kind"
           "         AND t.period = s.period)"
           " ORDER BY s.begins, d.kind, i.code, o.sort_order, o.code LIMIT $4::int",
};

static const struct statement duty_open = {
    .name = "duty_open",
    .params = 9,
    .sql = "INSERT INTO periodic_table (tenant, id, inspection, org, kind, period, due, state,"
           "                            version, event_id, grace_days)"
           " VALUES ($1, $2, $3, $4, $8, $5, $6, 'OPEN', 0, $7, $9)"
           " ON CONFLICT (tenant, inspection, org, kind, period) DO NOTHING",
};

static const struct statement report_duty_list = {
    .name = "report_duty_list",
    .params = 2,
    .sql = "SELECT i.code, k.kind, coalesce(r.report_day, i.report_day),"
           "       coalesce(r.grace_days, 0), coalesce(r.active, k.kind = 'MONTH'),"
           "       coalesce(r.version, 0)"
           "  FROM inspection i CROSS JOIN (VALUES ('MONTH'), ('QUARTER')) AS k (kind)"
           "  LEFT JOIN report_duty r ON r.tenant = i.tenant AND r.inspection = i.id"
           "   AND r.kind = k.kind"
           " WHERE i.tenant = $1 AND ($2::text IS NULL OR i.code = $2)"
           " ORDER BY i.code, k.kind",
};

static const struct statement report_duty_write = {
    .name = "report_duty_write",
    .params = 8,
    .sql = "INSERT INTO report_duty AS d (tenant, inspection, kind, report_day, grace_days, active,"
           "                              version, event_id)"
           " SELECT $1::int, $2::uuid, $3, $4::int, $5::int, $6::boolean, 1, $8::uuid"
           "  WHERE $7::bigint = 0 OR EXISTS (SELECT 1 FROM report_duty e WHERE e.tenant = $1"
           "                                     AND e.inspection = $2 AND e.kind = $3)"
           " ON CONFLICT (tenant, inspection, kind) DO UPDATE"
           "    SET report_day = excluded.report_day, grace_days = excluded.grace_days,"
           "        active = excluded.active, version = d.version + 1,"
           "        event_id = excluded.event_id WHERE d.version = $7::bigint",
};

static const struct statement confirmation_set = {
    .name = "confirmation_set",
    .params = 4,
    .sql = "INSERT INTO setting (tenant, name, version, value, event_id)"
           " SELECT $1::int, 'table_confirm' || coalesce('.' || $2::text, ''),"
           "        coalesce(max(s.version), 0) + 1, $3, $4::uuid FROM setting s"
           "  WHERE s.tenant = $1 AND s.name = 'table_confirm' || coalesce('.' || $2::text, '')",
};

const struct statement *const table_duty_statements[] = {
    &duty_absent, &duty_open, &report_duty_list, &report_duty_write, &confirmation_set, NULL};

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
        .quarter = db_bool(row, 4),
        .report_day = (int32_t)db_int(row, 5),
        .grace_days = (int32_t)db_int(row, 6),
    };
    list->count++;
    return STATUS_OK;
}

static enum status
take_report_duty(void *ctx, const struct db_row *row, struct arena *a)
{
    struct report_duty_list *list = ctx;
    Pb__ReportDuty **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__ReportDuty *d = arena_alloc(a, sizeof *d);
    if (slot == NULL || d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__report_duty__init(d);
    d->inspection = db_text(row, 0, a);
    d->kind = db_text(row, 1, a);
    d->has_report_day = d->has_grace_days = d->has_active = d->has_version = 1;
    d->report_day = (int32_t)db_int(row, 2);
    d->grace_days = (int32_t)db_int(row, 3);
    d->active = db_bool(row, 4);
    d->version = db_int(row, 5);
    *slot = d;
    list->count++;
    return STATUS_OK;
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
    struct param params[] = {p_int(tenant),
                             p_text(id),
                             p_text(duty->inspection_id),
                             p_text(duty->org_id),
                             p_text(duty->period),
                             p_day(due),
                             p_text(event_id),
                             p_text(duty->quarter ? "QUARTER" : "MONTH"),
                             p_int(duty->grace_days)};
    return db_queue_add(q, &duty_open, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}

enum status
report_duty_queue_list(struct db_queue *q, int tenant, const char *inspection,
                       struct report_duty_list *ret)
{
    return db_queue_add(q, &report_duty_list, (struct param[]){p_int(tenant), p_text(inspection)},
                        (struct db_sink){take_report_duty, ret, DB_ANY_COUNT});
}

enum status
report_duty_queue_write(struct db_queue *q, int tenant, const char *inspection_id,
                        const Pb__ReportDuty *duty, const char *event_id)
{
    struct param params[] = {p_int(tenant),           p_text(inspection_id),   p_text(duty->kind),
                             p_int(duty->report_day), p_int(duty->grace_days), p_bool(duty->active),
                             p_int(duty->version),    p_text(event_id)};
    return db_queue_add(q, &report_duty_write, params, (struct db_sink){NULL, NULL, 1});
}

enum status
confirmation_queue_set(struct db_queue *q, int tenant, const char *org, const char *mode,
                       const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(org), p_text(mode), p_text(event_id)};
    return db_queue_add(q, &confirmation_set, params, (struct db_sink){NULL, NULL, 1});
}
