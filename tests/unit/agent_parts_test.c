/* The agent's parts that need no server: when a digest is due, and how other programs are run. */
#include "client/agent/agent_impl.h"
#include "client/agent/digest.h"
#include "client/agent/program.h"
#include "client/lib/file.h"
#include "tests/support/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

static char folder[256];
static struct arena arena;
static struct fault f;

/* ---- digest ---- */

static void
test_minute(void **state)
{
    static const char *const wrong[] = {"", "8:30", "24:00", "08:60", "08-30", "08:3x", "008:30"};
    (void)state;
    assert_int_equal(digest_minute("00:00"), 0);
    assert_int_equal(digest_minute("08:30"), 510);
    assert_int_equal(digest_minute("23:59"), 1439);
    assert_int_equal(digest_minute(NULL), -1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(digest_minute(wrong[i]), -1);
    }
}

static void
test_due(void **state)
{
    static const struct {
        const char *day;
        int minute;
        const char *last;
        bool due;
    } cases[] = {
        {"2026-11-30", 509, "2026-11-29", false}, /* a minute early */
        {"2026-11-30", 510, "2026-11-29", true},
        {"2026-11-30", 510, "", true},            /* the first one ever */
        {"2026-11-30", 511, "2026-11-30", false}, /* once a day */
        {"2026-11-30", 1439, "2026-11-29", true}, /* switched on in the evening: late, not lost */
        {"2026-12-01", 10, "2026-11-29", false},  /* slept over midnight: that day is over… */
        {"2026-12-01", 510, "2026-11-29", true},  /* …and the next has its own */
        {"2027-01-01", 600, "2026-12-31", true},  /* over a year's end */
        {"2024-03-01", 600, "2024-02-29", true},  /* and a leap day */
        {"2026-11-29", 600, "2026-11-30", false}, /* put back over midnight: not twice */
        {"2026-11-30", 600, "2026-12-10", true},  /* the clock had been ten days ahead */
        {"2026-11-30", 600, "damaged", true},     /* rather once more than never again */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (digest_due(cases[i].day, cases[i].minute, 510, cases[i].last) != cases[i].due) {
            fail_msg("case %zu", i);
        }
    }
    assert_false(digest_due("2026-11-30", 600, -1, "2026-11-29")); /* none is wanted */
}

/* In a zone with summer time every day has its digest, also the one of 23 hours. */
static void
test_summer_time(void **state)
{
    char day[AGENT_DAY_SIZE];
    char last[AGENT_DAY_SIZE] = "";
    int given = 0;
    (void)state;
    assert_int_equal(setenv("TZ", "Europe/Berlin", 1), 0);
    /* 28 to 31 March 2026 in UTC, every ten minutes; 02:30 does not exist on the 29th. */
    for (int64_t at = 1774656000000; at < 1774656000000 + 3 * 86400000LL; at += 600000) {
        int minute = agent_day(at, day);
        if (digest_due(day, minute, digest_minute("02:30"), last)) {
            memcpy(last, day, sizeof last);
            given++;
        }
    }
    (void)unsetenv("TZ");
    assert_int_equal(given, 3);
}

static void
test_sentence(void **state)
{
    char text[256];
    struct digest numbers = {
        .known = true, .overdue = 2, .due_soon = 3, .attention = 1, .waiting = 0};
    (void)state;
    digest_sentence(&numbers, text, sizeof text);
    assert_string_equal(text, "今日：超期 2、临期 3、要处理 1、待发送 0");
    numbers.as_of = "2026-11-29 08:30";
    digest_sentence(&numbers, text, sizeof text);
    assert_non_null(strstr(text, "2026-11-29 08:30"));
    numbers.known = false;
    digest_sentence(&numbers, text, sizeof text);
    assert_null(strstr(text, "超期 2"));
    assert_non_null(strstr(text, "要处理 1、待发送 0"));
}

static void
test_backoff(void **state)
{
    (void)state;
    for (unsigned attempt = 0; attempt < 40; attempt++) {
        uint32_t low = agent_backoff_ms(attempt, 0);
        assert_in_range(low, 500, 10000);
        for (uint32_t random = 1; random < 100; random++) {
            assert_in_range(agent_backoff_ms(attempt, random * 2654435761U), low, 2 * low);
        }
    }
    assert_int_equal(agent_backoff_ms(0, 0), 500);
    assert_int_equal(agent_backoff_ms(39, 0), 10000);
}

/* ---- other programs ---- */

/* A script in the folder; returns its path. */
static const char *
script(const char *name, const char *lines)
{
    const char *path = arena_printf(&arena, "%s/%s", folder, name);
    const char *body = arena_printf(&arena, "#!/bin/sh\ncd '%s' || exit 9\n%s\n", folder, lines);
    assert_non_null(path);
    assert_non_null(body);
    assert_int_equal(rectify_file_replace(path, 0700, body, strlen(body), &f), STATUS_OK);
    return path;
}

static const char *
content(const char *name)
{
    char *bytes = NULL;
    size_t n = 0;
    const char *path = arena_printf(&arena, "%s/%s", folder, name);
    assert_non_null(path);
    if (rectify_file_read(&arena, path, 65536, &bytes, &n, &f) != STATUS_OK) {
        return "";
    }
    return bytes;
}

