/* How commands reach the server: profile, channel, calls, uploads, and what is sent again. */
#include "client/cli/cli.h"
#include "client/cli/table_file.h"
#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "client/lib/pending.h"
#include "proto/rpc/json.h"

#include <string.h>

static void
upload_step(void *user, const char *name, int64_t done, int64_t size)
{
    cli_progress(user, name, done, size);
}

static void
restored_tell(void *user, const char *reason, int64_t since_ms)
{
    struct cli *c = user;
    cli_progress_clear(c);
    (void)fprintf(
        c->err,
        "提醒：服务器恢复到了较早的时间，有恢复声明（%s）。%s 以后收件的内容可能已不在服务器"
        "上：待发箱会用原编号再报一次；没有用待发箱的，请核对后再报。\n",
        cli_text(c, reason), value_time(&c->arena, since_ms));
}

static void
retry_tell(void *user, const struct fault *why, uint32_t wait_ms)
{
    struct cli *c = user;
    if (c->err_tty) {
        cli_progress_clear(c);
        (void)fprintf(c->err, "%s，%.1f 秒后再试…", status_text_zh(why->code), wait_ms / 1000.0);
        (void)fflush(c->err);
        c->progress_shown = true;
    }
}

/* ---- profile and channel ---- */

enum status
cli_profile(struct cli *c, struct fault *f)
{
    struct rectify_places places;
    if (c->profile.name != NULL) {
        return STATUS_OK;
    }
    enum status status = rectify_places_find(&c->arena, c->home, &places, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = rectify_profile_load(&c->arena, &places, c->profile_name, &c->profile, f);
    if (status == STATUS_OK && c->profile_name == NULL && c->err_tty &&
        strcmp(c->profile.name, "office") == 0) {
        (void)fprintf(c->err, "（没有写 --profile，用的是配置 %s）\n", c->profile.name);
    }
    return status;
}

/* For whom the envelope says it is: a unit (代报) or a person (代行). */
static const char *
whom(const struct cli *c)
{
    return c->stands_for != NULL ? c->stands_for : c->on_behalf_of;
}

enum status
cli_channel(struct cli *c, struct fault *f)
{
    if (c->channel != NULL) {
        return STATUS_OK;
    }
    enum status status = cli_profile(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    struct rectify_channel_options options = {
        .profile = &c->profile,
        .client_version = CLI_CLIENT_VERSION,
        .on_behalf_of = whom(c),
        .deadline_ms = c->deadline_ms,
        .on_restored = restored_tell,
        .on_retry = retry_tell,
        .user = c,
    };
    return rectify_channel_open(&options, &c->channel, f);
}

enum status
cli_query(struct cli *c, const char *method, const ProtobufCMessage *request,
          ProtobufCMessage **ret_reply, struct fault *f)
{
    struct rectify_request call = {.method = method, .message = request};
    struct rectify_answer answer;
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_call(c->channel, &c->arena, &call, &answer, f);
    }
    if (status == STATUS_OK) {
        cli_progress_clear(c);
        *ret_reply = answer.message;
    }
    return status;
}

/* A command whose outcome is unknown is kept, so that --key can send exactly the same again. */
static void
pending_update(struct cli *c, const struct rectify_request *call)
{
    const struct rectify_outcome *outcome = rectify_channel_outcome(c->channel);
    struct rectify_pending pending = {.request = *call, .on_behalf_of = whom(c)};
    struct fault ignored; /* the person is told about the command's own fault */
    pending.request.key = outcome->key;
    if (outcome->unknown) {
        (void)!rectify_pending_save(c->profile.state, &pending, &ignored);
    } else if (c->key != NULL) {
        rectify_pending_clear(c->profile.state, c->key);
    }
}

enum status
cli_pending_resend(struct cli *c, bool *ret_done, struct fault *f)
{
    struct rectify_pending pending;
    struct rectify_answer answer;
    *ret_done = false;
    if (c->key == NULL) {
        return STATUS_OK;
    }
    enum status status = cli_profile(c, f);
    if (status == STATUS_OK) {
        status = rectify_pending_load(&c->arena, c->profile.state, c->key, &pending, f);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND && c->profile.name != NULL ? STATUS_OK : status;
    }
    *ret_done = true;
    bool person = pending.on_behalf_of != NULL && pending.on_behalf_of[0] == '@';
    c->on_behalf_of = person ? NULL : pending.on_behalf_of;
    c->stands_for = person ? pending.on_behalf_of : NULL;
    status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_call(c->channel, &c->arena, &pending.request, &answer, f);
        cli_progress_clear(c);
        pending_update(c, &pending.request);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "上次结果未知的办理（%s）%s。\n", pending.request.method,
                      answer.replayed ? "当时已经办成，没有重复办理" : "现在已办成");
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* "请刷新后查看…" is for a page on a screen; the advice beneath says what to type. */
static void
screen_words_cut(struct fault *f)
{
    char *begin = strstr(f->message, "请刷新");
    if (begin != NULL && begin > f->message && strcmp(f->reason, "STATE_FORBIDS") == 0) {
        *begin = '\0';
    }
}

enum status
cli_command(struct cli *c, const struct cli_command *command, struct rectify_answer *ret_answer,
            struct fault *f)
{
    struct rectify_request call = {
        .method = command->method,
        .message = command->request,
        .key = c->key,
        .has_expected_version = command->has_expected_version,
        .expected_version = command->expected_version,
        .timeout_ms = command->timeout_ms,
    };
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_call(c->channel, &c->arena, &call, ret_answer, f);
        cli_progress_clear(c);
        pending_update(c, &call);
    }
    if (status != STATUS_OK) {
        screen_words_cut(f);
    }
    return status;
}

