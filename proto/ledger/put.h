/* Writing what is signed: fields one behind the other (private to this folder). Pure. */
#ifndef PROTO_LEDGER_PUT_H
#define PROTO_LEDGER_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Each writes at a place with enough room and returns the place behind. */
static inline unsigned char *
put_bytes(unsigned char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static inline unsigned char *
put_be(unsigned char *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
    }
    return at + bytes;
}

/* be32 length, then the text without NUL; at most max bytes of it. */
static inline unsigned char *
put_text(unsigned char *at, const char *text, size_t max)
{
    size_t n = strnlen(text, max);
    return put_bytes(put_be(at, n, 4), text, n);
}

#endif
