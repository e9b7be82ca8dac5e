/* Secret scan: does a file bear a classification mark (秘密★, 机密★, 绝密★)?
 *
 * Bytes are looked at as UTF-8, UTF-16 (both orders) and GB18030, wherever the text stands in the
 * file: plain text, web pages, old .doc and .xls. Packed office files (docx, xlsx, pptx, odt, any
 * zip) are opened and the text of their parts is read, tags taken out. Within caps: what cannot be
 * opened is not waved through. What stands inside a picture or a compressed PDF is not found.
 */
#ifndef SERVER_DOCUMENT_SECRET_SCAN_H
#define SERVER_DOCUMENT_SECRET_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_TAIL_BYTES = 192 };

/* Bounds of a package. */
#define SECRET_PACKAGE_BYTES_MAX ((size_t)32 * 1024 * 1024) /* a package that is opened */
#define SECRET_ENTRY_BYTES_MAX ((size_t)32 * 1024 * 1024)   /* one part, unpacked */
#define SECRET_TOTAL_BYTES_MAX ((size_t)128 * 1024 * 1024)  /* all parts, unpacked */
#define SECRET_ENTRIES_MAX 4096

enum secret_verdict {
    SECRET_NONE = 0,
    SECRET_FOUND,
    SECRET_UNREADABLE, /* a package that is broken, encrypted or beyond the bounds */
};

/* A scan of bytes that come in pieces. A value; nothing to free. */
struct secret_scan {
    unsigned char tail[SECRET_TAIL_BYTES]; /* the end of the piece before */
    size_t tail_size;
    bool found;
};

void secret_scan_init(struct secret_scan *s);
/* Looks at the next piece; true once a mark was found. Marks across two pieces are found too. */
bool secret_scan_add(struct secret_scan *s, const void *bytes, size_t size);

/* True when the bytes begin like a zip package. */
bool secret_is_package(const void *bytes, size_t size);

/* Opens a package in memory and looks at the names and texts of its parts. Allocates and frees by
 * itself, at most SECRET_ENTRY_BYTES_MAX at a time. */
enum secret_verdict secret_scan_package(const void *bytes, size_t size);

#endif
