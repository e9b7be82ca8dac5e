/* Decisions on a measure, without a database: roles by relation, steps, what they leave behind. */
#include "server/service/evidence.h"
#include "server/service/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { TODAY = 20000, NOW = 1728000000 };

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
        .participants = "part-id=part,other-id=other",
        .state = state,
        .round = 1,
        .percent = -1,
        .reported_day = NO_DATE,
        .next_check_day = NO_DATE,
        .version = 4,
    };
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        m.milestones[i] =
            (struct milestone_record){true, TODAY + 10, TODAY + 10, 1, NO_DATE, NO_DATE, 2};
    }
    return m;
}

static struct actor
actor_of(const char *org, uint64_t roles)
{
    return (struct actor){.account_id = org, .org_id = org, .roles = roles};
}

static void
unit_roles_count_only_with_the_relation(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_ASSIGNED);
    static const struct {
        const char *org;
        uint64_t seat;
        uint32_t expected;
    } cases[] = {
        {"plead-id", ROLE_PLEAD, ROLE_PLEAD},
        {"mlead-id", ROLE_PLEAD, ROLE_MLEAD},
        {"mlead-id", ROLE_MLEAD, ROLE_MLEAD},
        {"part-id", ROLE_PLEAD, ROLE_PART},
        {"part-id", ROLE_PART, ROLE_PART},
        {"plead-id", ROLE_PART, 0},
        {"else-id", ROLE_PLEAD | ROLE_MLEAD | ROLE_PART, 0},
        {"leader-id", ROLE_LEADER, ROLE_LEADER},
        {"else-id", ROLE_LEADER, 0},
        {"sg-id", ROLE_SGROUP, ROLE_SGROUP},
        {"else-id", ROLE_SGROUP, 0},
        {"else-id", ROLE_OFFICE, ROLE_OFFICE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct actor a = actor_of(cases[i].org, cases[i].seat);
        assert_int_equal(measure_roles(&m, &a), cases[i].expected);
    }
    /* On behalf, the unit's relation counts and nothing of the office's own. */
    struct actor behalf = actor_of("plead-id", ROLE_OFFICE | ROLE_UNIT);
    behalf.behalf = true;
    assert_int_equal(measure_roles(&m, &behalf), ROLE_PLEAD);
}

static enum status
step(const struct measure_record *m, const struct actor *a, const char *command,
     struct measure_outcome *ret, struct fault *fault)
{
    struct measure_order order = {
        .command = command,
        .reason_given = true,
        .next_check_day = NO_DATE,
        .evidence_count = 1,
        .evidence_strong = 1,
        .today = TODAY,
        .now_ms = NOW,
    };
    *fault = (struct fault){0};
    return measure_step(m, a, &order, ret, fault);
}

static void
a_claim_stops_the_clock_and_a_return_starts_it(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_IN_PROGRESS);
    struct actor unit = actor_of("plead-id", ROLE_PLEAD);
    struct actor office = actor_of("office-id", ROLE_OFFICE);
    struct measure_outcome o = {0};
    struct fault fault;
    assert_int_equal(step(&m, &unit, COMMAND_CLAIM_EFFECT, &o, &fault), STATUS_OK);
    assert_string_equal(o.next.state, STATE_EFFECT_CLAIMED);
    assert_string_equal(o.next.claimed_from, STATE_IN_PROGRESS);
    assert_int_equal(o.next.version, 5);
    assert_int_equal(o.next.milestones[MILESTONE_EFFECT].claimed_day, TODAY);
    assert_int_equal(o.next.milestones[MILESTONE_EFFECT].version, 3);
    assert_true(o.milestone_changed[MILESTONE_EFFECT]);
    assert_false(o.milestone_changed[MILESTONE_COMPLETE]);
    struct measure_record claimed = o.next;
    assert_int_equal(step(&claimed, &office, COMMAND_RETURN, &o, &fault), STATUS_OK);
    assert_string_equal(o.next.state, STATE_IN_PROGRESS);
    assert_int_equal(o.next.round, 1); /* only a returned completion starts a round */
    assert_int_equal(o.next.milestones[MILESTONE_EFFECT].claimed_day, NO_DATE);
    assert_int_equal(step(&claimed, &office, COMMAND_CONFIRM, &o, &fault), STATUS_OK);
    assert_int_equal(o.next.milestones[MILESTONE_EFFECT].reached_day, TODAY);
    assert_null(o.next.claimed_from);
}

static void
a_confirmed_claim_counts_from_its_own_day(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_COMPLETE_CLAIMED);
    struct actor office = actor_of("office-id", ROLE_OFFICE);
    struct measure_outcome o = {0};
    struct fault fault;
    m.claimed_from = STATE_EFFECT_REACHED;
    m.milestones[MILESTONE_COMPLETE].claimed_day = TODAY - 30;
    assert_int_equal(step(&m, &office, COMMAND_CONFIRM, &o, &fault), STATUS_OK);
    assert_string_equal(o.next.state, STATE_DONE);
    assert_int_equal(o.next.milestones[MILESTONE_COMPLETE].reached_day, TODAY - 30);
    assert_int_equal(step(&m, &office, COMMAND_RETURN, &o, &fault), STATUS_OK);
    assert_string_equal(o.next.state, STATE_EFFECT_REACHED);
    assert_int_equal(o.next.round, 2);
}

