#include "client/cli/todo.h"

#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "proto/rpc/json.h"

#include <stdarg.h>
#include <string.h>

enum { ALERTS_SHOWN = 5, NEXT_COLUMN = 58 };

/* ---- JSON ---- */

static enum status
part_append(json_t *object, const char *name, ProtobufCMessage *const *messages, size_t n,
            struct fault *f)
{
    json_t *list = json_array();
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        json_t *one = NULL;
        status = json_from_message(messages[i], &one, f);
        if (status == STATUS_OK && json_array_append_new(list, one) != 0) {
            status = fault_memory(f);
        }
    }
    if (json_object_set_new(object, name, list) != 0 && status == STATUS_OK) {
        status = fault_memory(f);
    }
    return status;
}

static enum status
json_show(struct cli *c, const struct todo *t, struct fault *f)
{
    const struct {
        const char *name;
        void *messages;
        size_t n;
    } parts[] = {
        {"sign_for", t->sign_for, t->sign_for_count},
        {"tables_owed", t->owed, t->owed_count},
        {"tables_to_confirm", t->confirming, t->confirming_count},
        {"claims_to_decide", t->claims, t->claim_count},
        {"tables_to_decide", t->submitted, t->submitted_count},
        {"closings_to_forward", t->closings, t->closing_count},
        {"sittings_to_decide", t->sittings, t->sitting_count},
        {"plans_to_review", t->reviews, t->review_count},
        {"plans_to_approve", t->drafts, t->draft_count},
        {"matters", t->matters, t->matter_count},
        {"asked", t->asked, t->asked_count},
        {"outcomes", t->outcomes, t->outcome_count},
        {"publications", t->publications, t->publication_count},
        {"alerts", t->alerts, t->alert_count},
    };
    json_t *object = json_object();
    enum status status = object != NULL ? STATUS_OK : fault_memory(f);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_OK; i++) {
        status = part_append(object, parts[i].name, parts[i].messages, parts[i].n, f);
    }
    if (status == STATUS_OK) {
        (void)json_dumpf(object, c->out, JSON_INDENT(2));
        (void)fputc('\n', c->out);
    }
    json_decref(object);
    return status;
}

/* ---- for people ---- */

static void
heading(struct cli *c, const char *title, size_t n, const char *unit)
{
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "【%s】%zu %s\n", title, n, unit);
    }
}

/* A command to type, and what it is for. */
__attribute__((format(printf, 3, 4))) static void
next(struct cli *c, const char *what_for, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *text = arena_vprintf(&c->arena, format, ap);
    va_end(ap);
    if (c->format != CLI_TABLE || text == NULL) {
        return;
    }
    (void)fprintf(c->out, "  rectify %s", text);
    for (size_t i = text_width(text); i < NEXT_COLUMN; i++) {
        (void)fputc(' ', c->out);
    }
    (void)fprintf(c->out, "  %s\n", what_for);
}

static enum status
sign_for_show(struct cli *c, const struct todo *t, const char *mark, struct fault *f)
{
    if (t->sign_for_count == 0) {
        return STATUS_OK;
    }
    heading(c, "签收", t->sign_for_count, "条措施待签收");
    enum status status = view_measures(c, t->sign_for, t->sign_for_count, f);
    next(c, "签收全部；对分工有异议：measure object", "sign-for --all%s", mark);
    return status;
}

static enum status
tables_show(struct cli *c, const struct todo *t, const char *mark, struct fault *f)
{
    enum status status = STATUS_OK;
    if (t->owed_count > 0) {
        heading(c, "填表", t->owed_count, "张汇总表待报送");
        status = view_tables(c, t->owed, t->owed_count, f);
        if (t->returned != NULL) {
            next(c, "看被退回的行和原因", "table show %s/%s%s", cli_text(c, t->returned->org),
                 cli_text(c, t->returned->period), mark);
        }
        next(c, "导出最早欠报的一张，填好后", "table export --out 汇总表.csv%s", mark);
        next(c, "报送", "table submit 汇总表.csv%s", mark);
        next(c, "没有新进展的，一条命令报完", "table submit --unchanged%s", mark);
    }
    if (status == STATUS_OK && t->confirming_count > 0) {
        heading(c, "填表", t->confirming_count, "张汇总表待您确认");
        status = view_tables(c, t->confirming, t->confirming_count, f);
        next(c, "先用 table show 看，再确认并报送", "table confirm %s/%s",
             cli_text(c, t->confirming[0]->org), cli_text(c, t->confirming[0]->period));
    }
    return status;
}

