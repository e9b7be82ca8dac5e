/* Isolation: what is another unit's answers exactly like what does not exist, at the door; and the
 * database itself shows and changes nothing of it under the unit's scope. */
#include "tests/service/slice.h"

#include "server/store/measure.h"
#include "server/store/table.h"

/* What exists and is unit 2's; and what does not exist, as long in bytes. */
static const char own_ref[] = "P-02-M-01";
static const char no_ref[] = "P-99-M-99";
static const char *own_id;
static const char *no_id;
static const char *own_table;
static const char *no_table;
static const char *own_file;
static const char *no_file;

/* The answer without what names the attempt: call id and server time; each mention of one name is
 * put in place of the other. */
static char *
answer_text(const Pb__CallReply *reply, const char *name, const char *instead)
{
    const Pb__Status *s = reply->status;
    char *message = arena_strdup(&slice_arena, s->message == NULL ? "" : s->message);
    for (char *p = strstr(message, name); p != NULL; p = strstr(p + 1, name)) {
        assert_int_equal(strlen(name), strlen(instead));
        memcpy(p, instead, strlen(instead));
    }
    const char *field = s->n_violations > 0 ? s->violations[0]->field : "";
    return arena_printf(&slice_arena, "%d|%s|%s|%s|%d|%lld|%d|%zu", s->code, s->reason, message,
                        field, s->has_current_version, (long long)s->current_version,
                        reply->receipt != NULL, reply->payload.len);
}

static void
same_answer(const char *method, const ProtobufCMessage *foreign, const ProtobufCMessage *absent,
            const char *own_name, const char *no_name)
{
    const Pb__CallReply *one = slice_call(UNIT1, method, foreign);
    const Pb__CallReply *other = slice_call(UNIT1, method, absent);
    assert_int_not_equal(one->status->code, STATUS_OK);
    assert_int_not_equal(one->status->code, STATUS_INTERNAL);
    assert_string_equal(answer_text(one, own_name, no_name), answer_text(other, no_name, no_name));
}

static void
measures_by_ref_and_id(void **state)
{
    (void)state;
    const char *const names[][2] = {{own_ref, no_ref}, {own_id, no_id}};
    for (size_t i = 0; i < 2; i++) {
        Pb__GetMeasureRequest get[2] = {PB__GET_MEASURE_REQUEST__INIT,
                                        PB__GET_MEASURE_REQUEST__INIT};
        Pb__ClaimRequest claim[2] = {PB__CLAIM_REQUEST__INIT, PB__CLAIM_REQUEST__INIT};
        Pb__DecideClaimRequest decide[2] = {PB__DECIDE_CLAIM_REQUEST__INIT,
                                            PB__DECIDE_CLAIM_REQUEST__INIT};
        Pb__AskRequest ask[2] = {PB__ASK_REQUEST__INIT, PB__ASK_REQUEST__INIT};
        Pb__SignForRequest sign[2] = {PB__SIGN_FOR_REQUEST__INIT, PB__SIGN_FOR_REQUEST__INIT};
        Pb__MeasureVersion lines[2] = {PB__MEASURE_VERSION__INIT, PB__MEASURE_VERSION__INIT};
        Pb__MeasureVersion *lists[2] = {&lines[0], &lines[1]};
        for (size_t k = 0; k < 2; k++) {
            char *name = slice_text(names[i][k]);
            get[k].ref = claim[k].ref = decide[k].ref = ask[k].measure_ref = lines[k].ref = name;
            ask[k].text = slice_text("求助");
            decide[k].reason_code = slice_text("OTHER");
            decide[k].reason = slice_text("理由");
            sign[k].measures = &lists[k];
            sign[k].n_measures = 1;
        }
        const char *a = names[i][0];
        const char *b = names[i][1];
        same_answer("MeasureService/GetMeasure", &get[0].base, &get[1].base, a, b);
        same_answer("MeasureService/AllowedCommands", &get[0].base, &get[1].base, a, b);
        same_answer("MeasureService/SignFor", &sign[0].base, &sign[1].base, a, b);
        same_answer("MeasureService/ClaimEffect", &claim[0].base, &claim[1].base, a, b);
        same_answer("MeasureService/ClaimComplete", &claim[0].base, &claim[1].base, a, b);
        same_answer("MeasureService/WithdrawClaim", &decide[0].base, &decide[1].base, a, b);
        same_answer("ConsultationService/Ask", &ask[0].base, &ask[1].base, a, b);
    }
    assert_int_equal(slice_count("SELECT version FROM rectify.measure WHERE ref = 'P-02-M-01'"), 1);
}

