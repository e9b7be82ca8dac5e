/* Closing problems through the door: application, joint review, sittings, and taking up again. */
#include "tests/service/closing.h"

/* ---- the whole way ---- */

/* All three measures of P-01 by their units' and the office's own commands. */
static void
finish_measures(void)
{
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    Pb__DecideClaimRequest sustain = PB__DECIDE_CLAIM_REQUEST__INIT;
    slice_sign_all();
    for (int i = 0; i < 2; i++) {
        const char *ref = i == 0 ? "P-01-M-01" : "P-01-M-03";
        slice_expect(slice_claim(UNIT1, "ClaimEffect", ref, photo), STATUS_OK, NULL);
        slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", ref, NULL), STATUS_OK, NULL);
        slice_expect(slice_claim(UNIT1, "ClaimComplete", ref, NULL), STATUS_OK, NULL);
    }
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL), STATUS_OK, NULL);
    sustain.ref = slice_text("P-01-M-03");
    sustain.next_check_on = slice_text("2027-02-10");
    slice_ok(OFFICE1, "MeasureService/ConfirmClaim", &sustain.base, &pb__measure__descriptor);
    slice_expect(closing_apply(UNIT1, NULL), STATUS_FAILED_PRECONDITION, "MEASURES_OPEN");
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
}

static void
to_sustained(void)
{
    const char *paper = slice_file(301, 5, PB__EVIDENCE_KIND__RECORD);
    finish_measures();
    slice_expect(closing_apply(UNIT1, paper), STATUS_OK, NULL);
    slice_expect(closing_forward(OFFICE1, NULL), STATUS_INVALID_ARGUMENT, "GROUP_OPINION_MISSING");
    slice_expect(closing_forward(OFFICE1, "样例：专项小组同意提交会审"), STATUS_OK, NULL);
    closing_open();
    slice_expect(closing_judge(DISC1, 0), STATUS_OK, NULL);
    slice_expect(closing_judge(ORGD1, 0), STATUS_OK, NULL);
    assert_string_equal(closing_problem(UNIT1, "P-01")->problem->state, "JOINT_REVIEW");
    const Pb__DecideSittingReply *last =
        slice_unpack(closing_judge(OFFICE1, 0), &pb__decide_sitting_reply__descriptor);
    assert_int_equal(last->n_sustained, 1);
    assert_string_equal(last->sustained[0], "P-01");
    const Pb__GetProblemReply *p = closing_problem(UNIT1, "P-01");
    assert_string_equal(p->problem->state, "SUSTAINED");
    assert_string_equal(p->problem->public_class_zh, "基本完成并持续整改");
    assert_int_equal(p->n_evidence, 1);
    assert_string_equal(p->problem->closed_on, "2026-11-10");
}

/* The sustained measure is done with; the second sitting closes the problem. */
static void
to_closed(void)
{
    static const char *const refs[] = {"P-01"};
    Pb__CheckRequest check = PB__CHECK_REQUEST__INIT;
    Pb__GetSittingRequest open = PB__GET_SITTING_REQUEST__INIT;
    slice_expect(closing_create(refs, 1), STATUS_FAILED_PRECONDITION, "NOT_IN_REVIEW");
    check.ref = slice_text("P-01-M-03");
    slice_refused(DISC1, "MeasureService/CheckOk", &check.base, STATUS_INVALID_ARGUMENT,
                  "NEXT_CHECK_MISSING");
    check.next_check_on = slice_text("2027-05-10");
    const Pb__Measure *m =
        slice_ok(DISC1, "MeasureService/CheckOk", &check.base, &pb__measure__descriptor);
    assert_string_equal(m->next_check_on, "2027-05-10");
    check.next_check_on = NULL;
    slice_ok(DISC1, "MeasureService/FinishSustaining", &check.base, &pb__measure__descriptor);
    slice_expect(closing_create(refs, 1), STATUS_OK, NULL);
    open.ref = slice_text("XH-02");
    slice_ok(OFFICE1, "SittingService/OpenSitting", &open.base, &pb__sitting__descriptor);
    const char *record = closing_sitting(DISC1, "XH-02")->rows[0]->record;
    const ProtobufCMessage *agree = &closing_opinion("XH-02", "P-01", record, 0)->base;
    slice_expect(slice_call(ORGD1, "SittingService/DecideSitting", agree), STATUS_OK, NULL);
    slice_expect(slice_call(OFFICE2, "SittingService/DecideSitting", agree), STATUS_OK, NULL);
    slice_expect(slice_call(DISC1, "SittingService/DecideSitting", agree), STATUS_OK, NULL);
    const Pb__GetProblemReply *p = closing_problem(UNIT1, "P-01");
    assert_string_equal(p->problem->state, "CLOSED");
    assert_string_equal(p->problem->public_class_zh, "完成整改");
    assert_int_equal(p->n_closings, 2);
    assert_string_equal(p->closings[0]->result, "SUSTAINED");
    assert_string_equal(p->closings[1]->result, "CLOSED");
}

