/* UUIDv7: form, order, time, and what is no uuid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/uuid7.h"

#include <string.h>

static const unsigned char seed[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void
test_form(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1795353600123);
    struct uuid7_source s;
    char text[UUID_TEXT_SIZE];
    unsigned char bytes[UUID_BYTES];
    uuid7_source_init(&s, now, seed);
    uuid7_next(&s, text);
    assert_true(uuid_text_valid(text));
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
    assert_true(uuid_from_text(text, bytes));
    assert_true(uuid7_time_ms(bytes) == now);
}

/* One decision's ids grow, also when it makes more than 4096 in its millisecond. */
static void
test_order(void **state)
{
    (void)state;
    struct uuid7_source s;
    char last[UUID_TEXT_SIZE] = "";
    uuid7_source_init(&s, 5, seed);
    for (int i = 0; i < 20000; i++) {
        char text[UUID_TEXT_SIZE];
        uuid7_next(&s, text);
        assert_true(strcmp(last, text) < 0);
        memcpy(last, text, sizeof last);
    }
}

static void
test_seed(void **state)
{
    (void)state;
    struct uuid7_source a;
    struct uuid7_source b;
    char x[UUID_TEXT_SIZE];
    char y[UUID_TEXT_SIZE];
    unsigned char other[16] = {1};
    uuid7_source_init(&a, 5, seed);
    uuid7_source_init(&b, 5, seed);
    uuid7_next(&a, x);
    uuid7_next(&b, y);
    assert_string_equal(x, y); /* a decision can be replayed */
    uuid7_source_init(&b, 5, other);
    uuid7_next(&b, y);
    assert_string_not_equal(x, y);
}

static void
test_round_trip(void **state)
{
    (void)state;
    struct uuid7_source s;
    uuid7_source_init(&s, INT64_C(0xFFFFFFFFFF), seed);
    for (int i = 0; i < 1000; i++) {
        char text[UUID_TEXT_SIZE];
        char back[UUID_TEXT_SIZE];
        unsigned char bytes[UUID_BYTES];
        uuid7_next(&s, text);
        assert_true(uuid_from_text(text, bytes));
        uuid_to_text(bytes, back);
        assert_string_equal(text, back);
    }
}

static void
test_invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "0199",
                                      "01999999-9999-7999-8999-99999999999",
                                      "01999999-9999-7999-8999-9999999999990",
                                      "01999999-9999-7999-8999-99999999999G",
                                      "01999999-9999-7999-8999-99999999999A",
                                      "0199999999999-7999-8999-9999999999999",
                                      "01999999_9999-7999-8999-999999999999",
                                      "01999999-9999-7999-8999999999-999999",
                                      "{1999999-9999-7999-8999-99999999999}",
                                      "------------------------------------"};
    unsigned char bytes[UUID_BYTES];
    unsigned char before[UUID_BYTES];
    memset(bytes, 0x5A, sizeof bytes);
    memcpy(before, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(uuid_text_valid(bad[i]));
        assert_false(uuid_from_text(bad[i], bytes));
    }
    assert_false(uuid_text_valid(NULL));
    assert_memory_equal(bytes, before, sizeof bytes);
    assert_true(uuid_text_valid("01999999-9999-7999-8999-999999999999"));
    assert_true(uuid_text_valid("00000000-0000-0000-0000-000000000000"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_seed),    cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
