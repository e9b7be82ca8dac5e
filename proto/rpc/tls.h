/* TLS: certificate files to an nng_tls_config, with faults that name the file at fault.
 *
 * Refuses to be a policy: mutual authentication and TLS 1.2 or newer are always on, a client always
 * checks the server's name; the two exceptions, for machines that have no certificate yet, say so
 * in their names. Revocation is the machine's row in the database, not a CRL.
 */
#ifndef PROTO_RPC_TLS_H
#define PROTO_RPC_TLS_H

#include "proto/base/fault.h"

#include <stdint.h>

struct nng_tls_config;

/* PEM files. Strings are borrowed for the call only. */
struct rpc_tls_files {
    const char *ca_file;      /* the authority that must have signed the peer's certificate */
    const char *cert_file;    /* our certificate; may be followed by its chain */
    const char *key_file;     /* its private key, not encrypted; with cert_file, or both NULL */
    const char *more_ca_file; /* server: a second authority of clients' certificates; may be NULL */
};

/* Reads and checks the three files: readable, parseable, not expired, key and certificate belong
 * together, the certificate is signed by the authority (or by a root that stands behind it in
 * cert_file: machines' certificates have an authority of their own). FAILED_PRECONDITION with a
 * reason TLS_FILE_UNREADABLE, TLS_FILE_INVALID, TLS_CERT_EXPIRED, TLS_CERT_NOT_YET_VALID,
 * TLS_KEY_MISMATCH or TLS_CERT_WRONG_CA, naming the file. Blocks on file reads. Any thread. */
MUST_CHECK enum status rpc_tls_files_check(const struct rpc_tls_files *files, struct fault *f);

/* The end of a certificate file's validity (first certificate in it), in ms since 1970. */
MUST_CHECK enum status rpc_tls_cert_not_after_ms(const char *cert_file, int64_t *ret_ms,
                                                 struct fault *f);

/* A server's configuration: client certificates required. Checks the files first. The caller owns
 * the result and ends it with rpc_tls_config_free (nng holds its own reference while in use). */
MUST_CHECK enum status rpc_tls_server_config(const struct rpc_tls_files *files,
                                             struct nng_tls_config **ret_config, struct fault *f);

/* The same, but clients show no certificate: the enrolment door. */
MUST_CHECK enum status rpc_tls_server_config_open(const struct rpc_tls_files *files,
                                                  struct nng_tls_config **ret_config,
                                                  struct fault *f);

/* A client's configuration: the server must show a certificate of the authority, made out to
 * server_name (never NULL or empty). Without cert_file the client shows no certificate, which our
 * servers refuse: for self-tests. */
MUST_CHECK enum status rpc_tls_client_config(const struct rpc_tls_files *files,
                                             const char *server_name,
                                             struct nng_tls_config **ret_config, struct fault *f);

/* The same without a name to check: only to tell, after a refusal, a wrong name from a wrong
 * authority. Nothing may ever be sent over such a connection. */
MUST_CHECK enum status rpc_tls_client_config_any_name(const struct rpc_tls_files *files,
                                                      struct nng_tls_config **ret_config,
                                                      struct fault *f);

/* A client's configuration that checks nothing: whoever answers may be anybody. For asking a server
 * what its authority is, before that can be checked; nothing secret may be sent. */
MUST_CHECK enum status rpc_tls_client_config_unchecked(struct nng_tls_config **ret_config,
                                                       struct fault *f);

/* NULL is accepted. */
void rpc_tls_config_free(struct nng_tls_config *config);

#endif
