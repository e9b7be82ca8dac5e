/* The state machines: each is walked; the rules that matter most are tried one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/service/workflow.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATES_MAX = 16 };

static const struct workflow_machine *
machine(unsigned id)
{
    return workflow_machine((enum workflow_id)id);
}

static size_t
state_index(const struct workflow_machine *m, const char *state)
{
    for (size_t i = 0; i < m->state_count; i++) {
        if (strcmp(m->states[i].code, state) == 0) {
            return i;
        }
    }
    fail_msg("%s: unknown state %s", m->code, state);
    return 0;
}

static bool
from_none(const struct workflow_edge *e)
{
    return strcmp(e->from, STATE_NONE) == 0;
}

/* Follows edges forwards from NONE, or backwards from the final states. */
static void
walk(const struct workflow_machine *m, bool forwards, bool seen[STATES_MAX])
{
    for (size_t i = 0; i < m->state_count; i++) {
        seen[i] = !forwards && m->states[i].final;
    }
    for (size_t pass = 0; pass < m->state_count; pass++) {
        for (size_t i = 0; i < m->edge_count; i++) {
            const struct workflow_edge *e = &m->edges[i];
            size_t to = state_index(m, e->to);
            if (forwards && (from_none(e) || seen[state_index(m, e->from)])) {
                seen[to] = true;
            } else if (!forwards && !from_none(e) && seen[to]) {
                seen[state_index(m, e->from)] = true;
            }
        }
    }
}

static void
test_every_state_is_reached_and_left(void **state)
{
    (void)state;
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct workflow_machine *m = machine(id);
        bool reached[STATES_MAX];
        bool ends[STATES_MAX];
        assert_true(m->state_count <= STATES_MAX);
        walk(m, true, reached);
        walk(m, false, ends);
        for (size_t i = 0; i < m->state_count; i++) {
            if (!reached[i]) {
                fail_msg("%s: %s is never reached", m->code, m->states[i].code);
            }
            if (!ends[i]) {
                fail_msg("%s: from %s no end can be reached", m->code, m->states[i].code);
            }
        }
    }
}

static bool
code_plain(const char *s)
{
    return s[0] != '\0' &&
           s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static bool
edges_clash(const struct workflow_edge *a, const struct workflow_edge *b)
{
    return strcmp(a->from, b->from) == 0 && strcmp(a->command, b->command) == 0 &&
           a->when == b->when;
}

static void
check_edge(const struct workflow_machine *m, size_t index)
{
    const struct workflow_edge *e = &m->edges[index];
    /* Administrators touch accounts and grants, and nothing that is rectified. */
    bool people = m->id == WORKFLOW_GRANT || m->id == WORKFLOW_ACCOUNT;
    const uint32_t nobody = ROLE_POSITIONS | (people ? ROLE_AUDIT : (uint32_t)ROLE_ADMINISTRATORS);
    assert_true(code_plain(e->from) && code_plain(e->command) && code_plain(e->to));
    assert_true(e->who != 0);
    assert_int_equal(e->who & nobody, 0);
    assert_non_null(e->why);
    assert_true(e->why[0] != '\0');
    assert_string_not_equal(workflow_command_zh(e->command), e->command);
    assert_true((e->when | e->guard) < GUARD_BIT(GUARD_COUNT));
    for (unsigned g = 0; g < GUARD_COUNT; g++) {
        /* What selects an edge must not depend on what a request forgot. */
        assert_false((e->when & GUARD_BIT(g)) != 0 && guard_is_input((enum guard)g));
    }
    for (size_t i = 0; i < index; i++) {
        if (edges_clash(e, &m->edges[i])) {
            fail_msg("%s: %s %s stands twice", m->code, e->from, e->command);
        }
        /* An edge that is taken without condition hides those behind it. */
        if (strcmp(e->from, m->edges[i].from) == 0 &&
            strcmp(e->command, m->edges[i].command) == 0 && m->edges[i].when == 0) {
            fail_msg("%s: %s %s is hidden", m->code, e->from, e->command);
        }
    }
}

static void
test_edges(void **state)
{
    (void)state;
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct workflow_machine *m = machine(id);
        assert_int_equal(m->id, id);
        assert_ptr_equal(workflow_machine_by_code(m->code), m);
        for (size_t i = 0; i < m->edge_count; i++) {
            check_edge(m, i);
        }
        for (size_t i = 0; i < m->state_count; i++) {
            assert_true(code_plain(m->states[i].code));
            assert_string_not_equal(m->states[i].code, STATE_NONE);
            assert_true(m->states[i].zh[0] != '\0');
        }
    }
    assert_null(workflow_machine_by_code("nothing"));
    assert_null(workflow_machine_by_code(NULL));
}

