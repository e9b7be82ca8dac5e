#include "server/store/grant.h"

#include <string.h>

#define GRANT_COLUMNS                                                                              \
    "SELECT g.id, g.ref, g.account, a.name, a.display_name, g.org, o.code, o.name, o.kind,"        \
    "       g.roles, g.substitute_for, y.name, g.from_day, g.to_day, g.reason, g.state,"           \
    "       g.proposed_by, p.name, g.proposed_ms, g.decided_by, d.name, g.decided_ms, g.opinion,"  \
    "       g.ended_by, e.name, g.ended_ms, g.ended_reason, g.version"                             \
    "  FROM seat_grant g"                                                                          \
    "  JOIN account a ON a.tenant = g.tenant AND a.id = g.account"                                 \
    "  JOIN org o ON o.tenant = g.tenant AND o.id = g.org"                                         \
    "  LEFT JOIN account y ON y.tenant = g.tenant AND y.id = g.substitute_for"                     \
    "  LEFT JOIN account p ON p.tenant = g.tenant AND p.id = g.proposed_by"                        \
    "  LEFT JOIN account d ON d.tenant = g.tenant AND d.id = g.decided_by"                         \
    "  LEFT JOIN account e ON e.tenant = g.tenant AND e.id = g.ended_by"

static const struct statement grant_lock = {
    .name = "grant_lock",
    .params = 2,
    .sql = GRANT_COLUMNS " WHERE g.tenant = $1 AND g.ref = ANY ($2::text[])"
                         " ORDER BY g.ref FOR UPDATE OF g",
};

static const struct statement grant_list_all = {
    .name = "grant_list",
    .params = 6,
    .sql = GRANT_COLUMNS " WHERE g.tenant = $1 AND ($2::text IS NULL OR g.state = $2)"
                         "   AND ($6::text IS NULL OR g.ref = $6)"
                         "   AND ($3::text IS NULL OR a.name = $3)"
                         "   AND ($4::text IS NULL OR o.code = $4)"
                         "   AND ($5::uuid IS NULL OR g.account = $5 OR g.substitute_for = $5)"
                         " ORDER BY g.proposed_ms DESC, g.ref DESC LIMIT 2000",
};

static const struct statement grant_held = {
    .name = "grant_held",
    .params = 2,
    .sql = "SELECT s.account, a.name, s.org, o.code, o.name, s.roles, s.from_day, s.to_day,"
           "       s.substitute_for, y.name, g.ref"
           "  FROM seat s"
           "  JOIN account a ON a.tenant = s.tenant AND a.id = s.account"
           "  JOIN org o ON o.tenant = s.tenant AND o.id = s.org"
           "  LEFT JOIN account y ON y.tenant = s.tenant AND y.id = s.substitute_for"
           "  LEFT JOIN seat_grant g ON g.tenant = s.tenant AND g.id = s.grant_id"
           " WHERE s.tenant = $1 AND s.ended_ms IS NULL AND a.name = ANY ($2::text[])"
           " ORDER BY a.name, o.sort_order, o.code, s.id",
};

static const struct statement grant_numbers = {
    .name = "grant_numbers",
    .params = 1,
    .sql = "SELECT nextval('rectify.grant_number') FROM generate_series(1, $1::integer)",
};

static const struct statement grant_pending = {
    .name = "grant_pending",
    .params = 1,
    .sql = "SELECT count(*) FROM seat_grant WHERE tenant = $1 AND state = 'PROPOSED'",
};

static const struct statement grant_others = {
    .name = "grant_others",
    .params = 4,
    .sql = "SELECT count(DISTINCT s.account) FROM seat s"
           "  JOIN account a ON a.tenant = s.tenant AND a.id = s.account"
           " WHERE s.tenant = $1 AND s.account <> $2 AND s.roles & $3::bigint <> 0"
           "   AND s.ended_ms IS NULL AND s.substitute_for IS NULL AND a.disabled_ms IS NULL"
           "   AND (s.from_day IS NULL OR s.from_day <= $4::date)"
           "   AND (s.to_day IS NULL OR s.to_day >= $4::date)",
};

