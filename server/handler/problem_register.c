/* ProblemService: problems entered by hand, and changes before the plan is approved. Both are part
 * of the draft: a version under review follows (the inspection is locked first, as by an approval).
 */
#include "server/handler/problem.h"

#include "server/handler/common.h"
#include "server/handler/plan.h"
#include "server/handler/problem_write.h"
#include "server/handler/request_check.h"
#include "server/store/org.h"

#include <string.h>

enum { TITLE_BYTES = 1024, NOTE_BYTES = 4096 };

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* An org of one of two kinds by its code; absent leaves what stands. */
static enum status
find_org(struct call *call, const struct org_list *orgs, const char *field, const char *code,
         const struct org_record **ret)
{
    bool group = strcmp(field, "special_group") == 0;
    *ret = NULL;
    if (given(code) == NULL) {
        return STATUS_OK;
    }
    const struct org_record *org = org_list_find(orgs, code);
    if (org == NULL || (strcmp(org->kind, "SGROUP") == 0) != group) {
        return fault_set_field(&call->fault, field, "ORG_UNKNOWN", "没有找到%s“%s”，请核对代码。",
                               group ? "专项小组" : "单位", code);
    }
    *ret = org;
    return STATUS_OK;
}

static enum status
origin_fault(struct call *call)
{
    return fault_set_field(&call->fault, "origin", "ORIGIN",
                           "请选择来源：SELF（自查发现）、AFTER（反馈后发现）、SUPERVISION"
                           "（督查发现）、PUBLIC（群众反映）或 OTHER_INSPECTION（其他巡视巡察"
                           "移交）；反馈问题随反馈意见导入，不能手工登记。");
}

static void
set_orgs(struct problem_record *p, const struct org_record *lead, const struct org_record *group)
{
    if (lead != NULL) {
        p->lead = (struct org_name){lead->id, lead->code};
        p->lead_kind = lead->kind;
    }
    if (group != NULL) {
        p->sgroup = (struct org_name){group->id, group->code};
    }
}

static void
set_draft(struct draft_problem *out, const struct problem_record *p)
{
    out->title = p->title;
    out->lead_org = p->lead.id;
    out->sgroup_org = p->sgroup.id;
    out->origin = p->origin;
}

/* ---- RegisterProblem ---- */

struct register_call {
    struct plan_call *plan;
    struct problem_place place;
    struct org_list orgs;
    struct problem_record made;
};

void
problem_register_subjects(const struct call *call, struct subject_set *set)
{
    const char *inspection = REQUEST(call, Pb__RegisterProblemRequest)->inspection;
    subject_add(set, "inspection", inspection == NULL ? "" : inspection);
}

