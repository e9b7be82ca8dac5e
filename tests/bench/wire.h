/* wire: one mutual-TLS connection that speaks SP REQ, without threads, for a load generator that
 * must not be the bottleneck. Blocking until wire_open has returned, never afterwards. */
#ifndef TESTS_BENCH_WIRE_H
#define TESTS_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct wire_tls; /* certificates, shared by all connections */
struct wire;

/* Loads ca.crt, client.crt, client.key of a folder. NULL: could not (said on stderr). */
struct wire_tls *wire_tls_load(const char *folder);

/* Connects to 127.0.0.1:port and shakes hands, TLS and SP. NULL: could not (said on stderr). */
struct wire *wire_open(struct wire_tls *tls, int port);

/* The socket, for epoll. */
int wire_fd(const struct wire *w);

/* Sends one request; false when the connection is lost (or its buffer full, which it never is with
 * one small request at a time). */
bool wire_send(struct wire *w, const void *payload, size_t size);

/* Takes what has come in. 1: a reply is complete (*ret_payload points into the connection until the
 * next call); 0: not yet; -1: lost. */
int wire_receive(struct wire *w, const unsigned char **ret_payload, size_t *ret_size);

#endif
