/* The fault proxy does what its rules say: every fault is seen from both ends of a real connection.
 */
#include "tests/support/fault_proxy.h"

#include "proto/base/now.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

struct line {
    int listener;
    uint16_t port;
    struct fault_proxy *p;
    int client; /* our end before the proxy */
    int server; /* and behind it */
};

static int
dial(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
line_open(struct line *l, uint64_t seed)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *l = (struct line){.client = -1, .server = -1};
    l->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(l->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(l->listener, 8), 0);
    assert_int_equal(getsockname(l->listener, (struct sockaddr *)&at, &size), 0);
    l->port = ntohs(at.sin_port);
    const struct fault_proxy_config config = {.port = l->port, .seed = seed};
    l->p = fault_proxy_start(&config);
}

/* A fresh connection through the proxy. */
static void
line_connect(struct line *l)
{
    if (l->client >= 0) {
        close(l->client);
        close(l->server);
    }
    l->client = dial(fault_proxy_port(l->p));
    assert_true(l->client >= 0);
    l->server = accept(l->listener, NULL, NULL);
    assert_true(l->server >= 0);
}

static void
line_close(struct line *l)
{
    fault_proxy_stop(l->p);
    if (l->client >= 0) {
        close(l->client);
        close(l->server);
    }
    close(l->listener);
}

/* Reads until want bytes are there or the connection ended; *ret_end: 0 open, EOF -1, or errno. */
static size_t
take(int fd, char *bytes, size_t want, int *ret_end)
{
    size_t n = 0;
    *ret_end = 0;
    while (n < want) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, PATIENCE_MS) <= 0) {
            fail_msg("nothing came");
        }
        ssize_t got = recv(fd, bytes + n, want - n, 0);
        if (got <= 0) {
            *ret_end = got == 0 ? -1 : errno;
            break;
        }
        n += (size_t)got;
    }
    return n;
}

static bool
is_silent(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 0;
}

static void
say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void
rule_set(struct line *l, const char *text)
{
    struct fault_rule rule;
    assert_true(fault_rule_read(text, &rule));
    fault_proxy_set(l->p, &rule);
}

static void
test_carries_both_ways(void **state)
{
    struct line l;
    struct fault_counts c;
    char bytes[16];
    int end = 0;
    (void)state;
    line_open(&l, 1);
    line_connect(&l);
    say(l.client, "up");
    assert_int_equal(take(l.server, bytes, 2, &end), 2);
    say(l.server, "down");
    assert_int_equal(take(l.client, bytes, 4, &end), 4);
    shutdown(l.client, SHUT_WR); /* one way ends, the other goes on */
    assert_int_equal(take(l.server, bytes, 1, &end), 0);
    assert_int_equal(end, -1);
    say(l.server, "x");
    assert_int_equal(take(l.client, bytes, 1, &end), 1);
    do { /* what has arrived is counted a moment later */
        fault_proxy_counts(l.p, &c);
    } while (c.bytes[FAULT_DOWN] < 5);
    assert_int_equal(c.accepted, 1);
    assert_int_equal(c.bytes[FAULT_UP], 2);
    assert_int_equal(c.bytes[FAULT_DOWN], 5);
    line_close(&l);
}

/* Exactly so many bytes arrive, then both ends see the cut. */
static void
test_cuts_after_each_byte(void **state)
{
    static const char *const kinds[] = {"fin", "rst"};
    static const char *const sides[] = {"up", "down"};
    struct line l;
    char rule[64];
    char bytes[32];
    int end = 0;
    (void)state;
    line_open(&l, 1);
    for (unsigned i = 0; i < 4 * 12; i++) {
        bool fin = i % 2 == 0;
        bool up = i / 2 % 2 == 0;
        size_t after = i / 4;
        snprintf(rule, sizeof rule, "cut=%s,%s,%zu", kinds[fin ? 0 : 1], sides[up ? 0 : 1], after);
        rule_set(&l, rule);
        line_connect(&l);
        send(up ? l.client : l.server, "0123456789abcdef", 16, MSG_NOSIGNAL);
        assert_int_equal(take(up ? l.server : l.client, bytes, 16, &end), after);
        assert_int_equal(end, fin ? -1 : ECONNRESET);
        assert_int_equal(take(up ? l.client : l.server, bytes, 1, &end), 0);
        assert_int_equal(end, fin ? -1 : ECONNRESET);
    }
    line_close(&l);
}

static void
test_next_rule_is_for_one(void **state)
{
    struct line l;
    struct fault_rule rule = {.cut = FAULT_CUT_RST, .cut_after = 1};
    char bytes[4];
    int end = 0;
    (void)state;
    line_open(&l, 1);
    fault_proxy_next(l.p, &rule);
    line_connect(&l);
    say(l.client, "abc");
    assert_int_equal(take(l.server, bytes, 3, &end), 1);
    line_connect(&l);
    say(l.client, "abc");
    assert_int_equal(take(l.server, bytes, 3, &end), 3);
    line_close(&l);
}

