/* Alerts: which must exist on a day, what they say, who hears. Pure.
 *
 * The ladder says the level; this says for which things, in which words, to whom. An alert is made
 * once because its key is; the caller leaves out the keys that exist. */
#ifndef SERVER_SERVICE_ALERT_H
#define SERVER_SERVICE_ALERT_H

#include "proto/base/arena.h"
#include "server/base/calendar.h"
#include "server/base/ladder.h"
#include "server/service/measure.h"
#include "server/store/alert.h"
#include "server/store/table.h"

enum {
    SIGN_WORKING_DAYS = 3, /* 签收 is due so many working days after assignment */
    ALERTS_PER_RUN = 1000, /* the most serious first; the next tick goes on */
};

struct alert_case {
    const struct watch_list *watched;
    const struct table_list *owed;
    const struct listener_list *listeners;
    const struct calendar *calendar;
    const struct ladder_rule *rules;
    size_t rule_count;
    int32_t as_of;
    int utc_offset_min;
    int64_t now_ms;
};

struct alert_plan {
    struct alert_record alert;        /* id still NULL */
    struct text_list recipients;      /* account ids, each once */
    uint32_t heard_by;                /* mask of enum ladder_recipient */
    const struct watch_record *watch; /* NULL for a table */
    const char *unit_id;
};

struct alert_plan_list {
    struct alert_plan *items;
    size_t count;
    size_t capacity;
};

/* Everything that must be alerted on as_of, most serious first. RESOURCE_EXHAUSTED when the arena
 * is full. */
MUST_CHECK enum status alert_plans(const struct alert_case *c, struct arena *a,
                                   struct alert_plan_list *ret);

/* Keeps those whose key is not among known (sorted here), at most max, and finds who hears of them.
 */
MUST_CHECK enum status alert_plans_new(const struct alert_case *c, struct text_list *known,
                                       size_t max, struct arena *a, struct alert_plan_list *list);

#endif
