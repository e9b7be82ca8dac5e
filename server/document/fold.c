#include "server/document/fold.h"

#include <string.h>
#include <utf8proc.h>

enum { REPLACEMENT = 0xFFFD };

bool
fold_init(struct fold *f, struct arena *arena, size_t bytes)
{
    /* A character of one or two bytes folds to at most as many code points as the table below lets
     * through; three-byte ones (⑽) to four. Twice the bytes is enough for all of them. */
    size_t capacity = bytes * 2 + FOLD_CHAR_MAX + 1;
    *f = (struct fold){.capacity = capacity};
    f->cp = arena_array(arena, capacity, sizeof *f->cp);
    f->at = arena_array(arena, capacity, sizeof *f->at);
    return f->cp != NULL && f->at != NULL;
}

uint32_t
fold_next(const unsigned char **p, const unsigned char *end)
{
    utf8proc_int32_t cp = 0;
    utf8proc_ssize_t n = utf8proc_iterate(*p, end - *p, &cp);
    if (n <= 0) {
        *p += 1;
        return REPLACEMENT;
    }
    *p += n;
    return (uint32_t)cp;
}

static uint32_t
circled_number(uint32_t cp)
{
    static const struct {
        uint32_t first, last, number;
    } ranges[] = {
        {0x2460, 0x2473, 1}, {0x24F5, 0x24FE, 1},  {0x2776, 0x277F, 1},
        {0x2780, 0x2789, 1}, {0x278A, 0x2793, 1},  {0x3251, 0x325F, 21},
        {0x3280, 0x3289, 1}, {0x32B1, 0x32BF, 36}, {0x24EB, 0x24F4, 11},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last) {
            return cp - ranges[i].first + ranges[i].number;
        }
    }
    return 0;
}

static bool
is_zero_width(uint32_t cp)
{
    return cp == 0x00AD || (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2060 && cp <= 0x2064) || cp == 0xFEFF || (cp >= 0xFE00 && cp <= 0xFE0F);
}

size_t
fold_char(uint32_t cp, uint32_t out[FOLD_CHAR_MAX])
{
    out[0] = cp;
    bool plain = (cp > 0x20 && cp < 0x7F) || (cp >= 0x4E00 && cp <= 0x9FFF);
    if (plain || cp == 0x2026) { /* NFKC would make … three full stops */
        return 1;
    }
    if (cp <= 0x20 || cp == 0x7F || cp == 0x85) {
        out[0] = ' ';
        return 1;
    }
    if (is_zero_width(cp)) {
        return 0;
    }
    uint32_t number = circled_number(cp);
    if (number != 0) {
        out[0] = FOLD_CIRCLED + number;
        return 1;
    }
    if (cp >= FOLD_CIRCLED) {
        out[0] = REPLACEMENT;
        return 1;
    }
    utf8proc_int32_t buffer[FOLD_CHAR_MAX + 1];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(
        (utf8proc_int32_t)cp, buffer, FOLD_CHAR_MAX,
        (utf8proc_option_t)(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE), &boundary);
    if (n <= 0 || n > FOLD_CHAR_MAX || (n > 2 && cp < 0x800)) {
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        out[i] = (uint32_t)buffer[i];
    }
    return (size_t)n;
}

void
fold_text(struct fold *f, const char *text, size_t bytes)
{
    const unsigned char *start = (const unsigned char *)text;
    const unsigned char *end = start + bytes;
    const unsigned char *p = start;
    f->n = 0;
    while (p < end && f->n + FOLD_CHAR_MAX < f->capacity) {
        uint32_t at = (uint32_t)(p - start);
        uint32_t out[FOLD_CHAR_MAX];
        size_t n = fold_char(fold_next(&p, end), out);
        for (size_t i = 0; i < n; i++) {
            f->cp[f->n] = out[i];
            f->at[f->n] = at;
            f->n++;
        }
    }
    f->at[f->n] = (uint32_t)bytes;
}

bool
fold_starts(const struct fold *f, size_t i, const char *word, size_t *ret_next)
{
    const unsigned char *p = (const unsigned char *)word;
    const unsigned char *end = p + strlen(word);
    while (p < end) {
        if (i >= f->n || f->cp[i] != fold_next(&p, end)) {
            return false;
        }
        i++;
    }
    if (ret_next != NULL) {
        *ret_next = i;
    }
    return true;
}

bool
fold_has(const struct fold *f, size_t from, size_t to, const char *word)
{
    for (size_t i = from; i < to; i++) {
        size_t next = 0;
        if (fold_starts(f, i, word, &next) && next <= to) {
            return true;
        }
    }
    return false;
}

size_t
fold_skip_space(const struct fold *f, size_t i)
{
    while (i < f->n && f->cp[i] == ' ') {
        i++;
    }
    return i;
}

bool
fold_is_digit(uint32_t cp)
{
    return cp >= '0' && cp <= '9';
}

bool
fold_is_han(uint32_t cp)
{
    return (cp >= 0x3400 && cp <= 0x9FFF) || cp == 0x3007 || (cp >= 0x20000 && cp <= 0x3FFFF);
}

int
fold_pair(uint32_t cp)
{
    switch (cp) {
    case 0x201C: /* “ */
    case 0x201E: /* „ */
    case 0x301D: /* 〝 */
        return 1;
    case 0x201D: /* ” */
    case 0x301E: /* 〞 */
    case 0x301F:
        return -1;
    case 0x2018: /* ‘ */
        return 2;
    case 0x2019: /* ’ */
        return -2;
    case 0x300C: /* 「 */
        return 3;
    case 0x300D:
        return -3;
    case 0x300E: /* 『 */
        return 4;
    case 0x300F:
        return -4;
    case 0x300A: /* 《 */
        return 5;
    case 0x300B:
        return -5;
    case 0x3008: /* 〈 */
    case '<':
        return 6;
    case 0x3009:
    case '>':
        return -6;
    case '(':
        return 7;
    case ')':
        return -7;
    case 0x3010: /* 【 */
        return 8;
    case 0x3011:
        return -8;
    case 0x3014: /* 〔 */
        return 9;
    case 0x3015:
        return -9;
    case '[':
        return 10;
    case ']':
        return -10;
    case '"':
        return FOLD_STRAIGHT;
    default:
        return 0;
    }
}

bool
fold_is_quote(uint32_t cp)
{
    int pair = fold_pair(cp);
    return pair == FOLD_STRAIGHT || (pair != 0 && pair >= -4 && pair <= 4) || cp == '\'';
}

bool
fold_is_sentence_end(uint32_t cp)
{
    return cp == 0x3002 || cp == '!' || cp == '?' || cp == 0x2026;
}

uint32_t
fold_at(const struct fold *f, size_t i)
{
    return i < f->n ? f->cp[i] : 0;
}

int
fold_numeral(uint32_t cp)
{
    static const struct {
        uint32_t cp;
        int value;
    } table[] = {
        {0x3007, 0}, {0x96F6, 0}, {0x4E00, 1},  {0x58F9, 1},  {0x4E8C, 2},   {0x8D30, 2},
        {0x4E09, 3}, {0x53C1, 3}, {0x56DB, 4},  {0x8086, 4},  {0x4E94, 5},   {0x4F0D, 5},
        {0x516D, 6}, {0x9646, 6}, {0x4E03, 7},  {0x67D2, 7},  {0x516B, 8},   {0x634C, 8},
        {0x4E5D, 9}, {0x7396, 9}, {0x5341, 10}, {0x62FE, 10}, {0x767E, 100},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].cp == cp) {
            return table[i].value;
        }
    }
    return -1;
}
