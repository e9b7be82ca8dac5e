/* SystemService: Health and Describe. Both are public: they answer before there is a session, and
 * when the caller names no tenant (who->tenant is then 0, and no row belongs to it). */
#include "server/handler/system.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/system.pb-c.h"
#include "server/base/calendar.h"
#include "server/base/version.h"
#include "server/dispatch/dispatch.h"
#include "server/handler/account.h"
#include "server/handler/all.h"
#include "server/handler/common.h"
#include "server/handler/describe.h"
#include "server/handler/permissions.h"
#include "server/service/role.h"
#include "server/store/outside.h"
#include "server/store/system.h"

#include <string.h>

/* ---- Health ---- */

enum { HEALTH_YEARS = 2 }; /* this year and the next */
static const int64_t HEALTH_FAILED_MS = 30 * 86400000LL;

struct health {
    int32_t schema_version;
    struct system_years years; /* the tenant's own calendar */
    struct breaker_record breaker;
    struct outside_totals outside;
};

static int
health_load(struct call *call, struct db_queue *q)
{
    struct health *h = arena_alloc(call->arena, sizeof *h);
    call->data = h;
    if (h == NULL) {
        return handler_no_memory(call);
    }
    int32_t year = day_to_ymd(call->today).year;
    enum status s = system_queue_schema_version(q, &h->schema_version);
    if (s == STATUS_OK) {
        s = system_queue_calendar_years(q, call->who->tenant, year, year + HEALTH_YEARS - 1,
                                        &h->years);
    }
    if (s == STATUS_OK && call->who->tenant != 0) {
        s = breaker_queue_read(q, call->who->tenant, false, &h->breaker);
    }
    if (s == STATUS_OK && call->who->tenant != 0) {
        s = outside_queue_totals(q, call->who->tenant, call->now_ms,
                                 call->now_ms - HEALTH_FAILED_MS, &h->outside);
    }
    return s;
}

/* What stands in the way of messages to the outside. */
static void
health_outside(struct call *call, const struct health *h, Pb__HealthReply *reply)
{
    if (call->who->tenant == 0) {
        return;
    }
    reply->has_breaker_tripped_at_ms = h->breaker.tripped_ms != 0;
    reply->breaker_tripped_at_ms = h->breaker.tripped_ms;
    reply->has_outside_waiting = reply->has_outside_failed = 1;
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        reply->outside_waiting += h->outside.waiting[i];
        reply->outside_failed += h->outside.failed[i];
    }
}

static bool
years_have(const struct system_years *years, int32_t year)
{
    for (size_t i = 0; i < years->count; i++) {
        if (years->items[i] == year) {
            return true;
        }
    }
    return false;
}

static enum status
health_years(struct call *call, const struct health *h, Pb__HealthReply *reply)
{
    struct calendar builtin;
    calendar_init_builtin(&builtin);
    reply->calendar_years_missing =
        arena_array(call->arena, HEALTH_YEARS, sizeof *reply->calendar_years_missing);
    if (reply->calendar_years_missing == NULL) {
        return handler_no_memory(call);
    }
    int32_t first = day_to_ymd(call->today).year;
    for (int32_t year = first; year < first + HEALTH_YEARS; year++) {
        if (!years_have(&h->years, year) && !calendar_knows_year(&builtin, year)) {
            reply->calendar_years_missing[reply->n_calendar_years_missing++] = year;
        }
    }
    return STATUS_OK;
}

/* Whoever gets this answer was let in: a draining server refuses each new call (UNAVAILABLE
 * DRAINING), so what is answered is SERVING. */
