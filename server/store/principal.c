#include "server/store/principal.h"

/* CASE and not coalesce: behind row-level security the planner takes coalesce for something that
 * could leak, and makes no index condition of it. */

/* A seat that holds on day $5. */
#define LIVE(seat)                                                                                 \
    seat ".ended_ms IS NULL AND (" seat ".from_day IS NULL OR " seat ".from_day <= $5::date)"      \
         " AND (" seat ".to_day IS NULL OR " seat ".to_day >= $5::date)"

/* clang-format off */
#define PRINCIPAL_COLUMNS                                                                          \
    "SELECT s.account, s.machine, s.used_ms, s.expires_ms, s.ended_ms IS NOT NULL,"                \
    "       m.id, m.public_key, m.revoked_ms IS NOT NULL,"                                         \
    "       a.name, a.display_name, a.disabled_ms IS NOT NULL,"                                    \
    "       o.id, o.code, o.name, t.roles, b.id, b.code, b.name, t.orgs::text"

#define PRINCIPAL_FROM                                                                             \
    "  FROM (VALUES (1)) one"                                                                      \
    "  LEFT JOIN session s ON s.tenant = $1 AND s.token_sha256 = $2"                               \
    "  LEFT JOIN machine m ON m.tenant = $1 AND m.id ="                                            \
    "        CASE WHEN s.machine IS NULL THEN $3::uuid ELSE s.machine END"                         \
    "  LEFT JOIN account a ON a.tenant = $1 AND a.id = s.account"                                  \
    "  LEFT JOIN org o ON o.tenant = $1 AND o.id = m.org"                                          \
    "  LEFT JOIN LATERAL ("                                                                        \
    "       SELECT bit_or(x.roles) FILTER (WHERE x.org = m.org"                                    \
    "                                        AND x.substitute_for IS NULL) AS roles,"              \
    "              array_agg(DISTINCT x.org) AS orgs"                                              \
    "         FROM seat x WHERE x.tenant = $1 AND x.account = s.account AND " LIVE("x")            \
    "       ) t ON true"                                                                           \
    "  LEFT JOIN org b ON b.tenant = $1 AND b.code = $4"

static const struct statement principal_read = {
    .name = "principal_read",
    .params = 5,
    .sql = PRINCIPAL_COLUMNS PRINCIPAL_FROM,
};

/* Standing in for somebody is rare, and what it asks would cost every call. */
static const struct statement principal_read_standing = {
    .name = "principal_read_standing",
    .params = 7,
    .sql = PRINCIPAL_COLUMNS ", y.account, y.display_name, y.org, y.code, y.name, y.roles,"
           " y.orgs::text" PRINCIPAL_FROM
           "  LEFT JOIN LATERAL ("
           "       SELECT w.id AS account, w.display_name, x.org, g.code, g.name,"
           "              bit_or(x.roles) & own.roles AS roles,"
           "              (SELECT array_agg(DISTINCT e.org) FROM seat e WHERE e.tenant = $1"
           "                  AND e.account = w.id AND " LIVE("e") ") AS orgs"
           "         FROM account w"
           "         JOIN seat x ON x.tenant = $1 AND x.account = s.account"
           "              AND x.substitute_for = w.id AND " LIVE("x")
           "         JOIN org g ON g.tenant = $1 AND g.id = x.org"
           "         CROSS JOIN LATERAL (SELECT bit_or(v.roles) AS roles FROM seat v"
           "              WHERE v.tenant = $1 AND v.account = w.id AND v.org = x.org"
           "                AND v.substitute_for IS NULL AND " LIVE("v") ") own"
           "        WHERE w.tenant = $1 AND w.name = $6 AND ($7::text IS NULL OR g.code = $7)"
           "        GROUP BY w.id, w.display_name, x.org, g.code, g.name, own.roles"
           "        ORDER BY (x.org = m.org) DESC, g.code LIMIT 1) y ON true",
};
/* clang-format on */

static const struct statement principal_touch = {
    .name = "principal_touch",
    .sql = "UPDATE session SET used_ms = greatest(used_ms, $3::bigint)"
           " WHERE tenant = $1 AND token_sha256 = $2 AND ended_ms IS NULL",
    .params = 3,
};

const struct statement *const principal_statements[] = {&principal_read, &principal_read_standing,
                                                        &principal_touch, NULL};

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
        .seat_orgs = db_text(row, 18, a),
    };
    return STATUS_OK;
}

static enum status
principal_standing_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct principal_record *r = ctx;
    enum status s = principal_row(ctx, row, a);
    r->stands_id = db_text(row, 19, a);
    r->stands_name = db_text(row, 20, a);
    r->stands_org_id = db_text(row, 21, a);
    r->stands_org_code = db_text(row, 22, a);
    r->stands_org_name = db_text(row, 23, a);
    r->stands_roles = (uint64_t)db_int(row, 24);
    r->stands_seat_orgs = db_text(row, 25, a);
    return s;
}

enum status
principal_queue_read(struct db_queue *q, const struct principal_query *query,
                     struct principal_record *ret)
{
    const struct param params[] = {p_int(query->tenant),     p_bytes(query->session_sha256, 32),
                                   p_text(query->machine),   p_text(query->behalf),
                                   p_day(query->today),      p_text(query->stands_for),
                                   p_text(query->stands_org)};
    return query->stands_for == NULL
               ? db_queue_add(q, &principal_read, params, (struct db_sink){principal_row, ret, 1})
               : db_queue_add(q, &principal_read_standing, params,
                              (struct db_sink){principal_standing_row, ret, 1});
}

enum status
principal_queue_touch(struct db_queue *q, int tenant, const unsigned char session_sha256[32],
                      int64_t now_ms)
{
    const struct param params[] = {p_int(tenant), p_bytes(session_sha256, 32), p_int(now_ms)};
    return db_queue_add(q, &principal_touch, params, (struct db_sink){.expect = DB_ANY_COUNT});
}
