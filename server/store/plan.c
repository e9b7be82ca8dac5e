#include "server/store/plan.h"

#include "server/base/due.h"
#include "server/store/node.h"

#include <string.h>

#define INSPECTION_COLUMNS                                                                         \
    "SELECT i.id, i.code, i.name,"                                                                 \
    "       coalesce((SELECT string_agg(b.name, E'\\x1f' ORDER BY b.no) FROM inspected_body b"     \
    "                  WHERE b.tenant = i.tenant AND b.inspection = i.id), ''),"                   \
    "       i.feedback_day, i.report_day, i.first_period, i.plan_no, i.plan_state, i.version"      \
    "  FROM inspection i WHERE i.tenant = $1"

static const struct statement inspection_all = {
    .name = "inspection_all",
    .params = 1,
    .sql = INSPECTION_COLUMNS " ORDER BY i.feedback_day DESC NULLS LAST, i.code",
};

static const struct statement inspection_lock = {
    .name = "inspection_lock",
    .params = 2,
    .sql = INSPECTION_COLUMNS " AND i.code = $2 FOR UPDATE OF i",
};

static const struct statement inspection_insert = {
    .name = "inspection_insert",
    .params = 8,
    .sql = "INSERT INTO inspection (tenant, id, code, name, feedback_day, report_day, first_period,"
           "                        version, event_id) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
};

static const struct statement inspection_body = {
    .name = "inspection_body",
    .params = 4,
    .sql = "INSERT INTO inspected_body (tenant, inspection, no, name) VALUES ($1, $2, $3, $4)",
};

