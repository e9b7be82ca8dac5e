#include "server/service/measure.h"

#include <string.h>

static bool
same_id(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* participants is "uuid=code,uuid=code". */
static bool
is_participant(const struct measure_record *m, const char *org_id)
{
    return m->participants != NULL && org_id != NULL && strstr(m->participants, org_id) != NULL;
}

uint32_t
measure_roles(const struct measure_record *m, const struct actor *actor)
{
    uint32_t related = 0;
    if (same_id(m->plead.id, actor->org_id)) {
        related |= ROLE_PLEAD;
    }
    if (same_id(m->lead.id, actor->org_id)) {
        related |= ROLE_MLEAD;
    }
    if (is_participant(m, actor->org_id)) {
        related |= ROLE_PART;
    }
    if (actor->behalf) {
        return related;
    }
    uint32_t roles = (uint32_t)actor->roles;
    uint32_t have = roles & ~(uint32_t)(ROLE_UNIT | ROLE_PART | ROLE_LEADER | ROLE_SGROUP);
    if ((roles & ROLE_PLEAD) != 0) {
        have |= related; /* a lead unit's seat serves every relation of its unit */
    }
    if ((roles & ROLE_MLEAD) != 0) {
        have |= related & (ROLE_MLEAD | ROLE_PART);
    }
    if ((roles & ROLE_PART) != 0) {
        have |= related & ROLE_PART;
    }
    if ((roles & ROLE_LEADER) != 0 && same_id(m->leader.id, actor->org_id)) {
        have |= ROLE_LEADER;
    }
    if ((roles & ROLE_SGROUP) != 0 && same_id(m->sgroup.id, actor->org_id)) {
        have |= ROLE_SGROUP;
    }
    return have;
}

bool
measure_independent(const struct measure_record *m, const struct actor *actor)
{
    const struct judge judge = {.org_id = actor->org_id, .orgs = actor->orgs};
    const char *const leads[] = {m->plead.id, m->lead.id};
    return !role_recused(&judge, leads, sizeof leads / sizeof leads[0]);
}

void
measure_report(struct measure_record *m, int32_t percent, const char *narrative, int32_t today,
               bool again)
{
    bool same =
        m->percent == percent && m->narrative != NULL && strcmp(m->narrative, narrative) == 0;
    if (!same) {
        m->unchanged_periods = 0;
    } else if (!again) {
        m->unchanged_periods++;
    }
    m->percent = percent;
    m->narrative = narrative;
    m->reported_day = today;
}

bool
measure_reports(const char *state)
{
    return strcmp(state, STATE_IN_PROGRESS) == 0 || strcmp(state, STATE_EFFECT_CLAIMED) == 0 ||
           strcmp(state, STATE_EFFECT_REACHED) == 0 || strcmp(state, STATE_COMPLETE_CLAIMED) == 0;
}

bool
measure_live(const struct measure_record *m)
{
    return strcmp(m->state, STATE_DRAFT) != 0 && strcmp(m->state, STATE_SUPERSEDED) != 0 &&
           strcmp(m->state, STATE_CANCELLED) != 0;
}

struct due_milestone
measure_due(const struct milestone_record *ms)
{
    struct due_milestone due = due_milestone_none();
    due.original_due = ms->original_due;
    due.current_due = ms->current_due;
    due.claimed_on = ms->claimed_day;
    due.reached_on = ms->reached_day;
    due.kept_overdue_days = ms->kept_overdue_days;
    return due;
}

bool
measure_has_milestone(const struct measure_record *m, int index)
{
    return m->milestones[index].exists &&
           !(index == MILESTONE_EFFECT && m->class_ == CLASS_IMMEDIATE);
}

int
milestone_light(const struct milestone_record *ms, int32_t as_of)
{
    struct due_milestone days = measure_due(ms);
    struct due_result due = due_status(as_of, NULL, &days);
    if (due.current.state == DUE_NO_DATE) {
        return PB__LIGHT__LIGHT_UNSPECIFIED;
    }
    if (due.closed) {
        return PB__LIGHT__NORMAL;
    }
    if (due.current.state == DUE_OVERDUE) {
        return PB__LIGHT__OVERDUE;
    }
    return !due.claimed && due.current.days_left <= DUE_SOON_DAYS ? PB__LIGHT__DUE_SOON
                                                                  : PB__LIGHT__NORMAL;
}

int
measure_light(const struct measure_record *m, int32_t as_of)
{
    int worst = PB__LIGHT__LIGHT_UNSPECIFIED;
    for (int i = 0; measure_live(m) && i < MILESTONE_COUNT; i++) {
        if (measure_has_milestone(m, i)) {
            int light = milestone_light(&m->milestones[i], as_of);
            worst = light > worst ? light : worst;
        }
    }
    return worst;
}
