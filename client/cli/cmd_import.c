#include "client/cli/handlers.h"
#include "client/cli/view.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/rpc/json.h"

#include <rectify/v1/inspection.pb-c.h>
#include <rectify/v1/plan.pb-c.h>
#include <string.h>

enum { IMPORT_TIMEOUT_MS = 60000, IMPORT_MAX_BYTES = LIMIT_PAYLOAD_BYTES - 4096 };

static enum status
content_read(struct cli *c, const char *path, ProtobufCBinaryData *ret_content,
             const char **ret_name, struct fault *f)
{
    char *bytes = NULL;
    size_t n = 0;
    enum status status = rectify_file_read(&c->arena, path, IMPORT_MAX_BYTES, &bytes, &n, f);
    if (status != STATUS_OK) {
        return status;
    }
    const char *slash = strrchr(path, '/');
    ret_content->data = (unsigned char *)bytes;
    ret_content->len = n;
    *ret_name = slash != NULL ? slash + 1 : path;
    return STATUS_OK;
}

static void
warnings_print(struct cli *c, Pb__ImportWarning *const *warnings, size_t n)
{
    FILE *out = c->format == CLI_TABLE ? c->out : c->err;
    for (size_t i = 0; i < n; i++) {
        const Pb__ImportWarning *w = warnings[i];
        bool placed = w->message != NULL && strncmp(w->message, "第", strlen("第")) == 0;
        if (w->line > 0 && !placed) {
            (void)fprintf(out, "提醒：第 %d 行：%s（%s）\n", w->line, cli_text(c, w->message),
                          cli_text(c, w->code));
        } else {
            (void)fprintf(out, "提醒：%s（%s）\n", cli_text(c, w->message), cli_text(c, w->code));
        }
    }
}

/* ---- the notice ---- */

static json_t *
text_json(const char *s)
{
    return json_string(s != NULL ? s : "");
}

static json_t *
problem_json(const Pb__OutlineProblem *problem)
{
    json_t *measures = json_array();
    for (size_t i = 0; i < problem->n_measures; i++) {
        (void)json_array_append_new(measures,
                                    json_pack("{s:i,s:o}", "no", (int)problem->measures[i]->no,
                                              "text", text_json(problem->measures[i]->text)));
    }
    return json_pack("{s:i,s:o,s:o}", "no", (int)problem->no, "title", text_json(problem->title),
                     "measures", measures);
}

static json_t *
item_json(const Pb__OutlineItem *item)
{
    json_t *problems = json_array();
    for (size_t i = 0; i < item->n_problems; i++) {
        (void)json_array_append_new(problems, problem_json(item->problems[i]));
    }
    return json_pack("{s:i,s:o,s:o}", "no", (int)item->no, "title", text_json(item->title),
                     "problems", problems);
}

static json_t *
warning_json(const char *code, int line, const char *message)
{
    return json_pack("{s:o,s:i,s:o}", "code", text_json(code), "line", line, "message",
                     text_json(message));
}

/* {"items": […], "warnings": […]} and nothing else: the contract of --dry-run -o json. */
static enum status
outline_print(struct cli *c, json_t *items, json_t *warnings, struct fault *f)
{
    json_t *object = json_pack("{s:o,s:o}", "items", items, "warnings", warnings);
    if (object == NULL) {
        return fault_memory(f);
    }
    (void)json_dumpf(object, c->out, JSON_INDENT(2));
    (void)fputc('\n', c->out);
    json_decref(object);
    return STATUS_OK;
}

static enum status
preview_print_json(struct cli *c, const Pb__ImportNoticeReply *reply, struct fault *f)
{
    json_t *items = json_array();
    json_t *warnings = json_array();
    for (size_t i = 0; i < reply->n_items; i++) {
        (void)json_array_append_new(items, item_json(reply->items[i]));
    }
    for (size_t i = 0; i < reply->n_warnings; i++) {
        const Pb__ImportWarning *w = reply->warnings[i];
        (void)json_array_append_new(warnings, warning_json(w->code, (int)w->line, w->message));
    }
    return outline_print(c, items, warnings, f);
}

/* Nothing was recognised: an empty outline and why, beside the error itself. */
static void
refusal_print_json(struct cli *c, const struct fault *why)
{
    const struct rectify_outcome *outcome =
        c->channel != NULL ? rectify_channel_outcome(c->channel) : NULL;
    json_t *warnings = json_array();
    (void)json_array_append_new(warnings, warning_json(why->reason, 0, why->message));
    for (size_t i = 0; outcome != NULL && i < outcome->violation_count; i++) {
        const Pb__FieldViolation *v = outcome->violations[i];
        (void)json_array_append_new(warnings, warning_json(v->reason, 0, v->message));
    }
    struct fault ignored;
    (void)!outline_print(c, json_array(), warnings, &ignored);
}

static void
preview_print(struct cli *c, const Pb__ImportNoticeReply *reply)
{
    for (size_t i = 0; i < reply->n_items; i++) {
        const Pb__OutlineItem *item = reply->items[i];
        if (item->no == 0) {
            (void)fputs("（没有写在任何一项之下）\n", c->out);
        } else {
            (void)fprintf(c->out, "（%d）%s\n", item->no, cli_text(c, item->title));
        }
        for (size_t j = 0; j < item->n_problems; j++) {
            const Pb__OutlineProblem *problem = item->problems[j];
            (void)fprintf(c->out, "    %d. %s  %zu 条措施\n", problem->no,
                          cli_text(c, problem->title), problem->n_measures);
        }
    }
    (void)fprintf(c->out, "试读：%d 项，%d 个问题，%d 条措施。什么都没有保存。\n",
                  reply->item_count, reply->problem_count, reply->measure_count);
}

