/* Answering a command in memory, in the order of the handlers: who may call, what he sees, the
 * version he saw, what the request lacks, the decision, its effects. Here: the frame, measures and
 * problems. */
#include "tests/support/sim.h"

#include "server/dispatch/turn.h"
#include "server/handler/all.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who may call ---- */

static const struct handler *
find_handler(const char *method)
{
    size_t n = 0;
    const struct handler_table *tables = handler_tables(&n);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            const char *name = tables[i].rows[k].method;
            if (strcmp(name + strlen("rectify.v1."), method) == 0) {
                return &tables[i].rows[k];
            }
        }
    }
    abort();
}

static const struct handler *
handler_of(enum sim_verb verb, const char *method)
{
    static const struct handler *found[SIM_VERBS];
    if (found[verb] == NULL) {
        found[verb] = find_handler(method);
    }
    return found[verb];
}

static enum status
admit(struct sim_turn *t)
{
    static char accounts[SIM_PEOPLE][SIM_ID_SIZE];
    static char seats[SIM_PEOPLE][SIM_ID_SIZE + 2];
    const struct sim_person *p = &sim_people[t->c->actor];
    const int behalf = t->c->behalf;
    const struct authz_question question = {
        .handler = handler_of(t->c->verb, t->r->method),
        .roles = p->roles,
        .has_seat = true,
        .on_behalf_of = t->r->behalf,
        .behalf_known = behalf >= 0,
        .behalf_is_own = behalf == p->org,
    };
    uint64_t roles = 0;
    enum status s = authz_check(&question, &roles, &t->fault);
    snprintf(accounts[t->c->actor], SIM_ID_SIZE, "00000000-0000-7000-8000-%012u",
             (unsigned)p->number);
    snprintf(seats[t->c->actor], SIM_ID_SIZE + 2, "{%s}", sim_orgs[p->org].id);
    t->actor = (struct actor){
        .account_id = accounts[t->c->actor],
        .org_id = sim_orgs[behalf >= 0 ? behalf : p->org].id,
        .orgs = seats[t->c->actor],
        .roles = roles,
        .behalf = behalf >= 0 && behalf != p->org,
    };
    t->sees_all = authz_sees_all(roles);
    return s;
}

/* ---- what every handler looks at ---- */

enum status
sim_unknown(struct sim_turn *t, const char *reason)
{
    return fault_set(&t->fault, STATUS_NOT_FOUND, reason, "没有找到要办理的事项。");
}

enum status
sim_expected(struct sim_turn *t, int64_t version)
{
    return t->c->expected == 0 || t->c->expected == version
               ? STATUS_OK
               : fault_stale(&t->fault, t->c->expected, version);
}

enum status
sim_reasoned(struct sim_turn *t, const char *reason)
{
    return t->c->reasoned ? STATUS_OK
                          : fault_set_field(&t->fault, "reason", reason, "请写明理由和情况。");
}

bool
sim_sees_measure(const struct sim_turn *t, int measure)
{
    const struct measure_record *m = &t->w->measures[measure];
    const char *org = t->actor.org_id;
    return t->sees_all || sim_is(m->plead.id, org) || sim_is(m->lead.id, org) ||
           sim_is(m->leader.id, org) || sim_is(m->sgroup.id, org);
}

static bool
sees_problem(const struct sim_turn *t, int problem)
{
    const struct problem_record *p = &t->w->problems[problem];
    bool sees =
        t->sees_all || sim_is(p->lead.id, t->actor.org_id) || sim_is(p->sgroup.id, t->actor.org_id);
    for (int i = 0; i < SIM_MEASURES && !sees; i++) {
        sees = sim_is(t->w->measures[i].problem_id, p->id) && sim_sees_measure(t, i);
    }
    return sees;
}

/* ---- files ---- */

uint32_t
sim_file_bit(const struct sim_world *w, char *const *ids, size_t n)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        for (unsigned k = 0; k < SIM_FILES; k++) {
            bits |= sim_is(w->file_ids[k], ids[i]) ? 1U << k : 0;
        }
    }
    return bits;
}

