/* GetOperation: how those who judge it stand to a command, as it goes on. */
#include "tests/service/table_slice.h"

#include "tests/service/matter_calls.h"
#include "tests/service/outcome_steps.h"

#include "rectify/v1/operation.pb-c.h"

/* A command under a key of its own; its key. */
static const char *
command(int account, const char *method, const ProtobufCMessage *request)
{
    Pb__CallRequest e;
    Pb__CallReply *reply = NULL;
    slice_envelope(&e, account, method, request);
    assert_int_equal(dispatch_call(slice_door, &e, &slice_arena, &reply), STATUS_OK);
    slice_expect(reply, STATUS_OK, NULL);
    return e.idempotency_key;
}

static const Pb__Operation *
operation(int account, const char *key)
{
    Pb__GetOperationRequest r = PB__GET_OPERATION_REQUEST__INIT;
    char *keys[] = {slice_text(key)};
    r.keys = keys;
    r.n_keys = 1;
    const Pb__GetOperationReply *reply = slice_ok(account, "OperationService/GetOperation", &r.base,
                                                  &pb__get_operation_reply__descriptor);
    return reply->operations[0];
}

static void
stands(const char *key, Pb__OperationVerdict verdict, const char *line)
{
    const Pb__Operation *o = operation(UNIT1, key);
    assert_int_equal(o->state, PB__OPERATION_STATE__OPERATION_RECORDED);
    assert_string_equal(o->verdict_line == NULL ? "" : o->verdict_line, line);
    assert_int_equal(o->verdict, verdict);
}

#define WAITING PB__OPERATION_VERDICT__OPERATION_VERDICT_WAITING
#define ACCEPTED PB__OPERATION_VERDICT__OPERATION_VERDICT_ACCEPTED
#define RETURNED PB__OPERATION_VERDICT__OPERATION_VERDICT_RETURNED
#define NONE PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE

/* One row of the unit's table decided. */
static void
decide(size_t row, Pb__Verdict verdict)
{
    Pb__DecideTableRequest *d = decisions(get_table(OFFICE1, "unit01", "2026-11"), verdict);
    d->decisions[0] = d->decisions[row];
    d->n_decisions = 1;
    if (verdict == PB__VERDICT__RETURNED) {
        d->decisions[0]->reason_code = slice_text("OTHER");
        d->decisions[0]->reason = slice_text("没有写清楚");
    }
    slice_ok(OFFICE1, "TableService/DecideTable", &d->base, &pb__decide_table_reply__descriptor);
}

static void
a_table_row_by_row(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->n_rows, 3);
    const char *first = command(UNIT1, "TableService/SubmitTable", &fill(t)->base);
    stands(first, WAITING, "3 行：3 行待审核");
    decide(0, PB__VERDICT__ACCEPTED);
    stands(first, WAITING, "3 行：1 行审核通过，2 行待审核");
    decide(1, PB__VERDICT__RETURNED);
    stands(first, RETURNED, "3 行：1 行审核通过，1 行退回，1 行待审核");
    decide(2, PB__VERDICT__ACCEPTED);
    stands(first, RETURNED, "3 行：2 行审核通过，1 行退回");
    /* Handed in again: the new command is judged, the former keeps its verdict. */
    t = get_table(UNIT1, NULL, "2026-11");
    Pb__SubmitTableRequest *again = fill(t);
    again->rows[0] = again->rows[1];
    again->rows[0]->narrative = slice_text("补充：已制定方案并公示");
    again->n_rows = 1;
    const char *second = command(UNIT1, "TableService/SubmitTable", &again->base);
    stands(first, RETURNED, "3 行：2 行审核通过，1 行退回");
    stands(second, WAITING, "3 行：2 行审核通过，1 行待审核");
    decide(1, PB__VERDICT__ACCEPTED);
    stands(second, ACCEPTED, "3 行：3 行审核通过");
    stands(first, RETURNED, "3 行：2 行审核通过，1 行退回");
    /* Whose command it was not, does not see it: not the office either. */
    assert_int_equal(operation(UNIT2, first)->state, PB__OPERATION_STATE__OPERATION_UNKNOWN);
    assert_int_equal(operation(OFFICE1, first)->state, PB__OPERATION_STATE__OPERATION_UNKNOWN);
}

static void
a_withdrawn_table_has_no_verdict(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    const char *key =
        command(UNIT1, "TableService/SubmitTable", &fill(get_table(UNIT1, NULL, "2026-11"))->base);
    change_ok(UNIT1, "WithdrawTable", get_table(UNIT1, NULL, "2026-11"), "写错了");
    stands(key, NONE, "");
}