static void
test_drops_and_holds(void **state)
{
    struct line l;
    char bytes[8];
    int end = 0;
    (void)state;
    line_open(&l, 1);
    rule_set(&l, "drop=down");
    line_connect(&l);
    say(l.client, "up");
    assert_int_equal(take(l.server, bytes, 2, &end), 2);
    say(l.server, "lost");
    assert_true(is_silent(l.client, 50));
    rule_set(&l, "hold");
    say(l.server, "kept");
    say(l.client, "too");
    assert_true(is_silent(l.client, 50));
    assert_true(is_silent(l.server, 1));
    rule_set(&l, "good");
    assert_int_equal(take(l.client, bytes, 4, &end), 4);
    assert_memory_equal(bytes, "kept", 4); /* what was swallowed never comes */
    assert_int_equal(take(l.server, bytes, 3, &end), 3);
    line_close(&l);
}

static void
test_delays_and_bounds(void **state)
{
    struct line l;
    char bytes[2000];
    int end = 0;
    (void)state;
    line_open(&l, 1);
    rule_set(&l, "delay.up=80");
    line_connect(&l);
    int64_t from = now_steady_ms();
    say(l.client, "slow");
    assert_int_equal(take(l.server, bytes, 4, &end), 4);
    assert_true(now_steady_ms() - from >= 80);
    rule_set(&l, "rate.down=10000");
    from = now_steady_ms();
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(send(l.server, bytes, sizeof bytes, 0), sizeof bytes);
    assert_int_equal(take(l.client, bytes, sizeof bytes, &end), sizeof bytes);
    assert_true(now_steady_ms() - from >= 150); /* 2000 bytes at 10000 a second */
    line_close(&l);
}

static void
test_resets_and_refuses(void **state)
{
    struct line l;
    char bytes[2];
    int end = 0;
    (void)state;
    line_open(&l, 1);
    line_connect(&l);
    fault_proxy_reset(l.p);
    assert_int_equal(take(l.client, bytes, 1, &end), 0);
    assert_int_equal(end, ECONNRESET);
    assert_int_equal(take(l.server, bytes, 1, &end), 0);
    assert_int_equal(end, ECONNRESET);
    fault_proxy_refuse(l.p, true);
    assert_int_equal(dial(fault_proxy_port(l.p)), -1);
    fault_proxy_refuse(l.p, false);
    line_connect(&l);
    say(l.client, "x");
    assert_int_equal(take(l.server, bytes, 1, &end), 1);
    line_close(&l);
}

/* Which of 40 connections come through when 300 of a thousand are cut. */
static uint64_t
fates(uint64_t seed)
{
    struct line l;
    uint64_t good = 0;
    char bytes[64] = {0};
    int end = 0;
    line_open(&l, seed);
    rule_set(&l, "bad=300,64");
    for (unsigned i = 0; i < 40; i++) {
        line_connect(&l);
        send(l.client, bytes, sizeof bytes, MSG_NOSIGNAL);
        bool whole = take(l.server, bytes, sizeof bytes, &end) == sizeof bytes;
        send(l.server, bytes, sizeof bytes, MSG_NOSIGNAL);
        whole = whole && take(l.client, bytes, sizeof bytes, &end) == sizeof bytes;
        good |= whole ? UINT64_C(1) << i : 0;
    }
    line_close(&l);
    return good;
}

static void
test_chance_follows_the_seed(void **state)
{
    (void)state;
    uint64_t one = fates(7);
    int good = __builtin_popcountll(one);
    assert_true(good > 18 && good < 38);
    assert_true(fates(7) == one);
    assert_true(fates(8) != one);
}

static void
test_rules_as_text(void **state)
{
    struct fault_rule r;
    (void)state;
    assert_true(fault_rule_read("delay=5 rate.up=9 drop=both hold cut=rst,down,17 bad=300", &r));
    assert_int_equal(r.delay_ms[FAULT_UP], 5);
    assert_int_equal(r.delay_ms[FAULT_DOWN], 5);
    assert_int_equal(r.rate[FAULT_UP], 9);
    assert_int_equal(r.rate[FAULT_DOWN], 0);
    assert_true(r.drop[FAULT_UP] && r.drop[FAULT_DOWN] && r.hold);
    assert_int_equal(r.cut, FAULT_CUT_RST);
    assert_int_equal(r.cut_side, FAULT_DOWN);
    assert_int_equal(r.cut_after, 17);
    assert_int_equal(r.bad_permille, 300);
    static const char *const wrong[] = {
        "x",          "delay",     "delay=", "delay=1x",   "cut=rst,up",
        "cut=x,up,1", "drop=left", "bad=1,", "rate.left=1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (fault_rule_read(wrong[i], &r)) {
            fail_msg("accepted: %s", wrong[i]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carries_both_ways),       cmocka_unit_test(test_cuts_after_each_byte),
        cmocka_unit_test(test_next_rule_is_for_one),    cmocka_unit_test(test_drops_and_holds),
        cmocka_unit_test(test_delays_and_bounds),       cmocka_unit_test(test_resets_and_refuses),
        cmocka_unit_test(test_chance_follows_the_seed), cmocka_unit_test(test_rules_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
