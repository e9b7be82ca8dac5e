/* What a command makes of a measure. */
#include "server/service/measure.h"

#include <string.h>

static bool
is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
measure_needs_endorsement(const struct measure_record *m)
{
    return m->claimed_by.id != NULL && !is(m->claimed_by.id, m->plead.id);
}

static struct workflow_facts
facts_of(const struct measure_record *m, const struct actor *actor)
{
    const struct milestone_record *effect = &m->milestones[MILESTONE_EFFECT];
    const struct milestone_record *complete = &m->milestones[MILESTONE_COMPLETE];
    bool foreign_claim = measure_needs_endorsement(m);
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
        .claimed_from_progress = is(m->claimed_from, STATE_IN_PROGRESS),
        .claimed_from_effect = is(m->claimed_from, STATE_EFFECT_REACHED),
        .evidence_count = m->evidence_count,
        .evidence_not_document_count = m->evidence_strong,
        .percent_ok = true,
        .independent = measure_independent(m, actor),
        .office_recused = m->office_leads,
        .endorsed = !foreign_claim || m->endorsed_sha256 != NULL,
        .endorser = foreign_claim && is(actor->org_id, m->plead.id),
    };
}

static bool
is_claim(const char *command)
{
    return is(command, COMMAND_CLAIM_EFFECT) || is(command, COMMAND_CLAIM_COMPLETE);
}

/* Of a claim, by the office or its substitute; the endorsing unit's return is none. */
static bool
is_judgement(const char *command)
{
    return is(command, COMMAND_CONFIRM) || is(command, COMMAND_RETURN);
}

static bool
takes_up_again(const char *command)
{
    return is(command, COMMAND_REOPEN) || is(command, COMMAND_FAIL);
}

static const char recused_zh[] =
    "本单位（或本人任职的单位）就是这项问题或措施的牵头单位，按回避规定不能审核自己的事项："
    "请由专项小组或领导小组代行审核。";
static const char endorsed_zh[] =
    "本单位已经对这项申请签署同意，不必再签；如有不同意见，请退回申请。";

static const char endorses_own_zh[] =
    "本人在提出这项申请的单位也有席位，按回避规定不能签署：请由本单位的另一位同志签署。";

/* Rule 4 of an endorsement: the problem's lead unit is asked, not somebody of the unit that claims.
 */
static bool
endorses_own(const struct measure_record *m, const struct actor *actor)
{
    const struct judge judge = {.org_id = actor->org_id, .orgs = actor->orgs};
    const char *const claimer = m->claimed_by.id;
    return role_recused(&judge, &claimer, 1);
}

static const char same_person_zh[] =
    "这项申请是您（或您代行的同志）提出或代报的，请由另一位同志审核。";

/* Rules that hold beside the table, where the state knows the command. */
static enum status
check_beside(const struct measure_record *m, const struct actor *actor, const char *command,
             uint32_t roles, struct fault *fault)
{
    if (workflow_find(workflow_machine(WORKFLOW_MEASURE), m->state, command) == NULL) {
        return STATUS_OK;
    }
    bool judge = (roles & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0;
    if (is_judgement(command) && judge && !measure_independent(m, actor)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "RECUSED", "措施 %s：%s", m->ref,
                         recused_zh);
    }
    bool endorser = is(command, COMMAND_ENDORSE) && is(actor->org_id, m->plead.id) &&
                    measure_needs_endorsement(m);
    if (endorser && endorses_own(m, actor)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "RECUSED", "措施 %s：%s", m->ref,
                         endorses_own_zh);
    }
    if (((is_judgement(command) && judge) || endorser) &&
        role_is_person(actor->account_id, actor->substitute_for_id, m->claimed_account)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "SAME_PERSON", "措施 %s：%s", m->ref,
                         same_person_zh);
    }
    if (endorser && m->endorsed_sha256 != NULL) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "ALREADY_ENDORSED", "措施 %s：%s",
                         m->ref, endorsed_zh);
    }
    return STATUS_OK;
}

/* ---- what a taken edge does to the row ---- */

