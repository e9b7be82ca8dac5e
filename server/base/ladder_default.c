/* The default ladder: what a tenant starts with. One line a rule; recipients name everybody who
 * hears, those of the lower levels included. */
#include "server/base/ladder.h"

enum {
    E = LADDER_EFFECT,
    C = LADDER_COMPLETE,
    ANY = LADDER_CLASS_ALL,
    NOW = LADDER_CLASS_IMMEDIATE, /* 立行立改 */
    ELSE = LADDER_CLASS_OTHERS,
    TO_1 = TO_FILLER,
    TO_2 = TO_1 | TO_REVIEWER | TO_PLEAD,
    TO_3 = TO_2 | TO_HEAD | TO_LEADER,
    TO_4 = TO_3 | TO_OFFICE | TO_SGROUP,
    TO_7 = TO_4 | TO_LGROUP | TO_DISC | TO_ORGD,
    PROPOSE_7 = PROPOSE_NOTICE_3 | PROPOSE_TALK,
    TO_UNIT = TO_FILLER | TO_REVIEWER,
};

/* clang-format off */
/* The two milestones of a measure share every row. Level 4 is told on overdue day 1 and again 1, 2,
 * 4, 8 and 16 days after that. */
#define BOTH(level, repeat, classes, trigger, direct, parameter, to, proposals)                    \
    {level, repeat, E, classes, trigger, direct, parameter, to, proposals},                        \
    {level, repeat, C, classes, trigger, direct, parameter, to, proposals}

