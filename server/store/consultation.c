#include "server/store/consultation.h"

static const struct statement consultation_insert = {
    .name = "consultation_insert",
    .params = 9,
    .sql = "INSERT INTO consultation (tenant, id, measure, org, text, state, opened_ms, triage_due,"
           "                          version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)",
};

static const struct statement consultation_list = {
    .name = "consultation_list",
    .params = 1,
    .sql = "SELECT c.id, m.ref, o.code, c.text, c.state, c.opened_ms, c.triage_due, c.version"
           "  FROM consultation c"
           "  JOIN measure m ON m.tenant = c.tenant AND m.id = c.measure"
           "  JOIN org o ON o.tenant = c.tenant AND o.id = c.org"
           " WHERE c.tenant = $1 ORDER BY c.opened_ms DESC, c.id DESC LIMIT 2000",
};

const struct statement *const consultation_statements[] = {&consultation_insert, &consultation_list,
                                                           NULL};

static enum status
take_consultation(void *ctx, const struct db_row *row, struct arena *a)
{
    struct consultation_list *list = ctx;
    Pb__Consultation **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__Consultation *c = arena_alloc(a, sizeof *c);
    if (slot == NULL || c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__consultation__init(c);
    c->id = db_text(row, 0, a);
    c->measure_ref = db_text(row, 1, a);
    c->org = db_text(row, 2, a);
    c->text = db_text(row, 3, a);
    c->state = db_text(row, 4, a);
    c->has_opened_at_ms = c->has_version = 1;
    c->opened_at_ms = db_int(row, 5);
    c->triage_due = db_text(row, 6, a);
    c->version = db_int(row, 7);
    *slot = c;
    list->count++;
    return STATUS_OK;
}

enum status
consultation_queue_insert(struct db_queue *q, int tenant, const struct consultation_record *c,
                          const char *event_id)
{
    struct param params[] = {
        p_int(tenant),       p_text(c->id),        p_text(c->measure_id),
        p_text(c->org_id),   p_text(c->text),      p_text(c->state),
        p_int(c->opened_ms), p_day(c->triage_due), p_text(event_id),
    };
    return db_queue_add(q, &consultation_insert, params, (struct db_sink){NULL, NULL, 1});
}

enum status
consultation_queue_list(struct db_queue *q, int tenant, struct consultation_list *ret)
{
    return db_queue_add(q, &consultation_list, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_consultation, ret, DB_ANY_COUNT});
}
