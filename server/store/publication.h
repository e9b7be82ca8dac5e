/* Publications (通报 and the other projections), their text, and what they speak of.
 *
 * Text is only ever appended: a content is a set of rows under its number. What the database holds
 * whoever writes stands in migrations/0009_publication.sql.
 */
#ifndef SERVER_STORE_PUBLICATION_H
#define SERVER_STORE_PUBLICATION_H

#include "rectify/v1/publication.pb-c.h"
#include "server/store/db.h"

enum { PUBLICATION_HASH_BYTES = 32 };

struct publication_record {
    const char *id;
    const char *inspection_id;
    const char *inspection; /* code */
    int32_t no;
    const char *ref;
    Pb__PublicationKind kind;
    int32_t as_of;
    int32_t plan_no;
    const char *title;
    const char *state;
    int32_t content_no;
    const unsigned char *sha256; /* PUBLICATION_HASH_BYTES */
    const char *corrects_id;     /* NULL: none */
    const char *corrects;
    const char *corrected_by_id;
    const char *corrected_by;
    const char *reason;
    int64_t approved_ms; /* 0: not */
    int64_t published_ms;
    int32_t published_day; /* NO_DATE: not */
    int64_t created_ms;
    int64_t version;
};

struct publication_list {
    struct publication_record *items;
    size_t count;
    size_t capacity;
};

struct block_list {
    Pb__PublicationBlock **items;
    size_t count;
    size_t capacity;
};

struct publication_subject {
    int32_t no;
    const char *problem_id;
    const char *measure_id; /* NULL: the problem itself */
    const char *ref;
    const char *title;
    int32_t item_no;
    const char *item_title;
    const char *state;
    const char *source; /* NULL: nothing accepted */
    const char *hold_code;
    const char *hold_reason;
    int64_t version;
};

struct subject_list {
    struct publication_subject *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const publication_statements[];

/* "NOTICE", …; NULL for a kind that is not known. */
const char *publication_kind_code(Pb__PublicationKind kind);

/* By reference or id; lock: FOR UPDATE. */
MUST_CHECK enum status publication_queue_get(struct db_queue *q, int tenant, const char *ref,
                                             bool lock, struct publication_list *ret);
/* Newest first; inspection NULL and kind 0: all. */
MUST_CHECK enum status publication_queue_list(struct db_queue *q, int tenant,
                                              const char *inspection, Pb__PublicationKind kind,
                                              struct publication_list *ret);
/* The content in force, in order. */
MUST_CHECK enum status publication_queue_blocks(struct db_queue *q, int tenant, const char *id,
                                                struct block_list *ret);
MUST_CHECK enum status publication_queue_subjects(struct db_queue *q, int tenant, const char *id,
                                                  struct subject_list *ret);
MUST_CHECK enum status publication_queue_next_no(struct db_queue *q, int tenant, int32_t *ret_no);

MUST_CHECK enum status publication_queue_insert(struct db_queue *q, int tenant,
                                                const struct publication_record *p,
                                                const char *event_id);
/* Title, state, content, reason and instants over version `expected`. */
MUST_CHECK enum status publication_queue_update(struct db_queue *q, int tenant,
                                                const struct publication_record *p,
                                                int64_t expected, const char *event_id);
/* The text of p's content_no; after the publication's own row. */
MUST_CHECK enum status publication_queue_content(struct db_queue *q, int tenant,
                                                 const struct publication_record *p,
                                                 Pb__PublicationBlock *const *blocks, size_t count,
                                                 struct arena *a, const char *event_id);
MUST_CHECK enum status publication_queue_add_subjects(struct db_queue *q, int tenant,
                                                      const char *id,
                                                      const struct subject_list *subjects,
                                                      struct arena *a, const char *event_id);
/* The mark of one subject over version `expected`. */
MUST_CHECK enum status publication_queue_hold(struct db_queue *q, int tenant, const char *id,
                                              const struct publication_subject *s, int64_t expected,
                                              const char *event_id);

#endif
