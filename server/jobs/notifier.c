#include "server/jobs/notifier.h"

#include "server/jobs/notifier_body.h"

#include "proto/ledger/secret.h"
#include "server/base/clock.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLY_BYTES = 65536, ARENA_BYTES = 262144, CONNECT_MS = 5000 };

/* ---- which addresses may be reached ---- */

/* 169.254/16 holds the metadata services; 0/8, 224/4 and above are no hosts. 127/8 only if local
 * is allowed. Private ranges are a district's own network. */
static bool
ipv4_allowed(const struct in_addr *in, bool allow_local)
{
    uint32_t a = ntohl(in->s_addr);
    uint32_t first = a >> 24U;
    if (first == 127) {
        return allow_local && a == 0x7f000001U;
    }
    return first != 0 && first < 224 && a >> 16U != 0xa9feU &&
           a != 0x646464c8U; /* 100.100.100.200 */
}

static bool
ipv6_allowed(const struct in6_addr *in, bool allow_local)
{
    struct in_addr mapped;
    if (IN6_IS_ADDR_V4MAPPED(in) || IN6_IS_ADDR_V4COMPAT(in)) {
        memcpy(&mapped, &in->s6_addr[12], sizeof mapped);
        return !IN6_IS_ADDR_LOOPBACK(in) && !IN6_IS_ADDR_UNSPECIFIED(in) &&
               ipv4_allowed(&mapped, allow_local);
    }
    static const unsigned char metadata[] = {0xfd, 0x00, 0x0e, 0xc2}; /* fd00:ec2::254 */
    return !IN6_IS_ADDR_LOOPBACK(in) && !IN6_IS_ADDR_UNSPECIFIED(in) &&
           !IN6_IS_ADDR_LINKLOCAL(in) && !IN6_IS_ADDR_MULTICAST(in) &&
           memcmp(in->s6_addr, metadata, sizeof metadata) != 0;
}

static bool
address_allowed(const struct sockaddr *address, bool allow_local)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return ipv4_allowed(&in->sin_addr, allow_local);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)address;
        return ipv6_allowed(&in->sin6_addr, allow_local);
    }
    return false;
}

static enum status
refuse_url(struct fault *fault, const char *what)
{
    return fault_set(fault, STATUS_INVALID_ARGUMENT, "ENDPOINT_URL", "外发地址不能用：%s。", what);
}

/* A host written as a number is judged here already. */
static bool
literal_allowed(const char *host, bool allow_local)
{
    struct in_addr v4;
    struct in6_addr v6;
    char bare[INET6_ADDRSTRLEN + 2] = "";
    size_t n = strlen(host);
    if (host[0] == '[' && n > 2 && n - 2 < sizeof bare) {
        memcpy(bare, host + 1, n - 2);
        return inet_pton(AF_INET6, bare, &v6) == 1 && ipv6_allowed(&v6, allow_local);
    }
    return inet_pton(AF_INET, host, &v4) != 1 || ipv4_allowed(&v4, allow_local);
}

static bool
part_absent(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    CURLUcode rc = curl_url_get(u, part, &text, 0);
    curl_free(text);
    return rc != CURLUE_OK;
}

enum status
notifier_url_check(const char *url, bool allow_local, struct fault *fault)
{
    enum status s = STATUS_OK;
    char *scheme = NULL;
    char *host = NULL;
    CURLU *u = curl_url();
    if (u == NULL) {
        return fault_memory(fault);
    }
    if (url == NULL || strlen(url) >= NOTIFIER_URL_SIZE ||
        curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        s = refuse_url(fault, "写法不对，应为 https:// 开头的地址");
        goto out;
    }
    bool local = allow_local && strcmp(host, "127.0.0.1") == 0;
    if (strcmp(scheme, "https") != 0 && !(local && strcmp(scheme, "http") == 0)) {
        s = refuse_url(fault, "必须用 https");
    } else if (!part_absent(u, CURLUPART_USER) || !part_absent(u, CURLUPART_PASSWORD) ||
               !part_absent(u, CURLUPART_FRAGMENT)) {
        s = refuse_url(fault, "不能带用户名、密码或 # 片段");
    } else if (!literal_allowed(host, allow_local)) {
        s = refuse_url(fault, "本机、链路本地和云平台元数据地址不能用");
    }
out:
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    return s;
}

/* ---- one transfer ---- */

