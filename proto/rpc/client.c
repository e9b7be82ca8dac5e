/* The blocking client over nng's stream dialer.
 *
 * Every operation is started under the client's lock after a look at `cancelled`, and
 * rpc_client_cancel closes the stream under the same lock: nng 1.5 may never finish an operation
 * started on a closed stream. Nor one started on a TLS stream whose TCP connection has died, so a
 * receive stands from the first moment of a connection to its end (client_io.h): also while it is
 * idle, so that the next call knows at once, and before any send. What is lost all the same, a
 * receive started just after the death, is found by a look at the peer every LOOK_MS. */
#include "proto/rpc/client.h"

#include "proto/base/limits.h"
#include "proto/base/now.h"
#include "proto/rpc/client_io.h"
#include "proto/rpc/sp.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

enum {
    BACKOFF_FIRST_MS = 200,
    BACKOFF_MAX_MS = 30000,
    REFUSALS_BELIEVED = 4,  /* hang-ups in a row after a good server certificate */
    REFUSAL_PAUSE_MS = 100, /* after the first of them; then twice as long each time */
    LOOK_MS = 250,          /* how often a wait looks whether its operation can still end */
    CLOSE_GRACE_MS = 1000   /* for a closed stream to end its operations */
};

struct rpc_client {
    char *url;
    char *server_name;
    char *ca_file;
    char *cert_file;
    char *key_file;
    uint32_t connect_timeout_ms;
    nng_tls_config *tls; /* NULL with tcp:// */
    uint32_t request_id;
    pthread_mutex_t lock; /* io itself, stream, cancelled, and the start of operations */
    struct client_io *io; /* NULL: abandoned, or memory ran out */
    nng_stream *stream;   /* NULL: not connected */
    bool cancelled;
    bool server_verified; /* the last handshake got as far as a good server certificate */
};

enum phase { PHASE_DIAL, PHASE_HANDSHAKE, PHASE_CALL };

/* ---- the stream ---- */

/* Keeps a receive standing. False when cancelled or closed. */
static bool
receive_start(struct rpc_client *c)
{
    nng_aio *aio = client_io_receive(c->io);
    if (aio == NULL) {
        return true;
    }
    pthread_mutex_lock(&c->lock);
    bool ok = !c->cancelled && c->stream != NULL;
    if (ok) {
        nng_stream_recv(c->stream, aio);
    }
    pthread_mutex_unlock(&c->lock);
    if (!ok) {
        client_io_drop(c->io, CLIENT_IO_IN);
    }
    return ok;
}

/* Starts to send up to n bytes. Not on a connection that is known to have ended. */
static int
send_start(struct rpc_client *c, const unsigned char *bytes, size_t n)
{
    int rv = client_io_failure(c->io);
    if (rv != 0) {
        return rv;
    }
    nng_aio *aio = client_io_send(c->io, bytes, n);
    pthread_mutex_lock(&c->lock);
    bool ok = !c->cancelled && c->stream != NULL;
    if (ok) {
        nng_stream_send(c->stream, aio);
    }
    pthread_mutex_unlock(&c->lock);
    if (!ok) {
        client_io_drop(c->io, CLIENT_IO_OUT);
    }
    return ok ? 0 : NNG_ECANCELED;
}

/* True when the TCP connection has died, or we have closed it. */
static bool
is_gone(struct rpc_client *c)
{
    nng_sockaddr address;
    pthread_mutex_lock(&c->lock);
    bool gone = c->cancelled || c->stream == NULL ||
                nng_stream_get_addr(c->stream, NNG_OPT_REMADDR, &address) != 0;
    pthread_mutex_unlock(&c->lock);
    return gone;
}

/* Waits on a connected stream. NNG_ETIMEDOUT after the deadline and only then. An operation is lost
 * when it has not ended one look after the look that found the connection gone. */
