/* The outline reader: the real notice to the letter, the same notice broken, widened, run together
 * and put on a web page, and one small document for every variant (tests/data/outline: NAME.txt and
 * what must be read from it, NAME.expect, written by hand). */
#include "server/document/fold.h"
#include "server/document/outline.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOTICE SOURCE_DIR "/deploy/sample/notice-2020-04-27.txt"
#define CASES SOURCE_DIR "/tests/data/outline"

enum { ARENA_BYTES = 64 * 1024 * 1024, CASES_MIN = 30 };

struct text {
    char *data;
    size_t size, capacity;
};

static void
put(struct text *t, const char *bytes, size_t n)
{
    if (t->size + n + 1 > t->capacity) {
        t->capacity = (t->size + n + 1) * 2;
        t->data = realloc(t->data, t->capacity);
        assert_non_null(t->data);
    }
    memcpy(t->data + t->size, bytes, n);
    t->size += n;
    t->data[t->size] = '\0';
}

static void
puts_to(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

static struct text
read_file(const char *path)
{
    struct text t = {0};
    char buffer[65536];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("cannot open %s", path);
    }
    for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) {
        put(&t, buffer, n);
    }
    fclose(f);
    puts_to(&t, "");
    return t;
}

static struct outline
read_outline(struct arena *a, const char *bytes, size_t size)
{
    struct outline o = {0};
    struct fault fault = {0};
    if (outline_read_bytes(a, bytes, size, &o, &fault) != STATUS_OK) {
        fail_msg("%s: %s", fault.reason, fault.message);
    }
    return o;
}

/* The form of the .expect files. */
static struct text
dump(const struct outline *o, bool warnings)
{
    struct text t = {0};
    char line[64];
    puts_to(&t, "");
    for (size_t i = 0; i < o->item_count; i++) {
        const struct outline_item *item = &o->items[i];
        snprintf(line, sizeof line, "I %u ", item->no);
        puts_to(&t, line);
        puts_to(&t, item->title);
        puts_to(&t, "\n");
        for (size_t j = 0; j < item->problem_count; j++) {
            const struct outline_problem *p = &item->problems[j];
            snprintf(line, sizeof line, "P %u ", p->no);
            puts_to(&t, line);
            puts_to(&t, p->title);
            if (p->status[0] != '\0') {
                puts_to(&t, " [");
                puts_to(&t, p->status);
                puts_to(&t, "]");
            }
            puts_to(&t, "\n");
            for (size_t k = 0; k < p->measure_count; k++) {
                const struct outline_measure *m = &p->measures[k];
                snprintf(line, sizeof line, "M %u ", m->no);
                puts_to(&t, line);
                puts_to(&t, m->text);
                if (m->part[0] != '\0') {
                    puts_to(&t, " {");
                    puts_to(&t, m->part);
                    puts_to(&t, "}");
                }
                puts_to(&t, "\n");
            }
            for (size_t k = 0; k < p->note_count; k++) {
                puts_to(&t, "N ");
                puts_to(&t, p->notes[k].label);
                puts_to(&t, "=");
                puts_to(&t, p->notes[k].value);
                puts_to(&t, "\n");
            }
        }
    }
    for (size_t i = 0; i < o->warning_count && warnings; i++) {
        snprintf(line, sizeof line, "W %s %u\n", o->warnings[i].code, o->warnings[i].line);
        puts_to(&t, line);
        assert_true(strlen(o->warnings[i].message) > 10);
    }
    return t;
}

static struct text
dump_of(const char *bytes, size_t size, bool warnings)
{
    struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct outline o = read_outline(&a, bytes, size);
    struct text t = dump(&o, warnings);
    arena_release(&a);
    return t;
}

/* ---- the real notice ---- */

