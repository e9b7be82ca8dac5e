/* A line that fails at any byte: a signed command's request and reply are cut after each byte, with
 * FIN and with RST, over TCP and (a sample of bytes) over TLS; a direction falls silent, a
 * connection is held, three of ten connections die. The client tries again with the same key; at
 * the end the history checker finds each command once and unaltered. The control takes a new key
 * for each attempt and must be found out.
 *
 * FAULT_SEED (printed) draws what chance decides; FAULT_ROUNDS multiplies what is sampled. */
#include "proto/ledger/secret.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/fixture.h"
#include "tests/support/history.h"
#include "tests/support/outpost.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <protobuf-c/protobuf-c.h>

enum {
    WORKERS = 16,
    DEADLINE_MS = 60000,
    ATTEMPT_MS = 20000, /* of a cut connection nobody waits for a timeout */
    SILENT_MS = 300,    /* but here: the server does not answer */
    SAMPLES_TLS = 24,   /* bytes cut, for each side and kind */
    SAMPLES_CONTROL = 60,
    SAMPLES_LOSS = 400,
    SAMPLES_SILENT = 6,
    MEASURED = 8, /* commands, to know how long they are */
    SLACK = 64    /* a number or a time takes a byte more or less */
};

/* What nng loses is given up with its memory (proto/rpc/client_io.h, server_conn.c rule 8). */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:client_io_new\nleak:conn_new\nleak:conn_in_reserve\nleak:libnng\nleak:libmbed\n";
}

static uint64_t seed;
static unsigned long rounds = 1;