int
problem_register_load(struct call *call, struct db_queue *q)
{
    const Pb__RegisterProblemRequest *r = REQUEST(call, Pb__RegisterProblemRequest);
    struct register_call *c = call->data;
    if (call->round == 1) {
        return (int)plan_queue_followed(call, q, c->plan, c->place.inspection);
    }
    c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c == NULL || (c->plan = plan_call_new(call)) == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = problem_queue_place(q, call->who->tenant, given(r->inspection),
                                        r->has_item_no ? r->item_no : -1, &c->place);
    if (s == STATUS_OK) {
        s = org_queue_all(q, call->who->tenant, &c->orgs);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static enum status
follow_registered(struct call *call, struct register_call *c)
{
    struct draft *d = &c->plan->draft;
    struct draft_problem made = {.id = c->made.id, .ref = c->made.ref, .no = c->made.no};
    while (made.item < d->item_count && d->items[made.item].no != c->made.item_no) {
        made.item++;
    }
    set_draft(&made, &c->made);
    return made.item < d->item_count && draft_insert_problem(d, &made)
               ? plan_follow_draft(call, c->plan)
               : handler_no_memory(call);
}

static enum status
check_place(struct call *call, const struct problem_place *place, const char *inspection)
{
    if (place->inspections == 0) {
        return refuse_unknown(call, "INSPECTION_UNKNOWN", "巡视", inspection);
    }
    if (place->inspections > 1) {
        return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                               "不止一次巡视，请写明巡视的代码。");
    }
    if (place->item_id == NULL) {
        return fault_set_field(&call->fault, "item_no", "ITEM_UNKNOWN",
                               "没有找到这一项，请写明问题归入反馈意见的第几项。");
    }
    return STATUS_OK;
}

static enum status
check_register(struct call *call, const struct register_call *c)
{
    const Pb__RegisterProblemRequest *r = REQUEST(call, Pb__RegisterProblemRequest);
    enum status s = check_place(call, &c->place, r->inspection);
    if (s == STATUS_OK) {
        s = check_text(call, "title", r->title, TITLE_BYTES, true);
    }
    if (s == STATUS_OK && !problem_origin_by_hand(r->origin)) {
        s = origin_fault(call);
    }
    return s == STATUS_OK ? check_text(call, "note", r->note, NOTE_BYTES, false) : s;
}

enum status
problem_register_decide(struct call *call)
{
    const Pb__RegisterProblemRequest *r = REQUEST(call, Pb__RegisterProblemRequest);
    struct register_call *c = call->data;
    const struct org_record *lead = NULL;
    const struct org_record *group = NULL;
    enum status s = check_register(call, c);
    if (s == STATUS_OK) {
        s = find_org(call, &c->orgs, "lead_unit", r->lead_unit, &lead);
    }
    if (s == STATUS_OK) {
        s = find_org(call, &c->orgs, "special_group", r->special_group, &group);
    }
    if (s != STATUS_OK) {
        return s;
    }
    /* "A-01": a series of its own, so that a later import of the feedback takes none of its names.
     */
    c->made = (struct problem_record){
        .id = call_new_id(call),
        .ref = arena_printf(call->arena, "A-%02d", c->place.next_no),
        .inspection_id = c->place.inspection_id,
        .inspection = c->place.inspection,
        .plan_approved = c->place.plan_approved,
        .no = c->place.next_no,
        .title = r->title,
        .state = STATE_REGISTERED,
        .item_id = c->place.item_id,
        .item_no = r->item_no,
        .item_title = c->place.item_title,
        .origin = r->origin,
        .round = 1,
        .closed_day = NO_DATE,
        .note = given(r->note),
        .version = 1,
    };
    set_orgs(&c->made, lead, group);
    if (c->made.id == NULL || c->made.ref == NULL) {
        return handler_no_memory(call);
    }
    s = problem_record_change(call, NULL, &c->made, COMMAND_REGISTER, NULL);
    if (s == STATUS_OK) {
        s = follow_registered(call, c);
    }
    return s == STATUS_OK ? problem_reply(call, &c->made) : s;
}

enum status
problem_register_effects(struct call *call, struct db_queue *q)
{
    struct register_call *c = call->data;
    enum status s = plan_write_followed(call, q, c->plan);
    return s == STATUS_OK ? problem_queue_insert(q, call->who->tenant, &c->made, call->event_id)
                          : s;
}

/* ---- EditProblem ---- */

struct edit_call {
    struct plan_call *plan;
    struct problem_list seen; /* not locked: whose inspection it is */
    struct problem_list found;
    struct org_list orgs;
    struct problem_move move;
};

void
problem_edit_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__EditProblemRequest *r = REQUEST(call, Pb__EditProblemRequest);
    subject_add(set, "problem", r->ref == NULL ? "" : r->ref);
    if (given(r->inspection) == NULL) {
        subject_alone(set);
    } else {
        subject_add(set, "inspection", r->inspection);
    }
}

