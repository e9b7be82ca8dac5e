/* What strangers and clumsy clients do to the transport. While each attack runs, one honest client
 * calls in a loop over TLS; after each it must still be served, without a single failed call.
 *
 * Deadlines are scaled down by configuration, but not so far that the honest and the new would miss
 * them on a slow machine; the tests wait for conditions. */
#include "tests/e2e/rpc_fixture.h"

#include "proto/rpc/server_conn.h" /* one test kills the listener from inside */

#include <stdatomic.h>

enum { UNAUTH_MAX = 24, MACHINE_MAX = 4, INFLIGHT_MAX = 16 };

static const struct rpc_server_limits scaled = {
    .conn_unauthenticated = UNAUTH_MAX,
    .conn_per_machine = MACHINE_MAX,
    .inflight_per_conn = INFLIGHT_MAX,
    .handshake_ms = 4000,
    .frame_read_ms = 3000,
    .reply_write_ms = 3000,
    .unauth_idle_ms = 5000,
    .probe_ms = 300,
};

/* ---- the honest client ---- */

struct honest {
    struct world *world;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint served;
    atomic_uint failed;
    char why[256];
};

static void *
honest_main(void *arg)
{
    static const unsigned char hello[] = "auth:honest-machine";
    struct honest *h = arg;
    struct rpc_client *c = client_open(h->world, h->world->tls);
    while (!atomic_load(&h->stop)) {
        struct rpc_reply r = {0};
        struct fault f = {0};
        if (rpc_client_call(c, hello, sizeof hello - 1, WAIT_MS, &r, &f) == STATUS_OK) {
            atomic_fetch_add(&h->served, 1);
        } else {
            snprintf(h->why, sizeof h->why, "%s %.200s", f.reason, f.message);
            atomic_fetch_add(&h->failed, 1);
        }
        rpc_reply_clear(&r);
        nap();
    }
    rpc_client_free(c);
    return NULL;
}

static struct honest honest;

/* The server serves: the honest client, without a failure; and somebody new, over both doors. */
static void
check_served(struct world *w)
{
    unsigned before = atomic_load(&honest.served);
    WAIT_FOR(atomic_load(&honest.served) >= before + 5);
    if (atomic_load(&honest.failed) != 0) {
        fail_msg("the honest client failed: %s", honest.why);
    }
    struct rpc_server *doors[] = {w->tls, w->tcp};
    for (size_t i = 0; i < 2; i++) {
        struct rpc_client *c = client_open(w, doors[i]);
        echo_check(c, "newcomer");
        rpc_client_free(c);
    }
}

static int
setup(void **state)
{
    struct world *w = world_open(scaled);
    honest.world = w;
    assert_int_equal(pthread_create(&honest.thread, NULL, honest_main, &honest), 0);
    WAIT_FOR(atomic_load(&honest.served) > 0);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    atomic_store(&honest.stop, true);
    pthread_join(honest.thread, NULL);
    world_close(*state);
    return 0;
}

/* ---- raw material ---- */

/* TLS 1.2, two ECDHE suites, P-256: enough to make a server answer with its own flight. */
static const unsigned char client_hello[] = {
    0x16, 0x03, 0x01, 0x00, 0x4f, 0x01, 0x00, 0x00, 0x4b, 0x03, 0x03, 1,    2,    3,
    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15,   16,   17,
    18,   19,   20,   21,   22,   23,   24,   25,   26,   27,   28,   29,   30,   31,
    32,   0x00, 0x00, 0x06, 0xc0, 0x2b, 0xc0, 0x2f, 0x00, 0xff, 0x01, 0x00, 0x00, 0x1c,
    0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, 0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,
    0x00, 0x0d, 0x00, 0x0a, 0x00, 0x08, 0x04, 0x03, 0x05, 0x03, 0x04, 0x01, 0x05, 0x01};

