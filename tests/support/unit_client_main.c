/* A unit's machine at work, for fault tests: the client library and nothing else, with a history of
 * what it put and was told (history.h).
 *
 *     unit_client PROFILE.ini HISTORY ACTION [N] …
 *     prepare        at the server: signs for the unit's measures, hands in one file, keeps what is
 *                    needed to work without a line in HISTORY.work
 *     put N          keeps N more commands: claims and withdrawals on its measures in turn, each
 *                    based on the version seen by prepare; every 10th lacks its reason, every 24th
 *                    brings a file of its own
 *     drain          sends until nothing is left, waiting where the line fails
 *     once           sends once, as far as the line goes
 *     report         writes down what the outbox says of each command
 *     alerts N       takes alerts until N of them (in all, over runs) were shown
 *     wait           nothing, until it is killed
 * Actions are done one after the other. A seed for the payloads is the history's name.
 */
#include "client/lib/channel.h"
#include "client/lib/evidence.h"
#include "client/lib/outbox.h"
#include "client/lib/profile.h"
#include "client/lib/state.h"
#include "proto/base/now.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/alert.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "tests/support/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MEASURES_MAX = 64,
    REFUSED_EVERY = 10,
    FILE_EVERY = 24,
    FILE_BYTES = 5000,
    ARENA_BYTES = 16 << 20,
    WAIT_MAX_MS = 2000, /* a test does not wait a minute for a line that is healed */
    DEADLINE_MS = 5000,
    PATIENT_MS = 60000, /* for calls that must go well: the machine may be busy */
    LIST_ALL = 1000000
};

struct unit {
    struct arena arena; /* of the whole run */
    const char *profile_file;
    const char *history_path;
    struct rectify_profile profile;
    struct rectify_channel *channel;
    struct rectify_outbox *outbox;
    struct uuid7_source ids;
    int history;
    size_t willed; /* commands in the history so far */
    char evidence[UUID_TEXT_SIZE];
    char refs[MEASURES_MAX][64];
    int64_t versions[MEASURES_MAX];
    size_t measures;
    uint64_t received;
    uint64_t to_send;
};

static void die(const char *what, const struct fault *f) __attribute__((noreturn));

static void
die(const char *what, const struct fault *f)
{
    fprintf(stderr, "unit_client: %s: %s %s\n", what, f->reason, f->message);
    exit(EXIT_FAILURE);
}

static void
must(enum status status, const char *what, const struct fault *f)
{
    if (status != STATUS_OK) {
        die(what, f);
    }
}

static void
say(const char *what)
{
    struct fault f = {.code = STATUS_OK};
    die(what, &f);
}

static void
sleep_ms(uint32_t ms)
{
    const struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&ts, NULL);
}

/* ---- opening ---- */

static void
channel_open(struct unit *u)
{
    struct fault f = {.code = STATUS_OK};
    const struct rectify_channel_options options = {
        .profile = &u->profile, .client_version = "unit_client 1", .deadline_ms = PATIENT_MS};
    if (u->channel == NULL) {
        must(rectify_channel_open(&options, &u->channel, &f), "channel", &f);
    }
}

static void
outbox_open(struct unit *u)
{
    struct fault f = {.code = STATUS_OK};
    if (u->outbox == NULL) {
        must(rectify_outbox_open(u->profile.state, &u->outbox, &f), "outbox", &f);
    }
}

/* How many commands an earlier run has put or was about to. */
static size_t
will_count(const char *path)
{
    char line[512];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        count += strncmp(line, "will ", 5) == 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

static char *
work_path(struct unit *u)
{
    return arena_printf(&u->arena, "%s.work", u->history_path);
}

static void
work_load(struct unit *u)
{
    char line[256];
    FILE *file = fopen(work_path(u), "r");
    if (file == NULL) {
        say("run prepare first");
    }
    while (u->measures < MEASURES_MAX && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "evidence %36s", u->evidence) != 1 &&
            sscanf(line, "measure %63s %" SCNd64, u->refs[u->measures],
                   &u->versions[u->measures]) == 2) {
            u->measures++;
        }
    }
    fclose(file);
}

static void
unit_open(struct unit *u, char **argv)
{
    static const struct rectify_places nowhere = {.home = NULL};
    struct fault f = {.code = STATUS_OK};
    unsigned char seed[16];
    u->profile_file = argv[1];
    u->history_path = argv[2];
    arena_init(&u->arena, ARENA_BYTES);
    must(rectify_profile_load(&u->arena, &nowhere, argv[1], &u->profile, &f), argv[1], &f);
    secret_random(seed, sizeof seed);
    uuid7_source_init(&u->ids, now_wall_ms(), seed);
    u->willed = will_count(argv[2]);
    u->history = history_open(argv[2]);
}

