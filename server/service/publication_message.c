/* The messages of a publication. */
#include "server/service/publication.h"

#include "proto/base/wire_text.h"
#include "server/service/problem.h"

#include <stdio.h>
#include <string.h>

Pb__Publication *
publication_message(const struct publication_record *p, struct arena *a)
{
    Pb__Publication *m = arena_alloc(a, sizeof *m);
    char *hex = arena_alloc(a, 2 * PUBLICATION_HASH_BYTES + 1);
    if (m == NULL || hex == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < PUBLICATION_HASH_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", p->sha256[i]);
    }
    pb__publication__init(m);
    m->id = wire_text(p->id);
    m->ref = wire_text(p->ref);
    m->inspection = wire_text(p->inspection);
    m->has_kind = 1;
    m->kind = p->kind;
    m->kind_zh = wire_text(publication_kind_zh(p->kind));
    m->title = wire_text(p->title);
    m->as_of = day_in(a, p->as_of);
    m->has_plan_version = m->has_content_no = m->has_version = 1;
    m->plan_version = p->plan_no;
    m->state = wire_text(p->state);
    m->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_PUBLICATION), p->state));
    m->content_no = p->content_no;
    m->sha256 = hex;
    m->corrects = wire_text(p->corrects);
    m->corrected_by = wire_text(p->corrected_by);
    m->reason = wire_text(p->reason);
    m->has_approved_at_ms = p->approved_ms != 0;
    m->approved_at_ms = p->approved_ms;
    m->has_published_at_ms = p->published_ms != 0;
    m->published_at_ms = p->published_ms;
    m->published_on = day_in(a, p->published_day);
    m->version = p->version;
    return m->as_of == NULL ? NULL : m;
}

enum { TITLE_BYTES = 120 }; /* of a measure: enough to know it by */

static char *
beginning(const char *text, struct arena *a)
{
    size_t n = strlen(text);
    if (n <= TITLE_BYTES) {
        return wire_text(text);
    }
    for (n = TITLE_BYTES; n > 0 && ((unsigned char)text[n] & 0xC0U) == 0x80U; n--) {
    }
    return arena_printf(a, "%.*s…", (int)n, text);
}

Pb__PublicationSubject *
publication_subject_message(const struct publication_subject *s, struct arena *a)
{
    Pb__PublicationSubject *m = arena_alloc(a, sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    pb__publication_subject__init(m);
    m->ref = wire_text(s->ref);
    m->has_measure = m->has_item_no = 1;
    m->measure = s->measure_id != NULL;
    m->title = s->measure_id == NULL ? wire_text(s->title) : beginning(s->title, a);
    m->item_no = s->item_no;
    m->item_title = wire_text(s->item_title);
    m->state = wire_text(s->state);
    if (m->measure) {
        m->has_told = 1;
        m->told = s->source != NULL;
    } else {
        m->public_class = wire_text(problem_public_class(s->state));
        m->public_class_zh = wire_text(problem_public_class_zh(s->state));
    }
    m->hold_code = wire_text(s->hold_code);
    m->hold_code_zh = wire_text(publication_hold_zh(s->hold_code));
    m->hold_reason = wire_text(s->hold_reason);
    return m->title == NULL ? NULL : m;
}