static int
await(struct rpc_client *c, enum client_io_until until, int64_t deadline_ms)
{
    for (bool gone = false;; gone = is_gone(c)) {
        int64_t now_ms = now_steady_ms();
        if (now_ms >= deadline_ms) {
            return NNG_ETIMEDOUT;
        }
        int64_t look_ms = now_ms + LOOK_MS;
        int rv = client_io_wait(c->io, until, look_ms < deadline_ms ? look_ms : deadline_ms);
        if (rv == NNG_ETIMEDOUT || (rv == CLIENT_IO_PENDING && gone)) {
            return NNG_ECONNRESET; /* TCP has given up, or nng has lost it */
        }
        if (rv != CLIENT_IO_PENDING) {
            return rv;
        }
    }
}

/* All n bytes, out. An nng error code. */
static int
write_all(struct rpc_client *c, const unsigned char *bytes, size_t n, int64_t deadline_ms)
{
    for (size_t done = 0; done < n;) {
        int rv = send_start(c, bytes + done, n - done);
        if (rv == 0) {
            rv = await(c, CLIENT_IO_SENT, deadline_ms);
        }
        if (rv == 0 && client_io_sent(c->io) == 0) {
            rv = NNG_ECONNSHUT;
        }
        if (rv != 0) {
            return rv;
        }
        done += client_io_sent(c->io);
    }
    return 0;
}

/* All n bytes, in; the next receive stands when it returns. An nng error code. */
static int
read_all(struct rpc_client *c, unsigned char *bytes, size_t n, int64_t deadline_ms)
{
    for (size_t done = 0; done < n;) {
        int rv = await(c, CLIENT_IO_READABLE, deadline_ms);
        if (rv != 0) {
            return rv;
        }
        done += client_io_read(c->io, bytes + done, n - done);
        if (!receive_start(c)) {
            return NNG_ECANCELED;
        }
    }
    return 0;
}

static bool
io_make(struct rpc_client *c)
{
    if (c->io == NULL) {
        struct client_io *io = client_io_new();
        pthread_mutex_lock(&c->lock);
        c->io = io;
        pthread_mutex_unlock(&c->lock);
    }
    return c->io != NULL;
}

/* What nng does not give back is left behind: the operations, and the stream they are on. True when
 * nothing was. */
static bool
io_settle(struct rpc_client *c)
{
    if (c->io == NULL ||
        client_io_wait(c->io, CLIENT_IO_QUIET, now_steady_ms() + CLOSE_GRACE_MS) == 0) {
        return true;
    }
    pthread_mutex_lock(&c->lock);
    c->io = NULL;
    pthread_mutex_unlock(&c->lock);
    return false;
}

static void
stream_close(struct rpc_client *c)
{
    pthread_mutex_lock(&c->lock);
    nng_stream *stream = c->stream;
    c->stream = NULL;
    if (stream != NULL) {
        nng_stream_close(stream);
    }
    pthread_mutex_unlock(&c->lock);
    if (stream != NULL && io_settle(c)) {
        nng_stream_free(stream);
    }
}

/* ---- connecting ---- */

/* Connects TCP; the TLS handshake happens with the first operation. */
static int
dial(struct rpc_client *c, nng_tls_config *tls, int64_t deadline_ms)
{
    nng_stream_dialer *dialer = NULL;
    int rv = nng_stream_dialer_alloc(&dialer, c->url);
    if (rv == 0) {
        rv = nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true);
    }
    if (rv == 0 && tls != NULL) {
        rv = nng_stream_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, tls);
    }
    if (rv != 0) {
        goto out;
    }
    nng_aio *aio = client_io_dial(c->io);
    pthread_mutex_lock(&c->lock);
    bool go = !c->cancelled;
    if (go) {
        nng_stream_dialer_dial(dialer, aio);
    }
    pthread_mutex_unlock(&c->lock);
    if (!go) {
        client_io_drop(c->io, CLIENT_IO_OUT);
        rv = NNG_ECANCELED;
        goto out;
    }
    rv = client_io_wait(c->io, CLIENT_IO_SENT, deadline_ms);
    if (rv == CLIENT_IO_PENDING) {
        client_io_cancel(c->io);
        if (!io_settle(c)) {
            return NNG_ETIMEDOUT; /* the dialer is left behind with its operation */
        }
        rv = client_io_wait(c->io, CLIENT_IO_SENT, deadline_ms) == 0 ? 0 : NNG_ETIMEDOUT;
    }
    if (rv == 0) {
        pthread_mutex_lock(&c->lock);
        c->stream = client_io_dialled(c->io);
        pthread_mutex_unlock(&c->lock);
    }
