/* The quarter, composed from accepted months; duties; the office's view of a period. */
#include "tests/service/table_slice.h"

enum { REVIEWER1 = 41 };

static Pb__SetReportDutyRequest
duty(const char *kind, int day, int grace)
{
    static Pb__ReportDuty d;
    Pb__SetReportDutyRequest r = PB__SET_REPORT_DUTY_REQUEST__INIT;
    pb__report_duty__init(&d);
    d.inspection = slice_text("INS1");
    d.kind = slice_text(kind);
    d.has_report_day = d.has_grace_days = 1;
    d.report_day = day;
    d.grace_days = grace;
    r.duty = &d;
    return r;
}

static const Pb__ReportDuty *
set_duty(const char *kind, int day, int grace)
{
    Pb__SetReportDutyRequest r = duty(kind, day, grace);
    return slice_ok(OFFICE1, "TableService/SetReportDuty", &r.base, &pb__report_duty__descriptor);
}

static void
duties_are_set_by_kind(void **state)
{
    (void)state;
    Pb__ListReportDutiesRequest list = PB__LIST_REPORT_DUTIES_REQUEST__INIT;
    const Pb__ListReportDutiesReply *l =
        slice_ok(UNIT1, "TableService/ListReportDuties", &list.base,
                 &pb__list_report_duties_reply__descriptor);
    assert_int_equal(l->n_duties, 2);
    assert_string_equal(l->duties[0]->kind, "MONTH");
    assert_int_equal(l->duties[0]->report_day, 25); /* as the inspection says */
    assert_true(l->duties[0]->active);
    assert_false(l->duties[1]->active);
    Pb__SetReportDutyRequest r = duty("MONTH", 0, 0);
    slice_refused(OFFICE1, "TableService/SetReportDuty", &r.base, STATUS_INVALID_ARGUMENT,
                  "DAY_RANGE");
    r = duty("WEEK", 5, 0);
    slice_refused(OFFICE1, "TableService/SetReportDuty", &r.base, STATUS_INVALID_ARGUMENT,
                  "KIND_UNKNOWN");
    r = duty("MONTH", 5, 99);
    slice_refused(OFFICE1, "TableService/SetReportDuty", &r.base, STATUS_INVALID_ARGUMENT,
                  "GRACE_RANGE");
    r = duty("MONTH", 20, 2);
    slice_refused(UNIT1, "TableService/SetReportDuty", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    assert_int_equal(set_duty("MONTH", 20, 2)->version, 1);
    r = duty("MONTH", 21, 2);
    r.has_expected_version = 1;
    r.expected_version = 0;
    slice_refused(OFFICE1, "TableService/SetReportDuty", &r.base, STATUS_ABORTED, "STALE_VERSION");
    assert_int_equal(set_duty("MONTH", 21, 2)->version, 2);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.report_duty_version"), 2);
    slice_job("OpenObligations");
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_string_equal(t->due, "2026-11-23"); /* the 21st and two days of grace */
}

/* Three months of unit 1: October and November accepted, December waits. */
static void
report_three_months(void)
{
    slice_sign_all();
    static const char *const periods[] = {"2026-10", "2026-11", "2026-12"};
    static const char *const days[] = {"2026-11-10", "2026-11-20", "2026-12-20"};
    static const char *const texts[] = {"制定方案", "开会三次", "查了十二家"};
    for (int i = 0; i < 3; i++) {
        slice_day(days[i]);
        slice_job("OpenObligations");
        Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, periods[i]));
        r->rows[0]->percent = 30 + 20 * i;
        r->rows[0]->narrative = slice_text(texts[i]);
        if (i == 1) {
            r->rows[1]->has_claim = 1;
            r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
            char **files = arena_array(&slice_arena, 1, sizeof *files);
            files[0] = slice_text(slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO));
            r->rows[1]->evidence = files;
            r->rows[1]->n_evidence = 1;
        }
        submit(UNIT1, r);
        if (i < 2) {
            Pb__DecideTableRequest *d =
                decisions(get_table(OFFICE1, "unit01", periods[i]), PB__VERDICT__ACCEPTED);
            d->decisions[1]->has_claim = i == 1;
            d->decisions[1]->claim = PB__VERDICT__ACCEPTED;
            slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                     &pb__decide_table_reply__descriptor);
        }
    }
}

