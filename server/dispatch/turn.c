/* The steps of one call; see turn.h. */
#include "server/dispatch/turn.h"

#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "server/base/log.h"
#include "server/service/role.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

bool
status_is_final(enum status s)
{
    switch (s) {
    case STATUS_INVALID_ARGUMENT:
    case STATUS_NOT_FOUND:
    case STATUS_ALREADY_EXISTS:
    case STATUS_PERMISSION_DENIED:
    case STATUS_FAILED_PRECONDITION:
    case STATUS_ABORTED:
    case STATUS_OUT_OF_RANGE:
        return true;
    default:
        return false;
    }
}

bool
turn_is_command(const struct turn *t)
{
    return t->job->class_ != JOB_QUERY;
}

static bool
has_session(const struct turn *t)
{
    enum method_auth auth = t->call.handler->auth;
    return !t->job->system && (auth == AUTH_SESSION || auth == AUTH_SIGNED);
}

/* Whoever sends the same thing again: what was asked, but not with which session. */
static void
hash_request(struct turn *t)
{
    const Pb__CallRequest *e = t->job->envelope;
    secret_sha256(e->payload.data, e->payload.len, t->payload_sha256);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    const char *texts[] = {e->method, e->on_behalf_of == NULL ? "" : e->on_behalf_of};
    for (size_t i = 0; i < 2; i++) {
        crypto_hash_sha256_update(&state, (const unsigned char *)texts[i], strlen(texts[i]) + 1);
    }
    unsigned char version[9] = {e->has_expected_version ? 1 : 0};
    for (int i = 0; i < 8; i++) {
        version[1 + i] = (unsigned char)((uint64_t)e->expected_version >> (56 - 8 * i));
    }
    crypto_hash_sha256_update(&state, version, sizeof version);
    crypto_hash_sha256_update(&state, t->payload_sha256, sizeof t->payload_sha256);
    crypto_hash_sha256_final(&state, t->request_sha256);
}

void
turn_begin(struct turn *t, struct dispatch *d, struct job *job, int64_t now_ms)
{
    *t = (struct turn){.d = d, .job = job, .stage = TURN_NEW};
    arena_init(&t->arena, job->class_ == JOB_SLOW ? LIMIT_BATCH_BYTES : LIMIT_UNPACK_BYTES);
    const char *code = job->envelope->tenant;
    t->tenant = code == NULL || code[0] == '\0' ? NULL : tenants_find(&d->tenants, code);
    job->tenant = t->tenant;
    t->call = (struct call){
        .arena = &t->arena,
        .handler = job->handler,
        .who = &t->who,
        .envelope = job->envelope,
        .request = job->request,
        .now_ms = now_ms,
        .today = day_from_instant(now_ms,
                                  t->tenant == NULL ? ZONE_CHINA_MIN : t->tenant->utc_offset_min),
        .last_chance = job->last_chance,
        .dispatch = d,
        .ledger_public_key = d->has_key ? d->key.public.bytes : NULL,
    };
    unsigned char seed[16];
    randombytes_buf(seed, sizeof seed);
    uuid7_source_init(&t->call.ids, now_ms, seed);
    uuid7_next(&t->call.ids, t->call.event_id);
    if (job->class_ != JOB_QUERY) {
        hash_request(t);
    }
    if (job->envelope->session != NULL) {
        secret_token_hash(job->envelope->session, t->session_sha256);
    }
}

void
turn_release(struct turn *t)
{
    arena_release(&t->arena);
}

void
turn_refuse(struct turn *t, const struct fault *fault)
{
    t->stage = TURN_REFUSED;
    t->call.fault = *fault;
}

static enum status
refuse(struct turn *t, enum status s)
{
    t->stage = TURN_REFUSED;
    if (t->call.fault.code == STATUS_OK) {
        fault_set(&t->call.fault, s == STATUS_OK ? STATUS_INTERNAL : s, "REFUSED", "%s",
                  status_text_zh(s));
    }
    return STATUS_OK;
}

/* ---- round 1 ---- */

/* A public command has no principal: the same request has the same made-up one. */
static const char *
derived_principal(struct turn *t)
{
    char *text = arena_alloc(&t->arena, UUID_TEXT_SIZE);
    if (text != NULL) {
        uuid_to_text(t->request_sha256, text);
    }
    return text;
}

