/* Matters (事项): lists, one matter, the share of claims found true, clues. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/typed.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <inttypes.h>
#include <rectify/v1/matter.pb-c.h>
#include <string.h>

enum { LIST_MAX = 2000 };

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

enum status
view_matters(struct cli *c, Pb__Matter *const *matters, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"},
        {.title = "事项"},
        {.title = "状态"},
        {.title = "单位"},
        {.title = "现由谁办", .minor = true},
        {.title = "措施"},
        {.title = "下一步时限", .minor = true},
        {.title = "期限"},
        {.title = "内容", .clip = 50},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < n; i++) {
        const Pb__Matter *m = matters[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, m->ref);
        row[1] = cli_text(c, m->kind_zh);
        row[2] = cli_text(c, m->state_zh);
        row[3] = cli_text(c, or_empty(m->unit));
        row[4] = m->has_days_left ? cli_text(c, or_empty(m->holder)) : "";
        row[5] = cli_text(c, or_empty(m->measure_ref != NULL ? m->measure_ref : m->problem_ref));
        row[6] = cli_text(c, or_empty(m->due));
        row[7] = view_days(c, m->has_days_left, m->days_left);
        row[8] = cli_text(c, or_empty(m->title != NULL ? m->title : m->text));
    }
    return grid_print(&g, c, f);
}

/* "notice list" lists notices, "matter list" all. */
static const char *
kind_of_words(struct cli *c, const struct line *line)
{
    const char *bare = command_bare(line->command->words);
    const char *kind = arena_strndup(&c->arena, bare, strcspn(bare, " "));
    return kind == NULL || strcmp(kind, "matter") == 0 ? line_value(line, "kind") : kind;
}

