#include "server/store/watch.h"

#include "server/base/clock.h"
#include "server/store/columns.h"

#include <stdio.h>
#include <string.h>

/* ---- what to look at ---- */

static const struct statement watch_state_read = {
    .name = "watch_state_read",
    .params = 1,
    .sql = "SELECT s.generation, s.last_day, s.ladder_version, s.calendar_days,"
           "       coalesce((SELECT n.value::integer FROM setting n"
           "                  WHERE n.tenant = $1 AND n.name = 'ladder_version'"
           "                  ORDER BY n.version DESC LIMIT 1),"
           "                (SELECT min(r.version) FROM ladder_rule r WHERE r.tenant = $1), 0),"
           "       (SELECT count(*) FROM calendar_day d WHERE d.tenant = $1)"
           "  FROM (VALUES (1)) one LEFT JOIN watch_state s ON s.tenant = $1",
};

static const struct statement watch_marks = {
    .name = "watch_marks",
    .params = 2,
    .sql = "SELECT k.kind, k.subject, k.id FROM watch_mark k WHERE k.tenant = $1"
           " ORDER BY k.id LIMIT $2::int",
};

/* Each half reads one range of the index. */
static const struct statement watch_due = {
    .name = "watch_due",
    .params = 4,
    .sql = "(SELECT w.kind, w.subject, 0 FROM watch w"
           "  WHERE w.tenant = $1 AND w.generation = $2 AND w.next_day <= $3::date"
           "  ORDER BY w.next_day LIMIT $4::int)"
           " UNION ALL"
           " (SELECT w.kind, w.subject, 0 FROM watch w"
           "   WHERE w.tenant = $1 AND w.generation < $2 LIMIT $4::int)",
};

/* ---- the things ---- */

/* Columns 0–13 the measure, 14 subject, 15 node, 16–18 days, 19 due version, 20 closed, 21 former
 * level 4, 22–26 what stands around it. */
#define WATCH_COLUMNS                                                                              \
    "SELECT m.id, m.ref, p.lead_org, o.code, m.lead_org, m.leader_org, p.sgroup_org, m.class,"     \
    "       m.state, m.round, coalesce(m.percent, -1), m.unchanged_periods, m.assigned_ms,"        \
    "       m.signed_ms, "
#define WATCH_TABLES                                                                               \
    " JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"                                  \
    " LEFT JOIN org o ON o.tenant = p.tenant AND o.id = p.lead_org"
#define WATCH_OPEN                                                                                 \
    " m.state IN ('ASSIGNED', 'IN_PROGRESS', 'EFFECT_CLAIMED', 'EFFECT_REACHED',"                  \
    " 'COMPLETE_CLAIMED')"
#define NO_MATTERS ", 0, NULL::date, NULL::date, NULL::date, 0, false"

/* Of `chosen`, a query of measures that is called m. */
#define WATCH_ROWS(chosen)                                                                         \
    "WITH m AS MATERIALIZED (" chosen ") " WATCH_COLUMNS                                           \
    "s.kind, 0, s.original_due, s.current_due, s.claimed_day, s.due_version, s.reached_day,"       \
    " (SELECT count(DISTINCT a.due_version) FROM alert a"                                          \
    "   WHERE a.tenant = s.tenant AND a.subject = s.measure AND a.milestone = s.kind"              \
    "     AND a.level = 4 AND a.due_version <> s.due_version),"                                    \
    " n.due1, n.due2, n.due3, coalesce(n.failed, 0),"                                              \
    " EXISTS (SELECT 1 FROM false_verdict v"                                                       \
    "          WHERE v.tenant = m.tenant AND v.measure = m.id AND v.round = m.round)"              \
    "  FROM m" WATCH_TABLES " JOIN milestone s ON s.tenant = m.tenant AND s.measure = m.id"        \
    "   AND s.reached_day IS NULL AND s.current_due IS NOT NULL"                                   \
    "   AND NOT (m.class = 1 AND s.kind = 1)"                                                      \
    " LEFT JOIN LATERAL ("                                                                         \
    "   SELECT min(x.due) FILTER (WHERE x.level = 1 AND x.state <> 'NOT_SATISFIED') AS due1,"      \
    "          min(x.due) FILTER (WHERE x.level = 2 AND x.state <> 'NOT_SATISFIED') AS due2,"      \
    "          min(x.due) FILTER (WHERE x.level = 3 AND x.state <> 'NOT_SATISFIED') AS due3,"      \
    "          max(x.level) FILTER (WHERE x.state = 'NOT_SATISFIED') AS failed"                    \
    "     FROM matter x WHERE x.tenant = m.tenant AND x.measure = m.id AND x.kind = 'notice'"      \
    "      AND x.state IN ('ISSUED', 'SIGNED_FOR', 'NOT_SATISFIED')"                               \
    "      AND coalesce(x.milestone, s.kind) = s.kind) n ON true"                                  \
    " WHERE" WATCH_OPEN " UNION ALL " WATCH_COLUMNS "4, 0, NULL, NULL, NULL, 1, NULL" NO_MATTERS   \
    " FROM m" WATCH_TABLES                                                                         \
    " WHERE m.state = 'ASSIGNED' AND m.assigned_ms IS NOT NULL UNION ALL " WATCH_COLUMNS           \
    "6, 0, m.next_check_day, m.next_check_day, NULL, 0, NULL" NO_MATTERS " FROM m" WATCH_TABLES    \
    " WHERE m.state = 'SUSTAINING' AND m.next_check_day IS NOT NULL UNION ALL " WATCH_COLUMNS      \
    "7, d.no, d.due, d.due, NULL, 0, NULL" NO_MATTERS " FROM m" WATCH_TABLES                       \
    " JOIN milestone_node d ON d.tenant = m.tenant AND d.measure = m.id"                           \
    "  AND d.reached_day IS NULL AND d.due IS NOT NULL WHERE" WATCH_OPEN " ORDER BY 1, 15, 16"

