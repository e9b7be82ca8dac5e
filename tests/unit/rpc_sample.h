/* A message type with a field of every kind, laid out by hand as protoc-c would: the real schema
 * has no oneof, float or packed field, and the codec must know them.
 *
 *   message Child  { optional string name = 1; repeated int32 marks = 2; }
 *   message Sample { … see sample_fields … }
 *   message Loop   { repeated Loop again = 1; }                                                  */
#ifndef TESTS_UNIT_RPC_SAMPLE_H
#define TESTS_UNIT_RPC_SAMPLE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

enum { COLOUR_NONE = 0, COLOUR_RED = 1, COLOUR_BLUE = 5, COLOUR_COLD = -3 };

struct child {
    ProtobufCMessage base;
    char *name;
    size_t n_marks;
    int32_t *marks;
};

struct sample {
    ProtobufCMessage base;
    char *text;
    protobuf_c_boolean has_i32;
    int32_t i32;
    protobuf_c_boolean has_i64;
    int64_t i64;
    protobuf_c_boolean has_u32;
    uint32_t u32;
    protobuf_c_boolean has_u64;
    uint64_t u64;
    protobuf_c_boolean has_flag;
    protobuf_c_boolean flag;
    protobuf_c_boolean has_colour;
    int32_t colour;
    protobuf_c_boolean has_data;
    ProtobufCBinaryData data;
    protobuf_c_boolean has_real;
    double real;
    protobuf_c_boolean has_small;
    float small;
    struct child *child;
    size_t n_rows;
    struct child **rows;
    size_t n_tags;
    char **tags;
    size_t n_colours;
    int32_t *colours;
    uint32_t choice_case;
    union {
        char *left;
        int32_t right;
    };
    protobuf_c_boolean has_fixed;
    uint32_t fixed;
};

extern const ProtobufCMessageDescriptor child_type;
extern const ProtobufCMessageDescriptor sample_type;
extern const ProtobufCMessageDescriptor loop_type;

static const ProtobufCEnumValue colour_values[] = {
    {"COLD", "COLOUR_COLD", COLOUR_COLD},
    {"NONE", "COLOUR_NONE", COLOUR_NONE},
    {"RED", "COLOUR_RED", COLOUR_RED},
    {"BLUE", "COLOUR_BLUE", COLOUR_BLUE},
};
static const ProtobufCEnumValueIndex colour_names[] = {
    {"BLUE", 3}, {"COLD", 0}, {"NONE", 1}, {"RED", 2}};
static const ProtobufCIntRange colour_ranges[] = {{-3, 0}, {0, 1}, {5, 3}, {0, 4}};
static const ProtobufCEnumDescriptor colour_type = {
    .magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
    .name = "Colour",
    .n_values = 4,
    .values = colour_values,
    .n_value_names = 4,
    .values_by_name = colour_names,
    .n_value_ranges = 3,
    .value_ranges = colour_ranges,
};

#define SAMPLE_FIELD(id_, type_, label_, name_, quantifier_, struct_, ...)                         \
    {                                                                                              \
        .name = #name_, .id = (id_), .label = PROTOBUF_C_LABEL_##label_,                           \
        .type = PROTOBUF_C_TYPE_##type_, .quantifier_offset = offsetof(struct_, quantifier_),      \
        .offset = offsetof(struct_, name_), __VA_ARGS__                                            \
    }

static const ProtobufCFieldDescriptor child_fields[] = {
    SAMPLE_FIELD(1, STRING, OPTIONAL, name, base, struct child, .flags = 0),
    SAMPLE_FIELD(2, INT32, REPEATED, marks, n_marks, struct child,
                 .flags = PROTOBUF_C_FIELD_FLAG_PACKED),
};
static const unsigned child_names[] = {1, 0};
static const ProtobufCIntRange child_ranges[] = {{1, 0}, {0, 2}};

