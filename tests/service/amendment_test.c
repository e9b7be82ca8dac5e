/* Amendments (方案调整) through the door: what they make of the measures, totals that reconcile,
 * the joint review, and races with whoever moves the same measures, in both orders. */
#include "rectify/v1/plan.pb-c.h"
#include "server/handler/all.h"
#include "tests/service/slice.h"

#include <libpq-fe.h>

enum { DISC1 = 18, ORG_DISC = 7, CHANGES = 8 };

/* The plan's first version, as an approval leaves it. */
static void
seed_plan(void)
{
    slice_sql(
        "INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version, event_id)"
        " VALUES (1, '%s', 'disc', '样例纪委监委', 'DISC', 7, 1, '%s')",
        slice_id(ORG_DISC), slice_id(1));
    slice_seed_person(DISC1, "disc1", ORG_DISC, ROLE_DISC);
    slice_sql("INSERT INTO rectify.plan_version (tenant, id, inspection, no, state, items,"
              " problems, measures, sha256, approved_ms, version, event_id)"
              " VALUES (1, '%s', '%s', 1, 'DRAFT', 1, 2, 4, sha256('1'), 1, 1, '%s');"
              "INSERT INTO rectify.plan_measure (tenant, plan_version, measure, measure_version)"
              " SELECT 1, '%s', id, version FROM rectify.measure;"
              "UPDATE rectify.plan_version SET state = 'APPROVED', version = 2",
              slice_id(71), slice_id(31), slice_id(1), slice_id(71));
}

static int
set_up(void **state)
{
    (void)state;
    slice_reset();
    seed_plan();
    struct dispatch_config config = {
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = 1,
        .query_threads = 2,
        .clock = &slice_clock.clock,
        .server_version = "test",
        .partial_tables = true,
    };
    config.tables = handler_tables(&config.table_count);
    struct fault fault = {0};
    return dispatch_start(&config, &slice_door, &fault) == STATUS_OK ? 0 : -1;
}

/* ---- what people write ---- */

struct draft_of {
    Pb__ProposeAmendmentRequest request;
    Pb__PlanChange changes[CHANGES];
    Pb__PlanChange *list[CHANGES];
};

static Pb__PlanMeasure *
made(const char *problem, const char *text)
{
    Pb__PlanMeasure *m = arena_alloc(&slice_arena, sizeof *m);
    pb__plan_measure__init(m);
    m->problem_ref = problem == NULL ? NULL : slice_text(problem);
    m->text = text == NULL ? NULL : slice_text(text);
    return m;
}

static struct draft_of *
begin(void)
{
    struct draft_of *d = arena_alloc(&slice_arena, sizeof *d);
    pb__propose_amendment_request__init(&d->request);
    d->request.inspection = slice_text("INS1");
    d->request.title = slice_text("样例方案调整");
    d->request.changes = d->list;
    return d;
}

/* refs: "A B" parted by blanks. */
static Pb__PlanChange *
change(struct draft_of *d, Pb__PlanChangeKind kind, const char *refs)
{
    Pb__PlanChange *c = &d->changes[d->request.n_changes];
    d->list[d->request.n_changes++] = c;
    pb__plan_change__init(c);
    c->has_kind = 1;
    c->kind = kind;
    c->reason = slice_text("样例理由");
    c->measures = arena_array(&slice_arena, 4, sizeof(char *));
    c->made = arena_array(&slice_arena, 4, sizeof(Pb__PlanMeasure *));
    char *rest = arena_strdup(&slice_arena, refs);
    for (char *ref = strtok_r(rest, " ", &rest); ref != NULL; ref = strtok_r(NULL, " ", &rest)) {
        c->measures[c->n_measures++] = ref;
    }
    return c;
}

static void
makes(Pb__PlanChange *c, Pb__PlanMeasure *m)
{
    c->made[c->n_made++] = m;
}

static struct draft_of *
split_one(const char *ref)
{
    struct draft_of *d = begin();
    Pb__PlanChange *c = change(d, PB__PLAN_CHANGE_KIND__PLAN_SPLIT, ref);
    makes(c, made(NULL, "样例新措施甲"));
    makes(c, made(NULL, "样例新措施乙"));
    return d;
}

