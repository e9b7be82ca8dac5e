#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/help.h"
#include "client/cli/view.h"

#include <rectify/v1/system.pb-c.h>
#include <string.h>

enum status
cmd_health(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    (void)line;
    enum status status = cli_query(c, "rectify.v1.SystemService/Health", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__HealthReply *reply = (const Pb__HealthReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    bool serving = reply->state != NULL && strcmp(reply->state, "SERVING") == 0;
    (void)fprintf(c->out, "服务器%s（%s，%s，数据结构第 %d 版）\n", serving ? "正常" : "正在停止",
                  cli_text(c, c->profile.server), cli_text(c, reply->version),
                  reply->schema_version);
    (void)fprintf(c->out, "排队：办理 %u，查询 %u，等待预警 %u\n", reply->queued_commands,
                  reply->queued_queries, reply->parked);
    for (size_t i = 0; i < reply->n_calendar_years_missing; i++) {
        (void)fprintf(c->out,
                      "提醒：%d 年还没有工作日历，请管理员运行 rectify admin calendar import。\n",
                      reply->calendar_years_missing[i]);
    }
    if (reply->has_breaker_tripped_at_ms) {
        (void)fprintf(c->out, "提醒：外发消息已因达到上限停止，请管理员运行 rectify admin channel "
                              "list 查看。\n");
    }
    if (reply->outside_failed > 0) {
        (void)fprintf(c->out, "提醒：近 30 天有 %d 条外发消息没有送达。\n", reply->outside_failed);
    }
    view_field(c, "须知", reply->notice);
    return STATUS_OK;
}

static const char *
roles_text(struct cli *c, const Pb__MethodInfo *method)
{
    const char *text = "";
    for (size_t i = 0; i < method->n_roles; i++) {
        const char *longer =
            arena_printf(&c->arena, "%s%s%s", text, i > 0 ? " " : "", method->roles[i]);
        text = longer != NULL ? longer : text;
    }
    return text;
}

enum status
cmd_describe(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "方法"},
                                                 {.title = "类别"},
                                                 {.title = "凭据"},
                                                 {.title = "角色", .clip = 40},
                                                 {.title = "说明（英文原文）", .clip = 70}};
    Pb__DescribeRequest describe = PB__DESCRIBE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    describe.name = cli_field(line->arg_count > 0 ? line->args[0] : NULL);
    enum status status =
        cli_query(c, "rectify.v1.SystemService/Describe", &describe.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__DescribeReply *reply = (const Pb__DescribeReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_methods; i++) {
        const Pb__MethodInfo *method = reply->methods[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, method->method);
        row[1] = cli_text(c, method->kind);
        row[2] = cli_text(c, method->auth);
        row[3] = roles_text(c, method);
        row[4] = cli_text(c, method->prose);
    }
    status = grid_print(&g, c, f);
    for (size_t i = 0; i < reply->n_messages && c->format == CLI_TABLE; i++) {
        (void)fprintf(c->out, "\n%s\n", reply->messages[i]);
    }
    return status;
}

enum status
cmd_version(struct cli *c, const struct line *line, struct fault *f)
{
    (void)line;
    (void)f;
    if (c->format == CLI_JSON) {
        (void)fputs("{\n  \"version\": \"" RECTIFY_VERSION "\"\n}\n", c->out);
    } else {
        (void)fputs(CLI_CLIENT_VERSION "\n", c->out);
    }
    return STATUS_OK;
}

enum status
cmd_help(struct cli *c, const struct line *line, struct fault *f)
{
    return help_print_topic(c->out, line, f);
}
