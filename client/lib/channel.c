#include "client/lib/channel.h"
#include "client/lib/cache.h"
#include "client/lib/channel_impl.h"
#include "client/lib/envelope.h"
#include "client/lib/file.h"
#include "client/lib/heads.h"
#include "client/lib/receipt_check.h"
#include "client/lib/retry.h"
#include "client/lib/session.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/wirecheck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Packed request, frame and reply of one attempt. */
#define SCRATCH_BYTES (4 * LIMIT_FRAME_BYTES)
/* The last attempt gets this long even when less is left: a shorter one is bound to fail. */
#define ATTEMPT_MIN_MS 200
/* A difference of clocks that is no more than the way of the answer is not kept anew. */
#define CLOCK_KEEP_MS 10000

static void
sleep_ms(uint32_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

enum status
rectify_channel_key_load(struct rectify_channel *channel, struct fault *f)
{
    const char *path = channel->options.profile->machine_key;
    channel->has_key = false;
    if (path == NULL || !rectify_file_exists(path)) {
        return STATUS_OK;
    }
    enum status status = ledger_key_load(path, &channel->key, f);
    channel->has_key = status == STATUS_OK;
    return status;
}

/* What was never saved stays empty; what is damaged is a fault. */
static enum status
missing_is_fine(enum status status)
{
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status
state_load(struct rectify_channel *channel, struct fault *f)
{
    const struct rectify_profile *profile = channel->options.profile;
    enum status status = rectify_state_ledger_load(profile->state, &channel->ledger, f);
    channel->has_ledger = status == STATUS_OK;
    status = missing_is_fine(status);
    if (status == STATUS_OK) {
        status = missing_is_fine(rectify_state_head_load(profile->state, &channel->head, f));
    }
    if (status == STATUS_OK) {
        status = missing_is_fine(rectify_state_machine_load(profile->state, channel->machine, f));
    }
    if (status == STATUS_OK) {
        status = missing_is_fine(rectify_state_session_load(profile->state, &channel->session, f));
    }
    if (rectify_state_clock_load(profile->state, &channel->clock_offset_ms, NULL) != STATUS_OK) {
        channel->clock_offset_ms = 0; /* learnt anew from the next answer */
    }
    if (profile->account != NULL && strcmp(channel->session.account, profile->account) != 0) {
        channel->session = (struct rectify_session){.expires_at_ms = 0};
    }
    return status;
}

static enum status
transport_open(struct rectify_channel *channel, struct fault *f)
{
    const struct rectify_profile *profile = channel->options.profile;
    struct rpc_client_config config = {
        .url = profile->server,
        .server_name = profile->server_name,
        .tls = {.ca_file = profile->ca, .cert_file = profile->cert, .key_file = profile->key},
    };
    if (channel->options.door) {
        if (profile->onboard == NULL || profile->ca == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_INCOMPLETE",
                             "配置“%s”要写明 onboard（开通端口）和 ca。", profile->file);
        }
        config.url = profile->onboard;
        config.tls.cert_file = NULL;
        config.tls.key_file = NULL;
        return rpc_client_open(&config, &channel->client, f);
    }
    bool tls = strncmp(profile->server, "tls", 3) == 0;
    if (tls && (profile->ca == NULL || profile->cert == NULL || profile->key == NULL)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_INCOMPLETE",
                         "配置“%s”要写明 ca、cert 和 key 三个证书文件。", profile->file);
    }
    return rpc_client_open(&config, &channel->client, f);
}

enum status
rectify_channel_open(const struct rectify_channel_options *options,
                     struct rectify_channel **ret_channel, struct fault *f)
{
    unsigned char seed[16];
    struct rectify_channel *channel = calloc(1, sizeof *channel);
    if (channel == NULL) {
        return fault_memory(f);
    }
    channel->options = *options;
    arena_init(&channel->last, SCRATCH_BYTES);
    secret_random(seed, sizeof seed);
    uuid7_source_init(&channel->ids, now_wall_ms(), seed);
    enum status status = rectify_channel_key_load(channel, f);
    if (status == STATUS_OK) {
        status = state_load(channel, f);
    }
    if (status == STATUS_OK) {
        status = transport_open(channel, f);
    }
    if (status != STATUS_OK) {
        rectify_channel_free(channel);
        return status;
    }
    *ret_channel = channel;
    return STATUS_OK;
}

