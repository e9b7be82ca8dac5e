/* clang-format off */
/* Ed25519 keys: the server's sealing key and the machines' signing keys, and the files they are in.
 *
 * A key file is three lines of text, mode 0600:
 *     rectify-key 1 ed25519
 *     seed <base64 of 32 bytes>
 *     public <base64 of 32 bytes>
 * The key id is the first 8 bytes of SHA-256(public key), as 16 hex digits: a name, no secret.
 * Any thread.
 */
/* clang-format on */
#ifndef PROTO_LEDGER_KEY_H
#define PROTO_LEDGER_KEY_H

#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    LEDGER_KEY_ID_SIZE = 17,      /* 16 hex digits and NUL */
    LEDGER_PUBLIC_BYTES = 32,     /* raw public key */
    LEDGER_PUBLIC_TEXT_SIZE = 45, /* base64 with padding, and NUL */
    LEDGER_SIGNATURE_BYTES = 64
};

struct ledger_public {
    unsigned char bytes[LEDGER_PUBLIC_BYTES];
    char key_id[LEDGER_KEY_ID_SIZE];
};

struct ledger_key {
    unsigned char secret[64]; /* libsodium's form: seed and public key */
    struct ledger_public public;
};

/* A new random key, or the key of a seed (a test's constant). Does not fail. */
void ledger_key_make(struct ledger_key *ret_key);
void ledger_key_from_seed(const unsigned char seed[32], struct ledger_key *ret_key);

/* Wipes the secret part. Accepts a zeroed key. */
void ledger_key_clear(struct ledger_key *key);

/* Makes a key and writes it to a new file with mode 0600, complete or not at all, synced.
 * ALREADY_EXISTS KEY_FILE_EXISTS when the path is taken; UNAVAILABLE KEY_FILE_WRITE. Blocks. */
MUST_CHECK enum status ledger_key_create(const char *path, struct ledger_key *ret_key,
                                         struct fault *fault);

/* Loads a key file; whatever secret_file_read refuses, and KEY_FILE_MALFORMED (INVALID_ARGUMENT),
 * also when the public key does not belong to the seed. Blocks. */
MUST_CHECK enum status ledger_key_load(const char *path, struct ledger_key *ret_key,
                                       struct fault *fault);

/* Fills the key id from 32 raw bytes. */
void ledger_public_from_bytes(const unsigned char bytes[LEDGER_PUBLIC_BYTES],
                              struct ledger_public *ret_public);

/* base64 (44 characters) of the public key, and back; the reader also takes 64 hex digits.
 * INVALID_ARGUMENT PUBLIC_KEY_MALFORMED. text may be NULL (malformed). */
void ledger_public_to_text(const struct ledger_public *key, char ret_text[LEDGER_PUBLIC_TEXT_SIZE]);
MUST_CHECK enum status ledger_public_from_text(const char *text, struct ledger_public *ret_public,
                                               struct fault *fault);

/* Plain Ed25519 (RFC 8032, detached) over a message; callers put a domain tag in front. */
void ledger_key_sign(const struct ledger_key *key, const void *message, size_t size,
                     unsigned char ret_signature[LEDGER_SIGNATURE_BYTES]);
bool ledger_public_verify(const struct ledger_public *key, const void *message, size_t size,
                          const unsigned char signature[LEDGER_SIGNATURE_BYTES]);

#endif
