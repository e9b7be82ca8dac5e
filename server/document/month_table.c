#include "server/document/month_table.h"

#include "proto/base/limits.h"
#include "server/document/columns.h"
#include "server/document/fold.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COL_CODE,
    COL_TEXT,
    COL_NARRATIVE,
    COL_PERCENT,
    COL_DIFFICULTY,
    COL_CLAIM,
    COL_EVIDENCE,
    COL_HAPPENED,
    COL_VERSION,
    COL_COUNT,
};

/* The first name of each is the one that is written. */
static const struct column_names names[COL_COUNT] = {
    [COL_CODE] = {"措施编号|编号|措施编码"},
    [COL_TEXT] = {"措施内容|整改措施|措施"},
    [COL_NARRATIVE] = {"整改进展|进展情况|整改进展情况|本月进展|整改情况|整改落实情况|推进情况"},
    [COL_PERCENT] = {"完成百分比|完成进度|完成比例|百分比|完成率|进度"},
    [COL_DIFFICULTY] =
        {"困难问题|存在困难|困难|困难和问题|存在的困难|存在困难和问题|困难与问题|求助"},
    [COL_CLAIM] = {"申请|申请事项|申请认定"},
    [COL_EVIDENCE] = {"证明材料|佐证材料|附件|证据材料"},
    [COL_HAPPENED] = {"发生日期|发生时间|完成日期|工作日期"},
    [COL_VERSION] = {"版本|版本号|行版本"},
};

static const char claim_effect[] = "申请认定明显成效";
static const char claim_complete[] = "申请认定整改到位";

struct month_reader {
    struct arena *arena;
    struct csv_table csv;
    struct columns columns;
    struct month_table *out;
    struct fold fold;
    int32_t default_year;
    bool failed;
    const struct csv_row *row;
};

static const char *
heading_of(const struct month_reader *r, enum column column)
{
    size_t at = r->columns.at[column];
    return at == COLUMNS_NONE ? "" : r->columns.heading[at];
}

static void __attribute__((format(printf, 5, 6)))
report(struct month_reader *r, enum column column, bool warning, const char *code,
       const char *format, ...)
{
    void *list = r->out->faults;
    struct month_fault *f =
        arena_grow(r->arena, &list, r->out->fault_count, &r->out->fault_capacity, sizeof *f);
    va_list ap;
    va_start(ap, format);
    char *message = f == NULL ? NULL : arena_vprintf(r->arena, format, ap);
    va_end(ap);
    if (message == NULL) {
        r->failed = true;
        return;
    }
    r->out->faults = list;
    *f = (struct month_fault){.column = column == COL_COUNT ? "" : heading_of(r, column),
                              .code = code,
                              .message = message,
                              .warning = warning};
    if (r->row != NULL) {
        f->row = r->row->record;
        f->line = r->row->line;
    }
    r->out->fault_count++;
    r->out->error_count += !warning;
}

static const char *
cell_text(struct month_reader *r, enum column column)
{
    size_t at = r->columns.at[column];
    size_t bytes = 0;
    const char *text = at == COLUMNS_NONE ? "" : csv_cell_trim(r->row, at, &bytes);
    char *copy = arena_strndup(r->arena, text, bytes);
    r->failed = r->failed || copy == NULL;
    return copy == NULL ? "" : copy;
}

/* Folded digits of the whole text (a trailing % or .0 allowed when percent). -1: no such number. */
static int64_t
whole_number(struct month_reader *r, const char *text, bool percent)
{
    struct fold *f = &r->fold;
    fold_text(f, text, strlen(text));
    int64_t value = 0;
    size_t i = fold_skip_space(f, 0);
    size_t from = i;
    while (i < f->n && fold_is_digit(f->cp[i]) && i - from < 18) {
        value = value * 10 + (int64_t)(f->cp[i++] - '0');
    }
    if (i == from) {
        return -1;
    }
    if (fold_at(f, i) == '.') { /* spreadsheets write 60.0 */
        i++;
        while (fold_at(f, i) == '0') {
            i++;
        }
    }
    i = fold_skip_space(f, i);
    if (percent && fold_at(f, i) == '%') {
        i++;
    }
    return fold_skip_space(f, i) >= f->n ? value : -1;
}

static void
read_percent(struct month_reader *r, struct month_row *row)
{
    const char *text = cell_text(r, COL_PERCENT);
    row->percent = MONTH_PERCENT_NONE;
    if (text[0] == '\0') {
        return;
    }
    int64_t value = whole_number(r, text, true);
    if (value < 0 || value > 100) {
        report(r, COL_PERCENT, false, "BAD_PERCENT",
               "第%u行“%s”列：“%.100s”不是0到100的整数。请写60或60%%。", r->row->record,
               heading_of(r, COL_PERCENT), text);
        return;
    }
    row->percent = (int32_t)value;
}

