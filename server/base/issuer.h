/* Issuer: gives certificates to machines, from requests for keys the machines made themselves.
 *
 * The authority that signs them (机器证书机构) is one of its own: it is trusted for clients alone,
 * so a stolen issuing key never impersonates the server. Whom a certificate is made out to is the
 * caller's decision; the request's own subject is ignored. Any thread, after issuer_open; nothing
 * but that blocks.
 */
#ifndef SERVER_BASE_ISSUER_H
#define SERVER_BASE_ISSUER_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stddef.h>
#include <stdint.h>

struct issuer;

enum {
    ISSUER_CSR_BYTES = 4096,
    ISSUER_BACKDATED_DAYS = 30, /* clocks of units' machines are days behind */
    ISSUER_SERIAL_SIZE = 33,    /* 16 bytes, hex */
    ISSUER_SHA256_SIZE = 65
};

/* What the configuration says. Borrowed for issuer_open. */
struct issuer_config {
    const char *ca_cert_file;     /* the machines' authority, PEM */
    const char *ca_key_file;      /* its private key, PEM, 0600 */
    int days;                     /* of a certificate from now on */
    const char *server_ca_file;   /* what vouches for the server, PEM; may hold several */
    const char *server_cert_file; /* which of them is told by this */
    const char *server_name;
    const char *tenant;
    const char *server;  /* where machines reach the main door; "": unsaid */
    const char *onboard; /* … and the enrolment door; "": unsaid */
};

/* What everybody is told, see GetAuthorityReply. Texts live as long as the issuer. */
struct issuer_authority {
    const char *certificate;
    char sha256[ISSUER_SHA256_SIZE];
    const char *tenant;
    const char *server_name;
    const char *server;    /* NULL: unsaid */
    const char *onboard;   /* NULL: unsaid */
    uint16_t server_port;  /* 0: not known yet */
    uint16_t onboard_port; /* 0: closed */
};

/* A certificate. In the caller's arena. */
struct issuer_certificate {
    const char *pem; /* with the authority behind it */
    char serial[ISSUER_SERIAL_SIZE];
    int64_t not_after_ms;
};

/* Reads the files and issues one certificate on trial, so that what would fail at the first unit
 * fails here. FAILED_PRECONDITION ISSUER_FILE, ISSUER_EXPOSED (others may read the key),
 * ISSUER_UNFIT, naming the file. */
MUST_CHECK enum status issuer_open(const struct issuer_config *config, int64_t now_ms,
                                   struct issuer **ret_issuer, struct fault *f);

/* NULL is accepted. */
void issuer_free(struct issuer *issuer);

/* The ports really listened on; until then they are 0. Any thread. */
void issuer_ports(struct issuer *issuer, uint16_t server_port, uint16_t onboard_port);

struct issuer_authority issuer_authority(const struct issuer *issuer);

/* Is this a request one may sign: DER, P-256, SHA-256, signed by its own key? INVALID_ARGUMENT
 * CSR_MISSING, CSR_FORM, CSR_KEY, CSR_SIGNATURE on the field csr. Pure. */
MUST_CHECK enum status issuer_csr_check(const unsigned char *csr, size_t n, struct fault *f);

/* Signs: CN and SAN name, for clients alone, backdated, at most as long as the authority lives.
 * The request is checked first, with its faults; INTERNAL ISSUER_SIGN. */
MUST_CHECK enum status issuer_sign(const struct issuer *issuer, struct arena *a,
                                   const unsigned char *csr, size_t n, const char *name,
                                   int64_t now_ms, struct issuer_certificate *ret, struct fault *f);

#endif
