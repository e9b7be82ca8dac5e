#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/table_file.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/file.h"

#include <inttypes.h>
#include <string.h>

/* Confirmed on paper: which scan, and whether the office has looked at it. */
static void
paper_print(struct cli *c, const Pb__Table *t)
{
    if (t->paper_evidence != NULL) {
        (void)fprintf(c->out, "审核人以纸质件确认：扫描件 %s，校验码 %.16s…，%s\n",
                      cli_text(c, t->paper_evidence), cli_text(c, t->paper_hash),
                      t->paper_checked ? "办公室已核对" : "办公室还没有核对");
    }
}

/* What every command left of it. */
static enum status
versions_print(struct cli *c, const Pb__Table *t, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "版本", .right = true},
                                                 {.title = "第几稿", .right = true},
                                                 {.title = "状态"},
                                                 {.title = "时间"},
                                                 {.title = "账号"},
                                                 {.title = "回执"},
                                                 {.title = "说明", .clip = 40}};
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < t->n_versions; i++) {
        const Pb__TableVersion *v = t->versions[i];
        const char **row = grid_row(&g);
        row[0] = grid_number(&g, v->version);
        row[1] = grid_number(&g, v->edition);
        row[2] = cli_text(c, v->state_zh);
        row[3] = value_time(&c->arena, v->at_ms);
        row[4] = cli_text(c, v->account);
        row[5] = cli_text(c, v->receipt);
        row[6] = cli_text(c, value_reason(&c->arena, v->reason));
    }
    (void)fputs("\n各版本（查看：rectify table show 表号 --version 版本）\n", c->out);
    return grid_print(&g, c, f);
}

static void
table_head_print(struct cli *c, const Pb__Table *t)
{
    (void)fprintf(c->out, "整改工作推进情况自查汇总表  %s（%s）  %s\n", cli_text(c, t->org_name),
                  cli_text(c, t->org), cli_text(c, t->period));
    (void)fprintf(c->out, "状态：%s  报送截止：%s  %s\n", cli_text(c, tables_state_zh(t)),
                  cli_text(c, t->due), view_light(c, t->light, t->has_days_left, t->days_left));
    view_field(c, "填报人", t->filled_by);
    view_field(c, "审核人", t->reviewed_by);
    paper_print(c, t);
    view_field(c, "说明", value_reason(&c->arena, t->reason));
    view_field(c, "回执", t->receipt);
    if (t->late) {
        (void)fputs("迟报：按服务器收到的时间，报送时已过截止日。\n", c->out);
    }
    (void)fprintf(c->out, "表号：%s  第 %" PRId64 " 版\n\n", cli_text(c, t->id), t->version);
}

/* ---- the files named in the rows ---- */

static const Pb__Evidence *
evidence_find(struct cli *c, const char *id)
{
    Pb__GetEvidenceRequest get = PB__GET_EVIDENCE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct fault ignored; /* who may not see the record still sees that there is a file */
    get.id = cli_field(id);
    enum status status =
        cli_query(c, "rectify.v1.EvidenceService/GetEvidence", &get.base, &message, &ignored);
    return status == STATUS_OK ? (const Pb__Evidence *)message : NULL;
}

static enum status
evidence_print(struct cli *c, const Pb__Table *table, struct fault *f)
{
    enum { NAMED_MAX = 200 }; /* records asked for; the rest is listed by id alone */
    static const struct grid_column columns[] = {{.title = "措施编号"},
                                                 {.title = "证明材料", .clip = 40},
                                                 {.title = "类别"},
                                                 {.title = "字节", .right = true},
                                                 {.title = "材料编号"}};
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < table->n_rows; i++) {
        const Pb__TableRow *r = table->rows[i];
        for (size_t j = 0; j < r->n_evidence; j++) {
            const Pb__Evidence *e =
                g.row_count < NAMED_MAX ? evidence_find(c, r->evidence[j]) : NULL;
            const char **row = grid_row(&g);
            row[0] = cli_text(c, r->measure_ref);
            row[1] = e != NULL ? cli_text(c, e->name) : "";
            row[2] = e != NULL ? value_kind_zh(e->kind) : "";
            row[3] = e != NULL ? grid_number(&g, e->size) : "";
            row[4] = cli_text(c, r->evidence[j]);
        }
    }
    if (g.row_count == 0) {
        return STATUS_OK;
    }
    (void)fputs("\n证明材料（下载：rectify evidence get 材料编号 --out 文件）\n", c->out);
    return grid_print(&g, c, f);
}

