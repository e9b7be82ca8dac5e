/* Rows of periodic tables. */
#include "server/store/table.h"

/* Rows that are older than these columns were handed in when they were written. */
#define ROW_COLUMNS_OF(of)                                                                         \
    "       m.ref, r.percent, r.narrative, r.difficulty, r.ask_help, r.claim, r.claim_verdict,"    \
    "       r.happened_day, r.lower_reason, r.verdict, r.reason_code, r.reason, r.version,"        \
    "       r.extension_day, r.extension_reason, r.extension_milestone, r.extension_asked,"        \
    "       r.help_asked OR (r.ask_help AND r.table_version = 0), r.unchanged,"                    \
    "       CASE WHEN r.table_version = 0 THEN -1 ELSE r.measure_before END"                       \
    "  FROM " of " r JOIN measure m ON m.tenant = r.tenant AND m.id = r.measure"
#define ROW_COLUMNS ROW_COLUMNS_OF("table_row")
#define ROWS_OF_TABLE                                                                              \
    "SELECT r.measure, NULL," ROW_COLUMNS                                                          \
    " WHERE r.tenant = $1 AND r.table_id = $2 ORDER BY m.ref COLLATE \"C\""

static const struct statement table_rows = {"table_rows", ROWS_OF_TABLE, 2};
static const struct statement table_rows_locked = {"table_rows_locked",
                                                   ROWS_OF_TABLE " FOR UPDATE OF r", 2};

static const struct statement table_rows_at = {
    .name = "table_rows_at",
    .params = 3,
    .sql = "SELECT DISTINCT ON (m.ref COLLATE \"C\", r.measure) r.measure, NULL," ROW_COLUMNS_OF(
        "table_row_version") " WHERE r.tenant = $1 AND r.table_id = $2 AND r.table_version <= "
                             "$3::bigint"
                             " ORDER BY m.ref COLLATE \"C\", r.measure, r.version DESC",
};

static const struct statement table_last_rows = {
    .name = "table_last_rows",
    .params = 2,
    .sql = "SELECT DISTINCT ON (r.measure) r.measure, t.period," ROW_COLUMNS
           "  JOIN periodic_table t ON t.tenant = r.tenant AND t.id = r.table_id"
           "  JOIN periodic_table this ON this.tenant = r.tenant AND this.id = $2"
           " WHERE r.tenant = $1 AND t.inspection = this.inspection AND t.org = this.org"
           "   AND t.kind = 'MONTH' AND t.period < this.period"
           " ORDER BY r.measure, t.period DESC",
};

static const struct statement table_month_rows = {
    .name = "table_month_rows",
    .params = 2,
    .sql = "SELECT r.measure, t.period," ROW_COLUMNS
           "  JOIN periodic_table t ON t.tenant = r.tenant AND t.id = r.table_id"
           "  JOIN periodic_table this ON this.tenant = r.tenant AND this.id = $2"
           " WHERE r.tenant = $1 AND this.kind = 'QUARTER' AND t.inspection = this.inspection"
           "   AND t.org = this.org AND t.kind = 'MONTH' AND quarter_of(t.period) = this.period"
           "   AND r.verdict = 2"
           " ORDER BY m.ref COLLATE \"C\", t.period",
};

static const struct statement table_before = {
    .name = "table_before",
    .params = 2,
    .sql = "SELECT r.measure, coalesce(v.percent, -1), v.narrative, v.reported_day,"
           "       v.unchanged_periods"
           "  FROM table_row r JOIN measure_version v ON v.tenant = r.tenant AND v.id = r.measure"
           "   AND v.version = r.measure_before"
           " WHERE r.tenant = $1 AND r.table_id = $2 AND r.table_version <> 0",
};

static const struct statement table_row_insert = {
    .name = "table_row_insert",
    .params = 25,
    .sql = "INSERT INTO table_row (tenant, table_id, measure, org, percent, narrative, difficulty,"
           "                       ask_help, claim, claim_verdict, happened_day, lower_reason,"
           "                       verdict, reason_code, reason, recorded_ms, version, event_id,"
           "                       extension_day, extension_reason, extension_milestone,"
           "                       extension_asked, help_asked, unchanged, measure_before,"
           "                       table_version)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, $17,"
           "         $18, $19, $20, $21, $22, $23, $24, $25)",
};

