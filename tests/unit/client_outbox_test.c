/* The outbox: what is put is kept, goes out in order, once, unaltered, and says what became of it.
 */
#include "tests/unit/outbox_case.h"

/* In order, each once, with its receipt; reopened between every two steps. */
static void
test_order_and_receipts(void **state)
{
    (void)state;
    char ref[32];
    for (int i = 1; i <= 5; i++) {
        snprintf(ref, sizeof ref, "P-01-M-%02d", i);
        struct rectify_item item = put_sign(ref, 1);
        assert_int_equal(item.number, i);
        assert_int_equal(item.state, RECTIFY_ITEM_QUEUED);
        reopen();
    }
    assert_int_equal(waiting(), 5);
    struct rectify_drain result = drain();
    assert_int_equal(result.end, RECTIFY_DRAIN_EMPTY);
    assert_int_equal(result.received, 5);
    reopen();
    for (unsigned i = 0; i < 5; i++) {
        struct rectify_item item = item_at(i + 1);
        struct fake_done done = fake_done_at(server, i);
        assert_int_equal(item.state, RECTIFY_ITEM_RECEIVED);
        assert_string_equal(item.key, done.key);
        snprintf(ref, sizeof ref, "2026-11-%08u", i + 1);
        assert_string_equal(item.receipt_number, ref);
        assert_true(item.recorded_at_ms > 0 && item.attempts == 1);
    }
    assert_int_equal(waiting(), 0);
    assert_int_equal(drain().received, 0);
    assert_int_equal(fake_done_count(server), 5);
}

/* What was received has its answer and receipt, also much later. */
static void
test_answer_kept(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_answer answer;
    put_sign("P-01-M-01", 1);
    assert_int_equal(rectify_outbox_answer(outbox, &arena, 1, &answer, &f),
                     STATUS_FAILED_PRECONDITION);
    drain();
    reopen();
    must(rectify_outbox_answer(outbox, &arena, 1, &answer, &f), &f);
    const Pb__MeasuresReply *reply = (const Pb__MeasuresReply *)answer.message;
    assert_string_equal(reply->measures[0]->ref, "P-01-M-01");
    assert_int_equal(reply->measures[0]->version, 2);
    assert_string_equal(answer.receipt->number, "2026-11-00000001");
}

static enum fake_turn
turn_done_silent_once(const char *method, const char *key, unsigned n)
{
    (void)key;
    return strstr(method, "SignFor") != NULL && n < 20 ? FAKE_DONE_SILENT : FAKE_ANSWER;
}

/* Carried out and never answered: SENT, first the next time, under the same key, done once. */
static void
test_unknown_resolved(void **state)
{
    (void)state;
    put_sign("P-01-M-01", 1);
    put_ask("P-01-M-02");
    fake_script_set(server, &(struct fake_script){.turn = turn_done_silent_once});
    struct fault f;
    struct rectify_drain result;
    must(rectify_outbox_drain(outbox, fake_channel(server, 400), NULL, &result, &f), &f);
    assert_int_equal(result.end, RECTIFY_DRAIN_LINE);
    assert_true(result.wait_ms > 0);
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_SENT);
    assert_int_equal(item_at(2).state, RECTIFY_ITEM_QUEUED);
    assert_int_equal(rectify_outbox_drop(outbox, 1, &f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f.reason, "OUTBOX_SENT");
    char key[UUID_TEXT_SIZE];
    memcpy(key, item_at(1).key, sizeof key);
    reopen();
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    result = drain();
    assert_int_equal(result.end, RECTIFY_DRAIN_EMPTY);
    assert_int_equal(result.received, 2);
    assert_int_equal(fake_done_count(server), 2);
    assert_string_equal(fake_done_at(server, 0).key, key);
}

/* Nothing reached the server: it waits as before and may be given up. */
static void
test_line_down(void **state)
{
    (void)state;
    struct fault f;
    put_sign("P-01-M-01", 1);
    put_sign("P-01-M-02", 1);
    fake_down(server);
    struct rectify_drain result = drain();
    assert_int_equal(result.end, RECTIFY_DRAIN_LINE);
    assert_string_equal(result.why.reason, "CONNECT_REFUSED");
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_QUEUED);
    must(rectify_outbox_drop(outbox, 1, &f), &f);
    assert_int_equal(rectify_outbox_drop(outbox, 1, &f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f.reason, "OUTBOX_STATE");
    fake_up(server);
    assert_int_equal(drain().received, 1);
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_DROPPED);
    assert_string_equal(fake_done_at(server, 0).about, "P-01-M-02");
}

static enum fake_turn
turn_refuse_claims(const char *method, const char *key, unsigned n)
{
    (void)key;
    (void)n;
    return strstr(method, "Claim") != NULL ? FAKE_REFUSE : FAKE_ANSWER;
}

