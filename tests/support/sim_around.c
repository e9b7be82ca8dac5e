/* Answering commands in memory: sittings (批量会审) and matters (会商, 延期, 督办单). */
#include "tests/support/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sittings ---- */

static bool
sees_row(const struct sim_turn *t, const struct sitting_row_record *row)
{
    const struct problem_record *p = &t->w->problems[sim_problem_index(t->w, row->problem_id)];
    return t->sees_all || sim_is(p->lead.id, t->actor.org_id) ||
           sim_is(p->sgroup.id, t->actor.org_id);
}

static bool
sees_sitting(const struct sim_turn *t, const struct sim_sitting *s)
{
    bool sees = t->sees_all;
    for (size_t i = 0; i < s->row_count; i++) {
        sees = sees || sees_row(t, &s->rows[i]);
    }
    return sees;
}

static enum status
create_sitting(struct sim_turn *t)
{
    struct sim_world *w = t->w;
    struct sim_sitting *s = &w->sittings[w->sitting_count];
    const struct sitting_record none = {.state = STATE_NONE};
    enum status status = STATUS_OK;
    if (t->c->problem_count == 0) {
        return fault_set_field(&t->fault, "problems", "COUNT_RANGE", "请写明列入哪些问题。");
    }
    memset(s, 0, sizeof *s);
    status = sitting_step(&none, COMMAND_CREATE, &t->actor, false, &s->s, &t->fault);
    for (size_t i = 0; status == STATUS_OK && i < t->c->problem_count; i++) {
        const struct problem_record *p = &w->problems[t->c->problems[i]];
        struct problem_measure_list measures = sim_problem_measures(w, t->c->problems[i], t->a);
        struct problem_counts counts = problem_count(&measures, p->id);
        status = sitting_accepts(p, &counts, &t->fault);
        sim_id_print(s->row_ids[i], SIM_ID_ROW, (w->sitting_count + 1) * 10 + i);
        s->rows[i] = (struct sitting_row_record){.id = s->row_ids[i],
                                                 .no = (int32_t)i + 1,
                                                 .problem_id = p->id,
                                                 .state = ROW_PENDING,
                                                 .version = 1};
    }
    if (status != STATUS_OK) {
        return status;
    }
    s->row_count = t->c->problem_count;
    snprintf(s->ref, sizeof s->ref, "XH-%02u", (unsigned)++w->sitting_count);
    s->s.ref = s->ref;
    for (size_t i = 0; i < s->row_count; i++) {
        w->problems[t->c->problems[i]].sitting = (struct org_name){s->row_ids[i], s->ref};
    }
    t->state = s->s.state;
    t->version = s->s.version;
    return STATUS_OK;
}

/* Rows without a decision leave the list. */
static size_t
end_rows(struct sim_turn *t, struct sim_sitting *s, const char *state, bool apply)
{
    size_t n = 0;
    for (size_t i = 0; i < s->row_count; i++) {
        if (sim_is(s->rows[i].state, ROW_PENDING)) {
            n++;
            if (apply) {
                int p = sim_problem_index(t->w, s->rows[i].problem_id);
                s->rows[i].state = state;
                s->rows[i].version++;
                t->w->problems[p].sitting = (struct org_name){NULL, NULL};
            }
        }
    }
    return n;
}

