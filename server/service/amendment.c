#include "server/service/amendment.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One change being worked out. */
struct work {
    const struct amendment_input *in;
    struct amendment *am;
    const Pb__PlanChange *change;
    size_t index;
    struct fault *fault;
    const struct measure_record **olds; /* the change's own */
};

static bool
given(const char *text)
{
    return text != NULL && *text != '\0';
}

static enum status refuse(struct work *w, enum status status, const char *reason,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum status
refuse(struct work *w, enum status status, const char *reason, const char *format, ...)
{
    char text[FAULT_MESSAGE_SIZE / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    enum status s = fault_set(w->fault, status, reason, "第 %zu 项调整：%s", w->index + 1, text);
    if (w->fault != NULL) {
        snprintf(w->fault->field, sizeof w->fault->field, "changes[%zu]", w->index);
    }
    return s;
}

/* The machine's own refusal, with the change and the measure it is about. */
static enum status
refuse_step(struct work *w, const char *ref, const struct fault *why)
{
    return refuse(w, why->code, why->reason, "%s：%s", ref, why->message);
}

static const struct org_record *
org_by_id(const struct org_list *orgs, const char *id)
{
    for (size_t i = 0; id != NULL && i < orgs->count; i++) {
        if (strcmp(orgs->items[i].id, id) == 0) {
            return &orgs->items[i];
        }
    }
    return NULL;
}

static enum status
set_org(struct work *w, const char *code, struct org_name *slot)
{
    if (!given(code)) {
        return STATUS_OK;
    }
    const struct org_record *org = org_list_find(w->in->orgs, code);
    if (org == NULL) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "ORG_UNKNOWN",
                      "组织机构中已没有“%s”，请重新提出。", code);
    }
    *slot = (struct org_name){org->id, org->code};
    return STATUS_OK;
}

/* ---- old measures ---- */

static enum status
find_old(struct work *w, const char *ref, const struct measure_record **ret)
{
    for (size_t i = 0; i < w->am->old_count; i++) {
        if (strcmp(w->am->olds[i].before->ref, ref) == 0) {
            return refuse(w, STATUS_INVALID_ARGUMENT, "MEASURE_TWICE",
                          "措施 %s 在这次调整里写了两次，请合成一项。", ref);
        }
    }
    for (size_t i = 0; i < w->in->found->count; i++) {
        if (strcmp(w->in->found->items[i].ref, ref) == 0) {
            *ret = &w->in->found->items[i];
            return STATUS_OK;
        }
    }
    return refuse(w, STATUS_NOT_FOUND, "MEASURE_UNKNOWN", "方案里没有措施“%s”，请核对编号。", ref);
}

static enum status
check_pending(struct work *w, const struct measure_record *m, bool ends)
{
    if (w->in->pending == NULL) {
        return STATUS_OK;
    }
    if (strcmp(m->state, STATE_EFFECT_CLAIMED) == 0 ||
        strcmp(m->state, STATE_COMPLETE_CLAIMED) == 0) {
        return refuse(w, STATUS_FAILED_PRECONDITION, "CLAIM_PENDING",
                      "措施 %s 有申请正待认定，请先认定、退回或由单位撤回，再批准调整。", m->ref);
    }
    for (size_t i = 0; ends && i < w->in->pending->count; i++) {
        const struct pending *p = &w->in->pending->items[i];
        if (strcmp(p->measure_id, m->id) != 0) {
            continue;
        }
        bool row = strcmp(p->kind, "ROW") == 0;
        return refuse(w, STATUS_FAILED_PRECONDITION, row ? "ROW_PENDING" : "EXTENSION_PENDING",
                      row ? "措施 %s 在已报送的汇总表里还有未通过的一行，请先审核完，再批准调整。"
                          : "措施 %s 的延期申请还没有批复，请先批复或由单位撤回，再批准调整。",
                      m->ref);
    }
    return STATUS_OK;
}

