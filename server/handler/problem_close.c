/* ProblemService: applying for closing, what the office does with it, taking up again. */
#include "server/handler/problem.h"

#include "proto/base/limits.h"
#include "server/handler/common.h"
#include "server/handler/problem_write.h"
#include "server/handler/request_check.h"
#include "server/store/evidence.h"

#include <string.h>

enum { OPINION_BYTES = 4096 };

struct close_call {
    struct problem_list found;
    struct problem_measure_list measures;
    struct evidence_list files;
    struct problem_move move;
    const Pb__ApplyCloseRequest *application; /* NULL: another command */
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* Round 0 locks the problem; round 1 reads what is below it under that lock. */
static int
load(struct call *call, struct db_queue *q, const char *ref, const char *inspection)
{
    struct close_call *c = call->data;
    int tenant = call->who->tenant;
    if (call->round == 0) {
        c = arena_alloc(call->arena, sizeof *c);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        call->data = c;
        const char *refs[] = {ref == NULL ? "" : ref};
        struct text_list list = {refs, 1, 1};
        enum status s =
            problem_queue_lock(q, tenant, &list, given(inspection), call->arena, &c->found);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct text_list ids = {0};
    enum status s = pick_problem(call, &c->found, ref, &c->move.before);
    if (s == STATUS_OK && !text_list_add(&ids, call->arena, c->move.before->id)) {
        s = handler_no_memory(call);
    }
    if (s == STATUS_OK) {
        s = problem_queue_measures(q, tenant, &ids, call->arena, &c->measures);
    }
    return s == STATUS_OK
               ? (int)sitting_queue_pending(q, tenant, c->move.before->id, &c->move.pending)
               : (int)s;
}

static enum status
move(struct call *call, struct close_call *c, struct problem_order *order, const char *reason)
{
    struct actor actor = call_actor(call);
    struct problem_counts counts = problem_count(&c->measures, c->move.before->id);
    struct problem_outcome outcome;
    order->today = call->today;
    order->now_ms = call->now_ms;
    enum status s = problem_step(c->move.before, &counts, &actor, order, &outcome, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    c->move.next = outcome.next;
    call->reason = reason;
    s = problem_move_record(call, &c->move, order->command, reason);
    return s == STATUS_OK ? problem_reply(call, &c->move.next) : s;
}

/* ---- ApplyClose ---- */

void
apply_close_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__ApplyCloseRequest)->ref;
    subject_add(set, "problem", ref == NULL ? "" : ref);
}

int
apply_close_load(struct call *call, struct db_queue *q)
{
    const Pb__ApplyCloseRequest *r = REQUEST(call, Pb__ApplyCloseRequest);
    int more = load(call, q, r->ref, r->inspection);
    if (call->round == 0 || more != (int)STATUS_OK) {
        return more;
    }
    struct close_call *c = call->data;
    struct text_list ids = {0};
    c->application = r;
    for (size_t i = 0; i < r->n_evidence; i++) {
        /* What is no id at all is simply not found later. */
        if (uuid_text_valid(r->evidence[i]) && !text_list_add(&ids, call->arena, r->evidence[i])) {
            return (int)handler_no_memory(call);
        }
    }
    return (int)evidence_queue_get(q, call->who->tenant, &ids, call->arena, &c->files);
}

/* Each file is one of the acting unit's. */
static enum status
check_files(struct call *call, const struct close_call *c, const Pb__ApplyCloseRequest *r)
{
    if (r->n_evidence > LIMIT_UPLOADS_PER_ORG) {
        return fault_set_field(&call->fault, "evidence", "TOO_MANY_FILES",
                               "一次最多附 %d 份材料，请合并后再提交。", LIMIT_UPLOADS_PER_ORG);
    }
    for (size_t i = 0; i < r->n_evidence; i++) {
        bool own = false;
        for (size_t k = 0; k < c->files.count; k++) {
            const struct evidence_record *e = &c->files.items[k];
            own = own || (strcmp(e->id, r->evidence[i]) == 0 && call->who->org_id != NULL &&
                          strcmp(e->org_id, call->who->org_id) == 0);
        }
        if (!own) {
            return refuse_unknown(call, "EVIDENCE_UNKNOWN", "材料", r->evidence[i]);
        }
    }
    return STATUS_OK;
}

enum status
apply_close_decide(struct call *call)
{
    const Pb__ApplyCloseRequest *r = REQUEST(call, Pb__ApplyCloseRequest);
    struct close_call *c = call->data;
    struct problem_order order = {
        .command = COMMAND_APPLY_CLOSE,
        .report = given(r->report),
        .lessons = given(r->lessons),
    };
    enum status s = check_expected(call, c->move.before->version);
    if (s == STATUS_OK) {
        s = check_text(call, "report", r->report, LIMIT_TEXT_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "lessons", r->lessons, LIMIT_TEXT_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = check_files(call, c, r);
    }
    return s == STATUS_OK ? move(call, c, &order, NULL) : s;
}

enum status
apply_close_effects(struct call *call, struct db_queue *q)
{
    struct close_call *c = call->data;
    enum status s = problem_move_write(call, q, &c->move);
    for (size_t i = 0; s == STATUS_OK && i < c->application->n_evidence; i++) {
        s = problem_queue_link(q, call->who->tenant, &c->move.next, c->application->evidence[i],
                               call->now_ms, call->event_id);
    }
    return s;
}

/* ---- ForwardClose ---- */

void
forward_close_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__ForwardCloseRequest)->ref;
    subject_add(set, "problem", ref == NULL ? "" : ref);
}