/* Rule 3: every refusal, return, reopening and cancelling has a reason. */
static void
test_reasons(void **state)
{
    (void)state;
    static const char *const commands[] = {"return",   "reject",        "reopen",  "cancel",
                                           "discard",  "supersede",     "decline", "dismiss",
                                           "withdraw", "not_satisfied", "refuse",  "object",
                                           "fail",     "waive",         "nil",     "correct"};
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct workflow_machine *m = machine(id);
        for (size_t i = 0; i < m->edge_count; i++) {
            const struct workflow_edge *e = &m->edges[i];
            bool whole = id == WORKFLOW_TABLE && (e->guard & GUARD_BIT(GUARD_A_ROW_RETURNED)) != 0;
            bool next = id == WORKFLOW_PLAN_VERSION && strcmp(e->command, "supersede") == 0;
            for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++) {
                /* A table goes back with its rows' reasons; a plan by its successor's approval. */
                if (strcmp(e->command, commands[k]) == 0 && !whole && !next &&
                    (e->guard & GUARD_BIT(GUARD_REASON)) == 0) {
                    fail_msg("%s: %s %s asks for no reason", m->code, e->from, e->command);
                }
            }
        }
    }
}

/* Zero facts: nothing that has a guard may pass. */
static void
test_facts_fail_closed(void **state)
{
    (void)state;
    const struct workflow_facts none = {0};
    for (unsigned g = 0; g < GUARD_COUNT; g++) {
        if (guard_holds((enum guard)g, &none)) {
            fail_msg("guard %s holds without facts", guard_code((enum guard)g));
        }
        assert_true(strlen(guard_code((enum guard)g)) < FAULT_REASON_SIZE);
        assert_true(strspn(guard_code((enum guard)g), "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") ==
                    strlen(guard_code((enum guard)g)));
        assert_non_null(strstr(guard_zh((enum guard)g), "。"));
    }
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct workflow_machine *m = machine(id);
        for (size_t i = 0; i < m->edge_count; i++) {
            const struct workflow_edge *e = &m->edges[i];
            const struct workflow_edge *taken = NULL;
            enum status s = workflow_step(m, e->from, e->command, ~0U, &none, &taken, NULL);
            assert_true((s == STATUS_OK) == (taken != NULL));
            assert_true(s != STATUS_OK || (taken->when | taken->guard) == 0);
        }
    }
}

/* ---- measures ---- */

static struct workflow_facts
good_facts(enum measure_class class_)
{
    return (struct workflow_facts){
        .plan_known = true,
        .class_ = class_,
        .has_leader = true,
        .has_lead_unit = true,
        .has_target = true,
        .effect_due = class_ == CLASS_IMMEDIATE ? NO_DATE : 18300,
        .complete_due = 18350,
        .evidence_count = 2,
        .evidence_not_document_count = 1,
        .percent_ok = true,
        .independent = true,
        .endorsed = true,
        .reason_given = true,
        .new_dates_given = true,
        .reopen_ground_given = true,
        .next_check_given = true,
        .claimed_from_effect = class_ != CLASS_IMMEDIATE,
        .claimed_from_progress = class_ == CLASS_IMMEDIATE,
    };
}

