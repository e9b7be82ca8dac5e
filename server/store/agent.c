#include "server/store/agent.h"

#define AGENT_COLUMNS                                                                              \
    "g.instance, g.instance_before, g.cloned_ms, g.reported_ms, g.version, g.os, g.queued,"        \
    " g.unknown, g.attention, g.oldest_queued_ms, g.certificate_not_after_ms,"                     \
    " g.clock_difference_ms, g.logged_in"

static const struct statement agent_lock = {
    .name = "agent_lock",
    .params = 2,
    .sql =
        "SELECT " AGENT_COLUMNS "  FROM agent g WHERE g.tenant = $1 AND g.machine = $2 FOR UPDATE",
};

static const struct statement agent_write = {
    .name = "agent_write",
    .params = 15,
    .sql =
        "INSERT INTO agent (tenant, machine, instance, instance_before, cloned_ms, reported_ms,"
        "                   version, os, queued, unknown, attention, oldest_queued_ms,"
        "                   certificate_not_after_ms, clock_difference_ms, logged_in)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        " ON CONFLICT ON CONSTRAINT agent_pk DO UPDATE SET instance = $3, instance_before = $4,"
        "    cloned_ms = $5, reported_ms = $6, version = $7, os = $8, queued = $9, unknown = $10,"
        "    attention = $11, oldest_queued_ms = $12, certificate_not_after_ms = $13,"
        "    clock_difference_ms = $14, logged_in = $15",
};

static const struct statement agent_list = {
    .name = "agent_list",
    .params = 4,
    .sql = "SELECT " AGENT_COLUMNS ", o.code, o.name, m.id, m.label, a.name, m.enrolled_ms,"
           "       m.revoked_ms, (SELECT max(s.used_ms) FROM session s WHERE s.tenant = o.tenant"
           "                         AND s.machine = m.id), m.certificate_not_after_ms"
           "  FROM org o LEFT JOIN machine m ON m.tenant = o.tenant AND m.org = o.id"
           "                               AND (m.revoked_ms IS NULL OR $3)"
           "  LEFT JOIN account a ON a.tenant = m.tenant AND a.id = m.account"
           "  LEFT JOIN agent g ON g.tenant = m.tenant AND g.machine = m.id"
           " WHERE o.tenant = $1 AND (m.id IS NOT NULL OR o.kind = 'UNIT')"
           "   AND ($2::text IS NULL OR o.code = $2::text)"
           " ORDER BY o.sort_order, o.code, m.enrolled_ms, m.id LIMIT $4",
};

const struct statement *const agent_statements[] = {&agent_lock, &agent_write, &agent_list, NULL};

static void
read_agent(struct agent_record *agent, const struct db_row *row, struct arena *a)
{
    *agent = (struct agent_record){
        .instance = db_text(row, 0, a),
        .instance_before = db_text(row, 1, a),
        .cloned_ms = db_int(row, 2),
        .reported_ms = db_int(row, 3),
        .version = db_text(row, 4, a),
        .os = db_text(row, 5, a),
        .queued = (int32_t)db_int(row, 6),
        .unknown = (int32_t)db_int(row, 7),
        .attention = (int32_t)db_int(row, 8),
        .oldest_queued_ms = db_int(row, 9),
        .certificate_not_after_ms = db_int(row, 10),
        .has_clock_difference = !db_is_null(row, 11),
        .clock_difference_ms = db_int(row, 11),
        .logged_in = db_bool(row, 12),
    };
}

static enum status
take_agent(void *ctx, const struct db_row *row, struct arena *a)
{
    read_agent(ctx, row, a);
    return STATUS_OK;
}

static enum status
take_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct agent_list *list = ctx;
    struct agent_row *item =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *item);
    if (item == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *item = (struct agent_row){
        .org_code = db_text(row, 13, a),
        .org_name = db_text(row, 14, a),
        .machine_id = db_text(row, 15, a),
        .label = db_text(row, 16, a),
        .account = db_text(row, 17, a),
        .enrolled_ms = db_int(row, 18),
        .revoked_ms = db_int(row, 19),
        .session_used_ms = db_int(row, 20),
        .certificate_not_after_ms = db_int(row, 21),
    };
    read_agent(&item->agent, row, a);
    list->count++;
    return STATUS_OK;
}

enum status
agent_queue_lock(struct db_queue *q, int tenant, const char *machine, struct agent_record *ret)
{
    return db_queue_add(q, &agent_lock, (struct param[]){p_int(tenant), p_text(machine)},
                        (struct db_sink){take_agent, ret, DB_ANY_COUNT});
}

static struct param
unless_zero(int64_t value)
{
    return value == 0 ? p_null() : p_int(value);
}

enum status
agent_queue_write(struct db_queue *q, int tenant, const char *machine,
                  const struct agent_record *agent)
{
    struct param params[] = {
        p_int(tenant),
        p_text(machine),
        p_text(agent->instance),
        p_text(agent->instance_before),
        unless_zero(agent->cloned_ms),
        p_int(agent->reported_ms),
        p_text(agent->version),
        p_text(agent->os),
        p_int(agent->queued),
        p_int(agent->unknown),
        p_int(agent->attention),
        unless_zero(agent->oldest_queued_ms),
        unless_zero(agent->certificate_not_after_ms),
        agent->has_clock_difference ? p_int(agent->clock_difference_ms) : p_null(),
        p_bool(agent->logged_in),
    };
    return db_queue_add(q, &agent_write, params, (struct db_sink){NULL, NULL, 1});
}

enum status
agent_queue_list(struct db_queue *q, int tenant, const char *org, bool revoked, int limit,
                 struct agent_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(org), p_bool(revoked), p_int(limit)};
    return db_queue_add(q, &agent_list, params, (struct db_sink){take_row, ret, DB_ANY_COUNT});
}
