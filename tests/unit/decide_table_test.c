/* Decisions on a table, without a database: what a row must say, what handing in and judging make
 * of rows, measures and the table. */
#include "server/service/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { TODAY = 20000, ARENA = 4 << 20, ROWS = 2 };

static struct arena arena;

/* A unit's table with two open measures, nothing handed in yet. */
struct stage {
    struct table_record table;
    struct measure_record measures[ROWS];
    struct table_row_record rows[ROWS];
    struct measure_list measure_list;
    struct table_row_list row_list;
    struct evidence_list files;
    struct evidence_link_list links;
    struct table_case tc;
    Pb__TableRow cells[ROWS];
    Pb__TableRow *lines[ROWS];
    Pb__SubmitTableRequest submit;
    Pb__RowDecision opinions[ROWS];
    Pb__RowDecision *decisions[ROWS];
    Pb__DecideTableRequest decide;
    struct fault fault;
    struct table_outcome outcome;
};

static char *
text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void
set_measure(struct stage *s, int i, const char *id, const char *ref)
{
    s->measures[i] = (struct measure_record){
        .id = id,
        .ref = ref,
        .text = "样例",
        .class_ = CLASS_IMMEDIATE,
        .lead = {"unit", "unit01"},
        .plead = {"unit", "unit01"},
        .state = STATE_IN_PROGRESS,
        .round = 1,
        .percent = 40,
        .narrative = "上月",
        .reported_day = NO_DATE,
        .next_check_day = NO_DATE,
        .evidence_count = 1,
        .evidence_strong = 1,
        .version = 3,
    };
    s->measures[i].milestones[MILESTONE_COMPLETE] =
        (struct milestone_record){true, TODAY, TODAY, 1, NO_DATE, NO_DATE, 1};
    pb__table_row__init(&s->cells[i]);
    s->cells[i].measure_ref = text(ref);
    s->cells[i].has_percent = 1;
    s->cells[i].percent = 40;
    s->cells[i].narrative = text("上月");
    s->lines[i] = &s->cells[i];
    pb__row_decision__init(&s->opinions[i]);
    s->opinions[i].measure_ref = text(ref);
    s->opinions[i].has_verdict = 1;
    s->opinions[i].verdict = PB__VERDICT__ACCEPTED;
    s->decisions[i] = &s->opinions[i];
}

static struct stage *
stage_make(void)
{
    struct stage *s = arena_alloc(&arena, sizeof *s);
    assert_non_null(s);
    set_measure(s, 0, "m1", "P-01-M-01");
    set_measure(s, 1, "m2", "P-01-M-02");
    s->table = (struct table_record){
        .id = "t",
        .org_id = "unit",
        .org = "unit01",
        .org_name = "样例一局",
        .period = "2024-10",
        .due = TODAY,
        .state = STATE_OPEN,
        .submitted_day = NO_DATE,
        .edition = 1,
    };
    s->measure_list = (struct measure_list){s->measures, ROWS, ROWS};
    s->row_list = (struct table_row_list){s->rows, 0, ROWS};
    s->tc = (struct table_case){
        .table = &s->table,
        .rows = &s->row_list,
        .measures = &s->measure_list,
        .files = &s->files,
        .links = &s->links,
        .actor = {.account_id = "clerk", .org_id = "unit", .roles = ROLE_PLEAD},
        .today = TODAY,
        .now_ms = 1,
        .receipt = "receipt",
    };
    pb__submit_table_request__init(&s->submit);
    s->submit.rows = s->lines;
    s->submit.n_rows = ROWS;
    pb__decide_table_request__init(&s->decide);
    s->decide.decisions = s->decisions;
    s->decide.n_decisions = ROWS;
    return s;
}

static enum status
submit(struct stage *s)
{
    s->fault = (struct fault){0};
    return table_submit(&s->tc, &s->submit, &arena, &s->outcome, &s->fault);
}

static enum status
decide(struct stage *s)
{
    s->fault = (struct fault){0};
    return table_decide(&s->tc, &s->decide, &arena, &s->outcome, &s->fault);
}