static uint32_t
unauthenticated(struct rpc_server *s)
{
    return (uint32_t)counters(s).conn_unauthenticated_now;
}

/* A raw connection through the SP handshake, on the TCP door. */
static int
raw_ready(struct world *w)
{
    unsigned char theirs[SP_HANDSHAKE_SIZE];
    int fd = raw_connect(w->tcp);
    raw_send(fd, sp_req, sizeof sp_req);
    assert_int_equal(recv(fd, theirs, sizeof theirs, MSG_WAITALL), sizeof theirs);
    return fd;
}

static void
raw_call(int fd, uint32_t id, const char *text)
{
    unsigned char frame[256];
    size_t n = strlen(text);
    sp_length_write(SP_WORD_SIZE + n, frame);
    sp_request_id_write(id, frame + SP_LENGTH_SIZE);
    memcpy(frame + SP_LENGTH_SIZE + SP_WORD_SIZE, text, n);
    raw_send(fd, frame, SP_LENGTH_SIZE + SP_WORD_SIZE + n);
}

/* ---- the attacks ---- */

static void
cut_in_handshake(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 200; i++) {
        int fd = raw_connect(w->tcp);
        raw_send(fd, sp_req, (size_t)(i % 9));
        raw_abort(fd);
        fd = raw_connect(w->tls);
        raw_send(fd, client_hello, i % 3 == 0 ? sizeof client_hello / 2 : sizeof client_hello);
        raw_abort(fd);
    }
    check_served(w);
    WAIT_FOR(unauthenticated(w->tls) == 0 && unauthenticated(w->tcp) == 0);
}

static void
claim_of_3_gib(void **state)
{
    struct world *w = *state;
    unsigned char claim[SP_LENGTH_SIZE];
    uint64_t before = counters(w->tcp).protocol_errors;
    const uint64_t lengths[] = {3ULL << 30U, UINT64_MAX, LIMIT_FRAME_BYTES + 1, 3, 0};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int fd = raw_ready(w);
        sp_length_write(lengths[i], claim);
        raw_send(fd, claim, sizeof claim);
        raw_send(fd, "xxxx", 4);
        assert_true(raw_closed(fd));
        close(fd);
    }
    WAIT_FOR(counters(w->tcp).protocol_errors == before + 5);
    check_served(w);
}

static void
claim_of_3_gib_over_tls(void **state)
{
    struct world *w = *state;
    unsigned char bytes[sizeof sp_req + SP_LENGTH_SIZE];
    unsigned char sink[2][64];
    nng_aio *in[2] = {NULL};
    nng_aio *out = NULL;
    uint64_t before = counters(w->tls).protocol_errors;
    memcpy(bytes, sp_req, sizeof sp_req);
    sp_length_write(3ULL << 30U, bytes + sizeof sp_req);
    assert_int_equal(nng_aio_alloc(&out, NULL, NULL), 0);
    nng_stream *s = tls_dial(w, "ca", "client", out);
    for (int i = 0; i < 2; i++) { /* both under way before the cut: a later one nng may lose */
        assert_int_equal(nng_aio_alloc(&in[i], NULL, NULL), 0);
        nng_aio_set_timeout(in[i], WAIT_MS);
        stream_start(s, in[i], false, sink[i], sizeof sink[i]);
    }
    assert_int_equal(stream_io(s, out, true, bytes, sizeof bytes), 0);
    nng_aio_wait(in[1]); /* the first was for their SP header */
    assert_int_not_equal(nng_aio_result(in[1]), 0);
    assert_int_not_equal(nng_aio_result(in[1]), NNG_ETIMEDOUT);
    nng_stream_close(s);
    for (int i = 0; i < 2; i++) {
        nng_aio_wait(in[i]);
        nng_aio_free(in[i]);
    }
    nng_stream_free(s);
    nng_aio_free(out);
    WAIT_FOR(counters(w->tls).protocol_errors == before + 1);
    check_served(w);
}

