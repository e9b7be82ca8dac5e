/* A publication as plain text and as a Word document. */
#include "server/document/notice_docx.h"
#include "server/document/notice_text.h"
#include "server/document/outline.h"
#include "server/document/secret_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <zip.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 << 20, BLOCKS_MAX = 64 };

#define PARAGRAPH PB__PUBLICATION_BLOCK_KIND__BLOCK_PARAGRAPH
#define SECTION PB__PUBLICATION_BLOCK_KIND__BLOCK_SECTION
#define ITEM PB__PUBLICATION_BLOCK_KIND__BLOCK_ITEM
#define PROBLEM PB__PUBLICATION_BLOCK_KIND__BLOCK_PROBLEM
#define STATUS PB__PUBLICATION_BLOCK_KIND__BLOCK_STATUS
#define MEASURE PB__PUBLICATION_BLOCK_KIND__BLOCK_MEASURE
#define SIGNATURE PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE

static struct arena arena;
static Pb__PublicationBlock *blocks[BLOCKS_MAX];
static size_t count;

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    count = 0;
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void
add(Pb__PublicationBlockKind kind, const char *text)
{
    Pb__PublicationBlock *b = arena_alloc(&arena, sizeof *b);
    assert_non_null(b);
    pb__publication_block__init(b);
    b->has_kind = 1;
    b->kind = kind;
    b->text = (char *)(uintptr_t)text;
    blocks[count++] = b;
}

static struct notice_text
read_text(const char *file)
{
    struct notice_text t = {0};
    struct fault fault = {0};
    if (notice_read(file, strlen(file), true, &arena, &t, &fault) != STATUS_OK) {
        fail_msg("%s %s", fault.reason, fault.message);
    }
    return t;
}

static void
numbers_follow_from_the_order(void **state)
{
    (void)state;
    for (int i = 0; i < 22; i++) {
        add(SECTION, "部分");
        add(ITEM, "项");
        add(ITEM, "项");
        if (i == 0) {
            add(PROBLEM, "问题");
            add(MEASURE, "措施");
            add(PARAGRAPH, "不编号");
            add(MEASURE, "措施");
            add(PROBLEM, "问题");
            add(MEASURE, "措施");
        }
        if (i == 10 || i == 19 || i == 21) {
            static const char *const labels[] = {"十一、", "二十、", "二十二、"};
            assert_true(notice_number(blocks, count, &arena));
            assert_string_equal(blocks[count - 3]->label, labels[i == 10 ? 0 : i == 19 ? 1 : 2]);
            assert_string_equal(blocks[count - 1]->label, "（二）");
        }
        if (count > BLOCKS_MAX - 12) {
            count = 0; /* a section alone counts on */
            for (int j = 0; j <= i; j++) {
                add(SECTION, "部分");
            }
        }
        if (i == 0) {
            assert_true(notice_number(blocks, count, &arena));
            assert_string_equal(blocks[3]->label, "1.");
            assert_string_equal(blocks[4]->label, "一是");
            assert_null(blocks[5]->label);
            assert_string_equal(blocks[6]->label, "二是");
            assert_string_equal(blocks[7]->label, "2.");
            assert_string_equal(blocks[8]->label, "一是");
        }
    }
}

static const char whole[] =
    "关于样例的通报\n\n引言。\n一、落实情况\n（一）第一项\n"
    "1.关于“学习不够”问题的整改\n整改状态：完成整改\n一是学了。\n二是做了。\n"
    "2.关于“‘三会一课’不够”问题的整改\n全部开齐。\n二、下一步\n"
    "(一)继续努力。再接再厉。\n中共样例区委员会\n2026年11月10日\n";

static void
what_is_written_is_read_back(void **state)
{
    (void)state;
    static const Pb__PublicationBlockKind kinds[] = {
        PARAGRAPH, SECTION,   ITEM,    PROBLEM,   STATUS,    MEASURE,   MEASURE,
        PROBLEM,   PARAGRAPH, SECTION, PARAGRAPH, SIGNATURE, SIGNATURE,
    };
    struct notice_text t = read_text(whole);
    assert_string_equal(t.title, "关于样例的通报");
    assert_int_equal(t.count, sizeof kinds / sizeof kinds[0]);
    for (size_t i = 0; i < t.count; i++) {
        assert_int_equal(t.blocks[i]->kind, kinds[i]);
    }
    assert_string_equal(t.blocks[3]->text, "关于“学习不够”问题的整改");
    assert_string_equal(t.blocks[5]->text, "学了。");
    assert_int_equal(t.lines[3], 6);
    const char *out = NULL;
    size_t size = 0;
    assert_true(notice_number(t.blocks, t.count, &arena));
    assert_int_equal(notice_write(&t, &arena, &out, &size), STATUS_OK);
    assert_int_equal(size, strlen(whole));
    assert_string_equal(out, whole);
    /* And it is the outline an import reads. */
    struct outline o;
    struct fault fault = {0};
    assert_int_equal(outline_read_bytes(&arena, out, size, &o, &fault), STATUS_OK);
    assert_int_equal(o.item_count, 1);
    assert_int_equal(o.problem_count, 2);
    assert_int_equal(o.measure_count, 3);
    assert_string_equal(o.items[0].problems[0].status, "完成整改");
}

