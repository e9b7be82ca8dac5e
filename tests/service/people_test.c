/* Whose work is whose: standing in for somebody at work (X 代 Y), rule 4 for both, a leader's own
 * view, who may know of a thing, and the columns a unit cannot write. */
#include "tests/service/slice.h"

#include "rectify/v1/org.pb-c.h"

#include <libpq-fe.h>

enum { LEADER_ORG = 3, OFFICE_ORG = 1, UNIT1_ORG = 5, UNIT2_ORG = 6 };

/* A seat of `account` in which it stands in for `other`, put behind the door's back; days as SQL.
 */
static void
stand_in(int account, int other, int org, unsigned roles, const char *from, const char *to)
{
    slice_sql("INSERT INTO rectify.seat (tenant, account, org, roles, substitute_for, from_day,"
              " to_day, event_id) VALUES (1, '%s', '%s', %u, '%s', '%s', '%s', '%s')",
              slice_id(account), slice_id(org), roles, slice_id(other), from, to, slice_id(1));
}

static void
seat(int account, int org, unsigned roles)
{
    slice_sql("INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
              " VALUES (1, '%s', '%s', %u, '%s')",
              slice_id(account), slice_id(org), roles, slice_id(1));
}

/* ---- X 代 Y ---- */

static void
a_substitute_signs_for_the_other_unit(void **state)
{
    (void)state;
    static const char *const refs[] = {"P-01-M-01"};
    stand_in(UNIT2, UNIT1, UNIT1_ORG, ROLE_PLEAD, "2026-11-10", "2026-11-11");
    /* As himself he does not even see it. */
    slice_expect(slice_sign_for(UNIT2, refs, 1), STATUS_NOT_FOUND, NULL);
    slice_behalf = "@unit1";
    const Pb__CallReply *reply = slice_sign_for(UNIT2, refs, 1);
    slice_expect(reply, STATUS_OK, NULL);
    assert_string_equal(reply->acting_as, "样例unit2 代 样例unit1（样例一局）");
    /* In that seat he sees what it sees, and no longer his own. */
    Pb__GetMeasureRequest own = PB__GET_MEASURE_REQUEST__INIT;
    own.ref = slice_text("P-02-M-01");
    slice_expect(slice_call(UNIT2, "MeasureService/GetMeasure", &own.base), STATUS_NOT_FOUND, NULL);
    assert_string_equal(slice_measure(UNIT2, "P-01-M-01")->measure->state, "IN_PROGRESS");
    slice_behalf = NULL;
    const Pb__GetMeasureReply *m = slice_measure(UNIT1, "P-01-M-01");
    assert_string_equal(m->history[0]->account, "unit2");
    assert_string_equal(m->history[0]->org, "样例unit2 代 样例unit1（样例一局）");
}

static void
his_days_are_his_days(void **state)
{
    (void)state;
    static const char *const days[] = {"2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13"};
    static const bool holds[] = {false, true, true, false};
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    stand_in(UNIT2, UNIT1, UNIT1_ORG, ROLE_PLEAD, "2026-11-11", "2026-11-12");
    slice_behalf = "@unit1";
    for (size_t i = 0; i < 4; i++) {
        slice_day(days[i]);
        slice_expect(slice_call(UNIT2, "MeasureService/ListMeasures", &list.base),
                     holds[i] ? STATUS_OK : STATUS_PERMISSION_DENIED,
                     holds[i] ? NULL : "SUBSTITUTION_UNKNOWN");
    }
    /* Ended before its time, it is gone with the next call. */
    slice_day("2026-11-12");
    slice_expect(slice_call(UNIT2, "MeasureService/ListMeasures", &list.base), STATUS_OK, NULL);
    slice_sql("UPDATE rectify.seat SET ended_ms = 1 WHERE substitute_for IS NOT NULL");
    slice_expect(slice_call(UNIT2, "MeasureService/ListMeasures", &list.base),
                 STATUS_PERMISSION_DENIED, "SUBSTITUTION_UNKNOWN");
}

