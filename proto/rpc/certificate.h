/* Certificates on a client: making a key and asking for a certificate of it, and reading what came.
 * The server's half is server/base/issuer.h. Any thread; only the file readers block.
 */
#ifndef PROTO_RPC_CERTIFICATE_H
#define PROTO_RPC_CERTIFICATE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stddef.h>
#include <stdint.h>

enum { CERTIFICATE_SHA256_HEX_SIZE = 65 };

/* Both in the arena; wipe the key when it is written. */
struct certificate_request {
    char *key_pem; /* P-256 private key */
    unsigned char *der;
    size_t n;
};

/* Makes a P-256 key and a PKCS#10 request signed by it. RESOURCE_EXHAUSTED, INTERNAL KEY_MAKE. */
MUST_CHECK enum status certificate_request_make(struct arena *a, struct certificate_request *ret,
                                                struct fault *f);

/* SHA-256 of the first certificate (DER) in PEM text, lower-case hex. INVALID_ARGUMENT
 * CERTIFICATE_FORM. */
MUST_CHECK enum status
certificate_sha256(const char *pem, char ret_hex[CERTIFICATE_SHA256_HEX_SIZE], struct fault *f);

/* When the first certificate in PEM text begins and ends, ms since 1970. INVALID_ARGUMENT
 * CERTIFICATE_FORM. */
MUST_CHECK enum status certificate_span_ms(const char *pem, int64_t *ret_from_ms,
                                           int64_t *ret_to_ms, struct fault *f);

/* OK when the first certificate in the text is of that key. INVALID_ARGUMENT CERTIFICATE_FORM,
 * CERTIFICATE_OTHER_KEY. */
MUST_CHECK enum status certificate_is_of(const char *pem, const char *key_pem, struct fault *f);

#endif
