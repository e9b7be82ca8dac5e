#include "server/document/summary_book.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

/* A column's width in characters of the body font; its text is wrapped. */
struct column {
    const char *title;
    double width;
};

static const struct column row_columns[] = {
    {"序号", 4.5},          {"牵头单位", 11},    {"整改项目", 13}, {"反馈问题", 18},
    {"措施编号", 10.5},     {"整改措施", 30},    {"牵头领导", 8},  {"明显成效时限", 10.5},
    {"整改到位时限", 10.5}, {"完成百分比", 6.5}, {"整改进展", 36}, {"困难问题", 15},
    {"申请与延期", 11},     {"材料份数", 5},     {"审核", 8.5},    {"措施状态", 8.5},
};
static const struct column missing_columns[] = {
    {"序号", 5},     {"牵头单位", 24}, {"期次", 10},   {"报送截止", 12},   {"情况", 22},
    {"逾期天数", 9}, {"填报人", 20},   {"审核人", 20}, {"主要负责人", 20},
};

enum {
    ROW_COLUMNS = sizeof row_columns / sizeof row_columns[0],
    MISSING_COLUMNS = sizeof missing_columns / sizeof missing_columns[0],
    HEAD_ROWS = 3, /* title, what it is about, column titles */
    LINE_POINTS = 14,
    ROW_POINTS_MAX = 409, /* the format's own bound */
    CELL_CHARACTERS_MAX = 32767,
    BOOK_BYTES_MAX = 8 << 20,
};

static const char banner_zh[] = "非涉密系统，严禁存储、处理、传输国家秘密";

struct book {
    lxw_workbook *workbook;
    struct arena *arena;
    lxw_format *title;
    lxw_format *about;
    lxw_format *head;
    lxw_format *text;
    lxw_format *centre;
    lxw_format *warn;
    bool failed;
};

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* ---- heights ---- */

/* Widths in half characters: a Chinese character takes two. */
static double
text_lines(const char *text, double width)
{
    double lines = 1;
    double used = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if ((*p & 0xC0U) == 0x80U) {
            continue; /* inside a character */
        }
        double size = *p >= 0xE0U ? 2.0 : 1.0;
        if (*p == '\n' || used + size > width) {
            lines++;
            used = 0;
        }
        used += *p == '\n' ? 0 : size;
    }
    return lines;
}

/* The height the tallest of the row's cells needs. */
static double
row_points(const char *const *cells, const struct column *columns, size_t count)
{
    double most = 1;
    for (size_t i = 0; i < count; i++) {
        double lines = text_lines(cells[i], columns[i].width - 1);
        most = lines > most ? lines : most;
    }
    double points = most * LINE_POINTS + 4;
    return points > ROW_POINTS_MAX ? ROW_POINTS_MAX : points;
}

/* ---- formats ---- */

static lxw_format *
format_new(struct book *b, double size, bool bold)
{
    lxw_format *f = workbook_add_format(b->workbook);
    if (f == NULL) {
        b->failed = true;
        return NULL;
    }
    format_set_font_name(f, "宋体");
    format_set_font_size(f, size);
    format_set_text_wrap(f);
    format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
    if (bold) {
        format_set_bold(f);
    }
    return f;
}

static bool
formats_make(struct book *b)
{
    b->title = format_new(b, 18, true);
    b->about = format_new(b, 10, false);
    b->head = format_new(b, 10, true);
    b->text = format_new(b, 10, false);
    b->centre = format_new(b, 10, false);
    b->warn = format_new(b, 10, true);
    if (b->failed) {
        return false;
    }
    lxw_format *ruled[] = {b->head, b->text, b->centre, b->warn};
    for (size_t i = 0; i < sizeof ruled / sizeof ruled[0]; i++) {
        format_set_border(ruled[i], LXW_BORDER_THIN);
    }
    format_set_align(b->title, LXW_ALIGN_CENTER);
    format_set_align(b->head, LXW_ALIGN_CENTER);
    format_set_align(b->centre, LXW_ALIGN_CENTER);
    format_set_bg_color(b->head, 0xE7E6E6);
    format_set_bg_color(b->warn, 0xFCE4D6);
    return true;
}

/* ---- sheets ---- */

