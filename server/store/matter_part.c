/* What belongs to a matter: tasks, sample, private texts; proposals of alerts; clues. */
#include "server/store/matter.h"

static const struct statement matter_task_of = {
    .name = "matter_task_of",
    .params = 2,
    .sql = "SELECT t.matter, t.no, t.org, o.code, t.measure, t.text, t.due, t.done_day, t.answer,"
           "       t.version"
           "  FROM matter_task t JOIN org o ON o.tenant = t.tenant AND o.id = t.org"
           " WHERE t.tenant = $1 AND t.matter = $2 ORDER BY t.no",
};

static const struct statement matter_task_insert = {
    .name = "matter_task_insert",
    .params = 9,
    .sql = "INSERT INTO matter_task (tenant, matter, no, org, owners, measure, text, due, version,"
           "                         event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)",
};

static const struct statement matter_task_update = {
    .name = "matter_task_update",
    .params = 7,
    .sql = "UPDATE matter_task SET done_day = $5, answer = $6, version = version + 1, event_id = $7"
           " WHERE tenant = $1 AND matter = $2 AND no = $3 AND version = $4",
};

static const struct statement matter_sample_of = {
    .name = "matter_sample_of",
    .params = 2,
    .sql = "SELECT s.matter, s.measure, m.ref, s.holder, s.org, o.code, s.removed, s.claimed_state,"
           "       coalesce(s.claimed_percent, -1), coalesce(s.claimed_round, 0), s.verdict,"
           "       s.found, s.shown, coalesce(s.final_round, 0), s.version"
           "  FROM matter_sample s JOIN measure m ON m.tenant = s.tenant AND m.id = s.measure"
           "  JOIN org o ON o.tenant = s.tenant AND o.id = s.org"
           " WHERE s.tenant = $1 AND s.matter = $2 ORDER BY m.ref COLLATE \"C\"",
};

static const struct statement matter_sample_insert = {
    .name = "matter_sample_insert",
    .params = 6,
    .sql = "INSERT INTO matter_sample (tenant, matter, measure, holder, org, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, 1, $6)",
};

static const struct statement matter_sample_update = {
    .name = "matter_sample_update",
    .params = 13,
    .sql = "UPDATE matter_sample SET removed = $5, claimed_state = $6,"
           "       claimed_percent = nullif($7::int, -1)::smallint,"
           "       claimed_round = nullif($8::int, 0), verdict = $9, found = $10, shown = $11,"
           "       final_round = nullif($12::int, 0), version = version + 1, event_id = $13"
           " WHERE tenant = $1 AND matter = $2 AND measure = $3 AND version = $4",
};

static const struct statement matter_share = {
    .name = "matter_share",
    .params = 3,
    .sql = "SELECT o.code, x.ref, count(*) FILTER (WHERE s.verdict = 1),"
           "       count(*) FILTER (WHERE s.verdict = 2), count(*) FILTER (WHERE s.verdict = 3),"
           "       count(*) FILTER (WHERE s.verdict = 4)"
           "  FROM matter x JOIN matter_sample s ON s.tenant = x.tenant AND s.matter = x.id"
           "  JOIN org o ON o.tenant = s.tenant AND o.id = s.org"
           "  LEFT JOIN inspection i ON i.tenant = x.tenant AND i.id = x.inspection"
           " WHERE x.tenant = $1 AND x.kind = 'round' AND NOT s.removed"
           "   AND ($2::text IS NULL AND x.state = 'FINAL'"
           "        OR x.ref = $2 AND x.state IN ('FED_BACK', 'FINAL'))"
           "   AND ($3::text IS NULL OR i.code = $3)"
           " GROUP BY o.sort_order, o.code, x.ref ORDER BY o.sort_order, o.code, x.ref",
};

static const struct statement matter_private_of = {
    .name = "matter_private_of",
    .params = 2,
    .sql = "SELECT id, matter, reader, part, text, salt, recorded_ms FROM matter_private"
           " WHERE tenant = $1 AND matter = $2 ORDER BY recorded_ms, id",
};

static const struct statement matter_private_insert = {
    .name = "matter_private_insert",
    .params = 9,
    .sql = "INSERT INTO matter_private (tenant, id, matter, reader, part, text, salt, recorded_ms,"
           "                            event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
};

/* Bits 1, 2, 4: a notice of level 1, 2, 3; bit 8: a talk (server/base/ladder.h). The highest level
 * counts. A notice of that level or above that is open, failed or younger than the alert is the
 * answer to it, and so is a talk about the measure that is open or younger: both milestones of a
 * measure may call for the same thing. */
