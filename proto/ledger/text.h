/* Reading and writing the small text forms of the ledger (private to this folder). Pure. */
#ifndef PROTO_LEDGER_TEXT_H
#define PROTO_LEDGER_TEXT_H

#include "proto/ledger/key.h"
#include "proto/ledger/merkle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to read of a text. Every scan_ function moves at only when it returns true. */
struct scan {
    const char *at;
    const char *end;
};

/* Exactly this text. */
bool scan_literal(struct scan *s, const char *literal);

/* The characters up to the next blank or the end; at least one. */
bool scan_word(struct scan *s, const char **ret_word, size_t *ret_length);

/* A word of letters, digits, . _ - that fits into size with its NUL. */
bool scan_name(struct scan *s, char *ret_name, size_t size);

/* A decimal number up to INT64_MAX, without sign or leading zeros. */
bool scan_number(struct scan *s, uint64_t *ret_number);

/* 64 lower-case hex digits. */
bool scan_hash(struct scan *s, struct merkle_hash *ret_hash);

/* A word of base64 that decodes to exactly n bytes. */
bool scan_base64(struct scan *s, unsigned char *ret_bytes, size_t n);

/* letters, digits, . _ - and at least one of them, at most max. */
bool text_name_valid(const char *name, size_t max);

/* Canonical base64 with padding into at most capacity bytes. Stricter than libsodium's reader,
 * which takes some bytes above 0x7F for '/'. */
bool text_base64_decode(const char *text, size_t length, unsigned char *ret_bytes, size_t capacity,
                        size_t *ret_n);

/* 64 hex digits and NUL. */
void text_hash(const struct merkle_hash *hash, char ret_text[2 * MERKLE_HASH_BYTES + 1]);

#endif
