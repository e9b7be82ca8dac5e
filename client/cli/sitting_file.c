#include "client/cli/sitting_file.h"

#include "client/cli/value.h"
#include "proto/base/wire_text.h"

#include <stdio.h>
#include <string.h>

#define COLUMN_REF "问题编号"
#define COLUMN_VERDICT "意见"
#define COLUMN_RECORD "记录指纹"

static const char *const criteria[SITTING_CRITERIA] = {"计划任务完成", "违规问题处理到位",
                                                       "成效符合规定", "举一反三", "根源消除"};
static const char *const criteria_reasons[SITTING_CRITERIA] = {
    "计划任务完成理由", "违规问题处理到位理由", "成效符合规定理由", "举一反三理由", "根源消除理由"};

const char *
sitting_criterion(int index)
{
    return criteria[index];
}

Pb__SittingVerdict *
sitting_verdict_make(struct arena *a, const char *problem_ref, const char *record,
                     const char *reason)
{
    Pb__SittingVerdict *v = arena_alloc(a, sizeof *v);
    Pb__CriterionOpinion **list = arena_array(a, SITTING_CRITERIA, sizeof *list);
    Pb__CriterionOpinion *all = arena_array(a, SITTING_CRITERIA, sizeof *all);
    if (v == NULL || list == NULL || all == NULL) {
        return NULL;
    }
    pb__sitting_verdict__init(v);
    v->problem_ref = wire_text(problem_ref);
    v->record = wire_text(record);
    v->has_verdict = 1;
    v->verdict = PB__VERDICT__ACCEPTED;
    v->criteria = list;
    v->n_criteria = SITTING_CRITERIA;
    for (int i = 0; i < SITTING_CRITERIA; i++) {
        pb__criterion_opinion__init(&all[i]);
        all[i].has_no = all[i].has_met = 1;
        all[i].no = i + 1;
        all[i].met = 1;
        all[i].reason = wire_text(reason);
        list[i] = &all[i];
    }
    return v;
}

bool
sitting_verdict_refuse(struct arena *a, Pb__SittingVerdict *v, const char *numbers,
                       const char *reason)
{
    char *items[SITTING_CRITERIA];
    size_t n = value_list(a, numbers == NULL ? "3" : numbers, items, SITTING_CRITERIA);
    if (n == 0 || n > SITTING_CRITERIA) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int64_t no = 0;
        if (!value_int(a, items[i], 1, SITTING_CRITERIA, &no)) {
            return false;
        }
        v->criteria[no - 1]->met = 0;
        v->criteria[no - 1]->reason = wire_text(reason);
    }
    v->verdict = PB__VERDICT__RETURNED;
    return true;
}

/* ---- writing ---- */

enum { COLUMNS = 8 + 2 * SITTING_CRITERIA };

size_t
sitting_file_write(struct arena *a, FILE *out, const Pb__GetSittingReply *sitting, bool all)
{
    const char *cells[COLUMNS] = {"会审", COLUMN_REF, "题目", "牵头单位", "措施", COLUMN_VERDICT};
    size_t written = 0;
    for (int i = 0; i < SITTING_CRITERIA; i++) {
        cells[6 + 2 * i] = criteria[i];
        cells[7 + 2 * i] = criteria_reasons[i];
    }
    cells[COLUMNS - 2] = "补充意见";
    cells[COLUMNS - 1] = COLUMN_RECORD;
    csv_write_row(out, cells, COLUMNS);
    for (size_t i = 0; i < sitting->n_rows; i++) {
        const Pb__SittingRow *row = sitting->rows[i];
        bool pending = row->state != NULL && strcmp(row->state, "PENDING") == 0;
        if (!row->yours && !(all && pending)) {
            continue;
        }
        for (int k = 5; k < COLUMNS - 1; k++) {
            cells[k] = "";
        }
        const char *measures = arena_printf(a, "%d 条，到位 %d 条，持续坚持 %d 条", row->measures,
                                            row->measures_done, row->measures_sustaining);
        cells[0] = sitting->sitting->ref;
        cells[1] = row->problem->ref;
        cells[2] = row->problem->title == NULL ? "" : row->problem->title;
        cells[3] = row->problem->lead_unit == NULL ? "" : row->problem->lead_unit;
        cells[4] = measures == NULL ? "" : measures;
        cells[COLUMNS - 1] = row->record == NULL ? "" : row->record;
        csv_write_row(out, cells, COLUMNS);
        written++;
    }
    return written;
}

/* ---- reading ---- */

static enum status
bad_cell(const struct csv_row *row, const char *ref, const char *column, const char *hint,
         struct fault *f)
{
    return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_CELL", "第 %u 行（%s）“%s”一列：%s",
                     row->line, ref, column, hint);
}