static void
claim_forget(struct measure_record *next)
{
    next->claimed_from = NULL;
    next->claimed_ms = 0;
    next->claimed_by = (struct org_name){NULL, NULL};
    next->claimed_account = NULL;
    next->endorsed_sha256 = NULL;
}

static void
apply_claim(struct measure_outcome *o, const struct measure_order *order,
            const struct measure_record *m, const struct actor *actor)
{
    int index = is(order->command, COMMAND_CLAIM_EFFECT) ? MILESTONE_EFFECT : MILESTONE_COMPLETE;
    bool by_lead = is(actor->org_id, m->lead.id) && !is(actor->org_id, m->plead.id);
    o->next.claimed_from = m->state;
    o->next.claimed_ms = order->now_ms;
    o->next.claimed_by = by_lead ? m->lead : (struct org_name){NULL, NULL};
    o->next.claimed_account = actor->account_id;
    o->next.endorsed_sha256 = NULL;
    o->next.milestones[index].claimed_day = order->today;
    o->milestone_changed[index] = true;
}

static void
start_round(struct measure_record *next)
{
    next->round++;
    next->evidence_count = 0;
    next->evidence_strong = 0;
}

/* confirm, return, withdraw */
static void
apply_verdict(struct measure_outcome *o, const struct measure_order *order, const char *from)
{
    int index = is(from, STATE_EFFECT_CLAIMED) ? MILESTONE_EFFECT : MILESTONE_COMPLETE;
    struct milestone_record *ms = &o->next.milestones[index];
    if (is(order->command, COMMAND_CONFIRM)) {
        /* The claim's own day: how long the office took is not the unit's. */
        ms->reached_day = ms->claimed_day == NO_DATE ? order->today : ms->claimed_day;
    } else {
        ms->claimed_day = NO_DATE;
        if (is(order->command, COMMAND_RETURN) && index == MILESTONE_COMPLETE) {
            start_round(&o->next);
        }
    }
    o->milestone_changed[index] = true;
    claim_forget(&o->next);
    if (is(o->next.state, STATE_SUSTAINING)) {
        o->next.next_check_day = order->next_check_day;
    }
}

/* reopen, fail: everything is to be shown again, by new dates; original_due stays. */
static void
apply_reopening(struct measure_outcome *o, const struct measure_order *order)
{
    const int32_t dues[MILESTONE_COUNT] = {order->effect_due, order->complete_due};
    start_round(&o->next);
    claim_forget(&o->next);
    o->next.next_check_day = NO_DATE;
    o->next.percent = -1;
    o->next.unchanged_periods = 0;
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        struct milestone_record *ms = &o->next.milestones[i];
        if (measure_has_milestone(&o->next, i)) {
            ms->current_due = dues[i];
            ms->due_version++;
        }
        ms->claimed_day = NO_DATE;
        ms->reached_day = NO_DATE;
        o->milestone_changed[i] = true;
    }
}

static void
apply_command(const struct measure_record *m, const struct actor *actor,
              const struct measure_order *order, struct measure_outcome *o)
{
    const char *command = order->command;
    if (is(command, COMMAND_SIGN_FOR)) {
        o->next.signed_ms = order->now_ms;
    } else if (is(command, COMMAND_ADD)) {
        o->next.assigned_ms = order->now_ms;
    } else if (is_claim(command)) {
        apply_claim(o, order, m, actor);
    } else if (is_judgement(command) || is(command, COMMAND_WITHDRAW)) {
        apply_verdict(o, order, m->state);
    } else if (takes_up_again(command)) {
        apply_reopening(o, order);
    } else if (is(command, COMMAND_CHECK_OK)) {
        o->next.next_check_day = order->next_check_day;
    } else if (is(command, COMMAND_FINISH)) {
        o->next.next_check_day = NO_DATE;
    } else if (is(command, COMMAND_SUPERSEDE) || is(command, COMMAND_CANCEL)) {
        claim_forget(&o->next);
        o->next.next_check_day = NO_DATE;
    }
    /* object and endorse change nothing of the measure itself. */
}

