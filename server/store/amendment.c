#include "server/store/amendment.h"

#include <string.h>

static const struct statement amendment_lock_problems = {
    .name = "amendment_lock_problems",
    .params = 2,
    .sql = "SELECT p.id FROM problem p WHERE p.tenant = $1 AND p.inspection ="
           "  (SELECT i.id FROM inspection i WHERE i.tenant = $1 AND i.code = $2)"
           " ORDER BY p.id FOR UPDATE OF p",
};

static const struct statement pending_read = {
    .name = "pending_read",
    .params = 3,
    .sql = "SELECT w.measure, w.kind FROM measure_pending($1, ARRAY(SELECT m.id FROM measure m"
           "  JOIN inspection i ON i.tenant = m.tenant AND i.id = m.inspection"
           " WHERE m.tenant = $1 AND i.code = $2 AND m.ref = ANY ($3::text[]))) w"
           " ORDER BY w.measure, w.kind",
};

static const struct statement amendment_measure_alter = {
    .name = "amendment_measure_alter",
    .params = 9,
    .sql = "UPDATE measure SET text = $4, target = $5, class = $6, leader_org = $7, lead_org = $8,"
           "       version = version + 1, event_id = $9"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement amendment_measure_add = {
    .name = "amendment_measure_add",
    .params = 13,
    .sql = "INSERT INTO measure (tenant, id, inspection, problem, no, ref, text, target, class,"
           "       leader_org, lead_org, state, assigned_ms, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'ASSIGNED', $12, 1, $13)",
};

static const struct statement amendment_milestone_add = {
    .name = "amendment_milestone_add",
    .params = 6,
    .sql = "INSERT INTO milestone (tenant, measure, kind, original_due, current_due, version,"
           "       event_id) VALUES ($1, $2, $3, $4, $5, 1, $6)",
};

static const struct statement amendment_participants_clear = {
    .name = "amendment_participants_clear",
    .params = 2,
    .sql = "DELETE FROM participant WHERE tenant = $1 AND measure = $2",
};

static const struct statement amendment_participants_add = {
    .name = "amendment_participants_add",
    .params = 3,
    .sql = "INSERT INTO participant (tenant, measure, org)"
           " SELECT $1, $2, unnest($3::uuid[])",
};

static const struct statement amendment_origin_add = {
    .name = "amendment_origin_add",
    .params = 6,
    .sql = "INSERT INTO measure_origin (tenant, measure, origin, kind, plan_version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6)",
};

static const struct statement amendment_nodes_drop = {
    .name = "amendment_nodes_drop",
    .params = 4,
    .sql = "UPDATE milestone_node SET dropped_ms = $3, due = NULL, version = version + 1,"
           "       event_id = $4"
           " WHERE tenant = $1 AND measure = $2 AND reached_day IS NULL AND dropped_ms IS NULL",
};

static const struct statement amendment_node_add = {
    .name = "amendment_node_add",
    .params = 5,
    .sql = "INSERT INTO milestone_node (tenant, measure, no, title, due, version, event_id)"
           " SELECT $1, $2, coalesce(max(n.no), 0) + 1, $3, $4, 1, $5 FROM milestone_node n"
           "  WHERE n.tenant = $1 AND n.measure = $2",
};

/* Who may see a measure: as at the first approval. */
#define SEES                                                                                       \
    " (SELECT m.tenant, m.id AS measure, o.org, m.problem"                                         \
    "    FROM measure m JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"                \
    "    CROSS JOIN LATERAL (SELECT m.lead_org AS org UNION SELECT m.leader_org"                   \
    "      UNION SELECT p.lead_org UNION SELECT p.sgroup_org"                                      \
    "      UNION SELECT a.org FROM participant a"                                                  \
    "             WHERE a.tenant = m.tenant AND a.measure = m.id) o"                               \
    "   WHERE m.tenant = $1 AND m.id = ANY ($2::uuid[]) AND o.org IS NOT NULL)"

static const struct statement amendment_access_drop = {
    .name = "amendment_access_drop",
    .params = 2,
    .sql = "DELETE FROM access x WHERE x.tenant = $1 AND x.measure = ANY ($2::uuid[])"
           "   AND NOT EXISTS (SELECT 1 FROM " SEES " s"
           "        WHERE s.measure = x.measure AND s.org = x.org)",
};

static const struct statement amendment_access_add = {
    .name = "amendment_access_add",
    .params = 2,
    .sql = "INSERT INTO access (tenant, measure, org, problem)"
           " SELECT s.tenant, s.measure, s.org, s.problem FROM " SEES " s"
           " ON CONFLICT ON CONSTRAINT access_pk DO NOTHING",
};

const struct statement *const amendment_statements[] = {
    &amendment_lock_problems,
    &pending_read,
    &amendment_measure_alter,
    &amendment_measure_add,
    &amendment_milestone_add,
    &amendment_participants_clear,
    &amendment_participants_add,
    &amendment_origin_add,
    &amendment_nodes_drop,
    &amendment_node_add,
    &amendment_access_drop,
    &amendment_access_add,
    NULL,
};

static const struct db_sink one = {NULL, NULL, 1};
static const struct db_sink any = {NULL, NULL, DB_ANY_COUNT};

enum status
amendment_queue_lock_problems(struct db_queue *q, int tenant, const char *inspection_code)
{
    return db_queue_add(q, &amendment_lock_problems,
                        (struct param[]){p_int(tenant), p_text(inspection_code)}, any);
}

static enum status
take_pending(void *ctx, const struct db_row *row, struct arena *a)
{
    struct pending_list *list = ctx;
    struct pending *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct pending){db_text(row, 0, a), db_text(row, 1, a)};
    list->count++;
    return STATUS_OK;
}

