#include "proto/ledger/key.h"

#include "proto/base/arena.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_FIRST_LINE "rectify-key 1 ed25519\n"
enum { SEED_BYTES = 32, KEY_FILE_TEXT_SIZE = 256 };

_Static_assert(sizeof(((struct ledger_key *)0)->secret) == crypto_sign_SECRETKEYBYTES, "libsodium");
_Static_assert((int)LEDGER_PUBLIC_BYTES == (int)crypto_sign_PUBLICKEYBYTES, "libsodium");
_Static_assert((int)LEDGER_SIGNATURE_BYTES == (int)crypto_sign_BYTES, "libsodium");
_Static_assert((int)SEED_BYTES == (int)crypto_sign_SEEDBYTES, "libsodium");

void
ledger_public_from_bytes(const unsigned char bytes[LEDGER_PUBLIC_BYTES],
                         struct ledger_public *ret_public)
{
    unsigned char hash[SECRET_HASH_BYTES];
    memmove(ret_public->bytes, bytes, LEDGER_PUBLIC_BYTES);
    secret_sha256(ret_public->bytes, LEDGER_PUBLIC_BYTES, hash);
    sodium_bin2hex(ret_public->key_id, sizeof ret_public->key_id, hash, 8);
}

void
ledger_key_from_seed(const unsigned char seed[32], struct ledger_key *ret_key)
{
    unsigned char raw[LEDGER_PUBLIC_BYTES];
    crypto_sign_seed_keypair(raw, ret_key->secret, seed);
    ledger_public_from_bytes(raw, &ret_key->public);
}

void
ledger_key_make(struct ledger_key *ret_key)
{
    unsigned char seed[SEED_BYTES];
    secret_random(seed, sizeof seed);
    ledger_key_from_seed(seed, ret_key);
    secret_wipe(seed, sizeof seed);
}

void
ledger_key_clear(struct ledger_key *key)
{
    secret_wipe(key->secret, sizeof key->secret);
}

/* ---- public key text ---- */

void
ledger_public_to_text(const struct ledger_public *key, char ret_text[LEDGER_PUBLIC_TEXT_SIZE])
{
    sodium_bin2base64(ret_text, LEDGER_PUBLIC_TEXT_SIZE, key->bytes, sizeof key->bytes,
                      sodium_base64_VARIANT_ORIGINAL);
}

enum status
ledger_public_from_text(const char *text, struct ledger_public *ret_public, struct fault *fault)
{
    const char *given = text == NULL ? "" : text;
    unsigned char raw[LEDGER_PUBLIC_BYTES];
    struct merkle_hash hex; /* any 32 bytes */
    struct scan s = {.at = given, .end = given + strlen(given)};
    if (scan_hash(&s, &hex)) {
        memcpy(raw, hex.bytes, sizeof raw);
    } else if (!scan_base64(&s, raw, sizeof raw)) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "PUBLIC_KEY_MALFORMED",
                         "公钥格式不对：应为 44 个字符的 base64，或 64 位小写十六进制。");
    }
    if (s.at != s.end) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "PUBLIC_KEY_MALFORMED",
                         "公钥后面多出了内容：请只填写公钥本身。");
    }
    ledger_public_from_bytes(raw, ret_public);
    return STATUS_OK;
}

/* ---- signatures ---- */

void
ledger_key_sign(const struct ledger_key *key, const void *message, size_t size,
                unsigned char ret_signature[LEDGER_SIGNATURE_BYTES])
{
    crypto_sign_detached(ret_signature, NULL, message, size, key->secret);
}

bool
ledger_public_verify(const struct ledger_public *key, const void *message, size_t size,
                     const unsigned char signature[LEDGER_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, message, size, key->bytes) == 0;
}

/* ---- files ---- */

static size_t
key_file_text(const struct ledger_key *key, char ret_text[KEY_FILE_TEXT_SIZE])
{
    char seed[LEDGER_PUBLIC_TEXT_SIZE]; /* 32 bytes too */
    char public[LEDGER_PUBLIC_TEXT_SIZE];
    sodium_bin2base64(seed, sizeof seed, key->secret, SEED_BYTES, sodium_base64_VARIANT_ORIGINAL);
    ledger_public_to_text(&key->public, public);
    int n = snprintf(ret_text, KEY_FILE_TEXT_SIZE, KEY_FILE_FIRST_LINE "seed %s\npublic %s\n", seed,
                     public);
    secret_wipe(seed, sizeof seed);
    return (size_t)n;
}

