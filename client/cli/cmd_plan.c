/* The plan's review and what stands around it. Amendments are read in cmd_amend.c. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <rectify/v1/inspection.pb-c.h>
#include <rectify/v1/plan.pb-c.h>
#include <string.h>

enum { BODIES_MAX = 16, NODES_MAX = 16 };

/* Sends a command and prints its answer as JSON, or what `done` says of it. */
static enum status
run(struct cli *c, const char *method, const ProtobufCMessage *request, const char *done,
    struct fault *f)
{
    struct rectify_answer answer;
    struct cli_command command = {.method = method, .request = request};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "%s\n", done);
    }
    cli_receipt_print(c, &answer);
    return status;
}

static enum status
run_plan(struct cli *c, const char *method, const ProtobufCMessage *request, struct fault *f)
{
    struct rectify_answer answer;
    struct cli_command command = {.method = method, .request = request};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__PlanVersion *v = (const Pb__PlanVersion *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "方案第 %d 版（%s）：%s。编号 %s\n", v->no, cli_text(c, v->state_zh),
                      cli_text(c, v->totals), cli_text(c, v->id));
    }
    cli_receipt_print(c, &answer);
    return status;
}

static void
which(const struct line *line, Pb__PlanRequest *r)
{
    r->inspection = cli_field(line_value(line, "inspection"));
    r->plan = cli_field(line_value(line, "plan"));
}

static const char *
opinion_zh(const Pb__PlanOpinion *o)
{
    if (o->stale) {
        return "意见已不作数（草案有改动）";
    }
    return o->verdict == PB__VERDICT__ACCEPTED   ? "同意"
           : o->verdict == PB__VERDICT__RETURNED ? "不同意"
                                                 : "还没有意见";
}

enum status
cmd_plan_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__PlanRequest get = PB__PLAN_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    which(line, &get);
    enum status status = cli_query(c, "rectify.v1.PlanService/GetPlan", &get.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetPlanReply *reply = (const Pb__GetPlanReply *)message;
    if (reply->totals != NULL) {
        (void)fprintf(c->out, "措施：%s\n", cli_text(c, reply->totals));
    }
    for (size_t i = 0; i < reply->n_versions; i++) {
        const Pb__PlanVersion *v = reply->versions[i];
        (void)fprintf(c->out, "\n第 %d 版 %s %s\n  编号 %s\n  %d 项，%d 个反馈问题，%d 条措施\n",
                      v->no, cli_text(c, v->state_zh), cli_text(c, v->title), cli_text(c, v->id),
                      v->items, v->problems, v->measures);
        view_field(c, "  合计", v->totals);
        view_field(c, "  内容摘要", v->sha256);
        view_field(c, "  批准意见", v->opinion);
        for (size_t k = 0; k < v->n_opinions; k++) {
            (void)fprintf(c->out, "  %s：%s %s\n", cli_text(c, v->opinions[k]->body_name),
                          opinion_zh(v->opinions[k]), cli_text(c, v->opinions[k]->reason));
        }
        for (size_t k = 0; k < v->n_changes; k++) {
            const Pb__PlanChange *change = v->changes[k];
            static const char *const names[] = {"", "拆分", "合并", "撤销", "新增", "改动"};
            (void)fprintf(c->out, "  %zu. %s", k + 1, names[(unsigned)change->kind % 6U]);
            for (size_t m = 0; m < change->n_measures; m++) {
                (void)fprintf(c->out, " %s", cli_text(c, change->measures[m]));
            }
            (void)fprintf(c->out, "（%s）\n", cli_text(c, change->reason));
        }
    }
    return STATUS_OK;
}

enum status
cmd_plan_submit(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    which(line, &r);
    return run_plan(c, "rectify.v1.PlanService/SubmitForReview", &r.base, f);
}