static const Pb__PlanVersion *
propose(struct draft_of *d)
{
    return slice_ok(OFFICE1, "PlanService/ProposeAmendment", &d->request.base,
                    &pb__plan_version__descriptor);
}

static const Pb__Status *
propose_refused(struct draft_of *d, enum status code, const char *reason)
{
    return slice_refused(OFFICE1, "PlanService/ProposeAmendment", &d->request.base, code, reason);
}

static Pb__ApprovePlanRequest *
approval(const char *plan)
{
    Pb__ApprovePlanRequest *r = arena_alloc(&slice_arena, sizeof *r);
    pb__approve_plan_request__init(r);
    r->inspection = slice_text("INS1");
    r->plan = plan == NULL ? NULL : slice_text(plan);
    r->opinion = slice_text("样例：同意。");
    return r;
}

static const Pb__ApprovePlanReply *
approve(const char *plan)
{
    return slice_ok(LGROUP1, "PlanService/ApprovePlan", &approval(plan)->base,
                    &pb__approve_plan_reply__descriptor);
}

static const Pb__Status *
approve_refused(const char *plan, enum status code, const char *reason)
{
    return slice_refused(LGROUP1, "PlanService/ApprovePlan", &approval(plan)->base, code, reason);
}

static const Pb__GetPlanReply *
get_plan(int account)
{
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    return slice_ok(account, "PlanService/GetPlan", &r.base, &pb__get_plan_reply__descriptor);
}

/* Access is exactly what leads, takes part and groups say, for measures in force. */
static void
access_is_exact(void)
{
    static const char expected[] =
        "SELECT m.id AS measure, o.org FROM rectify.measure m"
        " JOIN rectify.problem p ON p.id = m.problem CROSS JOIN LATERAL"
        " (SELECT m.lead_org AS org UNION SELECT m.leader_org UNION SELECT p.lead_org"
        "  UNION SELECT p.sgroup_org UNION SELECT a.org FROM rectify.participant a"
        "   WHERE a.measure = m.id) o WHERE o.org IS NOT NULL";
    char *sql = arena_printf(&slice_arena,
                             "SELECT count(*) FROM (((%s) EXCEPT SELECT measure, org FROM"
                             " rectify.access) UNION ALL (SELECT measure, org FROM rectify.access"
                             " EXCEPT (%s))) x",
                             expected, expected);
    assert_int_equal(slice_count(sql), 0);
}

/* ---- what an amendment makes ---- */

static void
totals_reconcile(void **state)
{
    (void)state;
    struct draft_of *d = split_one("P-01-M-01");
    change(d, PB__PLAN_CHANGE_KIND__PLAN_CANCEL, "P-01-M-02");
    Pb__PlanChange *add = change(d, PB__PLAN_CHANGE_KIND__PLAN_ADD, "");
    Pb__PlanMeasure *m = made("P-02", "样例新增措施");
    m->target = slice_text("样例目标二");
    m->has_measure_class = 1;
    m->measure_class = PB__MEASURE_CLASS__IMMEDIATE;
    m->leader = slice_text("leader1");
    m->lead_unit = slice_text("样例一局");
    m->complete_due = slice_text("2026-12-20");
    makes(add, m);
    const Pb__PlanVersion *v = propose(d);
    assert_string_equal(v->totals, "4 (v1) +3 −2 = 5 (v2)");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.measure"), 4);
    const Pb__ApprovePlanReply *done = approve(NULL);
    assert_int_equal(done->plan_version, 2);
    assert_int_equal(done->measures, 5);
    assert_string_equal(done->totals, "4 (v1) +3 −2 = 5 (v2)");
    assert_string_equal(done->sha256, v->sha256);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.measure WHERE (ref, state) IN"
                                 " (('P-01-M-01', 'SUPERSEDED'), ('P-01-M-02', 'CANCELLED'),"
                                 "  ('P-01-M-04', 'ASSIGNED'), ('P-01-M-05', 'ASSIGNED'),"
                                 "  ('P-02-M-02', 'ASSIGNED'))"),
                     5);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.measure_origin o"
                                 " JOIN rectify.measure n ON n.id = o.measure"
                                 " JOIN rectify.measure m ON m.id = o.origin"
                                 " WHERE m.ref = 'P-01-M-01' AND o.kind = 'SPLIT'"),
                     2);
    /* Splitting moves no deadline, and the plan's members are those in force. */
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.milestone s JOIN rectify.measure m"
                                 " ON m.id = s.measure WHERE m.ref IN ('P-01-M-04', 'P-01-M-05')"
                                 " AND (kind, original_due, current_due) IN"
                                 " ((1, '2026-11-20', '2026-11-20'),"
                                 "  (2, '2026-12-31', '2026-12-31'))"),
                     4);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.plan_measure x"
                                 " JOIN rectify.plan_version v ON v.id = x.plan_version"
                                 " JOIN rectify.measure m ON m.id = x.measure"
                                 "  AND m.version = x.measure_version"
                                 " WHERE v.no = 2 AND m.state = 'ASSIGNED'"),
                     5);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.plan_version WHERE (no, state) IN"
                                 " ((1, 'SUPERSEDED'), (2, 'APPROVED'))"),
                     2);
    assert_int_equal(slice_count("SELECT count(*) FROM (SELECT id, version FROM rectify.measure"
                                 " WHERE version > 1 OR ref > 'P-01-M-03' AND ref <> 'P-02-M-01'"
                                 " UNION ALL SELECT id, version FROM rectify.plan_version UNION ALL"
                                 " SELECT id, version FROM rectify.inspection) x WHERE NOT EXISTS"
                                 " (SELECT 1 FROM rectify.event_change c WHERE c.thing = x.id"
                                 "  AND c.version = x.version)"),
                     0);
    access_is_exact();
    assert_string_equal(get_plan(UNIT1)->totals, "4 (v1) +3 −2 = 5 (v2)");
}