static enum status
help_show(struct cli *c, const struct todo *t, struct fault *f)
{
    enum status status = STATUS_OK;
    if (t->matter_count + t->asked_count == 0) {
        return STATUS_OK;
    }
    if (t->matter_count > 0) {
        heading(c, t->unit ? "求助" : "会商、督办等", t->matter_count,
                t->unit ? "件等您办（含督办、批示）" : "件等您办");
        status = view_matters(c, t->matters, t->matter_count, f);
        next(c, "看内容和现在可以办什么", "matter show %s", cli_text(c, t->matters[0]->ref));
    }
    if (status == STATUS_OK && t->asked_count > 0) {
        heading(c, "求助", t->asked_count, "件别的单位在办");
        status = view_matters(c, t->asked, t->asked_count, f);
    }
    return status;
}

static enum status
decisions_show(struct cli *c, const struct todo *t, struct fault *f)
{
    enum status status = STATUS_OK;
    if (t->submitted_count > 0) {
        const char *org = cli_text(c, t->submitted[0]->org);
        const char *period = cli_text(c, t->submitted[0]->period);
        heading(c, "待审核的汇总表", t->submitted_count, "张");
        status = view_tables(c, t->submitted, t->submitted_count, f);
        next(c, "看报送的内容", "table show %s/%s", org, period);
        next(c, "审核（或用 --row 逐行）", "office table decide %s/%s --accept-all", org, period);
    }
    if (status == STATUS_OK && t->claim_count > 0) {
        heading(c, "待认定的申请", t->claim_count, "项");
        status = view_measures(c, t->claims, t->claim_count, f);
        next(c, "认定（或 office measure return 退回）", "office measure confirm %s",
             cli_text(c, t->claims[0]->ref));
    }
    if (status == STATUS_OK && t->closing_count > 0) {
        heading(c, "销号申请", t->closing_count, "个问题");
        status = view_problems(c, t->closings, t->closing_count, f);
        next(c, "提交会审（或 office problem return 退回）",
             "office problem forward %s --opinion 意见", cli_text(c, t->closings[0]->ref));
    }
    return status;
}

static enum status
outcomes_show(struct cli *c, const struct todo *t, struct fault *f)
{
    if (t->outcome_count == 0) {
        return STATUS_OK;
    }
    const char *ref = cli_text(c, t->outcomes[0]->ref);
    heading(c, t->unit ? "被退回的成效" : "待核实的成效", t->outcome_count, "项");
    enum status status = view_outcomes(c, t->outcomes, t->outcome_count, f);
    next(c, t->unit ? "看内容、材料和退回的理由" : "看内容和材料", "outcome show %s", ref);
    if (t->unit) {
        next(c, "更正（补材料用 --attach 文件）", "outcome correct %s --reason 说明", ref);
    } else {
        next(c, "核实（或 退回 --reason 理由）", "office outcome decide %s --verdict 核实", ref);
    }
    return status;
}

/* What the first of that state waits for; nothing when there is none. */
static void
publication_next(struct cli *c, const struct todo *t, const char *state)
{
    for (size_t i = 0; i < t->publication_count; i++) {
        const char *ref = cli_text(c, t->publications[i]->ref);
        const char *is = t->publications[i]->state;
        if (is == NULL || strcmp(is, state) != 0) {
            continue;
        }
        next(c, "看正文和经过", "publication show %s", ref);
        if (strcmp(is, "CHECKED") == 0) {
            next(c, "批准（或 office publication return 退回）", "office publication approve %s",
                 ref);
        } else if (strcmp(is, "APPROVED") == 0) {
            next(c, "公布", "office publication publish %s", ref);
        } else {
            next(c, "导出修改", "publication export %s --format txt --out %s.txt", ref, ref);
        }
        return;
    }
}

static enum status
publications_show(struct cli *c, const struct todo *t, struct fault *f)
{
    if (t->publication_count == 0) {
        return STATUS_OK;
    }
    heading(c, "通报与报告", t->publication_count, "份待批准、待公布或被退回");
    enum status status = view_publications(c, t->publications, t->publication_count, f);
    publication_next(c, t, "CHECKED");
    publication_next(c, t, "APPROVED");
    publication_next(c, t, "DRAFT");
    return status;
}

