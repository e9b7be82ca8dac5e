/* Commands: likely to make sense as the world stands, and with small faults. */
#include "tests/support/sim.h"

#include <stdio.h>
#include <string.h>

/* splitmix64 */
uint64_t
sim_random_next(struct sim_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

unsigned
sim_pick(struct sim_random *r, unsigned n)
{
    return (unsigned)((sim_random_next(r) >> 33) % n);
}

bool
sim_chance(struct sim_random *r, unsigned percent)
{
    return sim_pick(r, 100) < percent;
}

/* ---- who ---- */

/* Towards a measure, a problem, or neither. */
static uint32_t
roles_of(const struct sim_world *w, const struct sim_command *c, int person)
{
    const struct sim_person *p = &sim_people[person];
    const struct actor actor = {.org_id = sim_orgs[p->org].id, .roles = p->roles};
    if (c->verb >= SIM_SIGN_FOR && c->verb <= SIM_REOPEN) {
        return measure_roles(&w->measures[c->thing], &actor);
    }
    if (c->verb >= SIM_APPLY_CLOSE && c->verb <= SIM_REOPEN_PROBLEM) {
        return problem_roles(&w->problems[c->thing], &actor);
    }
    return p->roles;
}

/* Somebody of these roles, most of the time; else anybody. */
static int
actor_for(const struct sim_world *w, const struct sim_command *c, uint32_t who,
          struct sim_random *r)
{
    int person = (int)sim_pick(r, SIM_PEOPLE);
    for (int i = 0; who != 0 && i < 12 && sim_chance(r, 96); i++) {
        if ((roles_of(w, c, person) & who) != 0) {
            return person;
        }
        person = (int)sim_pick(r, SIM_PEOPLE);
    }
    return person;
}

/* Somebody of an org. */
static int
actor_in(const char *org_id, struct sim_random *r)
{
    int person = (int)sim_pick(r, SIM_PEOPLE);
    for (int i = 0; i < 40 && !sim_is(sim_orgs[sim_people[person].org].id, org_id); i++) {
        person = (int)sim_pick(r, SIM_PEOPLE);
    }
    return person;
}

/* The first of an org with a role, if there is one. */
static int
actor_with(uint32_t role, const char *org_id, struct sim_random *r)
{
    for (int i = 0; i < SIM_PEOPLE; i++) {
        if (sim_is(sim_orgs[sim_people[i].org].id, org_id) && (sim_people[i].roles & role) != 0) {
            return i;
        }
    }
    return actor_in(org_id, r);
}

/* ---- what is brought ---- */

static int64_t
stated_version(int64_t version, struct sim_random *r)
{
    unsigned n = sim_pick(r, 100);
    return n < 4 ? version + 1 : n < 50 ? version : 0;
}

static int32_t
some_day(const struct sim_world *w, struct sim_random *r)
{
    unsigned n = sim_pick(r, 100);
    return n < 6    ? NO_DATE
           : n < 12 ? w->today - (int32_t)sim_pick(r, 20)
                    : w->today + 1 + (int32_t)sim_pick(r, 60);
}

static int
some_file(int org, struct sim_random *r)
{
    static const char *const owners[] = {"unit01", "unit02", "unit03", "office"};
    for (int i = 0; i < 4; i++) {
        if (sim_is(sim_orgs[org].code, owners[i]) && sim_chance(r, 92)) {
            return i * SIM_FILES_EACH + (int)sim_pick(r, SIM_FILES_EACH);
        }
    }
    return sim_chance(r, 30) ? (int)sim_pick(r, SIM_FILES) : -1;
}

/* ---- measures and problems ---- */

/* Commands of the machines, by verb. */
static const char *const machine_commands[SIM_VERBS] = {
    [SIM_SIGN_FOR] = COMMAND_SIGN_FOR,
    [SIM_CLAIM_EFFECT] = COMMAND_CLAIM_EFFECT,
    [SIM_CLAIM_COMPLETE] = COMMAND_CLAIM_COMPLETE,
    [SIM_WITHDRAW] = COMMAND_WITHDRAW,
    [SIM_CONFIRM] = COMMAND_CONFIRM,
    [SIM_RETURN] = COMMAND_RETURN,
    [SIM_OBJECT] = COMMAND_OBJECT,
    [SIM_ENDORSE] = COMMAND_ENDORSE,
    [SIM_CHECK_OK] = COMMAND_CHECK_OK,
    [SIM_FINISH] = COMMAND_FINISH,
    [SIM_FAIL_CHECK] = COMMAND_FAIL,
    [SIM_REOPEN] = COMMAND_REOPEN,
    [SIM_APPLY_CLOSE] = COMMAND_APPLY_CLOSE,
    [SIM_WITHDRAW_CLOSE] = COMMAND_WITHDRAW,
    [SIM_FORWARD] = COMMAND_FORWARD,
    [SIM_RETURN_CLOSE] = COMMAND_RETURN,
    [SIM_REOPEN_PROBLEM] = COMMAND_REOPEN,
};

/* What undoes work is given seldom, or nothing is ever closed; and what ends 长期坚持, or nothing
 * is ever sustained. */
static bool
undoes(enum sim_verb verb)
{
    return verb == SIM_WITHDRAW || verb == SIM_RETURN || verb == SIM_OBJECT || verb == SIM_FINISH ||
           verb == SIM_FAIL_CHECK || verb == SIM_REOPEN || verb == SIM_WITHDRAW_CLOSE ||
           verb == SIM_RETURN_CLOSE || verb == SIM_REOPEN_PROBLEM;
}

/* A verb of first … last whose command the machine takes in this state, most of the time. */
static enum sim_verb
verb_for(const struct workflow_machine *machine, const char *state, enum sim_verb first,
         enum sim_verb last, struct sim_random *r)
{
    unsigned n = (unsigned)last - (unsigned)first + 1;
    bool undo = sim_chance(r, 4);
    enum sim_verb verb = first;
    for (int i = 0; i < 30; i++) {
        verb = (enum sim_verb)((unsigned)first + sim_pick(r, n));
        bool fits = workflow_find(machine, state, machine_commands[verb]) != NULL;
        if ((!fits && sim_chance(r, 3)) || (fits && undoes(verb) == undo)) {
            return verb;
        }
    }
    return undo ? verb : first;
}

static void
of_measure(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    c->thing = (int)sim_pick(r, SIM_MEASURES);
    for (int i = 0; i < 8 && sim_is(w->measures[c->thing].state, STATE_DONE); i++) {
        c->thing = (int)sim_pick(r, SIM_MEASURES);
    }
    const struct measure_record *m = &w->measures[c->thing];
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_MEASURE);
    c->verb = verb_for(machine, m->state, SIM_SIGN_FOR, SIM_REOPEN, r);
    if (c->verb == SIM_ENDORSE && !measure_needs_endorsement(m) && sim_chance(r, 90)) {
        c->verb = SIM_CONFIRM;
    }
    const struct workflow_edge *edge = workflow_find(machine, m->state, machine_commands[c->verb]);
    uint32_t who = edge == NULL ? 0 : edge->who;
    if (edge != NULL && (c->verb == SIM_CONFIRM || c->verb == SIM_RETURN)) {
        who = m->office_leads ? edge->who : ROLE_OFFICE;
        who |= c->verb == SIM_RETURN ? ROLE_PLEAD : 0;
    }
    c->actor = actor_for(w, c, who, r);
    c->expected = stated_version(m->version, r);
    c->file = some_file(sim_people[c->actor].org, r);
    if (sim_people[c->actor].roles == ROLE_OFFICE && (who & ROLE_UNIT) != 0) {
        c->behalf = (int)(sim_pick(r, 2) == 0 ? sim_pick(r, SIM_ORGS) : 4 + sim_pick(r, 2));
        c->file = some_file(c->behalf, r);
    }
    c->day = some_day(w, r);
    c->day2 =
        c->day == NO_DATE || sim_chance(r, 10) ? some_day(w, r) : c->day + (int32_t)sim_pick(r, 40);
    c->number = 1 + (int)sim_pick(r, 4);
}

