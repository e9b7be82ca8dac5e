#include "client/cli/table_file.h"
#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/base/uuid7.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum column {
    COL_REF,
    COL_TEXT,
    COL_STATE,
    COL_PERCENT,
    COL_NARRATIVE,
    COL_DIFFICULTY,
    COL_HELP,
    COL_CLAIM,
    COL_EVIDENCE,
    COL_DATE,
    COL_EXTENSION,
    COL_EXTENSION_REASON,
    COL_LOWER,
    COL_VERDICT,
    COL_REASON,
    COL_VERSION,
    COL_COUNT
};

static const char *const titles[COL_COUNT] = {
    "措施编号", "措施内容", "当前状态", "完成百分比", "整改进展",   "困难问题",
    "求助",     "申请认定", "证明材料", "发生日期",   "申请延期至", "延期理由",
    "退步原因", "审核意见", "退回原因", "版本",
};

#define ID_PREFIX "编号:"

/* ---- writing ---- */

static const char *
or_empty(const char *s)
{
    return s != NULL ? s : "";
}

static const char *
evidence_text(struct arena *a, const Pb__TableRow *row)
{
    const char *text = "";
    for (size_t i = 0; i < row->n_evidence; i++) {
        const char *longer =
            arena_printf(a, "%s%s" ID_PREFIX "%s", text, i > 0 ? ";" : "", row->evidence[i]);
        text = longer != NULL ? longer : text;
    }
    return text;
}

static const char *
number_text(struct arena *a, bool has, int64_t value)
{
    const char *text = has ? arena_printf(a, "%" PRId64, value) : "";
    return text != NULL ? text : "";
}

static void
row_write(struct arena *a, FILE *out, const Pb__TableRow *row)
{
    const char *cells[COL_COUNT] = {
        [COL_REF] = or_empty(row->measure_ref),
        [COL_TEXT] = or_empty(row->measure_text),
        [COL_STATE] = or_empty(row->measure_state_zh),
        [COL_PERCENT] = number_text(a, row->has_percent, row->percent),
        [COL_NARRATIVE] = or_empty(row->narrative),
        [COL_DIFFICULTY] = or_empty(row->difficulty),
        [COL_HELP] = row->has_ask_help && row->ask_help ? "是" : "",
        [COL_CLAIM] = row->has_claim ? value_claim_zh(row->claim) : "",
        [COL_EVIDENCE] = evidence_text(a, row),
        [COL_DATE] = or_empty(row->happened_on),
        [COL_EXTENSION] = or_empty(row->extension_due),
        [COL_EXTENSION_REASON] = or_empty(row->extension_reason),
        [COL_LOWER] = or_empty(row->lower_reason),
        [COL_VERDICT] = row->has_verdict ? value_verdict_zh(row->verdict) : "",
        [COL_REASON] = or_empty(row->reason),
        [COL_VERSION] = number_text(a, row->has_measure_version, row->measure_version),
    };
    csv_write_row(out, cells, COL_COUNT);
}

void
table_file_write(struct arena *a, FILE *out, const Pb__Table *table)
{
    const char *unit = arena_printf(a, "%s（%s）", or_empty(table->org_name), or_empty(table->org));
    const char *title[] = {"整改工作推进情况自查汇总表"};
    const char *about[] = {"单位",     or_empty(unit),      "期次", or_empty(table->period),
                           "报送截止", or_empty(table->due)};
    const char *identity[] = {"表号", or_empty(table->id), "表版本",
                              number_text(a, true, table->version)};
    const char *help[] = {
        "填写说明",
        "只填“完成百分比”到“退步原因”各列，其余各列不要改动；没有变化的行保持原样。"
        "求助填“是”；申请认定填“明显成效”或“整改到位”；证明材料写文件名，几个文件用分号隔开，"
        "放在本表所在的文件夹；日期写成 "
        "2026-11-30；要延期，填申请延期到哪天和理由。严禁填写国家秘密。"};
    csv_write_row(out, title, 1);
    csv_write_row(out, about, 6);
    csv_write_row(out, identity, 4);
    csv_write_row(out, help, 2);
    csv_write_row(out, titles, COL_COUNT);
    for (size_t i = 0; i < table->n_rows; i++) {
        row_write(a, out, table->rows[i]);
    }
}

