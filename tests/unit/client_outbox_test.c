/* The outbox: what is put is kept, goes out in order, once, unaltered, and says what became of it.
 */
#include "client/lib/file.h"
#include "client/lib/local_db.h"
#include "client/lib/outbox.h"
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/rpc/wirecheck.h"
#include "tests/support/fixture.h"
#include "tests/support/outbox_fake.h"

#include <dirent.h>
#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/consultation.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <rectify/v1/table.pb-c.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
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

/* Each on its own machine or process: both go out, each once. */
static void
test_two_handles(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_outbox *first = outbox;
    struct rectify_outbox *second = NULL;
    must(rectify_outbox_open(fake_state_folder(server), &second, &f), &f);
    put_sign("P-01-M-01", 1);
    outbox = second;
    put_sign("P-01-M-02", 1);
    assert_int_equal(waiting(), 2);
    outbox = first;
    assert_int_equal(waiting(), 2);
    assert_int_equal(drain().received, 2);
    outbox = second;
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_RECEIVED);
    outbox = first;
    rectify_outbox_free(second);
}

/* Asked while another one sends. */
static bool
stop_and_look(void *user)
{
    struct fault f;
    struct rectify_outbox *other = NULL;
    struct rectify_drain *result = user;
    must(rectify_outbox_open(fake_state_folder(server), &other, &f), &f);
    must(rectify_outbox_drain(other, fake_channel(server, 500), NULL, result, &f), &f);
    rectify_outbox_free(other);
    return true;
}

static void
test_one_sender(void **state)
{
    (void)state;
    struct rectify_drain other = {.end = RECTIFY_DRAIN_EMPTY};
    struct rectify_drain_options options = {.stop = stop_and_look, .user = &other};
    put_sign("P-01-M-01", 1);
    assert_int_equal(drain_with(&options).end, RECTIFY_DRAIN_STOPPED);
    assert_int_equal(other.end, RECTIFY_DRAIN_OTHER);
    assert_int_equal(fake_done_count(server), 0);
    assert_int_equal(drain().received, 1);
}

static size_t
content_count(void)
{
    char folder[512];
    size_t n = 0;
    snprintf(folder, sizeof folder, "%s/outbox-files", fake_state_folder(server));
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        n += e->d_name[0] != '.';
    }
    (void)closedir(d);
    return n;
}

/* A content is kept once, as long as somebody names it. */
static void
test_content_once(void **state)
{
    (void)state;
    struct fault f;
    char one[512];
    char other[512];
    file_write("a.txt", "same", one);
    file_write("b.txt", "same", other);
    const char *first = capture(one);
    const char *second = capture(other);
    assert_string_not_equal(first, second);
    assert_int_equal(content_count(), 1);
    put_claim("P-01-M-01", 1, first);
    put_claim("P-01-M-02", 1, second);
    must(rectify_outbox_drop(outbox, 1, &f), &f);
    assert_int_equal(content_count(), 1);
    must(rectify_outbox_drop(outbox, 2, &f), &f);
    assert_int_equal(content_count(), 0);
    /* What nobody puts goes after a day. */
    (void)capture(one);
    int64_t now = (int64_t)time(NULL) * 1000;
    must(rectify_outbox_tidy(outbox, now, &f), &f);
    assert_int_equal(content_count(), 1);
    must(rectify_outbox_tidy(outbox, now + 2 * (int64_t)86400000, &f), &f);
    assert_int_equal(content_count(), 0);
}