static Pb__ClaimRequest
claim(const char *ref, const char *file)
{
    static char *files[1];
    Pb__ClaimRequest r = PB__CLAIM_REQUEST__INIT;
    files[0] = slice_text(file);
    r.ref = slice_text(ref);
    r.evidence = files;
    r.n_evidence = 1;
    return r;
}

static void
a_claim_of_a_measure(void **state)
{
    (void)state;
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    Pb__ClaimRequest r = claim("P-01-M-02", photo);
    const char *first = command(UNIT1, "MeasureService/ClaimComplete", &r.base);
    stands(first, WAITING, "到位待认定");
    slice_expect(slice_verdict(OFFICE1, "ReturnClaim", "P-01-M-02", "照片看不清"), STATUS_OK, NULL);
    const Pb__Operation *o = operation(UNIT1, first);
    assert_int_equal(o->verdict, RETURNED);
    assert_non_null(strstr(o->verdict_line, "照片看不清"));
    r = claim("P-01-M-02", photo);
    const char *second = command(UNIT1, "MeasureService/ClaimComplete", &r.base);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
    stands(second, ACCEPTED, "审核通过");
    assert_int_equal(operation(UNIT1, first)->verdict, RETURNED);
    r = claim("P-01-M-01", photo);
    const char *third = command(UNIT1, "MeasureService/ClaimEffect", &r.base);
    stands(third, WAITING, "成效待认定");
    slice_expect(slice_verdict(UNIT1, "WithdrawClaim", "P-01-M-01", "补充材料"), STATUS_OK, NULL);
    stands(third, NONE, "");
}

/* The key of a call that went well, as its receipt names it. */
static const char *
key_of(const Pb__CallReply *reply)
{
    slice_expect(reply, STATUS_OK, NULL);
    assert_non_null(reply->receipt);
    return reply->receipt->idempotency_key;
}

static const char *
extend(const char *day)
{
    matter_in();
    matter_input.measure_ref = slice_text("P-01-M-01");
    matter_input.has_milestone = 1;
    matter_input.milestone = PB__MILESTONE_KIND__EFFECT;
    matter_input.new_due = slice_text(day);
    matter_reason("COORDINATION", "需要市级部门配合。");
    return key_of(matter_open(UNIT1, "extension", "submit"));
}

static void
matters_and_outcomes(void **state)
{
    (void)state;
    slice_sign_all();
    const char *first = extend("2026-12-05");
    stands(first, WAITING, "延期申请待审批");
    (void)matter_in();
    slice_expect(matter_act(OFFICE1, "YQ-0001", "approve"), STATUS_OK, NULL);
    stands(first, ACCEPTED, "审核通过");
    const char *second = extend("2026-12-06");
    (void)matter_in();
    matter_reason("NOT_NEEDED", "可以按期完成。");
    slice_expect(matter_act(LEADER1, "YQ-0002", "reject"), STATUS_OK, NULL);
    assert_int_equal(operation(UNIT1, second)->verdict, RETURNED);
    const char *file = slice_file(201, 5, PB__EVIDENCE_KIND__DOCUMENT);
    const struct said said = {.kind = PB__OUTCOME_KIND__RULE_MADE, .amount = 1, .file = file};
    const Pb__CallReply *reply = outcome_record(UNIT1, "P-01-M-01", said);
    const char *third = key_of(reply);
    const Pb__Outcome *outcome = slice_unpack(reply, &pb__outcome__descriptor);
    stands(third, WAITING, "成效待核实");
    slice_expect(outcome_judge(OFFICE1, outcome->ref, "看不清"), STATUS_OK, NULL);
    assert_int_equal(operation(UNIT1, third)->verdict, RETURNED);
}

static void
what_nobody_judges(void **state)
{
    (void)state;
    Pb__SignForRequest r = PB__SIGN_FOR_REQUEST__INIT;
    Pb__MeasureVersion m = PB__MEASURE_VERSION__INIT;
    Pb__MeasureVersion *list[] = {&m};
    m.ref = slice_text("P-01-M-01");
    r.measures = list;
    r.n_measures = 1;
    stands(command(UNIT1, "MeasureService/SignFor", &r.base), NONE, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_row_by_row, slice_set_up, slice_tear_down),
        cmocka_unit_test_setup_teardown(a_withdrawn_table_has_no_verdict, slice_set_up,
                                        slice_tear_down),
        cmocka_unit_test_setup_teardown(a_claim_of_a_measure, slice_set_up, slice_tear_down),
        cmocka_unit_test_setup_teardown(matters_and_outcomes, slice_set_up, slice_tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_judges, slice_set_up, slice_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
