/* The messages of a matter. */
#include "server/service/matter.h"

#include "proto/base/wire_text.h"

#include <string.h>

static void
fill_names(Pb__Matter *out, const struct matter_record *m, const struct workflow_machine *machine)
{
    out->id = wire_text(m->id);
    out->ref = wire_text(m->ref);
    out->kind = wire_text(m->kind);
    out->kind_zh = wire_text(machine->zh);
    out->state = wire_text(m->state);
    out->state_zh = wire_text(workflow_state_zh(machine, m->state));
    out->inspection = wire_text(m->inspection);
    out->problem_ref = wire_text(m->problem_ref);
    out->measure_ref = wire_text(m->measure_ref);
    out->has_milestone = m->milestone != 0;
    out->milestone = (Pb__MilestoneKind)m->milestone;
    out->unit = wire_text(m->org.code);
    out->holder = wire_text(m->holder.code);
    out->issuer = wire_text(m->issuer.code);
    out->title = m->title == NULL || m->title[0] == '\0' ? NULL : wire_text(m->title);
    out->text = wire_text(m->text);
    out->answer = wire_text(m->answer);
    out->former = wire_text(m->former);
    out->origin = wire_text(m->origin);
    out->private_sha256 = wire_text(m->private_sha256);
    out->reason_code = wire_text(m->reason_code);
    out->reason = wire_text(m->reason);
}

static void
fill_numbers(Pb__Matter *out, const struct matter_record *m)
{
    out->has_level = m->level != 0;
    out->level = m->level;
    out->has_urgent = m->urgent;
    out->urgent = m->urgent;
    out->has_late = out->has_late_days = m->late;
    out->late = m->late;
    out->late_days = m->late_days;
    out->has_ordinal = m->ordinal != 0;
    out->ordinal = m->ordinal;
    out->has_per_unit = out->has_seed = m->per_unit != 0;
    out->per_unit = m->per_unit;
    out->seed = m->seed;
    out->has_opened_at_ms = out->has_state_at_ms = out->has_version = 1;
    out->opened_at_ms = m->opened_ms;
    out->state_at_ms = m->state_ms;
    out->version = m->version;
}

Pb__Matter *
matter_message(const struct matter_record *m, int32_t as_of, struct arena *a)
{
    const struct workflow_machine *machine = workflow_machine_by_code(m->kind);
    Pb__Matter *out = arena_alloc(a, sizeof *out);
    if (out == NULL || machine == NULL) {
        return NULL;
    }
    pb__matter__init(out);
    fill_names(out, m, machine);
    fill_numbers(out, m);
    out->due = day_in(a, m->due);
    out->new_due = day_in(a, m->new_due);
    out->old_due = day_in(a, m->old_due);
    out->scheduled_on = day_in(a, m->scheduled_day);
    bool owed = m->due != NO_DATE && workflow_state_open(machine, m->state);
    out->has_overdue = 1;
    out->overdue = owed && m->due < as_of;
    out->has_days_left = owed;
    out->days_left = owed ? m->due - as_of : 0;
    return out;
}

Pb__MatterTask *
matter_task_message(const struct matter_task *t, struct arena *a)
{
    Pb__MatterTask *out = arena_alloc(a, sizeof *out);
    if (out != NULL) {
        pb__matter_task__init(out);
        out->has_no = 1;
        out->no = t->no;
        out->unit = wire_text(t->org.code);
        out->text = wire_text(t->text);
        out->due = day_in(a, t->due);
        out->done_on = day_in(a, t->done_day);
        out->answer = wire_text(t->answer);
    }
    return out;
}

Pb__MatterSample *
matter_sample_message(const struct matter_sample *s, struct arena *a)
{
    Pb__MatterSample *out = arena_alloc(a, sizeof *out);
    if (out != NULL) {
        pb__matter_sample__init(out);
        out->measure_ref = wire_text(s->measure_ref);
        out->unit = wire_text(s->org.code);
        out->claimed_state = wire_text(s->claimed_state);
        out->has_claimed_percent = s->claimed_state != NULL && s->claimed_percent >= 0;
        out->claimed_percent = s->claimed_percent;
        out->has_claimed_round = s->claimed_round != 0;
        out->claimed_round = s->claimed_round;
        out->has_verdict = s->verdict != VERDICT_NONE;
        out->verdict = (Pb__SampleVerdict)s->verdict;
        out->found = wire_text(s->found);
        out->has_final_round = s->final_round != 0;
        out->final_round = s->final_round;
    }
    return out;
}

Pb__Matter *
matter_outcome_message(const struct matter_outcome *o, int32_t as_of, struct arena *a)
{
    Pb__Matter *out = matter_message(&o->next, as_of, a);
    if (out == NULL) {
        return NULL;
    }
    out->tasks = arena_array(a, o->task_count, sizeof *out->tasks);
    out->samples = arena_array(a, o->sample_count, sizeof *out->samples);
    if (out->tasks == NULL || out->samples == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < o->task_count; i++) {
        out->tasks[i] = matter_task_message(&o->tasks[i], a);
        if (out->tasks[i] == NULL) {
            return NULL;
        }
        out->n_tasks++;
    }
    for (size_t i = 0; i < o->sample_count; i++) {
        if (o->samples[i].removed) {
            continue;
        }
        out->samples[out->n_samples] = matter_sample_message(&o->samples[i], a);
        if (out->samples[out->n_samples] == NULL) {
            return NULL;
        }
        out->n_samples++;
    }
    return out;
}
