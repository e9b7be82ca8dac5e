/* due_status: the one place that turns dates into days left and days overdue.
 *
 * Rules (each has a test):
 *  1. The due day itself is in time: days_left = due − judged_on, overdue from −1 on.
 *  2. No due date: NO_DATE, never overdue, closed or not.
 *  3. A closed thing is judged at its closing day (reached_on), for ever.
 *  4. A claim that waits for its decision stops the unit's clock at the day it was handed in: the
 *     wait is the office's. Handed in by the due day, the thing is not overdue however long the
 *     office takes; handed in late, the overdue days stand still. A returned or withdrawn claim
 *     never happened (the caller passes claimed_on = NO_DATE): the clock then stands where it
 *     would be without it. The confirmed claim's own day becomes reached_on.
 *  5. What happens after as_of is not known yet: a closing or claim of a later day is ignored, so
 *     any past day can be asked for.
 *  6. Both dates are judged: `original` never moves, `current` follows extensions. An extension
 *     granted after the due day (补办延期) keeps the overdue days it found in kept_overdue_days.
 *  7. Deadlines count calendar days; working days are given beside them, for reply times.
 *
 * What SQL compares for the same answer, on stored days only:
 *     judged_on = least(as_of, coalesce(reached_on, claimed_on, as_of))
 *     overdue   = current_due < judged_on            -- false for NULL
 * with reached_on and claimed_on taken as NULL when later than as_of (they cannot be for today).
 *
 * 临期 is no state here: how near is near depends on the class and is a row of the ladder.
 */
#ifndef SERVER_BASE_DUE_H
#define SERVER_BASE_DUE_H

#include "server/base/calendar.h"

#include <stdbool.h>
#include <stdint.h>

enum due_state {
    DUE_NO_DATE = 0,
    DUE_NORMAL = 1,         /* open, not past its day (or claimed in time and undecided) */
    DUE_OVERDUE = 2,        /* open and past its day */
    DUE_CLOSED_IN_TIME = 3, /* closed on or before its day */
    DUE_CLOSED_LATE = 4,
};

/* The stored days of anything that has a due date: a milestone, a table, a reply. NO_DATE for what
 * has not happened. For a table: due = the duty's day, current_due = that plus the grace days,
 * reached_on = the day the server received it. */
struct due_milestone {
    int32_t original_due;
    int32_t current_due;
    int32_t claimed_on; /* the undecided claim's day; NO_DATE when there is none */
    int32_t reached_on; /* the confirmed claim's day */
    int32_t kept_overdue_days;
};

/* Judged against one of the two dates. */
struct due_side {
    enum due_state state;
    int32_t due;
    int32_t days_left;    /* negative: days overdue; 0 for NO_DATE */
    int32_t overdue_days; /* 0 unless past its day; never negative */
};

struct due_result {
    struct due_side current;
    struct due_side original;
    int32_t judged_on;          /* as_of, or the day the clock stopped */
    bool closed;                /* as of that day */
    bool claimed;               /* a claim waits for its decision, as of that day */
    bool moved;                 /* current_due differs from original_due */
    int32_t total_overdue_days; /* current.overdue_days + kept_overdue_days */
    int32_t working_days_left;  /* as days_left, in working days, against current_due */
    bool year_missing;          /* working days crossed a year without a calendar: show it */
};

/* A milestone with no dates at all; fill in what is known. */
struct due_milestone due_milestone_none(void);

/* Pure. calendar may be NULL: working_days_left is 0 then and year_missing false. as_of must be a
 * day, not NO_DATE (asserted). */
struct due_result due_status(int32_t as_of, const struct calendar *calendar,
                             const struct due_milestone *milestone);

/* "OVERDUE" and "已超期"; never NULL. */
const char *due_state_name(enum due_state state);
const char *due_state_zh(enum due_state state);

#endif
