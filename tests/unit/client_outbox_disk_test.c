/* The outbox on the disk: captured files, two handles, no room, damage, a restored server, the
 * archive. */
#include "tests/unit/outbox_case.h"

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
    struct rectify_channel *channel = NULL;
    struct rectify_channel_options options = {.profile = fake_profile(server),
                                              .client_version = "rectify test"};
    struct rectify_drain *result = user;
    must(rectify_outbox_open(fake_state_folder(server), &other, &f), &f);
    must(rectify_channel_open(&options, &channel, &f), &f);
    must(rectify_outbox_drain(other, channel, NULL, result, &f), &f);
    rectify_channel_free(channel);
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
    assert_string_equal(item_at(1).message, "证明材料“a.txt”：不行。");
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
        cmocka_unit_test_setup_teardown(test_captured_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_handles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_capture_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secret_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reoffer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
