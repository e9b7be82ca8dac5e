/* Drafts: the data of a day as the paragraphs of a notice, a briefing or a report. */
#include "server/service/publication.h"

#include "proto/base/wire_text.h"
#include "server/base/due.h"
#include "server/service/problem.h"

#include <stdio.h>
#include <string.h>

enum {
    BRIEFING_DAYS = 5,
    REPORT_DAYS = 12,
    LEAD_CHARS = 40, /* a first sentence no longer than that heads its paragraph */
};

#define PARAGRAPH PB__PUBLICATION_BLOCK_KIND__BLOCK_PARAGRAPH
#define SECTION PB__PUBLICATION_BLOCK_KIND__BLOCK_SECTION
#define ITEM PB__PUBLICATION_BLOCK_KIND__BLOCK_ITEM
#define PROBLEM PB__PUBLICATION_BLOCK_KIND__BLOCK_PROBLEM
#define STATUS PB__PUBLICATION_BLOCK_KIND__BLOCK_STATUS
#define MEASURE PB__PUBLICATION_BLOCK_KIND__BLOCK_MEASURE
#define SIGNATURE PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE

Pb__PublicationBlock *
block_add(struct block_writer *w, Pb__PublicationBlockKind kind, const char *text,
          const char *problem_ref, const char *measure_ref)
{
    Pb__PublicationBlock **slot =
        arena_grow(w->a, (void **)&w->list.items, w->list.count, &w->list.capacity, sizeof *slot);
    Pb__PublicationBlock *b = arena_alloc(w->a, sizeof *b);
    if (slot == NULL || b == NULL || text == NULL) {
        w->failed = true;
        return NULL;
    }
    pb__publication_block__init(b);
    b->has_kind = 1;
    b->kind = kind;
    b->text = wire_text(text);
    b->problem_ref = wire_text(problem_ref);
    b->measure_ref = wire_text(measure_ref);
    *slot = b;
    w->list.count++;
    return b;
}

static void
say(struct block_writer *w, Pb__PublicationBlockKind kind, const char *text)
{
    (void)block_add(w, kind, text, NULL, NULL);
}

/* Line breaks become nothing: a block is a line. */
static const char *
one_line(struct arena *a, const char *text)
{
    char *out = arena_strdup(a, text);
    size_t n = 0;
    for (size_t i = 0; out != NULL && text[i] != '\0'; i++) {
        if (text[i] != '\n' && text[i] != '\r' && text[i] != '\t') {
            out[n++] = text[i];
        }
    }
    if (out != NULL) {
        out[n] = '\0';
    }
    return out;
}

static const char *
day_zh(struct arena *a, int32_t day)
{
    const struct ymd d = day_to_ymd(day);
    return arena_printf(a, "%d年%d月%d日", d.year, d.month, d.day);
}

/* A number of `rectify status`, by its name. */
static int
number(const struct status_row *row, const char *name)
{
    const struct status_number *n = status_number_find(name);
    return n == NULL ? 0 : status_sum(row, n->numerator);
}

/* ---- words about totals ---- */

static void
say_problems(struct block_writer *w, const struct publication_facts *f, const char *before)
{
    const struct status_row *t = f->whole;
    const int all = number(t, "problems");
    const int done = t->counts[COUNT_PROBLEM_CLOSED];
    const int sustained = t->counts[COUNT_PROBLEM_SUSTAINED];
    say(w, PARAGRAPH,
        arena_printf(w->a,
                     "%s截至%s，巡视反馈的%d项%d个问题中，完成整改%d个，基本完成并持续整改%d个，"
                     "正在整改%d个；整改措施%d条，已整改到位%d条，持续坚持%d条。",
                     before, day_zh(w->a, f->as_of), number(t, "items"), all, done, sustained,
                     all - done - sustained, number(t, "measures"), number(t, "done"),
                     number(t, "sustaining")));
}

static void
say_measures(struct block_writer *w, const struct publication_facts *f)
{
    const struct status_row *t = f->whole;
    say(w, PARAGRAPH,
        arena_printf(
            w->a,
            "措施%d条中，待签收%d条，整改中%d条，已取得明显成效%d条，申请待认定%d条，已整改"
            "到位%d条，持续坚持%d条；超期%d条（按原定期限%d条），临期%d条。",
            number(t, "measures"), number(t, "assigned"), number(t, "in_progress"),
            number(t, "effect_reached"), number(t, "claimed"), number(t, "done"),
            number(t, "sustaining"), number(t, "overdue"), number(t, "overdue_original"),
            number(t, "due_soon")));
}