static void
read_claim(struct month_reader *r, struct month_row *row)
{
    const char *text = cell_text(r, COL_CLAIM);
    struct fold *f = &r->fold;
    fold_text(f, text, strlen(text));
    bool not_at_all = f->n == 0 || strcmp(text, "无") == 0 || strcmp(text, "-") == 0 ||
                      strcmp(text, "否") == 0 || strcmp(text, "不申请") == 0;
    bool effect = fold_has(f, 0, f->n, "明显成效");
    bool complete = fold_has(f, 0, f->n, "到位");
    if (not_at_all) {
        return;
    }
    if (effect != complete && !fold_has(f, 0, f->n, "不") && !fold_has(f, 0, f->n, "未")) {
        row->claim = effect ? MONTH_CLAIM_EFFECT : MONTH_CLAIM_COMPLETE;
        return;
    }
    report(r, COL_CLAIM, false, "BAD_CLAIM",
           "第%u行“%s”列：“%.100s”看不出申请什么。请写“%s”或“%s”，不申请就空着。", r->row->record,
           heading_of(r, COL_CLAIM), text, claim_effect, claim_complete);
}

static void
read_evidence(struct month_reader *r, struct month_row *row)
{
    const char *text = cell_text(r, COL_EVIDENCE);
    struct fold *f = &r->fold;
    const char **list = NULL;
    size_t capacity = 0;
    size_t from = 0;
    fold_text(f, text, strlen(text));
    for (size_t i = 0; i <= f->n && !r->failed; i++) {
        bool line_end = i < f->n && text[f->at[i]] == '\n';
        if (i < f->n && f->cp[i] != ';' && !line_end) {
            continue;
        }
        size_t start = fold_skip_space(f, from);
        size_t stop = i;
        while (stop > start && f->cp[stop - 1] == ' ') {
            stop--;
        }
        from = i + 1;
        if (stop <= start) {
            continue;
        }
        size_t bytes = f->at[stop] - f->at[start];
        if (bytes > LIMIT_NAME_BYTES) {
            report(r, COL_EVIDENCE, false, "BAD_EVIDENCE",
                   "第%u行“%s”列：有一个文件名超过%d字节。几个文件名之间用分号隔开。",
                   r->row->record, heading_of(r, COL_EVIDENCE), LIMIT_NAME_BYTES);
            continue;
        }
        void *grown = list;
        const char **slot =
            arena_grow(r->arena, &grown, row->evidence_count, &capacity, sizeof *slot);
        char *name = slot == NULL ? NULL : arena_strndup(r->arena, text + f->at[start], bytes);
        if (name == NULL) {
            r->failed = true;
            return;
        }
        list = grown;
        *slot = name;
        row->evidence_count++;
    }
    row->evidence = list;
}

static void
read_happened(struct month_reader *r, struct month_row *row)
{
    const char *text = cell_text(r, COL_HAPPENED);
    struct date_text d = date_text_read(text, strlen(text), r->default_year);
    row->happened_on = DATE_TEXT_NO_DATE;
    if (d.kind == DATE_TEXT_EMPTY) {
        return;
    }
    if (d.kind != DATE_TEXT_DAY) {
        report(r, COL_HAPPENED, false, "BAD_DATE",
               "第%u行“%s”列：“%.100s”不是日期。请写成2020-06-30或2020年6月30日。", r->row->record,
               heading_of(r, COL_HAPPENED), text);
        return;
    }
    row->happened_on = d.day;
}

static void
read_version(struct month_reader *r, struct month_row *row)
{
    const char *text = cell_text(r, COL_VERSION);
    row->version = MONTH_VERSION_NONE;
    if (text[0] == '\0') {
        return;
    }
    row->version = whole_number(r, text, false);
    if (row->version < 0) {
        report(r, COL_VERSION, false, "BAD_VERSION",
               "第%u行“%s”列：“%.64s”不是版本号。这一列请保持导出时的样子，不要改动。",
               r->row->record, heading_of(r, COL_VERSION), text);
    }
}

static void
check_text(struct month_reader *r, enum column column, const char *text, size_t max)
{
    if (strlen(text) > max) {
        report(r, column, false, "TEXT_TOO_LONG", "第%u行“%s”列：文字超过%zu字节。请缩短。",
               r->row->record, heading_of(r, column), max);
    }
}

