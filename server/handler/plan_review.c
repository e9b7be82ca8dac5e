/* PlanService: the joint review (联审) of a draft. */
#include "server/handler/plan.h"

#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <string.h>

/* A command that moves the version and nothing else. */
static enum status
step(struct call *call, struct plan_call *p, const char *command, const char *reason)
{
    struct plan_review review = plan_review_of(p);
    struct actor actor = call_actor(call);
    const struct workflow_edge *edge = NULL;
    enum status s = plan_step(&review, command, &actor, reason != NULL, &edge, &call->fault);
    if (s == STATUS_OK) {
        s = check_expected(call, p->before.version);
    }
    if (s != STATUS_OK) {
        return s;
    }
    p->next.state = edge->to;
    call->reason = reason;
    s = plan_record(call, p, command, reason);
    return s != STATUS_OK ? s : plan_reply(call, p);
}

enum status
plan_submit_decide(struct call *call)
{
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK) {
        s = plan_pick(call, p, REQUEST(call, Pb__PlanRequest)->plan);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (p->before.base_no == 0) {
        if (p->draft.measure_count == 0) {
            return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PLAN_EMPTY",
                             "方案里还没有措施：请先导入反馈问题和整改措施。");
        }
        plan_count(&p->draft, &p->next, p->sha256);
    }
    return step(call, p, COMMAND_SUBMIT_REVIEW, NULL);
}

static enum status
withdraw(struct call *call, const char *command)
{
    const Pb__WithdrawPlanRequest *r = REQUEST(call, Pb__WithdrawPlanRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK) {
        s = plan_pick(call, p, r->plan);
    }
    if (s == STATUS_OK && p->before.version == 0) {
        s = fault_set(&call->fault, STATUS_NOT_FOUND, "PLAN_UNKNOWN",
                      "巡视“%s”的方案还没有提交联审，没有可撤回的。", p->inspection.code);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "reason", r->reason, PLAN_OPINION_BYTES, true);
    }
    return s != STATUS_OK ? s : step(call, p, command, r->reason);
}

enum status
plan_withdraw_review_decide(struct call *call)
{
    return withdraw(call, COMMAND_WITHDRAW_REVIEW);
}

enum status
plan_withdraw_decide(struct call *call)
{
    return withdraw(call, COMMAND_WITHDRAW);
}

enum status
plan_step_effects(struct call *call, struct db_queue *q)
{
    return plan_write(call, q, call->data);
}

/* ---- opinions ---- */

static enum status
check_opinion(struct call *call, const Pb__ReviewPlanRequest *r, const struct plan_call *p)
{
    bool known = r->has_verdict &&
                 (r->verdict == PB__VERDICT__ACCEPTED || r->verdict == PB__VERDICT__RETURNED);
    if (!known) {
        return fault_set_field(&call->fault, "verdict", "VERDICT_MISSING",
                               "请写明同意还是不同意。");
    }
    bool refuses = r->verdict == PB__VERDICT__RETURNED;
    enum status s = check_text(call, "reason", r->reason, PLAN_OPINION_BYTES, refuses);
    if (s != STATUS_OK) {
        return s;
    }
    if (!plan_hash_is(p->before.sha256, r->sha256)) {
        fault_set(&call->fault, STATUS_ABORTED, "PLAN_CHANGED",
                  "方案在您查看之后有改动（或没有写明所看一稿的摘要）：请看过现在这一稿再提意见。");
        call->fault.has_current_version = true;
        call->fault.current_version = p->before.version;
        return STATUS_ABORTED;
    }
    return STATUS_OK;
}

