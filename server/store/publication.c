#include "server/store/publication.h"

#include "server/base/due.h"
#include "server/store/columns.h"

#include <string.h>

#define PUBLICATION_SELECT                                                                         \
    "SELECT p.id, i.id, i.code, p.no, p.ref, p.kind, p.as_of, p.plan_no, p.title, p.state,"        \
    "       p.content_no, p.sha256, c.id, c.ref, b.id, b.ref, p.reason, p.approved_ms,"            \
    "       p.published_ms, p.published_day, p.created_ms, p.version"                              \
    "  FROM publication p JOIN inspection i ON i.tenant = p.tenant AND i.id = p.inspection"        \
    "  LEFT JOIN publication c ON c.tenant = p.tenant AND c.id = p.corrects"                       \
    "  LEFT JOIN publication b ON b.tenant = p.tenant AND b.id = p.corrected_by"                   \
    " WHERE p.tenant = $1"
#define BY_REF " AND (p.ref = $2 OR p.id::text = $2)"

static const struct statement publication_get = {
    .name = "publication_get", .params = 2, .sql = PUBLICATION_SELECT BY_REF};
static const struct statement publication_lock = {
    .name = "publication_lock", .params = 2, .sql = PUBLICATION_SELECT BY_REF " FOR UPDATE OF p"};
static const struct statement publication_all = {
    .name = "publication_all",
    .params = 3,
    .sql = PUBLICATION_SELECT " AND ($2::text IS NULL OR i.code = $2)"
                              " AND ($3::text IS NULL OR p.kind = $3)"
                              " ORDER BY p.no DESC LIMIT 2000",
};

static const struct statement publication_blocks = {
    .name = "publication_blocks",
    .params = 2,
    .sql = "SELECT b.kind, b.text, b.problem, b.measure FROM publication_block b"
           "  JOIN publication p ON p.tenant = b.tenant AND p.id = b.publication"
           "       AND p.content_no = b.content_no"
           " WHERE b.tenant = $1 AND b.publication = $2 ORDER BY b.no",
};

static const struct statement publication_subjects = {
    .name = "publication_subjects",
    .params = 2,
    .sql = "SELECT no, problem, measure, ref, title, item_no, item_title, state, source, hold_code,"
           "       hold_reason, version FROM publication_subject"
           " WHERE tenant = $1 AND publication = $2 ORDER BY no",
};

static const struct statement publication_next_no = {
    .name = "publication_next_no",
    .params = 1,
    .sql = "SELECT coalesce(max(no), 0) + 1 FROM publication WHERE tenant = $1",
};

static const struct statement publication_insert = {
    .name = "publication_insert",
    .params = 14,
    .sql = "INSERT INTO publication (tenant, id, inspection, no, ref, kind, as_of, plan_no, title,"
           "       state, content_no, sha256, corrects, created_ms, version, event_id)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13, 1, $14)",
};