/* ---- reading ---- */

struct reading {
    struct arena *arena;
    const char *folder;
    const struct csv_row *row;
    int columns[COL_COUNT];
    struct table_file file;
    size_t attachment_capacity;
    void *attachments;
};

static const char *
cell(const struct reading *r, enum column column)
{
    return csv_cell(r->row, r->columns[column]);
}

bool
table_problem_add(struct arena *a, struct table_file *file, const struct table_problem *one)
{
    struct table_problem *place =
        arena_grow(a, &file->problems, file->problem_count, &file->problem_capacity, sizeof *place);
    if (place == NULL) {
        return false;
    }
    *place = *one;
    file->problem_count++;
    return true;
}

/* Notes what is wrong with the row; the reading goes on. */
static enum status
problem_note(struct reading *r, const char *reason, const char *column, const char *text,
             struct fault *f)
{
    struct table_problem one = {.reason = reason,
                                .line = r->row->line,
                                .ref = cell(r, COL_REF),
                                .column = column,
                                .text = text};
    bool noted = text != NULL && table_problem_add(r->arena, &r->file, &one);
    return noted ? STATUS_OK : fault_memory(f);
}

static enum status
bad_cell(struct reading *r, enum column column, const char *hint, struct fault *f)
{
    const char *shown = text_clip(r->arena, text_line(r->arena, cell(r, column)), 40);
    const char *text =
        shown[0] != '\0' ? arena_printf(r->arena, "“%s”不对：%s", shown, hint) : hint;
    return problem_note(r, "TABLE_CELL", titles[column], text, f);
}

/* The text of a cell as a field: NULL when empty. */
static char *
text_field(const struct reading *r, enum column column)
{
    const char *s = cell(r, column);
    return s[0] != '\0' ? arena_strdup(r->arena, s) : NULL;
}

static enum status
attachment_add(struct reading *r, const char *name, struct fault *f)
{
    struct table_file_attachment attachment = {.row = r->file.count};
    const char *path = NULL;
    enum status status = table_file_attachment_parse(r->arena, name, &path, &attachment.kind, f);
    if (status != STATUS_OK) {
        return bad_cell(r, COL_EVIDENCE, "请写文件名，例如 照片.jpg 或 台账.xlsx:数据。", f);
    }
    attachment.path = rectify_path_join(r->arena, r->folder, path);
    struct table_file_attachment *place =
        arena_grow(r->arena, &r->attachments, r->file.attachment_count, &r->attachment_capacity,
                   sizeof attachment);
    if (place == NULL || attachment.path == NULL) {
        return fault_memory(f);
    }
    *place = attachment;
    r->file.attachment_count++;
    return STATUS_OK;
}

/* The next entry of a list parted by ; or ； or line breaks; NULL at the end. */
static char *
entry_next(char **rest)
{
    static const char *const marks[] = {";", "；", "\n"};
    char *p = *rest;
    if (*p == '\0') {
        return NULL;
    }
    for (char *q = p; *q != '\0'; q++) {
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
            size_t n = strlen(marks[i]);
            if (strncmp(q, marks[i], n) == 0) {
                *q = '\0';
                *rest = q + n;
                return p;
            }
        }
    }
    *rest = p + strlen(p);
    return p;
}

static enum status
evidence_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    enum { IDS_MAX = 200 };
    char *rest = arena_strdup(r->arena, cell(r, COL_EVIDENCE));
    row->evidence = arena_array(r->arena, IDS_MAX, sizeof *row->evidence);
    if (rest == NULL || row->evidence == NULL) {
        return fault_memory(f);
    }
    for (char *entry = entry_next(&rest); entry != NULL; entry = entry_next(&rest)) {
        const char *text = value_narrow(r->arena, entry);
        size_t prefix = strncmp(text, ID_PREFIX, strlen(ID_PREFIX)) == 0 ? strlen(ID_PREFIX) : 0;
        if (text[0] == '\0') {
            continue;
        }
        if (!uuid_text_valid(text + prefix)) {
            enum status status = attachment_add(r, entry, f);
            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        if (row->n_evidence == IDS_MAX) {
            return bad_cell(r, COL_EVIDENCE, "一行最多 200 份材料。", f);
        }
        row->evidence[row->n_evidence++] = arena_strdup(r->arena, text + prefix);
    }
    return STATUS_OK;
}

