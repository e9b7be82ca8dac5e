/* StatusService: totals of what the caller may see. */
#include "server/handler/status.h"

#include "rectify/v1/status.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/status.h"
#include "server/store/settings.h"
#include "server/store/status.h"

struct status_call {
    struct calendar calendar;
    struct status_query query;
    struct group_list whole;
    struct group_list groups;
    struct status_totals totals;
};

/* The office's working days decide what waits too long, so the calendar is read first. */
static int
status_load_calendar(struct call *call, struct db_queue *q)
{
    struct status_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    enum status s = calendar_queue_read(q, call->who->tenant, &c->calendar);
    return s != STATUS_OK ? (int)s : CALL_MORE;
}

static int
status_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return status_load_calendar(call, q);
    }
    const Pb__GetStatusRequest *r = REQUEST(call, Pb__GetStatusRequest);
    struct status_call *c = call->data;
    int32_t as_of = NO_DATE;
    enum status s = check_as_of(call, "as_of", r->as_of, &as_of);
    if (s != STATUS_OK) {
        return (int)s;
    }
    bool named = r->inspection != NULL && r->inspection[0] != '\0';
    c->query = (struct status_query){
        .inspection = named ? r->inspection : NULL,
        .as_of = as_of,
        .soon_days = DUE_SOON_DAYS,
        .waiting_before_ms = status_waiting_before(&c->calendar, as_of, call->who->utc_offset_min),
    };
    int tenant = call->who->tenant;
    s = status_queue_totals(q, tenant, &c->query, &c->totals);
    if (s == STATUS_OK) {
        s = status_queue_groups(q, tenant, &c->query, PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED,
                                &c->whole);
    }
    if (s == STATUS_OK && r->has_group_by &&
        r->group_by != PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED) {
        s = status_queue_groups(q, tenant, &c->query, r->group_by, &c->groups);
    }
    return (int)s;
}

static enum status
status_decide(struct call *call)
{
    struct status_call *c = call->data;
    if (c->query.inspection != NULL && c->totals.inspections == NULL) {
        return refuse_unknown(call, "INSPECTION_UNKNOWN", "巡视", c->query.inspection);
    }
    Pb__GetStatusReply *reply = status_message(&c->totals, &c->whole, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->groups = c->groups.items;
    reply->n_groups = c->groups.count;
    reply->as_of = day_text(call, c->query.as_of);
    reply->has_as_of_ms = 1;
    reply->as_of_ms = call->now_ms;
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.StatusService/GetStatus",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_status_request__descriptor,
     .reply = &pb__get_status_reply__descriptor,
     .load = status_load,
     .decide = status_decide},
};

const struct handler_table status_handler_table = {rows, sizeof rows / sizeof rows[0]};
