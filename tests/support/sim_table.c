/* Answering commands in memory: periodic tables, and the clock's jobs that open and lock them. */
#include "tests/support/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is read ---- */

/* The unit handed in a month after this one. */
static bool
is_later(const struct sim_world *w, const struct sim_table *t)
{
    for (size_t i = 0; i < w->table_count; i++) {
        const struct sim_table *n = &w->tables[i];
        if (sim_is(n->t.org_id, t->t.org_id) && strcmp(n->period, t->period) > 0 &&
            n->t.submitted_day != NO_DATE) {
            return true;
        }
    }
    return false;
}

/* For each measure, its row in the newest earlier month. */
static struct table_row_list
last_rows(const struct sim_world *w, const struct sim_table *t, struct arena *a)
{
    struct table_row_list list = {.items = arena_array(a, SIM_MEASURES, sizeof *list.items)};
    for (int m = 0; list.items != NULL && m < SIM_MEASURES; m++) {
        const struct table_row_record *last = NULL;
        const char *period = "";
        for (size_t i = 0; i < w->table_count; i++) {
            const struct sim_table *n = &w->tables[i];
            const struct table_row_list rows = {(struct table_row_record *)(uintptr_t)n->rows,
                                                n->row_count, n->row_count};
            const struct table_row_record *row = table_row_of(&rows, w->measures[m].id);
            if (row != NULL && sim_is(n->t.org_id, t->t.org_id) &&
                strcmp(n->period, t->period) < 0 && strcmp(n->period, period) > 0) {
                last = row;
                period = n->period;
            }
        }
        if (last != NULL) {
            list.items[list.count++] = *last;
        }
    }
    return list;
}

/* As the store counts rows when it reads a table. */
static void
count_rows(struct sim_world *w, struct sim_table *t)
{
    t->t.rows = (int32_t)t->row_count;
    t->t.rows_accepted = t->t.rows_returned = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        t->t.rows_accepted += t->rows[i].verdict == PB__VERDICT__ACCEPTED;
        t->t.rows_returned += t->rows[i].verdict == PB__VERDICT__RETURNED;
    }
    t->t.later = is_later(w, t);
}

/* ---- what is written ---- */

static void
keep_row(struct sim_world *w, struct sim_table *t, const struct row_outcome *o)
{
    size_t k = 0;
    while (k < t->row_count && !sim_is(t->rows[k].measure_id, o->row.measure_id)) {
        k++;
    }
    if (k == SIM_MEASURES) {
        sim_fail(w, "%s %s has too many rows", t->t.org, t->period);
        return;
    }
    bool known = k < t->row_count;
    int64_t version = known ? t->rows[k].version : 0;
    if (o->row.measure_before != 0 && (!known || t->rows[k].measure_before == 0)) {
        t->before[k] =
            (struct measure_before){o->before->id, o->before->percent, o->before->narrative,
                                    o->before->reported_day, o->before->unchanged_periods};
    }
    t->row_count += !known;
    t->rows[k] = o->row;
    t->rows[k].version = version + 1;
    t->rows[k].measure_id = w->measures[sim_measure_index(w, o->row.measure_id)].id;
    t->rows[k].measure_ref = w->measures[sim_measure_index(w, o->row.measure_id)].ref;
}

static void
check_percent(struct sim_world *w, const struct row_outcome *o)
{
    bool reports = sim_is(o->command, COMMAND_REPORT) || sim_is(o->command, COMMAND_CLAIM_EFFECT) ||
                   sim_is(o->command, COMMAND_CLAIM_COMPLETE);
    if (reports && o->measure_changes && o->row_written &&
        o->measure.next.percent < o->before->percent && o->row.lower_reason == NULL) {
        sim_fail(w, "%s fell from %d to %d without a reason", o->before->ref, o->before->percent,
                 o->measure.next.percent);
    }
}

/* Rule 4 for tables: neither the unit nor the people who filled in and confirmed. */
static void
check_judge(const struct sim_turn *t, const struct sim_table *s)
{
    if (t->c->verb == SIM_DECIDE_TABLE &&
        (sim_is(t->actor.org_id, s->t.org_id) || sim_is(t->actor.account_id, s->t.filled_by) ||
         sim_is(t->actor.account_id, s->t.reviewed_by))) {
        sim_fail(t->w, "%s %s judged by its own", s->t.org, s->period);
    }
}