static int
repeated(const struct publication_facts *f, const char *kind, const char *code)
{
    int sum = 0;
    for (size_t i = 0; i < f->repeats->count; i++) {
        const Pb__Cause *c = f->repeats->items[i];
        if (strcmp(c->kind, kind) == 0 && (code == NULL || strcmp(c->code, code) == 0)) {
            sum += c->count;
        }
    }
    return sum;
}

static void
say_duties(struct block_writer *w, const struct publication_facts *f)
{
    const struct status_row *t = f->whole;
    say(w, PARAGRAPH,
        arena_printf(w->a,
                     "自查汇总表到期应报%d期，未报%d期，逾期报送%d期，零报告%d期。申请延期%d次，"
                     "其中批准%d次，不批准%d次，待批%d次，撤回%d次。重新整改（第二轮及以上）的措施"
                     "%d条。",
                     number(t, "tables_owed"), number(t, "tables_missing"),
                     number(t, "tables_late"), number(t, "tables_nil"),
                     repeated(f, "EXTENSION", NULL), repeated(f, "EXTENSION", STATE_APPROVED),
                     repeated(f, "EXTENSION", STATE_REJECTED),
                     repeated(f, "EXTENSION", STATE_SUBMITTED),
                     repeated(f, "EXTENSION", STATE_WITHDRAWN), repeated(f, "ROUND", NULL)));
}

/* "经核实的整改成效：制定制度 3 项，追缴资金 12,345.60 元。" */
static void
say_outcomes(struct block_writer *w, const struct publication_facts *f)
{
    const char *text = "";
    for (size_t i = 0; text != NULL && i < f->outcome_count; i++) {
        const struct publication_outcome *o = &f->outcomes[i];
        text = arena_printf(w->a, "%s%s%s %s", text, i == 0 ? "" : "，", o->zh, o->amount);
    }
    if (f->outcome_count > 0) {
        say(w, PARAGRAPH, text == NULL ? NULL : arena_printf(w->a, "经核实的整改成效：%s。", text));
    }
}

/* "样例一局：超期措施2条，自2026年10月1日起，最长超期40天；未报汇总表1期。" */
static void
say_unit(struct block_writer *w, const struct status_row *u)
{
    const int overdue = u->counts[COUNT_OVERDUE];
    const int missing = u->counts[COUNT_TABLES_MISSING];
    const char *late = "";
    if (overdue > 0) {
        late = arena_printf(w->a, "超期措施%d条，自%s起，最长超期%d天", overdue,
                            day_zh(w->a, u->behind_since), u->behind_days);
    }
    const char *owed = missing > 0 ? arena_printf(w->a, "未报汇总表%d期", missing) : "";
    const char *name = one_line(w->a, u->title == NULL ? "没有牵头单位" : u->title);
    say(w, PARAGRAPH,
        late == NULL || owed == NULL || name == NULL
            ? NULL
            : arena_printf(w->a, "%s：%s%s%s。", name, late, overdue > 0 && missing > 0 ? "；" : "",
                           owed));
}

static void
say_behind(struct block_writer *w, const struct publication_facts *f)
{
    size_t shown = 0;
    size_t all = 0;
    for (size_t i = 0; i < f->units->count; i++) {
        if (!status_row_behind(&f->units->items[i])) {
            continue;
        }
        all++;
        if (shown < f->units_most) {
            say_unit(w, &f->units->items[i]);
            shown++;
        }
    }
    if (all == 0) {
        say(w, PARAGRAPH, "没有超期的措施，也没有未报的汇总表。");
    } else if (all > shown) {
        say(w, PARAGRAPH,
            arena_printf(w->a, "%s%zu个单位有超期或未报事项。", shown > 0 ? "另有" : "",
                         all - shown));
    }
}

static void
say_waiting(struct block_writer *w, const struct publication_facts *f)
{
    const struct status_row *t = f->whole;
    say(w, PARAGRAPH,
        arena_printf(w->a,
                     "等待办公室认定的申请%d条，其中超过%d个工作日的%d条；待会审的销号申请%d个。",
                     number(t, "claimed"), OFFICE_WORKING_DAYS, number(t, "office_waiting"),
                     number(t, "problems_review")));
}