/* What was decided becomes what stands; then the office acts. */
static void
take_over(struct stage *s)
{
    s->table = s->outcome.next;
    for (size_t i = 0; i < s->outcome.count; i++) {
        const struct row_outcome *o = &s->outcome.rows[i];
        size_t k = strcmp(o->row.measure_id, "m1") == 0 ? 0 : 1;
        if (!o->row_written) {
            continue;
        }
        s->rows[k] = o->row;
        s->rows[k].version++;
        if (o->measure_changes) {
            s->measures[k] = o->measure.next;
        }
    }
    s->row_list.count = ROWS;
    s->tc.actor = (struct actor){.account_id = "officer", .org_id = "office", .roles = ROLE_OFFICE};
}

static void
late_is_judged_on_the_first_day(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    assert_int_equal(submit(s), STATUS_OK);
    assert_string_equal(s->outcome.next.state, STATE_SUBMITTED);
    assert_false(table_late(&s->outcome.next));
    assert_int_equal(s->outcome.next.version, 1);
    take_over(s);
    s->opinions[1].verdict = PB__VERDICT__RETURNED;
    s->opinions[1].reason_code = text("OTHER");
    s->opinions[1].reason = text("重写");
    assert_int_equal(decide(s), STATUS_OK);
    assert_string_equal(s->outcome.next.state, STATE_RETURNED);
    take_over(s);
    s->tc.actor = (struct actor){.account_id = "clerk", .org_id = "unit", .roles = ROLE_PLEAD};
    s->tc.today = TODAY + 9;
    assert_int_equal(submit(s), STATUS_OK);
    assert_int_equal(s->outcome.count, 1); /* the accepted row stays as it is */
    assert_false(table_late(&s->outcome.next));
    s = stage_make();
    s->tc.today = TODAY + 1;
    assert_int_equal(submit(s), STATUS_OK);
    assert_true(table_late(&s->outcome.next));
}

/* A corrected table that turns out to have nothing to say was confirmed as something else: the
 * reviewer who says so is not its 审核人 as well. */
static void
nothing_to_tell_forgets_who_confirmed(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    s->table.state = STATE_DRAFT;
    s->table.edition = 2;
    s->table.reviewer_needed = true;
    s->table.filled_by = "clerk";
    s->table.reviewed_by = "reviewer";
    s->table.confirmation = "PAPER";
    s->table.paper_checked = true;
    s->table.confirmed_ms = 1;
    s->tc.actor = (struct actor){
        .account_id = "reviewer", .org_id = "unit", .roles = ROLE_PLEAD | ROLE_REVIEWER};
    s->fault = (struct fault){0};
    assert_int_equal(table_act(&s->tc, COMMAND_NIL, "OTHER 样例", &arena, &s->outcome, &s->fault),
                     STATUS_OK);
    assert_string_equal(s->outcome.next.filled_by, "reviewer");
    assert_null(s->outcome.next.reviewed_by);
    assert_null(s->outcome.next.confirmation);
    assert_false(s->outcome.next.paper_checked);
    assert_int_equal(s->outcome.next.confirmed_ms, 0);
}

/* A returned NIL has no rows: there is nothing to judge until it is handed in again. */
static void
nothing_is_no_judgement(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    s->table.state = STATE_RETURNED;
    s->decide.n_decisions = 0;
    s->tc.actor = (struct actor){.account_id = "officer", .org_id = "office", .roles = ROLE_OFFICE};
    assert_int_equal(decide(s), STATUS_INVALID_ARGUMENT);
    assert_string_equal(s->fault.reason, "NO_DECISION");
    s->table.state = STATE_SUBMITTED; /* an empty table is accepted as a whole */
    assert_int_equal(decide(s), STATUS_OK);
    assert_string_equal(s->outcome.next.state, STATE_ACCEPTED);
}

static void
unchanged_rows_count_as_reports(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    assert_int_equal(submit(s), STATUS_OK);
    assert_int_equal(s->outcome.rows[0].measure.next.unchanged_periods, 1);
    assert_int_equal(s->outcome.rows[0].measure.next.version, 4);
    assert_string_equal(s->outcome.rows[0].command, COMMAND_REPORT);
    s->cells[0].percent = 41;
    assert_int_equal(submit(s), STATUS_OK);
    assert_int_equal(s->outcome.rows[0].measure.next.unchanged_periods, 0);
}

