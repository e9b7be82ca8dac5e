/* The exports of a phase's end through the door: numbers are those of the status of the day, each
 * has a list of its length, and what happened is in them; workbooks open and say what they must. */
#include "tests/service/outcome_steps.h"
#include "tests/service/table_slice.h"

#include "rectify/v1/matter.pb-c.h"
#include "rectify/v1/report.pb-c.h"

#include <zip.h>

static const Pb__GetAssessmentReply *
assessment(const char *inspection, const char *from, const char *to, const char *number)
{
    Pb__GetAssessmentRequest r = PB__GET_ASSESSMENT_REQUEST__INIT;
    r.inspection = slice_text(inspection);
    r.from = slice_text(from);
    r.to = slice_text(to);
    r.number = slice_text(number);
    return slice_ok(OFFICE1, "ReportService/GetAssessment", &r.base,
                    &pb__get_assessment_reply__descriptor);
}

static const Pb__StatusNumber *
number_of(Pb__StatusNumber *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, name) == 0) {
            return list[i];
        }
    }
    fail_msg("there is no number %s", name);
    return NULL;
}

static void
expect_number(const Pb__GetAssessmentReply *r, const char *name, int numerator, int denominator)
{
    const Pb__StatusNumber *n = number_of(r->whole, r->n_whole, name);
    if (n->numerator != numerator || n->denominator != denominator) {
        fail_msg("%s is %d/%d, not %d/%d", name, n->numerator, n->denominator, numerator,
                 denominator);
    }
}

/* Each number's list is as long as its numerator; units add up to the whole. */
static void
lists_match(const char *from, const char *to)
{
    const Pb__GetAssessmentReply *all = assessment("INS1", from, to, NULL);
    for (size_t i = 0; i < all->n_whole; i++) {
        const Pb__StatusNumber *n = all->whole[i];
        int numerators = 0;
        int denominators = 0;
        for (size_t u = 0; u < all->n_units; u++) {
            numerators += all->units[u]->numbers[i]->numerator;
            denominators += all->units[u]->numbers[i]->denominator;
        }
        assert_int_equal(numerators, n->numerator);
        assert_int_equal(denominators, n->denominator);
        assert_true(n->numerator <= n->denominator);
        assert_non_null(n->definition);
        assert_int_equal(assessment("INS1", from, to, n->name)->n_entries, n->numerator);
    }
}

static void
same_as_status(const char *to)
{
    static const struct {
        const char *ours;
        const char *theirs;
    } same[] = {{"problems_closed", "problems_closed"},
                {"problems_other_closed", "problems_other_closed"},
                {"completed", "completed"},
                {"overdue", "overdue"},
                {"overdue_original", "overdue_original"},
                {"tables_missing", "tables_missing"}};
    Pb__GetStatusRequest request = PB__GET_STATUS_REQUEST__INIT;
    request.inspection = slice_text("INS1");
    request.as_of = slice_text(to);
    request.has_group_by = 1;
    request.group_by = PB__STATUS_GROUP__BY_UNIT;
    const Pb__GetStatusReply *status = slice_ok(OFFICE1, "StatusService/GetStatus", &request.base,
                                                &pb__get_status_reply__descriptor);
    const Pb__GetAssessmentReply *r = assessment("INS1", "2000-01-01", to, NULL);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const Pb__StatusNumber *n = number_of(status->numbers, status->n_numbers, same[i].theirs);
        expect_number(r, same[i].ours, n->numerator, n->denominator);
    }
    for (size_t g = 0; g < status->n_groups; g++) {
        assert_string_equal(r->units[g]->unit, status->groups[g]->key);
        assert_int_equal(
            number_of(r->units[g]->numbers, r->units[g]->n_numbers, "overdue")->numerator,
            status->groups[g]->counts->overdue);
    }
    assert_int_equal(r->plan_version, status->plan_version);
}