static void
no_body_judges_its_own(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_EFFECT_CLAIMED);
    struct measure_outcome o = {0};
    struct fault fault;
    struct actor office = actor_of("office-id", ROLE_OFFICE);
    static const char *const own[] = {"plead-id", "mlead-id"};
    for (size_t i = 0; i < 2; i++) {
        struct actor a = actor_of(own[i], ROLE_OFFICE);
        assert_int_equal(step(&m, &a, COMMAND_CONFIRM, &o, &fault), STATUS_PERMISSION_DENIED);
        assert_string_equal(fault.reason, "RECUSED");
    }
    /* A second seat in the unit recuses as well. */
    office.orgs = "{office-id,mlead-id}";
    assert_int_equal(step(&m, &office, COMMAND_CONFIRM, &o, &fault), STATUS_PERMISSION_DENIED);
    /* The substitute judges only where the office is recused. */
    struct actor group = actor_of("sg-id", ROLE_SGROUP);
    assert_int_not_equal(step(&m, &group, COMMAND_CONFIRM, &o, &fault), STATUS_OK);
    m.office_leads = true;
    assert_int_equal(step(&m, &group, COMMAND_CONFIRM, &o, &fault), STATUS_OK);
}

static void
claims_of_another_unit_wait_for_the_problems_unit(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_IN_PROGRESS);
    struct measure_outcome o = {0};
    struct fault fault;
    struct actor own = actor_of("mlead-id", ROLE_MLEAD);
    struct actor lead = actor_of("plead-id", ROLE_PLEAD);
    struct actor office = actor_of("office-id", ROLE_OFFICE);
    assert_int_equal(step(&m, &own, COMMAND_CLAIM_EFFECT, &o, &fault), STATUS_OK);
    struct measure_record claimed = o.next;
    assert_string_equal(claimed.claimed_by.id, "mlead-id");
    assert_int_equal(step(&claimed, &office, COMMAND_CONFIRM, &o, &fault),
                     STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "NOT_ENDORSED");
    assert_int_equal(step(&claimed, &lead, COMMAND_ENDORSE, &o, &fault), STATUS_OK);
    assert_int_equal(step(&claimed, &lead, COMMAND_RETURN, &o, &fault), STATUS_OK);
    assert_null(o.next.claimed_by.id);
    claimed.endorsed_sha256 = "00";
    assert_int_equal(step(&claimed, &lead, COMMAND_ENDORSE, &o, &fault),
                     STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "ALREADY_ENDORSED");
    assert_int_equal(step(&claimed, &office, COMMAND_CONFIRM, &o, &fault), STATUS_OK);
    m.plead = m.lead; /* the same unit leads both: nobody else's claim */
    lead = actor_of("mlead-id", ROLE_PLEAD);
    assert_int_equal(step(&m, &lead, COMMAND_CLAIM_EFFECT, &o, &fault), STATUS_OK);
    assert_null(o.next.claimed_by.id);
}

/* The options of an actor, and what the step says to each of the commands. */
static void
compare_options(const struct measure_record *m, const struct actor *actor)
{
    static const char *const commands[] = {COMMAND_SIGN_FOR,       COMMAND_CLAIM_EFFECT,
                                           COMMAND_CLAIM_COMPLETE, COMMAND_CONFIRM,
                                           COMMAND_RETURN,         COMMAND_WITHDRAW};
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    size_t n = measure_options(m, actor, options);
    for (size_t c = 0; c < sizeof commands / sizeof commands[0]; c++) {
        struct measure_outcome o = {0};
        struct fault fault;
        bool taken = step(m, actor, commands[c], &o, &fault) == STATUS_OK;
        size_t j = 0;
        while (j < n && strcmp(options[j].command, commands[c]) != 0) {
            j++;
        }
        assert_true(j < n);
        assert_int_equal(options[j].allowed, taken);
    }
}

/* Every command that the options allow is taken by the step, and every other is refused. */
static void
options_and_steps_agree(void **state)
{
    (void)state;
    static const char *const states[] = {STATE_ASSIGNED, STATE_IN_PROGRESS, STATE_EFFECT_CLAIMED,
                                         STATE_EFFECT_REACHED, STATE_COMPLETE_CLAIMED};
    const struct actor actors[] = {
        actor_of("plead-id", ROLE_PLEAD),   actor_of("mlead-id", ROLE_MLEAD),
        actor_of("office-id", ROLE_OFFICE), actor_of("plead-id", ROLE_OFFICE),
        actor_of("sg-id", ROLE_SGROUP),     actor_of("audit-id", ROLE_AUDIT)};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct measure_record m = measure_in(states[i]);
        m.claimed_from = STATE_EFFECT_REACHED;
        for (size_t k = 0; k < sizeof actors / sizeof actors[0]; k++) {
            compare_options(&m, &actors[k]);
        }
    }
}

