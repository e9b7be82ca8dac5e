/* Decisions on measures, problems and sittings, walked: every state × command × role × own and
 * foreign unit. What the table does not hold is refused, with the reason that holds. */
#include "server/service/sitting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TODAY = 20000, NOW = 1728000000 };

static const uint32_t seats[] = {ROLE_OFFICE, ROLE_LGROUP, ROLE_SGROUP, ROLE_LEADER,
                                 ROLE_PLEAD,  ROLE_MLEAD,  ROLE_PART,   ROLE_DISC,
                                 ROLE_ORGD,   ROLE_PUBL,   ROLE_AUDIT,  ROLE_ADMIN};
enum { SEATS = sizeof seats / sizeof seats[0] };

/* Orgs an actor may come from: the relations of the things below, and a stranger. */
static const char *const orgs[] = {"plead-id",  "mlead-id", "part-id",
                                   "leader-id", "sg-id",    "else-id"};
enum { ORGS = sizeof orgs / sizeof orgs[0] };

static struct measure_record
measure_in(const char *state)
{
    struct measure_record m = {
        .id = "m1",
        .ref = "P-01-M-01",
        .text = "样例",
        .target = "样例",
        .class_ = CLASS_TIMED,
        .leader = {"leader-id", "leader"},
        .lead = {"mlead-id", "mlead"},
        .plead = {"plead-id", "plead"},
        .sgroup = {"sg-id", "sg"},
        .participants = "part-id=part",
        .state = state,
        .round = 1,
        .percent = 100,
        .reported_day = NO_DATE,
        .next_check_day = NO_DATE,
        .claimed_from = STATE_IN_PROGRESS,
        .version = 4,
    };
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        m.milestones[i] =
            (struct milestone_record){true, TODAY - 9, TODAY - 9, 1, TODAY - 20, TODAY - 20, 2};
    }
    return m;
}

static struct problem_record
problem_in(const char *state)
{
    return (struct problem_record){
        .id = "p1",
        .ref = "P-01",
        .title = "样例",
        .state = state,
        .lead = {"plead-id", "plead"},
        .lead_kind = "UNIT",
        .sgroup = {"sg-id", "sg"},
        .origin = "FEEDBACK",
        .round = 1,
        .closed_day = NO_DATE,
        .version = 7,
    };
}

static const struct problem_counts finished = {
    .total = 2, .finished = 2, .live = 2, .done = 1, .sustaining = 1};

/* The edges an actor with these roles could take at all. */
static bool
table_knows(const struct workflow_machine *m, const char *from, const char *command, uint32_t roles)
{
    for (size_t i = 0; i < m->edge_count; i++) {
        const struct workflow_edge *e = &m->edges[i];
        if (strcmp(e->from, from) == 0 && strcmp(e->command, command) == 0 &&
            (e->who & roles) != 0) {
            return true;
        }
    }
    return false;
}

/* Whether they could give the command in any state. */
static bool
table_knows_ever(const struct workflow_machine *m, const char *command, uint32_t roles)
{
    bool ever = false;
    for (size_t i = 0; i < m->edge_count; i++) {
        ever = ever || table_knows(m, m->edges[i].from, command, roles);
    }
    return ever;
}

static void
check_refusal(const struct workflow_machine *m, const char *from, const char *command,
              uint32_t roles, const struct fault *fault)
{
    if (workflow_find(m, from, command) == NULL) {
        bool ever = table_knows_ever(m, command, roles);
        assert_string_equal(fault->reason, ever ? "STATE_FORBIDS" : "ROLE_FORBIDS");
    } else if (!table_knows(m, from, command, roles)) {
        assert_true(strcmp(fault->reason, "ROLE_FORBIDS") == 0 ||
                    strcmp(fault->reason, "RECUSED") == 0 ||
                    strcmp(fault->reason, "ALREADY_ENDORSED") == 0);
    }
    assert_non_null(strstr(fault->message, "。"));
}

static void
walk_measure(const char *from, const char *command, const struct actor *actor)
{
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_MEASURE);
    struct measure_record m = measure_in(from);
    struct measure_outcome o = {0};
    struct fault fault = {0};
    struct measure_order order = {
        .command = command,
        .reason_given = true,
        .next_check_day = TODAY + 30,
        .evidence_count = 1,
        .evidence_strong = 1,
        .today = TODAY,
        .now_ms = NOW,
        .ground_given = true,
        .effect_due = TODAY + 40,
        .complete_due = TODAY + 50,
        .amendment_approved = true,
    };
    uint32_t roles = measure_roles(&m, actor);
    enum status s = measure_step(&m, actor, &order, &o, &fault);
    if (s != STATUS_OK) {
        check_refusal(machine, from, command, roles, &fault);
        return;
    }
    assert_true(table_knows(machine, from, command, roles));
    assert_int_equal(o.next.version, m.version + 1);
    assert_string_equal(o.next.state, o.edge->to);
    for (int i = 0; i < MILESTONE_COUNT; i++) { /* whatever happens */
        assert_int_equal(o.next.milestones[i].original_due, m.milestones[i].original_due);
    }
}

