#include "proto/rpc/json.h"

#include "proto/base/limits.h"
#include "proto/rpc/wirecheck.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rpc_sample.h"

static struct arena arena;

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, LIMIT_UNPACK_BYTES);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct sample *
parse(const char *text)
{
    ProtobufCMessage *m = NULL;
    struct fault f = {0};
    if (json_parse_message(&arena, &sample_type, text, strlen(text), &m, &f) != STATUS_OK) {
        fail_msg("%s: %s", text, f.message);
    }
    return (struct sample *)m;
}

static const char *
print(const struct sample *s)
{
    const char *text = NULL;
    struct fault f = {0};
    assert_int_equal(json_print_message(&arena, &s->base, false, &text, &f), STATUS_OK);
    return text;
}

static void
refused(const char *text, const char *reason, const char *field)
{
    ProtobufCMessage *m = NULL;
    struct fault f = {0};
    assert_int_equal(json_parse_message(&arena, &sample_type, text, strlen(text), &m, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, reason);
    assert_string_equal(f.field, field);
    assert_null(m);
}

#define EMPTY_LISTS "\"rows\":[],\"tags\":[],\"colours\":[]"

static void
absent_is_omitted_but_lists_are_printed(void **state)
{
    (void)state;
    struct sample s;
    sample_init(&s.base);
    assert_string_equal(print(&s), "{" EMPTY_LISTS "}");
    assert_string_equal(print(parse("{}")), "{" EMPTY_LISTS "}");
    assert_string_equal(print(parse("{\"text\":null,\"i32\":null,\"rows\":null}")),
                        "{" EMPTY_LISTS "}");
}

/* Fewer digits would lose a value's last bits, and round the largest up to one that is none. */
static void
every_real_reads_back(void **state)
{
    (void)state;
    static const double values[] = {DBL_MAX, 0x1.ffffffffffffcp+1023, DBL_MIN, 1.0 / 3, -0.1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct sample s;
        sample_init(&s.base);
        s.has_real = 1;
        s.real = values[i];
        assert_memory_equal(&parse(print(&s))->real, &values[i], sizeof values[i]);
    }
}

static void
zero_is_not_absent(void **state)
{
    (void)state;
    const char *text = "{\"text\":\"\",\"i32\":0,\"flag\":false,\"colour\":\"NONE\",\"data\":\"\","
                       "\"real\":0.0," EMPTY_LISTS "}";
    const struct sample *s = parse(text);
    assert_true(s->has_i32 && s->has_flag && s->has_colour && s->has_data && s->has_real);
    assert_false(s->has_i64 || s->has_u32);
    assert_string_equal(print(s), text);
}

static void
everything_goes_round(void **state)
{
    (void)state;
    const char *text =
        "{\"text\":\"整改 \\\"一\\\"\",\"i32\":-5,\"i64\":9007199254740992,\"u32\":4294967295,"
        "\"u64\":\"18446744073709551615\",\"flag\":true,\"colour\":\"COLD\",\"data\":\"AP8B\","
        "\"real\":0.25,\"small\":1.5,\"child\":{\"name\":\"n\",\"marks\":[]},"
        "\"rows\":[{\"marks\":[1,-2]},{\"name\":\"r\",\"marks\":[]}],\"tags\":[\"a\",\"\"],"
        "\"colours\":[\"RED\",\"BLUE\"],\"right\":3,\"fixed\":7}";
    const struct sample *s = parse(text);
    assert_int_equal(s->data.len, 3);
    assert_memory_equal(s->data.data, "\x00\xff\x01", 3);
    assert_string_equal(print(s), text);

    /* and through the wire */
    unsigned char *bytes = NULL;
    size_t n = 0;
    ProtobufCMessage *again = NULL;
    struct fault f = {0};
    assert_int_equal(wire_pack(&arena, &s->base, &bytes, &n), STATUS_OK);
    assert_int_equal(wire_unpack(&arena, &sample_type, bytes, n, &again, &f), STATUS_OK);
    assert_string_equal(print((const struct sample *)again), text);
}

static void
large_integers_are_strings(void **state)
{
    (void)state;
    assert_string_equal(print(parse("{\"i64\":9007199254740993}")),
                        "{\"i64\":\"9007199254740993\"," EMPTY_LISTS "}");
    assert_true(parse("{\"i64\":\"-9223372036854775808\"}")->i64 == INT64_MIN);
    assert_true(parse("{\"u64\":\"18446744073709551615\"}")->u64 == UINT64_MAX);
    assert_int_equal(parse("{\"colour\":5}")->colour, COLOUR_BLUE);
    assert_int_equal(parse("{\"data\":\"AP8\"}")->data.len, 2); /* padding missing */
    assert_string_equal(print(parse("{\"real\":\"-Infinity\"}")),
                        "{\"real\":\"-Infinity\"," EMPTY_LISTS "}");
}

static void
what_is_wrong_is_named(void **state)
{
    (void)state;
    refused("[]", "JSON_TYPE", "");
    refused("{\"text\":", "JSON_SYNTAX", "");
    refused("{\"text\":\"a\",\"text\":\"b\"}", "JSON_SYNTAX", "");
    refused("{\"text\":\"a\\u0000b\"}", "JSON_SYNTAX", "");
    refused("{\"Text\":\"a\"}", "JSON_UNKNOWN_FIELD", "Text");
    refused("{\"rows\":[{},{\"nam\":\"x\"}]}", "JSON_UNKNOWN_FIELD", "rows[1].nam");
    refused("{\"rows\":[{\"marks\":[1,2,\"x\"]}]}", "JSON_TYPE", "rows[0].marks[2]");
    refused("{\"rows\":{}}", "JSON_TYPE", "rows");
    refused("{\"rows\":[1]}", "JSON_TYPE", "rows[0]");
    refused("{\"rows\":[null]}", "JSON_TYPE", "rows[0]");
    refused("{\"child\":[]}", "JSON_TYPE", "child");
    refused("{\"text\":1}", "JSON_TYPE", "text");
    refused("{\"flag\":1}", "JSON_TYPE", "flag");
    refused("{\"i32\":1.5}", "JSON_TYPE", "i32");
    refused("{\"i32\":2147483648}", "JSON_RANGE", "i32");
    refused("{\"u32\":-1}", "JSON_RANGE", "u32");
    refused("{\"u64\":\"-1\"}", "JSON_RANGE", "u64");
    refused("{\"u64\":\"18446744073709551616\"}", "JSON_RANGE", "u64");
    refused("{\"i64\":\"9223372036854775808\"}", "JSON_RANGE", "i64");
    refused("{\"i64\":\" 1\"}", "JSON_TYPE", "i64");
    refused("{\"small\":1e300}", "JSON_RANGE", "small");
    refused("{\"colour\":\"GREEN\"}", "JSON_ENUM", "colour");
    refused("{\"colour\":2}", "JSON_ENUM", "colour");
    refused("{\"data\":\"****\"}", "JSON_BASE64", "data");
    refused("{\"left\":\"a\",\"right\":1}", "JSON_ONEOF", "right");
}

static void
what_cannot_be_printed_is_refused(void **state)
{
    (void)state;
    struct sample s;
    const char *text = NULL;
    struct fault f = {0};
    char bad[] = "\xff";
    sample_init(&s.base);
    s.has_colour = 1;
    s.colour = 2;
    assert_int_equal(json_print_message(&arena, &s.base, true, &text, &f), STATUS_INTERNAL);
    sample_init(&s.base);
    s.text = bad;
    assert_int_equal(json_print_message(&arena, &s.base, true, &text, &f), STATUS_INTERNAL);
    assert_null(text);
}

static void
a_full_arena_is_said(void **state)
{
    (void)state;
    struct arena small;
    ProtobufCMessage *m = NULL;
    struct fault f = {0};
    const char *text = "{\"rows\":[{},{},{},{},{},{},{},{}]}";
    arena_init(&small, 512);
    assert_int_equal(json_parse_message(&small, &sample_type, text, strlen(text), &m, &f),
                     STATUS_RESOURCE_EXHAUSTED);
    arena_release(&small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_is_omitted_but_lists_are_printed),
        cmocka_unit_test(zero_is_not_absent),
        cmocka_unit_test(every_real_reads_back),
        cmocka_unit_test(everything_goes_round),
        cmocka_unit_test(large_integers_are_strings),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(what_cannot_be_printed_is_refused),
        cmocka_unit_test(a_full_arena_is_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
