/* Notice text: a publication as lines of plain text, and back.
 *
 *     title                     the first line
 *     (blank)
 *     一、…                     a part's heading
 *     （一）…                   an item's heading
 *     1.关于“…”问题的整改       a problem's heading
 *     整改状态：…
 *     一是…                     what was done
 *     signer, day               at the end
 *
 * It is the outline that outline.h reads. Numbers are not part of a block's text: they follow from
 * the order (notice_number), so that what is taken out leaves no gap. Pure; any thread.
 */
#ifndef SERVER_DOCUMENT_NOTICE_TEXT_H
#define SERVER_DOCUMENT_NOTICE_TEXT_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/publication.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text being read or written: its title and its blocks. */
struct notice_text {
    const char *title;
    Pb__PublicationBlock **blocks;
    size_t count;
    uint32_t *lines; /* where each block stood in the file; only after notice_read */
    uint32_t title_line;
};

/* Gives every block its label. False when the arena is exhausted. */
bool notice_number(Pb__PublicationBlock *const *blocks, size_t count, struct arena *a);

/* The text as a file, UTF-8; labels are those of notice_number. RESOURCE_EXHAUSTED. */
MUST_CHECK enum status notice_write(const struct notice_text *text, struct arena *a,
                                    const char **ret_bytes, size_t *ret_size);

/* Reads a file as an editor left it; blank lines separate nothing. problems: "1." begins a problem
 * (else it is a paragraph). INVALID_ARGUMENT TITLE_LINE, LINE_TOO_LONG, NO_TEXT with the line, and
 * what text_read_lines refuses. */
MUST_CHECK enum status notice_read(const void *bytes, size_t size, bool problems, struct arena *a,
                                   struct notice_text *ret, struct fault *fault);

/* Lines a briefing takes on its page (31 characters each, the title two). */
int notice_paper_lines(const char *title, Pb__PublicationBlock *const *blocks, size_t count);

#endif
