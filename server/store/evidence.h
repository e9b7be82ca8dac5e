/* Evidence files: uploads under way, content in chunks, records, and their links to measures. */
#ifndef SERVER_STORE_EVIDENCE_H
#define SERVER_STORE_EVIDENCE_H

#include "server/store/db.h"
#include "server/store/literal.h"

enum { SHA256_BYTES = 32 };

struct upload_record {
    const char *id; /* NULL: there is none */
    const char *org_id;
    const char *blob_id;
    const char *name;
    int kind;
    int32_t effective_day;
    int64_t size;
    int64_t stored;
    unsigned char sha256[SHA256_BYTES];
};

struct evidence_record {
    const char *id;
    const char *org_id;
    const char *org; /* code */
    const char *blob_id;
    const char *name;
    int kind;
    int32_t effective_day;
    int64_t received_ms;
    int64_t size;
    const char *sha256; /* hex */
};

struct evidence_list {
    struct evidence_record *items;
    size_t count;
    size_t capacity;
};

/* A link of a file to a measure. */
struct evidence_link_record {
    const char *measure_id;
    const char *evidence_id;
    int32_t round;
    const char *table_id; /* NULL: not through a table */
    int kind;             /* of the file */
};

struct evidence_link_list {
    struct evidence_link_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const evidence_statements[];

/* Files by id. */
MUST_CHECK enum status evidence_queue_get(struct db_queue *q, int tenant,
                                          const struct text_list *ids, struct arena *a,
                                          struct evidence_list *ret);
/* Files of a measure, oldest first. */
MUST_CHECK enum status evidence_queue_of_measure(struct db_queue *q, int tenant,
                                                 const char *measure_id, struct evidence_list *ret);
/* Files of a problem's applications, oldest first. */
MUST_CHECK enum status evidence_queue_of_problem(struct db_queue *q, int tenant,
                                                 const char *problem_id, struct evidence_list *ret);
/* The org's newest file with this content. */
MUST_CHECK enum status evidence_queue_by_content(struct db_queue *q, int tenant, const char *org_id,
                                                 const unsigned char *sha256,
                                                 struct evidence_list *ret);
/* Links of these measures. */
MUST_CHECK enum status evidence_queue_links(struct db_queue *q, int tenant,
                                            const struct text_list *measure_ids, struct arena *a,
                                            struct evidence_link_list *ret);
/* Links of all measures a table speaks of (as measure_queue_of_table). */
MUST_CHECK enum status evidence_queue_links_of_table(struct db_queue *q, int tenant,
                                                     const char *table_id,
                                                     struct evidence_link_list *ret);
/* Links a file to a measure in a round; a link of an earlier round moves to this one. */
MUST_CHECK enum status evidence_queue_link(struct db_queue *q, int tenant,
                                           const struct evidence_link_record *link, int64_t now_ms,
                                           const char *event_id);

/* The upload, its blob locked. */
MUST_CHECK enum status upload_queue_lock(struct db_queue *q, int tenant, const char *id,
                                         struct upload_record *ret);
/* The newest unfinished upload of the org with this content and size. */
MUST_CHECK enum status upload_queue_same(struct db_queue *q, int tenant, const char *org_id,
                                         const unsigned char *sha256, int64_t size,
                                         struct upload_record *ret);
/* How many uploads the org has under way. */
MUST_CHECK enum status upload_queue_count(struct db_queue *q, int tenant, const char *org_id,
                                          int64_t *ret_count);
MUST_CHECK enum status upload_queue_insert(struct db_queue *q, int tenant,
                                           const struct upload_record *u, const char *account_id,
                                           int64_t now_ms);
/* Appends one chunk at u->stored. */
MUST_CHECK enum status upload_queue_append(struct db_queue *q, int tenant,
                                           const struct upload_record *u, const void *data,
                                           size_t size);
/* The blob is complete and the file exists; the upload is gone. */
MUST_CHECK enum status upload_queue_finish(struct db_queue *q, int tenant,
                                           const struct upload_record *u,
                                           const struct evidence_record *e, const char *event_id);
/* The upload, its blob and its chunks are deleted. */
MUST_CHECK enum status upload_queue_drop(struct db_queue *q, int tenant, const char *blob_id);

/* Ids of blobs begun before before_ms and never finished, locked. */
MUST_CHECK enum status blob_queue_abandoned(struct db_queue *q, int tenant, int64_t before_ms,
                                            int32_t limit, struct text_list *ret);

/* Chunks from..to−1 of a blob in order, one row each. The sink gets (no, data). */
MUST_CHECK enum status chunk_queue_read(struct db_queue *q, int tenant, const char *blob_id,
                                        int32_t from, int32_t to, struct db_sink sink);
/* One chunk of a file the caller may see: (size of the file, data or NULL). */
MUST_CHECK enum status chunk_queue_of_evidence(struct db_queue *q, int tenant,
                                               const char *evidence_id, int32_t no,
                                               struct db_sink sink);

#endif
