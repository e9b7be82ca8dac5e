#include "server/store/report.h"

#include "server/store/status_count.h"

/* SQL reads better as it is laid out. */
/* clang-format off */

/* $4 the instant after the day, $5 and $6 the period's first day and instant, $7 the least id of an
 * event of that instant. B: a number as a bit; the numbers of enum assessment_number. */
#define B(n) "(1::bigint << " #n ")"
#define WHEN(condition, bits) "CASE WHEN " condition " THEN " bits " ELSE 0 END"
#define SEEN(v) "status_event_ms(" v ".event_id) < $4::bigint"
#define IN_PERIOD(ms) "(" ms " >= $6::bigint AND " ms " < $4::bigint)"
#define FROM_DAY STATUS_DATE("$5::int")
#define TO_DAY STATUS_DATE("$3::int")

/* at: how things stood. due: of a measure, COMPLETE; last: the last one of a problem. mt: matters as
 * they stood. */
#define STOOD                                                                                      \
    "WITH at AS MATERIALIZED (SELECT s.* FROM status_span s WHERE s.tenant = $1 AND "              \
    STATUS_ON_DAY("s") " AND " STATUS_BY_INSPECTION("s") " AND " STATUS_IN_SCOPE("s") "),"         \
    " due AS MATERIALIZED (SELECT DISTINCT ON (v.measure) v.measure, v.current_due,"               \
    "         v.original_due, v.reached_day FROM milestone_version v WHERE v.tenant = $1"          \
    "     AND v.kind = 2 AND v.measure IN (SELECT thing FROM at WHERE kind = 1) AND " SEEN("v")    \
    "   ORDER BY v.measure, v.version DESC),"                                                      \
    " last AS (SELECT m.problem, max(x.current_due) AS due FROM at m JOIN due x"                   \
    "     ON x.measure = m.thing WHERE m.kind = 1 AND m.num > 0 GROUP BY m.problem),"              \
    " mt AS MATERIALIZED (SELECT DISTINCT ON (v.id) v.* FROM matter_version v"                     \
    "   WHERE v.tenant = $1 AND v.kind IN ('extension', 'notice', 'round') AND " SEEN("v")         \
    "   ORDER BY v.id, v.version DESC),"                                                           \
    " ins AS (SELECT id FROM inspection WHERE tenant = $1 AND ($2::text IS NULL OR code = $2)),"

#define CLOSED_NOW "a.num IN (15, 16)"
#define CLOSED_THEN "(" CLOSED_NOW " AND c.closed_day BETWEEN " FROM_DAY " AND " TO_DAY ")"
#define IN_CLOSING_TIME "coalesce(c.closed_day <= d.due, true)"
#define PROBLEMS                                                                                   \
    "SELECT a.unit, 'PROBLEM' AS kind, p.ref, p.title, a.state, c.closed_day AS day,"              \
    "       '最后一条措施的到位时限 ' || d.due AS detail,"                                                       \
    "       CASE WHEN a.num IN (17, 18) THEN " B(3) " ELSE " B(0) " END"                           \
    "       | " WHEN(CLOSED_THEN, B(1) " | " B(2)) " AS den,"                                      \
    "       " WHEN(CLOSED_NOW, B(0)) " | " WHEN("a.num = 18", B(3))                                \
    "       | " WHEN(CLOSED_THEN " AND " IN_CLOSING_TIME, B(1))                                    \
    "       | " WHEN(CLOSED_THEN " AND NOT " IN_CLOSING_TIME, B(2)) " AS num"                      \
    "  FROM at a JOIN problem p ON p.tenant = $1 AND p.id = a.thing"                               \
    "  LEFT JOIN LATERAL (SELECT v.closed_day FROM problem_version v WHERE v.tenant = $1"          \
    "         AND v.id = a.thing AND " SEEN("v") " ORDER BY v.version DESC LIMIT 1) c ON true"     \
    "  LEFT JOIN last d ON d.problem = a.thing"                                                    \
    " WHERE a.kind = 2 AND a.num > 0"

