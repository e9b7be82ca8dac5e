#include "server/store/literal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
text_list_add(struct text_list *list, struct arena *a, const char *text)
{
    const char **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    if (slot == NULL) {
        return false;
    }
    *slot = text;
    list->count++;
    return true;
}

/* Bytes of one quoted element, its comma included. */
static size_t
quoted_size(const char *text)
{
    size_t n = 3;
    for (; *text != '\0'; text++) {
        n += *text == '"' || *text == '\\' ? 2 : 1;
    }
    return n;
}

static char *
put_quoted(char *out, const char *text)
{
    *out++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            *out++ = '\\';
        }
        *out++ = *text;
    }
    *out++ = '"';
    return out;
}

const char *
text_list_literal(const struct text_list *list, struct arena *a)
{
    size_t size = 3;
    for (size_t i = 0; i < list->count; i++) {
        size += quoted_size(list->items[i]);
    }
    char *text = arena_alloc(a, size);
    if (text == NULL) {
        return NULL;
    }
    char *out = text;
    *out++ = '{';
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) {
            *out++ = ',';
        }
        out = put_quoted(out, list->items[i]);
    }
    *out++ = '}';
    *out = '\0';
    return text;
}

const char *
int_list_literal(const int64_t *items, size_t count, struct arena *a)
{
    enum { DIGITS = 22 };
    size_t size = 3 + count * DIGITS;
    char *text = arena_alloc(a, size);
    if (text == NULL) {
        return NULL;
    }
    size_t used = (size_t)snprintf(text, size, "{");
    for (size_t i = 0; i < count; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%" PRId64, i > 0 ? "," : "", items[i]);
    }
    snprintf(text + used, size - used, "}");
    return text;
}
