/* Versions of the plan (整改方案版本), the bodies asked about them, and their opinions. */
#ifndef SERVER_STORE_PLAN_VERSION_H
#define SERVER_STORE_PLAN_VERSION_H

#include "server/store/db.h"

enum { PLAN_HASH_BYTES = 32, PLAN_HASH_HEX_SIZE = 65 };

struct plan_version_record {
    const char *id;
    const char *inspection_id;
    int32_t no;
    int32_t base_no; /* 0: the first plan */
    const char *state;
    const char *title; /* NULL for the first plan */
    int32_t items, problems, other_problems, measures;
    int32_t added, removed, changed;
    const unsigned char *sha256;  /* PLAN_HASH_BYTES */
    const unsigned char *content; /* packed PlanChanges; NULL for the first plan */
    size_t content_size;
    const char *opinion;
    int64_t approved_ms; /* 0: not yet */
    int64_t proposed_ms;
    int64_t version; /* 0: not stored yet */
};

struct plan_version_list {
    struct plan_version_record *items;
    size_t count;
    size_t capacity;
};

/* A body that is asked. */
struct plan_body {
    const char *id;
    const char *code;
    const char *name;
};

struct plan_body_list {
    struct plan_body *items;
    size_t count;
    size_t capacity;
};

struct plan_opinion {
    const char *plan_id;
    struct plan_body body;
    int verdict; /* Pb__Verdict: ACCEPTED or RETURNED */
    const char *reason;
    const unsigned char *sha256; /* PLAN_HASH_BYTES */
    int64_t version;             /* of the plan version, made by giving it */
    int64_t recorded_ms;
};

struct plan_opinion_list {
    struct plan_opinion *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const plan_version_statements[];

/* Every version of an inspection (code): frozen ones by number, then drafts, then withdrawn ones,
 * oldest first. lock: FOR UPDATE. */
MUST_CHECK enum status plan_version_queue_all(struct db_queue *q, int tenant,
                                              const char *inspection_code, bool lock,
                                              struct plan_version_list *ret);
/* The bodies the inspection's plans ask, in order. */
MUST_CHECK enum status plan_body_queue_all(struct db_queue *q, int tenant,
                                           const char *inspection_code, struct plan_body_list *ret);
/* Every opinion on the inspection's plans the caller may see, oldest first. */
MUST_CHECK enum status plan_opinion_queue_all(struct db_queue *q, int tenant,
                                              const char *inspection_code,
                                              struct plan_opinion_list *ret);

/* A new version row, in its state, version 1. */
MUST_CHECK enum status plan_version_queue_insert(struct db_queue *q, int tenant,
                                                 const struct plan_version_record *v,
                                                 const char *event_id);
/* Writes every column over version `expected`; the row then has expected + 1. */
MUST_CHECK enum status plan_version_queue_update(struct db_queue *q, int tenant,
                                                 const struct plan_version_record *v,
                                                 int64_t expected, const char *event_id);

MUST_CHECK enum status plan_opinion_queue_insert(struct db_queue *q, int tenant, const char *id,
                                                 const struct plan_opinion *o,
                                                 const char *event_id);
/* Replaces the bodies that are asked; raises the inspection's version. */
MUST_CHECK enum status plan_body_queue_set(struct db_queue *q, int tenant,
                                           const char *inspection_id, int64_t expected,
                                           const struct plan_body_list *bodies,
                                           const char *event_id);

#endif
