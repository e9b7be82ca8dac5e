/* What a client would send for a command. */
#include "tests/support/sim.h"

#include "proto/ledger/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *method;
} verbs[SIM_VERBS] = {
    [SIM_TICK] = {"tick", NULL},
    [SIM_SIGN_FOR] = {"sign_for", "MeasureService/SignFor"},
    [SIM_CLAIM_EFFECT] = {"claim_effect", "MeasureService/ClaimEffect"},
    [SIM_CLAIM_COMPLETE] = {"claim_complete", "MeasureService/ClaimComplete"},
    [SIM_WITHDRAW] = {"withdraw", "MeasureService/WithdrawClaim"},
    [SIM_CONFIRM] = {"confirm", "MeasureService/ConfirmClaim"},
    [SIM_RETURN] = {"return", "MeasureService/ReturnClaim"},
    [SIM_OBJECT] = {"object", "MeasureService/Object"},
    [SIM_ENDORSE] = {"endorse", "MeasureService/Endorse"},
    [SIM_CHECK_OK] = {"check_ok", "MeasureService/CheckOk"},
    [SIM_FINISH] = {"finish", "MeasureService/FinishSustaining"},
    [SIM_FAIL_CHECK] = {"fail", "MeasureService/FailCheck"},
    [SIM_REOPEN] = {"reopen", "MeasureService/Reopen"},
    [SIM_APPLY_CLOSE] = {"apply_close", "ProblemService/ApplyClose"},
    [SIM_WITHDRAW_CLOSE] = {"withdraw_close", "ProblemService/WithdrawClose"},
    [SIM_FORWARD] = {"forward", "ProblemService/ForwardClose"},
    [SIM_RETURN_CLOSE] = {"return_close", "ProblemService/ReturnClose"},
    [SIM_REOPEN_PROBLEM] = {"reopen_problem", "ProblemService/ReopenProblem"},
    [SIM_CREATE_SITTING] = {"create_sitting", "SittingService/CreateSitting"},
    [SIM_OPEN_SITTING] = {"open_sitting", "SittingService/OpenSitting"},
    [SIM_JUDGE] = {"judge", "SittingService/DecideSitting"},
    [SIM_CONCLUDE] = {"conclude", "SittingService/ConcludeSitting"},
    [SIM_CANCEL_SITTING] = {"cancel_sitting", "SittingService/CancelSitting"},
    [SIM_OPEN_MATTER] = {"open_matter", "MatterService/OpenMatter"},
    [SIM_ACT_ON_MATTER] = {"act_on_matter", "MatterService/ActOnMatter"},
    [SIM_SUBMIT_TABLE] = {"submit_table", "TableService/SubmitTable"},
    [SIM_CONFIRM_TABLE] = {"confirm_table", "TableService/ConfirmTable"},
    [SIM_DECIDE_TABLE] = {"decide_table", "TableService/DecideTable"},
    [SIM_WITHDRAW_TABLE] = {"withdraw_table", "TableService/WithdrawTable"},
    [SIM_NIL] = {"nil", "TableService/ReportNil"},
    [SIM_RETURN_NIL] = {"return_nil", "TableService/ReturnNil"},
    [SIM_WAIVE] = {"waive", "TableService/WaiveTable"},
    [SIM_LOCK] = {"lock", "TableService/LockTable"},
    [SIM_CORRECT] = {"correct", "TableService/CorrectTable"},
};

const char *
sim_verb_name(enum sim_verb verb)
{
    return verbs[verb].name;
}

const char *
sim_command_print(const struct sim_command *c, struct arena *a)
{
    return arena_printf(
        a, "%s %s%s%s thing %d%s%s expected %lld%s%s number %d rows %zu problems %zu",
        sim_people[c->actor].name, verbs[c->verb].name, c->behalf < 0 ? "" : " for ",
        c->behalf < 0 ? "" : sim_orgs[c->behalf].code, c->thing, c->name == NULL ? "" : " ",
        c->name == NULL ? "" : c->name, (long long)c->expected, c->reasoned ? " reasoned" : "",
        c->given ? " given" : "", c->number, c->row_count, c->problem_count);
}

