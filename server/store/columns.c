#include "server/store/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BYTES = 256, NUMBER_BYTES = 22 };

/* Room for so many more bytes and the end of a literal. */
static bool
reserve(struct column *c, struct arena *a, size_t more)
{
    size_t need = c->used + more + 2;
    if (need <= c->capacity) {
        return true;
    }
    size_t capacity = c->capacity == 0 ? FIRST_BYTES : c->capacity * 2;
    if (capacity < need) {
        capacity = need;
    }
    char *data = arena_alloc(a, capacity);
    if (data == NULL) {
        return false;
    }
    if (c->used != 0) {
        memcpy(data, c->data, c->used);
    }
    c->data = data;
    c->capacity = capacity;
    return true;
}

static void
put(struct column *c, char byte)
{
    c->data[c->used++] = byte;
}

bool
column_text(struct column *c, struct arena *a, const char *text)
{
    size_t length = text == NULL ? 4 : strlen(text);
    if (!reserve(c, a, 2 * length + 3)) {
        return false;
    }
    put(c, c->used == 0 ? '{' : ',');
    if (text == NULL) {
        memcpy(c->data + c->used, "NULL", 4);
        c->used += 4;
        return true;
    }
    put(c, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            put(c, '\\');
        }
        put(c, *text);
    }
    put(c, '"');
    return true;
}

bool
column_int(struct column *c, struct arena *a, int64_t value)
{
    if (!reserve(c, a, NUMBER_BYTES + 1)) {
        return false;
    }
    put(c, c->used == 0 ? '{' : ',');
    c->used += (size_t)snprintf(c->data + c->used, NUMBER_BYTES, "%" PRId64, value);
    return true;
}

bool
column_bytes(struct column *c, struct arena *a, const void *bytes, size_t size)
{
    if (!reserve(c, a, size)) {
        return false;
    }
    if (size != 0) {
        memcpy(c->data + c->used, bytes, size);
        c->used += size;
    }
    return true;
}

const char *
column_literal(struct column *c, struct arena *a)
{
    if (!reserve(c, a, 1)) {
        return NULL;
    }
    if (c->used == 0) {
        put(c, '{');
    }
    put(c, '}');
    c->data[c->used] = '\0';
    return c->data;
}
