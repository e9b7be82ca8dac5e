/* Describe, the reading half: the wire format, the files of a set, comments found by path. */
#include "server/handler/describe.h"

#include <string.h>

#define PACKAGE "rectify.v1"

extern const unsigned char rectify_descriptor_set[];
extern const unsigned char rectify_descriptor_set_end[];

/* Field numbers of google/protobuf/descriptor.proto. In the three kinds of things we keep, members
 * (methods, fields, values) have the same number, and so have their names. */
enum {
    SET_FILE = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    FILE_SOURCE_INFO = 9,
    SOURCE_LOCATION = 1,
    LOCATION_PATH = 1,
    LOCATION_COMMENT = 3,
    ANY_NAME = 1,
    ANY_MEMBER = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    METHOD_INPUT = 2,
    METHOD_OUTPUT = 3,
    MEMBER_NUMBER = 3, /* a field's */
    VALUE_NUMBER = 2,  /* an enum value's */
    FIELD_LABEL = 4,
    FIELD_TYPE = 5,
    FIELD_TYPE_NAME = 6,
};

enum { PATH_MAX_DEPTH = 4, NO_MEMBER = UINT32_MAX };

/* ---- the wire format ---- */

struct piece {
    const unsigned char *at;
    const unsigned char *end;
    bool bad; /* what followed was not well-formed; nothing more comes */
};

struct wire_field {
    uint32_t no;
    uint64_t number;    /* of a varint */
    struct piece bytes; /* of a length-delimited field; else empty */
};

static uint64_t
varint_next(struct piece *p)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && p->at < p->end; shift += 7) {
        unsigned char c = *p->at++;
        value |= (uint64_t)(c & 0x7FU) << shift;
        if (c < 0x80U) {
            return value;
        }
    }
    p->bad = true;
    return 0;
}

/* False at the end, and when the bytes are bad. */
static bool
field_next(struct piece *p, struct wire_field *ret)
{
    if (p->bad || p->at == p->end) {
        return false;
    }
    uint64_t tag = varint_next(p);
    *ret = (struct wire_field){.no = (uint32_t)(tag >> 3)};
    uint64_t skip = 0;
    switch (tag & 7U) {
    case 0:
        ret->number = varint_next(p);
        break;
    case 1:
        skip = 8;
        break;
    case 2:
        skip = varint_next(p);
        break;
    case 5:
        skip = 4;
        break;
    default:
        p->bad = true;
    }
    if (p->bad || skip > (uint64_t)(p->end - p->at)) {
        p->bad = true;
        return false;
    }
    if ((tag & 7U) == 2) {
        ret->bytes = (struct piece){p->at, p->at + skip, false};
    }
    p->at += skip;
    return true;
}

/* The last field of that number; a zeroed one when there is none. */
static struct wire_field
field_get(struct piece p, uint32_t no)
{
    struct wire_field found = {0};
    struct wire_field f;
    while (field_next(&p, &f)) {
        if (f.no == no) {
            found = f;
        }
    }
    return found;
}

/* ---- reading a file ---- */

/* The comment above thing `thing` of the file's field `top`, or above its member `member`. */
struct comment {
    uint32_t top, thing, member;
    struct piece text;
};

struct reader {
    struct arena *arena;
    struct describe_list *list;
    struct comment *comments; /* of the file at hand */
    size_t count;
    size_t capacity;
    struct fault *fault;
};

static enum status
no_memory(struct fault *f)
{
    return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                     "接口说明太大，超出单次请求的内存上限。");
}

static enum status
malformed(struct fault *f)
{
    return fault_set(f, STATUS_DATA_LOSS, "DESCRIPTOR_MALFORMED",
                     "程序内置的接口说明已损坏：请重新安装服务程序。");
}

static const char *
text_of(struct arena *a, struct piece p)
{
    return arena_strndup(a, p.at == NULL ? "" : (const char *)p.at, (size_t)(p.end - p.at));
}

/* protoc keeps the blank behind each line's slashes and the last newline; we keep neither. */
static const char *
prose_of(struct arena *a, struct piece p)
{
    char *out = arena_strndup(a, p.at == NULL ? "" : (const char *)p.at, (size_t)(p.end - p.at));
    if (out == NULL) {
        return NULL;
    }
    char *to = out;
    bool line_start = true;
    for (const char *from = out; *from != '\0'; from++) {
        if (!(line_start && *from == ' ')) {
            *to++ = *from;
        }
        line_start = *from == '\n';
    }
    while (to > out && (to[-1] == '\n' || to[-1] == ' ')) {
        to--;
    }
    *to = '\0';
    return out;
}

