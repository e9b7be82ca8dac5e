/* Notices (督办单): proposed by a rule or the office, issued by the body of its level, signed for
 * and answered by the unit within working days. Level n + 1 follows a failed level n, except
 * urgent. */
#include "server/service/matter.h"

#include <string.h>

static const struct matter_command commands[] = {
    {"propose", FIELD(F_TEXT),
     FIELD(F_MEASURE) | FIELD(F_PROBLEM) | FIELD(F_INSPECTION) | FIELD(F_UNIT) | FIELD(F_LEVEL) |
         FIELD(F_URGENT) | FIELD(F_TITLE)},
    {"issue", 0, FIELD(F_URGENT) | FIELD(F_TITLE) | FIELD(F_TEXT) | FIELD(F_WORKING_DAYS)},
    {"dismiss", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"sign_for", 0, 0},
    {"reply", 0, FIELD(F_ANSWER)},
    {"clear", 0, 0},
    {"not_satisfied", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"expire", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {NULL, 0, 0},
};

static bool
same_subject(const struct matter_record *x, const struct matter_record *m)
{
    if (strcmp(x->kind, "notice") != 0 || matter_same(x->id, m->id)) {
        return false;
    }
    return m->measure_id != NULL ? matter_same(x->measure_id, m->measure_id)
                                 : x->measure_id == NULL && matter_same(x->org.id, m->org.id);
}

/* The newest notice of the level below that came to an end; related ones stand oldest first. */
static const struct matter_record *
former_of(const struct matter_case *c, const struct matter_record *m)
{
    const struct matter_record *found = NULL;
    for (size_t i = 0; c->related != NULL && i < c->related->count; i++) {
        const struct matter_record *x = &c->related->items[i];
        if (same_subject(x, m) && x->level == m->level - 1 &&
            (strcmp(x->state, "CLEARED") == 0 || strcmp(x->state, "NOT_SATISFIED") == 0)) {
            found = x;
        }
    }
    return found != NULL && strcmp(found->state, "NOT_SATISFIED") == 0 ? found : NULL;
}

static void
facts(const struct matter_case *c, struct workflow_facts *f)
{
    if (c->matter != NULL) {
        f->notice_level = (uint32_t)c->matter->level;
        f->urgent = c->matter->urgent;
        f->former_notice_failed = former_of(c, c->matter) != NULL;
    }
}

static void
brings(const struct matter_case *c, const struct matter_order *order, struct workflow_facts *f)
{
    (void)c;
    f->urgent = f->urgent || (order->input->has_urgent && order->input->urgent);
}

static int
level_asked(const struct matter_order *order)
{
    return order->input->has_level ? order->input->level : 1;
}

static enum status
check_proposed(const struct matter_case *c, const struct matter_order *order, struct fault *fault)
{
    int level = level_asked(order);
    if (level < 1 || level > 3) {
        return fault_set_field(fault, "level", "LEVEL_RANGE",
                               "督办单分一、二、三级，请填 1、2 或 3。");
    }
    if (c->place.unit.id == NULL) {
        return fault_set_field(fault, "unit", "UNIT_MISSING",
                               "请写明发给哪个单位，或写明措施、问题（发给其牵头单位）。");
    }
    if (level == 2 && (c->measure == NULL || c->measure->leader.id == NULL)) {
        return fault_set_field(fault, "level", "LEADER_UNKNOWN",
                               "二级督办单由措施的牵头区领导签发：请写明一条有牵头区领导的措施。");
    }
    return STATUS_OK;
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    if (c->matter == NULL) {
        return check_proposed(c, order, fault);
    }
    if (strcmp(command, "issue") == 0 && order != NULL && order->input->has_working_days &&
        (order->input->working_days < 1 || order->input->working_days > NOTICE_WORKING_DAYS_MAX)) {
        return fault_set_field(fault, "working_days", "WORKING_DAYS_RANGE",
                               "办理时限在 1 至 %d 个工作日之间。", NOTICE_WORKING_DAYS_MAX);
    }
    return STATUS_OK;
}

static void
apply_issue(const struct matter_case *c, const struct matter_order *order, struct matter_record *m)
{
    const Pb__MatterInput *in = order->input;
    const struct matter_record *former = former_of(c, m);
    m->issuer = matter_body_of_level(c, m->level);
    m->holder = m->org;
    m->due = matter_working_days(c, in->has_working_days ? in->working_days : NOTICE_WORKING_DAYS);
    m->former_id = former == NULL ? NULL : former->id;
    m->former = former == NULL ? NULL : former->ref;
    m->urgent = m->urgent || (in->has_urgent && in->urgent);
    m->title = matter_said(in->title) ? in->title : m->title;
    m->text = matter_said(in->text) ? in->text : m->text;
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    (void)a;
    (void)fault;
    const char *command = order->command;
    struct matter_record *m = &o->next;
    if (strcmp(command, "propose") == 0) {
        m->level = level_asked(order);
        m->urgent = order->input->has_urgent && order->input->urgent;
        m->holder = matter_body_of_level(c, m->level);
    } else if (strcmp(command, "issue") == 0) {
        apply_issue(c, order, m);
    } else if (strcmp(command, "reply") == 0) {
        m->answer = order->input->answer;
        m->holder = m->issuer;
        m->due = matter_working_days(c, ANSWER_WORKING_DAYS);
    } else if (strcmp(command, "sign_for") != 0) {
        m->due = NO_DATE;
        m->holder = m->issuer.id == NULL ? m->holder : m->issuer;
    }
    return STATUS_OK;
}

const struct matter_kind matter_notice = {
    .machine = WORKFLOW_NOTICE,
    .prefix = "DB",
    .addressed = true,
    .commands = commands,
    .facts = facts,
    .brings = brings,
    .check = check,
    .apply = apply,
};
