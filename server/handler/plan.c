/* PlanService: the plan table and its approval. */
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/plan.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/apply.h"
#include "server/handler/common.h"
#include "server/handler/draft_event.h"
#include "server/handler/import_reply.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/plan.h"

#include <stdio.h>
#include <string.h>

enum { OPINION_MAX_BYTES = 1024 };

struct plan_call {
    struct inspection_list all; /* preview reads without a lock */
    struct inspection_record inspection;
    struct draft draft;
    struct org_list orgs;
    struct plan_table table;
    struct apply_faults faults;
    struct plan_version_record version;
    const char *first_period;
};

static const char *
requested_code(const struct call *call)
{
    const char *code = call->request->descriptor == &pb__approve_plan_request__descriptor
                           ? REQUEST(call, Pb__ApprovePlanRequest)->inspection
                           : REQUEST(call, Pb__ImportPlanRequest)->inspection;
    return code == NULL ? "" : code;
}

static void
plan_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "inspection", requested_code(call));
}

static int
load_common(struct call *call, struct db_queue *q)
{
    struct plan_call *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    if (p == NULL) {
        return handler_no_memory(call);
    }
    p->draft.arena = call->arena;
    p->draft.ids = &call->ids;
    enum status s =
        call->handler->effects == NULL
            ? inspection_queue_all(q, call->who->tenant, &p->all)
            : inspection_queue_lock(q, call->who->tenant, requested_code(call), &p->inspection);
    if (s == STATUS_OK) {
        s = draft_queue_read(q, call->who->tenant, requested_code(call), &p->draft);
    }
    return s != STATUS_OK ? s : org_queue_all(q, call->who->tenant, &p->orgs);
}

static enum status
find_inspection(struct call *call, struct plan_call *p)
{
    const char *code = requested_code(call);
    for (size_t i = 0; i < p->all.count; i++) {
        if (strcmp(p->all.items[i].code, code) == 0) {
            p->inspection = p->all.items[i];
        }
    }
    if (p->inspection.id == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN",
                         "没有巡视“%s”：请核对代码，可用 rectify inspection list 查看。", code);
    }
    if (strcmp(p->inspection.plan_state, "DRAFT") != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PLAN_FROZEN",
                         "巡视“%s”的整改方案已经批准（第 %d 版），不能再导入或重复批准："
                         "增减措施须走方案调整。",
                         code, p->inspection.plan_no);
    }
    return STATUS_OK;
}

/* ---- ImportPlan, PreviewPlan ---- */

/* All bad cells of the file in one refusal, the first ones in words. */
static enum status
refuse_cells(struct call *call, const struct plan_call *p)
{
    char text[FAULT_MESSAGE_SIZE - 160];
    size_t used = 0;
    size_t bad = 0;
    size_t named = 0;
    text[0] = '\0';
    for (size_t i = 0; i < p->table.fault_count + p->faults.count; i++) {
        bool own = i >= p->table.fault_count;
        const char *message =
            own ? p->faults.items[i - p->table.fault_count].message : p->table.faults[i].message;
        if (!own && p->table.faults[i].warning) {
            continue;
        }
        bad++;
        if (named + 1 == bad && used + strlen(message) + 2 < sizeof text) {
            used += (size_t)snprintf(text + used, sizeof text - used, "\n%s", message);
            named++;
        }
    }
    char rest[96] = "";
    if (named < bad) {
        snprintf(rest, sizeof rest, "\n另有 %zu 处，改正后再导入时列出。", bad - named);
    }
    return fault_set_field(&call->fault, "content", "PLAN_TABLE_FAULTS",
                           "方案表有 %zu 处需要改正，全表未导入：%s%s", bad, text, rest);
}

static enum status
fill_plan_warnings(struct call *call, const struct plan_call *p, Pb__ImportPlanReply *reply)
{
    struct import_warnings w;
    enum status s = import_warnings_init(call, p->table.fault_count, &w);
    for (size_t i = 0; s == STATUS_OK && i < p->table.fault_count; i++) {
        const struct plan_fault *in = &p->table.faults[i];
        s = import_warnings_add(call, &w, in->code, in->line, in->message);
    }
    if (s == STATUS_OK) {
        s = import_warnings_end(call, &w);
    }
    reply->warnings = w.list;
    reply->n_warnings = w.count;
    return s;
}

