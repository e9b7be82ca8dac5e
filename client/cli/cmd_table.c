#include "client/cli/handlers.h"
#include "client/cli/table_file.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/file.h"

#include <inttypes.h>
#include <string.h>

static void
table_head_print(struct cli *c, const Pb__Table *t)
{
    (void)fprintf(c->out, "整改工作推进情况自查汇总表  %s（%s）  %s\n", cli_text(c, t->org_name),
                  cli_text(c, t->org), cli_text(c, t->period));
    (void)fprintf(c->out, "状态：%s  报送截止：%s  %s\n",
                  cli_text(c, t->state_zh != NULL ? t->state_zh : t->state), cli_text(c, t->due),
                  view_light(c, t->light, t->has_days_left, t->days_left));
    view_field(c, "回执", t->receipt);
    (void)fprintf(c->out, "表号：%s  第 %" PRId64 " 版\n\n", cli_text(c, t->id), t->version);
}

static bool
is_owed(const Pb__Table *t)
{
    return t->state != NULL && (strcmp(t->state, "OPEN") == 0 || strcmp(t->state, "DRAFT") == 0 ||
                                strcmp(t->state, "RETURNED") == 0);
}

enum status
cmd_table_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Table *table = NULL;
    const char *text = line->arg_count > 0 ? line->args[0] : NULL;
    enum status status = tables_find(c, line, text, NULL, &table, f);
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
    if (status == STATUS_OK && c->format == CLI_TABLE && is_owed(table)) {
        (void)fputs("\n下一步：rectify table export --out 汇总表.csv 导出填写，"
                    "再 rectify table submit 汇总表.csv 报送。\n",
                    c->out);
    }
    return status;
}

enum status
cmd_table_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *period = line_value(line, "period");
    list.org = cli_field(line_value(line, "org"));
    list.state = cli_field(line_value(line, "state"));
    list.inspection = cli_field(line_value(line, "inspection"));
    list.has_missing = line_flag(line, "missing");
    list.missing = list.has_missing;
    if (period != NULL) {
        list.period = cli_field(value_month(&c->arena, period));
        if (list.period == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PERIOD",
                             "期次“%s”不对：要写成 2026-11 这样。", period);
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

enum status
cmd_table_export(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Table *table = NULL;
    struct rectify_file file = {.stream = NULL};
    const char *path = line_value(line, "out");
    const char *text = line->arg_count > 0 ? line->args[0] : NULL;
    enum status status = tables_find(c, line, text, NULL, &table, f);
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
        table_file_write(&c->arena, file.stream, table);
        status = tables_keep_old(c, path, f);
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
    (void)fprintf(c->out,
                  "已导出 %s %s 的汇总表，%zu 行，到“%s”。填好后运行：rectify table submit %s\n",
                  cli_text(c, table->org), cli_text(c, table->period), table->n_rows, path, path);
    return STATUS_OK;
}
