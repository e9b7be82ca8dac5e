/* For tests of the door: a dispatch in process over this program's database, with a few small
 * methods of its own, two units with an account and a machine each, and a clock that stands still.
 *
 * The methods (of "rectify.v1.TestService") keep values in the table `setting`:
 *   Put(account=NAME, enrol_code=VALUE)  a new version; refuses VALUE "refuse"; reply: the version
 *   Get(account=NAME)                    the newest version, 0 for none
 *   Wait(account=NAME, enrol_code=N)     parked until the version is above N
 * Special values of Put: "poison" breaks a constraint in the database, "foreign" updates a row that
 * is not there, "hold" waits for advisory lock 4711 in its load (door_hold takes it).
 */
#ifndef TESTS_SERVICE_DOOR_H
#define TESTS_SERVICE_DOOR_H

#include "proto/base/arena.h"
#include "proto/base/limits.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "proto/rpc/wirecheck.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/job.pb-c.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/dispatch/dispatch.h"
#include "server/service/role.h"
#include "tests/support/fixture.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define T0 INT64_C(1795000000000)
#define TENANT_SQL "(SELECT id FROM rectify.tenant WHERE code = 'sample')"
#define EVENT_SQL "'00000000-0000-7000-8000-000000000000'"
#define METHOD(name) "rectify.v1.TestService/" name

/* ---- methods ---- */

struct put {
    int64_t version;
};

static const struct statement door_read = {
    .name = "door_read",
    .sql = "SELECT coalesce(max(version), 0) FROM setting WHERE tenant = $1 AND name = $2",
    .params = 2};
static const struct statement door_write = {
    .name = "door_write",
    .sql = "INSERT INTO setting (tenant, name, version, value, event_id)"
           " VALUES ($1, $2, $3, $4, $5)",
    .params = 5};
static const struct statement door_poison = {
    .name = "door_poison",
    .sql = "INSERT INTO ladder_rule (tenant, version, no, level, subject, class_mask,"
           " trigger, parameter, recipients, event_id)"
           " VALUES ($1, 1, 1, 99, 'x', 0, 'x', 0, 0, $2)",
    .params = 2};
static const struct statement door_foreign = {
    .name = "door_foreign",
    .sql = "UPDATE org SET name = 'x' WHERE tenant = $1 AND code = 'nobodys'",
    .params = 1};
static const struct statement door_lock = {.name = "door_lock",
                                           .sql = "SELECT pg_advisory_xact_lock_shared(4711)"};

static enum status
door_take_version(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    ((struct put *)ctx)->version = db_int(row, 0);
    return STATUS_OK;
}

static inline const Pb__AddEnrolCodeRequest *
door_request(const struct call *call)
{
    return (const Pb__AddEnrolCodeRequest *)call->request;
}

static inline void
door_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "setting", door_request(call)->account);
}

static inline bool
door_value_is(const struct call *call, const char *value)
{
    const char *given = door_request(call)->enrol_code;
    return given != NULL && strcmp(given, value) == 0;
}

static inline int
door_load(struct call *call, struct db_queue *q)
{
    struct put *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    if (call->handler->kind == METHOD_COMMAND && door_value_is(call, "hold")) {
        enum status s = db_queue_add(q, &door_lock, NULL, (struct db_sink){.expect = 1});
        if (s != STATUS_OK) {
            return (int)s;
        }
    }
    const struct param params[] = {p_int(call->who->tenant), p_text(door_request(call)->account)};
    return (int)db_queue_add(q, &door_read, params, (struct db_sink){door_take_version, p, 1});
}

static inline enum status
door_reply(struct call *call, int64_t version)
{
    Pb__JobReply *reply = call_message(call, &pb__job_reply__descriptor);
    reply->has_changed = 1;
    reply->changed = (int32_t)version;
    call->reply = &reply->base;
    return STATUS_OK;
}

static inline enum status
door_put_decide(struct call *call)
{
    struct put *p = call->data;
    if (door_value_is(call, "refuse")) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "REFUSED_BY_TEST", "不行。");
    }
    call->wakes = true;
    call->reason = "TEST";
    if (!call_change(call, "setting", call_new_id(call), door_request(call)->account,
                     p->version + 1, call->request)) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    return door_reply(call, p->version + 1);
}

