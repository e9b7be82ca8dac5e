/* Tables as text: CSV in and out, dates in words, the plan table and the month's table. */
#include "proto/base/limits.h"
#include "server/document/plan_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static int
setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    *state = &arena;
    return 0;
}

static int
teardown(void **state)
{
    arena_release(*state);
    return 0;
}

static int32_t
day(int32_t y, int32_t m, int32_t d)
{
    int32_t n = date_text_day(y, m, d);
    assert_int_not_equal(n, DATE_TEXT_NO_DATE);
    return n;
}

/* ---- CSV ---- */

static struct csv_table
csv_of(struct arena *a, const char *text, bool unguard)
{
    struct csv_table t = {0};
    struct fault fault = {0};
    if (csv_read(a, text, strlen(text), 0, unguard, &t, &fault) != STATUS_OK) {
        fail_msg("%s", fault.message);
    }
    return t;
}

static void
csv_reads_what_spreadsheets_write(void **state)
{
    struct csv_table t = csv_of(*state,
                                "\xEF\xBB\xBF"
                                "甲,乙,\"丙\"\r\n"
                                "1,\"二,\"\"三\"\"\r\n四\",\r\n"
                                ",,\r\n"
                                "x",
                                false);
    assert_int_equal(t.delimiter, ',');
    assert_int_equal(t.count, 3);
    assert_int_equal(t.columns, 3);
    assert_string_equal(t.rows[0].cells[2].text, "丙");
    assert_string_equal(t.rows[1].cells[1].text, "二,\"三\"\n四");
    assert_int_equal(t.rows[1].cells[2].bytes, 0);
    assert_int_equal(t.rows[1].line, 2);
    assert_int_equal(t.rows[2].line, 5);
    assert_int_equal(t.rows[2].record, 4); /* the empty row counts */
    assert_int_equal(t.rows[2].count, 1);
}

static void
csv_finds_the_delimiter(void **state)
{
    assert_int_equal(csv_of(*state, "甲\t乙,丙\t丁\n1\t2\t3\n", false).delimiter, '\t');
    assert_int_equal(csv_of(*state, "甲;乙;丙\n1;2,5;3\n", false).delimiter, ';');
    assert_int_equal(csv_of(*state, "只有一列\n1\n", false).delimiter, ',');
    assert_int_equal(csv_of(*state, "\"甲\t\t\t乙\",丙\n", false).delimiter, ',');
    struct csv_table t = csv_of(*state, "sep=;\n甲;乙\n", false);
    assert_int_equal(t.rows[0].count, 2);
    assert_int_equal(t.rows[0].line, 2);
}

