/* Signed heads as messages and as kept; shared by the audit commands. */
#ifndef CLIENT_CLI_AUDIT_H
#define CLIENT_CLI_AUDIT_H

#include "proto/base/fault.h"
#include "proto/ledger/head.h"

#include <rectify/v1/envelope.pb-c.h>

/* DATA_LOSS HEAD_MALFORMED. The signature is not looked at. */
MUST_CHECK enum status audit_head_from_message(const Pb__SignedHead *message,
                                               struct ledger_head *ret_head, struct fault *f);

#endif
