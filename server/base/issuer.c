#include "server/base/issuer.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 64 * 1024, PEM_BYTES = 8192, DN_BYTES = 512, NAME_BYTES = 64, STAMP_SIZE = 16 };
static const int64_t DAY_MS = 86400000;

struct issuer {
    char *ca_pem;
    char ca_name[DN_BYTES];
    int64_t ca_from_ms;
    int64_t ca_to_ms;
    int days;
    mbedtls_x509_crt ca;
    pthread_mutex_t lock; /* the key: signing changes its tables */
    mbedtls_pk_context key;
    struct issuer_authority authority;
    char *texts[5]; /* what authority points at */
    _Atomic uint32_t server_port;
    _Atomic uint32_t onboard_port;
};

static int
random_bytes(void *ctx, unsigned char *out, size_t n)
{
    (void)ctx;
    randombytes_buf(out, n);
    return 0;
}

/* ---- files ---- */

/* *ret_text is malloc'd. private: nobody else may read it. */
static enum status
file_read(const char *path, bool private, char **ret_text, struct fault *f)
{
    struct stat st;
    enum status s = STATUS_OK;
    char *text = calloc(1, FILE_BYTES + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (text == NULL) {
        s = fault_memory(f);
    } else if (fd < 0 || fstat(fd, &st) != 0) {
        s = fault_set(
            f, STATUS_FAILED_PRECONDITION, "ISSUER_FILE",
            "打不开 [onboard] 要用的文件 %s：%s。请检查路径和权限；没有机器证书机构时运行 "
            "deploy/pki machine-ca。",
            path, strerror(errno));
    } else if (private && (st.st_mode & 077) != 0) {
        s = fault_set(f, STATUS_FAILED_PRECONDITION, "ISSUER_EXPOSED",
                      "签发密钥 %s 其他人也能读：请运行 chmod 600，只留给运行服务的账号。", path);
    } else if (read(fd, text, FILE_BYTES) <= 0) {
        s = fault_set(f, STATUS_FAILED_PRECONDITION, "ISSUER_FILE", "文件 %s 是空的或读不出来。",
                      path);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (s != STATUS_OK) {
        free(text);
        return s;
    }
    *ret_text = text;
    return STATUS_OK;
}

static enum status
unfit(const char *path, const char *why, int rv, struct fault *f)
{
    char text[128] = "";
    if (rv != 0) {
        mbedtls_strerror(rv, text, sizeof text);
    }
    return fault_set(f, STATUS_FAILED_PRECONDITION, "ISSUER_UNFIT",
                     "[onboard] 的 %s 不能用：%s。%s%s", path, why, text, rv != 0 ? "。" : "");
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

static enum status
ca_load(struct issuer *i, const struct issuer_config *c, struct fault *f)
{
    char *key_pem = NULL;
    enum status s = file_read(c->ca_cert_file, false, &i->ca_pem, f);
    if (s == STATUS_OK) {
        s = file_read(c->ca_key_file, true, &key_pem, f);
    }
    if (s != STATUS_OK) {
        goto out;
    }
    int rv = mbedtls_x509_crt_parse(&i->ca, (unsigned char *)i->ca_pem, strlen(i->ca_pem) + 1);
    if (rv != 0 || i->ca.ca_istrue == 0 || i->ca.next != NULL) {
        s = unfit(c->ca_cert_file, "应是一个机构（CA）证书", rv, f);
        goto out;
    }
    rv = mbedtls_pk_parse_key(&i->key, (unsigned char *)key_pem, strlen(key_pem) + 1, NULL, 0);
    if (rv != 0 || mbedtls_pk_check_pair(&i->ca.pk, &i->key) != 0) {
        s = unfit(c->ca_key_file, "不是这个机构证书的私钥（不能带口令）", rv, f);
        goto out;
    }
    if (mbedtls_x509_dn_gets(i->ca_name, sizeof i->ca_name, &i->ca.subject) <= 0) {
        s = unfit(c->ca_cert_file, "证书的名称太长", 0, f);
    }
    i->ca_from_ms = time_ms(&i->ca.valid_from);
    i->ca_to_ms = time_ms(&i->ca.valid_to);
out:
    if (key_pem != NULL) {
        sodium_memzero(key_pem, strlen(key_pem));
        free(key_pem);
    }
    return s;
}

/* ---- what everybody is told ---- */

static char *
pem_of(const mbedtls_x509_crt *cert)
{
    size_t size = sodium_base64_encoded_len(cert->raw.len, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = malloc(size);
    char *pem = NULL;
    size_t used = 0;
    FILE *out = base64 == NULL ? NULL : open_memstream(&pem, &used);
    if (out != NULL) {
        sodium_bin2base64(base64, size, cert->raw.p, cert->raw.len, sodium_base64_VARIANT_ORIGINAL);
        (void)fputs("-----BEGIN CERTIFICATE-----\n", out);
        for (size_t at = 0; at < strlen(base64); at += 64) {
            (void)fprintf(out, "%.64s\n", base64 + at);
        }
        (void)fputs("-----END CERTIFICATE-----\n", out);
        if (fclose(out) != 0) {
            free(pem);
            pem = NULL;
        }
    }
    free(base64);
    return pem;
}

/* The one of the file's authorities that vouches for the server. */
static enum status
authority_find(struct issuer *i, const struct issuer_config *c, struct fault *f)
{
    char *ca_pem = NULL;
    char *cert_pem = NULL;
    mbedtls_x509_crt all;
    mbedtls_x509_crt cert;
    mbedtls_x509_crt_init(&all);
    mbedtls_x509_crt_init(&cert);
    enum status s = file_read(c->server_ca_file, false, &ca_pem, f);
    if (s == STATUS_OK) {
        s = file_read(c->server_cert_file, false, &cert_pem, f);
    }
    if (s != STATUS_OK) {
        goto out;
    }
    s = STATUS_FAILED_PRECONDITION;
    if (mbedtls_x509_crt_parse(&all, (unsigned char *)ca_pem, strlen(ca_pem) + 1) == 0 &&
        mbedtls_x509_crt_parse(&cert, (unsigned char *)cert_pem, strlen(cert_pem) + 1) == 0) {
        for (mbedtls_x509_crt *one = &all; one != NULL && s != STATUS_OK; one = one->next) {
            mbedtls_x509_crt alone = *one;
            uint32_t flags = 0;
            alone.next = NULL;
            if (mbedtls_x509_crt_verify(&cert, &alone, NULL, NULL, &flags, NULL, NULL) == 0) {
                unsigned char hash[crypto_hash_sha256_BYTES];
                crypto_hash_sha256(hash, one->raw.p, one->raw.len);
                sodium_bin2hex(i->authority.sha256, sizeof i->authority.sha256, hash, sizeof hash);
                i->texts[0] = pem_of(one);
                s = i->texts[0] == NULL ? fault_memory(f) : STATUS_OK;
            }
        }
    }
    if (s == STATUS_FAILED_PRECONDITION) {
        s = unfit(c->server_ca_file, "里面没有签发服务器证书的机构", 0, f);
    }
out:
    mbedtls_x509_crt_free(&all);
    mbedtls_x509_crt_free(&cert);
    free(ca_pem);
    free(cert_pem);
    return s;
}

static const char *
said(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static enum status
authority_load(struct issuer *i, const struct issuer_config *c, struct fault *f)
{
    const char *const texts[] = {NULL, c->tenant, c->server_name, c->server, c->onboard};
    enum status s = authority_find(i, c, f);
    for (int k = 1; s == STATUS_OK && k < 5; k++) {
        i->texts[k] = strdup(texts[k]);
        s = i->texts[k] == NULL ? fault_memory(f) : STATUS_OK;
    }
    if (s == STATUS_OK) {
        i->authority.certificate = i->texts[0];
        i->authority.tenant = i->texts[1];
        i->authority.server_name = i->texts[2];
        i->authority.server = said(i->texts[3]);
        i->authority.onboard = said(i->texts[4]);
    }
    return s;
}

void
issuer_ports(struct issuer *issuer, uint16_t server_port, uint16_t onboard_port)
{
    atomic_store(&issuer->server_port, server_port);
    atomic_store(&issuer->onboard_port, onboard_port);
}

struct issuer_authority
issuer_authority(const struct issuer *issuer)
{
    struct issuer_authority a = issuer->authority;
    a.server_port = (uint16_t)atomic_load(&issuer->server_port);
    a.onboard_port = (uint16_t)atomic_load(&issuer->onboard_port);
    return a;
}

/* ---- requests ---- */

/* mbedTLS reads a request without looking at its signature. */
static bool
signed_by_itself(mbedtls_x509_csr *csr)
{
    unsigned char hash[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(csr->sig_md);
    return md != NULL && mbedtls_md(md, csr->cri.p, csr->cri.len, hash) == 0 &&
           mbedtls_pk_verify_ext(csr->sig_pk, csr->sig_opts, &csr->pk, csr->sig_md, hash,
                                 mbedtls_md_get_size(md), csr->sig.p, csr->sig.len) == 0;
}

static enum status
csr_read(const unsigned char *bytes, size_t n, mbedtls_x509_csr *csr, struct fault *f)
{
    if (n == 0 || bytes == NULL) {
        return fault_set_field(
            f, "csr", "CSR_MISSING",
            "没有证书申请：请用 rectify onboard 或 rectify machine renew 办理。");
    }
    if (n > ISSUER_CSR_BYTES || mbedtls_x509_csr_parse_der(csr, bytes, n) != 0) {
        return fault_set_field(f, "csr", "CSR_FORM",
                               "证书申请读不懂：应是 DER 格式的 PKCS#10，至多 %d 字节。",
                               ISSUER_CSR_BYTES);
    }
    if (mbedtls_pk_get_type(&csr->pk) != MBEDTLS_PK_ECKEY ||
        mbedtls_pk_ec(csr->pk)->grp.id != MBEDTLS_ECP_DP_SECP256R1 ||
        csr->sig_md != MBEDTLS_MD_SHA256) {
        return fault_set_field(f, "csr", "CSR_KEY",
                               "证书申请的密钥不合要求：应是 P-256，用 SHA-256 签名。");
    }
    if (!signed_by_itself(csr)) {
        return fault_set_field(f, "csr", "CSR_SIGNATURE",
                               "证书申请不是它自己的密钥签的，或传输中损坏：请重新办理。");
    }
    return STATUS_OK;
}

enum status
issuer_csr_check(const unsigned char *bytes, size_t n, struct fault *f)
{
    mbedtls_x509_csr csr;
    mbedtls_x509_csr_init(&csr);
    enum status s = csr_read(bytes, n, &csr, f);
    mbedtls_x509_csr_free(&csr);
    return s;
}

/* ---- certificates ---- */

static void
stamp(int64_t ms, char ret[STAMP_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    if (strftime(ret, STAMP_SIZE, "%Y%m%d%H%M%S", &tm) == 0) {
        ret[0] = '\0';
    }
}

static int
set_times(const struct issuer *i, mbedtls_x509write_cert *w, int64_t now_ms, int64_t *ret_to_ms)
{
    char from[STAMP_SIZE];
    char to[STAMP_SIZE];
    int64_t from_ms = now_ms - ISSUER_BACKDATED_DAYS * DAY_MS;
    int64_t to_ms = now_ms + i->days * DAY_MS;
    from_ms = from_ms < i->ca_from_ms ? i->ca_from_ms : from_ms;
    to_ms = to_ms > i->ca_to_ms ? i->ca_to_ms : to_ms;
    stamp(from_ms, from);
    stamp(to_ms, to);
    *ret_to_ms = to_ms / 1000 * 1000;
    return mbedtls_x509write_crt_set_validity(w, from, to);
}

static int
set_names(const struct issuer *i, mbedtls_x509write_cert *w, const char *name,
          struct issuer_certificate *ret)
{
    char subject[NAME_BYTES + 32];
    unsigned char serial[16];
    mbedtls_mpi number;
    randombytes_buf(serial, sizeof serial);
    serial[0] = (unsigned char)((serial[0] & 0x7FU) | 0x40U); /* positive, and always 16 bytes */
    sodium_bin2hex(ret->serial, sizeof ret->serial, serial, sizeof serial);
    mbedtls_mpi_init(&number);
    int rv = mbedtls_mpi_read_binary(&number, serial, sizeof serial);
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_serial(w, &number);
    }
    mbedtls_mpi_free(&number);
    snprintf(subject, sizeof subject, "O=Rectify,CN=%s", name);
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_subject_name(w, subject);
    }
    return rv == 0 ? mbedtls_x509write_crt_set_issuer_name(w, i->ca_name) : rv;
}

/* mbedTLS 2.28 writes neither alternative names nor the extended usage by itself. */
static int
set_extensions(mbedtls_x509write_cert *w, const char *name)
{
    static const unsigned char client_auth[] = {0x30, 0x0A, 0x06, 0x08, 0x2B, 0x06,
                                                0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
    unsigned char san[NAME_BYTES + 4] = {0x30, 0, 0x82, 0}; /* SEQUENCE { [2] dNSName } */
    size_t n = strlen(name);
    san[1] = (unsigned char)(n + 2);
    san[3] = (unsigned char)n;
    memcpy(san + 4, name, n);
    int rv = mbedtls_x509write_crt_set_basic_constraints(w, 0, -1);
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_subject_key_identifier(w);
    }
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_authority_key_identifier(w);
    }
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_key_usage(w, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    }
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_extension(w, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                                                 MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE),
                                                 1, client_auth, sizeof client_auth);
    }
    if (rv == 0) {
        rv = mbedtls_x509write_crt_set_extension(w, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                 MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
                                                 san, n + 4);
    }
    return rv;
}

static int
certificate_write(struct issuer *i, mbedtls_x509write_cert *w, unsigned char pem[PEM_BYTES])
{
    pthread_mutex_lock(&i->lock);
    int rv = mbedtls_x509write_crt_pem(w, pem, PEM_BYTES, random_bytes, NULL);
    pthread_mutex_unlock(&i->lock);
    return rv;
}

/* The key's tables are filled while it signs: that is no change of the issuer. */
static struct issuer *
unlocked(const struct issuer *i)
{
    return (struct issuer *)(uintptr_t)i;
}

enum status
issuer_sign(const struct issuer *issuer, struct arena *a, const struct issuer_request *request,
            struct issuer_certificate *ret, struct fault *f)
{
    const char *name = request->name;
    struct issuer *i = unlocked(issuer);
    unsigned char pem[PEM_BYTES];
    struct issuer_certificate made = {.pem = NULL};
    mbedtls_x509_csr csr;
    mbedtls_x509write_cert w;
    mbedtls_x509_csr_init(&csr);
    mbedtls_x509write_crt_init(&w);
    enum status s = csr_read(request->csr, request->n, &csr, f);
    if (s != STATUS_OK) {
        goto out;
    }
    mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&w, &csr.pk);
    mbedtls_x509write_crt_set_issuer_key(&w, &i->key);
    int rv = strlen(name) > NAME_BYTES ? -1 : set_names(i, &w, name, &made);
    rv = rv == 0 ? set_times(i, &w, request->now_ms, &made.not_after_ms) : rv;
    rv = rv == 0 ? set_extensions(&w, name) : rv;
    rv = rv == 0 ? certificate_write(i, &w, pem) : rv;
    if (rv != 0) {
        s = fault_set(f, STATUS_INTERNAL, "ISSUER_SIGN", "签发证书失败（%d），请联系管理员。", rv);
        goto out;
    }
    made.pem = arena_printf(a, "%s%s", (char *)pem, i->ca_pem);
    s = made.pem == NULL ? fault_memory(f) : STATUS_OK;
out:
    mbedtls_x509_csr_free(&csr);
    mbedtls_x509write_crt_free(&w);
    if (s == STATUS_OK) {
        *ret = made;
    }
    return s;
}

/* ---- opening ---- */

/* A request as a machine makes it. */
static int
trial_request(mbedtls_pk_context *key, unsigned char *der, size_t size)
{
    mbedtls_x509write_csr w;
    mbedtls_x509write_csr_init(&w);
    mbedtls_x509write_csr_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&w, key);
    int rv = mbedtls_x509write_csr_set_subject_name(&w, "CN=trial");
    rv = rv == 0 ? mbedtls_x509write_csr_der(&w, der, size, random_bytes, NULL) : rv;
    mbedtls_x509write_csr_free(&w);
    return rv;
}

