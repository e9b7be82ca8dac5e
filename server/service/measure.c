#include "server/service/measure.h"

#include <string.h>

static bool
same_id(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* participants is "uuid=code,uuid=code". */
static bool
is_participant(const struct measure_record *m, const char *org_id)
{
    return m->participants != NULL && org_id != NULL && strstr(m->participants, org_id) != NULL;
}

uint32_t
measure_roles(const struct measure_record *m, const struct actor *actor)
{
    uint32_t related = 0;
    if (same_id(m->plead.id, actor->org_id)) {
        related |= ROLE_PLEAD;
    }
    if (same_id(m->lead.id, actor->org_id)) {
        related |= ROLE_MLEAD;
    }
    if (is_participant(m, actor->org_id)) {
        related |= ROLE_PART;
    }
    if (actor->behalf) {
        return related;
    }
    uint32_t roles = (uint32_t)actor->roles;
    uint32_t have = roles & ~(uint32_t)(ROLE_UNIT | ROLE_PART | ROLE_LEADER | ROLE_SGROUP);
    if ((roles & ROLE_PLEAD) != 0) {
        have |= related; /* a lead unit's seat serves every relation of its unit */
    }
    if ((roles & ROLE_MLEAD) != 0) {
        have |= related & (ROLE_MLEAD | ROLE_PART);
    }
    if ((roles & ROLE_PART) != 0) {
        have |= related & ROLE_PART;
    }
    if ((roles & ROLE_LEADER) != 0 && same_id(m->leader.id, actor->org_id)) {
        have |= ROLE_LEADER;
    }
    if ((roles & ROLE_SGROUP) != 0 && same_id(m->sgroup.id, actor->org_id)) {
        have |= ROLE_SGROUP;
    }
    return have;
}

bool
measure_independent(const struct measure_record *m, const struct actor *actor)
{
    const struct judge judge = {.org_id = actor->org_id, .orgs = actor->orgs};
    const char *const leads[] = {m->plead.id, m->lead.id};
    return !role_recused(&judge, leads, sizeof leads / sizeof leads[0]);
}

static struct workflow_facts
facts_of(const struct measure_record *m, const struct actor *actor)
{
    const struct milestone_record *effect = &m->milestones[MILESTONE_EFFECT];
    const struct milestone_record *complete = &m->milestones[MILESTONE_COMPLETE];
    return (struct workflow_facts){
        .plan_known = true,
        .plan_approved = strcmp(m->state, STATE_DRAFT) != 0,
        .class_ = (enum measure_class)m->class_,
        .has_leader = m->leader.id != NULL,
        .has_lead_unit = m->lead.id != NULL,
        .has_target = m->target != NULL && m->target[0] != '\0',
        .effect_due = effect->exists ? effect->current_due : NO_DATE,
        .complete_due = complete->exists ? complete->current_due : NO_DATE,
        .effect_reached = effect->exists && effect->reached_day != NO_DATE,
        .claimed_from_progress =
            m->claimed_from != NULL && strcmp(m->claimed_from, STATE_IN_PROGRESS) == 0,
        .claimed_from_effect =
            m->claimed_from != NULL && strcmp(m->claimed_from, STATE_EFFECT_REACHED) == 0,
        .evidence_count = m->evidence_count,
        .evidence_not_document_count = m->evidence_strong,
        .percent_ok = true,
        .independent = measure_independent(m, actor),
        .office_recused = m->office_leads,
        .endorsed = true, /* claims come through the problem's lead unit: must_go_through_plead */
    };
}

static bool
is_claim(const char *command)
{
    return strcmp(command, COMMAND_CLAIM_EFFECT) == 0 ||
           strcmp(command, COMMAND_CLAIM_COMPLETE) == 0;
}

static bool
is_judgement(const char *command)
{
    return strcmp(command, COMMAND_CONFIRM) == 0 || strcmp(command, COMMAND_RETURN) == 0;
}

/* A measure's own lead unit has no endorsement of the problem's lead unit yet. */
static bool
must_go_through_plead(const char *command, uint32_t roles)
{
    return is_claim(command) && (roles & ROLE_UNIT) == ROLE_MLEAD;
}

static const char recused_zh[] =
    "本单位（或本人任职的单位）就是这项问题或措施的牵头单位，按回避规定不能审核自己的事项："
    "请由专项小组或领导小组代行审核。";
static const char endorse_zh[] =
    "申请认定由问题整改牵头单位扎口提出：请把材料交给问题整改牵头单位，由其统一申请。";

/* Rules that hold beside the table. */
static enum status
check_beside(const struct measure_record *m, const struct actor *actor, const char *command,
             uint32_t roles, struct fault *fault)
{
    if (is_judgement(command) && (roles & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0 &&
        !measure_independent(m, actor)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "RECUSED", "措施 %s：%s", m->ref,
                         recused_zh);
    }
    if (must_go_through_plead(command, roles)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "NOT_ENDORSED", "措施 %s：%s", m->ref,
                         endorse_zh);
    }
    return STATUS_OK;
}

