#include "server/store/db_internal.h"

#include "server/base/clock.h"

#include <assert.h>
#include <inttypes.h>

struct db_queue *
db_queue_new(struct arena *a)
{
    struct db_queue *q = arena_alloc(a, sizeof *q);
    if (q != NULL) {
        q->arena = a;
        q->call_arena = a;
        q->owner = -1;
    }
    return q;
}

void
db_queue_owner(struct db_queue *q, int owner)
{
    q->owner = owner;
}

void
db_queue_arena(struct db_queue *q, struct arena *a)
{
    q->call_arena = a;
}

size_t
db_queue_size(const struct db_queue *q)
{
    return q->count;
}

/* The text (or bytes) libpq is to send; false when the arena is exhausted. */
static bool
param_set(struct arena *a, const struct param *p, struct db_entry *e, int i)
{
    char *text = NULL;
    switch (p->type) {
    case PARAM_NULL:
        return true;
    case PARAM_TEXT:
        e->values[i] = p->data;
        return true;
    case PARAM_BYTES:
        e->values[i] = p->data;
        e->lengths[i] = (int)p->size;
        e->formats[i] = 1;
        return true;
    case PARAM_BOOL:
        e->values[i] = p->number != 0 ? "t" : "f";
        return true;
    case PARAM_INT:
        text = arena_printf(a, "%" PRId64, p->number);
        break;
    case PARAM_DAY:
        text = arena_alloc(a, DAY_TEXT_SIZE);
        if (text != NULL) {
            day_print((int32_t)p->number, text);
        }
        break;
    }
    e->values[i] = text;
    return text != NULL;
}

enum status
db_queue_add(struct db_queue *q, const struct statement *st, const struct param *params,
             struct db_sink sink)
{
    void *items = q->entries;
    struct db_entry *e = arena_grow(q->arena, &items, q->count, &q->capacity, sizeof *e);
    if (e == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    q->entries = items;
    size_t n = (size_t)st->params;
    *e = (struct db_entry){
        .statement = st,
        .values = arena_array(q->arena, n, sizeof *e->values),
        .lengths = arena_array(q->arena, n, sizeof *e->lengths),
        .formats = arena_array(q->arena, n, sizeof *e->formats),
        .sink = sink,
        .arena = q->call_arena,
        .owner = q->owner,
    };
    if (e->values == NULL || e->lengths == NULL || e->formats == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    for (int i = 0; i < st->params; i++) {
        if (!param_set(q->arena, &params[i], e, i)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    q->count++;
    return STATUS_OK;
}

static const struct statement scope_set = {
    .name = "scope_set",
    .sql = "SELECT set_config('rectify.tenant', $1, true), set_config('rectify.all', $2, true),"
           "       set_config('rectify.orgs', $3, true), set_config('rectify.account', $4, true),"
           "       set_config('rectify.roles', $5, true)",
    .params = 5,
};

enum status
db_queue_scope_as(struct db_queue *q, const struct db_scope *scope)
{
    assert(scope->tenant > 0);
    const char *orgs = scope->orgs == NULL ? "" : scope->orgs;
    const char *person = scope->account == NULL ? "" : scope->account;
    char *number = arena_printf(q->arena, "%d", scope->tenant);
    char *roles = arena_printf(q->arena, "%" PRIu64, scope->roles);
    char *key = arena_printf(q->arena, "%d|%d|%s|%s|%s", scope->tenant, scope->sees_all, orgs,
                             person, roles == NULL ? "" : roles);
    if (key == NULL || number == NULL || roles == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    const struct param params[] = {p_text(number), p_text(scope->sees_all ? "1" : ""), p_text(orgs),
                                   p_text(person), p_text(scope->roles == 0 ? "" : roles)};
    enum status s = db_queue_add(q, &scope_set, params, (struct db_sink){.expect = 1});
    if (s == STATUS_OK) {
        q->entries[q->count - 1].scope = key;
    }
    return s;
}

enum status
db_queue_scope(struct db_queue *q, int tenant, bool sees_all, const char *orgs_literal,
               const char *account)
{
    const struct db_scope scope = {
        .tenant = tenant, .sees_all = sees_all, .orgs = orgs_literal, .account = account};
    return db_queue_scope_as(q, &scope);
}

/* The registry's test prepares it too. */
extern const struct statement *const db_statements[];
const struct statement *const db_statements[] = {&scope_set, NULL};
