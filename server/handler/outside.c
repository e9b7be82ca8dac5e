/* AlertService: channels, contacts, messages to the outside, the breaker. */
#include "server/handler/outside.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/alert.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/outside.h"
#include "server/service/role.h"

#include <string.h>

enum {
    MESSAGES_DEFAULT = 100,
    MESSAGES_MAX = 500,
    ADDRESS_MAX = 254,
    REASON_MAX = 1000,
    FAILED_DAYS = 30,
};
static const int64_t DAY_MS = 86400000;

enum { LOOKERS = ROLE_ADMIN | ROLE_OFFICE | ROLE_AUDIT };

/* ---- ListChannels ---- */

struct channels_call {
    struct settings settings;
    struct text_list endpoints;
    struct outside_totals totals;
    struct breaker_record breaker;
    int64_t held;
    struct contact_list contacts;
};

static int
channels_load(struct call *call, struct db_queue *q)
{
    struct channels_call *c = arena_alloc(call->arena, sizeof *c);
    int tenant = call->who->tenant;
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = setting_queue_read(q, tenant, NULL, &c->settings, call->arena);
    if (s == STATUS_OK) {
        s = outside_queue_endpoints(q, tenant, &c->endpoints);
    }
    if (s == STATUS_OK) {
        int64_t midnight = day_to_instant(call->today, call->who->utc_offset_min);
        s = outside_queue_totals(q, tenant, midnight, call->now_ms - FAILED_DAYS * DAY_MS,
                                 &c->totals);
    }
    if (s == STATUS_OK) {
        s = breaker_queue_read(q, tenant, false, &c->breaker);
    }
    if (s == STATUS_OK) {
        s = outside_queue_held_on(q, tenant, call->today, &c->held);
    }
    return s == STATUS_OK ? (int)contact_queue_find(q, tenant, NULL, NULL, &c->contacts) : (int)s;
}

static Pb__Channel *
channel_message(struct call *call, const struct channels_call *c, enum outside_channel channel)
{
    Pb__Channel *out = call_message(call, &pb__channel__descriptor);
    if (out == NULL) {
        return NULL;
    }
    const char *name = channel_name(channel);
    out->name = wire_text(name);
    out->title = wire_text(channel_zh(channel));
    out->has_on = out->has_waiting = out->has_sent_today = out->has_failed = 1;
    out->on = c->settings.channel_on[channel];
    out->waiting = c->totals.waiting[channel];
    out->sent_today = c->totals.sent[channel];
    out->failed = c->totals.failed[channel];
    out->endpoints = arena_array(call->arena, c->endpoints.count + 1, sizeof *out->endpoints);
    for (size_t i = 0; out->endpoints != NULL && i < c->endpoints.count; i++) {
        const char *slash = strrchr(c->endpoints.items[i], '/');
        if (slash != NULL && strcmp(slash + 1, name) == 0) {
            out->endpoints[out->n_endpoints++] = arena_strndup(
                call->arena, c->endpoints.items[i], (size_t)(slash - c->endpoints.items[i]));
        }
    }
    return out->endpoints == NULL ? NULL : out;
}