static const char *
date_zh(const char *kind)
{
    static const char *const names[][2] = {
        {"PLAN_APPROVED", "整改方案审定"},     {"INNER_NOTICE", "党内通报"},
        {"DEMOCRATIC_LIFE", "专题民主生活会"}, {"HEARING", "听取汇报"},
        {"PUBLICATION", "公布整改进展"},       {"CONCENTRATED_END", "集中整改期满"},
        {"REPORT_DUE", "上报整改情况报告"},    {"NEXT_CHECK", "下次检查"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(kind, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return "其他节点";
}

static void
say_next(struct block_writer *w, const struct publication_facts *f, size_t most)
{
    const char *text = "";
    for (size_t i = 0; text != NULL && i < f->next->count && i < most; i++) {
        const struct next_day *d = &f->next->items[i];
        text = d->kind != NULL ? arena_printf(w->a, "%s%s%s：%s", text, i == 0 ? "" : "；",
                                              day_zh(w->a, d->day), date_zh(d->kind))
                               : arena_printf(w->a, "%s%s%s：%d个目标到期", text,
                                              i == 0 ? "" : "；", day_zh(w->a, d->day), d->count);
    }
    if (f->next->count == 0) {
        text = arena_printf(w->a, "今后%d天内没有到期的节点", PUBLICATION_NEXT_DAYS);
    }
    say(w, PARAGRAPH, text == NULL ? NULL : arena_printf(w->a, "%s。", text));
}

/* ---- what was done ---- */

/* Bytes of a leading 一是 … 十一是. */
static size_t
marker_bytes(const char *text)
{
    static const char digits[] = "一二三四五六七八九十";
    size_t n = 0;
    while (strlen(text + n) >= 3) {
        char one[4] = {text[n], text[n + 1], text[n + 2], '\0'};
        if (strstr(digits, one) == NULL || ((unsigned char)one[0] & 0xC0U) != 0xC0U) {
            break;
        }
        n += 3;
    }
    return n > 0 && strncmp(text + n, "是", 3) == 0 ? n + 3 : 0;
}

/* At most `most` bytes, cut behind a sentence where there is one. */
static const char *
shortened(struct arena *a, const char *text, size_t most)
{
    size_t cut = 0;
    if (strlen(text) <= most) {
        return text;
    }
    for (const char *p = strstr(text, "。"); p != NULL && (size_t)(p - text) + 3 <= most;
         p = strstr(p + 3, "。")) {
        cut = (size_t)(p - text) + 3;
    }
    if (cut > 0) {
        return arena_strndup(a, text, cut);
    }
    for (cut = most; cut > 0 && ((unsigned char)text[cut] & 0xC0U) == 0x80U; cut--) {
    }
    return arena_printf(a, "%.*s……", (int)cut, text);
}

static size_t
chars_of(const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        n += ((unsigned char)text[i] & 0xC0U) != 0x80U;
    }
    return n;
}

bool
publication_straighten(struct subject_list *subjects, struct arena *a)
{
    for (size_t i = 0; i < subjects->count; i++) {
        struct publication_subject *s = &subjects->items[i];
        s->title = one_line(a, s->title);
        s->item_title = one_line(a, s->item_title);
        if (s->title == NULL || s->item_title == NULL) {
            return false;
        }
        if (s->source != NULL) {
            s->source = one_line(a, s->source);
            if (s->source == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* The plan's first sentence, where it is short enough to head what was done and not said again. */
static const char *
measure_text(struct arena *a, const struct publication_subject *s)
{
    const char *plan = s->title + marker_bytes(s->title);
    const char *done = s->source + marker_bytes(s->source);
    const char *stop = strstr(plan, "。");
    size_t lead = stop == NULL ? 0 : (size_t)(stop - plan) + 3;
    done = shortened(a, done, PUBLICATION_PARAGRAPH_BYTES);
    if (done == NULL || lead == 0 || chars_of(plan, lead) > LEAD_CHARS ||
        strncmp(done, plan, lead) == 0) {
        return done;
    }
    return arena_printf(a, "%.*s%s", (int)lead, plan, done);
}

/* Measures of the problem at `at` that have something to tell. */
static size_t
told_count(const struct subject_list *list, size_t at)
{
    size_t n = 0;
    for (size_t i = at + 1; i < list->count && list->items[i].measure_id != NULL; i++) {
        n += list->items[i].source != NULL && list->items[i].hold_code == NULL;
    }
    return n;
}

static void
tell_problem(struct block_writer *w, const struct subject_list *list, size_t at)
{
    const struct publication_subject *p = &list->items[at];
    const bool alone = told_count(list, at) == 1;
    (void)block_add(w, PROBLEM, arena_printf(w->a, "关于“%s”问题的整改", p->title), p->ref, NULL);
    (void)block_add(w, STATUS,
                    arena_printf(w->a, "整改状态：%s", problem_public_class_zh(p->state)), p->ref,
                    NULL);
    for (size_t i = at + 1; i < list->count && list->items[i].measure_id != NULL; i++) {
        const struct publication_subject *m = &list->items[i];
        if (m->source != NULL && m->hold_code == NULL) {
            (void)block_add(w, alone ? PARAGRAPH : MEASURE, measure_text(w->a, m), p->ref, m->ref);
        }
    }
}

static void
tell_problems(struct block_writer *w, const struct publication_facts *f)
{
    const char *item = NULL;
    for (size_t i = 0; i < f->subjects->count; i++) {
        const struct publication_subject *s = &f->subjects->items[i];
        if (s->measure_id != NULL || s->hold_code != NULL) {
            continue;
        }
        if (item == NULL || strcmp(item, s->item_title) != 0) {
            item = s->item_title;
            say(w, ITEM, item);
        }
        tell_problem(w, f->subjects, i);
    }
}

/* ---- the five ---- */

static void
draft_notice(struct block_writer *w, const struct publication_facts *f)
{
    say_problems(w, f, "");
    say(w, SECTION, "整改工作组织情况");
    say(w, SECTION, "整改落实情况");
    tell_problems(w, f);
    say(w, SECTION, "下一步整改工作打算");
}

static void
draft_briefing(struct block_writer *w, const struct publication_facts *f)
{
    say(w, SECTION, "总体进展");
    say_problems(w, f, "");
    say_measures(w, f);
    say(w, SECTION, "滞后事项");
    say_behind(w, f);
    say(w, SECTION, "等待办公室办理");
    say_waiting(w, f);
    say(w, SECTION, "近期节点");
    say_next(w, f, BRIEFING_DAYS);
}

static void
draft_report(struct block_writer *w, const struct publication_facts *f)
{
    say(w, SECTION, "整改工作组织情况");
    say(w, SECTION, "整改总体情况");
    say_problems(w, f, "");
    say_measures(w, f);
    say_duties(w, f);
    say_outcomes(w, f);
    say(w, SECTION, "整改落实情况");
    tell_problems(w, f);
    say(w, SECTION, "滞后事项");
    say_behind(w, f);
    say(w, SECTION, "下一步整改工作打算");
    say_next(w, f, REPORT_DAYS);
}

static void
draft_principal(struct block_writer *w, const struct publication_facts *f)
{
    say(w, SECTION, "主要负责人组织领导情况");
    say(w, SECTION, "整改总体情况");
    say_problems(w, f, "");
    say_measures(w, f);
    say_outcomes(w, f);
    say(w, SECTION, "督促推动情况");
    say_duties(w, f);
    say_waiting(w, f);
    say(w, SECTION, "滞后事项");
    say_behind(w, f);
    say(w, SECTION, "下一步打算");
    say_next(w, f, REPORT_DAYS);
}

const char *
publication_title(const struct publication_facts *f, struct arena *a)
{
    static const char *const forms[] = {
        [PB__PUBLICATION_KIND__PUBLIC_NOTICE] = "关于%s整改进展情况的通报",
        [PB__PUBLICATION_KIND__INNER_NOTICE] = "关于%s整改进展情况的党内通报",
        [PB__PUBLICATION_KIND__BRIEFING] = "%s整改情况一页简报",
        [PB__PUBLICATION_KIND__RECTIFICATION_REPORT] = "关于%s整改情况的报告",
        [PB__PUBLICATION_KIND__PRINCIPAL_REPORT] = "关于%s整改组织落实情况的报告",
    };
    const char *form = forms[f->kind];
    const char *at = strstr(form, "%s");
    return arena_printf(a, "%.*s%s%s", (int)(at - form), form, f->inspection_name, at + 2);
}

enum status
publication_draft(const struct publication_facts *f, struct block_writer *w)
{
    switch (f->kind) {
    case PB__PUBLICATION_KIND__BRIEFING:
        draft_briefing(w, f);
        break;
    case PB__PUBLICATION_KIND__RECTIFICATION_REPORT:
        draft_report(w, f);
        break;
    case PB__PUBLICATION_KIND__PRINCIPAL_REPORT:
        draft_principal(w, f);
        break;
    default:
        draft_notice(w, f);
        break;
    }
    if (f->signer != NULL) {
        say(w, SIGNATURE, f->signer);
    }
    say(w, SIGNATURE, day_zh(w->a, f->as_of));
    return w->failed ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}
