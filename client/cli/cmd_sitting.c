/* Sittings (批量会审): planning them, seeing who is missing, giving a body's opinions. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/place.h"
#include "client/cli/sitting_file.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/file.h"

#include <inttypes.h>
#include <string.h>

enum { ROWS_MAX = 200 };

static const char agreed_reason[] = "经审核会审材料，达到要求";

static enum status
sitting_get(struct cli *c, const char *ref, Pb__GetSittingReply **ret, struct fault *f)
{
    Pb__GetSittingRequest get = PB__GET_SITTING_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.ref = cli_field(ref);
    enum status status =
        cli_query(c, "rectify.v1.SittingService/GetSitting", &get.base, &message, f);
    *ret = (Pb__GetSittingReply *)message;
    return status;
}

static void
sitting_line(struct cli *c, const Pb__Sitting *s)
{
    (void)fprintf(c->out, "会审 %s（%s，%s）现在是“%s”：%d 个问题，同意 %d，不同意 %d，待定 %d。\n",
                  cli_text(c, s->ref), cli_text(c, s->title), cli_text(c, s->day),
                  cli_text(c, s->state_zh), s->rows, s->agreed, s->refused, s->pending);
}

/* Runs a command whose reply is a sitting. */
static enum status
sitting_run(struct cli *c, const char *method, const ProtobufCMessage *request,
            const Pb__Sitting **ret, struct fault *f)
{
    struct cli_command command = {.method = method, .request = request};
    struct rectify_answer answer;
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    *ret = (const Pb__Sitting *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        sitting_line(c, *ret);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* ---- create, open ---- */

/* Every problem that may stand on a list. */
static enum status
problems_all(struct cli *c, const struct line *line, char **list, size_t *ret_count,
             struct fault *f)
{
    Pb__ListProblemsRequest ask = PB__LIST_PROBLEMS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    ask.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.ProblemService/ListProblems", &ask.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListProblemsReply *reply = (const Pb__ListProblemsReply *)message;
    for (size_t i = 0; i < reply->n_problems && *ret_count < ROWS_MAX; i++) {
        const Pb__Problem *p = reply->problems[i];
        bool review = p->state != NULL && strcmp(p->state, "JOINT_REVIEW") == 0;
        bool sustained =
            p->state != NULL && strcmp(p->state, "SUSTAINED") == 0 && p->measures_sustaining == 0;
        if ((review || sustained) && p->sitting == NULL) {
            list[(*ret_count)++] = p->ref;
        }
    }
    if (*ret_count == 0) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "NOT_IN_REVIEW",
                         "现在没有可以会审的问题：先用 rectify office problem forward 提交会审。");
    }
    return STATUS_OK;
}

enum status
cmd_sitting_create(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__CreateSittingRequest r = PB__CREATE_SITTING_REQUEST__INIT;
    char *list[ROWS_MAX];
    const char *day = NULL;
    const Pb__Sitting *made = NULL;
    size_t count = 0;
    enum status status = cli_date_option(c, line, "date", &day, f);
    for (size_t i = 0; i < line->arg_count && i < ROWS_MAX; i++) {
        list[count++] = cli_field(line->args[i]);
    }
    if (status == STATUS_OK && line_flag(line, "all") && count == 0) {
        status = problems_all(c, line, list, &count, f);
    }
    if (status == STATUS_OK && count == 0) {
        status = fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PROBLEMS",
                           "请写明问题编号，或用 --all 列入全部可以会审的问题。");
    }
    if (status != STATUS_OK) {
        return status;
    }
    r.inspection = cli_field(line_value(line, "inspection"));
    r.title = cli_field(line_value(line, "title"));
    r.day = cli_field(day);
    r.problems = list;
    r.n_problems = count;
    status = sitting_run(c, "rectify.v1.SittingService/CreateSitting", &r.base, &made, f);
    if (status == STATUS_OK && line_flag(line, "open")) {
        Pb__GetSittingRequest open = PB__GET_SITTING_REQUEST__INIT;
        open.ref = made->ref;
        c->key = NULL; /* it named the first of the two commands */
        status = sitting_run(c, "rectify.v1.SittingService/OpenSitting", &open.base, &made, f);
    }
    return status;
}

enum status
cmd_sitting_open(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetSittingRequest open = PB__GET_SITTING_REQUEST__INIT;
    const Pb__Sitting *opened = NULL;
    open.ref = cli_field(line->args[0]);
    return sitting_run(c, "rectify.v1.SittingService/OpenSitting", &open.base, &opened, f);
}

/* ---- conclude, cancel ---- */