#define PLACED "(a.num IN (7, 8) AND d.reached_day BETWEEN " FROM_DAY " AND " TO_DAY ")"
#define IN_TIME(due) "coalesce(d.reached_day <= d." due ", true)"
#define MEASURES                                                                                   \
    "SELECT a.unit, 'MEASURE', m.ref, m.text, a.state, d.reached_day,"                             \
    "       concat('到位时限：现行 ' || d.current_due, '，原定 ' || d.original_due,"                 \
    "              CASE WHEN a.over_from <= $3::int THEN '；' || " STATUS_DATE("a.over_from - 1")  \
    "              || ' 到期，已超期' END),"                                                       \
    "       " B(4) " | " B(11) " | " B(12)                                                         \
    "       | " WHEN(PLACED, B(5) " | " B(6) " | " B(7) " | " B(8))                                \
    "       | " WHEN("a.num BETWEEN 2 AND 6", B(9) " | " B(10)) ","                                \
    "       " WHEN("a.num IN (7, 8)", B(4))                                                        \
    "       | " WHEN(PLACED, "CASE WHEN " IN_TIME("current_due") " THEN " B(5) " ELSE " B(6) " END"\
             " | CASE WHEN " IN_TIME("original_due") " THEN " B(7) " ELSE " B(8) " END")           \
    "       | " WHEN("a.over_from <= $3::int", B(9)) " | " WHEN("a.orig_from <= $3::int", B(10))   \
    "       | " WHEN("EXISTS (SELECT 1 FROM event_change c WHERE c.tenant = $1"                    \
             " AND c.thing = a.thing AND c.command IN ('reopen', 'fail') AND "                     \
             IN_PERIOD("c.recorded_ms") ")", B(11))                                                \
    "       | " WHEN("EXISTS (SELECT 1 FROM measure_version v WHERE v.tenant = $1"                 \
             " AND v.id = a.thing AND v.round > 1 AND " SEEN("v") ")", B(12))                      \
    "  FROM at a JOIN measure m ON m.tenant = $1 AND m.id = a.thing"                               \
    "  LEFT JOIN due d ON d.measure = a.thing WHERE a.kind = 1 AND a.num > 0"

#define TABLES                                                                                     \
    "SELECT a.unit, 'TABLE', t.period, t.period, a.state, t.due, NULL::text,"                      \
    "       " B(13) " | " B(14) " | " B(15) " | " B(16) ","                                        \
    "       CASE a.num WHEN 22 THEN " B(13) " WHEN 23 THEN " B(14) " WHEN 24 THEN " B(15)          \
    "         ELSE " WHEN("a.over_from <= $3::int", B(16)) " END"                                  \
    "  FROM at a JOIN periodic_table t ON t.tenant = $1 AND t.id = a.thing"                        \
    " WHERE a.kind = 3 AND a.orig_from <= $3::int AND t.due >= " FROM_DAY

/* A row is judged when its verdict differs from the version before. */
#define ROWS                                                                                       \
    "SELECT a.unit, 'ROW', m.ref || ' ' || t.period, m.text, v.verdict::text,"                     \
    "       " STATUS_DATE("status_event_day($1, v.event_id)") ", v.reason, " B(17) ","             \
    "       " WHEN("v.verdict = 3", B(17))                                                         \
    "  FROM table_row_version v JOIN at a ON a.kind = 1 AND a.thing = v.measure"                   \
    "  JOIN measure m ON m.tenant = $1 AND m.id = v.measure"                                       \
    "  JOIN periodic_table t ON t.tenant = $1 AND t.id = v.table_id"                               \
    " WHERE v.tenant = $1 AND v.verdict IN (2, 3) AND " IN_PERIOD("status_event_ms(v.event_id)")   \
    "   AND NOT EXISTS (SELECT 1 FROM table_row_version b WHERE b.tenant = $1"                     \
    "         AND b.table_id = v.table_id AND b.measure = v.measure"                               \
    "         AND b.version = v.version - 1 AND b.verdict = v.verdict)"

#define CLAIMS                                                                                     \
    "SELECT a.unit, 'CLAIM', m.ref, m.text, c.command,"                                            \
    "       " STATUS_DATE("status_event_day($1, c.event_id)") ", c.reason, " B(18) ","             \
    "       " WHEN("c.command = 'return'", B(18))                                                  \
    "  FROM event_change c JOIN at a ON a.kind = 1 AND a.thing = c.thing"                          \
    "  JOIN measure m ON m.tenant = $1 AND m.id = c.thing"                                         \
    " WHERE c.tenant = $1 AND c.event_id >= $7::uuid AND c.kind = 'measure'"                       \
    "   AND c.command IN ('confirm', 'return') AND " IN_PERIOD("c.recorded_ms")

