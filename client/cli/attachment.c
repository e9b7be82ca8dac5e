#include "client/cli/table_file.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"

#include <string.h>
#include <strings.h>

/* Where nobody said the kind: photos and sheets tell by their names, the rest stays unsaid. */
static Pb__EvidenceKind
kind_guess(const char *path)
{
    static const struct {
        const char *ending;
        Pb__EvidenceKind kind;
    } endings[] = {
        {".jpg", PB__EVIDENCE_KIND__PHOTO}, {".jpeg", PB__EVIDENCE_KIND__PHOTO},
        {".png", PB__EVIDENCE_KIND__PHOTO}, {".heic", PB__EVIDENCE_KIND__PHOTO},
        {".xlsx", PB__EVIDENCE_KIND__DATA}, {".xls", PB__EVIDENCE_KIND__DATA},
        {".csv", PB__EVIDENCE_KIND__DATA},
    };
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t m = strlen(endings[i].ending);
        if (n > m && strcasecmp(path + n - m, endings[i].ending) == 0) {
            return endings[i].kind;
        }
    }
    return PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED;
}

/* The last colon, half or full width, and how many bytes it takes; NULL without one. */
static const char *
last_colon(const char *text, size_t *ret_width)
{
    const char *found = strrchr(text, ':');
    *ret_width = 1;
    for (const char *p = strstr(text, "："); p != NULL; p = strstr(p + 3, "：")) {
        if (found == NULL || p > found) {
            found = p;
            *ret_width = strlen("：");
        }
    }
    return found;
}

enum status
table_file_attachment_parse(struct arena *a, const char *text, const char **ret_path,
                            Pb__EvidenceKind *ret_kind, struct fault *f)
{
    size_t width = 0;
    const char *colon = last_colon(text, &width);
    Pb__EvidenceKind kind = PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED;
    const char *path = text;
    if (colon != NULL && colon > text && value_evidence_kind(a, colon + width, &kind)) {
        path = arena_strndup(a, text, (size_t)(colon - text));
    } else {
        kind = kind_guess(text);
    }
    while (path != NULL && (*path == ' ' || *path == '\t')) {
        path++;
    }
    if (path == NULL || path[0] == '\0') {
        return fault_set(
            f, STATUS_INVALID_ARGUMENT, "ATTACHMENT",
            "“%s”里没有文件名：写成 文件 或 文件:类别（印发文件、工作记录、照片、数据、"
            "其他）。",
            text);
    }
    *ret_path = path;
    *ret_kind = kind;
    return STATUS_OK;
}

const char *
table_file_bad_kind(struct arena *a, const char *path)
{
    size_t width = 0;
    const char *colon = last_colon(path, &width);
    if (colon == NULL || colon == path || strchr(colon, '/') != NULL) {
        return NULL;
    }
    const char *file = arena_strndup(a, path, (size_t)(colon - path));
    return file != NULL && rectify_file_exists(file) ? arena_strdup(a, colon + width) : NULL;
}

/* ---- the office's opinions ---- */

static enum status
bad_cell(const struct csv_row *row, const char *column, const char *text, const char *hint,
         struct fault *f)
{
    return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_CELL", "第 %u 行“%s”一列的“%.60s”不对：%s",
                     row->line, column, text, hint);
}

static char *
field(struct arena *a, const char *text)
{
    return text[0] != '\0' ? arena_strdup(a, text) : NULL;
}

static enum status
decision_read(struct arena *a, const struct csv_row *header, const struct csv_row *row,
              Pb__RowDecision *decision, struct fault *f)
{
    const char *verdict = csv_cell(row, csv_column(header, "意见"));
    const char *claim = csv_cell(row, csv_column(header, "认定"));
    const char *next = csv_cell(row, csv_column(header, "下次复查日期"));
    pb__row_decision__init(decision);
    decision->measure_ref =
        arena_strdup(a, value_narrow(a, csv_cell(row, csv_column(header, "措施编号"))));
    decision->reason = field(a, csv_cell(row, csv_column(header, "理由")));
    decision->reason_code = field(a, csv_cell(row, csv_column(header, "原因码")));
    if (!value_verdict(a, verdict, &decision->verdict)) {
        return bad_cell(row, "意见", verdict, "填“通过”或“退回”，暂不审核就留空。", f);
    }
    decision->has_verdict = decision->verdict != PB__VERDICT__VERDICT_UNSPECIFIED;
    if (!value_verdict(a, claim, &decision->claim)) {
        return bad_cell(row, "认定", claim, "填“同意”或“退回”，暂不认定就留空。", f);
    }
    decision->has_claim = decision->claim != PB__VERDICT__VERDICT_UNSPECIFIED;
    if (decision->verdict == PB__VERDICT__RETURNED && decision->reason == NULL) {
        return bad_cell(row, "理由", "", "退回必须写明理由。", f);
    }
    if (decision->verdict == PB__VERDICT__RETURNED && decision->reason_code == NULL) {
        decision->reason_code = arena_strdup(a, "OTHER");
    }
    if (next[0] != '\0') {
        const char *date = value_date(a, next);
        if (date == NULL) {
            return bad_cell(row, "下次复查日期", next, "日期要写成 2026-11-30 这样。", f);
        }
        decision->next_check_on = arena_strdup(a, date);
    }
    return STATUS_OK;
}

enum status
decision_file_read(struct arena *a, const struct csv *csv, struct decision_file *ret_file,
                   struct fault *f)
{
    struct decision_file file = {.count = 0};
    size_t at = csv_header_row(csv, "措施编号");
    const struct csv_row *header = &csv->rows[at];
    if (csv_column(header, "意见") < 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_COLUMN",
                         "第 %u 行的表头里缺少“意见”一列（通过或退回）。", header->line);
    }
    file.decisions = arena_array(a, csv->count, sizeof *file.decisions);
    file.lines = arena_array(a, csv->count, sizeof *file.lines);
    for (size_t i = at + 1; i < csv->count; i++) {
        Pb__RowDecision *decision = arena_alloc(a, sizeof *decision);
        if (decision == NULL || file.decisions == NULL || file.lines == NULL) {
            return fault_memory(f);
        }
        enum status status = decision_read(a, header, &csv->rows[i], decision, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (decision->has_verdict) {
            file.lines[file.count] = csv->rows[i].line;
            file.decisions[file.count++] = decision;
        }
    }
    if (file.count == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_EMPTY", "一条审核意见也没有填。");
    }
    *ret_file = file;
    return STATUS_OK;
}
