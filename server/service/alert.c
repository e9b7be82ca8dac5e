#include "server/service/alert.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the ladder is asked ---- */

static enum ladder_subject
subject_of(const struct watch_record *w)
{
    if (w->milestone == 0) {
        return LADDER_SIGN;
    }
    return w->milestone == 1 ? LADDER_EFFECT : LADDER_COMPLETE;
}

static struct due_milestone
watched_days(const struct alert_case *c, const struct watch_record *w)
{
    if (w->milestone != 0) {
        return measure_due(&w->days);
    }
    struct due_milestone days = due_milestone_none();
    int32_t assigned = day_from_instant(w->assigned_ms, c->utc_offset_min);
    days.original_due = days.current_due =
        calendar_add_working_days(c->calendar, assigned, SIGN_WORKING_DAYS, NULL);
    return days;
}

static bool
stalled(const struct watch_record *w)
{
    bool working =
        strcmp(w->state, STATE_IN_PROGRESS) == 0 || strcmp(w->state, STATE_EFFECT_REACHED) == 0;
    return working && w->unchanged_periods >= STALLED_PERIODS;
}

static struct ladder_input
watched_input(const struct alert_case *c, const struct watch_record *w)
{
    struct due_milestone days = watched_days(c, w);
    struct ladder_input in = {
        .subject = subject_of(w),
        .class_ = (enum measure_class)w->class_,
        .due = due_status(c->as_of, c->calendar, &days),
        .round = (uint32_t)w->round,
    };
    if (w->milestone == 0) {
        return in;
    }
    in.has_progress = w->signed_ms != 0 && w->percent >= 0;
    if (in.has_progress) {
        int32_t start = day_from_instant(w->signed_ms, c->utc_offset_min);
        in.elapsed_percent = ladder_elapsed_percent(start, days.current_due, c->as_of);
        in.progress_percent = w->percent;
    }
    in.stalled = stalled(w);
    in.level4_count = w->former_level4 + (in.due.current.state == DUE_OVERDUE ? 1 : 0);
    return in;
}

/* ---- words ---- */

static char *
days_text(struct arena *a, const struct due_side *side)
{
    char day[DAY_TEXT_SIZE];
    day_print(side->due, day);
    if (side->overdue_days > 0) {
        return arena_printf(a, "已超过期限 %s 共 %d 天", day, side->overdue_days);
    }
    if (side->days_left == 0) {
        return arena_printf(a, "今天（%s）到期", day);
    }
    return arena_printf(a, "距期限 %s 还有 %d 天", day, side->days_left);
}

static char *
measure_text(struct arena *a, const struct watch_record *w, const struct ladder_input *in,
             enum ladder_trigger trigger)
{
    char *days = days_text(a, &in->due.current);
    const char *what = ladder_subject_zh(in->subject);
    switch (trigger) {
    case TRIGGER_BEHIND:
        return arena_printf(a,
                            "措施 %s（%s）时序脱节：时间已过 %d%%，进度只有 %d%%，%s，请加快办理。",
                            w->measure_ref, what, in->elapsed_percent, in->progress_percent, days);
    case TRIGGER_STALLED:
        return arena_printf(a,
                            "措施 %s（%s）进展停滞：连续 %d 期没有新进展，%s，请说明困难或求助。",
                            w->measure_ref, what, w->unchanged_periods, days);
    case TRIGGER_ROUND:
        return arena_printf(a, "措施 %s（%s）已是第 %d 轮整改，%s，请查明原因。", w->measure_ref,
                            what, w->round, days);
    case TRIGGER_LEVEL4_AGAIN:
        return arena_printf(a, "措施 %s（%s）再次超期：%s，请立即办理并说明原因。", w->measure_ref,
                            what, days);
    default:
        return arena_printf(a, "措施 %s（%s）%s，请%s。", w->measure_ref, what, days,
                            in->due.current.overdue_days > 0 ? "立即办理并说明原因" : "抓紧办理");
    }
}

static char *
table_text(struct arena *a, const struct table_record *t, const struct due_side *side)
{
    return arena_printf(a, "%s %s 的自查汇总表还没有报送，%s，请尽快填报。", t->org_name, t->period,
                        days_text(a, side));
}

static const char *
trigger_name(const struct ladder_input *in, const struct ladder_result *r)
{
    if (in->subject == LADDER_TABLE) {
        return in->due.current.overdue_days > 0 ? "TABLE_MISSING" : "TABLE_DUE";
    }
    switch (r->trigger) {
    case TRIGGER_DAYS_LEFT_UNCLAIMED:
        return ladder_trigger_name(TRIGGER_DAYS_LEFT);
    case TRIGGER_BEHIND:
        return "BEHIND_SCHEDULE";
    case TRIGGER_OVERDUE_WORKING:
        return ladder_trigger_name(TRIGGER_OVERDUE);
    default:
        return ladder_trigger_name(r->trigger);
    }
}

/* ---- plans ---- */

static struct alert_plan *
add_plan(struct alert_plan_list *list, struct arena *a)
{
    struct alert_plan *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    if (p != NULL) {
        *p = (struct alert_plan){0};
        list->count++;
    }
    return p;
}

static void
fill_common(const struct alert_case *c, const struct ladder_input *in,
            const struct ladder_result *r, struct alert_plan *p)
{
    p->alert.level = r->level;
    p->alert.trigger = trigger_name(in, r);
    p->alert.due = in->due.current.due;
    p->alert.days_left = in->due.current.days_left;
    p->alert.raised_ms = c->now_ms;
    p->heard_by = r->rule == NULL ? 0 : r->rule->recipients;
}

