#include "server/store/evidence.h"

#include "proto/base/limits.h"

#include <string.h>

#define EVIDENCE_SELECT                                                                            \
    "SELECT v.id, v.org, o.code, v.blob, v.name, v.kind, v.effective_day, v.received_ms, b.size,"  \
    "       encode(b.sha256, 'hex')"                                                               \
    "  FROM evidence v"                                                                            \
    "  JOIN org o ON o.tenant = v.tenant AND o.id = v.org"                                         \
    "  LEFT JOIN blob b ON b.tenant = v.tenant AND b.id = v.blob"

static const struct statement evidence_get = {
    "evidence_get", EVIDENCE_SELECT " WHERE v.tenant = $1 AND v.id = ANY ($2::uuid[])", 2};

static const struct statement evidence_of_measure = {
    .name = "evidence_of_measure",
    .params = 2,
    .sql = EVIDENCE_SELECT " JOIN evidence_link l ON l.tenant = v.tenant AND l.evidence = v.id"
                           " WHERE v.tenant = $1 AND l.measure = $2"
                           " ORDER BY v.received_ms, v.id LIMIT 2000",
};

static const struct statement evidence_of_problem = {
    .name = "evidence_of_problem",
    .params = 2,
    .sql = EVIDENCE_SELECT
    " WHERE v.tenant = $1 AND v.id IN (SELECT l.evidence FROM problem_evidence l"
    "                                   WHERE l.tenant = $1 AND l.problem = $2)"
    " ORDER BY v.received_ms, v.id LIMIT 2000",
};

static const struct statement evidence_by_content = {
    .name = "evidence_by_content",
    .params = 3,
    .sql = EVIDENCE_SELECT " WHERE v.tenant = $1 AND v.org = $2 AND b.org = $2 AND b.complete"
                           "   AND b.sha256 = $3 ORDER BY v.received_ms DESC, v.id DESC LIMIT 1",
};

#define LINK_SELECT                                                                                \
    "SELECT l.measure, l.evidence, l.round, l.table_id, v.kind"                                    \
    "  FROM evidence_link l JOIN evidence v ON v.tenant = l.tenant AND v.id = l.evidence"          \
    " WHERE l.tenant = $1"

static const struct statement evidence_links = {
    "evidence_links", LINK_SELECT " AND l.measure = ANY ($2::uuid[]) ORDER BY l.linked_ms, v.id",
    2};

static const struct statement evidence_links_of_table = {
    .name = "evidence_links_of_table",
    .params = 2,
    .sql = LINK_SELECT " AND (l.measure IN (SELECT m.id FROM measure m"
                       "          JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"
                       "          JOIN periodic_table t ON t.tenant = m.tenant AND t.id = $2"
                       "           AND t.inspection = m.inspection AND t.org = p.lead_org"
                       "         WHERE m.tenant = $1)"
                       "   OR l.table_id = $2)"
                       " ORDER BY l.linked_ms, v.id",
};

static const struct statement evidence_link_write = {
    .name = "evidence_link_write",
    .params = 7,
    .sql = "INSERT INTO evidence_link (tenant, measure, evidence, round, table_id, linked_ms,"
           "                           event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7)"
           " ON CONFLICT (tenant, measure, evidence) DO UPDATE SET round = excluded.round,"
           "       table_id = coalesce(excluded.table_id, evidence_link.table_id)",
};

#define UPLOAD_SELECT                                                                              \
    "SELECT u.id, u.org, u.blob, u.name, u.kind, u.effective_day, b.size, b.stored, b.sha256"      \
    "  FROM upload u JOIN blob b ON b.tenant = u.tenant AND b.id = u.blob"                         \
    " WHERE u.tenant = $1"

static const struct statement upload_lock = {"upload_lock",
                                             UPLOAD_SELECT " AND u.id = $2 FOR UPDATE OF u, b", 2};

static const struct statement upload_same = {
    .name = "upload_same",
    .params = 4,
    .sql = UPLOAD_SELECT " AND u.org = $2 AND b.sha256 = $3 AND b.size = $4"
                         " ORDER BY u.created_ms DESC LIMIT 1",
};

static const struct statement upload_count = {
    "upload_count", "SELECT count(*) FROM upload WHERE tenant = $1 AND org = $2", 2};

static const struct statement blob_insert = {
    .name = "blob_insert",
    .params = 6,
    .sql = "INSERT INTO blob (tenant, id, org, sha256, size, created_ms)"
           " VALUES ($1, $2, $3, $4, $5, $6)",
};

