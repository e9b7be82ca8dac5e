/* Ladder over time: what is known of a watched thing, whatever the day; what the ladder is asked of
 * it on a day; and the next day on which its alerts can change.
 *
 * The clock keeps that next day beside each thing and looks at nothing else (an idle tick reads two
 * short index ranges, however many measures there are). So ladder_next_day must never be late; it
 * may be early: then the thing is looked at once for nothing. Pure.
 */
#ifndef SERVER_BASE_LADDER_WATCH_H
#define SERVER_BASE_LADDER_WATCH_H

#include "server/base/ladder.h"

enum { LADDER_NOTICES = 3 }; /* levels of a 督办单 */

struct ladder_watch {
    enum ladder_subject subject;
    enum measure_class class_;
    struct due_milestone days;
    int32_t start;            /* the day work began (signed for); NO_DATE before */
    int32_t progress_percent; /* read only when has_progress */
    bool has_progress;
    bool stalled;
    uint32_t former_level4; /* earlier due versions that reached level 4 */
    /* The earliest day by which an open notice of level n + 1 must be answered; NO_DATE for none.
     */
    int32_t notice_due[LADDER_NOTICES];
    uint32_t notice_failed_level; /* 0: none */
    bool false_verdict;
    uint32_t round;
};

/* A thing of a subject without days, notices or progress, in its first round. */
struct ladder_watch ladder_watch_none(enum ladder_subject subject);

/* What the ladder is asked of it on a day. A claim that waits stops the unit's clock for 时序脱节
 * too. */
struct ladder_input ladder_watch_on(const struct ladder_watch *w, const struct calendar *calendar,
                                    int32_t as_of);

/* The first day after as_of on which ladder_alerts may answer otherwise than on as_of, as long as
 * neither the thing nor the rules nor the calendar change; NO_DATE when there is none. */
int32_t ladder_next_day(const struct ladder_rule *rules, size_t count, const struct ladder_watch *w,
                        const struct calendar *calendar, int32_t as_of);

#endif
