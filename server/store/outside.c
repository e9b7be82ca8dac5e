#include "server/store/outside.h"

/* ---- planning ---- */

/* The unit a message counts for: where the account sits, the alert's own unit before others. */
static const struct statement outside_fresh = {
    .name = "outside_fresh",
    .params = 3,
    .sql = "SELECT d.account, d.seq, d.alert, a.direct,"
           "       a.cancelled_ms IS NULL AND d.acknowledged_ms IS NULL, s.id, s.code,"
           "       nullif(c.address, '')"
           "  FROM inbox b JOIN delivery d ON d.tenant = b.tenant AND d.account = b.account"
           "   AND d.seq > b.outside_seq"
           "  JOIN alert a ON a.tenant = d.tenant AND a.id = d.alert"
           "  LEFT JOIN contact c ON c.tenant = d.tenant AND c.account = d.account"
           "  LEFT JOIN LATERAL (SELECT o.id, o.code FROM seat t"
           "    JOIN org o ON o.tenant = t.tenant AND o.id = t.org"
           "   WHERE t.tenant = d.tenant AND t.account = d.account"
           "     AND (t.from_day IS NULL OR t.from_day <= $2::date)"
           "     AND (t.to_day IS NULL OR t.to_day >= $2::date)"
           "   ORDER BY t.org = a.org DESC NULLS LAST, t.org LIMIT 1) s ON true"
           " WHERE b.tenant = $1 AND b.outside_seq < b.last_seq"
           " ORDER BY d.account, d.seq LIMIT $3::int",
};

#define MESSAGE_COLUMNS                                                                            \
    "SELECT m.id, m.key, m.channel, m.kind, m.account, m.org, o.code, nullif(c.address, ''),"      \
    "       m.day, m.due_ms, m.attempts, m.state"
#define MESSAGE_TABLES                                                                             \
    "  FROM outside_message m JOIN org o ON o.tenant = m.tenant AND o.id = m.org"                  \
    "  LEFT JOIN contact c ON c.tenant = m.tenant AND c.account = m.account"

static const struct statement outside_open = {
    .name = "outside_open",
    .params = 2,
    .sql = MESSAGE_COLUMNS ", 0" MESSAGE_TABLES " WHERE m.tenant = $1 AND m.day >= $2::date - 30"
                           "   AND ((m.kind = 'DIRECT' AND m.state = 'QUEUED' AND m.attempts = 0)"
                           "        OR (m.kind = 'DIGEST' AND m.day >= $2::date))"
                           " ORDER BY m.created_ms",
};

static const struct statement outside_used = {
    .name = "outside_used",
    .params = 2,
    .sql = "SELECT m.org, m.day, count(*) FROM outside_message m"
           " WHERE m.tenant = $1 AND m.day >= $2::date AND m.kind = 'DIRECT'"
           "   AND m.state <> 'CANCELLED' GROUP BY m.org, m.day",
};

static const struct statement outside_insert = {
    .name = "outside_insert",
    .params = 10,
    .sql = "INSERT INTO outside_message (tenant, id, key, channel, kind, account, org, day, due_ms,"
           "                             state, created_ms, state_ms)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'QUEUED', $10, $10)",
};

static const struct statement outside_insert_for = {
    .name = "outside_insert_for",
    .params = 10,
    .sql = "INSERT INTO outside_message (tenant, id, key, channel, kind, account, org, day, due_ms,"
           "                             state, created_ms, state_ms)"
           " SELECT $1::int, $2::uuid, $3, $4, $5, $6::uuid, o.id, $8::date, $9::bigint, 'QUEUED',"
           "        $10::bigint, $10::bigint FROM org o WHERE o.tenant = $1 AND o.code = $7",
};

static const struct statement outside_item = {
    .name = "outside_item",
    .params = 4,
    .sql = "INSERT INTO outside_item (tenant, message, account, alert) VALUES ($1, $2, $3, $4)"
           " ON CONFLICT DO NOTHING",
};

static const struct statement outside_held = {
    .name = "outside_held",
    .params = 4,
    .sql = "INSERT INTO outside_held AS h (tenant, org, day, held) VALUES ($1, $2, $3, $4)"
           " ON CONFLICT (tenant, org, day) DO UPDATE SET held = h.held + excluded.held",
};

