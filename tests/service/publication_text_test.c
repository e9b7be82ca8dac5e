/* The text of publications, through the door: what a draft says, what an editor may hand in, what
 * is held back. */
#include "tests/service/publication.h"

/* ---- drafts ---- */

static void
a_draft_tells_what_was_accepted(void **state)
{
    (void)state;
    report(61, "2026-10", "2026-10-25", 2, "学习计划已印发。");
    report(61, "2026-11", "2026-11-05", 1, "还没有人审核的文字。");
    report(62, "2026-10", "2026-10-25", 3, "被退回的文字。");
    report(64, "2026-10", "2026-10-25", 2, "逐项清理台账并建立目录。目录已经建立。");
    const Pb__Publication *p = create(PUBLIC, "2026-11-10");
    assert_string_equal(p->ref, "TB-01");
    assert_string_equal(p->state, "DRAFT");
    assert_string_equal(p->title, "关于样例巡视整改进展情况的通报");
    assert_int_equal(p->version, 1);
    const char *text = text_of("TB-01");
    assert_true(has(text, "二、整改落实情况\n（一）样例项\n1.关于“学习不够深入”问题的整改\n"
                          "整改状态：正在整改\n制定学习计划。学习计划已印发。\n"
                          "2.关于“台账不够完整”问题的整改\n整改状态：正在整改\n"
                          "逐项清理台账并建立目录。目录已经建立。\n"));
    assert_true(has(text, "2026年11月10日\n"));
    assert_false(has(text, "还没有人审核"));
    assert_false(has(text, "被退回"));
    const Pb__GetPublicationReply *whole = get(AUDIT1, "TB-01");
    assert_int_equal(whole->n_subjects, 6);
    assert_string_equal(whole->subjects[0]->public_class, "ONGOING");
    assert_true(whole->subjects[1]->told);
    assert_false(whole->subjects[2]->told);
    assert_int_equal(whole->n_history, 1);
    assert_string_equal(whole->history[0]->command, "create");
}

/* "measures" of the status of a day. */
static int
status_number(const char *name, const char *as_of)
{
    Pb__GetStatusRequest r = PB__GET_STATUS_REQUEST__INIT;
    r.inspection = slice_text("INS1");
    r.as_of = slice_text(as_of);
    const Pb__GetStatusReply *reply =
        slice_ok(OFFICE1, "StatusService/GetStatus", &r.base, &pb__get_status_reply__descriptor);
    for (size_t i = 0; i < reply->n_numbers; i++) {
        if (strcmp(reply->numbers[i]->name, name) == 0) {
            return reply->numbers[i]->numerator;
        }
    }
    fail_msg("%s", name);
    return -1;
}

/* On the 5th one measure is done and one accepted text stands; later more happens. */
static void
a_draft_for_a_past_day_shows_that_day(void **state)
{
    (void)state;
    static const char *const steps[] = {"IN_PROGRESS", "COMPLETE_CLAIMED", "DONE"};
    report(61, "2026-10", "2026-10-25", 2, "十月的进展文字。");
    report(61, "2026-11", "2026-11-08", 2, "十一月的进展文字。");
    for (int m = 61; m <= 62; m++) {
        for (int i = 0; i < 3; i++) {
            slice_sql("UPDATE rectify.measure SET state = '%s', claimed_from = 'IN_PROGRESS',"
                      " version = version + 1, event_id = '%s' WHERE id = '%s'",
                      steps[i], event_of(m == 61 ? "2026-11-03" : "2026-11-09", 900 + m),
                      slice_id(m));
        }
    }
    assert_int_equal(status_number("done", "2026-11-05"), 1);
    assert_int_equal(status_number("done", "2026-11-10"), 2);
    (void)create(PUBLIC, "2026-11-05");
    const char *then = text_of("TB-01");
    assert_true(has(then, "截至2026年11月5日，巡视反馈的1项2个问题中"));
    assert_true(has(then, "整改措施4条，已整改到位1条"));
    assert_true(has(then, "十月的进展文字。"));
    assert_false(has(then, "十一月的进展文字。"));
    (void)create(PUBLIC, "2026-11-10");
    const char *now = text_of("TB-02");
    assert_true(has(now, "整改措施4条，已整改到位2条"));
    assert_true(has(now, "十一月的进展文字。"));
    assert_false(has(now, "十月的进展文字。"));
}

