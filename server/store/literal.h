/* Array literals of PostgreSQL, for statements that take a list as one parameter ("= ANY ($2)").
 * Pure; the text lives in the arena. Every element is quoted, so outside text is safe in it. */
#ifndef SERVER_STORE_LITERAL_H
#define SERVER_STORE_LITERAL_H

#include "proto/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list of texts that grows in an arena. */
struct text_list {
    const char **items;
    size_t count;
    size_t capacity;
};

/* Adds a text (not copied). False when the arena is exhausted. */
bool text_list_add(struct text_list *list, struct arena *a, const char *text);

/* {"a","b\"c"} for text[] and uuid[]; "{}" for an empty list; NULL when the arena is exhausted. */
const char *text_list_literal(const struct text_list *list, struct arena *a);

/* {1,2} for bigint[]. */
const char *int_list_literal(const int64_t *items, size_t count, struct arena *a);

#endif
