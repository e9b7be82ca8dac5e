/* The generated walk of matters (事项) through the door: seven machines, two methods. */
#include "tests/service/walk.h"

#include "rectify/v1/matter.pb-c.h"

#define G(g) GUARD_BIT(GUARD_##g)
#define MATTER "'00000000-0000-7000-8000-000000000071'"
#define ORG(n) "'00000000-0000-7000-8000-0000000000" n "'"

/* What a request brings, by command. */
enum input {
    IN_REASON = 1 << 0,
    IN_ANSWER = 1 << 1,
    IN_SCHEDULED = 1 << 2,
    IN_TASKS = 1 << 3,
    IN_TASK_NO = 1 << 4,
    IN_CONTENTS = 1 << 5,
    IN_UNIT = 1 << 6,
    IN_DUE = 1 << 7,
    IN_VERDICTS = 1 << 8,
    IN_MEASURE = 1 << 9,
    IN_TEXT = 1 << 10,
    IN_NEW_DUE = 1 << 11,
    IN_HOLDER = 1 << 12, /* where the office enters it for somebody */
    IN_ORIGIN = 1 << 13,
    IN_MEASURES = 1 << 14,
};

/* ---- sending ---- */

static void
fill_lists(Pb__MatterInput *in, unsigned what)
{
    static Pb__MatterTask task;
    static Pb__MatterTask *tasks[] = {&task};
    static Pb__MatterSample verdict;
    static Pb__MatterSample *verdicts[] = {&verdict};
    static char *measures[1];
    if ((what & IN_TASKS) != 0) {
        pb__matter_task__init(&task);
        task.unit = slice_text("unit04");
        task.text = slice_text("样例议定事项");
        task.due = slice_text("2026-12-20");
        in->n_tasks = 1;
        in->tasks = tasks;
    }
    if ((what & IN_VERDICTS) != 0) {
        pb__matter_sample__init(&verdict);
        verdict.measure_ref = slice_text("P-01-M-01");
        verdict.has_verdict = 1;
        verdict.verdict = PB__SAMPLE_VERDICT__SAMPLE_TRUE;
        in->n_verdicts = 1;
        in->verdicts = verdicts;
    }
    if ((what & IN_MEASURES) != 0) {
        measures[0] = slice_text("P-01-M-01");
        in->n_measures = 1;
        in->measures = measures;
    }
}

static void
fill(Pb__MatterInput *in, unsigned what, const struct walk_seat *seat)
{
    pb__matter_input__init(in);
    fill_lists(in, what);
    in->reason_code = (what & IN_REASON) != 0 ? WALK_REASON_CODE : NULL;
    in->reason = (what & IN_REASON) != 0 ? WALK_REASON : NULL;
    in->answer = (what & IN_ANSWER) != 0 ? slice_text("样例办理情况") : NULL;
    in->scheduled_on = (what & IN_SCHEDULED) != 0 ? slice_text("2026-11-20") : NULL;
    in->has_task_no = (what & IN_TASK_NO) != 0;
    in->task_no = 1;
    in->contents = (what & IN_CONTENTS) != 0 ? slice_text("样例约谈记录") : NULL;
    in->unit = (what & IN_UNIT) != 0 ? slice_text("unit01") : NULL;
    in->due = (what & IN_DUE) != 0 ? slice_text("2026-11-30") : NULL;
    in->measure_ref = (what & IN_MEASURE) != 0 ? slice_text("P-01-M-01") : NULL;
    in->text = (what & IN_TEXT) != 0 ? slice_text("样例内容") : NULL;
    in->has_milestone = (what & IN_NEW_DUE) != 0;
    in->milestone = PB__MILESTONE_KIND__COMPLETE;
    in->new_due = (what & IN_NEW_DUE) != 0 ? slice_text("2027-01-10") : NULL;
    in->origin = (what & IN_ORIGIN) != 0 ? slice_text("PHONE") : NULL;
    if ((what & IN_HOLDER) != 0 && seat->roles == ROLE_OFFICE && seat->behalf == 0) {
        in->holder = slice_text("lgroup");
    }
}

