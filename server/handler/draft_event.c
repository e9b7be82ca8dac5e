#include "server/handler/draft_event.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/measure.pb-c.h"
#include "server/base/ladder.h"
#include "server/handler/common.h"
#include "server/service/workflow.h"

#include <string.h>

Pb__Inspection *
inspection_record_message(struct call *call, const struct inspection_record *i)
{
    Pb__Inspection *out = call_message(call, &pb__inspection__descriptor);
    char *rest = NULL;
    char *joined = arena_strdup(call->arena, i->bodies);
    if (out == NULL || joined == NULL) {
        return NULL;
    }
    out->id = wire_text(i->id);
    out->code = wire_text(i->code);
    out->name = wire_text(i->name);
    out->bodies = arena_array(call->arena, INSPECTION_BODIES_MAX, sizeof *out->bodies);
    for (char *b = strtok_r(joined, INSPECTION_BODY_SEPARATOR, &rest);
         b != NULL && out->bodies != NULL && out->n_bodies < INSPECTION_BODIES_MAX;
         b = strtok_r(NULL, INSPECTION_BODY_SEPARATOR, &rest)) {
        out->bodies[out->n_bodies++] = b;
    }
    out->feedback_date = day_text(call, i->feedback_day);
    out->has_report_day = out->has_plan_version = out->has_version = 1;
    out->report_day = i->report_day;
    out->first_period = wire_text(i->first_period);
    out->plan_version = i->plan_no;
    out->plan_state = wire_text(i->plan_state);
    out->version = i->version;
    return out;
}

static Pb__Milestone *
milestone_record(struct call *call, Pb__MilestoneKind kind, int32_t due)
{
    Pb__Milestone *m = call_message(call, &pb__milestone__descriptor);
    if (m != NULL) {
        m->has_kind = 1;
        m->kind = kind;
        m->original_due = day_text(call, due);
        m->current_due = m->original_due;
        m->has_due_version = 1;
        m->due_version = 1;
    }
    return m;
}

static bool
add_nodes(struct call *call, const struct draft_measure *m, Pb__Measure *out)
{
    out->nodes = arena_array(call->arena, m->node_count, sizeof(Pb__MeasureNode *));
    for (size_t i = 0; out->nodes != NULL && i < m->node_count; i++) {
        const struct draft_node *n = &m->nodes[i];
        if (n->dropped) {
            continue;
        }
        Pb__MeasureNode *node = call_message(call, &pb__measure_node__descriptor);
        if (node == NULL) {
            return false;
        }
        node->has_no = 1;
        node->no = n->no;
        node->title = wire_text(n->title);
        node->due = day_text(call, n->due);
        out->nodes[out->n_nodes++] = node;
    }
    return out->nodes != NULL;
}

/* Records name orgs by id: codes may be renamed, a record must not change its meaning. */
static Pb__Measure *
measure_record(struct call *call, const struct draft *d, const struct draft_measure *m,
               const char *inspection_code)
{
    Pb__Measure *out = call_message(call, &pb__measure__descriptor);
    if (out == NULL) {
        return NULL;
    }
    const struct draft_problem *p = &d->problems[m->problem];
    out->id = wire_text(m->id);
    out->ref = wire_text(m->ref);
    out->inspection = wire_text(inspection_code);
    out->problem_ref = wire_text(p->ref);
    out->has_no = out->has_version = out->has_measure_class = out->has_round = 1;
    out->no = m->no;
    out->version = m->version + 1;
    out->measure_class = (Pb__MeasureClass)m->class_;
    out->round = 1;
    out->text = wire_text(m->text);
    out->target = wire_text(m->target);
    out->state = wire_text(m->state);
    out->leader = wire_text(m->leader_org);
    out->lead_unit = wire_text(m->lead_org);
    out->problem_lead_unit = wire_text(p->lead_org);
    out->special_group = wire_text(p->sgroup_org);
    out->n_participants = m->participant_count;
    out->participants = (char **)(uintptr_t)m->participants;
    out->milestones = arena_array(call->arena, 2, sizeof *out->milestones);
    if (out->milestones == NULL) {
        return NULL;
    }
    if (m->class_ != CLASS_IMMEDIATE) {
        out->milestones[out->n_milestones++] =
            milestone_record(call, PB__MILESTONE_KIND__EFFECT, m->effect_due);
    }
    out->milestones[out->n_milestones++] =
        milestone_record(call, PB__MILESTONE_KIND__COMPLETE, m->complete_due);
    for (size_t i = 0; i < out->n_milestones; i++) {
        if (out->milestones[i] == NULL) {
            return NULL;
        }
    }
    return add_nodes(call, m, out) ? out : NULL;
}