static void
problems_tables_files(void **state)
{
    (void)state;
    Pb__GetProblemRequest problem[2] = {PB__GET_PROBLEM_REQUEST__INIT,
                                        PB__GET_PROBLEM_REQUEST__INIT};
    problem[0].ref = slice_text("P-02");
    problem[1].ref = slice_text("P-99");
    same_answer("ProblemService/GetProblem", &problem[0].base, &problem[1].base, "P-02", "P-99");
    Pb__GetTableRequest table[2] = {PB__GET_TABLE_REQUEST__INIT, PB__GET_TABLE_REQUEST__INIT};
    Pb__SubmitTableRequest submit[2] = {PB__SUBMIT_TABLE_REQUEST__INIT,
                                        PB__SUBMIT_TABLE_REQUEST__INIT};
    table[0].id = submit[0].id = slice_text(own_table);
    table[1].id = submit[1].id = slice_text(no_table);
    same_answer("TableService/GetTable", &table[0].base, &table[1].base, own_table, no_table);
    same_answer("TableService/SubmitTable", &submit[0].base, &submit[1].base, own_table, no_table);
    table[0].id = table[1].id = NULL;
    table[0].org = slice_text("unit02");
    table[1].org = slice_text("unit99");
    same_answer("TableService/GetTable", &table[0].base, &table[1].base, "unit02", "unit99");
    Pb__GetEvidenceRequest file[2] = {PB__GET_EVIDENCE_REQUEST__INIT,
                                      PB__GET_EVIDENCE_REQUEST__INIT};
    Pb__GetChunkRequest chunk[2] = {PB__GET_CHUNK_REQUEST__INIT, PB__GET_CHUNK_REQUEST__INIT};
    file[0].id = chunk[0].id = slice_text(own_file);
    file[1].id = chunk[1].id = slice_text(no_file);
    same_answer("EvidenceService/GetEvidence", &file[0].base, &file[1].base, own_file, no_file);
    same_answer("EvidenceService/GetChunk", &chunk[0].base, &chunk[1].base, own_file, no_file);
    static const char *const mine[] = {"P-01-M-01"};
    slice_expect(slice_sign_for(UNIT1, mine, 1), STATUS_OK, NULL);
    Pb__ClaimRequest claim[2] = {PB__CLAIM_REQUEST__INIT, PB__CLAIM_REQUEST__INIT};
    char *files[2][1] = {{slice_text(own_file)}, {slice_text(no_file)}};
    for (size_t k = 0; k < 2; k++) {
        claim[k].ref = slice_text("P-01-M-01");
        claim[k].evidence = files[k];
        claim[k].n_evidence = 1;
    }
    same_answer("MeasureService/ClaimEffect", &claim[0].base, &claim[1].base, own_file, no_file);
}

static void
lists_do_not_tell(void **state)
{
    (void)state;
    Pb__ListMeasuresRequest measures = PB__LIST_MEASURES_REQUEST__INIT;
    const Pb__ListMeasuresReply *m = slice_ok(UNIT1, "MeasureService/ListMeasures", &measures.base,
                                              &pb__list_measures_reply__descriptor);
    assert_int_equal(m->n_measures, 3);
    measures.unit = slice_text("unit02");
    m = slice_ok(UNIT1, "MeasureService/ListMeasures", &measures.base,
                 &pb__list_measures_reply__descriptor);
    assert_int_equal(m->n_measures, 0);
    Pb__ListTablesRequest tables = PB__LIST_TABLES_REQUEST__INIT;
    tables.org = slice_text("unit02");
    const Pb__ListTablesReply *t = slice_ok(UNIT1, "TableService/ListTables", &tables.base,
                                            &pb__list_tables_reply__descriptor);
    assert_int_equal(t->n_tables, 0);
    slice_job("RaiseAlerts");
    Pb__ListAlertsRequest alerts = PB__LIST_ALERTS_REQUEST__INIT;
    const Pb__ListAlertsReply *a = slice_ok(UNIT1, "AlertService/ListAlerts", &alerts.base,
                                            &pb__list_alerts_reply__descriptor);
    for (size_t i = 0; i < a->n_alerts; i++) {
        assert_null(strstr(a->alerts[i]->subject_ref, "P-02"));
    }
}

