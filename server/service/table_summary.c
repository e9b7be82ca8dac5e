#include "server/service/table_summary.h"

#include "proto/base/wire_text.h"
#include "server/service/role.h"
#include "server/service/table.h"

#include <string.h>

void
summary_name_states(const struct summary_row_list *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        Pb__SummaryRow *s = rows->items[i];
        s->table_state_zh =
            wire_text(workflow_state_zh(workflow_machine(WORKFLOW_TABLE), s->table_state));
        s->row->measure_state_zh =
            wire_text(workflow_state_zh(workflow_machine(WORKFLOW_MEASURE), s->row->measure_state));
    }
}

bool
summary_handed_in(const struct table_record *t)
{
    return t->submitted_day != NO_DATE || strcmp(t->state, STATE_WAIVED) == 0;
}

/* ---- people ---- */

enum position { POSITION_FILLER, POSITION_REVIEWER, POSITION_HEAD };

static bool
holds(const struct unit_person *p, enum position position, bool fillers_named)
{
    switch (position) {
    case POSITION_REVIEWER:
        return (p->roles & ROLE_REVIEWER) != 0;
    case POSITION_HEAD:
        return (p->roles & ROLE_HEAD) != 0;
    case POSITION_FILLER:
        break;
    }
    return fillers_named ? (p->roles & ROLE_FILLER) != 0
                         : (p->roles & (ROLE_REVIEWER | ROLE_HEAD)) == 0;
}

static bool
unit_has_filler(const struct unit_person_list *people, const char *org)
{
    for (size_t i = 0; i < people->count; i++) {
        if (strcmp(people->items[i].org, org) == 0 && (people->items[i].roles & ROLE_FILLER) != 0) {
            return true;
        }
    }
    return false;
}

static char **
names_of(const struct unit_person_list *people, const char *org, enum position position,
         struct arena *a, size_t *ret_count)
{
    bool named = unit_has_filler(people, org);
    struct text_list names = {0};
    for (size_t i = 0; i < people->count; i++) {
        const struct unit_person *p = &people->items[i];
        if (strcmp(p->org, org) == 0 && holds(p, position, named) &&
            !text_list_add(&names, a, p->name)) {
            return NULL;
        }
    }
    *ret_count = names.count;
    return names.count == 0 ? arena_array(a, 1, sizeof(char *)) : (char **)(uintptr_t)names.items;
}

/* ---- tables ---- */

static Pb__MissingTable *
missing_message(const struct table_record *t, const struct unit_person_list *people, int32_t as_of,
                struct arena *a)
{
    char day[DAY_TEXT_SIZE];
    Pb__MissingTable *m = arena_alloc(a, sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    pb__missing_table__init(m);
    int32_t last = t->due + t->grace_days;
    m->org = wire_text(t->org);
    m->org_name = wire_text(t->org_name);
    m->period = wire_text(t->period);
    m->inspection = wire_text(t->inspection);
    m->due = arena_strdup(a, day_print(last, day));
    m->state = wire_text(t->state);
    m->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_TABLE), t->state));
    m->has_days = m->has_missing = 1;
    m->missing = table_owed(t);
    int32_t until = m->missing ? as_of : t->submitted_day;
    m->days = until > last ? until - last : 0;
    m->fillers = names_of(people, t->org, POSITION_FILLER, a, &m->n_fillers);
    m->reviewers = names_of(people, t->org, POSITION_REVIEWER, a, &m->n_reviewers);
    m->heads = names_of(people, t->org, POSITION_HEAD, a, &m->n_heads);
    return m->due == NULL || m->fillers == NULL || m->reviewers == NULL || m->heads == NULL ? NULL
                                                                                            : m;
}

bool
summary_missing(const struct table_list *tables, const struct unit_person_list *people,
                int32_t as_of, bool missing_only, struct arena *a, Pb__MissingTable ***ret,
                size_t *ret_count)
{
    size_t n = 0;
    Pb__MissingTable **list = arena_array(a, tables->count, sizeof *list);
    for (size_t i = 0; list != NULL && i < tables->count; i++) {
        const struct table_record *t = &tables->items[i];
        /* In the period's summary one that still has time is missing too, with 0 days. */
        bool wanted = missing_only ? table_missed(t, as_of) : table_owed(t) || table_late(t);
        if (!wanted) {
            continue;
        }
        list[n] = missing_message(t, people, as_of, a);
        if (list[n] == NULL) {
            return false;
        }
        n++;
    }
    *ret = list;
    *ret_count = n;
    return list != NULL;
}