static const struct statement watch_measures = {
    .name = "watch_measures",
    .params = 2,
    .sql = WATCH_ROWS("SELECT * FROM measure c WHERE c.tenant = $1 AND c.id = ANY ($2::uuid[])"),
};

static const struct statement watch_each_measure = {
    .name = "watch_each_measure",
    .params = 3,
    .sql = WATCH_ROWS("SELECT * FROM measure c WHERE c.tenant = $1 AND c.id > $2::uuid"
                      " ORDER BY c.id LIMIT $3::int"),
};

static const struct statement watch_each_bound = {
    .name = "watch_each_bound",
    .params = 3,
    .sql = "SELECT c.id, count(*) OVER () FROM (SELECT b.id FROM measure b"
           "  WHERE b.tenant = $1 AND b.id > $2::uuid ORDER BY b.id LIMIT $3::int) c"
           " ORDER BY c.id DESC LIMIT 1",
};

#define OWED_SELECT                                                                                \
    "SELECT t.id, t.org, o.code, o.name, t.period, t.due, t.due + t.grace_days,"                   \
    "       (SELECT array_agg(DISTINCT m.leader_org)::text FROM problem p"                         \
    "          JOIN measure m ON m.tenant = p.tenant AND m.problem = p.id"                         \
    "         WHERE p.tenant = t.tenant AND p.inspection = t.inspection AND p.lead_org = t.org)"   \
    "  FROM periodic_table t JOIN org o ON o.tenant = t.tenant AND o.id = t.org"                   \
    " WHERE t.tenant = $1 AND table_is_owed(t.state, t.submitted_day)"

static const struct statement watch_tables = {
    "watch_tables", OWED_SELECT " AND t.id = ANY ($2::uuid[]) ORDER BY t.id", 2};
static const struct statement watch_all_tables = {"watch_all_tables", OWED_SELECT " ORDER BY t.id",
                                                  1};

#define MATTER_SELECT                                                                              \
    "SELECT x.id, x.kind, x.ref, x.org, o.code, x.holder, x.state, x.due FROM matter x"            \
    "  LEFT JOIN org o ON o.tenant = x.tenant AND o.id = x.org"                                    \
    " WHERE x.tenant = $1 AND x.due IS NOT NULL"

static const struct statement watch_matters = {
    "watch_matters", MATTER_SELECT " AND x.id = ANY ($2::uuid[]) ORDER BY x.id", 2};
static const struct statement watch_all_matters = {"watch_all_matters",
                                                   MATTER_SELECT " ORDER BY x.id", 1};

static const struct statement watch_standing = {
    .name = "watch_standing",
    .params = 2,
    .sql = "SELECT a.id, a.key, a.subject FROM alert a"
           " WHERE a.tenant = $1 AND a.subject = ANY ($2::uuid[]) AND a.cancelled_ms IS NULL",
};