static void
add_row(struct month_reader *r)
{
    struct month_row row = {.row = r->row->record, .line = r->row->line};
    row.code = cell_text(r, COL_CODE);
    row.text = cell_text(r, COL_TEXT);
    row.narrative = cell_text(r, COL_NARRATIVE);
    row.difficulty = cell_text(r, COL_DIFFICULTY);
    if (row.code[0] == '\0') {
        report(r, COL_CODE, false, "NO_CODE",
               "第%u行：没有措施编号。请填写编号（如P-07-M-03），或删去这一行。", r->row->record);
    }
    check_text(r, COL_CODE, row.code, LIMIT_NAME_BYTES);
    check_text(r, COL_NARRATIVE, row.narrative, LIMIT_TEXT_BYTES);
    check_text(r, COL_DIFFICULTY, row.difficulty, LIMIT_TEXT_BYTES);
    read_percent(r, &row);
    read_claim(r, &row);
    read_evidence(r, &row);
    read_happened(r, &row);
    read_version(r, &row);
    void *list = r->out->rows;
    struct month_row *slot =
        arena_grow(r->arena, &list, r->out->count, &r->out->row_capacity, sizeof *slot);
    if (slot == NULL) {
        r->failed = true;
        return;
    }
    r->out->rows = list;
    *slot = row;
    r->out->count++;
}

static int
by_code(const void *a, const void *b)
{
    const struct month_row *const *x = a;
    const struct month_row *const *y = b;
    int order = strcmp((*x)->code, (*y)->code);
    return order != 0 ? order : ((*x)->row > (*y)->row) - ((*x)->row < (*y)->row);
}

static void
check_codes(struct month_reader *r)
{
    const struct month_row **sorted = arena_array(r->arena, r->out->count, sizeof *sorted);
    if (sorted == NULL) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < r->out->count; i++) {
        sorted[i] = &r->out->rows[i];
    }
    qsort(sorted, r->out->count, sizeof *sorted, by_code);
    for (size_t i = 1; i < r->out->count; i++) {
        const struct month_row *a = sorted[i - 1];
        const struct month_row *b = sorted[i];
        if (b->code[0] != '\0' && strcmp(a->code, b->code) == 0) {
            struct csv_row at = {.record = b->row, .line = b->line};
            r->row = &at;
            report(r, COL_CODE, false, "DUPLICATE_CODE",
                   "第%u行：措施编号%.64s和第%u行重复。一条措施只填一行，请合并。", b->row, b->code,
                   a->row);
            r->row = NULL;
        }
    }
}

static void
report_columns(struct month_reader *r)
{
    for (size_t c = 0; c < r->csv.columns; c++) {
        if (r->columns.heading[c][0] != '\0' && r->columns.id[c] < 0) {
            report(r, COL_COUNT, true, "UNKNOWN_COLUMN", "“%.100s”列不认识，没有读入。",
                   r->columns.heading[c]);
        }
    }
    for (int k = 0; k < COL_COUNT; k++) {
        if (r->columns.doubled[k]) {
            report(r, (enum column)k, true, "DUPLICATE_COLUMN",
                   "有几列都可以当作“%s”，只读了最左边的一列。", heading_of(r, (enum column)k));
        }
    }
    const size_t *at = r->columns.at;
    r->out->has_percent = at[COL_PERCENT] != COLUMNS_NONE;
    r->out->has_narrative = at[COL_NARRATIVE] != COLUMNS_NONE;
    r->out->has_difficulty = at[COL_DIFFICULTY] != COLUMNS_NONE;
    r->out->has_claim = at[COL_CLAIM] != COLUMNS_NONE;
    r->out->has_evidence = at[COL_EVIDENCE] != COLUMNS_NONE;
    r->out->has_happened_on = at[COL_HAPPENED] != COLUMNS_NONE;
    r->out->has_version = at[COL_VERSION] != COLUMNS_NONE;
}

static enum status
no_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "MONTH_NO_MEMORY",
                     "表格太大，读不下。请拆成几份再提交。");
}

static enum status
read_rows(struct month_reader *r, struct fault *fault)
{
    size_t count = r->csv.count - r->columns.data_row;
    if (count == 0) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "MONTH_EMPTY",
                         "表里只有表头，没有内容。请确认提交的是填好的表。");
    }
    if (count > LIMIT_TABLE_ROWS) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "MONTH_TOO_LARGE",
                         "一张自查汇总表最多%d行，这张有%zu行。", LIMIT_TABLE_ROWS, count);
    }
    report_columns(r);
    for (size_t i = r->columns.data_row; i < r->csv.count && !r->failed; i++) {
        r->row = &r->csv.rows[i];
        add_row(r);
    }
    r->row = NULL;
    if (!r->failed) {
        check_codes(r);
    }
    return r->failed ? no_memory(fault) : STATUS_OK;
}