static void
reports_and_briefing_have_the_numbers_of_status(void **state)
{
    (void)state;
    static const char *const day = "2026-11-10";
    slice_sql("UPDATE rectify.milestone SET current_due = '2026-11-01', due_version = 2,"
              " version = version + 1, event_id = '%s' WHERE measure = '%s' AND kind = 1",
              event_of("2026-10-20", 1), slice_id(64));
    slice_sql("INSERT INTO rectify.periodic_table (tenant, id, inspection, org, period, due, state,"
              " version, event_id) VALUES (1, '%s', '%s', '%s', '2026-10', '2026-10-25', 'OPEN', 1,"
              " '%s')",
              slice_id(801), slice_id(31), slice_id(5), event_of("2026-10-01", 2));
    slice_sql(
        "INSERT INTO rectify.inspection_date (tenant, inspection, kind, planned_day, event_id)"
        " VALUES (1, '%s', 'REPORT_DUE', '2026-11-28', '%s')",
        slice_id(31), slice_id(1));
    slice_sql(
        "INSERT INTO rectify.outcome (tenant, id, ref, measure, org, kind, amount, word, title,"
        " happened_day, state, recorded_by, changed_ms, version, event_id) VALUES (1, '%s',"
        " 'CG-0001', '%s', '%s', 'RULE_MADE', 3, '项', '样例', '2026-11-01', 'RECORDED', '%s',"
        " 0, 1, '%s')",
        slice_id(820), slice_id(61), slice_id(5), slice_id(UNIT1), event_of("2026-11-02", 3));
    slice_sql("UPDATE rectify.outcome SET state = 'CONFIRMED', confirmed_day = '2026-11-03',"
              " version = 2, event_id = '%s'",
              event_of("2026-11-03", 4));
    static const Pb__PublicationKind kinds[] = {PB__PUBLICATION_KIND__BRIEFING,
                                                PB__PUBLICATION_KIND__RECTIFICATION_REPORT,
                                                PB__PUBLICATION_KIND__PRINCIPAL_REPORT};
    for (int i = 0; i < 3; i++) {
        const char *text = text_of(create(kinds[i], day)->ref);
        assert_true(has(text, arena_printf(&slice_arena, "超期%d条（按原定期限%d条），临期%d条",
                                           status_number("overdue", day),
                                           status_number("overdue_original", day),
                                           status_number("due_soon", day))));
        assert_true(has(text, "样例二局：超期措施1条，自2026年11月1日起，最长超期9天。"));
        assert_true(has(text, "样例一局：未报汇总表1期。"));
        assert_true(has(text, "2026年11月28日：上报整改情况报告"));
        assert_int_equal(has(text, "到期应报1期，未报1期"), i > 0);
        assert_int_equal(has(text, "经核实的整改成效：制定制度 3 项。"), i > 0);
        assert_int_equal(has(text, "关于“学习不够深入”问题的整改"), i == 1);
    }
    assert_int_equal(status_number("overdue", day), 1);
    assert_int_equal(status_number("tables_missing", day), 1);
    /* The briefing passes its check as it is made. */
    assert_string_equal(check("TB-01")->state, "CHECKED");
}

