/* GrantService: seats, given by two people and taken by one. */
#include "server/handler/grant.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/handler/all.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"

#include <string.h>

enum { REASON_BYTES = 1024, GRANTS_MAX = 200 };

static const uint64_t ADMINISTRATORS = ROLE_ADMINISTRATORS;

/* ---- deciding ---- */

struct decision {
    struct text_list refs;
    struct grant_list found;
    struct held_list held;
    struct grant_record *made;
    int64_t others;
};

static void
refs_subjects(struct subject_set *set, char *const *refs, size_t count)
{
    for (size_t i = 0; i < count && i < GRANTS_MAX; i++) {
        subject_add(set, "grant", refs[i]);
    }
}

static void
decide_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__DecideGrantsRequest *r = REQUEST(call, Pb__DecideGrantsRequest);
    refs_subjects(set, r->grants, r->n_grants);
}

static void
order_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__GrantOrder)->grant;
    subject_add(set, "grant", ref == NULL ? "" : ref);
    subject_add(set, "administrators", ""); /* two who end the last two take turns */
}

static enum status
check_count(struct call *call, size_t count)
{
    if (count == 0 || count > GRANTS_MAX) {
        return fault_set_field(&call->fault, "grants", "GRANT_COUNT",
                               "一次办理 1 至 %d 项授权，现有 %zu 项。", GRANTS_MAX, count);
    }
    return STATUS_OK;
}

/* The people it is about. */
static enum status
grant_names(struct call *call, const struct grant_record *g, struct text_list *names)
{
    return text_list_add(names, call->arena, g->account) &&
                   (g->substitute_for == NULL ||
                    text_list_add(names, call->arena, g->substitute_for))
               ? STATUS_OK
               : handler_no_memory(call);
}

/* Round 0 the grants, round 1 what their people hold by then. */
static int
decision_load(struct call *call, struct db_queue *q, char *const *refs, size_t count)
{
    int tenant = call->who->tenant;
    if (call->round == 0) {
        struct decision *d = arena_alloc(call->arena, sizeof *d);
        call->data = d;
        enum status s = d == NULL ? handler_no_memory(call) : check_count(call, count);
        for (size_t i = 0; s == STATUS_OK && i < count; i++) {
            s = text_list_add(&d->refs, call->arena, refs[i] == NULL ? "" : refs[i])
                    ? STATUS_OK
                    : handler_no_memory(call);
        }
        if (s == STATUS_OK) {
            s = grant_queue_lock(q, tenant, &d->refs, call->arena, &d->found);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct decision *d = call->data;
    struct text_list names = {0};
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < d->found.count; i++) {
        s = grant_names(call, &d->found.items[i], &names);
    }
    if (s != STATUS_OK) {
        return (int)s;
    }
    s = grant_queue_held(q, tenant, &names, call->arena, &d->held);
    if (s == STATUS_OK && d->found.count == 1) {
        const struct grant_record *g = &d->found.items[0];
        s = grant_queue_others(q, tenant, g->account_id, g->roles & ADMINISTRATORS, call->today,
                               &d->others);
    }
    return s;
}

static const struct grant_record *
found(const struct decision *d, const char *ref)
{
    for (size_t i = 0; ref != NULL && i < d->found.count; i++) {
        if (strcmp(d->found.items[i].ref, ref) == 0) {
            return &d->found.items[i];
        }
    }
    return NULL;
}

/* An approved seat stands beside the others of the same list. */
static enum status
hold(struct call *call, struct decision *d, const struct grant_record *g)
{
    struct held_seat *s = arena_grow(call->arena, (void **)&d->held.items, d->held.count,
                                     &d->held.capacity, sizeof *s);
    if (s == NULL) {
        return handler_no_memory(call);
    }
    *s = (struct held_seat){
        .account_id = g->account_id,
        .account = g->account,
        .org_id = g->org_id,
        .org_code = g->org_code,
        .org_name = g->org_name,
        .roles = g->roles,
        .from_day = g->from_day,
        .to_day = g->to_day,
        .substitute_for_id = g->substitute_for_id,
        .substitute_for = g->substitute_for,
        .grant_ref = g->ref,
    };
    d->held.count++;
    return STATUS_OK;
}

static enum status
decide_one(struct call *call, struct decision *d, const char *ref, const struct grant_order *order,
           struct grant_record *ret)
{
    const struct grant_record *g = found(d, ref);
    if (g == NULL) {
        return refuse_unknown(call, "GRANT_UNKNOWN", "授权", ref);
    }
    struct actor actor = call_actor(call);
    enum status s = check_expected(call, g->version);
    if (s == STATUS_OK) {
        s = grant_step(g, &actor, order, ret, &call->fault);
    }
    bool approves = strcmp(order->command, COMMAND_APPROVE) == 0;
    if (s == STATUS_OK && approves) {
        s = grant_fits(g, &d->held, call->today, &call->fault);
    }
    if (s == STATUS_OK && approves) {
        s = hold(call, d, g);
    }
    return s == STATUS_OK ? grant_change(call, ret, order->command, g->state) : s;
}

static enum status
decide_all(struct call *call, const char *command, char *const *refs, size_t count,
           const char *reason)
{
    struct decision *d = call->data;
    enum status s = check_text(call, "reason", reason, REASON_BYTES, false);
    const struct grant_order order = {
        .command = command,
        .reason = reason == NULL || reason[0] == '\0' ? NULL : reason,
        .actor = call->who->account,
        .now_ms = call->now_ms,
        .today = call->today,
        .others = d->others,
    };
    call->reason = order.reason;
    d->made = arena_array(call->arena, count, sizeof *d->made);
    if (s == STATUS_OK && d->made == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; s == STATUS_OK && i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(refs[k], refs[i]) == 0) {
                return fault_set_field(&call->fault, "grants", "GRANT_TWICE",
                                       "授权 %.32s 列了两次：请删去多余的一项。", refs[i]);
            }
        }
        s = decide_one(call, d, refs[i], &order, &d->made[i]);
    }
    return s;
}

