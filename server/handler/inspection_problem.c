/* InspectionService: problems of other origins than the feedback, and links between inspections. */
#include "server/handler/inspection_part.h"

#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/draft_event.h"
#include "server/handler/plan.h"
#include "server/handler/request_check.h"
#include "server/store/inspection_part.h"

#include <string.h>

enum { TEXT_BYTES = 1024, PARTS_MAX = 10000 };

static bool
given(const char *text)
{
    return text != NULL && *text != '\0';
}

/* ---- RegisterProblem ---- */

int
register_problem_load(struct call *call, struct db_queue *q)
{
    return plan_load_draft(call, q);
}

static enum status
find_org(struct call *call, const struct plan_call *p, const char *code, const char **slot)
{
    if (!given(code)) {
        return STATUS_OK;
    }
    const struct org_record *org = org_list_find(&p->orgs, code);
    if (org == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ORG_UNKNOWN",
                         "组织机构中没有“%s”，请核对单位代码。", code);
    }
    *slot = org->id;
    return STATUS_OK;
}

static bool
origin_known(const char *origin)
{
    static const char *const known[] = {"SELF", "AFTER", "SUPERVISION", "PUBLIC",
                                        "OTHER_INSPECTION"};
    for (size_t i = 0; origin != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], origin) == 0) {
            return true;
        }
    }
    return false;
}

static enum status
add_problem(struct call *call, struct plan_call *p, const Pb__RegisterProblemRequest *r,
            struct draft_problem **ret)
{
    struct draft *d = &p->draft;
    struct draft_item *item = draft_item_by_no(d, r->item_no);
    if (item == NULL && r->has_item_no && r->item_no != 0) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ITEM_UNKNOWN",
                         "巡视“%s”没有第 %d 项，请核对。", p->inspection.code, r->item_no);
    }
    item = item != NULL ? item : draft_add_item(d, 0);
    if (item == NULL) {
        return handler_no_memory(call);
    }
    int32_t no = 1;
    const char *ref = draft_problem_ref(d, no);
    while (ref != NULL &&
           (draft_problem_by_no(d, no) != NULL || draft_problem_by_ref(d, ref) != NULL)) {
        ref = draft_problem_ref(d, ++no);
    }
    struct draft_problem *problem = draft_add_problem(d, (size_t)(item - d->items), no, ref);
    if (problem == NULL) {
        return handler_no_memory(call);
    }
    problem->title = r->title;
    problem->origin = r->origin;
    enum status s = find_org(call, p, r->lead_unit, &problem->lead_org);
    if (s == STATUS_OK) {
        s = find_org(call, p, r->special_group, &problem->sgroup_org);
    }
    if (s == STATUS_OK) {
        problem->seen = true;
        s = plan_place_problems(call, p, r->document, r->has_body_no ? r->body_no : 0);
    }
    *ret = problem;
    return s;
}

