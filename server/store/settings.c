#include "server/store/settings.h"

static const struct statement calendar_days = {
    .name = "calendar_days",
    .params = 2,
    .sql = "SELECT d.year, d.version, d.day, d.working, d.name FROM calendar_day d"
           " WHERE d.tenant = $1 AND ($2::integer = 0 OR d.year = $2::integer)"
           "   AND d.version = (SELECT max(n.version) FROM calendar_day n"
           "                     WHERE n.tenant = d.tenant AND n.year = d.year)"
           " ORDER BY d.day",
};

static const struct statement calendar_insert = {
    .name = "calendar_insert",
    .params = 7,
    .sql = "INSERT INTO calendar_day (tenant, year, version, day, working, name, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7)",
};

static const struct statement ladder_rules = {
    .name = "ladder_rules",
    .params = 1,
    .sql = "SELECT r.version, r.level, r.subject, r.class_mask, r.milestone_mask, r.trigger,"
           "       r.parameter, r.recipients FROM ladder_rule r"
           " WHERE r.tenant = $1 AND r.version = (SELECT max(n.version) FROM ladder_rule n"
           "                                       WHERE n.tenant = $1)"
           " ORDER BY r.level, r.no",
};

const struct statement *const settings_statements[] = {&calendar_days, &calendar_insert,
                                                       &ladder_rules, NULL};

static enum status
take_day(void *ctx, const struct db_row *row, struct arena *a)
{
    struct calendar_rows *list = ctx;
    struct calendar_row *day =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *day);
    if (day == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *day = (struct calendar_row){
        .year = (int32_t)db_int(row, 0),
        .version = (int32_t)db_int(row, 1),
        .day = db_day(row, 2),
        .working = db_bool(row, 3),
        .name = db_text(row, 4, a),
    };
    list->count++;
    return STATUS_OK;
}

enum status
calendar_queue_days(struct db_queue *q, int tenant, int32_t year, struct calendar_rows *ret)
{
    return db_queue_add(q, &calendar_days, (struct param[]){p_int(tenant), p_int(year)},
                        (struct db_sink){take_day, ret, DB_ANY_COUNT});
}

enum status
calendar_queue_insert(struct db_queue *q, int tenant, const struct calendar_row *row,
                      const char *event_id)
{
    struct param params[] = {p_int(tenant),   p_int(row->year),     p_int(row->version),
                             p_day(row->day), p_bool(row->working), p_text(row->name),
                             p_text(event_id)};
    return db_queue_add(q, &calendar_insert, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_rule(void *ctx, const struct db_row *row, struct arena *a)
{
    struct ladder_rows *list = ctx;
    struct ladder_row *rule =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *rule);
    if (rule == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *rule = (struct ladder_row){
        .version = (int32_t)db_int(row, 0),
        .level = (int32_t)db_int(row, 1),
        .subject = db_text(row, 2, a),
        .class_mask = (int32_t)db_int(row, 3),
        .milestone_mask = (int32_t)db_int(row, 4),
        .trigger = db_text(row, 5, a),
        .parameter = (int32_t)db_int(row, 6),
        .recipients = (uint64_t)db_int(row, 7),
    };
    list->count++;
    return STATUS_OK;
}

enum status
ladder_queue_rules(struct db_queue *q, int tenant, struct ladder_rows *ret)
{
    return db_queue_add(q, &ladder_rules, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_rule, ret, DB_ANY_COUNT});
}
