#include "client/lib/onboard.h"
#include "client/lib/file.h"
#include "client/lib/state.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/code.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/certificate.h"
#include "proto/rpc/client.h"
#include "proto/rpc/wirecheck.h"

#include <ctype.h>
#include <rectify/v1/common.pb-c.h>
#include <rectify/v1/onboard.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCRATCH_BYTES (2 * LIMIT_FRAME_BYTES)
enum {
    FINGERPRINT_MIN = 32,
    FINGERPRINT_MAX = 64,
    CALL_MS = 15000,
    FOLDER_HEX = 16,
    PAPER_BYTES = 16384,
    CERTIFICATE_BYTES = 65536
};

/* ---- the paper ---- */

/* "HOST:PORT" or "tls+tcp://HOST:PORT" as a URL; NULL when it is neither. */
static char *
url_of(struct arena *a, const char *address)
{
    const char *bare = strncmp(address, "tls+tcp://", 10) == 0 ? address + 10 : address;
    const char *colon = strrchr(bare, ':');
    char *end = NULL;
    long port = colon == NULL ? 0 : strtol(colon + 1, &end, 10);
    if (colon == NULL || colon == bare || end == colon + 1 || *end != '\0' || port < 1 ||
        port > 65535 || strpbrk(bare, " /\t") != NULL) {
        return NULL;
    }
    return arena_printf(a, "tls+tcp://%s", bare);
}

/* The hex digits of what was typed. False when there are others, too few or too many. */
static bool
fingerprint_read(const char *text, char ret_hex[FINGERPRINT_MAX + 1])
{
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(" :-\t\r\n", *p) != NULL) {
            continue;
        }
        if (!isxdigit((unsigned char)*p) || n == FINGERPRINT_MAX) {
            return false;
        }
        ret_hex[n++] = (char)tolower((unsigned char)*p);
    }
    ret_hex[n] = '\0';
    return n >= FINGERPRINT_MIN;
}

enum status
rectify_onboard_paper_check(const struct rectify_onboard_paper *paper, struct fault *f)
{
    char plain[CODE_SIZE];
    char hex[FINGERPRINT_MAX + 1];
    struct arena a;
    arena_init(&a, 4096);
    bool good = strlen(paper->address) < 512 && url_of(&a, paper->address) != NULL;
    arena_release(&a);
    if (!good) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ONBOARD_ADDRESS",
                         "地址“%.80s”不对：照开通单写成 主机:端口，例如 10.1.2.3:7444。",
                         paper->address);
    }
    if (!fingerprint_read(paper->ca_sha256, hex)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FINGERPRINT_FORM",
                         "指纹不对：应是 0-9、a-f 的字符，至少 %d 个（可以只写前一半），空格不计。"
                         "请对照开通单再输一次。",
                         FINGERPRINT_MIN);
    }
    enum status s = code_read(paper->code, plain, f);
    secret_wipe(plain, sizeof plain);
    return s;
}

static char *
trim(char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL) {
        text[--n] = '\0';
    }
    return text;
}

/* Keeps the value of a known key; false for a line that is none. */
static bool
paper_line(char *line, struct rectify_onboard_paper *paper)
{
    char *text = trim(line);
    char *equals = strchr(text, '=');
    if (text[0] == '\0' || text[0] == '#') {
        return true;
    }
    if (equals == NULL) {
        return false;
    }
    *equals = '\0';
    const char *key = trim(text);
    const char *value = trim(equals + 1);
    struct {
        const char *key;
        const char **place;
    } const keys[] = {{"address", &paper->address},
                      {"code", &paper->code},
                      {"ca_sha256", &paper->ca_sha256},
                      {"server_name", &paper->server_name}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].key, key) == 0) {
            *keys[i].place = value;
        }
    }
    return true; /* a newer program may say more */
}

