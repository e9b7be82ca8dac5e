#include "proto/rpc/wirecheck.h"

#include "proto/base/limits.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TAG_MAX_BYTES = 5, VARINT_MAX_BYTES = 10, FIELD_NUMBER_MAX = 536870911 };

/* One message being read. */
struct level {
    const ProtobufCMessageDescriptor *type;
    const ProtobufCFieldDescriptor *in_parent; /* NULL at the top */
    size_t end;                                /* offset behind its last byte */
    uint32_t count[WIRE_TYPE_FIELDS];          /* occurrences so far, by index in type->fields */
};

struct check {
    const unsigned char *bytes;
    size_t at; /* offset of what is read next */
    size_t fields;
    size_t depth; /* levels in use */
    struct level level[LIMIT_WIRE_DEPTH];
    const ProtobufCFieldDescriptor *field; /* being read; NULL: unknown or none */
    struct fault *fault;
};

/* ---- faults ---- */

/* Appends "name" or "name[3]" to the path. */
static void
path_append(char *path, size_t size, const ProtobufCFieldDescriptor *field, uint32_t count)
{
    size_t used = strlen(path);
    const char *dot = used == 0 ? "" : ".";
    if (field->label == PROTOBUF_C_LABEL_REPEATED && count > 0) {
        snprintf(path + used, size - used, "%s%s[%u]", dot, field->name, count - 1);
    } else {
        snprintf(path + used, size - used, "%s%s", dot, field->name);
    }
}

static uint32_t
count_of(const struct level *l, const ProtobufCFieldDescriptor *field)
{
    return l->count[field - l->type->fields];
}

static enum status
refuse(const struct check *c, const char *reason, const char *why)
{
    char path[FAULT_FIELD_SIZE] = "";
    for (size_t i = 1; i < c->depth; i++) {
        const ProtobufCFieldDescriptor *field = c->level[i].in_parent;
        path_append(path, sizeof path, field, count_of(&c->level[i - 1], field));
    }
    if (c->field != NULL) {
        path_append(path, sizeof path, c->field, count_of(&c->level[c->depth - 1], c->field));
    }
    if (path[0] == '\0') {
        return fault_set_field(c->fault, path, reason, "收到的数据有误（第 %zu 字节处）：%s。",
                               c->at, why);
    }
    return fault_set_field(c->fault, path, reason, "字段 %s 有误：%s。", path, why);
}

/* ---- reading ---- */

/* A varint of at most max bytes before end, in its shortest form. False: it is none. */
static bool
varint_read(struct check *c, size_t end, size_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < max && c->at + i < end; i++) {
        unsigned char byte = c->bytes[c->at + i];
        if (i == VARINT_MAX_BYTES - 1 && byte > 1) {
            return false; /* over 64 bits */
        }
        value |= (uint64_t)(byte & 0x7FU) << (7 * i);
        if ((byte & 0x80U) == 0) {
            if (byte == 0 && i > 0) {
                return false; /* padded */
            }
            c->at += i + 1;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool
is_continuation(unsigned char byte)
{
    return (byte & 0xC0U) == 0x80U;
}

/* The length of the well-formed character at s (n bytes left), or 0. RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF. */
static size_t
utf8_character(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80U) {
        return 1;
    }
    if (s[0] >= 0xC2U && s[0] <= 0xDFU) {
        return n >= 2 && is_continuation(s[1]) ? 2 : 0;
    }
    if (s[0] >= 0xE0U && s[0] <= 0xEFU) {
        bool ok = n >= 3 && is_continuation(s[1]) && is_continuation(s[2]) &&
                  (s[0] != 0xE0U || s[1] >= 0xA0U) && (s[0] != 0xEDU || s[1] <= 0x9FU);
        return ok ? 3 : 0;
    }
    if (s[0] >= 0xF0U && s[0] <= 0xF4U) {
        bool ok = n >= 4 && is_continuation(s[1]) && is_continuation(s[2]) &&
                  is_continuation(s[3]) && (s[0] != 0xF0U || s[1] >= 0x90U) &&
                  (s[0] != 0xF4U || s[1] <= 0x8FU);
        return ok ? 4 : 0;
    }
    return 0;
}

static enum status
text_check(const struct check *c, const unsigned char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t size = s[i] == 0 ? 0 : utf8_character(s + i, n - i);
        if (size == 0) {
            return s[i] == 0 ? refuse(c, "WIRE_TEXT_NUL", "文字里含有空字符（NUL），请去掉")
                             : refuse(c, "WIRE_TEXT_UTF8", "文字不是有效的 UTF-8 编码");
        }
        i += size;
    }
    return STATUS_OK;
}