static const Pb__CallReply *
open_it(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__OpenMatterRequest r = PB__OPEN_MATTER_REQUEST__INIT;
    Pb__MatterInput in;
    (void)ref;
    fill(&in, w->command->input, seat);
    r.kind = slice_text(w->table->code);
    r.command = slice_text(w->command->command);
    r.input = &in;
    return slice_call(seat->account, "MatterService/OpenMatter", &r.base);
}

static const Pb__CallReply *
act(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ActOnMatterRequest r = PB__ACT_ON_MATTER_REQUEST__INIT;
    Pb__MatterInput in;
    fill(&in, w->command->input, seat);
    r.ref = slice_text(ref);
    r.command = slice_text(w->command->command);
    r.input = &in;
    return slice_call(seat->account, "MatterService/ActOnMatter", &r.base);
}

static const Pb__CallReply *
allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetMatterRequest r = PB__GET_MATTER_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "MatterService/AllowedCommands", &r.base);
}

#define ACT(name, what)                                                                            \
    {                                                                                              \
        name, "MatterService/ActOnMatter", act, false, NULL, what                                  \
    }
#define MAKE(name, about, what)                                                                    \
    {                                                                                              \
        name, "MatterService/OpenMatter", open_it, true, about, what                               \
    }

/* ---- placing ---- */

/* About measure 61, unit01's; due in the future, as far along as the kind's own SQL says. */
static void
place(const struct walk *w, const char *state)
{
    const struct walk_thing *t = walk_thing_of(w);
    bool about = t->plead != 0;
    bool extension = w->machine->id == WORKFLOW_EXTENSION;
    const char *unit = t->org == 0 ? NULL : slice_id(t->org);
    snapshot_sqlf(
        "INSERT INTO rectify.matter (tenant, id, kind, ref, inspection, problem, measure,"
        " milestone, org, holder, issuer, state, level, ordinal, due, new_due, old_due, opened_ms,"
        " state_ms, version, event_id) VALUES (1, " MATTER ", '%s', '%s', '%s', %s%s%s, %s%s%s, %s,"
        " %s%s%s, '%s', '%s', '%s', 1, 1, '2026-11-30', %s, %s, 0, 0, 1, '%s')",
        w->table->code, w->machine->ref, slice_id(31), about ? "'" : "",
        about ? slice_id(51) : "NULL", about ? "'" : "", about ? "'" : "",
        about ? slice_id(61) : "NULL", about ? "'" : "", extension ? "2" : "NULL",
        unit == NULL ? "" : "'", unit == NULL ? "NULL" : unit, unit == NULL ? "" : "'",
        slice_id(t->holder), slice_id(t->issuer), state, extension ? "'2027-01-10'" : "NULL",
        extension ? "'2026-12-31'" : "NULL", slice_id(1));
}

/* ---- who is who ---- */

static bool
is_state(const struct walk *w, const char *state)
{
    return strcmp(w->state, state) == 0;
}

static int
org_of(const struct walk_seat *seat)
{
    return seat->behalf != 0 ? seat->behalf : seat->org;
}

static bool
addressed(const struct walk *w)
{
    static const enum workflow_id kinds[] = {WORKFLOW_NOTICE, WORKFLOW_TALK, WORKFLOW_INSTRUCTION,
                                             WORKFLOW_OPINION};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i] == w->machine->id) {
            return true;
        }
    }
    return false;
}

/* Whoever sees everything; the bodies of the matter itself; who sees the measure, where the matter
 * is about it and not about people. A proposal the unit does not see. */
static bool
sees(const struct walk *w, const struct walk_seat *seat)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = org_of(seat);
    bool proposed =
        (w->machine->id == WORKFLOW_NOTICE || w->machine->id == WORKFLOW_TALK) &&
        (is_state(w, "PROPOSED") || is_state(w, "DISMISSED") || is_state(w, "DECLINED"));
    bool by_measure = w->machine->id == WORKFLOW_CONSULTATION ||
                      w->machine->id == WORKFLOW_EXTENSION || w->machine->id == WORKFLOW_NOTICE;
    if ((seat->roles & ROLE_SEES_ALL) != 0 || org == t->holder || org == t->issuer) {
        return true;
    }
    if (t->owner != 0 && org == t->owner) {
        return true;
    }
    return !proposed && (org == t->org || (by_measure && t->plead != 0 && walk_sees(w, seat)));
}