struct transfer {
    bool allow_local;
    bool forbidden; /* the name led to an address that may not be reached */
    bool too_large;
    char reply[REPLY_BYTES];
    size_t reply_size;
    const char *upload; /* mail */
    size_t upload_size;
    size_t upload_done;
};

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = ctx;
    if (purpose != CURLSOCKTYPE_IPCXN || !address_allowed(&address->addr, t->allow_local)) {
        t->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t
take_reply(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t n = size * count;
    if (n > sizeof t->reply - t->reply_size) {
        t->too_large = true;
        return 0; /* ends the transfer */
    }
    memcpy(t->reply + t->reply_size, data, n);
    t->reply_size += n;
    return n;
}

static size_t
give_upload(char *buffer, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t room = size * count;
    size_t left = t->upload_size - t->upload_done;
    size_t n = left < room ? left : room;
    memcpy(buffer, t->upload + t->upload_done, n);
    t->upload_done += n;
    return n;
}

static void
result_set(struct notifier_result *r, bool permanent, const char *error)
{
    snprintf(r->error, sizeof r->error, "%s", error);
    r->permanent = permanent;
}

/* What libcurl says went wrong, as a code. */
static void
result_of_curl(const struct transfer *t, CURLcode rc, struct notifier_result *ret)
{
    static const struct {
        CURLcode code;
        const char *name;
    } known[] = {
        {CURLE_OPERATION_TIMEDOUT, "TIMEOUT"},
        {CURLE_COULDNT_CONNECT, "CONNECT"},
        {CURLE_COULDNT_RESOLVE_HOST, "RESOLVE"},
        {CURLE_PEER_FAILED_VERIFICATION, "CERTIFICATE"},
        {CURLE_SSL_CONNECT_ERROR, "TLS"},
        {CURLE_USE_SSL_FAILED, "NO_STARTTLS"},
        {CURLE_GOT_NOTHING, "EMPTY"},
        {CURLE_RECV_ERROR, "BROKEN"},
        {CURLE_SEND_ERROR, "BROKEN"},
        {CURLE_LOGIN_DENIED, "LOGIN_DENIED"},
        {CURLE_UNSUPPORTED_PROTOCOL, "PROTOCOL"},
        {CURLE_WEIRD_SERVER_REPLY, "GARBAGE"},
        {CURLE_HTTP2, "GARBAGE"},
        {CURLE_SSL_CACERT_BADFILE, "CA_FILE"},
        {CURLE_PARTIAL_FILE, "BROKEN"},
        {CURLE_UNSUPPORTED_PROTOCOL, "GARBAGE"},
    };
    if (t->forbidden) {
        result_set(ret, true, "ADDRESS_FORBIDDEN");
        return;
    }
    if (t->too_large) {
        result_set(ret, false, "REPLY_TOO_LARGE");
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].code == rc) {
            result_set(ret, false, known[i].name);
            return;
        }
    }
    snprintf(ret->error, sizeof ret->error, "CURL_%d", (int)rc);
    ret->permanent = false;
}

/* What every transfer has: limits of time and size, no redirects, no proxy of the environment,
 * sockets to allowed addresses only. */
static bool
set_common(CURL *curl, const struct config *config, struct transfer *t, const char *protocols)
{
    t->allow_local = config->notify_allow_local != 0;
    CURLcode rc = CURLE_OK;
    rc |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
    rc |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    rc |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    rc |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, config->notify_timeout_seconds * 1000L);
    rc |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    rc |= curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    rc |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    rc |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    rc |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
    rc |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
    rc |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    rc |= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->notify_ca[0] != '\0') {
        rc |= curl_easy_setopt(curl, CURLOPT_CAINFO, config->notify_ca);
    }
    return rc == CURLE_OK;
}

/* ---- robots and webhooks ---- */

static void
result_of_http(CURL *curl, const struct notifier_target *target, const struct transfer *t,
               struct notifier_result *ret)
{
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (code < 200 || code > 299) {
        snprintf(ret->error, sizeof ret->error, "HTTP_%ld", code);
        ret->permanent = code >= 300 && code < 500 && code != 408 && code != 425 && code != 429;
        return;
    }
    notifier_body_judge(target->channel, t->reply, t->reply_size, ret);
}

static void
send_http(const struct config *config, const struct notifier_target *target,
          const struct notifier_body *body, struct notifier_result *ret)
{
    struct transfer *t = calloc(1, sizeof *t);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < body->header_count; i++) {
        struct curl_slist *more = curl_slist_append(headers, body->headers[i]);
        headers = more == NULL ? headers : more;
    }
    bool ready =
        t != NULL && curl != NULL && headers != NULL &&
        set_common(curl, config, t, config->notify_allow_local ? "https,http" : "https") &&
        curl_easy_setopt(curl, CURLOPT_URL, body->url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body->text)) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->text) == CURLE_OK;
    if (!ready) {
        result_set(ret, false, "MEMORY");
    } else {
        CURLcode rc = curl_easy_perform(curl);
        if (rc == CURLE_OK) {
            result_of_http(curl, target, t, ret);
        } else {
            result_of_curl(t, rc, ret);
        }
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(t);
}

/* ---- mail ---- */

