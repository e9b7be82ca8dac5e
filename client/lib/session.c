#include "client/lib/session.h"
#include "client/lib/channel_impl.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum status
rectify_password_read(const struct rectify_profile *profile, struct arena *a, char **ret_password,
                      struct fault *f)
{
    char *text = NULL;
    size_t n = 0;
    if (profile->password_file == NULL) {
        return fault_set(f, STATUS_NOT_FOUND, "PASSWORD_FILE_NONE",
                         "配置“%s”没有写 password_file。", profile->file);
    }
    enum status status = secret_file_read(profile->password_file, a, &text, &n, f);
    if (status == STATUS_OK) {
        text[strcspn(text, "\r\n")] = '\0';
        *ret_password = text;
    }
    return status;
}

static bool
session_from_reply(const Pb__LoginReply *reply, const char *account,
                   struct rectify_session *session)
{
    if (reply->session == NULL || reply->session[0] == '\0' ||
        strlen(reply->session) >= sizeof session->token ||
        strlen(account) >= sizeof session->account) {
        return false;
    }
    *session = (struct rectify_session){.expires_at_ms = reply->expires_at_ms};
    memcpy(session->token, reply->session, strlen(reply->session) + 1);
    memcpy(session->account, account, strlen(account) + 1);
    return true;
}

enum status
rectify_login(struct rectify_channel *channel, struct arena *a, const char *password,
              Pb__LoginReply **ret_reply, struct fault *f)
{
    const struct rectify_profile *profile = channel->options.profile;
    Pb__LoginRequest login = PB__LOGIN_REQUEST__INIT;
    struct rectify_answer answer;
    if (profile->account == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ACCOUNT_MISSING",
                         "配置“%s”没有写 account：请补上登录的账号。", profile->file);
    }
    if (rectify_machine_id(channel) == NULL) {
        return fault_set(f, STATUS_UNAUTHENTICATED, "MACHINE_NOT_ENROLLED",
                         "本机还没有开通：请先运行 rectify machine enrol --code-file 文件。");
    }
    login.account = arena_strdup(a, profile->account);
    login.password = arena_strdup(a, password);
    unsigned char nonce[16];
    secret_random(nonce, sizeof nonce);
    login.has_nonce = 1;
    login.nonce.data = nonce;
    login.nonce.len = sizeof nonce;
    if (login.account == NULL || login.password == NULL) {
        return fault_memory(f);
    }
    struct rectify_request request = {.method = "rectify.v1.AccountService/Login",
                                      .message = &login.base};
    enum status status = rectify_channel_send(channel, a, &request, &answer, f);
    secret_wipe(login.password, strlen(login.password));
    if (status != STATUS_OK) {
        return status;
    }
    Pb__LoginReply *reply = (Pb__LoginReply *)answer.message;
    if (!session_from_reply(reply, profile->account, &channel->session)) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的登录答复不完整。");
    }
    status = rectify_state_session_save(profile->state, &channel->session, f);
    if (status == STATUS_OK) {
        *ret_reply = reply;
    }
    return status;
}

enum status
rectify_logout(struct rectify_channel *channel, struct arena *a, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    struct rectify_answer answer;
    struct rectify_request request = {.method = "rectify.v1.AccountService/Logout",
                                      .message = &empty.base};
    enum status status = STATUS_OK;
    if (channel->session.token[0] != '\0') {
        status = rectify_channel_send(channel, a, &request, &answer, f);
    }
    rectify_state_session_clear(channel->options.profile->state);
    channel->session = (struct rectify_session){.expires_at_ms = 0};
    return status == STATUS_UNAUTHENTICATED ? STATUS_OK : status;
}

/* The key this machine signs with, made when there is none. */
static enum status
machine_key_ensure(struct rectify_channel *channel, struct arena *a, struct fault *f)
{
    const char *path = channel->options.profile->machine_key;
    if (channel->has_key) {
        return STATUS_OK;
    }
    if (path == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "MACHINE_KEY_PATH",
                         "配置“%s”没有写 machine_key：请写明本机密钥放在哪个文件里。",
                         channel->options.profile->file);
    }
    const char *folder = rectify_path_folder(a, path);
    if (folder == NULL) {
        return fault_memory(f);
    }
    enum status status = rectify_folder_make(folder, 0700, f);
    if (status == STATUS_OK) {
        status = ledger_key_create(path, &channel->key, f);
        channel->has_key = status == STATUS_OK;
    }
    return status;
}

