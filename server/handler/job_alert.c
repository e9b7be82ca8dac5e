/* JobService/RaiseAlerts: due dates and missing tables become alerts, once each.
 *
 * 1. Only what can have changed is read: what marked itself since, and what has its day in the due
 *    index (store/watch.h). An idle run reads the state and two empty ranges.
 * 2. Marks are read before the things, so that a change that comes in between is looked at again.
 * 3. Another ladder, another calendar, or a clock that went back begins a new generation: every
 *    thing is looked at again, a portion a run.
 * 4. A thing whose alerts find no room in this run keeps its mark and its day.
 */
#include "server/handler/job.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/job.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/alert.h"
#include "server/store/alert.h"
#include "server/store/settings.h"
#include "server/store/watch.h"

#include <string.h>

enum {
    MARKS_PER_RUN = 1000,
    DUE_PER_RUN = 500,
    THINGS_PER_RUN = 250,
};

struct raise_call {
    struct watch_state state; /* as it will be kept */
    bool state_changed;
    struct watch_thing_list things;
    size_t found; /* before the list was cut to a run's portion */
    struct watch_list watched;
    struct owed_list owed;
    struct matter_watch_list matters;
    struct standing_list standing;
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
load_state(struct call *call, struct db_queue *q)
{
    struct raise_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    int32_t as_of = NO_DATE;
    enum status s = check_as_of(call, "as_of", REQUEST(call, Pb__JobRequest)->as_of, &as_of);
    c->alert_case = (struct alert_case){
        .watched = &c->watched,
        .owed = &c->owed,
        .matters = &c->matters,
        .listeners = &c->listeners,
        .standing = &c->standing,
        .calendar = &c->calendar,
        .things = &c->things,
        .as_of = as_of,
        .utc_offset_min = call->who->utc_offset_min,
        .now_ms = call->now_ms,
    };
    if (s == STATUS_OK) {
        s = watch_queue_state(q, call->who->tenant, &c->state);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static int
load_what_to_look_at(struct call *call, struct db_queue *q)
{
    struct raise_call *c = call->data;
    struct watch_state *w = &c->state;
    int32_t as_of = c->alert_case.as_of;
    bool other_rules = w->ladder_version != w->current_ladder ||
                       w->calendar_days != w->current_calendar || as_of < w->last_day;
    c->state_changed = !w->exists || other_rules || as_of != w->last_day;
    if (w->exists && other_rules) {
        w->generation++;
    }
    w->last_day = as_of;
    enum status s = watch_queue_marks(q, call->who->tenant, MARKS_PER_RUN, &c->things);
    if (s == STATUS_OK) {
        s = watch_queue_due(q, call->who->tenant, w->generation, as_of, DUE_PER_RUN, &c->things);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static const char *
thing_ids(struct call *call, const struct watch_thing_list *things)
{
    struct text_list ids = {0};
    for (size_t i = 0; i < things->count; i++) {
        if ((i == 0 || strcmp(things->items[i].id, things->items[i - 1].id) != 0) &&
            !text_list_add(&ids, call->arena, things->items[i].id)) {
            return NULL;
        }
    }
    return text_list_literal(&ids, call->arena);
}

static int
load_things(struct call *call, struct db_queue *q)
{
    struct raise_call *c = call->data;
    int tenant = call->who->tenant;
    c->found = c->things.count;
    if (c->found == 0) {
        return STATUS_OK;
    }
    alert_things_sort(&c->things, THINGS_PER_RUN);
    const char *ids = thing_ids(call, &c->things);
    if (ids == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = calendar_queue_read(q, tenant, &c->calendar);
    if (s == STATUS_OK) {
        s = ladder_queue_read(q, tenant, &c->rules);
    }
    if (s == STATUS_OK) {
        s = watch_queue_measures(q, tenant, ids, &c->watched);
    }
    if (s == STATUS_OK) {
        s = watch_queue_tables(q, tenant, ids, &c->owed);
    }
    if (s == STATUS_OK) {
        s = watch_queue_matters(q, tenant, ids, &c->matters);
    }
    if (s == STATUS_OK) {
        s = watch_queue_standing(q, tenant, ids, &c->standing);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static int
load_known(struct call *call, struct db_queue *q)
{
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
    if (keys.count == 0) {
        return STATUS_OK;
    }
    enum status s = alert_queue_listeners(q, call->who->tenant, c->alert_case.as_of, &c->listeners);
    return s == STATUS_OK
               ? (int)alert_queue_known_keys(q, call->who->tenant, &keys, call->arena, &c->known)
               : (int)s;
}

int
raise_load(struct call *call, struct db_queue *q)
{
    switch (call->round) {
    case 0:
        return load_state(call, q);
    case 1:
        return load_what_to_look_at(call, q);
    case 2:
        return load_things(call, q);
    default:
        return load_known(call, q);
    }
}

/* What the log keeps of an alert. */
static Pb__Alert *
alert_message(struct call *call, const struct alert_record *alert)
{
    Pb__Alert *out = call_message(call, &pb__alert__descriptor);
    if (out != NULL) {
        out->id = wire_text(alert->id);
        out->has_level = out->has_days_left = out->has_raised_at_ms = 1;
        out->level = alert->level;
        out->subject_kind = wire_text(alert->subject_kind);
        out->subject_ref = wire_text(alert->subject_ref);
        out->has_milestone = alert->milestone != 0;
        out->milestone = (Pb__MilestoneKind)alert->milestone;
        out->trigger = wire_text(alert->trigger);
        out->text = wire_text(alert->text);
        out->due = day_text(call, alert->due);
        out->days_left = alert->days_left;
        out->raised_at_ms = alert->raised_ms;
        out->org = wire_text(alert->org);
        alert_fill_proposals(out, alert->proposals, call->arena);
        out->has_direct = 1;
        out->direct = alert->direct;
    }
    return out;
}

static enum status
note_changes(struct call *call, struct raise_call *c)
{
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
    return STATUS_OK;
}

/* Something is left for another run: a list was full, or a thing found no room. */
static bool
more_waits(const struct raise_call *c)
{
    return c->found >= DUE_PER_RUN || c->found > c->things.count ||
           (c->things.count > 0 && !c->things.items[c->things.count - 1].done);
}

enum status
raise_decide(struct call *call)
{
    struct raise_call *c = call->data;
    c->delivered = 0;
    if (alert_plans_new(&c->alert_case, &c->known, ALERTS_PER_RUN, call->arena, &c->plans) !=
            STATUS_OK ||
        alert_outdated(&c->alert_case, call->arena, &c->outdated) != STATUS_OK) {
        return handler_no_memory(call);
    }
    enum status s = note_changes(call, c);
    if (s != STATUS_OK) {
        return s;
    }
    call->no_event = call->change_count == 0;
    call->wakes = !call->no_event;
    s = job_reply(call, c->plans.count, c->outdated.count, c->delivered);
    if (s == STATUS_OK) {
        Pb__JobReply *reply = (Pb__JobReply *)call->reply;
        reply->has_more = 1;
        reply->more = more_waits(c);
    }
    return s;
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
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->plans.count; i++) {
        s = write_plan(call, q, &c->plans.items[i]);
    }
    if (s == STATUS_OK && c->outdated.count > 0) {
        s = alert_queue_cancel(q, tenant, &c->outdated, call->now_ms, call->arena);
    }
    if (s == STATUS_OK) {
        s = watch_queue_unmark(q, tenant, &c->things, call->arena);
    }
    if (s == STATUS_OK) {
        s = watch_queue_put(q, tenant, c->state.generation, &c->things, call->arena);
    }
    return s == STATUS_OK && c->state_changed ? watch_queue_put_state(q, tenant, &c->state) : s;
}
