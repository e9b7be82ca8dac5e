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

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/uuid7.h"
#include "server/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum draft_mark { DRAFT_SAME = 0, DRAFT_CHANGED, DRAFT_ADDED };

struct draft_item {
    const char *id;
    int32_t no;
    const char *title;
    int64_t version; /* stored one; 0 for a new thing */
    enum draft_mark mark;
    bool seen; /* the document mentions it */
};

struct draft_problem {
    const char *id;
    const char *ref;
    int32_t no; /* as the document numbers it */
    const char *title;
    const char *state;
    size_t item;            /* index into items */
    const char *lead_org;   /* org id, or NULL */
    const char *sgroup_org; /* org id, or NULL */
    int64_t version;
    enum draft_mark mark;
    bool seen;
};

struct draft_measure {
    const char *id;
    const char *ref;
    int32_t no;
    const char *text;
    const char *target;
    const char *state;
    size_t problem; /* index into problems */
    int32_t class_; /* enum measure_class */
    const char *leader_org;
    const char *lead_org;
    const char **participants; /* org ids, in the order of the plan */
    size_t participant_count;
    size_t participant_capacity;
    int32_t effect_due;     /* day, or NO_DATE */
    int32_t complete_due;   /* day, or NO_DATE */
    int64_t effect_version; /* of the stored milestone row; 0: none */
    int64_t complete_version;
    int64_t version;
    enum draft_mark mark;
    bool participants_changed;
    bool effect_changed;
    bool complete_changed;
    bool seen;
};

struct draft {
    struct arena *arena;
    struct uuid7_source *ids;
    struct draft_item *items;
    size_t item_count, item_capacity;
    struct draft_problem *problems;
    size_t problem_count, problem_capacity;
    struct draft_measure *measures;
    size_t measure_count, measure_capacity;
};

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

/* Whether the plan can be approved by a caller with these roles: STATUS_OK, or FAILED_PRECONDITION
 * PLAN_INCOMPLETE naming the first measures that lack something, PLAN_EMPTY, or what the transition
 * table says. */
MUST_CHECK enum status draft_check_approvable(const struct draft *d, uint32_t roles,
                                              struct fault *fault);

/* SHA-256 of the frozen content, over every field of every thing in reference order: what an
 * approval is bound to. */
void draft_hash(const struct draft *d, unsigned char ret_sha256[32]);

#endif
