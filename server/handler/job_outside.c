/* JobService/QueueMessages, TakeMessages, SettleMessages: what leaves the system, in three steps.
 *
 * Sending itself happens between Take and Settle, outside any transaction (server/jobs/sender.c). A
 * message that is taken and never settled is due again when its lease is over, with the same id. */
#include "server/handler/job_outside.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/job.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/common.h"
#include "server/handler/job.h"
#include "server/service/outside.h"
#include "server/service/role.h"
#include "server/store/alert.h"
#include "server/store/settings.h"

#include <string.h>

enum { FRESH_PER_RUN = 1000, TAKE_PER_RUN = 20, ENDPOINTS_MAX = 2000 };

/* What all three know. */
struct outside_call {
    struct settings settings;
    struct calendar calendar;
    struct outside_hours hours;
};

static enum status
load_hours(struct call *call, struct db_queue *q, struct outside_call *c)
{
    c->hours =
        (struct outside_hours){&c->settings, &c->calendar, call->who->utc_offset_min, call->now_ms};
    enum status s = setting_queue_read(q, call->who->tenant, NULL, &c->settings, call->arena);
    return s == STATUS_OK ? calendar_queue_read(q, call->who->tenant, &c->calendar) : s;
}

/* What the log keeps of a message. */
static bool
note_message(struct call *call, const struct outside_record *m, const char *error)
{
    Pb__Message *record = call_message(call, &pb__message__descriptor);
    if (record == NULL) {
        return false;
    }
    record->id = wire_text(m->id);
    record->channel = wire_text(channel_name(m->channel));
    record->kind = wire_text(m->kind);
    record->org = wire_text(m->org);
    record->state = wire_text(m->state);
    record->error = wire_text(error);
    record->has_count = record->has_attempts = record->has_due_at_ms = 1;
    record->count = m->count;
    record->attempts = m->attempts;
    record->due_at_ms = m->due_ms;
    return call_change(call, "outside_message", m->id, m->kind, m->attempts + 1, &record->base);
}

/* ---- QueueMessages ---- */

struct queue_call {
    struct outside_call base;
    struct text_list endpoints; /* as the sender says */
    struct text_list stored;
    struct outside_delivery_list fresh;
    struct outside_list open;
    struct outside_used_list used;
    struct outside_plan plan;
};

static int
queue_load(struct call *call, struct db_queue *q)
{
    const Pb__QueueMessagesRequest *r = REQUEST(call, Pb__QueueMessagesRequest);
    int tenant = call->who->tenant;
    struct queue_call *c = call->data;
    if (call->round == 0) {
        c = arena_alloc(call->arena, sizeof *c);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        call->data = c;
        for (size_t i = 0; i < r->n_endpoints && i < ENDPOINTS_MAX; i++) {
            if (!text_list_add(&c->endpoints, call->arena, r->endpoints[i])) {
                return (int)handler_no_memory(call);
            }
        }
        enum status s = outside_queue_fresh(q, tenant, call->today, FRESH_PER_RUN, &c->fresh);
        if (s == STATUS_OK) {
            s = outside_queue_endpoints(q, tenant, &c->stored);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    if (c->fresh.count == 0) {
        return STATUS_OK;
    }
    enum status s = load_hours(call, q, &c->base);
    if (s == STATUS_OK) {
        s = outside_queue_open(q, tenant, call->today, &c->open);
    }
    return s == STATUS_OK ? (int)outside_queue_used(q, tenant, call->today, &c->used) : (int)s;
}

static enum status
queue_decide(struct call *call)
{
    struct queue_call *c = call->data;
    const struct outside_case plan_case = {
        .settings = &c->base.settings,
        .calendar = &c->base.calendar,
        .endpoints = &c->endpoints,
        .fresh = &c->fresh,
        .open = &c->open,
        .used = &c->used,
        .offset_min = call->who->utc_offset_min,
        .now_ms = call->now_ms,
    };
    c->plan = (struct outside_plan){0};
    if (c->fresh.count > 0 && outside_plan(&plan_case, call->arena, &c->plan) != STATUS_OK) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < c->plan.messages.count; i++) {
        struct outside_record *m = &c->plan.messages.items[i];
        m->id = call_new_id(call);
        if (m->id == NULL || !note_message(call, m, NULL)) {
            return handler_no_memory(call);
        }
    }
    call->no_event = call->change_count == 0;
    enum status s = job_reply(call, c->plan.messages.count, 0, c->plan.joins.count);
    if (s == STATUS_OK) {
        Pb__JobReply *reply = (Pb__JobReply *)call->reply;
        reply->has_more = 1;
        reply->more = c->fresh.count >= FRESH_PER_RUN;
    }
    return s;
}

static bool
same_names(const struct text_list *a, const struct text_list *b)
{
    size_t found = 0;
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            found += strcmp(a->items[i], b->items[k]) == 0 ? 1 : 0;
        }
    }
    return a->count == b->count && found == a->count;
}