enum status
plan_review_decide(struct call *call)
{
    const Pb__ReviewPlanRequest *r = REQUEST(call, Pb__ReviewPlanRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK) {
        s = plan_pick(call, p, r->plan);
    }
    if (s != STATUS_OK) {
        return s;
    }
    s = step(call, p, COMMAND_REVIEW, text_given(r->reason, PLAN_OPINION_BYTES) ? r->reason : NULL);
    if (s == STATUS_OK) {
        s = check_opinion(call, r, p);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct actor actor = call_actor(call);
    const struct plan_body *body = plan_actor_body(&p->bodies, &actor);
    p->opinion = (struct plan_opinion){
        .plan_id = p->before.id,
        .body = *body, /* the guard saw it */
        .verdict = (int)r->verdict,
        .reason = text_given(r->reason, PLAN_OPINION_BYTES) ? r->reason : NULL,
        .sha256 = p->before.sha256,
        .version = p->next.version,
        .recorded_ms = call->now_ms,
    };
    Pb__PlanOpinion *record = call_message(call, &pb__plan_opinion__descriptor);
    char *hex = arena_alloc(call->arena, PLAN_HASH_HEX_SIZE);
    const char *id = call_new_id(call);
    if (record == NULL || hex == NULL || id == NULL) {
        return handler_no_memory(call);
    }
    plan_hash_print(p->before.sha256, hex);
    record->body = wire_text(body->code);
    record->has_verdict = record->has_recorded_at_ms = 1;
    record->verdict = r->verdict;
    record->reason = wire_text(p->opinion.reason);
    record->sha256 = hex;
    record->recorded_at_ms = call->now_ms;
    return call_change(call, "approval", id, p->inspection.code, 1, &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
plan_review_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    enum status s = plan_write(call, q, p);
    const char *id = call->changes[call->change_count - 1]->id;
    return s != STATUS_OK
               ? s
               : plan_opinion_queue_insert(q, call->who->tenant, id, &p->opinion, call->event_id);
}

/* ---- who is asked ---- */

enum status
plan_bodies_decide(struct call *call)
{
    const Pb__SetReviewBodiesRequest *r = REQUEST(call, Pb__SetReviewBodiesRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK) {
        s = check_expected(call, p->inspection.version);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (r->n_bodies > PLAN_REVIEWERS_MAX) {
        return fault_set_field(&call->fault, "bodies", "COUNT_RANGE", "联审单位至多 %d 个。",
                               PLAN_REVIEWERS_MAX);
    }
    p->asked.count = 0;
    p->asked.items = arena_array(call->arena, r->n_bodies, sizeof *p->asked.items);
    Pb__ReviewBodies *reply = call_message(call, &pb__review_bodies__descriptor);
    if (p->asked.items == NULL || reply == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < r->n_bodies; i++) {
        const struct org_record *org = org_list_find(&p->orgs, r->bodies[i]);
        if (org == NULL) {
            return fault_set(&call->fault, STATUS_NOT_FOUND, "ORG_UNKNOWN",
                             "组织机构中没有“%s”，请核对单位代码。", r->bodies[i]);
        }
        for (size_t k = 0; k < p->asked.count; k++) {
            if (strcmp(p->asked.items[k].id, org->id) == 0) {
                return fault_set_field(&call->fault, "bodies", "BODY_TWICE",
                                       "联审单位“%s”写了两次，请去掉一个。", org->name);
            }
        }
        p->asked.items[p->asked.count++] = (struct plan_body){org->id, org->code, org->name};
    }
    struct inspection_record after = p->inspection;
    after.version++;
    reply->inspection = wire_text(after.code);
    reply->bodies = (char **)r->bodies;
    reply->n_bodies = r->n_bodies;
    reply->has_version = 1;
    reply->version = after.version;
    call->reply = &reply->base;
    s = plan_record_inspection(call, &after);
    return s == STATUS_OK && !call_change(call, "review_bodies", after.id, after.code,
                                          after.version, &reply->base)
               ? handler_no_memory(call)
               : s;
}

enum status
plan_bodies_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    return plan_body_queue_set(q, call->who->tenant, p->inspection.id, p->inspection.version,
                               &p->asked, call->event_id);
}
