/* clang-format off */
/* What a machine key signs for each command, so that years later, offline, anyone who holds the
 * machine's public key can tell that this machine asked for exactly this.
 *
 * Layout: the domain tag "rectify.v1.call\n" (16 bytes, bare), then these fields in order, each
 * as be32 length + bytes (an absent text is a field of length 0):
 *      1 tenant
 *      2 machine
 *      3 session
 *      4 on_behalf_of
 *      5 method
 *      6 idempotency_key
 *      7 has_expected_version   1 byte, 0 or 1
 *      8 expected_version       be64, two's complement; 0 when absent
 *      9 queued_at_ms           be64, two's complement
 *     10 client_version
 *     11 SHA-256 of the payload 32 bytes
 * digest = SHA-256(layout); signature = plain Ed25519 over the 26 bytes
 * "rectify.v1.call-signature\n" followed by the 32 bytes of the digest. (Plain, not Ed25519ph: a
 * stock Ed25519 verifier suffices.) The payload stands in the layout by its hash alone, so that the
 * event log, which keeps the hash and not the payload (a password may be in it), is enough to
 * verify every signature offline. Pure; any thread; no allocation.
 */
/* clang-format on */
#ifndef PROTO_LEDGER_SIGNING_H
#define PROTO_LEDGER_SIGNING_H

#include "proto/base/fault.h"
#include "proto/base/status.h"
#include "proto/ledger/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNING_LAYOUT_TAG "rectify.v1.call\n"
#define SIGNING_DIGEST_TAG "rectify.v1.call-signature\n"
enum { SIGNING_DIGEST_BYTES = 32 };

/* Borrowed pieces of a call; NULL text is the same as "". */
struct signed_call {
    const char *tenant;          /* code */
    const char *machine;         /* machine id */
    const char *session;         /* hex SHA-256 of the session token (secret_token_hash_hex), never
                                    the token: the server keeps only its hash */
    const char *on_behalf_of;    /* code of the unit acted for, X 代 Y */
    const char *method;          /* "rectify.v1.MeasureService/SignFor" */
    const char *idempotency_key; /* UUIDv7 */
    bool has_expected_version;
    int64_t expected_version;
    int64_t queued_at_ms; /* stated by the client */
    const char *client_version;
    const void *payload; /* exact bytes; NULL only with size 0 */
    size_t payload_size;
    /* 32 bytes: the payload's hash from the log, taken in place of payload and payload_size (which
     * are then not looked at). NULL: computed from them. */
    const unsigned char *payload_sha256;
};

/* SHA-256 of the layout. Asserts that every piece is below 4 GiB (the frame limit sees to it). */
void signing_bytes_digest(const struct signed_call *call,
                          unsigned char ret_digest[SIGNING_DIGEST_BYTES]);

void signing_sign(const struct signed_call *call, const struct ledger_key *key,
                  unsigned char ret_signature[LEDGER_SIGNATURE_BYTES]);

/* UNAUTHENTICATED CALL_SIGNATURE_BAD when the signature (any length, may be NULL) is not this
 * key's over this call; says also which lengths are wrong. */
MUST_CHECK enum status signing_verify(const struct signed_call *call,
                                      const struct ledger_public *key,
                                      const unsigned char *signature, size_t signature_size,
                                      struct fault *fault);

/* The same over a stored digest, for a verifier that holds the digest and not the call. */
MUST_CHECK enum status signing_verify_digest(const unsigned char digest[SIGNING_DIGEST_BYTES],
                                             const struct ledger_public *key,
                                             const unsigned char *signature, size_t signature_size,
                                             struct fault *fault);

#endif