static void
page_set(lxw_worksheet *sheet, int columns)
{
    enum { PAPER_A3 = 8 };
    worksheet_set_paper(sheet, PAPER_A3);
    worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0); /* as many pages down as it takes */
    worksheet_set_margins(sheet, 0.4, 0.4, 0.6, 0.6);
    worksheet_repeat_rows(sheet, HEAD_ROWS - 1, HEAD_ROWS - 1);
    worksheet_freeze_panes(sheet, HEAD_ROWS, columns);
    worksheet_set_header(sheet, "&C&\"宋体,Bold\"非涉密系统，严禁存储、处理、传输国家秘密");
    worksheet_set_footer(sheet, "&C第 &P 页，共 &N 页");
}

static void
sheet_head(struct book *b, lxw_worksheet *sheet, const char *title, const char *about,
           const struct column *columns, size_t count)
{
    lxw_col_t last = (lxw_col_t)(count - 1);
    for (size_t i = 0; i < count; i++) {
        worksheet_set_column(sheet, (lxw_col_t)i, (lxw_col_t)i, columns[i].width, NULL);
        worksheet_write_string(sheet, HEAD_ROWS - 1, (lxw_col_t)i, columns[i].title, b->head);
    }
    worksheet_merge_range(sheet, 0, 0, 0, last, title, b->title);
    worksheet_merge_range(sheet, 1, 0, 1, last, about, b->about);
    worksheet_set_row(sheet, 0, 34, NULL);
    worksheet_set_row(sheet, 1, 20, NULL);
    worksheet_set_row(sheet, HEAD_ROWS - 1, 34, NULL);
}

/* Texts stay texts: nothing that begins with "=" becomes a formula. */
static void
write_cells(struct book *b, lxw_worksheet *sheet, lxw_row_t row, const char *const *cells,
            const struct column *columns, size_t count, lxw_format *const *formats)
{
    for (size_t i = 0; i < count; i++) {
        lxw_error e = worksheet_write_string(sheet, row, (lxw_col_t)i, cells[i], formats[i]);
        b->failed = b->failed || e != LXW_NO_ERROR;
    }
    worksheet_set_row(sheet, row, row_points(cells, columns, count), NULL);
}

