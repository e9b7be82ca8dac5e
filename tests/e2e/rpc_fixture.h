/* What the RPC end-to-end tests share: certificates made by the openssl program, an echo server on
 * TLS and one on TCP with scaled-down deadlines, raw sockets, waiting for conditions.
 *
 * The echo server answers every message with its own bytes, but
 *   "auth:ID"   marks the connection as machine ID's, then echoes
 *   "big:N"     answers with N bytes
 *   "hold…"     is kept; world_release answers all kept ones */
#ifndef TESTS_E2E_RPC_FIXTURE_H
#define TESTS_E2E_RPC_FIXTURE_H

#include "proto/base/now.h"
#include "proto/rpc/client.h"
#include "proto/rpc/server.h"
#include "proto/rpc/sp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

#define SERVER_NAME "rectify.test"
#define UNUSED __attribute__((unused))

enum { WAIT_MS = 30000, HOLD_MAX = 256 };

struct world;

struct echo {
    struct world *world;
    struct rpc_server **server;
};

struct world {
    char dir[64];
    struct echo echo[2]; /* of tls, of tcp */
    struct rpc_server *tls;
    struct rpc_server *tcp;
    pthread_mutex_t lock;
    struct rpc_call_handle held[HOLD_MAX];
    size_t held_n;
};

#ifdef __SANITIZE_THREAD__
/* nng counts the references of its dialers with atomics that ThreadSanitizer does not see in an
 * uninstrumented library; it then takes their freeing, by the last holder, for a race. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
    return "race:pthread_mutex_destroy\n";
}
#endif

/* ---- waiting ---- */

static UNUSED void
nap(void)
{
    struct timespec ts = {.tv_nsec = 2000000};
    nanosleep(&ts, NULL);
}

