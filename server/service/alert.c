#include "server/service/alert.h"

#include "server/service/alert_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- things ---- */

static int
compare_things(const void *left, const void *right)
{
    const struct watch_thing *a = left;
    const struct watch_thing *b = right;
    int order = strcmp(a->id, b->id);
    if (order != 0) {
        return order;
    }
    return (a->mark > b->mark) - (a->mark < b->mark);
}

void
alert_things_sort(struct watch_thing_list *things, size_t max)
{
    if (things->count == 0) {
        return;
    }
    qsort(things->items, things->count, sizeof *things->items, compare_things);
    size_t different = 1;
    size_t kept = 1;
    for (; kept < things->count; kept++) {
        bool again = strcmp(things->items[kept].id, things->items[kept - 1].id) == 0;
        if (!again && ++different > max) {
            break;
        }
    }
    things->count = kept;
}

/* The first of the thing's rows; NULL when it is not looked at. */
static struct watch_thing *
find_thing(const struct alert_case *c, const char *id)
{
    if (c->things == NULL) {
        return NULL;
    }
    size_t low = 0;
    size_t high = c->things->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(c->things->items[middle].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct watch_thing *t = low < c->things->count ? &c->things->items[low] : NULL;
    return t != NULL && strcmp(t->id, id) == 0 ? t : NULL;
}

static void
keep_next(const struct alert_case *c, const char *id, const struct ladder_watch *w)
{
    struct watch_thing *t = find_thing(c, id);
    if (t == NULL) {
        return;
    }
    int32_t next = ladder_next_day(c->rules, c->rule_count, w, c->calendar, c->as_of);
    if (next != NO_DATE && (t->next_day == NO_DATE || next < t->next_day)) {
        t->next_day = next;
    }
    t->open = true;
}

/* ---- what the ladder is asked ---- */

static bool
stalled(const struct watch_record *w)
{
    bool working =
        strcmp(w->state, STATE_IN_PROGRESS) == 0 || strcmp(w->state, STATE_EFFECT_REACHED) == 0;
    return working && w->unchanged_periods >= STALLED_PERIODS;
}

static bool
is_milestone(enum ladder_subject subject)
{
    return subject == LADDER_EFFECT || subject == LADDER_COMPLETE;
}

struct ladder_watch
alert_watch_of(const struct alert_case *c, const struct watch_record *w)
{
    struct ladder_watch out = ladder_watch_none(w->subject);
    out.class_ = (enum measure_class)w->class_;
    out.round = (uint32_t)w->round;
    out.days = w->days;
    if (w->subject == LADDER_SIGN) {
        int32_t assigned = day_from_instant(w->assigned_ms, c->utc_offset_min);
        out.days = due_milestone_none();
        out.days.original_due = out.days.current_due =
            calendar_add_working_days(c->calendar, assigned, SIGN_WORKING_DAYS, NULL);
    }
    if (!is_milestone(w->subject)) {
        return out;
    }
    if (w->signed_ms != 0) {
        out.start = day_from_instant(w->signed_ms, c->utc_offset_min);
    }
    out.has_progress = w->percent >= 0;
    out.progress_percent = w->percent;
    out.stalled = stalled(w);
    out.former_level4 = w->former_level4;
    memcpy(out.notice_due, w->notice_due, sizeof out.notice_due);
    out.notice_failed_level = w->notice_failed_level;
    out.false_verdict = w->false_verdict;
    return out;
}

struct ladder_watch
alert_watch_of_table(const struct owed_record *t)
{
    struct ladder_watch out = ladder_watch_none(LADDER_TABLE);
    out.days.original_due = t->duty_day;
    out.days.current_due = t->due;
    return out;
}

/* In which states a matter waits for whom. */
static const struct {
    const char *kind;
    const char *state;
    enum ladder_subject subject;
} owing[] = {
    {"consultation", "OPEN", LADDER_REPLY},      {"extension", "SUBMITTED", LADDER_REPLY},
    {"notice", "ISSUED", LADDER_TASK},           {"notice", "SIGNED_FOR", LADDER_TASK},
    {"notice", "REPLIED", LADDER_REPLY},         {"instruction", "ISSUED", LADDER_TASK},
    {"instruction", "IN_PROGRESS", LADDER_TASK}, {"instruction", "REPLIED", LADDER_REPLY},
    {"opinion", "RECEIVED", LADDER_REPLY},       {"opinion", "ASSIGNED", LADDER_TASK},
};

struct ladder_watch
alert_watch_of_matter(const struct owed_matter *m)
{
    enum ladder_subject subject = LADDER_NOTHING;
    for (size_t i = 0; i < sizeof owing / sizeof owing[0]; i++) {
        if (strcmp(owing[i].kind, m->kind) == 0 && strcmp(owing[i].state, m->state) == 0) {
            subject = owing[i].subject;
        }
    }
    struct ladder_watch out = ladder_watch_none(subject);
    out.days.original_due = out.days.current_due = m->due;
    return out;
}

/* ---- plans ---- */

/* What a key begins with: a node is known by its measure and number. */
static char *
key_id(struct arena *a, const struct watch_record *w)
{
    return w->subject == LADDER_NODE ? arena_printf(a, "%s#%d", w->measure_id, w->no)
                                     : arena_strdup(a, w->measure_id);
}

/* Dates without a version of their own are known by their day. */
static int32_t
due_version_of(const struct watch_record *w)
{
    return w->subject == LADDER_NODE || w->subject == LADDER_CHECK ? w->days.current_due
                                                                   : w->due_version;
}

/* What several plans of one thing have in common. */
struct draft {
    const struct alert_plan *base; /* everything but what the level says */
    const char *key_id;
    int32_t due_version;
    char *(*text)(struct arena *a, const struct alert_plan *base, const struct ladder_input *in,
                  enum ladder_trigger trigger);
};

static enum status
add_plans(const struct alert_case *c, const struct ladder_watch *w, const struct draft *d,
          struct arena *a, struct alert_plan_list *list)
{
    struct ladder_input in = ladder_watch_on(w, c->calendar, c->as_of);
    struct ladder_result results[LADDER_ALERTS_MAX];
    size_t n = ladder_alerts(c->rules, c->rule_count, &in, results);
    for (size_t i = 0; i < n; i++) {
        struct alert_plan *p =
            arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
        char key[LADDER_KEY_SIZE];
        if (p == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        list->count++;
        *p = *d->base;
        ladder_repeat_key(d->key_id, w->subject, results[i].level, d->due_version,
                          results[i].repeat, key);
        p->heard_by = results[i].rule->recipients;
        p->alert.key = arena_strdup(a, key);
        p->alert.level = results[i].level;
        p->alert.trigger = alert_trigger_name(&in, results[i].trigger);
        p->alert.due = in.due.current.due;
        p->alert.due_version = d->due_version;
        p->alert.days_left = in.due.current.days_left;
        p->alert.raised_ms = c->now_ms;
        p->alert.proposals = results[i].rule->proposals;
        p->alert.direct = results[i].rule->direct;
        p->alert.text = d->text(a, p, &in, results[i].trigger);
        if (p->alert.key == NULL || p->alert.text == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    return STATUS_OK;
}

static char *
watch_words(struct arena *a, const struct alert_plan *p, const struct ladder_input *in,
            enum ladder_trigger trigger)
{
    return alert_measure_text(a, p->watch, in, trigger);
}

static enum status
plan_watched(const struct alert_case *c, const struct watch_record *w, struct arena *a,
             struct alert_plan_list *list)
{
    struct ladder_watch watch = alert_watch_of(c, w);
    keep_next(c, w->measure_id, &watch);
    const struct alert_plan base = {
        .watch = w,
        .unit_id = w->unit_id,
        .alert = {.subject_kind = "MEASURE",
                  .subject_id = w->measure_id,
                  .subject_ref = w->measure_ref,
                  .milestone = is_milestone(w->subject) ? (int)w->subject : 0,
                  .org_id = w->unit_id,
                  .org = w->unit},
    };
    const struct draft d = {&base, key_id(a, w), due_version_of(w), watch_words};
    return d.key_id == NULL ? STATUS_RESOURCE_EXHAUSTED : add_plans(c, &watch, &d, a, list);
}

static char *
table_words(struct arena *a, const struct alert_plan *p, const struct ladder_input *in,
            enum ladder_trigger trigger)
{
    (void)trigger;
    return alert_table_text(a, p->table, &in->due.current);
}

static enum status
plan_table(const struct alert_case *c, const struct owed_record *t, struct arena *a,
           struct alert_plan_list *list)
{
    struct ladder_watch watch = alert_watch_of_table(t);
    keep_next(c, t->id, &watch);
    const struct alert_plan base = {
        .table = t,
        .unit_id = t->org_id,
        .alert = {.subject_kind = "TABLE",
                  .subject_id = t->id,
                  .subject_ref = arena_printf(a, "%s %s", t->org, t->period),
                  .org_id = t->org_id,
                  .org = t->org},
    };
    const struct draft d = {&base, t->id, 1, table_words};
    return base.alert.subject_ref == NULL ? STATUS_RESOURCE_EXHAUSTED
                                          : add_plans(c, &watch, &d, a, list);
}

static char *
matter_words(struct arena *a, const struct alert_plan *p, const struct ladder_input *in,
             enum ladder_trigger trigger)
{
    (void)trigger;
    return alert_matter_text(a, p->matter, in);
}

static enum status
plan_matter(const struct alert_case *c, const struct owed_matter *m, struct arena *a,
            struct alert_plan_list *list)
{
    struct ladder_watch watch = alert_watch_of_matter(m);
    if (watch.subject == LADDER_NOTHING) {
        return STATUS_OK;
    }
    keep_next(c, m->id, &watch);
    const struct alert_plan base = {
        .matter = m,
        .unit_id = m->org_id,
        .alert = {.subject_kind = "MATTER",
                  .subject_id = m->id,
                  .subject_ref = m->ref,
                  .org_id = m->org_id,
                  .org = m->org},
    };
    const struct draft d = {&base, m->id, m->due, matter_words};
    return add_plans(c, &watch, &d, a, list);
}

/* Most serious first, then by key, so that every run takes the same order. */
static int
compare_plans(const void *left, const void *right)
{
    const struct alert_plan *a = left;
    const struct alert_plan *b = right;
    return a->alert.level != b->alert.level ? b->alert.level - a->alert.level
                                            : strcmp(a->alert.key, b->alert.key);
}

enum status
alert_plans(const struct alert_case *c, struct arena *a, struct alert_plan_list *ret)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->watched->count; i++) {
        s = plan_watched(c, &c->watched->items[i], a, ret);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->owed->count; i++) {
        s = plan_table(c, &c->owed->items[i], a, ret);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->matters->count; i++) {
        s = plan_matter(c, &c->matters->items[i], a, ret);
    }
    if (s == STATUS_OK && ret->count > 0) {
        qsort(ret->items, ret->count, sizeof *ret->items, compare_plans);
    }
    return s;
}

/* ---- who hears ---- */

static bool
same_id(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
in_unit(const struct alert_plan *p, const struct listener_record *l)
{
    return same_id(l->org_id, p->unit_id) ||
           (p->watch != NULL && same_id(l->org_id, p->watch->lead_id));
}

/* Leads the measure, or any measure of the unit whose table is missing. */
static bool
leads(const struct alert_plan *p, const struct listener_record *l)
{
    if (p->watch != NULL) {
        return same_id(l->org_id, p->watch->leader_id);
    }
    return p->table != NULL && p->table->leaders != NULL &&
           strstr(p->table->leaders, l->org_id) != NULL;
}

/* A unit may not name its positions yet: its lead seats hear for them. */
bool
alert_hears(const struct alert_plan *p, const struct listener_record *l)
{
    uint32_t to = p->heard_by;
    uint64_t r = l->roles;
    if (in_unit(p, l)) {
        bool clerk = (r & (ROLE_UNIT | ROLE_FILLER | ROLE_REVIEWER)) != 0;
        if ((clerk && (to & (TO_FILLER | TO_REVIEWER | TO_PLEAD)) != 0) ||
            ((r & ROLE_HEAD) != 0 && (to & TO_HEAD) != 0)) {
            return true;
        }
    }
    /* Whoever holds a matter hears with the office of the answer he owes. */
    bool holds = p->matter != NULL && same_id(l->org_id, p->matter->holder_id);
    return ((to & TO_OFFICE) != 0 && ((r & ROLE_OFFICE) != 0 || holds)) ||
           ((to & TO_LGROUP) != 0 && (r & ROLE_LGROUP) != 0) ||
           ((to & TO_DISC) != 0 && (r & ROLE_DISC) != 0) ||
           ((to & TO_ORGD) != 0 && (r & ROLE_ORGD) != 0) ||
           ((to & TO_LEADER) != 0 && (r & ROLE_LEADER) != 0 && leads(p, l)) ||
           ((to & TO_SGROUP) != 0 && (r & ROLE_SGROUP) != 0 && p->watch != NULL &&
            same_id(l->org_id, p->watch->sgroup_id));
}

/* Listeners come by account, so an account's seats stand together. */
static enum status
find_recipients(const struct alert_case *c, struct alert_plan *p, struct arena *a)
{
    for (size_t i = 0; i < c->listeners->count; i++) {
        const struct listener_record *l = &c->listeners->items[i];
        bool again = p->recipients.count > 0 &&
                     same_id(p->recipients.items[p->recipients.count - 1], l->account_id);
        if (!again && alert_hears(p, l) && !text_list_add(&p->recipients, a, l->account_id)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    return STATUS_OK;
}

/* ---- what is new ---- */

static int
compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void
sort_texts(struct text_list *list)
{
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof *list->items, compare_texts);
    }
}

static bool
has_text(const struct text_list *sorted, const char *text)
{
    return sorted->count > 0 && bsearch(&text, sorted->items, sorted->count, sizeof *sorted->items,
                                        compare_texts) != NULL;
}

static size_t
plans_of(const struct alert_plan_list *list, const char *subject_id)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        n += strcmp(list->items[i].alert.subject_id, subject_id) == 0 ? 1 : 0;
    }
    return n;
}

/* Things are done in order while their alerts find room; the first has room anyway. */
static void
mark_done(const struct alert_case *c, const struct alert_plan_list *list, size_t max)
{
    size_t used = 0;
    for (size_t i = 0; c->things != NULL && i < c->things->count; i++) {
        struct watch_thing *t = &c->things->items[i];
        if (i > 0 && strcmp(t->id, c->things->items[i - 1].id) == 0) {
            t->done = c->things->items[i - 1].done;
            continue;
        }
        size_t n = list->count <= max ? 0 : plans_of(list, t->id);
        if (used > 0 && used + n > max) {
            return;
        }
        used += n;
        t->done = true;
    }
}

enum status
alert_plans_new(const struct alert_case *c, struct text_list *known, size_t max, struct arena *a,
                struct alert_plan_list *list)
{
    sort_texts(known);
    size_t fresh = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!has_text(known, list->items[i].alert.key)) {
            list->items[fresh++] = list->items[i];
        }
    }
    list->count = fresh;
    mark_done(c, list, max);
    size_t kept = 0;
    for (size_t i = 0; i < fresh; i++) {
        const struct watch_thing *t = find_thing(c, list->items[i].alert.subject_id);
        if (t == NULL ? kept >= max : !t->done) {
            continue;
        }
        list->items[kept] = list->items[i];
        enum status s = find_recipients(c, &list->items[kept], a);
        if (s != STATUS_OK) {
            return s;
        }
        kept++;
    }
    list->count = kept;
    return STATUS_OK;
}

