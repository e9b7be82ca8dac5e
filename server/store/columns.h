/* Columns: rows of many calls as arrays, so that one statement inserts them all (unnest).
 *
 * A column grows in an arena as the literal of an array, or as plain bytes laid end to end. Bytes
 * go as one binary parameter with offsets beside it: an array of bytea would double them twice.
 */
#ifndef SERVER_STORE_COLUMNS_H
#define SERVER_STORE_COLUMNS_H

#include "proto/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: empty. */
struct column {
    char *data;
    size_t used;
    size_t capacity;
};

/* Each adds one element; false when the arena is exhausted. text NULL is SQL NULL; every text is
 * quoted, so outside text is safe. */
bool column_text(struct column *c, struct arena *a, const char *text);
bool column_int(struct column *c, struct arena *a, int64_t value);

/* Appends raw bytes; where they begin is c->used before the call. */
bool column_bytes(struct column *c, struct arena *a, const void *bytes, size_t size);

/* The finished literal ("{}" when empty); nothing may be added afterwards. NULL: exhausted. */
const char *column_literal(struct column *c, struct arena *a);

#endif