out:
    if (dialer != NULL) {
        nng_stream_dialer_free(dialer);
    }
    return rv;
}

static bool
is_verified(struct rpc_client *c)
{
    bool verified = false;
    pthread_mutex_lock(&c->lock);
    if (c->stream != NULL && nng_stream_get_bool(c->stream, NNG_OPT_TLS_VERIFIED, &verified) != 0) {
        verified = false;
    }
    pthread_mutex_unlock(&c->lock);
    return verified;
}

/* Both SP headers, over the TLS handshake. Ours goes out while we wait for theirs: a REP socket
 * sends at once, our own server listens first. On success a receive stands. NNG_EPROTO: no SP REP
 * there. */
static int
handshake(struct rpc_client *c, int64_t deadline_ms)
{
    unsigned char ours[SP_HANDSHAKE_SIZE];
    unsigned char theirs[SP_HANDSHAKE_SIZE] = {0};
    uint16_t protocol = 0;
    sp_handshake_write(SP_PROTO_REQ, ours);
    c->server_verified = false;
    if (!receive_start(c)) {
        return NNG_ECANCELED;
    }
    int rv = send_start(c, ours, sizeof ours);
    if (rv == 0) {
        rv = read_all(c, theirs, sizeof theirs, deadline_ms);
    }
    if (rv != 0) {
        c->server_verified = is_verified(c);
        stream_close(c); /* ends the send */
        return rv;
    }
    rv = await(c, CLIENT_IO_SENT, deadline_ms);
    if (rv == 0 && client_io_sent(c->io) != sizeof ours) {
        rv = NNG_ECLOSED;
    }
    if (rv == 0 &&
        (sp_handshake_read(theirs, &protocol) != STATUS_OK || protocol != SP_PROTO_REP)) {
        rv = NNG_EPROTO;
    }
    return rv;
}

/* ---- what went wrong, in words ---- */

static bool
was_cancelled(struct rpc_client *c)
{
    pthread_mutex_lock(&c->lock);
    bool cancelled = c->cancelled;
    c->cancelled = false;
    pthread_mutex_unlock(&c->lock);
    return cancelled;
}

/* After the server's certificate was refused: is it good but for its name? */
static bool
only_name_is_wrong(struct rpc_client *c)
{
    struct rpc_tls_files files = {
        .ca_file = c->ca_file, .cert_file = c->cert_file, .key_file = c->key_file};
    nng_tls_config *any = NULL;
    if (rpc_tls_client_config_any_name(&files, &any, NULL) != STATUS_OK) {
        return false;
    }
    int64_t deadline_ms = now_steady_ms() + c->connect_timeout_ms;
    int rv = io_make(c) ? dial(c, any, deadline_ms) : NNG_ENOMEM;
    if (rv == 0) {
        rv = handshake(c, deadline_ms);
    }
    stream_close(c);
    rpc_tls_config_free(any);
    return rv == 0;
}

static enum status
fault_server_cert(struct rpc_client *c, struct fault *f)
{
    if (only_name_is_wrong(c)) {
        return fault_set(f, STATUS_UNAUTHENTICATED, "TLS_SERVER_NAME",
                         "%s 出示的证书不是发给“%s”的，连接已中断。请核对服务器地址和配置里的 "
                         "server_name；若无误，请立即报告管理员。",
                         c->url, c->server_name);
    }
    return fault_set(f, STATUS_UNAUTHENTICATED, "TLS_SERVER_CERT",
                     "%s 出示的证书不是由 %s 的机构签发的，或已过期，连接已中断。请核对 CA "
                     "文件和本机时间；若无误，请报告管理员。",
                     c->url, c->ca_file);
}

static enum status
fault_dial(struct rpc_client *c, int rv, struct fault *f)
{
    switch (rv) {
    case NNG_ECONNREFUSED:
        return fault_set(f, STATUS_UNAVAILABLE, "CONNECT_REFUSED",
                         "%s 没有服务在运行（连接被拒绝）。请确认服务已启动、地址和端口正确。",
                         c->url);
    case NNG_EADDRINVAL:
        return fault_set(f, STATUS_UNAVAILABLE, "HOST_UNKNOWN",
                         "找不到 %s 里的主机名。请检查地址是否写错、域名解析是否正常。", c->url);
    default:
        return fault_set(f, STATUS_UNAVAILABLE, "CONNECT_FAILED",
                         "连不上 %s：%s。请检查网络后重试。", c->url, nng_strerror(rv));
    }
}

