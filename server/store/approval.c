#include "server/store/approval.h"

static const struct statement approval_insert = {
    .name = "approval_insert",
    .params = 11,
    .sql = "INSERT INTO approval (tenant, id, body_org, subject_kind, subject, subject_version,"
           "       subject_sha256, verdict, reason, recorded_ms, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
};

static const struct statement approval_of = {
    .name = "approval_of",
    .params = 3,
    .sql = "SELECT a.id, o.code, a.subject_kind, a.subject_version,"
           "       encode(a.subject_sha256, 'hex'), a.verdict, a.reason, a.recorded_ms"
           "  FROM approval a JOIN org o ON o.tenant = a.tenant AND o.id = a.body_org"
           " WHERE a.tenant = $1 AND a.subject_kind = $2 AND a.subject = $3"
           " ORDER BY a.recorded_ms, a.id LIMIT 2000",
};

const struct statement *const approval_statements[] = {&approval_insert, &approval_of, NULL};

enum status
approval_queue_insert(struct db_queue *q, int tenant, const struct approval_record *r,
                      const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(r->id),
        p_text(r->body_org),
        p_text(r->subject_kind),
        p_text(r->subject),
        p_int(r->subject_version),
        p_bytes(r->sha256, APPROVAL_HASH_BYTES),
        p_int(r->verdict),
        p_text(r->reason),
        p_int(r->recorded_ms),
        p_text(event_id),
    };
    return db_queue_add(q, &approval_insert, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_approval(void *ctx, const struct db_row *row, struct arena *a)
{
    struct approval_list *list = ctx;
    Pb__Approval **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Approval *m = arena_alloc(a, sizeof *m);
    if (slot == NULL || m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__approval__init(m);
    m->id = db_text(row, 0, a);
    m->body = db_text(row, 1, a);
    m->subject_kind = db_text(row, 2, a);
    m->has_subject_version = m->has_verdict = m->has_recorded_at_ms = 1;
    m->subject_version = db_int(row, 3);
    m->subject_sha256 = db_text(row, 4, a);
    m->verdict = (Pb__Verdict)db_int(row, 5);
    m->reason = db_text(row, 6, a);
    m->recorded_at_ms = db_int(row, 7);
    *slot = m;
    list->count++;
    return STATUS_OK;
}

enum status
approval_queue_of(struct db_queue *q, int tenant, const char *subject_kind, const char *subject,
                  struct approval_list *ret)
{
    return db_queue_add(q, &approval_of,
                        (struct param[]){p_int(tenant), p_text(subject_kind), p_text(subject)},
                        (struct db_sink){take_approval, ret, DB_ANY_COUNT});
}