static enum status
notice_preview(struct cli *c, const Pb__ImportNoticeRequest *import, struct fault *f)
{
    struct rectify_request request = {.method = "rectify.v1.InspectionService/PreviewNotice",
                                      .message = &import->base,
                                      .timeout_ms = IMPORT_TIMEOUT_MS};
    struct rectify_answer answer;
    struct fault why = {.code = STATUS_OK};
    enum status status = cli_channel(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = rectify_call(c->channel, &c->arena, &request, &answer, &why);
    if (status == STATUS_INVALID_ARGUMENT && c->format == CLI_JSON) {
        refusal_print_json(c, &why);
    }
    if (status != STATUS_OK) {
        *f = why;
        return status;
    }
    const Pb__ImportNoticeReply *reply = (const Pb__ImportNoticeReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = preview_print_json(c, reply, f);
    } else {
        preview_print(c, reply);
        warnings_print(c, reply->warnings, reply->n_warnings);
    }
    if (status == STATUS_OK && reply->n_items == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "NO_OUTLINE",
                         "没有认出任何措施：文档不是“（一）… 1.关于“…”问题的整改 … 一是…”的格式。");
    }
    return status;
}

enum status
cmd_inspection_import(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ImportNoticeRequest import = PB__IMPORT_NOTICE_REQUEST__INIT;
    struct rectify_answer answer;
    const char *name = NULL;
    struct fault why = {.code = STATUS_OK};
    enum status status = content_read(c, line->args[0], &import.content, &name, &why);
    if (status != STATUS_OK) {
        if (strcmp(why.reason, "FILE_EMPTY") == 0 && c->format == CLI_JSON &&
            line_flag(line, "dry-run")) {
            refusal_print_json(c, &why);
        }
        *f = why;
        return status;
    }
    import.has_content = true;
    import.name = cli_field(name);
    import.inspection = cli_field(line_value(line, "inspection"));
    import.document = cli_field(line_value(line, "document"));
    if (line_flag(line, "dry-run")) {
        return notice_preview(c, &import, f);
    }
    if (import.inspection == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_OPTION_MISSING",
                         "请用 --inspection 代码 写明导入到哪次巡视（只想试读就写 --dry-run）。");
    }
    struct cli_command command = {.method = "rectify.v1.InspectionService/ImportNotice",
                                  .request = &import.base,
                                  .timeout_ms = IMPORT_TIMEOUT_MS};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ImportNoticeReply *reply = (const Pb__ImportNoticeReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        warnings_print(c, reply->warnings, reply->n_warnings);
        (void)fprintf(c->out,
                      "已导入：%d 项，%d 个问题，%d 条措施（新增 %d，更新 %d，不变 %d）。\n",
                      reply->item_count, reply->problem_count, reply->measure_count, reply->added,
                      reply->updated, reply->unchanged);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* ---- the plan ---- */

static enum status
plan_answer_print(struct cli *c, const ProtobufCMessage *message, bool dry, struct fault *f)
{
    const Pb__ImportPlanReply *reply = (const Pb__ImportPlanReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    warnings_print(c, reply->warnings, reply->n_warnings);
    (void)fprintf(c->out, "%s：%d 行，更新 %d 条措施，新增 %d 条，不变 %d 条。%s\n",
                  dry ? "试读" : "已导入方案表", reply->rows, reply->updated, reply->added,
                  reply->unchanged, dry ? "什么都没有保存。" : "");
    return STATUS_OK;
}

enum status
cmd_plan_import(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ImportPlanRequest import = PB__IMPORT_PLAN_REQUEST__INIT;
    const char *name = NULL;
    bool dry = line_flag(line, "dry-run");
    enum status status = content_read(c, line->args[0], &import.content, &name, f);
    if (status != STATUS_OK) {
        return status;
    }
    import.has_content = true;
    import.name = cli_field(name);
    import.inspection = cli_field(line_value(line, "inspection"));
    import.document = cli_field(line_value(line, "document"));
    if (dry) {
        ProtobufCMessage *message = NULL;
        status = cli_query(c, "rectify.v1.PlanService/PreviewPlan", &import.base, &message, f);
        return status == STATUS_OK ? plan_answer_print(c, message, true, f) : status;
    }
    struct rectify_answer answer;
    struct cli_command command = {.method = "rectify.v1.PlanService/ImportPlan",
                                  .request = &import.base,
                                  .timeout_ms = IMPORT_TIMEOUT_MS};
    status = cli_command(c, &command, &answer, f);
    if (status == STATUS_OK) {
        status = plan_answer_print(c, answer.message, false, f);
        cli_receipt_print(c, &answer);
    }
    return status;
}

enum status
cmd_plan_approve(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ApprovePlanRequest approve = PB__APPROVE_PLAN_REQUEST__INIT;
    struct rectify_answer answer;
    approve.inspection = cli_field(line_value(line, "inspection"));
    approve.opinion = cli_field(line_value(line, "opinion"));
    approve.plan = cli_field(line_value(line, "plan"));
    struct cli_command command = {.method = "rectify.v1.PlanService/ApprovePlan",
                                  .request = &approve.base,
                                  .timeout_ms = IMPORT_TIMEOUT_MS};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ApprovePlanReply *reply = (const Pb__ApprovePlanReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "方案第 %d 版已批准：%d 项，%d 个问题，%d 条措施。内容摘要 %s\n",
                      reply->plan_version, reply->items, reply->problems, reply->measures,
                      cli_text(c, reply->sha256));
    }
    cli_receipt_print(c, &answer);
    return status;
}