enum {
    BODIES = ROLE_UNIT | ROLE_PART | ROLE_OFFICE | ROLE_LGROUP | ROLE_SGROUP | ROLE_LEADER |
             ROLE_DISC | ROLE_ORGD,
};

/* What is addressed to a unit any body of that unit takes up; a task, its owner. Without a measure
 * a leader or a special group is known by the matter itself. */
static uint32_t
roles(const struct walk *w, const struct walk_seat *seat)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = org_of(seat);
    bool there = !is_state(w, STATE_NONE);
    bool seated = seat->behalf != 0 || (seat->roles & BODIES) != 0;
    uint32_t have = walk_roles(w, seat);
    if (t->plead == 0) {
        uint32_t own = seat->roles & (ROLE_LEADER | ROLE_SGROUP);
        bool named = !there || org == t->holder || org == t->issuer;
        have = seat->behalf != 0 ? 0 : (seat->roles & ~(uint32_t)ROLE_RELATIVE);
        have |= seat->behalf == 0 && named ? own : 0;
    }
    if (addressed(w)) {
        have &= ~(uint32_t)ROLE_UNIT;
        have |= there && seated && org == t->org ? ROLE_PLEAD : 0;
    }
    bool owes = (w->variant->holds & G(TASKS_DONE)) == 0 && t->owner != 0 && org == t->owner;
    return have | (there && seated && owes ? ROLE_PLEAD : 0);
}

static bool
guard(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = org_of(seat);
    if (guard == GUARD_INDEPENDENT && w->machine->id != WORKFLOW_ROUND) {
        return org != t->org && (t->plead == 0 || (org != t->plead && org != t->mlead));
    }
    if (guard == GUARD_HOLDING_BODY) {
        return !is_state(w, STATE_NONE) && org == t->holder;
    }
    return held;
}

/* ---- consultation ---- */

static const struct walk_command consultation_commands[] = {
    MAKE("open", "MEASURE_UNKNOWN", IN_MEASURE | IN_TEXT),
    ACT("triage", 0),
    ACT("schedule", IN_SCHEDULED | IN_REASON),
    ACT("hold", 0),
    ACT("decide", IN_TASKS),
    ACT("finish_task", IN_TASK_NO | IN_ANSWER),
    ACT("close", 0),
    ACT("withdraw", IN_REASON),
};

#define THING_61                                                                                   \
    .plead = ORG_UNIT01, .mlead = ORG_UNIT03, .part = ORG_UNIT04, .leader = ORG_LEADER1,           \
    .sgroup = ORG_SG1
#define TASK(done)                                                                                 \
    "INSERT INTO rectify.matter_task (tenant, matter, no, org, owners, measure, text, due,"        \
    " done_day, version, event_id) VALUES (1, " MATTER                                             \
    ", 1, " ORG("06") ", ARRAY[" ORG("06") "]::uuid[], " ORG("61") ", '样例', '2026-12-20', " done \
                                                                   ", 1, " ORG("01") ")"

static const char *const decided[] = {"DECIDED", NULL};

static const struct walk_variant consultation_variants[] = {
    {.name = "a unit asks"},
    /* unit02 owes a task: the matter and its own task are then not foreign to it. */
    {.name = "an open task",
     .states = decided,
     .sql = TASK("NULL"),
     .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_OFFICE, .issuer = ORG_UNIT01,
               .owner = ORG_UNIT02}},
    {.name = "a task done",
     .states = decided,
     .sql = TASK("'2026-11-09'"),
     .holds = G(TASKS_DONE),
     .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_OFFICE, .issuer = ORG_UNIT01,
               .owner = ORG_UNIT02}},
};

