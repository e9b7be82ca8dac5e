#include "server/store/status.h"

#include "server/store/light.h"

/* Which inspections are counted: the one named, else those with an approved plan, else (nothing is
 * approved yet) all: a draft must not change the totals of what is under way. */
#define IN_SCOPE(i)                                                                                \
    "(CASE WHEN $2::text IS NOT NULL THEN " i ".code = $2"                                         \
    "      ELSE " i ".plan_state = 'APPROVED' OR NOT EXISTS (SELECT 1 FROM inspection ap"          \
    "           WHERE ap.tenant = $1 AND ap.plan_state = 'APPROVED') END)"

/* A row per measure: its state, its worst light by either date, its longest overdue milestone. */
#define OVERDUE_DAYS                                                                               \
    "CASE WHEN NOT " SQL_REACHED("$3::date") " AND ms.current_due < " SQL_JUDGED_ON(               \
        "$3::date") " THEN " SQL_JUDGED_ON("$3::date") " - ms.current_due END"
#define MEASURES                                                                                   \
    "SELECT m.id, m.state, m.problem, i.code AS icode, p.ref AS pref, p.title AS ptitle,"          \
    "       it.no AS ino, it.title AS ititle,"                                                     \
    "       ou.code AS ucode, ou.name AS uname, ou.sort_order AS uorder,"                          \
    "       ol.code AS lcode, ol.name AS lname, ol.sort_order AS lorder,"                          \
    "       os.code AS scode, os.name AS sname, os.sort_order AS sorder,"                          \
    "       d.light, d.original_light, d.days, d.since"                                            \
    "  FROM measure m"                                                                             \
    "  JOIN inspection i ON i.tenant = m.tenant AND i.id = m.inspection"                           \
    "  JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"                                 \
    "  JOIN item it ON it.tenant = p.tenant AND it.id = p.item"                                    \
    "  LEFT JOIN org ou ON ou.tenant = p.tenant AND ou.id = p.lead_org"                            \
    "  LEFT JOIN org ol ON ol.tenant = m.tenant AND ol.id = m.leader_org"                          \
    "  LEFT JOIN org os ON os.tenant = p.tenant AND os.id = p.sgroup_org"                          \
    "  LEFT JOIN LATERAL (SELECT"                                                                  \
    "         max(" SQL_MILESTONE_LIGHT(                                                           \
        "current_due", "$3::date",                                                                 \
        "$4::int") ") AS light,"                                                                   \
                   "         max(" SQL_MILESTONE_LIGHT(                                            \
                       "original_due", "$3::date",                                                 \
                       "$4::int") ") AS original_light,"                                           \
                                  "         max(" OVERDUE_DAYS ") AS days,"                        \
                                  "         (array_agg(ms.current_due ORDER BY " OVERDUE_DAYS      \
                                  " DESC NULLS LAST))[1] AS since"                                 \
                                  "         FROM " SQL_MILESTONES_OF(                              \
                                      "m") ") d ON " SQL_MEASURE_LIVE("m") " WHERE m.tenant = $1 " \
                                                                           "AND " IN_SCOPE("i")

#define COUNTS                                                                                     \
    " count(DISTINCT x.problem), count(*),"                                                        \
    " count(*) FILTER (WHERE x.state = 'ASSIGNED'),"                                               \
    " count(*) FILTER (WHERE x.state = 'IN_PROGRESS'),"                                            \
    " count(*) FILTER (WHERE x.state = 'EFFECT_REACHED'),"                                         \
    " count(*) FILTER (WHERE x.state IN ('EFFECT_CLAIMED', 'COMPLETE_CLAIMED')),"                  \
    " count(*) FILTER (WHERE x.state = 'DONE'),"                                                   \
    " count(*) FILTER (WHERE x.state = 'SUSTAINING'),"                                             \
    " count(*) FILTER (WHERE x.light = 3),"                                                        \
    " count(*) FILTER (WHERE x.original_light = 3),"                                               \
    " count(*) FILTER (WHERE x.light = 2),"                                                        \
    " count(*) FILTER (WHERE x.state = 'DRAFT'),"                                                  \
    " coalesce(max(x.days), 0),"                                                                   \
    " (array_agg(x.since ORDER BY x.days DESC NULLS LAST) FILTER (WHERE x.days > 0))[1]"           \
    "  FROM (" MEASURES " AND m.state NOT IN ('SUPERSEDED', 'CANCELLED')) x"

#define GROUPS(key, title, by, order)                                                              \
    "SELECT " key ", " title "," COUNTS " GROUP BY " by " ORDER BY " order

static const struct statement status_whole = {"status_whole", "SELECT NULL, NULL," COUNTS, 4};
static const struct statement status_by_item = {
    "status_by_item",
    GROUPS("x.ino::text", "x.ititle", "x.icode, x.ino, x.ititle", "x.icode, x.ino"), 4};
static const struct statement status_by_problem = {
    "status_by_problem",
    GROUPS("x.pref", "x.ptitle", "x.icode, x.pref, x.ptitle", "x.icode, x.pref COLLATE \"C\""), 4};
static const struct statement status_by_unit = {
    "status_by_unit",
    GROUPS("x.ucode", "x.uname", "x.ucode, x.uname, x.uorder", "x.uorder, x.ucode"), 4};
static const struct statement status_by_leader = {
    "status_by_leader",
    GROUPS("x.lcode", "x.lname", "x.lcode, x.lname, x.lorder", "x.lorder, x.lcode"), 4};
static const struct statement status_by_sgroup = {
    "status_by_sgroup",
    GROUPS("x.scode", "x.sname", "x.scode, x.sname, x.sorder", "x.sorder, x.scode"), 4};

