/* Unmodified nng REQ sockets against our server: plain, over TLS, with several contexts at once;
 * and our client against an unmodified REP socket. */
#include "tests/e2e/rpc_fixture.h"

#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

enum { CONTEXTS = 12, ROUNDS = 50 };

static int
setup(void **state)
{
    *state = world_open((struct rpc_server_limits){0});
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

static nng_socket
stock_dial(const struct world *w, struct rpc_server *s)
{
    nng_socket req;
    nng_dialer dialer;
    assert_int_equal(nng_req0_open(&req), 0);
    assert_int_equal(nng_socket_set_ms(req, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
    assert_int_equal(nng_socket_set_ms(req, NNG_OPT_RECVTIMEO, WAIT_MS), 0);
    assert_int_equal(nng_dialer_create(&dialer, req, url_of(w, s)), 0);
    if (s == w->tls) {
        struct rpc_tls_files files = files_of(w, "ca", "client");
        nng_tls_config *config = NULL;
        struct fault f = {0};
        assert_int_equal(rpc_tls_client_config(&files, SERVER_NAME, &config, &f), STATUS_OK);
        assert_int_equal(nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config), 0);
        nng_tls_config_free(config);
    }
    assert_int_equal(nng_dialer_start(dialer, 0), 0);
    return req;
}

static void
round_trips(nng_socket req)
{
    const size_t sizes[] = {0, 1, 17, 4096, 70000, 900000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *bytes = malloc(sizes[i] + 1);
        void *reply = NULL;
        size_t n = 0;
        assert_non_null(bytes);
        memset(bytes, (int)('a' + i), sizes[i] + 1);
        assert_int_equal(nng_send(req, bytes, sizes[i], 0), 0);
        assert_int_equal(nng_recv(req, &reply, &n, NNG_FLAG_ALLOC), 0);
        assert_int_equal(n, sizes[i]);
        assert_memory_equal(reply, bytes, n);
        nng_free(reply, n);
        free(bytes);
    }
}

static void
stock_req_works_over_tcp(void **state)
{
    struct world *w = *state;
    nng_socket req = stock_dial(w, w->tcp);
    round_trips(req);
    nng_close(req);
}

static void
stock_req_works_over_tls(void **state)
{
    struct world *w = *state;
    nng_socket req = stock_dial(w, w->tls);
    round_trips(req);
    nng_close(req);
}

/* Every context gets its own answer, though all share one connection. */
static void
contexts_in_parallel(struct world *w, struct rpc_server *s)
{
    nng_socket req = stock_dial(w, s);
    nng_ctx ctx[CONTEXTS];
    nng_aio *aio[CONTEXTS];
    for (int i = 0; i < CONTEXTS; i++) {
        assert_int_equal(nng_ctx_open(&ctx[i], req), 0);
        assert_int_equal(nng_aio_alloc(&aio[i], NULL, NULL), 0);
        nng_aio_set_timeout(aio[i], WAIT_MS);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CONTEXTS; i++) {
            nng_msg *msg = NULL;
            assert_int_equal(nng_msg_alloc(&msg, 0), 0);
            assert_int_equal(nng_msg_append_u32(msg, (uint32_t)(round * CONTEXTS + i)), 0);
            nng_aio_set_msg(aio[i], msg);
            nng_ctx_send(ctx[i], aio[i]);
        }
        for (int i = 0; i < CONTEXTS; i++) {
            nng_aio_wait(aio[i]);
            assert_int_equal(nng_aio_result(aio[i]), 0);
            nng_ctx_recv(ctx[i], aio[i]);
        }
        for (int i = 0; i < CONTEXTS; i++) {
            uint32_t got = 0;
            nng_aio_wait(aio[i]);
            assert_int_equal(nng_aio_result(aio[i]), 0);
            nng_msg *msg = nng_aio_get_msg(aio[i]);
            assert_int_equal(nng_msg_trim_u32(msg, &got), 0);
            assert_int_equal(got, (uint32_t)(round * CONTEXTS + i));
            nng_msg_free(msg);
        }
    }
    for (int i = 0; i < CONTEXTS; i++) {
        nng_ctx_close(ctx[i]);
        nng_aio_free(aio[i]);
    }
    nng_close(req);
}

static void
pipelined_contexts_work_over_tcp(void **state)
{
    struct world *w = *state;
    contexts_in_parallel(w, w->tcp);
}

static void
pipelined_contexts_work_over_tls(void **state)
{
    struct world *w = *state;
    contexts_in_parallel(w, w->tls);
}

static void
our_client_works(void **state)
{
    struct world *w = *state;
    struct rpc_client *c = client_open(w, w->tls);
    for (int i = 0; i < ROUNDS; i++) {
        echo_check(c, "hello");
    }
    rpc_client_disconnect(c);
    echo_check(c, "hello again");
    rpc_client_free(c);
}

/* Echoes ROUNDS messages. */
static void *
stock_rep_main(void *arg)
{
    const nng_socket *rep = arg;
    for (int i = 0; i < ROUNDS; i++) {
        nng_msg *msg = NULL;
        if (nng_recvmsg(*rep, &msg, 0) != 0 || nng_sendmsg(*rep, msg, 0) != 0) {
            break;
        }
    }
    return NULL;
}

/* The format is SP, not just what our two ends agree on. */
static void
our_client_works_with_a_stock_rep_socket(void **state)
{
    (void)state;
    nng_socket rep;
    nng_listener listener;
    pthread_t thread;
    struct rpc_client *c = NULL;
    struct fault f = {0};
    int port = 0;
    char url[64];
    assert_int_equal(nng_rep0_open(&rep), 0);
    assert_int_equal(nng_listen(rep, "tcp://127.0.0.1:0", &listener, 0), 0);
    assert_int_equal(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port), 0);
    assert_int_equal(pthread_create(&thread, NULL, stock_rep_main, &rep), 0);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", port);
    struct rpc_client_config config = {.url = url};
    assert_int_equal(rpc_client_open(&config, &c, &f), STATUS_OK);
    for (int i = 0; i < ROUNDS; i++) {
        echo_check(c, "hello");
    }
    rpc_client_free(c);
    pthread_join(thread, NULL);
    nng_close(rep);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stock_req_works_over_tcp),
        cmocka_unit_test(stock_req_works_over_tls),
        cmocka_unit_test(pipelined_contexts_work_over_tcp),
        cmocka_unit_test(pipelined_contexts_work_over_tls),
        cmocka_unit_test(our_client_works),
        cmocka_unit_test(our_client_works_with_a_stock_rep_socket),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
