#include "server/document/csv.h"

#include "server/document/fold.h"
#include "server/document/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct csv_reader {
    struct arena *arena;
    struct fault *fault;
    const char *p, *end;
    char delimiter;
    bool unguard;
    uint32_t line;   /* of p */
    uint32_t record; /* rows read */
    struct csv_table table;
    size_t row_capacity;
    struct csv_cell cells[CSV_COLUMNS_MAX]; /* of the row being read */
    size_t cell_count;
};

static enum status
no_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "CSV_NO_MEMORY",
                     "表格太大，读不下。请拆成几份再上传。");
}

/* How often each delimiter stands outside quotes in the first record that has text. */
static char
find_delimiter(const char *p, const char *end)
{
    static const char candidates[] = {',', '\t', ';'};
    size_t n[sizeof candidates] = {0};
    bool quoted = false;
    bool text = false;
    for (; p < end; p++) {
        if (*p == '"') {
            quoted = !quoted;
        }
        if (*p == '\n' && !quoted && text) {
            break;
        }
        text = text || (*p != '\n' && *p != ' ');
        for (size_t k = 0; k < sizeof candidates && !quoted; k++) {
            n[k] += *p == candidates[k];
        }
    }
    size_t best = 0;
    for (size_t k = 1; k < sizeof candidates; k++) {
        best = n[k] > n[best] ? k : best;
    }
    return candidates[best];
}

static bool
is_guarded_char(char c)
{
    return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' || c == '\'';
}

const char *
csv_cell_unguard(const char *text)
{
    return text[0] == '\'' && is_guarded_char(text[1]) ? text + 1 : text;
}

/* A quoted cell; p stands behind the opening quote. */
static enum status
read_quoted(struct csv_reader *r, char *out, size_t *ret_n)
{
    uint32_t opened = r->line;
    size_t n = 0;
    for (;;) {
        if (r->p == r->end) {
            return fault_set(r->fault, STATUS_INVALID_ARGUMENT, "CSV_UNCLOSED_QUOTE",
                             "第%u行第%zu列：以英文引号\"开始的单元格没有结束的引号。请补上引号，"
                             "或在表格软件里重新导出。",
                             opened, r->cell_count + 1);
        }
        char c = *r->p++;
        if (c == '"') {
            if (r->p == r->end || *r->p != '"') {
                break;
            }
            r->p++;
        } else if (c == '\r' && r->p < r->end && *r->p == '\n') {
            continue; /* CRLF inside a cell is one line break */
        }
        r->line += c == '\n';
        out[n++] = c;
    }
    while (r->p < r->end && *r->p == ' ') {
        r->p++;
    }
    if (r->p < r->end && *r->p != r->delimiter && *r->p != '\n' && *r->p != '\r') {
        return fault_set(
            r->fault, STATUS_INVALID_ARGUMENT, "CSV_BAD_QUOTE",
            "第%u行第%zu列：单元格在结束的引号\"后面还有文字。单元格里的引号要写成两个\"\"。",
            r->line, r->cell_count + 1);
    }
    *ret_n = n;
    return STATUS_OK;
}

static size_t
read_plain(struct csv_reader *r, char *out)
{
    size_t n = 0;
    while (r->p < r->end && *r->p != r->delimiter && *r->p != '\n' && *r->p != '\r') {
        out[n++] = *r->p++;
    }
    return n;
}

/* The most bytes the cell at p can have: to the next break, or for a quoted one to its quote. */
static size_t
cell_room(const struct csv_reader *r)
{
    const char *q = r->p;
    if (q < r->end && *q == '"') {
        for (q++; q < r->end; q++) {
            if (*q == '"' && (q + 1 == r->end || q[1] != '"')) {
                break;
            }
            q += *q == '"';
        }
        return (size_t)(q - r->p);
    }
    while (q < r->end && *q != r->delimiter && *q != '\n' && *q != '\r') {
        q++;
    }
    return (size_t)(q - r->p);
}