int
forward_close_load(struct call *call, struct db_queue *q)
{
    const Pb__ForwardCloseRequest *r = REQUEST(call, Pb__ForwardCloseRequest);
    return load(call, q, r->ref, r->inspection);
}

enum status
forward_close_decide(struct call *call)
{
    const Pb__ForwardCloseRequest *r = REQUEST(call, Pb__ForwardCloseRequest);
    struct close_call *c = call->data;
    struct problem_order order = {
        .command = COMMAND_FORWARD,
        .group_opinion = given(r->group_opinion),
    };
    enum status s = check_expected(call, c->move.before->version);
    if (s == STATUS_OK) {
        s = check_text(call, "group_opinion", r->group_opinion, OPINION_BYTES, false);
    }
    return s == STATUS_OK ? move(call, c, &order, NULL) : s;
}

/* ---- WithdrawClose, ReturnClose ---- */

void
decide_close_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__DecideProblemRequest)->ref;
    subject_add(set, "problem", ref == NULL ? "" : ref);
}

int
decide_close_load(struct call *call, struct db_queue *q)
{
    const Pb__DecideProblemRequest *r = REQUEST(call, Pb__DecideProblemRequest);
    return load(call, q, r->ref, r->inspection);
}

static enum status
decide_close(struct call *call, const char *command)
{
    const Pb__DecideProblemRequest *r = REQUEST(call, Pb__DecideProblemRequest);
    struct close_call *c = call->data;
    struct problem_order order = {.command = command, .reason_given = true};
    const char *reason = NULL;
    enum status s = check_expected(call, c->move.before->version);
    if (s == STATUS_OK) {
        s = check_reason(call, r->reason_code, r->reason, true, &reason);
    }
    return s == STATUS_OK ? move(call, c, &order, reason) : s;
}

enum status
withdraw_close_decide(struct call *call)
{
    return decide_close(call, COMMAND_WITHDRAW);
}

enum status
return_close_decide(struct call *call)
{
    return decide_close(call, COMMAND_RETURN);
}

/* ---- ReopenProblem ---- */

void
reopen_problem_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__ReopenProblemRequest)->ref;
    subject_add(set, "problem", ref == NULL ? "" : ref);
}

int
reopen_problem_load(struct call *call, struct db_queue *q)
{
    const Pb__ReopenProblemRequest *r = REQUEST(call, Pb__ReopenProblemRequest);
    return load(call, q, r->ref, r->inspection);
}

enum status
reopen_problem_decide(struct call *call)
{
    const Pb__ReopenProblemRequest *r = REQUEST(call, Pb__ReopenProblemRequest);
    struct close_call *c = call->data;
    struct problem_order order = {.command = COMMAND_REOPEN, .reason_given = true};
    const char *reason = NULL;
    enum status s = check_expected(call, c->move.before->version);
    if (s == STATUS_OK) {
        s = check_ground(call, r->has_ground, (int)r->ground, r->reason, &reason,
                         &order.ground_given);
    }
    return s == STATUS_OK ? move(call, c, &order, reason) : s;
}

enum status
move_close_effects(struct call *call, struct db_queue *q)
{
    struct close_call *c = call->data;
    return problem_move_write(call, q, &c->move);
}
