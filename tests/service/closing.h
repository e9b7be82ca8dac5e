/* Steps of the tests that close problems: the small district with 纪委监委 and 组织部, and
 * sittings.
 */
#ifndef TESTS_SERVICE_CLOSING_H
#define TESTS_SERVICE_CLOSING_H

#include "rectify/v1/sitting.pb-c.h"
#include "server/handler/node.h"
#include "server/handler/sitting.h"
#include "tests/service/slice.h"

enum { DISC1 = 18, ORGD1 = 19 };

/* As slice_set_up, with the two bodies, the sittings' methods and two writers. */
HELPER int
closing_set_up(void **state)
{
    (void)state;
    slice_reset();
    slice_sql(
        "INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version, event_id)"
        " VALUES (1, '%s', 'disc', '样例纪委监委', 'DISC', 7, 1, '%s'),"
        "        (1, '%s', 'orgd', '样例组织部', 'ORGD', 8, 1, '%s')",
        slice_id(7), slice_id(1), slice_id(8), slice_id(1));
    slice_seed_person(DISC1, "disc1", 7, ROLE_DISC);
    slice_seed_person(ORGD1, "orgd1", 8, ROLE_ORGD);
    const struct handler_table *const all[] = {
        &measure_handler_table,  &problem_handler_table,      &table_handler_table,
        &evidence_handler_table, &consultation_handler_table, &sitting_handler_table,
        &matter_handler_table,   &job_handler_table,          &alert_handler_table,
        &node_handler_table,
    };
    return slice_open(all, sizeof all / sizeof all[0], 2);
}

/* ---- put behind the door's back ---- */

/* Takes a measure from ASSIGNED to a state, along the edges. */
HELPER void
closing_measure_to(int id, const char *state)
{
    const char *steps[] = {"IN_PROGRESS", "COMPLETE_CLAIMED", state};
    for (int i = 0; i < 3; i++) {
        slice_sql("UPDATE rectify.measure SET state = '%s', claimed_from = 'IN_PROGRESS',"
                  " version = version + 1 WHERE id = '%s' AND state <> '%s'",
                  steps[i], slice_id(id), state);
        if (strcmp(steps[i], state) == 0) {
            break;
        }
    }
    if (strcmp(state, "DONE") == 0 || strcmp(state, "SUSTAINING") == 0) {
        slice_sql("UPDATE rectify.milestone SET claimed_day = '2026-11-01',"
                  " reached_day = '2026-11-01', version = version + 1 WHERE measure = '%s'",
                  slice_id(id));
    }
}

/* Problem 1 with every measure done (the third sustaining) and in a state on the way to closing. */
HELPER void
closing_problem_to(const char *state, bool sustaining)
{
    static const char *const way[] = {"CLOSE_APPLIED", "JOINT_REVIEW"};
    closing_measure_to(61, "DONE");
    closing_measure_to(62, "DONE");
    closing_measure_to(63, sustaining ? "SUSTAINING" : "DONE");
    for (int i = 0; i < 2; i++) {
        slice_sql("UPDATE rectify.problem SET state = '%s', closing_report = '样例报告',"
                  " lessons = '样例举一反三', group_opinion = '样例意见', applied_ms = 1,"
                  " forwarded_ms = 1, version = version + 1, event_id = '%s' WHERE ref = 'P-01'",
                  way[i], slice_id(2));
        if (strcmp(state, way[i]) == 0) {
            return;
        }
    }
    slice_sql("UPDATE rectify.problem SET state = '%s', closed_day = '2026-11-09',"
              " version = version + 1, event_id = '%s' WHERE ref = 'P-01'",
              state, slice_id(3));
}

/* ---- problems ---- */

HELPER const Pb__GetProblemReply *
closing_problem(int account, const char *ref)
{
    Pb__GetProblemRequest request = PB__GET_PROBLEM_REQUEST__INIT;
    request.ref = slice_text(ref);
    return slice_ok(account, "ProblemService/GetProblem", &request.base,
                    &pb__get_problem_reply__descriptor);
}

HELPER const Pb__CallReply *
closing_apply(int account, const char *file)
{
    Pb__ApplyCloseRequest request = PB__APPLY_CLOSE_REQUEST__INIT;
    char *files[] = {slice_text(file)};
    request.ref = slice_text("P-01");
    request.report = slice_text("样例：三条措施均已落实到位。");
    request.lessons = slice_text("样例：其他科室同类情况已一并整改。");
    request.evidence = files;
    request.n_evidence = file == NULL ? 0 : 1;
    return slice_call(account, "ProblemService/ApplyClose", &request.base);
}