static void
expect(const char *from, const char *command, uint32_t role, const struct workflow_facts *f,
       const char *to_or_reason)
{
    const struct workflow_edge *e = NULL;
    struct fault fault = {0};
    enum status s = workflow_step(machine(WORKFLOW_MEASURE), from, command, role, f, &e, &fault);
    const char *got = s == STATUS_OK ? e->to : fault.reason;
    if (strcmp(got, to_or_reason) != 0) {
        fail_msg("%s %s: %s, not %s (%s)", from, command, got, to_or_reason, fault.message);
    }
    if (s != STATUS_OK) {
        assert_int_equal(fault.code, s);
        assert_non_null(strstr(fault.message, "。"));
    }
}

static void
test_measure_timed(void **state)
{
    (void)state;
    struct workflow_facts f = good_facts(CLASS_TIMED);
    expect(STATE_NONE, "create", ROLE_OFFICE, &f, "DRAFT");
    expect("DRAFT", "approve_plan", ROLE_LGROUP, &f, "ASSIGNED");
    expect("DRAFT", "approve_plan", ROLE_OFFICE, &f, "ROLE_FORBIDS");
    expect("ASSIGNED", "sign_for", ROLE_PLEAD, &f, "IN_PROGRESS");
    expect("ASSIGNED", "sign_for", ROLE_MLEAD, &f, "IN_PROGRESS");
    expect("ASSIGNED", "sign_for", ROLE_PART, &f, "ROLE_FORBIDS");
    expect("ASSIGNED", "object", ROLE_PLEAD, &f, "ASSIGNED");
    expect("ASSIGNED", "claim_complete", ROLE_PLEAD, &f, "STATE_FORBIDS");
    expect("IN_PROGRESS", "report", ROLE_PART, &f, "IN_PROGRESS");
    expect("IN_PROGRESS", "claim_complete", ROLE_PLEAD, &f, "EFFECT_FIRST");
    expect("IN_PROGRESS", "claim_effect", ROLE_PLEAD, &f, "EFFECT_CLAIMED");
    expect("EFFECT_CLAIMED", "confirm", ROLE_OFFICE, &f, "EFFECT_REACHED");
    expect("EFFECT_CLAIMED", "confirm", ROLE_PLEAD, &f, "ROLE_FORBIDS");
    expect("EFFECT_CLAIMED", "return", ROLE_OFFICE, &f, "IN_PROGRESS");
    expect("EFFECT_CLAIMED", "withdraw", ROLE_PLEAD, &f, "IN_PROGRESS");
    expect("EFFECT_REACHED", "claim_complete", ROLE_PLEAD, &f, "COMPLETE_CLAIMED");
    expect("COMPLETE_CLAIMED", "confirm", ROLE_OFFICE, &f, "DONE");
    expect("COMPLETE_CLAIMED", "return", ROLE_OFFICE, &f, "EFFECT_REACHED");
    expect("COMPLETE_CLAIMED", "withdraw", ROLE_PLEAD, &f, "EFFECT_REACHED");
    expect("DONE", "reopen", ROLE_DISC, &f, "IN_PROGRESS");
    expect("DONE", "sign_for", ROLE_PLEAD, &f, "STATE_FORBIDS");
    expect("NOWHERE", "sign_for", ROLE_PLEAD, &f, "STATE_FORBIDS");
    expect("DONE", "no_such_command", ROLE_PLEAD, &f, "STATE_FORBIDS");
}

