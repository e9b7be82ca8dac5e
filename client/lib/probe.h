/* Probe: is there a way to the server, and how long do certificates hold? For people and programs
 * that look for a fault (rectify doctor). Nothing is sent over the connection it makes.
 *
 * Any thread; blocks on the network or the disk.
 */
#ifndef CLIENT_LIB_PROBE_H
#define CLIENT_LIB_PROBE_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum { RECTIFY_HOST_SIZE = 256, RECTIFY_ADDRESS_SIZE = 64, RECTIFY_PORT_SIZE = 8 };

/* How far it went. */
struct rectify_probe {
    char host[RECTIFY_HOST_SIZE];
    char port[RECTIFY_PORT_SIZE];
    bool is_numeric;                    /* the host needs no look-up */
    char address[RECTIFY_ADDRESS_SIZE]; /* where it was found, "" when it was not */
    bool is_connected;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Finds the host of "tls+tcp://HOST:PORT" and connects to its first address, closing at once.
 * INVALID_ARGUMENT URL_INVALID; UNAVAILABLE HOST_UNKNOWN, CONNECT_REFUSED, CONNECT_FAILED;
 * DEADLINE_EXCEEDED CONNECT_TIMEOUT. *ret_probe is filled as far as it went, also on failure. */
MUST_CHECK enum status rectify_probe_server(const char *url, uint32_t timeout_ms,
                                            struct rectify_probe *ret_probe, struct fault *f);

/* The end of a PEM certificate, in ms since 1970. FAILED_PRECONDITION TLS_FILE_UNREADABLE,
 * TLS_FILE_INVALID. */
MUST_CHECK enum status rectify_certificate_until_ms(const char *file, int64_t *ret_ms,
                                                    struct fault *f);

#endif
