/* Where connections are found: slots by handle, lists by age, buckets by machine. */
#include "proto/rpc/server_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
conn_list_append(struct conn_list *l, struct conn *c)
{
    c->by_age = (struct conn_link){.prev = l->last};
    if (l->last != NULL) {
        l->last->by_age.next = c;
    } else {
        l->first = c;
    }
    l->last = c;
}

void
conn_list_remove(struct conn_list *l, struct conn *c)
{
    if (c->by_age.prev != NULL) {
        c->by_age.prev->by_age.next = c->by_age.next;
    } else {
        l->first = c->by_age.next;
    }
    if (c->by_age.next != NULL) {
        c->by_age.next->by_age.prev = c->by_age.prev;
    } else {
        l->last = c->by_age.prev;
    }
    c->by_age = (struct conn_link){0};
}

static struct conn **
bucket_of(struct rpc_server *s, const char *machine)
{
    uint32_t hash = 2166136261U; /* FNV-1a: ids are random already */
    for (const char *p = machine; *p != '\0'; p++) {
        hash = (hash ^ (unsigned char)*p) * 16777619U;
    }
    return &s->bucket[hash % MACHINE_BUCKETS];
}

static void
bucket_remove(struct conn *c)
{
    struct conn **at = bucket_of(c->server, c->machine);
    while (*at != c) {
        at = &(*at)->bucket_next;
    }
    *at = c->bucket_next;
    c->bucket_next = NULL;
}

static bool
slots_grow(struct rpc_server *s)
{
    uint32_t cap = s->slots_cap == 0 ? 64 : s->slots_cap * 2;
    struct conn_slot *bigger = realloc(s->slots, cap * sizeof *bigger);
    if (bigger == NULL) {
        return false;
    }
    memset(bigger + s->slots_cap, 0, (cap - s->slots_cap) * sizeof *bigger);
    s->slots = bigger;
    s->slots_cap = cap;
    return true;
}

enum status
conn_table_add(struct conn *c)
{
    struct rpc_server *s = c->server;
    uint32_t slot = 0;
    if (s->free_first != 0) {
        slot = s->free_first - 1;
        s->free_first = s->slots[slot].free_next;
    } else {
        if (s->slots_n == s->slots_cap && !slots_grow(s)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        slot = s->slots_n++;
    }
    s->slots[slot].conn = c;
    s->slots[slot].generation++;
    c->slot = slot;
    conn_list_append(&s->unauthenticated, c);
    s->counters.conn_now++;
    s->counters.conn_unauthenticated_now++;
    return STATUS_OK;
}

void
conn_table_remove(struct conn *c)
{
    struct rpc_server *s = c->server;
    s->slots[c->slot].conn = NULL;
    s->slots[c->slot].generation++;
    s->slots[c->slot].free_next = s->free_first;
    s->free_first = c->slot + 1;
    s->counters.conn_now--;
    if (c->machine[0] == '\0') {
        conn_list_remove(&s->unauthenticated, c);
        s->counters.conn_unauthenticated_now--;
    } else {
        conn_list_remove(&s->authenticated, c);
        bucket_remove(c);
    }
}

void
conn_table_authenticate(struct conn *c, const char *machine)
{
    struct rpc_server *s = c->server;
    if (c->machine[0] == '\0') {
        conn_list_remove(&s->unauthenticated, c);
        s->counters.conn_unauthenticated_now--;
        conn_list_append(&s->authenticated, c);
    } else {
        bucket_remove(c);
    }
    snprintf(c->machine, sizeof c->machine, "%s", machine);
    struct conn **bucket = bucket_of(s, c->machine);
    c->bucket_next = *bucket;
    *bucket = c;
}

struct conn *
conn_table_machine_oldest(struct rpc_server *s, const char *machine, uint32_t *ret_count)
{
    struct conn *oldest = NULL;
    uint32_t count = 0;
    for (struct conn *c = *bucket_of(s, machine); c != NULL; c = c->bucket_next) {
        if (strncmp(c->machine, machine, sizeof c->machine - 1) == 0) {
            count++;
            oldest = c; /* newest first, so the last seen is the oldest */
        }
    }
    *ret_count = count;
    return oldest;
}

struct conn *
conn_table_victim(struct rpc_server *s)
{
    struct conn *without_call = NULL;
    for (struct conn *c = s->unauthenticated.first; c != NULL; c = c->by_age.next) {
        if (!c->ready) {
            return c;
        }
        if (without_call == NULL && c->inflight == 0) {
            without_call = c;
        }
    }
    return without_call != NULL ? without_call : s->unauthenticated.first;
}