static const struct statement upload_insert = {
    .name = "upload_insert",
    .params = 9,
    .sql = "INSERT INTO upload (tenant, id, org, blob, account, name, kind, effective_day,"
           "                    created_ms)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
};

static const struct statement chunk_insert = {
    .name = "chunk_insert",
    .params = 5,
    .sql = "INSERT INTO chunk (tenant, blob, no, org, data) VALUES ($1, $2, $3, $4, $5)",
};

static const struct statement blob_grow = {
    .name = "blob_grow",
    .params = 4,
    .sql = "UPDATE blob SET stored = stored + $4::bigint"
           " WHERE tenant = $1 AND id = $2 AND stored = $3 AND NOT complete",
};

static const struct statement blob_complete = {
    .name = "blob_complete",
    .params = 2,
    .sql = "UPDATE blob SET complete = true"
           " WHERE tenant = $1 AND id = $2 AND stored = size AND NOT complete",
};

static const struct statement evidence_insert = {
    .name = "evidence_insert",
    .params = 9,
    .sql = "INSERT INTO evidence (tenant, id, org, blob, name, kind, effective_day, received_ms,"
           "                      version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)",
};

static const struct statement upload_delete = {
    "upload_delete", "DELETE FROM upload WHERE tenant = $1 AND id = $2", 2};

static const struct statement uploads_of_blob_delete = {
    "uploads_of_blob_delete", "DELETE FROM upload WHERE tenant = $1 AND blob = $2", 2};
static const struct statement chunks_delete = {
    "chunks_delete", "DELETE FROM chunk WHERE tenant = $1 AND blob = $2", 2};
static const struct statement blob_delete = {
    "blob_delete", "DELETE FROM blob WHERE tenant = $1 AND id = $2 AND NOT complete", 2};

static const struct statement blob_abandoned = {
    .name = "blob_abandoned",
    .params = 3,
    .sql = "SELECT b.id FROM blob b WHERE b.tenant = $1 AND NOT b.complete AND b.created_ms < $2"
           " ORDER BY b.created_ms LIMIT $3::int FOR UPDATE",
};

static const struct statement chunk_read = {
    .name = "chunk_read",
    .params = 4,
    .sql = "SELECT no, data FROM chunk WHERE tenant = $1 AND blob = $2 AND no >= $3 AND no < $4"
           " ORDER BY no",
};

static const struct statement chunk_of_evidence = {
    .name = "chunk_of_evidence",
    .params = 3,
    .sql = "SELECT b.size, c.data FROM evidence v"
           "  JOIN blob b ON b.tenant = v.tenant AND b.id = v.blob"
           "  LEFT JOIN chunk c ON c.tenant = b.tenant AND c.blob = b.id AND c.no = $3"
           " WHERE v.tenant = $1 AND v.id = $2",
};

const struct statement *const evidence_statements[] = {
    &evidence_get,        &evidence_of_measure, &evidence_of_problem,
    &evidence_by_content, &evidence_links,      &evidence_links_of_table,
    &evidence_link_write, &upload_lock,         &upload_same,
    &upload_count,        &blob_insert,         &upload_insert,
    &chunk_insert,        &blob_grow,           &blob_complete,
    &evidence_insert,     &upload_delete,       &uploads_of_blob_delete,
    &chunks_delete,       &blob_delete,         &blob_abandoned,
    &chunk_read,          &chunk_of_evidence,   NULL};

