/* What the commands on a plan do alike. */
#include "server/handler/plan.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/common.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/draft_event.h"
#include "server/handler/request_check.h"

#include <string.h>

/* Every request of the service has its inspection as field 1. */
const char *
plan_requested_code(const struct call *call)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(call->request->descriptor, 1);
    const char *const *slot =
        (const char *const *)(const void *)((const char *)call->request + f->offset);
    return *slot == NULL ? "" : *slot;
}

void
plan_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "inspection", plan_requested_code(call));
}

struct plan_call *
plan_call_new(struct call *call)
{
    struct plan_call *p = arena_alloc(call->arena, sizeof *p);
    if (p != NULL) {
        p->draft.arena = call->arena;
        p->draft.ids = &call->ids;
        p->draft.now_ms = call->now_ms;
    }
    return p;
}

enum status
plan_queue_followed(struct call *call, struct db_queue *q, struct plan_call *p, const char *code)
{
    int tenant = call->who->tenant;
    enum status s = inspection_queue_lock(q, tenant, code, &p->inspection);
    if (s == STATUS_OK) {
        s = plan_version_queue_all(q, tenant, code, true, &p->versions);
    }
    return s == STATUS_OK ? draft_queue_read(q, tenant, code, &p->draft) : s;
}

enum status
plan_load_all(struct call *call, struct db_queue *q, bool with_draft)
{
    struct plan_call *p = plan_call_new(call);
    call->data = p;
    if (p == NULL) {
        return handler_no_memory(call);
    }
    int tenant = call->who->tenant;
    const char *code = plan_requested_code(call);
    bool writes = call->handler->effects != NULL;
    enum status s = writes ? inspection_queue_lock(q, tenant, code, &p->inspection)
                           : inspection_queue_all(q, tenant, &p->all);
    if (s == STATUS_OK) {
        s = plan_version_queue_all(q, tenant, code, writes, &p->versions);
    }
    if (s == STATUS_OK) {
        s = plan_body_queue_all(q, tenant, code, &p->bodies);
    }
    if (s == STATUS_OK) {
        s = plan_opinion_queue_all(q, tenant, code, &p->opinions);
    }
    if (s == STATUS_OK) {
        s = plan_document_queue_all(q, tenant, code, &p->documents);
    }
    if (s == STATUS_OK) {
        s = org_queue_all(q, tenant, &p->orgs);
    }
    return s != STATUS_OK || !with_draft ? s : draft_queue_read(q, tenant, code, &p->draft);
}

int
plan_load(struct call *call, struct db_queue *q)
{
    return (int)plan_load_all(call, q, false);
}

int
plan_load_draft(struct call *call, struct db_queue *q)
{
    return (int)plan_load_all(call, q, true);
}

enum status
plan_find_inspection(struct call *call, struct plan_call *p)
{
    const char *code = plan_requested_code(call);
    for (size_t i = 0; i < p->all.count; i++) {
        if (strcmp(p->all.items[i].code, code) == 0) {
            p->inspection = p->all.items[i];
        }
    }
    if (p->inspection.id == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN",
                         "没有巡视“%s”：请核对代码，可用 rectify inspection list 查看。", code);
    }
    return STATUS_OK;
}

enum status
plan_find_draft(struct call *call, struct plan_call *p)
{
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK && strcmp(p->inspection.plan_state, STATE_DRAFT) != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PLAN_FROZEN",
                         "巡视“%s”的整改方案已经批准（第 %d 版），不能再导入或重复批准："
                         "增减措施须走方案调整。",
                         p->inspection.code, p->inspection.plan_no);
    }
    return s;
}

void
plan_count(const struct draft *d, struct plan_version_record *v,
           unsigned char ret_sha256[PLAN_HASH_BYTES])
{
    v->items = (int32_t)d->item_count;
    v->measures = (int32_t)d->measure_count;
    draft_count_problems(d, &v->problems, &v->other_problems);
    draft_hash(d, ret_sha256);
}

