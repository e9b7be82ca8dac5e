/* The message of a problem, and the record its closing is decided on. */
#include "server/service/problem.h"

#include "proto/base/wire_text.h"

#include <string.h>

/* What is the problem's own, whatever day it is read on and whoever reads it. */
static Pb__Problem *
own_message(const struct problem_record *p, struct arena *a)
{
    Pb__Problem *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__problem__init(out);
    out->id = wire_text(p->id);
    out->ref = wire_text(p->ref);
    out->inspection = wire_text(p->inspection);
    out->has_no = out->has_item_no = out->has_version = out->has_round = 1;
    out->no = p->no;
    out->title = wire_text(p->title);
    out->state = wire_text(p->state);
    out->item_no = p->item_no;
    out->lead_unit = wire_text(p->lead.code);
    out->special_group = wire_text(p->sgroup.code);
    out->origin = wire_text(p->origin);
    out->version = p->version;
    out->round = p->round;
    out->closing_report = wire_text(p->closing_report);
    out->lessons = wire_text(p->lessons);
    out->group_opinion = wire_text(p->group_opinion);
    out->has_applied_at_ms = p->applied_ms != 0;
    out->applied_at_ms = p->applied_ms;
    out->has_forwarded_at_ms = p->forwarded_ms != 0;
    out->forwarded_at_ms = p->forwarded_ms;
    out->closed_on = day_in(a, p->closed_day);
    out->note = wire_text(p->note);
    return out;
}

Pb__Problem *
problem_message(const struct problem_record *p, struct arena *a)
{
    Pb__Problem *out = own_message(p, a);
    if (out == NULL) {
        return NULL;
    }
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_PROBLEM), p->state));
    out->item_title = wire_text(p->item_title);
    out->has_measures = out->has_measures_done = out->has_measures_overdue = 1;
    out->has_measures_sustaining = 1;
    out->measures = p->measures;
    out->measures_done = p->measures_done;
    out->measures_overdue = p->measures_overdue;
    out->measures_sustaining = p->measures_sustaining;
    out->public_class = wire_text(problem_public_class(p->state));
    out->public_class_zh = wire_text(problem_public_class_zh(p->state));
    out->sitting = wire_text(p->sitting.code);
    return out;
}

Pb__ClosingRecord *
problem_closing_record(const struct problem_record *p, const struct problem_measure_list *measures,
                       struct arena *a)
{
    Pb__ClosingRecord *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__closing_record__init(out);
    out->problem = own_message(p, a);
    out->measures = arena_array(a, measures->count, sizeof *out->measures);
    if (out->problem == NULL || out->measures == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < measures->count; i++) {
        const struct problem_measure *m = &measures->items[i];
        if (strcmp(m->problem_id, p->id) != 0) {
            continue;
        }
        Pb__MeasureVersion *line = arena_alloc(a, sizeof *line);
        if (line == NULL) {
            return NULL;
        }
        pb__measure_version__init(line);
        line->ref = wire_text(m->id);
        line->has_expected_version = 1;
        line->expected_version = m->version;
        out->measures[out->n_measures++] = line;
    }
    return out;
}