/* A refusal sets its item aside with the reason, and the next one goes on. */
static void
test_refused(void **state)
{
    (void)state;
    struct fault f;
    put_claim("P-01-M-01", 1, NULL);
    put_ask("P-01-M-02");
    fake_script_set(server, &(struct fake_script){.turn = turn_refuse_claims,
                                                  .code = STATUS_FAILED_PRECONDITION,
                                                  .reason = "EVIDENCE_MISSING"});
    struct rectify_drain result = drain();
    assert_int_equal(result.end, RECTIFY_DRAIN_EMPTY);
    assert_int_equal(result.received, 1);
    assert_int_equal(result.refused, 1);
    struct rectify_item item = item_at(1);
    assert_int_equal(item.state, RECTIFY_ITEM_ATTENTION);
    assert_string_equal(item.reason, "EVIDENCE_MISSING");
    assert_string_equal(item.message, "不行。");
    assert_int_equal(item.refusal, STATUS_FAILED_PRECONDITION);
    reopen();
    /* Again: at the end, under a new key. */
    put_ask("P-01-M-03");
    must(rectify_outbox_retry(outbox, 1, &f), &f);
    struct rectify_item again = item_at(1);
    assert_int_equal(again.state, RECTIFY_ITEM_QUEUED);
    assert_string_not_equal(again.key, item.key);
    assert_int_equal(rectify_outbox_retry(outbox, 1, &f), STATUS_FAILED_PRECONDITION);
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    assert_int_equal(drain().received, 2);
    assert_string_equal(fake_done_at(server, 1).about, "P-01-M-03");
    assert_string_equal(fake_done_at(server, 2).about, "P-01-M-01");
}

static enum fake_turn
turn_refuse_login(const char *method, const char *key, unsigned n)
{
    (void)method;
    (void)key;
    (void)n;
    return FAKE_REFUSE;
}

/* What is wrong with the door is nobody's refusal. */
static void
test_door(void **state)
{
    (void)state;
    static const struct {
        enum status code;
        const char *reason;
        enum rectify_drain_end end;
    } cases[] = {
        {STATUS_UNAUTHENTICATED, "SESSION_EXPIRED", RECTIFY_DRAIN_LOGIN},
        {STATUS_UNAUTHENTICATED, "MACHINE_REVOKED", RECTIFY_DRAIN_MACHINE},
        {STATUS_UNAUTHENTICATED, "TLS_CLIENT_REFUSED", RECTIFY_DRAIN_LINE}, /* at first */
        {STATUS_PERMISSION_DENIED, "SEAT_ENDED", RECTIFY_DRAIN_LOGIN},
        {STATUS_NOT_FOUND, "TENANT_UNKNOWN", RECTIFY_DRAIN_MACHINE},
        {STATUS_DATA_LOSS, "LOG_FORKED", RECTIFY_DRAIN_LOG},
        {STATUS_INTERNAL, "INTERNAL", RECTIFY_DRAIN_LINE},
    };
    put_sign("P-01-M-01", 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_script_set(server, &(struct fake_script){.turn = turn_refuse_login,
                                                      .code = cases[i].code,
                                                      .reason = cases[i].reason});
        struct rectify_drain result = drain();
        assert_int_equal(result.end, cases[i].end);
        assert_string_equal(result.why.reason, cases[i].reason);
        assert_int_equal(item_at(1).state, RECTIFY_ITEM_QUEUED);
    }
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    assert_int_equal(drain().received, 1);
}

static enum fake_turn
turn_garble_claims(const char *method, const char *key, unsigned n)
{
    (void)key;
    (void)n;
    return strstr(method, "Claim") != NULL ? FAKE_GARBLED : FAKE_ANSWER;
}

/* An answer that cannot be read holds back what is about the same thing, and nothing else; in the
 * end it is set aside, and goes again under its old key: it may have been carried out. */
static void
test_odd_answers(void **state)
{
    (void)state;
    struct fault f;
    put_claim("P-01-M-01", 1, NULL);
    put_ask("P-01-M-01");
    fake_script_set(server, &(struct fake_script){.turn = turn_garble_claims});
    for (int i = 0; i < 5; i++) {
        put_ask("P-01-M-02");
        struct rectify_drain result = drain();
        assert_int_equal(result.end, i < 4 ? RECTIFY_DRAIN_LINE : RECTIFY_DRAIN_EMPTY);
        assert_int_equal(item_at(3 + i).state, RECTIFY_ITEM_RECEIVED);
        assert_int_equal(item_at(1).state, i < 4 ? RECTIFY_ITEM_SENT : RECTIFY_ITEM_ATTENTION);
        assert_int_equal(item_at(2).state, i < 4 ? RECTIFY_ITEM_QUEUED : RECTIFY_ITEM_RECEIVED);
        reopen();
    }
    assert_int_equal(rectify_outbox_drop(outbox, 1, &f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f.reason, "OUTBOX_SENT");
    struct rectify_item before = item_at(1);
    must(rectify_outbox_retry(outbox, 1, &f), &f);
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_SENT);
    assert_string_equal(item_at(1).key, before.key);
    fake_script_set(server, &(struct fake_script){.turn = NULL});
    drain();
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_RECEIVED);
    assert_int_equal(fake_version(server, "P-01-M-01"), 2);
}

