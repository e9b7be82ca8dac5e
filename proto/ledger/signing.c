#include "proto/ledger/signing.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof SIGNING_LAYOUT_TAG - 1 == 16, "as documented");
_Static_assert(sizeof SIGNING_DIGEST_TAG - 1 == 26, "as documented");
_Static_assert((int)SIGNING_DIGEST_BYTES == (int)crypto_hash_sha256_BYTES, "SHA-256");

static void
feed(crypto_hash_sha256_state *state, const void *bytes, size_t n)
{
    assert(n <= UINT32_MAX);
    unsigned char length[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                               (unsigned char)(n >> 8), (unsigned char)n};
    crypto_hash_sha256_update(state, length, sizeof length);
    if (n != 0) {
        crypto_hash_sha256_update(state, bytes, n);
    }
}

static void
feed_text(crypto_hash_sha256_state *state, const char *text)
{
    feed(state, text, text == NULL ? 0 : strlen(text));
}

static void
feed_number(crypto_hash_sha256_state *state, int64_t number)
{
    uint64_t value = (uint64_t)number;
    unsigned char be[8];
    for (unsigned i = 0; i < 8; i++) {
        be[i] = (unsigned char)(value >> (56 - 8 * i));
    }
    feed(state, be, sizeof be);
}

void
signing_bytes_digest(const struct signed_call *call, unsigned char ret_digest[SIGNING_DIGEST_BYTES])
{
    unsigned char flag = call->has_expected_version ? 1 : 0;
    unsigned char payload_hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    if (call->payload_sha256 != NULL) {
        memcpy(payload_hash, call->payload_sha256, sizeof payload_hash);
    } else {
        crypto_hash_sha256(payload_hash, call->payload, call->payload_size);
    }
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)SIGNING_LAYOUT_TAG,
                              sizeof SIGNING_LAYOUT_TAG - 1);
    feed_text(&state, call->tenant);
    feed_text(&state, call->machine);
    feed_text(&state, call->session);
    feed_text(&state, call->on_behalf_of);
    feed_text(&state, call->method);
    feed_text(&state, call->idempotency_key);
    feed(&state, &flag, 1);
    feed_number(&state, call->has_expected_version ? call->expected_version : 0);
    feed_number(&state, call->queued_at_ms);
    feed_text(&state, call->client_version);
    feed(&state, payload_hash, sizeof payload_hash);
    crypto_hash_sha256_final(&state, ret_digest);
}

enum { MESSAGE_BYTES = sizeof SIGNING_DIGEST_TAG - 1 + SIGNING_DIGEST_BYTES };

static void
message_fill(const unsigned char digest[SIGNING_DIGEST_BYTES],
             unsigned char ret_message[MESSAGE_BYTES])
{
    memcpy(ret_message, SIGNING_DIGEST_TAG, sizeof SIGNING_DIGEST_TAG - 1);
    memcpy(ret_message + sizeof SIGNING_DIGEST_TAG - 1, digest, SIGNING_DIGEST_BYTES);
}

void
signing_sign(const struct signed_call *call, const struct ledger_key *key,
             unsigned char ret_signature[LEDGER_SIGNATURE_BYTES])
{
    unsigned char digest[SIGNING_DIGEST_BYTES];
    unsigned char message[MESSAGE_BYTES];
    signing_bytes_digest(call, digest);
    message_fill(digest, message);
    ledger_key_sign(key, message, sizeof message, ret_signature);
}

enum status
signing_verify_digest(const unsigned char digest[SIGNING_DIGEST_BYTES],
                      const struct ledger_public *key, const unsigned char *signature,
                      size_t signature_size, struct fault *fault)
{
    unsigned char message[MESSAGE_BYTES];
    if (signature == NULL || signature_size != LEDGER_SIGNATURE_BYTES) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "CALL_SIGNATURE_BAD",
                         "请求没有有效的终端签名（应为 %d 字节，收到 %zu 字节）："
                         "请用已登记的终端办理。",
                         LEDGER_SIGNATURE_BYTES, signature == NULL ? (size_t)0 : signature_size);
    }
    message_fill(digest, message);
    if (!ledger_public_verify(key, message, sizeof message, signature)) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "CALL_SIGNATURE_BAD",
                         "请求的终端签名与内容不符（登记的密钥为 %.16s）：内容在途中被改动，"
                         "或不是由已登记的终端发出。请重新登记终端或联系管理员。",
                         key->key_id);
    }
    return STATUS_OK;
}

enum status
signing_verify(const struct signed_call *call, const struct ledger_public *key,
               const unsigned char *signature, size_t signature_size, struct fault *fault)
{
    unsigned char digest[SIGNING_DIGEST_BYTES];
    signing_bytes_digest(call, digest);
    return signing_verify_digest(digest, key, signature, signature_size, fault);
}
