/* Rule 4 (回避) wherever somebody judges: by unit (a seat in the judged unit is enough, whatever
 * org is acted from), and by person (填报人 ≠ 审核人, substitutes included). */
#include "rectify/v1/plan.pb-c.h"
#include "tests/service/closing.h"
#include "tests/service/matter_calls.h"
#include "tests/service/table_slice.h"

enum { STAND_IN = 41 };

/* ---- what is to be judged ---- */

static void
claimed(void)
{
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-01", photo), STATUS_OK, NULL);
}

/* Unit 2 leads measure 1 of unit 1's problem, and has claimed. */
static void
claimed_by_unit2(void)
{
    slice_sql("UPDATE rectify.measure SET lead_org = '%s', version = version + 1 WHERE id = '%s';"
              "INSERT INTO rectify.access (tenant, measure, org, problem)"
              " VALUES (1, '%s', '%s', '%s')",
              slice_id(6), slice_id(61), slice_id(61), slice_id(6), slice_id(51));
    slice_sign_all();
    const char *photo = slice_file(201, 6, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT2, "ClaimEffect", "P-01-M-01", photo), STATUS_OK, NULL);
}

static void
handed_in(void)
{
    slice_job("OpenObligations");
    slice_sign_all();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
}

static void
owed(void)
{
    slice_job("OpenObligations");
    slice_sign_all();
}

static void
sustaining(void)
{
    closing_measure_to(61, "SUSTAINING");
}

static void
applied(void)
{
    closing_problem_to("CLOSE_APPLIED", false);
}

static void
in_sitting(void)
{
    closing_problem_to("JOINT_REVIEW", false);
    closing_open();
}

static void
extension(const char *until)
{
    slice_sign_all();
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text("P-01-M-01");
    in->has_milestone = 1;
    in->milestone = PB__MILESTONE_KIND__COMPLETE;
    in->new_due = slice_text(until);
    matter_reason("COORDINATION", "样例理由。");
    matter_done(matter_open(UNIT1, "extension", NULL), "SUBMITTED");
}

static void
short_extension(void)
{
    extension("2027-01-10");
}

static void
long_extension(void)
{
    extension("2027-03-10");
}

static void
past_the_phase(void)
{
    slice_sql(
        "INSERT INTO rectify.inspection_date (tenant, inspection, kind, planned_day, event_id)"
        " VALUES (1, '%s', 'CONCENTRATED_END', '2026-12-31', '%s')",
        slice_id(31), slice_id(1));
    extension("2027-03-10");
}

/* A notice that unit 1 has replied to; about a measure, or about the unit alone. */
static void
replied(const char *measure)
{
    slice_sign_all();
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text(measure);
    in->unit = measure == NULL ? slice_text("unit01") : NULL;
    in->text = slice_text("样例：请说明。");
    matter_done(matter_open(OFFICE2, "notice", NULL), "PROPOSED");
    matter_done(matter_act(OFFICE2, "DB-0001", "issue"), "ISSUED");
    matter_done(matter_act(UNIT1, "DB-0001", "sign_for"), "SIGNED_FOR");
    matter_in()->answer = slice_text("样例：已办。");
    matter_done(matter_act(UNIT1, "DB-0001", "reply"), "REPLIED");
}

static void
measure_replied(void)
{
    replied("P-01-M-01");
}

static void
unit_replied(void)
{
    replied(NULL);
}

static void
instruction_replied(void)
{
    Pb__MatterInput *in = matter_in();
    in->unit = slice_text("unit01");
    in->text = slice_text("样例：请办。");
    in->due = slice_text("2026-11-20");
    matter_done(matter_open(LEADER1, "instruction", NULL), "ISSUED");
    matter_done(matter_act(UNIT1, "PS-0001", "sign_for"), "IN_PROGRESS");
    matter_in()->answer = slice_text("样例：已办。");
    matter_done(matter_act(UNIT1, "PS-0001", "reply"), "REPLIED");
}

