/* Sittings (批量会审): which body somebody speaks for, what an opinion makes of a row, and how it
 * is shown. Pure.
 *
 * Three bodies decide: DISC, ORGD, OFFICE. The one that leads the problem is recused; the problem's
 * special group speaks in its place, without one the leading group. An opinion counts while the
 * record it was given on stands; the last agreement closes the problem, a refusal sends it back.
 */
#ifndef SERVER_SERVICE_SITTING_H
#define SERVER_SERVICE_SITTING_H

#include "server/service/problem.h"
#include "server/store/sitting.h"

#define ROW_PENDING "PENDING"
#define ROW_REFUSED "REFUSED"
#define ROW_UNDECIDED "UNDECIDED"
#define ROW_VOID "VOID"

enum { BODY_COUNT = 3 };

/* The bodies in the order they are shown: bits of ROLE_VERIFY. Their database code is role_name. */
extern const uint32_t sitting_bodies[BODY_COUNT];

/* "计划任务完成", … for 0 to 4. */
const char *sitting_criterion_zh(int index);
const char *sitting_row_state_zh(const char *state);

/* The body that leads the problem; 0 for none. */
uint32_t sitting_recused(const struct problem_record *p);

/* The special group that speaks for the recused body; NULL: the leading group does. */
const char *sitting_substitute_group(const struct problem_record *p);

/* The body the actor speaks for on this problem, *ret_substitute when in its place; 0 and
 * PERMISSION_DENIED RECUSED or ROLE_FORBIDS in the fault (which may be NULL) for none. */
uint32_t sitting_body_of(const struct problem_record *p, const struct actor *actor,
                         bool *ret_substitute, struct fault *fault);

/* A row with all that its decision reads. */
struct sitting_case {
    const struct sitting_record *sitting;
    const struct sitting_row_record *row;
    const struct problem_record *problem;
    struct problem_counts counts;
    const unsigned char *sha256;                 /* of the record as it stands */
    const struct sitting_opinion_list *opinions; /* of the whole sitting */
    const struct actor *actor;
    const char *approval_id; /* for the new opinion */
    int32_t today;
    int64_t now_ms;
};

struct sitting_outcome {
    struct sitting_opinion_record opinion;
    uint32_t body;
    bool decided;
    struct sitting_row_record row; /* when decided; version raised */
    struct problem_outcome problem;
    const char *command; /* COMMAND_CLOSE or COMMAND_REFUSE */
};

/* Takes one body's opinion. FAILED_PRECONDITION STATE_FORBIDS, ROW_DECIDED; PERMISSION_DENIED
 * RECUSED, ROLE_FORBIDS; ABORTED STALE_VERSION with the problem's version; INVALID_ARGUMENT
 * CRITERIA_MISSING, VERDICT_CONTRADICTS, VERDICT_MISSING. */
MUST_CHECK enum status sitting_judge(const struct sitting_case *c, const Pb__SittingVerdict *v,
                                     struct arena *a, struct sitting_outcome *ret,
                                     struct fault *fault);

/* A command of the sitting itself: hold, conclude, cancel. */
MUST_CHECK enum status sitting_step(const struct sitting_record *s, const char *command,
                                    const struct actor *actor, bool reason_given,
                                    struct sitting_record *ret_next, struct fault *fault);

/* Whether a problem may stand on a list. FAILED_PRECONDITION NOT_IN_REVIEW, IN_ANOTHER_SITTING. */
MUST_CHECK enum status sitting_accepts(const struct problem_record *p,
                                       const struct problem_counts *counts, struct fault *fault);

/* What may be done now. An opinion may be given where a row waits for one and the actor speaks for
 * a body on its problem: rows and problems are those he sees. */
size_t sitting_options(const struct sitting_record *s, const struct actor *actor,
                       const struct sitting_row_list *rows, const struct problem_list *problems,
                       struct workflow_option *ret_options);

/* Messages; NULL when the arena is exhausted. */
Pb__Sitting *sitting_message(const struct sitting_record *s, struct arena *a);
Pb__SittingOpinion *sitting_opinion_message(const struct sitting_opinion_record *o,
                                            const char *problem_ref, const unsigned char *sha256,
                                            struct arena *a);
/* The row as this actor sees it; full: he may read the opinions of a pending row. */
Pb__SittingRow *sitting_row_message(const struct sitting_case *c, bool full, struct arena *a);

#endif
