#include "server/document/report_book.h"

#include <stdint.h>
#include <string.h>

enum { NUMBERS_MAX = 40 };

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static char *
join(struct book *b, char *const *names, size_t n, const char *between)
{
    char *text = arena_strdup(b->arena, "");
    for (size_t i = 0; text != NULL && i < n; i++) {
        text = arena_printf(b->arena, "%s%s%s", text, i == 0 ? "" : between, names[i]);
    }
    return text;
}

static char *
share(struct book *b, int32_t numerator, int32_t denominator)
{
    return arena_printf(b->arena, "%d/%d", numerator, denominator);
}

/* A row whose cells all look alike, but for narrow columns, which are centred. */
static void
plain_row(struct book *b, struct lxw_worksheet *to, const struct book_sheet *sheet, size_t index,
          const char *const *cells)
{
    struct lxw_format *formats[NUMBERS_MAX + 2];
    for (size_t i = 0; i < sheet->count; i++) {
        formats[i] = sheet->columns[i].width >= 20 ? b->text : b->centre;
    }
    book_row_write(b, to, sheet, index, cells, formats);
}

/* ---- 年度综合考核 ---- */

static const struct book_column meaning_columns[] = {
    {"序号", 6}, {"数字", 22}, {"全部（分子/分母）", 16}, {"口径", 90}, {"代码", 24}};
static const struct book_column entry_columns[] = {
    {"牵头单位", 27}, {"类别", 10}, {"编号", 16}, {"内容", 50},
    {"情况", 14},     {"日期", 11}, {"说明", 40}, {"计入", 44},
};
static const struct book_column outcome_columns[] = {
    {"牵头单位", 30}, {"类别", 16}, {"已核实", 22}, {"未核实", 22}, {"已核实/全部（件）", 18},
};

static char *
assessment_about(struct book *b, const Pb__GetAssessmentReply *r)
{
    return arena_printf(
        b->arena,
        "考核期 %s 至 %s　情况截至 %s　方案第 %d 版　巡视：%s　只列事实，不评分、不排名　　%s",
        or_empty(r->from), or_empty(r->to), or_empty(r->as_of), r->plan_version,
        join(b, r->inspections, r->n_inspections, "、"), book_banner_zh);
}

/* A row a unit: numerator/denominator of every number. */
static void
units_write(struct book *b, const Pb__GetAssessmentReply *r, const char *about)
{
    struct book_column columns[NUMBERS_MAX + 2] = {{"序号", 5}, {"牵头单位", 27}};
    const char *cells[NUMBERS_MAX + 2];
    size_t numbers = r->n_whole < NUMBERS_MAX ? r->n_whole : NUMBERS_MAX;
    for (size_t i = 0; i < numbers; i++) {
        columns[i + 2] = (struct book_column){r->whole[i]->name_zh, 7.5};
    }
    const struct book_sheet sheet = {
        "考核事实", "巡视整改年度综合考核事实（分子/分母）", about, columns, numbers + 2, 2};
    struct lxw_worksheet *to = book_sheet_add(b, &sheet);
    for (size_t u = 0; !b->failed && u <= r->n_units; u++) {
        bool whole = u == r->n_units;
        Pb__StatusNumber *const *list = whole ? r->whole : r->units[u]->numbers;
        cells[0] = whole ? "" : arena_printf(b->arena, "%zu", u + 1);
        cells[1] = whole ? "合计" : or_empty(r->units[u]->unit_name);
        for (size_t i = 0; i < numbers; i++) {
            cells[i + 2] = share(b, list[i]->numerator, list[i]->denominator);
        }
        plain_row(b, to, &sheet, u, cells);
    }
}

static void
meanings_write(struct book *b, const Pb__GetAssessmentReply *r, const char *about)
{
    const struct book_sheet sheet = {"口径",
                                     "各数字的口径",
                                     about,
                                     meaning_columns,
                                     sizeof meaning_columns / sizeof meaning_columns[0],
                                     0};
    struct lxw_worksheet *to = b->failed ? NULL : book_sheet_add(b, &sheet);
    for (size_t i = 0; !b->failed && i < r->n_whole; i++) {
        const Pb__StatusNumber *n = r->whole[i];
        const char *cells[] = {arena_printf(b->arena, "%zu", i + 1), n->name_zh,
                               share(b, n->numerator, n->denominator), n->definition, n->name};
        plain_row(b, to, &sheet, i, cells);
    }
}

