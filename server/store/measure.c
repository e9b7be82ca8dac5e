#include "server/store/measure.h"

#include "proto/base/uuid7.h"
#include "server/store/light.h"

#define MEASURE_COLUMNS                                                                            \
    "SELECT m.id, m.ref, i.id, i.code, p.id, p.ref, m.no, m.text, m.target, m.class,"              \
    "       ol.id, ol.code, ou.id, ou.code, op.id, op.code, os.id, os.code,"                       \
    "       coalesce(op.kind = 'OFFICE' OR ou.kind = 'OFFICE', false),"                            \
    "       (SELECT string_agg(o.id || '=' || o.code, ',' ORDER BY o.sort_order, o.code)"          \
    "          FROM participant x JOIN org o ON o.tenant = x.tenant AND o.id = x.org"              \
    "         WHERE x.tenant = m.tenant AND x.measure = m.id),"                                    \
    "       m.state, m.round, coalesce(m.percent, -1), m.narrative, m.reported_day,"               \
    "       m.unchanged_periods, m.claimed_from, m.signed_ms, m.assigned_ms, m.claimed_ms,"        \
    "       m.next_check_day, m.version,"                                                          \
    "       e.kind, e.original_due, e.current_due, e.due_version, e.claimed_day, e.reached_day,"   \
    "       e.version,"                                                                            \
    "       c.kind, c.original_due, c.current_due, c.due_version, c.claimed_day, c.reached_day,"   \
    "       c.version,"                                                                            \
    "       (SELECT count(*) FROM evidence_link l WHERE l.tenant = m.tenant"                       \
    "          AND l.measure = m.id AND l.round = m.round),"                                       \
    "       (SELECT count(*) FROM evidence_link l JOIN evidence v"                                 \
    "            ON v.tenant = l.tenant AND v.id = l.evidence"                                     \
    "         WHERE l.tenant = m.tenant AND l.measure = m.id AND l.round = m.round"                \
    "           AND v.kind <> 1),"                                                                 \
    "       e.kept_overdue_days, c.kept_overdue_days,"                                             \
    "       ob.id, ob.code,"                                                                       \
    "       (SELECT encode(a.subject_sha256, 'hex') FROM approval a WHERE a.tenant = m.tenant"     \
    "          AND a.subject = m.id AND a.subject_version = m.version"                             \
    "          AND a.subject_kind = 'measure' AND a.body_org = p.lead_org AND a.verdict = 2),"     \
    "       m.claimed_account"
#define MEASURE_TABLES                                                                             \
    "  FROM measure m"                                                                             \
    "  JOIN inspection i ON i.tenant = m.tenant AND i.id = m.inspection"                           \
    "  JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"                                 \
    "  JOIN item it ON it.tenant = p.tenant AND it.id = p.item"                                    \
    "  LEFT JOIN org ol ON ol.tenant = m.tenant AND ol.id = m.leader_org"                          \
    "  LEFT JOIN org ou ON ou.tenant = m.tenant AND ou.id = m.lead_org"                            \
    "  LEFT JOIN org op ON op.tenant = m.tenant AND op.id = p.lead_org"                            \
    "  LEFT JOIN org os ON os.tenant = m.tenant AND os.id = p.sgroup_org"                          \
    "  LEFT JOIN org ob ON ob.tenant = m.tenant AND ob.id = m.claimed_org"                         \
    "  LEFT JOIN milestone e ON e.tenant = m.tenant AND e.measure = m.id AND e.kind = 1"           \
    "  LEFT JOIN milestone c ON c.tenant = m.tenant AND c.measure = m.id AND c.kind = 2"           \
    " WHERE m.tenant = $1"
#define MEASURE_SELECT MEASURE_COLUMNS MEASURE_TABLES

