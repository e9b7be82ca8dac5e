#include "proto/rpc/tls.h"

#include <assert.h>
#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

enum { TLS_FILE_MAX = 256 * 1024 };

/* The texts of the three files. key may be NULL (no certificate of our own). */
struct tls_texts {
    char *ca;
    char *cert;
    char *key;
    char *more_ca;
};

static void
texts_release(struct tls_texts *t)
{
    free(t->ca);
    free(t->more_ca);
    free(t->cert);
    if (t->key != NULL) {
        mbedtls_platform_zeroize(t->key, strlen(t->key));
        free(t->key);
    }
    *t = (struct tls_texts){0};
}

static enum status
file_fault(const char *path, const char *why, struct fault *f)
{
    return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_FILE_UNREADABLE",
                     "无法读取证书文件 %s：%s。请检查路径和读取权限。", path, why);
}

static enum status
file_read(const char *path, char **ret_text, struct fault *f)
{
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return file_fault(path, strerror(errno), f);
    }
    char *text = calloc(1, TLS_FILE_MAX + 1);
    size_t n = text != NULL ? fread(text, 1, TLS_FILE_MAX + 1, in) : 0;
    bool ok = text != NULL && ferror(in) == 0 && n > 0 && n <= TLS_FILE_MAX;
    const char *why = n > TLS_FILE_MAX ? "文件过大" : "文件是空的或读取出错";
    fclose(in);
    if (!ok || strlen(text) != n) {
        free(text);
        return file_fault(path, why, f);
    }
    *ret_text = text;
    return STATUS_OK;
}

/* ---- checks ---- */

static enum status
invalid_fault(const char *path, const char *what, int rv, struct fault *f)
{
    char text[128] = "";
    mbedtls_strerror(rv, text, sizeof text);
    return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_FILE_INVALID",
                     "文件 %s 里没有可用的%s（%s）。需要 PEM 格式，请重新生成或重新拷贝。", path,
                     what, text);
}

static enum status
cert_parse(const char *path, const char *text, mbedtls_x509_crt *ret_cert, struct fault *f)
{
    int rv = mbedtls_x509_crt_parse(ret_cert, (const unsigned char *)text, strlen(text) + 1);
    return rv == 0 ? STATUS_OK : invalid_fault(path, "证书", rv, f);
}

static enum status
cert_check_dates(const char *path, const mbedtls_x509_crt *cert, struct fault *f)
{
    const mbedtls_x509_time *to = &cert->valid_to;
    const mbedtls_x509_time *from = &cert->valid_from;
    if (mbedtls_x509_time_is_past(to)) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_CERT_EXPIRED",
                         "证书 %s 已于 %04d-%02d-%02d 到期。请换发新证书后再启动。", path, to->year,
                         to->mon, to->day);
    }
    if (mbedtls_x509_time_is_future(from)) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_CERT_NOT_YET_VALID",
                         "证书 %s 要到 %04d-%02d-%02d 才生效。请检查本机时间，或换用已生效的证书。",
                         path, from->year, from->mon, from->day);
    }
    return STATUS_OK;
}

static enum status
key_check(const struct rpc_tls_files *files, const char *key_text, mbedtls_x509_crt *cert,
          struct fault *f)
{
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    enum status st = STATUS_OK;
    int rv =
        mbedtls_pk_parse_key(&key, (const unsigned char *)key_text, strlen(key_text) + 1, NULL, 0);
    if (rv != 0) {
        st = invalid_fault(files->key_file, "私钥（不能带口令）", rv, f);
    } else if (mbedtls_pk_check_pair(&cert->pk, &key) != 0) {
        st = fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_KEY_MISMATCH",
                       "私钥 %s 与证书 %s 不是一对。请使用签发该证书时的私钥。", files->key_file,
                       files->cert_file);
    }
    mbedtls_pk_free(&key);
    return st;
}