static const struct statement outside_mark = {
    .name = "outside_mark",
    .params = 3,
    .sql = "UPDATE inbox SET outside_seq = $3 WHERE tenant = $1 AND account = $2"
           "   AND outside_seq < $3",
};

static const struct statement outside_endpoints = {
    "outside_endpoints", "SELECT name FROM outside_endpoint WHERE tenant = $1 ORDER BY name", 1};

static const struct statement outside_drop_endpoints = {
    "outside_drop_endpoints",
    "DELETE FROM outside_endpoint WHERE tenant = $1 AND NOT name = ANY ($2::text[])", 2};

static const struct statement outside_add_endpoints = {
    .name = "outside_add_endpoints",
    .params = 3,
    .sql = "INSERT INTO outside_endpoint (tenant, name, seen_ms)"
           " SELECT $1::int, n, $3::bigint FROM unnest($2::text[]) n"
           " ON CONFLICT (tenant, name) DO NOTHING",
};

/* ---- sending ---- */

#define STANDING_COUNT                                                                             \
    ", (SELECT count(DISTINCT i.alert) FROM outside_item i"                                        \
    "     JOIN alert a ON a.tenant = i.tenant AND a.id = i.alert AND a.cancelled_ms IS NULL"       \
    "     JOIN delivery d ON d.tenant = i.tenant AND d.account = i.account"                        \
    "      AND d.alert = i.alert AND d.acknowledged_ms IS NULL"                                    \
    "    WHERE i.tenant = m.tenant AND i.message = m.id)"

static const struct statement outside_take = {
    .name = "outside_take",
    .params = 3,
    .sql = MESSAGE_COLUMNS STANDING_COUNT MESSAGE_TABLES
    " WHERE m.tenant = $1 AND m.state IN ('QUEUED', 'SENDING') AND m.due_ms <= $2"
    " ORDER BY m.due_ms, m.id LIMIT $3::int FOR UPDATE OF m SKIP LOCKED",
};

static const struct statement outside_sending = {
    .name = "outside_sending",
    .params = 2,
    .sql = MESSAGE_COLUMNS ", m.count" MESSAGE_TABLES
                           " WHERE m.tenant = $1 AND m.id = ANY ($2::uuid[])"
                           "   AND m.state = 'SENDING' ORDER BY m.id FOR UPDATE OF m",
};

static const struct statement outside_update = {
    .name = "outside_update",
    .params = 8,
    .sql = "UPDATE outside_message SET state = $3, due_ms = $4, attempts = $5, count = $6,"
           "       error = $7, state_ms = $8 WHERE tenant = $1 AND id = $2",
};

static const struct statement breaker_read = {
    .name = "breaker_read",
    .params = 1,
    .sql = "SELECT hour, sent, tripped_ms, trips, version FROM breaker WHERE tenant = $1",
};

static const struct statement breaker_lock = {
    .name = "breaker_lock",
    .params = 1,
    .sql = "SELECT hour, sent, tripped_ms, trips, version FROM breaker WHERE tenant = $1"
           " FOR UPDATE",
};

static const struct statement breaker_put = {
    .name = "breaker_put",
    .params = 7,
    .sql = "INSERT INTO breaker (tenant, hour, sent, tripped_ms, trips, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant) DO UPDATE"
           " SET hour = excluded.hour, sent = excluded.sent, tripped_ms = excluded.tripped_ms,"
           "     trips = excluded.trips, version = excluded.version,"
           "     event_id = excluded.event_id",
};

static const struct statement outside_discard = {
    .name = "outside_discard",
    .params = 2,
    .sql = "UPDATE outside_message SET state = 'CANCELLED', error = 'DISCARDED', state_ms = $2"
           " WHERE tenant = $1 AND state = 'QUEUED'",
};

static const struct statement outside_count_waiting = {
    .name = "outside_count_waiting",
    .params = 1,
    .sql = "SELECT count(*) FROM outside_message WHERE tenant = $1 AND state = 'QUEUED'",
};

/* ---- looking ---- */

