/* kill -9 at any moment: what was acknowledged is there, once; what was not is there once or not at
 * all. A server process (this program again, with "serve") is killed and restarted while callers
 * send commands over TCP and retry each with its key until it is acknowledged; then the database is
 * looked through. The control keeps the key outside the transaction and must be found out. */
#include "tests/service/door.h"

#include "proto/rpc/client.h"
#include "proto/rpc/server.h"

#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLERS = 8, KILLS = 30, KILLS_CONTROL_MAX = 60, CALL_MS = 2000, PATH_BYTES = 4200 };

extern char **environ;

/* ---- the server process ---- */

struct served {
    struct dispatch *d;
    _Atomic(struct rpc_server *) server;
};

struct ticket {
    struct rpc_call_handle handle;
};

static void
served_reply(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct served *s = ctx;
    struct ticket *ticket = (struct ticket *)(uintptr_t)handle;
    struct rpc_server *server = NULL;
    while ((server = atomic_load(&s->server)) == NULL) {
        usleep(100);
    }
    if (rpc_server_reply(server, ticket->handle, bytes, size) != STATUS_OK) {
        abort();
    }
    free(bytes);
    free(ticket);
}

static void
served_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t n)
{
    struct served *s = ctx;
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL) {
        abort();
    }
    ticket->handle = handle;
    dispatch_message(
        s->d, bytes, n,
        (struct reply_to){.fn = served_reply, .ctx = s, .handle = (uint64_t)(uintptr_t)ticket});
}

/* argv: serve CONNINFO PORT_FILE broken|sound. Ends only by being killed. */
static int
serve(char **argv)
{
    static struct served served;
    struct fault fault = {0};
    struct rpc_server *server = NULL;
    log_set_level(LOG_LEVEL_ERROR);
    const struct dispatch_config config = {
        .conninfo = argv[2],
        .writer_threads = 2,
        .query_threads = 1,
        .clock = clock_real(),
        .tables = &door_table,
        .table_count = 1,
        .server_version = "test",
        .partial_tables = true,
        .broken_idempotency = strcmp(argv[4], "broken") == 0,
    };
    const struct rpc_server_config transport = {
        .url = "tcp://127.0.0.1:0", .on_message = served_message, .ctx = &served};
    if (dispatch_start(&config, &served.d, &fault) != STATUS_OK ||
        rpc_server_start(&transport, &server, &fault) != STATUS_OK) {
        fprintf(stderr, "serve: %s: %s\n", fault.reason, fault.message);
        return EXIT_FAILURE;
    }
    atomic_store(&served.server, server);
    char fresh[PATH_BYTES];
    snprintf(fresh, sizeof fresh, "%s.new", argv[3]);
    FILE *file = fopen(fresh, "w");
    if (file == NULL || fprintf(file, "%u\n", rpc_server_port(server)) < 0 || fclose(file) != 0 ||
        rename(fresh, argv[3]) != 0) {
        return EXIT_FAILURE;
    }
    for (;;) {
        pause();
    }
}

/* ---- the other side ---- */

struct run {
    char port_file[PATH_BYTES];
    char conninfo[512];
    const char *mode;
    pid_t pid;
    atomic_uint port; /* 0 while there is no server */
    atomic_bool stop;
    atomic_ullong acknowledged;
    atomic_ullong retries;
};

struct client {
    struct run *run;
    struct door *door;
    pthread_t thread;
    int no;
    unsigned made;
    char (*acked)[UUID_TEXT_SIZE]; /* keys */
    size_t count;
    size_t capacity;
};

