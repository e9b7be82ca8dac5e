/* JSON to messages. */
#include "proto/rpc/json_impl.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static void *
member_mutable(ProtobufCMessage *m, unsigned offset)
{
    return (unsigned char *)m + offset;
}

/* ---- the walk in ---- */

struct in_level {
    ProtobufCMessage *m;
    const json_t *object;
    void *iter;                        /* the next member */
    const ProtobufCFieldDescriptor *f; /* the member under way */
    const json_t *array;               /* its elements, or NULL */
    size_t element;                    /* index of the next */
};

struct in_walk {
    struct arena *arena;
    struct in_level level[LIMIT_WIRE_DEPTH];
    size_t depth;
    struct fault *fault;
};

/* Refuses the member under way; name is used instead when it is no field. */
static enum status
in_refuse(const struct in_walk *w, const char *name, const char *reason, const char *why)
{
    char path[FAULT_FIELD_SIZE] = "";
    for (size_t i = 0; i < w->depth; i++) {
        const struct in_level *l = &w->level[i];
        const char *own = l->f != NULL ? l->f->name : name; /* no field: the unknown name */
        size_t used = strlen(path);
        const char *dot = used == 0 ? "" : ".";
        if (l->array != NULL) {
            snprintf(path + used, sizeof path - used, "%s%s[%zu]", dot, own, l->element - 1);
        } else {
            snprintf(path + used, sizeof path - used, "%s%s", dot, own);
        }
    }
    return fault_set_field(w->fault, path, reason, "JSON 字段 %s 有误：%s。", path, why);
}

static enum status
in_type_error(const struct in_walk *w, const char *expected)
{
    char why[96];
    snprintf(why, sizeof why, "这里应写%s", expected);
    return in_refuse(w, NULL, "JSON_TYPE", why);
}

static bool
text_is_integer(const char *s)
{
    const char *digits = *s == '-' ? s + 1 : s;
    return *digits != '\0' && strspn(digits, "0123456789") == strlen(digits);
}

/* An integer from a JSON integer or, for 64 bits, a string, within [min, max]. */
static enum status
in_signed(const struct in_walk *w, const json_t *v, int64_t min, int64_t max, int64_t *ret)
{
    int64_t i = 0;
    errno = 0;
    if (json_is_integer(v)) {
        i = json_integer_value(v);
    } else if (json_is_string(v) && text_is_integer(json_string_value(v))) {
        i = strtoll(json_string_value(v), NULL, 10);
    } else {
        return in_type_error(w, "整数");
    }
    if (errno != 0 || i < min || i > max) {
        return in_refuse(w, NULL, "JSON_RANGE", "数值超出范围");
    }
    *ret = i;
    return STATUS_OK;
}

static enum status
in_unsigned64(const struct in_walk *w, const json_t *v, uint64_t *ret)
{
    errno = 0;
    if (json_is_string(v) && text_is_integer(json_string_value(v))) {
        const char *text = json_string_value(v);
        uint64_t u = text[0] == '-' ? 0 : strtoull(text, NULL, 10);
        if (errno != 0 || text[0] == '-') {
            return in_refuse(w, NULL, "JSON_RANGE", "数值超出范围");
        }
        *ret = u;
        return STATUS_OK;
    }
    int64_t i = 0;
    enum status st = in_signed(w, v, 0, INT64_MAX, &i);
    if (st == STATUS_OK) {
        *ret = (uint64_t)i;
    }
    return st;
}

static enum status
in_double(const struct in_walk *w, const json_t *v, double *ret)
{
    if (json_is_number(v)) {
        *ret = json_number_value(v);
        return STATUS_OK;
    }
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    if (strcmp(text, "NaN") == 0) {
        *ret = (double)NAN;
    } else if (strcmp(text, "Infinity") == 0) {
        *ret = (double)INFINITY;
    } else if (strcmp(text, "-Infinity") == 0) {
        *ret = -(double)INFINITY;
    } else {
        return in_type_error(w, "数字");
    }
    return STATUS_OK;
}

static enum status
in_enum(const struct in_walk *w, const ProtobufCEnumDescriptor *type, const json_t *v, int32_t *ret)
{
    const ProtobufCEnumValue *value = NULL;
    if (json_is_string(v)) {
        value = protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(v));
    } else if (json_is_integer(v)) {
        json_int_t i = json_integer_value(v);
        bool fits = i >= INT32_MIN && i <= INT32_MAX;
        value = fits ? protobuf_c_enum_descriptor_get_value(type, (int)i) : NULL;
    } else {
        return in_type_error(w, "取值的名称");
    }
    if (value == NULL) {
        return in_refuse(w, NULL, "JSON_ENUM", "没有这个取值");
    }
    *ret = value->value;
    return STATUS_OK;
}

