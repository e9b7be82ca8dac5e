#include "server/store/alert.h"

#include "proto/base/wire_text.h"

/* What the clock reads: seats and known keys. */

static const struct statement alert_listeners = {
    .name = "alert_listeners",
    .params = 2,
    .sql = "SELECT s.account, s.org, s.roles, c.name"
           "  FROM seat s JOIN account c ON c.tenant = s.tenant AND c.id = s.account"
           " WHERE s.tenant = $1 AND c.disabled_ms IS NULL AND s.ended_ms IS NULL"
           "   AND (s.from_day IS NULL OR s.from_day <= $2::date)"
           "   AND (s.to_day IS NULL OR s.to_day >= $2::date)"
           " ORDER BY s.account, s.org",
};

static const struct statement alert_known_keys = {
    "alert_known_keys", "SELECT key FROM alert WHERE tenant = $1 AND key = ANY ($2::text[])", 2};

/* What it writes. */

static const struct statement alert_insert = {
    .name = "alert_insert",
    .params = 18,
    .sql = "INSERT INTO alert (tenant, id, key, level, subject_kind, subject, subject_ref,"
           "                   milestone, trigger, org, due, due_version, days_left, text,"
           "                   raised_ms, event_id, proposals, direct)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
           "         $17, $18)",
};

static const struct statement alert_deliver = {
    .name = "alert_deliver",
    .params = 4,
    .sql = "WITH box AS ("
           "  INSERT INTO inbox AS b (tenant, account, last_seq) VALUES ($1, $2, 1)"
           "  ON CONFLICT (tenant, account) DO UPDATE SET last_seq = b.last_seq + 1"
           "  RETURNING last_seq)"
           " INSERT INTO delivery (tenant, account, seq, alert, created_ms)"
           " SELECT $1::int, $2::uuid, box.last_seq, $3::uuid, $4::bigint FROM box",
};

static const struct statement alert_cancel = {
    .name = "alert_cancel",
    .params = 3,
    .sql = "UPDATE alert SET cancelled_ms = $3"
           " WHERE tenant = $1 AND id = ANY ($2::uuid[]) AND cancelled_ms IS NULL",
};

/* What recipients read. */

#define DELIVERY_SELECT                                                                            \
    "SELECT a.id, d.seq, a.level, a.subject_kind, a.subject_ref, a.milestone, a.trigger, a.text,"  \
    "       a.due, a.days_left, a.raised_ms, d.acknowledged_ms, a.cancelled_ms, o.code,"           \
    "       a.proposals, a.direct"                                                                 \
    "  FROM delivery d JOIN alert a ON a.tenant = d.tenant AND a.id = d.alert"                     \
    "  LEFT JOIN org o ON o.tenant = a.tenant AND o.id = a.org"                                    \
    " WHERE d.tenant = $1 AND d.account = $2"

static const struct statement alert_list = {
    .name = "alert_list",
    .params = 4,
    .sql = DELIVERY_SELECT
    " AND (NOT $3::boolean OR (d.acknowledged_ms IS NULL AND a.cancelled_ms IS NULL))"
    " ORDER BY d.seq DESC LIMIT $4::int",
};

static const struct statement alert_after = {
    "alert_after", DELIVERY_SELECT " AND d.seq > $3 ORDER BY d.seq LIMIT $4::int", 4};

static const struct statement alert_newest = {
    "alert_newest", "SELECT last_seq FROM inbox WHERE tenant = $1 AND account = $2", 2};

static const struct statement delivery_open = {
    .name = "delivery_open",
    .params = 4,
    .sql = "SELECT d.seq, d.alert, a.subject_ref FROM delivery d"
           "  JOIN alert a ON a.tenant = d.tenant AND a.id = d.alert"
           " WHERE d.tenant = $1 AND d.account = $2 AND d.acknowledged_ms IS NULL"
           "   AND (d.alert = ANY ($3::uuid[]) OR d.seq <= $4)"
           " ORDER BY d.seq LIMIT 2000 FOR UPDATE OF d",
};

