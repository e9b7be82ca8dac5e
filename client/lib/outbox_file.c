/* Captured files: outbox-files/SHA256, each content once, whatever it was called. */
#include "client/lib/file.h"
#include "client/lib/outbox_impl.h"
#include "proto/base/now.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_PREFIX "copy-"
enum { COPY_BYTES = 65536 };

/* A file being captured. */
struct copy {
    const char *path;
    const char *name; /* last part of the path */
    int from;
    int to; /* -1: none */
    char temp[4200];
    int64_t size;
    char sha256[OUTBOX_SHA256_SIZE];
};

char *
outbox_file_path(struct arena *a, const struct rectify_outbox *outbox, const char *sha256)
{
    return arena_printf(a, "%s/%s", outbox->files, sha256);
}

static enum status
source_open(struct copy *copy, struct fault *f)
{
    struct stat st;
    const char *slash = strrchr(copy->path, '/');
    copy->name = slash != NULL ? slash + 1 : copy->path;
    copy->from = open(copy->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (copy->from < 0) {
        bool missing = errno == ENOENT || errno == ENOTDIR;
        return fault_set(f, missing ? STATUS_NOT_FOUND : STATUS_PERMISSION_DENIED,
                         missing ? "FILE_MISSING" : "FILE_DENIED",
                         "打不开证明材料“%s”：%s。请检查路径。", copy->path,
                         rectify_errno_zh(errno));
    }
    if (fstat(copy->from, &st) != 0 || !S_ISREG(st.st_mode)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_KIND", "证明材料“%s”不是普通文件。",
                         copy->path);
    }
    if (st.st_size == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_EMPTY", "证明材料“%s”是空文件。",
                         copy->path);
    }
    if (strlen(copy->name) > LIMIT_NAME_BYTES) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "NAME_TOO_LONG",
                         "证明材料“%s”的文件名太长（上限 %d 字节）：请改短。", copy->name,
                         LIMIT_NAME_BYTES);
    }
    return STATUS_OK;
}

static enum status
too_large(const struct copy *copy, struct fault *f)
{
    return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_TOO_LARGE",
                     "证明材料“%s”超过 256 MB：请压缩或拆分后再上传。", copy->path);
}

static enum status
write_fault(const struct rectify_outbox *outbox, int error, struct fault *f)
{
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    if (full) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "DISK_FULL",
                         "磁盘满了，证明材料没有存入待发箱：请先腾出空间（“%s”所在的磁盘）。",
                         outbox->folder);
    }
    return fault_set(f, STATUS_UNAVAILABLE, "OUTBOX_WRITE",
                     "往“%s”写证明材料时出错：%s。请检查文件夹的权限和磁盘。", outbox->files,
                     rectify_errno_zh(error));
}

