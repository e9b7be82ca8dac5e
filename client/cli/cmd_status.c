#include "client/cli/cmd_status.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/view.h"

#include <stdlib.h>
#include <string.h>

static const struct status_group groups[] = {
    {"item", PB__STATUS_GROUP__BY_ITEM, "项"},
    {"problem", PB__STATUS_GROUP__BY_PROBLEM, "问题编号"},
    {"measure", PB__STATUS_GROUP__BY_MEASURE, "措施编号"},
    {"unit", PB__STATUS_GROUP__BY_UNIT, "单位代码"},
    {"leader", PB__STATUS_GROUP__BY_LEADER, "牵头区领导"},
    {"group", PB__STATUS_GROUP__BY_SPECIAL_GROUP, "专项小组"},
    {"aspect", PB__STATUS_GROUP__BY_ASPECT, "方面"},
    {"body", PB__STATUS_GROUP__BY_BODY, "被巡视单位"},
    {"inspection", PB__STATUS_GROUP__BY_INSPECTION, "巡视"},
    {"none", PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED, ""},
};
enum { GROUP_COUNT = sizeof groups / sizeof groups[0] };

enum status
status_group_option(const struct line *line, const char *standard, const struct status_group **ret,
                    struct fault *f)
{
    const char *by = line_value(line, "by");
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(by != NULL ? by : standard, groups[i].name) == 0) {
            *ret = &groups[i];
            return STATUS_OK;
        }
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_BY",
                     "--by 可以写 item（项）、problem（问题）、measure（措施）、unit（牵头单位）、"
                     "leader（牵头区领导）、group（专项小组）、aspect（方面）、body（被巡视单位）、"
                     "inspection（巡视）或 none。");
}

const char *
status_projected_zh(bool projected)
{
    return projected ? "——这一天还没有到：按现在的情况推算，以届时为准" : "";
}

void
status_head_print(struct cli *c, const char *title, const char *scope, const char *as_of,
                  bool projected)
{
    (void)fprintf(c->out, "%s（范围：%s；%s 的情况%s）\n", title, cli_text(c, scope),
                  cli_text(c, as_of), status_projected_zh(projected));
}

static void
numbers_print(struct cli *c, const Pb__GetStatusReply *r)
{
    static const char *const shown[] = {"problems_closed", "completed",      "overdue",
                                        "due_soon",        "tables_missing", "office_waiting"};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        for (size_t k = 0; k < r->n_numbers; k++) {
            const Pb__StatusNumber *n = r->numbers[k];
            if (n->name != NULL && strcmp(n->name, shown[i]) == 0) {
                (void)fprintf(c->out, "%s%s %d/%d", i == 0 ? "" : " · ", cli_text(c, n->name_zh),
                              n->numerator, n->denominator);
            }
        }
    }
    (void)fputc('\n', c->out);
}

static void
totals_print(struct cli *c, const Pb__GetStatusReply *r)
{
    const Pb__StatusCounts *n = r->counts;
    if (r->items == 0 && r->problems == 0 && r->measures == 0) {
        (void)fputs("您的席位看不到整改内容，或者还没有导入巡视反馈。\n", c->out);
        return;
    }
    status_head_print(c, "整改进展总览", r->scope, r->as_of, r->projected);
    if (r->plan_version > 0) {
        (void)fprintf(c->out, "方案第 %d 版 · ", r->plan_version);
    }
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
    numbers_print(c, r);
}

/* ---- groups ---- */

static const Pb__StatusCounts no_counts = PB__STATUS_COUNTS__INIT;

static const Pb__StatusCounts *
counts_of(const Pb__StatusGroupRow *row)
{
    return row->counts != NULL ? row->counts : &no_counts;
}

static int
by_overdue(const void *a, const void *b)
{
    const Pb__StatusGroupRow *const *x = a;
    const Pb__StatusGroupRow *const *y = b;
    return counts_of(*y)->overdue - counts_of(*x)->overdue;
}

static int
by_done(const void *a, const void *b)
{
    const Pb__StatusGroupRow *const *x = a;
    const Pb__StatusGroupRow *const *y = b;
    return counts_of(*y)->done + counts_of(*y)->sustaining - counts_of(*x)->done -
           counts_of(*x)->sustaining;
}

static int
by_since(const void *a, const void *b)
{
    const Pb__StatusGroupRow *const *x = a;
    const Pb__StatusGroupRow *const *y = b;
    const char *s = (*x)->behind_since != NULL ? (*x)->behind_since : "9";
    const char *t = (*y)->behind_since != NULL ? (*y)->behind_since : "9";
    return strcmp(s, t);
}

/* Only when asked for: the order is the official one. */
static enum status
groups_sort(const struct line *line, Pb__GetStatusReply *r, struct fault *f)
{
    static const struct {
        const char *name;
        int (*compare)(const void *, const void *);
    } orders[] = {{"overdue", by_overdue}, {"done", by_done}, {"since", by_since}};
    const char *sort = line_value(line, "sort");
    if (sort == NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(orders[i].name, sort) == 0) {
            if (r->n_groups > 0) {
                qsort(r->groups, r->n_groups, sizeof *r->groups, orders[i].compare);
            }
            return STATUS_OK;
        }
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_SORT",
                     "--sort 可以写 overdue（超期）、done（到位）或 since（超期起）。");
}

