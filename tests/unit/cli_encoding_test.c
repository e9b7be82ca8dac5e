/* Encodings of saved tables: every character, there and back through this machine's iconv, and what
 * stands for none. */
#include "client/cli/encoding.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 64 };
#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

static size_t
convert(const char *to, const char *from, const char *in, size_t n, char *out)
{
    char copy[ROOM];
    char *source = copy;
    char *target = out;
    size_t left = ROOM - 1;
    memcpy(copy, in, n);
    iconv_t cd = iconv_open(to, from);
    assert_true(cd != (iconv_t)-1);
    size_t got = iconv(cd, &source, &n, &target, &left);
    iconv_close(cd);
    return got == (size_t)-1 ? 0 : (size_t)(target - out);
}

static void
same_as_iconv(enum encoding encoding, const char *name, uint32_t first, uint32_t last)
{
    struct arena a;
    unsigned checked = 0;
    arena_init(&a, ARENA_BYTES);
    for (uint32_t cp = first; cp <= last; cp += cp < 0x3000 || cp > 0xE000 ? 1 : 7) {
        char utf8[ROOM] = "";
        char saved[ROOM];
        size_t bad = 0;
        size_t n = convert("UTF-8", "UTF-32LE", (const char *)&cp, sizeof cp, utf8);
        size_t m = n == 0 ? 0 : convert(name, "UTF-8", utf8, n, saved);
        if (m == 0) {
            continue;
        }
        const char *text = encoding_to_utf8(&a, encoding, saved, m, &bad);
        assert_non_null(text);
        if (strcmp(text, utf8) != 0) {
            fail_msg("%s: U+%04X gives %s, not %s", name, (unsigned)cp, text, utf8);
        }
        checked++;
        arena_release(&a);
        arena_init(&a, ARENA_BYTES);
    }
    assert_true(checked > 1000);
    arena_release(&a);
}

static void
whole_plane(void **state)
{
    (void)state;
    same_as_iconv(ENCODING_GB18030, "GB18030", 1, 0xD7FF);
    same_as_iconv(ENCODING_GB18030, "GB18030", 0xE000, 0x10FFF);
    same_as_iconv(ENCODING_UTF16LE, "UTF-16LE", 1, 0x2FFF);
    same_as_iconv(ENCODING_UTF16BE, "UTF-16BE", 0xF000, 0x10FFF);
}

static void
stands_for_none(void **state)
{
    static const struct {
        enum encoding encoding;
        const char *bytes;
        size_t n;
        size_t bad;
    } cases[] = {
        {ENCODING_GB18030, "ab\xFF", 3, 2},
        {ENCODING_GB18030, "\xD6", 1, 0},             /* half a character */
        {ENCODING_GB18030, "\xD6\x20", 2, 0},         /* no trail byte */
        {ENCODING_GB18030, "\x81\x30\x81", 3, 0},     /* three of four */
        {ENCODING_GB18030, "\xFE\x39\xFE\x39", 4, 0}, /* beyond U+10FFFF */
        {ENCODING_UTF16LE, "a", 1, 0},
        {ENCODING_UTF16LE, "\x00\xDC\x00\xD8", 4, 0}, /* surrogates the wrong way round */
        {ENCODING_UTF16BE, "\xD8\x00", 2, 0},
    };
    struct arena a;
    (void)state;
    arena_init(&a, ARENA_BYTES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t bad = 99;
        assert_null(encoding_to_utf8(&a, cases[i].encoding, cases[i].bytes, cases[i].n, &bad));
        assert_int_equal(bad, cases[i].bad);
    }
    arena_release(&a);
    size_t bad = 0;
    struct arena none = {.cap = 1};
    assert_null(encoding_to_utf8(&none, ENCODING_GB18030, "abc", 3, &bad));
    assert_int_equal(bad, 3); /* memory */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_plane),
        cmocka_unit_test(stands_for_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