static const struct statement delivery_ack = {
    .name = "delivery_ack",
    .params = 4,
    .sql = "UPDATE delivery SET acknowledged_ms = $4"
           " WHERE tenant = $1 AND account = $2 AND seq = ANY ($3::bigint[])"
           "   AND acknowledged_ms IS NULL",
};

const struct statement *const alert_statements[] = {
    &alert_listeners, &alert_known_keys, &alert_insert,  &alert_deliver, &alert_cancel, &alert_list,
    &alert_after,     &alert_newest,     &delivery_open, &delivery_ack,  NULL};

static enum status
take_listener(void *ctx, const struct db_row *row, struct arena *a)
{
    struct listener_list *list = ctx;
    struct listener_record *l =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *l);
    if (l == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    l->account_id = db_text(row, 0, a);
    l->org_id = db_text(row, 1, a);
    l->roles = (uint64_t)db_int(row, 2);
    l->account = db_text(row, 3, a);
    list->count++;
    return l->account_id == NULL || l->org_id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
take_text(void *ctx, const struct db_row *row, struct arena *a)
{
    const char *text = db_text(row, 0, a);
    return text != NULL && text_list_add(ctx, a, text) ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

static char *
day_of(const struct db_row *row, int column, struct arena *a)
{
    return db_text(row, column, a); /* dates come as ISO text */
}

void
alert_fill_proposals(Pb__Alert *out, uint32_t mask, struct arena *a)
{
    out->proposals = mask == 0 ? NULL : arena_array(a, PROPOSE_COUNT, sizeof *out->proposals);
    for (unsigned i = 0; out->proposals != NULL && i < PROPOSE_COUNT; i++) {
        if ((mask & 1U << i) != 0) {
            out->proposals[out->n_proposals++] = wire_text(ladder_proposal_name(1U << i));
        }
    }
}

static void
fill_alert(Pb__Alert *out, const struct db_row *row, struct arena *a)
{
    pb__alert__init(out);
    out->id = db_text(row, 0, a);
    out->has_seq = out->has_level = out->has_light = 1;
    out->seq = db_int(row, 1);
    out->level = (int32_t)db_int(row, 2);
    out->light = out->level >= 4 ? PB__LIGHT__OVERDUE : PB__LIGHT__DUE_SOON;
    out->subject_kind = db_text(row, 3, a);
    out->subject_ref = db_text(row, 4, a);
    out->has_milestone = db_int(row, 5) != 0;
    out->milestone = (Pb__MilestoneKind)db_int(row, 5);
    out->trigger = db_text(row, 6, a);
    out->text = db_text(row, 7, a);
    out->due = day_of(row, 8, a);
    out->has_days_left = !db_is_null(row, 9);
    out->days_left = (int32_t)db_int(row, 9);
    out->has_raised_at_ms = 1;
    out->raised_at_ms = db_int(row, 10);
    out->has_acknowledged_at_ms = !db_is_null(row, 11);
    out->acknowledged_at_ms = db_int(row, 11);
    out->has_cancelled_at_ms = !db_is_null(row, 12);
    out->cancelled_at_ms = db_int(row, 12);
    out->org = db_text(row, 13, a);
    alert_fill_proposals(out, (uint32_t)db_int(row, 14), a);
    out->has_direct = 1;
    out->direct = db_bool(row, 15);
}

static enum status
take_alert(void *ctx, const struct db_row *row, struct arena *a)
{
    struct message_list *list = ctx;
    Pb__Alert **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Alert *out = arena_alloc(a, sizeof *out);
    if (slot == NULL || out == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    fill_alert(out, row, a);
    *slot = out;
    list->count++;
    return STATUS_OK;
}

static enum status
take_delivery(void *ctx, const struct db_row *row, struct arena *a)
{
    struct delivery_list *list = ctx;
    struct delivery_record *d =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *d);
    if (d == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *d = (struct delivery_record){db_int(row, 0), db_text(row, 1, a), db_text(row, 2, a)};
    list->count++;
    return d->alert_id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
alert_queue_listeners(struct db_queue *q, int tenant, int32_t day, struct listener_list *ret)
{
    return db_queue_add(q, &alert_listeners, (struct param[]){p_int(tenant), p_day(day)},
                        (struct db_sink){take_listener, ret, DB_ANY_COUNT});
}

enum status
alert_queue_known_keys(struct db_queue *q, int tenant, const struct text_list *keys,
                       struct arena *a, struct text_list *ret)
{
    return db_queue_add(q, &alert_known_keys,
                        (struct param[]){p_int(tenant), p_text(text_list_literal(keys, a))},
                        (struct db_sink){take_text, ret, DB_ANY_COUNT});
}

enum status
alert_queue_insert(struct db_queue *q, int tenant, const struct alert_record *alert,
                   const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(alert->id),
        p_text(alert->key),
        p_int(alert->level),
        p_text(alert->subject_kind),
        p_text(alert->subject_id),
        p_text(alert->subject_ref),
        p_int(alert->milestone),
        p_text(alert->trigger),
        p_text(alert->org_id),
        p_day(alert->due),
        p_int(alert->due_version),
        p_int(alert->days_left),
        p_text(alert->text),
        p_int(alert->raised_ms),
        p_text(event_id),
        p_int(alert->proposals),
        p_bool(alert->direct),
    };
    return db_queue_add(q, &alert_insert, params, (struct db_sink){NULL, NULL, 1});
}

enum status
alert_queue_deliver(struct db_queue *q, int tenant, const char *account_id, const char *alert_id,
                    int64_t now_ms)
{
    struct param params[] = {p_int(tenant), p_text(account_id), p_text(alert_id), p_int(now_ms)};
    return db_queue_add(q, &alert_deliver, params, (struct db_sink){NULL, NULL, 1});
}

enum status
alert_queue_cancel(struct db_queue *q, int tenant, const struct text_list *ids, int64_t now_ms,
                   struct arena *a)
{
    struct param params[] = {p_int(tenant), p_text(text_list_literal(ids, a)), p_int(now_ms)};
    return db_queue_add(q, &alert_cancel, params,
                        (struct db_sink){NULL, NULL, (int64_t)ids->count});
}

enum status
alert_queue_list(struct db_queue *q, int tenant, const char *account_id, bool open, int32_t limit,
                 struct message_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(account_id), p_bool(open), p_int(limit)};
    return db_queue_add(q, &alert_list, params, (struct db_sink){take_alert, ret, DB_ANY_COUNT});
}

enum status
alert_queue_after(struct db_queue *q, int tenant, const char *account_id, int64_t seq,
                  int32_t limit, struct message_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(account_id), p_int(seq), p_int(limit)};
    return db_queue_add(q, &alert_after, params, (struct db_sink){take_alert, ret, DB_ANY_COUNT});
}

enum status
alert_queue_newest(struct db_queue *q, int tenant, const char *account_id, int64_t *ret_seq)
{
    return db_queue_add(q, &alert_newest, (struct param[]){p_int(tenant), p_text(account_id)},
                        (struct db_sink){db_take_int64, ret_seq, DB_ANY_COUNT});
}

enum status
delivery_queue_open(struct db_queue *q, int tenant, const char *account_id,
                    const struct text_list *alert_ids, int64_t up_to_seq, struct arena *a,
                    struct delivery_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(account_id),
                             p_text(text_list_literal(alert_ids, a)), p_int(up_to_seq)};
    return db_queue_add(q, &delivery_open, params,
                        (struct db_sink){take_delivery, ret, DB_ANY_COUNT});
}

enum status
delivery_queue_ack(struct db_queue *q, int tenant, const char *account_id,
                   const struct delivery_list *list, int64_t now_ms, struct arena *a)
{
    int64_t *seqs = arena_array(a, list->count, sizeof *seqs);
    if (seqs == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < list->count; i++) {
        seqs[i] = list->items[i].seq;
    }
    struct param params[] = {p_int(tenant), p_text(account_id),
                             p_text(int_list_literal(seqs, list->count, a)), p_int(now_ms)};
    return db_queue_add(q, &delivery_ack, params,
                        (struct db_sink){NULL, NULL, (int64_t)list->count});
}