/* The leader and the special group see what they lead, and nothing can be changed from there. */
static void
a_participant_of_nothing_sees_nothing(void **state)
{
    (void)state;
    slice_sql("DELETE FROM rectify.access WHERE org = '%s'", slice_id(3));
    Pb__ListMeasuresRequest measures = PB__LIST_MEASURES_REQUEST__INIT;
    const Pb__ListMeasuresReply *m = slice_ok(LEADER1, "MeasureService/ListMeasures",
                                              &measures.base, &pb__list_measures_reply__descriptor);
    assert_int_equal(m->n_measures, 0);
    m = slice_ok(SGROUP1, "MeasureService/ListMeasures", &measures.base,
                 &pb__list_measures_reply__descriptor);
    assert_int_equal(m->n_measures, 4);
}

/* ---- the second wall ---- */

static struct db *
scoped(struct db_queue **ret_q, struct arena *a)
{
    struct db *db = NULL;
    struct fault fault = {0};
    assert_int_equal(db_open(test_db_conninfo("rectify_app"), "isolation", &db, &fault), STATUS_OK);
    assert_int_equal(db_begin(db, false, &fault), STATUS_OK);
    *ret_q = db_queue_new(a);
    char *orgs = arena_printf(a, "{%s}", slice_id(5));
    assert_int_equal(db_queue_scope(*ret_q, 1, false, orgs, slice_id(UNIT1)), STATUS_OK);
    return db;
}

static void
the_database_hides_foreign_rows(void **state)
{
    (void)state;
    struct db_queue *q = NULL;
    struct fault fault = {0};
    int owner = 0;
    struct db *db = scoped(&q, &slice_arena);
    struct measure_list by_ref = {0};
    struct measure_list by_table = {0};
    struct table_list tables = {0};
    const char *refs[] = {own_ref, own_id};
    struct text_list list = {refs, 2, 2};
    assert_int_equal(measure_queue_get(q, 1, &list, NULL, true, &slice_arena, &by_ref), STATUS_OK);
    assert_int_equal(measure_queue_of_table(q, 1, own_table, false, &by_table), STATUS_OK);
    assert_int_equal(table_queue_get(q, 1, own_table, false, &tables), STATUS_OK);
    assert_int_equal(db_run(db, q, &owner, &fault), STATUS_OK);
    assert_int_equal(by_ref.count + by_table.count + tables.count, 0);
    db_rollback(db);
    db_close(db);
}

static void
a_foreign_write_is_an_error(void **state)
{
    (void)state;
    struct db_queue *q = NULL;
    struct fault fault = {0};
    int owner = 0;
    struct db *db = scoped(&q, &slice_arena);
    struct measure_record m = {
        .id = own_id,
        .state = "IN_PROGRESS",
        .round = 1,
        .percent = -1,
        .reported_day = NO_DATE,
        .next_check_day = NO_DATE,
    };
    assert_int_equal(measure_queue_update(q, 1, &m, 1, slice_id(1)), STATUS_OK);
    assert_int_equal(db_run(db, q, &owner, &fault), STATUS_ABORTED);
    assert_string_equal(fault.reason, "ROW_COUNT");
    db_rollback(db);
    db_close(db);
    assert_int_equal(slice_count("SELECT version FROM rectify.measure WHERE ref = 'P-02-M-01'"), 1);
}

static int
set_up(void **state)
{
    int failed = slice_set_up(state);
    if (failed == 0) {
        char text[64];
        slice_job("OpenObligations");
        test_db_query("postgres",
                      "SELECT t.id FROM rectify.periodic_table t JOIN rectify.org o ON o.id = t.org"
                      " WHERE o.code = 'unit02' AND period = '2026-11'",
                      text, sizeof text);
        own_table = arena_strdup(&slice_arena, text);
        no_table = slice_id(999);
        own_id = slice_id(64);
        no_id = slice_id(998);
        own_file = slice_file(301, 6, PB__EVIDENCE_KIND__PHOTO);
        no_file = slice_id(997);
    }
    return failed;
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(measures_by_ref_and_id),
        TEST(problems_tables_files),
        TEST(lists_do_not_tell),
        TEST(a_participant_of_nothing_sees_nothing),
        TEST(the_database_hides_foreign_rows),
        TEST(a_foreign_write_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
