/* A command whose answer never came, given again with its key: the same request to the byte. */
#include "client/cli/cli.h"
#include "client/cli/exit_code.h"
#include "client/lib/file.h"
#include "client/lib/state.h"
#include "proto/rpc/server.h"
#include "tests/support/fixture.h"

#include <pthread.h>
#include <rectify/v1/measure.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MACHINE "0190e5a0-0000-7000-8000-0000000000aa"
#define PATH_SIZE 512

/* What the server got; answers only once it is told to. */
static struct {
    pthread_mutex_t lock;
    struct rpc_server *server;
    bool answers;
    int sign_for_count;
    char first[1024]; /* key, version and payload of the first SignFor, as text */
    char last[1024];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char profile_path[PATH_SIZE];

static void
describe(const Pb__CallRequest *call, char *ret_text, size_t size)
{
    int n = snprintf(ret_text, size, "%s %d %lld ", call->idempotency_key,
                     call->has_expected_version, (long long)call->expected_version);
    for (size_t i = 0; i < call->payload.len && (size_t)n + 3 < size; i++) {
        n += snprintf(ret_text + n, size - (size_t)n, "%02x", call->payload.data[i]);
    }
}

static void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t n)
{
    Pb__CallRequest *call = pb__call_request__unpack(NULL, n, bytes);
    Pb__CallReply reply = PB__CALL_REPLY__INIT;
    Pb__Status status = PB__STATUS__INIT;
    unsigned char out[512];
    (void)ctx;
    assert_non_null(call);
    status.has_code = true;
    reply.status = &status;
    reply.call_id = call->call_id;
    reply.has_replayed = true;
    reply.replayed = true;
    pthread_mutex_lock(&fake.lock);
    bool sign_for = strstr(call->method, "SignFor") != NULL;
    if (sign_for) {
        describe(call, fake.sign_for_count++ == 0 ? fake.first : fake.last, sizeof fake.first);
    }
    if (!sign_for || fake.answers) {
        size_t size = pb__call_reply__pack(&reply, out);
        assert_int_equal(rpc_server_reply(fake.server, handle, out, size), STATUS_OK);
    }
    pthread_mutex_unlock(&fake.lock);
    pb__call_request__free_unpacked(call, NULL);
    free(bytes);
}

static void
text_write(const char *path, const char *text)
{
    struct fault f;
    assert_int_equal(rectify_file_replace(path, 0600, text, strlen(text), &f), STATUS_OK);
}

static int
setup(void **state)
{
    (void)state;
    struct fault f;
    struct ledger_key key;
    char path[PATH_SIZE + 16];
    char text[PATH_SIZE];
    struct rectify_session session = {.expires_at_ms = 1, .token = "t", .account = "unit01"};
    struct rpc_server_config config = {.url = "tcp://127.0.0.1:0", .on_message = on_message};
    if (rpc_server_start(&config, &fake.server, &f) != STATUS_OK) {
        return -1;
    }
    snprintf(profile_path, sizeof profile_path, "%s/unit01.ini", test_dir());
    snprintf(text, sizeof text,
             "server = tcp://127.0.0.1:%u\ntenant = sample\naccount = unit01\n"
             "machine_key = m.key\nstate = state\n",
             rpc_server_port(fake.server));
    text_write(profile_path, text);
    snprintf(path, sizeof path, "%s/m.key", test_dir());
    assert_int_equal(ledger_key_create(path, &key, &f), STATUS_OK);
    snprintf(path, sizeof path, "%s/state", test_dir());
    assert_int_equal(rectify_state_machine_save(path, MACHINE, &f), STATUS_OK);
    assert_int_equal(rectify_state_session_save(path, &session, &f), STATUS_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rpc_server_free(fake.server);
    return 0;
}

static void
stream_read(FILE *stream, char *ret_text, size_t size)
{
    rewind(stream);
    ret_text[fread(ret_text, 1, size - 1, stream)] = '\0';
    (void)fclose(stream);
}

/* Runs words parted by blanks behind "rectify --profile …". */
static int
run(const char *text, char *ret_out, char *ret_err, size_t size)
{
    char copy[512];
    char program[] = "rectify";
    char option[] = "--profile";
    char *argv[32] = {program, option, profile_path};
    int argc = 3;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *p = copy; p != NULL;) {
        argv[argc++] = p;
        p = strchr(p, ' ');
        if (p != NULL) {
            *p++ = '\0';
        }
    }
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    assert_true(out != NULL && err != NULL);
    int code = cli_main(argc, argv, out, err);
    stream_read(out, ret_out, size);
    stream_read(err, ret_err, size);
    return code;
}

static void
test_same_request_again(void **state)
{
    (void)state;
    char out[4096];
    char err[4096];
    char again[256];
    assert_int_equal(run("sign-for P-01-M-01 P-01-M-02 --timeout 1", out, err, sizeof out),
                     EXIT_CODE_TRY_AGAIN);
    assert_non_null(strstr(err, "结果未知"));
    const char *key = strstr(err, "--key ");
    assert_non_null(key);
    pthread_mutex_lock(&fake.lock);
    fake.answers = true;
    assert_int_equal(strncmp(fake.first, key + 6, UUID_TEXT_SIZE - 1), 0);
    pthread_mutex_unlock(&fake.lock);
    /* Typed differently, as people do: what was pending is what is sent. */
    snprintf(again, sizeof again, "sign-for --all --key %.36s", key + 6);
    assert_int_equal(run(again, out, err, sizeof out), 0);
    assert_non_null(strstr(out, "没有重复办理"));
    assert_string_equal(fake.last, fake.first);
    /* Settled: the same words now mean what they say. */
    int before = fake.sign_for_count;
    assert_int_equal(run(again, out, err, sizeof out), 0);
    assert_int_equal(fake.sign_for_count, before);
    assert_non_null(strstr(out, "没有待签收的措施"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_request_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
