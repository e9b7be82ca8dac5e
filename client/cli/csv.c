#include "client/cli/csv.h"
#include "client/cli/encoding.h"
#include "client/cli/text.h"
#include "client/lib/file.h"

#include <stdbool.h>
#include <string.h>

static enum status
too_large(struct fault *f)
{
    return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内存不足，文件太大。");
}

/* ---- encodings ---- */

static enum status
encoding_convert(struct arena *a, enum encoding from, const char *bytes, size_t n, char **ret_text,
                 struct fault *f)
{
    size_t bad = 0;
    char *text = encoding_to_utf8(a, from, bytes, n, &bad);
    if (text == NULL && bad == n) {
        return too_large(f);
    }
    if (text == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CSV_ENCODING",
                         "文件的编码读不懂（第 %zu 字节起）：请在表格软件里另存为“CSV UTF-8”再试。",
                         bad + 1);
    }
    *ret_text = text;
    return STATUS_OK;
}

enum status
csv_decode(struct arena *a, const char *bytes, size_t n, char **ret_text, struct fault *f)
{
    enum status status = STATUS_OK;
    char *text = NULL;
    if (n >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) {
        enum encoding from = bytes[0] == '\xFF' ? ENCODING_UTF16LE : ENCODING_UTF16BE;
        status = encoding_convert(a, from, bytes + 2, n - 2, &text, f);
    } else if (text_is_utf8(bytes, n)) {
        text = arena_strndup(a, bytes, n);
        status = text != NULL ? STATUS_OK : too_large(f);
    } else {
        status = encoding_convert(a, ENCODING_GB18030, bytes, n, &text, f);
    }
    if (status == STATUS_OK &&
        (memchr(bytes, 0, n) != NULL && bytes[0] != '\xFF' && bytes[0] != '\xFE')) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CSV_ENCODING",
                         "这不是 CSV 文本文件（里面有空字节）：若是 .xlsx 或 .xls，请在表格软件里"
                         "另存为“CSV UTF-8”再试。");
    }
    if (status == STATUS_OK) {
        *ret_text = strncmp(text, CSV_BOM, 3) == 0 ? text + 3 : text;
    }
    return status;
}

/* ---- parsing ---- */

struct parser {
    struct arena *arena;
    const char *p;
    char separator;
    unsigned line;
    const char *cells[CSV_CELLS_MAX];
    size_t count;
};

static bool
at_break(const char *p)
{
    return *p == '\0' || *p == '\n' || *p == '\r';
}

static void
skip_break(struct parser *s)
{
    if (*s->p == '\r') {
        s->p++;
        if (*s->p == '\n') {
            s->p++;
        }
        s->line++;
    } else if (*s->p == '\n') {
        s->p++;
        s->line++;
    }
}

/* Blanks around the text say nothing; full-width ones are kept only inside. */
static char *
trim(char *s)
{
    for (;;) {
        if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r') {
            s++;
        } else if (strncmp(s, "　", 3) == 0) {
            s += 3;
        } else {
            break;
        }
    }
    for (size_t n = strlen(s); n > 0;) {
        if (strchr(" \t\r\n", s[n - 1]) != NULL) {
            n -= 1;
        } else if (n >= 3 && strcmp(s + n - 3, "　") == 0) {
            n -= 3;
        } else {
            break;
        }
        s[n] = '\0';
    }
    return s;
}

/* A quoted cell; the parser stands behind its opening quote. */
static enum status
quoted_read(struct parser *s, char *buffer, size_t *used, struct fault *f)
{
    unsigned begun = s->line;
    for (;;) {
        char c = *s->p;
        if (c == '\0') {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "CSV_QUOTE",
                             "第 %u 行有一个双引号没有闭合：请补上，或删掉多余的双引号。", begun);
        }
        s->p++;
        if (c == '"' && *s->p != '"') {
            return STATUS_OK;
        }
        if (c == '"') {
            s->p++;
        }
        if (c == '\r') {
            s->line++;
            if (*s->p == '\n') {
                s->p++;
            }
            c = '\n';
        } else if (c == '\n') {
            s->line++;
        }
        buffer[(*used)++] = c;
    }
}

static enum status
cell_read(struct parser *s, char *buffer, struct fault *f)
{
    size_t used = 0;
    buffer[0] = '\0';
    while (!at_break(s->p) && *s->p != s->separator) {
        if (*s->p == '"' && strspn(buffer, " ") == used) {
            s->p++;
            used = 0; /* blanks before the quote say nothing */
            enum status status = quoted_read(s, buffer, &used, f);
            if (status != STATUS_OK) {
                return status;
            }
            buffer[used] = '\0';
            continue;
        }
        buffer[used++] = *s->p++;
        buffer[used] = '\0';
    }
    buffer[used] = '\0';
    if (s->count == CSV_CELLS_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CSV_WIDE", "第 %u 行超过 %d 列。", s->line,
                         CSV_CELLS_MAX);
    }
    const char *cell = arena_strdup(s->arena, csv_unguard(trim(buffer)));
    if (cell == NULL) {
        return too_large(f);
    }
    s->cells[s->count++] = cell;
    return STATUS_OK;
}

