/* Measures through the door: signing for, claiming, judging, and what stays as it was. */
#include "tests/service/slice.h"

static void
signing_is_all_or_none(void **state)
{
    (void)state;
    static const char *const foreign[] = {"P-01-M-01", "P-02-M-01"};
    slice_expect(slice_sign_for(UNIT1, foreign, 2), STATUS_NOT_FOUND, "MEASURE_UNKNOWN");
    assert_string_equal(slice_measure(UNIT1, "P-01-M-01")->measure->state, "ASSIGNED");
    static const char *const twice[] = {"P-01-M-01", "P-01-M-01"};
    slice_expect(slice_sign_for(UNIT1, twice, 2), STATUS_INVALID_ARGUMENT, "MEASURE_TWICE");
    slice_sign_all();
    const Pb__GetMeasureReply *m = slice_measure(UNIT1, "P-01-M-01");
    assert_string_equal(m->measure->state, "IN_PROGRESS");
    assert_int_equal(m->measure->version, 2);
    assert_int_equal(m->n_history, 1);
    assert_string_equal(m->history[0]->command, "sign_for");
    assert_string_equal(m->history[0]->from_state, "ASSIGNED");
    assert_int_equal(m->measure->n_milestones, 2);
    assert_int_equal(m->measure->milestones[0]->days_left, 10);
    assert_int_equal(m->measure->light, PB__LIGHT__DUE_SOON);
    static const char *const again[] = {"P-01-M-02"};
    slice_expect(slice_sign_for(UNIT1, again, 1), STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
}

static void
immediate_measures_have_one_milestone(void **state)
{
    (void)state;
    slice_sign_all();
    assert_int_equal(slice_measure(UNIT1, "P-01-M-02")->measure->n_milestones, 1);
    const char *file = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-02", file), STATUS_FAILED_PRECONDITION,
                 "IMMEDIATE_HAS_NO_EFFECT");
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", file), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
    const Pb__Measure *m = slice_measure(UNIT1, "P-01-M-02")->measure;
    assert_string_equal(m->state, "DONE");
    assert_string_equal(m->milestones[0]->reached_on, "2026-11-10");
}

static void
a_claim_needs_its_proof(void **state)
{
    (void)state;
    slice_sign_all();
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-01", NULL), STATUS_INVALID_ARGUMENT,
                 "EVIDENCE_MISSING");
    const char *paper = slice_file(201, 5, PB__EVIDENCE_KIND__DOCUMENT);
    const char *foreign = slice_file(202, 6, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-01", foreign), STATUS_NOT_FOUND,
                 "EVIDENCE_UNKNOWN");
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-01", paper),
                 STATUS_FAILED_PRECONDITION, "EFFECT_FIRST");
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-01", paper), STATUS_OK, NULL);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-01")->measure->state, "EFFECT_CLAIMED");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL), STATUS_OK, NULL);
    /* A document alone does not carry a claim of completion. */
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-01", paper), STATUS_INVALID_ARGUMENT,
                 "EVIDENCE_ONLY_DOCUMENTS");
    const char *photo = slice_file(203, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-01", photo), STATUS_OK, NULL);
    const Pb__GetMeasureReply *m = slice_measure(UNIT1, "P-01-M-01");
    assert_string_equal(m->measure->state, "COMPLETE_CLAIMED");
    assert_string_equal(m->measure->claimed_from, "EFFECT_REACHED");
    assert_int_equal(m->n_evidence, 2);
    assert_int_equal(m->measure->evidence_count, 2);
    assert_int_equal(m->measure->evidence_strong_count, 1);
}

static void
a_returned_completion_starts_a_round(void **state)
{
    (void)state;
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ReturnClaim", "P-01-M-02", NULL), STATUS_INVALID_ARGUMENT,
                 "REASON_CODE");
    slice_expect(slice_verdict(OFFICE1, "ReturnClaim", "P-01-M-02", "照片看不清"), STATUS_OK, NULL);
    const Pb__GetMeasureReply *m = slice_measure(UNIT1, "P-01-M-02");
    assert_string_equal(m->measure->state, "IN_PROGRESS");
    assert_int_equal(m->measure->round, 2);
    assert_null(m->measure->milestones[0]->claimed_on);
    assert_int_equal(m->measure->evidence_count, 0); /* proof of the former round */
    assert_non_null(strstr(m->history[m->n_history - 1]->reason, "照片看不清"));
    /* Withdrawing is no return: the round stays. The old file may be attached again. */
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(UNIT1, "WithdrawClaim", "P-01-M-02", "补充材料"), STATUS_OK, NULL);
    assert_int_equal(slice_measure(UNIT1, "P-01-M-02")->measure->round, 2);
}

static void
long_term_measures_are_sustained(void **state)
{
    (void)state;
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-03", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-03", NULL), STATUS_OK, NULL);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-03", NULL), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-03", NULL), STATUS_INVALID_ARGUMENT,
                 "NEXT_CHECK_MISSING");
    Pb__DecideClaimRequest request = PB__DECIDE_CLAIM_REQUEST__INIT;
    request.ref = slice_text("P-01-M-03");
    request.next_check_on = slice_text("2026-11-10");
    slice_refused(OFFICE1, "MeasureService/ConfirmClaim", &request.base, STATUS_INVALID_ARGUMENT,
                  "NEXT_CHECK_NOT_LATER");
    request.next_check_on = slice_text("2027-02-10");
    slice_ok(OFFICE1, "MeasureService/ConfirmClaim", &request.base, &pb__measure__descriptor);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-03")->measure->state, "SUSTAINING");
}