static void
talk_proposed(void)
{
    Pb__MatterInput *in = matter_in();
    in->unit = slice_text("unit01");
    in->text = slice_text("样例事由。");
    matter_done(matter_open(OFFICE1, "talk", NULL), "PROPOSED");
}

static void
round_running(void)
{
    char *chosen[] = {slice_text("P-01-M-01")};
    slice_sign_all();
    matter_in()->scheduled_on = slice_text("2026-11-10");
    matter_input.measures = chosen;
    matter_input.n_measures = 1;
    matter_done(matter_open(DISC1, "round", NULL), "PLANNED");
    matter_done(matter_act(DISC1, "DC-0001", "start"), "RUNNING");
}

static const Pb__CallReply *
judge_round(int account)
{
    Pb__MatterSample line = PB__MATTER_SAMPLE__INIT;
    Pb__MatterSample *list[] = {&line};
    line.measure_ref = slice_text("P-01-M-01");
    line.has_verdict = 1;
    line.verdict = PB__SAMPLE_VERDICT__SAMPLE_TRUE;
    matter_in()->verdicts = list;
    matter_input.n_verdicts = 1;
    return matter_act(account, "DC-0001", "judge");
}

static void
round_fed_back(void)
{
    round_running();
    slice_expect(judge_round(DISC1), STATUS_OK, NULL);
    matter_done(matter_act(DISC1, "DC-0001", "conclude"), "CONCLUDED");
    matter_done(matter_act(DISC1, "DC-0001", "feed_back"), "FED_BACK");
}

static void
node_reached(void)
{
    slice_sign_all();
    slice_sql("INSERT INTO rectify.milestone_node (tenant, measure, no, title, due, reached_day,"
              " version, event_id) VALUES (1, '%s', 1, '样例节点', '2026-11-15', '2026-11-09', 1,"
              " '%s')",
              slice_id(61), slice_id(1));
}

/* ---- how it is judged ---- */

static const Pb__CallReply *
confirm(int account)
{
    return slice_verdict(account, "ConfirmClaim", "P-01-M-01", NULL);
}

static const Pb__CallReply *
give_back(int account)
{
    return slice_verdict(account, "ReturnClaim", "P-01-M-01", "样例：材料不全");
}

static const Pb__CallReply *
endorse(int account)
{
    Pb__EndorseRequest r = PB__ENDORSE_REQUEST__INIT;
    r.ref = slice_text("P-01-M-01");
    return slice_call(account, "MeasureService/Endorse", &r.base);
}

static const Pb__CallReply *
accept_rows(int account)
{
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE2, "unit01", "2026-11"), PB__VERDICT__ACCEPTED);
    return slice_call(account, "TableService/DecideTable", &d->base);
}

static const Pb__CallReply *
waive(int account)
{
    Pb__ChangeTableRequest r = change(get_table(OFFICE2, "unit01", "2026-11"), "样例：机构合并");
    return slice_call(account, "TableService/WaiveTable", &r.base);
}

static const Pb__CallReply *
check_ok(int account)
{
    Pb__CheckRequest r = PB__CHECK_REQUEST__INIT;
    r.ref = slice_text("P-01-M-01");
    r.next_check_on = slice_text("2027-03-01");
    return slice_call(account, "MeasureService/CheckOk", &r.base);
}

static const Pb__CallReply *
finish(int account)
{
    Pb__CheckRequest r = PB__CHECK_REQUEST__INIT;
    r.ref = slice_text("P-01-M-01");
    return slice_call(account, "MeasureService/FinishSustaining", &r.base);
}

static const Pb__CallReply *
forward(int account)
{
    return closing_forward(account, "样例：同意");
}

static const Pb__CallReply *
return_close(int account)
{
    Pb__DecideProblemRequest r = PB__DECIDE_PROBLEM_REQUEST__INIT;
    r.ref = slice_text("P-01");
    r.reason_code = slice_text("OTHER");
    r.reason = slice_text("样例：报告太简");
    return slice_call(account, "ProblemService/ReturnClose", &r.base);
}

