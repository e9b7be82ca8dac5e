/* The due index: a run that reads only what can have changed finds what a run over everything
 * finds. Random histories: dates move, measures are claimed, closed, reopened, notices run out,
 * tables come in, ticks are missed, the clock goes back, ladder and calendar change. After every
 * tick everything is marked and judged again, and that second run must have nothing to say. */
#include "tests/service/slice.h"

enum { TICKS = 60, HISTORIES = 2, MEASURES = 4 };

static uint64_t seed;
static int32_t today;
static int matter_count;
static int node_count;

static uint32_t
random_below(uint32_t n)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return (uint32_t)(seed >> 33U) % n;
}

static bool
one_in(uint32_t n)
{
    return random_below(n) == 0;
}

static const char *
day_near(int before, int after)
{
    char *text = arena_alloc(&slice_arena, DAY_TEXT_SIZE);
    assert_non_null(text);
    return day_print(today - before + (int32_t)random_below((uint32_t)(before + after)), text);
}

static const char *
any_measure(void)
{
    return slice_id(61 + (int)random_below(MEASURES));
}

/* All runs of a tick; what they raised and cancelled together. */
static int
run_all(void)
{
    int changes = 0;
    for (int i = 0; i < 50; i++) {
        const Pb__JobReply *r = slice_job("RaiseAlerts");
        changes += r->changed + r->cancelled;
        if (!r->more) {
            return changes;
        }
    }
    fail_msg("the job never ends");
    return 0;
}

static void
mark_everything(void)
{
    slice_sql("INSERT INTO rectify.watch_mark (tenant, kind, subject)"
              " SELECT tenant, 'MEASURE', id FROM rectify.measure"
              " UNION ALL SELECT tenant, 'TABLE', id FROM rectify.periodic_table"
              " UNION ALL SELECT tenant, 'MATTER', id FROM rectify.matter");
}

/* ---- what happens ---- */

static void
move_a_date(void)
{
    slice_sql("UPDATE rectify.milestone SET current_due = '%s', due_version = due_version + 1,"
              " version = version + 1 WHERE measure = '%s' AND kind = %u",
              day_near(20, 60), any_measure(), 1 + random_below(2));
}

/* One step of the machine, whichever it is; the milestones go along. */
static void
step_a_measure(void)
{
    static const char *const edges[][2] = {
        {"ASSIGNED", "IN_PROGRESS"},
        {"IN_PROGRESS", "EFFECT_CLAIMED"},
        {"EFFECT_CLAIMED", "IN_PROGRESS"},
        {"EFFECT_CLAIMED", "EFFECT_REACHED"},
        {"EFFECT_REACHED", "COMPLETE_CLAIMED"},
        {"COMPLETE_CLAIMED", "DONE"},
        {"COMPLETE_CLAIMED", "SUSTAINING"},
        {"SUSTAINING", "DONE"},
        {"DONE", "IN_PROGRESS"},
        {"SUSTAINING", "IN_PROGRESS"},
    };
    const char *const *edge = edges[random_below(sizeof edges / sizeof edges[0])];
    const char *id = any_measure();
    slice_sql("UPDATE rectify.measure SET state = '%s', version = version + 1,"
              " signed_ms = coalesce(signed_ms, %lld), next_check_day = '%s',"
              " round = round + CASE WHEN '%s' = 'DONE' THEN 1 ELSE 0 END"
              " WHERE id = '%s' AND state = '%s'",
              edge[1], (long long)day_to_instant(today, ZONE_CHINA_MIN), day_near(5, 30), edge[0],
              id, edge[0]);
    slice_sql("UPDATE rectify.milestone s SET version = s.version + 1,"
              " claimed_day = CASE WHEN m.state LIKE '%%CLAIMED' THEN date '%s' END,"
              " reached_day = CASE WHEN m.state IN ('DONE', 'SUSTAINING')"
              "  OR (m.state = 'EFFECT_REACHED' AND s.kind = 1) THEN date '%s' END"
              " FROM rectify.measure m WHERE m.id = s.measure AND m.id = '%s'",
              day_near(3, 1), day_near(3, 1), id);
}

static void
report_progress(void)
{
    slice_sql("UPDATE rectify.measure SET percent = %u, unchanged_periods = %u,"
              " version = version + 1 WHERE id = '%s'",
              random_below(101), random_below(4), any_measure());
}