static const struct statement grant_insert = {
    .name = "grant_insert",
    .params = 14,
    .sql = "INSERT INTO seat_grant (tenant, id, ref, account, org, roles, substitute_for, from_day,"
           "                        to_day, reason, origin, state, proposed_by, proposed_ms,"
           "                        version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
           "         CASE WHEN $12::uuid IS NULL THEN 'BOOTSTRAP' ELSE 'PROPOSED' END,"
           "         $11, $12::uuid, $13, 1, $14)",
};

static const struct statement grant_update = {
    .name = "grant_update",
    .params = 11,
    .sql = "UPDATE seat_grant SET state = $4, decided_by = $5, decided_ms = $6, opinion = $7,"
           "       ended_by = $8, ended_ms = $9, ended_reason = $10, version = version + 1,"
           "       event_id = $11 WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement seat_give = {
    .name = "seat_give",
    .params = 3,
    .sql = "INSERT INTO seat (tenant, id, grant_id, account, org, roles, substitute_for, from_day,"
           "                  to_day, event_id)"
           " SELECT g.tenant, g.id, g.id, g.account, g.org, g.roles, g.substitute_for, g.from_day,"
           "        g.to_day, $3::uuid FROM seat_grant g WHERE g.tenant = $1 AND g.id = $2",
};

static const struct statement seat_end = {
    .name = "seat_end",
    .params = 4,
    .sql = "UPDATE seat SET ended_ms = $3, event_id = $4"
           " WHERE tenant = $1 AND grant_id = $2 AND ended_ms IS NULL",
};

const struct statement *const grant_statements[] = {
    &grant_lock,   &grant_list_all, &grant_held, &grant_numbers, &grant_pending, &grant_others,
    &grant_insert, &grant_update,   &seat_give,  &seat_end,      NULL,
};

static const struct db_sink one = {NULL, NULL, 1};

static enum status
take_grant(void *ctx, const struct db_row *row, struct arena *a)
{
    struct grant_list *list = ctx;
    struct grant_record *g =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *g);
    if (g == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *g = (struct grant_record){
        .id = db_text(row, 0, a),
        .ref = db_text(row, 1, a),
        .account_id = db_text(row, 2, a),
        .account = db_text(row, 3, a),
        .display_name = db_text(row, 4, a),
        .org_id = db_text(row, 5, a),
        .org_code = db_text(row, 6, a),
        .org_name = db_text(row, 7, a),
        .org_kind = db_text(row, 8, a),
        .roles = (uint64_t)db_int(row, 9),
        .substitute_for_id = db_text(row, 10, a),
        .substitute_for = db_text(row, 11, a),
        .from_day = db_day(row, 12),
        .to_day = db_day(row, 13),
        .reason = db_text(row, 14, a),
        .state = db_text(row, 15, a),
        .proposed_by_id = db_text(row, 16, a),
        .proposed_by = db_text(row, 17, a),
        .proposed_ms = db_int(row, 18),
        .decided_by_id = db_text(row, 19, a),
        .decided_by = db_text(row, 20, a),
        .decided_ms = db_int(row, 21),
        .opinion = db_text(row, 22, a),
        .ended_by_id = db_text(row, 23, a),
        .ended_by = db_text(row, 24, a),
        .ended_ms = db_int(row, 25),
        .ended_reason = db_text(row, 26, a),
        .version = db_int(row, 27),
    };
    list->count++;
    return STATUS_OK;
}

enum status
grant_queue_lock(struct db_queue *q, int tenant, const struct text_list *refs, struct arena *a,
                 struct grant_list *ret)
{
    const char *literal = text_list_literal(refs, a);
    return literal == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : db_queue_add(q, &grant_lock, (struct param[]){p_int(tenant), p_text(literal)},
                              (struct db_sink){take_grant, ret, DB_ANY_COUNT});
}

enum status
grant_queue_list(struct db_queue *q, int tenant, const struct grant_filter *filter,
                 struct grant_list *ret)
{
    struct param params[] = {p_int(tenant),       p_text(filter->state), p_text(filter->account),
                             p_text(filter->org), p_text(filter->own),   p_text(filter->ref)};
    return db_queue_add(q, &grant_list_all, params,
                        (struct db_sink){take_grant, ret, DB_ANY_COUNT});
}