static void
a_merge_takes_the_strictest_dates(void **state)
{
    (void)state;
    struct draft_of *d = begin();
    makes(change(d, PB__PLAN_CHANGE_KIND__PLAN_MERGE, "P-01-M-03 P-01-M-01"),
          made(NULL, "样例合并措施"));
    propose(d);
    assert_string_equal(approve(NULL)->totals, "4 (v1) +1 −2 = 3 (v2)");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.milestone s JOIN rectify.measure m"
                                 " ON m.id = s.measure WHERE m.ref = 'P-01-M-04' AND m.class = 3"
                                 " AND (kind, original_due) IN"
                                 " ((1, '2026-11-20'), (2, '2026-12-31'))"),
                     2);
    assert_int_equal(
        slice_count("SELECT count(*) FROM rectify.measure_origin WHERE kind = 'MERGE'"), 2);
}

static void
another_lead_unit_sees_and_the_former_does_not(void **state)
{
    (void)state;
    struct draft_of *d = begin();
    Pb__PlanMeasure *m = made(NULL, "样例改写的措施");
    m->lead_unit = slice_text("unit02");
    m->participants = arena_array(&slice_arena, 1, sizeof(char *));
    m->participants[m->n_participants++] = slice_text("disc");
    makes(change(d, PB__PLAN_CHANGE_KIND__PLAN_ALTER, "P-01-M-01"), m);
    propose(d);
    const Pb__ApprovePlanReply *done = approve(NULL);
    assert_string_equal(done->totals, "4 (v1) +0 −0 = 4 (v2)");
    assert_int_equal(done->changed, 1);
    access_is_exact();
    const Pb__Measure *seen = slice_measure(UNIT2, "P-01-M-01")->measure;
    assert_string_equal(seen->text, "样例改写的措施");
    assert_string_equal(seen->lead_unit, "unit02");
    assert_string_equal(seen->participants[0], "disc");
    assert_int_equal(seen->version, 2);
    /* Back again: who leads no more sees no more. */
    d = begin();
    m = made(NULL, NULL);
    m->lead_unit = slice_text("unit01");
    m->has_no_participants = m->no_participants = 1;
    makes(change(d, PB__PLAN_CHANGE_KIND__PLAN_ALTER, "P-01-M-01"), m);
    propose(d);
    approve(NULL);
    access_is_exact();
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    get.ref = slice_text("P-01-M-01");
    slice_refused(UNIT2, "MeasureService/GetMeasure", &get.base, STATUS_NOT_FOUND,
                  "MEASURE_UNKNOWN");
}

