#include "client/lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
rectify_errno_zh(int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {ENOENT, "没有这个文件或文件夹"},
        {ENOTDIR, "路径中间有一段不是文件夹"},
        {EACCES, "没有权限"},
        {EPERM, "没有权限"},
        {EROFS, "这个位置只能读，不能写"},
        {EISDIR, "这是一个文件夹，不是文件"},
        {EEXIST, "已经有同名的文件"},
        {ENOTEMPTY, "文件夹不是空的"},
        {ENOSPC, "磁盘已满"},
        {EDQUOT, "磁盘配额已用完"},
        {EFBIG, "文件太大"},
        {ENAMETOOLONG, "文件名太长"},
        {ELOOP, "链接绕成了圈"},
        {EMFILE, "打开的文件太多"},
        {ENFILE, "打开的文件太多"},
        {ENOMEM, "内存不足"},
        {ETXTBSY, "文件正被使用"},
        {EBUSY, "文件正被使用"},
        {EIO, "磁盘读写出错"},
        {EPIPE, "接收的一方已经关闭"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].code == code) {
            return texts[i].text;
        }
    }
    return "系统没有说明原因";
}

/* What errno says about a path, as a fault a person can act on. */
static enum status
fault_from_errno(int code, const char *path, const char *reason, struct fault *f)
{
    if (code == ENOENT || code == ENOTDIR) {
        return fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING", "没有找到“%s”：请检查路径是否写对。",
                         path);
    }
    if (code == EACCES || code == EPERM || code == EROFS) {
        return fault_set(f, STATUS_PERMISSION_DENIED, "FILE_DENIED",
                         "没有读写“%s”的权限（%s）：请换一个位置，或由文件的主人操作。", path,
                         rectify_errno_zh(code));
    }
    return fault_set(f, STATUS_UNAVAILABLE, reason, "读写“%s”时出错：%s。", path,
                     rectify_errno_zh(code));
}

static enum status
read_fully(int fd, const char *path, char *bytes, size_t n, struct fault *f)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = read(fd, bytes + done, n - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fault_from_errno(errno, path, "FILE_READ", f);
        }
        if (got == 0) {
            return fault_set(f, STATUS_UNAVAILABLE, "FILE_READ",
                             "读取“%s”时文件变短了：请确认没有别的程序正在改它，再试一次。", path);
        }
        done += (size_t)got;
    }
    return STATUS_OK;
}

static enum status
file_size_check(int fd, const char *path, size_t max, size_t *ret_n, struct fault *f)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return fault_from_errno(errno, path, "FILE_READ", f);
    }
    if (!S_ISREG(st.st_mode)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_KIND", "“%s”不是普通文件。", path);
    }
    if (st.st_size == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_EMPTY", "“%s”是空文件。", path);
    }
    if ((uint64_t)st.st_size > max) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_TOO_LARGE",
                         "“%s”有 %lld 字节，超过上限 %zu 字节。", path, (long long)st.st_size, max);
    }
    *ret_n = (size_t)st.st_size;
    return STATUS_OK;
}

enum status
rectify_file_read(struct arena *a, const char *path, size_t max, char **ret_bytes, size_t *ret_n,
                  struct fault *f)
{
    enum status status = STATUS_OK;
    size_t n = 0;
    char *bytes = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return fault_from_errno(errno, path, "FILE_READ", f);
    }
    status = file_size_check(fd, path, max, &n, f);
    if (status != STATUS_OK) {
        goto out;
    }
    bytes = arena_alloc(a, n + 1);
    if (bytes == NULL) {
        status = fault_set(f, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内存不足，读不下“%s”。", path);
        goto out;
    }
    status = read_fully(fd, path, bytes, n, f);
    if (status == STATUS_OK) {
        *ret_bytes = bytes;
        *ret_n = n;
    }
out:
    close(fd);
    return status;
}

static enum status
write_fault(int code, const char *path, struct fault *f)
{
    if (code == ENOENT || code == ENOTDIR) {
        return fault_set(f, STATUS_NOT_FOUND, "FOLDER_MISSING",
                         "“%s”所在的文件夹不存在：请先建好文件夹，或换一个位置。", path);
    }
    return fault_from_errno(code, path, "FILE_WRITE", f);
}

static enum status
open_through(struct rectify_file *file, struct fault *f)
{
    int fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    file->stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (file->stream == NULL) {
        int code = errno;
        if (fd >= 0) {
            close(fd);
        }
        return write_fault(code, file->path, f);
    }
    return STATUS_OK;
}

