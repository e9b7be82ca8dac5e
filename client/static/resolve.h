/* Resolve: host names to addresses, for static programs.
 *
 * The C library's own look-up loads modules of the system it was built for (NSS), which a static
 * program cannot. This one knows what units' machines need: numeric addresses, /etc/hosts, and the
 * name servers of /etc/resolv.conf over UDP, A before AAAA. It refuses to be more: no search list,
 * no TCP, no cache. What it answers is never trusted: TLS checks the server's name.
 *
 * Bounded: RESOLVE_SERVERS servers, RESOLVE_TRIES times each, RESOLVE_WAIT_MS a try. Blocks. Any
 * thread.
 */
#ifndef CLIENT_STATIC_RESOLVE_H
#define CLIENT_STATIC_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESOLVE_ADDRESSES = 8, /* at most so many of a name */
    RESOLVE_SERVERS = 3,
    RESOLVE_TRIES = 2,
    RESOLVE_WAIT_MS = 1500
};

struct resolve_address {
    int family; /* AF_INET or AF_INET6 */
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } of;
};

struct resolve_places {
    const char *hosts;   /* "/etc/hosts" */
    const char *servers; /* "/etc/resolv.conf" */
    uint16_t port;       /* of name servers, 53 */
};

enum resolve_result {
    RESOLVE_OK = 0,
    RESOLVE_NONE,   /* there is no such name */
    RESOLVE_AGAIN,  /* no name server answered */
    RESOLVE_NO_NAME /* it cannot be a name */
};

/* The addresses of a name or numeric address, at most RESOLVE_ADDRESSES. */
enum resolve_result resolve_name(const struct resolve_places *places, const char *name,
                                 struct resolve_address ret_addresses[RESOLVE_ADDRESSES],
                                 size_t *ret_count);

/* A query packet for the name into buffer (512 bytes): its length, 0 when it is no name. Pure. */
size_t resolve_query_write(const char *name, uint16_t id, uint16_t type, unsigned char *buffer);

/* Takes the addresses of that type out of a reply to that query, whose question it must repeat;
 * names are never followed, so that no reply can lead it in circles. RESOLVE_AGAIN for a packet
 * that is no reply to it, or a failure of the server. Pure. */
struct resolve_query {
    const unsigned char *bytes;
    size_t n;
    uint16_t type; /* 1: A, 28: AAAA */
};
enum resolve_result resolve_reply_read(const struct resolve_query *query,
                                       const unsigned char *reply, size_t n,
                                       struct resolve_address *addresses, size_t *count);

#endif
