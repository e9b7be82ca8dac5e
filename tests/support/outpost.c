#include "tests/support/outpost.h"

#include "client/lib/state.h"
#include "proto/base/now.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/server.h"
#include "rectify/v1/matter.pb-c.h"
#include "tests/support/fixture.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_NAME "rectifyd"

/* One listener; the first message may come before its start has returned. */
struct door {
    _Atomic(struct rpc_server *) server;
};

struct ticket {
    struct door *door;
    struct rpc_call_handle handle;
};

static struct door doors[2]; /* TCP, TLS */
static char pki[4200];
static struct person clerk;
static _Atomic(enum outpost_release) release_played;

static struct rpc_server *
door_server(struct door *door)
{
    struct rpc_server *server = NULL;
    while ((server = atomic_load(&door->server)) == NULL) {
        sched_yield();
    }
    return server;
}

/* ---- other releases ---- */

void
outpost_release(enum outpost_release release)
{
    atomic_store(&release_played, release);
}

size_t
outpost_unknown_fields(unsigned char *bytes, size_t n)
{
    /* field 900 = varint 7; field 901 = "newer" */
    static const unsigned char fields[OUTPOST_UNKNOWN_BYTES] = {0xA0, 0x38, 0x07, 0xAA, 0x38, 0x05,
                                                                'n',  'e',  'w',  'e',  'r',  0x00};
    memcpy(bytes + n, fields, OUTPOST_UNKNOWN_BYTES - 1);
    return n + OUTPOST_UNKNOWN_BYTES - 1;
}

/* The same fields into a message that will be packed. Freed with it by its unpacker's allocator. */
static void
unknown_add(ProtobufCMessage *message)
{
    ProtobufCMessageUnknownField *field = malloc(sizeof *field);
    assert_non_null(field);
    *field = (ProtobufCMessageUnknownField){
        .tag = 902, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = malloc(1)};
    assert_non_null(field->data);
    field->data[0] = 7;
    message->n_unknown_fields = 1;
    message->unknown_fields = field;
}

/* A newer server's reply: malloc'd; takes the old one. */
static unsigned char *
reply_newer(unsigned char *bytes, size_t *size)
{
    Pb__CallReply *reply = pb__call_reply__unpack(NULL, *size, bytes);
    assert_non_null(reply);
    unknown_add(&reply->base);
    unknown_add(&reply->status->base);
    if (reply->receipt != NULL) {
        unknown_add(&reply->receipt->base);
    }
    if (reply->has_payload) {
        unsigned char *payload =
            realloc(reply->payload.data, reply->payload.len + OUTPOST_UNKNOWN_BYTES);
        assert_non_null(payload);
        reply->payload.data = payload;
        reply->payload.len = outpost_unknown_fields(payload, reply->payload.len);
    }
    *size = pb__call_reply__get_packed_size(reply);
    unsigned char *newer = malloc(*size);
    assert_non_null(newer);
    pb__call_reply__pack(reply, newer);
    pb__call_reply__free_unpacked(reply, NULL);
    free(bytes);
    return newer;
}

/* A status (field 2) that is a number. */
static unsigned char *
reply_broken(unsigned char *bytes, size_t *size)
{
    static const unsigned char broken[] = {0x10, 0x07};
    unsigned char *more = realloc(bytes, *size + sizeof broken);
    assert_non_null(more);
    memcpy(more + *size, broken, sizeof broken);
    *size += sizeof broken;
    return more;
}

/* What an older server does not know it calls by no other name. malloc'd; takes the old one. */
static unsigned char *
request_to_older(unsigned char *bytes, size_t *size)
{
    Pb__CallRequest *request = pb__call_request__unpack(NULL, *size, bytes);
    if (request != NULL && request->method != NULL &&
        strncmp(request->method, "rectify.v1.Operation", 20) == 0) {
        memcpy(request->method + 11, "NoSuch___", 9); /* OperationService: NoSuch___Service */
        pb__call_request__pack(request, bytes);
    }
    if (request != NULL) {
        pb__call_request__free_unpacked(request, NULL);
    }
    return bytes;
}

/* ---- the doors ---- */

static void
on_reply(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct ticket *ticket = (struct ticket *)(uintptr_t)handle;
    enum outpost_release release = atomic_load(&release_played);
    (void)ctx;
    if (release == OUTPOST_NEWER) {
        bytes = reply_newer(bytes, &size);
    } else if (release == OUTPOST_BROKEN) {
        bytes = reply_broken(bytes, &size);
    }
    enum status s = rpc_server_reply(door_server(ticket->door), ticket->handle, bytes, size);
    if (s != STATUS_OK) {
        abort();
    }
    free(bytes);
    free(ticket);
}

static bool
is_alive(void *ctx, uint64_t handle)
{
    const struct ticket *ticket = (const struct ticket *)(uintptr_t)handle;
    (void)ctx;
    return rpc_server_handle_alive(door_server(ticket->door), ticket->handle);
}