enum status
cmd_matter_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListMattersRequest list = PB__LIST_MATTERS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.kind = cli_field(kind_of_words(c, line));
    list.state = cli_field(line_value(line, "state"));
    list.unit = cli_field(line_value(line, "unit"));
    list.measure_ref = cli_field(line_value(line, "measure"));
    list.holder = cli_field(line_value(line, "holder"));
    list.inspection = cli_field(line_value(line, "inspection"));
    list.has_mine = list.mine = line_flag(line, "mine");
    list.has_overdue = list.overdue = line_flag(line, "overdue");
    list.has_open = list.open = !line_flag(line, "all");
    list.has_limit = true;
    list.limit = LIST_MAX;
    enum status status =
        cli_query(c, "rectify.v1.MatterService/ListMatters", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListMattersReply *reply = (const Pb__ListMattersReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    if (reply->n_matters == 0 && c->format == CLI_TABLE) {
        (void)fprintf(c->out, "没有%s事项。\n", line_flag(line, "all") ? "" : "在办的");
        return STATUS_OK;
    }
    return view_matters(c, reply->matters, reply->n_matters, f);
}

/* ---- show ---- */

static void
fields_print(struct cli *c, const Pb__Matter *m)
{
    (void)fprintf(c->out, "%s %s（第 %" PRId64 " 版）\n", cli_text(c, m->kind_zh),
                  cli_text(c, m->ref), m->version);
    view_field(c, "状态", m->state_zh);
    view_field(c, "名称", m->title);
    view_field(c, "单位", m->unit);
    view_field(c, "现由谁办", m->holder);
    view_field(c, "发出", m->issuer);
    view_field(c, "措施", m->measure_ref);
    view_field(c, "问题", m->problem_ref);
    view_field(c, "内容", m->text);
    view_field(c, "答复", m->answer);
    if (m->has_level) {
        (void)fprintf(c->out, "级别：%d%s\n", m->level,
                      m->has_urgent && m->urgent ? "（紧急）" : "");
    }
    view_field(c, "原时限", m->old_due);
    view_field(c, "申请延至", m->new_due);
    if (m->has_late_days) {
        (void)fprintf(c->out, "补办：申请时已超期 %d 天，照计\n", m->late_days);
    }
    view_field(c, "日期", m->scheduled_on);
    view_field(c, "下一步时限", m->due);
    view_field(c, "上一级督办单", m->former);
    view_field(c, "理由", m->reason);
}

static enum status
parts_print(struct cli *c, const Pb__GetMatterReply *reply)
{
    static const char *const verdicts[] = {"未认定", "属实", "部分属实", "不属实", "未看到"};
    for (size_t i = 0; i < reply->n_tasks; i++) {
        const Pb__MatterTask *t = reply->tasks[i];
        (void)fprintf(c->out, "议定事项 %d：%s，%s 前：%s%s%s\n", t->no, cli_text(c, t->unit),
                      cli_text(c, t->due), cli_text(c, t->text),
                      t->done_on != NULL ? "；已办结 " : "", cli_text(c, or_empty(t->done_on)));
    }
    for (size_t i = 0; i < reply->n_samples; i++) {
        const Pb__MatterSample *s = reply->samples[i];
        unsigned v = s->has_verdict ? (unsigned)s->verdict : 0;
        (void)fprintf(c->out, "抽查 %s（%s）：%s%s%s\n", cli_text(c, s->measure_ref),
                      cli_text(c, s->unit), v < 5 ? verdicts[v] : "", s->found != NULL ? "：" : "",
                      cli_text(c, or_empty(s->found)));
    }
    for (size_t i = 0; i < reply->n_private_texts; i++) {
        const Pb__MatterPrivate *p = reply->private_texts[i];
        view_field(c,
                   strcmp(p->part, "SENDER") == 0     ? "来件人（仅办公室可看）"
                   : strcmp(p->part, "CONTENTS") == 0 ? "谈话记录（仅本单位可看）"
                                                      : "移交理由（仅本单位可看）",
                   p->text);
    }
    for (size_t i = 0; i < reply->n_history; i++) {
        const Pb__HistoryEntry *h = reply->history[i];
        (void)fprintf(c->out, "  %s  %s %s  %s  %s\n", value_time(&c->arena, h->recorded_at_ms),
                      cli_text(c, or_empty(h->org)), cli_text(c, or_empty(h->account)),
                      typed_name(c, reply->matter->kind, or_empty(h->command)),
                      cli_text(c, value_reason(&c->arena, h->reason)));
    }
    return STATUS_OK;
}

static enum status
allowed_print(struct cli *c, const Pb__Matter *m, struct fault *f)
{
    Pb__GetMatterRequest get = PB__GET_MATTER_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.ref = m->ref;
    enum status status =
        cli_query(c, "rectify.v1.MatterService/AllowedCommands", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__AllowedCommandsReply *reply = (const Pb__AllowedCommandsReply *)message;
    const char *before = "您现在可以：\n";
    for (size_t i = 0; i < reply->n_commands; i++) {
        const Pb__AllowedCommand *one = reply->commands[i];
        if (one->has_allowed && one->allowed) {
            (void)fprintf(c->out, "%s  %s  %s\n", before, cli_text(c, one->command_zh),
                          cli_text(c, typed_line(c, m->kind, one->command, m->ref)));
            before = "";
        }
    }
    (void)fputs(before[0] == '\0' ? "" : "您现在没有可办的步骤。\n", c->out);
    return STATUS_OK;
}

enum status
cmd_matter_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetMatterRequest get = PB__GET_MATTER_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.ref = cli_field(line->args[0]);
    enum status status = cli_query(c, "rectify.v1.MatterService/GetMatter", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetMatterReply *reply = (const Pb__GetMatterReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    if (c->format == CLI_CSV) {
        return view_matters(c, &reply->matter, 1, f);
    }
    fields_print(c, reply->matter);
    status = parts_print(c, reply);
    return status == STATUS_OK ? allowed_print(c, reply->matter, f) : status;
}

/* ---- share, clues ---- */

enum status
cmd_round_share(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "单位"},
        {.title = "属实", .right = true},
        {.title = "部分属实", .right = true},
        {.title = "不属实", .right = true},
        {.title = "未看到", .right = true},
        {.title = "属实/已核查"},
    };
    Pb__GetRoundShareRequest get = PB__GET_ROUND_SHARE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    get.ref = cli_field(line->arg_count > 0 ? line->args[0] : NULL);
    get.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.MatterService/GetRoundShare", &get.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    const Pb__GetRoundShareReply *reply = (const Pb__GetRoundShareReply *)message;
    if (reply->n_units == 0 && c->format == CLI_TABLE) {
        (void)fputs("还没有专项督查的结论。\n", c->out);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_units; i++) {
        const Pb__UnitShare *u = reply->units[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, u->unit);
        row[1] = grid_number(&g, u->found_true);
        row[2] = grid_number(&g, u->partly);
        row[3] = grid_number(&g, u->found_false);
        row[4] = grid_number(&g, u->not_seen);
        const char *share = arena_printf(&c->arena, "%d/%d", u->found_true, u->judged);
        row[5] = or_empty(share);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_clue_record(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__RecordClueRequest record = PB__RECORD_CLUE_REQUEST__INIT;
    struct rectify_answer answer;
    record.number = cli_field(line->args[0]);
    record.inspection = cli_field(line_value(line, "inspection"));
    record.problem_ref = cli_field(line_value(line, "problem"));
    record.has_done = record.done = line_flag(line, "done");
    struct cli_command command = {.method = "rectify.v1.MatterService/RecordClue",
                                  .request = &record.base};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Clue *clue = (const Pb__Clue *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "线索 %s 已登记%s。\n", cli_text(c, clue->number),
                      clue->done ? "，已办结" : "，未办结");
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_clue_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"}, {.title = "问题"}, {.title = "办结"}};
    Pb__ListCluesRequest list = PB__LIST_CLUES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    list.inspection = cli_field(line_value(line, "inspection"));
    enum status status =
        cli_query(c, "rectify.v1.MatterService/ListClues", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    const Pb__ListCluesReply *reply = (const Pb__ListCluesReply *)message;
    if (reply->n_clues == 0 && c->format == CLI_TABLE) {
        (void)fputs("没有登记线索。\n", c->out);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_clues; i++) {
        const char **row = grid_row(&g);
        row[0] = cli_text(c, reply->clues[i]->number);
        row[1] = cli_text(c, or_empty(reply->clues[i]->problem_ref));
        row[2] = reply->clues[i]->done ? "是" : "否";
    }
    return grid_print(&g, c, f);
}