/* A claim on P-01-M-02 (unit 1) that the office may judge. */
static void
claim_of_unit1(void)
{
    static const char *const refs[] = {"P-01-M-02"};
    slice_expect(slice_sign_for(UNIT1, refs, 1), STATUS_OK, NULL);
    const char *file = slice_file(301, UNIT1_ORG, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", file), STATUS_OK, NULL);
}

/* The one who stands in: his own unit's work is his own, whatever seat he sits in. */
static void
a_substitute_judges_not_his_own_unit(void **state)
{
    (void)state;
    claim_of_unit1();
    stand_in(UNIT1, OFFICE2, OFFICE_ORG, ROLE_OFFICE, "2026-11-10", "2026-11-11");
    stand_in(UNIT2, OFFICE2, OFFICE_ORG, ROLE_OFFICE, "2026-11-10", "2026-11-11");
    slice_behalf = "@office2";
    slice_expect(slice_verdict(UNIT1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_PERMISSION_DENIED,
                 "RECUSED");
    slice_expect(slice_verdict(UNIT1, "ReturnClaim", "P-01-M-02", "样例：材料不足"),
                 STATUS_PERMISSION_DENIED, "RECUSED");
    slice_expect(slice_verdict(UNIT2, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
}

/* The one stood in for: what he may not judge, nobody judges in his seat. */
static void
a_substitute_judges_not_the_others_unit(void **state)
{
    (void)state;
    claim_of_unit1();
    seat(OFFICE2, UNIT1_ORG, ROLE_HEAD);
    stand_in(UNIT2, OFFICE2, OFFICE_ORG, ROLE_OFFICE, "2026-11-10", "2026-11-11");
    slice_behalf = "@office2";
    slice_expect(slice_verdict(UNIT2, "ConfirmClaim", "P-01-M-02", NULL), STATUS_PERMISSION_DENIED,
                 "RECUSED");
    slice_behalf = NULL;
    slice_expect(slice_verdict(OFFICE2, "ConfirmClaim", "P-01-M-02", NULL),
                 STATUS_PERMISSION_DENIED, "RECUSED");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
}

/* Another of his seats recuses him, too: by unit, not only by the seat he sits in. */
static void
a_second_seat_recuses(void **state)
{
    (void)state;
    claim_of_unit1();
    stand_in(OFFICE1, UNIT1, UNIT1_ORG, ROLE_PLEAD, "2026-11-10", "2026-11-11");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL),
                 STATUS_PERMISSION_DENIED, "RECUSED");
    slice_day("2026-11-12");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
}

/* ---- a leader's own view (一岗双责) ---- */

static void
a_leader_sees_what_he_leads(void **state)
{
    (void)state;
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    Pb__ListProblemsRequest problems = PB__LIST_PROBLEMS_REQUEST__INIT;
    slice_sql("DELETE FROM rectify.access WHERE measure = '%s' AND org = '%s'", slice_id(64),
              slice_id(LEADER_ORG));
    const Pb__ListMeasuresReply *m = slice_ok(LEADER1, "MeasureService/ListMeasures", &list.base,
                                              &pb__list_measures_reply__descriptor);
    assert_int_equal(m->n_measures, 3);
    const Pb__ListProblemsReply *p = slice_ok(LEADER1, "ProblemService/ListProblems",
                                              &problems.base, &pb__list_problems_reply__descriptor);
    assert_int_equal(p->n_problems, 1);
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    get.ref = slice_text("P-02-M-01");
    slice_refused(LEADER1, "MeasureService/GetMeasure", &get.base, STATUS_NOT_FOUND,
                  "MEASURE_UNKNOWN");
    get.ref = slice_text("P-01-M-01");
    const Pb__AllowedCommandsReply *a =
        slice_ok(LEADER1, "MeasureService/AllowedCommands", &get.base,
                 &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < a->n_commands; i++) {
        assert_false(a->commands[i]->allowed); /* he looks; he neither reports nor confirms */
    }
}

/* ---- 知悉范围 ---- */

static const Pb__AccessRule *
rule_of(const Pb__ExplainAccessReply *reply, const char *rule, const char *org)
{
    for (size_t i = 0; i < reply->n_rules; i++) {
        if (strcmp(reply->rules[i]->rule, rule) == 0 && strcmp(reply->rules[i]->org, org) == 0) {
            return reply->rules[i];
        }
    }
    return NULL;
}

static void
a_thing_says_who_may_know_of_it(void **state)
{
    (void)state;
    const char *method = "OrgService/ExplainAccess";
    Pb__ExplainAccessRequest r = PB__EXPLAIN_ACCESS_REQUEST__INIT;
    const ProtobufCMessageDescriptor *d = &pb__explain_access_reply__descriptor;
    stand_in(UNIT2, UNIT1, UNIT1_ORG, ROLE_PLEAD, "2026-11-10", "2026-11-11");
    slice_sql("INSERT INTO rectify.participant (tenant, measure, org) VALUES (1, '%s', '%s')",
              slice_id(61), slice_id(UNIT2_ORG));
    r.ref = slice_text("P-01-M-01");
    const Pb__ExplainAccessReply *m = slice_ok(UNIT1, method, &r.base, d);
    assert_string_equal(m->kind, "MEASURE");
    const Pb__AccessRule *lead = rule_of(m, "PROBLEM_LEAD", "unit01");
    assert_non_null(lead);
    assert_int_equal(lead->accounts, 2);
    assert_int_equal(lead->substitutes, 1);
    assert_non_null(rule_of(m, "MEASURE_LEAD", "unit01"));
    assert_non_null(rule_of(m, "PARTICIPANT", "unit02"));
    assert_non_null(rule_of(m, "LEADER", "leader1"));
    assert_non_null(rule_of(m, "SPECIAL_GROUP", "sg1"));
    assert_non_null(rule_of(m, "OVERSIGHT", "office"));
    assert_non_null(rule_of(m, "OVERSIGHT", "lgroup"));
    assert_null(rule_of(m, "OVERSIGHT", "unit02"));
    r.ref = slice_text("P-01");
    m = slice_ok(UNIT1, method, &r.base, d);
    assert_string_equal(m->kind, "PROBLEM");
    assert_non_null(rule_of(m, "PROBLEM_LEAD", "unit01"));
    /* Not his: it is not there. */
    r.ref = slice_text("P-02-M-01");
    slice_refused(UNIT1, method, &r.base, STATUS_NOT_FOUND, "MEASURE_UNKNOWN");
    r.ref = slice_text("P-02");
    slice_refused(UNIT1, method, &r.base, STATUS_NOT_FOUND, "PROBLEM_UNKNOWN");
    r.ref = slice_text("unit02/2026-10");
    slice_refused(UNIT1, method, &r.base, STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    (void)slice_job("OpenObligations");
    r.ref = slice_text("unit01/2026-10");
    m = slice_ok(UNIT1, method, &r.base, d);
    assert_string_equal(m->kind, "TABLE");
    assert_non_null(rule_of(m, "OWNER", "unit01"));
    r.ref = slice_text("unit02/2026-10");
    slice_refused(UNIT1, method, &r.base, STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    r.kind = slice_text("EVERYTHING");
    slice_refused(UNIT1, method, &r.base, STATUS_INVALID_ARGUMENT, "KIND_UNKNOWN");
    r.kind = NULL;
    r.ref = NULL;
    slice_refused(UNIT1, method, &r.base, STATUS_INVALID_ARGUMENT, "REF_MISSING");
}

/* ---- columns a unit cannot write, whoever errs in the server ---- */

/* "" when the update went through as these roles, else the constraint that refused it. */
static const char *
written(unsigned roles, const char *update)
{
    PGconn *conn = PQconnectdb(test_db_conninfo("rectify_app"));
    char *sql = arena_printf(&slice_arena,
                             "BEGIN; SET LOCAL search_path = rectify;"
                             "SELECT set_config('rectify.tenant', '1', true),"
                             " set_config('rectify.all', '1', true),"
                             " set_config('rectify.roles', '%u', true); %s; ROLLBACK",
                             roles, update);
    PGresult *result = PQexec(conn, sql);
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR && name == NULL) {
        fail_msg("%s", PQresultErrorMessage(result));
    }
    name = arena_strdup(&slice_arena, name == NULL ? "" : name);
    PQclear(result);
    PQfinish(conn);
    return name;
}

static void
a_unit_writes_no_deadline_no_verdict_no_lead(void **state)
{
    (void)state;
    static const struct {
        const char *update;
        const char *refused_by; /* for a unit */
    } cases[] = {
        {"UPDATE milestone SET current_due = '2030-01-01', version = version + 1",
         "milestone_not_by_unit"},
        {"UPDATE milestone SET reached_day = '2026-11-10', version = version + 1",
         "milestone_not_by_unit"},
        {"UPDATE milestone SET claimed_day = '2026-11-10', version = version + 1", ""},
        {"UPDATE measure SET lead_org = NULL, version = version + 1", "measure_not_by_unit"},
        {"UPDATE measure SET leader_org = NULL, version = version + 1", "measure_not_by_unit"},
        {"UPDATE measure SET class = 3, version = version + 1 WHERE no = 1", "measure_not_by_unit"},
        {"UPDATE measure SET text = '改', version = version + 1", "measure_not_by_unit"},
        {"UPDATE measure SET percent = 50, narrative = '改', version = version + 1", ""},
        {"UPDATE problem SET lead_org = NULL, version = version + 1", "problem_not_by_unit"},
        {"INSERT INTO participant SELECT 1, id, lead_org FROM measure", "participant_not_by_unit"},
        {"INSERT INTO access SELECT 1, m.id, o.id, m.problem FROM measure m, org o"
         " WHERE o.kind = 'OFFICE'",
         "access_not_by_unit"},
    };
    static const unsigned units[] = {
        ROLE_PLEAD,    ROLE_MLEAD, ROLE_PART, ROLE_UNIT | ROLE_PART, ROLE_PLEAD | ROLE_FILLER,
        ROLE_REVIEWER, ROLE_HEAD};
    static const unsigned others[] = {ROLE_OFFICE, ROLE_LGROUP, ROLE_LEADER,
                                      ROLE_SYS,    0,           ROLE_OFFICE | ROLE_PLEAD};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
            assert_string_equal(written(units[k], cases[i].update), cases[i].refused_by);
        }
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
            assert_string_equal(written(others[k], cases[i].update), "");
        }
    }
}

