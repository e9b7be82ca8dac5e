/* The generated walk of measures (整改措施) through the door. */
#include "tests/service/walk.h"

#include "rectify/v1/measure.pb-c.h"

#define MEASURE_REF "P-01-M-01"

/* ---- placing ---- */

static void
place(const struct walk *w, const char *state)
{
    (void)w;
    bool claimed = strstr(state, "_CLAIMED") != NULL;
    snapshot_sqlf("UPDATE rectify.measure SET state = '%s', claimed_from = %s, claimed_ms = %s,"
                  " signed_ms = 1 WHERE id = '%s'",
                  state, claimed ? "'IN_PROGRESS'" : "NULL", claimed ? "1" : "NULL", slice_id(61));
    if (claimed) {
        snapshot_sqlf("UPDATE rectify.milestone SET claimed_day = '2026-11-09' WHERE measure = '%s'"
                      " AND kind = %d",
                      slice_id(61), strcmp(state, STATE_EFFECT_CLAIMED) == 0 ? 1 : 2);
    }
}

/* The problem's lead unit endorses, through the door: the signature covers the record. */
static void
endorse(struct walk *w)
{
    Pb__EndorseRequest r = PB__ENDORSE_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(MEASURE_REF);
    slice_ok(SEAT_PLEAD, "MeasureService/Endorse", &r.base, &pb__measure__descriptor);
}

#define MEASURE_61 "'00000000-0000-7000-8000-000000000061'"
#define AT_UNIT01 "'00000000-0000-7000-8000-000000000005'"
#define AT_UNIT03 "'00000000-0000-7000-8000-000000000009'"
#define AT_OFFICE "'00000000-0000-7000-8000-000000000001'"

static const char claimed_by_lead[] =
    "UPDATE rectify.measure SET claimed_org = " AT_UNIT03 " WHERE id = " MEASURE_61;

static const char *const claimed[] = {"EFFECT_CLAIMED", "COMPLETE_CLAIMED", NULL};
static const char *const judged[] = {"EFFECT_CLAIMED", "COMPLETE_CLAIMED", "SUSTAINING", NULL};
static const char *const claiming[] = {"IN_PROGRESS", "COMPLETE_CLAIMED", NULL};
static const char *const late[] = {"IN_PROGRESS", "EFFECT_REACHED", "COMPLETE_CLAIMED", NULL};
static const char *const unproved[] = {"IN_PROGRESS", "EFFECT_REACHED", NULL};

static const char *const completing[] = {"COMPLETE_CLAIMED", NULL};

#define LONG_TERM_SQL                                                                              \
    "UPDATE rectify.measure SET class = 3, claimed_from = CASE WHEN claimed_from IS NOT NULL THEN" \
    " 'EFFECT_REACHED' END WHERE id = " MEASURE_61                                                 \
    "; UPDATE rectify.milestone SET reached_day = '2026-11-05' WHERE kind = 1 AND"                 \
    " measure = " MEASURE_61 ";"
#define OFFICE_LEADS_SQL                                                                           \
    "UPDATE rectify.problem SET lead_org = " AT_OFFICE " WHERE ref = 'P-01';"                      \
    "DELETE FROM rectify.access WHERE org = " AT_UNIT01

#define G(g) GUARD_BIT(GUARD_##g)

static const struct walk_variant variants[] = {
    {.name = "timed"},
    {.name = "immediate",
     .states = claiming,
     .sql = "UPDATE rectify.measure SET class = 1 WHERE id = " MEASURE_61,
     .holds = G(IMMEDIATE) | G(EFFECT_FIRST),
     .fails = G(NOT_IMMEDIATE)},
    {.name = "long term, effect reached",
     .states = late,
     .sql = LONG_TERM_SQL,
     .holds = G(LONG_TERM) | G(EFFECT_FIRST) | G(CLAIMED_FROM_EFFECT),
     .fails = G(NOT_LONG_TERM) | G(CLAIMED_FROM_PROGRESS)},
    {.name = "claimed by the measure's own lead unit",
     .states = claimed,
     .sql = claimed_by_lead,
     .holds = G(ENDORSER),
     .fails = G(ENDORSED)},
    {.name = "and endorsed",
     .states = claimed,
     .sql = claimed_by_lead,
     .more = endorse,
     .holds = G(ENDORSER)},
    {.name = "the office leads it",
     .states = judged,
     .sql = OFFICE_LEADS_SQL,
     .holds = G(OFFICE_RECUSED),
     .thing = {.plead = ORG_OFFICE,
               .mlead = ORG_UNIT03,
               .part = ORG_UNIT04,
               .leader = ORG_LEADER1,
               .sgroup = ORG_SG1}},
    {.name = "long term, claimed by the measure's own lead unit",
     .states = completing,
     .sql = LONG_TERM_SQL "UPDATE rectify.measure SET claimed_org = " AT_UNIT03
                          " WHERE id = " MEASURE_61,
     .holds = G(LONG_TERM) | G(CLAIMED_FROM_EFFECT) | G(ENDORSER),
     .fails = G(NOT_LONG_TERM) | G(CLAIMED_FROM_PROGRESS) | G(ENDORSED)},
    {.name = "long term, the office leads it",
     .states = completing,
     .sql = LONG_TERM_SQL OFFICE_LEADS_SQL,
     .holds = G(LONG_TERM) | G(CLAIMED_FROM_EFFECT) | G(OFFICE_RECUSED),
     .fails = G(NOT_LONG_TERM) | G(CLAIMED_FROM_PROGRESS),
     .thing = {.plead = ORG_OFFICE,
               .mlead = ORG_UNIT03,
               .part = ORG_UNIT04,
               .leader = ORG_LEADER1,
               .sgroup = ORG_SG1}},
    {.name = "without proof",
     .states = unproved,
     .sql = "DELETE FROM rectify.evidence_link",
     .fails = G(EVIDENCE) | G(EVIDENCE_REAL)},
};

