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
            f, STATUS_DATA_LOSS, "LOG_ROLLED_BACK",
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

enum status
receipt_check(const Pb__Receipt *receipt, struct fault *f)
{
    if (receipt->event_id == NULL || receipt->event_id[0] == '\0' || !receipt->has_leaf_hash ||
        receipt->leaf_hash.len != MERKLE_HASH_BYTES) {
        return receipt_malformed(f);
    }
    return STATUS_OK;
}