/* One row: key, name, numbers. */
static void
group_row(struct cli *c, struct grid *g, const Pb__StatusGroupRow *one, bool original)
{
    const Pb__StatusCounts *n = counts_of(one);
    const int32_t numbers[] = {one->problems,      one->problems_closed,
                               n->measures,        n->assigned,
                               n->in_progress,     n->claimed,
                               n->effect_reached,  n->done + n->sustaining,
                               n->due_soon,        original ? n->overdue_original : n->overdue,
                               one->tables_missing};
    enum { N = sizeof numbers / sizeof numbers[0] };
    const char **row = grid_row(g);
    row[0] = cli_text(c, one->key);
    row[1] = cli_text(c, one->title);
    for (size_t j = 0; j < N; j++) {
        row[2 + j] = numbers[j] != 0 || c->format == CLI_CSV ? grid_number(g, numbers[j]) : "";
    }
    row[2 + N] = cli_text(c, one->behind_since);
    row[3 + N] = one->worst_overdue_days != 0 ? grid_number(g, one->worst_overdue_days) : "";
}

static enum status
groups_print(struct cli *c, const Pb__GetStatusReply *r, const struct status_group *group,
             bool original, struct fault *f)
{
    struct grid_column columns[] = {
        {.title = group->title},
        {.title = "名称", .clip = 36},
        {.title = "问题", .right = true},
        {.title = "销号", .right = true},
        {.title = "措施", .right = true},
        {.title = "待签收", .right = true, .minor = true},
        {.title = "整改中", .right = true, .minor = true},
        {.title = "待认定", .right = true, .minor = true},
        {.title = "明显成效", .right = true, .minor = true},
        {.title = "到位", .right = true},
        {.title = "临期", .right = true},
        {.title = original ? "超期(原定)" : "超期", .right = true},
        {.title = "未报", .right = true},
        {.title = "最早超期自", .minor = true},
        {.title = "超期天数", .right = true},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_groups; i++) {
        group_row(c, &g, r->groups[i], original);
    }
    if (r->n_groups > 0 && c->format == CLI_TABLE) {
        (void)fputc('\n', c->out);
    }
    enum status status = grid_print(&g, c, f);
    if (status == STATUS_OK && r->n_groups > 0 && c->format == CLI_TABLE) {
        (void)fprintf(c->out, "\n看明细：rectify status list 超期 --by %s --key 编号%s\n",
                      group->name,
                      r->more ? "（分组过多，只列前 2000 个，请用 --inspection）" : "");
    }
    return status;
}

static enum status
status_get(struct cli *c, const struct line *line, const struct status_group *group,
           bool only_behind, Pb__GetStatusReply **ret, struct fault *f)
{
    Pb__GetStatusRequest get = PB__GET_STATUS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *as_of = NULL;
    enum status status = cli_date_option(c, line, "as-of", &as_of, f);
    if (status != STATUS_OK) {
        return status;
    }
    get.inspection = cli_field(line_value(line, "inspection"));
    get.as_of = cli_field(as_of);
    get.has_group_by = true;
    get.group_by = group->group;
    get.has_only_behind = only_behind;
    get.only_behind = only_behind;
    status = cli_query(c, "rectify.v1.StatusService/GetStatus", &get.base, &message, f);
    if (status == STATUS_OK) {
        *ret = (Pb__GetStatusReply *)message;
    }
    return status;
}

enum status
cmd_status(struct cli *c, const struct line *line, struct fault *f)
{
    const struct status_group *group = NULL;
    Pb__GetStatusReply *reply = NULL;
    enum status status = status_group_option(line, "item", &group, f);
    if (status == STATUS_OK) {
        status = status_get(c, line, group, false, &reply, f);
    }
    if (status == STATUS_OK) {
        status = groups_sort(line, reply, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        /* Promised to be there, also as 0. */
        reply->has_items = reply->has_problems = reply->has_measures = true;
        reply->has_units = reply->has_overdue = true;
        return cli_json_print(c, &reply->base, f);
    }
    if (c->format == CLI_TABLE) {
        totals_print(c, reply);
    }
    return groups_print(c, reply, group, line_flag(line, "original"), f);
}

enum status
cmd_status_exceptions(struct cli *c, const struct line *line, struct fault *f)
{
    const struct status_group *group = NULL;
    Pb__GetStatusReply *r = NULL;
    enum status status = status_group_option(line, "unit", &group, f);
    if (status == STATUS_OK) {
        status = status_get(c, line, group, true, &r, f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, &r->base, f);
    }
    if (c->format == CLI_TABLE) {
        status_head_print(c, "例外清单", r->scope, r->as_of, r->projected);
        (void)fprintf(c->out, "超期措施 %d 条 · 未报汇总表 %d 张 · 办公室逾期未认定 %d 项\n",
                      r->overdue, r->tables_missing, r->office_waiting);
        if (r->n_groups == 0) {
            (void)fputs("没有落后的。\n", c->out);
            return STATUS_OK;
        }
    }
    return groups_print(c, r, group, false, f);
}