/* Issues one certificate and verifies it as the door will: an authority's name that cannot be
 * written the same way again, or one that has ended, shows here. */
static enum status
trial(struct issuer *i, const char *path, int64_t now_ms, struct fault *f)
{
    unsigned char der[ISSUER_CSR_BYTES];
    struct issuer_certificate made = {.pem = NULL};
    struct arena a;
    mbedtls_pk_context key;
    mbedtls_x509_crt cert;
    uint32_t flags = 0;
    arena_init(&a, 4 * PEM_BYTES + FILE_BYTES);
    mbedtls_pk_init(&key);
    mbedtls_x509_crt_init(&cert);
    int n = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    n = n == 0
            ? mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), random_bytes, NULL)
            : n;
    n = n == 0 ? trial_request(&key, der, sizeof der) : n;
    const struct issuer_request request = {.csr = der + sizeof der - (n > 0 ? n : 0),
                                           .n = n > 0 ? (size_t)n : 0,
                                           .name = "trial",
                                           .now_ms = now_ms};
    enum status s =
        n > 0 ? issuer_sign(i, &a, &request, &made, f) : unfit(path, "试签发时生成密钥失败", n, f);
    if (s == STATUS_OK &&
        (mbedtls_x509_crt_parse(&cert, (const unsigned char *)made.pem, strlen(made.pem) + 1) !=
             0 ||
         mbedtls_x509_crt_verify(&cert, &i->ca, NULL, NULL, &flags, NULL, NULL) != 0)) {
        s = unfit(path, "试签发的证书通不过核对（机构证书可能已到期）", 0, f);
    }
    mbedtls_x509_crt_free(&cert);
    mbedtls_pk_free(&key);
    arena_release(&a);
    return s;
}

