/* bench_load: many callers in one process, each on its own mutual-TLS connection.
 *
 *   bench_load seed CALLERS                       SQL for the callers' accounts, machines, sessions
 *   bench_load script                             the same statements for pgbench
 *   bench_load call PORT PKI CALLERS SECONDS      durable commands a second
 *   bench_load echo PORT PKI CALLERS SECONDS      Health calls a second
 *
 * PKI: the folder with ca.crt, client.crt, client.key. Prints one number. One thread serves all
 * connections, and commands are signed beforehand: units sign on their own machines.
 */
#include "tests/bench/bench.h"

#include "proto/base/now.h"
#include "proto/base/uuid7.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/envelope.pb-c.h"
#include "tests/bench/wire.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { SIGNED_BEFORE = 80000, EVENTS = 64, REQUEST_BYTES = 640 };

struct request {
    size_t size;
    unsigned char bytes[REQUEST_BYTES];
};

struct caller {
    struct ledger_key key;
    char machine[BENCH_NAME_SIZE];
    char account[BENCH_NAME_SIZE];
    char session_sha256[SECRET_HASH_HEX_SIZE];
    struct uuid7_source ids;
    struct wire *wire;
    struct request *ready; /* signed beforehand */
    size_t ready_count;
    size_t next;
};

struct bench {
    struct caller *callers;
    int count;
    int epoll;
    bool echo;
    unsigned long long done;
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
            account, token, account, machine, (long long)now_wall_ms(),
            (long long)now_wall_ms() + 86400000);
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

static void
request_make(struct caller *c, bool echo, struct request *ret)
{
    char key[UUID_TEXT_SIZE];
    char code[SECRET_TOKEN_TEXT_SIZE];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    unsigned char payload[256];
    Pb__CallRequest e = PB__CALL_REQUEST__INIT;
    Pb__AddEnrolCodeRequest r = PB__ADD_ENROL_CODE_REQUEST__INIT;
    e.tenant = (char *)(uintptr_t) "sample";
    e.method = (char *)(uintptr_t) "rectify.v1.SystemService/Health";
    if (!echo) {
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
    if (pb__call_request__get_packed_size(&e) > sizeof ret->bytes) {
        abort();
    }
    ret->size = pb__call_request__pack(&e, ret->bytes);
}

static void
send_next(struct bench *b, struct caller *c)
{
    struct request made;
    const struct request *r = &made;
    if (c->next < c->ready_count) {
        r = &c->ready[c->next++];
    } else {
        request_make(c, b->echo, &made);
    }
    if (!wire_send(c->wire, r->bytes, r->size)) {
        fputs("connection lost while sending\n", stderr);
        exit(EXIT_FAILURE);
    }
}

static void
check_reply(const unsigned char *bytes, size_t size)
{
    Pb__CallReply *answer = pb__call_reply__unpack(NULL, size, bytes);
    if (answer == NULL || answer->status == NULL || answer->status->code != 0) {
        fprintf(stderr, "%s\n",
                answer == NULL || answer->status == NULL ? "no reply" : answer->status->message);
        exit(EXIT_FAILURE);
    }
    pb__call_reply__free_unpacked(answer, NULL);
}

/* True when a reply has come in. */
static bool
take_reply(struct caller *c)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    int got = wire_receive(c->wire, &bytes, &size);
    if (got < 0) {
        fputs("connection lost while receiving\n", stderr);
        exit(EXIT_FAILURE);
    }
    if (got > 0) {
        check_reply(bytes, size);
    }
    return got > 0;
}

static void
caller_start(struct bench *b, struct wire_tls *tls, int n, int port)
{
    struct caller *c = &b->callers[n];
    unsigned char seed[16];
    caller_key(n, &c->key);
    bench_machine_id(n, c->machine);
    bench_account_name(n, c->account);
    secret_token_hash_hex(c->account, c->session_sha256);
    secret_random(seed, sizeof seed);
    uuid7_source_init(&c->ids, now_wall_ms(), seed);
    c->wire = wire_open(tls, port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (c->wire == NULL || epoll_ctl(b->epoll, EPOLL_CTL_ADD, wire_fd(c->wire), &event) != 0) {
        exit(EXIT_FAILURE);
    }
    /* One call says who it is: a server holds few connections of strangers. */
    send_next(b, c);
    struct epoll_event ready;
    while (!take_reply(c)) {
        epoll_wait(b->epoll, &ready, 1, -1);
    }
}

static void
sign_beforehand(struct bench *b)
{
    size_t each = b->echo ? 1 : SIGNED_BEFORE / (size_t)b->count;
    for (int n = 0; n < b->count; n++) {
        struct caller *c = &b->callers[n];
        c->ready = calloc(each, sizeof *c->ready);
        if (c->ready == NULL) {
            abort();
        }
        for (size_t i = 0; i < each; i++) {
            request_make(c, b->echo, &c->ready[i]);
        }
        c->ready_count = each;
    }
}

static double
seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run(struct bench *b, int seconds)
{
    struct epoll_event events[EVENTS];
    double from = seconds_now();
    double now = from;
    for (int n = 0; n < b->count; n++) {
        send_next(b, &b->callers[n]);
    }
    while (now - from < seconds) {
        int count = epoll_wait(b->epoll, events, EVENTS, 100);
        for (int i = 0; i < count; i++) {
            if (take_reply(events[i].data.ptr)) {
                b->done++;
                send_next(b, events[i].data.ptr);
            }
        }
        now = seconds_now();
    }
    printf("%.1f\n", (double)b->done / (now - from));
}

static int
usage(void)
{
    fputs("usage: see the top of load.c\n", stderr);
    return 2;
}

int
main(int argc, char **argv)
{
    struct bench b = {.echo = argc > 1 && strcmp(argv[1], "echo") == 0};
    long callers = argc > 2 ? strtol(argv[argc == 6 ? 4 : 2], NULL, 10) : 0;
    if (argc == 2 && strcmp(argv[1], "script") == 0) {
        bench_print_script(stdout);
        return EXIT_SUCCESS;
    }
    if (callers < 1 || callers > BENCH_CALLERS_MAX) {
        return usage();
    }
    if (argc == 3 && strcmp(argv[1], "seed") == 0) {
        bench_print_seed(stdout, (int)callers);
        return EXIT_SUCCESS;
    }
    if (argc != 6 || (!b.echo && strcmp(argv[1], "call") != 0)) {
        return usage();
    }
    struct wire_tls *tls = wire_tls_load(argv[3]);
    b.count = (int)callers;
    b.callers = calloc((size_t)callers, sizeof *b.callers);
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (tls == NULL || b.callers == NULL || b.epoll < 0) {
        return EXIT_FAILURE;
    }
    for (int n = 0; n < b.count; n++) {
        caller_start(&b, tls, n, (int)strtol(argv[2], NULL, 10));
    }
    sign_beforehand(&b);
    run(&b, (int)strtol(argv[5], NULL, 10));
    return EXIT_SUCCESS;
}