struct evidence_link_list
sim_links(const struct sim_world *w, struct arena *a)
{
    const size_t most = (size_t)SIM_MEASURES * SIM_FILES;
    struct evidence_link_list list = {.items = arena_array(a, most, sizeof *list.items)};
    for (int i = 0; list.items != NULL && i < SIM_MEASURES; i++) {
        for (unsigned k = 0; w->linked[i] != 0 && k < SIM_FILES; k++) {
            if ((w->linked[i] & (1U << k)) != 0) {
                list.items[list.count++] = (struct evidence_link_record){
                    .measure_id = w->measures[i].id,
                    .evidence_id = w->file_ids[k],
                    .round = w->measures[i].round,
                    .kind = w->files[k].kind,
                };
            }
        }
    }
    return list;
}

void
sim_put_measure(struct sim_world *w, int index, const struct measure_record *next, uint32_t files)
{
    struct measure_record *m = &w->measures[index];
    uint32_t linked = w->linked[index] | files; /* to the round the command found */
    bool round = next->round != m->round;
    bool moved = next->version != m->version;
    *m = *next;
    w->linked[index] = round ? 0 : linked;
    uint32_t count = 0;
    uint32_t strong = 0;
    for (unsigned k = 0; k < SIM_FILES; k++) {
        bool has = (w->linked[index] & (1U << k)) != 0;
        count += has;
        strong += has && w->files[k].kind != PB__EVIDENCE_KIND__DOCUMENT;
    }
    if (moved && (count != m->evidence_count || strong != m->evidence_strong)) {
        sim_fail(w, "%s: evidence decided %u/%u, linked %u/%u", m->ref, m->evidence_count,
                 m->evidence_strong, count, strong);
    }
    m->evidence_count = count;
    m->evidence_strong = strong;
    if (moved) {
        m->endorsed_sha256 = NULL; /* bound to the version before */
    }
}

void
sim_claims_decided(struct sim_world *w, int measure, int verdict)
{
    for (size_t i = 0; i < w->table_count; i++) {
        struct sim_table *t = &w->tables[i];
        for (size_t k = 0; k < t->row_count; k++) {
            struct table_row_record *r = &t->rows[k];
            if (sim_is(r->measure_id, w->measures[measure].id) &&
                r->claim_verdict == PB__VERDICT__PENDING) {
                r->claim_verdict = verdict;
                r->version++;
            }
        }
    }
}

/* ---- measures ---- */

void
sim_move_problem(struct sim_world *w, int index, const struct problem_record *next)
{
    struct sim_sitting *sitting = NULL;
    struct sitting_row_record *row = sim_pending_row(w, next->id, &sitting);
    bool review = sim_is(next->state, STATE_JOINT_REVIEW) || sim_is(next->state, STATE_SUSTAINED);
    w->problems[index] = *next;
    if (row != NULL && !review) {
        row->state = ROW_VOID;
        row->version++;
        w->problems[index].sitting = (struct org_name){NULL, NULL};
    }
}

static const char *
measure_verb_command(enum sim_verb verb)
{
    static const char *const commands[] = {
        COMMAND_SIGN_FOR, COMMAND_CLAIM_EFFECT, COMMAND_CLAIM_COMPLETE, COMMAND_WITHDRAW,
        COMMAND_CONFIRM,  COMMAND_RETURN,       COMMAND_OBJECT,         COMMAND_ENDORSE,
        COMMAND_CHECK_OK, COMMAND_FINISH,       COMMAND_FAIL,           COMMAND_REOPEN,
    };
    return commands[verb - SIM_SIGN_FOR];
}

/* What the request lacks before anything is decided. */
static enum status
measure_lacks(struct sim_turn *t, struct measure_order *order)
{
    const struct sim_command *c = t->c;
    if (c->verb == SIM_WITHDRAW || c->verb == SIM_RETURN) {
        order->reason_given = true;
        return sim_reasoned(t, "REASON_CODE");
    }
    if (c->verb == SIM_OBJECT) {
        order->reason_given = true;
        return sim_reasoned(t, "TEXT_MISSING");
    }
    if (c->verb == SIM_CONFIRM || c->verb == SIM_CHECK_OK) {
        order->next_check_day = c->day;
    }
    if (c->verb == SIM_FAIL_CHECK || c->verb == SIM_REOPEN) {
        order->reason_given = true;
        order->ground_given = c->given || c->verb == SIM_FAIL_CHECK;
        order->effect_due = c->day;
        order->complete_due = c->day2;
        return sim_reasoned(t, "TEXT_MISSING");
    }
    return STATUS_OK;
}