/* Each step on top of what this outbox itself made; never over somebody else's change. */
static void
test_version_chain(void **state)
{
    (void)state;
    put_sign("P-01-M-01", 1);
    put_table(1, "P-01-M-01", 1);
    put_claim("P-01-M-01", 1, NULL);
    put_table(1, "P-01-M-01", 1);
    reopen();
    struct rectify_drain result = drain();
    assert_int_equal(result.received, 4);
    assert_int_equal(fake_version(server, "P-01-M-01"), 5);
    assert_int_equal(fake_version(server, TABLE), 3);
    assert_int_equal(fake_done_at(server, 2).expected_version, 3);
}

static void
test_version_of_others(void **state)
{
    (void)state;
    put_sign("P-01-M-01", 1);
    fake_down(server);
    fake_up(server);
    struct rectify_drain_options only = {.only = 1};
    put_claim("P-01-M-01", 1, NULL);
    assert_int_equal(drain_with(&only).received, 1);
    fake_bump(server, "P-01-M-01");
    struct rectify_drain result = drain();
    assert_int_equal(result.refused, 1);
    assert_string_equal(item_at(2).reason, "STALE_VERSION");
    /* What is about another thing is left as it was. */
    put_claim("P-01-M-02", 1, NULL);
    assert_int_equal(drain().received, 1);
    assert_int_equal(fake_done_at(server, 1).expected_version, 1);
}