static enum status
end_sitting(struct sim_turn *t, struct sim_sitting *s)
{
    const bool cancels = t->c->verb == SIM_CANCEL_SITTING;
    struct sitting_record next;
    enum status status = cancels ? sim_reasoned(t, "TEXT_MISSING") : STATUS_OK;
    const char *command = cancels                      ? COMMAND_CANCEL
                          : t->c->verb == SIM_CONCLUDE ? COMMAND_CONCLUDE
                                                       : COMMAND_HOLD;
    if (status == STATUS_OK) {
        status = sim_expected(t, s->s.version);
    }
    if (status == STATUS_OK) {
        status = sitting_step(&s->s, command, &t->actor, cancels, &next, &t->fault);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (t->c->verb == SIM_CONCLUDE) {
        const Pb__ConcludeSittingRequest *r =
            (const Pb__ConcludeSittingRequest *)(const void *)t->r->message;
        if (end_rows(t, s, NULL, false) > 0 && !r->leave_undecided) {
            return fault_set(&t->fault, STATUS_FAILED_PRECONDITION, "ROWS_UNDECIDED",
                             "还有问题没有结论。");
        }
    }
    if (t->c->verb != SIM_OPEN_SITTING) {
        (void)end_rows(t, s, cancels ? ROW_VOID : ROW_UNDECIDED, true);
    }
    s->s = next;
    t->state = next.state;
    t->version = next.version;
    return STATUS_OK;
}

static struct sitting_row_record *
row_of(struct sim_turn *t, struct sim_sitting *s, int problem)
{
    for (size_t i = 0; i < s->row_count; i++) {
        if (sim_is(s->rows[i].problem_id, t->w->problems[problem].id) && sees_row(t, &s->rows[i])) {
            return &s->rows[i];
        }
    }
    return NULL;
}

static enum status
judge_row(struct sim_turn *t, struct sim_sitting *s, size_t i, struct sitting_outcome *ret)
{
    const Pb__DecideSittingRequest *r =
        (const Pb__DecideSittingRequest *)(const void *)t->r->message;
    const int problem = t->c->problems[i];
    const struct problem_record *p = &t->w->problems[problem];
    unsigned char *sha256 = arena_alloc(t->a, APPROVAL_HASH_BYTES);
    struct sitting_opinion_list opinions = {
        .items = arena_array(t->a, s->opinion_count, sizeof *opinions.items)};
    struct sitting_row_record probe = {.problem_id = p->id};
    if (sha256 == NULL || opinions.items == NULL) {
        abort();
    }
    if (!sees_row(t, &probe)) {
        return sim_unknown(t, "PROBLEM_UNKNOWN");
    }
    struct sitting_row_record *row = row_of(t, s, problem);
    if (row == NULL) {
        return fault_set_field(&t->fault, "problem_ref", "NOT_IN_SITTING",
                               "这个问题不在这次会审的清单里。");
    }
    for (; opinions.count < s->opinion_count; opinions.count++) {
        opinions.items[opinions.count] = s->opinions[opinions.count].o;
    }
    sim_closing_sha256(t->w, problem, t->a, sha256);
    struct problem_measure_list measures = sim_problem_measures(t->w, problem, t->a);
    const struct sitting_case one = {
        .sitting = &s->s,
        .row = row,
        .problem = p,
        .counts = problem_count(&measures, p->id),
        .sha256 = sha256,
        .opinions = &opinions,
        .actor = &t->actor,
        .approval_id = "approval",
        .today = t->w->today,
        .now_ms = t->w->now_ms,
    };
    return sitting_judge(&one, r->rows[i], t->a, ret, &t->fault);
}

static void
keep_opinion(struct sim_sitting *s, const struct sitting_opinion_record *o)
{
    struct sim_opinion *slot = &s->opinions[s->opinion_count];
    for (size_t i = 0; i < s->opinion_count; i++) {
        if (sim_is(s->opinions[i].o.row_id, o->row_id) && sim_is(s->opinions[i].o.body, o->body)) {
            slot = &s->opinions[i];
        }
    }
    s->opinion_count += slot == &s->opinions[s->opinion_count];
    slot->o = *o;
    memcpy(slot->sha256, o->sha256, sizeof slot->sha256);
    slot->o.sha256 = slot->sha256;
}

static enum status
judge(struct sim_turn *t, struct sim_sitting *s)
{
    struct sitting_outcome outcomes[SIM_PROBLEMS];
    struct sitting_record next;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < t->c->problem_count; i++) {
        status = judge_row(t, s, i, &outcomes[i]);
    }
    if (status == STATUS_OK) {
        status = sitting_step(&s->s, COMMAND_JUDGE, &t->actor, false, &next, &t->fault);
    }
    for (size_t i = 0; status == STATUS_OK && i < t->c->problem_count; i++) {
        const struct sitting_outcome *o = &outcomes[i];
        const int problem = t->c->problems[i];
        struct sitting_row_record *row = row_of(t, s, problem);
        keep_opinion(s, &o->opinion);
        if (o->decided) {
            const char *id = row->id;
            *row = o->row;
            row->id = id;
            row->reason = NULL; /* the request's and the step's memory */
            row->sha256 = NULL;
            t->w->problems[problem] = o->problem.next;
            t->w->problems[problem].sitting = (struct org_name){NULL, NULL};
        }
    }
    if (status == STATUS_OK) {
        s->s = next;
        t->state = next.state;
        t->version = next.version;
    }
    return status;
}