enum status
issuer_open(const struct issuer_config *config, int64_t now_ms, struct issuer **ret_issuer,
            struct fault *f)
{
    struct issuer *i = sodium_init() < 0 ? NULL : calloc(1, sizeof *i);
    if (i == NULL) {
        return fault_memory(f);
    }
    i->days = config->days;
    pthread_mutex_init(&i->lock, NULL);
    mbedtls_x509_crt_init(&i->ca);
    mbedtls_pk_init(&i->key);
    enum status s = ca_load(i, config, f);
    if (s == STATUS_OK) {
        s = authority_load(i, config, f);
    }
    if (s == STATUS_OK) {
        s = trial(i, config->ca_cert_file, now_ms, f);
    }
    if (s != STATUS_OK) {
        issuer_free(i);
        return s;
    }
    *ret_issuer = i;
    return STATUS_OK;
}

void
issuer_free(struct issuer *i)
{
    if (i == NULL) {
        return;
    }
    mbedtls_x509_crt_free(&i->ca);
    mbedtls_pk_free(&i->key);
    pthread_mutex_destroy(&i->lock);
    for (size_t k = 0; k < sizeof i->texts / sizeof i->texts[0]; k++) {
        free(i->texts[k]);
    }
    free(i->ca_pem);
    free(i);
}