static void
wrong_changes_are_named(void **state)
{
    (void)state;
    static const struct {
        Pb__PlanChangeKind kind;
        const char *refs;
        int made;
        const char *problem;
        enum status code;
        const char *reason;
    } cases[] = {
        {PB__PLAN_CHANGE_KIND__PLAN_SPLIT, "P-01-M-01", 1, NULL, STATUS_INVALID_ARGUMENT,
         "CHANGE_SHAPE"},
        {PB__PLAN_CHANGE_KIND__PLAN_MERGE, "P-01-M-01", 1, NULL, STATUS_INVALID_ARGUMENT,
         "CHANGE_SHAPE"},
        {PB__PLAN_CHANGE_KIND__PLAN_CANCEL, "P-01-M-01", 1, NULL, STATUS_INVALID_ARGUMENT,
         "CHANGE_SHAPE"},
        {PB__PLAN_CHANGE_KIND__PLAN_ADD, "", 1, NULL, STATUS_NOT_FOUND, "PROBLEM_UNKNOWN"},
        {PB__PLAN_CHANGE_KIND__PLAN_ADD, "", 1, "P-02", STATUS_FAILED_PRECONDITION,
         "MEASURE_INCOMPLETE"},
        {PB__PLAN_CHANGE_KIND__PLAN_CANCEL, "P-09-M-01", 0, NULL, STATUS_NOT_FOUND,
         "MEASURE_UNKNOWN"},
        {PB__PLAN_CHANGE_KIND__PLAN_CANCEL, "P-01-M-01 P-01-M-01", 0, NULL, STATUS_INVALID_ARGUMENT,
         "MEASURE_TWICE"},
        {PB__PLAN_CHANGE_KIND__PLAN_CHANGE_KIND_UNSPECIFIED, "P-01-M-01", 0, NULL,
         STATUS_INVALID_ARGUMENT, "CHANGE_SHAPE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct draft_of *d = begin();
        Pb__PlanChange *c = change(d, cases[i].kind, cases[i].refs);
        for (int k = 0; k < cases[i].made; k++) {
            makes(c, made(cases[i].problem, "样例新措施"));
        }
        const Pb__Status *s = propose_refused(d, cases[i].code, cases[i].reason);
        assert_non_null(strstr(s->message, "第 1 项调整"));
    }
    struct draft_of *d = begin();
    Pb__PlanMeasure *m = made(NULL, NULL);
    m->complete_due = slice_text("2027-12-31");
    makes(change(d, PB__PLAN_CHANGE_KIND__PLAN_ALTER, "P-01-M-01"), m);
    propose_refused(d, STATUS_INVALID_ARGUMENT, "DATES_BY_EXTENSION");
    d = split_one("P-01-M-01");
    d->changes[0].reason = slice_text("绝密★ 样例");
    propose_refused(d, STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    d = split_one("P-01-M-01");
    slice_refused(UNIT1, "PlanService/ProposeAmendment", &d->request.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.plan_version"), 1);
}

/* ---- races, in both orders ---- */

static void
two_amendments_of_one_version(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        const char *first = slice_text(propose(split_one("P-01-M-01"))->id);
        const char *second = slice_text(propose(split_one("P-01-M-03"))->id);
        approve_refused(NULL, STATUS_INVALID_ARGUMENT, "PLAN_NEEDED");
        approve(turn == 0 ? first : second);
        const Pb__Status *s =
            approve_refused(turn == 0 ? second : first, STATUS_ABORTED, "PLAN_BASE_STALE");
        assert_int_equal(s->current_version, 2);
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.plan_version"
                                     " WHERE state = 'APPROVED'"),
                         1);
        /* Proposed again on the version in force, it goes through. */
        struct draft_of *again = split_one(turn == 0 ? "P-01-M-03" : "P-01-M-01");
        again->request.plan = slice_text(turn == 0 ? second : first);
        again->request.has_base_version = 1;
        again->request.base_version = 1;
        propose_refused(again, STATUS_ABORTED, "PLAN_BASE_STALE");
        again->request.base_version = 2;
        propose(again);
        assert_string_equal(approve(NULL)->totals, "4 (v1) +2 −1 = 5 (v2) +2 −1 = 6 (v3)");
        if (turn == 0) {
            slice_tear_down(state);
            assert_int_equal(set_up(state), 0);
        }
    }
}

