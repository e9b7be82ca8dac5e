#include "client/cli/handlers.h"
#include "client/cli/table_check.h"
#include "client/cli/table_file.h"
#include "client/cli/tables.h"
#include "client/lib/file.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* A file to upload with a row: from the table's 证明材料, or from --attach. */
struct attachment {
    Pb__TableRow *row;
    const char *path;
    Pb__EvidenceKind kind;
};

struct submission {
    struct table_file file;
    const char *path;
    bool chosen; /* the file did not say which table it is */
    struct attachment *attachments;
    size_t count;
};

static Pb__TableRow *
row_find(const struct table_file *file, const char *ref, size_t n)
{
    for (size_t i = 0; i < file->count; i++) {
        const char *one = file->rows[i]->measure_ref;
        if (strlen(one) == n && strncasecmp(one, ref, n) == 0) {
            return file->rows[i];
        }
    }
    return NULL;
}

/* REF=FILE[:KIND] */
static enum status
attach_parse(struct cli *c, const char *text, const struct table_file *file,
             struct attachment *ret_attachment, struct fault *f)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ATTACH",
                         "--attach 的“%s”不对：要写成 措施编号=文件，例如 P-07-M-03=照片.jpg。",
                         text);
    }
    struct attachment attachment = {.row = row_find(file, text, (size_t)(equals - text))};
    if (attachment.row == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ATTACH_ROW",
                         "--attach 的措施“%.*s”不在要报送的行里。", (int)(equals - text), text);
    }
    enum status status =
        table_file_attachment_parse(&c->arena, equals + 1, &attachment.path, &attachment.kind, f);
    if (status == STATUS_OK) {
        *ret_attachment = attachment;
    }
    return status;
}

static enum status
attachment_look(struct cli *c, const struct attachment *one, struct fault *f)
{
    const char *ref = one->row->measure_ref;
    if (rectify_file_exists(one->path)) {
        return STATUS_OK;
    }
    const char *bad = table_file_bad_kind(&c->arena, one->path);
    if (bad != NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ATTACHMENT",
                         "措施 %s 的证明材料“%s”的类别“%s”不认识：可以写 印发文件、工作记录、照片、"
                         "数据 或 其他。",
                         ref, one->path, bad);
    }
    return fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING",
                     "措施 %s 的证明材料“%s”没有找到：请检查文件名，或把文件放到表所在的"
                     "文件夹。",
                     ref, one->path);
}