static void
real_notice_is_read_exactly(void **state)
{
    (void)state;
    struct text file = read_file(NOTICE);
    struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct outline o = read_outline(&a, file.data, file.size);
    assert_int_equal(o.item_count, 15);
    assert_int_equal(o.problem_count, 47);
    assert_int_equal(o.measure_count, 102);
    assert_int_equal(o.warning_count, 0);
    size_t marked = 0;
    size_t single = 0;
    uint32_t no = 0;
    for (size_t i = 0; i < o.item_count; i++) {
        assert_int_equal(o.items[i].no, i + 1);
        for (size_t j = 0; j < o.items[i].problem_count; j++) {
            const struct outline_problem *p = &o.items[i].problems[j];
            assert_int_equal(p->no, ++no);
            single += p->measure_count == 1;
            for (size_t k = 0; k < p->measure_count; k++) {
                assert_int_equal(p->measures[k].no, k + 1);
                marked += p->measures[k].marker_no != 0;
            }
        }
    }
    assert_int_equal(marked, 88);
    assert_int_equal(single, 14);
    assert_string_equal(o.items[0].title,
                        "学懂弄通做实习近平新时代中国特色社会主义思想和党的十九大精神"
                        "有差距");
    assert_string_equal(o.items[14].title, "整改监督责任不够到位");
    assert_string_equal(o.items[0].problems[0].title, "学懂弄通深度不够");
    assert_string_equal(o.items[1].problems[1].title, "‘一带一路’交汇点建设滞后");
    assert_string_equal(o.items[1].problems[2].title, "落实‘共抓大保护、不搞大开发’存在差距");
    assert_string_equal(o.items[14].problems[0].title, "整改监督责任不够到位");
    const char *first = o.items[0].problems[0].measures[0].text;
    assert_int_equal(strncmp(first, "一是优化中心组学习内容。", strlen("一是优化中心组学习内容。")),
                     0);
    assert_non_null(strstr(file.data, first));
    assert_int_equal(o.items[0].line, 8);
    assert_int_equal(o.items[0].problems[0].line, 9);
    arena_release(&a);
    free(file.data);
}

/* ---- the notice changed ---- */

typedef void transform(struct text *out, const char *line, size_t bytes, unsigned width);

static struct text
changed(const char *text, transform *change, unsigned width)
{
    struct text out = {0};
    puts_to(&out, "");
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        size_t bytes = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
        if (bytes > 0) {
            change(&out, p, bytes, width);
        }
        p += n + (p[n] == '\n');
    }
    return out;
}

static size_t
char_bytes(const char *p)
{
    unsigned char c = (unsigned char)*p;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static void
wrap_chars(struct text *out, const char *line, size_t bytes, unsigned width)
{
    unsigned n = 0;
    for (size_t i = 0; i < bytes; i += char_bytes(line + i)) {
        if (n == width) {
            puts_to(out, "\n");
            n = 0;
        }
        put(out, line + i, char_bytes(line + i));
        n++;
    }
    puts_to(out, "\n");
}

static void
wrap_indented(struct text *out, const char *line, size_t bytes, unsigned width)
{
    struct text whole = {0};
    puts_to(&whole, "　　");
    put(&whole, line, bytes);
    wrap_chars(out, whole.data, whole.size, width);
    free(whole.data);
}

static void
wrap_columns(struct text *out, const char *line, size_t bytes, unsigned width)
{
    unsigned n = 0;
    for (size_t i = 0; i < bytes; i += char_bytes(line + i)) {
        unsigned w = char_bytes(line + i) == 1 ? 1 : 2;
        if (n + w > width * 2) {
            puts_to(out, "\r\n");
            n = 0;
        }
        put(out, line + i, char_bytes(line + i));
        n += w;
    }
    puts_to(out, "\r\n");
}

static void
wrap_spaced(struct text *out, const char *line, size_t bytes, unsigned width)
{
    wrap_chars(out, line, bytes, width);
    puts_to(out, "\n");
}

static void
same_when_wrapped(transform *change)
{
    struct text file = read_file(NOTICE);
    struct text expected = dump_of(file.data, file.size, true);
    for (unsigned width = 20; width <= 60; width++) {
        struct text other = changed(file.data, change, width);
        struct text got = dump_of(other.data, other.size, false);
        if (strcmp(expected.data, got.data) != 0) {
            fail_msg("width %u differs", width);
        }
        free(other.data);
        free(got.data);
    }
    free(file.data);
    free(expected.data);
}

static void
wrapped_at_characters(void **state)
{
    (void)state;
    same_when_wrapped(wrap_chars);
}

static void
wrapped_with_indents(void **state)
{
    (void)state;
    same_when_wrapped(wrap_indented);
}

static void
wrapped_at_columns(void **state)
{
    (void)state;
    same_when_wrapped(wrap_columns);
}

static void
wrapped_with_blank_lines(void **state)
{
    (void)state;
    same_when_wrapped(wrap_spaced);
}

static void
widen(struct text *out, const char *line, size_t bytes, unsigned width)
{
    (void)width;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c > 0x20 && c < 0x7F) {
            unsigned full = c - 0x20u; /* U+FF01 stands for '!' */
            unsigned low = 0x80 + (full & 0x3F);
            char wide[] = {(char)0xEF, (char)(0xBC + (full >> 6)), (char)low, '\0'};
            puts_to(out, wide);
        } else {
            put(out, line + i, 1);
        }
    }
    puts_to(out, "\n");
}