static const Pb__CallReply *
opinion(int account)
{
    return closing_judge(account, 0);
}

static const Pb__CallReply *
approve(int account)
{
    return matter_act(account, "YQ-0001", "approve");
}

static const Pb__CallReply *
reject(int account)
{
    (void)matter_in();
    matter_reason("OTHER", "样例：不准。");
    return matter_act(account, "YQ-0001", "reject");
}

static const Pb__CallReply *
clear_notice(int account)
{
    return matter_act(account, "DB-0001", "clear");
}

static const Pb__CallReply *
not_satisfied(int account)
{
    (void)matter_in();
    matter_reason("OTHER", "样例：不实。");
    return matter_act(account, "DB-0001", "not_satisfied");
}

static const Pb__CallReply *
close_instruction(int account)
{
    return matter_act(account, "PS-0001", "close");
}

static const Pb__CallReply *
approve_talk(int account)
{
    matter_in()->scheduled_on = slice_text("2026-11-12");
    return matter_act(account, "YT-0001", "approve");
}

static const Pb__CallReply *
finalize(int account)
{
    return matter_act(account, "DC-0001", "finalize");
}

static const Pb__CallReply *
return_node(int account)
{
    Pb__ReturnNodeRequest r = PB__RETURN_NODE_REQUEST__INIT;
    r.measure_ref = slice_text("P-01-M-01");
    r.has_no = 1;
    r.no = 1;
    r.reason = slice_text("样例：没有完成");
    return slice_call(account, "NodeService/ReturnNode", &r.base);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    void (*prepare)(void);
    const Pb__CallReply *(*judge)(int account);
    int account;
    int unit; /* org whose work it is */
    enum status code;
    const char *reason;
} judgings[] = {
    {"confirm", claimed, confirm, OFFICE1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"return", claimed, give_back, OFFICE1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"endorse", claimed_by_unit2, endorse, UNIT1, 6, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"confirm another unit's", claimed_by_unit2, give_back, OFFICE1, 6, STATUS_PERMISSION_DENIED,
     "RECUSED"},
    {"accept rows", handed_in, accept_rows, OFFICE1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"waive a table", owed, waive, OFFICE1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"check", sustaining, check_ok, DISC1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"finish", sustaining, finish, ORGD1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"forward", applied, forward, OFFICE1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"return a closing", applied, return_close, OFFICE1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"opinion of the office", in_sitting, opinion, OFFICE1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"opinion of DISC", in_sitting, opinion, DISC1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"opinion of ORGD", in_sitting, opinion, ORGD1, 5, STATUS_PERMISSION_DENIED, "RECUSED"},
    {"short extension", short_extension, approve, OFFICE1, 5, STATUS_FAILED_PRECONDITION,
     "OWN_WORK"},
    {"rejecting one", short_extension, reject, OFFICE1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"long extension", long_extension, approve, LEADER1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"past the phase", past_the_phase, approve, LGROUP1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"clear", measure_replied, clear_notice, OFFICE1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"not satisfied", measure_replied, not_satisfied, OFFICE1, 5, STATUS_FAILED_PRECONDITION,
     "OWN_WORK"},
    {"clear, of the unit", unit_replied, clear_notice, OFFICE1, 5, STATUS_FAILED_PRECONDITION,
     "OWN_WORK"},
    {"instruction", instruction_replied, close_instruction, LEADER1, 5, STATUS_FAILED_PRECONDITION,
     "OWN_WORK"},
    {"talk", talk_proposed, approve_talk, DISC1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"verdict of a round", round_running, judge_round, DISC1, 5, STATUS_INVALID_ARGUMENT,
     "OWN_WORK"},
    {"a round's end", round_fed_back, finalize, DISC1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
    {"node", node_reached, return_node, OFFICE1, 5, STATUS_FAILED_PRECONDITION, "OWN_WORK"},
};

/* Refused while he sits in the unit, and nothing is left of it; without the seat it goes through.
 */
static void
a_seat_in_the_judged_unit_recuses(void **state)
{
    for (size_t i = 0; i < sizeof judgings / sizeof judgings[0]; i++) {
        if (i > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(closing_set_up(state), 0);
        }
        judgings[i].prepare();
        int account = judgings[i].account;
        slice_sql("INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
                  " VALUES (1, '%s', '%s', %d, '%s')",
                  slice_id(account), slice_id(judgings[i].unit), (int)ROLE_PART, slice_id(1));
        long events = slice_count("SELECT count(*) FROM rectify.event");
        const Pb__Status *refused = judgings[i].judge(account)->status;
        if (refused->code != (int)judgings[i].code ||
            strcmp(refused->reason, judgings[i].reason) != 0) {
            fail_msg("%s: %d %s %s", judgings[i].name, refused->code, refused->reason,
                     refused->message);
        }
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"), events);
        slice_sql("UPDATE rectify.seat SET ended_ms = 1 WHERE account = '%s' AND org = '%s'",
                  slice_id(account), slice_id(judgings[i].unit));
        const Pb__Status *after = judgings[i].judge(account)->status;
        if (after->code != STATUS_OK) {
            fail_msg("%s, without the seat: %d %s %s", judgings[i].name, after->code, after->reason,
                     after->message);
        }
    }
}

/* ---- two people, substitutes included ---- */

/* STAND_IN is a colleague of an account, and stands in for it. */
static void
seat_stand_in(int account, int org, unsigned roles)
{
    slice_seed_person(STAND_IN, "standin", org, roles);
    slice_sql("INSERT INTO rectify.seat (tenant, account, org, roles, substitute_for, event_id)"
              " VALUES (1, '%s', '%s', %u, '%s', '%s')",
              slice_id(STAND_IN), slice_id(org), roles, slice_id(account), slice_id(1));
}

/* Unit 1's clerk is its reviewer too, and has a substitute. */
static void
begin_table(void)
{
    owed();
    slice_sql("UPDATE rectify.seat SET roles = %d WHERE account = '%s'",
              (int)(ROLE_PLEAD | ROLE_REVIEWER), slice_id(UNIT1));
    seat_stand_in(UNIT1, 5, ROLE_PLEAD | ROLE_REVIEWER);
}

static void
fill_as(int account, const char *behalf)
{
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    slice_behalf = behalf;
    const Pb__SubmitTableReply *s = submit(account, r);
    slice_behalf = NULL;
    assert_string_equal(s->table->state, "CONFIRMING");
}

static const Pb__CallReply *
confirm_as(int account, const char *behalf)
{
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    Pb__ConfirmTableRequest r = PB__CONFIRM_TABLE_REQUEST__INIT;
    r.id = t->id;
    r.has_expected_version = 1;
    r.expected_version = t->version;
    slice_behalf = behalf;
    const Pb__CallReply *reply = slice_call(account, "TableService/ConfirmTable", &r.base);
    slice_behalf = NULL;
    return reply;
}

static void
one_person_does_not_fill_and_confirm(void **state)
{
    static const struct {
        int filler;
        const char *filled_as;
        int reviewer;
        const char *reviewed_as;
        const char *reason; /* NULL: goes through */
    } cases[] = {
        {UNIT1, NULL, UNIT1, NULL, "SAME_PERSON"},
        {UNIT1, NULL, STAND_IN, "@unit1", "SAME_PERSON"}, /* in the filler's place */
        {STAND_IN, "@unit1", UNIT1, NULL, "SAME_PERSON"}, /* it was filled in his place */
        {STAND_IN, NULL, STAND_IN, "@unit1", "SAME_PERSON"},
        {STAND_IN, "@unit1", STAND_IN, NULL, "SAME_PERSON"},
        {UNIT1, NULL, STAND_IN, NULL, NULL},
        {STAND_IN, NULL, UNIT1, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(closing_set_up(state), 0);
        }
        begin_table();
        fill_as(cases[i].filler, cases[i].filled_as);
        const Pb__CallReply *r = confirm_as(cases[i].reviewer, cases[i].reviewed_as);
        slice_expect(r, cases[i].reason == NULL ? STATUS_OK : STATUS_PERMISSION_DENIED,
                     cases[i].reason);
    }
    /* The database holds it too. */
    assert_true(test_db_refused("postgres",
                                arena_printf(&slice_arena,
                                             "UPDATE rectify.periodic_table SET filled_for = '%s',"
                                             " version = version + 1 WHERE reviewed_by = '%s'",
                                             slice_id(UNIT1), slice_id(UNIT1)),
                                "periodic_table_two_people_for"));
}

/* What the office entered for a unit (代报) somebody else of it judges, and not in his place. */
static void
who_entered_it_does_not_judge_it(void **state)
{
    (void)state;
    owed();
    seat_stand_in(OFFICE1, 1, ROLE_OFFICE);
    Pb__SubmitTableRequest *r = fill(get_table(OFFICE1, "unit01", "2026-11"));
    slice_behalf = "unit01";
    submit(OFFICE1, r);
    slice_behalf = NULL;
    slice_expect(accept_rows(OFFICE1), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE2, "unit01", "2026-11"), PB__VERDICT__ACCEPTED);
    slice_behalf = "@office1";
    slice_refused(STAND_IN, "TableService/DecideTable", &d->base, STATUS_PERMISSION_DENIED,
                  "SAME_PERSON");
    slice_behalf = NULL;
    slice_expect(accept_rows(STAND_IN), STATUS_OK, NULL); /* as himself */
}