static void
a_quarter_is_composed_from_accepted_months(void **state)
{
    (void)state;
    set_duty("QUARTER", 10, 0);
    report_three_months();
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.periodic_table"
                                 " WHERE kind = 'QUARTER'"),
                     0); /* not before its end */
    slice_day("2027-01-01");
    slice_job("OpenObligations");
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-Q4");
    assert_string_equal(t->kind, "QUARTER");
    assert_string_equal(t->due, "2027-01-10");
    assert_int_equal(t->n_rows, 3); /* the finished measure is in it too */
    assert_int_equal(t->rows[0]->percent, 50);
    assert_string_equal(t->rows[0]->narrative, "10月：制定方案\n11月：开会三次");
    assert_string_equal(t->rows[1]->narrative,
                        "10月：已制定方案\n11月：无新进展（整改落实到位：已认定）");
    assert_string_equal(t->rows[1]->measure_state, "DONE");
    /* Confirmed as it stands; the measures do not hear of it again. */
    long version = slice_count("SELECT version FROM rectify.measure WHERE ref = 'P-01-M-01'");
    Pb__SubmitTableRequest *r = fill(t);
    r->rows[0]->has_claim = 1;
    r->rows[0]->claim = PB__CLAIM__CLAIM_EFFECT;
    submit_refused(r, STATUS_INVALID_ARGUMENT, "QUARTER_COMPOSED");
    r->rows[0]->has_claim = 0;
    r->rows[0]->percent = 40;
    submit_refused(r, STATUS_INVALID_ARGUMENT, "PERCENT_FELL");
    Pb__SubmitTableRequest same = same_again(t);
    assert_string_equal(submit(UNIT1, &same)->table->state, "SUBMITTED");
    assert_int_equal(slice_count("SELECT version FROM rectify.measure WHERE ref = 'P-01-M-01'"),
                     version);
    assert_string_equal(accept_all("unit01", "2026-Q4")->table->state, "ACCEPTED");
    assert_true(slice_job("LockTables")->changed >= 3);
}

/* ---- the office ---- */

static const Pb__GetSummaryReply *
summary(const char *period, int64_t offset)
{
    Pb__GetSummaryRequest r = PB__GET_SUMMARY_REQUEST__INIT;
    r.period = slice_text(period);
    r.has_offset = offset > 0;
    r.offset = offset;
    return slice_ok(OFFICE1, "TableService/GetSummary", &r.base,
                    &pb__get_summary_reply__descriptor);
}