/* ---- making messages ---- */

static void *
make(struct arena *a, const ProtobufCMessageDescriptor *d)
{
    ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);
    if (m == NULL) {
        abort();
    }
    protobuf_c_message_init(d, m);
    return m;
}
#define MAKE(type) make(a, &pb__##type##__descriptor)

static void *
list_of(struct arena *a, size_t n)
{
    void *list = arena_array(a, n, sizeof(void *));
    if (list == NULL) {
        abort();
    }
    return list;
}

/* protobuf-c's messages hold char *, and never write through it. */
static char *
wire(const char *text)
{
    return (char *)(uintptr_t)text;
}

static const char REASON[] = "样例：情况说明";

static const ProtobufCMessage *
sign_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    Pb__SignForRequest *r = MAKE(sign_for_request);
    r->measures = list_of(a, 1);
    r->n_measures = 1;
    r->measures[0] = MAKE(measure_version);
    r->measures[0]->ref = wire(w->measures[c->thing].ref);
    r->measures[0]->has_expected_version = c->expected != 0;
    r->measures[0]->expected_version = c->expected;
    return &r->base;
}

static const ProtobufCMessage *
claim_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    Pb__ClaimRequest *r = MAKE(claim_request);
    r->ref = wire(w->measures[c->thing].ref);
    r->evidence = list_of(a, 1);
    if (c->file >= 0) {
        r->evidence[0] = wire(w->file_ids[c->file]);
        r->n_evidence = 1;
    }
    return &r->base;
}

static const ProtobufCMessage *
decide_claim_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    Pb__DecideClaimRequest *r = MAKE(decide_claim_request);
    bool confirms = c->verb == SIM_CONFIRM;
    r->ref = wire(w->measures[c->thing].ref);
    r->next_check_on = confirms ? day_in(a, c->day) : NULL;
    r->reason_code = !confirms && c->reasoned ? wire("OTHER") : NULL;
    r->reason = !confirms && c->reasoned ? wire(REASON) : NULL;
    return &r->base;
}

static const ProtobufCMessage *
reopen_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    Pb__ReopenRequest *r = MAKE(reopen_request);
    r->ref = wire(w->measures[c->thing].ref);
    r->has_ground = c->given;
    r->ground = (Pb__ReopenGround)c->number;
    r->reason = c->reasoned ? wire(REASON) : NULL;
    r->effect_due = day_in(a, c->day);
    r->complete_due = day_in(a, c->day2);
    return &r->base;
}

static const ProtobufCMessage *
measure_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    char *ref = wire(w->measures[c->thing].ref);
    if (c->verb == SIM_OBJECT) {
        Pb__ObjectRequest *r = MAKE(object_request);
        r->ref = ref;
        r->reason = c->reasoned ? wire(REASON) : NULL;
        return &r->base;
    }
    if (c->verb == SIM_ENDORSE) {
        Pb__EndorseRequest *r = MAKE(endorse_request);
        r->ref = ref;
        return &r->base;
    }
    if (c->verb == SIM_CHECK_OK || c->verb == SIM_FINISH) {
        Pb__CheckRequest *r = MAKE(check_request);
        r->ref = ref;
        r->next_check_on = c->verb == SIM_CHECK_OK ? day_in(a, c->day) : NULL;
        return &r->base;
    }
    return c->verb == SIM_SIGN_FOR         ? sign_request(w, c, a)
           : c->verb <= SIM_CLAIM_COMPLETE ? claim_request(w, c, a)
           : c->verb <= SIM_RETURN         ? decide_claim_request(w, c, a)
                                           : reopen_request(w, c, a);
}

