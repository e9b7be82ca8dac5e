/* Faults and status codes: whole characters, stable names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/fault.h"

#include <stdio.h>
#include <string.h>

static void
test_set(void **state)
{
    (void)state;
    struct fault f;
    memset(&f, 0x55, sizeof f);
    assert_int_equal(fault_set(&f, STATUS_NOT_FOUND, "NOT_FOUND", "没有找到第 %d 项。", 3),
                     STATUS_NOT_FOUND);
    assert_int_equal(f.code, STATUS_NOT_FOUND);
    assert_string_equal(f.reason, "NOT_FOUND");
    assert_string_equal(f.message, "没有找到第 3 项。");
    assert_string_equal(f.field, "");
    assert_false(f.has_current_version);
    assert_int_equal(f.retry_after_ms, 0);
    assert_int_equal(fault_set(NULL, STATUS_ABORTED, "X", "%s", "y"), STATUS_ABORTED);
}

static void
test_field(void **state)
{
    (void)state;
    struct fault f;
    assert_int_equal(fault_set_field(&f, "rows[3].percent", "OUT_OF_RANGE", "应为 0 至 100。"),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.field, "rows[3].percent");
    assert_string_equal(f.message, "应为 0 至 100。");
    assert_int_equal(fault_set_field(NULL, "a", "B", "c"), STATUS_INVALID_ARGUMENT);
}

static void
test_stale(void **state)
{
    (void)state;
    struct fault f;
    assert_int_equal(fault_stale(&f, 3, 5), STATUS_ABORTED);
    assert_string_equal(f.reason, "STALE_VERSION");
    assert_true(f.has_current_version);
    assert_true(f.current_version == 5);
    assert_non_null(strstr(f.message, "第 3 版"));
    assert_non_null(strstr(f.message, "第 5 版"));
    assert_int_equal(fault_stale(NULL, 3, 5), STATUS_ABORTED);
}

/* A message that is too long ends with a whole character, wherever the cut falls. */
static void
test_cut(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "é", "巡", "𠮷"};
    for (size_t k = 0; k < 4; k++) {
        size_t width = strlen(characters[k]);
        for (int shift = 0; shift < 4; shift++) {
            char text[FAULT_MESSAGE_SIZE * 2] = "xxx";
            struct fault f;
            for (size_t n = (size_t)shift; n < FAULT_MESSAGE_SIZE + 20; n += width) {
                memcpy(text + n, characters[k], width + 1);
            }
            fault_set(&f, STATUS_INTERNAL, "LONG", "%s", text);
            size_t n = strlen(f.message);
            assert_true(n < FAULT_MESSAGE_SIZE && n > FAULT_MESSAGE_SIZE - 6);
            assert_int_equal((n - (size_t)shift) % width, 0);
            assert_memory_equal(f.message, text, n);
        }
    }
}

static void
test_status_names(void **state)
{
    (void)state;
    assert_string_equal(status_name(STATUS_OK), "OK");
    assert_string_equal(status_name(STATUS_UNAUTHENTICATED), "UNAUTHENTICATED");
    for (int i = 0; i <= 16; i++) {
        assert_int_equal(status_from_int(i), i);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(status_name((enum status)i), status_name((enum status)k));
        }
        assert_true(strlen(status_text_zh((enum status)i)) >= 6);
    }
    assert_int_equal(status_from_int(17), STATUS_UNKNOWN);
    assert_int_equal(status_from_int(-1), STATUS_UNKNOWN);
    assert_string_equal(status_name((enum status)99), "UNKNOWN");
    /* The wire speaks google.rpc.Code. */
    assert_int_equal(STATUS_FAILED_PRECONDITION, 9);
    assert_int_equal(STATUS_UNAVAILABLE, 14);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),          cmocka_unit_test(test_field),
        cmocka_unit_test(test_stale),        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_status_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
