/* The unit's machine against doors that are not what they seem: somebody between, another
 * authority, wrong clocks, answers that do not fit. In each case the one-time code must stay on the
 * machine, and nothing half-made may look like a certificate. The control is a door that is right.
 */
#include "client/lib/file.h"
#include "client/lib/onboard.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/code.h"
#include "proto/rpc/certificate.h"
#include "proto/rpc/server.h"
#include "proto/rpc/wirecheck.h"
#include "server/base/issuer.h"
#include "tests/support/fixture.h"
#include "tests/support/shell.h"

#include <rectify/v1/envelope.pb-c.h>
#include <rectify/v1/onboard.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MACHINE "01900000-0000-7000-8000-000000000001"

/* What the door does wrong. */
enum lie { HONEST, OTHER_KEY, NO_CERTIFICATE, NO_TENANT, NO_MACHINE };

static struct arena arena;
static char folder[256];
static struct rpc_server *server;
static struct issuer *issuer;
static const char *shown; /* the authority the door claims, PEM */
static enum lie lie;
static _Atomic int codes_received;
static char sha256[CERTIFICATE_SHA256_HEX_SIZE];
static char code[CODE_TEXT_SIZE];

static const char *
in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static const char *
text_of(const char *name)
{
    char *text = NULL;
    size_t n = 0;
    assert_int_equal(rectify_file_read(&arena, in_folder(name), 65536, &text, &n, NULL), STATUS_OK);
    return text;
}

/* ---- the door ---- */

static void
answer(struct rpc_call_handle call, const Pb__CallRequest *e, const ProtobufCMessage *payload,
       struct arena *a)
{
    Pb__CallReply reply = PB__CALL_REPLY__INIT;
    Pb__Status status = PB__STATUS__INIT;
    unsigned char *bytes = NULL;
    size_t n = 0;
    status.has_code = 1;
    reply.call_id = e->call_id;
    reply.status = &status;
    reply.has_payload = reply.has_server_time_ms = 1;
    reply.server_time_ms = (int64_t)time(NULL) * 1000;
    if (wire_pack(a, payload, &reply.payload.data, &reply.payload.len) == STATUS_OK &&
        wire_pack(a, &reply.base, &bytes, &n) == STATUS_OK) {
        (void)!rpc_server_reply(server, call, bytes, n);
    }
}

static void
answer_onboard(struct rpc_call_handle call, const Pb__CallRequest *e, struct arena *a)
{
    Pb__OnboardReply reply = PB__ONBOARD_REPLY__INIT;
    ProtobufCMessage *asked = NULL;
    struct issuer_certificate made = {.pem = NULL};
    struct certificate_request other;
    atomic_fetch_add(&codes_received, 1);
    if (wire_unpack(a, &pb__onboard_request__descriptor, e->payload.data, e->payload.len, &asked,
                    NULL) != STATUS_OK ||
        certificate_request_make(a, &other, NULL) != STATUS_OK) {
        return;
    }
    const Pb__OnboardRequest *r = (const Pb__OnboardRequest *)asked;
    const struct issuer_request request = {.csr = lie == OTHER_KEY ? other.der : r->csr.data,
                                           .n = lie == OTHER_KEY ? other.n : r->csr.len,
                                           .name = MACHINE,
                                           .now_ms = (int64_t)time(NULL) * 1000};
    if (issuer_sign(issuer, a, &request, &made, NULL) == STATUS_OK) {
        reply.certificate = lie == NO_CERTIFICATE ? NULL : wire_text(made.pem);
        reply.machine = lie == NO_MACHINE ? NULL : wire_text(MACHINE);
        reply.org = reply.org_name = reply.account = reply.display_name = wire_text("unit91");
        reply.tenant = wire_text("sample");
        answer(call, e, &reply.base, a);
    }
}

static void
on_message(void *ctx, struct rpc_call_handle call, unsigned char *bytes, size_t n)
{
    Pb__GetAuthorityReply authority = PB__GET_AUTHORITY_REPLY__INIT;
    ProtobufCMessage *m = NULL;
    struct arena a;
    (void)ctx;
    arena_init(&a, 1 << 20);
    if (wire_unpack(&a, &pb__call_request__descriptor, bytes, n, &m, NULL) == STATUS_OK) {
        const Pb__CallRequest *e = (const Pb__CallRequest *)m;
        if (strstr(e->method, "GetAuthority") != NULL) {
            authority.certificate = wire_text(shown);
            authority.tenant = lie == NO_TENANT ? NULL : wire_text("sample");
            authority.has_server_port = 1;
            authority.server_port = 7443;
            answer(call, e, &authority.base, &a);
        } else {
            answer_onboard(call, e, &a);
        }
    }
    arena_release(&a);
    free(bytes);
}

