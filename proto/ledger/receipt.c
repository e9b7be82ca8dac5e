#include "proto/ledger/receipt.h"

#include "proto/ledger/put.h"
#include "proto/ledger/text.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define LEAF_TAG "rectify.v1.receipt\n"
#define TREE_TAG "rectify.v1.receipt-tree\n"
enum {
    LEAF_BYTES_MAX = 19 + 4 * 4 + LIMIT_TENANT_BYTES + 3 * LIMIT_EVENT_ID_BYTES + 32 + 8,
    TREE_BYTES = 24 + 4 + 32 + 16
};
_Static_assert(sizeof LEAF_TAG - 1 == 19, "the length in LEAF_BYTES_MAX");
_Static_assert(sizeof TREE_TAG - 1 == 24, "the length in TREE_BYTES");
_Static_assert(1U << LEDGER_RECEIPT_PATH_MAX == LEDGER_RECEIPTS_MAX, "a path to every leaf");

static void
leaf_hash(const struct ledger_receipt *r, struct merkle_hash *ret_hash)
{
    unsigned char body[LEAF_BYTES_MAX];
    unsigned char *at = put_bytes(body, LEAF_TAG, sizeof LEAF_TAG - 1);
    at = put_text(at, r->tenant, LIMIT_TENANT_BYTES);
    at = put_text(at, r->key, LIMIT_EVENT_ID_BYTES);
    at = put_text(at, r->number, LIMIT_EVENT_ID_BYTES);
    at = put_text(at, r->event_id, LIMIT_EVENT_ID_BYTES);
    at = put_bytes(at, r->leaf.bytes, sizeof r->leaf.bytes);
    at = put_be(at, (uint64_t)r->recorded_at_ms, 8);
    merkle_leaf_hash(body, (size_t)(at - body), ret_hash);
}

static void
tree_bytes(uint32_t size, const struct merkle_hash *root, const char *key_id,
           unsigned char ret_bytes[TREE_BYTES])
{
    unsigned char *at = put_bytes(ret_bytes, TREE_TAG, sizeof TREE_TAG - 1);
    at = put_be(at, size, 4);
    at = put_bytes(at, root->bytes, sizeof root->bytes);
    (void)put_bytes(at, key_id, LEDGER_KEY_ID_SIZE - 1);
}

/* Where leaf i has come to on its way up: its place in the present row. */
static void
path_note(struct ledger_receipt_proof *proof, const struct merkle_hash *row, size_t count,
          unsigned level)
{
    size_t sibling = ((size_t)proof->index >> level) ^ 1U;
    if (sibling < count) {
        proof->path[proof->path_count++] = row[sibling];
    }
}

/* Row by row upwards; a last one without a sibling goes up as it is, which is the RFC's tree. */
static void
tree_build(struct merkle_hash row[LEDGER_RECEIPTS_MAX], size_t count,
           struct ledger_receipt_proof *proofs)
{
    const size_t leaves = count;
    for (unsigned level = 0; count > 1; level++) {
        for (size_t i = 0; i < leaves; i++) {
            path_note(&proofs[i], row, count, level);
        }
        for (size_t i = 0; i + 1 < count; i += 2) {
            merkle_node_hash(&row[i], &row[i + 1], &row[i / 2]);
        }
        if (count % 2 == 1) {
            row[count / 2] = row[count - 1];
        }
        count = (count + 1) / 2;
    }
}