enum status
rectify_onboard_paper_read(struct arena *a, const char *path,
                           struct rectify_onboard_paper *ret_paper, struct fault *f)
{
    char *text = NULL;
    size_t n = 0;
    unsigned number = 1;
    struct rectify_onboard_paper paper = {.address = NULL};
    enum status s = rectify_file_read(a, path, PAPER_BYTES, &text, &n, f);
    if (s != STATUS_OK) {
        return s;
    }
    for (char *line = text; line != NULL; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        if (!paper_line(line, &paper)) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "ONBOARD_FILE",
                             "“%s”第 %u 行不是“名称 = 值”：请用开通单旁边的 .onboard 文件原件。",
                             path, number);
        }
        line = end != NULL ? end + 1 : NULL;
    }
    if (paper.address == NULL || paper.code == NULL || paper.ca_sha256 == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "ONBOARD_FILE",
                         "“%s”里没有写全 address、code 和 ca_sha256：请用开通单旁边的 .onboard "
                         "文件原件。",
                         path);
    }
    *ret_paper = paper;
    return STATUS_OK;
}

/* ---- what the server says of itself ---- */

struct onboarding {
    const struct rectify_onboard_ask *ask;
    const struct rectify_onboard_paper *paper;
    struct arena *a;
    const char *url;
    char hex[FINGERPRINT_MAX + 1];
    char *folder;
    struct rectify_profile profile; /* of the door */
    int64_t clock_difference_ms;
    struct rectify_channel *channel;
};

/* GetAuthority over a connection that checks nothing: the answer is worth nothing yet. */
static enum status
authority_ask(struct onboarding *o, const Pb__GetAuthorityReply **ret, int64_t *ret_server_ms,
              struct fault *f)
{
    struct rpc_client_config config = {.url = o->url, .unchecked = true};
    Pb__CallRequest call = PB__CALL_REQUEST__INIT;
    struct rpc_client *client = NULL;
    struct rpc_reply bytes = {.bytes = NULL};
    unsigned char *frame = NULL;
    size_t n = 0;
    ProtobufCMessage *message = NULL;
    call.method = wire_text("rectify.v1.OnboardService/GetAuthority");
    call.has_payload = true;
    enum status s = wire_pack(o->a, &call.base, &frame, &n);
    if (s == STATUS_OK) {
        s = rpc_client_open(&config, &client, f);
    }
    if (s == STATUS_OK) {
        s = rpc_client_call(client, frame, n, CALL_MS, &bytes, f);
    }
    if (s == STATUS_OK) {
        s = wire_unpack(o->a, &pb__call_reply__descriptor, bytes.bytes, bytes.n, &message, f);
    }
    rpc_reply_clear(&bytes);
    rpc_client_free(client);
    if (s != STATUS_OK) {
        return s;
    }
    const Pb__CallReply *reply = (const Pb__CallReply *)message;
    if (reply->status != NULL && reply->status->code != STATUS_OK) {
        return fault_set(f, (enum status)reply->status->code,
                         reply->status->reason != NULL ? reply->status->reason : "REFUSED", "%s",
                         reply->status->message != NULL ? reply->status->message : "被拒绝。");
    }
    *ret_server_ms = reply->server_time_ms;
    s = wire_unpack(o->a, &pb__get_authority_reply__descriptor, reply->payload.data,
                    reply->payload.len, &message, f);
    *ret = (const Pb__GetAuthorityReply *)message;
    return s;
}

/* What a person can do about an answer that never came. */
static enum status
explain_ask(const struct onboarding *o, const struct fault *why, struct fault *f)
{
    if (strcmp(why->reason, "CONNECTION_LOST") == 0 ||
        strcmp(why->reason, "TLS_CLIENT_REFUSED") == 0) {
        return fault_set(f, STATUS_UNAVAILABLE, "ONBOARD_DOOR",
                         "连上了 %s，但对方不办理开通：请核对开通单上的地址和端口"
                         "（开通端口与平时的端口不同）。",
                         o->url);
    }
    if (f != NULL) {
        *f = *why;
    }
    return why->code;
}

static const char *
time_text(struct arena *a, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];
    localtime_r(&seconds, &tm);
    return strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm) == 0 ? "?" : arena_strdup(a, text);
}

/* Certificates are checked by this machine's clock: one that is far off is told by its name. */
static enum status
clock_check(struct onboarding *o, const char *pem, int64_t server_ms, struct fault *f)
{
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    int64_t now_ms = now_wall_ms();
    enum status s = certificate_span_ms(pem, &from_ms, &to_ms, f);
    o->clock_difference_ms = server_ms != 0 ? now_ms - server_ms : 0;
    if (s == STATUS_OK && (now_ms < from_ms || now_ms > to_ms)) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "CLOCK_WRONG",
                         "本机的时间是 %s，服务器是 %s，相差太多，没法核对证书：请先把本机的日期和"
                         "时间校准，再运行一次。",
                         time_text(o->a, now_ms), time_text(o->a, server_ms));
    }
    return s;
}

