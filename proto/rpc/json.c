/* Messages to JSON. Both directions walk with a stack of their own, one level per nested message;
 * its depth is that of the types. */
#include "proto/rpc/json_impl.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define JSON_EXACT_MAX ((int64_t)1 << 53) /* beyond it a double loses integers */

size_t
json_element_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(int32_t); /* bool and enum are ints, float is as large */
    }
}

static bool
is_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (json_is_oneof(f)) {
        uint32_t chosen = 0;
        memcpy(&chosen, json_member(m, f->quantifier_offset), sizeof chosen);
        return chosen == f->id;
    }
    if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
        const void *p = NULL;
        memcpy(&p, json_member(m, f->offset), sizeof p);
        return p != NULL && p != f->default_value;
    }
    if (f->label == PROTOBUF_C_LABEL_OPTIONAL) {
        protobuf_c_boolean has = 0;
        memcpy(&has, json_member(m, f->quantifier_offset), sizeof has);
        return has != 0;
    }
    return true;
}

/* ---- values out ---- */

static json_t *
json_from_signed(int64_t v)
{
    char text[24];
    if (v >= -JSON_EXACT_MAX && v <= JSON_EXACT_MAX) {
        return json_integer(v);
    }
    snprintf(text, sizeof text, "%" PRId64, v);
    return json_string(text);
}

static json_t *
json_from_unsigned(uint64_t v)
{
    char text[24];
    if (v <= (uint64_t)JSON_EXACT_MAX) {
        return json_integer((json_int_t)v);
    }
    snprintf(text, sizeof text, "%" PRIu64, v);
    return json_string(text);
}

static json_t *
json_from_double(double v)
{
    if (isnan(v)) {
        return json_string("NaN");
    }
    if (isinf(v)) {
        return json_string(v > 0 ? "Infinity" : "-Infinity");
    }
    return json_real(v);
}

static json_t *
json_from_bytes(const ProtobufCBinaryData *b)
{
    size_t size = sodium_base64_encoded_len(b->len, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    if (text == NULL) {
        return NULL;
    }
    sodium_bin2base64(text, size, b->data, b->len, sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_string(text);
    free(text);
    return json;
}

static json_t *
json_from_32(const ProtobufCFieldDescriptor *f, const void *at)
{
    int32_t i = 0;
    uint32_t u = 0;
    float real = 0;
    memcpy(&i, at, sizeof i);
    memcpy(&u, at, sizeof u);
    memcpy(&real, at, sizeof real);
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(u);
    case PROTOBUF_C_TYPE_FLOAT:
        return json_from_double(real);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(i != 0);
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, i);
        return v == NULL ? NULL : json_string(v->name);
    }
    default:
        return json_integer(i);
    }
}

/* One scalar; NULL when it has no JSON form or memory is out. */
static json_t *
json_from_scalar(const ProtobufCFieldDescriptor *f, const void *at)
{
    int64_t i = 0;
    uint64_t u = 0;
    double d = 0;
    const char *s = NULL;
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        memcpy(&i, at, sizeof i);
        return json_from_signed(i);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        memcpy(&u, at, sizeof u);
        return json_from_unsigned(u);
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(&d, at, sizeof d);
        return json_from_double(d);
    case PROTOBUF_C_TYPE_STRING:
        memcpy(&s, at, sizeof s);
        return json_string(s == NULL ? "" : s);
    case PROTOBUF_C_TYPE_BYTES:
        return json_from_bytes(at);
    default:
        return json_from_32(f, at);
    }
}

/* ---- the walk out ---- */

struct out_level {
    const ProtobufCMessage *m;
    json_t *object; /* borrowed: its parent owns it, the root is the caller's */
    unsigned field; /* index of the next */
    json_t *array;  /* of the repeated field under way, borrowed */
    size_t element; /* index of the next */
};

struct out_walk {
    struct out_level level[LIMIT_WIRE_DEPTH];
    size_t depth;
    struct fault *fault;
};

enum status
json_fault_memory(struct fault *f)
{
    return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "内存不足，无法转换 JSON。");
}