static enum status
comment_add(struct reader *r, struct piece location)
{
    struct piece path = field_get(location, LOCATION_PATH).bytes;
    struct piece text = field_get(location, LOCATION_COMMENT).bytes;
    uint64_t steps[PATH_MAX_DEPTH] = {0};
    size_t depth = 0;
    while (path.at < path.end && depth < PATH_MAX_DEPTH && !path.bad) {
        steps[depth++] = varint_next(&path);
    }
    bool member = depth == 4 && steps[2] == ANY_MEMBER;
    if (path.bad) {
        return malformed(r->fault);
    }
    if (text.at == NULL || path.at != path.end || !(depth == 2 || member)) {
        return STATUS_OK;
    }
    struct comment *c =
        arena_grow(r->arena, (void **)&r->comments, r->count, &r->capacity, sizeof *c);
    if (c == NULL) {
        return no_memory(r->fault);
    }
    *c = (struct comment){(uint32_t)steps[0], (uint32_t)steps[1],
                          member ? (uint32_t)steps[3] : NO_MEMBER, text};
    r->count++;
    return STATUS_OK;
}

static enum status
comments_read(struct reader *r, struct piece file)
{
    struct piece info = field_get(file, FILE_SOURCE_INFO).bytes;
    struct wire_field f;
    r->count = 0;
    while (field_next(&info, &f)) {
        enum status s = f.no == SOURCE_LOCATION ? comment_add(r, f.bytes) : STATUS_OK;
        if (s != STATUS_OK) {
            return s;
        }
    }
    return info.bad ? malformed(r->fault) : STATUS_OK;
}

static struct piece
comment_find(const struct reader *r, uint32_t top, uint32_t thing, uint32_t member)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct comment *c = &r->comments[i];
        if (c->top == top && c->thing == thing && c->member == member) {
            return c->text;
        }
    }
    return (struct piece){0};
}

/* "rectify.v1.Measure" for ".rectify.v1.Measure"; the short form drops our package too. */
static const char *
type_name(struct arena *a, struct piece p, bool shorten)
{
    const char *name = text_of(a, p);
    if (name == NULL) {
        return NULL;
    }
    name += *name == '.';
    return shorten && strncmp(name, PACKAGE ".", strlen(PACKAGE ".")) == 0
               ? name + strlen(PACKAGE ".")
               : name;
}

static const char *
field_type(struct arena *a, struct piece field)
{
    static const char *const labels[] = {"?", "optional", "required", "repeated"};
    static const char *const types[] = {"?",        "double",   "float",   "int64",  "uint64",
                                        "int32",    "fixed64",  "fixed32", "bool",   "string",
                                        "group",    "?",        "bytes",   "uint32", "?",
                                        "sfixed32", "sfixed64", "sint32",  "sint64"};
    uint64_t label = field_get(field, FIELD_LABEL).number;
    uint64_t type = field_get(field, FIELD_TYPE).number;
    struct piece named = field_get(field, FIELD_TYPE_NAME).bytes;
    const char *text = named.at != NULL                        ? type_name(a, named, true)
                       : type < sizeof types / sizeof types[0] ? types[type]
                                                               : "?";
    return text == NULL
               ? NULL
               : arena_printf(a, "%s %s",
                              labels[label < sizeof labels / sizeof labels[0] ? label : 0], text);
}

static enum status
item_add(struct reader *r, const struct describe_item *item)
{
    if (item->name == NULL || item->label == NULL || item->prose == NULL || item->type == NULL ||
        item->reply == NULL) {
        return no_memory(r->fault);
    }
    struct describe_item *place = arena_grow(r->arena, (void **)&r->list->items, r->list->count,
                                             &r->list->capacity, sizeof *place);
    if (place == NULL) {
        return no_memory(r->fault);
    }
    *place = *item;
    r->list->count++;
    return STATUS_OK;
}

static enum describe_kind
kind_of(uint32_t top, bool member)
{
    switch (top) {
    case FILE_SERVICE:
        return member ? DESCRIBE_METHOD : DESCRIBE_SERVICE;
    case FILE_ENUM:
        return member ? DESCRIBE_VALUE : DESCRIBE_ENUM;
    default:
        return member ? DESCRIBE_FIELD : DESCRIBE_MESSAGE;
    }
}