void
rectify_channel_free(struct rectify_channel *channel)
{
    if (channel == NULL) {
        return;
    }
    rpc_client_free(channel->client);
    ledger_key_clear(&channel->key);
    arena_release(&channel->last);
    secret_wipe(&channel->session, sizeof channel->session);
    free(channel);
}

void
rectify_channel_cancel(struct rectify_channel *channel)
{
    rpc_client_cancel(channel->client);
}

const struct rectify_outcome *
rectify_channel_outcome(const struct rectify_channel *channel)
{
    return &channel->outcome;
}

void
rectify_channel_key_make(struct rectify_channel *channel, char ret_key[UUID_TEXT_SIZE])
{
    channel->ids.now_ms = now_wall_ms();
    uuid7_next(&channel->ids, ret_key);
}

/* The receipt of a reply as a copy in the arena; whole, ours, and signed by the log's key. */
static enum status
receipt_accept(struct rectify_channel *channel, struct arena *a, const Pb__Receipt *receipt,
               const Pb__Receipt **ret_receipt, struct fault *f)
{
    unsigned char *bytes = NULL;
    size_t n = 0;
    ProtobufCMessage *copy = NULL;
    const struct receipt_claim claim = {.tenant = channel->options.profile->tenant,
                                        .key = channel->outcome.key,
                                        .ledger = channel->has_ledger ? &channel->ledger : NULL};
    enum status status = receipt_check(receipt, &claim, f);
    if (status == STATUS_OK) {
        status = wire_pack(a, &receipt->base, &bytes, &n);
    }
    if (status == STATUS_OK) {
        status = wire_unpack(a, &pb__receipt__descriptor, bytes, n, &copy, f);
    }
    *ret_receipt = (const Pb__Receipt *)copy;
    return status;
}

/* How far the server's clock is ahead: what is signed states the time by that clock. */
static void
clock_learn(struct rectify_channel *channel, const Pb__CallReply *reply)
{
    if (!reply->has_server_time_ms || reply->server_time_ms <= 0) {
        return;
    }
    int64_t offset = reply->server_time_ms - now_wall_ms();
    int64_t change = offset - channel->clock_offset_ms;
    if (change > CLOCK_KEEP_MS || change < -CLOCK_KEEP_MS) {
        channel->clock_offset_ms = offset;
        /* Not kept: learnt again next time. */
        (void)!rectify_state_clock_save(channel->options.profile->state, offset, NULL);
    }
}

/* When the command was given, by the server's clock as far as this machine knows it; never later
 * than now, should this machine's clock have been set back since. */
static int64_t
stated_time(const struct rectify_channel *channel, const struct rectify_request *request)
{
    int64_t now = now_wall_ms();
    int64_t given =
        request->given_at_ms != 0 && request->given_at_ms < now ? request->given_at_ms : now;
    return given + channel->clock_offset_ms;
}

/* A good reply: receipt, head, message. Looking at the head may ask the server, which ends the life
 * of the reply: it comes last. */
static enum status
reply_accept(struct rectify_channel *channel, struct arena *a, const Pb__CallReply *reply,
             const struct rectify_method *method, struct rectify_answer *ret_answer,
             struct fault *f)
{
    struct rectify_answer answer = {.replayed = reply->has_replayed && reply->replayed,
                                    .server_time_ms = reply->server_time_ms,
                                    .server_version = arena_strdup(a, reply->server_version)};
    enum status status = envelope_message(a, reply, method->reply, &answer.message, f);
    if (status == STATUS_OK && reply->receipt != NULL) {
        status = receipt_accept(channel, a, reply->receipt, &answer.receipt, f);
    }
    if (status == STATUS_OK && answer.receipt != NULL && answer.receipt->head != NULL) {
        status = heads_take(channel, answer.receipt->head, answer.replayed, f);
    }
    channel->outcome.unknown = method->command && status != STATUS_OK;
    if (status == STATUS_OK) {
        *ret_answer = answer;
    }
    return status;
}

