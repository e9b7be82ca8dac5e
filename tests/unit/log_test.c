/* Log lines: one line an event whatever the input, and no secret in any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
line_of(const struct log_field *fields, size_t n)
{
    static char text[LOG_LINE_BYTES];
    size_t length =
        log_format(INT64_C(1587951000123), LOG_LEVEL_WARN, "a.b", fields, n, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_int_equal(text[length - 1], '\n');
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
    return text;
}

static void
test_line(void **state)
{
    (void)state;
    const struct log_field fields[] = {log_text("url", "tls+tcp://h:1"), log_int("n", -5),
                                       log_text("empty", NULL), log_text("zh", "样例 单位")};
    assert_string_equal(line_of(fields, 4),
                        "time=2020-04-27T01:30:00.123Z level=warn event=a.b url=tls+tcp://h:1 "
                        "n=-5 empty=\"\" zh=\"样例 单位\"\n");
    assert_string_equal(line_of(NULL, 0), "time=2020-04-27T01:30:00.123Z level=warn event=a.b\n");
}

static void
test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"a\nlevel=error event=forged", "k=\"a\\nlevel=error event=forged\""},
        {"tab\tcr\r", "k=\"tab\\tcr\\r\""},
        {"say \"x\\\"", "k=\"say \\\"x\\\\\\\"\""},
        {"\x1b[31m", "k=\"\\x1b[31m\""},
        {"\xff\xfe", "k=\"\\xff\\xfe\""},
        {"\xe4\xb8", "k=\"\\xe4\\xb8\""},          /* half a character */
        {"\xc0\x80", "k=\"\\xc0\\x80\""},          /* overlong */
        {"\xed\xa0\x80", "k=\"\\xed\\xa0\\x80\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "k=\"\\xf4\\x90\\x80\\x80\""},
        {"\xc2\x85", "k=\"\\xc2\\x85\""},          /* a C1 control */
        {"\xe2\x80\xa8", "k=\"\\xe2\\x80\\xa8\""}, /* a line separator */
        {"\x7f", "k=\"\\x7f\""},
        {"a=b", "k=\"a=b\""},
        {"plain", "k=plain\n"},
        {"\xf0\x9f\x98\x80", "k=\"\xf0\x9f\x98\x80\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct log_field f = log_text("k", cases[i].in);
        if (strstr(line_of(&f, 1), cases[i].out) == NULL) {
            fail_msg("case %zu: %s", i, line_of(&f, 1));
        }
    }
}

static void
test_secrets(void **state)
{
    (void)state;
    static const char *const keys[] = {"password",      "new_password", "session_token",
                                       "client_secret", "private_key",  "conninfo",
                                       "signature"};
    static const char *const values[] = {"host=x password=geheim dbname=y",
                                         "host=x PASSWORD='ge heim' dbname=y",
                                         "password='it\\'s geheim' dbname=y",
                                         "postgres://h/d?password=geheim&a=b",
                                         "password=geheim",
                                         "password='geheim"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct log_field f = log_text(keys[i], "geheim");
        assert_null(strstr(line_of(&f, 1), "geheim"));
        assert_non_null(strstr(line_of(&f, 1), "=***"));
        f = log_int(keys[i], 424242);
        assert_null(strstr(line_of(&f, 1), "424242"));
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct log_field f = log_text("msg", values[i]);
        const char *line = line_of(&f, 1);
        if (strstr(line, "heim") != NULL) {
            fail_msg("%s", line);
        }
        assert_non_null(strstr(line, "password=***"));
    }
}

/* Random bytes: always one line, always valid, always within the size. */
static void
test_any_bytes(void **state)
{
    (void)state;
    uint32_t x = 7;
    for (int i = 0; i < 3000; i++) {
        char value[300];
        char text[256];
        size_t n = (x >> 16U) % (sizeof value - 1);
        for (size_t k = 0; k < n; k++) {
            x = x * 1664525U + 1013904223U;
            value[k] = (char)((x >> 24U) == 0 ? 1 : x >> 24U);
        }
        value[n] = '\0';
        struct log_field f = log_text("k", value);
        size_t length = log_format(0, LOG_LEVEL_INFO, "e", &f, 1, text, sizeof text);
        assert_true(length < sizeof text);
        assert_int_equal(text[length], '\0');
        for (size_t k = 0; k + 1 < length; k++) {
            assert_true((unsigned char)text[k] >= 0x20 && text[k] != 0x7f);
        }
        x = x * 1664525U + 1013904223U;
    }
}

static void
test_cut(void **state)
{
    (void)state;
    char value[LOG_LINE_BYTES * 2];
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct log_field f = log_text("k", value);
    const char *line = line_of(&f, 1);
    assert_non_null(strstr(line, " cut=true\n"));
    for (size_t i = 0; i + 3 < sizeof value; i += 3) {
        memcpy(value + i, "巡", 3);
    }
    value[(sizeof value - 1) / 3 * 3] = '\0';
    line = line_of(&f, 1);
    const char *tail = strstr(line, " cut=true\n");
    assert_non_null(tail);
    assert_memory_equal(tail - 3, "巡", 3); /* whole characters only */
}

static void *
write_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 500; i++) {
        const struct log_field f = log_int("i", i);
        log_event(LOG_LEVEL_INFO, "many", &f, 1);
    }
    return NULL;
}

static void
test_writing(void **state)
{
    (void)state;
    char path[] = "/tmp/rectify-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    log_set_fd(fd);
    log_message(LOG_LEVEL_DEBUG, "hidden", "%d", 1);
    assert_false(log_enabled(LOG_LEVEL_DEBUG));
    log_set_level(LOG_LEVEL_DEBUG);
    errno = EPIPE;
    log_message(LOG_LEVEL_DEBUG, "shown", "第 %d 次\n", 2);
    assert_int_equal(errno, EPIPE);
    struct fault fault = {0};
    fault_set_field(&fault, "rows[1]", "BAD", "有误。");
    log_fault(LOG_LEVEL_ERROR, "call.refused", &fault);
    log_set_level(LOG_LEVEL_INFO);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    log_set_fd(STDERR_FILENO);
    lseek(fd, 0, SEEK_SET);
    FILE *in = fdopen(fd, "r");
    assert_non_null(in);
    char line[LOG_LINE_BYTES];
    assert_non_null(fgets(line, sizeof line, in));
    assert_non_null(strstr(line, "level=debug event=shown msg=\"第 2 次\\n\"\n"));
    assert_non_null(fgets(line, sizeof line, in));
    assert_non_null(strstr(line, "level=error event=call.refused code=INVALID_ARGUMENT "
                                 "reason=BAD msg=\"有误。\" field=rows[1]\n"));
    int count = 0;
    while (fgets(line, sizeof line, in) != NULL) {
        assert_memory_equal(line, "time=", 5);
        assert_non_null(strstr(line, " event=many i="));
        count++;
    }
    assert_int_equal(count, 2000);
    fclose(in);
}

static void
test_levels(void **state)
{
    (void)state;
    enum log_level level = LOG_LEVEL_ERROR;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_parse("DEBUG", &level));
    assert_false(log_level_parse("", &level));
    assert_false(log_level_parse(NULL, &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),    cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_secrets), cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_writing),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
