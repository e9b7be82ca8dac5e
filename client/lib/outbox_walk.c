/* What a message names, by its descriptors: ids, things, and the versions of things. Pure. */
#include "client/lib/outbox_impl.h"

#include <string.h>

/* A message inside a message, and the inspection that it or one around it names. */
struct node {
    ProtobufCMessage *message;
    const char *inspection;
};

struct nodes {
    struct arena *a;
    void *items; /* of struct node */
    size_t count;
    size_t capacity;
};

static void *
field_place(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

static void *
quantifier_place(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->quantifier_offset;
}

/* Is it the arm of its oneof that is set? */
static bool
is_unset_arm(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
           *(uint32_t *)quantifier_place(message, field) != field->id;
}

static bool
node_add(struct nodes *nodes, ProtobufCMessage *message, const char *inspection)
{
    struct node *node =
        arena_grow(nodes->a, &nodes->items, nodes->count, &nodes->capacity, sizeof *node);
    if (node == NULL) {
        return false;
    }
    *node = (struct node){.message = message, .inspection = inspection};
    nodes->count++;
    return true;
}

/* The elements of a pointer field: one or many. */
static void **
pointers(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t *ret_count)
{
    void **place = field_place(message, field);
    *ret_count = 0;
    if (is_unset_arm(message, field)) {
        return NULL;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *ret_count = *(size_t *)quantifier_place(message, field);
        return *(void ***)place;
    }
    *ret_count = *place != NULL ? 1 : 0;
    return place;
}

/* The first string of a field of that name; NULL when there is none. */
static const char *
text_of(ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    size_t n = 0;
    if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING ||
        field->label == PROTOBUF_C_LABEL_REPEATED) {
        return NULL;
    }
    void **place = pointers(message, field, &n);
    const char *text = n > 0 ? *place : NULL;
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The number of a field of that name, when it is said. */
static int64_t *
number_of(ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL || field->type != PROTOBUF_C_TYPE_INT64 ||
        field->label != PROTOBUF_C_LABEL_OPTIONAL ||
        (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ||
        *(protobuf_c_boolean *)quantifier_place(message, field) == 0) {
        return NULL;
    }
    return field_place(message, field);
}

static bool
children_add(struct nodes *nodes, ProtobufCMessage *message, const char *inspection)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        size_t n = 0;
        if (d->fields[i].type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        void **children = pointers(message, &d->fields[i], &n);
        for (size_t k = 0; k < n; k++) {
            if (!node_add(nodes, children[k], inspection)) {
                return false;
            }
        }
    }
    return true;
}

/* The message and all messages in it, outer ones first. */
static enum status
nodes_list(struct arena *a, ProtobufCMessage *message, struct nodes *ret_nodes, struct fault *f)
{
    struct nodes nodes = {.a = a};
    bool fits = node_add(&nodes, message, "");
    for (size_t i = 0; fits && i < nodes.count; i++) {
        struct node *node = (struct node *)nodes.items + i;
        const char *own = text_of(node->message, "inspection");
        node->inspection = own != NULL ? own : node->inspection;
        fits = children_add(&nodes, node->message, node->inspection);
    }
    if (!fits) {
        return fault_memory(f);
    }
    *ret_nodes = nodes;
    return STATUS_OK;
}

/* ---- ids ---- */

struct fields {
    void *items; /* of char ** */
    size_t count;
    size_t capacity;
};

static bool
ids_add(struct arena *a, ProtobufCMessage *message, struct fields *fields)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        size_t n = 0;
        if (d->fields[i].type != PROTOBUF_C_TYPE_STRING) {
            continue;
        }
        char **texts = (char **)pointers(message, &d->fields[i], &n);
        for (size_t k = 0; k < n; k++) {
            if (!uuid_text_valid(texts[k])) {
                continue;
            }
            char ***place =
                arena_grow(a, &fields->items, fields->count, &fields->capacity, sizeof *place);
            if (place == NULL) {
                return false;
            }
            *place = &texts[k];
            fields->count++;
        }
    }
    return true;
}

enum status
outbox_walk_ids(struct arena *a, ProtobufCMessage *message, char ****ret_fields, size_t *ret_count,
                struct fault *f)
{
    struct nodes nodes = {.a = a};
    struct fields fields = {.items = NULL};
    enum status status = nodes_list(a, message, &nodes, f);
    for (size_t i = 0; status == STATUS_OK && i < nodes.count; i++) {
        if (!ids_add(a, ((struct node *)nodes.items)[i].message, &fields)) {
            status = fault_memory(f);
        }
    }
    if (status == STATUS_OK) {
        *ret_fields = fields.items;
        *ret_count = fields.count;
    }
    return status;
}

/* ---- things ---- */