/* A claim of unit 1 in time, one late, one returned; a table missed; an extension asked. */
static void
months_pass(void)
{
    static const char *const foreign[] = {"P-02-M-01"};
    slice_sign_all();
    slice_expect(slice_sign_for(UNIT2, foreign, 1), STATUS_OK, NULL);
    slice_job("OpenObligations");
    slice_day("2026-11-12");
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02",
                             slice_file(800, 5, PB__EVIDENCE_KIND__PHOTO)),
                 STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ReturnClaim", "P-01-M-02", "样例：看不出成效"), STATUS_OK,
                 NULL);
    slice_expect(slice_claim(UNIT2, "ClaimEffect", "P-02-M-01",
                             slice_file(802, 6, PB__EVIDENCE_KIND__PHOTO)),
                 STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ReturnClaim", "P-02-M-01", "样例：看不出成效"), STATUS_OK,
                 NULL);
    slice_day("2026-11-16");
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02",
                             slice_file(804, 5, PB__EVIDENCE_KIND__PHOTO)),
                 STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
    slice_expect(
        outcome_record(UNIT1, "P-01-M-02",
                       (struct said){.kind = PB__OUTCOME_KIND__RULE_MADE,
                                     .amount = 1,
                                     .file = slice_file(806, 5, PB__EVIDENCE_KIND__PHOTO)}),
        STATUS_OK, NULL);
    slice_expect(outcome_judge(OFFICE1, "CG-0001", NULL), STATUS_OK, NULL);
}

static const Pb__CallReply *
ask_extension(void)
{
    Pb__OpenMatterRequest r = PB__OPEN_MATTER_REQUEST__INIT;
    Pb__MatterInput in = PB__MATTER_INPUT__INIT;
    r.kind = slice_text("extension");
    r.input = &in;
    in.measure_ref = slice_text("P-02-M-01");
    in.has_milestone = 1;
    in.milestone = PB__MILESTONE_KIND__COMPLETE;
    in.new_due = slice_text("2027-01-10");
    in.reason_code = slice_text("COORDINATION");
    in.reason = slice_text("样例：需多部门协调");
    return slice_call(UNIT2, "MatterService/OpenMatter", &r.base);
}

static void
act(int account, const char *ref, const char *command)
{
    Pb__ActOnMatterRequest r = PB__ACT_ON_MATTER_REQUEST__INIT;
    Pb__MatterInput in = PB__MATTER_INPUT__INIT;
    r.ref = slice_text(ref);
    r.command = slice_text(command);
    r.input = &in;
    slice_expect(slice_call(account, "MatterService/ActOnMatter", &r.base), STATUS_OK, NULL);
}

static void
the_facts_of_a_period(void **state)
{
    (void)state;
    months_pass();
    slice_expect(ask_extension(), STATUS_OK, NULL);
    slice_day("2026-11-28"); /* P-01-M-01 and P-02-M-01 passed their EFFECT, October its table */
    act(OFFICE1, "YQ-0001", "approve");
    const Pb__GetAssessmentReply *r = assessment("INS1", "2026-11-01", "2026-12-31", NULL);
    assert_string_equal(r->as_of, "2026-11-28");
    assert_int_equal(r->n_units, 2);
    assert_string_equal(r->units[0]->unit, "unit01");
    expect_number(r, "completed", 1, 4);
    expect_number(r, "in_time", 0, 1); /* due on the 12th, claimed on the 16th */
    expect_number(r, "late", 1, 1);
    expect_number(r, "late_original", 1, 1);
    expect_number(r, "overdue", 2, 3);
    expect_number(r, "claims_returned", 2, 3);
    expect_number(r, "again", 1, 4); /* a returned claim of completion begins a round */
    expect_number(r, "reopened", 0, 4);
    expect_number(r, "extensions_granted", 1, 1);
    expect_number(r, "outcomes_confirmed", 1, 1);
    expect_number(r, "problems_closed", 0, 2);
    expect_number(r, "samples_true", 0, 0);
    lists_match("2026-11-01", "2026-12-31");
    same_as_status("2026-11-28");
    same_as_status("2026-11-11");
    /* What lies outside the period is not in its numbers. */
    r = assessment("INS1", "2026-11-17", "2026-11-27", NULL);
    expect_number(r, "claims_returned", 0, 0);
    expect_number(r, "late", 0, 0);
    expect_number(r, "extensions_granted", 0, 0);
    expect_number(r, "completed", 1, 4);
    lists_match("2026-11-17", "2026-11-27");
    /* On that day nothing was granted yet. */
    r = assessment("INS1", "2026-11-01", "2026-11-27", NULL);
    expect_number(r, "extensions_granted", 0, 1);
}