static enum status
decide_effects_of(struct call *call, struct db_queue *q, size_t count)
{
    const struct decision *d = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < count; i++) {
        const struct grant_record *g = &d->made[i];
        s = grant_queue_update(q, call->who->tenant, g, g->version - 1, call->event_id);
    }
    return s;
}

static int
decide_load(struct call *call, struct db_queue *q)
{
    const Pb__DecideGrantsRequest *r = REQUEST(call, Pb__DecideGrantsRequest);
    return decision_load(call, q, r->grants, r->n_grants);
}

static enum status
decide_list(struct call *call, const char *command)
{
    const Pb__DecideGrantsRequest *r = REQUEST(call, Pb__DecideGrantsRequest);
    enum status s = decide_all(call, command, r->grants, r->n_grants, r->reason);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__DecideGrantsReply *reply = call_message(call, &pb__decide_grants_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_decided = 1;
    reply->decided = (int32_t)r->n_grants;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
approve_decide(struct call *call)
{
    return decide_list(call, COMMAND_APPROVE);
}

static enum status
reject_decide(struct call *call)
{
    return decide_list(call, COMMAND_REJECT);
}

static enum status
decide_effects(struct call *call, struct db_queue *q)
{
    return decide_effects_of(call, q, REQUEST(call, Pb__DecideGrantsRequest)->n_grants);
}

static int
order_load(struct call *call, struct db_queue *q)
{
    const Pb__GrantOrder *r = REQUEST(call, Pb__GrantOrder);
    return decision_load(call, q, &r->grant, 1);
}

static enum status
order_decide(struct call *call, const char *command)
{
    const Pb__GrantOrder *r = REQUEST(call, Pb__GrantOrder);
    char *refs[] = {r->grant == NULL ? wire_text("") : r->grant};
    enum status s = decide_all(call, command, refs, 1, r->reason);
    if (s != STATUS_OK) {
        return s;
    }
    const struct decision *d = call->data;
    Pb__Grant *reply = grant_message(&d->made[0], call->today, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
withdraw_decide(struct call *call)
{
    return order_decide(call, COMMAND_WITHDRAW);
}

static enum status
end_decide(struct call *call)
{
    return order_decide(call, COMMAND_END);
}

static enum status
order_effects(struct call *call, struct db_queue *q)
{
    return decide_effects_of(call, q, 1);
}

/* ---- reading ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListGrantsRequest *r = REQUEST(call, Pb__ListGrantsRequest);
    struct grant_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    if (list == NULL) {
        return handler_no_memory(call);
    }
    bool all = (call->who->roles & ADMINISTRATORS) != 0;
    const struct grant_filter filter = {
        .state = r->state,
        .account = r->account,
        .org = r->org,
        .own = all ? NULL : call->who->account_id,
    };
    return grant_queue_list(q, call->who->tenant, &filter, list);
}

static enum status
list_decide(struct call *call)
{
    const struct grant_list *list = call->data;
    Pb__ListGrantsReply *reply = call_message(call, &pb__list_grants_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->grants = arena_array(call->arena, list->count, sizeof *reply->grants);
    for (size_t i = 0; reply->grants != NULL && i < list->count; i++) {
        reply->grants[i] = grant_message(&list->items[i], call->today, call->arena);
        if (reply->grants[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_grants++;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
allowed_load(struct call *call, struct db_queue *q)
{
    char *refs[] = {REQUEST(call, Pb__GrantQuestion)->grant};
    if (call->round == 0) {
        struct decision *d = arena_alloc(call->arena, sizeof *d);
        call->data = d;
        const struct grant_filter filter = {.ref = refs[0] == NULL ? "" : refs[0]};
        return d == NULL ? (int)handler_no_memory(call)
               : grant_queue_list(q, call->who->tenant, &filter, &d->found) == STATUS_OK
                   ? CALL_MORE
                   : (int)STATUS_RESOURCE_EXHAUSTED;
    }
    struct decision *d = call->data;
    const struct grant_record *g = found(d, refs[0]);
    struct text_list names = {0};
    if (g == NULL) {
        return (int)refuse_unknown(call, "GRANT_UNKNOWN", "授权", refs[0]);
    }
    enum status s = grant_names(call, g, &names);
    if (s == STATUS_OK) {
        s = grant_queue_held(q, call->who->tenant, &names, call->arena, &d->held);
    }
    if (s != STATUS_OK) {
        return (int)s;
    }
    return (int)grant_queue_others(q, call->who->tenant, g->account_id, g->roles & ADMINISTRATORS,
                                   call->today, &d->others);
}

static enum status
allowed_decide(struct call *call)
{
    const struct decision *d = call->data;
    const struct grant_record *g = found(d, REQUEST(call, Pb__GrantQuestion)->grant);
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    struct actor actor = call_actor(call);
    const struct grant_around around = {&d->held, d->others, call->today};
    size_t n = grant_options(g, &actor, &around, call->arena, options);
    return allowed_reply(call, options, n, g->state, g->version);
}

/* ---- the table ---- */

static const struct handler rows[] = {
    {.method = "rectify.v1.GrantService/ProposeSeat",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__propose_seat_request__descriptor,
     .reply = &pb__grant__descriptor,
     .subjects = grant_seat_subjects,
     .load = grant_seat_load,
     .decide = grant_seat_decide,
     .effects = grant_propose_effects},
    {.method = "rectify.v1.GrantService/ProposeSubstitute",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__propose_substitute_request__descriptor,
     .reply = &pb__grant__descriptor,
     .subjects = grant_substitute_subjects,
     .load = grant_substitute_load,
     .decide = grant_substitute_decide,
     .effects = grant_propose_effects},
    {.method = "rectify.v1.GrantService/ApproveGrants",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_GRANT,
     .request = &pb__decide_grants_request__descriptor,
     .reply = &pb__decide_grants_reply__descriptor,
     .subjects = decide_subjects,
     .load = decide_load,
     .decide = approve_decide,
     .effects = decide_effects},
    {.method = "rectify.v1.GrantService/RejectGrants",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_GRANT,
     .request = &pb__decide_grants_request__descriptor,
     .reply = &pb__decide_grants_reply__descriptor,
     .subjects = decide_subjects,
     .load = decide_load,
     .decide = reject_decide,
     .effects = decide_effects},
    {.method = "rectify.v1.GrantService/WithdrawGrant",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__grant_order__descriptor,
     .reply = &pb__grant__descriptor,
     .subjects = order_subjects,
     .load = order_load,
     .decide = withdraw_decide,
     .effects = order_effects},
    {.method = "rectify.v1.GrantService/EndGrant",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN | ROLE_GRANT,
     .request = &pb__grant_order__descriptor,
     .reply = &pb__grant__descriptor,
     .subjects = order_subjects,
     .load = order_load,
     .decide = end_decide,
     .effects = order_effects},
    {.method = "rectify.v1.GrantService/ListGrants",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_grants_request__descriptor,
     .reply = &pb__list_grants_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.GrantService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_ADMINISTRATORS,
     .request = &pb__grant_question__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = allowed_load,
     .decide = allowed_decide},
};

const struct handler_table grant_handler_table = {rows, sizeof rows / sizeof rows[0]};