static enum status
fault_handshake(struct rpc_client *c, int rv, struct fault *f)
{
    if (rv == NNG_EPROTO) {
        return fault_set(f, STATUS_DATA_LOSS, "PROTOCOL_ERROR",
                         "%s 上运行的不是本系统的服务。请检查地址和端口。", c->url);
    }
    if (c->tls != NULL && (rv == NNG_EPEERAUTH || rv == NNG_ECRYPTO) && !c->server_verified) {
        return fault_server_cert(c, f);
    }
    if (c->tls != NULL && c->server_verified) {
        return fault_set(f, STATUS_UNAUTHENTICATED, "TLS_CLIENT_REFUSED",
                         "%s 拒绝了本机的证书 %s：它不是该服务认可的机构签发的，或已过期。请向管理"
                         "员换领证书。",
                         c->url, c->cert_file != NULL ? c->cert_file : "（没有出示证书）");
    }
    return fault_set(f, STATUS_UNAVAILABLE, "CONNECTION_LOST",
                     "与 %s 建立连接时被中断：%s。服务可能正忙或正在重启，请稍后重试。", c->url,
                     nng_strerror(rv));
}

/* Closes the connection and says why. */
static enum status
fail(struct rpc_client *c, enum phase phase, int rv, struct fault *f)
{
    stream_close(c);
    if (was_cancelled(c)) {
        return fault_set(f, STATUS_CANCELLED, "CANCELLED", "调用已取消。");
    }
    if (rv == NNG_ENOMEM) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "本机内存不足。");
    }
    if (rv == NNG_ETIMEDOUT) {
        return phase == PHASE_CALL
                   ? fault_set(f, STATUS_DEADLINE_EXCEEDED, "CALL_TIMEOUT",
                               "等待 %s 答复超时。该操作可能已办理，可用同一个请求编号重试。",
                               c->url)
                   : fault_set(f, STATUS_DEADLINE_EXCEEDED, "CONNECT_TIMEOUT",
                               "连接 %s 超时。请检查网络和防火墙后重试。", c->url);
    }
    if (phase == PHASE_DIAL) {
        return fault_dial(c, rv, f);
    }
    if (phase == PHASE_HANDSHAKE) {
        return fault_handshake(c, rv, f);
    }
    if (rv == NNG_EPROTO) {
        return fault_set(f, STATUS_DATA_LOSS, "PROTOCOL_ERROR",
                         "%s 的答复不合协议，连接已中断。请确认两端程序版本配套。", c->url);
    }
    return fault_set(f, STATUS_UNAVAILABLE, "CONNECTION_LOST",
                     "与 %s 的连接中断：%s。该操作可能已办理，可用同一个请求编号重试。", c->url,
                     nng_strerror(rv));
}

/* ---- life ---- */

static bool
copy(const char *s, char **ret_copy)
{
    *ret_copy = s == NULL ? NULL : strdup(s);
    return s == NULL || *ret_copy != NULL;
}

static enum status
config_check(const struct rpc_client_config *config, bool *ret_is_tls, struct fault *f)
{
    nng_url *url = NULL;
    bool tls = strncmp(config->url, "tls+tcp://", 10) == 0;
    if ((!tls && strncmp(config->url, "tcp://", 6) != 0) || nng_url_parse(&url, config->url) != 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "URL_INVALID",
                         "服务器地址“%s”写法不对，应写成 tls+tcp://主机:端口。", config->url);
    }
    nng_url_free(url);
    if (tls && !config->unchecked &&
        (config->server_name == NULL || config->server_name[0] == '\0')) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "SERVER_NAME_MISSING",
                         "没有写明服务器证书上的名称（server_name），无法确认对方身份。");
    }
    *ret_is_tls = tls;
    return STATUS_OK;
}