enum status
month_table_read(struct arena *arena, const void *bytes, size_t size, int32_t default_year,
                 struct month_table *ret_table, struct fault *fault)
{
    struct month_table out = {0};
    struct month_reader r = {.arena = arena, .out = &out, .default_year = default_year};
    enum status st = csv_read_bytes(arena, bytes, size, true, &r.csv, fault);
    if (st != STATUS_OK) {
        return st;
    }
    if (!fold_init(&r.fold, arena, CSV_CELL_BYTES_MAX) ||
        !columns_find(arena, &r.csv, names, COL_COUNT, &r.columns)) {
        return no_memory(fault);
    }
    bool code = r.columns.at[COL_CODE] != COLUMNS_NONE;
    bool narrative = r.columns.at[COL_NARRATIVE] != COLUMNS_NONE;
    if (!code || !narrative) {
        return fault_set(
            fault, STATUS_INVALID_ARGUMENT, "MONTH_COLUMNS_MISSING",
            "这张表缺少%s%s%s列。读到的表头是：%s。请用导出的自查汇总表填写，不要改动表头。",
            code ? "" : "“措施编号”", !code && !narrative ? "和" : "",
            narrative ? "" : "“整改进展”", columns_list(arena, &r.csv, &r.columns));
    }
    st = read_rows(&r, fault);
    if (st == STATUS_OK) {
        *ret_table = out;
    }
    return st;
}

/* ---- writing ---- */

static const char *
evidence_text(struct arena *arena, const struct month_row *row)
{
    const char *text = "";
    for (size_t k = 0; k < row->evidence_count && text != NULL; k++) {
        text = arena_printf(arena, "%s%s%s", text, k == 0 ? "" : ";", row->evidence[k]);
    }
    return text;
}

static enum status
check_evidence(const struct month_row *row, struct fault *fault)
{
    for (size_t k = 0; k < row->evidence_count; k++) {
        const char *name = row->evidence[k];
        if (strpbrk(name, ";\r\n") != NULL || strstr(name, "；") != NULL || name[0] == '\0') {
            return fault_set(
                fault, STATUS_INVALID_ARGUMENT, "MONTH_BAD_EVIDENCE",
                "措施%.64s：证明材料的文件名“%.200s”里有分号或换行，或者是空的。请先改名。",
                row->code, name);
        }
    }
    return STATUS_OK;
}

static bool
write_row(struct csv_writer *w, struct arena *arena, const struct month_row *row)
{
    const char *evidence = evidence_text(arena, row);
    const char *day = "";
    if (row->happened_on != DATE_TEXT_NO_DATE) {
        int32_t y = 0;
        int32_t m = 0;
        int32_t d = 0;
        date_text_civil(row->happened_on, &y, &m, &d);
        day = arena_printf(arena, "%04d-%02d-%02d", y, m, d);
    }
    if (evidence == NULL || day == NULL) {
        return false;
    }
    csv_writer_cell(w, row->code);
    csv_writer_cell(w, row->text);
    csv_writer_cell(w, row->narrative);
    if (row->percent == MONTH_PERCENT_NONE) {
        csv_writer_cell(w, NULL);
    } else {
        csv_writer_int(w, row->percent);
    }
    csv_writer_cell(w, row->difficulty);
    csv_writer_cell(w, row->claim == MONTH_CLAIM_EFFECT     ? claim_effect
                       : row->claim == MONTH_CLAIM_COMPLETE ? claim_complete
                                                            : NULL);
    csv_writer_cell(w, evidence);
    csv_writer_cell(w, day);
    if (row->version == MONTH_VERSION_NONE) {
        csv_writer_cell(w, NULL);
    } else {
        csv_writer_int(w, row->version);
    }
    csv_writer_end_row(w);
    return true;
}

enum status
month_table_write(struct arena *arena, const struct month_row *rows, size_t count,
                  const char **ret_text, size_t *ret_size, struct fault *fault)
{
    struct csv_writer w;
    csv_writer_init(&w, arena, ',', true);
    for (int k = 0; k < COL_COUNT; k++) {
        const char *first = names[k].names;
        char *heading = arena_strndup(arena, first, strcspn(first, "|"));
        if (heading == NULL) {
            return no_memory(fault);
        }
        csv_writer_cell(&w, heading);
    }
    csv_writer_end_row(&w);
    for (size_t i = 0; i < count; i++) {
        enum status st = check_evidence(&rows[i], fault);
        if (st != STATUS_OK) {
            return st;
        }
        if (!write_row(&w, arena, &rows[i])) {
            return no_memory(fault);
        }
    }
    return csv_writer_finish(&w, ret_text, ret_size, fault);
}
