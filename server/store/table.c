#include "server/store/table.h"

/* of: "periodic_table" or its history. */
#define TABLE_SELECT_OF(of)                                                                        \
    "SELECT t.id, t.inspection, i.code, t.org, o.code, o.name, t.period, t.due, t.grace_days,"     \
    "       t.state, t.submitted_ms, t.submitted_day, t.queued_ms, t.receipt, t.filled_by,"        \
    "       f.name, t.version,"                                                                    \
    "       (SELECT count(*) FROM table_row r WHERE r.tenant = t.tenant AND r.table_id = t.id),"   \
    "       (SELECT count(*) FROM table_row r WHERE r.tenant = t.tenant AND r.table_id = t.id"     \
    "           AND r.verdict = 2),"                                                               \
    "       (SELECT count(*) FROM table_row r WHERE r.tenant = t.tenant AND r.table_id = t.id"     \
    "           AND r.verdict = 3), o.kind = 'OFFICE', t.kind = 'QUARTER', t.reviewed_by, v.name," \
    "       t.confirmation, t.paper_evidence, t.paper_hash, t.paper_checked, t.filled_ms,"         \
    "       t.confirmed_ms, t.reason, t.edition, t.nil_counted,"                                   \
    "       (SELECT count(*) FROM table_row r"                                                     \
    "          JOIN measure m ON m.tenant = r.tenant AND m.id = r.measure"                         \
    "         WHERE r.tenant = t.tenant AND r.table_id = t.id AND m.unchanged_periods >= 2),"      \
    "       CASE coalesce((SELECT s.value FROM setting s WHERE s.tenant = t.tenant"                \
    "                         AND s.name IN ('table_confirm', 'table_confirm.' || o.code)"         \
    "                       ORDER BY length(s.name) DESC, s.version DESC LIMIT 1), 'AUTO')"        \
    "            WHEN 'ALWAYS' THEN true WHEN 'NEVER' THEN false"                                  \
    "            ELSE EXISTS (SELECT 1 FROM seat s"                                                \
    "                           JOIN account a ON a.tenant = s.tenant AND a.id = s.account"        \
    "                          WHERE s.tenant = t.tenant AND s.org = t.org"                        \
    "                            AND s.roles & 16384 <> 0 AND a.disabled_ms IS NULL) END,"         \
    "       EXISTS (SELECT 1 FROM periodic_table n WHERE n.tenant = t.tenant AND n.org = t.org"    \
    "                  AND n.inspection = t.inspection AND n.kind = 'MONTH'"                       \
    "                  AND t.kind = 'MONTH' AND n.period > t.period"                               \
    "                  AND n.submitted_day IS NOT NULL), t.filled_for, t.reviewed_for"             \
    "  FROM " of " t"                                                                              \
    "  JOIN inspection i ON i.tenant = t.tenant AND i.id = t.inspection"                           \
    "  JOIN org o ON o.tenant = t.tenant AND o.id = t.org"                                         \
    "  LEFT JOIN account f ON f.tenant = t.tenant AND f.id = t.filled_by"                          \
    "  LEFT JOIN account v ON v.tenant = t.tenant AND v.id = t.reviewed_by"                        \
    " WHERE t.tenant = $1"
#define TABLE_SELECT TABLE_SELECT_OF("periodic_table")

/* The unit's turn. */
#define OWED_STATES "('OPEN', 'DRAFT', 'CONFIRMING', 'RETURNED')"

static const struct statement table_get = {"table_get", TABLE_SELECT " AND t.id = $2", 2};
static const struct statement table_get_locked = {"table_get_locked",
                                                  TABLE_SELECT " AND t.id = $2 FOR UPDATE OF t", 2};

static const struct statement table_version = {
    "table_version", TABLE_SELECT_OF("periodic_table_version") " AND t.id = $2 AND t.version = $3",
    3};

static const struct statement table_versions = {
    .name = "table_versions",
    .params = 2,
    .sql = "SELECT v.version, v.state, v.edition, e.recorded_ms, e.account, v.reason, v.receipt"
           "  FROM periodic_table_version v"
           "  JOIN event e ON e.tenant = v.tenant AND e.id = v.event_id"
           " WHERE v.tenant = $1 AND v.id = $2 ORDER BY v.version",
};

static const struct statement table_find = {
    .name = "table_find",
    .params = 4,
    .sql = TABLE_SELECT " AND o.code = $2 AND ($3::text IS NULL OR t.period = $3)"
                        " AND ($4::text IS NULL OR i.code = $4)"
                        " ORDER BY (t.state IN " OWED_STATES
                        ") DESC, CASE WHEN t.state IN " OWED_STATES
                        " THEN t.due END, t.due DESC, t.period DESC, i.code LIMIT 2",
};

static const struct statement table_list = {
    .name = "table_list",
    .params = 11,
    .sql = TABLE_SELECT
    " AND ($2::text IS NULL OR t.period = $2) AND ($3::text IS NULL OR o.code = $3)"
    " AND ($4::text IS NULL OR t.state = $4) AND ($5::text IS NULL OR i.code = $5)"
    " AND (NOT $6::boolean OR (table_is_owed(t.state, t.submitted_day)"
    "                          AND t.due + t.grace_days < $7::date))"
    " AND (NOT $9::boolean OR t.submitted_day > t.due + t.grace_days)"
    " AND (NOT $10::boolean OR EXISTS (SELECT 1 FROM table_row r"
    "          JOIN measure m ON m.tenant = r.tenant AND m.id = r.measure"
    "         WHERE r.tenant = t.tenant AND r.table_id = t.id AND m.unchanged_periods >= 2))"
    " AND ($11::text IS NULL OR t.kind = $11)"
    " ORDER BY t.period DESC, o.sort_order, o.code, i.code LIMIT $8::int",
};

