#include "server/store/status.h"

#include "server/base/clock.h"
#include "server/store/status_count.h"

#include <string.h>

/* SQL reads better as it is laid out. */
/* clang-format off */
/* ---- the maintained totals ---- */

/* $4 dimension, $5 month and $6 year the day lies in, $7 the first day of that month. Up to the
 * base day status_now has it all; an earlier day is the sum of years, months and days before it. */
#define BASE "(SELECT c.base_day FROM status_clock c WHERE c.tenant = $1)"
#define TOTAL_PARTS \
    "SELECT key" STATUS_COLUMNS(STATUS_NAMED) " FROM status_now WHERE tenant = $1" \
    " AND dim = $4::int   AND " BASE " <= $3::int UNION ALL SELECT key" \
    STATUS_COLUMNS(STATUS_NAMED) " FROM status_total WHERE tenant = $1 AND dim = $4::int" \
    "   AND " BASE " <= $3::int AND level = 0   AND bucket > " BASE " AND bucket <= $3::int" \
    " UNION ALL SELECT key" STATUS_COLUMNS(STATUS_NAMED) " FROM status_total" \
    " WHERE tenant = $1 AND dim = $4::int   AND " BASE " > $3::int   AND (level = 2" \
    " AND bucket < $6::int     OR level = 1 AND bucket >= $6::int * 12 AND bucket < $5::int" \
    "     OR level = 0 AND bucket >= $7::int AND bucket <= $3::int) UNION ALL SELECT k.key" \
    STATUS_COLUMNS(STATUS_POINT_SUMMED)
#define TOTAL_PENDING \
    " FROM status_pending p" STATUS_POINTS STATUS_KEYS " WHERE p.tenant = $1" \
    " AND x.day <= $3::int AND k.counts AND k.dim = $4::int   AND $2::text IS NULL" \
    " GROUP BY k.key"
#define TOTALS \
    "(SELECT key" STATUS_COLUMNS(STATUS_SUMMED) " FROM (" TOTAL_PARTS TOTAL_PENDING ") parts" \
    " GROUP BY key)"

static const struct statement status_totals_whole = {
    .name = "status_totals_whole",
    .params = 7,
    .sql =
        "SELECT NULL, NULL, NULL, 0, 0, NULL::date" STATUS_COLUMNS(STATUS_SUMMED) " FROM " TOTALS
        " g",
};

static const struct statement status_totals_units = {
    .name = "status_totals_units",
    .params = 7,
    .sql =
        "SELECT count(*) FROM " TOTALS " g WHERE g.key <> status_no_key()"
        " AND g.p_registered + g.p_rectifying + g.p_review + g.p_closed + g.p_sustained +"
        " g.o_open + g.o_closed > 0",
};

#define NOT_EMPTY \
    " (g.draft + g.assigned + g.in_progress + g.effect_claimed + g.effect_reached" \
    "  + g.complete_claimed + g.done + g.sustaining + g.p_registered + g.p_rectifying" \
    "  + g.p_review + g.p_closed + g.p_sustained + g.o_open + g.o_closed" \
    "  + g.t_open + g.t_in_time + g.t_late + g.t_nil) > 0"
static const struct statement status_totals_orgs = {
    .name = "status_totals_orgs",
    .params = 7,
    .sql =
        "SELECT o.code, o.name, NULL, 0, 0, NULL::date" STATUS_COLUMNS(STATUS_NAMED) " FROM "
        TOTALS " g  LEFT JOIN org o ON o.tenant = $1 AND o.id = g.key WHERE" NOT_EMPTY
        " ORDER BY o.sort_order, o.code LIMIT 2001",
};

static const struct statement status_totals_inspections = {
    .name = "status_totals_inspections",
    .params = 7,
    .sql =
        "SELECT i.code, i.name, i.code, 0, 0, NULL::date" STATUS_COLUMNS(STATUS_NAMED) " FROM "
        TOTALS " g  JOIN inspection i ON i.tenant = $1 AND i.id = g.key"
        " WHERE i.plan_state = 'APPROVED' AND" NOT_EMPTY
        " ORDER BY i.feedback_day, i.code LIMIT 2001",
};

/* Of each key the measure that has been behind longest: the earliest in an index of its own. $4:
 * the day is today, and what has ended is not looked at. */
#define EARLIEST(key, ended)                                                                       \
    "(SELECT s.over_from, " STATUS_DAYS("s") " AS days FROM status_span s"                         \
    " WHERE s.tenant = $1 AND s." key " = k.id AND s.kind = 1 AND " ended                          \
    "   AND s.live AND s.over_from <= $3::int AND " STATUS_ON_DAY("s")                             \
    " ORDER BY s.over_from, days DESC LIMIT 1)"
