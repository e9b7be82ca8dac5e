/* Two people at one table: whoever comes second is told the version that stands; nothing is done
 * twice. In both orders, and at the same time. */
#include "tests/service/racer.h"
#include "tests/service/table_slice.h"

enum { REVIEWER1 = 41, REVIEWER2 = 42, ORDERS = 3 };

static void
begin(void)
{
    slice_job("OpenObligations");
    slice_sign_all();
}

/* One after the other, or both at once; then exactly one has won. Returns whether it was the first
 * of the pair. */
static bool
race(struct racer *pair, int order, const char *loser_reason)
{
    racers_run(pair, order);
    int winner = pair[0].reply->status->code == STATUS_OK ? 0 : 1;
    const Pb__Status *lost = pair[1 - winner].reply->status;
    assert_int_equal(pair[winner].reply->status->code, STATUS_OK);
    assert_int_not_equal(lost->code, STATUS_OK);
    assert_string_equal(lost->reason, loser_reason);
    assert_true(!lost->has_current_version || lost->current_version > 0);
    assert_true(order >= 2 || winner == order);
    return winner == 0;
}

static int
fresh(void)
{
    void *none = NULL;
    return slice_tear_down(&none) != 0 ? -1 : slice_set_up(&none);
}

static Pb__DecideTableRequest *
returning(const Pb__Table *t)
{
    Pb__DecideTableRequest *d = decisions(t, PB__VERDICT__RETURNED);
    d->n_decisions = 1;
    d->decisions[0]->reason_code = slice_text("OTHER");
    d->decisions[0]->reason = slice_text("请重写");
    d->has_expected_version = 1;
    d->expected_version = t->version;
    return d;
}

/* The unit takes its table back while the office returns a row. */
static void
withdrawal_against_return(void **state)
{
    (void)state;
    for (int i = 0; i < ORDERS; i++) {
        struct racer pair[2];
        assert_int_equal(fresh(), 0);
        begin();
        submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
        const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-11");
        Pb__ChangeTableRequest back = change(t, "写错了");
        racer_make(&pair[0], UNIT1, "TableService/WithdrawTable", &back.base, 0);
        racer_make(&pair[1], OFFICE1, "TableService/DecideTable", &returning(t)->base, 0);
        bool unit_won = race(pair, i, "STALE_VERSION");
        t = get_table(UNIT1, NULL, "2026-11");
        assert_string_equal(t->state, unit_won ? "DRAFT" : "RETURNED");
        assert_int_equal(t->version, 2);
        racers_release(pair);
    }
}

/* The unit mends the returned row while the office judges another one. */
static void
report_against_return(void **state)
{
    (void)state;
    for (int i = 0; i < ORDERS; i++) {
        struct racer pair[2];
        assert_int_equal(fresh(), 0);
        begin();
        submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
        Pb__DecideTableRequest *d = returning(get_table(OFFICE1, "unit01", "2026-11"));
        slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                 &pb__decide_table_reply__descriptor);
        const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
        Pb__SubmitTableRequest *mended = fill(t);
        mended->rows[0]->narrative = slice_text("重写后的进展");
        racer_make(&pair[0], UNIT1, "TableService/SubmitTable", &mended->base, 0);
        d = returning(t);
        d->decisions += 1;
        d->decisions[0]->reason_code = slice_text("OTHER");
        d->decisions[0]->reason = slice_text("也请重写");
        racer_make(&pair[1], OFFICE1, "TableService/DecideTable", &d->base, 0);
        bool unit_won = race(pair, i, "STALE_VERSION");
        t = get_table(UNIT1, NULL, "2026-11");
        assert_string_equal(t->state, unit_won ? "SUBMITTED" : "RETURNED");
        assert_int_equal(t->rows_returned, unit_won ? 0 : 2);
        racers_release(pair);
    }
}

