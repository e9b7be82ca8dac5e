#include "server/base/ladder_watch.h"

struct ladder_watch
ladder_watch_none(enum ladder_subject subject)
{
    struct ladder_watch w = {
        .subject = subject, .days = due_milestone_none(), .start = NO_DATE, .round = 1};
    for (int i = 0; i < LADDER_NOTICES; i++) {
        w.notice_due[i] = NO_DATE;
    }
    return w;
}

struct ladder_input
ladder_watch_on(const struct ladder_watch *w, const struct calendar *calendar, int32_t as_of)
{
    struct ladder_input in = {
        .subject = w->subject,
        .class_ = w->class_,
        .due = due_status(as_of, calendar, &w->days),
        .stalled = w->stalled,
        .notice_failed_level = w->notice_failed_level,
        .false_verdict = w->false_verdict,
        .round = w->round,
    };
    in.has_progress = w->has_progress && w->start != NO_DATE;
    if (in.has_progress) {
        in.elapsed_percent =
            ladder_elapsed_percent(w->start, w->days.current_due, in.due.judged_on);
        in.progress_percent = w->progress_percent;
    }
    in.level4_count = w->former_level4 + (in.due.current.state == DUE_OVERDUE ? 1 : 0);
    for (int i = 0; i < LADDER_NOTICES; i++) {
        if (w->notice_due[i] != NO_DATE && w->notice_due[i] < as_of) {
            in.notice_unanswered_level = (uint32_t)i + 1;
        }
    }
    return in;
}

/* The earliest of days that come after as_of. */
struct next {
    int32_t as_of;
    int32_t day;
};

static void
consider(struct next *n, int64_t day)
{
    if (day > n->as_of && day <= INT32_MAX && (n->day == NO_DATE || day < n->day)) {
        n->day = (int32_t)day;
    }
}

/* The day on which elapsed % − progress % reaches the parameter: the first whose elapsed share is
 * at least parameter + progress; on the due day all is elapsed. */
static void
consider_behind(struct next *n, const struct ladder_watch *w, int32_t parameter)
{
    int32_t due = w->days.current_due;
    if (!w->has_progress || w->start == NO_DATE) {
        return;
    }
    int64_t share = (int64_t)parameter + w->progress_percent;
    int64_t span = (int64_t)due - w->start;
    if (share >= 0 && share <= 100 && span > 0) {
        consider(n, w->start + (share * span + 99) / 100);
    }
    consider(n, (int64_t)w->start + 1);
    consider(n, due);
}

static void
consider_rule(struct next *n, const struct ladder_rule *rule, const struct ladder_watch *w,
              const struct calendar *calendar)
{
    int64_t due = w->days.current_due;
    switch ((enum ladder_trigger)rule->trigger) {
    case TRIGGER_DAYS_LEFT:
    case TRIGGER_DAYS_LEFT_UNCLAIMED:
        consider(n, due - rule->parameter);
        break;
    case TRIGGER_OVERDUE:
        consider(n, due + rule->parameter);
        break;
    case TRIGGER_OVERDUE_WORKING:
        consider(n,
                 calendar_add_working_days(calendar, w->days.current_due, rule->parameter, NULL));
        break;
    case TRIGGER_BEHIND:
        consider_behind(n, w, rule->parameter);
        break;
    case TRIGGER_LEVEL4_AGAIN: /* begins with the first day overdue, considered below */
    case TRIGGER_STALLED:      /* these do not depend on the day */
    case TRIGGER_NOTICE_UNANSWERED:
    case TRIGGER_NOTICE_FAILED:
    case TRIGGER_FALSE_VERDICT:
    case TRIGGER_ROUND:
    case TRIGGER_NONE:
        break;
    }
}

int32_t
ladder_next_day(const struct ladder_rule *rules, size_t count, const struct ladder_watch *w,
                const struct calendar *calendar, int32_t as_of)
{
    struct next n = {as_of, NO_DATE};
    for (int i = 0; i < LADDER_NOTICES; i++) {
        if (w->notice_due[i] != NO_DATE) {
            consider(&n, (int64_t)w->notice_due[i] + 1);
        }
    }
    /* Known of a later day: the clock went back. NO_DATE is no later day. */
    consider(&n, w->days.claimed_on);
    consider(&n, w->days.reached_on);
    if (w->days.current_due == NO_DATE) {
        return n.day;
    }
    consider(&n, (int64_t)w->days.current_due + 1);
    for (size_t i = 0; i < count; i++) {
        if (rules[i].subject == (unsigned)w->subject &&
            (rules[i].class_mask >> (unsigned)w->class_ & 1U) != 0) {
            consider_rule(&n, &rules[i], w, calendar);
        }
    }
    return n.day;
}