static void
test_measure_other_classes(void **state)
{
    (void)state;
    struct workflow_facts f = good_facts(CLASS_IMMEDIATE);
    expect("DRAFT", "approve_plan", ROLE_LGROUP, &f, "ASSIGNED");
    expect("IN_PROGRESS", "claim_effect", ROLE_PLEAD, &f, "IMMEDIATE_HAS_NO_EFFECT");
    expect("IN_PROGRESS", "claim_complete", ROLE_PLEAD, &f, "COMPLETE_CLAIMED");
    expect("COMPLETE_CLAIMED", "confirm", ROLE_OFFICE, &f, "DONE");
    expect("COMPLETE_CLAIMED", "return", ROLE_OFFICE, &f, "IN_PROGRESS");
    f = good_facts(CLASS_LONG_TERM);
    expect("COMPLETE_CLAIMED", "confirm", ROLE_OFFICE, &f, "SUSTAINING");
    f.next_check_given = false;
    expect("COMPLETE_CLAIMED", "confirm", ROLE_OFFICE, &f, "NEXT_CHECK_MISSING");
    f.next_check_given = true;
    expect("SUSTAINING", "check_ok", ROLE_ORGD, &f, "SUSTAINING");
    expect("SUSTAINING", "finish", ROLE_OFFICE, &f, "DONE");
    expect("SUSTAINING", "fail", ROLE_OFFICE, &f, "IN_PROGRESS");
    expect("SUSTAINING", "reopen", ROLE_OFFICE, &f, "IN_PROGRESS");
    expect("SUSTAINING", "cancel", ROLE_LGROUP, &f, "AMENDMENT_MISSING");
    f.amendment_approved = true;
    expect("SUSTAINING", "cancel", ROLE_LGROUP, &f, "CANCELLED");
    expect(STATE_NONE, "add", ROLE_LGROUP, &f, "ASSIGNED");
}

static void
test_measure_guards(void **state)
{
    (void)state;
    struct workflow_facts f = good_facts(CLASS_TIMED);
    f.evidence_count = 0;
    f.evidence_not_document_count = 0;
    expect("IN_PROGRESS", "claim_effect", ROLE_PLEAD, &f, "EVIDENCE_MISSING");
    f.evidence_count = 1; /* a document was issued, and nothing else */
    expect("IN_PROGRESS", "claim_effect", ROLE_PLEAD, &f, "EFFECT_CLAIMED");
    expect("EFFECT_REACHED", "claim_complete", ROLE_PLEAD, &f, "EVIDENCE_ONLY_DOCUMENTS");
    f = good_facts(CLASS_TIMED);
    f.percent_ok = false;
    expect("IN_PROGRESS", "report", ROLE_PLEAD, &f, "PERCENT_FELL");
    f.reason_given = false;
    expect("EFFECT_CLAIMED", "return", ROLE_OFFICE, &f, "REASON_MISSING");
    expect("DONE", "reopen", ROLE_OFFICE, &f, "REASON_MISSING");
    f.endorsed = false;
    expect("EFFECT_CLAIMED", "confirm", ROLE_OFFICE, &f, "NOT_ENDORSED");
    f = good_facts(CLASS_TIMED);
    f.complete_due = f.effect_due - 1;
    expect("DRAFT", "approve_plan", ROLE_LGROUP, &f, "MEASURE_INCOMPLETE");
    f.complete_due = f.effect_due;
    expect("DRAFT", "approve_plan", ROLE_LGROUP, &f, "ASSIGNED");
    f.effect_due = NO_DATE;
    expect("DRAFT", "approve_plan", ROLE_LGROUP, &f, "MEASURE_INCOMPLETE");
    f = good_facts(CLASS_TIMED);
    f.class_ = CLASS_UNSET;
    expect("DRAFT", "approve_plan", ROLE_LGROUP, &f, "MEASURE_INCOMPLETE");
    f.plan_approved = true;
    expect(STATE_NONE, "create", ROLE_OFFICE, &f, "PLAN_ALREADY_APPROVED");
}

