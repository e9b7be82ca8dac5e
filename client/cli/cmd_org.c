#include "client/cli/csv.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"

#include <rectify/v1/org.pb-c.h>
#include <rectify/v1/settings.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *
cell_field(const struct csv_row *header, const struct csv_row *row, const char *title)
{
    const char *text = csv_cell(row, csv_column(header, title));
    return text[0] != '\0' ? cli_field(text) : NULL;
}

static enum status
org_read(struct cli *c, const struct csv_row *header, const struct csv_row *row, Pb__Org *org,
         struct fault *f)
{
    int64_t order = 0;
    bool sample = false;
    const char *order_text = csv_cell(row, csv_column(header, "sort_order"));
    const char *sample_text = csv_cell(row, csv_column(header, "sample"));
    pb__org__init(org);
    org->code = cell_field(header, row, "code");
    org->name = cell_field(header, row, "name");
    org->kind = cell_field(header, row, "kind");
    org->parent_code = cell_field(header, row, "parent");
    if (org->code == NULL || org->name == NULL || org->kind == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ORG_CELL",
                         "第 %u 行缺少 code、name 或 kind：三列都要填。", row->line);
    }
    if (order_text[0] != '\0' && !value_int(&c->arena, order_text, 0, INT32_MAX, &order)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ORG_CELL",
                         "第 %u 行 sort_order 的“%s”不是整数。", row->line, order_text);
    }
    if (!value_yes(&c->arena, sample_text, &sample)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ORG_CELL",
                         "第 %u 行 sample 的“%s”不对：写 true 或 false。", row->line, sample_text);
    }
    org->has_sort_order = order_text[0] != '\0';
    org->sort_order = (int32_t)order;
    org->has_sample = true;
    org->sample = sample;
    return STATUS_OK;
}

static enum status
orgs_read(struct cli *c, const char *path, Pb__ImportOrgsRequest *import, struct fault *f)
{
    struct csv csv;
    enum status status = csv_read(&c->arena, path, "code", &csv, f);
    if (status != STATUS_OK) {
        return status;
    }
    size_t at = csv_header_row(&csv, "code");
    import->orgs = arena_array(&c->arena, csv.count, sizeof *import->orgs);
    for (size_t i = at + 1; i < csv.count && status == STATUS_OK; i++) {
        Pb__Org *org = arena_alloc(&c->arena, sizeof *org);
        if (org == NULL || import->orgs == NULL) {
            return fault_memory(f);
        }
        status = org_read(c, &csv.rows[at], &csv.rows[i], org, f);
        import->orgs[import->n_orgs++] = org;
    }
    if (status == STATUS_OK && import->n_orgs == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_EMPTY", "“%s”里一个组织也没有。", path);
    }
    return status;
}

enum status
cmd_org_import(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ImportOrgsRequest import = PB__IMPORT_ORGS_REQUEST__INIT;
    struct rectify_answer answer;
    struct cli_command command = {.method = "rectify.v1.OrgService/ImportOrgs",
                                  .request = &import.base};
    enum status status = orgs_read(c, line->args[0], &import, f);
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ImportOrgsReply *reply = (const Pb__ImportOrgsReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "组织机构：新增 %d，更新 %d，不变 %d。\n", reply->added,
                      reply->updated, reply->unchanged);
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_org_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "代码"}, {.title = "名称", .clip = 50},    {.title = "类别"},
        {.title = "上级"}, {.title = "排序", .right = true}, {.title = "样例"}};
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status = cli_query(c, "rectify.v1.OrgService/ListOrgs", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    const Pb__ListOrgsReply *reply = (const Pb__ListOrgsReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_orgs; i++) {
        const Pb__Org *org = reply->orgs[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, org->code);
        row[1] = cli_text(c, org->name);
        row[2] = cli_text(c, org->kind);
        row[3] = cli_text(c, org->parent_code);
        row[4] = grid_number(&g, org->sort_order);
        row[5] = org->sample ? "样例" : "";
    }
    return grid_print(&g, c, f);
}

/* ---- calendar and ladder ---- */

