#include "client/cli/units_file.h"
#include "client/cli/csv.h"
#include "client/cli/value.h"

#include <stdio.h>
#include <string.h>

enum { MISTAKES_MAX = 40 };

void
units_file_mistake(struct arena *a, struct units_file *file, unsigned line, const char *text)
{
    const char *said = arena_printf(a, "第 %u 行：%s", line, text);
    if (said != NULL && file->mistake_count < MISTAKES_MAX) {
        file->mistakes[file->mistake_count++] = said;
    }
}

/* A column by its Chinese or English title. */
static const char *
cell(struct arena *a, const struct csv_row *header, const struct csv_row *row, const char *zh,
     const char *en)
{
    int column = csv_column(header, zh);
    return value_narrow(a, csv_cell(row, column >= 0 ? column : csv_column(header, en)));
}

static bool
name_valid(const char *name)
{
    size_t n = strlen(name);
    return n >= 1 && n <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n &&
           name[0] != '.';
}

/* Roles a unit's people have; administrators' are given one by one. */
static const struct {
    const char *name;
    const char *zh;
} roles[] = {{"PLEAD", "牵头单位"},  {"MLEAD", "措施牵头单位"}, {"PART", "参与单位"},
             {"FILLER", "填报人"},   {"REVIEWER", "审核人"},    {"HEAD", "单位负责人"},
             {"LEADER", "牵头领导"}, {"SGROUP", "专项小组"},    {"DISC", "纪委监委"},
             {"ORGD", "组织部"},     {"OFFICE", "办公室"},      {"LGROUP", "领导小组"},
             {"PUBL", "通报编辑"}};

static const char *
role_name(const char *word)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(word, roles[i].name) == 0 || strcmp(word, roles[i].zh) == 0) {
            return roles[i].name;
        }
    }
    return NULL;
}

static void
roles_read(struct arena *a, struct units_file *file, struct unit_row *row, const char *text)
{
    char *words[UNITS_ROLES_MAX];
    size_t n = value_list(a, text, words, UNITS_ROLES_MAX);
    if (n == 0) {
        row->roles[row->role_count++] = (char *)(uintptr_t) "PLEAD";
    }
    if (n > UNITS_ROLES_MAX) {
        units_file_mistake(a, file, row->line, "角色太多。");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = role_name(words[i]);
        if (name == NULL) {
            units_file_mistake(a, file, row->line,
                               arena_printf(a,
                                            "角色“%s”不认识：写 牵头单位（PLEAD）、填报人、审核人、"
                                            "单位负责人等，几个用顿号隔开。",
                                            words[i]));
            continue;
        }
        row->roles[row->role_count++] = (char *)(uintptr_t)name;
    }
}

/* What earlier rows said of the same unit or account. */
static void
compare_earlier(struct arena *a, struct units_file *file, struct unit_row *row)
{
    for (size_t i = 0; i < file->count; i++) {
        struct unit_row *before = &file->rows[i];
        if (strcmp(before->account, row->account) == 0) {
            units_file_mistake(
                a, file, row->line,
                arena_printf(a, "账号“%s”与第 %u 行重复。", row->account, before->line));
        }
        if (strcmp(before->org, row->org) != 0) {
            continue;
        }
        if (row->org_name[0] == '\0') {
            row->org_name = before->org_name;
        } else if (strcmp(before->org_name, row->org_name) != 0) {
            units_file_mistake(a, file, row->line,
                               arena_printf(a, "单位“%s”的名称与第 %u 行不同：“%s”和“%s”。",
                                            row->org, before->line, row->org_name,
                                            before->org_name));
        }
    }
}

static void
row_read(struct arena *a, struct units_file *file, const struct csv_row *header,
         const struct csv_row *csv)
{
    struct unit_row *row = &file->rows[file->count];
    int64_t order = 0;
    *row = (struct unit_row){
        .line = csv->line,
        .org = cell(a, header, csv, "单位代码", "code"),
        .org_name = cell(a, header, csv, "单位名称", "name"),
        .kind = cell(a, header, csv, "类别", "kind"),
        .parent = cell(a, header, csv, "上级", "parent"),
        .account = cell(a, header, csv, "账号", "account"),
        .display_name = cell(a, header, csv, "联系人", "display"),
    };
    const char *order_text = cell(a, header, csv, "排序", "sort_order");
    if (!name_valid(row->org)) {
        units_file_mistake(
            a, file, row->line,
            arena_printf(a, "单位代码“%s”不对：用小写字母、数字和 _ . -。", row->org));
    }
    if (!name_valid(row->account)) {
        units_file_mistake(a, file, row->line,
                           arena_printf(a,
                                        "账号“%s”不对：用小写字母、数字和 _ . -，至多 64 个字符。",
                                        row->account));
    }
    row->has_sort_order = order_text[0] != '\0';
    if (row->has_sort_order && !value_int(a, order_text, 0, INT32_MAX, &order)) {
        units_file_mistake(a, file, row->line, arena_printf(a, "排序“%s”不是整数。", order_text));
    }
    row->sort_order = (int32_t)order;
    row->kind = row->kind[0] == '\0' || strcmp(row->kind, "单位") == 0 ? "UNIT" : row->kind;
    compare_earlier(a, file, row);
    roles_read(a, file, row, cell(a, header, csv, "角色", "roles"));
    file->count++;
}

enum status
units_file_read(struct arena *a, const char *path, struct units_file *ret_file, struct fault *f)
{
    struct csv csv;
    struct units_file file = {.count = 0};
    struct fault why = {.code = STATUS_OK};
    const char *title = "单位代码";
    enum status s = csv_read(a, path, title, &csv, &why);
    if (s != STATUS_OK && strcmp(why.reason, "CSV_HEADER") == 0) {
        title = "account";
        s = csv_read(a, path, title, &csv, &(struct fault){.code = STATUS_OK});
    }
    if (s != STATUS_OK) {
        *f = why; /* about the Chinese title */
        return s;
    }
    size_t at = csv_header_row(&csv, title);
    size_t rows = csv.count - at - 1;
    if (rows == 0 || rows > UNITS_ROWS_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "TABLE_EMPTY",
                         "“%s”里有 %zu 行：应有 1 至 %d 行。", path, rows, UNITS_ROWS_MAX);
    }
    file.rows = arena_array(a, rows, sizeof *file.rows);
    file.mistakes = arena_array(a, MISTAKES_MAX, sizeof *file.mistakes);
    if (file.rows == NULL || file.mistakes == NULL) {
        return fault_memory(f);
    }
    for (size_t i = at + 1; i < csv.count; i++) {
        row_read(a, &file, &csv.rows[at], &csv.rows[i]);
    }
    *ret_file = file;
    return STATUS_OK;
}