/* Makes the new name durable. A file system that cannot sync a folder is no reason to fail. */
static void
sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static int
write_synced(int fd, const char *text, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t wrote = write(fd, text + done, n - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0) {
            return -1;
        }
        done += (size_t)wrote;
    }
    return fsync(fd);
}

/* A name of its own first, then link: the path never shows half a key and never replaces one. */
static enum status
file_create(const char *path, const char *text, size_t n, struct fault *fault)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "KEY_FILE_WRITE",
                         "密钥文件的路径太长：请换一个短一些的位置。");
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return fault_set(fault, STATUS_UNAVAILABLE, "KEY_FILE_WRITE", "无法创建密钥文件 %s：%s。",
                         path, strerror(errno));
    }
    enum status s = STATUS_OK;
    if (fchmod(fd, 0600) != 0 || write_synced(fd, text, n) != 0) {
        s = fault_set(fault, STATUS_UNAVAILABLE, "KEY_FILE_WRITE", "无法写入密钥文件 %s：%s。",
                      path, strerror(errno));
    } else if (link(temporary, path) != 0) {
        s = errno == EEXIST
                ? fault_set(fault, STATUS_ALREADY_EXISTS, "KEY_FILE_EXISTS",
                            "密钥文件 %s 已经存在，没有覆盖：如要更换密钥，请先移走旧文件。", path)
                : fault_set(fault, STATUS_UNAVAILABLE, "KEY_FILE_WRITE",
                            "无法创建密钥文件 %s：%s。", path, strerror(errno));
    }
    close(fd);
    unlink(temporary);
    if (s == STATUS_OK) {
        sync_folder_of(path);
    }
    return s;
}

enum status
ledger_key_create(const char *path, struct ledger_key *ret_key, struct fault *fault)
{
    struct ledger_key key;
    char text[KEY_FILE_TEXT_SIZE];
    ledger_key_make(&key);
    size_t n = key_file_text(&key, text);
    enum status s = file_create(path, text, n, fault);
    if (s == STATUS_OK) {
        *ret_key = key;
    }
    secret_wipe(text, sizeof text);
    ledger_key_clear(&key);
    return s;
}

/* Up to the end of the line, which is taken too. */
static bool
scan_key_line(struct scan *s, const char *label, unsigned char ret_bytes[32])
{
    const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
    struct scan line = {.at = s->at, .end = newline == NULL ? s->end : newline};
    if (!scan_literal(&line, label) || !scan_base64(&line, ret_bytes, 32) || line.at != line.end) {
        return false;
    }
    s->at = newline == NULL ? s->end : newline + 1;
    return true;
}

enum status
ledger_key_load(const char *path, struct ledger_key *ret_key, struct fault *fault)
{
    struct arena arena;
    unsigned char seed[SEED_BYTES];
    unsigned char stated[LEDGER_PUBLIC_BYTES];
    struct ledger_key key;
    char *text = NULL;
    size_t n = 0;
    arena_init(&arena, LIMIT_SECRET_FILE_BYTES * 2);
    enum status s = secret_file_read(path, &arena, &text, &n, fault);
    if (s != STATUS_OK) {
        goto out;
    }
    struct scan scan = {.at = text, .end = text + n};
    if (!scan_literal(&scan, KEY_FILE_FIRST_LINE) || !scan_key_line(&scan, "seed ", seed) ||
        !scan_key_line(&scan, "public ", stated) || scan.at != scan.end) {
        s = fault_set(fault, STATUS_INVALID_ARGUMENT, "KEY_FILE_MALFORMED",
                      "文件 %s 不是本系统的密钥文件，或内容已损坏：请核对文件或从备份恢复。", path);
        goto out;
    }
    ledger_key_from_seed(seed, &key);
    if (!secret_equal(key.public.bytes, stated, sizeof stated)) {
        s = fault_set(fault, STATUS_INVALID_ARGUMENT, "KEY_FILE_MALFORMED",
                      "密钥文件 %s 中的公钥与私钥不配对，文件已损坏：请从备份恢复。", path);
        goto out;
    }
    *ret_key = key;
out:
    if (text != NULL) {
        secret_wipe(text, n);
    }
    secret_wipe(seed, sizeof seed);
    ledger_key_clear(&key);
    arena_release(&arena);
    return s;
}
