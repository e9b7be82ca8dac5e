/* The messages of a table and its rows, pre-filled where the table is still to be filled. */
#include "server/service/table.h"

#include "proto/base/wire_text.h"

#include <string.h>

static struct due_result
table_due(const struct table_record *t, int32_t as_of)
{
    struct due_milestone days = due_milestone_none();
    days.original_due = t->due;
    days.current_due = t->due == NO_DATE ? NO_DATE : t->due + t->grace_days;
    days.reached_on = t->submitted_day;
    return due_status(as_of, NULL, &days);
}

bool
table_late(const struct table_record *t)
{
    return t->submitted_day != NO_DATE && t->due != NO_DATE &&
           t->submitted_day > t->due + t->grace_days;
}

static bool
state_is(const struct table_record *t, const char *state)
{
    return strcmp(t->state, state) == 0;
}

/* One being corrected was handed in once. */
bool
table_owed(const struct table_record *t)
{
    return t->submitted_day == NO_DATE &&
           (state_is(t, STATE_OPEN) || state_is(t, STATE_DRAFT) || state_is(t, STATE_CONFIRMING));
}

bool
table_missed(const struct table_record *t, int32_t as_of)
{
    return table_owed(t) && t->due != NO_DATE && as_of > t->due + t->grace_days;
}

bool
table_filling(const struct table_record *t)
{
    return state_is(t, STATE_OPEN) || state_is(t, STATE_DRAFT) || state_is(t, STATE_RETURNED);
}

static Pb__Light
table_light(const struct table_record *t, const struct due_result *due)
{
    if (!table_owed(t)) {
        return PB__LIGHT__NORMAL;
    }
    if (due->current.state == DUE_OVERDUE) {
        return PB__LIGHT__OVERDUE;
    }
    return due->current.days_left <= TABLE_SOON_DAYS ? PB__LIGHT__DUE_SOON : PB__LIGHT__NORMAL;
}

/* Who filled it in, who confirmed it and how. */
static void
add_people(Pb__Table *out, const struct table_record *t)
{
    out->has_queued_at_ms = t->queued_ms != 0;
    out->queued_at_ms = t->queued_ms;
    out->reviewed_by = wire_text(t->reviewed_by_name);
    out->confirmation = wire_text(t->confirmation);
    out->paper_evidence = wire_text(t->paper_evidence);
    out->paper_hash = wire_text(t->paper_hash);
    out->has_paper_checked = t->paper_evidence != NULL;
    out->paper_checked = t->paper_checked;
    out->has_confirmed_at_ms = t->confirmed_ms != 0;
    out->confirmed_at_ms = t->confirmed_ms;
    out->has_filled_at_ms = t->filled_ms != 0;
    out->filled_at_ms = t->filled_ms;
    out->has_confirmation_needed = 1;
    out->confirmation_needed = t->reviewer_needed;
}

Pb__Table *
table_message(const struct table_record *t, int32_t as_of, struct arena *a)
{
    Pb__Table *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__table__init(out);
    out->id = wire_text(t->id);
    out->inspection = wire_text(t->inspection);
    out->org = wire_text(t->org);
    out->org_name = wire_text(t->org_name);
    out->period = wire_text(t->period);
    out->due = day_in(a, t->due == NO_DATE ? NO_DATE : t->due + t->grace_days);
    out->state = wire_text(t->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_TABLE), t->state));
    struct due_result due = table_due(t, as_of);
    out->has_days_left = table_owed(t);
    out->days_left = due.current.days_left;
    out->has_light = out->has_version = out->has_late = 1;
    out->light = table_light(t, &due);
    out->version = t->version;
    out->has_submitted_at_ms = t->submitted_ms != 0;
    out->submitted_at_ms = t->submitted_ms;
    out->late = table_late(t);
    out->receipt = wire_text(t->receipt);
    out->filled_by = wire_text(t->filled_by_name);
    out->has_row_count = out->has_rows_returned = out->has_rows_accepted = 1;
    out->row_count = t->rows;
    out->rows_returned = t->rows_returned;
    out->rows_accepted = t->rows_accepted;
    add_people(out, t);
    out->kind = wire_text(t->quarter ? "QUARTER" : "MONTH");
    out->has_edition = out->has_missed = out->has_rows_stalled = 1;
    out->edition = t->edition;
    out->missed = table_missed(t, as_of);
    out->rows_stalled = t->rows_stalled;
    out->reason = wire_text(t->reason);
    return out;
}