/* The next step of the one who looks: the unit fills in, the office judges. */
static enum status
next_print(struct cli *c, const Pb__Table *t, struct fault *f)
{
    const Pb__WhoAmIReply *who = NULL;
    if (!tables_owed(t) && !tables_waiting(t)) {
        return STATUS_OK;
    }
    enum status status = view_whoami(c, &who, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (tables_owed(t) && view_owns(c, who, t->org)) {
        (void)fputs("\n下一步：rectify table export --out 汇总表.csv 导出填写，"
                    "再 rectify table submit 汇总表.csv 报送。\n",
                    c->out);
    } else if (tables_waiting(t) && view_has_role(who, "OFFICE")) {
        (void)fprintf(c->out,
                      "\n下一步：rectify office table decide %s/%s --row 编号=accept，或 "
                      "编号=return:理由；全部通过写 --accept-all。\n",
                      cli_text(c, t->org), cli_text(c, t->period));
    }
    return STATUS_OK;
}

enum status
cmd_table_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Table *table = NULL;
    const char *text = line->arg_count > 0 ? line->args[0] : NULL;
    static const struct cli_number version = {"version", 0, INT64_MAX};
    int64_t wanted = 0;
    bool former = false;
    enum status status = cli_number_option(c, line, &version, &former, &wanted, f);
    if (status == STATUS_OK) {
        status = tables_find(c, line, text, &table, f);
    }
    if (status == STATUS_OK && former) {
        status = tables_get_version(c, table->id, wanted, &table, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &table->base, f);
    }
    if (c->format == CLI_TABLE) {
        table_head_print(c, table);
    }
    status = view_table_rows(c, table, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        status = evidence_print(c, table, f);
    }
    if (status == STATUS_OK && c->format == CLI_TABLE && line_flag(line, "versions")) {
        status = versions_print(c, table, f);
    }
    return status == STATUS_OK && c->format == CLI_TABLE ? next_print(c, table, f) : status;
}

enum status
cmd_table_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *period = line_value(line, "period");
    list.org = cli_field(line_value(line, "org"));
    if (line_value(line, "state") != NULL) {
        list.state = cli_field(value_table_state(&c->arena, line_value(line, "state")));
        if (list.state == NULL) {
            return fault_set(
                f, STATUS_INVALID_ARGUMENT, "USAGE_STATE",
                "没有“%s”这个状态：可以写 待填报、填报中、待审核人确认、已报送、部分退回、"
                "审核通过、已归档、本期无进展 或 免报。",
                line_value(line, "state"));
        }
    }
    list.inspection = cli_field(line_value(line, "inspection"));
    list.has_missing = list.missing = line_flag(line, "missing");
    list.has_late = list.late = line_flag(line, "late");
    list.has_stalled = list.stalled = line_flag(line, "stalled");
    list.kind = line_flag(line, "quarter") ? cli_field("QUARTER") : NULL;
    if (period != NULL) {
        list.period = cli_field(value_period(&c->arena, period));
        if (list.period == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PERIOD",
                             "期次“%s”不对：要写成 2026-11 或 2026-Q4 这样。", period);
        }
    }
    enum status status =
        cli_query(c, "rectify.v1.TableService/ListTables", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListTablesReply *reply = (const Pb__ListTablesReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    status = view_tables(c, reply->tables, reply->n_tables, f);
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "共 %zu 张表。\n", reply->n_tables);
    }
    return status;
}

/* What to do with the exported file, or why nothing can be done with it. */
static void
export_print(struct cli *c, const Pb__Table *t, const char *path)
{
    (void)fprintf(c->out, "已导出 %s（%s）%s 的汇总表，%zu 行，到“%s”。\n",
                  cli_text(c, t->org_name), cli_text(c, t->org), cli_text(c, t->period), t->n_rows,
                  path);
    if (!tables_owed(t)) {
        (void)fprintf(c->out,
                      "提醒：这张表%s%s，现在是“%s”，只能看，不能再报送；要改，请联系领导小组"
                      "办公室退回。\n",
                      t->receipt != NULL ? "已经报送，回执 " : "不用报送", cli_text(c, t->receipt),
                      cli_text(c, tables_state_zh(t)));
    } else if (t->n_rows == 0) {
        (void)fputs("提醒：表里没有措施，因为还没有签收：先运行 rectify sign-for --all，再导出。\n",
                    c->out);
    } else {
        (void)fprintf(c->out, "填好后运行：rectify table submit %s%s%s\n", path,
                      c->on_behalf_of != NULL ? " --for " : "",
                      c->on_behalf_of != NULL ? c->on_behalf_of : "");
    }
}

enum status
cmd_table_export(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Table *table = NULL;
    struct rectify_file file = {.stream = NULL};
    const char *path = line_value(line, "out");
    const char *text = line->arg_count > 0 ? line->args[0] : NULL;
    enum status status = tables_find(c, line, text, &table, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(path, "-") == 0) {
        table_file_write(&c->arena, c->out, table);
        return STATUS_OK;
    }
    /* The folder and the disk are tried before the old file is moved away. */
    status = rectify_file_begin(path, 0640, &file, f);
    if (status == STATUS_OK) {
        csv_begin(file.stream, path);
        table_file_write(&c->arena, file.stream, table);
        (void)fflush(file.stream); /* commit looks at ferror */
        status = tables_keep_old(c, path, file.temp, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &table->base, f);
    }
    export_print(c, table, path);
    return STATUS_OK;
}
