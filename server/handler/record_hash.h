/* The hash of a record: what a body's opinion is bound to. */
#ifndef SERVER_HANDLER_RECORD_HASH_H
#define SERVER_HANDLER_RECORD_HASH_H

#include "server/dispatch/handler.h"
#include "server/service/problem.h"
#include "server/store/approval.h"

/* SHA-256 of the measure's packed message without what is computed of it. */
MUST_CHECK enum status measure_sha256(struct call *call, const struct measure_record *m,
                                      unsigned char ret_sha256[APPROVAL_HASH_BYTES]);

/* SHA-256 of the problem's packed ClosingRecord; measures may hold those of other problems. */
MUST_CHECK enum status closing_sha256(struct call *call, const struct problem_record *p,
                                      const struct problem_measure_list *measures,
                                      unsigned char ret_sha256[APPROVAL_HASH_BYTES]);

#endif
