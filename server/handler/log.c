/* LogService: what the log proves, for everybody who relies on it. The first two are asked before a
 * session can be trusted, so they need none; all they tell are hashes, signatures and the reasons
 * of restores. */
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "proto/base/uuid7.h"
#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/log.h"
#include "server/handler/log_proof.h"
#include "server/store/restore.h"

static enum status
tenant_needed(struct call *call)
{
    if (call->who->tenant != 0) {
        return STATUS_OK;
    }
    return fault_set_field(&call->fault, "tenant", "TENANT_REQUIRED", "请写明租户（区县）代码。");
}

static bool
set_hashes(struct call *call, const struct merkle_proof *proof, size_t *ret_count,
           ProtobufCBinaryData **ret_hashes)
{
    struct merkle_proof *copy = arena_alloc(call->arena, sizeof *copy);
    ProtobufCBinaryData *hashes = arena_array(call->arena, proof->count + 1, sizeof *hashes);
    if (copy == NULL || hashes == NULL) {
        return false;
    }
    *copy = *proof;
    for (size_t i = 0; i < copy->count; i++) {
        hashes[i] = (ProtobufCBinaryData){MERKLE_HASH_BYTES, copy->hashes[i].bytes};
    }
    *ret_count = copy->count;
    *ret_hashes = hashes;
    return true;
}

static enum status
unsealed(struct call *call)
{
    return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "NOTHING_SEALED",
                     "日志还没有签名，暂时没有可证明的内容：请过几秒再试。");
}

static enum status
nodes_missing(struct call *call)
{
    return fault_set(&call->fault, STATUS_DATA_LOSS, "LOG_NODES",
                     "日志的中间节点不全，无法给出证明，请联系管理员核对数据库。");
}

/* ---- GetConsistency ---- */

struct consistency {
    struct audit_head head;
    struct restore_list last;
    struct proofs proofs;
    size_t first[LIMIT_CONSISTENCY_SIZES]; /* range of each size asked */
    size_t count[LIMIT_CONSISTENCY_SIZES];
};

static enum status
consistency_check(struct call *call)
{
    const Pb__GetConsistencyRequest *r = REQUEST(call, Pb__GetConsistencyRequest);
    enum status s = tenant_needed(call);
    if (s == STATUS_OK && (r->n_from_sizes < 1 || r->n_from_sizes > LIMIT_CONSISTENCY_SIZES)) {
        return fault_set_field(&call->fault, "from_sizes", "SIZE_COUNT",
                               "一次给出 1 至 %d 个日志长度，请改正。", LIMIT_CONSISTENCY_SIZES);
    }
    return s;
}

static int
consistency_plan(struct call *call, struct db_queue *q)
{
    const Pb__GetConsistencyRequest *r = REQUEST(call, Pb__GetConsistencyRequest);
    struct consistency *c = call->data;
    uint64_t size = c->head.found ? (uint64_t)c->head.tree_size : 0;
    for (size_t i = 0; i < r->n_from_sizes; i++) {
        struct merkle_plan plan;
        c->first[i] = c->proofs.count;
        if (merkle_consistency_plan(size, r->from_sizes[i], &plan) != STATUS_OK) {
            continue; /* larger than the log: it went back */
        }
        if (!proofs_add(&c->proofs, call->arena, &plan)) {
            return handler_no_memory(call);
        }
        c->count[i] = plan.count;
    }
    return proofs_queue(&c->proofs, call->arena, q, call->who->tenant);
}

