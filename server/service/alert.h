/* Alerts: which must exist on a day, what they say, who hears; which stand without a reason; and
 * the next day each thing must be looked at. Pure.
 *
 * The ladder says the level; this says for which things, in which words, to whom. An alert is made
 * once because its key is; the caller leaves out the keys that exist. */
#ifndef SERVER_SERVICE_ALERT_H
#define SERVER_SERVICE_ALERT_H

#include "proto/base/arena.h"
#include "server/base/calendar.h"
#include "server/base/ladder_watch.h"
#include "server/service/measure.h"
#include "server/store/alert.h"
#include "server/store/watch.h"

enum {
    SIGN_WORKING_DAYS = 3, /* 签收 is due so many working days after assignment */
    ALERTS_PER_RUN = 1000, /* the next run goes on */
};

struct alert_case {
    const struct watch_list *watched;
    const struct owed_list *owed;
    const struct matter_watch_list *matters;
    const struct listener_list *listeners;
    const struct standing_list *standing;
    const struct calendar *calendar;
    const struct ladder_rule *rules;
    size_t rule_count;
    int32_t as_of;
    int utc_offset_min;
    int64_t now_ms;
    /* What is looked at, sorted by alert_things_sort; its open and next_day are filled in. NULL:
     * nobody asks. */
    struct watch_thing_list *things;
};

struct alert_plan {
    struct alert_record alert;        /* id still NULL */
    struct text_list recipients;      /* account ids, each once */
    uint32_t heard_by;                /* mask of enum ladder_recipient */
    const struct watch_record *watch; /* NULL for a table or matter */
    const struct owed_record *table;  /* NULL for others */
    const struct owed_matter *matter; /* NULL for others */
    const char *unit_id;
};

struct alert_plan_list {
    struct alert_plan *items;
    size_t count;
    size_t capacity;
};

/* Sorts by id, what changed before what is due, and takes every thing once: what comes again keeps
 * its place for its mark. At most max things are kept. */
void alert_things_sort(struct watch_thing_list *things, size_t max);

/* A watched date as the ladder sees it. */
struct ladder_watch alert_watch_of(const struct alert_case *c, const struct watch_record *w);
struct ladder_watch alert_watch_of_table(const struct owed_record *t);
/* Subject LADDER_NOTHING: in this state nobody owes anything. */
struct ladder_watch alert_watch_of_matter(const struct owed_matter *m);

/* Everything that must be alerted on as_of, most serious first; the things' next days. Needs no
 * listeners. RESOURCE_EXHAUSTED when the arena is full. */
MUST_CHECK enum status alert_plans(const struct alert_case *c, struct arena *a,
                                   struct alert_plan_list *ret);

/* Keeps those whose key is not among known (sorted here), at most max (whole things; those that
 * find no room are not done), and finds who hears of them. */
MUST_CHECK enum status alert_plans_new(const struct alert_case *c, struct text_list *known,
                                       size_t max, struct arena *a, struct alert_plan_list *list);

/* Ids of the standing alerts of things that are done whose date moved, or whose thing is closed. */
MUST_CHECK enum status alert_outdated(const struct alert_case *c, struct arena *a,
                                      struct text_list *ret);

/* Whether a listener hears of a plan. */
bool alert_hears(const struct alert_plan *p, const struct listener_record *l);

#endif
