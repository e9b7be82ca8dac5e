/* The C library's look-up of names, in its place in static programs: nng and whoever else asks gets
 * resolve.h's answer. Ports are numbers. */
#include "client/static/resolve.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT_MAX = 65535, PORT_DNS = 53 };

/* What freeaddrinfo frees at once: the answer and its address. */
struct answer {
    struct addrinfo info;
    struct sockaddr_storage address;
};

static int
port_read(const char *service, uint16_t *ret_port)
{
    char *end = NULL;
    unsigned long value = service != NULL ? strtoul(service, &end, 10) : 0;
    if (value > PORT_MAX || (service != NULL && (end == service || *end != '\0'))) {
        return EAI_SERVICE;
    }
    *ret_port = (uint16_t)value;
    return 0;
}

static struct answer *
answer_new(const struct resolve_address *address, uint16_t port, const struct addrinfo *hints)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) {
        return NULL;
    }
    if (address->family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&answer->address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        v4->sin_addr = address->of.v4;
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&answer->address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        v6->sin6_addr = address->of.v6;
    }
    answer->info = (struct addrinfo){
        .ai_family = address->family,
        .ai_socktype = hints != NULL ? hints->ai_socktype : 0,
        .ai_protocol = hints != NULL ? hints->ai_protocol : 0,
        .ai_addrlen =
            address->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
        .ai_addr = (struct sockaddr *)&answer->address,
    };
    return answer;
}

/* Without a name: any address to listen on, or this machine. */
static void
nameless(const struct addrinfo *hints, struct resolve_address *address)
{
    bool passive = hints != NULL && (hints->ai_flags & AI_PASSIVE) != 0;
    address->family = AF_INET;
    address->of.v4.s_addr = htonl(passive ? INADDR_ANY : INADDR_LOOPBACK);
}

static int
error_of(enum resolve_result result)
{
    return result == RESOLVE_AGAIN ? EAI_AGAIN : EAI_NONAME;
}

int
getaddrinfo(const char *restrict name, const char *restrict service,
            const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    static const struct resolve_places places = {"/etc/hosts", "/etc/resolv.conf", PORT_DNS};
    struct resolve_address addresses[RESOLVE_ADDRESSES];
    size_t count = 1;
    uint16_t port = 0;
    int family = hints != NULL ? hints->ai_family : AF_UNSPEC;
    int error = port_read(service, &port);
    if (error != 0) {
        return error;
    }
    if (name == NULL) {
        nameless(hints, &addresses[0]);
    } else {
        enum resolve_result result = resolve_name(&places, name, addresses, &count);
        if (result != RESOLVE_OK) {
            return error_of(result);
        }
    }
    struct addrinfo *first = NULL;
    struct addrinfo **next = &first;
    for (size_t i = 0; i < count; i++) {
        if (family != AF_UNSPEC && addresses[i].family != family) {
            continue;
        }
        struct answer *answer = answer_new(&addresses[i], port, hints);
        if (answer == NULL) {
            freeaddrinfo(first);
            return EAI_MEMORY;
        }
        *next = &answer->info;
        next = &answer->info.ai_next;
    }
    if (first == NULL) {
        return EAI_NONAME;
    }
    *ret = first;
    return 0;
}

void
freeaddrinfo(struct addrinfo *info)
{
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;
        free(info); /* struct answer begins with it */
        info = next;
    }
}
