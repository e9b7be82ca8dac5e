/* Draft: the plan before its approval, in memory: items, problems, measures.
 *
 * A draft is read from the database, a document is applied to it (a notice's outline or a plan
 * table), and what came out new or changed is marked, so that the store writes just that. Things
 * are matched by reference: item by number, problem "P-07", measure "P-07-M-03". Applying the same
 * document twice changes nothing. Nothing is removed: what a document does not mention stays, with
 * a warning. Pure: no SQL, no clock; ids come from the caller's source. Everything lives in the
 * caller's arena.
 */
#ifndef SERVER_SERVICE_DRAFT_H
#define SERVER_SERVICE_DRAFT_H

#include "proto/base/fault.h"
#include "server/base/clock.h"
#include "server/store/draft.h"

struct draft_counts {
    int32_t added, updated, unchanged;
};

/* Find by what people write; NULL when there is none. */
struct draft_item *draft_item_by_no(const struct draft *d, int32_t no);
struct draft_problem *draft_problem_by_ref(const struct draft *d, const char *ref);
struct draft_problem *draft_problem_by_no(const struct draft *d, int32_t no);
struct draft_measure *draft_measure_by_ref(const struct draft *d, const char *ref);

/* Adds an empty thing, marked DRAFT_ADDED with a fresh id. NULL when the arena is exhausted. The
 * arrays may move: do not keep pointers over it. */
struct draft_item *draft_add_item(struct draft *d, int32_t no);
struct draft_problem *draft_add_problem(struct draft *d, size_t item, int32_t no, const char *ref);
struct draft_measure *draft_add_measure(struct draft *d, size_t problem, int32_t no);

/* Sets *slot to value when they differ (NULL equals ""); marks a stored thing DRAFT_CHANGED. */
void draft_set_text(const char **slot, const char *value, enum draft_mark *mark);

/* "P-07" and "P-07-M-03" in the draft's arena. */
const char *draft_problem_ref(struct draft *d, int32_t no);
const char *draft_measure_ref(struct draft *d, const char *problem_ref, int32_t no);

/* How many measures are marked how. */
struct draft_counts draft_count_measures(const struct draft *d);
/* The same over items, problems and measures. */
struct draft_counts draft_count_all(const struct draft *d);

/* Problems of the feedback, the denominator, and those of other origins, which never change it. */
void draft_count_problems(const struct draft *d, int32_t *ret_feedback, int32_t *ret_other);

/* Whether the plan can be approved by a caller with these roles: STATUS_OK, or FAILED_PRECONDITION
 * PLAN_INCOMPLETE naming the first measures that lack something, PLAN_EMPTY, or what the transition
 * table says. */
MUST_CHECK enum status draft_check_approvable(const struct draft *d, uint32_t roles,
                                              struct fault *fault);

/* Puts a problem entered by hand where reading the draft again would find it (by length of its
 * reference, then the reference). False: arena exhausted. */
bool draft_insert_problem(struct draft *d, const struct draft_problem *p);

/* SHA-256 of the frozen content, over every field of every thing in reference order: what an
 * approval is bound to. */
void draft_hash(const struct draft *d, unsigned char ret_sha256[32]);

#endif