static void
closed_in_time_and_late(void **state)
{
    (void)state;
    slice_day("2027-01-05");
    for (int i = 61; i <= 64; i++) {
        static const char *const steps[] = {"IN_PROGRESS", "COMPLETE_CLAIMED", "DONE"};
        for (int k = 0; k < 3; k++) {
            slice_sql("UPDATE rectify.measure SET state = '%s', claimed_from = 'IN_PROGRESS',"
                      " version = version + 1 WHERE id = '%s'",
                      steps[k], slice_id(i));
        }
        slice_sql("UPDATE rectify.milestone SET claimed_day = '2026-12-30', reached_day ="
                  " '2026-12-30', version = version + 1 WHERE measure = '%s'",
                  slice_id(i));
    }
    /* 立行立改 was due on 2026-11-12; it had been given time. */
    slice_sql("UPDATE rectify.milestone SET current_due = '2026-12-31', version = version + 1"
              " WHERE measure = '%s'",
              slice_id(62));
    static const char *const way[] = {"CLOSE_APPLIED", "JOINT_REVIEW", "CLOSED"};
    for (int k = 0; k < 3; k++) {
        slice_sql("UPDATE rectify.problem SET state = '%s', closing_report = '样例', lessons ="
                  " '样例', group_opinion = '样例', version = version + 1, event_id = '%s',"
                  " closed_day = CASE WHEN '%s' = 'CLOSED' THEN CASE ref WHEN 'P-01' THEN"
                  " '2026-12-31'::date ELSE '2027-01-02' END END",
                  way[k], slice_id(2 + k), way[k]);
    }
    const Pb__GetAssessmentReply *r = assessment("INS1", "2026-01-01", "2027-12-31", NULL);
    expect_number(r, "problems_closed", 2, 2);
    expect_number(r, "closed_in_time", 1, 2);
    expect_number(r, "closed_late", 1, 2);
    expect_number(r, "in_time", 4, 4);
    expect_number(r, "late", 0, 4);
    expect_number(r, "in_time_original", 3, 4);
    expect_number(r, "late_original", 1, 4);
    lists_match("2026-01-01", "2027-12-31");
    r = assessment("INS1", "2026-01-01", "2026-12-31", NULL);
    expect_number(r, "closed_in_time", 1, 1);
}

/* October's table in late: one row of three returned, filled again, then accepted; in time, and
 * with a claim decided in it, which judges no row anew. */
