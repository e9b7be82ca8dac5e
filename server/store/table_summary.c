#include "server/store/table_summary.h"

#include "server/base/clock.h"
#include "server/base/due.h"

static const struct statement summary_rows = {
    .name = "summary_rows",
    .params = 5,
    .sql = "SELECT o.code, o.name, it.no, it.title, p.ref, p.title, t.state,"
           "       t.submitted_day > t.due + t.grace_days, l.name, i.code,"
           "       (SELECT count(*) FROM evidence_link k WHERE k.tenant = r.tenant"
           "           AND k.table_id = r.table_id AND k.measure = r.measure),"
           "       e.current_due, c.current_due, e.original_due, c.original_due,"
           "       m.ref, m.text, m.state, r.percent, r.narrative, r.difficulty, r.ask_help,"
           "       r.claim, r.claim_verdict, r.verdict, r.reason, r.unchanged,"
           "       m.unchanged_periods >= 2, r.extension_day, r.extension_reason, r.lower_reason,"
           "       r.happened_day"
           "  FROM table_row r"
           "  JOIN periodic_table t ON t.tenant = r.tenant AND t.id = r.table_id"
           "  JOIN inspection i ON i.tenant = t.tenant AND i.id = t.inspection"
           "  JOIN org o ON o.tenant = t.tenant AND o.id = t.org"
           "  JOIN measure m ON m.tenant = r.tenant AND m.id = r.measure"
           "  JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"
           "  JOIN item it ON it.tenant = p.tenant AND it.id = p.item"
           "  LEFT JOIN org l ON l.tenant = m.tenant AND l.id = m.leader_org"
           "  LEFT JOIN milestone e ON e.tenant = m.tenant AND e.measure = m.id AND e.kind = 1"
           "  LEFT JOIN milestone c ON c.tenant = m.tenant AND c.measure = m.id AND c.kind = 2"
           " WHERE r.tenant = $1 AND t.period = $2 AND ($3::text IS NULL OR i.code = $3)"
           "   AND t.submitted_day IS NOT NULL"
           " ORDER BY i.code, o.sort_order, o.code, m.ref COLLATE \"C\""
           " OFFSET $4::bigint LIMIT $5::int",
};

static const struct statement summary_people = {
    .name = "summary_people",
    .params = 1,
    .sql = "SELECT o.code, s.roles, a.display_name FROM seat s"
           "  JOIN account a ON a.tenant = s.tenant AND a.id = s.account AND a.disabled_ms IS NULL"
           "  JOIN org o ON o.tenant = s.tenant AND o.id = s.org"
           " WHERE s.tenant = $1 AND EXISTS (SELECT 1 FROM problem p WHERE p.tenant = s.tenant"
           "                                    AND p.lead_org = s.org)"
           " ORDER BY o.sort_order, o.code, a.display_name, a.name LIMIT 20000",
};

const struct statement *const table_summary_statements[] = {&summary_rows, &summary_people, NULL};

/* Columns 15 on. */
static Pb__TableRow *
read_row(const struct db_row *row, struct arena *a)
{
    Pb__TableRow *r = arena_alloc(a, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    pb__table_row__init(r);
    r->measure_ref = db_text(row, 15, a);
    r->measure_text = db_text(row, 16, a);
    r->measure_state = db_text(row, 17, a);
    r->has_percent = r->has_ask_help = r->has_claim = r->has_verdict = 1;
    r->percent = (int32_t)db_int(row, 18);
    r->narrative = db_text(row, 19, a);
    r->difficulty = db_text(row, 20, a);
    r->ask_help = db_bool(row, 21);
    r->claim = (Pb__Claim)db_int(row, 22);
    r->has_claim_verdict = db_int(row, 23) != 0;
    r->claim_verdict = (Pb__Verdict)db_int(row, 23);
    r->verdict = (Pb__Verdict)db_int(row, 24);
    r->reason = db_text(row, 25, a);
    r->has_unchanged = r->has_stalled = 1;
    r->unchanged = db_bool(row, 26);
    r->stalled = db_bool(row, 27);
    r->extension_due = day_in(a, db_day(row, 28));
    r->extension_reason = db_text(row, 29, a);
    r->lower_reason = db_text(row, 30, a);
    r->happened_on = day_in(a, db_day(row, 31));
    return r;
}

/* Columns 11 to 14: EFFECT, then COMPLETE; one without a date is left out. */
static bool
read_milestones(Pb__SummaryRow *s, const struct db_row *row, struct arena *a)
{
    s->milestones = arena_array(a, 2, sizeof *s->milestones);
    for (int i = 0; s->milestones != NULL && i < 2; i++) {
        if (db_is_null(row, 11 + i)) {
            continue;
        }
        Pb__Milestone *ms = arena_alloc(a, sizeof *ms);
        if (ms == NULL) {
            return false;
        }
        pb__milestone__init(ms);
        ms->has_kind = 1;
        ms->kind = i == 0 ? PB__MILESTONE_KIND__EFFECT : PB__MILESTONE_KIND__COMPLETE;
        ms->current_due = day_in(a, db_day(row, 11 + i));
        ms->original_due = day_in(a, db_day(row, 13 + i));
        s->milestones[s->n_milestones++] = ms;
    }
    return s->milestones != NULL;
}

static enum status
take_summary_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct summary_row_list *list = ctx;
    Pb__SummaryRow **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__SummaryRow *s = arena_alloc(a, sizeof *s);
    if (slot == NULL || s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__summary_row__init(s);
    s->org = db_text(row, 0, a);
    s->org_name = db_text(row, 1, a);
    s->has_item_no = s->has_late = s->has_evidence_count = 1;
    s->item_no = (int32_t)db_int(row, 2);
    s->item = db_text(row, 3, a);
    s->problem_ref = db_text(row, 4, a);
    s->problem = db_text(row, 5, a);
    s->table_state = db_text(row, 6, a);
    s->late = db_bool(row, 7);
    s->leader = db_text(row, 8, a);
    s->inspection = db_text(row, 9, a);
    s->evidence_count = (int32_t)db_int(row, 10);
    s->row = read_row(row, a);
    if (s->row == NULL || !read_milestones(s, row, a)) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *slot = s;
    list->count++;
    return STATUS_OK;
}

static enum status
take_person(void *ctx, const struct db_row *row, struct arena *a)
{
    struct unit_person_list *list = ctx;
    struct unit_person *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct unit_person){db_text(row, 0, a), (uint64_t)db_int(row, 1), db_text(row, 2, a)};
    if (p->org == NULL || p->name == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
summary_queue_rows(struct db_queue *q, int tenant, const char *period, const char *inspection,
                   int64_t offset, int32_t limit, struct summary_row_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(period), p_text(inspection), p_int(offset),
                             p_int(limit)};
    return db_queue_add(q, &summary_rows, params,
                        (struct db_sink){take_summary_row, ret, DB_ANY_COUNT});
}

enum status
summary_queue_people(struct db_queue *q, int tenant, struct unit_person_list *ret)
{
    return db_queue_add(q, &summary_people, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_person, ret, DB_ANY_COUNT});
}