enum status
pending_queue(struct db_queue *q, int tenant, const char *inspection_code,
              const struct text_list *refs, struct arena *a, struct pending_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(inspection_code),
                             p_text(text_list_literal(refs, a))};
    return db_queue_add(q, &pending_read, params,
                        (struct db_sink){take_pending, ret, DB_ANY_COUNT});
}

/* "uuid=code,uuid=code" as {"uuid","uuid"}. */
static const char *
participant_ids(const char *list, struct arena *a)
{
    struct text_list ids = {0};
    for (const char *p = list; p != NULL && *p != '\0';) {
        const char *id = arena_strndup(a, p, strcspn(p, "="));
        if (id == NULL || !text_list_add(&ids, a, id)) {
            return NULL;
        }
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return text_list_literal(&ids, a);
}

static enum status
write_participants(struct db_queue *q, int tenant, struct arena *a, const struct measure_record *m)
{
    const char *ids = participant_ids(m->participants, a);
    if (ids == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    return db_queue_add(q, &amendment_participants_add,
                        (struct param[]){p_int(tenant), p_text(m->id), p_text(ids)}, any);
}

static enum status
write_old(struct db_queue *q, int tenant, struct arena *a, const struct amendment_old *o,
          const char *event_id)
{
    const struct measure_record *m = &o->next;
    if (!o->altered) {
        return measure_queue_update(q, tenant, m, o->before->version, event_id);
    }
    struct param params[] = {p_int(tenant),        p_text(m->id),      p_int(o->before->version),
                             p_text(m->text),      p_text(m->target),  p_int(m->class_),
                             p_text(m->leader.id), p_text(m->lead.id), p_text(event_id)};
    enum status s = db_queue_add(q, &amendment_measure_alter, params, one);
    if (s == STATUS_OK && o->participants_changed) {
        s = db_queue_add(q, &amendment_participants_clear,
                         (struct param[]){p_int(tenant), p_text(m->id)}, any);
        s = s != STATUS_OK ? s : write_participants(q, tenant, a, m);
    }
    return s;
}

static enum status
write_made(struct db_queue *q, int tenant, struct arena *a, const struct measure_record *m,
           const char *event_id)
{
    struct param params[] = {p_int(tenant),         p_text(m->id),      p_text(m->inspection_id),
                             p_text(m->problem_id), p_int(m->no),       p_text(m->ref),
                             p_text(m->text),       p_text(m->target),  p_int(m->class_),
                             p_text(m->leader.id),  p_text(m->lead.id), p_int(m->assigned_ms),
                             p_text(event_id)};
    enum status s = db_queue_add(q, &amendment_measure_add, params, one);
    for (int i = 0; s == STATUS_OK && i < MILESTONE_COUNT; i++) {
        const struct milestone_record *ms = &m->milestones[i];
        struct param dates[] = {p_int(tenant),           p_text(m->id),          p_int(i + 1),
                                p_day(ms->original_due), p_day(ms->current_due), p_text(event_id)};
        s = ms->exists ? db_queue_add(q, &amendment_milestone_add, dates, one) : STATUS_OK;
    }
    return s != STATUS_OK ? s : write_participants(q, tenant, a, m);
}

static enum status
write_nodes(struct db_queue *q, int tenant, const struct amendment *am, int64_t now_ms,
            const char *event_id)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < am->node_count; i++) {
        const struct amendment_node *n = &am->nodes[i];
        struct param drop[] = {p_int(tenant), p_text(n->measure_id), p_int(now_ms),
                               p_text(event_id)};
        struct param add[] = {p_int(tenant), p_text(n->measure_id), p_text(n->title), p_day(n->due),
                              p_text(event_id)};
        s = n->first ? db_queue_add(q, &amendment_nodes_drop, drop, any) : STATUS_OK;
        s = s != STATUS_OK ? s : db_queue_add(q, &amendment_node_add, add, one);
    }
    return s;
}

static enum status
write_access(struct db_queue *q, int tenant, struct arena *a, const struct amendment *am)
{
    struct text_list ids = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < am->made_count; i++) {
        ok = text_list_add(&ids, a, am->made[i].measure.id);
    }
    for (size_t i = 0; ok && i < am->old_count; i++) {
        ok = !am->olds[i].altered || text_list_add(&ids, a, am->olds[i].next.id);
    }
    const char *list = ok ? text_list_literal(&ids, a) : NULL;
    if (list == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    struct param params[] = {p_int(tenant), p_text(list)};
    enum status s = db_queue_add(q, &amendment_access_drop, params, any);
    return s != STATUS_OK ? s : db_queue_add(q, &amendment_access_add, params, any);
}

enum status
amendment_queue_write(struct db_queue *q, int tenant, struct arena *a, const struct amendment *am,
                      const char *plan_version_id, int64_t now_ms, const char *event_id)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < am->old_count; i++) {
        s = write_old(q, tenant, a, &am->olds[i], event_id);
    }
    for (size_t i = 0; s == STATUS_OK && i < am->made_count; i++) {
        s = write_made(q, tenant, a, &am->made[i].measure, event_id);
    }
    for (size_t i = 0; s == STATUS_OK && i < am->origin_count; i++) {
        const struct amendment_origin *o = &am->origins[i];
        struct param params[] = {p_int(tenant),   p_text(o->measure_id),   p_text(o->origin_id),
                                 p_text(o->kind), p_text(plan_version_id), p_text(event_id)};
        s = db_queue_add(q, &amendment_origin_add, params, one);
    }
    if (s == STATUS_OK) {
        s = write_nodes(q, tenant, am, now_ms, event_id);
    }
    return s != STATUS_OK ? s : write_access(q, tenant, a, am);
}
