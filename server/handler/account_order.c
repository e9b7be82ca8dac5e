/* AccountService: what is done to an account, and setting a password with a one-time code. */
#include "server/handler/account_admin.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/code.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/grant.h"
#include "server/service/role.h"

#include <string.h>

enum { REASON_BYTES = 1024 };

struct order {
    struct account_record account;
    struct account_list rows; /* the same, as it is shown */
    struct new_code code;
    int64_t others; /* who could still give seats, were this account gone */
    struct held_list held;
};

/* No token has this hash: "all sessions but this one" ends them all. */
static const unsigned char no_session[SECRET_HASH_BYTES];

const char *
account_password(const struct account_record *account)
{
    bool set = account->password_hash != NULL && account->password_hash[0] != '\0';
    return set && !account->disabled ? account->password_hash : NULL;
}

static const char *
asked_account(const struct call *call)
{
    const char *name = REQUEST(call, Pb__AccountOrder)->account;
    return name == NULL ? "" : name;
}

void
account_order_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "account", asked_account(call));
    subject_add(set, "administrators", "");
}

/* The administrators' roles this account holds; 0 for most. */
static uint64_t
admin_roles(const struct held_list *held)
{
    uint64_t roles = 0;
    for (size_t i = 0; i < held->count; i++) {
        roles |= held->items[i].substitute_for_id == NULL ? held->items[i].roles : 0;
    }
    return roles & (ROLE_ADMIN | ROLE_GRANT);
}

static int
load(struct call *call, struct db_queue *q, const char *name, const char *code)
{
    int tenant = call->who->tenant;
    if (call->round == 0) {
        struct order *o = arena_alloc(call->arena, sizeof *o);
        call->data = o;
        if (o == NULL) {
            return handler_no_memory(call);
        }
        const struct text_list names = {&name, 1, 1};
        enum status s = account_queue_list(q, tenant, name, NULL, call->today, &o->rows);
        if (s == STATUS_OK) {
            s = grant_queue_held(q, tenant, &names, call->arena, &o->held);
        }
        if (s == STATUS_OK && call->handler->effects != NULL) {
            s = account_queue_lock(q, tenant, name, NULL, &o->account);
        }
        if (s == STATUS_OK && code != NULL) {
            s = code_load(call, q, code, &o->code);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct order *o = call->data;
    if (o->rows.count == 0) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ACCOUNT_UNKNOWN",
                         "没有账号“%.64s”：请核对账号名，或先建立账号。", name);
    }
    uint64_t roles = admin_roles(&o->held);
    o->others = 1;
    return roles == 0 ? STATUS_OK
                      : (int)grant_queue_others(q, tenant, o->held.items[0].account_id, roles,
                                                call->today, &o->others);
}

int
account_order_load(struct call *call, struct db_queue *q)
{
    return load(call, q, asked_account(call), REQUEST(call, Pb__AccountOrder)->code);
}

static const char last_zh[] =
    "停用以后就没有人能提出或批准授权了：请先授权另一位系统管理员或授权管理员，再停用。";

/* State, role, reason, and what stands beside the table. */
static enum status
check(struct call *call, const char *command, const struct workflow_edge **ret_edge)
{
    const Pb__AccountOrder *r = REQUEST(call, Pb__AccountOrder);
    struct order *o = call->data;
    const char *reason = r->reason != NULL && r->reason[0] != '\0' ? r->reason : NULL;
    const struct workflow_facts facts = {.reason_given = reason != NULL};
    enum status s = check_text(call, "reason", reason, REASON_BYTES, false);
    if (s == STATUS_OK) {
        s = check_expected(call, o->account.version);
    }
    if (s == STATUS_OK) {
        s = workflow_step(workflow_machine(WORKFLOW_ACCOUNT), o->account.state, command,
                          (uint32_t)call->who->roles, &facts, ret_edge, &call->fault);
    }
    bool disables = strcmp(command, COMMAND_DISABLE) == 0;
    if (s == STATUS_OK && disables && o->others == 0) {
        s = fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "LAST_ADMINISTRATOR", "%s",
                      last_zh);
    }
    call->reason = reason;
    return s;
}

