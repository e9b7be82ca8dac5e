/* The character 密 stands in every mark and is rare: each place where it stands, in any of the four
 * encodings, is looked at closely; everything else is passed over. */
#include "server/document/secret_scan.h"

#include "server/document/text.h"

#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum {
    BEFORE = 48, /* bytes of context on both sides of 密 */
    AFTER = 96,
    WINDOW_TEXT = 4 * (BEFORE + AFTER) + 8,
};

static const struct encoding {
    const char *iconv_name; /* NULL: it is UTF-8 already */
    unsigned char mi[3];
    unsigned char size;
    unsigned char unit; /* bytes of a character cell */
} encodings[] = {
    {NULL, {0xE5, 0xAF, 0x86}, 3, 1},
    {"UTF-16LE", {0xC6, 0x5B}, 2, 2},
    {"UTF-16BE", {0x5B, 0xC6}, 2, 2},
    {"GB18030", {0xC3, 0xDC}, 2, 2},
};
enum { ENCODINGS = sizeof encodings / sizeof encodings[0] };

void
secret_scan_init(struct secret_scan *s)
{
    *s = (struct secret_scan){.tail_size = 0};
}

/* Converts as much as goes, passing over what is no character. Returns bytes written. */
static size_t
to_utf8(iconv_t cd, const unsigned char *bytes, size_t size, char *out, size_t out_size)
{
    char *in = (char *)(uintptr_t)bytes;
    char *to = out;
    iconv(cd, NULL, NULL, NULL, NULL);
    while (size > 0 && iconv(cd, &in, &size, &to, &out_size) == (size_t)-1) {
        if (size == 0 || out_size < 4) {
            break;
        }
        in++;
        size--;
        if (out_size > 0) {
            *to++ = '|'; /* so that what stood apart does not meet */
            out_size--;
        }
    }
    return (size_t)(to - out);
}

/* The text around 密 at `at`. In a cell encoding the cells before it may start on either byte. */
static bool
marked_here(const struct encoding *e, iconv_t cd, const unsigned char *bytes, size_t size,
            size_t at)
{
    size_t before = at < BEFORE ? at : BEFORE;
    size_t end = size - at < AFTER ? size : at + AFTER;
    if (e->iconv_name == NULL) {
        return text_has_secret_mark((const char *)bytes + at - before, end - at + before);
    }
    before -= before % e->unit;
    for (size_t shift = 0; shift < e->unit && shift <= before; shift++) {
        char text[WINDOW_TEXT];
        size_t from = at - before + shift;
        size_t n = to_utf8(cd, bytes + from, end - from, text, sizeof text);
        if (text_has_secret_mark(text, n)) {
            return true;
        }
    }
    return false;
}

static bool
scan_encoding(const struct encoding *e, const unsigned char *bytes, size_t size)
{
    iconv_t cd = (iconv_t)-1;
    bool found = false;
    const unsigned char *p = bytes;
    while (!found && (p = memmem(p, size - (size_t)(p - bytes), e->mi, e->size)) != NULL) {
        if (e->iconv_name != NULL && cd == (iconv_t)-1) {
            cd = iconv_open("UTF-8", e->iconv_name);
            if (cd == (iconv_t)-1) {
                return false; /* libc without this table: the other encodings still count */
            }
        }
        found = marked_here(e, cd, bytes, size, (size_t)(p - bytes));
        p++;
    }
    if (cd != (iconv_t)-1) {
        iconv_close(cd);
    }
    return found;
}

static bool
scan_all(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < ENCODINGS; i++) {
        if (scan_encoding(&encodings[i], bytes, size)) {
            return true;
        }
    }
    return false;
}

bool
secret_scan_add(struct secret_scan *s, const void *bytes, size_t size)
{
    if (s->found || size == 0) {
        return s->found;
    }
    /* The seam: the end of the piece before with the beginning of this one. */
    unsigned char seam[2 * SECRET_TAIL_BYTES];
    size_t head = size < SECRET_TAIL_BYTES ? size : SECRET_TAIL_BYTES;
    memcpy(seam, s->tail, s->tail_size);
    memcpy(seam + s->tail_size, bytes, head);
    s->found = (s->tail_size > 0 && scan_all(seam, s->tail_size + head)) || scan_all(bytes, size);
    if (size >= SECRET_TAIL_BYTES) {
        memcpy(s->tail, (const unsigned char *)bytes + size - SECRET_TAIL_BYTES, SECRET_TAIL_BYTES);
        s->tail_size = SECRET_TAIL_BYTES;
    } else {
        size_t all = s->tail_size + head;
        size_t keep = all < SECRET_TAIL_BYTES ? all : SECRET_TAIL_BYTES;
        memcpy(s->tail, seam + all - keep, keep);
        s->tail_size = keep;
    }
    return s->found;
}