/* ---- what stands without a reason ---- */

/* A key without its level and repetition: "ID/COMPLETE/v2" of "ID/COMPLETE/L4/v2/r3". */
static char *
stem_of(struct arena *a, const char *key)
{
    const char *level = strstr(key, "/L");
    const char *version = level == NULL ? NULL : strstr(level, "/v");
    const char *repeat = version == NULL ? NULL : strstr(version, "/r");
    if (repeat == NULL) {
        return arena_strdup(a, key);
    }
    return arena_printf(a, "%.*s%.*s", (int)(level - key), key, (int)(repeat - version), version);
}

static bool
add_stem(struct text_list *list, struct arena *a, const char *id, enum ladder_subject subject,
         int32_t due_version)
{
    char *stem = arena_printf(a, "%s/%s/v%d", id, ladder_subject_name(subject), due_version);
    return stem != NULL && text_list_add(list, a, stem);
}

/* The stems of all that is open. */
static bool
live_stems(const struct alert_case *c, struct arena *a, struct text_list *ret)
{
    bool ok = true;
    for (size_t i = 0; ok && i < c->watched->count; i++) {
        const struct watch_record *w = &c->watched->items[i];
        const char *id = key_id(a, w);
        ok = id != NULL && add_stem(ret, a, id, w->subject, due_version_of(w));
    }
    for (size_t i = 0; ok && i < c->owed->count; i++) {
        ok = add_stem(ret, a, c->owed->items[i].id, LADDER_TABLE, 1);
    }
    for (size_t i = 0; ok && i < c->matters->count; i++) {
        const struct owed_matter *m = &c->matters->items[i];
        ok = add_stem(ret, a, m->id, alert_watch_of_matter(m).subject, m->due);
    }
    sort_texts(ret);
    return ok;
}

enum status
alert_outdated(const struct alert_case *c, struct arena *a, struct text_list *ret)
{
    struct text_list live = {0};
    if (c->standing->count == 0) {
        return STATUS_OK;
    }
    if (!live_stems(c, a, &live)) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < c->standing->count; i++) {
        const struct standing_record *s = &c->standing->items[i];
        const struct watch_thing *t = find_thing(c, s->subject_id);
        const char *stem = stem_of(a, s->key);
        if (stem == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        if (t != NULL && t->done && !has_text(&live, stem) && !text_list_add(ret, a, s->id)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    return STATUS_OK;
}