static void
apply_claim(struct measure_outcome *o, const struct measure_order *order, const char *from)
{
    int index =
        strcmp(order->command, COMMAND_CLAIM_EFFECT) == 0 ? MILESTONE_EFFECT : MILESTONE_COMPLETE;
    o->next.claimed_from = from;
    o->next.claimed_ms = order->now_ms;
    o->next.milestones[index].claimed_day = order->today;
    o->milestone_changed[index] = true;
}

static int
claimed_index(const char *from)
{
    return strcmp(from, STATE_EFFECT_CLAIMED) == 0 ? MILESTONE_EFFECT : MILESTONE_COMPLETE;
}

static void
apply_verdict(struct measure_outcome *o, const struct measure_order *order, const char *from)
{
    int index = claimed_index(from);
    struct milestone_record *ms = &o->next.milestones[index];
    if (strcmp(order->command, COMMAND_CONFIRM) == 0) {
        /* The claim's own day: how long the office took is not the unit's. */
        ms->reached_day = ms->claimed_day == NO_DATE ? order->today : ms->claimed_day;
    } else {
        ms->claimed_day = NO_DATE;
        if (strcmp(order->command, COMMAND_RETURN) == 0 && index == MILESTONE_COMPLETE) {
            o->next.round++;
            o->next.evidence_count = 0;
            o->next.evidence_strong = 0;
        }
    }
    o->milestone_changed[index] = true;
    o->next.claimed_from = NULL;
    o->next.claimed_ms = 0;
    if (strcmp(o->next.state, STATE_SUSTAINING) == 0) {
        o->next.next_check_day = order->next_check_day;
    }
}

static void
apply(const struct measure_record *m, const struct measure_order *order, struct measure_outcome *o)
{
    o->next = *m;
    o->next.state = o->edge->to;
    o->next.version++;
    o->next.evidence_count = order->evidence_count;
    o->next.evidence_strong = order->evidence_strong;
    if (strcmp(order->command, COMMAND_SIGN_FOR) == 0) {
        o->next.signed_ms = order->now_ms;
    } else if (is_claim(order->command)) {
        apply_claim(o, order, m->state);
    } else {
        apply_verdict(o, order, m->state);
    }
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        o->milestone_changed[i] = o->milestone_changed[i] && o->next.milestones[i].exists;
        if (o->milestone_changed[i]) {
            o->next.milestones[i].version++;
        }
    }
}

/* The refusal of the table, with the measure it speaks of. */
static enum status
name_measure(struct fault *fault, const struct measure_record *m)
{
    struct fault plain = *fault;
    enum status s =
        fault_set(fault, plain.code, plain.reason, "措施 %s：%s", m->ref, plain.message);
    memcpy(fault->field, plain.field, sizeof fault->field);
    return s;
}

