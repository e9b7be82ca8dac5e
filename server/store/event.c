#include "server/store/event.h"

static const struct statement event_insert = {
    .name = "event_insert",
    .sql = "INSERT INTO event (tenant, id, recorded_ms, account, org, method, body, leaf_hash)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    .params = 8,
};

static const struct statement event_change_insert = {
    .name = "event_change_insert",
    .sql = "INSERT INTO event_change (tenant, event_id, no, kind, thing, version, command,"
           "                          from_state, to_state, reason, account, org_text, recorded_ms)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    .params = 13,
};

static const struct statement event_unsealed_insert = {
    .name = "event_unsealed_insert",
    .sql = "INSERT INTO event_unsealed (tenant, event_id) VALUES ($1, $2)",
    .params = 2,
};

static const struct statement event_notify = {
    .name = "event_notify",
    .sql = "SELECT pg_notify('rectify', $1)",
    .params = 1,
};

const struct statement *const event_statements[] = {&event_insert, &event_change_insert,
                                                    &event_unsealed_insert, &event_notify, NULL};

enum status
event_queue_insert(struct db_queue *q, const struct event_record *event)
{
    const struct param params[] = {
        p_int(event->tenant),
        p_text(event->id),
        p_int(event->recorded_ms),
        p_text(event->account),
        p_text(event->org_id),
        p_text(event->method),
        p_bytes(event->body, event->body_size),
        p_bytes(event->leaf_hash, 32),
    };
    enum status s = db_queue_add(q, &event_insert, params, (struct db_sink){.expect = 1});
    if (s != STATUS_OK) {
        return s;
    }
    const struct param unsealed[] = {p_int(event->tenant), p_text(event->id)};
    return db_queue_add(q, &event_unsealed_insert, unsealed, (struct db_sink){.expect = 1});
}

enum status
event_queue_change(struct db_queue *q, const struct event_record *event,
                   const struct event_change_record *change)
{
    const struct param params[] = {
        p_int(event->tenant),      p_text(event->id),          p_int(change->no),
        p_text(change->kind),      p_text(change->thing),      p_int(change->version),
        p_text(change->command),   p_text(change->from_state), p_text(change->to_state),
        p_text(change->reason),    p_text(event->account),     p_text(event->org_text),
        p_int(event->recorded_ms),
    };
    return db_queue_add(q, &event_change_insert, params, (struct db_sink){.expect = 1});
}

enum status
event_queue_notify(struct db_queue *q, const char *payload)
{
    const struct param params[] = {p_text(payload)};
    return db_queue_add(q, &event_notify, params, (struct db_sink){.expect = 1});
}
