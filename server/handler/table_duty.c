/* TableService: what an inspection asks its units to report, and whether two people have to say it.
 */
#include "server/handler/table.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/table.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/store/org.h"
#include "server/store/plan.h"
#include "server/store/table_duty.h"

#include <string.h>

enum { REPORT_DAY_MAX = 28, GRACE_DAYS_MAX = 31 };

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

struct duty_change {
    struct inspection_record inspection;
    struct report_duty_list stored;
    Pb__ReportDuty next;
};

/* ---- SetReportDuty ---- */

static const Pb__ReportDuty *
asked_duty(const struct call *call)
{
    static const Pb__ReportDuty none = PB__REPORT_DUTY__INIT;
    const Pb__ReportDuty *duty = REQUEST(call, Pb__SetReportDutyRequest)->duty;
    return duty == NULL ? &none : duty;
}

void
duty_subjects(const struct call *call, struct subject_set *set)
{
    const char *code = asked_duty(call)->inspection;
    subject_add(set, "inspection", code == NULL ? "" : code);
}

int
set_duty_load(struct call *call, struct db_queue *q)
{
    struct duty_change *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    const char *code = asked_duty(call)->inspection;
    enum status s =
        inspection_queue_lock(q, call->who->tenant, code == NULL ? "" : code, &c->inspection);
    return s == STATUS_OK ? (int)report_duty_queue_list(q, call->who->tenant,
                                                        code == NULL ? "" : code, &c->stored)
                          : (int)s;
}

static enum status
check_duty(struct call *call, const Pb__ReportDuty *d)
{
    struct fault *f = &call->fault;
    if (d->kind == NULL || (strcmp(d->kind, "MONTH") != 0 && strcmp(d->kind, "QUARTER") != 0)) {
        return fault_set_field(f, "duty.kind", "KIND_UNKNOWN",
                               "报送的种类要写 MONTH（月表）或 QUARTER（季度表）。");
    }
    if (!d->has_report_day || d->report_day < 1 || d->report_day > REPORT_DAY_MAX) {
        return fault_set_field(f, "duty.report_day", "DAY_RANGE", "报送日要写 1 至 %d 的整数。",
                               REPORT_DAY_MAX);
    }
    if (d->grace_days < 0 || d->grace_days > GRACE_DAYS_MAX) {
        return fault_set_field(f, "duty.grace_days", "GRACE_RANGE", "宽限天数要写 0 至 %d 的整数。",
                               GRACE_DAYS_MAX);
    }
    return STATUS_OK;
}

static int64_t
stored_version(const struct duty_change *c, const char *kind)
{
    for (size_t i = 0; i < c->stored.count; i++) {
        if (strcmp(c->stored.items[i]->kind, kind) == 0) {
            return c->stored.items[i]->version;
        }
    }
    return 0;
}

enum status
set_duty_decide(struct call *call)
{
    const Pb__SetReportDutyRequest *r = REQUEST(call, Pb__SetReportDutyRequest);
    const Pb__ReportDuty *d = asked_duty(call);
    struct duty_change *c = call->data;
    if (c->inspection.id == NULL) {
        return refuse_unknown(call, "INSPECTION_UNKNOWN", "巡视", d->inspection);
    }
    enum status s = check_duty(call, d);
    if (s != STATUS_OK) {
        return s;
    }
    int64_t version = stored_version(c, d->kind);
    s = check_expected(call, version);
    if (s == STATUS_OK && r->has_expected_version && r->expected_version != version) {
        s = fault_stale(&call->fault, r->expected_version, version);
    }
    Pb__ReportDuty *reply = call_message(call, &pb__report_duty__descriptor);
    char *ref = arena_printf(call->arena, "%s %s", d->inspection, d->kind);
    if (s != STATUS_OK || reply == NULL || ref == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    c->next = *d;
    c->next.version = version;
    c->next.active = !d->has_active || d->active;
    reply->inspection = d->inspection;
    reply->kind = d->kind;
    reply->has_report_day = reply->has_grace_days = reply->has_active = reply->has_version = 1;
    reply->report_day = d->report_day;
    reply->grace_days = d->grace_days;
    reply->active = c->next.active;
    reply->version = version + 1;
    call->reply = &reply->base;
    return call_change(call, "report_duty", c->inspection.id, ref, reply->version, &reply->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
set_duty_effects(struct call *call, struct db_queue *q)
{
    struct duty_change *c = call->data;
    return report_duty_queue_write(q, call->who->tenant, c->inspection.id, &c->next,
                                   call->event_id);
}

/* ---- ListReportDuties ---- */

int
list_duties_load(struct call *call, struct db_queue *q)
{
    struct report_duty_list *list = arena_alloc(call->arena, sizeof *list);
    if (list == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = list;
    return (int)report_duty_queue_list(
        q, call->who->tenant, given(REQUEST(call, Pb__ListReportDutiesRequest)->inspection), list);
}

enum status
list_duties_decide(struct call *call)
{
    struct report_duty_list *list = call->data;
    Pb__ListReportDutiesReply *reply =
        call_message(call, &pb__list_report_duties_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->duties = list->items;
    reply->n_duties = list->count;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- SetConfirmation ---- */

void
confirmation_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "setting", "table_confirm");
}

int
set_confirmation_load(struct call *call, struct db_queue *q)
{
    struct org_list *orgs = arena_alloc(call->arena, sizeof *orgs);
    if (orgs == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = orgs;
    return (int)org_queue_all(q, call->who->tenant, orgs);
}

static const struct org_record *
org_of(const struct org_list *orgs, const char *code)
{
    for (size_t i = 0; i < orgs->count; i++) {
        if (strcmp(orgs->items[i].code, code) == 0) {
            return &orgs->items[i];
        }
    }
    return NULL;
}

static bool
mode_known(const char *mode)
{
    return mode != NULL &&
           (strcmp(mode, "AUTO") == 0 || strcmp(mode, "ALWAYS") == 0 || strcmp(mode, "NEVER") == 0);
}

enum status
set_confirmation_decide(struct call *call)
{
    const Pb__SetConfirmationRequest *r = REQUEST(call, Pb__SetConfirmationRequest);
    const char *code = given(r->org);
    const struct org_record *org = code == NULL ? NULL : org_of(call->data, code);
    if (code != NULL && org == NULL) {
        return refuse_unknown(call, "ORG_UNKNOWN", "单位", code);
    }
    if (!mode_known(r->mode)) {
        return fault_set_field(&call->fault, "mode", "MODE_UNKNOWN",
                               "要写 AUTO（设了审核人的单位要确认）、ALWAYS（都要确认）或 "
                               "NEVER（都不用确认）。");
    }
    Pb__SetConfirmationReply *reply = call_message(call, &pb__set_confirmation_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->org = wire_text(code);
    reply->mode = r->mode;
    call->reply = &reply->base;
    const char *ref = code == NULL ? "table_confirm" : code;
    return call_change(call, "table_confirm", org == NULL ? call_new_id(call) : org->id, ref, 1,
                       &reply->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
set_confirmation_effects(struct call *call, struct db_queue *q)
{
    const Pb__SetConfirmationRequest *r = REQUEST(call, Pb__SetConfirmationRequest);
    return confirmation_queue_set(q, call->who->tenant, given(r->org), r->mode, call->event_id);
}
