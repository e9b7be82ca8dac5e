/* From bytes to lines: encodings, refusals, line breaks, web pages; and classification marks. */
#include "server/document/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 128 * 1024 * 1024 };

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

static struct text_lines
lines_of(struct arena *a, const void *bytes, size_t size)
{
    struct text_lines lines = {0};
    struct fault fault = {0};
    if (text_read_lines(a, bytes, size, &lines, &fault) != STATUS_OK) {
        fail_msg("%s %s", fault.reason, fault.message);
    }
    return lines;
}

#define LINES(a, literal) lines_of(a, literal, sizeof(literal) - 1)

static void
encodings_are_found(void **state)
{
    static const unsigned char utf16le[] = {0xFF, 0xFE, 0x74, 0x65, 0x39, 0x65, '\n', 0};
    static const unsigned char utf16be[] = {0xFE, 0xFF, 0x65, 0x74, 0x65, 0x39, 0, '\n'};
    struct text_lines l = LINES(*state, "整改\n");
    assert_int_equal(l.encoding, TEXT_UTF8);
    assert_string_equal(l.lines[0].text, "整改");
    l = LINES(*state, "\xEF\xBB\xBF整改\n");
    assert_string_equal(l.lines[0].text, "整改");
    l = lines_of(*state, utf16le, sizeof utf16le);
    assert_int_equal(l.encoding, TEXT_UTF16LE);
    assert_string_equal(l.lines[0].text, "整改");
    l = lines_of(*state, utf16be, sizeof utf16be);
    assert_int_equal(l.encoding, TEXT_UTF16BE);
    assert_string_equal(l.lines[0].text, "整改");
    l = LINES(*state, "\xD5\xFB\xB8\xC4\r\n");
    assert_int_equal(l.encoding, TEXT_GB18030);
    assert_string_equal(l.lines[0].text, "整改");
    l = LINES(*state, "\x95\x32\x82\x36\xB8\xC4"); /* 𠀀 in four bytes of GB18030 */
    assert_string_equal(l.lines[0].text, "𠀀改");
}

static void
binaries_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *reason;
    } cases[] = {
        {"PK\x03\x04\x14\0\x06", 7, "TEXT_IS_OFFICE_PACKAGE"},
        {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, "TEXT_IS_OLD_OFFICE"},
        {"%PDF-1.7\n", 9, "TEXT_IS_PDF"},
        {"{\\rtf1\\ansi}", 12, "TEXT_IS_RTF"},
        {"\x89PNG\r\n\x1A\n", 8, "TEXT_IS_IMAGE"},
        {"\xFF\xD8\xFF\xE0", 4, "TEXT_IS_IMAGE"},
        {"GIF89a", 6, "TEXT_IS_IMAGE"},
        {"abc\0def", 7, "TEXT_IS_BINARY"},
        {"\xD5\xFB\0\xB8", 4, "TEXT_IS_BINARY"},
        {"a\x01z", 3, "TEXT_IS_BINARY"},
        {"\xFF\xFF\xFF\xFF", 4, "TEXT_BAD_ENCODING"},
        {"\xEF\xBB\xBF\xD5\xFB", 5, "TEXT_BAD_ENCODING"},
        {"\xFF\xFE\x41", 3, "TEXT_BAD_ENCODING"},
        {"", 0, "TEXT_EMPTY"},
        {" \n\t\n", 4, "TEXT_EMPTY"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_lines l;
        struct fault fault = {0};
        assert_int_equal(text_read_lines(*state, cases[i].bytes, cases[i].size, &l, &fault),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, cases[i].reason);
        assert_non_null(strstr(fault.message, "请"));
    }
}

