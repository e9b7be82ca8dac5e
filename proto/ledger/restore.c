#include "proto/ledger/restore.h"

#include "proto/ledger/put.h"

#define RESTORE_TAG "rectify.v1.restore\n"
enum {
    RESTORE_BYTES_MAX = 19 + 4 + LIMIT_TENANT_BYTES + 8 + 8 + 32 + 8 + 8 + 4 +
                        LIMIT_RESTORE_REASON_BYTES + LEDGER_KEY_ID_SIZE - 1
};
_Static_assert(sizeof RESTORE_TAG - 1 == 19, "the length in RESTORE_BYTES_MAX");

static size_t
restore_bytes(const struct ledger_restore *r, unsigned char ret_bytes[RESTORE_BYTES_MAX])
{
    unsigned char *at = put_bytes(ret_bytes, RESTORE_TAG, sizeof RESTORE_TAG - 1);
    at = put_text(at, r->tenant, LIMIT_TENANT_BYTES);
    at = put_be(at, r->number, 8);
    at = put_be(at, r->size, 8);
    at = put_bytes(at, r->root.bytes, sizeof r->root.bytes);
    at = put_be(at, (uint64_t)r->head_time_ms, 8);
    at = put_be(at, (uint64_t)r->time_ms, 8);
    at = put_text(at, r->reason, LIMIT_RESTORE_REASON_BYTES);
    at = put_bytes(at, r->key_id, LEDGER_KEY_ID_SIZE - 1);
    return (size_t)(at - ret_bytes);
}

void
ledger_restore_sign(struct ledger_restore *restore, const struct ledger_key *key)
{
    unsigned char bytes[RESTORE_BYTES_MAX];
    memcpy(restore->key_id, key->public.key_id, sizeof restore->key_id);
    ledger_key_sign(key, bytes, restore_bytes(restore, bytes), restore->signature);
}

enum status
ledger_restore_verify(const struct ledger_restore *restore, const struct ledger_public *key,
                      struct fault *fault)
{
    unsigned char bytes[RESTORE_BYTES_MAX];
    if (strncmp(restore->key_id, key->key_id, sizeof restore->key_id) != 0) {
        return fault_set(fault, STATUS_DATA_LOSS, "RESTORE_OTHER_KEY",
                         "恢复声明是用密钥 %.16s 签的，不是用 %.16s：请核对所用的日志公钥。",
                         restore->key_id, key->key_id);
    }
    if (!ledger_public_verify(key, bytes, restore_bytes(restore, bytes), restore->signature)) {
        return fault_set(fault, STATUS_DATA_LOSS, "RESTORE_SIGNATURE_BAD",
                         "恢复声明的签名不成立：内容被改动过，或不是这把密钥所签。");
    }
    return STATUS_OK;
}
