#include "proto/rpc/wirecheck.h"

#include "proto/base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rpc_sample.h"

/* wire_check on a literal. "" stands for OK. */
static void
expect(const char *bytes, size_t n, const char *reason, const char *field)
{
    struct fault f = {0};
    enum status st = wire_check(&sample_type, (const unsigned char *)bytes, n, &f);
    assert_string_equal(f.reason, reason);
    assert_string_equal(f.field, field);
    assert_int_equal(st, reason[0] == '\0' ? STATUS_OK : STATUS_INVALID_ARGUMENT);
}
#define EXPECT(literal, reason, field) expect(literal, sizeof(literal) - 1, reason, field)

static void
good_messages(void **state)
{
    (void)state;
    EXPECT("", "", "");
    EXPECT("\x0a\x06\xe6\x95\xb4\xe6\x94\xb9", "", "");             /* text: 整改 */
    EXPECT("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", ""); /* i32: -1 */
    EXPECT("\x20\xff\xff\xff\xff\x0f", "", "");                     /* u32: largest */
    EXPECT("\x30\x01\x38\x05", "", "");                             /* flag, colour BLUE */
    EXPECT("\x38\xfd\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", ""); /* colour COLD */
    EXPECT("\x5a\x05\x12\x03\x01\x02\x03", "", "");                 /* child { marks: packed } */
    EXPECT("\x5a\x02\x10\x01", "", "");                 /* child { marks: not packed } */
    EXPECT("\x5a\x02\x12\x00", "", "");                 /* child { marks: none, packed } */
    EXPECT("\x70\x01\x70\x05\x72\x02\x00\x01", "", ""); /* colours both ways */
    EXPECT("\x7a\x01x", "", "");                        /* left */
    EXPECT("\x8d\x01\x01\x02\x03\x04", "", "");         /* fixed */
}

static void
unknown_fields_pass_when_well_formed(void **state)
{
    (void)state;
    EXPECT("\xa0\x06\x05", "", ""); /* 100: varint */
    EXPECT("\xa1\x06\x01\x02\x03\x04\x05\x06\x07\x08", "", "");
    EXPECT("\xa2\x06\x03\xff\x00\xff", "", ""); /* bytes, whatever they are */
    EXPECT("\xa5\x06\x01\x02\x03\x04", "", "");
    EXPECT("\xa0\x06\x05\xa0\x06\x05", "", ""); /* twice is its owner's business */
    EXPECT("\xa2\x06\x04\xff\x00\xff", "WIRE_MALFORMED", "");
    EXPECT("\xa5\x06\x01\x02\x03", "WIRE_MALFORMED", "");
    EXPECT("\xa3\x06\xa4\x06", "WIRE_MALFORMED", ""); /* group */
    EXPECT("\xa6\x06", "WIRE_MALFORMED", "");         /* wire types 6, 7 */
    EXPECT("\xa7\x06", "WIRE_MALFORMED", "");
}

