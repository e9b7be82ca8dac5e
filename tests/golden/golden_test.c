/* Packed messages of every released version, kept in tests/golden/VERSION/, still decode to the
 * same fields: a changed number, type, label, name or enum value fails here. README.md says how a
 * version is added. */
#include "proto/base/arena.h"
#include "proto/rpc/wirecheck.h"
#include "tests/golden/schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 << 20, HEX_COLUMNS = 96, PATH_SIZE = 512, DEPTH_MAX = 12 };

static struct arena arena;
static struct schema_messages messages;

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    messages = schema_messages();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- a message with every field set ---- */

static void *
room(size_t size)
{
    void *p = arena_alloc(&arena, size);
    assert_non_null(p);
    return p;
}

static ProtobufCMessage *message_filled(const ProtobufCMessageDescriptor *type, int depth);

/* Values that tell types apart: negative where a sign is kept, beyond 32 bits where there is room,
 * text of three-byte characters. */
static void
value_fill(const ProtobufCFieldDescriptor *f, void *place, int depth)
{
    const ProtobufCEnumDescriptor *values = f->descriptor;
    ProtobufCBinaryData bytes = {.len = 3, .data = room(3)};
    memcpy(bytes.data, "\x00\xff", 2);
    bytes.data[2] = (uint8_t)f->id;
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
        *(int32_t *)place = -(int32_t)f->id;
        break;
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)place = 4294967295U - f->id;
        break;
    case PROTOBUF_C_TYPE_INT64:
        *(int64_t *)place = INT64_C(-5000000000) - (int64_t)f->id;
        break;
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)place = UINT64_MAX - f->id;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)place = 1;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(int *)place = values->values[values->n_values - 1].value;
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)place = arena_printf(&arena, "%s 第%u项", f->name, f->id);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)place = bytes;
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)place = message_filled(f->descriptor, depth + 1);
        break;
    default:
        fail_msg("%s: a type that no golden message knows yet", f->name);
    }
}

static size_t
value_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return sizeof(int32_t);
    }
}

static void
field_fill(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, int depth)
{
    char *place = (char *)m + f->offset;
    char *quantifier = (char *)m + f->quantifier_offset;
    if (f->label != PROTOBUF_C_LABEL_REPEATED) {
        if (f->quantifier_offset != 0) {
            *(protobuf_c_boolean *)quantifier = 1;
        }
        value_fill(f, place, depth);
        return;
    }
    char *elements = room(2 * value_size(f));
    *(size_t *)quantifier = 2;
    *(void **)place = elements;
    value_fill(f, elements, depth);
    value_fill(f, elements + value_size(f), depth);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) { /* the second one says nothing */
        const ProtobufCMessageDescriptor *type = f->descriptor;
        ProtobufCMessage *empty = room(type->sizeof_message);
        type->message_init(empty);
        ((ProtobufCMessage **)elements)[1] = empty;
    }
}

static ProtobufCMessage *
message_filled(const ProtobufCMessageDescriptor *type, int depth)
{
    assert_true(depth < DEPTH_MAX);
    ProtobufCMessage *m = room(type->sizeof_message);
    type->message_init(m);
    for (unsigned i = 0; i < type->n_fields; i++) {
        field_fill(m, &type->fields[i], depth);
    }
    return m;
}

/* ---- a message as text ---- */

static const char *const type_names[] = {
    "int32",   "sint32", "sfixed32", "int64", "sint64", "sfixed64", "uint32", "fixed32", "uint64",
    "fixed64", "float",  "double",   "bool",  "enum",   "string",   "bytes",  "message"};

