#include "client/cli/audit.h"
#include "client/cli/handlers.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"
#include "proto/ledger/export.h"

#include <inttypes.h>
#include <rectify/v1/audit.pb-c.h>
#include <string.h>

enum { PAGE = 500 };

static enum status
reply_fault(struct fault *f)
{
    return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器给出的日志不完整。");
}

/* ---- head ---- */

static enum status
head_get(struct cli *c, Pb__GetHeadReply **ret_reply, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    enum status status = cli_query(c, "rectify.v1.AuditService/GetHead", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    Pb__GetHeadReply *reply = (Pb__GetHeadReply *)message;
    if (reply->head != NULL) {
        status = rectify_channel_head_check(c->channel, reply->head, f);
    }
    if (status == STATUS_OK) {
        *ret_reply = reply;
    }
    return status;
}

enum status
cmd_audit_head(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetHeadReply *reply = NULL;
    struct ledger_head head;
    char text[LEDGER_HEAD_TEXT_SIZE];
    (void)line;
    enum status status = head_get(c, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &reply->base, f);
    }
    if (reply->head == NULL) {
        (void)fprintf(c->out, "日志还没有签名（未封存 %" PRId64 " 条）。\n", reply->unsealed);
        return STATUS_OK;
    }
    status = audit_head_from_message(reply->head, &head, f);
    if (status != STATUS_OK) {
        return status;
    }
    ledger_head_to_text(&head, text);
    (void)fprintf(c->out, "%s\n", text);
    (void)fprintf(c->err, "已封存 %" PRIu64 " 条，未封存 %" PRId64 " 条，签名时间 %s。\n",
                  head.size, reply->unsealed, value_time(&c->arena, head.time_ms));
    return STATUS_OK;
}

/* ---- export ---- */

struct export
{
    struct cli *c;
    struct ledger_export_writer writer;
    uint64_t size; /* leaves to fetch */
    uint64_t done;
    struct rectify_file file;
};

/* One page from a byte of the next leaf's body on; the reply lives in the arena. */
static enum status
page_get(struct export *e, int64_t body_offset, struct arena *a, const Pb__ExportLogReply **ret,
         struct fault *f)
{
    Pb__ExportLogRequest request = PB__EXPORT_LOG_REQUEST__INIT;
    struct rectify_answer answer;
    request.has_from_seq = true;
    request.from_seq = (int64_t)e->done + 1;
    request.has_limit = true;
    request.limit = PAGE;
    request.has_tree_size = true;
    request.tree_size = (int64_t)e->size;
    request.has_body_offset = body_offset > 0;
    request.body_offset = body_offset;
    struct rectify_request call = {.method = "rectify.v1.AuditService/ExportLog",
                                   .message = &request.base,
                                   .timeout_ms = 30000};
    enum status status = rectify_call(e->c->channel, a, &call, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ExportLogReply *reply = (const Pb__ExportLogReply *)answer.message;
    if (reply->n_leaves == 0) {
        return reply_fault(f);
    }
    *ret = reply;
    return STATUS_OK;
}

/* A body that is larger than a reply comes in parts. */
static enum status
body_get(struct export *e, const Pb__LogLeaf *leaf, struct arena *a, struct ledger_leaf *out,
         struct fault *f)
{
    size_t whole = leaf->has_body_size ? (size_t)leaf->body_size : leaf->body.len;
    out->body = leaf->body.data;
    out->body_size = leaf->body.len;
    if (whole == leaf->body.len) {
        return STATUS_OK;
    }
    if (leaf->body_size < 0 || whole > LIMIT_LEDGER_BODY_BYTES) {
        return reply_fault(f);
    }
    unsigned char *body = arena_alloc(a, whole);
    if (body == NULL) {
        return fault_memory(f);
    }
    size_t have = 0;
    for (;;) {
        if (leaf->body.len == 0 || leaf->body.len > whole - have) {
            return reply_fault(f);
        }
        memcpy(body + have, leaf->body.data, leaf->body.len);
        have += leaf->body.len;
        if (have == whole) {
            break;
        }
        const Pb__ExportLogReply *reply = NULL;
        enum status status = page_get(e, (int64_t)have, a, &reply, f);
        if (status != STATUS_OK) {
            return status;
        }
        leaf = reply->leaves[0];
    }
    out->body = body;
    out->body_size = whole;
    return STATUS_OK;
}

static enum status
leaf_write(struct export *e, const Pb__LogLeaf *leaf, struct arena *a, struct fault *f)
{
    struct ledger_leaf out = {.seq = e->done + 1, .event_id = leaf->event_id};
    if (!leaf->has_seq || leaf->seq != (int64_t)e->done + 1 || leaf->event_id == NULL ||
        leaf->leaf_hash.len != MERKLE_HASH_BYTES) {
        return reply_fault(f);
    }
    memcpy(out.hash.bytes, leaf->leaf_hash.data, MERKLE_HASH_BYTES);
    enum status status = body_get(e, leaf, a, &out, f);
    if (status != STATUS_OK) {
        return status;
    }
    e->done++;
    return ledger_export_leaf(&e->writer, &out, f);
}

/* One page; its memory is given back at once. */
static enum status
page_write(struct export *e, struct fault *f)
{
    const Pb__ExportLogReply *reply = NULL;
    struct arena a;
    arena_init(&a, LIMIT_UNPACK_BYTES);
    enum status status = page_get(e, 0, &a, &reply, f);
    for (size_t i = 0; status == STATUS_OK && i < reply->n_leaves && e->done < e->size; i++) {
        status = leaf_write(e, reply->leaves[i], &a, f);
    }
    arena_release(&a);
    return status;
}

static enum status
export_write(struct export *e, const struct ledger_head *head, const struct ledger_public *key,
             struct fault *f)
{
    ledger_export_init(&e->writer, ledger_sink_file(e->file.stream));
    enum status status = ledger_export_begin(&e->writer, head, key, now_wall_ms(), f);
    while (status == STATUS_OK && e->done < e->size) {
        status = page_write(e, f);
        cli_progress(e->c, "导出日志", (int64_t)e->done, (int64_t)e->size);
    }
    if (status == STATUS_OK) {
        status = ledger_export_end(&e->writer, f);
    }
    ledger_export_release(&e->writer);
    return status;
}

enum status
cmd_audit_export(struct cli *c, const struct line *line, struct fault *f)
{
    struct export e = {.c = c};
    Pb__GetHeadReply *reply = NULL;
    struct ledger_head head;
    struct ledger_public key;
    const char *path = line_value(line, "out");
    enum status status = head_get(c, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (reply->head == NULL) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "LOG_UNSEALED",
                         "日志还没有签名，暂时没有可导出的内容：请过几秒再试。");
    }
    if (!reply->has_public_key || reply->public_key.len != LEDGER_PUBLIC_BYTES) {
        return reply_fault(f);
    }
    ledger_public_from_bytes(reply->public_key.data, &key);
    status = audit_head_from_message(reply->head, &head, f);
    e.size = head.size;
    if (status == STATUS_OK) {
        status = rectify_file_begin(path, 0640, &e.file, f);
    }
    if (status == STATUS_OK) {
        status = export_write(&e, &head, &key, f);
    }
    if (status == STATUS_OK) {
        status = tables_keep_old(c, path, NULL, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&e.file, f);
    }
    rectify_file_release(&e.file);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fprintf(c->format == CLI_TABLE ? c->out : c->err,
                  "已导出 %" PRIu64 " 条日志到“%s”。核验：rectify audit verify %s\n", e.done, path,
                  path);
    return STATUS_OK;
}