static void
unchanged_months_are_counted_once_a_period(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_IN_PROGRESS);
    measure_report(&m, 30, "甲", TODAY, false);
    assert_int_equal(m.unchanged_periods, 0);
    measure_report(&m, 30, "甲", TODAY, false);
    measure_report(&m, 30, "甲", TODAY, true); /* the same month, handed in again */
    assert_int_equal(m.unchanged_periods, 1);
    measure_report(&m, 30, "甲", TODAY, false);
    assert_int_equal(m.unchanged_periods, STALLED_PERIODS);
    measure_report(&m, 31, "甲", TODAY, false);
    assert_int_equal(m.unchanged_periods, 0);
}

static void
lights(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_IN_PROGRESS);
    struct milestone_record *ms = &m.milestones[MILESTONE_COMPLETE];
    m.class_ = CLASS_IMMEDIATE;
    m.milestones[MILESTONE_EFFECT].current_due = TODAY - 5; /* does not count for 立行立改 */
    assert_int_equal(measure_light(&m, TODAY), PB__LIGHT__DUE_SOON);
    ms->current_due = TODAY + DUE_SOON_DAYS + 1;
    assert_int_equal(measure_light(&m, TODAY), PB__LIGHT__NORMAL);
    ms->current_due = TODAY;
    assert_int_equal(measure_light(&m, TODAY), PB__LIGHT__DUE_SOON);
    assert_int_equal(measure_light(&m, TODAY + 1), PB__LIGHT__OVERDUE);
    ms->claimed_day = TODAY; /* handed in on the day: the wait is the office's */
    assert_int_equal(measure_light(&m, TODAY + 100), PB__LIGHT__NORMAL);
    ms->claimed_day = NO_DATE;
    ms->current_due = NO_DATE;
    assert_int_equal(measure_light(&m, TODAY), PB__LIGHT__LIGHT_UNSPECIFIED);
    m = measure_in(STATE_DRAFT);
    assert_int_equal(measure_light(&m, TODAY + 100), PB__LIGHT__LIGHT_UNSPECIFIED);
}

static void
a_file_counts_once(void **state)
{
    (void)state;
    struct measure_record m = measure_in(STATE_IN_PROGRESS);
    struct evidence_record files[] = {
        {.id = "f1", .org_id = "plead-id", .kind = PB__EVIDENCE_KIND__DOCUMENT},
        {.id = "f2", .org_id = "plead-id", .kind = PB__EVIDENCE_KIND__PHOTO},
        {.id = "f3", .org_id = "else-id", .kind = PB__EVIDENCE_KIND__PHOTO},
    };
    struct evidence_link_record links[] = {{"m1", "f2", 1, NULL, PB__EVIDENCE_KIND__PHOTO}};
    struct evidence_list found = {files, 3, 3};
    struct evidence_link_list linked = {links, 1, 1};
    struct evidence_shelf shelf = {&found, &linked, "plead-id"};
    struct fault fault = {0};
    char f1[] = "f1";
    char f2[] = "f2";
    char f3[] = "f3";
    char *ids[] = {f1, f2, f1};
    struct evidence_attachment a = {.ids = ids, .count = 3};
    m.evidence_count = m.evidence_strong = 1; /* f2 */
    assert_int_equal(evidence_attach(&m, &shelf, "evidence", &a, &fault), STATUS_OK);
    assert_int_equal(a.evidence_count, 2);
    assert_int_equal(a.evidence_strong, 1);
    links[0].round = 0; /* of a former round: it counts again */
    m.evidence_count = m.evidence_strong = 0;
    assert_int_equal(evidence_attach(&m, &shelf, "evidence", &a, &fault), STATUS_OK);
    assert_int_equal(a.evidence_count, 2);
    ids[2] = f3;
    assert_int_equal(evidence_attach(&m, &shelf, "evidence", &a, &fault), STATUS_NOT_FOUND);
    assert_string_equal(fault.field, "evidence[2]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unit_roles_count_only_with_the_relation),
        cmocka_unit_test(a_claim_stops_the_clock_and_a_return_starts_it),
        cmocka_unit_test(a_confirmed_claim_counts_from_its_own_day),
        cmocka_unit_test(no_body_judges_its_own),
        cmocka_unit_test(claims_of_another_unit_wait_for_the_problems_unit),
        cmocka_unit_test(options_and_steps_agree),
        cmocka_unit_test(unchanged_months_are_counted_once_a_period),
        cmocka_unit_test(lights),
        cmocka_unit_test(a_file_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