static const struct statement table_lockable = {
    .name = "table_lockable",
    .params = 3,
    .sql = TABLE_SELECT
    " AND t.state = 'ACCEPTED'"
    " AND CASE t.kind WHEN 'MONTH' THEN to_date(t.period, 'YYYY-MM') + interval '1 month'"
    "          ELSE to_date(left(t.period, 4) || '-01', 'YYYY-MM')"
    "               + interval '3 months' * substr(t.period, 7, 1)::integer END <= $2::date"
    " ORDER BY t.period, o.sort_order, o.code LIMIT $3::int FOR UPDATE OF t",
};

static const struct statement table_update = {
    .name = "table_update",
    .params = 22,
    .sql = "UPDATE periodic_table SET state = $4, submitted_ms = nullif($5::bigint, 0),"
           "       submitted_day = $6, queued_ms = nullif($7::bigint, 0), receipt = $8,"
           "       filled_by = $9, version = version + 1, event_id = $10, reviewed_by = $11,"
           "       confirmation = $12, paper_evidence = $13, paper_hash = $14,"
           "       paper_checked = $15, filled_ms = nullif($16::bigint, 0),"
           "       confirmed_ms = nullif($17::bigint, 0), reason = $18, edition = $19,"
           "       nil_counted = $20, filled_for = $21, reviewed_for = $22"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

const struct statement *const table_statements[] = {
    &table_get,      &table_get_locked, &table_version,
    &table_versions, &table_find,       &table_list,
    &table_lockable, &table_update,     NULL};

/* Columns 21 on: the second person, and what is computed. */
static void
take_confirmation(struct table_record *t, const struct db_row *row, struct arena *a)
{
    t->quarter = db_bool(row, 21);
    t->reviewed_by = db_text(row, 22, a);
    t->reviewed_by_name = db_text(row, 23, a);
    t->confirmation = db_text(row, 24, a);
    t->paper_evidence = db_text(row, 25, a);
    t->paper_hash = db_text(row, 26, a);
    t->paper_checked = db_bool(row, 27);
    t->filled_ms = db_int(row, 28);
    t->confirmed_ms = db_int(row, 29);
    t->reason = db_text(row, 30, a);
    t->edition = (int32_t)db_int(row, 31);
    t->nil_counted = db_bool(row, 32);
    t->rows_stalled = (int32_t)db_int(row, 33);
    t->reviewer_needed = db_bool(row, 34);
    t->later = db_bool(row, 35);
    t->filled_for = db_text(row, 36, a);
    t->reviewed_for = db_text(row, 37, a);
}

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
    take_confirmation(t, row, a);
    list->count++;
    return STATUS_OK;
}

static enum status
take_version(void *ctx, const struct db_row *row, struct arena *a)
{
    struct table_version_list *list = ctx;
    struct table_version_record *v =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *v);
    if (v == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *v = (struct table_version_record){
        .version = db_int(row, 0),
        .state = db_text(row, 1, a),
        .edition = (int32_t)db_int(row, 2),
        .recorded_ms = db_int(row, 3),
        .account = db_text(row, 4, a),
        .reason = db_text(row, 5, a),
        .receipt = db_text(row, 6, a),
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
        p_int(tenant),           p_text(filter->period),     p_text(filter->org),
        p_text(filter->state),   p_text(filter->inspection), p_bool(filter->missing),
        p_day(filter->as_of),    p_int(filter->limit),       p_bool(filter->late),
        p_bool(filter->stalled), p_text(filter->kind),
    };
    return db_queue_add(q, &table_list, params, (struct db_sink){take_table, ret, DB_ANY_COUNT});
}

enum status
table_queue_version(struct db_queue *q, int tenant, const char *id, int64_t version,
                    struct table_list *ret)
{
    return db_queue_add(q, &table_version,
                        (struct param[]){p_int(tenant), p_text(id), p_int(version)},
                        (struct db_sink){take_table, ret, DB_ANY_COUNT});
}

enum status
table_queue_versions(struct db_queue *q, int tenant, const char *id, struct table_version_list *ret)
{
    return db_queue_add(q, &table_versions, (struct param[]){p_int(tenant), p_text(id)},
                        (struct db_sink){take_version, ret, DB_ANY_COUNT});
}

enum status
table_queue_lockable(struct db_queue *q, int tenant, int32_t day, int32_t limit,
                     struct table_list *ret)
{
    return db_queue_add(q, &table_lockable,
                        (struct param[]){p_int(tenant), p_day(day), p_int(limit)},
                        (struct db_sink){take_table, ret, DB_ANY_COUNT});
}

enum status
table_queue_update(struct db_queue *q, int tenant, const struct table_record *t, int64_t expected,
                   const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(t->id),
        p_int(expected),
        p_text(t->state),
        p_int(t->submitted_ms),
        p_day(t->submitted_day),
        p_int(t->queued_ms),
        p_text(t->receipt),
        p_text(t->filled_by),
        p_text(event_id),
        p_text(t->reviewed_by),
        p_text(t->confirmation),
        p_text(t->paper_evidence),
        p_text(t->paper_hash),
        p_bool(t->paper_checked),
        p_int(t->filled_ms),
        p_int(t->confirmed_ms),
        p_text(t->reason),
        p_int(t->edition),
        p_bool(t->nil_counted),
        p_text(t->filled_for),
        p_text(t->reviewed_for),
    };
    return db_queue_add(q, &table_update, params, (struct db_sink){NULL, NULL, 1});
}