static void
who_claimed_for_a_unit_does_not_confirm(void **state)
{
    (void)state;
    slice_sign_all();
    seat_stand_in(OFFICE1, 1, ROLE_OFFICE);
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_behalf = "unit01";
    slice_expect(slice_claim(OFFICE1, "ClaimEffect", "P-01-M-01", photo), STATUS_OK, NULL);
    slice_behalf = NULL;
    slice_expect(confirm(OFFICE1), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    slice_expect(give_back(OFFICE1), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    slice_behalf = "@office1";
    slice_expect(confirm(STAND_IN), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    slice_behalf = NULL;
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    get.ref = slice_text("P-01-M-01");
    const Pb__AllowedCommandsReply *allowed =
        slice_ok(OFFICE1, "MeasureService/AllowedCommands", &get.base,
                 &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < allowed->n_commands; i++) {
        if (strcmp(allowed->commands[i]->command, "confirm") == 0) {
            assert_string_equal(allowed->commands[i]->reason, "SAME_PERSON");
        }
    }
    slice_expect(confirm(OFFICE2), STATUS_OK, NULL);
    assert_int_equal(slice_count("SELECT count(claimed_account) FROM rectify.measure"), 0);
}

static void
who_asked_for_more_time_does_not_grant_it(void **state)
{
    (void)state;
    slice_sign_all();
    seat_stand_in(OFFICE1, 1, ROLE_OFFICE);
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text("P-01-M-01");
    in->has_milestone = 1;
    in->milestone = PB__MILESTONE_KIND__COMPLETE;
    in->new_due = slice_text("2027-01-10");
    matter_reason("COORDINATION", "样例理由。");
    slice_behalf = "unit01";
    matter_done(matter_open(OFFICE1, "extension", NULL), "SUBMITTED");
    slice_behalf = NULL;
    slice_expect(approve(OFFICE1), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    slice_expect(reject(OFFICE1), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    slice_behalf = "@office1";
    slice_expect(approve(STAND_IN), STATUS_PERMISSION_DENIED, "SAME_PERSON");
    slice_behalf = NULL;
    assert_string_equal(matter_why_not(OFFICE1, "YQ-0001", "approve"), "SAME_PERSON");
    slice_expect(approve(OFFICE2), STATUS_OK, NULL);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, closing_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_seat_in_the_judged_unit_recuses),
        TEST(one_person_does_not_fill_and_confirm),
        TEST(who_entered_it_does_not_judge_it),
        TEST(who_claimed_for_a_unit_does_not_confirm),
        TEST(who_asked_for_more_time_does_not_grant_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