static void
value_print(FILE *out, const ProtobufCFieldDescriptor *f, const void *place)
{
    const ProtobufCBinaryData *bytes = place;
    const ProtobufCEnumDescriptor *values = f->descriptor;
    const ProtobufCEnumValue *value = NULL;
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
        fprintf(out, "%d\n", *(const int32_t *)place);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        fprintf(out, "%u\n", *(const uint32_t *)place);
        break;
    case PROTOBUF_C_TYPE_INT64:
        fprintf(out, "%lld\n", (long long)*(const int64_t *)place);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        fprintf(out, "%llu\n", (unsigned long long)*(const uint64_t *)place);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        fprintf(out, "%d\n", *(const protobuf_c_boolean *)place);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        value = protobuf_c_enum_descriptor_get_value(values, *(const int *)place);
        fprintf(out, "%d %s\n", *(const int *)place, value == NULL ? "?" : value->name);
        break;
    case PROTOBUF_C_TYPE_STRING:
        fprintf(out, "\"%s\"\n", *(char *const *)place);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        for (size_t i = 0; i < bytes->len; i++) {
            fprintf(out, "%02x", bytes->data[i]);
        }
        fputc('\n', out);
        break;
    default:
        fputs("?\n", out);
    }
}

static void message_print(FILE *out, const char *path, const ProtobufCMessage *m);

/* "= measures[0].ref #2 string "…"": path, number, type, value. */
static void
element_print(FILE *out, const char *path, const ProtobufCFieldDescriptor *f, const void *place)
{
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)place;
        fprintf(out, "= %s #%u %s\n", path, f->id, inner->descriptor->name);
        message_print(out, path, inner);
        return;
    }
    fprintf(out, "= %s #%u %s ", path, f->id, type_names[f->type]);
    value_print(out, f, place);
}

static bool
field_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const char *place = (const char *)m + f->offset;
    if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(void *const *)place != NULL;
    }
    return *(const protobuf_c_boolean *)((const char *)m + f->quantifier_offset) != 0;
}

static void
message_print(FILE *out, const char *path, const ProtobufCMessage *m)
{
    char inner[PATH_SIZE];
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *place = (const char *)m + f->offset;
        const char *dot = *path == '\0' ? "" : ".";
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            snprintf(inner, sizeof inner, "%s%s%s", path, dot, f->name);
            if (field_present(m, f)) {
                element_print(out, inner, f, place);
            }
            continue;
        }
        size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);
        for (size_t k = 0; k < n; k++) {
            snprintf(inner, sizeof inner, "%s%s%s[%zu]", path, dot, f->name, k);
            element_print(out, inner, f, *(const char *const *)place + k * value_size(f));
        }
    }
}

static const char *
message_text(const ProtobufCMessage *m)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    message_print(out, "", m);
    assert_int_equal(fclose(out), 0);
    const char *copy = arena_strndup(&arena, text, size);
    free(text);
    assert_non_null(copy);
    return copy;
}

/* ---- golden files ---- */

struct golden {
    const char *file;
    const char *message;
    unsigned char *bytes;
    size_t size;
    const char *text; /* the lines that begin with "= " */
};

struct goldens {
    struct golden *items;
    size_t count;
    size_t capacity;
};

static int
nibble(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    assert_non_null(at);
    return (int)(at - digits);
}

static void
hex_take(struct golden *g, const char *line, size_t n)
{
    unsigned char *bytes = room(g->size + n / 2);
    if (g->size != 0) {
        memcpy(bytes, g->bytes, g->size);
    }
    for (size_t i = 0; i + 1 < n; i += 2) {
        bytes[g->size++] = (unsigned char)(nibble(line[i]) << 4 | nibble(line[i + 1]));
    }
    g->bytes = bytes;
}

static void
golden_file_read(const char *path, struct goldens *all)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n = 0;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    struct golden *g = NULL;
    while ((n = getline(&line, &capacity, in)) > 0) {
        if (strncmp(line, "message ", 8) == 0) {
            g = arena_grow(&arena, (void **)&all->items, all->count, &all->capacity, sizeof *g);
            assert_non_null(g);
            *g = (struct golden){.file = arena_strdup(&arena, path), .text = ""};
            g->message = arena_strndup(&arena, line + 8, (size_t)n - 9);
            g->bytes = room(1);
            all->count++;
        } else if (strncmp(line, "= ", 2) == 0) {
            assert_non_null(g);
            g->text = arena_printf(&arena, "%s%s", g->text, line);
        } else if (*line != '\n') {
            assert_non_null(g);
            hex_take(g, line, (size_t)n - 1);
        }
    }
    free(line);
    assert_int_equal(fclose(in), 0);
}

