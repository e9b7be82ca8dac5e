#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/view.h"

#include <rectify/v1/status.pb-c.h>
#include <string.h>

static const struct {
    const char *name;
    Pb__StatusGroup group;
    const char *title; /* of the key's column */
    const char *drill; /* the filter that lists what is behind a number */
} groups[] = {
    {"item", PB__STATUS_GROUP__BY_ITEM, "项", "item"},
    {"problem", PB__STATUS_GROUP__BY_PROBLEM, "问题编号", "problem"},
    {"unit", PB__STATUS_GROUP__BY_UNIT, "单位代码", "unit"},
    {"leader", PB__STATUS_GROUP__BY_LEADER, "牵头区领导", "leader"},
    {"group", PB__STATUS_GROUP__BY_SPECIAL_GROUP, "专项小组", "group"},
    {"none", PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED, "", ""},
};
enum { GROUP_COUNT = sizeof groups / sizeof groups[0] };

static void
totals_print(struct cli *c, const Pb__GetStatusReply *r)
{
    const Pb__StatusCounts *n = r->counts;
    if (r->items == 0 && r->problems == 0 && r->measures == 0) {
        (void)fputs("您的席位看不到整改内容，或者还没有导入巡视反馈。\n", c->out);
        return;
    }
    (void)fprintf(c->out, "整改进展总览（状态为现在的，期限按 %s 计算，方案第 %d 版）\n",
                  cli_text(c, r->as_of), r->plan_version);
    (void)fprintf(c->out, "%d 项 · %d 个问题（已销号 %d）· %d 条措施 · %d 个牵头单位\n", r->items,
                  r->problems, r->problems_closed, r->measures, r->units);
    if (n != NULL) {
        (void)fprintf(c->out,
                      "待签收 %d · 整改中 %d · 申请待认定 %d · 已取得明显成效 %d · 已整改到位 %d · "
                      "持续坚持 %d\n",
                      n->assigned, n->in_progress, n->claimed, n->effect_reached, n->done,
                      n->sustaining);
        (void)fprintf(
            c->out,
            "超期 %d（按原定期限 %d）· 临期 %d · 未报汇总表 %d 张 · 办公室逾期未认定 %d 项\n",
            r->overdue, n->overdue_original, n->due_soon, r->tables_missing, r->office_waiting);
    }
}

static enum status
groups_print(struct cli *c, const Pb__GetStatusReply *r, size_t group, struct fault *f)
{
    struct grid_column columns[] = {
        {.title = groups[group].title},     {.title = "名称", .clip = 44},
        {.title = "问题", .right = true},   {.title = "措施", .right = true},
        {.title = "待签收", .right = true}, {.title = "整改中", .right = true},
        {.title = "待认定", .right = true}, {.title = "明显成效", .right = true},
        {.title = "到位", .right = true},   {.title = "临期", .right = true},
        {.title = "超期", .right = true},   {.title = "最长超期天数", .right = true},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_groups; i++) {
        const Pb__StatusGroupRow *one = r->groups[i];
        static const Pb__StatusCounts none = PB__STATUS_COUNTS__INIT;
        const Pb__StatusCounts *n = one->counts != NULL ? one->counts : &none;
        const int32_t numbers[] = {one->problems,           n->measures, n->assigned,
                                   n->in_progress,          n->claimed,  n->effect_reached,
                                   n->done + n->sustaining, n->due_soon, n->overdue,
                                   one->worst_overdue_days};
        const char **row = grid_row(&g);
        row[0] = cli_text(c, one->key);
        row[1] = cli_text(c, one->title);
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++) {
            row[2 + j] = numbers[j] != 0 || c->format == CLI_CSV ? grid_number(&g, numbers[j]) : "";
        }
    }
    if (r->n_groups > 0 && c->format == CLI_TABLE) {
        (void)fputc('\n', c->out);
    }
    enum status status = grid_print(&g, c, f);
    if (status == STATUS_OK && r->n_groups > 0 && c->format == CLI_TABLE) {
        (void)fprintf(c->out,
                      "\n看明细：rectify measure list --%s 编号（加 --light 超期 只看超期）\n",
                      groups[group].drill);
    }
    return status;
}

static enum status
group_option(const struct line *line, size_t *ret_group, struct fault *f)
{
    const char *by = line_value(line, "by");
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(by != NULL ? by : "item", groups[i].name) == 0) {
            *ret_group = i;
            return STATUS_OK;
        }
    }
    return fault_set(
        f, STATUS_INVALID_ARGUMENT, "USAGE_BY",
        "--by 可以写 item（项）、problem（问题）、unit（牵头单位）、leader（牵头区领导）、"
        "group（专项小组）或 none。");
}

enum status
cmd_status(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetStatusRequest get = PB__GET_STATUS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *as_of = NULL;
    size_t group = 0;
    enum status status = group_option(line, &group, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "as-of", &as_of, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    get.inspection = cli_field(line_value(line, "inspection"));
    get.as_of = cli_field(as_of);
    get.has_group_by = true;
    get.group_by = groups[group].group;
    status = cli_query(c, "rectify.v1.StatusService/GetStatus", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    Pb__GetStatusReply *reply = (Pb__GetStatusReply *)message;
    if (c->format == CLI_JSON) {
        /* Promised to be there, also as 0. */
        reply->has_items = reply->has_problems = reply->has_measures = true;
        reply->has_units = reply->has_overdue = true;
        return cli_json_print(c, message, f);
    }
    if (c->format == CLI_TABLE) {
        totals_print(c, reply);
    }
    return groups_print(c, reply, group, f);
}