static void
issue_a_notice(void)
{
    int no = ++matter_count;
    const char *states[] = {"ISSUED", "SIGNED_FOR", "REPLIED"};
    slice_sql("INSERT INTO rectify.matter (tenant, id, kind, ref, measure, org, holder, state,"
              " level, due, opened_ms, state_ms, version, event_id) VALUES (1, '%s', 'notice',"
              " 'DB-%04d', '%s', '%s', '%s', 'PROPOSED', %u, '%s', 0, 0, 1, '%s')",
              slice_id(1000 + no), no, any_measure(), slice_id(5), slice_id(1), 1 + random_below(3),
              day_near(3, 10), slice_id(1));
    for (uint32_t i = 0; i <= random_below(3); i++) {
        slice_sql("UPDATE rectify.matter SET state = '%s', version = version + 1 WHERE id = '%s'",
                  states[i], slice_id(1000 + no));
    }
}

static void
settle_a_notice(void)
{
    if (matter_count == 0) {
        return;
    }
    slice_sql("UPDATE rectify.matter SET state = 'NOT_SATISFIED', version = version + 1"
              " WHERE id = '%s' AND state IN ('ISSUED', 'SIGNED_FOR', 'REPLIED')",
              slice_id(1001 + (int)random_below((uint32_t)matter_count)));
}

static void
hand_in_a_table(void)
{
    slice_sql("UPDATE rectify.periodic_table SET state = 'DRAFT', version = version + 1"
              " WHERE state = 'OPEN' AND id = (SELECT min(id::text)::uuid"
              " FROM rectify.periodic_table WHERE state = 'OPEN')");
    if (one_in(2)) {
        slice_sql("UPDATE rectify.periodic_table SET state = 'SUBMITTED', version = version + 1"
                  " WHERE state = 'DRAFT'");
    }
}

static void
touch_a_node(void)
{
    if (node_count > 0 && one_in(2)) {
        slice_sql("UPDATE rectify.milestone_node SET reached_day = '%s', version = version + 1 "
                  "WHERE no = %u",
                  day_near(3, 1), 1 + random_below((uint32_t)node_count));
        return;
    }
    slice_sql("INSERT INTO rectify.milestone_node (tenant, measure, no, title, due, event_id)"
              " VALUES (1, '%s', %d, '样例节点', '%s', '%s')",
              any_measure(), ++node_count, day_near(5, 40), slice_id(1));
}

static void
change_the_calendar(void)
{
    slice_sql("INSERT INTO rectify.calendar_day (tenant, year, version, day, working, name,"
              " event_id) SELECT 1, 2026, coalesce(max(version), 0) + 1, '2026-12-%02u', false,"
              " '样例', '%s' FROM rectify.calendar_day",
              1 + random_below(28), slice_id(1));
}

/* Half the rules of the default ladder, as a version that is on at once. */
static void
change_the_ladder(void)
{
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    long version = slice_count("SELECT coalesce(max(version), 0) + 1 FROM rectify.ladder_rule");
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || one_in(2)) {
            slice_sql("INSERT INTO rectify.ladder_rule (tenant, version, no, level, repeat,"
                      " subject, class_mask, trigger, parameter, direct, recipients, proposals,"
                      " event_id) VALUES (1, %ld, %zu, %d, %d, '%s', %d, '%s', %d, false, %u, 0,"
                      " '%s')",
                      version, i, rules[i].level, rules[i].repeat,
                      ladder_subject_name((enum ladder_subject)rules[i].subject),
                      rules[i].class_mask,
                      ladder_trigger_name((enum ladder_trigger)rules[i].trigger),
                      rules[i].parameter, rules[i].recipients, slice_id(1));
        }
    }
    slice_sql("INSERT INTO rectify.setting (tenant, name, version, value, event_id)"
              " VALUES (1, 'ladder_version', %ld, '%ld', '%s')",
              version, version, slice_id(1));
}

static void
something_happens(void)
{
    static void (*const things[])(void) = {
        move_a_date,     move_a_date,    step_a_measure,  step_a_measure,  step_a_measure,
        report_progress, issue_a_notice, settle_a_notice, hand_in_a_table, touch_a_node,
    };
    things[random_below(sizeof things / sizeof things[0])]();
    if (one_in(40)) {
        change_the_calendar();
    }
    if (one_in(60)) {
        change_the_ladder();
    }
}

static void
time_passes(void)
{
    static const int steps[] = {0, 1, 1, 1, 1, 2, 3, 9, -2, -6};
    char text[DAY_TEXT_SIZE];
    today += steps[random_below(sizeof steps / sizeof steps[0])];
    slice_day(day_print(today, text));
}

/* ---- tests ---- */