static enum status
in_string(struct in_walk *w, const json_t *v, char **ret)
{
    if (!json_is_string(v)) {
        return in_type_error(w, "文字");
    }
    *ret = arena_strndup(w->arena, json_string_value(v), json_string_length(v));
    return *ret == NULL ? json_fault_memory(w->fault) : STATUS_OK;
}

static enum status
in_bytes(struct in_walk *w, const json_t *v, ProtobufCBinaryData *ret)
{
    if (!json_is_string(v)) {
        return in_type_error(w, " base64 文字");
    }
    const char *text = json_string_value(v);
    size_t n = json_string_length(v);
    size_t size = n / 4 * 3 + 3;
    unsigned char *data = arena_alloc(w->arena, size);
    if (data == NULL) {
        return json_fault_memory(w->fault);
    }
    int variant =
        n % 4 == 0 ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    size_t len = 0;
    if (sodium_base642bin(data, size, text, n, NULL, &len, NULL, variant) != 0) {
        return in_refuse(w, NULL, "JSON_BASE64", "不是有效的 base64 编码");
    }
    *ret = (ProtobufCBinaryData){.len = len, .data = data};
    return STATUS_OK;
}

static enum status
in_float(const struct in_walk *w, const json_t *v, void *at)
{
    double d = 0;
    enum status st = in_double(w, v, &d);
    float real = (float)d;
    if (st == STATUS_OK && isinf(real) && !isinf(d)) {
        return in_refuse(w, NULL, "JSON_RANGE", "数值超出范围");
    }
    if (st == STATUS_OK) {
        memcpy(at, &real, sizeof real);
    }
    return st;
}

/* The types of 32 bits. */
static enum status
in_scalar_32(const struct in_walk *w, const ProtobufCFieldDescriptor *f, const json_t *v, void *at)
{
    int64_t i = 0;
    int32_t value = 0;
    enum status st = STATUS_OK;
    switch (f->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        return in_float(w, v, at);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(v)) {
            return in_type_error(w, " true 或 false");
        }
        value = json_is_true(v);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        st = in_enum(w, f->descriptor, v, &value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        st = in_signed(w, v, 0, UINT32_MAX, &i);
        value = (int32_t)(uint32_t)i;
        break;
    default:
        st = in_signed(w, v, INT32_MIN, INT32_MAX, &i);
        value = (int32_t)i;
        break;
    }
    if (st == STATUS_OK) {
        memcpy(at, &value, sizeof value);
    }
    return st;
}

static enum status
in_scalar(struct in_walk *w, const ProtobufCFieldDescriptor *f, const json_t *v, void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return in_signed(w, v, INT64_MIN, INT64_MAX, at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return in_unsigned64(w, v, at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return in_double(w, v, at);
    case PROTOBUF_C_TYPE_STRING:
        return in_string(w, v, at);
    case PROTOBUF_C_TYPE_BYTES:
        return in_bytes(w, v, at);
    default:
        return in_scalar_32(w, f, v, at);
    }
}

static ProtobufCMessage *
message_new(struct arena *a, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *m = arena_alloc(a, type->sizeof_message);
    if (m != NULL) {
        type->message_init(m);
    }
    return m;
}

/* One value of field f into its place in memory; a message is begun. */
static enum status
in_value(struct in_walk *w, const ProtobufCFieldDescriptor *f, const json_t *v, void *at)
{
    if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
        return in_scalar(w, f, v, at);
    }
    if (!json_is_object(v)) {
        return in_type_error(w, "一个对象 {…}");
    }
    ProtobufCMessage *m = message_new(w->arena, f->descriptor);
    if (m == NULL) {
        return json_fault_memory(w->fault);
    }
    memcpy(at, &m, sizeof m);
    assert(w->depth < LIMIT_WIRE_DEPTH); /* wire_descriptor_check has seen the type */
    w->level[w->depth++] =
        (struct in_level){.m = m, .object = v, .iter = json_object_iter((json_t *)(uintptr_t)v)};
    return STATUS_OK;
}

