/* Folding: pending lines into the totals. Every line counts once: it is deleted by the statement
 * that adds it up. */
#include "server/store/status.h"

#include "server/store/status_count.h"

/* SQL reads better as it is laid out. */
/* clang-format off */
/* $2: how many lines a fold takes at most. */
static const struct statement status_clock_read = {
    .name = "status_clock_read",
    .params = 2,
    .sql =
        "SELECT c.base_day, (SELECT count(*) FROM (SELECT 1 FROM status_pending p"
        "         WHERE p.tenant = $1 LIMIT $2::int) waiting)  FROM status_clock c"
        " WHERE c.tenant = $1 FOR UPDATE OF c",
};

static const struct statement status_clock_set = {
    .name = "status_clock_set",
    .params = 2,
    .sql =
        "UPDATE status_clock SET base_day = $2 WHERE tenant = $1",
};

#define ADDED(n, name) name " = t." name " + excluded." name ", "
#define ADD_UP STATUS_COLUMNS(ADDED) "key = excluded.key"

/* $2: how many lines; $3: the base day. The number of lines comes back. */
static const struct statement status_fold = {
    .name = "status_fold",
    .params = 3,
    .sql =
        "WITH gone AS (DELETE FROM status_pending WHERE tenant = $1 AND id IN       (SELECT id"
        " FROM status_pending WHERE tenant = $1 ORDER BY id LIMIT $2::int)     RETURNING *),"
        "  points AS MATERIALIZED (SELECT k.dim, k.key, x.n, x.day, sum(x.delta) AS delta"
        "       FROM gone p" STATUS_POINTS STATUS_KEYS "      WHERE x.day < " STATUS_NEVER
        " AND k.counts GROUP BY 1, 2, 3, 4     HAVING sum(x.delta) <> 0),"
        "  totals AS (INSERT INTO status_total AS t (tenant, dim, key, level, bucket"
        STATUS_COLUMNS(STATUS_NAMED) ")       SELECT $1, x.dim, x.key, l.level, l.bucket"
        STATUS_COLUMNS(STATUS_POINT_SUMMED) "         FROM points x CROSS"
        " JOIN LATERAL (VALUES (0, x.day),           (1, (extract(year FROM " STATUS_DATE("x.day")
        ") * 12                + extract(month FROM " STATUS_DATE("x.day") ") - 1)::integer),"
        "           (2, extract(year FROM " STATUS_DATE("x.day") ")::integer)) l (level, bucket)"
        "        GROUP BY x.dim, x.key, l.level, l.bucket ORDER BY 2, 4, 5, 3"
        "       ON CONFLICT ON CONSTRAINT status_total_pk DO UPDATE SET " ADD_UP "),"
        "  now AS (INSERT INTO status_now AS t (tenant, dim, key" STATUS_COLUMNS(STATUS_NAMED) ")"
        "       SELECT $1, x.dim, x.key" STATUS_COLUMNS(STATUS_POINT_SUMMED)
        "         FROM points x WHERE x.day <= $3::int GROUP BY x.dim, x.key ORDER BY 2, 3"
        "       ON CONFLICT ON CONSTRAINT status_now_pk DO UPDATE SET " ADD_UP ") SELECT count(*)"
        " FROM gone",
};

/* What was booked on the days from the base ($2) on, up to $3. */
static const struct statement status_advance = {
    .name = "status_advance",
    .params = 3,
    .sql =
        "INSERT INTO status_now AS t (tenant, dim, key" STATUS_COLUMNS(STATUS_NAMED)
        ") SELECT $1, d.dim, d.key" STATUS_COLUMNS(STATUS_SUMMED) "   FROM status_total d"
        " WHERE d.tenant = $1 AND d.dim BETWEEN 0 AND 4 AND d.level = 0"
        "    AND d.bucket > $2::int AND d.bucket <= $3::int GROUP BY d.dim, d.key"
        " ORDER BY 2, 3 ON CONFLICT ON CONSTRAINT status_now_pk DO UPDATE SET " ADD_UP,
};

/* clang-format on */

const struct statement *const status_fold_statements[] = {&status_clock_read, &status_clock_set,
                                                          &status_fold, &status_advance, NULL};

static enum status
take_clock(void *ctx, const struct db_row *row, struct arena *a)
{
    struct status_clock *clock = ctx;
    (void)a;
    clock->base_day = (int32_t)db_int(row, 0);
    clock->waiting = (int32_t)db_int(row, 1);
    return STATUS_OK;
}

enum status
status_queue_clock(struct db_queue *q, int tenant, int32_t limit, struct status_clock *ret)
{
    return db_queue_add(q, &status_clock_read, (struct param[]){p_int(tenant), p_int(limit)},
                        (struct db_sink){take_clock, ret, 1});
}

enum status
status_queue_fold(struct db_queue *q, int tenant, int32_t base, int32_t today, int32_t limit)
{
    enum status s =
        db_queue_add(q, &status_fold, (struct param[]){p_int(tenant), p_int(limit), p_int(base)},
                     (struct db_sink){NULL, NULL, 1});
    if (s == STATUS_OK && today > base) {
        s = db_queue_add(q, &status_advance,
                         (struct param[]){p_int(tenant), p_int(base), p_int(today)},
                         (struct db_sink){NULL, NULL, DB_ANY_COUNT});
    }
    if (s == STATUS_OK && today > base) {
        s = db_queue_add(q, &status_clock_set, (struct param[]){p_int(tenant), p_int(today)},
                         (struct db_sink){NULL, NULL, 1});
    }
    return s;
}
