#include "client/static/resolve.h"

#include "proto/base/now.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PACKET_BYTES = 512, /* a question and its answer over UDP */
    HEADER_BYTES = 12,
    LABEL_MAX = 63,
    NAME_MAX_BYTES = 253,
    LINE_BYTES = 1024,
    TYPE_A = 1,
    TYPE_AAAA = 28
};

static bool
address_add(struct resolve_address *addresses, size_t *count, int family, const void *bytes)
{
    if (*count == RESOLVE_ADDRESSES) {
        return false;
    }
    struct resolve_address *next = &addresses[(*count)++];
    next->family = family;
    memcpy(&next->of, bytes, family == AF_INET ? sizeof next->of.v4 : sizeof next->of.v6);
    return true;
}

/* Adds the address when the text is a numeric one. */
static bool
numeric_add(const char *text, struct resolve_address *addresses, size_t *count)
{
    struct in6_addr bytes;
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < 2; i++) {
        if (inet_pton(families[i], text, &bytes) == 1) {
            return address_add(addresses, count, families[i], &bytes);
        }
    }
    return false;
}

/* ---- files ---- */

/* Lines of a file, comments cut off, until each has been seen. */
static void
lines_read(const char *path, void (*take)(void *user, char *line), void *user)
{
    char line[LINE_BYTES];
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "#;\n")] = '\0';
        take(user, line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

struct hosts_search {
    const char *name;
    struct resolve_address *addresses;
    size_t count;
};

static void
hosts_line(void *user, char *line)
{
    struct hosts_search *search = user;
    char *rest = NULL;
    const char *address = strtok_r(line, " \t\r", &rest);
    for (const char *name = address; name != NULL; name = strtok_r(NULL, " \t\r", &rest)) {
        if (name != address && strcasecmp(name, search->name) == 0) {
            (void)numeric_add(address, search->addresses, &search->count);
            return;
        }
    }
}

struct server_list {
    struct resolve_address servers[RESOLVE_ADDRESSES];
    size_t count;
};

static void
servers_line(void *user, char *line)
{
    struct server_list *list = user;
    char *rest = NULL;
    const char *key = strtok_r(line, " \t\r", &rest);
    const char *address = strtok_r(NULL, " \t\r", &rest);
    if (key != NULL && address != NULL && strcmp(key, "nameserver") == 0 &&
        list->count < RESOLVE_SERVERS) {
        (void)numeric_add(address, list->servers, &list->count);
    }
}

/* ---- packets ---- */

static uint16_t
number_read(const unsigned char *s)
{
    return (uint16_t)(s[0] << 8U | s[1]);
}

static void
number_write(uint16_t value, unsigned char *s)
{
    s[0] = (unsigned char)(value >> 8U);
    s[1] = (unsigned char)value;
}

size_t
resolve_query_write(const char *name, uint16_t id, uint16_t type, unsigned char *buffer)
{
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '.') {
        length--;
    }
    if (length == 0 || length > NAME_MAX_BYTES) {
        return 0;
    }
    memset(buffer, 0, HEADER_BYTES);
    number_write(id, buffer);
    buffer[2] = 1; /* recursion desired */
    buffer[5] = 1; /* one question */
    unsigned char *p = buffer + HEADER_BYTES;
    for (size_t i = 0; i <= length;) {
        size_t n = strcspn(name + i, ".");
        n = n > length - i ? length - i : n;
        if (n == 0 || n > LABEL_MAX) {
            return 0;
        }
        *p++ = (unsigned char)n;
        memcpy(p, name + i, n);
        p += n;
        i += n + 1;
    }
    *p++ = 0;
    number_write(type, p);
    number_write(1, p + 2); /* the Internet */
    return (size_t)(p + 4 - buffer);
}

/* Behind the name at s; NULL when it does not end within n bytes. */
static const unsigned char *
name_skip(const unsigned char *s, const unsigned char *end)
{
    while (s < end) {
        if (*s >= 0xC0) {
            return end - s >= 2 ? s + 2 : NULL; /* a pointer ends a name */
        }
        if (*s == 0) {
            return s + 1;
        }
        s += *s + 1;
    }
    return NULL;
}

