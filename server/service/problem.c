#include "server/service/problem.h"

#include <string.h>

static bool
is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

struct problem_counts
problem_count(const struct problem_measure_list *list, const char *problem_id)
{
    struct problem_counts n = {0};
    for (size_t i = 0; i < list->count; i++) {
        const char *state = list->items[i].state;
        if (!is(list->items[i].problem_id, problem_id)) {
            continue;
        }
        bool gone = is(state, STATE_SUPERSEDED) || is(state, STATE_CANCELLED);
        bool done = is(state, STATE_DONE);
        bool sustaining = is(state, STATE_SUSTAINING);
        n.total++;
        n.live += !gone;
        n.done += done;
        n.sustaining += sustaining;
        n.finished += gone || done || sustaining;
    }
    return n;
}

uint32_t
problem_roles(const struct problem_record *p, const struct actor *actor)
{
    uint32_t related = is(p->lead.id, actor->org_id) ? ROLE_PLEAD : 0;
    if (actor->behalf) {
        return related;
    }
    uint32_t roles = (uint32_t)actor->roles;
    uint32_t have = roles & ~(uint32_t)(ROLE_UNIT | ROLE_PART | ROLE_LEADER | ROLE_SGROUP);
    if ((roles & ROLE_PLEAD) != 0) {
        have |= related;
    }
    if ((roles & ROLE_SGROUP) != 0 && is(p->sgroup.id, actor->org_id)) {
        have |= ROLE_SGROUP;
    }
    return have;
}

bool
problem_independent(const struct problem_record *p, const struct actor *actor)
{
    const struct judge judge = {.org_id = actor->org_id, .orgs = actor->orgs};
    const char *const lead = p->lead.id;
    return !role_recused(&judge, &lead, 1);
}

static struct workflow_facts
facts_of(const struct problem_record *p, const struct problem_counts *counts,
         const struct actor *actor)
{
    return (struct workflow_facts){
        .plan_known = true,
        .plan_approved = p->plan_approved,
        .independent = problem_independent(p, actor),
        .office_recused = is(p->lead_kind, "OFFICE"),
        .measures_total = counts->total,
        .measures_finished = counts->finished,
        .measures_sustaining = counts->sustaining,
    };
}

static const char recused_zh[] =
    "本单位（或本人任职的单位）就是这个问题的牵头单位，按回避规定不能审核自己的事项："
    "请由专项小组或领导小组代行。";
static const char sitting_zh[] =
    "销号和不同意销号只在批量会审中逐项作出：请用会审的办理方式提出意见。";

static bool
judged(const char *command)
{
    return is(command, COMMAND_FORWARD) || is(command, COMMAND_RETURN);
}

/* Rules that hold beside the table, where the state knows the command. */
static enum status
check_beside(const struct problem_record *p, const struct actor *actor, const char *command,
             uint32_t roles, struct fault *fault)
{
    bool known = workflow_find(workflow_machine(WORKFLOW_PROBLEM), p->state, command) != NULL;
    bool judge = (roles & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0;
    if (known && judged(command) && judge && !problem_independent(p, actor)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "RECUSED", "问题 %s：%s", p->ref,
                         recused_zh);
    }
    return STATUS_OK;
}

static void
application_forget(struct problem_record *next)
{
    next->applied_ms = 0;
    next->forwarded_ms = 0;
    next->group_opinion = NULL;
    next->closed_day = NO_DATE;
}

static void
apply(const struct problem_order *order, struct problem_outcome *o)
{
    struct problem_record *next = &o->next;
    const char *command = order->command;
    bool finished = is(next->state, STATE_CLOSED) || is(next->state, STATE_SUSTAINED);
    next->state = o->edge->to;
    next->version++;
    if (is(command, COMMAND_APPLY_CLOSE)) {
        next->closing_report = order->report;
        next->lessons = order->lessons;
        next->applied_ms = order->now_ms;
    } else if (is(command, COMMAND_FORWARD)) {
        next->group_opinion = order->group_opinion;
        next->forwarded_ms = order->now_ms;
    } else if (is(command, COMMAND_CLOSE)) {
        next->closed_day = order->today;
    } else if (!is(command, COMMAND_EDIT)) {
        next->round += is(command, COMMAND_REOPEN) && finished;
        application_forget(next);
    }
}

