/* The small district of a history, in memory. */
#include "tests/support/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID(digits) "00000000-0000-7000-8000-0000000000" digits

const struct sim_org sim_orgs[SIM_ORGS] = {
    {ID("01"), "office", "OFFICE"}, {ID("02"), "lgroup", "LGROUP"}, {ID("03"), "leader1", "LEADER"},
    {ID("04"), "sg1", "SGROUP"},    {ID("05"), "unit01", "UNIT"},   {ID("06"), "unit02", "UNIT"},
    {ID("07"), "disc", "DISC"},     {ID("08"), "orgd", "ORGD"},     {ID("09"), "unit03", "UNIT"},
};
enum { OFFICE, LGROUP, LEADER, SGROUP, UNIT01, UNIT02, DISC, ORGD, UNIT03, NOBODY = -1 };

const struct sim_person sim_people[SIM_PEOPLE] = {
    {11, "office1", OFFICE, ROLE_OFFICE}, {17, "office2", OFFICE, ROLE_OFFICE},
    {20, "office3", OFFICE, ROLE_PLEAD},  {12, "lgroup1", LGROUP, ROLE_LGROUP},
    {13, "leader1", LEADER, ROLE_LEADER}, {14, "sgroup1", SGROUP, ROLE_SGROUP},
    {15, "unit1", UNIT01, ROLE_PLEAD},    {21, "unit1r", UNIT01, ROLE_PLEAD | ROLE_REVIEWER},
    {16, "unit2", UNIT02, ROLE_PLEAD},    {18, "disc1", DISC, ROLE_DISC},
    {19, "orgd1", ORGD, ROLE_ORGD},       {22, "unit3", UNIT03, ROLE_MLEAD},
};

static struct org_record org_records[SIM_ORGS] = {
    {.id = ID("01"), .code = "office", .name = "样例office", .kind = "OFFICE"},
    {.id = ID("02"), .code = "lgroup", .name = "样例lgroup", .kind = "LGROUP"},
    {.id = ID("03"), .code = "leader1", .name = "样例leader1", .kind = "LEADER"},
    {.id = ID("04"), .code = "sg1", .name = "样例sg1", .kind = "SGROUP"},
    {.id = ID("05"), .code = "unit01", .name = "样例unit01", .kind = "UNIT"},
    {.id = ID("06"), .code = "unit02", .name = "样例unit02", .kind = "UNIT"},
    {.id = ID("07"), .code = "disc", .name = "样例disc", .kind = "DISC"},
    {.id = ID("08"), .code = "orgd", .name = "样例orgd", .kind = "ORGD"},
    {.id = ID("09"), .code = "unit03", .name = "样例unit03", .kind = "UNIT"},
};
const struct org_list sim_org_list = {org_records, SIM_ORGS, SIM_ORGS};

static const struct {
    const char *id;
    const char *ref;
    int lead;
    int sgroup;
} problems[SIM_PROBLEMS] = {
    {ID("51"), "P-01", UNIT01, SGROUP},
    {ID("52"), "P-02", UNIT02, NOBODY},
    {ID("53"), "P-03", OFFICE, SGROUP},
};

/* Days from the first one. */
static const struct {
    const char *id;
    const char *ref;
    int problem;
    int no;
    enum measure_class class_;
    int lead;
    int leader;
    int effect;
    int complete;
} measures[SIM_MEASURES] = {
    {ID("61"), "P-01-M-01", 0, 1, CLASS_TIMED, UNIT01, LEADER, 10, 40},
    {ID("62"), "P-01-M-02", 0, 2, CLASS_IMMEDIATE, UNIT01, LEADER, 0, 5},
    {ID("63"), "P-01-M-03", 0, 3, CLASS_LONG_TERM, UNIT03, LEADER, 30, 60},
    {ID("64"), "P-02-M-01", 1, 1, CLASS_TIMED, UNIT02, LEADER, 15, 50},
    {ID("65"), "P-02-M-02", 1, 2, CLASS_LONG_TERM, UNIT02, NOBODY, 20, 45},
    {ID("66"), "P-03-M-01", 2, 1, CLASS_TIMED, OFFICE, LEADER, 20, 70},
};