static enum status
end_or_alter(struct work *w, const struct measure_record *m, const char *command,
             struct amendment_old **ret)
{
    struct workflow_facts facts = {
        .plan_known = true,
        .plan_approved = true,
        .amendment_approved = true,
        .reason_given = true,
        .class_ = CLASS_IMMEDIATE, /* what an alteration leaves is judged by its own rows */
        .has_leader = true,
        .has_lead_unit = true,
        .has_target = true,
        .effect_due = NO_DATE,
        .complete_due = 0,
    };
    const struct workflow_edge *edge = NULL;
    struct fault why = {0};
    enum status s = workflow_step(workflow_machine(WORKFLOW_MEASURE), m->state, command,
                                  w->in->roles, &facts, &edge, &why);
    if (s != STATUS_OK) {
        return refuse_step(w, m->ref, &why);
    }
    s = check_pending(w, m, strcmp(command, COMMAND_ALTER) != 0);
    if (s != STATUS_OK) {
        return s;
    }
    struct amendment_old *o = arena_grow(w->in->arena, (void **)&w->am->olds, w->am->old_count,
                                         &w->am->old_capacity, sizeof *o);
    if (o == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *o = (struct amendment_old){
        .before = m, .next = *m, .command = command, .reason = w->change->reason};
    o->next.state = edge->to;
    o->next.version++;
    w->am->old_count++;
    if (ret != NULL) {
        *ret = o;
    }
    return STATUS_OK;
}

/* ---- new measures ---- */

static enum status
find_problem(struct work *w, const char *ref, size_t *ret)
{
    const struct draft *d = w->in->draft;
    const struct draft_problem *p = ref == NULL ? NULL : draft_problem_by_ref(d, ref);
    if (p == NULL) {
        return refuse(w, STATUS_NOT_FOUND, "PROBLEM_UNKNOWN",
                      "没有问题“%s”：新措施须写明属于哪个问题，如 P-07。", ref == NULL ? "" : ref);
    }
    if (strcmp(p->state, STATE_REGISTERED) != 0 && strcmp(p->state, STATE_RECTIFYING) != 0) {
        return refuse(w, STATUS_FAILED_PRECONDITION, "PROBLEM_CLOSING",
                      "问题 %s 现在是“%s”，不能再加措施：请先退回或重新打开这个问题。", p->ref,
                      workflow_state_zh(workflow_machine(WORKFLOW_PROBLEM), p->state));
    }
    if (p->lead_org == NULL) {
        return refuse(w, STATUS_FAILED_PRECONDITION, "PROBLEM_LEADERLESS",
                      "问题 %s 还没有牵头单位，请先定下来。", p->ref);
    }
    *ret = (size_t)(p - d->problems);
    return STATUS_OK;
}

/* Numbers of measures are never used again. */
static int32_t
next_number(const struct work *w, const char *problem_id, size_t problem)
{
    int32_t no = 0;
    for (size_t i = 0; i < w->in->draft->measure_count; i++) {
        const struct draft_measure *m = &w->in->draft->measures[i];
        no = m->problem == problem && m->no > no ? m->no : no;
    }
    for (size_t i = 0; i < w->am->made_count; i++) {
        const struct measure_record *m = &w->am->made[i].measure;
        no = strcmp(m->problem_id, problem_id) == 0 && m->no > no ? m->no : no;
    }
    return no + 1;
}

static void
earlier(int32_t *slot, int32_t day)
{
    if (day != NO_DATE && (*slot == NO_DATE || day < *slot)) {
        *slot = day;
    }
}

/* The dates of a new measure: its own, else the earliest of those it takes the place of. */
static enum status
set_dates(struct work *w, const Pb__PlanMeasure *from, struct measure_record *m)
{
    const char *texts[MILESTONE_COUNT] = {from->effect_due, from->complete_due};
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        struct milestone_record *ms = &m->milestones[i];
        *ms = (struct milestone_record){.original_due = NO_DATE,
                                        .current_due = NO_DATE,
                                        .claimed_day = NO_DATE,
                                        .reached_day = NO_DATE,
                                        .due_version = 1,
                                        .version = 1};
        if (i == MILESTONE_EFFECT && m->class_ == CLASS_IMMEDIATE) {
            continue;
        }
        int32_t day = NO_DATE;
        if (given(texts[i]) && day_parse(texts[i], &day) != STATUS_OK) {
            return refuse(w, STATUS_INVALID_ARGUMENT, "BAD_DATE",
                          "日期“%s”无法识别：请写成 2026-11-30 这样的形式。", texts[i]);
        }
        ms->original_due = ms->current_due = day;
        for (size_t k = 0; day == NO_DATE && k < w->change->n_measures; k++) {
            const struct milestone_record *old = &w->olds[k]->milestones[i];
            if (old->exists) {
                earlier(&ms->original_due, old->original_due);
                earlier(&ms->current_due, old->current_due);
            }
        }
        ms->exists = ms->current_due != NO_DATE;
    }
    return STATUS_OK;
}