static void
backtrace_without_end(void **state)
{
    struct world *w = *state;
    unsigned char frame[SP_LENGTH_SIZE + 64] = {0};
    int fd = raw_ready(w);
    sp_length_write(64, frame);
    raw_send(fd, frame, sizeof frame);
    assert_true(raw_closed(fd));
    close(fd);
    check_served(w);
}

static void
garbage(void **state)
{
    struct world *w = *state;
    unsigned char noise[3000];
    uint32_t x = 12345;
    for (int i = 0; i < 60; i++) {
        for (size_t j = 0; j < sizeof noise; j++) {
            x = x * 1664525U + 1013904223U;
            noise[j] = (unsigned char)(x >> 24U);
        }
        int fd = i % 2 == 0 ? raw_connect(w->tls) : raw_connect(w->tcp);
        if (i % 4 == 3) { /* past the door, then noise that looks like no frame */
            raw_send(fd, sp_req, sizeof sp_req);
            noise[0] = 0xff;
        }
        raw_send(fd, noise, sizeof noise);
        assert_true(raw_closed(fd));
        close(fd);
    }
    check_served(w);
}

static void
half_of_a_sub_protocol(void **state)
{
    struct world *w = *state;
    unsigned char other[sizeof sp_req];
    memcpy(other, sp_req, sizeof other);
    other[5] = 0x20; /* PUB */
    int fd = raw_connect(w->tcp);
    raw_send(fd, other, sizeof other);
    assert_true(raw_closed(fd));
    close(fd);
    check_served(w);
}

/* More silent peers than may be unauthenticated: the oldest go at once, the rest by the deadline.
 */
static void
silent_peers(void **state)
{
    struct world *w = *state;
    struct rpc_server *doors[] = {w->tls, w->tcp};
    enum { PEERS = UNAUTH_MAX * 2 };
    int fds[2][PEERS];
    uint64_t late[2];
    for (size_t d = 0; d < 2; d++) {
        uint64_t evicted = counters(doors[d]).evicted_unauth;
        late[d] = counters(doors[d]).timeout_handshake;
        for (int i = 0; i < PEERS; i++) {
            fds[d][i] = raw_connect(doors[d]);
        }
        WAIT_FOR(counters(doors[d]).evicted_unauth >= evicted + PEERS - UNAUTH_MAX);
        assert_true(unauthenticated(doors[d]) <= UNAUTH_MAX);
        assert_true(raw_closed(fds[d][0]));
    }
    check_served(w);
    for (size_t d = 0; d < 2; d++) {
        WAIT_FOR(unauthenticated(doors[d]) == 0);
        assert_true(counters(doors[d]).timeout_handshake > late[d]);
    }
    for (int i = 0; i < PEERS; i++) {
        close(fds[0][i]);
        close(fds[1][i]);
    }
    check_served(w);
}

/* A ClientHello and then silence: the deadline covers the TLS handshake. */
static void
silent_in_tls_handshake(void **state)
{
    struct world *w = *state;
    int fds[8];
    for (int i = 0; i < 8; i++) {
        fds[i] = raw_connect(w->tls);
        raw_send(fds[i], client_hello, sizeof client_hello);
    }
    for (int i = 0; i < 8; i++) {
        assert_true(raw_closed(fds[i]));
        close(fds[i]);
    }
    check_served(w);
}

static void
three_hundred_idle(void **state)
{
    struct world *w = *state;
    enum { IDLE = 300 };
    int fds[IDLE];
    for (int i = 0; i < IDLE; i++) {
        fds[i] = i % 3 == 0 ? raw_connect(w->tls) : raw_connect(w->tcp);
        if (i % 3 == 2) {
            raw_send(fds[i], sp_req, sizeof sp_req);
        }
        if (i % 50 == 0) {
            check_served(w);
        }
    }
    assert_true(unauthenticated(w->tls) <= UNAUTH_MAX);
    assert_true(unauthenticated(w->tcp) <= UNAUTH_MAX);
    check_served(w);
    for (int i = 0; i < IDLE; i++) {
        close(fds[i]);
    }
    WAIT_FOR(unauthenticated(w->tls) == 0 && unauthenticated(w->tcp) == 0);
}