static void
every_command_of_a_measure(void **state)
{
    (void)state;
    const struct workflow_machine *m = workflow_machine(WORKFLOW_MEASURE);
    for (size_t s = 0; s < m->state_count; s++) {
        for (size_t e = 0; e < m->edge_count; e++) {
            for (int r = 0; r < SEATS; r++) {
                for (int g = 0; g < ORGS; g++) {
                    struct actor actor = {.account_id = "a", .org_id = orgs[g], .roles = seats[r]};
                    walk_measure(m->states[s].code, m->edges[e].command, &actor);
                }
            }
        }
    }
}

static void
walk_problem(const char *from, const char *command, const struct actor *actor, bool recused)
{
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_PROBLEM);
    struct problem_record p = problem_in(from);
    struct problem_outcome o = {0};
    struct fault fault = {0};
    struct problem_order order = {
        .command = command,
        .reason_given = true,
        .ground_given = true,
        .report = "样例",
        .lessons = "样例",
        .group_opinion = "样例",
        .today = TODAY,
        .now_ms = NOW,
    };
    if (recused) {
        p.lead_kind = "OFFICE";
    }
    uint32_t roles = problem_roles(&p, actor);
    enum status s = problem_step(&p, &finished, actor, &order, &o, &fault);
    if (s != STATUS_OK) {
        check_refusal(machine, from, command, roles, &fault);
        return;
    }
    bool judges = strcmp(command, "forward") == 0 || strcmp(command, "return") == 0;
    assert_true(table_knows(machine, from, command, roles));
    assert_true(!judges || problem_independent(&p, actor));
    assert_true(!judges || recused == ((roles & ROLE_OFFICE) == 0));
    assert_string_not_equal(command, "close"); /* without the bodies' opinions, never */
    assert_string_not_equal(command, "refuse");
    assert_int_equal(o.next.version, p.version + 1);
}

static void
every_command_of_a_problem(void **state)
{
    (void)state;
    const struct workflow_machine *m = workflow_machine(WORKFLOW_PROBLEM);
    for (size_t s = 0; s < m->state_count; s++) {
        for (size_t e = 0; e < m->edge_count; e++) {
            for (int r = 0; r < SEATS; r++) {
                for (int g = 0; g < ORGS; g++) {
                    struct actor actor = {.account_id = "a", .org_id = orgs[g], .roles = seats[r]};
                    walk_problem(m->states[s].code, m->edges[e].command, &actor, false);
                    walk_problem(m->states[s].code, m->edges[e].command, &actor, true);
                }
            }
        }
    }
}

/* Options say what the step says. */
static void
options_agree_with_steps(void **state)
{
    (void)state;
    const struct workflow_machine *m = workflow_machine(WORKFLOW_PROBLEM);
    for (size_t s = 0; s < m->state_count; s++) {
        for (int r = 0; r < SEATS; r++) {
            for (int g = 0; g < ORGS; g++) {
                struct actor actor = {.account_id = "a", .org_id = orgs[g], .roles = seats[r]};
                struct problem_record p = problem_in(m->states[s].code);
                struct workflow_option options[WORKFLOW_OPTIONS_MAX];
                size_t n = problem_options(&p, &finished, &actor, options);
                for (size_t i = 0; i < n; i++) {
                    struct problem_outcome o;
                    struct fault fault = {0};
                    struct problem_order order = {.command = options[i].command,
                                                  .reason_given = true,
                                                  .ground_given = true,
                                                  .report = "样例",
                                                  .lessons = "样例",
                                                  .group_opinion = "样例"};
                    bool taken =
                        problem_step(&p, &finished, &actor, &order, &o, &fault) == STATUS_OK;
                    assert_int_equal(taken, options[i].allowed);
                }
            }
        }
    }
}

/* ---- reopening ---- */

static void
taking_up_again_clears_what_was_reached(void **state)
{
    (void)state;
    static const char *const commands[] = {COMMAND_REOPEN, COMMAND_FAIL};
    struct actor disc = {.account_id = "a", .org_id = "disc-id", .roles = ROLE_DISC};
    for (int i = 0; i < 2; i++) {
        struct measure_record m = measure_in(STATE_SUSTAINING);
        struct measure_outcome o;
        struct fault fault = {0};
        struct measure_order order = {.command = commands[i],
                                      .reason_given = true,
                                      .ground_given = true,
                                      .next_check_day = NO_DATE,
                                      .effect_due = TODAY + 1,
                                      .complete_due = TODAY + 1,
                                      .today = TODAY};
        assert_int_equal(measure_step(&m, &disc, &order, &o, &fault), STATUS_OK);
        assert_int_equal(o.next.round, 2);
        assert_int_equal(o.next.percent, -1);
        for (int k = 0; k < MILESTONE_COUNT; k++) {
            const struct milestone_record *ms = &o.next.milestones[k];
            assert_true(o.milestone_changed[k]);
            assert_int_equal(ms->original_due, TODAY - 9);
            assert_int_equal(ms->current_due, TODAY + 1);
            assert_int_equal(ms->due_version, 2);
            assert_int_equal(ms->claimed_day, NO_DATE);
            assert_int_equal(ms->reached_day, NO_DATE);
        }
        m.class_ = CLASS_IMMEDIATE; /* the effect's own date is nobody's */
        order.effect_due = NO_DATE;
        assert_int_equal(measure_step(&m, &disc, &order, &o, &fault), STATUS_OK);
        assert_int_equal(o.next.milestones[MILESTONE_EFFECT].current_due, TODAY - 9);
    }
}

