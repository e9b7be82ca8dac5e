#include "server/service/outside.h"

#include "server/base/clock.h"

#include <stdio.h>
#include <string.h>

/* ---- planning ---- */

struct planner {
    const struct outside_case *c;
    struct arena *a;
    struct outside_plan *plan;
};

bool
outside_reachable(const struct text_list *endpoints, const char *org, enum outside_channel channel)
{
    const char *name = channel_name(channel);
    for (size_t i = 0; i < endpoints->count; i++) {
        const char *e = endpoints->items[i];
        const char *slash = strrchr(e, '/');
        if (slash == NULL || strcmp(slash + 1, name) != 0) {
            continue;
        }
        size_t n = (size_t)(slash - e);
        if ((n == 1 && e[0] == '*') || (strlen(org) == n && strncmp(e, org, n) == 0)) {
            return true;
        }
    }
    return false;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Mail goes to a person; a robot speaks to a unit. */
static const char *
account_of(enum outside_channel channel, const struct outside_delivery *d)
{
    return channel == CHANNEL_MAIL ? d->account_id : NULL;
}

static bool
goes_to(const struct outside_record *m, enum outside_channel channel,
        const struct outside_delivery *d)
{
    return m->channel == channel && same_text(m->account_id, account_of(channel, d)) &&
           (channel == CHANNEL_MAIL || same_text(m->org_id, d->org_id));
}

static enum status
join(struct planner *p, const struct outside_delivery *d, const char *message_id, size_t index)
{
    struct outside_join *j = arena_grow(p->a, (void **)&p->plan->joins.items, p->plan->joins.count,
                                        &p->plan->joins.capacity, sizeof *j);
    if (j == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *j = (struct outside_join){index, message_id, d->account_id, d->alert_id};
    p->plan->joins.count++;
    return STATUS_OK;
}

/* A new message, which the delivery joins. */
static enum status
make_message(struct planner *p, const struct outside_delivery *d, const struct outside_record *like)
{
    struct outside_list *list = &p->plan->messages;
    struct outside_record *m =
        arena_grow(p->a, (void **)&list->items, list->count, &list->capacity, sizeof *m);
    if (m == NULL || like->key == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = *like;
    m->account_id = account_of(like->channel, d);
    m->org_id = d->org_id;
    m->org = d->org;
    m->state = "QUEUED";
    return join(p, d, NULL, list->count++);
}

static enum status
join_digest(struct planner *p, enum outside_channel channel, const struct outside_delivery *d)
{
    const struct outside_case *c = p->c;
    const char *target = channel == CHANNEL_MAIL ? d->account_id : d->org_id;
    int64_t at = c->now_ms;
    for (int tries = 0; tries < 8; tries++) {
        at = delivery_digest_at(&c->settings->delivery, c->calendar, c->offset_min, at);
        int32_t day = day_from_instant(at, c->offset_min);
        char text[DAY_TEXT_SIZE];
        char *key = arena_printf(p->a, "digest/%s/%s/%s", channel_name(channel), target,
                                 day_print(day, text));
        if (key == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        bool gone = false;
        for (size_t i = 0; i < c->open->count; i++) {
            const struct outside_record *m = &c->open->items[i];
            if (strcmp(m->key, key) != 0) {
                continue;
            }
            if (strcmp(m->state, "QUEUED") == 0 && m->attempts == 0) {
                return join(p, d, m->id, 0);
            }
            gone = true; /* that day's has left: the next day's */
        }
        for (size_t i = 0; i < p->plan->messages.count; i++) {
            if (strcmp(p->plan->messages.items[i].key, key) == 0) {
                return join(p, d, NULL, i);
            }
        }
        if (!gone) {
            const struct outside_record like = {
                .key = key, .channel = channel, .kind = "DIGEST", .day = day, .due_ms = at};
            return make_message(p, d, &like);
        }
    }
    return STATUS_OK; /* it stands in the inbox all the same */
}

static int32_t
used_on(const struct planner *p, const char *org_id, int32_t day)
{
    int32_t n = 0;
    for (size_t i = 0; i < p->c->used->count; i++) {
        const struct outside_used *u = &p->c->used->items[i];
        n += u->day == day && same_text(u->org_id, org_id) ? u->count : 0;
    }
    for (size_t i = 0; i < p->plan->messages.count; i++) {
        const struct outside_record *m = &p->plan->messages.items[i];
        n += m->day == day && same_text(m->org_id, org_id) && strcmp(m->kind, "DIRECT") == 0;
    }
    return n;
}

static enum status
hold_back(struct planner *p, const char *org_id, int32_t day)
{
    struct outside_used_list *held = &p->plan->held;
    for (size_t i = 0; i < held->count; i++) {
        if (held->items[i].day == day && same_text(held->items[i].org_id, org_id)) {
            held->items[i].count++;
            return STATUS_OK;
        }
    }
    struct outside_used *u =
        arena_grow(p->a, (void **)&held->items, held->count, &held->capacity, sizeof *u);
    if (u == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *u = (struct outside_used){org_id, day, 1};
    held->count++;
    return STATUS_OK;
}

static enum status
place_direct(struct planner *p, enum outside_channel channel, const struct outside_delivery *d)
{
    const struct outside_case *c = p->c;
    for (size_t i = 0; i < c->open->count; i++) {
        const struct outside_record *m = &c->open->items[i];
        if (strcmp(m->kind, "DIRECT") == 0 && goes_to(m, channel, d)) {
            return join(p, d, m->id, 0);
        }
    }
    for (size_t i = 0; i < p->plan->messages.count; i++) {
        const struct outside_record *m = &p->plan->messages.items[i];
        if (strcmp(m->kind, "DIRECT") == 0 && goes_to(m, channel, d)) {
            return join(p, d, NULL, i);
        }
    }
    int64_t at = delivery_allowed_at(&c->settings->delivery, c->calendar, c->offset_min, c->now_ms);
    int32_t day = day_from_instant(at, c->offset_min);
    if (used_on(p, d->org_id, day) >= c->settings->delivery.cap_unit_day) {
        enum status s = hold_back(p, d->org_id, day);
        return s == STATUS_OK ? join_digest(p, channel, d) : s;
    }
    const struct outside_record like = {.key = arena_printf(p->a, "direct/%s/%s/%s",
                                                            channel_name(channel), d->account_id,
                                                            d->alert_id),
                                        .channel = channel,
                                        .kind = "DIRECT",
                                        .day = day,
                                        .due_ms = at};
    return make_message(p, d, &like);
}

static bool
wanted(const struct outside_case *c, enum outside_channel channel, const struct outside_delivery *d)
{
    return c->settings->channel_on[channel] && c->settings->link_url[0] != '\0' && d->stands &&
           d->org_id != NULL && d->org != NULL && (channel != CHANNEL_MAIL || d->address != NULL) &&
           outside_reachable(c->endpoints, d->org, channel);
}

enum status
outside_plan(const struct outside_case *c, struct arena *a, struct outside_plan *ret)
{
    struct planner p = {c, a, ret};
    for (size_t i = 0; i < c->fresh->count; i++) {
        const struct outside_delivery *d = &c->fresh->items[i];
        for (int ch = 0; ch < CHANNEL_COUNT; ch++) {
            enum outside_channel channel = (enum outside_channel)ch;
            if (!wanted(c, channel, d)) {
                continue;
            }
            enum status s = d->direct ? place_direct(&p, channel, d) : join_digest(&p, channel, d);
            if (s != STATUS_OK) {
                return s;
            }
        }
    }
    return STATUS_OK;
}

/* ---- sending ---- */

static bool
is_test(const struct outside_record *m)
{
    return strcmp(m->kind, "TEST") == 0;
}

static struct outside_turn
turn_of(const struct outside_record *m, enum outside_verdict verdict, const char *state,
        const char *error)
{
    struct outside_turn t = {.verdict = verdict, .next = *m, .error = error};
    t.next.state = state;
    return t;
}

/* Everything but the breaker. */
static struct outside_turn
judge(const struct outside_hours *h, const struct outside_record *m)
{
    const struct settings *s = h->settings;
    bool test = is_test(m);
    if (m->attempts >= OUTSIDE_ATTEMPTS_MAX) {
        return turn_of(m, OUTSIDE_GIVE_UP, "FAILED", "NO_ANSWER");
    }
    if (m->channel == CHANNEL_COUNT || (!test && !s->channel_on[m->channel])) {
        return turn_of(m, OUTSIDE_CANCEL, "CANCELLED", "CHANNEL_OFF");
    }
    if (s->link_url[0] == '\0') {
        return turn_of(m, OUTSIDE_CANCEL, "CANCELLED", "LINK_MISSING");
    }
    if (m->channel == CHANNEL_MAIL && m->address == NULL) {
        return turn_of(m, OUTSIDE_CANCEL, "CANCELLED", "CONTACT_MISSING");
    }
    if (!test && m->count == 0) {
        return turn_of(m, OUTSIDE_CANCEL, "CANCELLED", "NOTHING_LEFT");
    }
    int64_t at = delivery_allowed_at(&s->delivery, h->calendar, h->offset_min, h->now_ms);
    if (!test && at > h->now_ms) {
        struct outside_turn t = turn_of(m, OUTSIDE_POSTPONE, "QUEUED", NULL);
        t.next.due_ms = at;
        return t;
    }
    struct outside_turn t = turn_of(m, OUTSIDE_SEND, "SENDING", NULL);
    t.next.attempts++;
    t.next.due_ms = h->now_ms + OUTSIDE_LEASE_MS;
    t.next.count = test ? 1 : m->count;
    return t;
}

bool
outside_take(const struct outside_hours *h, const struct outside_list *due,
             struct outside_turn *ret_turns, struct breaker_record *breaker)
{
    int64_t hour = delivery_hour(h->now_ms);
    bool trips = false;
    if (breaker->hour != hour) {
        breaker->hour = hour;
        breaker->sent = 0;
    }
    for (size_t i = 0; i < due->count; i++) {
        struct outside_turn t = judge(h, &due->items[i]);
        if (t.verdict == OUTSIDE_SEND) {
            if (breaker->tripped_ms == 0 && breaker->sent >= h->settings->delivery.cap_hour) {
                breaker->tripped_ms = h->now_ms;
                breaker->trips++;
                trips = true;
            }
            if (breaker->tripped_ms != 0) {
                t = turn_of(&due->items[i], OUTSIDE_LEAVE, due->items[i].state, NULL);
            } else {
                breaker->sent++;
            }
        }
        ret_turns[i] = t;
    }
    return trips;
}

struct outside_turn
outside_settle(const struct outside_hours *h, const struct outside_record *m,
               const struct outside_result *result)
{
    if (result->error == NULL) {
        return turn_of(m, OUTSIDE_SEND, "SENT", NULL);
    }
    if (result->permanent || m->attempts >= OUTSIDE_ATTEMPTS_MAX) {
        return turn_of(m, OUTSIDE_GIVE_UP, "FAILED", result->error);
    }
    struct outside_turn t = turn_of(m, OUTSIDE_POSTPONE, "QUEUED", result->error);
    int64_t wait = result->retry_after_ms;
    if (wait < 1000) {
        wait = 1000;
    }
    if (wait > OUTSIDE_RETRY_MAX_MS) {
        wait = OUTSIDE_RETRY_MAX_MS;
    }
    t.next.due_ms = is_test(m) ? h->now_ms + wait
                               : delivery_allowed_at(&h->settings->delivery, h->calendar,
                                                     h->offset_min, h->now_ms + wait);
    return t;
}