/* One attempt: frame, send, wait, envelope. *ret_reply lives in channel->last. */
static enum status
attempt_once(struct rectify_channel *channel, const struct envelope *envelope, uint32_t timeout_ms,
             const Pb__CallReply **ret_reply, struct fault *f)
{
    struct envelope_frame frame;
    struct rpc_reply bytes = {.bytes = NULL};
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES);
    enum status status = envelope_pack(channel, &scratch, envelope, timeout_ms, &frame, f);
    if (status == STATUS_OK) {
        status = rpc_client_call(channel->client, frame.bytes, frame.n, timeout_ms, &bytes, f);
    }
    if (status == STATUS_OK) {
        arena_release(&channel->last);
        arena_init(&channel->last, SCRATCH_BYTES);
        status = envelope_unpack(&channel->last, bytes.bytes, bytes.n, frame.call_id, ret_reply, f);
    }
    if (status == STATUS_OK) {
        clock_learn(channel, *ret_reply);
    }
    rpc_reply_clear(&bytes);
    arena_release(&scratch);
    return status;
}

/* How long the next attempt may take. */
static uint32_t
attempt_timeout(const struct rectify_request *request, int64_t left_ms)
{
    uint32_t timeout = request->timeout_ms != 0 ? request->timeout_ms : LIMIT_CALL_DEFAULT_MS;
    if ((int64_t)timeout > left_ms) {
        timeout = left_ms > ATTEMPT_MIN_MS ? (uint32_t)left_ms : ATTEMPT_MIN_MS;
    }
    return timeout <= LIMIT_CALL_MAX_MS ? timeout : LIMIT_CALL_MAX_MS;
}

static int64_t
overall_deadline(const struct rectify_channel *channel, const struct rectify_request *request)
{
    int64_t total =
        channel->options.deadline_ms != 0 ? channel->options.deadline_ms : RECTIFY_DEADLINE_MS;
    if ((int64_t)request->timeout_ms > total) {
        total = request->timeout_ms; /* a long call gets its one attempt */
    }
    return now_steady_ms() + total;
}

/* The refusal of a stated time has just taught the server's: once, the same goes again with it. */
static bool
skew_mended(const struct rectify_channel *channel, struct envelope *envelope,
            const struct fault *why)
{
    int64_t stated = stated_time(channel, envelope->request);
    if (strcmp(why->reason, "CLOCK_SKEW") != 0 || envelope->skew_mended) {
        return false;
    }
    envelope->skew_mended = true;
    envelope->queued_at_ms = stated;
    return true;
}

/* Sends until there is an answer that is final, or no time left. */
static enum status
attempts_run(struct rectify_channel *channel, struct envelope *envelope,
             const Pb__CallReply **ret_reply, struct fault *f)
{
    int64_t deadline = overall_deadline(channel, envelope->request);
    struct fault why = {.code = STATUS_OK};
    for (unsigned number = 0;; number++) {
        int64_t left = deadline - now_steady_ms();
        uint32_t timeout = attempt_timeout(envelope->request, left);
        const Pb__CallReply *reply = NULL;
        why = (struct fault){.code = STATUS_OK};
        enum status status = attempt_once(channel, envelope, timeout, &reply, &why);
        bool from_server = status == STATUS_OK;
        if (from_server) {
            status = envelope_status(reply, &why);
        }
        channel->outcome.attempts = number + 1;
        if (status == STATUS_OK) {
            *ret_reply = reply;
            channel->outcome.unknown = false;
            return STATUS_OK;
        }
        why.code = status;
        struct rectify_attempt attempt = {.number = number,
                                          .from_server = from_server,
                                          .command = envelope->method.command,
                                          .left_ms = deadline - now_steady_ms()};
        uint32_t random = 0;
        uint32_t wait = 0;
        secret_random(&random, sizeof random);
        bool again = skew_mended(channel, envelope, &why) ||
                     rectify_retry_decide(&attempt, &why, random, &wait);
        channel->outcome.unknown |= rectify_retry_maybe_executed(&attempt, &why);
        if (!again) {
            if (from_server) {
                channel->outcome.violation_count = reply->status->n_violations;
                channel->outcome.violations = reply->status->violations;
            }
            break;
        }
        if (channel->options.on_retry != NULL) {
            channel->options.on_retry(channel->options.user, &why, wait);
        }
        sleep_ms(wait);
    }
    if (f != NULL) {
        *f = why;
    }
    return why.code;
}

