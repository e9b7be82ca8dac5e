#include "server/store/sitting.h"

#define SITTING_SELECT                                                                             \
    "SELECT s.id, i.id, i.code, s.no, s.ref, s.title, s.day, s.state, s.reason, s.opened_ms,"      \
    "       s.ended_ms, s.version, n.rows, n.pending, n.agreed, n.refused"                         \
    "  FROM sitting s JOIN inspection i ON i.tenant = s.tenant AND i.id = s.inspection"            \
    " CROSS JOIN LATERAL (SELECT count(*) AS rows,"                                                \
    "         count(*) FILTER (WHERE r.state = 'PENDING') AS pending,"                             \
    "         count(*) FILTER (WHERE r.state IN ('CLOSED', 'SUSTAINED')) AS agreed,"               \
    "         count(*) FILTER (WHERE r.state = 'REFUSED') AS refused"                              \
    "         FROM sitting_row r WHERE r.tenant = s.tenant AND r.sitting = s.id) n"                \
    " WHERE s.tenant = $1"
#define BY_REF " AND (s.ref = $2 OR s.id::text = $2)"

static const struct statement sitting_get = {
    .name = "sitting_get", .params = 2, .sql = SITTING_SELECT BY_REF};
static const struct statement sitting_lock = {
    .name = "sitting_lock", .params = 2, .sql = SITTING_SELECT BY_REF " FOR UPDATE OF s"};
static const struct statement sitting_all = {
    .name = "sitting_all",
    .params = 2,
    .sql = SITTING_SELECT " AND ($2::text IS NULL OR i.code = $2)"
                          " ORDER BY s.day DESC, s.no DESC LIMIT 2000",
};

#define ROW_SELECT                                                                                 \
    "SELECT r.id, r.sitting, r.no, r.problem, r.state, r.reason, r.decided_ms,"                    \
    "       r.problem_version, r.record_sha256, r.version FROM sitting_row r WHERE r.tenant = $1"

static const struct statement sitting_rows = {
    .name = "sitting_rows",
    .params = 2,
    .sql = ROW_SELECT " AND r.sitting = $2 ORDER BY r.no",
};
static const struct statement sitting_pending = {
    .name = "sitting_pending",
    .params = 2,
    .sql = ROW_SELECT " AND r.problem = $2 AND r.state = 'PENDING'",
};

static const struct statement sitting_opinions = {
    .name = "sitting_opinions",
    .params = 2,
    .sql = "SELECT p.sitting_row, p.body, p.approval, o.id, o.code, p.substitute, p.verdict,"
           "       p.met_1, p.reason_1, p.met_2, p.reason_2, p.met_3, p.reason_3, p.met_4,"
           "       p.reason_4, p.met_5, p.reason_5, p.reason, p.problem_version, p.record_sha256,"
           "       p.recorded_ms, p.version"
           "  FROM sitting_opinion p JOIN org o ON o.tenant = p.tenant AND o.id = p.org"
           "  JOIN sitting_row r ON r.tenant = p.tenant AND r.id = p.sitting_row"
           " WHERE p.tenant = $1 AND r.sitting = $2 ORDER BY r.no, p.body",
};

static const struct statement sitting_next_no = {
    .name = "sitting_next_no",
    .params = 1,
    .sql = "SELECT coalesce(max(no), 0) + 1 FROM sitting WHERE tenant = $1",
};

static const struct statement sitting_insert = {
    .name = "sitting_insert",
    .params = 9,
    .sql = "INSERT INTO sitting (tenant, id, inspection, no, ref, title, day, state, version,"
           "       event_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)",
};