#define BEHIND(table, key)                                                                         \
    "SELECT k.code, " STATUS_DATE("b.over_from - 1") ", b.days FROM " table " k"                   \
    " CROSS JOIN LATERAL (SELECT * FROM ("                                                         \
    EARLIEST(key, "s.to_day = " STATUS_NEVER " AND s.over_from < " STATUS_NEVER) " UNION ALL "     \
    EARLIEST(key, "NOT $4::boolean AND s.to_day < " STATUS_NEVER " AND s.over_from < s.to_day") ") e"                  \
    "   ORDER BY over_from, days DESC LIMIT 1) b WHERE k.tenant = $1 AND $2::text IS NULL"

static const struct statement status_behind[] = {
    {"status_behind_inspection", BEHIND("inspection", "inspection"), 4},
    {"status_behind_unit", BEHIND("org", "unit"), 4},
    {"status_behind_leader", BEHIND("org", "leader"), 4},
    {"status_behind_sgroup", BEHIND("org", "sgroup"), 4},
};

/* ---- counted from spans ---- */

/* $4 group, $5 kinds of things that can be grouped so, $6 limit. */
#define COUNTED(n, name) ", count(*) FILTER (WHERE s.num = " #n ")"
#define COUNTED_STATES \
    COUNTED(1, "") COUNTED(2, "") COUNTED(3, "") COUNTED(4, "") COUNTED(5, "") COUNTED(6, "") \
    COUNTED(7, "") COUNTED(8, "")
#define COUNTED_REST \
    COUNTED(12, "") COUNTED(13, "") COUNTED(14, "") COUNTED(15, "") COUNTED(16, "") \
    COUNTED(17, "") COUNTED(18, "")
#define COUNTED_TABLES \
    COUNTED(21, "") COUNTED(22, "") COUNTED(23, "") COUNTED(24, "") COUNTED(25, "") \
    COUNTED(26, "")
#define COUNTED_JUDGED \
    ", count(*) FILTER (WHERE s.kind = 1" \
    " AND s.over_from <= $3::int), count(*) FILTER (WHERE s.kind = 1" \
    " AND s.orig_from <= $3::int), count(*) FILTER (WHERE s.soon_from <= $3::int" \
    " AND $3::int < s.over_from)"
#define COUNTED_DUTIES \
    ", count(*) FILTER (WHERE s.kind = 3" \
    " AND s.orig_from <= $3::int), count(*) FILTER (WHERE s.kind = 3" \
    " AND s.over_from <= $3::int)"
#define LATE "(WHERE s.kind = 1 AND s.over_from <= $3::int)"
#define GROUP_KEY \
    "CASE $4::int WHEN 1 THEN s.item WHEN 2 THEN s.problem WHEN 3 THEN s.unit" \
    "  WHEN 4 THEN s.leader WHEN 5 THEN s.sgroup WHEN 6 THEN ia.aspect" \
    " WHEN 7 THEN s.inspection  WHEN 8 THEN s.inspection WHEN 9 THEN s.thing END"
#define GROUP_NO "CASE $4::int WHEN 7 THEN s.body_no WHEN 3 THEN 0 END"
#define COUNT_FROM(spans) \
    "SELECT coalesce(o.code, it.no::text, p.ref, a.no::text, m.ref, g.no::text, i.code)," \
    "       coalesce(o.name, it.title, p.title, a.title, m.text, b.name, i.name),       CASE" \
    " WHEN $4::int IN (1, 2, 6, 7, 8, 9) THEN i.code END, g.units," \
    "       coalesce(g.days, 0), " STATUS_DATE("g.over_from - 1") ", g.*  FROM (SELECT " \
    GROUP_KEY " AS key, " GROUP_NO " AS no,          CASE" \
    " WHEN $4::int IN (3, 4, 5) THEN NULL" \
    "               ELSE (array_agg(s.inspection))[1] END AS inspection," \
    "          count(DISTINCT s.unit) FILTER (WHERE s.kind = 2) AS units," \
    "          (array_agg(" STATUS_DAYS("s") " ORDER BY s.over_from, " STATUS_DAYS("s") \
    " DESC) FILTER " LATE ")[1] AS days,          min(s.over_from) FILTER " LATE " AS over_from" \
    COUNTED_STATES COUNTED_JUDGED COUNTED_REST COUNTED_DUTIES COUNTED_TABLES "  FROM " spans \
    " s   LEFT JOIN item ia ON $4::int = 6 AND ia.tenant = $1        AND ia.id = s.item" \
    " WHERE s.tenant = $1 AND s.num > 0   AND s.kind = ANY ($5::smallint[])   AND " \
    STATUS_ON_DAY("s") " AND " STATUS_BY_INSPECTION("s") "   AND " STATUS_IN_SCOPE("s") \
    " GROUP BY 1, 2) g  LEFT JOIN org o ON $4::int IN (3, 4, 5) AND o.tenant = $1" \
    " AND o.id = g.key  LEFT JOIN item it ON $4::int = 1 AND it.tenant = $1" \
    " AND it.id = g.key  LEFT JOIN problem p ON $4::int = 2 AND p.tenant = $1" \
    " AND p.id = g.key  LEFT JOIN aspect a ON $4::int = 6 AND a.tenant = $1 AND a.id = g.key" \
    "  LEFT JOIN measure m ON $4::int = 9 AND m.tenant = $1 AND m.id = g.key  LEFT" \
    " JOIN inspected_body b ON $4::int = 7 AND b.tenant = $1 AND b.inspection = g.key" \
    "       AND b.no = g.no  LEFT JOIN inspection i ON $4::int IN (1, 2, 6, 7, 8, 9)" \
    " AND i.tenant = $1       AND i.id = g.inspection" \
    " ORDER BY o.sort_order, o.code, i.feedback_day, i.code, it.no, a.no, g.no," \
    "          p.ref COLLATE \"C\", m.ref COLLATE \"C\" LIMIT $6::int"

