#include "server/store/principal.h"

/* CASE and not coalesce: behind row-level security the planner takes coalesce for something that
 * could leak, and makes no index condition of it. */
static const struct statement principal_read = {
    .name = "principal_read",
    .sql = "SELECT s.account, s.machine, s.used_ms, s.expires_ms, s.ended_ms IS NOT NULL,"
           "       m.id, m.public_key, m.revoked_ms IS NOT NULL,"
           "       a.name, a.display_name, a.disabled_ms IS NOT NULL,"
           "       o.id, o.code, o.name, t.roles, b.id, b.code, b.name"
           "  FROM (VALUES (1)) one"
           "  LEFT JOIN session s ON s.tenant = $1 AND s.token_sha256 = $2"
           "  LEFT JOIN machine m ON m.tenant = $1 AND m.id ="
           "        CASE WHEN s.machine IS NULL THEN $3::uuid ELSE s.machine END"
           "  LEFT JOIN account a ON a.tenant = $1 AND a.id = s.account"
           "  LEFT JOIN org o ON o.tenant = $1 AND o.id = m.org"
           "  LEFT JOIN seat t ON t.tenant = $1 AND t.account = s.account AND t.org = m.org"
           "        AND coalesce(t.from_day <= $5::date, true)"
           "        AND coalesce(t.to_day >= $5::date, true)"
           "  LEFT JOIN org b ON b.tenant = $1 AND b.code = $4",
    .params = 5,
};

static const struct statement principal_touch = {
    .name = "principal_touch",
    .sql = "UPDATE session SET used_ms = greatest(used_ms, $3::bigint)"
           " WHERE tenant = $1 AND token_sha256 = $2 AND ended_ms IS NULL",
    .params = 3,
};

const struct statement *const principal_statements[] = {&principal_read, &principal_touch, NULL};

static enum status
principal_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct principal_record *r = ctx;
    size_t size = 0;
    *r = (struct principal_record){
        .account_id = db_text(row, 0, a),
        .session_machine = db_text(row, 1, a),
        .used_ms = db_int(row, 2),
        .expires_ms = db_int(row, 3),
        .ended = db_bool(row, 4),
        .machine_id = db_text(row, 5, a),
        .public_key = db_bytes(row, 6, a, &size),
        .revoked = db_bool(row, 7),
        .account = db_text(row, 8, a),
        .display_name = db_text(row, 9, a),
        .disabled = db_bool(row, 10),
        .org_id = db_text(row, 11, a),
        .org_code = db_text(row, 12, a),
        .org_name = db_text(row, 13, a),
        .roles = (uint64_t)db_int(row, 14),
        .behalf_id = db_text(row, 15, a),
        .behalf_code = db_text(row, 16, a),
        .behalf_name = db_text(row, 17, a),
    };
    return STATUS_OK;
}

enum status
principal_queue_read(struct db_queue *q, const struct principal_query *query,
                     struct principal_record *ret)
{
    const struct param params[] = {p_int(query->tenant), p_bytes(query->session_sha256, 32),
                                   p_text(query->machine), p_text(query->behalf),
                                   p_day(query->today)};
    return db_queue_add(q, &principal_read, params, (struct db_sink){principal_row, ret, 1});
}

enum status
principal_queue_touch(struct db_queue *q, int tenant, const unsigned char session_sha256[32],
                      int64_t now_ms)
{
    const struct param params[] = {p_int(tenant), p_bytes(session_sha256, 32), p_int(now_ms)};
    return db_queue_add(q, &principal_touch, params, (struct db_sink){.expect = DB_ANY_COUNT});
}
