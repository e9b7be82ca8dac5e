/* Publications (通报、简报、报告): drafting, editing in a file, holding back, approving,
 * publishing. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/file.h"

#include <inttypes.h>
#include <rectify/v1/publication.pb-c.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(name) "rectify.v1.PublicationService/" name

enum { HOLD_MAX = 200, FILE_BYTES_MAX = 900 * 1024, HASH_PREFIX_MIN = 8 };

/* ---- what they share ---- */

static const struct {
    Pb__PublicationKind kind;
    const char *words[3];
} kinds[] = {
    {PB__PUBLICATION_KIND__PUBLIC_NOTICE, {"通报", "整改进展情况通报", "PUBLIC_NOTICE"}},
    {PB__PUBLICATION_KIND__INNER_NOTICE, {"党内通报", "党内通报", "INNER_NOTICE"}},
    {PB__PUBLICATION_KIND__BRIEFING, {"简报", "一页简报", "BRIEFING"}},
    {PB__PUBLICATION_KIND__RECTIFICATION_REPORT, {"报告", "整改情况报告", "RECTIFICATION_REPORT"}},
    {PB__PUBLICATION_KIND__PRINCIPAL_REPORT,
     {"负责人报告", "主要负责人组织落实情况报告", "PRINCIPAL_REPORT"}},
};

static enum status
kind_option(const struct line *line, protobuf_c_boolean *ret_has, Pb__PublicationKind *ret_kind,
            struct fault *f)
{
    const char *word = line_value(line, "kind");
    for (size_t i = 0; word != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            if (strcmp(word, kinds[i].words[j]) == 0) {
                *ret_kind = kinds[i].kind;
                *ret_has = 1;
                return STATUS_OK;
            }
        }
    }
    return word == NULL ? STATUS_OK
                        : fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_KIND",
                                    "种类“%s”不认识：可以写 通报、党内通报、简报、报告 或 "
                                    "负责人报告。",
                                    word);
}

static enum status
get(struct cli *c, const char *ref, Pb__GetPublicationReply **ret, struct fault *f)
{
    Pb__GetPublicationRequest ask = PB__GET_PUBLICATION_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    ask.ref = cli_field(ref);
    enum status status = cli_query(c, METHOD("GetPublication"), &ask.base, &message, f);
    *ret = (Pb__GetPublicationReply *)message;
    if (status == STATUS_OK && (*ret)->publication == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的答复不完整。");
    }
    return status;
}

static void
header_print(struct cli *c, const Pb__Publication *p)
{
    (void)fprintf(c->out, "%s（%s，%s）现在是“%s”，第 %d 稿，数据截至 %s。\n", cli_text(c, p->ref),
                  cli_text(c, p->kind_zh), cli_text(c, p->title), cli_text(c, p->state_zh),
                  p->content_no, cli_text(c, p->as_of));
    view_field(c, "更正的是", p->corrects);
    view_field(c, "已被更正为", p->corrected_by);
    view_field(c, "公布日期", p->published_on);
    view_field(c, "理由", p->reason);
    view_field(c, "正文校验值", p->sha256);
}

/* Runs a command that answers a publication; *ret (may be NULL) is it. */
static enum status
run(struct cli *c, const struct cli_command *command, const Pb__Publication **ret, struct fault *f)
{
    struct rectify_answer answer;
    enum status status = cli_command(c, command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Publication *p = (const Pb__Publication *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        header_print(c, p);
    }
    cli_receipt_print(c, &answer);
    if (ret != NULL) {
        *ret = p;
    }
    return status;
}

/* The version decided on: the one named, else the one that stands. */
static enum status
expect(struct cli *c, const struct line *line, struct cli_command *command,
       Pb__GetPublicationReply **ret, struct fault *f)
{
    static const struct cli_number spec = {"expect-version", 0, INT64_MAX};
    enum status status = cli_number_option(c, line, &spec, &command->has_expected_version,
                                           &command->expected_version, f);
    if (status == STATUS_OK) {
        status = get(c, line->args[0], ret, f);
    }
    if (status == STATUS_OK && !command->has_expected_version) {
        command->has_expected_version = true;
        command->expected_version = (*ret)->publication->version;
    }
    return status;
}

/* ---- the version a file was exported at ---- */

/* Where it is kept; NULL: nowhere. */
static const char *
note_path(struct cli *c, const char *ref, struct fault *f)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    bool plain = ref[0] != '\0' && strspn(ref, letters) == strlen(ref);
    return !plain || cli_profile(c, f) != STATUS_OK || c->profile.state == NULL
               ? NULL
               : arena_printf(&c->arena, "%s/publication-%s", c->profile.state, ref);
}