HELPER const Pb__CallReply *
closing_forward(int account, const char *opinion)
{
    Pb__ForwardCloseRequest request = PB__FORWARD_CLOSE_REQUEST__INIT;
    request.ref = slice_text("P-01");
    request.group_opinion = slice_text(opinion);
    return slice_call(account, "ProblemService/ForwardClose", &request.base);
}

HELPER Pb__ReopenRequest
closing_reopen_request(const char *ref)
{
    Pb__ReopenRequest request = PB__REOPEN_REQUEST__INIT;
    request.ref = slice_text(ref);
    request.has_ground = 1;
    request.ground = PB__REOPEN_GROUND__RELAPSE;
    request.reason = slice_text("样例：同类情况再次出现");
    request.effect_due = slice_text("2027-01-31");
    request.complete_due = slice_text("2027-02-28");
    return request;
}

/* ---- sittings ---- */

HELPER const Pb__CallReply *
closing_create(const char *const *refs, size_t n)
{
    Pb__CreateSittingRequest request = PB__CREATE_SITTING_REQUEST__INIT;
    char *list[8];
    for (size_t i = 0; i < n; i++) {
        list[i] = slice_text(refs[i]);
    }
    request.title = slice_text("样例会审");
    request.day = slice_text("2026-11-12");
    request.problems = list;
    request.n_problems = n;
    return slice_call(OFFICE1, "SittingService/CreateSitting", &request.base);
}

/* A sitting of P-01, open; XH-01 in a fresh district. */
HELPER void
closing_open(void)
{
    static const char *const refs[] = {"P-01"};
    Pb__GetSittingRequest request = PB__GET_SITTING_REQUEST__INIT;
    slice_expect(closing_create(refs, 1), STATUS_OK, NULL);
    request.ref = slice_text("XH-01");
    (void)slice_ok(OFFICE1, "SittingService/OpenSitting", &request.base, &pb__sitting__descriptor);
}

HELPER const Pb__GetSittingReply *
closing_sitting(int account, const char *ref)
{
    Pb__GetSittingRequest request = PB__GET_SITTING_REQUEST__INIT;
    request.ref = slice_text(ref);
    return slice_ok(account, "SittingService/GetSitting", &request.base,
                    &pb__get_sitting_reply__descriptor);
}

/* The request of one row's opinion; unmet: number of the criterion that is not met, 0 for
 * agreement. */
HELPER Pb__DecideSittingRequest *
closing_opinion(const char *sitting, const char *problem, const char *record, int unmet)
{
    Pb__DecideSittingRequest *r = arena_alloc(&slice_arena, sizeof *r);
    Pb__SittingVerdict *v = arena_alloc(&slice_arena, sizeof *v);
    Pb__SittingVerdict **rows = arena_alloc(&slice_arena, sizeof *rows);
    Pb__CriterionOpinion **list = arena_array(&slice_arena, 5, sizeof *list);
    pb__decide_sitting_request__init(r);
    pb__sitting_verdict__init(v);
    for (int i = 0; i < 5; i++) {
        Pb__CriterionOpinion *k = arena_alloc(&slice_arena, sizeof *k);
        pb__criterion_opinion__init(k);
        k->has_no = k->has_met = 1;
        k->no = i + 1;
        k->met = i + 1 != unmet;
        k->reason = slice_text(k->met ? "样例：查阅材料，已达到" : "样例：现场看到仍有同类情况");
        list[i] = k;
    }
    v->problem_ref = slice_text(problem);
    v->record = slice_text(record);
    v->has_verdict = 1;
    v->verdict = unmet == 0 ? PB__VERDICT__ACCEPTED : PB__VERDICT__RETURNED;
    v->criteria = list;
    v->n_criteria = 5;
    rows[0] = v;
    r->ref = slice_text(sitting);
    r->rows = rows;
    r->n_rows = 1;
    return r;
}

/* A body's opinion on P-01 in XH-01, on the record as it stands. */
HELPER const Pb__CallReply *
closing_judge(int account, int unmet)
{
    const char *record = closing_sitting(OFFICE1, "XH-01")->rows[0]->record;
    return slice_call(account, "SittingService/DecideSitting",
                      &closing_opinion("XH-01", "P-01", record, unmet)->base);
}

#endif
