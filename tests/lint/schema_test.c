/* The rules of the schema, over the descriptors: prose on everything; no `required`, map, group or
 * recursion; enum value 0 says nothing; numbers unique; no rpc that C cannot spell. Each rule has a
 * control that it must find. */
#include "proto/rpc/wirecheck.h"
#include "server/handler/describe.h"
#include "tests/golden/schema.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 32 << 20, NAME_BYTES = 128, PROSE_MIN_BYTES = 3 };

static struct arena arena;
static struct describe_list list;

static int
set_up(void **state)
{
    (void)state;
    size_t size = 0;
    arena_init(&arena, ARENA_BYTES);
    const unsigned char *set = describe_set(&size);
    return describe_read(set, size, &arena, &list, NULL) == STATUS_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- rules; each answers what is wrong with an item, or NULL ---- */

static const char *
rule_prose(const struct describe_list *l, size_t i)
{
    return strlen(l->items[i].prose) < PROSE_MIN_BYTES ? "has no prose" : NULL;
}

static const char *
rule_label(const struct describe_list *l, size_t i)
{
    const struct describe_item *item = &l->items[i];
    bool field = item->kind == DESCRIBE_FIELD;
    if (field && strncmp(item->type, "required ", 9) == 0) {
        return "is required";
    }
    return field && strchr(item->type, '?') != NULL ? "has a type that is not used here" : NULL;
}

static const char *
rule_zero(const struct describe_list *l, size_t i)
{
    static const char end[] = "_UNSPECIFIED";
    const struct describe_item *item = &l->items[i];
    if (item->kind != DESCRIBE_ENUM) {
        return NULL;
    }
    const struct describe_item *first = i + 1 < l->count ? item + 1 : item;
    size_t n = strlen(first->label);
    bool good = first->kind == DESCRIBE_VALUE && first->number == 0 && n >= sizeof end - 1 &&
                strcmp(first->label + n - (sizeof end - 1), end) == 0;
    return good ? NULL : "does not begin with a value 0 named …_UNSPECIFIED";
}

/* Members follow what they are members of, so a number seen twice before the next thing is one. */
static const char *
rule_numbers(const struct describe_list *l, size_t i)
{
    enum describe_kind kind = l->items[i].kind;
    if (kind != DESCRIBE_FIELD && kind != DESCRIBE_VALUE) {
        return NULL;
    }
    if (l->items[i].number < (kind == DESCRIBE_FIELD ? 1 : 0)) {
        return "has an impossible number";
    }
    for (size_t k = i; k-- > 0 && l->items[k].kind == kind;) {
        if (l->items[k].number == l->items[i].number) {
            return "has the number of another";
        }
    }
    return NULL;
}

static bool
is_keyword(const char *word)
{
    static const char *const words[] = {
        "auto",    "break",  "case",     "char",   "const",    "continue", "default",
        "do",      "double", "else",     "enum",   "extern",   "float",    "for",
        "goto",    "if",     "inline",   "int",    "long",     "register", "restrict",
        "return",  "short",  "signed",   "sizeof", "static",   "struct",   "switch",
        "typedef", "union",  "unsigned", "void",   "volatile", "while"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* protoc-c spells "ReturnAll" return_all. */
static const char *
rule_keyword(const struct describe_list *l, size_t i)
{
    const struct describe_item *item = &l->items[i];
    char word[NAME_BYTES];
    size_t n = 0;
    if (item->kind != DESCRIBE_METHOD) {
        return NULL;
    }
    for (const char *p = item->label; *p != '\0' && n + 2 < sizeof word; p++) {
        if (isupper((unsigned char)*p) && p != item->label) {
            word[n++] = '_';
        }
        word[n++] = (char)tolower((unsigned char)*p);
    }
    word[n] = '\0';
    return is_keyword(word) ? "is a keyword of C" : NULL;
}

typedef const char *rule_fn(const struct describe_list *l, size_t i);

static rule_fn *const rules[] = {rule_prose, rule_label, rule_zero, rule_numbers, rule_keyword};
enum { RULES = sizeof rules / sizeof rules[0] };

/* ---- tests ---- */

static void
the_schema_keeps_the_rules(void **state)
{
    (void)state;
    size_t findings = 0;
    for (size_t i = 0; i < list.count; i++) {
        for (size_t r = 0; r < RULES; r++) {
            const char *what = rules[r](&list, i);
            if (what != NULL) {
                print_message("%s %s\n", list.items[i].name, what);
                findings++;
            }
        }
    }
    assert_true(list.count > 500);
    assert_int_equal(findings, 0);
}

static void
each_rule_finds_its_control(void **state)
{
    (void)state;
    struct describe_item bad[RULES][2] = {
        {{.kind = DESCRIBE_SERVICE, .name = "S", .label = "S", .prose = "", .type = ""}},
        {{.kind = DESCRIBE_FIELD, .label = "a", .prose = "text", .type = "required string"}},
        {{.kind = DESCRIBE_ENUM, .label = "E", .prose = "text", .type = ""},
         {.kind = DESCRIBE_VALUE, .label = "NONE", .prose = "text", .type = ""}},
        {{.kind = DESCRIBE_FIELD,
          .label = "a",
          .prose = "text",
          .type = "optional string",
          .number = 1},
         {.kind = DESCRIBE_FIELD,
          .label = "b",
          .prose = "text",
          .type = "optional string",
          .number = 1}},
        {{.kind = DESCRIBE_METHOD, .label = "Return", .prose = "text", .type = ""}},
    };
    const size_t at[RULES] = {0, 0, 0, 1, 0};
    for (size_t r = 0; r < RULES; r++) {
        const struct describe_list one = {.items = bad[r], .count = 2};
        assert_non_null(rules[r](&one, at[r]));
    }
}

/* A set with one file of our package holding these fields of a FileDescriptorProto. */
static enum status
read_file(const char *fields, size_t n, struct fault *fault)
{
    unsigned char set[256] = {0x0a, (unsigned char)(12 + n), 0x12, 10};
    struct describe_list none;
    assert_true(n < 100);
    memcpy(set + 4, "rectify.v1", 10);
    memcpy(set + 14, fields, n);
    return describe_read(set, 14 + n, &arena, &none, fault);
}

/* A map entry and a group are messages inside a message. */
static void
maps_and_groups_do_not_read(void **state)
{
    (void)state;
    struct fault fault = {0};
    static const char plain[] = "\x22\x03\x0a\x01M"; /* message M {} */
    static const char nested[] =
        "\x22\x08\x0a\x01M\x1a\x03\x0a\x01N"; /* message M { message N {} } */
    static const char inner_enum[] = "\x22\x08\x0a\x01M\x22\x03\x0a\x01"
                                     "E";
    assert_int_equal(read_file(plain, sizeof plain - 1, &fault), STATUS_OK);
    assert_int_equal(read_file(nested, sizeof nested - 1, &fault), STATUS_UNIMPLEMENTED);
    assert_string_equal(fault.reason, "DESCRIPTOR_NESTED");
    assert_int_equal(read_file(inner_enum, sizeof inner_enum - 1, &fault), STATUS_UNIMPLEMENTED);
}

static void
no_message_contains_itself(void **state)
{
    (void)state;
    struct schema_messages all = schema_messages();
    for (size_t i = 0; i < all.roots; i++) {
        struct fault fault = {0};
        if (wire_descriptor_check(all.items[i], &fault) != STATUS_OK) {
            fail_msg("%s: %s", all.items[i]->name, fault.message);
        }
    }
    /* the control */
    ProtobufCMessageDescriptor self = pb__get_problem_reply__descriptor;
    ProtobufCFieldDescriptor field = self.fields[0];
    field.descriptor = &self;
    self.fields = &field;
    self.n_fields = 1;
    assert_int_equal(wire_descriptor_check(&self, NULL), STATUS_INTERNAL);
}

/* Prose and generated C speak of the same things: none is left out of either. */
static void
the_generated_code_is_all_there(void **state)
{
    (void)state;
    struct schema_messages all = schema_messages();
    size_t services = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct describe_item *item = &list.items[i];
        services += item->kind == DESCRIBE_SERVICE;
        size_t k = item->kind == DESCRIBE_MESSAGE ? 0 : all.count;
        while (k < all.count && strcmp(all.items[k]->name, item->name) != 0) {
            k++;
        }
        if (item->kind == DESCRIBE_MESSAGE && k == all.count) {
            fail_msg("%s: no method and no other message uses it; remove it, or add it to "
                     "schema_others in tests/golden/schema.h",
                     item->name);
        }
    }
    assert_int_equal(services, SCHEMA_SERVICES);
    for (size_t i = 0; i < all.count; i++) {
        assert_non_null(describe_find(&list, all.items[i]->name));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_keeps_the_rules),
        cmocka_unit_test(each_rule_finds_its_control),
        cmocka_unit_test(maps_and_groups_do_not_read),
        cmocka_unit_test(no_message_contains_itself),
        cmocka_unit_test(the_generated_code_is_all_there),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