/* ---- rules ---- */

/* No body judges its own work; the endorser is the problem's lead unit. */
static bool
guard(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held)
{
    const struct walk_thing *t = walk_thing_of(w);
    int org = seat->behalf != 0 ? seat->behalf : seat->org;
    if (guard == GUARD_INDEPENDENT) {
        return org != t->plead && org != t->mlead;
    }
    if (guard == GUARD_ENDORSER) {
        return held && org == t->plead;
    }
    return held;
}

/* Rule 4 is told to whoever would judge his own body's work; nobody signs twice. Both where the
 * state knows the command. */
static bool
beside(const struct walk *w, const struct walk_seat *seat, const char *command,
       struct walk_answer *ret)
{
    bool judges = strcmp(command, "confirm") == 0 || strcmp(command, "return") == 0;
    bool judge = (walk_roles(w, seat) & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0;
    bool own = !guard(w, seat, GUARD_INDEPENDENT, true);
    bool again = w->variant->more == endorse && strcmp(command, "endorse") == 0 &&
                 seat->org == walk_thing_of(w)->plead;
    if (!walk_knows(w, command)) {
        return false;
    }
    if (judges && judge && own) {
        *ret = (struct walk_answer){STATUS_PERMISSION_DENIED, "RECUSED", NULL};
        return true;
    }
    *ret = (struct walk_answer){STATUS_FAILED_PRECONDITION, "ALREADY_ENDORSED", NULL};
    return again;
}

/* ---- commands ---- */

static const Pb__CallReply *
sign_for(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return slice_sign_for(seat->account, &ref, 1);
}

static const Pb__CallReply *
object(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ObjectRequest r = PB__OBJECT_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.reason = WALK_REASON;
    return slice_call(seat->account, "MeasureService/Object", &r.base);
}

static const Pb__CallReply *
claim_effect(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return slice_claim(seat->account, "ClaimEffect", ref, NULL);
}

static const Pb__CallReply *
claim_complete(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return slice_claim(seat->account, "ClaimComplete", ref, NULL);
}

static const Pb__CallReply *
endorse_claim(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__EndorseRequest r = PB__ENDORSE_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "MeasureService/Endorse", &r.base);
}

static const Pb__CallReply *
confirm(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__DecideClaimRequest r = PB__DECIDE_CLAIM_REQUEST__INIT;
    (void)w;
    r.ref = slice_text(ref);
    r.next_check_on = slice_text("2027-02-10");
    return slice_call(seat->account, "MeasureService/ConfirmClaim", &r.base);
}

static const Pb__CallReply *
return_claim(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return slice_verdict(seat->account, "ReturnClaim", ref, "样例理由");
}

static const Pb__CallReply *
withdraw(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return slice_verdict(seat->account, "WithdrawClaim", ref, "样例理由");
}

static const Pb__CallReply *
check(int account, const char *method, const char *ref, const char *next)
{
    Pb__CheckRequest r = PB__CHECK_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.next_check_on = slice_text(next);
    return slice_call(account, method, &r.base);
}

static const Pb__CallReply *
check_ok(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return check(seat->account, "MeasureService/CheckOk", ref, "2027-02-10");
}

static const Pb__CallReply *
finish(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return check(seat->account, "MeasureService/FinishSustaining", ref, NULL);
}

static const Pb__CallReply *
take_up_again(int account, const char *method, const char *ref)
{
    Pb__ReopenRequest r = PB__REOPEN_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.has_ground = 1;
    r.ground = PB__REOPEN_GROUND__RELAPSE;
    r.reason = WALK_REASON;
    r.effect_due = slice_text("2027-01-31");
    r.complete_due = slice_text("2027-02-28");
    return slice_call(account, method, &r.base);
}

static const Pb__CallReply *
fail_check(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return take_up_again(seat->account, "MeasureService/FailCheck", ref);
}

static const Pb__CallReply *
reopen(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return take_up_again(seat->account, "MeasureService/Reopen", ref);
}

static const Pb__CallReply *
allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GetMeasureRequest r = PB__GET_MEASURE_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_call(seat->account, "MeasureService/AllowedCommands", &r.base);
}