static enum status
own_check(const struct rpc_tls_files *files, const struct tls_texts *t, mbedtls_x509_crt *ca,
          struct fault *f)
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    uint32_t flags = 0;
    enum status st = cert_parse(files->cert_file, t->cert, &cert, f);
    if (st == STATUS_OK) {
        st = cert_check_dates(files->cert_file, &cert, f);
    }
    if (st == STATUS_OK) {
        st = key_check(files, t->key, &cert, f);
    }
    if (st == STATUS_OK &&
        mbedtls_x509_crt_verify(&cert, ca, NULL, NULL, &flags, NULL, NULL) != 0 &&
        (cert.next == NULL ||
         mbedtls_x509_crt_verify(&cert, cert.next, NULL, NULL, &flags, NULL, NULL) != 0)) {
        st = fault_set(
            f, STATUS_FAILED_PRECONDITION, "TLS_CERT_WRONG_CA",
            "证书 %s 不是由 %s 里的机构签发的（或签发链不完整）。请核对两个文件是否配套。",
            files->cert_file, files->ca_file);
    }
    mbedtls_x509_crt_free(&cert);
    return st;
}

/* The second authority; the first one's text grows by it. */
static enum status
more_ca_load(const char *path, struct tls_texts *t, struct fault *f)
{
    mbedtls_x509_crt ca;
    mbedtls_x509_crt_init(&ca);
    enum status st = file_read(path, &t->more_ca, f);
    if (st == STATUS_OK) {
        st = cert_parse(path, t->more_ca, &ca, f);
    }
    if (st == STATUS_OK) {
        st = cert_check_dates(path, &ca, f);
    }
    mbedtls_x509_crt_free(&ca);
    char *both = NULL;
    if (st == STATUS_OK && asprintf(&both, "%s\n%s", t->ca, t->more_ca) < 0) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "本机内存不足。");
    }
    if (st == STATUS_OK) {
        free(t->ca);
        t->ca = both;
    }
    return st;
}

/* Reads and checks; the texts are the caller's (texts_release) on success only. */
static enum status
texts_load(const struct rpc_tls_files *files, struct tls_texts *ret_texts, struct fault *f)
{
    struct tls_texts t = {0};
    mbedtls_x509_crt ca;
    mbedtls_x509_crt_init(&ca);
    enum status st = STATUS_OK;
    if (files->ca_file == NULL || (files->cert_file == NULL) != (files->key_file == NULL)) {
        st = fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_FILE_UNREADABLE",
                       "没有写明证书文件：需要机构证书、本机证书和本机私钥三个文件的路径。");
        goto out;
    }
    st = file_read(files->ca_file, &t.ca, f);
    if (st == STATUS_OK && files->cert_file != NULL) {
        st = file_read(files->cert_file, &t.cert, f);
    }
    if (st == STATUS_OK && files->key_file != NULL) {
        st = file_read(files->key_file, &t.key, f);
    }
    if (st == STATUS_OK) {
        st = cert_parse(files->ca_file, t.ca, &ca, f);
    }
    if (st == STATUS_OK) {
        st = cert_check_dates(files->ca_file, &ca, f);
    }
    if (st == STATUS_OK && files->cert_file != NULL) {
        st = own_check(files, &t, &ca, f);
    }
    if (st == STATUS_OK && files->more_ca_file != NULL) {
        st = more_ca_load(files->more_ca_file, &t, f);
    }
out:
    mbedtls_x509_crt_free(&ca);
    if (st == STATUS_OK) {
        *ret_texts = t;
    } else {
        texts_release(&t);
    }
    return st;
}

enum status
rpc_tls_files_check(const struct rpc_tls_files *files, struct fault *f)
{
    struct tls_texts t = {0};
    enum status st = texts_load(files, &t, f);
    texts_release(&t);
    return st;
}

enum status
rpc_tls_cert_not_after_ms(const char *cert_file, int64_t *ret_ms, struct fault *f)
{
    char *text = NULL;
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    enum status st = file_read(cert_file, &text, f);
    if (st == STATUS_OK) {
        st = cert_parse(cert_file, text, &cert, f);
    }
    if (st == STATUS_OK) {
        const mbedtls_x509_time *to = &cert.valid_to;
        struct tm tm = {.tm_year = to->year - 1900,
                        .tm_mon = to->mon - 1,
                        .tm_mday = to->day,
                        .tm_hour = to->hour,
                        .tm_min = to->min,
                        .tm_sec = to->sec};
        *ret_ms = (int64_t)timegm(&tm) * 1000;
    }
    mbedtls_x509_crt_free(&cert);
    free(text);
    return st;
}

