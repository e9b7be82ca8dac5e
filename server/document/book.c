#include "server/document/book.h"

#include "proto/base/wire_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum {
    HEAD_ROWS = 3, /* title, what it is about, column titles */
    LINE_POINTS = 14,
    ROW_POINTS_MAX = 409, /* the format's own bound */
    CELL_CHARACTERS_MAX = 32767,
    BOOK_BYTES_MAX = 8 << 20,
};

const char book_banner_zh[] = "非涉密系统，严禁存储、处理、传输国家秘密";

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
row_points(const char *const *cells, const struct book_column *columns, size_t count)
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

/* Column titles have two lines at least. */
static double
head_points(const struct book_sheet *sheet)
{
    double most = 2;
    for (size_t i = 0; i < sheet->count; i++) {
        double lines = text_lines(sheet->columns[i].title, sheet->columns[i].width - 1);
        most = lines > most ? lines : most;
    }
    return most * LINE_POINTS + 6;
}

struct lxw_worksheet *
book_sheet_add(struct book *b, const struct book_sheet *sheet)
{
    lxw_worksheet *to = workbook_add_worksheet(b->workbook, sheet->name);
    lxw_col_t last = (lxw_col_t)(sheet->count - 1);
    if (to == NULL || sheet->title == NULL || sheet->about == NULL) {
        b->failed = true;
        return NULL;
    }
    page_set(to, sheet->frozen);
    for (size_t i = 0; i < sheet->count; i++) {
        const struct book_column *c = &sheet->columns[i];
        worksheet_set_column(to, (lxw_col_t)i, (lxw_col_t)i, c->width, NULL);
        worksheet_write_string(to, HEAD_ROWS - 1, (lxw_col_t)i, c->title, b->head);
    }
    worksheet_merge_range(to, 0, 0, 0, last, sheet->title, b->title);
    worksheet_merge_range(to, 1, 0, 1, last, sheet->about, b->about);
    worksheet_set_row(to, 0, 34, NULL);
    worksheet_set_row(to, 1, 20, NULL);
    worksheet_set_row(to, HEAD_ROWS - 1, head_points(sheet), NULL);
    return to;
}

void
book_row_write(struct book *b, struct lxw_worksheet *to, const struct book_sheet *sheet,
               size_t index, const char *const *cells, struct lxw_format *const *formats)
{
    lxw_row_t row = (lxw_row_t)(HEAD_ROWS + index);
    for (size_t i = 0; i < sheet->count; i++) {
        b->failed = b->failed || cells[i] == NULL;
    }
    for (size_t i = 0; !b->failed && i < sheet->count; i++) {
        lxw_error e = worksheet_write_string(to, row, (lxw_col_t)i, cells[i], formats[i]);
        b->failed = e != LXW_NO_ERROR;
    }
    if (!b->failed) {
        worksheet_set_row(to, row, row_points(cells, sheet->columns, sheet->count), NULL);
    }
}

const char *
book_fit(struct book *b, const char *text)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (n <= CELL_CHARACTERS_MAX) {
        return n == 0 ? "" : text;
    }
    n = CELL_CHARACTERS_MAX - 3;
    while (n > 0 && ((unsigned char)text[n] & 0xC0U) == 0x80U) {
        n--;
    }
    char *shorter = arena_strndup(b->arena, text, n);
    b->failed = b->failed || shorter == NULL;
    return shorter == NULL ? "" : shorter;
}

/* ---- the whole ---- */

static enum status
bytes_take(int fd, struct arena *a, struct book_bytes *ret)
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
    *ret = (struct book_bytes){bytes, (size_t)size};
    return STATUS_OK;
}

static enum status
book_failed(enum status s, struct fault *fault)
{
    return s == STATUS_RESOURCE_EXHAUSTED
               ? fault_set(fault, s, "BOOK_TOO_LARGE",
                           "表格太大，请缩小范围（例如按巡视）分别导出。")
               : fault_set(fault, STATUS_UNAVAILABLE, "BOOK_WRITE",
                           "没能生成表格文件，请稍后再试。");
}

/* No time of day in it: the same content gives the same bytes, and pieces fit together. */
static void
properties_set(lxw_workbook *workbook, const char *title)
{
    lxw_doc_properties properties = {
        .title = wire_text(title),
        .comments = wire_text(book_banner_zh),
        .created = 1,
    };
    workbook_set_properties(workbook, &properties);
}

enum status
book_write(const char *title, void (*fill)(struct book *b, void *ctx), void *ctx, struct arena *a,
           struct book_bytes *ret, struct fault *fault)
{
    char path[64];
    struct book b = {.arena = a};
    int fd = memfd_create("book", MFD_CLOEXEC);
    if (fd < 0) {
        return book_failed(STATUS_UNAVAILABLE, fault);
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    b.workbook = workbook_new(path);
    enum status s = STATUS_UNAVAILABLE;
    if (b.workbook != NULL) {
        properties_set(b.workbook, title);
        if (formats_make(&b)) {
            fill(&b, ctx);
        }
        bool closed = workbook_close(b.workbook) == LXW_NO_ERROR;
        s = b.failed  ? STATUS_RESOURCE_EXHAUSTED
            : !closed ? STATUS_UNAVAILABLE
                      : bytes_take(fd, a, ret);
    }
    (void)close(fd);
    return s == STATUS_OK ? STATUS_OK : book_failed(s, fault);
}