static enum status
attach(struct sim_turn *t, const struct measure_record *m, struct measure_order *order)
{
    const Pb__ClaimRequest *r = (const Pb__ClaimRequest *)(const void *)t->r->message;
    const struct evidence_list files = {t->w->files, SIM_FILES, SIM_FILES};
    const struct evidence_link_list links = sim_links(t->w, t->a);
    const struct evidence_shelf shelf = {&files, &links, t->actor.org_id};
    struct evidence_attachment attachment = {.ids = r->evidence, .count = r->n_evidence};
    enum status s = evidence_attach(m, &shelf, "evidence", &attachment, &t->fault);
    order->evidence_count = attachment.evidence_count;
    order->evidence_strong = attachment.evidence_strong;
    return s;
}

static enum status
measure_effects(struct sim_turn *t, int i, const struct measure_record *next)
{
    struct sim_world *w = t->w;
    const enum sim_verb verb = t->c->verb;
    const struct measure_record before = w->measures[i];
    struct problem_record reopened;
    t->state = next->state;
    t->version = next->version;
    if (verb == SIM_ENDORSE) {
        w->measures[i].endorsed_sha256 = "endorsed";
        t->version = before.version;
        return STATUS_OK;
    }
    if (verb == SIM_OBJECT) {
        const Pb__MatterInput in = {.base = PROTOBUF_C_MESSAGE_INIT(&pb__matter_input__descriptor),
                                    .measure_ref = (char *)(uintptr_t)before.ref,
                                    .text = (char *)(uintptr_t) "样例"};
        enum status s = sim_open_matter(t, WORKFLOW_CONSULTATION, COMMAND_OPEN, &in, i);
        if (s != STATUS_OK) {
            return s;
        }
    }
    int p = sim_problem_index(w, before.problem_id);
    if ((verb == SIM_FAIL_CHECK || verb == SIM_REOPEN) &&
        problem_reopened(&w->problems[p], &reopened)) {
        sim_move_problem(w, p, &reopened);
    }
    sim_put_measure(w, i, next,
                    t->c->file >= 0 && verb <= SIM_CLAIM_COMPLETE && verb != SIM_SIGN_FOR
                        ? 1U << t->c->file
                        : 0);
    if (verb == SIM_WITHDRAW || verb == SIM_CONFIRM || verb == SIM_RETURN) {
        sim_claims_decided(w, i,
                           verb == SIM_CONFIRM  ? PB__VERDICT__ACCEPTED
                           : verb == SIM_RETURN ? PB__VERDICT__RETURNED
                                                : 0);
    }
    return STATUS_OK;
}

