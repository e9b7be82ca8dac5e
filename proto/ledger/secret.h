/* Small helpers on libsodium that everyone uses: random bytes, passwords, tokens, comparison,
 * text forms of bytes, and reading files that hold secrets.
 *
 * Any thread. Text results live in the caller's arena. It keeps no secrets and no state but
 * libsodium's own, which each function sets up on first use (a failure there aborts: a machine
 * without a random source must not run).
 */
#ifndef PROTO_LEDGER_SECRET_H
#define PROTO_LEDGER_SECRET_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SECRET_TOKEN_TEXT_SIZE = 44, /* base64url of 32 bytes without padding, and NUL */
    SECRET_HASH_BYTES = 32,
    SECRET_HASH_HEX_SIZE = 65
};

/* n bytes from the system's random source. */
void secret_random(void *buf, size_t n);

/* What an argon2id hash costs. NULL where one is asked for means the values of limits.h. */
struct secret_cost {
    unsigned long long ops;
    size_t memory_bytes;
};

/* The "$argon2id$…" text to store, in the arena. INVALID_ARGUMENT PASSWORD_EMPTY or
 * PASSWORD_TOO_LONG; RESOURCE_EXHAUSTED when the memory cannot be had. Slow on purpose (~0.1 s):
 * never call it from a transport callback. */
MUST_CHECK enum status secret_password_hash(struct arena *arena, const char *password,
                                            const struct secret_cost *cost, char **ret_hash,
                                            struct fault *fault);

/* OK, or UNAUTHENTICATED PASSWORD_WRONG. hash NULL (no such account) costs as much as a real one
 * and is always wrong, so that time does not tell which accounts exist. */
MUST_CHECK enum status secret_password_verify(const char *hash, const char *password,
                                              const struct secret_cost *cost, struct fault *fault);

/* True when a stored hash was made at another cost and should be replaced at the next login. */
bool secret_password_outdated(const char *hash, const struct secret_cost *cost);

/* A new token: 32 random bytes as base64url. Hand it out once; store only its hash. */
void secret_token_make(char ret_text[SECRET_TOKEN_TEXT_SIZE]);

/* SHA-256 of a token's text, as bytes and as lower-case hex. token may be NULL (as ""). */
void secret_token_hash(const char *token, unsigned char ret_hash[SECRET_HASH_BYTES]);
void secret_token_hash_hex(const char *token, char ret_hex[SECRET_HASH_HEX_SIZE]);

/* SHA-256 of any bytes. */
void secret_sha256(const void *data, size_t n, unsigned char ret_hash[SECRET_HASH_BYTES]);

/* Equality in time that depends on n only. */
bool secret_equal(const void *a, const void *b, size_t n);

/* Overwrites n bytes in a way the compiler keeps. */
void secret_wipe(void *buf, size_t n);

/* Lower-case hex and standard base64 with padding, in the arena; NULL when it is exhausted. */
char *secret_hex_encode(struct arena *arena, const void *data, size_t n);
char *secret_base64_encode(struct arena *arena, const void *data, size_t n);

/* Strict readers: only the canonical text is taken (lower-case hex; base64 with padding, no blanks,
 * no stray bits). INVALID_ARGUMENT otherwise, RESOURCE_EXHAUSTED when the arena is. */
MUST_CHECK enum status secret_hex_decode(struct arena *arena, const char *text, size_t length,
                                         unsigned char **ret_data, size_t *ret_n);
MUST_CHECK enum status secret_base64_decode(struct arena *arena, const char *text, size_t length,
                                            unsigned char **ret_data, size_t *ret_n);

/* Reads a small file that holds a secret, with a NUL behind it, into the arena. Refuses, with
 * FAILED_PRECONDITION: SECRET_FILE_EXPOSED (group or others may touch it), SECRET_FILE_OWNER (owned
 * by a stranger), SECRET_FILE_KIND (no regular file), SECRET_FILE_SIZE (empty, or beyond
 * LIMIT_SECRET_FILE_BYTES); NOT_FOUND SECRET_FILE_MISSING; UNAVAILABLE SECRET_FILE_READ. Blocks. */
MUST_CHECK enum status secret_file_read(const char *path, struct arena *arena, char **ret_text,
                                        size_t *ret_n, struct fault *fault);

#endif