#define BY_REFS " AND m.ref = ANY ($2::text[]) AND ($3::text IS NULL OR i.code = $3) ORDER BY m.id"
#define BY_IDS " AND m.id = ANY ($2::uuid[]) AND ($3::text IS NULL OR i.code = $3) ORDER BY m.id"
#define OF_TABLE                                                                                   \
    " AND ((m.inspection, p.lead_org) ="                                                           \
    "      (SELECT t.inspection, t.org FROM periodic_table t WHERE t.tenant = $1 AND t.id = $2)"   \
    "      AND m.state IN ('ASSIGNED', 'IN_PROGRESS', 'EFFECT_CLAIMED', 'EFFECT_REACHED',"         \
    "                      'COMPLETE_CLAIMED')"                                                    \
    "   OR m.id IN (SELECT r.measure FROM table_row r WHERE r.tenant = $1 AND r.table_id = $2)"    \
    "   OR m.id IN (SELECT r.measure FROM table_row r"                                             \
    "          JOIN periodic_table t ON t.tenant = r.tenant AND t.id = r.table_id"                 \
    "          JOIN periodic_table q ON q.tenant = $1 AND q.id = $2 AND q.kind = 'QUARTER'"        \
    "         WHERE r.tenant = $1 AND t.inspection = q.inspection AND t.org = q.org"               \
    "           AND t.kind = 'MONTH' AND quarter_of(t.period) = q.period AND r.verdict = 2))"      \
    " ORDER BY m.ref COLLATE \"C\", m.id"
#define LOCKED " FOR UPDATE OF m"

static const struct statement measure_by_refs = {"measure_by_refs", MEASURE_SELECT BY_REFS, 3};
static const struct statement measure_by_refs_locked = {"measure_by_refs_locked",
                                                        MEASURE_SELECT BY_REFS LOCKED, 3};
static const struct statement measure_by_ids = {"measure_by_ids", MEASURE_SELECT BY_IDS, 3};
static const struct statement measure_by_ids_locked = {"measure_by_ids_locked",
                                                       MEASURE_SELECT BY_IDS LOCKED, 3};
static const struct statement measure_of_table = {"measure_of_table", MEASURE_SELECT OF_TABLE, 2};
static const struct statement measure_of_table_locked = {"measure_of_table_locked",
                                                         MEASURE_SELECT OF_TABLE LOCKED, 2};
static const struct statement measure_of_problem = {
    "measure_of_problem", MEASURE_SELECT " AND m.problem = $2 ORDER BY m.no, m.id", 2};

static const struct statement measure_list = {
    .name = "measure_list",
    .params = 13,
    .sql = MEASURE_SELECT
    " AND ($2::text IS NULL OR i.code = $2) AND ($3::int < 0 OR it.no = $3)"
    " AND ($4::text IS NULL OR p.ref = $4) AND ($5::text IS NULL OR op.code = $5)"
    " AND ($6::text IS NULL OR ol.code = $6) AND ($7::text IS NULL OR os.code = $7)"
    " AND ($8::text IS NULL OR m.state = $8)"
    " AND ($9::text IS NULL OR m.ref COLLATE \"C\" > $9)"
    " AND ($10::int < 0 OR " SQL_MEASURE_LIGHT(
        "m", "$11::date", "$12::int") " = $10)"
                                      " ORDER BY m.ref COLLATE \"C\", i.code LIMIT $13::int",
};

