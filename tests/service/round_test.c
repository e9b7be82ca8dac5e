/* On-site rounds (专项督查): a final FALSE of a finished measure opens it again, with its problem;
 * nothing else does. */
#include "tests/service/closing.h"
#include "tests/service/matter_calls.h"
#include "tests/service/racer.h"

#define TRUE_ PB__SAMPLE_VERDICT__SAMPLE_TRUE
#define PARTLY PB__SAMPLE_VERDICT__SAMPLE_PARTLY
#define FALSE_ PB__SAMPLE_VERDICT__SAMPLE_FALSE
#define NOT_SEEN PB__SAMPLE_VERDICT__SAMPLE_NOT_SEEN

static const char *const measures[] = {"P-01-M-01", "P-01-M-02", "P-01-M-03"};

/* ---- a round ---- */

/* Plans and starts a round over the first n measures of P-01. */
static void
begin(int account, size_t n)
{
    char *chosen[3];
    for (size_t i = 0; i < n; i++) {
        chosen[i] = slice_text(measures[i]);
    }
    matter_in()->scheduled_on = slice_text("2026-11-10");
    matter_input.measures = chosen;
    matter_input.n_measures = n;
    matter_done(matter_open(account, "round", NULL), "PLANNED");
    matter_done(matter_act(account, "DC-0001", "start"), "RUNNING");
}

static void
feed_back(int account, const Pb__SampleVerdict *verdicts, size_t n)
{
    Pb__MatterSample lines[3];
    Pb__MatterSample *list[3];
    for (size_t i = 0; i < n; i++) {
        pb__matter_sample__init(&lines[i]);
        lines[i].measure_ref = slice_text(measures[i]);
        lines[i].has_verdict = 1;
        lines[i].verdict = verdicts[i];
        lines[i].found = verdicts[i] == TRUE_ ? NULL : slice_text("样例：台账为空。");
        list[i] = &lines[i];
    }
    matter_in()->verdicts = list;
    matter_input.n_verdicts = n;
    matter_done(matter_act(account, "DC-0001", "judge"), "RUNNING");
    matter_done(matter_act(account, "DC-0001", "conclude"), "CONCLUDED");
    matter_done(matter_act(account, "DC-0001", "feed_back"), "FED_BACK");
}

static void
all_finished(void)
{
    closing_measure_to(61, "DONE");
    closing_measure_to(62, "DONE");
    closing_measure_to(63, "SUSTAINING");
}

static Pb__MatterInput *
dates(const char *effect, const char *complete)
{
    matter_in()->effect_due = slice_text(effect);
    matter_input.due = slice_text(complete);
    return &matter_input;
}

static const Pb__CallReply *
finalize(int account)
{
    return matter_act(account, "DC-0001", "finalize");
}

static void
state_is(const char *ref, const char *state, int round)
{
    const Pb__Measure *m = slice_measure(OFFICE1, ref)->measure;
    assert_string_equal(m->state, state);
    assert_int_equal(m->round, round);
}

static long
events(void)
{
    return slice_count("SELECT count(*) FROM rectify.event");
}

/* ---- what opens ---- */

