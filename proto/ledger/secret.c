#include "proto/ledger/secret.h"

#include "proto/base/limits.h"
#include "proto/ledger/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(SECRET_HASH_BYTES == crypto_hash_sha256_BYTES, "hashes are SHA-256");

/* Idempotent and thread-safe; only a machine without a random source fails. */
static void
sodium_ready(void)
{
    if (sodium_init() < 0) {
        abort();
    }
}

void
secret_random(void *buf, size_t n)
{
    sodium_ready();
    randombytes_buf(buf, n);
}

/* ---- passwords ---- */

static struct secret_cost
cost_or_default(const struct secret_cost *cost)
{
    if (cost != NULL) {
        return *cost;
    }
    return (struct secret_cost){.ops = LIMIT_PASSWORD_OPS,
                                .memory_bytes = LIMIT_PASSWORD_MEMORY_BYTES};
}

static enum status
hash_text(const char *password, const struct secret_cost *cost,
          char ret_text[crypto_pwhash_STRBYTES], struct fault *fault)
{
    struct secret_cost c = cost_or_default(cost);
    sodium_ready();
    if (crypto_pwhash_str_alg(ret_text, password, strlen(password), c.ops, c.memory_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "PASSWORD_HASH_MEMORY",
                         "服务器内存不足，暂时不能处理口令：请稍后再试。");
    }
    return STATUS_OK;
}

enum status
secret_password_hash(struct arena *arena, const char *password, const struct secret_cost *cost,
                     char **ret_hash, struct fault *fault)
{
    if (password == NULL || password[0] == '\0') {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "PASSWORD_EMPTY",
                         "口令不能为空：请输入口令。");
    }
    if (strlen(password) > LIMIT_PASSWORD_BYTES) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "PASSWORD_TOO_LONG",
                         "口令超过 %d 个字节：请换一个短一些的口令。", LIMIT_PASSWORD_BYTES);
    }
    char text[crypto_pwhash_STRBYTES];
    enum status s = hash_text(password, cost, text, fault);
    if (s != STATUS_OK) {
        return s;
    }
    char *copy = arena_strdup(arena, text);
    if (copy == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "ARENA_EXHAUSTED",
                         "本次请求占用的内存已达上限：请减少内容后再试。");
    }
    *ret_hash = copy;
    return STATUS_OK;
}

enum status
secret_password_verify(const char *hash, const char *password, const struct secret_cost *cost,
                       struct fault *fault)
{
    const char *given = password == NULL ? "" : password;
    bool right = false;
    if (strlen(given) > LIMIT_PASSWORD_BYTES) {
        given = "";
    }
    sodium_ready();
    if (hash == NULL) {
        char waste[crypto_pwhash_STRBYTES];
        enum status s = hash_text(given, cost, waste, fault);
        if (s != STATUS_OK) {
            return s;
        }
    } else {
        right = crypto_pwhash_str_verify(hash, given, strlen(given)) == 0;
    }
    if (!right || given[0] == '\0') {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "PASSWORD_WRONG",
                         "账号或口令不正确：请核对后重新输入。");
    }
    return STATUS_OK;
}

bool
secret_password_outdated(const char *hash, const struct secret_cost *cost)
{
    struct secret_cost c = cost_or_default(cost);
    sodium_ready();
    return crypto_pwhash_str_needs_rehash(hash, c.ops, c.memory_bytes) != 0;
}

/* ---- tokens and comparison ---- */