/* Losing it costs a check and no more. */
static void
note_keep(struct cli *c, const char *ref, int64_t version)
{
    struct fault ignored;
    char text[32];
    const char *path = note_path(c, ref, &ignored);
    const int n = snprintf(text, sizeof text, "%" PRId64 "\n", version);
    if (path != NULL && rectify_folder_make(c->profile.state, 0700, &ignored) == STATUS_OK) {
        (void)!rectify_file_replace(path, 0600, text, (size_t)n, &ignored);
    }
}

static bool
note_read(struct cli *c, const char *ref, int64_t *ret_version)
{
    struct fault ignored;
    char *text = NULL;
    size_t n = 0;
    const char *path = note_path(c, ref, &ignored);
    if (path == NULL || !rectify_file_exists(path) ||
        rectify_file_read(&c->arena, path, 64, &text, &n, &ignored) != STATUS_OK) {
        return false;
    }
    *ret_version = strtoll(text, NULL, 10);
    return *ret_version > 0;
}

/* ---- create, edit, hold-back ---- */

enum status
cmd_publication_create(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__CreatePublicationRequest r = PB__CREATE_PUBLICATION_REQUEST__INIT;
    struct cli_command command = {.method = METHOD("CreatePublication"), .request = &r.base};
    const char *day = NULL;
    const Pb__Publication *made = NULL;
    enum status status = kind_option(line, &r.has_kind, &r.kind, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "as-of", &day, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    r.inspection = cli_field(line_value(line, "inspection"));
    r.as_of = cli_field(day);
    r.title = cli_field(line_value(line, "title"));
    r.signer = cli_field(line_value(line, "signer"));
    status = run(c, &command, &made, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        (void)fprintf(c->out,
                      "接着导出修改：rectify publication export %s --format txt --out %s.txt\n",
                      cli_text(c, made->ref), cli_text(c, made->ref));
    }
    return status;
}

enum status
cmd_publication_edit(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number spec = {"expect-version", 0, INT64_MAX};
    Pb__EditPublicationRequest r = PB__EDIT_PUBLICATION_REQUEST__INIT;
    struct cli_command command = {.method = METHOD("EditPublication"), .request = &r.base};
    Pb__GetPublicationReply *now = NULL;
    const Pb__Publication *made = NULL;
    char *bytes = NULL;
    enum status status = rectify_file_read(&c->arena, line_value(line, "file"), FILE_BYTES_MAX,
                                           &bytes, &r.file.len, f);
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &spec, &command.has_expected_version,
                                   &command.expected_version, f);
    }
    if (status == STATUS_OK && !command.has_expected_version) {
        command.has_expected_version = note_read(c, line->args[0], &command.expected_version);
    }
    if (status == STATUS_OK && !command.has_expected_version) {
        status = expect(c, line, &command, &now, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    r.ref = cli_field(line->args[0]);
    r.has_file = 1;
    r.file.data = (uint8_t *)bytes;
    status = run(c, &command, &made, f);
    if (status == STATUS_OK) {
        note_keep(c, line->args[0], made->version);
    }
    return status;
}

static enum status
hold_code(const struct line *line, const char **ret_code, struct fault *f)
{
    static const char *const codes[][2] = {
        {"涉密风险", "SECRECY"},  {"个人隐私", "PRIVACY"}, {"问题线索", "CLUE"},
        {"未办结", "UNFINISHED"}, {"其他", "OTHER"},
    };
    const char *word = line_value(line, "code");
    *ret_code = NULL;
    if (word == NULL && !line_flag(line, "lift")) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_CODE",
                         "请用 --code 写明原因：涉密风险、个人隐私、问题线索、未办结 或 其他。");
    }
    for (size_t i = 0; word != NULL && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(word, codes[i][0]) == 0 || strcmp(word, codes[i][1]) == 0) {
            *ret_code = codes[i][1];
        }
    }
    return word == NULL || *ret_code != NULL
               ? STATUS_OK
               : fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_CODE",
                           "原因“%s”不认识：可以写 涉密风险、个人隐私、问题线索、未办结 或 其他。",
                           word);
}

