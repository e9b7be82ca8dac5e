/* Text for people: display widths, cutting, and what must not reach a terminal. Pure. */
#ifndef CLIENT_CLI_TEXT_H
#define CLIENT_CLI_TEXT_H

#include "proto/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Columns a text takes on a terminal: 2 for a Chinese character, 0 for a combining mark or a
 * control character; bytes that are no UTF-8 count 1 each. */
size_t text_width(const char *s);

/* The longest beginning of s that fits into width columns, "…" behind it when something was cut
 * (the sign is within the width). In the arena; s itself when it fits. */
const char *text_clip(struct arena *a, const char *s, size_t width);

/* How many bytes of s fit into width columns; one character at least, whatever its width. */
size_t text_fit(const char *s, size_t width);

/* One line without control characters (line breaks become blanks), so that no text of somebody
 * else's can steer the terminal. NULL gives "". In the arena, or s itself when it is clean. */
const char *text_line(struct arena *a, const char *s);

/* The same, line breaks kept. */
const char *text_block(struct arena *a, const char *s);

/* Is s whole UTF-8? */
bool text_is_utf8(const char *s, size_t n);

/* How many single-character edits (insert, drop, replace, swap) part two words; 99 when either is
 * longer than 40 bytes. */
unsigned text_distance(const char *a, const char *b);

#endif
