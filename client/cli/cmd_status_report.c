/* How long things take, and why they come back. */
#include "client/cli/cmd_status.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"

#include <string.h>

static void
ages_print(struct cli *c, const Pb__GetAgeingReply *r)
{
    const char *kind = "";
    for (size_t i = 0; i < r->n_ages; i++) {
        const Pb__AgeClass *a = r->ages[i];
        bool next = a->kind != NULL && strcmp(a->kind, kind) != 0;
        if (next) {
            kind = a->kind;
            (void)fprintf(c->out, "%s%s", i == 0 ? "" : "\n",
                          strcmp(kind, "OPEN") == 0 ? "未到位措施，交办至今："
                                                    : "超期措施，已超期：");
        }
        if (a->has_to_days) {
            (void)fprintf(c->out, "%s%d–%d 天 %d", next ? "" : " · ", a->from_days, a->to_days,
                          a->measures);
        } else {
            (void)fprintf(c->out, "%s%d 天以上 %d", next ? "" : " · ", a->from_days, a->measures);
        }
    }
    (void)fputc('\n', c->out);
}

static void
obligations_print(struct cli *c, const Pb__GetAgeingReply *r)
{
    for (size_t i = 0; i < r->n_obligations; i++) {
        (void)fprintf(c->out, "%s%s %d/%d", i == 0 ? "报送：" : " · ",
                      cli_text(c, r->obligations[i]->name_zh), r->obligations[i]->numerator,
                      r->obligations[i]->denominator);
    }
    (void)fprintf(c->out, "\n等办公室共 %lld 天 · 等单位共 %lld 天\n\n", (long long)r->office_days,
                  (long long)r->unit_days);
}

enum status
cmd_status_ageing(struct cli *c, const struct line *line, struct fault *f)
{
    struct grid_column columns[] = {
        {.title = "环节"},
        {.title = "等谁"},
        {.title = "件数", .right = true},
        {.title = "仍在此环节", .right = true},
        {.title = "合计天数", .right = true},
        {.title = "中位天数", .right = true},
        {.title = "最长天数", .right = true},
    };
    Pb__GetAgeingRequest request = PB__GET_AGEING_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *as_of = NULL;
    struct grid g;
    enum status status = cli_date_option(c, line, "as-of", &as_of, f);
    if (status != STATUS_OK) {
        return status;
    }
    request.inspection = cli_field(line_value(line, "inspection"));
    request.as_of = cli_field(as_of);
    status = cli_query(c, "rectify.v1.StatusService/GetAgeing", &request.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetAgeingReply *r = (const Pb__GetAgeingReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_stages; i++) {
        const Pb__StageTime *t = r->stages[i];
        bool office = t->waits_for != NULL && strcmp(t->waits_for, "OFFICE") == 0;
        const char **row = grid_row(&g);
        row[0] = cli_text(c, t->stage_zh != NULL ? t->stage_zh : t->stage);
        row[1] = office ? "办公室" : "单位";
        row[2] = grid_number(&g, t->things);
        row[3] = grid_number(&g, t->open);
        row[4] = grid_number(&g, t->days_total);
        row[5] = grid_number(&g, t->days_median);
        row[6] = grid_number(&g, t->days_max);
    }
    if (c->format == CLI_TABLE) {
        status_head_print(c, "在办时长和各环节用时", r->scope, r->as_of, r->projected);
        ages_print(c, r);
        obligations_print(c, r);
    }
    return grid_print(&g, c, f);
}

/* A reason's code, a round's number or what became of an extension, in words. */
static const char *
cause_text(struct cli *c, const char *code)
{
    static const char *const states[][2] = {{"SUBMITTED", "待批"},
                                            {"APPROVED", "已批准"},
                                            {"REJECTED", "不批准"},
                                            {"WITHDRAWN", "已撤回"}};
    for (size_t i = 0; code != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i][0], code) == 0) {
            return states[i][1];
        }
    }
    return value_reason(&c->arena, code);
}

static void
cause_row(struct cli *c, struct grid *g, const Pb__Cause *one)
{
    const char **row = grid_row(g);
    row[0] = cli_text(c, one->kind_zh != NULL ? one->kind_zh : one->kind);
    row[1] = cli_text(c, c->format == CLI_TABLE ? cause_text(c, one->code) : one->code);
    row[2] = cli_text(c, one->inspection);
    row[3] = one->has_item_no ? grid_number(g, one->item_no) : "";
    row[4] = cli_text(c, one->item_title);
    row[5] = grid_number(g, one->count);
    row[6] = grid_number(g, one->things);
    row[7] = one->has_item_no ? grid_number(g, one->units) : "";
}

enum status
cmd_status_causes(struct cli *c, const struct line *line, struct fault *f)
{
    struct grid_column columns[] = {
        {.title = "类别"},
        {.title = "理由（轮次、结果）"},
        {.title = "巡视"},
        {.title = "项", .right = true},
        {.title = "名称", .clip = 36},
        {.title = "次数", .right = true},
        {.title = "涉及件数", .right = true},
        {.title = "涉及单位", .right = true},
    };
    Pb__GetCausesRequest request = PB__GET_CAUSES_REQUEST__INIT;
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
    status = cli_query(c, "rectify.v1.StatusService/GetCauses", &request.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetCausesReply *r = (const Pb__GetCausesReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_causes; i++) {
        cause_row(c, &g, r->causes[i]);
    }
    for (size_t i = 0; i < r->n_repeats; i++) {
        cause_row(c, &g, r->repeats[i]);
    }
    if (c->format == CLI_TABLE) {
        status_head_print(c, "共性问题", r->scope, r->as_of, r->projected);
        if (r->n_causes + r->n_repeats == 0) {
            (void)fputs("没有退回、不同意、重新打开或延期的记录。\n", c->out);
            return STATUS_OK;
        }
    }
    return grid_print(&g, c, f);
}
