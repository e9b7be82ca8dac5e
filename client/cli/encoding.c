#include "client/cli/encoding.h"
#include "client/cli/encoding_table.h"

#include <stdbool.h>
#include <stdint.h>

enum { UTF8_BYTES_MAX = 4 };
#define SUPPLEMENTARY 0x10000U
#define CODE_POINT_MAX 0x10FFFFU

/* Each takes one character off s: how many bytes, 0 when they stand for none. */
typedef size_t (*take_fn)(const unsigned char *s, size_t n, uint32_t *ret_cp);

static bool
within(unsigned char byte, unsigned low, unsigned high)
{
    return byte >= low && byte <= high;
}

/* Four bytes, counted from 81308130; beyond the runs, from 90308130 on, one by one. */
static uint32_t
gb18030_four(const unsigned char *s)
{
    const uint32_t supplementary_first = 189000; /* 90308130 */
    uint32_t index =
        (((s[0] - 0x81U) * 10 + (s[1] - 0x30U)) * 126 + (s[2] - 0x81U)) * 10 + (s[3] - 0x30U);
    if (index >= supplementary_first) {
        uint32_t cp = SUPPLEMENTARY + index - supplementary_first;
        return cp <= CODE_POINT_MAX ? cp : 0;
    }
    unsigned low = 0;
    unsigned high = gb18030_run_count;
    while (high - low > 1) { /* the last run that begins at or before index */
        unsigned middle = low + (high - low) / 2;
        if (gb18030_runs[middle].first <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct gb18030_run *run = &gb18030_runs[low];
    uint32_t cp = run->cp != 0 && index >= run->first ? run->cp + index - run->first : 0;
    return cp < SUPPLEMENTARY ? cp : 0;
}

static size_t
gb18030_take(const unsigned char *s, size_t n, uint32_t *ret_cp)
{
    if (s[0] < 0x80) {
        *ret_cp = s[0];
        return 1;
    }
    if (n < 2 || !within(s[0], 0x81, 0xFE)) {
        return 0;
    }
    if (within(s[1], 0x40, 0xFE) && s[1] != 0x7F) {
        unsigned trail = s[1] - (s[1] < 0x7F ? 0x40U : 0x41U);
        *ret_cp = gb18030_two[(s[0] - 0x81U) * GB18030_TRAILS + trail];
        return *ret_cp != 0 ? 2 : 0;
    }
    if (n < 4 || !within(s[1], 0x30, 0x39) || !within(s[2], 0x81, 0xFE) ||
        !within(s[3], 0x30, 0x39)) {
        return 0;
    }
    *ret_cp = gb18030_four(s);
    return *ret_cp != 0 ? 4 : 0;
}

static size_t
utf16_take(const unsigned char *s, size_t n, unsigned high, uint32_t *ret_cp)
{
    if (n < 2) {
        return 0;
    }
    uint32_t unit = (uint32_t)s[high] << 8U | s[1 - high];
    if (unit < 0xD800 || unit > 0xDFFF) {
        *ret_cp = unit;
        return 2;
    }
    uint32_t second = n < 4 ? 0 : (uint32_t)s[2 + high] << 8U | s[3 - high];
    if (unit > 0xDBFF || second < 0xDC00 || second > 0xDFFF) {
        return 0;
    }
    *ret_cp = SUPPLEMENTARY + ((unit - 0xD800) << 10U) + (second - 0xDC00);
    return 4;
}

static size_t
utf16le_take(const unsigned char *s, size_t n, uint32_t *ret_cp)
{
    return utf16_take(s, n, 1, ret_cp);
}

static size_t
utf16be_take(const unsigned char *s, size_t n, uint32_t *ret_cp)
{
    return utf16_take(s, n, 0, ret_cp);
}

static size_t
utf8_put(uint32_t cp, char *out)
{
    static const unsigned char marks[UTF8_BYTES_MAX + 1] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < SUPPLEMENTARY ? 3 : 4;
    for (size_t i = n; i-- > 1; cp >>= 6U) {
        out[i] = (char)(0x80U | (cp & 0x3FU));
    }
    out[0] = (char)(n == 1 ? cp : marks[n] | cp);
    return n;
}

char *
encoding_to_utf8(struct arena *a, enum encoding encoding, const char *bytes, size_t n,
                 size_t *ret_bad)
{
    static const take_fn takes[] = {gb18030_take, utf16le_take, utf16be_take};
    const unsigned char *s = (const unsigned char *)bytes;
    char *text = arena_alloc(a, n * 2 + UTF8_BYTES_MAX + 1); /* two bytes give at most three */
    size_t used = 0;
    if (text == NULL) {
        *ret_bad = n;
        return NULL;
    }
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        size_t took = takes[encoding](s + i, n - i, &cp);
        if (took == 0) {
            *ret_bad = i;
            return NULL;
        }
        used += utf8_put(cp, text + used);
        i += took;
    }
    text[used] = '\0';
    return text;
}