static void
a_false_of_what_was_finished_opens_it(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_, FALSE_, FALSE_};
    (void)state;
    all_finished();
    begin(DISC1, 3);
    feed_back(DISC1, verdicts, 3);
    /* Refused as a whole, all that lack a date named. */
    long before = events();
    const Pb__CallReply *r = finalize(DISC1);
    slice_expect(r, STATUS_INVALID_ARGUMENT, "NEW_DATES_MISSING");
    assert_string_equal(r->status->violations[0]->field, "due");
    for (int i = 0; i < 3; i++) {
        assert_non_null(strstr(r->status->message, measures[i]));
    }
    dates(NULL, "2027-02-28");
    r = finalize(DISC1);
    slice_expect(r, STATUS_INVALID_ARGUMENT, "NEW_DATES_MISSING");
    assert_string_equal(r->status->violations[0]->field, "effect_due");
    assert_null(strstr(r->status->message, measures[1])); /* 立行立改 has no such date */
    dates("2027-01-31", "2026-11-10");
    slice_expect(finalize(DISC1), STATUS_INVALID_ARGUMENT, "NEW_DATE_NOT_LATER");
    dates("2027-03-01", "2027-02-28");
    slice_expect(finalize(DISC1), STATUS_INVALID_ARGUMENT, "DATES_ORDER");
    assert_int_equal(events(), before);
    state_is("P-01-M-01", "DONE", 1);
    /* One measure by a line of its own. */
    Pb__MatterSample own = PB__MATTER_SAMPLE__INIT;
    Pb__MatterSample *lines[] = {&own};
    own.measure_ref = slice_text("P-01-M-03");
    own.effect_due = slice_text("2027-03-31");
    own.complete_due = slice_text("2027-04-30");
    dates("2027-01-31", "2027-02-28");
    matter_input.verdicts = lines;
    matter_input.n_verdicts = 1;
    const Pb__Matter *m = matter_done(finalize(DISC1), "FINAL");
    assert_int_equal(m->reopened, 3);
    for (int i = 0; i < 3; i++) {
        state_is(measures[i], "IN_PROGRESS", 2);
    }
    static const char all_open[] =
        "SELECT count(*) FROM rectify.milestone s JOIN rectify.measure m ON m.id = s.measure"
        " WHERE m.ref LIKE 'P-01-%' AND s.claimed_day IS NULL AND s.reached_day IS NULL"
        "   AND s.original_due < '2027-01-01' AND s.due_version = 2"
        "   AND s.current_due = CASE WHEN m.ref = 'P-01-M-03' THEN CASE s.kind WHEN 1 THEN"
        " date '2027-03-31' ELSE '2027-04-30' END ELSE CASE s.kind WHEN 1 THEN"
        " date '2027-01-31' ELSE '2027-02-28' END END";
    assert_int_equal(slice_count(all_open), 5);
    /* One event holds it all; the unit reads why. */
    assert_int_equal(events(), before + 1);
    assert_int_equal(slice_count("SELECT count(DISTINCT c.event_id) FROM rectify.event_change c"
                                 " WHERE c.command IN ('reopen', 'finalize')"),
                     1);
    const Pb__GetMeasureReply *g = slice_measure(UNIT1, "P-01-M-01");
    const Pb__HistoryEntry *last = g->history[g->n_history - 1];
    assert_string_equal(last->command, "reopen");
    assert_non_null(strstr(last->reason, "SPOT_CHECK"));
    assert_non_null(strstr(last->reason, "DC-0001"));
    assert_non_null(strstr(last->reason, "台账为空"));
    assert_int_equal(matter_get(UNIT1, "DC-0001")->samples[0]->final_round, 2);
}

static void
nothing_else_opens_anything(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {TRUE_, PARTLY, NOT_SEEN};
    (void)state;
    all_finished();
    begin(DISC1, 3);
    feed_back(DISC1, verdicts, 3);
    const Pb__Matter *m = matter_done(finalize(DISC1), "FINAL"); /* no dates are asked for */
    assert_false(m->has_reopened);
    state_is("P-01-M-01", "DONE", 1);
    state_is("P-01-M-02", "DONE", 1);
    state_is("P-01-M-03", "SUSTAINING", 1);
    assert_int_equal(matter_get(DISC1, "DC-0001")->samples[0]->final_round, 1);
}

/* What is still under way goes on; its verdict counts all the same. */
static void
what_is_open_stays_as_it_is(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_, FALSE_};
    (void)state;
    slice_sign_all();
    closing_measure_to(62, "COMPLETE_CLAIMED");
    begin(DISC1, 2);
    feed_back(DISC1, verdicts, 2);
    matter_done(finalize(DISC1), "FINAL");
    state_is("P-01-M-01", "IN_PROGRESS", 1);
    state_is("P-01-M-02", "COMPLETE_CLAIMED", 1);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.false_verdict WHERE round = 1"), 2);
}

static void
what_moved_since_is_not_opened_again(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_};
    (void)state;
    all_finished();
    begin(DISC1, 1);
    feed_back(DISC1, verdicts, 1);
    Pb__ReopenRequest reopen = closing_reopen_request("P-01-M-01");
    (void)slice_ok(OFFICE1, "MeasureService/Reopen", &reopen.base, &pb__measure__descriptor);
    matter_done(finalize(DISC1), "FINAL");
    state_is("P-01-M-01", "IN_PROGRESS", 2);
    /* Done again in its second round, before the verdict on the first becomes final. */
    assert_int_equal(slice_tear_down(state), 0);
    assert_int_equal(closing_set_up(state), 0);
    all_finished();
    begin(DISC1, 1);
    feed_back(DISC1, verdicts, 1);
    (void)slice_ok(OFFICE1, "MeasureService/Reopen", &reopen.base, &pb__measure__descriptor);
    closing_measure_to(61, "DONE");
    matter_done(finalize(DISC1), "FINAL");
    state_is("P-01-M-01", "DONE", 2);
}