static const struct statement matter_proposal = {
    .name = "matter_proposal",
    .params = 2,
    .sql = "SELECT a.key, a.proposals, a.text, m.inspection, m.problem, m.id, m.ref, a.milestone,"
           "       o.id, o.code, l.id, l.code,"
           "       coalesce(made.notice, false) OR standing.notice,"
           "       coalesce(made.talk, false) OR standing.talk,"
           "       i.code, p.ref"
           "  FROM alert a"
           "  JOIN measure m ON m.tenant = a.tenant AND m.id = a.subject"
           "  JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem"
           "  JOIN inspection i ON i.tenant = m.tenant AND i.id = m.inspection"
           "  JOIN org o ON o.tenant = p.tenant AND o.id = p.lead_org"
           "  LEFT JOIN org l ON l.tenant = m.tenant AND l.id = m.leader_org"
           "  CROSS JOIN LATERAL (SELECT bool_or(x.kind = 'notice') AS notice,"
           "         bool_or(x.kind = 'talk') AS talk FROM matter x WHERE x.tenant = a.tenant"
           "         AND x.origin = a.key AND x.kind IN ('notice', 'talk')) made"
           "  CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM matter x WHERE x.tenant = a.tenant"
           "         AND x.kind = 'notice' AND x.measure = m.id"
           "         AND x.level >= CASE WHEN a.proposals & 4 <> 0 THEN 3"
           "                             WHEN a.proposals & 2 <> 0 THEN 2 ELSE 1 END"
           "         AND (x.state NOT IN ('CLEARED', 'DISMISSED')"
           "              OR x.opened_ms >= a.raised_ms)) AS notice,"
           "       EXISTS (SELECT 1 FROM matter x WHERE x.tenant = a.tenant"
           "         AND x.kind = 'talk' AND x.measure = m.id"
           "         AND (x.state NOT IN ('DONE', 'REFERRED', 'DECLINED')"
           "              OR x.opened_ms >= a.raised_ms)) AS talk) standing"
           " WHERE a.tenant = $1 AND a.cancelled_ms IS NULL AND a.proposals <> 0"
           "   AND a.subject_kind = 'MEASURE'"
           "   AND ((a.proposals & 7 <> 0 AND NOT coalesce(made.notice, false)"
           "         AND NOT standing.notice)"
           "        OR (a.proposals & 8 <> 0 AND NOT coalesce(made.talk, false)"
           "            AND NOT standing.talk))"
           " ORDER BY a.level DESC, a.raised_ms, a.key LIMIT $2::int",
};

static const struct statement clue_list = {
    .name = "clue_list",
    .params = 4,
    .sql = "SELECT c.id, c.number, c.inspection, i.code, c.problem, p.ref, c.done, c.version"
           "  FROM clue c JOIN inspection i ON i.tenant = c.tenant AND i.id = c.inspection"
           "  LEFT JOIN problem p ON p.tenant = c.tenant AND p.id = c.problem"
           " WHERE c.tenant = $1 AND ($2::text IS NULL OR i.code = $2)"
           "   AND ($3::text IS NULL OR p.ref = $3) AND ($4::text IS NULL OR c.number = $4)"
           " ORDER BY c.number, i.code LIMIT 2000",
};

static const struct statement clue_insert = {
    .name = "clue_insert",
    .params = 7,
    .sql = "INSERT INTO clue (tenant, id, inspection, problem, number, done, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
};

