/* The other end is killed over and over, in the middle of calls: every call of a client comes back,
 * and a server keeps nothing of clients that are gone. A connection that ends while its client is
 * idle fails the next call at once, not at its deadline. */
#include "tests/e2e/rpc_fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>

/* A call that hangs until its deadline is waited for in vain. */
enum { CLIENTS = 4, ROUNDS = 15, CALLS_A_ROUND = 25, CALL_MS = 2 * WAIT_MS };
enum { IDLE = 25, IDLE_ROUNDS = 8 }; /* 200 connections */

struct caller {
    struct rpc_client *client;
    pthread_t thread;
    _Atomic unsigned returned; /* calls that came back, well or not */
    _Atomic unsigned answered;
};

/* What nng loses is given up with its memory (proto/rpc/client_io.h, server_conn.c rule 8). */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:client_io_new\nleak:conn_new\nleak:conn_in_reserve\nleak:libnng\nleak:libmbed\n";
}

static _Atomic bool stop;
static char *program;

static struct rpc_client *
client_to(const struct world *w, const char *url, uint32_t connect_ms)
{
    struct rpc_client *c = NULL;
    struct rpc_client_config config = {.url = url,
                                       .server_name = SERVER_NAME,
                                       .tls = files_of(w, "ca", "client"),
                                       .connect_timeout_ms = connect_ms};
    return rpc_client_open(&config, &c, NULL) == STATUS_OK ? c : NULL;
}

static void *
caller_run(void *arg)
{
    struct caller *me = arg;
    while (!stop) {
        struct rpc_reply reply = {0};
        enum status s =
            rpc_client_call(me->client, (const unsigned char *)"hello", 5, CALL_MS, &reply, NULL);
        if (s == STATUS_OK) {
            rpc_reply_clear(&reply);
            me->answered++;
        } else {
            nap();
        }
        me->returned++;
    }
    rpc_client_free(me->client);
    return NULL;
}

/* The server is a program of its own, so that it can be killed: this one, with other arguments. */
static _Noreturn void
serve(const char *dir, const char *url)
{
    static struct world w;
    pthread_mutex_init(&w.lock, NULL);
    snprintf(w.dir, sizeof w.dir, "%s", dir);
    server_start(&w, url, &w.tls, (struct rpc_server_limits){0});
    for (;;) {
        pause();
    }
}

/* The clients are opened by one thread: the first use of nng, which sets it up, is not for several
 * at once. */
static void
callers_start(const struct world *w, const char *url, struct caller callers[CLIENTS])
{
    for (size_t i = 0; i < CLIENTS; i++) {
        callers[i].client = client_to(w, url, CALL_MS);
        if (callers[i].client == NULL) {
            abort(); /* maybe in a child */
        }
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]), 0);
    }
}

/* Clients as a program of their own. */
static _Noreturn void
call(const char *dir, const char *url)
{
    static struct world w;
    static struct caller callers[CLIENTS];
    snprintf(w.dir, sizeof w.dir, "%s", dir);
    callers_start(&w, url, callers);
    for (;;) {
        pause();
    }
}

static pid_t
spawn(const char *mode, const char *dir, const char *url)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing stays behind a test that fails */
        execl("/proc/self/exe", program, mode, dir, url, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void
end_by_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A port for servers to listen on, one after another. The socket stays bound while the program
 * runs, so that the system gives the port to no outgoing connection while no server is up. */
static uint16_t
held_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    return ntohs(at.sin_port);
}

static void
every_call_comes_back(void **state)
{
    struct world *w = *state;
    struct caller callers[CLIENTS] = {0};
    char url[64];
    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%u", held_port());
    callers_start(w, url, callers);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t server = spawn("--serve", w->dir, url);
        for (size_t i = 0; i < CLIENTS; i++) {
            unsigned before = callers[i].answered;
            WAIT_FOR(callers[i].answered >= before + CALLS_A_ROUND);
        }
        end_by_kill(server);
        for (size_t i = 0; i < CLIENTS; i++) {
            unsigned before = callers[i].returned;
            WAIT_FOR(callers[i].returned > before + 1);
        }
    }
    stop = true;
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(callers[i].thread, NULL);
    }
}

static void
nothing_stays_of_killed_clients(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before = counters(w->tls).frames_in;
        pid_t clients = spawn("--call", w->dir, url_of(w, w->tls));
        WAIT_FOR(counters(w->tls).frames_in >= before + (uint64_t)CLIENTS * CALLS_A_ROUND);
        end_by_kill(clients);
    }
    WAIT_FOR(counters(w->tls).conn_now == 0);
    assert_int_equal(counters(w->tls).inflight_now, 0);
}

/* Connects all of them, marked as one machine's; they are idle then. */
static void
idle_open(const struct world *w, const char *url, struct rpc_client *idle[IDLE])
{
    for (size_t i = 0; i < IDLE; i++) {
        idle[i] = client_to(w, url, WAIT_MS);
        assert_non_null(idle[i]);
        int64_t end = now_steady_ms() + WAIT_MS; /* the server may only just have been started */
        while (rpc_client_connect(idle[i], WAIT_MS, NULL) != STATUS_OK && now_steady_ms() < end) {
            nap();
        }
        echo_check(idle[i], "auth:idle");
    }
}

/* Their connections have ended: the next call says so. */
static void
idle_check(struct rpc_client *idle[IDLE])
{
    for (size_t i = 0; i < IDLE; i++) {
        struct rpc_reply r = {0};
        struct fault f = {0};
        enum status s = rpc_client_call(idle[i], (const unsigned char *)"x", 1, WAIT_MS, &r, &f);
        if (s != STATUS_UNAVAILABLE || strcmp(f.reason, "CONNECTION_LOST") != 0) {
            fail_msg("client %zu: status %d, %s: %s", i, (int)s, f.reason, f.message);
        }
        rpc_client_free(idle[i]);
    }
}

static void
idle_when_the_server_is_killed(void **state)
{
    struct world *w = *state;
    struct rpc_client *idle[IDLE];
    char url[64];
    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%u", held_port());
    for (int round = 0; round < IDLE_ROUNDS; round++) {
        pid_t server = spawn("--serve", w->dir, url);
        idle_open(w, url, idle);
        end_by_kill(server);
        idle_check(idle);
    }
}

static void
idle_when_the_server_closes(void **state)
{
    struct world *w = *state;
    struct rpc_client *idle[IDLE];
    for (int round = 0; round < IDLE_ROUNDS; round++) {
        idle_open(w, url_of(w, w->tls), idle);
        rpc_server_machine_close(w->tls, "idle");
        WAIT_FOR(counters(w->tls).conn_now == 0);
        idle_check(idle);
    }
}

static int
open_world(void **state)
{
    *state = world_open((struct rpc_server_limits){0});
    return 0;
}

static int
close_world(void **state)
{
    world_close(*state);
    return 0;
}

int
main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && strcmp(argv[1], "--serve") == 0) {
        serve(argv[2], argv[3]);
    }
    if (argc == 4 && strcmp(argv[1], "--call") == 0) {
        call(argv[2], argv[3]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_call_comes_back, open_world, close_world),
        cmocka_unit_test_setup_teardown(nothing_stays_of_killed_clients, open_world, close_world),
        cmocka_unit_test_setup_teardown(idle_when_the_server_is_killed, open_world, close_world),
        cmocka_unit_test_setup_teardown(idle_when_the_server_closes, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