static int
consistency_load(struct call *call, struct db_queue *q)
{
    if (call->round > 0) {
        return consistency_plan(call, q);
    }
    struct consistency *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    enum status s = c == NULL ? handler_no_memory(call) : consistency_check(call);
    if (s == STATUS_OK) {
        s = audit_queue_head(q, call->who->tenant, 0, &c->head);
    }
    if (s == STATUS_OK) {
        s = restore_queue_last(q, call->who->tenant, &c->last);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static Pb__ConsistencyProof *
proof_message(struct call *call, uint64_t from_size, const struct merkle_proof *proof)
{
    Pb__ConsistencyProof *out = call_message(call, &pb__consistency_proof__descriptor);
    if (out == NULL || !set_hashes(call, proof, &out->n_hashes, &out->hashes)) {
        return NULL;
    }
    out->has_from_size = 1;
    out->from_size = from_size;
    return out;
}

static enum status
consistency_decide(struct call *call)
{
    const Pb__GetConsistencyRequest *r = REQUEST(call, Pb__GetConsistencyRequest);
    const struct consistency *c = call->data;
    if (!c->head.found) {
        return unsealed(call);
    }
    Pb__GetConsistencyReply *reply = call_message(call, &pb__get_consistency_reply__descriptor);
    Pb__ConsistencyProof **list = arena_array(call->arena, r->n_from_sizes, sizeof *list);
    if (reply == NULL || list == NULL) {
        return handler_no_memory(call);
    }
    reply->proofs = list;
    for (size_t i = 0; i < r->n_from_sizes; i++) {
        struct merkle_proof proof;
        if (r->from_sizes[i] > (uint64_t)c->head.tree_size) {
            continue;
        }
        if (!proofs_get(&c->proofs, c->first[i], c->count[i], &proof)) {
            return nodes_missing(call);
        }
        list[reply->n_proofs] = proof_message(call, r->from_sizes[i], &proof);
        if (list[reply->n_proofs++] == NULL) {
            return handler_no_memory(call);
        }
    }
    reply->head = log_head_message(call, &c->head);
    reply->has_last_restore_ms = c->last.count > 0;
    reply->last_restore_ms = c->last.count > 0 ? c->last.items[0].time_ms : 0;
    call->reply = &reply->base;
    return reply->head == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- ListRestores ---- */

static int
restores_load(struct call *call, struct db_queue *q)
{
    const Pb__ListRestoresRequest *r = REQUEST(call, Pb__ListRestoresRequest);
    struct restore_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    enum status s = list == NULL ? handler_no_memory(call) : tenant_needed(call);
    return s == STATUS_OK ? (int)restore_queue_list(q, call->who->tenant, r->after_ms,
                                                    LIMIT_RESTORES_LISTED, list)
                          : (int)s;
}

static Pb__Restore *
restore_message(struct call *call, const struct restore_record *r)
{
    Pb__Restore *out = call_message(call, &pb__restore__descriptor);
    if (out == NULL) {
        return NULL;
    }
    out->tenant = wire_text(call->who->tenant_code);
    out->has_number = out->has_tree_size = out->has_root = out->has_head_time_ms = 1;
    out->has_time_ms = out->has_signature = 1;
    out->number = (uint64_t)r->number;
    out->tree_size = (uint64_t)r->tree_size;
    out->root = (ProtobufCBinaryData){MERKLE_HASH_BYTES, (uint8_t *)(uintptr_t)r->root};
    out->head_time_ms = r->head_time_ms;
    out->time_ms = r->time_ms;
    out->reason = wire_text(r->reason);
    out->key_id = wire_text(r->key_id);
    out->signature =
        (ProtobufCBinaryData){LEDGER_SIGNATURE_BYTES, (uint8_t *)(uintptr_t)r->signature};
    return out;
}

static enum status
restores_decide(struct call *call)
{
    const struct restore_list *list = call->data;
    Pb__ListRestoresReply *reply = call_message(call, &pb__list_restores_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->restores = arena_array(call->arena, list->count + 1, sizeof *reply->restores);
    for (size_t i = 0; reply->restores != NULL && i < list->count; i++) {
        reply->restores[i] = restore_message(call, &list->items[i]);
        if (reply->restores[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_restores++;
    }
    call->reply = &reply->base;
    return reply->restores == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetInclusion ---- */

struct inclusion {
    struct audit_head head;
    struct audit_place place;
    struct proofs proofs;
};

static int
inclusion_plan(struct call *call, struct db_queue *q)
{
    struct inclusion *c = call->data;
    struct merkle_plan plan;
    if (c->place.seq < 1 || c->place.seq > c->head.tree_size) {
        return STATUS_OK; /* decide says so */
    }
    enum status s =
        merkle_inclusion_plan((uint64_t)c->head.tree_size, (uint64_t)c->place.seq - 1, &plan);
    if (s == STATUS_OK && !proofs_add(&c->proofs, call->arena, &plan)) {
        s = handler_no_memory(call);
    }
    return s == STATUS_OK ? (int)proofs_queue(&c->proofs, call->arena, q, call->who->tenant)
                          : (int)s;
}

static int
inclusion_load(struct call *call, struct db_queue *q)
{
    const Pb__GetInclusionRequest *r = REQUEST(call, Pb__GetInclusionRequest);
    if (call->round > 0) {
        return inclusion_plan(call, q);
    }
    struct inclusion *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c == NULL) {
        return handler_no_memory(call);
    }
    if (r->event_id == NULL || !uuid_text_valid(r->event_id)) {
        return fault_set_field(&call->fault, "event_id", "EVENT_MALFORMED",
                               "事件编号不对：要照回执上的原样填写。");
    }
    enum status s = audit_queue_head(q, call->who->tenant, 0, &c->head);
    if (s == STATUS_OK) {
        s = audit_queue_place(q, call->who->tenant, r->event_id, &c->place);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static enum status
inclusion_refuse(struct call *call, const struct inclusion *c)
{
    if (!c->place.found) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "EVENT_UNKNOWN",
                         "日志里没有这个事件：请核对回执；服务器恢复过的，回执之后的内容可能要"
                         "重新报送。");
    }
    return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "EVENT_UNSEALED",
                     "这个事件已记录，还没有封存：请过几秒再试。");
}

static enum status
inclusion_decide(struct call *call)
{
    const struct inclusion *c = call->data;
    struct merkle_proof proof;
    if (!c->place.found || c->place.seq < 1 || c->place.seq > c->head.tree_size) {
        return inclusion_refuse(call, c);
    }
    if (!proofs_get(&c->proofs, 0, c->proofs.count, &proof)) {
        return nodes_missing(call);
    }
    Pb__GetInclusionReply *reply = call_message(call, &pb__get_inclusion_reply__descriptor);
    if (reply == NULL || !set_hashes(call, &proof, &reply->n_hashes, &reply->hashes)) {
        return handler_no_memory(call);
    }
    reply->has_seq = reply->has_leaf_hash = 1;
    reply->seq = c->place.seq;
    reply->leaf_hash =
        (ProtobufCBinaryData){MERKLE_HASH_BYTES, (uint8_t *)(uintptr_t)c->place.leaf_hash};
    reply->head = log_head_message(call, &c->head);
    call->reply = &reply->base;
    return reply->head == NULL ? handler_no_memory(call) : STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.LogService/GetConsistency",
     .kind = METHOD_QUERY,
     .auth = AUTH_PUBLIC,
     .request = &pb__get_consistency_request__descriptor,
     .reply = &pb__get_consistency_reply__descriptor,
     .load = consistency_load,
     .decide = consistency_decide},
    {.method = "rectify.v1.LogService/ListRestores",
     .kind = METHOD_QUERY,
     .auth = AUTH_PUBLIC,
     .request = &pb__list_restores_request__descriptor,
     .reply = &pb__list_restores_reply__descriptor,
     .load = restores_load,
     .decide = restores_decide},
    {.method = "rectify.v1.LogService/GetInclusion",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_inclusion_request__descriptor,
     .reply = &pb__get_inclusion_reply__descriptor,
     .load = inclusion_load,
     .decide = inclusion_decide},
};

const struct handler_table log_handler_table = {rows, sizeof rows / sizeof rows[0]};
