/* The office's view of a period: the summary as a workbook or CSV, and who is missing. */
#include "client/cli/csv.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/pieces.h"
#include "client/cli/value.h"
#include "client/lib/file.h"

#include <rectify/v1/table.pb-c.h>
#include <string.h>

static const char *
or_empty(const char *s)
{
    return s != NULL ? s : "";
}

static enum status
period_option(struct cli *c, const struct line *line, char **ret_period, struct fault *f)
{
    const char *text = line_value(line, "period");
    *ret_period = text == NULL ? NULL : cli_field(value_period(&c->arena, text));
    if (text != NULL && *ret_period == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PERIOD",
                         "期次“%s”不对：要写成 2026-11 或 2026-Q4 这样。", text);
    }
    return STATUS_OK;
}

static const char *
names_join(struct arena *a, char *const *names, size_t n)
{
    const char *text = "";
    for (size_t i = 0; i < n; i++) {
        const char *longer = arena_printf(a, "%s%s%s", text, i > 0 ? "、" : "", names[i]);
        text = longer != NULL ? longer : text;
    }
    return text;
}

/* ---- rows ---- */

enum { CSV_COLUMNS = 20 };

static const char *const titles[CSV_COLUMNS] = {
    "单位代码", "牵头单位",     "项",           "整改项目",   "问题编号", "反馈问题", "措施编号",
    "整改措施", "明显成效时限", "整改到位时限", "完成百分比", "整改进展", "困难问题", "求助",
    "申请认定", "申请延期至",   "材料份数",     "审核",       "措施状态", "报送情况",
};

static const char *
due_of(const Pb__SummaryRow *s, Pb__MilestoneKind kind)
{
    for (size_t i = 0; i < s->n_milestones; i++) {
        if (s->milestones[i]->kind == kind) {
            return or_empty(s->milestones[i]->current_due);
        }
    }
    return "";
}

static void
row_write(struct cli *c, FILE *out, const Pb__SummaryRow *s)
{
    struct arena *a = &c->arena;
    const Pb__TableRow *r = s->row;
    const char *cells[CSV_COLUMNS] = {
        or_empty(s->org),
        or_empty(s->org_name),
        or_empty(arena_printf(a, "%d", s->item_no)),
        or_empty(s->item),
        or_empty(s->problem_ref),
        or_empty(s->problem),
        or_empty(r->measure_ref),
        or_empty(r->measure_text),
        due_of(s, PB__MILESTONE_KIND__EFFECT),
        due_of(s, PB__MILESTONE_KIND__COMPLETE),
        or_empty(arena_printf(a, "%d", r->percent)),
        or_empty(arena_printf(a, "%s%s", r->unchanged ? "【本期无新进展】" : "",
                              or_empty(r->narrative))),
        or_empty(r->difficulty),
        r->ask_help ? "是" : "",
        value_claim_zh(r->claim),
        or_empty(r->extension_due),
        or_empty(arena_printf(a, "%d", s->evidence_count)),
        value_verdict_zh(r->verdict),
        or_empty(r->measure_state_zh),
        s->late ? "迟报" : "按时",
    };
    csv_write_row(out, cells, CSV_COLUMNS);
}

static enum status
rows_write(struct cli *c, Pb__GetSummaryRequest *get, FILE *out, struct fault *f)
{
    bool more = true;
    get->has_offset = true;
    get->offset = 0;
    csv_write_row(out, titles, CSV_COLUMNS);
    while (more) {
        ProtobufCMessage *message = NULL;
        enum status status =
            cli_query(c, "rectify.v1.TableService/GetSummary", &get->base, &message, f);
        if (status != STATUS_OK) {
            return status;
        }
        const Pb__GetSummaryReply *reply = (const Pb__GetSummaryReply *)message;
        for (size_t i = 0; i < reply->n_rows; i++) {
            row_write(c, out, reply->rows[i]);
        }
        more = reply->has_next && reply->next > get->offset;
        get->offset = reply->next;
    }
    return STATUS_OK;
}

/* How many tables there are, and how many of them came. */
static enum status
counts_print(struct cli *c, Pb__GetSummaryRequest *get, const char *path, struct fault *f)
{
    ProtobufCMessage *message = NULL;
    get->has_offset = false;
    enum status status =
        cli_query(c, "rectify.v1.TableService/GetSummary", &get->base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetSummaryReply *reply = (const Pb__GetSummaryReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    (void)fprintf(c->out, "已写好 %s 的《自查汇总表》“%s”：应报 %d 张，已报 %d 张（含免报）。\n",
                  get->period, path, reply->tables, reply->handed_in);
    if (reply->handed_in < reply->tables) {
        (void)fprintf(c->out, "看谁没有报：rectify office missing --period %s\n", get->period);
    }
    return STATUS_OK;
}

enum status
cmd_summary(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetSummaryRequest get = PB__GET_SUMMARY_REQUEST__INIT;
    struct rectify_file file = {.stream = NULL};
    const char *path = line_value(line, "out");
    enum status status = period_option(c, line, &get.period, f);
    get.inspection = cli_field(line_value(line, "inspection"));
    bool screen = strcmp(path, "-") == 0;
    if (status == STATUS_OK && !screen && !ends_with(path, ".xlsx") && !ends_with(path, ".csv")) {
        status = fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_OUT",
                           "文件名要以 .xlsx 或 .csv 结尾（“-”是屏幕，CSV）。");
    }
    if (status == STATUS_OK) {
        status = rectify_file_begin(path, 0640, &file, f);
    }
    if (status == STATUS_OK) {
        bool book = ends_with(path, ".xlsx");
        if (!book) {
            csv_begin(file.stream, path);
        }
        get.has_offset = true;
        status = book ? pieces_write(c, "rectify.v1.TableService/GetSummaryFile", &get.base,
                                     &get.offset, file.stream, f)
                      : rows_write(c, &get, file.stream, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    return status == STATUS_OK && !screen ? counts_print(c, &get, path, f) : status;
}

/* ---- who is missing ---- */

enum status
cmd_missing(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "期次"},
                                                 {.title = "单位代码"},
                                                 {.title = "单位", .clip = 30},
                                                 {.title = "报送截止"},
                                                 {.title = "逾期天数", .right = true},
                                                 {.title = "情况"},
                                                 {.title = "填报人"},
                                                 {.title = "审核人"},
                                                 {.title = "主要负责人"}};
    Pb__ListMissingRequest list = PB__LIST_MISSING_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    enum status status = period_option(c, line, &list.period, f);
    list.inspection = cli_field(line_value(line, "inspection"));
    if (status == STATUS_OK) {
        status = cli_query(c, "rectify.v1.TableService/ListMissing", &list.base, &message, f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__ListMissingReply *reply = (const Pb__ListMissingReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_missing; i++) {
        const Pb__MissingTable *m = reply->missing[i];
        const char **row = grid_row(&g);
        row[0] = or_empty(m->period);
        row[1] = or_empty(m->org);
        row[2] = or_empty(m->org_name);
        row[3] = or_empty(m->due);
        row[4] = grid_number(&g, m->days);
        row[5] = or_empty(m->state_zh);
        row[6] = names_join(&c->arena, m->fillers, m->n_fillers);
        row[7] = names_join(&c->arena, m->reviewers, m->n_reviewers);
        row[8] = names_join(&c->arena, m->heads, m->n_heads);
    }
    status = grid_print(&g, c, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        (void)fprintf(c->out, "截至 %s，逾期未报 %zu 张。\n", or_empty(reply->as_of),
                      reply->n_missing);
    }
    return status;
}
