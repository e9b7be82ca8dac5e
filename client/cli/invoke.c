/* How commands reach the server: profile, channel, calls, uploads, and what is sent again. */
#include "client/cli/cli.h"
#include "client/cli/queue.h"
#include "client/cli/table_file.h"
#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/lib/cache.h"
#include "client/lib/file.h"
#include "client/lib/onboard.h"
#include "proto/rpc/json.h"

#include <inttypes.h>
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
    if (status == STATUS_OK) {
        queue_mode_set(c);
    }
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

/* A machine that was off past the end of its certificate comes back by itself. */
static enum status
certificate_revive(struct cli *c, const struct rectify_channel_options *options, struct fault *f)
{
    int64_t until_ms = 0;
    enum status status = rectify_certificate_renew(options, &until_ms, f);
    if (status == STATUS_OK) {
        (void)fprintf(c->err, "（本机证书已到期，已换发新的，有效至 %s）\n",
                      value_time(&c->arena, until_ms));
        status = rectify_channel_open(options, &c->channel, f);
    }
    return status;
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
    bool offline = queue_reads_offline(c); /* opens the cache */
    struct rectify_channel_options options = {
        .profile = &c->profile,
        .client_version = CLI_CLIENT_VERSION,
        .on_behalf_of = whom(c),
        .deadline_ms = c->deadline_ms,
        .on_restored = restored_tell,
        .on_retry = retry_tell,
        .user = c,
        .offline_reads = offline,
        .cache = c->cache,
    };
    status = rectify_channel_open(&options, &c->channel, f);
    return status != STATUS_OK && strcmp(f->reason, "TLS_CERT_EXPIRED") == 0 &&
                   c->profile.onboard != NULL
               ? certificate_revive(c, &options, f)
               : status;
}

enum status
cli_query(struct cli *c, const char *method, const ProtobufCMessage *request,
          ProtobufCMessage **ret_reply, struct fault *f)
{
    struct rectify_request call = {.method = method, .message = request};
    struct rectify_answer answer;
    enum status status = cli_channel(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->cache != NULL && c->deadline_ms == 0) {
        rectify_channel_deadline_set(c->channel, QUEUE_QUESTION_MS);
    }
    status = rectify_call(c->channel, &c->arena, &call, &answer, f);
    rectify_channel_deadline_set(c->channel, c->deadline_ms);
    if (status == STATUS_OK) {
        cli_progress_clear(c);
        *ret_reply = answer.message;
    }
    c->reached |= status == STATUS_OK && answer.cached_at_ms == 0;
    if (status == STATUS_OK && answer.cached_at_ms != 0) {
        queue_offline_tell(c, answer.cached_at_ms);
    }
    return status;
}

enum status
cli_query_if_known(struct cli *c, const char *method, const ProtobufCMessage *request,
                   ProtobufCMessage **ret_reply, bool *ret_found, struct fault *f)
{
    enum status status = cli_query(c, method, request, ret_reply, f);
    bool line = status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE_EXCEEDED;
    *ret_found = status == STATUS_OK;
    return line && c->queue != CLI_QUEUE_NEVER ? STATUS_OK : status;
}

void
cli_query_remember(struct cli *c, const char *method, const ProtobufCMessage *request,
                   const ProtobufCMessage *reply)
{
    struct rectify_request call = {.method = method, .message = request};
    bool person = whom(c) != NULL && whom(c)[0] == '@';
    if (c->cache != NULL && c->profile.account != NULL && !person &&
        !rectify_channel_offline(c->channel)) {
        rectify_cache_put(c->cache, c->profile.account, &call, reply);
    }
}

/* ---- commands ---- */