/* The hash of the draft as it is now, where the caller named none. */
static enum status
current_hash(struct cli *c, const struct line *line, char **ret, struct fault *f)
{
    Pb__PlanRequest get = PB__PLAN_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    which(line, &get);
    enum status status = cli_query(c, "rectify.v1.PlanService/GetPlan", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetPlanReply *reply = (const Pb__GetPlanReply *)message;
    for (size_t i = 0; i < reply->n_versions; i++) {
        const Pb__PlanVersion *v = reply->versions[i];
        if (v->state != NULL && strcmp(v->state, "REVIEW") == 0) {
            *ret = v->sha256;
        }
    }
    return STATUS_OK;
}

enum status
cmd_plan_review(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ReviewPlanRequest r = PB__REVIEW_PLAN_REQUEST__INIT;
    bool agree = line_flag(line, "agree");
    if (agree == line_flag(line, "refuse")) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_VERDICT",
                         "请写 --agree（同意）或 --refuse（不同意）中的一个。");
    }
    if (!agree && line_value(line, "reason") == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_REASON",
                         "不同意要写明理由：--refuse --reason 理由。");
    }
    r.inspection = cli_field(line_value(line, "inspection"));
    r.plan = cli_field(line_value(line, "plan"));
    r.reason = cli_field(line_value(line, "reason"));
    r.sha256 = cli_field(line_value(line, "sha256"));
    r.has_verdict = 1;
    r.verdict = agree ? PB__VERDICT__ACCEPTED : PB__VERDICT__RETURNED;
    enum status status = r.sha256 == NULL ? current_hash(c, line, &r.sha256, f) : STATUS_OK;
    return status != STATUS_OK ? status
                               : run_plan(c, "rectify.v1.PlanService/ReviewPlan", &r.base, f);
}

enum status
cmd_plan_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__WithdrawPlanRequest r = PB__WITHDRAW_PLAN_REQUEST__INIT;
    r.inspection = cli_field(line_value(line, "inspection"));
    r.plan = cli_field(line_value(line, "plan"));
    r.reason = cli_field(line_value(line, "reason"));
    return run_plan(c,
                    line_flag(line, "for-good") ? "rectify.v1.PlanService/WithdrawPlan"
                                                : "rectify.v1.PlanService/WithdrawReview",
                    &r.base, f);
}

enum status
cmd_plan_bodies(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__SetReviewBodiesRequest r = PB__SET_REVIEW_BODIES_REQUEST__INIT;
    const char *text = NULL;
    r.inspection = cli_field(line_value(line, "inspection"));
    r.bodies = arena_array(&c->arena, BODIES_MAX, sizeof *r.bodies);
    for (size_t i = 0; (text = line_value_at(line, "body", i)) != NULL; i++) {
        if (r.bodies == NULL) {
            return fault_memory(f);
        }
        r.n_bodies += value_list(&c->arena, text, r.bodies + r.n_bodies, BODIES_MAX - r.n_bodies);
        if (r.n_bodies > BODIES_MAX) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_BODY", "联审单位太多。");
        }
    }
    return run(c, "rectify.v1.PlanService/SetReviewBodies", &r.base,
               r.n_bodies == 0 ? "方案不需要联审。" : "联审单位已定。", f);
}

enum status
cmd_plan_document(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__PlanDocument r = PB__PLAN_DOCUMENT__INIT;
    r.inspection = cli_field(line_value(line, "inspection"));
    r.kind = cli_field(line_value(line, "kind"));
    r.title = cli_field(line->args[0]);
    return run(c, "rectify.v1.InspectionService/AddPlanDocument", &r.base, "方案文本已登记。", f);
}

/* ---- the inspection ---- */

static enum status
number(struct cli *c, const struct line *line, const struct cli_number *what,
       protobuf_c_boolean *has, int32_t *ret, struct fault *f)
{
    bool given = false;
    int64_t value = 0;
    enum status status = cli_number_option(c, line, what, &given, &value, f);
    *has = given;
    *ret = (int32_t)value;
    return status;
}

enum status
cmd_inspection_date(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number no = {"no", 1, 99};
    static const struct cli_number months = {"months", 1, 120};
    Pb__InspectionDate r = PB__INSPECTION_DATE__INIT;
    const char *planned = NULL;
    const char *held = NULL;
    r.inspection = cli_field(line_value(line, "inspection"));
    r.kind = cli_field(line->args[0]);
    r.note = cli_field(line_value(line, "note"));
    enum status status = number(c, line, &no, &r.has_no, &r.no, f);
    if (status == STATUS_OK) {
        status = number(c, line, &months, &r.has_months, &r.months, f);
    }
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "planned", &planned, f);
    }
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "held", &held, f);
    }
    r.planned_on = cli_field(planned);
    r.held_on = cli_field(held);
    return status != STATUS_OK ? status
                               : run(c, "rectify.v1.InspectionService/SetInspectionDate", &r.base,
                                     "节点已登记。", f);
}