static void
malformed(void **state)
{
    (void)state;
    EXPECT("\x00\x00", "WIRE_MALFORMED", "");                     /* field 0 */
    EXPECT("\x80\x80\x80\x80\x10\x00", "WIRE_MALFORMED", "");     /* number beyond 2^29 */
    EXPECT("\x80", "WIRE_MALFORMED", "");                         /* half a tag */
    EXPECT("\x8a\x00\x01x", "WIRE_MALFORMED", "");                /* padded tag */
    EXPECT("\x0a", "WIRE_MALFORMED", "text");                     /* no length */
    EXPECT("\x0a\x05hell", "WIRE_MALFORMED", "text");             /* too short */
    EXPECT("\x0a\x85\x00hello", "WIRE_MALFORMED", "text");        /* padded length */
    EXPECT("\x0a\xff\xff\xff\xff\x0f", "WIRE_MALFORMED", "text"); /* 4 GiB */
    EXPECT("\x0a\xff\xff\xff\xff\xff\x01", "WIRE_MALFORMED", "text");
    EXPECT("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "WIRE_MALFORMED", "i64"); /* 65 bits */
    EXPECT("\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "WIRE_MALFORMED", "i64");
    EXPECT("\x18\x85\x00", "WIRE_MALFORMED", "i64"); /* padded value */
    EXPECT("\x49\x00\x00", "WIRE_MALFORMED", "real");
    EXPECT("\x8d\x01\x00", "WIRE_MALFORMED", "fixed");
    EXPECT("\x5a\x03\x12\x03\x01", "WIRE_MALFORMED", "child.marks[0]"); /* beyond its message */
    EXPECT("\x5a\x04\x12\x02\x01\x80", "WIRE_MALFORMED", "child.marks[1]");
}

static void
wrong_types(void **state)
{
    (void)state;
    EXPECT("\x08\x01", "WIRE_TYPE", "text");
    EXPECT("\x12\x01\x01", "WIRE_TYPE", "i32"); /* packed, but not repeated */
    EXPECT("\x5d\x01\x01\x01\x01", "WIRE_TYPE", "child");
    EXPECT("\x68\x01", "WIRE_TYPE", "tags[0]");
    EXPECT("\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01", "WIRE_TYPE", "fixed");
}

static void
values_out_of_range(void **state)
{
    (void)state;
    EXPECT("\x10\x80\x80\x80\x80\x08", "WIRE_RANGE", "i32"); /* 2^31 */
    EXPECT("\x10\xff\xff\xff\xff\x07", "", "");
    EXPECT("\x20\x80\x80\x80\x80\x10", "WIRE_RANGE", "u32"); /* 2^32 */
    EXPECT("\x30\x02", "WIRE_RANGE", "flag");
    EXPECT("\x38\x02", "WIRE_ENUM", "colour");
    EXPECT("\x38\x85\x80\x80\x80\x10", "WIRE_ENUM", "colour"); /* 2^32 + BLUE */
    EXPECT("\x72\x03\x00\x01\x04", "WIRE_ENUM", "colours[2]");
}

static void
texts(void **state)
{
    (void)state;
    EXPECT("\x0a\x03"
           "a\0b",
           "WIRE_TEXT_NUL", "text");
    EXPECT("\x0a\x01\x80", "WIRE_TEXT_UTF8", "text");
    EXPECT("\x0a\x02\xc0\xaf", "WIRE_TEXT_UTF8", "text"); /* overlong */
    EXPECT("\x0a\x02\xc1\xbf", "WIRE_TEXT_UTF8", "text");
    EXPECT("\x0a\x03\xe0\x80\xaf", "WIRE_TEXT_UTF8", "text");
    EXPECT("\x0a\x04\xf0\x80\x80\xaf", "WIRE_TEXT_UTF8", "text");
    EXPECT("\x0a\x03\xed\xa0\x80", "WIRE_TEXT_UTF8", "text");     /* surrogate */
    EXPECT("\x0a\x04\xf4\x90\x80\x80", "WIRE_TEXT_UTF8", "text"); /* above U+10FFFF */
    EXPECT("\x0a\x04\xf4\x8f\xbf\xbf", "", "");
    EXPECT("\x0a\x02\xe6\x95", "WIRE_TEXT_UTF8", "text"); /* cut */
    EXPECT("\x42\x02\x00\xff", "", "");                   /* bytes are bytes */
}

static void
paths_name_the_field(void **state)
{
    (void)state;
    EXPECT("\x62\x00\x62\x00\x62\x03\x0a\x01\x80", "WIRE_TEXT_UTF8", "rows[2].name");
    EXPECT("\x6a\x01"
           "a\x6a\x01\x80",
           "WIRE_TEXT_UTF8", "tags[1]");
}

static void
duplicates(void **state)
{
    (void)state;
    EXPECT("\x10\x01\x10\x01", "WIRE_DUPLICATE", "i32");
    EXPECT("\x5a\x00\x5a\x00", "WIRE_DUPLICATE", "child");
    EXPECT("\x7a\x01x\x80\x01\x01", "WIRE_DUPLICATE", "right"); /* oneof */
    EXPECT("\x62\x02\x0a\x00\x62\x02\x0a\x00", "", "");         /* each row has a name */
}

/* n times the same two bytes. */
static enum status
many(const char *two, size_t n, struct fault *f)
{
    unsigned char *bytes = malloc(n * 2);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        memcpy(bytes + 2 * i, two, 2);
    }
    enum status st = wire_check(&sample_type, bytes, n * 2, f);
    free(bytes);
    return st;
}

static void
counts(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_int_equal(many("\x62\x00", LIMIT_WIRE_REPEATED, &f), STATUS_OK);
    assert_int_equal(many("\x62\x00", LIMIT_WIRE_REPEATED + 1, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "WIRE_TOO_MANY_ROWS");
    assert_int_equal(many("\x6a\x00", 524288, &f), STATUS_INVALID_ARGUMENT); /* 1 MiB of nothing */
    unsigned char unknown[3 * (LIMIT_WIRE_FIELDS + 1)];
    for (size_t i = 0; i < sizeof unknown; i += 3) {
        memcpy(unknown + i, "\xa0\x06\x05", 3);
    }
    assert_int_equal(wire_check(&sample_type, unknown, sizeof unknown - 3, &f), STATUS_OK);
    assert_int_equal(wire_check(&sample_type, unknown, sizeof unknown, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "WIRE_TOO_MANY_FIELDS");
}

/* 30 KB of a type that contains itself: refused at the depth bound. */
static void
depth(void **state)
{
    (void)state;
    struct fault f = {0};
    unsigned char bytes[64];
    size_t at = sizeof bytes;
    for (size_t levels = 1; levels < 20; levels++) {
        at -= 2;
        bytes[at] = 0x0a;
        bytes[at + 1] = (unsigned char)(sizeof bytes - at - 2);
        assert_int_equal(wire_check(&loop_type, bytes + at, sizeof bytes - at, &f),
                         levels < LIMIT_WIRE_DEPTH ? STATUS_OK : STATUS_INVALID_ARGUMENT);
    }
    assert_string_equal(f.reason, "WIRE_TOO_DEEP");
}

static void
schema(void **state)
{
    (void)state;
    struct fault f = {0};
    assert_int_equal(wire_descriptor_check(&sample_type, &f), STATUS_OK);
    assert_int_equal(wire_descriptor_check(&loop_type, &f), STATUS_INTERNAL);
    assert_string_equal(f.reason, "SCHEMA_RECURSIVE");
}

static void
unpack_and_pack(void **state)
{
    (void)state;
    static const char wire[] =
        "\x0a\x06\xe6\x95\xb4\xe6\x94\xb9\x10\x07\x62\x05\x12\x03\x01\x02\x03"
        "\x6a\x01z";
    struct arena a;
    struct fault f = {0};
    ProtobufCMessage *m = NULL;
    unsigned char *bytes = NULL;
    size_t n = 0;
    arena_init(&a, LIMIT_UNPACK_BYTES);
    assert_int_equal(
        wire_unpack(&a, &sample_type, (const unsigned char *)wire, sizeof wire - 1, &m, &f),
        STATUS_OK);
    const struct sample *s = (const struct sample *)m;
    assert_string_equal(s->text, "整改");
    assert_true(s->has_i32 && s->i32 == 7 && !s->has_i64);
    assert_int_equal(s->n_rows, 1);
    assert_int_equal(s->rows[0]->n_marks, 3);
    assert_int_equal(s->rows[0]->marks[2], 3);
    assert_string_equal(s->tags[0], "z");
    assert_int_equal(wire_pack(&a, m, &bytes, &n), STATUS_OK);
    assert_int_equal(n, sizeof wire - 1);
    assert_memory_equal(bytes, wire, n);
    arena_release(&a);

    arena_init(&a, 200); /* less than the message itself */
    assert_int_equal(
        wire_unpack(&a, &sample_type, (const unsigned char *)wire, sizeof wire - 1, &m, &f),
        STATUS_RESOURCE_EXHAUSTED);
    assert_string_equal(f.reason, "WIRE_TOO_LARGE");
    arena_release(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_messages),
        cmocka_unit_test(unknown_fields_pass_when_well_formed),
        cmocka_unit_test(malformed),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(values_out_of_range),
        cmocka_unit_test(texts),
        cmocka_unit_test(paths_name_the_field),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(counts),
        cmocka_unit_test(depth),
        cmocka_unit_test(schema),
        cmocka_unit_test(unpack_and_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