/* Rule 4: the office does not judge what it leads; a special group or the leading group does. */
static void
test_recusal(void **state)
{
    (void)state;
    struct workflow_facts f = good_facts(CLASS_TIMED);
    f.independent = false;
    expect("EFFECT_CLAIMED", "confirm", ROLE_OFFICE, &f, "OWN_WORK");
    f.independent = true;
    expect("EFFECT_CLAIMED", "confirm", ROLE_SGROUP, &f, "ROLE_FORBIDS");
    f.office_recused = true;
    expect("EFFECT_CLAIMED", "confirm", ROLE_OFFICE, &f, "ROLE_FORBIDS");
    expect("EFFECT_CLAIMED", "confirm", ROLE_SGROUP, &f, "EFFECT_REACHED");
    expect("COMPLETE_CLAIMED", "confirm", ROLE_LGROUP, &f, "DONE");
    expect("COMPLETE_CLAIMED", "return", ROLE_LGROUP, &f, "EFFECT_REACHED");
    f.independent = false;
    expect("EFFECT_CLAIMED", "confirm", ROLE_SGROUP, &f, "OWN_WORK");
}

/* ---- the others ---- */

static const char *
step(unsigned id, const char *from, const char *command, uint32_t role,
     const struct workflow_facts *f)
{
    static struct fault fault;
    const struct workflow_edge *e = NULL;
    enum status s = workflow_step(machine(id), from, command, role, f, &e, &fault);
    return s == STATUS_OK ? e->to : fault.reason;
}

static void
test_problem(void **state)
{
    (void)state;
    struct workflow_facts f = {.measures_total = 3,
                               .measures_finished = 2,
                               .closing_report = true,
                               .group_opinion = true,
                               .independent = true,
                               .reason_given = true,
                               .five_criteria_reasoned = true};
    const unsigned p = WORKFLOW_PROBLEM;
    assert_string_equal(step(p, "RECTIFYING", "apply_close", ROLE_PLEAD, &f), "MEASURES_OPEN");
    f.measures_finished = 3;
    assert_string_equal(step(p, "RECTIFYING", "apply_close", ROLE_PLEAD, &f), "CLOSE_APPLIED");
    assert_string_equal(step(p, "CLOSE_APPLIED", "forward", ROLE_OFFICE, &f), "JOINT_REVIEW");
    f.bodies_agreed = ROLE_OFFICE | ROLE_DISC;
    assert_string_equal(step(p, "JOINT_REVIEW", "close", ROLE_DISC, &f), "BODIES_NOT_AGREED");
    f.bodies_agreed = ROLE_VERIFY;
    assert_string_equal(step(p, "JOINT_REVIEW", "close", ROLE_DISC, &f), "CLOSED");
    f.measures_sustaining = 1;
    assert_string_equal(step(p, "JOINT_REVIEW", "close", ROLE_DISC, &f), "SUSTAINED");
    f.bodies_refused = ROLE_ORGD;
    assert_string_equal(step(p, "JOINT_REVIEW", "close", ROLE_DISC, &f), "BODIES_NOT_AGREED");
    assert_string_equal(step(p, "JOINT_REVIEW", "refuse", ROLE_ORGD, &f), "RECTIFYING");
}

