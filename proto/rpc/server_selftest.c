/* The server dials itself, as a stranger and as a friend. */
#include "proto/rpc/client.h"
#include "proto/rpc/server_conn.h"

#include <stdio.h>
#include <string.h>

/* Where a client on this machine reaches the listener. */
static void
own_url(const struct rpc_server *s, char *ret_url, size_t size)
{
    const unsigned char *a = (const unsigned char *)&s->address.s_in.sa_addr;
    char host[64] = "127.0.0.1";
    if (s->address.s_family == NNG_AF_INET6) {
        snprintf(host, sizeof host, "[::1]");
    } else if (s->address.s_in.sa_addr != 0) {
        snprintf(host, sizeof host, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    }
    snprintf(ret_url, size, "%s://%s:%u", s->is_tls ? "tls+tcp" : "tcp", host, s->port);
}

static enum status
dial_self(struct rpc_server *s, const struct rpc_tls_files *files, const char *name,
          struct fault *f)
{
    char url[128];
    struct rpc_client *c = NULL;
    own_url(s, url, sizeof url);
    struct rpc_client_config config = {.url = url,
                                       .server_name = name,
                                       .tls = *files,
                                       .connect_timeout_ms = s->limits.handshake_ms};
    enum status st = rpc_client_open(&config, &c, f);
    if (st == STATUS_OK) {
        st = rpc_client_connect(c, s->limits.handshake_ms, f);
    }
    rpc_client_free(c);
    return st;
}

enum status
rpc_server_selftest(struct rpc_server *s, const struct rpc_tls_files *client,
                    const char *server_name, struct fault *f)
{
    struct rpc_tls_files stranger = {.ca_file = s->ca_file};
    struct fault why = {0};
    if (!s->is_tls) {
        return fault_set(f, STATUS_INTERNAL, "TLS_SELFTEST_FAILED",
                         "监听地址 %s 没有加密，只可用于测试。", s->url);
    }
    enum status st = dial_self(s, &stranger, server_name, &why);
    if (s->is_open) {
        return st == STATUS_OK ? st
                               : fault_set(f, STATUS_INTERNAL, "TLS_SELFTEST_FAILED",
                                           "自检失败：开通端口连不上。原因：%s", why.message);
    }
    if (st != STATUS_UNAUTHENTICATED || strcmp(why.reason, "TLS_CLIENT_REFUSED") != 0) {
        return fault_set(f, STATUS_INTERNAL, "TLS_SELFTEST_FAILED",
                         "自检失败：没有证书的连接本应被拒绝，实际结果是 %s。%s服务不得启动，请检查"
                         "证书配置。",
                         st == STATUS_OK ? "连上了" : status_name(st), why.message);
    }
    if (client != NULL) {
        st = dial_self(s, client, server_name, &why);
        if (st != STATUS_OK) {
            return fault_set(f, STATUS_INTERNAL, "TLS_SELFTEST_FAILED",
                             "自检失败：持有效证书 %s 的连接也连不上。原因：%s", client->cert_file,
                             why.message);
        }
    }
    return STATUS_OK;
}