static const struct ladder_rule rules[] = {
    BOTH(1, 0, ELSE, TRIGGER_DAYS_LEFT,           false, 20, TO_1, 0),
    BOTH(1, 0, NOW,  TRIGGER_DAYS_LEFT,           false,  5, TO_1, 0),
    BOTH(2, 0, ELSE, TRIGGER_DAYS_LEFT,           false, 10, TO_2, 0),
    BOTH(2, 0, NOW,  TRIGGER_DAYS_LEFT,           false,  2, TO_2, 0),
    BOTH(2, 0, ANY,  TRIGGER_BEHIND,              false, 30, TO_2, 0),
    BOTH(2, 0, ANY,  TRIGGER_STALLED,             false,  0, TO_2, 0),
    BOTH(3, 0, ELSE, TRIGGER_DAYS_LEFT_UNCLAIMED, true,   3, TO_3, 0),
    BOTH(3, 0, NOW,  TRIGGER_DAYS_LEFT_UNCLAIMED, true,   0, TO_3, 0),
    BOTH(4, 0, ANY,  TRIGGER_OVERDUE,             true,   1, TO_4, 0),
    BOTH(4, 1, ANY,  TRIGGER_OVERDUE,             true,   2, TO_4, 0),
    BOTH(4, 2, ANY,  TRIGGER_OVERDUE,             true,   3, TO_4, 0),
    BOTH(4, 3, ANY,  TRIGGER_OVERDUE,             true,   5, TO_4, 0),
    BOTH(4, 4, ANY,  TRIGGER_OVERDUE,             true,   9, TO_4, 0),
    BOTH(4, 5, ANY,  TRIGGER_OVERDUE,             true,  17, TO_4, 0),
    BOTH(5, 0, ANY,  TRIGGER_OVERDUE,             true,   7, TO_4, PROPOSE_NOTICE_1),
    BOTH(5, 0, ANY,  TRIGGER_LEVEL4_AGAIN,        true,   2, TO_4, PROPOSE_NOTICE_1),
    BOTH(6, 0, ANY,  TRIGGER_OVERDUE,             true,  15, TO_4, PROPOSE_NOTICE_2),
    BOTH(6, 0, ANY,  TRIGGER_NOTICE_UNANSWERED,   true,   1, TO_4, PROPOSE_NOTICE_2),
    BOTH(7, 0, ANY,  TRIGGER_OVERDUE,             true,  30, TO_7, PROPOSE_7),
    BOTH(7, 0, ANY,  TRIGGER_NOTICE_FAILED,       true,   2, TO_7, PROPOSE_7),
    BOTH(7, 0, ANY,  TRIGGER_FALSE_VERDICT,       true,   0, TO_7, PROPOSE_7),
    BOTH(7, 0, ANY,  TRIGGER_ROUND,               true,   3, TO_7, PROPOSE_7),

    /* A unit's table: three days and one day before, then missing, and again after two and four
     * working days. It never leads to a notice by itself. */
    {1, 0, LADDER_TABLE, ANY, TRIGGER_DAYS_LEFT,       false, 3, TO_FILLER, 0},
    {2, 0, LADDER_TABLE, ANY, TRIGGER_DAYS_LEFT,       false, 1, TO_UNIT, 0},
    {4, 0, LADDER_TABLE, ANY, TRIGGER_OVERDUE,         true,  1, TO_UNIT, 0},
    {4, 1, LADDER_TABLE, ANY, TRIGGER_OVERDUE_WORKING, true,  2, TO_UNIT | TO_HEAD | TO_OFFICE, 0},
    {4, 2, LADDER_TABLE, ANY, TRIGGER_OVERDUE_WORKING, true,  4,
     TO_UNIT | TO_HEAD | TO_OFFICE | TO_LEADER, 0},

    /* A dated node, on the way to the milestones: the unit's own affair until it is passed. */
    {1, 0, LADDER_NODE, ANY, TRIGGER_DAYS_LEFT,        false, 5, TO_FILLER, 0},
    {4, 0, LADDER_NODE, ANY, TRIGGER_OVERDUE,          false, 1, TO_UNIT | TO_PLEAD, 0},
    {4, 1, LADDER_NODE, ANY, TRIGGER_OVERDUE,          true,  7,
     TO_UNIT | TO_PLEAD | TO_HEAD | TO_OFFICE, 0},

    /* The next check of a measure that is sustained: the office checks, the unit gets ready. */
    {1, 0, LADDER_CHECK, ANY, TRIGGER_DAYS_LEFT,       false, 10, TO_OFFICE | TO_UNIT, 0},
    {4, 0, LADDER_CHECK, ANY, TRIGGER_OVERDUE,         false, 1, TO_OFFICE | TO_UNIT, 0},
    {4, 1, LADDER_CHECK, ANY, TRIGGER_OVERDUE,         true,  15,
     TO_OFFICE | TO_UNIT | TO_LGROUP, 0},

    /* What a unit owes outside its measures' dates: 督办单, 批示, 意见建议. */
    {2, 0, LADDER_TASK, ANY, TRIGGER_DAYS_LEFT,        false, 1, TO_UNIT, 0},
    {4, 0, LADDER_TASK, ANY, TRIGGER_OVERDUE,          true,  1,
     TO_UNIT | TO_HEAD | TO_OFFICE, 0},

    /* 签收 is due three working days after assignment. */
    {4, 0, LADDER_SIGN, ANY, TRIGGER_OVERDUE,          true,  1,
     TO_UNIT | TO_HEAD | TO_PLEAD | TO_OFFICE, 0},

    /* The office's own clock: an answer owed to a unit. */
    {2, 0, LADDER_REPLY, ANY, TRIGGER_DAYS_LEFT,       false, 0, TO_OFFICE, 0},
    {4, 0, LADDER_REPLY, ANY, TRIGGER_OVERDUE,         true,  1, TO_OFFICE, 0},
    {4, 1, LADDER_REPLY, ANY, TRIGGER_OVERDUE_WORKING, true,  2, TO_OFFICE | TO_LGROUP, 0},
};
/* clang-format on */

const struct ladder_rule *
ladder_default(size_t *ret_count)
{
    *ret_count = sizeof rules / sizeof rules[0];
    return rules;
}