static void
keep_outcome(struct sim_turn *t, struct sim_table *s, const struct table_outcome *o)
{
    struct sim_world *w = t->w;
    for (size_t i = 0; i < o->count; i++) {
        const struct row_outcome *row = &o->rows[i];
        int m = sim_measure_index(w, row->before->id);
        uint32_t files = sim_file_bit(w, row->attachment.ids, row->attachment.count);
        check_percent(w, row);
        if (row->row_written) {
            keep_row(w, s, row);
        }
        sim_put_measure(w, m, row->measure_changes ? &row->measure.next : row->before, files);
    }
    const char *id = s->id;
    s->t = o->next;
    s->t.id = id;
    s->t.period = s->period;
    s->t.receipt = NULL;
    t->state = s->t.state;
    t->version = s->t.version;
    check_judge(t, s);
    if (sim_is(s->t.state, STATE_SUBMITTED) && s->t.reviewer_needed && s->t.reviewed_by == NULL) {
        sim_fail(w, "%s %s is handed in without a reviewer", s->t.org, s->period);
    }
    if (s->t.reviewed_by != NULL && sim_is(s->t.reviewed_by, s->t.filled_by)) {
        sim_fail(w, "%s %s: filled in and confirmed by one person", s->t.org, s->period);
    }
}

/* ---- commands ---- */

static enum status
act(struct sim_turn *t, const struct table_case *tc, struct table_outcome *o)
{
    static const char *const commands[] = {COMMAND_WITHDRAW, COMMAND_NIL, COMMAND_RETURN,
                                           COMMAND_WAIVE, COMMAND_LOCK};
    const enum sim_verb verb = t->c->verb;
    static const char reason[] = "OTHER 样例：情况说明";
    bool reasoned = verb != SIM_LOCK || t->c->reasoned;
    enum status s = verb == SIM_LOCK ? STATUS_OK : sim_reasoned(t, "REASON_CODE");
    if (s != STATUS_OK) {
        return s;
    }
    return table_act(tc, commands[verb - SIM_WITHDRAW_TABLE], reasoned ? reason : NULL, t->a, o,
                     &t->fault);
}

static enum status
decide_command(struct sim_turn *t, const struct table_case *tc, struct table_outcome *o)
{
    const void *m = t->r->message;
    enum status s = STATUS_OK;
    switch (t->c->verb) {
    case SIM_SUBMIT_TABLE:
        return table_submit(tc, m, t->a, o, &t->fault);
    case SIM_CONFIRM_TABLE:
        return table_confirm(tc, m, t->a, o, &t->fault);
    case SIM_DECIDE_TABLE:
        return table_decide(tc, m, t->a, o, &t->fault);
    case SIM_CORRECT:
        s = sim_reasoned(t, "REASON_CODE");
        return s == STATUS_OK ? table_correct(tc, m, "OTHER 样例：情况说明", t->a, o, &t->fault)
                              : s;
    default:
        return act(t, tc, o);
    }
}

enum status
sim_table_command(struct sim_turn *t)
{
    struct sim_world *w = t->w;
    struct sim_table *s = &w->tables[t->c->thing];
    const struct evidence_list files = {w->files, SIM_FILES, SIM_FILES};
    const struct evidence_link_list links = sim_links(w, t->a);
    struct table_outcome outcome;
    bool sees = t->sees_all || sim_is(s->t.org_id, t->actor.org_id);
    if (t->c->verb == SIM_RETURN_NIL && sees && !sim_is(s->t.state, STATE_NIL)) {
        return fault_set(&t->fault, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                         "这张表不是报无进展。");
    }
    if (!sees) {
        return sim_unknown(t, "TABLE_UNKNOWN");
    }
    count_rows(w, s);
    const struct table_row_list rows = {s->rows, s->row_count, s->row_count};
    struct measure_before_list before = {.items =
                                             arena_array(t->a, SIM_MEASURES, sizeof *before.items)};
    for (size_t i = 0; before.items != NULL && i < s->row_count; i++) {
        if (s->rows[i].measure_before > 0) {
            before.items[before.count++] = s->before[i];
        }
    }
    const struct table_row_list last = last_rows(w, s, t->a);
    const struct measure_list measures = sim_table_measures(w, s, t->a);
    const struct table_case tc = {
        .table = &s->t,
        .rows = &rows,
        .last_rows = &last,
        .before = &before,
        .measures = &measures,
        .files = &files,
        .links = &links,
        .actor = t->actor,
        .account = sim_people[t->c->actor].name,
        .today = w->today,
        .now_ms = w->now_ms,
        .receipt = "receipt",
    };
    enum status status = sim_expected(t, s->t.version);
    if (status == STATUS_OK) {
        status = decide_command(t, &tc, &outcome);
    }
    if (status == STATUS_OK) {
        keep_outcome(t, s, &outcome);
    }
    return status;
}

