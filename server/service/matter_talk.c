/* Admonitory talks (约谈): proposed by a rule, the office or a body that may hold one, approved and
 * held by 纪委监委 or 组织部. The record, and why it was referred, the holding body alone reads:
 * they go into the private table, and their salted hash into the log. */
#include "server/service/matter.h"

#include <string.h>

static const struct matter_command commands[] = {
    {"propose", FIELD(F_TEXT),
     FIELD(F_MEASURE) | FIELD(F_PROBLEM) | FIELD(F_INSPECTION) | FIELD(F_UNIT) | FIELD(F_HOLDER) |
         FIELD(F_TITLE)},
    {"approve", FIELD(F_SCHEDULED), 0},
    {"decline", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"hold", 0, 0},
    {"record", FIELD(F_CONTENTS), 0},
    {"finish", 0, 0},
    {"refer", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {NULL, 0, 0},
};

static bool
may_hold(const struct matter_case *c, const char *org_id)
{
    for (size_t i = 0; c->orgs != NULL && i < c->orgs->count; i++) {
        const struct org_record *org = &c->orgs->items[i];
        if (matter_same(org->id, org_id)) {
            return strcmp(org->kind, "DISC") == 0 || strcmp(org->kind, "ORGD") == 0;
        }
    }
    return false;
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    if (c->matter == NULL && c->place.unit.id == NULL) {
        return fault_set_field(fault, "unit", "UNIT_MISSING",
                               "请写明约谈哪个单位，或写明措施、问题（约谈其牵头单位）。");
    }
    if (c->matter == NULL && c->place.holder.id != NULL && !may_hold(c, c->place.holder.id)) {
        return fault_set_field(fault, "holder", "HOLDER_KIND",
                               "约谈由纪委监委或组织部实施，请填写其代码。");
    }
    return order == NULL || strcmp(command, "approve") != 0
               ? STATUS_OK
               : matter_not_past(c, "scheduled_on", order->scheduled_day, fault);
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    const char *command = order->command;
    struct matter_record *m = &o->next;
    enum status s = STATUS_OK;
    m->due = NO_DATE;
    if (strcmp(command, "propose") == 0) {
        m->holder = c->place.holder.id != NULL ? c->place.holder : matter_body(c, "DISC");
        m->holder = m->holder.id != NULL ? m->holder : matter_body(c, "ORGD");
    } else if (strcmp(command, "approve") == 0) {
        m->scheduled_day = m->due = order->scheduled_day;
        m->holder = matter_own_body(c); /* who approves it holds it */
    } else if (strcmp(command, "record") == 0) {
        s = matter_keep_private(order, "CONTENTS", order->input->contents, a, o, fault);
    } else if (strcmp(command, "refer") == 0) {
        m->reason = NULL;
        o->event_reason = m->reason_code;
        s = matter_keep_private(order, "REASON", order->input->reason, a, o, fault);
    }
    o->private_text.reader_id = m->holder.id;
    return s;
}

const struct matter_kind matter_talk = {
    .machine = WORKFLOW_TALK,
    .prefix = "YT",
    .addressed = true,
    .commands = commands,
    .check = check,
    .apply = apply,
};