#define EXTENSIONS                                                                                 \
    "SELECT a.unit, 'EXTENSION', x.ref, m.ref || ' ' || m.text, x.state,"                          \
    "       " STATUS_DATE("status_event_day($1, f.event_id)") ","                                  \
    "       x.old_due || ' → ' || x.new_due, " B(19) " | " B(20) ","                               \
    "       " WHEN("x.state = 'APPROVED'", B(19)) " | " WHEN("x.state = 'REJECTED'", B(20))        \
    "  FROM mt x JOIN at a ON a.kind = 1 AND a.thing = x.measure"                                  \
    "  JOIN measure m ON m.tenant = $1 AND m.id = x.measure"                                       \
    "  JOIN LATERAL (SELECT v.event_id FROM matter_version v WHERE v.tenant = $1 AND v.id = x.id"  \
    "         ORDER BY v.version LIMIT 1) f ON true"                                               \
    " WHERE x.kind = 'extension' AND " IN_PERIOD("x.opened_ms")

/* As GetRoundShare: of what was seen; each round's sample is the round's own. */
#define SAMPLES                                                                                    \
    "SELECT s.org, 'SAMPLE', x.ref || ' ' || m.ref, m.text, s.verdict::text,"                      \
    "       " STATUS_DATE("status_event_day($1, x.event_id)") ", s.found, " B(21) ","              \
    "       " WHEN("s.verdict = 1", B(21))                                                         \
    "  FROM mt x JOIN matter_sample s ON s.tenant = $1 AND s.matter = x.id"                        \
    "   AND NOT s.removed AND s.verdict IN (1, 2, 3)"                                              \
    "  JOIN measure m ON m.tenant = $1 AND m.id = s.measure"                                       \
    " WHERE x.kind = 'round' AND x.state = 'FINAL' AND " IN_PERIOD("x.state_ms")                   \
    "   AND ($2::text IS NULL OR x.inspection IN (SELECT id FROM ins))"

#define NOTICES                                                                                    \
    "SELECT x.org, 'NOTICE', x.ref, x.title, x.state,"                                             \
    "       " STATUS_DATE("status_event_day($1, f.event_id)") ", left(x.text, 200),"               \
    "       " B(22) " | " B(23) ","                                                                \
    "       " WHEN("x.state = 'CLEARED'", B(22)) " | " WHEN("x.state = 'NOT_SATISFIED'", B(23))    \
    "  FROM mt x JOIN LATERAL (SELECT v.event_id, v.state_ms FROM matter_version v"                \
    "         WHERE v.tenant = $1 AND v.id = x.id AND v.state = 'ISSUED'"                          \
    "         ORDER BY v.version LIMIT 1) f ON true"                                               \
    " WHERE x.kind = 'notice' AND " IN_PERIOD("f.state_ms")                                        \
    "   AND ($2::text IS NULL OR x.inspection IN (SELECT id FROM ins))"

#define OUTCOMES                                                                                   \
    "SELECT a.unit, 'OUTCOME', o.ref, o.title, o.state, o.happened_day,"                           \
    "       o.kind || ' ' || CASE o.kind WHEN 'FUNDS_RECOVERED' THEN o.amount"                      \
    "         ELSE trunc(o.amount, 0) END || ' ' || o.word, " B(24) ","                                \
    "       " WHEN("o.state = 'CONFIRMED'", B(24))                                                 \
    "  FROM (SELECT DISTINCT ON (v.id) v.* FROM outcome_version v WHERE v.tenant = $1"             \
    "            AND " SEEN("v") " ORDER BY v.id, v.version DESC) o"                               \
    "  JOIN at a ON a.kind = 1 AND a.thing = o.measure"                                            \
    " WHERE o.state <> 'WITHDRAWN' AND o.happened_day BETWEEN " FROM_DAY " AND " TO_DAY

#define FACTS                                                                                      \
    STOOD " facts AS (" PROBLEMS " UNION ALL " MEASURES " UNION ALL " TABLES " UNION ALL " ROWS    \
    " UNION ALL " CLAIMS " UNION ALL " EXTENSIONS " UNION ALL " SAMPLES " UNION ALL " NOTICES      \
    " UNION ALL " OUTCOMES ")"
#define NUMBERS "generate_series(0, 24) b (n)"