static void
nobody_judges_own_work(void **state)
{
    (void)state;
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(UNIT1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    /* The office leads it: the office is recused, the special group judges in its place. */
    slice_sql(
        "UPDATE rectify.problem SET lead_org = '%s', version = version + 1 WHERE ref = 'P-01'",
        slice_id(1));
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL),
                 STATUS_PERMISSION_DENIED, "RECUSED");
    slice_expect(slice_verdict(SGROUP1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
    assert_string_equal(slice_measure(OFFICE1, "P-01-M-02")->measure->state, "DONE");
}

static void
a_stale_version_is_refused(void **state)
{
    (void)state;
    Pb__SignForRequest request = PB__SIGN_FOR_REQUEST__INIT;
    Pb__MeasureVersion line = PB__MEASURE_VERSION__INIT;
    Pb__MeasureVersion *list[] = {&line};
    line.ref = slice_text("P-01-M-01");
    line.has_expected_version = 1;
    line.expected_version = 7;
    request.measures = list;
    request.n_measures = 1;
    const Pb__Status *s = slice_refused(UNIT1, "MeasureService/SignFor", &request.base,
                                        STATUS_ABORTED, "STALE_VERSION");
    assert_true(s->has_current_version);
    assert_int_equal(s->current_version, 1);
}

static void
the_office_may_act_for_a_unit(void **state)
{
    (void)state;
    static const char *const refs[] = {"P-01-M-01"};
    slice_expect(slice_sign_for(OFFICE1, refs, 1), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    slice_behalf = "unit01";
    slice_expect(slice_sign_for(OFFICE1, refs, 1), STATUS_OK, NULL);
    slice_behalf = NULL;
    const Pb__GetMeasureReply *m = slice_measure(UNIT1, "P-01-M-01");
    assert_non_null(strstr(m->history[0]->org, "代"));
}

static const Pb__AllowedCommand *
command_of(const Pb__AllowedCommandsReply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_commands; i++) {
        if (strcmp(reply->commands[i]->command, name) == 0) {
            return reply->commands[i];
        }
    }
    fail_msg("no command %s", name);
    return NULL;
}

static void
allowed_commands_say_why_not(void **state)
{
    (void)state;
    Pb__GetMeasureRequest request = PB__GET_MEASURE_REQUEST__INIT;
    request.ref = slice_text("P-01-M-01");
    const Pb__AllowedCommandsReply *r =
        slice_ok(UNIT1, "MeasureService/AllowedCommands", &request.base,
                 &pb__allowed_commands_reply__descriptor);
    assert_true(command_of(r, "sign_for")->allowed);
    assert_false(command_of(r, "claim_effect")->allowed);
    assert_string_equal(command_of(r, "claim_effect")->reason, "STATE_FORBIDS");
    r = slice_ok(OFFICE1, "MeasureService/AllowedCommands", &request.base,
                 &pb__allowed_commands_reply__descriptor);
    assert_false(command_of(r, "sign_for")->allowed);
    assert_string_equal(command_of(r, "sign_for")->reason, "ROLE_FORBIDS");
}

static void
lists_page_and_filter(void **state)
{
    (void)state;
    Pb__ListMeasuresRequest request = PB__LIST_MEASURES_REQUEST__INIT;
    request.has_limit = 1;
    request.limit = 3;
    const Pb__ListMeasuresReply *r = slice_ok(OFFICE1, "MeasureService/ListMeasures", &request.base,
                                              &pb__list_measures_reply__descriptor);
    assert_int_equal(r->n_measures, 3);
    assert_true(r->more);
    request.after_ref = r->measures[2]->ref;
    r = slice_ok(OFFICE1, "MeasureService/ListMeasures", &request.base,
                 &pb__list_measures_reply__descriptor);
    assert_int_equal(r->n_measures, 1);
    assert_false(r->more);
    assert_string_equal(r->measures[0]->ref, "P-02-M-01");
    Pb__ListProblemsRequest problems = PB__LIST_PROBLEMS_REQUEST__INIT;
    const Pb__ListProblemsReply *p = slice_ok(UNIT1, "ProblemService/ListProblems", &problems.base,
                                              &pb__list_problems_reply__descriptor);
    assert_int_equal(p->n_problems, 1);
    assert_int_equal(p->problems[0]->measures, 3);
    Pb__GetProblemRequest one = PB__GET_PROBLEM_REQUEST__INIT;
    one.ref = slice_text("P-01");
    const Pb__GetProblemReply *g =
        slice_ok(UNIT1, "ProblemService/GetProblem", &one.base, &pb__get_problem_reply__descriptor);
    assert_int_equal(g->n_measures, 3);
    assert_string_equal(g->problem->state_zh, "整改中");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(signing_is_all_or_none),           TEST(immediate_measures_have_one_milestone),
        TEST(a_claim_needs_its_proof),          TEST(a_returned_completion_starts_a_round),
        TEST(long_term_measures_are_sustained), TEST(nobody_judges_own_work),
        TEST(a_stale_version_is_refused),       TEST(the_office_may_act_for_a_unit),
        TEST(allowed_commands_say_why_not),     TEST(lists_page_and_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