static void
of_problem(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_PROBLEM);
    c->thing = (int)sim_pick(r, SIM_PROBLEMS);
    const struct problem_record *p = &w->problems[c->thing];
    c->verb = verb_for(machine, p->state, SIM_APPLY_CLOSE, SIM_REOPEN_PROBLEM, r);
    const struct workflow_edge *edge = workflow_find(machine, p->state, machine_commands[c->verb]);
    c->actor = actor_for(w, c, edge == NULL ? 0 : edge->who, r);
    c->expected = stated_version(p->version, r);
    c->number = 1 + (int)sim_pick(r, 4);
    if (sim_people[c->actor].roles == ROLE_OFFICE && c->verb <= SIM_WITHDRAW_CLOSE) {
        c->behalf = 4 + (int)sim_pick(r, 2);
    }
}

/* ---- sittings ---- */

static void
create_sitting(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    c->verb = SIM_CREATE_SITTING;
    c->actor = actor_for(w, c, ROLE_OFFICE, r);
    for (int i = 0; i < SIM_PROBLEMS; i++) {
        const struct problem_record *p = &w->problems[i];
        bool ready = (sim_is(p->state, STATE_JOINT_REVIEW) || sim_is(p->state, STATE_SUSTAINED)) &&
                     p->sitting.id == NULL;
        if (sim_chance(r, ready ? 80 : 8)) {
            c->problems[c->problem_count++] = i;
        }
    }
}