static inline enum status
door_put_effects(struct call *call, struct db_queue *q)
{
    const struct put *p = call->data;
    const struct db_sink one = {.expect = 1};
    if (door_value_is(call, "poison")) {
        const struct param params[] = {p_int(call->who->tenant), p_text(call->event_id)};
        return db_queue_add(q, &door_poison, params, one);
    }
    if (door_value_is(call, "foreign")) {
        const struct param params[] = {p_int(call->who->tenant)};
        return db_queue_add(q, &door_foreign, params, one);
    }
    const struct param params[] = {p_int(call->who->tenant), p_text(door_request(call)->account),
                                   p_int(p->version + 1), p_text(door_request(call)->enrol_code),
                                   p_text(call->event_id)};
    return db_queue_add(q, &door_write, params, one);
}

static inline enum status
door_get_decide(struct call *call)
{
    return door_reply(call, ((struct put *)call->data)->version);
}

static inline enum status
door_wait_decide(struct call *call)
{
    const struct put *p = call->data;
    if (p->version <= strtoll(door_request(call)->enrol_code, NULL, 10) && !call->last_chance) {
        call->park = true;
        call->park_ms = LIMIT_PARK_MAX_MS;
        return STATUS_OK;
    }
    return door_reply(call, p->version);
}

#define DOOR_MESSAGES                                                                              \
    .request = &pb__add_enrol_code_request__descriptor, .reply = &pb__job_reply__descriptor

#define DOOR_PUT(name_, auth_, roles_, kind_, flags_)                                              \
    {                                                                                              \
        .method = METHOD(name_), .kind = kind_, .auth = auth_, .roles = roles_, .flags = flags_,   \
        DOOR_MESSAGES, .subjects = door_subjects, .load = door_load, .decide = door_put_decide,    \
        .effects = door_put_effects                                                                \
    }

static const struct handler door_rows[] = {
    DOOR_PUT("Put", AUTH_SESSION, 0, METHOD_COMMAND, HANDLER_BEHALF),
    DOOR_PUT("PutSigned", AUTH_SIGNED, 0, METHOD_COMMAND, 0),
    DOOR_PUT("PutOffice", AUTH_SESSION, ROLE_OFFICE, METHOD_COMMAND, 0),
    DOOR_PUT("PutSystem", AUTH_SYSTEM, 0, METHOD_COMMAND, 0),
    DOOR_PUT("PutMachine", AUTH_MACHINE, 0, METHOD_COMMAND, HANDLER_SECRET),
    DOOR_PUT("PutSlow", AUTH_SESSION, 0, METHOD_SLOW, 0),
    {.method = METHOD("Get"),
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     DOOR_MESSAGES,
     .load = door_load,
     .decide = door_get_decide},
    {.method = METHOD("Wait"),
     .kind = METHOD_PARKED,
     .auth = AUTH_SESSION,
     DOOR_MESSAGES,
     .load = door_load,
     .decide = door_wait_decide},
};
static const struct handler_table door_table = {door_rows, sizeof door_rows / sizeof door_rows[0]};

/* ---- callers ---- */

struct caller {
    const char *account;
    const char *token;
    char machine[UUID_TEXT_SIZE];
    struct ledger_key key;
};

struct door {
    struct dispatch *d;
    struct clock_fake clock;
    struct arena arena;
    struct caller office, unit01, unit02;
    char key_path[4200];
    PGconn *holder;
    unsigned next_key;
};

static inline void
door_caller(struct caller *c, const char *account, unsigned char no, int roles)
{
    unsigned char seed[32] = {no};
    char sql[4096];
    char hash[SECRET_HASH_HEX_SIZE];
    struct arena a;
    c->account = account;
    c->token = account;
    arena_init(&a, 65536);
    ledger_key_from_seed(seed, &c->key);
    snprintf(c->machine, sizeof c->machine, "00000000-0000-7000-8000-0000000000%02x", no);
    secret_token_hash_hex(c->token, hash);
    snprintf(sql, sizeof sql,
             "INSERT INTO rectify.org (tenant, id, code, name, kind, version, event_id) VALUES"
             " (" TENANT_SQL ", '10000000-0000-7000-8000-0000000000%02x', '%s', '样例%s', 'UNIT',"
             " 1, " EVENT_SQL ");"
             "INSERT INTO rectify.account (tenant, id, name, display_name, password_hash, version,"
             " event_id) VALUES (" TENANT_SQL ", '20000000-0000-7000-8000-0000000000%02x', '%s',"
             " '样例', 'x', 1, " EVENT_SQL ");"
             "INSERT INTO rectify.seat (tenant, account, org, roles, event_id) VALUES (" TENANT_SQL
             ", '20000000-0000-7000-8000-0000000000%02x',"
             " '10000000-0000-7000-8000-0000000000%02x', %d, " EVENT_SQL ");"
             "INSERT INTO rectify.machine (tenant, id, org, account, label, public_key,"
             " enrolled_ms, version, event_id) VALUES (" TENANT_SQL ", '%s',"
             " '10000000-0000-7000-8000-0000000000%02x',"
             " '20000000-0000-7000-8000-0000000000%02x', 'm', '\\x%s', 0, 1, " EVENT_SQL ");"
             "INSERT INTO rectify.session (tenant, token_sha256, account, machine, created_ms,"
             " used_ms, expires_ms) VALUES (" TENANT_SQL ", '\\x%s',"
             " '20000000-0000-7000-8000-0000000000%02x', '%s', %lld, %lld, %lld)",
             no, account, account, no, account, no, no, roles, c->machine, no, no,
             secret_hex_encode(&a, c->key.public.bytes, 32), hash, no, c->machine, (long long)T0,
             (long long)T0, (long long)(T0 + LIMIT_SESSION_TOTAL_MS));
    test_db_exec("rectify_owner", sql);
    arena_release(&a);
}

