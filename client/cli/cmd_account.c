#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/prompt.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/state.h"

#include "proto/ledger/secret.h"

#include <rectify/v1/account.pb-c.h>
#include <string.h>
#include <unistd.h>

/* A secret made for something that was refused is of no use. Where the outcome is unknown it may be
 * needed, and stays. */
static void
secret_drop(const struct cli *c, const char *path, bool made)
{
    bool unknown = c->channel != NULL && rectify_channel_outcome(c->channel)->unknown;
    if (made && path != NULL && !unknown) {
        (void)unlink(path);
    }
}

enum status
cmd_account_add(struct cli *c, const struct line *line, struct fault *f)
{
    enum { ROLES_MAX = 16 };
    Pb__AddAccountRequest add = PB__ADD_ACCOUNT_REQUEST__INIT;
    struct rectify_answer answer;
    char *roles[ROLES_MAX];
    bool password_made = false;
    bool code_made = false;
    const char *code_file = line_value(line, "code-file");
    unsigned char nonce[16];
    secret_random(nonce, sizeof nonce);
    add.has_nonce = 1;
    add.nonce.data = nonce;
    add.nonce.len = sizeof nonce;
    add.account = cli_field(line->args[0]);
    add.display_name = cli_field(line_value(line, "display"));
    add.org = cli_field(line_value(line, "org"));
    const char *role = line_value(line, "role");
    add.n_roles = role == NULL ? 0 : value_list(&c->arena, role, roles, ROLES_MAX);
    add.roles = roles;
    if ((role != NULL && add.n_roles == 0) || add.n_roles > ROLES_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROLE",
                         "--role 要写一个或几个角色，例如 PLEAD 或 OFFICE,PUBL。");
    }
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = prompt_secret_file(c, line_value(line, "password-file"), &add.password,
                                    &password_made, f);
    }
    if (status == STATUS_OK && code_file != NULL) {
        status = prompt_secret_file(c, code_file, &add.enrol_code, &code_made, f);
    }
    struct cli_command command = {.method = "rectify.v1.AccountService/AddAccount",
                                  .request = &add.base};
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        secret_drop(c, line_value(line, "password-file"), password_made);
        secret_drop(c, code_file, code_made);
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "已建立账号 %s。%s%s%s\n", add.account,
                      password_made ? "初始密码在 " : "",
                      password_made ? line_value(line, "password-file") : "",
                      password_made ? "，请当面交给本人并提醒改密。" : "");
        const char *grant = ((const Pb__AddAccountReply *)answer.message)->grant;
        if (grant != NULL) {
            (void)fprintf(c->out, "已提出席位 %s，等授权管理员批准后生效。\n", cli_text(c, grant));
        }
        if (code_file != NULL) {
            (void)fprintf(c->out, "开通码在 %s（7 天内有效，只能用一次）。\n", code_file);
        }
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_account_code(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__AddEnrolCodeRequest add = PB__ADD_ENROL_CODE_REQUEST__INIT;
    struct rectify_answer answer;
    bool made = false;
    const char *path = line_value(line, "code-file");
    add.account = cli_field(line->args[0]);
    add.org = cli_field(line_value(line, "org"));
    enum status status = prompt_secret_file(c, path, &add.enrol_code, &made, f);
    struct cli_command command = {.method = "rectify.v1.AccountService/AddEnrolCode",
                                  .request = &add.base};
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        secret_drop(c, path, made);
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, answer.message, f);
    }
    (void)fprintf(
        c->out, "账号 %s 的新开通码在 %s，有效至 %s，只能用一次。\n", add.account, path,
        value_time(&c->arena, ((const Pb__AddEnrolCodeReply *)answer.message)->expires_at_ms));
    cli_receipt_print(c, &answer);
    return STATUS_OK;
}

/* ---- machines ---- */

