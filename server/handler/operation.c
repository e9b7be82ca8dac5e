/* OperationService: what became of the caller's own commands. */
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "proto/base/uuid7.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/operation.pb-c.h"
#include "server/handler/common.h"
#include "server/service/verdict.h"
#include "server/store/literal.h"
#include "server/store/operation.h"

#include <stdio.h>
#include <string.h>

struct operations {
    bool running[LIMIT_OPERATION_KEYS]; /* looked at before the database is read */
    struct operation_list recorded;
    struct judged_list judged;
    /* receipts to be signed anew, with their keys */
    Pb__Receipt *receipts[LIMIT_OPERATION_KEYS];
    const char *keys[LIMIT_OPERATION_KEYS];
    size_t receipt_count;
};

static enum status
keys_check(struct call *call)
{
    const Pb__GetOperationRequest *r = REQUEST(call, Pb__GetOperationRequest);
    if (r->n_keys < 1 || r->n_keys > LIMIT_OPERATION_KEYS) {
        return fault_set_field(&call->fault, "keys", "KEY_COUNT",
                               "一次查 1 至 %d 个办理编号，请分几次查。", LIMIT_OPERATION_KEYS);
    }
    for (size_t i = 0; i < r->n_keys; i++) {
        if (!uuid_text_valid(r->keys[i])) {
            char field[FAULT_FIELD_SIZE];
            snprintf(field, sizeof field, "keys[%zu]", i);
            return fault_set_field(&call->fault, field, "KEY_MALFORMED",
                                   "办理编号“%.64s”不对：要照当时显示的原样填写。", r->keys[i]);
        }
    }
    return STATUS_OK;
}

/* "{…}" of count texts. */
static const char *
literal(struct call *call, const char *const *texts, size_t count)
{
    struct text_list list = {0};
    for (size_t i = 0; i < count; i++) {
        if (!text_list_add(&list, call->arena, texts[i])) {
            return NULL;
        }
    }
    return text_list_literal(&list, call->arena);
}

static int
operation_load(struct call *call, struct db_queue *q)
{
    const Pb__GetOperationRequest *r = REQUEST(call, Pb__GetOperationRequest);
    struct operations *o = arena_alloc(call->arena, sizeof *o);
    call->data = o;
    enum status s = o == NULL ? handler_no_memory(call) : keys_check(call);
    if (s != STATUS_OK) {
        return (int)s;
    }
    /* Before the read: what is no longer running by then has been committed, and is found. */
    for (size_t i = 0; i < r->n_keys; i++) {
        o->running[i] = call_in_progress(call, r->keys[i]);
    }
    const char *keys = literal(call, (const char *const *)r->keys, r->n_keys);
    const char *deciding = literal(call, verdict_deciding, verdict_deciding_count);
    if (keys == NULL || deciding == NULL) {
        return (int)handler_no_memory(call);
    }
    s = operation_queue_recorded(q, call->who->tenant, call->who->account_id, keys, &o->recorded);
    return s == STATUS_OK
               ? (int)operation_queue_judged(q, call->who->tenant, keys, deciding, &o->judged)
               : (int)s;
}

static const struct operation_record *
find_recorded(const struct operation_list *list, const char *key)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].key, key) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

static enum status
set_verdict(struct call *call, const struct operations *o, Pb__Operation *out)
{
    const struct judged_list *list = &o->judged;
    size_t first = 0;
    while (first < list->count && strcmp(list->items[first].key, out->key) != 0) {
        first++;
    }
    size_t end = first;
    while (end < list->count && strcmp(list->items[end].key, out->key) == 0) {
        end++;
    }
    struct verdict verdict;
    enum status s = verdict_of(list->items + first, end - first, call->arena, &verdict);
    if (s == STATUS_OK) {
        out->has_verdict = 1;
        out->verdict = verdict.verdict;
        out->verdict_line = wire_text(verdict.line);
    }
    return s;
}

/* The stored answer, and a receipt for it that is signed today. */
static enum status
set_recorded(struct call *call, struct operations *o, const struct operation_record *r,
             Pb__Operation *out)
{
    Pb__CallReply *reply = call_stored_reply(call, r->reply, r->reply_size);
    if (reply == NULL) {
        return fault_set(&call->fault, STATUS_DATA_LOSS, "STORED_REPLY",
                         "办理编号 %s 已存的答复读不出来，请联系管理员。", r->key);
    }
    out->method = wire_text(r->method);
    out->has_recorded_at_ms = 1;
    out->recorded_at_ms = r->recorded_ms;
    out->status = reply->status;
    out->receipt = reply->receipt;
    out->has_reply = reply->has_payload;
    out->reply = reply->payload;
    out->acting_as = reply->acting_as;
    if (out->receipt != NULL) {
        o->receipts[o->receipt_count] = out->receipt;
        o->keys[o->receipt_count++] = out->key;
    }
    bool good = reply->status != NULL && reply->status->code == STATUS_OK;
    out->line = wire_text(good ? "已办理。" : "已有结论：没有办成，原因见结果。");
    return set_verdict(call, o, out);
}

static enum status
operation_message(struct call *call, struct operations *o, size_t i, Pb__Operation **ret)
{
    const Pb__GetOperationRequest *r = REQUEST(call, Pb__GetOperationRequest);
    const struct operation_record *record = find_recorded(&o->recorded, r->keys[i]);
    Pb__Operation *out = call_message(call, &pb__operation__descriptor);
    if (out == NULL) {
        return handler_no_memory(call);
    }
    *ret = out;
    out->key = r->keys[i];
    out->has_state = 1;
    if (record != NULL) {
        out->state = PB__OPERATION_STATE__OPERATION_RECORDED;
        return set_recorded(call, o, record, out);
    }
    bool running = o->running[i];
    out->state = running ? PB__OPERATION_STATE__OPERATION_IN_PROGRESS
                         : PB__OPERATION_STATE__OPERATION_UNKNOWN;
    out->line = wire_text(running ? "正在办理：请稍后再查。"
                                  : "没有您用这个编号办理的记录：用同一编号再报一次是安全的。");
    return STATUS_OK;
}

static enum status
operation_decide(struct call *call)
{
    const Pb__GetOperationRequest *r = REQUEST(call, Pb__GetOperationRequest);
    struct operations *o = call->data;
    Pb__GetOperationReply *reply = call_message(call, &pb__get_operation_reply__descriptor);
    Pb__Operation **list = arena_array(call->arena, r->n_keys, sizeof *list);
    if (reply == NULL || list == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < r->n_keys; i++) {
        enum status s = operation_message(call, o, i, &list[i]);
        if (s != STATUS_OK) {
            return s;
        }
    }
    call_sign_receipts(call, o->receipts, o->keys, o->receipt_count);
    reply->operations = list;
    reply->n_operations = r->n_keys;
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.OperationService/GetOperation",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_operation_request__descriptor,
     .reply = &pb__get_operation_reply__descriptor,
     .load = operation_load,
     .decide = operation_decide},
};

const struct handler_table operation_handler_table = {rows, sizeof rows / sizeof rows[0]};
