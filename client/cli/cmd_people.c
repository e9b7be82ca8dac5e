/* Accounts: lists of new ones, stopping and opening them, forgotten passwords. */
#include "client/cli/csv.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/prompt.h"
#include "client/cli/value.h"
#include "proto/ledger/secret.h"

#include <rectify/v1/account.pb-c.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 20, ROLES_MAX = 20, NONCE_BYTES = 16 };

static enum status
nonce_make(struct cli *c, protobuf_c_boolean *ret_has, ProtobufCBinaryData *ret, struct fault *f)
{
    unsigned char *nonce = arena_alloc(&c->arena, NONCE_BYTES);
    if (nonce == NULL) {
        return fault_memory(f);
    }
    secret_random(nonce, NONCE_BYTES);
    *ret_has = 1;
    *ret = (ProtobufCBinaryData){.data = nonce, .len = NONCE_BYTES};
    return STATUS_OK;
}

/* ---- a list ---- */

static enum status
secret_read(struct cli *c, const char *folder, const char *account, const char *kind, char **ret,
            struct fault *f)
{
    bool made = false;
    char *path = arena_printf(&c->arena, "%s/%s.%s", folder, account, kind);
    return path == NULL ? fault_memory(f) : prompt_secret_file(c, path, ret, &made, f);
}

static enum status
account_read(struct cli *c, const struct csv_row *header, const struct csv_row *row,
             const char *folder, Pb__AddAccountRequest *r, struct fault *f)
{
    const char *roles = csv_cell(row, csv_column(header, "roles"));
    pb__add_account_request__init(r);
    r->account = cli_field(csv_cell(row, csv_column(header, "name")));
    r->display_name = cli_field(csv_cell(row, csv_column(header, "display")));
    r->org = cli_field(csv_cell(row, csv_column(header, "org")));
    r->roles = arena_array(&c->arena, ROLES_MAX, sizeof *r->roles);
    if (r->roles == NULL) {
        return fault_memory(f);
    }
    /* A name is part of a file's: nothing of a path may be in it. */
    if (r->account[0] == '\0' || strchr(r->account, '/') != NULL || r->account[0] == '.') {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ACCOUNT_CELL",
                         "第 %u 行的账号名“%s”不对：用小写字母、数字和 _ . -。", row->line,
                         r->account);
    }
    r->n_roles = value_list(&c->arena, roles, r->roles, ROLES_MAX);
    if (r->n_roles > ROLES_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ACCOUNT_CELL", "第 %u 行的角色太多。",
                         row->line);
    }
    enum status status = secret_read(c, folder, r->account, "password", &r->password, f);
    return status == STATUS_OK ? secret_read(c, folder, r->account, "code", &r->enrol_code, f)
                               : status;
}

static enum status
batch_send(struct cli *c, Pb__AddAccountRequest **accounts, size_t count, struct fault *f)
{
    Pb__ImportAccountsRequest import = PB__IMPORT_ACCOUNTS_REQUEST__INIT;
    struct rectify_answer answer;
    struct cli_command command = {.method = "rectify.v1.AccountService/ImportAccounts",
                                  .request = &import.base};
    import.accounts = accounts;
    import.n_accounts = count;
    enum status status = nonce_make(c, &import.has_nonce, &import.nonce, f);
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ImportAccountsReply *reply = (const Pb__ImportAccountsReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "已建立 %d 个账号，提出 %d 个席位，等授权管理员批准后生效。\n",
                      reply->added, reply->proposed);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* What an import that was cut off has made already. */
static enum status
known_read(struct cli *c, const Pb__ListAccountsReply **ret, struct fault *f)
{
    Pb__ListAccountsRequest list = PB__LIST_ACCOUNTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.AccountService/ListAccounts", &list.base, &message, f);
    if (status == STATUS_OK) {
        *ret = (const Pb__ListAccountsReply *)message;
    }
    return status;
}

static bool
is_known(const Pb__ListAccountsReply *known, const char *account)
{
    for (size_t i = 0; i < known->n_accounts; i++) {
        if (strcmp(known->accounts[i]->account, account) == 0) {
            return true;
        }
    }
    return false;
}

static enum status
import_send(struct cli *c, Pb__AddAccountRequest **list, size_t count, struct fault *f)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i += BATCH) {
        status = batch_send(c, list + i, count - i < BATCH ? count - i : BATCH, f);
    }
    return status;
}

enum status
cmd_account_import(struct cli *c, const struct line *line, struct fault *f)
{
    struct csv csv;
    enum status status = csv_read(&c->arena, line->args[0], "name", &csv, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListAccountsReply *known = NULL;
    status = known_read(c, &known, f);
    size_t at = csv_header_row(&csv, "name");
    Pb__AddAccountRequest **list = arena_array(&c->arena, csv.count, sizeof *list);
    size_t count = 0;
    size_t skipped = 0;
    for (size_t i = at + 1; status == STATUS_OK && i < csv.count; i++) {
        Pb__AddAccountRequest *r = arena_alloc(&c->arena, sizeof *r);
        if (list == NULL || r == NULL) {
            return fault_memory(f);
        }
        if (is_known(known, csv_cell(&csv.rows[i], csv_column(&csv.rows[at], "name")))) {
            skipped++;
            continue;
        }
        status = account_read(c, &csv.rows[at], &csv.rows[i], line_value(line, "secrets"), r, f);
        list[count++] = r;
    }
    if (status == STATUS_OK && count + skipped == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_EMPTY", "“%s”里一个账号也没有。",
                         line->args[0]);
    }
    if (status == STATUS_OK && skipped > 0) {
        (void)fprintf(c->err, "（%zu 个账号已经有了，不再建立）\n", skipped);
    }
    return status == STATUS_OK ? import_send(c, list, count, f) : status;
}

