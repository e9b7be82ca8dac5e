/* Extensions (延期): a unit asks for a later date of one milestone. Who decides is settled when it
 * is asked: the first of at most 15 days the office, a longer or second one the measure's leader, a
 * third or one beyond the concentrated phase (集中整改期) the leading group.
 *
 * Days: `current_due` moves, `original_due` never. Asked for in time, the unit's clock stands until
 * the answer. Asked for late, the overdue days up to the day of asking are kept on the milestone
 * (kept_overdue_days), so that no later date makes them undone; against the original date nothing
 * changes at all. */
#include "server/service/matter.h"

#include <string.h>

static const struct matter_command commands[] = {
    {"submit", FIELD(F_MEASURE) | FIELD(F_MILESTONE) | FIELD(F_NEW_DUE),
     FIELD(F_INSPECTION) | FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"submit_late", FIELD(F_MEASURE) | FIELD(F_MILESTONE) | FIELD(F_NEW_DUE),
     FIELD(F_INSPECTION) | FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"approve", 0, FIELD(F_ANSWER)},
    {"reject", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"withdraw", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {NULL, 0, 0},
};

/* Which milestone: index, −1 when it is not said or not there. */
static int
index_of(const struct matter_case *c, const struct matter_order *order)
{
    int kind = c->matter != NULL                              ? c->matter->milestone
               : order != NULL && order->input->has_milestone ? (int)order->input->milestone
                                                              : 0;
    int index = kind - 1;
    return c->measure != NULL && (index == MILESTONE_EFFECT || index == MILESTONE_COMPLETE) &&
                   measure_has_milestone(c->measure, index)
               ? index
               : -1;
}

/* Extensions of this milestone so far: approved ones count, an open one stands in the way. */
static const struct matter_record *
count_former(const struct matter_case *c, int index, int *ret_approved)
{
    const struct matter_record *open = NULL;
    *ret_approved = 0;
    for (size_t i = 0; c->related != NULL && i < c->related->count; i++) {
        const struct matter_record *x = &c->related->items[i];
        if (strcmp(x->kind, "extension") != 0 || x->milestone != index + 1 ||
            !matter_same(x->measure_id, c->measure->id)) {
            continue;
        }
        *ret_approved += strcmp(x->state, STATE_APPROVED) == 0 ? 1 : 0;
        open = strcmp(x->state, STATE_SUBMITTED) == 0 ? x : open;
    }
    return open;
}

/* Of a stored extension the level says who decides; the guards are told what leads to it. */
static void
facts(const struct matter_case *c, struct workflow_facts *f)
{
    if (c->matter != NULL) {
        f->extension_no = (uint32_t)c->matter->level;
        f->extension_days = 1;
    }
}

static void
asked_facts(const struct matter_case *c, int index, int32_t new_due, struct workflow_facts *f)
{
    const struct milestone_record *ms = &c->measure->milestones[index];
    int approved = 0;
    (void)count_former(c, index, &approved);
    f->due_known = ms->current_due != NO_DATE;
    f->due_passed = f->due_known && ms->current_due < c->today;
    f->new_date_later = f->due_known && new_due != NO_DATE && new_due > ms->current_due &&
                        (!f->due_passed || new_due > c->today);
    f->extension_no = (uint32_t)approved + 1;
    f->extension_days = f->new_date_later ? (uint32_t)(new_due - ms->current_due) : 0;
    f->past_concentrated_phase =
        c->concentrated_end != NO_DATE && new_due != NO_DATE && new_due > c->concentrated_end;
    if (c->measure->leader.id == NULL && guard_holds(GUARD_EXTENSION_MIDDLE, f)) {
        f->past_concentrated_phase = true; /* without a leader, the leading group decides */
    }
}

static void
brings(const struct matter_case *c, const struct matter_order *order, struct workflow_facts *f)
{
    int index = index_of(c, order);
    if (c->matter == NULL && index >= 0) {
        asked_facts(c, index, order->new_due, f);
    }
}

/* EFFECT never moves past COMPLETE: both dates are asked for, COMPLETE first. */
static enum status
check_order_of_dates(const struct matter_case *c, int index, int32_t new_due, struct fault *fault)
{
    const struct milestone_record *complete = &c->measure->milestones[MILESTONE_COMPLETE];
    if (index != MILESTONE_EFFECT || !complete->exists || complete->current_due == NO_DATE ||
        new_due == NO_DATE || new_due <= complete->current_due) {
        return STATUS_OK;
    }
    char day[DAY_TEXT_SIZE];
    return fault_set(fault, STATUS_FAILED_PRECONDITION, "EFFECT_PAST_COMPLETE",
                     "措施 %s 取得明显成效的时限不能晚于整改落实到位的时限（%s），"
                     "请先申请延长整改落实到位的时限。",
                     c->measure->ref, day_print(complete->current_due, day));
}

static enum status
check_open(const struct matter_case *c, int index, struct fault *fault)
{
    const struct measure_record *m = c->measure;
    const struct milestone_record *ms = &m->milestones[index];
    if (!measure_live(m) || ms->reached_day != NO_DATE || strcmp(m->state, STATE_DONE) == 0 ||
        strcmp(m->state, STATE_SUSTAINING) == 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "MILESTONE_CLOSED",
                         "措施 %s 的这个时限已经办结或不再办理，不需要延期。", m->ref);
    }
    if (ms->current_due == NO_DATE) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "NO_DUE",
                         "措施 %s 的这一步没有时限，不需要延期。", m->ref);
    }
    return STATUS_OK;
}