static void
test_table(void **state)
{
    (void)state;
    const unsigned t = WORKFLOW_TABLE;
    struct workflow_facts f = {.rows_total = 6, .rows_filled = 5, .independent = true};
    assert_string_equal(step(t, STATE_NONE, "open", ROLE_SYS, &f), "OPEN");
    assert_string_equal(step(t, "OPEN", "fill", ROLE_PLEAD, &f), "DRAFT");
    assert_string_equal(step(t, "DRAFT", "submit", ROLE_PLEAD, &f), "SAME_PERSON");
    f.two_people = true;
    assert_string_equal(step(t, "DRAFT", "submit", ROLE_PLEAD, &f), "ROWS_NOT_FILLED");
    f.rows_filled = 6;
    assert_string_equal(step(t, "DRAFT", "submit", ROLE_PLEAD, &f), "SUBMITTED");
    f.reviewer_needed = true; /* it goes before the second person first */
    assert_string_equal(step(t, "DRAFT", "submit", ROLE_PLEAD, &f), "CONFIRMING");
    assert_string_equal(step(t, "CONFIRMING", "countersign", ROLE_PLEAD, &f), "SUBMITTED");
    f.two_people = false;
    assert_string_equal(step(t, "CONFIRMING", "countersign", ROLE_PLEAD, &f), "SAME_PERSON");
    f.two_people = true;
    f.reviewer_needed = false;
    f.reason_given = true;
    assert_string_equal(step(t, "SUBMITTED", "withdraw", ROLE_PLEAD, &f), "JUDGED_ALREADY");
    f.nothing_judged = true;
    assert_string_equal(step(t, "SUBMITTED", "withdraw", ROLE_PLEAD, &f), "DRAFT");
    assert_string_equal(step(t, "CONFIRMING", "withdraw", ROLE_PLEAD, &f), "DRAFT");
    f.rows_accepted = 5;
    assert_string_equal(step(t, "SUBMITTED", "accept", ROLE_OFFICE, &f), "ROWS_NOT_ACCEPTED");
    assert_string_equal(step(t, "SUBMITTED", "return", ROLE_OFFICE, &f), "NO_ROW_RETURNED");
    f.rows_returned = 1;
    assert_string_equal(step(t, "SUBMITTED", "return", ROLE_OFFICE, &f), "RETURNED");
    assert_string_equal(step(t, "RETURNED", "submit", ROLE_PLEAD, &f), "SUBMITTED");
    f.rows_accepted = 6;
    assert_string_equal(step(t, "SUBMITTED", "accept", ROLE_OFFICE, &f), "ACCEPTED");
    assert_string_equal(step(t, "ACCEPTED", "lock", ROLE_SYS, &f), "PERIOD_NOT_CLOSED");
    f.period_closed = true;
    assert_string_equal(step(t, "ACCEPTED", "lock", ROLE_SYS, &f), "LOCKED");
    assert_string_equal(step(t, "LOCKED", "correct", ROLE_PLEAD, &f), "DRAFT");
}

static void
test_extension(void **state)
{
    (void)state;
    static const struct {
        uint32_t no;
        uint32_t days;
        bool past;
        uint32_t who;
    } cases[] = {{1, 15, false, ROLE_OFFICE},
                 {1, 16, false, ROLE_LEADER},
                 {2, 5, false, ROLE_LEADER},
                 {3, 1, false, ROLE_LGROUP},
                 {1, 5, true, ROLE_LGROUP}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct workflow_facts f = {.extension_no = cases[i].no,
                                   .extension_days = cases[i].days,
                                   .past_concentrated_phase = cases[i].past,
                                   .independent = true};
        static const uint32_t roles[] = {ROLE_OFFICE, ROLE_LEADER, ROLE_LGROUP};
        for (size_t r = 0; r < 3; r++) {
            assert_string_equal(step(WORKFLOW_EXTENSION, "SUBMITTED", "approve", roles[r], &f),
                                roles[r] == cases[i].who ? "APPROVED" : "ROLE_FORBIDS");
        }
    }
    struct workflow_facts f = {
        .due_known = true, .due_passed = true, .new_date_later = true, .reason_given = true};
    const unsigned x = WORKFLOW_EXTENSION;
    assert_string_equal(step(x, STATE_NONE, "submit", ROLE_PLEAD, &f), "DUE_PASSED");
    assert_string_equal(step(x, STATE_NONE, "submit_late", ROLE_PLEAD, &f), "SUBMITTED");
}