static const struct statement assessment_counts = {
    .name = "assessment_counts",
    .params = 7,
    .sql =
        FACTS " SELECT grouping(f.unit) = 1, o.code, o.name, b.n,"
        "       count(*) FILTER (WHERE f.num >> b.n & 1 = 1),"
        "       count(*) FILTER (WHERE f.den >> b.n & 1 = 1)"
        "  FROM facts f CROSS JOIN " NUMBERS
        "  LEFT JOIN org o ON o.tenant = $1 AND o.id = f.unit"
        " GROUP BY GROUPING SETS ((b.n), (f.unit, o.sort_order, o.code, o.name, b.n))"
        " ORDER BY grouping(f.unit) DESC, o.sort_order, o.code, b.n",
};

/* $8 a number or −1, $9 a unit's code, $10 offset, $11 limit. */
static const struct statement assessment_facts = {
    .name = "assessment_facts",
    .params = 11,
    .sql =
        FACTS " SELECT o.code, o.name, f.kind, f.ref, f.title, f.state, f.day, f.detail, f.num"
        "  FROM facts f LEFT JOIN org o ON o.tenant = $1 AND o.id = f.unit"
        " WHERE ($8::int < 0 OR f.num >> $8::int & 1 = 1) AND ($9::text IS NULL OR o.code = $9)"
        " ORDER BY o.sort_order, o.code, array_position(ARRAY['PROBLEM', 'MEASURE', 'TABLE', 'ROW',"
        "          'CLAIM', 'EXTENSION', 'SAMPLE', 'NOTICE', 'OUTCOME'], f.kind),"
        "          f.ref COLLATE \"C\", f.day, f.num, f.detail OFFSET $10::bigint LIMIT $11::int",
};
/* clang-format on */

_Static_assert(FACT_OUTCOMES_CONFIRMED == 24 && FACT_COUNT == 25, "NUMBERS and the bits above");

const struct statement *const report_statements[] = {&assessment_counts, &assessment_facts, NULL};

static enum status
take_count(void *ctx, const struct db_row *row, struct arena *a)
{
    struct assessment_count_list *list = ctx;
    struct assessment_count *c =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *c);
    if (c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *c = (struct assessment_count){
        .whole = db_bool(row, 0),
        .unit = db_text(row, 1, a),
        .unit_name = db_text(row, 2, a),
        .number = (int)db_int(row, 3),
        .numerator = (int32_t)db_int(row, 4),
        .denominator = (int32_t)db_int(row, 5),
    };
    list->count++;
    return STATUS_OK;
}

static enum status
take_fact(void *ctx, const struct db_row *row, struct arena *a)
{
    struct assessment_fact_list *list = ctx;
    struct assessment_fact *f =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *f);
    if (f == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *f = (struct assessment_fact){
        .unit = db_text(row, 0, a),
        .unit_name = db_text(row, 1, a),
        .kind = db_text(row, 2, a),
        .ref = db_text(row, 3, a),
        .title = db_text(row, 4, a),
        .state = db_text(row, 5, a),
        .day = db_day(row, 6),
        .detail = db_text(row, 7, a),
        .numerators = db_int(row, 8),
    };
    list->count++;
    return STATUS_OK;
}

enum status
report_queue_counts(struct db_queue *q, int tenant, const struct assessment_query *query,
                    struct assessment_count_list *ret)
{
    const struct status_query *st = query->status;
    struct param params[] = {p_int(tenant),         p_text(st->inspection), p_int(st->as_of),
                             p_int(st->until_ms),   p_int(query->from),     p_int(query->from_ms),
                             p_text(query->from_id)};
    return db_queue_add(q, &assessment_counts, params,
                        (struct db_sink){take_count, ret, DB_ANY_COUNT});
}

enum status
report_queue_facts(struct db_queue *q, int tenant, const struct assessment_query *query,
                   const struct assessment_filter *filter, struct assessment_fact_list *ret)
{
    const struct status_query *st = query->status;
    struct param params[] = {p_int(tenant),          p_text(st->inspection), p_int(st->as_of),
                             p_int(st->until_ms),    p_int(query->from),     p_int(query->from_ms),
                             p_text(query->from_id), p_int(filter->number),  p_text(filter->unit),
                             p_int(filter->offset),  p_int(filter->limit)};
    return db_queue_add(q, &assessment_facts, params,
                        (struct db_sink){take_fact, ret, DB_ANY_COUNT});
}