static uint64_t
draw(uint64_t n)
{
    uint64_t z = seed + (n + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    return z ^ (z >> 31U);
}

/* One case: a command over a line with that rule. */
struct play {
    bool tls;
    struct fault_rule rule; /* of the command's first connection */
    bool every;             /* of all its connections, rather */
    bool silent;            /* healed by hand after the first timeout */
};

/* Cases are dealt out to workers; each has a machine, a line and a history of its own. */
struct stage {
    const struct play *plays;
    size_t count;
    bool new_keys; /* the control: each attempt under a key of its own */
    const char *history;
    atomic_size_t next;
    atomic_ullong cut;
    atomic_ullong attempts;
};

struct worker {
    struct stage *stage;
    struct rectify_profile *profile[2];
    struct fault_proxy *proxy[2];
    const struct play *now;
    int history;
    pthread_t thread;
};

static atomic_uint commands; /* made so far in this program: names that differ */

static void
on_retry(void *user, const struct fault *why, uint32_t wait_ms)
{
    struct worker *w = user;
    const struct fault_rule good = {.hold = false};
    (void)why;
    (void)wait_ms;
    if (w->now->silent) {
        fault_proxy_set(w->proxy[w->now->tls], &good);
    }
    if (w->stage->new_keys) { /* no second attempt of this call comes through */
        fault_proxy_refuse(w->proxy[w->now->tls], true);
    }
}

static void
note_will(const struct worker *w, struct arena *a, const char *key, const ProtobufCMessage *message)
{
    unsigned char hash[32];
    size_t n = protobuf_c_message_get_packed_size(message);
    unsigned char *bytes = arena_alloc(a, n + 1);
    assert(bytes != NULL);
    protobuf_c_message_pack(message, bytes);
    secret_sha256(bytes, n, hash);
    history_note(w->history, "will %s %s %s -", key, OUTPOST_METHOD,
                 secret_hex_encode(a, hash, sizeof hash));
    history_note(w->history, "put %s", key);
}

static void
note_answer(const struct worker *w, struct arena *a, const char *key, enum status status,
            const struct rectify_answer *answer, const struct fault *why)
{
    if (status == STATUS_OK && answer->receipt != NULL) {
        const Pb__Receipt *r = answer->receipt;
        history_note(w->history, "received %s %s %s %s", key, r->number, r->event_id,
                     secret_hex_encode(a, r->leaf_hash.data, r->leaf_hash.len));
    } else {
        history_note(w->history, "unknown %s", key);
        fprintf(stderr, "%s: %d %s\n", key, (int)status, why->reason);
    }
}

static void
play_one(struct worker *w, const struct play *play)
{
    struct rectify_channel *channel = NULL;
    struct rectify_answer answer = {.receipt = NULL};
    struct arena a;
    struct fault why = {0};
    char key[UUID_TEXT_SIZE];
    const struct rectify_channel_options options = {
        .profile = w->profile[play->tls],
        .client_version = "test",
        .deadline_ms = w->stage->new_keys ? SILENT_MS : DEADLINE_MS,
        .on_retry = on_retry,
        .user = w,
    };
    arena_init(&a, 8U << 20U);
    w->now = play;
    enum status status = rectify_channel_open(&options, &channel, &why);
    assert(status == STATUS_OK);
    struct rectify_request request = {
        .method = OUTPOST_METHOD,
        .message = outpost_command(&a, atomic_fetch_add(&commands, 1)),
        .key = key,
        .timeout_ms = play->silent || w->stage->new_keys ? SILENT_MS : ATTEMPT_MS,
    };
    rectify_channel_key_make(channel, key);
    note_will(w, &a, key, request.message);
    if (play->every || play->silent) {
        fault_proxy_set(w->proxy[play->tls], &play->rule);
    } else {
        fault_proxy_next(w->proxy[play->tls], &play->rule);
    }
    status = rectify_call(channel, &a, &request, &answer, &why);
    atomic_fetch_add(&w->stage->attempts, rectify_channel_outcome(channel)->attempts);
    while (w->stage->new_keys && status != STATUS_OK) {
        request.key = NULL;
        fault_proxy_refuse(w->proxy[play->tls], false);
        status = rectify_call(channel, &a, &request, &answer, &why);
    }
    note_answer(w, &a, key, status, &answer, &why);
    rectify_channel_free(channel);
    arena_release(&a);
}

static void *
worker_run(void *arg)
{
    struct worker *w = arg;
    for (size_t i = atomic_fetch_add(&w->stage->next, 1); i < w->stage->count;
         i = atomic_fetch_add(&w->stage->next, 1)) {
        play_one(w, &w->stage->plays[i]);
    }
    return NULL;
}

static void
worker_open(struct worker *w, struct stage *stage, unsigned number)
{
    *w = (struct worker){.stage = stage, .history = history_open(stage->history)};
    for (int tls = 0; tls < 2; tls++) {
        const struct fault_proxy_config config = {.port = outpost_port(tls != 0),
                                                  .seed = draw(number)};
        w->proxy[tls] = fault_proxy_start(&config);
        w->profile[tls] =
            outpost_machine(outpost_clerk(), tls != 0, fault_proxy_port(w->proxy[tls]));
    }
}

static void
worker_close(struct worker *w)
{
    for (int tls = 0; tls < 2; tls++) {
        struct fault_counts counts;
        fault_proxy_counts(w->proxy[tls], &counts);
        atomic_fetch_add(&w->stage->cut, counts.cut);
        fault_proxy_stop(w->proxy[tls]);
    }
    close(w->history);
}

/* Plays them all; the checker's verdict over what came of it. */
static void
stage_run(const char *name, struct stage *stage, struct history_verdict *ret_verdict)
{
    struct worker workers[WORKERS];
    struct history h = {.items = NULL};
    struct history_log log;
    char path[4200];
    snprintf(path, sizeof path, "%s/history-%s", test_dir(), name);
    stage->history = path;
    history_mark(test_db_conninfo("postgres"));
    for (unsigned i = 0; i < WORKERS; i++) {
        worker_open(&workers[i], stage, i);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        worker_close(&workers[i]);
    }
    history_load(&h, path);
    history_log_load(test_db_conninfo("postgres"), &log);
    history_judge(&h, &log, stage->new_keys ? NULL : stdout, ret_verdict);
    print_message("%s: seed %llu, %zu commands, %llu connections cut, %llu attempts: ", name,
                  (unsigned long long)seed, stage->count, (unsigned long long)stage->cut,
                  (unsigned long long)stage->attempts);
    history_print(ret_verdict, stdout);
    history_clear(&h);
    history_log_clear(&log);
}

/* How many bytes a connection with a command carries each way when nothing fails: the fewest and
 * the most of some (the client may ask for a proof of the log's new head, too). */
static void
measure(bool tls, uint64_t ret_least[2], uint64_t ret_most[2])
{
    struct play good = {.tls = tls};
    struct stage stage = {.plays = &good, .count = 1, .history = "/dev/null"};
    struct worker w;
    struct fault_counts before = {.now = 0};
    worker_open(&w, &stage, 0);
    for (int i = 0; i < MEASURED; i++) {
        struct fault_counts counts;
        play_one(&w, &good);
        fault_proxy_counts(w.proxy[tls], &counts);
        for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
            uint64_t n = counts.bytes[side] - before.bytes[side];
            ret_least[side] = i == 0 || n < ret_least[side] ? n : ret_least[side];
            ret_most[side] = i == 0 || n > ret_most[side] ? n : ret_most[side];
        }
        before = counts;
    }
    worker_close(&w);
    print_message("%s: a command takes %llu to %llu bytes up, %llu to %llu down\n",
                  tls ? "TLS" : "TCP", (unsigned long long)ret_least[FAULT_UP],
                  (unsigned long long)ret_most[FAULT_UP], (unsigned long long)ret_least[FAULT_DOWN],
                  (unsigned long long)ret_most[FAULT_DOWN]);
}