/* Fails the test when the condition does not come true in WAIT_MS. */
#define WAIT_FOR(condition)                                                                        \
    do {                                                                                           \
        int64_t wait_until_ = now_steady_ms() + WAIT_MS;                                           \
        while (!(condition)) {                                                                     \
            if (now_steady_ms() > wait_until_) {                                                   \
                fail_msg("waited in vain for: %s", #condition);                                    \
            }                                                                                      \
            nap();                                                                                 \
        }                                                                                          \
    } while (0)

static UNUSED struct rpc_server_counters
counters(struct rpc_server *s)
{
    struct rpc_server_counters c;
    rpc_server_counters_get(s, &c);
    return c;
}

/* ---- certificates ---- */

/* One authority (ca), a stranger's (fca); NAME.crt, NAME.key by ca: server, client; by fca:
 * foreign; by ca, of a month in 2020: expired. */
static const char certs_script[] =
    "set -e; cd \"$1\"\n"
    "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }\n"
    "root() { key $1; openssl req -x509 -new -key $1.key -subj \"/CN=$1\" -days 30 -out $1.crt "
    "-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign; }\n"
    "leaf() { key $1; openssl req -new -key $1.key -subj \"/CN=$3\" -out $1.csr\n"
    "  printf 'subjectAltName=DNS:%s\\nextendedKeyUsage=%s\\nkeyUsage=digitalSignature\\n' $3 $4 "
    ">$1.ext\n"
    "  $5 openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days 20 "
    "-extfile $1.ext -out $1.crt; }\n"
    "root ca; root fca\n"
    "leaf server ca " SERVER_NAME " serverAuth ''\n"
    "leaf client ca unit01 clientAuth ''\n"
    "leaf foreign fca unit01 clientAuth ''\n"
    "leaf expired ca unit01 clientAuth 'faketime 2020-03-01'\n"
    "leaf fserver fca " SERVER_NAME " serverAuth ''\n";

static UNUSED void
run_script(const char *script, const char *dir)
{
    fflush(NULL); /* or the child writes our buffers once more */
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) {
            _exit(126);
        }
        char log[96];
        snprintf(log, sizeof log, "%s/openssl.log", dir);
        if (freopen(log, "w", stderr) == NULL) {
            _exit(126);
        }
        execlp("sh", "sh", "-c", script, "sh", dir, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The paths of three files in the world's folder; cert NULL: no certificate. Valid until the next
 * call by the same thread. */
static UNUSED struct rpc_tls_files
files_of(const struct world *w, const char *ca, const char *cert)
{
    static _Thread_local char paths[3][128];
    struct rpc_tls_files files = {.ca_file = paths[0]};
    snprintf(paths[0], sizeof paths[0], "%s/%s.crt", w->dir, ca);
    if (cert != NULL) {
        snprintf(paths[1], sizeof paths[1], "%s/%s.crt", w->dir, cert);
        snprintf(paths[2], sizeof paths[2], "%s/%s.key", w->dir, cert);
        files.cert_file = paths[1];
        files.key_file = paths[2];
    }
    return files;
}

/* ---- the echo server ---- */

/* The first message can come before the start has returned. */
static UNUSED struct rpc_server *
echo_server(const struct echo *e)
{
    struct rpc_server *s = NULL;
    while (s == NULL) {
        pthread_mutex_lock(&e->world->lock);
        s = *e->server;
        pthread_mutex_unlock(&e->world->lock);
        if (s == NULL) {
            nap();
        }
    }
    return s;
}

static UNUSED void
echo_message(void *ctx, struct rpc_call_handle call, unsigned char *bytes, size_t n)
{
    struct echo *e = ctx;
    struct rpc_server *s = echo_server(e);
    unsigned char *big = NULL;
    char text[64] = "";
    memcpy(text, bytes, n < sizeof text - 1 ? n : sizeof text - 1);
    enum status st = STATUS_OK;
    if (strncmp(text, "hold", 4) == 0) {
        pthread_mutex_lock(&e->world->lock);
        if (e->world->held_n < HOLD_MAX) {
            e->world->held[e->world->held_n++] = call;
        }
        pthread_mutex_unlock(&e->world->lock);
    } else if (strncmp(text, "big:", 4) == 0) {
        size_t size = strtoul(text + 4, NULL, 10);
        big = calloc(1, size + 1);
        st = big == NULL ? STATUS_INTERNAL : rpc_server_reply(s, call, big, size);
    } else {
        if (strncmp(text, "auth:", 5) == 0) {
            rpc_server_conn_authenticated(s, call, text + 5);
        }
        st = rpc_server_reply(s, call, bytes, n);
    }
    if (st != STATUS_OK) {
        abort();
    }
    free(big);
    free(bytes);
}

static UNUSED size_t
held_count(struct world *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->held_n;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* Answers every kept call with "done". */
static UNUSED void
world_release(struct world *w, struct rpc_server *s)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->held_n; i++) {
        assert_int_equal(rpc_server_reply(s, w->held[i], (const unsigned char *)"done", 4),
                         STATUS_OK);
    }
    w->held_n = 0;
    pthread_mutex_unlock(&w->lock);
}

static UNUSED struct rpc_server *
server_start(struct world *w, const char *url, struct rpc_server **slot,
             struct rpc_server_limits limits)
{
    struct echo *e = &w->echo[slot == &w->tls ? 0 : 1];
    struct fault f = {0};
    *e = (struct echo){.world = w, .server = slot};
    struct rpc_server_config config = {.url = url,
                                       .tls = files_of(w, "ca", "server"),
                                       .limits = limits,
                                       .on_message = echo_message,
                                       .ctx = e};
    struct rpc_server *started = NULL;
    if (rpc_server_start(&config, &started, &f) != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    pthread_mutex_lock(&w->lock);
    *slot = started;
    pthread_mutex_unlock(&w->lock);
    return started;
}

static UNUSED struct world *
world_open(struct rpc_server_limits limits)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    pthread_mutex_init(&w->lock, NULL);
    snprintf(w->dir, sizeof w->dir, "/tmp/rectify-rpc.XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    run_script(certs_script, w->dir);
    server_start(w, "tls+tcp://127.0.0.1:0", &w->tls, limits);
    server_start(w, "tcp://127.0.0.1:0", &w->tcp, limits);
    return w;
}

static UNUSED void
world_close(struct world *w)
{
    rpc_server_free(w->tls);
    rpc_server_free(w->tcp);
    run_script("rm -f \"$1\"/*.crt \"$1\"/*.key \"$1\"/*.csr \"$1\"/*.ext \"$1\"/*.srl", w->dir);
    char log[96];
    snprintf(log, sizeof log, "%s/openssl.log", w->dir);
    unlink(log);
    rmdir(w->dir);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* ---- clients ---- */

static UNUSED const char *
url_of(const struct world *w, struct rpc_server *s)
{
    static _Thread_local char url[64];
    snprintf(url, sizeof url, "%s://127.0.0.1:%u", s == w->tls ? "tls+tcp" : "tcp",
             rpc_server_port(s));
    return url;
}

static UNUSED struct rpc_client *
client_open(const struct world *w, struct rpc_server *s)
{
    struct rpc_client *c = NULL;
    struct fault f = {0};
    struct rpc_client_config config = {.url = url_of(w, s),
                                       .server_name = SERVER_NAME,
                                       .tls = files_of(w, "ca", "client"),
                                       .connect_timeout_ms = WAIT_MS};
    if (rpc_client_open(&config, &c, &f) != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    return c;
}

/* A call that must come back with the same bytes. */
static UNUSED void
echo_check(struct rpc_client *c, const char *text)
{
    struct rpc_reply r = {0};
    struct fault f = {0};
    enum status st = rpc_client_call(c, (const unsigned char *)text, strlen(text), WAIT_MS, &r, &f);
    if (st != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    assert_int_equal(r.n, strlen(text));
    assert_memory_equal(r.bytes, text, r.n);
    rpc_reply_clear(&r);
}

/* A TCP connection to a server's port. */
static UNUSED int
raw_connect(struct rpc_server *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(rpc_server_port(s)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static UNUSED void
raw_send(int fd, const void *bytes, size_t n)
{
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    (void)sent; /* the server may have closed already: that is for the caller to see */
}

/* FIN, then RST. */
static UNUSED void
raw_abort(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    shutdown(fd, SHUT_WR);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

/* True once the server has closed; reads away what comes. Blocks at most for WAIT_MS. */
static UNUSED bool
raw_closed(int fd)
{
    char sink[4096];
    struct timeval tv = {.tv_sec = WAIT_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    ssize_t n = 1;
    while (n > 0) {
        n = recv(fd, sink, sizeof sink, 0);
    }
    return n == 0 || errno == ECONNRESET || errno == EPIPE;
}

/* ---- raw TLS ---- */

static UNUSED const unsigned char sp_req[] = {0, 'S', 'P', 0, 0, SP_PROTO_REQ, 0, 0};

/* A TLS stream with the given certificate; the handshake runs with the first operation. */
static UNUSED nng_stream *
tls_dial(struct world *w, const char *ca, const char *cert, nng_aio *aio)
{
    nng_stream_dialer *d = NULL;
    nng_tls_config *config = NULL;
    char path[2][128];
    char pem[128];
    assert_int_equal(nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT), 0);
    snprintf(path[0], sizeof path[0], "%s/%s.crt", w->dir, ca);
    assert_int_equal(nng_tls_config_ca_file(config, path[0]), 0);
    assert_int_equal(nng_tls_config_server_name(config, SERVER_NAME), 0);
    if (cert != NULL) {
        snprintf(pem, sizeof pem, "cat \"$1/%s.crt\" \"$1/%s.key\" >\"$1/both.key\"", cert, cert);
        run_script(pem, w->dir);
        snprintf(path[1], sizeof path[1], "%s/both.key", w->dir);
        assert_int_equal(nng_tls_config_cert_key_file(config, path[1], NULL), 0);
    }
    assert_int_equal(nng_stream_dialer_alloc(&d, url_of(w, w->tls)), 0);
    assert_int_equal(nng_stream_dialer_set_ptr(d, NNG_OPT_TLS_CONFIG, config), 0);
    nng_aio_set_timeout(aio, WAIT_MS);
    nng_stream_dialer_dial(d, aio);
    nng_aio_wait(aio);
    assert_int_equal(nng_aio_result(aio), 0);
    nng_stream *stream = nng_aio_get_output(aio, 0);
    nng_stream_dialer_free(d);
    nng_tls_config_free(config);
    return stream;
}

static UNUSED void
stream_start(nng_stream *s, nng_aio *aio, bool send, void *bytes, size_t n)
{
    nng_iov iov = {.iov_buf = bytes, .iov_len = n};
    nng_aio_set_iov(aio, 1, &iov);
    if (send) {
        nng_stream_send(s, aio);
    } else {
        nng_stream_recv(s, aio);
    }
}

static UNUSED int
stream_io(nng_stream *s, nng_aio *aio, bool send, void *bytes, size_t n)
{
    stream_start(s, aio, send, bytes, n);
    nng_aio_wait(aio);
    return nng_aio_result(aio);
}

#endif