enum status
sim_sitting_command(struct sim_turn *t)
{
    if (t->c->verb == SIM_CREATE_SITTING) {
        return create_sitting(t);
    }
    struct sim_sitting *s = &t->w->sittings[t->c->thing];
    if (t->c->verb == SIM_JUDGE && t->c->problem_count == 0) {
        return fault_set_field(&t->fault, "rows", "COUNT_RANGE", "请写明对哪些问题提出意见。");
    }
    if (!sees_sitting(t, s)) {
        return t->c->verb == SIM_CANCEL_SITTING && !t->c->reasoned
                   ? sim_reasoned(t, "TEXT_MISSING")
                   : sim_unknown(t, "SITTING_UNKNOWN");
    }
    return t->c->verb == SIM_JUDGE ? judge(t, s) : end_sitting(t, s);
}

/* ---- matters ---- */

static bool
sees_matter(const struct sim_turn *t, const struct sim_matter *s)
{
    const struct matter_record *m = &s->m;
    const char *org = t->actor.org_id;
    bool hidden = sim_is(m->kind, "notice") &&
                  (sim_is(m->state, STATE_PROPOSED) || sim_is(m->state, "DISMISSED"));
    bool sees = t->sees_all || sim_is(m->holder.id, org) || sim_is(m->issuer.id, org) ||
                (!hidden && (sim_is(m->org.id, org) ||
                             sim_sees_measure(t, sim_measure_index(t->w, m->measure_id))));
    for (size_t i = 0; i < s->task_count; i++) {
        sees = sees || sim_is(s->tasks[i].org.id, org);
    }
    return sees;
}

/* Of the same kind and measure, oldest first; those the actor sees. */
static struct matter_list
related_of(const struct sim_turn *t, enum workflow_id kind, const char *measure_id)
{
    const struct sim_world *w = t->w;
    struct matter_list list = {.items = arena_array(t->a, w->matter_count, sizeof *list.items)};
    const char *code = workflow_machine(kind)->code;
    for (size_t i = 0; list.items != NULL && i < w->matter_count; i++) {
        const struct sim_matter *s = &w->matters[i];
        if (sim_is(s->m.kind, code) && sim_is(s->m.measure_id, measure_id) && sees_matter(t, s)) {
            list.items[list.count++] = s->m;
        }
    }
    return list;
}

static struct matter_case
case_of(const struct sim_turn *t, enum workflow_id kind, const struct matter_list *related)
{
    return (struct matter_case){
        .kind = kind,
        .orgs = &sim_org_list,
        .related = related,
        .calendar = &t->w->calendar,
        .concentrated_end = NO_DATE,
        .actor = t->actor,
        .today = t->w->today,
        .now_ms = t->w->now_ms,
    };
}

static void
keep_matter(struct sim_turn *t, struct sim_matter *s, const struct matter_outcome *o)
{
    s->m = o->next;
    s->m.id = s->id;
    s->m.ref = s->ref;
    s->task_count = o->task_count;
    for (size_t i = 0; i < o->task_count && i < SIM_TASKS; i++) {
        s->tasks[i] = o->tasks[i];
        s->tasks[i].owners = NULL; /* for writing alone */
        s->tasks[i].version += o->task_touched[i];
    }
    t->state = s->m.state;
    t->version = s->m.version;
}