static void
csv_says_where_it_is_wrong(void **state)
{
    struct csv_table t = {0};
    struct fault fault = {0};
    static const char open[] = "甲,乙\n1,\"二\n三,四\n";
    assert_int_equal(csv_read(*state, open, strlen(open), 0, false, &t, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "CSV_UNCLOSED_QUOTE");
    assert_non_null(strstr(fault.message, "第2行第2列"));
    static const char after[] = "甲,乙\n\"一\"二,3\n";
    assert_int_equal(csv_read(*state, after, strlen(after), 0, false, &t, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "CSV_BAD_QUOTE");
    assert_non_null(strstr(fault.message, "第2行第1列"));
    assert_int_equal(csv_read(*state, "\n ,\n", 4, 0, false, &t, &fault), STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "CSV_EMPTY");
}

static void
csv_guard_is_reversible(void **state)
{
    static const char *const cells[] = {
        "=1+1",     "+86",    "-5",  "@x",    "'",    "'=1",       "''",
        "'普通",    "普通",   "a,b", "\"",    "a\nb", "\t制表",    " 空格 ",
        "=\"x\",1", "-\n\"'", "",    "'-'-'", "=",    "https://x",
    };
    enum { COUNT = sizeof cells / sizeof cells[0] };
    struct csv_writer w;
    csv_writer_init(&w, *state, ',', true);
    for (size_t i = 0; i < COUNT; i++) {
        csv_writer_cell(&w, cells[i]);
    }
    csv_writer_int(&w, -7);
    csv_writer_end_row(&w);
    const char *text = NULL;
    size_t size = 0;
    struct fault fault;
    assert_int_equal(csv_writer_finish(&w, &text, &size, &fault), STATUS_OK);
    assert_int_equal(strlen(text), size);
    struct csv_table raw = csv_of(*state, text, false);
    struct csv_table plain = csv_of(*state, text, true);
    assert_int_equal(raw.rows[0].count, COUNT + 1);
    for (size_t i = 0; i < COUNT; i++) {
        assert_null(strchr("=+@", raw.rows[0].cells[i].text[0] == '\0'
                                      ? 'x'
                                      : raw.rows[0].cells[i].text[0])); /* nothing runs */
        assert_string_equal(plain.rows[0].cells[i].text, cells[i]);
    }
    assert_string_equal(raw.rows[0].cells[COUNT].text, "-7");
}

/* ---- dates ---- */

static void
dates_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t y, m, d;
    } cases[] = {
        {"2020年6月30日", 2020, 6, 30},
        {"2020-06-30", 2020, 6, 30},
        {"2020/6/30", 2020, 6, 30},
        {"2020.6.30", 2020, 6, 30},
        {"2020-6", 2020, 6, 30},
        {"２０２０年６月底", 2020, 6, 30},
        {"2020年6月底", 2020, 6, 30},
        {"2020年6月底前", 2020, 6, 30},
        {"2020 年 6 月 30 日前完成", 2020, 6, 30},
        {"2020年6月", 2020, 6, 30},
        {"2020年2月底", 2020, 2, 29},
        {"2021年2月末", 2021, 2, 28},
        {"2100年2月底", 2100, 2, 28},
        {"2000年2月底", 2000, 2, 29},
        {"2020年6月上旬", 2020, 6, 10},
        {"2020年6月中旬", 2020, 6, 20},
        {"2020年6月下旬", 2020, 6, 30},
        {"2020年底", 2020, 12, 31},
        {"2020年年底前", 2020, 12, 31},
        {"2020年末", 2020, 12, 31},
        {"2020年内", 2020, 12, 31},
        {"2020年", 2020, 12, 31},
        {"2020年上半年", 2020, 6, 30},
        {"2020年下半年", 2020, 12, 31},
        {"2020年第二季度", 2020, 6, 30},
        {"2020年二季度末", 2020, 6, 30},
        {"2020年3季度", 2020, 9, 30},
        {"2020年第四季度前", 2020, 12, 31},
        {"二〇二〇年六月三十日", 2020, 6, 30},
        {"二○二○年十二月底", 2020, 12, 31},
        {"2020年1月至3月", 2020, 3, 31},
        {"2020年3月—2020年6月", 2020, 6, 30},
        {"2020.03-2020.06", 2020, 6, 30},
        {"44012", 2020, 6, 30},
        {"44012.0", 2020, 6, 30},
        {"20200630", 2020, 6, 30},
        {"6月底", 2020, 6, 30},
        {"6月30日前", 2020, 6, 30},
        {"2月底", 2020, 2, 29},
        {"年底前", 2020, 12, 31},
        {"上半年", 2020, 6, 30},
        {"三季度末", 2020, 9, 30},
        {"今年底", 2020, 12, 31},
        {"明年6月底", 2021, 6, 30},
        {"立行立改，2020年3月底前完成", 2020, 3, 31},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct date_text d = date_text_read(cases[i].text, strlen(cases[i].text), 2020);
        if (d.kind != DATE_TEXT_DAY || d.day != day(cases[i].y, cases[i].m, cases[i].d)) {
            int32_t y = 0;
            int32_t m = 0;
            int32_t n = 0;
            date_text_civil(d.day == DATE_TEXT_NO_DATE ? 0 : d.day, &y, &m, &n);
            fail_msg("%s: kind %d, %d-%d-%d", cases[i].text, d.kind, y, m, n);
        }
    }
}

