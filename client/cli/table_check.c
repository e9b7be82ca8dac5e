#include "client/cli/table_check.h"
#include "client/cli/place.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct table_problem *
problem_at(const struct table_file *file, size_t i)
{
    return (const struct table_problem *)file->problems + i;
}

/* A cell that could not be read is not also called empty. */
static bool
is_noted(const struct table_file *file, unsigned line, const char *column)
{
    for (size_t i = 0; i < file->problem_count; i++) {
        const struct table_problem *one = problem_at(file, i);
        if (one->line == line && one->column != NULL && strcmp(one->column, column) == 0) {
            return true;
        }
    }
    return false;
}

static enum status
note(struct arena *a, struct table_file *file, size_t row, const char *column, const char *text,
     struct fault *f)
{
    struct table_problem one = {.reason = "TABLE_CELL",
                                .line = file->lines[row],
                                .ref = file->rows[row]->measure_ref,
                                .column = column,
                                .text = text};
    if (column != NULL && is_noted(file, one.line, column)) {
        return STATUS_OK;
    }
    return text != NULL && table_problem_add(a, file, &one) ? STATUS_OK : fault_memory(f);
}

/* A later date and why belong together. */
static enum status
wish_check(struct arena *a, struct table_file *file, size_t i, struct fault *f)
{
    const Pb__TableRow *row = file->rows[i];
    if (row->extension_due != NULL && row->extension_reason == NULL) {
        return note(a, file, i, "延期理由", "没有填：申请延期要写明理由。", f);
    }
    if (row->extension_due == NULL && row->extension_reason != NULL) {
        return note(a, file, i, "申请延期至", "没有填：要写明申请延到哪一天，例如 2026-12-31。", f);
    }
    return STATUS_OK;
}

enum status
table_check_filled(struct arena *a, struct table_file *file, struct fault *f)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < file->count && status == STATUS_OK; i++) {
        const Pb__TableRow *row = file->rows[i];
        if (!row->has_percent) {
            status = note(a, file, i, "完成百分比", "没有填：要填 0 到 100 的整数，例如 60。", f);
        }
        if (status == STATUS_OK && row->narrative == NULL) {
            status = note(a, file, i, "整改进展",
                          "没有填：要写明这个月的进展；与上月相同的，原样保留上月的文字即可。", f);
        }
        if (status == STATUS_OK && row->ask_help && row->difficulty == NULL) {
            status =
                note(a, file, i, "困难问题", "没有填：求助要在这一列写明需要帮助解决什么。", f);
        }
        if (status == STATUS_OK) {
            status = wish_check(a, file, i, f);
        }
    }
    return status;
}

static const Pb__TableRow *
row_of(const Pb__Table *table, const char *ref)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *one = table->rows[i]->measure_ref;
        if (one != NULL && strcasecmp(one, ref) == 0) {
            return table->rows[i];
        }
    }
    return NULL;
}

static bool
file_has(const struct table_file *file, const char *ref)
{
    for (size_t i = 0; i < file->count; i++) {
        if (strcasecmp(file->rows[i]->measure_ref, ref) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < file->problem_count; i++) {
        if (strcasecmp(problem_at(file, i)->ref, ref) == 0) {
            return true; /* its row is there, and is spoken of already */
        }
    }
    return false;
}

static enum status
row_compare(struct arena *a, struct table_file *file, size_t i, const Pb__Table *table,
            struct fault *f)
{
    const Pb__TableRow *row = file->rows[i];
    const Pb__TableRow *last = row_of(table, row->measure_ref);
    if (last == NULL) {
        return note(a, file, i, "措施编号",
                    "这条措施不在本表里（没有签收、已经办结，或不归本单位填报），请删掉这一行。",
                    f);
    }
    if (row->has_percent && last->has_percent && row->percent < last->percent &&
        row->lower_reason == NULL) {
        return note(a, file, i, "退步原因",
                    arena_printf(a,
                                 "没有填：完成百分比 %d 低于上次的 %d，请写明原因，"
                                 "或核对后改正完成百分比。",
                                 row->percent, last->percent),
                    f);
    }
    return STATUS_OK;
}

enum status
table_check_against(struct arena *a, struct table_file *file, const Pb__Table *table,
                    struct fault *f)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < file->count && status == STATUS_OK; i++) {
        status = row_compare(a, file, i, table, f);
    }
    for (size_t i = 0; i < table->n_rows && status == STATUS_OK; i++) {
        const Pb__TableRow *row = table->rows[i];
        bool accepted = row->has_verdict && row->verdict == PB__VERDICT__ACCEPTED;
        if (row->measure_ref == NULL || accepted || file_has(file, row->measure_ref)) {
            continue;
        }
        struct table_problem one = {
            .reason = "ROW_MISSING",
            .ref = row->measure_ref,
            .text = "文件里没有这一行：每条已签收、未办结的措施都要填一行，请重新导出补填。"};
        status = table_problem_add(a, file, &one) ? STATUS_OK : fault_memory(f);
    }
    return status;
}

const char *
table_check_text(struct arena *a, const struct table_problem *problem)
{
    const char *where = "";
    if (problem->line == 0) {
        where = arena_printf(a, "措施 %s", problem->ref);
    } else if (problem->ref[0] != '\0') {
        where = arena_printf(a, "第 %u 行（%s）", problem->line, problem->ref);
    } else {
        where = arena_printf(a, "第 %u 行", problem->line);
    }
    const char *text = where == NULL             ? NULL
                       : problem->column != NULL ? arena_printf(a, "%s“%s”一列：%s", where,
                                                                problem->column, problem->text)
                                                 : arena_printf(a, "%s：%s", where, problem->text);
    return text != NULL ? text : problem->text;
}

/* In the order of the file; what is not in it stands last. */
static void
problems_sort(const struct table_file *file)
{
    struct table_problem *list = file->problems;
    for (size_t i = 1; i < file->problem_count; i++) {
        struct table_problem one = list[i];
        size_t j = i;
        for (; j > 0 && one.line != 0 && (list[j - 1].line == 0 || list[j - 1].line > one.line);
             j--) {
            list[j] = list[j - 1];
        }
        list[j] = one;
    }
}

enum status
table_check_fault(struct arena *a, const struct table_file *file, struct fault *f)
{
    if (file->problem_count == 0) {
        return STATUS_OK;
    }
    problems_sort(file);
    if (file->problem_count == 1) {
        const struct table_problem *one = problem_at(file, 0);
        return fault_set(f, STATUS_INVALID_ARGUMENT, one->reason, "%s", table_check_text(a, one));
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_CELL", "表里有 %zu 处要改正：",
                     file->problem_count);
}

void
table_check_explain(struct arena *a, const struct table_file *file, struct fault *f)
{
    struct place place;
    if (!place_in_list(f->field, "rows", &place) || place.index >= file->count) {
        return;
    }
    struct table_problem one = {.line = file->lines[place.index],
                                .ref = file->rows[place.index]->measure_ref,
                                .column = place_column_zh(place.column),
                                .text = arena_strdup(a, place_message(f->message))};
    if (strcmp(f->reason, "STALE_VERSION") == 0) {
        one.column = NULL;
        one.text = "这条措施在您导出以后又有了变化：请重新导出，把填好的内容抄过去再报送。";
    }
    if (one.text != NULL) {
        (void)snprintf(f->message, sizeof f->message, "%s", table_check_text(a, &one));
    }
}
