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
#include "server/handler/plan.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/plan.h"

#include <stdio.h>
#include <string.h>

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
    return p->table.error_count + p->faults.count > 0
               ? refuse_cells(call, p)
               : plan_place_problems(call, p, r->document, 0);
}

static enum status
import_decide(struct call *call)
{
    struct plan_call *p = call->data;
    enum status s = plan_find_draft(call, p);
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
        s = s != STATUS_OK ? s : plan_follow_draft(call, p);
    }
    return s != STATUS_OK ? s : fill_plan_warnings(call, p, reply);
}

static enum status
import_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    enum status s =
        draft_queue_write(q, call->who->tenant, p->inspection.id, &p->draft, call->event_id);
    return s != STATUS_OK ? s : plan_write_followed(call, q, p);
}

/* Everybody but who keeps accounts and settings: opinions and amendments are narrative. */
enum { READERS = ((1 << ROLE_COUNT) - 1) & ~(ROLE_ADMIN | ROLE_GRANT) };

static const struct handler rows[] = {
    {.method = "rectify.v1.PlanService/ImportPlan",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__import_plan_request__descriptor,
     .reply = &pb__import_plan_reply__descriptor,
     .subjects = plan_subjects,
     .load = plan_load_draft,
     .decide = import_decide,
     .effects = import_effects},
    {.method = "rectify.v1.PlanService/PreviewPlan",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_OFFICE,
     .request = &pb__import_plan_request__descriptor,
     .reply = &pb__import_plan_reply__descriptor,
     .load = plan_load_draft,
     .decide = import_decide},
    {.method = "rectify.v1.PlanService/ApprovePlan",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .flags = HANDLER_MAKES_DUE,
     .roles = ROLE_LGROUP,
     .request = &pb__approve_plan_request__descriptor,
     .reply = &pb__approve_plan_reply__descriptor,
     .subjects = plan_subjects,
     .load = plan_approve_load,
     .decide = plan_approve_decide,
     .effects = plan_approve_effects},
    {.method = "rectify.v1.PlanService/ProposeAmendment",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__propose_amendment_request__descriptor,
     .reply = &pb__plan_version__descriptor,
     .subjects = plan_subjects,
     .load = plan_propose_load,
     .decide = plan_propose_decide,
     .effects = plan_propose_effects},
    {.method = "rectify.v1.PlanService/SubmitForReview",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__plan_request__descriptor,
     .reply = &pb__plan_version__descriptor,
     .subjects = plan_subjects,
     .load = plan_load_draft,
     .decide = plan_submit_decide,
     .effects = plan_step_effects},
    {.method = "rectify.v1.PlanService/ReviewPlan",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .request = &pb__review_plan_request__descriptor,
     .reply = &pb__plan_version__descriptor,
     .subjects = plan_subjects,
     .load = plan_load,
     .decide = plan_review_decide,
     .effects = plan_review_effects},
    {.method = "rectify.v1.PlanService/WithdrawReview",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__withdraw_plan_request__descriptor,
     .reply = &pb__plan_version__descriptor,
     .subjects = plan_subjects,
     .load = plan_load,
     .decide = plan_withdraw_review_decide,
     .effects = plan_step_effects},
    {.method = "rectify.v1.PlanService/WithdrawPlan",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__withdraw_plan_request__descriptor,
     .reply = &pb__plan_version__descriptor,
     .subjects = plan_subjects,
     .load = plan_load,
     .decide = plan_withdraw_decide,
     .effects = plan_step_effects},
    {.method = "rectify.v1.PlanService/SetReviewBodies",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__set_review_bodies_request__descriptor,
     .reply = &pb__review_bodies__descriptor,
     .subjects = plan_subjects,
     .load = plan_load,
     .decide = plan_bodies_decide,
     .effects = plan_bodies_effects},
    {.method = "rectify.v1.PlanService/GetPlan",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = READERS,
     .request = &pb__plan_request__descriptor,
     .reply = &pb__get_plan_reply__descriptor,
     .load = plan_load,
     .decide = plan_get_decide},
    {.method = "rectify.v1.PlanService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__plan_request__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = plan_load,
     .decide = plan_allowed_decide},
};

const struct handler_table plan_handler_table = {rows, sizeof rows / sizeof rows[0]};