/* The authority whose fingerprint stands on the paper, kept as FOLDER/ca.pem. */
static enum status
authority_check(struct onboarding *o, struct fault *f)
{
    const Pb__GetAuthorityReply *said = NULL;
    int64_t server_ms = 0;
    char sha256[CERTIFICATE_SHA256_HEX_SIZE];
    struct fault why = {.code = STATUS_OK};
    enum status s = authority_ask(o, &said, &server_ms, &why);
    if (s != STATUS_OK) {
        why.code = s;
        return explain_ask(o, &why, f);
    }
    if (said->certificate == NULL || said->tenant == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的答复不完整。");
    }
    s = certificate_sha256(said->certificate, sha256, f);
    if (s == STATUS_OK && strncmp(sha256, o->hex, strlen(o->hex)) != 0) {
        return fault_set(f, STATUS_UNAUTHENTICATED, "FINGERPRINT_WRONG",
                         "%s 的指纹与开通单上的不一样，没有发送开通码。它出示的是 "
                         "%.32s：先核对指纹有没有输错；确实不一样的，可能连到了别的机器，"
                         "请立即报告管理员。",
                         o->url, sha256);
    }
    if (s == STATUS_OK) {
        s = clock_check(o, said->certificate, server_ms, f);
    }
    if (s == STATUS_OK) {
        s = rectify_file_replace(o->profile.ca, 0600, said->certificate, strlen(said->certificate),
                                 f);
    }
    o->profile.tenant = said->tenant;
    return s;
}

/* ---- onboarding ---- */

/* base/machines/HEX, named after the code: the same code finds its keys again. */
static enum status
folder_open(struct onboarding *o, struct fault *f)
{
    unsigned char hash[SECRET_HASH_BYTES];
    char plain[CODE_SIZE];
    enum status s = code_read(o->paper->code, plain, f);
    if (s != STATUS_OK) {
        return s;
    }
    secret_sha256(plain, strlen(plain), hash);
    secret_sha256(hash, sizeof hash, hash); /* the server keeps the first one */
    secret_wipe(plain, sizeof plain);
    char *hex = secret_hex_encode(o->a, hash, FOLDER_HEX / 2);
    char *path = hex == NULL ? NULL : arena_printf(o->a, "%s/machines/%s", o->ask->base, hex);
    if (path == NULL) {
        return fault_memory(f);
    }
    s = rectify_folder_make(path, 0700, f);
    char *real = s == STATUS_OK ? realpath(path, NULL) : NULL;
    o->folder = arena_strdup(o->a, real != NULL ? real : path);
    free(real);
    return s != STATUS_OK || o->folder != NULL ? s : fault_memory(f);
}

static enum status
profile_fill(struct onboarding *o, struct fault *f)
{
    struct rectify_profile *p = &o->profile;
    p->name = "onboard";
    p->file = o->folder;
    p->server = o->url;
    p->onboard = o->url;
    p->server_name = o->paper->server_name != NULL ? o->paper->server_name : "rectifyd";
    p->state = o->folder;
    p->ca = arena_printf(o->a, "%s/ca.pem", o->folder);
    p->machine_key = arena_printf(o->a, "%s/machine.key", o->folder);
    return p->ca != NULL && p->machine_key != NULL ? STATUS_OK : fault_memory(f);
}

static enum status
machine_key_ensure(const struct onboarding *o, struct fault *f)
{
    struct ledger_key key;
    if (rectify_file_exists(o->profile.machine_key)) {
        return STATUS_OK; /* the channel loads it, or says what is wrong with it */
    }
    enum status s = ledger_key_create(o->profile.machine_key, &key, f);
    if (s == STATUS_OK) {
        ledger_key_clear(&key);
    }
    return s;
}