void
ledger_receipts_sign(const struct ledger_receipt *receipts, size_t count,
                     const struct ledger_key *key, struct ledger_receipt_proof *ret_proofs)
{
    struct merkle_hash row[LEDGER_RECEIPTS_MAX];
    unsigned char bytes[TREE_BYTES];
    assert(count > 0 && count <= LEDGER_RECEIPTS_MAX);
    for (size_t i = 0; i < count; i++) {
        leaf_hash(&receipts[i], &row[i]);
        ret_proofs[i] =
            (struct ledger_receipt_proof){.index = (uint32_t)i, .size = (uint32_t)count};
    }
    tree_build(row, count, ret_proofs);
    tree_bytes((uint32_t)count, &row[0], key->public.key_id, bytes);
    ledger_key_sign(key, bytes, sizeof bytes, ret_proofs[0].signature);
    for (size_t i = 0; i < count; i++) {
        memcpy(ret_proofs[i].key_id, key->public.key_id, sizeof ret_proofs[i].key_id);
        memmove(ret_proofs[i].signature, ret_proofs[0].signature, LEDGER_SIGNATURE_BYTES);
    }
}

/* The root that leaf and path lead to; false when the path has another length than the place. */
static bool
path_root(const struct merkle_hash *leaf, const struct ledger_receipt_proof *p,
          struct merkle_hash *ret_root)
{
    struct merkle_hash r = *leaf;
    size_t count = p->size;
    size_t at = p->index;
    size_t used = 0;
    for (; count > 1; count = (count + 1) / 2, at /= 2) {
        if ((at ^ 1U) >= count) {
            continue;
        }
        if (used == p->path_count) {
            return false;
        }
        const struct merkle_hash *sibling = &p->path[used++];
        merkle_node_hash(at % 2 == 1 ? sibling : &r, at % 2 == 1 ? &r : sibling, &r);
    }
    *ret_root = r;
    return used == p->path_count;
}

enum status
ledger_receipt_verify(const struct ledger_receipt *receipt,
                      const struct ledger_receipt_proof *proof, const struct ledger_public *key,
                      struct fault *fault)
{
    struct merkle_hash leaf;
    struct merkle_hash root;
    unsigned char bytes[TREE_BYTES];
    if (strncmp(proof->key_id, key->key_id, sizeof proof->key_id) != 0) {
        return fault_set(fault, STATUS_DATA_LOSS, "RECEIPT_OTHER_KEY",
                         "收件回执是用密钥 %.16s 签的，不是用 %.16s：请核对所用的日志公钥。",
                         proof->key_id, key->key_id);
    }
    leaf_hash(receipt, &leaf);
    bool good = proof->size >= 1 && proof->size <= LEDGER_RECEIPTS_MAX &&
                proof->index < proof->size && proof->path_count <= LEDGER_RECEIPT_PATH_MAX &&
                path_root(&leaf, proof, &root);
    if (good) {
        tree_bytes(proof->size, &root, key->key_id, bytes);
        good = ledger_public_verify(key, bytes, sizeof bytes, proof->signature);
    }
    if (!good) {
        return fault_set(fault, STATUS_DATA_LOSS, "RECEIPT_SIGNATURE_BAD",
                         "收件回执 %.64s 的签名不成立：回执号、办理编号、时间或日志哈希被改动过，"
                         "或不是这把密钥所签。",
                         receipt->number);
    }
    return STATUS_OK;
}

/* ---- text ---- */

static void
path_text(const struct ledger_receipt_proof *p,
          char ret_text[LEDGER_RECEIPT_PATH_MAX * (2 * MERKLE_HASH_BYTES + 1) + 1])
{
    char *at = ret_text;
    for (size_t i = 0; i < p->path_count; i++) {
        text_hash(&p->path[i], at);
        at += 2 * (size_t)MERKLE_HASH_BYTES;
        *at++ = ',';
    }
    if (p->path_count == 0) {
        *at++ = '-';
        at++;
    }
    at[-1] = '\0';
}

