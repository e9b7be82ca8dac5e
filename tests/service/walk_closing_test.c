/* The generated walk of sittings (批量会审) and problems (反馈问题) through the door. What a
 * sitting decides of a problem is noted in the first and counted in the second. */
#include "tests/service/walk.h"

#include "tests/service/closing.h"

#define G(g) GUARD_BIT(GUARD_##g)
#define ORG(n) "'00000000-0000-7000-8000-0000000000" n "'"
#define PROBLEM_51 "'00000000-0000-7000-8000-000000000051'"
#define SITTING "'00000000-0000-7000-8000-000000000081'"

#define THING_51                                                                                   \
    .plead = ORG_UNIT01, .mlead = ORG_UNIT03, .part = ORG_UNIT04, .leader = ORG_LEADER1,           \
    .sgroup = ORG_SG1
#define THING_OF_OFFICE                                                                            \
    .plead = ORG_OFFICE, .mlead = ORG_UNIT03, .part = ORG_UNIT04, .leader = ORG_LEADER1,           \
    .sgroup = ORG_SG1

#define MEASURES(state, third)                                                                     \
    "UPDATE rectify.measure SET state = CASE WHEN no = 3 THEN '" third "' ELSE '" state            \
    "' END WHERE problem = " PROBLEM_51 ";"
#define PROBLEM_IN(state)                                                                            \
    "UPDATE rectify.problem SET state = '" state "', closing_report = '样例', lessons = '样例'," \
    " group_opinion = '样例', applied_ms = 1, forwarded_ms = 1 WHERE id = " PROBLEM_51 ";"
#define OFFICE_LEADS                                                                               \
    "UPDATE rectify.problem SET lead_org = " ORG(                                                  \
        "01") " WHERE id = " PROBLEM_51 ";"                                                        \
              "DELETE FROM rectify.access WHERE org = " ORG("05") ";"

/* ---- sittings ---- */

static char record[65]; /* hash of the problem's record, as the sitting shows it */

static void
place_sitting(const struct walk *w, const char *state)
{
    bool open = strcmp(state, STATE_PLANNED) == 0 || strcmp(state, STATE_OPEN) == 0;
    (void)w;
    snapshot_sqlf("INSERT INTO rectify.sitting (tenant, id, inspection, no, ref, title, day, state,"
                  " reason, version, event_id) VALUES (1, " SITTING
                  ", '%s', 1, 'XH-01', '样例会审',"
                  " '2026-11-12', '%s', '样例', 1, '%s');"
                  "INSERT INTO rectify.sitting_row (tenant, id, sitting, no, problem, state,"
                  " version, event_id) VALUES (1, " ORG("82") ", " SITTING ", 1, " PROBLEM_51
                                                              ", '%s', 1, '%s')",
                  slice_id(31), state, slice_id(1), open ? "PENDING" : "UNDECIDED", slice_id(1));
}

static void
read_record(struct walk *w)
{
    record[0] = '\0';
    if (strcmp(w->state, STATE_NONE) != 0) {
        const Pb__GetSittingReply *r = closing_sitting(SEAT_OFFICE, "XH-01");
        snprintf(record, sizeof record, "%s", r->rows[0]->record);
    }
}

static void
judge_as(int account)
{
    slice_expect(slice_call(account, "SittingService/DecideSitting",
                            &closing_opinion("XH-01", "P-01", record, 0)->base),
                 STATUS_OK, NULL);
}

/* The office's agreement is then the last. */
static void
two_agreed(struct walk *w)
{
    read_record(w);
    judge_as(SEAT_DISC);
    judge_as(SEAT_ORGD);
}

static const Pb__CallReply *
create_sitting(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__CreateSittingRequest r = PB__CREATE_SITTING_REQUEST__INIT;
    char *problems[] = {slice_text("P-01")};
    (void)w;
    (void)ref;
    r.title = slice_text("样例会审");
    r.day = slice_text("2026-11-12");
    r.problems = problems;
    r.n_problems = 1;
    return slice_call(seat->account, "SittingService/CreateSitting", &r.base);
}

static const Pb__CallReply *
open_sitting(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__GetSittingRequest r = PB__GET_SITTING_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "SittingService/OpenSitting", &r.base);
}

static const Pb__CallReply *
judge(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    return slice_call(seat->account, "SittingService/DecideSitting",
                      &closing_opinion(ref, "P-01", record, (int)w->command->input)->base);
}

static const Pb__CallReply *
conclude(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ConcludeSittingRequest r = PB__CONCLUDE_SITTING_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.has_leave_undecided = r.leave_undecided = 1;
    return slice_call(seat->account, "SittingService/ConcludeSitting", &r.base);
}

static const Pb__CallReply *
cancel(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__CancelSittingRequest r = PB__CANCEL_SITTING_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.reason = WALK_REASON;
    return slice_call(seat->account, "SittingService/CancelSitting", &r.base);
}

static const Pb__CallReply *
sitting_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetSittingRequest r = PB__GET_SITTING_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "SittingService/AllowedCommands", &r.base);
}

