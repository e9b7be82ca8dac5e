/* What belongs to an inspection beside its plan: its own dates, and links between problems. */
#ifndef SERVER_STORE_INSPECTION_PART_H
#define SERVER_STORE_INSPECTION_PART_H

#include "server/store/db.h"

struct inspection_date {
    const char *kind; /* NULL: there is none */
    int32_t no;
    int32_t planned_day; /* NO_DATE: none */
    int32_t months;      /* from the feedback; 0: not so given */
    int32_t held_day;
    const char *note;
    int64_t version; /* 0: not stored yet */
};

struct inspection_date_list {
    struct inspection_date *items;
    size_t count;
    size_t capacity;
};

struct problem_link {
    const char *id;
    const char *inspection;
    const char *problem_ref;
    const char *kind;
    const char *other_inspection; /* NULL: not in this ledger */
    const char *other_ref;
    int32_t parts; /* 0: not counted */
    const char *text;
};

struct problem_link_list {
    struct problem_link *items;
    size_t count;
    size_t capacity;
};

/* A problem by inspection and reference; id NULL: there is none. */
struct problem_name {
    const char *id;
};

extern const struct statement *const inspection_part_statements[];

/* By planned day, those without one last. */
MUST_CHECK enum status inspection_date_queue_all(struct db_queue *q, int tenant,
                                                 const char *inspection_code,
                                                 struct inspection_date_list *ret);
/* Inserts (version 0) or writes over the version. */
MUST_CHECK enum status inspection_date_queue_put(struct db_queue *q, int tenant,
                                                 const char *inspection_id,
                                                 const struct inspection_date *d,
                                                 const char *event_id);
MUST_CHECK enum status problem_queue_name(struct db_queue *q, int tenant,
                                          const char *inspection_code, const char *ref,
                                          struct problem_name *ret);
/* Links from or to the inspection's problems. */
MUST_CHECK enum status problem_link_queue_all(struct db_queue *q, int tenant,
                                              const char *inspection_code,
                                              struct problem_link_list *ret);
MUST_CHECK enum status problem_link_queue_insert(struct db_queue *q, int tenant,
                                                 const struct problem_link *l,
                                                 const char *problem_id, const char *other_id,
                                                 const char *event_id);

#endif