/* The Chinese names of the numbers an entry is counted in. */
static char *
counted_in(struct book *b, const Pb__GetAssessmentReply *r, const Pb__AssessmentEntry *e)
{
    char *names[NUMBERS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < e->n_counted_in; i++) {
        for (size_t k = 0; k < r->n_whole && n < NUMBERS_MAX; k++) {
            if (strcmp(r->whole[k]->name, e->counted_in[i]) == 0) {
                names[n++] = r->whole[k]->name_zh;
            }
        }
    }
    return join(b, names, n, "、");
}

static void
entries_write(struct book *b, const Pb__GetAssessmentReply *r, const char *about, bool cut)
{
    const struct book_sheet sheet = {
        "清单",
        arena_printf(b->arena, "数字背后的清单%s",
                     cut ? "（太长，只列到此；全部清单请导出 CSV）" : ""),
        about,
        entry_columns,
        sizeof entry_columns / sizeof entry_columns[0],
        3};
    struct lxw_worksheet *to = b->failed ? NULL : book_sheet_add(b, &sheet);
    for (size_t i = 0; !b->failed && i < r->n_entries; i++) {
        const Pb__AssessmentEntry *e = r->entries[i];
        const char *cells[] = {
            or_empty(e->unit_name), or_empty(e->kind_zh),  or_empty(e->ref),
            book_fit(b, e->title),  or_empty(e->state_zh), or_empty(e->day),
            book_fit(b, e->detail), counted_in(b, r, e),
        };
        plain_row(b, to, &sheet, i, cells);
    }
}

static void
outcomes_write(struct book *b, const struct assessment_book *in, const char *about)
{
    const struct book_sheet sheet = {"整改成效",
                                     "整改成效（截至期末，按类别）",
                                     about,
                                     outcome_columns,
                                     sizeof outcome_columns / sizeof outcome_columns[0],
                                     1};
    struct lxw_worksheet *to = b->failed ? NULL : book_sheet_add(b, &sheet);
    for (size_t i = 0; !b->failed && i < in->outcome_count; i++) {
        const Pb__OutcomeTotal *t = in->outcomes[i];
        const char *cells[] = {t->unit == NULL ? "合计" : or_empty(t->unit_name),
                               or_empty(t->kind_zh), or_empty(t->confirmed_text),
                               or_empty(t->claimed_text), share(b, t->confirmed, t->outcomes)};
        plain_row(b, to, &sheet, i, cells);
    }
}

static void
assessment_fill(struct book *b, void *ctx)
{
    const struct assessment_book *in = ctx;
    const char *about = assessment_about(b, in->facts);
    units_write(b, in->facts, about);
    meanings_write(b, in->facts, about);
    entries_write(b, in->facts, about, in->cut);
    outcomes_write(b, in, about);
}

enum status
assessment_book_write(const struct assessment_book *in, struct arena *a, struct book_bytes *ret,
                      struct fault *fault)
{
    return book_write("巡视整改年度综合考核事实", assessment_fill, (void *)(uintptr_t)in, a, ret,
                      fault);
}

/* ---- 共性问题 ---- */

static const struct book_column cause_columns[] = {
    {"情形", 18},          {"原因", 24},     {"涉及单位/全部", 15},
    {"涉及问题/全部", 15}, {"涉及措施", 11}, {"次数", 9},
};
static const struct book_column item_columns[] = {
    {"方面", 24},          {"项", 6},        {"整改项目", 60}, {"涉及单位/全部", 15},
    {"涉及问题/全部", 15}, {"涉及措施", 11}, {"次数", 9},
};
static const struct book_column common_columns[] = {
    {"情形", 13},     {"原因", 15}, {"项", 5},        {"整改项目", 26}, {"问题", 9},
    {"反馈问题", 34}, {"措施", 13}, {"牵头单位", 27}, {"日期", 11},     {"内容", 44},
};