static void
dates_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum date_text_kind kind;
    } cases[] = {
        {"", DATE_TEXT_EMPTY},
        {"—", DATE_TEXT_EMPTY},
        {"无", DATE_TEXT_EMPTY},
        {"立行立改", DATE_TEXT_IMMEDIATE},
        {"即知即改", DATE_TEXT_IMMEDIATE},
        {"立即整改", DATE_TEXT_IMMEDIATE},
        {"长期坚持", DATE_TEXT_LONG_TERM},
        {"持续推进", DATE_TEXT_LONG_TERM},
        {"2020年6月底前完成，长期坚持", DATE_TEXT_LONG_TERM},
        {"尽快", DATE_TEXT_BAD},
        {"2020年2月30日", DATE_TEXT_BAD},
        {"2021-02-29", DATE_TEXT_BAD},
        {"2020年13月底", DATE_TEXT_BAD},
        {"2020-00-10", DATE_TEXT_BAD},
        {"123", DATE_TEXT_BAD},
        {"99999999", DATE_TEXT_BAD},
        {"三个月内", DATE_TEXT_BAD},
        {"已完成", DATE_TEXT_BAD},
        {"2020-", DATE_TEXT_BAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct date_text d = date_text_read(cases[i].text, strlen(cases[i].text), 2020);
        if (d.kind != cases[i].kind) {
            fail_msg("%s: kind %d", cases[i].text, d.kind);
        }
    }
    static const char both[] = "2020年6月底前完成，长期坚持";
    assert_int_equal(date_text_read(both, strlen(both), 0).day, day(2020, 6, 30));
    static const char open[] = "6月底";
    assert_int_equal(date_text_read(open, strlen(open), 0).kind, DATE_TEXT_BAD);
}

static void
days_and_dates_agree(void **state)
{
    (void)state;
    assert_int_equal(date_text_day(1970, 1, 1), 0);
    assert_int_equal(date_text_day(2020, 6, 30), 18443);
    int32_t expected = date_text_day(1900, 1, 1);
    for (int32_t y = 1900; y <= 2200; y++) {
        for (int32_t m = 1; m <= 12; m++) {
            for (int32_t d = 1; date_text_day(y, m, d) != DATE_TEXT_NO_DATE; d++) {
                int32_t n = date_text_day(y, m, d);
                int32_t yy = 0;
                int32_t mm = 0;
                int32_t dd = 0;
                date_text_civil(n, &yy, &mm, &dd);
                assert_true(n == expected && yy == y && mm == m && dd == d);
                expected++;
            }
        }
    }
}

/* ---- the plan table ---- */

static const struct plan_table_options options_2020 = {2020, PLAN_TABLE_NO_DATE};

static struct plan_table
plan_of(struct arena *a, const char *text)
{
    struct plan_table t = {0};
    struct fault fault = {0};
    if (plan_table_read(a, text, strlen(text), &options_2020, &t, &fault) != STATUS_OK) {
        fail_msg("%s", fault.message);
    }
    return t;
}

static const struct plan_fault *
plan_fault_of(const struct plan_table *t, const char *code)
{
    for (size_t i = 0; i < t->fault_count; i++) {
        if (strcmp(t->faults[i].code, code) == 0) {
            return &t->faults[i];
        }
    }
    fail_msg("no fault %s", code);
    return NULL;
}