static const struct statement publication_update = {
    .name = "publication_update",
    .params = 13,
    .sql = "UPDATE publication SET title = $4, state = $5, content_no = $6, sha256 = $7,"
           "       corrected_by = $8, reason = $9, approved_ms = nullif($10::bigint, 0),"
           "       published_ms = nullif($11::bigint, 0), published_day = $12,"
           "       version = version + 1, event_id = $13"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement publication_content = {
    .name = "publication_content",
    .params = 8,
    .sql =
        "INSERT INTO publication_block (tenant, publication, content_no, no, kind, text, problem,"
        "       measure, event_id)"
        " SELECT $1, $2, $3, u.no, u.kind, u.text, u.problem, u.measure, $8"
        "   FROM unnest($4::smallint[], $5::text[], $6::text[], $7::text[])"
        "        WITH ORDINALITY AS u (kind, text, problem, measure, no)",
};

static const struct statement publication_add_subjects = {
    .name = "publication_add_subjects",
    .params = 13,
    .sql = "INSERT INTO publication_subject (tenant, publication, no, problem, measure, ref, title,"
           "       item_no, item_title, state, source, hold_code, hold_reason, version, event_id)"
           " SELECT $1, $2, u.no, u.problem, u.measure, u.ref, u.title, u.item_no, u.item_title,"
           "        u.state, u.source, u.code, u.reason, 1, $13"
           "   FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::integer[],"
           "               $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])"
           "        WITH ORDINALITY AS u (problem, measure, ref, title, item_no, item_title, state,"
           "                              source, code, reason, no)",
};

static const struct statement publication_hold = {
    .name = "publication_hold",
    .params = 7,
    .sql = "UPDATE publication_subject SET hold_code = $5, hold_reason = $6, version = version + 1,"
           "       event_id = $7"
           " WHERE tenant = $1 AND publication = $2 AND no = $3 AND version = $4",
};

const struct statement *const publication_statements[] = {
    &publication_get,      &publication_lock,         &publication_all,    &publication_blocks,
    &publication_subjects, &publication_next_no,      &publication_insert, &publication_update,
    &publication_content,  &publication_add_subjects, &publication_hold,   NULL};

static const struct db_sink one = {NULL, NULL, 1};

/* ---- kinds ---- */

static const char *const kinds[] = {
    [PB__PUBLICATION_KIND__PUBLIC_NOTICE] = "NOTICE",
    [PB__PUBLICATION_KIND__INNER_NOTICE] = "INNER_NOTICE",
    [PB__PUBLICATION_KIND__BRIEFING] = "BRIEFING",
    [PB__PUBLICATION_KIND__RECTIFICATION_REPORT] = "REPORT",
    [PB__PUBLICATION_KIND__PRINCIPAL_REPORT] = "PRINCIPAL_REPORT",
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *
publication_kind_code(Pb__PublicationKind kind)
{
    return (int)kind > 0 && (int)kind < KINDS ? kinds[kind] : NULL;
}

static Pb__PublicationKind
kind_of(const char *code)
{
    for (int i = 1; code != NULL && i < KINDS; i++) {
        if (strcmp(kinds[i], code) == 0) {
            return (Pb__PublicationKind)i;
        }
    }
    return PB__PUBLICATION_KIND__PUBLICATION_KIND_UNSPECIFIED;
}

/* ---- reading ---- */

static enum status
take_publication(void *ctx, const struct db_row *row, struct arena *a)
{
    struct publication_list *list = ctx;
    struct publication_record *p =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *p);
    size_t size = 0;
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *p = (struct publication_record){
        .id = db_text(row, 0, a),
        .inspection_id = db_text(row, 1, a),
        .inspection = db_text(row, 2, a),
        .no = (int32_t)db_int(row, 3),
        .ref = db_text(row, 4, a),
        .kind = kind_of(db_text(row, 5, a)),
        .as_of = db_day(row, 6),
        .plan_no = (int32_t)db_int(row, 7),
        .title = db_text(row, 8, a),
        .state = db_text(row, 9, a),
        .content_no = (int32_t)db_int(row, 10),
        .sha256 = db_bytes(row, 11, a, &size),
        .corrects_id = db_text(row, 12, a),
        .corrects = db_text(row, 13, a),
        .corrected_by_id = db_text(row, 14, a),
        .corrected_by = db_text(row, 15, a),
        .reason = db_text(row, 16, a),
        .approved_ms = db_int(row, 17),
        .published_ms = db_int(row, 18),
        .published_day = db_day(row, 19),
        .created_ms = db_int(row, 20),
        .version = db_int(row, 21),
    };
    if (p->id == NULL || p->ref == NULL || p->state == NULL || size != PUBLICATION_HASH_BYTES) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return STATUS_OK;
}

enum status
publication_queue_get(struct db_queue *q, int tenant, const char *ref, bool lock,
                      struct publication_list *ret)
{
    return db_queue_add(q, lock ? &publication_lock : &publication_get,
                        (struct param[]){p_int(tenant), p_text(ref)},
                        (struct db_sink){take_publication, ret, DB_ANY_COUNT});
}

enum status
publication_queue_list(struct db_queue *q, int tenant, const char *inspection,
                       Pb__PublicationKind kind, struct publication_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(inspection),
                             p_text(publication_kind_code(kind))};
    return db_queue_add(q, &publication_all, params,
                        (struct db_sink){take_publication, ret, DB_ANY_COUNT});
}