static const struct statement clue_update = {
    .name = "clue_update",
    .params = 5,
    .sql = "UPDATE clue SET done = $4, version = version + 1, event_id = $5"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

const struct statement *const matter_part_statements[] = {&matter_task_of,
                                                          &matter_task_insert,
                                                          &matter_task_update,
                                                          &matter_sample_of,
                                                          &matter_sample_insert,
                                                          &matter_sample_update,
                                                          &matter_share,
                                                          &matter_private_of,
                                                          &matter_private_insert,
                                                          &matter_proposal,
                                                          &clue_list,
                                                          &clue_insert,
                                                          &clue_update,
                                                          NULL};

/* ---- tasks ---- */

static enum status
take_task(void *ctx, const struct db_row *row, struct arena *a)
{
    struct matter_task_list *list = ctx;
    struct matter_task *t =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *t);
    if (t == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *t = (struct matter_task){
        .matter_id = db_text(row, 0, a),
        .no = (int)db_int(row, 1),
        .org = {db_text(row, 2, a), db_text(row, 3, a)},
        .measure_id = db_text(row, 4, a),
        .text = db_text(row, 5, a),
        .due = db_day(row, 6),
        .done_day = db_day(row, 7),
        .answer = db_text(row, 8, a),
        .version = db_int(row, 9),
    };
    list->count++;
    return t->matter_id == NULL || t->text == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
matter_task_queue_of(struct db_queue *q, int tenant, const char *matter_id,
                     struct matter_task_list *ret)
{
    return db_queue_add(q, &matter_task_of, (struct param[]){p_int(tenant), p_text(matter_id)},
                        (struct db_sink){take_task, ret, DB_ANY_COUNT});
}

enum status
matter_task_queue_write(struct db_queue *q, int tenant, const struct matter_task *t,
                        const char *event_id)
{
    struct db_sink one = {NULL, NULL, 1};
    if (t->version == 0) {
        struct param params[] = {
            p_int(tenant),     p_text(t->matter_id), p_int(t->no),
            p_text(t->org.id), p_text(t->owners),    p_text(t->measure_id),
            p_text(t->text),   p_day(t->due),        p_text(event_id),
        };
        return db_queue_add(q, &matter_task_insert, params, one);
    }
    struct param params[] = {p_int(tenant),     p_text(t->matter_id), p_int(t->no),
                             p_int(t->version), p_day(t->done_day),   p_text(t->answer),
                             p_text(event_id)};
    return db_queue_add(q, &matter_task_update, params, one);
}

/* ---- sample ---- */

static enum status
take_sample(void *ctx, const struct db_row *row, struct arena *a)
{
    struct matter_sample_list *list = ctx;
    struct matter_sample *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct matter_sample){
        .matter_id = db_text(row, 0, a),
        .measure_id = db_text(row, 1, a),
        .measure_ref = db_text(row, 2, a),
        .holder_id = db_text(row, 3, a),
        .org = {db_text(row, 4, a), db_text(row, 5, a)},
        .removed = db_bool(row, 6),
        .claimed_state = db_text(row, 7, a),
        .claimed_percent = (int)db_int(row, 8),
        .claimed_round = (int)db_int(row, 9),
        .verdict = (int)db_int(row, 10),
        .found = db_text(row, 11, a),
        .shown = db_bool(row, 12),
        .final_round = (int)db_int(row, 13),
        .version = db_int(row, 14),
    };
    list->count++;
    return s->matter_id == NULL || s->measure_id == NULL || s->measure_ref == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : STATUS_OK;
}

enum status
matter_sample_queue_of(struct db_queue *q, int tenant, const char *matter_id,
                       struct matter_sample_list *ret)
{
    return db_queue_add(q, &matter_sample_of, (struct param[]){p_int(tenant), p_text(matter_id)},
                        (struct db_sink){take_sample, ret, DB_ANY_COUNT});
}

enum status
matter_sample_queue_write(struct db_queue *q, int tenant, const struct matter_sample *s,
                          const char *event_id)
{
    struct db_sink one = {NULL, NULL, 1};
    if (s->version == 0) {
        struct param params[] = {p_int(tenant),        p_text(s->matter_id), p_text(s->measure_id),
                                 p_text(s->holder_id), p_text(s->org.id),    p_text(event_id)};
        return db_queue_add(q, &matter_sample_insert, params, one);
    }
    struct param params[] = {
        p_int(tenant),
        p_text(s->matter_id),
        p_text(s->measure_id),
        p_int(s->version),
        p_bool(s->removed),
        p_text(s->claimed_state),
        p_int(s->claimed_percent),
        p_int(s->claimed_round),
        p_int(s->verdict),
        p_text(s->found),
        p_bool(s->shown),
        p_int(s->final_round),
        p_text(event_id),
    };
    return db_queue_add(q, &matter_sample_update, params, one);
}

static enum status
take_share(void *ctx, const struct db_row *row, struct arena *a)
{
    struct share_list *list = ctx;
    struct share_record *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct share_record){.unit = db_text(row, 0, a), .round = db_text(row, 1, a)};
    for (int v = VERDICT_TRUE; v <= VERDICT_NOT_SEEN; v++) {
        s->verdicts[v] = (int32_t)db_int(row, v + 1);
    }
    list->count++;
    return s->unit == NULL || s->round == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
matter_share_queue(struct db_queue *q, int tenant, const char *round_ref, const char *inspection,
                   struct share_list *ret)
{
    return db_queue_add(q, &matter_share,
                        (struct param[]){p_int(tenant), p_text(round_ref), p_text(inspection)},
                        (struct db_sink){take_share, ret, DB_ANY_COUNT});
}

/* ---- private texts ---- */

static enum status
take_private(void *ctx, const struct db_row *row, struct arena *a)
{
    struct matter_private_list *list = ctx;
    struct matter_private *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct matter_private){
        .id = db_text(row, 0, a),
        .matter_id = db_text(row, 1, a),
        .reader_id = db_text(row, 2, a),
        .part = db_text(row, 3, a),
        .text = db_text(row, 4, a),
        .salt = db_text(row, 5, a),
        .recorded_ms = db_int(row, 6),
    };
    list->count++;
    return p->text == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
matter_private_queue_of(struct db_queue *q, int tenant, const char *matter_id,
                        struct matter_private_list *ret)
{
    return db_queue_add(q, &matter_private_of, (struct param[]){p_int(tenant), p_text(matter_id)},
                        (struct db_sink){take_private, ret, DB_ANY_COUNT});
}

enum status
matter_private_queue_insert(struct db_queue *q, int tenant, const struct matter_private *p,
                            const char *event_id)
{
    struct param params[] = {p_int(tenant),        p_text(p->id),         p_text(p->matter_id),
                             p_text(p->reader_id), p_text(p->part),       p_text(p->text),
                             p_text(p->salt),      p_int(p->recorded_ms), p_text(event_id)};
    return db_queue_add(q, &matter_private_insert, params, (struct db_sink){NULL, NULL, 1});
}

/* ---- proposals ---- */

static enum status
take_proposal(void *ctx, const struct db_row *row, struct arena *a)
{
    struct proposal_list *list = ctx;
    struct proposal_record *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct proposal_record){
        .alert_key = db_text(row, 0, a),
        .proposals = (uint32_t)db_int(row, 1),
        .text = db_text(row, 2, a),
        .inspection_id = db_text(row, 3, a),
        .problem_id = db_text(row, 4, a),
        .measure_id = db_text(row, 5, a),
        .measure_ref = db_text(row, 6, a),
        .milestone = (int)db_int(row, 7),
        .org = {db_text(row, 8, a), db_text(row, 9, a)},
        .leader = {db_text(row, 10, a), db_text(row, 11, a)},
        .notice_made = db_bool(row, 12),
        .talk_made = db_bool(row, 13),
        .inspection = db_text(row, 14, a),
        .problem_ref = db_text(row, 15, a),
    };
    list->count++;
    return p->alert_key == NULL || p->measure_id == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
matter_proposal_queue(struct db_queue *q, int tenant, int32_t limit, struct proposal_list *ret)
{
    return db_queue_add(q, &matter_proposal, (struct param[]){p_int(tenant), p_int(limit)},
                        (struct db_sink){take_proposal, ret, DB_ANY_COUNT});
}

/* ---- clues ---- */

static enum status
take_clue(void *ctx, const struct db_row *row, struct arena *a)
{
    struct clue_list *list = ctx;
    struct clue_record *c =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *c);
    if (c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *c = (struct clue_record){
        .id = db_text(row, 0, a),
        .number = db_text(row, 1, a),
        .inspection_id = db_text(row, 2, a),
        .inspection = db_text(row, 3, a),
        .problem_id = db_text(row, 4, a),
        .problem_ref = db_text(row, 5, a),
        .done = db_bool(row, 6),
        .version = db_int(row, 7),
    };
    list->count++;
    return c->id == NULL || c->number == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
clue_queue_list(struct db_queue *q, int tenant, const char *inspection, const char *problem_ref,
                const char *number, struct clue_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(inspection), p_text(problem_ref),
                             p_text(number)};
    return db_queue_add(q, &clue_list, params, (struct db_sink){take_clue, ret, DB_ANY_COUNT});
}

enum status
clue_queue_write(struct db_queue *q, int tenant, const struct clue_record *c, const char *event_id)
{
    struct db_sink one = {NULL, NULL, 1};
    if (c->version == 0) {
        struct param params[] = {p_int(tenant),         p_text(c->id),     p_text(c->inspection_id),
                                 p_text(c->problem_id), p_text(c->number), p_bool(c->done),
                                 p_text(event_id)};
        return db_queue_add(q, &clue_insert, params, one);
    }
    struct param params[] = {p_int(tenant), p_text(c->id), p_int(c->version), p_bool(c->done),
                             p_text(event_id)};
    return db_queue_add(q, &clue_update, params, one);
}
