/* The command line and the outbox: what waits on this machine, what goes at once, what the line's
 * failing changes, and a command given again with its key. */
#include "client/cli/cli.h"
#include "client/cli/exit_code.h"
#include "client/lib/file.h"
#include "client/lib/outbox.h"
#include "tests/support/fixture.h"
#include "tests/support/outbox_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_SIZE = 16384 };

static struct fake_server *server;
static char out[TEXT_SIZE];
static char err[TEXT_SIZE];

static int
setup(void **state)
{
    (void)state;
    server = fake_start();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    fake_free(server);
    return 0;
}

static void
stream_read(FILE *stream, char *ret_text)
{
    rewind(stream);
    ret_text[fread(ret_text, 1, TEXT_SIZE - 1, stream)] = '\0';
    (void)fclose(stream);
}

/* Runs words parted by blanks behind "rectify --profile …"; out and err hold what was printed. */
static int
run(const char *text)
{
    char copy[1024];
    char profile[512];
    char program[] = "rectify";
    char option[] = "--profile";
    char *argv[32] = {program, option, profile};
    int argc = 3;
    snprintf(copy, sizeof copy, "%s", text);
    snprintf(profile, sizeof profile, "%s", fake_profile(server)->file);
    for (char *p = copy; p != NULL;) {
        argv[argc++] = p;
        p = strchr(p, ' ');
        if (p != NULL) {
            *p++ = '\0';
        }
    }
    FILE *to_out = tmpfile();
    FILE *to_err = tmpfile();
    assert_true(to_out != NULL && to_err != NULL);
    int code = cli_main(argc, argv, to_out, to_err);
    stream_read(to_out, out);
    stream_read(to_err, err);
    return code;
}