static enum status
end_run(struct cli *c, const char *method, const ProtobufCMessage *request, struct fault *f)
{
    struct cli_command command = {.method = method, .request = request};
    struct rectify_answer answer;
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__SittingReply *reply = (const Pb__SittingReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "会审 %s 现在是“%s”。\n", cli_text(c, reply->sitting->ref),
                      cli_text(c, reply->sitting->state_zh));
        for (size_t i = 0; i < reply->n_undecided; i++) {
            (void)fprintf(c->out, "%s%s%s", i == 0 ? "没有结论，仍在联合会审中：" : "、",
                          cli_text(c, reply->undecided[i]),
                          i + 1 == reply->n_undecided ? "\n" : "");
        }
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_sitting_conclude(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ConcludeSittingRequest r = PB__CONCLUDE_SITTING_REQUEST__INIT;
    r.ref = cli_field(line->args[0]);
    r.has_leave_undecided = r.leave_undecided = line_flag(line, "leave-undecided");
    return end_run(c, "rectify.v1.SittingService/ConcludeSitting", &r.base, f);
}

enum status
cmd_sitting_cancel(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__CancelSittingRequest r = PB__CANCEL_SITTING_REQUEST__INIT;
    r.ref = cli_field(line->args[0]);
    r.reason = cli_field(line_value(line, "reason"));
    return end_run(c, "rectify.v1.SittingService/CancelSitting", &r.base, f);
}

/* ---- list, show ---- */

enum status
cmd_sitting_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "会审"},
                                                 {.title = "日期"},
                                                 {.title = "题目", .clip = 40},
                                                 {.title = "状态"},
                                                 {.title = "问题", .right = true},
                                                 {.title = "同意", .right = true},
                                                 {.title = "不同意", .right = true},
                                                 {.title = "待定", .right = true}};
    Pb__ListSittingsRequest ask = PB__LIST_SITTINGS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    ask.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.SittingService/ListSittings", &ask.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__ListSittingsReply *reply = (const Pb__ListSittingsReply *)message;
    if (reply->n_sittings == 0 && c->format == CLI_TABLE) {
        (void)fputs("没有批量会审。\n", c->out);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_sittings; i++) {
        const Pb__Sitting *s = reply->sittings[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, s->ref);
        row[1] = cli_text(c, s->day);
        row[2] = cli_text(c, s->title);
        row[3] = cli_text(c, s->state_zh);
        row[4] = grid_number(&g, s->rows);
        row[5] = grid_number(&g, s->agreed);
        row[6] = grid_number(&g, s->refused);
        row[7] = grid_number(&g, s->pending);
    }
    return grid_print(&g, c, f);
}

/* "同意", "不同意", "同意（代行 sg1）", "记录已变，须重提"; "" when not given or not to be seen. */
static const char *
opinion_text(struct cli *c, const Pb__SittingRow *row, const char *body)
{
    for (size_t i = 0; i < row->n_opinions; i++) {
        const Pb__SittingOpinion *o = row->opinions[i];
        if (o->body == NULL || strcmp(o->body, body) != 0) {
            continue;
        }
        const char *word = o->verdict == PB__VERDICT__ACCEPTED ? "同意" : "不同意";
        if (o->stale) {
            return "记录已变，须重提";
        }
        const char *text = o->substitute
                               ? arena_printf(&c->arena, "%s（%s 代行）", word, cli_text(c, o->org))
                               : word;
        return text == NULL ? word : text;
    }
    for (size_t i = 0; i < row->n_missing; i++) {
        const Pb__MissingBody *m = row->missing[i];
        if (m->body != NULL && strcmp(m->body, body) == 0 && m->substitute != NULL) {
            const char *text = arena_printf(&c->arena, "待 %s 代行", cli_text(c, m->substitute));
            return text == NULL ? "待提" : text;
        }
        if (m->body != NULL && strcmp(m->body, body) == 0) {
            return "待提";
        }
    }
    return "";
}

static enum status
rows_print(struct cli *c, const Pb__GetSittingReply *reply, size_t *ret_yours, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "问题"},     {.title = "题目", .clip = 30},
        {.title = "牵头单位"}, {.title = "结论"},
        {.title = "纪委监委"}, {.title = "组织部"},
        {.title = "办公室"},   {.title = "轮到您"}};
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_rows; i++) {
        const Pb__SittingRow *r = reply->rows[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, r->problem->ref);
        row[1] = cli_text(c, r->problem->title);
        row[2] = cli_text(c, r->problem->lead_unit);
        row[3] = cli_text(c, r->state_zh);
        row[4] = opinion_text(c, r, "DISC");
        row[5] = opinion_text(c, r, "ORGD");
        row[6] = opinion_text(c, r, "OFFICE");
        row[7] = r->yours ? "是" : "";
        *ret_yours += r->yours ? 1 : 0;
    }
    return grid_print(&g, c, f);
}

