/* bench_load: many callers in one process, each on its own mutual-TLS connection.
 *
 *   bench_load seed CALLERS                     SQL for the callers' accounts, machines, sessions
 *   bench_load script                           the same statements for pgbench
 *   bench_load call URL PKI CALLERS SECONDS     durable commands a second
 *   bench_load echo URL PKI CALLERS SECONDS     Health calls a second
 *
 * PKI: the folder with ca.crt, client.crt, client.key. Prints one number.
 */
#include "tests/bench/bench.h"

#include "proto/base/uuid7.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "proto/rpc/client.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/envelope.pb-c.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CALL_MS = 20000, PATH_BYTES = 4096, HANDSHAKES_AT_ONCE = 32 };

struct bench {
    const char *url;
    const char *pki;
    bool echo;
    atomic_int connected;
    atomic_bool go;
    atomic_bool stop;
    atomic_ullong done;
    atomic_ullong failed;
};

struct caller {
    struct bench *b;
    pthread_t thread;
    struct ledger_key key;
    char machine[BENCH_NAME_SIZE];
    char account[BENCH_NAME_SIZE];
    char session_sha256[SECRET_HASH_HEX_SIZE];
    struct uuid7_source ids;
    struct rpc_client *client;
};

static void
caller_key(int n, struct ledger_key *ret_key)
{
    unsigned char seed[32] = {(unsigned char)n, (unsigned char)(n >> 8), 7};
    ledger_key_from_seed(seed, ret_key);
}

void
bench_account_id(int n, char ret_text[BENCH_NAME_SIZE])
{
    snprintf(ret_text, BENCH_NAME_SIZE, "20000000-0000-7000-8000-%012lld", 100000000000LL + n);
}

void
bench_machine_id(int n, char ret_text[BENCH_NAME_SIZE])
{
    snprintf(ret_text, BENCH_NAME_SIZE, "30000000-0000-7000-8000-%012lld", 100000000000LL + n);
}

void
bench_account_name(int n, char ret_text[BENCH_NAME_SIZE])
{
    snprintf(ret_text, BENCH_NAME_SIZE, "bench%d", n);
}

static int64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
print_caller(FILE *out, int n)
{
    char account[BENCH_NAME_SIZE];
    char machine[BENCH_NAME_SIZE];
    char name[BENCH_NAME_SIZE];
    char token[SECRET_HASH_HEX_SIZE];
    struct ledger_key key;
    caller_key(n, &key);
    bench_account_id(n, account);
    bench_machine_id(n, machine);
    bench_account_name(n, name);
    secret_token_hash_hex(name, token);
    fprintf(out,
            "INSERT INTO account (tenant, id, name, display_name, password_hash, version, event_id)"
            " VALUES (1, '%s', '%s', '样例', 'x', 1, '%s');\n"
            "INSERT INTO seat (tenant, account, org, roles, event_id) VALUES (1, '%s',"
            " '10000000-0000-7000-8000-000000000001', 2048, '%s');\n",
            account, name, account, account, account);
    fprintf(out,
            "INSERT INTO machine (tenant, id, org, account, label, public_key, enrolled_ms,"
            " version, event_id) VALUES (1, '%s', '10000000-0000-7000-8000-000000000001', '%s',"
            " 'bench', '\\x",
            machine, account);
    for (size_t i = 0; i < sizeof key.public.bytes; i++) {
        fprintf(out, "%02x", key.public.bytes[i]);
    }
    fprintf(out,
            "', 0, 1, '%s');\nINSERT INTO session (tenant, token_sha256, account, machine,"
            " created_ms, used_ms, expires_ms) VALUES (1, '\\x%s', '%s', '%s', 0, %lld, %lld);\n",
            account, token, account, machine, (long long)now_ms(), (long long)now_ms() + 86400000);
}

void
bench_print_seed(FILE *out, int count)
{
    fputs("SET search_path = rectify;\nBEGIN;\n"
          "INSERT INTO org (tenant, id, code, name, kind, version, event_id) VALUES (1,"
          " '10000000-0000-7000-8000-000000000001', 'bench', '样例', 'OTHER', 1,"
          " '10000000-0000-7000-8000-000000000001');\n",
          out);
    for (int n = 0; n < count; n++) {
        print_caller(out, n);
    }
    fputs("COMMIT;\nANALYZE;\n", out);
}

/* ---- calling ---- */

static void
sign(const struct caller *c, Pb__CallRequest *e, unsigned char signature[LEDGER_SIGNATURE_BYTES])
{
    const struct signed_call call = {
        .tenant = e->tenant,
        .machine = e->machine,
        .session = c->session_sha256,
        .method = e->method,
        .idempotency_key = e->idempotency_key,
        .payload = e->payload.data,
        .payload_size = e->payload.len,
    };
    signing_sign(&call, &c->key, signature);
    e->has_signature = 1;
    e->signature.data = signature;
    e->signature.len = LEDGER_SIGNATURE_BYTES;
}