static void
server_up(struct run *r)
{
    char *argv[] = {(char *)(uintptr_t) "kill_test",
                    (char *)(uintptr_t) "serve",
                    r->conninfo,
                    r->port_file,
                    (char *)(uintptr_t)r->mode,
                    NULL};
    unsigned port = 0;
    unlink(r->port_file);
    assert_int_equal(posix_spawn(&r->pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    for (int i = 0; port == 0; i++) {
        assert_true(i < 30000);
        assert_int_equal(waitpid(r->pid, NULL, WNOHANG), 0);
        FILE *file = fopen(r->port_file, "r");
        if (file != NULL) {
            if (fscanf(file, "%u", &port) != 1) {
                port = 0;
            }
            fclose(file);
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    atomic_store(&r->port, port);
}

static void
server_kill(struct run *r)
{
    int status = 0;
    atomic_store(&r->port, 0);
    assert_int_equal(kill(r->pid, SIGKILL), 0);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    assert_true(WIFSIGNALED(status)); /* it had not ended by itself */
}

/* One attempt; true when the server acknowledged. */
static bool
attempt_call(struct run *r, struct rpc_client **client, unsigned *client_port,
             const unsigned char *bytes, size_t n)
{
    struct fault fault = {0};
    unsigned port = atomic_load(&r->port);
    if (port == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        return false;
    }
    if (port != *client_port) {
        char url[64];
        rpc_client_free(*client);
        *client = NULL;
        snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
        const struct rpc_client_config config = {.url = url, .connect_timeout_ms = CALL_MS};
        *client_port = 0;
        if (rpc_client_open(&config, client, &fault) != STATUS_OK) {
            return false;
        }
        *client_port = port;
    }
    struct rpc_reply reply = {0};
    if (rpc_client_call(*client, bytes, n, CALL_MS, &reply, &fault) != STATUS_OK) {
        return false;
    }
    Pb__CallReply *answer = pb__call_reply__unpack(NULL, reply.n, reply.bytes);
    bool good = answer != NULL && answer->status != NULL && answer->status->code == STATUS_OK;
    if (answer != NULL) {
        pb__call_reply__free_unpacked(answer, NULL);
    }
    rpc_reply_clear(&reply);
    return good;
}

static void
acknowledge(struct client *c, const char *key)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity == 0 ? 1024 : c->capacity * 2;
        c->acked = realloc(c->acked, c->capacity * sizeof *c->acked);
        if (c->acked == NULL) {
            abort();
        }
    }
    memcpy(c->acked[c->count++], key, UUID_TEXT_SIZE);
    atomic_fetch_add(&c->run->acknowledged, 1);
}

/* Each command writes its key as the value, so that the rows tell whose they are. */
static void *
client_run(void *arg)
{
    struct client *c = arg;
    struct run *r = c->run;
    struct rpc_client *client = NULL;
    unsigned client_port = 0;
    while (!atomic_load(&r->stop)) {
        struct door mine = *c->door;
        char name[16];
        arena_init(&mine.arena, 1U << 20U);
        mine.next_key = ((unsigned)c->no << 24U) + c->made++;
        snprintf(name, sizeof name, "client%d", c->no);
        char key[UUID_TEXT_SIZE];
        snprintf(key, sizeof key, "01900000-0000-7000-8000-%012x", mine.next_key + 1);
        Pb__CallRequest *e = door_envelope(&mine, &mine.unit01, "Put", name, key);
        assert_string_equal(e->idempotency_key, key);
        e->timeout_ms = CALL_MS;
        unsigned char bytes[1024];
        size_t n = pb__call_request__pack(e, bytes);
        /* The last command may stay without an answer. */
        bool good = attempt_call(r, &client, &client_port, bytes, n);
        while (!good && !atomic_load(&r->stop)) {
            atomic_fetch_add(&r->retries, 1);
            good = attempt_call(r, &client, &client_port, bytes, n);
        }
        if (good) {
            acknowledge(c, key);
        }
        arena_release(&mine.arena);
    }
    rpc_client_free(client);
    return NULL;
}

/* ---- the checker ---- */

struct verdict {
    long doubled; /* keys with more than one row */
    long lost;    /* acknowledged, and no row */
    long torn;    /* rows without their event, or the other way round */
};

static bool
is_there(PGconn *conn, const char *key)
{
    const char *params[] = {key};
    PGresult *r = PQexecParams(conn, "SELECT count(*) FROM rectify.setting WHERE value = $1", 1,
                               NULL, params, NULL, NULL, 0);
    bool there = strcmp(PQgetvalue(r, 0, 0), "0") != 0;
    PQclear(r);
    return there;
}

static struct verdict
check(const struct client *clients)
{
    struct verdict v = {0};
    test_db_exec("postgres", "CREATE INDEX ON rectify.setting (value)");
    v.doubled = door_number("SELECT count(*) FROM (SELECT value FROM rectify.setting"
                            " GROUP BY value HAVING count(*) > 1) d");
    v.torn = door_number("SELECT count(*) FROM rectify.setting s FULL JOIN rectify.event e"
                         " ON e.id = s.event_id WHERE e.id IS NULL OR s.event_id IS NULL");
    PGconn *conn = PQconnectdb(test_db_conninfo("postgres"));
    for (int i = 0; i < CALLERS; i++) {
        for (size_t k = 0; k < clients[i].count; k++) {
            v.lost += is_there(conn, clients[i].acked[k]) ? 0 : 1;
        }
    }
    PQfinish(conn);
    return v;
}

/* Some commands, then a moment chosen by the numbers of a seed. */
static void
let_work(struct run *r, unsigned *seed)
{
    unsigned long long from = atomic_load(&r->acknowledged);
    DOOR_WAIT_FOR(atomic_load(&r->acknowledged) >= from + 20);
    long us = rand_r(seed) % 50000;
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static bool
control_has_failed(const struct run *r)
{
    return strcmp(r->mode, "broken") == 0 &&
           door_number("SELECT count(*) FROM (SELECT value FROM rectify.setting GROUP BY value"
                       " HAVING count(*) > 1) d") > 0;
}

static struct verdict
run_kills(const char *mode, int kills)
{
    static struct run run;
    struct client clients[CALLERS];
    struct door *door = door_new();
    unsigned seed = 20200427;
    run = (struct run){.mode = mode};
    snprintf(run.port_file, sizeof run.port_file, "%s/port", test_dir());
    snprintf(run.conninfo, sizeof run.conninfo, "%s", test_db_conninfo("rectify_app"));
    test_db_exec("rectify_owner",
                 "UPDATE rectify.session SET used_ms = extract(epoch FROM now()) * 1000,"
                 " expires_ms = extract(epoch FROM now()) * 1000 + 86400000");
    server_up(&run);
    for (int i = 0; i < CALLERS; i++) {
        clients[i] = (struct client){.run = &run, .door = door, .no = i + 1};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, client_run, &clients[i]), 0);
    }
    for (int i = 0; i < kills && !control_has_failed(&run); i++) {
        let_work(&run, &seed);
        server_kill(&run);
        server_up(&run);
    }
    let_work(&run, &seed);
    atomic_store(&run.stop, true);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(clients[i].thread, NULL);
    }
    server_kill(&run);
    struct verdict v = check(clients);
    print_message("%s: %llu acknowledged, %llu retries: %ld doubled, %ld lost, %ld torn\n", mode,
                  (unsigned long long)atomic_load(&run.acknowledged),
                  (unsigned long long)atomic_load(&run.retries), v.doubled, v.lost, v.torn);
    for (int i = 0; i < CALLERS; i++) {
        free(clients[i].acked);
    }
    door_close(door);
    return v;
}

static void
test_nothing_is_lost_or_doubled(void **state)
{
    (void)state;
    struct verdict v = run_kills("sound", KILLS);
    assert_int_equal(v.doubled, 0);
    assert_int_equal(v.lost, 0);
    assert_int_equal(v.torn, 0);
}

static void
test_control_is_found_out(void **state)
{
    (void)state;
    struct verdict v = run_kills("broken", KILLS_CONTROL_MAX);
    assert_true(v.doubled > 0);
}

int
main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "serve") == 0) {
        return serve(argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost_or_doubled),
        cmocka_unit_test(test_control_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