static int
edit_first(struct call *call, struct db_queue *q)
{
    const Pb__EditProblemRequest *r = REQUEST(call, Pb__EditProblemRequest);
    struct edit_call *c = arena_alloc(call->arena, sizeof *c);
    struct problem_filter *filter = arena_alloc(call->arena, sizeof *filter);
    call->data = c;
    if (c == NULL || filter == NULL || (c->plan = plan_call_new(call)) == NULL) {
        return (int)handler_no_memory(call);
    }
    *filter = (struct problem_filter){.ref = r->ref == NULL ? "" : r->ref,
                                      .inspection = given(r->inspection),
                                      .item_no = -1,
                                      .as_of = call->today};
    enum status s = problem_queue_list(q, call->who->tenant, filter, &c->seen);
    if (s == STATUS_OK) {
        s = org_queue_all(q, call->who->tenant, &c->orgs);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

int
problem_edit_load(struct call *call, struct db_queue *q)
{
    const Pb__EditProblemRequest *r = REQUEST(call, Pb__EditProblemRequest);
    struct edit_call *c = call->data;
    const struct problem_record *seen = NULL;
    if (call->round == 0) {
        return edit_first(call, q);
    }
    enum status s = pick_problem(call, &c->seen, r->ref, &seen);
    if (s == STATUS_OK) {
        s = plan_queue_followed(call, q, c->plan, seen->inspection);
    }
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct text_list list = {0};
    return text_list_add(&list, call->arena, seen->id)
               ? (int)problem_queue_lock(q, call->who->tenant, &list, NULL, call->arena, &c->found)
               : (int)handler_no_memory(call);
}

static enum status
check_edit(struct call *call, const struct problem_record *p)
{
    const Pb__EditProblemRequest *r = REQUEST(call, Pb__EditProblemRequest);
    enum status s = check_expected(call, p->version);
    if (s == STATUS_OK && r->title != NULL) {
        s = check_text(call, "title", r->title, TITLE_BYTES, true);
    }
    if (s == STATUS_OK && r->origin != NULL &&
        (!problem_origin_by_hand(r->origin) || !problem_origin_by_hand(p->origin))) {
        s = origin_fault(call); /* a feedback problem stays one, and nothing else becomes one */
    }
    return s == STATUS_OK ? check_text(call, "note", r->note, NOTE_BYTES, false) : s;
}

enum status
problem_edit_decide(struct call *call)
{
    const Pb__EditProblemRequest *r = REQUEST(call, Pb__EditProblemRequest);
    struct edit_call *c = call->data;
    const struct org_record *lead = NULL;
    const struct org_record *group = NULL;
    enum status s = pick_problem(call, &c->found, r->ref, &c->move.before);
    if (s == STATUS_OK) {
        s = check_edit(call, c->move.before);
    }
    if (s == STATUS_OK) {
        s = find_org(call, &c->orgs, "lead_unit", r->lead_unit, &lead);
    }
    if (s == STATUS_OK) {
        s = find_org(call, &c->orgs, "special_group", r->special_group, &group);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct actor actor = call_actor(call);
    struct problem_counts none = {0};
    struct problem_order order = {.command = COMMAND_EDIT, .today = call->today};
    struct problem_outcome outcome;
    s = problem_step(c->move.before, &none, &actor, &order, &outcome, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    c->move.next = outcome.next;
    c->move.next.title = r->title != NULL ? r->title : c->move.next.title;
    c->move.next.origin = r->origin != NULL ? r->origin : c->move.next.origin;
    c->move.next.note = r->note != NULL ? given(r->note) : c->move.next.note;
    set_orgs(&c->move.next, lead, group);
    s = problem_record_change(call, c->move.before, &c->move.next, COMMAND_EDIT, NULL);
    struct draft_problem *drafted = draft_problem_by_ref(&c->plan->draft, c->move.next.ref);
    if (s == STATUS_OK && drafted != NULL) {
        set_draft(drafted, &c->move.next);
        s = plan_follow_draft(call, c->plan);
    }
    return s == STATUS_OK ? problem_reply(call, &c->move.next) : s;
}

enum status
problem_edit_effects(struct call *call, struct db_queue *q)
{
    struct edit_call *c = call->data;
    enum status s = plan_write_followed(call, q, c->plan);
    if (s == STATUS_OK) {
        s = problem_move_write(call, q, &c->move);
    }
    return s == STATUS_OK ? problem_queue_access(q, call->who->tenant, c->move.before->id) : s;
}
