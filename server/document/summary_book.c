#include "server/document/summary_book.h"

#include "server/document/book.h"

#include <string.h>

static const struct book_column row_columns[] = {
    {"序号", 4.5},          {"牵头单位", 11},    {"整改项目", 13}, {"反馈问题", 18},
    {"措施编号", 10.5},     {"整改措施", 30},    {"牵头领导", 8},  {"明显成效时限", 10.5},
    {"整改到位时限", 10.5}, {"完成百分比", 6.5}, {"整改进展", 36}, {"困难问题", 15},
    {"申请与延期", 11},     {"材料份数", 5},     {"审核", 8.5},    {"措施状态", 8.5},
};
static const struct book_column missing_columns[] = {
    {"序号", 5},     {"牵头单位", 24}, {"期次", 10},   {"报送截止", 12},   {"情况", 22},
    {"逾期天数", 9}, {"填报人", 20},   {"审核人", 20}, {"主要负责人", 20},
};

enum {
    ROW_COLUMNS = sizeof row_columns / sizeof row_columns[0],
    MISSING_COLUMNS = sizeof missing_columns / sizeof missing_columns[0],
};

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* ---- the rows ---- */

static const char *
due_of(const Pb__SummaryRow *s, Pb__MilestoneKind kind)
{
    for (size_t i = 0; i < s->n_milestones; i++) {
        if (s->milestones[i]->kind == kind) {
            return or_empty(s->milestones[i]->current_due);
        }
    }
    return "";
}

static const char *
verdict_zh(bool has, Pb__Verdict verdict)
{
    if (!has) {
        return "";
    }
    return verdict == PB__VERDICT__ACCEPTED   ? "通过"
           : verdict == PB__VERDICT__RETURNED ? "退回"
                                              : "待审核";
}

static char *
claim_text(struct book *b, const Pb__TableRow *r)
{
    const char *claim = r->claim == PB__CLAIM__CLAIM_EFFECT     ? "申请认定明显成效"
                        : r->claim == PB__CLAIM__CLAIM_COMPLETE ? "申请认定整改到位"
                                                                : "";
    const char *verdict = claim[0] == '\0'                            ? ""
                          : !r->has_claim_verdict                     ? ""
                          : r->claim_verdict == PB__VERDICT__ACCEPTED ? "（已认定）"
                          : r->claim_verdict == PB__VERDICT__RETURNED ? "（已退回）"
                                                                      : "（待认定）";
    const char *due = or_empty(r->extension_due);
    return arena_printf(
        b->arena, "%s%s%s%s%s%s", claim, verdict, claim[0] != '\0' && due[0] != '\0' ? "\n" : "",
        due[0] != '\0' ? "申请延期至 " : "", due, r->has_ask_help && r->ask_help ? "\n求助" : "");
}

static void
write_row(struct book *b, struct lxw_worksheet *to, const struct book_sheet *sheet, size_t index,
          const Pb__SummaryRow *s)
{
    const Pb__TableRow *r = s->row;
    bool back = r->has_verdict && r->verdict == PB__VERDICT__RETURNED;
    const char *cells[ROW_COLUMNS] = {
        arena_printf(b->arena, "%zu", index + 1),
        arena_printf(b->arena, "%s%s", or_empty(s->org_name), s->late ? "（迟报）" : ""),
        arena_printf(b->arena, "%d. %s", s->item_no, or_empty(s->item)),
        book_fit(b, s->problem),
        or_empty(r->measure_ref),
        book_fit(b, r->measure_text),
        or_empty(s->leader),
        due_of(s, PB__MILESTONE_KIND__EFFECT),
        due_of(s, PB__MILESTONE_KIND__COMPLETE),
        arena_printf(b->arena, "%d%%", r->percent),
        book_fit(b, arena_printf(b->arena, "%s%s", r->unchanged ? "【本期无新进展】" : "",
                                 or_empty(r->narrative))),
        book_fit(b, r->difficulty),
        claim_text(b, r),
        arena_printf(b->arena, "%d", s->evidence_count),
        arena_printf(b->arena, "%s%s%s", verdict_zh(r->has_verdict, r->verdict), back ? "：" : "",
                     back ? or_empty(r->reason) : ""),
        or_empty(r->measure_state_zh),
    };
    struct lxw_format *formats[ROW_COLUMNS];
    for (size_t i = 0; i < ROW_COLUMNS; i++) {
        bool wide = row_columns[i].width >= 11;
        formats[i] = wide ? b->text : b->centre;
    }
    formats[14] = back ? b->warn : b->centre;
    book_row_write(b, to, sheet, index, cells, formats);
}