/* (十一) → ㈠-style where there is one, 1. → ⒈, to 20; 一是 in Kangxi radicals. */
static void
compatible(struct text *out, const char *line, size_t bytes, unsigned width)
{
    static const char *const items[] = {"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"};
    (void)width;
    size_t skip = 0;
    for (unsigned k = 0; k < 10 && skip == 0; k++) {
        char marker[16];
        snprintf(marker, sizeof marker, "(%s)", items[k]);
        if (strncmp(line, marker, strlen(marker)) == 0) {
            char one[] = {(char)0xE3, (char)0x88, (char)(0xA0 + k), '\0'};
            puts_to(out, one);
            skip = strlen(marker);
        }
    }
    for (unsigned k = 1; k <= 20 && skip == 0; k++) {
        char marker[16];
        snprintf(marker, sizeof marker, "%u.关于", k);
        if (strncmp(line, marker, strlen(marker)) == 0) {
            char one[] = {(char)0xE2, (char)0x92, (char)(0x87 + k), '\0'}; /* U+2488 is ⒈ */
            puts_to(out, one);
            skip = strlen(marker) - strlen("关于");
        }
    }
    if (strncmp(line, "一是", strlen("一是")) == 0) {
        puts_to(out, "⼀"); /* a Kangxi radical */
        skip = strlen("一");
    }
    put(out, line + skip, bytes - skip);
    puts_to(out, "\n");
}

static struct text
folded(const char *s)
{
    struct text t = {0};
    const unsigned char *p = (const unsigned char *)s;
    const unsigned char *end = p + strlen(s);
    puts_to(&t, "");
    while (p < end) {
        uint32_t cp[FOLD_CHAR_MAX];
        size_t n = fold_char(fold_next(&p, end), cp);
        for (size_t i = 0; i < n; i++) {
            put(&t, (const char *)&cp[i], sizeof cp[i]);
        }
    }
    return t;
}

static void
same_when_folded(transform *change)
{
    struct text file = read_file(NOTICE);
    struct text expected = dump_of(file.data, file.size, true);
    struct text other = changed(file.data, change, 0);
    struct text got = dump_of(other.data, other.size, true);
    struct text a = folded(expected.data);
    struct text b = folded(got.data);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    assert_string_not_equal(expected.data, got.data); /* the original is kept */
    free(file.data);
    free(expected.data);
    free(other.data);
    free(got.data);
    free(a.data);
    free(b.data);
}

static void
full_width_is_the_same(void **state)
{
    (void)state;
    same_when_folded(widen);
}

static void
compatibility_characters_are_the_same(void **state)
{
    (void)state;
    same_when_folded(compatible);
}

static void
web_page(struct text *out, const char *line, size_t bytes, unsigned width)
{
    (void)width;
    puts_to(out, "<p style=\"text-indent:2em\">&nbsp;&nbsp;<span lang=zh>");
    put(out, line, bytes);
    puts_to(out, "</span></p>\n");
}

static void
web_page_is_the_same(void **state)
{
    (void)state;
    struct text file = read_file(NOTICE);
    struct text expected = dump_of(file.data, file.size, true);
    struct text body = changed(file.data, web_page, 0);
    struct text page = {0};
    puts_to(&page, "<!DOCTYPE html><html><head><title>样例</title><style>p{}</style></head><body>");
    puts_to(&page, "<script>var a = '一、二、';</script><div>首页 &gt; 公告</div>");
    puts_to(&page, body.data);
    puts_to(&page, "</body></html>");
    struct text got = dump_of(page.data, page.size, true);
    assert_string_equal(expected.data, got.data);
    free(file.data);
    free(expected.data);
    free(body.data);
    free(page.data);
    free(got.data);
}

/* ---- run together ---- */

static bool
begins_with_ordinal(const char *line)
{
    static const char *const words[] = {"一是", "二是", "三是", "四是", "五是", "六是", "七是"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (strncmp(line, words[k], strlen(words[k])) == 0) {
            return true;
        }
    }
    return false;
}

/* The notice with the 一是… paragraphs of each problem in one. label: put before each. */
static struct text
run_in(const char *text, const char *label)
{
    struct text out = {0};
    bool in = false;
    puts_to(&out, "");
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        bool ordinal = begins_with_ordinal(p);
        if (!(ordinal && in) && out.size > 0) {
            puts_to(&out, "\n");
        }
        if (ordinal && !in) {
            puts_to(&out, label);
        }
        in = ordinal;
        put(&out, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n);
        p += n + (p[n] == '\n');
    }
    return out;
}

