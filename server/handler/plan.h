/* What the files of PlanService share: one call's state, its reads, and the rows of each file. */
#ifndef SERVER_HANDLER_PLAN_H
#define SERVER_HANDLER_PLAN_H

#include "rectify/v1/plan.pb-c.h"
#include "server/dispatch/handler.h"
#include "server/document/plan_table.h"
#include "server/handler/apply.h"
#include "server/service/amendment.h"
#include "server/service/plan.h"
#include "server/store/plan.h"
#include "server/store/plan_document.h"

enum { PLAN_OPINION_BYTES = 1024, PLAN_REVIEWERS_MAX = 16 };

struct plan_call {
    struct inspection_list all; /* queries read without a lock */
    struct inspection_record inspection;
    struct draft draft;
    struct org_list orgs;
    struct plan_table table;
    struct apply_faults faults;
    struct plan_version_list versions;
    struct plan_body_list bodies;
    struct plan_opinion_list opinions;
    struct plan_document_list documents;
    struct measure_list found;
    struct pending_list pending;
    Pb__PlanChanges *content;
    struct plan_version_record before; /* version 0: not stored yet */
    struct plan_version_record next;
    struct plan_version_record replaced;   /* the version an amendment supersedes */
    unsigned char sha256[PLAN_HASH_BYTES]; /* of the draft as it is now */
    struct amendment amendment;
    struct plan_opinion opinion;
    struct plan_body_list asked;
    bool version_changed;
    const char *first_period;
};

/* The inspection a request names; "" for none. */
const char *plan_requested_code(const struct call *call);
void plan_subjects(const struct call *call, struct subject_set *set);

/* Reads inspection (locked by commands), versions, bodies, opinions, documents and orgs; with_draft
 * also items, problems and measures. */
MUST_CHECK enum status plan_load_all(struct call *call, struct db_queue *q, bool with_draft);
int plan_load(struct call *call, struct db_queue *q);
int plan_load_draft(struct call *call, struct db_queue *q);

/* NOT_FOUND INSPECTION_UNKNOWN. */
MUST_CHECK enum status plan_find_inspection(struct call *call, struct plan_call *p);
/* FAILED_PRECONDITION PLAN_FROZEN when there is an approved plan. */
MUST_CHECK enum status plan_find_draft(struct call *call, struct plan_call *p);
/* p->before: the version of that id, else the only draft; for an inspection without a plan a new
 * one, not stored yet. NOT_FOUND PLAN_UNKNOWN; INVALID_ARGUMENT PLAN_NEEDED. */
MUST_CHECK enum status plan_pick(struct call *call, struct plan_call *p, const char *id);

/* An empty one. NULL: arena exhausted. */
struct plan_call *plan_call_new(struct call *call);
/* For a command of another service that changes the draft: the inspection, locked, its versions and
 * its draft. The change is then made in p->draft too, before plan_follow_draft. */
MUST_CHECK enum status plan_queue_followed(struct call *call, struct db_queue *q,
                                           struct plan_call *p, const char *code);

/* Sets counts and hash of the first plan's version from the draft. */
void plan_count(const struct draft *d, struct plan_version_record *v,
                unsigned char ret_sha256[PLAN_HASH_BYTES]);
/* Adds the change(s) that make p->next of p->before, by a command, with a reason or NULL. */
MUST_CHECK enum status plan_record(struct call *call, struct plan_call *p, const char *command,
                                   const char *reason);
MUST_CHECK enum status plan_write(struct call *call, struct db_queue *q, const struct plan_call *p);
/* The draft was edited: a version under review follows, and its opinions become stale. */
MUST_CHECK enum status plan_follow_draft(struct call *call, struct plan_call *p);
MUST_CHECK enum status plan_write_followed(struct call *call, struct db_queue *q,
                                           const struct plan_call *p);
/* The problems the document mentioned (seen, or with a seen measure) stand in this plan document
 * (title or kind; NULL: not said) and at this body (0: not said). NOT_FOUND DOCUMENT_UNKNOWN,
 * BODY_UNKNOWN; INVALID_ARGUMENT DOCUMENT_NEEDED: several of the kind. */
MUST_CHECK enum status plan_place_problems(struct call *call, struct plan_call *p,
                                           const char *document, int32_t body_no);
/* p->next as the reply. */
MUST_CHECK enum status plan_reply(struct call *call, const struct plan_call *p);
/* The inspection with a new version, recorded. */
MUST_CHECK enum status plan_record_inspection(struct call *call,
                                              const struct inspection_record *after);
struct plan_review plan_review_of(const struct plan_call *p);

/* plan_approve.c */
int plan_approve_load(struct call *call, struct db_queue *q);
enum status plan_approve_decide(struct call *call);
enum status plan_approve_effects(struct call *call, struct db_queue *q);
/* plan_amend.c */
int plan_propose_load(struct call *call, struct db_queue *q);
enum status plan_propose_decide(struct call *call);
enum status plan_propose_effects(struct call *call, struct db_queue *q);
MUST_CHECK enum status plan_load_changes(struct call *call, struct db_queue *q,
                                         struct plan_call *p);
MUST_CHECK enum status plan_refuse_stale_base(struct call *call, const struct plan_call *p,
                                              int32_t base_no);
MUST_CHECK enum status plan_work_out(struct call *call, struct plan_call *p, uint32_t roles,
                                     bool final);
/* plan_review.c */
enum status plan_submit_decide(struct call *call);
enum status plan_review_decide(struct call *call);
enum status plan_review_effects(struct call *call, struct db_queue *q);
enum status plan_withdraw_review_decide(struct call *call);
enum status plan_withdraw_decide(struct call *call);
enum status plan_step_effects(struct call *call, struct db_queue *q);
enum status plan_bodies_decide(struct call *call);
enum status plan_bodies_effects(struct call *call, struct db_queue *q);
/* plan_read.c */
enum status plan_get_decide(struct call *call);
enum status plan_allowed_decide(struct call *call);

#endif