static void
plan_with_merged_cells(void **state)
{
    struct plan_table t = plan_of(
        *state,
        "相城区巡视整改方案任务分解表,,,,,,,,,,,\n"
        "项目,问题序号,问题,整改措施,整改目标,牵头区领导,问题整改牵头单位,牵头单位,参与单位,"
        "取得明显成效时限,整改落实到位时限,整改类型\n"
        "学习有差距,1,学习不深入,制定计划,学深学透,样例领导甲,样例单位一,样例单位一,"
        "\"样例单位二、样例单位三（街道、镇），样例单位四\",2020年3月底,2020年6月底前,限期整改\n"
        ",,,开展督查,,,,样例单位五,无,,,\n"
        ",2,培训不够,举办培训,覆盖全员,样例领导乙,样例单位六,,样例单位七;样例单位八,立行立改,"
        "立行立改,\n"
        "责任有短板,3,压力不够,签订清单,,,,,,2020年6月,长期坚持,\n");
    assert_int_equal(t.error_count, 0);
    assert_int_equal(t.count, 4);
    const struct plan_row *r = &t.rows[0];
    assert_int_equal(r->row, 3);
    assert_int_equal(r->problem_no, 1);
    assert_int_equal(r->measure_no, 1);
    assert_string_equal(r->item, "学习有差距");
    assert_string_equal(r->problem, "学习不深入");
    assert_string_equal(r->text, "制定计划");
    assert_string_equal(r->lead_unit, "样例单位一");
    assert_string_equal(r->problem_lead, "样例单位一");
    assert_int_equal(r->participant_count, 3);
    assert_string_equal(r->participants[1], "样例单位三（街道、镇）");
    assert_int_equal(r->effect_day, day(2020, 3, 31));
    assert_int_equal(r->complete_day, day(2020, 6, 30));
    assert_string_equal(r->complete_text, "2020年6月底前");
    assert_int_equal(r->class_of, PLAN_CLASS_TIMED);
    r = &t.rows[1];
    assert_int_equal(r->problem_no, 1);
    assert_int_equal(r->measure_no, 2);
    assert_string_equal(r->problem, "学习不深入");
    assert_string_equal(r->target, "学深学透");
    assert_string_equal(r->leader, "样例领导甲");
    assert_string_equal(r->lead_unit, "样例单位五");
    assert_int_equal(r->participant_count, 0); /* 无 */
    assert_int_equal(r->complete_day, day(2020, 6, 30));
    r = &t.rows[2];
    assert_int_equal(r->problem_no, 2);
    assert_int_equal(r->measure_no, 1);
    assert_string_equal(r->item, "学习有差距");
    assert_string_equal(r->lead_unit, "样例单位五");
    assert_int_equal(r->class_of, PLAN_CLASS_TIMED); /* the merged cell above says so */
    assert_int_equal(r->effect_day, PLAN_TABLE_NO_DATE);
    assert_int_equal(r->participant_count, 2);
    r = &t.rows[3];
    assert_string_equal(r->item, "责任有短板");
    assert_int_equal(r->effect_day, day(2020, 6, 30));
    assert_int_equal(r->complete_day, PLAN_TABLE_NO_DATE);
}

static void
plan_by_code_and_tabs(void **state)
{
    struct plan_table t =
        plan_of(*state, "整改落实到位时限\t编号\t措施内容\t责任单位\t目标节点\t备用列\n"
                        "2020-06-30\tP-07-M-03\t推进整治\t样例单位一\t2020年3月底完成方案；"
                        "2020年5月底完成建设\tx\n"
                        "44012\tP-08-M-01\t开展检查\t样例单位二\t\t\n");
    assert_int_equal(t.error_count, 0);
    assert_int_equal(t.count, 2);
    assert_int_equal(t.rows[0].problem_no, 7);
    assert_int_equal(t.rows[0].measure_no, 3);
    assert_string_equal(t.rows[0].code, "P-07-M-03");
    assert_int_equal(t.rows[0].node_count, 2);
    assert_int_equal(t.rows[0].nodes[1].day, day(2020, 5, 31));
    assert_string_equal(t.rows[0].nodes[0].text, "2020年3月底完成方案");
    assert_int_equal(t.rows[1].complete_day, day(2020, 6, 30));
    assert_true(plan_fault_of(&t, "UNKNOWN_COLUMN")->warning);
    assert_non_null(strstr(plan_fault_of(&t, "UNKNOWN_COLUMN")->message, "备用列"));
}

static void
plan_without_texts_completes_measures(void **state)
{
    struct plan_table t = plan_of(
        *state, "措施编号,问题序号,措施序号,牵头单位,整改类型,取得明显成效时限,整改落实到位时限\n"
                "P-01-M-01,1,1,样例单位一,限期整改,2020年4月底,2020年6月底\n"
                "P-01-M-02,1,2,,立行立改,,2020年3月底\n");
    assert_int_equal(t.error_count, 0);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.rows[1].text, "");
    assert_int_equal(t.rows[1].class_of, PLAN_CLASS_IMMEDIATE);
    assert_int_equal(t.rows[1].effect_day, PLAN_TABLE_NO_DATE);
    assert_int_equal(t.rows[1].complete_day, day(2020, 3, 31));
    assert_string_equal(t.rows[1].lead_unit, "样例单位一");
}

static void
plan_in_gbk_with_ordinals(void **state)
{
    static const char *const utf8 = "序号,问题,整改措施,完成时限\n1,甲不足,做甲,2020年底\n,,做乙,\n"
                                    "2,乙不足,做丙,立行立改\n注：本表为样例,,,\n";
    struct plan_table t = plan_of(*state, utf8);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.rows[0].problem_no, 1);
    assert_int_equal(t.rows[1].problem_no, 1);
    assert_int_equal(t.rows[1].measure_no, 2);
    assert_int_equal(t.rows[2].problem_no, 2);
    assert_int_equal(t.rows[2].class_of, PLAN_CLASS_IMMEDIATE);
    /* 整改措施,问题\n甲,乙\n in GBK */
    static const char gbk[] =
        "\xD5\xFB\xB8\xC4\xB4\xEB\xCA\xA9,\xCE\xCA\xCC\xE2\n\xBC\xD7,\xD2\xD2\n";
    t = plan_of(*state, gbk);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.rows[0].text, "甲");
    assert_string_equal(t.rows[0].problem, "乙");
}

