/* The outline reader on the forms such notices are published in: tests/data/outline/variants holds
 * a document NAME.txt of invented wording for each, and in NAME.json what a careful reader takes
 * from it (items, problems, measures, and which warnings are due), written by hand. The same must
 * be read from the same document in other dress: other line ends, indents, blank lines, GB18030,
 * a web page. */
#include "server/document/outline.h"

#include <dirent.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES SOURCE_DIR "/tests/data/outline/variants"

enum { ARENA_BYTES = 32 * 1024 * 1024, CASES_MIN = 90, CODES_MAX = 64 };

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
read_file(const char *name, const char *suffix)
{
    char path[512];
    char buffer[65536];
    struct text t = {0};
    snprintf(path, sizeof path, "%s/%s%s", CASES, name, suffix);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("cannot open %s", path);
    }
    for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) {
        put(&t, buffer, n);
    }
    fclose(f);
    return t;
}

static void
put_string(struct text *t, const char *s)
{
    puts_to(t, "\"");
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\') {
            puts_to(t, "\\");
        }
        put(t, s, 1);
    }
    puts_to(t, "\"");
}

static int
compare_codes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each code once, in order. */
static void
put_warnings(struct text *t, const struct outline *o)
{
    const char *codes[CODES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < o->warning_count && n < CODES_MAX; i++) {
        assert_true(strlen(o->warnings[i].message) > 10);
        codes[n++] = o->warnings[i].code;
    }
    qsort(codes, n, sizeof codes[0], compare_codes);
    puts_to(t, "],\n\"warnings\":[");
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(codes[i], codes[i - 1]) != 0) {
            puts_to(t, i == 0 ? "" : ",");
            put_string(t, codes[i]);
        }
    }
    puts_to(t, "]}\n");
}

static void
put_no(struct text *t, const char *before, uint32_t no)
{
    char number[16];
    snprintf(number, sizeof number, "%u", no);
    puts_to(t, before);
    puts_to(t, number);
}

/* The form of the .json files. */
static struct text
dump(const struct outline *o)
{
    struct text t = {0};
    puts_to(&t, "{\"items\":[");
    for (size_t i = 0; i < o->item_count; i++) {
        const struct outline_item *item = &o->items[i];
        put_no(&t, i == 0 ? "\n{\"no\":" : ",\n{\"no\":", item->no);
        puts_to(&t, ",\"title\":");
        put_string(&t, item->title);
        puts_to(&t, ",\"problems\":[");
        for (size_t j = 0; j < item->problem_count; j++) {
            const struct outline_problem *p = &item->problems[j];
            put_no(&t, j == 0 ? "\n  {\"no\":" : ",\n  {\"no\":", p->no);
            puts_to(&t, ",\"title\":");
            put_string(&t, p->title);
            puts_to(&t, ",\"measures\":[");
            for (size_t k = 0; k < p->measure_count; k++) {
                put_no(&t, k == 0 ? "\n    {\"no\":" : ",\n    {\"no\":", p->measures[k].no);
                puts_to(&t, ",\"text\":");
                put_string(&t, p->measures[k].text);
                puts_to(&t, "}");
            }
            puts_to(&t, "]}");
        }
        puts_to(&t, "]}");
    }
    put_warnings(&t, o);
    return t;
}

static struct text
dump_of(const struct text *document)
{
    struct arena a;
    struct outline o = {0};
    struct fault fault = {0};
    arena_init(&a, ARENA_BYTES);
    if (outline_read_bytes(&a, document->data, document->size, &o, &fault) != STATUS_OK) {
        fail_msg("%s: %s", fault.reason, fault.message);
    }
    struct text t = dump(&o);
    arena_release(&a);
    return t;
}

/* ---- dresses ---- */

struct dress {
    const char *name, *head, *before, *after, *tail;
};

static struct text
dressed(const struct text *document, const struct dress *d)
{
    struct text out = {0};
    puts_to(&out, d->head);
    for (const char *p = document->data; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        puts_to(&out, d->before);
        put(&out, p, n);
        puts_to(&out, d->after);
        p += n + (p[n] == '\n');
    }
    puts_to(&out, d->tail);
    return out;
}

static struct text
in_gb18030(const struct text *document)
{
    struct text out = {.capacity = document->size * 2 + 1};
    out.data = malloc(out.capacity);
    assert_non_null(out.data);
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    assert_true(cd != (iconv_t)-1);
    char *from = document->data;
    size_t left = document->size;
    char *to = out.data;
    size_t room = out.capacity - 1;
    assert_int_not_equal(iconv(cd, &from, &left, &to, &room), (size_t)-1);
    iconv_close(cd);
    out.size = (size_t)(to - out.data);
    *to = '\0';
    return out;
}

/* ---- the real notice, printed: its 一是… run together as ①…, lines broken, pages numbered ---- */

static size_t
char_bytes(const char *p)
{
    unsigned char c = (unsigned char)*p;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* 0: the line does not begin with 一是 to 九是. */
static unsigned
ordinal(const char *line)
{
    static const char *const words[] = {"一是", "二是", "三是", "四是", "五是",
                                        "六是", "七是", "八是", "九是"};
    for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (strncmp(line, words[k], strlen(words[k])) == 0) {
            return k + 1;
        }
    }
    return 0;
}