static const struct walk_command sitting_commands[] = {
    {"create", "SittingService/CreateSitting", create_sitting, true, NULL, 0},
    {"hold", "SittingService/OpenSitting", open_sitting, false, NULL, 0},
    {"judge", "SittingService/DecideSitting", judge, false, NULL, 0}, /* agrees */
    {"judge", "SittingService/DecideSitting", judge, false, NULL, 3}, /* the third is not met */
    {"conclude", "SittingService/ConcludeSitting", conclude, false, NULL, 0},
    {"cancel", "SittingService/CancelSitting", cancel, false, NULL, 0},
};

static const char *const opened[] = {"OPEN", NULL};

static const struct walk_variant sitting_variants[] = {
    {.name = "a unit's problem",
     .sql = MEASURES("DONE", "DONE") PROBLEM_IN("JOINT_REVIEW"),
     .more = read_record},
    {.name = "the office leads it",
     .states = opened,
     .sql = MEASURES("DONE", "DONE") PROBLEM_IN("JOINT_REVIEW") OFFICE_LEADS,
     .more = read_record,
     .thing = {THING_OF_OFFICE}},
    {.name = "two bodies agreed",
     .states = opened,
     .sql = MEASURES("DONE", "DONE") PROBLEM_IN("JOINT_REVIEW"),
     .more = two_agreed},
    {.name = "two bodies agreed, a measure sustaining",
     .states = opened,
     .sql = MEASURES("DONE", "SUSTAINING") PROBLEM_IN("JOINT_REVIEW"),
     .more = two_agreed},
    {.name = "two bodies agreed, sustained until now",
     .states = opened,
     .sql = MEASURES("DONE", "DONE") PROBLEM_IN("SUSTAINED"),
     .more = two_agreed},
};

/* A seat is what it is, of whichever problem. */
static uint32_t
sitting_roles(const struct walk *w, const struct walk_seat *seat)
{
    (void)w;
    return seat->behalf != 0 ? 0 : seat->roles;
}

/* A body speaks for itself; a substitute where that body leads the problem. */
static bool
sitting_after(const struct walk *w, const struct walk_seat *seat, const char *command,
              struct walk_answer *ret)
{
    bool recused = walk_thing_of(w)->plead == ORG_OFFICE;
    if (strcmp(command, "judge") != 0) {
        return false;
    }
    if (recused && seat->roles == ROLE_OFFICE) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "RECUSED", NULL};
        return true;
    }
    *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "ROLE_FORBIDS", NULL};
    return (seat->roles & ROLE_VERIFY) == 0 && !(recused && seat->roles == ROLE_SGROUP);
}

static const struct walk_machine sitting = {
    .id = WORKFLOW_SITTING,
    .unknown = "SITTING_UNKNOWN",
    .ref = "XH-01",
    .no_ref = "XH-77",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.sitting WHERE id = " SITTING,
    .place = place_sitting,
    .variants = sitting_variants,
    .variant_count = sizeof sitting_variants / sizeof sitting_variants[0],
    .commands = sitting_commands,
    .command_count = sizeof sitting_commands / sizeof sitting_commands[0],
    .allowed_method = "SittingService/AllowedCommands",
    .allowed = sitting_allowed,
    .holds = G(REASON),
    .thing = {THING_51},
    .roles = sitting_roles,
    .after = sitting_after,
};

/* ---- problems ---- */

static void
place_problem(const struct walk *w, const char *state)
{
    (void)w;
    snapshot_sqlf("UPDATE rectify.problem SET state = '%s', closing_report = '样例',"
                  " lessons = '样例', group_opinion = '样例', applied_ms = 1, forwarded_ms = 1,"
                  " origin = 'SELF' WHERE id = " PROBLEM_51,
                  state);
}

static const Pb__CallReply *
register_it(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__RegisterProblemRequest r = PB__REGISTER_PROBLEM_REQUEST__INIT;
    (void)w;
    (void)ref;
    r.has_item_no = 1;
    r.item_no = 1;
    r.title = slice_text("样例问题");
    r.origin = slice_text("SELF");
    return slice_call(seat->account, "ProblemService/RegisterProblem", &r.base);
}

static const Pb__CallReply *
edit(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__EditProblemRequest r = PB__EDIT_PROBLEM_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.title = slice_text("样例问题，改");
    return slice_call(seat->account, "ProblemService/EditProblem", &r.base);
}

static const Pb__CallReply *
apply_close(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ApplyCloseRequest r = PB__APPLY_CLOSE_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.report = slice_text("样例报告");
    r.lessons = slice_text("样例举一反三");
    return slice_call(seat->account, "ProblemService/ApplyClose", &r.base);
}

static const Pb__CallReply *
forward(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ForwardCloseRequest r = PB__FORWARD_CLOSE_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.group_opinion = slice_text("样例意见");
    return slice_call(seat->account, "ProblemService/ForwardClose", &r.base);
}