static void
an_amendment_against_a_claim(void **state)
{
    (void)state;
    slice_sign_all();
    const char *file = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    propose(split_one("P-01-M-01"));
    slice_expect(slice_claim(UNIT1, "ClaimEffect", "P-01-M-01", file), STATUS_OK, NULL);
    const Pb__Status *s = approve_refused(NULL, STATUS_FAILED_PRECONDITION, "CLAIM_PENDING");
    assert_non_null(strstr(s->message, "P-01-M-01"));
    assert_string_equal(slice_measure(UNIT1, "P-01-M-01")->measure->state, "EFFECT_CLAIMED");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-01", NULL), STATUS_OK, NULL);
    approve(NULL);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-01")->measure->state, "SUPERSEDED");
    /* The other order: the claim finds the measure gone. */
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-01", file), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
}

static void
an_amendment_against_a_report(void **state)
{
    (void)state;
    slice_sign_all();
    propose(split_one("P-01-M-01"));
    /* A row handed in and not judged. */
    slice_sql("INSERT INTO rectify.periodic_table (tenant, id, inspection, org, period, due, state,"
              " version, event_id) VALUES (1, '%s', '%s', '%s', '2026-10', '2026-11-25', 'OPEN', 1,"
              " '%s'); INSERT INTO rectify.table_row (tenant, table_id, measure, org, percent,"
              " narrative, recorded_ms, version, event_id)"
              " VALUES (1, '%s', '%s', '%s', 10, '样例', 1, 1, '%s');"
              "UPDATE rectify.periodic_table SET state = 'SUBMITTED', version = 2",
              slice_id(81), slice_id(31), slice_id(5), slice_id(1), slice_id(81), slice_id(61),
              slice_id(5), slice_id(1));
    approve_refused(NULL, STATUS_FAILED_PRECONDITION, "ROW_PENDING");
    slice_sql("UPDATE rectify.table_row SET verdict = 2, version = 2");
    assert_int_equal(approve(NULL)->measures, 5);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-01")->measure->state, "SUPERSEDED");
}

static void
signing_against_an_amendment(void **state)
{
    (void)state;
    propose(split_one("P-01-M-01"));
    approve(NULL);
    static const char *const old[] = {"P-01-M-01"};
    slice_expect(slice_sign_for(UNIT1, old, 1), STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    static const char *const fresh[] = {"P-01-M-04"};
    slice_expect(slice_sign_for(UNIT1, fresh, 1), STATUS_OK, NULL);
    /* Not before the approval, and no number twice. */
    propose(split_one("P-01-M-04"));
    approve(NULL);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.measure WHERE ref IN"
                                 " ('P-01-M-06', 'P-01-M-07')"),
                     2);
}

/* ---- the joint review ---- */

static const Pb__CallReply *
review(int account, const char *sha256, Pb__Verdict verdict, const char *reason)
{
    Pb__ReviewPlanRequest r = PB__REVIEW_PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.sha256 = slice_text(sha256);
    r.has_verdict = 1;
    r.verdict = verdict;
    r.reason = reason == NULL ? NULL : slice_text(reason);
    return slice_call(account, "PlanService/ReviewPlan", &r.base);
}

static void
ask_bodies(const char *one, const char *two)
{
    char *bodies[] = {slice_text(one), slice_text(two)};
    Pb__SetReviewBodiesRequest r = PB__SET_REVIEW_BODIES_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.bodies = bodies;
    r.n_bodies = 2;
    slice_ok(OFFICE1, "PlanService/SetReviewBodies", &r.base, &pb__review_bodies__descriptor);
}

static const Pb__PlanVersion *
submit_review(void)
{
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    return slice_ok(OFFICE1, "PlanService/SubmitForReview", &r.base, &pb__plan_version__descriptor);
}