enum status
sim_measure_command(struct sim_turn *t)
{
    const int i = t->c->thing;
    const struct measure_record *m = &t->w->measures[i];
    struct measure_outcome outcome;
    struct measure_order order = {
        .command = measure_verb_command(t->c->verb),
        .next_check_day = NO_DATE,
        .effect_due = NO_DATE,
        .complete_due = NO_DATE,
        .evidence_count = m->evidence_count,
        .evidence_strong = m->evidence_strong,
        .today = t->w->today,
        .now_ms = t->w->now_ms,
    };
    if (!sim_sees_measure(t, i)) {
        return sim_unknown(t, "MEASURE_UNKNOWN");
    }
    enum status s = sim_expected(t, m->version);
    if (s == STATUS_OK) {
        s = measure_lacks(t, &order);
    }
    if (s == STATUS_OK && (t->c->verb == SIM_CLAIM_EFFECT || t->c->verb == SIM_CLAIM_COMPLETE)) {
        s = attach(t, m, &order);
    }
    if (s == STATUS_OK) {
        s = measure_step(m, &t->actor, &order, &outcome, &t->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if ((t->c->verb == SIM_CONFIRM || t->c->verb == SIM_RETURN) && t->c->behalf < 0 &&
        (t->actor.roles & ROLE_UNIT) == 0 && !measure_independent(m, &t->actor)) {
        sim_fail(t->w, "%s judged by its own body", m->ref);
    }
    return measure_effects(t, i, &outcome.next);
}

/* ---- problems ---- */

void
sim_closing_sha256(const struct sim_world *w, int problem, struct arena *a,
                   unsigned char ret_sha256[APPROVAL_HASH_BYTES])
{
    struct problem_measure_list measures = sim_problem_measures(w, problem, a);
    Pb__ClosingRecord *record = problem_closing_record(&w->problems[problem], &measures, a);
    size_t size = record == NULL ? 0 : protobuf_c_message_get_packed_size(&record->base);
    unsigned char *bytes = arena_alloc(a, size);
    if (record == NULL || bytes == NULL) {
        abort();
    }
    protobuf_c_message_pack(&record->base, bytes);
    crypto_hash_sha256(ret_sha256, bytes, size);
}

static void
read_problem_order(const struct sim_turn *t, struct problem_order *order)
{
    const ProtobufCMessage *m = t->r->message;
    if (t->c->verb == SIM_APPLY_CLOSE) {
        const Pb__ApplyCloseRequest *r = (const Pb__ApplyCloseRequest *)(const void *)m;
        order->report = r->report;
        order->lessons = r->lessons;
    } else if (t->c->verb == SIM_FORWARD) {
        order->group_opinion = ((const Pb__ForwardCloseRequest *)(const void *)m)->group_opinion;
    } else {
        order->reason_given = true;
        order->ground_given = t->c->verb == SIM_REOPEN_PROBLEM && t->c->given;
    }
}

enum status
sim_problem_command(struct sim_turn *t)
{
    static const char *const commands[] = {COMMAND_APPLY_CLOSE, COMMAND_WITHDRAW, COMMAND_FORWARD,
                                           COMMAND_RETURN, COMMAND_REOPEN};
    const int i = t->c->thing;
    const enum sim_verb verb = t->c->verb;
    const struct problem_record *p = &t->w->problems[i];
    struct problem_outcome outcome;
    struct problem_order order = {
        .command = commands[verb - SIM_APPLY_CLOSE],
        .today = t->w->today,
        .now_ms = t->w->now_ms,
    };
    if (!sees_problem(t, i)) {
        return sim_unknown(t, "PROBLEM_UNKNOWN");
    }
    read_problem_order(t, &order);
    struct problem_measure_list measures = sim_problem_measures(t->w, i, t->a);
    struct problem_counts counts = problem_count(&measures, p->id);
    enum status s = sim_expected(t, p->version);
    if (s == STATUS_OK && order.reason_given) {
        s = sim_reasoned(t, verb == SIM_REOPEN_PROBLEM ? "TEXT_MISSING" : "REASON_CODE");
    }
    if (s == STATUS_OK) {
        s = problem_step(p, &counts, &t->actor, &order, &outcome, &t->fault);
    }
    if (s == STATUS_OK) {
        t->state = outcome.next.state;
        t->version = outcome.next.version;
        sim_move_problem(t->w, i, &outcome.next);
    }
    return s;
}

/* ---- any ---- */

void
sim_before_take(const struct sim_world *w, const struct sim_command *c, struct sim_before *ret)
{
    memcpy(ret->measures, w->measures, sizeof ret->measures);
    memcpy(ret->problems, w->problems, sizeof ret->problems);
    ret->version =
        c->verb == SIM_TICK || c->verb == SIM_CREATE_SITTING || c->verb == SIM_OPEN_MATTER ? 0
        : c->verb <= SIM_REOPEN         ? w->measures[c->thing].version
        : c->verb <= SIM_REOPEN_PROBLEM ? w->problems[c->thing].version
        : c->verb <= SIM_CANCEL_SITTING ? w->sittings[c->thing].s.version
        : c->verb == SIM_ACT_ON_MATTER  ? w->matters[c->thing].m.version
                                        : w->tables[c->thing].t.version;
}

void
sim_decide(struct sim_world *w, const struct sim_command *c, const struct sim_request *r,
           struct arena *a, struct sim_verdict *ret)
{
    struct sim_turn t = {.w = w, .c = c, .r = r, .a = a, .state = ""};
    struct sim_before before;
    sim_before_take(w, c, &before);
    w->step++;
    w->now_ms += 1000;
    enum status s = STATUS_OK;
    if (c->verb == SIM_TICK) {
        sim_tick(&t);
    } else {
        s = admit(&t);
        if (s == STATUS_OK) {
            s = c->verb <= SIM_REOPEN           ? sim_measure_command(&t)
                : c->verb <= SIM_REOPEN_PROBLEM ? sim_problem_command(&t)
                : c->verb <= SIM_CANCEL_SITTING ? sim_sitting_command(&t)
                : c->verb <= SIM_ACT_ON_MATTER  ? sim_matter_command(&t)
                                                : sim_table_command(&t);
        }
    }
    *ret = (struct sim_verdict){.status = s, .state = ""};
    if (s == STATUS_OK) {
        ret->state = t.state;
        ret->version = t.version;
    } else {
        memcpy(ret->reason, t.fault.reason, sizeof ret->reason);
    }
    sim_check(w, &before, c, &t.fault, ret);
}
