#include "server/store/settings.h"

static const struct statement calendar_days = {
    .name = "calendar_days",
    .params = 2,
    .sql = "SELECT d.year, d.version, d.day, d.working, d.name,"
           "       row_number() OVER (PARTITION BY d.year ORDER BY d.day) = 1 FROM calendar_day d"
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

/* $2: the version; 0 for the one that is on: what was activated last, or the first there was. */
static const struct statement ladder_read = {
    .name = "ladder_read",
    .params = 2,
    .sql = "SELECT r.version, r.level, r.repeat, r.subject, r.class_mask, r.trigger, r.parameter,"
           "       r.direct, r.recipients, r.proposals FROM ladder_rule r"
           " WHERE r.tenant = $1 AND r.version = coalesce(nullif($2::integer, 0),"
           "       (SELECT n.value::integer FROM setting n"
           "         WHERE n.tenant = $1 AND n.name = 'ladder_version'"
           "         ORDER BY n.version DESC LIMIT 1),"
           "       (SELECT min(n.version) FROM ladder_rule n WHERE n.tenant = $1))"
           " ORDER BY r.level, r.no",
};

static const struct statement ladder_insert = {
    .name = "ladder_insert",
    .params = 13,
    .sql = "INSERT INTO ladder_rule (tenant, version, no, level, repeat, subject, class_mask,"
           "                         trigger, parameter, direct, recipients, proposals, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
           " ON CONFLICT ON CONSTRAINT ladder_rule_pk DO NOTHING",
};

static const struct statement ladder_versions = {
    .name = "ladder_versions",
    .params = 1,
    .sql = "SELECT r.version, count(*), r.version = coalesce("
           "         (SELECT n.value::integer FROM setting n"
           "           WHERE n.tenant = $1 AND n.name = 'ladder_version'"
           "           ORDER BY n.version DESC LIMIT 1),"
           "         (SELECT min(n.version) FROM ladder_rule n WHERE n.tenant = $1)),"
           "       t.recorded_ms, t.alerts, t.rules_sha256"
           "  FROM ladder_rule r LEFT JOIN LATERAL (SELECT * FROM ladder_trial l"
           "    WHERE l.tenant = r.tenant AND l.version = r.version"
           "    ORDER BY l.recorded_ms DESC LIMIT 1) t ON true"
           " WHERE r.tenant = $1 GROUP BY r.version, t.recorded_ms, t.alerts, t.rules_sha256"
           " ORDER BY r.version DESC",
};

static const struct statement ladder_trial_insert = {
    .name = "ladder_trial_insert",
    .params = 9,
    .sql = "INSERT INTO ladder_trial (tenant, id, version, rules_sha256, result_sha256, as_of,"
           "                          alerts, account, recorded_ms)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
};

static const struct statement ladder_key_hashes = {
    .name = "ladder_key_hashes",
    .params = 1,
    .sql = "SELECT ('x' || left(encode(sha256(convert_to(a.key, 'UTF8')), 'hex'), 16))"
           "::bit(64)::bigint FROM alert a WHERE a.tenant = $1 LIMIT 2000000",
};

const struct statement *const settings_statements[] = {
    &calendar_days,   &calendar_insert,     &ladder_read,       &ladder_insert,
    &ladder_versions, &ladder_trial_insert, &ladder_key_hashes, NULL};

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
take_calendar_day(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    struct calendar *c = ctx;
    int32_t year = (int32_t)db_int(row, 0);
    int32_t day = db_day(row, 2);
    /* Rows come by day, so a year's first row replaces what was built in. */
    bool first = db_bool(row, 5);
    enum status s = first ? calendar_replace_year(c, year) : STATUS_OK;
    return s != STATUS_OK
               ? s
               : calendar_add_day(c, day, db_bool(row, 3) ? CALENDAR_WORK : CALENDAR_OFF);
}

enum status
calendar_queue_read(struct db_queue *q, int tenant, struct calendar *ret)
{
    calendar_init_builtin(ret);
    return db_queue_add(q, &calendar_days, (struct param[]){p_int(tenant), p_int(0)},
                        (struct db_sink){take_calendar_day, ret, DB_ANY_COUNT});
}

static enum status
take_rule(void *ctx, const struct db_row *row, struct arena *a)
{
    struct ladder_rules *list = ctx;
    struct ladder_rule *rule =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *rule);
    if (rule == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->version = (int32_t)db_int(row, 0);
    *rule = (struct ladder_rule){
        .level = (uint8_t)db_int(row, 1),
        .repeat = (uint8_t)db_int(row, 2),
        .subject = (uint8_t)ladder_subject_from_name(db_text(row, 3, a)),
        .class_mask = (uint8_t)db_int(row, 4),
        .trigger = (uint8_t)ladder_trigger_from_name(db_text(row, 5, a)),
        .parameter = (int32_t)db_int(row, 6),
        .direct = db_bool(row, 7),
        .recipients = (uint32_t)db_int(row, 8),
        .proposals = (uint32_t)db_int(row, 9),
    };
    list->count++;
    return STATUS_OK;
}

enum status
ladder_queue_read_version(struct db_queue *q, int tenant, int32_t version, struct ladder_rules *ret)
{
    return db_queue_add(q, &ladder_read, (struct param[]){p_int(tenant), p_int(version)},
                        (struct db_sink){take_rule, ret, DB_ANY_COUNT});
}

enum status
ladder_queue_read(struct db_queue *q, int tenant, struct ladder_rules *ret)
{
    return ladder_queue_read_version(q, tenant, 0, ret);
}

enum status
ladder_queue_insert(struct db_queue *q, int tenant, int32_t version, int32_t no,
                    const struct ladder_rule *rule, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_int(version),
        p_int(no),
        p_int(rule->level),
        p_int(rule->repeat),
        p_text(ladder_subject_name((enum ladder_subject)rule->subject)),
        p_int(rule->class_mask),
        p_text(ladder_trigger_name((enum ladder_trigger)rule->trigger)),
        p_int(rule->parameter),
        p_bool(rule->direct),
        p_int(rule->recipients),
        p_int(rule->proposals),
        p_text(event_id),
    };
    return db_queue_add(q, &ladder_insert, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}

static enum status
take_version(void *ctx, const struct db_row *row, struct arena *a)
{
    struct ladder_versions *list = ctx;
    struct ladder_version *v =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *v);
    if (v == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t size = 0;
    *v = (struct ladder_version){
        .version = (int32_t)db_int(row, 0),
        .rules = (int32_t)db_int(row, 1),
        .on = db_bool(row, 2),
        .tried_ms = db_int(row, 3),
        .tried_alerts = db_int(row, 4),
        .tried_sha256 = db_bytes(row, 5, a, &size),
    };
    list->count++;
    return STATUS_OK;
}

enum status
ladder_queue_versions(struct db_queue *q, int tenant, struct ladder_versions *ret)
{
    return db_queue_add(q, &ladder_versions, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_version, ret, DB_ANY_COUNT});
}

enum status
ladder_queue_trial(struct db_queue *q, int tenant, const struct ladder_trial *t)
{
    struct param params[] = {
        p_int(tenant),
        p_text(t->id),
        p_int(t->version),
        p_bytes(t->rules_sha256, sizeof t->rules_sha256),
        p_bytes(t->result_sha256, sizeof t->result_sha256),
        p_day(t->as_of),
        p_int(t->alerts),
        p_text(t->account_id),
        p_int(t->recorded_ms),
    };
    return db_queue_add(q, &ladder_trial_insert, params, (struct db_sink){NULL, NULL, 1});
}

static enum status
take_hash(void *ctx, const struct db_row *row, struct arena *a)
{
    struct key_hashes *list = ctx;
    if (list->items == NULL) {
        list->capacity = (size_t)db_row_count(row);
        list->items = arena_array(a, list->capacity, sizeof *list->items);
    }
    if (list->items == NULL || list->count == list->capacity) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->items[list->count++] = (uint64_t)db_int(row, 0);
    return STATUS_OK;
}

enum status
ladder_queue_key_hashes(struct db_queue *q, int tenant, struct key_hashes *ret)
{
    return db_queue_add(q, &ladder_key_hashes, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_hash, ret, DB_ANY_COUNT});
}