enum status
cmd_account_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "账号"},   {.title = "名称", .clip = 30},
        {.title = "单位"},   {.title = "状态"},
        {.title = "锁定至"}, {.title = "密码"},
        {.title = "角色"},   {.title = "待批准", .right = true}};
    Pb__ListAccountsRequest list = PB__LIST_ACCOUNTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    list.account = cli_field(line_value(line, "account"));
    list.org = cli_field(line_value(line, "org"));
    enum status status =
        cli_query(c, "rectify.v1.AccountService/ListAccounts", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListAccountsReply *reply = (const Pb__ListAccountsReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_accounts; i++) {
        const Pb__Account *a = reply->accounts[i];
        const char **row = grid_row(&g);
        const char *roles = "";
        for (size_t k = 0; k < a->n_roles; k++) {
            const char *more =
                arena_printf(&c->arena, "%s%s%s", roles, k == 0 ? "" : "、", a->roles[k]);
            roles = more == NULL ? roles : more;
        }
        row[0] = cli_text(c, a->account);
        row[1] = cli_text(c, a->display_name);
        row[2] = a->org != NULL ? cli_text(c, a->org) : "";
        row[3] = cli_text(c, a->state_zh);
        row[4] = a->has_locked_until_ms ? value_time(&c->arena, a->locked_until_ms) : "";
        row[5] = a->has_password ? "已设" : "未设";
        row[6] = roles;
        row[7] = a->pending_grants == 0 ? "" : arena_printf(&c->arena, "%d", a->pending_grants);
    }
    return grid_print(&g, c, f);
}

/* ---- orders ---- */

static enum status
order(struct cli *c, const struct line *line, const char *method, char *code, struct fault *f)
{
    Pb__AccountOrder r = PB__ACCOUNT_ORDER__INIT;
    struct rectify_answer answer;
    struct cli_command command = {.method = method, .request = &r.base};
    r.account = cli_field(line->args[0]);
    r.reason = cli_field(line_value(line, "reason"));
    r.code = code;
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Account *a = (const Pb__Account *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "账号 %s：%s%s。\n", cli_text(c, a->account),
                      cli_text(c, a->state_zh), a->has_password ? "" : "，还没有密码");
        if (code != NULL) {
            (void)fprintf(c->out,
                          "口令码在 %s（7 天内有效，只能用一次），请当面交给本人："
                          "rectify password set。\n",
                          line_value(line, "code-file"));
        }
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_account_disable(struct cli *c, const struct line *line, struct fault *f)
{
    return order(c, line, "rectify.v1.AccountService/DisableAccount", NULL, f);
}

enum status
cmd_account_enable(struct cli *c, const struct line *line, struct fault *f)
{
    return order(c, line, "rectify.v1.AccountService/EnableAccount", NULL, f);
}

enum status
cmd_account_unlock(struct cli *c, const struct line *line, struct fault *f)
{
    return order(c, line, "rectify.v1.AccountService/UnlockAccount", NULL, f);
}

enum status
cmd_account_reset(struct cli *c, const struct line *line, struct fault *f)
{
    char *code = NULL;
    bool made = false;
    enum status status = prompt_secret_file(c, line_value(line, "code-file"), &code, &made, f);
    return status == STATUS_OK ? order(c, line, "rectify.v1.AccountService/ResetPassword", code, f)
                               : status;
}

/* The person's own: a one-time code from the administrator, a password nobody else knows. */
enum status
cmd_password_set(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__SetPasswordRequest r = PB__SET_PASSWORD_REQUEST__INIT;
    struct rectify_answer answer;
    struct cli_command command = {.method = "rectify.v1.AccountService/SetPassword",
                                  .request = &r.base};
    const char *file = line_value(line, "password-file");
    bool made = false;
    r.account = cli_field(line->args[0]);
    if (access(line_value(line, "code-file"), F_OK) != 0) {
        return fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING", "没有找到口令码文件“%s”。",
                         line_value(line, "code-file"));
    }
    enum status status = nonce_make(c, &r.has_nonce, &r.nonce, f);
    if (status == STATUS_OK) {
        status = prompt_secret_file(c, line_value(line, "code-file"), &r.code, &made, f);
    }
    if (status == STATUS_OK) {
        status = file != NULL ? prompt_secret_file(c, file, &r.new_password, &made, f)
                              : prompt_secret(c, "新密码（至少 10 个字符）：", &r.new_password, f);
    }
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status == STATUS_OK && c->format != CLI_JSON) {
        (void)fputs("新密码已设好。下一步：rectify login\n", c->out);
    }
    return status;
}