static enum status
choices_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    bool ask = false;
    Pb__Claim claim = PB__CLAIM__NO_CLAIM;
    enum status status = STATUS_OK;
    if (!value_yes(r->arena, cell(r, COL_HELP), &ask)) {
        status = bad_cell(r, COL_HELP, "需要求助就填“是”，否则留空。", f);
    }
    if (status == STATUS_OK && !value_claim(r->arena, cell(r, COL_CLAIM), &claim)) {
        status = bad_cell(r, COL_CLAIM, "填“明显成效”或“整改到位”，不申请就留空。", f);
    }
    row->has_ask_help = ask;
    row->ask_help = ask;
    row->has_claim = claim != PB__CLAIM__NO_CLAIM;
    row->claim = claim;
    return status;
}

static enum status
percent_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    const char *percent = cell(r, COL_PERCENT);
    if (percent[0] == '\0') {
        return STATUS_OK;
    }
    row->has_percent = value_percent(r->arena, percent, &row->percent);
    return row->has_percent ? STATUS_OK
                            : bad_cell(r, COL_PERCENT, "要填 0 到 100 的整数，例如 60。", f);
}

static enum status
date_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    static const enum column columns[] = {COL_DATE, COL_EXTENSION};
    char **const fields[] = {&row->happened_on, &row->extension_due};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < 2 && status == STATUS_OK; i++) {
        const char *text = cell(r, columns[i]);
        const char *date = text[0] != '\0' ? value_date(r->arena, text) : NULL;
        if (text[0] != '\0' && date == NULL) {
            status = bad_cell(r, columns[i], "日期要写成 2026-11-30 这样。", f);
        }
        *fields[i] = arena_strdup(r->arena, date);
    }
    return status;
}

static enum status
version_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    const char *text = cell(r, COL_VERSION);
    int64_t version = 0;
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    row->has_measure_version = value_int(r->arena, text, 0, INT64_MAX, &version);
    row->measure_version = version;
    return row->has_measure_version ? STATUS_OK
                                    : bad_cell(r, COL_VERSION, "这一列由系统填写，请恢复原样。", f);
}

static enum status
texts_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    static const enum column columns[] = {COL_NARRATIVE, COL_DIFFICULTY, COL_EXTENSION_REASON,
                                          COL_LOWER};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0] && status == STATUS_OK; i++) {
        if (strlen(cell(r, columns[i])) > LIMIT_TEXT_BYTES) {
            status =
                bad_cell(r, columns[i], "文字太长（上限约 5400 个汉字）：请精简或改作附件。", f);
        }
    }
    row->narrative = text_field(r, COL_NARRATIVE);
    row->difficulty = text_field(r, COL_DIFFICULTY);
    row->extension_reason = text_field(r, COL_EXTENSION_REASON);
    row->lower_reason = text_field(r, COL_LOWER);
    return status;
}

/* The row's own cells, one reader after the other; all of them run. */
static enum status
cells_read(struct reading *r, Pb__TableRow *row, struct fault *f)
{
    static enum status (*const readers[])(struct reading *, Pb__TableRow *, struct fault *) = {
        percent_read, texts_read, choices_read, evidence_read, date_read, version_read,
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof readers / sizeof readers[0] && status == STATUS_OK; i++) {
        status = readers[i](r, row, f);
    }
    return status;
}

