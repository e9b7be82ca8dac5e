#include "server/store/outcome.h"

#include <string.h>

/* o is an outcome or a version of one; m its measure, p the problem, u the lead unit. */
#define FACTOR(o) "CASE " o ".kind WHEN 'FUNDS_RECOVERED' THEN 100 ELSE 1 END"
#define OUTCOME_COLUMNS                                                                            \
    "SELECT o.id, o.ref, i.code, o.measure, m.ref, p.ref, o.kind,"                                 \
    "       (o.amount * " FACTOR(                                                                  \
        "o") ")::bigint, o.word, o.title, o.text, o.happened_day,"                                 \
             "       o.state, u.code, u.name, o.org, g.code, o.reason, o.recorded_by,"             \
             "       (SELECT count(*) FROM outcome_evidence e WHERE e.tenant = o.tenant"           \
             "           AND e.outcome = o.id AND e.linked_ms <= o.changed_ms),"                   \
             "       o.changed_ms, o.confirmed_day, o.version"
#define OUTCOME_JOINS                                                                              \
    "  JOIN measure m ON m.tenant = o.tenant AND m.id = o.measure"                                 \
    "  JOIN problem p ON p.tenant = o.tenant AND p.id = m.problem"                                 \
    "  JOIN inspection i ON i.tenant = o.tenant AND i.id = m.inspection"                           \
    "  JOIN org g ON g.tenant = o.tenant AND g.id = o.org"
#define OUTCOME_GET                                                                                \
    OUTCOME_COLUMNS " FROM outcome o" OUTCOME_JOINS                                                \
                    "  LEFT JOIN org u ON u.tenant = p.tenant AND u.id = p.lead_org"               \
                    " WHERE o.tenant = $1 AND (o.ref = $2 OR o.id::text = $2)"

static const struct statement outcome_get = {"outcome_get", OUTCOME_GET, 2};
static const struct statement outcome_get_locked = {"outcome_get_locked",
                                                    OUTCOME_GET " FOR UPDATE OF o", 2};

/* $2 inspection or NULL, $3 the day, $4 the instant after it. s says where the measure stood. */
#define STANDING                                                                                   \
    "(SELECT DISTINCT ON (v.id) v.* FROM outcome_version v"                                        \
    "  WHERE v.tenant = $1 AND status_event_ms(v.event_id) < $4::bigint"                           \
    "  ORDER BY v.id, v.version DESC) o"                                                           \
    "  JOIN status_span s ON s.tenant = o.tenant AND s.kind = 1 AND s.thing = o.measure"           \
    "   AND s.from_day <= $3::int AND s.to_day > $3::int"                                          \
    "   AND ($2::text IS NULL"                                                                     \
    "        OR s.inspection = (SELECT id FROM inspection WHERE tenant = $1 AND code = $2))"       \
    "  LEFT JOIN org u ON u.tenant = s.tenant AND u.id = s.unit"

static const struct statement outcome_list = {
    .name = "outcome_list",
    .params = 12,
    .sql = OUTCOME_COLUMNS
    " FROM " STANDING OUTCOME_JOINS " WHERE ($5::text IS NULL OR u.code = $5)"
    "   AND ($6::text IS NULL OR p.ref = $6) AND ($7::text IS NULL OR m.ref = $7)"
    "   AND ($8::text IS NULL OR o.kind = ANY ($8::text[]))"
    "   AND ($9::text IS NULL OR o.word = $9)"
    "   AND CASE WHEN $10::text IS NULL THEN o.state <> 'WITHDRAWN'"
    "            ELSE o.state = ANY ($10::text[]) END"
    "   AND ($11::text IS NULL OR (length(o.ref), o.ref) > (length($11), $11))"
    " ORDER BY length(o.ref), o.ref LIMIT $12::int",
};