enum status
measure_step(const struct measure_record *m, const struct actor *actor,
             const struct measure_order *order, struct measure_outcome *ret, struct fault *fault)
{
    uint32_t roles = measure_roles(m, actor);
    enum status s = check_beside(m, actor, order->command, roles, fault);
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_facts facts = facts_of(m, actor);
    facts.reason_given = order->reason_given;
    facts.evidence_count = order->evidence_count;
    facts.evidence_not_document_count = order->evidence_strong;
    facts.next_check_given = order->next_check_day != NO_DATE;
    struct measure_outcome o = {0};
    s = workflow_step(workflow_machine(WORKFLOW_MEASURE), m->state, order->command, roles, &facts,
                      &o.edge, fault);
    if (s != STATUS_OK) {
        return name_measure(fault, m);
    }
    if (order->next_check_day != NO_DATE && order->next_check_day <= order->today) {
        fault_set_field(fault, "next_check_on", "NEXT_CHECK_NOT_LATER",
                        "措施 %s：下次复查日期要晚于今天，请另选日期。", m->ref);
        return STATUS_INVALID_ARGUMENT;
    }
    apply(m, order, &o);
    *ret = o;
    return STATUS_OK;
}

size_t
measure_options(const struct measure_record *m, const struct actor *actor,
                struct workflow_option *ret_options)
{
    uint32_t roles = measure_roles(m, actor);
    struct workflow_facts facts = facts_of(m, actor);
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_MEASURE), m->state, roles, &facts,
                                ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct workflow_option *o = &ret_options[i];
        struct fault fault = {0};
        if (check_beside(m, actor, o->command, roles, &fault) == STATUS_OK ||
            strcmp(o->reason, "STATE_FORBIDS") == 0) {
            continue;
        }
        o->allowed = false;
        o->to = NULL;
        bool endorsement = strcmp(fault.reason, "NOT_ENDORSED") == 0;
        o->reason = endorsement ? "NOT_ENDORSED" : "RECUSED";
        o->reason_zh = endorsement ? endorse_zh : recused_zh;
    }
    return n;
}

void
measure_report(struct measure_record *m, int32_t percent, const char *narrative, int32_t today,
               bool again)
{
    bool same =
        m->percent == percent && m->narrative != NULL && strcmp(m->narrative, narrative) == 0;
    if (!same) {
        m->unchanged_periods = 0;
    } else if (!again) {
        m->unchanged_periods++;
    }
    m->percent = percent;
    m->narrative = narrative;
    m->reported_day = today;
}

bool
measure_reports(const char *state)
{
    return strcmp(state, STATE_IN_PROGRESS) == 0 || strcmp(state, STATE_EFFECT_CLAIMED) == 0 ||
           strcmp(state, STATE_EFFECT_REACHED) == 0 || strcmp(state, STATE_COMPLETE_CLAIMED) == 0;
}

bool
measure_live(const struct measure_record *m)
{
    return strcmp(m->state, STATE_DRAFT) != 0 && strcmp(m->state, STATE_SUPERSEDED) != 0 &&
           strcmp(m->state, STATE_CANCELLED) != 0;
}

struct due_milestone
measure_due(const struct milestone_record *ms)
{
    struct due_milestone due = due_milestone_none();
    due.original_due = ms->original_due;
    due.current_due = ms->current_due;
    due.claimed_on = ms->claimed_day;
    due.reached_on = ms->reached_day;
    due.kept_overdue_days = ms->kept_overdue_days;
    return due;
}

bool
measure_has_milestone(const struct measure_record *m, int index)
{
    return m->milestones[index].exists &&
           !(index == MILESTONE_EFFECT && m->class_ == CLASS_IMMEDIATE);
}

int
milestone_light(const struct milestone_record *ms, int32_t as_of)
{
    struct due_milestone days = measure_due(ms);
    struct due_result due = due_status(as_of, NULL, &days);
    if (due.current.state == DUE_NO_DATE) {
        return PB__LIGHT__LIGHT_UNSPECIFIED;
    }
    if (due.closed) {
        return PB__LIGHT__NORMAL;
    }
    if (due.current.state == DUE_OVERDUE) {
        return PB__LIGHT__OVERDUE;
    }
    return !due.claimed && due.current.days_left <= DUE_SOON_DAYS ? PB__LIGHT__DUE_SOON
                                                                  : PB__LIGHT__NORMAL;
}

int
measure_light(const struct measure_record *m, int32_t as_of)
{
    int worst = PB__LIGHT__LIGHT_UNSPECIFIED;
    for (int i = 0; measure_live(m) && i < MILESTONE_COUNT; i++) {
        if (measure_has_milestone(m, i)) {
            int light = milestone_light(&m->milestones[i], as_of);
            worst = light > worst ? light : worst;
        }
    }
    return worst;
}