/* ---- the problem above ---- */

static void
check_problem(const char *before_state, const char *row_state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_, FALSE_};
    begin(DISC1, 2);
    feed_back(DISC1, verdicts, 2);
    long before = events();
    dates("2027-01-31", "2027-02-28");
    matter_done(finalize(DISC1), "FINAL");
    const Pb__GetProblemReply *g = closing_problem(OFFICE1, "P-01");
    assert_string_equal(g->problem->state, "RECTIFYING");
    bool closed = strcmp(before_state, "CLOSED") == 0 || strcmp(before_state, "SUSTAINED") == 0;
    assert_int_equal(g->problem->round, closed ? 2 : 1);
    assert_int_equal(events(), before + 1);
    /* Once, whatever the number of its measures, in the event of the round. */
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event_change c WHERE c.kind ="
                                 " 'problem' AND c.command = 'reopen' AND c.event_id IN (SELECT"
                                 " event_id FROM rectify.matter WHERE ref = 'DC-0001')"),
                     1);
    if (row_state != NULL) {
        char text[16];
        test_db_query("postgres", "SELECT state FROM rectify.sitting_row", text, sizeof text);
        assert_string_equal(text, row_state);
    }
}

static void
a_closed_problem_is_taken_up_too(void **state)
{
    static const char *const states[] = {"CLOSED", "SUSTAINED", "JOINT_REVIEW", "CLOSE_APPLIED"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (i > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(closing_set_up(state), 0);
        }
        closing_problem_to(states[i], strcmp(states[i], "SUSTAINED") == 0);
        if (strcmp(states[i], "JOINT_REVIEW") == 0) {
            closing_open();
            check_problem(states[i], "VOID");
        } else {
            check_problem(states[i], NULL);
        }
    }
}

/* The database holds it too: without the problem's part the same writes do not go in. */
static void
the_database_wants_the_problem_open(void **state)
{
    (void)state;
    closing_problem_to("CLOSED", false);
    assert_true(test_db_refused("postgres",
                                arena_printf(&slice_arena,
                                             "UPDATE rectify.measure SET state = 'IN_PROGRESS',"
                                             " round = 2, version = version + 1 WHERE id = '%s'",
                                             slice_id(61)),
                                "measure_open_problem_closed"));
}

/* ---- who ---- */

static void
whoever_sits_in_a_judged_unit_is_recused(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {TRUE_};
    (void)state;
    all_finished();
    begin(OFFICE1, 1);
    feed_back(OFFICE1, verdicts, 1);
    slice_sql("INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
              " VALUES (1, '%s', '%s', %d, '%s')",
              slice_id(OFFICE1), slice_id(5), (int)ROLE_PART, slice_id(1));
    slice_expect(finalize(OFFICE1), STATUS_FAILED_PRECONDITION, "OWN_WORK");
    matter_done(finalize(OFFICE2), "FINAL"); /* another person of the body */
}

/* The reopening is the round's: a special group may otherwise reopen nothing. */
static void
a_special_groups_round_opens_too(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_};
    (void)state;
    closing_problem_to("CLOSED", false);
    begin(SGROUP1, 1);
    feed_back(SGROUP1, verdicts, 1);
    dates("2027-01-31", "2027-02-28");
    slice_expect(finalize(DISC1), STATUS_FAILED_PRECONDITION, "NOT_HOLDING_BODY");
    dates("2027-01-31", "2027-02-28");
    matter_done(finalize(SGROUP1), "FINAL");
    state_is("P-01-M-01", "IN_PROGRESS", 2);
    assert_string_equal(closing_problem(OFFICE1, "P-01")->problem->state, "RECTIFYING");
    Pb__ReopenRequest reopen = closing_reopen_request("P-01-M-02");
    slice_refused(SGROUP1, "MeasureService/Reopen", &reopen.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
}

