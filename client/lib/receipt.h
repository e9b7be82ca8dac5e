/* Receipts (收件回执) and signed heads: are they whole, and does the log only grow? Pure. */
#ifndef CLIENT_LIB_RECEIPT_H
#define CLIENT_LIB_RECEIPT_H

#include "proto/base/fault.h"
#include "proto/ledger/head.h"
#include "proto/ledger/receipt.h"

#include <rectify/v1/envelope.pb-c.h>
#include <stdbool.h>

/* What a receipt must be for. */
struct receipt_claim {
    const char *tenant;
    const char *key;                    /* of the command that was sent */
    const struct ledger_public *ledger; /* NULL: not known, the signature is not looked at */
};

/* DATA_LOSS RECEIPT_MALFORMED without an event and its leaf hash, RECEIPT_OTHER when it is for
 * another key or tenant, RECEIPT_OTHER_KEY, RECEIPT_SIGNATURE_BAD. One without a signature is of a
 * server that has no log key, or that is older than signed receipts. */
MUST_CHECK enum status receipt_check(const Pb__Receipt *receipt, const struct receipt_claim *claim,
                                     struct fault *f);

/* A signed receipt in the form that can be kept and printed (proto/ledger/receipt.h).
 * FAILED_PRECONDITION RECEIPT_UNSIGNED; DATA_LOSS RECEIPT_MALFORMED. */
MUST_CHECK enum status receipt_read(const Pb__Receipt *receipt, struct ledger_receipt *ret_receipt,
                                    struct ledger_receipt_proof *ret_proof, struct fault *f);

/* The head of a message; its signature is not looked at. DATA_LOSS HEAD_MALFORMED, also when it is
 * another tenant's. */
MUST_CHECK enum status receipt_head_read(const Pb__SignedHead *message, const char *tenant,
                                         struct ledger_head *ret_head, struct fault *f);

/* Compares a head with the newest one seen before (size 0: none), without asking. DATA_LOSS
 * LOG_ROLLED_BACK when it is smaller (a replayed answer may be), LOG_FORKED when it is of the same
 * size with another root. */
MUST_CHECK enum status receipt_head_compare(const struct ledger_head *seen,
                                            const struct ledger_head *now, bool replayed,
                                            struct fault *f);

#endif
