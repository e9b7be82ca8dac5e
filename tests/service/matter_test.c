/* Matters through the door: consultations, extensions, notices; numbers, lists, two deciders. */
#include "tests/service/matter.h"

#include <pthread.h>

/* ---- consultation ---- */

static const Pb__Matter *
ask(int account, const char *measure)
{
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text(measure);
    in->text = slice_text("两个部门的数据口径不一致。");
    return matter_done(matter_open(account, "consultation", NULL), "OPEN");
}

static void
a_consultation_goes_its_way(void **state)
{
    (void)state;
    slice_sign_all();
    const Pb__Matter *m = ask(UNIT1, "P-01-M-01");
    assert_string_equal(m->ref, "HS-0001");
    assert_string_equal(m->due, "2026-11-13"); /* the office's clock: three working days */
    assert_string_equal(m->holder, "office");
    matter_hidden(UNIT2, "HS-0001");
    assert_int_equal(matter_mine(OFFICE1), 1);
    assert_int_equal(matter_mine(UNIT1), 0);
    slice_expect(matter_act(UNIT1, "HS-0001", "triage"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    assert_string_equal(matter_why_not(OFFICE1, "HS-0001", "hold"), "STATE_FORBIDS");
    assert_string_equal(matter_why_not(OFFICE1, "HS-0001", "triage"), "");
    matter_done(matter_act(OFFICE1, "HS-0001", "triage"), "TRIAGED");
    slice_expect(matter_act(OFFICE1, "HS-0001", "schedule"), STATUS_INVALID_ARGUMENT,
                 "FIELD_MISSING");
    matter_in()->scheduled_on = slice_text("2026-11-09");
    slice_expect(matter_act(OFFICE1, "HS-0001", "schedule"), STATUS_INVALID_ARGUMENT,
                 "DAY_IN_PAST");
    matter_in()->scheduled_on = slice_text("2026-11-16");
    matter_done(matter_act(OFFICE1, "HS-0001", "schedule"), "SCHEDULED");
    matter_done(matter_act(OFFICE1, "HS-0001", "hold"), "HELD");
    slice_expect(matter_act(OFFICE1, "HS-0001", "decide"), STATUS_INVALID_ARGUMENT,
                 "TASKS_MISSING");
    Pb__MatterTask tasks[2] = {PB__MATTER_TASK__INIT, PB__MATTER_TASK__INIT};
    Pb__MatterTask *list[2] = {&tasks[0], &tasks[1]};
    tasks[0].unit = slice_text("unit02");
    tasks[0].text = slice_text("提供数据口径。");
    tasks[0].due = slice_text("2026-11-20");
    tasks[1] = tasks[0];
    tasks[1].unit = slice_text("nowhere");
    matter_in()->tasks = list;
    matter_input.n_tasks = 2;
    slice_expect(matter_act(OFFICE1, "HS-0001", "decide"), STATUS_INVALID_ARGUMENT, "UNIT_UNKNOWN");
    tasks[1].unit = slice_text("unit01");
    tasks[1].due = slice_text("2026-11-25");
    matter_in()->tasks = list;
    matter_input.n_tasks = 2;
    m = matter_done(matter_act(OFFICE1, "HS-0001", "decide"), "DECIDED");
    assert_string_equal(m->due, "2026-11-25");
    /* Who owes a task sees the matter, and it waits for him. */
    assert_int_equal(matter_mine(UNIT2), 1);
    assert_int_equal(matter_get(UNIT2, "HS-0001")->n_tasks, 2);
    assert_string_equal(matter_why_not(OFFICE1, "HS-0001", "close"), "TASKS_OPEN");
    matter_in()->has_task_no = 1;
    matter_input.task_no = 2;
    matter_input.answer = slice_text("已对齐。");
    slice_expect(matter_act(UNIT2, "HS-0001", "finish_task"), STATUS_FAILED_PRECONDITION,
                 "TASK_NOT_YOURS");
    for (int no = 1; no <= 2; no++) {
        matter_in()->has_task_no = 1;
        matter_input.task_no = no;
        matter_input.answer = slice_text("已对齐。");
        matter_done(matter_act(no == 1 ? UNIT2 : UNIT1, "HS-0001", "finish_task"), "DECIDED");
    }
    assert_int_equal(matter_mine(UNIT2), 0);
    matter_done(matter_act(OFFICE1, "HS-0001", "close"), "CLOSED");
    const Pb__GetMatterReply *g = matter_get(UNIT1, "HS-0001");
    assert_int_equal(g->n_history, 8);
    assert_string_equal(g->tasks[0]->done_on, "2026-11-10");
    assert_string_equal(g->history[7]->command, "close");
    /* The measure's clock never paused. */
    assert_int_equal(slice_measure(UNIT1, "P-01-M-01")->measure->milestones[0]->days_left, 10);
}

static void
fields_are_used_or_refused(void **state)
{
    (void)state;
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text("P-01-M-01");
    in->text = slice_text("困难。");
    in->has_level = 1;
    in->level = 2;
    slice_expect(matter_open(UNIT1, "consultation", NULL), STATUS_INVALID_ARGUMENT, "FIELD_UNUSED");
    in->has_level = 0;
    slice_expect(matter_open(UNIT1, "dinner", NULL), STATUS_INVALID_ARGUMENT, "MATTER_KIND");
    slice_expect(matter_open(UNIT1, "consultation", "fly"), STATUS_INVALID_ARGUMENT,
                 "COMMAND_UNKNOWN");
    (void)matter_in();
    slice_expect(matter_open(UNIT1, "consultation", "close"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    slice_expect(matter_open(OFFICE1, "consultation", "close"), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
    in->measure_ref = slice_text("P-01-M-01");
    in->text = slice_text("机密★一年");
    slice_expect(matter_open(UNIT1, "consultation", NULL), STATUS_FAILED_PRECONDITION,
                 "SECRET_MARK");
    in->text = NULL;
    slice_expect(matter_open(UNIT1, "consultation", NULL), STATUS_INVALID_ARGUMENT,
                 "FIELD_MISSING");
    in->text = slice_text("困难。");
    slice_expect(matter_open(UNIT2, "consultation", NULL), STATUS_NOT_FOUND, "MEASURE_UNKNOWN");
    slice_expect(matter_open(OFFICE1, "consultation", NULL), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    slice_behalf = "unit01";
    matter_done(matter_open(OFFICE1, "consultation", NULL), "OPEN");
    slice_behalf = NULL;
    assert_string_equal(matter_get(UNIT1, "HS-0001")->matter->unit, "unit01");
}

/* A refused opening takes no number. */
static void
numbers_have_no_gaps(void **state)
{
    (void)state;
    slice_sign_all();
    (void)ask(UNIT1, "P-01-M-01");
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text("P-01-M-01");
    slice_expect(matter_open(UNIT1, "consultation", NULL), STATUS_INVALID_ARGUMENT,
                 "FIELD_MISSING");
    assert_string_equal(ask(UNIT2, "P-02-M-01")->ref, "HS-0002");
    Pb__AskRequest r = PB__ASK_REQUEST__INIT;
    r.measure_ref = slice_text("P-01-M-03");
    r.text = slice_text("缺少场地。");
    const Pb__Consultation *c =
        slice_ok(UNIT1, "ConsultationService/Ask", &r.base, &pb__consultation__descriptor);
    assert_string_equal(c->ref, "HS-0003");
    assert_string_equal(c->triage_due, "2026-11-13");
    assert_int_equal(slice_count("SELECT last FROM rectify.matter_counter WHERE kind ="
                                 " 'consultation'"),
                     3);
    Pb__ListMattersRequest list = PB__LIST_MATTERS_REQUEST__INIT;
    list.kind = slice_text("consultation");
    assert_int_equal(matter_listed(OFFICE1, &list), 3);
    assert_int_equal(matter_listed(UNIT1, &list), 2);
    list.measure_ref = slice_text("P-01-M-03");
    assert_int_equal(matter_listed(UNIT1, &list), 1);
    Pb__ListMattersRequest page = PB__LIST_MATTERS_REQUEST__INIT;
    page.has_limit = 1;
    page.limit = 2;
    const Pb__ListMattersReply *p = slice_ok(OFFICE1, "MatterService/ListMatters", &page.base,
                                             &pb__list_matters_reply__descriptor);
    assert_true(p->more);
    assert_string_equal(p->matters[0]->ref, "HS-0003");
    page.after_ref = p->matters[1]->ref;
    assert_int_equal(matter_listed(OFFICE1, &page), 1);
    slice_day("2026-11-14");
    Pb__ListMattersRequest late = PB__LIST_MATTERS_REQUEST__INIT;
    late.has_overdue = late.overdue = 1;
    assert_int_equal(matter_listed(OFFICE1, &late), 3); /* the office's own delay shows */
}

/* ---- extension ---- */

static const Pb__CallReply *
extend(int account, const char *command, Pb__MilestoneKind milestone, const char *until)
{
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text("P-01-M-01");
    in->has_milestone = 1;
    in->milestone = milestone;
    in->new_due = slice_text(until);
    matter_reason("COORDINATION", "需要市级部门配合。");
    const Pb__CallReply *reply = matter_open(account, "extension", command);
    (void)matter_in();
    return reply;
}

static const Pb__Milestone *
milestone(int index)
{
    return slice_measure(UNIT1, "P-01-M-01")->measure->milestones[index];
}

static void
the_office_grants_a_short_first_extension(void **state)
{
    (void)state;
    slice_sign_all();
    const Pb__Matter *m =
        matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-05"), "SUBMITTED");
    assert_string_equal(m->ref, "YQ-0001");
    assert_int_equal(m->level, 1);
    assert_int_equal(m->ordinal, 1);
    assert_string_equal(m->old_due, "2026-11-20");
    assert_string_equal(m->due, "2026-11-13");
    slice_expect(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-01"),
                 STATUS_FAILED_PRECONDITION, "EXTENSION_OPEN");
    slice_expect(matter_act(LEADER1, "YQ-0001", "approve"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    matter_done(matter_act(OFFICE1, "YQ-0001", "approve"), "APPROVED");
    const Pb__Milestone *ms = milestone(0);
    assert_string_equal(ms->current_due, "2026-12-05");
    assert_string_equal(ms->original_due, "2026-11-20"); /* never moves */
    assert_int_equal(ms->due_version, 2);
    assert_false(ms->has_kept_overdue_days);
    const Pb__GetMeasureReply *g = slice_measure(UNIT1, "P-01-M-01");
    assert_string_equal(g->history[g->n_history - 1]->command, "extend");
    assert_string_equal(g->history[g->n_history - 1]->reason, "YQ-0001");
    /* The second one is the leader's, however short. */
    m = matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-06"), "SUBMITTED");
    assert_int_equal(m->level, 2);
    assert_string_equal(m->holder, "leader1");
    assert_int_equal(matter_mine(LEADER1), 1);
    slice_expect(matter_act(OFFICE1, "YQ-0002", "approve"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    slice_expect(matter_act(LEADER1, "YQ-0002", "reject"), STATUS_INVALID_ARGUMENT,
                 "REASON_MISSING");
    matter_in();
    matter_reason("NOT_NEEDED", "可以按期完成。");
    matter_done(matter_act(LEADER1, "YQ-0002", "reject"), "REJECTED");
    assert_string_equal(milestone(0)->current_due, "2026-12-05");
    matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-06"), "SUBMITTED");
    matter_done(matter_act(LEADER1, "YQ-0003", "approve"), "APPROVED");
    /* The third one is the leading group's. */
    m = matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-07"), "SUBMITTED");
    assert_int_equal(m->level, 3);
    slice_expect(matter_act(LEADER1, "YQ-0004", "approve"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    matter_done(matter_act(LGROUP1, "YQ-0004", "approve"), "APPROVED");
    assert_int_equal(milestone(0)->due_version, 4);
}

static void
effect_never_passes_complete(void **state)
{
    (void)state;
    slice_sign_all();
    slice_expect(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2027-01-05"),
                 STATUS_FAILED_PRECONDITION, "EFFECT_PAST_COMPLETE");
    slice_expect(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-20"),
                 STATUS_INVALID_ARGUMENT, "NEW_DATE_NOT_LATER");
    slice_expect(extend(UNIT2, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-25"), STATUS_NOT_FOUND,
                 "MEASURE_UNKNOWN");
    const Pb__Matter *m =
        matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__COMPLETE, "2027-01-31"), "SUBMITTED");
    assert_int_equal(m->level, 2); /* 31 days */
    matter_done(matter_act(LEADER1, m->ref, "approve"), "APPROVED");
    matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2027-01-05"), "SUBMITTED");
    /* Between asking and answering the date moved: not approved as asked. */
    slice_sql("UPDATE rectify.milestone SET current_due = '2026-11-25', version = version + 1"
              " WHERE measure = '%s' AND kind = 1",
              slice_id(61));
    assert_string_equal(matter_why_not(LEADER1, "YQ-0002", "approve"), "DUE_MOVED");
    slice_expect(matter_act(LEADER1, "YQ-0002", "approve"), STATUS_FAILED_PRECONDITION,
                 "DUE_MOVED");
    matter_in();
    matter_reason("OTHER", "另行申请。");
    matter_done(matter_act(UNIT1, "YQ-0002", "withdraw"), "WITHDRAWN");
}

static void
late_days_stay_counted(void **state)
{
    (void)state;
    slice_sign_all();
    slice_day("2026-11-25");
    slice_expect(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-01"),
                 STATUS_FAILED_PRECONDITION, "DUE_PASSED");
    slice_expect(extend(UNIT1, "submit_late", PB__MILESTONE_KIND__EFFECT, "2026-11-25"),
                 STATUS_INVALID_ARGUMENT, "NEW_DATE_NOT_LATER");
    const Pb__Matter *m = matter_done(
        extend(UNIT1, "submit_late", PB__MILESTONE_KIND__EFFECT, "2026-12-01"), "SUBMITTED");
    assert_true(m->late);
    assert_int_equal(m->late_days, 5);
    slice_day("2026-11-27"); /* the wait for the answer is not the unit's */
    matter_done(matter_act(OFFICE1, m->ref, "approve"), "APPROVED");
    const Pb__Milestone *ms = milestone(0);
    assert_string_equal(ms->current_due, "2026-12-01");
    assert_int_equal(ms->kept_overdue_days, 5);
    assert_int_equal(ms->days_left, 4);
}

static void
beyond_the_concentrated_phase_the_leading_group_decides(void **state)
{
    (void)state;
    slice_sign_all();
    slice_sql("INSERT INTO rectify.inspection_date (tenant, inspection, kind, planned_day,"
              " event_id) VALUES (1, '%s', 'CONCENTRATED_END', '2026-11-30', '%s')",
              slice_id(31), slice_id(1));
    const Pb__Matter *m =
        matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-12-01"), "SUBMITTED");
    assert_int_equal(m->level, 3);
    assert_string_equal(m->holder, "lgroup");
    matter_in();
    matter_reason("OTHER", "改期。");
    matter_done(matter_act(UNIT1, m->ref, "withdraw"), "WITHDRAWN");
    m = matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-30"), "SUBMITTED");
    assert_int_equal(m->level, 1);
}

/* Rule 4: the office leads the measure itself; the special group decides in its place. */
static void
the_judged_office_is_recused(void **state)
{
    (void)state;
    slice_sign_all();
    slice_sql("UPDATE rectify.problem SET lead_org = '%s', version = version + 1 WHERE id = '%s'",
              slice_id(1), slice_id(51));
    slice_behalf = "office";
    const Pb__CallReply *reply = extend(OFFICE1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-25");
    slice_behalf = NULL;
    slice_expect(reply, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS"); /* no unit's seat: unit01 asks */
    slice_sql("UPDATE rectify.measure SET lead_org = '%s', version = version + 1 WHERE id = '%s';"
              "SET session_replication_role = replica;" /* a seat never changes otherwise */
              "UPDATE rectify.seat SET roles = %u WHERE account = '%s'",
              slice_id(5), slice_id(61), (unsigned)(ROLE_MLEAD | ROLE_PLEAD), slice_id(UNIT1));
    const Pb__Matter *m =
        matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-25"), "SUBMITTED");
    assert_string_equal(m->holder, "sg1");
    slice_expect(matter_act(OFFICE1, m->ref, "approve"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    matter_done(matter_act(SGROUP1, m->ref, "approve"), "APPROVED");
}

/* The second decides on what is no longer so, and is told. */
static void
a_decision_is_made_once(void **state)
{
    (void)state;
    slice_sign_all();
    const Pb__Matter *m =
        matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-25"), "SUBMITTED");
    matter_done(matter_act(OFFICE1, m->ref, "approve"), "APPROVED");
    slice_expect(matter_act(OFFICE2, m->ref, "approve"), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
    assert_int_equal(milestone(0)->due_version, 2);
    slice_expected = 1;
    slice_expect(matter_act(OFFICE2, m->ref, "approve"), STATUS_ABORTED, "STALE_VERSION");
}

struct sender {
    pthread_t thread;
    Pb__CallRequest envelope;
    struct arena arena;
    int code;
};

static void *
send_one(void *ctx)
{
    struct sender *s = ctx;
    Pb__CallReply *reply = NULL;
    enum status sent = dispatch_call(slice_door, &s->envelope, &s->arena, &reply);
    s->code = sent != STATUS_OK || reply == NULL ? (int)STATUS_INTERNAL : reply->status->code;
    return NULL;
}

/* Two at once, by number and by id so that they are no one subject: one goes through, whichever. */
static void
two_deciders_at_once(void **state)
{
    (void)state;
    slice_sign_all();
    const Pb__Matter *m =
        matter_done(extend(UNIT1, NULL, PB__MILESTONE_KIND__EFFECT, "2026-11-25"), "SUBMITTED");
    Pb__MatterInput plain = PB__MATTER_INPUT__INIT;
    Pb__MatterInput reasoned = PB__MATTER_INPUT__INIT;
    reasoned.reason_code = slice_text("OTHER");
    reasoned.reason = slice_text("可以按期完成。");
    struct sender both[2];
    for (int i = 0; i < 2; i++) {
        Pb__ActOnMatterRequest r = PB__ACT_ON_MATTER_REQUEST__INIT;
        r.ref = i == 0 ? m->ref : m->id;
        r.command = slice_text(i == 0 ? "approve" : "reject");
        r.input = i == 0 ? &plain : &reasoned;
        arena_init(&both[i].arena, LIMIT_UNPACK_BYTES);
        slice_envelope(&both[i].envelope, i == 0 ? OFFICE1 : OFFICE2, "MatterService/ActOnMatter",
                       &r.base);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&both[i].thread, NULL, send_one, &both[i]), 0);
    }
    int done = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(both[i].thread, NULL), 0);
        done += both[i].code == STATUS_OK;
        assert_true(both[i].code == STATUS_OK || both[i].code == STATUS_FAILED_PRECONDITION ||
                    both[i].code == STATUS_ABORTED);
        arena_release(&both[i].arena);
    }
    assert_int_equal(done, 1);
    const Pb__Matter *now = matter_get(UNIT1, m->ref)->matter;
    assert_int_equal(now->version, 2);
    bool approved = strcmp(now->state, "APPROVED") == 0;
    assert_string_equal(milestone(0)->current_due, approved ? "2026-11-25" : "2026-11-20");
}

/* ---- notice ---- */

static const Pb__Matter *
propose(int account, const char *measure, int level)
{
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text(measure);
    in->text = slice_text("请说明超期原因并限期整改。");
    in->has_level = 1;
    in->level = level;
    return matter_done(matter_open(account, "notice", NULL), "PROPOSED");
}

static void
a_notice_is_issued_answered_and_cleared(void **state)
{
    (void)state;
    slice_sign_all();
    matter_in()->measure_ref = slice_text("P-01-M-01");
    matter_input.text = slice_text("督办。");
    slice_expect(matter_open(UNIT1, "notice", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    const Pb__Matter *m = propose(OFFICE1, "P-01-M-01", 1);
    assert_string_equal(m->ref, "DB-0001");
    matter_hidden(UNIT1, "DB-0001"); /* what is only proposed is not shown to the unit */
    matter_in()->has_working_days = 1;
    matter_input.working_days = 90;
    slice_expect(matter_act(OFFICE1, "DB-0001", "issue"), STATUS_INVALID_ARGUMENT,
                 "WORKING_DAYS_RANGE");
    m = matter_done(matter_act(OFFICE1, "DB-0001", "issue"), "ISSUED");
    assert_string_equal(m->due, "2026-11-17"); /* five working days */
    assert_int_equal(matter_mine(UNIT1), 1);
    matter_hidden(UNIT2, "DB-0001");
    slice_expect(matter_act(UNIT1, "DB-0001", "reply"), STATUS_FAILED_PRECONDITION,
                 "STATE_FORBIDS");
    slice_expect(matter_act(OFFICE1, "DB-0001", "sign_for"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    matter_done(matter_act(UNIT1, "DB-0001", "sign_for"), "SIGNED_FOR");
    slice_expect(matter_act(UNIT1, "DB-0001", "reply"), STATUS_INVALID_ARGUMENT, "ANSWER_MISSING");
    matter_in()->answer = slice_text("已加派人手，月底完成。");
    m = matter_done(matter_act(UNIT1, "DB-0001", "reply"), "REPLIED");
    assert_string_equal(m->holder, "office");
    assert_int_equal(matter_mine(OFFICE1), 1);
    matter_done(matter_act(OFFICE2, "DB-0001", "clear"), "CLEARED");
    assert_int_equal(matter_mine(OFFICE1), 0);
    /* The unit reads its history from the day it was issued. */
    const Pb__GetMatterReply *g = matter_get(UNIT1, "DB-0001");
    assert_int_equal(g->n_history, 4);
    assert_string_equal(g->history[0]->command, "issue");
    assert_int_equal(matter_get(OFFICE1, "DB-0001")->n_history, 5);
}

static void
levels_follow_failed_ones(void **state)
{
    (void)state;
    slice_sign_all();
    (void)propose(OFFICE1, "P-01-M-01", 2);
    slice_expect(matter_act(OFFICE1, "DB-0001", "issue"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    slice_expect(matter_act(LEADER1, "DB-0001", "issue"), STATUS_FAILED_PRECONDITION,
                 "FORMER_NOTICE_OPEN");
    assert_string_equal(matter_why_not(LEADER1, "DB-0001", "issue"), "FORMER_NOTICE_OPEN");
    (void)propose(OFFICE1, "P-01-M-01", 1);
    matter_done(matter_act(OFFICE1, "DB-0002", "issue"), "ISSUED");
    matter_done(matter_act(UNIT1, "DB-0002", "sign_for"), "SIGNED_FOR");
    matter_in()->answer = slice_text("正在办。");
    matter_done(matter_act(UNIT1, "DB-0002", "reply"), "REPLIED");
    slice_expect(matter_act(OFFICE1, "DB-0002", "not_satisfied"), STATUS_INVALID_ARGUMENT,
                 "REASON_MISSING");
    matter_in();
    matter_reason("NARRATIVE_THIN", "没有写明措施。");
    matter_done(matter_act(OFFICE1, "DB-0002", "not_satisfied"), "NOT_SATISFIED");
    const Pb__Matter *m = matter_done(matter_act(LEADER1, "DB-0001", "issue"), "ISSUED");
    assert_string_equal(m->former, "DB-0002");
    assert_string_equal(m->issuer, "leader1");
    /* Urgent: at once. */
    Pb__MatterInput *in = matter_in();
    in->problem_ref = slice_text("P-02");
    in->text = slice_text("情况紧急。");
    in->has_level = in->has_urgent = in->urgent = 1;
    in->level = 3;
    m = matter_done(matter_open(OFFICE1, "notice", NULL), "PROPOSED");
    assert_string_equal(m->unit, "unit02");
    matter_done(matter_act(LGROUP1, m->ref, "issue"), "ISSUED");
    in = matter_in();
    in->unit = slice_text("unit02");
    in->text = slice_text("x");
    in->has_level = 1;
    in->level = 2;
    slice_expect(matter_open(OFFICE1, "notice", NULL), STATUS_INVALID_ARGUMENT, "LEADER_UNKNOWN");
}

static void
seed_alert(int id, int measure, unsigned proposals)
{
    slice_sql("INSERT INTO rectify.alert (tenant, id, key, level, subject_kind, subject,"
              " subject_ref, milestone, trigger, org, text, raised_ms, event_id, proposals)"
              " VALUES (1, '%s', 'k%d', 5, 'MEASURE', '%s', 'P-01-M-01', 1, 'OVERDUE', '%s',"
              " '样例：已超期。', 0, '%s', %u)",
              slice_id(id), id, slice_id(measure), slice_id(5), slice_id(1), proposals);
}

static void
alerts_propose_once(void **state)
{
    (void)state;
    slice_sign_all();
    seed_alert(301, 61, PROPOSE_NOTICE_1);
    seed_alert(302, 62, PROPOSE_NOTICE_3 | PROPOSE_TALK);
    assert_int_equal(slice_job("ProposeMatters")->changed, 3);
    assert_int_equal(slice_job("ProposeMatters")->changed, 0); /* once, however often it runs */
    const Pb__GetMatterReply *g = matter_get(OFFICE1, "DB-0002");
    const Pb__GetMatterReply *h = matter_get(OFFICE1, "DB-0001");
    const Pb__Matter *first = h->matter->level == 1 ? h->matter : g->matter;
    const Pb__Matter *third = h->matter->level == 1 ? g->matter : h->matter;
    assert_int_equal(third->level, 3);
    assert_string_equal(first->holder, "office");
    assert_string_equal(first->measure_ref, "P-01-M-01");
    assert_string_equal(first->origin, "k301");
    assert_int_equal(matter_get(DISC, "YT-0001")->matter->version, 1);
    matter_in();
    matter_reason("NOT_NEEDED", "单位已说明情况。");
    matter_done(matter_act(OFFICE1, first->ref, "dismiss"), "DISMISSED");
    assert_int_equal(slice_job("ProposeMatters")->changed, 0); /* a dismissed one stays so */
}

/* Both milestones of a measure can call for the same thing: people issue it once. */
static void
a_measure_is_proposed_for_once(void **state)
{
    (void)state;
    slice_sign_all();
    seed_alert(301, 61, PROPOSE_NOTICE_3 | PROPOSE_TALK);
    seed_alert(302, 61, PROPOSE_NOTICE_3 | PROPOSE_TALK);
    assert_int_equal(slice_job("ProposeMatters")->changed, 2);
    seed_alert(303, 61, PROPOSE_NOTICE_2 | PROPOSE_TALK);
    assert_int_equal(slice_job("ProposeMatters")->changed, 0); /* while they stand */
}

static void
unanswered_notices_end(void **state)
{
    (void)state;
    slice_sign_all();
    (void)propose(OFFICE1, "P-01-M-01", 1);
    matter_done(matter_act(OFFICE1, "DB-0001", "issue"), "ISSUED");
    assert_string_equal(matter_why_not(OFFICE1, "DB-0001", "expire"), "DUE_NOT_PASSED");
    slice_day("2026-11-17"); /* the day itself is in time */
    assert_int_equal(slice_job("ProposeMatters")->cancelled, 0);
    slice_day("2026-11-18");
    assert_int_equal(slice_job("ProposeMatters")->cancelled, 1);
    const Pb__GetMatterReply *g = matter_get(UNIT1, "DB-0001");
    assert_string_equal(g->matter->state, "NOT_SATISFIED");
    assert_string_equal(g->matter->reason_code, "UNANSWERED");
    assert_string_equal(g->history[g->n_history - 1]->account, "SYS");
    (void)propose(OFFICE1, "P-01-M-01", 2);
    matter_done(matter_act(LEADER1, "DB-0002", "issue"), "ISSUED");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, matter_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_consultation_goes_its_way),
        TEST(fields_are_used_or_refused),
        TEST(numbers_have_no_gaps),
        TEST(the_office_grants_a_short_first_extension),
        TEST(effect_never_passes_complete),
        TEST(late_days_stay_counted),
        TEST(beyond_the_concentrated_phase_the_leading_group_decides),
        TEST(the_judged_office_is_recused),
        TEST(a_decision_is_made_once),
        TEST(two_deciders_at_once),
        TEST(a_notice_is_issued_answered_and_cleared),
        TEST(levels_follow_failed_ones),
        TEST(alerts_propose_once),
        TEST(a_measure_is_proposed_for_once),
        TEST(unanswered_notices_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