/* Puts child where the current field belongs; steals the reference. */
static enum status
out_place(struct out_walk *w, const ProtobufCFieldDescriptor *f, json_t *child)
{
    struct out_level *top = &w->level[w->depth - 1];
    if (child == NULL) {
        return fault_set(w->fault, STATUS_INTERNAL, "JSON_VALUE",
                         "字段 %s 的值无法写成 JSON（编码无效、取值未定义或内存不足）。", f->name);
    }
    int rv = top->array != NULL ? json_array_append_new(top->array, child)
                                : json_object_set_new(top->object, f->name, child);
    return rv == 0 ? STATUS_OK : json_fault_memory(w->fault);
}

static enum status
out_push(struct out_walk *w, const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
    json_t *object = json_object();
    enum status st = object == NULL ? json_fault_memory(w->fault) : out_place(w, f, object);
    if (st == STATUS_OK) {
        assert(w->depth < LIMIT_WIRE_DEPTH); /* wire_descriptor_check has seen the type */
        w->level[w->depth++] = (struct out_level){.m = m, .object = object};
    }
    return st;
}

/* One value of the field, at its place in memory. */
static enum status
out_value(struct out_walk *w, const ProtobufCFieldDescriptor *f, const void *at)
{
    if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
        return out_place(w, f, json_from_scalar(f, at));
    }
    const ProtobufCMessage *m = NULL;
    memcpy(&m, at, sizeof m);
    return out_push(w, f, m);
}

/* One step in a repeated field: the array itself, an element, or its end. */
static enum status
out_repeated(struct out_walk *w, struct out_level *top, const ProtobufCFieldDescriptor *f)
{
    size_t n = 0;
    const unsigned char *items = NULL;
    memcpy(&n, json_member(top->m, f->quantifier_offset), sizeof n);
    memcpy(&items, json_member(top->m, f->offset), sizeof items);
    if (top->array == NULL) {
        json_t *array = json_array();
        enum status st = out_place(w, f, array);
        top->array = array;
        return st;
    }
    if (top->element == n) {
        top->array = NULL;
        top->element = 0;
        top->field++;
        return STATUS_OK;
    }
    size_t i = top->element++;
    return out_value(w, f, items + i * json_element_size(f));
}

static enum status
out_step(struct out_walk *w)
{
    struct out_level *top = &w->level[w->depth - 1];
    if (top->field == top->m->descriptor->n_fields) {
        w->depth--;
        return STATUS_OK;
    }
    const ProtobufCFieldDescriptor *f = &top->m->descriptor->fields[top->field];
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        return out_repeated(w, top, f);
    }
    top->field++;
    return is_present(top->m, f) ? out_value(w, f, json_member(top->m, f->offset)) : STATUS_OK;
}

enum status
json_from_message(const ProtobufCMessage *message, json_t **ret_json, struct fault *f)
{
    struct out_walk w = {.depth = 1, .fault = f};
    json_t *root = json_object();
    if (root == NULL) {
        return json_fault_memory(f);
    }
    w.level[0] = (struct out_level){.m = message, .object = root};
    enum status st = STATUS_OK;
    while (st == STATUS_OK && w.depth > 0) {
        st = out_step(&w);
    }
    if (st != STATUS_OK) {
        json_decref(root);
        return st;
    }
    *ret_json = root;
    return STATUS_OK;
}

enum status
json_print_message(struct arena *a, const ProtobufCMessage *message, bool pretty,
                   const char **ret_text, struct fault *f)
{
    json_t *json = NULL;
    enum status st = json_from_message(message, &json, f);
    if (st != STATUS_OK) {
        return st;
    }
    size_t layout = pretty ? JSON_INDENT(2) : JSON_COMPACT;
    char *text = json_dumps(json, layout | JSON_REAL_PRECISION(17));
    json_decref(json);
    char *copy = arena_strdup(a, text);
    free(text);
    if (copy == NULL) {
        return json_fault_memory(f);
    }
    *ret_text = copy;
    return STATUS_OK;
}