static void
a_claim_and_its_report_are_one_version(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    s->cells[1].has_claim = 1;
    s->cells[1].claim = PB__CLAIM__CLAIM_COMPLETE;
    assert_int_equal(submit(s), STATUS_OK);
    assert_int_equal(s->outcome.claims, 1);
    const struct row_outcome *o = &s->outcome.rows[1];
    assert_string_equal(o->measure.next.state, STATE_COMPLETE_CLAIMED);
    assert_int_equal(o->measure.next.version, 4);
    assert_int_equal(o->measure.next.reported_day, TODAY);
    assert_int_equal(o->row.claim_verdict, PB__VERDICT__PENDING);
    take_over(s);
    /* The other row has no claim to decide. */
    s->opinions[0].has_claim = 1;
    s->opinions[0].claim = PB__VERDICT__ACCEPTED;
    assert_int_equal(decide(s), STATUS_INVALID_ARGUMENT);
    assert_string_equal(s->fault.reason, "NO_CLAIM");
    assert_string_equal(s->fault.field, "decisions[0].claim");
    s->opinions[0].has_claim = 0;
    assert_int_equal(decide(s), STATUS_OK); /* the claim stays open */
    assert_string_equal(s->outcome.next.state, STATE_ACCEPTED);
    assert_int_equal(s->outcome.rows[1].row.claim_verdict, PB__VERDICT__PENDING);
    assert_false(s->outcome.rows[1].measure_changes);
    s->opinions[1].has_claim = 1;
    s->opinions[1].claim = PB__VERDICT__ACCEPTED;
    assert_int_equal(decide(s), STATUS_OK);
    assert_int_equal(s->outcome.confirmed, 1);
    assert_string_equal(s->outcome.rows[1].measure.next.state, STATE_DONE);
}

static void
contradictions_are_refused(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    assert_int_equal(submit(s), STATUS_OK);
    take_over(s);
    s->opinions[0].verdict = PB__VERDICT__RETURNED;
    s->opinions[0].reason_code = text("OTHER");
    s->opinions[0].reason = text("理由");
    s->opinions[0].has_claim = 1;
    s->opinions[0].claim = PB__VERDICT__ACCEPTED;
    assert_int_equal(decide(s), STATUS_INVALID_ARGUMENT);
    assert_string_equal(s->fault.reason, "CLAIM_CONTRADICTS");
    s->opinions[0].has_claim = 0;
    s->opinions[1].measure_ref = s->opinions[0].measure_ref;
    assert_int_equal(decide(s), STATUS_INVALID_ARGUMENT);
    assert_string_equal(s->fault.reason, "MEASURE_TWICE");
    s->opinions[1].measure_ref = text("P-09-M-09");
    assert_int_equal(decide(s), STATUS_INVALID_ARGUMENT);
    assert_string_equal(s->fault.reason, "NOT_IN_TABLE");
}

static void
an_empty_table_is_accepted_as_a_whole(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    s->measure_list.count = 0;
    s->submit.n_rows = 0;
    assert_int_equal(submit(s), STATUS_OK);
    s->table = s->outcome.next;
    s->decide.n_decisions = 0;
    s->tc.actor = (struct actor){.account_id = "officer", .org_id = "office", .roles = ROLE_OFFICE};
    assert_int_equal(decide(s), STATUS_OK);
    assert_string_equal(s->outcome.next.state, STATE_ACCEPTED);
    /* … unless there is something to sign for first. */
    s = stage_make();
    s->measures[0].state = s->measures[1].state = STATE_ASSIGNED;
    s->submit.n_rows = 0;
    assert_int_equal(submit(s), STATUS_FAILED_PRECONDITION);
    assert_string_equal(s->fault.reason, "SIGN_FIRST");
}

