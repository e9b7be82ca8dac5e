/* Decisions on matters, without a database: who decides, how days are counted, what is refused. */
#include "server/service/matter.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 8 << 20 };

static struct arena arena;
static struct calendar calendar;
static struct org_record org_items[] = {
    {.id = "o-office", .code = "office", .kind = "OFFICE"},
    {.id = "o-lgroup", .code = "lgroup", .kind = "LGROUP"},
    {.id = "o-leader", .code = "leader1", .kind = "LEADER"},
    {.id = "o-sg", .code = "sg1", .kind = "SGROUP"},
    {.id = "o-disc", .code = "disc", .kind = "DISC"},
    {.id = "o-orgd", .code = "orgd", .kind = "ORGD"},
    {.id = "o-unit", .code = "unit01", .kind = "UNIT"},
    {.id = "o-other", .code = "unit02", .kind = "UNIT"},
};
static const struct org_list orgs = {org_items, sizeof org_items / sizeof org_items[0], 0};

static int32_t
day(const char *iso)
{
    int32_t d = 0;
    assert_int_equal(day_parse(iso, &d), STATUS_OK);
    return d;
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    calendar_init_builtin(&calendar);
    return sodium_init() < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A measure of unit01 in progress: EFFECT by 2026-02-10, COMPLETE by 2026-03-31. */
static struct measure_record
measure(void)
{
    struct measure_record m = {
        .id = "m1",
        .ref = "P-01-M-01",
        .inspection_id = "i1",
        .problem_id = "p1",
        .class_ = CLASS_TIMED,
        .leader = {"o-leader", "leader1"},
        .lead = {"o-unit", "unit01"},
        .plead = {"o-unit", "unit01"},
        .sgroup = {"o-sg", "sg1"},
        .state = STATE_IN_PROGRESS,
        .round = 1,
        .percent = 40,
        .version = 3,
    };
    const char *dues[] = {"2026-02-10", "2026-03-31"};
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        m.milestones[i] = (struct milestone_record){.exists = true,
                                                    .original_due = day(dues[i]),
                                                    .current_due = day(dues[i]),
                                                    .due_version = 1,
                                                    .claimed_day = NO_DATE,
                                                    .reached_day = NO_DATE,
                                                    .version = 1};
    }
    return m;
}

static struct actor
actor(const char *org, uint64_t roles)
{
    return (struct actor){.account_id = org, .org_id = org, .roles = roles};
}

static struct matter_case
case_of(enum workflow_id kind, const struct measure_record *m, const char *today)
{
    return (struct matter_case){
        .kind = kind,
        .measure = m,
        .place.unit = {"o-unit", "unit01"},
        .orgs = &orgs,
        .calendar = &calendar,
        .concentrated_end = NO_DATE,
        .actor = actor("o-unit", ROLE_PLEAD),
        .today = day(today),
        .now_ms = 1,
    };
}

static Pb__MatterInput input;

static struct matter_order
order(const char *command)
{
    return (struct matter_order){.command = command,
                                 .input = &input,
                                 .due = NO_DATE,
                                 .new_due = NO_DATE,
                                 .scheduled_day = NO_DATE,
                                 .id = "x1",
                                 .ref = "X-0001",
                                 .private_id = "y1",
                                 .salt = "00ff",
                                 .seed = 5};
}

static struct matter_order
asking(const char *command, Pb__MilestoneKind milestone, const char *until)
{
    pb__matter_input__init(&input);
    input.measure_ref = (char *)(uintptr_t) "P-01-M-01";
    input.has_milestone = 1;
    input.milestone = milestone;
    input.new_due = (char *)(uintptr_t)until;
    input.reason_code = (char *)(uintptr_t) "OTHER";
    input.reason = (char *)(uintptr_t) "样例理由";
    struct matter_order o = order(command);
    o.new_due = day(until);
    return o;
}

/* The reason of a refusal; "" when it went through. */
static const char *
step(const struct matter_case *c, const struct matter_order *o, struct matter_outcome *ret)
{
    static struct fault fault;
    fault = (struct fault){0};
    return matter_step(c, o, &arena, ret, &fault) == STATUS_OK ? "" : fault.reason;
}

/* ---- extensions ---- */

