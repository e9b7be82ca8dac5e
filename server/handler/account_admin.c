/* AccountService: accounts, one-time codes, passwords, machines. */
#include "server/handler/account_admin.h"

#include "proto/base/limits.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/org.h"

#include <string.h>

enum { PASSWORD_MIN_CHARS = 10, REASON_MAX_BYTES = 1024 };

static const uint64_t SEAT_ROLES = ROLE_OFFICE | ROLE_LGROUP | ROLE_SGROUP | ROLE_LEADER |
                                   ROLE_PLEAD | ROLE_DISC | ROLE_ORGD | ROLE_PUBL | ROLE_AUDIT |
                                   ROLE_ADMIN | ROLE_FILLER | ROLE_REVIEWER | ROLE_HEAD;

/* ---- AddAccount, AddEnrolCode, ChangePassword ---- */

/* A one-time code that an administrator hands out. */
struct new_code {
    unsigned char sha256[SECRET_HASH_BYTES];
    struct enrol_code_record stored; /* of that code, when it was given out before */
};

struct new_account {
    struct account_record account;
    struct org_list orgs;
    const struct org_record *org;
    uint64_t roles;
    struct new_code code;
    bool has_code;
};

static enum status
code_load(struct call *call, struct db_queue *q, const char *text, struct new_code *code)
{
    secret_token_hash(text, code->sha256);
    return enrol_code_queue_lock(q, call->who->tenant, code->sha256, &code->stored);
}

/* Codes come from a program, not from a person's head: a short one could be guessed. */
static enum status
code_check(struct call *call, const char *text, const struct new_code *code)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (n != SECRET_TOKEN_TEXT_SIZE - 1 ||
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != n) {
        return fault_set_field(&call->fault, "enrol_code", "ENROL_CODE_FORM",
                               "开通码的形式不对：应由程序随机生成，是 32 个随机字节的 base64url "
                               "文本，共 43 个字符。");
    }
    if (code->stored.account_id != NULL) {
        return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "ENROL_CODE_EXISTS",
                         "这个开通码已经发放过：每个开通码只能发放一次，请重新生成一个。");
    }
    return STATUS_OK;
}

/* Two commands that make the same name take turns. */
void
add_account_subjects(const struct call *call, struct subject_set *set)
{
    const char *name = REQUEST(call, Pb__AddAccountRequest)->account;
    subject_add(set, "account", name == NULL ? "" : name);
}

int
add_account_load(struct call *call, struct db_queue *q)
{
    const Pb__AddAccountRequest *r = REQUEST(call, Pb__AddAccountRequest);
    struct new_account *n = arena_alloc(call->arena, sizeof *n);
    call->data = n;
    if (n == NULL) {
        return handler_no_memory(call);
    }
    enum status s = org_queue_all(q, call->who->tenant, &n->orgs);
    if (s == STATUS_OK) {
        s = account_queue_lock(q, call->who->tenant, r->account == NULL ? "" : r->account, NULL,
                               &n->account);
    }
    return s != STATUS_OK ? s : code_load(call, q, r->enrol_code, &n->code);
}

static bool
account_name_valid(const char *name)
{
    size_t n = name == NULL ? 0 : strlen(name);
    return n >= 1 && n <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

static enum status
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

static enum status
read_roles(struct call *call, const Pb__AddAccountRequest *r, uint64_t *ret_roles)
{
    uint64_t roles = 0;
    for (size_t i = 0; i < r->n_roles; i++) {
        uint64_t bit = role_from_name(r->roles[i]);
        if ((bit & SEAT_ROLES) == 0) {
            return fault_set_field(&call->fault, "roles", "ROLE_UNKNOWN",
                                   "没有角色“%s”：可用 OFFICE、LGROUP、SGROUP、LEADER、PLEAD"
                                   "（单位）、DISC、ORGD、PUBL、AUDIT、ADMIN。",
                                   r->roles[i]);
        }
        roles |= bit;
    }
    if (roles == 0) {
        return fault_set_field(&call->fault, "roles", "ROLE_MISSING",
                               "请至少给账号一个角色，如 PLEAD（单位）或 OFFICE（办公室）。");
    }
    *ret_roles = roles;
    return STATUS_OK;
}

/* A seat's rights are its org's: an account of a lead unit with the office's role would judge its
 * own unit's work. */
static enum status
check_roles_fit(struct call *call, const struct new_account *n)
{
    static const struct {
        uint64_t role;
        const char *kind;
    } only[] = {
        {ROLE_OFFICE, "OFFICE"}, {ROLE_LGROUP, "LGROUP"}, {ROLE_SGROUP, "SGROUP"},
        {ROLE_LEADER, "LEADER"}, {ROLE_DISC, "DISC"},     {ROLE_ORGD, "ORGD"},
    };
    bool unit = strcmp(n->org->kind, "UNIT") == 0 || strcmp(n->org->kind, "LEADER") == 0;
    uint64_t wrong = unit ? n->roles & (ROLE_AUDIT | ROLE_PUBL | ROLE_ADMIN) : 0;
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        if ((n->roles & only[i].role) != 0 && strcmp(n->org->kind, only[i].kind) != 0) {
            wrong |= only[i].role;
        }
    }
    if (wrong == 0) {
        return STATUS_OK;
    }
    char names[ROLE_NAMES_SIZE];
    return fault_set_field(&call->fault, "roles", "ROLE_ORG_MISMATCH",
                           "角色“%s”与单位“%s”的类别（%s）不符：这样的账号会审核本单位自己的事项。"
                           "请换一个角色或单位。",
                           role_names_zh((uint32_t)wrong, names, sizeof names), n->org->name,
                           n->org->kind);
}