static enum status
run(const char *path, const char *input, uint32_t limit_ms)
{
    static const char *const extra[] = {"RECTIFY_ALERT_ID=X-1", NULL};
    const char *argv[] = {path, "ALERT", "a b; echo \"$HOME\"", NULL};
    struct program program = {.argv = argv, .input = input, .extra = extra, .limit_ms = limit_ms};
    return program_run(&program, &f);
}

static void
test_program_gets(void **state)
{
    (void)state;
    assert_int_equal(setenv("SAMPLE_SECRET", "hush", 1), 0);
    const char *path =
        script("gets", "cat >input; env >environment; printf '%s\\n' \"$#\" \"$2\" >arguments");
    assert_int_equal(run(path, "{\"id\":\"1\"}\n", LONG_MS), STATUS_OK);
    assert_string_equal(content("input"), "{\"id\":\"1\"}\n");
    assert_string_equal(content("arguments"), "2\na b; echo \"$HOME\"\n"); /* no shell saw it */
    assert_non_null(strstr(content("environment"), "RECTIFY_ALERT_ID=X-1"));
    assert_non_null(strstr(content("environment"), "PATH="));
    assert_null(strstr(content("environment"), "SAMPLE_SECRET"));
    assert_int_equal(run(path, NULL, LONG_MS), STATUS_OK);
    assert_string_equal(content("input"), "");
}

/* Neither our output nor a descriptor of ours reaches it, whatever its flags. */
static void
test_program_inherits_nothing(void **state)
{
    char mine[320];
    (void)state;
    snprintf(mine, sizeof mine, "%s/mine", folder);
    int fd = open(mine, O_RDWR | O_CREAT, 0600); /* no O_CLOEXEC on purpose */
    assert_true(fd > 2);
    int before = dup(2);
    assert_true(before > 2);
    assert_int_equal(dup2(fd, 2), 2);
    const char *path = script("leaks", "ls -l /proc/self/fd >list; echo said >&2; echo said");
    enum status status = run(path, "x", LONG_MS);
    assert_int_equal(dup2(before, 2), 2);
    (void)close(before);
    (void)close(fd);
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(content("mine"), "");
    assert_null(strstr(content("list"), "/mine"));
    assert_non_null(strstr(content("list"), "/dev/null"));
}

static void
test_program_exits(void **state)
{
    (void)state;
    assert_int_equal(run(script("three", "exit 3"), NULL, LONG_MS), STATUS_UNAVAILABLE);
    assert_string_equal(f.reason, "PROGRAM_EXIT");
    assert_non_null(strstr(f.message, "退出码 3"));
    assert_int_equal(run(script("killed", "kill -TERM $$"), NULL, LONG_MS), STATUS_UNAVAILABLE);
    assert_string_equal(f.reason, "PROGRAM_EXIT");
    assert_non_null(strstr(f.message, "信号 15"));
    assert_int_equal(run(arena_printf(&arena, "%s/none", folder), NULL, LONG_MS),
                     STATUS_UNAVAILABLE);
    assert_string_equal(f.reason, "PROGRAM_START");
}

/* Is the process whose id a script wrote gone (or a zombie of somebody else's)? */
static bool
gone(const char *name)
{
    pid_t pid = (pid_t)strtol(content(name), NULL, 10);
    assert_true(pid > 1);
    return kill(pid, 0) != 0 && errno == ESRCH;
}

/* One that does not end is killed, with what it has started. */
static void
test_program_time(void **state)
{
    (void)state;
    const char *path = script("slow", "sleep 1000 & echo $! >pid\nsleep 1000");
    assert_int_equal(run(path, NULL, 500), STATUS_DEADLINE_EXCEEDED);
    assert_string_equal(f.reason, "PROGRAM_TIME");
    while (!gone("pid")) { /* init reaps it */
        (void)usleep(1000);
    }
}

static bool
started(void *user)
{
    (void)user;
    return content("pid")[0] != '\0';
}

static void
test_program_stop(void **state)
{
    const char *argv[] = {script("endless", "echo $$ >half && mv half pid\nsleep 1000"), NULL};
    struct program program = {.argv = argv, .limit_ms = LONG_MS, .stop = started};
    (void)state;
    assert_int_equal(program_run(&program, &f), STATUS_CANCELLED);
    assert_true(gone("pid"));
}

static void
test_program_find(void **state)
{
    (void)state;
    char *sh = program_find("sh");
    assert_non_null(sh);
    assert_int_equal(access(sh, X_OK), 0);
    free(sh);
    assert_null(program_find("no-such-program-here"));
}

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 * 1024 * 1024);
    snprintf(folder, sizeof folder, "%s/parts-XXXXXX", test_dir());
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minute),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_summer_time),
        cmocka_unit_test(test_sentence),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test_setup_teardown(test_program_gets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_program_inherits_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_program_exits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_program_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_program_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_program_find, setup, teardown),
    };
    return cmocka_run_group_tests_name("agent_parts", tests, NULL, NULL);
}