/* Each account's mark goes to its last delivery read. */
static enum status
move_marks(struct call *call, struct db_queue *q, const struct outside_delivery_list *fresh)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < fresh->count; i++) {
        const struct outside_delivery *d = &fresh->items[i];
        bool last = i + 1 == fresh->count || strcmp(d->account_id, d[1].account_id) != 0;
        if (last) {
            s = outside_queue_mark(q, call->who->tenant, d->account_id, d->seq);
        }
    }
    return s;
}

static enum status
queue_effects(struct call *call, struct db_queue *q)
{
    const struct queue_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    if (!same_names(&c->endpoints, &c->stored)) {
        s = outside_queue_put_endpoints(q, tenant, &c->endpoints, call->now_ms, call->arena);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->plan.messages.count; i++) {
        s = outside_queue_insert(q, tenant, &c->plan.messages.items[i], call->now_ms);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->plan.joins.count; i++) {
        const struct outside_join *j = &c->plan.joins.items[i];
        const char *id =
            j->message_id == NULL ? c->plan.messages.items[j->message].id : j->message_id;
        s = outside_queue_item(q, tenant, id, j->account_id, j->alert_id);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->plan.held.count; i++) {
        const struct outside_used *h = &c->plan.held.items[i];
        s = outside_queue_held(q, tenant, h->org_id, h->day, h->count);
    }
    return s == STATUS_OK ? move_marks(call, q, &c->fresh) : s;
}

/* ---- TakeMessages ---- */

struct take_call {
    struct outside_call base;
    struct outside_list due;
    struct breaker_record breaker;
    struct outside_turn turns[TAKE_PER_RUN];
    bool trips;
    struct listener_list listeners;
    struct text_list admins;
    struct alert_record alert; /* when it trips */
};