/* 达到, 是 · 未达到, 否. */
static bool
met_read(struct arena *a, const char *text, protobuf_c_boolean *ret_met)
{
    bool met = false;
    const char *word = value_narrow(a, text);
    if (strcmp(word, "达到") == 0 || strcmp(word, "未达到") == 0) {
        *ret_met = strcmp(word, "达到") == 0;
        return true;
    }
    if (word[0] == '\0' || !value_yes(a, word, &met)) {
        return false;
    }
    *ret_met = met;
    return true;
}

static enum status
criteria_read(struct arena *a, const struct csv_row *header, const struct csv_row *row,
              Pb__SittingVerdict *v, struct fault *f)
{
    for (int i = 0; i < SITTING_CRITERIA; i++) {
        const char *met = csv_cell(row, csv_column(header, criteria[i]));
        const char *reason = csv_cell(row, csv_column(header, criteria_reasons[i]));
        if (!met_read(a, met, &v->criteria[i]->met)) {
            return bad_cell(row, v->problem_ref, criteria[i], "填“达到”或“未达到”。", f);
        }
        if (reason[0] == '\0') {
            return bad_cell(row, v->problem_ref, criteria_reasons[i], "请写明理由。", f);
        }
        v->criteria[i]->reason = arena_strdup(a, reason);
    }
    return STATUS_OK;
}

/* 同意 · 不同意, 退回 · nothing: UNSPECIFIED. */
static bool
verdict_read(struct arena *a, const char *text, Pb__Verdict *ret)
{
    if (strcmp(value_narrow(a, text), "不同意") == 0) {
        *ret = PB__VERDICT__RETURNED;
        return true;
    }
    return value_verdict(a, text, ret);
}

static enum status
row_read(struct arena *a, const struct csv_row *header, const struct csv_row *row,
         Pb__SittingVerdict **ret, struct fault *f)
{
    Pb__Verdict verdict = PB__VERDICT__VERDICT_UNSPECIFIED;
    const char *ref =
        arena_strdup(a, value_narrow(a, csv_cell(row, csv_column(header, COLUMN_REF))));
    const char *record = arena_strdup(a, csv_cell(row, csv_column(header, COLUMN_RECORD)));
    const char *more = csv_cell(row, csv_column(header, "补充意见"));
    *ret = NULL;
    if (!verdict_read(a, csv_cell(row, csv_column(header, COLUMN_VERDICT)), &verdict)) {
        return bad_cell(row, ref, COLUMN_VERDICT, "填“同意”或“不同意”，暂不提意见就留空。", f);
    }
    if (verdict == PB__VERDICT__VERDICT_UNSPECIFIED) {
        return STATUS_OK;
    }
    Pb__SittingVerdict *v = sitting_verdict_make(a, ref, record, NULL);
    if (v == NULL) {
        return fault_memory(f);
    }
    v->verdict = verdict;
    v->reason = more[0] == '\0' ? NULL : arena_strdup(a, more);
    *ret = v;
    return criteria_read(a, header, row, v, f);
}

enum status
sitting_file_read(struct arena *a, const struct csv *csv, struct sitting_file *ret_file,
                  struct fault *f)
{
    struct sitting_file file = {.count = 0};
    size_t at = csv_header_row(csv, COLUMN_REF);
    const struct csv_row *header = &csv->rows[at];
    static const char *const needed[] = {"会审", COLUMN_VERDICT, COLUMN_RECORD};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (csv_column(header, needed[i]) < 0) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_COLUMN",
                             "第 %u 行的表头里缺少“%s”一列：请用 rectify sitting export 重新导出。",
                             header->line, needed[i]);
        }
    }
    file.rows = arena_array(a, csv->count, sizeof *file.rows);
    file.lines = arena_array(a, csv->count, sizeof *file.lines);
    if (file.rows == NULL || file.lines == NULL) {
        return fault_memory(f);
    }
    for (size_t i = at + 1; i < csv->count; i++) {
        Pb__SittingVerdict *v = NULL;
        enum status status = row_read(a, header, &csv->rows[i], &v, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (v != NULL) {
            const char *sitting = csv_cell(&csv->rows[i], csv_column(header, "会审"));
            file.sitting = file.sitting != NULL ? file.sitting : arena_strdup(a, sitting);
            file.lines[file.count] = csv->rows[i].line;
            file.rows[file.count++] = v;
        }
    }
    if (file.count == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_EMPTY", "一条会审意见也没有填。");
    }
    *ret_file = file;
    return STATUS_OK;
}
