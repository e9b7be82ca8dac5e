/* rectifyd.ini: every error names its line; the reference reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
test_defaults(void **state)
{
    (void)state;
    struct config c;
    struct config d;
    config_init(&c);
    assert_string_equal(c.listen, "tls+tcp://127.0.0.1:7443");
    assert_int_equal(c.log_level, LOG_LEVEL_INFO);
    assert_int_equal(c.tick_seconds, 30);
    assert_int_equal(c.zone_offset_min, 480);
    assert_string_equal(c.owner_conninfo, "");
    assert_int_equal(config_parse("", "empty", &d, NULL), STATUS_OK);
    assert_memory_equal(&c, &d, sizeof c);
}

static void
test_values(void **state)
{
    (void)state;
    struct config c;
    struct fault fault = {0};
    const char text[] = "; a comment\n"
                        "[server]\n"
                        "  listen = tls+tcp://0.0.0.0:9000\n"
                        "log_level=debug\r\n"
                        "tick_seconds = 1\n"
                        "\n"
                        "[database]\n"
                        "conninfo = host=/run/pg dbname=r options='-c a=b' ;not a comment\n"
                        "writer_threads = 16\n"
                        "[tls]\n"
                        "cert = /etc/样例/server.pem";
    if (config_parse(text, "t.ini", &c, &fault) != STATUS_OK) {
        fail_msg("%s", fault.message);
    }
    assert_string_equal(c.listen, "tls+tcp://0.0.0.0:9000");
    assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(c.tick_seconds, 1);
    assert_string_equal(c.conninfo, "host=/run/pg dbname=r options='-c a=b' ;not a comment");
    assert_int_equal(c.writer_threads, 16);
    assert_int_equal(c.query_threads, 4);
    assert_string_equal(c.tls_cert, "/etc/样例/server.pem");
}

static void
test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
        const char *what;
    } bad[] = {
        {"[server]\nlisten = x\nspeed = 3\n", "第 3 行", "speed"},
        {"[server]\n\n; c\n[tls]\nlisten = x\n", "第 5 行", "listen"},
        {"listen = x\n", "第 1 行", "listen"},
        {"[server]\ntick_seconds = 0\n", "第 2 行", "范围"},
        {"[server]\ntick_seconds = 3601\n", "第 2 行", "范围"},
        {"[server]\ntick_seconds = 99999999999999999999\n", "第 2 行", "整数"},
        {"[server]\ntick_seconds = 3x\n", "第 2 行", "整数"},
        {"[server]\ntick_seconds =\n", "第 2 行", "整数"},
        {"[server]\nlog_level = loud\n", "第 2 行", "debug"},
        {"[server]\nlisten =\n", "第 2 行", "不能为空"},
        {"[server]\nlisten = a\nlisten = b\n", "第 3 行", "两次"},
        {"[server]\nlisten\n", "第 2 行", "名称 = 值"},
        {"[server\nlisten = x\n", "第 1 行", "小节"},
        {"[server]\ntenant = "
         "0123456789012345678901234567890123456789012345678901234567890123456789\n",
         "第 2 行", "过长"},
        {"[nothing]\na = b\n", "第 2 行", "a "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault fault = {0};
        struct config c;
        memset(&c, 0x55, sizeof c);
        struct config before = c;
        assert_int_equal(config_parse(bad[i].text, "t.ini", &c, &fault), STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, "CONFIG_FILE");
        if (strstr(fault.message, bad[i].line) == NULL ||
            strstr(fault.message, bad[i].what) == NULL || strstr(fault.message, "t.ini") == NULL) {
            fail_msg("case %zu: %s", i, fault.message);
        }
        assert_memory_equal(&c, &before, sizeof c);
    }
}

/* Long values are whole or refused: nothing is cut in silence. */
static void
test_long_lines(void **state)
{
    (void)state;
    static const size_t lengths[] = {
        150, 200, 400, 1000, CONFIG_CONN_SIZE - 1, CONFIG_CONN_SIZE, 1980, 1990, 2000, 2100, 5000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char value[6000];
        char text[7000];
        struct config c;
        struct fault fault = {0};
        memset(value, 'a', lengths[i]);
        value[lengths[i]] = '\0';
        snprintf(text, sizeof text, "[database]\nconninfo = %s\nwriter_threads = 3\n", value);
        enum status s = config_parse(text, "t.ini", &c, &fault);
        if (lengths[i] < CONFIG_CONN_SIZE) {
            assert_int_equal(s, STATUS_OK);
            assert_string_equal(c.conninfo, value);
            assert_int_equal(c.writer_threads, 3);
        } else {
            assert_int_equal(s, STATUS_INVALID_ARGUMENT);
            assert_non_null(strstr(fault.message, "第 2 行"));
            assert_non_null(strstr(fault.message, "过长"));
        }
    }
}

static void
test_file(void **state)
{
    (void)state;
    char path[] = "/tmp/rectify-config-XXXXXX";
    struct config c;
    struct fault fault = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "[ledger]\nseal_seconds = 7\n", 26), 26);
    close(fd);
    assert_int_equal(config_load(path, &c, &fault), STATUS_OK);
    assert_int_equal(c.seal_seconds, 7);
    unlink(path);
    assert_int_equal(config_load(path, &c, &fault), STATUS_NOT_FOUND);
    assert_non_null(strstr(fault.message, path));
}

/* The reference with its comment signs taken off is a valid file that says the defaults. */
static void
test_reference(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    config_print_reference(out);
    fclose(out);
    struct config a;
    struct config b;
    struct fault fault = {0};
    config_init(&a);
    assert_int_equal(config_parse(text, "reference", &b, &fault), STATUS_OK);
    int keys = 0;
    char *plain = NULL;
    out = open_memstream(&plain, &size);
    assert_non_null(out);
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        bool key = line[0] == '#' && strstr(line, " = ") != NULL;
        keys += key ? 1 : 0;
        if (key || line[0] == '[') {
            fprintf(out, "%s\n", key ? line + 2 : line);
        }
    }
    fclose(out);
    if (config_parse(plain, "reference", &b, &fault) != STATUS_OK) {
        fail_msg("%s", fault.message);
    }
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(keys >= 16);
    free(plain);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors),   cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_file),     cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