/* ---- configurations ---- */

static enum status
config_make(const struct rpc_tls_files *files, enum nng_tls_mode mode, enum nng_tls_auth_mode auth,
            const char *server_name, nng_tls_config **ret_config, struct fault *f)
{
    struct tls_texts t = {0};
    nng_tls_config *config = NULL;
    enum status st = texts_load(files, &t, f);
    if (st != STATUS_OK) {
        return st;
    }
    int rv = nng_tls_config_alloc(&config, mode);
    if (rv == 0) {
        rv = nng_tls_config_version(config, NNG_TLS_1_2, NNG_TLS_1_3);
    }
    if (rv == 0) {
        rv = nng_tls_config_auth_mode(config, auth);
    }
    if (rv == 0) {
        rv = nng_tls_config_ca_chain(config, t.ca, NULL);
    }
    if (rv == 0 && t.cert != NULL) {
        rv = nng_tls_config_own_cert(config, t.cert, t.key, NULL);
    }
    if (rv == 0 && server_name != NULL) {
        rv = nng_tls_config_server_name(config, server_name);
    }
    texts_release(&t);
    if (rv != 0) {
        rpc_tls_config_free(config);
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_FILE_INVALID",
                         "无法用 %s、%s 建立加密配置：%s。", files->ca_file,
                         files->cert_file != NULL ? files->cert_file : "（无本机证书）",
                         nng_strerror(rv));
    }
    *ret_config = config;
    return STATUS_OK;
}

static enum status
server_config(const struct rpc_tls_files *files, enum nng_tls_auth_mode auth,
              struct nng_tls_config **ret_config, struct fault *f)
{
    if (files->cert_file == NULL) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_FILE_UNREADABLE",
                         "没有写明服务器证书和私钥文件的路径。");
    }
    return config_make(files, NNG_TLS_MODE_SERVER, auth, NULL, ret_config, f);
}

enum status
rpc_tls_server_config(const struct rpc_tls_files *files, struct nng_tls_config **ret_config,
                      struct fault *f)
{
    return server_config(files, NNG_TLS_AUTH_MODE_REQUIRED, ret_config, f);
}

enum status
rpc_tls_server_config_open(const struct rpc_tls_files *files, struct nng_tls_config **ret_config,
                           struct fault *f)
{
    return server_config(files, NNG_TLS_AUTH_MODE_NONE, ret_config, f);
}

enum status
rpc_tls_client_config(const struct rpc_tls_files *files, const char *server_name,
                      struct nng_tls_config **ret_config, struct fault *f)
{
    assert(server_name != NULL && server_name[0] != '\0');
    return config_make(files, NNG_TLS_MODE_CLIENT, NNG_TLS_AUTH_MODE_REQUIRED, server_name,
                       ret_config, f);
}

enum status
rpc_tls_client_config_any_name(const struct rpc_tls_files *files,
                               struct nng_tls_config **ret_config, struct fault *f)
{
    return config_make(files, NNG_TLS_MODE_CLIENT, NNG_TLS_AUTH_MODE_REQUIRED, NULL, ret_config, f);
}

enum status
rpc_tls_client_config_unchecked(struct nng_tls_config **ret_config, struct fault *f)
{
    nng_tls_config *config = NULL;
    int rv = nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT);
    if (rv == 0) {
        rv = nng_tls_config_version(config, NNG_TLS_1_2, NNG_TLS_1_3);
    }
    if (rv == 0) {
        rv = nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_NONE);
    }
    if (rv != 0) {
        rpc_tls_config_free(config);
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TLS_FILE_INVALID",
                         "无法建立加密配置：%s。", nng_strerror(rv));
    }
    *ret_config = config;
    return STATUS_OK;
}

void
rpc_tls_config_free(struct nng_tls_config *config)
{
    if (config != NULL) {
        nng_tls_config_free(config);
    }
}
