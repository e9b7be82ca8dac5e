/* The generated walk through the real door: every state × command × seat of a machine, own things
 * and foreign ones, each sent as a signed call and compared with what the tables say.
 *
 * What must come is worked out here, from the edges of workflow.h, the door's policy row (who may
 * call at all, and for whom) and the rule of visibility; nothing is asked of the handlers. A
 * machine is a row (struct walk_machine): how a thing is placed in a state, how each command is
 * sent, which guards hold. A variant is the same thing in other circumstances, for what edges tell
 * apart by `when` and refuse by guards.
 *
 *   Order of refusals: policy row · not there for the caller · rules beside the table · state ·
 *   role · guards. A refusal changes nothing. AllowedCommands must say of each command what then
 *   happens.
 *
 * Things are placed as nobody may (no triggers), and put back after each call that went through:
 * walk_snapshot.h.
 */
#ifndef TESTS_SERVICE_WALK_H
#define TESTS_SERVICE_WALK_H

#include "tests/service/walk_snapshot.h"

#include "server/service/workflow.h"

enum { WALK_EDGES_MAX = 128, WALK_SHOWN_MAX = 40, WALK_REASONS_MAX = 64, WALK_REASON_SIZE = 48 };

/* What the door is to answer: OK and the edge, or a status and a reason. */
struct walk_answer {
    enum status status;
    const char *reason;
    const struct workflow_edge *edge;
};

/* Who stands how to the thing; numbers of orgs, 0: nobody. */
struct walk_thing {
    int plead, mlead, part, leader, sgroup; /* of its measure or problem */
    int org, holder, issuer, owner;         /* of a matter; owner: of its task */
};

struct walk;

struct walk_command {
    const char *command;
    const char *method; /* without the package; NULL: no call of its own */
    const Pb__CallReply *(*send)(const struct walk *w, const struct walk_seat *seat,
                                 const char *ref);
    bool makes;        /* it names no thing that is there: sent in STATE_NONE alone */
    const char *about; /* of one that makes: what is not there for whom the thing is foreign */
    unsigned input;    /* the machine's own: what send puts into the request */
};

struct walk_variant {
    const char *name;
    const char *const *states; /* NULL-terminated; NULL: every state */
    const char *sql;           /* after the thing is placed; may be NULL */
    void (*more)(struct walk *w);
    uint64_t holds;          /* guards that hold beside the machine's own */
    uint64_t fails;          /* guards that do not */
    struct walk_thing thing; /* all zero: the machine's */
};

struct walk_machine {
    enum workflow_id id;
    const char *unknown; /* reason of what is not there */
    const char *ref;
    const char *no_ref; /* of nothing */
    const char *look;   /* SQL: state and version of the thing, "STATE|7" */
    void (*place)(const struct walk *w, const char *state);
    const struct walk_variant *variants;
    size_t variant_count;
    const struct walk_command *commands;
    size_t command_count;
    const char *allowed_method; /* NULL: there is none */
    const Pb__CallReply *(*allowed)(const struct walk_seat *seat, const char *ref);
    uint64_t holds; /* guards */
    struct walk_thing thing;
    /* Each may be NULL: the rule that most machines have. */
    bool (*sees)(const struct walk *w, const struct walk_seat *seat);
    uint32_t (*roles)(const struct walk *w, const struct walk_seat *seat);
    bool (*guard)(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held);
    /* A rule beside the table that speaks first; false: none. */
    bool (*beside)(const struct walk *w, const struct walk_seat *seat, const char *command,
                   struct walk_answer *ret);
    /* And one that speaks last, where the table has nothing against it. */
    bool (*after)(const struct walk *w, const struct walk_seat *seat, const char *command,
                  struct walk_answer *ret);
};

