/* Approvals: a body's opinion on one exact version of a record, by hash. Append-only. */
#ifndef SERVER_STORE_APPROVAL_H
#define SERVER_STORE_APPROVAL_H

#include "rectify/v1/common.pb-c.h"
#include "server/store/db.h"

enum { APPROVAL_HASH_BYTES = 32 };

struct approval_record {
    const char *id;
    const char *body_org; /* id */
    const char *subject_kind;
    const char *subject; /* id */
    int64_t subject_version;
    const unsigned char *sha256; /* APPROVAL_HASH_BYTES */
    int verdict;                 /* Pb__Verdict: ACCEPTED or RETURNED */
    const char *reason;          /* NULL for none; RETURNED has one */
    int64_t recorded_ms;
};

struct approval_list {
    Pb__Approval **items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const approval_statements[];

/* ALREADY_EXISTS when the body gave one on this version ("sitting_row" excepted). */
MUST_CHECK enum status approval_queue_insert(struct db_queue *q, int tenant,
                                             const struct approval_record *r, const char *event_id);
/* All opinions on a thing the caller may see, oldest first. */
MUST_CHECK enum status approval_queue_of(struct db_queue *q, int tenant, const char *subject_kind,
                                         const char *subject, struct approval_list *ret);

#endif
