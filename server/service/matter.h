/* Matters (事项): the frame that every kind shares, and the table of kinds.
 *
 * A kind is a machine of workflow.h and a row of hooks: which fields its commands take, what its
 * guards read, and what a command makes of the record. Adding a kind is adding a row (matter.c) and
 * a file. Pure: what was read comes in as a case, what is to be written goes out as an outcome.
 */
#ifndef SERVER_SERVICE_MATTER_H
#define SERVER_SERVICE_MATTER_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/matter.pb-c.h"
#include "server/base/calendar.h"
#include "server/service/measure.h"
#include "server/service/workflow.h"
#include "server/store/matter.h"
#include "server/store/org.h"

enum {
    ANSWER_WORKING_DAYS = 3, /* triage, an extension's verdict, judging a reply: own clock */
    NOTICE_WORKING_DAYS = 5, /* to reply to a notice, where the issuer says nothing */
    NOTICE_WORKING_DAYS_MAX = 60,
    MATTER_TASKS_MAX = 50,
    MATTER_SAMPLE_MAX = 500,
    MATTER_PER_UNIT_MAX = 50,
    MATTER_SEED_MAX = 999999999,
    MATTER_TITLE_BYTES = 256,
    MATTER_SHORT_BYTES = 1024, /* a reason, a task, a sender */
    MATTER_FOUND_BYTES = 4096,
};

/* What a new matter is about. Absent: NULL. */
struct matter_place {
    const char *inspection_id;
    const char *inspection;
    const char *problem_id;
    const char *problem_ref;
    struct org_name unit;   /* concerned or addressed */
    struct org_name holder; /* named by the request */
};

/* What a decision reads. Lists may be NULL where the kind does not look at them. */
struct matter_case {
    enum workflow_id kind;
    const struct matter_record *matter;   /* NULL: to be opened */
    struct matter_place place;            /* of a new one */
    const struct measure_record *measure; /* it is about; NULL: none */
    const struct org_list *orgs;
    const struct matter_list *related; /* same kind and measure (or unit); may hold others */
    const struct matter_task_list *tasks;
    const struct matter_sample_list *samples;
    const struct measure_list *pool; /* measures a round samples or has sampled */
    const struct calendar *calendar;
    int32_t concentrated_end; /* of the inspection; NO_DATE: none */
    struct actor actor;
    int32_t today;
    int64_t now_ms;
};

/* New dates of a measure that opens again. */
struct matter_dates {
    int32_t effect_due; /* NO_DATE: not given */
    int32_t complete_due;
};

/* The request, its texts checked and its days read. */
struct matter_order {
    const char *command;
    const Pb__MatterInput *input; /* never NULL */
    int32_t due;
    int32_t new_due;
    int32_t scheduled_day;
    int32_t effect_due;
    const struct matter_dates *dates; /* one a line of input->verdicts */
    /* what the server adds */
    const char *id; /* of a new matter */
    const char *ref;
    const char *private_id;
    const char *salt;
    int64_t seed; /* for a draw without one */
};

/* A measure that a final verdict opens again. Its problem is to be taken up again in the same
 * transaction (problem_reopened). */
struct matter_reopening {
    const struct measure_record *before;
    struct measure_outcome outcome;
    const char *reason; /* for the log */
};

/* What the command made. Tasks and samples are complete as they now stand; `touched` ones are to be
 * written over their version (0: new). */
struct matter_outcome {
    struct matter_record next; /* version already raised */
    const struct workflow_edge *edge;
    const char *event_reason; /* for the log; NULL: none */
    struct matter_task *tasks;
    bool *task_touched;
    size_t task_count;
    struct matter_sample *samples;
    bool *sample_touched;
    size_t sample_count;
    bool measure_moves; /* the case's measure: an approved extension */
    struct measure_outcome measure;
    struct matter_reopening *reopened;
    size_t reopened_count;
    bool has_private;
    struct matter_private private_text;
};

/* Fields of MatterInput as bits: 1 << field number. */
#define FIELD(number) (UINT64_C(1) << (number))
enum matter_field {
    F_MEASURE = 1,
    F_PROBLEM = 2,
    F_INSPECTION = 3,
    F_UNIT = 4,
    F_HOLDER = 5,
    F_MILESTONE = 6,
    F_LEVEL = 7,
    F_URGENT = 8,
    F_TITLE = 9,
    F_TEXT = 10,
    F_ANSWER = 11,
    F_DUE = 12,
    F_NEW_DUE = 13,
    F_SCHEDULED = 14,
    F_TASKS = 15,
    F_TASK_NO = 16,
    F_MEASURES = 17,
    F_PER_UNIT = 18,
    F_SEED = 19,
    F_VERDICTS = 20,
    F_WORKING_DAYS = 21,
    F_ORIGIN = 22,
    F_SENDER = 23,
    F_CONTENTS = 24,
    F_REASON_CODE = 25,
    F_REASON = 26,
    F_EFFECT_DUE = 27,
};