static void
test_notice(void **state)
{
    (void)state;
    struct workflow_facts f = {.notice_level = 1};
    const unsigned n = WORKFLOW_NOTICE;
    assert_string_equal(step(n, "PROPOSED", "issue", ROLE_OFFICE, &f), "ISSUED");
    assert_string_equal(step(n, "PROPOSED", "issue", ROLE_SYS, &f), "ROLE_FORBIDS");
    f.notice_level = 2;
    assert_string_equal(step(n, "PROPOSED", "issue", ROLE_OFFICE, &f), "ROLE_FORBIDS");
    assert_string_equal(step(n, "PROPOSED", "issue", ROLE_LEADER, &f), "FORMER_NOTICE_OPEN");
    f.urgent = true;
    assert_string_equal(step(n, "PROPOSED", "issue", ROLE_LEADER, &f), "ISSUED");
    f = (struct workflow_facts){.notice_level = 3, .former_notice_failed = true};
    assert_string_equal(step(n, "PROPOSED", "issue", ROLE_LGROUP, &f), "ISSUED");
}

/* ---- allowed commands ---- */

static void
test_allowed(void **state)
{
    (void)state;
    const struct workflow_machine *m = machine(WORKFLOW_MEASURE);
    struct workflow_facts f = good_facts(CLASS_TIMED);
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    f.evidence_count = 0; /* the request brings it */
    size_t n = workflow_allowed(m, "IN_PROGRESS", ROLE_PLEAD, &f, options, WORKFLOW_OPTIONS_MAX);
    size_t allowed = 0;
    for (size_t i = 0; i < n; i++) {
        const struct workflow_option *o = &options[i];
        allowed += o->allowed ? 1 : 0;
        assert_int_equal(o->allowed, o->to != NULL);
        assert_int_equal(o->allowed, o->reason[0] == '\0');
        assert_int_equal(o->allowed, o->reason_zh[0] == '\0');
        if (strcmp(o->command, "claim_effect") == 0) {
            assert_true(o->allowed);
            assert_string_equal(o->to, "EFFECT_CLAIMED");
            assert_true(o->needs == GUARD_BIT(GUARD_EVIDENCE));
        } else if (strcmp(o->command, "claim_complete") == 0) {
            assert_string_equal(o->reason, "EFFECT_FIRST");
        } else if (strcmp(o->command, "sign_for") == 0) {
            assert_string_equal(o->reason, "STATE_FORBIDS");
        } else if (strcmp(o->command, "cancel") == 0) {
            assert_string_equal(o->reason, "ROLE_FORBIDS");
        }
    }
    assert_int_equal(allowed, 2); /* report, claim_effect */
    assert_int_equal(workflow_allowed(m, "DRAFT", 0, &f, options, 3), 3);
}

static void
test_option_bound(void **state)
{
    (void)state;
    const struct workflow_facts none = {0};
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        struct workflow_option options[WORKFLOW_OPTIONS_MAX + 8];
        size_t n = workflow_allowed(machine(id), STATE_NONE, ~0U, &none, options,
                                    WORKFLOW_OPTIONS_MAX + 8);
        assert_true(n <= WORKFLOW_OPTIONS_MAX);
    }
}

static void
test_names(void **state)
{
    (void)state;
    const struct workflow_machine *m = machine(WORKFLOW_MEASURE);
    char text[ROLE_NAMES_SIZE];
    assert_string_equal(workflow_state_zh(m, "ASSIGNED"), "待签收");
    assert_string_equal(workflow_state_zh(m, "IN_PROGRESS"), "整改中");
    assert_string_equal(workflow_state_zh(m, "ELSEWHERE"), "ELSEWHERE");
    assert_string_equal(workflow_command_zh("sign_for"), "签收");
    assert_string_equal(workflow_command_zh("fly"), "fly");
    assert_true(workflow_state_open(m, "SUSTAINING"));
    assert_false(workflow_state_open(m, "DONE"));
    assert_false(workflow_state_open(m, STATE_NONE));
    assert_false(workflow_state_known(m, STATE_NONE));
    assert_string_equal(workflow_find(m, "DRAFT", "approve_plan")->to, "ASSIGNED");
    assert_null(workflow_find(m, "DONE", "approve_plan"));
    assert_string_equal(role_names(ROLE_VERIFY, text, sizeof text), "OFFICE, DISC, ORGD");
    assert_string_equal(role_names_zh(ROLE_UNIT, text, sizeof text),
                        "问题整改牵头单位、措施牵头单位");
    assert_string_equal(role_names(ROLE_VERIFY, text, 9), "OFFICE");
    for (unsigned bit = 0; bit < ROLE_COUNT; bit++) {
        assert_int_equal(role_from_name(role_name(1U << bit)), 1U << bit);
        assert_string_not_equal(role_zh(1U << bit), "未知");
    }
    assert_int_equal(role_from_name("KING"), 0);
    assert_int_equal(role_from_name(NULL), 0);
}