enum status
cmd_sitting_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetSittingReply *reply = NULL;
    size_t yours = 0;
    enum status status = sitting_get(c, line->args[0], &reply, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, &reply->base, f);
    }
    if (c->format == CLI_TABLE) {
        sitting_line(c, reply->sitting);
        view_field(c, "取消的理由", reply->sitting->reason);
        (void)fputc('\n', c->out);
    }
    status = rows_print(c, reply, &yours, f);
    for (size_t i = 0; status == STATUS_OK && c->format == CLI_TABLE && i < reply->n_rows; i++) {
        const Pb__SittingRow *r = reply->rows[i];
        view_field(c, r->problem->ref, r->reason);
    }
    if (status == STATUS_OK && c->format == CLI_TABLE && yours > 0) {
        (void)fprintf(c->out,
                      "\n还有 %zu 个问题等您提意见：rectify sitting export %s --out 会审.csv 导出"
                      "填写，再 rectify sitting decide 会审.csv。\n",
                      yours, cli_text(c, reply->sitting->ref));
    }
    return status;
}

enum status
cmd_sitting_export(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetSittingReply *reply = NULL;
    struct rectify_file file = {.stream = NULL};
    const char *path = line_value(line, "out");
    bool all = line_flag(line, "all");
    size_t count = 0;
    enum status status = sitting_get(c, line->args[0], &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(path, "-") == 0) {
        (void)sitting_file_write(&c->arena, c->out, reply, all);
        return STATUS_OK;
    }
    status = rectify_file_begin(path, 0640, &file, f);
    if (status == STATUS_OK) {
        csv_begin(file.stream, path);
        count = sitting_file_write(&c->arena, file.stream, reply, all);
        (void)fflush(file.stream); /* commit looks at ferror */
        status = tables_keep_old(c, path, file.temp, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    if (status == STATUS_OK) {
        (void)fprintf(c->out,
                      "已导出 %zu 个问题到 %s：填“意见”（同意、不同意）和五条标准的结论（达到、"
                      "未达到）与理由，\n再运行：rectify sitting decide %s\n",
                      count, path, path);
    }
    return status;
}

/* ---- decide ---- */

struct deciding {
    Pb__DecideSittingRequest request;
    const unsigned *lines; /* of each row, in the file; NULL: they were given otherwise */
};

static const Pb__SittingRow *
row_of(const Pb__GetSittingReply *reply, const char *ref, size_t length)
{
    for (size_t i = 0; i < reply->n_rows; i++) {
        const char *one = reply->rows[i]->problem->ref;
        if (one != NULL && strlen(one) == length && strncmp(one, ref, length) == 0) {
            return reply->rows[i];
        }
    }
    return NULL;
}

/* What stands behind the "=": agree, or refuse[+3,5]:REASON. */
static enum status
row_opinion(struct cli *c, const char *text, Pb__SittingVerdict *v, struct fault *f)
{
    char *plus = NULL;
    char *reason = NULL;
    char *copy = arena_strdup(&c->arena, text);
    if (copy == NULL) {
        return fault_memory(f);
    }
    value_opinion(copy, ":", &plus, &reason);
    if (strcmp(copy, "agree") == 0 || strcmp(copy, "同意") == 0) {
        return STATUS_OK;
    }
    if (strcmp(copy, "refuse") != 0 && strcmp(copy, "不同意") != 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROW",
                         "--row 的“%s”不对：等号后面写 agree，或 refuse:理由。", text);
    }
    if (reason == NULL || reason[0] == '\0') {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_REASON",
                         "不同意要写明理由，例如 --row %s=refuse+3:现场仍有同类情况。",
                         v->problem_ref);
    }
    if (!sitting_verdict_refuse(&c->arena, v, plus, reason)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROW",
                         "--row 的“%s”不对：加号后面写没有达到的标准，1 至 5。", text);
    }
    return STATUS_OK;
}

static enum status
add_row(struct cli *c, const struct line *line, const Pb__SittingRow *row, struct deciding *d,
        struct fault *f)
{
    const char *reason = line_value(line, "reason");
    if (d->request.n_rows >= ROWS_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "COUNT_RANGE",
                         "一次最多提交 %d 个问题的意见。", ROWS_MAX);
    }
    Pb__SittingVerdict *v = sitting_verdict_make(&c->arena, row->problem->ref, row->record,
                                                 reason != NULL ? reason : agreed_reason);
    if (v == NULL) {
        return fault_memory(f);
    }
    d->request.rows[d->request.n_rows++] = v;
    return STATUS_OK;
}