static const ProtobufCMessage *
problem_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    char *ref = wire(w->problems[c->thing].ref);
    if (c->verb == SIM_APPLY_CLOSE) {
        Pb__ApplyCloseRequest *r = MAKE(apply_close_request);
        r->ref = ref;
        r->report = c->given ? wire("样例：各项措施均已落实") : NULL;
        r->lessons = c->given ? wire("样例：同类情况一并整改") : NULL;
        return &r->base;
    }
    if (c->verb == SIM_FORWARD) {
        Pb__ForwardCloseRequest *r = MAKE(forward_close_request);
        r->ref = ref;
        r->group_opinion = c->given ? wire("样例：同意提交会审") : NULL;
        return &r->base;
    }
    if (c->verb == SIM_REOPEN_PROBLEM) {
        Pb__ReopenProblemRequest *r = MAKE(reopen_problem_request);
        r->ref = ref;
        r->has_ground = c->given;
        r->ground = (Pb__ReopenGround)c->number;
        r->reason = c->reasoned ? wire(REASON) : NULL;
        return &r->base;
    }
    Pb__DecideProblemRequest *r = MAKE(decide_problem_request);
    r->ref = ref;
    r->reason_code = c->reasoned ? wire("OTHER") : NULL;
    r->reason = c->reasoned ? wire(REASON) : NULL;
    return &r->base;
}

/* ---- sittings ---- */

static Pb__SittingVerdict *
opinion(const struct sim_world *w, const struct sim_command *c, int problem, struct arena *a)
{
    unsigned char sha256[APPROVAL_HASH_BYTES];
    Pb__SittingVerdict *v = MAKE(sitting_verdict);
    bool agrees = (c->number == 0) != c->urgent;
    sim_closing_sha256(w, problem, a, sha256);
    v->problem_ref = wire(w->problems[problem].ref);
    v->record = c->fresh ? secret_hex_encode(a, sha256, sizeof sha256) : wire("00");
    v->has_verdict = 1;
    v->verdict = agrees ? PB__VERDICT__ACCEPTED : PB__VERDICT__RETURNED;
    v->criteria = list_of(a, CRITERIA_COUNT);
    v->n_criteria = CRITERIA_COUNT;
    for (int i = 0; i < CRITERIA_COUNT; i++) {
        v->criteria[i] = MAKE(criterion_opinion);
        v->criteria[i]->has_no = v->criteria[i]->has_met = 1;
        v->criteria[i]->no = i + 1;
        v->criteria[i]->met = i + 1 != c->number;
        v->criteria[i]->reason = wire(REASON);
    }
    return v;
}

static const ProtobufCMessage *
create_sitting_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    Pb__CreateSittingRequest *r = MAKE(create_sitting_request);
    r->title = wire("样例会审");
    r->day = day_in(a, w->today);
    r->problems = list_of(a, c->problem_count);
    for (size_t i = 0; i < c->problem_count; i++) {
        r->problems[r->n_problems++] = wire(w->problems[c->problems[i]].ref);
    }
    return &r->base;
}

static const ProtobufCMessage *
sitting_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    if (c->verb == SIM_CREATE_SITTING) {
        return create_sitting_request(w, c, a);
    }
    char *ref = wire(w->sittings[c->thing].ref);
    if (c->verb == SIM_OPEN_SITTING) {
        Pb__GetSittingRequest *r = MAKE(get_sitting_request);
        r->ref = ref;
        return &r->base;
    }
    if (c->verb == SIM_CONCLUDE) {
        Pb__ConcludeSittingRequest *r = MAKE(conclude_sitting_request);
        r->ref = ref;
        r->has_leave_undecided = 1;
        r->leave_undecided = c->urgent || c->number != 0;
        return &r->base;
    }
    if (c->verb == SIM_CANCEL_SITTING) {
        Pb__CancelSittingRequest *r = MAKE(cancel_sitting_request);
        r->ref = ref;
        r->reason = c->reasoned ? wire(REASON) : NULL;
        return &r->base;
    }
    Pb__DecideSittingRequest *r = MAKE(decide_sitting_request);
    r->ref = ref;
    r->rows = list_of(a, c->problem_count);
    for (size_t i = 0; i < c->problem_count; i++) {
        r->rows[r->n_rows++] = opinion(w, c, c->problems[i], a);
    }
    return &r->base;
}

