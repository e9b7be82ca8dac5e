/* The month's table through the door: owed, pre-filled, handed in, judged, returned, again. */
#include "tests/service/table_slice.h"

#include "server/service/workflow.h"

static void
obligations_open_once(void **state)
{
    (void)state;
    assert_int_equal(slice_job("OpenObligations")->changed, 4); /* 2 units, October and November */
    assert_int_equal(slice_job("OpenObligations")->changed, 0);
    Pb__ListTablesRequest request = PB__LIST_TABLES_REQUEST__INIT;
    const Pb__ListTablesReply *r = slice_ok(OFFICE1, "TableService/ListTables", &request.base,
                                            &pb__list_tables_reply__descriptor);
    assert_int_equal(r->n_tables, 4);
    assert_string_equal(r->tables[0]->period, "2026-11");
    assert_string_equal(r->tables[0]->org, "unit01");
    assert_string_equal(r->tables[0]->due, "2026-11-25");
    assert_int_equal(r->tables[0]->version, 0);
    assert_int_equal(r->tables[0]->days_left, 15);
    request.has_missing = request.missing = 1;
    r = slice_ok(UNIT1, "TableService/ListTables", &request.base,
                 &pb__list_tables_reply__descriptor);
    assert_int_equal(r->n_tables, 1); /* its own October only */
    assert_string_equal(r->tables[0]->period, "2026-10");
    assert_int_equal(r->tables[0]->light, PB__LIGHT__OVERDUE);
    long events = slice_count("SELECT count(*) FROM rectify.event");
    slice_job("OpenObligations");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"), events);
}

/* Without a first period, the month of the first approval counts, in the tenant's own zone. */
static void
the_first_period_may_be_the_approvals(void **state)
{
    (void)state;
    int32_t day = 0;
    assert_int_equal(day_parse("2026-11-01", &day), STATUS_OK);
    slice_sql("UPDATE rectify.inspection SET first_period = NULL");
    assert_int_equal(slice_job("OpenObligations")->changed, 0); /* nothing was approved */
    slice_sql("INSERT INTO rectify.plan_version (tenant, id, inspection, no, state, items,"
              " problems, measures, sha256, approved_ms, version, event_id)"
              " VALUES (1, '%s', '%s', 1, 'DRAFT', 1, 2, 4, sha256('1'), %lld, 1, '%s')",
              slice_id(71), slice_id(31), (long long)day_to_instant(day, ZONE_CHINA_MIN) + 60000,
              slice_id(1));
    assert_int_equal(slice_job("OpenObligations")->changed, 2); /* November; in UTC it is October */
}

static void
a_table_needs_signed_measures(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    const Pb__Table *t = get_table(UNIT1, NULL, NULL); /* the oldest one owed */
    assert_string_equal(t->period, "2026-10");
    assert_int_equal(t->n_rows, 0);
    submit_refused(fill(t), STATUS_FAILED_PRECONDITION, "SIGN_FIRST");
}

static void
bad_cells_are_named(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->n_rows, 3);
    Pb__SubmitTableRequest *r = fill(t);
    r->rows[1]->percent = 101;
    assert_string_equal(
        submit_refused(r, STATUS_INVALID_ARGUMENT, "PERCENT_RANGE")->violations[0]->field,
        "rows[1].percent");
    r = fill(t);
    r->rows[2]->narrative = slice_text("  ");
    submit_refused(r, STATUS_INVALID_ARGUMENT, "NARRATIVE_MISSING");
    r = fill(t);
    r->n_rows = 2;
    submit_refused(r, STATUS_INVALID_ARGUMENT, "ROW_MISSING");
    r = fill(t);
    r->rows[2]->measure_ref = slice_text("P-02-M-01"); /* another unit's: the same words */
    submit_refused(r, STATUS_INVALID_ARGUMENT, "NOT_IN_TABLE");
    r = fill(t);
    r->rows[2]->measure_ref = r->rows[1]->measure_ref;
    submit_refused(r, STATUS_INVALID_ARGUMENT, "MEASURE_TWICE");
    r = fill(t);
    r->rows[0]->narrative = slice_text("秘密★10年");
    submit_refused(r, STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    r = fill(t);
    r->rows[0]->has_ask_help = r->rows[0]->ask_help = 1;
    submit_refused(r, STATUS_INVALID_ARGUMENT, "DIFFICULTY_MISSING");
    r = fill(t);
    r->rows[0]->happened_on = slice_text("2026-11-11");
    submit_refused(r, STATUS_INVALID_ARGUMENT, "DAY_IN_FUTURE");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.table_row"), 0);
}