/* "uuid=code,uuid=code" of the codes; NULL for none. */
static enum status
join_participants(struct work *w, const Pb__PlanMeasure *from, const char **ret)
{
    const char *joined = NULL;
    for (size_t i = 0; i < from->n_participants; i++) {
        struct org_name org = {0};
        enum status s = set_org(w, from->participants[i], &org);
        if (s != STATUS_OK) {
            return s;
        }
        if (joined != NULL && strstr(joined, org.id) != NULL) {
            continue;
        }
        joined = arena_printf(w->in->arena, "%s%s%s=%s", joined == NULL ? "" : joined,
                              joined == NULL ? "" : ",", org.id, org.code);
        if (joined == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    *ret = joined;
    return STATUS_OK;
}

/* What text, target, class and people become; m holds what stands. */
static enum status
set_content(struct work *w, const Pb__PlanMeasure *from, struct measure_record *m)
{
    m->text = given(from->text) ? from->text : m->text;
    m->target = given(from->target) ? from->target : m->target;
    bool class_given = from->has_measure_class &&
                       from->measure_class != PB__MEASURE_CLASS__MEASURE_CLASS_UNSPECIFIED;
    m->class_ = class_given ? (int)from->measure_class : m->class_;
    enum status s = set_org(w, from->leader, &m->leader);
    if (s == STATUS_OK) {
        s = set_org(w, from->lead_unit, &m->lead);
    }
    if (s == STATUS_OK && (from->n_participants > 0 || from->no_participants)) {
        s = join_participants(w, from, &m->participants);
    }
    return s;
}

static enum status
check_assignable(struct work *w, const struct measure_record *m)
{
    const struct milestone_record *effect = &m->milestones[MILESTONE_EFFECT];
    const struct milestone_record *complete = &m->milestones[MILESTONE_COMPLETE];
    struct workflow_facts facts = {
        .plan_known = true,
        .plan_approved = true,
        .amendment_approved = true,
        .class_ = (enum measure_class)m->class_,
        .has_leader = m->leader.id != NULL,
        .has_lead_unit = m->lead.id != NULL && m->plead.id != NULL,
        .has_target = given(m->target),
        .effect_due = effect->exists ? effect->current_due : NO_DATE,
        .complete_due = complete->exists ? complete->current_due : NO_DATE,
    };
    const struct workflow_edge *edge = NULL;
    struct fault why = {0};
    enum status s = workflow_step(workflow_machine(WORKFLOW_MEASURE), STATE_NONE, COMMAND_ADD,
                                  w->in->roles, &facts, &edge, &why);
    return s == STATUS_OK ? s : refuse_step(w, m->ref, &why);
}

static enum status
add_nodes(struct work *w, const char *measure_id, const Pb__PlanMeasure *from)
{
    if (from->n_nodes > AMENDMENT_NODES_MAX) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "NODE_SHAPE", "一条措施至多 %d 个目标节点。",
                      AMENDMENT_NODES_MAX);
    }
    for (size_t i = 0; i < from->n_nodes; i++) {
        const Pb__MeasureNode *node = from->nodes[i];
        int32_t due = NO_DATE;
        if (!given(node->title) || (given(node->due) && day_parse(node->due, &due) != STATUS_OK)) {
            return refuse(w, STATUS_INVALID_ARGUMENT, "NODE_SHAPE",
                          "第 %zu 个目标节点没有写内容，或时限无法识别。", i + 1);
        }
        struct amendment_node *n = arena_grow(w->in->arena, (void **)&w->am->nodes,
                                              w->am->node_count, &w->am->node_capacity, sizeof *n);
        if (n == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        *n = (struct amendment_node){measure_id, node->title, due, i == 0};
        w->am->node_count++;
    }
    return STATUS_OK;
}

static enum status
add_origins(struct work *w, const char *measure_id)
{
    for (size_t i = 0; i < w->change->n_measures; i++) {
        struct amendment_origin *o =
            arena_grow(w->in->arena, (void **)&w->am->origins, w->am->origin_count,
                       &w->am->origin_capacity, sizeof *o);
        if (o == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        bool split = w->change->kind == PB__PLAN_CHANGE_KIND__PLAN_SPLIT;
        *o = (struct amendment_origin){measure_id, w->olds[i]->id, split ? "SPLIT" : "MERGE"};
        w->am->origin_count++;
    }
    return STATUS_OK;
}

/* What a new measure begins with: what the first old one says, nothing without one. */
static enum status
begin_made(struct work *w, const Pb__PlanMeasure *from, struct measure_record *ret)
{
    const struct measure_record *first = w->change->n_measures > 0 ? w->olds[0] : NULL;
    size_t problem = 0;
    enum status s = find_problem(
        w, given(from->problem_ref) || first == NULL ? from->problem_ref : first->problem_ref,
        &problem);
    if (s != STATUS_OK) {
        return s;
    }
    const struct draft_problem *p = &w->in->draft->problems[problem];
    const struct org_record *plead = org_by_id(w->in->orgs, p->lead_org);
    const struct org_record *sgroup = org_by_id(w->in->orgs, p->sgroup_org);
    char id[UUID_TEXT_SIZE];
    uuid7_next(w->in->ids, id);
    int32_t no = next_number(w, p->id, problem);
    *ret = (struct measure_record){
        .id = arena_strdup(w->in->arena, id),
        .ref = arena_printf(w->in->arena, "%s-M-%02d", p->ref, no),
        .inspection_id = w->in->inspection_id,
        .inspection = w->in->inspection,
        .problem_id = p->id,
        .problem_ref = p->ref,
        .no = no,
        .target = first == NULL ? NULL : first->target,
        .class_ = first == NULL ? (int)CLASS_UNSET : first->class_,
        .leader = first == NULL ? (struct org_name){0} : first->leader,
        .lead = first == NULL ? (struct org_name){0} : first->lead,
        .plead = {plead == NULL ? NULL : plead->id, plead == NULL ? NULL : plead->code},
        .sgroup = {sgroup == NULL ? NULL : sgroup->id, sgroup == NULL ? NULL : sgroup->code},
        .participants = first == NULL ? NULL : first->participants,
        .state = STATE_ASSIGNED,
        .round = 1,
        .percent = -1,
        .reported_day = NO_DATE,
        .assigned_ms = w->in->now_ms,
        .next_check_day = NO_DATE,
        .version = 1,
    };
    return ret->id == NULL || ret->ref == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
make(struct work *w, const Pb__PlanMeasure *from)
{
    struct measure_record m;
    if (!given(from->text)) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "CHANGE_SHAPE", "新措施须写明措施内容。");
    }
    enum status s = begin_made(w, from, &m);
    if (s == STATUS_OK) {
        s = set_content(w, from, &m);
    }
    if (s == STATUS_OK) {
        s = set_dates(w, from, &m);
    }
    if (s == STATUS_OK) {
        s = check_assignable(w, &m);
    }
    if (s == STATUS_OK) {
        s = add_nodes(w, m.id, from);
    }
    if (s == STATUS_OK) {
        s = add_origins(w, m.id);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct amendment_made *made = arena_grow(w->in->arena, (void **)&w->am->made, w->am->made_count,
                                             &w->am->made_capacity, sizeof *made);
    if (made == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *made = (struct amendment_made){m, w->change->reason};
    w->am->made_count++;
    w->am->added++;
    return STATUS_OK;
}

/* ---- one change ---- */

static bool
same(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static enum status
alter(struct work *w)
{
    const Pb__PlanMeasure *from = w->change->made[0];
    const struct measure_record *m = w->olds[0];
    if (given(from->effect_due) || given(from->complete_due)) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "DATES_BY_EXTENSION",
                      "措施 %s 的时限不能在方案调整里改，请由单位申请延期。", m->ref);
    }
    if (given(from->problem_ref) && strcmp(from->problem_ref, m->problem_ref) != 0) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "CHANGE_SHAPE",
                      "措施 %s 不能改到别的问题下，请撤销后在那里新增。", m->ref);
    }
    struct amendment_old *o = NULL;
    enum status s = end_or_alter(w, m, COMMAND_ALTER, &o);
    if (s == STATUS_OK) {
        s = set_content(w, from, &o->next);
    }
    if (s == STATUS_OK) {
        s = add_nodes(w, m->id, from);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (m->class_ == CLASS_IMMEDIATE && o->next.class_ != CLASS_IMMEDIATE) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "CLASS_KEPT",
                      "措施 %s 是立行立改，没有明显成效的时限，不能改成别的类型：请撤销后新增。",
                      m->ref);
    }
    o->altered = true;
    o->participants_changed = !same(m->participants, o->next.participants);
    if (same(m->text, o->next.text) && same(m->target, o->next.target) &&
        m->class_ == o->next.class_ && same(m->leader.id, o->next.leader.id) &&
        same(m->lead.id, o->next.lead.id) && !o->participants_changed && from->n_nodes == 0) {
        return refuse(w, STATUS_INVALID_ARGUMENT, "CHANGE_SHAPE",
                      "措施 %s 改动前后一样，请写明要改的内容，或去掉这一项。", m->ref);
    }
    w->am->changed++;
    return STATUS_OK;
}