static Pb__Problem *
problem_record(struct call *call, const struct draft *d, const struct draft_problem *p,
               const char *inspection_code)
{
    Pb__Problem *out = call_message(call, &pb__problem__descriptor);
    if (out != NULL) {
        out->id = wire_text(p->id);
        out->ref = wire_text(p->ref);
        out->inspection = wire_text(inspection_code);
        out->has_no = out->has_item_no = out->has_version = 1;
        out->no = p->no;
        out->item_no = d->items[p->item].no;
        out->title = wire_text(p->title);
        out->state = wire_text(p->state);
        out->lead_unit = wire_text(p->lead_org);
        out->special_group = wire_text(p->sgroup_org);
        out->origin = wire_text(p->origin);
        out->version = p->version + 1;
    }
    return out;
}

static void
set_transition(struct call *call, const char *command, const char *from, const char *to)
{
    Pb__Change *change = call_last_change(call);
    change->command = wire_text(command);
    change->from_state = wire_text(from);
    change->to_state = wire_text(to);
}

static enum status
record_item(struct call *call, const struct draft_item *item)
{
    Pb__OutlineItem *record = call_message(call, &pb__outline_item__descriptor);
    if (record == NULL) {
        return handler_no_memory(call);
    }
    record->has_no = 1;
    record->no = item->no;
    record->title = wire_text(item->title);
    return call_change(call, "item", item->id, NULL, item->version + 1, &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
draft_record_changes(struct call *call, const struct draft *d, const char *inspection_code)
{
    for (size_t i = 0; i < d->item_count; i++) {
        if (d->items[i].mark != DRAFT_SAME && record_item(call, &d->items[i]) != STATUS_OK) {
            return handler_no_memory(call);
        }
    }
    for (size_t i = 0; i < d->problem_count; i++) {
        const struct draft_problem *p = &d->problems[i];
        if (p->mark == DRAFT_SAME) {
            continue;
        }
        Pb__Problem *record = problem_record(call, d, p, inspection_code);
        if (record == NULL ||
            !call_change(call, "problem", p->id, p->ref, p->version + 1, &record->base)) {
            return handler_no_memory(call);
        }
        if (p->mark == DRAFT_ADDED) {
            set_transition(call, "register", NULL, p->state);
        }
    }
    for (size_t i = 0; i < d->measure_count; i++) {
        const struct draft_measure *m = &d->measures[i];
        if (m->mark == DRAFT_SAME) {
            continue;
        }
        Pb__Measure *record = measure_record(call, d, m, inspection_code);
        if (record == NULL ||
            !call_change(call, "measure", m->id, m->ref, m->version + 1, &record->base)) {
            return handler_no_memory(call);
        }
        if (m->mark == DRAFT_ADDED) {
            set_transition(call, COMMAND_CREATE, NULL, m->state);
        }
    }
    return STATUS_OK;
}

enum status
draft_record_rectifying(struct call *call, const struct draft *d, const char *inspection_code)
{
    for (size_t i = 0; i < d->problem_count; i++) {
        const struct draft_problem *p = &d->problems[i];
        if (strcmp(p->state, STATE_REGISTERED) != 0) {
            continue;
        }
        Pb__Problem *record = problem_record(call, d, p, inspection_code);
        if (record == NULL) {
            return handler_no_memory(call);
        }
        record->state = wire_text(STATE_RECTIFYING);
        if (!call_change(call, "problem", p->id, p->ref, p->version + 1, &record->base)) {
            return handler_no_memory(call);
        }
        set_transition(call, COMMAND_APPROVE_PLAN, p->state, STATE_RECTIFYING);
    }
    return STATUS_OK;
}

enum status
draft_record_approval(struct call *call, const struct draft *d, const char *inspection_code)
{
    enum status s = draft_record_rectifying(call, d, inspection_code);
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; i < d->measure_count; i++) {
        const struct draft_measure *m = &d->measures[i];
        Pb__Measure *record = measure_record(call, d, m, inspection_code);
        if (record == NULL) {
            return handler_no_memory(call);
        }
        record->state = wire_text(STATE_ASSIGNED);
        if (!call_change(call, "measure", m->id, m->ref, m->version + 1, &record->base)) {
            return handler_no_memory(call);
        }
        set_transition(call, COMMAND_APPROVE_PLAN, m->state, STATE_ASSIGNED);
    }
    return STATUS_OK;
}