static enum status
plan_watched(const struct alert_case *c, const struct watch_record *w, struct arena *a,
             struct alert_plan_list *list)
{
    struct ladder_input in = watched_input(c, w);
    struct ladder_result results[LADDER_ALERTS_MAX];
    size_t n = ladder_alerts(c->rules, c->rule_count, &in, results);
    for (size_t i = 0; i < n; i++) {
        struct alert_plan *p = add_plan(list, a);
        char key[LADDER_KEY_SIZE];
        if (p == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        fill_common(c, &in, &results[i], p);
        ladder_repeat_key(w->measure_id, in.subject, results[i].level, w->days.due_version,
                          results[i].repeat, key);
        p->watch = w;
        p->unit_id = w->unit_id;
        p->alert.key = arena_strdup(a, key);
        p->alert.subject_kind = "MEASURE";
        p->alert.subject_id = w->measure_id;
        p->alert.subject_ref = w->measure_ref;
        p->alert.milestone = w->milestone;
        p->alert.org_id = w->unit_id;
        p->alert.org = w->unit;
        p->alert.due_version = w->days.due_version;
        p->alert.text = measure_text(a, w, &in, results[i].trigger);
        if (p->alert.key == NULL || p->alert.text == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    return STATUS_OK;
}

static enum status
plan_table(const struct alert_case *c, const struct table_record *t, struct arena *a,
           struct alert_plan_list *list)
{
    struct due_milestone days = due_milestone_none();
    days.original_due = t->due;
    days.current_due = t->due + t->grace_days;
    struct ladder_input in = {
        .subject = LADDER_TABLE,
        .due = due_status(c->as_of, c->calendar, &days),
        .round = 1,
    };
    struct ladder_result results[LADDER_ALERTS_MAX];
    size_t n = ladder_alerts(c->rules, c->rule_count, &in, results);
    for (size_t i = 0; i < n; i++) {
        struct alert_plan *p = add_plan(list, a);
        char key[LADDER_KEY_SIZE];
        if (p == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        fill_common(c, &in, &results[i], p);
        ladder_repeat_key(t->id, in.subject, results[i].level, 1, results[i].repeat, key);
        p->unit_id = t->org_id;
        p->alert.key = arena_strdup(a, key);
        p->alert.subject_kind = "TABLE";
        p->alert.subject_id = t->id;
        p->alert.subject_ref = arena_printf(a, "%s %s", t->org, t->period);
        p->alert.org_id = t->org_id;
        p->alert.org = t->org;
        p->alert.due_version = 1;
        p->alert.text = table_text(a, t, &in.due.current);
        if (p->alert.key == NULL || p->alert.text == NULL || p->alert.subject_ref == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    return STATUS_OK;
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

/* A unit may not name its positions yet: its lead seats hear for them. */
static bool
hears(const struct alert_plan *p, const struct listener_record *l)
{
    uint32_t to = p->heard_by;
    uint64_t r = l->roles;
    const struct watch_record *w = p->watch;
    if (in_unit(p, l)) {
        bool clerk = (r & (ROLE_UNIT | ROLE_FILLER | ROLE_REVIEWER)) != 0;
        if ((clerk && (to & (TO_FILLER | TO_REVIEWER | TO_PLEAD)) != 0) ||
            ((r & ROLE_HEAD) != 0 && (to & TO_HEAD) != 0)) {
            return true;
        }
    }
    return ((to & TO_OFFICE) != 0 && (r & ROLE_OFFICE) != 0) ||
           ((to & TO_LGROUP) != 0 && (r & ROLE_LGROUP) != 0) ||
           ((to & TO_DISC) != 0 && (r & ROLE_DISC) != 0) ||
           ((to & TO_ORGD) != 0 && (r & ROLE_ORGD) != 0) ||
           ((to & TO_LEADER) != 0 && (r & ROLE_LEADER) != 0 && w != NULL &&
            same_id(l->org_id, w->leader_id)) ||
           ((to & TO_SGROUP) != 0 && (r & ROLE_SGROUP) != 0 && w != NULL &&
            same_id(l->org_id, w->sgroup_id));
}

/* Listeners come by account, so an account's seats stand together. */
static enum status
find_recipients(const struct alert_case *c, struct alert_plan *p, struct arena *a)
{
    for (size_t i = 0; i < c->listeners->count; i++) {
        const struct listener_record *l = &c->listeners->items[i];
        bool again = p->recipients.count > 0 &&
                     same_id(p->recipients.items[p->recipients.count - 1], l->account_id);
        if (!again && hears(p, l) && !text_list_add(&p->recipients, a, l->account_id)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    return STATUS_OK;
}

static int
compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool
is_known(const struct text_list *known, const char *key)
{
    return known->count > 0 &&
           bsearch(&key, known->items, known->count, sizeof *known->items, compare_texts) != NULL;
}

enum status
alert_plans_new(const struct alert_case *c, struct text_list *known, size_t max, struct arena *a,
                struct alert_plan_list *list)
{
    if (known->count > 0) {
        qsort(known->items, known->count, sizeof *known->items, compare_texts);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count && kept < max; i++) {
        if (is_known(known, list->items[i].alert.key)) {
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
