/* MeasureService: checks of sustained measures, and taking finished ones up again.
 *
 * The problem's row is locked first: what is below it cannot be closed meanwhile. */
#include "server/handler/measure.h"

#include "server/handler/common.h"
#include "server/handler/measure_write.h"
#include "server/handler/problem_write.h"
#include "server/handler/request_check.h"

#include <stdio.h>
#include <string.h>

enum { NOTE_BYTES = 1024 };

struct check_call {
    struct problem_list problems;
    struct measure_list found;
    const struct measure_record *before;
    struct measure_outcome outcome;
    struct problem_move move;
    bool problem_moves;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* The measure, and its problem as its reference names it ("P-07-M-03" → "P-07"); an id names none.
 */
static void
add_subjects(struct subject_set *set, const char *ref)
{
    char problem[CALL_SUBJECT_SIZE];
    const char *tail = ref == NULL ? NULL : strstr(ref, "-M-");
    subject_add(set, "measure", ref == NULL ? "" : ref);
    if (tail != NULL && (size_t)(tail - ref) < sizeof problem) {
        snprintf(problem, sizeof problem, "%.*s", (int)(tail - ref), ref);
        subject_add(set, "problem", problem);
    } else {
        subject_alone(set);
    }
}

/* Round 0 locks problem and measure; round 1 reads the problem's row of a sitting. */
static int
load(struct call *call, struct db_queue *q, const char *ref, const char *inspection)
{
    struct check_call *c = call->data;
    const char *asked = ref == NULL ? "" : ref;
    if (call->round == 0) {
        c = arena_alloc(call->arena, sizeof *c);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        call->data = c;
        const char *refs[] = {asked};
        struct text_list list = {refs, 1, 1};
        enum status s = problem_queue_lock_of_measure(q, call->who->tenant, asked,
                                                      given(inspection), &c->problems);
        if (s == STATUS_OK) {
            s = measure_queue_get(q, call->who->tenant, &list, given(inspection), true, call->arena,
                                  &c->found);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    enum status s = pick_measure(call, &c->found, ref, &c->before);
    if (s == STATUS_OK) {
        s = pick_problem(call, &c->problems, c->before->problem_id, &c->move.before);
    }
    return s == STATUS_OK ? (int)sitting_queue_pending(q, call->who->tenant, c->move.before->id,
                                                       &c->move.pending)
                          : (int)s;
}

static struct measure_order
order_of(const struct call *call, const struct check_call *c, const char *command)
{
    return (struct measure_order){
        .command = command,
        .next_check_day = NO_DATE,
        .effect_due = NO_DATE,
        .complete_due = NO_DATE,
        .evidence_count = c->before->evidence_count,
        .evidence_strong = c->before->evidence_strong,
        .today = call->today,
        .now_ms = call->now_ms,
    };
}

static enum status
step(struct call *call, struct check_call *c, const struct measure_order *order, const char *reason)
{
    struct actor actor = call_actor(call);
    enum status s = measure_step(c->before, &actor, order, &c->outcome, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    call->reason = reason;
    return measure_record_change(call, c->before, &c->outcome.next, order->command, reason);
}

/* ---- CheckOk, FinishSustaining ---- */

void
measure_check_subjects(const struct call *call, struct subject_set *set)
{
    add_subjects(set, REQUEST(call, Pb__CheckRequest)->ref);
}

int
measure_check_load(struct call *call, struct db_queue *q)
{
    const Pb__CheckRequest *r = REQUEST(call, Pb__CheckRequest);
    return load(call, q, r->ref, r->inspection);
}

static enum status
check_decide(struct call *call, const char *command)
{
    const Pb__CheckRequest *r = REQUEST(call, Pb__CheckRequest);
    struct check_call *c = call->data;
    struct measure_order order = order_of(call, c, command);
    c->problem_moves = false;
    enum status s = check_expected(call, c->before->version);
    if (s == STATUS_OK) {
        s = check_day(call, "next_check_on", r->next_check_on, &order.next_check_day);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "note", r->note, NOTE_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = step(call, c, &order, given(r->note));
    }
    return s == STATUS_OK ? measure_reply(call, &c->outcome.next) : s;
}

enum status
measure_check_ok_decide(struct call *call)
{
    return check_decide(call, COMMAND_CHECK_OK);
}

enum status
measure_finish_decide(struct call *call)
{
    return check_decide(call, COMMAND_FINISH);
}

/* ---- Reopen, FailCheck ---- */

void
measure_reopen_subjects(const struct call *call, struct subject_set *set)
{
    add_subjects(set, REQUEST(call, Pb__ReopenRequest)->ref);
}

int
measure_reopen_load(struct call *call, struct db_queue *q)
{
    const Pb__ReopenRequest *r = REQUEST(call, Pb__ReopenRequest);
    return load(call, q, r->ref, r->inspection);
}

/* A closing the caller has not seen is not undone. */
static enum status
check_problem_seen(struct call *call, const Pb__ReopenRequest *r, const struct problem_record *p)
{
    if (!r->has_problem_version || r->problem_version == p->version) {
        return STATUS_OK;
    }
    enum status s = fault_stale(&call->fault, r->problem_version, p->version);
    snprintf(call->fault.field, sizeof call->fault.field, "problem_version");
    return s;
}

static enum status
read_order(struct call *call, struct check_call *c, struct measure_order *order,
           const char **ret_reason)
{
    const Pb__ReopenRequest *r = REQUEST(call, Pb__ReopenRequest);
    bool fails = strcmp(order->command, COMMAND_FAIL) == 0;
    bool has_ground = r->has_ground && r->ground != PB__REOPEN_GROUND__REOPEN_GROUND_UNSPECIFIED;
    int ground = fails && !has_ground ? (int)PB__REOPEN_GROUND__RELAPSE : (int)r->ground;
    enum status s = check_expected(call, c->before->version);
    if (s == STATUS_OK) {
        s = check_problem_seen(call, r, c->move.before);
    }
    if (s == STATUS_OK) {
        s = check_ground(call, has_ground || fails, ground, r->reason, ret_reason,
                         &order->ground_given);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "effect_due", r->effect_due, &order->effect_due);
    }
    order->reason_given = true;
    return s == STATUS_OK ? check_day(call, "complete_due", r->complete_due, &order->complete_due)
                          : s;
}

static enum status
reopen_as(struct call *call, const char *command)
{
    struct check_call *c = call->data;
    struct measure_order order = order_of(call, c, command);
    const char *reason = NULL;
    enum status s = read_order(call, c, &order, &reason);
    if (s == STATUS_OK) {
        s = step(call, c, &order, reason);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->problem_moves = problem_reopened(c->move.before, &c->move.next);
    if (c->problem_moves) {
        s = problem_move_record(
            call, &c->move, COMMAND_REOPEN,
            arena_printf(call->arena, "措施 %s 重新整改：%s", c->before->ref, reason));
    }
    return s == STATUS_OK ? measure_reply(call, &c->outcome.next) : s;
}

enum status
measure_reopen_decide(struct call *call)
{
    return reopen_as(call, COMMAND_REOPEN);
}

enum status
measure_fail_decide(struct call *call)
{
    return reopen_as(call, COMMAND_FAIL);
}

/* The problem is written first: the database wants it open before a measure is. */
enum status
measure_check_effects(struct call *call, struct db_queue *q)
{
    struct check_call *c = call->data;
    enum status s = STATUS_OK;
    if (c->problem_moves) {
        s = problem_move_write(call, q, &c->move);
    }
    return s == STATUS_OK ? measure_write(call, q, c->before, &c->outcome) : s;
}
