/* What a clerk types from his paper, the file beside it, and the office's list of units: what is
 * taken, and what each slip is told. The network's part is tests/e2e/onboard.sh. */
#include "client/cli/sheet.h"
#include "client/cli/units_file.h"
#include "client/lib/file.h"
#include "client/lib/onboard.h"
#include "proto/ledger/code.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct arena arena;
static char folder[256];

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 4 << 20);
    snprintf(folder, sizeof folder, "%s/onboard-XXXXXX", test_dir());
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *
in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static const char *
write_file(const char *name, const char *text)
{
    assert_int_equal(rectify_file_replace(in_folder(name), 0600, text, strlen(text), NULL),
                     STATUS_OK);
    return in_folder(name);
}

static void
expect_paper(struct rectify_onboard_paper paper, const char *reason)
{
    struct fault f = {.code = STATUS_OK};
    enum status s = rectify_onboard_paper_check(&paper, &f);
    if (reason == NULL) {
        assert_int_equal(s, STATUS_OK);
        return;
    }
    assert_int_equal(s, STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, reason);
}

static void
what_is_typed_is_looked_at_first(void **state)
{
    (void)state;
    char code[CODE_TEXT_SIZE];
    code_make(code);
    struct rectify_onboard_paper good = {
        .address = "10.1.2.3:7444", .code = code, .ca_sha256 = SHA256};
    struct rectify_onboard_paper p = good;
    expect_paper(good, NULL);
    p.address = "tls+tcp://server.example:7444";
    expect_paper(p, NULL);
    p.address = "[::1]:7444";
    expect_paper(p, NULL);
    static const char *const addresses[] = {
        "",         "10.1.2.3",     "10.1.2.3:",           ":7444", "10.1.2.3:0", "10.1.2.3:70000",
        "a b:7444", "10.1.2.3:74x", "http://10.1.2.3:80/x"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        p.address = addresses[i];
        expect_paper(p, "ONBOARD_ADDRESS");
    }
    p = good;
    p.ca_sha256 = "0123 4567 89AB CDEF 0123:4567:89ab:cdef";
    expect_paper(p, NULL);
    p.ca_sha256 = "0123456789abcdef0123456789abcde"; /* 31 */
    expect_paper(p, "FINGERPRINT_FORM");
    p.ca_sha256 = SHA256 "0";
    expect_paper(p, "FINGERPRINT_FORM");
    p.ca_sha256 = "0123456789abcdef0123456789abcdeg";
    expect_paper(p, "FINGERPRINT_FORM");
    p = good;
    p.code = "7K3QX";
    expect_paper(p, "CODE_LENGTH");
}

