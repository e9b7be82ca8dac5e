/* The lights, as SQL over stored days: one text for lists, problems and totals.
 *
 * Says the same as due_status() and measure_light(): tests/service/status_test.c holds them
 * together. Each macro takes SQL expressions; m is the measure's alias, the aliases ms and light
 * are its own. What happens after the as-of day is not known yet.
 */
#ifndef SERVER_STORE_LIGHT_H
#define SERVER_STORE_LIGHT_H

/* Days of a milestone that bind on the as-of day: approved, not replaced, not cancelled. */
#define SQL_MEASURE_LIVE(m) "(" m ".state NOT IN ('DRAFT', 'SUPERSEDED', 'CANCELLED'))"
/* A milestone that counts: 立行立改 has no EFFECT. */
#define SQL_MILESTONES_OF(m)                                                                       \
    "milestone ms WHERE ms.tenant = " m ".tenant AND ms.measure = " m ".id AND NOT (" m            \
    ".class = 1 AND ms.kind = 1)"
#define SQL_REACHED(on) "(ms.reached_day IS NOT NULL AND ms.reached_day <= " on ")"
#define SQL_CLAIMED(on) "(ms.claimed_day IS NOT NULL AND ms.claimed_day <= " on ")"
#define SQL_JUDGED_ON(on)                                                                          \
    "least(" on ", coalesce(CASE WHEN " SQL_REACHED(                                               \
        on) " THEN ms.reached_day END, CASE WHEN " SQL_CLAIMED(on) " THEN ms.claimed_day END, " on \
                                                                   "))"

/* 3 超期, 2 临期, 1 正常, 0 without a date. */
#define SQL_MILESTONE_LIGHT(due, on, soon)                                                         \
    "CASE WHEN ms." due                                                                            \
    " IS NULL THEN 0 WHEN " SQL_REACHED(on) " THEN 1 WHEN ms." due " < " SQL_JUDGED_ON(            \
        on) " THEN 3 WHEN NOT " SQL_CLAIMED(on) " AND ms." due " - " on " <= " soon                \
                                                " THEN 2 ELSE 1 END"

/* The worst light of a measure. */
#define SQL_MEASURE_LIGHT(m, on, soon)                                                             \
    "CASE WHEN " SQL_MEASURE_LIVE(m) " THEN coalesce((SELECT max(" SQL_MILESTONE_LIGHT(            \
        "current_due", on, soon) ") FROM " SQL_MILESTONES_OF(m) "), 0) ELSE 0 END"

#endif