static void
bad_drafts_are_refused(void **state)
{
    (void)state;
    const char *method = "PublicationService/CreatePublication";
    Pb__CreatePublicationRequest r = creation(PUBLIC, "2026-11-11");
    slice_refused(PUBL1, method, &r.base, STATUS_INVALID_ARGUMENT, "AS_OF_FUTURE");
    r.as_of = NULL;
    slice_refused(PUBL1, method, &r.base, STATUS_INVALID_ARGUMENT, "AS_OF_MISSING");
    r.as_of = slice_text("2026-11-31");
    slice_refused(PUBL1, method, &r.base, STATUS_INVALID_ARGUMENT, "BAD_DATE");
    r = creation(PUBLIC, "2026-11-10");
    r.has_kind = 0;
    slice_refused(PUBL1, method, &r.base, STATUS_INVALID_ARGUMENT, "KIND_MISSING");
    r = creation(PUBLIC, "2026-11-10");
    r.inspection = slice_text("INS9");
    slice_refused(PUBL1, method, &r.base, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN");
    r = creation(PUBLIC, "2026-11-10");
    r.title = slice_text("两行的\n标题");
    slice_refused(PUBL1, method, &r.base, STATUS_INVALID_ARGUMENT, "TITLE_LINE");
    r = creation(PUBLIC, "1960-01-01");
    slice_refused(PUBL1, method, &r.base, STATUS_FAILED_PRECONDITION, "NOTHING_TO_TELL");
    r = creation(PUBLIC, "2026-11-10");
    r.title = slice_text("机密★ 样例通报");
    slice_refused(PUBL1, method, &r.base, STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    report(61, "2026-10", "2026-10-25", 2, "内部文件秘密★10年。");
    r = creation(PUBLIC, "2026-11-10");
    slice_refused(PUBL1, method, &r.base, STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.publication"), 0);
}

/* ---- editing ---- */

static void
a_text_goes_out_and_comes_back(void **state)
{
    (void)state;
    const Pb__Publication *p = create(PUBLIC, "2026-11-10");
    const Pb__Publication *edited = edit(p->ref, WHOLE_TEXT);
    assert_int_equal(edited->content_no, 2);
    const char *out = text_of(p->ref);
    assert_true(has(out, "（一）样例项\n1.关于“学习不够深入”问题的整改\n"));
    assert_true(has(out, "2.关于“台账不够完整”问题的整改\n"));
    const Pb__Publication *again = edit(p->ref, out);
    assert_string_equal(again->sha256, edited->sha256);
    assert_int_equal(again->content_no, 3);
    assert_string_equal(text_of(p->ref), out);
    /* Every edition stays, and the log holds each whole. */
    assert_int_equal(slice_count("SELECT count(DISTINCT content_no) FROM"
                                 " rectify.publication_block"),
                     3);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.publication_version"), 3);
    const Pb__GetPublicationReply *whole = get(PUBL1, p->ref);
    assert_int_equal(whole->blocks[whole->n_blocks - 1]->kind,
                     PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE);
    assert_int_equal(whole->blocks[whole->n_blocks - 2]->kind,
                     PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE);
    assert_string_equal(whole->blocks[5]->problem_ref, "P-01");
}

static void
what_cannot_be_read_is_named_with_its_line(void **state)
{
    (void)state;
    (void)create(PUBLIC, "2026-11-10");
    static const struct {
        const char *text, *reason, *line;
        enum status code;
    } bad[] = {
        {"这里没有标题。\n一、情况\n", "TITLE_LINE", "第 1 行", STATUS_INVALID_ARGUMENT},
        {"标题\n\n\n", "NO_TEXT", "正文", STATUS_INVALID_ARGUMENT},
        {"标题\n一、情况\n1.关于“没有的问题”问题的整改\n", "PROBLEM_UNKNOWN", "第 3 行",
         STATUS_INVALID_ARGUMENT},
        {"标题\n1.关于“学习不够深入”问题的整改\n好\n2.关于“学习不够深入”问题的整改\n",
         "PROBLEM_TWICE", "第 4 行", STATUS_INVALID_ARGUMENT},
        {"标题\n(一)别的项\n1.关于“学习不够深入”问题的整改\n", "PROBLEM_ITEM", "第 3 行",
         STATUS_INVALID_ARGUMENT},
        {"标题\n1.关于“学习不够深入”问题的整改\n整改状态：完成整改\n", "STATUS_LINE", "第 3 行",
         STATUS_INVALID_ARGUMENT},
        {"标题\n正文\n一、\n", "NO_TEXT", "第 3 行", STATUS_INVALID_ARGUMENT},
        {"标题\n正文\n这是绝密★的内容\n", "SECRET_MARK", "第 3 行", STATUS_FAILED_PRECONDITION},
        {"标题\n正\xE2\x80\xAE文\n", "TEXT_HIDDEN_CHARACTER", "第 2 行", STATUS_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Pb__EditPublicationRequest r = edition("TB-01", bad[i].text);
        const Pb__Status *s = slice_refused(PUBL1, "PublicationService/EditPublication", &r.base,
                                            bad[i].code, bad[i].reason);
        if (!has(s->message, bad[i].line)) {
            fail_msg("%s", s->message);
        }
    }
    Pb__EditPublicationRequest r = edition("TB-01", "");
    slice_refused(PUBL1, "PublicationService/EditPublication", &r.base, STATUS_INVALID_ARGUMENT,
                  "NO_TEXT");
    assert_int_equal(get(PUBL1, "TB-01")->publication->version, 1);
}

/* ---- held back ---- */

static void
what_is_held_back_leaves_and_may_not_return(void **state)
{
    (void)state;
    char *problem[] = {slice_text("P-02")};
    report(64, "2026-10", "2026-10-25", 2, "已经逐册清理全部台账并归档。");
    (void)create(PUBLIC, "2026-11-10");
    (void)edit("TB-01", WHOLE_TEXT);
    Pb__HoldBackRequest r = holding("TB-01", problem, 1);
    (void)slice_ok(OFFICE1, "PublicationService/HoldBack", &r.base, &pb__publication__descriptor);
    const char *out = text_of("TB-01");
    assert_false(has(out, "台账不够完整"));
    assert_false(has(out, "台账已经清理完毕"));
    assert_true(has(out, "三、下一步整改工作打算"));
    /* Brought back by the editor, as a heading, as a quotation, as a sentence of what was reported.
     */
    (void)edit("TB-01", WHOLE_TEXT);
    assert_true(has(check_refused("TB-01", "HELD_BACK_INSIDE")->message, "P-02"));
    (void)edit("TB-01", arena_printf(&slice_arena, "%s\n针对“台账不够完整”，继续努力。\n", out));
    check_refused("TB-01", "HELD_BACK_INSIDE");
    (void)edit("TB-01",
               arena_printf(&slice_arena, "%s\n有的单位已经逐册清理全部台账并归档。\n", out));
    check_refused("TB-01", "HELD_BACK_INSIDE");
    (void)edit("TB-01", out);
    assert_string_equal(check("TB-01")->state, "CHECKED");
    /* The next draft begins without it. */
    (void)create(PUBLIC, "2026-11-10");
    assert_false(has(text_of("TB-02"), "台账不够完整"));
    const Pb__GetPublicationReply *next = get(OFFICE1, "TB-02");
    assert_string_equal(next->subjects[4]->hold_code, "SECRECY");
    /* Lifted, it has to be told again. */
    r = holding("TB-02", problem, 1);
    r.has_lift = r.lift = 1;
    (void)slice_ok(OFFICE1, "PublicationService/HoldBack", &r.base, &pb__publication__descriptor);
    (void)edit("TB-02", out);
    assert_true(has(check_refused("TB-02", "PROBLEM_MISSING")->message, "P-02"));
}

static void
a_measure_is_held_back_alone(void **state)
{
    (void)state;
    char *measure[] = {slice_text("P-01-M-02")};
    report(61, "2026-10", "2026-10-25", 2, "学习计划已印发。");
    report(62, "2026-10", "2026-10-25", 2, "补课三次，名单另存。");
    report(63, "2026-10", "2026-10-25", 2, "每月领学一次。");
    (void)create(PUBLIC, "2026-11-10");
    assert_true(has(text_of("TB-01"), "一是制定学习计划。学习计划已印发。\n二是立即补课。补课三次，"
                                      "名单另存。\n三是长期坚持领学。每月领学一次。\n"));
    Pb__HoldBackRequest r = holding("TB-01", measure, 1);
    r.hold_code = slice_text("PRIVACY");
    (void)slice_ok(OFFICE1, "PublicationService/HoldBack", &r.base, &pb__publication__descriptor);
    assert_true(has(text_of("TB-01"), "一是制定学习计划。学习计划已印发。\n二是长期坚持领学。每月"
                                      "领学一次。\n"));
    char *unknown[] = {slice_text("P-77")};
    r = holding("TB-01", unknown, 1);
    slice_refused(OFFICE1, "PublicationService/HoldBack", &r.base, STATUS_INVALID_ARGUMENT,
                  "SUBJECT_UNKNOWN");
    r = holding("TB-01", measure, 1);
    r.hold_code = slice_text("WHATEVER");
    slice_refused(OFFICE1, "PublicationService/HoldBack", &r.base, STATUS_INVALID_ARGUMENT,
                  "HOLD_CODE");
    r = holding("TB-01", measure, 1);
    r.reason = NULL;
    slice_refused(OFFICE1, "PublicationService/HoldBack", &r.base, STATUS_INVALID_ARGUMENT,
                  "TEXT_MISSING");
    r = holding("TB-01", NULL, 0);
    slice_refused(OFFICE1, "PublicationService/HoldBack", &r.base, STATUS_INVALID_ARGUMENT,
                  "COUNT_RANGE");
}

static void
a_heading_without_text_is_not_checked(void **state)
{
    (void)state;
    (void)create(PUBLIC, "2026-11-10");
    assert_true(has(check_refused("TB-01", "TEXT_MISSING")->message, "整改工作组织情况"));
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text("TB-01");
    const Pb__AllowedCommandsReply *allowed =
        slice_ok(OFFICE1, "PublicationService/AllowedCommands", &r.base,
                 &pb__allowed_commands_reply__descriptor);
    bool seen = false;
    for (size_t i = 0; i < allowed->n_commands; i++) {
        const Pb__AllowedCommand *c = allowed->commands[i];
        if (strcmp(c->command, "check") == 0) {
            seen = true;
            assert_false(c->allowed);
            assert_string_equal(c->reason, "TEXT_MISSING");
        } else if (strcmp(c->command, "approve") == 0) {
            assert_false(c->allowed);
        } else if (strcmp(c->command, "edit") == 0) {
            assert_true(c->allowed);
        }
    }
    assert_true(seen);
}

/* What clues, opinions and talks say is in no draft. */
static void
clues_senders_and_talks_stay_out(void **state)
{
    (void)state;
    slice_sql(
        "INSERT INTO rectify.clue (tenant, id, inspection, problem, number, version, event_id)"
        " VALUES (1, '%s', '%s', '%s', 'XS-2026-0777', 1, '%s');"
        "INSERT INTO rectify.matter (tenant, id, kind, ref, inspection, problem, holder, state,"
        " title, text, opened_ms, state_ms, version, event_id) VALUES (1, '%s', 'talk',"
        " 'YT-0001', '%s', '%s', '%s', 'PROPOSED', '谈话题目样例', '谈话内容样例', 0, 0, 1,"
        " '%s');"
        "INSERT INTO rectify.matter_private (tenant, id, matter, reader, part, text, salt,"
        " recorded_ms, event_id) VALUES (1, '%s', '%s', '%s', 'SENDER', '来信人样例', 's', 0,"
        " '%s')",
        slice_id(810), slice_id(31), slice_id(51), slice_id(1), slice_id(811), slice_id(31),
        slice_id(51), slice_id(7), slice_id(1), slice_id(812), slice_id(811), slice_id(1),
        slice_id(1));
    static const char *const never[] = {"XS-2026-0777", "谈话题目样例", "谈话内容样例",
                                        "来信人样例"};
    for (int kind = 1; kind <= 5; kind++) {
        const char *text = text_of(create((Pb__PublicationKind)kind, "2026-11-10")->ref);
        for (int i = 0; i < 4; i++) {
            assert_false(has(text, never[i]));
        }
    }
}

/* Nor may an editor write one in. */
static void
a_clue_is_not_written_in(void **state)
{
    (void)state;
    slice_sql(
        "INSERT INTO rectify.clue (tenant, id, inspection, problem, number, version, event_id)"
        " VALUES (1, '%s', '%s', '%s', 'XS-2026-0777', 1, '%s')",
        slice_id(810), slice_id(31), slice_id(51), slice_id(1));
    (void)create(PUBLIC, "2026-11-10");
    (void)edit("TB-01", arena_printf(&slice_arena, "%s线索XS-2026-0777已办结。\n", WHOLE_TEXT));
    assert_true(has(check_refused("TB-01", "CLUE_INSIDE")->message, "XS-2026-0777"));
    (void)edit("TB-01", WHOLE_TEXT);
    (void)check("TB-01");
}

/* As much as fits is taken, read and given back; more is refused. */
static void
a_long_text_fits(void **state)
{
    (void)state;
    enum { PARAGRAPHS = 590, PARAGRAPH_BYTES = 1001, MORE = 40 };
    char *text = arena_alloc(&slice_arena,
                             sizeof WHOLE_TEXT + (PARAGRAPHS + MORE) * (size_t)PARAGRAPH_BYTES);
    char *at = stpcpy(text, WHOLE_TEXT);
    for (int i = 0; i < PARAGRAPHS + MORE; i++) {
        if (i == PARAGRAPHS) {
            (void)create(PUBLIC, "2026-11-10");
            (void)edit("TB-01", text);
            assert_true(get(OFFICE1, "TB-01")->n_blocks > PARAGRAPHS);
        }
        memset(at, 'a' + i % 26, PARAGRAPH_BYTES - 1);
        at[PARAGRAPH_BYTES - 1] = '\n';
        at += PARAGRAPH_BYTES;
    }
    Pb__EditPublicationRequest r = edition("TB-01", text);
    slice_refused(PUBL1, "PublicationService/EditPublication", &r.base, STATUS_FAILED_PRECONDITION,
                  "PUBLICATION_TOO_LARGE");
}

static void
a_briefing_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    (void)create(PB__PUBLICATION_KIND__BRIEFING, "2026-11-10");
    const char *text = text_of("TB-01");
    for (int i = 0; i < 30; i++) {
        text = arena_printf(&slice_arena, "%s再加一段。\n", text);
    }
    (void)edit("TB-01", text);
    assert_true(has(check_refused("TB-01", "BRIEFING_TOO_LONG")->message, "28"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, publication_set_up, slice_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_draft_tells_what_was_accepted),
        TEST(a_draft_for_a_past_day_shows_that_day),
        TEST(reports_and_briefing_have_the_numbers_of_status),
        TEST(bad_drafts_are_refused),
        TEST(a_text_goes_out_and_comes_back),
        TEST(what_cannot_be_read_is_named_with_its_line),
        TEST(what_is_held_back_leaves_and_may_not_return),
        TEST(a_measure_is_held_back_alone),
        TEST(a_heading_without_text_is_not_checked),
        TEST(clues_senders_and_talks_stay_out),
        TEST(a_clue_is_not_written_in),
        TEST(a_long_text_fits),
        TEST(a_briefing_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
