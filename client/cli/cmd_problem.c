#include "client/cli/handlers.h"
#include "client/cli/view.h"

#include <string.h>

enum status
cmd_problem_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number item = {"item", 0, 9999};
    Pb__ListProblemsRequest list = PB__LIST_PROBLEMS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    bool has = false;
    int64_t number = 0;
    enum status status = cli_number_option(c, line, &item, &has, &number, f);
    if (status != STATUS_OK) {
        return status;
    }
    list.inspection = cli_field(line_value(line, "inspection"));
    list.unit = cli_field(line_value(line, "unit"));
    list.has_item_no = has;
    list.item_no = (int32_t)number;
    status = cli_query(c, "rectify.v1.ProblemService/ListProblems", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListProblemsReply *reply = (const Pb__ListProblemsReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    status = view_problems(c, reply->problems, reply->n_problems, f);
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "共 %zu 个问题。\n", reply->n_problems);
    }
    return status;
}

/* What sittings decided, and the files of the applications. */
static void
closings_print(struct cli *c, const Pb__GetProblemReply *reply)
{
    for (size_t i = 0; i < reply->n_closings; i++) {
        const Pb__Closing *k = reply->closings[i];
        (void)fprintf(c->out, "会审 %s（%s）：%s%s%s\n", cli_text(c, k->sitting),
                      cli_text(c, k->day), cli_text(c, k->result_zh), k->reason != NULL ? "。" : "",
                      cli_text(c, k->reason));
    }
    for (size_t i = 0; i < reply->n_evidence; i++) {
        (void)fprintf(c->out, "附件 %s  %s\n", cli_text(c, reply->evidence[i]->id),
                      cli_text(c, reply->evidence[i]->name));
    }
}

static const char *
origin_zh(const char *origin)
{
    static const char *const words[][2] = {
        {"FEEDBACK", "巡视反馈"}, {"SELF", "自查发现"},
        {"AFTER", "反馈后发现"},  {"SUPERVISION", "督查"},
        {"PUBLIC", "群众反映"},   {"OTHER_INSPECTION", "其他巡视、督察移交"},
    };
    for (size_t i = 0; origin != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], origin) == 0) {
            return words[i][1];
        }
    }
    return origin;
}

enum status
cmd_problem_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetProblemRequest get = PB__GET_PROBLEM_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.ref = cli_field(line->args[0]);
    get.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.ProblemService/GetProblem", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetProblemReply *reply = (const Pb__GetProblemReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    if (c->format == CLI_TABLE && reply->problem != NULL) {
        const Pb__Problem *p = reply->problem;
        (void)fprintf(c->out, "问题 %s（%s）\n", cli_text(c, p->ref), cli_text(c, p->inspection));
        view_field(c, "标题", p->title);
        view_field(c, "状态", p->state_zh != NULL ? p->state_zh : p->state);
        view_field(c, "所属项", p->item_title);
        view_field(c, "牵头单位", p->lead_unit);
        view_field(c, "专项小组", p->special_group);
        view_field(c, "来源", origin_zh(p->origin));
        view_field(c, "对外口径", p->public_class_zh);
        view_field(c, "销号日期", p->closed_on);
        view_field(c, "整改报告", p->closing_report);
        view_field(c, "举一反三", p->lessons);
        view_field(c, "专项小组意见", p->group_opinion);
        view_field(c, "列入会审", p->sitting);
        closings_print(c, reply);
        (void)fprintf(c->out, "措施 %d 条，已到位 %d 条，超期 %d 条\n\n", p->measures,
                      p->measures_done, p->measures_overdue);
    }
    return view_measures(c, reply->measures, reply->n_measures, f);
}
