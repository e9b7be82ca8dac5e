/* What an inspection asks its units to report, and whether two people have to say it. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"

#include <rectify/v1/table.pb-c.h>
#include <string.h>

static enum status
duties_get(struct cli *c, const char *inspection, Pb__ListReportDutiesReply **ret_reply,
           struct fault *f)
{
    Pb__ListReportDutiesRequest list = PB__LIST_REPORT_DUTIES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.inspection = cli_field(inspection);
    enum status status =
        cli_query(c, "rectify.v1.TableService/ListReportDuties", &list.base, &message, f);
    if (status == STATUS_OK) {
        *ret_reply = (Pb__ListReportDutiesReply *)message;
    }
    return status;
}

static bool
is_quarter(const Pb__ReportDuty *d)
{
    return d->kind != NULL && strcmp(d->kind, "QUARTER") == 0;
}

enum status
cmd_duty_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "巡视"},     {.title = "种类"},
        {.title = "报送日"},   {.title = "宽限天数", .right = true},
        {.title = "要求报送"}, {.title = "版本", .right = true}};
    Pb__ListReportDutiesReply *reply = NULL;
    struct grid g;
    enum status status = duties_get(c, line_value(line, "inspection"), &reply, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, &reply->base, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_duties; i++) {
        const Pb__ReportDuty *d = reply->duties[i];
        const char **row = grid_row(&g);
        const char *day =
            arena_printf(&c->arena, is_quarter(d) ? "季后首月 %d 日" : "当月 %d 日", d->report_day);
        row[0] = cli_text(c, d->inspection);
        row[1] = is_quarter(d) ? "季度表" : "月表";
        row[2] = day != NULL ? day : "";
        row[3] = grid_number(&g, d->grace_days);
        row[4] = d->active ? "是" : "否";
        row[5] = grid_number(&g, d->version);
    }
    return grid_print(&g, c, f);
}

/* The duty that stands, which the options change. */
static Pb__ReportDuty *
duty_of(const Pb__ListReportDutiesReply *reply, const char *kind)
{
    for (size_t i = 0; i < reply->n_duties; i++) {
        if (strcmp(reply->duties[i]->kind, kind) == 0) {
            return reply->duties[i];
        }
    }
    return NULL;
}

static const char *
kind_of(const char *text)
{
    if (strcmp(text, "month") == 0 || strcmp(text, "月表") == 0 || strcmp(text, "月") == 0) {
        return "MONTH";
    }
    bool quarter =
        strcmp(text, "quarter") == 0 || strcmp(text, "季度表") == 0 || strcmp(text, "季度") == 0;
    return quarter ? "QUARTER" : NULL;
}

enum status
cmd_duty_set(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number day = {"day", 1, 28};
    static const struct cli_number grace = {"grace", 0, 31};
    Pb__SetReportDutyRequest request = PB__SET_REPORT_DUTY_REQUEST__INIT;
    Pb__ListReportDutiesReply *reply = NULL;
    struct rectify_answer answer;
    int64_t number = 0;
    bool has = false;
    const char *kind = kind_of(line->args[0]);
    if (kind == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_KIND",
                         "“%s”不对：要写 月表 或 季度表。", line->args[0]);
    }
    enum status status = duties_get(c, line_value(line, "inspection"), &reply, f);
    request.duty = status == STATUS_OK ? duty_of(reply, kind) : NULL;
    if (status == STATUS_OK && request.duty == NULL) {
        status = fault_set(f, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN", "没有找到这次巡视。");
    }
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &day, &has, &number, f);
    }
    if (status == STATUS_OK && has) {
        request.duty->report_day = (int32_t)number;
    }
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &grace, &has, &number, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    request.duty->grace_days = has ? (int32_t)number : request.duty->grace_days;
    request.duty->active = !line_flag(line, "off");
    request.has_expected_version = true;
    request.expected_version = request.duty->version;
    struct cli_command command = {.method = "rectify.v1.TableService/SetReportDuty",
                                  .request = &request.base};
    status = cli_command(c, &command, &answer, f);
    if (status == STATUS_OK) {
        const Pb__ReportDuty *d = (const Pb__ReportDuty *)answer.message;
        (void)fprintf(c->out, "%s：%s，%s %d 日报送，宽限 %d 天，%s。\n",
                      cli_text(c, d->inspection), is_quarter(d) ? "季度表" : "月表",
                      is_quarter(d) ? "季后首月" : "当月", d->report_day, d->grace_days,
                      d->active ? "要求报送" : "不再要求（已产生的表不变）");
        cli_receipt_print(c, &answer);
    }
    return status;
}

enum status
cmd_confirmation(struct cli *c, const struct line *line, struct fault *f)
{
    static const char *const modes[][2] = {{"自动", "AUTO"},     {"都要", "ALWAYS"},
                                           {"都不要", "NEVER"},  {"auto", "AUTO"},
                                           {"always", "ALWAYS"}, {"never", "NEVER"}};
    Pb__SetConfirmationRequest request = PB__SET_CONFIRMATION_REQUEST__INIT;
    struct rectify_answer answer;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(line->args[0], modes[i][0]) == 0) {
            request.mode = cli_field(modes[i][1]);
        }
    }
    if (request.mode == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_MODE",
                         "“%s”不对：要写 自动、都要 或 都不要。", line->args[0]);
    }
    request.org = cli_field(line_value(line, "unit"));
    struct cli_command command = {.method = "rectify.v1.TableService/SetConfirmation",
                                  .request = &request.base};
    enum status status = cli_command(c, &command, &answer, f);
    if (status == STATUS_OK) {
        (void)fprintf(c->out, "已设定：%s报送%s。\n", request.org != NULL ? request.org : "各单位",
                      strcmp(request.mode, "AUTO") == 0 ? "前，设了审核人的要由审核人确认"
                      : strcmp(request.mode, "ALWAYS") == 0 ? "前都要由审核人确认"
                                                            : "不用审核人确认");
        cli_receipt_print(c, &answer);
    }
    return status;
}
