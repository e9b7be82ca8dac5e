/* CSV: tables as text (RFC 4180), comma, semicolon or tab; the delimiter is found by itself.
 *
 * Reading accepts what spreadsheets write: a BOM, "sep=;" as first line, CRLF/LF/CR, quoted cells
 * with line breaks and doubled quotes, rows of unequal length. Cells keep their text; white space
 * around it is the caller's affair (csv_cell_trim).
 *
 * Formula guard, reversible: a cell whose first character is one of = + - @ TAB CR is written with
 * an apostrophe before it, so that no spreadsheet runs it; a cell that already begins with an
 * apostrophe gets one more. csv_cell_unguard takes exactly one apostrophe away where it stands
 * before such a character or another apostrophe. Reading with guard false never changes a cell.
 */
#ifndef SERVER_DOCUMENT_CSV_H
#define SERVER_DOCUMENT_CSV_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_ROWS_MAX ((size_t)40000)
#define CSV_COLUMNS_MAX ((size_t)256)
#define CSV_CELL_BYTES_MAX ((size_t)64 * 1024)

struct csv_cell {
    const char *text; /* NUL-terminated UTF-8 */
    uint32_t bytes;
};

struct csv_row {
    struct csv_cell *cells;
    size_t count;
    uint32_t line;   /* of the text, from 1, where the row begins */
    uint32_t record; /* the row's number as a spreadsheet shows it, blank rows counted */
};

struct csv_table {
    struct csv_row *rows; /* rows without any text are left out */
    size_t count;
    size_t columns; /* of the longest row */
    char delimiter; /* ',' ';' or '\t' */
};

/* Reads decoded text (text_decode). delimiter 0: found from the first rows. unguard: undo the
 * formula guard in every cell. Reasons: CSV_UNCLOSED_QUOTE, CSV_BAD_QUOTE (text after a closing
 * quote), CSV_TOO_LARGE, CSV_EMPTY, CSV_NO_MEMORY; messages name row and column. */
MUST_CHECK enum status csv_read(struct arena *arena, const char *text, size_t size, char delimiter,
                                bool unguard, struct csv_table *ret_table, struct fault *fault);

/* The same from the bytes of a file, through text_decode. */
MUST_CHECK enum status csv_read_bytes(struct arena *arena, const void *bytes, size_t size,
                                      bool unguard, struct csv_table *ret_table,
                                      struct fault *fault);

/* The cell's text without white space around it (U+3000 and no-break spaces too); "" beyond the
 * row's end. Points into the cell; *ret_bytes says how long. */
const char *csv_cell_trim(const struct csv_row *row, size_t column, size_t *ret_bytes);

/* Text without its guard apostrophe, if it has one. Points into text. */
const char *csv_cell_unguard(const char *text);

/* A writer that grows in an arena. failed becomes true when the arena is exhausted; then nothing
 * more is written and csv_writer_finish says so. */
struct csv_writer {
    struct arena *arena;
    char *data;
    size_t size;
    size_t capacity;
    char delimiter;
    bool row_begun;
    bool failed;
};

/* bom: begin with U+FEFF so that a spreadsheet reads UTF-8. */
void csv_writer_init(struct csv_writer *w, struct arena *arena, char delimiter, bool bom);

/* Appends one cell, guarded and quoted where needed. text NULL writes an empty cell. */
void csv_writer_cell(struct csv_writer *w, const char *text);

/* An integer, written bare (a negative one is no formula). */
void csv_writer_int(struct csv_writer *w, int64_t value);

/* Ends the row with CRLF. */
void csv_writer_end_row(struct csv_writer *w);

/* The text, NUL-terminated, in the arena. RESOURCE_EXHAUSTED / CSV_NO_MEMORY when it did not fit.
 */
MUST_CHECK enum status csv_writer_finish(struct csv_writer *w, const char **ret_text,
                                         size_t *ret_size, struct fault *fault);

#endif