/* All files of all versions. */
static struct goldens
goldens_read(void)
{
    struct goldens all = {0};
    DIR *top = opendir(SOURCE_DIR "/tests/golden");
    assert_non_null(top);
    for (struct dirent *v = readdir(top); v != NULL; v = readdir(top)) {
        const char *folder = arena_printf(&arena, SOURCE_DIR "/tests/golden/%s", v->d_name);
        DIR *dir = v->d_name[0] == 'v' ? opendir(folder) : NULL;
        for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
            if (strstr(e->d_name, ".golden") != NULL) {
                golden_file_read(arena_printf(&arena, "%s/%s", folder, e->d_name), &all);
            }
        }
        if (dir != NULL) {
            closedir(dir);
        }
    }
    closedir(top);
    return all;
}

static const ProtobufCMessageDescriptor *
type_find(const char *name)
{
    for (size_t i = 0; i < messages.count; i++) {
        if (strcmp(messages.items[i]->name, name) == 0) {
            return messages.items[i];
        }
    }
    return NULL;
}

/* ---- tests ---- */

static void
golden_messages_keep_their_meaning(void **state)
{
    (void)state;
    struct goldens all = goldens_read();
    assert_true(all.count >= 80); /* the first version alone */
    for (size_t i = 0; i < all.count; i++) {
        const struct golden *g = &all.items[i];
        const ProtobufCMessageDescriptor *type = type_find(g->message);
        struct fault fault = {0};
        ProtobufCMessage *m = NULL;
        unsigned char *again = NULL;
        size_t size = 0;
        if (type == NULL) {
            fail_msg("%s: message %s is gone", g->file, g->message);
        }
        if (wire_unpack(&arena, type, g->bytes, g->size, &m, &fault) != STATUS_OK) {
            fail_msg("%s: %s: %s", g->file, g->message, fault.message);
        }
        print_message("%s\n", g->message);
        assert_string_equal(message_text(m), g->text);
        assert_int_equal(wire_pack(&arena, m, &again, &size), STATUS_OK);
        assert_int_equal(size, g->size);
        assert_memory_equal(again, g->bytes, size);
    }
}

static void
every_message_has_a_golden_one(void **state)
{
    (void)state;
    struct goldens all = goldens_read();
    for (size_t r = 0; r < messages.roots; r++) {
        size_t i = 0;
        while (i < all.count && strcmp(all.items[i].message, messages.items[r]->name) != 0) {
            i++;
        }
        if (i == all.count) {
            fail_msg("%s has no golden message: see tests/golden/README.md",
                     messages.items[r]->name);
        }
    }
}

/* One line for each rpc with its messages and each enum value with its number. */
static const char *
names_text(void)
{
    const char *text = "";
    for (size_t s = 0; s < SCHEMA_SERVICES; s++) {
        for (unsigned i = 0; i < schema_services[s]->n_methods; i++) {
            const ProtobufCMethodDescriptor *m = &schema_services[s]->methods[i];
            text = arena_printf(&arena, "%srpc %s/%s %s %s\n", text, schema_services[s]->name,
                                m->name, m->input->name, m->output->name);
        }
    }
    for (size_t i = 0; i < messages.count; i++) {
        for (unsigned f = 0; f < messages.items[i]->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &messages.items[i]->fields[f];
            const ProtobufCEnumDescriptor *e = field->descriptor;
            unsigned n = field->type == PROTOBUF_C_TYPE_ENUM ? e->n_values : 0;
            for (unsigned v = 0; v < n; v++) {
                const char *line = arena_printf(&arena, "enum %s %s %d\n", e->name,
                                                e->values[v].name, e->values[v].value);
                text = strstr(text, line) != NULL ? text : arena_printf(&arena, "%s%s", text, line);
            }
        }
    }
    assert_non_null(text);
    return text;
}