/* ---- matters ---- */

static const struct matter_command *
matter_command_of(const struct sim_command *c)
{
    const struct matter_command *row = matter_kind_of(c->kind)->commands;
    while (!sim_is(row->name, c->name)) {
        row++;
    }
    return row;
}

/* What the command takes, and small faults. */
static Pb__MatterInput *
matter_input(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    const struct matter_command *row = matter_command_of(c);
    uint64_t takes = row->needs | row->may;
    Pb__MatterInput *in = MAKE(matter_input);
    if ((takes & FIELD(F_REASON)) != 0 && c->reasoned) {
        in->reason_code = wire("OTHER");
        in->reason = wire(REASON);
    }
    in->text = (row->needs & FIELD(F_TEXT)) != 0 && c->given ? wire("样例：事项内容") : NULL;
    in->answer = (takes & FIELD(F_ANSWER)) != 0 && c->given ? wire("样例：办理情况") : NULL;
    if ((takes & FIELD(F_MEASURE)) != 0) {
        in->measure_ref = wire(w->measures[c->thing % SIM_MEASURES].ref);
    }
    in->has_milestone = (takes & FIELD(F_MILESTONE)) != 0;
    in->milestone = (Pb__MilestoneKind)c->number;
    in->has_level = (takes & FIELD(F_LEVEL)) != 0;
    in->level = c->number;
    in->has_urgent = (takes & FIELD(F_URGENT)) != 0 && c->urgent;
    in->urgent = 1;
    in->new_due = (takes & FIELD(F_NEW_DUE)) != 0 ? day_in(a, c->day) : NULL;
    in->scheduled_on = (takes & FIELD(F_SCHEDULED)) != 0 ? day_in(a, c->day) : NULL;
    in->has_working_days = (takes & FIELD(F_WORKING_DAYS)) != 0 && c->urgent;
    in->working_days = c->number * 4;
    in->has_task_no = (takes & FIELD(F_TASK_NO)) != 0;
    in->task_no = c->number;
    if ((takes & FIELD(F_TASKS)) != 0 && c->given) {
        in->tasks = list_of(a, SIM_TASKS);
        for (int i = 0; i < c->number && i < SIM_TASKS; i++) {
            Pb__MatterTask *task = MAKE(matter_task);
            task->unit = wire(sim_orgs[(c->thing + 4 * i) % SIM_ORGS].code);
            task->due = day_in(a, c->day);
            task->text = wire("样例：议定事项");
            in->tasks[in->n_tasks++] = task;
        }
    }
    return in;
}

static const ProtobufCMessage *
matter_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    if (c->verb == SIM_OPEN_MATTER) {
        Pb__OpenMatterRequest *r = MAKE(open_matter_request);
        r->kind = wire(workflow_machine(c->kind)->code);
        r->command = wire(c->name);
        r->input = matter_input(w, c, a);
        return &r->base;
    }
    Pb__ActOnMatterRequest *r = MAKE(act_on_matter_request);
    r->ref = wire(w->matters[c->thing].ref);
    r->command = wire(c->name);
    r->input = matter_input(w, c, a);
    return &r->base;
}

/* ---- tables ---- */

static Pb__TableRow *
table_row(const struct sim_world *w, const struct sim_row *row, struct arena *a)
{
    static const char *const texts[] = {"样例：制定方案", "样例：组织自查", "样例：完成整改",
                                        "样例：建立制度"};
    Pb__TableRow *r = MAKE(table_row);
    r->measure_ref = wire(w->measures[row->measure].ref);
    r->has_percent = r->has_claim = 1;
    r->percent = row->percent;
    r->narrative = row->text < 0 ? NULL : wire(texts[row->text]);
    r->lower_reason = row->lower ? wire(REASON) : NULL;
    r->claim = (Pb__Claim)row->claim;
    r->evidence = list_of(a, 1);
    if (row->file >= 0) {
        r->evidence[0] = wire(w->file_ids[row->file]);
        r->n_evidence = 1;
    }
    return r;
}