static void
a_stale_version_finalizes_nothing(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_};
    (void)state;
    all_finished();
    begin(DISC1, 1);
    feed_back(DISC1, verdicts, 1);
    int64_t version = matter_get(DISC1, "DC-0001")->matter->version;
    slice_expected = version - 1;
    dates("2027-01-31", "2027-02-28");
    const Pb__CallReply *r = finalize(DISC1);
    slice_expected = 0;
    slice_expect(r, STATUS_ABORTED, "STALE_VERSION");
    assert_int_equal(r->status->current_version, version);
    state_is("P-01-M-01", "DONE", 1);
    dates("2027-01-31", "2027-02-28");
    slice_expect(matter_act(UNIT1, "DC-0001", "finalize"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
}

static const char *
line_refused(const char *ref, bool verdict, const char *again)
{
    Pb__MatterSample lines[2] = {PB__MATTER_SAMPLE__INIT, PB__MATTER_SAMPLE__INIT};
    Pb__MatterSample *list[] = {&lines[0], &lines[1]};
    lines[0].measure_ref = slice_text(ref);
    lines[0].complete_due = slice_text("2027-02-28");
    lines[0].has_verdict = verdict;
    lines[0].verdict = TRUE_;
    lines[1].measure_ref = slice_text(again);
    dates("2027-01-31", "2027-02-28");
    matter_input.verdicts = list;
    matter_input.n_verdicts = again == NULL ? 1 : 2;
    const Pb__CallReply *r = finalize(DISC1);
    slice_expect(r, STATUS_INVALID_ARGUMENT, NULL);
    return r->status->reason;
}

static void
lines_bring_dates_of_what_was_false(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_, PARTLY};
    (void)state;
    all_finished();
    begin(DISC1, 2);
    feed_back(DISC1, verdicts, 2);
    assert_string_equal(line_refused("P-01-M-03", false, NULL), "NOT_IN_SAMPLE");
    assert_string_equal(line_refused("P-01-M-02", false, NULL), "NOT_FOUND_FALSE");
    assert_string_equal(line_refused("P-01-M-01", true, NULL), "FIELD_UNUSED");
    assert_string_equal(line_refused("P-01-M-01", false, "P-01-M-01"), "MEASURE_TWICE");
    state_is("P-01-M-01", "DONE", 1);
}

/* ---- what follows ---- */

static long
level_7(void)
{
    return slice_count("SELECT count(*) FROM rectify.alert WHERE level = 7 AND cancelled_ms IS NULL"
                       " AND trigger = 'FALSE_VERDICT'");
}

/* The verdict counts in the round it began, and no longer; the share does not move. */
static void
the_ladder_and_the_share_follow(void **state)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_, TRUE_};
    Pb__GetRoundShareRequest share = PB__GET_ROUND_SHARE_REQUEST__INIT;
    (void)state;
    closing_problem_to("CLOSED", false);
    begin(DISC1, 2);
    feed_back(DISC1, verdicts, 2);
    slice_job("RaiseAlerts");
    assert_int_equal(level_7(), 0);
    dates("2027-01-31", "2027-02-28");
    matter_done(finalize(DISC1), "FINAL");
    const Pb__JobReply *raised = slice_job("RaiseAlerts");
    assert_true(raised->changed > 0);
    assert_true(level_7() > 0);
    assert_int_equal(slice_job("RaiseAlerts")->changed, 0);
    const Pb__GetRoundShareReply *s = slice_ok(OFFICE1, "MatterService/GetRoundShare", &share.base,
                                               &pb__get_round_share_reply__descriptor);
    assert_int_equal(s->n_units, 1);
    assert_int_equal(s->units[0]->found_true, 1);
    assert_int_equal(s->units[0]->found_false, 1);
    assert_int_equal(s->units[0]->judged, 2);
    /* Done again: nothing stands any more. */
    closing_measure_to(61, "DONE");
    slice_job("RaiseAlerts");
    assert_int_equal(level_7(), 0);
}

/* ---- at once ---- */

typedef void make_fn(struct racer *other);

static void
sitting_closes(struct racer *other)
{
    closing_problem_to("JOINT_REVIEW", false);
    closing_open();
    slice_expect(closing_judge(ORGD1, 0), STATUS_OK, NULL);
    slice_expect(closing_judge(OFFICE1, 0), STATUS_OK, NULL);
    const char *record = closing_sitting(OFFICE1, "XH-01")->rows[0]->record;
    racer_make(other, DISC1, "SittingService/DecideSitting",
               &closing_opinion("XH-01", "P-01", record, 0)->base, 0);
}

