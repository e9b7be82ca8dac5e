/* The outbox: what is put is kept, goes out in order, once, unaltered, and says what became of it.
 */
#include "client/lib/file.h"
#include "client/lib/outbox.h"
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/rpc/wirecheck.h"
#include "tests/support/fixture.h"
#include "tests/support/outbox_fake.h"

#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/consultation.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <rectify/v1/table.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SIGN_FOR "rectify.v1.MeasureService/SignFor"
#define CLAIM "rectify.v1.MeasureService/ClaimEffect"
#define SUBMIT "rectify.v1.TableService/SubmitTable"
#define ASK "rectify.v1.ConsultationService/Ask"
/* of "before" */
#define BEFORE_SHA256 "6db7d803e74f1ffa7d8f5adc0bf95b3e15bf4c8373fffadf546227cc6c6742cb"
#define TABLE "0190e5a0-0009-7000-8000-000000000001"

static struct arena arena;
static struct fake_server *server;
static struct rectify_outbox *outbox;

static void
must(enum status status, const struct fault *f)
{
    if (status != STATUS_OK) {
        fail_msg("%s: %s", f->reason, f->message);
    }
}

static void
reopen(void)
{
    struct fault f;
    rectify_outbox_free(outbox);
    outbox = NULL;
    must(rectify_outbox_open(fake_state_folder(server), &outbox, &f), &f);
}

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)256 * 1024 * 1024);
    server = fake_start();
    reopen();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rectify_outbox_free(outbox);
    outbox = NULL;
    fake_free(server);
    arena_release(&arena);
    return 0;
}

/* ---- commands ---- */

static enum status
put_try(const struct rectify_request *request, bool sent, struct rectify_item *item,
        struct fault *f)
{
    struct rectify_outbox_command command = {
        .request = request, .account = "unit01", .title = "签收", .sent = sent};
    return rectify_outbox_put(outbox, &command, item, &arena, f);
}

static struct rectify_item
put(const struct rectify_request *request)
{
    struct fault f;
    struct rectify_item item;
    must(put_try(request, false, &item, &f), &f);
    return item;
}

/* version -1: none said. */
static struct rectify_item
put_sign(const char *ref, int64_t version)
{
    Pb__MeasureVersion one = PB__MEASURE_VERSION__INIT;
    Pb__MeasureVersion *list[] = {&one};
    Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    one.ref = wire_text(ref);
    one.has_expected_version = version >= 0;
    one.expected_version = version;
    sign.n_measures = 1;
    sign.measures = list;
    struct rectify_request request = {.method = SIGN_FOR, .message = &sign.base};
    return put(&request);
}

static struct rectify_item
put_claim(const char *ref, int64_t version, const char *evidence)
{
    Pb__ClaimRequest claim = PB__CLAIM_REQUEST__INIT;
    char *ids[] = {wire_text(evidence)};
    claim.ref = wire_text(ref);
    claim.n_evidence = evidence != NULL ? 1 : 0;
    claim.evidence = ids;
    struct rectify_request request = {.method = CLAIM,
                                      .message = &claim.base,
                                      .has_expected_version = version >= 0,
                                      .expected_version = version};
    return put(&request);
}

static struct rectify_item
put_table(int64_t version, const char *measure, int64_t measure_version)
{
    Pb__TableRow row = PB__TABLE_ROW__INIT;
    Pb__TableRow *rows[] = {&row};
    Pb__SubmitTableRequest submit = PB__SUBMIT_TABLE_REQUEST__INIT;
    row.measure_ref = wire_text(measure);
    row.has_measure_version = true;
    row.measure_version = measure_version;
    submit.id = wire_text(TABLE);
    submit.has_expected_version = true;
    submit.expected_version = version;
    submit.n_rows = 1;
    submit.rows = rows;
    struct rectify_request request = {.method = SUBMIT, .message = &submit.base};
    return put(&request);
}

static struct rectify_item
put_ask(const char *ref)
{
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    ask.measure_ref = wire_text(ref);
    ask.text = wire_text("资金没有落实");
    struct rectify_request request = {.method = ASK, .message = &ask.base};
    return put(&request);
}

static struct rectify_drain
drain_with(const struct rectify_drain_options *options)
{
    struct fault f;
    struct rectify_drain result;
    must(rectify_outbox_drain(outbox, fake_channel(server, 1500), options, &result, &f), &f);
    return result;
}

static struct rectify_drain
drain(void)
{
    return drain_with(NULL);
}

static struct rectify_item
item_at(int64_t number)
{
    struct fault f;
    struct rectify_item item;
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)number);
    must(rectify_outbox_find(outbox, &arena, text, &item, &f), &f);
    return item;
}

static size_t
waiting(void)
{
    struct fault f;
    struct rectify_item *items = NULL;
    size_t count = 0;
    struct rectify_outbox_filter filter = {.archived = false};
    must(rectify_outbox_list(outbox, &arena, &filter, &items, &count, &f), &f);
    return count;
}

static void
file_write(const char *name, const char *text, char ret_path[512])
{
    struct fault f;
    snprintf(ret_path, 512, "%s/../%s", fake_state_folder(server), name);
    must(rectify_file_replace(ret_path, 0600, text, strlen(text), &f), &f);
}

static const char *
capture(const char *path)
{
    struct fault f;
    char *id = arena_alloc(&arena, UUID_TEXT_SIZE);
    struct rectify_outbox_file file = {.path = path};
    must(rectify_outbox_capture(outbox, &file, id, &f), &f);
    return id;
}

/* ---- tests ---- */

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

/* The content at the time of capture is what is sent, under its own name, once. */
static void
test_captured_file(void **state)
{
    (void)state;
    char path[512];
    char name[FAKE_TEXT];
    char id[UUID_TEXT_SIZE];
    file_write("现场 照片.jpg", "before", path);
    const char *stand_in = capture(path);
    struct rectify_item item = put_claim("P-01-M-01", 1, stand_in);
    assert_int_equal(item.file_count, 1);
    assert_int_equal(item.file_bytes, 6);
    struct rectify_outbox_counts counts;
    struct fault f;
    must(rectify_outbox_counts_get(outbox, &counts, &f), &f);
    assert_int_equal(counts.waiting_bytes, 6);
    file_write("现场 照片.jpg", "after it was changed", path);
    reopen();
    assert_int_equal(drain().received, 1);
    assert_true(fake_evidence(server, BEFORE_SHA256, name, id));
    assert_string_equal(name, "现场 照片.jpg");
    struct fake_done done = fake_done_at(server, 0);
    assert_string_equal(done.evidence, id);
    /* The message shown to people has what was put. */
    ProtobufCMessage *message = NULL;
    must(rectify_outbox_request(outbox, &arena, 1, &message, &f), &f);
    assert_string_equal(((Pb__ClaimRequest *)message)->evidence[0], stand_in);
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
        cmocka_unit_test_setup_teardown(test_captured_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_of_put, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