static enum status
read_cell(struct csv_reader *r)
{
    size_t room = cell_room(r);
    if (r->cell_count == CSV_COLUMNS_MAX || room > CSV_CELL_BYTES_MAX) {
        return fault_set(
            r->fault, STATUS_INVALID_ARGUMENT, "CSV_TOO_LARGE",
            "第%u行第%zu列：一行最多%zu列，一个单元格最多%zu字节。请检查分隔符和引号。", r->line,
            r->cell_count + 1, CSV_COLUMNS_MAX, CSV_CELL_BYTES_MAX);
    }
    char *out = arena_alloc(r->arena, room + 1);
    if (out == NULL) {
        return no_memory(r->fault);
    }
    size_t n = 0;
    if (r->p < r->end && *r->p == '"') {
        r->p++;
        enum status st = read_quoted(r, out, &n);
        if (st != STATUS_OK) {
            return st;
        }
    } else {
        n = read_plain(r, out);
    }
    out[n] = '\0';
    const char *text = r->unguard ? csv_cell_unguard(out) : out;
    r->cells[r->cell_count++] = (struct csv_cell){text, (uint32_t)(n - (size_t)(text - out))};
    return STATUS_OK;
}

static enum status
keep_row(struct csv_reader *r, uint32_t line)
{
    bool text = false;
    struct csv_row row = {
        .cells = r->cells, .count = r->cell_count, .line = line, .record = r->record};
    for (size_t k = 0; k < r->cell_count && !text; k++) {
        size_t n = 0;
        csv_cell_trim(&row, k, &n);
        text = n != 0;
    }
    if (!text) {
        return STATUS_OK;
    }
    if (r->table.count == CSV_ROWS_MAX) {
        return fault_set(r->fault, STATUS_INVALID_ARGUMENT, "CSV_TOO_LARGE",
                         "表格超过%zu行。请拆成几份再上传。", CSV_ROWS_MAX);
    }
    void *rows = r->table.rows;
    struct csv_row *slot =
        arena_grow(r->arena, &rows, r->table.count, &r->row_capacity, sizeof *slot);
    struct csv_cell *cells = arena_array(r->arena, r->cell_count, sizeof *cells);
    if (slot == NULL || cells == NULL) {
        return no_memory(r->fault);
    }
    memcpy(cells, r->cells, r->cell_count * sizeof *cells);
    r->table.rows = rows;
    row.cells = cells;
    *slot = row;
    r->table.count++;
    r->table.columns = row.count > r->table.columns ? row.count : r->table.columns;
    return STATUS_OK;
}

static enum status
read_row(struct csv_reader *r)
{
    uint32_t line = r->line;
    r->cell_count = 0;
    r->record++;
    for (;;) {
        enum status st = read_cell(r);
        if (st != STATUS_OK) {
            return st;
        }
        if (r->p == r->end) {
            break;
        }
        char c = *r->p++;
        if (c == r->delimiter) {
            continue;
        }
        r->p += c == '\r' && r->p < r->end && *r->p == '\n';
        r->line++;
        break;
    }
    return keep_row(r, line);
}

/* "sep=;" as the first line names the delimiter. */
static void
read_sep_line(struct csv_reader *r)
{
    if (r->end - r->p >= 5 && strncasecmp(r->p, "sep=", 4) == 0 &&
        (r->p + 5 == r->end || r->p[5] == '\n' || r->p[5] == '\r')) {
        r->delimiter = r->p[4];
        const char *next = memchr(r->p, '\n', (size_t)(r->end - r->p));
        r->p = next == NULL ? r->end : next + 1;
        r->line++;
    }
}

enum status
csv_read(struct arena *arena, const char *text, size_t size, char delimiter, bool unguard,
         struct csv_table *ret_table, struct fault *fault)
{
    struct csv_reader *r = arena_alloc(arena, sizeof *r);
    if (r == NULL) {
        return no_memory(fault);
    }
    *r = (struct csv_reader){.arena = arena, .fault = fault, .unguard = unguard, .line = 1};
    r->p = text;
    r->end = text + size;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        r->p += 3;
    }
    r->delimiter = delimiter;
    if (delimiter == 0) {
        r->delimiter = find_delimiter(r->p, r->end);
        read_sep_line(r);
    }
    enum status st = STATUS_OK;
    while (st == STATUS_OK && r->p < r->end) {
        st = read_row(r);
    }
    if (st == STATUS_OK && r->table.count == 0) {
        st = fault_set(fault, STATUS_INVALID_ARGUMENT, "CSV_EMPTY",
                       "表格里没有内容。请确认上传的是填好的表。");
    }
    if (st == STATUS_OK) {
        r->table.delimiter = r->delimiter;
        *ret_table = r->table;
    }
    return st;
}