static void
every_body_agrees_to_this_very_draft(void **state)
{
    (void)state;
    ask_bodies("disc", "sg1");
    const Pb__PlanVersion *v = propose(split_one("P-01-M-01"));
    const char *hash = slice_text(v->sha256);
    const char *id = slice_text(v->id);
    const Pb__Status *s = approve_refused(NULL, STATUS_FAILED_PRECONDITION, "REVIEWS_MISSING");
    assert_non_null(strstr(s->message, "样例纪委监委（还没有意见）"));
    slice_expect(review(DISC1, hash, PB__VERDICT__ACCEPTED, NULL), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
    assert_string_equal(submit_review()->state, "REVIEW");
    slice_expect(review(UNIT1, hash, PB__VERDICT__ACCEPTED, NULL), STATUS_FAILED_PRECONDITION,
                 "NOT_A_REVIEWER");
    slice_expect(review(DISC1, "00", PB__VERDICT__ACCEPTED, NULL), STATUS_ABORTED, "PLAN_CHANGED");
    slice_expect(review(DISC1, hash, PB__VERDICT__RETURNED, NULL), STATUS_INVALID_ARGUMENT,
                 "TEXT_MISSING");
    slice_expect(review(DISC1, hash, PB__VERDICT__RETURNED, "样例：再改"), STATUS_OK, NULL);
    slice_expect(review(SGROUP1, hash, PB__VERDICT__ACCEPTED, NULL), STATUS_OK, NULL);
    s = approve_refused(NULL, STATUS_FAILED_PRECONDITION, "REVIEWS_MISSING");
    assert_non_null(strstr(s->message, "样例纪委监委（不同意）"));
    assert_null(strstr(s->message, "样例专项小组"));
    /* A changed draft: what was said no longer counts, and says so. */
    struct draft_of *again = split_one("P-01-M-03");
    again->request.plan = slice_text(id);
    const char *second = slice_text(propose(again)->sha256);
    assert_string_not_equal(second, hash);
    s = approve_refused(NULL, STATUS_FAILED_PRECONDITION, "REVIEWS_MISSING");
    assert_non_null(strstr(s->message, "样例专项小组（意见是对以前一稿提的，已不作数）"));
    const Pb__PlanVersion *shown = get_plan(OFFICE1)->versions[1];
    assert_int_equal(shown->n_opinions, 2);
    assert_true(shown->opinions[1]->stale);
    slice_expect(review(DISC1, second, PB__VERDICT__ACCEPTED, NULL), STATUS_OK, NULL);
    slice_expect(review(SGROUP1, second, PB__VERDICT__ACCEPTED, NULL), STATUS_OK, NULL);
    assert_int_equal(approve(NULL)->plan_version, 2);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.approval"
                                 " WHERE subject_kind = 'plan_version'"),
                     4);
    slice_expect(review(DISC1, second, PB__VERDICT__ACCEPTED, NULL), STATUS_NOT_FOUND,
                 "PLAN_UNKNOWN");
}

static void
a_draft_can_be_withdrawn(void **state)
{
    (void)state;
    propose(split_one("P-01-M-01"));
    submit_review();
    Pb__WithdrawPlanRequest r = PB__WITHDRAW_PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    slice_refused(OFFICE1, "PlanService/WithdrawReview", &r.base, STATUS_INVALID_ARGUMENT,
                  "TEXT_MISSING");
    r.reason = slice_text("样例：改后再议");
    const Pb__PlanVersion *v =
        slice_ok(OFFICE1, "PlanService/WithdrawReview", &r.base, &pb__plan_version__descriptor);
    assert_string_equal(v->state, "DRAFT");
    v = slice_ok(OFFICE1, "PlanService/WithdrawPlan", &r.base, &pb__plan_version__descriptor);
    assert_string_equal(v->state, "WITHDRAWN");
    approve_refused(NULL, STATUS_FAILED_PRECONDITION, "PLAN_FROZEN");
    approve_refused(v->id, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
}

static void
allowed_commands_say_why_not(void **state)
{
    (void)state;
    ask_bodies("disc", "sg1");
    propose(split_one("P-01-M-01"));
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    const Pb__AllowedCommandsReply *reply = slice_ok(
        LGROUP1, "PlanService/AllowedCommands", &r.base, &pb__allowed_commands_reply__descriptor);
    assert_string_equal(reply->state, "DRAFT");
    bool seen = false;
    for (size_t i = 0; i < reply->n_commands; i++) {
        if (strcmp(reply->commands[i]->command, "approve") == 0) {
            seen = true;
            assert_false(reply->commands[i]->allowed);
            assert_string_equal(reply->commands[i]->reason, "REVIEWS_MISSING");
        }
    }
    assert_true(seen);
}

/* ---- the database, whoever writes ---- */

static void
the_database_counts_too(void **state)
{
    (void)state;
    propose(split_one("P-01-M-01"));
    PGconn *conn = PQconnectdb(test_db_conninfo("postgres"));
    static const char *const wrong[] = {
        "UPDATE rectify.plan_version SET measures = 9, version = version + 1 WHERE no = 1",
        "UPDATE rectify.plan_version SET state = 'DRAFT', version = version + 1 WHERE no = 1",
        ("UPDATE rectify.plan_version SET state = 'SUPERSEDED', version = version + 1 WHERE no = 1;"
         "UPDATE rectify.plan_version SET state = 'APPROVED', version = version + 1 WHERE no = 2"),
    };
    static const char *const names[] = {"plan_version_frozen", "plan_version_edge",
                                        "plan_version_reconciles"};
    for (size_t i = 0; i < 3; i++) {
        PGresult *r = PQexec(conn, wrong[i]);
        assert_int_equal(PQresultStatus(r), PGRES_FATAL_ERROR);
        assert_string_equal(PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME), names[i]);
        PQclear(r);
    }
    PQfinish(conn);
}

