/* Workbooks (xlsx) to print, as all of ours look: a title, a line about it with 非涉密, column
 * titles that repeat on every page, ruled and wrapped cells with their heights set, since a reader
 * that measures fonts otherwise shows one line. For the files of server/document that fill one.
 */
#ifndef SERVER_DOCUMENT_BOOK_H
#define SERVER_DOCUMENT_BOOK_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stdbool.h>
#include <stddef.h>

struct lxw_workbook;
struct lxw_worksheet;
struct lxw_format;

/* 非涉密系统，严禁存储、处理、传输国家秘密 */
extern const char book_banner_zh[];

/* A column's width in characters of the body font; its text is wrapped. */
struct book_column {
    const char *title;
    double width;
};

struct book {
    struct lxw_workbook *workbook;
    struct arena *arena;
    struct lxw_format *title;
    struct lxw_format *about;
    struct lxw_format *head;
    struct lxw_format *text;
    struct lxw_format *centre;
    struct lxw_format *warn;
    bool failed; /* out of memory, or something could not be written */
};

struct book_sheet {
    const char *name; /* of its tab */
    const char *title;
    const char *about; /* NULL marks the sheet's workbook as failed, as title does */
    const struct book_column *columns;
    size_t count;
    int frozen; /* columns that stay in sight */
};

/* A finished workbook, in the arena. */
struct book_bytes {
    unsigned char *data;
    size_t size;
};

/* Makes a workbook of that title: fill adds its sheets. The same content gives the same bytes.
 * Blocks on a file in memory. RESOURCE_EXHAUSTED BOOK_TOO_LARGE; UNAVAILABLE BOOK_WRITE. */
MUST_CHECK enum status book_write(const char *title, void (*fill)(struct book *b, void *ctx),
                                  void *ctx, struct arena *a, struct book_bytes *ret,
                                  struct fault *fault);

/* A sheet with its head; NULL when it failed. */
struct lxw_worksheet *book_sheet_add(struct book *b, const struct book_sheet *sheet);

/* One row beneath the head, from 0; texts stay texts: nothing that begins with "=" becomes a
 * formula. A NULL cell marks the workbook as failed. formats: one a cell. */
void book_row_write(struct book *b, struct lxw_worksheet *to, const struct book_sheet *sheet,
                    size_t index, const char *const *cells, struct lxw_format *const *formats);

/* At most what a cell holds; "" for NULL. */
const char *book_fit(struct book *b, const char *text);

#endif
