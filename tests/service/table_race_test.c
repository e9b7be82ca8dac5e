/* Two people at one table: whoever comes second is told the version that stands; nothing is done
 * twice. In both orders, and at the same time. */
#include "tests/service/table_slice.h"

#include <pthread.h>

enum { REVIEWER1 = 41, REVIEWER2 = 42, ROUNDS = 3 };

static void
begin(void)
{
    slice_job("OpenObligations");
    slice_sign_all();
}

/* A call made ready on this thread and sent on another. */
struct racer {
    Pb__CallRequest envelope;
    struct arena arena;
    const Pb__CallReply *reply;
    pthread_t thread;
};

static void
racer_make(struct racer *r, int account, const char *method, const ProtobufCMessage *request)
{
    static int serial;
    pb__call_request__init(&r->envelope);
    Pb__CallRequest *e = &r->envelope;
    e->tenant = slice_text("t1");
    e->method = arena_printf(&slice_arena, "rectify.v1.TableService/%s", method);
    e->call_id = slice_text("race");
    e->session = arena_printf(&slice_arena, "token-%d", account);
    e->machine = arena_strdup(&slice_arena, slice_id(account + 10));
    e->idempotency_key = arena_printf(&slice_arena, "01940000-0000-7000-8000-%012d", ++serial);
    e->has_timeout_ms = 1;
    e->timeout_ms = 60000;
    e->has_payload = 1;
    assert_int_equal(wire_pack(&slice_arena, request, &e->payload.data, &e->payload.len),
                     STATUS_OK);
    slice_sign(e, account);
    arena_init(&r->arena, 16 << 20);
}

static void *
racer_run(void *ctx)
{
    struct racer *r = ctx;
    Pb__CallReply *reply = NULL;
    if (dispatch_call(slice_door, &r->envelope, &r->arena, &reply) == STATUS_OK) {
        r->reply = reply;
    }
    return NULL;
}

/* One after the other, or both at once; then exactly one has won. Returns whether it was a. */
enum order { A_FIRST, B_FIRST, AT_ONCE, ORDERS };

static bool
race(struct racer *a, struct racer *b, enum order order, const char *loser_reason)
{
    if (order == AT_ONCE) {
        assert_int_equal(pthread_create(&a->thread, NULL, racer_run, a), 0);
        assert_int_equal(pthread_create(&b->thread, NULL, racer_run, b), 0);
        pthread_join(a->thread, NULL);
        pthread_join(b->thread, NULL);
    } else {
        racer_run(order == A_FIRST ? a : b);
        racer_run(order == A_FIRST ? b : a);
    }
    assert_non_null(a->reply);
    assert_non_null(b->reply);
    bool a_won = a->reply->status->code == STATUS_OK;
    const Pb__Status *lost = a_won ? b->reply->status : a->reply->status;
    assert_int_equal((a_won ? a : b)->reply->status->code, STATUS_OK);
    assert_int_not_equal(lost->code, STATUS_OK);
    assert_string_equal(lost->reason, loser_reason);
    assert_true(!lost->has_current_version || lost->current_version > 0);
    if (order != AT_ONCE) {
        assert_int_equal(a_won, order == A_FIRST);
    }
    return a_won;
}

static void
racers_release(struct racer *a, struct racer *b)
{
    arena_release(&a->arena);
    arena_release(&b->arena);
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
    for (int i = 0; i < ROUNDS; i++) {
        struct racer unit = {0};
        struct racer office = {0};
        assert_int_equal(fresh(), 0);
        begin();
        submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
        const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-11");
        Pb__ChangeTableRequest back = change(t, "写错了");
        racer_make(&unit, UNIT1, "WithdrawTable", &back.base);
        racer_make(&office, OFFICE1, "DecideTable", &returning(t)->base);
        bool unit_won = race(&unit, &office, (enum order)(i % ORDERS), "STALE_VERSION");
        t = get_table(UNIT1, NULL, "2026-11");
        assert_string_equal(t->state, unit_won ? "DRAFT" : "RETURNED");
        assert_int_equal(t->version, 2);
        racers_release(&unit, &office);
    }
}

/* The unit mends the returned row while the office judges another one. */
static void
report_against_return(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct racer unit = {0};
        struct racer office = {0};
        assert_int_equal(fresh(), 0);
        begin();
        submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
        Pb__DecideTableRequest *d = returning(get_table(OFFICE1, "unit01", "2026-11"));
        slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                 &pb__decide_table_reply__descriptor);
        const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
        Pb__SubmitTableRequest *mended = fill(t);
        mended->rows[0]->narrative = slice_text("重写后的进展");
        racer_make(&unit, UNIT1, "SubmitTable", &mended->base);
        d = returning(t);
        d->decisions += 1;
        d->decisions[0]->reason_code = slice_text("OTHER");
        d->decisions[0]->reason = slice_text("也请重写");
        racer_make(&office, OFFICE1, "DecideTable", &d->base);
        bool unit_won = race(&unit, &office, (enum order)(i % ORDERS), "STALE_VERSION");
        t = get_table(UNIT1, NULL, "2026-11");
        assert_string_equal(t->state, unit_won ? "SUBMITTED" : "RETURNED");
        assert_int_equal(t->rows_returned, unit_won ? 0 : 2);
        racers_release(&unit, &office);
    }
}

/* Two reviewers confirm: one receipt, claims given once. */
static void
two_confirmations(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct racer a = {0};
        struct racer b = {0};
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
        racer_make(&a, REVIEWER1, "ConfirmTable", &c.base);
        racer_make(&b, REVIEWER2, "ConfirmTable", &c.base);
        bool a_won = race(&a, &b, (enum order)(i % ORDERS), "STALE_VERSION");
        assert_string_equal(get_table(UNIT1, NULL, "2026-11")->reviewed_by,
                            a_won ? "reviewer1" : "reviewer2");
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.table_row"), 3);
        racers_release(&a, &b);
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
    struct racer first = {0};
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    racer_make(&first, UNIT1, "SubmitTable", &r->base);
    struct racer second = first;
    arena_init(&second.arena, 16 << 20);
    racer_run(&first);
    slice_day("2026-11-30"); /* late by now, and yet the same answer */
    racer_run(&second);
    assert_int_equal(first.reply->status->code, STATUS_OK);
    assert_int_equal(second.reply->status->code, STATUS_OK);
    assert_true(second.reply->replayed);
    assert_string_equal(first.reply->receipt->number, second.reply->receipt->number);
    assert_int_equal(first.reply->payload.len, second.reply->payload.len);
    assert_memory_equal(first.reply->payload.data, second.reply->payload.data,
                        first.reply->payload.len);
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->version, 1);
    assert_false(t->late);
    racers_release(&first, &second);
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
