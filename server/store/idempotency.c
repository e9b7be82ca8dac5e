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
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    .params = 8,
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

enum status
idempotency_queue_insert(struct db_queue *q, const struct idempotency_answer *answer)
{
    const struct param params[] = {
        p_int(answer->tenant),
        p_text(answer->principal),
        p_text(answer->key),
        p_text(answer->method),
        p_bytes(answer->request_sha256, 32),
        p_bytes(answer->reply, answer->reply_size),
        p_text(answer->event_id),
        p_int(answer->now_ms),
    };
    return db_queue_add(q, &idempotency_insert, params, (struct db_sink){.expect = 1});
}

enum status
idempotency_queue_replay(struct db_queue *q, int tenant, const char *principal, const char *key)
{
    const struct param params[] = {p_int(tenant), p_text(principal), p_text(key)};
    return db_queue_add(q, &idempotency_replay, params, (struct db_sink){.expect = 1});
}
