#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <rectify/v1/inspection.pb-c.h>
#include <string.h>

/* --body may be repeated, and each may hold several parted by commas. */
static enum status
bodies_take(struct cli *c, const struct line *line, Pb__CreateInspectionRequest *create,
            struct fault *f)
{
    enum { BODIES_MAX = 64 };
    const char *text = NULL;
    create->bodies = arena_array(&c->arena, BODIES_MAX, sizeof *create->bodies);
    for (size_t i = 0; (text = line_value_at(line, "body", i)) != NULL; i++) {
        if (create->bodies == NULL) {
            return fault_memory(f);
        }
        create->n_bodies += value_list(&c->arena, text, create->bodies + create->n_bodies,
                                       BODIES_MAX - create->n_bodies);
        if (create->n_bodies > BODIES_MAX) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_BODY", "被巡视党组织太多。");
        }
    }
    return STATUS_OK;
}

static enum status
duty_take(struct cli *c, const struct line *line, Pb__CreateInspectionRequest *create,
          struct fault *f)
{
    static const struct cli_number day = {"report-day", 1, 28};
    bool has = false;
    int64_t number = 0;
    const char *period = line_value(line, "first-period");
    enum status status = cli_number_option(c, line, &day, &has, &number, f);
    create->has_report_day = has;
    create->report_day = (int32_t)number;
    if (status == STATUS_OK && period != NULL) {
        create->first_period = cli_field(value_month(&c->arena, period));
        if (create->first_period == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PERIOD",
                             "--first-period 的“%s”不对：要写成 2026-11 这样。", period);
        }
    }
    return status;
}

enum status
cmd_inspection_create(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__CreateInspectionRequest create = PB__CREATE_INSPECTION_REQUEST__INIT;
    struct rectify_answer answer;
    const char *feedback = NULL;
    create.code = cli_field(line_value(line, "code"));
    create.name = cli_field(line_value(line, "name"));
    enum status status = bodies_take(c, line, &create, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "feedback-date", &feedback, f);
        create.feedback_date = cli_field(feedback);
    }
    if (status == STATUS_OK) {
        status = duty_take(c, line, &create, f);
    }
    struct cli_command command = {.method = "rectify.v1.InspectionService/CreateInspection",
                                  .request = &create.base};
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(
            c->out,
            "已建立巡视 %s。下一步：rectify office inspection import 文件 --inspection %s\n",
            create.code, create.code);
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_inspection_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "代码"},     {.title = "名称", .clip = 40},
        {.title = "反馈日期"}, {.title = "每月报送日", .right = true},
        {.title = "首期"},     {.title = "方案版本", .right = true},
        {.title = "方案状态"},
    };
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.InspectionService/ListInspections", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    const Pb__ListInspectionsReply *reply = (const Pb__ListInspectionsReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_inspections; i++) {
        const Pb__Inspection *one = reply->inspections[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, one->code);
        row[1] = cli_text(c, one->name);
        row[2] = cli_text(c, one->feedback_date);
        row[3] = grid_number(&g, one->report_day);
        row[4] = cli_text(c, one->first_period);
        row[5] = grid_number(&g, one->plan_version);
        row[6] =
            one->plan_state != NULL && strcmp(one->plan_state, "APPROVED") == 0 ? "已批准" : "草稿";
    }
    return grid_print(&g, c, f);
}