static void
handing_in_and_an_unchanged_month(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    const Pb__SubmitTableReply *s = submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-10")));
    assert_string_equal(s->table->state, "SUBMITTED");
    assert_true(s->table->late);
    assert_non_null(s->table->receipt);
    assert_int_equal(s->table->version, 1);
    /* The next month comes pre-filled: nothing is typed again. */
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->rows[0]->percent, 30);
    assert_string_equal(t->rows[0]->narrative, "已制定方案");
    s = submit(UNIT1, fill(t));
    assert_false(s->table->late);
    assert_int_equal(slice_count("SELECT unchanged_periods FROM rectify.measure"
                                 " WHERE ref = 'P-01-M-01'"),
                     1);
    slice_day("2026-12-01");
    slice_job("OpenObligations");
    t = get_table(UNIT1, NULL, "2026-12");
    Pb__SubmitTableRequest *r = fill(t);
    r->rows[0]->percent = 20;
    submit_refused(r, STATUS_INVALID_ARGUMENT, "PERCENT_FELL");
    r->rows[0]->lower_reason = slice_text("返工");
    submit(UNIT1, r);
    assert_int_equal(slice_count("SELECT unchanged_periods FROM rectify.measure"
                                 " WHERE ref = 'P-01-M-01'"),
                     0);
    assert_int_equal(slice_count("SELECT unchanged_periods FROM rectify.measure"
                                 " WHERE ref = 'P-01-M-02'"),
                     2);
    submit_refused(r, STATUS_ABORTED, "STALE_VERSION");
}

static void
rows_are_judged_one_by_one(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-11");
    assert_memory_equal(t->receipt, "2026-11-", 8); /* the number people see on the receipt */
    assert_int_equal(strlen(t->receipt), strlen("2026-11-00000001"));
    Pb__DecideTableRequest *d = decisions(t, PB__VERDICT__ACCEPTED);
    d->decisions[1]->verdict = PB__VERDICT__RETURNED;
    slice_refused(OFFICE1, "TableService/DecideTable", &d->base, STATUS_INVALID_ARGUMENT,
                  "REASON_MISSING");
    d->decisions[1]->reason_code = slice_text("NARRATIVE_THIN");
    d->decisions[1]->reason = slice_text("写得太空");
    slice_refused(UNIT1, "TableService/DecideTable", &d->base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    const Pb__DecideTableReply *reply = slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                                                 &pb__decide_table_reply__descriptor);
    assert_string_equal(reply->table->state, "RETURNED");
    assert_int_equal(reply->table->rows_accepted, 2);
    /* Only the returned row is asked for again; accepted rows stay as they are. */
    t = get_table(UNIT1, NULL, "2026-11");
    assert_string_equal(t->rows[1]->reason, "写得太空");
    Pb__SubmitTableRequest *r = fill(t);
    r->rows[0]->percent = 99;
    r->rows[1]->narrative = slice_text("开会 3 次，查 12 家");
    assert_string_equal(submit(UNIT1, r)->table->state, "SUBMITTED");
    t = get_table(OFFICE1, "unit01", "2026-11");
    assert_int_equal(t->rows[0]->percent, 30);
    assert_int_equal(t->rows[0]->verdict, PB__VERDICT__ACCEPTED);
    assert_int_equal(t->rows[1]->verdict, PB__VERDICT__PENDING);
    d = decisions(t, PB__VERDICT__ACCEPTED);
    d->decisions += 1;
    d->n_decisions = 1;
    reply = slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                     &pb__decide_table_reply__descriptor);
    assert_string_equal(reply->table->state, "ACCEPTED");
}