enum status
rpc_client_open(const struct rpc_client_config *config, struct rpc_client **ret_client,
                struct fault *f)
{
    assert(config->url != NULL);
    bool is_tls = false;
    enum status st = config_check(config, &is_tls, f);
    if (st != STATUS_OK) {
        return st;
    }
    struct rpc_client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "本机内存不足。");
    }
    pthread_mutex_init(&c->lock, NULL);
    c->connect_timeout_ms =
        config->connect_timeout_ms != 0 ? config->connect_timeout_ms : LIMIT_HANDSHAKE_MS;
    if (!copy(config->url, &c->url) || !copy(config->server_name, &c->server_name) ||
        !copy(config->tls.ca_file, &c->ca_file) || !copy(config->tls.cert_file, &c->cert_file) ||
        !copy(config->tls.key_file, &c->key_file) || !io_make(c)) {
        st = fault_set(f, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "本机内存不足。");
    } else if (is_tls && config->unchecked) {
        st = rpc_tls_client_config_unchecked(&c->tls, f);
    } else if (is_tls) {
        st = rpc_tls_client_config(&config->tls, config->server_name, &c->tls, f);
    }
    if (st != STATUS_OK) {
        rpc_client_free(c);
        return st;
    }
    *ret_client = c;
    return STATUS_OK;
}

/* A while before the next attempt; cut short by a cancel. Who shows no certificate knows why he is
 * refused, and does not wait. False when there is no time for it. */
static bool
refusal_pause(struct rpc_client *c, int attempt, int64_t deadline_ms)
{
    int64_t until_ms = now_steady_ms() + ((int64_t)REFUSAL_PAUSE_MS << attempt);
    bool cancelled = false;
    if (c->cert_file == NULL) {
        return true;
    }
    while (!cancelled && now_steady_ms() < until_ms && until_ms < deadline_ms) {
        (void)nanosleep(&(struct timespec){.tv_nsec = REFUSAL_PAUSE_MS / 4 * 1000000L}, NULL);
        pthread_mutex_lock(&c->lock);
        cancelled = c->cancelled;
        pthread_mutex_unlock(&c->lock);
    }
    return !cancelled && until_ms < deadline_ms;
}

static enum status
connect_until(struct rpc_client *c, int64_t deadline_ms, struct fault *f)
{
    if (c->stream != NULL) {
        return STATUS_OK;
    }
    int64_t connect_by_ms = now_steady_ms() + c->connect_timeout_ms;
    if (connect_by_ms > deadline_ms) {
        connect_by_ms = deadline_ms;
    }
    /* A server that does not like our certificate just hangs up once it has shown its own; so does
     * one that had to make room or is about to stop, and a line that is cut. Only several in a row,
     * over a while, mean the former. */
    int rv = 0;
    for (int attempt = 0; attempt < REFUSALS_BELIEVED; attempt++) {
        rv = io_make(c) ? dial(c, c->tls, connect_by_ms) : NNG_ENOMEM;
        if (rv != 0) {
            return fail(c, PHASE_DIAL, rv, f);
        }
        rv = handshake(c, connect_by_ms);
        if (rv == 0) {
            return STATUS_OK;
        }
        if (!c->server_verified || rv == NNG_ETIMEDOUT || rv == NNG_ECANCELED) {
            break;
        }
        if (attempt + 1 < REFUSALS_BELIEVED && !refusal_pause(c, attempt, connect_by_ms)) {
            break;
        }
    }
    return fail(c, PHASE_HANDSHAKE, rv, f);
}

enum status
rpc_client_connect(struct rpc_client *c, uint32_t timeout_ms, struct fault *f)
{
    return connect_until(c, now_steady_ms() + timeout_ms, f);
}

void
rpc_client_cancel(struct rpc_client *c)
{
    pthread_mutex_lock(&c->lock);
    c->cancelled = true;
    if (c->stream != NULL) {
        nng_stream_close(c->stream);
    } else if (c->io != NULL) {
        client_io_cancel(c->io); /* a dial */
    }
    pthread_mutex_unlock(&c->lock);
}

void
rpc_client_disconnect(struct rpc_client *c)
{
    stream_close(c);
}

