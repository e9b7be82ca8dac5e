/* The message of a measure. */
#include "server/service/measure.h"

#include "proto/base/wire_text.h"

#include <string.h>

static Pb__Milestone *
milestone_message(const struct measure_record *m, int index, int32_t as_of, struct arena *a)
{
    const struct milestone_record *ms = &m->milestones[index];
    Pb__Milestone *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__milestone__init(out);
    out->has_kind = 1;
    out->kind = (Pb__MilestoneKind)(index + 1);
    out->original_due = day_in(a, ms->original_due);
    out->current_due = day_in(a, ms->current_due);
    out->has_due_version = 1;
    out->due_version = ms->due_version;
    out->has_kept_overdue_days = ms->kept_overdue_days != 0;
    out->kept_overdue_days = ms->kept_overdue_days;
    out->claimed_on = day_in(a, ms->claimed_day);
    out->reached_on = day_in(a, ms->reached_day);
    struct due_milestone days = measure_due(ms);
    struct due_result due = due_status(as_of, NULL, &days);
    out->has_days_left = due.current.state != DUE_NO_DATE;
    out->days_left = due.current.days_left;
    out->has_light = 1;
    out->light =
        measure_live(m) ? (Pb__Light)milestone_light(ms, as_of) : PB__LIGHT__LIGHT_UNSPECIFIED;
    return out;
}

static bool
add_participants(Pb__Measure *out, const char *list, struct arena *a)
{
    if (list == NULL) {
        return true;
    }
    size_t n = 1;
    for (const char *p = list; *p != '\0'; p++) {
        n += *p == ',';
    }
    out->participants = arena_array(a, n, sizeof *out->participants);
    if (out->participants == NULL) {
        return false;
    }
    for (const char *p = strchr(list, '='); p != NULL; p = strchr(p, '=')) {
        size_t length = strcspn(p + 1, ",");
        char *code = arena_strndup(a, p + 1, length);
        if (code == NULL) {
            return false;
        }
        out->participants[out->n_participants++] = code;
        p += 1 + length;
    }
    return true;
}

static bool
add_milestones(Pb__Measure *out, const struct measure_record *m, int32_t as_of, struct arena *a)
{
    out->milestones = arena_array(a, MILESTONE_COUNT, sizeof(Pb__Milestone *));
    for (int i = 0; out->milestones != NULL && i < MILESTONE_COUNT; i++) {
        if (!measure_has_milestone(m, i)) {
            continue;
        }
        Pb__Milestone *ms = milestone_message(m, i, as_of, a);
        if (ms == NULL) {
            return false;
        }
        out->milestones[out->n_milestones++] = ms;
    }
    return out->milestones != NULL;
}

static void
set_progress(Pb__Measure *out, const struct measure_record *m, int32_t as_of, struct arena *a)
{
    out->state = wire_text(m->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_MEASURE), m->state));
    out->has_round = 1;
    out->round = m->round;
    out->has_percent = m->percent >= 0;
    out->percent = m->percent >= 0 ? m->percent : 0;
    out->narrative = wire_text(m->narrative);
    out->reported_on = day_in(a, m->reported_day);
    out->claimed_from = wire_text(m->claimed_from);
    out->has_version = 1;
    out->version = m->version;
    out->has_light = 1;
    out->light = (Pb__Light)measure_light(m, as_of);
    out->has_evidence_count = out->has_evidence_strong_count = 1;
    out->evidence_count = (int32_t)m->evidence_count;
    out->evidence_strong_count = (int32_t)m->evidence_strong;
    out->next_check_on = day_in(a, m->next_check_day);
    out->claimed_by = wire_text(m->claimed_by.code);
    out->has_endorsed = measure_needs_endorsement(m);
    out->endorsed = m->endorsed_sha256 != NULL;
}

Pb__Measure *
measure_message(const struct measure_record *m, int32_t as_of, struct arena *a)
{
    Pb__Measure *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__measure__init(out);
    out->id = wire_text(m->id);
    out->ref = wire_text(m->ref);
    out->inspection = wire_text(m->inspection);
    out->problem_ref = wire_text(m->problem_ref);
    out->has_no = 1;
    out->no = m->no;
    out->text = wire_text(m->text);
    out->target = wire_text(m->target);
    out->has_measure_class = 1;
    out->measure_class = (Pb__MeasureClass)m->class_;
    out->leader = wire_text(m->leader.code);
    out->lead_unit = wire_text(m->lead.code);
    out->problem_lead_unit = wire_text(m->plead.code);
    out->special_group = wire_text(m->sgroup.code);
    set_progress(out, m, as_of, a);
    return add_participants(out, m->participants, a) && add_milestones(out, m, as_of, a) ? out
                                                                                         : NULL;
}

Pb__Measure *
measure_stable_message(const struct measure_record *m, struct arena *a)
{
    Pb__Measure *out = measure_message(m, 0, a);
    if (out == NULL) {
        return NULL;
    }
    out->has_light = 0;
    out->has_endorsed = 0;
    for (size_t i = 0; i < out->n_milestones; i++) {
        out->milestones[i]->has_light = 0;
        out->milestones[i]->has_days_left = 0;
    }
    return out;
}