static const struct statement outside_list = {
    .name = "outside_list",
    .params = 3,
    .sql = "SELECT m.id, m.channel, m.kind, o.code, c.name, m.count, m.due_ms, m.attempts,"
           "       m.state, m.error, m.state_ms"
           "  FROM outside_message m JOIN org o ON o.tenant = m.tenant AND o.id = m.org"
           "  LEFT JOIN account c ON c.tenant = m.tenant AND c.id = m.account"
           " WHERE m.tenant = $1 AND ($2::text IS NULL OR m.state = $2)"
           " ORDER BY m.created_ms DESC, m.id DESC LIMIT $3::int",
};

static const struct statement outside_totals = {
    .name = "outside_totals",
    .params = 3,
    .sql = "SELECT m.channel, count(*) FILTER (WHERE m.state IN ('QUEUED', 'SENDING')),"
           "       count(*) FILTER (WHERE m.state = 'SENT' AND m.state_ms >= $2),"
           "       count(*) FILTER (WHERE m.state = 'FAILED' AND m.state_ms >= $3)"
           "  FROM outside_message m WHERE m.tenant = $1 AND (m.state IN ('QUEUED', 'SENDING')"
           "    OR (m.state = 'SENT' AND m.day >= to_timestamp($2::bigint / 1000)::date - 30"
           "        AND m.state_ms >= $2)"
           "    OR (m.state = 'FAILED' AND m.state_ms >= $3)) GROUP BY m.channel",
};

static const struct statement outside_held_on = {
    .name = "outside_held_on",
    .params = 2,
    .sql = "SELECT coalesce(sum(held), 0)::bigint FROM outside_held WHERE tenant = $1 AND day = $2",
};

/* ---- contacts, settings ---- */

#define CONTACT_COLUMNS                                                                            \
    "SELECT a.id, a.name, coalesce(c.address, ''), coalesce(c.version, 0) FROM account a"

static const struct statement contact_find = {
    .name = "contact_find",
    .params = 3,
    .sql = CONTACT_COLUMNS
    "  LEFT JOIN contact c ON c.tenant = a.tenant AND c.account = a.id"
    " WHERE a.tenant = $1 AND (a.name = $2 OR a.id = $3::uuid"
    "    OR ($2 IS NULL AND $3 IS NULL AND c.address <> '')) ORDER BY a.name LIMIT 2000",
};

static const struct statement contact_put = {
    .name = "contact_put",
    .params = 5,
    .sql = "INSERT INTO contact (tenant, account, address, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, account) DO UPDATE"
           " SET address = excluded.address, version = excluded.version,"
           "     event_id = excluded.event_id WHERE contact.version = excluded.version - 1",
};

static const struct statement setting_read = {
    .name = "setting_read",
    .params = 1,
    .sql = "SELECT DISTINCT ON (s.name) s.name, s.value, s.version FROM setting s"
           " WHERE s.tenant = $1 ORDER BY s.name, s.version DESC",
};

static const struct statement setting_put = {
    .name = "setting_put",
    .params = 5,
    .sql = "INSERT INTO setting (tenant, name, version, value, event_id)"
           " VALUES ($1, $2, $3, $4, $5)",
};

const struct statement *const outside_statements[] = {
    &outside_fresh,          &outside_open,          &outside_used,
    &outside_insert,         &outside_insert_for,    &outside_item,
    &outside_held,           &outside_mark,          &outside_endpoints,
    &outside_drop_endpoints, &outside_add_endpoints, &outside_take,
    &outside_sending,        &outside_update,        &breaker_read,
    &breaker_lock,           &breaker_put,           &outside_discard,
    &outside_count_waiting,  &outside_list,          &outside_totals,
    &outside_held_on,        &contact_find,          &contact_put,
    &setting_read,           &setting_put,           NULL};

/* ---- rows ---- */