static enum status
name_problem(struct fault *fault, const struct problem_record *p)
{
    struct fault plain = *fault;
    enum status s =
        fault_set(fault, plain.code, plain.reason, "问题 %s：%s", p->ref, plain.message);
    memcpy(fault->field, plain.field, sizeof fault->field);
    return s;
}

static bool
given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

enum status
problem_step(const struct problem_record *p, const struct problem_counts *counts,
             const struct actor *actor, const struct problem_order *order,
             struct problem_outcome *ret, struct fault *fault)
{
    uint32_t roles = order->body != 0 ? order->body : problem_roles(p, actor);
    enum status s = check_beside(p, actor, order->command, roles, fault);
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_facts facts = facts_of(p, counts, actor);
    facts.reason_given = order->reason_given;
    facts.reopen_ground_given = order->ground_given;
    facts.closing_report = given(order->report) && given(order->lessons);
    facts.group_opinion = given(order->group_opinion);
    facts.bodies_agreed = order->agreed;
    facts.bodies_refused = order->refused;
    facts.five_criteria_reasoned = order->criteria_reasoned;
    struct problem_outcome o = {.next = *p};
    s = workflow_step(workflow_machine(WORKFLOW_PROBLEM), p->state, order->command, roles, &facts,
                      &o.edge, fault);
    if (s != STATUS_OK) {
        return name_problem(fault, p);
    }
    apply(order, &o);
    *ret = o;
    return STATUS_OK;
}

bool
problem_reopened(const struct problem_record *p, struct problem_record *ret_next)
{
    const struct workflow_edge *edge =
        workflow_find(workflow_machine(WORKFLOW_PROBLEM), p->state, COMMAND_REOPEN);
    if (edge == NULL) {
        return false;
    }
    struct problem_outcome o = {.next = *p, .edge = edge};
    const struct problem_order order = {.command = COMMAND_REOPEN};
    apply(&order, &o);
    *ret_next = o.next;
    return true;
}

/* ---- what may be done ---- */

static void
forbid(struct workflow_option *o, const char *reason, const char *reason_zh)
{
    o->allowed = false;
    o->to = NULL;
    o->needs = 0;
    o->reason = reason;
    o->reason_zh = reason_zh;
}

size_t
problem_options(const struct problem_record *p, const struct problem_counts *counts,
                const struct actor *actor, struct workflow_option *ret_options)
{
    uint32_t roles = problem_roles(p, actor);
    struct workflow_facts facts = facts_of(p, counts, actor);
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_PROBLEM), p->state, roles, &facts,
                                ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct workflow_option *o = &ret_options[i];
        struct fault fault = {0};
        if (is(o->reason, "STATE_FORBIDS")) {
            continue;
        }
        if (check_beside(p, actor, o->command, roles, &fault) != STATUS_OK) {
            forbid(o, "RECUSED", recused_zh);
        } else if ((is(o->command, COMMAND_CLOSE) || is(o->command, COMMAND_REFUSE)) &&
                   !is(o->reason, "ROLE_FORBIDS")) {
            forbid(o, "IN_SITTING_ONLY", sitting_zh);
        }
    }
    return n;
}

/* ---- words ---- */

const char *
problem_public_class(const char *state)
{
    return is(state, STATE_CLOSED) ? "DONE" : is(state, STATE_SUSTAINED) ? "SUSTAINED" : "ONGOING";
}

const char *
problem_public_class_zh(const char *state)
{
    return is(state, STATE_CLOSED)      ? "完成整改"
           : is(state, STATE_SUSTAINED) ? "基本完成并持续整改"
                                        : "正在整改";
}

bool
problem_origin_by_hand(const char *origin)
{
    static const char *const origins[] = {"SELF", "AFTER", "SUPERVISION", "PUBLIC",
                                          "OTHER_INSPECTION"};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        if (is(origin, origins[i])) {
            return true;
        }
    }
    return false;
}
