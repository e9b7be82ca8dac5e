#include "server/service/trial.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCRATCH_BYTES = 65536,
    EVERYWHERE = ROLE_OFFICE | ROLE_LGROUP | ROLE_DISC | ROLE_ORGD,
};

struct trial_listener {
    const struct listener_record *seat;
    size_t account; /* index into the counts */
};

/* ---- who listens ---- */

/* Seats that hear wherever they are stand first; the others by their org. */
static int
compare_listeners(const void *left, const void *right)
{
    const struct trial_listener *a = left;
    const struct trial_listener *b = right;
    bool a_all = (a->seat->roles & EVERYWHERE) != 0;
    bool b_all = (b->seat->roles & EVERYWHERE) != 0;
    return a_all != b_all ? b_all - a_all : strcmp(a->seat->org_id, b->seat->org_id);
}

static int
compare_hashes(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

enum status
trial_begin(struct trial *t, const struct listener_list *listeners)
{
    t->listeners = arena_array(t->arena, listeners->count + 1, sizeof *t->listeners);
    t->accounts.items = arena_array(t->arena, listeners->count + 1, sizeof *t->accounts.items);
    t->heard = arena_array(t->arena, listeners->count + 1, sizeof *t->heard);
    if (t->listeners == NULL || t->accounts.items == NULL || t->heard == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < listeners->count; i++) {
        const struct listener_record *l = &listeners->items[i];
        if (i == 0 || strcmp(l->account_id, l[-1].account_id) != 0) {
            t->accounts.items[t->accounts.count++].name = l->account;
        }
        t->listeners[i] = (struct trial_listener){l, t->accounts.count - 1};
    }
    t->listener_count = listeners->count;
    if (t->listener_count > 0) {
        qsort(t->listeners, t->listener_count, sizeof *t->listeners, compare_listeners);
    }
    if (t->known->count > 0) {
        qsort(t->known->items, t->known->count, sizeof *t->known->items, compare_hashes);
    }
    return STATUS_OK;
}

static int32_t
hear(struct trial *t, const struct alert_plan *p, const struct trial_listener *l)
{
    if (t->heard[l->account] == t->alerts || !alert_hears(p, l->seat)) {
        return 0;
    }
    t->heard[l->account] = t->alerts;
    t->accounts.items[l->account].alerts++;
    return 1;
}

static int32_t
hear_org(struct trial *t, const struct alert_plan *p, size_t from, const char *org_id)
{
    size_t low = from;
    size_t high = t->listener_count;
    int32_t n = 0;
    while (org_id != NULL && low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(t->listeners[middle].seat->org_id, org_id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; org_id != NULL && low < t->listener_count &&
           strcmp(t->listeners[low].seat->org_id, org_id) == 0;
         low++) {
        n += hear(t, p, &t->listeners[low]);
    }
    return n;
}

static int32_t
recipients_of(struct trial *t, const struct alert_plan *p)
{
    size_t everywhere = 0;
    int32_t n = 0;
    while (everywhere < t->listener_count &&
           (t->listeners[everywhere].seat->roles & EVERYWHERE) != 0) {
        n += hear(t, p, &t->listeners[everywhere++]);
    }
    if (p->table != NULL) { /* any of several leaders: tables are few */
        for (size_t i = everywhere; i < t->listener_count; i++) {
            n += hear(t, p, &t->listeners[i]);
        }
        return n;
    }
    n += hear_org(t, p, everywhere, p->unit_id);
    if (p->watch != NULL) {
        n += hear_org(t, p, everywhere, p->watch->lead_id);
        n += hear_org(t, p, everywhere, p->watch->leader_id);
        n += hear_org(t, p, everywhere, p->watch->sgroup_id);
    }
    return p->matter == NULL ? n : n + hear_org(t, p, everywhere, p->matter->holder_id);
}

/* ---- counts ---- */

/* The unit's count; units stay sorted by name. */
static struct trial_count *
count_of_unit(struct trial *t, const char *name)
{
    struct trial_counts *list = &t->units;
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->items[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < list->count && strcmp(list->items[low].name, name) == 0) {
        return &list->items[low];
    }
    const char *own = arena_strdup(t->arena, name);
    if (own == NULL || arena_grow(t->arena, (void **)&list->items, list->count, &list->capacity,
                                  sizeof *list->items) == NULL) {
        return NULL;
    }
    memmove(&list->items[low + 1], &list->items[low], (list->count - low) * sizeof *list->items);
    list->items[low] = (struct trial_count){.name = own};
    list->count++;
    return &list->items[low];
}

static bool
is_known(const struct trial *t, const char *key)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    uint64_t first = 0;
    crypto_hash_sha256(hash, (const unsigned char *)key, strlen(key));
    for (int i = 0; i < 8; i++) {
        first = first << 8U | hash[i];
    }
    return t->known->count > 0 &&
           bsearch(&first, t->known->items, t->known->count, sizeof first, compare_hashes) != NULL;
}

/* Most serious first: a higher level, then fewer days left. */
static bool
more_serious(const struct trial_example *a, int level, int32_t days_left)
{
    return a->level != level ? a->level > level : a->days_left < days_left;
}

static enum status
keep_example(struct trial *t, const struct alert_plan *p, const char *subject, int32_t recipients)
{
    struct trial_example *slot = NULL;
    if (t->example_count < t->example_limit) {
        slot = &t->examples[t->example_count++];
    } else {
        for (size_t i = 0; i < t->example_count; i++) {
            const struct trial_example *e = &t->examples[i];
            if (slot == NULL || more_serious(slot, e->level, e->days_left)) {
                slot = &t->examples[i]; /* the least serious */
            }
        }
        if (slot == NULL || !more_serious(&(struct trial_example){.level = p->alert.level,
                                                                  .days_left = p->alert.days_left},
                                          slot->level, slot->days_left)) {
            return STATUS_OK;
        }
    }
    *slot = (struct trial_example){
        .level = p->alert.level,
        .subject_ref = arena_strdup(t->arena, p->alert.subject_ref),
        .subject = subject,
        .trigger = p->alert.trigger,
        .org = arena_strdup(t->arena, p->alert.org),
        .days_left = p->alert.days_left,
        .recipients = recipients,
        .direct = p->alert.direct,
    };
    return slot->subject_ref == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
count_plan(struct trial *t, const struct alert_plan *p, const char *subject)
{
    struct trial_count *unit = count_of_unit(t, p->alert.org == NULL ? "" : p->alert.org);
    if (unit == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    t->alerts++;
    t->levels[p->alert.level]++;
    unit->alerts++;
    int32_t n = recipients_of(t, p);
    if (is_known(t, p->alert.key)) {
        return STATUS_OK;
    }
    t->fresh[p->alert.level]++;
    unit->fresh++;
    t->deliveries += n;
    return keep_example(t, p, subject, n);
}

/* One thing, by a case of its own. */
static enum status
try_case(struct trial *t, struct alert_case *c, const char *subject)
{
    struct arena scratch;
    struct alert_plan_list plans = {0};
    arena_init(&scratch, SCRATCH_BYTES);
    t->things++;
    enum status s = alert_plans(c, &scratch, &plans);
    for (size_t i = 0; s == STATUS_OK && i < plans.count; i++) {
        s = count_plan(t, &plans.items[i], subject);
    }
    arena_release(&scratch);
    return s;
}

static const struct watch_list no_dates;
static const struct owed_list no_tables;
static const struct matter_watch_list no_matters;

static struct alert_case
empty_case(const struct trial *t)
{
    struct alert_case c = t->base;
    c.watched = &no_dates;
    c.owed = &no_tables;
    c.matters = &no_matters;
    c.things = NULL;
    return c;
}

enum status
trial_row(void *trial, const struct watch_record *w)
{
    struct trial *t = trial;
    struct alert_case c = empty_case(t);
    struct watch_record own = *w;
    const struct watch_list one = {&own, 1, 1};
    c.watched = &one;
    return try_case(t, &c, ladder_subject_name(w->subject));
}

enum status
trial_table(struct trial *t, const struct owed_record *table)
{
    struct alert_case c = empty_case(t);
    struct owed_record own = *table;
    const struct owed_list one = {&own, 1, 1};
    c.owed = &one;
    return try_case(t, &c, ladder_subject_name(LADDER_TABLE));
}

enum status
trial_matter(struct trial *t, const struct owed_matter *m)
{
    struct alert_case c = empty_case(t);
    struct owed_matter own = *m;
    const struct matter_watch_list one = {&own, 1, 1};
    c.matters = &one;
    return try_case(t, &c, ladder_subject_name(alert_watch_of_matter(m).subject));
}

/* ---- the end ---- */

static int
compare_counts(const void *left, const void *right)
{
    const struct trial_count *a = left;
    const struct trial_count *b = right;
    return a->alerts != b->alerts ? (b->alerts > a->alerts) - (b->alerts < a->alerts)
                                  : strcmp(a->name, b->name);
}

static int
compare_examples(const void *left, const void *right)
{
    const struct trial_example *a = left;
    const struct trial_example *b = right;
    if (a->level != b->level) {
        return b->level - a->level;
    }
    return a->days_left != b->days_left
               ? (a->days_left > b->days_left) - (a->days_left < b->days_left)
               : strcmp(a->subject_ref, b->subject_ref);
}

void
trial_end(struct trial *t)
{
    if (t->units.count > 0) {
        qsort(t->units.items, t->units.count, sizeof *t->units.items, compare_counts);
    }
    if (t->accounts.count > 0) {
        qsort(t->accounts.items, t->accounts.count, sizeof *t->accounts.items, compare_counts);
    }
    if (t->example_count > 0) {
        qsort(t->examples, t->example_count, sizeof *t->examples, compare_examples);
    }
}

static int
compare_lines(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

bool
ladder_hash(const struct ladder_rule *rules, size_t count, struct arena *a,
            unsigned char ret_sha256[32])
{
    crypto_hash_sha256_state state;
    const char **lines = arena_array(a, count + 1, sizeof *lines);
    for (size_t i = 0; i < count; i++) {
        const struct ladder_rule *r = &rules[i];
        char *line =
            arena_printf(a, "%d %d %s %d %s %d %d %" PRIu32 " %" PRIu32 "\n", r->level, r->repeat,
                         ladder_subject_name((enum ladder_subject)r->subject), r->class_mask,
                         ladder_trigger_name((enum ladder_trigger)r->trigger), r->parameter,
                         r->direct ? 1 : 0, r->recipients, r->proposals);
        if (lines == NULL || line == NULL) {
            return false;
        }
        lines[i] = line;
    }
    if (count > 0) {
        qsort(lines, count, sizeof *lines, compare_lines);
    }
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++) {
        crypto_hash_sha256_update(&state, (const unsigned char *)lines[i], strlen(lines[i]));
    }
    crypto_hash_sha256_final(&state, ret_sha256);
    return true;
}

static void
hash_line(crypto_hash_sha256_state *state, const char *name, int64_t a, int64_t b)
{
    char line[256];
    int n = snprintf(line, sizeof line, "%.180s %" PRId64 " %" PRId64 "\n", name, a, b);
    crypto_hash_sha256_update(state, (const unsigned char *)line, (unsigned long long)n);
}

void
trial_hash(const struct trial *t, unsigned char ret_sha256[32])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    hash_line(&state, "all", t->alerts, t->deliveries);
    for (int i = 1; i <= LADDER_LEVEL_MAX; i++) {
        hash_line(&state, "level", t->levels[i], t->fresh[i]);
    }
    for (size_t i = 0; i < t->units.count; i++) {
        hash_line(&state, t->units.items[i].name, t->units.items[i].alerts,
                  t->units.items[i].fresh);
    }
    crypto_hash_sha256_final(&state, ret_sha256);
}
