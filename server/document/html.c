/* The readable text of a web page. No parser of HTML: a scanner that knows tags that break lines,
 * elements whose content is no text, comments and entities. It never fails on bad markup; a "<"
 * that begins no tag is text. */
#include "server/document/fold.h"
#include "server/document/text.h"

#include <string.h>
#include <strings.h>
#include <utf8proc.h>

enum { TAG_MAX = 16 };

struct scan {
    const char *p, *end;
    char *out;
    size_t size;
    bool space;      /* white space waits to be written */
    bool line_break; /* that white space held a line break of the source */
    uint32_t last;   /* the last character written, 0 at the beginning of a line */
    int preformatted;
    bool bad_quotes, no_tags;
};

static bool
starts_with_nocase(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && strncasecmp(p, word, n) == 0;
}

bool
text_is_html(const char *text, size_t size)
{
    static const char *const heads[] = {"<!doctype html", "<html", "<head", "<body", "<?xml",
                                        "<meta",          "<div",  "<p>",   "<p ",   "<table",
                                        "<article",       "<span", "<!--"};
    const char *end = text + size;
    while (text < end && strchr(" \t\n", *text) != NULL) {
        text++;
    }
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (starts_with_nocase(text, end, heads[i])) {
            return true;
        }
    }
    return false;
}

static void
put_bytes(struct scan *s, const char *bytes, size_t n)
{
    memcpy(s->out + s->size, bytes, n);
    s->size += n;
}

/* Space between two pieces of text. A line break of the source between wide characters is none. */
static void
flush_space(struct scan *s, uint32_t next)
{
    if (s->space && s->last != 0) {
        bool wide = (s->last >= 0x2E80 || fold_pair(s->last) != 0) &&
                    (next >= 0x2E80 || fold_pair(next) != 0);
        if (!(s->line_break && wide)) {
            s->out[s->size++] = ' ';
        }
    }
    s->space = false;
    s->line_break = false;
}

static void
put_char(struct scan *s, uint32_t cp)
{
    if (cp == ' ' || cp == '\t' || cp == '\n') {
        if (s->preformatted > 0 && cp == '\n') {
            s->out[s->size++] = '\n';
            s->last = 0;
            return;
        }
        s->space = true;
        s->line_break = s->line_break || cp == '\n';
        return;
    }
    flush_space(s, cp);
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)cp, bytes);
    put_bytes(s, (const char *)bytes, (size_t)n);
    s->last = cp;
}

static void
put_line_end(struct scan *s)
{
    if (s->last != 0) {
        s->out[s->size++] = '\n';
    }
    s->last = 0;
    s->space = false;
    s->line_break = false;
}

static uint32_t
entity_named(const char *name, size_t n)
{
    static const struct {
        const char *name;
        uint32_t cp;
    } table[] = {
        {"nbsp", 0xA0},     {"lt", '<'},        {"gt", '>'},       {"amp", '&'},
        {"quot", '"'},      {"apos", '\''},     {"ldquo", 0x201C}, {"rdquo", 0x201D},
        {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"mdash", 0x2014}, {"ndash", 0x2013},
        {"hellip", 0x2026}, {"middot", 0xB7},   {"bull", 0x2022},  {"ensp", 0x2002},
        {"emsp", 0x2003},   {"thinsp", 0x2009}, {"times", 0xD7},   {"divide", 0xF7},
        {"laquo", 0xAB},    {"raquo", 0xBB},    {"lang", 0x3008},  {"rang", 0x3009},
        {"permil", 0x2030}, {"deg", 0xB0},      {"plusmn", 0xB1},  {"copy", 0xA9},
        {"reg", 0xAE},      {"shy", 0xAD},      {"zwnj", 0x200C},  {"zwj", 0x200D},
        {"lsaquo", 0x2039}, {"rsaquo", 0x203A}, {"yen", 0xA5},     {"sect", 0xA7},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0) {
            return table[i].cp;
        }
    }
    return 0;
}

static uint32_t
entity_number(const char *p, const char *end)
{
    uint32_t base = 10;
    uint32_t value = 0;
    if (p < end && (*p == 'x' || *p == 'X')) {
        base = 16;
        p++;
    }
    if (p == end) {
        return 0;
    }
    for (; p < end; p++) {
        uint32_t digit = *p >= '0' && *p <= '9'   ? (uint32_t)(*p - '0')
                         : *p >= 'a' && *p <= 'f' ? (uint32_t)(*p - 'a') + 10
                         : *p >= 'A' && *p <= 'F' ? (uint32_t)(*p - 'A') + 10
                                                  : 99;
        if (digit >= base || value > 0x10FFFF) {
            return 0;
        }
        value = value * base + digit;
    }
    return utf8proc_codepoint_valid((utf8proc_int32_t)value) && value >= 0x20 ? value : 0;
}

/* At "&": the character of a known entity, p moved behind it; else "&" itself. */
static void
take_entity(struct scan *s)
{
    const char *name = s->p + 1;
    const char *q = name;
    while (q < s->end && q - name < 10 && *q != ';' && *q != '<' && *q != '&' && *q != ' ') {
        q++;
    }
    uint32_t cp = 0;
    if (q < s->end && *q == ';') {
        cp = *name == '#' ? entity_number(name + 1, q) : entity_named(name, (size_t)(q - name));
    }
    if (cp == 0) {
        put_char(s, '&');
        s->p++;
        return;
    }
    put_char(s, cp);
    s->p = q + 1;
}

