/* Signatures of calls and heads, key files, and the helpers for secrets. The known answers were
 * computed apart from this code (SHA-256 of the documented layout, Ed25519 of another library). */
#include "proto/base/limits.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* RFC 8032 section 7.1, test 1. */
static const char SEED_HEX[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char PUBLIC_HEX[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

static struct arena arena;
static struct ledger_key key;
static char folder[] = "/tmp/rectify-signing-XXXXXX";
static unsigned char payload[256];

static int
set_up(void **state)
{
    (void)state;
    unsigned char *seed = NULL;
    size_t n = 0;
    arena_init(&arena, (size_t)16 << 20);
    if (mkdtemp(folder) == NULL ||
        secret_hex_decode(&arena, SEED_HEX, strlen(SEED_HEX), &seed, &n) != STATUS_OK || n != 32) {
        return -1;
    }
    ledger_key_from_seed(seed, &key);
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (unsigned char)i;
    }
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return rmdir(folder); /* fails when a test left something */
}

static const char *
path_of(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static void
write_file(const char *path, const char *text, size_t n, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* ---- calls ---- */

static struct signed_call
sample_call(void)
{
    static char session[SECRET_HASH_HEX_SIZE];
    secret_token_hash_hex("token", session);
    return (struct signed_call){
        .tenant = "demo",
        .machine = "machine-1",
        .session = session,
        .on_behalf_of = "account-2",
        .method = "rectify.v1.MeasureService/SignFor",
        .idempotency_key = "0190163d-8694-739b-aea5-966c26f8ad91",
        .has_expected_version = true,
        .expected_version = 7,
        .queued_at_ms = 1587970000123,
        .client_version = "0.1.0",
        .payload = payload,
        .payload_size = sizeof payload,
    };
}

static void
call_signature_is_the_documented_one(void **state)
{
    (void)state;
    struct signed_call call = sample_call();
    unsigned char digest[SIGNING_DIGEST_BYTES];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    signing_bytes_digest(&call, digest);
    assert_string_equal(secret_hex_encode(&arena, digest, sizeof digest),
                        "704e2a0b628ec04d86cee97dadcdc59debeca080f39a513bb65845e0964cb10e");
    signing_sign(&call, &key, signature);
    assert_string_equal(secret_base64_encode(&arena, signature, sizeof signature),
                        "jgpTMImIaB3NFChmt05w8NbL86Kfhb2fq8Izkoo7A3rEvpmX2/"
                        "5G8T2KJEUMQFCkKi1tKV9ruFQ71pfsLP73AQ==");
    assert_int_equal(signing_verify(&call, &key.public, signature, sizeof signature, NULL),
                     STATUS_OK);
    assert_int_equal(signing_verify_digest(digest, &key.public, signature, sizeof signature, NULL),
                     STATUS_OK);
}

static void
assert_refused(const struct signed_call *call, const unsigned char *signature, size_t n)
{
    struct fault fault = {0};
    assert_int_equal(signing_verify(call, &key.public, signature, n, &fault),
                     STATUS_UNAUTHENTICATED);
    assert_string_equal(fault.reason, "CALL_SIGNATURE_BAD");
}

static void
every_field_is_signed(void **state)
{
    (void)state;
    const struct signed_call good = sample_call();
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    unsigned char other[sizeof payload];
    signing_sign(&good, &key, signature);
    memcpy(other, payload, sizeof other);
    other[255] ^= 1;
    struct signed_call bad[13];
    for (size_t i = 0; i < 13; i++) {
        bad[i] = good;
        assert_int_equal(signing_verify(&bad[i], &key.public, signature, 64, NULL), STATUS_OK);
    }
    bad[0].tenant = "demp";
    bad[1].machine = "machine-2";
    bad[2].session = "";
    bad[3].on_behalf_of = NULL;
    bad[4].method = "rectify.v1.MeasureService/Object";
    bad[5].idempotency_key = "0190163d-8694-739b-aea5-966c26f8ad92";
    bad[6].has_expected_version = false;
    bad[7].expected_version = 8;
    bad[8].queued_at_ms++;
    bad[9].client_version = "0.1.1";
    bad[10].payload = other;
    bad[11].payload_size--;
    bad[12].tenant = "demom"; /* a byte over the border of two fields */
    bad[12].machine = "achine-1";
    for (size_t i = 0; i < 13; i++) {
        assert_refused(&bad[i], signature, sizeof signature);
    }
    signature[63] ^= 1;
    assert_refused(&good, signature, sizeof signature);
    assert_refused(&good, signature, 63);
    assert_refused(&good, NULL, 0);
}

static void
absent_is_not_zero_and_null_is_empty(void **state)
{
    (void)state;
    struct signed_call absent = {.tenant = "demo"};
    struct signed_call zero = {.tenant = "demo", .has_expected_version = true};
    struct signed_call ignored = {.tenant = "demo", .expected_version = 9};
    struct signed_call empty = {.tenant = "demo", .machine = "", .payload = ""};
    unsigned char a[SIGNING_DIGEST_BYTES];
    unsigned char b[SIGNING_DIGEST_BYTES];
    signing_bytes_digest(&absent, a);
    signing_bytes_digest(&zero, b);
    assert_memory_not_equal(a, b, sizeof a);
    signing_bytes_digest(&ignored, b);
    assert_memory_equal(a, b, sizeof a);
    signing_bytes_digest(&empty, b);
    assert_memory_equal(a, b, sizeof a);
}

/* SHA-256 of the bytes 0 to 255, as sha256sum prints it. */
static const char PAYLOAD_SHA256[] =
    "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880";

/* An offline verifier has the payload's hash and not the payload. */
static void
the_hash_of_the_payload_suffices(void **state)
{
    (void)state;
    struct signed_call whole = sample_call();
    struct signed_call logged = sample_call();
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    unsigned char *hash = NULL;
    size_t n = 0;
    assert_int_equal(secret_hex_decode(&arena, PAYLOAD_SHA256, 64, &hash, &n), STATUS_OK);
    signing_sign(&whole, &key, signature);
    logged.payload = NULL;
    logged.payload_size = 0;
    assert_refused(&logged, signature, sizeof signature);
    logged.payload_sha256 = hash;
    assert_int_equal(signing_verify(&logged, &key.public, signature, 64, NULL), STATUS_OK);
    logged.payload = "not looked at";
    logged.payload_size = 13;
    assert_int_equal(signing_verify(&logged, &key.public, signature, 64, NULL), STATUS_OK);
    hash[31] ^= 1;
    assert_refused(&logged, signature, sizeof signature);
}

static void
another_machines_key_does_not_verify(void **state)
{
    (void)state;
    struct signed_call call = sample_call();
    struct ledger_key stranger;
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    ledger_key_make(&stranger);
    signing_sign(&call, &stranger, signature);
    assert_int_equal(signing_verify(&call, &stranger.public, signature, 64, NULL), STATUS_OK);
    assert_refused(&call, signature, sizeof signature);
}

/* ---- heads ---- */

static struct ledger_head
sample_head(void)
{
    struct ledger_head head = {.tenant = "demo", .size = 8, .time_ms = 1587970000123};
    unsigned char *root = NULL;
    size_t n = 0;
    static const char hex[] = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
    assert_int_equal(secret_hex_decode(&arena, hex, 64, &root, &n), STATUS_OK);
    memcpy(head.root.bytes, root, n);
    assert_int_equal(ledger_head_sign(&head, &key, NULL), STATUS_OK);
    return head;
}

static void
head_bytes_and_signature_are_the_documented_ones(void **state)
{
    (void)state;
    struct ledger_head head = sample_head();
    unsigned char bytes[LEDGER_HEAD_BYTES_MAX];
    size_t n = ledger_head_bytes(&head, bytes);
    assert_string_equal(secret_hex_encode(&arena, bytes, n),
                        "726563746966792e76312e747265652d686561640a0000000464656d6f0000000000000008"
                        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
                        "00000171ba6344fb32316665333164666131353461323631");
    assert_string_equal(secret_base64_encode(&arena, head.signature, sizeof head.signature),
                        "IiLP+56ReP/MWVSI9MM91JzP1gvNZSybIUT4dWEsTqiN0C0J/"
                        "h6On8xVe0nqgvR2FhwrarMPySCSbNlPaSEyAQ==");
}

static void
head_refuses_every_change(void **state)
{
    (void)state;
    const struct ledger_head good = sample_head();
    struct fault fault;
    assert_int_equal(ledger_head_verify(&good, &key.public, &fault), STATUS_OK);
    struct ledger_head bad[5] = {good, good, good, good, good};
    bad[0].tenant[0] = 'x';
    bad[1].size++;
    bad[2].root.bytes[31] ^= 1;
    bad[3].time_ms--;
    bad[4].signature[0] ^= 1;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ledger_head_verify(&bad[i], &key.public, &fault), STATUS_DATA_LOSS);
        assert_string_equal(fault.reason, "HEAD_SIGNATURE_BAD");
    }
    struct ledger_key stranger;
    ledger_key_make(&stranger);
    assert_int_equal(ledger_head_verify(&good, &stranger.public, &fault), STATUS_DATA_LOSS);
    assert_string_equal(fault.reason, "HEAD_OTHER_KEY");
}

static void
head_text_reads_back_and_nothing_else_does(void **state)
{
    (void)state;
    struct ledger_head head = sample_head();
    struct ledger_head back;
    struct fault fault;
    char text[LEDGER_HEAD_TEXT_SIZE];
    ledger_head_to_text(&head, text);
    assert_int_equal(ledger_head_from_text(text, &back, NULL), STATUS_OK);
    assert_int_equal(ledger_head_verify(&back, &key.public, NULL), STATUS_OK);
    for (size_t n = 0; n < strlen(text); n++) { /* every cut */
        assert_int_equal(ledger_head_from_text(arena_strndup(&arena, text, n), &back, &fault),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, "HEAD_MALFORMED");
    }
    assert_int_equal(ledger_head_from_text(arena_printf(&arena, "%s ", text), &back, NULL),
                     STATUS_INVALID_ARGUMENT);
    struct ledger_head wide = {.size = MERKLE_SIZE_MAX, .time_ms = INT64_MAX};
    memset(wide.tenant, 'w', LIMIT_TENANT_BYTES);
    assert_int_equal(ledger_head_sign(&wide, &key, NULL), STATUS_OK);
    ledger_head_to_text(&wide, text);
    assert_int_equal(ledger_head_from_text(text, &back, NULL), STATUS_OK);
    wide.size++;
    assert_int_equal(ledger_head_sign(&wide, &key, &fault), STATUS_INVALID_ARGUMENT);
    struct ledger_head blank = {.tenant = "a b"};
    assert_int_equal(ledger_head_sign(&blank, &key, &fault), STATUS_INVALID_ARGUMENT);
}

/* ---- keys ---- */

static void
public_key_text_reads_back(void **state)
{
    (void)state;
    char text[LEDGER_PUBLIC_TEXT_SIZE];
    struct ledger_public back;
    struct fault fault;
    assert_string_equal(secret_hex_encode(&arena, key.public.bytes, 32), PUBLIC_HEX);
    assert_string_equal(key.public.key_id, "21fe31dfa154a261");
    ledger_public_to_text(&key.public, text);
    assert_int_equal(strlen(text), 44);
    assert_int_equal(ledger_public_from_text(text, &back, NULL), STATUS_OK);
    assert_memory_equal(back.bytes, key.public.bytes, 32);
    assert_int_equal(ledger_public_from_text(PUBLIC_HEX, &back, NULL), STATUS_OK);
    assert_string_equal(back.key_id, key.public.key_id);
    const char *bad[] = {NULL,
                         "",
                         "abc",
                         "d75a9801",
                         arena_printf(&arena, "%s\n", text),
                         arena_printf(&arena, "%s x", text)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ledger_public_from_text(bad[i], &back, &fault), STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, "PUBLIC_KEY_MALFORMED");
    }
}

