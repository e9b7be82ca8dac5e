#include "proto/rpc/certificate.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

enum { PEM_BYTES = 4096 };

static int
random_bytes(void *ctx, unsigned char *out, size_t n)
{
    (void)ctx;
    randombytes_buf(out, n);
    return 0;
}

/* The server writes the name that counts: a machine does not choose its own. */
static enum status
request_write(struct arena *a, mbedtls_pk_context *key, struct certificate_request *ret,
              struct fault *f)
{
    unsigned char der[PEM_BYTES];
    mbedtls_x509write_csr csr;
    mbedtls_x509write_csr_init(&csr);
    mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&csr, key);
    int n = mbedtls_x509write_csr_set_subject_name(&csr, "CN=machine");
    if (n == 0) {
        n = mbedtls_x509write_csr_der(&csr, der, sizeof der, random_bytes, NULL);
    }
    mbedtls_x509write_csr_free(&csr);
    if (n <= 0) {
        return fault_set(f, STATUS_INTERNAL, "KEY_MAKE", "没能生成证书申请（%d）。", n);
    }
    ret->der = arena_alloc(a, (size_t)n);
    if (ret->der == NULL) {
        return fault_memory(f);
    }
    memcpy(ret->der, der + sizeof der - n, (size_t)n); /* it is written from the end */
    ret->n = (size_t)n;
    return STATUS_OK;
}

enum status
certificate_request_make(struct arena *a, struct certificate_request *ret, struct fault *f)
{
    unsigned char pem[PEM_BYTES];
    struct certificate_request made = {.n = 0};
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    enum status s = STATUS_OK;
    if (sodium_init() < 0) {
        return fault_set(f, STATUS_INTERNAL, "KEY_MAKE", "系统的随机数不可用。");
    }
    int rv = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (rv == 0) {
        rv = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), random_bytes, NULL);
    }
    if (rv == 0) {
        rv = mbedtls_pk_write_key_pem(&key, pem, sizeof pem);
    }
    if (rv != 0) {
        s = fault_set(f, STATUS_INTERNAL, "KEY_MAKE", "没能生成证书的密钥（%d）。", rv);
        goto out;
    }
    made.key_pem = arena_strdup(a, (char *)pem);
    s = made.key_pem == NULL ? fault_memory(f) : request_write(a, &key, &made, f);
out:
    mbedtls_platform_zeroize(pem, sizeof pem);
    mbedtls_pk_free(&key);
    if (s == STATUS_OK) {
        *ret = made;
    }
    return s;
}

static enum status
key_parse(const char *key_pem, mbedtls_pk_context *key, struct fault *f)
{
    int rv =
        mbedtls_pk_parse_key(key, (const unsigned char *)key_pem, strlen(key_pem) + 1, NULL, 0);
    return rv == 0 ? STATUS_OK
                   : fault_set(f, STATUS_INVALID_ARGUMENT, "KEY_FILE",
                               "本机证书的密钥损坏了，读不出来。");
}

/* ---- reading ---- */

static enum status
parse(const char *pem, mbedtls_x509_crt *cert, struct fault *f)
{
    int rv = mbedtls_x509_crt_parse(cert, (const unsigned char *)pem, strlen(pem) + 1);
    return rv == 0 ? STATUS_OK
                   : fault_set(f, STATUS_INVALID_ARGUMENT, "CERTIFICATE_FORM",
                               "证书的内容读不懂（应为 PEM 格式）。");
}

enum status
certificate_sha256(const char *pem, char ret_hex[CERTIFICATE_SHA256_HEX_SIZE], struct fault *f)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    enum status s = parse(pem, &cert, f);
    if (s == STATUS_OK) {
        crypto_hash_sha256(hash, cert.raw.p, cert.raw.len);
        sodium_bin2hex(ret_hex, CERTIFICATE_SHA256_HEX_SIZE, hash, sizeof hash);
    }
    mbedtls_x509_crt_free(&cert);
    return s;
}

static int64_t
time_ms(const mbedtls_x509_time *t)
{
    struct tm tm = {.tm_year = t->year - 1900,
                    .tm_mon = t->mon - 1,
                    .tm_mday = t->day,
                    .tm_hour = t->hour,
                    .tm_min = t->min,
                    .tm_sec = t->sec};
    return (int64_t)timegm(&tm) * 1000;
}

enum status
certificate_span_ms(const char *pem, int64_t *ret_from_ms, int64_t *ret_to_ms, struct fault *f)
{
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&cert);
    enum status s = parse(pem, &cert, f);
    if (s == STATUS_OK) {
        *ret_from_ms = time_ms(&cert.valid_from);
        *ret_to_ms = time_ms(&cert.valid_to);
    }
    mbedtls_x509_crt_free(&cert);
    return s;
}

enum status
certificate_is_of(const char *pem, const char *key_pem, struct fault *f)
{
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
    mbedtls_x509_crt_init(&cert);
    mbedtls_pk_init(&key);
    enum status s = parse(pem, &cert, f);
    if (s == STATUS_OK) {
        s = key_parse(key_pem, &key, f);
    }
    if (s == STATUS_OK && mbedtls_pk_check_pair(&cert.pk, &key) != 0) {
        s = fault_set(f, STATUS_INVALID_ARGUMENT, "CERTIFICATE_OTHER_KEY",
                      "服务器发来的证书不是本机这个密钥的。");
    }
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&cert);
    return s;
}