static enum status
day_read(struct cli *c, const struct csv_row *header, const struct csv_row *row,
         Pb__CalendarDay *day, struct fault *f)
{
    const char *date = value_date(&c->arena, csv_cell(row, csv_column(header, "date")));
    const char *kind = value_narrow(&c->arena, csv_cell(row, csv_column(header, "kind")));
    pb__calendar_day__init(day);
    if (date == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CALENDAR_CELL",
                         "第 %u 行 date 的“%s”不对：要写成 2026-10-01 这样。", row->line,
                         csv_cell(row, csv_column(header, "date")));
    }
    bool workday = strcmp(kind, "work") == 0 || strcmp(kind, "补班") == 0;
    if (!workday && strcmp(kind, "off") != 0 && strcmp(kind, "放假") != 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CALENDAR_CELL",
                         "第 %u 行 kind 的“%s”不对：写 off（放假）或 work（补班）。", row->line,
                         kind);
    }
    day->date = cli_field(date);
    day->has_working = true;
    day->working = workday;
    day->name = cell_field(header, row, "name");
    return STATUS_OK;
}

/* The file may hold several years: the days of the year asked for are taken. */
static enum status
days_read(struct cli *c, const char *path, Pb__ImportCalendarRequest *import, struct fault *f)
{
    struct csv csv;
    char year[16];
    snprintf(year, sizeof year, "%04d-", import->year);
    enum status status = csv_read(&c->arena, path, "date", &csv, f);
    if (status != STATUS_OK) {
        return status;
    }
    size_t at = csv_header_row(&csv, "date");
    import->days = arena_array(&c->arena, csv.count, sizeof *import->days);
    for (size_t i = at + 1; i < csv.count && status == STATUS_OK; i++) {
        Pb__CalendarDay *day = arena_alloc(&c->arena, sizeof *day);
        if (day == NULL || import->days == NULL) {
            return fault_memory(f);
        }
        status = day_read(c, &csv.rows[at], &csv.rows[i], day, f);
        if (status == STATUS_OK && strncmp(day->date, year, 5) == 0) {
            import->days[import->n_days++] = day;
        }
    }
    if (status == STATUS_OK && import->n_days == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CALENDAR_EMPTY",
                         "“%s”里没有 %d 年的日期：请检查 --year。", path, import->year);
    }
    return status;
}

enum status
cmd_calendar_import(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number spec = {"year", 2000, 2199};
    Pb__ImportCalendarRequest import = PB__IMPORT_CALENDAR_REQUEST__INIT;
    struct rectify_answer answer;
    bool has = false;
    int64_t year = 0;
    enum status status = cli_number_option(c, line, &spec, &has, &year, f);
    import.has_year = has;
    import.year = (int32_t)year;
    if (status == STATUS_OK) {
        status = days_read(c, line->args[0], &import, f);
    }
    struct cli_command command = {.method = "rectify.v1.SettingsService/ImportCalendar",
                                  .request = &import.base};
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ImportCalendarReply *reply = (const Pb__ImportCalendarReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "%d 年的工作日历第 %d 版已保存，%d 天。\n", import.year,
                      reply->version, reply->days);
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_calendar_show(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number spec = {"year", 2000, 2199};
    static const struct grid_column columns[] = {
        {.title = "日期"}, {.title = "安排"}, {.title = "名称"}};
    Pb__GetCalendarRequest get = PB__GET_CALENDAR_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    bool has = false;
    int64_t year = 0;
    enum status status = cli_number_option(c, line, &spec, &has, &year, f);
    if (status != STATUS_OK) {
        return status;
    }
    const char *today = value_time(&c->arena, (int64_t)time(NULL) * 1000);
    get.has_year = true;
    get.year = has ? (int32_t)year : (int32_t)strtol(today, NULL, 10);
    status = cli_query(c, "rectify.v1.SettingsService/GetCalendar", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetCalendarReply *reply = (const Pb__GetCalendarReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, 3);
    for (size_t i = 0; i < reply->n_days; i++) {
        const char **row = grid_row(&g);
        row[0] = cli_text(c, reply->days[i]->date);
        row[1] = reply->days[i]->working ? "补班" : "放假";
        row[2] = cli_text(c, reply->days[i]->name);
    }
    if (reply->version == 0) {
        (void)fprintf(c->err, "提醒：%d 年还没有工作日历，工作日按周一至周五计算。\n", get.year);
    } else if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "%d 年工作日历，第 %d 版\n", get.year, reply->version);
    }
    return grid_print(&g, c, f);
}
