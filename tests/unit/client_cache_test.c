/* The cache: the last answer to each question, of one's own, bounded, and never in anybody's way.
 */
#include "client/lib/cache.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "tests/support/outbox_fake.h"

#include <rectify/v1/alert.pb-c.h>
#include <rectify/v1/evidence.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LIST "rectify.v1.MeasureService/ListMeasures"

static struct arena arena;
static struct fake_server *server;
static struct rectify_cache *cache;

static void
must(enum status status, const struct fault *f)
{
    if (status != STATUS_OK) {
        fail_msg("%s: %s", f->reason, f->message);
    }
}

static int
setup(void **state)
{
    (void)state;
    struct fault f;
    arena_init(&arena, (size_t)256 * 1024 * 1024);
    server = fake_start();
    must(rectify_cache_open(fake_state_folder(server), &cache, &f), &f);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rectify_cache_free(cache);
    cache = NULL;
    fake_free(server);
    arena_release(&arena);
    return 0;
}

static const struct rectify_request *
question(const char *unit)
{
    Pb__ListMeasuresRequest *list = arena_alloc(&arena, sizeof *list);
    struct rectify_request *request = arena_alloc(&arena, sizeof *request);
    pb__list_measures_request__init(list);
    list->unit = wire_text(unit);
    request->method = LIST;
    request->message = &list->base;
    return request;
}

static void
keep(const char *account, const char *unit, const char *as_of)
{
    Pb__ListMeasuresReply reply = PB__LIST_MEASURES_REPLY__INIT;
    reply.as_of = wire_text(as_of);
    rectify_cache_put(cache, account, question(unit), &reply.base);
}

/* What is kept, or NULL. */
static const char *
kept(const char *account, const char *unit)
{
    struct fault f;
    ProtobufCMessage *message = NULL;
    int64_t at_ms = 0;
    enum status status =
        rectify_cache_get(cache, &arena, account, question(unit), &message, &at_ms, &f);
    if (status != STATUS_OK) {
        assert_string_equal(f.reason, "CACHE_NONE");
        return NULL;
    }
    int64_t age = (int64_t)time(NULL) * 1000 - at_ms;
    assert_true(age > -5000 && age < 60000);
    return ((const Pb__ListMeasuresReply *)message)->as_of;
}

static void
test_last_answer(void **state)
{
    (void)state;
    struct fault f;
    assert_null(kept("unit01", NULL));
    keep("unit01", NULL, "2026-11-28");
    keep("unit01", "unit02", "2026-11-29");
    keep("unit01", NULL, "2026-11-30");
    assert_string_equal(kept("unit01", NULL), "2026-11-30");
    assert_string_equal(kept("unit01", "unit02"), "2026-11-29");
    assert_null(kept("unit01", "unit03"));
    assert_null(kept("unit02", NULL)); /* another account's are not shown */
    rectify_cache_free(cache);
    must(rectify_cache_open(fake_state_folder(server), &cache, &f), &f);
    assert_string_equal(kept("unit01", NULL), "2026-11-30");
}

/* Pieces of files, parked calls and commands. */
static void
test_not_kept(void **state)
{
    (void)state;
    struct fault f;
    ProtobufCMessage *message = NULL;
    int64_t at_ms = 0;
    Pb__GetChunkRequest chunk = PB__GET_CHUNK_REQUEST__INIT;
    Pb__GetChunkReply piece = PB__GET_CHUNK_REPLY__INIT;
    Pb__WaitAlertsRequest wait = PB__WAIT_ALERTS_REQUEST__INIT;
    Pb__WaitAlertsReply alerts = PB__WAIT_ALERTS_REPLY__INIT;
    Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    Pb__MeasuresReply signed_for = PB__MEASURES_REPLY__INIT;
    const struct rectify_request requests[] = {
        {.method = "rectify.v1.EvidenceService/GetChunk", .message = &chunk.base},
        {.method = "rectify.v1.AlertService/WaitAlerts", .message = &wait.base},
        {.method = "rectify.v1.MeasureService/SignFor", .message = &sign.base},
    };
    const ProtobufCMessage *const replies[] = {&piece.base, &alerts.base, &signed_for.base};
    for (size_t i = 0; i < 3; i++) {
        rectify_cache_put(cache, "unit01", &requests[i], replies[i]);
        assert_int_equal(
            rectify_cache_get(cache, &arena, "unit01", &requests[i], &message, &at_ms, &f),
            STATUS_NOT_FOUND);
    }
}

