/* StatusService: totals of what the caller may see, what stands behind each, and the folding. */
#include "server/handler/status.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/status.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/handler/status_query.h"
#include "server/service/role.h"

/* ---- what all begin with ---- */

bool
status_round_calendar(struct call *call, struct db_queue *q, struct status_base *base, int *ret)
{
    if (call->round != 0) {
        return false;
    }
    enum status s = calendar_queue_read(q, call->who->tenant, &base->calendar);
    *ret = s != STATUS_OK ? (int)s : CALL_MORE;
    return true;
}

enum status
status_begin(struct call *call, struct db_queue *q, struct status_base *base,
             const char *inspection, const char *as_of)
{
    int32_t day = NO_DATE;
    enum status s = check_as_of(call, "as_of", as_of, &day);
    if (s != STATUS_OK) {
        return s;
    }
    bool named = inspection != NULL && inspection[0] != '\0';
    base->own = !call->who->sees_all;
    base->query = (struct status_query){
        .inspection = named ? inspection : NULL,
        .as_of = day,
        .waiting_until = status_waiting_until(&base->calendar, day),
        .until_ms = day_to_instant(day + 1, call->who->utc_offset_min),
        .today = day >= call->today,
    };
    return status_queue_head(q, call->who->tenant, &base->query, &base->head);
}

enum status
status_begin_past(struct call *call, struct db_queue *q, struct status_base *base,
                  const char *inspection, const char *as_of)
{
    enum status s = status_begin(call, q, base, inspection, as_of);
    return s == STATUS_OK && base->query.as_of > call->today
               ? fault_set_field(&call->fault, "as_of", "AS_OF_FUTURE",
                                 "数据截止日期不能晚于今天，请改成今天或以前的一天。")
               : s;
}

enum status
status_check(struct call *call, const struct status_base *base)
{
    if (base->query.inspection != NULL && base->head.inspections == NULL) {
        return refuse_unknown(call, "INSPECTION_UNKNOWN", "巡视", base->query.inspection);
    }
    return STATUS_OK;
}

char *
status_scope_text(const struct call *call)
{
    const struct principal *who = call->who;
    const char *text = "本单位牵头和参与的措施";
    if (who->sees_all) {
        text = "全区";
    } else if ((who->roles & ROLE_LEADER) != 0) {
        text = "您牵头的措施（一岗双责）";
    } else if ((who->roles & ROLE_SGROUP) != 0) {
        text = "本专项小组联系的问题和措施";
    }
    return arena_strdup(call->arena, text);
}

/* ---- GetStatus ---- */

struct totals_call {
    struct status_base base;
    bool maintained; /* the whole is read from the maintained totals */
    struct status_rows whole;
    struct status_rows groups;
};

static bool
grouped(const Pb__GetStatusRequest *r)
{
    return r->has_group_by && r->group_by != PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED;
}

static int
totals_whole(struct call *call, struct db_queue *q, struct totals_call *c)
{
    const Pb__GetStatusRequest *r = REQUEST(call, Pb__GetStatusRequest);
    enum status s = status_begin(call, q, &c->base, r->inspection, r->as_of);
    if (s != STATUS_OK) {
        return (int)s;
    }
    c->maintained = !c->base.own && c->base.query.inspection == NULL;
    Pb__StatusGroup none = PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED;
    s = c->maintained ? status_queue_totals(q, call->who->tenant, &c->base.query, none, &c->whole)
                      : status_queue_count(q, call->who->tenant, &c->base.query, none, c->base.own,
                                           1, &c->whole);
    return s != STATUS_OK ? (int)s : CALL_MORE;
}

/* Nothing approved on that day: drafts are shown then, and they are counted one by one. */
static bool
nothing_live(const struct totals_call *c)
{
    const struct status_number *measures = status_number_find("measures");
    const struct status_number *problems = status_number_find("problems");
    return c->maintained &&
           (c->whole.count == 0 ||
            status_sum(&c->whole.items[0], measures->numerator | problems->numerator) == 0);
}

static int
totals_groups(struct call *call, struct db_queue *q, struct totals_call *c)
{
    const Pb__GetStatusRequest *r = REQUEST(call, Pb__GetStatusRequest);
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    if (nothing_live(c)) {
        c->maintained = false;
        c->whole = (struct status_rows){0};
        s = status_queue_count(q, tenant, &c->base.query,
                               PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED, false, 1, &c->whole);
    }
    if (s != STATUS_OK || !grouped(r)) {
        return (int)s;
    }
    if (c->maintained && status_maintained(r->group_by)) {
        s = status_queue_totals(q, tenant, &c->base.query, r->group_by, &c->groups);
        return s != STATUS_OK ? (int)s : CALL_MORE;
    }
    const struct status_number *measures = status_number_find("measures");
    if (c->maintained && status_sum(&c->whole.items[0], measures->numerator) > STATUS_COUNT_MAX) {
        return (int)fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                                    "全区措施超过 %d 条，按这一口径分组请指明一轮巡视"
                                    "（--inspection）。",
                                    STATUS_COUNT_MAX);
    }
    return (int)status_queue_count(q, tenant, &c->base.query, r->group_by, c->base.own,
                                   LIMIT_LIST_ROWS + 1, &c->groups);
}