static const struct walk_command commands[] = {
    {"sign_for", "MeasureService/SignFor", sign_for, false, NULL, 0},
    {"object", "MeasureService/Object", object, false, NULL, 0},
    {"claim_effect", "MeasureService/ClaimEffect", claim_effect, false, NULL, 0},
    {"claim_complete", "MeasureService/ClaimComplete", claim_complete, false, NULL, 0},
    {"endorse", "MeasureService/Endorse", endorse_claim, false, NULL, 0},
    {"confirm", "MeasureService/ConfirmClaim", confirm, false, NULL, 0},
    {"return", "MeasureService/ReturnClaim", return_claim, false, NULL, 0},
    {"withdraw", "MeasureService/WithdrawClaim", withdraw, false, NULL, 0},
    {"check_ok", "MeasureService/CheckOk", check_ok, false, NULL, 0},
    {"finish", "MeasureService/FinishSustaining", finish, false, NULL, 0},
    {"fail", "MeasureService/FailCheck", fail_check, false, NULL, 0},
    {"reopen", "MeasureService/Reopen", reopen, false, NULL, 0},
    /* What a plan, an amendment or a table does to its measures has no call of its own. */
    {"create", NULL, NULL, false, NULL, 0},
    {"add", NULL, NULL, false, NULL, 0},
    {"edit", NULL, NULL, false, NULL, 0},
    {"approve_plan", NULL, NULL, false, NULL, 0},
    {"discard", NULL, NULL, false, NULL, 0},
    {"report", NULL, NULL, false, NULL, 0},
    {"supersede", NULL, NULL, false, NULL, 0},
    {"cancel", NULL, NULL, false, NULL, 0},
    {"alter", NULL, NULL, false, NULL, 0},
};

static const struct walk_machine measure = {
    .id = WORKFLOW_MEASURE,
    .unknown = "MEASURE_UNKNOWN",
    .ref = MEASURE_REF,
    .no_ref = "P-01-M-77",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.measure WHERE id = " MEASURE_61,
    .place = place,
    .variants = variants,
    .variant_count = sizeof variants / sizeof variants[0],
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0],
    .allowed_method = "MeasureService/AllowedCommands",
    .allowed = allowed,
    .holds = G(PLAN_NOT_APPROVED) | G(MEASURE_ASSIGNABLE) | G(EVIDENCE) | G(EVIDENCE_REAL) |
             G(PERCENT_REASON) | G(NOT_IMMEDIATE) | G(NOT_LONG_TERM) | G(CLAIMED_FROM_PROGRESS) |
             G(NEXT_CHECK) | G(ENDORSED) | G(REASON) | G(NEW_DATES) | G(REOPEN_GROUND),
    .thing = {.plead = ORG_UNIT01,
              .mlead = ORG_UNIT03,
              .part = ORG_UNIT04,
              .leader = ORG_LEADER1,
              .sgroup = ORG_SG1},
    .guard = guard,
    .beside = beside,
};

static const struct walk_elsewhere elsewhere[] = {
    {"NONE", "create", "the import of a plan: plan_test"},
    {"DRAFT", "edit", "a plan imported again (a new version, without a command): plan_test"},
    {"DRAFT", "discard", "by nobody: no call takes a draft measure away"},
    {"DRAFT", "approve_plan", "ApprovePlan: walk_plan_test the_first_approval"},
    {"IN_PROGRESS", "report", "a table's row: walk_table_test rows_report_to_measures"},
    {"EFFECT_REACHED", "report", "a table's row: walk_table_test rows_report_to_measures"},
    {"SUSTAINING", "report", "by nobody: a table has no row for a measure that is sustained"},
    {"EFFECT_CLAIMED", "supersede", "by nobody: CLAIM_PENDING, a claim is decided first"},
    {"EFFECT_CLAIMED", "cancel", "by nobody: CLAIM_PENDING"},
    {"EFFECT_CLAIMED", "alter", "by nobody: CLAIM_PENDING"},
    {"COMPLETE_CLAIMED", "supersede", "by nobody: CLAIM_PENDING"},
    {"COMPLETE_CLAIMED", "cancel", "by nobody: CLAIM_PENDING"},
    {"COMPLETE_CLAIMED", "alter", "by nobody: CLAIM_PENDING"},
    {"NONE", "add", "an approved amendment: walk_plan_test amendments_move_measures"},
    {"*", "supersede", "an approved amendment: walk_plan_test amendments_move_measures"},
    {"*", "cancel", "an approved amendment: walk_plan_test amendments_move_measures"},
    {"*", "alter", "an approved amendment: walk_plan_test amendments_move_measures"},
    {NULL, NULL, NULL},
};

static void
measures(void **state)
{
    (void)state;
    walk_machine_test(&measure, elsewhere);
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&measure, "IN_PROGRESS", "claim_effect");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(measures), cmocka_unit_test(control)};
    return cmocka_run_group_tests(tests, walk_open, walk_close);
}
