/* Split: measures run into one paragraph, cut before each marker. Private to server/document. */
#ifndef SERVER_DOCUMENT_SPLIT_H
#define SERVER_DOCUMENT_SPLIT_H

#include "server/document/marker.h"

enum { SPLIT_MAX = 64 };

struct split_part {
    size_t from; /* index into the fold; the first part begins at the paragraph's body */
    enum mark mark;
    uint32_t no; /* of its marker, 0 without one */
};

/* Cuts the paragraph text folded in f from index body on. next: the marker the next paragraph of
 * the same problem begins with (mark MARK_NONE: none). match: scratch of f->n entries. Returns the
 * number of parts, at least 1. Rules stand in split.c. */
size_t split_paragraph(const struct fold *f, size_t body, struct marker next, uint32_t *match,
                       struct split_part parts[SPLIT_MAX]);

#endif