/* A final refusal settles what happened to earlier attempts: the same key gives the same answer. */
static void
outcome_settle(struct rectify_outcome *outcome, enum status status)
{
    switch (status) {
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE_EXCEEDED:
    case STATUS_RESOURCE_EXHAUSTED:
    case STATUS_UNKNOWN:
    case STATUS_CANCELLED:
    case STATUS_DATA_LOSS:
    case STATUS_UNAUTHENTICATED: /* refused at the door, before the key was looked at */
        return;
    default:
        outcome->unknown = false;
    }
}

enum status
rectify_channel_send(struct rectify_channel *channel, struct arena *a,
                     const struct rectify_request *request, struct rectify_answer *ret_answer,
                     struct fault *f)
{
    const Pb__CallReply *reply = NULL;
    struct arena scratch;
    struct envelope envelope = {.queued_at_ms = stated_time(channel, request)};
    channel->outcome = (struct rectify_outcome){.unknown = false};
    enum status status = rectify_method_find(request->method, &envelope.method, f);
    if (status == STATUS_OK && envelope.method.machine) { /* not what the log is proven by */
        status = heads_admit(channel, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (request->key != NULL && !uuid_text_valid(request->key)) {
        return fault_set_field(f, "idempotency_key", "KEY_MALFORMED",
                               "办理编号“%s”不对：要照上次显示的原样填写。", request->key);
    }
    if (envelope.method.command && request->key == NULL) {
        rectify_channel_key_make(channel, channel->outcome.key);
    } else if (envelope.method.command) {
        memcpy(channel->outcome.key, request->key, UUID_TEXT_SIZE);
    }
    envelope.key = channel->outcome.key;
    arena_init(&scratch, SCRATCH_BYTES);
    status = envelope_prepare(&scratch, request, &envelope, f);
    if (status == STATUS_OK) {
        heads_reload(channel);
        status = attempts_run(channel, &envelope, &reply, f);
        outcome_settle(&channel->outcome, status);
    }
    if (status == STATUS_OK) {
        status = reply_accept(channel, a, reply, &envelope.method, ret_answer, f);
    }
    arena_release(&scratch);
    return status;
}

/* What was unknown before the call was made again stays so, unless that settled it. */
static void
outcome_carry(struct rectify_channel *channel, bool unknown, enum status status)
{
    struct rectify_outcome before = {.unknown = unknown};
    outcome_settle(&before, status);
    channel->outcome.unknown |= before.unknown && status != STATUS_OK;
}

/* Logs in from the profile's password file. */
static enum status
login_quietly(struct rectify_channel *channel, struct fault *f)
{
    struct arena a;
    char *password = NULL;
    Pb__LoginReply *reply = NULL;
    arena_init(&a, SCRATCH_BYTES);
    enum status status = rectify_password_read(channel->options.profile, &a, &password, f);
    if (status == STATUS_NOT_FOUND && channel->options.profile->password_file == NULL) {
        status = fault_set(f, STATUS_UNAUTHENTICATED, "NOT_LOGGED_IN",
                           "还没有登录，或登录已失效：请先运行 rectify login。");
    }
    if (status == STATUS_OK) {
        status = rectify_login(channel, &a, password, &reply, f);
        secret_wipe(password, strlen(password));
    }
    arena_release(&a);
    return status;
}

static bool
session_has_ended(enum status status, const struct fault *f)
{
    return status == STATUS_UNAUTHENTICATED && strncmp(f->reason, "SESSION", 7) == 0;
}

/* The call itself, logging in where that is needed. */
static enum status
call_online(struct rectify_channel *channel, struct arena *a, const struct rectify_method *kind,
            const struct rectify_request *request, struct rectify_answer *ret_answer,
            struct fault *f)
{
    const struct rectify_method method = *kind;
    enum status status = STATUS_OK;
    struct fault why = {.code = STATUS_OK};
    if (method.machine && (channel->machine[0] == '\0' || !channel->has_key)) {
        return fault_set(f, STATUS_UNAUTHENTICATED, "MACHINE_NOT_ENROLLED",
                         "本机还没有开通：请向管理员要一个开通码，运行 rectify machine enrol "
                         "--code-file 文件。");
    }
    if (method.session && channel->session.token[0] == '\0') {
        status = login_quietly(channel, f);
        if (status != STATUS_OK) {
            channel->outcome = (struct rectify_outcome){.unknown = false}; /* it was the login's */
            return status;
        }
    }
    status = rectify_channel_send(channel, a, request, ret_answer, &why);
    if (method.session && session_has_ended(status, &why) &&
        channel->options.profile->password_file != NULL) {
        channel->session = (struct rectify_session){.expires_at_ms = 0};
        struct rectify_request again = *request;
        bool unknown = channel->outcome.unknown; /* an earlier attempt may have got through */
        char key[UUID_TEXT_SIZE];
        if (method.command) {
            memcpy(key, channel->outcome.key, sizeof key);
            again.key = key;
        }
        status = login_quietly(channel, &why);
        if (status == STATUS_OK) {
            status = rectify_channel_send(channel, a, &again, ret_answer, &why);
            outcome_carry(channel, unknown, status);
        } else if (method.command) {
            memcpy(channel->outcome.key, key, sizeof key);
            channel->outcome.unknown = unknown;
        }
    }
    if (status != STATUS_OK && f != NULL) {
        *f = why;
    }
    return status;
}

/* ---- answers for when the line is down ---- */

/* Whose answers: one who stands in for another sees what that one sees. */
static const char *
reader(const struct rectify_channel *channel, struct arena *a)
{
    const char *account = channel->options.profile->account;
    const char *whom = channel->options.on_behalf_of;
    account = account != NULL ? account : channel->session.account;
    return whom != NULL && whom[0] == '@' ? arena_printf(a, "%s %s", account, whom) : account;
}

static bool
line_has_failed(enum status status)
{
    return status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE_EXCEEDED;
}

static bool
cached_get(struct rectify_channel *channel, struct arena *a, const struct rectify_request *request,
           struct rectify_answer *ret_answer)
{
    struct rectify_answer answer = {.message = NULL};
    const char *account = reader(channel, a);
    if (account == NULL ||
        rectify_cache_get(channel->options.cache, a, account, request, &answer.message,
                          &answer.cached_at_ms, NULL) != STATUS_OK) {
        return false;
    }
    *ret_answer = answer;
    return true;
}

bool
rectify_refusal_is_the_line(const struct fault *why, int64_t *since_ms)
{
    if (strcmp(why->reason, "TLS_CLIENT_REFUSED") != 0) {
        return false;
    }
    int64_t now_ms = now_steady_ms();
    if (*since_ms == 0) {
        *since_ms = now_ms;
    }
    return now_ms - *since_ms < LIMIT_REFUSAL_MS;
}

void
rectify_channel_deadline_set(struct rectify_channel *channel, uint32_t deadline_ms)
{
    channel->options.deadline_ms = deadline_ms;
}

bool
rectify_channel_offline(const struct rectify_channel *channel)
{
    return channel->offline;
}

enum status
rectify_call(struct rectify_channel *channel, struct arena *a,
             const struct rectify_request *request, struct rectify_answer *ret_answer,
             struct fault *f)
{
    struct rectify_method method;
    channel->outcome = (struct rectify_outcome){.unknown = false};
    enum status status = rectify_method_find(request->method, &method, f);
    if (status != STATUS_OK) {
        return status;
    }
    bool cached = channel->options.cache != NULL && !method.command;
    bool offline = cached && channel->options.offline_reads;
    if (offline && channel->offline && cached_get(channel, a, request, ret_answer)) {
        return STATUS_OK;
    }
    status = call_online(channel, a, &method, request, ret_answer, f);
    if (offline && line_has_failed(status)) {
        channel->offline = true;
        return cached_get(channel, a, request, ret_answer) ? STATUS_OK : status;
    }
    if (cached && status == STATUS_OK) {
        const char *account = reader(channel, a);
        channel->offline = false;
        if (account != NULL) {
            rectify_cache_put(channel->options.cache, account, request, ret_answer->message);
        }
    }
    return status;
}
