/* AccountService: accounts, one-time codes, passwords, machines. */
#include "server/handler/account_admin.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/code.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/service/workflow.h"
#include "server/store/grant.h"
#include "server/store/org.h"

#include <string.h>

enum { PASSWORD_MIN_CHARS = 10, REASON_MAX_BYTES = 1024 };

/* ---- AddEnrolCode, ChangePassword ---- */

enum status
code_load(struct call *call, struct db_queue *q, const char *text, struct new_code *code)
{
    code_hash(text, code->sha256);
    return enrol_code_queue_lock(q, call->who->tenant, code->sha256, &code->stored);
}

/* Codes come from a program, not from a person's head: a short one could be guessed. */
enum status
code_check(struct call *call, const char *field, const char *text, const struct new_code *code)
{
    size_t n = text == NULL ? 0 : strlen(text);
    char plain[CODE_SIZE];
    bool is_typed = text != NULL && code_read(text, plain, NULL) == STATUS_OK;
    if (!is_typed &&
        (n != SECRET_TOKEN_TEXT_SIZE - 1 ||
         strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != n)) {
        return fault_set_field(&call->fault, field, "ENROL_CODE_FORM",
                               "开通码的形式不对：应由程序随机生成，是带校验的 25 个字符，或 32 "
                               "个随机字节的 base64url 文本（43 个字符）。");
    }
    if (code->stored.account_id != NULL) {
        return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "ENROL_CODE_EXISTS",
                         "这个开通码已经发放过：每个开通码只能发放一次，请重新生成一个。");
    }
    return STATUS_OK;
}

enum status
check_password(struct call *call, const char *password, const char *field)
{
    size_t chars = 0;
    for (const char *p = password; p != NULL && *p != '\0'; p++) {
        chars += ((unsigned char)*p & 0xC0U) != 0x80U;
    }
    if (chars < PASSWORD_MIN_CHARS || strlen(password) > LIMIT_PASSWORD_BYTES) {
        return fault_set_field(&call->fault, field, "PASSWORD_LENGTH",
                               "密码至少 %d 个字符、至多 %d 字节：请重新设置。", PASSWORD_MIN_CHARS,
                               LIMIT_PASSWORD_BYTES);
    }
    return STATUS_OK;
}

