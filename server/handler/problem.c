/* ProblemService: problems and their measures. */
#include "server/handler/problem.h"

#include "rectify/v1/measure.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/measure.h"
#include "server/store/problem.h"

struct problem_call {
    struct problem_filter filter;
    struct problem_list found;
    struct measure_list measures;
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

static void
name_states(struct problem_call *c)
{
    for (size_t i = 0; i < c->found.count; i++) {
        Pb__Problem *p = c->found.items[i];
        p->state_zh =
            (char *)(uintptr_t)workflow_state_zh(workflow_machine(WORKFLOW_PROBLEM), p->state);
    }
}

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
    name_states(c);
    reply->problems = c->found.items;
    reply->n_problems = c->found.count;
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
get_load(struct call *call, struct db_queue *q)
{
    const Pb__GetProblemRequest *r = REQUEST(call, Pb__GetProblemRequest);
    if (call->round == 0) {
        struct problem_filter filter = {
            .ref = r->ref == NULL ? "" : r->ref,
            .inspection = given(r->inspection),
            .item_no = -1,
        };
        enum status s = queue_problems(call, q, &filter);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct problem_call *c = call->data;
    if (c->found.count == 0) {
        return (int)refuse_unknown(call, "PROBLEM_UNKNOWN", "问题", r->ref);
    }
    if (c->found.count > 1) {
        return (int)fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                                    "不止一次巡视有问题“%s”，请写明巡视的代码。", r->ref);
    }
    return (int)measure_queue_of_problem(q, call->who->tenant, c->found.items[0]->id, &c->measures);
}

static enum status
get_decide(struct call *call)
{
    struct problem_call *c = call->data;
    Pb__GetProblemReply *reply = call_message(call, &pb__get_problem_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    name_states(c);
    reply->problem = c->found.items[0];
    reply->measures = arena_array(call->arena, c->measures.count, sizeof(Pb__Measure *));
    for (size_t i = 0; reply->measures != NULL && i < c->measures.count; i++) {
        reply->measures[i] = measure_message(&c->measures.items[i], call->today, call->arena);
        if (reply->measures[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_measures++;
    }
    call->reply = &reply->base;
    return reply->measures == NULL ? handler_no_memory(call) : STATUS_OK;
}

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
};

const struct handler_table problem_handler_table = {rows, sizeof rows / sizeof rows[0]};
