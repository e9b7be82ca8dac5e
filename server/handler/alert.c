/* AlertService: the calling account's warnings. */
#include "server/handler/alert.h"

#include "proto/base/limits.h"
#include "rectify/v1/alert.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/store/alert.h"

#include <string.h>

enum { LIST_DEFAULT = 200, WAIT_ROWS = 500, WAIT_DEFAULT_MS = 30000 };

/* ---- ListAlerts ---- */

struct list_call {
    struct message_list found;
    int64_t newest_seq;
};

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListAlertsRequest *r = REQUEST(call, Pb__ListAlertsRequest);
    struct list_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    int32_t limit = r->has_limit ? r->limit : LIST_DEFAULT;
    if (limit < 1 || limit > LIMIT_LIST_ROWS) {
        return (int)fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                                    "每次最多列出 1 至 %d 条，请改 limit。", LIMIT_LIST_ROWS);
    }
    enum status s = alert_queue_list(q, call->who->tenant, call->who->account_id,
                                     r->has_open && r->open, limit, &c->found);
    return s == STATUS_OK ? (int)alert_queue_newest(q, call->who->tenant, call->who->account_id,
                                                    &c->newest_seq)
                          : (int)s;
}

static enum status
list_decide(struct call *call)
{
    struct list_call *c = call->data;
    Pb__ListAlertsReply *reply = call_message(call, &pb__list_alerts_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->alerts = c->found.items;
    reply->n_alerts = c->found.count;
    reply->has_newest_seq = 1;
    reply->newest_seq = c->newest_seq;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- WaitAlerts ---- */

static int
wait_load(struct call *call, struct db_queue *q)
{
    const Pb__WaitAlertsRequest *r = REQUEST(call, Pb__WaitAlertsRequest);
    struct message_list *found = arena_alloc(call->arena, sizeof *found);
    if (found == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = found;
    call->park_ms = r->has_wait_ms ? r->wait_ms : WAIT_DEFAULT_MS;
    if (call->park_ms > LIMIT_PARK_MAX_MS) {
        return (int)fault_set_field(&call->fault, "wait_ms", "WAIT_RANGE",
                                    "最多等待 %d 毫秒，请改 wait_ms。", LIMIT_PARK_MAX_MS);
    }
    return (int)alert_queue_after(q, call->who->tenant, call->who->account_id, r->cursor, WAIT_ROWS,
                                  found);
}

static enum status
wait_decide(struct call *call)
{
    const Pb__WaitAlertsRequest *r = REQUEST(call, Pb__WaitAlertsRequest);
    const struct message_list *found = call->data;
    if (found->count == 0 && !call->last_chance && call->park_ms > 0) {
        call->park = true;
        return STATUS_OK;
    }
    Pb__WaitAlertsReply *reply = call_message(call, &pb__wait_alerts_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->alerts = found->items;
    reply->n_alerts = found->count;
    reply->has_cursor = 1;
    reply->cursor = found->count == 0 ? r->cursor : found->items[found->count - 1]->seq;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- AckAlert ---- */

static void
ack_subjects(const struct call *call, struct subject_set *set)
{
    /* One ack of an inbox at a time; the session is as good a name as any. */
    subject_add(set, "ack", call->envelope->session == NULL ? "" : call->envelope->session);
}

static int
ack_load(struct call *call, struct db_queue *q)
{
    const Pb__AckAlertRequest *r = REQUEST(call, Pb__AckAlertRequest);
    struct delivery_list *found = arena_alloc(call->arena, sizeof *found);
    if (found == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = found;
    if (r->n_ids > LIMIT_LIST_ROWS || (r->n_ids == 0 && !r->has_up_to_seq)) {
        return (int)fault_set_field(&call->fault, "ids", "NOTHING_NAMED",
                                    "请写明要确认的预警（最多 %d 条），或写明确认到第几号。",
                                    LIMIT_LIST_ROWS);
    }
    struct text_list ids = {0};
    for (size_t i = 0; i < r->n_ids; i++) {
        if (!uuid_text_valid(r->ids[i])) {
            return (int)refuse_unknown(call, "ALERT_UNKNOWN", "预警", r->ids[i]);
        }
        if (!text_list_add(&ids, call->arena, r->ids[i])) {
            return (int)handler_no_memory(call);
        }
    }
    int64_t up_to = r->n_ids == 0 ? r->up_to_seq : 0;
    return (int)delivery_queue_open(q, call->who->tenant, call->who->account_id, &ids, up_to,
                                    call->arena, found);
}

static enum status
ack_decide(struct call *call)
{
    const struct delivery_list *found = call->data;
    for (size_t i = 0; i < found->count; i++) {
        const struct delivery_record *d = &found->items[i];
        if (!call_change(call, "delivery", d->alert_id, d->subject_ref, d->seq, NULL)) {
            return handler_no_memory(call);
        }
        call_last_change(call)->command = arena_strdup(call->arena, "acknowledge");
    }
    call->no_event = found->count == 0;
    Pb__AckAlertReply *reply = call_message(call, &pb__ack_alert_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_acknowledged = 1;
    reply->acknowledged = (int32_t)found->count;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
ack_effects(struct call *call, struct db_queue *q)
{
    const struct delivery_list *found = call->data;
    if (found->count == 0) {
        return STATUS_OK;
    }
    return delivery_queue_ack(q, call->who->tenant, call->who->account_id, found, call->now_ms,
                              call->arena);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.AlertService/ListAlerts",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_alerts_request__descriptor,
     .reply = &pb__list_alerts_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.AlertService/WaitAlerts",
     .kind = METHOD_PARKED,
     .auth = AUTH_SESSION,
     .request = &pb__wait_alerts_request__descriptor,
     .reply = &pb__wait_alerts_reply__descriptor,
     .load = wait_load,
     .decide = wait_decide},
    {.method = "rectify.v1.AlertService/AckAlert",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .request = &pb__ack_alert_request__descriptor,
     .reply = &pb__ack_alert_reply__descriptor,
     .subjects = ack_subjects,
     .load = ack_load,
     .decide = ack_decide,
     .effects = ack_effects},
};

const struct handler_table alert_handler_table = {rows, sizeof rows / sizeof rows[0]};
