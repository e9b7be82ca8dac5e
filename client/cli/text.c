#include "client/cli/text.h"

#include <string.h>
#include <utf8proc.h>

/* The next character; at a bad byte cp is -1 and one byte is taken. */
static size_t
next(const char *s, size_t n, utf8proc_int32_t *cp)
{
    utf8proc_ssize_t took = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, cp);
    if (took <= 0) {
        *cp = -1;
        return 1;
    }
    return (size_t)took;
}

static size_t
width_of(utf8proc_int32_t cp)
{
    if (cp < 0) {
        return 1;
    }
    if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0)) {
        return 0;
    }
    return (size_t)utf8proc_charwidth(cp);
}

size_t
text_width(const char *s)
{
    size_t width = 0;
    size_t n = strlen(s);
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t cp = 0;
        i += next(s + i, n - i, &cp);
        width += width_of(cp);
    }
    return width;
}

const char *
text_clip(struct arena *a, const char *s, size_t width)
{
    if (text_width(s) <= width) {
        return s;
    }
    size_t used = 0;
    size_t n = strlen(s);
    size_t i = 0;
    while (i < n) {
        utf8proc_int32_t cp = 0;
        size_t took = next(s + i, n - i, &cp);
        if (used + width_of(cp) + 1 > width) {
            break;
        }
        used += width_of(cp);
        i += took;
    }
    const char *cut = arena_printf(a, "%.*s…", (int)i, s);
    return cut != NULL ? cut : "";
}

size_t
text_fit(const char *s, size_t width)
{
    size_t n = strlen(s);
    size_t used = 0;
    size_t i = 0;
    while (i < n) {
        utf8proc_int32_t cp = 0;
        size_t took = next(s + i, n - i, &cp);
        if (i > 0 && used + width_of(cp) > width) {
            break;
        }
        used += width_of(cp);
        i += took;
    }
    return i;
}

/* Control characters, and the marks that turn the reading direction around. */
static bool
is_unsafe(utf8proc_int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static const char *
clean(struct arena *a, const char *s, bool keep_breaks)
{
    if (s == NULL) {
        return "";
    }
    size_t n = strlen(s);
    char *out = arena_alloc(a, n + 1);
    size_t used = 0;
    if (out == NULL) {
        return "";
    }
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t cp = 0;
        size_t took = next(s + i, n - i, &cp);
        if (s[i] == '\n' && keep_breaks) {
            out[used++] = '\n';
        } else if (s[i] == '\n' || s[i] == '\t') {
            out[used++] = ' ';
        } else if (cp >= 0 && !is_unsafe(cp)) {
            memcpy(out + used, s + i, took);
            used += took;
        } else if (cp < 0) {
            out[used++] = '?';
        }
        i += took;
    }
    out[used] = '\0';
    return out;
}

const char *
text_line(struct arena *a, const char *s)
{
    return clean(a, s, false);
}

const char *
text_block(struct arena *a, const char *s)
{
    return clean(a, s, true);
}

bool
text_is_utf8(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t cp = 0;
        i += next(s + i, n - i, &cp);
        if (cp < 0) {
            return false;
        }
    }
    return true;
}

static unsigned
least(unsigned x, unsigned y)
{
    return x < y ? x : y;
}

unsigned
text_distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    unsigned d[MAX + 1][MAX + 1];
    size_t n = strlen(a);
    size_t m = strlen(b);
    if (n > MAX || m > MAX) {
        return 99;
    }
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            d[i][j] = least(replace, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[n][m];
}
