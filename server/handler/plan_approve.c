/* PlanService: the leading group's approval of a plan or an amendment. */
#include "server/handler/plan.h"

#include "proto/base/wire_text.h"
#include "server/base/clock.h"
#include "server/handler/common.h"
#include "server/handler/draft_event.h"
#include "server/handler/measure_write.h"
#include "server/handler/request_check.h"

#include <string.h>

/* Locks, in this order: inspection, versions, problems, then an amendment's measures. Whoever moves
 * a measure waits for them or is waited for. */
int
plan_approve_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        enum status s = plan_load_all(call, q, false);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct plan_call *p = call->data;
    const char *code = plan_requested_code(call);
    int tenant = call->who->tenant;
    if (call->round == 1) {
        enum status s = amendment_queue_lock_problems(q, tenant, code);
        s = s != STATUS_OK ? s : draft_queue_read(q, tenant, code, &p->draft);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK) {
        const char *id = REQUEST(call, Pb__ApprovePlanRequest)->plan;
        bool named = id != NULL && *id != '\0';
        /* "Approved already" is the better answer where there is nothing else to approve. */
        s = plan_pick(call, p, id);
        if (s == STATUS_NOT_FOUND && !named) {
            s = plan_find_draft(call, p);
        }
    }
    if (s != STATUS_OK || p->before.base_no == 0) {
        return (int)s;
    }
    s = amendment_unpack(call->arena, p->before.content, p->before.content_size, &p->content);
    return s != STATUS_OK ? (int)s : (int)plan_load_changes(call, q, p);
}

/* ---- deciding ---- */

static enum status
decide_first(struct call *call, struct plan_call *p)
{
    enum status s = plan_find_draft(call, p);
    if (s == STATUS_OK) {
        s = draft_check_approvable(&p->draft, (uint32_t)call->who->roles, &call->fault);
    }
    if (s == STATUS_OK) {
        plan_count(&p->draft, &p->next,
                   p->sha256); /* opinions count for this, not for former drafts */
    }
    return s;
}

static enum status
decide_amendment(struct call *call, struct plan_call *p)
{
    if (p->before.base_no != p->inspection.plan_no) {
        return plan_refuse_stale_base(call, p, p->before.base_no);
    }
    for (size_t i = 0; i < p->versions.count; i++) {
        if (strcmp(p->versions.items[i].state, STATE_APPROVED) == 0) {
            p->replaced = p->versions.items[i];
            p->replaced.state = STATE_SUPERSEDED;
            p->replaced.version++;
        }
    }
    enum status s = plan_work_out(call, p, (uint32_t)call->who->roles, true);
    if (s != STATUS_OK) {
        return s;
    }
    p->next.items = (int32_t)p->draft.item_count;
    draft_count_problems(&p->draft, &p->next.problems, &p->next.other_problems);
    p->next.added = p->amendment.added;
    p->next.removed = p->amendment.removed;
    p->next.changed = p->amendment.changed;
    p->next.measures = p->replaced.measures + p->next.added - p->next.removed;
    return STATUS_OK;
}

static enum status
decide_version(struct call *call, struct plan_call *p)
{
    const Pb__ApprovePlanRequest *r = REQUEST(call, Pb__ApprovePlanRequest);
    enum status s = p->before.base_no == 0 ? decide_first(call, p) : STATUS_OK;
    if (s == STATUS_OK) {
        s = check_text(call, "opinion", r->opinion, PLAN_OPINION_BYTES, false);
    }
    if (s == STATUS_OK && r->sha256 != NULL && *r->sha256 != '\0' &&
        !plan_hash_is(p->sha256, r->sha256)) {
        fault_set(&call->fault, STATUS_ABORTED, "PLAN_CHANGED",
                  "方案在您查看之后有改动：请看过现在这一稿再批准。");
        call->fault.has_current_version = true;
        call->fault.current_version = p->before.version;
        s = STATUS_ABORTED;
    }
    if (s == STATUS_OK && p->before.version > 0) {
        s = check_expected(call, p->before.version);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct plan_review review = plan_review_of(p);
    struct actor actor = call_actor(call);
    const struct workflow_edge *edge = NULL;
    s = plan_step(&review, COMMAND_APPROVE, &actor, false, &edge, &call->fault);
    if (s == STATUS_OK && p->before.base_no > 0) {
        s = decide_amendment(call, p);
    }
    if (s == STATUS_OK) {
        p->next.state = edge->to;
        p->next.opinion = r->opinion;
        p->next.approved_ms = call->now_ms;
    }
    return s;
}

/* ---- recording ---- */

static enum status
record_amendment(struct call *call, const struct plan_call *p)
{
    const struct amendment *am = &p->amendment;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < am->old_count; i++) {
        const struct amendment_old *o = &am->olds[i];
        s = measure_record_change(call, o->before, &o->next, o->command, o->reason);
    }
    for (size_t i = 0; s == STATUS_OK && i < am->made_count; i++) {
        const struct amendment_made *m = &am->made[i];
        struct measure_record none = {.state = STATE_NONE};
        s = measure_record_change(call, &none, &m->measure, COMMAND_ADD, m->reason);
    }
    return s != STATUS_OK ? s : draft_record_rectifying(call, &p->draft, p->inspection.code);
}