enum status
cmd_publication_hold_back(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__HoldBackRequest r = PB__HOLD_BACK_REQUEST__INIT;
    struct cli_command command = {.method = METHOD("HoldBack"), .request = &r.base};
    Pb__GetPublicationReply *now = NULL;
    char *list[HOLD_MAX];
    const char *code = NULL;
    enum status status = hold_code(line, &code, f);
    if (status == STATUS_OK) {
        status = expect(c, line, &command, &now, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 1; i < line->arg_count && r.n_subjects < HOLD_MAX; i++) {
        list[r.n_subjects++] = cli_field(line->args[i]);
    }
    r.ref = cli_field(line->args[0]);
    r.subjects = list;
    r.hold_code = cli_field(code);
    r.reason = cli_field(line_value(line, "reason"));
    r.has_lift = r.lift = line_flag(line, "lift");
    return run(c, &command, NULL, f);
}

/* ---- check, return, correct, withdraw ---- */

enum status
cmd_publication_check(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    struct cli_command command = {.method = METHOD("CheckPublication"), .request = &r.base};
    Pb__GetPublicationReply *now = NULL;
    enum status status = expect(c, line, &command, &now, f);
    r.ref = cli_field(line->args[0]);
    return status == STATUS_OK ? run(c, &command, NULL, f) : status;
}

static enum status
end(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__EndPublicationRequest r = PB__END_PUBLICATION_REQUEST__INIT;
    struct cli_command command = {.method = method, .request = &r.base};
    Pb__GetPublicationReply *now = NULL;
    enum status status = expect(c, line, &command, &now, f);
    r.ref = cli_field(line->args[0]);
    r.reason = cli_field(line_value(line, "reason"));
    return status == STATUS_OK ? run(c, &command, NULL, f) : status;
}

enum status
cmd_publication_return(struct cli *c, const struct line *line, struct fault *f)
{
    return end(c, line, METHOD("ReturnPublication"), f);
}

enum status
cmd_publication_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    return end(c, line, METHOD("WithdrawPublication"), f);
}

enum status
cmd_publication_correct(struct cli *c, const struct line *line, struct fault *f)
{
    return end(c, line, METHOD("CorrectPublication"), f);
}

/* ---- approve, publish ---- */

/* The text meant: the one whose hash begins as given, else the one that stands. */
static enum status
bind(struct cli *c, const struct line *line, const char *method, const Pb__Publication **ret,
     struct fault *f)
{
    Pb__ApprovePublicationRequest r = PB__APPROVE_PUBLICATION_REQUEST__INIT;
    struct cli_command command = {.method = method, .request = &r.base};
    Pb__GetPublicationReply *now = NULL;
    const char *hash = line_value(line, "hash");
    enum status status = expect(c, line, &command, &now, f);
    if (status != STATUS_OK) {
        return status;
    }
    const char *stands = now->publication->sha256 == NULL ? "" : now->publication->sha256;
    size_t n = hash == NULL ? 0 : strlen(hash);
    if (hash != NULL && (n < HASH_PREFIX_MIN || strncmp(hash, stands, n) != 0)) {
        return fault_set(f, STATUS_ABORTED, "CONTENT_CHANGED",
                         "%s 现在的正文校验值是 %s，和 --hash 写的不一样（至少写前 %d 位）：请重新"
                         "看过正文后再办理。",
                         line->args[0], stands, HASH_PREFIX_MIN);
    }
    r.ref = cli_field(line->args[0]);
    r.sha256 = cli_field(stands);
    r.opinion = cli_field(line_value(line, "opinion"));
    return run(c, &command, ret, f);
}

enum status
cmd_publication_approve(struct cli *c, const struct line *line, struct fault *f)
{
    return bind(c, line, METHOD("ApprovePublication"), NULL, f);
}

enum status
cmd_publication_publish(struct cli *c, const struct line *line, struct fault *f)
{
    const Pb__Publication *p = NULL;
    enum status status = bind(c, line, METHOD("PublishPublication"), &p, f);
    if (status == STATUS_OK && c->format == CLI_TABLE &&
        (p->kind == PB__PUBLICATION_KIND__PUBLIC_NOTICE ||
         p->kind == PB__PUBLICATION_KIND__INNER_NOTICE)) {
        (void)fprintf(c->out,
                      "公布日期同时记入这次巡视的节点（已经记过的不变）：rectify inspection show "
                      "--inspection %s\n",
                      cli_text(c, p->inspection));
    }
    return status;
}

/* ---- list, show ---- */

