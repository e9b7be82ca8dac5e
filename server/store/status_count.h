/* Pieces of SQL that the totals' files share. Private to server/store/status*.c.
 *
 * In every statement $1 is the tenant, $2 the inspection's code or NULL, $3 the day (a number of
 * days since 1970); s is a span. */
#ifndef SERVER_STORE_STATUS_COUNT_H
#define SERVER_STORE_STATUS_COUNT_H

/* SQL reads better as it is laid out. */
/* clang-format off */
#define STATUS_NEVER "2147483647"

/* The columns of status_total in the order of enum status_count. */
#define STATUS_COLUMNS(X)                                                                          \
    X(1, "draft")                                                                                  \
    X(2, "assigned")                                                                               \
    X(3, "in_progress")                                                                            \
    X(4, "effect_claimed")                                                                         \
    X(5, "effect_reached")                                                                         \
    X(6, "complete_claimed")                                                                       \
    X(7, "done")                                                                                   \
    X(8, "sustaining")                                                                             \
    X(9, "overdue")                                                                                \
    X(10, "overdue_original")                                                                      \
    X(11, "due_soon")                                                                              \
    X(12, "p_registered")                                                                          \
    X(13, "p_rectifying")                                                                          \
    X(14, "p_review")                                                                              \
    X(15, "p_closed")                                                                              \
    X(16, "p_sustained")                                                                           \
    X(17, "o_open")                                                                                \
    X(18, "o_closed")                                                                              \
    X(19, "t_owed")                                                                                \
    X(20, "t_missing")                                                                             \
    X(21, "t_open")                                                                                \
    X(22, "t_in_time")                                                                             \
    X(23, "t_late")                                                                                \
    X(24, "t_nil")                                                                                 \
    X(25, "t_waived")                                                                              \
    X(26, "items")
#define STATUS_NAMED(n, name) ", " name
#define STATUS_SUMMED(n, name) ", sum(" name ")::integer AS " name
#define STATUS_POINT_SUMMED(n, name) \
    ", coalesce(sum(x.delta) FILTER (WHERE x.n = " # n "), 0)::integer AS " name

/* How a span stood on the day. */
#define STATUS_ON_DAY(s) "(" s ".from_day <= $3::int AND " s ".to_day > $3::int)"

/* A draft counts when its inspection is asked for, or when nothing is approved yet. */
#define STATUS_IN_SCOPE(s) \
    "(CASE WHEN $2::text IS NULL THEN " s ".live OR NOT EXISTS (SELECT 1 FROM status_span ap" \
    "            WHERE ap.tenant = $1 AND ap.live AND ap.kind = 1 AND ap.from_day <= $3::int" \
    "              AND ap.to_day > $3::int)      ELSE " s ".inspection = (SELECT id" \
    " FROM inspection WHERE tenant = $1 AND code = $2)  END)"

/* Spans of one inspection are found by it; CASE above would hide that from the planner. */
#define STATUS_BY_INSPECTION(s) \
    "($2::text IS NULL OR " s ".inspection = (SELECT id FROM inspection WHERE tenant = $1" \
    " AND code = $2))"

/* Spans of what the caller's orgs may see, found from his side; row-level security says the same.
 */
#define STATUS_OWN \
    "(SELECT sp.* FROM (    SELECT 1 AS kind, a.measure AS thing FROM access a" \
    "     WHERE a.tenant = $1 AND a.org = ANY (cur_orgs())    UNION SELECT 2, a.problem" \
    " FROM access a     WHERE a.tenant = $1 AND a.org = ANY (cur_orgs())" \
    "    UNION SELECT 4, p.item FROM access a      JOIN problem p ON p.tenant = a.tenant" \
    " AND p.id = a.problem     WHERE a.tenant = $1 AND a.org = ANY (cur_orgs())" \
    "    UNION SELECT 3, t.id FROM periodic_table t     WHERE t.tenant = $1" \
    " AND t.org = ANY (cur_orgs())) mine JOIN status_span sp ON sp.tenant = $1" \
    " AND sp.kind = mine.kind AND sp.thing = mine.thing)"
#define STATUS_ALL "status_span"

/* Days behind on the day: the longer of the two milestones; a waiting claim stops a clock. */
#define STATUS_DAYS(s) \
    "greatest(0, least($3::int, " s ".effect_stop) - " s ".effect_due," \
    "         least($3::int, " s ".complete_stop) - " s ".complete_due)"

/* A day number as a date. */
#define STATUS_DATE(n) "(DATE '1970-01-01' + (" n "))"

/* What a pending line p adds to which number, and from which day on. */
#define STATUS_POINTS \
    " CROSS JOIN LATERAL (VALUES (p.num::integer, p.day, p.sign::integer),   (CASE p.kind" \
    " WHEN 3 THEN 20 ELSE 9 END, greatest(p.day, p.over_from), p.sign),   (CASE p.kind" \
    " WHEN 3 THEN 19 ELSE 10 END, greatest(p.day, p.orig_from), p.sign)," \
    "   (11, greatest(p.day, p.soon_from), p.sign),   (11, CASE WHEN p.soon_from < " \
    STATUS_NEVER " THEN greatest(p.day, p.over_from)        ELSE " STATUS_NEVER \
    " END, -p.sign)) x (n, day, delta)"

/* Under which keys it is counted: what has none stands under the empty one, so that groups add up
 * to the whole. */
#define STATUS_KEYS \
    " CROSS JOIN LATERAL (VALUES (0, status_no_key(), p.live), (1, p.inspection, true)," \
    "   (2, coalesce(p.unit, status_no_key()), p.live AND p.kind <> 4)," \
    "   (3, coalesce(p.leader, status_no_key()), p.live AND p.kind = 1)," \
    "   (4, coalesce(p.sgroup, status_no_key()), p.live" \
    " AND p.kind < 3)) k (dim, key, counts)"

/* clang-format on */

#endif