static struct org_name
org_name(int org)
{
    return org == NOBODY ? (struct org_name){NULL, NULL}
                         : (struct org_name){sim_orgs[org].id, sim_orgs[org].code};
}

static void
init_measure(struct sim_world *w, int i)
{
    int32_t first = w->today;
    const int p = measures[i].problem;
    struct measure_record *m = &w->measures[i];
    *m = (struct measure_record){
        .id = measures[i].id,
        .ref = measures[i].ref,
        .inspection_id = ID("31"),
        .inspection = "INS1",
        .problem_id = problems[p].id,
        .problem_ref = problems[p].ref,
        .no = measures[i].no,
        .text = "样例措施",
        .target = "样例目标",
        .class_ = (int)measures[i].class_,
        .leader = org_name(measures[i].leader),
        .lead = org_name(measures[i].lead),
        .plead = org_name(problems[p].lead),
        .sgroup = org_name(problems[p].sgroup),
        .office_leads = problems[p].lead == OFFICE || measures[i].lead == OFFICE,
        .state = STATE_ASSIGNED,
        .round = 1,
        .percent = -1,
        .reported_day = NO_DATE,
        .assigned_ms = w->now_ms,
        .next_check_day = NO_DATE,
        .version = 1,
    };
    const int32_t dues[MILESTONE_COUNT] = {first + measures[i].effect,
                                           first + measures[i].complete};
    for (int k = 0; k < MILESTONE_COUNT; k++) {
        bool exists = k == MILESTONE_COMPLETE || measures[i].class_ != CLASS_IMMEDIATE;
        int32_t due = exists ? dues[k] : NO_DATE;
        m->milestones[k] = (struct milestone_record){
            .exists = exists,
            .original_due = due,
            .current_due = due,
            .due_version = exists,
            .claimed_day = NO_DATE,
            .reached_day = NO_DATE,
            .version = exists,
        };
    }
}

static void
init_files(struct sim_world *w)
{
    static const int owners[] = {UNIT01, UNIT02, UNIT03, OFFICE};
    for (int i = 0; i < SIM_FILES; i++) {
        const struct sim_org *org = &sim_orgs[owners[i / SIM_FILES_EACH]];
        snprintf(w->file_ids[i], SIM_ID_SIZE, "00000000-0000-7000-8000-%012d", 20000 + i);
        w->files[i] = (struct evidence_record){
            .id = w->file_ids[i],
            .org_id = org->id,
            .org = org->code,
            .kind = i % 2 == 0 ? PB__EVIDENCE_KIND__DOCUMENT : PB__EVIDENCE_KIND__PHOTO,
        };
    }
}

void
sim_world_init(struct sim_world *w)
{
    memset(w, 0, sizeof *w);
    if (day_parse(SIM_FIRST_DAY, &w->today) != STATUS_OK) {
        abort();
    }
    w->now_ms = day_to_instant(w->today, ZONE_CHINA_MIN) + INT64_C(9) * 3600000;
    w->concentrated_end = w->today + SIM_CONCENTRATED_DAYS;
    calendar_init_builtin(&w->calendar);
    for (int i = 0; i < SIM_PROBLEMS; i++) {
        w->problems[i] = (struct problem_record){
            .id = problems[i].id,
            .ref = problems[i].ref,
            .inspection_id = ID("31"),
            .inspection = "INS1",
            .plan_approved = true,
            .no = i + 1,
            .title = "样例问题",
            .state = STATE_RECTIFYING,
            .item_id = ID("41"),
            .item_no = 1,
            .item_title = "样例项",
            .lead = org_name(problems[i].lead),
            .lead_kind = sim_orgs[problems[i].lead].kind,
            .sgroup = org_name(problems[i].sgroup),
            .origin = "FEEDBACK",
            .round = 1,
            .closed_day = NO_DATE,
            .version = 2,
        };
    }
    for (int i = 0; i < SIM_MEASURES; i++) {
        init_measure(w, i);
    }
    init_files(w);
}

