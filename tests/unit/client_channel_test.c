/* A channel against a scripted server: what goes out, what is tried again, what is not believed. */
#include "tests/unit/client_fake.h"

#include "client/lib/evidence.h"
#include "client/lib/file.h"
#include "client/lib/session.h"

#include <unistd.h>

/* ---- scripts and tests ---- */

static bool
say_ok(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    (void)s;
    (void)n;
    (void)c;
    (void)reply;
    return true;
}

static void
test_envelope(void **state)
{
    (void)state;
    struct rectify_answer answer;
    struct fault f;
    fake.answer = say_ok;
    assert_int_equal(call(LIST, &answer, &f), STATUS_OK);
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_OK);
    assert_string_equal(fake.seen[0].method, LIST);
    assert_string_equal(fake.seen[0].key, "");
    assert_true(fake.seen[0].signature_good);
    assert_true(fake.seen[1].signature_good);
    assert_true(uuid_text_valid(fake.seen[1].key));
    assert_string_equal(fake.seen[1].session, "old");
    assert_string_equal(rectify_channel_outcome(channel)->key, fake.seen[1].key);
    assert_null(answer.receipt);
}

static bool
say_busy_twice(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    static const enum status codes[] = {STATUS_UNAVAILABLE, STATUS_RESOURCE_EXHAUSTED,
                                        STATUS_UNKNOWN};
    (void)s;
    (void)c;
    if (n < 3) {
        refuse(reply, codes[n], "BUSY");
        reply->status->has_retry_after_ms = codes[n] == STATUS_RESOURCE_EXHAUSTED;
        reply->status->retry_after_ms = 10;
    }
    return true;
}

static void
test_retry_same_key(void **state)
{
    (void)state;
    struct rectify_answer answer;
    struct fault f;
    fake.answer = say_busy_twice;
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_OK);
    assert_int_equal(fake.count, 4);
    assert_int_equal(rectify_channel_outcome(channel)->attempts, 4);
    assert_false(rectify_channel_outcome(channel)->unknown);
    for (size_t i = 1; i < 4; i++) {
        assert_string_equal(fake.seen[i].key, fake.seen[0].key);
        assert_string_not_equal(fake.seen[i].call_id, fake.seen[0].call_id);
        assert_true(fake.seen[i].signature_good);
    }
}

static bool
say_mode(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    (void)n;
    (void)c;
    refuse(reply, (enum status)s->mode, "FINAL");
    return true;
}

/* What is final is said once; also RESOURCE_EXHAUSTED without a hint (a lock-out, a cap). */
static void
test_no_retry(void **state)
{
    (void)state;
    static const enum status codes[] = {STATUS_INVALID_ARGUMENT, STATUS_NOT_FOUND, STATUS_ABORTED,
                                        STATUS_RESOURCE_EXHAUSTED, STATUS_INTERNAL};
    fake.answer = say_mode;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct rectify_answer answer;
        struct fault f;
        fake.mode = (int)codes[i];
        assert_int_equal(call(SIGN_FOR, &answer, &f), codes[i]);
        assert_string_equal(f.reason, "FINAL");
        assert_int_equal(fake.count, i + 1);
        assert_false(rectify_channel_outcome(channel)->unknown);
    }
}

static bool
say_nothing(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    (void)s;
    (void)n;
    (void)c;
    (void)reply;
    return false;
}

static void
test_outcome_unknown(void **state)
{
    (void)state;
    struct rectify_answer answer;
    struct fault f;
    fake.answer = say_nothing;
    fake.mode = 99;
    channel_open(400);
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_DEADLINE_EXCEEDED);
    assert_true(rectify_channel_outcome(channel)->unknown);
    assert_string_equal(rectify_channel_outcome(channel)->key, fake.seen[0].key);
    assert_int_equal(call(LIST, &answer, &f), STATUS_DEADLINE_EXCEEDED);
    assert_false(rectify_channel_outcome(channel)->unknown); /* a query changes nothing */
}