static bool
names_thing(const char *field)
{
    static const char *const names[] = {"id",   "ref",          "measure_ref", "problem_ref",
                                        "refs", "measure_refs", "measures"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
things_add(struct arena *a, ProtobufCMessage *message, struct fields *names)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        size_t n = 0;
        if (d->fields[i].type != PROTOBUF_C_TYPE_STRING || !names_thing(d->fields[i].name)) {
            continue;
        }
        char **texts = (char **)pointers(message, &d->fields[i], &n);
        for (size_t k = 0; k < n; k++) {
            const char **place =
                arena_grow(a, &names->items, names->count, &names->capacity, sizeof *place);
            if (place == NULL) {
                return false;
            }
            *place = texts[k];
            names->count++;
        }
    }
    return true;
}

enum status
outbox_walk_things(struct arena *a, ProtobufCMessage *message, const char ***ret_names,
                   size_t *ret_count, struct fault *f)
{
    struct nodes nodes = {.a = a};
    struct fields names = {.items = NULL};
    enum status status = nodes_list(a, message, &nodes, f);
    for (size_t i = 0; status == STATUS_OK && i < nodes.count; i++) {
        if (!things_add(a, ((struct node *)nodes.items)[i].message, &names)) {
            status = fault_memory(f);
        }
    }
    if (status == STATUS_OK) {
        *ret_names = names.items;
        *ret_count = names.count;
    }
    return status;
}

/* ---- versions ---- */

/* A version in a message belongs to the thing that the same message names. */
static const char *const named_by[] = {"ref", "id", "measure_ref", NULL};
static const char *const measure_by[] = {"measure_ref", NULL};
static const struct {
    const char *version;
    const char *const *names;
} version_fields[] = {{"expected_version", named_by}, {"measure_version", measure_by}};

struct slots {
    void *items; /* of struct outbox_slot */
    size_t count;
    size_t capacity;
};

/* names: of the fields that may name the thing, the first that is said does. */
static bool
slot_add(struct arena *a, struct slots *slots, const struct node *node, const char *const *names,
         int64_t *version)
{
    const char *name = NULL;
    const char *by = NULL;
    for (size_t i = 0; name == NULL && names[i] != NULL; i++) {
        by = names[i];
        name = text_of(node->message, by);
    }
    if (name == NULL || version == NULL) {
        return true;
    }
    struct outbox_slot *slot =
        arena_grow(a, &slots->items, slots->count, &slots->capacity, sizeof *slot);
    if (slot == NULL) {
        return false;
    }
    *slot = (struct outbox_slot){
        .name = name, .by = by, .inspection = node->inspection, .version = version};
    slots->count++;
    return true;
}

enum status
outbox_walk_slots(struct arena *a, ProtobufCMessage *message, int64_t *envelope_version,
                  struct outbox_slot **ret_slots, size_t *ret_count, struct fault *f)
{
    struct nodes nodes = {.a = a};
    struct slots slots = {.items = NULL};
    enum status status = nodes_list(a, message, &nodes, f);
    if (status != STATUS_OK) {
        return status;
    }
    const struct node *all = nodes.items;
    bool fits = slot_add(a, &slots, &all[0], named_by, envelope_version);
    for (size_t i = 0; fits && i < nodes.count; i++) {
        for (size_t k = 0; fits && k < sizeof version_fields / sizeof version_fields[0]; k++) {
            fits = slot_add(a, &slots, &all[i], version_fields[k].names,
                            number_of(all[i].message, version_fields[k].version));
        }
    }
    if (!fits) {
        return fault_memory(f);
    }
    *ret_slots = slots.items;
    *ret_count = slots.count;
    return STATUS_OK;
}

enum status
outbox_walk_made(struct arena *a, ProtobufCMessage *reply, struct outbox_made **ret_made,
                 size_t *ret_count, struct fault *f)
{
    struct nodes nodes = {.a = a};
    void *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    enum status status = nodes_list(a, reply, &nodes, f);
    for (size_t i = 0; status == STATUS_OK && i < nodes.count; i++) {
        const struct node *node = (const struct node *)nodes.items + i;
        const char *ref = text_of(node->message, "ref");
        const char *id = text_of(node->message, "id");
        const int64_t *version = number_of(node->message, "version");
        if (version == NULL || (ref == NULL && id == NULL)) {
            continue;
        }
        struct outbox_made *made = arena_grow(a, &items, count, &capacity, sizeof *made);
        if (made == NULL) {
            return fault_memory(f);
        }
        *made = (struct outbox_made){
            .ref = ref, .id = id, .inspection = node->inspection, .version = *version};
        count++;
    }
    if (status == STATUS_OK) {
        *ret_made = items;
        *ret_count = count;
    }
    return status;
}
