/* ProblemService: reading problems and their measures, what may be done, and who may do what. */
#include "server/handler/problem.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/measure.pb-c.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/problem_write.h"
#include "server/handler/request_check.h"
#include "server/service/evidence.h"
#include "server/store/evidence.h"

struct problem_call {
    struct problem_filter filter;
    struct problem_list found;
    const struct problem_record *problem;
    struct measure_list measures;
    struct problem_measure_list counted;
    struct history_list history;
    struct evidence_list files;
    struct closing_list closings;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static enum status
queue_problems(struct call *call, struct db_queue *q, const struct problem_filter *filter)
{
    struct problem_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return handler_no_memory(call);
    }
    call->data = c;
    c->filter = *filter;
    c->filter.as_of = call->today;
    c->filter.soon_days = DUE_SOON_DAYS;
    return problem_queue_list(q, call->who->tenant, &c->filter, &c->found);
}

/* ---- ListProblems ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListProblemsRequest *r = REQUEST(call, Pb__ListProblemsRequest);
    struct problem_filter filter = {
        .inspection = given(r->inspection),
        .item_no = r->has_item_no ? r->item_no : -1,
        .unit = given(r->unit),
    };
    return (int)queue_problems(call, q, &filter);
}

static enum status
list_decide(struct call *call)
{
    struct problem_call *c = call->data;
    Pb__ListProblemsReply *reply = call_message(call, &pb__list_problems_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->problems = arena_array(call->arena, c->found.count, sizeof(Pb__Problem *));
    for (size_t i = 0; reply->problems != NULL && i < c->found.count; i++) {
        Pb__Problem *p = problem_message(&c->found.items[i], call->arena);
        if (p == NULL) {
            return handler_no_memory(call);
        }
        /* A list shows where each stands; GetProblem has the long texts. */
        p->closing_report = NULL;
        p->lessons = NULL;
        p->group_opinion = NULL;
        reply->problems[reply->n_problems++] = p;
    }
    call->reply = &reply->base;
    return reply->problems == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetProblem, AllowedCommands ---- */

static int
get_first(struct call *call, struct db_queue *q)
{
    const Pb__GetProblemRequest *r = REQUEST(call, Pb__GetProblemRequest);
    struct problem_filter filter = {
        .ref = r->ref == NULL ? "" : r->ref,
        .inspection = given(r->inspection),
        .item_no = -1,
    };
    enum status s = queue_problems(call, q, &filter);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static int
get_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return get_first(call, q);
    }
    struct problem_call *c = call->data;
    const char *ref = REQUEST(call, Pb__GetProblemRequest)->ref;
    enum status s = pick_problem(call, &c->found, ref, &c->problem);
    if (s != STATUS_OK) {
        return (int)s;
    }
    int tenant = call->who->tenant;
    const char *id = c->problem->id;
    s = measure_queue_of_problem(q, tenant, id, &c->measures);
    if (s == STATUS_OK) {
        s = history_queue(q, tenant, id, &c->history);
    }
    if (s == STATUS_OK) {
        s = evidence_queue_of_problem(q, tenant, id, &c->files);
    }
    return s == STATUS_OK ? (int)problem_queue_closings(q, tenant, id, &c->closings) : (int)s;
}