/* As a word processor on another system saves it. */
static void
forms_of_numbers_and_encodings_are_read(void **state)
{
    (void)state;
    struct notice_text t = read_text("\xEF\xBB\xBF标题\r\n　　一、情况\r\n(一)第一项\r\n"
                                     "１．关于“学习不够”问题的整改\r\n　　一是 学了。\r\n\r\n");
    assert_string_equal(t.title, "标题");
    assert_int_equal(t.count, 4);
    assert_string_equal(t.blocks[0]->text, "情况");
    assert_int_equal(t.blocks[1]->kind, ITEM);
    assert_string_equal(t.blocks[2]->text, "关于“学习不够”问题的整改");
    assert_int_equal(t.blocks[3]->kind, MEASURE);
    assert_string_equal(t.blocks[3]->text, "学了。");
    /* Where no problems are told, a number is part of the words. */
    struct notice_text plain = {0};
    struct fault fault = {0};
    static const char list[] = "标题\n1.先做这个\n一是那个\n";
    assert_int_equal(notice_read(list, strlen(list), false, &arena, &plain, &fault), STATUS_OK);
    assert_int_equal(plain.blocks[0]->kind, PARAGRAPH);
    assert_string_equal(plain.blocks[0]->text, "1.先做这个");
    assert_string_equal(plain.blocks[1]->text, "一是那个");
}

static void
what_is_no_text_is_refused(void **state)
{
    (void)state;
    struct notice_text t = {0};
    struct fault fault = {0};
    static const struct {
        const char *file, *reason;
    } bad[] = {
        {"标题\n", "NO_TEXT"},
        {"这是一段话。不是标题\n正文\n", "TITLE_LINE"},
        {"标题\n一、\n", "NO_TEXT"},
        {"PK\003\004......................", "TEXT_IS_OFFICE_PACKAGE"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(notice_read(bad[i].file, strlen(bad[i].file), true, &arena, &t, &fault),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, bad[i].reason);
    }
    char *longer = arena_alloc(&arena, 20001);
    memset(longer, 'a', 20000);
    memcpy(longer, "标题\n", strlen("标题\n"));
    assert_int_equal(notice_read(longer, 20000, true, &arena, &t, &fault), STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "LINE_TOO_LONG");
    assert_non_null(strstr(fault.message, "第 2 行"));
}

static void
a_briefing_is_measured(void **state)
{
    (void)state;
    add(SECTION, "总体");
    assert_int_equal(notice_paper_lines("短标题", blocks, count), 3 + 1);
    /* 31 characters a line, two of them the indent. */
    add(PARAGRAPH, "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九");
    assert_int_equal(notice_paper_lines("短标题", blocks, count), 3 + 2);
    add(PARAGRAPH, "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十");
    assert_int_equal(notice_paper_lines("短标题", blocks, count), 3 + 4);
}

/* ---- the Word document ---- */

static char *
part(const unsigned char *bytes, size_t size, const char *name, zip_int64_t *ret_parts)
{
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, NULL);
    zip_t *zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
    zip_stat_t stat;
    assert_non_null(zip);
    *ret_parts = zip_get_num_entries(zip, 0);
    assert_int_equal(zip_stat(zip, name, 0, &stat), 0);
    char *text = arena_alloc(&arena, stat.size + 1);
    zip_file_t *file = zip_fopen(zip, name, 0);
    assert_non_null(file);
    assert_int_equal(zip_fread(file, text, stat.size), stat.size);
    zip_fclose(file);
    zip_discard(zip);
    return text;
}

static void
the_document_has_its_parts_and_fonts(void **state)
{
    (void)state;
    struct notice_text t = read_text(whole);
    struct fault fault = {0};
    unsigned char *bytes = NULL;
    unsigned char *again = NULL;
    size_t size = 0;
    size_t again_size = 0;
    zip_int64_t parts = 0;
    t.title = "关于<样例>&通报";
    assert_true(notice_number(t.blocks, t.count, &arena));
    assert_int_equal(notice_docx_write(&t, false, &arena, &bytes, &size, &fault), STATUS_OK);
    const char *xml = part(bytes, size, "word/document.xml", &parts);
    assert_int_equal(parts, 3);
    assert_non_null(strstr(xml, "关于&lt;样例&gt;&amp;通报"));
    static const char *const fonts[] = {"方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"};
    for (int i = 0; i < 4; i++) {
        char attribute[64];
        snprintf(attribute, sizeof attribute, "w:eastAsia=\"%s\"", fonts[i]);
        assert_non_null(strstr(xml, attribute));
    }
    assert_non_null(strstr(xml, "<w:jc w:val=\"center\"/>"));
    assert_non_null(strstr(xml, "<w:sz w:val=\"32\"/>"));
    assert_non_null(strstr(xml, "（一）"));
    assert_non_null(part(bytes, size, "[Content_Types].xml", &parts));
    assert_non_null(part(bytes, size, "_rels/.rels", &parts));
    assert_int_equal(notice_docx_write(&t, false, &arena, &again, &again_size, &fault), STATUS_OK);
    assert_int_equal(size, again_size);
    assert_memory_equal(bytes, again, size);
    assert_int_equal(secret_scan_package(bytes, size), SECRET_NONE);
    /* A briefing is set smaller. */
    assert_int_equal(notice_docx_write(&t, true, &arena, &again, &again_size, &fault), STATUS_OK);
    assert_non_null(
        strstr(part(again, again_size, "word/document.xml", &parts), "<w:sz w:val=\"28\"/>"));
}

/* Control of the line above: the scan would see a mark in such a document. */
static void
a_mark_in_the_document_is_found(void **state)
{
    (void)state;
    struct notice_text t = read_text("标题\n机密★10年\n");
    struct fault fault = {0};
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(notice_docx_write(&t, false, &arena, &bytes, &size, &fault), STATUS_OK);
    assert_int_equal(secret_scan_package(bytes, size), SECRET_FOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_follow_from_the_order),
        TEST(what_is_written_is_read_back),
        TEST(forms_of_numbers_and_encodings_are_read),
        TEST(what_is_no_text_is_refused),
        TEST(a_briefing_is_measured),
        TEST(the_document_has_its_parts_and_fonts),
        TEST(a_mark_in_the_document_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