enum resolve_result
resolve_reply_read(const struct resolve_query *query, const unsigned char *reply, size_t n,
                   struct resolve_address *addresses, size_t *count)
{
    enum { RECORD_BYTES = 10, NAME_ERROR = 3 };
    const unsigned char *end = reply + n;
    const unsigned char *p = reply + query->n;
    if (n < query->n || memcmp(reply, query->bytes, 2) != 0 || (reply[2] & 0x80U) == 0 ||
        memcmp(reply + HEADER_BYTES, query->bytes + HEADER_BYTES, query->n - HEADER_BYTES) != 0) {
        return RESOLVE_AGAIN;
    }
    if ((reply[3] & 0x0FU) != 0) {
        return (reply[3] & 0x0FU) == NAME_ERROR ? RESOLVE_NONE : RESOLVE_AGAIN;
    }
    for (unsigned left = number_read(reply + 6); left > 0; left--) {
        p = name_skip(p, end);
        if (p == NULL || end - p < RECORD_BYTES || end - p - RECORD_BYTES < number_read(p + 8)) {
            break;
        }
        uint16_t size = number_read(p + 8);
        if (number_read(p) == query->type && size == (query->type == TYPE_A ? 4 : 16)) {
            (void)address_add(addresses, count, query->type == TYPE_A ? AF_INET : AF_INET6,
                              p + RECORD_BYTES);
        }
        p += RECORD_BYTES + size;
    }
    return *count > 0 ? RESOLVE_OK : RESOLVE_NONE;
}

/* ---- asking ---- */

static socklen_t
server_address(const struct resolve_address *server, uint16_t port, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    if (server->family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        v4->sin_addr = server->of.v4;
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    v6->sin6_addr = server->of.v6;
    return sizeof *v6;
}

/* Waits for the reply; packets that are none are passed over. */
static enum resolve_result
reply_wait(int fd, const struct resolve_query *query, struct resolve_address *addresses,
           size_t *count)
{
    unsigned char reply[PACKET_BYTES];
    int64_t end_ms = now_steady_ms() + RESOLVE_WAIT_MS;
    for (int64_t left = RESOLVE_WAIT_MS; left > 0; left = end_ms - now_steady_ms()) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)left) <= 0) {
            continue;
        }
        ssize_t n = recv(fd, reply, sizeof reply, 0);
        if (n < 0) {
            break; /* refused */
        }
        enum resolve_result result = resolve_reply_read(query, reply, (size_t)n, addresses, count);
        if (result != RESOLVE_AGAIN) {
            return result;
        }
    }
    return RESOLVE_AGAIN;
}

static enum resolve_result
server_ask(const struct resolve_address *server, uint16_t port, const char *name,
           struct resolve_address *addresses, size_t *count)
{
    static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
    struct sockaddr_storage address;
    socklen_t size = server_address(server, port, &address);
    enum resolve_result result = RESOLVE_AGAIN;
    int fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size) != 0) {
        goto out;
    }
    for (size_t i = 0; i < 2; i++) {
        unsigned char bytes[PACKET_BYTES];
        uint16_t id = 0;
        if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) {
            goto out;
        }
        struct resolve_query query = {.bytes = bytes, .type = types[i]};
        query.n = resolve_query_write(name, id, types[i], bytes);
        if (query.n == 0) {
            result = RESOLVE_NO_NAME;
            goto out;
        }
        result = send(fd, bytes, query.n, 0) == (ssize_t)query.n
                     ? reply_wait(fd, &query, addresses, count)
                     : RESOLVE_AGAIN;
        if (result == RESOLVE_AGAIN || *count > 0) {
            break; /* addresses of one family are enough */
        }
    }
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    return result;
}

enum resolve_result
resolve_name(const struct resolve_places *places, const char *name,
             struct resolve_address ret_addresses[RESOLVE_ADDRESSES], size_t *ret_count)
{
    struct hosts_search search = {.name = name, .addresses = ret_addresses};
    struct server_list list = {.count = 0};
    enum resolve_result result = RESOLVE_AGAIN;
    if (!numeric_add(name, ret_addresses, &search.count)) {
        lines_read(places->hosts, hosts_line, &search);
    }
    *ret_count = search.count;
    if (search.count > 0) {
        return RESOLVE_OK;
    }
    lines_read(places->servers, servers_line, &list);
    for (unsigned i = 0; i < list.count * RESOLVE_TRIES && result == RESOLVE_AGAIN; i++) {
        result =
            server_ask(&list.servers[i % list.count], places->port, name, ret_addresses, ret_count);
    }
    return list.count == 0 ? RESOLVE_NONE : result;
}
