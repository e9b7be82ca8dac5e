/* Amendments (方案调整): what a list of changes makes of the measures of an approved plan.
 *
 * Decided here: what waits for a decision on a measure stops an amendment that ends it – a claim, a
 * row handed in, an extension asked for: first decide or withdraw it. Consultations go on with the
 * old measure; its successors are found through the lineage. Deadlines do not move: a new measure
 * without dates of its own has the earliest of those it takes the place of, original and current,
 * so that splitting launders no delay; an altered measure keeps its own (extensions move them).
 * Pure: no SQL, no clock; ids come from the caller's source; everything lives in the arena.
 */
#ifndef SERVER_SERVICE_AMENDMENT_H
#define SERVER_SERVICE_AMENDMENT_H

#include "proto/base/uuid7.h"
#include "rectify/v1/plan.pb-c.h"
#include "server/service/draft.h"
#include "server/service/measure.h"
#include "server/store/amendment.h"
#include "server/store/org.h"

enum {
    AMENDMENT_CHANGES_MAX = 200,
    AMENDMENT_MADE_MAX = 500,
    AMENDMENT_NODES_MAX = 16,
    AMENDMENT_REASON_BYTES = 1024,
};

struct amendment_input {
    struct arena *arena;
    struct uuid7_source *ids;
    const Pb__PlanChanges *content;
    const struct draft *draft; /* problems, and the numbers their measures have */
    const struct measure_list *found;
    const struct org_list *orgs;
    const struct pending_list *pending; /* NULL: not looked at (a proposal) */
    const char *inspection_id;
    const char *inspection; /* code */
    uint32_t roles;
    int64_t now_ms;
};

/* The changes with every org named by its code, its inspection and base set: what is kept and
 * hashed. INVALID_ARGUMENT ORG_UNKNOWN, CHANGE_COUNT, CHANGE_SHAPE. */
MUST_CHECK enum status amendment_read(struct arena *arena, const Pb__ProposeAmendmentRequest *r,
                                      const struct org_list *orgs, int32_t base_no,
                                      Pb__PlanChanges **ret, struct fault *fault);

/* The kept bytes of changes, and the changes of kept bytes. RESOURCE_EXHAUSTED; INTERNAL for bytes
 * that are none. */
MUST_CHECK enum status amendment_pack(struct arena *arena, const Pb__PlanChanges *content,
                                      const unsigned char **ret_bytes, size_t *ret_size);
MUST_CHECK enum status amendment_unpack(struct arena *arena, const unsigned char *bytes,
                                        size_t size, Pb__PlanChanges **ret);

/* Works the changes out. Refusals name the change: INVALID_ARGUMENT CHANGE_SHAPE, MEASURE_TWICE,
 * NODE_SHAPE, BAD_DATE, DATES_BY_EXTENSION, CLASS_KEPT, ORG_UNKNOWN; NOT_FOUND MEASURE_UNKNOWN,
 * PROBLEM_UNKNOWN; FAILED_PRECONDITION CLAIM_PENDING, ROW_PENDING, EXTENSION_PENDING,
 * PROBLEM_CLOSING, PROBLEM_LEADERLESS, MEASURE_INCOMPLETE, and what the measure's machine says. */
MUST_CHECK enum status amendment_work_out(const struct amendment_input *in, struct amendment *ret,
                                          struct fault *fault);

/* The references of every old measure of the changes. False when the arena is exhausted. */
MUST_CHECK bool amendment_refs(struct arena *arena, const Pb__PlanChanges *content,
                               struct text_list *ret);

#endif