static void
test_cut_at_every_byte(void **state)
{
    uint64_t least[2];
    uint64_t bytes[2];
    struct history_verdict v;
    (void)state;
    measure(false, least, bytes);
    size_t count = 0;
    struct play *plays = calloc(2 * (bytes[0] + bytes[1] + 2), sizeof *plays);
    assert_non_null(plays);
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        for (uint64_t after = 0; after <= bytes[side]; after++) {
            plays[count++].rule = (struct fault_rule){
                .cut = FAULT_CUT_FIN, .cut_side = (enum fault_side)side, .cut_after = after};
            plays[count++].rule = (struct fault_rule){
                .cut = FAULT_CUT_RST, .cut_side = (enum fault_side)side, .cut_after = after};
        }
    }
    struct stage stage = {.plays = plays, .count = count};
    stage_run("every-byte", &stage, &v);
    /* Bytes that only the longest connections have may not have been there. */
    assert_true(stage.cut >= 2 * (least[0] + least[1]) - SLACK);
    assert_int_equal(v.received, count);
    assert_true(history_is_sound(&v));
    free(plays);
}

static void
test_cut_within_tls(void **state)
{
    uint64_t bytes[2];
    uint64_t most[2];
    struct history_verdict v;
    (void)state;
    measure(true, bytes, most);
    size_t count = 4 * SAMPLES_TLS * rounds;
    struct play *plays = calloc(count, sizeof *plays);
    assert_non_null(plays);
    for (size_t i = 0; i < count; i++) {
        enum fault_side side = i % 2 == 0 ? FAULT_UP : FAULT_DOWN;
        plays[i] = (struct play){.tls = true,
                                 .rule = {.cut = i / 2 % 2 == 0 ? FAULT_CUT_FIN : FAULT_CUT_RST,
                                          .cut_side = side,
                                          .cut_after = draw(i) % (bytes[side] + 1)}};
    }
    struct stage stage = {.plays = plays, .count = count};
    stage_run("tls", &stage, &v);
    assert_true(stage.cut >= count - count / 8);
    assert_int_equal(v.received, count);
    assert_true(history_is_sound(&v));
    free(plays);
}

/* A direction swallows everything, or all is held, until the client's first timeout. */
static void
test_silent_lines(void **state)
{
    static const struct fault_rule kinds[] = {
        {.drop = {true, false}}, {.drop = {false, true}}, {.drop = {true, true}}, {.hold = true}};
    struct play plays[4 * SAMPLES_SILENT];
    struct history_verdict v;
    (void)state;
    for (size_t i = 0; i < 4 * SAMPLES_SILENT; i++) {
        plays[i] = (struct play){.rule = kinds[i % 4], .silent = true};
    }
    struct stage stage = {.plays = plays, .count = 4 * SAMPLES_SILENT};
    stage_run("silent", &stage, &v);
    assert_int_equal(v.received, stage.count);
    assert_true(stage.attempts >= 2 * stage.count);
    assert_true(history_is_sound(&v));
}

static void
test_three_of_ten_connections_die(void **state)
{
    uint64_t least[2];
    uint64_t bytes[2];
    struct history_verdict v;
    (void)state;
    measure(false, least, bytes);
    size_t count = SAMPLES_LOSS * rounds;
    struct play *plays = calloc(count, sizeof *plays);
    assert_non_null(plays);
    for (size_t i = 0; i < count; i++) {
        plays[i] = (struct play){
            .every = true,
            .rule = {.bad_permille = 300,
                     .bad_span = (uint32_t)(bytes[0] > bytes[1] ? bytes[0] : bytes[1])}};
    }
    struct stage stage = {.plays = plays, .count = count};
    stage_run("loss", &stage, &v);
    assert_true(stage.cut >= count / 16);
    assert_int_equal(v.received, count);
    assert_true(history_is_sound(&v));
    free(plays);
}

/* Replies cut, and the client asks again as if it had never asked. */
static void
test_control_is_found_out(void **state)
{
    struct play plays[SAMPLES_CONTROL];
    struct history_verdict v;
    (void)state;
    for (size_t i = 0; i < SAMPLES_CONTROL; i++) {
        plays[i] = (struct play){.rule = {.cut = i % 2 == 0 ? FAULT_CUT_FIN : FAULT_CUT_RST,
                                          .cut_side = FAULT_DOWN,
                                          .cut_after = 8 + draw(i) % 64}};
    }
    struct stage stage = {.plays = plays, .count = SAMPLES_CONTROL, .new_keys = true};
    stage_run("control", &stage, &v);
    /* The command was carried out under a key that its client never said. */
    assert_true(v.flaws[HISTORY_NOBODYS] > 0);
    assert_false(history_is_sound(&v));
}

int
main(void)
{
    const char *text = getenv("FAULT_SEED");
    const char *many = getenv("FAULT_ROUNDS");
    seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    rounds = many != NULL ? strtoul(many, NULL, 10) : 1;
    rounds = rounds == 0 ? 1 : rounds;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_cut_within_tls),
        cmocka_unit_test(test_silent_lines),
        cmocka_unit_test(test_three_of_ten_connections_die),
        cmocka_unit_test(test_control_is_found_out),
    };
    return cmocka_run_group_tests(tests, outpost_open, outpost_close);
}