static const struct statement inspection_approved = {
    .name = "inspection_approved",
    .params = 6,
    .sql = "UPDATE inspection SET plan_no = $4, plan_state = 'APPROVED',"
           "       first_period = coalesce(first_period, $5), version = version + 1, event_id = $6"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement draft_items = {
    .name = "draft_items",
    .params = 2,
    .sql = "SELECT t.id, t.no, t.title, t.version FROM item t"
           "  JOIN inspection i ON i.tenant = t.tenant AND i.id = t.inspection"
           " WHERE t.tenant = $1 AND i.code = $2 ORDER BY t.no",
};

static const struct statement draft_problems = {
    .name = "draft_problems",
    .params = 2,
    .sql =
        "SELECT p.id, p.ref, p.no, p.title, p.state, p.item, p.lead_org, p.sgroup_org, p.version,"
        "       p.origin, p.body_no, p.plan_document"
        "  FROM problem p JOIN inspection i ON i.tenant = p.tenant AND i.id = p.inspection"
        " WHERE p.tenant = $1 AND i.code = $2 ORDER BY length(p.ref), p.ref",
};

static const struct statement draft_measures = {
    .name = "draft_measures",
    .params = 2,
    .sql = "SELECT m.id, m.ref, m.no, m.text, m.target, m.state, m.problem, m.class, m.leader_org,"
           "       m.lead_org, e.current_due, c.current_due, e.version, c.version, m.version,"
           "       (SELECT string_agg(a.org::text, ' ' ORDER BY a.org) FROM participant a"
           "         WHERE a.tenant = m.tenant AND a.measure = m.id)"
           "  FROM measure m JOIN inspection i ON i.tenant = m.tenant AND i.id = m.inspection"
           "  LEFT JOIN milestone e ON e.tenant = m.tenant AND e.measure = m.id AND e.kind = 1"
           "  LEFT JOIN milestone c ON c.tenant = m.tenant AND c.measure = m.id AND c.kind = 2"
           " WHERE m.tenant = $1 AND i.code = $2 ORDER BY length(m.ref), m.ref",
};

/* In the order of draft_measures. */
static const struct statement draft_nodes = {
    .name = "draft_nodes",
    .params = 2,
    .sql = "SELECT n.measure, n.no, n.title, n.due, n.dropped_ms IS NOT NULL, n.version"
           "  FROM milestone_node n"
           "  JOIN measure m ON m.tenant = n.tenant AND m.id = n.measure"
           "  JOIN inspection i ON i.tenant = m.tenant AND i.id = m.inspection"
           " WHERE n.tenant = $1 AND i.code = $2"
           " ORDER BY length(m.ref), m.ref, n.no",
};

static const struct statement item_insert = {
    .name = "item_insert",
    .params = 6,
    .sql = "INSERT INTO item (tenant, id, inspection, no, title, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, 1, $6)",
};

static const struct statement item_update = {
    .name = "item_update",
    .params = 5,
    .sql = "UPDATE item SET title = $4, version = version + 1, event_id = $5"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement problem_insert = {
    .name = "problem_insert",
    .params = 14,
    .sql =
        "INSERT INTO problem (tenant, id, inspection, item, no, ref, title, lead_org, sgroup_org,"
        "                     state, origin, body_no, plan_document, version, event_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12::int, 0), $13, 1, $14)",
};

static const struct statement problem_update = {
    .name = "problem_update",
    .params = 10,
    .sql = "UPDATE problem SET item = $4, title = $5, lead_org = $6, sgroup_org = $7,"
           "       body_no = nullif($8::int, 0), plan_document = $9,"
           "       version = version + 1, event_id = $10"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement measure_insert = {
    .name = "measure_insert",
    .params = 13,
    .sql = "INSERT INTO measure (tenant, id, inspection, problem, no, ref, text, target, class,"
           "                     leader_org, lead_org, state, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13)",
};

static const struct statement measure_update_draft = {
    .name = "measure_update_draft",
    .params = 9,
    .sql = "UPDATE measure SET text = $4, target = $5, class = $6, leader_org = $7, lead_org = $8,"
           "       version = version + 1, event_id = $9"
           " WHERE tenant = $1 AND id = $2 AND version = $3 AND state = 'DRAFT'",
};

static const struct statement milestone_insert = {
    .name = "milestone_insert",
    .params = 5,
    .sql = "INSERT INTO milestone (tenant, measure, kind, original_due, current_due, version,"
           "                       event_id) VALUES ($1, $2, $3, $4, $4, 1, $5)",
};

static const struct statement milestone_update_draft = {
    .name = "milestone_update_draft",
    .params = 6,
    .sql = "UPDATE milestone SET original_due = $5, current_due = $5, version = version + 1,"
           "       event_id = $6"
           " WHERE tenant = $1 AND measure = $2 AND kind = $3 AND version = $4",
};

static const struct statement participants_clear = {
    .name = "participants_clear",
    .params = 2,
    .sql = "DELETE FROM participant WHERE tenant = $1 AND measure = $2",
};

static const struct statement participant_insert = {
    .name = "participant_insert",
    .params = 3,
    .sql = "INSERT INTO participant (tenant, measure, org) VALUES ($1, $2, $3)",
};

static const struct statement plan_assign_measures = {
    .name = "plan_assign_measures",
    .params = 4,
    .sql = "UPDATE measure SET state = 'ASSIGNED', assigned_ms = $3, version = version + 1,"
           "       event_id = $4 WHERE tenant = $1 AND inspection = $2 AND state = 'DRAFT'",
};

static const struct statement plan_rectify_problems = {
    .name = "plan_rectify_problems",
    .params = 3,
    .sql = "UPDATE problem SET state = 'RECTIFYING', version = version + 1, event_id = $3"
           " WHERE tenant = $1 AND inspection = $2 AND state = 'REGISTERED'",
};

static const struct statement plan_members = {
    .name = "plan_members",
    .params = 3,
    .sql = "INSERT INTO plan_measure (tenant, plan_version, measure, measure_version)"
           " SELECT tenant, $3, id, version FROM measure WHERE tenant = $1 AND inspection = $2"
           "    AND state NOT IN ('DRAFT', 'SUPERSEDED', 'CANCELLED')",
};

static const struct statement plan_access = {
    .name = "plan_access",
    .params = 2,
    .sql = "INSERT INTO access (tenant, measure, org, problem)"
           " SELECT DISTINCT m.tenant, m.id, o.org, m.problem"
           "   FROM measure m JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"
           "   CROSS JOIN LATERAL (SELECT m.lead_org AS org UNION SELECT m.leader_org"
           "     UNION SELECT p.lead_org UNION SELECT p.sgroup_org"
           "     UNION SELECT a.org FROM participant a"
           "            WHERE a.tenant = m.tenant AND a.measure = m.id) o"
           "  WHERE m.tenant = $1 AND m.inspection = $2 AND o.org IS NOT NULL"
           " ON CONFLICT ON CONSTRAINT access_pk DO NOTHING",
};

const struct statement *const plan_statements[] = {
    &inspection_all,
    &inspection_lock,
    &inspection_insert,
    &inspection_body,
    &inspection_approved,
    &draft_items,
    &draft_problems,
    &draft_measures,
    &draft_nodes,
    &item_insert,
    &item_update,
    &problem_insert,
    &problem_update,
    &measure_insert,
    &measure_update_draft,
    &milestone_insert,
    &milestone_update_draft,
    &participants_clear,
    &participant_insert,
    &plan_assign_measures,
    &plan_rectify_problems,
    &plan_members,
    &plan_access,
    NULL,
};

static const struct db_sink one = {NULL, NULL, 1};
static const struct db_sink any = {NULL, NULL, DB_ANY_COUNT};

/* ---- inspections ---- */

static void
read_inspection(struct inspection_record *i, const struct db_row *row, struct arena *a)
{
    *i = (struct inspection_record){
        .id = db_text(row, 0, a),
        .code = db_text(row, 1, a),
        .name = db_text(row, 2, a),
        .bodies = db_text(row, 3, a),
        .feedback_day = db_day(row, 4),
        .report_day = (int32_t)db_int(row, 5),
        .first_period = db_text(row, 6, a),
        .plan_no = (int32_t)db_int(row, 7),
        .plan_state = db_text(row, 8, a),
        .version = db_int(row, 9),
    };
}

static enum status
take_inspection(void *ctx, const struct db_row *row, struct arena *a)
{
    read_inspection(ctx, row, a);
    return STATUS_OK;
}

static enum status
take_inspections(void *ctx, const struct db_row *row, struct arena *a)
{
    struct inspection_list *list = ctx;
    struct inspection_record *i =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *i);
    if (i == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    read_inspection(i, row, a);
    list->count++;
    return STATUS_OK;
}

enum status
inspection_queue_all(struct db_queue *q, int tenant, struct inspection_list *ret)
{
    return db_queue_add(q, &inspection_all, (struct param[]){p_int(tenant)},
                        (struct db_sink){take_inspections, ret, DB_ANY_COUNT});
}

enum status
inspection_queue_lock(struct db_queue *q, int tenant, const char *code,
                      struct inspection_record *ret)
{
    return db_queue_add(q, &inspection_lock, (struct param[]){p_int(tenant), p_text(code)},
                        (struct db_sink){take_inspection, ret, DB_ANY_COUNT});
}

enum status
inspection_queue_insert(struct db_queue *q, int tenant, const struct inspection_record *i,
                        const char *event_id)
{
    struct param params[] = {p_int(tenant),           p_text(i->id),          p_text(i->code),
                             p_text(i->name),         p_day(i->feedback_day), p_int(i->report_day),
                             p_text(i->first_period), p_text(event_id)};
    return db_queue_add(q, &inspection_insert, params, one);
}

enum status
inspection_queue_body(struct db_queue *q, int tenant, const char *inspection_id, int32_t no,
                      const char *name)
{
    struct param params[] = {p_int(tenant), p_text(inspection_id), p_int(no), p_text(name)};
    return db_queue_add(q, &inspection_body, params, one);
}

enum status
inspection_queue_approved(struct db_queue *q, int tenant, const struct inspection_record *i,
                          int32_t no, const char *first_period, const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(i->id),        p_int(i->version),
                             p_int(no),     p_text(first_period), p_text(event_id)};
    return db_queue_add(q, &inspection_approved, params, one);
}

/* ---- reading the draft ---- */

static enum status
take_item(void *ctx, const struct db_row *row, struct arena *a)
{
    struct draft *d = ctx;
    struct draft_item *item =
        arena_grow(a, (void **)&d->items, d->item_count, &d->item_capacity, sizeof *item);
    if (item == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *item = (struct draft_item){.id = db_text(row, 0, a),
                                .no = (int32_t)db_int(row, 1),
                                .title = db_text(row, 2, a),
                                .version = db_int(row, 3)};
    d->item_count++;
    return STATUS_OK;
}

static enum status
take_problem(void *ctx, const struct db_row *row, struct arena *a)
{
    struct draft *d = ctx;
    struct draft_problem *p =
        arena_grow(a, (void **)&d->problems, d->problem_count, &d->problem_capacity, sizeof *p);
    const char *item = db_text(row, 5, a);
    if (p == NULL || item == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct draft_problem){.id = db_text(row, 0, a),
                                .ref = db_text(row, 1, a),
                                .no = (int32_t)db_int(row, 2),
                                .title = db_text(row, 3, a),
                                .state = db_text(row, 4, a),
                                .lead_org = db_text(row, 6, a),
                                .sgroup_org = db_text(row, 7, a),
                                .version = db_int(row, 8),
                                .origin = db_text(row, 9, a),
                                .body_no = (int32_t)db_int(row, 10),
                                .document = db_text(row, 11, a)};
    while (p->item < d->item_count && strcmp(d->items[p->item].id, item) != 0) {
        p->item++;
    }
    d->problem_count++;
    return p->item < d->item_count ? STATUS_OK : STATUS_INTERNAL;
}

/* "uuid uuid uuid" into the measure's list. */
static enum status
take_participants(struct draft_measure *m, char *joined, struct arena *a)
{
    char *rest = joined;
    for (char *id = strtok_r(joined, " ", &rest); id != NULL; id = strtok_r(NULL, " ", &rest)) {
        const char **slot = arena_grow(a, (void **)&m->participants, m->participant_count,
                                       &m->participant_capacity, sizeof *slot);
        if (slot == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        *slot = id;
        m->participant_count++;
    }
    return STATUS_OK;
}

static enum status
take_measure(void *ctx, const struct db_row *row, struct arena *a)
{
    struct draft *d = ctx;
    struct draft_measure *m =
        arena_grow(a, (void **)&d->measures, d->measure_count, &d->measure_capacity, sizeof *m);
    const char *problem = db_text(row, 6, a);
    if (m == NULL || problem == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = (struct draft_measure){.id = db_text(row, 0, a),
                                .ref = db_text(row, 1, a),
                                .no = (int32_t)db_int(row, 2),
                                .text = db_text(row, 3, a),
                                .target = db_text(row, 4, a),
                                .state = db_text(row, 5, a),
                                .class_ = (int32_t)db_int(row, 7),
                                .leader_org = db_text(row, 8, a),
                                .lead_org = db_text(row, 9, a),
                                .effect_due = db_day(row, 10),
                                .complete_due = db_day(row, 11),
                                .effect_version = db_int(row, 12),
                                .complete_version = db_int(row, 13),
                                .version = db_int(row, 14)};
    while (m->problem < d->problem_count && strcmp(d->problems[m->problem].id, problem) != 0) {
        m->problem++;
    }
    d->measure_count++;
    if (m->problem == d->problem_count) {
        return STATUS_INTERNAL;
    }
    char *joined = db_text(row, 15, a);
    return joined == NULL ? STATUS_OK : take_participants(m, joined, a);
}

static enum status
take_node(void *ctx, const struct db_row *row, struct arena *a)
{
    struct draft *d = ctx;
    const char *measure = db_text(row, 0, a);
    while (measure != NULL && d->node_at < d->measure_count &&
           strcmp(d->measures[d->node_at].id, measure) != 0) {
        d->node_at++;
    }
    if (measure == NULL || d->node_at == d->measure_count) {
        return measure == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_INTERNAL;
    }
    struct draft_measure *m = &d->measures[d->node_at];
    struct draft_node *n =
        arena_grow(a, (void **)&m->nodes, m->node_count, &m->node_capacity, sizeof *n);
    if (n == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *n = (struct draft_node){.no = (int32_t)db_int(row, 1),
                             .title = db_text(row, 2, a),
                             .due = db_day(row, 3),
                             .dropped = db_bool(row, 4),
                             .version = db_int(row, 5)};
    m->node_count++;
    return STATUS_OK;
}

enum status
draft_queue_read(struct db_queue *q, int tenant, const char *inspection_code, struct draft *draft)
{
    struct param params[] = {p_int(tenant), p_text(inspection_code)};
    enum status s =
        db_queue_add(q, &draft_items, params, (struct db_sink){take_item, draft, DB_ANY_COUNT});
    if (s == STATUS_OK) {
        s = db_queue_add(q, &draft_problems, params,
                         (struct db_sink){take_problem, draft, DB_ANY_COUNT});
    }
    if (s == STATUS_OK) {
        s = db_queue_add(q, &draft_measures, params,
                         (struct db_sink){take_measure, draft, DB_ANY_COUNT});
    }
    if (s == STATUS_OK) {
        s = db_queue_add(q, &draft_nodes, params, (struct db_sink){take_node, draft, DB_ANY_COUNT});
    }
    return s;
}

/* ---- writing the draft ---- */

static enum status
write_item(struct db_queue *q, int tenant, const char *inspection_id, const struct draft_item *i,
           const char *event_id)
{
    if (i->mark == DRAFT_ADDED) {
        struct param params[] = {p_int(tenant), p_text(i->id),    p_text(inspection_id),
                                 p_int(i->no),  p_text(i->title), p_text(event_id)};
        return db_queue_add(q, &item_insert, params, one);
    }
    struct param params[] = {p_int(tenant), p_text(i->id), p_int(i->version), p_text(i->title),
                             p_text(event_id)};
    return db_queue_add(q, &item_update, params, one);
}

static enum status
write_problem(struct db_queue *q, int tenant, const char *inspection_id, const struct draft *d,
              const struct draft_problem *p, const char *event_id)
{
    const char *item = d->items[p->item].id;
    if (p->mark == DRAFT_ADDED) {
        struct param params[] = {p_int(tenant),       p_text(p->id),       p_text(inspection_id),
                                 p_text(item),        p_int(p->no),        p_text(p->ref),
                                 p_text(p->title),    p_text(p->lead_org), p_text(p->sgroup_org),
                                 p_text(p->state),    p_text(p->origin),   p_int(p->body_no),
                                 p_text(p->document), p_text(event_id)};
        return db_queue_add(q, &problem_insert, params, one);
    }
    struct param params[] = {p_int(tenant),         p_text(p->id),     p_int(p->version),
                             p_text(item),          p_text(p->title),  p_text(p->lead_org),
                             p_text(p->sgroup_org), p_int(p->body_no), p_text(p->document),
                             p_text(event_id)};
    return db_queue_add(q, &problem_update, params, one);
}

static enum status
write_milestone(struct db_queue *q, int tenant, const struct draft_measure *m, int kind,
                const char *event_id)
{
    int32_t due = kind == 1 ? m->effect_due : m->complete_due;
    int64_t version = kind == 1 ? m->effect_version : m->complete_version;
    if (version == 0) {
        struct param params[] = {p_int(tenant), p_text(m->id), p_int(kind), p_day(due),
                                 p_text(event_id)};
        return db_queue_add(q, &milestone_insert, params, one);
    }
    struct param params[] = {p_int(tenant),  p_text(m->id), p_int(kind),
                             p_int(version), p_day(due),    p_text(event_id)};
    return db_queue_add(q, &milestone_update_draft, params, one);
}

static enum status
write_participants(struct db_queue *q, int tenant, const struct draft_measure *m)
{
    enum status s =
        db_queue_add(q, &participants_clear, (struct param[]){p_int(tenant), p_text(m->id)}, any);
    for (size_t i = 0; s == STATUS_OK && i < m->participant_count; i++) {
        struct param params[] = {p_int(tenant), p_text(m->id), p_text(m->participants[i])};
        s = db_queue_add(q, &participant_insert, params, one);
    }
    return s;
}

static enum status
write_nodes(struct db_queue *q, int tenant, const struct draft *d, const struct draft_measure *m,
            const char *event_id)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < m->node_count; i++) {
        const struct draft_node *n = &m->nodes[i];
        const struct node_record record = {.no = n->no,
                                           .title = n->title,
                                           .due = n->due,
                                           .reached_day = NO_DATE,
                                           .version = n->version};
        if (n->changed) {
            s = node_queue_put(q, tenant, m->id, &record, n->dropped ? d->now_ms : 0, event_id);
        }
    }
    return s;
}

static enum status
write_measure(struct db_queue *q, int tenant, const char *inspection_id, const struct draft *d,
              const struct draft_measure *m, const char *event_id)
{
    enum status s;
    if (m->mark == DRAFT_ADDED) {
        struct param params[] = {p_int(tenant),         p_text(m->id),
                                 p_text(inspection_id), p_text(d->problems[m->problem].id),
                                 p_int(m->no),          p_text(m->ref),
                                 p_text(m->text),       p_text(m->target),
                                 p_int(m->class_),      p_text(m->leader_org),
                                 p_text(m->lead_org),   p_text(m->state),
                                 p_text(event_id)};
        s = db_queue_add(q, &measure_insert, params, one);
    } else {
        struct param params[] = {p_int(tenant),         p_text(m->id),       p_int(m->version),
                                 p_text(m->text),       p_text(m->target),   p_int(m->class_),
                                 p_text(m->leader_org), p_text(m->lead_org), p_text(event_id)};
        s = db_queue_add(q, &measure_update_draft, params, one);
    }
    if (s == STATUS_OK && m->effect_changed) {
        s = write_milestone(q, tenant, m, 1, event_id);
    }
    if (s == STATUS_OK && m->complete_changed) {
        s = write_milestone(q, tenant, m, 2, event_id);
    }
    if (s == STATUS_OK && m->participants_changed) {
        s = write_participants(q, tenant, m);
    }
    return s == STATUS_OK ? write_nodes(q, tenant, d, m, event_id) : s;
}

enum status
draft_queue_write(struct db_queue *q, int tenant, const char *inspection_id, const struct draft *d,
                  const char *event_id)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < d->item_count; i++) {
        if (d->items[i].mark != DRAFT_SAME) {
            s = write_item(q, tenant, inspection_id, &d->items[i], event_id);
        }
    }
    for (size_t i = 0; s == STATUS_OK && i < d->problem_count; i++) {
        if (d->problems[i].mark != DRAFT_SAME) {
            s = write_problem(q, tenant, inspection_id, d, &d->problems[i], event_id);
        }
    }
    for (size_t i = 0; s == STATUS_OK && i < d->measure_count; i++) {
        if (d->measures[i].mark != DRAFT_SAME) {
            s = write_measure(q, tenant, inspection_id, d, &d->measures[i], event_id);
        }
    }
    return s;
}

/* ---- approval ---- */

enum status
plan_queue_assign(struct db_queue *q, int tenant, const struct plan_version_record *plan,
                  const char *event_id)
{
    struct param assign[] = {p_int(tenant), p_text(plan->inspection_id), p_int(plan->approved_ms),
                             p_text(event_id)};
    struct param access[] = {p_int(tenant), p_text(plan->inspection_id)};
    enum status s = db_queue_add(q, &plan_assign_measures, assign,
                                 (struct db_sink){NULL, NULL, plan->measures});
    if (s == STATUS_OK) {
        s = plan_queue_rectify(q, tenant, plan, event_id);
    }
    return s != STATUS_OK ? s : db_queue_add(q, &plan_access, access, any);
}

enum status
plan_queue_members(struct db_queue *q, int tenant, const struct plan_version_record *plan)
{
    struct param members[] = {p_int(tenant), p_text(plan->inspection_id), p_text(plan->id)};
    return db_queue_add(q, &plan_members, members, (struct db_sink){NULL, NULL, plan->measures});
}

enum status
plan_queue_rectify(struct db_queue *q, int tenant, const struct plan_version_record *plan,
                   const char *event_id)
{
    struct param rectify[] = {p_int(tenant), p_text(plan->inspection_id), p_text(event_id)};
    return db_queue_add(q, &plan_rectify_problems, rectify, any);
}