enum status
plan_pick(struct call *call, struct plan_call *p, const char *id)
{
    const struct plan_version_record *found = NULL;
    bool named = id != NULL && *id != '\0';
    for (size_t i = 0; i < p->versions.count; i++) {
        const struct plan_version_record *v = &p->versions.items[i];
        if (named ? strcmp(v->id, id) != 0 : !plan_open(v)) {
            continue;
        }
        if (found != NULL) {
            return fault_set_field(&call->fault, "plan", "PLAN_NEEDED",
                                   "巡视“%s”有几份方案调整的草案，请写明是哪一份（编号见 "
                                   "rectify office plan show）。",
                                   p->inspection.code);
        }
        found = v;
    }
    bool first = strcmp(p->inspection.plan_state, STATE_DRAFT) == 0;
    if (found != NULL) {
        p->before = *found;
    } else if (named || !first) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "PLAN_UNKNOWN",
                         named ? "巡视“%s”没有这个编号的方案版本，请核对。"
                               : "巡视“%s”没有待办理的方案草案，请先提出方案调整。",
                         p->inspection.code);
    } else {
        p->before = (struct plan_version_record){.id = call_new_id(call),
                                                 .inspection_id = p->inspection.id,
                                                 .no = 1,
                                                 .state = STATE_DRAFT,
                                                 .proposed_ms = call->now_ms};
        plan_count(&p->draft, &p->before, p->sha256);
        p->before.sha256 = p->sha256;
    }
    memcpy(p->sha256, p->before.sha256, sizeof p->sha256);
    p->next = p->before;
    p->next.sha256 = p->sha256;
    p->next.version = p->before.version == 0 ? 2 : p->before.version + 1;
    return p->before.id == NULL ? handler_no_memory(call) : STATUS_OK;
}

struct plan_review
plan_review_of(const struct plan_call *p)
{
    return (struct plan_review){&p->before, p->sha256, &p->bodies, &p->opinions};
}