static void
only_the_unit_hands_in(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    s->tc.actor.org_id = "else";
    assert_int_not_equal(submit(s), STATUS_OK);
    s->tc.actor = (struct actor){.account_id = "x", .org_id = "unit", .roles = ROLE_OFFICE};
    s->tc.actor.behalf = true;
    assert_int_equal(submit(s), STATUS_OK);
    assert_string_equal(s->outcome.next.filled_by, "x");
}

/* ---- the second person ---- */

static enum status
confirm(struct stage *s, Pb__ConfirmTableRequest *request)
{
    s->fault = (struct fault){0};
    return table_confirm(&s->tc, request, &arena, &s->outcome, &s->fault);
}

static void
a_reviewer_hands_in(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    Pb__ConfirmTableRequest request = PB__CONFIRM_TABLE_REQUEST__INIT;
    s->table.reviewer_needed = true;
    s->cells[1].has_claim = 1;
    s->cells[1].claim = PB__CLAIM__CLAIM_COMPLETE;
    s->cells[0].has_ask_help = s->cells[0].ask_help = 1;
    s->cells[0].difficulty = text("难");
    assert_int_equal(submit(s), STATUS_OK);
    assert_string_equal(s->outcome.next.state, STATE_CONFIRMING);
    assert_int_equal(s->outcome.next.submitted_day, NO_DATE);
    assert_false(s->outcome.rows[0].measure_changes);
    assert_false(s->outcome.rows[1].measure_changes);
    assert_int_equal(s->outcome.rows[1].row.claim_verdict, 0);
    assert_int_equal(s->outcome.helps, 0);
    take_over(s);
    struct measure_record before = s->measures[1];
    s->tc.actor = (struct actor){
        .account_id = "clerk", .org_id = "unit", .roles = ROLE_PLEAD | ROLE_REVIEWER};
    assert_int_equal(confirm(s, &request), STATUS_PERMISSION_DENIED);
    assert_string_equal(s->fault.reason, "SAME_PERSON");
    s->tc.actor.account_id = "reviewer";
    s->tc.actor.roles = ROLE_PLEAD;
    assert_int_equal(confirm(s, &request), STATUS_PERMISSION_DENIED);
    assert_string_equal(s->fault.reason, "REVIEWER_ONLY");
    s->tc.actor.roles = ROLE_PLEAD | ROLE_REVIEWER;
    assert_int_equal(confirm(s, &request), STATUS_OK);
    assert_string_equal(s->outcome.next.state, STATE_SUBMITTED);
    assert_string_equal(s->outcome.next.filled_by, "clerk");
    assert_string_equal(s->outcome.next.reviewed_by, "reviewer");
    assert_int_equal(s->outcome.claims, 1);
    assert_int_equal(s->outcome.helps, 1);
    assert_string_equal(s->outcome.rows[1].measure.next.state, STATE_COMPLETE_CLAIMED);
    assert_int_equal(s->outcome.rows[1].row.measure_before, before.version);
    /* Who confirmed does not judge either. */
    take_over(s);
    s->tc.actor.account_id = "reviewer";
    assert_int_equal(decide(s), STATUS_PERMISSION_DENIED);
    assert_string_equal(s->fault.reason, "SAME_PERSON");
}

/* The same content has the same text; every field of a row is in it. */
static void
content_follows_every_field(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    assert_int_equal(submit(s), STATUS_OK);
    take_over(s);
    const char *first = table_content(&s->tc, &arena);
    assert_string_equal(first, table_content(&s->tc, &arena));
    struct table_row_record *r = &s->rows[0];
    struct table_row_record kept = *r;
    struct table_row_record changed[] = {kept, kept, kept, kept, kept, kept, kept, kept, kept};
    changed[0].percent++;
    changed[1].narrative = "别的";
    changed[2].difficulty = "难";
    changed[3].ask_help = true;
    changed[4].claim = PB__CLAIM__CLAIM_EFFECT;
    changed[5].happened_day = TODAY;
    changed[6].lower_reason = "返工";
    changed[7].extension_day = TODAY + 9;
    changed[8].extension_reason = "招标";
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        *r = changed[i];
        assert_string_not_equal(first, table_content(&s->tc, &arena));
    }
    *r = kept;
    s->table.edition = 2;
    assert_string_not_equal(first, table_content(&s->tc, &arena));
    /* A length goes before each text: none can pass for the next field. */
    s->table.edition = 1;
    r->narrative = "甲\ndifficulty 3:乙";
    const char *one = table_content(&s->tc, &arena);
    r->narrative = "甲";
    r->difficulty = "乙";
    assert_string_not_equal(one, table_content(&s->tc, &arena));
}