static enum status
ledger_keep(struct rectify_channel *channel, const Pb__EnrolMachineReply *reply, struct fault *f)
{
    struct ledger_public public;
    if (!reply->has_ledger_public_key || reply->ledger_public_key.len != LEDGER_PUBLIC_BYTES) {
        return STATUS_OK; /* an older server: receipts stay unchecked */
    }
    ledger_public_from_bytes(reply->ledger_public_key.data, &public);
    if (channel->has_ledger &&
        memcmp(public.bytes, channel->ledger.bytes, LEDGER_PUBLIC_BYTES) != 0) {
        return fault_set(f, STATUS_DATA_LOSS, "LEDGER_KEY_CHANGED",
                         "服务器日志的公钥与本机先前保存的不同：请向管理员核实；确认无误后删除“%s/"
                         "ledger.pub”和同一文件夹里的 head，再试一次。",
                         channel->options.profile->state);
    }
    channel->ledger = public;
    channel->has_ledger = true;
    return rectify_state_ledger_save(channel->options.profile->state, &public, f);
}

static enum status
enrolment_keep(struct rectify_channel *channel, const Pb__EnrolMachineReply *reply, struct fault *f)
{
    const char *state = channel->options.profile->state;
    if (!uuid_text_valid(reply->machine)) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的开通答复不完整。");
    }
    enum status status = ledger_keep(channel, reply, f);
    if (status == STATUS_OK) {
        status = rectify_state_machine_save(state, reply->machine, f);
    }
    if (status == STATUS_OK) {
        memcpy(channel->machine, reply->machine, UUID_TEXT_SIZE);
        rectify_state_session_clear(state); /* it was bound to another machine */
        channel->session = (struct rectify_session){.expires_at_ms = 0};
    }
    return status;
}

enum status
rectify_machine_enrol(struct rectify_channel *channel, struct arena *a, const char *code,
                      const char *label, Pb__EnrolMachineReply **ret_reply, struct fault *f)
{
    Pb__EnrolMachineRequest enrol = PB__ENROL_MACHINE_REQUEST__INIT;
    struct rectify_answer answer;
    enum status status = machine_key_ensure(channel, a, f);
    if (status != STATUS_OK) {
        return status;
    }
    enrol.code = arena_strdup(a, code);
    enrol.label = arena_strdup(a, label);
    enrol.has_public_key = true;
    enrol.public_key.data = channel->key.public.bytes;
    enrol.public_key.len = LEDGER_PUBLIC_BYTES;
    if (enrol.code == NULL) {
        return fault_memory(f);
    }
    struct rectify_request request = {.method = "rectify.v1.AccountService/EnrolMachine",
                                      .message = &enrol.base};
    status = rectify_channel_send(channel, a, &request, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    Pb__EnrolMachineReply *reply = (Pb__EnrolMachineReply *)answer.message;
    status = enrolment_keep(channel, reply, f);
    if (status == STATUS_OK) {
        *ret_reply = reply;
    }
    return status;
}

enum status
rectify_machine_give_up(struct rectify_channel *channel, struct arena *a, struct fault *f)
{
    const char *path = channel->options.profile->machine_key;
    const char *state = channel->options.profile->state;
    const char *aside = path != NULL ? arena_printf(a, "%s.revoked", path) : NULL;
    if (aside == NULL) {
        return fault_memory(f);
    }
    if (rename(path, aside) != 0 && errno != ENOENT) {
        return fault_set(f, STATUS_UNAVAILABLE, "FILE_WRITE", "没能把旧的本机密钥“%s”改名：%s。",
                         path, rectify_errno_zh(errno));
    }
    ledger_key_clear(&channel->key);
    channel->has_key = false;
    channel->machine[0] = '\0';
    channel->session = (struct rectify_session){.expires_at_ms = 0};
    rectify_state_session_clear(state);
    rectify_state_machine_clear(state);
    return STATUS_OK;
}

const char *
rectify_machine_id(const struct rectify_channel *channel)
{
    return channel->machine[0] != '\0' && channel->has_key ? channel->machine : NULL;
}
