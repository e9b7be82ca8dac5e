#include "server/handler/evidence_finish.h"

#include "proto/base/limits.h"
#include "rectify/v1/evidence.pb-c.h"
#include "server/document/secret_scan.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/evidence.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    CHUNKS_PER_STATEMENT = 8,
    CHUNKS_PER_ROUND = 64, /* 16 MiB; a full file takes 16 rounds */
};

struct finish_call {
    struct upload_record upload;
    struct evidence_list kept; /* the same content, finished before */
    crypto_hash_sha256_state hash;
    struct secret_scan scan;
    int32_t chunks; /* of the whole file */
    int32_t queued;
    int64_t read;          /* bytes seen */
    unsigned char *packed; /* the whole content of a package; NULL otherwise */
    bool too_large;        /* a package beyond what is opened */
    bool drop;             /* not kept: blob and chunks go */
    struct evidence_record made;
};

enum status
upload_check_own(struct call *call, const struct upload_record *u, const char *asked)
{
    if (u->id == NULL || call->who->org_id == NULL || strcmp(u->org_id, call->who->org_id) != 0) {
        return refuse_unknown(call, "UPLOAD_UNKNOWN", "上传任务", asked);
    }
    return STATUS_OK;
}

void
finish_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__FinishUploadRequest *r = REQUEST(call, Pb__FinishUploadRequest);
    subject_add(set, "upload", r->upload == NULL ? "" : r->upload);
}

/* A row of (no, data). */
static enum status
take_content(void *ctx, const struct db_row *row, struct arena *a)
{
    struct finish_call *c = ctx;
    struct arena own;
    size_t size = 0;
    arena_init(&own, LIMIT_CHUNK_BYTES + 4096);
    enum status s = STATUS_RESOURCE_EXHAUSTED;
    const unsigned char *data = db_bytes(row, 1, &own, &size);
    if (data == NULL) {
        goto out;
    }
    if (c->read == 0 && secret_is_package(data, size)) {
        c->too_large = (size_t)c->upload.size > SECRET_PACKAGE_BYTES_MAX;
        c->packed = c->too_large ? NULL : arena_alloc(a, (size_t)c->upload.size);
        if (c->packed == NULL && !c->too_large) {
            goto out;
        }
    }
    crypto_hash_sha256_update(&c->hash, data, size);
    (void)secret_scan_add(&c->scan, data, size);
    if (c->packed != NULL && c->read + (int64_t)size <= c->upload.size) {
        memcpy(c->packed + c->read, data, size);
    }
    c->read += (int64_t)size;
    s = STATUS_OK;
out:
    arena_release(&own);
    return s;
}

static int
load_upload(struct call *call, struct db_queue *q)
{
    const Pb__FinishUploadRequest *r = REQUEST(call, Pb__FinishUploadRequest);
    struct finish_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    crypto_hash_sha256_init(&c->hash);
    secret_scan_init(&c->scan);
    if (!uuid_text_valid(r->upload)) {
        return (int)refuse_unknown(call, "UPLOAD_UNKNOWN", "上传任务", r->upload);
    }
    enum status s = upload_queue_lock(q, call->who->tenant, r->upload, &c->upload);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static enum status
check_whole(struct call *call, const struct finish_call *c)
{
    enum status s =
        upload_check_own(call, &c->upload, REQUEST(call, Pb__FinishUploadRequest)->upload);
    if (s == STATUS_OK && c->upload.stored != c->upload.size) {
        fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "UPLOAD_INCOMPLETE",
                  "文件“%s”还没有传完，请从第 %lld 字节接着传。", c->upload.name,
                  (long long)c->upload.stored);
        call->fault.has_current_version = true;
        call->fault.current_version = c->upload.stored;
        return STATUS_FAILED_PRECONDITION;
    }
    return s;
}

int
finish_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return load_upload(call, q);
    }
    struct finish_call *c = call->data;
    int tenant = call->who->tenant;
    if (call->round == 1) {
        enum status s = check_whole(call, c);
        if (s == STATUS_OK) {
            s = evidence_queue_by_content(q, tenant, c->upload.org_id, c->upload.sha256, &c->kept);
        }
        if (s != STATUS_OK) {
            return (int)s;
        }
        c->chunks = (int32_t)((c->upload.size + (int64_t)LIMIT_CHUNK_BYTES - 1) /
                              (int64_t)LIMIT_CHUNK_BYTES);
    }
    int32_t round_end = c->queued + CHUNKS_PER_ROUND;
    while (c->queued < c->chunks && c->queued < round_end) {
        int32_t to = c->queued + CHUNKS_PER_STATEMENT;
        enum status s = chunk_queue_read(q, tenant, c->upload.blob_id, c->queued, to,
                                         (struct db_sink){take_content, c, DB_ANY_COUNT});
        if (s != STATUS_OK) {
            return (int)s;
        }
        c->queued = to;
    }
    return c->queued < c->chunks ? CALL_MORE : STATUS_OK;
}

