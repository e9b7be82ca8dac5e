/* Endorsing, objecting, registering by hand, what is allowed, and what the database refuses. */
#include "tests/service/closing.h"

/* Unit 2 leads measure 1 of unit 1's problem. */
static void
give_measure_to_unit2(void)
{
    slice_sql("UPDATE rectify.measure SET lead_org = '%s', version = version + 1 WHERE id = '%s';"
              "INSERT INTO rectify.access (tenant, measure, org, problem)"
              " VALUES (1, '%s', '%s', '%s')",
              slice_id(6), slice_id(61), slice_id(61), slice_id(6), slice_id(51));
}

static const Pb__CallReply *
endorse(int account, const char *ref)
{
    Pb__EndorseRequest request = PB__ENDORSE_REQUEST__INIT;
    request.ref = slice_text(ref);
    request.opinion = slice_text("样例：情况属实");
    return slice_call(account, "MeasureService/Endorse", &request.base);
}

static void
a_foreign_claim_is_endorsed_first(void **state)
{
    (void)state;
    const char *photo = slice_file(201, 6, PB__EVIDENCE_KIND__PHOTO);
    give_measure_to_unit2();
    slice_sign_all();
    slice_expect(slice_claim(UNIT2, "ClaimEffect", "P-01-M-01", photo), STATUS_OK, NULL);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-01")->measure->claimed_by, "unit02");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL),
                 STATUS_FAILED_PRECONDITION, "NOT_ENDORSED");
    slice_expect(endorse(UNIT2, "P-01-M-01"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    slice_expect(endorse(OFFICE1, "P-01-M-01"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    int64_t version = slice_measure(UNIT1, "P-01-M-01")->measure->version;
    slice_expect(endorse(UNIT1, "P-01-M-01"), STATUS_OK, NULL);
    slice_expect(endorse(UNIT1, "P-01-M-01"), STATUS_FAILED_PRECONDITION, "ALREADY_ENDORSED");
    const Pb__GetMeasureReply *m = slice_measure(UNIT2, "P-01-M-01");
    assert_true(m->measure->endorsed);
    assert_int_equal(m->measure->version, version); /* no state, no version of the measure */
    assert_int_equal(m->n_endorsements, 1);
    assert_string_equal(m->endorsements[0]->body, "unit01");
    /* Another day: what is computed of the record is no part of its hash. */
    slice_day("2026-11-25");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL), STATUS_OK, NULL);
    assert_string_equal(slice_measure(UNIT2, "P-01-M-01")->measure->state, "EFFECT_REACHED");
    assert_null(slice_measure(UNIT2, "P-01-M-01")->measure->claimed_by);
}

static void
an_endorsement_is_of_one_version(void **state)
{
    (void)state;
    const char *photo = slice_file(201, 6, PB__EVIDENCE_KIND__PHOTO);
    give_measure_to_unit2();
    slice_sign_all();
    slice_expect(slice_claim(UNIT2, "ClaimEffect", "P-01-M-01", photo), STATUS_OK, NULL);
    slice_expect(endorse(UNIT1, "P-01-M-01"), STATUS_OK, NULL);
    slice_sql("UPDATE rectify.measure SET narrative = '样例：改过', version = version + 1"
              " WHERE id = '%s'",
              slice_id(61));
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL),
                 STATUS_FAILED_PRECONDITION, "NOT_ENDORSED");
    slice_expect(endorse(UNIT1, "P-01-M-01"), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL), STATUS_OK, NULL);
}