static void
unit_applies(struct racer *other)
{
    Pb__ApplyCloseRequest *r = arena_alloc(&slice_arena, sizeof *r);
    closing_measure_to(61, "DONE");
    closing_measure_to(62, "DONE");
    closing_measure_to(63, "DONE");
    pb__apply_close_request__init(r);
    r->ref = slice_text("P-01");
    r->report = slice_text("样例报告");
    r->lessons = slice_text("样例举一反三");
    racer_make(other, UNIT1, "ProblemService/ApplyClose", &r->base, 0);
}

static void
office_reopens(struct racer *other)
{
    Pb__ReopenRequest reopen = closing_reopen_request("P-01-M-01");
    all_finished();
    racer_make(other, OFFICE1, "MeasureService/Reopen", &reopen.base,
               slice_count("SELECT version FROM rectify.measure WHERE ref = 'P-01-M-01'"));
}

static void
office_finishes_sustaining(struct racer *other)
{
    Pb__CheckRequest check = PB__CHECK_REQUEST__INIT;
    closing_measure_to(61, "SUSTAINING");
    check.ref = slice_text("P-01-M-01");
    racer_make(other, OFFICE1, "MeasureService/FinishSustaining", &check.base,
               slice_count("SELECT version FROM rectify.measure WHERE ref = 'P-01-M-01'"));
}

/* order: 0 the round first, 1 the other first, 2 and more from two threads. lost: the reason the
 * other hears behind the round; behind the other the round goes through all the same. */
static void
run_order(make_fn *make, int order, const char *lost)
{
    static const Pb__SampleVerdict verdicts[] = {FALSE_};
    struct racer pair[2];
    Pb__ActOnMatterRequest r = PB__ACT_ON_MATTER_REQUEST__INIT;
    make(&pair[1]);
    begin(DISC1, 1);
    feed_back(DISC1, verdicts, 1);
    r.ref = slice_text("DC-0001");
    r.command = slice_text("finalize");
    r.input = dates("2027-01-31", "2027-02-28");
    racer_make(&pair[0], DISC1, "MatterService/ActOnMatter", &r.base, 0);
    racers_run(pair, order);
    slice_expect(pair[0].reply, STATUS_OK, NULL);
    const Pb__Status *other = pair[1].reply->status;
    if (order == 0 || (order > 1 && other->code != STATUS_OK)) {
        assert_string_equal(other->reason, lost);
    } else {
        slice_expect(pair[1].reply, STATUS_OK, NULL);
    }
    state_is("P-01-M-01", "IN_PROGRESS", 2); /* once, whoever was first */
    assert_string_equal(closing_problem(OFFICE1, "P-01")->problem->state, "RECTIFYING");
    racers_release(pair);
}

static void
run_orders(void **state, make_fn *make, const char *lost)
{
    enum { ORDERS = 5 };
    for (int order = 0; order < ORDERS; order++) {
        if (order > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(closing_set_up(state), 0);
        }
        run_order(make, order, lost);
    }
}

static void
a_round_and_a_closing_meet(void **state)
{
    run_orders(state, sitting_closes, "STALE_VERSION");
}

static void
a_round_and_an_application_meet(void **state)
{
    run_orders(state, unit_applies, "MEASURES_OPEN");
}

static void
a_round_and_a_reopening_open_once(void **state)
{
    run_orders(state, office_reopens, "STALE_VERSION");
}

static void
a_round_and_a_check_meet(void **state)
{
    run_orders(state, office_finishes_sustaining, "STALE_VERSION");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, closing_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_false_of_what_was_finished_opens_it),
        TEST(nothing_else_opens_anything),
        TEST(what_is_open_stays_as_it_is),
        TEST(what_moved_since_is_not_opened_again),
        TEST(a_closed_problem_is_taken_up_too),
        TEST(the_database_wants_the_problem_open),
        TEST(whoever_sits_in_a_judged_unit_is_recused),
        TEST(a_special_groups_round_opens_too),
        TEST(a_stale_version_finalizes_nothing),
        TEST(lines_bring_dates_of_what_was_false),
        TEST(the_ladder_and_the_share_follow),
        TEST(a_round_and_a_closing_meet),
        TEST(a_round_and_an_application_meet),
        TEST(a_round_and_a_reopening_open_once),
        TEST(a_round_and_a_check_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