static void
a_problem_is_taken_up_with_its_measure(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        bool moves;
        int32_t round;
    } cases[] = {{STATE_REGISTERED, false, 1},   {STATE_RECTIFYING, false, 1},
                 {STATE_CLOSE_APPLIED, true, 1}, {STATE_JOINT_REVIEW, true, 1},
                 {STATE_SUSTAINED, true, 2},     {STATE_CLOSED, true, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem_record p = problem_in(cases[i].state);
        struct problem_record next = p;
        p.applied_ms = p.forwarded_ms = 5;
        assert_int_equal(problem_reopened(&p, &next), cases[i].moves);
        assert_int_equal(next.round, cases[i].round);
        if (cases[i].moves) {
            assert_string_equal(next.state, STATE_RECTIFYING);
            assert_int_equal(next.applied_ms, 0);
            assert_int_equal(next.version, p.version + 1);
        }
    }
}

/* ---- who speaks for whom ---- */

static void
bodies_and_their_substitutes(void **state)
{
    (void)state;
    static const struct {
        const char *lead_kind;
        const char *lead;
        bool has_group;
        const char *org;
        uint32_t seat;
        uint32_t body;
        bool substitute;
    } cases[] = {
        {"UNIT", "unit-id", true, "disc-id", ROLE_DISC, ROLE_DISC, false},
        {"UNIT", "unit-id", true, "sg-id", ROLE_SGROUP, 0, false},
        {"UNIT", "unit-id", true, "lg-id", ROLE_LGROUP, 0, false},
        {"UNIT", "unit-id", true, "unit-id", ROLE_PLEAD, 0, false},
        {"DISC", "disc-id", true, "disc-id", ROLE_DISC, 0, false},
        {"DISC", "disc-id", true, "sg-id", ROLE_SGROUP, ROLE_DISC, true},
        {"DISC", "disc-id", true, "other-sg", ROLE_SGROUP, 0, false},
        {"DISC", "disc-id", true, "lg-id", ROLE_LGROUP, 0, false},
        {"DISC", "disc-id", false, "lg-id", ROLE_LGROUP, ROLE_DISC, true},
        {"DISC", "disc-id", true, "orgd-id", ROLE_ORGD, ROLE_ORGD, false},
        {"OFFICE", "office-id", true, "office-id", ROLE_OFFICE, 0, false},
        {"OFFICE", "office-id", true, "sg-id", ROLE_SGROUP, ROLE_OFFICE, true},
        {"SGROUP", "sg-id", true, "sg-id", ROLE_SGROUP, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem_record p = problem_in(STATE_JOINT_REVIEW);
        struct actor actor = {.account_id = "a", .org_id = cases[i].org, .roles = cases[i].seat};
        struct fault fault = {0};
        bool substitute = true;
        p.lead_kind = cases[i].lead_kind;
        p.lead.id = cases[i].lead;
        p.sgroup.id = cases[i].has_group ? "sg-id" : NULL;
        assert_int_equal(sitting_body_of(&p, &actor, &substitute, &fault), cases[i].body);
        assert_int_equal(substitute, cases[i].substitute);
        assert_int_equal(fault.reason[0] == '\0', cases[i].body != 0);
        /* Nobody speaks from a seat beside one in the lead unit, and nobody on behalf. */
        char seats_text[64];
        snprintf(seats_text, sizeof seats_text, "{%s}", cases[i].lead);
        actor.orgs = seats_text;
        assert_int_equal(sitting_body_of(&p, &actor, &substitute, NULL), 0);
        actor.orgs = NULL;
        actor.behalf = true;
        assert_int_equal(sitting_body_of(&p, &actor, &substitute, NULL), 0);
    }
}

static void
public_classes(void **state)
{
    (void)state;
    assert_string_equal(problem_public_class_zh(STATE_CLOSED), "完成整改");
    assert_string_equal(problem_public_class_zh(STATE_SUSTAINED), "基本完成并持续整改");
    assert_string_equal(problem_public_class_zh(STATE_JOINT_REVIEW), "正在整改");
    assert_string_equal(problem_public_class(STATE_RECTIFYING), "ONGOING");
    assert_false(problem_origin_by_hand("FEEDBACK"));
    assert_false(problem_origin_by_hand(NULL));
    assert_true(problem_origin_by_hand("PUBLIC"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_of_a_measure),
        cmocka_unit_test(every_command_of_a_problem),
        cmocka_unit_test(options_agree_with_steps),
        cmocka_unit_test(taking_up_again_clears_what_was_reached),
        cmocka_unit_test(a_problem_is_taken_up_with_its_measure),
        cmocka_unit_test(bodies_and_their_substitutes),
        cmocka_unit_test(public_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