static enum status
take_block(void *ctx, const struct db_row *row, struct arena *a)
{
    struct block_list *list = ctx;
    Pb__PublicationBlock **slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    Pb__PublicationBlock *b = arena_alloc(a, sizeof *b);
    if (slot == NULL || b == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__publication_block__init(b);
    b->has_kind = 1;
    b->kind = (Pb__PublicationBlockKind)db_int(row, 0);
    b->text = db_text(row, 1, a);
    b->problem_ref = db_text(row, 2, a);
    b->measure_ref = db_text(row, 3, a);
    *slot = b;
    list->count++;
    return b->text == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

enum status
publication_queue_blocks(struct db_queue *q, int tenant, const char *id, struct block_list *ret)
{
    return db_queue_add(q, &publication_blocks, (struct param[]){p_int(tenant), p_text(id)},
                        (struct db_sink){take_block, ret, DB_ANY_COUNT});
}

static enum status
take_subject(void *ctx, const struct db_row *row, struct arena *a)
{
    struct subject_list *list = ctx;
    struct publication_subject *s =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *s);
    if (s == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *s = (struct publication_subject){
        .no = (int32_t)db_int(row, 0),
        .problem_id = db_text(row, 1, a),
        .measure_id = db_text(row, 2, a),
        .ref = db_text(row, 3, a),
        .title = db_text(row, 4, a),
        .item_no = (int32_t)db_int(row, 5),
        .item_title = db_text(row, 6, a),
        .state = db_text(row, 7, a),
        .source = db_text(row, 8, a),
        .hold_code = db_text(row, 9, a),
        .hold_reason = db_text(row, 10, a),
        .version = db_int(row, 11),
    };
    list->count++;
    return s->ref == NULL || s->title == NULL || s->item_title == NULL || s->state == NULL
               ? STATUS_RESOURCE_EXHAUSTED
               : STATUS_OK;
}

enum status
publication_queue_subjects(struct db_queue *q, int tenant, const char *id, struct subject_list *ret)
{
    return db_queue_add(q, &publication_subjects, (struct param[]){p_int(tenant), p_text(id)},
                        (struct db_sink){take_subject, ret, DB_ANY_COUNT});
}

enum status
publication_queue_next_no(struct db_queue *q, int tenant, int32_t *ret_no)
{
    return db_queue_add(q, &publication_next_no, (struct param[]){p_int(tenant)},
                        (struct db_sink){db_take_int32, ret_no, 1});
}

/* ---- writing ---- */

enum status
publication_queue_insert(struct db_queue *q, int tenant, const struct publication_record *p,
                         const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(p->id),
        p_text(p->inspection_id),
        p_int(p->no),
        p_text(p->ref),
        p_text(publication_kind_code(p->kind)),
        p_day(p->as_of),
        p_int(p->plan_no),
        p_text(p->title),
        p_text(p->state),
        p_bytes(p->sha256, PUBLICATION_HASH_BYTES),
        p_text(p->corrects_id),
        p_int(p->created_ms),
        p_text(event_id),
    };
    return db_queue_add(q, &publication_insert, params, one);
}

enum status
publication_queue_update(struct db_queue *q, int tenant, const struct publication_record *p,
                         int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(p->id),
        p_int(expected),
        p_text(p->title),
        p_text(p->state),
        p_int(p->content_no),
        p_bytes(p->sha256, PUBLICATION_HASH_BYTES),
        p_text(p->corrected_by_id),
        p_text(p->reason),
        p_int(p->approved_ms),
        p_int(p->published_ms),
        p_day(p->published_day),
        p_text(event_id),
    };
    return db_queue_add(q, &publication_update, params, one);
}

enum status
publication_queue_content(struct db_queue *q, int tenant, const struct publication_record *p,
                          Pb__PublicationBlock *const *blocks, size_t count, struct arena *a,
                          const char *event_id)
{
    struct column kind = {0};
    struct column text = {0};
    struct column problem = {0};
    struct column measure = {0};
    for (size_t i = 0; i < count; i++) {
        if (!column_int(&kind, a, blocks[i]->kind) || !column_text(&text, a, blocks[i]->text) ||
            !column_text(&problem, a, blocks[i]->problem_ref) ||
            !column_text(&measure, a, blocks[i]->measure_ref)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    struct param params[] = {
        p_int(tenant),
        p_text(p->id),
        p_int(p->content_no),
        p_text(column_literal(&kind, a)),
        p_text(column_literal(&text, a)),
        p_text(column_literal(&problem, a)),
        p_text(column_literal(&measure, a)),
        p_text(event_id),
    };
    return db_queue_add(q, &publication_content, params,
                        (struct db_sink){NULL, NULL, (int64_t)count});
}

struct subject_columns {
    struct column problem, measure, ref, title, item_no, item_title, state, source, code, reason;
};

static bool
add_subject(struct subject_columns *c, const struct publication_subject *s, struct arena *a)
{
    return column_text(&c->problem, a, s->problem_id) &&
           column_text(&c->measure, a, s->measure_id) && column_text(&c->ref, a, s->ref) &&
           column_text(&c->title, a, s->title) && column_int(&c->item_no, a, s->item_no) &&
           column_text(&c->item_title, a, s->item_title) && column_text(&c->state, a, s->state) &&
           column_text(&c->source, a, s->source) && column_text(&c->code, a, s->hold_code) &&
           column_text(&c->reason, a, s->hold_reason);
}

enum status
publication_queue_add_subjects(struct db_queue *q, int tenant, const char *id,
                               const struct subject_list *subjects, struct arena *a,
                               const char *event_id)
{
    struct subject_columns c = {0};
    for (size_t i = 0; i < subjects->count; i++) {
        if (!add_subject(&c, &subjects->items[i], a)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    struct param params[] = {
        p_int(tenant),
        p_text(id),
        p_text(column_literal(&c.problem, a)),
        p_text(column_literal(&c.measure, a)),
        p_text(column_literal(&c.ref, a)),
        p_text(column_literal(&c.title, a)),
        p_text(column_literal(&c.item_no, a)),
        p_text(column_literal(&c.item_title, a)),
        p_text(column_literal(&c.state, a)),
        p_text(column_literal(&c.source, a)),
        p_text(column_literal(&c.code, a)),
        p_text(column_literal(&c.reason, a)),
        p_text(event_id),
    };
    return db_queue_add(q, &publication_add_subjects, params,
                        (struct db_sink){NULL, NULL, (int64_t)subjects->count});
}

enum status
publication_queue_hold(struct db_queue *q, int tenant, const char *id,
                       const struct publication_subject *s, int64_t expected, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),    p_text(id),           p_int(s->no),
        p_int(expected),  p_text(s->hold_code), p_text(s->hold_reason),
        p_text(event_id),
    };
    return db_queue_add(q, &publication_hold, params, one);
}
