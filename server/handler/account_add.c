/* AccountService: new accounts, one or a list, each with the seat proposed for it. */
#include "server/handler/account_admin.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/account.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/grant.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/org.h"

#include <stdio.h>
#include <string.h>

enum { ACCOUNTS_MAX = 50 };

struct new_account {
    const Pb__AddAccountRequest *asked;
    struct account_record account;
    struct new_code code;
    struct grant_record grant;
    bool has_code;
    bool has_seat;
};

struct new_accounts {
    struct new_account *items;
    size_t count;
    struct org_list orgs;
    struct number_list numbers;
};

static void
account_subject(struct subject_set *set, const Pb__AddAccountRequest *r)
{
    subject_add(set, "account", r->account == NULL ? "" : r->account);
}

/* Two commands that make the same name take turns. */
void
add_account_subjects(const struct call *call, struct subject_set *set)
{
    account_subject(set, REQUEST(call, Pb__AddAccountRequest));
}

void
import_accounts_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__ImportAccountsRequest *r = REQUEST(call, Pb__ImportAccountsRequest);
    for (size_t i = 0; i < r->n_accounts && i < ACCOUNTS_MAX; i++) {
        account_subject(set, r->accounts[i]);
    }
}

static int
load(struct call *call, struct db_queue *q, Pb__AddAccountRequest *const *asked, size_t count)
{
    int tenant = call->who->tenant;
    struct new_accounts *n = arena_alloc(call->arena, sizeof *n);
    call->data = n;
    if (n == NULL) {
        return handler_no_memory(call);
    }
    n->items = arena_array(call->arena, count, sizeof *n->items);
    n->count = count;
    enum status s = n->items == NULL ? handler_no_memory(call) : org_queue_all(q, tenant, &n->orgs);
    int seats = 0;
    for (size_t i = 0; s == STATUS_OK && i < count; i++) {
        struct new_account *a = &n->items[i];
        a->asked = asked[i];
        a->has_seat = asked[i]->n_roles > 0;
        seats += a->has_seat;
        s = account_queue_lock(q, tenant, asked[i]->account == NULL ? "" : asked[i]->account, NULL,
                               &a->account);
        if (s == STATUS_OK) {
            s = code_load(call, q, asked[i]->enrol_code, &a->code);
        }
    }
    return s == STATUS_OK && seats > 0 ? grant_queue_numbers(q, seats, &n->numbers) : s;
}

int
add_account_load(struct call *call, struct db_queue *q)
{
    Pb__AddAccountRequest **one = arena_alloc(call->arena, sizeof *one);
    if (one == NULL) {
        return handler_no_memory(call);
    }
    *one = (Pb__AddAccountRequest *)(uintptr_t)REQUEST(call, Pb__AddAccountRequest);
    return load(call, q, one, 1);
}

int
import_accounts_load(struct call *call, struct db_queue *q)
{
    const Pb__ImportAccountsRequest *r = REQUEST(call, Pb__ImportAccountsRequest);
    if (r->n_accounts == 0 || r->n_accounts > ACCOUNTS_MAX) {
        return fault_set_field(&call->fault, "accounts", "ACCOUNT_COUNT",
                               "一次导入 1 至 %d 个账号，现有 %zu 个：多的请分几次导入。",
                               ACCOUNTS_MAX, r->n_accounts);
    }
    return load(call, q, r->accounts, r->n_accounts);
}

static bool
name_valid(const char *name)
{
    size_t n = name == NULL ? 0 : strlen(name);
    return n >= 1 && n <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

static enum status
check_names(struct call *call, const struct new_account *a)
{
    const Pb__AddAccountRequest *r = a->asked;
    if (!name_valid(r->account)) {
        return fault_set_field(&call->fault, "account", "ACCOUNT_NAME",
                               "账号名用小写字母、数字和 _ . -，至多 64 个字符。");
    }
    if (a->account.id != NULL) {
        return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "ACCOUNT_EXISTS",
                         "账号“%s”已经存在：请换一个名字。", r->account);
    }
    if (!text_given(r->display_name, LIMIT_NAME_BYTES)) {
        return fault_set_field(&call->fault, "display_name", "NAME_MISSING",
                               "请写明账号使用人或岗位的名称（至多 %d 字节）。", LIMIT_NAME_BYTES);
    }
    return check_text(call, "display_name", r->display_name, LIMIT_NAME_BYTES, true);
}

static enum status
name_org(struct call *call, const struct new_accounts *n, struct new_account *a)
{
    const char *asked = a->asked->org;
    const struct org_record *org = asked == NULL ? NULL : org_list_find(&n->orgs, asked);
    if (org == NULL) {
        return fault_set_field(&call->fault, "org", "ORG_UNKNOWN",
                               "没有单位“%.64s”：请先导入组织机构，或核对单位代码。",
                               asked == NULL ? "" : asked);
    }
    a->account.org_id = org->id;
    a->account.org_code = org->code;
    a->grant.org_id = org->id;
    a->grant.org_code = org->code;
    a->grant.org_name = org->name;
    a->grant.org_kind = org->kind;
    return STATUS_OK;
}

static enum status
check_seat(struct call *call, struct new_account *a)
{
    const Pb__AddAccountRequest *r = a->asked;
    struct grant_record *g = &a->grant;
    if (!a->has_seat) {
        return STATUS_OK;
    }
    enum status s = grant_read_roles(call, r->roles, r->n_roles, &g->roles);
    if (s == STATUS_OK) {
        s = check_day(call, "from_on", r->from_on, &g->from_day);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "to_on", r->to_on, &g->to_day);
    }
    const struct held_list none = {0};
    return s == STATUS_OK ? grant_fits(g, &none, call->today, &call->fault) : s;
}