static void
from_feedback_to_closed_and_back(void **state)
{
    (void)state;
    to_sustained();
    to_closed();
    int64_t version = closing_problem(OFFICE1, "P-01")->problem->version;
    int64_t kept = slice_measure(OFFICE1, "P-01-M-02")->measure->version;
    Pb__ReopenRequest relapse = closing_reopen_request("P-01-M-01");
    slice_ok(DISC1, "MeasureService/Reopen", &relapse.base, &pb__measure__descriptor);
    const Pb__GetProblemReply *p = closing_problem(UNIT1, "P-01");
    assert_string_equal(p->problem->state, "RECTIFYING");
    assert_int_equal(p->problem->version, version + 1);
    assert_int_equal(p->problem->round, 2);
    assert_null(p->problem->closed_on);
    assert_int_equal(p->n_closings, 2); /* the former closing stays on record */
    assert_non_null(strstr(p->history[p->n_history - 1]->reason, "P-01-M-01"));
    const Pb__Measure *m = slice_measure(UNIT1, "P-01-M-01")->measure;
    assert_string_equal(m->state, "IN_PROGRESS");
    assert_int_equal(m->round, 2);
    assert_int_equal(m->evidence_count, 0);
    assert_string_equal(m->milestones[0]->original_due, "2026-11-20");
    assert_string_equal(m->milestones[0]->current_due, "2027-01-31");
    assert_int_equal(m->milestones[0]->due_version, 2);
    assert_null(m->milestones[0]->reached_on);
    assert_string_equal(m->milestones[1]->current_due, "2027-02-28");
    assert_null(m->milestones[1]->claimed_on);
    assert_int_equal(slice_measure(UNIT1, "P-01-M-02")->measure->version, kept);
    slice_expect(closing_apply(UNIT1, NULL), STATUS_FAILED_PRECONDITION, "MEASURES_OPEN");
}

/* ---- application and review ---- */