/* Two reviewers confirm: one receipt, claims given once. */
static void
two_confirmations(void **state)
{
    (void)state;
    for (int i = 0; i < ORDERS; i++) {
        struct racer pair[2];
        assert_int_equal(fresh(), 0);
        begin();
        slice_seed_person(REVIEWER1, "reviewer1", 5, ROLE_PLEAD | ROLE_REVIEWER);
        slice_seed_person(REVIEWER2, "reviewer2", 5, ROLE_PLEAD | ROLE_REVIEWER);
        submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
        const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
        Pb__ConfirmTableRequest c = PB__CONFIRM_TABLE_REQUEST__INIT;
        c.id = t->id;
        c.has_expected_version = 1;
        c.expected_version = t->version;
        racer_make(&pair[0], REVIEWER1, "TableService/ConfirmTable", &c.base, 0);
        racer_make(&pair[1], REVIEWER2, "TableService/ConfirmTable", &c.base, 0);
        bool a_won = race(pair, i, "STALE_VERSION");
        assert_string_equal(get_table(UNIT1, NULL, "2026-11")->reviewed_by,
                            a_won ? "reviewer1" : "reviewer2");
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.table_row"), 3);
        racers_release(pair);
    }
}

/* The unit reopens a row while the office looks at the archived table: it reads on what was told,
 * and what it decides on that version is refused. */
static void
correction_while_the_office_looks(void **state)
{
    (void)state;
    begin();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-10")));
    accept_all("unit01", "2026-10");
    slice_job("LockTables");
    const Pb__Table *seen = get_table(OFFICE1, "unit01", "2026-10");
    char *refs[] = {slice_text("P-01-M-01")};
    Pb__CorrectTableRequest r = PB__CORRECT_TABLE_REQUEST__INIT;
    r.id = seen->id;
    r.measure_refs = refs;
    r.n_measure_refs = 1;
    r.reason_code = slice_text("OTHER");
    r.reason = slice_text("数字抄错");
    slice_ok(UNIT1, "TableService/CorrectTable", &r.base, &pb__table__descriptor);
    Pb__DecideTableRequest *d = returning(seen);
    const Pb__Status *lost = slice_refused(OFFICE1, "TableService/DecideTable", &d->base,
                                           STATUS_ABORTED, "STALE_VERSION");
    assert_int_equal(lost->current_version, seen->version + 1);
    Pb__GetTableRequest g = PB__GET_TABLE_REQUEST__INIT;
    g.id = seen->id;
    g.has_version = 1;
    g.version = seen->version;
    const Pb__Table *again =
        slice_ok(OFFICE1, "TableService/GetTable", &g.base, &pb__table__descriptor);
    assert_string_equal(again->state, "LOCKED");
    assert_string_equal(again->content_hash, seen->content_hash);
    assert_int_equal(again->rows[0]->verdict, PB__VERDICT__ACCEPTED);
}

/* The same key again: the same answer, done once. */
static void
the_same_key_is_the_same_submission(void **state)
{
    (void)state;
    begin();
    struct racer pair[2];
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    racer_make(&pair[0], UNIT1, "TableService/SubmitTable", &r->base, 0);
    pair[1] = pair[0];
    (void)racer_run(&pair[0]);
    slice_day("2026-11-30"); /* late by now, and yet the same answer */
    (void)racer_run(&pair[1]);
    assert_int_equal(pair[0].reply->status->code, STATUS_OK);
    assert_int_equal(pair[1].reply->status->code, STATUS_OK);
    assert_true(pair[1].reply->replayed);
    assert_string_equal(pair[0].reply->receipt->number, pair[1].reply->receipt->number);
    assert_int_equal(pair[0].reply->payload.len, pair[1].reply->payload.len);
    assert_memory_equal(pair[0].reply->payload.data, pair[1].reply->payload.data,
                        pair[0].reply->payload.len);
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->version, 1);
    assert_false(t->late);
    racers_release(pair);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(withdrawal_against_return),
        TEST(report_against_return),
        TEST(two_confirmations),
        TEST(correction_while_the_office_looks),
        TEST(the_same_key_is_the_same_submission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