/* Collects all files and looks whether they are there, before anything is sent. */
static enum status
attachments_collect(struct cli *c, const struct line *line, struct submission *s, struct fault *f)
{
    const char *text = NULL;
    s->attachments = arena_array(&c->arena, s->file.attachment_count + line->value_count,
                                 sizeof *s->attachments);
    if (s->attachments == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; i < s->file.attachment_count; i++) {
        const struct table_file_attachment *from = &s->file.attachments[i];
        s->attachments[s->count++] = (struct attachment){
            .row = s->file.rows[from->row], .path = from->path, .kind = from->kind};
    }
    for (size_t i = 0; (text = line_value_at(line, "attach", i)) != NULL; i++) {
        enum status status = attach_parse(c, text, &s->file, &s->attachments[s->count], f);
        if (status != STATUS_OK) {
            return status;
        }
        s->count++;
    }
    for (size_t i = 0; i < s->count; i++) {
        enum status status = attachment_look(c, &s->attachments[i], f);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* Adds an id to a row's list, unless it is there. */
static enum status
row_attach(struct cli *c, Pb__TableRow *row, const char *id, struct fault *f)
{
    for (size_t i = 0; i < row->n_evidence; i++) {
        if (strcmp(row->evidence[i], id) == 0) {
            return STATUS_OK;
        }
    }
    char **longer = arena_array(&c->arena, row->n_evidence + 1, sizeof *longer);
    if (longer == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; i < row->n_evidence; i++) {
        longer[i] = row->evidence[i];
    }
    longer[row->n_evidence++] = cli_field(id);
    row->evidence = longer;
    return STATUS_OK;
}

static enum status
attachments_send(struct cli *c, struct submission *s, struct fault *f)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct attachment *one = &s->attachments[i];
        const char *id = NULL;
        enum status status =
            cli_evidence_upload(c, one->path, one->kind, one->row->happened_on, &id, f);
        if (status == STATUS_OK) {
            status = row_attach(c, one->row, id, f);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* All that is wrong with the file at once. */
static enum status
problems_report(struct cli *c, const struct submission *s, struct fault *f)
{
    struct fault why = {.code = STATUS_OK};
    enum status status = table_check_fault(&c->arena, &s->file, &why);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    const struct table_problem *problems = s->file.problems;
    for (size_t i = 0; s->file.problem_count > 1 && i < s->file.problem_count; i++) {
        cli_detail(c, table_check_text(&c->arena, &problems[i]));
    }
    return fault_set(f, status, why.reason, "“%s”：%s", s->path, why.message);
}

static enum status
file_load(struct cli *c, const char *path, struct table_file *ret_file, struct fault *f)
{
    struct csv csv;
    struct fault why = {.code = STATUS_OK};
    const char *folder = rectify_path_folder(&c->arena, path);
    enum status status = csv_read(&c->arena, path, "措施编号", &csv, f);
    if (status != STATUS_OK || folder == NULL) {
        return status != STATUS_OK ? status : fault_memory(f);
    }
    status = table_file_read(&c->arena, &csv, folder, ret_file, &why);
    if (status != STATUS_OK) {
        return fault_set(f, status, why.reason, "“%s”：%s", path, why.message);
    }
    if (ret_file->count == 0 && ret_file->problem_count == 0) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TABLE_ALL_ACCEPTED",
                         "“%s”里的 %zu 行都已审核通过，没有要报送的内容。", path,
                         ret_file->accepted);
    }
    return table_check_filled(&c->arena, ret_file, f);
}

/* Handed in already, or not to be handed in at all: nothing is sent. */
static enum status
table_look(struct cli *c, const struct submission *s, const Pb__Table *table, struct fault *f)
{
    const char *unit = cli_text(c, table->org_name);
    const char *period = cli_text(c, table->period);
    if (!tables_owed(table) && table->receipt != NULL) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TABLE_SUBMITTED",
                         "%s %s 的汇总表已经报送，回执 %s，现在是“%s”，不能再报送。", unit, period,
                         table->receipt, tables_state_zh(table));
    }
    if (!tables_owed(table)) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                         "%s %s 的汇总表现在是“%s”，不能报送。", unit, period,
                         tables_state_zh(table));
    }
    if (s->file.has_version && s->file.version != table->version) {
        return fault_set(
            f, STATUS_ABORTED, "STALE_VERSION",
            "“%s”是从前导出的（第 %" PRId64 " 版），%s %s 的汇总表现在是第 %" PRId64 " 版（%s）。",
            s->path, s->file.version, unit, period, table->version, tables_state_zh(table));
    }
    return STATUS_OK;
}

/* What the outbox calls it. */
static const char *
title_make(struct cli *c, const Pb__Table *table, size_t rows)
{
    return arena_printf(&c->arena, "报送 %s 汇总表（%zu 行）", cli_text(c, table->period), rows);
}

/* Which table: the file says; else what the caller owes. What is wrong is said before any file is
 * sent. A command repeated with --key goes to the server as it is: it may have been done. */
static enum status
table_prepare(struct cli *c, const struct line *line, struct submission *s, struct fault *f)
{
    Pb__Table *table = NULL;
    s->chosen = s->file.id == NULL;
    if (!s->chosen && c->key != NULL) {
        return problems_report(c, s, f);
    }
    enum status status =
        s->chosen ? tables_find(c, line, NULL, &table, f) : tables_get(c, s->file.id, &table, f);
    if (status != STATUS_OK) {
        /* what is wrong with the file itself is known without the server */
        return s->file.problem_count > 0 ? problems_report(c, s, f) : status;
    }
    if (s->chosen) {
        s->file.id = table->id;
        s->file.has_version = table->has_version;
        s->file.version = table->version;
        (void)fprintf(c->err, "文件里没有表号：按 %s %s 的汇总表报送。\n",
                      cli_text(c, table->org_name), cli_text(c, table->period));
    }
    c->title = title_make(c, table, s->file.count);
    status = table_look(c, s, table, f);
    if (status == STATUS_OK) {
        status = table_check_against(&c->arena, &s->file, table, f);
    }
    return status == STATUS_OK ? problems_report(c, s, f) : status;
}