/* Ids of the files attached through this table. */
static bool
add_evidence(Pb__TableRow *out, const struct table_case *c, const char *measure_id, struct arena *a)
{
    struct text_list ids = {0};
    for (size_t i = 0; i < c->links->count; i++) {
        const struct evidence_link_record *l = &c->links->items[i];
        if (l->table_id != NULL && strcmp(l->table_id, c->table->id) == 0 &&
            strcmp(l->measure_id, measure_id) == 0 && !text_list_add(&ids, a, l->evidence_id)) {
            return false;
        }
    }
    out->evidence = (char **)(uintptr_t)ids.items;
    out->n_evidence = ids.count;
    return true;
}

static void
set_progress(Pb__TableRow *out, const struct table_row_record *r, struct arena *a)
{
    out->has_percent = r->percent >= 0;
    out->percent = r->percent >= 0 ? r->percent : 0;
    out->narrative = wire_text(r->narrative);
    out->difficulty = wire_text(r->difficulty);
    out->has_ask_help = out->has_claim = 1;
    out->ask_help = r->ask_help;
    out->claim = (Pb__Claim)r->claim;
    out->happened_on = day_in(a, r->happened_day);
    out->lower_reason = wire_text(r->lower_reason);
    out->has_verdict = r->version > 0;
    out->verdict = (Pb__Verdict)r->verdict;
    out->has_claim_verdict = r->claim_verdict != 0;
    out->claim_verdict = (Pb__Verdict)r->claim_verdict;
    out->reason = wire_text(r->reason);
    out->reason_code = wire_text(r->reason_code);
    out->has_unchanged = r->version > 0;
    out->unchanged = r->unchanged;
    out->extension_due = day_in(a, r->extension_day);
    out->extension_reason = wire_text(r->extension_reason);
    out->has_extension_milestone = r->extension_milestone != 0;
    out->extension_milestone = (Pb__MilestoneKind)r->extension_milestone;
}

static Pb__TableRow *
row_message(const struct table_case *c, const struct table_row_record *r,
            const struct measure_record *m, struct arena *a)
{
    Pb__TableRow *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__table_row__init(out);
    out->measure_ref = wire_text(r->measure_ref);
    set_progress(out, r, a);
    if (m != NULL) {
        out->measure_text = wire_text(m->text);
        out->has_measure_version = 1;
        out->measure_version = m->version;
        out->has_stalled = 1;
        out->stalled = m->unchanged_periods >= STALLED_PERIODS;
        out->measure_state = wire_text(m->state);
        out->measure_state_zh =
            wire_text(workflow_state_zh(workflow_machine(WORKFLOW_MEASURE), m->state));
    }
    return add_evidence(out, c, r->measure_id, a) ? out : NULL;
}

static bool
add_row(Pb__Table *out, const struct table_case *c, const struct table_row_record *r,
        const struct measure_record *m, struct arena *a)
{
    Pb__TableRow *row = row_message(c, r, m, a);
    if (row == NULL) {
        return false;
    }
    out->rows[out->n_rows++] = row;
    return true;
}

Pb__Table *
table_message_rows(const struct table_case *c, struct arena *a)
{
    Pb__Table *out = table_message(c->table, c->today, a);
    if (out == NULL) {
        return NULL;
    }
    out->rows = arena_array(a, c->measures->count + c->rows->count, sizeof *out->rows);
    if (out->rows == NULL) {
        return NULL;
    }
    /* Measures come by reference; a stored row always has its measure among them. */
    for (size_t i = 0; i < c->measures->count; i++) {
        const struct measure_record *m = &c->measures->items[i];
        const struct table_row_record *stored = table_row_of(c->rows, m->id);
        struct table_row_record fresh = {0};
        if (stored == NULL && table_filling(c->table) && table_has_row(c, m)) {
            if (!table_prefilled(c, m, a, &fresh)) {
                return NULL;
            }
            stored = &fresh;
        }
        if (stored != NULL && !add_row(out, c, stored, m, a)) {
            return NULL;
        }
    }
    out->row_count = (int32_t)out->n_rows;
    out->content_hash = c->rows->count == 0 ? NULL : wire_text(c->content_hash);
    return out;
}
