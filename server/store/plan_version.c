#include "server/store/plan_version.h"

#define PLAN_VERSION_SELECT                                                                        \
    "SELECT v.id, v.inspection, v.no, v.base_no, v.state, v.title, v.items, v.problems,"           \
    "       v.other_problems, v.measures, v.added, v.removed, v.changed, v.sha256, v.content,"     \
    "       v.opinion, v.approved_ms, v.proposed_ms, v.version"                                    \
    "  FROM plan_version v JOIN inspection i ON i.tenant = v.tenant AND i.id = v.inspection"       \
    " WHERE v.tenant = $1 AND i.code = $2"                                                         \
    " ORDER BY CASE v.state WHEN 'WITHDRAWN' THEN 2 WHEN 'DRAFT' THEN 1 WHEN 'REVIEW' THEN 1"      \
    "          ELSE 0 END, v.no, v.id"

static const struct statement plan_version_all = {"plan_version_all", PLAN_VERSION_SELECT, 2};
static const struct statement plan_version_all_locked = {"plan_version_all_locked",
                                                         PLAN_VERSION_SELECT " FOR UPDATE OF v", 2};

static const struct statement plan_body_all = {
    .name = "plan_body_all",
    .params = 2,
    .sql = "SELECT o.id, o.code, o.name FROM plan_reviewer r"
           "  JOIN inspection i ON i.tenant = r.tenant AND i.id = r.inspection"
           "  JOIN org o ON o.tenant = r.tenant AND o.id = r.org"
           " WHERE r.tenant = $1 AND i.code = $2 ORDER BY r.no",
};

static const struct statement plan_opinion_all = {
    .name = "plan_opinion_all",
    .params = 2,
    .sql = "SELECT a.subject, o.id, o.code, o.name, a.verdict, a.reason, a.subject_sha256,"
           "       a.subject_version, a.recorded_ms"
           "  FROM approval a"
           "  JOIN plan_version v ON v.tenant = a.tenant AND v.id = a.subject"
           "  JOIN inspection i ON i.tenant = v.tenant AND i.id = v.inspection"
           "  JOIN org o ON o.tenant = a.tenant AND o.id = a.body_org"
           " WHERE a.tenant = $1 AND a.subject_kind = 'plan_version' AND i.code = $2"
           " ORDER BY a.subject, a.subject_version",
};

static const struct statement plan_version_insert = {
    .name = "plan_version_insert",
    .params = 19,
    .sql = "INSERT INTO plan_version (tenant, id, inspection, no, base_no, state, title, items,"
           "       problems, other_problems, measures, added, removed, changed, sha256, content,"
           "       opinion, approved_ms, proposed_ms, version, event_id)"
           " VALUES ($1, $2, $3, $4, $4 - 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
           "         $16, nullif($17::bigint, 0), nullif($18::bigint, 0), 1, $19)",
};

static const struct statement plan_version_update = {
    .name = "plan_version_update",
    .params = 20,
    .sql = "UPDATE plan_version SET inspection = $3, no = $4, base_no = $4 - 1, state = $5,"
           "       title = $6, items = $7, problems = $8, other_problems = $9, measures = $10,"
           "       added = $11, removed = $12, changed = $13, sha256 = $14, content = $15,"
           "       opinion = $16, approved_ms = nullif($17::bigint, 0),"
           "       proposed_ms = nullif($18::bigint, 0), version = version + 1, event_id = $19"
           " WHERE tenant = $1 AND id = $2 AND version = $20",
};

static const struct statement plan_opinion_insert = {
    .name = "plan_opinion_insert",
    .params = 10,
    .sql = "INSERT INTO approval (tenant, id, body_org, subject_kind, subject, subject_version,"
           "       subject_sha256, verdict, reason, recorded_ms, event_id)"
           " VALUES ($1, $2, $3, 'plan_version', $4, $5, $6, $7, $8, $9, $10)",
};

static const struct statement plan_bodies_clear = {
    .name = "plan_bodies_clear",
    .params = 2,
    .sql = "DELETE FROM plan_reviewer WHERE tenant = $1 AND inspection = $2",
};

static const struct statement plan_body_insert = {
    .name = "plan_body_insert",
    .params = 5,
    .sql = "INSERT INTO plan_reviewer (tenant, inspection, org, no, event_id)"
           " VALUES ($1, $2, $3, $4, $5)",
};

