/* Reading a text line by line through a ledger_reader, in bounded memory (private to this folder).
 */
#ifndef PROTO_LEDGER_LINES_H
#define PROTO_LEDGER_LINES_H

#include "proto/ledger/export.h"

struct line_reader {
    struct ledger_reader in;
    char *buffer;
    size_t capacity;
    size_t limit; /* of one line, LF included */
    size_t start; /* of what is not yet handed out */
    size_t end;
    uint64_t number; /* of the line handed out last, from 1 */
    bool at_end;
};

enum line_kind {
    LINE_WHOLE,
    LINE_NONE,    /* the end, right behind an LF */
    LINE_PARTIAL, /* the end, with no LF behind the last bytes */
    LINE_LONG     /* beyond the limit */
};

struct line {
    enum line_kind kind;
    char *text; /* NUL in the place of the LF; good until the next call */
    size_t length;
};

void line_reader_init(struct line_reader *r, struct ledger_reader in, size_t limit);
void line_reader_release(struct line_reader *r);

/* The next line. What the reader returns, or RESOURCE_EXHAUSTED. */
MUST_CHECK enum status line_reader_next(struct line_reader *r, struct line *ret_line);

#endif