enum status
csv_read_bytes(struct arena *arena, const void *bytes, size_t size, bool unguard,
               struct csv_table *ret_table, struct fault *fault)
{
    const char *text = NULL;
    size_t n = 0;
    enum text_encoding encoding;
    enum status st = text_decode(arena, bytes, size, &text, &n, &encoding, fault);
    return st != STATUS_OK ? st : csv_read(arena, text, n, 0, unguard, ret_table, fault);
}

const char *
csv_cell_trim(const struct csv_row *row, size_t column, size_t *ret_bytes)
{
    *ret_bytes = 0;
    if (column >= row->count) {
        return "";
    }
    const unsigned char *p = (const unsigned char *)row->cells[column].text;
    const unsigned char *end = p + row->cells[column].bytes;
    const unsigned char *start = end;
    const unsigned char *stop = end;
    while (p < end) {
        const unsigned char *at = p;
        uint32_t out[FOLD_CHAR_MAX];
        size_t n = fold_char(fold_next(&p, end), out);
        if (n == 0 || (n == 1 && out[0] == ' ')) {
            continue;
        }
        start = start == end ? at : start;
        stop = p;
    }
    *ret_bytes = (size_t)(stop - start);
    return (const char *)start;
}

/* ---- writing ---- */

static void
put(struct csv_writer *w, const char *bytes, size_t n)
{
    if (w->failed) {
        return;
    }
    if (w->capacity - w->size < n + 1) {
        size_t wanted = w->capacity == 0 ? 4096 : w->capacity * 2;
        while (wanted - w->size < n + 1) {
            wanted *= 2;
        }
        char *bigger = arena_alloc(w->arena, wanted);
        if (bigger == NULL) {
            w->failed = true;
            return;
        }
        if (w->size != 0) {
            memcpy(bigger, w->data, w->size);
        }
        w->data = bigger;
        w->capacity = wanted;
    }
    memcpy(w->data + w->size, bytes, n);
    w->size += n;
    w->data[w->size] = '\0';
}

void
csv_writer_init(struct csv_writer *w, struct arena *arena, char delimiter, bool bom)
{
    *w = (struct csv_writer){.arena = arena, .delimiter = delimiter};
    put(w, "\xEF\xBB\xBF", bom ? 3 : 0);
}

static void
begin_cell(struct csv_writer *w)
{
    if (w->row_begun) {
        put(w, &w->delimiter, 1);
    }
    w->row_begun = true;
}

void
csv_writer_cell(struct csv_writer *w, const char *text)
{
    begin_cell(w);
    if (text == NULL || text[0] == '\0') {
        return;
    }
    size_t n = strlen(text);
    char special[] = {w->delimiter, '"', '\n', '\r', '\0'};
    bool guard = is_guarded_char(text[0]);
    bool quote = text[strcspn(text, special)] != '\0' || text[0] == ' ' || text[n - 1] == ' ';
    if (quote) {
        put(w, "\"", 1);
    }
    if (guard) {
        put(w, "'", 1);
    }
    for (const char *p = text; *p != '\0';) {
        size_t run = quote ? strcspn(p, "\"") : n;
        put(w, p, run);
        p += run;
        if (*p == '"') {
            put(w, "\"\"", 2);
            p++;
        }
    }
    if (quote) {
        put(w, "\"", 1);
    }
}

void
csv_writer_int(struct csv_writer *w, int64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, value);
    begin_cell(w);
    put(w, text, (size_t)n);
}

void
csv_writer_end_row(struct csv_writer *w)
{
    put(w, "\r\n", 2);
    w->row_begun = false;
}

enum status
csv_writer_finish(struct csv_writer *w, const char **ret_text, size_t *ret_size,
                  struct fault *fault)
{
    put(w, "", 0);
    if (w->failed) {
        return no_memory(fault);
    }
    *ret_text = w->data;
    *ret_size = w->size;
    return STATUS_OK;
}
