/* Consultations (求助, 会商). */
#ifndef SERVER_STORE_CONSULTATION_H
#define SERVER_STORE_CONSULTATION_H

#include "rectify/v1/consultation.pb-c.h"
#include "server/store/db.h"

struct consultation_record {
    const char *id;
    const char *measure_id;
    const char *measure_ref;
    const char *org_id;
    const char *org; /* code */
    const char *text;
    const char *state;
    int64_t opened_ms;
    int32_t triage_due;
    int64_t version;
};

struct consultation_list {
    Pb__Consultation **items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const consultation_statements[];

MUST_CHECK enum status consultation_queue_insert(struct db_queue *q, int tenant,
                                                 const struct consultation_record *c,
                                                 const char *event_id);
/* What the caller may see, newest first, at most LIMIT_LIST_ROWS. */
MUST_CHECK enum status consultation_queue_list(struct db_queue *q, int tenant,
                                               struct consultation_list *ret);

#endif