/* A fresh database with tenant `sample` and three callers; nothing started yet. */
static inline struct door *
door_new(void)
{
    struct door *door = calloc(1, sizeof *door);
    log_set_level(LOG_LEVEL_ERROR);
    test_db_reset();
    test_db_exec("rectify_owner", "INSERT INTO rectify.tenant (code, name, created_ms)"
                                  " VALUES ('sample', '样例区', 0)");
    clock_fake_init(&door->clock, T0);
    arena_init(&door->arena, 64U << 20U);
    door_caller(&door->office, "office", 1, ROLE_OFFICE);
    door_caller(&door->unit01, "unit01", 2, ROLE_PLEAD);
    door_caller(&door->unit02, "unit02", 3, ROLE_PLEAD);
    return door;
}

static inline struct dispatch_config
door_config(struct door *door, int writers)
{
    return (struct dispatch_config){
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = writers,
        .query_threads = 2,
        .clock = &door->clock.clock,
        .tables = &door_table,
        .table_count = 1,
        .server_version = "test",
        .partial_tables = true,
    };
}

static inline void
door_start(struct door *door, const struct dispatch_config *config)
{
    struct fault fault = {0};
    if (dispatch_start(config, &door->d, &fault) != STATUS_OK) {
        fail_msg("%s: %s", fault.reason, fault.message);
    }
}

static inline struct door *
door_open(int writers)
{
    struct door *door = door_new();
    struct dispatch_config config = door_config(door, writers);
    door_start(door, &config);
    return door;
}

static inline void
door_close(struct door *door)
{
    if (door->holder != NULL) {
        PQfinish(door->holder);
    }
    dispatch_free(door->d);
    arena_release(&door->arena);
    free(door);
}

/* ---- calls ---- */

static inline char *
door_key(struct door *door)
{
    char *key = arena_alloc(&door->arena, UUID_TEXT_SIZE);
    snprintf(key, UUID_TEXT_SIZE, "01900000-0000-7000-8000-%012x", ++door->next_key);
    return key;
}

/* An envelope of this caller with a fresh key; in the door's arena. */
static inline Pb__CallRequest *
door_envelope(struct door *door, const struct caller *c, const char *method, const char *name,
              const char *value)
{
    Pb__CallRequest *e = arena_alloc(&door->arena, sizeof *e);
    Pb__AddEnrolCodeRequest payload = PB__ADD_ENROL_CODE_REQUEST__INIT;
    pb__call_request__init(e);
    payload.account = (char *)(uintptr_t)name;
    payload.enrol_code = (char *)(uintptr_t)value;
    e->tenant = (char *)(uintptr_t) "sample";
    e->method = arena_printf(&door->arena, "rectify.v1.TestService/%s", method);
    e->call_id = (char *)(uintptr_t) "c1";
    e->has_timeout_ms = 1;
    e->timeout_ms = 60000;
    e->session = (char *)(uintptr_t)c->token;
    e->machine = (char *)(uintptr_t)c->machine;
    e->idempotency_key = door_key(door);
    e->has_payload = 1;
    e->payload.len = pb__add_enrol_code_request__get_packed_size(&payload);
    e->payload.data = arena_alloc(&door->arena, e->payload.len);
    pb__add_enrol_code_request__pack(&payload, e->payload.data);
    return e;
}