/* A task is finished by its owner or the office, once. */
static bool
consultation_after(const struct walk *w, const struct walk_seat *seat, const char *command,
                   struct walk_answer *ret)
{
    bool open = strcmp(w->variant->name, "an open task") == 0;
    bool done = strcmp(w->variant->name, "a task done") == 0;
    bool office = seat->behalf == 0 && (seat->roles & ROLE_OFFICE) != 0;
    if (strcmp(command, "finish_task") != 0 || (open && (office || org_of(seat) == ORG_UNIT02))) {
        return false;
    }
    *ret = (struct walk_answer){STATUS_FAILED_PRECONDITION, done ? "TASK_DONE" : "TASK_NOT_YOURS",
                                NULL};
    return true;
}

/* ---- the machines ---- */

#define MATTERS(id_, ref_, no_ref_, name)                                                          \
    .id = (id_), .unknown = "MATTER_UNKNOWN", .ref = (ref_), .no_ref = (no_ref_),                  \
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"        \
            " FROM rectify.matter WHERE id = " MATTER,                                             \
    .place = place, .variants = name##_variants,                                                   \
    .variant_count = sizeof name##_variants / sizeof name##_variants[0],                           \
    .commands = name##_commands,                                                                   \
    .command_count = sizeof name##_commands / sizeof name##_commands[0],                           \
    .allowed_method = "MatterService/AllowedCommands", .allowed = allowed, .sees = sees,           \
    .roles = roles, .guard = guard

static const struct walk_machine consultation = {
    MATTERS(WORKFLOW_CONSULTATION, "HS-0001", "HS-0099", consultation),
    .holds = G(REASON) | G(TASKS_NAMED) | G(ANSWER_GIVEN),
    .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_OFFICE, .issuer = ORG_UNIT01},
    .after = consultation_after,
};

/* ---- extension ---- */

static const struct walk_command extension_commands[] = {
    MAKE("submit", "MEASURE_UNKNOWN", IN_MEASURE | IN_NEW_DUE | IN_REASON),
    MAKE("submit_late", "MEASURE_UNKNOWN", IN_MEASURE | IN_NEW_DUE | IN_REASON),
    ACT("approve", 0),
    ACT("reject", IN_REASON),
    ACT("withdraw", IN_REASON),
};

static const char *const none[] = {"NONE", NULL};
static const char *const asked[] = {"SUBMITTED", NULL};

static const struct walk_variant extension_variants[] = {
    {.name = "short", .holds = G(EXTENSION_SHORT)},
    {.name = "long",
     .states = asked,
     .sql = "UPDATE rectify.matter SET level = 2",
     .holds = G(EXTENSION_MIDDLE)},
    {.name = "third",
     .states = asked,
     .sql = "UPDATE rectify.matter SET level = 3",
     .holds = G(EXTENSION_LONG)},
    {.name = "the office leads it",
     .states = asked,
     .sql = "UPDATE rectify.problem SET lead_org = " ORG(
         "01") " WHERE ref = 'P-01';"
               "DELETE FROM rectify.access WHERE org = " ORG("05"),
     .holds = G(EXTENSION_SHORT) | G(OFFICE_RECUSED),
     .thing = {.plead = ORG_OFFICE,
               .mlead = ORG_UNIT03,
               .part = ORG_UNIT04,
               .leader = ORG_LEADER1,
               .sgroup = ORG_SG1,
               .org = ORG_UNIT03,
               .holder = ORG_OFFICE,
               .issuer = ORG_UNIT03}},
    {.name = "the day has passed",
     .states = none,
     .sql = "UPDATE rectify.milestone SET current_due = '2026-11-09' WHERE kind = 2",
     .holds = G(AFTER_DUE),
     .fails = G(BEFORE_DUE)},
};

static const struct walk_machine extension = {
    MATTERS(WORKFLOW_EXTENSION, "YQ-0001", "YQ-0099", extension),
    .holds = G(REASON) | G(BEFORE_DUE) | G(NEW_DATE_LATER),
    .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_OFFICE, .issuer = ORG_UNIT01},
};

/* ---- notice ---- */

