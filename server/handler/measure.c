/* MeasureService: reading measures, signing for them, what may be done. */
#include "server/handler/measure.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/measure.pb-c.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/measure_write.h"
#include "server/handler/node.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/approval.h"
#include "server/store/evidence.h"

#include <stdio.h>
#include <string.h>

enum { LIST_DEFAULT = 500, SIGN_MAX = 1000 };

/* ---- ListMeasures ---- */

struct list_call {
    struct measure_filter filter;
    struct measure_list found;
    int32_t limit;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListMeasuresRequest *r = REQUEST(call, Pb__ListMeasuresRequest);
    struct list_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    c->limit = r->has_limit ? r->limit : LIST_DEFAULT;
    if (c->limit < 1 || c->limit > LIMIT_LIST_ROWS) {
        return (int)fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                                    "每次最多列出 1 至 %d 条，请改 limit。", LIMIT_LIST_ROWS);
    }
    bool by_light = r->has_light && r->light != PB__LIGHT__LIGHT_UNSPECIFIED;
    c->filter = (struct measure_filter){
        .inspection = given(r->inspection),
        .item_no = r->has_item_no ? r->item_no : -1,
        .problem_ref = given(r->problem_ref),
        .unit = given(r->unit),
        .leader = given(r->leader),
        .special_group = given(r->special_group),
        .state = given(r->state),
        .after_ref = given(r->after_ref),
        .light = by_light ? (int32_t)r->light : -1,
        .as_of = call->today,
        .soon_days = DUE_SOON_DAYS,
        .limit = c->limit + 1,
    };
    return (int)measure_queue_list(q, call->who->tenant, &c->filter, &c->found);
}

