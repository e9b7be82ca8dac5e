/* The generated walk of plan versions (整改方案版本) through the door, and what an approval does to
 * measures and problems in every state it may find them in. */
#include "tests/service/walk.h"

#include "rectify/v1/plan.pb-c.h"

#define G(g) GUARD_BIT(GUARD_##g)
#define ORG(n) "'00000000-0000-7000-8000-0000000000" n "'"

static char plan_id[SLICE_ID_SIZE]; /* of the amendment that is walked */
static char plan_hash[65];

/* ---- requests ---- */

struct amendment {
    Pb__ProposeAmendmentRequest request;
    Pb__PlanChange change;
    Pb__PlanChange *changes[1];
    Pb__PlanMeasure made[2];
    Pb__PlanMeasure *mades[2];
    char *refs[1];
};

/* One change of P-02-M-01: split in two, cancelled, altered; ref NULL: one more measure. */
static Pb__ProposeAmendmentRequest *
amendment_of(struct amendment *a, Pb__PlanChangeKind kind, const char *plan)
{
    size_t makes = kind == PB__PLAN_CHANGE_KIND__PLAN_SPLIT    ? 2
                   : kind == PB__PLAN_CHANGE_KIND__PLAN_CANCEL ? 0
                                                               : 1;
    pb__propose_amendment_request__init(&a->request);
    pb__plan_change__init(&a->change);
    a->changes[0] = &a->change;
    a->refs[0] = slice_text("P-02-M-01");
    for (size_t i = 0; i < makes; i++) {
        pb__plan_measure__init(&a->made[i]);
        a->made[i].text = slice_text(i == 0 ? "样例新措施甲" : "样例新措施乙");
        a->mades[i] = &a->made[i];
    }
    a->change.has_kind = 1;
    a->change.kind = kind;
    a->change.reason = WALK_REASON;
    a->change.measures = a->refs;
    a->change.n_measures = 1;
    a->change.made = a->mades;
    a->change.n_made = makes;
    a->request.inspection = slice_text("INS1");
    a->request.title = slice_text("样例方案调整");
    a->request.changes = a->changes;
    a->request.n_changes = 1;
    a->request.plan = slice_text(plan);
    return &a->request;
}

static void
propose(Pb__PlanChangeKind kind)
{
    struct amendment a;
    const Pb__PlanVersion *v =
        slice_ok(SEAT_OFFICE, "PlanService/ProposeAmendment", &amendment_of(&a, kind, NULL)->base,
                 &pb__plan_version__descriptor);
    snprintf(plan_id, sizeof plan_id, "%s", v->id);
    snprintf(plan_hash, sizeof plan_hash, "%s", v->sha256);
}

static const Pb__CallReply *
approve_as(int account, const char *plan)
{
    Pb__ApprovePlanRequest r = PB__APPROVE_PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.plan = slice_text(plan);
    r.opinion = slice_text("样例：同意。");
    return slice_call(account, "PlanService/ApprovePlan", &r.base);
}

static const Pb__CallReply *
review_as(int account, const char *plan)
{
    Pb__ReviewPlanRequest r = PB__REVIEW_PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.plan = slice_text(plan);
    r.sha256 = slice_text(plan_hash);
    r.has_verdict = 1;
    r.verdict = PB__VERDICT__ACCEPTED;
    return slice_call(account, "PlanService/ReviewPlan", &r.base);
}

/* ---- placing: an amendment of the approved first version, proposed through the door ---- */

static void
place(const struct walk *w, const char *state)
{
    bool current = strcmp(state, STATE_APPROVED) == 0;
    (void)w;
    propose(PB__PLAN_CHANGE_KIND__PLAN_SPLIT);
    if (current) {
        snapshot_sql("UPDATE rectify.plan_version SET state = 'SUPERSEDED' WHERE base_no = 0;"
                     "UPDATE rectify.inspection SET plan_no = 2");
    }
    snapshot_sqlf("UPDATE rectify.plan_version SET state = '%s' WHERE base_no = 1", state);
}

static void
two_agree(struct walk *w)
{
    if (strcmp(w->state, STATE_REVIEW) == 0) {
        slice_expect(review_as(SEAT_PLEAD, plan_id), STATUS_OK, NULL);
        slice_expect(review_as(SEAT_DISC, plan_id), STATUS_OK, NULL);
    }
}

