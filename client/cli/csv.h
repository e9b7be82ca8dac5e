/* CSV: reading what people save from a spreadsheet, writing what a spreadsheet keeps intact.
 *
 * Reading takes UTF-8 (with or without BOM), UTF-16 with BOM and GB18030/GBK (what Excel in China
 * saves), commas, tabs or semicolons, quotes, CR, LF or CRLF. Writing is UTF-8 with CRLF.
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front; reading takes it
 * away again. No input or output; everything lives in the caller's arena.
 */
#ifndef CLIENT_CLI_CSV_H
#define CLIENT_CLI_CSV_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stddef.h>
#include <stdio.h>

enum { CSV_CELLS_MAX = 128, CSV_ROWS_MAX = 50000 };
#define CSV_FILE_BYTES ((size_t)16 * 1024 * 1024)
#define CSV_BOM "\xEF\xBB\xBF"

struct csv_row {
    unsigned line; /* of the file, from 1, where the row begins */
    size_t count;
    const char **cells; /* never NULL; blanks around the text are gone */
};

struct csv {
    char separator;
    size_t count;
    struct csv_row *rows;
};

/* Turns the bytes of a saved file into UTF-8 without BOM. INVALID_ARGUMENT CSV_ENCODING when they
 * are text in none of the encodings; RESOURCE_EXHAUSTED. */
MUST_CHECK enum status csv_decode(struct arena *a, const char *bytes, size_t n, char **ret_text,
                                  struct fault *f);

/* Parses UTF-8 text; rows without any text are left out. header: a word that must be a cell of some
 * row; it decides the separator, and rows before it are kept. INVALID_ARGUMENT CSV_HEADER (no such
 * row), CSV_QUOTE, CSV_WIDE, CSV_LONG; RESOURCE_EXHAUSTED. */
MUST_CHECK enum status csv_parse(struct arena *a, const char *text, const char *header,
                                 struct csv *ret_csv, struct fault *f);

/* Reads, decodes and parses a file; messages name it. Blocks. */
MUST_CHECK enum status csv_read(struct arena *a, const char *path, const char *header,
                                struct csv *ret_csv, struct fault *f);

/* The index of the row that holds the header word. It is there after csv_parse. */
size_t csv_header_row(const struct csv *csv, const char *header);

/* The index of a column by its title, or -1. */
int csv_column(const struct csv_row *header, const char *title);

/* The cell, "" beyond the row's end or for column -1. */
const char *csv_cell(const struct csv_row *row, int column);

/* Begins a file at that path: a spreadsheet knows UTF-8 by its mark (BOM). "-", the screen or a
 * pipe, gets none. */
void csv_begin(FILE *out, const char *path);

/* Writes one row, guarded and quoted where needed. Look at ferror afterwards. */
void csv_write_row(FILE *out, const char *const *cells, size_t count);

/* One cell's text with its guard, and without it. In the arena, or s itself. */
const char *csv_guard(struct arena *a, const char *s);
const char *csv_unguard(const char *s);

#endif