struct matter_command {
    const char *name;
    uint64_t needs; /* must be there (beside what a guard asks for with a code of its own) */
    uint64_t may;   /* may be there */
};

/* A kind: a row of matter.c. Hooks may be NULL. */
struct matter_kind {
    enum workflow_id machine;
    const char *prefix; /* of its numbers */
    bool addressed;     /* the unit in it is addressed: it acts as such, whatever it leads */
    const struct matter_command *commands; /* ends with a NULL name; the first one opens */
    void (*facts)(const struct matter_case *c, struct workflow_facts *facts);
    /* What the request adds to the facts. */
    void (*brings)(const struct matter_case *c, const struct matter_order *order,
                   struct workflow_facts *facts);
    /* What stands in the way beside the table; order NULL: asked without a request. */
    enum status (*check)(const struct matter_case *c, const char *command,
                         const struct matter_order *order, struct fault *fault);
    /* What the command makes of `o->next`, whose state, reason and version are set. */
    enum status (*apply)(const struct matter_case *c, const struct matter_order *order,
                         struct arena *a, struct matter_outcome *o, struct fault *fault);
};

/* The row of a machine that is a kind of matter; NULL for the other machines. */
const struct matter_kind *matter_kind_of(enum workflow_id machine);
/* The same by machine code ("notice"); NULL when there is none. code may be NULL. */
const struct matter_kind *matter_kind_by_code(const char *code);

/* "DB-0003". NULL: arena exhausted. */
const char *matter_ref(struct arena *a, const struct matter_kind *kind, int32_t number);

/* The roles the actor has towards this matter. */
uint32_t matter_roles(const struct matter_case *c);

/* Decides a command, the opening one included. Refusals carry their reason; *ret is then left
 * alone. INVALID_ARGUMENT COMMAND_UNKNOWN, FIELD_UNUSED, FIELD_MISSING; else as workflow_step and
 * the kind's own. */
MUST_CHECK enum status matter_step(const struct matter_case *c, const struct matter_order *order,
                                   struct arena *a, struct matter_outcome *ret,
                                   struct fault *fault);

/* Every command as it stands for this actor; ret_options has WORKFLOW_OPTIONS_MAX places. The same
 * guards as matter_step, but for what a request brings. */
size_t matter_options(const struct matter_case *c, struct arena *a,
                      struct workflow_option *ret_options);

/* "kind:STATE" of every state that ends a matter. False: arena exhausted. */
bool matter_final_states(struct text_list *list, struct arena *a);

/* Messages. NULL: arena exhausted. */
Pb__Matter *matter_message(const struct matter_record *m, int32_t as_of, struct arena *a);
Pb__MatterTask *matter_task_message(const struct matter_task *t, struct arena *a);
Pb__MatterSample *matter_sample_message(const struct matter_sample *s, struct arena *a);
/* The record for the log: the matter with its tasks and sample. */
Pb__Matter *matter_outcome_message(const struct matter_outcome *o, int32_t as_of, struct arena *a);

/* ---- for the kinds' files ---- */

/* The first org of a kind ("OFFICE") in official order; id NULL when there is none. */
struct org_name matter_body(const struct matter_case *c, const char *org_kind);
/* The org acted from. */
struct org_name matter_own_body(const struct matter_case *c);
/* The body that decides on a level: 1 the office, 2 the measure's leader, 3 the leading group. */
struct org_name matter_body_of_level(const struct matter_case *c, int level);
bool matter_same(const char *id, const char *other);
bool matter_said(const char *text);
/* So many working days from today. */
int32_t matter_working_days(const struct matter_case *c, int days);
/* INVALID_ARGUMENT DAY_IN_PAST for a day before today; NO_DATE passes. */
enum status matter_not_past(const struct matter_case *c, const char *field, int32_t day,
                            struct fault *fault);
/* A copy of the stored tasks or samples into the outcome, none touched, with room for more. */
enum status matter_copy_tasks(const struct matter_case *c, size_t more, struct arena *a,
                              struct matter_outcome *o, struct fault *fault);
enum status matter_copy_samples(const struct matter_case *c, size_t more, struct arena *a,
                                struct matter_outcome *o, struct fault *fault);
/* A text that one body alone reads; the record keeps its salted hash. */
enum status matter_keep_private(const struct matter_order *order, const char *part,
                                const char *text, struct arena *a, struct matter_outcome *o,
                                struct fault *fault);
enum status matter_no_memory(struct fault *fault);

extern const struct matter_kind matter_consultation;
extern const struct matter_kind matter_extension;
extern const struct matter_kind matter_notice;
extern const struct matter_kind matter_talk;
extern const struct matter_kind matter_round;
extern const struct matter_kind matter_instruction;
extern const struct matter_kind matter_opinion;

#endif