static void
the_file_says_what_the_paper_says(void **state)
{
    (void)state;
    char code[CODE_TEXT_SIZE];
    struct rectify_onboard_paper p;
    struct stat st;
    code_make(code);
    const struct sheet sheet = {.org_name = "样例<单位>&一",
                                .org = "unit91",
                                .account = "unit91",
                                .display_name = "样例填报",
                                .address = "10.1.2.3:7444",
                                .server_name = "rectifyd",
                                .sha256 = SHA256,
                                .code = code,
                                .expires = "2026-12-07 10:00"};
    assert_int_equal(sheet_write_file(&arena, folder, &sheet, NULL), STATUS_OK);
    assert_int_equal(sheet_write_pages(&arena, folder, &sheet, NULL), STATUS_OK);
    assert_int_equal(rectify_onboard_paper_read(&arena, in_folder("unit91.onboard"), &p, NULL),
                     STATUS_OK);
    assert_string_equal(p.address, sheet.address);
    assert_string_equal(p.code, code);
    assert_string_equal(p.ca_sha256, SHA256);
    assert_string_equal(p.server_name, "rectifyd");
    expect_paper(p, NULL);
    static const char *const pages[] = {"unit91.html", "unit91.txt"};
    for (size_t i = 0; i < 2; i++) {
        char *text = NULL;
        size_t n = 0;
        assert_int_equal(rectify_file_read(&arena, in_folder(pages[i]), 65536, &text, &n, NULL),
                         STATUS_OK);
        assert_non_null(strstr(text, arena_printf(&arena,
                                                  "rectify onboard 10.1.2.3:7444 --code %s"
                                                  " --ca-sha256 %.32s",
                                                  code, SHA256)));
        assert_non_null(strstr(text, "非涉密系统，严禁存储、处理、传输国家秘密"));
        assert_non_null(strstr(text, "2026-12-07 10:00"));
        assert_non_null(strstr(text, i == 0 ? "样例&lt;单位&gt;&amp;一" : "样例<单位>&一"));
        assert_int_equal(stat(in_folder(pages[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void
files_that_are_none(void **state)
{
    (void)state;
    struct rectify_onboard_paper p = {.address = "untouched"};
    struct fault f = {.code = STATUS_OK};
    static const char *const texts[] = {"address = a:1\ncode = c\n", "address\n", "\x01\x02",
                                        "# nothing\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(
            rectify_onboard_paper_read(&arena, write_file("x.onboard", texts[i]), &p, &f),
            STATUS_INVALID_ARGUMENT);
        assert_string_equal(f.reason, "ONBOARD_FILE");
        assert_string_equal(p.address, "untouched");
    }
    /* Written on another system, and by a newer program. */
    assert_int_equal(
        rectify_onboard_paper_read(
            &arena, write_file("x.onboard", " address =a:1 \r\ncode= c\r\nca_sha256=d\r\nnew = 1"),
            &p, &f),
        STATUS_OK);
    assert_string_equal(p.address, "a:1");
    assert_string_equal(p.code, "c");
    assert_null(p.server_name);
}

/* ---- the office's list ---- */

static void
a_list_is_filled_in_where_it_is_silent(void **state)
{
    (void)state;
    struct units_file file;
    struct fault f = {.code = STATUS_OK};
    assert_int_equal(
        units_file_read(&arena,
                        write_file("u.csv",
                                   "某区单位清单\n单位代码,单位名称,账号,联系人,角色,排序\n"
                                   "unit91,样例单位,unit91,样例甲,,7\n"
                                   "unit91,,unit91b,,审核人、FILLER,\n"
                                   "unit92,样例单位二,unit92,样例乙,牵头单位,\n"),
                        &file, &f),
        STATUS_OK);
    assert_int_equal(file.mistake_count, 0);
    assert_int_equal(file.count, 3);
    assert_string_equal(file.rows[0].roles[0], "PLEAD");
    assert_string_equal(file.rows[0].kind, "UNIT");
    assert_int_equal(file.rows[0].sort_order, 7);
    assert_string_equal(file.rows[1].org_name, "样例单位");
    assert_int_equal(file.rows[1].role_count, 2);
    assert_string_equal(file.rows[1].roles[0], "REVIEWER");
    assert_int_equal(file.rows[2].line, 5);
    assert_int_equal(units_file_read(&arena,
                                     write_file("e.csv", "code,name,account,display,roles\n"
                                                         "unit91,Unit,unit91,A,PLEAD\n"),
                                     &file, &f),
                     STATUS_OK);
    assert_int_equal(file.count, 1);
    assert_int_equal(file.mistake_count, 0);
}

static void
every_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    struct units_file file;
    struct fault f = {.code = STATUS_OK};
    assert_int_equal(
        units_file_read(&arena,
                        write_file("u.csv", "单位代码,单位名称,账号,联系人,角色,排序\n"
                                            "Unit 91,样例单位,unit91,样例甲,科长,x\n"
                                            "unit92,样例单位二,../../etc,样例,牵头单位,\n"
                                            "unit93,样例单位三,unit93,样例,牵头单位,\n"
                                            "unit93,样例单位四,unit93,样例,牵头单位,\n"),
                        &file, &f),
        STATUS_OK);
    static const char *const wanted[] = {"第 2 行：单位代码",
                                         "第 2 行：排序",
                                         "第 2 行：角色“科长”",
                                         "第 3 行：账号",
                                         "第 5 行：账号“unit93”与第 4 行重复",
                                         "第 5 行：单位“unit93”的名称"};
    assert_int_equal(file.mistake_count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < file.mistake_count; i++) {
        bool found = false;
        for (size_t k = 0; k < file.mistake_count; k++) {
            found = found || strncmp(file.mistakes[k], wanted[i], strlen(wanted[i])) == 0;
        }
        if (!found) {
            fail_msg("not told: %s", wanted[i]);
        }
    }
    assert_int_equal(units_file_read(&arena, write_file("n.csv", "单位代码,账号\n"), &file, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "TABLE_EMPTY");
    assert_int_equal(units_file_read(&arena, write_file("h.csv", "甲,乙\n1,2\n"), &file, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "CSV_HEADER");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_typed_is_looked_at_first, setup, teardown),
        cmocka_unit_test_setup_teardown(the_file_says_what_the_paper_says, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_is_filled_in_where_it_is_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(every_mistake_is_told_with_its_line, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