void
secret_token_make(char ret_text[SECRET_TOKEN_TEXT_SIZE])
{
    unsigned char raw[32];
    secret_random(raw, sizeof raw);
    sodium_bin2base64(ret_text, SECRET_TOKEN_TEXT_SIZE, raw, sizeof raw,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(raw, sizeof raw);
}

void
secret_sha256(const void *data, size_t n, unsigned char ret_hash[SECRET_HASH_BYTES])
{
    crypto_hash_sha256(ret_hash, data, n);
}

void
secret_token_hash(const char *token, unsigned char ret_hash[SECRET_HASH_BYTES])
{
    const char *text = token == NULL ? "" : token;
    secret_sha256(text, strlen(text), ret_hash);
}

void
secret_token_hash_hex(const char *token, char ret_hex[SECRET_HASH_HEX_SIZE])
{
    unsigned char hash[SECRET_HASH_BYTES];
    secret_token_hash(token, hash);
    sodium_bin2hex(ret_hex, SECRET_HASH_HEX_SIZE, hash, sizeof hash);
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void
secret_wipe(void *buf, size_t n)
{
    sodium_memzero(buf, n);
}

/* ---- text forms ---- */

char *
secret_hex_encode(struct arena *arena, const void *data, size_t n)
{
    if (n > SIZE_MAX / 2 - 1) {
        return NULL;
    }
    char *text = arena_alloc(arena, n * 2 + 1);
    return text == NULL ? NULL : sodium_bin2hex(text, n * 2 + 1, data, n);
}

char *
secret_base64_encode(struct arena *arena, const void *data, size_t n)
{
    if (n > SIZE_MAX / 2) {
        return NULL;
    }
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(arena, size);
    return text == NULL ? NULL
                        : sodium_bin2base64(text, size, data, n, sodium_base64_VARIANT_ORIGINAL);
}

enum status
secret_hex_decode(struct arena *arena, const char *text, size_t length, unsigned char **ret_data,
                  size_t *ret_n)
{
    for (size_t i = 0; i < length; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return STATUS_INVALID_ARGUMENT;
        }
    }
    if (length % 2 != 0) {
        return STATUS_INVALID_ARGUMENT;
    }
    unsigned char *data = arena_alloc(arena, length / 2);
    if (data == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t n = 0;
    if (sodium_hex2bin(data, length / 2, text, length, NULL, &n, NULL) != 0) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_data = data;
    *ret_n = n;
    return STATUS_OK;
}

enum status
secret_base64_decode(struct arena *arena, const char *text, size_t length, unsigned char **ret_data,
                     size_t *ret_n)
{
    if (length % 4 != 0) {
        return STATUS_INVALID_ARGUMENT;
    }
    unsigned char *data = arena_alloc(arena, length / 4 * 3);
    if (data == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t n = 0;
    if (length != 0 && !text_base64_decode(text, length, data, length / 4 * 3, &n)) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_data = data;
    *ret_n = n;
    return STATUS_OK;
}

/* ---- files ---- */

static enum status
file_check(int fd, const char *path, size_t *ret_size, struct fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return fault_set(fault, STATUS_UNAVAILABLE, "SECRET_FILE_READ", "无法查看密钥文件 %s：%s。",
                         path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SECRET_FILE_KIND",
                         "密钥文件 %s 不是普通文件：请检查配置中的路径。", path);
    }
    if ((st.st_mode & 077) != 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SECRET_FILE_EXPOSED",
                         "密钥文件 %s 的权限是 %04o，同组或其他用户可以访问：请执行 chmod 600 "
                         "后再试；若已被他人读过，请更换密钥。",
                         path, (unsigned)(st.st_mode & 07777));
    }
    if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SECRET_FILE_OWNER",
                         "密钥文件 %s 属于另一个用户（uid %u）：请改为由本程序的运行用户所有。",
                         path, (unsigned)st.st_uid);
    }
    if (st.st_size <= 0 || (uintmax_t)st.st_size > LIMIT_SECRET_FILE_BYTES) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SECRET_FILE_SIZE",
                         "密钥文件 %s 的大小不对（%lld 字节，应为 1 至 %zu 字节）：请核对文件。",
                         path, (long long)st.st_size, LIMIT_SECRET_FILE_BYTES);
    }
    *ret_size = (size_t)st.st_size;
    return STATUS_OK;
}

/* Exactly size bytes: a file that shrinks under us is an error, one that grows is cut. */
static enum status
read_fully(int fd, const char *path, char *buf, size_t size, struct fault *fault)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, buf + done, size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return fault_set(fault, STATUS_UNAVAILABLE, "SECRET_FILE_READ",
                             "读取密钥文件 %s 失败：%s。", path,
                             n == 0 ? "文件中途变短" : strerror(errno));
        }
        done += (size_t)n;
    }
    return STATUS_OK;
}

enum status
secret_file_read(const char *path, struct arena *arena, char **ret_text, size_t *ret_n,
                 struct fault *fault)
{
    /* O_NONBLOCK: a FIFO put in the place of the file must not hang the start. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return fault_set(fault, STATUS_NOT_FOUND, "SECRET_FILE_MISSING",
                         "找不到密钥文件 %s：请检查路径，或先生成密钥。", path);
    }
    if (fd < 0) {
        return fault_set(fault, STATUS_UNAVAILABLE, "SECRET_FILE_READ", "无法打开密钥文件 %s：%s。",
                         path, strerror(errno));
    }
    size_t size = 0;
    char *text = NULL;
    enum status s = file_check(fd, path, &size, fault);
    if (s != STATUS_OK) {
        goto out;
    }
    text = arena_alloc(arena, size + 1);
    if (text == NULL) {
        s = fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "ARENA_EXHAUSTED",
                      "读取密钥文件 %s 时内存不足。", path);
        goto out;
    }
    s = read_fully(fd, path, text, size, fault);
    if (s == STATUS_OK) {
        *ret_text = text;
        *ret_n = size;
    }
out:
    close(fd);
    return s;
}