/* Key and certificate are one file, put in place by one rename: they always belong together. */
static enum status
pair_write(struct arena *a, const char *path, const char *key_pem, const char *certificate,
           struct fault *f)
{
    if (certificate == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的答复里没有证书。");
    }
    enum status s = certificate_is_of(certificate, key_pem, f);
    char *text = arena_printf(a, "%s%s", key_pem, certificate);
    if (s == STATUS_OK && text == NULL) {
        s = fault_memory(f);
    }
    if (s == STATUS_OK) {
        s = rectify_file_replace(path, 0600, text, strlen(text), f);
    }
    if (text != NULL) {
        secret_wipe(text, strlen(text));
    }
    return s;
}

/* The doors as the checked server names them: the host we came by where it names none. */
static const char *
door_url(struct onboarding *o, const char *said, uint32_t port)
{
    const char *colon = strrchr(o->url, ':');
    const char *told = said != NULL ? url_of(o->a, said) : NULL;
    if (told != NULL) {
        return told;
    }
    return arena_printf(o->a, "%.*s:%u", (int)(colon - o->url), o->url, port);
}

/* The same question over the checked connection: now the answer counts. */
static enum status
authority_again(struct onboarding *o, struct rectify_onboarded *ret, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    struct rectify_answer answer;
    struct rectify_request request = {.method = "rectify.v1.OnboardService/GetAuthority",
                                      .message = &empty.base};
    enum status s = rectify_call(o->channel, o->a, &request, &answer, f);
    if (s != STATUS_OK) {
        return s;
    }
    const Pb__GetAuthorityReply *said = (const Pb__GetAuthorityReply *)answer.message;
    if (said->tenant == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的答复不完整。");
    }
    o->profile.tenant = said->tenant;
    ret->server = door_url(o, said->server, said->server_port);
    ret->onboard = said->onboard != NULL ? url_of(o->a, said->onboard) : NULL;
    ret->onboard = ret->onboard != NULL ? ret->onboard : o->url; /* we came by it */
    return ret->server != NULL ? STATUS_OK : fault_memory(f);
}

static void
result_fill(const struct onboarding *o, const Pb__OnboardReply *reply,
            struct rectify_onboarded *ret)
{
    ret->machine = reply->machine;
    ret->org = reply->org;
    ret->org_name = reply->org_name;
    ret->account = reply->account;
    ret->display_name = reply->display_name;
    ret->tenant = reply->tenant;
    ret->server_name = o->profile.server_name;
    ret->folder = o->folder;
    ret->notice = reply->notice;
    ret->certificate_not_after_ms = reply->certificate_not_after_ms;
    ret->clock_difference_ms = o->clock_difference_ms;
    ret->needs_password = reply->needs_password;
    ret->ledger_public_key =
        reply->ledger_public_key.len == LEDGER_PUBLIC_BYTES ? reply->ledger_public_key.data : NULL;
}

static enum status
onboard_call(struct onboarding *o, struct rectify_onboarded *ret, struct fault *f)
{
    Pb__OnboardRequest ask = PB__ONBOARD_REQUEST__INIT;
    struct certificate_request made;
    struct rectify_answer answer;
    struct ledger_key key;
    unsigned char nonce[16];
    enum status s = ledger_key_load(o->profile.machine_key, &key, f);
    if (s == STATUS_OK) {
        s = certificate_request_make(o->a, &made, f);
    }
    if (s != STATUS_OK) {
        return s;
    }
    secret_random(nonce, sizeof nonce);
    ask.code = wire_text(o->paper->code);
    ask.has_public_key = ask.has_csr = ask.has_nonce = true;
    ask.public_key = (ProtobufCBinaryData){LEDGER_PUBLIC_BYTES, key.public.bytes};
    ask.csr = (ProtobufCBinaryData){made.n, made.der};
    ask.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    ask.label = wire_text(o->ask->label);
    ask.new_password = wire_text(o->ask->new_password);
    struct rectify_request request = {.method = "rectify.v1.OnboardService/Onboard",
                                      .message = &ask.base};
    s = rectify_call(o->channel, o->a, &request, &answer, f);
    ledger_key_clear(&key);
    const char *path = arena_printf(o->a, "%s/client.pem", o->folder);
    if (s == STATUS_OK && path == NULL) {
        s = fault_memory(f);
    }
    if (s == STATUS_OK) {
        const Pb__OnboardReply *reply = (const Pb__OnboardReply *)answer.message;
        s = uuid_text_valid(reply->machine)
                ? pair_write(o->a, path, made.key_pem, reply->certificate, f)
                : fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的开通答复不完整。");
        result_fill(o, reply, ret);
    }
    secret_wipe(made.key_pem, strlen(made.key_pem));
    return s;
}