/* ---- sending ---- */

static const Pb__CallReply *
write_it(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    struct amendment a;
    bool edits = strcmp(w->command->command, "edit") == 0;
    return slice_call(
        seat->account, "PlanService/ProposeAmendment",
        &amendment_of(&a, PB__PLAN_CHANGE_KIND__PLAN_SPLIT, edits ? ref : NULL)->base);
}

static const Pb__CallReply *
submit_review(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    (void)w;
    r.inspection = slice_text("INS1");
    r.plan = slice_text(ref);
    return slice_call(seat->account, "PlanService/SubmitForReview", &r.base);
}

static const Pb__CallReply *
review(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return review_as(seat->account, ref);
}

static const Pb__CallReply *
withdraw(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__WithdrawPlanRequest r = PB__WITHDRAW_PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.plan = slice_text(ref);
    r.reason = WALK_REASON;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
approve(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    (void)w;
    return approve_as(seat->account, ref);
}

static const Pb__CallReply *
allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.plan = slice_text(ref);
    return slice_call(seat->account, "PlanService/AllowedCommands", &r.base);
}

static const struct walk_command commands[] = {
    {"create", "PlanService/ProposeAmendment", write_it, true, NULL, 0},
    {"edit", "PlanService/ProposeAmendment", write_it, false, NULL, 0},
    {"submit_review", "PlanService/SubmitForReview", submit_review, false, NULL, 0},
    {"review", "PlanService/ReviewPlan", review, false, NULL, 0},
    {"withdraw_review", "PlanService/WithdrawReview", withdraw, false, NULL, 0},
    {"approve", "PlanService/ApprovePlan", approve, false, NULL, 0},
    {"withdraw", "PlanService/WithdrawPlan", withdraw, false, NULL, 0},
    {"supersede", NULL, NULL, false, NULL, 0}, /* by the next version's approval */
};

#define TWO_ARE_ASKED                                                                              \
    "INSERT INTO rectify.plan_reviewer (tenant, inspection, org, no, event_id) VALUES (1, " ORG(   \
        "31") ", " ORG("05") ", 1, " ORG("01") "), (1, " ORG("31") ", " ORG("07") ", 2, " ORG("0"  \
                                                                                              "1") ")"

static const char *const open_states[] = {"DRAFT", "REVIEW", NULL};
static const char *const reviewed[] = {"REVIEW", NULL};

static const struct walk_variant variants[] = {
    {.name = "nobody is asked", .holds = G(REVIEWS_AGREED)},
    {.name = "two bodies are asked",
     .states = open_states,
     .sql = TWO_ARE_ASKED,
     .holds = G(REVIEWER)},
    {.name = "and agreed",
     .states = reviewed,
     .sql = TWO_ARE_ASKED,
     .more = two_agree,
     .holds = G(REVIEWER) | G(REVIEWS_AGREED)},
};

/* A plan is everybody's. */
static bool
sees(const struct walk *w, const struct walk_seat *seat)
{
    (void)w;
    (void)seat;
    return true;
}

static uint32_t
roles(const struct walk *w, const struct walk_seat *seat)
{
    (void)w;
    return seat->roles;
}

static bool
guard(const struct walk *w, const struct walk_seat *seat, enum guard guard, bool held)
{
    (void)w;
    return guard == GUARD_REVIEWER ? held && (seat->org == ORG_UNIT01 || seat->org == ORG_DISC)
                                   : held;
}

static const struct walk_machine plan = {
    .id = WORKFLOW_PLAN_VERSION,
    .unknown = "PLAN_UNKNOWN",
    .ref = plan_id,
    .no_ref = "00000000-0000-7000-8000-000000000077",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.plan_version WHERE base_no = 1",
    .place = place,
    .variants = variants,
    .variant_count = sizeof variants / sizeof variants[0],
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0],
    .allowed_method = "PlanService/AllowedCommands",
    .allowed = allowed,
    .holds = G(REASON) | G(MEASURE_ASSIGNABLE),
    .sees = sees,
    .roles = roles,
    .guard = guard,
};

/* ---- what approvals do ---- */

static void
plans(void **state)
{
    (void)state;
    walk_machine_test(&plan, NULL);
}

