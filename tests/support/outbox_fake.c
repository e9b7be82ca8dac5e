#include "tests/support/outbox_fake.h"
#include "client/lib/file.h"
#include "client/lib/method.h"
#include "client/lib/state.h"
#include "proto/base/now.h"
#include "proto/base/wire_text.h"
#include "proto/rpc/server.h"
#include "proto/rpc/wirecheck.h"
#include "tests/support/fixture.h"

#include <pthread.h>
#include <rectify/v1/consultation.pb-c.h>
#include <rectify/v1/evidence.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <rectify/v1/table.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MACHINE "0190e5a0-0000-7000-8000-0000000000aa"
enum { THINGS = 512, FILES = 64, CHANGES = 4096 };

struct thing {
    char ref[FAKE_TEXT];
    int64_t version;
};

struct file {
    char sha256[65];
    char name[FAKE_TEXT];
    char id[UUID_TEXT_SIZE];
    unsigned since; /* commands done when it came */
};

/* Which command made which version of what. */
struct change {
    char ref[FAKE_TEXT];
    int64_t version;
    unsigned command;
};

struct fake_server {
    pthread_mutex_t lock;
    struct rpc_server *rpc;
    char url[64];
    struct arena arena; /* of the profile */
    struct arena call;  /* of the call at hand */
    struct rectify_profile profile;
    struct rectify_channel *channel;
    struct fake_script script;
    struct thing things[THINGS];
    unsigned thing_count;
    struct file files[FILES];
    unsigned file_count;
    struct change changes[CHANGES];
    unsigned change_count;
    struct fake_done done[FAKE_LOG];
    unsigned done_count;
    char seen[FAKE_LOG][FAKE_TEXT]; /* methods, a ring */
    unsigned seen_count;
};

static int64_t
clock_ms(const struct fake_server *s)
{
    return now_wall_ms() + s->script.clock_offset_ms;
}

static void
id_make(unsigned kind, unsigned number, char ret_id[UUID_TEXT_SIZE])
{
    snprintf(ret_id, UUID_TEXT_SIZE, "0190e5a0-%04x-7000-8000-%012x", kind & 0xffffU, number);
}

static struct thing *
thing_find(struct fake_server *s, const char *ref)
{
    for (unsigned i = 0; i < s->thing_count; i++) {
        if (strcmp(s->things[i].ref, ref) == 0) {
            return &s->things[i];
        }
    }
    assert_true(s->thing_count < THINGS);
    struct thing *t = &s->things[s->thing_count++];
    snprintf(t->ref, sizeof t->ref, "%s", ref);
    t->version = 1;
    return t;
}

/* ---- one call ---- */

struct turn {
    struct fake_server *s;
    const Pb__CallRequest *call;
    ProtobufCMessage *message;
    Pb__CallReply *reply;
    ProtobufCMessage *answer;
    struct fake_done done;
    bool bad;
};

static void
refuse(struct turn *t, enum status code, const char *reason)
{
    t->reply->status->code = (int32_t)code;
    t->reply->status->reason = wire_text(reason);
    t->reply->status->message = wire_text("不行。");
    t->bad = true;
}

/* Changes a thing on that version (-1: whatever stands); false when that is stale. */
static bool
change(struct turn *t, const char *ref, int64_t expected)
{
    struct thing *thing = thing_find(t->s, ref);
    if (expected >= 0 && expected != thing->version) {
        refuse(t, STATUS_ABORTED, "STALE_VERSION");
        return false;
    }
    assert_true(t->s->change_count < CHANGES);
    struct change *c = &t->s->changes[t->s->change_count++];
    thing->version++;
    snprintf(c->ref, sizeof c->ref, "%s", ref);
    c->version = thing->version;
    c->command = t->s->done_count;
    return true;
}

static int64_t
envelope_version(const struct turn *t)
{
    return t->call->has_expected_version ? t->call->expected_version : -1;
}

static void
about(struct turn *t, const char *ref)
{
    snprintf(t->done.about, sizeof t->done.about, "%s", ref);
}

static void
sign_for(struct turn *t)
{
    const Pb__SignForRequest *r = (const Pb__SignForRequest *)t->message;
    Pb__MeasuresReply *reply = arena_alloc(&t->s->call, sizeof *reply);
    pb__measures_reply__init(reply);
    reply->measures = arena_array(&t->s->call, r->n_measures + 1, sizeof *reply->measures);
    for (size_t i = 0; i < r->n_measures; i++) {
        const Pb__MeasureVersion *v = r->measures[i];
        if (!change(t, v->ref, v->has_expected_version ? v->expected_version : -1)) {
            return;
        }
        Pb__Measure *m = arena_alloc(&t->s->call, sizeof *m);
        pb__measure__init(m);
        m->ref = v->ref;
        m->has_version = true;
        m->version = thing_find(t->s, v->ref)->version;
        reply->measures[reply->n_measures++] = m;
        about(t, v->ref);
    }
    t->answer = &reply->base;
}