static void
of_sitting(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    static const enum sim_verb open_verbs[] = {SIM_JUDGE,    SIM_JUDGE,         SIM_JUDGE,
                                               SIM_JUDGE,    SIM_JUDGE,         SIM_JUDGE,
                                               SIM_CONCLUDE, SIM_CANCEL_SITTING};
    bool room = w->sitting_count < SIM_SITTINGS;
    if (w->sitting_count == 0 || (room && sim_chance(r, 12))) {
        create_sitting(w, r, c);
        return;
    }
    size_t newest = w->sitting_count - 1;
    c->thing = (int)(sim_chance(r, 85) ? newest : sim_pick(r, (unsigned)w->sitting_count));
    const struct sim_sitting *s = &w->sittings[c->thing];
    bool planned = sim_is(s->s.state, STATE_PLANNED);
    if (room && !planned && !sim_is(s->s.state, STATE_OPEN) && sim_chance(r, 80)) {
        create_sitting(w, r, c);
        return;
    }
    c->verb = planned && sim_chance(r, 90) ? SIM_OPEN_SITTING : open_verbs[sim_pick(r, 8)];
    if (c->verb == SIM_CANCEL_SITTING && sim_chance(r, 70)) {
        c->verb = SIM_JUDGE;
    }
    c->actor = actor_for(w, c, c->verb == SIM_JUDGE ? ROLE_VERIFY | ROLE_SGROUP : ROLE_OFFICE, r);
    c->expected = c->verb == SIM_JUDGE ? 0 : stated_version(s->s.version, r);
    c->fresh = sim_chance(r, 96);
    c->number = sim_chance(r, 7) ? 1 + (int)sim_pick(r, CRITERIA_COUNT) : 0;
    c->urgent = sim_chance(r, 3); /* the verdict contradicts the criteria */
    for (int i = 0; i < SIM_PROBLEMS && c->verb == SIM_JUDGE; i++) {
        const struct sitting_row_record *row = NULL;
        for (size_t k = 0; k < s->row_count; k++) {
            row = sim_is(s->rows[k].problem_id, w->problems[i].id) ? &s->rows[k] : row;
        }
        bool pending = row != NULL && sim_is(row->state, ROW_PENDING);
        if (sim_chance(r, pending ? 85 : 3)) {
            c->problems[c->problem_count++] = i;
        }
    }
}