/* ---- printing ---- */

static void
test_markdown(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        workflow_print_markdown(out, machine(id));
    }
    fclose(out);
    assert_non_null(strstr(text, "## 整改措施 (`measure`)"));
    assert_non_null(strstr(text, "| `ASSIGNED` | `sign_for` 签收 | `IN_PROGRESS` 整改中 |"));
    assert_null(strstr(text, "未知"));
    free(text);
}

static char *
edges_sql(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    workflow_sql_edges(out, "edge");
    fclose(out);
    return text;
}

static void
test_sql_edges(void **state)
{
    (void)state;
    char *text = edges_sql();
    const char *row = "('measure', 'ASSIGNED', 'sign_for', 'IN_PROGRESS')";
    const char *both = "('measure', 'EFFECT_CLAIMED', 'confirm', 'EFFECT_REACHED')";
    assert_non_null(strstr(text, row));
    const char *at = strstr(text, both); /* two edges, one row */
    assert_non_null(at);
    assert_null(strstr(at + 1, both));
    assert_string_equal(text + strlen(text) - 3, ");\n");
    free(text);
}

/* All migrations, one after the other. */
static char *
migrations_read(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    DIR *dir = opendir(SOURCE_DIR "/migrations");
    assert_non_null(out);
    assert_non_null(dir);
    for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        char path[1024];
        char part[4096];
        if (strstr(d->d_name, ".sql") == NULL) {
            continue;
        }
        snprintf(path, sizeof path, "%s/migrations/%s", SOURCE_DIR, d->d_name);
        FILE *in = fopen(path, "re");
        assert_non_null(in);
        for (size_t n = fread(part, 1, sizeof part, in); n > 0;
             n = fread(part, 1, sizeof part, in)) {
            fwrite(part, 1, n, out);
        }
        fclose(in);
    }
    closedir(dir);
    fclose(out);
    return text;
}

/* Every edge here is a row there. (That there is no other row is tested on the database.) */
static void
test_migrations_know_the_edges(void **state)
{
    (void)state;
    char *sql = migrations_read();
    char *edges = edges_sql();
    char *save = NULL;
    strtok_r(edges, "\n", &save); /* the INSERT line */
    for (char *row = strtok_r(NULL, "\n", &save); row != NULL; row = strtok_r(NULL, "\n", &save)) {
        row[strcspn(row, ")") + 1] = '\0';
        if (strstr(sql, row + strspn(row, " ")) == NULL) {
            fail_msg("no migration has the edge %s", row);
        }
    }
    free(edges);
    free(sql);
}

int
main(int argc, char **argv)
{
    /* workflow_test --sql | --markdown prints what the tables say. */
    if (argc == 2 && strcmp(argv[1], "--sql") == 0) {
        workflow_sql_edges(stdout, "edge");
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
            workflow_print_markdown(stdout, machine(id));
        }
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_is_reached_and_left),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_facts_fail_closed),
        cmocka_unit_test(test_measure_timed),
        cmocka_unit_test(test_measure_other_classes),
        cmocka_unit_test(test_measure_guards),
        cmocka_unit_test(test_recusal),
        cmocka_unit_test(test_problem),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_extension),
        cmocka_unit_test(test_notice),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_option_bound),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_sql_edges),
        cmocka_unit_test(test_migrations_know_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