static void
an_application_is_the_lead_units(void **state)
{
    (void)state;
    Pb__ApplyCloseRequest bare = PB__APPLY_CLOSE_REQUEST__INIT;
    closing_measure_to(61, "DONE");
    closing_measure_to(62, "DONE");
    closing_measure_to(63, "SUSTAINING");
    bare.ref = slice_text("P-01");
    slice_refused(UNIT1, "ProblemService/ApplyClose", &bare.base, STATUS_INVALID_ARGUMENT,
                  "CLOSING_REPORT_MISSING");
    slice_expect(closing_apply(UNIT2, NULL), STATUS_NOT_FOUND, "PROBLEM_UNKNOWN");
    slice_expect(closing_apply(OFFICE1, NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    slice_expect(closing_apply(UNIT1, slice_file(202, 6, PB__EVIDENCE_KIND__PHOTO)),
                 STATUS_NOT_FOUND, "EVIDENCE_UNKNOWN");
    slice_behalf = "unit01";
    slice_expect(closing_apply(OFFICE1, NULL), STATUS_OK, NULL);
    slice_behalf = NULL;
    Pb__DecideProblemRequest back = PB__DECIDE_PROBLEM_REQUEST__INIT;
    back.ref = slice_text("P-01");
    back.reason_code = slice_text("NARRATIVE_THIN");
    slice_refused(OFFICE1, "ProblemService/ReturnClose", &back.base, STATUS_INVALID_ARGUMENT,
                  "TEXT_MISSING");
    back.reason = slice_text("样例：报告没有写明成效");
    slice_refused(UNIT1, "ProblemService/ReturnClose", &back.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    slice_ok(OFFICE1, "ProblemService/ReturnClose", &back.base, &pb__problem__descriptor);
    assert_string_equal(closing_problem(UNIT1, "P-01")->problem->state, "RECTIFYING");
    slice_expect(closing_apply(UNIT1, NULL), STATUS_OK, NULL);
    slice_ok(UNIT1, "ProblemService/WithdrawClose", &back.base, &pb__problem__descriptor);
    slice_refused(UNIT1, "ProblemService/WithdrawClose", &back.base, STATUS_FAILED_PRECONDITION,
                  "STATE_FORBIDS");
}

static void
the_office_is_recused_from_its_own_problem(void **state)
{
    (void)state;
    slice_sql(
        "UPDATE rectify.problem SET lead_org = '%s', version = version + 1 WHERE ref = 'P-01'",
        slice_id(1));
    closing_problem_to("CLOSE_APPLIED", false);
    slice_expect(closing_forward(OFFICE1, "样例意见"), STATUS_PERMISSION_DENIED, "RECUSED");
    slice_expect(closing_forward(SGROUP1, "样例意见"), STATUS_OK, NULL);
    closing_open();
    slice_expect(closing_judge(OFFICE1, 0), STATUS_PERMISSION_DENIED, "RECUSED");
    slice_expect(closing_judge(LGROUP1, 0), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    const Pb__SittingRow *row = closing_sitting(DISC1, "XH-01")->rows[0];
    assert_int_equal(row->n_missing, 3);
    assert_string_equal(row->missing[2]->body, "OFFICE");
    assert_string_equal(row->missing[2]->substitute, "sg1");
    assert_true(closing_sitting(SGROUP1, "XH-01")->rows[0]->yours);
    slice_expect(closing_judge(SGROUP1, 0), STATUS_OK, NULL);
    row = closing_sitting(DISC1, "XH-01")->rows[0];
    assert_int_equal(row->n_opinions, 1);
    assert_true(row->opinions[0]->substitute);
    assert_string_equal(row->opinions[0]->body, "OFFICE");
    assert_string_equal(row->opinions[0]->org, "sg1");
    slice_expect(closing_judge(DISC1, 0), STATUS_OK, NULL);
    slice_expect(closing_judge(ORGD1, 0), STATUS_OK, NULL);
    assert_string_equal(closing_problem(OFFICE1, "P-01")->problem->state, "CLOSED");
}

static void
without_a_special_group_the_leading_group_stands_in(void **state)
{
    (void)state;
    slice_sql("UPDATE rectify.problem SET lead_org = '%s', sgroup_org = NULL,"
              " version = version + 1 WHERE ref = 'P-01'",
              slice_id(7));
    closing_problem_to("JOINT_REVIEW", false);
    closing_open();
    slice_expect(closing_judge(DISC1, 0), STATUS_PERMISSION_DENIED, "RECUSED");
    slice_expect(closing_judge(LGROUP1, 0), STATUS_OK, NULL);
    const Pb__SittingRow *row = closing_sitting(OFFICE1, "XH-01")->rows[0];
    assert_string_equal(row->opinions[0]->body, "DISC");
    assert_true(row->opinions[0]->substitute);
}

/* ---- the sitting ---- */

static void
an_opinion_reasons_each_criterion(void **state)
{
    (void)state;
    closing_problem_to("JOINT_REVIEW", false);
    closing_open();
    const char *record = closing_sitting(DISC1, "XH-01")->rows[0]->record;
    Pb__DecideSittingRequest *r = closing_opinion("XH-01", "P-01", record, 0);
    const char *method = "SittingService/DecideSitting";
    r->rows[0]->n_criteria = 4;
    slice_refused(DISC1, method, &r->base, STATUS_INVALID_ARGUMENT, "CRITERIA_MISSING");
    r->rows[0]->n_criteria = 5;
    r->rows[0]->criteria[2]->reason = slice_text("  ");
    slice_refused(DISC1, method, &r->base, STATUS_INVALID_ARGUMENT, "CRITERIA_MISSING");
    r = closing_opinion("XH-01", "P-01", record, 3);
    r->rows[0]->verdict = PB__VERDICT__ACCEPTED;
    slice_refused(DISC1, method, &r->base, STATUS_INVALID_ARGUMENT, "VERDICT_CONTRADICTS");
    r = closing_opinion("XH-01", "P-01", record, 0);
    r->rows[0]->verdict = PB__VERDICT__RETURNED;
    slice_refused(DISC1, method, &r->base, STATUS_INVALID_ARGUMENT, "VERDICT_CONTRADICTS");
    r->rows[0]->verdict = PB__VERDICT__ACCEPTED;
    r->rows[0]->criteria[0]->reason = slice_text("机密★ 样例");
    slice_refused(DISC1, method, &r->base, STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    r = closing_opinion("XH-01", "P-02", record, 0);
    const Pb__Status *s =
        slice_refused(DISC1, method, &r->base, STATUS_INVALID_ARGUMENT, "NOT_IN_SITTING");
    assert_string_equal(s->violations[0]->field, "rows[0].problem_ref");
    slice_refused(UNIT1, method, &closing_opinion("XH-01", "P-01", record, 0)->base,
                  STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
}

static void
a_changed_record_is_judged_again(void **state)
{
    (void)state;
    Pb__CheckRequest check = PB__CHECK_REQUEST__INIT;
    closing_problem_to("JOINT_REVIEW", true);
    closing_open();
    const char *seen = closing_sitting(DISC1, "XH-01")->rows[0]->record;
    slice_expect(closing_judge(DISC1, 0), STATUS_OK, NULL);
    /* Only a measure below changes: the problem's version stays, its record does not. */
    check.ref = slice_text("P-01-M-03");
    check.next_check_on = slice_text("2027-06-01");
    slice_ok(ORGD1, "MeasureService/CheckOk", &check.base, &pb__measure__descriptor);
    const Pb__Status *s = slice_refused(ORGD1, "SittingService/DecideSitting",
                                        &closing_opinion("XH-01", "P-01", seen, 0)->base,
                                        STATUS_ABORTED, "STALE_VERSION");
    assert_true(s->has_current_version);
    assert_int_equal(s->current_version, closing_problem(OFFICE1, "P-01")->problem->version);
    const Pb__SittingRow *row = closing_sitting(DISC1, "XH-01")->rows[0];
    assert_true(row->opinions[0]->stale);
    assert_int_equal(row->n_missing, 3);
    slice_expect(closing_judge(ORGD1, 0), STATUS_OK, NULL);
    slice_expect(closing_judge(OFFICE1, 0), STATUS_OK, NULL);
    assert_string_equal(closing_problem(OFFICE1, "P-01")->problem->state, "JOINT_REVIEW");
    slice_expect(closing_judge(DISC1, 0), STATUS_OK, NULL);
    assert_string_equal(closing_problem(OFFICE1, "P-01")->problem->state, "SUSTAINED");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.approval"
                                 " WHERE subject_kind = 'sitting_row'"),
                     4);
}

static void
a_refusal_sends_it_back_with_reasons(void **state)
{
    (void)state;
    closing_problem_to("JOINT_REVIEW", false);
    closing_open();
    slice_expect(closing_judge(OFFICE1, 0), STATUS_OK, NULL);
    /* Opinions are not the unit's to read while the row is open. */
    const Pb__SittingRow *row = closing_sitting(UNIT1, "XH-01")->rows[0];
    assert_int_equal(row->n_opinions, 0);
    assert_int_equal(row->n_missing, 0);
    slice_expect(closing_judge(ORGD1, 5), STATUS_OK, NULL);
    row = closing_sitting(UNIT1, "XH-01")->rows[0];
    assert_string_equal(row->state, "REFUSED");
    assert_int_equal(row->n_opinions, 2);
    assert_non_null(strstr(row->reason, "根源消除"));
    assert_non_null(strstr(row->reason, "组织部"));
    const Pb__GetProblemReply *p = closing_problem(UNIT1, "P-01");
    assert_string_equal(p->problem->state, "RECTIFYING");
    assert_non_null(strstr(p->history[p->n_history - 1]->reason, "现场看到"));
    slice_expect(closing_judge(DISC1, 0), STATUS_FAILED_PRECONDITION, "ROW_DECIDED");
    slice_refused(UNIT2, "SittingService/GetSitting",
                  &(Pb__GetSittingRequest){
                      .base = PROTOBUF_C_MESSAGE_INIT(&pb__get_sitting_request__descriptor),
                      .ref = slice_text("XH-01")}
                       .base,
                  STATUS_NOT_FOUND, "SITTING_UNKNOWN");
}

static void
a_sitting_ends_with_what_is_left(void **state)
{
    (void)state;
    static const char *const refs[] = {"P-01"};
    Pb__ConcludeSittingRequest end = PB__CONCLUDE_SITTING_REQUEST__INIT;
    Pb__CancelSittingRequest cancel = PB__CANCEL_SITTING_REQUEST__INIT;
    closing_problem_to("JOINT_REVIEW", false);
    slice_expect(closing_create(refs, 1), STATUS_OK, NULL);
    slice_expect(closing_judge(DISC1, 0), STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    slice_expect(closing_create(refs, 1), STATUS_FAILED_PRECONDITION, "IN_ANOTHER_SITTING");
    cancel.ref = slice_text("XH-01");
    slice_refused(OFFICE1, "SittingService/CancelSitting", &cancel.base, STATUS_INVALID_ARGUMENT,
                  "TEXT_MISSING");
    cancel.reason = slice_text("样例：改期");
    slice_ok(OFFICE1, "SittingService/CancelSitting", &cancel.base, &pb__sitting_reply__descriptor);
    slice_expect(closing_create(refs, 1), STATUS_OK, NULL);
    Pb__GetSittingRequest open = PB__GET_SITTING_REQUEST__INIT;
    open.ref = slice_text("XH-02");
    slice_refused(DISC1, "SittingService/OpenSitting", &open.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    slice_ok(OFFICE1, "SittingService/OpenSitting", &open.base, &pb__sitting__descriptor);
    end.ref = slice_text("XH-02");
    slice_refused(OFFICE1, "SittingService/ConcludeSitting", &end.base, STATUS_FAILED_PRECONDITION,
                  "ROWS_UNDECIDED");
    end.has_leave_undecided = end.leave_undecided = 1;
    const Pb__SittingReply *r = slice_ok(OFFICE1, "SittingService/ConcludeSitting", &end.base,
                                         &pb__sitting_reply__descriptor);
    assert_int_equal(r->n_undecided, 1);
    assert_string_equal(r->undecided[0], "P-01");
    assert_string_equal(r->sitting->state, "CONCLUDED");
    assert_string_equal(closing_problem(UNIT1, "P-01")->problem->state, "JOINT_REVIEW");
    assert_string_equal(closing_sitting(UNIT1, "XH-02")->rows[0]->state, "UNDECIDED");
    assert_int_equal(closing_sitting(OFFICE1, "XH-02")->n_history, 3);
}

/* ---- taking up again ---- */

static void
reopening_needs_ground_reason_and_dates(void **state)
{
    (void)state;
    closing_problem_to("CLOSED", false);
    const char *method = "MeasureService/Reopen";
    Pb__ReopenRequest r = closing_reopen_request("P-01-M-01");
    r.has_ground = 0;
    slice_refused(DISC1, method, &r.base, STATUS_INVALID_ARGUMENT, "REOPEN_GROUND_MISSING");
    r = closing_reopen_request("P-01-M-01");
    r.reason = NULL;
    slice_refused(DISC1, method, &r.base, STATUS_INVALID_ARGUMENT, "TEXT_MISSING");
    r = closing_reopen_request("P-01-M-01");
    r.effect_due = NULL;
    slice_refused(DISC1, method, &r.base, STATUS_INVALID_ARGUMENT, "NEW_DATES_MISSING");
    r.effect_due = slice_text("2026-11-10");
    slice_refused(DISC1, method, &r.base, STATUS_INVALID_ARGUMENT, "NEW_DATE_NOT_LATER");
    r.effect_due = slice_text("2027-03-01");
    slice_refused(DISC1, method, &r.base, STATUS_INVALID_ARGUMENT, "DATES_ORDER");
    r = closing_reopen_request("P-01-M-01");
    slice_refused(UNIT1, method, &r.base, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    r.has_problem_version = 1;
    r.problem_version = 4;
    const Pb__Status *s = slice_refused(DISC1, method, &r.base, STATUS_ABORTED, "STALE_VERSION");
    assert_int_equal(s->current_version, 5);
    /* 立行立改 has one date only. */
    r = closing_reopen_request("P-01-M-02");
    r.effect_due = NULL;
    slice_ok(OFFICE1, method, &r.base, &pb__measure__descriptor);
    assert_string_equal(closing_problem(UNIT1, "P-01")->problem->state, "RECTIFYING");
}

static void
a_failed_check_takes_the_problem_off_the_list(void **state)
{
    (void)state;
    closing_problem_to("JOINT_REVIEW", true);
    closing_open();
    Pb__ReopenRequest r = closing_reopen_request("P-01-M-03");
    r.has_ground = 0;
    slice_ok(ORGD1, "MeasureService/FailCheck", &r.base, &pb__measure__descriptor);
    const Pb__SittingRow *row = closing_sitting(DISC1, "XH-01")->rows[0];
    assert_string_equal(row->state, "VOID");
    assert_non_null(strstr(row->reason, "P-01-M-03"));
    assert_string_equal(row->problem->state, "RECTIFYING");
    assert_int_equal(row->problem->round, 1); /* it was never closed */
    slice_refused(ORGD1, "MeasureService/FailCheck", &r.base, STATUS_FAILED_PRECONDITION,
                  "STATE_FORBIDS");
}

static void
a_problem_can_be_reopened_itself(void **state)
{
    (void)state;
    Pb__ReopenProblemRequest r = PB__REOPEN_PROBLEM_REQUEST__INIT;
    closing_problem_to("CLOSED", false);
    r.ref = slice_text("P-01");
    r.reason = slice_text("样例：认定有误");
    slice_refused(OFFICE1, "ProblemService/ReopenProblem", &r.base, STATUS_INVALID_ARGUMENT,
                  "REOPEN_GROUND_MISSING");
    r.has_ground = 1;
    r.ground = PB__REOPEN_GROUND__WRONG_CONFIRM;
    slice_refused(LGROUP1, "ProblemService/ReopenProblem", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    const Pb__Problem *p =
        slice_ok(OFFICE1, "ProblemService/ReopenProblem", &r.base, &pb__problem__descriptor);
    assert_string_equal(p->state, "RECTIFYING");
    assert_int_equal(p->round, 2);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, closing_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(from_feedback_to_closed_and_back),
        TEST(an_application_is_the_lead_units),
        TEST(the_office_is_recused_from_its_own_problem),
        TEST(without_a_special_group_the_leading_group_stands_in),
        TEST(an_opinion_reasons_each_criterion),
        TEST(a_changed_record_is_judged_again),
        TEST(a_refusal_sends_it_back_with_reasons),
        TEST(a_sitting_ends_with_what_is_left),
        TEST(reopening_needs_ground_reason_and_dates),
        TEST(a_failed_check_takes_the_problem_off_the_list),
        TEST(a_problem_can_be_reopened_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
