/* MeasureService: claims and the decisions on them. */
#include "server/handler/measure.h"

#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/measure.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/measure_write.h"
#include "server/handler/record_hash.h"
#include "server/handler/request_check.h"
#include "server/store/evidence.h"
#include "server/store/table.h"

#include <string.h>

struct claim_call {
    struct measure_list found;
    struct evidence_list files;
    struct evidence_link_list links;
    struct evidence_attachment attachment;
    const struct measure_record *before;
    struct measure_outcome outcome;
    int verdict; /* for rows of tables that carry the claim; 0: not given any more */
};

static struct claim_call *
claim_data(struct call *call)
{
    call->data = arena_alloc(call->arena, sizeof(struct claim_call));
    return call->data;
}

static enum status
load_one(struct call *call, struct db_queue *q, const char *ref, const char *inspection)
{
    struct claim_call *c = call->data;
    const char *refs[] = {ref == NULL ? "" : ref};
    struct text_list list = {refs, 1, 1};
    return measure_queue_get(q, call->who->tenant, &list, inspection, true, call->arena, &c->found);
}

void
claim_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__ClaimRequest *r = REQUEST(call, Pb__ClaimRequest);
    subject_add(set, "measure", r->ref == NULL ? "" : r->ref);
}

int
claim_load(struct call *call, struct db_queue *q)
{
    const Pb__ClaimRequest *r = REQUEST(call, Pb__ClaimRequest);
    if (call->round == 0) {
        if (claim_data(call) == NULL) {
            return (int)handler_no_memory(call);
        }
        enum status s = load_one(call, q, r->ref, r->inspection);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct claim_call *c = call->data;
    enum status s = pick_measure(call, &c->found, r->ref, &c->before);
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct text_list ids = {0};
    for (size_t i = 0; i < r->n_evidence; i++) {
        /* What is no id at all is simply not found later. */
        if (uuid_text_valid(r->evidence[i]) && !text_list_add(&ids, call->arena, r->evidence[i])) {
            return (int)handler_no_memory(call);
        }
    }
    struct text_list measures = {0};
    if (!text_list_add(&measures, call->arena, c->before->id)) {
        return (int)handler_no_memory(call);
    }
    s = evidence_queue_get(q, call->who->tenant, &ids, call->arena, &c->files);
    return s != STATUS_OK
               ? (int)s
               : (int)evidence_queue_links(q, call->who->tenant, &measures, call->arena, &c->links);
}

static enum status
check_claim(struct call *call, const Pb__ClaimRequest *r)
{
    if (r->n_evidence > LIMIT_UPLOADS_PER_ORG) {
        return fault_set_field(&call->fault, "evidence", "TOO_MANY_FILES",
                               "一次最多附 %d 份证明材料，请分次提交。", LIMIT_UPLOADS_PER_ORG);
    }
    int32_t happened = NO_DATE;
    enum status s = check_day(call, "happened_on", r->happened_on, &happened);
    if (s == STATUS_OK && happened != NO_DATE && happened > call->today) {
        return fault_set_field(&call->fault, "happened_on", "DAY_IN_FUTURE",
                               "发生日期不能晚于今天，请核对。");
    }
    return s == STATUS_OK ? check_text(call, "narrative", r->narrative, LIMIT_TEXT_BYTES, false)
                          : s;
}

static enum status
decide_claim_of(struct call *call, const char *command)
{
    const Pb__ClaimRequest *r = REQUEST(call, Pb__ClaimRequest);
    struct claim_call *c = call->data;
    enum status s = check_claim(call, r);
    if (s == STATUS_OK) {
        s = check_expected(call, c->before->version);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct actor actor = call_actor(call);
    struct evidence_shelf shelf = {&c->files, &c->links, actor.org_id};
    c->attachment = (struct evidence_attachment){.ids = r->evidence, .count = r->n_evidence};
    s = evidence_attach(c->before, &shelf, "evidence", &c->attachment, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    struct measure_order order = {
        .command = command,
        .next_check_day = NO_DATE,
        .evidence_count = c->attachment.evidence_count,
        .evidence_strong = c->attachment.evidence_strong,
        .today = call->today,
        .now_ms = call->now_ms,
    };
    s = measure_step(c->before, &actor, &order, &c->outcome, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    if (r->narrative != NULL && r->narrative[0] != '\0') {
        c->outcome.next.narrative = r->narrative;
    }
    s = measure_record_change(call, c->before, &c->outcome.next, command, NULL);
    return s == STATUS_OK ? measure_reply(call, &c->outcome.next) : s;
}

enum status
claim_effect_decide(struct call *call)
{
    return decide_claim_of(call, COMMAND_CLAIM_EFFECT);
}

enum status
claim_complete_decide(struct call *call)
{
    return decide_claim_of(call, COMMAND_CLAIM_COMPLETE);
}

enum status
claim_effects(struct call *call, struct db_queue *q)
{
    struct claim_call *c = call->data;
    enum status s = evidence_write_links(call, q, c->before, &c->attachment, NULL);
    return s == STATUS_OK ? measure_write(call, q, c->before, &c->outcome) : s;
}

/* ---- decisions on a claim ---- */

void
decide_claim_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__DecideClaimRequest *r = REQUEST(call, Pb__DecideClaimRequest);
    subject_add(set, "measure", r->ref == NULL ? "" : r->ref);
}

int
decide_claim_load(struct call *call, struct db_queue *q)
{
    const Pb__DecideClaimRequest *r = REQUEST(call, Pb__DecideClaimRequest);
    if (claim_data(call) == NULL) {
        return (int)handler_no_memory(call);
    }
    return (int)load_one(call, q, r->ref, r->inspection);
}

/* What was endorsed is, byte for byte, what is confirmed. */
static enum status
check_endorsement(struct call *call, const struct measure_record *m)
{
    unsigned char sha256[APPROVAL_HASH_BYTES];
    if (!measure_needs_endorsement(m) || m->endorsed_sha256 == NULL) {
        return STATUS_OK;
    }
    enum status s = measure_sha256(call, m, sha256);
    if (s != STATUS_OK) {
        return s;
    }
    const char *hex = secret_hex_encode(call->arena, sha256, sizeof sha256);
    if (hex == NULL) {
        return handler_no_memory(call);
    }
    return strcmp(hex, m->endorsed_sha256) == 0
               ? STATUS_OK
               : fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "NOT_ENDORSED",
                           "措施 %s：问题整改牵头单位签署的不是现在这一版，请先请其重新签署。",
                           m->ref);
}

static enum status
decide_on_claim(struct call *call, const char *command, int verdict)
{
    const Pb__DecideClaimRequest *r = REQUEST(call, Pb__DecideClaimRequest);
    struct claim_call *c = call->data;
    bool needs_reason = strcmp(command, COMMAND_CONFIRM) != 0;
    const char *reason = NULL;
    struct measure_order order = {
        .command = command,
        .reason_given = needs_reason,
        .today = call->today,
        .now_ms = call->now_ms,
    };
    enum status s = pick_measure(call, &c->found, r->ref, &c->before);
    if (s == STATUS_OK) {
        s = check_expected(call, c->before->version);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "next_check_on", r->next_check_on, &order.next_check_day);
    }
    if (s == STATUS_OK) {
        s = check_reason(call, r->reason_code, r->reason, needs_reason, &reason);
    }
    if (s != STATUS_OK) {
        return s;
    }
    order.evidence_count = c->before->evidence_count;
    order.evidence_strong = c->before->evidence_strong;
    struct actor actor = call_actor(call);
    s = measure_step(c->before, &actor, &order, &c->outcome, &call->fault);
    if (s == STATUS_OK && !needs_reason) {
        s = check_endorsement(call, c->before);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->verdict = verdict;
    call->reason = reason;
    s = measure_record_change(call, c->before, &c->outcome.next, command, reason);
    return s == STATUS_OK ? measure_reply(call, &c->outcome.next) : s;
}

enum status
withdraw_decide(struct call *call)
{
    return decide_on_claim(call, COMMAND_WITHDRAW, 0);
}

enum status
confirm_decide(struct call *call)
{
    return decide_on_claim(call, COMMAND_CONFIRM, PB__VERDICT__ACCEPTED);
}

enum status
return_decide(struct call *call)
{
    return decide_on_claim(call, COMMAND_RETURN, PB__VERDICT__RETURNED);
}

enum status
decide_claim_effects(struct call *call, struct db_queue *q)
{
    struct claim_call *c = call->data;
    enum status s = measure_write(call, q, c->before, &c->outcome);
    if (s != STATUS_OK) {
        return s;
    }
    return table_row_queue_claim_verdict(q, call->who->tenant, c->before->id, c->verdict,
                                         call->event_id);
}