/* The level asked for: by days, by how many went before, by the phase. */
static int
level(int approved, const char *until, const char *phase)
{
    struct measure_record m = measure();
    struct matter_record former[4];
    for (int i = 0; i < approved; i++) {
        former[i] = (struct matter_record){
            .kind = "extension", .measure_id = "m1", .milestone = 1, .state = STATE_APPROVED};
    }
    /* What was refused, or was of the other milestone, does not count. */
    former[approved] = (struct matter_record){
        .kind = "extension", .measure_id = "m1", .milestone = 1, .state = STATE_REJECTED};
    struct matter_list related = {former, (size_t)approved + 1, 0};
    struct matter_case c = case_of(WORKFLOW_EXTENSION, &m, "2026-02-02");
    c.related = &related;
    c.concentrated_end = phase == NULL ? NO_DATE : day(phase);
    struct matter_order o = asking("submit", PB__MILESTONE_KIND__EFFECT, until);
    struct matter_outcome out;
    assert_string_equal(step(&c, &o, &out), "");
    assert_int_equal(out.next.ordinal, approved + 1);
    return out.next.level;
}

static void
who_decides_an_extension(void **state)
{
    (void)state;
    assert_int_equal(level(0, "2026-02-25", NULL), 1); /* 15 days */
    assert_int_equal(level(0, "2026-02-26", NULL), 2); /* 16 */
    assert_int_equal(level(1, "2026-02-11", NULL), 2);
    assert_int_equal(level(2, "2026-02-11", NULL), 3);
    assert_int_equal(level(3, "2026-02-11", NULL), 3);
    assert_int_equal(level(0, "2026-02-20", "2026-02-19"), 3);
    assert_int_equal(level(0, "2026-02-19", "2026-02-19"), 1);
    /* Without a leader the leading group has his part, and only his. */
    struct measure_record m = measure();
    m.leader = (struct org_name){NULL, NULL};
    struct matter_case c = case_of(WORKFLOW_EXTENSION, &m, "2026-02-02");
    struct matter_outcome out;
    struct matter_order o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-02-26");
    assert_string_equal(step(&c, &o, &out), "");
    assert_int_equal(out.next.level, 3);
    o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-02-12");
    assert_string_equal(step(&c, &o, &out), "");
    assert_int_equal(out.next.level, 1);
}

/* Three working days for the decider, over 春节 (15 to 23 February 2026 off; 14 and 28 worked). */
static void
the_deciders_days_skip_spring_festival(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        const char *due;
    } cases[] = {
        {"2026-02-09", "2026-02-12"}, /* Monday: Tue, Wed, Thu */
        {"2026-02-11", "2026-02-14"}, /* Wednesday: Thu, Fri, and the Saturday worked */
        {"2026-02-12", "2026-02-24"}, /* Thursday: Fri, Sat, then the first day after */
        {"2026-02-13", "2026-02-25"},
        {"2026-02-26", "2026-03-02"}, /* Thursday: Fri, the Saturday worked, Mon */
    };
    struct measure_record m = measure();
    m.milestones[MILESTONE_COMPLETE].current_due = day("2026-12-31");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct matter_case c = case_of(WORKFLOW_EXTENSION, &m, cases[i].asked);
        struct matter_order o = asking("submit", PB__MILESTONE_KIND__COMPLETE, "2027-01-10");
        struct matter_outcome out;
        assert_string_equal(step(&c, &o, &out), "");
        assert_int_equal(out.next.due, day(cases[i].due));
    }
}