static void
tables_and_their_rows(void **state)
{
    (void)state;
    slice_sign_all();
    slice_job("OpenObligations");
    (void)submit(UNIT1, fill(get_table(UNIT1, "unit01", "2026-10"))); /* due on the 25th */
    const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-10");
    Pb__DecideTableRequest *d = decisions(t, PB__VERDICT__ACCEPTED);
    d->decisions[0]->verdict = PB__VERDICT__RETURNED;
    d->decisions[0]->reason_code = slice_text("NARRATIVE_THIN");
    d->decisions[0]->reason = slice_text("样例：写得太空");
    (void)slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                   &pb__decide_table_reply__descriptor);
    const Pb__GetAssessmentReply *r = assessment("INS1", "2026-10-01", "2026-12-31", NULL);
    expect_number(r, "rows_returned", 1, 3);
    expect_number(r, "tables_late", 1, 2);
    expect_number(r, "tables_missing", 1, 2);
    expect_number(r, "tables_in_time", 0, 2);
    t = get_table(UNIT1, "unit01", "2026-10");
    Pb__SubmitTableRequest *again = fill(t);
    for (size_t i = 0; i < again->n_rows; i++) {
        again->rows[i]->narrative = slice_text("样例：已逐条写明");
    }
    (void)submit(UNIT1, again);
    (void)accept_all("unit01", "2026-10");
    /* As a verdict on a claim writes a row: nothing of the row is judged anew. */
    slice_sql("UPDATE rectify.table_row SET claim_verdict = 2, version = version + 1");
    r = assessment("INS1", "2026-10-01", "2026-12-31", NULL);
    expect_number(r, "rows_returned", 1, 4);
    lists_match("2026-10-01", "2026-12-31");
    /* The period begins after that table's day. */
    expect_number(assessment("INS1", "2026-10-26", "2026-12-31", NULL), "tables_late", 0, 0);
}

/* A notice that was issued and cleared, a round that is final. */
static void
supervision_is_counted(void **state)
{
    (void)state;
    slice_sql("INSERT INTO rectify.matter (tenant, id, kind, ref, inspection, org, state, title,"
              " opened_ms, state_ms, version, event_id) VALUES"
              " (1, '%s', 'notice', 'DB-0001', '%s', '%s', 'PROPOSED', '样例督办', 0, 0, 1, '%s'),"
              " (1, '%s', 'round', 'DC-0001', '%s', NULL, 'PLANNED', '样例督查', 0, 0, 1, '%s')",
              slice_id(901), slice_id(31), slice_id(5), slice_id(1), slice_id(902), slice_id(31),
              slice_id(1));
    long long ms = (long long)clock_now_ms(&slice_clock.clock);
    static const char *const notice[] = {"ISSUED", "SIGNED_FOR", "REPLIED", "NOT_SATISFIED"};
    static const char *const round[] = {"RUNNING", "CONCLUDED", "FED_BACK", "FINAL"};
    slice_sql("INSERT INTO rectify.matter_sample (tenant, matter, measure, holder, org, verdict,"
              " found, version, event_id) VALUES (1, '%s', '%s', '%s', '%s', 1, NULL, 1, '%s'),"
              " (1, '%s', '%s', '%s', '%s', 3, '样例', 1, '%s'),"
              " (1, '%s', '%s', '%s', '%s', 4, '样例', 1, '%s')",
              slice_id(902), slice_id(61), slice_id(1), slice_id(5), slice_id(1), slice_id(902),
              slice_id(64), slice_id(1), slice_id(6), slice_id(1), slice_id(902), slice_id(62),
              slice_id(1), slice_id(5), slice_id(1));
    for (int i = 0; i < 4; i++) {
        slice_sql("UPDATE rectify.matter SET state = '%s', state_ms = %lld, version = version + 1"
                  " WHERE kind = 'notice'; UPDATE rectify.matter SET state = '%s', state_ms = %lld,"
                  " version = version + 1 WHERE kind = 'round'",
                  notice[i], ms, round[i], ms);
    }
    const Pb__GetAssessmentReply *r = assessment("INS1", "2026-11-01", "2026-11-30", NULL);
    expect_number(r, "notices_cleared", 0, 1);
    expect_number(r, "notices_failed", 1, 1);
    expect_number(r, "samples_true", 1, 2); /* what was not seen is not judged */
    lists_match("2026-11-01", "2026-11-30");
    expect_number(assessment("INS1", "2026-10-01", "2026-11-09", NULL), "notices_failed", 0, 0);
}

/* ---- what units have in common ---- */

