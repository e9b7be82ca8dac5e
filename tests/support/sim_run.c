/* Runs of the simulation, and what must hold after every step. */
#include "tests/support/sim.h"

#include "server/base/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_ARENA_BYTES = 8 << 20, MESSAGE_MIN_BYTES = 15, LEVEL_OVERDUE = 4 };

/* ---- what must hold ---- */

static bool
finished(const struct measure_record *m)
{
    return sim_is(m->state, STATE_DONE) || sim_is(m->state, STATE_SUSTAINING);
}

static void
check_milestone(struct sim_world *w, const struct measure_record *m, int k,
                const struct milestone_record *was)
{
    const struct milestone_record *ms = &m->milestones[k];
    if (ms->original_due != was->original_due) {
        sim_fail(w, "%s: original_due moved", m->ref);
    }
    if (ms->kept_overdue_days < was->kept_overdue_days) {
        sim_fail(w, "%s: kept overdue days were forgotten", m->ref);
    }
    bool same = ms->current_due == was->current_due && ms->claimed_day == was->claimed_day &&
                ms->reached_day == was->reached_day;
    if (ms->version != was->version && ms->version != was->version + 1) {
        sim_fail(w, "%s: a milestone's version went from %lld to %lld", m->ref,
                 (long long)was->version, (long long)ms->version);
    }
    if (!same && ms->version == was->version) {
        sim_fail(w, "%s: a milestone changed without a version", m->ref);
    }
}

static void
check_measure(struct sim_world *w, const struct measure_record *m, const struct measure_record *was,
              const struct sim_verdict *v)
{
    if (m->version != was->version && (m->version != was->version + 1 || v->status != STATUS_OK)) {
        sim_fail(w, "%s: version went from %lld to %lld", m->ref, (long long)was->version,
                 (long long)m->version);
    }
    if (!sim_is(m->state, was->state) && m->version == was->version) {
        sim_fail(w, "%s: went from %s to %s without a version", m->ref, was->state, m->state);
    }
    if (!workflow_state_known(workflow_machine(WORKFLOW_MEASURE), m->state)) {
        sim_fail(w, "%s: state %s", m->ref, m->state);
    }
    if (m->round < was->round || m->round > was->round + 1) {
        sim_fail(w, "%s: round went from %d to %d", m->ref, was->round, m->round);
    }
    if (m->percent < -1 || m->percent > 100) {
        sim_fail(w, "%s: %d%%", m->ref, m->percent);
    }
    for (int k = 0; k < MILESTONE_COUNT; k++) {
        check_milestone(w, m, k, &was->milestones[k]);
    }
    bool done = m->milestones[MILESTONE_COMPLETE].reached_day != NO_DATE;
    if (done != finished(m)) {
        sim_fail(w, "%s: %s, and COMPLETE is %sreached", m->ref, m->state, done ? "" : "not ");
    }
}

/* The ladder speaks of 超期 exactly where due_status says so, and never of what is closed. */
static void
check_alerts(struct sim_world *w, const struct measure_record *m)
{
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    for (int k = 0; k < MILESTONE_COUNT; k++) {
        if (!measure_has_milestone(m, k)) {
            continue;
        }
        struct due_milestone days = measure_due(&m->milestones[k]);
        const struct ladder_input input = {
            .subject = k == MILESTONE_EFFECT ? LADDER_EFFECT : LADDER_COMPLETE,
            .class_ = (enum measure_class)m->class_,
            .due = due_status(w->today, &w->calendar, &days),
            .round = 1,
        };
        struct ladder_result level = ladder_level(rules, n, &input);
        bool overdue = input.due.current.state == DUE_OVERDUE;
        if ((level.level >= LEVEL_OVERDUE) != overdue || (input.due.closed && level.level != 0)) {
            sim_fail(w, "%s: level %d, and due_status says %s", m->ref, level.level,
                     due_state_name(input.due.current.state));
        }
        int light = milestone_light(&m->milestones[k], w->today);
        if ((light == PB__LIGHT__OVERDUE) != overdue) {
            sim_fail(w, "%s: light %d, and due_status says %s", m->ref, light,
                     due_state_name(input.due.current.state));
        }
    }
}

static void
check_problem(struct sim_world *w, int index, const struct problem_record *was)
{
    const struct problem_record *p = &w->problems[index];
    bool closed = sim_is(p->state, STATE_CLOSED);
    if (p->version != was->version && p->version != was->version + 1) {
        sim_fail(w, "%s: version went from %lld to %lld", p->ref, (long long)was->version,
                 (long long)p->version);
    }
    if (!sim_is(p->state, was->state) && p->version == was->version) {
        sim_fail(w, "%s: moved without a version", p->ref);
    }
    if (!workflow_state_known(workflow_machine(WORKFLOW_PROBLEM), p->state) ||
        p->round < was->round || p->round > was->round + 1) {
        sim_fail(w, "%s: state %s, round %d after %d", p->ref, p->state, p->round, was->round);
    }
    if (closed != (p->closed_day != NO_DATE && !sim_is(p->state, STATE_SUSTAINED))) {
        sim_fail(w, "%s: %s, and its closing day does not agree", p->ref, p->state);
    }
    for (int i = 0; (closed || sim_is(p->state, STATE_SUSTAINED)) && i < SIM_MEASURES; i++) {
        const struct measure_record *m = &w->measures[i];
        if (sim_is(m->problem_id, p->id) &&
            (!finished(m) || (closed && sim_is(m->state, STATE_SUSTAINING)))) {
            sim_fail(w, "%s is %s, and %s is %s", p->ref, p->state, m->ref, m->state);
        }
    }
}