static const struct statement measure_update = {
    .name = "measure_update",
    .params = 16,
    .sql = "UPDATE measure SET state = $4, round = $5, percent = nullif($6::int, -1)::smallint,"
           "       narrative = $7, reported_day = $8, unchanged_periods = $9, claimed_from = $10,"
           "       signed_ms = nullif($11::bigint, 0), claimed_ms = nullif($12::bigint, 0),"
           "       next_check_day = $13, claimed_org = $14, version = version + 1, event_id = $15,"
           "       claimed_account = $16"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement milestone_update = {
    .name = "milestone_update",
    .params = 10,
    .sql = "UPDATE milestone SET claimed_day = $5, reached_day = $6, current_due = $7,"
           "       due_version = $8, kept_overdue_days = $9, version = version + 1,"
           "       event_id = $10"
           " WHERE tenant = $1 AND measure = $2 AND kind = $3 AND version = $4",
};

static const struct statement history_of_thing = {
    .name = "history_of_thing",
    .params = 2,
    .sql = "SELECT recorded_ms, account, org_text, command, from_state, to_state, reason, event_id,"
           "       version"
           "  FROM event_change WHERE tenant = $1 AND thing = $2"
           " ORDER BY version, recorded_ms, no LIMIT 2000",
};

const struct statement *const measure_statements[] = {
    &measure_by_refs,  &measure_by_refs_locked,  &measure_by_ids,     &measure_by_ids_locked,
    &measure_of_table, &measure_of_table_locked, &measure_of_problem, &measure_list,
    &measure_update,   &milestone_update,        &history_of_thing,   NULL};

/* Reads seven columns of a milestone from column c on. */
static void
take_milestone(struct milestone_record *ms, const struct db_row *row, int c)
{
    *ms = (struct milestone_record){
        .exists = !db_is_null(row, c),
        .original_due = db_day(row, c + 1),
        .current_due = db_day(row, c + 2),
        .due_version = (int32_t)db_int(row, c + 3),
        .claimed_day = db_day(row, c + 4),
        .reached_day = db_day(row, c + 5),
        .version = db_int(row, c + 6),
    };
}

/* Columns 20 to 31: how far it is. */
static void
take_progress(struct measure_record *m, const struct db_row *row, struct arena *a)
{
    m->state = db_text(row, 20, a);
    m->round = (int32_t)db_int(row, 21);
    m->percent = (int32_t)db_int(row, 22);
    m->narrative = db_text(row, 23, a);
    m->reported_day = db_day(row, 24);
    m->unchanged_periods = (int32_t)db_int(row, 25);
    m->claimed_from = db_text(row, 26, a);
    m->signed_ms = db_int(row, 27);
    m->assigned_ms = db_int(row, 28);
    m->claimed_ms = db_int(row, 29);
    m->next_check_day = db_day(row, 30);
    m->version = db_int(row, 31);
}

static enum status
take_measure(void *ctx, const struct db_row *row, struct arena *a)
{
    struct measure_list *list = ctx;
    struct measure_record *m =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *m);
    if (m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = (struct measure_record){
        .id = db_text(row, 0, a),
        .ref = db_text(row, 1, a),
        .inspection_id = db_text(row, 2, a),
        .inspection = db_text(row, 3, a),
        .problem_id = db_text(row, 4, a),
        .problem_ref = db_text(row, 5, a),
        .no = (int32_t)db_int(row, 6),
        .text = db_text(row, 7, a),
        .target = db_text(row, 8, a),
        .class_ = (int)db_int(row, 9),
        .leader = {db_text(row, 10, a), db_text(row, 11, a)},
        .lead = {db_text(row, 12, a), db_text(row, 13, a)},
        .plead = {db_text(row, 14, a), db_text(row, 15, a)},
        .sgroup = {db_text(row, 16, a), db_text(row, 17, a)},
        .office_leads = db_bool(row, 18),
        .participants = db_text(row, 19, a),
    };
    take_progress(m, row, a);
    take_milestone(&m->milestones[MILESTONE_EFFECT], row, 32);
    take_milestone(&m->milestones[MILESTONE_COMPLETE], row, 39);
    m->evidence_count = (uint32_t)db_int(row, 46);
    m->evidence_strong = (uint32_t)db_int(row, 47);
    m->milestones[MILESTONE_EFFECT].kept_overdue_days = (int32_t)db_int(row, 48);
    m->milestones[MILESTONE_COMPLETE].kept_overdue_days = (int32_t)db_int(row, 49);
    m->claimed_by = (struct org_name){db_text(row, 50, a), db_text(row, 51, a)};
    m->endorsed_sha256 = db_text(row, 52, a);
    m->claimed_account = db_text(row, 53, a);
    if (m->id == NULL || m->ref == NULL || m->text == NULL || m->state == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
measure_queue_get(struct db_queue *q, int tenant, const struct text_list *refs,
                  const char *inspection, bool lock, struct arena *a, struct measure_list *ret)
{
    struct text_list by_ref = {0};
    struct text_list by_id = {0};
    for (size_t i = 0; i < refs->count; i++) {
        struct text_list *list = uuid_text_valid(refs->items[i]) ? &by_id : &by_ref;
        if (!text_list_add(list, a, refs->items[i])) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    struct db_sink sink = {take_measure, ret, DB_ANY_COUNT};
    enum status s = STATUS_OK;
    if (by_ref.count > 0) {
        struct param params[] = {p_int(tenant), p_text(text_list_literal(&by_ref, a)),
                                 p_text(inspection)};
        s = db_queue_add(q, lock ? &measure_by_refs_locked : &measure_by_refs, params, sink);
    }
    if (s == STATUS_OK && by_id.count > 0) {
        struct param params[] = {p_int(tenant), p_text(text_list_literal(&by_id, a)),
                                 p_text(inspection)};
        s = db_queue_add(q, lock ? &measure_by_ids_locked : &measure_by_ids, params, sink);
    }
    return s;
}

enum status
measure_queue_list(struct db_queue *q, int tenant, const struct measure_filter *filter,
                   struct measure_list *ret)
{
    struct param params[] = {
        p_int(tenant),
        p_text(filter->inspection),
        p_int(filter->item_no),
        p_text(filter->problem_ref),
        p_text(filter->unit),
        p_text(filter->leader),
        p_text(filter->special_group),
        p_text(filter->state),
        p_text(filter->after_ref),
        p_int(filter->light),
        p_day(filter->as_of),
        p_int(filter->soon_days),
        p_int(filter->limit),
    };
    return db_queue_add(q, &measure_list, params,
                        (struct db_sink){take_measure, ret, DB_ANY_COUNT});
}

enum status
measure_queue_of_problem(struct db_queue *q, int tenant, const char *problem_id,
                         struct measure_list *ret)
{
    return db_queue_add(q, &measure_of_problem, (struct param[]){p_int(tenant), p_text(problem_id)},
                        (struct db_sink){take_measure, ret, DB_ANY_COUNT});
}

enum status
measure_queue_of_table(struct db_queue *q, int tenant, const char *table_id, bool lock,
                       struct measure_list *ret)
{
    return db_queue_add(q, lock ? &measure_of_table_locked : &measure_of_table,
                        (struct param[]){p_int(tenant), p_text(table_id)},
                        (struct db_sink){take_measure, ret, DB_ANY_COUNT});
}

enum status
measure_queue_update(struct db_queue *q, int tenant, const struct measure_record *m,
                     int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(m->id),
        p_int(expected),
        p_text(m->state),
        p_int(m->round),
        p_int(m->percent),
        p_text(m->narrative),
        p_day(m->reported_day),
        p_int(m->unchanged_periods),
        p_text(m->claimed_from),
        p_int(m->signed_ms),
        p_int(m->claimed_ms),
        p_day(m->next_check_day),
        p_text(m->claimed_by.id),
        p_text(event_id),
        p_text(m->claimed_account),
    };
    return db_queue_add(q, &measure_update, params, (struct db_sink){NULL, NULL, 1});
}

enum status
milestone_queue_update(struct db_queue *q, int tenant, const struct measure_record *m, int index,
                       int64_t expected, const char *event_id)
{
    const struct milestone_record *ms = &m->milestones[index];
    struct param params[] = {
        p_int(tenant),          p_text(m->id),          p_int(index + 1),
        p_int(expected),        p_day(ms->claimed_day), p_day(ms->reached_day),
        p_day(ms->current_due), p_int(ms->due_version), p_int(ms->kept_overdue_days),
        p_text(event_id),
    };
    return db_queue_add(q, &milestone_update, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_history(void *ctx, const struct db_row *row, struct arena *a)
{
    struct history_list *list = ctx;
    Pb__HistoryEntry **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__HistoryEntry *e = arena_alloc(a, sizeof *e);
    if (slot == NULL || e == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__history_entry__init(e);
    e->has_recorded_at_ms = 1;
    e->recorded_at_ms = db_int(row, 0);
    e->account = db_text(row, 1, a);
    e->org = db_text(row, 2, a);
    e->command = db_text(row, 3, a);
    e->from_state = db_text(row, 4, a);
    e->to_state = db_text(row, 5, a);
    e->reason = db_text(row, 6, a);
    e->event_id = db_text(row, 7, a);
    e->has_version = 1;
    e->version = db_int(row, 8);
    *slot = e;
    list->count++;
    return STATUS_OK;
}

enum status
history_queue(struct db_queue *q, int tenant, const char *thing_id, struct history_list *ret)
{
    return db_queue_add(q, &history_of_thing, (struct param[]){p_int(tenant), p_text(thing_id)},
                        (struct db_sink){take_history, ret, DB_ANY_COUNT});
}
