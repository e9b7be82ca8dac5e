#include "proto/ledger/head.h"

#include "proto/ledger/put.h"
#include "proto/ledger/text.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof LEDGER_HEAD_TAG - 1 == 21, "the length in LEDGER_HEAD_BYTES_MAX");

size_t
ledger_head_bytes(const struct ledger_head *head, unsigned char ret_bytes[LEDGER_HEAD_BYTES_MAX])
{
    unsigned char *at = put_bytes(ret_bytes, LEDGER_HEAD_TAG, sizeof LEDGER_HEAD_TAG - 1);
    at = put_text(at, head->tenant, LIMIT_TENANT_BYTES);
    at = put_be(at, head->size, 8);
    at = put_bytes(at, head->root.bytes, sizeof head->root.bytes);
    at = put_be(at, (uint64_t)head->time_ms, 8);
    at = put_bytes(at, head->key_id, LEDGER_KEY_ID_SIZE - 1);
    return (size_t)(at - ret_bytes);
}

enum status
ledger_head_sign(struct ledger_head *head, const struct ledger_key *key, struct fault *fault)
{
    if (!text_name_valid(head->tenant, LIMIT_TENANT_BYTES) || head->size > MERKLE_SIZE_MAX ||
        head->time_ms < 0) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "HEAD_MALFORMED",
                         "树头的内容不对：租户代码只能用字母、数字和 . _ -，"
                         "条数与时间不能为负。");
    }
    unsigned char bytes[LEDGER_HEAD_BYTES_MAX];
    memcpy(head->key_id, key->public.key_id, sizeof head->key_id);
    size_t n = ledger_head_bytes(head, bytes);
    ledger_key_sign(key, bytes, n, head->signature);
    return STATUS_OK;
}

enum status
ledger_head_verify(const struct ledger_head *head, const struct ledger_public *key,
                   struct fault *fault)
{
    if (strncmp(head->key_id, key->key_id, sizeof head->key_id) != 0) {
        return fault_set(fault, STATUS_DATA_LOSS, "HEAD_OTHER_KEY",
                         "树头（tree head）是用密钥 %.16s 签的，不是用 %.16s："
                         "请核对所用的公钥。",
                         head->key_id, key->key_id);
    }
    unsigned char bytes[LEDGER_HEAD_BYTES_MAX];
    size_t n = ledger_head_bytes(head, bytes);
    if (!ledger_public_verify(key, bytes, n, head->signature)) {
        return fault_set(fault, STATUS_DATA_LOSS, "HEAD_SIGNATURE_BAD",
                         "树头（tree head，共 %" PRIu64
                         " 条）的签名不成立：条数、根哈希、时间或租户被改动过，"
                         "或不是这把密钥所签。",
                         head->size);
    }
    return STATUS_OK;
}

void
ledger_head_to_text(const struct ledger_head *head, char ret_text[LEDGER_HEAD_TEXT_SIZE])
{
    char root[2 * MERKLE_HASH_BYTES + 1];
    char signature[sodium_base64_ENCODED_LEN(LEDGER_SIGNATURE_BYTES,
                                             sodium_base64_VARIANT_ORIGINAL)];
    text_hash(&head->root, root);
    sodium_bin2base64(signature, sizeof signature, head->signature, sizeof head->signature,
                      sodium_base64_VARIANT_ORIGINAL);
    int n =
        snprintf(ret_text, LEDGER_HEAD_TEXT_SIZE,
                 "tenant=%s size=%" PRIu64 " root=%s time_ms=%" PRId64 " key_id=%s signature=%s",
                 head->tenant, head->size, root, head->time_ms, head->key_id, signature);
    assert(n > 0 && n < LEDGER_HEAD_TEXT_SIZE);
}

static bool
key_id_valid(const char *key_id)
{
    return strlen(key_id) == LEDGER_KEY_ID_SIZE - 1 &&
           strspn(key_id, "0123456789abcdef") == LEDGER_KEY_ID_SIZE - 1;
}

enum status
ledger_head_from_text(const char *text, struct ledger_head *ret_head, struct fault *fault)
{
    struct scan s = {.at = text, .end = text + strlen(text)};
    struct ledger_head head = {0};
    uint64_t time_ms = 0;
    if (!scan_literal(&s, "tenant=") || !scan_name(&s, head.tenant, sizeof head.tenant) ||
        !scan_literal(&s, " size=") || !scan_number(&s, &head.size) ||
        !scan_literal(&s, " root=") || !scan_hash(&s, &head.root) ||
        !scan_literal(&s, " time_ms=") || !scan_number(&s, &time_ms) ||
        !scan_literal(&s, " key_id=") || !scan_name(&s, head.key_id, sizeof head.key_id) ||
        !key_id_valid(head.key_id) || !scan_literal(&s, " signature=") ||
        !scan_base64(&s, head.signature, sizeof head.signature) || s.at != s.end) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "HEAD_MALFORMED",
                         "树头（tree head）的文字格式不对：应为一行 tenant=… size=… root=… "
                         "time_ms=… key_id=… signature=…。");
    }
    head.time_ms = (int64_t)time_ms;
    *ret_head = head;
    return STATUS_OK;
}