enum status
password_replace(struct call *call, const struct account_record *account, const char *password,
                 const char **ret_hash)
{
    char *hash = NULL;
    enum status s = check_password(call, password, "new_password");
    if (s == STATUS_OK) {
        s = secret_password_hash(call->arena, password, NULL, &hash, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    *ret_hash = hash;
    return call_change(call, "account", account->id, account->name, account->version + 1, NULL)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
code_give(struct call *call, struct db_queue *q, const struct new_code *code,
          const char *account_id, const char *purpose, const char *org_id)
{
    const struct enrol_code_record record = {
        .account_id = account_id,
        .org_id = org_id,
        .purpose = purpose,
        .expires_ms = call->now_ms + LIMIT_ENROL_CODE_MS,
    };
    return enrol_code_queue_insert(q, call->who->tenant, code->sha256, &record, call->event_id);
}

struct added_code {
    struct account_record account;
    struct new_code code;
    struct org_list orgs;
    struct held_list held;
    const char *org_id; /* NULL: where the account belongs */
};

int
add_code_load(struct call *call, struct db_queue *q)
{
    const Pb__AddEnrolCodeRequest *r = REQUEST(call, Pb__AddEnrolCodeRequest);
    struct added_code *a = arena_alloc(call->arena, sizeof *a);
    call->data = a;
    if (a == NULL) {
        return handler_no_memory(call);
    }
    const char *name = r->account == NULL ? "" : r->account;
    const struct text_list names = {&name, 1, 1};
    int tenant = call->who->tenant;
    enum status s = account_queue_lock(q, tenant, name, NULL, &a->account);
    if (s == STATUS_OK && r->org != NULL) {
        s = org_queue_all(q, tenant, &a->orgs);
    }
    if (s == STATUS_OK && r->org != NULL) {
        s = grant_queue_held(q, tenant, &names, call->arena, &a->held);
    }
    return s != STATUS_OK ? s : code_load(call, q, r->enrol_code, &a->code);
}

/* A machine opens an org: only one in which the account has something to do. */
static enum status
code_org(struct call *call, struct added_code *a, const char *asked)
{
    a->org_id = NULL;
    if (asked == NULL) {
        return STATUS_OK;
    }
    const struct org_record *org = org_list_find(&a->orgs, asked);
    bool sits = org != NULL && a->account.org_id != NULL && strcmp(org->id, a->account.org_id) == 0;
    for (size_t i = 0; org != NULL && i < a->held.count; i++) {
        sits = sits || strcmp(a->held.items[i].org_id, org->id) == 0;
    }
    if (!sits) {
        return fault_set_field(&call->fault, "org", "ORG_NO_SEAT",
                               "账号“%s”在“%.64s”没有席位，不能在那里开通机器：请核对单位代码，"
                               "或先提出授权。",
                               a->account.name, asked);
    }
    a->org_id = org->id;
    return STATUS_OK;
}

enum status
add_code_decide(struct call *call)
{
    const Pb__AddEnrolCodeRequest *r = REQUEST(call, Pb__AddEnrolCodeRequest);
    struct added_code *a = call->data;
    if (a->account.id == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ACCOUNT_UNKNOWN",
                         "没有账号“%s”：请核对账号名，或先建立账号。",
                         r->account == NULL ? "" : r->account);
    }
    const struct workflow_facts facts = {0};
    const struct workflow_edge *edge = NULL;
    enum status s =
        workflow_step(workflow_machine(WORKFLOW_ACCOUNT), a->account.state, COMMAND_ISSUE_CODE,
                      (uint32_t)call->who->roles, &facts, &edge, &call->fault);
    if (s == STATUS_OK) {
        s = code_check(call, "enrol_code", r->enrol_code, &a->code);
    }
    if (s == STATUS_OK) {
        s = code_org(call, a, r->org);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__AddEnrolCodeReply *reply = call_message(call, &pb__add_enrol_code_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_expires_at_ms = 1;
    reply->expires_at_ms = call->now_ms + LIMIT_ENROL_CODE_MS;
    call->reply = &reply->base;
    return call_change(call, "enrol_code", a->account.id, a->account.name, 1, NULL)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
add_code_effects(struct call *call, struct db_queue *q)
{
    const struct added_code *a = call->data;
    return code_give(call, q, &a->code, a->account.id, "ENROL", a->org_id);
}

struct password_change {
    struct account_record account;
    const char *hash;
};

int
password_load(struct call *call, struct db_queue *q)
{
    struct password_change *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    if (p == NULL) {
        return handler_no_memory(call);
    }
    return account_queue_lock(q, call->who->tenant, call->who->account, NULL, &p->account);
}

/* A stolen session must not serve to guess the password: failures count as at a login. */
static enum status
password_refuse(struct call *call, struct password_change *p)
{
    account_failed(call, &p->account);
    return fault_set_field(&call->fault, "old_password", "PASSWORD_WRONG",
                           "原密码不对：请重新输入；连续 %d 次失败将锁定 15 分钟。",
                           LIMIT_LOGIN_FAILURES);
}

enum status
password_decide(struct call *call)
{
    const Pb__ChangePasswordRequest *r = REQUEST(call, Pb__ChangePasswordRequest);
    struct password_change *p = call->data;
    struct fault ignored;
    if (p->account.locked_until_ms > call->now_ms) {
        return account_refuse_locked(call, &p->account);
    }
    if (secret_password_verify(account_password(&p->account),
                               r->old_password == NULL ? "" : r->old_password, NULL,
                               &ignored) != STATUS_OK) {
        return password_refuse(call, p);
    }
    enum status s = password_replace(call, &p->account, r->new_password, &p->hash);
    return s == STATUS_OK ? reply_empty(call) : s;
}

enum status
password_effects(struct call *call, struct db_queue *q)
{
    const struct password_change *p = call->data;
    if (p->hash == NULL) {
        return account_queue_failures(q, call->who->tenant, p->account.id, p->account.failures,
                                      p->account.locked_until_ms);
    }
    enum status s =
        account_queue_password(q, call->who->tenant, p->account.id, p->hash, call->event_id);
    if (s == STATUS_OK) {
        s = session_queue_end_others(q, call->who->tenant, p->account.id, call->who->session_sha256,
                                     call->now_ms);
    }
    return s;
}

/* ---- machines ---- */

int
machines_load(struct call *call, struct db_queue *q)
{
    struct machine_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    if (list == NULL) {
        return handler_no_memory(call);
    }
    bool all = (call->who->roles & (ROLE_ADMIN | ROLE_AUDIT)) != 0;
    return machine_queue_list(q, call->who->tenant, all ? NULL : call->who->org_id, list);
}

Pb__Machine *
machine_message(struct call *call, const struct machine_record *m)
{
    Pb__Machine *out = call_message(call, &pb__machine__descriptor);
    if (out != NULL) {
        out->id = wire_text(m->id);
        out->org = wire_text(m->org_code);
        out->label = wire_text(m->label);
        out->has_public_key = 1;
        out->public_key.data = (uint8_t *)(uintptr_t)m->public_key;
        out->public_key.len = LEDGER_PUBLIC_BYTES;
        out->has_enrolled_at_ms = 1;
        out->enrolled_at_ms = m->enrolled_ms;
        out->has_revoked_at_ms = m->revoked_ms != 0;
        out->revoked_at_ms = m->revoked_ms;
        out->has_certificate_not_after_ms = m->certificate_serial != NULL;
        out->certificate_not_after_ms = m->certificate_not_after_ms;
        out->certificate_serial = wire_text(m->certificate_serial);
    }
    return out;
}

enum status
machines_decide(struct call *call)
{
    const struct machine_list *list = call->data;
    Pb__ListMachinesReply *reply = call_message(call, &pb__list_machines_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->machines = arena_array(call->arena, list->count, sizeof *reply->machines);
    for (size_t i = 0; reply->machines != NULL && i < list->count; i++) {
        Pb__Machine *m = machine_message(call, &list->items[i]);
        if (m == NULL) {
            return handler_no_memory(call);
        }
        reply->machines[reply->n_machines++] = m;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

int
revoke_load(struct call *call, struct db_queue *q)
{
    const Pb__RevokeMachineRequest *r = REQUEST(call, Pb__RevokeMachineRequest);
    struct machine_record *machine = arena_alloc(call->arena, sizeof *machine);
    call->data = machine;
    if (machine == NULL) {
        return handler_no_memory(call);
    }
    if (!uuid_text_valid(r->machine)) {
        return fault_set_field(&call->fault, "machine", "BAD_ID",
                               "机器编号“%s”的形式不对：请从机器清单里照抄编号。",
                               r->machine == NULL ? "" : r->machine);
    }
    return machine_queue_by_id(q, call->who->tenant, r->machine, machine);
}

enum status
revoke_decide(struct call *call)
{
    const Pb__RevokeMachineRequest *r = REQUEST(call, Pb__RevokeMachineRequest);
    struct machine_record *machine = call->data;
    if (machine->id == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "MACHINE_UNKNOWN",
                         "没有编号为“%s”的机器：请从机器清单里核对编号。", r->machine);
    }
    if (machine->revoked_ms != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "MACHINE_REVOKED",
                         "这台机器已经停用，不必再办理。");
    }
    if (!text_given(r->reason, REASON_MAX_BYTES)) {
        return fault_set_field(&call->fault, "reason", "REASON_MISSING",
                               "请写明停用的理由，至多 %d 字节。", REASON_MAX_BYTES);
    }
    enum status s = check_text(call, "reason", r->reason, REASON_MAX_BYTES, true);
    if (s != STATUS_OK) {
        return s;
    }
    call->reason = r->reason;
    machine->revoked_ms = call->now_ms;
    Pb__Machine *record = machine_message(call, machine);
    if (record == NULL || !call_change(call, "machine", machine->id, machine->account,
                                       machine->version + 1, &record->base)) {
        return handler_no_memory(call);
    }
    return reply_empty(call);
}

enum status
revoke_effects(struct call *call, struct db_queue *q)
{
    const struct machine_record *machine = call->data;
    return machine_queue_revoke(q, call->who->tenant, machine->id, machine->version,
                                REQUEST(call, Pb__RevokeMachineRequest)->reason, call->now_ms,
                                call->event_id);
}