static void
claims_in_rows_are_commands(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    char *files[] = {slice_text(photo)};
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[1]->has_claim = 1;
    r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
    assert_string_equal(
        submit_refused(r, STATUS_INVALID_ARGUMENT, "EVIDENCE_MISSING")->violations[0]->field,
        "rows[1].claim");
    r->rows[1]->evidence = files;
    r->rows[1]->n_evidence = 1;
    r->rows[0]->has_ask_help = r->rows[0]->ask_help = 1;
    r->rows[0]->difficulty = slice_text("资金没有落实");
    const Pb__SubmitTableReply *s = submit(UNIT1, r);
    assert_int_equal(s->claims, 1);
    assert_int_equal(s->consultations, 1);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-02")->measure->state, "COMPLETE_CLAIMED");
    /* 2026-11-10 is a Tuesday: three working days end on Friday. */
    Pb__Empty none = PB__EMPTY__INIT;
    const Pb__ListConsultationsReply *c =
        slice_ok(OFFICE1, "ConsultationService/ListConsultations", &none.base,
                 &pb__list_consultations_reply__descriptor);
    assert_int_equal(c->n_consultations, 1);
    assert_string_equal(c->consultations[0]->triage_due, "2026-11-13");
    const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-11");
    assert_int_equal(t->rows[1]->n_evidence, 1);
    Pb__DecideTableRequest *d = decisions(t, PB__VERDICT__ACCEPTED);
    d->decisions[1]->has_claim = 1;
    d->decisions[1]->claim = PB__VERDICT__ACCEPTED;
    const Pb__DecideTableReply *reply = slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                                                 &pb__decide_table_reply__descriptor);
    assert_int_equal(reply->confirmed, 1);
    assert_string_equal(reply->table->state, "ACCEPTED");
    assert_string_equal(slice_measure(UNIT1, "P-01-M-02")->measure->state, "DONE");
}

static void
a_returned_row_returns_its_claim(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    char *files[] = {slice_text(slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO))};
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[1]->has_claim = 1;
    r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
    r->rows[1]->evidence = files;
    r->rows[1]->n_evidence = 1;
    submit(UNIT1, r);
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE1, "unit01", "2026-11"), PB__VERDICT__RETURNED);
    for (size_t i = 0; i < d->n_decisions; i++) {
        d->decisions[i]->reason_code = slice_text("OTHER");
        d->decisions[i]->reason = slice_text("请重写");
    }
    const Pb__DecideTableReply *reply = slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                                                 &pb__decide_table_reply__descriptor);
    assert_int_equal(reply->returned, 1);
    const Pb__Measure *m = slice_measure(UNIT1, "P-01-M-02")->measure;
    assert_string_equal(m->state, "IN_PROGRESS");
    assert_int_equal(m->round, 2);
    assert_int_equal(get_table(UNIT1, NULL, "2026-11")->rows[1]->claim_verdict,
                     PB__VERDICT__RETURNED);
    slice_refused(OFFICE1, "TableService/DecideTable", &d->base, STATUS_FAILED_PRECONDITION,
                  "STATE_FORBIDS");
}

/* What became of a claim is told to its row, whichever way it was decided. */
static const Pb__TableRow *
row_of_immediate(void)
{
    return get_table(OFFICE1, "unit01", "2026-11")->rows[1];
}

static void
hand_in_a_claim(void)
{
    char *files[] = {slice_text(slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO))};
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[1]->has_claim = 1;
    r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
    r->rows[1]->evidence = files;
    r->rows[1]->n_evidence = 1;
    submit(UNIT1, r);
    assert_int_equal(row_of_immediate()->claim_verdict, PB__VERDICT__PENDING);
}