static enum status
record_approval(struct call *call, struct plan_call *p, const char *opinion)
{
    struct inspection_record after = p->inspection;
    after.plan_no = p->next.no;
    after.plan_state = STATE_APPROVED;
    after.first_period = after.first_period == NULL ? p->first_period : after.first_period;
    after.version++;
    enum status s = plan_record(call, p, COMMAND_APPROVE, opinion);
    if (s == STATUS_OK) {
        s = plan_record_inspection(call, &after);
    }
    if (s != STATUS_OK) {
        return s;
    }
    return p->before.base_no == 0 ? draft_record_approval(call, &p->draft, p->inspection.code)
                                  : record_amendment(call, p);
}

static enum status
fill_reply(struct call *call, const struct plan_call *p)
{
    Pb__ApprovePlanReply *reply = call_message(call, &pb__approve_plan_reply__descriptor);
    char *hex = arena_alloc(call->arena, PLAN_HASH_HEX_SIZE);
    const struct plan_version_record *v = &p->next;
    if (reply == NULL || hex == NULL) {
        return handler_no_memory(call);
    }
    plan_hash_print(p->sha256, hex);
    reply->has_plan_version = reply->has_items = reply->has_problems = reply->has_measures = 1;
    reply->has_added = reply->has_removed = reply->has_changed = reply->has_other_problems = 1;
    reply->plan_version = v->no;
    reply->items = v->items;
    reply->problems = v->problems;
    reply->other_problems = v->other_problems;
    reply->measures = v->measures;
    reply->added = v->added;
    reply->removed = v->removed;
    reply->changed = v->changed;
    reply->sha256 = hex;
    reply->id = wire_text(v->id);
    reply->totals = wire_text(plan_totals(&p->versions, v, call->arena));
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
plan_approve_decide(struct call *call)
{
    const Pb__ApprovePlanRequest *r = REQUEST(call, Pb__ApprovePlanRequest);
    struct plan_call *p = call->data;
    enum status s = decide_version(call, p);
    if (s != STATUS_OK) {
        return s;
    }
    struct period now = period_of_day(PERIOD_MONTH, call->today);
    p->first_period = call_strdup(call, now.code);
    if (p->first_period == NULL) {
        return handler_no_memory(call);
    }
    call->reason = r->opinion;
    s = fill_reply(call, p);
    return s != STATUS_OK ? s : record_approval(call, p, r->opinion);
}

/* The members first, then the version that counts them. */
enum status
plan_approve_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    struct plan_call stored = *p;
    if (p->before.version == 0) {
        s = plan_version_queue_insert(q, tenant, &p->before, call->event_id);
        stored.before.version = 1;
    }
    if (s == STATUS_OK) {
        s = p->before.base_no == 0
                ? plan_queue_assign(q, tenant, &p->next, call->event_id)
                : amendment_queue_write(q, tenant, call->arena, &p->amendment, p->next.id,
                                        call->now_ms, call->event_id);
    }
    if (s == STATUS_OK && p->before.base_no > 0) {
        s = plan_queue_rectify(q, tenant, &p->next, call->event_id);
    }
    if (s == STATUS_OK) {
        s = plan_queue_members(q, tenant, &p->next);
    }
    if (s == STATUS_OK) {
        s = plan_write(call, q, &stored);
    }
    return s != STATUS_OK ? s
                          : inspection_queue_approved(q, tenant, &p->inspection, p->next.no,
                                                      p->first_period, call->event_id);
}