enum status
cmd_inspection_show(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {"节点", 0, false}, {"计划", 0, false}, {"举行", 0, false}, {"情况", 0, false}};
    Pb__InspectionRequest get = PB__INSPECTION_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    get.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.InspectionService/GetInspection", &get.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetInspectionReply *reply = (const Pb__GetInspectionReply *)message;
    if (c->format == CLI_TABLE && reply->inspection != NULL) {
        (void)fprintf(c->out, "%s %s\n", cli_text(c, reply->inspection->code),
                      cli_text(c, reply->inspection->name));
        for (size_t i = 0; i < reply->inspection->n_bodies; i++) {
            view_field(c, "被巡视党组织", reply->inspection->bodies[i]);
        }
        for (size_t i = 0; i < reply->n_documents; i++) {
            (void)fprintf(c->out, "方案文本：%s（%d 个问题）\n",
                          cli_text(c, reply->documents[i]->title), reply->documents[i]->problems);
        }
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_dates; i++) {
        const Pb__InspectionDate *d = reply->dates[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, d->kind_zh);
        row[1] = cli_text(c, d->planned_on);
        row[2] = cli_text(c, d->held_on);
        row[3] = view_light(c, d->light, d->has_days_left, d->days_left);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_problem_link(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number parts = {"parts", 1, 10000};
    Pb__LinkProblemRequest r = PB__LINK_PROBLEM_REQUEST__INIT;
    r.inspection = cli_field(line_value(line, "inspection"));
    r.problem_ref = cli_field(line->args[0]);
    r.kind = cli_field(line_value(line, "kind"));
    r.other_inspection = cli_field(line_value(line, "other-inspection"));
    r.other_ref = cli_field(line_value(line, "other"));
    r.text = cli_field(line_value(line, "text"));
    enum status status = number(c, line, &parts, &r.has_parts, &r.parts, f);
    return status != STATUS_OK
               ? status
               : run(c, "rectify.v1.InspectionService/LinkProblem", &r.base, "已关联。", f);
}

/* ---- nodes ---- */

/* "内容=日期". */
static enum status
node_take(struct cli *c, const char *text, Pb__MeasureNode **ret, struct fault *f)
{
    text = value_signs(&c->arena, text, false);
    const char *equal = strrchr(text, '=');
    Pb__MeasureNode *n = arena_alloc(&c->arena, sizeof *n);
    if (n == NULL) {
        return fault_memory(f);
    }
    pb__measure_node__init(n);
    n->title =
        cli_field(equal == NULL ? text : arena_strndup(&c->arena, text, (size_t)(equal - text)));
    n->due = equal == NULL ? NULL : cli_field(equal + 1);
    *ret = n;
    return STATUS_OK;
}

static enum status
node_return(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number no = {"return", 1, 9999};
    Pb__ReturnNodeRequest r = PB__RETURN_NODE_REQUEST__INIT;
    r.measure_ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.reason = cli_field(line_value(line, "reason"));
    enum status status = number(c, line, &no, &r.has_no, &r.no, f);
    return status != STATUS_OK
               ? status
               : run(c, "rectify.v1.NodeService/ReturnNode", &r.base, "节点的报告已退回。", f);
}

enum status
cmd_measure_node(struct cli *c, const struct line *line, struct fault *f)
{
    if (line_flag(line, "return")) {
        return node_return(c, line, f);
    }
    Pb__SetNodesRequest r = PB__SET_NODES_REQUEST__INIT;
    const char *text = NULL;
    r.measure_ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.nodes = arena_array(&c->arena, NODES_MAX, sizeof(Pb__MeasureNode *));
    for (size_t i = 0; (text = line_value_at(line, "node", i)) != NULL; i++) {
        if (r.nodes == NULL || i >= NODES_MAX) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_NODE", "目标节点太多。");
        }
        enum status status = node_take(c, text, &r.nodes[r.n_nodes], f);
        if (status != STATUS_OK) {
            return status;
        }
        r.n_nodes++;
    }
    return run(c, "rectify.v1.NodeService/SetNodes", &r.base, "目标节点已设置。", f);
}

enum status
cmd_measure_reach(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ReachNodeRequest r = PB__REACH_NODE_REQUEST__INIT;
    const char *day = NULL;
    r.measure_ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.note = cli_field(line_value(line, "note"));
    r.has_no = 1;
    for (const char *p = line->args[1]; *p >= '0' && *p <= '9' && r.no < 9999; p++) {
        r.no = r.no * 10 + (*p - '0');
    }
    enum status status = cli_date_option(c, line, "date", &day, f);
    r.reached_on = cli_field(day);
    return status != STATUS_OK ? status
                               : run(c, "rectify.v1.NodeService/ReachNode", &r.base, "已报告。", f);
}
