/* Signed heads and receipts as messages and as kept; shared by the commands that save and verify.
 */
#ifndef CLIENT_CLI_AUDIT_H
#define CLIENT_CLI_AUDIT_H

#include "client/cli/cli.h"
#include "proto/base/fault.h"
#include "proto/ledger/head.h"

#include <rectify/v1/envelope.pb-c.h>

/* DATA_LOSS HEAD_MALFORMED. The signature is not looked at. */
MUST_CHECK enum status audit_head_from_message(const Pb__SignedHead *message,
                                               struct ledger_head *ret_head, struct fault *f);

/* A signed receipt as the line that `rectify audit receipt` reads, in the run's arena
 * (cmd_receipt.c). FAILED_PRECONDITION RECEIPT_UNSIGNED. */
MUST_CHECK enum status audit_receipt_line(struct cli *c, const Pb__Receipt *message,
                                          const char **ret_line, struct fault *f);

/* The log's public key, as it is or from a file that holds it ("ledger.pub"). Faults of key.h and
 * file.h. */
MUST_CHECK enum status audit_key_read(struct cli *c, const char *text_or_path,
                                      struct ledger_public *ret_key, struct fault *f);

#endif