static bool
enum_has(const ProtobufCEnumDescriptor *type, uint64_t value)
{
    int64_t v = (int64_t)value;
    return v >= INT32_MIN && v <= INT32_MAX &&
           protobuf_c_enum_descriptor_get_value(type, (int)v) != NULL;
}

/* Does the varint fit the field's type? */
static enum status
value_check(const struct check *c, const ProtobufCFieldDescriptor *field, uint64_t value)
{
    int64_t sign = (int64_t)value;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
        if (sign < INT32_MIN || sign > INT32_MAX) {
            return refuse(c, "WIRE_RANGE", "数值超出 32 位整数的范围");
        }
        return STATUS_OK;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
        return value <= UINT32_MAX ? STATUS_OK
                                   : refuse(c, "WIRE_RANGE", "数值超出 32 位整数的范围");
    case PROTOBUF_C_TYPE_BOOL:
        return value <= 1 ? STATUS_OK : refuse(c, "WIRE_RANGE", "只能是“是”或“否”（1 或 0）");
    case PROTOBUF_C_TYPE_ENUM:
        return enum_has(field->descriptor, value)
                   ? STATUS_OK
                   : refuse(c, "WIRE_ENUM", "不是本版本认识的取值，请核对两端程序的版本");
    default:
        return STATUS_OK;
    }
}

/* The wire type of one element. */
static unsigned
wire_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default:
        return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

/* ---- counting ---- */

static enum status
count_total(struct check *c)
{
    c->fields++;
    return c->fields <= LIMIT_WIRE_FIELDS
               ? STATUS_OK
               : refuse(c, "WIRE_TOO_MANY_FIELDS", "整条消息的字段总数过多，请分批提交");
}

static bool
oneof_taken(const struct level *l, const ProtobufCFieldDescriptor *field)
{
    for (unsigned i = 0; i < l->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *other = &l->type->fields[i];
        if (other != field && (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            other->quantifier_offset == field->quantifier_offset && l->count[i] != 0) {
            return true;
        }
    }
    return false;
}

/* One more occurrence, or element, of the field. */
static enum status
count_field(struct check *c)
{
    struct level *l = &c->level[c->depth - 1];
    const ProtobufCFieldDescriptor *field = c->field;
    uint32_t n = ++l->count[field - l->type->fields];
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return n <= LIMIT_WIRE_REPEATED ? STATUS_OK
                                        : refuse(c, "WIRE_TOO_MANY_ROWS", "条数过多，请分批提交");
    }
    if (n > 1 || ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && oneof_taken(l, field))) {
        return refuse(c, "WIRE_DUPLICATE", "只能出现一次，却出现了多次");
    }
    return STATUS_OK;
}

/* ---- fields ---- */

/* Packed elements up to `end`. The first was counted as the field's occurrence; an empty run of
 * elements is fine. */
static enum status
packed_check(struct check *c, size_t end)
{
    unsigned wire = wire_of(c->field);
    size_t size = wire == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8;
    enum status st = STATUS_OK;
    for (bool first = true; st == STATUS_OK && c->at < end; first = false) {
        uint64_t value = 0;
        if (!first) {
            st = count_total(c);
            st = st == STATUS_OK ? count_field(c) : st;
        }
        if (st != STATUS_OK) {
            break;
        }
        if (wire != PROTOBUF_C_WIRE_TYPE_VARINT) {
            if (end - c->at < size) {
                return refuse(c, "WIRE_MALFORMED", "数据不完整");
            }
            c->at += size;
        } else if (!varint_read(c, end, VARINT_MAX_BYTES, &value)) {
            return refuse(c, "WIRE_MALFORMED", "数据格式不对");
        } else {
            st = value_check(c, c->field, value);
        }
    }
    return st;
}