static const char *
line_of(const char *text, uint32_t number, size_t *ret_bytes)
{
    for (uint32_t k = 1; k < number; k++) {
        text += strcspn(text, "\n") + 1;
    }
    *ret_bytes = strcspn(text, "\n");
    return text;
}

static void
joined_measures_equal_the_paragraph(void **state)
{
    (void)state;
    static const char *const labels[] = {"", "整改情况：", "区委高度重视。"};
    struct text file = read_file(NOTICE);
    for (size_t v = 0; v < sizeof labels / sizeof labels[0]; v++) {
        struct text text = run_in(file.data, labels[v]);
        struct arena a;
        arena_init(&a, ARENA_BYTES);
        struct outline o = read_outline(&a, text.data, text.size);
        assert_int_equal(o.measure_count, 102);
        assert_int_equal(o.problem_count, 47);
        assert_int_equal(o.warning_count, 0);
        for (size_t i = 0; i < o.item_count; i++) {
            for (size_t j = 0; j < o.items[i].problem_count; j++) {
                const struct outline_problem *p = &o.items[i].problems[j];
                struct text joined = {0};
                for (size_t k = 0; k < p->measure_count; k++) {
                    puts_to(&joined, p->measures[k].text);
                    assert_int_equal(p->measures[k].paragraph, p->measures[0].paragraph);
                }
                size_t bytes = 0;
                const char *line = line_of(text.data, p->measures[0].line, &bytes);
                assert_int_equal(joined.size, bytes);
                assert_memory_equal(joined.data, line, bytes);
                free(joined.data);
            }
        }
        arena_release(&a);
        free(text.data);
    }
    free(file.data);
}

/* ---- one document for each variant ---- */

static int
is_case(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".txt") == 0;
}

static void
every_case_is_read_as_expected(void **state)
{
    (void)state;
    struct dirent **list = NULL;
    int count = scandir(CASES, &list, is_case, alphasort);
    assert_true(count >= CASES_MIN);
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", CASES, list[i]->d_name);
        struct text file = read_file(path);
        snprintf(path + strlen(path) - 4, 8, ".expect");
        struct text expected = read_file(path);
        struct text got = dump_of(file.data, file.size, true);
        if (strcmp(expected.data, got.data) != 0) {
            print_error("%s\n--- expected\n%s--- read\n%s", list[i]->d_name, expected.data,
                        got.data);
            wrong++;
        }
        free(file.data);
        free(expected.data);
        free(got.data);
        free(list[i]);
    }
    free(list);
    assert_int_equal(wrong, 0);
}

static void
nothing_says_why(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, ARENA_BYTES);
    static const char speech[] = "一、提高认识\n（一）要带头。一是学。二是改。\n二、压实责任\n";
    struct outline o = read_outline(&a, speech, strlen(speech));
    assert_int_equal(o.item_count, 0);
    assert_int_equal(o.warning_count, 1);
    assert_string_equal(o.warnings[0].code, "NO_OUTLINE");
    assert_non_null(strstr(o.warnings[0].message, "什么也没有导入"));
    assert_non_null(strstr(o.warnings[0].message, "一级标题2个"));
    arena_release(&a);
}

static void
small_arena_is_refused(void **state)
{
    (void)state;
    struct text file = read_file(NOTICE);
    size_t refused = 0;
    for (size_t cap = 1024; cap < 512 * 1024; cap += 4096) {
        struct arena a;
        arena_init(&a, cap);
        struct outline o;
        struct fault fault = {0};
        enum status st = outline_read_bytes(&a, file.data, file.size, &o, &fault);
        assert_true(st == STATUS_OK || st == STATUS_RESOURCE_EXHAUSTED);
        refused += st != STATUS_OK;
        arena_release(&a);
    }
    assert_true(refused > 10);
    free(file.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_notice_is_read_exactly),
        cmocka_unit_test(wrapped_at_characters),
        cmocka_unit_test(wrapped_with_indents),
        cmocka_unit_test(wrapped_at_columns),
        cmocka_unit_test(wrapped_with_blank_lines),
        cmocka_unit_test(full_width_is_the_same),
        cmocka_unit_test(compatibility_characters_are_the_same),
        cmocka_unit_test(web_page_is_the_same),
        cmocka_unit_test(joined_measures_equal_the_paragraph),
        cmocka_unit_test(every_case_is_read_as_expected),
        cmocka_unit_test(nothing_says_why),
        cmocka_unit_test(small_arena_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
