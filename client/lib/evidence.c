#include "client/lib/evidence.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_ARENA_BYTES (4 * LIMIT_FRAME_BYTES)
enum { SHA256_HEX_SIZE = 65, BEGIN_TRIES = 3, PIECE_TIMEOUT_MS = 30000 };

/* A file being sent. */
struct sender {
    struct rectify_channel *channel;
    const struct rectify_upload *upload;
    const char *name;
    int fd;
    int64_t size;
    char sha256[SHA256_HEX_SIZE];
    unsigned char *piece; /* LIMIT_CHUNK_BYTES, in the caller's arena */
};

static void
progress_tell(const struct rectify_progress *progress, const char *name, int64_t done, int64_t size)
{
    if (progress != NULL && progress->step != NULL) {
        progress->step(progress->user, name, done, size);
    }
}

/* Reads up to LIMIT_CHUNK_BYTES at an offset; fewer only at the end. */
static enum status
piece_read(struct sender *s, int64_t offset, size_t *ret_n, struct fault *f)
{
    size_t done = 0;
    while (done < LIMIT_CHUNK_BYTES) {
        ssize_t got = pread(s->fd, s->piece + done, LIMIT_CHUNK_BYTES - done,
                            (off_t)(offset + (int64_t)done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fault_set(f, STATUS_UNAVAILABLE, "FILE_READ", "读取“%s”时出错：%s。",
                             s->upload->path, rectify_errno_zh(errno));
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *ret_n = done;
    return STATUS_OK;
}

static enum status
file_open(struct sender *s, struct fault *f)
{
    const char *path = s->upload->path;
    struct stat st;
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (s->fd < 0) {
        bool missing = errno == ENOENT || errno == ENOTDIR;
        return fault_set(f, missing ? STATUS_NOT_FOUND : STATUS_PERMISSION_DENIED,
                         missing ? "FILE_MISSING" : "FILE_DENIED",
                         "打不开证明材料“%s”：%s。请检查路径。", path, rectify_errno_zh(errno));
    }
    if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_KIND", "证明材料“%s”不是普通文件。",
                         path);
    }
    if (st.st_size == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_EMPTY", "证明材料“%s”是空文件。", path);
    }
    if ((int64_t)st.st_size > LIMIT_EVIDENCE_BYTES) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "FILE_TOO_LARGE",
                         "证明材料“%s”超过 256 MB：请压缩或拆分后再上传。", path);
    }
    const char *slash = strrchr(path, '/');
    s->name = slash != NULL ? slash + 1 : path;
    if (s->upload->name != NULL) {
        s->name = s->upload->name;
    }
    s->size = (int64_t)st.st_size;
    if (strlen(s->name) > LIMIT_NAME_BYTES) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "NAME_TOO_LONG",
                         "证明材料“%s”的文件名太长（上限 %d 字节）：请改短。", s->name,
                         LIMIT_NAME_BYTES);
    }
    return STATUS_OK;
}