void
sim_id_print(char ret_id[SIM_ID_SIZE], enum sim_id kind, size_t number)
{
    snprintf(ret_id, SIM_ID_SIZE, "00000000-0000-7000-%04x-%012u", (unsigned)kind & 0xFFFFU,
             (unsigned)number);
}

/* ---- reads ---- */

bool
sim_is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

int
sim_measure_index(const struct sim_world *w, const char *id)
{
    int i = 0;
    while (i < SIM_MEASURES && !sim_is(w->measures[i].id, id)) {
        i++;
    }
    return i;
}

int
sim_problem_index(const struct sim_world *w, const char *id)
{
    int i = 0;
    while (i < SIM_PROBLEMS && !sim_is(w->problems[i].id, id)) {
        i++;
    }
    return i;
}

static bool
owes_row(const struct measure_record *m)
{
    return measure_reports(m->state) || sim_is(m->state, STATE_ASSIGNED);
}

struct measure_list
sim_table_measures(const struct sim_world *w, const struct sim_table *t, struct arena *a)
{
    struct measure_list list = {.items = arena_array(a, SIM_MEASURES, sizeof *list.items)};
    const struct table_row_list rows = {(struct table_row_record *)(uintptr_t)t->rows, t->row_count,
                                        t->row_count};
    for (int i = 0; list.items != NULL && i < SIM_MEASURES; i++) {
        const struct measure_record *m = &w->measures[i];
        bool own = sim_is(m->plead.id, t->t.org_id) && owes_row(m);
        if (own || table_row_of(&rows, m->id) != NULL) {
            list.items[list.count++] = *m;
        }
    }
    return list;
}

struct problem_measure_list
sim_problem_measures(const struct sim_world *w, int problem, struct arena *a)
{
    struct problem_measure_list list = {.items = arena_array(a, SIM_MEASURES, sizeof *list.items)};
    const char *id = w->problems[problem].id;
    for (int i = 0; list.items != NULL && i < SIM_MEASURES; i++) {
        const struct measure_record *m = &w->measures[i];
        if (sim_is(m->problem_id, id)) {
            list.items[list.count++] =
                (struct problem_measure){id, m->id, m->ref, m->state, m->version};
        }
    }
    return list;
}

struct sitting_row_record *
sim_pending_row(struct sim_world *w, const char *problem_id, struct sim_sitting **ret_sitting)
{
    for (size_t i = 0; i < w->sitting_count; i++) {
        struct sim_sitting *s = &w->sittings[i];
        for (size_t k = 0; k < s->row_count; k++) {
            if (sim_is(s->rows[k].problem_id, problem_id) &&
                sim_is(s->rows[k].state, ROW_PENDING)) {
                *ret_sitting = s;
                return &s->rows[k];
            }
        }
    }
    return NULL;
}

void
sim_fail(struct sim_world *w, const char *format, ...)
{
    va_list args;
    if (w->failure[0] != '\0') {
        return;
    }
    va_start(args, format);
    vsnprintf(w->failure, sizeof w->failure, format, args);
    va_end(args);
}

/* ---- the whole as a text; tests/service/sim_door.h asks the database for the same lines ---- */

struct text {
    char *at;
    size_t left;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void
add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at, t->left, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < t->left) {
        t->at += n;
        t->left -= (size_t)n;
    }
}

static const char *
or_nothing(const char *text)
{
    return text == NULL ? "" : text;
}

static void
print_measure(const struct measure_record *m, struct text *t)
{
    char day[4][DAY_TEXT_SIZE];
    add(t, "measure %s %s v%lld r%d %d%% %s %s %d %s %s %u/%u\n", m->ref, m->state,
        (long long)m->version, m->round, m->percent, or_nothing(m->narrative),
        day_print(m->reported_day, day[0]), m->unchanged_periods, or_nothing(m->claimed_from),
        day_print(m->next_check_day, day[1]), m->evidence_count, m->evidence_strong);
    for (int k = 0; k < MILESTONE_COUNT; k++) {
        const struct milestone_record *ms = &m->milestones[k];
        if (ms->exists) {
            add(t, "milestone %s %d %s %s d%d %s %s +%d v%lld\n", m->ref, k + 1,
                day_print(ms->original_due, day[0]), day_print(ms->current_due, day[1]),
                ms->due_version, day_print(ms->claimed_day, day[2]),
                day_print(ms->reached_day, day[3]), ms->kept_overdue_days, (long long)ms->version);
        }
    }
}