/* ---- matters ---- */

static void
open_matter(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    static const enum workflow_id kinds[] = {WORKFLOW_EXTENSION, WORKFLOW_EXTENSION,
                                             WORKFLOW_CONSULTATION, WORKFLOW_NOTICE};
    c->verb = SIM_OPEN_MATTER;
    c->kind = kinds[sim_pick(r, 4)];
    c->thing = (int)sim_pick(r, SIM_MEASURES);
    const struct measure_record *m = &w->measures[c->thing];
    c->number = 1 + (int)sim_pick(r, c->kind == WORKFLOW_NOTICE ? 3 : 2);
    c->name = matter_kind_of(c->kind)->commands[0].name;
    c->actor =
        c->kind == WORKFLOW_NOTICE ? actor_for(w, c, ROLE_OFFICE, r) : actor_in(m->plead.id, r);
    if (c->kind == WORKFLOW_EXTENSION) {
        int k = c->number - 1;
        int32_t due = m->milestones[k].current_due;
        bool late = due != NO_DATE && due < w->today;
        c->name = late != sim_chance(r, 6) ? "submit_late" : "submit";
        c->day = due == NO_DATE || sim_chance(r, 10)
                     ? some_day(w, r)
                     : (late ? w->today : due) + 1 + (int32_t)sim_pick(r, 30);
    }
}

static int
matter_actor(const struct sim_world *w, const struct matter_record *m,
             const struct workflow_edge *edge, const struct sim_command *c, struct sim_random *r)
{
    if (edge != NULL && (edge->who & ROLE_UNIT) != 0 && sim_chance(r, 70)) {
        return actor_in(m->org.id, r);
    }
    if (m->holder.id != NULL && sim_chance(r, 70)) {
        return actor_in(m->holder.id, r);
    }
    return actor_for(w, c, edge == NULL ? 0 : edge->who, r);
}

static void
act_on_matter(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    c->verb = SIM_ACT_ON_MATTER;
    c->thing = (int)sim_pick(r, (unsigned)w->matter_count);
    for (int i = 0; i < 8; i++) {
        const struct matter_record *m = &w->matters[c->thing].m;
        if (workflow_state_open(workflow_machine_by_code(m->kind), m->state)) {
            break;
        }
        c->thing = (int)sim_pick(r, (unsigned)w->matter_count);
    }
    const struct matter_record *m = &w->matters[c->thing].m;
    const struct workflow_machine *machine = workflow_machine_by_code(m->kind);
    const struct matter_command *commands = matter_kind_of(machine->id)->commands;
    unsigned n = 0;
    while (commands[n].name != NULL) {
        n++;
    }
    c->kind = machine->id;
    for (int i = 0; i < 12; i++) {
        c->name = commands[sim_pick(r, n)].name;
        if (workflow_find(machine, m->state, c->name) != NULL || sim_chance(r, 4)) {
            break;
        }
    }
    c->actor = matter_actor(w, m, workflow_find(machine, m->state, c->name), c, r);
    c->expected = stated_version(m->version, r);
    c->day = some_day(w, r);
    c->number = 1 + (int)sim_pick(r, SIM_TASKS);
    c->urgent = sim_chance(r, 20);
}

static void
of_matter(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    bool room = w->matter_count + 1 < SIM_MATTERS;
    if (w->matter_count == 0 || (room && sim_chance(r, 25))) {
        open_matter(w, r, c);
    } else {
        act_on_matter(w, r, c);
    }
}

/* ---- tables ---- */