void
cli_receipt_print(struct cli *c, const struct rectify_answer *answer)
{
    if (answer->receipt == NULL || answer->receipt->number == NULL) {
        return;
    }
    (void)fprintf(c->format == CLI_TABLE ? c->out : c->err, "已收件，回执 %s%s。\n",
                  cli_text(c, answer->receipt->number),
                  answer->replayed ? "（同一办理编号先前已办，没有重复办理）" : "");
}

enum status
cli_json_print(struct cli *c, const ProtobufCMessage *message, struct fault *f)
{
    const char *text = NULL;
    enum status status = json_print_message(&c->arena, message, true, &text, f);
    if (status == STATUS_OK) {
        (void)fprintf(c->out, "%s\n", text);
    }
    return status;
}

/* The server's refusals of a file's content begin without its name. */
static enum status
upload_refused(const char *path, struct fault *f)
{
    static const char *const reasons[] = {"SECRET_MARK", "FILE_UNCHECKABLE"};
    static const char *const texts[] = {
        "里面带有密级标志。本系统是非涉密系统，严禁存储、处理、传输国家秘密：服务器上没有保留"
        "这份文件，您自己的文件没有动。",
        "是压缩或办公文件，但已损坏、加了密码，或展开后太大，没法检查是否带有密级标志：请去掉"
        "密码、拆小或转成 PDF 后再传。服务器上没有保留这份文件。",
    };
    struct fault why = *f;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(why.reason, reasons[i]) == 0) {
            return fault_set(f, why.code, why.reason, "证明材料“%s”%s", path, texts[i]);
        }
    }
    return why.code;
}

enum status
cli_evidence_upload(struct cli *c, const char *path, Pb__EvidenceKind kind,
                    const char *effective_on, const char **ret_id, struct fault *f)
{
    struct rectify_upload upload = {.path = path,
                                    .kind = kind,
                                    .effective_on = effective_on,
                                    .progress = {.step = upload_step, .user = c}};
    Pb__Evidence *evidence = NULL;
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_evidence_upload(c->channel, &c->arena, &upload, &evidence, f);
        cli_progress_clear(c);
        if (status != STATUS_OK) {
            f->code = status;
            c->explained = strcmp(f->reason, "SECRET_MARK") == 0;
            return upload_refused(path, f);
        }
    }
    if (status == STATUS_OK && evidence->id == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的上传答复不完整。");
    }
    if (status == STATUS_OK) {
        *ret_id = evidence->id;
    }
    return status;
}

enum status
cli_evidence_look(struct cli *c, const char *text, struct fault *f)
{
    const char *path = NULL;
    Pb__EvidenceKind kind = PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED;
    enum status status = table_file_attachment_parse(&c->arena, text, &path, &kind, f);
    if (status != STATUS_OK || rectify_file_exists(path)) {
        return status;
    }
    const char *bad = table_file_bad_kind(&c->arena, path);
    return bad != NULL
               ? fault_set(f, STATUS_INVALID_ARGUMENT, "ATTACHMENT",
                           "“%s”的类别“%s”不认识：可以写 印发文件、工作记录、照片、数据 或 其他。",
                           path, bad)
               : fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING",
                           "证明材料“%s”没有找到：请检查文件名和所在的文件夹。", path);
}

enum status
cli_evidence_send(struct cli *c, const char *text, const char *effective_on, const char **ret_id,
                  struct fault *f)
{
    const char *path = NULL;
    Pb__EvidenceKind kind = PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED;
    enum status status = table_file_attachment_parse(&c->arena, text, &path, &kind, f);
    if (status == STATUS_OK) {
        status = cli_evidence_upload(c, path, kind, effective_on, ret_id, f);
    }
    return status;
}
