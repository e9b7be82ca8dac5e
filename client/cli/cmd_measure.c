#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/typed.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "proto/base/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500 };

static enum status
list_page(struct cli *c, Pb__ListMeasuresRequest *request, Pb__ListMeasuresReply **ret_reply,
          struct fault *f)
{
    ProtobufCMessage *reply = NULL;
    enum status status =
        cli_query(c, "rectify.v1.MeasureService/ListMeasures", &request->base, &reply, f);
    if (status == STATUS_OK) {
        *ret_reply = (Pb__ListMeasuresReply *)reply;
    }
    return status;
}

/* ---- sign-for ---- */

/* What still waits for the caller's signature: the measures his units lead. */
static enum status
waiting_find(struct cli *c, const char *inspection, Pb__SignForRequest *sign, struct fault *f)
{
    const Pb__WhoAmIReply *who = NULL;
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    Pb__ListMeasuresReply *page = NULL;
    enum status status = view_whoami(c, &who, f);
    if (status != STATUS_OK) {
        return status;
    }
    list.inspection = cli_field(inspection);
    list.state = cli_field("ASSIGNED");
    list.has_limit = true;
    list.limit = LIMIT_TABLE_ROWS;
    status = list_page(c, &list, &page, f);
    if (status != STATUS_OK) {
        return status;
    }
    sign->measures = arena_array(&c->arena, page->n_measures, sizeof *sign->measures);
    for (size_t i = 0; i < page->n_measures; i++) {
        const Pb__Measure *m = page->measures[i];
        if (!view_owns(c, who, m->problem_lead_unit) && !view_owns(c, who, m->lead_unit)) {
            continue;
        }
        Pb__MeasureVersion *one = arena_alloc(&c->arena, sizeof *one);
        if (one == NULL || sign->measures == NULL) {
            return fault_memory(f);
        }
        pb__measure_version__init(one);
        one->ref = m->id != NULL ? m->id : m->ref;
        one->has_expected_version = m->has_version;
        one->expected_version = m->version;
        sign->measures[sign->n_measures++] = one;
    }
    return STATUS_OK;
}

static enum status
named_take(struct cli *c, const struct line *line, Pb__SignForRequest *sign, struct fault *f)
{
    sign->measures = arena_array(&c->arena, line->arg_count, sizeof *sign->measures);
    for (size_t i = 0; i < line->arg_count; i++) {
        Pb__MeasureVersion *one = arena_alloc(&c->arena, sizeof *one);
        if (one == NULL || sign->measures == NULL) {
            return fault_memory(f);
        }
        pb__measure_version__init(one);
        one->ref = cli_field(line->args[i]);
        sign->measures[sign->n_measures++] = one;
    }
    return STATUS_OK;
}

enum status
cmd_sign_for(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    struct rectify_answer answer;
    bool all = line_flag(line, "all");
    if (all == (line->arg_count > 0)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ARGUMENTS",
                         "请写明措施编号，或者写 --all 签收全部（两者选一）。");
    }
    sign.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        all ? waiting_find(c, sign.inspection, &sign, f) : named_take(c, line, &sign, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (sign.n_measures == 0) {
        (void)fputs(c->format == CLI_JSON ? "{\"measures\":[]}\n" : "没有待签收的措施。\n", c->out);
        return STATUS_OK;
    }
    struct cli_command command = {.method = "rectify.v1.MeasureService/SignFor",
                                  .request = &sign.base};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__MeasuresReply *reply = (const Pb__MeasuresReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "已签收 %zu 条措施。\n", reply->n_measures);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* ---- list ---- */

static enum status
light_option(struct cli *c, const struct line *line, Pb__ListMeasuresRequest *list, struct fault *f)
{
    static const char *const names[] = {"", "NORMAL", "DUE_SOON", "OVERDUE"};
    const char *text = line_value(line, "light");
    if (text == NULL) {
        return STATUS_OK;
    }
    const char *narrow = value_narrow(&c->arena, text);
    for (int i = 1; i < 4; i++) {
        if (strcmp(narrow, names[i]) == 0 || strcmp(narrow, value_light_zh((Pb__Light)i)) == 0) {
            list->has_light = true;
            list->light = (Pb__Light)i;
            return STATUS_OK;
        }
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_LIGHT",
                     "--light 可以写 正常、临期 或 超期。");
}

static enum status
filter_take(struct cli *c, const struct line *line, Pb__ListMeasuresRequest *list,
            int64_t *ret_limit, struct fault *f)
{
    static const struct cli_number item = {"item", 0, 9999};
    static const struct cli_number limit = {"limit", 1, 1000000};
    bool has = false;
    int64_t number = 0;
    list->inspection = cli_field(line_value(line, "inspection"));
    list->problem_ref = cli_field(line_value(line, "problem"));
    list->unit = cli_field(line_value(line, "unit"));
    list->leader = cli_field(line_value(line, "leader"));
    list->special_group = cli_field(line_value(line, "group"));
    if (line_value(line, "state") != NULL) {
        list->state = cli_field(value_measure_state(&c->arena, line_value(line, "state")));
        if (list->state == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_STATE",
                             "没有“%s”这个状态：可以写 草案、待签收、整改中、成效待认定、"
                             "已取得明显成效、到位待认定、到位并持续坚持、已整改到位、已被替代 或 "
                             "已撤销。",
                             line_value(line, "state"));
        }
    }
    enum status status = light_option(c, line, list, f);
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &item, &has, &number, f);
        list->has_item_no = has;
        list->item_no = (int32_t)number;
    }
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &limit, &has, &number, f);
        *ret_limit = has ? number : INT64_MAX;
    }
    return status;
}