static enum status
read_table(struct call *call, struct plan_call *p)
{
    const Pb__ImportPlanRequest *r = REQUEST(call, Pb__ImportPlanRequest);
    int32_t base = p->inspection.feedback_day == NO_DATE ? call->today : p->inspection.feedback_day;
    struct plan_table_options options = {
        .default_year = day_to_ymd(base).year,
        .immediate_day = NO_DATE,
    };
    enum status s = import_check_document(call, r->content.data, r->content.len);
    if (s != STATUS_OK) {
        return s;
    }
    s = plan_table_read(call->arena, r->content.data, r->content.len, &options, &p->table,
                        &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    if (apply_plan_table(&p->draft, &p->table, &p->orgs, &p->faults) != STATUS_OK) {
        return handler_no_memory(call);
    }
    return p->table.error_count + p->faults.count > 0 ? refuse_cells(call, p) : STATUS_OK;
}

static enum status
import_decide(struct call *call)
{
    struct plan_call *p = call->data;
    enum status s = find_inspection(call, p);
    if (s == STATUS_OK) {
        s = read_table(call, p);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__ImportPlanReply *reply = call_message(call, &pb__import_plan_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    struct draft_counts counts = draft_count_measures(&p->draft);
    struct draft_counts all = draft_count_all(&p->draft);
    reply->has_rows = reply->has_added = reply->has_updated = reply->has_unchanged = 1;
    reply->rows = (int32_t)p->table.count;
    reply->added = counts.added;
    reply->updated = counts.updated;
    reply->unchanged = counts.unchanged;
    call->no_event = all.added + all.updated == 0;
    call->reply = &reply->base;
    if (call->handler->effects != NULL) {
        s = draft_record_changes(call, &p->draft, p->inspection.code);
    }
    return s != STATUS_OK ? s : fill_plan_warnings(call, p, reply);
}

static enum status
import_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    return draft_queue_write(q, call->who->tenant, p->inspection.id, &p->draft, call->event_id);
}

/* ---- ApprovePlan ---- */

/* The inspection as the approval leaves it. */
static enum status
record_inspection(struct call *call, const struct plan_call *p)
{
    struct inspection_record after = p->inspection;
    after.plan_no = p->version.no;
    after.plan_state = "APPROVED";
    after.first_period = after.first_period == NULL ? p->first_period : after.first_period;
    after.version++;
    Pb__Inspection *record = inspection_record_message(call, &after);
    return record != NULL && call_change(call, "inspection", after.id, after.code, after.version,
                                         &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

static enum status
approve_decide(struct call *call)
{
    const Pb__ApprovePlanRequest *r = REQUEST(call, Pb__ApprovePlanRequest);
    struct plan_call *p = call->data;
    enum status s = find_inspection(call, p);
    if (s == STATUS_OK) {
        s = draft_check_approvable(&p->draft, (uint32_t)call->who->roles, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    s = check_text(call, "opinion", r->opinion, OPINION_MAX_BYTES, false);
    if (s != STATUS_OK) {
        return s;
    }
    unsigned char *sha256 = arena_alloc(call->arena, 32);
    Pb__ApprovePlanReply *reply = call_message(call, &pb__approve_plan_reply__descriptor);
    char *hex = arena_alloc(call->arena, 65);
    if (sha256 == NULL || reply == NULL || hex == NULL) {
        return handler_no_memory(call);
    }
    draft_hash(&p->draft, sha256);
    for (size_t i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
    }
    p->version = (struct plan_version_record){
        .id = call_new_id(call),
        .inspection_id = p->inspection.id,
        .no = p->inspection.plan_no + 1,
        .items = (int32_t)p->draft.item_count,
        .problems = (int32_t)p->draft.problem_count,
        .measures = (int32_t)p->draft.measure_count,
        .sha256 = sha256,
        .opinion = r->opinion,
        .approved_ms = call->now_ms,
    };
    struct period now = period_of_day(PERIOD_MONTH, call->today);
    p->first_period = call_strdup(call, now.code);
    reply->has_plan_version = reply->has_items = reply->has_problems = reply->has_measures = 1;
    reply->plan_version = p->version.no;
    reply->items = p->version.items;
    reply->problems = p->version.problems;
    reply->measures = p->version.measures;
    reply->sha256 = hex;
    call->reason = r->opinion;
    call->reply = &reply->base;
    if (p->version.id == NULL || p->first_period == NULL ||
        !call_change(call, "plan_version", p->version.id, p->inspection.code, 1, &reply->base)) {
        return handler_no_memory(call);
    }
    s = record_inspection(call, p);
    return s != STATUS_OK ? s : draft_record_approval(call, &p->draft, p->inspection.code);
}

static enum status
approve_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    enum status s = plan_queue_approve(q, call->who->tenant, &p->version, call->event_id);
    return s != STATUS_OK
               ? s
               : inspection_queue_approved(q, call->who->tenant, &p->inspection, p->version.no,
                                           p->first_period, call->event_id);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.PlanService/ImportPlan",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__import_plan_request__descriptor,
     .reply = &pb__import_plan_reply__descriptor,
     .subjects = plan_subjects,
     .load = load_common,
     .decide = import_decide,
     .effects = import_effects},
    {.method = "rectify.v1.PlanService/PreviewPlan",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_OFFICE,
     .request = &pb__import_plan_request__descriptor,
     .reply = &pb__import_plan_reply__descriptor,
     .load = load_common,
     .decide = import_decide},
    {.method = "rectify.v1.PlanService/ApprovePlan",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .flags = HANDLER_MAKES_DUE,
     .roles = ROLE_LGROUP,
     .request = &pb__approve_plan_request__descriptor,
     .reply = &pb__approve_plan_reply__descriptor,
     .subjects = plan_subjects,
     .load = load_common,
     .decide = approve_decide,
     .effects = approve_effects},
};

const struct handler_table plan_handler_table = {rows, sizeof rows / sizeof rows[0]};