static enum status
add_account_check(struct call *call, const Pb__AddAccountRequest *r, struct new_account *n)
{
    if (!account_name_valid(r->account)) {
        return fault_set_field(&call->fault, "account", "ACCOUNT_NAME",
                               "账号名用小写字母、数字和 _ . -，至多 64 个字符。");
    }
    if (n->account.id != NULL) {
        return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "ACCOUNT_EXISTS",
                         "账号“%s”已经存在：请换一个名字。", r->account);
    }
    if (!text_given(r->display_name, LIMIT_NAME_BYTES)) {
        return fault_set_field(&call->fault, "display_name", "NAME_MISSING",
                               "请写明账号使用人或岗位的名称（至多 %d 字节）。", LIMIT_NAME_BYTES);
    }
    enum status s = check_text(call, "display_name", r->display_name, LIMIT_NAME_BYTES, true);
    if (s != STATUS_OK) {
        return s;
    }
    n->org = r->org == NULL ? NULL : org_list_find(&n->orgs, r->org);
    if (n->org == NULL) {
        return fault_set_field(&call->fault, "org", "ORG_UNKNOWN",
                               "没有单位“%s”：请先导入组织机构，或核对单位代码。",
                               r->org == NULL ? "" : r->org);
    }
    s = read_roles(call, r, &n->roles);
    if (s == STATUS_OK) {
        s = check_roles_fit(call, n);
    }
    if (s == STATUS_OK) {
        s = check_password(call, r->password, "password");
    }
    n->has_code = r->enrol_code != NULL && *r->enrol_code != '\0';
    return s == STATUS_OK && n->has_code ? code_check(call, r->enrol_code, &n->code) : s;
}

enum status
add_account_decide(struct call *call)
{
    const Pb__AddAccountRequest *r = REQUEST(call, Pb__AddAccountRequest);
    struct new_account *n = call->data;
    enum status s = add_account_check(call, r, n);
    if (s != STATUS_OK) {
        return s;
    }
    char *hash = NULL;
    s = secret_password_hash(call->arena, r->password, NULL, &hash, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    n->account = (struct account_record){.id = call_new_id(call),
                                         .name = r->account,
                                         .display_name = r->display_name,
                                         .password_hash = hash};
    Pb__AddAccountReply *reply = call_message(call, &pb__add_account_reply__descriptor);
    /* The event keeps who and where, never the password or the code. */
    Pb__AddAccountRequest *record = call_message(call, &pb__add_account_request__descriptor);
    if (reply == NULL || record == NULL || n->account.id == NULL) {
        return handler_no_memory(call);
    }
    reply->account = r->account;
    record->account = r->account;
    record->display_name = r->display_name;
    record->org = r->org;
    record->roles = r->roles;
    record->n_roles = r->n_roles;
    call->reply = &reply->base;
    return call_change(call, "account", n->account.id, r->account, 1, &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
add_account_effects(struct call *call, struct db_queue *q)
{
    const struct new_account *n = call->data;
    enum status s = account_queue_insert(q, call->who->tenant, &n->account, n->org->id, n->roles,
                                         call->event_id);
    if (s == STATUS_OK && n->has_code) {
        s = enrol_code_queue_insert(q, call->who->tenant, n->code.sha256, n->account.id,
                                    call->now_ms + LIMIT_ENROL_CODE_MS, call->event_id);
    }
    return s;
}

struct added_code {
    struct account_record account;
    struct new_code code;
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
    enum status s = account_queue_lock(q, call->who->tenant, r->account == NULL ? "" : r->account,
                                       NULL, &a->account);
    return s != STATUS_OK ? s : code_load(call, q, r->enrol_code, &a->code);
}

enum status
add_code_decide(struct call *call)
{
    const Pb__AddEnrolCodeRequest *r = REQUEST(call, Pb__AddEnrolCodeRequest);
    const struct added_code *a = call->data;
    if (a->account.id == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ACCOUNT_UNKNOWN",
                         "没有账号“%s”：请核对账号名，或先建立账号。",
                         r->account == NULL ? "" : r->account);
    }
    enum status s = code_check(call, r->enrol_code, &a->code);
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
    return enrol_code_queue_insert(q, call->who->tenant, a->code.sha256, a->account.id,
                                   call->now_ms + LIMIT_ENROL_CODE_MS, call->event_id);
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
    if (secret_password_verify(p->account.password_hash,
                               r->old_password == NULL ? "" : r->old_password, NULL,
                               &ignored) != STATUS_OK) {
        return password_refuse(call, p);
    }
    enum status s = check_password(call, r->new_password, "new_password");
    char *hash = NULL;
    if (s == STATUS_OK) {
        s = secret_password_hash(call->arena, r->new_password, NULL, &hash, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    p->hash = hash;
    if (!call_change(call, "account", p->account.id, p->account.name, p->account.version + 1,
                     NULL)) {
        return handler_no_memory(call);
    }
    return reply_empty(call);
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

static Pb__Machine *
machine_message(struct call *call, const struct machine_record *m)
{
    Pb__Machine *out = call_message(call, &pb__machine__descriptor);
    if (out != NULL) {
        out->id = (char *)(uintptr_t)m->id;
        out->org = (char *)(uintptr_t)m->org_code;
        out->label = (char *)(uintptr_t)m->label;
        out->has_public_key = 1;
        out->public_key.data = (uint8_t *)(uintptr_t)m->public_key;
        out->public_key.len = LEDGER_PUBLIC_BYTES;
        out->has_enrolled_at_ms = 1;
        out->enrolled_at_ms = m->enrolled_ms;
        out->has_revoked_at_ms = m->revoked_ms != 0;
        out->revoked_at_ms = m->revoked_ms;
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
