/* What stands behind a number, and what differs between two days: read from spans. */
#include "server/store/status.h"

#include "server/base/clock.h"
#include "server/store/status_count.h"

/* SQL reads better as it is laid out. */
/* clang-format off */
/* An entry of a span s, with its inspection i; the last column is what the list is sorted by. */
#define ENTRY_COLUMNS \
    " s.kind, s.thing, i.code AS icode, coalesce(m.ref, p.ref, o.code || ' ' || t.period," \
    " it.no::text) AS ref, coalesce(m.text, p.title, it.title) AS title, s.state, o.code," \
    " o.name, ol.code, CASE WHEN s.over_from <= $3::int THEN " STATUS_DATE("s.over_from - 1") \
    " END, CASE WHEN s.over_from > $3::int THEN 0" \
    " WHEN s.kind = 3 THEN $3::int - s.over_from + 1      ELSE " STATUS_DAYS("s") " END, " \
    STATUS_DATE("s.from_day") \
    ", concat_ws(' ', coalesce(to_char(i.feedback_day, 'YYYYMMDD'), '0'), i.code, s.kind::text," \
    "   CASE s.kind WHEN 1 THEN m.ref WHEN 2 THEN p.ref" \
    " WHEN 4 THEN lpad(it.no::text, 9, '0')" \
    "     ELSE concat_ws(' ', lpad(o.sort_order::text, 9, '0'), o.code, t.period) END) AS sort"
#define ENTRY_JOINS \
    "  JOIN inspection i ON i.tenant = $1 AND i.id = s.inspection  LEFT" \
    " JOIN measure m ON s.kind = 1 AND m.tenant = $1 AND m.id = s.thing  LEFT" \
    " JOIN problem p ON s.kind = 2 AND p.tenant = $1 AND p.id = s.thing  LEFT" \
    " JOIN periodic_table t ON s.kind = 3 AND t.tenant = $1 AND t.id = s.thing  LEFT" \
    " JOIN item it ON s.kind = 4 AND it.tenant = $1 AND it.id = s.thing  LEFT" \
    " JOIN org o ON o.tenant = $1 AND o.id = s.unit  LEFT JOIN org ol ON ol.tenant = $1" \
    " AND ol.id = s.leader"

/* $4 kind, $5 group, $6 its key ("" for what has none), $7 counted in one of these, or $8 judged so
 * on the day, $9 the last day of claims that wait too long, $10 after this sort key, $11 limit,
 * $12 the day is today: what stands now is found by its own indexes. */
#define LISTED_DAY                                                                                 \
    "(CASE WHEN $12::boolean THEN s.to_day = " STATUS_NEVER " ELSE " STATUS_ON_DAY("s") " END)"
#define ORG_KEY "(SELECT id FROM org WHERE tenant = $1 AND code = $6)"
#define ORG_IS(column)                                                                             \
    "(CASE WHEN $6 = '' THEN " column " IS NULL ELSE " column " = " ORG_KEY " END)"
#define IN_GROUP \
    "($6::text IS NULL OR CASE $5::int WHEN 1 THEN (SELECT no::text FROM item x" \
    " WHERE x.tenant = $1 AND x.id = s.item)      IS NOT DISTINCT FROM nullif($6, '')" \
    " WHEN 2 THEN (SELECT x.ref FROM problem x WHERE x.tenant = $1" \
    " AND x.id = s.problem) = $6 WHEN 3 THEN " ORG_IS("s.unit") \
    " WHEN 4 THEN " ORG_IS("s.leader") \
    " WHEN 5 THEN " ORG_IS("s.sgroup") " WHEN 6 THEN (SELECT a.no::text" \
    " FROM item x JOIN aspect a ON a.tenant = x.tenant       AND a.id = x.aspect" \
    " WHERE x.tenant = $1 AND x.id = s.item)      IS NOT DISTINCT FROM nullif($6, '')" \
    " WHEN 7 THEN s.body_no::text IS NOT DISTINCT FROM nullif($6, '')" \
    " WHEN 8 THEN i.code = $6 WHEN 9 THEN m.ref = $6 ELSE true END)"
#define COUNTED \
    "CASE $8::int WHEN 0 THEN s.num = ANY ($7::smallint[])" \
    " WHEN 9 THEN s.over_from <= $3::int WHEN 20 THEN s.over_from <= $3::int" \
    " WHEN 10 THEN s.orig_from <= $3::int WHEN 19 THEN s.orig_from <= $3::int" \
    " WHEN 11 THEN s.soon_from <= $3::int AND $3::int < s.over_from" \
    " WHEN 27 THEN s.num IN (4, 6) AND coalesce(CASE s.num WHEN 4 THEN s.effect_stop" \
    "       ELSE s.complete_stop END, s.from_day) <= $9::int END"