static const struct statement outcome_totals = {
    .name = "outcome_totals",
    .params = 5,
    .sql = "SELECT grouping(u.code) = 1, u.code, u.name, o.kind, o.word,"
           "       count(*) FILTER (WHERE o.state = 'CONFIRMED'), count(*),"
           "       coalesce(sum(o.amount * " FACTOR(
               "o") ")"
                    "           FILTER (WHERE o.state = 'CONFIRMED'), 0)::bigint,"
                    "       coalesce(sum(o.amount * " FACTOR(
                        "o") ")"
                             "           FILTER (WHERE o.state <> 'CONFIRMED'), 0)::bigint"
                             "  FROM " STANDING " WHERE o.state <> 'WITHDRAWN'"
                             " GROUP BY GROUPING SETS ((o.kind, o.word),"
                             "                         (u.sort_order, u.code, u.name, o.kind,"
                             "                          o.word))"
                             " HAVING $5::boolean OR grouping(u.code) = 1"
                             " ORDER BY grouping(u.code) DESC, u.sort_order, u.code,"
                             "          array_position(ARRAY['RULE_MADE', 'RULE_REVISED',"
                             "              'FUNDS_RECOVERED', 'PEOPLE_HANDLED', 'PEOPLE_TALKED',"
                             "              'PEOPLE_TRAINED', 'ACTIVITY_HELD', 'OTHER_OUTCOME'],"
                             "              o.kind), o.word",
};

static const struct statement outcome_insert = {
    .name = "outcome_insert",
    .params = 17,
    .sql = "INSERT INTO outcome (tenant, id, ref, measure, org, kind, amount, word, title, text,"
           "                     happened_day, state, recorded_by, changed_ms, confirmed_day,"
           "                     version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6,"
           "         $7::bigint::numeric / CASE $6 WHEN 'FUNDS_RECOVERED' THEN 100 ELSE 1 END,"
           "         $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
};

static const struct statement outcome_update = {
    .name = "outcome_update",
    .params = 15,
    .sql = "UPDATE outcome SET kind = $4,"
           "       amount = $5::bigint::numeric"
           "                / CASE $4 WHEN 'FUNDS_RECOVERED' THEN 100 ELSE 1 END,"
           "       word = $6, title = $7, text = $8, happened_day = $9, state = $10, reason = $11,"
           "       recorded_by = $12, changed_ms = $13, confirmed_day = $14,"
           "       version = version + 1, event_id = $15"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement outcome_link = {
    .name = "outcome_link",
    .params = 6,
    .sql = "INSERT INTO outcome_evidence (tenant, outcome, evidence, measure, linked_ms, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6)"
           " ON CONFLICT ON CONSTRAINT outcome_evidence_pk DO NOTHING",
};

static const struct statement outcome_files = {
    .name = "outcome_files",
    .params = 2,
    .sql = "SELECT evidence FROM outcome_evidence WHERE tenant = $1 AND outcome = $2"
           " ORDER BY linked_ms, evidence",
};

const struct statement *const outcome_statements[] = {
    &outcome_get,    &outcome_get_locked, &outcome_list,
    &outcome_totals, &outcome_insert,     &outcome_update,
    &outcome_link,   &outcome_files,      NULL};

/* ---- kinds ---- */

const char *
outcome_kind_code(Pb__OutcomeKind kind)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value(&pb__outcome_kind__descriptor, (int)kind);
    return v == NULL ? "OUTCOME_KIND_UNSPECIFIED" : v->name;
}

static Pb__OutcomeKind
kind_of(const char *code)
{
    const ProtobufCEnumValue *v =
        code == NULL
            ? NULL
            : protobuf_c_enum_descriptor_get_value_by_name(&pb__outcome_kind__descriptor, code);
    return v == NULL ? PB__OUTCOME_KIND__OUTCOME_KIND_UNSPECIFIED : (Pb__OutcomeKind)v->value;
}

/* ---- rows ---- */

static enum status
take_outcome(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outcome_list *list = ctx;
    struct outcome_record *o =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *o);
    if (o == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *o = (struct outcome_record){
        .id = db_text(row, 0, a),
        .ref = db_text(row, 1, a),
        .inspection = db_text(row, 2, a),
        .measure_id = db_text(row, 3, a),
        .measure_ref = db_text(row, 4, a),
        .problem_ref = db_text(row, 5, a),
        .kind = kind_of(db_text(row, 6, a)),
        .amount = db_int(row, 7),
        .word = db_text(row, 8, a),
        .title = db_text(row, 9, a),
        .text = db_text(row, 10, a),
        .happened_day = db_day(row, 11),
        .state = db_text(row, 12, a),
        .unit = db_text(row, 13, a),
        .unit_name = db_text(row, 14, a),
        .org = {db_text(row, 15, a), db_text(row, 16, a)},
        .reason = db_text(row, 17, a),
        .recorded_by = db_text(row, 18, a),
        .evidence_count = (int32_t)db_int(row, 19),
        .changed_ms = db_int(row, 20),
        .confirmed_day = db_day(row, 21),
        .version = db_int(row, 22),
    };
    list->count++;
    return STATUS_OK;
}

