/* AccountService: enrolment, login, accounts, machines. */
#include "server/handler/account.h"
#include "proto/base/wire_text.h"
#include "server/handler/account_admin.h"

#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/account.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/grant.h"
#include "server/service/role.h"
#include "server/store/account.h"
#include "server/store/grant.h"

#include <string.h>

const char handler_secrecy_notice[] = "非涉密系统，严禁存储、处理、传输国家秘密。";

/* ---- Login ---- */

struct login {
    struct account_record account;
    unsigned char token_sha256[SECRET_HASH_BYTES];
    int64_t expires_ms;
    bool ok;
};

static void
login_subjects(const struct call *call, struct subject_set *set)
{
    const char *name = REQUEST(call, Pb__LoginRequest)->account;
    subject_add(set, "account", name == NULL ? "" : name);
}

static int
login_load(struct call *call, struct db_queue *q)
{
    const Pb__LoginRequest *r = REQUEST(call, Pb__LoginRequest);
    struct login *l = arena_alloc(call->arena, sizeof *l);
    call->data = l;
    if (l == NULL) {
        return handler_no_memory(call);
    }
    return account_queue_lock(q, call->who->tenant, r->account == NULL ? "" : r->account,
                              call->who->machine_id, &l->account);
}

void
account_failed(struct call *call, struct account_record *account)
{
    account->failures++;
    if (account->failures >= LIMIT_LOGIN_FAILURES) {
        account->failures = 0;
        account->locked_until_ms = call->now_ms + LIMIT_LOGIN_LOCK_MS;
    }
    call->keep_effects = true;
}

enum status
account_refuse_locked(struct call *call, const struct account_record *account)
{
    enum status s = fault_set(&call->fault, STATUS_RESOURCE_EXHAUSTED, "LOGIN_LOCKED",
                              "连续多次输错密码，账号已锁定：请 15 分钟后再试。");
    call->fault.retry_after_ms = (uint32_t)(account->locked_until_ms - call->now_ms);
    return s;
}

/* Wrong name, wrong password and a machine of another unit answer alike: nobody learns which
 * accounts exist. Only who could log in here is counted: another unit's machine locks nobody. */
static enum status
login_refuse(struct call *call, struct login *l)
{
    if (l->account.id != NULL && l->account.sits_in_org) {
        account_failed(call, &l->account);
    }
    call->no_event = true;
    return fault_set(&call->fault, STATUS_UNAUTHENTICATED, "LOGIN_FAILED",
                     "账号或密码不对，或该账号不能在这台机器上使用：请核对后重试；"
                     "连续 %d 次失败将锁定 15 分钟。",
                     LIMIT_LOGIN_FAILURES);
}