static void
a_claim_of_a_table_is_withdrawn_by_itself(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    hand_in_a_claim();
    slice_expect(slice_verdict(UNIT1, "WithdrawClaim", "P-01-M-02", "样例"), STATUS_OK, NULL);
    assert_int_equal(row_of_immediate()->claim_verdict, 0);
    /* Nothing was judged: the table itself can still be withdrawn. */
    (void)change_ok(UNIT1, "WithdrawTable", get_table(UNIT1, NULL, "2026-11"), "样例");
}

/* The measure's own lead unit does not see the table of the problem's. */
static void
a_claim_of_a_table_is_decided_by_who_does_not_see_it(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    hand_in_a_claim();
    slice_sql("UPDATE rectify.measure SET lead_org = '%s', version = version + 1 WHERE id = '%s';"
              "INSERT INTO rectify.access (tenant, measure, org, problem) VALUES (1, '%s', '%s',"
              " '%s')",
              slice_id(6), slice_id(62), slice_id(62), slice_id(6), slice_id(51));
    slice_expect(slice_verdict(UNIT2, "WithdrawClaim", "P-01-M-02", "样例"), STATUS_OK, NULL);
    assert_int_equal(row_of_immediate()->claim_verdict, 0);
}

/* One decision of a table's request, as the office gives it: row by row. */
static const Pb__DecideTableReply *
decide_row(size_t row, Pb__Verdict verdict)
{
    Pb__DecideTableRequest *d = decisions(get_table(OFFICE1, "unit01", "2026-11"), verdict);
    d->decisions += row;
    d->n_decisions = 1;
    if (verdict == PB__VERDICT__RETURNED) {
        d->decisions[0]->reason_code = slice_text("OTHER");
        d->decisions[0]->reason = slice_text("请重写");
    }
    return slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                    &pb__decide_table_reply__descriptor);
}

static void
other_rows_are_judged_after_the_first_return(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    assert_string_equal(decide_row(0, PB__VERDICT__RETURNED)->table->state, "RETURNED");
    const Pb__DecideTableReply *reply = decide_row(1, PB__VERDICT__ACCEPTED);
    assert_string_equal(reply->table->state, "RETURNED");
    assert_int_equal(reply->table->rows_accepted, 1);
    assert_int_equal(reply->table->rows_returned, 1);
    assert_int_equal(get_table(UNIT1, NULL, "2026-11")->rows[1]->verdict, PB__VERDICT__ACCEPTED);
}

static void
who_fills_for_a_unit_does_not_judge(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    const Pb__SubmitTableRequest *r = fill(get_table(OFFICE1, "unit01", "2026-11"));
    slice_refused(OFFICE1, "TableService/SubmitTable", &r->base, STATUS_PERMISSION_DENIED,
                  "BEHALF_NEEDED");
    slice_behalf = "unit01";
    submit(OFFICE1, r);
    slice_behalf = NULL;
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE1, "unit01", "2026-11"), PB__VERDICT__ACCEPTED);
    slice_refused(OFFICE1, "TableService/DecideTable", &d->base, STATUS_PERMISSION_DENIED,
                  "SAME_PERSON");
    slice_ok(OFFICE2, "TableService/DecideTable", &d->base, &pb__decide_table_reply__descriptor);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(obligations_open_once),
        TEST(the_first_period_may_be_the_approvals),
        TEST(a_table_needs_signed_measures),
        TEST(bad_cells_are_named),
        TEST(handing_in_and_an_unchanged_month),
        TEST(rows_are_judged_one_by_one),
        TEST(claims_in_rows_are_commands),
        TEST(a_returned_row_returns_its_claim),
        TEST(a_claim_of_a_table_is_withdrawn_by_itself),
        TEST(a_claim_of_a_table_is_decided_by_who_does_not_see_it),
        TEST(other_rows_are_judged_after_the_first_return),
        TEST(who_fills_for_a_unit_does_not_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
