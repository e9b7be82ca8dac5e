/* AccountService: enrolment, login, accounts, machines. */
#include "server/handler/account.h"

#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "rectify/v1/account.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/account.h"
#include "server/store/org.h"

#include <ctype.h>
#include <string.h>

const char handler_secrecy_notice[] = "非涉密系统，严禁存储、处理、传输国家秘密。";

enum { PASSWORD_MIN_CHARS = 10, REASON_MAX_BYTES = 1024 };

static const uint64_t SEAT_ROLES = ROLE_OFFICE | ROLE_LGROUP | ROLE_SGROUP | ROLE_LEADER |
                                   ROLE_PLEAD | ROLE_DISC | ROLE_ORGD | ROLE_PUBL | ROLE_AUDIT |
                                   ROLE_ADMIN | ROLE_FILLER | ROLE_REVIEWER | ROLE_HEAD;

/* ---- EnrolMachine ---- */

struct enrolment {
    unsigned char code_sha256[SECRET_HASH_BYTES];
    struct enrol_code_record code;
    struct machine_record machine; /* of the same key, when there is one */
    bool fresh;
};

static int
enrol_load(struct call *call, struct db_queue *q)
{
    const Pb__EnrolMachineRequest *r = REQUEST(call, Pb__EnrolMachineRequest);
    struct enrolment *e = arena_alloc(call->arena, sizeof *e);
    call->data = e;
    if (e == NULL) {
        return handler_no_memory(call);
    }
    if (!r->has_public_key || r->public_key.len != LEDGER_PUBLIC_BYTES) {
        return fault_set_field(&call->fault, "public_key", "PUBLIC_KEY_MALFORMED",
                               "机器公钥应为 32 字节：请重新生成机器密钥。");
    }
    enum status s = check_text(call, "label", r->label, LIMIT_NAME_BYTES, false);
    if (s != STATUS_OK) {
        return s;
    }
    secret_token_hash(r->code, e->code_sha256);
    s = enrol_code_queue_lock(q, call->who->tenant, e->code_sha256, &e->code);
    if (s == STATUS_OK) {
        s = machine_queue_by_key(q, call->who->tenant, r->public_key.data, &e->machine);
    }
    return s;
}

/* Who enrols a key must hold it: the call is signed by the very key it brings. */
static enum status
check_possession(struct call *call, const Pb__EnrolMachineRequest *r)
{
    const Pb__CallRequest *e = call->envelope;
    struct signed_call signed_call = {
        .tenant = e->tenant,
        .machine = e->machine,
        .on_behalf_of = e->on_behalf_of,
        .method = e->method,
        .idempotency_key = e->idempotency_key,
        .has_expected_version = e->has_expected_version,
        .expected_version = e->expected_version,
        .queued_at_ms = e->queued_at_ms,
        .client_version = e->client_version,
        .payload = e->payload.data,
        .payload_size = e->payload.len,
    };
    struct ledger_public key;
    ledger_public_from_bytes(r->public_key.data, &key);
    return signing_verify(&signed_call, &key, e->signature.data, e->signature.len, &call->fault);
}

static enum status
enrol_refusal(struct call *call, const struct enrolment *e)
{
    if (e->code.account_id == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN",
                         "开通码不对：请核对后重新输入，或请管理员重新发放。");
    }
    if (e->machine.id != NULL) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "MACHINE_ENROLLED",
                         "这台机器已经开通给别的账号，或已被停用：请换一台机器，或联系管理员。");
    }
    if (e->code.used_ms != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ENROL_CODE_USED",
                         "开通码已经用过（只能用一次）：请管理员重新发放。");
    }
    if (e->code.expires_ms <= call->now_ms) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ENROL_CODE_EXPIRED",
                         "开通码已过期（七天内有效）：请管理员重新发放。");
    }
    return STATUS_OK;
}