#define LIST_FROM(spans) \
    "SELECT e.* FROM (SELECT" ENTRY_COLUMNS " FROM " spans " s" ENTRY_JOINS \
    " WHERE s.tenant = $1 AND s.num > 0 AND s.kind = $4::int AND " LISTED_DAY "   AND " \
    STATUS_BY_INSPECTION("s") " AND " STATUS_IN_SCOPE("s") " AND " COUNTED "   AND " IN_GROUP \
    ") e WHERE ($10::text IS NULL OR e.sort COLLATE \"C\" > $10)" \
    " ORDER BY e.sort COLLATE \"C\" LIMIT $11::int"

static const struct statement status_list_all = {"status_list_all", LIST_FROM(STATUS_ALL), 12};
static const struct statement status_list_own = {"status_list_own", LIST_FROM(STATUS_OWN), 12};

/* $4 the earlier day, $5 limit. a is how it stood then, s how it stands. */
#define CLOSED(s) "(" s ".num IN (15, 16, 18))"
#define FINISHED(s) "(" s ".num IN (7, 8))"
#define COUNTS(s) "coalesce(" s ".live AND " s ".num > 0, false)"
#define WAS_OVER "coalesce(a.over_from <= $4::int, false)"
#define IS_OVER "(s.over_from <= $3::int)"
#define LATER "coalesce(s.effect_due > a.effect_due OR s.complete_due > a.complete_due, false)"

static const struct statement status_changes = {
    .name = "status_changes",
    .params = 5,
    .sql =
        "WITH touched AS (SELECT x.kind, x.thing FROM status_span x WHERE x.tenant = $1"
        "     AND x.from_day > $4::int AND x.from_day <= $3::int AND x.kind < 4"
        "  UNION SELECT x.kind, x.thing FROM status_span x WHERE x.tenant = $1"
        "     AND x.to_day = " STATUS_NEVER " AND x.over_from < " STATUS_NEVER
        "     AND x.over_from > $4::int AND x.over_from <= $3::int"
        "  UNION SELECT x.kind, x.thing FROM status_span x WHERE x.tenant = $1"
        "     AND x.to_day < " STATUS_NEVER " AND x.over_from < x.to_day AND x.to_day > $4::int"
        "     AND x.over_from > $4::int AND x.over_from <= $3::int),"
        " differs AS MATERIALIZED (SELECT s.*, c.no, c.change, a.state AS a_state,"
        "     a.effect_due AS a_effect, a.complete_due AS a_complete"
        "   FROM touched x"
        "   JOIN status_span s ON s.tenant = $1 AND s.kind = x.kind AND s.thing = x.thing"
        "        AND " STATUS_ON_DAY("s")
        "   LEFT JOIN status_span a ON a.tenant = $1 AND a.kind = x.kind AND a.thing = x.thing"
        "        AND a.from_day <= $4::int AND a.to_day > $4::int"
        "  CROSS JOIN LATERAL (VALUES"
        "   (1, 'ADDED', s.kind < 3 AND " COUNTS("s") " AND NOT " COUNTS("a") "),"
        "   (2, 'REMOVED', s.kind < 3 AND " COUNTS("a") " AND NOT " COUNTS("s") "),"
        "   (3, 'DONE', s.kind = 1 AND " FINISHED("s")
        "       AND NOT coalesce(" FINISHED("a") ", false)),"
        "   (4, 'CLOSED', s.kind = 2 AND " CLOSED("s")
        "       AND NOT coalesce(" CLOSED("a") ", false)),"
        "   (5, 'REOPENED', s.num > 0 AND (s.kind = 1 AND " FINISHED("a")
        "       AND NOT " FINISHED("s") " OR s.kind = 2 AND " CLOSED("a")
        "       AND NOT " CLOSED("s") ")),"
        "   (6, 'EXTENDED', s.kind = 1 AND " LATER "),"
        "   (7, 'OVERDUE', s.kind = 1 AND " IS_OVER " AND NOT " WAS_OVER "),"
        "   (8, 'NO_LONGER_OVERDUE', s.kind = 1 AND " WAS_OVER " AND NOT " IS_OVER "),"
        "   (9, 'MISSING', s.kind = 3 AND " IS_OVER " AND NOT " WAS_OVER "),"
        "   (10, 'HANDED_IN', s.kind = 3 AND " WAS_OVER " AND NOT " IS_OVER ")"
        "  ) c (no, change, holds)"
        "  WHERE c.holds AND " STATUS_BY_INSPECTION("s")
        "    AND (s.live OR a.live OR $2::text IS NOT NULL))"
        " SELECT e.* FROM (SELECT" ENTRY_COLUMNS ", s.change, s.a_state,"
        "   CASE WHEN s.effect_due > s.a_effect THEN " STATUS_DATE("s.a_effect")
        "        ELSE " STATUS_DATE("s.a_complete") " END,"
        "   CASE WHEN s.effect_due > s.a_effect THEN " STATUS_DATE("s.effect_due")
        "        ELSE " STATUS_DATE("s.complete_due") " END, s.no"
        "  FROM differs s" ENTRY_JOINS ") e"
        " ORDER BY e.sort COLLATE \"C\", e.no LIMIT $5::int",
};