static enum status
login_decide(struct call *call)
{
    const Pb__LoginRequest *r = REQUEST(call, Pb__LoginRequest);
    struct login *l = call->data;
    if (l->account.sits_in_org && l->account.locked_until_ms > call->now_ms) {
        call->no_event = true;
        return account_refuse_locked(call, &l->account);
    }
    const char *password = r->password == NULL ? "" : r->password;
    const char *hash = account_password(&l->account);
    struct fault ignored;
    enum status s = secret_password_verify(hash, password, NULL, &ignored);
    if (s != STATUS_OK || !l->account.sits_in_org) {
        return login_refuse(call, l);
    }
    char token[SECRET_TOKEN_TEXT_SIZE];
    secret_token_make(token);
    secret_token_hash(token, l->token_sha256);
    l->expires_ms = call->now_ms + LIMIT_SESSION_TOTAL_MS;
    l->account.failures = 0;
    l->account.locked_until_ms = 0;
    l->ok = true;
    Pb__LoginReply *reply = call_message(call, &pb__login_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->session = arena_strdup(call->arena, token);
    reply->has_expires_at_ms = 1;
    reply->expires_at_ms = l->expires_ms;
    reply->notice = wire_text(handler_secrecy_notice);
    reply->display_name = wire_text(l->account.display_name);
    call->reply = &reply->base;
    return call_change(call, "session", l->account.id, l->account.name, 1, NULL)
               ? STATUS_OK
               : handler_no_memory(call);
}

static enum status
login_effects(struct call *call, struct db_queue *q)
{
    const struct login *l = call->data;
    int tenant = call->who->tenant;
    enum status s = account_queue_failures(q, tenant, l->account.id, l->account.failures,
                                           l->account.locked_until_ms);
    if (s == STATUS_OK && l->ok) {
        s = session_queue_insert(q, tenant, l->token_sha256, l->account.id, call->who->machine_id,
                                 call->now_ms, l->expires_ms);
    }
    return s;
}

/* ---- Logout, WhoAmI ---- */

static enum status
logout_decide(struct call *call)
{
    call->no_event = true;
    return reply_empty(call);
}

static enum status
logout_effects(struct call *call, struct db_queue *q)
{
    return session_queue_end(q, call->who->tenant, call->who->session_sha256, call->now_ms);
}

struct whoami {
    struct seat_list seats;
    int64_t expires_ms;
    int64_t pending;
};

static int
whoami_load(struct call *call, struct db_queue *q)
{
    struct whoami *w = arena_alloc(call->arena, sizeof *w);
    call->data = w;
    if (w == NULL) {
        return handler_no_memory(call);
    }
    int tenant = call->who->tenant;
    enum status s = account_queue_seats(q, tenant, call->who->account_id, &w->seats);
    if (s == STATUS_OK && (call->who->roles & (ROLE_ADMIN | ROLE_GRANT)) != 0) {
        s = grant_queue_pending(q, tenant, &w->pending);
    }
    return s != STATUS_OK
               ? s
               : session_queue_expiry(q, tenant, call->who->session_sha256, &w->expires_ms);
}

static Pb__Seat *
seat_message(struct call *call, const struct seat_record *r)
{
    Pb__Seat *seat = call_message(call, &pb__seat__descriptor);
    if (seat == NULL || !role_list(r->roles, call->arena, &seat->roles, &seat->n_roles)) {
        return NULL;
    }
    seat->org = wire_text(r->org_code);
    seat->org_name = wire_text(r->org_name);
    seat->from_on = day_text(call, r->from_day);
    seat->to_on = day_text(call, r->to_day);
    seat->substitute_for = wire_text(r->substitute_for);
    seat->grant = wire_text(r->grant_ref);
    seat->has_holds = 1;
    seat->holds = days_hold(r->from_day, r->to_day, call->today);
    return seat;
}

static enum status
whoami_decide(struct call *call)
{
    const struct whoami *w = call->data;
    const struct seat_list *seats = &w->seats;
    Pb__WhoAmIReply *reply = call_message(call, &pb__who_am_ireply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->account = wire_text(call->who->account);
    reply->display_name = wire_text(call->who->display_name);
    reply->machine = wire_text(call->who->machine_id);
    reply->has_expires_at_ms = w->expires_ms != 0;
    reply->expires_at_ms = w->expires_ms;
    reply->acting_as = wire_text(call->who->acting_as);
    reply->has_pending_grants = (call->who->roles & (ROLE_ADMIN | ROLE_GRANT)) != 0;
    reply->pending_grants = (int32_t)w->pending;
    reply->seats = arena_array(call->arena, seats->count, sizeof *reply->seats);
    for (size_t i = 0; reply->seats != NULL && i < seats->count; i++) {
        Pb__Seat *seat = seat_message(call, &seats->items[i]);
        if (seat == NULL) {
            return handler_no_memory(call);
        }
        reply->seats[reply->n_seats++] = seat;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- the table ---- */

static const struct handler rows[] = {
    {.method = "rectify.v1.AccountService/EnrolMachine",
     .kind = METHOD_COMMAND,
     .auth = AUTH_PUBLIC,
     .flags = HANDLER_SECRET,
     .request = &pb__enrol_machine_request__descriptor,
     .reply = &pb__enrol_machine_reply__descriptor,
     .load = enrol_load,
     .decide = enrol_decide,
     .effects = enrol_effects},
    {.method = "rectify.v1.AccountService/Login",
     .kind = METHOD_SLOW,
     .auth = AUTH_MACHINE,
     .flags = HANDLER_SECRET,
     .request = &pb__login_request__descriptor,
     .reply = &pb__login_reply__descriptor,
     .subjects = login_subjects,
     .load = login_load,
     .decide = login_decide,
     .effects = login_effects},
    {.method = "rectify.v1.AccountService/Logout",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__empty__descriptor,
     .decide = logout_decide,
     .effects = logout_effects},
    {.method = "rectify.v1.AccountService/WhoAmI",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__who_am_ireply__descriptor,
     .load = whoami_load,
     .decide = whoami_decide},
    {.method = "rectify.v1.AccountService/AddAccount",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .flags = HANDLER_SECRET,
     .request = &pb__add_account_request__descriptor,
     .reply = &pb__add_account_reply__descriptor,
     .subjects = add_account_subjects,
     .load = add_account_load,
     .decide = add_account_decide,
     .effects = add_accounts_effects},
    {.method = "rectify.v1.AccountService/ImportAccounts",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .flags = HANDLER_SECRET,
     .request = &pb__import_accounts_request__descriptor,
     .reply = &pb__import_accounts_reply__descriptor,
     .subjects = import_accounts_subjects,
     .load = import_accounts_load,
     .decide = import_accounts_decide,
     .effects = add_accounts_effects},
    {.method = "rectify.v1.AccountService/ListAccounts",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_ADMINISTRATORS,
     .request = &pb__list_accounts_request__descriptor,
     .reply = &pb__list_accounts_reply__descriptor,
     .load = accounts_load,
     .decide = accounts_decide},
    {.method = "rectify.v1.AccountService/DisableAccount",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN | ROLE_GRANT,
     .request = &pb__account_order__descriptor,
     .reply = &pb__account__descriptor,
     .subjects = account_order_subjects,
     .load = account_order_load,
     .decide = account_disable_decide,
     .effects = account_disable_effects},
    {.method = "rectify.v1.AccountService/EnableAccount",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__account_order__descriptor,
     .reply = &pb__account__descriptor,
     .subjects = account_order_subjects,
     .load = account_order_load,
     .decide = account_enable_decide,
     .effects = account_enable_effects},
    {.method = "rectify.v1.AccountService/UnlockAccount",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__account_order__descriptor,
     .reply = &pb__account__descriptor,
     .subjects = account_order_subjects,
     .load = account_order_load,
     .decide = account_unlock_decide,
     .effects = account_unlock_effects},
    {.method = "rectify.v1.AccountService/ResetPassword",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .flags = HANDLER_SECRET,
     .request = &pb__account_order__descriptor,
     .reply = &pb__account__descriptor,
     .subjects = account_order_subjects,
     .load = account_order_load,
     .decide = account_reset_decide,
     .effects = account_reset_effects},
    {.method = "rectify.v1.AccountService/SetPassword",
     .kind = METHOD_SLOW,
     .auth = AUTH_MACHINE,
     .flags = HANDLER_SECRET,
     .request = &pb__set_password_request__descriptor,
     .reply = &pb__empty__descriptor,
     .subjects = set_password_subjects,
     .load = set_password_load,
     .decide = set_password_decide,
     .effects = set_password_effects},
    {.method = "rectify.v1.AccountService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_ADMINISTRATORS,
     .request = &pb__account_question__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = account_allowed_load,
     .decide = account_allowed_decide},
    {.method = "rectify.v1.AccountService/AddEnrolCode",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .flags = HANDLER_SECRET,
     .request = &pb__add_enrol_code_request__descriptor,
     .reply = &pb__add_enrol_code_reply__descriptor,
     .load = add_code_load,
     .decide = add_code_decide,
     .effects = add_code_effects},
    {.method = "rectify.v1.AccountService/ChangePassword",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .flags = HANDLER_SECRET,
     .request = &pb__change_password_request__descriptor,
     .reply = &pb__empty__descriptor,
     .load = password_load,
     .decide = password_decide,
     .effects = password_effects},
    {.method = "rectify.v1.AccountService/ListMachines",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__list_machines_reply__descriptor,
     .load = machines_load,
     .decide = machines_decide},
    {.method = "rectify.v1.AccountService/RevokeMachine",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__revoke_machine_request__descriptor,
     .reply = &pb__empty__descriptor,
     .load = revoke_load,
     .decide = revoke_decide,
     .effects = revoke_effects},
};

const struct handler_table account_handler_table = {rows, sizeof rows / sizeof rows[0]};
