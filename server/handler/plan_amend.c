/* PlanService: amendments (方案调整) of an approved plan. */
#include "server/handler/plan.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"

#include <stdio.h>
#include <string.h>

enum status
plan_refuse_stale_base(struct call *call, const struct plan_call *p, int32_t base_no)
{
    fault_set(&call->fault, STATUS_ABORTED, "PLAN_BASE_STALE",
              "这份调整是在方案第 %d 版上提出的，现在生效的是第 %d 版：请对照现在的方案重新提出。",
              base_no, p->inspection.plan_no);
    call->fault.has_current_version = true;
    call->fault.current_version = p->inspection.plan_no;
    return STATUS_ABORTED;
}

/* The old measures, and then, in a statement that sees what their locks waited for, what waits on
 * them. */
enum status
plan_load_changes(struct call *call, struct db_queue *q, struct plan_call *p)
{
    bool final = p->before.id != NULL;
    struct text_list refs = {0};
    if (!amendment_refs(call->arena, p->content, &refs)) {
        return handler_no_memory(call);
    }
    const char *code = p->inspection.code;
    enum status s =
        measure_queue_get(q, call->who->tenant, &refs, code, final, call->arena, &p->found);
    return s != STATUS_OK || !final
               ? s
               : pending_queue(q, call->who->tenant, code, &refs, call->arena, &p->pending);
}

enum status
plan_work_out(struct call *call, struct plan_call *p, uint32_t roles, bool final)
{
    struct amendment_input in = {
        .arena = call->arena,
        .ids = &call->ids,
        .content = p->content,
        .draft = &p->draft,
        .found = &p->found,
        .orgs = &p->orgs,
        .pending = final ? &p->pending : NULL,
        .inspection_id = p->inspection.id,
        .inspection = p->inspection.code,
        .roles = roles,
        .now_ms = call->now_ms,
    };
    enum status s = amendment_work_out(&in, &p->amendment, &call->fault);
    return s == STATUS_RESOURCE_EXHAUSTED ? handler_no_memory(call) : s;
}

/* ---- ProposeAmendment ---- */

int
plan_propose_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        enum status s = plan_load_all(call, q, true);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    const Pb__ProposeAmendmentRequest *r = REQUEST(call, Pb__ProposeAmendmentRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s != STATUS_OK) {
        return (int)s;
    }
    s = amendment_read(call->arena, r, &p->orgs, p->inspection.plan_no, &p->content, &call->fault);
    return s != STATUS_OK ? (int)s : (int)plan_load_changes(call, q, p);
}

static enum status
check_made(struct call *call, const Pb__PlanMeasure *m, const char *field)
{
    enum status s = check_text(call, field, m->text, LIMIT_TEXT_BYTES, false);
    if (s == STATUS_OK) {
        s = check_text(call, field, m->target, LIMIT_TEXT_BYTES, false);
    }
    for (size_t i = 0; s == STATUS_OK && i < m->n_nodes; i++) {
        s = check_text(call, field, m->nodes[i]->title, AMENDMENT_REASON_BYTES, false);
    }
    return s;
}

static enum status
check_texts(struct call *call, const Pb__ProposeAmendmentRequest *r)
{
    enum status s = check_text(call, "title", r->title, LIMIT_NAME_BYTES, true);
    for (size_t i = 0; s == STATUS_OK && i < r->n_changes; i++) {
        const Pb__PlanChange *c = r->changes[i];
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "changes[%zu].reason", i);
        s = check_text(call, field, c->reason, AMENDMENT_REASON_BYTES, true);
        snprintf(field, sizeof field, "changes[%zu].made", i);
        for (size_t k = 0; s == STATUS_OK && k < c->n_made; k++) {
            s = check_made(call, c->made[k], field);
        }
    }
    return s;
}

/* The draft to write into: a new one, or the one named, which must be an amendment still open. */
static enum status
pick_draft(struct call *call, struct plan_call *p, const char *id)
{
    if (id != NULL && *id != '\0') {
        enum status s = plan_pick(call, p, id);
        if (s != STATUS_OK) {
            return s;
        }
        const struct workflow_edge *edge = NULL;
        struct plan_review review = plan_review_of(p);
        struct actor actor = call_actor(call);
        s = plan_step(&review, COMMAND_EDIT, &actor, false, &edge, &call->fault);
        return s != STATUS_OK ? s : check_expected(call, p->before.version);
    }
    p->before = (struct plan_version_record){0};
    p->next = (struct plan_version_record){
        .id = call_new_id(call),
        .state = STATE_DRAFT,
        .version = 1,
    };
    return p->next.id == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
fill_draft(struct call *call, struct plan_call *p, const char *title)
{
    struct plan_version_record *v = &p->next;
    const struct plan_version_record *base = NULL;
    for (size_t i = 0; i < p->versions.count; i++) {
        if (strcmp(p->versions.items[i].state, STATE_APPROVED) == 0) {
            base = &p->versions.items[i];
        }
    }
    if (base == NULL) {
        return fault_set(&call->fault, STATUS_INTERNAL, "PLAN_WITHOUT_VERSION",
                         "找不到生效的方案版本，请联系系统管理员。");
    }
    enum status s = amendment_pack(call->arena, p->content, &v->content, &v->content_size);
    if (s != STATUS_OK) {
        return handler_no_memory(call);
    }
    plan_content_hash(v->content, v->content_size, p->sha256);
    v->inspection_id = p->inspection.id;
    v->base_no = base->no;
    v->no = base->no + 1;
    v->title = title;
    v->items = base->items;
    v->problems = base->problems;
    v->other_problems = base->other_problems;
    v->added = p->amendment.added;
    v->removed = p->amendment.removed;
    v->changed = p->amendment.changed;
    v->measures = base->measures + v->added - v->removed;
    v->sha256 = p->sha256;
    v->proposed_ms = call->now_ms;
    return STATUS_OK;
}

enum status
plan_propose_decide(struct call *call)
{
    const Pb__ProposeAmendmentRequest *r = REQUEST(call, Pb__ProposeAmendmentRequest);
    struct plan_call *p = call->data;
    if (strcmp(p->inspection.plan_state, STATE_APPROVED) != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PLAN_NOT_APPROVED",
                         "巡视“%s”的整改方案还没有批准，请直接修改方案草案，不需要方案调整。",
                         p->inspection.code);
    }
    if (r->has_base_version && r->base_version != p->inspection.plan_no) {
        return plan_refuse_stale_base(call, p, r->base_version);
    }
    enum status s = check_texts(call, r);
    if (s == STATUS_OK) {
        s = plan_work_out(call, p, ROLE_LGROUP, false);
    }
    if (s == STATUS_OK) {
        s = pick_draft(call, p, r->plan);
    }
    if (s == STATUS_OK) {
        s = fill_draft(call, p, r->title);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__PlanVersion *record = plan_version_message(&p->next, p->inspection.code, call->arena);
    if (record == NULL) {
        return handler_no_memory(call);
    }
    record->n_changes = p->content->n_changes;
    record->changes = p->content->changes;
    if (!call_change(call, "plan_version", p->next.id, p->inspection.code, p->next.version,
                     &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = wire_text(p->before.id == NULL ? COMMAND_CREATE : COMMAND_EDIT);
    change->from_state = wire_text(p->before.state);
    change->to_state = wire_text(p->next.state);
    return plan_reply(call, p);
}

enum status
plan_propose_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    return p->before.id == NULL
               ? plan_version_queue_insert(q, call->who->tenant, &p->next, call->event_id)
               : plan_version_queue_update(q, call->who->tenant, &p->next, p->before.version,
                                           call->event_id);
}
