#include "server/document/text.h"

#include "server/document/fold.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <utf8proc.h>

static enum status
no_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "TEXT_NO_MEMORY",
                     "文件内容太大，读不下。请拆成几份再上传。");
}

static bool
begins(const void *bytes, size_t size, const char *magic, size_t n)
{
    return size >= n && memcmp(bytes, magic, n) == 0;
}

/* Files that are known by their first bytes. */
static enum status
refuse_known(const void *bytes, size_t size, struct fault *fault)
{
    static const char *const images[] = {"\x89PNG", "\xFF\xD8\xFF", "GIF8", "II*\0", "MM\0*"};
    if (begins(bytes, size, "PK\x03\x04", 4) || begins(bytes, size, "PK\x05\x06", 4)) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_IS_OFFICE_PACKAGE",
                         "这是docx、xlsx或压缩包，不是纯文本。请在Word或WPS里“另存为”纯文本（.txt，"
                         "编码UTF-8），表格另存为CSV，再上传。");
    }
    if (begins(bytes, size, "\xD0\xCF\x11\xE0", 4)) {
        return fault_set(
            fault, STATUS_INVALID_ARGUMENT, "TEXT_IS_OLD_OFFICE",
            "这是旧版doc或xls文件，不是纯文本。请打开后“另存为”纯文本（.txt，编码UTF-8），"
            "表格另存为CSV，再上传。");
    }
    if (begins(bytes, size, "%PDF", 4)) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_IS_PDF",
                         "这是PDF文件，不能直接读取文字。请用原始的Word文件另存为纯文本（.txt），"
                         "或复制全文粘贴到文本文件后再上传。");
    }
    if (begins(bytes, size, "{\\rtf", 5)) {
        return fault_set(
            fault, STATUS_INVALID_ARGUMENT, "TEXT_IS_RTF",
            "这是RTF文件，不是纯文本。请打开后“另存为”纯文本（.txt，编码UTF-8），再上传。");
    }
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        if (begins(bytes, size, images[i], i < 2 ? (i == 0 ? 4 : 3) : 4)) {
            return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_IS_IMAGE",
                             "这是图片，不是文字。请上传文字稿（.txt，编码UTF-8）。");
        }
    }
    return STATUS_OK;
}

static bool
is_utf8(const unsigned char *p, size_t size)
{
    const unsigned char *end = p + size;
    while (p < end) {
        utf8proc_int32_t cp = 0;
        utf8proc_ssize_t n = utf8proc_iterate(p, end - p, &cp);
        if (n <= 0) {
            return false;
        }
        p += n;
    }
    return true;
}

static enum status
bad_encoding(struct fault *fault, size_t at)
{
    return fault_set(
        fault, STATUS_INVALID_ARGUMENT, "TEXT_BAD_ENCODING",
        "第%zu个字节处的内容既不是UTF-8也不是GB18030（GBK）编码的文字。请在记事本或WPS里打开，"
        "“另存为”时编码选UTF-8，再上传。",
        at + 1);
}

static enum status
convert(struct arena *arena, const char *from, const char *bytes, size_t size, char **ret_text,
        size_t *ret_size, struct fault *fault)
{
    iconv_t cd = iconv_open("UTF-8", from);
    if (cd == (iconv_t)-1) {
        return fault_set(fault, STATUS_INTERNAL, "TEXT_NO_CONVERTER",
                         "本机缺少%s编码的转换表。请把文件另存为UTF-8编码后再上传。", from);
    }
    size_t room = size * 2 + 4; /* GBK: 2 bytes to 3; UTF-16: 2 to 3, 4 to 4; GB18030: 4 to 4 */
    char *text = arena_alloc(arena, room + 1);
    if (text == NULL) {
        iconv_close(cd);
        return no_memory(fault);
    }
    char *in = (char *)(uintptr_t)bytes; /* iconv does not write to it */
    char *out = text;
    size_t left = size;
    size_t n = iconv(cd, &in, &left, &out, &room);
    iconv_close(cd);
    if (n == (size_t)-1 || left != 0) {
        return bad_encoding(fault, size - left);
    }
    *out = '\0';
    *ret_text = text;
    *ret_size = (size_t)(out - text);
    return STATUS_OK;
}

/* Bytes that no text holds: NUL and most controls. Also U+FFFE and friends never come this far. */
static enum status
refuse_controls(const char *text, size_t size, struct fault *fault)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool space = c >= '\t' && c <= '\r';
        if (c == 0 || (c < 0x20 && !space && c != 0x1A && c != 0x1C && c != 0x1F)) {
            return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_IS_BINARY",
                             "第%zu个字节处有不可见的控制字符，这不是文本文件。请上传纯文本"
                             "（.txt）或CSV文件，编码UTF-8或GBK。",
                             i + 1);
        }
    }
    return STATUS_OK;
}