static const struct statement sitting_update = {
    .name = "sitting_update",
    .params = 8,
    .sql = "UPDATE sitting SET state = $4, reason = $5, opened_ms = nullif($6::bigint, 0),"
           "       ended_ms = nullif($7::bigint, 0), version = version + 1, event_id = $8"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement sitting_row_insert = {
    .name = "sitting_row_insert",
    .params = 7,
    .sql = "INSERT INTO sitting_row (tenant, id, sitting, no, problem, state, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
};

static const struct statement sitting_row_update = {
    .name = "sitting_row_update",
    .params = 9,
    .sql = "UPDATE sitting_row SET state = $4, reason = $5, decided_ms = nullif($6::bigint, 0),"
           "       problem_version = nullif($7::bigint, 0), record_sha256 = $8,"
           "       version = version + 1, event_id = $9"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement sitting_opinion_write = {
    .name = "sitting_opinion_write",
    .params = 23,
    .sql = "INSERT INTO sitting_opinion AS p (tenant, sitting_row, body, approval, org, substitute,"
           "       verdict, met_1, reason_1, met_2, reason_2, met_3, reason_3, met_4, reason_4,"
           "       met_5, reason_5, reason, problem_version, record_sha256, recorded_ms, version,"
           "       event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
           "       $18, $19, $20, $21, $22, $23)"
           " ON CONFLICT ON CONSTRAINT sitting_opinion_pk DO UPDATE SET"
           "       approval = excluded.approval, org = excluded.org,"
           "       substitute = excluded.substitute, verdict = excluded.verdict,"
           "       met_1 = excluded.met_1, reason_1 = excluded.reason_1,"
           "       met_2 = excluded.met_2, reason_2 = excluded.reason_2,"
           "       met_3 = excluded.met_3, reason_3 = excluded.reason_3,"
           "       met_4 = excluded.met_4, reason_4 = excluded.reason_4,"
           "       met_5 = excluded.met_5, reason_5 = excluded.reason_5,"
           "       reason = excluded.reason, problem_version = excluded.problem_version,"
           "       record_sha256 = excluded.record_sha256, recorded_ms = excluded.recorded_ms,"
           "       version = excluded.version, event_id = excluded.event_id"
           " WHERE p.version = excluded.version - 1",
};

const struct statement *const sitting_statements[] = {&sitting_get,
                                                      &sitting_lock,
                                                      &sitting_all,
                                                      &sitting_rows,
                                                      &sitting_opinions,
                                                      &sitting_next_no,
                                                      &sitting_insert,
                                                      &sitting_update,
                                                      &sitting_row_insert,
                                                      &sitting_row_update,
                                                      &sitting_opinion_write,
                                                      &sitting_pending,
                                                      NULL};

static const struct db_sink one = {NULL, NULL, 1};

static enum status
take_sitting(void *ctx, const struct db_row *row, struct arena *a)
{
    struct sitting_list *list = ctx;
    struct sitting_record *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct sitting_record){
        .id = db_text(row, 0, a),
        .inspection_id = db_text(row, 1, a),
        .inspection = db_text(row, 2, a),
        .no = (int32_t)db_int(row, 3),
        .ref = db_text(row, 4, a),
        .title = db_text(row, 5, a),
        .day = db_day(row, 6),
        .state = db_text(row, 7, a),
        .reason = db_text(row, 8, a),
        .opened_ms = db_int(row, 9),
        .ended_ms = db_int(row, 10),
        .version = db_int(row, 11),
        .rows = (int32_t)db_int(row, 12),
        .pending = (int32_t)db_int(row, 13),
        .agreed = (int32_t)db_int(row, 14),
        .refused = (int32_t)db_int(row, 15),
    };
    if (s->id == NULL || s->ref == NULL || s->state == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
sitting_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                  struct sitting_list *ret)
{
    return db_queue_add(q, lock ? &sitting_lock : &sitting_get,
                        (struct param[]){p_int(tenant), p_text(ref)},
                        (struct db_sink){take_sitting, ret, DB_ANY_COUNT});
}

enum status
sitting_queue_list(struct db_queue *q, int tenant, const char *inspection, struct sitting_list *ret)
{
    return db_queue_add(q, &sitting_all, (struct param[]){p_int(tenant), p_text(inspection)},
                        (struct db_sink){take_sitting, ret, DB_ANY_COUNT});
}

static enum status
take_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct sitting_row_list *list = ctx;
    struct sitting_row_record *r =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *r);
    size_t size = 0;
    if (r == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *r = (struct sitting_row_record){
        .id = db_text(row, 0, a),
        .sitting_id = db_text(row, 1, a),
        .no = (int32_t)db_int(row, 2),
        .problem_id = db_text(row, 3, a),
        .state = db_text(row, 4, a),
        .reason = db_text(row, 5, a),
        .decided_ms = db_int(row, 6),
        .problem_version = db_int(row, 7),
        .sha256 = db_bytes(row, 8, a, &size),
        .version = db_int(row, 9),
    };
    if (r->id == NULL || r->problem_id == NULL || r->state == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
sitting_queue_rows(struct db_queue *q, int tenant, const char *sitting_id,
                   struct sitting_row_list *ret)
{
    return db_queue_add(q, &sitting_rows, (struct param[]){p_int(tenant), p_text(sitting_id)},
                        (struct db_sink){take_row, ret, DB_ANY_COUNT});
}

enum status
sitting_queue_pending(struct db_queue *q, int tenant, const char *problem_id,
                      struct sitting_row_list *ret)
{
    return db_queue_add(q, &sitting_pending, (struct param[]){p_int(tenant), p_text(problem_id)},
                        (struct db_sink){take_row, ret, DB_ANY_COUNT});
}

static enum status
take_opinion(void *ctx, const struct db_row *row, struct arena *a)
{
    struct sitting_opinion_list *list = ctx;
    struct sitting_opinion_record *o =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *o);
    size_t size = 0;
    if (o == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *o = (struct sitting_opinion_record){
        .row_id = db_text(row, 0, a),
        .body = db_text(row, 1, a),
        .approval_id = db_text(row, 2, a),
        .org_id = db_text(row, 3, a),
        .org = db_text(row, 4, a),
        .substitute = db_bool(row, 5),
        .verdict = (int)db_int(row, 6),
        .reason = db_text(row, 17, a),
        .problem_version = db_int(row, 18),
        .sha256 = db_bytes(row, 19, a, &size),
        .recorded_ms = db_int(row, 20),
        .version = db_int(row, 21),
    };
    for (int i = 0; i < CRITERIA_COUNT; i++) {
        o->met[i] = db_bool(row, 7 + 2 * i);
        o->reasons[i] = db_text(row, 8 + 2 * i, a);
    }
    if (o->row_id == NULL || o->body == NULL || o->sha256 == NULL || size != APPROVAL_HASH_BYTES) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
sitting_queue_opinions(struct db_queue *q, int tenant, const char *sitting_id,
                       struct sitting_opinion_list *ret)
{
    return db_queue_add(q, &sitting_opinions, (struct param[]){p_int(tenant), p_text(sitting_id)},
                        (struct db_sink){take_opinion, ret, DB_ANY_COUNT});
}

enum status
sitting_queue_next_no(struct db_queue *q, int tenant, int32_t *ret_no)
{
    return db_queue_add(q, &sitting_next_no, (struct param[]){p_int(tenant)},
                        (struct db_sink){db_take_int32, ret_no, 1});
}

enum status
sitting_queue_insert(struct db_queue *q, int tenant, const struct sitting_record *s,
                     const char *event_id)
{
    struct param params[] = {
        p_int(tenant),    p_text(s->id), p_text(s->inspection_id), p_int(s->no),     p_text(s->ref),
        p_text(s->title), p_day(s->day), p_text(s->state),         p_text(event_id),
    };
    return db_queue_add(q, &sitting_insert, params, one);
}

enum status
sitting_queue_update(struct db_queue *q, int tenant, const struct sitting_record *s,
                     int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),     p_text(s->id),       p_int(expected),    p_text(s->state),
        p_text(s->reason), p_int(s->opened_ms), p_int(s->ended_ms), p_text(event_id),
    };
    return db_queue_add(q, &sitting_update, params, one);
}

enum status
sitting_row_queue_insert(struct db_queue *q, int tenant, const struct sitting_row_record *r,
                         const char *event_id)
{
    struct param params[] = {
        p_int(tenant),         p_text(r->id),    p_text(r->sitting_id), p_int(r->no),
        p_text(r->problem_id), p_text(r->state), p_text(event_id),
    };
    return db_queue_add(q, &sitting_row_insert, params, one);
}

enum status
sitting_row_queue_update(struct db_queue *q, int tenant, const struct sitting_row_record *r,
                         int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(r->id),
        p_int(expected),
        p_text(r->state),
        p_text(r->reason),
        p_int(r->decided_ms),
        p_int(r->problem_version),
        p_bytes(r->sha256, APPROVAL_HASH_BYTES),
        p_text(event_id),
    };
    return db_queue_add(q, &sitting_row_update, params, one);
}

enum status
sitting_opinion_queue_write(struct db_queue *q, int tenant, const struct sitting_opinion_record *o,
                            const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(o->row_id),
        p_text(o->body),
        p_text(o->approval_id),
        p_text(o->org_id),
        p_bool(o->substitute),
        p_int(o->verdict),
        p_bool(o->met[0]),
        p_text(o->reasons[0]),
        p_bool(o->met[1]),
        p_text(o->reasons[1]),
        p_bool(o->met[2]),
        p_text(o->reasons[2]),
        p_bool(o->met[3]),
        p_text(o->reasons[3]),
        p_bool(o->met[4]),
        p_text(o->reasons[4]),
        p_text(o->reason),
        p_int(o->problem_version),
        p_bytes(o->sha256, APPROVAL_HASH_BYTES),
        p_int(o->recorded_ms),
        p_int(o->version),
        p_text(event_id),
    };
    return db_queue_add(q, &sitting_opinion_write, params, one);
}