static void
claim(struct turn *t)
{
    const Pb__ClaimRequest *r = (const Pb__ClaimRequest *)t->message;
    Pb__Measure *m = arena_alloc(&t->s->call, sizeof *m);
    pb__measure__init(m);
    about(t, r->ref);
    if (r->n_evidence > 0) {
        snprintf(t->done.evidence, sizeof t->done.evidence, "%s", r->evidence[0]);
        bool known = false;
        for (unsigned i = 0; i < t->s->file_count; i++) {
            known |= strcmp(t->s->files[i].id, r->evidence[0]) == 0;
        }
        if (!known) {
            refuse(t, STATUS_NOT_FOUND, "EVIDENCE_UNKNOWN");
            return;
        }
    }
    if (change(t, r->ref, envelope_version(t))) {
        m->ref = r->ref;
        m->has_version = true;
        m->version = thing_find(t->s, r->ref)->version;
        t->answer = &m->base;
    }
}

/* A table's rows change their measures, and the reply does not say to what version. */
static void
submit(struct turn *t)
{
    const Pb__SubmitTableRequest *r = (const Pb__SubmitTableRequest *)t->message;
    Pb__SubmitTableReply *reply = arena_alloc(&t->s->call, sizeof *reply);
    Pb__Table *table = arena_alloc(&t->s->call, sizeof *table);
    pb__submit_table_reply__init(reply);
    pb__table__init(table);
    about(t, r->id);
    if (!change(t, r->id, r->has_expected_version ? r->expected_version : -1)) {
        return;
    }
    for (size_t i = 0; i < r->n_rows; i++) {
        const Pb__TableRow *row = r->rows[i];
        if (!change(t, row->measure_ref, row->has_measure_version ? row->measure_version : -1)) {
            return;
        }
    }
    table->id = r->id;
    table->has_version = true;
    table->version = thing_find(t->s, r->id)->version;
    reply->table = table;
    t->answer = &reply->base;
}

static void
ask(struct turn *t)
{
    const Pb__AskRequest *r = (const Pb__AskRequest *)t->message;
    Pb__Consultation *c = arena_alloc(&t->s->call, sizeof *c);
    pb__consultation__init(c);
    about(t, r->measure_ref);
    t->answer = &c->base;
}

static void
measure_get(struct turn *t)
{
    const Pb__GetMeasureRequest *r = (const Pb__GetMeasureRequest *)t->message;
    Pb__GetMeasureReply *reply = arena_alloc(&t->s->call, sizeof *reply);
    pb__get_measure_reply__init(reply);
    reply->history = arena_array(&t->s->call, t->s->change_count + 1, sizeof *reply->history);
    for (unsigned i = 0; i < t->s->change_count; i++) {
        const struct change *c = &t->s->changes[i];
        if (strcmp(c->ref, r->ref) != 0) {
            continue;
        }
        Pb__HistoryEntry *h = arena_alloc(&t->s->call, sizeof *h);
        pb__history_entry__init(h);
        h->event_id = arena_alloc(&t->s->call, UUID_TEXT_SIZE);
        id_make(2, c->command, h->event_id);
        h->has_version = true;
        h->version = c->version;
        reply->history[reply->n_history++] = h;
    }
    t->answer = &reply->base;
}

/* Every content is taken to be there already, so that no pieces are sent. */
static void
upload(struct turn *t)
{
    const Pb__BeginUploadRequest *r = (const Pb__BeginUploadRequest *)t->message;
    struct fake_server *s = t->s;
    struct file *file = NULL;
    for (unsigned i = 0; i < s->file_count; i++) {
        file = strcmp(s->files[i].sha256, r->sha256) == 0 ? &s->files[i] : file;
    }
    if (file == NULL) {
        static unsigned made;
        assert_true(s->file_count < FILES);
        file = &s->files[s->file_count++];
        snprintf(file->sha256, sizeof file->sha256, "%s", r->sha256);
        snprintf(file->name, sizeof file->name, "%s", r->name);
        id_make(3, ++made, file->id);
        file->since = s->done_count;
    }
    Pb__BeginUploadReply *reply = arena_alloc(&s->call, sizeof *reply);
    Pb__Evidence *e = arena_alloc(&s->call, sizeof *e);
    pb__begin_upload_reply__init(reply);
    pb__evidence__init(e);
    e->id = file->id;
    e->sha256 = file->sha256;
    reply->evidence = e;
    t->answer = &reply->base;
}

