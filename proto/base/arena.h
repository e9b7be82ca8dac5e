/* Arena: memory that is freed all at once, with a cap.
 *
 * One arena per request, batch or command-line run. Everything allocated from it is zeroed and
 * lives until arena_release. The cap bounds what a hostile message can make us allocate
 * (1 MiB of empty sub-messages unpacks to 92 MB without one). Not thread-safe: one owner.
 */
#ifndef PROTO_BASE_ARENA_H
#define PROTO_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes handed out, rounding included */
    size_t cap;                 /* never handed out beyond this */
};

/* An empty arena that will hand out at most cap bytes. Allocates nothing yet. */
void arena_init(struct arena *a, size_t cap);

/* Frees every block. Accepts a zeroed or released arena. */
void arena_release(struct arena *a);

/* size zeroed bytes aligned for any type, or NULL when the cap or memory is exhausted. size 0 gives
 * a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);

/* count * size zeroed bytes; NULL also when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A copy of n bytes with a NUL behind it, or NULL. */
char *arena_strndup(struct arena *a, const char *s, size_t n);

/* A copy of a NUL-terminated string, or NULL. s NULL gives NULL. */
char *arena_strdup(struct arena *a, const char *s);

/* Formats into the arena; NULL when exhausted. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with a va_list; ap is consumed. */
char *arena_vprintf(struct arena *a, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Room for one more element of a growing array in the arena: *items (of size bytes each, count of
 * them used, *capacity allocated) is moved to a larger place when full. Returns the address of
 * element count, or NULL when exhausted (the array is unchanged). */
void *arena_grow(struct arena *a, void **items, size_t count, size_t *capacity, size_t size);

#endif