enum status
view_publications(struct cli *c, Pb__Publication *const *publications, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"},     {.title = "种类"}, {.title = "题目", .clip = 40},
        {.title = "数据截至"}, {.title = "状态"}, {.title = "公布日期"},
        {.title = "更正"}};
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < n; i++) {
        const Pb__Publication *p = publications[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, p->ref);
        row[1] = cli_text(c, p->kind_zh);
        row[2] = cli_text(c, p->title);
        row[3] = cli_text(c, p->as_of);
        row[4] = cli_text(c, p->state_zh);
        row[5] = cli_text(c, p->published_on);
        row[6] = cli_text(c, p->corrects);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_publication_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListPublicationsRequest ask = PB__LIST_PUBLICATIONS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status = kind_option(line, &ask.has_kind, &ask.kind, f);
    if (status != STATUS_OK) {
        return status;
    }
    ask.inspection = cli_field(line_value(line, "inspection"));
    status = cli_query(c, METHOD("ListPublications"), &ask.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__ListPublicationsReply *reply = (const Pb__ListPublicationsReply *)message;
    if (reply->n_publications == 0 && c->format == CLI_TABLE) {
        (void)fputs("没有您能看到的通报或报告。\n", c->out);
        return STATUS_OK;
    }
    return view_publications(c, reply->publications, reply->n_publications, f);
}

static void
held_print(struct cli *c, const Pb__GetPublicationReply *reply)
{
    for (size_t i = 0; i < reply->n_subjects; i++) {
        const Pb__PublicationSubject *s = reply->subjects[i];
        if (s->hold_code != NULL) {
            (void)fprintf(c->out, "不公开：%s（%s）%s\n", cli_text(c, s->ref),
                          cli_text(c, s->hold_code_zh), cli_text(c, s->hold_reason));
        }
    }
}

static void
history_print(struct cli *c, const Pb__GetPublicationReply *reply)
{
    for (size_t i = 0; i < reply->n_history; i++) {
        const Pb__HistoryEntry *h = reply->history[i];
        (void)fprintf(c->out, "  %s  %s %s  %s%s%s\n", value_time(&c->arena, h->recorded_at_ms),
                      cli_text(c, h->org), cli_text(c, h->account), value_command_zh(h->command),
                      h->reason != NULL ? "  " : "", cli_text(c, h->reason));
    }
}

enum status
cmd_publication_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetPublicationReply *reply = NULL;
    enum status status = get(c, line->args[0], &reply, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, &reply->base, f);
    }
    header_print(c, reply->publication);
    held_print(c, reply);
    history_print(c, reply);
    (void)fputc('\n', c->out);
    for (size_t i = 0; i < reply->n_blocks; i++) {
        const Pb__PublicationBlock *b = reply->blocks[i];
        (void)fprintf(c->out, "%s%s\n", b->label == NULL ? "" : cli_text(c, b->label),
                      cli_text(c, b->text));
    }
    return STATUS_OK;
}

enum status
cmd_publication_allowed(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetPublicationRequest ask = PB__GET_PUBLICATION_REQUEST__INIT;
    ask.ref = cli_field(line->args[0]);
    return view_allowed(c, line, METHOD("AllowedCommands"), &ask.base, f);
}

/* ---- export ---- */

static enum status
file_write(struct cli *c, const struct line *line, FILE *out, int64_t *ret_version, struct fault *f)
{
    Pb__ExportPublicationRequest ask = PB__EXPORT_PUBLICATION_REQUEST__INIT;
    bool more = true;
    *ret_version = 0;
    ask.ref = cli_field(line->args[0]);
    ask.format = cli_field(line_value(line, "format"));
    ask.has_offset = 1;
    while (more) {
        ProtobufCMessage *message = NULL;
        enum status status = cli_query(c, METHOD("ExportPublication"), &ask.base, &message, f);
        if (status != STATUS_OK) {
            return status;
        }
        const Pb__PublicationFile *piece = (const Pb__PublicationFile *)message;
        if (*ret_version != 0 && piece->version != *ret_version) {
            return fault_set(f, STATUS_ABORTED, "CONTENT_CHANGED",
                             "导出的时候正文被人改了，请再导出一次。");
        }
        (void)fwrite(piece->data.data, 1, piece->data.len, out);
        *ret_version = piece->version;
        more = piece->has_next && piece->next > ask.offset;
        ask.offset = piece->next;
    }
    return STATUS_OK; /* commit looks at ferror */
}

enum status
cmd_publication_export(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_file file = {.stream = NULL};
    const char *path = line_value(line, "out");
    const char *format = line_value(line, "format");
    int64_t version = 0;
    if (strcmp(path, "-") == 0) {
        return file_write(c, line, c->out, &version, f);
    }
    enum status status = rectify_file_begin(path, 0640, &file, f);
    if (status == STATUS_OK) {
        status = file_write(c, line, file.stream, &version, f);
    }
    if (status == STATUS_OK) {
        (void)fflush(file.stream);
        status = tables_keep_old(c, path, file.temp, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fprintf(c->out, "已导出到 %s（第 %" PRId64 " 版）。\n", path, version);
    if (strcmp(format, "txt") == 0) {
        note_keep(c, line->args[0], version);
        (void)fprintf(c->out, "改好后交回：rectify office publication edit %s --file %s\n",
                      line->args[0], path);
    }
    return STATUS_OK;
}