/* Where each machine is walked. */
static const char *const walk_where[WORKFLOW_COUNT] = {
    [WORKFLOW_MEASURE] = "walk_measure",    [WORKFLOW_PROBLEM] = "walk_closing",
    [WORKFLOW_TABLE] = "walk_table",        [WORKFLOW_TABLE_ROW] = "walk_table",
    [WORKFLOW_PLAN_VERSION] = "walk_plan",  [WORKFLOW_CONSULTATION] = "walk_matter",
    [WORKFLOW_EXTENSION] = "walk_matter",   [WORKFLOW_NOTICE] = "walk_matter",
    [WORKFLOW_TALK] = "walk_matter",        [WORKFLOW_ROUND] = "walk_matter",
    [WORKFLOW_INSTRUCTION] = "walk_matter", [WORKFLOW_OPINION] = "walk_matter",
    [WORKFLOW_PUBLICATION] = "walk_notice", [WORKFLOW_GRANT] = "walk_people",
    [WORKFLOW_ACCOUNT] = "walk_people",     [WORKFLOW_SITTING] = "walk_closing",
    [WORKFLOW_OUTCOME] = "walk_notice",
};

struct walk_count {
    long tried, own, foreign, allowed, unlike;
    struct {
        char reason[WALK_REASON_SIZE];
        long times;
    } refused[WALK_REASONS_MAX];
};

struct walk {
    const struct walk_machine *machine;
    const struct workflow_machine *table;
    struct workflow_edge edges[WALK_EDGES_MAX]; /* the oracle's own copy */
    size_t edge_count;
    bool taken[WALK_EDGES_MAX];
    const struct walk_variant *variant;
    const char *state;
    const struct walk_command *command; /* being sent */
    char before[128];                   /* the thing, as `look` shows it */
    bool quiet;                         /* a control: mismatches are counted, not shown */
    struct walk_count count;
};

/* ---- the oracle ---- */

HELPER const struct handler *
walk_policy(const char *method)
{
    size_t count = 0;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            const char *name = tables[i].rows[k].method + strlen("rectify.v1.");
            if (strcmp(name, method) == 0) {
                return &tables[i].rows[k];
            }
        }
    }
    fail_msg("no method %s", method);
    return NULL;
}

HELPER const struct walk_thing *
walk_thing_of(const struct walk *w)
{
    static const struct walk_thing none;
    const struct walk_thing *own = &w->variant->thing;
    return memcmp(own, &none, sizeof none) == 0 ? &w->machine->thing : own;
}

/* Relative roles count towards one's own alone; standing for a unit has its relations only. */
HELPER uint32_t
walk_roles(const struct walk *w, const struct walk_seat *seat)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    uint32_t part = org == t->part ? ROLE_PART : 0;
    uint32_t mlead = (org == t->mlead ? ROLE_MLEAD : 0) | part;
    uint32_t plead = (org == t->plead ? ROLE_PLEAD : 0) | mlead;
    if (seat->behalf != 0) {
        return plead;
    }
    uint32_t roles = seat->roles & ~(uint32_t)ROLE_RELATIVE;
    roles |= (seat->roles & ROLE_PLEAD) != 0 ? plead : 0;
    roles |= (seat->roles & ROLE_MLEAD) != 0 ? mlead : 0;
    roles |= (seat->roles & ROLE_PART) != 0 ? part : 0;
    roles |= (seat->roles & ROLE_LEADER) != 0 && org == t->leader ? ROLE_LEADER : 0;
    roles |= (seat->roles & ROLE_SGROUP) != 0 && org == t->sgroup ? ROLE_SGROUP : 0;
    return roles;
}

/* Everybody's things for those who oversee, one's own for everybody else, whatever his seat. */
HELPER bool
walk_sees(const struct walk *w, const struct walk_seat *seat)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    return (seat->roles & ROLE_SEES_ALL) != 0 || org == t->plead || org == t->mlead ||
           org == t->part || org == t->leader || org == t->sgroup;
}

HELPER bool
walk_guard(const struct walk *w, const struct walk_seat *seat, enum guard guard)
{
    uint64_t holds = (w->machine->holds | w->variant->holds) & ~w->variant->fails;
    bool held = (holds & GUARD_BIT(guard)) != 0;
    return w->machine->guard == NULL ? held : w->machine->guard(w, seat, guard, held);
}