/* Every live state × what an amendment may do to a measure. A claim that waits is decided first. */
static void
amendments_move_measures(void **state)
{
    static const char *const states[] = {"ASSIGNED",       "IN_PROGRESS",      "EFFECT_CLAIMED",
                                         "EFFECT_REACHED", "COMPLETE_CLAIMED", "SUSTAINING"};
    static const struct {
        Pb__PlanChangeKind kind;
        const char *command;
        const char *to; /* NULL: stays */
    } kinds[] = {{PB__PLAN_CHANGE_KIND__PLAN_SPLIT, "supersede", "SUPERSEDED"},
                 {PB__PLAN_CHANGE_KIND__PLAN_CANCEL, "cancel", "CANCELLED"},
                 {PB__PLAN_CHANGE_KIND__PLAN_ALTER, "alter", NULL}};
    (void)state;
    for (size_t s = 0; s < sizeof states / sizeof states[0]; s++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            const char *to = kinds[k].to == NULL ? states[s] : kinds[k].to;
            snapshot_back_to_start();
            snapshot_sqlf("UPDATE rectify.measure SET state = '%s', claimed_from = CASE WHEN '%s'"
                          " LIKE '%%CLAIMED' THEN 'IN_PROGRESS' END WHERE ref = 'P-02-M-01'",
                          states[s], states[s]);
            snapshot_take();
            propose(kinds[k].kind);
            if (strstr(states[s], "_CLAIMED") != NULL) {
                slice_expect(approve_as(SEAT_LGROUP, plan_id), STATUS_FAILED_PRECONDITION,
                             "CLAIM_PENDING");
                continue;
            }
            slice_expect(approve_as(SEAT_LGROUP, plan_id), STATUS_OK, NULL);
            snapshot_note_changes();
            if (!snapshot_noted("measure", states[s], kinds[k].command, to)) {
                fail_msg("%s × %s → %s was not taken", states[s], kinds[k].command, to);
            }
        }
    }
    assert_true(snapshot_noted("measure", "NONE", "add", "ASSIGNED"));
    assert_true(snapshot_noted("plan_version", "APPROVED", "supersede", "SUPERSEDED"));
}

/* The first version: whoever approves, and what becomes of measures and problems. */
static void
the_first_approval(void **state)
{
    (void)state;
    snapshot_back_to_start();
    snapshot_sql("DELETE FROM rectify.plan_version; DELETE FROM rectify.plan_measure;"
                 "UPDATE rectify.inspection SET plan_state = 'DRAFT', plan_no = 0;"
                 "UPDATE rectify.measure SET state = 'DRAFT', assigned_ms = NULL;"
                 "UPDATE rectify.problem SET state = 'REGISTERED'");
    snapshot_take();
    for (size_t i = 0; i < WALK_SEATS; i++) {
        if (walk_seats[i].roles != ROLE_LGROUP && walk_seats[i].behalf == 0) {
            slice_expect(approve_as(walk_seats[i].account, NULL), STATUS_PERMISSION_DENIED,
                         "ROLE_FORBIDS");
        }
    }
    snapshot_expect_unchanged();
    slice_expect(approve_as(SEAT_LGROUP, NULL), STATUS_OK, NULL);
    snapshot_note_changes();
    assert_true(snapshot_noted("measure", "DRAFT", "approve_plan", "ASSIGNED"));
    assert_true(snapshot_noted("problem", "REGISTERED", "approve_plan", "RECTIFYING"));
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&plan, "REVIEW", "withdraw_review");
}

/* The plan's first version, as an approval leaves it. */
static int
open_plan(void **state)
{
    int failed = walk_open(state);
    if (failed == 0) {
        snapshot_sqlf("INSERT INTO rectify.plan_version (tenant, id, inspection, no, state, items,"
                      " problems, measures, sha256, approved_ms, version, event_id)"
                      " VALUES (1, '%s', '%s', 1, 'APPROVED', 1, 2, 4, sha256('1'), 1, 2, '%s');"
                      "INSERT INTO rectify.plan_measure (tenant, plan_version, measure,"
                      " measure_version) SELECT 1, '%s', id, version FROM rectify.measure",
                      slice_id(71), slice_id(31), slice_id(1), slice_id(71));
        snapshot_copy_all("rectify", "walk_start");
    }
    return failed;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amendments_move_measures),
        cmocka_unit_test(the_first_approval),
        cmocka_unit_test(plans),
        cmocka_unit_test(control),
    };
    return cmocka_run_group_tests(tests, open_plan, walk_close);
}