static void
test_refusals_of_put(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_item item;
    Pb__LoginRequest login = PB__LOGIN_REQUEST__INIT;
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    struct rectify_request request = {.method = "rectify.v1.AccountService/Login",
                                      .message = &login.base};
    assert_int_equal(put_try(&request, false, &item, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "OUTBOX_SECRET");
    request = (struct rectify_request){.method = "rectify.v1.MeasureService/GetMeasure",
                                       .message = &get.base};
    assert_int_equal(put_try(&request, false, &item, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "OUTBOX_QUERY");
    request = (struct rectify_request){.method = ASK, .message = &get.base};
    assert_int_equal(put_try(&request, false, &item, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "OUTBOX_MESSAGE");
    request = (struct rectify_request){
        .method = ASK, .message = &ask.base, .key = "0190e5a0-0001-7000-8000-000000000001"};
    must(put_try(&request, false, &item, &f), &f);
    assert_int_equal(put_try(&request, false, &item, &f), STATUS_ALREADY_EXISTS);
    assert_string_equal(f.reason, "OUTBOX_KEY");
    ask.text = arena_alloc(&arena, LIMIT_PAYLOAD_BYTES + 2);
    memset(ask.text, 'x', LIMIT_PAYLOAD_BYTES + 1);
    request.key = NULL;
    assert_int_equal(put_try(&request, false, &item, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "REQUEST_TOO_LARGE");
    assert_int_equal(waiting(), 1);
}

static void
heard(void *user, const struct rectify_item *item)
{
    *(struct rectify_item *)user = *item;
    ((struct rectify_item *)user)->message = NULL;
}

static void
test_verdicts(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_item last = {.number = 0};
    struct rectify_drain_options options = {.settled = heard, .user = &last};
    put_claim("P-01-M-01", 1, NULL);
    put_sign("P-01-M-02", 1);
    drain();
    assert_int_equal(item_at(1).verdict, RECTIFY_VERDICT_WAITING);
    assert_int_equal(item_at(2).verdict, RECTIFY_VERDICT_NONE);
    struct fake_script script = {.verdict = PB__OPERATION_VERDICT__OPERATION_VERDICT_RETURNED};
    fake_script_set(server, &script);
    must(rectify_outbox_verdicts(outbox, fake_channel(server, 1500), 1000, &options, &f), &f);
    assert_int_equal(last.number, 1);
    assert_int_equal(last.verdict, RECTIFY_VERDICT_RETURNED);
    assert_string_equal(item_at(1).message, "2 行：1 行审核通过，1 行退回");
    assert_int_equal(fake_calls(server, "GetOperation"), 1);
    must(rectify_outbox_verdicts(outbox, fake_channel(server, 1500), 1000, &options, &f), &f);
    assert_int_equal(fake_calls(server, "GetOperation"), 1);
    fake_down(server);
    must(rectify_outbox_verdicts(outbox, fake_channel(server, 300), 10, &options, &f), &f);
    fake_up(server);
}

/* Clocks that are off by ten days, either way: taught by the first answer, and kept. */
static void
test_clock_off(void **state)
{
    (void)state;
    static const int64_t ten_days = (int64_t)10 * 86400000;
    static const int64_t offsets[] = {-ten_days, ten_days};
    for (size_t i = 0; i < 2; i++) {
        fake_script_set(server, &(struct fake_script){.clock_offset_ms = offsets[i]});
        struct rectify_item item = put_ask("P-01-M-01");
        assert_int_equal(drain().received, 1);
        struct fake_done done = fake_done_at(server, (unsigned)i);
        int64_t off = done.queued_at_ms - (item.queued_at_ms + offsets[i]);
        assert_true(off > -5000 && off < 5000);
    }
    /* The next run knows. */
    unsigned before = fake_calls(server, "WhoAmI");
    put_ask("P-01-M-01");
    assert_int_equal(drain().received, 1);
    assert_int_equal(fake_calls(server, "WhoAmI"), before + 1);
}

/* Whom each was given for goes with it, and the channel's own stays as it was. */
static void
test_behalf(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_item item;
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    ask.measure_ref = wire_text("P-02-M-01");
    struct rectify_request request = {.method = ASK, .message = &ask.base};
    struct rectify_outbox_command command = {.request = &request, .on_behalf_of = "unit02"};
    must(rectify_outbox_put(outbox, &command, &item, &arena, &f), &f);
    put_ask("P-01-M-01");
    assert_int_equal(drain().received, 2);
    assert_string_equal(fake_done_at(server, 0).behalf, "unit02");
    assert_string_equal(fake_done_at(server, 1).behalf, "");
}

/* A command that was sent already is kept as it went. */
static void
test_put_sent(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_item item;
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    ask.measure_ref = wire_text("P-01-M-01");
    struct rectify_request request = {
        .method = ASK, .message = &ask.base, .key = "0190e5a0-0001-7000-8000-000000000001"};
    put_ask("P-01-M-02");
    must(put_try(&request, true, &item, &f), &f);
    assert_int_equal(item.state, RECTIFY_ITEM_SENT);
    assert_int_equal(drain().received, 2);
    assert_string_equal(fake_done_at(server, 0).key, request.key); /* before what only waits */
}

static enum fake_turn
turn_seat_ended(const char *method, const char *key, unsigned n)
{
    (void)key;
    (void)n;
    return strstr(method, "SignFor") != NULL ? FAKE_REFUSE : FAKE_ANSWER;
}

/* Carried out, never answered, and then refused at the door: the server is asked by its key. */
static void
test_refused_after_done(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_drain result;
    struct fake_script refuse = {
        .turn = turn_seat_ended, .code = STATUS_PERMISSION_DENIED, .reason = "SEAT_ENDED"};
    put_sign("P-01-M-01", 1);
    fake_script_set(server, &(struct fake_script){.turn = turn_done_silent_once});
    must(rectify_outbox_drain(outbox, fake_channel(server, 400), NULL, &result, &f), &f);
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_SENT);
    put_sign("P-01-M-02", 1);
    fake_script_set(server, &refuse);
    result = drain();
    assert_int_equal(result.received, 1);
    assert_int_equal(result.refused, 1);
    assert_string_equal(item_at(1).receipt_number, "2026-11-00000001");
    assert_int_equal(item_at(2).state, RECTIFY_ITEM_ATTENTION);
}

/* Several at once: all or none. */
static void
test_put_all(void **state)
{
    (void)state;
    enum { MANY = 500 };
    struct fault f;
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    struct rectify_request request = {.method = ASK, .message = &ask.base};
    struct rectify_request twice = {
        .method = ASK, .message = &ask.base, .key = "0190e5a0-0001-7000-8000-000000000001"};
    struct rectify_outbox_command *commands = arena_array(&arena, MANY, sizeof *commands);
    struct rectify_item *items = arena_array(&arena, MANY, sizeof *items);
    ask.measure_ref = wire_text("P-01-M-01");
    for (size_t i = 0; i < MANY; i++) {
        commands[i].request = i == 3 || i == MANY - 1 ? &twice : &request;
    }
    assert_int_equal(rectify_outbox_put_all(outbox, commands, MANY, items, &arena, &f),
                     STATUS_ALREADY_EXISTS);
    assert_int_equal(waiting(), 0);
    commands[MANY - 1].request = &request;
    must(rectify_outbox_put_all(outbox, commands, MANY, items, &arena, &f), &f);
    reopen();
    assert_int_equal(waiting(), MANY);
    assert_int_equal(items[MANY - 1].number - items[0].number, MANY - 1);
    assert_string_equal(items[3].key, twice.key);
    assert_int_equal(drain().received, MANY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_and_receipts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_resolved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_down, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_door, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_of_put, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_behalf, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_after_done, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_all, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