static const ProtobufCFieldDescriptor sample_fields[] = {
    SAMPLE_FIELD(1, STRING, OPTIONAL, text, base, struct sample, .flags = 0),
    SAMPLE_FIELD(2, INT32, OPTIONAL, i32, has_i32, struct sample, .flags = 0),
    SAMPLE_FIELD(3, INT64, OPTIONAL, i64, has_i64, struct sample, .flags = 0),
    SAMPLE_FIELD(4, UINT32, OPTIONAL, u32, has_u32, struct sample, .flags = 0),
    SAMPLE_FIELD(5, UINT64, OPTIONAL, u64, has_u64, struct sample, .flags = 0),
    SAMPLE_FIELD(6, BOOL, OPTIONAL, flag, has_flag, struct sample, .flags = 0),
    SAMPLE_FIELD(7, ENUM, OPTIONAL, colour, has_colour, struct sample, .descriptor = &colour_type),
    SAMPLE_FIELD(8, BYTES, OPTIONAL, data, has_data, struct sample, .flags = 0),
    SAMPLE_FIELD(9, DOUBLE, OPTIONAL, real, has_real, struct sample, .flags = 0),
    SAMPLE_FIELD(10, FLOAT, OPTIONAL, small, has_small, struct sample, .flags = 0),
    SAMPLE_FIELD(11, MESSAGE, OPTIONAL, child, base, struct sample, .descriptor = &child_type),
    SAMPLE_FIELD(12, MESSAGE, REPEATED, rows, n_rows, struct sample, .descriptor = &child_type),
    SAMPLE_FIELD(13, STRING, REPEATED, tags, n_tags, struct sample, .flags = 0),
    SAMPLE_FIELD(14, ENUM, REPEATED, colours, n_colours, struct sample, .descriptor = &colour_type),
    SAMPLE_FIELD(15, STRING, OPTIONAL, left, choice_case, struct sample,
                 .flags = PROTOBUF_C_FIELD_FLAG_ONEOF),
    SAMPLE_FIELD(16, INT32, OPTIONAL, right, choice_case, struct sample,
                 .flags = PROTOBUF_C_FIELD_FLAG_ONEOF),
    SAMPLE_FIELD(17, FIXED32, OPTIONAL, fixed, has_fixed, struct sample, .flags = 0),
};
static const unsigned sample_names[] = {10, 6, 13, 7, 16, 5, 1, 2, 14, 8, 15, 11, 9, 12, 0, 3, 4};
static const ProtobufCIntRange sample_ranges[] = {{1, 0}, {0, 17}};

static const ProtobufCFieldDescriptor loop_fields[] = {
    {.name = "again",
     .id = 1,
     .label = PROTOBUF_C_LABEL_REPEATED,
     .type = PROTOBUF_C_TYPE_MESSAGE,
     .descriptor = &loop_type},
};
static const unsigned loop_names[] = {0};
static const ProtobufCIntRange loop_ranges[] = {{1, 0}, {0, 1}};

#define SAMPLE_TYPE(name_, text_, size_, init_)                                                    \
    const ProtobufCMessageDescriptor name_##_type = {                                              \
        .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,                                             \
        .name = (text_),                                                                           \
        .sizeof_message = (size_),                                                                 \
        .n_fields = sizeof name_##_fields / sizeof name_##_fields[0],                              \
        .fields = name_##_fields,                                                                  \
        .fields_sorted_by_name = name_##_names,                                                    \
        .n_field_ranges = 1,                                                                       \
        .field_ranges = name_##_ranges,                                                            \
        .message_init = (init_),                                                                   \
    }

static void
child_init(ProtobufCMessage *m)
{
    *(struct child *)m = (struct child){.base = {.descriptor = &child_type}};
}

static void
sample_init(ProtobufCMessage *m)
{
    *(struct sample *)m = (struct sample){.base = {.descriptor = &sample_type}};
}

SAMPLE_TYPE(child, "Child", sizeof(struct child), child_init);
SAMPLE_TYPE(sample, "Sample", sizeof(struct sample), sample_init);
SAMPLE_TYPE(loop, "Loop", 64, NULL);

#endif