/* A row without a reference, or with one that was there before, is noted and left out. */
static enum status
ref_check(struct reading *r, const char *ref, bool *ret_good, struct fault *f)
{
    *ret_good = false;
    if (ref[0] == '\0') {
        return bad_cell(r, COL_REF, "这一行没有措施编号：请恢复，或删掉整行。", f);
    }
    for (size_t i = 0; i < r->file.count; i++) {
        if (strcasecmp(r->file.rows[i]->measure_ref, ref) == 0) {
            return problem_note(r, "TABLE_REF_TWICE", NULL,
                                arena_printf(r->arena,
                                             "措施 %s 出现了两次（第 %u 行和第 %u 行）："
                                             "请删掉一行。",
                                             ref, r->file.lines[i], r->row->line),
                                f);
        }
    }
    *ret_good = true;
    return STATUS_OK;
}

static enum status
row_read(struct reading *r, struct fault *f)
{
    const char *ref = value_narrow(r->arena, cell(r, COL_REF));
    Pb__Verdict verdict = PB__VERDICT__VERDICT_UNSPECIFIED;
    bool good = false;
    enum status status = ref_check(r, ref, &good, f);
    if (status != STATUS_OK || !good) {
        return status;
    }
    if (value_verdict(r->arena, cell(r, COL_VERDICT), &verdict) &&
        verdict == PB__VERDICT__ACCEPTED) {
        r->file.accepted++;
        return STATUS_OK;
    }
    Pb__TableRow *row = arena_alloc(r->arena, sizeof *row);
    if (row == NULL) {
        return fault_memory(f);
    }
    pb__table_row__init(row);
    row->measure_ref = arena_strdup(r->arena, ref);
    status = cells_read(r, row, f);
    if (status == STATUS_OK) {
        r->file.lines[r->file.count] = r->row->line;
        r->file.rows[r->file.count++] = row;
    }
    return status;
}

/* 表号 and 表版本 stand in cells before the header, each followed by its value. */
static void
identity_read(struct reading *r, const struct csv *csv, size_t header)
{
    for (size_t i = 0; i < header; i++) {
        const struct csv_row *row = &csv->rows[i];
        for (size_t j = 0; j + 1 < row->count; j++) {
            const char *value = value_narrow(r->arena, row->cells[j + 1]);
            if (strcmp(row->cells[j], "表号") == 0 && uuid_text_valid(value)) {
                r->file.id = value;
            } else if (strcmp(row->cells[j], "表版本") == 0) {
                r->file.has_version = value_int(r->arena, value, 0, INT64_MAX, &r->file.version);
            }
        }
    }
}

static enum status
columns_find(struct reading *r, const struct csv_row *header, struct fault *f)
{
    for (size_t i = 0; i < COL_COUNT; i++) {
        r->columns[i] = csv_column(header, titles[i]);
    }
    if (r->columns[COL_PERCENT] < 0 || r->columns[COL_NARRATIVE] < 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_COLUMN",
                         "第 %u 行的表头里缺少“%s”一列：请用 rectify table export 重新导出后填写。",
                         header->line,
                         titles[r->columns[COL_PERCENT] < 0 ? COL_PERCENT : COL_NARRATIVE]);
    }
    return STATUS_OK;
}

enum status
table_file_read(struct arena *a, const struct csv *csv, const char *folder,
                struct table_file *ret_file, struct fault *f)
{
    struct reading r = {.arena = a, .folder = folder};
    size_t header = csv_header_row(csv, titles[COL_REF]);
    enum status status = columns_find(&r, &csv->rows[header], f);
    if (status != STATUS_OK) {
        return status;
    }
    size_t rows = csv->count - header - 1;
    if (rows == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_EMPTY", "表里一行措施也没有。");
    }
    if (rows > LIMIT_TABLE_ROWS) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_LONG", "表里有 %zu 行，上限 %d 行。",
                         rows, LIMIT_TABLE_ROWS);
    }
    identity_read(&r, csv, header);
    r.file.rows = arena_array(a, rows, sizeof *r.file.rows);
    r.file.lines = arena_array(a, rows, sizeof *r.file.lines);
    if (r.file.rows == NULL || r.file.lines == NULL) {
        return fault_memory(f);
    }
    for (size_t i = header + 1; i < csv->count && status == STATUS_OK; i++) {
        r.row = &csv->rows[i];
        status = row_read(&r, f);
    }
    if (status == STATUS_OK) {
        r.file.attachments = r.attachments;
        *ret_file = r.file;
    }
    return status;
}