static bool
one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(name, *list) == 0) {
            return true;
        }
    }
    return false;
}

/* Behind the end tag of an element whose content is no text; the end of the page without one. */
static const char *
skip_content(const char *p, const char *end, const char *name)
{
    for (; p < end; p++) {
        if (*p == '<' && p + 1 < end && p[1] == '/' && starts_with_nocase(p + 2, end, name)) {
            const char *close = memchr(p, '>', (size_t)(end - p));
            return close == NULL ? end : close + 1;
        }
    }
    return end;
}

/* Behind the ">" of the tag that goes on at p; NULL without one. Quoted attributes may hold ">";
 * once a quote was found open to the end of the page, quotes are not looked at any more, and once
 * there was no ">" at all, no tag is looked for: so bad markup costs one pass, not one per "<". */
static const char *
tag_end(struct scan *s, const char *p)
{
    char quote = 0;
    for (const char *q = p; q < s->end && !s->bad_quotes; q++) {
        if (quote != 0) {
            quote = *q == quote ? 0 : quote;
        } else if (*q == '"' || *q == '\'') {
            quote = *q;
        } else if (*q == '>') {
            return q + 1;
        }
    }
    s->bad_quotes = true;
    const char *close = s->no_tags ? NULL : memchr(p, '>', (size_t)(s->end - p));
    s->no_tags = close == NULL;
    return close == NULL ? NULL : close + 1;
}

static void
take_tag(struct scan *s)
{
    static const char *const blocks[] = {
        "p",      "div",     "br",     "li",      "ul",    "ol",     "tr",     "table",
        "h1",     "h2",      "h3",     "h4",      "h5",    "h6",     "hr",     "section",
        "title",  "article", "header", "footer",  "main",  "nav",    "aside",  "dl",
        "dt",     "dd",      "pre",    "caption", "thead", "tbody",  "option", "blockquote",
        "center", "form",    "body",   "html",    "head",  "figure", "select", "button",
        "iframe", "address", NULL};
    static const char *const cells[] = {"td", "th", NULL};
    static const char *const silent[] = {"script",   "style", "noscript", "template",
                                         "textarea", "svg",   NULL};
    bool closing = s->p + 1 < s->end && s->p[1] == '/';
    const char *q = s->p + (closing ? 2 : 1);
    char name[TAG_MAX + 1];
    size_t n = 0;
    while (q < s->end && n < TAG_MAX) {
        char c = *q >= 'A' && *q <= 'Z' ? (char)(*q - 'A' + 'a') : *q;
        if (!((c >= 'a' && c <= 'z') || (n > 0 && c >= '0' && c <= '9'))) {
            break;
        }
        name[n++] = c;
        q++;
    }
    name[n] = '\0';
    const char *after = n == 0 ? NULL : tag_end(s, q);
    if (after == NULL) {
        put_char(s, '<');
        s->p++;
        return;
    }
    s->p = after;
    if (one_of(name, blocks)) {
        put_line_end(s);
        s->preformatted += strcmp(name, "pre") == 0 ? (closing ? -1 : 1) : 0;
    } else if (one_of(name, cells)) {
        s->space = true;
    } else if (!closing && one_of(name, silent) && after[-2] != '/') {
        s->p = skip_content(after, s->end, name);
    }
}

static void
take_markup(struct scan *s)
{
    if (starts_with_nocase(s->p, s->end, "<!--")) {
        const char *close = memmem(s->p + 4, (size_t)(s->end - s->p) - 4, "-->", 3);
        s->p = close == NULL ? s->end : close + 3;
    } else if (s->p + 1 < s->end && (s->p[1] == '!' || s->p[1] == '?')) {
        const char *close = memchr(s->p, '>', (size_t)(s->end - s->p));
        s->p = close == NULL ? s->end : close + 1;
    } else {
        take_tag(s);
    }
}

enum status
text_from_html(struct arena *arena, const char *html, size_t size, const char **ret_text,
               size_t *ret_size, struct fault *fault)
{
    /* Every step writes at most what it read: an entity ("&lt;") is longer than its character, a
     * tag longer than its line end, and a space is written for a space or a cell's tag. */
    struct scan s = {.p = html, .end = html + size, .out = arena_alloc(arena, size + 2)};
    if (s.out == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "TEXT_NO_MEMORY",
                         "文件内容太大，读不下。请拆成几份再上传。");
    }
    while (s.p < s.end) {
        if (*s.p == '<') {
            take_markup(&s);
        } else if (*s.p == '&') {
            take_entity(&s);
        } else {
            const unsigned char *p = (const unsigned char *)s.p;
            put_char(&s, fold_next(&p, (const unsigned char *)s.end));
            s.p = (const char *)p;
        }
    }
    s.out[s.size] = '\0';
    *ret_text = s.out;
    *ret_size = s.size;
    return STATUS_OK;
}