static void
fill_row(const struct sim_world *w, const struct sim_table *t, int measure, struct sim_random *r,
         struct sim_row *row)
{
    const struct measure_record *m = &w->measures[measure];
    int before = m->percent < 0 ? 0 : m->percent;
    *row = (struct sim_row){.measure = measure, .file = -1, .day = NO_DATE};
    row->percent = before + (int)sim_pick(r, 15);
    row->percent = row->percent > 100 ? 100 : row->percent;
    if (sim_chance(r, 5)) {
        row->percent = (int)sim_pick(r, 102);
        row->lower = sim_chance(r, 60);
    }
    row->text = sim_chance(r, 98) ? (int)sim_pick(r, 4) : -1;
    if (sim_chance(r, 18)) {
        bool first = sim_is(m->state, STATE_IN_PROGRESS) && m->class_ != (int)CLASS_IMMEDIATE;
        row->claim =
            first != sim_chance(r, 10) ? PB__CLAIM__CLAIM_EFFECT : PB__CLAIM__CLAIM_COMPLETE;
        int org = 0;
        while (!sim_is(sim_orgs[org].id, t->t.org_id)) {
            org++;
        }
        row->file = some_file(org, r);
    }
}

static void
submit_table(const struct sim_world *w, const struct sim_table *t, struct sim_random *r,
             struct sim_command *c)
{
    const struct table_row_list rows = {(struct table_row_record *)(uintptr_t)t->rows, t->row_count,
                                        t->row_count};
    const struct table_case tc = {.table = &t->t, .rows = &rows};
    c->given = sim_chance(r, 15); /* the rest is unchanged */
    for (int i = 0; i < SIM_MEASURES; i++) {
        const struct measure_record *m = &w->measures[i];
        bool owed = sim_is(m->plead.id, t->t.org_id) && table_row_owed(&tc, m);
        if (sim_chance(r, owed ? (c->given ? 30 : 98) : 1)) {
            fill_row(w, t, i, r, &c->rows[c->row_count++]);
        }
    }
}

static void
decide_table(const struct sim_table *t, const struct sim_world *w, struct sim_random *r,
             struct sim_command *c)
{
    for (size_t i = 0; i < t->row_count; i++) {
        const struct table_row_record *stored = &t->rows[i];
        struct sim_row *row = &c->rows[c->row_count];
        bool open = stored->verdict == PB__VERDICT__PENDING ||
                    stored->claim_verdict == PB__VERDICT__PENDING;
        if (!sim_chance(r, open ? 95 : 4)) {
            continue;
        }
        *row = (struct sim_row){.measure = sim_measure_index(w, stored->measure_id), .file = -1};
        row->verdict = sim_chance(r, 88) ? PB__VERDICT__ACCEPTED : PB__VERDICT__RETURNED;
        row->reasoned = row->verdict == PB__VERDICT__RETURNED && sim_chance(r, 95);
        row->day = some_day(w, r);
        if (stored->claim_verdict == PB__VERDICT__PENDING && sim_chance(r, 80)) {
            row->claim_verdict = row->verdict;
        }
        c->row_count++;
    }
}

static enum sim_verb
table_verb(const struct sim_table *t, struct sim_random *r)
{
    static const enum sim_verb unit[] = {SIM_SUBMIT_TABLE, SIM_SUBMIT_TABLE, SIM_SUBMIT_TABLE,
                                         SIM_SUBMIT_TABLE, SIM_SUBMIT_TABLE, SIM_NIL,
                                         SIM_WAIVE,        SIM_SUBMIT_TABLE};
    static const enum sim_verb office[] = {SIM_DECIDE_TABLE, SIM_DECIDE_TABLE, SIM_DECIDE_TABLE,
                                           SIM_WITHDRAW_TABLE};
    const char *state = t->t.state;
    if (sim_chance(r, 5)) {
        return (enum sim_verb)(SIM_SUBMIT_TABLE + sim_pick(r, SIM_CORRECT - SIM_SUBMIT_TABLE + 1));
    }
    return sim_is(state, STATE_CONFIRMING)
               ? (sim_chance(r, 85) ? SIM_CONFIRM_TABLE : SIM_WITHDRAW_TABLE)
           : sim_is(state, STATE_SUBMITTED) ? office[sim_pick(r, 4)]
           : sim_is(state, STATE_NIL)       ? SIM_RETURN_NIL
           : sim_is(state, STATE_ACCEPTED)  ? SIM_LOCK
           : sim_is(state, STATE_LOCKED)    ? SIM_CORRECT
                                            : unit[sim_pick(r, 8)];
}