static int
totals_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        call->data = arena_alloc(call->arena, sizeof(struct totals_call));
    }
    struct totals_call *c = call->data;
    int ret = 0;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    if (status_round_calendar(call, q, &c->base, &ret)) {
        return ret;
    }
    if (call->round == 1) {
        return totals_whole(call, q, c);
    }
    if (call->round == 2) {
        return totals_groups(call, q, c);
    }
    return (int)status_queue_behind(q, call->who->tenant, &c->base.query,
                                    REQUEST(call, Pb__GetStatusRequest)->group_by, &c->groups);
}

static enum status
add_groups(struct call *call, Pb__GetStatusReply *reply, const struct status_rows *rows,
           bool only_behind)
{
    reply->groups = arena_array(call->arena, rows->count + 1, sizeof *reply->groups);
    if (reply->groups == NULL) {
        return handler_no_memory(call);
    }
    reply->has_more = 1;
    for (size_t i = 0; i < rows->count; i++) {
        if (only_behind && !status_row_behind(&rows->items[i])) {
            continue;
        }
        if (reply->n_groups == LIMIT_LIST_ROWS) {
            reply->more = 1;
            break;
        }
        reply->groups[reply->n_groups] = status_group_message(&rows->items[i], call->arena);
        if (reply->groups[reply->n_groups++] == NULL) {
            return handler_no_memory(call);
        }
    }
    return STATUS_OK;
}

static enum status
totals_decide(struct call *call)
{
    struct totals_call *c = call->data;
    const Pb__GetStatusRequest *r = REQUEST(call, Pb__GetStatusRequest);
    enum status s = status_check(call, &c->base);
    if (s != STATUS_OK) {
        return s;
    }
    struct status_row none = {.behind_since = NO_DATE};
    struct status_row *whole = c->whole.count > 0 ? &c->whole.items[0] : &none;
    whole->counts[COUNT_WAITING] =
        status_sum(whole, status_number_find("claimed")->numerator) - c->base.head.recent_claims;
    Pb__GetStatusReply *reply = status_message(&c->base.head, whole, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_as_of_ms = 1;
    reply->as_of_ms = call->now_ms;
    reply->has_projected = reply->projected = c->base.query.as_of > call->today;
    reply->scope = status_scope_text(call);
    call->reply = &reply->base;
    return grouped(r) ? add_groups(call, reply, &c->groups, r->has_only_behind && r->only_behind)
                      : STATUS_OK;
}

/* ---- ListBehind ---- */

struct behind_call {
    struct status_base base;
    const struct status_number *number;
    struct behind_query query;
    struct entry_list list;
};

static int
behind_list(struct call *call, struct db_queue *q, struct behind_call *c)
{
    const Pb__ListBehindRequest *r = REQUEST(call, Pb__ListBehindRequest);
    c->number = status_number_find(r->number);
    if (c->number == NULL) {
        return (int)fault_set_field(&call->fault, "number", "NUMBER_UNKNOWN",
                                    "没有叫做“%.64s”的数字，请核对名称。",
                                    r->number == NULL ? "（空）" : r->number);
    }
    if (r->has_limit && (r->limit < 1 || r->limit > LIMIT_LIST_ROWS)) {
        return (int)fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                                    "limit 应在 1 到 %d 之间。", LIMIT_LIST_ROWS);
    }
    enum status s = status_begin(call, q, &c->base, r->inspection, r->as_of);
    if (s != STATUS_OK) {
        return (int)s;
    }
    c->query = (struct behind_query){
        .status = &c->base.query,
        .kind = (int)c->number->kind,
        .nums = status_number_states(c->number, call->arena),
        .condition = c->number->condition,
        .group = r->has_group_by ? r->group_by : PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED,
        .key = r->has_group_by ? r->key : NULL,
        .after = r->after,
        .limit = (r->has_limit ? r->limit : LIMIT_LIST_ROWS) + 1,
        .own = c->base.own,
    };
    return (int)status_queue_list(q, call->who->tenant, &c->query, &c->list);
}

static int
behind_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        call->data = arena_alloc(call->arena, sizeof(struct behind_call));
    }
    struct behind_call *c = call->data;
    int ret = 0;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    return status_round_calendar(call, q, &c->base, &ret) ? ret : behind_list(call, q, c);
}

static enum status
behind_decide(struct call *call)
{
    struct behind_call *c = call->data;
    enum status s = status_check(call, &c->base);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__ListBehindReply *reply = call_message(call, &pb__list_behind_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->entries = c->list.items;
    reply->n_entries = c->list.count;
    if (reply->n_entries == (size_t)c->query.limit) {
        reply->n_entries--;
        reply->next = wire_text(c->list.sorts[reply->n_entries - 1]);
    }
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->number = status_number_message(c->number, NULL, call->arena);
    reply->has_projected = reply->projected = c->base.query.as_of > call->today;
    reply->scope = status_scope_text(call);
    call->reply = &reply->base;
    return STATUS_OK;
}

#define QUERY(name, type, verb)                                                                    \
    {                                                                                              \
        .method = "rectify.v1.StatusService/" name, .kind = METHOD_QUERY, .auth = AUTH_SESSION,    \
        .request = &pb__##type##_request__descriptor, .reply = &pb__##type##_reply__descriptor,    \
        .load = verb##_load, .decide = verb##_decide                                               \
    }

static const struct handler rows[] = {
    QUERY("GetStatus", get_status, totals),    QUERY("ListBehind", list_behind, behind),
    QUERY("GetChanges", get_changes, changes), QUERY("GetAgeing", get_ageing, ageing),
    QUERY("GetCauses", get_causes, causes),
};

const struct handler_table status_handler_table = {rows, sizeof rows / sizeof rows[0]};