static enum status
member_read(struct reader *r, uint32_t top, const char *parent, struct piece bytes,
            struct piece comment)
{
    const char *label = text_of(r->arena, field_get(bytes, ANY_NAME).bytes);
    struct describe_item item = {
        .kind = kind_of(top, true),
        .name = arena_printf(r->arena, "%s%c%s", parent, top == FILE_SERVICE ? '/' : '.',
                             label == NULL ? "" : label),
        .label = label,
        .prose = prose_of(r->arena, comment),
        .type = "",
        .reply = "",
    };
    if (item.kind == DESCRIBE_METHOD) {
        item.type = type_name(r->arena, field_get(bytes, METHOD_INPUT).bytes, false);
        item.reply = type_name(r->arena, field_get(bytes, METHOD_OUTPUT).bytes, false);
    } else if (item.kind == DESCRIBE_FIELD) {
        item.type = field_type(r->arena, bytes);
        item.number = (int32_t)field_get(bytes, MEMBER_NUMBER).number;
    } else {
        item.number = (int32_t)field_get(bytes, VALUE_NUMBER).number;
    }
    return item_add(r, &item);
}

/* A service, message or enum with its members. */
static enum status
thing_read(struct reader *r, uint32_t top, uint32_t index, struct piece bytes)
{
    const char *label = text_of(r->arena, field_get(bytes, ANY_NAME).bytes);
    struct describe_item item = {
        .kind = kind_of(top, false),
        .name = arena_printf(r->arena, PACKAGE ".%s", label == NULL ? "" : label),
        .label = label,
        .prose = prose_of(r->arena, comment_find(r, top, index, NO_MEMBER)),
        .type = "",
        .reply = "",
    };
    enum status s = item_add(r, &item);
    struct wire_field f;
    uint32_t member = 0;
    while (s == STATUS_OK && field_next(&bytes, &f)) {
        if (top == FILE_MESSAGE && (f.no == MESSAGE_NESTED || f.no == MESSAGE_ENUM)) {
            return fault_set(r->fault, STATUS_UNIMPLEMENTED, "DESCRIPTOR_NESTED",
                             "消息 %s 内部声明了类型（map 和 group 也是）：本接口不允许这样写。",
                             item.name);
        }
        if (f.no == ANY_MEMBER) {
            s = member_read(r, top, item.name, f.bytes, comment_find(r, top, index, member));
            member++;
        }
    }
    return s == STATUS_OK && bytes.bad ? malformed(r->fault) : s;
}

static enum status
file_read(struct reader *r, struct piece file)
{
    struct piece package = field_get(file, FILE_PACKAGE).bytes;
    size_t n = (size_t)(package.end - package.at);
    if (n != strlen(PACKAGE) || memcmp(package.at, PACKAGE, n) != 0) {
        return STATUS_OK;
    }
    uint32_t seen[FILE_SERVICE + 1] = {0};
    struct wire_field f;
    enum status s = comments_read(r, file);
    while (s == STATUS_OK && field_next(&file, &f)) {
        if (f.no == FILE_MESSAGE || f.no == FILE_ENUM || f.no == FILE_SERVICE) {
            s = thing_read(r, f.no, seen[f.no]++, f.bytes);
        }
    }
    return s == STATUS_OK && file.bad ? malformed(r->fault) : s;
}

enum status
describe_read(const unsigned char *bytes, size_t size, struct arena *a,
              struct describe_list *ret_list, struct fault *f)
{
    struct describe_list list = {0};
    struct reader r = {.arena = a, .list = &list, .fault = f};
    struct piece set = {bytes, bytes + size, false};
    struct wire_field field;
    while (field_next(&set, &field)) {
        enum status s = field.no == SET_FILE ? file_read(&r, field.bytes) : STATUS_OK;
        if (s != STATUS_OK) {
            return s;
        }
    }
    if (set.bad || list.count == 0) {
        return malformed(f);
    }
    *ret_list = list;
    return STATUS_OK;
}

const unsigned char *
describe_set(size_t *ret_size)
{
    *ret_size = (size_t)(rectify_descriptor_set_end - rectify_descriptor_set);
    return rectify_descriptor_set;
}