/* The first guard of a mask that does not hold: how things stand first, then what is asked. */
HELPER bool
walk_unmet(const struct walk *w, const struct walk_seat *seat, uint64_t mask, enum guard *ret)
{
    for (int input = 0; input <= 1; input++) {
        for (unsigned g = 0; g < GUARD_COUNT; g++) {
            if ((mask & GUARD_BIT(g)) != 0 && guard_is_input((enum guard)g) == (input == 1) &&
                !walk_guard(w, seat, (enum guard)g)) {
                *ret = (enum guard)g;
                return true;
            }
        }
    }
    return false;
}

/* Whether the state has the command at all. */
HELPER bool
walk_knows(const struct walk *w, const char *command)
{
    for (size_t i = 0; i < w->edge_count; i++) {
        if (strcmp(w->edges[i].from, w->state) == 0 && strcmp(w->edges[i].command, command) == 0) {
            return true;
        }
    }
    return false;
}

/* Whoever may never give a command hears that first, as at the door. */
HELPER struct walk_answer
walk_by_table(const struct walk *w, const struct walk_seat *seat, const char *command)
{
    const struct workflow_edge *edge = NULL;
    uint32_t roles = w->machine->roles != NULL ? w->machine->roles(w, seat) : walk_roles(w, seat);
    uint32_t ever = 0;
    enum guard unmet = GUARD_COUNT;
    bool chosen = false;
    for (size_t i = 0; i < w->edge_count; i++) {
        const struct workflow_edge *e = &w->edges[i];
        if (strcmp(e->command, command) != 0) {
            continue;
        }
        ever |= e->who;
        if (strcmp(e->from, w->state) == 0 && !chosen) {
            edge = e;
            chosen = !walk_unmet(w, seat, e->when, &unmet);
        }
    }
    if ((ever & roles) == 0) {
        return (struct walk_answer){STATUS_PERMISSION_DENIED, "ROLE_FORBIDS", NULL};
    }
    if (edge == NULL) {
        return (struct walk_answer){STATUS_FAILED_PRECONDITION, "STATE_FORBIDS", NULL};
    }
    if ((edge->who & roles) == 0) {
        return (struct walk_answer){STATUS_PERMISSION_DENIED, "ROLE_FORBIDS", NULL};
    }
    if (walk_unmet(w, seat, edge->when | edge->guard, &unmet)) {
        return (struct walk_answer){guard_is_input(unmet) ? STATUS_INVALID_ARGUMENT
                                                          : STATUS_FAILED_PRECONDITION,
                                    guard_code(unmet), NULL};
    }
    return (struct walk_answer){STATUS_OK, "", edge};
}

/* What AllowedCommands is to say of the command. */
HELPER struct walk_answer
walk_says(const struct walk *w, const struct walk_seat *seat, const char *command)
{
    struct walk_answer rule;
    if (w->machine->beside != NULL && w->machine->beside(w, seat, command, &rule)) {
        return rule;
    }
    struct walk_answer answer = walk_by_table(w, seat, command);
    if (answer.status == STATUS_OK && w->machine->after != NULL &&
        w->machine->after(w, seat, command, &rule)) {
        return rule;
    }
    return answer;
}

/* The door itself: the policy row. True when it lets the seat in. */
HELPER bool
walk_let_in(const struct walk_seat *seat, const char *method, struct walk_answer *ret)
{
    const struct handler *policy = walk_policy(method);
    uint64_t roles = seat->roles;
    if (seat->behalf != 0 && (policy->flags & HANDLER_BEHALF) == 0) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "BEHALF_FORBIDDEN", NULL};
        return false;
    }
    roles |= seat->behalf != 0 ? ROLE_UNIT | ROLE_PART : 0;
    if (policy->roles != 0 && (policy->roles & roles) == 0) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "ROLE_FORBIDS", NULL};
        return false;
    }
    return true;
}

HELPER struct walk_answer
walk_expects(const struct walk *w, const struct walk_seat *seat, const struct walk_command *command)
{
    struct walk_answer answer;
    bool there = strcmp(w->state, STATE_NONE) != 0;
    bool (*sees)(const struct walk *, const struct walk_seat *) =
        w->machine->sees == NULL ? walk_sees : w->machine->sees;
    if (!walk_let_in(seat, command->method, &answer)) {
        return answer;
    }
    if (!command->makes && (!there || !sees(w, seat))) {
        return (struct walk_answer){STATUS_NOT_FOUND, w->machine->unknown, NULL};
    }
    if (command->about != NULL && !walk_sees(w, seat)) {
        return (struct walk_answer){STATUS_NOT_FOUND, command->about, NULL};
    }
    return walk_says(w, seat, command->command);
}

