/* Outcomes (整改成效): what may be recorded, what a command makes of one, and how it is shown.
 * Pure. */
#ifndef SERVER_SERVICE_OUTCOME_H
#define SERVER_SERVICE_OUTCOME_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/outcome.pb-c.h"
#include "server/service/measure.h"
#include "server/service/workflow.h"
#include "server/store/outcome.h"

enum {
    OUTCOME_TITLE_BYTES = 256,
    OUTCOME_TEXT_BYTES = 4096,
    OUTCOME_WORD_BYTES = 32,
    OUTCOME_REASON_BYTES = 1024,
    OUTCOME_FILES_MAX = 64, /* files of one request */
};

/* A kind: its names, the word it is counted in and how much may be said at once. */
struct outcome_kind {
    Pb__OutcomeKind kind;
    const char *zh;
    const char *word; /* NULL: of its own */
    int64_t max;      /* as Outcome.amount: money in 分 */
};

/* The row of a kind; NULL when there is none. */
const struct outcome_kind *outcome_kind_find(Pb__OutcomeKind kind);

/* What a decision reads. */
struct outcome_case {
    const struct outcome_record *outcome; /* NULL: to be recorded */
    const struct measure_record *measure;
    struct actor actor;
    int32_t today;
    int64_t now_ms;
};

/* The request, its texts checked and its day read. */
struct outcome_order {
    const char *command;           /* COMMAND_REGISTER, _CORRECT, _WITHDRAW, _VERIFY or _RETURN */
    const Pb__OutcomeInput *input; /* of the first two, else NULL */
    int32_t happened_day;          /* NO_DATE: not said */
    const char *reason;            /* NULL: none */
    int32_t files;                 /* that the request adds */
    const char *id;                /* of a new one */
    const char *ref;
    struct org_name org; /* the unit acted from or for */
};

/* Decides a command. OK fills *ret, its version raised; a refusal leaves it alone. As
 * workflow_step; INVALID_ARGUMENT OUTCOME_KIND, AMOUNT_RANGE, OUTCOME_WORD, TEXT_MISSING,
 * DAY_MISSING, DAY_IN_FUTURE, NOTHING_CHANGED; FAILED_PRECONDITION MEASURE_NOT_LIVE;
 * PERMISSION_DENIED OTHER_UNIT: another unit of the measure recorded it. */
MUST_CHECK enum status outcome_step(const struct outcome_case *c, const struct outcome_order *order,
                                    struct outcome_record *ret, struct fault *fault);

/* Every command as it stands for this actor; ret_options has WORKFLOW_OPTIONS_MAX places. The same
 * guards as outcome_step. */
size_t outcome_options(const struct outcome_case *c, struct workflow_option *ret_options);

/* "CG-0003"; NULL when the arena is exhausted. */
const char *outcome_ref(struct arena *a, int32_t number);

/* "12,345.60 元", "3 项"; NULL when the arena is exhausted. */
char *outcome_amount_text(Pb__OutcomeKind kind, int64_t amount, const char *word, struct arena *a);

/* Messages; NULL when the arena is exhausted. */
Pb__Outcome *outcome_message(const struct outcome_record *o, struct arena *a);
Pb__OutcomeTotal *outcome_total_message(const struct outcome_total *t, struct arena *a);

#endif