static Pb__Account *
account_message(struct call *call, const struct account_row *row)
{
    Pb__Account *out = call_message(call, &pb__account__descriptor);
    if (out == NULL) {
        return NULL;
    }
    out->account = wire_text(row->name);
    out->display_name = wire_text(row->display_name);
    out->org = wire_text(row->org_code);
    out->state = wire_text(row->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_ACCOUNT), row->state));
    out->has_locked_until_ms = row->locked_until_ms > call->now_ms;
    out->locked_until_ms = row->locked_until_ms;
    out->has_has_password = out->has_pending_grants = out->has_version = 1;
    out->has_password = row->has_password;
    out->pending_grants = row->pending;
    out->version = row->version;
    return role_list(row->roles, call->arena, &out->roles, &out->n_roles) ? out : NULL;
}

static enum status
order_decide(struct call *call, const char *command)
{
    struct order *o = call->data;
    const struct workflow_edge *edge = NULL;
    enum status s = check(call, command, &edge);
    if (s != STATUS_OK) {
        return s;
    }
    struct account_row *row = &o->rows.items[0];
    row->state = edge->to;
    row->version = o->account.version + 1;
    if (strcmp(command, COMMAND_UNLOCK) == 0 || strcmp(command, COMMAND_RESET) == 0) {
        row->locked_until_ms = 0;
    }
    row->has_password = row->has_password && strcmp(command, COMMAND_RESET) != 0;
    Pb__Account *reply = account_message(call, row);
    if (reply == NULL ||
        !call_change(call, "account", o->account.id, o->account.name, row->version, &reply->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = wire_text(command);
    change->from_state = wire_text(o->account.state);
    change->to_state = wire_text(edge->to);
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
account_disable_decide(struct call *call)
{
    return order_decide(call, COMMAND_DISABLE);
}

enum status
account_disable_effects(struct call *call, struct db_queue *q)
{
    const struct order *o = call->data;
    int tenant = call->who->tenant;
    enum status s =
        account_queue_disable(q, tenant, &o->account, call->now_ms, call->reason, call->event_id);
    return s == STATUS_OK
               ? session_queue_end_others(q, tenant, o->account.id, no_session, call->now_ms)
               : s;
}

enum status
account_enable_decide(struct call *call)
{
    return order_decide(call, COMMAND_ENABLE);
}

enum status
account_enable_effects(struct call *call, struct db_queue *q)
{
    const struct order *o = call->data;
    return account_queue_disable(q, call->who->tenant, &o->account, 0, NULL, call->event_id);
}

enum status
account_unlock_decide(struct call *call)
{
    return order_decide(call, COMMAND_UNLOCK);
}

enum status
account_unlock_effects(struct call *call, struct db_queue *q)
{
    const struct order *o = call->data;
    return account_queue_unlock(q, call->who->tenant, &o->account, call->event_id);
}

enum status
account_reset_decide(struct call *call)
{
    const struct order *o = call->data;
    enum status s = code_check(call, "code", REQUEST(call, Pb__AccountOrder)->code, &o->code);
    return s == STATUS_OK ? order_decide(call, COMMAND_RESET) : s;
}

enum status
account_reset_effects(struct call *call, struct db_queue *q)
{
    const struct order *o = call->data;
    int tenant = call->who->tenant;
    enum status s = account_queue_password(q, tenant, o->account.id, "", call->event_id);
    if (s == STATUS_OK) {
        s = session_queue_end_others(q, tenant, o->account.id, no_session, call->now_ms);
    }
    return s == STATUS_OK ? code_give(call, q, &o->code, o->account.id, "PASSWORD", NULL) : s;
}

/* ---- SetPassword ---- */

struct password_set {
    struct account_record account;
    unsigned char code_sha256[SECRET_HASH_BYTES];
    struct enrol_code_record code;
    const char *hash;
};

void
set_password_subjects(const struct call *call, struct subject_set *set)
{
    const char *name = REQUEST(call, Pb__SetPasswordRequest)->account;
    subject_add(set, "account", name == NULL ? "" : name);
}

int
set_password_load(struct call *call, struct db_queue *q)
{
    const Pb__SetPasswordRequest *r = REQUEST(call, Pb__SetPasswordRequest);
    struct password_set *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    if (p == NULL) {
        return handler_no_memory(call);
    }
    code_hash(r->code, p->code_sha256);
    enum status s = account_queue_lock(q, call->who->tenant, r->account == NULL ? "" : r->account,
                                       call->who->machine_id, &p->account);
    return s == STATUS_OK ? enrol_code_queue_lock(q, call->who->tenant, p->code_sha256, &p->code)
                          : s;
}

/* A code of another account, or on another unit's machine, answers like one that never was. */
static enum status
check_code(struct call *call, const struct password_set *p)
{
    bool known = p->account.id != NULL && p->code.account_id != NULL && p->account.sits_in_org &&
                 !p->account.disabled && strcmp(p->code.account_id, p->account.id) == 0 &&
                 strcmp(p->code.purpose, "PASSWORD") == 0;
    if (!known) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "RESET_CODE_UNKNOWN",
                         "账号或口令码不对，或不能在这台机器上使用：请核对后重新输入，"
                         "或请系统管理员重新发放。");
    }
    if (p->code.used_ms != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "RESET_CODE_USED",
                         "口令码已经用过（只能用一次）：请系统管理员重新发放。");
    }
    if (p->code.expires_ms <= call->now_ms) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "RESET_CODE_EXPIRED",
                         "口令码已过期（七天内有效）：请系统管理员重新发放。");
    }
    return STATUS_OK;
}

