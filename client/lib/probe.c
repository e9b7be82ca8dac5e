#include "client/lib/probe.h"
#include "client/lib/file.h"
#include "proto/rpc/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "tls+tcp://HOST:PORT", "tls+tcp://[ADDRESS]:PORT" */
static enum status
url_split(const char *url, struct rectify_probe *probe, struct fault *f)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : NULL;
    const char *colon = host != NULL ? strrchr(host, ':') : NULL;
    const char *end = colon;
    if (colon == NULL || colon == host || colon[1] == '\0' ||
        strlen(colon + 1) >= sizeof probe->port || (size_t)(colon - host) >= sizeof probe->host) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "URL_INVALID",
                         "服务器地址“%s”不对：要写成 tls+tcp://主机:端口。", url);
    }
    if (*host == '[' && colon[-1] == ']') {
        host++;
        end--;
    }
    (void)snprintf(probe->host, sizeof probe->host, "%.*s", (int)(end - host), host);
    (void)snprintf(probe->port, sizeof probe->port, "%s", colon + 1);
    return STATUS_OK;
}

static void
address_write(const struct addrinfo *found, struct rectify_probe *probe)
{
    if (found->ai_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)found->ai_addr;
        (void)inet_ntop(AF_INET, &v4->sin_addr, probe->address, sizeof probe->address);
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)found->ai_addr;
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, probe->address, sizeof probe->address);
    }
}

/* Waits for the connection that was begun; 0 or an errno. */
static int
connect_wait(int fd, uint32_t timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    int ready = poll(&wait, 1, (int)timeout_ms);
    if (ready == 0) {
        return ETIMEDOUT;
    }
    return ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? errno : error;
}

static int
connect_once(const struct addrinfo *found, uint32_t timeout_ms)
{
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int error = connect(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        error = connect_wait(fd, timeout_ms);
    }
    (void)close(fd);
    return error;
}

static enum status
connect_fault(int error, const struct rectify_probe *probe, struct fault *f)
{
    if (error == ETIMEDOUT) {
        return fault_set(f, STATUS_DEADLINE_EXCEEDED, "CONNECT_TIMEOUT",
                         "%s 的端口 %s 没有回音：可能网络不通，或被防火墙挡住。", probe->address,
                         probe->port);
    }
    if (error == ECONNREFUSED) {
        return fault_set(f, STATUS_UNAVAILABLE, "CONNECT_REFUSED",
                         "%s 在，但端口 %s 上没有服务：服务器没有运行，或端口写错了。",
                         probe->address, probe->port);
    }
    return fault_set(f, STATUS_UNAVAILABLE, "CONNECT_FAILED", "连不上 %s 的端口 %s：%s。",
                     probe->address, probe->port, rectify_errno_zh(error));
}

enum status
rectify_probe_server(const char *url, uint32_t timeout_ms, struct rectify_probe *ret_probe,
                     struct fault *f)
{
    struct in6_addr numeric;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    *ret_probe = (struct rectify_probe){.is_numeric = false};
    enum status status = url_split(url, ret_probe, f);
    if (status != STATUS_OK) {
        return status;
    }
    ret_probe->is_numeric = inet_pton(AF_INET, ret_probe->host, &numeric) == 1 ||
                            inet_pton(AF_INET6, ret_probe->host, &numeric) == 1;
    if (getaddrinfo(ret_probe->host, ret_probe->port, &hints, &found) != 0) {
        return fault_set(f, STATUS_UNAVAILABLE, "HOST_UNKNOWN", "找不到名为“%s”的服务器。",
                         ret_probe->host);
    }
    address_write(found, ret_probe);
    int error = connect_once(found, timeout_ms);
    freeaddrinfo(found);
    ret_probe->is_connected = error == 0;
    return error == 0 ? STATUS_OK : connect_fault(error, ret_probe, f);
}

enum status
rectify_certificate_until_ms(const char *file, int64_t *ret_ms, struct fault *f)
{
    return rpc_tls_cert_not_after_ms(file, ret_ms, f);
}
