#include "proto/ledger/export.h"

#include "proto/ledger/text.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { STAGE_NEW, STAGE_SEALED, STAGE_TAIL, STAGE_DONE };

const char LEDGER_EXPORT_ABOUT[] =
    "# 巡视整改台账审计导出文件（rectify audit export）。各行以换行符结束，字段以一个空格分隔。\n"
    "# 第一行：导出时间、公钥（Ed25519，base64）和树头（tree head）：租户、条数、根哈希、"
    "时间、密钥号、签名。\n"
    "# L 序号 事件号 叶子哈希 正文：已封存的记录，序号从 1 起连续；正文为 base64，"
    "叶子哈希 = SHA-256(字节 00 + 正文原字节)。\n"
    "# H 树头：到上一条记录为止的较早树头。T 序号 事件号 记录毫秒 叶子哈希 正文："
    "尚未封存的记录，还没有签名保护。\n"
    "# E 未封存条数 树头：结束行，树头与第一行相同。没有结束行的文件是不完整的。\n"
    "# 根哈希按 RFC 6962 第 2.1 节计算：节点哈希 = SHA-256(字节 01 + 左 + 右)。\n"
    "# 签名所签字节：rectify.v1.tree-head、换行、租户长度（4 字节大端）、租户、条数（8 字节大端）、"
    "根哈希 32 字节、毫秒时间（8 字节大端）、密钥号 16 字符。\n"
    "# The signed bytes: \"rectify.v1.tree-head\" LF, be32 length of tenant, tenant, be64 size, "
    "root (32 bytes), be64 time in ms, key id (16 hex characters).\n"
    "# key id = first 8 bytes of SHA-256(public key), hex. H HEAD: an earlier head, at its size.\n";

void
ledger_export_init(struct ledger_export_writer *w, struct ledger_sink sink)
{
    *w = (struct ledger_export_writer){.sink = sink, .stage = STAGE_NEW};
}

void
ledger_export_release(struct ledger_export_writer *w)
{
    free(w->buffer);
    *w = (struct ledger_export_writer){.stage = STAGE_DONE};
}

static enum status
sink_write(struct ledger_export_writer *w, const void *data, size_t n, struct fault *fault)
{
    enum status s = w->sink.write(w->sink.user, data, n);
    if (s != STATUS_OK) {
        return fault_set(fault, s, "EXPORT_WRITE_FAILED",
                         "写入导出文件失败：请检查磁盘空间和权限后重新导出。");
    }
    return STATUS_OK;
}

enum status
ledger_export_begin(struct ledger_export_writer *w, const struct ledger_head *head,
                    const struct ledger_public *key, int64_t exported_ms, struct fault *fault)
{
    assert(w->stage == STAGE_NEW);
    enum status s = ledger_head_verify(head, key, fault);
    if (s != STATUS_OK) {
        return s;
    }
    char text[LEDGER_HEAD_TEXT_SIZE];
    char public[LEDGER_PUBLIC_TEXT_SIZE];
    char line[LEDGER_HEAD_TEXT_SIZE + 160];
    ledger_head_to_text(head, text);
    ledger_public_to_text(key, public);
    int n = snprintf(line, sizeof line,
                     "rectify-audit-export 1 exported_ms=%" PRId64 " public_key=%s %s\n",
                     exported_ms < 0 ? 0 : exported_ms, public, text);
    assert(n > 0 && (size_t)n < sizeof line);
    s = sink_write(w, line, (size_t)n, fault);
    if (s == STATUS_OK) {
        s = sink_write(w, LEDGER_EXPORT_ABOUT, strlen(LEDGER_EXPORT_ABOUT), fault);
    }
    w->head = *head;
    w->key = *key;
    w->stage = STAGE_SEALED;
    return s;
}

static enum status
leaf_check(const struct ledger_leaf *leaf, struct fault *fault)
{
    if (!text_name_valid(leaf->event_id, LIMIT_EVENT_ID_BYTES) || leaf->seq > MERKLE_SIZE_MAX ||
        leaf->recorded_ms < 0 || leaf->body_size > LIMIT_LEDGER_BODY_BYTES) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "LEAF_MALFORMED",
                         "第 %" PRIu64 " 条记录无法导出：事件号只能用字母、数字和 . _ -，"
                         "正文不得超过 %zu 字节。",
                         leaf->seq, LIMIT_LEDGER_BODY_BYTES);
    }
    return STATUS_OK;
}