static enum status
health_decide(struct call *call)
{
    const struct health *h = call->data;
    Pb__HealthReply *reply = call_message(call, &pb__health_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    struct dispatch_counts counts = {0};
    dispatch_counts(call->dispatch, &counts);
    reply->state = wire_text("SERVING");
    reply->version = wire_text(SERVER_VERSION);
    reply->has_schema_version = 1;
    reply->schema_version = h->schema_version;
    reply->has_queued_commands = reply->has_queued_queries = reply->has_parked = 1;
    reply->queued_commands = counts.queued_commands;
    reply->queued_queries = counts.queued_queries;
    reply->parked = counts.parked;
    reply->notice = wire_text(handler_secrecy_notice);
    call->reply = &reply->base;
    health_outside(call, h, reply);
    return health_years(call, h, reply);
}

/* ---- Describe ---- */

struct description {
    struct call *call;
    struct describe_list list;
    Pb__DescribeReply *reply;
    bool *shown; /* by index of list: this message's text stands in the reply */
    size_t method_capacity;
    size_t message_capacity;
};

static const char *
kind_name(enum method_kind kind)
{
    switch (kind) {
    case METHOD_QUERY:
        return "QUERY";
    case METHOD_PARKED:
        return "PARKED";
    case METHOD_COMMAND:
    case METHOD_SLOW:
        break;
    }
    return "COMMAND"; /* that some are slow is the server's own affair */
}

static const char *
auth_name(enum method_auth auth)
{
    static const char *const names[] = {
        [AUTH_PUBLIC] = "PUBLIC", [AUTH_MACHINE] = "MACHINE", [AUTH_SESSION] = "SESSION",
        [AUTH_SIGNED] = "SIGNED", [AUTH_SYSTEM] = "SYSTEM",
    };
    return names[auth];
}

static const struct handler *
handler_find(const char *method)
{
    size_t count = 0;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            if (strcmp(tables[t].rows[i].method, method) == 0) {
                return &tables[t].rows[i];
            }
        }
    }
    return NULL;
}

static enum status
fill_roles(struct call *call, uint64_t roles, Pb__MethodInfo *info)
{
    info->roles = arena_array(call->arena, ROLE_COUNT, sizeof *info->roles);
    if (info->roles == NULL) {
        return handler_no_memory(call);
    }
    for (uint32_t bit = 0; bit < ROLE_COUNT; bit++) {
        if ((roles & (UINT64_C(1) << bit)) != 0) {
            info->roles[info->n_roles++] = wire_text(role_name(1U << bit));
        }
    }
    return STATUS_OK;
}

static enum status
add_method(struct description *d, const struct describe_item *item, bool whole)
{
    struct call *call = d->call;
    const struct handler *handler = handler_find(item->name);
    if (handler == NULL) {
        return STATUS_OK; /* in the schema, and not spoken by this server */
    }
    Pb__MethodInfo *info = call_message(call, &pb__method_info__descriptor);
    Pb__MethodInfo **place = arena_grow(call->arena, (void **)&d->reply->methods,
                                        d->reply->n_methods, &d->method_capacity, sizeof *place);
    if (info == NULL || place == NULL) {
        return handler_no_memory(call);
    }
    info->method = wire_text(item->name);
    info->kind = wire_text(kind_name(handler->kind));
    info->auth = wire_text(auth_name(handler->auth));
    info->request = wire_text(item->type);
    info->reply = wire_text(item->reply);
    info->prose = describe_paragraph(item->prose, !whole, call->arena);
    if (info->prose == NULL) {
        return handler_no_memory(call);
    }
    *place = info;
    d->reply->n_methods++;
    return fill_roles(call, handler->roles, info);
}

/* Adds a message's or enum's text, once. */
static enum status
add_text(struct description *d, const struct describe_item *item)
{
    if (item == NULL || d->shown[item - d->list.items]) {
        return STATUS_OK;
    }
    char **place = arena_grow(d->call->arena, (void **)&d->reply->messages, d->reply->n_messages,
                              &d->message_capacity, sizeof *place);
    char *text = describe_text(&d->list, item, d->call->arena);
    if (place == NULL || text == NULL) {
        return handler_no_memory(d->call);
    }
    *place = text;
    d->reply->n_messages++;
    d->shown[item - d->list.items] = true;
    return STATUS_OK;
}

