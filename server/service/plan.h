/* Plan versions: the joint review (联审), what approval asks, and how a version is shown.
 *
 * An opinion counts for exactly the draft it was given on, by hash: a draft that changed makes it
 * stale. Pure: no SQL, no clock.
 */
#ifndef SERVER_SERVICE_PLAN_H
#define SERVER_SERVICE_PLAN_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/plan.pb-c.h"
#include "server/service/measure.h"
#include "server/service/workflow.h"
#include "server/store/plan_version.h"

/* What a review stands on: the version, who is asked, what was said. */
struct plan_review {
    const struct plan_version_record *plan;
    const unsigned char *sha256; /* of the draft as it is now */
    const struct plan_body_list *bodies;
    const struct plan_opinion_list *opinions;
};

/* The newest opinion of a body on this version; NULL when it gave none. */
const struct plan_opinion *plan_opinion_of(const struct plan_review *r, const char *body_id);
/* The body agreed, and to the draft as it is now. */
bool plan_body_agrees(const struct plan_review *r, const char *body_id);
/* The body of the list the actor sits in, preferring the one acted from; NULL for none. */
const struct plan_body *plan_actor_body(const struct plan_body_list *bodies,
                                        const struct actor *actor);

/* Decides a command of the machine. approve: REVIEWS_MISSING names the bodies. */
MUST_CHECK enum status plan_step(const struct plan_review *r, const char *command,
                                 const struct actor *actor, bool reason_given,
                                 const struct workflow_edge **ret_edge, struct fault *fault);
/* Every command as it stands for the actor; ret_options has WORKFLOW_OPTIONS_MAX places. */
size_t plan_options(const struct plan_review *r, const struct actor *actor,
                    struct workflow_option *ret_options);

/* "118 (v1) +2 −1 = 119 (v2)" from the first frozen version to `last`, which may be a draft. NULL
 * when the arena is exhausted. */
const char *plan_totals(const struct plan_version_list *versions,
                        const struct plan_version_record *last, struct arena *a);

/* A version as a message, without opinions and changes. NULL when the arena is exhausted. */
Pb__PlanVersion *plan_version_message(const struct plan_version_record *v, const char *inspection,
                                      struct arena *a);
/* Adds the opinions: of each body asked, in order, then of others who said something. */
MUST_CHECK bool plan_opinions_add(Pb__PlanVersion *out, const struct plan_review *r,
                                  struct arena *a);

/* Bytes of a hash as 64 hex digits, and whether a text is that hash. */
void plan_hash_print(const unsigned char sha256[PLAN_HASH_BYTES], char ret[PLAN_HASH_HEX_SIZE]);
bool plan_hash_is(const unsigned char sha256[PLAN_HASH_BYTES], const char *text);

/* The hash of an amendment: of its packed content. */
void plan_content_hash(const unsigned char *content, size_t size,
                       unsigned char ret_sha256[PLAN_HASH_BYTES]);

/* Draft or under review: may still become something else. */
bool plan_open(const struct plan_version_record *v);

#endif