static char *
join_names(struct book *b, char *const *names, size_t n)
{
    char *text = arena_strdup(b->arena, "");
    for (size_t i = 0; text != NULL && i < n; i++) {
        text = arena_printf(b->arena, "%s%s%s", text, i == 0 ? "" : "、", names[i]);
    }
    return text;
}

static void
write_missing(struct book *b, struct lxw_worksheet *to, const struct book_sheet *sheet,
              size_t index, const Pb__MissingTable *m)
{
    const char *what = !m->missing ? "已报，迟报" : m->days > 0 ? "逾期未报" : "未报，未到截止日";
    const char *cells[MISSING_COLUMNS] = {
        arena_printf(b->arena, "%zu", index + 1),
        or_empty(m->org_name),
        or_empty(m->period),
        or_empty(m->due),
        arena_printf(b->arena, "%s（%s）", what, or_empty(m->state_zh)),
        arena_printf(b->arena, "%d", m->days),
        join_names(b, m->fillers, m->n_fillers),
        join_names(b, m->reviewers, m->n_reviewers),
        join_names(b, m->heads, m->n_heads),
    };
    struct lxw_format *formats[MISSING_COLUMNS];
    for (size_t i = 0; i < MISSING_COLUMNS; i++) {
        formats[i] = m->missing && m->days > 0 ? b->warn : b->text;
    }
    book_row_write(b, to, sheet, index, cells, formats);
}

/* ---- the whole ---- */

static void
sheets_write(struct book *b, void *ctx)
{
    const Pb__GetSummaryReply *s = ctx;
    char *about =
        arena_printf(b->arena, "截至 %s　应报 %d 张，已报 %d 张（含免报），共 %zu 行　　%s",
                     or_empty(s->as_of), s->tables, s->handed_in, s->n_rows, book_banner_zh);
    const struct book_sheet rows = {
        "自查汇总表",
        arena_printf(b->arena, "整改工作推进情况自查汇总表（%s）", or_empty(s->period)),
        about,
        row_columns,
        ROW_COLUMNS,
        2};
    const struct book_sheet missing = {
        "未报和迟报",    arena_printf(b->arena, "未报和迟报单位（%s）", or_empty(s->period)),
        about,           missing_columns,
        MISSING_COLUMNS, 2};
    struct lxw_worksheet *to = book_sheet_add(b, &rows);
    for (size_t i = 0; !b->failed && i < s->n_rows; i++) {
        write_row(b, to, &rows, i, s->rows[i]);
    }
    to = b->failed ? NULL : book_sheet_add(b, &missing);
    for (size_t i = 0; !b->failed && i < s->n_missing; i++) {
        write_missing(b, to, &missing, i, s->missing[i]);
    }
}

enum status
summary_book_write(const Pb__GetSummaryReply *summary, struct arena *a, unsigned char **ret_bytes,
                   size_t *ret_size, struct fault *fault)
{
    struct book_bytes book = {NULL, 0};
    enum status s = book_write("整改工作推进情况自查汇总表", sheets_write,
                               (void *)(uintptr_t)summary, a, &book, fault);
    if (s == STATUS_OK) {
        *ret_bytes = book.data;
        *ret_size = book.size;
    }
    return s;
}