static enum status
add_measures(struct call *call, Pb__GetProblemReply *reply, const struct measure_list *list)
{
    reply->measures = arena_array(call->arena, list->count, sizeof(Pb__Measure *));
    for (size_t i = 0; reply->measures != NULL && i < list->count; i++) {
        reply->measures[i] = measure_message(&list->items[i], call->today, call->arena);
        if (reply->measures[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_measures++;
    }
    return reply->measures == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
add_evidence(struct call *call, Pb__GetProblemReply *reply, const struct evidence_list *list)
{
    reply->evidence = arena_array(call->arena, list->count, sizeof(Pb__Evidence *));
    for (size_t i = 0; reply->evidence != NULL && i < list->count; i++) {
        reply->evidence[i] = evidence_message(&list->items[i], call->arena);
        if (reply->evidence[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_evidence++;
    }
    return reply->evidence == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
get_decide(struct call *call)
{
    struct problem_call *c = call->data;
    Pb__GetProblemReply *reply = call_message(call, &pb__get_problem_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->problem = problem_message(c->problem, call->arena);
    reply->history = c->history.items;
    reply->n_history = c->history.count;
    reply->closings = c->closings.items;
    reply->n_closings = c->closings.count;
    for (size_t i = 0; i < c->closings.count; i++) {
        Pb__Closing *k = c->closings.items[i];
        k->result_zh = wire_text(sitting_row_state_zh(k->result));
    }
    call->reply = &reply->base;
    enum status s =
        reply->problem == NULL ? handler_no_memory(call) : add_measures(call, reply, &c->measures);
    return s == STATUS_OK ? add_evidence(call, reply, &c->files) : s;
}

static int
allowed_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return get_first(call, q);
    }
    struct problem_call *c = call->data;
    const char *ref = REQUEST(call, Pb__GetProblemRequest)->ref;
    struct text_list ids = {0};
    enum status s = pick_problem(call, &c->found, ref, &c->problem);
    if (s == STATUS_OK && !text_list_add(&ids, call->arena, c->problem->id)) {
        s = handler_no_memory(call);
    }
    return s == STATUS_OK
               ? (int)problem_queue_measures(q, call->who->tenant, &ids, call->arena, &c->counted)
               : (int)s;
}

static enum status
allowed_decide(struct call *call)
{
    struct problem_call *c = call->data;
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    struct actor actor = call_actor(call);
    struct problem_counts counts = problem_count(&c->counted, c->problem->id);
    size_t n = problem_options(c->problem, &counts, &actor, options);
    return allowed_reply(call, options, n, c->problem->state, c->problem->version);
}

/* ---- the table ---- */

enum { BY_JUDGE = ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP };

static const struct handler rows[] = {
    {.method = "rectify.v1.ProblemService/ListProblems",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_problems_request__descriptor,
     .reply = &pb__list_problems_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.ProblemService/GetProblem",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_problem_request__descriptor,
     .reply = &pb__get_problem_reply__descriptor,
     .load = get_load,
     .decide = get_decide},
    {.method = "rectify.v1.ProblemService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .flags = HANDLER_BEHALF,
     .request = &pb__get_problem_request__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = allowed_load,
     .decide = allowed_decide},
    {.method = "rectify.v1.ProblemService/RegisterProblem",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__register_problem_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = problem_register_subjects,
     .load = problem_register_load,
     .decide = problem_register_decide,
     .effects = problem_register_effects},
    {.method = "rectify.v1.ProblemService/EditProblem",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__edit_problem_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = problem_edit_subjects,
     .load = problem_edit_load,
     .decide = problem_edit_decide,
     .effects = problem_edit_effects},
    {.method = "rectify.v1.ProblemService/ApplyClose",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_PLEAD | ROLE_OFFICE,
     .flags = HANDLER_BEHALF,
     .request = &pb__apply_close_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = apply_close_subjects,
     .load = apply_close_load,
     .decide = apply_close_decide,
     .effects = apply_close_effects},
    {.method = "rectify.v1.ProblemService/WithdrawClose",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_PLEAD | ROLE_OFFICE,
     .flags = HANDLER_BEHALF,
     .request = &pb__decide_problem_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = decide_close_subjects,
     .load = decide_close_load,
     .decide = withdraw_close_decide,
     .effects = move_close_effects},
    {.method = "rectify.v1.ProblemService/ForwardClose",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_JUDGE,
     .request = &pb__forward_close_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = forward_close_subjects,
     .load = forward_close_load,
     .decide = forward_close_decide,
     .effects = move_close_effects},
    {.method = "rectify.v1.ProblemService/ReturnClose",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_JUDGE,
     .request = &pb__decide_problem_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = decide_close_subjects,
     .load = decide_close_load,
     .decide = return_close_decide,
     .effects = move_close_effects},
    {.method = "rectify.v1.ProblemService/ReopenProblem",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_VERIFY,
     .request = &pb__reopen_problem_request__descriptor,
     .reply = &pb__problem__descriptor,
     .subjects = reopen_problem_subjects,
     .load = reopen_problem_load,
     .decide = reopen_problem_decide,
     .effects = move_close_effects},
};

const struct handler_table problem_handler_table = {rows, sizeof rows / sizeof rows[0]};