static void
of_table(const struct sim_world *w, struct sim_random *r, struct sim_command *c)
{
    c->thing = (int)sim_pick(r, (unsigned)w->table_count);
    for (int i = 0; i < 10; i++) {
        const char *state = w->tables[c->thing].t.state;
        bool rest =
            sim_is(state, STATE_LOCKED) || sim_is(state, STATE_NIL) || sim_is(state, STATE_WAIVED);
        if (!rest || sim_chance(r, 4)) {
            break;
        }
        c->thing = (int)sim_pick(r, (unsigned)w->table_count);
    }
    const struct sim_table *t = &w->tables[c->thing];
    c->verb = table_verb(t, r);
    bool judged = c->verb == SIM_DECIDE_TABLE || c->verb == SIM_RETURN_NIL ||
                  c->verb == SIM_WAIVE || c->verb == SIM_LOCK;
    c->actor = !judged          ? actor_in(t->t.org_id, r)
               : t->t.of_office ? actor_for(w, c, ROLE_LGROUP, r)
                                : actor_for(w, c, ROLE_OFFICE, r);
    if (!judged && sim_chance(r, 10)) {
        c->actor = (int)sim_pick(r, 2); /* the office for the unit */
        c->behalf = sim_chance(r, 85) ? 4 + (int)sim_pick(r, 2) : -1;
    }
    bool confirms = c->verb == SIM_CONFIRM_TABLE;
    if ((confirms || c->verb == SIM_SUBMIT_TABLE) && sim_chance(r, 60)) {
        c->actor = actor_with(confirms ? ROLE_REVIEWER : ROLE_PLEAD, t->t.org_id, r);
    }
    c->expected = stated_version(t->t.version, r);
    if (c->verb == SIM_SUBMIT_TABLE) {
        submit_table(w, t, r, c);
    } else if (c->verb == SIM_DECIDE_TABLE) {
        decide_table(t, w, r, c);
    } else if (c->verb == SIM_CORRECT) {
        for (size_t i = 0; i < t->row_count && c->row_count < 2; i++) {
            c->rows[c->row_count++].measure = sim_measure_index(w, t->rows[i].measure_id);
        }
    }
}

/* ---- any ---- */

void
sim_generate(const struct sim_world *w, struct sim_random *r, struct sim_command *ret)
{
    struct sim_command c = {.behalf = -1, .file = -1, .day = NO_DATE, .day2 = NO_DATE};
    c.reasoned = sim_chance(r, 93);
    c.given = sim_chance(r, 93);
    unsigned n = sim_pick(r, 100);
    if (w->table_count == 0 || n < 9) {
        c.verb = SIM_TICK;
        c.thing = 1 + (int)sim_pick(r, 4);
    } else if (n < 44) {
        of_measure(w, r, &c);
    } else if (n < 60) {
        of_table(w, r, &c);
    } else if (n < 70) {
        of_problem(w, r, &c);
    } else if (n < 86) {
        of_sitting(w, r, &c);
        bool lists = c.verb == SIM_CREATE_SITTING || c.verb == SIM_JUDGE;
        if (lists && c.problem_count == 0 && sim_chance(r, 95)) {
            of_problem(w, r, &c);
        }
    } else {
        of_matter(w, r, &c);
    }
    if (c.verb == SIM_OBJECT && w->matter_count + 1 >= SIM_MATTERS) {
        c.verb = SIM_SIGN_FOR;
    }
    *ret = c;
}
