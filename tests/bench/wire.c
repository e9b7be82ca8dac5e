#include "tests/bench/wire.h"

#include "proto/rpc/sp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, BUFFER_BYTES = 65536 };

struct wire_tls {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt ca;
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
    mbedtls_ssl_config config;
};

struct wire {
    int fd;
    uint32_t request;
    mbedtls_ssl_context ssl;
    size_t used;
    unsigned char buffer[BUFFER_BYTES];
};

struct wire_tls *
wire_tls_load(const char *folder)
{
    struct wire_tls *t = calloc(1, sizeof *t);
    char ca[PATH_BYTES];
    char cert[PATH_BYTES];
    char key[PATH_BYTES];
    if (t == NULL) {
        return NULL;
    }
    snprintf(ca, sizeof ca, "%s/ca.crt", folder);
    snprintf(cert, sizeof cert, "%s/client.crt", folder);
    snprintf(key, sizeof key, "%s/client.key", folder);
    mbedtls_entropy_init(&t->entropy);
    mbedtls_ctr_drbg_init(&t->random);
    mbedtls_x509_crt_init(&t->ca);
    mbedtls_x509_crt_init(&t->cert);
    mbedtls_pk_init(&t->key);
    mbedtls_ssl_config_init(&t->config);
    if (mbedtls_ctr_drbg_seed(&t->random, mbedtls_entropy_func, &t->entropy, NULL, 0) != 0 ||
        mbedtls_x509_crt_parse_file(&t->ca, ca) != 0 ||
        mbedtls_x509_crt_parse_file(&t->cert, cert) != 0 ||
        mbedtls_pk_parse_keyfile(&t->key, key, NULL) != 0 ||
        mbedtls_ssl_config_defaults(&t->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        mbedtls_ssl_conf_own_cert(&t->config, &t->cert, &t->key) != 0) {
        fprintf(stderr, "certificates in %s cannot be used\n", folder);
        return NULL; /* the program ends */
    }
    mbedtls_ssl_conf_ca_chain(&t->config, &t->ca, NULL);
    mbedtls_ssl_conf_authmode(&t->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(&t->config, mbedtls_ctr_drbg_random, &t->random);
    return t;
}

static int
bio_send(void *ctx, const unsigned char *bytes, size_t size)
{
    const struct wire *w = ctx;
    ssize_t n = send(w->fd, bytes, size, MSG_NOSIGNAL);
    return n >= 0 ? (int)n : errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : -1;
}

static int
bio_receive(void *ctx, unsigned char *bytes, size_t size)
{
    const struct wire *w = ctx;
    ssize_t n = recv(w->fd, bytes, size, 0);
    return n >= 0 ? (int)n : errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : -1;
}

static bool
shake_hands(struct wire *w)
{
    unsigned char mine[SP_HANDSHAKE_SIZE];
    unsigned char theirs[SP_HANDSHAKE_SIZE];
    uint16_t protocol = 0;
    sp_handshake_write(SP_PROTO_REQ, mine);
    if (mbedtls_ssl_handshake(&w->ssl) != 0 ||
        mbedtls_ssl_write(&w->ssl, mine, sizeof mine) != (int)sizeof mine ||
        mbedtls_ssl_read(&w->ssl, theirs, sizeof theirs) != (int)sizeof theirs) {
        return false;
    }
    return sp_handshake_read(theirs, &protocol) == STATUS_OK && protocol == SP_PROTO_REP;
}

struct wire *
wire_open(struct wire_tls *tls, int port)
{
    struct wire *w = calloc(1, sizeof *w);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    if (w == NULL) {
        return NULL;
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mbedtls_ssl_init(&w->ssl);
    if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        mbedtls_ssl_setup(&w->ssl, &tls->config) != 0 ||
        mbedtls_ssl_set_hostname(&w->ssl, "rectifyd") != 0) {
        fprintf(stderr, "cannot connect to port %d: %s\n", port, strerror(errno));
        return NULL;
    }
    mbedtls_ssl_set_bio(&w->ssl, w, bio_send, bio_receive, NULL);
    if (!shake_hands(w) || fcntl(w->fd, F_SETFL, O_NONBLOCK) != 0) {
        fprintf(stderr, "port %d does not speak SP over our TLS\n", port);
        return NULL;
    }
    return w;
}

int
wire_fd(const struct wire *w)
{
    return w->fd;
}

bool
wire_send(struct wire *w, const void *payload, size_t size)
{
    unsigned char frame[8192];
    size_t head = SP_LENGTH_SIZE + SP_WORD_SIZE;
    if (size + head > sizeof frame) {
        return false;
    }
    sp_length_write(size + SP_WORD_SIZE, frame);
    sp_request_id_write(++w->request, frame + SP_LENGTH_SIZE);
    memcpy(frame + head, payload, size);
    return mbedtls_ssl_write(&w->ssl, frame, head + size) == (int)(head + size);
}

int
wire_receive(struct wire *w, const unsigned char **ret_payload, size_t *ret_size)
{
    for (;;) {
        int n = mbedtls_ssl_read(&w->ssl, w->buffer + w->used, sizeof w->buffer - w->used);
        if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return 0;
        }
        if (n <= 0) {
            return -1;
        }
        w->used += (size_t)n;
        if (w->used < SP_LENGTH_SIZE) {
            continue;
        }
        uint64_t length = sp_length_read(w->buffer);
        if (length < SP_WORD_SIZE || length + SP_LENGTH_SIZE > sizeof w->buffer) {
            return -1;
        }
        if (w->used == length + SP_LENGTH_SIZE) { /* one request at a time: nothing follows */
            w->used = 0;
            *ret_payload = w->buffer + SP_LENGTH_SIZE + SP_WORD_SIZE;
            *ret_size = length - SP_WORD_SIZE;
            return 1;
        }
    }
}