static enum status
hash_password(struct call *call, struct new_account *a)
{
    if (a->asked->password == NULL) {
        return STATUS_OK;
    }
    enum status s = check_password(call, a->asked->password, "password");
    char *hash = NULL;
    if (s == STATUS_OK) {
        s = secret_password_hash(call->arena, a->asked->password, NULL, &hash, &call->fault);
    }
    a->account.password_hash = hash;
    return s;
}

static enum status
account_change(struct call *call, const struct new_account *a)
{
    Pb__Account *record = call_message(call, &pb__account__descriptor);
    if (record == NULL) {
        return handler_no_memory(call);
    }
    record->account = a->asked->account;
    record->display_name = a->asked->display_name;
    record->org = wire_text(a->account.org_code);
    record->state = wire_text(STATE_ACTIVE);
    record->has_has_password = record->has_version = 1;
    record->has_password = a->account.password_hash != NULL;
    record->version = 1;
    if (!call_change(call, "account", a->account.id, a->asked->account, 1, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = wire_text(COMMAND_CREATE);
    change->to_state = record->state;
    return STATUS_OK;
}

/* Everything that can be refused comes before the slow hash. */
static enum status
check_one(struct call *call, const struct new_accounts *n, struct new_account *a)
{
    a->grant = (struct grant_record){0};
    enum status s = check_names(call, a);
    if (s == STATUS_OK) {
        s = name_org(call, n, a);
    }
    if (s == STATUS_OK) {
        s = check_seat(call, a);
    }
    a->has_code = a->asked->enrol_code != NULL && *a->asked->enrol_code != '\0';
    if (s == STATUS_OK && a->asked->password != NULL) {
        s = check_password(call, a->asked->password, "password");
    }
    return s == STATUS_OK && a->has_code
               ? code_check(call, "enrol_code", a->asked->enrol_code, &a->code)
               : s;
}

static enum status
make_one(struct call *call, struct new_account *a, int64_t number)
{
    enum status s = hash_password(call, a);
    a->account.id = call_new_id(call);
    a->account.name = a->asked->account;
    a->account.display_name = a->asked->display_name;
    if (s != STATUS_OK || a->account.id == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    s = account_change(call, a);
    if (s != STATUS_OK || !a->has_seat) {
        return s;
    }
    const struct held_list none = {0};
    a->grant.account_id = a->account.id;
    a->grant.account = a->account.name;
    a->grant.display_name = a->account.display_name;
    return grant_propose(call, &a->grant, number, &none);
}

/* Says which line of a list it was. */
static enum status
refuse_line(struct call *call, size_t count, size_t index, enum status s)
{
    if (count > 1) {
        struct fault plain = call->fault;
        fault_set(&call->fault, plain.code, plain.reason, "第 %zu 个账号：%s", index + 1,
                  plain.message);
        snprintf(call->fault.field, sizeof call->fault.field, "accounts[%zu].%.64s", index,
                 plain.field);
    }
    return s;
}

static enum status
twice(struct call *call, const struct new_accounts *n, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(n->items[i].asked->account, n->items[index].asked->account) == 0) {
            return fault_set_field(&call->fault, "account", "ACCOUNT_TWICE",
                                   "账号“%s”列了两次：请删去多余的一行。",
                                   n->items[index].asked->account);
        }
    }
    return STATUS_OK;
}

static enum status
make_all(struct call *call, struct new_accounts *n)
{
    size_t numbered = 0;
    for (size_t i = 0; i < n->count; i++) {
        enum status s = check_one(call, n, &n->items[i]);
        if (s == STATUS_OK) {
            s = twice(call, n, i);
        }
        if (s != STATUS_OK) {
            return refuse_line(call, n->count, i, s);
        }
    }
    for (size_t i = 0; i < n->count; i++) {
        struct new_account *a = &n->items[i];
        int64_t number = a->has_seat ? n->numbers.items[numbered++] : 0;
        enum status s = make_one(call, a, number);
        if (s != STATUS_OK) {
            return refuse_line(call, n->count, i, s);
        }
    }
    return STATUS_OK;
}

enum status
add_account_decide(struct call *call)
{
    struct new_accounts *n = call->data;
    enum status s = make_all(call, n);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__AddAccountReply *reply = call_message(call, &pb__add_account_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->account = n->items[0].asked->account;
    reply->grant = wire_text(n->items[0].grant.ref);
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
import_accounts_decide(struct call *call)
{
    struct new_accounts *n = call->data;
    enum status s = make_all(call, n);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__ImportAccountsReply *reply = call_message(call, &pb__import_accounts_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_added = reply->has_proposed = 1;
    reply->added = (int32_t)n->count;
    reply->proposed = (int32_t)n->numbers.count;
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
add_accounts_effects(struct call *call, struct db_queue *q)
{
    const struct new_accounts *n = call->data;
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n->count; i++) {
        const struct new_account *a = &n->items[i];
        s = account_queue_insert(q, tenant, &a->account, call->event_id);
        if (s == STATUS_OK && a->has_code) {
            s = code_give(call, q, &a->code, a->account.id, "ENROL", NULL);
        }
        if (s == STATUS_OK && a->has_seat) {
            s = grant_queue_insert(q, tenant, &a->grant, call->event_id);
        }
    }
    return s;
}