enum status
outbox_files_make(const struct rectify_outbox *outbox, struct fault *f)
{
    struct fault why = {.code = STATUS_OK};
    struct stat st;
    if (stat(outbox->files, &st) == 0 && S_ISDIR(st.st_mode)) {
        return STATUS_OK;
    }
    enum status status = rectify_folder_make(outbox->files, 0700, &why);
    if (status != STATUS_OK) {
        return fault_set(f, STATUS_UNAVAILABLE, "OUTBOX_WRITE", "%s", why.message);
    }
    /* The names of both folders must survive a power cut as what is put into them does. */
    int fd = open(outbox->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int parent = fd >= 0 ? openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool synced = fd >= 0 && parent >= 0 && fsync(fd) == 0 && fsync(parent) == 0;
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (parent >= 0) {
        (void)close(parent);
    }
    return synced ? STATUS_OK : write_fault(outbox, error, f);
}

static bool
write_all(int fd, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
    return true;
}

/* Copies and hashes; synced at the end. */
static enum status
content_copy(const struct rectify_outbox *outbox, struct copy *copy, struct fault *f)
{
    unsigned char bytes[COPY_BYTES];
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    for (;;) {
        ssize_t n = read(copy->from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fault_set(f, STATUS_UNAVAILABLE, "FILE_READ", "读取“%s”时出错：%s。", copy->path,
                             rectify_errno_zh(errno));
        }
        if (n == 0) {
            break;
        }
        copy->size += n;
        if (copy->size > LIMIT_EVIDENCE_BYTES) {
            return too_large(copy, f);
        }
        crypto_hash_sha256_update(&hash, bytes, (unsigned long long)n);
        if (!write_all(copy->to, bytes, (size_t)n)) {
            return write_fault(outbox, errno, f);
        }
    }
    if (fsync(copy->to) != 0) {
        return write_fault(outbox, errno, f);
    }
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(copy->sha256, sizeof copy->sha256, digest, sizeof digest);
    return STATUS_OK;
}

static enum status
temp_open(const struct rectify_outbox *outbox, struct copy *copy, struct fault *f)
{
    int n = snprintf(copy->temp, sizeof copy->temp, "%s/" TEMP_PREFIX "XXXXXX", outbox->files);
    if (n < 0 || (size_t)n >= sizeof copy->temp) {
        copy->temp[0] = '\0';
        return write_fault(outbox, ENAMETOOLONG, f);
    }
    copy->to = mkostemp(copy->temp, O_CLOEXEC);
    if (copy->to < 0) {
        copy->temp[0] = '\0';
        return write_fault(outbox, errno, f);
    }
    return STATUS_OK;
}

static enum status
folder_sync(const struct rectify_outbox *outbox, struct fault *f)
{
    int fd = open(outbox->files, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return write_fault(outbox, errno, f);
    }
    int failed = fsync(fd) != 0 ? errno : 0;
    (void)close(fd);
    return failed == 0 ? STATUS_OK : write_fault(outbox, failed, f);
}

/* Under the database's write lock, so that nobody who sweeps takes the content for unnamed. */
static enum status
content_keep(struct rectify_outbox *outbox, struct copy *copy, const struct outbox_capture *row,
             struct fault *f)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", outbox->files, copy->sha256);
    enum status status = outbox_store_begin(outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (rename(copy->temp, path) != 0) {
        status = write_fault(outbox, errno, f);
    } else {
        copy->temp[0] = '\0';
        status = folder_sync(outbox, f);
    }
    if (status == STATUS_OK) {
        status = outbox_store_capture(outbox, row, now_wall_ms(), f);
    }
    if (status != STATUS_OK) {
        outbox_store_rollback(outbox);
        return status;
    }
    return outbox_store_commit(outbox, f);
}

enum status
rectify_outbox_capture(struct rectify_outbox *outbox, const struct rectify_outbox_file *file,
                       char ret_id[UUID_TEXT_SIZE], struct fault *f)
{
    struct copy copy = {.path = file->path, .from = -1, .to = -1};
    char id[UUID_TEXT_SIZE];
    enum status status = source_open(&copy, f);
    if (status == STATUS_OK) {
        status = temp_open(outbox, &copy, f);
    }
    if (status == STATUS_OK) {
        status = content_copy(outbox, &copy, f);
    }
    if (status == STATUS_OK) {
        outbox->ids.now_ms = now_wall_ms();
        uuid7_next(&outbox->ids, id);
        struct outbox_capture row = {.id = id,
                                     .sha256 = copy.sha256,
                                     .name = copy.name,
                                     .size = copy.size,
                                     .kind = file->kind,
                                     .effective_on = file->effective_on};
        status = content_keep(outbox, &copy, &row, f);
    }
    if (status == STATUS_OK) {
        memcpy(ret_id, id, sizeof id);
    }
    if (copy.from >= 0) {
        (void)close(copy.from);
    }
    if (copy.to >= 0) {
        (void)close(copy.to);
    }
    if (copy.temp[0] != '\0') {
        (void)unlink(copy.temp);
    }
    return status;
}

/* ---- removing ---- */

enum status
outbox_file_sweep(struct rectify_outbox *outbox, const char *sha256, struct fault *f)
{
    char path[4200];
    bool named = true;
    snprintf(path, sizeof path, "%s/%s", outbox->files, sha256);
    enum status status = outbox_store_begin(outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = outbox_store_content_named(outbox, sha256, now_wall_ms() - OUTBOX_DAY_MS, &named, f);
    if (status == STATUS_OK && !named) {
        (void)unlink(path);
    }
    outbox_store_rollback(outbox);
    return status;
}

static bool
is_content(const char *name)
{
    return strlen(name) == OUTBOX_SHA256_SIZE - 1 &&
           strspn(name, "0123456789abcdef") == OUTBOX_SHA256_SIZE - 1;
}

static bool
is_old(const struct rectify_outbox *outbox, const char *name, int64_t before_ms)
{
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", outbox->files, name);
    return stat(path, &st) == 0 && (int64_t)st.st_mtim.tv_sec * 1000 < before_ms;
}

enum status
outbox_file_tidy(struct rectify_outbox *outbox, int64_t now_ms, struct fault *f)
{
    enum status status = STATUS_OK;
    DIR *folder = opendir(outbox->files);
    if (folder == NULL) {
        return write_fault(outbox, errno, f);
    }
    for (struct dirent *e = readdir(folder); e != NULL && status == STATUS_OK;
         e = readdir(folder)) {
        if (!is_old(outbox, e->d_name, now_ms - OUTBOX_DAY_MS)) {
            continue;
        }
        if (is_content(e->d_name)) {
            status = outbox_file_sweep(outbox, e->d_name, f);
        } else if (strncmp(e->d_name, TEMP_PREFIX, strlen(TEMP_PREFIX)) == 0) {
            (void)unlinkat(dirfd(folder), e->d_name, 0);
        }
    }
    (void)closedir(folder);
    return status;
}