static void
what_no_extension_is_given_for(void **state)
{
    (void)state;
    struct measure_record m = measure();
    struct matter_case c = case_of(WORKFLOW_EXTENSION, &m, "2026-02-02");
    struct matter_outcome out;
    struct matter_order o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-04-01");
    assert_string_equal(step(&c, &o, &out), "EFFECT_PAST_COMPLETE");
    o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-03-31");
    assert_string_equal(step(&c, &o, &out), ""); /* the same day is not past it */
    o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-02-10");
    assert_string_equal(step(&c, &o, &out), "NEW_DATE_NOT_LATER");
    o = asking("submit_late", PB__MILESTONE_KIND__EFFECT, "2026-02-20");
    assert_string_equal(step(&c, &o, &out), "DUE_NOT_PASSED");
    m.class_ = CLASS_IMMEDIATE;
    assert_string_equal(step(&c, &o, &out), "MILESTONE_UNKNOWN");
    m = measure();
    m.milestones[MILESTONE_EFFECT].claimed_day = day("2026-02-01");
    o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-02-20");
    assert_string_equal(step(&c, &o, &out), "CLAIM_PENDING");
    m = measure();
    m.milestones[MILESTONE_EFFECT].reached_day = day("2026-02-01");
    assert_string_equal(step(&c, &o, &out), "MILESTONE_CLOSED");
    m = measure();
    m.milestones[MILESTONE_EFFECT].current_due = NO_DATE;
    assert_string_equal(step(&c, &o, &out), "NO_DUE");
    m = measure();
    input.reason = NULL;
    assert_string_equal(step(&c, &o, &out), "REASON_MISSING");
    o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-02-20");
    c.actor = actor("o-other", ROLE_PLEAD);
    assert_string_equal(step(&c, &o, &out), "ROLE_FORBIDS");
}

/* Against the original date nothing ever changes; the days found at asking stay counted. */
static void
late_days_are_kept_and_not_counted_twice(void **state)
{
    (void)state;
    struct measure_record m = measure();
    struct matter_case c = case_of(WORKFLOW_EXTENSION, &m, "2026-02-25"); /* 15 days late */
    struct matter_outcome out;
    struct matter_order o = asking("submit_late", PB__MILESTONE_KIND__EFFECT, "2026-03-05");
    assert_string_equal(step(&c, &o, &out), "");
    assert_true(out.next.late);
    assert_int_equal(out.next.late_days, 15);
    struct matter_record asked = out.next;
    c.matter = &asked;
    c.today = day("2026-03-02");
    c.actor = actor("o-leader", ROLE_LEADER);
    assert_int_equal(asked.level, 2); /* 23 days from the date in force */
    pb__matter_input__init(&input);
    o = order("approve");
    assert_string_equal(step(&c, &o, &out), "");
    assert_true(out.measure_moves);
    const struct milestone_record *ms = &out.measure.next.milestones[MILESTONE_EFFECT];
    assert_int_equal(ms->current_due, day("2026-03-05"));
    assert_int_equal(ms->original_due, day("2026-02-10"));
    assert_int_equal(ms->due_version, 2);
    assert_int_equal(ms->version, 2);
    assert_int_equal(out.measure.next.version, m.version + 1);
    struct due_milestone days = measure_due(ms);
    struct due_result due = due_status(day("2026-03-08"), NULL, &days);
    assert_int_equal(due.current.overdue_days, 3);
    assert_int_equal(due.total_overdue_days, 18); /* 15 found, 3 new */
    assert_int_equal(due.original.overdue_days, 26);
}

static void
nobody_decides_for_himself(void **state)
{
    (void)state;
    struct measure_record m = measure();
    m.plead = (struct org_name){"o-office", "office"};
    m.office_leads = true;
    struct matter_case c = case_of(WORKFLOW_EXTENSION, &m, "2026-02-02");
    c.actor = actor("o-unit", ROLE_PLEAD | ROLE_MLEAD);
    struct matter_outcome out;
    struct matter_order o = asking("submit", PB__MILESTONE_KIND__EFFECT, "2026-02-20");
    assert_string_equal(step(&c, &o, &out), "");
    assert_string_equal(out.next.holder.code, "sg1");
    struct matter_record asked = out.next;
    c.matter = &asked;
    pb__matter_input__init(&input);
    o = order("approve");
    c.actor = actor("o-office", ROLE_OFFICE);
    assert_string_equal(step(&c, &o, &out), "ROLE_FORBIDS");
    /* A person who also sits in the lead unit is recused too. */
    c.actor = actor("o-sg", ROLE_SGROUP);
    c.actor.orgs = "{o-sg,o-unit}";
    assert_string_equal(step(&c, &o, &out), "OWN_WORK");
    c.actor.orgs = NULL;
    assert_string_equal(step(&c, &o, &out), "");
    /* The clock tells what may be done by the same guards. */
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    c.actor.orgs = "{o-sg,o-unit}";
    size_t n = matter_options(&c, &arena, options);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(options[i].command, "approve") == 0) {
            assert_string_equal(options[i].reason, "OWN_WORK");
        }
    }
}