static void
result_of_mail(CURL *curl, const struct transfer *t, CURLcode rc, struct notifier_result *ret)
{
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (rc == CURLE_OK) {
        ret->error[0] = '\0';
        return;
    }
    bool answered = code >= 400 && code <= 599 && rc != CURLE_OPERATION_TIMEDOUT;
    if (!answered || t->forbidden) {
        result_of_curl(t, rc, ret);
        return;
    }
    snprintf(ret->error, sizeof ret->error, "SMTP_%ld", code);
    ret->permanent = code >= 500;
}

static bool
set_mail(CURL *curl, const struct config *config, const char *password, struct transfer *t,
         struct curl_slist *to)
{
    bool local = config->notify_allow_local != 0;
    bool tls = strncmp(config->mail_url, "smtp://127.0.0.1", 16) != 0 || !local;
    CURLcode rc = CURLE_OK;
    rc |= curl_easy_setopt(curl, CURLOPT_URL, config->mail_url);
    rc |= curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    rc |= curl_easy_setopt(curl, CURLOPT_MAIL_FROM, config->mail_from);
    rc |= curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    rc |= curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_upload);
    rc |= curl_easy_setopt(curl, CURLOPT_READDATA, t);
    rc |= curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    if (config->mail_user[0] != '\0') {
        rc |= curl_easy_setopt(curl, CURLOPT_USERNAME, config->mail_user);
        rc |= curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
    }
    return rc == CURLE_OK;
}

static void
send_mail(const struct config *config, const struct notifier_target *target, const char *mail,
          const char *password, struct notifier_result *ret)
{
    struct transfer *t = calloc(1, sizeof *t);
    CURL *curl = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, target->address);
    if (t != NULL) {
        t->upload = mail;
        t->upload_size = strlen(mail);
    }
    if (t == NULL || curl == NULL || to == NULL || !set_common(curl, config, t, "smtps,smtp") ||
        !set_mail(curl, config, password, t, to)) {
        result_set(ret, false, "MEMORY");
    } else {
        CURLcode rc = curl_easy_perform(curl);
        result_of_mail(curl, t, rc, ret);
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    free(t);
}

/* The password of the file, without its line end; "" when none is configured. */
static enum status
read_password(const struct config *config, struct arena *a, char **ret_text)
{
    size_t n = 0;
    *ret_text = arena_strdup(a, "");
    if (config->mail_user[0] == '\0' || config->mail_password_file[0] == '\0') {
        return *ret_text == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
    }
    enum status s = secret_file_read(config->mail_password_file, a, ret_text, &n, NULL);
    if (s == STATUS_OK) {
        (*ret_text)[strcspn(*ret_text, "\r\n")] = '\0';
    }
    return s;
}

static void
mail(const struct config *config, const struct notifier_target *target,
     const struct notifier_message *message, int64_t now_ms, struct notifier_result *ret)
{
    struct arena a;
    char *password = NULL;
    arena_init(&a, ARENA_BYTES);
    bool known = strncmp(config->mail_url, "smtps://", 8) == 0 ||
                 strncmp(config->mail_url, "smtp://", 7) == 0;
    const char *text = notifier_mail(config->mail_from, target->address, message, now_ms, &a);
    if (!known || config->mail_from[0] == '\0') {
        result_set(ret, true, "MAIL_NOT_CONFIGURED");
    } else if (text == NULL) {
        result_set(ret, true, "ADDRESS_FORM");
    } else if (read_password(config, &a, &password) != STATUS_OK) {
        result_set(ret, false, "PASSWORD_FILE");
    } else {
        send_mail(config, target, text, password, ret);
        secret_wipe(password, strlen(password));
    }
    arena_release(&a);
}

/* ---- the interface ---- */

static void
curl_send(const struct notifier *n, const struct notifier_target *target,
          const struct notifier_message *message, int64_t now_ms, struct notifier_result *ret)
{
    const struct config *config = n->ctx;
    struct arena a;
    struct notifier_body body = {0};
    *ret = (struct notifier_result){{0}, false};
    if (target->channel == CHANNEL_MAIL) {
        mail(config, target, message, now_ms, ret);
        return;
    }
    if (notifier_url_check(target->url, config->notify_allow_local != 0, NULL) != STATUS_OK) {
        result_set(ret, true, "ENDPOINT_URL");
        return;
    }
    arena_init(&a, ARENA_BYTES);
    if (notifier_body_make(target, message, now_ms, &a, &body)) {
        send_http(config, target, &body, ret);
    } else {
        result_set(ret, true, "SECRET_MISSING");
    }
    arena_release(&a);
}

enum status
notifier_curl_init(struct notifier *n, const struct config *config, struct fault *fault)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return fault_set(fault, STATUS_INTERNAL, "CURL", "外发用的 libcurl 不能启动。");
    }
    *n = (struct notifier){curl_send, (void *)(uintptr_t)config};
    return STATUS_OK;
}