static void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t n)
{
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL) {
        abort();
    }
    *ticket = (struct ticket){.door = ctx, .handle = handle};
    if (atomic_load(&release_played) == OUTPOST_OLDER) {
        bytes = request_to_older(bytes, &n);
    }
    dispatch_message(district.door, bytes, n,
                     (struct reply_to){
                         .fn = on_reply, .handle = (uint64_t)(uintptr_t)ticket, .alive = is_alive});
}

/* deploy/pki WHAT FOLDER [NAME] */
static void
pki_run(const char *what, const char *name)
{
    char program[4200];
    const char *source = getenv("SOURCE_DIR");
    int status = 0;
    snprintf(program, sizeof program, "%s/deploy/pki", source == NULL ? "." : source);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) {
            _exit(126);
        }
        execl(program, program, what, pki, name, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static char *
pki_file(const char *name)
{
    return arena_printf(&district.arena, "%s/%s", pki, name);
}

static void
door_start(struct door *door, bool tls)
{
    struct rpc_server *server = NULL;
    struct fault f = {0};
    struct rpc_server_config config = {
        .url = tls ? "tls+tcp://127.0.0.1:0" : "tcp://127.0.0.1:0",
        .on_message = on_message,
        .ctx = door,
    };
    if (tls) {
        config.tls = (struct rpc_tls_files){.ca_file = pki_file("ca.crt"),
                                            .cert_file = pki_file(SERVER_NAME ".crt"),
                                            .key_file = pki_file(SERVER_NAME ".key")};
    }
    if (rpc_server_start(&config, &server, &f) != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    atomic_store(&door->server, server);
}

int
outpost_open(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_pass(now_wall_ms() - clock_now_ms(&district.clock.clock));
    district_expect(district_login(&district.admin, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&district.grant, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_org("office", "样例办公室", "OFFICE");
    clerk = district_person("office", "office", "OFFICE", 2);
    snprintf(pki, sizeof pki, "%s/pki", test_dir());
    pki_run("ca", NULL);
    pki_run("server", SERVER_NAME);
    pki_run("client", "machine");
    door_start(&doors[0], false);
    door_start(&doors[1], true);
    return 0;
}

int
outpost_close(void **state)
{
    int code = district_close(state);
    for (size_t i = 0; i < 2; i++) {
        rpc_server_free(atomic_exchange(&doors[i].server, NULL));
    }
    return code;
}

uint16_t
outpost_port(bool tls)
{
    return rpc_server_port(atomic_load(&doors[tls ? 1 : 0].server));
}

static void
state_write(const struct rectify_profile *profile, const struct person *p)
{
    struct rectify_session session = {.expires_at_ms = INT64_MAX};
    struct fault f = {0};
    snprintf(session.token, sizeof session.token, "%s", p->session);
    snprintf(session.account, sizeof session.account, "%s", p->account);
    enum status s = rectify_state_session_save(profile->state, &session, &f);
    if (s == STATUS_OK) {
        s = rectify_state_machine_save(profile->state, p->machine, &f);
    }
    if (s == STATUS_OK) {
        s = rectify_state_ledger_save(profile->state, &district.log_key, &f);
    }
    if (s != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
}

/* The key file of a machine key that was made from a seed: its secret begins with the seed. */
static void
key_write(const char *path, const struct ledger_key *key)
{
    struct arena *a = &district.arena;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    fprintf(file, "rectify-key 1 ed25519\nseed %s\npublic %s\n",
            secret_base64_encode(a, key->secret, 32),
            secret_base64_encode(a, key->public.bytes, LEDGER_PUBLIC_BYTES));
    assert_int_equal(fclose(file), 0);
}

struct rectify_profile *
outpost_machine(const struct person *p, bool tls, uint16_t port)
{
    static unsigned made;
    struct arena *a = &district.arena;
    struct rectify_profile *profile = arena_alloc(a, sizeof *profile);
    char *folder = arena_printf(a, "%s/machine%u", test_dir(), made++);
    assert_int_equal(mkdir(folder, 0700), 0);
    *profile = (struct rectify_profile){
        .name = p->account,
        .file = "test",
        .server = arena_printf(a, "%s://127.0.0.1:%u", tls ? "tls+tcp" : "tcp", port),
        .server_name = SERVER_NAME,
        .tenant = "t1",
        .account = p->account,
        .ca = pki_file("ca.crt"),
        .cert = pki_file("machine.crt"),
        .key = pki_file("machine.key"),
        .machine_key = arena_printf(a, "%s/machine.key", folder),
        .state = folder,
    };
    key_write(profile->machine_key, &p->key);
    state_write(profile, p);
    return profile;
}

const struct person *
outpost_clerk(void)
{
    return &clerk;
}

ProtobufCMessage *
outpost_command(struct arena *a, unsigned number)
{
    Pb__OpenMatterRequest *request = arena_alloc(a, sizeof *request);
    Pb__MatterInput *input = arena_alloc(a, sizeof *input);
    assert_true(request != NULL && input != NULL);
    pb__open_matter_request__init(request);
    pb__matter_input__init(input);
    request->kind = district_text("opinion");
    request->input = input;
    input->origin = district_text("PHONE");
    input->text = arena_printf(a, "（样例）第%06u条意见", number);
    return &request->base;
}