static void
evidence_get(struct turn *t)
{
    const Pb__GetEvidenceRequest *r = (const Pb__GetEvidenceRequest *)t->message;
    for (unsigned i = 0; i < t->s->file_count; i++) {
        if (strcmp(t->s->files[i].id, r->id) == 0) {
            Pb__Evidence *e = arena_alloc(&t->s->call, sizeof *e);
            pb__evidence__init(e);
            e->id = r->id;
            t->answer = &e->base;
            return;
        }
    }
    refuse(t, STATUS_NOT_FOUND, "EVIDENCE_UNKNOWN");
}

static Pb__Receipt *
receipt_make(struct turn *t, unsigned index)
{
    static unsigned char leaf[32];
    Pb__Receipt *receipt = arena_alloc(&t->s->call, sizeof *receipt);
    pb__receipt__init(receipt);
    receipt->number = arena_printf(&t->s->call, "2026-11-%08u", index + 1);
    receipt->event_id = arena_alloc(&t->s->call, UUID_TEXT_SIZE);
    id_make(2, index, receipt->event_id);
    receipt->has_leaf_hash = true;
    receipt->leaf_hash = (ProtobufCBinaryData){sizeof leaf, leaf};
    receipt->has_recorded_at_ms = true;
    receipt->recorded_at_ms = clock_ms(t->s);
    return receipt;
}

static void
operation_get(struct turn *t)
{
    const Pb__GetOperationRequest *r = (const Pb__GetOperationRequest *)t->message;
    Pb__GetOperationReply *reply = arena_alloc(&t->s->call, sizeof *reply);
    pb__get_operation_reply__init(reply);
    reply->operations = arena_array(&t->s->call, r->n_keys + 1, sizeof *reply->operations);
    for (size_t i = 0; i < r->n_keys; i++) {
        Pb__Operation *o = arena_alloc(&t->s->call, sizeof *o);
        pb__operation__init(o);
        o->key = r->keys[i];
        o->has_state = o->has_verdict = true;
        o->state = PB__OPERATION_STATE__OPERATION_UNKNOWN;
        for (unsigned k = 0; k < t->s->done_count; k++) {
            if (strcmp(t->s->done[k].key, r->keys[i]) == 0) {
                o->state = PB__OPERATION_STATE__OPERATION_RECORDED;
                o->verdict = t->s->script.verdict;
                o->has_reply = true;
                o->receipt = receipt_make(t, k);
            }
        }
        o->verdict_line = wire_text("2 行：1 行审核通过，1 行退回");
        reply->operations[reply->n_operations++] = o;
    }
    t->answer = &reply->base;
}

static void
nothing(struct turn *t)
{
    (void)t;
}

static const struct {
    const char *method;
    void (*run)(struct turn *t);
    bool command; /* has a receipt and is done once for a key */
} methods[] = {
    {"MeasureService/SignFor", sign_for, true},
    {"MeasureService/ClaimEffect", claim, true},
    {"TableService/SubmitTable", submit, true},
    {"ConsultationService/Ask", ask, true},
    {"MeasureService/GetMeasure", measure_get, false},
    {"EvidenceService/BeginUpload", upload, false},
    {"EvidenceService/GetEvidence", evidence_get, false},
    {"OperationService/GetOperation", operation_get, false},
    {"", nothing, false},
};

static size_t
method_index(const char *method)
{
    size_t i = 0;
    while (strstr(method, methods[i].method) == NULL) {
        i++;
    }
    return i;
}

static void
command_run(struct turn *t, size_t index)
{
    struct fake_server *s = t->s;
    for (unsigned i = 0; i < s->done_count; i++) {
        if (strcmp(s->done[i].key, t->call->idempotency_key) == 0) {
            t->reply->receipt = receipt_make(t, i);
            t->reply->has_replayed = true;
            t->reply->replayed = true;
            return;
        }
    }
    methods[index].run(t);
    if (t->bad) {
        return;
    }
    snprintf(t->done.method, sizeof t->done.method, "%s", strchr(methods[index].method, '/') + 1);
    snprintf(t->done.key, sizeof t->done.key, "%s", t->call->idempotency_key);
    snprintf(t->done.behalf, sizeof t->done.behalf, "%s",
             t->call->on_behalf_of != NULL ? t->call->on_behalf_of : "");
    t->done.queued_at_ms = t->call->queued_at_ms;
    t->done.expected_version = envelope_version(t);
    assert_true(s->done_count < FAKE_LOG);
    s->done[s->done_count] = t->done;
    t->reply->receipt = receipt_make(t, s->done_count++);
}

