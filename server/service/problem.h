/* Problems (问题): who somebody is to a problem, what a command makes of it, and how it is shown.
 *
 * Pure. The transitions are the table of workflow.h. Closing and refusing are given in a sitting
 * alone (sitting.h); a problem's measures are never moved by it.
 */
#ifndef SERVER_SERVICE_PROBLEM_H
#define SERVER_SERVICE_PROBLEM_H

#include "rectify/v1/sitting.pb-c.h"
#include "server/service/measure.h"
#include "server/store/problem.h"

/* What closing asks of the measures below. */
struct problem_counts {
    uint32_t total;
    uint32_t finished; /* DONE, SUSTAINING, SUPERSEDED or CANCELLED */
    uint32_t live;     /* neither SUPERSEDED nor CANCELLED */
    uint32_t done;
    uint32_t sustaining;
};

/* Counts those of one problem. */
struct problem_counts problem_count(const struct problem_measure_list *list,
                                    const char *problem_id);

/* The roles the actor has towards this problem: a unit's and a special group's count only with the
 * relation; on behalf, the unit's counts and the office's own do not. */
uint32_t problem_roles(const struct problem_record *p, const struct actor *actor);

/* Rule 4: neither the actor's org nor any org the account sits in leads the problem. */
bool problem_independent(const struct problem_record *p, const struct actor *actor);

/* A command on a problem, with what the request brings. */
struct problem_order {
    const char *command; /* COMMAND_… */
    bool reason_given;
    bool ground_given;
    const char *report; /* apply_close; NULL: not given */
    const char *lessons;
    const char *group_opinion; /* forward */
    /* close and refuse, from a sitting: the body (a bit of ROLE_VERIFY) and how they all stand */
    uint32_t body;
    uint32_t agreed;
    uint32_t refused;
    bool criteria_reasoned;
    int32_t today;
    int64_t now_ms;
};

struct problem_outcome {
    struct problem_record next; /* version already raised */
    const struct workflow_edge *edge;
};

/* Decides a command. OK fills *ret; a refusal leaves it alone. PERMISSION_DENIED RECUSED: the
 * office leads it itself. */
MUST_CHECK enum status problem_step(const struct problem_record *p,
                                    const struct problem_counts *counts, const struct actor *actor,
                                    const struct problem_order *order, struct problem_outcome *ret,
                                    struct fault *fault);

/* Taken up again because one of its measures is: true, with the row to write before the measure's,
 * where it was applied for, in review, sustained or closed; false where it is rectifying anyway. */
MUST_CHECK bool problem_reopened(const struct problem_record *p, struct problem_record *ret_next);

/* Every command as it stands for this actor, in table order; ret_options has WORKFLOW_OPTIONS_MAX
 * places. close and refuse are never allowed here: IN_SITTING_ONLY. */
size_t problem_options(const struct problem_record *p, const struct problem_counts *counts,
                       const struct actor *actor, struct workflow_option *ret_options);

/* "DONE", "SUSTAINED" or "ONGOING", and 完成整改, 基本完成并持续整改 or 正在整改. */
const char *problem_public_class(const char *state);
const char *problem_public_class_zh(const char *state);

/* Whether the origin may be given by hand: FEEDBACK comes with the notice alone. */
bool problem_origin_by_hand(const char *origin);

/* The message of a record. NULL when the arena is exhausted. */
Pb__Problem *problem_message(const struct problem_record *p, struct arena *a);

/* What opinions on closing are bound to: the problem without what is counted of it, and the version
 * of each measure below. NULL when the arena is exhausted. */
Pb__ClosingRecord *problem_closing_record(const struct problem_record *p,
                                          const struct problem_measure_list *measures,
                                          struct arena *a);

#endif
