/* Instructions (批示): a leader's or the leading group's word to a unit, with a day, tracked to its
 * end. The office may enter it for them (代录). */
#include "server/service/matter.h"

#include <string.h>

static const struct matter_command commands[] = {
    {"issue", FIELD(F_TEXT) | FIELD(F_UNIT) | FIELD(F_DUE),
     FIELD(F_MEASURE) | FIELD(F_PROBLEM) | FIELD(F_INSPECTION) | FIELD(F_HOLDER) | FIELD(F_TITLE)},
    {"sign_for", 0, 0},
    {"reply", 0, FIELD(F_ANSWER)},
    {"return", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"close", 0, 0},
    {"cancel", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {NULL, 0, 0},
};

static void
brings(const struct matter_case *c, const struct matter_order *order, struct workflow_facts *f)
{
    f->addressee_and_due = c->place.unit.id != NULL && order->due != NO_DATE;
}

static bool
gives_instructions(const struct matter_case *c, const char *org_id)
{
    for (size_t i = 0; c->orgs != NULL && i < c->orgs->count; i++) {
        const struct org_record *org = &c->orgs->items[i];
        if (matter_same(org->id, org_id)) {
            return strcmp(org->kind, "LEADER") == 0 || strcmp(org->kind, "LGROUP") == 0;
        }
    }
    return false;
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    bool office = (c->actor.roles & ROLE_OFFICE) != 0 && !c->actor.behalf;
    const char *holder = c->place.holder.id;
    if (strcmp(command, "issue") != 0 || order == NULL) {
        return STATUS_OK;
    }
    if (holder != NULL && !gives_instructions(c, holder)) {
        return fault_set_field(fault, "holder", "HOLDER_KIND",
                               "批示人应是区领导或领导小组，请填写其代码。");
    }
    if (holder != NULL && !office && !matter_same(holder, c->actor.org_id)) {
        return fault_set_field(fault, "holder", "HOLDER_FOREIGN",
                               "只能以本人（本组）的名义批示；代录由办公室办理。");
    }
    if (holder == NULL && office && !gives_instructions(c, c->actor.org_id)) {
        return fault_set_field(fault, "holder", "HOLDER_MISSING",
                               "办公室代录批示要写明是谁的批示，请填写区领导或领导小组的代码。");
    }
    return matter_not_past(c, "due", order->due, fault);
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    (void)a;
    (void)fault;
    const char *command = order->command;
    struct matter_record *m = &o->next;
    if (strcmp(command, "issue") == 0) {
        m->issuer = c->place.holder.id != NULL ? c->place.holder : matter_own_body(c);
        m->holder = m->org;
        m->due = order->due;
    } else if (strcmp(command, "reply") == 0) {
        m->answer = order->input->answer;
        m->holder = m->issuer; /* the day it was due stands: it is the unit's */
    } else if (strcmp(command, "return") == 0) {
        m->holder = m->org;
    }
    return STATUS_OK;
}

const struct matter_kind matter_instruction = {
    .machine = WORKFLOW_INSTRUCTION,
    .prefix = "PS",
    .addressed = true,
    .commands = commands,
    .brings = brings,
    .check = check,
    .apply = apply,
};