static unsigned
calls_count(const struct fake_server *s, const char *method)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->seen_count && i < FAKE_LOG; i++) {
        n += strstr(s->seen[i], method) != NULL;
    }
    return n;
}

static enum fake_turn
turn_choose(struct fake_server *s, const Pb__CallRequest *call)
{
    unsigned before = calls_count(s, call->method);
    snprintf(s->seen[s->seen_count % FAKE_LOG], FAKE_TEXT, "%s", call->method);
    s->seen_count++;
    if (s->script.turn == NULL) {
        return FAKE_ANSWER;
    }
    return s->script.turn(call->method, call->idempotency_key != NULL ? call->idempotency_key : "",
                          before);
}

static void
turn_run(struct turn *t, enum fake_turn turn)
{
    struct rectify_method method;
    struct fault f;
    size_t index = method_index(t->call->method);
    if (turn == FAKE_REFUSE) {
        refuse(t, t->s->script.code, t->s->script.reason);
        return;
    }
    if (t->call->queued_at_ms > clock_ms(t->s) + LIMIT_CLOCK_SKEW_MS) {
        refuse(t, STATUS_INVALID_ARGUMENT, "CLOCK_SKEW");
        return;
    }
    if (rectify_method_find(t->call->method, &method, &f) != STATUS_OK ||
        wire_unpack(&t->s->call, method.request,
                    t->call->payload.len > 0 ? t->call->payload.data : (const void *)"",
                    t->call->payload.len, &t->message, &f) != STATUS_OK) {
        refuse(t, STATUS_INVALID_ARGUMENT, "PAYLOAD");
        return;
    }
    if (methods[index].command) {
        command_run(t, index);
    } else {
        methods[index].run(t);
    }
    if (t->answer != NULL) {
        unsigned char *bytes = NULL;
        size_t n = 0;
        assert_int_equal(wire_pack(&t->s->call, t->answer, &bytes, &n), STATUS_OK);
        t->reply->has_payload = true;
        t->reply->payload = (ProtobufCBinaryData){n, bytes};
    }
}

static void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t n)
{
    struct fake_server *s = ctx;
    Pb__CallRequest *call = pb__call_request__unpack(NULL, n, bytes);
    Pb__CallReply reply = PB__CALL_REPLY__INIT;
    Pb__Status status = PB__STATUS__INIT;
    assert_non_null(call);
    status.has_code = true;
    reply.status = &status;
    reply.call_id = call->call_id;
    pthread_mutex_lock(&s->lock);
    reply.has_server_time_ms = true;
    reply.server_time_ms = clock_ms(s);
    arena_init(&s->call, 64 * 1024 * 1024);
    struct turn t = {.s = s, .call = call, .reply = &reply};
    enum fake_turn turn = turn_choose(s, call);
    if (turn != FAKE_SILENT) {
        turn_run(&t, turn);
    }
    if (turn == FAKE_GARBLED) {
        static unsigned char garbage[] = {0xff, 0xff, 0xff};
        reply.has_payload = true;
        reply.payload = (ProtobufCBinaryData){sizeof garbage, garbage};
    }
    if (turn != FAKE_SILENT && turn != FAKE_DONE_SILENT) {
        unsigned char *out = malloc(pb__call_reply__get_packed_size(&reply) + 1);
        assert_non_null(out);
        size_t size = pb__call_reply__pack(&reply, out);
        (void)!rpc_server_reply(s->rpc, handle, out, size); /* the client may have gone */
        free(out);
    }
    arena_release(&s->call);
    pthread_mutex_unlock(&s->lock);
    pb__call_request__free_unpacked(call, NULL);
    free(bytes);
}

/* ---- set-up ---- */

static void
must(enum status status, const struct fault *f)
{
    if (status != STATUS_OK) {
        fail_msg("%s: %s", f->reason, f->message);
    }
}

void
fake_up(struct fake_server *s)
{
    struct fault f;
    struct rpc_server_config config = {.url = s->url, .on_message = on_message, .ctx = s};
    must(rpc_server_start(&config, &s->rpc, &f), &f);
    snprintf(s->url, sizeof s->url, "tcp://127.0.0.1:%u", rpc_server_port(s->rpc));
}

void
fake_down(struct fake_server *s)
{
    rpc_server_free(s->rpc);
    s->rpc = NULL;
}

