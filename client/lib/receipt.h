/* Receipts (收件回执) and signed heads: are they whole, and does the log only grow? Pure; any
 * thread. */
#ifndef CLIENT_LIB_RECEIPT_H
#define CLIENT_LIB_RECEIPT_H

#include "proto/base/fault.h"
#include "proto/ledger/head.h"

#include <rectify/v1/envelope.pb-c.h>
#include <stdbool.h>

/* DATA_LOSS RECEIPT_MALFORMED without an event and its leaf hash. */
MUST_CHECK enum status receipt_check(const Pb__Receipt *receipt, struct fault *f);

/* The head of a message; its signature is not looked at. DATA_LOSS HEAD_MALFORMED, also when it is
 * another tenant's. */
MUST_CHECK enum status receipt_head_read(const Pb__SignedHead *message, const char *tenant,
                                         struct ledger_head *ret_head, struct fault *f);

/* Compares a head with the newest one seen before (size 0: none). DATA_LOSS LOG_ROLLED_BACK when it
 * is smaller (a replayed answer may be), or of the same size with another root. */
MUST_CHECK enum status receipt_head_compare(const struct ledger_head *seen,
                                            const struct ledger_head *now, bool replayed,
                                            struct fault *f);

#endif