static const Pb__GetCommonProblemsReply *
common(int32_t units, const char *as_of)
{
    Pb__GetCommonProblemsRequest r = PB__GET_COMMON_PROBLEMS_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.has_min_units = units != 0;
    r.min_units = units;
    r.as_of = slice_text(as_of);
    return slice_ok(OFFICE1, "ReportService/GetCommonProblems", &r.base,
                    &pb__get_common_problems_reply__descriptor);
}

static void
causes_of_several_units(void **state)
{
    (void)state;
    months_pass();
    slice_expect(ask_extension(), STATUS_OK, NULL);
    const Pb__GetCommonProblemsReply *r = common(0, NULL);
    assert_int_equal(r->units, 2);
    assert_int_equal(r->problems, 2);
    assert_int_equal(r->n_groups, 2); /* the cause, and the item of both problems */
    assert_string_equal(r->groups[0]->by, "CAUSE");
    assert_string_equal(r->groups[0]->kind, "RETURN");
    assert_string_equal(r->groups[0]->code_zh, "材料不足");
    assert_int_equal(r->groups[0]->units, 2);
    assert_int_equal(r->groups[0]->problems, 2);
    assert_int_equal(r->groups[0]->count, 2);
    assert_string_equal(r->groups[1]->by, "ITEM");
    assert_int_equal(r->groups[1]->count, 3); /* the extension is in it */
    assert_int_equal(r->n_entries, 2);
    assert_string_equal(r->entries[0]->measure_ref, "P-01-M-02");
    assert_string_equal(r->entries[0]->reason, "样例：看不出成效");
    assert_string_equal(r->entries[0]->day, "2026-11-12");
    /* As GetCauses counts them. */
    Pb__GetCausesRequest causes = PB__GET_CAUSES_REQUEST__INIT;
    causes.inspection = slice_text("INS1");
    const Pb__GetCausesReply *c = slice_ok(OFFICE1, "StatusService/GetCauses", &causes.base,
                                           &pb__get_causes_reply__descriptor);
    assert_int_equal(c->causes[0]->count, r->groups[0]->count);
    assert_int_equal(c->causes[0]->units, r->groups[0]->units);
    r = common(1, NULL);
    assert_int_equal(r->n_groups, 3);
    assert_int_equal(r->n_entries, 3);
    assert_int_equal(common(3, NULL)->n_groups, 0);
    assert_int_equal(common(0, "2026-11-11")->n_groups, 0);
    Pb__GetCommonProblemsRequest bad = PB__GET_COMMON_PROBLEMS_REQUEST__INIT;
    bad.has_min_units = 1;
    slice_refused(OFFICE1, "ReportService/GetCommonProblems", &bad.base, STATUS_INVALID_ARGUMENT,
                  "UNITS_RANGE");
}

/* ---- refusals ---- */

