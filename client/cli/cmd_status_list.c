/* The list behind a number, and what changed since a day. */
#include "client/cli/cmd_status.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"

#include <string.h>

/* A number by its Chinese name: asked of the server, which alone knows them. */
static enum status
number_name(struct cli *c, const char *text, const char **ret, struct fault *f)
{
    Pb__GetStatusRequest get = PB__GET_STATUS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    *ret = text;
    if ((unsigned char)text[0] < 0x80) {
        return STATUS_OK;
    }
    enum status status = cli_query(c, "rectify.v1.StatusService/GetStatus", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetStatusReply *r = (const Pb__GetStatusReply *)message;
    for (size_t i = 0; i < r->n_numbers; i++) {
        if (r->numbers[i]->name_zh != NULL && strcmp(r->numbers[i]->name_zh, text) == 0) {
            *ret = r->numbers[i]->name;
        }
    }
    return STATUS_OK;
}

static const char *
state_zh(const Pb__StatusEntry *e)
{
    static const char *const others[][2] = {
        {"REGISTERED", "已登记"},   {"RECTIFYING", "整改中"}, {"CLOSE_APPLIED", "申请销号"},
        {"JOINT_REVIEW", "会审中"}, {"CLOSED", "已销号"},     {"SUSTAINED", "基本完成并持续整改"},
        {"OPEN", "未填"},           {"DRAFT", "填报中"},      {"SUBMITTED", "已报"},
        {"RETURNED", "退回"},       {"ACCEPTED", "已审核"},   {"LOCKED", "已锁定"},
        {"NIL", "零报告"},          {"WAIVED", "免报"},
    };
    if (e->kind != NULL && strcmp(e->kind, "MEASURE") == 0) {
        return value_measure_state_zh(e->state);
    }
    for (size_t i = 0; e->state != NULL && i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i][0], e->state) == 0) {
            return others[i][1];
        }
    }
    return e->state != NULL ? e->state : "";
}

static void
entry_cells(struct cli *c, struct grid *g, const Pb__StatusEntry *e, const char **row)
{
    row[0] = cli_text(c, e->inspection);
    row[1] = cli_text(c, e->ref);
    row[2] = cli_text(c, e->title);
    row[3] = cli_text(c, state_zh(e));
    row[4] = cli_text(c, e->unit_name != NULL ? e->unit_name : e->unit);
    row[5] = cli_text(c, e->leader);
    row[6] = cli_text(c, e->behind_since);
    row[7] = e->days != 0 ? grid_number(g, e->days) : "";
    row[8] = cli_text(c, e->since);
}

#define ENTRY_TITLES                                                                               \
    {.title = "巡视", .minor = true}, {.title = "编号"}, {.title = "内容", .clip = 44},            \
        {.title = "状态"}, {.title = "牵头单位", .clip = 24}, {.title = "区领导", .minor = true},  \
        {.title = "超期自"}, {.title = "天数", .right = true},                                     \
    {                                                                                              \
        .title = "现状自"                                                                       \
    }

/* One page into the grid (or as JSON); the next page's beginning. */
static enum status
list_page(struct cli *c, Pb__ListBehindRequest *request, struct grid *g, size_t *count,
          Pb__ListBehindReply **ret, struct fault *f)
{
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.StatusService/ListBehind", &request->base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    Pb__ListBehindReply *r = (Pb__ListBehindReply *)message;
    for (size_t i = 0; c->format != CLI_JSON && i < r->n_entries; i++) {
        entry_cells(c, g, r->entries[i], grid_row(g));
    }
    *count += r->n_entries;
    *ret = r;
    return c->format == CLI_JSON ? cli_json_print(c, message, f) : STATUS_OK;
}

enum status
cmd_status_list(struct cli *c, const struct line *line, struct fault *f)
{
    struct grid_column columns[] = {ENTRY_TITLES};
    Pb__ListBehindRequest request = PB__LIST_BEHIND_REQUEST__INIT;
    const struct status_group *group = NULL;
    const char *as_of = NULL;
    const char *number = NULL;
    Pb__ListBehindReply *r = NULL;
    struct grid g;
    size_t count = 0;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    enum status status = status_group_option(line, "none", &group, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "as-of", &as_of, f);
    }
    if (status == STATUS_OK && line_value(line, "key") != NULL &&
        group->group == PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED) {
        status = fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_BY",
                           "写了 --key 也要写 --by，说明是哪种分组的编号。");
    }
    if (status == STATUS_OK) {
        status = number_name(c, line->args[0], &number, f);
    }
    request.number = cli_field(number);
    request.inspection = cli_field(line_value(line, "inspection"));
    request.as_of = cli_field(as_of);
    request.has_group_by = line_value(line, "key") != NULL;
    request.group_by = status == STATUS_OK ? group->group : request.group_by;
    request.key = cli_field(line_value(line, "key"));
    do {
        if (status == STATUS_OK) {
            status = list_page(c, &request, &g, &count, &r, f);
        }
        request.after = status == STATUS_OK ? r->next : NULL;
    } while (request.after != NULL);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status;
    }
    if (c->format == CLI_TABLE && r->number != NULL) {
        status_head_print(c, cli_text(c, r->number->name_zh), r->scope, r->as_of, r->projected);
        (void)fprintf(c->out, "%s\n共 %zu 件。\n", cli_text(c, r->number->definition), count);
    }
    return count == 0 && c->format == CLI_TABLE ? STATUS_OK : grid_print(&g, c, f);
}

/* ---- changes ---- */

static void
units_print(struct cli *c, const Pb__GetChangesReply *r)
{
    for (size_t i = 0; i < r->n_units; i++) {
        const Pb__UnitChanges *u = r->units[i];
        (void)fprintf(c->out, "%s：",
                      u->unit == NULL ? "（无牵头单位）" : cli_text(c, u->unit_name));
        for (size_t k = 0; k < u->n_numbers; k++) {
            (void)fprintf(c->out, "%s%s %d", k == 0 ? "" : "，",
                          cli_text(c, u->numbers[k]->name_zh), u->numbers[k]->numerator);
        }
        (void)fputc('\n', c->out);
    }
}

enum status
cmd_status_changes(struct cli *c, const struct line *line, struct fault *f)
{
    struct grid_column columns[] = {
        {.title = "变化"}, ENTRY_TITLES, {.title = "原期限", .minor = true}, {.title = "新期限"}};
    Pb__GetChangesRequest request = PB__GET_CHANGES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *as_of = NULL;
    const char *since = NULL;
    struct grid g;
    enum status status = cli_date_option(c, line, "as-of", &as_of, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "since", &since, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    request.inspection = cli_field(line_value(line, "inspection"));
    request.as_of = cli_field(as_of);
    request.since = cli_field(since);
    status = cli_query(c, "rectify.v1.StatusService/GetChanges", &request.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetChangesReply *r = (const Pb__GetChangesReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_changes; i++) {
        const Pb__StatusChange *one = r->changes[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, one->change_zh);
        entry_cells(c, &g, one->entry, row + 1);
        row[10] = cli_text(c, one->from_due);
        row[11] = cli_text(c, one->to_due);
    }
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "%s 以来的变化（范围：%s；截至 %s%s）%s\n", cli_text(c, r->since),
                      cli_text(c, r->scope), cli_text(c, r->as_of),
                      status_projected_zh(r->projected), r->more ? "，只列前 2000 件" : "");
        if (r->n_changes == 0) {
            (void)fputs("没有变化。\n", c->out);
            return STATUS_OK;
        }
        units_print(c, r);
        (void)fputc('\n', c->out);
    }
    return grid_print(&g, c, f);
}
