/* What every handler that moves a problem does alike: finding it, the event's changes, the queued
 * writes. */
#ifndef SERVER_HANDLER_PROBLEM_WRITE_H
#define SERVER_HANDLER_PROBLEM_WRITE_H

#include "server/dispatch/handler.h"
#include "server/service/sitting.h"

/* The one problem of the list that has this reference or id. NOT_FOUND PROBLEM_UNKNOWN;
 * INVALID_ARGUMENT INSPECTION_NEEDED when several inspections have it. */
MUST_CHECK enum status pick_problem(struct call *call, const struct problem_list *list,
                                    const char *ref, const struct problem_record **ret);

/* Adds the change to the call's event: the full new record, its transition and its reason. before
 * NULL: a new problem. */
MUST_CHECK enum status problem_record_change(struct call *call, const struct problem_record *before,
                                             const struct problem_record *next, const char *command,
                                             const char *reason);

/* Adds the change of a sitting's row. */
MUST_CHECK enum status sitting_row_record_change(struct call *call,
                                                 const struct sitting_row_record *before,
                                                 const struct sitting_row_record *next,
                                                 const char *problem_ref, const char *command);

/* A problem on its way, with its row in a sitting that has not decided on it. */
struct problem_move {
    const struct problem_record *before;
    struct problem_record next;
    struct sitting_row_list pending; /* read under the problem's lock */
    struct sitting_row_record row;   /* what becomes of it */
    bool row_changes;
};

/* Records the move. A problem that leaves review otherwise than by its sitting leaves the list too:
 * its row is VOID. */
MUST_CHECK enum status problem_move_record(struct call *call, struct problem_move *move,
                                           const char *command, const char *reason);
MUST_CHECK enum status problem_move_write(struct call *call, struct db_queue *q,
                                          const struct problem_move *move);

/* Answers with the problem, its long texts left behind. */
MUST_CHECK enum status problem_reply(struct call *call, const struct problem_record *p);

/* Text of a ground: "RELAPSE 内容" in the arena. INVALID_ARGUMENT REASON_MISSING, and what
 * check_text refuses. *ret_given false when no ground was named. */
MUST_CHECK enum status check_ground(struct call *call, bool has_ground, int ground,
                                    const char *reason, const char **ret_text, bool *ret_given);

#endif