/* ---- the clock ---- */

static void
open_table(struct sim_world *w, int problem, const struct period *period)
{
    struct sim_table *t = &w->tables[w->table_count];
    const struct problem_record *p = &w->problems[problem];
    memset(t, 0, sizeof *t);
    w->table_count++;
    sim_id_print(t->id, SIM_ID_TABLE, w->table_count);
    snprintf(t->period, sizeof t->period, "%s", period->code);
    t->t = (struct table_record){
        .id = t->id,
        .inspection_id = p->inspection_id,
        .inspection = p->inspection,
        .org_id = p->lead.id,
        .org = p->lead.code,
        .org_name = "样例",
        .of_office = sim_is(p->lead_kind, "OFFICE"),
        .period = t->period,
        .due = period->first + SIM_REPORT_DAY - 1,
        .state = STATE_OPEN,
        .submitted_day = NO_DATE,
        .edition = 1,
        .reviewer_needed = sim_is(p->lead.code, "unit01"),
    };
}

static void
open_tables(struct sim_world *w)
{
    struct period period;
    const struct period now = period_of_day(PERIOD_MONTH, w->today);
    if (period_parse(SIM_FIRST_PERIOD, &period) != STATUS_OK) {
        abort();
    }
    for (; strcmp(period.code, now.code) <= 0; period = period_add(&period, 1)) {
        for (int p = 0; p < SIM_PROBLEMS; p++) {
            bool there = false;
            for (size_t i = 0; i < w->table_count; i++) {
                there = there || (sim_is(w->tables[i].t.org_id, w->problems[p].lead.id) &&
                                  sim_is(w->tables[i].period, period.code));
            }
            if (!there && w->table_count < SIM_TABLES) {
                open_table(w, p, &period);
            }
        }
    }
}

static void
lock_table(struct sim_turn *t, struct sim_table *s)
{
    static const struct table_row_list no_rows;
    static const struct measure_list no_measures;
    struct period period;
    struct table_outcome outcome;
    const struct table_case tc = {
        .table = &s->t,
        .rows = &no_rows,
        .measures = &no_measures,
        .actor = {.roles = ROLE_SYS},
        .today = t->w->today,
        .now_ms = t->w->now_ms,
    };
    if (!sim_is(s->t.state, STATE_ACCEPTED) || period_parse(s->period, &period) != STATUS_OK ||
        period.last >= t->w->today) {
        return;
    }
    count_rows(t->w, s);
    if (table_act(&tc, COMMAND_LOCK, NULL, t->a, &outcome, &t->fault) != STATUS_OK) {
        sim_fail(t->w, "the clock cannot lock %s %s: %s", s->t.org, s->period, t->fault.reason);
        return;
    }
    keep_outcome(t, s, &outcome);
}

void
sim_tick(struct sim_turn *t)
{
    struct sim_world *w = t->w;
    w->today += t->c->thing;
    w->now_ms = day_to_instant(w->today, ZONE_CHINA_MIN) + INT64_C(9) * 3600000;
    open_tables(w);
    for (size_t i = 0; i < w->table_count; i++) {
        lock_table(t, &w->tables[i]);
    }
    t->state = "";
    t->version = (int64_t)w->table_count;
}