static void
idle_after_handshake_is_closed(void **state)
{
    struct world *w = *state;
    uint64_t before = counters(w->tcp).timeout_idle;
    int fd = raw_ready(w);
    assert_true(raw_closed(fd));
    close(fd);
    assert_int_equal(counters(w->tcp).timeout_idle, before + 1);
    check_served(w);
}

static void
half_frame(void **state)
{
    struct world *w = *state;
    unsigned char claim[SP_LENGTH_SIZE + 100] = {0};
    uint64_t before = counters(w->tcp).timeout_read;
    int fds[2] = {raw_ready(w), raw_ready(w)};
    sp_length_write(LIMIT_FRAME_BYTES, claim);
    raw_send(fds[0], claim, sizeof claim);
    raw_send(fds[1], claim, 3); /* not even a length */
    for (int i = 0; i < 2; i++) {
        assert_true(raw_closed(fds[i]));
        close(fds[i]);
    }
    assert_int_equal(counters(w->tcp).timeout_read, before + 2);
    check_served(w);
}

/* A frame in many small pieces is a frame. */
static void
slow_but_honest_writer(void **state)
{
    struct world *w = *state;
    unsigned char frame[32];
    unsigned char reply[SP_LENGTH_SIZE + SP_WORD_SIZE + 5];
    int fd = raw_ready(w);
    sp_length_write(SP_WORD_SIZE + 5, frame);
    sp_request_id_write(7, frame + SP_LENGTH_SIZE);
    memcpy(frame + SP_LENGTH_SIZE + SP_WORD_SIZE, "piece", 5);
    for (size_t i = 0; i < sizeof reply; i++) {
        raw_send(fd, frame + i, 1);
    }
    assert_int_equal(recv(fd, reply, sizeof reply, MSG_WAITALL), sizeof reply);
    assert_memory_equal(reply, frame, sizeof reply);
    close(fd);
}

static void
slow_reader(void **state)
{
    struct world *w = *state;
    uint64_t before = counters(w->tcp).timeout_write;
    int fd = raw_ready(w);
    for (uint32_t i = 0; i < INFLIGHT_MAX; i++) {
        raw_call(fd, i, "big:1000000"); /* more than any socket buffer holds, and never read */
    }
    WAIT_FOR(counters(w->tcp).timeout_write == before + 1);
    WAIT_FOR(counters(w->tcp).inflight_now == 0);
    close(fd);
    check_served(w);
}