static void
limits_are_named(void **state)
{
    struct text_lines l;
    struct fault fault = {0};
    char *big = malloc(TEXT_DOCUMENT_BYTES_MAX + 1);
    assert_non_null(big);
    memset(big, 'a', TEXT_DOCUMENT_BYTES_MAX + 1);
    assert_int_equal(text_read_lines(*state, big, TEXT_DOCUMENT_BYTES_MAX + 1, &l, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "TEXT_TOO_LARGE");
    assert_int_equal(text_read_lines(*state, big, TEXT_LINE_BYTES_MAX + 1, &l, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "TEXT_LINE_TOO_LONG");
    memset(big + 1, '\n', TEXT_LINES_MAX + 1);
    assert_int_equal(text_read_lines(*state, big, TEXT_LINES_MAX + 1, &l, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "TEXT_TOO_MANY_LINES");
    free(big);
}

static void
lines_are_cut_and_measured(void **state)
{
    struct text_lines l = LINES(*state, "　　甲a\r\n\r\n\t乙 \r丙\u2028丁\u2029戊\xC2\x85"
                                        "己\v庚\n\u200B\u00A0");
    static const char *const texts[] = {"甲a", "", "乙", "丙", "丁", "戊", "己", "庚", ""};
    assert_int_equal(l.count, 9);
    for (size_t i = 0; i < l.count; i++) {
        assert_string_equal(l.lines[i].text, texts[i]);
        assert_int_equal(l.lines[i].bytes, strlen(texts[i]));
        assert_int_equal(l.lines[i].number, i + 1);
    }
    assert_int_equal(l.lines[0].indent, 4);
    assert_int_equal(l.lines[0].columns, 3);
    assert_int_equal(l.lines[0].chars, 2);
    assert_int_equal(l.lines[2].indent, 4);
    assert_int_equal(l.lines[2].trail, 1);
}

static void
web_pages_become_lines(void **state)
{
    struct text_lines l = LINES(
        *state,
        "<!DOCTYPE html>\n<html><head><title>标题</title><style>p { x: \"<p>\" }</style></head>"
        "<body><script>document.write('<p>不要</p>');</script><!-- <p>也不要</p> -->"
        "<p class='a>b'>甲&nbsp;&lt;乙&gt; &amp; &ldquo;丙&rdquo;&#19969;&#x620A;&bad;</p>"
        "一行\n接着<br>又一行<table><tr><td>左</td><td>右</td></tr></table>"
        "a <b>b</b>\nc 1 < 2<noscript>无</noscript></body></html>");
    static const char *const texts[] = {
        "标题", "甲\u00A0<乙> & “丙”丁戊&bad;", "一行接着", "又一行", "左 右", "a b c 1 < 2"};
    size_t k = 0;
    assert_true(l.html);
    for (size_t i = 0; i < l.count; i++) {
        if (l.lines[i].bytes != 0) {
            assert_true(k < 6);
            assert_string_equal(l.lines[i].text, texts[k]);
            k++;
        }
    }
    assert_int_equal(k, 6);
    assert_false(text_is_html("a < b", 5));
}

static void
bad_markup_costs_one_pass(void **state)
{
    enum { SIZE = 1024 * 1024 };
    static const char *const units[] = {"<a", "<a \"", "<!--", "&#", "<p>", "<script>", "<td><"};
    char *page = malloc(SIZE);
    assert_non_null(page);
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        size_t n = strlen(units[u]);
        memcpy(page, "<html>", 6);
        for (size_t i = 6; i < SIZE; i++) {
            page[i] = units[u][(i - 6) % n];
        }
        const char *text = NULL;
        size_t size = 0;
        struct fault fault = {0};
        assert_int_equal(text_from_html(*state, page, SIZE, &text, &size, &fault), STATUS_OK);
        assert_true(size <= SIZE);
    }
    free(page);
}

static void
secret_marks_are_seen(void **state)
{
    (void)state;
    static const char *const marked[] = {
        "秘密★",        "机密★1年",
        "绝密★长期",    "文件编号 机 密 ★ 10年",
        "★机密",        "★ 绝密\n正文",
        "机密☆",        "機密★",
        "絕密★",        "祕密★",
        "秘密*10年",    "机密＊5年",
        "机​密★", "正文里有 秘　密　★",
        "机密⭐",        "⽂件 秘密 ★",
        "★秘密(5年)",
    };
    static const char *const plain[] = {
        "保密",
        "涉密文件",
        "国家秘密",
        "严守党和国家秘密",
        "秘密",
        "机密文件管理",
        "★重点",
        "严守秘密\n★第二部分",
        "商业秘密、工作秘密",
        "★机密文件管理制度",
        "秘密 *注",
        "",
        "非涉密系统，严禁存储、处理、传输国家秘密",
        "密★",
    };
    for (size_t i = 0; i < sizeof marked / sizeof marked[0]; i++) {
        if (!text_has_secret_mark(marked[i], strlen(marked[i]))) {
            fail_msg("not seen: %s", marked[i]);
        }
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (text_has_secret_mark(plain[i], strlen(plain[i]))) {
            fail_msg("seen: %s", plain[i]);
        }
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(encodings_are_found),    TEST(binaries_are_refused),
        TEST(limits_are_named),       TEST(lines_are_cut_and_measured),
        TEST(web_pages_become_lines), TEST(bad_markup_costs_one_pass),
        TEST(secret_marks_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
