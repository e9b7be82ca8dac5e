#include "client/lib/receipt.h"
#include "client/lib/state.h"
#include "proto/ledger/merkle.h"

#include <inttypes.h>
#include <string.h>

static bool
head_from_message(const Pb__SignedHead *in, struct ledger_head *out)
{
    if (in->tenant == NULL || strlen(in->tenant) >= sizeof out->tenant || !in->has_tree_size ||
        !in->has_root || in->root.len != MERKLE_HASH_BYTES || !in->has_time_ms ||
        in->key_id == NULL || strlen(in->key_id) != LEDGER_KEY_ID_SIZE - 1 || !in->has_signature ||
        in->signature.len != LEDGER_SIGNATURE_BYTES) {
        return false;
    }
    *out = (struct ledger_head){.size = in->tree_size, .time_ms = in->time_ms};
    memcpy(out->tenant, in->tenant, strlen(in->tenant) + 1);
    memcpy(out->root.bytes, in->root.data, MERKLE_HASH_BYTES);
    memcpy(out->key_id, in->key_id, LEDGER_KEY_ID_SIZE);
    memcpy(out->signature, in->signature.data, LEDGER_SIGNATURE_BYTES);
    return true;
}

enum status
receipt_head_read(const Pb__SignedHead *message, const char *tenant, struct ledger_head *ret_head,
                  struct fault *f)
{
    struct ledger_head head;
    if (!head_from_message(message, &head) || strcmp(head.tenant, tenant) != 0) {
        return fault_set(f, STATUS_DATA_LOSS, "HEAD_MALFORMED",
                         "服务器给出的日志签名不完整或属于别的区县：请联系管理员核查。");
    }
    *ret_head = head;
    return STATUS_OK;
}

enum status
receipt_head_compare(const struct ledger_head *seen, const struct ledger_head *now, bool replayed,
                     struct fault *f)
{
    if (seen->size == 0) {
        return STATUS_OK;
    }
    bool forked = now->size == seen->size && !merkle_hash_equal(&now->root, &seen->root);
    /* A replayed answer carries the head of its own day, which may be an older one. */
    bool shorter = now->size < seen->size && !replayed;
    if (forked || shorter) {
        return fault_set(
            f, STATUS_DATA_LOSS, forked ? "LOG_FORKED" : "LOG_ROLLED_BACK",
            "服务器的日志被改动过：本机先前见过 %" PRIu64 " 条的签名，现在服务器给出的是 %" PRIu64
            " 条%s。请立即告知管理员和审计人员，并保留本机 state 文件夹里的 head 文件。",
            seen->size, now->size, forked ? "、内容不同的签名" : "的签名");
    }
    return STATUS_OK;
}

static enum status
receipt_malformed(struct fault *f)
{
    return fault_set(
        f, STATUS_DATA_LOSS, "RECEIPT_MALFORMED",
        "服务器给出的收件回执不完整：请用 rectify status 核对是否已办理，并告知管理员。");
}

static bool
take_text(const char *text, char *ret_text, size_t size)
{
    if (text == NULL || text[0] == '\0' || strlen(text) >= size) {
        return false;
    }
    memcpy(ret_text, text, strlen(text) + 1);
    return true;
}

static bool
proof_read(const Pb__Receipt *in, struct ledger_receipt_proof *ret)
{
    struct ledger_receipt_proof p = {.index = in->tree_index, .size = in->tree_size};
    if (in->signature.len != sizeof p.signature ||
        !take_text(in->key_id, p.key_id, sizeof p.key_id) ||
        in->n_tree_path > LEDGER_RECEIPT_PATH_MAX) {
        return false;
    }
    memcpy(p.signature, in->signature.data, sizeof p.signature);
    for (size_t i = 0; i < in->n_tree_path; i++) {
        if (in->tree_path[i].len != MERKLE_HASH_BYTES) {
            return false;
        }
        memcpy(p.path[p.path_count++].bytes, in->tree_path[i].data, MERKLE_HASH_BYTES);
    }
    *ret = p;
    return true;
}

enum status
receipt_read(const Pb__Receipt *in, struct ledger_receipt *ret_receipt,
             struct ledger_receipt_proof *ret_proof, struct fault *f)
{
    struct ledger_receipt r = {.recorded_at_ms = in->recorded_at_ms};
    if (!in->has_signature) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "RECEIPT_UNSIGNED",
                         "这份收件回执没有签名：服务器没有配置日志密钥，或版本较旧。");
    }
    if (!take_text(in->tenant, r.tenant, sizeof r.tenant) ||
        !take_text(in->idempotency_key, r.key, sizeof r.key) ||
        !take_text(in->number, r.number, sizeof r.number) ||
        !take_text(in->event_id, r.event_id, sizeof r.event_id) ||
        in->leaf_hash.len != sizeof r.leaf.bytes || !proof_read(in, ret_proof)) {
        return receipt_malformed(f);
    }
    memcpy(r.leaf.bytes, in->leaf_hash.data, sizeof r.leaf.bytes);
    *ret_receipt = r;
    return STATUS_OK;
}

/* Fields that are absent say nothing wrong; a signature covers all of them. */
static bool
other_text(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) != 0;
}

enum status
receipt_check(const Pb__Receipt *receipt, const struct receipt_claim *claim, struct fault *f)
{
    struct ledger_receipt r;
    struct ledger_receipt_proof proof;
    if (receipt->event_id == NULL || receipt->event_id[0] == '\0' || !receipt->has_leaf_hash ||
        receipt->leaf_hash.len != MERKLE_HASH_BYTES) {
        return receipt_malformed(f);
    }
    if (other_text(receipt->idempotency_key, claim->key) ||
        other_text(receipt->tenant, claim->tenant)) {
        return fault_set(f, STATUS_DATA_LOSS, "RECEIPT_OTHER",
                         "服务器给出的收件回执是另一次办理的：请用 rectify status 核对是否已办理，"
                         "并告知管理员。");
    }
    if (!receipt->has_signature || claim->ledger == NULL) {
        return STATUS_OK;
    }
    enum status status = receipt_read(receipt, &r, &proof, f);
    return status == STATUS_OK ? ledger_receipt_verify(&r, &proof, claim->ledger, f) : status;
}
