/* clang-format off */
/* Signed receipts (收件回执): "this command of this tenant was recorded as this event".
 *
 * The receipts of one commit are signed together: each is a leaf of a Merkle tree (merkle.h), the
 * root is signed once, and each receipt carries its path. Leaf body, every number big-endian:
 *     "rectify.v1.receipt\n"     19 bytes, no NUL
 *     be32 length of tenant, tenant; the same for idempotency key, receipt number, event id
 *     leaf hash of the event     32 bytes
 *     be64 time of record        milliseconds since 1970 UTC
 * Signed bytes, plain Ed25519:
 *     "rectify.v1.receipt-tree\n"  24 bytes, no NUL
 *     be32 receipts in the tree
 *     root                       32 bytes
 *     key id                     16 ASCII hex digits
 * Text form (saved receipts), one line, fields in this order; path "-" when it is empty:
 *     tenant=CODE key=UUID number=N event=UUID leaf=HEX64 recorded_ms=N index=N size=N
 *     path=HEX64,… key_id=HEX16 signature=BASE64
 */
/* clang-format on */
#ifndef PROTO_LEDGER_RECEIPT_H
#define PROTO_LEDGER_RECEIPT_H

#include "proto/base/fault.h"
#include "proto/base/limits.h"
#include "proto/base/status.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"
#include "proto/ledger/merkle.h"

#include <stddef.h>
#include <stdint.h>

enum {
    LEDGER_RECEIPTS_MAX = 128, /* signed together */
    LEDGER_RECEIPT_PATH_MAX = 7,
    LEDGER_RECEIPT_NAME_SIZE = LIMIT_EVENT_ID_BYTES + 1, /* key, number, event id */
    LEDGER_RECEIPT_TEXT_SIZE = 1536                      /* of ledger_receipt_to_text, with NUL */
};

struct ledger_receipt {
    char tenant[LEDGER_TENANT_SIZE];
    char key[LEDGER_RECEIPT_NAME_SIZE];
    char number[LEDGER_RECEIPT_NAME_SIZE];
    char event_id[LEDGER_RECEIPT_NAME_SIZE];
    struct merkle_hash leaf;
    int64_t recorded_at_ms;
};

struct ledger_receipt_proof {
    uint32_t index;
    uint32_t size;
    size_t path_count;
    struct merkle_hash path[LEDGER_RECEIPT_PATH_MAX];
    char key_id[LEDGER_KEY_ID_SIZE];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
};

/* All pure, any thread. */

/* Signs count receipts (1 to LEDGER_RECEIPTS_MAX) together; proofs in the same order. */
void ledger_receipts_sign(const struct ledger_receipt *receipts, size_t count,
                          const struct ledger_key *key, struct ledger_receipt_proof *ret_proofs);

/* DATA_LOSS with RECEIPT_OTHER_KEY (the proof names another key id) or RECEIPT_SIGNATURE_BAD. */
MUST_CHECK enum status ledger_receipt_verify(const struct ledger_receipt *receipt,
                                             const struct ledger_receipt_proof *proof,
                                             const struct ledger_public *key, struct fault *fault);

/* The text form, without a newline. Never cut. */
void ledger_receipt_to_text(const struct ledger_receipt *receipt,
                            const struct ledger_receipt_proof *proof,
                            char ret_text[LEDGER_RECEIPT_TEXT_SIZE]);

/* Reads the text form, all of it and nothing else; verifies nothing. INVALID_ARGUMENT
 * RECEIPT_MALFORMED. */
MUST_CHECK enum status ledger_receipt_from_text(const char *text,
                                                struct ledger_receipt *ret_receipt,
                                                struct ledger_receipt_proof *ret_proof,
                                                struct fault *fault);

#endif
