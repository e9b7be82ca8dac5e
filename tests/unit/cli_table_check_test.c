/* What is wrong with a filled-in table: all of it at once, by line, measure and column; and a
 * server's refusal in the same words. */
#include "client/cli/place.h"
#include "client/cli/table_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 4 * 1024 * 1024);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define HEAD "标题\n措施编号,整改进展,完成百分比,困难问题,求助,申请认定,发生日期,退步原因\n"

static void
read_text(const char *text, struct table_file *ret_file)
{
    struct csv csv;
    struct fault f;
    char *copy = arena_strdup(&arena, text);
    assert_int_equal(csv_parse(&arena, copy, "措施编号", &csv, &f), STATUS_OK);
    assert_int_equal(table_file_read(&arena, &csv, ".", ret_file, &f), STATUS_OK);
}

/* All sentences, a line each. */
static const char *
all_texts(const struct table_file *file)
{
    const struct table_problem *list = file->problems;
    const char *text = "";
    for (size_t i = 0; i < file->problem_count; i++) {
        text = arena_printf(&arena, "%s%s\n", text, table_check_text(&arena, &list[i]));
        assert_non_null(text);
    }
    return text;
}

static void
has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("“%s” is not in:\n%s", part, text);
    }
}

/* Five faults in three rows are five lines, in the file's order, and nothing is said twice. */
static void
test_all_at_once(void **state)
{
    (void)state;
    struct table_file file;
    struct fault f = {.code = STATUS_OK};
    read_text(HEAD "P-1,做了,150,,也许,,,\nP-2,,,,,,2026-13-01,\nP-3,做了,5,,,,,\n", &file);
    assert_int_equal(table_check_filled(&arena, &file, &f), STATUS_OK);
    assert_int_equal(table_check_fault(&arena, &file, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "TABLE_CELL");
    has(f.message, "5 处");
    assert_int_equal(file.problem_count, 5);
    const char *text = all_texts(&file);
    has(text, "第 3 行（P-1）“完成百分比”一列：“150”不对");
    has(text, "第 3 行（P-1）“求助”一列：“也许”不对");
    has(text, "第 4 行（P-2）“完成百分比”一列：没有填");
    has(text, "第 4 行（P-2）“整改进展”一列：没有填");
    has(text, "第 4 行（P-2）“发生日期”一列：“2026-13-01”不对");
    assert_null(strstr(text, "P-3"));
    assert_true(strstr(text, "P-2") > strstr(text, "“求助”"));
}

static void
test_single(void **state)
{
    (void)state;
    struct table_file file;
    struct fault f = {.code = STATUS_OK};
    read_text(HEAD "P-1,做了,5,,是,,,\n", &file);
    assert_int_equal(table_check_fault(&arena, &file, &f), STATUS_OK);
    assert_int_equal(table_check_filled(&arena, &file, &f), STATUS_OK);
    assert_int_equal(table_check_fault(&arena, &file, &f), STATUS_INVALID_ARGUMENT);
    has(f.message, "第 3 行（P-1）“困难问题”一列：没有填");
}

static Pb__TableRow *
table_row(const char *ref, int percent)
{
    Pb__TableRow *row = arena_alloc(&arena, sizeof *row);
    assert_non_null(row);
    pb__table_row__init(row);
    row->measure_ref = arena_strdup(&arena, ref);
    row->has_percent = percent >= 0;
    row->percent = percent;
    return row;
}

static void
test_against(void **state)
{
    (void)state;
    struct table_file file;
    struct fault f = {.code = STATUS_OK};
    Pb__Table table = PB__TABLE__INIT;
    Pb__TableRow *rows[] = {table_row("P-1", 60), table_row("P-2", -1), table_row("P-4", 0),
                            table_row("P-5", 10)};
    rows[3]->has_verdict = true;
    rows[3]->verdict = PB__VERDICT__ACCEPTED; /* not owed any more */
    table.n_rows = 4;
    table.rows = rows;
    read_text(HEAD "p-1,做了,50,,,,,\nP-2,做了,0,,,,,\nP-3,做了,5,,,,,\n", &file);
    assert_int_equal(table_check_against(&arena, &file, &table, &f), STATUS_OK);
    assert_int_equal(file.problem_count, 3);
    const char *text = all_texts(&file);
    has(text, "第 3 行（p-1）“退步原因”一列");
    has(text, "第 5 行（P-3）“措施编号”一列：这条措施不在本表里");
    has(text, "措施 P-4：文件里没有这一行");
    read_text(HEAD "P-1,做了,50,,,,,返工\nP-2,做了,0,,,,,\nP-4,做了,5,,,,,\n", &file);
    assert_int_equal(table_check_against(&arena, &file, &table, &f), STATUS_OK);
    assert_int_equal(file.problem_count, 0);
}

/* The server counts rows; people read lines. */
static void
test_explain(void **state)
{
    (void)state;
    struct table_file file;
    struct fault f = {.code = STATUS_INVALID_ARGUMENT};
    read_text(HEAD "P-1,做了,50,,,,,\n\n\nP-2,做了,0,,,,,\n", &file);
    snprintf(f.reason, sizeof f.reason, "PERCENT_FELL");
    snprintf(f.field, sizeof f.field, "rows[1].lower_reason");
    snprintf(f.message, sizeof f.message, "第 2 行：请写明原因。");
    table_check_explain(&arena, &file, &f);
    assert_string_equal(f.message, "第 6 行（P-2）“退步原因”一列：请写明原因。");
    snprintf(f.field, sizeof f.field, "rows[7].percent");
    snprintf(f.message, sizeof f.message, "第 8 行：原样。");
    table_check_explain(&arena, &file, &f);
    assert_string_equal(f.message, "第 8 行：原样。"); /* no such row: left alone */
    snprintf(f.reason, sizeof f.reason, "STALE_VERSION");
    snprintf(f.field, sizeof f.field, "rows[0].measure_version");
    table_check_explain(&arena, &file, &f);
    has(f.message, "第 3 行（P-1）：这条措施在您导出以后又有了变化");
}

static void
test_place(void **state)
{
    (void)state;
    static const char *const bad[] = {"rows",     "rows[]",   "rows[x].a", "rows[1",
                                      "rows[1]a", "rowsx[1]", "",          "rows[99999999999].a"};
    struct place place;
    assert_true(place_in_list("rows[12].percent", "rows", &place));
    assert_int_equal(place.index, 12);
    assert_string_equal(place.column, "percent");
    assert_true(place_in_list("decisions[0]", "decisions", &place));
    assert_string_equal(place.column, "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(place_in_list(bad[i], "rows", &place));
    }
    assert_string_equal(place_column_zh("evidence[2]"), "证明材料");
    assert_null(place_column_zh("evident"));
    assert_string_equal(place_message("第 12 行：甲"), "甲");
    assert_string_equal(place_message("第 3 条意见：乙"), "乙");
    assert_string_equal(place_message("第 3 章：丙"), "第 3 章：丙");
    assert_string_equal(place_message("丁"), "丁");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_single, setup, teardown),
        cmocka_unit_test_setup_teardown(test_against, setup, teardown),
        cmocka_unit_test_setup_teardown(test_explain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
