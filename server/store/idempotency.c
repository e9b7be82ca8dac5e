#include "server/store/idempotency.h"

/* Two statements and no coalesce over both: behind row-level security the planner makes no index
 * condition of one, and scans. */
static const struct statement idempotency_read_session = {
    .name = "idempotency_read_session",
    .sql = "SELECT nextval('receipt_number'), i.method, i.request_sha256, i.reply"
           "  FROM (VALUES (1)) one"
           "  LEFT JOIN session s ON s.tenant = $1 AND s.token_sha256 = $2"
           "  LEFT JOIN idempotency i ON i.tenant = $1 AND i.principal = s.account AND i.key = $3",
    .params = 3,
};

static const struct statement idempotency_read = {
    .name = "idempotency_read",
    .sql = "SELECT nextval('receipt_number'), i.method, i.request_sha256, i.reply"
           "  FROM (VALUES (1)) one"
           "  LEFT JOIN idempotency i ON i.tenant = $1 AND i.principal = $2 AND i.key = $3",
    .params = 3,
};

static const struct statement idempotency_insert = {
    .name = "idempotency_insert",
    .sql = "INSERT INTO idempotency (tenant, principal, key, method, request_sha256, reply,"
           "                         event_id, recorded_ms)"
           " SELECT $1, i.principal, i.key, i.method,"
           "        substr($9::bytea, (i.no::integer - 1) * 32 + 1, 32),"
           "        substr($8::bytea, i.at, i.size), i.event_id, i.recorded_ms"
           "   FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::bigint[],"
           "               $7::integer[], $10::integer[]) WITH ORDINALITY"
           "        AS i (principal, key, method, event_id, recorded_ms, at, size, no)",
    .params = 10,
};

static const struct statement idempotency_replay = {
    .name = "idempotency_replay",
    .sql = "UPDATE idempotency SET replays = replays + 1"
           " WHERE tenant = $1 AND principal = $2 AND key = $3",
    .params = 3,
};

const struct statement *const idempotency_statements[] = {
    &idempotency_read_session, &idempotency_read, &idempotency_insert, &idempotency_replay, NULL};

static enum status
idempotency_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct idempotency_record *r = ctx;
    size_t size = 0;
    r->receipt_number = db_int(row, 0);
    r->method = db_text(row, 1, a);
    r->request_sha256 = db_bytes(row, 2, a, &size);
    if (r->request_sha256 != NULL && size != 32) {
        return STATUS_DATA_LOSS;
    }
    r->reply = db_bytes(row, 3, a, &r->reply_size);
    return STATUS_OK;
}

enum status
idempotency_queue_read(struct db_queue *q, const struct idempotency_key *key,
                       struct idempotency_record *ret)
{
    const struct db_sink sink = {idempotency_row, ret, 1};
    if (key->session_sha256 != NULL) {
        const struct param params[] = {p_int(key->tenant), p_bytes(key->session_sha256, 32),
                                       p_text(key->key)};
        return db_queue_add(q, &idempotency_read_session, params, sink);
    }
    const struct param params[] = {p_int(key->tenant), p_text(key->principal), p_text(key->key)};
    return db_queue_add(q, &idempotency_read, params, sink);
}

bool
idempotency_rows_add(struct idempotency_rows *rows, struct arena *a,
                     const struct idempotency_answer *answer)
{
    rows->count++;
    return column_text(&rows->principal, a, answer->principal) &&
           column_text(&rows->key, a, answer->key) &&
           column_text(&rows->method, a, answer->method) &&
           column_text(&rows->event, a, answer->event_id) &&
           column_int(&rows->recorded, a, answer->now_ms) &&
           column_int(&rows->at, a, (int64_t)rows->replies.used + 1) &&
           column_int(&rows->size, a, (int64_t)answer->reply_size) &&
           column_bytes(&rows->replies, a, answer->reply, answer->reply_size) &&
           column_bytes(&rows->hashes, a, answer->request_sha256, 32);
}

enum status
idempotency_rows_queue(struct idempotency_rows *rows, struct arena *a, struct db_queue *q,
                       int tenant)
{
    if (rows->count == 0) {
        return STATUS_OK;
    }
    const struct param params[] = {
        p_int(tenant),
        p_text(column_literal(&rows->principal, a)),
        p_text(column_literal(&rows->key, a)),
        p_text(column_literal(&rows->method, a)),
        p_text(column_literal(&rows->event, a)),
        p_text(column_literal(&rows->recorded, a)),
        p_text(column_literal(&rows->at, a)),
        p_bytes(rows->replies.data, rows->replies.used),
        p_bytes(rows->hashes.data, rows->hashes.used),
        p_text(column_literal(&rows->size, a)),
    };
    return db_queue_add(q, &idempotency_insert, params,
                        (struct db_sink){.expect = (int64_t)rows->count});
}

enum status
idempotency_queue_replay(struct db_queue *q, int tenant, const char *principal, const char *key)
{
    const struct param params[] = {p_int(tenant), p_text(principal), p_text(key)};
    return db_queue_add(q, &idempotency_replay, params, (struct db_sink){.expect = 1});
}
