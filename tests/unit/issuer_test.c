/* Certificates for machines: what is signed, read back by another implementation (openssl), what is
 * refused, and authorities that cannot sign. */
#include "proto/rpc/certificate.h"
#include "proto/rpc/tls.h"
#include "server/base/issuer.h"
#include "tests/support/folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MACHINE "01900000-0000-7000-8000-000000000001"

static char folder[64];
static struct arena arena;
static struct issuer *issuer;
static struct issuer_config config;
static char paths[6][128];
static const int64_t DAY_MS = 86400000;

static int64_t
now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

/* A shell command in the folder. */
static bool
sh(const char *command)
{
    char text[2048];
    snprintf(text, sizeof text, "cd %s && { %s; } >log 2>&1", folder, command);
    return system(text) == 0;
}

static const char *
path_of(int slot, const char *name)
{
    snprintf(paths[slot], sizeof paths[slot], "%s/%s", folder, name);
    return paths[slot];
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, 8 << 20);
    strcpy(folder, "/tmp/issuer-test-XXXXXX");
    if (mkdtemp(folder) == NULL || !sh("P=" SOURCE_DIR "/deploy/pki; $P ca . && $P machine-ca . &&"
                                       " $P server . rectifyd && $P client . other &&"
                                       " cat machine-ca.crt ca.crt >both.crt")) {
        return -1;
    }
    config = (struct issuer_config){.ca_cert_file = path_of(0, "machine-ca.crt"),
                                    .ca_key_file = path_of(1, "machine-ca.key"),
                                    .days = 400,
                                    .server_ca_file = path_of(2, "both.crt"),
                                    .server_cert_file = path_of(3, "rectifyd.crt"),
                                    .server_name = "rectifyd",
                                    .tenant = "sample",
                                    .server = "",
                                    .onboard = "tls+tcp://10.1.2.3:7444"};
    struct fault f = {.code = STATUS_OK};
    if (issuer_open(&config, now_ms(), &issuer, &f) != STATUS_OK) {
        print_message("%s: %s\n", f.reason, f.message);
        return -1;
    }
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    issuer_free(issuer);
    arena_release(&arena);
    folder_remove(folder);
    return 0;
}