static const struct statement plan_inspection_touch = {
    .name = "plan_inspection_touch",
    .params = 4,
    .sql = "UPDATE inspection SET version = version + 1, event_id = $4"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

const struct statement *const plan_version_statements[] = {&plan_version_all,
                                                           &plan_version_all_locked,
                                                           &plan_body_all,
                                                           &plan_opinion_all,
                                                           &plan_version_insert,
                                                           &plan_version_update,
                                                           &plan_opinion_insert,
                                                           &plan_bodies_clear,
                                                           &plan_body_insert,
                                                           &plan_inspection_touch,
                                                           NULL};

static const struct db_sink one = {NULL, NULL, 1};

static enum status
take_version(void *ctx, const struct db_row *row, struct arena *a)
{
    struct plan_version_list *list = ctx;
    struct plan_version_record *v =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *v);
    if (v == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t hash_size = 0;
    *v = (struct plan_version_record){
        .id = db_text(row, 0, a),
        .inspection_id = db_text(row, 1, a),
        .no = (int32_t)db_int(row, 2),
        .base_no = (int32_t)db_int(row, 3),
        .state = db_text(row, 4, a),
        .title = db_text(row, 5, a),
        .items = (int32_t)db_int(row, 6),
        .problems = (int32_t)db_int(row, 7),
        .other_problems = (int32_t)db_int(row, 8),
        .measures = (int32_t)db_int(row, 9),
        .added = (int32_t)db_int(row, 10),
        .removed = (int32_t)db_int(row, 11),
        .changed = (int32_t)db_int(row, 12),
        .sha256 = db_bytes(row, 13, a, &hash_size),
        .opinion = db_text(row, 15, a),
        .approved_ms = db_int(row, 16),
        .proposed_ms = db_int(row, 17),
        .version = db_int(row, 18),
    };
    v->content = db_bytes(row, 14, a, &v->content_size);
    list->count++;
    return hash_size == PLAN_HASH_BYTES ? STATUS_OK : STATUS_INTERNAL;
}

static enum status
take_body(void *ctx, const struct db_row *row, struct arena *a)
{
    struct plan_body_list *list = ctx;
    struct plan_body *b =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *b);
    if (b == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *b = (struct plan_body){db_text(row, 0, a), db_text(row, 1, a), db_text(row, 2, a)};
    list->count++;
    return STATUS_OK;
}

static enum status
take_opinion(void *ctx, const struct db_row *row, struct arena *a)
{
    struct plan_opinion_list *list = ctx;
    struct plan_opinion *o =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *o);
    if (o == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t hash_size = 0;
    *o = (struct plan_opinion){
        .plan_id = db_text(row, 0, a),
        .body = {db_text(row, 1, a), db_text(row, 2, a), db_text(row, 3, a)},
        .verdict = (int)db_int(row, 4),
        .reason = db_text(row, 5, a),
        .sha256 = db_bytes(row, 6, a, &hash_size),
        .version = db_int(row, 7),
        .recorded_ms = db_int(row, 8),
    };
    list->count++;
    return hash_size == PLAN_HASH_BYTES ? STATUS_OK : STATUS_INTERNAL;
}

enum status
plan_version_queue_all(struct db_queue *q, int tenant, const char *inspection_code, bool lock,
                       struct plan_version_list *ret)
{
    return db_queue_add(q, lock ? &plan_version_all_locked : &plan_version_all,
                        (struct param[]){p_int(tenant), p_text(inspection_code)},
                        (struct db_sink){take_version, ret, DB_ANY_COUNT});
}

enum status
plan_body_queue_all(struct db_queue *q, int tenant, const char *inspection_code,
                    struct plan_body_list *ret)
{
    return db_queue_add(q, &plan_body_all, (struct param[]){p_int(tenant), p_text(inspection_code)},
                        (struct db_sink){take_body, ret, DB_ANY_COUNT});
}

enum status
plan_opinion_queue_all(struct db_queue *q, int tenant, const char *inspection_code,
                       struct plan_opinion_list *ret)
{
    return db_queue_add(q, &plan_opinion_all,
                        (struct param[]){p_int(tenant), p_text(inspection_code)},
                        (struct db_sink){take_opinion, ret, DB_ANY_COUNT});
}

static enum status
write_version(struct db_queue *q, const struct statement *st, int tenant,
              const struct plan_version_record *v, const char *event_id, int64_t expected)
{
    struct param params[] = {
        p_int(tenant),
        p_text(v->id),
        p_text(v->inspection_id),
        p_int(v->no),
        p_text(v->state),
        p_text(v->title),
        p_int(v->items),
        p_int(v->problems),
        p_int(v->other_problems),
        p_int(v->measures),
        p_int(v->added),
        p_int(v->removed),
        p_int(v->changed),
        p_bytes(v->sha256, PLAN_HASH_BYTES),
        p_bytes(v->content, v->content_size),
        p_text(v->opinion),
        p_int(v->approved_ms),
        p_int(v->proposed_ms),
        p_text(event_id),
        p_int(expected), /* the insert has no use for it */
    };
    return db_queue_add(q, st, params, one);
}

enum status
plan_version_queue_insert(struct db_queue *q, int tenant, const struct plan_version_record *v,
                          const char *event_id)
{
    return write_version(q, &plan_version_insert, tenant, v, event_id, 0);
}

enum status
plan_version_queue_update(struct db_queue *q, int tenant, const struct plan_version_record *v,
                          int64_t expected, const char *event_id)
{
    return write_version(q, &plan_version_update, tenant, v, event_id, expected);
}

enum status
plan_opinion_queue_insert(struct db_queue *q, int tenant, const char *id,
                          const struct plan_opinion *o, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),      p_text(id),        p_text(o->body.id),
        p_text(o->plan_id), p_int(o->version), p_bytes(o->sha256, PLAN_HASH_BYTES),
        p_int(o->verdict),  p_text(o->reason), p_int(o->recorded_ms),
        p_text(event_id),
    };
    return db_queue_add(q, &plan_opinion_insert, params, one);
}

enum status
plan_body_queue_set(struct db_queue *q, int tenant, const char *inspection_id, int64_t expected,
                    const struct plan_body_list *bodies, const char *event_id)
{
    struct param touch[] = {p_int(tenant), p_text(inspection_id), p_int(expected),
                            p_text(event_id)};
    enum status s =
        db_queue_add(q, &plan_bodies_clear, touch, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
    for (size_t i = 0; s == STATUS_OK && i < bodies->count; i++) {
        struct param params[] = {p_int(tenant), p_text(inspection_id), p_text(bodies->items[i].id),
                                 p_int((int64_t)i + 1), p_text(event_id)};
        s = db_queue_add(q, &plan_body_insert, params, one);
    }
    return s != STATUS_OK ? s : db_queue_add(q, &plan_inspection_touch, touch, one);
}