static enum status
level_push(struct check *c, size_t end)
{
    const ProtobufCFieldDescriptor *field = c->field;
    if (c->depth == LIMIT_WIRE_DEPTH) {
        return refuse(c, "WIRE_TOO_DEEP", "嵌套层数过多");
    }
    struct level *l = &c->level[c->depth++];
    l->type = field->descriptor;
    l->in_parent = field;
    l->end = end;
    assert(l->type->n_fields <= WIRE_TYPE_FIELDS);
    memset(l->count, 0, l->type->n_fields * sizeof l->count[0]);
    c->field = NULL;
    return STATUS_OK;
}

/* What stands behind a length: text, bytes, a message or packed elements. */
static enum status
length_check(struct check *c, unsigned wire, size_t end)
{
    const ProtobufCFieldDescriptor *field = c->field;
    if (wire_of(field) != wire) {
        bool packable = field->label == PROTOBUF_C_LABEL_REPEATED;
        return packable ? packed_check(c, end) : refuse(c, "WIRE_TYPE", "数据类型与约定不符");
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return level_push(c, end);
    }
    enum status st = STATUS_OK;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        st = text_check(c, c->bytes + c->at, end - c->at);
    }
    c->at = end;
    return st;
}

/* The value behind a tag; c->field is NULL for an unknown one, which is skipped. */
static enum status
field_check(struct check *c, unsigned wire)
{
    const struct level *l = &c->level[c->depth - 1];
    uint64_t value = 0;
    bool is_length = wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    if (c->field != NULL && wire != wire_of(c->field) && !is_length) {
        return refuse(c, "WIRE_TYPE", "数据类型与约定不符");
    }
    if (wire == PROTOBUF_C_WIRE_TYPE_32BIT || wire == PROTOBUF_C_WIRE_TYPE_64BIT) {
        size_t size = wire == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8;
        if (l->end - c->at < size) {
            return refuse(c, "WIRE_MALFORMED", "数据不完整");
        }
        c->at += size;
        return STATUS_OK;
    }
    if (wire != PROTOBUF_C_WIRE_TYPE_VARINT && !is_length) {
        return refuse(c, "WIRE_MALFORMED", "含有不支持的编码（group）");
    }
    if (!varint_read(c, l->end, is_length ? TAG_MAX_BYTES : VARINT_MAX_BYTES, &value)) {
        return refuse(c, "WIRE_MALFORMED", "数据格式不对");
    }
    if (!is_length) {
        return c->field == NULL ? STATUS_OK : value_check(c, c->field, value);
    }
    if (value > l->end - c->at) {
        return refuse(c, "WIRE_MALFORMED", "数据不完整");
    }
    if (c->field == NULL) {
        c->at += (size_t)value;
        return STATUS_OK;
    }
    return length_check(c, wire, c->at + (size_t)value);
}

/* One tag and its value. */
static enum status
step(struct check *c)
{
    const struct level *l = &c->level[c->depth - 1];
    uint64_t tag = 0;
    c->field = NULL;
    if (!varint_read(c, l->end, TAG_MAX_BYTES, &tag) || tag >> 3U == 0 ||
        tag >> 3U > FIELD_NUMBER_MAX) {
        return refuse(c, "WIRE_MALFORMED", "数据格式不对");
    }
    enum status st = count_total(c);
    if (st != STATUS_OK) {
        return st;
    }
    c->field = protobuf_c_message_descriptor_get_field(l->type, (unsigned)(tag >> 3U));
    if (c->field != NULL) {
        st = count_field(c);
    }
    return st == STATUS_OK ? field_check(c, (unsigned)(tag & 7U)) : st;
}

enum status
wire_check(const ProtobufCMessageDescriptor *descriptor, const unsigned char *bytes, size_t n,
           struct fault *f)
{
    assert(descriptor->n_fields <= WIRE_TYPE_FIELDS);
    struct check c; /* the levels' counters are cleared as they are entered */
    c.bytes = bytes;
    c.at = 0;
    c.fields = 0;
    c.depth = 1;
    c.field = NULL;
    c.fault = f;
    c.level[0].type = descriptor;
    c.level[0].in_parent = NULL;
    c.level[0].end = n;
    memset(c.level[0].count, 0, descriptor->n_fields * sizeof c.level[0].count[0]);
    while (c.depth > 0) {
        if (c.at == c.level[c.depth - 1].end) {
            c.depth--;
            continue;
        }
        enum status st = step(&c);
        if (st != STATUS_OK) {
            return st;
        }
    }
    return STATUS_OK;
}