static void
put_circled(struct text *t, const char *line, size_t bytes)
{
    unsigned no = ordinal(line);
    if (no != 0) {
        char circle[] = {(char)0xE2, (char)0x91, (char)(0x9F + no), '\0'}; /* U+2460 is ① */
        puts_to(t, circle);
    }
    size_t skip = no == 0 ? 0 : strlen("一是");
    put(t, line + skip, bytes - skip);
}

/* The measures of a problem in one paragraph. */
static struct text
circled(const struct text *notice, bool together)
{
    struct text out = {0};
    unsigned before = 0;
    for (const char *p = notice->data; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        unsigned no = ordinal(p);
        if (out.size > 0 && !(together && no > 1 && before != 0)) {
            puts_to(&out, "\n");
        }
        put_circled(&out, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n);
        before = no;
        p += n + (p[n] == '\n');
    }
    puts_to(&out, "\n");
    return out;
}

static void
end_line(struct text *out, unsigned *lines)
{
    char foot[64];
    puts_to(out, "\n");
    if (++*lines % 25 == 0) {
        snprintf(foot, sizeof foot, "\n— %u —\n\n样例页眉\n", *lines / 25);
        puts_to(out, foot);
    }
}

static struct text
printed(const struct text *document, unsigned width)
{
    struct text out = {0};
    unsigned column = 0;
    unsigned lines = 0;
    for (const char *p = document->data; *p != '\0'; p += char_bytes(p)) {
        if (*p == '\n' || column == width) {
            end_line(&out, &lines);
            column = 0;
        }
        if (*p != '\n') {
            put(&out, p, char_bytes(p));
            column++;
        }
    }
    return out;
}

/* ---- tests ---- */

static int
is_case(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".txt") == 0;
}

typedef void visit(const char *name, const struct text *document, const struct text *expected,
                   int *wrong);

static int
every_case(visit *look)
{
    struct dirent **list = NULL;
    int count = scandir(CASES, &list, is_case, alphasort);
    int wrong = 0;
    assert_true(count >= CASES_MIN);
    for (int i = 0; i < count; i++) {
        list[i]->d_name[strlen(list[i]->d_name) - 4] = '\0';
        struct text document = read_file(list[i]->d_name, ".txt");
        struct text expected = read_file(list[i]->d_name, ".json");
        look(list[i]->d_name, &document, &expected, &wrong);
        free(document.data);
        free(expected.data);
        free(list[i]);
    }
    free(list);
    return wrong;
}

static void
compare(const char *name, const char *dress, const struct text *document,
        const struct text *expected, int *wrong)
{
    struct text got = dump_of(document);
    if (strcmp(expected->data, got.data) != 0) {
        print_error("%s%s\n--- expected\n%s--- read\n%s", name, dress, expected->data, got.data);
        (*wrong)++;
    }
    free(got.data);
}

static void
look_plain(const char *name, const struct text *document, const struct text *expected, int *wrong)
{
    compare(name, "", document, expected, wrong);
}

static void
look_dressed(const char *name, const struct text *document, const struct text *expected, int *wrong)
{
    static const struct dress dresses[] = {
        {" with CRLF", "", "", "\r\n", ""},
        {" indented", "", "　　", "\n", ""},
        {" with spaces", "\xEF\xBB\xBF", "\xC2\xA0\xC2\xA0", "  \n", ""},
        {" with blank lines", "", "", "\n\n", ""},
        {" as a web page", "<html><head><title>样例</title></head><body>\n", "<p>&nbsp;<span>",
         "</span></p>\n", "</body></html>\n"},
    };
    bool wrapped = strstr(name, "broken-") != NULL || strstr(name, "page-headers") != NULL;
    for (size_t k = 0; k < sizeof dresses / sizeof dresses[0] && !wrapped; k++) {
        struct text other = dressed(document, &dresses[k]);
        compare(name, dresses[k].name, &other, expected, wrong);
        free(other.data);
    }
    struct text gb = in_gb18030(document);
    compare(name, " in GB18030", &gb, expected, wrong);
    free(gb.data);
}

static void
every_variant_is_read_as_expected(void **state)
{
    (void)state;
    assert_int_equal(every_case(look_plain), 0);
}

static void
every_variant_is_the_same_in_other_dress(void **state)
{
    (void)state;
    assert_int_equal(every_case(look_dressed), 0);
}

static void
printed_pages_are_read_to_the_letter(void **state)
{
    (void)state;
    struct text notice = read_file("../../../../deploy/sample/notice-2020-04-27", ".txt");
    struct text apart = circled(&notice, false);
    struct text together = circled(&notice, true);
    struct text expected = dump_of(&apart);
    int wrong = 0;
    assert_non_null(strstr(expected.data, "\"no\":47,"));
    assert_non_null(strstr(expected.data, "\"text\":\"②"));
    for (unsigned width = 18; width <= 48; width++) {
        struct text paper = printed(&together, width);
        struct text got = dump_of(&paper);
        if (strcmp(expected.data, got.data) != 0) {
            print_error("width %u differs\n", width);
            wrong++;
        }
        free(paper.data);
        free(got.data);
    }
    assert_int_equal(wrong, 0);
    free(notice.data);
    free(apart.data);
    free(together.data);
    free(expected.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_is_read_as_expected),
        cmocka_unit_test(every_variant_is_the_same_in_other_dress),
        cmocka_unit_test(printed_pages_are_read_to_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