/* With the key of a command that the outbox keeps: what the item is now. */
static enum status
kept_find(struct cli *c, struct rectify_item *ret_item, bool *ret_found, struct fault *f)
{
    *ret_found = false;
    enum status status = cli_profile(c, f);
    if (status != STATUS_OK || !rectify_outbox_exists(c->profile.state)) {
        return status;
    }
    status = queue_outbox(c, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_find(c->outbox, &c->arena, c->key, ret_item, f);
    }
    *ret_found = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Sends the item alone; it may be settled already. */
static enum status
kept_send(struct cli *c, struct rectify_item *item, struct fault *f)
{
    struct rectify_drain drain;
    struct rectify_drain_options options = {
        .only = item->number, .progress = upload_step, .user = c};
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_drain(c->outbox, c->channel, &options, &drain, f);
        cli_progress_clear(c);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (drain.end == RECTIFY_DRAIN_OTHER) {
        return fault_set(f, STATUS_UNAVAILABLE, "OUTBOX_SENDING",
                         "别的程序正在发送待发箱里的办理，请稍后用 rectify outbox 查看。");
    }
    if (drain.end != RECTIFY_DRAIN_EMPTY) {
        return fault_set(f, drain.why.code, drain.why.reason, "%s", drain.why.message);
    }
    return rectify_outbox_find(c->outbox, &c->arena, item->key, item, f);
}

enum status
cli_key_resend(struct cli *c, bool *ret_done, struct fault *f)
{
    struct rectify_item item;
    struct rectify_answer answer;
    *ret_done = false;
    if (c->key == NULL) {
        return STATUS_OK;
    }
    enum status status = kept_find(c, &item, ret_done, f);
    if (status != STATUS_OK || !*ret_done) {
        return status;
    }
    if (item.state == RECTIFY_ITEM_QUEUED || item.state == RECTIFY_ITEM_SENT) {
        status = kept_send(c, &item, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (item.state != RECTIFY_ITEM_RECEIVED) {
        return queue_refusal(&item, f);
    }
    status = rectify_outbox_answer(c->outbox, &c->arena, item.number, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "%s：已办成，没有重复办理。\n", cli_text(c, item.title));
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

/* A command that failed: one whose outcome is unknown is kept, so that exactly the same goes again;
 * one that never left waits where the profile says so. */
static enum status
failed_keep(struct cli *c, const struct rectify_request *call, enum status status, struct fault *f)
{
    const struct rectify_outcome *outcome = rectify_channel_outcome(c->channel);
    struct rectify_request kept = *call;
    struct rectify_item item;
    struct fault ignored; /* the person is told about the command's own fault */
    bool line = status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE_EXCEEDED;
    if (!outcome->unknown) {
        struct rectify_answer none;
        bool waits = line && c->queue == CLI_QUEUE_OFFLINE;
        return waits ? queue_command(c, call, &none, f) : status;
    }
    kept.key = arena_strdup(&c->arena, outcome->key);
    int64_t number = 0;
    if (kept.key == NULL || queue_keep_unknown(c, &kept, &number, &ignored) != STATUS_OK ||
        number == 0 || c->queue != CLI_QUEUE_OFFLINE ||
        rectify_outbox_find(c->outbox, &c->arena, kept.key, &item, &ignored) != STATUS_OK) {
        return status;
    }
    return queue_tell(c, &item, f);
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
    if (status != STATUS_OK) {
        return status;
    }
    if (queue_wanted(c)) {
        status = queue_command(c, &call, ret_answer, f);
    } else {
        status = rectify_call(c->channel, &c->arena, &call, ret_answer, f);
        cli_progress_clear(c);
        if (status != STATUS_OK) {
            status = failed_keep(c, &call, status, f);
        }
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

static enum status
evidence_send_now(struct cli *c, const struct rectify_upload *upload, const char **ret_id,
                  struct fault *f)
{
    Pb__Evidence *evidence = NULL;
    enum status status = rectify_evidence_upload(c->channel, &c->arena, upload, &evidence, f);
    cli_progress_clear(c);
    if (status != STATUS_OK) {
        f->code = status;
        c->explained = strcmp(f->reason, "SECRET_MARK") == 0;
        return upload_refused(upload->path, f);
    }
    if (evidence->id == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的上传答复不完整。");
    }
    *ret_id = evidence->id;
    return STATUS_OK;
}

enum status
cli_evidence_upload(struct cli *c, const char *path, Pb__EvidenceKind kind,
                    const char *effective_on, const char **ret_id, struct fault *f)
{
    struct rectify_upload upload = {.path = path,
                                    .kind = kind,
                                    .effective_on = effective_on,
                                    .progress = {.step = upload_step, .user = c}};
    struct rectify_outbox_file file = {.path = path, .kind = kind, .effective_on = effective_on};
    enum status status = cli_channel(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (queue_wanted(c)) {
        return queue_capture(c, &file, ret_id, f);
    }
    status = evidence_send_now(c, &upload, ret_id, f);
    bool line = status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE_EXCEEDED;
    return line && c->queue == CLI_QUEUE_OFFLINE ? queue_capture(c, &file, ret_id, f) : status;
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
