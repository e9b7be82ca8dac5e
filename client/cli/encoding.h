/* Encodings that spreadsheets save in, to UTF-8: GB18030 (and GBK, GB2312, which it contains) and
 * UTF-16. With tables of its own: iconv finds no encodings in a static program, nor on machines
 * where its modules were left out. Pure.
 */
#ifndef CLIENT_CLI_ENCODING_H
#define CLIENT_CLI_ENCODING_H

#include "proto/base/arena.h"

#include <stddef.h>

enum encoding { ENCODING_GB18030, ENCODING_UTF16LE, ENCODING_UTF16BE };

/* The text in the arena, a NUL behind it; NULL when the arena is full or some bytes stand for no
 * character: *ret_bad is then where, n when it was the memory. */
char *encoding_to_utf8(struct arena *a, enum encoding encoding, const char *bytes, size_t n,
                       size_t *ret_bad);

#endif