/* The same key again, and a definite answer: nothing is unknown any more. */
static void
test_key_given(void **state)
{
    (void)state;
    static const Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    struct rectify_answer answer;
    struct fault f;
    struct rectify_request request = {
        .method = SIGN_FOR, .message = &sign.base, .key = "0190e5a0-0000-7000-8000-0000000000bb"};
    fake.answer = say_ok;
    assert_int_equal(rectify_call(channel, &arena, &request, &answer, &f), STATUS_OK);
    assert_string_equal(fake.seen[0].key, request.key);
    request.key = "nonsense";
    assert_int_equal(rectify_call(channel, &arena, &request, &answer, &f), STATUS_INVALID_ARGUMENT);
    assert_int_equal(fake.count, 1);
}

static bool
say_session_ended(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    static char token[] = "new";
    static unsigned char payload[64];
    (void)s;
    (void)n;
    if (strstr(c->method, "/Login") != NULL) {
        Pb__LoginReply login = PB__LOGIN_REPLY__INIT;
        login.session = token;
        login.has_expires_at_ms = true;
        login.expires_at_ms = 5;
        reply->has_payload = true;
        reply->payload.data = payload;
        reply->payload.len = pb__login_reply__pack(&login, payload);
    } else if (c->session == NULL || strcmp(c->session, "new") != 0) {
        refuse(reply, STATUS_UNAUTHENTICATED, "SESSION_EXPIRED");
    }
    return true;
}

static void
test_login_again(void **state)
{
    (void)state;
    struct rectify_answer answer;
    struct rectify_session session;
    struct fault f;
    fake.answer = say_session_ended;
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_UNAUTHENTICATED); /* no password file */
    assert_int_equal(fake.count, 1);
    profile.password_file = arena_printf(&arena, "%s/pw", folder);
    assert_int_equal(rectify_file_replace(profile.password_file, 0600, "secretsecret\n", 13, &f),
                     STATUS_OK);
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_OK);
    assert_int_equal(fake.count, 4); /* refused, login, again */
    assert_string_equal(fake.seen[1].key, fake.seen[3].key);
    assert_string_not_equal(fake.seen[2].key, fake.seen[1].key);
    assert_string_equal(fake.seen[2].session, "");
    assert_true(fake.seen[2].signature_good);
    assert_int_equal(rectify_state_session_load(profile.state, &session, &f), STATUS_OK);
    assert_string_equal(session.token, "new");
}

static void
test_not_enrolled(void **state)
{
    (void)state;
    struct rectify_answer answer;
    struct fault f;
    fake.answer = say_ok;
    assert_int_equal(unlink(arena_printf(&arena, "%s/machine", profile.state)), 0);
    channel_open(1000);
    assert_int_equal(call(SIGN_FOR, &answer, &f), STATUS_UNAUTHENTICATED);
    assert_string_equal(f.reason, "MACHINE_NOT_ENROLLED");
    assert_int_equal(fake.count, 0);
}

/* Heads by mode: 1 grows, 2 shrinks, 3 forks, 4 another key, 5 shrinks in a replay, 6 no leaf. */
static bool
say_receipt(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    static struct ledger_key other;
    (void)n;
    if (strstr(c->method, "LogService") != NULL) {
        refuse(reply, STATUS_UNIMPLEMENTED, "METHOD_UNKNOWN"); /* an older server proves nothing */
        return true;
    }
    ledger_key_make(&other);
    receipt_add(reply, s->mode == 4 ? &other : &s->ledger,
                s->mode == 2 || s->mode == 5 ? 5
                : s->mode == 4               ? 20
                                             : 10,
                s->mode == 3 ? 9 : 1);
    reply->has_replayed = s->mode == 5;
    reply->replayed = s->mode == 5;
    reply->receipt->has_leaf_hash = s->mode != 6;
    return true;
}