static void
plan_faults_name_row_and_column(void **state)
{
    struct plan_table t =
        plan_of(*state, "措施编号,整改措施,取得明显成效时限,整改落实到位时限,整改类型\n"
                        "P-01-M-01,甲,尽快,2020年6月底,\n"
                        "P-01-M-02,乙,2020年9月底,2020年6月底,\n"
                        "P-01-M-02,丙,2020年6月底,2020年2月30日,随便\n"
                        ",,2020年6月底,,x\n"
                        "没有编号,丁,2020年6月底,2020年6月底,限期整改\n");
    const struct plan_fault *f = plan_fault_of(&t, "BAD_DATE");
    assert_int_equal(f->row, 2);
    assert_int_equal(f->line, 2);
    assert_string_equal(f->column, "取得明显成效时限");
    assert_non_null(strstr(f->message, "尽快"));
    assert_non_null(strstr(f->message, "2020年6月30日"));
    f = plan_fault_of(&t, "DATE_ORDER");
    assert_int_equal(f->row, 3);
    f = plan_fault_of(&t, "DUPLICATE_CODE");
    assert_int_equal(f->row, 4);
    assert_non_null(strstr(f->message, "第3行"));
    assert_int_equal(plan_fault_of(&t, "BAD_CLASS")->row, 4);
    assert_int_equal(plan_fault_of(&t, "EMPTY_MEASURE")->row, 5);
    assert_int_equal(t.error_count, 6);
}

static void
plan_without_columns_is_refused(void **state)
{
    struct plan_table t = {0};
    struct fault fault = {0};
    static const char other[] = "姓名,电话\n样例,000\n";
    assert_int_equal(plan_table_read(*state, other, strlen(other), &options_2020, &t, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "PLAN_COLUMNS_MISSING");
    assert_non_null(strstr(fault.message, "整改措施"));
    assert_non_null(strstr(fault.message, "姓名、电话"));
    static const char heads[] = "措施编号,整改措施\n";
    assert_int_equal(plan_table_read(*state, heads, strlen(heads), &options_2020, &t, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "PLAN_EMPTY");
    assert_int_equal(plan_table_read(*state, "PK\x03\x04xxxx", 8, &options_2020, &t, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "TEXT_IS_OFFICE_PACKAGE");
    assert_non_null(strstr(fault.message, "CSV"));
}

static void
immediate_day_is_a_parameter(void **state)
{
    struct plan_table t = {0};
    struct fault fault = {0};
    struct plan_table_options options = {0, day(2020, 2, 1)};
    static const char text[] = "措施编号,整改措施,整改落实到位时限\nP-1-M-1,甲,立行立改\n"
                               "P-1-M-2,乙,6月底\n";
    assert_int_equal(plan_table_read(*state, text, strlen(text), &options, &t, &fault), STATUS_OK);
    assert_int_equal(t.rows[0].complete_day, day(2020, 2, 1));
    assert_int_equal(t.rows[0].effect_day, PLAN_TABLE_NO_DATE);
    assert_int_equal(plan_fault_of(&t, "BAD_DATE")->row, 3);
}

/* ---- the month's table ---- */

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(csv_reads_what_spreadsheets_write),
        TEST(csv_finds_the_delimiter),
        TEST(csv_says_where_it_is_wrong),
        TEST(csv_guard_is_reversible),
        TEST(dates_are_read),
        TEST(dates_that_are_none),
        TEST(days_and_dates_agree),
        TEST(plan_with_merged_cells),
        TEST(plan_by_code_and_tabs),
        TEST(plan_without_texts_completes_measures),
        TEST(plan_in_gbk_with_ordinals),
        TEST(plan_faults_name_row_and_column),
        TEST(plan_without_columns_is_refused),
        TEST(immediate_day_is_a_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
