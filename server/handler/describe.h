/* Describe: the schema with its prose, read from the descriptor set that is compiled into the
 * program (rectify_descriptor_set, a packed google.protobuf.FileDescriptorSet with source info).
 *
 * The set is flattened into one array in the order of the files: a service is followed by its
 * methods, a message by its fields, an enum by its values. Only package rectify.v1 is kept, which
 * declares no type inside a message. It refuses to be: a compiler, or a reader of foreign sets.
 * Pure; any thread; nothing is kept between calls.
 */
#ifndef SERVER_HANDLER_DESCRIBE_H
#define SERVER_HANDLER_DESCRIBE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum describe_kind {
    DESCRIBE_SERVICE,
    DESCRIBE_METHOD,
    DESCRIBE_MESSAGE,
    DESCRIBE_FIELD,
    DESCRIBE_ENUM,
    DESCRIBE_VALUE,
};

/* One thing of the schema; its texts live in the arena it was read into, none of them is NULL. */
struct describe_item {
    enum describe_kind kind;
    const char *name;  /* "rectify.v1.MeasureService/SignFor", "rectify.v1.Measure.ref" */
    const char *label; /* the last part of name: "SignFor", "ref" */
    const char *prose; /* the comment above it, lines parted by LF; "" when there is none */
    const char *type;  /* METHOD: the request's full name; FIELD: "optional string" */
    const char *reply; /* METHOD: the reply's full name */
    int32_t number;    /* FIELD, VALUE */
};

struct describe_list {
    struct describe_item *items;
    size_t count;
    size_t capacity;
};

/* The bytes compiled in. */
const unsigned char *describe_set(size_t *ret_size);

/* Reads a set. DATA_LOSS DESCRIPTOR_MALFORMED; UNIMPLEMENTED DESCRIPTOR_NESTED for a type declared
 * inside a message (a map or a group is one); RESOURCE_EXHAUSTED when the arena is full. */
MUST_CHECK enum status describe_read(const unsigned char *bytes, size_t size, struct arena *a,
                                     struct describe_list *ret_list, struct fault *f);

/* True when name is the item's full name or its last parts ("SignFor", "MeasureService/SignFor"),
 * whatever the case. name may be NULL: false. */
bool describe_is_named(const struct describe_item *item, const char *name);

/* The item with this full name, or NULL. */
const struct describe_item *describe_find(const struct describe_list *list, const char *full_name);

/* A message or enum of the list as .proto text with its prose. NULL when the arena is full. */
char *describe_text(const struct describe_list *list, const struct describe_item *item,
                    struct arena *a);

/* Prose as one paragraph, or its first sentence alone. NULL when the arena is full. */
char *describe_paragraph(const char *prose, bool first_sentence, struct arena *a);

/* Up to three services, methods, messages or enums whose names are near, "A、B、C"; "" when none
 * is. NULL when the arena is full. */
char *describe_nearest(const struct describe_list *list, const char *name, struct arena *a);

#endif
