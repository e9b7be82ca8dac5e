/* PlanService: reading the plan. */
#include "server/handler/plan.h"

#include "proto/base/wire_text.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <string.h>

static Pb__PlanVersion *
version_message(struct call *call, const struct plan_call *p, const struct plan_version_record *v)
{
    Pb__PlanVersion *out = plan_version_message(v, p->inspection.code, call->arena);
    struct plan_review review = {v, v->sha256, &p->bodies, &p->opinions};
    if (out == NULL || !plan_opinions_add(out, &review, call->arena)) {
        return NULL;
    }
    out->totals = wire_text(plan_totals(&p->versions, v, call->arena));
    Pb__PlanChanges *content = NULL;
    if (v->content != NULL && call->who->sees_all) {
        if (amendment_unpack(call->arena, v->content, v->content_size, &content) != STATUS_OK) {
            return NULL;
        }
        out->n_changes = content->n_changes;
        out->changes = content->changes;
    }
    return out->totals == NULL ? NULL : out;
}

enum status
plan_get_decide(struct call *call)
{
    const Pb__PlanRequest *r = REQUEST(call, Pb__PlanRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__GetPlanReply *reply = call_message(call, &pb__get_plan_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    bool named = r->plan != NULL && *r->plan != '\0';
    reply->inspection = wire_text(p->inspection.code);
    reply->has_current = 1;
    reply->current = p->inspection.plan_no;
    reply->versions = arena_array(call->arena, p->versions.count, sizeof(Pb__PlanVersion *));
    reply->review_bodies = arena_array(call->arena, p->bodies.count, sizeof(char *));
    if (reply->versions == NULL || reply->review_bodies == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < p->bodies.count; i++) {
        reply->review_bodies[reply->n_review_bodies++] = wire_text(p->bodies.items[i].code);
    }
    for (size_t i = 0; i < p->versions.count; i++) {
        const struct plan_version_record *v = &p->versions.items[i];
        if (strcmp(v->state, STATE_APPROVED) == 0) {
            reply->totals = wire_text(plan_totals(&p->versions, v, call->arena));
        }
        if (named && strcmp(v->id, r->plan) != 0) {
            continue;
        }
        Pb__PlanVersion *m = version_message(call, p, v);
        if (m == NULL) {
            return handler_no_memory(call);
        }
        reply->versions[reply->n_versions++] = m;
    }
    if (named && reply->n_versions == 0) {
        return refuse_unknown(call, "PLAN_UNKNOWN", "方案版本", r->plan);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

/* The only draft, else the version in force, else the draft that has no row yet. */
enum status
plan_allowed_decide(struct call *call)
{
    const Pb__PlanRequest *r = REQUEST(call, Pb__PlanRequest);
    struct plan_call *p = call->data;
    enum status s = plan_find_inspection(call, p);
    if (s != STATUS_OK) {
        return s;
    }
    const char *id = r->plan;
    if (id == NULL || *id == '\0') {
        const char *current = NULL;
        size_t open = 0;
        for (size_t i = 0; i < p->versions.count; i++) {
            const struct plan_version_record *v = &p->versions.items[i];
            open += plan_open(v);
            current = strcmp(v->state, STATE_APPROVED) == 0 ? v->id : current;
        }
        id = open == 0 ? current : NULL;
    }
    s = plan_pick(call, p, id);
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_option *options =
        arena_array(call->arena, WORKFLOW_OPTIONS_MAX, sizeof *options);
    if (options == NULL) {
        return handler_no_memory(call);
    }
    struct plan_review review = plan_review_of(p);
    struct actor actor = call_actor(call);
    size_t n = plan_options(&review, &actor, options);
    return allowed_reply(call, options, n, p->before.state, p->before.version);
}