/* Every kind of line break becomes \n, in place; returns the new size. */
static size_t
unify_breaks(char *text, size_t size)
{
    size_t out = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\r') {
            i += i + 1 < size && text[i + 1] == '\n';
            text[out++] = '\n';
        } else if (c == '\v' || c == '\f') {
            text[out++] = '\n';
        } else if (c == 0xC2 && i + 1 < size && (unsigned char)text[i + 1] == 0x85) {
            i += 1;
            text[out++] = '\n'; /* NEL */
        } else if (c == 0xE2 && i + 2 < size && (unsigned char)text[i + 1] == 0x80 &&
                   ((unsigned char)text[i + 2] == 0xA8 || (unsigned char)text[i + 2] == 0xA9)) {
            i += 2;
            text[out++] = '\n'; /* U+2028, U+2029 */
        } else {
            text[out++] = (char)c;
        }
    }
    text[out] = '\0';
    return out;
}

/* The encoding, and how many bytes of byte order mark it has. */
static enum text_encoding
detect(const unsigned char *bytes, size_t size, size_t *ret_bom)
{
    *ret_bom = 0;
    if (begins(bytes, size, "\xEF\xBB\xBF", 3)) {
        *ret_bom = 3;
        return TEXT_UTF8;
    }
    if (begins(bytes, size, "\xFF\xFE", 2)) {
        *ret_bom = 2;
        return TEXT_UTF16LE;
    }
    if (begins(bytes, size, "\xFE\xFF", 2)) {
        *ret_bom = 2;
        return TEXT_UTF16BE;
    }
    return is_utf8(bytes, size) ? TEXT_UTF8 : TEXT_GB18030;
}

enum status
text_decode(struct arena *arena, const void *bytes, size_t size, const char **ret_text,
            size_t *ret_size, enum text_encoding *ret_encoding, struct fault *fault)
{
    if (size > TEXT_DOCUMENT_BYTES_MAX) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_TOO_LARGE",
                         "文件有%zu字节，最多可以读%zu字节。请只保留正文，或拆成几份。", size,
                         TEXT_DOCUMENT_BYTES_MAX);
    }
    enum status st = refuse_known(bytes, size, fault);
    if (st != STATUS_OK) {
        return st;
    }
    size_t bom = 0;
    enum text_encoding encoding = detect(bytes, size, &bom);
    const char *from = (const char *)bytes + bom;
    char *text = NULL;
    size_t n = size - bom;
    if (encoding == TEXT_UTF8) {
        if (bom != 0 && !is_utf8((const unsigned char *)from, n)) {
            return bad_encoding(fault, bom);
        }
        text = arena_strndup(arena, from, n);
        st = text == NULL ? no_memory(fault) : STATUS_OK;
    } else {
        bool nul = encoding == TEXT_GB18030 && n != 0 && memchr(from, 0, n) != NULL;
        static const char *const names[] = {
            [TEXT_UTF16LE] = "UTF-16LE", [TEXT_UTF16BE] = "UTF-16BE", [TEXT_GB18030] = "GB18030"};
        st = nul ? refuse_controls(from, n, fault)
                 : convert(arena, names[encoding], from, n, &text, &n, fault);
    }
    if (st == STATUS_OK) {
        st = refuse_controls(text, n, fault);
    }
    if (st != STATUS_OK) {
        return st;
    }
    n = unify_breaks(text, n);
    if (strspn(text, " \t\n") == n) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_EMPTY",
                         "文件里没有文字。请确认上传的是写好的文件。");
    }
    *ret_text = text;
    *ret_size = n;
    *ret_encoding = encoding;
    return STATUS_OK;
}

static bool
is_blank(uint32_t cp)
{
    return cp == ' ' || cp == '\t' || cp == 0x00A0 || cp == 0x3000 || cp == 0xFEFF ||
           (cp >= 0x2000 && cp <= 0x200F) || cp == 0x202F || cp == 0x205F || cp == 0x2060 ||
           (cp < 0x20 && cp != '\n');
}

static uint32_t
columns_of(uint32_t cp)
{
    /* Quotation marks, dashes, ellipses and numbers in circles are wide in Chinese text. */
    bool wide = (cp >= 0x2014 && cp <= 0x2026) || (cp >= 0x2460 && cp <= 0x24FF) || cp == 0x00B7;
    return cp == '\t' ? 4 : wide ? 2 : (uint32_t)utf8proc_charwidth((utf8proc_int32_t)cp);
}

/* One line of [from, to): trimmed and measured. The byte at to becomes its end. */
static struct text_line
line_measure(char *text, size_t from, size_t to, uint32_t number)
{
    struct text_line line = {.number = number};
    const unsigned char *p = (const unsigned char *)text + from;
    const unsigned char *end = (const unsigned char *)text + to;
    const unsigned char *start = end;
    const unsigned char *stop = end;
    uint32_t columns = 0; /* so far, white space behind the last character included */
    uint32_t chars = 0;
    while (p < end) {
        const unsigned char *at = p;
        uint32_t cp = fold_next(&p, end);
        columns += columns_of(cp);
        chars++;
        if (is_blank(cp)) {
            line.indent += start == end ? columns_of(cp) : 0;
            columns = start == end ? 0 : columns;
            chars = start == end ? 0 : chars;
            continue;
        }
        start = start == end ? at : start;
        stop = p;
        line.columns = columns;
        line.chars = chars;
    }
    line.trail = columns - line.columns;
    size_t at = (size_t)(start - (const unsigned char *)text);
    line.text = text + at;
    line.bytes = start == end ? 0 : (uint32_t)(stop - start);
    text[at + line.bytes] = '\0';
    return line;
}