static int
take_load(struct call *call, struct db_queue *q)
{
    int tenant = call->who->tenant;
    struct take_call *c = call->data;
    if (call->round == 0) {
        c = arena_alloc(call->arena, sizeof *c);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        call->data = c;
        enum status s = outside_queue_take(q, tenant, call->now_ms, TAKE_PER_RUN, &c->due);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    if (c->due.count == 0) {
        return STATUS_OK;
    }
    enum status s = load_hours(call, q, &c->base);
    if (s == STATUS_OK) {
        s = breaker_queue_read(q, tenant, true, &c->breaker);
    }
    return s == STATUS_OK ? (int)alert_queue_listeners(q, tenant, call->today, &c->listeners)
                          : (int)s;
}

/* The administrators are told in their inboxes: nothing else gets out any more. */
static enum status
tell_admins(struct call *call, struct take_call *c)
{
    c->alert = (struct alert_record){
        .id = call_new_id(call),
        .key = arena_printf(call->arena, "breaker/%lld", (long long)c->breaker.tripped_ms),
        .level = 4,
        .subject_kind = "SYSTEM",
        .subject_id = call_new_id(call),
        .subject_ref = "外发消息",
        .trigger = "BREAKER",
        .due = NO_DATE,
        .text = arena_printf(call->arena,
                             "外发消息一小时已达上限 %d 条，系统已停止外发，站内预警照常。请查明"
                             "原因，再用 rectify admin channel reset 恢复。",
                             c->base.settings.delivery.cap_hour),
        .raised_ms = call->now_ms,
        .direct = false,
    };
    for (size_t i = 0; i < c->listeners.count; i++) {
        const struct listener_record *l = &c->listeners.items[i];
        bool again =
            c->admins.count > 0 && strcmp(c->admins.items[c->admins.count - 1], l->account_id) == 0;
        if ((l->roles & ROLE_ADMIN) != 0 && !again &&
            !text_list_add(&c->admins, call->arena, l->account_id)) {
            return handler_no_memory(call);
        }
    }
    Pb__Alert *record = call_message(call, &pb__alert__descriptor);
    if (c->alert.id == NULL || c->alert.key == NULL || c->alert.text == NULL || record == NULL) {
        return handler_no_memory(call);
    }
    record->text = wire_text(c->alert.text);
    call->wakes = true;
    return call_change(call, "alert", c->alert.id, c->alert.key, 1, &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

static enum status
take_reply(struct call *call, const struct take_call *c)
{
    Pb__TakeMessagesReply *reply = call_message(call, &pb__take_messages_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->messages = arena_array(call->arena, TAKE_PER_RUN, sizeof *reply->messages);
    reply->link_url = arena_strdup(call->arena, c->base.settings.link_url);
    reply->has_more = 1;
    reply->more = c->due.count == TAKE_PER_RUN && c->breaker.tripped_ms == 0;
    call->reply = &reply->base;
    for (size_t i = 0; reply->messages != NULL && i < c->due.count; i++) {
        const struct outside_record *m = &c->turns[i].next;
        if (c->turns[i].verdict != OUTSIDE_SEND) {
            continue;
        }
        Pb__TakenMessage *out = call_message(call, &pb__taken_message__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->id = wire_text(m->id);
        out->channel = wire_text(channel_name(m->channel));
        out->address = wire_text(m->channel == CHANNEL_MAIL ? m->address : m->org);
        out->has_count = out->has_attempt = 1;
        out->count = m->count;
        out->attempt = m->attempts;
        reply->messages[reply->n_messages++] = out;
    }
    return reply->messages == NULL || reply->link_url == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
take_decide(struct call *call)
{
    struct take_call *c = call->data;
    c->trips = outside_take(&c->base.hours, &c->due, c->turns, &c->breaker);
    for (size_t i = 0; i < c->due.count; i++) {
        enum outside_verdict v = c->turns[i].verdict;
        if ((v == OUTSIDE_CANCEL || v == OUTSIDE_GIVE_UP) &&
            !note_message(call, &c->turns[i].next, c->turns[i].error)) {
            return handler_no_memory(call);
        }
    }
    if (c->trips) {
        enum status s = tell_admins(call, c);
        if (s != STATUS_OK) {
            return s;
        }
    }
    call->no_event = call->change_count == 0;
    return take_reply(call, c);
}

static enum status
take_effects(struct call *call, struct db_queue *q)
{
    struct take_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->due.count; i++) {
        if (c->turns[i].verdict != OUTSIDE_LEAVE) {
            s = outside_queue_update(q, tenant, &c->turns[i].next, c->turns[i].error, call->now_ms);
        }
    }
    if (s == STATUS_OK && c->due.count > 0) {
        c->breaker.version++;
        s = breaker_queue_put(q, tenant, &c->breaker, call->no_event ? NULL : call->event_id);
    }
    if (s == STATUS_OK && c->trips) {
        s = alert_queue_insert(q, tenant, &c->alert, call->event_id);
    }
    for (size_t i = 0; s == STATUS_OK && c->trips && i < c->admins.count; i++) {
        s = alert_queue_deliver(q, tenant, c->admins.items[i], c->alert.id, call->now_ms);
    }
    return s;
}

/* ---- SettleMessages ---- */

struct settle_call {
    struct outside_call base;
    struct outside_list sending;
    struct outside_turn turns[TAKE_PER_RUN];
};

static int
settle_load(struct call *call, struct db_queue *q)
{
    const Pb__SettleMessagesRequest *r = REQUEST(call, Pb__SettleMessagesRequest);
    struct settle_call *c = arena_alloc(call->arena, sizeof *c);
    struct text_list ids = {0};
    call->data = c;
    if (r->n_results > TAKE_PER_RUN) {
        return (int)fault_set_field(&call->fault, "results", "TOO_MANY", "一次最多登记 %d 条。",
                                    TAKE_PER_RUN);
    }
    for (size_t i = 0; c != NULL && i < r->n_results; i++) {
        if (!uuid_text_valid(r->results[i]->id)) {
            return (int)fault_set_field(&call->fault, "results", "ID_FORM", "消息编号不对。");
        }
        if (!text_list_add(&ids, call->arena, r->results[i]->id)) {
            c = NULL;
        }
    }
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = load_hours(call, q, &c->base);
    return s == STATUS_OK
               ? (int)outside_queue_sending(q, call->who->tenant, &ids, call->arena, &c->sending)
               : (int)s;
}

static const Pb__MessageResult *
result_of(const Pb__SettleMessagesRequest *r, const char *id)
{
    for (size_t i = 0; i < r->n_results; i++) {
        if (strcmp(r->results[i]->id, id) == 0) {
            return r->results[i];
        }
    }
    return NULL;
}

static enum status
settle_decide(struct call *call)
{
    const Pb__SettleMessagesRequest *r = REQUEST(call, Pb__SettleMessagesRequest);
    struct settle_call *c = call->data;
    for (size_t i = 0; i < c->sending.count; i++) {
        const struct outside_record *m = &c->sending.items[i];
        const Pb__MessageResult *in = result_of(r, m->id);
        const struct outside_result result = {
            .error = in == NULL ? "UNKNOWN" : in->error,
            .permanent = in != NULL && in->has_permanent && in->permanent,
            .retry_after_ms = in == NULL ? 0 : in->retry_after_ms,
        };
        c->turns[i] = outside_settle(&c->base.hours, m, &result);
        if (!note_message(call, &c->turns[i].next, c->turns[i].error)) {
            return handler_no_memory(call);
        }
    }
    call->no_event = call->change_count == 0;
    return job_reply(call, c->sending.count, 0, 0);
}

static enum status
settle_effects(struct call *call, struct db_queue *q)
{
    const struct settle_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->sending.count; i++) {
        s = outside_queue_update(q, call->who->tenant, &c->turns[i].next, c->turns[i].error,
                                 call->now_ms);
    }
    return s;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.JobService/QueueMessages",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__queue_messages_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = queue_load,
     .decide = queue_decide,
     .effects = queue_effects},
    {.method = "rectify.v1.JobService/TakeMessages",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__take_messages_reply__descriptor,
     .load = take_load,
     .decide = take_decide,
     .effects = take_effects},
    {.method = "rectify.v1.JobService/SettleMessages",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__settle_messages_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = settle_load,
     .decide = settle_decide,
     .effects = settle_effects},
};

const struct handler_table job_outside_handler_table = {rows, sizeof rows / sizeof rows[0]};