/* Refuses, and throws the content away all the same. */
static enum status
refuse_content(struct call *call, enum status code, const char *reason, const char *text)
{
    struct finish_call *c = call->data;
    c->drop = true;
    call->keep_effects = true;
    return fault_set(&call->fault, code, reason, "文件“%s”%s", c->upload.name, text);
}

static enum status
judge_content(struct call *call)
{
    struct finish_call *c = call->data;
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hash = c->hash; /* finishing spends it, and we may decide again */
    crypto_hash_sha256_final(&hash, digest);
    if (c->read != c->upload.size || memcmp(digest, c->upload.sha256, SHA256_BYTES) != 0) {
        return refuse_content(call, STATUS_DATA_LOSS, "DIGEST_MISMATCH",
                              "收到的内容与校验值不符，已经删除，请重新上传。");
    }
    enum secret_verdict verdict = c->scan.found ? SECRET_FOUND : SECRET_NONE;
    if (verdict == SECRET_NONE && c->packed != NULL) {
        verdict = secret_scan_package(c->packed, (size_t)c->upload.size);
    }
    if (verdict == SECRET_FOUND) {
        return refuse_content(call, STATUS_FAILED_PRECONDITION, "SECRET_MARK",
                              "带有密级标志。本系统是非涉密系统，严禁存储、处理、传输国家秘密："
                              "文件没有保存，已经删除，请改走涉密渠道。");
    }
    if (verdict == SECRET_UNREADABLE || c->too_large) {
        return refuse_content(call, STATUS_FAILED_PRECONDITION, "FILE_UNCHECKABLE",
                              "是压缩或办公文件，但已损坏、加了密码，或展开后太大，无法检查是否带有"
                              "密级标志：没有保存，请去掉密码、拆小或转成 PDF 后再传。");
    }
    return STATUS_OK;
}

static const char *
hex_digest(struct call *call, const unsigned char *sha256)
{
    char *text = arena_alloc(call->arena, (size_t)2 * SHA256_BYTES + 1);
    return text == NULL ? NULL
                        : sodium_bin2hex(text, (size_t)2 * SHA256_BYTES + 1, sha256, SHA256_BYTES);
}

static enum status
keep_content(struct call *call)
{
    struct finish_call *c = call->data;
    c->made = (struct evidence_record){
        .id = call_new_id(call),
        .org_id = c->upload.org_id,
        .org = call->who->org_code,
        .blob_id = c->upload.blob_id,
        .name = c->upload.name,
        .kind = c->upload.kind,
        .effective_day = c->upload.effective_day,
        .received_ms = call->now_ms,
        .size = c->upload.size,
        .sha256 = hex_digest(call, c->upload.sha256),
    };
    Pb__Evidence *record = evidence_message(&c->made, call->arena);
    if (c->made.id == NULL || c->made.sha256 == NULL || record == NULL ||
        !call_change(call, "evidence", c->made.id, NULL, 1, &record->base)) {
        return handler_no_memory(call);
    }
    call->reply = &record->base;
    return STATUS_OK;
}

enum status
finish_decide(struct call *call)
{
    struct finish_call *c = call->data;
    enum status s = judge_content(call);
    if (s != STATUS_OK) {
        return s;
    }
    if (c->kept.count == 0) {
        return keep_content(call);
    }
    /* Somebody of the unit was faster: one copy is enough. */
    c->drop = true;
    call->no_event = true;
    Pb__Evidence *record = evidence_message(&c->kept.items[0], call->arena);
    call->reply = record == NULL ? NULL : &record->base;
    return record == NULL ? handler_no_memory(call) : STATUS_OK;
}

enum status
finish_effects(struct call *call, struct db_queue *q)
{
    struct finish_call *c = call->data;
    int tenant = call->who->tenant;
    return c->drop ? upload_queue_drop(q, tenant, c->upload.blob_id)
                   : upload_queue_finish(q, tenant, &c->upload, &c->made, call->event_id);
}
