/* clang-format off */
/* Declared restores (恢复声明): "the database of this tenant was restored to the log of this size, and
 * goes on from there". Made on the server's machine with the log's key; a client that holds a newer
 * head accepts the shorter log because of it, and because of nothing else.
 *
 * Signed bytes, plain Ed25519, every number big-endian:
 *     "rectify.v1.restore\n"     19 bytes, no NUL
 *     be32 length of tenant, tenant
 *     be64 number                counts the restores the database knows of, from 1
 *     be64 size, root            of the log at the restored point; root 32 bytes
 *     be64 head time             when the head of that size was signed; 0: nothing was sealed
 *     be64 time                  when it was declared; both in milliseconds since 1970 UTC
 *     be32 length of reason, reason (UTF-8)
 *     key id                     16 ASCII hex digits
 */
/* clang-format on */
#ifndef PROTO_LEDGER_RESTORE_H
#define PROTO_LEDGER_RESTORE_H

#include "proto/base/fault.h"
#include "proto/base/limits.h"
#include "proto/base/status.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"
#include "proto/ledger/merkle.h"

#include <stdint.h>

enum { LEDGER_REASON_SIZE = LIMIT_RESTORE_REASON_BYTES + 1 };

struct ledger_restore {
    char tenant[LEDGER_TENANT_SIZE];
    uint64_t number;
    uint64_t size;
    struct merkle_hash root;
    int64_t head_time_ms;
    int64_t time_ms;
    char reason[LEDGER_REASON_SIZE];
    char key_id[LEDGER_KEY_ID_SIZE];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
};

/* Sets key_id and signature. Pure. */
void ledger_restore_sign(struct ledger_restore *restore, const struct ledger_key *key);

/* DATA_LOSS with RESTORE_OTHER_KEY or RESTORE_SIGNATURE_BAD. Pure. */
MUST_CHECK enum status ledger_restore_verify(const struct ledger_restore *restore,
                                             const struct ledger_public *key, struct fault *fault);

#endif