static void
a_run_finds_what_a_run_over_everything_finds(void **state)
{
    (void)state;
    long raised = 0;
    for (int history = 0; history < HISTORIES; history++) {
        seed = 0x9E3779B97F4A7C15ULL + (uint64_t)history * 7919;
        assert_int_equal(day_parse("2026-11-10", &today), STATUS_OK);
        for (int tick = 0; tick < TICKS; tick++) {
            uint32_t events = random_below(5);
            for (uint32_t i = 0; i < events; i++) {
                something_happens();
            }
            time_passes();
            slice_job("OpenObligations");
            raised += run_all();
            mark_everything();
            int missed = run_all();
            if (missed != 0) {
                print_error("history %d, tick %d: %d changes were missed\n", history, tick, missed);
            }
            assert_int_equal(missed, 0);
        }
    }
    assert_true(raised > 100);
    assert_int_equal(slice_count("SELECT count(*) - count(DISTINCT key) FROM rectify.alert"), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.watch_mark"), 0);
}

/* The control: a change that nobody marks, and whose day is not due, is missed by a run and found
 * by one over everything. */
static void
the_marks_matter(void **state)
{
    (void)state;
    slice_sign_all();
    run_all();
    slice_sql("ALTER TABLE rectify.milestone DISABLE TRIGGER milestone_watch");
    slice_sql("UPDATE rectify.milestone SET current_due = '2026-11-01', due_version = 2,"
              " version = version + 1 WHERE measure = '%s' AND kind = 1",
              slice_id(63));
    slice_sql("ALTER TABLE rectify.milestone ENABLE TRIGGER milestone_watch");
    assert_int_equal(run_all(), 0);
    mark_everything();
    assert_true(run_all() > 0);
}

/* Nothing to do: no event, nothing written, and only the state and two ranges are read. */
static void
an_idle_run_leaves_nothing(void **state)
{
    (void)state;
    slice_sign_all();
    slice_job("OpenObligations");
    run_all();
    long events = slice_count("SELECT count(*) FROM rectify.event");
    long rows = slice_count("SELECT count(*) FROM rectify.watch");
    assert_int_equal(rows, slice_count("SELECT count(*) FROM rectify.measure") +
                               slice_count("SELECT count(*) FROM rectify.periodic_table"));
    assert_int_equal(run_all(), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"), events);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.watch WHERE next_day <="
                                 " date '2026-11-10'"),
                     0);
}

/* The office's own clock, a unit's task, a check, a node: each from its own table. */
static void
everything_with_a_day_is_watched(void **state)
{
    (void)state;
    slice_sign_all();
    run_all();
    slice_sql(
        "INSERT INTO rectify.matter (tenant, id, kind, ref, measure, org, holder, state, due,"
        " milestone, old_due, new_due, level, ordinal, opened_ms, state_ms, version, event_id)"
        " VALUES (1, '%s', 'extension', 'YQ-0001', '%s', '%s', '%s', 'SUBMITTED',"
        " '2026-11-09', 2, '2026-12-31', '2027-01-10', 1, 1, 0, 0, 1, '%s')",
        slice_id(901), slice_id(61), slice_id(5), slice_id(3), slice_id(1));
    slice_sql("INSERT INTO rectify.milestone_node (tenant, measure, no, title, due, event_id)"
              " VALUES (1, '%s', 2, '样例节点', '2026-11-14', '%s')",
              slice_id(63), slice_id(1));
    run_all();
    assert_int_equal(slice_count("SELECT level FROM rectify.alert WHERE subject_ref = 'YQ-0001'"),
                     4);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.alert WHERE trigger = 'NODE_DUE'"),
                     1);
    /* Whoever holds it hears, and the office; not the unit that asked. */
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.delivery d JOIN rectify.alert a"
                                 " ON a.id = d.alert WHERE a.subject_ref = 'YQ-0001'"),
                     3);
    slice_day("2026-11-12");
    run_all();
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.delivery d JOIN rectify.alert a"
                                 " ON a.id = d.alert WHERE a.subject_ref = 'YQ-0001'"
                                 " AND a.key LIKE '%/r1'"),
                     4);
    slice_sql("UPDATE rectify.matter SET state = 'APPROVED', version = 2 WHERE ref = 'YQ-0001'");
    assert_int_equal(slice_job("RaiseAlerts")->cancelled, 2);
}

/* What a level proposes is kept with its alert; whatever is direct too. */
static void
proposals_are_kept(void **state)
{
    (void)state;
    slice_sign_all();
    slice_day("2026-12-05"); /* 15 days after the effect's day */
    run_all();
    assert_int_equal(slice_count("SELECT proposals FROM rectify.alert WHERE level = 6 AND"
                                 " subject_ref = 'P-01-M-01' AND milestone = 1"),
                     PROPOSE_NOTICE_2);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.alert WHERE level = 6 AND direct"),
                     slice_count("SELECT count(*) FROM rectify.alert WHERE level = 6"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_run_finds_what_a_run_over_everything_finds),
        TEST(the_marks_matter),
        TEST(an_idle_run_leaves_nothing),
        TEST(everything_with_a_day_is_watched),
        TEST(proposals_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