static const struct statement status_count_all = {"status_count_all", COUNT_FROM(STATUS_ALL), 6};
static const struct statement status_count_own = {"status_count_own", COUNT_FROM(STATUS_OWN), 6};

/* ---- what is read once ---- */

/* $4: claims of a later day do not wait too long yet, and they are few; $5: the day is today, so
 * the plan's number may be read from the inspection; $6: the instant after the day. */
static const struct statement status_head = {
    .name = "status_head",
    .params = 6,
    .sql =
        "WITH approved AS (SELECT v.inspection, max(v.no) AS no FROM plan_version v"
        "       WHERE v.tenant = $1 AND v.approved_ms < $6::bigint GROUP BY 1),"
        "  ins AS (SELECT i.code, CASE WHEN $5::boolean THEN i.plan_no ELSE coalesce(v.no, 0) END"
        "              AS no,"
        "            CASE WHEN $5::boolean THEN i.plan_state = 'APPROVED' ELSE v.no IS NOT NULL"
        "              END AS approved"
        "        FROM inspection i LEFT JOIN approved v ON v.inspection = i.id"
        "       WHERE i.tenant = $1),"
        "  scope AS (SELECT code, no FROM ins WHERE CASE WHEN $2::text IS NOT NULL THEN code = $2"
        "       ELSE approved OR NOT EXISTS (SELECT 1 FROM ins x WHERE x.approved) END)"
        " SELECT (SELECT count(*) FROM status_span s WHERE s.tenant = $1 AND s.num IN (4, 6)"
        "            AND s.from_day > $4::int AND " STATUS_ON_DAY("s")
        "            AND coalesce(CASE s.num WHEN 4 THEN s.effect_stop ELSE s.complete_stop END,"
        "                         s.from_day) > $4::int AND " STATUS_BY_INSPECTION("s") "),"
        "        (SELECT CASE WHEN count(*) = 1 THEN max(no) ELSE 0 END FROM scope),"
        "        (SELECT string_agg(code, ',' ORDER BY code) FROM scope)",
};

/* clang-format on */

const struct statement *const status_statements[] = {
    &status_totals_whole, &status_totals_units, &status_totals_orgs, &status_totals_inspections,
    &status_behind[0],    &status_behind[1],    &status_behind[2],   &status_behind[3],
    &status_count_all,    &status_count_own,    &status_head,        NULL};

/* ---- rows ---- */

