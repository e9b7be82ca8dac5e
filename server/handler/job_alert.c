/* JobService/RaiseAlerts: due dates and missing tables become alerts, once each. */
#include "server/handler/job.h"

#include "proto/base/limits.h"
#include "rectify/v1/job.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/alert.h"
#include "server/store/alert.h"
#include "server/store/settings.h"
#include "server/store/table.h"

enum { TABLE_AHEAD_DAYS = 30 }; /* how long before its day a table is looked at */

struct raise_call {
    struct watch_list watched;
    struct table_list owed;
    struct listener_list listeners;
    struct text_list outdated;
    struct text_list known;
    struct calendar calendar;
    struct ladder_rules rules;
    struct alert_case alert_case;
    struct alert_plan_list plans;
    size_t delivered;
};

static int
load_things(struct call *call, struct db_queue *q)
{
    struct raise_call *c = arena_alloc(call->arena, sizeof *c);
    struct table_filter *owed = arena_alloc(call->arena, sizeof *owed);
    if (c == NULL || owed == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    int32_t as_of = NO_DATE;
    enum status s = check_as_of(call, "as_of", REQUEST(call, Pb__JobRequest)->as_of, &as_of);
    int tenant = call->who->tenant;
    c->alert_case = (struct alert_case){
        .watched = &c->watched,
        .owed = &c->owed,
        .listeners = &c->listeners,
        .calendar = &c->calendar,
        .as_of = as_of,
        .utc_offset_min = call->who->utc_offset_min,
        .now_ms = call->now_ms,
    };
    if (s == STATUS_OK) {
        s = calendar_queue_read(q, tenant, &c->calendar);
    }
    if (s == STATUS_OK) {
        s = ladder_queue_read(q, tenant, &c->rules);
    }
    if (s == STATUS_OK) {
        s = alert_queue_watched(q, tenant, &c->watched);
    }
    if (s == STATUS_OK) {
        /* "missing" is past due; those near their day are owed too: judged on some days later. */
        *owed = (struct table_filter){
            .missing = true, .as_of = as_of + TABLE_AHEAD_DAYS, .limit = LIMIT_LIST_ROWS};
        s = table_queue_list(q, tenant, owed, &c->owed);
    }
    if (s == STATUS_OK) {
        s = alert_queue_listeners(q, tenant, as_of, &c->listeners);
    }
    if (s == STATUS_OK) {
        s = alert_queue_outdated(q, tenant, ALERTS_PER_RUN, &c->outdated);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

int
raise_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return load_things(call, q);
    }
    struct raise_call *c = call->data;
    c->alert_case.rules = c->rules.items;
    c->alert_case.rule_count = c->rules.count;
    if (c->rules.count == 0) {
        c->alert_case.rules = ladder_default(&c->alert_case.rule_count);
    }
    if (alert_plans(&c->alert_case, call->arena, &c->plans) != STATUS_OK) {
        return (int)handler_no_memory(call);
    }
    struct text_list keys = {0};
    for (size_t i = 0; i < c->plans.count; i++) {
        if (!text_list_add(&keys, call->arena, c->plans.items[i].alert.key)) {
            return (int)handler_no_memory(call);
        }
    }
    return keys.count == 0
               ? (int)STATUS_OK
               : (int)alert_queue_known_keys(q, call->who->tenant, &keys, call->arena, &c->known);
}

/* What the log keeps of an alert. */
static Pb__Alert *
alert_message(struct call *call, const struct alert_record *alert)
{
    Pb__Alert *out = call_message(call, &pb__alert__descriptor);
    if (out != NULL) {
        out->id = (char *)(uintptr_t)alert->id;
        out->has_level = out->has_days_left = out->has_raised_at_ms = 1;
        out->level = alert->level;
        out->subject_kind = (char *)(uintptr_t)alert->subject_kind;
        out->subject_ref = (char *)(uintptr_t)alert->subject_ref;
        out->has_milestone = alert->milestone != 0;
        out->milestone = (Pb__MilestoneKind)alert->milestone;
        out->trigger = (char *)(uintptr_t)alert->trigger;
        out->text = (char *)(uintptr_t)alert->text;
        out->due = day_text(call, alert->due);
        out->days_left = alert->days_left;
        out->raised_at_ms = alert->raised_ms;
        out->org = (char *)(uintptr_t)alert->org;
    }
    return out;
}

enum status
raise_decide(struct call *call)
{
    struct raise_call *c = call->data;
    if (alert_plans_new(&c->alert_case, &c->known, ALERTS_PER_RUN, call->arena, &c->plans) !=
        STATUS_OK) {
        return handler_no_memory(call);
    }
    c->delivered = 0;
    for (size_t i = 0; i < c->plans.count; i++) {
        struct alert_record *alert = &c->plans.items[i].alert;
        alert->id = call_new_id(call);
        Pb__Alert *record = alert_message(call, alert);
        if (alert->id == NULL || record == NULL ||
            !call_change(call, "alert", alert->id, alert->key, 1, &record->base)) {
            return handler_no_memory(call);
        }
        c->delivered += c->plans.items[i].recipients.count;
    }
    for (size_t i = 0; i < c->outdated.count; i++) {
        if (!call_change(call, "alert", c->outdated.items[i], NULL, 2, NULL)) {
            return handler_no_memory(call);
        }
        call_last_change(call)->command = arena_strdup(call->arena, "cancel");
    }
    call->no_event = call->change_count == 0;
    call->wakes = !call->no_event;
    return job_reply(call, c->plans.count, c->outdated.count, c->delivered);
}

static enum status
write_plan(struct call *call, struct db_queue *q, const struct alert_plan *p)
{
    int tenant = call->who->tenant;
    enum status s = alert_queue_insert(q, tenant, &p->alert, call->event_id);
    for (size_t i = 0; s == STATUS_OK && i < p->recipients.count; i++) {
        s = alert_queue_deliver(q, tenant, p->recipients.items[i], p->alert.id, call->now_ms);
    }
    return s;
}

enum status
raise_effects(struct call *call, struct db_queue *q)
{
    struct raise_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->plans.count; i++) {
        s = write_plan(call, q, &c->plans.items[i]);
    }
    if (s == STATUS_OK && c->outdated.count > 0) {
        s = alert_queue_cancel(q, call->who->tenant, &c->outdated, call->now_ms, call->arena);
    }
    return s;
}