static enum status
take_delivery(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outside_delivery_list *list = ctx;
    struct outside_delivery *d =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *d);
    if (d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *d = (struct outside_delivery){
        .account_id = db_text(row, 0, a),
        .seq = db_int(row, 1),
        .alert_id = db_text(row, 2, a),
        .direct = db_bool(row, 3),
        .stands = db_bool(row, 4),
        .org_id = db_text(row, 5, a),
        .org = db_text(row, 6, a),
        .address = db_text(row, 7, a),
    };
    list->count++;
    return d->account_id == NULL || d->alert_id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
outside_queue_fresh(struct db_queue *q, int tenant, int32_t day, int32_t limit,
                    struct outside_delivery_list *ret)
{
    struct param params[] = {p_int(tenant), p_day(day), p_int(limit)};
    return db_queue_add(q, &outside_fresh, params,
                        (struct db_sink){take_delivery, ret, DB_ANY_COUNT});
}

static enum status
take_message(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outside_list *list = ctx;
    struct outside_record *m =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *m);
    if (m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = (struct outside_record){
        .id = db_text(row, 0, a),
        .key = db_text(row, 1, a),
        .channel = channel_from_name(db_text(row, 2, a)),
        .kind = db_text(row, 3, a),
        .account_id = db_text(row, 4, a),
        .org_id = db_text(row, 5, a),
        .org = db_text(row, 6, a),
        .address = db_text(row, 7, a),
        .day = db_day(row, 8),
        .due_ms = db_int(row, 9),
        .attempts = (int32_t)db_int(row, 10),
        .state = db_text(row, 11, a),
        .count = (int32_t)db_int(row, 12),
    };
    list->count++;
    return m->id == NULL || m->key == NULL || m->kind == NULL || m->org_id == NULL ||
                   m->state == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : STATUS_OK;
}

enum status
outside_queue_open(struct db_queue *q, int tenant, int32_t day, struct outside_list *ret)
{
    return db_queue_add(q, &outside_open, (struct param[]){p_int(tenant), p_day(day)},
                        (struct db_sink){take_message, ret, DB_ANY_COUNT});
}

static enum status
take_used(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outside_used_list *list = ctx;
    struct outside_used *u =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *u);
    if (u == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *u = (struct outside_used){db_text(row, 0, a), db_day(row, 1), (int32_t)db_int(row, 2)};
    list->count++;
    return u->org_id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
outside_queue_used(struct db_queue *q, int tenant, int32_t day, struct outside_used_list *ret)
{
    return db_queue_add(q, &outside_used, (struct param[]){p_int(tenant), p_day(day)},
                        (struct db_sink){take_used, ret, DB_ANY_COUNT});
}

enum status
outside_queue_insert(struct db_queue *q, int tenant, const struct outside_record *m, int64_t now_ms)
{
    struct param params[] = {
        p_int(tenant),     p_text(m->id),
        p_text(m->key),    p_text(channel_name(m->channel)),
        p_text(m->kind),   p_text(m->account_id),
        p_text(m->org_id), p_day(m->day),
        p_int(m->due_ms),  p_int(now_ms),
    };
    return db_queue_add(q, &outside_insert, params, (struct db_sink){NULL, NULL, 1});
}

enum status
outside_queue_insert_for(struct db_queue *q, int tenant, const struct outside_record *m,
                         const char *org, int64_t now_ms)
{
    struct param params[] = {
        p_int(tenant),    p_text(m->id),         p_text(m->key), p_text(channel_name(m->channel)),
        p_text(m->kind),  p_text(m->account_id), p_text(org),    p_day(m->day),
        p_int(m->due_ms), p_int(now_ms),
    };
    return db_queue_add(q, &outside_insert_for, params, (struct db_sink){NULL, NULL, 1});
}

enum status
outside_queue_item(struct db_queue *q, int tenant, const char *message_id, const char *account_id,
                   const char *alert_id)
{
    struct param params[] = {p_int(tenant), p_text(message_id), p_text(account_id),
                             p_text(alert_id)};
    return db_queue_add(q, &outside_item, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}

enum status
outside_queue_held(struct db_queue *q, int tenant, const char *org_id, int32_t day, int32_t more)
{
    struct param params[] = {p_int(tenant), p_text(org_id), p_day(day), p_int(more)};
    return db_queue_add(q, &outside_held, params, (struct db_sink){NULL, NULL, 1});
}

enum status
outside_queue_mark(struct db_queue *q, int tenant, const char *account_id, int64_t seq)
{
    struct param params[] = {p_int(tenant), p_text(account_id), p_int(seq)};
    return db_queue_add(q, &outside_mark, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_text(void *ctx, const struct db_row *row, struct arena *a)
{
    const char *text = db_text(row, 0, a);
    return text != NULL && text_list_add(ctx, a, text) ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

enum status
outside_queue_endpoints(struct db_queue *q, int tenant, struct text_list *ret)
{
    return db_queue_add(q, &outside_endpoints, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_text, ret, DB_ANY_COUNT});
}

enum status
outside_queue_put_endpoints(struct db_queue *q, int tenant, const struct text_list *names,
                            int64_t now_ms, struct arena *a)
{
    struct param params[] = {p_int(tenant), p_text(text_list_literal(names, a)), p_int(now_ms)};
    enum status s = db_queue_add(q, &outside_drop_endpoints, params,
                                 (struct db_sink){NULL, NULL, DB_ANY_COUNT});
    return s == STATUS_OK ? db_queue_add(q, &outside_add_endpoints, params,
                                         (struct db_sink){NULL, NULL, DB_ANY_COUNT})
                          : s;
}

enum status
outside_queue_take(struct db_queue *q, int tenant, int64_t now_ms, int32_t limit,
                   struct outside_list *ret)
{
    struct param params[] = {p_int(tenant), p_int(now_ms), p_int(limit)};
    return db_queue_add(q, &outside_take, params,
                        (struct db_sink){take_message, ret, DB_ANY_COUNT});
}

enum status
outside_queue_sending(struct db_queue *q, int tenant, const struct text_list *ids, struct arena *a,
                      struct outside_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(text_list_literal(ids, a))};
    return db_queue_add(q, &outside_sending, params,
                        (struct db_sink){take_message, ret, DB_ANY_COUNT});
}

enum status
outside_queue_update(struct db_queue *q, int tenant, const struct outside_record *m,
                     const char *error, int64_t now_ms)
{
    struct param params[] = {p_int(tenant),    p_text(m->id),      p_text(m->state),
                             p_int(m->due_ms), p_int(m->attempts), p_int(m->count),
                             p_text(error),    p_int(now_ms)};
    return db_queue_add(q, &outside_update, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_breaker(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(struct breaker_record *)ctx = (struct breaker_record){
        .exists = true,
        .hour = db_int(row, 0),
        .sent = (int32_t)db_int(row, 1),
        .tripped_ms = db_int(row, 2),
        .trips = (int32_t)db_int(row, 3),
        .version = db_int(row, 4),
    };
    return STATUS_OK;
}

enum status
breaker_queue_read(struct db_queue *q, int tenant, bool lock, struct breaker_record *ret)
{
    return db_queue_add(q, lock ? &breaker_lock : &breaker_read, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_breaker, ret, DB_ANY_COUNT});
}

enum status
breaker_queue_put(struct db_queue *q, int tenant, const struct breaker_record *b,
                  const char *event_id)
{
    struct param params[] = {
        p_int(tenant),    p_int(b->hour),
        p_int(b->sent),   b->tripped_ms == 0 ? p_null() : p_int(b->tripped_ms),
        p_int(b->trips),  p_int(b->version),
        p_text(event_id),
    };
    return db_queue_add(q, &breaker_put, params, (struct db_sink){NULL, NULL, 1});
}

enum status
outside_queue_discard(struct db_queue *q, int tenant, int64_t now_ms)
{
    return db_queue_add(q, &outside_discard, (struct param[]){p_int(tenant), p_int(now_ms)},
                        (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}

enum status
outside_queue_count_waiting(struct db_queue *q, int tenant, int64_t *ret)
{
    return db_queue_add(q, &outside_count_waiting, (struct param[]){p_int(tenant)},
                        (struct db_sink){db_take_int64, ret, 1});
}

static enum status
take_listed(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outside_message_list *list = ctx;
    Pb__Message **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Message *m = arena_alloc(a, sizeof *m);
    if (slot == NULL || m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__message__init(m);
    m->id = db_text(row, 0, a);
    m->channel = db_text(row, 1, a);
    m->kind = db_text(row, 2, a);
    m->org = db_text(row, 3, a);
    m->account = db_text(row, 4, a);
    m->has_count = m->has_due_at_ms = m->has_attempts = m->has_state_at_ms = 1;
    m->count = (int32_t)db_int(row, 5);
    m->due_at_ms = db_int(row, 6);
    m->attempts = (int32_t)db_int(row, 7);
    m->state = db_text(row, 8, a);
    m->error = db_text(row, 9, a);
    m->state_at_ms = db_int(row, 10);
    *slot = m;
    list->count++;
    return STATUS_OK;
}

enum status
outside_queue_list(struct db_queue *q, int tenant, const char *state, int32_t limit,
                   struct outside_message_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(state), p_int(limit)};
    return db_queue_add(q, &outside_list, params, (struct db_sink){take_listed, ret, DB_ANY_COUNT});
}

static enum status
take_totals(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outside_totals *t = ctx;
    enum outside_channel channel = channel_from_name(db_text(row, 0, a));
    if (channel != CHANNEL_COUNT) {
        t->waiting[channel] = (int32_t)db_int(row, 1);
        t->sent[channel] = (int32_t)db_int(row, 2);
        t->failed[channel] = (int32_t)db_int(row, 3);
    }
    return STATUS_OK;
}

enum status
outside_queue_totals(struct db_queue *q, int tenant, int64_t sent_from_ms, int64_t failed_from_ms,
                     struct outside_totals *ret)
{
    struct param params[] = {p_int(tenant), p_int(sent_from_ms), p_int(failed_from_ms)};
    return db_queue_add(q, &outside_totals, params,
                        (struct db_sink){take_totals, ret, DB_ANY_COUNT});
}

enum status
outside_queue_held_on(struct db_queue *q, int tenant, int32_t day, int64_t *ret)
{
    return db_queue_add(q, &outside_held_on, (struct param[]){p_int(tenant), p_day(day)},
                        (struct db_sink){db_take_int64, ret, 1});
}

/* ---- contacts, settings ---- */

static enum status
take_contact(void *ctx, const struct db_row *row, struct arena *a)
{
    struct contact_list *list = ctx;
    struct contact_record *c =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *c);
    if (c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *c = (struct contact_record){db_text(row, 0, a), db_text(row, 1, a), db_text(row, 2, a),
                                 db_int(row, 3)};
    list->count++;
    return c->account_id == NULL || c->address == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
contact_queue_find(struct db_queue *q, int tenant, const char *name, const char *id,
                   struct contact_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(name), p_text(id)};
    return db_queue_add(q, &contact_find, params,
                        (struct db_sink){take_contact, ret, DB_ANY_COUNT});
}

enum status
contact_queue_put(struct db_queue *q, int tenant, const struct contact_record *c,
                  const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(c->account_id), p_text(c->address),
                             p_int(c->version), p_text(event_id)};
    return db_queue_add(q, &contact_put, params, (struct db_sink){NULL, NULL, 1});
}

struct setting_sink {
    struct setting_list *list; /* may be NULL */
    struct settings *settings; /* may be NULL */
};

static enum status
take_setting(void *ctx, const struct db_row *row, struct arena *a)
{
    const struct setting_sink *sink = ctx;
    struct setting_record s = {db_text(row, 0, a), db_text(row, 1, a), (int32_t)db_int(row, 2)};
    if (s.name == NULL || s.value == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    if (sink->settings != NULL) {
        settings_apply(sink->settings, s.name, s.value);
    }
    if (sink->list == NULL) {
        return STATUS_OK;
    }
    struct setting_record *slot = arena_grow(a, (void **)&sink->list->items, sink->list->count,
                                             &sink->list->capacity, sizeof *slot);
    if (slot == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *slot = s;
    sink->list->count++;
    return STATUS_OK;
}

enum status
setting_queue_read(struct db_queue *q, int tenant, struct setting_list *ret,
                   struct settings *ret_settings, struct arena *a)
{
    struct setting_sink *sink = arena_alloc(a, sizeof *sink);
    if (sink == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *sink = (struct setting_sink){ret, ret_settings};
    if (ret_settings != NULL) {
        settings_init(ret_settings);
    }
    return db_queue_add(q, &setting_read, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_setting, sink, DB_ANY_COUNT});
}

enum status
setting_queue_put(struct db_queue *q, int tenant, const struct setting_record *s,
                  const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(s->name), p_int(s->version), p_text(s->value),
                             p_text(event_id)};
    return db_queue_add(q, &setting_put, params, (struct db_sink){NULL, NULL, 1});
}