static void
profile_add(const char *text)
{
    FILE *f = fopen(fake_profile(server)->file, "a");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static enum fake_turn
turn_never_answer(const char *method, const char *key, unsigned n)
{
    (void)key;
    (void)n;
    return strstr(method, "SignFor") != NULL ? FAKE_DONE_SILENT : FAKE_ANSWER;
}

/* A command whose answer never came, given again with its key: the same request, carried out once;
 * typed differently, as people do. */
static void
test_same_request_again(void **state)
{
    (void)state;
    char again[256];
    fake_script_set(server, &(struct fake_script){.turn = turn_never_answer});
    assert_int_equal(run("sign-for P-01-M-01 P-01-M-02 --timeout 1"), EXIT_CODE_TRY_AGAIN);
    assert_non_null(strstr(err, "结果未知"));
    const char *key = strstr(err, "--key ");
    assert_non_null(key);
    assert_string_equal(fake_done_at(server, 0).key,
                        (snprintf(again, sizeof again, "%.36s", key + 6), again));
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    snprintf(again, sizeof again, "sign-for --all --key %.36s", key + 6);
    assert_int_equal(run(again), 0);
    assert_non_null(strstr(out, "没有重复办理"));
    assert_non_null(strstr(out, "2026-11-00000001"));
    assert_int_equal(fake_done_count(server), 1);
    /* Settled: known from here on without asking. */
    unsigned before = fake_calls(server, "SignFor");
    assert_int_equal(run(again), 0);
    assert_int_equal(fake_calls(server, "SignFor"), before);
    assert_non_null(strstr(out, "2026-11-00000001"));
}

/* With a line, --queue is carried out at once and answered as usual. */
static void
test_queue_online(void **state)
{
    (void)state;
    assert_int_equal(run("sign-for P-01-M-01 --queue"), 0);
    assert_non_null(strstr(out, "已签收"));
    assert_non_null(strstr(out, "已收件，回执 2026-11-00000001"));
    assert_int_equal(run("outbox"), 0);
    assert_non_null(strstr(out, "已收件"));
    assert_non_null(strstr(out, "签收措施：P-01-M-01"));
}

static void
test_queue_offline(void **state)
{
    (void)state;
    fake_down(server);
    assert_int_equal(run("sign-for P-01-M-01 --queue"), 0);
    assert_non_null(strstr(out, "待发送（第 1 号）：签收措施：P-01-M-01。联网后自动发出"));
    assert_int_equal(run("ask P-01-M-01 资金没有落实 --queue -o json"), 0);
    assert_non_null(strstr(out, "{\"queued\":{\"number\":2,"));
    assert_int_equal(run("outbox"), 0);
    assert_non_null(strstr(out, "待发箱：2 件等待发送（最早 "));
    assert_int_equal(run("outbox send --timeout 1"), EXIT_CODE_TRY_AGAIN);
    assert_non_null(strstr(out, "还有 2 件等待发送"));
    assert_int_equal(run("outbox drop 2"), 0);
    fake_up(server);
    assert_int_equal(run("outbox send"), 0);
    assert_non_null(strstr(out, "第 1 号　签收措施：P-01-M-01　已收件，回执 2026-11-00000001"));
    assert_int_equal(fake_done_count(server), 1);
    assert_int_equal(run("outbox receipt 1 --out - -o json"), 0);
    assert_non_null(strstr(out, "2026-11-00000001"));
    assert_int_equal(run("outbox show 1 -o json"), 0);
    assert_non_null(strstr(out, "\"state\": \"RECEIVED\""));
    assert_non_null(strstr(out, "P-01-M-01"));
    assert_int_equal(run("outbox show 9"), EXIT_CODE_NOT_FOUND);
}

/* queue = offline: sent as ever while there is a line, kept when there is none. */
static void
test_profile_offline(void **state)
{
    (void)state;
    profile_add("queue = offline\n");
    assert_int_equal(run("sign-for P-01-M-01"), 0);
    assert_non_null(strstr(out, "已收件，回执"));
    assert_int_equal(run("outbox --all"), 0);
    assert_non_null(strstr(out, "是空的"));
    fake_down(server);
    assert_int_equal(run("sign-for P-01-M-02 --timeout 1"), 0);
    assert_non_null(strstr(out, "待发送（第 1 号）"));
    fake_up(server);
    fake_script_set(server, &(struct fake_script){.turn = turn_never_answer});
    assert_int_equal(run("sign-for P-01-M-03 --timeout 1"), 0);
    assert_non_null(strstr(out, "已发出，未得回音（第 2 号）"));
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    assert_int_equal(run("outbox send"), 0);
    assert_int_equal(fake_done_count(server), 3);
}

static enum fake_turn
turn_refuse_sign(const char *method, const char *key, unsigned n)
{
    (void)key;
    (void)n;
    return strstr(method, "SignFor") != NULL ? FAKE_REFUSE : FAKE_ANSWER;
}

/* A refusal that the author sees at once does not stay behind; one that comes later does. */
static void
test_refusals(void **state)
{
    (void)state;
    struct fake_script refuse = {
        .turn = turn_refuse_sign, .code = STATUS_FAILED_PRECONDITION, .reason = "STATE_FORBIDS"};
    profile_add("queue = always\n");
    fake_script_set(server, &refuse);
    assert_int_equal(run("sign-for P-01-M-01"), EXIT_CODE_STATE);
    assert_non_null(strstr(err, "STATE_FORBIDS"));
    assert_int_equal(run("outbox"), 0);
    assert_non_null(strstr(out, "是空的"));
    fake_down(server);
    assert_int_equal(run("sign-for P-01-M-02"), 0);
    fake_up(server);
    assert_int_equal(run("outbox send"), 0);
    assert_non_null(strstr(out, "要处理：不行。"));
    assert_int_equal(run("outbox"), 0);
    assert_non_null(strstr(out, "1 件要处理"));
    assert_int_equal(run("outbox show 2"), 0);
    assert_non_null(strstr(out, "rectify outbox drop 2"));
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    assert_int_equal(run("outbox retry 2"), 0);
    assert_int_equal(run("outbox send"), 0);
    assert_int_equal(fake_done_count(server), 1);
}

/* Answers of before, said loudly; without a cache the failure stands. */
static void
test_reads(void **state)
{
    (void)state;
    assert_int_equal(run("measure list --offline"), 0);
    fake_down(server);
    assert_int_equal(run("measure list --offline"), 0);
    assert_non_null(strstr(err, "离线：以 "));
    assert_int_equal(run("measure list --unit unit02 --offline --timeout 1"), EXIT_CODE_TRY_AGAIN);
    assert_int_equal(run("measure list --timeout 1"), EXIT_CODE_TRY_AGAIN);
}

static void
test_usage(void **state)
{
    (void)state;
    assert_int_equal(run("passwd --queue"), EXIT_CODE_USAGE);
    assert_non_null(strstr(err, "USAGE_QUEUE"));
    assert_int_equal(run("outbox"), 0);
    assert_non_null(strstr(out, "待发箱是空的"));
    assert_int_equal(run("outbox drop 1"), EXIT_CODE_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_request_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_online, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_offline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_profile_offline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