static void
test_capture_refused(void **state)
{
    (void)state;
    struct fault f;
    char id[UUID_TEXT_SIZE];
    char path[512];
    struct rectify_outbox_file file = {.path = "/nowhere/x"};
    assert_int_equal(rectify_outbox_capture(outbox, &file, id, &f), STATUS_NOT_FOUND);
    assert_string_equal(f.reason, "FILE_MISSING");
    file.path = fake_state_folder(server);
    assert_int_equal(rectify_outbox_capture(outbox, &file, id, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "FILE_KIND");
    file_write("empty", "", path);
    file.path = path;
    assert_int_equal(rectify_outbox_capture(outbox, &file, id, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "FILE_EMPTY");
    assert_int_equal(content_count(), 0);
}

static enum fake_turn
turn_refuse_uploads(const char *method, const char *key, unsigned n)
{
    (void)key;
    (void)n;
    return strstr(method, "BeginUpload") != NULL ? FAKE_REFUSE : FAKE_ANSWER;
}

/* A file that bears a mark of secrecy: set aside, and its copy goes with it. */
static void
test_secret_file(void **state)
{
    (void)state;
    struct fault f;
    char path[512];
    file_write("a.txt", "marked", path);
    put_claim("P-01-M-01", 1, capture(path));
    put_ask("P-01-M-02");
    fake_script_set(server, &(struct fake_script){.turn = turn_refuse_uploads,
                                                  .code = STATUS_INVALID_ARGUMENT,
                                                  .reason = "SECRET_MARK"});
    assert_int_equal(drain().received, 1);
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_ATTENTION);
    assert_string_equal(item_at(1).reason, "SECRET_MARK");
    must(rectify_outbox_drop(outbox, 1, &f), &f);
    assert_int_equal(content_count(), 0);
}

/* A copy that was lost or damaged is never handed in as if it were the file. */
static void
test_copy_lost(void **state)
{
    (void)state;
    struct fault f;
    char path[512];
    file_write("a.txt", "before", path);
    put_claim("P-01-M-01", 1, capture(path));
    put_claim("P-01-M-02", 1, NULL);
    snprintf(path, sizeof path, "%s/outbox-files/" BEFORE_SHA256, fake_state_folder(server));
    must(rectify_file_replace(path, 0600, "tampered", 8, &f), &f);
    assert_int_equal(drain().received, 1);
    assert_string_equal(item_at(1).reason, "OUTBOX_FILE_LOST");
    assert_int_equal(unlink(path), 0);
    must(rectify_outbox_retry(outbox, 1, &f), &f);
    assert_int_equal(drain().refused, 1);
    assert_string_equal(item_at(1).reason, "OUTBOX_FILE_LOST");
    assert_int_equal(fake_done_count(server), 1);
}

/* Restored to an earlier point: what was lost is handed in again, files too, under the old keys;
 * what is still there is answered as before. */
static void
test_reoffer(void **state)
{
    (void)state;
    struct fault f;
    uint64_t count = 0;
    char path[512];
    put_sign("P-01-M-01", 1);
    assert_int_equal(drain().received, 1);
    file_write("a.txt", "before", path);
    put_claim("P-01-M-01", 1, capture(path));
    put_claim("P-01-M-01", 1, NULL);
    assert_int_equal(drain().received, 2);
    struct fake_done before = fake_done_at(server, 1);
    fake_restore(server, 1);
    must(rectify_outbox_reoffer(outbox, 0, &count, &f), &f);
    assert_int_equal(count, 3);
    assert_int_equal(item_at(2).state, RECTIFY_ITEM_SENT);
    reopen();
    assert_int_equal(drain().received, 3);
    assert_int_equal(fake_done_count(server), 3);
    struct fake_done after = fake_done_at(server, 1);
    assert_string_equal(after.key, before.key);
    assert_string_not_equal(after.evidence, before.evidence);
    assert_int_equal(fake_version(server, "P-01-M-01"), 4);
    /* Nothing since: nothing waits. */
    must(rectify_outbox_reoffer(outbox, INT64_MAX, &count, &f), &f);
    assert_int_equal(count, 0);
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

/* Ninety days, and not a day less. */
static void
test_archive(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_item item;
    put_sign("P-01-M-01", 1);
    put_sign("P-01-M-02", 1);
    struct rectify_drain_options only = {.only = 1};
    drain_with(&only);
    int64_t settled = item_at(1).settled_at_ms;
    int64_t days = (int64_t)90 * 86400000;
    must(rectify_outbox_tidy(outbox, settled + days, &f), &f);
    assert_int_equal(item_at(1).state, RECTIFY_ITEM_RECEIVED);
    must(rectify_outbox_tidy(outbox, settled + days + 1, &f), &f);
    assert_int_equal(rectify_outbox_find(outbox, &arena, "1", &item, &f), STATUS_NOT_FOUND);
    assert_int_equal(item_at(2).state, RECTIFY_ITEM_QUEUED); /* what waits stays */
    /* Numbers are not given twice. */
    assert_int_equal(put_sign("P-01-M-03", 1).number, 3);
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

/* ---- the disk ---- */

static const char *
database_path(void)
{
    return arena_printf(&arena, "%s/outbox.db", fake_state_folder(server));
}

/* No room: a clear fault, and nothing half done; what was put before stays. */
static void
test_disk_full(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_item item;
    struct stat st;
    char path[512];
    char id[UUID_TEXT_SIZE];
    struct rlimit before;
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    struct rectify_request request = {.method = ASK, .message = &ask.base};
    put_ask("P-01-M-01");
    assert_int_equal(stat(arena_printf(&arena, "%s-wal", database_path()), &st), 0);
    ask.text = arena_alloc(&arena, 400001);
    memset(ask.text, 'x', 400000);
    file_write("big.txt", ask.text, path);
    struct rectify_outbox_file file = {.path = path};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = (rlim_t)st.st_size + 8192, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status put_status = put_try(&request, false, &item, &f);
    struct fault put_fault = f;
    enum status capture_status = rectify_outbox_capture(outbox, &file, id, &f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(put_status, STATUS_RESOURCE_EXHAUSTED);
    assert_string_equal(put_fault.reason, "DISK_FULL");
    assert_int_equal(capture_status, STATUS_RESOURCE_EXHAUSTED);
    assert_string_equal(f.reason, "DISK_FULL");
    assert_int_equal(content_count(), 0);
    assert_int_equal(waiting(), 1);
    reopen();
    assert_int_equal(waiting(), 1);
    must(put_try(&request, false, &item, &f), &f);
    assert_int_equal(drain().received, 2);
}

/* A damaged file is moved aside, loudly, and never taken for an empty outbox without a word. */
static void
test_damaged(void **state)
{
    (void)state;
    struct fault f;
    put_ask("P-01-M-01");
    rectify_outbox_free(outbox);
    outbox = NULL;
    char text[8192];
    memset(text, 'x', sizeof text);
    must(rectify_file_replace(database_path(), 0600, text, sizeof text, &f), &f);
    assert_int_equal(rectify_outbox_open(fake_state_folder(server), &outbox, &f), STATUS_DATA_LOSS);
    assert_string_equal(f.reason, "OUTBOX_DAMAGED");
    assert_non_null(strstr(f.message, "outbox.db.damaged-"));
    assert_false(rectify_file_exists(database_path()));
    reopen();
    assert_int_equal(waiting(), 0);
}

/* Made by a program that is newer: left alone. */
static void
test_newer(void **state)
{
    (void)state;
    struct fault f;
    struct local_db db;
    static const char *const no_texts[] = {"SELECT 1"};
    struct local_db_config config = {
        .path = database_path(), .texts = no_texts, .count = 1, .durable = true};
    put_ask("P-01-M-01");
    assert_int_equal(local_db_open(&config, &db), SQLITE_OK);
    assert_int_equal(local_db_run(&db, "PRAGMA user_version=99"), SQLITE_OK);
    local_db_close(&db);
    struct rectify_outbox *other = NULL;
    assert_int_equal(rectify_outbox_open(fake_state_folder(server), &other, &f),
                     STATUS_FAILED_PRECONDITION);
    assert_string_equal(f.reason, "OUTBOX_VERSION");
}

/* A folder that cannot be made. */
static void
test_no_folder(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_outbox *other = NULL;
    char path[512];
    file_write("file", "x", path);
    assert_int_equal(rectify_outbox_open(arena_printf(&arena, "%s/state", path), &other, &f),
                     STATUS_UNAVAILABLE);
    assert_string_equal(f.reason, "OUTBOX_WRITE");
    assert_false(rectify_outbox_exists(path));
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
        cmocka_unit_test_setup_teardown(test_two_handles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_capture_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secret_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reoffer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_behalf, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
