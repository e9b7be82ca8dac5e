/* clang-format off */
/* Signed tree head: "at this time the log of this tenant had this many leaves and this root".
 *
 * Signed bytes, plain Ed25519, every number big-endian:
 *     "rectify.v1.tree-head\n"   21 bytes, no NUL
 *     be32 length of tenant, tenant
 *     be64 tree size
 *     root                       32 bytes
 *     be64 time                  milliseconds since 1970 UTC
 *     key id                     16 ASCII hex digits
 * Text form (receipts, saved heads, exports), one line, fields in this order:
 *     tenant=CODE size=N root=HEX64 time_ms=N key_id=HEX16 signature=BASE64
 * Any thread.
 */
/* clang-format on */
#ifndef PROTO_LEDGER_HEAD_H
#define PROTO_LEDGER_HEAD_H

#include "proto/base/fault.h"
#include "proto/base/limits.h"
#include "proto/base/status.h"
#include "proto/ledger/key.h"
#include "proto/ledger/merkle.h"

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_HEAD_TAG "rectify.v1.tree-head\n"
enum {
    LEDGER_TENANT_SIZE = LIMIT_TENANT_BYTES + 1,
    LEDGER_HEAD_TEXT_SIZE = 512, /* of ledger_head_to_text, NUL included */
    LEDGER_HEAD_BYTES_MAX = 21 + 4 + LIMIT_TENANT_BYTES + 8 + 32 + 8 + 16
};

struct ledger_head {
    uint64_t size; /* leaves */
    int64_t time_ms;
    struct merkle_hash root;
    char tenant[LEDGER_TENANT_SIZE]; /* code: letters, digits, . _ - */
    char key_id[LEDGER_KEY_ID_SIZE];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
};

/* The signed bytes of a head (the signature field is not part of them). Returns their length. */
size_t ledger_head_bytes(const struct ledger_head *head,
                         unsigned char ret_bytes[LEDGER_HEAD_BYTES_MAX]);

/* Sets key_id and signature. INVALID_ARGUMENT HEAD_MALFORMED when tenant is empty or holds other
 * characters, size > MERKLE_SIZE_MAX or time_ms < 0. Pure. */
MUST_CHECK enum status ledger_head_sign(struct ledger_head *head, const struct ledger_key *key,
                                        struct fault *fault);

/* DATA_LOSS with HEAD_OTHER_KEY (the head names another key id) or HEAD_SIGNATURE_BAD. Pure. */
MUST_CHECK enum status ledger_head_verify(const struct ledger_head *head,
                                          const struct ledger_public *key, struct fault *fault);

/* The text form, without a newline. Never cut: the buffer fits every valid head. */
void ledger_head_to_text(const struct ledger_head *head, char ret_text[LEDGER_HEAD_TEXT_SIZE]);

/* Reads the text form, all of it and nothing else; does not verify the signature.
 * INVALID_ARGUMENT HEAD_MALFORMED. */
MUST_CHECK enum status ledger_head_from_text(const char *text, struct ledger_head *ret_head,
                                             struct fault *fault);

#endif
