#include "server/service/plan.h"

#include "proto/base/wire_text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- opinions ---- */

const struct plan_opinion *
plan_opinion_of(const struct plan_review *r, const char *body_id)
{
    const struct plan_opinion *newest = NULL;
    for (size_t i = 0; i < r->opinions->count; i++) {
        const struct plan_opinion *o = &r->opinions->items[i];
        if (strcmp(o->plan_id, r->plan->id) == 0 && strcmp(o->body.id, body_id) == 0 &&
            (newest == NULL || o->version > newest->version)) {
            newest = o;
        }
    }
    return newest;
}

static bool
stale(const struct plan_review *r, const struct plan_opinion *o)
{
    return memcmp(o->sha256, r->sha256, PLAN_HASH_BYTES) != 0;
}

bool
plan_body_agrees(const struct plan_review *r, const char *body_id)
{
    const struct plan_opinion *o = plan_opinion_of(r, body_id);
    return o != NULL && o->verdict == PB__VERDICT__ACCEPTED && !stale(r, o);
}

const struct plan_body *
plan_actor_body(const struct plan_body_list *bodies, const struct actor *actor)
{
    const struct plan_body *found = NULL;
    for (size_t i = 0; i < bodies->count; i++) {
        const struct plan_body *b = &bodies->items[i];
        if (actor->org_id != NULL && strcmp(b->id, actor->org_id) == 0) {
            return b;
        }
        if (found == NULL && actor->orgs != NULL && strstr(actor->orgs, b->id) != NULL) {
            found = b;
        }
    }
    return found;
}

static bool
all_agree(const struct plan_review *r)
{
    for (size_t i = 0; i < r->bodies->count; i++) {
        if (!plan_body_agrees(r, r->bodies->items[i].id)) {
            return false;
        }
    }
    return true;
}

/* ---- commands ---- */

/* That every measure is complete is judged measure by measure before. */
static struct workflow_facts
facts_of(const struct plan_review *r, const struct actor *actor, bool reason_given)
{
    return (struct workflow_facts){
        .plan_known = true,
        .class_ = CLASS_IMMEDIATE,
        .has_leader = true,
        .has_lead_unit = true,
        .has_target = true,
        .effect_due = NO_DATE,
        .complete_due = 0,
        .reason_given = reason_given,
        .reviewer = plan_actor_body(r->bodies, actor) != NULL,
        .reviews_agreed = all_agree(r),
    };
}

static enum status
refuse_missing(const struct plan_review *r, struct fault *fault)
{
    char names[FAULT_MESSAGE_SIZE / 2];
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < r->bodies->count && used < sizeof names; i++) {
        const struct plan_body *b = &r->bodies->items[i];
        const struct plan_opinion *o = plan_opinion_of(r, b->id);
        if (plan_body_agrees(r, b->id)) {
            continue;
        }
        const char *why = o == NULL     ? "还没有意见"
                          : stale(r, o) ? "意见是对以前一稿提的，已不作数"
                          : o->verdict != PB__VERDICT__ACCEPTED ? "不同意"
                                                                : "";
        int n = snprintf(names + used, sizeof names - used, "%s%s（%s）", used == 0 ? "" : "、",
                         b->name, why);
        used += n > 0 ? (size_t)n : 0;
    }
    return fault_set(fault, STATUS_FAILED_PRECONDITION, guard_code(GUARD_REVIEWS_AGREED),
                     "不能批准：联审单位还没有全部对现在这一稿表示同意：%s。请先完成联审。", names);
}

enum status
plan_step(const struct plan_review *r, const char *command, const struct actor *actor,
          bool reason_given, const struct workflow_edge **ret_edge, struct fault *fault)
{
    struct workflow_facts facts = facts_of(r, actor, reason_given);
    struct fault why = {0};
    enum status s = workflow_step(workflow_machine(WORKFLOW_PLAN_VERSION), r->plan->state, command,
                                  (uint32_t)actor->roles, &facts, ret_edge, &why);
    if (s != STATUS_OK && strcmp(why.reason, guard_code(GUARD_REVIEWS_AGREED)) == 0) {
        return refuse_missing(r, fault);
    }
    if (s != STATUS_OK && fault != NULL) {
        *fault = why;
    }
    return s;
}

size_t
plan_options(const struct plan_review *r, const struct actor *actor,
             struct workflow_option *ret_options)
{
    struct workflow_facts facts = facts_of(r, actor, false);
    return workflow_allowed(workflow_machine(WORKFLOW_PLAN_VERSION), r->plan->state,
                            (uint32_t)actor->roles, &facts, ret_options, WORKFLOW_OPTIONS_MAX);
}

/* ---- how it is shown ---- */

static bool
frozen(const struct plan_version_record *v)
{
    return strcmp(v->state, STATE_APPROVED) == 0 || strcmp(v->state, STATE_SUPERSEDED) == 0;
}

bool
plan_open(const struct plan_version_record *v)
{
    return strcmp(v->state, STATE_DRAFT) == 0 || strcmp(v->state, STATE_REVIEW) == 0;
}