static void
key_file_is_private_and_reads_back(void **state)
{
    (void)state;
    const char *path = path_of("seal.key");
    struct ledger_key made;
    struct ledger_key loaded;
    struct fault fault;
    struct stat st;
    mode_t before = umask(0);
    assert_int_equal(ledger_key_create(path, &made, NULL), STATUS_OK);
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(ledger_key_load(path, &loaded, NULL), STATUS_OK);
    assert_memory_equal(&loaded, &made, sizeof made);
    assert_int_equal(ledger_key_create(path, &loaded, &fault), STATUS_ALREADY_EXISTS);
    assert_string_equal(fault.reason, "KEY_FILE_EXISTS");
    assert_int_equal(ledger_key_load(path, &loaded, NULL), STATUS_OK);
    assert_memory_equal(&loaded, &made, sizeof made); /* not replaced */
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(ledger_key_load(path, &loaded, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "SECRET_FILE_EXPOSED");
    assert_non_null(strstr(fault.message, path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ledger_key_load(path, &loaded, &fault), STATUS_NOT_FOUND);
    assert_string_equal(fault.reason, "SECRET_FILE_MISSING");
    assert_int_equal(ledger_key_create(path_of("no/such/key"), &made, &fault), STATUS_UNAVAILABLE);
    assert_string_equal(fault.reason, "KEY_FILE_WRITE");
}

static void
damaged_key_files_are_refused(void **state)
{
    (void)state;
    const char *path = path_of("damaged.key");
    struct ledger_key loaded;
    struct fault fault;
    char *text = NULL;
    size_t n = 0;
    assert_int_equal(ledger_key_create(path, &loaded, NULL), STATUS_OK);
    assert_int_equal(secret_file_read(path, &arena, &text, &n, NULL), STATUS_OK);
    for (size_t cut = 1; cut < n - 1; cut++) {
        write_file(path, text, cut, 0600);
        assert_int_equal(ledger_key_load(path, &loaded, &fault), STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, "KEY_FILE_MALFORMED");
    }
    char *seed = strstr(text, "seed ") + 5;
    *seed = *seed == 'A' ? 'B' : 'A'; /* another seed: the public key does not belong to it */
    write_file(path, text, n, 0600);
    assert_int_equal(ledger_key_load(path, &loaded, &fault), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.message, "不配对"));
    assert_int_equal(unlink(path), 0);
}

static void
secret_files_of_other_kinds_are_refused(void **state)
{
    (void)state;
    const char *path = path_of("secret");
    char *text = NULL;
    size_t n = 0;
    struct fault fault;
    write_file(path, "pass\n", 5, 0600);
    assert_int_equal(secret_file_read(path, &arena, &text, &n, NULL), STATUS_OK);
    assert_int_equal(n, 5);
    assert_string_equal(text, "pass\n");
    write_file(path, "pass\n", 5, 0604);
    assert_int_equal(secret_file_read(path, &arena, &text, &n, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "SECRET_FILE_EXPOSED");
    write_file(path, "", 0, 0600);
    assert_int_equal(secret_file_read(path, &arena, &text, &n, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "SECRET_FILE_SIZE");
    assert_int_equal(truncate(path, (off_t)LIMIT_SECRET_FILE_BYTES + 1), 0);
    assert_int_equal(secret_file_read(path, &arena, &text, &n, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "SECRET_FILE_SIZE");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(secret_file_read(path, &arena, &text, &n, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "SECRET_FILE_KIND");
    assert_int_equal(unlink(path), 0);
}

/* ---- passwords, tokens, texts ---- */

static void
passwords(void **state)
{
    (void)state;
    const struct secret_cost cheap = {.ops = 1, .memory_bytes = 8192};
    struct fault fault;
    char *hash = NULL;
    char *again = NULL;
    char longest[LIMIT_PASSWORD_BYTES + 2];
    assert_int_equal(secret_password_hash(&arena, "口令-1", &cheap, &hash, NULL), STATUS_OK);
    assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
    assert_int_equal(secret_password_hash(&arena, "口令-1", &cheap, &again, NULL), STATUS_OK);
    assert_string_not_equal(hash, again); /* salted */
    assert_int_equal(secret_password_verify(hash, "口令-1", &cheap, NULL), STATUS_OK);
    const char *wrong[] = {"口令-2", "", NULL, "口令-1 "};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(secret_password_verify(hash, wrong[i], &cheap, &fault),
                         STATUS_UNAUTHENTICATED);
        assert_string_equal(fault.reason, "PASSWORD_WRONG");
    }
    assert_int_equal(secret_password_verify(NULL, "口令-1", &cheap, NULL), STATUS_UNAUTHENTICATED);
    assert_int_equal(secret_password_verify("junk", "口令-1", &cheap, NULL),
                     STATUS_UNAUTHENTICATED);
    assert_false(secret_password_outdated(hash, &cheap));
    assert_true(secret_password_outdated(hash, NULL));
    assert_int_equal(secret_password_hash(&arena, "", &cheap, &hash, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "PASSWORD_EMPTY");
    memset(longest, 'p', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(secret_password_hash(&arena, longest, &cheap, &hash, &fault),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "PASSWORD_TOO_LONG");
}

static void
tokens(void **state)
{
    (void)state;
    char a[SECRET_TOKEN_TEXT_SIZE];
    char b[SECRET_TOKEN_TEXT_SIZE];
    char hex[SECRET_HASH_HEX_SIZE];
    unsigned char hash[SECRET_HASH_BYTES];
    secret_token_make(a);
    secret_token_make(b);
    assert_int_equal(strlen(a), 43);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     43);
    secret_token_hash_hex("abc", hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    secret_token_hash("abc", hash);
    assert_string_equal(secret_hex_encode(&arena, hash, sizeof hash), hex);
    assert_true(secret_equal(a, a, sizeof a));
    assert_false(secret_equal(a, b, sizeof a));
}

static void
text_forms_are_canonical(void **state)
{
    (void)state;
    unsigned char *data = NULL;
    size_t n = 0;
    for (size_t size = 0; size <= 70; size++) {
        char *hex = secret_hex_encode(&arena, payload, size);
        char *b64 = secret_base64_encode(&arena, payload, size);
        assert_int_equal(secret_hex_decode(&arena, hex, strlen(hex), &data, &n), STATUS_OK);
        assert_int_equal(n, size);
        assert_memory_equal(data, payload, size);
        assert_int_equal(secret_base64_decode(&arena, b64, strlen(b64), &data, &n), STATUS_OK);
        assert_int_equal(n, size);
        assert_memory_equal(data, payload, size);
    }
    const char *bad_hex[] = {"0", "0g", "AB", "0 1 "};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(secret_hex_decode(&arena, bad_hex[i], strlen(bad_hex[i]), &data, &n),
                         STATUS_INVALID_ARGUMENT);
    }
    const char *bad_base64[] = {
        "A", "AA", "AA=A", "AB==", "AA==AA==", "A A=", "-_==", "====", "AAA\xaf"};
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(
            secret_base64_decode(&arena, bad_base64[i], strlen(bad_base64[i]), &data, &n),
            STATUS_INVALID_ARGUMENT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_signature_is_the_documented_one),
        cmocka_unit_test(every_field_is_signed),
        cmocka_unit_test(absent_is_not_zero_and_null_is_empty),
        cmocka_unit_test(the_hash_of_the_payload_suffices),
        cmocka_unit_test(another_machines_key_does_not_verify),
        cmocka_unit_test(head_bytes_and_signature_are_the_documented_ones),
        cmocka_unit_test(head_refuses_every_change),
        cmocka_unit_test(head_text_reads_back_and_nothing_else_does),
        cmocka_unit_test(public_key_text_reads_back),
        cmocka_unit_test(key_file_is_private_and_reads_back),
        cmocka_unit_test(damaged_key_files_are_refused),
        cmocka_unit_test(secret_files_of_other_kinds_are_refused),
        cmocka_unit_test(passwords),
        cmocka_unit_test(tokens),
        cmocka_unit_test(text_forms_are_canonical),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
