/* Who is let in and who is not: certificates on both sides, the files they come from, the
 * self-test, and what start says when it cannot. */
#include "tests/e2e/rpc_fixture.h"
#include "tests/support/fault_proxy.h"

static const struct rpc_server_limits scaled = {.handshake_ms = 5000};

static int
setup(void **state)
{
    *state = world_open(scaled);
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

static void
newcomer_is_served(struct world *w)
{
    struct rpc_client *c = client_open(w, w->tls);
    echo_check(c, "newcomer");
    rpc_client_free(c);
}

/* What a client with that certificate gets for its SP header: 0 (an SP header) or an error. */
static int
tls_welcome(struct world *w, const char *ca, const char *cert)
{
    nng_aio *aio = NULL;
    nng_aio *send_aio = NULL;
    unsigned char theirs[SP_HANDSHAKE_SIZE] = {0};
    unsigned char ours[sizeof sp_req];
    memcpy(ours, sp_req, sizeof ours);
    assert_int_equal(nng_aio_alloc(&aio, NULL, NULL), 0);
    assert_int_equal(nng_aio_alloc(&send_aio, NULL, NULL), 0);
    nng_stream *s = tls_dial(w, ca, cert, aio);
    nng_iov iov = {.iov_buf = ours, .iov_len = sizeof ours};
    nng_aio_set_iov(send_aio, 1, &iov);
    nng_stream_send(s, send_aio);
    int rv = stream_io(s, aio, false, theirs, sizeof theirs);
    if (rv == 0) {
        assert_int_equal(theirs[5], SP_PROTO_REP);
    }
    nng_stream_close(s);
    nng_aio_wait(send_aio);
    nng_stream_free(s);
    nng_aio_free(aio);
    nng_aio_free(send_aio);
    return rv;
}

static void
certificates_are_required(void **state)
{
    struct world *w = *state;
    const char *bad[] = {NULL, "foreign", "expired"};
    assert_int_equal(tls_welcome(w, "ca", "client"), 0); /* control */
    for (size_t i = 0; i < 3; i++) {
        uint64_t ready = counters(w->tls).ready;
        int rv = tls_welcome(w, "ca", bad[i]);
        assert_int_not_equal(rv, 0);
        assert_int_not_equal(rv, NNG_ETIMEDOUT);
        assert_int_equal(counters(w->tls).ready, ready);
    }
    newcomer_is_served(w);
}

static void
connect_expect(struct world *w, const struct rpc_client_config *config, enum status want,
               const char *reason)
{
    struct rpc_client *c = NULL;
    struct fault f = {0};
    (void)w;
    enum status st = rpc_client_open(config, &c, &f);
    if (st == STATUS_OK) {
        st = rpc_client_connect(c, WAIT_MS, &f);
    }
    assert_string_equal(f.reason, reason);
    assert_int_equal(st, want);
    assert_int_equal(f.code, want);
    rpc_client_free(c);
}

static void
client_says_what_is_wrong(void **state)
{
    struct world *w = *state;
    char url[64];
    struct rpc_client_config config = {.url = url, .server_name = "other.test"};
    snprintf(url, sizeof url, "%s", url_of(w, w->tls));

    config.tls = files_of(w, "ca", "client");
    connect_expect(w, &config, STATUS_UNAUTHENTICATED, "TLS_SERVER_NAME");
    config.server_name = SERVER_NAME;
    config.tls = files_of(w, "fca", "foreign");
    connect_expect(w, &config, STATUS_UNAUTHENTICATED, "TLS_SERVER_CERT");
    config.tls = files_of(w, "ca", NULL);
    connect_expect(w, &config, STATUS_UNAUTHENTICATED, "TLS_CLIENT_REFUSED");
    config.tls = files_of(w, "ca", "foreign");
    connect_expect(w, &config, STATUS_FAILED_PRECONDITION, "TLS_CERT_WRONG_CA");
    config.tls = files_of(w, "ca", "expired");
    connect_expect(w, &config, STATUS_FAILED_PRECONDITION, "TLS_CERT_EXPIRED");
    config.tls = files_of(w, "ca", "missing");
    connect_expect(w, &config, STATUS_FAILED_PRECONDITION, "TLS_FILE_UNREADABLE");
    config.tls = files_of(w, "ca", "client");
    config.server_name = NULL;
    connect_expect(w, &config, STATUS_INVALID_ARGUMENT, "SERVER_NAME_MISSING");
    config.server_name = SERVER_NAME;
    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:1");
    connect_expect(w, &config, STATUS_UNAVAILABLE, "CONNECT_REFUSED");
    snprintf(url, sizeof url, "tls+tcp://no-such-host.invalid:1");
    connect_expect(w, &config, STATUS_UNAVAILABLE, "HOST_UNKNOWN");
    snprintf(url, sizeof url, "ftp://127.0.0.1:1");
    connect_expect(w, &config, STATUS_INVALID_ARGUMENT, "URL_INVALID");
    snprintf(url, sizeof url, "%s", url_of(w, w->tls));
    connect_expect(w, &config, STATUS_OK, ""); /* control */
    newcomer_is_served(w);
}

static void
wrong_pair_is_found_in_the_files(void **state)
{
    struct world *w = *state;
    struct fault f = {0};
    struct rpc_tls_files files = files_of(w, "ca", "client");
    char other[128];
    int64_t until_ms = 0;
    assert_int_equal(rpc_tls_files_check(&files, &f), STATUS_OK);
    assert_int_equal(rpc_tls_cert_not_after_ms(files.cert_file, &until_ms, &f), STATUS_OK);
    int64_t now = (int64_t)time(NULL) * 1000;
    assert_true(until_ms > now + 18LL * 86400000 && until_ms < now + 22LL * 86400000);
    snprintf(other, sizeof other, "%s/server.key", w->dir);
    files.key_file = other;
    assert_int_equal(rpc_tls_files_check(&files, &f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f.reason, "TLS_KEY_MISMATCH");
    assert_non_null(strstr(f.message, other));
}

static void
selftest(void **state)
{
    struct world *w = *state;
    struct fault f = {0};
    struct rpc_tls_files client = files_of(w, "ca", "client");
    assert_int_equal(rpc_server_selftest(w->tls, &client, SERVER_NAME, &f), STATUS_OK);
    /* Controls: a name the server does not have; a listener without TLS. */
    assert_int_equal(rpc_server_selftest(w->tls, &client, "other.test", &f), STATUS_INTERNAL);
    assert_int_equal(rpc_server_selftest(w->tcp, &client, SERVER_NAME, &f), STATUS_INTERNAL);
}

/* Other ways to write the address; 0.0.0.0 and localhost are dialled by loopback. */
static void
other_addresses(void **state)
{
    struct world *w = *state;
    const char *urls[] = {"tls+tcp://0.0.0.0:0", "tls+tcp://localhost:0"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct world other = {.lock = PTHREAD_MUTEX_INITIALIZER};
        struct fault f = {0};
        memcpy(other.dir, w->dir, sizeof other.dir);
        server_start(&other, urls[i], &other.tls, scaled);
        struct rpc_tls_files client = files_of(w, "ca", "client");
        if (rpc_server_selftest(other.tls, &client, SERVER_NAME, &f) != STATUS_OK) {
            fail_msg("%s: %s", urls[i], f.message);
        }
        rpc_server_free(other.tls);
    }
}

static void
start_expect(const struct rpc_server_config *config, enum status want, const char *reason)
{
    struct rpc_server *s = NULL;
    struct fault f = {0};
    assert_int_equal(rpc_server_start(config, &s, &f), want);
    assert_string_equal(f.reason, reason);
    assert_null(s);
}

static void
start_says_what_is_wrong(void **state)
{
    struct world *w = *state;
    char taken[64];
    struct rpc_server_config config = {.url = taken, .on_message = echo_message};
    snprintf(taken, sizeof taken, "%s", url_of(w, w->tls));
    config.tls = files_of(w, "ca", "server");
    start_expect(&config, STATUS_UNAVAILABLE, "LISTEN_FAILED");
    config.url = "http://127.0.0.1:0";
    start_expect(&config, STATUS_INVALID_ARGUMENT, "URL_INVALID");
    config.url = "tls+tcp://127.0.0.1:0";
    config.tls = files_of(w, "ca", "fserver");
    start_expect(&config, STATUS_FAILED_PRECONDITION, "TLS_CERT_WRONG_CA");
    config.tls = files_of(w, "ca", NULL);
    start_expect(&config, STATUS_FAILED_PRECONDITION, "TLS_FILE_UNREADABLE");
}

/* ---- hanging up once the certificates are shown ---- */

enum { STOPPING_MS = 250 };

/* Cut behind the server's own certificate, while the client shows his. */
static const struct fault_rule hang_up = {
    .cut = FAULT_CUT_FIN, .cut_side = FAULT_UP, .cut_after = 400};

struct connecting {
    struct rpc_client *client;
    pthread_t thread;
    enum status status;
    struct fault fault;
};

static void *
connecting_main(void *arg)
{
    struct connecting *k = arg;
    k->status = rpc_client_connect(k->client, WAIT_MS, &k->fault);
    return NULL;
}

/* Connects through a line that hangs up, for good or until the server is gone. */
static void
hang_up_expect(const struct world *w, bool goes, enum status status, const char *reason)
{
    char url[64];
    struct connecting k = {.status = STATUS_OK};
    struct fault_counts counts = {0};
    struct fault_proxy *p =
        fault_proxy_start(&(struct fault_proxy_config){.port = rpc_server_port(w->tls)});
    struct rpc_client_config config = {
        .url = url, .server_name = SERVER_NAME, .tls = files_of(w, "ca", "client")};
    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%u", fault_proxy_port(p));
    fault_proxy_set(p, &hang_up);
    assert_int_equal(rpc_client_open(&config, &k.client, NULL), STATUS_OK);
    assert_int_equal(pthread_create(&k.thread, NULL, connecting_main, &k), 0);
    /* it takes a while to go: longer than a client that asks again at once has patience */
    int64_t begun = now_steady_ms();
    while (goes && (counts.cut < 3 || now_steady_ms() - begun < STOPPING_MS)) {
        nap();
        fault_proxy_counts(p, &counts);
    }
    fault_proxy_refuse(p, goes);
    pthread_join(k.thread, NULL);
    assert_int_equal(k.status, status);
    assert_string_equal(k.fault.reason, reason);
    rpc_client_free(k.client);
    fault_proxy_stop(p);
}

static void
server_about_to_stop_refuses_nobody(void **state)
{
    hang_up_expect(*state, true, STATUS_UNAVAILABLE, "CONNECT_REFUSED");
    hang_up_expect(*state, false, STATUS_UNAUTHENTICATED, "TLS_CLIENT_REFUSED"); /* control */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_required),
        cmocka_unit_test(client_says_what_is_wrong),
        cmocka_unit_test(wrong_pair_is_found_in_the_files),
        cmocka_unit_test(selftest),
        cmocka_unit_test(server_about_to_stop_refuses_nobody),
        cmocka_unit_test(other_addresses),
        cmocka_unit_test(start_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