/* ---- a month without anything new ---- */

static void
nothing_new_is_refused_where_something_is_needed(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    s->submit.n_rows = 0;
    s->submit.has_unchanged = s->submit.unchanged = 1;
    assert_int_equal(submit(s), STATUS_OK);
    assert_int_equal(s->outcome.count, ROWS);
    assert_int_equal(s->outcome.unchanged, ROWS);
    assert_string_equal(s->outcome.rows[0].row.narrative, "上月");
    s->measures[1].percent = -1; /* never reported */
    assert_int_equal(submit(s), STATUS_INVALID_ARGUMENT);
    assert_string_equal(s->fault.reason, "ROW_NEEDS_WRITING");
    assert_non_null(strstr(s->fault.message, "P-01-M-02"));
}

/* ---- a quarter ---- */

static void
a_quarter_puts_months_together(void **state)
{
    (void)state;
    struct stage *s = stage_make();
    struct table_row_record months[] = {
        {.measure_id = "m1", .period = "2026-10", .percent = 20, .narrative = "甲"},
        {.measure_id = "m1",
         .period = "2026-11",
         .percent = 20,
         .narrative = "甲",
         .unchanged = true},
        {.measure_id = "m1",
         .period = "2026-12",
         .percent = 60,
         .narrative = "乙",
         .claim = PB__CLAIM__CLAIM_EFFECT,
         .claim_verdict = PB__VERDICT__RETURNED},
    };
    struct table_row_list list = {months, 3, 3};
    struct table_row_record row;
    s->table.quarter = true;
    s->table.period = "2026-Q4";
    s->tc.month_rows = &list;
    assert_true(table_prefilled(&s->tc, &s->measures[0], &arena, &row));
    assert_int_equal(row.percent, 60);
    assert_string_equal(row.narrative,
                        "10月：甲\n11月：无新进展\n12月：乙（申请认定明显成效：已退回）");
    assert_true(table_prefilled(&s->tc, &s->measures[1], &arena, &row));
    assert_int_equal(row.percent, -1); /* no accepted month: it has to be written */
    assert_null(row.narrative);
    s->measures[0].state = STATE_DONE;
    assert_true(table_has_row(&s->tc, &s->measures[0]));
    s->measures[1].state = STATE_DONE;
    assert_false(table_has_row(&s->tc, &s->measures[1]));
}

static void
missed_is_computed(void **state)
{
    (void)state;
    struct table_record t = {
        .state = STATE_OPEN, .due = TODAY, .grace_days = 2, .submitted_day = NO_DATE};
    assert_false(table_missed(&t, TODAY + 2));
    assert_true(table_missed(&t, TODAY + 3));
    t.state = STATE_CONFIRMING;
    assert_true(table_missed(&t, TODAY + 3));
    t.state = STATE_WAIVED;
    assert_false(table_missed(&t, TODAY + 3));
    t.state = STATE_DRAFT;
    t.submitted_day = TODAY + 1; /* being corrected */
    assert_false(table_missed(&t, TODAY + 30));
    assert_false(table_late(&t));
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_is_judged_on_the_first_day),
        cmocka_unit_test(nothing_to_tell_forgets_who_confirmed),
        cmocka_unit_test(nothing_is_no_judgement),
        cmocka_unit_test(unchanged_rows_count_as_reports),
        cmocka_unit_test(a_claim_and_its_report_are_one_version),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(an_empty_table_is_accepted_as_a_whole),
        cmocka_unit_test(only_the_unit_hands_in),
        cmocka_unit_test(a_reviewer_hands_in),
        cmocka_unit_test(content_follows_every_field),
        cmocka_unit_test(nothing_new_is_refused_where_something_is_needed),
        cmocka_unit_test(a_quarter_puts_months_together),
        cmocka_unit_test(missed_is_computed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