static enum status
take_total(void *ctx, const struct db_row *row, struct arena *a)
{
    struct outcome_total_list *list = ctx;
    struct outcome_total *t =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *t);
    if (t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *t = (struct outcome_total){
        .whole = db_bool(row, 0),
        .unit = db_text(row, 1, a),
        .unit_name = db_text(row, 2, a),
        .kind = kind_of(db_text(row, 3, a)),
        .word = db_text(row, 4, a),
        .confirmed = (int32_t)db_int(row, 5),
        .outcomes = (int32_t)db_int(row, 6),
        .confirmed_amount = db_int(row, 7),
        .claimed_amount = db_int(row, 8),
    };
    list->count++;
    return STATUS_OK;
}

static enum status
take_id(void *ctx, const struct db_row *row, struct arena *a)
{
    const char *id = db_text(row, 0, a);
    return id != NULL && text_list_add(ctx, a, id) ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

/* ---- questions ---- */

enum status
outcome_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                  struct outcome_list *ret)
{
    return db_queue_add(q, lock ? &outcome_get_locked : &outcome_get,
                        (struct param[]){p_int(tenant), p_text(ref)},
                        (struct db_sink){take_outcome, ret, DB_ANY_COUNT});
}

enum status
outcome_queue_list(struct db_queue *q, int tenant, const struct outcome_filter *filter,
                   struct outcome_list *ret)
{
    struct param params[] = {
        p_int(tenant),
        p_text(filter->status->inspection),
        p_int(filter->status->as_of),
        p_int(filter->status->until_ms),
        p_text(filter->unit),
        p_text(filter->problem_ref),
        p_text(filter->measure_ref),
        p_text(filter->kinds),
        p_text(filter->word),
        p_text(filter->states),
        p_text(filter->after),
        p_int(filter->limit),
    };
    return db_queue_add(q, &outcome_list, params,
                        (struct db_sink){take_outcome, ret, DB_ANY_COUNT});
}

enum status
outcome_queue_totals(struct db_queue *q, int tenant, const struct status_query *query, bool by_unit,
                     struct outcome_total_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(query->inspection), p_int(query->as_of),
                             p_int(query->until_ms), p_bool(by_unit)};
    return db_queue_add(q, &outcome_totals, params,
                        (struct db_sink){take_total, ret, DB_ANY_COUNT});
}

enum status
outcome_queue_files(struct db_queue *q, int tenant, const char *outcome_id, struct text_list *ret)
{
    return db_queue_add(q, &outcome_files, (struct param[]){p_int(tenant), p_text(outcome_id)},
                        (struct db_sink){take_id, ret, DB_ANY_COUNT});
}

/* ---- writes ---- */

enum status
outcome_queue_insert(struct db_queue *q, int tenant, const struct outcome_record *o,
                     const char *event_id)
{
    struct param params[] = {
        p_int(tenant),          p_text(o->id),          p_text(o->ref),
        p_text(o->measure_id),  p_text(o->org.id),      p_text(outcome_kind_code(o->kind)),
        p_int(o->amount),       p_text(o->word),        p_text(o->title),
        p_text(o->text),        p_day(o->happened_day), p_text(o->state),
        p_text(o->recorded_by), p_int(o->changed_ms),   p_day(o->confirmed_day),
        p_int(o->version),      p_text(event_id),
    };
    return db_queue_add(q, &outcome_insert, params, (struct db_sink){NULL, NULL, 1});
}

enum status
outcome_queue_update(struct db_queue *q, int tenant, const struct outcome_record *o,
                     int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),          p_text(o->id),
        p_int(expected),        p_text(outcome_kind_code(o->kind)),
        p_int(o->amount),       p_text(o->word),
        p_text(o->title),       p_text(o->text),
        p_day(o->happened_day), p_text(o->state),
        p_text(o->reason),      p_text(o->recorded_by),
        p_int(o->changed_ms),   p_day(o->confirmed_day),
        p_text(event_id),
    };
    return db_queue_add(q, &outcome_update, params, (struct db_sink){NULL, NULL, 1});
}

enum status
outcome_queue_link(struct db_queue *q, int tenant, const struct outcome_record *o,
                   const char *evidence_id, int64_t now_ms, const char *event_id)
{
    struct param params[] = {p_int(tenant),         p_text(o->id), p_text(evidence_id),
                             p_text(o->measure_id), p_int(now_ms), p_text(event_id)};
    return db_queue_add(q, &outcome_link, params, (struct db_sink){NULL, NULL, DB_ANY_COUNT});
}