/* A refusal has a code and a whole Chinese sentence, and changes nothing. */
static void
check_refusal(struct sim_world *w, const struct sim_before *before, const struct fault *fault,
              const struct sim_verdict *v)
{
    const char *message = fault->message;
    size_t n = strlen(message);
    size_t han = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)message[i];
        han += c >= 0xE4 && c <= 0xE9;
    }
    if (v->reason[0] == '\0' || v->reason[strspn(v->reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] != 0 ||
        n < MESSAGE_MIN_BYTES || han < 4 || strcmp(message + n - strlen("。"), "。") != 0) {
        sim_fail(w, "refused without a reason or a sentence: %d %s %s", (int)v->status, v->reason,
                 message);
    }
    if (fault->code != v->status) {
        sim_fail(w, "%s: answered %d, the fault says %d", v->reason, (int)v->status,
                 (int)fault->code);
    }
    for (int i = 0; i < SIM_MEASURES; i++) {
        if (w->measures[i].version != before->measures[i].version) {
            sim_fail(w, "%s changed %s", v->reason, w->measures[i].ref);
        }
    }
}

static const struct workflow_machine *
machine_of(const struct sim_command *c)
{
    return workflow_machine(c->verb <= SIM_REOPEN           ? WORKFLOW_MEASURE
                            : c->verb <= SIM_REOPEN_PROBLEM ? WORKFLOW_PROBLEM
                            : c->verb <= SIM_CANCEL_SITTING ? WORKFLOW_SITTING
                            : c->verb <= SIM_ACT_ON_MATTER  ? c->kind
                                                            : WORKFLOW_TABLE);
}

/* What a command took is in a state of its machine, one version on; an endorsement is none. */
static void
check_taken(struct sim_world *w, const struct sim_before *before, const struct sim_command *c,
            const struct sim_verdict *v)
{
    const struct workflow_machine *machine = machine_of(c);
    int64_t expected = before->version + (c->verb != SIM_ENDORSE);
    if (!workflow_state_known(machine, v->state)) {
        sim_fail(w, "no state of %s: %s", machine->code, v->state);
    }
    if (v->version != expected) {
        sim_fail(w, "%s: version %lld, not %lld", machine->code, (long long)v->version,
                 (long long)expected);
    }
}

void
sim_check(struct sim_world *w, const struct sim_before *before, const struct sim_command *c,
          const struct fault *fault, const struct sim_verdict *v)
{
    for (int i = 0; i < SIM_MEASURES; i++) {
        check_measure(w, &w->measures[i], &before->measures[i], v);
        if (c->verb == SIM_TICK || w->measures[i].version != before->measures[i].version) {
            check_alerts(w, &w->measures[i]);
        }
    }
    for (int i = 0; i < SIM_PROBLEMS; i++) {
        check_problem(w, i, &before->problems[i]);
    }
    if (v->status != STATUS_OK) {
        check_refusal(w, before, fault, v);
    } else if (c->verb != SIM_TICK) {
        check_taken(w, before, c, v);
    }
}

/* ---- runs ---- */

static void
fold(uint64_t *hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        *hash = (*hash ^ p[i]) * UINT64_C(0x100000001B3);
    }
}

void
sim_run_count(struct sim_run *run, const struct sim_command *c, const struct sim_verdict *v)
{
    const int32_t said[] = {(int32_t)c->verb, c->actor, c->behalf, c->thing, (int32_t)v->status};
    if (run->trace == 0) {
        run->trace = UINT64_C(0xCBF29CE484222325);
    }
    fold(&run->trace, said, sizeof said);
    fold(&run->trace, v->reason, strlen(v->reason));
    fold(&run->trace, v->state, strlen(v->state));
    fold(&run->trace, &v->version, sizeof v->version);
    (v->status == STATUS_OK ? run->accepted : run->refused)[c->verb]++;
    run->steps++;
}

/* How many problems came to be in a state by the last command. */
static uint64_t
came_to(const struct sim_world *w, const char *const *was, const char *state)
{
    uint64_t n = 0;
    for (int i = 0; i < SIM_PROBLEMS; i++) {
        n += !sim_is(was[i], state) && sim_is(w->problems[i].state, state);
    }
    return n;
}

void
sim_run(uint64_t seed, uint64_t steps, struct sim_run *ret)
{
    struct sim_world *w = malloc(sizeof *w);
    struct sim_random random = {seed};
    struct sim_run run = {.seed = seed, .failed_step = -1};
    if (w == NULL) {
        abort();
    }
    for (uint64_t i = 0; i < steps && run.failed_step < 0; i++) {
        struct arena a;
        struct sim_command command;
        struct sim_request request;
        struct sim_verdict verdict;
        if (i % SIM_HISTORY_STEPS == 0) {
            sim_world_init(w);
            run.histories++;
        }
        arena_init(&a, STEP_ARENA_BYTES);
        sim_generate(w, &random, &command);
        sim_request_make(w, &command, &a, &request);
        const char *const was[SIM_PROBLEMS] = {w->problems[0].state, w->problems[1].state,
                                               w->problems[2].state};
        sim_decide(w, &command, &request, &a, &verdict);
        sim_run_count(&run, &command, &verdict);
        run.closed += came_to(w, was, STATE_CLOSED);
        run.sustained += came_to(w, was, STATE_SUSTAINED);
        if (w->failure[0] != '\0') {
            run.failed_step = (int64_t)i;
            snprintf(run.failure, sizeof run.failure, "%s\n  after %s: %d %s", w->failure,
                     sim_command_print(&command, &a), (int)verdict.status, verdict.reason);
        }
        arena_release(&a);
    }
    free(w);
    *ret = run;
}

uint64_t
sim_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || text[0] == '\0' ? otherwise : strtoull(text, NULL, 10);
}