static enum status
take_row(void *ctx, const struct db_row *row, struct arena *a, int first)
{
    struct status_rows *rows = ctx;
    struct status_row *r =
        arena_grow(a, (void **)&rows->items, rows->count, &rows->capacity, sizeof *r);
    if (r == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *r = (struct status_row){
        .key = db_text(row, 0, a),
        .title = db_text(row, 1, a),
        .inspection = db_text(row, 2, a),
        .units = (int32_t)db_int(row, 3),
        .behind_days = (int32_t)db_int(row, 4),
        .behind_since = db_day(row, 5),
    };
    for (int i = 1; i < COUNT_WAITING; i++) {
        r->counts[i] = (int32_t)db_int(row, first + i - 1);
    }
    rows->count++;
    return STATUS_OK;
}

static enum status
take_total(void *ctx, const struct db_row *row, struct arena *a)
{
    return take_row(ctx, row, a, 6);
}

/* g.* begins with key, no, inspection, units, days, over_from. */
static enum status
take_count(void *ctx, const struct db_row *row, struct arena *a)
{
    return take_row(ctx, row, a, 12);
}

static enum status
take_units(void *ctx, const struct db_row *row, struct arena *a)
{
    struct status_rows *rows = ctx;
    (void)a;
    if (rows->count > 0) {
        rows->items[0].units = (int32_t)db_int(row, 0);
    }
    return STATUS_OK;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static enum status
take_behind(void *ctx, const struct db_row *row, struct arena *a)
{
    struct status_rows *rows = ctx;
    const char *key = db_text(row, 0, a);
    for (size_t i = 0; i < rows->count; i++) {
        if (same_text(rows->items[i].key, key)) {
            rows->items[i].behind_since = db_day(row, 1);
            rows->items[i].behind_days = (int32_t)db_int(row, 2);
        }
    }
    return STATUS_OK;
}

static enum status
take_head(void *ctx, const struct db_row *row, struct arena *a)
{
    struct status_head *head = ctx;
    *head = (struct status_head){
        .recent_claims = (int32_t)db_int(row, 0),
        .plan_version = (int32_t)db_int(row, 1),
        .inspections = db_text(row, 2, a),
    };
    return STATUS_OK;
}

/* ---- questions ---- */

static int
dimension(Pb__StatusGroup group)
{
    switch (group) {
    case PB__STATUS_GROUP__BY_INSPECTION:
        return 1;
    case PB__STATUS_GROUP__BY_UNIT:
        return 2;
    case PB__STATUS_GROUP__BY_LEADER:
        return 3;
    case PB__STATUS_GROUP__BY_SPECIAL_GROUP:
        return 4;
    default:
        return 0;
    }
}

enum status
status_queue_totals(struct db_queue *q, int tenant, const struct status_query *query,
                    Pb__StatusGroup group, struct status_rows *ret)
{
    const struct ymd date = day_to_ymd(query->as_of);
    const int dim = dimension(group);
    struct param params[] = {p_int(tenant),
                             p_text(NULL),
                             p_int(query->as_of),
                             p_int(dim),
                             p_int(date.year * 12 + date.month - 1),
                             p_int(date.year),
                             p_int(query->as_of - date.day + 1)};
    struct db_sink sink = {take_total, ret, DB_ANY_COUNT};
    if (dim != 0) {
        return db_queue_add(q, dim == 1 ? &status_totals_inspections : &status_totals_orgs, params,
                            sink);
    }
    enum status s = db_queue_add(q, &status_totals_whole, params, sink);
    params[3] = p_int(2);
    return s != STATUS_OK ? s
                          : db_queue_add(q, &status_totals_units, params,
                                         (struct db_sink){take_units, ret, 1});
}

enum status
status_queue_behind(struct db_queue *q, int tenant, const struct status_query *query,
                    Pb__StatusGroup group, struct status_rows *rows)
{
    const int dim = dimension(group);
    if (dim == 0) {
        return STATUS_OK;
    }
    struct param params[] = {p_int(tenant), p_text(NULL), p_int(query->as_of),
                             p_bool(query->today)};
    return db_queue_add(q, &status_behind[dim - 1], params,
                        (struct db_sink){take_behind, rows, DB_ANY_COUNT});
}

static const char *
kinds_of(Pb__StatusGroup group)
{
    switch (group) {
    case PB__STATUS_GROUP__BY_UNIT:
        return "{1,2,3}";
    case PB__STATUS_GROUP__BY_LEADER:
    case PB__STATUS_GROUP__BY_MEASURE:
        return "{1}";
    case PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED:
    case PB__STATUS_GROUP__BY_INSPECTION:
        return "{1,2,3,4}";
    default:
        return "{1,2}";
    }
}

enum status
status_queue_count(struct db_queue *q, int tenant, const struct status_query *query,
                   Pb__StatusGroup group, bool own, int32_t limit, struct status_rows *ret)
{
    struct param params[] = {p_int(tenant),     p_text(query->inspection), p_int(query->as_of),
                             p_int((int)group), p_text(kinds_of(group)),   p_int(limit)};
    return db_queue_add(q, own ? &status_count_own : &status_count_all, params,
                        (struct db_sink){take_count, ret, DB_ANY_COUNT});
}

enum status
status_queue_head(struct db_queue *q, int tenant, const struct status_query *query,
                  struct status_head *ret)
{
    struct param params[] = {p_int(tenant),        p_text(query->inspection),
                             p_int(query->as_of),  p_int(query->waiting_until),
                             p_bool(query->today), p_int(query->until_ms)};
    return db_queue_add(q, &status_head, params, (struct db_sink){take_head, ret, 1});
}
