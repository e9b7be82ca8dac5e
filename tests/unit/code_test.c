/* One-time codes as people type them: what is forgiven, and that every slip is caught. */
#include "proto/ledger/code.h"
#include "proto/ledger/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void
expect_fault(const char *text, const char *reason)
{
    char plain[CODE_SIZE] = "untouched";
    struct fault f = {.code = STATUS_OK};
    if (code_read(text, plain, &f) != STATUS_INVALID_ARGUMENT) {
        fail_msg("taken: %s", text);
    }
    assert_string_equal(f.reason, reason);
    assert_string_equal(plain, "untouched");
}

static void
codes_differ_and_read_back(void **state)
{
    (void)state;
    char first[CODE_TEXT_SIZE];
    char second[CODE_TEXT_SIZE];
    char plain[CODE_SIZE];
    code_make(first);
    code_make(second);
    assert_string_not_equal(first, second);
    assert_int_equal(strlen(first), CODE_TEXT_SIZE - 1);
    assert_int_equal(first[5], '-');
    assert_int_equal(code_read(first, plain, NULL), STATUS_OK);
    assert_int_equal(strlen(plain), CODE_CHARS);
}

/* As people write it: lower case, blanks, full width, O for 0, I and L for 1. */
static void
the_same_code_in_other_writings(void **state)
{
    (void)state;
    char text[CODE_TEXT_SIZE];
    char plain[CODE_SIZE];
    char again[CODE_SIZE];
    char loose[8 * CODE_TEXT_SIZE];
    unsigned char hash[32];
    unsigned char other[32];
    for (int round = 0; round < 200; round++) {
        size_t n = 0;
        code_make(text);
        assert_int_equal(code_read(text, plain, NULL), STATUS_OK);
        for (size_t i = 0; text[i] != '\0'; i++) {
            char c = text[i];
            if (c == '-') {
                n += (size_t)sprintf(loose + n, "\xE3\x80\x80 "); /* a wide blank */
            } else if (c == '0') {
                loose[n++] = i % 2 == 0 ? 'O' : 'o';
            } else if (c == '1') {
                loose[n++] = i % 2 == 0 ? 'l' : 'I';
            } else if (i % 3 == 0) { /* full width: U+FF01 is "!" */
                unsigned code = 0xFF01U + (unsigned)(c - '!');
                loose[n++] = (char)(0xE0U | (code >> 12U));
                loose[n++] = (char)(0x80U | ((code >> 6U) & 0x3FU));
                loose[n++] = (char)(0x80U | (code & 0x3FU));
            } else {
                loose[n++] = c >= 'A' ? (char)(c + 32) : c;
            }
        }
        loose[n] = '\0';
        assert_int_equal(code_read(loose, again, NULL), STATUS_OK);
        assert_string_equal(again, plain);
        code_hash(text, hash);
        code_hash(loose, other);
        assert_memory_equal(hash, other, sizeof hash);
    }
}

static void
every_single_slip_is_caught(void **state)
{
    (void)state;
    char text[CODE_TEXT_SIZE];
    char plain[CODE_SIZE];
    code_make(text);
    assert_int_equal(code_read(text, plain, NULL), STATUS_OK);
    for (size_t i = 0; i < CODE_CHARS; i++) {
        for (size_t k = 0; k < 32; k++) {
            char slip[CODE_SIZE];
            memcpy(slip, plain, sizeof slip);
            slip[i] = alphabet[k];
            if (slip[i] != plain[i]) {
                expect_fault(slip, "CODE_CHECK");
            }
        }
    }
}

static void
every_swap_is_caught(void **state)
{
    (void)state;
    char text[CODE_TEXT_SIZE];
    char plain[CODE_SIZE];
    code_make(text);
    assert_int_equal(code_read(text, plain, NULL), STATUS_OK);
    for (size_t i = 0; i < CODE_CHARS; i++) {
        for (size_t k = i + 1; k < CODE_CHARS; k++) {
            char slip[CODE_SIZE];
            memcpy(slip, plain, sizeof slip);
            slip[i] = plain[k];
            slip[k] = plain[i];
            if (slip[i] != slip[k]) {
                expect_fault(slip, "CODE_CHECK");
            }
        }
    }
}

static void
other_texts_are_none(void **state)
{
    (void)state;
    expect_fault("", "CODE_LENGTH");
    expect_fault("7K3QX", "CODE_LENGTH");
    expect_fault("UUUUU-UUUUU-UUUUU-UUUUU-UUUUU", "CODE_CHARACTER");
    expect_fault("开通码", "CODE_CHARACTER");
    expect_fault("\xEF\xBC", "CODE_CHARACTER"); /* cut off */
    expect_fault("00000-00000-00000-00000-00000-0", "CODE_LENGTH");
}

/* The older form is kept by its own text. */
static void
the_older_form_is_hashed_as_it_is(void **state)
{
    (void)state;
    char token[SECRET_TOKEN_TEXT_SIZE];
    unsigned char hash[32];
    unsigned char want[32];
    secret_token_make(token);
    code_hash(token, hash);
    secret_token_hash(token, want);
    assert_memory_equal(hash, want, sizeof hash);
    code_hash(NULL, hash);
    secret_token_hash(NULL, want);
    assert_memory_equal(hash, want, sizeof hash);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_differ_and_read_back),
        cmocka_unit_test(the_same_code_in_other_writings),
        cmocka_unit_test(every_single_slip_is_caught),
        cmocka_unit_test(every_swap_is_caught),
        cmocka_unit_test(other_texts_are_none),
        cmocka_unit_test(the_older_form_is_hashed_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
