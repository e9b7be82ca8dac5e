/* GetChanges, GetAgeing, GetCauses: what differs, how long things take, and why. */
#include "proto/base/limits.h"
#include "rectify/v1/status.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/handler/status_query.h"

#include <inttypes.h>

struct report_call {
    struct status_base base;
    int32_t since;
    struct change_list changes;
    struct age_list ages;
    struct stage_list stages;
    struct status_rows whole;
    struct cause_list causes;
    struct cause_list repeats;
};

/* The call's own, made in round 0; NULL: out of memory, or *ret is round 0's answer. */
static struct report_call *
report_round(struct call *call, struct db_queue *q, int *ret)
{
    if (call->round == 0) {
        call->data = arena_alloc(call->arena, sizeof(struct report_call));
    }
    struct report_call *c = call->data;
    if (c == NULL) {
        *ret = (int)handler_no_memory(call);
        return NULL;
    }
    return status_round_calendar(call, q, &c->base, ret) ? NULL : c;
}

/* ---- GetChanges ---- */

int
changes_load(struct call *call, struct db_queue *q)
{
    int ret = 0;
    struct report_call *c = report_round(call, q, &ret);
    if (c == NULL) {
        return ret;
    }
    const Pb__GetChangesRequest *r = REQUEST(call, Pb__GetChangesRequest);
    enum status s = status_begin(call, q, &c->base, r->inspection, r->as_of);
    if (s == STATUS_OK) {
        s = check_day(call, "since", r->since, &c->since);
    }
    if (s != STATUS_OK) {
        return (int)s;
    }
    if (c->since == NO_DATE) {
        return (int)fault_set_field(&call->fault, "since", "SINCE_MISSING",
                                    "请写明从哪一天起的变化，如 2026-11-01。");
    }
    if (c->since >= c->base.query.as_of) {
        return (int)fault_set_field(&call->fault, "since", "SINCE_NOT_BEFORE",
                                    "起始日期要早于截止日期，请核对。");
    }
    return (int)status_queue_changes(q, call->who->tenant, &c->base.query, c->since,
                                     LIMIT_LIST_ROWS + 1, &c->changes);
}

enum status
changes_decide(struct call *call)
{
    struct report_call *c = call->data;
    enum status s = status_check(call, &c->base);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__GetChangesReply *reply = call_message(call, &pb__get_changes_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->changes = c->changes.items;
    reply->n_changes = c->changes.count;
    reply->has_more = 1;
    if (reply->n_changes > LIMIT_LIST_ROWS) {
        reply->n_changes = LIMIT_LIST_ROWS;
        reply->more = 1;
    }
    reply->since = day_text(call, c->since);
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_projected = reply->projected = c->base.query.as_of > call->today;
    reply->scope = status_scope_text(call);
    call->reply = &reply->base;
    return status_changes_fill(reply, call->arena) ? STATUS_OK : handler_no_memory(call);
}

/* ---- GetAgeing ---- */

int
ageing_load(struct call *call, struct db_queue *q)
{
    int ret = 0;
    struct report_call *c = report_round(call, q, &ret);
    if (c == NULL) {
        return ret;
    }
    const Pb__GetAgeingRequest *r = REQUEST(call, Pb__GetAgeingRequest);
    int tenant = call->who->tenant;
    int64_t offset_ms = (int64_t)call->who->utc_offset_min * 60000;
    enum status s = status_begin(call, q, &c->base, r->inspection, r->as_of);
    if (s == STATUS_OK) {
        s = status_queue_ages(q, tenant, &c->base.query, &c->ages);
    }
    if (s == STATUS_OK) {
        s = status_queue_stages(q, tenant, &c->base.query, offset_ms, &c->stages);
    }
    Pb__StatusGroup none = PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED;
    if (s == STATUS_OK && !c->base.own && c->base.query.inspection == NULL) {
        s = status_queue_totals(q, tenant, &c->base.query, none, &c->whole);
    } else if (s == STATUS_OK) {
        s = status_queue_count(q, tenant, &c->base.query, none, c->base.own, 1, &c->whole);
    }
    return (int)s;
}

static bool
add_obligations(Pb__GetAgeingReply *reply, const struct status_row *whole, struct arena *a)
{
    static const char *const names[] = {"tables_owed", "tables_missing", "tables_late",
                                        "tables_nil", "tables_waived"};
    enum { N = sizeof names / sizeof names[0] };
    reply->obligations = arena_array(a, N, sizeof *reply->obligations);
    for (size_t i = 0; reply->obligations != NULL && i < N; i++) {
        reply->obligations[i] = status_number_message(status_number_find(names[i]), whole, a);
        if (reply->obligations[i] == NULL) {
            return false;
        }
        reply->n_obligations++;
    }
    return reply->obligations != NULL;
}

enum status
ageing_decide(struct call *call)
{
    struct report_call *c = call->data;
    enum status s = status_check(call, &c->base);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__GetAgeingReply *reply = call_message(call, &pb__get_ageing_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->ages = c->ages.items;
    reply->n_ages = c->ages.count;
    reply->stages = c->stages.items;
    reply->n_stages = c->stages.count;
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_projected = reply->projected = c->base.query.as_of > call->today;
    reply->scope = status_scope_text(call);
    status_stages_fill(reply);
    call->reply = &reply->base;
    const struct status_row none = {0};
    const struct status_row *whole = c->whole.count > 0 ? &c->whole.items[0] : &none;
    return add_obligations(reply, whole, call->arena) ? STATUS_OK : handler_no_memory(call);
}

/* ---- GetCauses ---- */

int
causes_load(struct call *call, struct db_queue *q)
{
    int ret = 0;
    struct report_call *c = report_round(call, q, &ret);
    if (c == NULL) {
        return ret;
    }
    const Pb__GetCausesRequest *r = REQUEST(call, Pb__GetCausesRequest);
    enum status s = status_begin(call, q, &c->base, r->inspection, r->as_of);
    if (s == STATUS_OK) {
        s = check_day(call, "since", r->since, &c->since);
    }
    if (s != STATUS_OK) {
        return (int)s;
    }
    int64_t from_ms =
        c->since == NO_DATE ? 0 : day_to_instant(c->since + 1, call->who->utc_offset_min);
    from_ms = from_ms < 0 ? 0 : from_ms;
    const char *from_id =
        arena_printf(call->arena, "%08" PRIx64 "-%04" PRIx64 "-0000-0000-000000000000",
                     (uint64_t)from_ms >> 16, (uint64_t)from_ms & 0xffff);
    if (from_id == NULL) {
        return (int)handler_no_memory(call);
    }
    s = status_queue_causes(q, call->who->tenant, &c->base.query, from_ms, from_id, &c->causes);
    return s != STATUS_OK
               ? (int)s
               : (int)status_queue_repeats(q, call->who->tenant, &c->base.query, &c->repeats);
}

enum status
causes_decide(struct call *call)
{
    struct report_call *c = call->data;
    enum status s = status_check(call, &c->base);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__GetCausesReply *reply = call_message(call, &pb__get_causes_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->causes = c->causes.items;
    reply->n_causes = c->causes.count;
    reply->repeats = c->repeats.items;
    reply->n_repeats = c->repeats.count;
    status_causes_fill(reply->causes, reply->n_causes);
    status_causes_fill(reply->repeats, reply->n_repeats);
    reply->since = day_text(call, c->since);
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_projected = reply->projected = c->base.query.as_of > call->today;
    reply->scope = status_scope_text(call);
    call->reply = &reply->base;
    return STATUS_OK;
}
