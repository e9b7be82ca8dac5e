#include "server/store/event.h"

static const struct statement event_insert = {
    .name = "event_insert",
    .sql =
        "INSERT INTO event (tenant, id, recorded_ms, account, org, method, body, leaf_hash)"
        " SELECT $1, e.id, e.recorded_ms, e.account, e.org, e.method,"
        "        substr($9::bytea, e.at, e.size), substr($10::bytea, (e.no::integer - 1) * 32 + 1,"
        "        32)"
        "   FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::uuid[], $6::text[],"
        "               $7::integer[], $8::integer[]) WITH ORDINALITY"
        "        AS e (id, recorded_ms, account, org, method, at, size, no)",
    .params = 10,
};

static const struct statement event_unsealed_insert = {
    .name = "event_unsealed_insert",
    .sql = "INSERT INTO event_unsealed (tenant, event_id) SELECT $1, unnest($2::uuid[])",
    .params = 2,
};

static const struct statement event_change_insert = {
    .name = "event_change_insert",
    .sql = "INSERT INTO event_change (tenant, event_id, no, kind, thing, version, command,"
           "                          from_state, to_state, reason, account, org_text, recorded_ms)"
           " SELECT $1, c.*"
           "   FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::uuid[], $6::bigint[],"
           "               $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],"
           "               $12::text[], $13::bigint[]) AS c",
    .params = 13,
};

static const struct statement event_notify = {
    .name = "event_notify",
    .sql = "SELECT pg_notify('rectify', $1)",
    .params = 1,
};

const struct statement *const event_statements[] = {&event_insert, &event_change_insert,
                                                    &event_unsealed_insert, &event_notify, NULL};

bool
event_rows_add(struct event_rows *rows, struct arena *a, const struct event_record *event)
{
    rows->events++;
    return column_text(&rows->id, a, event->id) &&
           column_int(&rows->recorded, a, event->recorded_ms) &&
           column_text(&rows->account, a, event->account) &&
           column_text(&rows->org, a, event->org_id) &&
           column_text(&rows->method, a, event->method) &&
           column_int(&rows->at, a, (int64_t)rows->bodies.used + 1) &&
           column_int(&rows->size, a, (int64_t)event->body_size) &&
           column_bytes(&rows->bodies, a, event->body, event->body_size) &&
           column_bytes(&rows->hashes, a, event->leaf_hash, 32);
}

bool
event_rows_add_change(struct event_rows *rows, struct arena *a, const struct event_record *event,
                      const struct event_change_record *change)
{
    rows->changes++;
    return column_text(&rows->c_event, a, event->id) && column_int(&rows->c_no, a, change->no) &&
           column_text(&rows->c_kind, a, change->kind) &&
           column_text(&rows->c_thing, a, change->thing) &&
           column_int(&rows->c_version, a, change->version) &&
           column_text(&rows->c_command, a, change->command) &&
           column_text(&rows->c_from, a, change->from_state) &&
           column_text(&rows->c_to, a, change->to_state) &&
           column_text(&rows->c_reason, a, change->reason) &&
           column_text(&rows->c_account, a, event->account) &&
           column_text(&rows->c_org, a, event->org_text) &&
           column_int(&rows->c_recorded, a, event->recorded_ms);
}

static enum status
queue_events(struct event_rows *r, struct arena *a, struct db_queue *q, int tenant)
{
    const char *ids = column_literal(&r->id, a);
    const struct param params[] = {
        p_int(tenant),
        p_text(ids),
        p_text(column_literal(&r->recorded, a)),
        p_text(column_literal(&r->account, a)),
        p_text(column_literal(&r->org, a)),
        p_text(column_literal(&r->method, a)),
        p_text(column_literal(&r->at, a)),
        p_text(column_literal(&r->size, a)),
        p_bytes(r->bodies.data, r->bodies.used),
        p_bytes(r->hashes.data, r->hashes.used),
    };
    const struct db_sink all = {.expect = (int64_t)r->events};
    enum status s = db_queue_add(q, &event_insert, params, all);
    if (s != STATUS_OK) {
        return s;
    }
    const struct param unsealed[] = {p_int(tenant), p_text(ids)};
    return db_queue_add(q, &event_unsealed_insert, unsealed, all);
}

static enum status
queue_changes(struct event_rows *r, struct arena *a, struct db_queue *q, int tenant)
{
    const struct param params[] = {
        p_int(tenant),
        p_text(column_literal(&r->c_event, a)),
        p_text(column_literal(&r->c_no, a)),
        p_text(column_literal(&r->c_kind, a)),
        p_text(column_literal(&r->c_thing, a)),
        p_text(column_literal(&r->c_version, a)),
        p_text(column_literal(&r->c_command, a)),
        p_text(column_literal(&r->c_from, a)),
        p_text(column_literal(&r->c_to, a)),
        p_text(column_literal(&r->c_reason, a)),
        p_text(column_literal(&r->c_account, a)),
        p_text(column_literal(&r->c_org, a)),
        p_text(column_literal(&r->c_recorded, a)),
    };
    const struct db_sink all = {.expect = (int64_t)r->changes};
    return db_queue_add(q, &event_change_insert, params, all);
}

enum status
event_rows_queue(struct event_rows *rows, struct arena *a, struct db_queue *q, int tenant)
{
    enum status s = rows->events == 0 ? STATUS_OK : queue_events(rows, a, q, tenant);
    if (s == STATUS_OK && rows->changes > 0) {
        s = queue_changes(rows, a, q, tenant);
    }
    return s;
}

enum status
event_queue_notify(struct db_queue *q, const char *payload)
{
    const struct param params[] = {p_text(payload)};
    return db_queue_add(q, &event_notify, params, (struct db_sink){.expect = 1});
}