static void
names_and_numbers_stay(void **state)
{
    (void)state;
    const char *now = names_text();
    char *line = NULL;
    size_t capacity = 0;
    size_t count = 0;
    FILE *in = fopen(SOURCE_DIR "/tests/golden/v1/names.txt", "r");
    assert_non_null(in);
    for (; getline(&line, &capacity, in) > 0; count++) {
        if (strstr(now, line) == NULL) {
            fail_msg("gone or changed: %s", line);
        }
    }
    free(line);
    fclose(in);
    assert_true(count >= 80);
}

/* The control: the same bytes under other numbers, types or names are told apart. */
static void
another_schema_is_noticed(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *type = &pb__alert__descriptor;
    const ProtobufCMessage *filled = message_filled(type, 0);
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(wire_pack(&arena, filled, &bytes, &size), STATUS_OK);
    const char *before = message_text(filled);
    ProtobufCMessageDescriptor changed = *type;
    for (unsigned k = 0; k < 3; k++) {
        ProtobufCFieldDescriptor fields[32];
        ProtobufCMessage *m = NULL;
        assert_true(type->n_fields <= 32);
        memcpy(fields, type->fields, type->n_fields * sizeof fields[0]);
        changed.fields = fields;
        if (k == 0) {
            fields[1].name = "sequence";
        } else if (k == 1) {
            fields[1].type = PROTOBUF_C_TYPE_UINT64;
        } else { /* two fields change places */
            fields[4].name = type->fields[5].name;
            fields[5].name = type->fields[4].name;
        }
        struct fault fault;
        assert_int_equal(wire_unpack(&arena, type, bytes, size, &m, &fault), STATUS_OK);
        m->descriptor = &changed;
        assert_string_not_equal(message_text(m), before);
    }
}

/* ---- writing ---- */

static void
golden_write(FILE *out, const ProtobufCMessageDescriptor *type)
{
    const ProtobufCMessage *m = message_filled(type, 0);
    size_t size = protobuf_c_message_get_packed_size(m);
    unsigned char *bytes = room(size);
    protobuf_c_message_pack(m, bytes);
    fprintf(out, "message %s\n", type->name);
    for (size_t i = 0; i < size; i++) {
        fprintf(out, "%02x%s", bytes[i],
                i + 1 == size || (i + 1) % (HEX_COLUMNS / 2) == 0 ? "\n" : "");
    }
    fprintf(out, "%s\n", message_text(m));
}

/* GOLDEN_WRITE=DIR: writes a file for each service, and one for the rest, instead of testing. */
static void
golden_write_all(void **state)
{
    (void)state;
    const char *folder = getenv("GOLDEN_WRITE");
    struct schema_messages written = {.count = 0};
    for (size_t s = 0; s <= SCHEMA_SERVICES; s++) {
        const ProtobufCServiceDescriptor *service = s == 0 ? NULL : schema_services[s - 1];
        unsigned n = service == NULL ? SCHEMA_OTHERS : 2 * service->n_methods;
        FILE *out = fopen(arena_printf(&arena, "%s/%s.golden", folder,
                                       service == NULL ? "Envelope" : service->short_name),
                          "w");
        assert_non_null(out);
        for (unsigned i = 0; i < n; i++) {
            const ProtobufCMessageDescriptor *type = service == NULL ? schema_others[i]
                                                     : i % 2 == 0    ? service->methods[i / 2].input
                                                                  : service->methods[i / 2].output;
            size_t before = written.count;
            schema_add(&written, type);
            if (written.count != before) {
                golden_write(out, type);
            }
        }
        assert_int_equal(fclose(out), 0);
    }
    FILE *names = fopen(arena_printf(&arena, "%s/names.txt", folder), "w");
    assert_non_null(names);
    fputs(names_text(), names);
    assert_int_equal(fclose(names), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_messages_keep_their_meaning),
        cmocka_unit_test(every_message_has_a_golden_one),
        cmocka_unit_test(names_and_numbers_stay),
        cmocka_unit_test(another_schema_is_noticed),
    };
    const struct CMUnitTest writing[] = {cmocka_unit_test(golden_write_all)};
    if (getenv("GOLDEN_WRITE") != NULL) {
        return cmocka_run_group_tests(writing, set_up, tear_down);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