/* Marks an optional field or a oneof's member as set. */
static enum status
in_mark(const struct in_walk *w, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    void *at = member_mutable(m, f->quantifier_offset);
    if (json_is_oneof(f)) {
        uint32_t chosen = 0;
        memcpy(&chosen, at, sizeof chosen);
        if (chosen != 0) {
            return in_refuse(w, NULL, "JSON_ONEOF", "与另一个字段只能填其中一个");
        }
        memcpy(at, &f->id, sizeof f->id);
    } else if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_STRING &&
               f->type != PROTOBUF_C_TYPE_MESSAGE) {
        protobuf_c_boolean has = 1;
        memcpy(at, &has, sizeof has);
    }
    return STATUS_OK;
}

/* Begins a repeated field: room for all its elements. */
static enum status
in_array(struct in_walk *w, struct in_level *top, const json_t *v)
{
    if (!json_is_array(v)) {
        return in_type_error(w, "一个列表 […]");
    }
    size_t n = json_array_size(v);
    if (n > LIMIT_WIRE_REPEATED) {
        return in_refuse(w, NULL, "JSON_RANGE", "条数过多，请分批提交");
    }
    void *items = n == 0 ? NULL : arena_array(w->arena, n, json_element_size(top->f));
    if (items == NULL && n != 0) {
        return json_fault_memory(w->fault);
    }
    memcpy(member_mutable(top->m, top->f->offset), &items, sizeof items);
    memcpy(member_mutable(top->m, top->f->quantifier_offset), &n, sizeof n);
    top->array = v;
    top->element = 0;
    return STATUS_OK;
}

/* The next element of the array under way, or its end. */
static enum status
in_element(struct in_walk *w, struct in_level *top)
{
    if (top->element == json_array_size(top->array)) {
        top->array = NULL;
        return STATUS_OK;
    }
    unsigned char *items = NULL;
    memcpy(&items, json_member(top->m, top->f->offset), sizeof items);
    size_t i = top->element++;
    return in_value(w, top->f, json_array_get(top->array, i),
                    items + i * json_element_size(top->f));
}

static enum status
in_step(struct in_walk *w)
{
    struct in_level *top = &w->level[w->depth - 1];
    if (top->array != NULL) {
        return in_element(w, top);
    }
    if (top->iter == NULL) {
        w->depth--;
        return STATUS_OK;
    }
    const char *name = json_object_iter_key(top->iter);
    const json_t *v = json_object_iter_value(top->iter);
    top->iter = json_object_iter_next((json_t *)(uintptr_t)top->object, top->iter);
    top->f = protobuf_c_message_descriptor_get_field_by_name(top->m->descriptor, name);
    if (top->f == NULL) {
        return in_refuse(w, name, "JSON_UNKNOWN_FIELD", "没有这个字段，请检查拼写");
    }
    if (json_is_null(v)) {
        return STATUS_OK;
    }
    if (top->f->label == PROTOBUF_C_LABEL_REPEATED) {
        return in_array(w, top, v);
    }
    enum status st = in_mark(w, top->m, top->f);
    return st == STATUS_OK ? in_value(w, top->f, v, member_mutable(top->m, top->f->offset)) : st;
}

enum status
json_to_message(struct arena *a, const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                ProtobufCMessage **ret_message, struct fault *f)
{
    if (!json_is_object(json)) {
        return fault_set_field(f, "", "JSON_TYPE", "JSON 的最外层应是一个对象 {…}。");
    }
    ProtobufCMessage *root = message_new(a, descriptor);
    if (root == NULL) {
        return json_fault_memory(f);
    }
    struct in_walk w = {.arena = a, .depth = 1, .fault = f};
    w.level[0] = (struct in_level){
        .m = root, .object = json, .iter = json_object_iter((json_t *)(uintptr_t)json)};
    enum status st = STATUS_OK;
    while (st == STATUS_OK && w.depth > 0) {
        st = in_step(&w);
    }
    if (st == STATUS_OK) {
        *ret_message = root;
    }
    return st;
}

enum status
json_parse_message(struct arena *a, const ProtobufCMessageDescriptor *descriptor, const char *text,
                   size_t n, ProtobufCMessage **ret_message, struct fault *f)
{
    json_error_t error = {0};
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return fault_set_field(f, "", "JSON_SYNTAX", "JSON 第 %d 行第 %d 列附近有误：%s。",
                               error.line, error.column, error.text);
    }
    enum status st = json_to_message(a, descriptor, json, ret_message, f);
    json_decref(json);
    return st;
}