/* ---- prepare ---- */

/* A call that must go well. */
static const ProtobufCMessage *
call(struct unit *u, const char *method, const ProtobufCMessage *message)
{
    struct fault f = {.code = STATUS_OK};
    struct rectify_answer answer;
    const struct rectify_request request = {.method = method, .message = message};
    must(rectify_call(u->channel, &u->arena, &request, &answer, &f), method, &f);
    return answer.message;
}

static const Pb__ListMeasuresReply *
measures_list(struct unit *u)
{
    Pb__ListMeasuresRequest request = PB__LIST_MEASURES_REQUEST__INIT;
    request.has_limit = 1;
    request.limit = MEASURES_MAX;
    return (const Pb__ListMeasuresReply *)call(u, "rectify.v1.MeasureService/ListMeasures",
                                               &request.base);
}

static bool
is_own(const struct unit *u, const Pb__Measure *m)
{
    return m->lead_unit != NULL && strcmp(m->lead_unit, u->profile.account) == 0;
}

static void
sign_all(struct unit *u)
{
    const Pb__ListMeasuresReply *list = measures_list(u);
    Pb__SignForRequest request = PB__SIGN_FOR_REQUEST__INIT;
    Pb__MeasureVersion one[MEASURES_MAX];
    Pb__MeasureVersion *all[MEASURES_MAX];
    request.measures = all;
    for (size_t i = 0; i < list->n_measures; i++) {
        const Pb__Measure *m = list->measures[i];
        if (is_own(u, m) && strcmp(m->state, "ASSIGNED") == 0) {
            Pb__MeasureVersion *v = &one[request.n_measures];
            pb__measure_version__init(v);
            v->ref = m->ref;
            v->has_expected_version = 1;
            v->expected_version = m->version;
            all[request.n_measures++] = v;
        }
    }
    if (request.n_measures > 0) {
        (void)call(u, "rectify.v1.MeasureService/SignFor", &request.base);
    }
}

/* A file of so many bytes that no other command brings. */
static char *
file_make(struct unit *u, size_t number, size_t size)
{
    char *path = arena_printf(&u->arena, "%s.file", u->history_path);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        say(path);
    }
    for (size_t i = 0; i < size; i += 64) {
        fprintf(file, "%-32s %-12zu %16zu\n", "sample (样例)", number, i);
    }
    if (fclose(file) != 0) {
        say(path);
    }
    return path;
}

static void
prepare(struct unit *u)
{
    struct fault f = {.code = STATUS_OK};
    Pb__Evidence *evidence = NULL;
    channel_open(u);
    sign_all(u);
    const struct rectify_upload upload = {
        .path = arena_printf(&u->arena, "%s.txt", file_make(u, 0, FILE_BYTES))};
    if (rename(file_make(u, 0, FILE_BYTES), upload.path) != 0) {
        say(upload.path);
    }
    must(rectify_evidence_upload(u->channel, &u->arena, &upload, &evidence, &f), "upload", &f);
    const Pb__ListMeasuresReply *list = measures_list(u);
    FILE *file = fopen(work_path(u), "w");
    if (file == NULL) {
        say("cannot write");
    }
    fprintf(file, "evidence %s\n", evidence->id);
    for (size_t i = 0; i < list->n_measures; i++) {
        const Pb__Measure *m = list->measures[i];
        bool has_effect = m->measure_class != PB__MEASURE_CLASS__IMMEDIATE;
        if (is_own(u, m) && has_effect && strcmp(m->state, "IN_PROGRESS") == 0) {
            fprintf(file, "measure %s %" PRId64 "\n", m->ref, m->version);
        }
    }
    if (fclose(file) != 0) {
        say("cannot write");
    }
}

/* ---- put ---- */

static char *
lend(const char *text)
{
    return (char *)(uintptr_t)text;
}

static char *
payload_hash(struct arena *a, const ProtobufCMessage *message)
{
    unsigned char hash[SECRET_HASH_BYTES];
    size_t n = protobuf_c_message_get_packed_size(message);
    unsigned char *bytes = arena_alloc(a, n + 1);
    if (bytes == NULL) {
        say("memory");
    }
    protobuf_c_message_pack(message, bytes);
    secret_sha256(bytes, n, hash);
    return secret_hex_encode(a, hash, sizeof hash);
}