/* Every call of the door says with which roles it writes: a claim's scope is the unit's, and for a
 * unit (代报) the office's is no wider. */
static void
the_door_tells_the_database_who_writes(void **state)
{
    (void)state;
    static const char *const refs[] = {"P-01-M-01"};
    slice_sql("CREATE TABLE rectify.seen (roles text);"
              "GRANT INSERT ON rectify.seen TO rectify_app;"
              "CREATE FUNCTION rectify.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
              " INSERT INTO rectify.seen VALUES (current_setting('rectify.roles', true));"
              " RETURN NEW; END $$;"
              "CREATE TRIGGER note BEFORE UPDATE ON rectify.measure FOR EACH ROW"
              " EXECUTE FUNCTION rectify.note()");
    slice_expect(slice_sign_for(UNIT1, refs, 1), STATUS_OK, NULL);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.seen WHERE roles = '16'"), 1);
    static const char *const other[] = {"P-01-M-02"};
    slice_behalf = "unit01";
    slice_expect(slice_sign_for(OFFICE1, other, 1), STATUS_OK, NULL);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.seen WHERE roles = '112'"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_substitute_signs_for_the_other_unit),
        TEST(his_days_are_his_days),
        TEST(a_substitute_judges_not_his_own_unit),
        TEST(a_substitute_judges_not_the_others_unit),
        TEST(a_second_seat_recuses),
        TEST(a_leader_sees_what_he_leads),
        TEST(a_thing_says_who_may_know_of_it),
        TEST(a_unit_writes_no_deadline_no_verdict_no_lead),
        TEST(the_door_tells_the_database_who_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