/* Not a word of plan, problem or measure, in whatever body's org they are seated. */
static void
administrators_read_no_narrative(void **state)
{
    static const struct {
        int account;
        int org;
        unsigned roles;
    } seats[] = {
        {41, 4, ROLE_ADMIN}, {42, 4, ROLE_GRANT}, {43, 1, ROLE_ADMIN}, {44, 1, ROLE_GRANT}};
    Pb__PlanRequest plan = PB__PLAN_REQUEST__INIT;
    Pb__GetMeasureRequest measure = PB__GET_MEASURE_REQUEST__INIT;
    Pb__GetProblemRequest problem = PB__GET_PROBLEM_REQUEST__INIT;
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    (void)state;
    plan.inspection = slice_text("INS1");
    measure.ref = slice_text("P-01-M-01");
    problem.ref = slice_text("P-01");
    propose(split_one("P-01-M-01"));
    for (size_t i = 0; i < sizeof seats / sizeof seats[0]; i++) {
        int who = seats[i].account;
        slice_seed_person(who, arena_printf(&slice_arena, "keeper%d", who), seats[i].org,
                          seats[i].roles);
        slice_refused(who, "PlanService/GetPlan", &plan.base, STATUS_PERMISSION_DENIED,
                      "ROLE_FORBIDS");
        slice_refused(who, "MeasureService/GetMeasure", &measure.base, STATUS_NOT_FOUND,
                      "MEASURE_UNKNOWN");
        slice_refused(who, "ProblemService/GetProblem", &problem.base, STATUS_NOT_FOUND,
                      "PROBLEM_UNKNOWN");
        const Pb__ListMeasuresReply *none = slice_ok(who, "MeasureService/ListMeasures", &list.base,
                                                     &pb__list_measures_reply__descriptor);
        assert_int_equal(none->n_measures, 0);
    }
    /* The controls: the body's own seat reads its things, the office the changes, a unit the
     * totals. */
    assert_non_null(slice_measure(SGROUP1, "P-01-M-01")->measure->text);
    const int readers[] = {OFFICE1, UNIT1};
    for (int i = 0; i < 2; i++) {
        const Pb__GetPlanReply *r = slice_ok(readers[i], "PlanService/GetPlan", &plan.base,
                                             &pb__get_plan_reply__descriptor);
        assert_int_equal(r->n_versions, 2);
        assert_int_equal(r->versions[0]->n_changes + r->versions[1]->n_changes, 1 - i);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(totals_reconcile),
        TEST(administrators_read_no_narrative),
        TEST(a_merge_takes_the_strictest_dates),
        TEST(another_lead_unit_sees_and_the_former_does_not),
        TEST(wrong_changes_are_named),
        TEST(two_amendments_of_one_version),
        TEST(an_amendment_against_a_claim),
        TEST(an_amendment_against_a_report),
        TEST(signing_against_an_amendment),
        TEST(every_body_agrees_to_this_very_draft),
        TEST(a_draft_can_be_withdrawn),
        TEST(allowed_commands_say_why_not),
        TEST(the_database_counts_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