enum status
register_problem_decide(struct call *call)
{
    const Pb__RegisterProblemRequest *r = REQUEST(call, Pb__RegisterProblemRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s == STATUS_OK && !origin_known(r->origin)) {
        s = fault_set_field(&call->fault, "origin", "ORIGIN",
                            "来源用 SELF（自查）、AFTER（反馈后发现）、SUPERVISION（监督）、PUBLIC"
                            "（信访）或 OTHER_INSPECTION（其他巡视）；反馈问题只能由导入产生。");
    }
    if (s == STATUS_OK) {
        s = check_text(call, "title", r->title, TEXT_BYTES, true);
    }
    struct draft_problem *problem = NULL;
    if (s == STATUS_OK) {
        s = add_problem(call, p, r, &problem);
    }
    if (s == STATUS_OK) {
        s = draft_record_changes(call, &p->draft, p->inspection.code);
    }
    if (s == STATUS_OK) {
        s = plan_follow_draft(call, p);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__Problem *reply = call_message(call, &pb__problem__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->id = (char *)(uintptr_t)problem->id;
    reply->ref = (char *)(uintptr_t)problem->ref;
    reply->inspection = (char *)(uintptr_t)p->inspection.code;
    reply->title = (char *)(uintptr_t)problem->title;
    reply->state = (char *)(uintptr_t)problem->state;
    reply->origin = (char *)(uintptr_t)problem->origin;
    reply->has_no = reply->has_version = 1;
    reply->no = problem->no;
    reply->version = 1;
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
register_problem_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    enum status s =
        draft_queue_write(q, call->who->tenant, p->inspection.id, &p->draft, call->event_id);
    return s != STATUS_OK ? s : plan_write_followed(call, q, p);
}

/* ---- links ---- */

struct link_call {
    struct inspection_record inspection;
    struct problem_name problem;
    struct problem_name other;
    struct problem_link link;
    struct problem_link_list all;
};

int
link_problem_load(struct call *call, struct db_queue *q)
{
    const Pb__LinkProblemRequest *r = REQUEST(call, Pb__LinkProblemRequest);
    struct link_call *l = arena_alloc(call->arena, sizeof *l);
    call->data = l;
    if (l == NULL) {
        return (int)handler_no_memory(call);
    }
    int tenant = call->who->tenant;
    const char *code = plan_requested_code(call);
    enum status s = inspection_queue_lock(q, tenant, code, &l->inspection);
    if (s == STATUS_OK) {
        s = problem_queue_name(q, tenant, code, r->problem_ref, &l->problem);
    }
    if (s == STATUS_OK) {
        s = problem_queue_name(q, tenant, r->other_inspection, r->other_ref, &l->other);
    }
    return (int)(s != STATUS_OK ? s : problem_link_queue_all(q, tenant, code, &l->all));
}

static enum status
check_link(struct call *call, const Pb__LinkProblemRequest *r, const struct link_call *l)
{
    bool same = r->kind != NULL && strcmp(r->kind, "SAME_MATTER") == 0;
    bool from = r->kind != NULL && strcmp(r->kind, "FROM") == 0;
    bool other = given(r->other_inspection) || given(r->other_ref);
    if (l->problem.id == NULL) {
        return refuse_unknown(call, "PROBLEM_UNKNOWN", "问题", r->problem_ref);
    }
    if (!same && !from) {
        return fault_set_field(
            &call->fault, "kind", "LINK_KIND",
            "关联的种类用 SAME_MATTER（同一事项）或 FROM（其中有来自另一次巡视的）。");
    }
    if (l->other.id == NULL && (other || same)) {
        return refuse_unknown(call, "PROBLEM_UNKNOWN", "另一次巡视的问题", r->other_ref);
    }
    if (other && strcmp(r->other_inspection, l->inspection.code) == 0) {
        return fault_set_field(&call->fault, "other_inspection", "LINK_INSIDE",
                               "关联用于另一次巡视的问题，同一次巡视内不需要。");
    }
    if (r->has_parts && (r->parts < 1 || r->parts > PARTS_MAX)) {
        return fault_set_field(&call->fault, "parts", "PARTS_RANGE",
                               "子问题的个数应在 1 至 %d 之间，请改正。", PARTS_MAX);
    }
    for (size_t i = 0; other && i < l->all.count; i++) {
        const struct problem_link *x = &l->all.items[i];
        if (x->other_ref != NULL && strcmp(x->problem_ref, r->problem_ref) == 0 &&
            strcmp(x->kind, r->kind) == 0 && strcmp(x->other_ref, r->other_ref) == 0 &&
            strcmp(x->other_inspection, r->other_inspection) == 0) {
            return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "PROBLEM_LINK_ONCE",
                             "这两个问题已经这样关联过，不需要再做。");
        }
    }
    return check_text(call, "text", r->text, TEXT_BYTES, true);
}

static Pb__ProblemLink *
link_message(struct call *call, const struct problem_link *l)
{
    Pb__ProblemLink *out = call_message(call, &pb__problem_link__descriptor);
    if (out != NULL) {
        out->id = (char *)(uintptr_t)l->id;
        out->inspection = (char *)(uintptr_t)l->inspection;
        out->problem_ref = (char *)(uintptr_t)l->problem_ref;
        out->kind = (char *)(uintptr_t)l->kind;
        out->other_inspection = (char *)(uintptr_t)l->other_inspection;
        out->other_ref = (char *)(uintptr_t)l->other_ref;
        out->has_parts = l->parts > 0;
        out->parts = l->parts;
        out->text = (char *)(uintptr_t)l->text;
    }
    return out;
}

enum status
link_problem_decide(struct call *call)
{
    const Pb__LinkProblemRequest *r = REQUEST(call, Pb__LinkProblemRequest);
    struct link_call *l = call->data;
    enum status s = check_link(call, r, l);
    if (s != STATUS_OK) {
        return s;
    }
    l->link = (struct problem_link){
        .id = call_new_id(call),
        .inspection = l->inspection.code,
        .problem_ref = r->problem_ref,
        .kind = r->kind,
        .other_inspection = l->other.id == NULL ? NULL : r->other_inspection,
        .other_ref = l->other.id == NULL ? NULL : r->other_ref,
        .parts = r->has_parts ? r->parts : 0,
        .text = r->text,
    };
    Pb__ProblemLink *reply = link_message(call, &l->link);
    if (reply == NULL || l->link.id == NULL ||
        !call_change(call, "problem_link", l->link.id, r->problem_ref, 1, &reply->base)) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
link_problem_effects(struct call *call, struct db_queue *q)
{
    const struct link_call *l = call->data;
    return problem_link_queue_insert(q, call->who->tenant, &l->link, l->problem.id, l->other.id,
                                     call->event_id);
}

int
link_list_load(struct call *call, struct db_queue *q)
{
    struct link_call *l = arena_alloc(call->arena, sizeof *l);
    call->data = l;
    return l == NULL ? (int)handler_no_memory(call)
                     : (int)problem_link_queue_all(q, call->who->tenant, plan_requested_code(call),
                                                   &l->all);
}

enum status
link_list_decide(struct call *call)
{
    const struct link_call *l = call->data;
    Pb__ListProblemLinksReply *reply =
        call_message(call, &pb__list_problem_links_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->links = arena_array(call->arena, l->all.count, sizeof(Pb__ProblemLink *));
    for (size_t i = 0; reply->links != NULL && i < l->all.count; i++) {
        reply->links[i] = link_message(call, &l->all.items[i]);
        if (reply->links[reply->n_links++] == NULL) {
            return handler_no_memory(call);
        }
    }
    call->reply = &reply->base;
    return reply->links == NULL ? handler_no_memory(call) : STATUS_OK;
}