/* Appends a page to all; both live in the arena. */
static bool
page_append(struct arena *a, Pb__ListMeasuresReply *all, const Pb__ListMeasuresReply *page)
{
    size_t n = all->n_measures + page->n_measures;
    Pb__Measure **measures = arena_array(a, n, sizeof *measures);
    if (measures == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        measures[i] = i < all->n_measures ? all->measures[i] : page->measures[i - all->n_measures];
    }
    all->measures = measures;
    all->n_measures = n;
    return true;
}

enum status
cmd_measure_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    Pb__ListMeasuresReply all = PB__LIST_MEASURES_REPLY__INIT;
    Pb__ListMeasuresReply *page = NULL;
    int64_t left = 0;
    bool more = true;
    enum status status = filter_take(c, line, &list, &left, f);
    while (status == STATUS_OK && more && left > 0) {
        list.has_limit = true;
        list.limit = (int32_t)(left < PAGE ? left : PAGE);
        status = list_page(c, &list, &page, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (!page_append(&c->arena, &all, page)) {
            return fault_memory(f);
        }
        all.as_of = page->as_of;
        left -= (int64_t)page->n_measures;
        more = page->has_more && page->more && page->n_measures > 0;
        list.after_ref = more ? page->measures[page->n_measures - 1]->ref : NULL;
    }
    if (status != STATUS_OK) {
        return status;
    }
    all.has_more = true;
    all.more = more;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &all.base, f);
    }
    status = view_measures(c, all.measures, all.n_measures, f);
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "共 %zu 条措施%s%s%s%s。\n", all.n_measures,
                      more ? "（还有更多）" : "", all.as_of != NULL ? "，按 " : "",
                      cli_text(c, all.as_of), all.as_of != NULL ? " 计算" : "");
    }
    return status;
}

/* ---- show, allowed ---- */

static void
node_print(struct cli *c, const Pb__MeasureNode *n)
{
    (void)fprintf(c->out, "目标节点 %d：%s，%s  %s\n", n->no, cli_text(c, n->title),
                  n->due != NULL ? cli_text(c, n->due) : "没有期限",
                  n->reached_on != NULL ? ""
                                        : view_light(c, n->light, n->has_days_left, n->days_left));
    view_field(c, "  已完成", n->reached_on);
    view_field(c, "  完成情况", n->note);
    view_field(c, "  退回原因", n->return_reason);
}