static enum status
check_asked(const struct matter_case *c, const struct matter_order *order, struct fault *fault)
{
    int index = index_of(c, order);
    if (index < 0) {
        return fault_set_field(fault, "milestone", "MILESTONE_UNKNOWN",
                               "这条措施没有这个时限：请写明是取得明显成效（EFFECT）"
                               "还是整改落实到位（COMPLETE）；立行立改的措施只有后者。");
    }
    enum status s = check_open(c, index, fault);
    int ignored = 0;
    const struct matter_record *open = count_former(c, index, &ignored);
    if (s == STATUS_OK && open != NULL) {
        s = fault_set(fault, STATUS_FAILED_PRECONDITION, "EXTENSION_OPEN",
                      "措施 %s 的这个时限已有延期申请 %s 待批，请等批复，或撤回后重新申请。",
                      c->measure->ref, open->ref);
    }
    if (s == STATUS_OK && c->measure->milestones[index].claimed_day != NO_DATE) {
        s = fault_set(
            fault, STATUS_FAILED_PRECONDITION, "CLAIM_PENDING",
            "措施 %s 已申请认定，审核期间不计超期，不需要延期；如要延期，请先撤回认定申请。",
            c->measure->ref);
    }
    return s == STATUS_OK ? check_order_of_dates(c, index, order->new_due, fault) : s;
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    if (c->matter == NULL) {
        return c->measure == NULL ? STATUS_OK : check_asked(c, order, fault);
    }
    int index = index_of(c, order);
    bool judges = strcmp(command, "approve") == 0 || strcmp(command, "reject") == 0;
    if (judges &&
        role_is_person(c->actor.account_id, c->actor.substitute_for_id, c->matter->opened_by)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "SAME_PERSON",
                         "这项延期是您（或您代行的同志）申请或代报的，请由另一位同志审批。");
    }
    if (strcmp(command, "approve") != 0 || index < 0) {
        return STATUS_OK;
    }
    enum status s = check_open(c, index, fault);
    if (s == STATUS_OK && c->measure->milestones[index].current_due != c->matter->old_due) {
        s = fault_set(fault, STATUS_FAILED_PRECONDITION, "DUE_MOVED",
                      "申请之后时限已经变动，不能按原申请批准，请不予批准并请单位重新申请。");
    }
    return s == STATUS_OK ? check_order_of_dates(c, index, c->matter->new_due, fault) : s;
}

static void
apply_asked(const struct matter_case *c, const struct matter_order *order, struct matter_outcome *o)
{
    int index = index_of(c, order);
    const struct milestone_record *ms = &c->measure->milestones[index];
    struct workflow_facts f = {0};
    int approved = 0;
    asked_facts(c, index, order->new_due, &f);
    (void)count_former(c, index, &approved);
    bool leader = guard_holds(GUARD_EXTENSION_MIDDLE, &f);
    o->next.milestone = index + 1;
    o->next.ordinal = approved + 1;
    o->next.level = guard_holds(GUARD_EXTENSION_LONG, &f) ? 3 : leader ? 2 : 1;
    o->next.old_due = ms->current_due;
    o->next.new_due = order->new_due;
    o->next.text = order->input->reason;
    o->next.late = f.due_passed;
    o->next.late_days = f.due_passed ? c->today - ms->current_due : 0;
    o->next.due = matter_working_days(c, ANSWER_WORKING_DAYS);
    o->next.issuer = o->next.org;
    o->next.holder = matter_body_of_level(c, o->next.level);
    if (o->next.level == 1 && c->measure->office_leads) {
        o->next.holder =
            c->measure->sgroup.id != NULL ? c->measure->sgroup : matter_body_of_level(c, 3);
    }
}

static void
apply_approved(const struct matter_case *c, struct matter_outcome *o)
{
    int index = c->matter->milestone - 1;
    struct measure_outcome *out = &o->measure;
    *out = (struct measure_outcome){.next = *c->measure};
    struct milestone_record *ms = &out->next.milestones[index];
    ms->current_due = c->matter->new_due;
    ms->due_version++; /* new alert keys; the old alerts are outdated by it */
    ms->kept_overdue_days += c->matter->late_days;
    ms->version++;
    out->milestone_changed[index] = true;
    out->next.version++;
    o->measure_moves = true;
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    (void)a;
    (void)fault;
    if (c->matter == NULL) {
        apply_asked(c, order, o);
        return STATUS_OK;
    }
    o->next.due = NO_DATE;
    if (strcmp(order->command, "approve") == 0) {
        o->next.answer = order->input->answer;
        apply_approved(c, o);
    }
    return STATUS_OK;
}

const struct matter_kind matter_extension = {
    .machine = WORKFLOW_EXTENSION,
    .prefix = "YQ",
    .commands = commands,
    .facts = facts,
    .brings = brings,
    .check = check,
    .apply = apply,
};