static const struct statement status_totals = {
    .name = "status_totals",
    .params = 4,
    .sql =
        "WITH ins AS (SELECT i.id, i.code, i.plan_no FROM inspection i"
        "              WHERE i.tenant = $1 AND " IN_SCOPE(
            "i") "),"
                 "  pro AS (SELECT p.* FROM problem p JOIN ins ON ins.id = p.inspection"
                 "           WHERE p.tenant = $1)"
                 " SELECT (SELECT count(DISTINCT item) FROM pro),"
                 "        (SELECT count(*) FROM pro WHERE origin = 'FEEDBACK'),"
                 "        (SELECT count(*) FROM pro WHERE origin = 'FEEDBACK'"
                 "            AND state IN ('CLOSED', 'SUSTAINED')),"
                 "        (SELECT count(DISTINCT lead_org) FROM pro),"
                 "        (SELECT count(*) FROM periodic_table t JOIN ins ON ins.id = t.inspection"
                 "          WHERE t.tenant = $1 AND table_is_owed(t.state, t.submitted_day)"
                 "            AND t.due + t.grace_days < $3::date),"
                 "        (SELECT count(*) FROM measure m JOIN ins ON ins.id = m.inspection"
                 "          WHERE m.tenant = $1 AND m.claimed_ms < $4"
                 "            AND m.state IN ('EFFECT_CLAIMED', 'COMPLETE_CLAIMED')),"
                 "        (SELECT CASE WHEN count(*) = 1 THEN max(plan_no) ELSE 0 END FROM ins),"
                 "        (SELECT string_agg(code, ',' ORDER BY code) FROM ins)",
};

const struct statement *const status_statements[] = {
    &status_whole,     &status_by_item,   &status_by_problem, &status_by_unit,
    &status_by_leader, &status_by_sgroup, &status_totals,     NULL};

static void
fill_counts(Pb__StatusCounts *c, const struct db_row *row)
{
    pb__status_counts__init(c);
    c->has_measures = c->has_assigned = c->has_in_progress = c->has_effect_reached = 1;
    c->has_claimed = c->has_done = c->has_sustaining = c->has_overdue = 1;
    c->has_overdue_original = c->has_due_soon = c->has_draft = 1;
    c->measures = (int32_t)db_int(row, 3);
    c->assigned = (int32_t)db_int(row, 4);
    c->in_progress = (int32_t)db_int(row, 5);
    c->effect_reached = (int32_t)db_int(row, 6);
    c->claimed = (int32_t)db_int(row, 7);
    c->done = (int32_t)db_int(row, 8);
    c->sustaining = (int32_t)db_int(row, 9);
    c->overdue = (int32_t)db_int(row, 10);
    c->overdue_original = (int32_t)db_int(row, 11);
    c->due_soon = (int32_t)db_int(row, 12);
    c->draft = (int32_t)db_int(row, 13);
}

static enum status
take_group(void *ctx, const struct db_row *row, struct arena *a)
{
    struct group_list *list = ctx;
    Pb__StatusGroupRow **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__StatusGroupRow *g = arena_alloc(a, sizeof *g);
    Pb__StatusCounts *counts = arena_alloc(a, sizeof *counts);
    if (slot == NULL || g == NULL || counts == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__status_group_row__init(g);
    g->key = db_text(row, 0, a);
    g->title = db_text(row, 1, a);
    g->has_problems = g->has_worst_overdue_days = 1;
    g->problems = (int32_t)db_int(row, 2);
    fill_counts(counts, row);
    g->counts = counts;
    g->worst_overdue_days = (int32_t)db_int(row, 14);
    g->behind_since = db_text(row, 15, a);
    *slot = g;
    list->count++;
    return STATUS_OK;
}

static enum status
take_totals(void *ctx, const struct db_row *row, struct arena *a)
{
    struct status_totals *t = ctx;
    *t = (struct status_totals){
        .items = (int32_t)db_int(row, 0),
        .problems = (int32_t)db_int(row, 1),
        .problems_closed = (int32_t)db_int(row, 2),
        .units = (int32_t)db_int(row, 3),
        .tables_missing = (int32_t)db_int(row, 4),
        .office_waiting = (int32_t)db_int(row, 5),
        .plan_version = (int32_t)db_int(row, 6),
        .inspections = db_text(row, 7, a),
    };
    return STATUS_OK;
}

static const struct statement *
group_statement(Pb__StatusGroup group_by)
{
    switch (group_by) {
    case PB__STATUS_GROUP__BY_ITEM:
        return &status_by_item;
    case PB__STATUS_GROUP__BY_PROBLEM:
        return &status_by_problem;
    case PB__STATUS_GROUP__BY_UNIT:
        return &status_by_unit;
    case PB__STATUS_GROUP__BY_LEADER:
        return &status_by_leader;
    case PB__STATUS_GROUP__BY_SPECIAL_GROUP:
        return &status_by_sgroup;
    default:
        return &status_whole;
    }
}

enum status
status_queue_groups(struct db_queue *q, int tenant, const struct status_query *query,
                    Pb__StatusGroup group_by, struct group_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_day(query->as_of),
                             p_int(query->soon_days)};
    return db_queue_add(q, group_statement(group_by), params,
                        (struct db_sink){take_group, ret, DB_ANY_COUNT});
}

enum status
status_queue_totals(struct db_queue *q, int tenant, const struct status_query *query,
                    struct status_totals *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_day(query->as_of),
                             p_int(query->waiting_before_ms)};
    return db_queue_add(q, &status_totals, params, (struct db_sink){take_totals, ret, 1});
}