/* The longest unasked go first. */
static void
test_bounded(void **state)
{
    (void)state;
    enum { BIG = 1024 * 1024 };
    char unit[16];
    char *text = arena_alloc(&arena, BIG + 1);
    memset(text, 'x', BIG);
    for (int i = 0; i < LIMIT_CACHE_BYTES / BIG + 8; i++) {
        struct timespec pause = {.tv_nsec = 2000000}; /* so that the times of asking differ */
        snprintf(unit, sizeof unit, "unit%02d", i);
        keep("unit01", unit, text);
        (void)kept("unit01", "unit00"); /* asked again and again: stays */
        (void)nanosleep(&pause, NULL);
    }
    assert_non_null(kept("unit01", "unit00"));
    assert_null(kept("unit01", "unit01"));
    assert_non_null(kept("unit01", unit));
}

/* A damaged one is made anew: it holds nothing that cannot be asked again. */
static void
test_damaged(void **state)
{
    (void)state;
    struct fault f;
    char path[512];
    char text[8192];
    keep("unit01", NULL, "2026-11-28");
    rectify_cache_free(cache);
    cache = NULL;
    snprintf(path, sizeof path, "%s/cache.db", fake_state_folder(server));
    memset(text, 'x', sizeof text);
    must(rectify_file_replace(path, 0600, text, sizeof text, &f), &f);
    must(rectify_cache_open(fake_state_folder(server), &cache, &f), &f);
    assert_null(kept("unit01", NULL));
    keep("unit01", NULL, "2026-11-29");
    assert_string_equal(kept("unit01", NULL), "2026-11-29");
}

/* A channel keeps what it is answered, and answers from that when the line has failed. */
static void
test_channel(void **state)
{
    (void)state;
    struct fault f;
    struct rectify_channel *channel = NULL;
    struct rectify_answer answer;
    struct rectify_channel_options options = {.profile = fake_profile(server),
                                              .client_version = "rectify test",
                                              .deadline_ms = 300,
                                              .cache = cache,
                                              .offline_reads = true};
    must(rectify_channel_open(&options, &channel, &f), &f);
    must(rectify_call(channel, &arena, question(NULL), &answer, &f), &f);
    assert_int_equal(answer.cached_at_ms, 0);
    fake_down(server);
    must(rectify_call(channel, &arena, question(NULL), &answer, &f), &f);
    assert_true(answer.cached_at_ms > 0);
    assert_true(rectify_channel_offline(channel));
    assert_int_equal(rectify_call(channel, &arena, question("unit02"), &answer, &f),
                     STATUS_UNAVAILABLE);
    fake_up(server);
    must(rectify_call(channel, &arena, question("unit02"), &answer, &f), &f);
    assert_false(rectify_channel_offline(channel));
    rectify_channel_free(channel);
}

/* Asked again without counting as asked; ends quietly when the line fails. */
static void
test_refresh(void **state)
{
    (void)state;
    struct fault f;
    uint32_t asked = 0;
    keep("unit01", NULL, "old");
    keep("unit01", "unit02", "old");
    keep("unit02", NULL, "old");
    struct rectify_channel *channel = fake_channel(server, 300);
    must(rectify_cache_refresh(cache, channel, "unit01", 3600000, 10, &asked, &f), &f);
    assert_int_equal(asked, 0); /* young enough */
    must(rectify_cache_refresh(cache, channel, "unit01", 0, 1, &asked, &f), &f);
    assert_int_equal(asked, 1);
    must(rectify_cache_refresh(cache, channel, "unit01", 0, 10, &asked, &f), &f);
    assert_int_equal(asked, 2);
    assert_null(kept("unit01", NULL)); /* the server says no day */
    assert_string_equal(kept("unit02", NULL), "old");
    fake_down(server);
    must(rectify_cache_refresh(cache, channel, "unit01", 0, 10, &asked, &f), &f);
    assert_int_equal(asked, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_last_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_channel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
