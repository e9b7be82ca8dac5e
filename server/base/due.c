#include "server/base/due.h"

#include <assert.h>
#include <stddef.h>

struct due_milestone
due_milestone_none(void)
{
    return (struct due_milestone){.original_due = NO_DATE,
                                  .current_due = NO_DATE,
                                  .claimed_on = NO_DATE,
                                  .reached_on = NO_DATE};
}

/* A day that has come by as_of. */
static bool
happened(int32_t day, int32_t as_of)
{
    return day != NO_DATE && day <= as_of;
}

static struct due_side
side_judge(int32_t due, int32_t judged_on, bool closed)
{
    struct due_side side = {.state = DUE_NO_DATE, .due = due};
    if (due == NO_DATE) {
        return side;
    }
    side.days_left = due - judged_on;
    side.overdue_days = side.days_left < 0 ? -side.days_left : 0;
    if (closed) {
        side.state = side.overdue_days > 0 ? DUE_CLOSED_LATE : DUE_CLOSED_IN_TIME;
    } else {
        side.state = side.overdue_days > 0 ? DUE_OVERDUE : DUE_NORMAL;
    }
    return side;
}

/* Left: the working days after judged_on up to the due day. Overdue: those after the due day up to
 * judged_on, so that "+2 working days" is calendar_add_working_days(due, 2). */
static int32_t
working_days_left(const struct calendar *calendar, int32_t judged_on, int32_t due,
                  bool *ret_year_missing)
{
    if (judged_on <= due) {
        return calendar_working_days_between(calendar, judged_on, due, ret_year_missing);
    }
    return -calendar_working_days_between(calendar, due, judged_on, ret_year_missing);
}

struct due_result
due_status(int32_t as_of, const struct calendar *calendar, const struct due_milestone *milestone)
{
    assert(as_of != NO_DATE);
    struct due_result r = {
        .judged_on = as_of,
        .closed = happened(milestone->reached_on, as_of),
        .moved = milestone->current_due != milestone->original_due,
    };
    r.claimed = !r.closed && happened(milestone->claimed_on, as_of);
    if (r.closed) {
        r.judged_on = milestone->reached_on;
    } else if (r.claimed) {
        r.judged_on = milestone->claimed_on;
    }
    r.current = side_judge(milestone->current_due, r.judged_on, r.closed);
    r.original = side_judge(milestone->original_due, r.judged_on, r.closed);
    r.total_overdue_days = r.current.overdue_days + milestone->kept_overdue_days;
    if (calendar != NULL && milestone->current_due != NO_DATE) {
        r.working_days_left =
            working_days_left(calendar, r.judged_on, milestone->current_due, &r.year_missing);
    }
    return r;
}

static const struct {
    const char *name;
    const char *zh;
} states[] = {
    [DUE_NO_DATE] = {"NO_DATE", "未设时限"},
    [DUE_NORMAL] = {"NORMAL", "未到期"},
    [DUE_OVERDUE] = {"OVERDUE", "已超期"},
    [DUE_CLOSED_IN_TIME] = {"CLOSED_IN_TIME", "按期完成"},
    [DUE_CLOSED_LATE] = {"CLOSED_LATE", "逾期完成"},
};

const char *
due_state_name(enum due_state state)
{
    return (size_t)state < sizeof states / sizeof states[0] ? states[state].name : "UNKNOWN";
}

const char *
due_state_zh(enum due_state state)
{
    return (size_t)state < sizeof states / sizeof states[0] ? states[state].zh : "未知";
}