/* ---- comparing ---- */

/* The thing as it stands: "STATE|version|events". */
HELPER void
walk_look(const struct walk *w, char *ret_text, size_t size)
{
    static bool prepared[WORKFLOW_COUNT];
    char name[32];
    snprintf(name, sizeof name, "walk_look_%d", (int)w->machine->id);
    if (!prepared[w->machine->id]) {
        snapshot_sqlf("PREPARE %s AS %s", name, w->machine->look);
        prepared[w->machine->id] = true;
    }
    PGresult *r = PQexecPrepared(snapshot_conn, name, 0, NULL, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    snprintf(ret_text, size, "%s", PQntuples(r) == 0 ? "" : PQgetvalue(r, 0, 0));
    PQclear(r);
}

HELPER void walk_unlike(struct walk *w, const struct walk_seat *seat, const char *command,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
HELPER void
walk_unlike(struct walk *w, const struct walk_seat *seat, const char *command, const char *format,
            ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!w->quiet && w->count.unlike < WALK_SHOWN_MAX) {
        print_error("%s [%s] %s × %s × %s: %s\n", w->table->code, w->variant->name, w->state,
                    command, seat->name, text);
    }
    w->count.unlike++;
}

HELPER void
walk_tally(struct walk *w, const struct walk_seat *seat, const Pb__Status *status)
{
    struct walk_count *n = &w->count;
    n->tried++;
    n->own += !seat->foreign;
    n->foreign += seat->foreign;
    if (status->code == STATUS_OK) {
        n->allowed++;
        return;
    }
    const char *reason = status->reason == NULL ? "" : status->reason;
    size_t i = 0;
    while (i < WALK_REASONS_MAX && n->refused[i].times > 0 &&
           strcmp(n->refused[i].reason, reason) != 0) {
        i++;
    }
    assert_in_range(i, 0, WALK_REASONS_MAX - 1);
    snprintf(n->refused[i].reason, sizeof n->refused[i].reason, "%s", reason);
    n->refused[i].times++;
}

/* A refusal tells in Chinese why, and leaves the thing and the log as they were. */
HELPER void
walk_check_refusal(struct walk *w, const struct walk_seat *seat, const char *command,
                   const Pb__Status *status)
{
    char now[128];
    if (status->message == NULL || strlen(status->message) < strlen("不能办理。")) {
        walk_unlike(w, seat, command, "no sentence");
    }
    walk_look(w, now, sizeof now);
    if (strcmp(now, w->before) != 0) {
        walk_unlike(w, seat, command, "refused, and yet %s became %s", w->before, now);
    }
}

HELPER void
walk_check_step(struct walk *w, const struct walk_seat *seat, const char *command,
                const struct workflow_edge *edge)
{
    char now[128];
    walk_look(w, now, sizeof now);
    size_t n = strcspn(now, "|");
    if (strlen(edge->to) != n || strncmp(now, edge->to, n) != 0) {
        walk_unlike(w, seat, command, "leads to %s, the table says %s", now, edge->to);
    }
    w->taken[edge - w->edges] = true;
}

HELPER const Pb__AllowedCommand *
walk_allowed_of(const Pb__AllowedCommandsReply *says, const char *command)
{
    for (size_t i = 0; i < says->n_commands; i++) {
        if (strcmp(says->commands[i]->command, command) == 0) {
            return says->commands[i];
        }
    }
    return NULL;
}

/* AllowedCommands beside the call's answer: what the request lacks is not held against it. What the
 * door itself refuses it need not know. */
HELPER void
walk_check_allowed(struct walk *w, const struct walk_seat *seat, const char *command,
                   const Pb__AllowedCommandsReply *says, const Pb__Status *status)
{
    const Pb__AllowedCommand *c = says == NULL ? NULL : walk_allowed_of(says, command);
    if (says == NULL) {
        return;
    }
    if (c == NULL) {
        walk_unlike(w, seat, command, "AllowedCommands does not name it");
        return;
    }
    const char *said = c->allowed ? "" : c->reason == NULL ? "?" : c->reason;
    bool input = status->code == STATUS_INVALID_ARGUMENT;
    const char *came = status->code == STATUS_OK || input ? "" : status->reason;
    if (strcmp(said, came) != 0) {
        walk_unlike(w, seat, command, "AllowedCommands says “%s”, the door “%s” (%s)", said, came,
                    status->message == NULL ? "" : status->message);
    }
}

/* The message without the thing's name in it. */
HELPER void
walk_nameless(const char *message, const char *ref, char *ret_text, size_t size)
{
    const char *at = message == NULL ? NULL : strstr(message, ref);
    if (at == NULL) {
        snprintf(ret_text, size, "%s", message == NULL ? "" : message);
    } else {
        snprintf(ret_text, size, "%.*s%s", (int)(at - message), message, at + strlen(ref));
    }
}

/* What is somebody else's answers as what is not there: word for word. */
HELPER void
walk_check_hidden(struct walk *w, const struct walk_seat *seat, const struct walk_command *command,
                  const Pb__Status *hidden)
{
    char foreign[512];
    char nothing[512];
    if (w->variant != w->machine->variants || strcmp(w->state, w->table->states[0].code) != 0) {
        return;
    }
    const Pb__Status *none = command->send(w, seat, w->machine->no_ref)->status;
    walk_nameless(hidden->message, w->machine->ref, foreign, sizeof foreign);
    walk_nameless(none->message, w->machine->no_ref, nothing, sizeof nothing);
    if (none->code != hidden->code || strcmp(foreign, nothing) != 0) {
        walk_unlike(w, seat, command->command, "of a foreign thing: %s; of nothing: %s", foreign,
                    nothing);
    }
}

HELPER void
walk_call(struct walk *w, const struct walk_seat *seat, const struct walk_command *command,
          const Pb__AllowedCommandsReply *says)
{
    bool there = strcmp(w->state, STATE_NONE) != 0;
    struct walk_answer want = walk_expects(w, seat, command);
    struct walk_answer ignored;
    w->command = command;
    slice_behalf = walk_behalf(seat);
    const Pb__CallReply *reply =
        command->send(w, seat, there ? w->machine->ref : w->machine->no_ref);
    const Pb__Status *status = reply->status;
    if (there && !command->makes && status->code == STATUS_NOT_FOUND) {
        walk_check_hidden(w, seat, command, status);
    }
    slice_behalf = NULL;
    const char *reason = status->reason == NULL ? "" : status->reason;
    walk_tally(w, seat, status);
    if (status->code != (int)want.status || strcmp(reason, want.reason) != 0) {
        walk_unlike(w, seat, command->command, "%d %s (%s), the table says %d %s", status->code,
                    reason, status->message == NULL ? "" : status->message, (int)want.status,
                    want.reason);
    } else if (want.status == STATUS_OK && !command->makes) {
        walk_check_step(w, seat, command->command, want.edge);
    } else if (want.status == STATUS_OK) {
        w->taken[want.edge - w->edges] = true;
    }
    if (status->code == STATUS_OK) {
        snapshot_note_changes();
        snapshot_restore();
    } else {
        walk_check_refusal(w, seat, command->command, status);
    }
    if (walk_let_in(seat, command->method, &ignored)) {
        walk_check_allowed(w, seat, command->command, says, status);
    }
}

/* What may be done, asked as that seat; NULL when it is not told. */
HELPER const Pb__AllowedCommandsReply *
walk_ask(struct walk *w, const struct walk_seat *seat)
{
    struct walk_answer want = {STATUS_OK, "", NULL};
    bool (*sees)(const struct walk *, const struct walk_seat *) =
        w->machine->sees == NULL ? walk_sees : w->machine->sees;
    if (w->machine->allowed == NULL || strcmp(w->state, STATE_NONE) == 0) {
        return NULL;
    }
    if (walk_let_in(seat, w->machine->allowed_method, &want) && !sees(w, seat)) {
        want = (struct walk_answer){STATUS_NOT_FOUND, w->machine->unknown, NULL};
    }
    slice_behalf = walk_behalf(seat);
    const Pb__CallReply *reply = w->machine->allowed(seat, w->machine->ref);
    slice_behalf = NULL;
    const Pb__Status *status = reply->status;
    const char *reason = status->reason == NULL ? "" : status->reason;
    if (status->code != (int)want.status || strcmp(reason, want.reason) != 0) {
        walk_unlike(w, seat, "AllowedCommands", "%d %s, the table says %d %s", status->code, reason,
                    (int)want.status, want.reason);
    }
    if (status->code != STATUS_OK) {
        return NULL;
    }
    const Pb__AllowedCommandsReply *says =
        slice_unpack(reply, &pb__allowed_commands_reply__descriptor);
    if (strcmp(says->state, w->state) != 0) {
        walk_unlike(w, seat, "AllowedCommands", "speaks of %s", says->state);
    }
    return says;
}

/* Of a command without a call of its own: what AllowedCommands says is what the table says. */
HELPER void
walk_compare_saying(struct walk *w, const struct walk_seat *seat, const char *command,
                    const Pb__AllowedCommandsReply *says)
{
    const Pb__AllowedCommand *c = says == NULL ? NULL : walk_allowed_of(says, command);
    struct walk_answer want = walk_says(w, seat, command);
    if (c == NULL) {
        return;
    }
    const char *said = c->allowed ? "" : c->reason == NULL ? "?" : c->reason;
    const char *due = want.status == STATUS_INVALID_ARGUMENT ? "" : want.reason;
    if (strcmp(said, due) != 0) {
        walk_unlike(w, seat, command, "AllowedCommands says “%s”, the table “%s”", said, due);
    }
}

/* ---- walking ---- */

/* A thing in a state, and everything that every seat may try on it. */
HELPER void
walk_state(struct walk *w, const char *state)
{
    const struct walk_machine *m = w->machine;
    bool there = strcmp(state, STATE_NONE) != 0;
    w->state = state;
    arena_release(&slice_arena);
    arena_init(&slice_arena, SLICE_ARENA_BYTES);
    snapshot_back_to_start();
    if (there) {
        m->place(w, state);
    }
    if (w->variant->sql != NULL) {
        snapshot_sql(w->variant->sql);
    }
    if (w->variant->more != NULL) {
        w->variant->more(w);
    }
    snapshot_take();
    walk_look(w, w->before, sizeof w->before);
    for (size_t i = 0; i < WALK_SEATS; i++) {
        const Pb__AllowedCommandsReply *says = walk_ask(w, &walk_seats[i]);
        for (size_t k = 0; k < m->command_count; k++) {
            if (m->commands[k].method == NULL) {
                walk_compare_saying(w, &walk_seats[i], m->commands[k].command, says);
            } else if (!there || !m->commands[k].makes) {
                walk_call(w, &walk_seats[i], &m->commands[k], says);
            }
        }
    }
    snapshot_expect_unchanged();
}

HELPER bool
walk_wants(const struct walk_variant *v, const char *state)
{
    for (size_t i = 0; v->states != NULL && v->states[i] != NULL; i++) {
        if (strcmp(v->states[i], state) == 0) {
            return true;
        }
    }
    return v->states == NULL;
}

HELPER void
walk_begin(struct walk *w, const struct walk_machine *machine)
{
    *w = (struct walk){.machine = machine, .table = workflow_machine(machine->id)};
    assert_true(w->table->edge_count <= WALK_EDGES_MAX);
    memcpy(w->edges, w->table->edges, w->table->edge_count * sizeof w->edges[0]);
    w->edge_count = w->table->edge_count;
}

HELPER void
walk_all(struct walk *w)
{
    for (size_t v = 0; v < w->machine->variant_count; v++) {
        w->variant = &w->machine->variants[v];
        if (walk_wants(w->variant, STATE_NONE)) {
            walk_state(w, STATE_NONE);
        }
        for (size_t s = 0; s < w->table->state_count; s++) {
            if (walk_wants(w->variant, w->table->states[s].code)) {
                walk_state(w, w->table->states[s].code);
            }
        }
    }
}

HELPER void
walk_print(const struct walk *w)
{
    const struct walk_count *n = &w->count;
    print_message(
        "%s: %zu states × %zu commands × %d seats in %zu circumstances: %ld calls (own %ld,"
        " foreign %ld), went through %ld",
        w->table->code, w->table->state_count + 1, w->machine->command_count, (int)WALK_SEATS,
        w->machine->variant_count, n->tried, n->own, n->foreign, n->allowed);
    for (size_t i = 0; i < WALK_REASONS_MAX && n->refused[i].times > 0; i++) {
        print_message(", %s %ld", n->refused[i].reason, n->refused[i].times);
    }
    print_message("\n");
}

/* ---- every edge was taken ---- */

/* An edge that this walk's own calls do not take: by whom it is driven, or why by nobody. */
struct walk_elsewhere {
    const char *from;
    const char *command;
    const char *why;
};

HELPER const struct walk_elsewhere *
walk_find_elsewhere(const struct walk_elsewhere *list, const struct workflow_edge *e)
{
    for (; list != NULL && list->from != NULL; list++) {
        bool from = strcmp(list->from, "*") == 0 || strcmp(list->from, e->from) == 0;
        if (from && strcmp(list->command, e->command) == 0) {
            return list;
        }
    }
    return NULL;
}

/* By a call of the walk, precisely this edge; where the command has no call of its own, by what an
 * event says of it. */
HELPER bool
walk_took(const struct walk *w, size_t i)
{
    const struct workflow_edge *e = &w->edges[i];
    for (size_t k = 0; k < w->machine->command_count; k++) {
        const struct walk_command *c = &w->machine->commands[k];
        if (strcmp(c->command, e->command) == 0 && c->method != NULL) {
            return w->taken[i];
        }
    }
    return snapshot_noted(w->table->code, e->from, e->command, e->to);
}

/* How many edges nobody took and no exception names. Exceptions are shown. */
HELPER int
walk_untaken(const struct walk *w, const struct walk_elsewhere *elsewhere)
{
    int missing = 0;
    size_t taken = 0;
    for (size_t i = 0; i < w->edge_count; i++) {
        const struct workflow_edge *e = &w->edges[i];
        const struct walk_elsewhere *other = walk_find_elsewhere(elsewhere, e);
        if (walk_took(w, i)) {
            taken++;
        } else if (other != NULL) {
            print_message("%s: %s × %s → %s: %s\n", w->table->code, e->from, e->command, e->to,
                          other->why);
        } else {
            char who[ROLE_NAMES_SIZE];
            print_error("%s: nobody took %s × %s → %s (%s)\n", w->table->code, e->from, e->command,
                        e->to, role_names(e->who, who, sizeof who));
            missing++;
        }
    }
    print_message("%s: took %zu of %zu edges\n", w->table->code, taken, w->edge_count);
    return missing;
}

/* The walk of one machine, as a test. */
HELPER void
walk_machine_test(const struct walk_machine *machine, const struct walk_elsewhere *elsewhere)
{
    static struct walk w;
    walk_begin(&w, machine);
    walk_all(&w);
    walk_print(&w);
    assert_int_equal(w.count.unlike, 0);
    assert_int_equal(walk_untaken(&w, elsewhere), 0);
}

/* The comparison can fail: an edge more, and an edge less, is found. */
HELPER void
walk_control_test(const struct walk_machine *machine, const char *state, const char *command)
{
    static struct walk w;
    for (int more = 0; more <= 1; more++) {
        walk_begin(&w, machine);
        w.variant = &machine->variants[0];
        w.quiet = true;
        size_t at = 0;
        while (at < w.edge_count && (strcmp(w.edges[at].from, state) != 0 ||
                                     strcmp(w.edges[at].command, command) != 0)) {
            at++;
        }
        assert_true(at < w.edge_count);
        if (more == 1) {
            w.edges[w.edge_count] = w.edges[at];
            w.edges[w.edge_count].who = UINT32_MAX;
            w.edges[w.edge_count++].from = w.table->states[w.table->state_count - 1].code;
            walk_state(&w, w.table->states[w.table->state_count - 1].code);
        } else {
            w.edges[at].from = "";
            walk_state(&w, state);
        }
        assert_true(w.count.unlike > 0);
    }
}

#endif