static enum status
describe_all(struct description *d)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < d->list.count; i++) {
        if (d->list.items[i].kind == DESCRIBE_METHOD) {
            s = add_method(d, &d->list.items[i], false);
        }
    }
    return s;
}

/* A service brings its methods; a method its two messages. */
static enum status
describe_match(struct description *d, const struct describe_item *item)
{
    const struct describe_item *end = d->list.items + d->list.count;
    enum status s = STATUS_OK;
    switch (item->kind) {
    case DESCRIBE_SERVICE:
        for (item++; s == STATUS_OK && item < end && item->kind == DESCRIBE_METHOD; item++) {
            s = add_method(d, item, true);
        }
        return s;
    case DESCRIBE_METHOD:
        s = add_method(d, item, true);
        if (s == STATUS_OK) {
            s = add_text(d, describe_find(&d->list, item->type));
        }
        return s == STATUS_OK ? add_text(d, describe_find(&d->list, item->reply)) : s;
    case DESCRIBE_MESSAGE:
    case DESCRIBE_ENUM:
        return add_text(d, item);
    case DESCRIBE_FIELD:
    case DESCRIBE_VALUE:
        break;
    }
    return STATUS_OK;
}

static enum status
describe_named(struct description *d, const char *name)
{
    struct call *call = d->call;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < d->list.count; i++) {
        if (describe_is_named(&d->list.items[i], name)) {
            s = describe_match(d, &d->list.items[i]);
        }
    }
    if (s != STATUS_OK || d->reply->n_methods + d->reply->n_messages != 0) {
        return s;
    }
    if (strlen(name) > LIMIT_METHOD_BYTES) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "NAME_UNKNOWN",
                         "没有这个名字的服务、方法或消息：名字不超过 %d 字节。",
                         LIMIT_METHOD_BYTES);
    }
    const char *near = describe_nearest(&d->list, name, call->arena);
    if (near == NULL) {
        return handler_no_memory(call);
    }
    return fault_set(&call->fault, STATUS_NOT_FOUND, "NAME_UNKNOWN",
                     "没有名为“%s”的服务、方法或消息。%s%s%s不带名字查询可列出全部方法。", name,
                     *near == '\0' ? "" : "相近的有：", near, *near == '\0' ? "" : "。");
}

static enum status
describe_decide(struct call *call)
{
    const Pb__DescribeRequest *r = REQUEST(call, Pb__DescribeRequest);
    struct description d = {.call = call};
    size_t size = 0;
    const unsigned char *set = describe_set(&size);
    d.reply = call_message(call, &pb__describe_reply__descriptor);
    if (d.reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &d.reply->base;
    if (r->has_descriptor_set && r->descriptor_set) {
        d.reply->has_descriptor_set = 1;
        d.reply->descriptor_set.data = (uint8_t *)(uintptr_t)set;
        d.reply->descriptor_set.len = size;
        return STATUS_OK;
    }
    enum status s = describe_read(set, size, call->arena, &d.list, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    d.shown = arena_array(call->arena, d.list.count, sizeof *d.shown);
    if (d.shown == NULL) {
        return handler_no_memory(call);
    }
    return r->name == NULL || *r->name == '\0' ? describe_all(&d) : describe_named(&d, r->name);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.SystemService/Health",
     .kind = METHOD_QUERY,
     .auth = AUTH_PUBLIC,
     .request = &pb__empty__descriptor,
     .reply = &pb__health_reply__descriptor,
     .load = health_load,
     .decide = health_decide},
    {.method = "rectify.v1.SystemService/Describe",
     .kind = METHOD_QUERY,
     .auth = AUTH_PUBLIC,
     .request = &pb__describe_request__descriptor,
     .reply = &pb__describe_reply__descriptor,
     .decide = describe_decide},
    {.method = "rectify.v1.SystemService/ListPermissions",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_permissions_request__descriptor,
     .reply = &pb__list_permissions_reply__descriptor,
     .decide = permissions_decide},
};

const struct handler_table system_handler_table = {rows, sizeof rows / sizeof rows[0]};