static enum status
row_read(struct parser *s, char *buffer, struct csv_row *row, struct fault *f)
{
    row->line = s->line;
    s->count = 0;
    for (;;) {
        enum status status = cell_read(s, buffer, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (*s->p != s->separator) {
            break;
        }
        s->p++;
    }
    skip_break(s);
    while (s->count > 0 && s->cells[s->count - 1][0] == '\0') {
        s->count--; /* a spreadsheet pads rows with empty cells */
    }
    row->count = s->count;
    row->cells = arena_array(s->arena, s->count, sizeof *row->cells);
    if (row->cells == NULL) {
        return too_large(f);
    }
    for (size_t i = 0; i < s->count; i++) {
        row->cells[i] = s->cells[i];
    }
    return STATUS_OK;
}

static enum status
rows_read(struct parser *s, struct csv *csv, struct fault *f)
{
    size_t capacity = 0;
    void *rows = NULL;
    char *buffer = arena_alloc(s->arena, strlen(s->p) + 1);
    if (buffer == NULL) {
        return too_large(f);
    }
    while (*s->p != '\0') {
        struct csv_row row;
        enum status status = row_read(s, buffer, &row, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (row.count == 0) {
            continue;
        }
        struct csv_row *place = arena_grow(s->arena, &rows, csv->count, &capacity, sizeof row);
        if (place == NULL) {
            return too_large(f);
        }
        if (csv->count == CSV_ROWS_MAX) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "CSV_LONG", "超过 %d 行。", CSV_ROWS_MAX);
        }
        *place = row;
        csv->count++;
    }
    csv->rows = rows;
    return STATUS_OK;
}

size_t
csv_header_row(const struct csv *csv, const char *header)
{
    for (size_t i = 0; i < csv->count; i++) {
        if (csv_column(&csv->rows[i], header) >= 0) {
            return i;
        }
    }
    return csv->count;
}

enum status
csv_parse(struct arena *a, const char *text, const char *header, struct csv *ret_csv,
          struct fault *f)
{
    static const char separators[] = {',', '\t', ';'};
    struct fault first = {.code = STATUS_OK};
    for (size_t i = 0; i < sizeof separators; i++) {
        struct parser s = {.arena = a, .p = text, .separator = separators[i], .line = 1};
        struct csv csv = {.separator = separators[i]};
        struct fault why = {.code = STATUS_OK};
        enum status status = rows_read(&s, &csv, &why);
        if (status == STATUS_OK && csv_header_row(&csv, header) < csv.count) {
            *ret_csv = csv;
            return STATUS_OK;
        }
        if (status != STATUS_OK && first.code == STATUS_OK) {
            first = why;
        }
    }
    if (first.code != STATUS_OK) {
        if (f != NULL) {
            *f = first;
        }
        return first.code;
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "CSV_HEADER",
                     "没有找到表头“%s”一列：请确认选对了文件，并保留原来的表头。", header);
}

enum status
csv_read(struct arena *a, const char *path, const char *header, struct csv *ret_csv,
         struct fault *f)
{
    char *bytes = NULL;
    char *text = NULL;
    size_t n = 0;
    struct fault why = {.code = STATUS_OK};
    enum status status = rectify_file_read(a, path, CSV_FILE_BYTES, &bytes, &n, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = csv_decode(a, bytes, n, &text, &why);
    if (status == STATUS_OK) {
        status = csv_parse(a, text, header, ret_csv, &why);
    }
    if (status != STATUS_OK) {
        return fault_set(f, status, why.reason, "“%s”：%s", path, why.message);
    }
    return STATUS_OK;
}

int
csv_column(const struct csv_row *header, const char *title)
{
    for (size_t i = 0; i < header->count; i++) {
        if (strcmp(header->cells[i], title) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *
csv_cell(const struct csv_row *row, int column)
{
    return column >= 0 && (size_t)column < row->count ? row->cells[column] : "";
}

/* ---- writing ---- */

/* "-120", "-0.5": a number, and nothing else. */
static bool
is_number(const char *s)
{
    if (s[0] != '-') {
        return false;
    }
    size_t n = strspn(s + 1, "0123456789.");
    return n > 0 && s[n + 1] == '\0';
}

/* What makes a spreadsheet take a cell for a formula, full-width forms included. */
static bool
is_formula(const char *s)
{
    if (is_number(s)) {
        return false;
    }
    static const char *const begins[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                         "\n", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (strncmp(s, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}

const char *
csv_guard(struct arena *a, const char *s)
{
    return is_formula(s) || s[0] == '\'' ? arena_printf(a, "'%s", s) : s;
}

const char *
csv_unguard(const char *s)
{
    return s[0] == '\'' && (s[1] == '\'' || is_formula(s + 1)) ? s + 1 : s;
}

static void
cell_write(FILE *out, const char *s)
{
    bool guard = is_formula(s) || s[0] == '\'';
    if (!guard && strpbrk(s, ",;\"\t\r\n") == NULL && s[0] != ' ') {
        (void)fputs(s, out);
        return;
    }
    (void)fputc('"', out);
    if (guard) {
        (void)fputc('\'', out);
    }
    for (; *s != '\0'; s++) {
        if (*s == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(*s, out);
    }
    (void)fputc('"', out);
}

void
csv_begin(FILE *out, const char *path)
{
    if (strcmp(path, "-") != 0) {
        (void)fputs(CSV_BOM, out);
    }
}

void
csv_write_row(FILE *out, const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            (void)fputc(',', out);
        }
        cell_write(out, cells[i]);
    }
    (void)fputs("\r\n", out);
}
