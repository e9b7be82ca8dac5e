/* Applying a document to the draft: a notice's outline, a plan table. Pure. */
#ifndef SERVER_HANDLER_APPLY_H
#define SERVER_HANDLER_APPLY_H

#include "server/document/outline.h"
#include "server/document/plan_table.h"
#include "server/service/draft.h"
#include "server/store/org.h"

/* Sets items, problems and measure texts of the draft as the outline has them, matched by
 * reference. Problem numbers that restart are counted through, so that references stay unique.
 * RESOURCE_EXHAUSTED when the draft's arena is. */
MUST_CHECK enum status apply_outline(struct draft *d, const struct outline *outline);

/* Something about a cell that the plan table cannot know by itself: an unknown unit. */
struct apply_fault {
    uint32_t row;
    const char *column;
    const char *message;
};

struct apply_faults {
    struct apply_fault *items;
    size_t count;
    size_t capacity;
};

/* Sets leaders, units, dates, classes of the draft's measures as the table has them. Rows of
 * measures that are not there create them. Units and leaders must be among orgs (by code or name);
 * each unknown one is a fault. */
MUST_CHECK enum status apply_plan_table(struct draft *d, const struct plan_table *table,
                                        const struct org_list *orgs, struct apply_faults *faults);

#endif