static const Pb__CallReply *
take_back(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__DecideProblemRequest r = PB__DECIDE_PROBLEM_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.reason_code = WALK_REASON_CODE;
    r.reason = WALK_REASON;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
reopen(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ReopenProblemRequest r = PB__REOPEN_PROBLEM_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.has_ground = 1;
    r.ground = PB__REOPEN_GROUND__RELAPSE;
    r.reason = WALK_REASON;
    return slice_call(seat->account, "ProblemService/ReopenProblem", &r.base);
}

static const Pb__CallReply *
problem_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetProblemRequest r = PB__GET_PROBLEM_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "ProblemService/AllowedCommands", &r.base);
}

static const struct walk_command problem_commands[] = {
    {"register", "ProblemService/RegisterProblem", register_it, true, NULL, 0},
    {"edit", "ProblemService/EditProblem", edit, false, NULL, 0},
    {"apply_close", "ProblemService/ApplyClose", apply_close, false, NULL, 0},
    {"forward", "ProblemService/ForwardClose", forward, false, NULL, 0},
    {"return", "ProblemService/ReturnClose", take_back, false, NULL, 0},
    {"withdraw", "ProblemService/WithdrawClose", take_back, false, NULL, 0},
    {"reopen", "ProblemService/ReopenProblem", reopen, false, NULL, 0},
    /* A plan's approval and a sitting's conclusion. */
    {"approve_plan", NULL, NULL, false, NULL, 0},
    {"close", NULL, NULL, false, NULL, 0},
    {"refuse", NULL, NULL, false, NULL, 0},
};

static const char *const applying[] = {"RECTIFYING", NULL};
static const char *const judged[] = {"CLOSE_APPLIED", "JOINT_REVIEW", NULL};

static const struct walk_variant problem_variants[] = {
    {.name = "every measure done",
     .sql = MEASURES("DONE", "DONE"),
     .holds = G(MEASURES_FINISHED) | G(NONE_SUSTAINING)},
    {.name = "measures in hand", .states = applying},
    {.name = "the office leads it",
     .states = judged,
     .sql = MEASURES("DONE", "SUSTAINING") OFFICE_LEADS,
     .holds = G(MEASURES_FINISHED) | G(SOME_SUSTAINING) | G(OFFICE_RECUSED),
     .thing = {THING_OF_OFFICE}},
};

/* A problem knows its lead unit and its special group. */
static uint32_t
problem_roles_of(const struct walk *w, const struct walk_seat *seat)
{
    uint32_t roles = walk_roles(w, seat) & ~(uint32_t)(ROLE_MLEAD | ROLE_PART | ROLE_LEADER);
    return seat->roles == ROLE_MLEAD ? roles & ~(uint32_t)ROLE_PLEAD : roles;
}

static bool
problem_guard(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held)
{
    if (guard == GUARD_INDEPENDENT) {
        return seat->org != walk_thing_of(w)->plead;
    }
    return held;
}

/* Rule 4; and closing is a sitting's alone. Both where the state knows the command. */
static bool
problem_beside(const struct walk *w, const struct walk_seat *seat, const char *command,
               struct walk_answer *ret)
{
    uint32_t roles = problem_roles_of(w, seat);
    bool judges = strcmp(command, "forward") == 0 || strcmp(command, "return") == 0;
    bool judge = (roles & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0;
    bool closes = strcmp(command, "close") == 0 || strcmp(command, "refuse") == 0;
    if (!walk_knows(w, command)) {
        return false;
    }
    if (judges && judge && seat->org == walk_thing_of(w)->plead) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "RECUSED", NULL};
        return true;
    }
    *ret = (struct walk_answer){STATUS_FAILED_PRECONDITION, "IN_SITTING_ONLY", NULL};
    return closes && (roles & ROLE_VERIFY) != 0;
}

static const struct walk_machine problem = {
    .id = WORKFLOW_PROBLEM,
    .unknown = "PROBLEM_UNKNOWN",
    .ref = "P-01",
    .no_ref = "P-77",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.problem WHERE id = " PROBLEM_51,
    .place = place_problem,
    .variants = problem_variants,
    .variant_count = sizeof problem_variants / sizeof problem_variants[0],
    .commands = problem_commands,
    .command_count = sizeof problem_commands / sizeof problem_commands[0],
    .allowed_method = "ProblemService/AllowedCommands",
    .allowed = problem_allowed,
    .holds = G(REASON) | G(REOPEN_GROUND) | G(CLOSING_REPORT) | G(GROUP_OPINION) | G(FIVE_CRITERIA),
    .thing = {THING_51},
    .roles = problem_roles_of,
    .guard = problem_guard,
    .beside = problem_beside,
};

static const struct walk_elsewhere problem_elsewhere[] = {
    {"*", "approve_plan", "ApprovePlan: walk_plan_test"},
    {NULL, NULL, NULL},
};

/* ---- tests ---- */

static void
sittings(void **state)
{
    (void)state;
    walk_machine_test(&sitting, NULL);
}

static void
problems(void **state)
{
    (void)state;
    walk_machine_test(&problem, problem_elsewhere);
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&problem, "RECTIFYING", "apply_close");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sittings),
        cmocka_unit_test(problems),
        cmocka_unit_test(control),
    };
    return cmocka_run_group_tests(tests, walk_open, walk_close);
}