void
ledger_receipt_to_text(const struct ledger_receipt *r, const struct ledger_receipt_proof *p,
                       char ret_text[LEDGER_RECEIPT_TEXT_SIZE])
{
    char leaf[2 * MERKLE_HASH_BYTES + 1];
    char path[LEDGER_RECEIPT_PATH_MAX * (2 * MERKLE_HASH_BYTES + 1) + 1];
    char signature[sodium_base64_ENCODED_LEN(LEDGER_SIGNATURE_BYTES,
                                             sodium_base64_VARIANT_ORIGINAL)];
    text_hash(&r->leaf, leaf);
    path_text(p, path);
    sodium_bin2base64(signature, sizeof signature, p->signature, sizeof p->signature,
                      sodium_base64_VARIANT_ORIGINAL);
    int n = snprintf(ret_text, LEDGER_RECEIPT_TEXT_SIZE,
                     "tenant=%s key=%s number=%s event=%s leaf=%s recorded_ms=%" PRId64
                     " index=%" PRIu32 " size=%" PRIu32 " path=%s key_id=%s signature=%s",
                     r->tenant, r->key, r->number, r->event_id, leaf, r->recorded_at_ms, p->index,
                     p->size, path, p->key_id, signature);
    assert(n > 0 && n < LEDGER_RECEIPT_TEXT_SIZE);
}

static bool
scan_path(struct scan *s, struct ledger_receipt_proof *p)
{
    const char *word;
    size_t n;
    if (!scan_word(s, &word, &n)) {
        return false;
    }
    if (n == 1 && word[0] == '-') {
        return true;
    }
    for (const char *end = word + n; word < end; word += 2 * MERKLE_HASH_BYTES + 1) {
        size_t left = (size_t)(end - word);
        struct scan one = {.at = word, .end = word + 2 * (size_t)MERKLE_HASH_BYTES};
        if (left < 2 * MERKLE_HASH_BYTES || p->path_count == LEDGER_RECEIPT_PATH_MAX ||
            !scan_hash(&one, &p->path[p->path_count])) {
            return false;
        }
        p->path_count++;
        if (left == 2 * MERKLE_HASH_BYTES) {
            return true;
        }
        if (word[2 * MERKLE_HASH_BYTES] != ',') {
            return false;
        }
    }
    return false; /* a comma at the end */
}

enum status
ledger_receipt_from_text(const char *text, struct ledger_receipt *ret_receipt,
                         struct ledger_receipt_proof *ret_proof, struct fault *fault)
{
    struct scan s = {.at = text, .end = text + strlen(text)};
    struct ledger_receipt r = {.recorded_at_ms = 0};
    struct ledger_receipt_proof p = {.index = 0};
    uint64_t recorded = 0;
    uint64_t index = 0;
    uint64_t size = 0;
    if (!scan_literal(&s, "tenant=") || !scan_name(&s, r.tenant, sizeof r.tenant) ||
        !scan_literal(&s, " key=") || !scan_name(&s, r.key, sizeof r.key) ||
        !scan_literal(&s, " number=") || !scan_name(&s, r.number, sizeof r.number) ||
        !scan_literal(&s, " event=") || !scan_name(&s, r.event_id, sizeof r.event_id) ||
        !scan_literal(&s, " leaf=") || !scan_hash(&s, &r.leaf) ||
        !scan_literal(&s, " recorded_ms=") || !scan_number(&s, &recorded) ||
        !scan_literal(&s, " index=") || !scan_number(&s, &index) || index >= LEDGER_RECEIPTS_MAX ||
        !scan_literal(&s, " size=") || !scan_number(&s, &size) || size > LEDGER_RECEIPTS_MAX ||
        !scan_literal(&s, " path=") || !scan_path(&s, &p) || !scan_literal(&s, " key_id=") ||
        !scan_name(&s, p.key_id, sizeof p.key_id) || !scan_literal(&s, " signature=") ||
        !scan_base64(&s, p.signature, sizeof p.signature) || s.at != s.end) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "RECEIPT_MALFORMED",
                         "收件回执的文字格式不对：应为一行 tenant=… key=… number=… event=… leaf=… "
                         "recorded_ms=… index=… size=… path=… key_id=… signature=…。");
    }
    r.recorded_at_ms = (int64_t)recorded;
    p.index = (uint32_t)index;
    p.size = (uint32_t)size;
    *ret_receipt = r;
    *ret_proof = p;
    return STATUS_OK;
}
