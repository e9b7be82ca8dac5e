/* OutcomeService: one outcome, lists and sums of any day, what may be done. */
#include "proto/base/limits.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/outcome.h"
#include "server/handler/request_check.h"
#include "server/handler/status_query.h"
#include "server/service/evidence.h"
#include "server/service/outcome.h"

#include <string.h>

enum { LIST_DEFAULT = 500 };

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* ---- GetOutcome, AllowedCommands ---- */

struct get_call {
    struct outcome_list found;
    struct measure_list measures;
    struct text_list ids;
    struct evidence_list files;
    struct history_list history;
};

int
outcome_get_load(struct call *call, struct db_queue *q)
{
    const Pb__GetOutcomeRequest *r = REQUEST(call, Pb__GetOutcomeRequest);
    int tenant = call->who->tenant;
    if (call->round == 0) {
        struct get_call *c = arena_alloc(call->arena, sizeof *c);
        call->data = c;
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        enum status s =
            outcome_queue_get(q, tenant, r->ref == NULL ? "" : r->ref, false, &c->found);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct get_call *c = call->data;
    if (c->found.count == 0) {
        return (int)refuse_unknown(call, "OUTCOME_UNKNOWN", "成效", r->ref);
    }
    const struct outcome_record *o = &c->found.items[0];
    if (call->round == 2) {
        return (int)evidence_queue_get(q, tenant, &c->ids, call->arena, &c->files);
    }
    const char *refs[] = {o->measure_id};
    struct text_list list = {refs, 1, 1};
    enum status s = measure_queue_get(q, tenant, &list, NULL, false, call->arena, &c->measures);
    if (s == STATUS_OK) {
        s = outcome_queue_files(q, tenant, o->id, &c->ids);
    }
    if (s == STATUS_OK) {
        s = history_queue(q, tenant, o->id, &c->history);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

enum status
outcome_get_decide(struct call *call)
{
    struct get_call *c = call->data;
    Pb__GetOutcomeReply *reply = call_message(call, &pb__get_outcome_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->outcome = outcome_message(&c->found.items[0], call->arena);
    reply->evidence = arena_array(call->arena, c->files.count, sizeof *reply->evidence);
    if (reply->outcome == NULL || reply->evidence == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < c->files.count; i++) {
        reply->evidence[i] = evidence_message(&c->files.items[i], call->arena);
        if (reply->evidence[reply->n_evidence++] == NULL) {
            return handler_no_memory(call);
        }
    }
    reply->history = c->history.items;
    reply->n_history = c->history.count;
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
outcome_allowed_decide(struct call *call)
{
    struct get_call *c = call->data;
    const struct outcome_record *o = &c->found.items[0];
    struct outcome_case oc = {
        .outcome = o,
        .actor = call_actor(call),
        .today = call->today,
        .now_ms = call->now_ms,
    };
    enum status s = pick_measure(call, &c->measures, o->measure_id, &oc.measure);
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_option *options =
        arena_array(call->arena, WORKFLOW_OPTIONS_MAX, sizeof *options);
    return options == NULL
               ? handler_no_memory(call)
               : allowed_reply(call, options, outcome_options(&oc, options), o->state, o->version);
}

/* ---- ListOutcomes ---- */

struct list_call {
    struct status_base base;
    struct outcome_filter filter;
    struct outcome_list found;
};

/* "{RECORDED}" of a state, or of what is only claimed; NULL for none said. */
static enum status
states_of(struct call *call, const char *state, const char **ret)
{
    const struct workflow_machine *m = workflow_machine(WORKFLOW_OUTCOME);
    *ret = NULL;
    if (given(state) == NULL) {
        return STATUS_OK;
    }
    if (strcmp(state, "CLAIMED") == 0) {
        *ret = "{RECORDED,RETURNED}";
        return STATUS_OK;
    }
    if (!workflow_state_known(m, state)) {
        return fault_set_field(
            &call->fault, "state", "OUTCOME_STATE",
            "没有“%.64s”这一状态：请填 RECORDED、CONFIRMED、RETURNED、WITHDRAWN，"
            "或 CLAIMED（尚未核实的）。",
            state);
    }
    *ret = arena_printf(call->arena, "{%s}", state);
    return *ret == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
kinds_of(struct call *call, const Pb__ListOutcomesRequest *r, const char **ret)
{
    struct text_list list = {0};
    for (size_t i = 0; i < r->n_kinds; i++) {
        if (!text_list_add(&list, call->arena, outcome_kind_code(r->kinds[i]))) {
            return handler_no_memory(call);
        }
    }
    *ret = r->n_kinds == 0 ? NULL : text_list_literal(&list, call->arena);
    return r->n_kinds > 0 && *ret == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
list_filter(struct call *call, struct list_call *c)
{
    const Pb__ListOutcomesRequest *r = REQUEST(call, Pb__ListOutcomesRequest);
    int32_t limit = r->has_limit ? r->limit : LIST_DEFAULT;
    if (limit < 1 || limit > LIMIT_LIST_ROWS) {
        return fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                               "每次最多列出 1 至 %d 条，请改 limit。", LIMIT_LIST_ROWS);
    }
    c->filter = (struct outcome_filter){
        .status = &c->base.query,
        .unit = given(r->unit),
        .problem_ref = given(r->problem_ref),
        .measure_ref = given(r->measure_ref),
        .word = given(r->word),
        .after = given(r->after),
        .limit = limit + 1,
    };
    enum status s = states_of(call, r->state, &c->filter.states);
    return s == STATUS_OK ? kinds_of(call, r, &c->filter.kinds) : s;
}

int
outcome_list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListOutcomesRequest *r = REQUEST(call, Pb__ListOutcomesRequest);
    if (call->round == 0) {
        call->data = arena_alloc(call->arena, sizeof(struct list_call));
    }
    struct list_call *c = call->data;
    int ret = 0;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    if (status_round_calendar(call, q, &c->base, &ret)) {
        return ret;
    }
    enum status s = list_filter(call, c);
    if (s == STATUS_OK) {
        s = status_begin_past(call, q, &c->base, r->inspection, r->as_of);
    }
    return s == STATUS_OK ? (int)outcome_queue_list(q, call->who->tenant, &c->filter, &c->found)
                          : (int)s;
}

enum status
outcome_list_decide(struct call *call)
{
    struct list_call *c = call->data;
    enum status s = status_check(call, &c->base);
    Pb__ListOutcomesReply *reply = call_message(call, &pb__list_outcomes_reply__descriptor);
    if (s != STATUS_OK || reply == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    reply->outcomes = arena_array(call->arena, c->found.count, sizeof *reply->outcomes);
    if (reply->outcomes == NULL) {
        return handler_no_memory(call);
    }
    size_t most = (size_t)c->filter.limit - 1;
    while (reply->n_outcomes < c->found.count && reply->n_outcomes < most) {
        Pb__Outcome *one = outcome_message(&c->found.items[reply->n_outcomes], call->arena);
        if (one == NULL) {
            return handler_no_memory(call);
        }
        one->text = NULL;
        reply->outcomes[reply->n_outcomes++] = one;
    }
    reply->has_more = 1;
    reply->more = reply->n_outcomes < c->found.count;
    reply->as_of = day_text(call, c->base.query.as_of);
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- GetOutcomeTotals ---- */

struct totals_call {
    struct status_base base;
    struct outcome_total_list totals;
};

int
outcome_totals_load(struct call *call, struct db_queue *q)
{
    const Pb__GetOutcomeTotalsRequest *r = REQUEST(call, Pb__GetOutcomeTotalsRequest);
    if (call->round == 0) {
        call->data = arena_alloc(call->arena, sizeof(struct totals_call));
    }
    struct totals_call *c = call->data;
    int ret = 0;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    if (status_round_calendar(call, q, &c->base, &ret)) {
        return ret;
    }
    enum status s = status_begin_past(call, q, &c->base, r->inspection, r->as_of);
    return s == STATUS_OK ? (int)outcome_queue_totals(q, call->who->tenant, &c->base.query,
                                                      r->has_by_unit && r->by_unit, &c->totals)
                          : (int)s;
}

enum status
outcome_totals_decide(struct call *call)
{
    struct totals_call *c = call->data;
    enum status s = status_check(call, &c->base);
    Pb__GetOutcomeTotalsReply *reply =
        call_message(call, &pb__get_outcome_totals_reply__descriptor);
    if (s != STATUS_OK || reply == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    reply->totals = arena_array(call->arena, c->totals.count, sizeof *reply->totals);
    for (size_t i = 0; reply->totals != NULL && i < c->totals.count; i++) {
        reply->totals[i] = outcome_total_message(&c->totals.items[i], call->arena);
        if (reply->totals[reply->n_totals++] == NULL) {
            return handler_no_memory(call);
        }
    }
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_as_of_ms = reply->has_plan_version = 1;
    reply->as_of_ms = call->now_ms;
    reply->plan_version = c->base.head.plan_version;
    reply->scope = status_scope_text(call);
    call->reply = &reply->base;
    return reply->totals != NULL && status_inspections(&c->base.head, call->arena,
                                                       &reply->inspections, &reply->n_inspections)
               ? STATUS_OK
               : handler_no_memory(call);
}