static inline void
door_sign(struct door *door, Pb__CallRequest *e, const struct ledger_key *key)
{
    char session[SECRET_HASH_HEX_SIZE];
    const struct signed_call call = call_signed_part(e, session);
    e->has_signature = 1;
    e->signature.len = LEDGER_SIGNATURE_BYTES;
    e->signature.data = arena_alloc(&door->arena, LEDGER_SIGNATURE_BYTES);
    signing_sign(&call, key, e->signature.data);
}

static inline Pb__CallReply *
door_send(struct door *door, const Pb__CallRequest *e)
{
    Pb__CallReply *reply = NULL;
    assert_int_equal(dispatch_call(door->d, e, &door->arena, &reply), STATUS_OK);
    assert_non_null(reply->status);
    return reply;
}

static inline Pb__CallReply *
door_put(struct door *door, const struct caller *c, const char *name, const char *value)
{
    return door_send(door, door_envelope(door, c, "Put", name, value));
}

static inline int32_t
door_changed(const Pb__CallReply *reply)
{
    if (reply->status->code != STATUS_OK) {
        fail_msg("%s: %s", reply->status->reason, reply->status->message);
    }
    Pb__JobReply *job = pb__job_reply__unpack(NULL, reply->payload.len, reply->payload.data);
    assert_non_null(job);
    int32_t changed = job->changed;
    pb__job_reply__free_unpacked(job, NULL);
    return changed;
}

static inline void
assert_refused(const Pb__CallReply *reply, enum status code, const char *reason)
{
    assert_string_equal(reply->status->reason == NULL ? "" : reply->status->reason, reason);
    assert_int_equal(reply->status->code, code);
}

/* ---- many at once ---- */

/* A call that is on its way; door_join waits for it and gives its reply, in the door's arena. */
struct flight {
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned char *bytes;
    size_t size;
};

static inline void
door_landed(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct flight *f = ctx;
    (void)handle;
    pthread_mutex_lock(&f->lock);
    f->bytes = bytes;
    f->size = size;
    pthread_cond_signal(&f->done);
    pthread_mutex_unlock(&f->lock);
}

static inline struct flight *
door_launch(struct door *door, const Pb__CallRequest *e)
{
    struct flight *f = arena_alloc(&door->arena, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->done, NULL);
    size_t size = pb__call_request__get_packed_size(e);
    unsigned char *bytes = malloc(size);
    pb__call_request__pack(e, bytes);
    dispatch_message(door->d, bytes, size, (struct reply_to){.fn = door_landed, .ctx = f});
    return f;
}

static inline bool
door_has_landed(struct flight *f)
{
    pthread_mutex_lock(&f->lock);
    bool landed = f->bytes != NULL;
    pthread_mutex_unlock(&f->lock);
    return landed;
}

static inline Pb__CallReply *
door_join(struct door *door, struct flight *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->bytes == NULL) {
        pthread_cond_wait(&f->done, &f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    ProtobufCMessage *message = NULL;
    struct fault fault = {0};
    assert_int_equal(
        wire_unpack(&door->arena, &pb__call_reply__descriptor, f->bytes, f->size, &message, &fault),
        STATUS_OK);
    Pb__CallReply *reply = (Pb__CallReply *)message;
    free(f->bytes);
    f->bytes = NULL;
    return reply;
}

/* Holds advisory lock 4711: a Put of "hold" stays inside its batch until door_let_go. */
static inline void
door_hold(struct door *door)
{
    door->holder = PQconnectdb(test_db_conninfo("postgres"));
    PQclear(PQexec(door->holder, "SELECT pg_advisory_lock(4711)"));
}

static inline void
door_let_go(struct door *door)
{
    PQfinish(door->holder);
    door->holder = NULL;
}

/* Waits for a condition; a test that waits longer than this has failed. */
#define DOOR_WAIT_FOR(condition)                                                                   \
    do {                                                                                           \
        for (int i_ = 0; !(condition); i_++) {                                                     \
            assert_true(i_ < 20000);                                                               \
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);                               \
        }                                                                                          \
    } while (0)

static inline long
door_number(const char *sql)
{
    char text[64];
    test_db_query("postgres", sql, text, sizeof text);
    return strtol(text, NULL, 10);
}

/* True once a command waits for the advisory lock. */
static inline bool
door_is_held(void)
{
    return door_number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                       " AND objid = 4711 AND database = (SELECT oid FROM pg_database"
                       " WHERE datname = current_database())") > 0;
}

#endif