static const struct walk_command notice_commands[] = {
    MAKE("propose", "MEASURE_UNKNOWN", IN_MEASURE | IN_TEXT),
    ACT("issue", 0),
    ACT("dismiss", IN_REASON),
    ACT("sign_for", 0),
    ACT("reply", IN_ANSWER),
    ACT("clear", 0),
    ACT("not_satisfied", IN_REASON),
    ACT("expire", IN_REASON),
};

static const char *const proposed[] = {"PROPOSED", NULL};
static const char *const waiting[] = {"ISSUED", "SIGNED_FOR", NULL};

static const struct walk_variant notice_variants[] = {
    {.name = "level 1", .holds = G(NOTICE_LEVEL_1)},
    {.name = "level 2, urgent",
     .states = proposed,
     .sql = "UPDATE rectify.matter SET level = 2, urgent = true",
     .holds = G(NOTICE_LEVEL_2) | G(FORMER_NOTICE_FAILED),
     .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_LEADER1, .issuer = ORG_LEADER1}},
    {.name = "level 3, urgent",
     .states = proposed,
     .sql = "UPDATE rectify.matter SET level = 3, urgent = true",
     .holds = G(NOTICE_LEVEL_3) | G(FORMER_NOTICE_FAILED)},
    {.name = "level 3, nothing before it",
     .states = proposed,
     .sql = "UPDATE rectify.matter SET level = 3",
     .holds = G(NOTICE_LEVEL_3)},
    {.name = "overdue",
     .states = waiting,
     .sql = "UPDATE rectify.matter SET due = '2026-11-09'",
     .holds = G(NOTICE_LEVEL_1) | G(AFTER_DUE)},
};

static const struct walk_machine notice = {
    MATTERS(WORKFLOW_NOTICE, "DB-0001", "DB-0099", notice),
    .holds = G(REASON) | G(ANSWER_GIVEN),
    .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_OFFICE, .issuer = ORG_OFFICE},
};

/* ---- talk ---- */

static const struct walk_command talk_commands[] = {
    MAKE("propose", "MEASURE_UNKNOWN", IN_MEASURE | IN_TEXT),
    ACT("approve", IN_SCHEDULED),
    ACT("decline", IN_REASON),
    ACT("hold", 0),
    ACT("record", IN_CONTENTS),
    ACT("finish", 0),
    ACT("refer", IN_REASON),
};

static const struct walk_variant talk_variants[] = {{.name = "held by DISC"}};

static const struct walk_machine talk = {
    MATTERS(WORKFLOW_TALK, "YT-0001", "YT-0099", talk),
    .holds = G(REASON),
    .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_DISC, .issuer = ORG_DISC},
};

/* ---- round ---- */

static const struct walk_command round_commands[] = {
    MAKE("plan", NULL, IN_SCHEDULED),
    ACT("edit", IN_SCHEDULED),
    ACT("cancel", IN_REASON),
    ACT("start", 0),
    ACT("judge", IN_VERDICTS),
    ACT("conclude", 0),
    ACT("feed_back", 0),
    ACT("revise", IN_REASON),
    ACT("finalize", 0),
};

/* Measure 61, signed for, with the verdict TRUE or none yet. */
#define SAMPLE(holder, verdict)                                                                    \
    "UPDATE rectify.measure SET state = 'IN_PROGRESS' WHERE id = " ORG(                            \
        "61") ";"                                                                                  \
              "INSERT INTO rectify.matter_sample (tenant, matter, measure, holder, org, "          \
              "claimed_state,"                                                                     \
              " claimed_round, verdict, version, event_id) VALUES (1, " MATTER                     \
              ", " ORG("61") ", " holder ", " ORG("05") ", 'IN_PROGRESS', 1, " verdict             \
                                                        ", 1, " ORG("01") ")"

static const char *const planned[] = {"PLANNED", NULL};
static const char *const running[] = {"PLANNED", "RUNNING", NULL};
static const char *const sampled[] = {"PLANNED", "RUNNING",   "CONCLUDED", "FED_BACK",
                                      "FINAL",   "CANCELLED", NULL};

