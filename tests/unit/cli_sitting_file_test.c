/* The sheet of opinions: what is exported, filled in and read back; what a cell must hold. */
#include "client/cli/sitting_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static char *
text(const char *s)
{
    return arena_strdup(&arena, s);
}

/* One pending row; yours or not. */
static const Pb__GetSittingReply *
sitting(bool yours)
{
    static Pb__GetSittingReply reply;
    static Pb__Sitting head;
    static Pb__SittingRow row;
    static Pb__Problem problem;
    static Pb__SittingRow *rows[] = {&row};
    pb__get_sitting_reply__init(&reply);
    pb__sitting__init(&head);
    pb__sitting_row__init(&row);
    pb__problem__init(&problem);
    head.ref = text("XH-01");
    problem.ref = text("P-07");
    problem.title = text("样例，问题");
    row.problem = &problem;
    row.state = text("PENDING");
    row.record = text("00ff");
    row.yours = yours;
    reply.sitting = &head;
    reply.rows = rows;
    reply.n_rows = 1;
    return &reply;
}

static char *
exported(bool yours, bool all, size_t *ret_rows)
{
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    *ret_rows = sitting_file_write(&arena, file, sitting(yours), all);
    fclose(file);
    char *copy = arena_strndup(&arena, out, size);
    free(out);
    return copy;
}

static void
only_open_rows_are_exported(void **state)
{
    (void)state;
    size_t rows = 0;
    assert_non_null(strstr(exported(true, false, &rows), "P-07"));
    assert_int_equal(rows, 1);
    assert_null(strstr(exported(false, false, &rows), "P-07"));
    assert_int_equal(rows, 0);
    assert_non_null(strstr(exported(false, true, &rows), "P-07"));
}

static enum status
read_line(const char *cells, struct sitting_file *ret, struct fault *f)
{
    size_t rows = 0;
    struct csv csv;
    char *head = exported(false, false, &rows);
    char *whole = arena_printf(&arena, "%s%s\r\n", head, cells);
    assert_int_equal(csv_parse(&arena, whole, "问题编号", &csv, f), STATUS_OK);
    return sitting_file_read(&arena, &csv, ret, f);
}

static void
opinions_are_read(void **state)
{
    (void)state;
    struct sitting_file file;
    struct fault f = {0};
    assert_int_equal(
        read_line("XH-01,P-07,样例,unit01,3 条,不同意,达到,甲,达到,乙,未达到,丙,达到,丁,"
                  "达到,戊,补充,00ff",
                  &file, &f),
        STATUS_OK);
    assert_int_equal(file.count, 1);
    assert_string_equal(file.sitting, "XH-01");
    assert_int_equal(file.lines[0], 2);
    const Pb__SittingVerdict *v = file.rows[0];
    assert_int_equal(v->verdict, PB__VERDICT__RETURNED);
    assert_string_equal(v->record, "00ff");
    assert_string_equal(v->reason, "补充");
    assert_true(v->criteria[1]->met);
    assert_false(v->criteria[2]->met);
    assert_string_equal(v->criteria[2]->reason, "丙");
}

static void
bad_cells_are_named(void **state)
{
    (void)state;
    struct sitting_file file;
    struct fault f = {0};
    assert_int_equal(
        read_line("XH-01,P-07,,,,也许,达到,甲,达到,乙,达到,丙,达到,丁,达到,戊,,00ff", &file, &f),
        STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(f.message, "意见"));
    assert_int_equal(
        read_line("XH-01,P-07,,,,同意,达到,甲,,乙,达到,丙,达到,丁,达到,戊,,00ff", &file, &f),
        STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(f.message, "违规问题处理到位"));
    assert_non_null(strstr(f.message, "P-07"));
    assert_int_equal(
        read_line("XH-01,P-07,,,,同意,达到,,达到,乙,达到,丙,达到,丁,达到,戊,,00ff", &file, &f),
        STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(f.message, "计划任务完成理由"));
    assert_int_equal(read_line("XH-01,P-07,,,,,,,,,,,,,,,,00ff", &file, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "TABLE_EMPTY");
}

static void
a_refusal_names_criteria(void **state)
{
    (void)state;
    Pb__SittingVerdict *v = sitting_verdict_make(&arena, "P-07", "00ff", "达到要求");
    assert_int_equal(v->verdict, PB__VERDICT__ACCEPTED);
    assert_true(sitting_verdict_refuse(&arena, v, "1,5", "样例"));
    assert_int_equal(v->verdict, PB__VERDICT__RETURNED);
    assert_false(v->criteria[0]->met);
    assert_true(v->criteria[2]->met);
    assert_false(v->criteria[4]->met);
    assert_false(sitting_verdict_refuse(&arena, v, "6", "样例"));
    assert_false(sitting_verdict_refuse(&arena, v, "", "样例"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_open_rows_are_exported),
        TEST(opinions_are_read),
        TEST(bad_cells_are_named),
        TEST(a_refusal_names_criteria),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
