/* Opinions (意见建议): somebody's call, letter or mail, entered by the office, handed to a unit,
 * answered. Who sent it the office alone reads. */
#include "server/service/matter.h"

#include <string.h>

static const struct matter_command commands[] = {
    {"receive", FIELD(F_TEXT) | FIELD(F_ORIGIN),
     FIELD(F_MEASURE) | FIELD(F_PROBLEM) | FIELD(F_INSPECTION) | FIELD(F_TITLE) | FIELD(F_SENDER)},
    {"assign", FIELD(F_UNIT) | FIELD(F_DUE), FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"return", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"answer", 0, FIELD(F_ANSWER)},
    {NULL, 0, 0},
};

static void
brings(const struct matter_case *c, const struct matter_order *order, struct workflow_facts *f)
{
    f->addressee_and_due = c->place.unit.id != NULL && order->due != NO_DATE;
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    static const char *const ways[] = {"PHONE", "LETTER", "MAIL", "VISIT", "OTHER"};
    if (order == NULL) {
        return STATUS_OK;
    }
    if (strcmp(command, "receive") != 0) {
        return matter_not_past(c, "due", order->due, fault);
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(order->input->origin, ways[i]) == 0) {
            return STATUS_OK;
        }
    }
    return fault_set_field(fault, "origin", "ORIGIN_UNKNOWN",
                           "来源请填 PHONE（来电）、LETTER（来信）、MAIL（邮件）、VISIT（来访）"
                           "或 OTHER（其他）。");
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    const char *command = order->command;
    struct matter_record *m = &o->next;
    struct org_name office = matter_body(c, "OFFICE");
    struct org_name own = matter_own_body(c);
    if (strcmp(command, "receive") == 0) {
        m->org = (struct org_name){NULL, NULL}; /* nobody is addressed yet */
        m->origin = order->input->origin;
        m->issuer = m->holder = own; /* entered by the office */
        if (matter_said(order->input->sender)) {
            enum status s = matter_keep_private(order, "SENDER", order->input->sender, a, o, fault);
            o->private_text.reader_id = own.id;
            return s;
        }
    } else if (strcmp(command, "assign") == 0) {
        m->org = m->holder = c->place.unit;
        m->due = order->due;
    } else if (strcmp(command, "return") == 0) {
        m->holder = office; /* the unit still sees what it gave back */
        m->due = NO_DATE;
    } else {
        m->answer = order->input->answer;
        m->due = NO_DATE;
    }
    return STATUS_OK;
}

const struct matter_kind matter_opinion = {
    .machine = WORKFLOW_OPINION,
    .prefix = "YJ",
    .addressed = true,
    .commands = commands,
    .brings = brings,
    .check = check,
    .apply = apply,
};