/* A door with this certificate, which claims that authority. */
static void
door_open(const char *certificate, const char *authority, enum lie does)
{
    struct fault f = {.code = STATUS_OK};
    const char *cert = arena_printf(&arena, "%s/%s.crt", folder, certificate);
    const char *ca = arena_printf(&arena, "%.*s/ca.crt", (int)(strrchr(cert, '/') - cert), cert);
    const struct rpc_server_config config = {
        .url = "tls+tcp://127.0.0.1:0",
        .tls = {.ca_file = ca,
                .cert_file = cert,
                .key_file = arena_printf(&arena, "%s/%s.key", folder, certificate)},
        .open = true,
        .on_message = on_message,
    };
    shown = text_of(authority);
    lie = does;
    if (rpc_server_start(&config, &server, &f) != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
}

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 32 << 20);
    snprintf(folder, sizeof folder, "%s/door-XXXXXX", test_dir());
    code_make(code);
    atomic_store(&codes_received, 0);
    if (mkdtemp(folder) == NULL ||
        !shell_run(folder, "P=" SOURCE_DIR "/deploy/pki; mkdir right wrong late;"
                           " $P ca right && $P server right rectifyd && $P machine-ca right &&"
                           " $P ca wrong && $P server wrong rectifyd && $P ca late --days -1")) {
        return -1;
    }
    const struct issuer_config config = {.ca_cert_file = in_folder("right/machine-ca.crt"),
                                         .ca_key_file = in_folder("right/machine-ca.key"),
                                         .days = 400,
                                         .server_ca_file = in_folder("right/ca.crt"),
                                         .server_cert_file = in_folder("right/rectifyd.crt"),
                                         .server_name = "rectifyd",
                                         .tenant = "sample",
                                         .server = "",
                                         .onboard = ""};
    return issuer_open(&config, (int64_t)time(NULL) * 1000, &issuer, NULL) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    rpc_server_free(server);
    server = NULL;
    issuer_free(issuer);
    arena_release(&arena);
    return 0;
}

/* The paper says the right authority's fingerprint unless told otherwise. */
static enum status
onboard(const char *printed, struct rectify_onboarded *ret, struct fault *f)
{
    assert_int_equal(certificate_sha256(text_of(printed), sha256, NULL), STATUS_OK);
    const struct rectify_onboard_ask ask = {
        .paper = {.address = arena_printf(&arena, "127.0.0.1:%u", rpc_server_port(server)),
                  .code = code,
                  .ca_sha256 = sha256},
        .base = folder,
        .label = "样例",
        .client_version = "test"};
    *f = (struct fault){.code = STATUS_OK};
    return rectify_onboard(&ask, &arena, ret, f);
}

static bool
any_certificate(void)
{
    return shell_run(folder, "test -n \"$(find machines -name client.pem 2>/dev/null)\"");
}

static void
refused(const char *printed, enum status status, const char *reason, int codes)
{
    struct rectify_onboarded who = {.machine = NULL};
    struct fault f;
    enum status s = onboard(printed, &who, &f);
    if (s != status || strcmp(f.reason, reason) != 0) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    assert_null(who.machine);
    assert_int_equal(atomic_load(&codes_received), codes);
    assert_false(any_certificate());
}

/* ---- */

static void
control_a_door_that_is_right(void **state)
{
    (void)state;
    struct rectify_onboarded who;
    struct fault f;
    door_open("right/rectifyd", "right/ca.crt", HONEST);
    assert_int_equal(onboard("right/ca.crt", &who, &f), STATUS_OK);
    assert_string_equal(who.machine, MACHINE);
    assert_string_equal(who.server, "tls+tcp://127.0.0.1:7443");
    assert_int_equal(atomic_load(&codes_received), 1);
    assert_true(any_certificate());
    /* The pair is one file, and belongs together. */
    const char *pair = arena_printf(&arena, "%s/client.pem", who.folder);
    struct rpc_tls_files files = {.ca_file = arena_printf(&arena, "%s/ca.pem", who.folder),
                                  .cert_file = pair,
                                  .key_file = pair};
    assert_int_equal(rpc_tls_files_check(&files, &f), STATUS_OK);
    struct rectify_profile profile = {.cert = pair};
    int64_t left_ms = 0;
    int64_t total_ms = 0;
    assert_int_equal(rectify_certificate_left_ms(&profile, &left_ms, &total_ms, &f), STATUS_OK);
    assert_in_range(left_ms / 86400000, 399, 400);
    assert_in_range(total_ms / 86400000, 429, 430);
}

static void
another_authority_gets_no_code(void **state)
{
    (void)state;
    door_open("wrong/rectifyd", "wrong/ca.crt", HONEST);
    refused("right/ca.crt", STATUS_UNAUTHENTICATED, "FINGERPRINT_WRONG", 0);
}

/* Everybody knows the right authority's certificate; its key is what counts. */
static void
somebody_between_gets_no_code(void **state)
{
    (void)state;
    door_open("wrong/rectifyd", "right/ca.crt", HONEST);
    refused("right/ca.crt", STATUS_UNAUTHENTICATED, "TLS_SERVER_CERT", 0);
}

static void
a_clock_that_is_far_off_is_told(void **state)
{
    (void)state;
    door_open("right/rectifyd", "late/ca.crt", HONEST);
    refused("late/ca.crt", STATUS_FAILED_PRECONDITION, "CLOCK_WRONG", 0);
}

static void
answers_that_do_not_fit(void **state)
{
    (void)state;
    door_open("right/rectifyd", "right/ca.crt", NO_TENANT);
    refused("right/ca.crt", STATUS_DATA_LOSS, "REPLY_MALFORMED", 0);
    lie = OTHER_KEY;
    refused("right/ca.crt", STATUS_INVALID_ARGUMENT, "CERTIFICATE_OTHER_KEY", 1);
    lie = NO_CERTIFICATE;
    refused("right/ca.crt", STATUS_DATA_LOSS, "REPLY_MALFORMED", 2);
    lie = NO_MACHINE;
    refused("right/ca.crt", STATUS_DATA_LOSS, "REPLY_MALFORMED", 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(control_a_door_that_is_right, setup, teardown),
        cmocka_unit_test_setup_teardown(another_authority_gets_no_code, setup, teardown),
        cmocka_unit_test_setup_teardown(somebody_between_gets_no_code, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_is_far_off_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_that_do_not_fit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