static void
meetings_show(struct cli *c, const struct todo *t)
{
    Pb__PlanVersion *const *reviews = t->reviews;
    for (size_t i = 0; i < t->sitting_count && c->format == CLI_TABLE; i++) {
        const Pb__Sitting *s = t->sittings[i];
        (void)fprintf(c->out, "【待提意见的会审】%s %s（%s）\n", cli_text(c, s->ref),
                      cli_text(c, s->title), cli_text(c, s->day));
        next(c, "看还差哪些意见，怎么提", "sitting show %s", cli_text(c, s->ref));
    }
    for (size_t i = 0; i < t->review_count && c->format == CLI_TABLE; i++) {
        const char *code = cli_text(c, reviews[i]->inspection);
        (void)fprintf(c->out, "【待联审的方案】%s 第 %d 版 %s\n", code, reviews[i]->no,
                      cli_text(c, reviews[i]->title));
        next(c, "看草案", "office plan show --inspection %s", code);
        next(c, "提意见（或 --refuse --reason 理由）", "office plan review --inspection %s --agree",
             code);
    }
    for (size_t i = 0; i < t->draft_count && c->format == CLI_TABLE; i++) {
        (void)fprintf(c->out, "【待批准的方案】%s %s\n", cli_text(c, t->drafts[i]->code),
                      cli_text(c, t->drafts[i]->name));
        next(c, "批准方案", "office plan approve --inspection %s", cli_text(c, t->drafts[i]->code));
    }
    if (t->who->pending_grants > 0) {
        heading(c, "待批准的授权", (size_t)t->who->pending_grants, "项");
        next(c,
             view_has_role(t->who, "GRANT") ? "看清后 rectify grant approve 授权号…"
                                            : "等授权管理员批准",
             "grant list --state PROPOSED");
    }
}

/* How many of each light, and the newest; units see the numbers alone. */
static enum status
alerts_show(struct cli *c, const struct todo *t, struct fault *f)
{
    size_t overdue = 0;
    size_t shown = t->unit ? 0 : t->alert_count;
    enum status status = STATUS_OK;
    if (t->alert_count == 0) {
        return STATUS_OK;
    }
    if (c->format == CLI_CSV) {
        return view_alerts(c, t->alerts, t->alert_count, f);
    }
    for (size_t i = 0; i < t->alert_count; i++) {
        overdue += t->alerts[i]->light == PB__LIGHT__OVERDUE ? 1 : 0;
    }
    (void)fprintf(c->out, "【未确认的提醒】%zu 条：超期 %zu，临期 %zu\n", t->alert_count, overdue,
                  t->alert_count - overdue);
    if (shown > 0) {
        shown = shown > ALERTS_SHOWN ? ALERTS_SHOWN : shown;
        status = view_alerts(c, t->alerts, shown, f);
    }
    next(c, shown > 0 && shown < t->alert_count ? "看其余各条" : "看内容", "alert list");
    next(c, "确认知悉全部提醒", "alert ack --all");
    return status;
}

static bool
nothing(const struct todo *t)
{
    return t->sign_for_count + t->owed_count + t->confirming_count + t->submitted_count +
               t->claim_count + t->closing_count + t->sitting_count + t->review_count +
               t->draft_count + t->matter_count + t->asked_count + t->outcome_count +
               t->publication_count + t->alert_count + (size_t)t->who->pending_grants ==
           0;
}

enum status
todo_print(struct cli *c, const struct todo *t, struct fault *f)
{
    const char *mark = "";
    if (c->format == CLI_JSON) {
        return json_show(c, t, f);
    }
    if (c->on_behalf_of != NULL) {
        const char *text = arena_printf(&c->arena, " --for %s", c->on_behalf_of);
        mark = text != NULL ? text : "";
    }
    enum status status = sign_for_show(c, t, mark, f);
    if (status == STATUS_OK) {
        status = tables_show(c, t, mark, f);
    }
    if (status == STATUS_OK) {
        status = decisions_show(c, t, f);
    }
    if (status == STATUS_OK) {
        status = outcomes_show(c, t, f);
    }
    if (status == STATUS_OK) {
        status = publications_show(c, t, f);
    }
    if (status == STATUS_OK) {
        meetings_show(c, t);
        status = help_show(c, t, f);
    }
    if (status == STATUS_OK) {
        status = alerts_show(c, t, f);
    }
    if (status == STATUS_OK && c->format == CLI_TABLE && nothing(t)) {
        (void)fputs("现在没有要办的事。\n", c->out);
    }
    if (status == STATUS_OK && c->format == CLI_TABLE && t->unit) {
        (void)fputs("有困难随时求助：rectify ask 措施编号 困难\n", c->out);
    }
    return status;
}