/* Filled in, and before the second person. */
static void
confirming_print(struct cli *c, const Pb__Table *t, size_t rows)
{
    (void)fprintf(c->out, "已填好 %s（%s）%s 的汇总表：%zu 行，还没有报送，等审核人确认：\n",
                  cli_text(c, t->org_name), cli_text(c, t->org), cli_text(c, t->period), rows);
    (void)fprintf(
        c->out,
        "  审核人在自己的账号运行 rectify table confirm %s/%s\n"
        "  没有账号的：rectify table print %s/%s --out 汇总表.html 打印，签字盖章后扫描，\n"
        "  再运行 rectify table confirm %s/%s --paper 扫描件 --hash 纸上的校验码\n",
        cli_text(c, t->org), cli_text(c, t->period), cli_text(c, t->org), cli_text(c, t->period),
        cli_text(c, t->org), cli_text(c, t->period));
}

static enum status
answer_print(struct cli *c, const struct rectify_answer *answer, const struct submission *s,
             struct fault *f)
{
    enum status status = STATUS_OK;
    const Pb__SubmitTableReply *reply = (const Pb__SubmitTableReply *)answer->message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer->message, f);
    } else {
        const Pb__Table *t = reply->table;
        if (t != NULL && tables_confirming(t)) {
            confirming_print(c, t, s->file.count);
            return status;
        }
        (void)fprintf(
            c->out,
            "已报送 %s（%s）%s 的汇总表：%zu 行，新附证明材料 %zu 份，申请认定 %d 项，"
            "求助 %d 项%s。\n",
            cli_text(c, t != NULL ? t->org_name : NULL), cli_text(c, t != NULL ? t->org : NULL),
            cli_text(c, t != NULL ? t->period : NULL), s->file.count, s->count, reply->claims,
            reply->consultations, t != NULL && t->late ? "（已过截止日，按迟报登记）" : "");
    }
    cli_receipt_print(c, answer);
    return status;
}

/* Nothing new this time: no file, nothing typed. */
static enum status
submit_unchanged(struct cli *c, const struct line *line, struct fault *f)
{
    struct submission s = {.path = ""};
    Pb__Table *table = NULL;
    struct rectify_answer answer;
    Pb__SubmitTableRequest submit = PB__SUBMIT_TABLE_REQUEST__INIT;
    enum status status = tables_find(c, line, NULL, &table, f);
    if (status == STATUS_OK && c->key == NULL) {
        status = table_look(c, &s, table, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    submit.id = table->id;
    submit.has_expected_version = table->has_version;
    submit.expected_version = table->version;
    submit.has_unchanged = submit.unchanged = true;
    s.file.count = table->n_rows - (size_t)table->rows_accepted;
    c->title = title_make(c, table, s.file.count);
    struct cli_command command = {.method = "rectify.v1.TableService/SubmitTable",
                                  .request = &submit.base};
    status = cli_command(c, &command, &answer, f);
    return status == STATUS_OK ? answer_print(c, &answer, &s, f) : status;
}

static enum status
submit_file(struct cli *c, const struct line *line, struct fault *f)
{
    struct submission s = {.path = line->args[0]};
    struct rectify_answer answer;
    Pb__SubmitTableRequest submit = PB__SUBMIT_TABLE_REQUEST__INIT;
    enum status status = file_load(c, s.path, &s.file, f);
    if (status == STATUS_OK) {
        status = table_prepare(c, line, &s, f);
    }
    if (status == STATUS_OK) {
        status = attachments_collect(c, line, &s, f);
    }
    if (status == STATUS_OK) {
        status = attachments_send(c, &s, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    submit.id = cli_field(s.file.id);
    submit.n_rows = s.file.count;
    submit.rows = s.file.rows;
    submit.has_expected_version = s.file.has_version;
    submit.expected_version = s.file.version;
    struct cli_command command = {.method = "rectify.v1.TableService/SubmitTable",
                                  .request = &submit.base};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        c->explained = f->field[0] != '\0';
        table_check_explain(&c->arena, &s.file, f);
        return status;
    }
    return answer_print(c, &answer, &s, f);
}

enum status
cmd_table_submit(struct cli *c, const struct line *line, struct fault *f)
{
    bool unchanged = line_flag(line, "unchanged");
    if (unchanged == (line->arg_count > 0)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_SUBMIT",
                         "请写明报送哪个文件；本期没有新进展的，不写文件，写 --unchanged。");
    }
    return unchanged ? submit_unchanged(c, line, f) : submit_file(c, line, f);
}