enum status
set_password_decide(struct call *call)
{
    const Pb__SetPasswordRequest *r = REQUEST(call, Pb__SetPasswordRequest);
    struct password_set *p = call->data;
    enum status s = check_code(call, p);
    if (s == STATUS_OK) {
        s = password_replace(call, &p->account, r->new_password, &p->hash);
    }
    return s == STATUS_OK ? reply_empty(call) : s;
}

enum status
set_password_effects(struct call *call, struct db_queue *q)
{
    const struct password_set *p = call->data;
    int tenant = call->who->tenant;
    enum status s = account_queue_password(q, tenant, p->account.id, p->hash, call->event_id);
    return s == STATUS_OK ? enrol_code_queue_use(q, tenant, p->code_sha256, NULL, call->now_ms) : s;
}

/* ---- reading ---- */

int
accounts_load(struct call *call, struct db_queue *q)
{
    const Pb__ListAccountsRequest *r = REQUEST(call, Pb__ListAccountsRequest);
    struct account_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    return list == NULL ? (int)handler_no_memory(call)
                        : (int)account_queue_list(q, call->who->tenant, r->account, r->org,
                                                  call->today, list);
}

enum status
accounts_decide(struct call *call)
{
    const struct account_list *list = call->data;
    Pb__ListAccountsReply *reply = call_message(call, &pb__list_accounts_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->accounts = arena_array(call->arena, list->count, sizeof *reply->accounts);
    for (size_t i = 0; reply->accounts != NULL && i < list->count; i++) {
        reply->accounts[i] = account_message(call, &list->items[i]);
        if (reply->accounts[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_accounts++;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

int
account_allowed_load(struct call *call, struct db_queue *q)
{
    const char *name = REQUEST(call, Pb__AccountQuestion)->account;
    return load(call, q, name == NULL ? "" : name, NULL);
}

enum status
account_allowed_decide(struct call *call)
{
    const struct order *o = call->data;
    const struct account_row *row = &o->rows.items[0];
    const struct workflow_facts facts = {0};
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_ACCOUNT), row->state,
                                (uint32_t)call->who->roles, &facts, options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (options[i].allowed && o->others == 0 &&
            strcmp(options[i].command, COMMAND_DISABLE) == 0) {
            options[i] = (struct workflow_option){
                .command = options[i].command,
                .command_zh = options[i].command_zh,
                .reason = "LAST_ADMINISTRATOR",
                .reason_zh = last_zh,
            };
        }
    }
    return allowed_reply(call, options, n, row->state, row->version);
}