static enum status
cut_lines(struct arena *arena, char *text, size_t size, struct text_lines *ret_lines,
          struct fault *fault)
{
    size_t count = 1;
    for (size_t i = 0; i < size; i++) {
        count += text[i] == '\n';
    }
    if (count > TEXT_LINES_MAX) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_TOO_MANY_LINES",
                         "文件有%zu行，最多可以读%zu行。请拆成几份。", count, TEXT_LINES_MAX);
    }
    struct text_line *lines = arena_array(arena, count, sizeof *lines);
    if (lines == NULL) {
        return no_memory(fault);
    }
    size_t from = 0;
    size_t n = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && text[i] != '\n') {
            continue;
        }
        if (i - from > TEXT_LINE_BYTES_MAX) {
            return fault_set(fault, STATUS_INVALID_ARGUMENT, "TEXT_LINE_TOO_LONG",
                             "第%zu行有%zu字节，一行最多%zu字节。请检查文件里的换行。", n + 1,
                             i - from, TEXT_LINE_BYTES_MAX);
        }
        lines[n] = line_measure(text, from, i, (uint32_t)n + 1);
        n++;
        from = i + 1;
    }
    ret_lines->lines = lines;
    ret_lines->count = n;
    return STATUS_OK;
}

enum status
text_read_lines(struct arena *arena, const void *bytes, size_t size, struct text_lines *ret_lines,
                struct fault *fault)
{
    struct text_lines out = {0};
    const char *text = NULL;
    size_t n = 0;
    enum status st = text_decode(arena, bytes, size, &text, &n, &out.encoding, fault);
    if (st != STATUS_OK) {
        return st;
    }
    out.html = text_is_html(text, n);
    if (out.html) {
        st = text_from_html(arena, text, n, &text, &n, fault);
        if (st != STATUS_OK) {
            return st;
        }
    }
    /* Both ways the text is a copy of ours in the arena; it is cut in place. */
    st = cut_lines(arena, (char *)(uintptr_t)text, n, &out, fault);
    if (st == STATUS_OK) {
        *ret_lines = out;
    }
    return st;
}

/* ---- classification marks ---- */

static bool
is_star(uint32_t cp)
{
    return cp == 0x2605 || cp == 0x2606 || cp == 0x2B50 || cp == 0x272D || cp == 0x272F ||
           cp == 0x272A || cp == 0x2730 || cp == 0x1F31F;
}

/* Traditional and variant forms to the plain ones. */
static uint32_t
plain_secret(uint32_t cp)
{
    switch (cp) {
    case 0x7955: /* 祕 */
        return 0x79D8;
    case 0x6A5F: /* 機 */
        return 0x673A;
    case 0x7D55: /* 絕 */
        return 0x7EDD;
    default:
        return cp;
    }
}

/* The last characters that count, newest last. */
struct trail {
    uint32_t cp[4];
};

static void
trail_push(struct trail *t, uint32_t cp)
{
    memmove(t->cp, t->cp + 1, sizeof t->cp - sizeof t->cp[0]);
    t->cp[3] = cp;
}

/* 秘密, 机密 or 绝密 in the two places that end with index last. */
static bool
is_level(const struct trail *t, int last)
{
    uint32_t first = t->cp[last - 1];
    return t->cp[last] == 0x5BC6 && (first == 0x79D8 || first == 0x673A || first == 0x7EDD);
}

/* After 秘密*: digits mean a term (秘密*10年). */
static bool
trail_marks(const struct trail *t)
{
    bool after = is_level(t, 2) && is_star(t->cp[3]);
    bool term = is_level(t, 1) && t->cp[2] == '*' && fold_is_digit(t->cp[3]);
    bool before = is_star(t->cp[0]) && is_level(t, 2) && !fold_is_han(t->cp[3]);
    return after || term || before;
}

bool
text_has_secret_mark(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + size;
    struct trail t = {{0}};
    while (p < end) {
        uint32_t cp = fold_next(&p, end);
        bool line_end = cp == '\n' || cp == '\r' || cp == 0x2028 || cp == 0x2029;
        uint32_t out[FOLD_CHAR_MAX];
        size_t n = fold_char(cp, out);
        for (size_t i = 0; i < n; i++) {
            if (out[i] == ' ' && !line_end) {
                continue;
            }
            trail_push(&t, plain_secret(line_end ? '\n' : out[i]));
            if (trail_marks(&t)) {
                return true;
            }
        }
    }
    trail_push(&t, '\n');
    return trail_marks(&t);
}