/* Beyond the in-flight cap the server stops reading; every call is answered in the end. */
static void
back_pressure(void **state)
{
    struct world *w = *state;
    enum { CALLS = 100 };
    unsigned char reply[SP_LENGTH_SIZE + SP_WORD_SIZE + 4];
    uint64_t before = counters(w->tcp).frames_in;
    int fd = raw_ready(w);
    for (uint32_t i = 0; i < CALLS; i++) {
        raw_call(fd, i, "hold");
    }
    WAIT_FOR(held_count(w) == INFLIGHT_MAX);
    check_served(w); /* takes its time: nothing more is read meanwhile */
    assert_int_equal(held_count(w), INFLIGHT_MAX);
    assert_int_equal(counters(w->tcp).frames_in, before + INFLIGHT_MAX + 1);
    for (uint32_t got = 0; got < CALLS; got++) {
        while (recv(fd, reply, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
            world_release(w, w->tcp);
            nap();
        }
        assert_int_equal(recv(fd, reply, sizeof reply, MSG_WAITALL), sizeof reply);
        assert_memory_equal(reply + SP_LENGTH_SIZE + SP_WORD_SIZE, "done", 4);
    }
    close(fd);
    WAIT_FOR(counters(w->tcp).inflight_now == 0);
}

static void
gone_before_the_reply(void **state)
{
    struct world *w = *state;
    int fd = raw_ready(w);
    raw_call(fd, 1, "hold");
    WAIT_FOR(held_count(w) == 1);
    struct rpc_call_handle call = w->held[0];
    assert_true(rpc_server_handle_alive(w->tcp, call));
    uint64_t dropped = counters(w->tcp).replies_dropped;
    raw_abort(fd);
    WAIT_FOR(!rpc_server_handle_alive(w->tcp, call));
    world_release(w, w->tcp);
    assert_int_equal(counters(w->tcp).replies_dropped, dropped + 1);

    /* Control: one that is there is alive until answered, and a second answer is dropped. */
    fd = raw_ready(w);
    raw_call(fd, 1, "hold");
    WAIT_FOR(held_count(w) == 1);
    call = w->held[0];
    assert_true(rpc_server_handle_alive(w->tcp, call));
    world_release(w, w->tcp);
    assert_false(rpc_server_handle_alive(w->tcp, call));
    assert_int_equal(rpc_server_reply(w->tcp, call, (const unsigned char *)"x", 1), STATUS_OK);
    assert_int_equal(counters(w->tcp).replies_dropped, dropped + 2);
    close(fd);
    check_served(w);
}

/* ---- caps, calls, ends ---- */

static void
cap_per_machine(void **state)
{
    struct world *w = *state;
    struct rpc_client *c[MACHINE_MAX + 2];
    uint64_t before = counters(w->tls).evicted_machine;
    for (size_t i = 0; i < MACHINE_MAX + 2; i++) {
        c[i] = client_open(w, w->tls);
        echo_check(c[i], "auth:machine-a");
        echo_check(c[i], "auth:machine-a");
    }
    assert_int_equal(counters(w->tls).evicted_machine, before + 2);
    struct rpc_reply r = {0};
    struct fault f = {0};
    for (size_t i = 0; i < 2; i++) { /* the two oldest are gone, the newest are not */
        assert_int_equal(rpc_client_call(c[i], (const unsigned char *)"x", 1, WAIT_MS, &r, &f),
                         STATUS_UNAVAILABLE);
        assert_string_equal(f.reason, "CONNECTION_LOST");
    }
    for (size_t i = 2; i < MACHINE_MAX + 2; i++) {
        echo_check(c[i], "still here");
    }
    rpc_server_machine_close(w->tls, "machine-a");
    for (size_t i = 0; i < MACHINE_MAX + 2; i++) {
        if (i >= 2) {
            assert_int_equal(rpc_client_call(c[i], (const unsigned char *)"x", 1, WAIT_MS, &r, &f),
                             STATUS_UNAVAILABLE);
        }
        rpc_client_free(c[i]);
    }
    check_served(w);
}

static void *
cancel_main(void *arg)
{
    struct world *w = honest.world;
    while (held_count(w) == 0) {
        nap();
    }
    rpc_client_cancel(arg);
    return NULL;
}

static void
cancel_and_timeout(void **state)
{
    struct world *w = *state;
    struct rpc_client *c = client_open(w, w->tls);
    struct rpc_reply r = {0};
    struct fault f = {0};
    pthread_t thread;
    const unsigned char hold[] = "hold";
    assert_int_equal(pthread_create(&thread, NULL, cancel_main, c), 0);
    assert_int_equal(rpc_client_call(c, hold, 4, WAIT_MS, &r, &f), STATUS_CANCELLED);
    pthread_join(thread, NULL);
    echo_check(c, "after cancel");
    assert_int_equal(rpc_client_call(c, hold, 4, 50, &r, &f), STATUS_DEADLINE_EXCEEDED);
    assert_string_equal(f.reason, "CALL_TIMEOUT");
    echo_check(c, "after timeout");
    rpc_client_free(c);
    world_release(w, w->tls);
    WAIT_FOR(counters(w->tls).inflight_now <= 1); /* the honest client's */
}

static void
reply_too_large(void **state)
{
    struct world *w = *state;
    struct rpc_call_handle call = {0};
    unsigned char *big = calloc(1, LIMIT_FRAME_BYTES + 1);
    assert_non_null(big);
    assert_int_equal(rpc_server_reply(w->tcp, call, big, LIMIT_FRAME_BYTES + 1),
                     STATUS_RESOURCE_EXHAUSTED);
    free(big);
    int fd = raw_ready(w); /* the largest that fits arrives whole */
    raw_call(fd, 1, "big:1048544");
    size_t want = SP_LENGTH_SIZE + SP_WORD_SIZE + SP_PAYLOAD_MAX;
    char sink[65536];
    for (size_t got = 0; got < want;) {
        ssize_t n = recv(fd, sink, sizeof sink, 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    close(fd);
}

static void
dead_listener_is_replaced(void **state)
{
    struct world *w = *state;
    uint64_t before = counters(w->tls).listener_restarts;
    uint16_t port = rpc_server_port(w->tls);
    nng_stream_listener_close(w->tls->listener);
    WAIT_FOR(counters(w->tls).listener_restarts == before + 1);
    assert_int_equal(rpc_server_port(w->tls), port);
    check_served(w);
}

static void
drain(void **state)
{
    struct world *w = *state;
    struct world other = {.lock = PTHREAD_MUTEX_INITIALIZER};
    memcpy(other.dir, w->dir, sizeof other.dir);
    struct rpc_server *s =
        server_start(&other, "tcp://127.0.0.1:0", &other.tcp, (struct rpc_server_limits){0});
    int idle = raw_connect(s);
    int busy = raw_connect(s);
    unsigned char sink[64];
    raw_send(busy, sp_req, sizeof sp_req);
    assert_int_equal(recv(busy, sink, SP_HANDSHAKE_SIZE, MSG_WAITALL), SP_HANDSHAKE_SIZE);
    raw_call(busy, 1, "hold");
    WAIT_FOR(held_count(&other) == 1);
    assert_int_equal(rpc_server_drain(s, 50), STATUS_DEADLINE_EXCEEDED);
    assert_true(raw_closed(idle));
    raw_call(busy, 2, "hold"); /* not taken any more */
    world_release(&other, s);
    assert_int_equal(rpc_server_drain(s, WAIT_MS), STATUS_OK);
    size_t want = SP_LENGTH_SIZE + SP_WORD_SIZE + 4;
    assert_int_equal(recv(busy, sink, want, MSG_WAITALL), want);
    assert_true(raw_closed(busy));
    assert_int_equal(held_count(&other), 0);
    close(idle);
    close(busy);
    rpc_server_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_in_handshake),
        cmocka_unit_test(claim_of_3_gib),
        cmocka_unit_test(claim_of_3_gib_over_tls),
        cmocka_unit_test(backtrace_without_end),
        cmocka_unit_test(garbage),
        cmocka_unit_test(half_of_a_sub_protocol),
        cmocka_unit_test(silent_peers),
        cmocka_unit_test(silent_in_tls_handshake),
        cmocka_unit_test(three_hundred_idle),
        cmocka_unit_test(idle_after_handshake_is_closed),
        cmocka_unit_test(half_frame),
        cmocka_unit_test(slow_but_honest_writer),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(back_pressure),
        cmocka_unit_test(gone_before_the_reply),
        cmocka_unit_test(cap_per_machine),
        cmocka_unit_test(cancel_and_timeout),
        cmocka_unit_test(reply_too_large),
        cmocka_unit_test(dead_listener_is_replaced),
        cmocka_unit_test(drain),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