static const struct statement table_row_update = {
    .name = "table_row_update",
    .params = 26,
    .sql = "UPDATE table_row SET percent = $5, narrative = $6, difficulty = $7, ask_help = $8,"
           "       claim = $9, claim_verdict = $10, happened_day = $11, lower_reason = $12,"
           "       verdict = $13, reason_code = $14, reason = $15, recorded_ms = $16,"
           "       version = version + 1, event_id = $17, extension_day = $18,"
           "       extension_reason = $19, extension_milestone = $20, extension_asked = $21,"
           "       help_asked = $22, unchanged = $23, measure_before = $24, table_version = $25"
           " WHERE tenant = $1 AND table_id = $2 AND measure = $3 AND org = $4 AND version = $26",
};

static const struct statement table_row_claim_verdict = {
    .name = "table_row_claim_verdict",
    .params = 4,
    .sql = "SELECT settle_row_claims($1, $2, $3, $4)",
};

const struct statement *const table_row_statements[] = {&table_rows,
                                                        &table_rows_locked,
                                                        &table_rows_at,
                                                        &table_last_rows,
                                                        &table_month_rows,
                                                        &table_before,
                                                        &table_row_insert,
                                                        &table_row_update,
                                                        &table_row_claim_verdict,
                                                        NULL};

/* Columns 15 on: requests, and what became of the row. */
static void
take_requests(struct table_row_record *r, const struct db_row *row, struct arena *a)
{
    r->extension_day = db_day(row, 15);
    r->extension_reason = db_text(row, 16, a);
    r->extension_milestone = (int)db_int(row, 17);
    r->extension_asked = db_bool(row, 18);
    r->help_asked = db_bool(row, 19);
    r->unchanged = db_bool(row, 20);
    r->measure_before = db_int(row, 21);
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
        .period = db_text(row, 1, a),
        .measure_ref = db_text(row, 2, a),
        .percent = (int32_t)db_int(row, 3),
        .narrative = db_text(row, 4, a),
        .difficulty = db_text(row, 5, a),
        .ask_help = db_bool(row, 6),
        .claim = (int)db_int(row, 7),
        .claim_verdict = (int)db_int(row, 8),
        .happened_day = db_day(row, 9),
        .lower_reason = db_text(row, 10, a),
        .verdict = (int)db_int(row, 11),
        .reason_code = db_text(row, 12, a),
        .reason = db_text(row, 13, a),
        .version = db_int(row, 14),
    };
    take_requests(r, row, a);
    if (r->measure_id == NULL || r->measure_ref == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

static enum status
take_before(void *ctx, const struct db_row *row, struct arena *a)
{
    struct measure_before_list *list = ctx;
    struct measure_before *b =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *b);
    if (b == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *b = (struct measure_before){
        .measure_id = db_text(row, 0, a),
        .percent = (int32_t)db_int(row, 1),
        .narrative = db_text(row, 2, a),
        .reported_day = db_day(row, 3),
        .unchanged_periods = (int32_t)db_int(row, 4),
    };
    list->count++;
    return STATUS_OK;
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
table_queue_rows_at(struct db_queue *q, int tenant, const char *table_id, int64_t version,
                    struct table_row_list *ret)
{
    return db_queue_add(q, &table_rows_at,
                        (struct param[]){p_int(tenant), p_text(table_id), p_int(version)},
                        (struct db_sink){take_row, ret, DB_ANY_COUNT});
}

enum status
table_queue_month_rows(struct db_queue *q, int tenant, const char *table_id,
                       struct table_row_list *ret)
{
    return db_queue_add(q, &table_month_rows, (struct param[]){p_int(tenant), p_text(table_id)},
                        (struct db_sink){take_row, ret, DB_ANY_COUNT});
}

enum status
table_queue_before(struct db_queue *q, int tenant, const char *table_id,
                   struct measure_before_list *ret)
{
    return db_queue_add(q, &table_before, (struct param[]){p_int(tenant), p_text(table_id)},
                        (struct db_sink){take_before, ret, DB_ANY_COUNT});
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
        p_day(row->extension_day),
        p_text(row->extension_reason),
        p_int(row->extension_milestone),
        p_bool(row->extension_asked),
        p_bool(row->help_asked),
        p_bool(row->unchanged),
        p_int(row->measure_before),
        p_int(t->version),
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