static enum status
file_digest(struct sender *s, struct fault *f)
{
    crypto_hash_sha256_state hash;
    unsigned char digest[crypto_hash_sha256_BYTES];
    int64_t offset = 0;
    crypto_hash_sha256_init(&hash);
    while (offset < s->size) {
        size_t n = 0;
        enum status status = piece_read(s, offset, &n, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (n == 0) {
            return fault_set(f, STATUS_UNAVAILABLE, "FILE_READ",
                             "证明材料“%s”正在被改动：请关闭它再试。", s->upload->path);
        }
        crypto_hash_sha256_update(&hash, s->piece, n);
        offset += (int64_t)n;
    }
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(s->sha256, sizeof s->sha256, digest, sizeof digest);
    return STATUS_OK;
}

static enum status
call(struct rectify_channel *channel, struct arena *a, const char *method,
     const ProtobufCMessage *message, ProtobufCMessage **ret_message, struct fault *f)
{
    struct rectify_request request = {
        .method = method, .message = message, .timeout_ms = PIECE_TIMEOUT_MS};
    struct rectify_answer answer;
    enum status status = rectify_call(channel, a, &request, &answer, f);
    if (status == STATUS_OK) {
        *ret_message = answer.message;
    }
    return status;
}

static enum status
begin(struct sender *s, struct arena *a, Pb__BeginUploadReply **ret_reply, struct fault *f)
{
    Pb__BeginUploadRequest request = PB__BEGIN_UPLOAD_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    request.name = arena_strdup(a, s->name);
    request.sha256 = s->sha256;
    request.has_size = true;
    request.size = s->size;
    request.has_kind = s->upload->kind != PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED;
    request.kind = s->upload->kind;
    request.effective_on = arena_strdup(a, s->upload->effective_on);
    enum status status =
        call(s->channel, a, "rectify.v1.EvidenceService/BeginUpload", &request.base, &message, f);
    if (status == STATUS_OK) {
        *ret_reply = (Pb__BeginUploadReply *)message;
    }
    return status;
}

/* Sends one piece; *offset becomes what the server expects next. */
static enum status
piece_send(struct sender *s, const char *upload, int64_t *offset, struct fault *f)
{
    struct arena a;
    Pb__PutChunkRequest request = PB__PUT_CHUNK_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct fault why = {.code = STATUS_OK};
    size_t n = 0;
    arena_init(&a, PIECE_ARENA_BYTES);
    enum status status = piece_read(s, *offset, &n, f);
    if (status != STATUS_OK) {
        goto out;
    }
    request.upload = arena_strdup(&a, upload);
    request.has_offset = true;
    request.offset = *offset;
    request.has_data = true;
    request.data.data = s->piece;
    request.data.len = n;
    status =
        call(s->channel, &a, "rectify.v1.EvidenceService/PutChunk", &request.base, &message, &why);
    if (status == STATUS_OK) {
        *offset = ((Pb__PutChunkReply *)message)->offset;
    } else if (status == STATUS_OUT_OF_RANGE && why.has_current_version &&
               why.current_version != *offset) {
        *offset = why.current_version;
        status = STATUS_OK;
    } else if (f != NULL) {
        *f = why;
    }
out:
    arena_release(&a);
    return status;
}

/* All pieces from offset on. A server that keeps moving backwards is given up. */
static enum status
pieces_send(struct sender *s, const char *upload, int64_t offset, struct fault *f)
{
    int64_t budget = 2 * (s->size / (int64_t)LIMIT_CHUNK_BYTES + 2);
    while (offset < s->size) {
        enum status status = piece_send(s, upload, &offset, f);
        if (status != STATUS_OK) {
            return status;
        }
        if (budget-- == 0 || offset < 0 || offset > s->size) {
            return fault_set(f, STATUS_DATA_LOSS, "UPLOAD_OFFSET",
                             "上传“%s”时服务器给出的位置不对，已停止。", s->name);
        }
        progress_tell(&s->upload->progress, s->name, offset, s->size);
    }
    return STATUS_OK;
}

static enum status
send_once(struct sender *s, struct arena *a, Pb__Evidence **ret_evidence, struct fault *f)
{
    Pb__BeginUploadReply *begun = NULL;
    ProtobufCMessage *message = NULL;
    enum status status = begin(s, a, &begun, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (begun->evidence != NULL) {
        progress_tell(&s->upload->progress, s->name, s->size, s->size);
        *ret_evidence = begun->evidence;
        return STATUS_OK;
    }
    if (begun->upload == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的上传答复不完整。");
    }
    status = pieces_send(s, begun->upload, begun->has_offset ? begun->offset : 0, f);
    if (status != STATUS_OK) {
        return status;
    }
    Pb__FinishUploadRequest finish = PB__FINISH_UPLOAD_REQUEST__INIT;
    finish.upload = begun->upload;
    status =
        call(s->channel, a, "rectify.v1.EvidenceService/FinishUpload", &finish.base, &message, f);
    if (status == STATUS_OK) {
        *ret_evidence = (Pb__Evidence *)message;
    }
    return status;
}

enum status
rectify_evidence_upload(struct rectify_channel *channel, struct arena *a,
                        const struct rectify_upload *upload, Pb__Evidence **ret_evidence,
                        struct fault *f)
{
    struct sender s = {.channel = channel, .upload = upload, .fd = -1};
    struct fault why = {.code = STATUS_OK};
    enum status status = file_open(&s, f);
    if (status != STATUS_OK) {
        goto out;
    }
    s.piece = arena_alloc(a, LIMIT_CHUNK_BYTES);
    if (s.piece == NULL) {
        status = fault_memory(f);
        goto out;
    }
    for (int i = 0; i < BEGIN_TRIES; i++) {
        status = file_digest(&s, &why);
        if (status == STATUS_OK) {
            status = send_once(&s, a, ret_evidence, &why);
        }
        /* Content and digest differ: the file was changed meanwhile, or a piece went astray. Or the
         * upload is gone: a copy of this machine finished it, or it lay too long. */
        bool astray = status == STATUS_DATA_LOSS && strcmp(why.reason, "REPLY_MALFORMED") != 0;
        bool gone = status == STATUS_NOT_FOUND && strcmp(why.reason, "UPLOAD_UNKNOWN") == 0;
        if (!astray && !gone) {
            break;
        }
    }
    if (status != STATUS_OK && f != NULL) {
        *f = why;
    }
out:
    if (s.fd >= 0) {
        close(s.fd);
    }
    return status;
}

/* ---- download ---- */

/* One piece into the file; *offset moves on, *ret_size becomes the file's size. */
static enum status
piece_fetch(struct rectify_channel *channel, char *id, FILE *out, crypto_hash_sha256_state *hash,
            int64_t *offset, struct fault *f)
{
    struct arena a;
    Pb__GetChunkRequest request = PB__GET_CHUNK_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    arena_init(&a, PIECE_ARENA_BYTES);
    request.id = id;
    request.has_offset = true;
    request.offset = *offset;
    enum status status =
        call(channel, &a, "rectify.v1.EvidenceService/GetChunk", &request.base, &message, f);
    if (status == STATUS_OK) {
        const Pb__GetChunkReply *reply = (const Pb__GetChunkReply *)message;
        if (reply->data.len == 0) {
            status = fault_set(f, STATUS_DATA_LOSS, "FILE_SHORT", "下载的内容不完整，请再试一次。");
        } else {
            crypto_hash_sha256_update(hash, reply->data.data, reply->data.len);
            (void)fwrite(reply->data.data, 1, reply->data.len, out); /* commit looks at ferror */
            *offset += (int64_t)reply->data.len;
        }
    }
    arena_release(&a);
    return status;
}

static enum status
digest_compare(crypto_hash_sha256_state *hash, const Pb__Evidence *record, struct fault *f)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[SHA256_HEX_SIZE];
    crypto_hash_sha256_final(hash, digest);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    if (record->sha256 == NULL || strcmp(hex, record->sha256) != 0) {
        return fault_set(f, STATUS_DATA_LOSS, "DIGEST_MISMATCH",
                         "下载的内容与登记的 SHA-256 不符，没有保存：请告知管理员。");
    }
    return STATUS_OK;
}

enum status
rectify_evidence_download(struct rectify_channel *channel, struct arena *a, const char *id,
                          const char *path, const struct rectify_progress *progress,
                          struct fault *f)
{
    Pb__GetEvidenceRequest request = PB__GET_EVIDENCE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    crypto_hash_sha256_state hash;
    struct rectify_file file = {.stream = NULL};
    int64_t offset = 0;
    request.id = arena_strdup(a, id);
    enum status status =
        call(channel, a, "rectify.v1.EvidenceService/GetEvidence", &request.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Evidence *record = (const Pb__Evidence *)message;
    status = rectify_file_begin(path, 0640, &file, f);
    crypto_hash_sha256_init(&hash);
    while (status == STATUS_OK && offset < record->size) {
        status = piece_fetch(channel, request.id, file.stream, &hash, &offset, f);
        progress_tell(progress, record->name != NULL ? record->name : id, offset, record->size);
    }
    if (status == STATUS_OK) {
        status = digest_compare(&hash, record, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    return status;
}
