/* The static client's resolver: numeric, hosts file, name servers that answer, lie or keep silent.
 */
#include "client/static/resolve.h"
#include "tests/support/fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PACKET = 512, A = 1, AAAA = 28 };

static char hosts[256];
static char servers[256];

static void
file_write(char path[256], const char *name, const char *text)
{
    snprintf(path, 256, "%s/resolve-%s-%d", test_dir(), name, (int)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *
text_of(const struct resolve_address *address)
{
    static char text[INET6_ADDRSTRLEN];
    return inet_ntop(address->family, &address->of, text, sizeof text);
}

static void
numeric_and_hosts(void **state)
{
    static const struct {
        const char *name;
        const char *address; /* NULL: there is none */
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8::7", "2001:db8::7"},
        {"ledger", "192.0.2.1"},
        {"LEDGER.example.cn", "192.0.2.1"}, /* an alias, whatever the case */
        {"six", "2001:db8::6"},
        {"hidden", NULL}, /* in a comment */
        {"192.0.2.1", "192.0.2.1"},
        {"", NULL},
    };
    struct resolve_address found[RESOLVE_ADDRESSES];
    size_t count = 0;
    (void)state;
    file_write(hosts, "hosts",
               "192.0.2.1\tledger ledger.example.cn # hidden\n2001:db8::6 six\nrubbish six\n\n");
    struct resolve_places places = {.hosts = hosts, .servers = NULL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum resolve_result result = resolve_name(&places, cases[i].name, found, &count);
        assert_int_equal(result, cases[i].address != NULL ? RESOLVE_OK : RESOLVE_NONE);
        if (cases[i].address != NULL) {
            assert_string_equal(text_of(&found[0]), cases[i].address);
        }
    }
}

/* What the name server of a test does with each query. */
struct server {
    int fd;
    pthread_t thread;
    enum { ANSWER, SIX_ONLY, UNKNOWN, LIE_FIRST, SILENT } manner;
};

static size_t
reply_make(unsigned char *packet, size_t n, bool answer, unsigned code)
{
    static const unsigned char four[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9};
    static const unsigned char six[] = {0xC0, 12,   0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 1,
                                        0xd,  0xb8, 0, 0,  0, 0, 0, 0, 0, 0,  0, 0,  0,    9};
    bool is_six = packet[n - 3] == AAAA;
    packet[2] |= 0x80;
    packet[3] = (unsigned char)code;
    if (!answer) {
        return n;
    }
    packet[7] = 1;
    memcpy(packet + n, is_six ? six : four, is_six ? sizeof six : sizeof four);
    return n + (is_six ? sizeof six : sizeof four);
}

static void *
serve(void *arg)
{
    struct server *server = arg;
    unsigned char packet[PACKET];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n = 0;
    while ((n = recvfrom(server->fd, packet, sizeof packet / 2, 0, (struct sockaddr *)&from,
                         &size)) > 1) {
        bool is_six = packet[n - 3] == AAAA;
        if (server->manner == SILENT) {
            continue;
        }
        if (server->manner == LIE_FIRST) { /* another's id, before the true reply */
            packet[0] ^= 0xFF;
            (void)sendto(server->fd, packet, (size_t)n, 0, (struct sockaddr *)&from, size);
            packet[0] ^= 0xFF;
        }
        size_t m = reply_make(packet, (size_t)n, server->manner != SIX_ONLY || is_six,
                              server->manner == UNKNOWN ? 3 : 0);
        (void)sendto(server->fd, packet, m, 0, (struct sockaddr *)&from, size);
    }
    return NULL;
}

static uint16_t
server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return ntohs(address.sin_port);
}

static void
server_stop(struct server *server, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    assert_int_equal(sendto(server->fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address), 1);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->fd);
}

static void
name_servers(void **state)
{
    static const struct {
        int manner;
        const char *name;
        enum resolve_result result;
        const char *address;
    } cases[] = {
        {ANSWER, "ledger.example.cn", RESOLVE_OK, "192.0.2.9"},
        {ANSWER, "ledger.example.cn.", RESOLVE_OK, "192.0.2.9"},
        {SIX_ONLY, "ledger.example.cn", RESOLVE_OK, "2001:db8::9"},
        {LIE_FIRST, "ledger.example.cn", RESOLVE_OK, "192.0.2.9"},
        {UNKNOWN, "nobody.example.cn", RESOLVE_NONE, NULL},
        {SILENT, "ledger.example.cn", RESOLVE_AGAIN, NULL},
        {ANSWER, "two..dots", RESOLVE_NO_NAME, NULL},
    };
    (void)state;
    file_write(servers, "servers", "# nobody\nsearch example.cn\nnameserver 127.0.0.1\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct resolve_address found[RESOLVE_ADDRESSES];
        size_t count = 0;
        struct server server = {.fd = -1};
        server.manner = cases[i].manner;
        uint16_t port = server_start(&server);
        struct resolve_places places = {.hosts = NULL, .servers = servers, .port = port};
        assert_int_equal(resolve_name(&places, cases[i].name, found, &count), cases[i].result);
        if (cases[i].address != NULL) {
            assert_string_equal(text_of(&found[0]), cases[i].address);
        }
        server_stop(&server, port);
    }
}

/* Whatever a reply holds, and wherever it is cut, reading stays inside it (asan). */
static void
broken_replies(void **state)
{
    unsigned char query_bytes[PACKET];
    (void)state;
    size_t n = resolve_query_write("ledger.example.cn", 7, A, query_bytes);
    assert_int_equal(n, 12 + 19 + 4);
    struct resolve_query query = {.bytes = query_bytes, .n = n, .type = A};
    for (size_t cut = 0; cut <= n + 16; cut++) {
        unsigned char whole[PACKET];
        memcpy(whole, query_bytes, n);
        size_t m = reply_make(whole, n, true, 0);
        unsigned char *copy = malloc(cut + 1);
        struct resolve_address found[RESOLVE_ADDRESSES];
        size_t count = 0;
        assert_non_null(copy);
        memcpy(copy, whole, cut);
        enum resolve_result result = resolve_reply_read(&query, copy, cut, found, &count);
        assert_int_equal(result, cut < n ? RESOLVE_AGAIN : cut < m ? RESOLVE_NONE : RESOLVE_OK);
        free(copy);
    }
    char label[80];
    memset(label, 'x', 64);
    label[64] = '\0';
    assert_int_equal(resolve_query_write(label, 7, A, query_bytes), 0);
    assert_int_equal(resolve_query_write("", 7, A, query_bytes), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_and_hosts),
        cmocka_unit_test(name_servers),
        cmocka_unit_test(broken_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