static void
test_receipts(void **state)
{
    (void)state;
    static const struct {
        int mode;
        enum status status;
        const char *reason;
    } cases[] = {
        {1, STATUS_OK, ""},
        {1, STATUS_OK, ""}, /* the same again */
        {5, STATUS_OK, ""},
        {2, STATUS_DATA_LOSS, "LOG_ROLLED_BACK"},
        {3, STATUS_DATA_LOSS, "LOG_FORKED"},
        {4, STATUS_DATA_LOSS, "HEAD_OTHER_KEY"},
        {6, STATUS_DATA_LOSS, "RECEIPT_MALFORMED"},
    };
    fake.answer = say_receipt;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rectify_answer answer;
        struct fault f;
        struct ledger_head head;
        fake.mode = cases[i].mode;
        channel_open(2000); /* what was seen is remembered over runs */
        assert_int_equal(call(SIGN_FOR, &answer, &f), cases[i].status);
        assert_string_equal(f.reason, cases[i].reason);
        if (cases[i].status == STATUS_OK) {
            assert_string_equal(answer.receipt->number, "2026-11-1");
        }
        assert_int_equal(rectify_state_head_load(profile.state, &head, &f), STATUS_OK);
        assert_int_equal(head.size, 10);
    }
}

/* ---- evidence ---- */

static size_t
pack(Pb__CallReply *reply, const ProtobufCMessage *message)
{
    static unsigned char payload[LIMIT_CHUNK_BYTES + 1024];
    reply->has_payload = true;
    reply->payload.data = payload;
    reply->payload.len = protobuf_c_message_pack(message, payload);
    return reply->payload.len;
}

static void
chunk_take(struct fake *s, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    Pb__PutChunkRequest *put = pb__put_chunk_request__unpack(NULL, c->payload.len, c->payload.data);
    Pb__PutChunkReply ok = PB__PUT_CHUNK_REPLY__INIT;
    s->chunk_calls++;
    if (put->offset != (int64_t)s->stored_size) {
        refuse(reply, STATUS_OUT_OF_RANGE, "UPLOAD_OFFSET");
        reply->status->has_current_version = true;
        reply->status->current_version = (int64_t)s->stored_size;
    } else {
        memcpy(s->stored + s->stored_size, put->data.data, put->data.len);
        s->stored_size += put->data.len;
        ok.has_offset = true;
        ok.offset = (int64_t)s->stored_size;
        pack(reply, &ok.base);
    }
    pb__put_chunk_request__free_unpacked(put, NULL);
}