/* ---- what is kept ---- */

static const struct statement watch_unmark = {
    "watch_unmark", "DELETE FROM watch_mark WHERE tenant = $1 AND id = ANY ($2::bigint[])", 2};

static const struct statement watch_put = {
    .name = "watch_put",
    .params = 5,
    .sql = "INSERT INTO watch (tenant, kind, subject, generation, next_day)"
           " SELECT $1::int, u.kind, u.subject, $2::int, u.day"
           "   FROM unnest($3::text[], $4::uuid[], $5::date[]) AS u (kind, subject, day)"
           " ON CONFLICT (tenant, kind, subject) DO UPDATE"
           " SET generation = excluded.generation, next_day = excluded.next_day",
};

static const struct statement watch_forget = {
    .name = "watch_forget",
    .params = 2,
    .sql = "DELETE FROM watch WHERE tenant = $1 AND subject = ANY ($2::uuid[])",
};

static const struct statement watch_state_put = {
    .name = "watch_state_put",
    .params = 5,
    .sql = "INSERT INTO watch_state (tenant, generation, last_day, ladder_version, calendar_days)"
           " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant) DO UPDATE"
           " SET generation = excluded.generation, last_day = excluded.last_day,"
           "     ladder_version = excluded.ladder_version, calendar_days = excluded.calendar_days",
};

const struct statement *const watch_statements[] = {
    &watch_state_read,   &watch_marks,       &watch_due,       &watch_measures,
    &watch_each_measure, &watch_each_bound,  &watch_tables,    &watch_all_tables,
    &watch_matters,      &watch_all_matters, &watch_standing,  &watch_unmark,
    &watch_put,          &watch_forget,      &watch_state_put, NULL};

/* ---- reading ---- */

static enum status
take_state(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(struct watch_state *)ctx = (struct watch_state){
        .exists = !db_is_null(row, 0),
        .generation = (int32_t)db_int(row, 0),
        .last_day = db_day(row, 1),
        .ladder_version = (int32_t)db_int(row, 2),
        .calendar_days = (int32_t)db_int(row, 3),
        .current_ladder = (int32_t)db_int(row, 4),
        .current_calendar = (int32_t)db_int(row, 5),
    };
    return STATUS_OK;
}

enum status
watch_queue_state(struct db_queue *q, int tenant, struct watch_state *ret)
{
    return db_queue_add(q, &watch_state_read, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_state, ret, 1});
}