static void
print_table(const struct sim_world *w, const struct sim_table *s, struct text *t)
{
    char day[DAY_TEXT_SIZE];
    add(t, "table %s %s %s v%lld e%d %s\n", s->t.org, s->period, s->t.state,
        (long long)s->t.version, s->t.edition, day_print(s->t.submitted_day, day));
    for (int i = 0; i < SIM_MEASURES; i++) {
        for (size_t k = 0; k < s->row_count; k++) {
            const struct table_row_record *r = &s->rows[k];
            if (sim_is(r->measure_id, w->measures[i].id)) {
                add(t, "row %s %s %s %d%% %s c%d/%d j%d u%d b%lld v%lld\n", s->t.org, s->period,
                    r->measure_ref, r->percent, or_nothing(r->narrative), r->claim,
                    r->claim_verdict, r->verdict, r->unchanged, (long long)r->measure_before,
                    (long long)r->version);
            }
        }
    }
}

static void
print_matter(const struct sim_matter *s, struct text *t)
{
    char day[3][DAY_TEXT_SIZE];
    const struct matter_record *m = &s->m;
    add(t, "matter %s %s v%lld l%d o%d %s %s %s %s %s %s\n", m->ref, m->state,
        (long long)m->version, m->level, m->ordinal, or_nothing(m->measure_ref),
        or_nothing(m->org.code), or_nothing(m->holder.code), or_nothing(m->issuer.code),
        day_print(m->due, day[0]), day_print(m->new_due, day[1]));
    for (size_t i = 0; i < s->task_count; i++) {
        add(t, "task %s %d %s %s\n", m->ref, s->tasks[i].no, s->tasks[i].org.code,
            day_print(s->tasks[i].done_day, day[2]));
    }
}

static void
print_sitting(const struct sim_sitting *s, struct text *t)
{
    add(t, "sitting %s %s v%lld\n", s->ref, s->s.state, (long long)s->s.version);
    for (size_t i = 0; i < s->row_count; i++) {
        add(t, "sitting_row %s %d %s v%lld\n", s->ref, s->rows[i].no, s->rows[i].state,
            (long long)s->rows[i].version);
    }
}

static int
by_period(const void *a, const void *b)
{
    const struct sim_table *const *x = a;
    const struct sim_table *const *y = b;
    int order = strcmp((*x)->t.org, (*y)->t.org);
    return order != 0 ? order : strcmp((*x)->period, (*y)->period);
}

char *
sim_world_print(const struct sim_world *w, struct arena *a)
{
    enum { SIZE = 1 << 18 };
    char *all = arena_alloc(a, SIZE);
    const struct sim_table *tables[SIM_TABLES];
    struct text t = {all, all == NULL ? 0 : SIZE};
    for (int i = 0; all != NULL && i < SIM_MEASURES; i++) {
        print_measure(&w->measures[i], &t);
    }
    for (int i = 0; all != NULL && i < SIM_PROBLEMS; i++) {
        const struct problem_record *p = &w->problems[i];
        char day[DAY_TEXT_SIZE];
        add(&t, "problem %s %s v%lld r%d %s\n", p->ref, p->state, (long long)p->version, p->round,
            day_print(p->closed_day, day));
    }
    for (size_t i = 0; i < w->table_count; i++) {
        tables[i] = &w->tables[i];
    }
    qsort(tables, w->table_count, sizeof(const struct sim_table *), by_period);
    for (size_t i = 0; all != NULL && i < w->table_count; i++) {
        print_table(w, tables[i], &t);
    }
    for (size_t i = 0; all != NULL && i < w->matter_count; i++) {
        print_matter(&w->matters[i], &t);
    }
    for (size_t i = 0; all != NULL && i < w->sitting_count; i++) {
        print_sitting(&w->sittings[i], &t);
    }
    return all;
}