struct common_book {
    const Pb__GetCommonProblemsReply *common;
    bool cut;
};

static void
groups_write(struct book *b, const Pb__GetCommonProblemsReply *r, const struct book_sheet *sheet,
             bool causes)
{
    struct lxw_worksheet *to = b->failed ? NULL : book_sheet_add(b, sheet);
    size_t row = 0;
    for (size_t i = 0; !b->failed && i < r->n_groups; i++) {
        const Pb__CommonGroup *g = r->groups[i];
        if ((strcmp(or_empty(g->by), "CAUSE") == 0) != causes) {
            continue;
        }
        const char *cells[7];
        size_t n = 0;
        if (causes) {
            cells[n++] = or_empty(g->kind_zh);
            cells[n++] = or_empty(g->code_zh);
        } else {
            cells[n++] = or_empty(g->aspect);
            cells[n++] = arena_printf(b->arena, "%d", g->item_no);
            cells[n++] = book_fit(b, g->item_title);
        }
        cells[n++] = share(b, g->units, r->units);
        cells[n++] = share(b, g->problems, r->problems);
        cells[n++] = arena_printf(b->arena, "%d", g->measures);
        cells[n] = arena_printf(b->arena, "%d", g->count);
        plain_row(b, to, sheet, row++, cells);
    }
}

static void
common_entries_write(struct book *b, const struct common_book *in, const char *about)
{
    const Pb__GetCommonProblemsReply *r = in->common;
    const struct book_sheet sheet = {
        "清单",
        arena_printf(b->arena, "共性原因涉及的问题和措施%s",
                     in->cut ? "（太长，只列到此；全部清单请导出 CSV）" : ""),
        about,
        common_columns,
        sizeof common_columns / sizeof common_columns[0],
        2};
    struct lxw_worksheet *to = b->failed ? NULL : book_sheet_add(b, &sheet);
    for (size_t i = 0; !b->failed && i < r->n_entries; i++) {
        const Pb__CommonEntry *e = r->entries[i];
        const char *cells[] = {or_empty(e->kind_zh),
                               or_empty(e->code_zh),
                               arena_printf(b->arena, "%d", e->item_no),
                               book_fit(b, e->item_title),
                               or_empty(e->problem_ref),
                               book_fit(b, e->problem),
                               or_empty(e->measure_ref),
                               or_empty(e->unit_name),
                               or_empty(e->day),
                               book_fit(b, e->reason)};
        plain_row(b, to, &sheet, i, cells);
    }
}

static void
common_sheets(struct book *b, void *ctx)
{
    const struct common_book *in = ctx;
    const Pb__GetCommonProblemsReply *r = in->common;
    const char *about = arena_printf(
        b->arena, "%s%s截至 %s　方案第 %d 版　巡视：%s　涉及 %d 个及以上牵头单位的　　%s",
        r->since == NULL ? "" : r->since, r->since == NULL ? "" : " 之后，", or_empty(r->as_of),
        r->plan_version, join(b, r->inspections, r->n_inspections, "、"), r->min_units,
        book_banner_zh);
    const struct book_sheet causes = {"按原因",
                                      "共性问题（按原因）",
                                      about,
                                      cause_columns,
                                      sizeof cause_columns / sizeof cause_columns[0],
                                      2};
    const struct book_sheet items = {"按项",
                                     "共性问题（按方面和项）",
                                     about,
                                     item_columns,
                                     sizeof item_columns / sizeof item_columns[0],
                                     3};
    groups_write(b, r, &causes, true);
    groups_write(b, r, &items, false);
    common_entries_write(b, in, about);
}

enum status
common_book_write(const Pb__GetCommonProblemsReply *common, bool cut, struct arena *a,
                  struct book_bytes *ret, struct fault *fault)
{
    struct common_book in = {common, cut};
    return book_write("巡视整改共性问题", common_sheets, &in, a, ret, fault);
}