static enum status
queue_key(struct turn *t, struct db_queue *q)
{
    const Pb__CallRequest *e = t->job->envelope;
    struct idempotency_key key = {.tenant = t->tenant->id, .key = e->idempotency_key};
    if (has_session(t)) {
        key.session_sha256 = t->session_sha256;
    } else {
        key.principal = t->call.handler->auth == AUTH_MACHINE ? e->machine : derived_principal(t);
    }
    t->principal_id = key.principal;
    return idempotency_queue_read(q, &key, &t->known);
}

/* "@account/org" names a person stood in for, anything else a unit. */
static enum status
queue_principal(struct turn *t, struct db_queue *q)
{
    const Pb__CallRequest *e = t->job->envelope;
    struct principal_query query = {
        .tenant = t->tenant->id,
        .session_sha256 = has_session(t) ? t->session_sha256 : NULL,
        .machine = has_session(t) ? NULL : e->machine,
        .today = t->call.today,
    };
    if (behalf_is_person(e->on_behalf_of)) {
        char *name = arena_strdup(&t->arena, e->on_behalf_of + 1);
        if (name == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        char *slash = strchr(name, '/');
        if (slash != NULL) {
            *slash = '\0';
            query.stands_org = slash + 1;
        }
        query.stands_for = name;
    } else {
        query.behalf = e->on_behalf_of;
    }
    return principal_queue_read(q, &query, &t->record);
}

enum status
turn_queue_identity(struct turn *t, struct db_queue *q)
{
    const Pb__CallRequest *e = t->job->envelope;
    if (t->tenant == NULL && e->tenant != NULL && e->tenant[0] != '\0') {
        return refuse(t, fault_set(&t->call.fault, STATUS_NOT_FOUND, "TENANT_UNKNOWN",
                                   "没有代码为 %.64s 的租户，请核对配置。", e->tenant));
    }
    if (has_session(t) && e->session == NULL) {
        return refuse(
            t, fault_set(&t->call.fault, STATUS_UNAUTHENTICATED, "SESSION_REQUIRED", "请先登录。"));
    }
    if (t->tenant != NULL && turn_is_command(t) && atomic_load(&t->tenant->went_back)) {
        return refuse(t, fault_set(&t->call.fault, STATUS_UNAVAILABLE, "LOG_WENT_BACK",
                                   "服务器的数据库像是被恢复到了更早的时间，已停止办理："
                                   "请联系管理员作恢复声明（rectifyd restored）。"));
    }
    if (t->tenant == NULL || t->job->system) {
        return STATUS_OK;
    }
    enum method_auth auth = t->call.handler->auth;
    enum status s = db_queue_scope(q, t->tenant->id, false, NULL, NULL);
    if (s == STATUS_OK && auth != AUTH_PUBLIC) {
        s = queue_principal(t, q);
    }
    if (s == STATUS_OK && turn_is_command(t)) {
        s = queue_key(t, q);
    }
    return s;
}

/* ---- who, and may they ---- */

static void
answer_replay(struct turn *t)
{
    const struct idempotency_record *known = &t->known;
    if (strcmp(known->method, t->call.handler->method) != 0 ||
        !secret_equal(known->request_sha256, t->request_sha256, sizeof t->request_sha256)) {
        t->store = false;
        refuse(t, fault_set(&t->call.fault, STATUS_INVALID_ARGUMENT, "KEY_REUSED",
                            "这个幂等键已用于另一个请求：新的操作请用新的键。"));
        return;
    }
    Pb__CallReply *stored = call_stored_reply(&t->call, known->reply, known->reply_size);
    if (stored == NULL) {
        refuse(t, fault_set(&t->call.fault, STATUS_DATA_LOSS, "STORED_REPLY",
                            "已存的答复读不出来，请联系管理员。"));
        return;
    }
    t->reply = stored;
    t->reply->has_replayed = 1;
    t->reply->replayed = 1;
    t->stage = TURN_REPLAY;
}

void
turn_identify(struct turn *t)
{
    if (t->stage == TURN_REFUSED) {
        return;
    }
    enum status s = authn_check(t);
    bool known_caller = s == STATUS_OK || s == STATUS_PERMISSION_DENIED || s == STATUS_NOT_FOUND;
    if (has_session(t)) {
        t->principal_id = t->record.account_id;
        t->who.session_sha256 = t->session_sha256;
        t->touch_session = known_caller && t->call.now_ms - t->record.used_ms > SESSION_TOUCH_MS;
    }
    bool secret = (t->call.handler->flags & HANDLER_SECRET) != 0 && !has_session(t);
    t->store =
        turn_is_command(t) && known_caller && !secret && !t->job->system && t->principal_id != NULL;
    if (s == STATUS_OK && t->who.machine_id != NULL && t->d->on_authenticated != NULL) {
        t->d->on_authenticated(t->d->on_authenticated_ctx, t->job->to.handle, t->who.machine_id);
    }
    if (s != STATUS_OK) {
        /* A key that has its answer keeps it, whoever may do what by now. */
        t->store = t->store && t->known.method == NULL;
        refuse(t, s);
    } else if (t->store && t->known.method != NULL) {
        answer_replay(t);
    } else {
        t->stage = t->call.handler->load == NULL ? TURN_LOADED : TURN_LOADING;
    }
}

/* ---- load and decide ---- */

/* For a unit (代报) the office writes what a unit may, no more. */
static enum status
queue_scope(struct turn *t, struct db_queue *q)
{
    const struct principal *who = &t->who;
    const struct db_scope scope = {
        .tenant = who->tenant,
        .sees_all = who->sees_all,
        .orgs = who->orgs,
        .account = who->account_id,
        .roles = who->behalf ? (ROLE_UNIT | ROLE_PART) : who->roles,
    };
    return db_queue_scope_as(q, &scope);
}

enum status
turn_load(struct turn *t, struct db_queue *q)
{
    if (t->call.round >= LOAD_ROUNDS_MAX) {
        return refuse(t, fault_set(&t->call.fault, STATUS_INTERNAL, "LOAD_ROUNDS",
                                   "读取次数超过上限，请联系管理员。"));
    }
    if (t->who.tenant != 0) {
        enum status s = queue_scope(t, q);
        if (s != STATUS_OK) {
            return s;
        }
    }
    int s = t->call.handler->load(&t->call, q);
    t->call.round++;
    if (s == STATUS_OK) {
        t->stage = TURN_LOADED;
    } else if (s != CALL_MORE) {
        return refuse(t, (enum status)s);
    }
    return STATUS_OK;
}

static enum status
reply_payload(struct turn *t)
{
    const struct fault ok = {.code = STATUS_OK};
    t->reply = reply_make(&t->arena, &ok);
    if (t->reply != NULL) {
        t->reply->acting_as = wire_text(t->who.acting_as);
    }
    const ProtobufCMessage *message = t->call.reply;
    if (message == NULL || message->descriptor != t->call.handler->reply) {
        return fault_set(&t->call.fault, STATUS_INTERNAL, "REPLY_MISSING",
                         "方法 %s 没有给出答复，请联系管理员。", t->call.handler->method);
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    bool too_large = size > LIMIT_PAYLOAD_BYTES;
    if (turn_is_command(t) && size > LIMIT_REPLY_STORED_BYTES) {
        /* Without an event nothing was done: a replay may compute it again. */
        too_large = too_large || !t->call.no_event;
        t->store = false;
    }
    unsigned char *bytes = too_large ? NULL : arena_alloc(&t->arena, size);
    if (t->reply == NULL || bytes == NULL) {
        return fault_set(&t->call.fault, STATUS_INTERNAL, "REPLY_TOO_LARGE",
                         "答复过大（%zu 字节），请缩小范围后重试。", size);
    }
    protobuf_c_message_pack(message, bytes);
    t->reply->has_payload = 1;
    t->reply->payload.data = bytes;
    t->reply->payload.len = size;
    return STATUS_OK;
}

/* A command knows the number of its receipt, so that it can keep it with what it writes. */
static enum status
number_receipt(struct turn *t)
{
    enum method_kind kind = t->call.handler->kind;
    if (kind == METHOD_QUERY || kind == METHOD_PARKED) {
        return STATUS_OK;
    }
    struct ymd today = day_to_ymd(t->call.today);
    t->call.receipt_number = arena_printf(&t->arena, "%04d-%02d-%08" PRId64, today.year,
                                          today.month, t->known.receipt_number);
    return t->call.receipt_number == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

void
turn_decide(struct turn *t)
{
    enum status s = number_receipt(t);
    if (s == STATUS_OK) {
        s = t->call.handler->decide(&t->call);
    }
    if (s == STATUS_OK && t->call.park) {
        return; /* the query runner parks it */
    }
    if (s == STATUS_OK) {
        s = reply_payload(t);
    }
    if (s == STATUS_OK) {
        t->stage = TURN_DECIDED;
        return;
    }
    refuse(t, s);
    if (s == STATUS_INTERNAL) {
        log_fault(LOG_LEVEL_ERROR, "call.internal", &t->call.fault);
    }
}

/* ---- writes ---- */

void
turn_make_reply(struct turn *t)
{
    if (t->stage == TURN_REFUSED) {
        t->reply = reply_make(&t->arena, &t->call.fault);
    }
}

enum status
turn_add_answer(struct turn *t, struct records *records)
{
    size_t size = pb__call_reply__get_packed_size(t->reply);
    unsigned char *bytes = arena_alloc(&t->arena, size);
    if (bytes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__call_reply__pack(t->reply, bytes);
    bool left_event = t->stage == TURN_DECIDED && !t->call.no_event;
    const struct idempotency_answer answer = {
        .principal = t->principal_id,
        .key = t->job->envelope->idempotency_key,
        .method = t->call.handler->method,
        .request_sha256 = t->request_sha256,
        .reply = bytes,
        .reply_size = size,
        .event_id = left_event ? t->call.event_id : NULL,
        .now_ms = t->call.now_ms,
    };
    return idempotency_rows_add(&records->answers, records->arena, &answer)
               ? STATUS_OK
               : STATUS_RESOURCE_EXHAUSTED;
}

static enum status
queue_effects(struct turn *t, struct db_queue *q, struct records *records)
{
    enum status s = STATUS_OK;
    bool decided = t->stage == TURN_DECIDED;
    if ((decided || t->call.keep_effects) && t->call.handler->effects != NULL) {
        s = t->call.handler->effects(&t->call, q);
    }
    if (s == STATUS_OK && decided && !t->call.no_event) {
        s = record_event(t, records, &t->reply->receipt);
    }
    return s;
}

static enum status
queue_bookkeeping(struct turn *t, struct db_queue *q, struct records *records)
{
    if (t->touch_session) {
        enum status s = principal_queue_touch(q, t->tenant->id, t->session_sha256, t->call.now_ms);
        if (s != STATUS_OK) {
            return s;
        }
    }
    if (t->stage == TURN_REPLAY) {
        return idempotency_queue_replay(q, t->tenant->id, t->principal_id,
                                        t->job->envelope->idempotency_key);
    }
    bool refused = t->stage == TURN_REFUSED;
    if (refused && (t->call.keep_effects || !status_is_final(t->call.fault.code))) {
        t->store = false;
    }
    if (!t->store || t->d->config.broken_idempotency) {
        return STATUS_OK;
    }
    return turn_add_answer(t, records);
}

/* A call without effects of its own needs no scope for its writes. */
static bool
has_own_writes(const struct turn *t)
{
    bool effects = t->stage == TURN_DECIDED || t->call.keep_effects;
    return (effects && t->call.handler->effects != NULL) || t->stage == TURN_REPLAY ||
           t->touch_session;
}

enum status
turn_queue_writes(struct turn *t, struct db_queue *q, struct records *records)
{
    turn_make_reply(t);
    if (t->reply == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    if (t->tenant == NULL || t->who.tenant == 0) {
        return STATUS_OK; /* never identified: nothing is kept */
    }
    enum status s = STATUS_OK;
    if (has_own_writes(t)) {
        s = queue_scope(t, q);
    }
    if (s == STATUS_OK) {
        s = queue_effects(t, q, records);
    }
    return s == STATUS_OK ? queue_bookkeeping(t, q, records) : s;
}