static void
capture(struct unit *u, char ret_id[UUID_TEXT_SIZE])
{
    struct fault f = {.code = STATUS_OK};
    char *path = file_make(u, u->willed, FILE_BYTES * (1 + u->willed % 3));
    char *named = arena_printf(&u->arena, "%s.txt", path);
    if (rename(path, named) != 0) {
        say(named);
    }
    const struct rectify_outbox_file file = {.path = named};
    must(rectify_outbox_capture(u->outbox, &file, ret_id, &f), "capture", &f);
    unlink(named); /* what becomes of it now does not matter */
}

static void
put_one(struct unit *u)
{
    struct arena a;
    struct fault f = {.code = STATUS_OK};
    struct rectify_item item;
    char key[UUID_TEXT_SIZE];
    char file[UUID_TEXT_SIZE];
    size_t n = u->willed;
    size_t at = n / 2 % u->measures;
    bool claim = n % 2 == 0;
    bool brings = claim && n % FILE_EVERY == FILE_EVERY - 2;
    char *evidence[] = {u->evidence};
    Pb__ClaimRequest claims = PB__CLAIM_REQUEST__INIT;
    Pb__DecideClaimRequest withdraws = PB__DECIDE_CLAIM_REQUEST__INIT;
    arena_init(&a, 1U << 20U);
    if (brings) {
        capture(u, file);
        evidence[0] = file;
    }
    claims.ref = withdraws.ref = u->refs[at];
    claims.evidence = evidence;
    claims.n_evidence = 1;
    claims.narrative = arena_printf(&a, "（样例）第%zu次申请", n);
    withdraws.reason_code = lend("OTHER");
    withdraws.reason = n % REFUSED_EVERY == REFUSED_EVERY - 1 ? NULL : lend("（样例）材料还要补充");
    struct rectify_request request = {
        .method = claim ? "rectify.v1.MeasureService/ClaimEffect"
                        : "rectify.v1.MeasureService/WithdrawClaim",
        .message = claim ? &claims.base : &withdraws.base,
        .key = key,
        .has_expected_version = true,
        .expected_version = u->versions[at],
    };
    const struct rectify_outbox_command command = {
        .request = &request, .account = u->profile.account, .title = "样例"};
    u->ids.now_ms = now_wall_ms();
    uuid7_next(&u->ids, key);
    history_note(u->history, "will %s %s %s %s", key, request.method,
                 brings ? "-" : payload_hash(&a, request.message), u->refs[at]);
    u->willed++;
    must(rectify_outbox_put(u->outbox, &command, &item, &a, &f), "put", &f);
    history_note(u->history, "put %s", key);
    arena_release(&a);
}

/* A withdrawal without its reason leaves the claim: the next command of the measure is refused, and
 * so is known to be final too. */
static void
put(struct unit *u, size_t count)
{
    outbox_open(u);
    if (u->measures == 0) {
        work_load(u);
    }
    if (u->measures == 0) {
        say("no measures");
    }
    for (size_t i = 0; i < count; i++) {
        put_one(u);
    }
}

/* ---- drain ---- */

static void
item_note(const struct unit *u, const struct rectify_item *item)
{
    switch (item->state) {
    case RECTIFY_ITEM_RECEIVED:
        history_note(u->history, "received %s %s - -", item->key,
                     item->receipt_number != NULL ? item->receipt_number : "-");
        break;
    case RECTIFY_ITEM_ATTENTION:
        history_note(u->history, "refused %s %s", item->key,
                     item->reason != NULL && item->reason[0] != '\0' ? item->reason : "-");
        break;
    case RECTIFY_ITEM_DROPPED:
        history_note(u->history, "dropped %s", item->key);
        break;
    case RECTIFY_ITEM_SENT:
        history_note(u->history, "unknown %s", item->key);
        break;
    case RECTIFY_ITEM_QUEUED:
        break;
    }
}

/* Resident memory of this process in KB; 0 when it cannot be told. */
static unsigned long
memory_kb(void)
{
    char line[128];
    unsigned long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmRSS: %lu", &kb) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kb;
}

static void
on_settled(void *user, const struct rectify_item *item)
{
    struct unit *u = user;
    item_note(u, item);
    u->received++;
    if (u->received == (u->to_send + 3) / 4 || u->received == u->to_send) {
        printf("sent %" PRIu64 " of %" PRIu64 ", rss %lu KB\n", u->received, u->to_send,
               memory_kb());
    }
}