static enum status
list_decide(struct call *call)
{
    struct list_call *c = call->data;
    Pb__ListMeasuresReply *reply = call_message(call, &pb__list_measures_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    bool more = c->found.count > (size_t)c->limit;
    size_t n = more ? (size_t)c->limit : c->found.count;
    reply->measures = arena_array(call->arena, n, sizeof(Pb__Measure *));
    for (size_t i = 0; reply->measures != NULL && i < n; i++) {
        reply->measures[i] = measure_message(&c->found.items[i], call->today, call->arena);
        if (reply->measures[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_measures++;
    }
    reply->has_more = 1;
    reply->more = more;
    reply->as_of = day_text(call, call->today);
    call->reply = &reply->base;
    return reply->measures == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetMeasure, AllowedCommands ---- */

struct get_call {
    struct measure_list found;
    const struct measure_record *measure;
    struct evidence_list files;
    struct history_list history;
    struct approval_list endorsements;
    struct measure_page page;
};

static int
get_first(struct call *call, struct db_queue *q, bool more)
{
    const Pb__GetMeasureRequest *r = REQUEST(call, Pb__GetMeasureRequest);
    struct get_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    const char *refs[] = {r->ref == NULL ? "" : r->ref};
    struct text_list list = {refs, 1, 1};
    enum status s = measure_queue_get(q, call->who->tenant, &list, given(r->inspection), false,
                                      call->arena, &c->found);
    return s == STATUS_OK && more ? CALL_MORE : (int)s;
}

static int
get_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return get_first(call, q, true);
    }
    struct get_call *c = call->data;
    enum status s =
        pick_measure(call, &c->found, REQUEST(call, Pb__GetMeasureRequest)->ref, &c->measure);
    if (s == STATUS_OK) {
        s = evidence_queue_of_measure(q, call->who->tenant, c->measure->id, &c->files);
    }
    if (s == STATUS_OK) {
        s = approval_queue_of(q, call->who->tenant, "measure", c->measure->id, &c->endorsements);
    }
    if (s == STATUS_OK) {
        s = measure_page_queue(call, q, c->measure->id, &c->page);
    }
    return s == STATUS_OK ? (int)history_queue(q, call->who->tenant, c->measure->id, &c->history)
                          : (int)s;
}

static enum status
get_decide(struct call *call)
{
    struct get_call *c = call->data;
    Pb__GetMeasureReply *reply = call_message(call, &pb__get_measure_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->measure = measure_message(c->measure, call->today, call->arena);
    reply->evidence = arena_array(call->arena, c->files.count, sizeof(Pb__Evidence *));
    if (reply->measure == NULL || reply->evidence == NULL) {
        return handler_no_memory(call);
    }
    enum status s = measure_page_fill(call, &c->page, reply->measure);
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; i < c->files.count; i++) {
        reply->evidence[i] = evidence_message(&c->files.items[i], call->arena);
        if (reply->evidence[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_evidence++;
    }
    reply->history = c->history.items;
    reply->n_history = c->history.count;
    reply->endorsements = c->endorsements.items;
    reply->n_endorsements = c->endorsements.count;
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
allowed_load(struct call *call, struct db_queue *q)
{
    return get_first(call, q, false);
}

static enum status
allowed_decide(struct call *call)
{
    struct get_call *c = call->data;
    enum status s =
        pick_measure(call, &c->found, REQUEST(call, Pb__GetMeasureRequest)->ref, &c->measure);
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    struct actor actor = call_actor(call);
    size_t n = measure_options(c->measure, &actor, options);
    return allowed_reply(call, options, n, c->measure->state, c->measure->version);
}

/* ---- SignFor: many at once, all or none ---- */

struct sign_call {
    struct measure_list found;
    const struct measure_record **before;
    struct measure_outcome *outcomes;
    size_t count;
};

static void
sign_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__SignForRequest *r = REQUEST(call, Pb__SignForRequest);
    for (size_t i = 0; i < r->n_measures && i < SIGN_MAX; i++) {
        subject_add(set, "measure", r->measures[i]->ref == NULL ? "" : r->measures[i]->ref);
    }
}

static int
sign_load(struct call *call, struct db_queue *q)
{
    const Pb__SignForRequest *r = REQUEST(call, Pb__SignForRequest);
    struct sign_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    if (r->n_measures < 1 || r->n_measures > SIGN_MAX) {
        return (int)fault_set_field(&call->fault, "measures", "COUNT_RANGE",
                                    "一次签收 1 至 %d 条措施，请分次签收。", SIGN_MAX);
    }
    struct text_list refs = {0};
    for (size_t i = 0; i < r->n_measures; i++) {
        const char *ref = r->measures[i]->ref;
        if (!text_list_add(&refs, call->arena, ref == NULL ? "" : ref)) {
            return (int)handler_no_memory(call);
        }
    }
    return (int)measure_queue_get(q, call->who->tenant, &refs, given(r->inspection), true,
                                  call->arena, &c->found);
}

static enum status
sign_one(struct call *call, struct sign_call *c, const Pb__MeasureVersion *asked,
         const struct actor *actor)
{
    const struct measure_record *m = NULL;
    enum status s = pick_measure(call, &c->found, asked->ref, &m);
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (c->before[i] == m) {
            return fault_set_field(&call->fault, "measures", "MEASURE_TWICE",
                                   "措施 %s 写了两次，请去掉重复的一条。", m->ref);
        }
    }
    if (asked->has_expected_version && asked->expected_version != m->version) {
        return fault_stale(&call->fault, asked->expected_version, m->version);
    }
    struct measure_order order = {
        .command = COMMAND_SIGN_FOR,
        .next_check_day = NO_DATE,
        .evidence_count = m->evidence_count,
        .evidence_strong = m->evidence_strong,
        .today = call->today,
        .now_ms = call->now_ms,
    };
    s = measure_step(m, actor, &order, &c->outcomes[c->count], &call->fault);
    if (s == STATUS_OK) {
        c->before[c->count] = m;
        s = measure_record_change(call, m, &c->outcomes[c->count].next, COMMAND_SIGN_FOR, NULL);
        c->count++;
    }
    return s;
}

/* What one line of the answer says; a stored reply is short, so a long list says less. */
enum sign_detail { SIGN_REF, SIGN_STATE, SIGN_ID };

static Pb__MeasuresReply *
sign_lines(struct call *call, const struct sign_call *c, enum sign_detail detail)
{
    Pb__MeasuresReply *reply = call_message(call, &pb__measures_reply__descriptor);
    Pb__Measure **lines = arena_array(call->arena, c->count, sizeof *lines);
    for (size_t i = 0; reply != NULL && lines != NULL && i < c->count; i++) {
        const struct measure_record *m = &c->outcomes[i].next;
        lines[i] = call_message(call, &pb__measure__descriptor);
        if (lines[i] == NULL) {
            return NULL;
        }
        lines[i]->id = detail == SIGN_ID ? wire_text(m->id) : NULL;
        lines[i]->state = detail >= SIGN_STATE ? wire_text(m->state) : NULL;
        lines[i]->ref = wire_text(m->ref);
        lines[i]->has_version = 1;
        lines[i]->version = m->version;
    }
    if (reply != NULL && lines != NULL) {
        reply->measures = lines;
        reply->n_measures = c->count;
    }
    return lines == NULL ? NULL : reply;
}

static enum status
sign_reply(struct call *call, const struct sign_call *c)
{
    for (int detail = SIGN_ID; detail >= SIGN_REF; detail--) {
        Pb__MeasuresReply *reply = sign_lines(call, c, (enum sign_detail)detail);
        if (reply == NULL) {
            return handler_no_memory(call);
        }
        call->reply = &reply->base;
        if (pb__measures_reply__get_packed_size(reply) <= LIMIT_REPLY_STORED_BYTES) {
            return STATUS_OK;
        }
    }
    /* Too many for any line: the list itself tells. */
    call->reply = call_message(call, &pb__measures_reply__descriptor);
    return call->reply == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
sign_decide(struct call *call)
{
    const Pb__SignForRequest *r = REQUEST(call, Pb__SignForRequest);
    struct sign_call *c = call->data;
    struct actor actor = call_actor(call);
    c->count = 0;
    c->before = arena_array(call->arena, r->n_measures, sizeof *c->before);
    c->outcomes = arena_array(call->arena, r->n_measures, sizeof *c->outcomes);
    if (c->before == NULL || c->outcomes == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < r->n_measures; i++) {
        enum status s = sign_one(call, c, r->measures[i], &actor);
        if (s != STATUS_OK) {
            if (call->fault.field[0] == '\0') {
                snprintf(call->fault.field, sizeof call->fault.field, "measures[%zu]", i);
            }
            return s;
        }
    }
    return sign_reply(call, c);
}

static enum status
sign_effects(struct call *call, struct db_queue *q)
{
    struct sign_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->count; i++) {
        s = measure_write(call, q, c->before[i], &c->outcomes[i]);
    }
    return s;
}

/* ---- the table ---- */

enum {
    BY_UNIT = ROLE_UNIT | ROLE_OFFICE, /* the office on behalf of a unit (代报) */
    BY_JUDGE = ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP,
};

static const struct handler rows[] = {
    {.method = "rectify.v1.MeasureService/ListMeasures",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_measures_request__descriptor,
     .reply = &pb__list_measures_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.MeasureService/GetMeasure",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_measure_request__descriptor,
     .reply = &pb__get_measure_reply__descriptor,
     .load = get_load,
     .decide = get_decide},
    {.method = "rectify.v1.MeasureService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .flags = HANDLER_BEHALF,
     .request = &pb__get_measure_request__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = allowed_load,
     .decide = allowed_decide},
    {.method = "rectify.v1.MeasureService/SignFor",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_UNIT,
     .flags = HANDLER_BEHALF,
     .request = &pb__sign_for_request__descriptor,
     .reply = &pb__measures_reply__descriptor,
     .subjects = sign_subjects,
     .load = sign_load,
     .decide = sign_decide,
     .effects = sign_effects},
    {.method = "rectify.v1.MeasureService/ClaimEffect",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_UNIT,
     .flags = HANDLER_BEHALF,
     .request = &pb__claim_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = claim_subjects,
     .load = claim_load,
     .decide = claim_effect_decide,
     .effects = claim_effects},
    {.method = "rectify.v1.MeasureService/ClaimComplete",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_UNIT,
     .flags = HANDLER_BEHALF,
     .request = &pb__claim_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = claim_subjects,
     .load = claim_load,
     .decide = claim_complete_decide,
     .effects = claim_effects},
    {.method = "rectify.v1.MeasureService/WithdrawClaim",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_UNIT,
     .flags = HANDLER_BEHALF,
     .request = &pb__decide_claim_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = decide_claim_subjects,
     .load = decide_claim_load,
     .decide = withdraw_decide,
     .effects = decide_claim_effects},
    {.method = "rectify.v1.MeasureService/ConfirmClaim",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_JUDGE,
     .request = &pb__decide_claim_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = decide_claim_subjects,
     .load = decide_claim_load,
     .decide = confirm_decide,
     .effects = decide_claim_effects},
    {.method = "rectify.v1.MeasureService/ReturnClaim",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_JUDGE | ROLE_PLEAD, /* the endorsing unit does not agree */
     .request = &pb__decide_claim_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = decide_claim_subjects,
     .load = decide_claim_load,
     .decide = return_decide,
     .effects = decide_claim_effects},
    {.method = "rectify.v1.MeasureService/Object",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_UNIT,
     .flags = HANDLER_BEHALF,
     .request = &pb__object_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = measure_object_subjects,
     .load = measure_object_load,
     .decide = measure_object_decide,
     .effects = measure_object_effects},
    {.method = "rectify.v1.MeasureService/Endorse",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_PLEAD,
     .request = &pb__endorse_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = measure_endorse_subjects,
     .load = measure_endorse_load,
     .decide = measure_endorse_decide,
     .effects = measure_endorse_effects},
    {.method = "rectify.v1.MeasureService/CheckOk",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_VERIFY,
     .request = &pb__check_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = measure_check_subjects,
     .load = measure_check_load,
     .decide = measure_check_ok_decide,
     .effects = measure_check_effects},
    {.method = "rectify.v1.MeasureService/FinishSustaining",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_VERIFY,
     .request = &pb__check_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = measure_check_subjects,
     .load = measure_check_load,
     .decide = measure_finish_decide,
     .effects = measure_check_effects},
    {.method = "rectify.v1.MeasureService/FailCheck",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_VERIFY,
     .request = &pb__reopen_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = measure_reopen_subjects,
     .load = measure_reopen_load,
     .decide = measure_fail_decide,
     .effects = measure_check_effects},
    {.method = "rectify.v1.MeasureService/Reopen",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_VERIFY,
     .request = &pb__reopen_request__descriptor,
     .reply = &pb__measure__descriptor,
     .subjects = measure_reopen_subjects,
     .load = measure_reopen_load,
     .decide = measure_reopen_decide,
     .effects = measure_check_effects},
};

const struct handler_table measure_handler_table = {rows, sizeof rows / sizeof rows[0]};