static void
bad_questions(void **state)
{
    (void)state;
    const struct {
        const char *inspection;
        const char *from;
        const char *to;
        const char *number;
        enum status code;
        const char *reason;
    } cases[] = {
        {"INS1", NULL, "2026-11-30", NULL, STATUS_INVALID_ARGUMENT, "PERIOD_ORDER"},
        {"INS1", "2026-11-02", "2026-11-01", NULL, STATUS_INVALID_ARGUMENT, "PERIOD_ORDER"},
        {"INS1", "2026-11-11", "2026-11-30", NULL, STATUS_INVALID_ARGUMENT, "PERIOD_ORDER"},
        {"INS1", "2026", "2026-11-30", NULL, STATUS_INVALID_ARGUMENT, "BAD_DATE"},
        {"INS1", "2026-01-01", "2026-11-30", "rank", STATUS_INVALID_ARGUMENT, "NUMBER_UNKNOWN"},
        {"NONE", "2026-01-01", "2026-11-30", NULL, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Pb__GetAssessmentRequest r = PB__GET_ASSESSMENT_REQUEST__INIT;
        r.inspection = slice_text(cases[i].inspection);
        r.from = slice_text(cases[i].from);
        r.to = slice_text(cases[i].to);
        r.number = slice_text(cases[i].number);
        slice_refused(OFFICE1, "ReportService/GetAssessment", &r.base, cases[i].code,
                      cases[i].reason);
    }
    Pb__GetAssessmentRequest r = PB__GET_ASSESSMENT_REQUEST__INIT;
    r.has_offset = 1;
    r.offset = -1;
    r.from = r.to = slice_text("2026-11-01");
    slice_refused(OFFICE1, "ReportService/ExportAssessment", &r.base, STATUS_INVALID_ARGUMENT,
                  "OFFSET_RANGE");
    slice_refused(UNIT1, "ReportService/GetAssessment", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    slice_refused(LEADER1, "ReportService/GetAssessment", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
}

/* ---- workbooks ---- */

/* A part of a workbook, as text. */
static const char *
part(const Pb__SummaryFile *f, const char *name)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(f->data.data, f->data.len, 0, &error);
    zip_t *zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    assert_non_null(zip);
    zip_stat_t stat;
    assert_int_equal(zip_stat(zip, name, 0, &stat), 0);
    char *text = arena_alloc(&slice_arena, stat.size + 1);
    zip_file_t *file = zip_fopen(zip, name, 0);
    assert_int_equal(zip_fread(file, text, stat.size), stat.size);
    zip_fclose(file);
    zip_close(zip);
    return text;
}

static void
workbooks_say_what_they_must(void **state)
{
    (void)state;
    Pb__GetAssessmentRequest a = PB__GET_ASSESSMENT_REQUEST__INIT;
    Pb__GetCommonProblemsRequest c = PB__GET_COMMON_PROBLEMS_REQUEST__INIT;
    months_pass();
    slice_expect(
        outcome_record(UNIT1, "P-01-M-02",
                       (struct said){.kind = PB__OUTCOME_KIND__FUNDS_RECOVERED, .amount = 123456}),
        STATUS_OK, NULL);
    a.inspection = c.inspection = slice_text("INS1");
    a.from = slice_text("2026-01-01");
    a.to = slice_text("2026-12-31");
    const Pb__SummaryFile *f =
        slice_ok(OFFICE1, "ReportService/ExportAssessment", &a.base, &pb__summary_file__descriptor);
    assert_string_equal(f->name, "年度综合考核-2026-12-31.xlsx");
    assert_int_equal(f->size, f->data.len);
    assert_false(f->has_next);
    const char *texts = part(f, "xl/sharedStrings.xml");
    static const char *const said[] = {"牵头单位", "样例一局",   "已销号",      "口径",
                                       "不排名",   "非涉密系统", "1,234.56 元", "材料不足：样例"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        assert_non_null(strstr(texts, said[i]));
    }
    const char *book = part(f, "xl/workbook.xml");
    assert_non_null(strstr(book, "Print_Titles"));
    const char *sheet = part(f, "xl/worksheets/sheet1.xml");
    assert_non_null(strstr(sheet, "非涉密系统，严禁存储、处理、传输国家秘密"));
    assert_non_null(strstr(sheet, "fitToHeight=\"0\""));
    f = slice_ok(OFFICE1, "ReportService/ExportCommonProblems", &c.base,
                 &pb__summary_file__descriptor);
    texts = part(f, "xl/sharedStrings.xml");
    assert_non_null(strstr(texts, "共性问题（按原因）"));
    assert_non_null(strstr(texts, "P-02-M-01"));
    /* The same content gives the same bytes, so that pieces fit together. */
    const Pb__SummaryFile *again = slice_ok(OFFICE1, "ReportService/ExportCommonProblems", &c.base,
                                            &pb__summary_file__descriptor);
    assert_int_equal(again->data.len, f->data.len);
    assert_memory_equal(again->data.data, f->data.data, f->data.len);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_facts_of_a_period),        TEST(tables_and_their_rows),
        TEST(closed_in_time_and_late),      TEST(supervision_is_counted),
        TEST(causes_of_several_units),      TEST(bad_questions),
        TEST(workbooks_say_what_they_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