static bool
call_once(struct caller *c)
{
    char key[UUID_TEXT_SIZE];
    char code[SECRET_TOKEN_TEXT_SIZE];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    unsigned char payload[256];
    unsigned char bytes[1024];
    Pb__CallRequest e = PB__CALL_REQUEST__INIT;
    Pb__AddEnrolCodeRequest r = PB__ADD_ENROL_CODE_REQUEST__INIT;
    e.tenant = (char *)(uintptr_t) "sample";
    e.method = (char *)(uintptr_t) "rectify.v1.SystemService/Health";
    if (!c->b->echo) {
        secret_token_make(code);
        uuid7_next(&c->ids, key);
        r.account = c->account;
        r.enrol_code = code;
        e.method = (char *)(uintptr_t)BENCH_METHOD;
        e.session = c->account; /* the token is the name */
        e.machine = c->machine;
        e.idempotency_key = key;
        e.has_payload = 1;
        e.payload.data = payload;
        e.payload.len = pb__add_enrol_code_request__pack(&r, payload);
        sign(c, &e, signature);
    }
    struct rpc_reply reply = {0};
    struct fault fault = {0};
    size_t n = pb__call_request__pack(&e, bytes);
    if (rpc_client_call(c->client, bytes, n, CALL_MS, &reply, &fault) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", fault.reason, fault.message);
        return false;
    }
    Pb__CallReply *answer = pb__call_reply__unpack(NULL, reply.n, reply.bytes);
    bool good = answer != NULL && answer->status != NULL && answer->status->code == 0;
    if (!good && answer != NULL) {
        fprintf(stderr, "%s: %s\n", answer->status->reason, answer->status->message);
    }
    pb__call_reply__free_unpacked(answer, NULL);
    rpc_reply_clear(&reply);
    return good;
}

static void *
caller_run(void *arg)
{
    struct caller *c = arg;
    struct bench *b = c->b;
    struct fault fault = {0};
    if (rpc_client_connect(c->client, CALL_MS, &fault) != STATUS_OK || !call_once(c)) {
        fprintf(stderr, "cannot connect: %s\n", fault.message);
        exit(EXIT_FAILURE);
    }
    atomic_fetch_add(&b->connected, 1);
    while (!atomic_load(&b->go)) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    while (!atomic_load(&b->stop)) {
        atomic_fetch_add(call_once(c) ? &b->done : &b->failed, 1);
    }
    return NULL;
}

static void
caller_start(struct bench *b, struct caller *c, int n)
{
    char ca[PATH_BYTES];
    char cert[PATH_BYTES];
    char key[PATH_BYTES];
    unsigned char seed[16];
    struct fault fault = {0};
    c->b = b;
    caller_key(n, &c->key);
    bench_machine_id(n, c->machine);
    bench_account_name(n, c->account);
    secret_token_hash_hex(c->account, c->session_sha256);
    secret_random(seed, sizeof seed);
    uuid7_source_init(&c->ids, now_ms(), seed);
    snprintf(ca, sizeof ca, "%s/ca.crt", b->pki);
    snprintf(cert, sizeof cert, "%s/client.crt", b->pki);
    snprintf(key, sizeof key, "%s/client.key", b->pki);
    const struct rpc_client_config config = {
        .url = b->url,
        .server_name = "rectifyd",
        .tls = {.ca_file = ca, .cert_file = cert, .key_file = key},
        .connect_timeout_ms = CALL_MS,
    };
    if (rpc_client_open(&config, &c->client, &fault) != STATUS_OK ||
        pthread_create(&c->thread, NULL, caller_run, c) != 0) {
        fprintf(stderr, "cannot start: %s\n", fault.message);
        exit(EXIT_FAILURE);
    }
}

static int
run(struct bench *b, int callers, int seconds)
{
    struct caller *all = calloc((size_t)callers, sizeof *all);
    struct timespec from;
    struct timespec to;
    if (all == NULL) {
        return EXIT_FAILURE;
    }
    for (int n = 0; n < callers; n++) {
        caller_start(b, &all[n], n);
        /* A server holds few connections that have not said who they are. */
        while (n - atomic_load(&b->connected) >= HANDSHAKES_AT_ONCE) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
    while (atomic_load(&b->connected) < callers) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    atomic_store(&b->go, true);
    nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    unsigned long long done = atomic_load(&b->done);
    clock_gettime(CLOCK_MONOTONIC, &to);
    atomic_store(&b->stop, true);
    double elapsed = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%.1f\n", (double)done / elapsed);
    fflush(stdout);
    bool clean = atomic_load(&b->failed) == 0;
    _exit(clean ? EXIT_SUCCESS : EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
    struct bench b = {.echo = argc > 1 && strcmp(argv[1], "echo") == 0};
    long callers = argc > 2 ? strtol(argv[argc == 6 ? 4 : 2], NULL, 10) : 0;
    if (argc == 3 && strcmp(argv[1], "seed") == 0 && callers > 0 && callers <= BENCH_CALLERS_MAX) {
        bench_print_seed(stdout, (int)callers);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "script") == 0) {
        bench_print_script(stdout);
        return EXIT_SUCCESS;
    }
    if (argc != 6 || callers < 1 || callers > BENCH_CALLERS_MAX) {
        fputs("usage: see the top of load.c\n", stderr);
        return 2;
    }
    b.url = argv[2];
    b.pki = argv[3];
    return run(&b, (int)callers, (int)strtol(argv[5], NULL, 10));
}