static enum status
code_find(struct cli *c, const struct line *line, const char **ret_code, struct fault *f)
{
    const char *path = line_value(line, "code-file");
    const char *code = line_value(line, "code");
    bool made = false;
    if ((path == NULL) == (code == NULL)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_CODE",
                         "请用 --code-file 文件 或 --code 开通码 给出开通码（两者选一）。");
    }
    if (code != NULL) {
        *ret_code = code;
        return STATUS_OK;
    }
    if (access(path, F_OK) != 0) {
        return fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING", "没有找到开通码文件“%s”。", path);
    }
    char *text = NULL;
    enum status status = prompt_secret_file(c, path, &text, &made, f);
    if (status == STATUS_OK) {
        *ret_code = text;
    }
    return status;
}

/* Only the server knows; a machine it cannot be asked about counts as enrolled. */
static bool
is_revoked(struct cli *c)
{
    const Pb__WhoAmIReply *ignored = NULL;
    struct fault f = {.code = STATUS_OK};
    return view_whoami(c, &ignored, &f) != STATUS_OK && strcmp(f.reason, "MACHINE_REVOKED") == 0;
}

enum status
cmd_machine_enrol(struct cli *c, const struct line *line, struct fault *f)
{
    char host[256] = "";
    const char *code = NULL;
    const char *label = line_value(line, "label");
    Pb__EnrolMachineReply *reply = NULL;
    enum status status = cli_channel(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (rectify_machine_id(c->channel) != NULL && is_revoked(c)) {
        (void)fputs("本机先前的开通已被停用，用新的开通码重新开通。\n", c->err);
        status = rectify_machine_give_up(c->channel, &c->arena, f);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (rectify_machine_id(c->channel) != NULL) {
        if (c->format == CLI_JSON) {
            (void)fprintf(c->out, "{\n  \"machine\": \"%s\"\n}\n", rectify_machine_id(c->channel));
        } else {
            (void)fprintf(c->out, "本机先前已经开通，编号 %s，不用再办。\n",
                          rectify_machine_id(c->channel));
        }
        return STATUS_OK;
    }
    status = code_find(c, line, &code, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (label == NULL) {
        (void)gethostname(host, sizeof host - 1);
        label = arena_printf(&c->arena, "%s（%s）", host, c->profile.name);
    }
    status = rectify_machine_enrol(c->channel, &c->arena, code, label, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &reply->base, f);
    }
    (void)fprintf(c->out, "本机已开通，编号 %s，账号 %s，单位 %s。下一步：rectify login\n",
                  cli_text(c, reply->machine), cli_text(c, reply->account),
                  cli_text(c, reply->org));
    return STATUS_OK;
}

enum status
cmd_machine_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"},     {.title = "单位"},     {.title = "名称", .clip = 40},
        {.title = "开通时间"}, {.title = "停用时间"}, {.title = "证书到期"}};
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.AccountService/ListMachines", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListMachinesReply *reply = (const Pb__ListMachinesReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_machines; i++) {
        const Pb__Machine *m = reply->machines[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, m->id);
        row[1] = cli_text(c, m->org);
        row[2] = cli_text(c, m->label);
        row[3] = value_time(&c->arena, m->enrolled_at_ms);
        row[4] = m->has_revoked_at_ms ? value_time(&c->arena, m->revoked_at_ms) : "";
        row[5] = m->has_certificate_not_after_ms
                     ? value_time(&c->arena, m->certificate_not_after_ms)
                     : "";
    }
    return grid_print(&g, c, f);
}

enum status
cmd_machine_revoke(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__RevokeMachineRequest revoke = PB__REVOKE_MACHINE_REQUEST__INIT;
    struct rectify_answer answer;
    revoke.machine = cli_field(line->args[0]);
    revoke.reason = cli_field(line_value(line, "reason"));
    struct cli_command command = {.method = "rectify.v1.AccountService/RevokeMachine",
                                  .request = &revoke.base};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "机器 %s 已停用，它的密钥从现在起无效。\n", revoke.machine);
    }
    cli_receipt_print(c, &answer);
    return status;
}