static enum status
channels_contacts(struct call *call, const struct channels_call *c, Pb__ListChannelsReply *reply)
{
    reply->contacts = arena_array(call->arena, c->contacts.count + 1, sizeof *reply->contacts);
    for (size_t i = 0; reply->contacts != NULL && i < c->contacts.count; i++) {
        Pb__Contact *out = call_message(call, &pb__contact__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->account = wire_text(c->contacts.items[i].account);
        out->address = wire_text(c->contacts.items[i].address);
        reply->contacts[reply->n_contacts++] = out;
    }
    return reply->contacts == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
channels_decide(struct call *call)
{
    const struct channels_call *c = call->data;
    Pb__ListChannelsReply *reply = call_message(call, &pb__list_channels_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->channels = arena_array(call->arena, CHANNEL_COUNT, sizeof *reply->channels);
    for (int i = 0; reply->channels != NULL && i < CHANNEL_COUNT; i++) {
        reply->channels[i] = channel_message(call, c, (enum outside_channel)i);
        if (reply->channels[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_channels++;
    }
    const struct breaker_record *b = &c->breaker;
    reply->has_breaker_tripped_at_ms = b->tripped_ms != 0;
    reply->breaker_tripped_at_ms = b->tripped_ms;
    reply->has_sent_this_hour = reply->has_cap_hour = reply->has_trips = reply->has_held_today = 1;
    reply->sent_this_hour = b->hour == delivery_hour(call->now_ms) ? b->sent : 0;
    reply->cap_hour = c->settings.delivery.cap_hour;
    reply->trips = b->trips;
    reply->held_today = (int32_t)c->held;
    call->reply = &reply->base;
    return channels_contacts(call, c, reply);
}

/* ---- ListMessages ---- */

static int
messages_load(struct call *call, struct db_queue *q)
{
    const Pb__ListMessagesRequest *r = REQUEST(call, Pb__ListMessagesRequest);
    struct outside_message_list *found = arena_alloc(call->arena, sizeof *found);
    call->data = found;
    if (found == NULL) {
        return (int)handler_no_memory(call);
    }
    int32_t limit = r->has_limit ? r->limit : MESSAGES_DEFAULT;
    if (limit < 1 || limit > MESSAGES_MAX) {
        return (int)fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                                    "每次最多列出 1 至 %d 条，请改 limit。", MESSAGES_MAX);
    }
    return (int)outside_queue_list(q, call->who->tenant, r->state, limit, found);
}

static enum status
messages_decide(struct call *call)
{
    const struct outside_message_list *found = call->data;
    Pb__ListMessagesReply *reply = call_message(call, &pb__list_messages_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->messages = found->items;
    reply->n_messages = found->count;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- SetContact ---- */

static void
contact_subjects(const struct call *call, struct subject_set *set)
{
    const char *account = REQUEST(call, Pb__SetContactRequest)->account;
    subject_add(set, "contact", account == NULL ? "" : account);
}

static int
contact_load(struct call *call, struct db_queue *q)
{
    const Pb__SetContactRequest *r = REQUEST(call, Pb__SetContactRequest);
    struct contact_list *found = arena_alloc(call->arena, sizeof *found);
    call->data = found;
    if (found == NULL) {
        return (int)handler_no_memory(call);
    }
    if (!text_given(r->account, LIMIT_NAME_BYTES)) {
        return (int)refuse_unknown(call, "ACCOUNT_UNKNOWN", "账号", r->account);
    }
    return (int)contact_queue_find(q, call->who->tenant, r->account, NULL, found);
}

/* One address, as it may stand in a mail's head: no blanks, no control characters, one @. */
static bool
is_mail_address(const char *text)
{
    size_t n = strlen(text);
    const char *at = strchr(text, '@');
    if (n > ADDRESS_MAX || at == NULL || at == text || at[1] == '\0' ||
        strchr(at + 1, '@') != NULL || strchr(at, '.') == NULL || text[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("<>\"',;:()[]\\", text[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static enum status
contact_decide(struct call *call)
{
    const Pb__SetContactRequest *r = REQUEST(call, Pb__SetContactRequest);
    struct contact_list *found = call->data;
    if (found->count == 0) {
        return refuse_unknown(call, "ACCOUNT_UNKNOWN", "账号", r->account);
    }
    const char *address = r->address == NULL ? "" : r->address;
    if (address[0] != '\0' && !is_mail_address(address)) {
        return fault_set_field(&call->fault, "address", "ADDRESS_FORM",
                               "“%.64s”不是邮件地址，请写成 name@example.gov.cn 这样的形式。",
                               address);
    }
    struct contact_record *c = &found->items[0];
    Pb__SetContactReply *reply = call_message(call, &pb__set_contact_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->no_event = strcmp(c->address, address) == 0;
    if (!call->no_event) {
        c->address = address;
        c->version++;
        if (!call_change(call, "contact", c->account_id, c->account, c->version, &r->base)) {
            return handler_no_memory(call);
        }
    }
    reply->has_version = 1;
    reply->version = c->version;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
contact_effects(struct call *call, struct db_queue *q)
{
    const struct contact_list *found = call->data;
    return call->no_event
               ? STATUS_OK
               : contact_queue_put(q, call->who->tenant, &found->items[0], call->event_id);
}

/* ---- TestChannel ---- */

struct test_call {
    struct settings settings;
    struct text_list endpoints;
    struct breaker_record breaker;
    struct contact_list contacts;
    struct outside_record message;
};

static int
test_load(struct call *call, struct db_queue *q)
{
    struct test_call *c = arena_alloc(call->arena, sizeof *c);
    int tenant = call->who->tenant;
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = setting_queue_read(q, tenant, NULL, &c->settings, call->arena);
    if (s == STATUS_OK) {
        s = outside_queue_endpoints(q, tenant, &c->endpoints);
    }
    if (s == STATUS_OK) {
        s = breaker_queue_read(q, tenant, false, &c->breaker);
    }
    return s == STATUS_OK
               ? (int)contact_queue_find(q, tenant, NULL, call->who->account_id, &c->contacts)
               : (int)s;
}

/* What would make the message a useless one. */
static enum status
test_check(struct call *call, const struct test_call *c, enum outside_channel channel,
           const char *org)
{
    if (c->settings.link_url[0] == '\0') {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "LINK_MISSING",
                         "还没有设置登录地址，请先用 rectify admin setting set link_url 设置。");
    }
    if (c->breaker.tripped_ms != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "BREAKER_TRIPPED",
                         "外发已因超过上限而停止，请先查明原因并恢复。");
    }
    if (channel == CHANNEL_MAIL &&
        (c->contacts.count == 0 || c->contacts.items[0].address[0] == '\0')) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "CONTACT_MISSING",
                         "您的账号还没有邮件地址，请先用 rectify admin channel contact 设置。");
    }
    if (!outside_reachable(&c->endpoints, org, channel)) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ENDPOINT_MISSING",
                         "服务端没有为 %s 配置%s，请在服务端配置文件的 [notify] 中补上。", org,
                         channel_zh(channel));
    }
    return STATUS_OK;
}

static enum status
test_decide(struct call *call)
{
    const Pb__TestChannelRequest *r = REQUEST(call, Pb__TestChannelRequest);
    struct test_call *c = call->data;
    enum outside_channel channel = channel_from_name(r->channel);
    const char *org = r->org == NULL || r->org[0] == '\0' ? call->who->org_code : r->org;
    if (channel == CHANNEL_COUNT) {
        return fault_set_field(&call->fault, "channel", "CHANNEL_UNKNOWN",
                               "没有这个通道，可选 MAIL、WECOM、DINGTALK、FEISHU、WEBHOOK。");
    }
    enum status s = test_check(call, c, channel, org);
    if (s != STATUS_OK) {
        return s;
    }
    const char *id = call_new_id(call);
    c->message = (struct outside_record){
        .id = id,
        .key = arena_printf(call->arena, "test/%s", id),
        .channel = channel,
        .kind = "TEST",
        .account_id = call->who->account_id,
        .org_id = call->who->org_id,
        .org = org,
        .day = call->today,
        .due_ms = call->now_ms,
    };
    Pb__TestChannelReply *reply = call_message(call, &pb__test_channel_reply__descriptor);
    if (reply == NULL || id == NULL || c->message.key == NULL ||
        !call_change(call, "outside_message", id, "TEST", 1, &r->base)) {
        return handler_no_memory(call);
    }
    reply->id = wire_text(id);
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
test_effects(struct call *call, struct db_queue *q)
{
    const struct test_call *c = call->data;
    return outside_queue_insert_for(q, call->who->tenant, &c->message, c->message.org,
                                    call->now_ms);
}

/* ---- ResetBreaker ---- */

struct reset_call {
    struct breaker_record breaker;
    int64_t waiting;
};

static void
reset_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "breaker", "");
}

static int
reset_load(struct call *call, struct db_queue *q)
{
    struct reset_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = breaker_queue_read(q, call->who->tenant, true, &c->breaker);
    return s == STATUS_OK ? (int)outside_queue_count_waiting(q, call->who->tenant, &c->waiting)
                          : (int)s;
}

static enum status
reset_decide(struct call *call)
{
    const Pb__ResetBreakerRequest *r = REQUEST(call, Pb__ResetBreakerRequest);
    struct reset_call *c = call->data;
    enum status s = check_text(call, "reason", r->reason, REASON_MAX, true);
    if (s != STATUS_OK) {
        return s;
    }
    if (c->breaker.tripped_ms == 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "BREAKER_CLOSED",
                         "外发没有停止，不需要恢复。");
    }
    c->breaker.tripped_ms = 0;
    c->breaker.hour = delivery_hour(call->now_ms);
    c->breaker.sent = 0;
    c->breaker.version++;
    const char *id = call_new_id(call);
    Pb__ResetBreakerReply *reply = call_message(call, &pb__reset_breaker_reply__descriptor);
    if (id == NULL || reply == NULL ||
        !call_change(call, "breaker", id, "外发消息", c->breaker.version, &r->base)) {
        return handler_no_memory(call);
    }
    call->reason = r->reason;
    reply->has_discarded = 1;
    reply->discarded = r->has_discard && r->discard ? (int32_t)c->waiting : 0;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
reset_effects(struct call *call, struct db_queue *q)
{
    const Pb__ResetBreakerRequest *r = REQUEST(call, Pb__ResetBreakerRequest);
    const struct reset_call *c = call->data;
    enum status s = breaker_queue_put(q, call->who->tenant, &c->breaker, call->event_id);
    return s == STATUS_OK && r->has_discard && r->discard
               ? outside_queue_discard(q, call->who->tenant, call->now_ms)
               : s;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.AlertService/ListChannels",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = LOOKERS,
     .request = &pb__empty__descriptor,
     .reply = &pb__list_channels_reply__descriptor,
     .load = channels_load,
     .decide = channels_decide},
    {.method = "rectify.v1.AlertService/ListMessages",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = LOOKERS,
     .request = &pb__list_messages_request__descriptor,
     .reply = &pb__list_messages_reply__descriptor,
     .load = messages_load,
     .decide = messages_decide},
    {.method = "rectify.v1.AlertService/SetContact",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__set_contact_request__descriptor,
     .reply = &pb__set_contact_reply__descriptor,
     .subjects = contact_subjects,
     .load = contact_load,
     .decide = contact_decide,
     .effects = contact_effects},
    {.method = "rectify.v1.AlertService/TestChannel",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__test_channel_request__descriptor,
     .reply = &pb__test_channel_reply__descriptor,
     .load = test_load,
     .decide = test_decide,
     .effects = test_effects},
    {.method = "rectify.v1.AlertService/ResetBreaker",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__reset_breaker_request__descriptor,
     .reply = &pb__reset_breaker_reply__descriptor,
     .subjects = reset_subjects,
     .load = reset_load,
     .decide = reset_decide,
     .effects = reset_effects},
};

const struct handler_table outside_handler_table = {rows, sizeof rows / sizeof rows[0]};