static enum status
enrol_decide(struct call *call)
{
    const Pb__EnrolMachineRequest *r = REQUEST(call, Pb__EnrolMachineRequest);
    struct enrolment *e = call->data;
    enum status s = check_possession(call, r);
    if (s != STATUS_OK) {
        return s;
    }
    bool same = e->machine.id != NULL && e->machine.revoked_ms == 0 && e->code.account_id != NULL &&
                strcmp(e->machine.account_id, e->code.account_id) == 0;
    if (!same) {
        s = enrol_refusal(call, e);
        if (s != STATUS_OK) {
            return s;
        }
        e->fresh = true;
        e->machine = (struct machine_record){
            .id = call_new_id(call),
            .org_id = e->code.org_id,
            .org_code = e->code.org_code,
            .account_id = e->code.account_id,
            .account = e->code.account,
            .label = r->label == NULL ? "" : r->label,
            .public_key = r->public_key.data,
            .enrolled_ms = call->now_ms,
        };
    }
    Pb__EnrolMachineReply *reply = call_message(call, &pb__enrol_machine_reply__descriptor);
    Pb__Machine *record = call_message(call, &pb__machine__descriptor);
    if (reply == NULL || record == NULL || e->machine.id == NULL) {
        return handler_no_memory(call);
    }
    reply->machine = (char *)(uintptr_t)e->machine.id;
    reply->org = (char *)(uintptr_t)e->machine.org_code;
    reply->account = (char *)(uintptr_t)e->machine.account;
    if (call->ledger_public_key != NULL) {
        reply->has_ledger_public_key = 1;
        reply->ledger_public_key.data = (uint8_t *)(uintptr_t)call->ledger_public_key;
        reply->ledger_public_key.len = LEDGER_PUBLIC_BYTES;
    }
    call->reply = &reply->base;
    call->no_event = !e->fresh;
    if (!e->fresh) {
        return STATUS_OK;
    }
    record->id = reply->machine;
    record->org = reply->org;
    record->label = (char *)(uintptr_t)e->machine.label;
    record->has_public_key = 1;
    record->public_key = r->public_key;
    record->has_enrolled_at_ms = 1;
    record->enrolled_at_ms = call->now_ms;
    return call_change(call, "machine", e->machine.id, e->machine.account, 1, &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

static enum status
enrol_effects(struct call *call, struct db_queue *q)
{
    const struct enrolment *e = call->data;
    if (!e->fresh) {
        return STATUS_OK;
    }
    enum status s = machine_queue_insert(q, call->who->tenant, &e->machine, call->event_id);
    if (s == STATUS_OK) {
        s = enrol_code_queue_use(q, call->who->tenant, e->code_sha256, e->machine.id, call->now_ms);
    }
    return s;
}

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

/* Counts a wrong password; the refusal's effects are written all the same. */
static void
account_failed(struct call *call, struct account_record *account)
{
    account->failures++;
    if (account->failures >= LIMIT_LOGIN_FAILURES) {
        account->failures = 0;
        account->locked_until_ms = call->now_ms + LIMIT_LOGIN_LOCK_MS;
    }
    call->keep_effects = true;
}

static enum status
refuse_locked(struct call *call, const struct account_record *account)
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
        return refuse_locked(call, &l->account);
    }
    const char *password = r->password == NULL ? "" : r->password;
    const char *hash = l->account.disabled ? NULL : l->account.password_hash;
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
    reply->notice = (char *)(uintptr_t)handler_secrecy_notice;
    reply->display_name = (char *)(uintptr_t)l->account.display_name;
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
    return s != STATUS_OK
               ? s
               : session_queue_expiry(q, tenant, call->who->session_sha256, &w->expires_ms);
}

static enum status
fill_roles(struct call *call, uint64_t roles, Pb__Seat *seat)
{
    seat->roles = arena_array(call->arena, ROLE_COUNT, sizeof *seat->roles);
    if (seat->roles == NULL) {
        return handler_no_memory(call);
    }
    for (uint32_t bit = 0; bit < ROLE_COUNT; bit++) {
        if ((roles & (UINT64_C(1) << bit)) != 0) {
            seat->roles[seat->n_roles++] = (char *)(uintptr_t)role_name(1U << bit);
        }
    }
    return STATUS_OK;
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
    reply->account = (char *)(uintptr_t)call->who->account;
    reply->display_name = (char *)(uintptr_t)call->who->display_name;
    reply->machine = (char *)(uintptr_t)call->who->machine_id;
    reply->has_expires_at_ms = w->expires_ms != 0;
    reply->expires_at_ms = w->expires_ms;
    reply->seats = arena_array(call->arena, seats->count, sizeof *reply->seats);
    for (size_t i = 0; reply->seats != NULL && i < seats->count; i++) {
        Pb__Seat *seat = call_message(call, &pb__seat__descriptor);
        if (seat == NULL || fill_roles(call, seats->items[i].roles, seat) != STATUS_OK) {
            return handler_no_memory(call);
        }
        seat->org = (char *)(uintptr_t)seats->items[i].org_code;
        seat->org_name = (char *)(uintptr_t)seats->items[i].org_name;
        reply->seats[reply->n_seats++] = seat;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

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
static void
add_account_subjects(const struct call *call, struct subject_set *set)
{
    const char *name = REQUEST(call, Pb__AddAccountRequest)->account;
    subject_add(set, "account", name == NULL ? "" : name);
}

static int
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
        s = check_password(call, r->password, "password");
    }
    n->has_code = r->enrol_code != NULL && *r->enrol_code != '\0';
    return s == STATUS_OK && n->has_code ? code_check(call, r->enrol_code, &n->code) : s;
}

static enum status
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

static enum status
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

static int
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

static enum status
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

static enum status
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

static int
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

static enum status
password_decide(struct call *call)
{
    const Pb__ChangePasswordRequest *r = REQUEST(call, Pb__ChangePasswordRequest);
    struct password_change *p = call->data;
    struct fault ignored;
    if (p->account.locked_until_ms > call->now_ms) {
        return refuse_locked(call, &p->account);
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

static enum status
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

static int
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

static enum status
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

static int
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

static enum status
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

static enum status
revoke_effects(struct call *call, struct db_queue *q)
{
    const struct machine_record *machine = call->data;
    return machine_queue_revoke(q, call->who->tenant, machine->id, machine->version,
                                REQUEST(call, Pb__RevokeMachineRequest)->reason, call->now_ms,
                                call->event_id);
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
     .effects = add_account_effects},
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
