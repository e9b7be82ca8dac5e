#include "server/service/evidence.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"

#include <stdio.h>
#include <string.h>

static bool
is_strong(int kind)
{
    return kind != PB__EVIDENCE_KIND__DOCUMENT;
}

static const struct evidence_record *
find_file(const struct evidence_list *files, const char *id)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->items[i].id, id) == 0) {
            return &files->items[i];
        }
    }
    return NULL;
}

/* Linked to this measure in its present round already. */
static bool
is_linked(const struct evidence_link_list *links, const struct measure_record *m, const char *id)
{
    for (size_t i = 0; i < links->count; i++) {
        const struct evidence_link_record *l = &links->items[i];
        if (l->round == m->round && strcmp(l->measure_id, m->id) == 0 &&
            strcmp(l->evidence_id, id) == 0) {
            return true;
        }
    }
    return false;
}

static bool
named_before(char **ids, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ids[i], id) == 0) {
            return true;
        }
    }
    return false;
}

enum status
evidence_attach(const struct measure_record *m, const struct evidence_shelf *shelf,
                const char *field, struct evidence_attachment *attachment, struct fault *fault)
{
    char **ids = attachment->ids;
    attachment->evidence_count = m->evidence_count;
    attachment->evidence_strong = m->evidence_strong;
    for (size_t i = 0; i < attachment->count; i++) {
        const struct evidence_record *file = find_file(shelf->files, ids[i]);
        if (file == NULL || shelf->org_id == NULL || strcmp(file->org_id, shelf->org_id) != 0) {
            fault_set(fault, STATUS_NOT_FOUND, "EVIDENCE_UNKNOWN",
                      "措施 %s：没有找到证明材料“%s”，请先上传，再用上传后得到的编号。", m->ref,
                      ids[i]);
            snprintf(fault->field, sizeof fault->field, "%s[%zu]", field, i);
            return STATUS_NOT_FOUND;
        }
        if (named_before(ids, i, ids[i]) || is_linked(shelf->links, m, ids[i])) {
            continue;
        }
        attachment->evidence_count++;
        attachment->evidence_strong += is_strong(file->kind) ? 1 : 0;
    }
    return STATUS_OK;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
parse_digest(const char *text, unsigned char ret[SHA256_BYTES])
{
    if (text == NULL || strlen(text) != (size_t)2 * SHA256_BYTES) {
        return false;
    }
    for (int i = 0; i < SHA256_BYTES; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static bool
name_good(const char *name)
{
    size_t n = name == NULL ? 0 : strlen(name);
    if (n == 0 || n > LIMIT_NAME_BYTES || strspn(name, " .") == n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\') {
            return false;
        }
    }
    return true;
}

enum status
evidence_check_begin(const Pb__BeginUploadRequest *request, unsigned char ret_sha256[SHA256_BYTES],
                     struct fault *fault)
{
    if (!name_good(request->name)) {
        return fault_set_field(fault, "name", "FILE_NAME",
                               "文件名要有 1 至 %d 字节，不带路径和控制字符，请改名后再传。",
                               LIMIT_NAME_BYTES);
    }
    if (!request->has_size || request->size < 1 || request->size > LIMIT_EVIDENCE_BYTES) {
        return fault_set_field(fault, "size", "FILE_SIZE",
                               "文件“%s”的大小要在 1 字节至 256 兆字节之间，请压缩或拆分后再传。",
                               request->name);
    }
    if (!parse_digest(request->sha256, ret_sha256)) {
        return fault_set_field(fault, "sha256", "DIGEST_FORM",
                               "文件“%s”的校验值要是 64 位十六进制的 SHA-256。", request->name);
    }
    return STATUS_OK;
}

enum status
evidence_check_chunk(const struct upload_record *u, int64_t offset, size_t size,
                     struct fault *fault)
{
    if (offset != u->stored) {
        fault_set(fault, STATUS_OUT_OF_RANGE, "OFFSET",
                  "这一块应从第 %lld 字节开始，请从那里接着传。", (long long)u->stored);
        fault->has_current_version = true;
        fault->current_version = u->stored;
        return STATUS_OUT_OF_RANGE;
    }
    int64_t left = u->size - u->stored;
    int64_t want = left < (int64_t)LIMIT_CHUNK_BYTES ? left : (int64_t)LIMIT_CHUNK_BYTES;
    if ((int64_t)size != want || want == 0) {
        return fault_set_field(fault, "data", "CHUNK_SIZE",
                               "这一块应有 %lld 字节，实有 %zu 字节，请按 256 KiB 一块重传。",
                               (long long)want, size);
    }
    return STATUS_OK;
}

Pb__Evidence *
evidence_message(const struct evidence_record *e, struct arena *a)
{
    Pb__Evidence *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__evidence__init(out);
    out->id = wire_text(e->id);
    out->name = wire_text(e->name);
    out->has_kind = out->has_size = out->has_received_at_ms = 1;
    out->kind = (Pb__EvidenceKind)e->kind;
    out->size = e->size;
    out->sha256 = wire_text(e->sha256);
    char day[DAY_TEXT_SIZE];
    out->effective_on =
        e->effective_day == NO_DATE ? NULL : arena_strdup(a, day_print(e->effective_day, day));
    out->received_at_ms = e->received_ms;
    out->org = wire_text(e->org);
    return out;
}