static enum status
record_one(struct call *call, const struct plan_version_record *v, const char *inspection,
           const struct plan_version_record *before, const char *command, const char *reason)
{
    Pb__PlanVersion *record = plan_version_message(v, inspection, call->arena);
    if (record == NULL ||
        !call_change(call, "plan_version", v->id, inspection, v->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = wire_text(command);
    change->from_state = before == NULL ? NULL : wire_text(before->state);
    change->to_state = wire_text(v->state);
    change->reason = wire_text(reason);
    return STATUS_OK;
}

enum status
plan_record(struct call *call, struct plan_call *p, const char *command, const char *reason)
{
    enum status s = STATUS_OK;
    if (p->before.version == 0) {
        struct plan_version_record made = p->before;
        made.version = 1;
        s = record_one(call, &made, p->inspection.code, NULL, COMMAND_CREATE, NULL);
    }
    if (s == STATUS_OK) {
        s = record_one(call, &p->next, p->inspection.code, &p->before, command, reason);
    }
    if (s == STATUS_OK && p->replaced.id != NULL) {
        struct plan_version_record former = p->replaced;
        former.state = STATE_APPROVED;
        s = record_one(call, &p->replaced, p->inspection.code, &former, COMMAND_SUPERSEDE, NULL);
    }
    return s;
}

enum status
plan_write(struct call *call, struct db_queue *q, const struct plan_call *p)
{
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    if (p->before.version == 0) {
        s = plan_version_queue_insert(q, tenant, &p->before, call->event_id);
    }
    if (s == STATUS_OK && p->replaced.id != NULL) {
        s = plan_version_queue_update(q, tenant, &p->replaced, p->replaced.version - 1,
                                      call->event_id);
    }
    return s != STATUS_OK ? s
                          : plan_version_queue_update(q, tenant, &p->next, p->next.version - 1,
                                                      call->event_id);
}

enum status
plan_follow_draft(struct call *call, struct plan_call *p)
{
    p->version_changed = false;
    for (size_t i = 0; i < p->versions.count; i++) {
        const struct plan_version_record *v = &p->versions.items[i];
        if (v->base_no != 0 || !plan_open(v)) {
            continue;
        }
        p->before = p->next = *v;
        plan_count(&p->draft, &p->next, p->sha256);
        p->next.sha256 = p->sha256;
        p->next.version++;
        if (memcmp(p->sha256, v->sha256, PLAN_HASH_BYTES) != 0) {
            p->version_changed = true;
            return plan_record(call, p, COMMAND_EDIT, NULL);
        }
    }
    return STATUS_OK;
}

static enum status
find_document(struct call *call, const struct plan_call *p, const char *document, const char **ret)
{
    size_t found = 0;
    for (size_t i = 0; i < p->documents.count; i++) {
        const struct plan_document *d = &p->documents.items[i];
        if (strcmp(d->title, document) == 0) {
            *ret = d->id;
            return STATUS_OK;
        }
        if (strcmp(d->kind, document) == 0) {
            *ret = d->id;
            found++;
        }
    }
    if (found == 1) {
        return STATUS_OK;
    }
    return found > 1 ? fault_set_field(&call->fault, "document", "DOCUMENT_NEEDED",
                                       "有几份“%s”方案文本，请写名称。", document)
                     : fault_set(&call->fault, STATUS_NOT_FOUND, "DOCUMENT_UNKNOWN",
                                 "没有方案文本“%s”，请先登记，或核对名称。", document);
}

enum status
plan_place_problems(struct call *call, struct plan_call *p, const char *document, int32_t body_no)
{
    const char *id = NULL;
    enum status s = STATUS_OK;
    if (document != NULL && *document != '\0') {
        s = find_document(call, p, document, &id);
    }
    int32_t bodies = 1;
    for (const char *c = p->inspection.bodies; c != NULL && *c != '\0'; c++) {
        bodies += *c == *INSPECTION_BODY_SEPARATOR;
    }
    if (s == STATUS_OK && (body_no < 0 || body_no > bodies)) {
        s = fault_set(&call->fault, STATUS_NOT_FOUND, "BODY_UNKNOWN",
                      "巡视“%s”没有第 %d 个被巡视党组织，请核对。", p->inspection.code, body_no);
    }
    if (s != STATUS_OK || (id == NULL && body_no == 0)) {
        return s;
    }
    for (size_t i = 0; i < p->draft.measure_count; i++) {
        const struct draft_measure *m = &p->draft.measures[i];
        p->draft.problems[m->problem].seen |= m->seen;
    }
    for (size_t i = 0; i < p->draft.problem_count; i++) {
        struct draft_problem *problem = &p->draft.problems[i];
        if (!problem->seen) {
            continue;
        }
        if (id != NULL) {
            draft_set_text(&problem->document, id, &problem->mark);
        }
        if (body_no != 0 && problem->body_no != body_no) {
            problem->body_no = body_no;
            problem->mark = problem->mark == DRAFT_SAME ? DRAFT_CHANGED : problem->mark;
        }
    }
    return STATUS_OK;
}

enum status
plan_write_followed(struct call *call, struct db_queue *q, const struct plan_call *p)
{
    return p->version_changed ? plan_write(call, q, p) : STATUS_OK;
}

enum status
plan_reply(struct call *call, const struct plan_call *p)
{
    Pb__PlanVersion *reply = plan_version_message(&p->next, p->inspection.code, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->totals = wire_text(plan_totals(&p->versions, &p->next, call->arena));
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
plan_record_inspection(struct call *call, const struct inspection_record *after)
{
    Pb__Inspection *record = inspection_record_message(call, after);
    return record != NULL && call_change(call, "inspection", after->id, after->code, after->version,
                                         &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}