void
rpc_client_free(struct rpc_client *c)
{
    if (c == NULL) {
        return;
    }
    stream_close(c);
    client_io_free(c->io);
    rpc_tls_config_free(c->tls);
    pthread_mutex_destroy(&c->lock);
    free(c->url);
    free(c->server_name);
    free(c->ca_file);
    free(c->cert_file);
    free(c->key_file);
    free(c);
}

/* ---- calling ---- */

static int
request_send(struct rpc_client *c, const unsigned char *bytes, size_t n, int64_t deadline_ms)
{
    size_t head = SP_LENGTH_SIZE + SP_WORD_SIZE;
    unsigned char *frame = malloc(head + n);
    if (frame == NULL) {
        return NNG_ENOMEM;
    }
    sp_length_write(SP_WORD_SIZE + n, frame);
    sp_request_id_write(c->request_id, frame + SP_LENGTH_SIZE);
    if (n != 0) {
        memcpy(frame + head, bytes, n);
    }
    int rv = write_all(c, frame, head + n, deadline_ms);
    free(frame);
    return rv;
}

/* One frame in. *ret_body is malloc'd. */
static int
frame_receive(struct rpc_client *c, unsigned char **ret_body, size_t *ret_n, int64_t deadline_ms)
{
    unsigned char length_word[SP_LENGTH_SIZE];
    int rv = read_all(c, length_word, sizeof length_word, deadline_ms);
    if (rv != 0) {
        return rv;
    }
    uint64_t length = sp_length_read(length_word);
    if (length > LIMIT_FRAME_BYTES || length < SP_WORD_SIZE) {
        return NNG_EPROTO;
    }
    unsigned char *body = malloc((size_t)length);
    if (body == NULL) {
        return NNG_ENOMEM;
    }
    rv = read_all(c, body, (size_t)length, deadline_ms);
    if (rv != 0) {
        free(body);
        return rv;
    }
    *ret_body = body;
    *ret_n = (size_t)length;
    return 0;
}

/* The reply to our request; what else the server has sent, before or after we asked, is skipped. */
static int
reply_receive(struct rpc_client *c, struct rpc_reply *ret_reply, int64_t deadline_ms)
{
    unsigned char *body = NULL;
    size_t n = 0;
    for (;;) {
        int rv = frame_receive(c, &body, &n, deadline_ms);
        if (rv != 0) {
            return rv;
        }
        if (sp_request_id_read(body) == (c->request_id | 0x80000000U)) {
            break;
        }
        free(body);
    }
    memmove(body, body + SP_WORD_SIZE, n - SP_WORD_SIZE);
    *ret_reply = (struct rpc_reply){.bytes = body, .n = n - SP_WORD_SIZE};
    return 0;
}

enum status
rpc_client_call(struct rpc_client *c, const unsigned char *bytes, size_t n, uint32_t timeout_ms,
                struct rpc_reply *ret_reply, struct fault *f)
{
    if (n > SP_PAYLOAD_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "REQUEST_TOO_LARGE",
                         "请求有 %zu 字节，超过单次上限 %zu 字节。请分批提交。", n,
                         (size_t)SP_PAYLOAD_MAX);
    }
    int64_t deadline_ms = now_steady_ms() + timeout_ms;
    enum status st = connect_until(c, deadline_ms, f);
    if (st != STATUS_OK) {
        return st;
    }
    c->request_id++;
    int rv = request_send(c, bytes, n, deadline_ms);
    if (rv == 0) {
        rv = reply_receive(c, ret_reply, deadline_ms);
    }
    return rv == 0 ? STATUS_OK : fail(c, PHASE_CALL, rv, f);
}

void
rpc_reply_clear(struct rpc_reply *reply)
{
    free(reply->bytes);
    *reply = (struct rpc_reply){0};
}

uint32_t
rpc_backoff_ms(unsigned attempt, uint32_t random)
{
    uint64_t cap = attempt >= 16 ? BACKOFF_MAX_MS : (uint64_t)BACKOFF_FIRST_MS << attempt;
    if (cap > BACKOFF_MAX_MS) {
        cap = BACKOFF_MAX_MS;
    }
    return (uint32_t)((cap + 1) * random >> 32U);
}