bool
secret_is_package(const void *bytes, size_t size)
{
    return size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* ---- packages ---- */

/* Ends of paragraphs, cells and shared strings: what follows is another text. */
static bool
ends_text(const char *tag, size_t size)
{
    static const char *const names[] = {"/w:p", "/si", "/a:p", "/text:p", "/c", "/row", "/w:tc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);
        if (size >= n && memcmp(tag, names[i], n) == 0 && (size == n || tag[n] == ' ')) {
            return true;
        }
    }
    return false;
}

/* The character of &#9733; or &#x2605;, as UTF-8 at out. Returns bytes written, 0 when it is none.
 */
static size_t
put_entity(const char *entity, size_t size, char *out)
{
    if (size < 3 || size > 9 || entity[0] != '#') {
        return 0;
    }
    char digits[12] = {0};
    bool hex = entity[1] == 'x' || entity[1] == 'X';
    memcpy(digits, entity + (hex ? 2 : 1), size - (hex ? 2 : 1));
    unsigned long c = strtoul(digits, NULL, hex ? 16 : 10);
    if (c < 0x80 || c > 0xFFFF) {
        return 0; /* no mark has such characters */
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3F));
    out[2] = (char)(0x80 | (c & 0x3F));
    return 3;
}

/* Takes the tags out in place; runs of one paragraph meet, paragraphs do not. */
static size_t
strip_tags(char *text, size_t size)
{
    size_t out = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '<') {
            const char *end = memchr(text + i, '>', size - i);
            size_t length = end == NULL ? size - i : (size_t)(end - (text + i));
            if (ends_text(text + i + 1, length == 0 ? 0 : length - 1)) {
                text[out++] = '\n';
            }
            i += length;
        } else if (text[i] == '&') {
            const char *end = memchr(text + i, ';', size - i < 12 ? size - i : 12);
            size_t length = end == NULL ? 0 : (size_t)(end - (text + i));
            size_t n = length < 2 ? 0 : put_entity(text + i + 1, length - 1, text + out);
            if (n == 0) {
                text[out++] = '&';
            } else {
                out += n;
                i += length;
            }
        } else {
            text[out++] = text[i];
        }
    }
    return out;
}

static bool
is_markup(const char *bytes, size_t size)
{
    size_t n = size < 256 ? size : 256;
    return n > 0 && memchr(bytes, '<', n) != NULL;
}

static enum secret_verdict
scan_part(zip_t *zip, zip_uint64_t index, size_t size)
{
    char *bytes = malloc(size + 1);
    zip_file_t *file = bytes == NULL ? NULL : zip_fopen_index(zip, index, 0);
    enum secret_verdict verdict = SECRET_UNREADABLE;
    if (file != NULL && zip_fread(file, bytes, size) == (zip_int64_t)size) {
        verdict = scan_all((unsigned char *)bytes, size) ? SECRET_FOUND : SECRET_NONE;
        if (verdict == SECRET_NONE && is_markup(bytes, size)) {
            size_t n = strip_tags(bytes, size);
            verdict = text_has_secret_mark(bytes, n) ? SECRET_FOUND : SECRET_NONE;
        }
    }
    if (file != NULL) {
        zip_fclose(file);
    }
    free(bytes);
    return verdict;
}

static enum secret_verdict
scan_entry(zip_t *zip, zip_uint64_t index, size_t *total)
{
    zip_stat_t st;
    zip_stat_init(&st);
    if (zip_stat_index(zip, index, 0, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0 ||
        (st.valid & ZIP_STAT_NAME) == 0) {
        return SECRET_UNREADABLE;
    }
    if (text_has_secret_mark(st.name, strlen(st.name))) {
        return SECRET_FOUND;
    }
    if (st.size == 0) {
        return SECRET_NONE;
    }
    bool encrypted =
        (st.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && st.encryption_method != ZIP_EM_NONE;
    if (encrypted || st.size > SECRET_ENTRY_BYTES_MAX ||
        *total + st.size > SECRET_TOTAL_BYTES_MAX) {
        return SECRET_UNREADABLE;
    }
    *total += st.size;
    return scan_part(zip, index, st.size);
}

static enum secret_verdict
scan_entries(zip_t *zip)
{
    zip_int64_t n = zip_get_num_entries(zip, 0);
    if (n < 0 || n > SECRET_ENTRIES_MAX) {
        return SECRET_UNREADABLE;
    }
    size_t total = 0;
    enum secret_verdict worst = SECRET_NONE;
    for (zip_int64_t i = 0; i < n; i++) {
        enum secret_verdict v = scan_entry(zip, (zip_uint64_t)i, &total);
        if (v == SECRET_FOUND) {
            return v;
        }
        worst = v == SECRET_UNREADABLE ? v : worst;
    }
    return worst;
}

enum secret_verdict
secret_scan_package(const void *bytes, size_t size)
{
    if (size > SECRET_PACKAGE_BYTES_MAX) {
        return SECRET_UNREADABLE;
    }
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &error);
    zip_t *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &error);
    zip_error_fini(&error);
    if (zip == NULL) {
        if (source != NULL) {
            zip_source_free(source);
        }
        return SECRET_UNREADABLE;
    }
    enum secret_verdict verdict = scan_entries(zip);
    zip_discard(zip);
    return verdict;
}
