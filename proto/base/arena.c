#include "proto/base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 4096, ALIGNMENT = alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

void
arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){.cap = cap};
}

void
arena_release(struct arena *a)
{
    struct arena_block *b = a->blocks;
    while (b != NULL) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
    *a = (struct arena){.cap = a->cap};
}

static struct arena_block *
block_add(struct arena *a, size_t need)
{
    /* Each block doubles the last, so a large request costs few mallocs; the cap bounds the sum. */
    size_t size = a->blocks == NULL ? BLOCK_MIN : a->blocks->size * 2;
    if (size > a->cap) {
        size = a->cap;
    }
    if (size < need) {
        size = need;
    }
    struct arena_block *b = calloc(1, sizeof *b + size);
    if (b == NULL) {
        return NULL;
    }
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    if (size > a->cap) {
        return NULL;
    }
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > a->cap - a->used) {
        return NULL;
    }
    struct arena_block *b = a->blocks;
    if (b == NULL || b->size - b->used < rounded) {
        b = block_add(a, rounded);
        if (b == NULL) {
            return NULL;
        }
    }
    void *p = b->data + b->used;
    b->used += rounded;
    a->used += rounded;
    return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return arena_alloc(a, count * size);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
    if (n == SIZE_MAX) {
        return NULL;
    }
    char *copy = arena_alloc(a, n + 1);
    if (copy != NULL && n != 0) {
        memcpy(copy, s, n);
    }
    return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
    return s == NULL ? NULL : arena_strndup(a, s, strlen(s));
}

char *
arena_vprintf(struct arena *a, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    char *text = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)n + 1, format, again);
    }
    va_end(again);
    return text;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = arena_vprintf(a, format, ap);
    va_end(ap);
    return text;
}

void *
arena_grow(struct arena *a, void **items, size_t count, size_t *capacity, size_t size)
{
    if (count == *capacity) {
        size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
        void *bigger = arena_array(a, wanted, size);
        if (bigger == NULL) {
            return NULL;
        }
        if (count != 0) {
            memcpy(bigger, *items, count * size);
        }
        *items = bigger;
        *capacity = wanted;
    }
    return (unsigned char *)*items + count * size;
}