static void
measure_print(struct cli *c, const Pb__Measure *m)
{
    (void)fprintf(c->out, "措施 %s（第 %" PRId64 " 版，%s）\n", cli_text(c, m->ref), m->version,
                  cli_text(c, m->inspection));
    view_field(c, "状态", m->state_zh != NULL ? m->state_zh : m->state);
    view_field(c, "灯", view_closed(m) ? "" : value_light_zh(m->light));
    view_field(c, "类型", value_class_zh(m->measure_class));
    view_field(c, "内容", m->text);
    view_field(c, "目标", m->target);
    view_field(c, "问题", m->problem_ref);
    view_field(c, "牵头区领导", m->leader);
    view_field(c, "牵头单位", m->lead_unit);
    view_field(c, "问题牵头单位", m->problem_lead_unit);
    for (size_t i = 0; i < m->n_participants; i++) {
        view_field(c, "参与单位", m->participants[i]);
    }
    for (size_t i = 0; i < m->n_milestones; i++) {
        const Pb__Milestone *ms = m->milestones[i];
        (void)fprintf(c->out, "%s：%s%s%s  %s\n",
                      ms->kind == PB__MILESTONE_KIND__EFFECT ? "取得明显成效" : "整改落实到位",
                      ms->current_due != NULL ? cli_text(c, ms->current_due) : "没有期限",
                      ms->reached_on != NULL ? "，已达成 " : "", cli_text(c, ms->reached_on),
                      ms->reached_on == NULL && !view_closed(m)
                          ? view_light(c, ms->light, ms->has_days_left, ms->days_left)
                          : "");
    }
    if (m->has_percent) {
        (void)fprintf(c->out, "完成：%d%%\n", m->percent);
    }
    view_field(c, "进展", m->narrative);
    for (size_t i = 0; i < m->n_nodes; i++) {
        node_print(c, m->nodes[i]);
    }
}

/* NONE is what was before the measure was made. */
static const char *
state_text(const char *state)
{
    return state != NULL && strcmp(state, "NONE") == 0 ? "" : value_measure_state_zh(state);
}

static int
history_order(const void *one, const void *other)
{
    const Pb__HistoryEntry *a = *(Pb__HistoryEntry *const *)one;
    const Pb__HistoryEntry *b = *(Pb__HistoryEntry *const *)other;
    int by_time = (a->recorded_at_ms > b->recorded_at_ms) - (a->recorded_at_ms < b->recorded_at_ms);
    return by_time != 0 ? by_time : (a->version > b->version) - (a->version < b->version);
}

static enum status
history_print(struct cli *c, const Pb__GetMeasureReply *reply, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "时间"},
        {.title = "账号"},
        {.title = "单位"},
        {.title = "办理"},
        {.title = "由"},
        {.title = "到"},
        {.title = "原因", .clip = 40},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    if (reply->n_history > 1) { /* what was done to nodes comes in a list of its own */
        qsort(reply->history, reply->n_history, sizeof(Pb__HistoryEntry *), history_order);
    }
    for (size_t i = 0; i < reply->n_history; i++) {
        const Pb__HistoryEntry *h = reply->history[i];
        const char **row = grid_row(&g);
        row[0] = value_time(&c->arena, h->recorded_at_ms);
        row[1] = cli_text(c, h->account);
        row[2] = cli_text(c, h->org);
        bool said = h->command != NULL && h->command[0] != '\0';
        row[3] = said ? cli_text(c, value_command_zh(h->command)) : "修改内容";
        row[4] = cli_text(c, state_text(h->from_state));
        row[5] = cli_text(c, state_text(h->to_state));
        row[6] = cli_text(c, value_reason(&c->arena, h->reason));
    }
    if (reply->n_history > 0) {
        (void)fputs("\n办理过程\n", c->out);
    }
    return grid_print(&g, c, f);
}

static enum status
evidence_print(struct cli *c, const Pb__GetMeasureReply *reply, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "证明材料", .clip = 40},
        {.title = "类别"},
        {.title = "字节", .right = true},
        {.title = "收到时间"},
        {.title = "编号"},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_evidence; i++) {
        const Pb__Evidence *e = reply->evidence[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, e->name);
        row[1] = value_kind_zh(e->kind);
        row[2] = grid_number(&g, e->size);
        row[3] = value_time(&c->arena, e->received_at_ms);
        row[4] = cli_text(c, e->id);
    }
    if (reply->n_evidence > 0) {
        (void)fputs("\n", c->out);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_measure_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.ref = cli_field(line->args[0]);
    get.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.MeasureService/GetMeasure", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    Pb__GetMeasureReply *reply = (Pb__GetMeasureReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    if (reply->measure == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的答复里没有措施。");
    }
    if (c->format == CLI_CSV) {
        return view_measures(c, &reply->measure, 1, f);
    }
    measure_print(c, reply->measure);
    status = evidence_print(c, reply, f);
    return status == STATUS_OK ? history_print(c, reply, f) : status;
}

enum status
cmd_measure_allowed(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    get.ref = cli_field(line->args[0]);
    get.inspection = cli_field(line_value(line, "inspection"));
    return view_allowed(c, line, "rectify.v1.MeasureService/AllowedCommands", &get.base, f);
}