struct fake_server *
fake_start(void)
{
    struct fault f;
    struct ledger_key key;
    struct fake_server *s = calloc(1, sizeof *s);
    assert_non_null(s);
    pthread_mutex_init(&s->lock, NULL);
    arena_init(&s->arena, 1024 * 1024);
    snprintf(s->url, sizeof s->url, "tcp://127.0.0.1:0");
    fake_up(s);
    char *folder = arena_printf(&s->arena, "%s/outbox-XXXXXX", test_dir());
    assert_non_null(mkdtemp(folder));
    s->profile = (struct rectify_profile){
        .name = "unit01",
        .file = arena_printf(&s->arena, "%s/unit01.ini", folder),
        .server = s->url,
        .server_name = "rectifyd",
        .tenant = "sample",
        .account = "unit01",
        .machine_key = arena_printf(&s->arena, "%s/machine.key", folder),
        .state = arena_printf(&s->arena, "%s/state", folder),
    };
    struct rectify_session session = {.expires_at_ms = 1, .token = "t", .account = "unit01"};
    must(rectify_state_session_save(s->profile.state, &session, &f), &f);
    must(rectify_state_machine_save(s->profile.state, MACHINE, &f), &f);
    must(ledger_key_create(s->profile.machine_key, &key, &f), &f);
    const char *text = arena_printf(
        &s->arena, "server = %s\ntenant = sample\naccount = unit01\nmachine_key = %s\nstate = %s\n",
        s->url, s->profile.machine_key, s->profile.state);
    must(rectify_file_replace(s->profile.file, 0600, text, strlen(text), &f), &f);
    return s;
}

void
fake_free(struct fake_server *s)
{
    rectify_channel_free(s->channel);
    rpc_server_free(s->rpc);
    arena_release(&s->arena);
    free(s);
}

void
fake_script_set(struct fake_server *s, const struct fake_script *script)
{
    pthread_mutex_lock(&s->lock);
    s->script = *script;
    pthread_mutex_unlock(&s->lock);
}

const struct rectify_profile *
fake_profile(const struct fake_server *s)
{
    return &s->profile;
}

const char *
fake_state_folder(const struct fake_server *s)
{
    return s->profile.state;
}

struct rectify_channel *
fake_channel(struct fake_server *s, uint32_t deadline_ms)
{
    struct fault f;
    struct rectify_channel_options options = {
        .profile = &s->profile, .client_version = "rectify test", .deadline_ms = deadline_ms};
    rectify_channel_free(s->channel);
    s->channel = NULL;
    must(rectify_channel_open(&options, &s->channel, &f), &f);
    return s->channel;
}

/* ---- what happened ---- */

unsigned
fake_done_count(struct fake_server *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned n = s->done_count;
    pthread_mutex_unlock(&s->lock);
    return n;
}

struct fake_done
fake_done_at(struct fake_server *s, unsigned index)
{
    pthread_mutex_lock(&s->lock);
    assert_true(index < s->done_count);
    struct fake_done done = s->done[index];
    pthread_mutex_unlock(&s->lock);
    return done;
}

unsigned
fake_calls(struct fake_server *s, const char *method)
{
    pthread_mutex_lock(&s->lock);
    unsigned n = calls_count(s, method);
    pthread_mutex_unlock(&s->lock);
    return n;
}

bool
fake_evidence(struct fake_server *s, const char *sha256, char ret_name[FAKE_TEXT],
              char ret_id[UUID_TEXT_SIZE])
{
    bool found = false;
    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; i < s->file_count; i++) {
        if (strcmp(s->files[i].sha256, sha256) == 0) {
            memcpy(ret_name, s->files[i].name, FAKE_TEXT);
            memcpy(ret_id, s->files[i].id, UUID_TEXT_SIZE);
            found = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

void
fake_bump(struct fake_server *s, const char *ref)
{
    pthread_mutex_lock(&s->lock);
    thing_find(s, ref)->version++;
    pthread_mutex_unlock(&s->lock);
}

int64_t
fake_version(struct fake_server *s, const char *ref)
{
    pthread_mutex_lock(&s->lock);
    int64_t version = thing_find(s, ref)->version;
    pthread_mutex_unlock(&s->lock);
    return version;
}

void
fake_restore(struct fake_server *s, unsigned keep)
{
    pthread_mutex_lock(&s->lock);
    assert_true(keep <= s->done_count);
    s->done_count = keep;
    while (s->change_count > 0 && s->changes[s->change_count - 1].command >= keep) {
        s->change_count--;
        thing_find(s, s->changes[s->change_count].ref)->version--;
    }
    while (s->file_count > 0 && s->files[s->file_count - 1].since >= keep) {
        s->file_count--;
    }
    pthread_mutex_unlock(&s->lock);
}
