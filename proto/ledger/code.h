/* One-time codes (开通码) as people read and type them: 24 characters of Crockford's base32 (120
 * random bits) and a check character, in groups of five: "7K3QX-…". Case, blanks and hyphens do not
 * matter, full-width letters and digits are taken, O is read as 0, I and L as 1; U is never used.
 * The check character is over GF(32): it catches every single wrong character and every two that
 * were swapped.
 *
 * Any thread; no state.
 */
#ifndef PROTO_LEDGER_CODE_H
#define PROTO_LEDGER_CODE_H

#include "proto/base/fault.h"

#include <stdbool.h>

enum {
    CODE_CHARS = 25,                                     /* the last one is the check */
    CODE_SIZE = CODE_CHARS + 1,                          /* plain, and NUL: what is hashed */
    CODE_TEXT_SIZE = CODE_CHARS + CODE_CHARS / 5 - 1 + 1 /* with hyphens, and NUL */
};

/* A new code with hyphens. */
void code_make(char ret_text[CODE_TEXT_SIZE]);

/* The plain form of what was typed. INVALID_ARGUMENT CODE_LENGTH, CODE_CHARACTER (says which),
 * CODE_CHECK (a slip: look again). ret_plain is untouched on failure. */
MUST_CHECK enum status code_read(const char *text, char ret_plain[CODE_SIZE], struct fault *f);

/* SHA-256 by which a code is kept: of its plain form, or of the text as it is when it is none (the
 * older form, base64url of 32 bytes). text may be NULL. */
void code_hash(const char *text, unsigned char ret_hash[32]);

#endif