static enum status
rows_take(struct cli *c, const struct line *line, const Pb__GetSittingReply *reply,
          struct deciding *d, struct fault *f)
{
    const char *text = NULL;
    for (size_t i = 0; (text = line_value_at(line, "row", i)) != NULL; i++) {
        text = value_signs(&c->arena, text, false);
        const char *equals = strchr(text, '=');
        const Pb__SittingRow *row =
            equals == NULL ? NULL : row_of(reply, text, (size_t)(equals - text));
        if (row == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROW",
                             "--row 的“%s”不对：要写成 问题编号=意见，问题要在这次会审的清单里。",
                             text);
        }
        enum status status = add_row(c, line, row, d, f);
        if (status == STATUS_OK) {
            status = row_opinion(c, equals + 1, d->request.rows[d->request.n_rows - 1], f);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status
all_take(struct cli *c, const struct line *line, const Pb__GetSittingReply *reply,
         struct deciding *d, struct fault *f)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < reply->n_rows; i++) {
        if (reply->rows[i]->yours) {
            status = add_row(c, line, reply->rows[i], d, f);
        }
    }
    if (status == STATUS_OK && d->request.n_rows == 0) {
        status = fault_set(f, STATUS_FAILED_PRECONDITION, "NOTHING_YOURS",
                           "会审 %s 没有等您提意见的问题。", cli_text(c, reply->sitting->ref));
    }
    return status;
}

static enum status
decide_collect(struct cli *c, const struct line *line, struct deciding *d, struct fault *f)
{
    bool all = line_flag(line, "agree-all");
    bool rows = line_flag(line, "row");
    if (all && rows) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_DECIDE",
                         "--agree-all 和 --row 只选一种。");
    }
    if (!all && !rows) {
        struct csv csv;
        struct sitting_file file;
        enum status status = csv_read(&c->arena, line->args[0], "问题编号", &csv, f);
        if (status == STATUS_OK) {
            status = sitting_file_read(&c->arena, &csv, &file, f);
        }
        if (status == STATUS_OK) {
            d->request.ref = cli_field(file.sitting);
            d->request.rows = file.rows;
            d->request.n_rows = file.count;
            d->lines = file.lines;
        }
        return status;
    }
    Pb__GetSittingReply *reply = NULL;
    enum status status = sitting_get(c, line->args[0], &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    d->request.ref = reply->sitting->ref;
    d->request.rows = arena_array(&c->arena, ROWS_MAX, sizeof *d->request.rows);
    if (d->request.rows == NULL) {
        return fault_memory(f);
    }
    return all ? all_take(c, line, reply, d, f) : rows_take(c, line, reply, d, f);
}

/* "rows[2].record" in the words of the one who filled the file in. */
static void
refusal_explain(struct cli *c, const struct deciding *d, struct fault *f)
{
    struct place place;
    if (d->lines == NULL || !place_in_list(f->field, "rows", &place) ||
        place.index >= d->request.n_rows) {
        return;
    }
    const char *message = arena_strdup(&c->arena, place_message(f->message));
    if (message != NULL) {
        (void)snprintf(f->message, sizeof f->message, "第 %u 行：%s", d->lines[place.index],
                       message);
        c->explained = true;
    }
}

static void
refs_print(struct cli *c, const char *title, char *const *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(c->out, "%s%s%s", i == 0 ? title : "、", cli_text(c, refs[i]),
                      i + 1 == n ? "\n" : "");
    }
}

enum status
cmd_sitting_decide(struct cli *c, const struct line *line, struct fault *f)
{
    struct deciding d = {.request = PB__DECIDE_SITTING_REQUEST__INIT};
    struct rectify_answer answer;
    enum status status = decide_collect(c, line, &d, f);
    if (status != STATUS_OK) {
        return status;
    }
    struct cli_command command = {.method = "rectify.v1.SittingService/DecideSitting",
                                  .request = &d.request.base};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        refusal_explain(c, &d, f);
        return status;
    }
    const Pb__DecideSittingReply *reply = (const Pb__DecideSittingReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "已记下 %d 个问题的意见，%d 个还等其他会审单位。\n", reply->rows,
                      reply->waiting);
        refs_print(c, "销号：", reply->closed, reply->n_closed);
        refs_print(c, "基本完成并持续整改：", reply->sustained, reply->n_sustained);
        refs_print(c, "不同意销号，退回整改：", reply->refused, reply->n_refused);
    }
    cli_receipt_print(c, &answer);
    return status;
}