const char *
plan_totals(const struct plan_version_list *versions, const struct plan_version_record *last,
            struct arena *a)
{
    const char *text = "";
    for (size_t i = 0; text != NULL && i < versions->count; i++) {
        const struct plan_version_record *v = &versions->items[i];
        if (!frozen(v) || v->no >= last->no) {
            continue;
        }
        text = v->base_no == 0 ? arena_printf(a, "%d (v%d)", v->measures, v->no)
                               : arena_printf(a, "%s +%d −%d = %d (v%d)", text, v->added,
                                              v->removed, v->measures, v->no);
    }
    if (text == NULL) {
        return NULL;
    }
    return last->base_no == 0 ? arena_printf(a, "%d (v%d)", last->measures, last->no)
                              : arena_printf(a, "%s +%d −%d = %d (v%d)", text, last->added,
                                             last->removed, last->measures, last->no);
}

Pb__PlanVersion *
plan_version_message(const struct plan_version_record *v, const char *inspection, struct arena *a)
{
    Pb__PlanVersion *out = arena_alloc(a, sizeof *out);
    char *hex = arena_alloc(a, PLAN_HASH_HEX_SIZE);
    if (out == NULL || hex == NULL) {
        return NULL;
    }
    pb__plan_version__init(out);
    plan_hash_print(v->sha256, hex);
    out->id = wire_text(v->id);
    out->inspection = wire_text(inspection);
    out->state = wire_text(v->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_PLAN_VERSION), v->state));
    out->title = wire_text(v->title);
    out->sha256 = hex;
    out->opinion = wire_text(v->opinion);
    out->has_no = out->has_base_version = out->has_items = out->has_problems = 1;
    out->has_other_problems = out->has_measures = out->has_version = 1;
    out->no = v->no;
    out->base_version = v->base_no;
    out->items = v->items;
    out->problems = v->problems;
    out->other_problems = v->other_problems;
    out->measures = v->measures;
    out->version = v->version;
    out->has_added = out->has_removed = out->has_changed = v->base_no > 0;
    out->added = v->added;
    out->removed = v->removed;
    out->changed = v->changed;
    out->has_approved_at_ms = v->approved_ms != 0;
    out->approved_at_ms = v->approved_ms;
    return out;
}

static Pb__PlanOpinion *
opinion_message(const struct plan_review *r, const struct plan_body *b, bool needed,
                struct arena *a)
{
    const struct plan_opinion *o = plan_opinion_of(r, b->id);
    Pb__PlanOpinion *out = arena_alloc(a, sizeof *out);
    char *hex = arena_alloc(a, PLAN_HASH_HEX_SIZE);
    if (out == NULL || hex == NULL) {
        return NULL;
    }
    pb__plan_opinion__init(out);
    out->body = wire_text(b->code);
    out->body_name = wire_text(b->name);
    out->has_needed = out->has_verdict = 1;
    out->needed = needed;
    out->verdict = o == NULL ? PB__VERDICT__PENDING : (Pb__Verdict)o->verdict;
    if (o != NULL) {
        plan_hash_print(o->sha256, hex);
        out->sha256 = hex;
        out->reason = wire_text(o->reason);
        out->has_recorded_at_ms = out->has_stale = 1;
        out->recorded_at_ms = o->recorded_ms;
        out->stale = stale(r, o);
    }
    return out;
}

static bool
asked(const struct plan_review *r, const char *body_id)
{
    for (size_t i = 0; i < r->bodies->count; i++) {
        if (strcmp(r->bodies->items[i].id, body_id) == 0) {
            return true;
        }
    }
    return false;
}

bool
plan_opinions_add(Pb__PlanVersion *out, const struct plan_review *r, struct arena *a)
{
    out->opinions = arena_array(a, r->bodies->count + r->opinions->count, sizeof *out->opinions);
    if (out->opinions == NULL) {
        return false;
    }
    for (size_t i = 0; plan_open(r->plan) && i < r->bodies->count; i++) {
        out->opinions[out->n_opinions] = opinion_message(r, &r->bodies->items[i], true, a);
        if (out->opinions[out->n_opinions++] == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < r->opinions->count; i++) {
        const struct plan_opinion *o = &r->opinions->items[i];
        bool shown = plan_open(r->plan) && asked(r, o->body.id);
        if (shown || plan_opinion_of(r, o->body.id) != o) {
            continue;
        }
        out->opinions[out->n_opinions] = opinion_message(r, &o->body, asked(r, o->body.id), a);
        if (out->opinions[out->n_opinions++] == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- hashes ---- */

void
plan_hash_print(const unsigned char sha256[PLAN_HASH_BYTES], char ret[PLAN_HASH_HEX_SIZE])
{
    sodium_bin2hex(ret, PLAN_HASH_HEX_SIZE, sha256, PLAN_HASH_BYTES);
}

bool
plan_hash_is(const unsigned char sha256[PLAN_HASH_BYTES], const char *text)
{
    char hex[PLAN_HASH_HEX_SIZE];
    plan_hash_print(sha256, hex);
    return text != NULL && strcmp(hex, text) == 0;
}

void
plan_content_hash(const unsigned char *content, size_t size,
                  unsigned char ret_sha256[PLAN_HASH_BYTES])
{
    static const char tag[] = "rectify.v1.amendment";
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, (const unsigned char *)tag, sizeof tag);
    crypto_hash_sha256_update(&h, content, size);
    crypto_hash_sha256_final(&h, ret_sha256);
}