enum status
sim_open_matter(struct sim_turn *t, enum workflow_id kind, const char *command,
                const Pb__MatterInput *in, int measure)
{
    struct sim_world *w = t->w;
    struct sim_matter *s = &w->matters[w->matter_count];
    const struct measure_record *m = &w->measures[measure];
    struct matter_list related = related_of(t, kind, m->id);
    struct matter_case c = case_of(t, kind, &related);
    struct matter_outcome outcome;
    memset(s, 0, sizeof *s);
    sim_id_print(s->id, SIM_ID_MATTER, w->matter_count + 1);
    snprintf(s->ref, sizeof s->ref, "%s-%04d", matter_kind_of(kind)->prefix,
             w->matter_last[kind] + 1);
    c.measure = m;
    c.concentrated_end = kind == WORKFLOW_EXTENSION ? w->concentrated_end : NO_DATE;
    c.place.unit = m->plead;
    if (kind != WORKFLOW_NOTICE) {
        c.place.unit = matter_own_body(&c);
    }
    const struct matter_order order = {
        .command = command,
        .input = in,
        .due = NO_DATE,
        .new_due = in->new_due == NULL ? NO_DATE : t->c->day,
        .scheduled_day = NO_DATE,
        .id = s->id,
        .ref = s->ref,
    };
    enum status status = matter_step(&c, &order, t->a, &outcome, &t->fault);
    if (status == STATUS_OK) {
        w->matter_count++;
        w->matter_last[kind]++;
        const char *state = t->state;
        int64_t version = t->version;
        keep_matter(t, s, &outcome);
        s->m.opened_by = NULL;
        if (t->c->verb != SIM_OPEN_MATTER) { /* the reply tells of the measure */
            t->state = state;
            t->version = version;
        }
    }
    return status;
}

static enum status
act_on_matter(struct sim_turn *t)
{
    struct sim_world *w = t->w;
    struct sim_matter *s = &w->matters[t->c->thing];
    if (!sees_matter(t, s)) {
        return sim_unknown(t, "MATTER_UNKNOWN");
    }
    const int i = sim_measure_index(w, s->m.measure_id);
    const struct matter_task_list tasks = {s->tasks, s->task_count, s->task_count};
    struct matter_list related = related_of(t, t->c->kind, s->m.measure_id);
    struct matter_case c = case_of(t, t->c->kind, &related);
    const Pb__ActOnMatterRequest *r = (const Pb__ActOnMatterRequest *)(const void *)t->r->message;
    struct matter_outcome outcome;
    const struct matter_order order = {
        .command = t->c->name,
        .input = r->input,
        .due = NO_DATE,
        .new_due = NO_DATE,
        .scheduled_day = r->input->scheduled_on == NULL ? NO_DATE : t->c->day,
    };
    c.matter = &s->m;
    c.tasks = &tasks;
    c.measure = sim_sees_measure(t, i) ? &w->measures[i] : NULL;
    enum status status = sim_expected(t, s->m.version);
    if (status == STATUS_OK) {
        status = matter_step(&c, &order, t->a, &outcome, &t->fault);
    }
    if (status == STATUS_OK) {
        if (outcome.measure_moves) {
            sim_put_measure(w, i, &outcome.measure.next, 0);
        }
        keep_matter(t, s, &outcome);
    }
    return status;
}

enum status
sim_matter_command(struct sim_turn *t)
{
    if (t->c->verb == SIM_ACT_ON_MATTER) {
        return act_on_matter(t);
    }
    const Pb__OpenMatterRequest *r = (const Pb__OpenMatterRequest *)(const void *)t->r->message;
    return sim_sees_measure(t, t->c->thing)
               ? sim_open_matter(t, t->c->kind, t->c->name, r->input, t->c->thing)
               : sim_unknown(t, "MEASURE_UNKNOWN");
}