static void
apply(const struct measure_record *m, const struct actor *actor, const struct measure_order *order,
      struct measure_outcome *o)
{
    o->next = *m;
    o->next.state = o->edge->to;
    o->next.version++;
    o->next.evidence_count = order->evidence_count;
    o->next.evidence_strong = order->evidence_strong;
    apply_command(m, actor, order, o);
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        o->milestone_changed[i] = o->milestone_changed[i] && o->next.milestones[i].exists;
        if (o->milestone_changed[i]) {
            o->next.milestones[i].version++;
        }
    }
}

/* ---- the decision ---- */

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

static bool
new_dates_given(const struct measure_record *m, const struct measure_order *order)
{
    return takes_up_again(order->command) && order->complete_due != NO_DATE &&
           (!measure_has_milestone(m, MILESTONE_EFFECT) || order->effect_due != NO_DATE);
}

/* The dates a request brings lie ahead, in order. */
static enum status
check_dates(const struct measure_record *m, const struct measure_order *order, struct fault *fault)
{
    if (order->next_check_day != NO_DATE && order->next_check_day <= order->today) {
        return fault_set_field(fault, "next_check_on", "NEXT_CHECK_NOT_LATER",
                               "措施 %s：下次复查日期要晚于今天，请另选日期。", m->ref);
    }
    if (!takes_up_again(order->command)) {
        return STATUS_OK;
    }
    bool has_effect = measure_has_milestone(m, MILESTONE_EFFECT);
    if (has_effect && order->effect_due <= order->today) {
        return fault_set_field(fault, "effect_due", "NEW_DATE_NOT_LATER",
                               "措施 %s：新的时限要晚于今天，请另选日期。", m->ref);
    }
    if (order->complete_due <= order->today) {
        return fault_set_field(fault, "complete_due", "NEW_DATE_NOT_LATER",
                               "措施 %s：新的时限要晚于今天，请另选日期。", m->ref);
    }
    if (has_effect && order->complete_due < order->effect_due) {
        return fault_set_field(fault, "complete_due", "DATES_ORDER",
                               "措施 %s：整改落实到位的时限不能早于取得明显成效的时限，请核对。",
                               m->ref);
    }
    return STATUS_OK;
}

enum status
measure_step(const struct measure_record *m, const struct actor *actor,
             const struct measure_order *order, struct measure_outcome *ret, struct fault *fault)
{
    uint32_t roles = order->by_round ? ROLE_VERIFY : measure_roles(m, actor);
    enum status s = check_beside(m, actor, order->command, roles, fault);
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_facts facts = facts_of(m, actor);
    facts.reason_given = order->reason_given;
    facts.evidence_count = order->evidence_count;
    facts.evidence_not_document_count = order->evidence_strong;
    facts.next_check_given = order->next_check_day != NO_DATE;
    facts.reopen_ground_given = order->ground_given;
    facts.new_dates_given = new_dates_given(m, order);
    facts.amendment_approved = order->amendment_approved;
    struct measure_outcome o = {0};
    s = workflow_step(workflow_machine(WORKFLOW_MEASURE), m->state, order->command, roles, &facts,
                      &o.edge, fault);
    if (s != STATUS_OK) {
        return name_measure(fault, m);
    }
    s = check_dates(m, order, fault);
    if (s != STATUS_OK) {
        return s;
    }
    apply(m, actor, order, &o);
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
        if (check_beside(m, actor, o->command, roles, &fault) == STATUS_OK) {
            continue;
        }
        o->allowed = false;
        o->to = NULL;
        bool endorses = is(o->command, COMMAND_ENDORSE);
        if (is(fault.reason, "SAME_PERSON")) {
            o->reason = "SAME_PERSON";
            o->reason_zh = same_person_zh;
        } else if (is(fault.reason, "ALREADY_ENDORSED")) {
            o->reason = "ALREADY_ENDORSED";
            o->reason_zh = endorsed_zh;
        } else {
            o->reason = "RECUSED";
            o->reason_zh = endorses ? endorses_own_zh : recused_zh;
        }
    }
    return n;
}