/* ---- notices, talks, rounds, opinions ---- */

static void
a_notice_is_due_in_working_days(void **state)
{
    (void)state;
    struct measure_record m = measure();
    struct matter_record notice = {.id = "n1",
                                   .kind = "notice",
                                   .ref = "DB-0001",
                                   .measure_id = "m1",
                                   .org = {"o-unit", "unit01"},
                                   .state = "PROPOSED",
                                   .level = 1,
                                   .due = NO_DATE,
                                   .version = 1};
    struct matter_case c = case_of(WORKFLOW_NOTICE, &m, "2026-02-12");
    c.matter = &notice;
    c.actor = actor("o-office", ROLE_OFFICE);
    struct matter_outcome out;
    pb__matter_input__init(&input);
    struct matter_order o = order("issue");
    assert_string_equal(step(&c, &o, &out), "");
    assert_int_equal(out.next.due, day("2026-02-26")); /* 13, 14, then 24, 25, 26 */
    input.has_working_days = 1;
    input.working_days = 1;
    assert_string_equal(step(&c, &o, &out), "");
    assert_int_equal(out.next.due, day("2026-02-13"));
    input.working_days = 61;
    assert_string_equal(step(&c, &o, &out), "WORKING_DAYS_RANGE");
}

/* Only the newest notice of the level below speaks. */
static void
a_cleared_notice_leads_to_none_above(void **state)
{
    (void)state;
    struct measure_record m = measure();
    struct matter_record before[] = {
        {.id = "n1", .kind = "notice", .measure_id = "m1", .state = "NOT_SATISFIED", .level = 1},
        {.id = "n2", .kind = "notice", .measure_id = "m1", .state = "CLEARED", .level = 1},
    };
    struct matter_list related = {before, 1, 0};
    struct matter_record notice = {.id = "n3",
                                   .kind = "notice",
                                   .measure_id = "m1",
                                   .org = {"o-unit", "unit01"},
                                   .state = "PROPOSED",
                                   .level = 2,
                                   .due = NO_DATE};
    struct matter_case c = case_of(WORKFLOW_NOTICE, &m, "2026-02-02");
    c.matter = &notice;
    c.related = &related;
    c.actor = actor("o-leader", ROLE_LEADER);
    struct matter_outcome out;
    pb__matter_input__init(&input);
    struct matter_order o = order("issue");
    assert_string_equal(step(&c, &o, &out), "");
    assert_string_equal(out.next.former_id, "n1");
    related.count = 2;
    assert_string_equal(step(&c, &o, &out), "FORMER_NOTICE_OPEN");
    input.has_urgent = input.urgent = 1;
    assert_string_equal(step(&c, &o, &out), "");
    c.actor = actor("o-other-leader", ROLE_LEADER); /* not the measure's */
    assert_string_equal(step(&c, &o, &out), "ROLE_FORBIDS");
}

static void
a_record_leaves_its_hash_alone(void **state)
{
    (void)state;
    struct matter_record talk = {.id = "t1",
                                 .kind = "talk",
                                 .ref = "YT-0001",
                                 .org = {"o-unit", "unit01"},
                                 .holder = {"o-disc", "disc"},
                                 .text = "样例事由",
                                 .state = "HELD",
                                 .due = NO_DATE};
    struct matter_case c = case_of(WORKFLOW_TALK, NULL, "2026-02-02");
    c.matter = &talk;
    c.actor = actor("o-disc", ROLE_DISC);
    struct matter_outcome out;
    pb__matter_input__init(&input);
    input.contents = (char *)(uintptr_t) "样例谈话";
    struct matter_order o = order("record");
    assert_string_equal(step(&c, &o, &out), "");
    assert_true(out.has_private);
    assert_string_equal(out.private_text.reader_id, "o-disc");
    assert_int_equal(strlen(out.next.private_sha256), 64);
    /* The record for the log, packed: the words are not in it. */
    Pb__Matter *record = matter_outcome_message(&out, c.today, &arena);
    uint8_t bytes[4096];
    size_t size = pb__matter__pack(record, bytes);
    assert_null(memmem(bytes, size, "样例谈话", strlen("样例谈话")));
    const char *before = out.next.private_sha256;
    o.salt = "11ee";
    assert_string_equal(step(&c, &o, &out), "");
    assert_string_not_equal(out.next.private_sha256, before); /* equal texts do not show */
    c.actor = actor("o-orgd", ROLE_ORGD);
    assert_string_equal(step(&c, &o, &out), "NOT_HOLDING_BODY");
}

