/* Text: from the bytes of an uploaded document to clean lines of UTF-8.
 *
 * What offices send: UTF-8 with or without BOM, UTF-16 with BOM, GBK/GB18030, a web page saved from
 * a browser. What is refused, with a reason code and a sentence that says what to do: packed office
 * files (docx, xlsx), old .doc/.xls, PDF, pictures, anything with NUL bytes, undecodable bytes.
 * Pure: memory in, memory out; nothing blocks; any thread, one arena each.
 */
#ifndef SERVER_DOCUMENT_TEXT_H
#define SERVER_DOCUMENT_TEXT_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_DOCUMENT_BYTES_MAX ((size_t)4 * 1024 * 1024) /* bytes given to text_decode */
#define TEXT_LINE_BYTES_MAX ((size_t)256 * 1024)          /* one line, UTF-8 */
#define TEXT_LINES_MAX ((size_t)100000)                   /* lines of one document */

enum text_encoding {
    TEXT_UTF8,
    TEXT_UTF16LE,
    TEXT_UTF16BE,
    TEXT_GB18030,
};

/* One line. text is NUL-terminated UTF-8 without the line break and without white space around it
 * (U+3000, no-break and zero-width spaces included). */
struct text_line {
    const char *text;
    uint32_t bytes;   /* of text */
    uint32_t number;  /* in the document, from 1 */
    uint32_t indent;  /* columns of white space that stood before it (U+3000 counts two) */
    uint32_t trail;   /* columns of white space that stood behind it */
    uint32_t columns; /* of text: wide characters count two */
    uint32_t chars;   /* code points of text */
};

struct text_lines {
    struct text_line *lines; /* blank lines are kept: bytes == 0 */
    size_t count;
    enum text_encoding encoding;
    bool html; /* tags were stripped; line numbers count the lines of the stripped text */
};

/* Decodes into clean UTF-8 with \n line ends, NUL-terminated, in the arena. Reasons:
 * TEXT_EMPTY, TEXT_TOO_LARGE, TEXT_IS_OFFICE_PACKAGE, TEXT_IS_OLD_OFFICE, TEXT_IS_PDF,
 * TEXT_IS_IMAGE, TEXT_IS_BINARY, TEXT_BAD_ENCODING, TEXT_NO_MEMORY. CR, CRLF, NEL, U+2028, U+2029,
 * VT and FF become \n. HTML is not touched here. */
MUST_CHECK enum status text_decode(struct arena *arena, const void *bytes, size_t size,
                                   const char **ret_text, size_t *ret_size,
                                   enum text_encoding *ret_encoding, struct fault *fault);

/* True when decoded text is a web page (starts like one). */
bool text_is_html(const char *text, size_t size);

/* The readable text of a web page: block tags break lines, script, style and comments go, entities
 * are resolved, line breaks of the source between Chinese characters vanish. */
MUST_CHECK enum status text_from_html(struct arena *arena, const char *html, size_t size,
                                      const char **ret_text, size_t *ret_size, struct fault *fault);

/* Decodes, strips HTML where it is HTML, and cuts into lines. Also TEXT_TOO_MANY_LINES and
 * TEXT_LINE_TOO_LONG. Needs an arena of about eight times size. */
MUST_CHECK enum status text_read_lines(struct arena *arena, const void *bytes, size_t size,
                                       struct text_lines *ret_lines, struct fault *fault);

/* True when UTF-8 text bears a classification mark: 秘密★, 机密★, 绝密★ (or the star first), also
 * with spaces between, full-width or compatibility characters, traditional forms, or a plain
 * asterisk with a term ("秘密*10年"). Words alone (保密, 涉密文件, 国家秘密) do not count.
 * Stray bytes are skipped. */
bool text_has_secret_mark(const char *text, size_t size);

#endif