static void
write_file(const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static unsigned char *
read_file(const char *name, size_t *ret_n)
{
    char path[128];
    unsigned char *bytes = arena_alloc(&arena, 65536);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    *ret_n = fread(bytes, 1, 65535, in);
    bytes[*ret_n] = '\0';
    assert_int_equal(fclose(in), 0);
    return bytes;
}

static struct certificate_request
request(void)
{
    struct certificate_request made;
    assert_int_equal(certificate_request_make(&arena, &made, NULL), STATUS_OK);
    return made;
}

static struct issuer_certificate
sign(const struct certificate_request *r)
{
    struct issuer_certificate made;
    struct fault f = {.code = STATUS_OK};
    if (issuer_sign(issuer, &arena, r->der, r->n, MACHINE, now_ms(), &made, &f) != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    return made;
}

/* ---- what is signed ---- */

static void
openssl_reads_what_was_written(void **state)
{
    (void)state;
    struct certificate_request r = request();
    struct issuer_certificate made = sign(&r);
    write_file("m.pem", made.pem, strlen(made.pem));
    write_file("m.key", r.key_pem, strlen(r.key_pem));
    assert_true(sh("openssl verify -x509_strict -purpose sslclient -CAfile machine-ca.crt m.pem"));
    assert_false(sh("openssl verify -purpose sslserver -CAfile machine-ca.crt m.pem"));
    assert_false(sh("openssl verify -purpose sslclient -CAfile ca.crt m.pem"));
    assert_true(sh("openssl x509 -in m.pem -noout -subject | grep -q 'CN = " MACHINE "'"));
    assert_true(sh("test \"$(openssl x509 -in m.pem -noout -ext subjectAltName | tail -1 |"
                   " tr -d ' ')\" = DNS:" MACHINE));
    assert_true(sh("openssl x509 -in m.pem -noout -text | grep -A1 'Key Usage: critical' |"
                   " grep -q 'Digital Signature$'"));
    assert_true(sh("openssl x509 -in m.pem -noout -text | grep -q 'TLS Web Client Auth'"));
    assert_true(sh("openssl x509 -in m.pem -noout -text | grep -q 'CA:FALSE'"));
    assert_true(sh("test \"$(openssl x509 -in m.pem -noout -pubkey)\" ="
                   " \"$(openssl pkey -in m.key -pubout)\""));
    char serial[128];
    snprintf(serial, sizeof serial,
             "test \"$(openssl x509 -in m.pem -noout -serial | cut -d= -f2 | tr A-F a-f)\" = %s",
             made.serial);
    assert_true(sh(serial));
}

static void
it_begins_thirty_days_ago_and_ends_as_configured(void **state)
{
    (void)state;
    struct certificate_request r = request();
    struct issuer_certificate made = sign(&r);
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    assert_int_equal(certificate_span_ms(made.pem, &from_ms, &to_ms, NULL), STATUS_OK);
    assert_int_equal(to_ms, made.not_after_ms);
    assert_in_range(now_ms() + 400 * DAY_MS - to_ms, 0, 60000);
    /* The authority is as old: it cannot be older than that. */
    assert_in_range(now_ms() - from_ms, 30 * DAY_MS - 60000, 30 * DAY_MS + 60000);
}

static void
serials_and_keys_differ(void **state)
{
    (void)state;
    struct certificate_request r = request();
    struct certificate_request other = request();
    struct issuer_certificate one = sign(&r);
    struct issuer_certificate two = sign(&r);
    assert_string_not_equal(one.serial, two.serial);
    assert_string_not_equal(r.key_pem, other.key_pem);
    assert_int_equal(certificate_is_of(one.pem, r.key_pem, NULL), STATUS_OK);
    struct fault f = {.code = STATUS_OK};
    assert_int_equal(certificate_is_of(one.pem, other.key_pem, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "CERTIFICATE_OTHER_KEY");
}

/* The client's own check takes the pair, though another authority vouches for the server. */
static void
a_client_may_use_the_pair(void **state)
{
    (void)state;
    struct certificate_request r = request();
    struct issuer_certificate made = sign(&r);
    char *pair = arena_printf(&arena, "%s%s", r.key_pem, made.pem);
    write_file("pair.pem", pair, strlen(pair));
    struct rpc_tls_files files = {
        .ca_file = path_of(4, "ca.crt"), .cert_file = path_of(5, "pair.pem"), .key_file = paths[5]};
    struct fault f = {.code = STATUS_OK};
    assert_int_equal(rpc_tls_files_check(&files, &f), STATUS_OK);
    size_t n = strlen(made.pem);
    write_file("alone.pem", made.pem, (size_t)(strstr(made.pem + 10, "-----BEGIN") - made.pem));
    assert_true(n > 0);
    files.cert_file = path_of(5, "alone.pem");
    write_file("alone.key", r.key_pem, strlen(r.key_pem));
    files.key_file = path_of(3, "alone.key");
    assert_int_equal(rpc_tls_files_check(&files, &f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f.reason, "TLS_CERT_WRONG_CA");
    path_of(3, "rectifyd.crt");
}

static void
everybody_is_told_the_authority_of_the_server(void **state)
{
    (void)state;
    char hex[CERTIFICATE_SHA256_HEX_SIZE];
    size_t n = 0;
    struct issuer_authority a = issuer_authority(issuer);
    assert_int_equal(certificate_sha256((char *)read_file("ca.crt", &n), hex, NULL), STATUS_OK);
    assert_string_equal(a.sha256, hex);
    assert_int_equal(certificate_sha256(a.certificate, hex, NULL), STATUS_OK);
    assert_string_equal(a.sha256, hex);
    assert_null(a.server);
    assert_string_equal(a.onboard, "tls+tcp://10.1.2.3:7444");
    issuer_ports(issuer, 7443, 7444);
    assert_int_equal(issuer_authority(issuer).server_port, 7443);
    assert_int_equal(issuer_authority(issuer).onboard_port, 7444);
}

/* ---- what is refused ---- */

static void
refused(const unsigned char *csr, size_t n, const char *reason)
{
    struct issuer_certificate made = {.pem = NULL};
    struct fault f = {.code = STATUS_OK};
    assert_int_equal(issuer_csr_check(csr, n, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, reason);
    assert_string_equal(f.field, "csr");
    assert_int_equal(issuer_sign(issuer, &arena, csr, n, MACHINE, now_ms(), &made, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_null(made.pem);
}

static void
requests_that_are_none(void **state)
{
    (void)state;
    struct certificate_request r = request();
    unsigned char *longer = arena_alloc(&arena, ISSUER_CSR_BYTES + 1);
    assert_int_equal(issuer_csr_check(r.der, r.n, NULL), STATUS_OK);
    refused(NULL, 0, "CSR_MISSING");
    refused(r.der, r.n - 1, "CSR_FORM");
    memcpy(longer, r.der, r.n);
    refused(longer, r.n + 1, "CSR_FORM"); /* something behind it */
    refused(longer, ISSUER_CSR_BYTES + 1, "CSR_FORM");
    refused((const unsigned char *)"-----BEGIN CERTIFICATE REQUEST-----", 35, "CSR_FORM");
}

/* Each byte changed: never signed, and never more than refused. */
static void
a_request_changed_anywhere_is_refused(void **state)
{
    (void)state;
    struct certificate_request r = request();
    unsigned char *changed = arena_alloc(&arena, r.n);
    for (size_t i = 0; i < r.n; i++) {
        memcpy(changed, r.der, r.n);
        changed[i] ^= 0x01U;
        assert_int_equal(issuer_csr_check(changed, r.n, NULL), STATUS_INVALID_ARGUMENT);
    }
    memcpy(changed, r.der, r.n);
    changed[r.n - 1] ^= 0x01U;
    refused(changed, r.n, "CSR_SIGNATURE");
}

static void
other_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *make;
        const char *reason;
    } cases[] = {
        {"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha256", NULL},
        {"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha256", "CSR_KEY"},
        {"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -sha256", "CSR_KEY"},
        {"openssl req -new -newkey rsa:2048 -sha256", "CSR_KEY"},
        {"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha1", "CSR_KEY"},
        {"openssl req -new -newkey ed25519", "CSR_FORM"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char command[512];
        size_t n = 0;
        snprintf(command, sizeof command, "%s -nodes -keyout k -subj /CN=root -outform DER -out c",
                 cases[i].make);
        assert_true(sh(command));
        const unsigned char *der = read_file("c", &n);
        if (cases[i].reason == NULL) {
            assert_int_equal(issuer_csr_check(der, n, NULL), STATUS_OK);
        } else {
            refused(der, n, cases[i].reason);
        }
    }
}

/* ---- authorities that cannot sign ---- */

static void
unfit(const char *what, struct issuer_config bad, const char *reason)
{
    struct issuer *none = NULL;
    struct fault f = {.code = STATUS_OK};
    if (issuer_open(&bad, now_ms(), &none, &f) != STATUS_FAILED_PRECONDITION || none != NULL) {
        fail_msg("opened: %s", what);
    }
    if (strcmp(f.reason, reason) != 0) {
        fail_msg("%s: %s: %s", what, f.reason, f.message);
    }
}

static void
an_authority_is_tried_at_the_start(void **state)
{
    (void)state;
    struct issuer_config bad = config;
    bad.ca_key_file = path_of(4, "ca.key");
    unfit("another's key", bad, "ISSUER_UNFIT");
    bad = config;
    bad.ca_cert_file = path_of(4, "missing.crt");
    unfit("no file", bad, "ISSUER_FILE");
    bad = config;
    bad.ca_cert_file = path_of(4, "other.crt");
    bad.ca_key_file = path_of(5, "other.key");
    unfit("no authority", bad, "ISSUER_UNFIT");
    assert_true(sh("mkdir late && " SOURCE_DIR "/deploy/pki machine-ca late --days -1 &&"
                   " mv late/machine-ca.crt late.crt && mv late/machine-ca.key late.key &&"
                   " rmdir late"));
    bad.ca_cert_file = path_of(4, "late.crt");
    bad.ca_key_file = path_of(5, "late.key");
    unfit("ended", bad, "ISSUER_UNFIT");
    assert_true(sh("cp machine-ca.key open.key && chmod 644 open.key"));
    bad = config;
    bad.ca_key_file = path_of(5, "open.key");
    unfit("a key for everybody to read", bad, "ISSUER_EXPOSED");
    bad = config;
    bad.server_ca_file = config.ca_cert_file;
    unfit("nobody vouches for the server", bad, "ISSUER_UNFIT");
}

/* ---- several at once ---- */

static void *
sign_many(void *failures)
{
    struct arena a;
    struct certificate_request r;
    arena_init(&a, 8 << 20);
    for (int i = 0; i < 20; i++) {
        struct issuer_certificate made;
        if (certificate_request_make(&a, &r, NULL) != STATUS_OK ||
            issuer_sign(issuer, &a, r.der, r.n, MACHINE, now_ms(), &made, NULL) != STATUS_OK ||
            certificate_is_of(made.pem, r.key_pem, NULL) != STATUS_OK) {
            ++*(int *)failures;
        }
    }
    arena_release(&a);
    return NULL;
}

static void
threads_sign_side_by_side(void **state)
{
    (void)state;
    pthread_t threads[4];
    int failures[4] = {0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_many, &failures[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_reads_what_was_written),
        cmocka_unit_test(it_begins_thirty_days_ago_and_ends_as_configured),
        cmocka_unit_test(serials_and_keys_differ),
        cmocka_unit_test(a_client_may_use_the_pair),
        cmocka_unit_test(everybody_is_told_the_authority_of_the_server),
        cmocka_unit_test(requests_that_are_none),
        cmocka_unit_test(a_request_changed_anywhere_is_refused),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(an_authority_is_tried_at_the_start),
        cmocka_unit_test(threads_sign_side_by_side),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
