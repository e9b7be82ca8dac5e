/* InspectionService: problems of other origins than the feedback, and links between inspections. */
#include "server/handler/inspection_part.h"

#include "proto/base/wire_text.h"
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

/* ---- links ---- */

struct link_call {
    struct inspection_list inspections; /* of the list alone */
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
        out->id = wire_text(l->id);
        out->inspection = wire_text(l->inspection);
        out->problem_ref = wire_text(l->problem_ref);
        out->kind = wire_text(l->kind);
        out->other_inspection = wire_text(l->other_inspection);
        out->other_ref = wire_text(l->other_ref);
        out->has_parts = l->parts > 0;
        out->parts = l->parts;
        out->text = wire_text(l->text);
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
    if (l == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = inspection_queue_all(q, call->who->tenant, &l->inspections);
    return (int)(s != STATUS_OK ? s
                                : problem_link_queue_all(q, call->who->tenant,
                                                         plan_requested_code(call), &l->all));
}

enum status
link_list_decide(struct call *call)
{
    const struct link_call *l = call->data;
    struct plan_call known = {.all = l->inspections};
    enum status s = plan_find_inspection(call, &known);
    if (s != STATUS_OK) {
        return s;
    }
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