/* base64 of the body and an LF into the writer's buffer; an empty body is written as "=". */
static enum status
body_encode(struct ledger_export_writer *w, const struct ledger_leaf *leaf, size_t *ret_n,
            struct fault *fault)
{
    size_t size = sodium_base64_encoded_len(leaf->body_size, sodium_base64_VARIANT_ORIGINAL) + 2;
    if (size > w->capacity) {
        char *bigger = realloc(w->buffer, size);
        if (bigger == NULL) {
            return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "EXPORT_MEMORY",
                             "导出时内存不足：请稍后重新导出。");
        }
        w->buffer = bigger;
        w->capacity = size;
    }
    if (leaf->body_size == 0) {
        memcpy(w->buffer, "=", 2);
    } else {
        sodium_bin2base64(w->buffer, w->capacity, leaf->body, leaf->body_size,
                          sodium_base64_VARIANT_ORIGINAL);
    }
    size_t n = strlen(w->buffer);
    w->buffer[n] = '\n';
    *ret_n = n + 1;
    return STATUS_OK;
}

static enum status
line_write(struct ledger_export_writer *w, const char *start, const struct ledger_leaf *leaf,
           struct fault *fault)
{
    size_t n = 0;
    enum status s = body_encode(w, leaf, &n, fault);
    if (s == STATUS_OK) {
        s = sink_write(w, start, strlen(start), fault);
    }
    if (s == STATUS_OK) {
        s = sink_write(w, w->buffer, n, fault);
    }
    return s;
}

enum status
ledger_export_leaf(struct ledger_export_writer *w, const struct ledger_leaf *leaf,
                   struct fault *fault)
{
    assert(w->stage == STAGE_SEALED);
    enum status s = leaf_check(leaf, fault);
    if (s != STATUS_OK) {
        return s;
    }
    char hash[2 * MERKLE_HASH_BYTES + 1];
    char start[256];
    text_hash(&leaf->hash, hash);
    snprintf(start, sizeof start, "L %" PRIu64 " %s %s ", leaf->seq, leaf->event_id, hash);
    return line_write(w, start, leaf, fault);
}

enum status
ledger_export_head(struct ledger_export_writer *w, const struct ledger_head *head,
                   struct fault *fault)
{
    assert(w->stage == STAGE_SEALED);
    if (strncmp(head->key_id, w->key.key_id, sizeof head->key_id) != 0) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "HEAD_OTHER_KEY",
                         "较早的树头（tree head）是另一把密钥 %.16s 所签，不能写入本次导出。",
                         head->key_id);
    }
    char text[LEDGER_HEAD_TEXT_SIZE];
    char line[LEDGER_HEAD_TEXT_SIZE + 8];
    ledger_head_to_text(head, text);
    snprintf(line, sizeof line, "H %s\n", text);
    return sink_write(w, line, strlen(line), fault);
}

enum status
ledger_export_tail(struct ledger_export_writer *w, const struct ledger_leaf *leaf,
                   struct fault *fault)
{
    assert(w->stage == STAGE_SEALED || w->stage == STAGE_TAIL);
    w->stage = STAGE_TAIL;
    enum status s = leaf_check(leaf, fault);
    if (s != STATUS_OK) {
        return s;
    }
    char hash[2 * MERKLE_HASH_BYTES + 1];
    char start[256];
    text_hash(&leaf->hash, hash);
    w->tails++;
    snprintf(start, sizeof start, "T %" PRIu64 " %s %" PRId64 " %s ", w->tails, leaf->event_id,
             leaf->recorded_ms, hash);
    return line_write(w, start, leaf, fault);
}

enum status
ledger_export_end(struct ledger_export_writer *w, struct fault *fault)
{
    assert(w->stage == STAGE_SEALED || w->stage == STAGE_TAIL);
    char text[LEDGER_HEAD_TEXT_SIZE];
    char line[LEDGER_HEAD_TEXT_SIZE + 40];
    ledger_head_to_text(&w->head, text);
    snprintf(line, sizeof line, "E %" PRIu64 " %s\n", w->tails, text);
    w->stage = STAGE_DONE;
    return sink_write(w, line, strlen(line), fault);
}

/* ---- FILE ---- */

static enum status
file_write(void *user, const void *data, size_t n)
{
    return fwrite(data, 1, n, user) == n ? STATUS_OK : STATUS_UNAVAILABLE;
}

struct ledger_sink
ledger_sink_file(FILE *file)
{
    return (struct ledger_sink){.write = file_write, .user = file};
}

static enum status
file_read(void *user, void *buf, size_t capacity, size_t *ret_n)
{
    size_t n = fread(buf, 1, capacity, user);
    if (n == 0 && ferror((FILE *)user)) {
        return STATUS_UNAVAILABLE;
    }
    *ret_n = n;
    return STATUS_OK;
}

struct ledger_reader
ledger_reader_file(FILE *file)
{
    return (struct ledger_reader){.read = file_read, .user = file};
}
