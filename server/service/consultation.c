#include "server/service/consultation.h"

#include <string.h>

enum status
consultation_open(const struct measure_record *m, const struct actor *actor,
                  const struct consultation_order *order, const struct calendar *calendar,
                  struct consultation_record *ret, struct fault *fault)
{
    if (!measure_live(m) || strcmp(m->state, STATE_DONE) == 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "MEASURE_CLOSED",
                         "措施 %s 现在是“%s”，没有正在办理的事项可以求助。", m->ref,
                         workflow_state_zh(workflow_machine(WORKFLOW_MEASURE), m->state));
    }
    struct workflow_facts facts = {.reason_given = true};
    const struct workflow_edge *edge = NULL;
    enum status s = workflow_step(workflow_machine(WORKFLOW_CONSULTATION), STATE_NONE, COMMAND_OPEN,
                                  measure_roles(m, actor), &facts, &edge, fault);
    if (s != STATUS_OK) {
        return s;
    }
    *ret = (struct consultation_record){
        .id = order->id,
        .measure_id = m->id,
        .measure_ref = m->ref,
        .org_id = order->org_id,
        .org = order->org,
        .text = order->text,
        .state = edge->to,
        .opened_ms = order->now_ms,
        .triage_due = calendar_add_working_days(calendar, order->today, TRIAGE_WORKING_DAYS, NULL),
        .version = 1,
    };
    return STATUS_OK;
}

Pb__Consultation *
consultation_message(const struct consultation_record *c, struct arena *a)
{
    Pb__Consultation *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__consultation__init(out);
    out->id = (char *)(uintptr_t)c->id;
    out->measure_ref = (char *)(uintptr_t)c->measure_ref;
    out->org = (char *)(uintptr_t)c->org;
    out->text = (char *)(uintptr_t)c->text;
    out->state = (char *)(uintptr_t)c->state;
    out->has_opened_at_ms = out->has_version = 1;
    out->opened_at_ms = c->opened_ms;
    char day[DAY_TEXT_SIZE];
    out->triage_due = arena_strdup(a, day_print(c->triage_due, day));
    out->version = c->version;
    return out;
}