/* At most what a cell holds. */
static const char *
fit(struct book *b, const char *text)
{
    size_t n = strlen(or_empty(text));
    if (n <= CELL_CHARACTERS_MAX) {
        return or_empty(text);
    }
    n = CELL_CHARACTERS_MAX - 3;
    while (n > 0 && ((unsigned char)text[n] & 0xC0U) == 0x80U) {
        n--;
    }
    char *cut = arena_strndup(b->arena, text, n);
    b->failed = b->failed || cut == NULL;
    return or_empty(cut);
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
write_row(struct book *b, lxw_worksheet *sheet, size_t index, const Pb__SummaryRow *s)
{
    const Pb__TableRow *r = s->row;
    bool back = r->has_verdict && r->verdict == PB__VERDICT__RETURNED;
    const char *cells[ROW_COLUMNS] = {
        arena_printf(b->arena, "%zu", index + 1),
        arena_printf(b->arena, "%s%s", or_empty(s->org_name), s->late ? "（迟报）" : ""),
        arena_printf(b->arena, "%d. %s", s->item_no, or_empty(s->item)),
        fit(b, s->problem),
        or_empty(r->measure_ref),
        fit(b, r->measure_text),
        or_empty(s->leader),
        due_of(s, PB__MILESTONE_KIND__EFFECT),
        due_of(s, PB__MILESTONE_KIND__COMPLETE),
        arena_printf(b->arena, "%d%%", r->percent),
        fit(b, arena_printf(b->arena, "%s%s", r->unchanged ? "【本期无新进展】" : "",
                            or_empty(r->narrative))),
        fit(b, r->difficulty),
        claim_text(b, r),
        arena_printf(b->arena, "%d", s->evidence_count),
        arena_printf(b->arena, "%s%s%s", verdict_zh(r->has_verdict, r->verdict), back ? "：" : "",
                     back ? or_empty(r->reason) : ""),
        or_empty(r->measure_state_zh),
    };
    lxw_format *formats[ROW_COLUMNS];
    for (size_t i = 0; i < ROW_COLUMNS; i++) {
        b->failed = b->failed || cells[i] == NULL;
        bool wide = row_columns[i].width >= 11;
        formats[i] = wide ? b->text : b->centre;
    }
    if (b->failed) {
        return;
    }
    formats[14] = back ? b->warn : b->centre;
    write_cells(b, sheet, (lxw_row_t)(HEAD_ROWS + index), cells, row_columns, ROW_COLUMNS, formats);
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
write_missing(struct book *b, lxw_worksheet *sheet, size_t index, const Pb__MissingTable *m)
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
    lxw_format *formats[MISSING_COLUMNS];
    for (size_t i = 0; i < MISSING_COLUMNS; i++) {
        b->failed = b->failed || cells[i] == NULL;
        formats[i] = m->missing && m->days > 0 ? b->warn : b->text;
    }
    if (!b->failed) {
        write_cells(b, sheet, (lxw_row_t)(HEAD_ROWS + index), cells, missing_columns,
                    MISSING_COLUMNS, formats);
    }
}

/* ---- the whole ---- */

static void
sheets_write(struct book *b, const Pb__GetSummaryReply *s)
{
    lxw_worksheet *rows = workbook_add_worksheet(b->workbook, "自查汇总表");
    lxw_worksheet *missing = workbook_add_worksheet(b->workbook, "未报和迟报");
    char *title = arena_printf(b->arena, "整改工作推进情况自查汇总表（%s）", or_empty(s->period));
    char *about =
        arena_printf(b->arena, "截至 %s　应报 %d 张，已报 %d 张（含免报），共 %zu 行　　%s",
                     or_empty(s->as_of), s->tables, s->handed_in, s->n_rows, banner_zh);
    char *second = arena_printf(b->arena, "未报和迟报单位（%s）", or_empty(s->period));
    if (rows == NULL || missing == NULL || title == NULL || about == NULL || second == NULL) {
        b->failed = true;
        return;
    }
    page_set(rows, 2);
    sheet_head(b, rows, title, about, row_columns, ROW_COLUMNS);
    for (size_t i = 0; !b->failed && i < s->n_rows; i++) {
        write_row(b, rows, i, s->rows[i]);
    }
    page_set(missing, 2);
    sheet_head(b, missing, second, about, missing_columns, MISSING_COLUMNS);
    for (size_t i = 0; !b->failed && i < s->n_missing; i++) {
        write_missing(b, missing, i, s->missing[i]);
    }
}

static enum status
bytes_take(int fd, struct arena *a, unsigned char **ret_bytes, size_t *ret_size)
{
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0 || size > BOOK_BYTES_MAX) {
        return STATUS_UNAVAILABLE;
    }
    unsigned char *bytes = arena_alloc(a, (size_t)size);
    if (bytes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    for (off_t at = 0; at < size;) {
        ssize_t n = pread(fd, bytes + at, (size_t)(size - at), at);
        if (n <= 0) {
            return STATUS_UNAVAILABLE;
        }
        at += n;
    }
    *ret_bytes = bytes;
    *ret_size = (size_t)size;
    return STATUS_OK;
}

static enum status
book_failed(enum status s, struct fault *fault)
{
    return s == STATUS_RESOURCE_EXHAUSTED
               ? fault_set(fault, s, "BOOK_TOO_LARGE", "汇总表太大，请按巡视分别导出。")
               : fault_set(fault, STATUS_UNAVAILABLE, "BOOK_WRITE",
                           "没能生成汇总表文件，请稍后再试。");
}

/* No time of day in it: the same content gives the same bytes, and pieces fit together. */
static void
properties_set(lxw_workbook *workbook)
{
    lxw_doc_properties properties = {
        .title = (char *)(uintptr_t) "整改工作推进情况自查汇总表",
        .comments = (char *)(uintptr_t)banner_zh,
        .created = 1,
    };
    workbook_set_properties(workbook, &properties);
}

enum status
summary_book_write(const Pb__GetSummaryReply *summary, struct arena *a, unsigned char **ret_bytes,
                   size_t *ret_size, struct fault *fault)
{
    char path[64];
    struct book b = {.arena = a};
    int fd = memfd_create("summary", MFD_CLOEXEC);
    if (fd < 0) {
        return book_failed(STATUS_UNAVAILABLE, fault);
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    b.workbook = workbook_new(path);
    enum status s = STATUS_UNAVAILABLE;
    if (b.workbook != NULL) {
        properties_set(b.workbook);
        if (formats_make(&b)) {
            sheets_write(&b, summary);
        }
        bool closed = workbook_close(b.workbook) == LXW_NO_ERROR;
        s = b.failed  ? STATUS_RESOURCE_EXHAUSTED
            : !closed ? STATUS_UNAVAILABLE
                      : bytes_take(fd, a, ret_bytes, ret_size);
    }
    (void)close(fd);
    return s == STATUS_OK ? STATUS_OK : book_failed(s, fault);
}
