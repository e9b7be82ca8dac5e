/* Widths, cutting, cleaning, values, and grids whose columns stand under each other. */
#include "client/cli/grid.h"
#include "client/cli/text.h"
#include "client/cli/value.h"

#include <locale.h>
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
    arena_init(&arena, 1024 * 1024);
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void
test_width(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("P-07-M-03"), 9);
    assert_int_equal(text_width("整改到位"), 8);
    assert_int_equal(text_width("（一）ａ"), 8);
    assert_int_equal(text_width("e\xCC\x81"), 1); /* e and a combining accent */
    assert_int_equal(text_width("𠮷"), 2);        /* beyond the basic plane */
    assert_int_equal(text_width("\xFF\xFE"), 2);  /* no UTF-8: a column a byte */
    assert_int_equal(text_width("a\x1B[0m"), 4);  /* the escape itself takes none */
}

static void
test_clip(void **state)
{
    (void)state;
    assert_string_equal(text_clip(&arena, "整改到位", 8), "整改到位");
    assert_string_equal(text_clip(&arena, "整改到位", 7), "整改到…");
    assert_string_equal(text_clip(&arena, "整改到位", 6), "整改…"); /* half of a wide one: none */
    assert_string_equal(text_clip(&arena, "abcdef", 4), "abc…");
    for (size_t width = 1; width < 12; width++) {
        assert_true(text_width(text_clip(&arena, "a整b改c到d位e", width)) <= width);
    }
}

static void
test_clean(void **state)
{
    (void)state;
    assert_string_equal(text_line(&arena, "红\x1B[31m色\n第二行\t列"), "红[31m色 第二行 列");
    assert_string_equal(text_block(&arena, "一\n二\r"), "一\n二");
    assert_string_equal(text_line(&arena, "a\xE2\x80\xAE"
                                          "b"),
                        "ab"); /* right-to-left override */
    assert_string_equal(text_line(&arena, "\xC2\x9B"
                                          "31m"),
                        "31m"); /* CSI as one character */
    assert_string_equal(text_line(&arena, NULL), "");
}

static void
test_distance(void **state)
{
    (void)state;
    assert_int_equal(text_distance("status", "status"), 0);
    assert_int_equal(text_distance("status", "statsu"), 1);
    assert_int_equal(text_distance("table", "tabel"), 1);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("ask", "alert list"), 8);
}

static void
test_dates(void **state)
{
    (void)state;
    static const char *const good[] = {"2026-11-30", "2026/11/30", "2026.11.30", " 2026年11月30日 ",
                                       "２０２６－１１－３０"};
    static const char *const bad[] = {"",           "2026-02-30",  "2026-13-01", "2026-1",
                                      "30/11/2026", "2026-11-30x", "明天"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_string_equal(value_date(&arena, good[i]), "2026-11-30");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(value_date(&arena, bad[i]));
    }
    assert_string_equal(value_date(&arena, "2028/2/29"), "2028-02-29");
    assert_null(value_date(&arena, "2027/2/29"));
    assert_string_equal(value_month(&arena, "2026年3月"), "2026-03");
    assert_null(value_month(&arena, "2026-00"));
}

static void
test_words(void **state)
{
    (void)state;
    int32_t percent = -1;
    bool yes = true;
    Pb__Claim claim = PB__CLAIM__CLAIM_UNSPECIFIED;
    assert_true(value_percent(&arena, " 60％ ", &percent));
    assert_int_equal(percent, 60);
    assert_false(value_percent(&arena, "101", &percent));
    assert_false(value_percent(&arena, "0.8", &percent));
    assert_false(value_percent(&arena, "%", &percent));
    assert_true(value_yes(&arena, "", &yes));
    assert_false(yes);
    assert_true(value_yes(&arena, "求助", &yes));
    assert_true(yes);
    assert_false(value_yes(&arena, "也许", &yes));
    assert_true(value_claim(&arena, "整改到位", &claim));
    assert_int_equal(claim, PB__CLAIM__CLAIM_COMPLETE);
    assert_false(value_claim(&arena, "差不多", &claim));
}

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(value_measure_state_zh("IN_PROGRESS"), "整改中");
    assert_string_equal(value_measure_state_zh(NULL), "");
    assert_string_equal(value_command_zh("sign_for"), "签收");
    assert_string_equal(value_command_zh("unheard_of"), "unheard_of");
    assert_string_equal(value_measure_state(&arena, " 整改中 "), "IN_PROGRESS");
    assert_string_equal(value_measure_state(&arena, "done"), "DONE");
    assert_null(value_measure_state(&arena, "FOO"));
    assert_string_equal(value_table_state(&arena, "已报送"), "SUBMITTED");
    assert_null(value_table_state(&arena, "IN_PROGRESS"));
}

static void
test_lists(void **state)
{
    (void)state;
    char *items[3];
    assert_int_equal(value_list(&arena, "OFFICE, PUBL，,AUDIT", items, 3), 3);
    assert_string_equal(items[0], "OFFICE");
    assert_string_equal(items[1], "PUBL");
    assert_string_equal(items[2], "AUDIT");
    assert_int_equal(value_list(&arena, "区委、经开区党工委", items, 3), 2);
    assert_string_equal(items[1], "经开区党工委");
    assert_int_equal(value_list(&arena, "a,b,c,d", items, 3),
                     4); /* too many, none written beyond */
    assert_int_equal(value_list(&arena, " ,, ", items, 3), 0);
}

static const struct grid_column columns[] = {{.title = "编号"},
                                             {.title = "内容", .clip = 10},
                                             {.title = "天", .right = true},
                                             {.title = "末"}};

static char *
grid_text(enum cli_format format, struct fault *f)
{
    struct grid g;
    char *text = NULL;
    size_t n = 0;
    struct cli c = {.out = open_memstream(&text, &n), .format = format};
    grid_init(&g, &arena, columns, 4);
    const char **row = grid_row(&g);
    row[0] = "P-1";
    row[1] = "成立领导小组并召开会议";
    row[2] = grid_number(&g, 7);
    row[3] = "|";
    row = grid_row(&g);
    row[0] = "P-11-M-2";
    row[1] = "a\nb";
    row[2] = grid_number(&g, -120);
    row[3] = "|";
    assert_int_equal(grid_print(&g, &c, f), STATUS_OK);
    (void)fclose(c.out);
    return text;
}

/* The mark of the last column stands in the same terminal column on every line. */
static void
test_grid_aligned(void **state)
{
    (void)state;
    struct fault f;
    char *text = grid_text(CLI_TABLE, &f);
    size_t expected = 0;
    int lines = 0;
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        char *mark = strstr(line, lines == 0 ? "末" : "|");
        assert_non_null(mark);
        *mark = '\0';
        expected = lines == 0 ? text_width(line) : expected;
        assert_int_equal(text_width(line), expected);
        assert_null(strchr(line, '\x1B'));
        line = end + 1;
        lines++;
    }
    assert_int_equal(lines, 3);
    free(text);
}

static void
test_grid_csv(void **state)
{
    (void)state;
    struct fault f;
    char *text = grid_text(CLI_CSV, &f);
    assert_string_equal(text, "编号,内容,天,末\r\nP-1,成立领导小组并召开会议,7,|\r\n"
                              "P-11-M-2,\"a\nb\",-120,|\r\n");
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_width, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clean, setup, teardown),
        cmocka_unit_test_setup_teardown(test_distance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grid_aligned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grid_csv, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
