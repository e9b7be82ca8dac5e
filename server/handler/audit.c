/* AuditService: the sealed log, for verification offline. */
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/common.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/log.h"
#include "server/service/role.h"
#include "server/store/audit.h"

enum { EXPORT_ROWS_MAX = 1000, EXPORT_ROWS_DEFAULT = 500, HASH_BYTES = 32, SIGNATURE_BYTES = 64 };

/* Bodies of one reply; the rest of the frame is for hashes and ids. */
static const int32_t EXPORT_BODY_BYTES = (int32_t)LIMIT_PAYLOAD_BYTES - 256 * 1024;

struct log_view {
    struct audit_head head;
    int64_t unsealed;
    struct audit_leaves leaves;
    int64_t from_seq;
};

Pb__SignedHead *
log_head_message(struct call *call, const struct audit_head *head)
{
    Pb__SignedHead *out = call_message(call, &pb__signed_head__descriptor);
    if (out == NULL) {
        return NULL;
    }
    out->tenant = wire_text(call->who->tenant_code);
    out->has_tree_size = out->has_root = out->has_time_ms = out->has_signature = 1;
    out->tree_size = (uint64_t)head->tree_size;
    out->root.data = (uint8_t *)(uintptr_t)head->root;
    out->root.len = HASH_BYTES;
    out->time_ms = head->time_ms;
    out->key_id = wire_text(head->key_id);
    out->signature.data = (uint8_t *)(uintptr_t)head->signature;
    out->signature.len = SIGNATURE_BYTES;
    return out;
}

static int
head_load(struct call *call, struct db_queue *q)
{
    struct log_view *view = arena_alloc(call->arena, sizeof *view);
    call->data = view;
    if (view == NULL) {
        return handler_no_memory(call);
    }
    enum status s = audit_queue_head(q, call->who->tenant, 0, &view->head);
    return s != STATUS_OK ? s : audit_queue_unsealed(q, call->who->tenant, &view->unsealed);
}

static enum status
head_decide(struct call *call)
{
    const struct log_view *view = call->data;
    Pb__GetHeadReply *reply = call_message(call, &pb__get_head_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    if (view->head.found) {
        reply->head = log_head_message(call, &view->head);
    }
    if (call->ledger_public_key != NULL) {
        reply->has_public_key = 1;
        reply->public_key.data = (uint8_t *)(uintptr_t)call->ledger_public_key;
        reply->public_key.len = HASH_BYTES;
    }
    reply->has_unsealed = 1;
    reply->unsealed = view->unsealed;
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
export_load(struct call *call, struct db_queue *q)
{
    const Pb__ExportLogRequest *r = REQUEST(call, Pb__ExportLogRequest);
    struct log_view *view = arena_alloc(call->arena, sizeof *view);
    call->data = view;
    if (view == NULL) {
        return handler_no_memory(call);
    }
    view->from_seq = r->has_from_seq && r->from_seq > 0 ? r->from_seq : 1;
    int32_t limit = r->has_limit ? r->limit : EXPORT_ROWS_DEFAULT;
    if (limit < 1 || limit > EXPORT_ROWS_MAX) {
        return fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                               "每次取 1 至 %d 条，请改正条数。", EXPORT_ROWS_MAX);
    }
    if (r->body_offset < 0 || r->body_offset > (int64_t)LIMIT_LEDGER_BODY_BYTES) {
        return fault_set_field(&call->fault, "body_offset", "OFFSET_RANGE",
                               "正文的起点应在 0 至 %zu 字节之间，请改正。",
                               LIMIT_LEDGER_BODY_BYTES);
    }
    const struct audit_page page = {
        .from_seq = view->from_seq,
        .limit = limit,
        .max_bytes = EXPORT_BODY_BYTES,
        .body_offset = (int32_t)r->body_offset,
    };
    enum status s = audit_queue_head(q, call->who->tenant, r->tree_size, &view->head);
    return s != STATUS_OK ? s : audit_queue_leaves(q, call->who->tenant, &page, &view->leaves);
}

static Pb__LogLeaf *
leaf_message(struct call *call, const struct audit_leaf *leaf)
{
    Pb__LogLeaf *out = call_message(call, &pb__log_leaf__descriptor);
    if (out != NULL) {
        out->has_seq = out->has_body = out->has_leaf_hash = 1;
        out->seq = leaf->seq;
        out->event_id = wire_text(leaf->event_id);
        out->body.data = (uint8_t *)(uintptr_t)leaf->body;
        out->body.len = leaf->body_size;
        out->leaf_hash.data = (uint8_t *)(uintptr_t)leaf->leaf_hash;
        out->leaf_hash.len = HASH_BYTES;
        out->has_body_size = leaf->whole_size != leaf->body_size;
        out->body_size = (int64_t)leaf->whole_size;
    }
    return out;
}

static enum status
export_decide(struct call *call)
{
    const struct log_view *view = call->data;
    if (!view->head.found) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "NOTHING_SEALED",
                         "还没有这样的签名树头：日志尚未封存，或没有该长度的封存记录。");
    }
    Pb__ExportLogReply *reply = call_message(call, &pb__export_log_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->leaves = arena_array(call->arena, view->leaves.count, sizeof *reply->leaves);
    int64_t last = view->from_seq - 1;
    for (size_t i = 0; reply->leaves != NULL && i < view->leaves.count; i++) {
        const struct audit_leaf *leaf = &view->leaves.items[i];
        if (leaf->seq > view->head.tree_size) {
            break;
        }
        Pb__LogLeaf *out = leaf_message(call, leaf);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        reply->leaves[reply->n_leaves++] = out;
        last = leaf->seq;
    }
    reply->has_more = 1;
    reply->more = reply->n_leaves > 0 && last < view->head.tree_size;
    reply->head = log_head_message(call, &view->head);
    if (call->ledger_public_key != NULL) {
        reply->has_public_key = 1;
        reply->public_key.data = (uint8_t *)(uintptr_t)call->ledger_public_key;
        reply->public_key.len = HASH_BYTES;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.AuditService/GetHead",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__get_head_reply__descriptor,
     .load = head_load,
     .decide = head_decide},
    {.method = "rectify.v1.AuditService/ExportLog",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_AUDIT,
     .request = &pb__export_log_request__descriptor,
     .reply = &pb__export_log_reply__descriptor,
     .load = export_load,
     .decide = export_decide},
};

const struct handler_table audit_handler_table = {rows, sizeof rows / sizeof rows[0]};
