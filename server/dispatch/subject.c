#include "server/dispatch/internal.h"

#include <string.h>

/* Keyed by nothing: a person who made collisions on purpose would only slow their own commands. */
static uint64_t
hash_bytes(uint64_t h, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h = (h ^ (unsigned char)s[i]) * 0x100000001B3ULL;
    }
    return h * 0x9E3779B97F4A7C15ULL ^ (h >> 29U);
}

void
subject_add(struct subject_set *set, const char *kind, const char *name)
{
    size_t length = name == NULL ? 0 : strnlen(name, CALL_SUBJECT_SIZE);
    uint64_t h = hash_bytes(0xCBF29CE484222325ULL, set->tenant, strlen(set->tenant));
    h = hash_bytes(h, kind, strlen(kind));
    h = hash_bytes(h, name == NULL ? "" : name, length);
    if (h == 0) {
        h = 1;
    }
    for (size_t i = 0; set->count <= 16 && i < set->count; i++) {
        if (set->hashes[i] == h) {
            return;
        }
    }
    void *items = set->hashes;
    uint64_t *place = set->count >= LIMIT_SUBJECTS ? NULL
                                                   : arena_grow(set->arena, &items, set->count,
                                                                &set->capacity, sizeof *place);
    if (place == NULL) {
        set->overflow = true;
        return;
    }
    set->hashes = items;
    *place = h;
    set->count++;
}

void
subject_alone(struct subject_set *set)
{
    set->alone = true;
}

bool
call_in_progress(const struct call *call, const char *key)
{
    struct subject_set set = {.arena = call->arena, .tenant = call->envelope->tenant};
    subject_add(&set, "key", key);
    return set.count == 1 && queues_have(&call->dispatch->queues, set.hashes[0]);
}