enum status
rectify_onboard(const struct rectify_onboard_ask *ask, struct arena *a,
                struct rectify_onboarded *ret, struct fault *f)
{
    const struct rectify_onboard_paper *paper = &ask->paper;
    struct onboarding o = {.ask = ask, .paper = paper, .a = a};
    struct rectify_onboarded made = {.machine = NULL};
    struct rectify_channel_options options = {
        .profile = &o.profile, .client_version = ask->client_version, .door = true};
    enum status s = rectify_onboard_paper_check(paper, f);
    if (s != STATUS_OK) {
        return s;
    }
    o.url = url_of(a, paper->address);
    if (o.url == NULL || !fingerprint_read(paper->ca_sha256, o.hex)) {
        return fault_memory(f);
    }
    s = folder_open(&o, f);
    if (s == STATUS_OK) {
        s = profile_fill(&o, f);
    }
    if (s == STATUS_OK) {
        s = authority_check(&o, f);
    }
    if (s == STATUS_OK) {
        s = machine_key_ensure(&o, f);
    }
    if (s == STATUS_OK) {
        s = rectify_channel_open(&options, &o.channel, f);
    }
    if (s == STATUS_OK) {
        s = authority_again(&o, &made, f);
    }
    if (s == STATUS_OK) {
        s = onboard_call(&o, &made, f);
    }
    rectify_channel_free(o.channel);
    if (s == STATUS_OK) {
        *ret = made;
    }
    return s;
}

/* ---- what is kept ---- */

enum status
rectify_onboard_profile_write(const struct rectify_onboarded *who, const char *file,
                              const char *password_file, const char *state, struct arena *a,
                              struct fault *f)
{
    const char *text = arena_printf(
        a,
        "# 由 rectify onboard 写成。\n"
        "server = %s\nserver_name = %s\ntenant = %s\naccount = %s\n"
        "ca = %s/ca.pem\ncert = %s/client.pem\nkey = %s/client.pem\nmachine_key = %s/machine.key\n"
        "onboard = %s\nqueue = offline\n%s%s%s%s%s%s",
        who->server, who->server_name, who->tenant, who->account, who->folder, who->folder,
        who->folder, who->folder, who->onboard, password_file != NULL ? "password_file = " : "",
        password_file != NULL ? password_file : "", password_file != NULL ? "\n" : "",
        state != NULL ? "state = " : "", state != NULL ? state : "", state != NULL ? "\n" : "");
    const char *folder = rectify_path_folder(a, file);
    if (text == NULL || folder == NULL) {
        return fault_memory(f);
    }
    enum status s = rectify_folder_make(folder, 0700, f);
    return s == STATUS_OK ? rectify_file_replace(file, 0600, text, strlen(text), f) : s;
}

enum status
rectify_onboard_state_keep(const struct rectify_profile *profile,
                           const struct rectify_onboarded *who, struct fault *f)
{
    struct ledger_public before;
    struct ledger_public now;
    enum status s = STATUS_OK;
    if (who->ledger_public_key != NULL) {
        ledger_public_from_bytes(who->ledger_public_key, &now);
        s = rectify_state_ledger_load(profile->state, &before, f);
        if (s == STATUS_OK && memcmp(before.bytes, now.bytes, sizeof now.bytes) != 0) {
            return fault_set(f, STATUS_DATA_LOSS, "LEDGER_KEY_CHANGED",
                             "服务器日志的公钥与本机先前保存的不同：请向管理员核实；确认无误后删除"
                             "“%s/ledger.pub”和同一文件夹里的 head，再试一次。",
                             profile->state);
        }
        s = s == STATUS_OK || s == STATUS_NOT_FOUND
                ? rectify_state_ledger_save(profile->state, &now, f)
                : s;
    }
    if (s == STATUS_OK) {
        s = rectify_state_machine_save(profile->state, who->machine, f);
    }
    if (s == STATUS_OK) {
        rectify_state_session_clear(profile->state); /* it was bound to another machine */
    }
    return s;
}