static void
all_units_stand_in_the_summary(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    slice_seed_person(REVIEWER1, "reviewer1", 6, ROLE_PLEAD | ROLE_REVIEWER);
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    Pb__GetSummaryRequest r = PB__GET_SUMMARY_REQUEST__INIT;
    slice_refused(OFFICE1, "TableService/GetSummary", &r.base, STATUS_INVALID_ARGUMENT,
                  "PERIOD_FORM");
    r.period = slice_text("2026-11");
    slice_refused(UNIT1, "TableService/GetSummary", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    const Pb__GetSummaryReply *s = summary("2026-11", 0);
    assert_int_equal(s->tables, 2);
    assert_int_equal(s->handed_in, 1);
    assert_int_equal(s->n_rows, 3);
    assert_false(s->has_next);
    const Pb__SummaryRow *row = s->rows[0];
    assert_string_equal(row->org_name, "样例一局");
    assert_string_equal(row->problem, "样例问题");
    assert_string_equal(row->leader, "样例区领导");
    assert_string_equal(row->row->measure_ref, "P-01-M-01");
    assert_string_equal(row->row->measure_state_zh, "整改中");
    assert_int_equal(row->n_milestones, 2);
    assert_string_equal(row->milestones[1]->current_due, "2026-12-31");
    assert_string_equal(row->table_state_zh, "已报送（待审核）");
    assert_int_equal(s->n_missing, 1);
    assert_string_equal(s->missing[0]->org, "unit02");
    assert_int_equal(s->missing[0]->days, 0); /* there is still time */
    assert_string_equal(s->missing[0]->fillers[0], "样例unit2");
    assert_string_equal(s->missing[0]->reviewers[0], "样例reviewer1");
    assert_int_equal(s->missing[0]->n_heads, 0);
    assert_int_equal(summary("2026-11", 2)->n_rows, 1);
    assert_int_equal(summary("2026-11", 2)->n_missing, 0);
    assert_int_equal(summary("2030-01", 0)->tables, 0);
}

static void
who_is_missing_since_when(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    Pb__ListMissingRequest r = PB__LIST_MISSING_REQUEST__INIT;
    slice_refused(UNIT1, "TableService/ListMissing", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    r.period = slice_text("11月");
    slice_refused(OFFICE1, "TableService/ListMissing", &r.base, STATUS_INVALID_ARGUMENT,
                  "PERIOD_FORM");
    r.period = NULL;
    const Pb__ListMissingReply *m =
        slice_ok(OFFICE1, "TableService/ListMissing", &r.base, &pb__list_missing_reply__descriptor);
    assert_int_equal(m->n_missing, 2); /* October of both units */
    assert_string_equal(m->missing[0]->org, "unit01");
    assert_int_equal(m->missing[0]->days, 16); /* 25 October to 10 November */
    assert_true(m->missing[0]->missing);
    r.period = slice_text("2026-11");
    m = slice_ok(OFFICE1, "TableService/ListMissing", &r.base, &pb__list_missing_reply__descriptor);
    assert_int_equal(m->n_missing, 0);
}

static void
the_workbook_is_whole_and_the_same_twice(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    Pb__SubmitTableRequest *submission = fill(get_table(UNIT1, NULL, "2026-11"));
    submission->rows[0]->narrative = slice_text("=1+1 写成公式的文字");
    submit(UNIT1, submission);
    Pb__GetSummaryRequest r = PB__GET_SUMMARY_REQUEST__INIT;
    r.period = slice_text("2026-11");
    const Pb__SummaryFile *f =
        slice_ok(OFFICE1, "TableService/GetSummaryFile", &r.base, &pb__summary_file__descriptor);
    assert_string_equal(f->name, "自查汇总表-2026-11.xlsx");
    assert_int_equal(f->size, f->data.len);
    assert_memory_equal(f->data.data, "PK\003\004", 4);
    assert_false(f->has_next);
    const Pb__SummaryFile *again =
        slice_ok(OFFICE1, "TableService/GetSummaryFile", &r.base, &pb__summary_file__descriptor);
    assert_int_equal(again->size, f->size);
    assert_memory_equal(again->data.data, f->data.data, f->data.len);
    r.has_offset = 1;
    r.offset = f->size - 10;
    again =
        slice_ok(OFFICE1, "TableService/GetSummaryFile", &r.base, &pb__summary_file__descriptor);
    assert_int_equal(again->data.len, 10);
    const char *keep = getenv("SUMMARY_KEEP"); /* to look at it */
    if (keep != NULL) {
        FILE *out = fopen(keep, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(f->data.data, 1, f->data.len, out), f->data.len);
        assert_int_equal(fclose(out), 0);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(duties_are_set_by_kind),
        TEST(a_quarter_is_composed_from_accepted_months),
        TEST(all_units_stand_in_the_summary),
        TEST(who_is_missing_since_when),
        TEST(the_workbook_is_whole_and_the_same_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
