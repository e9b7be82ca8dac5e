/* The messages of a sitting. */
#include "server/service/sitting.h"

#include "proto/base/wire_text.h"

#include <stdio.h>
#include <string.h>

static char *
hex_in(struct arena *a, const unsigned char *sha256)
{
    char *hex = arena_alloc(a, 2 * APPROVAL_HASH_BYTES + 1);
    for (size_t i = 0; hex != NULL && i < APPROVAL_HASH_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
    }
    return hex;
}

Pb__Sitting *
sitting_message(const struct sitting_record *s, struct arena *a)
{
    Pb__Sitting *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__sitting__init(out);
    out->id = wire_text(s->id);
    out->ref = wire_text(s->ref);
    out->inspection = wire_text(s->inspection);
    out->title = wire_text(s->title);
    out->day = day_in(a, s->day);
    out->state = wire_text(s->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_SITTING), s->state));
    out->reason = wire_text(s->reason);
    out->has_opened_at_ms = s->opened_ms != 0;
    out->opened_at_ms = s->opened_ms;
    out->has_ended_at_ms = s->ended_ms != 0;
    out->ended_at_ms = s->ended_ms;
    out->has_rows = out->has_pending = out->has_agreed = out->has_refused = out->has_version = 1;
    out->rows = s->rows;
    out->pending = s->pending;
    out->agreed = s->agreed;
    out->refused = s->refused;
    out->version = s->version;
    return out;
}

static bool
add_criteria(Pb__SittingOpinion *out, const struct sitting_opinion_record *o, struct arena *a)
{
    out->criteria = arena_array(a, CRITERIA_COUNT, sizeof *out->criteria);
    for (int i = 0; out->criteria != NULL && i < CRITERIA_COUNT; i++) {
        Pb__CriterionOpinion *k = arena_alloc(a, sizeof *k);
        if (k == NULL) {
            return false;
        }
        pb__criterion_opinion__init(k);
        k->has_no = k->has_met = 1;
        k->no = i + 1;
        k->met = o->met[i];
        k->reason = wire_text(o->reasons[i]);
        out->criteria[out->n_criteria++] = k;
    }
    return out->criteria != NULL;
}

Pb__SittingOpinion *
sitting_opinion_message(const struct sitting_opinion_record *o, const char *problem_ref,
                        const unsigned char *sha256, struct arena *a)
{
    Pb__SittingOpinion *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__sitting_opinion__init(out);
    out->body = wire_text(o->body);
    out->org = wire_text(o->org);
    out->has_substitute = out->has_verdict = out->has_problem_version = 1;
    out->has_stale = out->has_recorded_at_ms = out->has_version = 1;
    out->substitute = o->substitute;
    out->verdict = (Pb__Verdict)o->verdict;
    out->reason = wire_text(o->reason);
    out->record = hex_in(a, o->sha256);
    out->problem_version = o->problem_version;
    out->stale = sha256 == NULL || memcmp(o->sha256, sha256, APPROVAL_HASH_BYTES) != 0;
    out->recorded_at_ms = o->recorded_ms;
    out->problem_ref = wire_text(problem_ref);
    out->version = o->version;
    return out->record != NULL && add_criteria(out, o, a) ? out : NULL;
}

static bool
add_missing(Pb__SittingRow *out, const struct problem_record *p, uint32_t body, struct arena *a)
{
    Pb__MissingBody *m = arena_alloc(a, sizeof *m);
    if (m == NULL) {
        return false;
    }
    pb__missing_body__init(m);
    m->body = wire_text(role_name(body));
    m->body_zh = wire_text(role_zh(body));
    if (body == sitting_recused(p)) {
        m->substitute = wire_text(sitting_substitute_group(p) != NULL ? p->sgroup.code
                                                                      : role_name(ROLE_LGROUP));
    }
    out->missing[out->n_missing++] = m;
    return true;
}

/* Opinions given, and for a pending row who is missing; `yours` when it is the actor. */
static bool
add_opinions(Pb__SittingRow *out, const struct sitting_case *c, bool full, struct arena *a)
{
    bool pending = strcmp(c->row->state, ROW_PENDING) == 0;
    bool open = strcmp(c->sitting->state, STATE_OPEN) == 0;
    bool substitute = false;
    uint32_t mine = sitting_body_of(c->problem, c->actor, &substitute, NULL);
    const unsigned char *stands = pending ? c->sha256 : c->row->sha256;
    for (int b = 0; b < BODY_COUNT; b++) {
        bool counts = false;
        for (size_t i = 0; i < c->opinions->count; i++) {
            const struct sitting_opinion_record *o = &c->opinions->items[i];
            if (strcmp(o->row_id, c->row->id) != 0 ||
                strcmp(o->body, role_name(sitting_bodies[b])) != 0) {
                continue;
            }
            Pb__SittingOpinion *m =
                sitting_opinion_message(o, c->problem->ref, stands == NULL ? c->sha256 : stands, a);
            if (m == NULL) {
                return false;
            }
            counts = counts || !m->stale;
            out->opinions[out->n_opinions++] = m;
        }
        if (pending && full && !counts && !add_missing(out, c->problem, sitting_bodies[b], a)) {
            return false;
        }
        out->yours = out->yours || (pending && open && !counts && mine == sitting_bodies[b]);
    }
    return true;
}

static void
set_counts(Pb__SittingRow *out, const struct sitting_case *c)
{
    out->has_measures = out->has_measures_done = out->has_measures_sustaining = 1;
    out->measures = (int32_t)c->counts.live;
    out->measures_done = (int32_t)c->counts.done;
    out->measures_sustaining = (int32_t)c->counts.sustaining;
}

Pb__SittingRow *
sitting_row_message(const struct sitting_case *c, bool full, struct arena *a)
{
    const struct sitting_row_record *r = c->row;
    Pb__SittingRow *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__sitting_row__init(out);
    out->has_no = out->has_yours = out->has_version = 1;
    out->no = r->no;
    out->id = wire_text(r->id);
    out->state = wire_text(r->state);
    out->state_zh = wire_text(sitting_row_state_zh(r->state));
    out->reason = wire_text(r->reason);
    out->has_decided_at_ms = r->decided_ms != 0;
    out->decided_at_ms = r->decided_ms;
    out->version = r->version;
    out->record = hex_in(a, c->sha256);
    out->problem = problem_message(c->problem, a);
    out->opinions = arena_array(a, BODY_COUNT, sizeof *out->opinions);
    out->missing = arena_array(a, BODY_COUNT, sizeof *out->missing);
    if (out->record == NULL || out->problem == NULL || out->opinions == NULL ||
        out->missing == NULL) {
        return NULL;
    }
    out->problem->has_measures = out->problem->has_measures_done = 0;
    out->problem->has_measures_overdue = out->problem->has_measures_sustaining = 0;
    set_counts(out, c);
    return add_opinions(out, c, full, a) ? out : NULL;
}