static enum status
take_thing(void *ctx, const struct db_row *row, struct arena *a)
{
    struct watch_thing_list *list = ctx;
    struct watch_thing *t =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *t);
    if (t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *t = (struct watch_thing){.kind = db_text(row, 0, a),
                              .id = db_text(row, 1, a),
                              .mark = db_int(row, 2),
                              .next_day = NO_DATE};
    list->count++;
    return t->kind == NULL || t->id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
watch_queue_marks(struct db_queue *q, int tenant, int32_t limit, struct watch_thing_list *ret)
{
    return db_queue_add(q, &watch_marks, (struct param[]){p_int(tenant), p_int(limit)},
                        (struct db_sink){take_thing, ret, DB_ANY_COUNT});
}

enum status
watch_queue_due(struct db_queue *q, int tenant, int32_t generation, int32_t day, int32_t limit,
                struct watch_thing_list *ret)
{
    struct param params[] = {p_int(tenant), p_int(generation), p_day(day), p_int(limit)};
    return db_queue_add(q, &watch_due, params, (struct db_sink){take_thing, ret, DB_ANY_COUNT});
}

static enum status
read_watch(const struct db_row *row, struct arena *a, struct watch_record *w)
{
    *w = (struct watch_record){
        .measure_id = db_text(row, 0, a),
        .measure_ref = db_text(row, 1, a),
        .unit_id = db_text(row, 2, a),
        .unit = db_text(row, 3, a),
        .lead_id = db_text(row, 4, a),
        .leader_id = db_text(row, 5, a),
        .sgroup_id = db_text(row, 6, a),
        .class_ = (int)db_int(row, 7),
        .state = db_text(row, 8, a),
        .round = (int32_t)db_int(row, 9),
        .percent = (int32_t)db_int(row, 10),
        .unchanged_periods = (int32_t)db_int(row, 11),
        .assigned_ms = db_int(row, 12),
        .signed_ms = db_int(row, 13),
        .subject = (enum ladder_subject)db_int(row, 14),
        .no = (int32_t)db_int(row, 15),
        .days = {db_day(row, 16), db_day(row, 17), db_day(row, 18), db_day(row, 20), 0},
        .due_version = (int32_t)db_int(row, 19),
        .former_level4 = (uint32_t)db_int(row, 21),
        .notice_due = {db_day(row, 22), db_day(row, 23), db_day(row, 24)},
        .notice_failed_level = (uint32_t)db_int(row, 25),
        .false_verdict = db_bool(row, 26),
    };
    return w->measure_id == NULL || w->measure_ref == NULL || w->state == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : STATUS_OK;
}

static enum status
take_watch(void *ctx, const struct db_row *row, struct arena *a)
{
    struct watch_list *list = ctx;
    struct watch_record *w =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *w);
    if (w == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return read_watch(row, a, w);
}

enum status
watch_queue_measures(struct db_queue *q, int tenant, const char *ids, struct watch_list *ret)
{
    return db_queue_add(q, &watch_measures, (struct param[]){p_int(tenant), p_text(ids)},
                        (struct db_sink){take_watch, ret, DB_ANY_COUNT});
}

enum { EACH_BYTES = 16384 };

static enum status
take_each(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    struct watch_each *each = ctx;
    struct watch_record w;
    struct arena own; /* nothing of the row is kept */
    arena_init(&own, EACH_BYTES);
    enum status s = read_watch(row, &own, &w);
    if (s == STATUS_OK) {
        s = each->row(each->ctx, &w);
    }
    arena_release(&own);
    return s;
}

struct bound {
    struct watch_each *each;
    int32_t limit;
};

static enum status
take_bound(void *ctx, const struct db_row *row, struct arena *a)
{
    struct bound *b = ctx;
    const char *id = db_text(row, 0, a);
    if (id == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    snprintf(b->each->last_id, sizeof b->each->last_id, "%s", id);
    b->each->more = db_int(row, 1) >= b->limit;
    return STATUS_OK;
}

enum status
watch_queue_each(struct db_queue *q, int tenant, int32_t limit, struct arena *a,
                 struct watch_each *each)
{
    struct bound *b = arena_alloc(a, sizeof *b);
    if (b == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *b = (struct bound){each, limit};
    const char *from =
        each->last_id[0] == '\0' ? "00000000-0000-0000-0000-000000000000" : each->last_id;
    snprintf(each->from_id, sizeof each->from_id, "%s", from);
    each->more = false;
    struct param params[] = {p_int(tenant), p_text(each->from_id), p_int(limit)};
    enum status s =
        db_queue_add(q, &watch_each_bound, params, (struct db_sink){take_bound, b, DB_ANY_COUNT});
    return s == STATUS_OK ? db_queue_add(q, &watch_each_measure, params,
                                         (struct db_sink){take_each, each, DB_ANY_COUNT})
                          : s;
}

static enum status
take_owed(void *ctx, const struct db_row *row, struct arena *a)
{
    struct owed_list *list = ctx;
    struct owed_record *t =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *t);
    if (t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *t = (struct owed_record){
        .id = db_text(row, 0, a),
        .org_id = db_text(row, 1, a),
        .org = db_text(row, 2, a),
        .org_name = db_text(row, 3, a),
        .period = db_text(row, 4, a),
        .duty_day = db_day(row, 5),
        .due = db_day(row, 6),
        .leaders = db_text(row, 7, a),
    };
    list->count++;
    return t->id == NULL || t->period == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
watch_queue_tables(struct db_queue *q, int tenant, const char *ids, struct owed_list *ret)
{
    return db_queue_add(q, &watch_tables, (struct param[]){p_int(tenant), p_text(ids)},
                        (struct db_sink){take_owed, ret, DB_ANY_COUNT});
}

enum status
watch_queue_all_tables(struct db_queue *q, int tenant, struct owed_list *ret)
{
    return db_queue_add(q, &watch_all_tables, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_owed, ret, DB_ANY_COUNT});
}

static enum status
take_matter(void *ctx, const struct db_row *row, struct arena *a)
{
    struct matter_watch_list *list = ctx;
    struct owed_matter *m =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *m);
    if (m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = (struct owed_matter){
        .id = db_text(row, 0, a),
        .kind = db_text(row, 1, a),
        .ref = db_text(row, 2, a),
        .org_id = db_text(row, 3, a),
        .org = db_text(row, 4, a),
        .holder_id = db_text(row, 5, a),
        .state = db_text(row, 6, a),
        .due = db_day(row, 7),
    };
    list->count++;
    return m->id == NULL || m->kind == NULL || m->ref == NULL || m->state == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : STATUS_OK;
}

enum status
watch_queue_matters(struct db_queue *q, int tenant, const char *ids, struct matter_watch_list *ret)
{
    return db_queue_add(q, &watch_matters, (struct param[]){p_int(tenant), p_text(ids)},
                        (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

enum status
watch_queue_all_matters(struct db_queue *q, int tenant, struct matter_watch_list *ret)
{
    return db_queue_add(q, &watch_all_matters, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_matter, ret, DB_ANY_COUNT});
}

static enum status
take_standing(void *ctx, const struct db_row *row, struct arena *a)
{
    struct standing_list *list = ctx;
    struct standing_record *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct standing_record){db_text(row, 0, a), db_text(row, 1, a), db_text(row, 2, a)};
    list->count++;
    return s->id == NULL || s->key == NULL || s->subject_id == NULL ? STATUS_RESOURCE_EXHAUSTED
                                                                    : STATUS_OK;
}

enum status
watch_queue_standing(struct db_queue *q, int tenant, const char *ids, struct standing_list *ret)
{
    return db_queue_add(q, &watch_standing, (struct param[]){p_int(tenant), p_text(ids)},
                        (struct db_sink){take_standing, ret, DB_ANY_COUNT});
}

/* ---- writing ---- */

enum status
watch_queue_unmark(struct db_queue *q, int tenant, const struct watch_thing_list *things,
                   struct arena *a)
{
    struct column ids = {0};
    int64_t n = 0;
    for (size_t i = 0; i < things->count; i++) {
        const struct watch_thing *t = &things->items[i];
        if (t->done && t->mark != 0) {
            if (!column_int(&ids, a, t->mark)) {
                return STATUS_RESOURCE_EXHAUSTED;
            }
            n++;
        }
    }
    if (n == 0) {
        return STATUS_OK;
    }
    struct param params[] = {p_int(tenant), p_text(column_literal(&ids, a))};
    return db_queue_add(q, &watch_unmark, params, (struct db_sink){NULL, NULL, n});
}

/* What has no foreseen day is still there for another ladder. */
static const char NEVER[] = "9999-12-31";

static bool
add_next(const struct watch_thing *t, struct column columns[3], struct arena *a)
{
    char day[DAY_TEXT_SIZE];
    return column_text(&columns[0], a, t->kind) && column_text(&columns[1], a, t->id) &&
           column_text(&columns[2], a,
                       t->next_day == NO_DATE ? NEVER : day_print(t->next_day, day));
}

enum status
watch_queue_put(struct db_queue *q, int tenant, int32_t generation,
                const struct watch_thing_list *things, struct arena *a)
{
    struct column columns[3] = {{0}};
    struct column gone = {0};
    int64_t kept = 0;
    int64_t forgotten = 0;
    const char *former = "";
    for (size_t i = 0; i < things->count; i++) {
        const struct watch_thing *t = &things->items[i];
        if (!t->done || strcmp(t->id, former) == 0) {
            continue; /* sorted: a thing that came twice stands together */
        }
        former = t->id;
        if (!(t->open ? add_next(t, columns, a) : column_text(&gone, a, t->id))) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        *(t->open ? &kept : &forgotten) += 1;
    }
    enum status s = STATUS_OK;
    if (kept > 0) {
        struct param params[] = {
            p_int(tenant), p_int(generation), p_text(column_literal(&columns[0], a)),
            p_text(column_literal(&columns[1], a)), p_text(column_literal(&columns[2], a))};
        s = db_queue_add(q, &watch_put, params, (struct db_sink){NULL, NULL, kept});
    }
    if (s == STATUS_OK && forgotten > 0) {
        struct param params[] = {p_int(tenant), p_text(column_literal(&gone, a))};
        s = db_queue_add(q, &watch_forget, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
    }
    return s;
}

enum status
watch_queue_put_state(struct db_queue *q, int tenant, const struct watch_state *state)
{
    struct param params[] = {p_int(tenant), p_int(state->generation), p_day(state->last_day),
                             p_int(state->current_ladder), p_int(state->current_calendar)};
    return db_queue_add(q, &watch_state_put, params, (struct db_sink){NULL, NULL, 1});
}
