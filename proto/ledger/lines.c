#include "proto/ledger/lines.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 * 1024 };

void
line_reader_init(struct line_reader *r, struct ledger_reader in, size_t limit)
{
    *r = (struct line_reader){.in = in, .limit = limit};
}

void
line_reader_release(struct line_reader *r)
{
    free(r->buffer);
    *r = (struct line_reader){0};
}

/* Room behind end: moves the rest to the front, or doubles. */
static enum status
make_room(struct line_reader *r)
{
    if (r->start != 0) {
        memmove(r->buffer, r->buffer + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    if (r->end < r->capacity) {
        return STATUS_OK;
    }
    size_t wanted = r->capacity == 0 ? FIRST_CAPACITY : r->capacity * 2;
    char *bigger = realloc(r->buffer, wanted);
    if (bigger == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    r->buffer = bigger;
    r->capacity = wanted;
    return STATUS_OK;
}

static enum status
fill(struct line_reader *r)
{
    enum status s = make_room(r);
    if (s != STATUS_OK) {
        return s;
    }
    size_t n = 0;
    s = r->in.read(r->in.user, r->buffer + r->end, r->capacity - r->end, &n);
    if (s == STATUS_OK) {
        r->end += n;
        r->at_end = n == 0;
    }
    return s;
}

enum status
line_reader_next(struct line_reader *r, struct line *ret_line)
{
    size_t searched = 0; /* bytes from start known to hold no LF */
    for (;;) {
        size_t held = r->end - r->start;
        char *newline = held == searched
                            ? NULL
                            : memchr(r->buffer + r->start + searched, '\n', held - searched);
        size_t length = newline == NULL ? held : (size_t)(newline - (r->buffer + r->start));
        if (length >= r->limit) {
            r->number++;
            *ret_line = (struct line){.kind = LINE_LONG};
            return STATUS_OK;
        }
        if (newline != NULL) {
            *newline = '\0';
            *ret_line = (struct line){LINE_WHOLE, r->buffer + r->start, length};
            r->start += length + 1;
            r->number++;
            return STATUS_OK;
        }
        if (r->at_end) {
            r->number += held == 0 ? 0 : 1;
            *ret_line = (struct line){.kind = held == 0 ? LINE_NONE : LINE_PARTIAL};
            return STATUS_OK;
        }
        searched = held;
        enum status s = fill(r);
        if (s != STATUS_OK) {
            return s;
        }
    }
}