static enum status
take_evidence(void *ctx, const struct db_row *row, struct arena *a)
{
    struct evidence_list *list = ctx;
    struct evidence_record *e =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *e);
    if (e == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *e = (struct evidence_record){
        .id = db_text(row, 0, a),
        .org_id = db_text(row, 1, a),
        .org = db_text(row, 2, a),
        .blob_id = db_text(row, 3, a),
        .name = db_text(row, 4, a),
        .kind = (int)db_int(row, 5),
        .effective_day = db_day(row, 6),
        .received_ms = db_int(row, 7),
        .size = db_int(row, 8),
        .sha256 = db_text(row, 9, a),
    };
    if (e->id == NULL || e->org_id == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

static enum status
take_link(void *ctx, const struct db_row *row, struct arena *a)
{
    struct evidence_link_list *list = ctx;
    struct evidence_link_record *l =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *l);
    if (l == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *l = (struct evidence_link_record){
        .measure_id = db_text(row, 0, a),
        .evidence_id = db_text(row, 1, a),
        .round = (int32_t)db_int(row, 2),
        .table_id = db_text(row, 3, a),
        .kind = (int)db_int(row, 4),
    };
    if (l->measure_id == NULL || l->evidence_id == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

static enum status
take_upload(void *ctx, const struct db_row *row, struct arena *a)
{
    struct upload_record *u = ctx;
    size_t size = 0;
    unsigned char *digest = db_bytes(row, 8, a, &size);
    if (digest == NULL || size != SHA256_BYTES) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *u = (struct upload_record){
        .id = db_text(row, 0, a),
        .org_id = db_text(row, 1, a),
        .blob_id = db_text(row, 2, a),
        .name = db_text(row, 3, a),
        .kind = (int)db_int(row, 4),
        .effective_day = db_day(row, 5),
        .size = db_int(row, 6),
        .stored = db_int(row, 7),
    };
    memcpy(u->sha256, digest, SHA256_BYTES);
    return u->id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
take_id(void *ctx, const struct db_row *row, struct arena *a)
{
    const char *id = db_text(row, 0, a);
    return id != NULL && text_list_add(ctx, a, id) ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

enum status
evidence_queue_get(struct db_queue *q, int tenant, const struct text_list *ids, struct arena *a,
                   struct evidence_list *ret)
{
    return db_queue_add(q, &evidence_get,
                        (struct param[]){p_int(tenant), p_text(text_list_literal(ids, a))},
                        (struct db_sink){take_evidence, ret, DB_ANY_COUNT});
}

enum status
evidence_queue_of_measure(struct db_queue *q, int tenant, const char *measure_id,
                          struct evidence_list *ret)
{
    return db_queue_add(q, &evidence_of_measure,
                        (struct param[]){p_int(tenant), p_text(measure_id)},
                        (struct db_sink){take_evidence, ret, DB_ANY_COUNT});
}

enum status
evidence_queue_of_problem(struct db_queue *q, int tenant, const char *problem_id,
                          struct evidence_list *ret)
{
    return db_queue_add(q, &evidence_of_problem,
                        (struct param[]){p_int(tenant), p_text(problem_id)},
                        (struct db_sink){take_evidence, ret, DB_ANY_COUNT});
}

enum status
evidence_queue_by_content(struct db_queue *q, int tenant, const char *org_id,
                          const unsigned char *sha256, struct evidence_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(org_id), p_bytes(sha256, SHA256_BYTES)};
    return db_queue_add(q, &evidence_by_content, params,
                        (struct db_sink){take_evidence, ret, DB_ANY_COUNT});
}

enum status
evidence_queue_links(struct db_queue *q, int tenant, const struct text_list *measure_ids,
                     struct arena *a, struct evidence_link_list *ret)
{
    return db_queue_add(q, &evidence_links,
                        (struct param[]){p_int(tenant), p_text(text_list_literal(measure_ids, a))},
                        (struct db_sink){take_link, ret, DB_ANY_COUNT});
}

enum status
evidence_queue_links_of_table(struct db_queue *q, int tenant, const char *table_id,
                              struct evidence_link_list *ret)
{
    return db_queue_add(q, &evidence_links_of_table,
                        (struct param[]){p_int(tenant), p_text(table_id)},
                        (struct db_sink){take_link, ret, DB_ANY_COUNT});
}

enum status
evidence_queue_link(struct db_queue *q, int tenant, const struct evidence_link_record *link,
                    int64_t now_ms, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),      p_text(link->measure_id), p_text(link->evidence_id),
        p_int(link->round), p_text(link->table_id),   p_int(now_ms),
        p_text(event_id)};
    return db_queue_add(q, &evidence_link_write, params, (struct db_sink){NULL, NULL, 1});
}

enum status
upload_queue_lock(struct db_queue *q, int tenant, const char *id, struct upload_record *ret)
{
    return db_queue_add(q, &upload_lock, (struct param[]){p_int(tenant), p_text(id)},
                        (struct db_sink){take_upload, ret, DB_ANY_COUNT});
}

enum status
upload_queue_same(struct db_queue *q, int tenant, const char *org_id, const unsigned char *sha256,
                  int64_t size, struct upload_record *ret)
{
    struct param params[] = {p_int(tenant), p_text(org_id), p_bytes(sha256, SHA256_BYTES),
                             p_int(size)};
    return db_queue_add(q, &upload_same, params, (struct db_sink){take_upload, ret, DB_ANY_COUNT});
}

enum status
upload_queue_count(struct db_queue *q, int tenant, const char *org_id, int64_t *ret_count)
{
    return db_queue_add(q, &upload_count, (struct param[]){p_int(tenant), p_text(org_id)},
                        (struct db_sink){db_take_int64, ret_count, 1});
}

enum status
upload_queue_insert(struct db_queue *q, int tenant, const struct upload_record *u,
                    const char *account_id, int64_t now_ms)
{
    struct param blob[] = {p_int(tenant),     p_text(u->blob_id),
                           p_text(u->org_id), p_bytes(u->sha256, SHA256_BYTES),
                           p_int(u->size),    p_int(now_ms)};
    enum status s = db_queue_add(q, &blob_insert, blob, (struct db_sink){NULL, NULL, 1});
    if (s != STATUS_OK) {
        return s;
    }
    struct param upload[] = {p_int(tenant),      p_text(u->id),           p_text(u->org_id),
                             p_text(u->blob_id), p_text(account_id),      p_text(u->name),
                             p_int(u->kind),     p_day(u->effective_day), p_int(now_ms)};
    return db_queue_add(q, &upload_insert, upload, (struct db_sink){NULL, NULL, 1});
}

enum status
upload_queue_append(struct db_queue *q, int tenant, const struct upload_record *u, const void *data,
                    size_t size)
{
    struct param chunk[] = {p_int(tenant), p_text(u->blob_id),
                            p_int(u->stored / (int64_t)LIMIT_CHUNK_BYTES), p_text(u->org_id),
                            p_bytes(data, size)};
    enum status s = db_queue_add(q, &chunk_insert, chunk, (struct db_sink){NULL, NULL, 1});
    if (s != STATUS_OK) {
        return s;
    }
    struct param grow[] = {p_int(tenant), p_text(u->blob_id), p_int(u->stored),
                           p_int((int64_t)size)};
    return db_queue_add(q, &blob_grow, grow, (struct db_sink){NULL, NULL, 1});
}

enum status
upload_queue_finish(struct db_queue *q, int tenant, const struct upload_record *u,
                    const struct evidence_record *e, const char *event_id)
{
    struct db_sink one = {NULL, NULL, 1};
    enum status s =
        db_queue_add(q, &blob_complete, (struct param[]){p_int(tenant), p_text(u->blob_id)}, one);
    if (s != STATUS_OK) {
        return s;
    }
    struct param file[] = {p_int(tenant),           p_text(e->id),         p_text(e->org_id),
                           p_text(e->blob_id),      p_text(e->name),       p_int(e->kind),
                           p_day(e->effective_day), p_int(e->received_ms), p_text(event_id)};
    s = db_queue_add(q, &evidence_insert, file, one);
    if (s != STATUS_OK) {
        return s;
    }
    return db_queue_add(q, &upload_delete, (struct param[]){p_int(tenant), p_text(u->id)}, one);
}

enum status
upload_queue_drop(struct db_queue *q, int tenant, const char *blob_id)
{
    struct param params[] = {p_int(tenant), p_text(blob_id)};
    enum status s = db_queue_add(q, &uploads_of_blob_delete, params,
                                 (struct db_sink){NULL, NULL, DB_ANY_COUNT});
    if (s == STATUS_OK) {
        s = db_queue_add(q, &chunks_delete, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
    }
    if (s == STATUS_OK) {
        s = db_queue_add(q, &blob_delete, params, (struct db_sink){NULL, NULL, 1});
    }
    return s;
}

enum status
blob_queue_abandoned(struct db_queue *q, int tenant, int64_t before_ms, int32_t limit,
                     struct text_list *ret)
{
    struct param params[] = {p_int(tenant), p_int(before_ms), p_int(limit)};
    return db_queue_add(q, &blob_abandoned, params, (struct db_sink){take_id, ret, DB_ANY_COUNT});
}

enum status
chunk_queue_read(struct db_queue *q, int tenant, const char *blob_id, int32_t from, int32_t to,
                 struct db_sink sink)
{
    struct param params[] = {p_int(tenant), p_text(blob_id), p_int(from), p_int(to)};
    return db_queue_add(q, &chunk_read, params, sink);
}

enum status
chunk_queue_of_evidence(struct db_queue *q, int tenant, const char *evidence_id, int32_t no,
                        struct db_sink sink)
{
    struct param params[] = {p_int(tenant), p_text(evidence_id), p_int(no)};
    return db_queue_add(q, &chunk_of_evidence, params, sink);
}