static void
the_endorsing_unit_may_return(void **state)
{
    (void)state;
    const char *photo = slice_file(201, 6, PB__EVIDENCE_KIND__PHOTO);
    const char *own = slice_file(202, 5, PB__EVIDENCE_KIND__PHOTO);
    give_measure_to_unit2();
    slice_sign_all();
    slice_expect(slice_claim(UNIT2, "ClaimEffect", "P-01-M-01", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(UNIT2, "ReturnClaim", "P-01-M-01", "样例"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    slice_expect(slice_verdict(UNIT1, "ReturnClaim", "P-01-M-01", NULL), STATUS_INVALID_ARGUMENT,
                 "REASON_CODE");
    slice_expect(slice_verdict(UNIT1, "ReturnClaim", "P-01-M-01", "样例：材料不全"), STATUS_OK,
                 NULL);
    assert_string_equal(slice_measure(UNIT2, "P-01-M-01")->measure->state, "IN_PROGRESS");
    /* Its own claim needs no endorsement, and it cannot return it to itself. */
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-01", own), STATUS_OK, NULL);
    slice_expect(endorse(UNIT1, "P-01-M-01"), STATUS_FAILED_PRECONDITION, "NOTHING_TO_ENDORSE");
    slice_expect(slice_verdict(UNIT1, "ReturnClaim", "P-01-M-01", "样例"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL), STATUS_OK, NULL);
}

static void
an_objection_opens_a_consultation(void **state)
{
    (void)state;
    Pb__ObjectRequest request = PB__OBJECT_REQUEST__INIT;
    request.ref = slice_text("P-01-M-01");
    slice_refused(UNIT1, "MeasureService/Object", &request.base, STATUS_INVALID_ARGUMENT,
                  "TEXT_MISSING");
    request.reason = slice_text("样例：不属于本单位职责");
    slice_refused(UNIT2, "MeasureService/Object", &request.base, STATUS_NOT_FOUND,
                  "MEASURE_UNKNOWN");
    slice_ok(UNIT1, "MeasureService/Object", &request.base, &pb__measure__descriptor);
    const Pb__GetMeasureReply *m = slice_measure(UNIT1, "P-01-M-01");
    assert_string_equal(m->measure->state, "ASSIGNED");
    assert_int_equal(m->measure->version, 2);
    assert_string_equal(m->history[0]->command, "object");
    Pb__Empty nothing = PB__EMPTY__INIT;
    const Pb__ListConsultationsReply *list =
        slice_ok(OFFICE1, "ConsultationService/ListConsultations", &nothing.base,
                 &pb__list_consultations_reply__descriptor);
    assert_int_equal(list->n_consultations, 1);
    assert_non_null(strstr(list->consultations[0]->text, "不属于本单位职责"));
    slice_sign_all();
    slice_refused(UNIT1, "MeasureService/Object", &request.base, STATUS_FAILED_PRECONDITION,
                  "STATE_FORBIDS");
}

/* ---- registering by hand ---- */

static void
problems_are_registered_by_hand(void **state)
{
    (void)state;
    Pb__RegisterProblemRequest r = PB__REGISTER_PROBLEM_REQUEST__INIT;
    const char *method = "ProblemService/RegisterProblem";
    r.has_item_no = 1;
    r.item_no = 1;
    r.title = slice_text("样例：自查发现台账不全");
    r.origin = slice_text("FEEDBACK");
    slice_refused(OFFICE1, method, &r.base, STATUS_INVALID_ARGUMENT, "ORIGIN");
    r.origin = slice_text("SELF");
    slice_refused(UNIT1, method, &r.base, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    r.item_no = 9;
    slice_refused(OFFICE1, method, &r.base, STATUS_INVALID_ARGUMENT, "ITEM_UNKNOWN");
    r.item_no = 1;
    r.lead_unit = slice_text("nobody");
    slice_refused(OFFICE1, method, &r.base, STATUS_INVALID_ARGUMENT, "ORG_UNKNOWN");
    r.lead_unit = slice_text("unit02");
    const Pb__Problem *p = slice_ok(OFFICE1, method, &r.base, &pb__problem__descriptor);
    assert_string_equal(p->ref, "A-01");
    assert_string_equal(p->state, "REGISTERED");
    p = slice_ok(OFFICE2, method, &r.base, &pb__problem__descriptor);
    assert_string_equal(p->ref, "A-02");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.problem WHERE origin = 'FEEDBACK'"),
                     2);
    /* Its lead unit sees it though it has no measure yet; nobody else's unit does. */
    assert_string_equal(closing_problem(UNIT2, "A-02")->problem->origin, "SELF");
    Pb__GetProblemRequest get = PB__GET_PROBLEM_REQUEST__INIT;
    get.ref = slice_text("A-02");
    slice_refused(UNIT1, "ProblemService/GetProblem", &get.base, STATUS_NOT_FOUND,
                  "PROBLEM_UNKNOWN");
}

static void
a_registered_problem_can_be_edited(void **state)
{
    (void)state;
    Pb__RegisterProblemRequest r = PB__REGISTER_PROBLEM_REQUEST__INIT;
    Pb__EditProblemRequest e = PB__EDIT_PROBLEM_REQUEST__INIT;
    r.has_item_no = 1;
    r.item_no = 1;
    r.title = slice_text("样例");
    r.origin = slice_text("PUBLIC");
    slice_ok(OFFICE1, "ProblemService/RegisterProblem", &r.base, &pb__problem__descriptor);
    e.ref = slice_text("A-01");
    e.title = slice_text("样例：改后的题目");
    e.lead_unit = slice_text("unit01");
    e.special_group = slice_text("sg1");
    slice_ok(OFFICE1, "ProblemService/EditProblem", &e.base, &pb__problem__descriptor);
    const Pb__GetProblemReply *p = closing_problem(UNIT1, "A-01");
    assert_string_equal(p->problem->title, "样例：改后的题目");
    assert_string_equal(p->problem->special_group, "sg1");
    assert_int_equal(p->problem->version, 2);
    assert_int_equal(p->n_history, 2);
    e.special_group = slice_text("unit02");
    slice_refused(OFFICE1, "ProblemService/EditProblem", &e.base, STATUS_INVALID_ARGUMENT,
                  "ORG_UNKNOWN");
    e.special_group = NULL;
    e.ref = slice_text("P-01");
    slice_refused(OFFICE1, "ProblemService/EditProblem", &e.base, STATUS_FAILED_PRECONDITION,
                  "STATE_FORBIDS");
}

/* ---- what may be done ---- */

static const Pb__AllowedCommand *
allowed(int account, const char *service, const char *ref, const char *command)
{
    Pb__GetProblemRequest request = PB__GET_PROBLEM_REQUEST__INIT; /* ref is field 1 of each */
    request.ref = slice_text(ref);
    const Pb__AllowedCommandsReply *r =
        slice_ok(account, arena_printf(&slice_arena, "%s/AllowedCommands", service), &request.base,
                 &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < r->n_commands; i++) {
        if (strcmp(r->commands[i]->command, command) == 0) {
            return r->commands[i];
        }
    }
    fail_msg("no command %s", command);
    return NULL;
}

static void
allowed_commands_tell_who_and_why(void **state)
{
    (void)state;
    const char *p = "ProblemService";
    const char *s = "SittingService";
    assert_string_equal(allowed(UNIT1, p, "P-01", "apply_close")->reason, "MEASURES_OPEN");
    closing_problem_to("CLOSE_APPLIED", true);
    assert_true(allowed(OFFICE1, p, "P-01", "forward")->allowed);
    assert_true(allowed(UNIT1, p, "P-01", "withdraw")->allowed);
    assert_string_equal(allowed(UNIT1, p, "P-01", "forward")->reason, "ROLE_FORBIDS");
    assert_string_equal(allowed(DISC1, p, "P-01", "close")->reason, "STATE_FORBIDS");
    slice_expect(closing_forward(OFFICE1, "样例意见"), STATUS_OK, NULL);
    assert_string_equal(allowed(DISC1, p, "P-01", "close")->reason, "IN_SITTING_ONLY");
    assert_string_equal(allowed(UNIT1, p, "P-01", "refuse")->reason, "ROLE_FORBIDS");
    closing_open();
    assert_true(allowed(DISC1, s, "XH-01", "judge")->allowed);
    assert_string_equal(allowed(DISC1, s, "XH-01", "conclude")->reason, "ROLE_FORBIDS");
    assert_true(allowed(OFFICE1, s, "XH-01", "conclude")->allowed);
    assert_string_equal(allowed(OFFICE1, s, "XH-01", "hold")->reason, "STATE_FORBIDS");
    assert_true(allowed(DISC1, "MeasureService", "P-01-M-03", "check_ok")->allowed);
    assert_true(allowed(DISC1, "MeasureService", "P-01-M-01", "reopen")->allowed);
    assert_string_equal(allowed(UNIT1, "MeasureService", "P-01-M-01", "reopen")->reason,
                        "ROLE_FORBIDS");
}

/* ---- the database, whoever writes ---- */

static void
refused_by_database(const char *sql, const char *constraint)
{
    char *guarded = arena_printf(
        &slice_arena,
        "DO $$ DECLARE c text; BEGIN BEGIN %s; RAISE EXCEPTION 'not refused';"
        " EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME;"
        " IF c <> '%s' THEN RAISE EXCEPTION 'refused by %%', c; END IF; END; END $$",
        sql, constraint);
    test_db_exec("postgres", guarded);
}

static void
the_database_keeps_closed_problems_closed(void **state)
{
    (void)state;
    closing_problem_to("JOINT_REVIEW", true);
    refused_by_database(
        arena_printf(&slice_arena,
                     "UPDATE rectify.problem SET state = 'CLOSED', version = version + 1,"
                     " event_id = '%s' WHERE ref = 'P-01'",
                     slice_id(9)),
        "problem_closed_measures_open");
    /* One event neither closes both nor finishes a measure with its problem. */
    refused_by_database(
        arena_printf(&slice_arena,
                     "UPDATE rectify.problem SET state = 'SUSTAINED', version = version + 1,"
                     " event_id = '%s' WHERE ref = 'P-01'",
                     slice_id(1)),
        "problem_closes_no_measure");
    slice_sql("UPDATE rectify.problem SET state = 'SUSTAINED', version = version + 1,"
              " event_id = '%s' WHERE ref = 'P-01'",
              slice_id(9));
    refused_by_database(
        arena_printf(&slice_arena,
                     "UPDATE rectify.measure SET state = 'DONE', version = version + 1,"
                     " event_id = '%s' WHERE id = '%s'",
                     slice_id(9), slice_id(63)),
        "problem_closes_no_measure");
    refused_by_database(
        arena_printf(&slice_arena,
                     "UPDATE rectify.measure SET state = 'IN_PROGRESS', version = version + 1,"
                     " event_id = '%s' WHERE id = '%s'",
                     slice_id(8), slice_id(63)),
        "measure_open_problem_closed");
    refused_by_database(
        arena_printf(&slice_arena,
                     "INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text,"
                     " state, version, event_id) VALUES (1, '%s', '%s', '%s', 9, 'P-01-M-09',"
                     " '样例', 'ASSIGNED', 1, '%s')",
                     slice_id(69), slice_id(31), slice_id(51), slice_id(8)),
        "measure_open_problem_closed");
    refused_by_database(
        arena_printf(&slice_arena,
                     "UPDATE rectify.measure SET problem = '%s', version = version + 1"
                     " WHERE id = '%s'",
                     slice_id(51), slice_id(64)),
        "measure_open_problem_closed");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, closing_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_foreign_claim_is_endorsed_first), TEST(an_endorsement_is_of_one_version),
        TEST(the_endorsing_unit_may_return),     TEST(an_objection_opens_a_consultation),
        TEST(problems_are_registered_by_hand),   TEST(a_registered_problem_can_be_edited),
        TEST(allowed_commands_tell_who_and_why), TEST(the_database_keeps_closed_problems_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
