/* Measures: who somebody is to a measure, what a command makes of it, and how it is shown.
 *
 * Pure: no SQL, no clock; `today` and `now_ms` come in. The transitions themselves are the tables
 * of workflow.h; here stands what a transition does to the row and its milestones.
 */
#ifndef SERVER_SERVICE_MEASURE_H
#define SERVER_SERVICE_MEASURE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/common.pb-c.h"
#include "server/service/workflow.h"
#include "server/store/measure.h"

enum {
    DUE_SOON_DAYS = 20,  /* 临期 of a measure, days */
    STALLED_PERIODS = 2, /* unchanged reports in a row that make 进展停滞 */
};

/* Who acts, as far as decisions care. */
struct actor {
    const char *account_id; /* NULL for the clock */
    const char *org_id;     /* acted from or for */
    const char *orgs;       /* "{uuid,…}": every org the account (and whom it stands in for) has a
                             * seat in; may be NULL */
    uint64_t roles;
    bool behalf;                   /* the office acts for org_id (代报) */
    const char *substitute_for_id; /* the account stood in for (X 代 Y); NULL for none */
};

/* The roles the actor has towards this measure: unit roles count only with the matching relation;
 * on behalf, the unit's relation counts and the office's own roles do not. */
uint32_t measure_roles(const struct measure_record *m, const struct actor *actor);

/* Rule 4: neither the actor's org nor any org the account sits in leads the measure or its
 * problem. */
bool measure_independent(const struct measure_record *m, const struct actor *actor);

/* A command on a measure, with what the request brings. */
struct measure_order {
    const char *command; /* COMMAND_… */
    bool reason_given;
    int32_t next_check_day; /* NO_DATE: not given */
    /* Evidence of the present round after the files of this request are attached. */
    uint32_t evidence_count;
    uint32_t evidence_strong;
    int32_t today;
    int64_t now_ms;
    /* reopen and fail */
    bool ground_given;
    int32_t effect_due; /* new dates, NO_DATE: not given; read by these two commands alone */
    int32_t complete_due;
    /* reopen: a round's final FALSE; the round's machine has said who may. Rule 4 still holds. */
    bool by_round;
    /* add, supersede and cancel: an amendment of the plan says so */
    bool amendment_approved;
};

/* What the command made. */
struct measure_outcome {
    struct measure_record next;              /* version already raised */
    bool milestone_changed[MILESTONE_COUNT]; /* their versions are raised in next */
    const struct workflow_edge *edge;
};

/* Decides a command. OK fills *ret; a refusal has its reason in the fault and leaves *ret alone.
 * PERMISSION_DENIED RECUSED: the office leads it itself; SAME_PERSON: who judges or endorses handed
 * the claim in. FAILED_PRECONDITION NOT_ENDORSED: a claim
 * of the measure's own lead unit waits for the problem's lead unit; ALREADY_ENDORSED. reopen and
 * fail: whoever writes the outcome takes the problem up again in the same transaction
 * (problem_reopened). object and endorse leave the measure as it is (the version of *ret is not to
 * be written). add works on a record in STATE_NONE. */
MUST_CHECK enum status measure_step(const struct measure_record *m, const struct actor *actor,
                                    const struct measure_order *order, struct measure_outcome *ret,
                                    struct fault *fault);

/* Every command as it stands for this actor, in table order; ret_options has
 * WORKFLOW_OPTIONS_MAX places. The same guards as measure_step. */
size_t measure_options(const struct measure_record *m, const struct actor *actor,
                       struct workflow_option *ret_options);

/* The claim that waits is another unit's than the problem's lead unit. */
bool measure_needs_endorsement(const struct measure_record *m);

/* A monthly report on the record: percent, narrative, day, unchanged periods. again: this period
 * was reported before, so an unchanged text is not counted twice. Versions are left alone. */
void measure_report(struct measure_record *m, int32_t percent, const char *narrative, int32_t today,
                    bool again);

/* True in the states that owe a row of the month's table. */
bool measure_reports(const char *state);

/* True where dates bind: not DRAFT, SUPERSEDED, CANCELLED. */
bool measure_live(const struct measure_record *m);

/* One milestone's days for due_status(). */
struct due_milestone measure_due(const struct milestone_record *ms);

/* True when the milestone counts: it exists, and is not the EFFECT of 立行立改. */
bool measure_has_milestone(const struct measure_record *m, int index);

/* 0 without a date, else NORMAL, DUE_SOON, OVERDUE (the numbers of rectify.v1.Light). */
int milestone_light(const struct milestone_record *ms, int32_t as_of);
int measure_light(const struct measure_record *m, int32_t as_of);

/* The message of a record, lights judged on as_of. NULL when the arena is exhausted. */
Pb__Measure *measure_message(const struct measure_record *m, int32_t as_of, struct arena *a);

/* The same without what is computed of it or stands beside it (lights, days left, endorsement):
 * what an endorsement is bound to, whatever day it is. */
Pb__Measure *measure_stable_message(const struct measure_record *m, struct arena *a);

#endif