/* ---- the frame ---- */

/* The numbers of enum matter_field are the fields of the message. */
static void
fields_have_their_numbers(void **state)
{
    (void)state;
    static const struct {
        enum matter_field number;
        const char *name;
    } fields[] = {
        {F_MEASURE, "measure_ref"},
        {F_PROBLEM, "problem_ref"},
        {F_INSPECTION, "inspection"},
        {F_UNIT, "unit"},
        {F_HOLDER, "holder"},
        {F_MILESTONE, "milestone"},
        {F_LEVEL, "level"},
        {F_URGENT, "urgent"},
        {F_TITLE, "title"},
        {F_TEXT, "text"},
        {F_ANSWER, "answer"},
        {F_DUE, "due"},
        {F_NEW_DUE, "new_due"},
        {F_SCHEDULED, "scheduled_on"},
        {F_TASKS, "tasks"},
        {F_TASK_NO, "task_no"},
        {F_MEASURES, "measures"},
        {F_PER_UNIT, "per_unit"},
        {F_SEED, "seed"},
        {F_VERDICTS, "verdicts"},
        {F_WORKING_DAYS, "working_days"},
        {F_ORIGIN, "origin"},
        {F_SENDER, "sender"},
        {F_CONTENTS, "contents"},
        {F_REASON_CODE, "reason_code"},
        {F_REASON, "reason"},
        {F_EFFECT_DUE, "effect_due"},
    };
    const ProtobufCMessageDescriptor *d = &pb__matter_input__descriptor;
    assert_int_equal(d->n_fields, sizeof fields / sizeof fields[0]);
    for (unsigned i = 0; i < d->n_fields; i++) {
        assert_int_equal(d->fields[i].id, fields[i].number);
        assert_string_equal(d->fields[i].name, fields[i].name);
    }
}

/* Every command of a kind's machine has its row, and no row speaks of another. */
static void
every_command_has_its_row(void **state)
{
    (void)state;
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct matter_kind *kind = matter_kind_of((enum workflow_id)id);
        const struct workflow_machine *m = workflow_machine((enum workflow_id)id);
        if (kind == NULL) {
            continue;
        }
        assert_ptr_equal(matter_kind_by_code(m->code), kind);
        for (size_t i = 0; i < m->edge_count; i++) {
            bool found = false;
            for (const struct matter_command *row = kind->commands; row->name != NULL; row++) {
                found = found || strcmp(row->name, m->edges[i].command) == 0;
            }
            if (!found) {
                fail_msg("%s %s has no row", m->code, m->edges[i].command);
            }
        }
        for (const struct matter_command *row = kind->commands; row->name != NULL; row++) {
            bool known = false;
            for (size_t i = 0; i < m->edge_count; i++) {
                known = known || strcmp(row->name, m->edges[i].command) == 0;
            }
            assert_true(known);
        }
        assert_string_equal(m->edges[0].command, kind->commands[0].name);
    }
    assert_null(matter_kind_by_code("measure"));
    assert_null(matter_kind_by_code(NULL));
    assert_string_equal(matter_ref(&arena, &matter_notice, 3), "DB-0003");
    assert_string_equal(matter_ref(&arena, &matter_notice, 12345), "DB-12345");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_decides_an_extension),
        TEST(the_deciders_days_skip_spring_festival),
        TEST(what_no_extension_is_given_for),
        TEST(late_days_are_kept_and_not_counted_twice),
        TEST(nobody_decides_for_himself),
        TEST(a_notice_is_due_in_working_days),
        TEST(a_cleared_notice_leads_to_none_above),
        TEST(a_record_leaves_its_hash_alone),
        TEST(fields_have_their_numbers),
        TEST(every_command_has_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