/* ---- the certificate ---- */

enum status
rectify_certificate_left_ms(const struct rectify_profile *profile, int64_t *ret_left_ms,
                            int64_t *ret_total_ms, struct fault *f)
{
    struct arena a;
    char *pem = NULL;
    size_t n = 0;
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    if (profile->cert == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_INCOMPLETE", "配置“%s”没有写 cert。",
                         profile->file);
    }
    arena_init(&a, 2 * CERTIFICATE_BYTES);
    enum status s = rectify_file_read(&a, profile->cert, CERTIFICATE_BYTES, &pem, &n, f);
    if (s == STATUS_OK) {
        s = certificate_span_ms(pem, &from_ms, &to_ms, f);
        secret_wipe(pem, n); /* the key may stand in the same file */
    }
    arena_release(&a);
    if (s == STATUS_OK) {
        *ret_left_ms = to_ms - now_wall_ms();
        if (ret_total_ms != NULL) {
            *ret_total_ms = to_ms - from_ms;
        }
    }
    return s;
}

/* One attempt through one door. */
static enum status
renew_through(const struct rectify_channel_options *options, struct arena *a,
              const struct certificate_request *made, const Pb__RenewCertificateReply **ret,
              struct fault *f)
{
    Pb__RenewCertificateRequest ask = PB__RENEW_CERTIFICATE_REQUEST__INIT;
    struct rectify_channel *channel = NULL;
    struct rectify_answer answer;
    ask.has_csr = true;
    ask.csr = (ProtobufCBinaryData){made->n, made->der};
    struct rectify_request request = {.method = "rectify.v1.OnboardService/RenewCertificate",
                                      .message = &ask.base};
    enum status s = rectify_channel_open(options, &channel, f);
    if (s == STATUS_OK) {
        s = rectify_call(channel, a, &request, &answer, f);
    }
    rectify_channel_free(channel);
    if (s == STATUS_OK) {
        *ret = (const Pb__RenewCertificateReply *)answer.message;
    }
    return s;
}

/* The main door first, while it lets us in; then the other one. */
static enum status
renew_anyhow(const struct rectify_channel_options *options, struct arena *a,
             const struct certificate_request *made, const Pb__RenewCertificateReply **ret,
             struct fault *f)
{
    struct rectify_channel_options door = *options;
    struct fault why = {.code = STATUS_OK};
    enum status s = renew_through(options, a, made, ret, &why);
    bool shut_out = s != STATUS_OK && strncmp(why.reason, "TLS_C", 5) == 0; /* ours, not theirs */
    if (shut_out && options->profile->onboard != NULL) {
        door.door = true;
        return renew_through(&door, a, made, ret, f);
    }
    if (s != STATUS_OK && f != NULL) {
        *f = why;
    }
    return s;
}

enum status
rectify_certificate_renew(const struct rectify_channel_options *options, int64_t *ret_not_after_ms,
                          struct fault *f)
{
    const struct rectify_profile *profile = options->profile;
    const Pb__RenewCertificateReply *reply = NULL;
    struct certificate_request made = {.key_pem = NULL};
    struct arena a;
    if (profile->cert == NULL || profile->key == NULL || strcmp(profile->cert, profile->key) != 0) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "RENEW_SEPARATE",
                         "配置“%s”的证书是人工制作的（cert 和 key 是两个文件），不能自动换发："
                         "请管理员换发，或用开通码重新开通。",
                         profile->file);
    }
    arena_init(&a, SCRATCH_BYTES);
    enum status s = certificate_request_make(&a, &made, f);
    if (s == STATUS_OK) {
        s = renew_anyhow(options, &a, &made, &reply, f);
    }
    if (s == STATUS_OK) {
        s = pair_write(&a, profile->cert, made.key_pem, reply->certificate, f);
    }
    if (s == STATUS_OK) {
        *ret_not_after_ms = reply->certificate_not_after_ms;
    }
    if (made.key_pem != NULL) {
        secret_wipe(made.key_pem, strlen(made.key_pem));
    }
    arena_release(&a);
    return s;
}
