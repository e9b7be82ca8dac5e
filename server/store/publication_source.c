#include "server/store/publication_source.h"

#include "server/base/due.h"

/* $2 inspection, $3 the day, $4 the least id of an event after it. A measure's words and the last
 * narrative accepted are those of the versions of that day. */
#define ON_DAY "s.tenant = $1 AND s.inspection = $2 AND s.from_day <= $3 AND s.to_day > $3"
static const struct statement publication_source = {
    .name = "publication_source",
    .params = 5,
    .sql = "WITH p AS (SELECT s.thing, s.state, p.ref, p.no, p.title, it.no AS item_no,"
           "       it.title AS item_title FROM status_span s"
           "  JOIN problem p ON p.tenant = $1 AND p.id = s.thing"
           "  JOIN item it ON it.tenant = $1 AND it.id = s.item"
           " WHERE s.kind = 2 AND s.num BETWEEN 12 AND 16 AND " ON_DAY "),"
           " m AS (SELECT s.thing, s.problem, s.state, m.ref, m.no, w.text, n.narrative"
           "  FROM status_span s JOIN measure m ON m.tenant = $1 AND m.id = s.thing"
           "  JOIN LATERAL (SELECT v.text FROM measure_version v WHERE v.tenant = $1"
           "        AND v.id = s.thing AND v.event_id < $4 ORDER BY v.version DESC LIMIT 1) w"
           "       ON true"
           "  LEFT JOIN LATERAL (SELECT r.narrative FROM table_row t"
           "        JOIN periodic_table pt ON pt.tenant = $1 AND pt.id = t.table_id"
           "             AND pt.kind = 'MONTH'"
           "        JOIN table_row_version r ON r.tenant = $1 AND r.table_id = t.table_id"
           "             AND r.measure = t.measure AND r.verdict = 2 AND r.event_id < $4"
           "       WHERE t.tenant = $1 AND t.measure = s.thing"
           "       ORDER BY pt.period DESC, r.version DESC LIMIT 1) n ON true"
           " WHERE s.kind = 1 AND s.num BETWEEN 2 AND 8 AND " ON_DAY ")"
           " SELECT p.thing, NULL::uuid, p.ref, p.title, p.item_no, p.item_title, p.state,"
           "        NULL::text, p.no, 0 FROM p"
           " UNION ALL SELECT p.thing, m.thing, m.ref, m.text, p.item_no, p.item_title, m.state,"
           "        m.narrative, p.no, m.no FROM m JOIN p ON p.thing = m.problem"
           " ORDER BY 5, 9, 1, 10, 3 LIMIT $5",
};

static const struct statement publication_next_days = {
    .name = "publication_next_days",
    .params = 4,
    .sql = "SELECT x.day, x.kind, x.note, sum(x.n)::integer FROM ("
           " SELECT d.planned_day - DATE '1970-01-01' AS day, d.kind, d.note, 0 AS n"
           "   FROM inspection_date d WHERE d.tenant = $1 AND d.inspection = $2"
           "    AND (d.held_day IS NULL OR d.held_day - DATE '1970-01-01' > $3)"
           " UNION ALL SELECT x.due, NULL, NULL, 1 FROM status_span s"
           "   CROSS JOIN LATERAL (VALUES (s.effect_due, s.effect_stop),"
           "                              (s.complete_due, s.complete_stop)) x (due, stop)"
           "  WHERE s.kind = 1 AND " ON_DAY " AND x.stop IS NULL) x"
           " WHERE x.day > $3 AND x.day <= $3 + $4 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
};

const struct statement *const publication_source_statements[] = {&publication_source,
                                                                 &publication_next_days, NULL};

static enum status
take_source(void *ctx, const struct db_row *row, struct arena *a)
{
    struct subject_list *list = ctx;
    struct publication_subject *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct publication_subject){
        .no = (int32_t)list->count + 1,
        .problem_id = db_text(row, 0, a),
        .measure_id = db_text(row, 1, a),
        .ref = db_text(row, 2, a),
        .title = db_text(row, 3, a),
        .item_no = (int32_t)db_int(row, 4),
        .item_title = db_text(row, 5, a),
        .state = db_text(row, 6, a),
        .source = db_text(row, 7, a),
        .version = 1,
    };
    list->count++;
    return s->ref == NULL || s->title == NULL || s->item_title == NULL || s->state == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : STATUS_OK;
}

enum status
publication_queue_source(struct db_queue *q, int tenant, const char *inspection_id, int32_t as_of,
                         const char *until_id, int32_t limit, struct subject_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(inspection_id), p_int(as_of), p_text(until_id),
                             p_int(limit)};
    return db_queue_add(q, &publication_source, params,
                        (struct db_sink){take_source, ret, DB_ANY_COUNT});
}

static enum status
take_next_day(void *ctx, const struct db_row *row, struct arena *a)
{
    struct next_day_list *list = ctx;
    struct next_day *d =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *d);
    if (d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *d = (struct next_day){
        .day = (int32_t)db_int(row, 0),
        .kind = db_text(row, 1, a),
        .note = db_text(row, 2, a),
        .count = (int32_t)db_int(row, 3),
    };
    list->count++;
    return STATUS_OK;
}

enum status
publication_queue_next_days(struct db_queue *q, int tenant, const char *inspection_id,
                            int32_t as_of, int32_t days, struct next_day_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(inspection_id), p_int(as_of), p_int(days)};
    return db_queue_add(q, &publication_next_days, params,
                        (struct db_sink){take_next_day, ret, DB_ANY_COUNT});
}