/* clang-format on */

const struct statement *const status_list_statements[] = {&status_list_all, &status_list_own,
                                                          &status_changes, NULL};

/* Column 12 is the sort key. */
static enum status
fill_entry(Pb__StatusEntry *e, const struct db_row *row, struct arena *a)
{
    static const char *const kinds[] = {"", "MEASURE", "PROBLEM", "TABLE", "ITEM"};
    char day[DAY_TEXT_SIZE];
    pb__status_entry__init(e);
    e->kind = arena_strdup(a, kinds[db_int(row, 0)]);
    e->id = db_text(row, 1, a);
    e->inspection = db_text(row, 2, a);
    e->ref = db_text(row, 3, a);
    e->title = db_text(row, 4, a);
    e->state = db_text(row, 5, a);
    e->unit = db_text(row, 6, a);
    e->unit_name = db_text(row, 7, a);
    e->leader = db_text(row, 8, a);
    if (!db_is_null(row, 9)) {
        e->behind_since = arena_strdup(a, day_print(db_day(row, 9), day));
    }
    e->has_days = 1;
    e->days = (int32_t)db_int(row, 10);
    e->since = arena_strdup(a, day_print(db_day(row, 11), day));
    return e->kind == NULL || e->id == NULL || e->since == NULL ? STATUS_RESOURCE_EXHAUSTED
                                                                : STATUS_OK;
}

static enum status
take_entry(void *ctx, const struct db_row *row, struct arena *a)
{
    struct entry_list *list = ctx;
    Pb__StatusEntry **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    const char **sort =
        arena_grow(a, (void **)&list->sorts, list->count, &list->sort_capacity, sizeof *sort);
    Pb__StatusEntry *e = arena_alloc(a, sizeof *e);
    if (slot == NULL || sort == NULL || e == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *slot = e;
    *sort = db_text(row, 12, a);
    list->count++;
    return fill_entry(e, row, a);
}

static enum status
take_change(void *ctx, const struct db_row *row, struct arena *a)
{
    struct change_list *list = ctx;
    Pb__StatusChange **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__StatusChange *c = arena_alloc(a, sizeof *c);
    Pb__StatusEntry *e = arena_alloc(a, sizeof *e);
    char day[DAY_TEXT_SIZE];
    if (slot == NULL || c == NULL || e == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__status_change__init(c);
    c->entry = e;
    c->change = db_text(row, 13, a);
    c->from_state = db_text(row, 14, a);
    if (c->change != NULL && c->change[0] == 'E') { /* EXTENDED */
        c->from_due = arena_strdup(a, day_print(db_day(row, 15), day));
        c->to_due = arena_strdup(a, day_print(db_day(row, 16), day));
    }
    *slot = c;
    list->count++;
    return fill_entry(e, row, a);
}

enum status
status_queue_list(struct db_queue *q, int tenant, const struct behind_query *query,
                  struct entry_list *ret)
{
    struct param params[] = {p_int(tenant),
                             p_text(query->status->inspection),
                             p_int(query->status->as_of),
                             p_int(query->kind),
                             p_int((int)query->group),
                             p_text(query->key),
                             p_text(query->nums == NULL ? "{}" : query->nums),
                             p_int(query->condition),
                             p_int(query->status->waiting_until),
                             p_text(query->after),
                             p_int(query->limit),
                             p_bool(query->status->today)};
    return db_queue_add(q, query->own ? &status_list_own : &status_list_all, params,
                        (struct db_sink){take_entry, ret, DB_ANY_COUNT});
}

enum status
status_queue_changes(struct db_queue *q, int tenant, const struct status_query *query,
                     int32_t since, int32_t limit, struct change_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_int(query->as_of),
                             p_int(since), p_int(limit)};
    return db_queue_add(q, &status_changes, params,
                        (struct db_sink){take_change, ret, DB_ANY_COUNT});
}