static void
record_fill(struct fake *s, Pb__Evidence *e)
{
    static char id[] = MACHINE;
    static char hex[65];
    unsigned char digest[32];
    secret_sha256(s->stored, s->stored_size, digest);
    for (size_t i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    e->id = id;
    e->sha256 = hex;
    e->has_size = true;
    e->size = (int64_t)s->stored_size;
}

/* mode 1: one chunk is there already, and the first offset asked for is wrong; mode 2: the bytes
 * given out are not those registered. */
static bool
say_evidence(struct fake *s, size_t n, const Pb__CallRequest *c, Pb__CallReply *reply)
{
    static char upload[] = "u1";
    Pb__Evidence record = PB__EVIDENCE__INIT;
    (void)n;
    if (strstr(c->method, "/BeginUpload") != NULL) {
        Pb__BeginUploadReply begun = PB__BEGIN_UPLOAD_REPLY__INIT;
        begun.upload = upload;
        begun.has_offset = true;
        begun.offset = 0;
        pack(reply, &begun.base);
    } else if (strstr(c->method, "/PutChunk") != NULL) {
        chunk_take(s, c, reply);
    } else if (strstr(c->method, "/GetChunk") != NULL) {
        Pb__GetChunkRequest *get =
            pb__get_chunk_request__unpack(NULL, c->payload.len, c->payload.data);
        Pb__GetChunkReply chunk = PB__GET_CHUNK_REPLY__INIT;
        size_t left = s->stored_size - (size_t)get->offset;
        chunk.has_data = true;
        chunk.data.data = s->stored + get->offset;
        chunk.data.len = left < LIMIT_CHUNK_BYTES ? left : LIMIT_CHUNK_BYTES;
        pack(reply, &chunk.base);
        pb__get_chunk_request__free_unpacked(get, NULL);
    } else {
        record_fill(s, &record);
        if (s->mode == 2) {
            record.sha256[0] = record.sha256[0] == 'a' ? 'b' : 'a';
        }
        pack(reply, &record.base);
    }
    return true;
}

static void
test_upload_resumes(void **state)
{
    (void)state;
    enum { SIZE = 2 * LIMIT_CHUNK_BYTES + 1000 };
    static unsigned char content[SIZE];
    const char *path = arena_printf(&arena, "%s/file.bin", folder);
    const char *back = arena_printf(&arena, "%s/back.bin", folder);
    char *text = NULL;
    size_t n = 0;
    Pb__Evidence *evidence = NULL;
    struct fault f;
    for (size_t i = 0; i < SIZE; i++) {
        content[i] = (unsigned char)(i * 31 + i / 256);
    }
    assert_int_equal(rectify_file_replace(path, 0600, content, SIZE, &f), STATUS_OK);
    fake.answer = say_evidence;
    memcpy(fake.stored, content, LIMIT_CHUNK_BYTES); /* an earlier upload got this far */
    fake.stored_size = LIMIT_CHUNK_BYTES;
    struct rectify_upload upload = {.path = path};
    assert_int_equal(rectify_evidence_upload(channel, &arena, &upload, &evidence, &f), STATUS_OK);
    assert_string_equal(evidence->id, MACHINE);
    assert_int_equal(fake.stored_size, SIZE);
    assert_memory_equal(fake.stored, content, SIZE);
    assert_int_equal(fake.chunk_calls, 3); /* one refused, two sent */
    assert_int_equal(rectify_evidence_download(channel, &arena, MACHINE, back, NULL, &f),
                     STATUS_OK);
    assert_int_equal(rectify_file_read(&arena, back, SIZE, &text, &n, &f), STATUS_OK);
    assert_int_equal(n, SIZE);
    assert_memory_equal(text, content, SIZE);
}

static void
test_download_mismatch(void **state)
{
    (void)state;
    const char *back = arena_printf(&arena, "%s/back.bin", folder);
    struct fault f;
    fake.answer = say_evidence;
    fake.mode = 2;
    fake.stored_size = 10;
    assert_int_equal(rectify_evidence_download(channel, &arena, MACHINE, back, NULL, &f),
                     STATUS_DATA_LOSS);
    assert_string_equal(f.reason, "DIGEST_MISMATCH");
    assert_false(rectify_file_exists(back));
}

static void
test_upload_refusals(void **state)
{
    (void)state;
    Pb__Evidence *evidence = NULL;
    struct fault f;
    const char *empty = arena_printf(&arena, "%s/empty", folder);
    const struct rectify_upload uploads[] = {{.path = empty}, {.path = folder}, {.path = "/none"}};
    static const char *const reasons[] = {"FILE_EMPTY", "FILE_KIND", "FILE_MISSING"};
    assert_int_equal(rectify_file_replace(empty, 0600, "", 0, &f), STATUS_OK);
    fake.answer = say_ok;
    for (size_t i = 0; i < 3; i++) {
        assert_int_not_equal(rectify_evidence_upload(channel, &arena, &uploads[i], &evidence, &f),
                             STATUS_OK);
        assert_string_equal(f.reason, reasons[i]);
    }
    assert_int_equal(fake.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_envelope, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retry_same_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_retry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outcome_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_given, setup, teardown),
        cmocka_unit_test_setup_teardown(test_login_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_enrolled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receipts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upload_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download_mismatch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upload_refusals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