static enum status
open_beside(struct rectify_file *file, mode_t mode, struct fault *f)
{
    if (asprintf(&file->temp, "%s.tmp-XXXXXX", file->path) < 0) {
        file->temp = NULL;
        return fault_memory(f);
    }
    int fd = mkostemp(file->temp, O_CLOEXEC);
    if (fd >= 0 && fchmod(fd, mode) == 0) {
        file->stream = fdopen(fd, "w");
    }
    if (file->stream == NULL) {
        int code = errno;
        if (fd >= 0) {
            close(fd);
            unlink(file->temp);
        }
        free(file->temp);
        file->temp = NULL;
        return write_fault(code, file->path, f);
    }
    return STATUS_OK;
}

/* What stands before in a redirected output must stay: no opening by name, which would begin anew.
 */
static enum status
open_output(struct rectify_file *file, struct fault *f)
{
    int fd = dup(STDOUT_FILENO);
    file->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (file->stream == NULL) {
        int code = errno;
        if (fd >= 0) {
            close(fd);
        }
        return fault_from_errno(code, file->path, "FILE_WRITE", f);
    }
    return STATUS_OK;
}

enum status
rectify_file_begin(const char *path, mode_t mode, struct rectify_file *ret_file, struct fault *f)
{
    struct rectify_file file = {.stream = NULL};
    struct stat st;
    bool output = strcmp(path, "-") == 0;
    bool exists = !output && stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_KIND",
                         "“%s”是文件夹：请写明文件夹里的文件名。", path);
    }
    /* A link is followed, so that its target is replaced and the link stays. */
    bool regular = exists && S_ISREG(st.st_mode);
    file.path = regular ? realpath(path, NULL) : strdup(path);
    if (file.path == NULL) {
        return fault_memory(f);
    }
    enum status status = output               ? open_output(&file, f)
                         : exists && !regular ? open_through(&file, f)
                                              : open_beside(&file, mode, f);
    if (status != STATUS_OK) {
        rectify_file_release(&file);
        return status;
    }
    *ret_file = file;
    return STATUS_OK;
}

static void
sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* not every file system can; the rename stands all the same */
        close(fd);
    }
    free(folder);
}

enum status
rectify_file_commit(struct rectify_file *file, struct fault *f)
{
    enum status status = STATUS_OK;
    bool good = fflush(file->stream) == 0 && !ferror(file->stream);
    if (good && file->temp != NULL) {
        good = fsync(fileno(file->stream)) == 0;
    }
    int code = errno;
    if (fclose(file->stream) != 0 && good) {
        code = errno;
        good = false;
    }
    file->stream = NULL;
    if (good && file->temp != NULL && rename(file->temp, file->path) != 0) {
        code = errno;
        good = false;
    }
    if (!good) {
        status = write_fault(code, file->path, f);
    } else if (file->temp != NULL) {
        sync_folder(file->path);
        free(file->temp);
        file->temp = NULL;
    }
    rectify_file_release(file);
    return status;
}

void
rectify_file_release(struct rectify_file *file)
{
    if (file->stream != NULL) {
        fclose(file->stream);
    }
    if (file->temp != NULL) {
        unlink(file->temp);
    }
    free(file->temp);
    free(file->path);
    *file = (struct rectify_file){.stream = NULL};
}

enum status
rectify_file_replace(const char *path, mode_t mode, const void *bytes, size_t n, struct fault *f)
{
    struct rectify_file file;
    enum status status = rectify_file_begin(path, mode, &file, f);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fwrite(bytes, 1, n, file.stream); /* commit looks at ferror */
    return rectify_file_commit(&file, f);
}

enum status
rectify_folder_make(const char *path, mode_t mode, struct fault *f)
{
    enum status status = STATUS_OK;
    char *copy = strdup(path);
    if (copy == NULL) {
        return fault_memory(f);
    }
    for (char *p = copy + 1; status == STATUS_OK; p++) {
        if (*p != '/' && *p != '\0') {
            continue;
        }
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST) {
            status = fault_set(f, STATUS_UNAVAILABLE, "FOLDER_MAKE", "建不了文件夹“%s”：%s。", copy,
                               rectify_errno_zh(errno));
        }
        *p = kept;
        if (kept == '\0') {
            break;
        }
    }
    free(copy);
    return status;
}

bool
rectify_file_exists(const char *path)
{
    return access(path, R_OK) == 0;
}

char *
rectify_path_join(struct arena *a, const char *folder, const char *path)
{
    if (folder == NULL || path[0] == '/' || strcmp(folder, ".") == 0) {
        return arena_strdup(a, path);
    }
    size_t n = strlen(folder);
    return arena_printf(a, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", path);
}

char *
rectify_path_folder(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return arena_strdup(a, ".");
    }
    return arena_strndup(a, path, slash == path ? 1 : (size_t)(slash - path));
}