static const struct walk_variant round_variants[] = {
    {.name = "nothing begun", .states = none},
    {.name = "judged",
     .states = sampled,
     .sql = SAMPLE(ORG("01"), "1"),
     .holds = G(SAMPLE_CHOSEN) | G(ALL_VERDICTS)},
    {.name = "not judged yet",
     .states = running,
     .sql = SAMPLE(ORG("01"), "0"),
     .holds = G(SAMPLE_CHOSEN)},
    {.name = "without a sample", .states = planned},
    {.name = "by a special group",
     .states = sampled,
     .sql = SAMPLE(ORG("04"), "1"),
     .holds = G(SAMPLE_CHOSEN) | G(ALL_VERDICTS),
     .thing = {.holder = ORG_SG1, .issuer = ORG_SG1}},
};

static const struct walk_machine round_machine = {
    MATTERS(WORKFLOW_ROUND, "DC-0001", "DC-0099", round),
    .holds = G(REASON) | G(INDEPENDENT),
    .thing = {.holder = ORG_OFFICE, .issuer = ORG_OFFICE},
};

/* ---- instruction ---- */

static const struct walk_command instruction_commands[] = {
    MAKE("issue", "MEASURE_UNKNOWN", IN_MEASURE | IN_TEXT | IN_UNIT | IN_DUE | IN_HOLDER),
    ACT("sign_for", 0),
    ACT("reply", IN_ANSWER),
    ACT("return", IN_REASON),
    ACT("close", 0),
    ACT("cancel", IN_REASON),
};

static const char *const told[] = {"ISSUED", "IN_PROGRESS", "REPLIED", "CLOSED", "CANCELLED", NULL};

static const struct walk_variant instruction_variants[] = {
    {.name = "to a measure's lead unit"},
    {.name = "to a unit",
     .states = told,
     .thing = {.org = ORG_UNIT01, .holder = ORG_UNIT01, .issuer = ORG_LEADER1}},
};

static const struct walk_machine instruction = {
    MATTERS(WORKFLOW_INSTRUCTION, "PS-0001", "PS-0099", instruction),
    .holds = G(REASON) | G(ANSWER_GIVEN) | G(ADDRESSEE_DUE),
    .thing = {THING_61, .org = ORG_UNIT01, .holder = ORG_UNIT01, .issuer = ORG_LEADER1},
};

/* ---- opinion ---- */

static const struct walk_command opinion_commands[] = {
    MAKE("receive", NULL, IN_TEXT | IN_ORIGIN),
    ACT("assign", IN_UNIT | IN_DUE | IN_REASON),
    ACT("return", IN_REASON),
    ACT("answer", IN_ANSWER),
};

static const char *const received[] = {"NONE", "RECEIVED", NULL};
static const char *const handed[] = {"ASSIGNED", "ANSWERED", NULL};

static const struct walk_variant opinion_variants[] = {
    {.name = "with the office", .states = received},
    {.name = "with a unit",
     .states = handed,
     .thing = {.org = ORG_UNIT01, .holder = ORG_UNIT01, .issuer = ORG_OFFICE}},
};

static const struct walk_machine opinion = {
    MATTERS(WORKFLOW_OPINION, "YJ-0001", "YJ-0099", opinion),
    .holds = G(REASON) | G(ANSWER_GIVEN) | G(ADDRESSEE_DUE),
    .thing = {.holder = ORG_OFFICE, .issuer = ORG_OFFICE},
};

/* ---- tests ---- */

static void
walk(void **state)
{
    walk_machine_test(*state, NULL);
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&notice, "PROPOSED", "issue");
}

int
main(void)
{
    static const struct walk_machine *const machines[] = {
        &consultation, &extension, &notice, &talk, &round_machine, &instruction, &opinion};
    enum { MACHINES = sizeof machines / sizeof machines[0] };
    struct CMUnitTest tests[MACHINES + 1];
    for (size_t i = 0; i < MACHINES; i++) {
        tests[i] = (struct CMUnitTest){.name = workflow_machine(machines[i]->id)->code,
                                       .test_func = walk,
                                       .initial_state = (void *)(uintptr_t)machines[i]};
    }
    tests[MACHINES] = (struct CMUnitTest){.name = "control", .test_func = control};
    return cmocka_run_group_tests(tests, walk_open, walk_close);
}