static enum status
work_change(struct work *w)
{
    const Pb__PlanChange *c = w->change;
    w->olds = arena_array(w->in->arena, c->n_measures, sizeof *w->olds);
    enum status s = w->olds == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
    bool alters = c->kind == PB__PLAN_CHANGE_KIND__PLAN_ALTER;
    const char *command =
        c->kind == PB__PLAN_CHANGE_KIND__PLAN_CANCEL ? COMMAND_CANCEL : COMMAND_SUPERSEDE;
    for (size_t i = 0; s == STATUS_OK && i < c->n_measures; i++) {
        s = find_old(w, c->measures[i], &w->olds[i]);
        if (s == STATUS_OK && !alters) {
            s = end_or_alter(w, w->olds[i], command, NULL);
            w->am->removed += s == STATUS_OK;
        }
    }
    if (s == STATUS_OK && alters) {
        return alter(w);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->n_made; i++) {
        s = make(w, c->made[i]);
    }
    return s;
}

enum status
amendment_work_out(const struct amendment_input *in, struct amendment *ret, struct fault *fault)
{
    struct amendment am = {0};
    for (size_t i = 0; i < in->content->n_changes; i++) {
        struct work w = {in, &am, in->content->changes[i], i, fault, NULL};
        enum status s = work_change(&w);
        if (s != STATUS_OK) {
            return s;
        }
    }
    *ret = am;
    return STATUS_OK;
}
