/* Tenants: codes to ids, read from the database rarely. */
#include "server/dispatch/internal.h"

#include "proto/base/now.h"
#include "server/store/tenant.h"

#include <stdlib.h>
#include <string.h>

struct tenant *
tenants_find(struct tenants *t, const char *code)
{
    pthread_mutex_lock(&t->lock);
    struct tenant *found = t->first;
    while (found != NULL && strcmp(found->code, code) != 0) {
        found = found->next;
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

struct tenant *
tenants_find_id(struct tenants *t, int id)
{
    pthread_mutex_lock(&t->lock);
    struct tenant *found = t->first;
    while (found != NULL && found->id != id) {
        found = found->next;
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

static void
tenants_merge(struct tenants *t, const struct tenant_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct tenant_record *r = &list->items[i];
        if (tenants_find_id(t, r->id) != NULL || strlen(r->code) > LIMIT_TENANT_BYTES) {
            continue;
        }
        struct tenant *fresh = calloc(1, sizeof *fresh);
        if (fresh == NULL) {
            return;
        }
        fresh->id = r->id;
        memcpy(fresh->code, r->code, strlen(r->code) + 1);
        fresh->utc_offset_min = r->utc_offset_min;
        fresh->unsealed = true; /* what an earlier run left behind */
        pthread_mutex_lock(&t->lock);
        fresh->next = t->first;
        t->first = fresh;
        pthread_mutex_unlock(&t->lock);
    }
}

enum status
tenants_read(struct tenants *t, struct db *db, bool force, struct fault *fault)
{
    int64_t now = now_steady_ms();
    pthread_mutex_lock(&t->lock);
    bool due = force || now - t->read_ms >= TENANT_REREAD_MS;
    if (due) {
        t->read_ms = now;
    }
    pthread_mutex_unlock(&t->lock);
    if (!due) {
        return STATUS_OK;
    }
    struct arena a;
    struct tenant_list list = {0};
    int owner = 0;
    arena_init(&a, LIMIT_FRAME_BYTES);
    struct db_queue *q = db_queue_new(&a);
    enum status s = q == NULL ? fault_memory(fault) : tenant_queue_all(q, &list);
    if (s == STATUS_OK) {
        s = db_run(db, q, &owner, fault);
    }
    if (s == STATUS_OK) {
        tenants_merge(t, &list);
    }
    arena_release(&a);
    return s;
}

enum status
tenants_know(struct tenants *t, struct db *db, const char *code, struct fault *fault)
{
    if (code == NULL || code[0] == '\0' || tenants_find(t, code) != NULL) {
        return STATUS_OK;
    }
    return tenants_read(t, db, false, fault);
}

void
tenants_head_set(struct tenants *t, struct tenant *tenant, const struct ledger_head *head)
{
    pthread_mutex_lock(&t->lock);
    if (!tenant->has_head || tenant->head.size < head->size) {
        tenant->head = *head;
        tenant->has_head = true;
    }
    pthread_mutex_unlock(&t->lock);
}

bool
tenants_head_get(struct tenants *t, struct tenant *tenant, struct ledger_head *ret_head)
{
    pthread_mutex_lock(&t->lock);
    bool known = tenant->has_head;
    if (known) {
        *ret_head = tenant->head;
    }
    pthread_mutex_unlock(&t->lock);
    return known;
}

void
tenants_release(struct tenants *t)
{
    while (t->first != NULL) {
        struct tenant *next = t->first->next;
        free(t->first);
        t->first = next;
    }
}