static enum status
take_held(void *ctx, const struct db_row *row, struct arena *a)
{
    struct held_list *list = ctx;
    struct held_seat *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct held_seat){
        .account_id = db_text(row, 0, a),
        .account = db_text(row, 1, a),
        .org_id = db_text(row, 2, a),
        .org_code = db_text(row, 3, a),
        .org_name = db_text(row, 4, a),
        .roles = (uint64_t)db_int(row, 5),
        .from_day = db_day(row, 6),
        .to_day = db_day(row, 7),
        .substitute_for_id = db_text(row, 8, a),
        .substitute_for = db_text(row, 9, a),
        .grant_ref = db_text(row, 10, a),
    };
    list->count++;
    return STATUS_OK;
}

enum status
grant_queue_held(struct db_queue *q, int tenant, const struct text_list *accounts, struct arena *a,
                 struct held_list *ret)
{
    const char *literal = text_list_literal(accounts, a);
    return literal == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : db_queue_add(q, &grant_held, (struct param[]){p_int(tenant), p_text(literal)},
                              (struct db_sink){take_held, ret, DB_ANY_COUNT});
}

static enum status
take_number(void *ctx, const struct db_row *row, struct arena *a)
{
    struct number_list *list = ctx;
    int64_t *n = arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *n);
    if (n == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *n = db_int(row, 0);
    list->count++;
    return STATUS_OK;
}

enum status
grant_queue_numbers(struct db_queue *q, int count, struct number_list *ret)
{
    return db_queue_add(q, &grant_numbers, (struct param[]){p_int(count)},
                        (struct db_sink){take_number, ret, count});
}

enum status
grant_queue_pending(struct db_queue *q, int tenant, int64_t *ret_count)
{
    return db_queue_add(q, &grant_pending, (struct param[]){p_int(tenant)},
                        (struct db_sink){db_take_int64, ret_count, 1});
}

enum status
grant_queue_others(struct db_queue *q, int tenant, const char *account_id, uint64_t roles,
                   int32_t day, int64_t *ret_count)
{
    struct param params[] = {p_int(tenant), p_text(account_id), p_int((int64_t)roles), p_day(day)};
    return db_queue_add(q, &grant_others, params, (struct db_sink){db_take_int64, ret_count, 1});
}

static enum status
give(struct db_queue *q, int tenant, const struct grant_record *g, const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(g->id), p_text(event_id)};
    return db_queue_add(q, &seat_give, params, one);
}

enum status
grant_queue_insert(struct db_queue *q, int tenant, const struct grant_record *g,
                   const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(g->id),
        p_text(g->ref),
        p_text(g->account_id),
        p_text(g->org_id),
        p_int((int64_t)g->roles),
        p_text(g->substitute_for_id),
        p_day(g->from_day),
        p_day(g->to_day),
        p_text(g->reason),
        p_text(g->state),
        p_text(g->proposed_by_id),
        p_int(g->proposed_ms),
        p_text(event_id),
    };
    enum status s = db_queue_add(q, &grant_insert, params, one);
    bool approved = strcmp(g->state, "APPROVED") == 0;
    return s == STATUS_OK && approved ? give(q, tenant, g, event_id) : s;
}

static struct param
p_time(int64_t ms)
{
    return ms == 0 ? p_null() : p_int(ms);
}

enum status
grant_queue_update(struct db_queue *q, int tenant, const struct grant_record *g, int64_t expected,
                   const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(g->id),
        p_int(expected),
        p_text(g->state),
        p_text(g->decided_by_id),
        p_time(g->decided_ms),
        p_text(g->opinion),
        p_text(g->ended_by_id),
        p_time(g->ended_ms),
        p_text(g->ended_reason),
        p_text(event_id),
    };
    enum status s = db_queue_add(q, &grant_update, params, one);
    if (s == STATUS_OK && strcmp(g->state, "APPROVED") == 0) {
        s = give(q, tenant, g, event_id);
    }
    if (s == STATUS_OK && strcmp(g->state, "ENDED") == 0) {
        struct param end[] = {p_int(tenant), p_text(g->id), p_int(g->ended_ms), p_text(event_id)};
        s = db_queue_add(q, &seat_end, end, one);
    }
    return s;
}