/* ---- unpacking and packing ---- */

struct arena_allocator {
    struct arena *arena;
    bool exhausted;
};

static void *
allocator_alloc(void *data, size_t size)
{
    struct arena_allocator *a = data;
    void *p = arena_alloc(a->arena, size);
    a->exhausted = a->exhausted || p == NULL;
    return p;
}

static void
allocator_free(void *data, void *pointer)
{
    (void)data;
    (void)pointer; /* the arena frees all at once */
}

enum status
wire_unpack(struct arena *a, const ProtobufCMessageDescriptor *descriptor,
            const unsigned char *bytes, size_t n, ProtobufCMessage **ret_message, struct fault *f)
{
    enum status st = wire_check(descriptor, bytes, n, f);
    if (st != STATUS_OK) {
        return st;
    }
    struct arena_allocator data = {.arena = a};
    ProtobufCAllocator allocator = {
        .alloc = allocator_alloc, .free = allocator_free, .allocator_data = &data};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, n, bytes);
    if (message != NULL) {
        *ret_message = message;
        return STATUS_OK;
    }
    if (data.exhausted) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "WIRE_TOO_LARGE",
                         "消息展开后超出内存上限，请分批提交。");
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "WIRE_MALFORMED", "消息无法解析：格式不对。");
}

enum status
wire_pack(struct arena *a, const ProtobufCMessage *message, unsigned char **ret_bytes,
          size_t *ret_n)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    unsigned char *bytes = arena_alloc(a, n);
    if (bytes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t packed = protobuf_c_message_pack(message, bytes);
    assert(packed == n);
    *ret_bytes = bytes;
    *ret_n = packed;
    return STATUS_OK;
}

/* ---- the schema ---- */

/* A walk down the types: where in which type we are. */
struct walk {
    const ProtobufCMessageDescriptor *type;
    unsigned next; /* field to look at */
};

static enum status
type_check(const ProtobufCMessageDescriptor *type, struct fault *f)
{
    if (type->n_fields > WIRE_TYPE_FIELDS) {
        return fault_set(f, STATUS_INTERNAL, "SCHEMA_TOO_WIDE",
                         "消息类型 %s 的字段过多（上限 %d）。", type->name, WIRE_TYPE_FIELDS);
    }
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED) {
            return fault_set(f, STATUS_INTERNAL, "SCHEMA_REQUIRED",
                             "消息类型 %s 的字段 %s 不得标为 required。", type->name,
                             type->fields[i].name);
        }
    }
    return STATUS_OK;
}

static enum status
walk_push(struct walk *stack, size_t *depth, const ProtobufCMessageDescriptor *type,
          struct fault *f)
{
    for (size_t i = 0; i < *depth; i++) {
        if (stack[i].type == type) {
            return fault_set(f, STATUS_INTERNAL, "SCHEMA_RECURSIVE",
                             "消息类型 %s 直接或间接包含自己，这是不允许的。", type->name);
        }
    }
    if (*depth == LIMIT_WIRE_DEPTH) {
        return fault_set(f, STATUS_INTERNAL, "SCHEMA_TOO_DEEP",
                         "消息类型 %s 嵌套过深（上限 %d 层）。", stack[0].type->name,
                         LIMIT_WIRE_DEPTH);
    }
    stack[(*depth)++] = (struct walk){.type = type};
    return type_check(type, f);
}

enum status
wire_descriptor_check(const ProtobufCMessageDescriptor *descriptor, struct fault *f)
{
    struct walk stack[LIMIT_WIRE_DEPTH];
    size_t depth = 0;
    enum status st = walk_push(stack, &depth, descriptor, f);
    while (st == STATUS_OK && depth > 0) {
        struct walk *top = &stack[depth - 1];
        if (top->next == top->type->n_fields) {
            depth--;
            continue;
        }
        const ProtobufCFieldDescriptor *field = &top->type->fields[top->next++];
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            st = walk_push(stack, &depth, field->descriptor, f);
        }
    }
    return st;
}
