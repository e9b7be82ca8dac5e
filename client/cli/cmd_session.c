#include "client/cli/handlers.h"
#include "client/cli/prompt.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "proto/ledger/secret.h"

#include <string.h>

enum { NEW_PASSWORD_MIN = 10 }; /* characters; the server checks it too */

static enum status
password_get(struct cli *c, char **ret_password, struct fault *f)
{
    if (c->profile.password_file != NULL) {
        return rectify_password_read(&c->profile, &c->arena, ret_password, f);
    }
    const char *question = arena_printf(&c->arena, "账号 %s 的密码：",
                                        c->profile.account != NULL ? c->profile.account : "");
    return question != NULL ? prompt_secret(c, question, ret_password, f) : fault_memory(f);
}

/* The token is a secret: it is kept in the state folder and never printed. */
static enum status
login_print(struct cli *c, Pb__LoginReply *reply, struct fault *f)
{
    const char *notice = reply->notice != NULL && reply->notice[0] != '\0'
                             ? cli_text(c, reply->notice)
                             : "非涉密系统，严禁存储、处理、传输国家秘密";
    if (c->format == CLI_JSON) {
        Pb__LoginReply shown = *reply;
        shown.session = NULL;
        return cli_json_print(c, &shown.base, f);
    }
    (void)fprintf(c->out, "★ %s ★\n%s，您好。登录有效至 %s。下一步：rectify todo\n", notice,
                  cli_text(c, reply->display_name), value_time(&c->arena, reply->expires_at_ms));
    return STATUS_OK;
}

enum status
cmd_login(struct cli *c, const struct line *line, struct fault *f)
{
    char *password = NULL;
    Pb__LoginReply *reply = NULL;
    (void)line;
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = password_get(c, &password, f);
    }
    if (status == STATUS_OK) {
        status = rectify_login(c->channel, &c->arena, password, &reply, f);
        secret_wipe(password, strlen(password));
    }
    return status == STATUS_OK ? login_print(c, reply, f) : status;
}

enum status
cmd_logout(struct cli *c, const struct line *line, struct fault *f)
{
    (void)line;
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_logout(c->channel, &c->arena, f);
    }
    if (status == STATUS_OK) {
        (void)fputs(c->format == CLI_JSON ? "{}\n" : "已退出登录。\n", c->out);
        if (c->format != CLI_JSON && c->profile.password_file != NULL) {
            (void)fputs("提醒：这个配置写有 password_file，下一条命令会自动重新登录。\n", c->out);
        }
    }
    return status;
}

enum status
cmd_whoami(struct cli *c, const struct line *line, struct fault *f)
{
    const Pb__WhoAmIReply *who = NULL;
    (void)line;
    enum status status = view_whoami(c, &who, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &who->base, f);
    }
    view_field(c, "账号", who->account);
    view_field(c, "姓名", who->display_name);
    for (size_t i = 0; i < who->n_seats; i++) {
        const Pb__Seat *seat = who->seats[i];
        (void)fprintf(c->out, "席位：%s %s ", cli_text(c, seat->org), cli_text(c, seat->org_name));
        for (size_t j = 0; j < seat->n_roles; j++) {
            (void)fprintf(c->out, "%s%s", j > 0 ? "、" : "", cli_text(c, seat->roles[j]));
        }
        (void)fputc('\n', c->out);
    }
    view_field(c, "本机编号", who->machine);
    view_field(c, "登录有效至", value_time(&c->arena, who->expires_at_ms));
    view_field(c, "配置", c->profile.file);
    return STATUS_OK;
}

enum status
cmd_passwd(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ChangePasswordRequest change = PB__CHANGE_PASSWORD_REQUEST__INIT;
    struct rectify_answer answer;
    const char *path = line_value(line, "new-password-file");
    bool made = false;
    unsigned char nonce[16];
    secret_random(nonce, sizeof nonce);
    change.has_nonce = 1;
    change.nonce.data = nonce;
    change.nonce.len = sizeof nonce;
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = password_get(c, &change.old_password, f);
    }
    if (status == STATUS_OK) {
        status = path != NULL ? prompt_secret_file(c, path, &change.new_password, &made, f)
                              : prompt_new_password(c, &change.new_password, f);
    }
    if (status == STATUS_OK && strlen(change.new_password) < NEW_PASSWORD_MIN) {
        status =
            fault_set(f, STATUS_INVALID_ARGUMENT, "PASSWORD_SHORT", "新密码太短：至少 10 个字符。");
    }
    struct cli_command command = {.method = "rectify.v1.AccountService/ChangePassword",
                                  .request = &change.base};
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
        secret_wipe(change.old_password, strlen(change.old_password));
        secret_wipe(change.new_password, strlen(change.new_password));
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, answer.message, f);
    }
    (void)fprintf(c->out, "密码已修改，其他地方的登录已失效。%s\n",
                  c->profile.password_file != NULL ? "请把新密码写进配置的 password_file。" : "");
    cli_receipt_print(c, &answer);
    return STATUS_OK;
}