static Pb__RowDecision *
decision(const struct sim_world *w, const struct sim_row *row, struct arena *a)
{
    Pb__RowDecision *d = MAKE(row_decision);
    d->measure_ref = wire(w->measures[row->measure].ref);
    d->has_verdict = 1;
    d->verdict = (Pb__Verdict)row->verdict;
    d->has_claim = row->claim_verdict != 0;
    d->claim = (Pb__Verdict)row->claim_verdict;
    d->reason_code = row->reasoned ? wire("OTHER") : NULL;
    d->reason = row->reasoned ? wire(REASON) : NULL;
    d->next_check_on = day_in(a, row->day);
    return d;
}

static const ProtobufCMessage *
rows_request(const struct sim_world *w, const struct sim_command *c, char *id, struct arena *a)
{
    if (c->verb == SIM_SUBMIT_TABLE) {
        Pb__SubmitTableRequest *r = MAKE(submit_table_request);
        r->id = id;
        r->has_unchanged = r->unchanged = c->given;
        r->rows = list_of(a, c->row_count);
        for (size_t i = 0; i < c->row_count; i++) {
            r->rows[r->n_rows++] = table_row(w, &c->rows[i], a);
        }
        return &r->base;
    }
    if (c->verb == SIM_DECIDE_TABLE) {
        Pb__DecideTableRequest *r = MAKE(decide_table_request);
        r->id = id;
        r->decisions = list_of(a, c->row_count);
        for (size_t i = 0; i < c->row_count; i++) {
            r->decisions[r->n_decisions++] = decision(w, &c->rows[i], a);
        }
        return &r->base;
    }
    Pb__CorrectTableRequest *r = MAKE(correct_table_request);
    r->id = id;
    r->reason_code = c->reasoned ? wire("OTHER") : NULL;
    r->reason = c->reasoned ? wire(REASON) : NULL;
    r->measure_refs = list_of(a, c->row_count);
    for (size_t i = 0; i < c->row_count; i++) {
        r->measure_refs[r->n_measure_refs++] = wire(w->measures[c->rows[i].measure].ref);
    }
    return &r->base;
}

static const ProtobufCMessage *
table_request(const struct sim_world *w, const struct sim_command *c, struct arena *a)
{
    char *id = arena_strdup(a, w->tables[c->thing].id);
    if (c->verb == SIM_SUBMIT_TABLE || c->verb == SIM_DECIDE_TABLE || c->verb == SIM_CORRECT) {
        return rows_request(w, c, id, a);
    }
    if (c->verb == SIM_CONFIRM_TABLE) {
        Pb__ConfirmTableRequest *r = MAKE(confirm_table_request);
        r->id = id;
        return &r->base;
    }
    Pb__ChangeTableRequest *r = MAKE(change_table_request);
    r->id = id;
    r->reason_code = c->reasoned ? wire("OTHER") : NULL;
    r->reason = c->reasoned ? wire(REASON) : NULL;
    return &r->base;
}

void
sim_request_make(const struct sim_world *w, const struct sim_command *c, struct arena *a,
                 struct sim_request *ret)
{
    *ret = (struct sim_request){
        .method = verbs[c->verb].method,
        .behalf = c->behalf < 0 ? NULL : sim_orgs[c->behalf].code,
        .expected = c->expected,
    };
    if (c->verb == SIM_TICK) {
        return;
    }
    ret->message = c->verb <= SIM_REOPEN           ? measure_request(w, c, a)
                   : c->verb <= SIM_REOPEN_PROBLEM ? problem_request(w, c, a)
                   : c->verb <= SIM_CANCEL_SITTING ? sitting_request(w, c, a)
                   : c->verb <= SIM_ACT_ON_MATTER  ? matter_request(w, c, a)
                                                   : table_request(w, c, a);
}