/* Sends until nothing is left, or once. What needs a person is a failure of the test. */
static void
drain(struct unit *u, bool once)
{
    const struct rectify_drain_options options = {.settled = on_settled, .user = u};
    struct rectify_outbox_counts counts;
    struct fault f = {.code = STATUS_OK};
    outbox_open(u);
    channel_open(u);
    rectify_channel_deadline_set(u->channel, DEADLINE_MS);
    must(rectify_outbox_counts_get(u->outbox, &counts, &f), "counts", &f);
    u->received = 0;
    u->to_send = counts.queued + counts.sent;
    for (;;) {
        struct rectify_drain result = {.end = RECTIFY_DRAIN_EMPTY};
        must(rectify_outbox_drain(u->outbox, u->channel, &options, &result, &f), "drain", &f);
        if (result.end == RECTIFY_DRAIN_EMPTY || once) {
            printf("ended %d %s %s\n", (int)result.end, result.why.reason, result.why.message);
            break;
        }
        if (result.end != RECTIFY_DRAIN_LINE && result.end != RECTIFY_DRAIN_OTHER) {
            fprintf(stderr, "drain ended with %d\n", (int)result.end);
            die("drain", &result.why);
        }
        sleep_ms(result.wait_ms < WAIT_MAX_MS ? result.wait_ms + 1 : WAIT_MAX_MS);
    }
}

static void
report(struct unit *u)
{
    const struct rectify_outbox_filter all = {.archived = true, .limit = LIST_ALL};
    struct fault f = {.code = STATUS_OK};
    struct rectify_item *items = NULL;
    struct arena a;
    size_t count = 0;
    outbox_open(u);
    arena_init(&a, 256U << 20U);
    must(rectify_outbox_list(u->outbox, &a, &all, &items, &count, &f), "list", &f);
    for (size_t i = 0; i < count; i++) {
        item_note(u, &items[i]);
    }
    arena_release(&a);
}

/* ---- alerts ---- */

/* Shown first, then the cursor: after a kill in between an alert is shown again, never lost. */
static void
alerts(struct unit *u, size_t want)
{
    struct fault f = {.code = STATUS_OK};
    int64_t cursor = 0;
    channel_open(u);
    if (rectify_state_cursor_load(u->profile.state, &cursor, &f) != STATUS_OK) {
        cursor = 0;
    }
    for (size_t shown = (size_t)cursor; shown < want;) {
        Pb__WaitAlertsRequest request = PB__WAIT_ALERTS_REQUEST__INIT;
        request.has_cursor = 1;
        request.cursor = cursor;
        const Pb__WaitAlertsReply *reply = (const Pb__WaitAlertsReply *)call(
            u, "rectify.v1.AlertService/WaitAlerts", &request.base);
        for (size_t i = 0; i < reply->n_alerts; i++) {
            const Pb__Alert *alert = reply->alerts[i];
            history_note(u->history, "alert %s %" PRId64 " %s", u->profile.account, alert->seq,
                         alert->id);
            shown++;
            cursor = alert->seq;
            must(rectify_state_cursor_save(u->profile.state, cursor, &f), "cursor", &f);
        }
    }
}

/* ---- all of it ---- */

static size_t
act(struct unit *u, const char *action, const char *number)
{
    size_t n = number != NULL ? strtoul(number, NULL, 10) : 0;
    if (strcmp(action, "put") == 0) {
        put(u, n);
        return 2;
    }
    if (strcmp(action, "alerts") == 0) {
        alerts(u, n);
        return 2;
    }
    if (strcmp(action, "prepare") == 0) {
        prepare(u);
    } else if (strcmp(action, "drain") == 0 || strcmp(action, "once") == 0) {
        drain(u, action[0] == 'o');
    } else if (strcmp(action, "report") == 0) {
        report(u);
    } else if (strcmp(action, "wait") == 0) {
        pause();
    } else {
        say(action);
    }
    return 1;
}

int
main(int argc, char **argv)
{
    static struct unit unit;
    if (argc < 4) {
        fprintf(stderr, "unit_client PROFILE.ini HISTORY ACTION [N] …\n");
        return EXIT_FAILURE;
    }
    unit_open(&unit, argv);
    for (int i = 3; i < argc;) {
        i += (int)act(&unit, argv[i], argv[i + 1]);
    }
    rectify_outbox_free(unit.outbox);
    rectify_channel_free(unit.channel);
    arena_release(&unit.arena);
    close(unit.history);
    return EXIT_SUCCESS;
}
