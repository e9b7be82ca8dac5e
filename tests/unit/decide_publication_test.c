/* Decisions about publications: what a draft says, what is held back, what is whole. */
#include "server/service/publication.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 16 << 20 };

#define PARAGRAPH PB__PUBLICATION_BLOCK_KIND__BLOCK_PARAGRAPH
#define SECTION PB__PUBLICATION_BLOCK_KIND__BLOCK_SECTION
#define ITEM PB__PUBLICATION_BLOCK_KIND__BLOCK_ITEM
#define PROBLEM PB__PUBLICATION_BLOCK_KIND__BLOCK_PROBLEM
#define MEASURE PB__PUBLICATION_BLOCK_KIND__BLOCK_MEASURE

static struct arena arena;
static struct block_writer w;
static struct fault fault;

static const struct publication_record notice = {
    .ref = "TB-01", .kind = PB__PUBLICATION_KIND__PUBLIC_NOTICE, .state = STATE_DRAFT};

/* What is only read as the char * of generated messages. */
static char *
borrowed(const char *text)
{
    return (char *)(uintptr_t)text;
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    w = (struct block_writer){.a = &arena};
    fault = (struct fault){0};
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Two problems, three measures and one; what the second reported is long enough to be known again.
 */
static struct subject_list
subjects(void)
{
    static const struct publication_subject all[] = {
        {1, "p1", NULL, "P-01", "学习不够", 1, "样例项", "RECTIFYING", NULL, NULL, NULL, 1},
        {2, "p1", "m1", "P-01-M-01", "一是制定学习计划。年内完成。", 1, "样例项", "DONE",
         "计划已经印发到各个支部。", NULL, NULL, 1},
        {3, "p1", "m2", "P-01-M-02", "二是集中补课。", 1, "样例项", "DONE",
         "二是集中补课。\n已补课三次，覆盖全体干部。", NULL, NULL, 1},
        {4, "p1", "m3", "P-01-M-03", "三是长期坚持。", 1, "样例项", "IN_PROGRESS", NULL, NULL, NULL,
         1},
        {5, "p2", NULL, "P-02", "台账不全", 1, "样例项", "CLOSED", NULL, NULL, NULL, 1},
        {6, "p2", "m4", "P-02-M-01", "清理台账。", 1, "样例项", "DONE",
         "逐册清理了全部台账并且归档。", NULL, NULL, 1},
    };
    struct subject_list list = {.items = arena_alloc(&arena, sizeof all), .count = 6};
    assert_non_null(list.items);
    memcpy(list.items, all, sizeof all);
    assert_true(publication_straighten(&list, &arena));
    return list;
}

static void
say(Pb__PublicationBlockKind kind, const char *text, const char *problem, const char *measure)
{
    assert_non_null(block_add(&w, kind, text, problem, measure));
}

static void
a_whole_text(void)
{
    say(SECTION, "组织", NULL, NULL);
    say(PARAGRAPH, "认真组织。", NULL, NULL);
    say(SECTION, "落实", NULL, NULL);
    say(ITEM, "样例项", NULL, NULL);
    say(PROBLEM, "关于“学习不够”问题的整改", "P-01", NULL);
    say(MEASURE, "制定学习计划。", "P-01", "P-01-M-01");
    say(MEASURE, "集中补课。", "P-01", "P-01-M-02");
    say(PROBLEM, "关于“台账不全”问题的整改", "P-02", NULL);
    say(PARAGRAPH, "清理台账。", "P-02", "P-02-M-01");
}

static void
assert_checked(const struct subject_list *list, const char *reason, const char *words)
{
    enum status s = publication_check(&notice, &w.list, list, 0, &fault);
    if (reason == NULL) {
        assert_int_equal(s, STATUS_OK);
        return;
    }
    assert_int_equal(s, STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, reason);
    if (strstr(fault.message, words) == NULL) {
        fail_msg("%s", fault.message);
    }
}

static void
hold(struct subject_list *list, size_t at)
{
    list->items[at].hold_code = "SECRECY";
    list->items[at].hold_reason = "样例";
}

static void
a_whole_text_is_checked(void **state)
{
    (void)state;
    struct subject_list list = subjects();
    a_whole_text();
    assert_checked(&list, NULL, NULL);
}

static void
what_is_held_back_is_found_wherever_it_stands(void **state)
{
    (void)state;
    struct subject_list list = subjects();
    a_whole_text();
    hold(&list, 4);
    assert_checked(&list, "HELD_BACK_INSIDE", "P-02");
    /* Without its blocks it is gone; then a sentence of what was reported, anywhere. */
    struct block_list rest;
    assert_int_equal(publication_without(&w.list, &list, &arena, &rest), STATUS_OK);
    assert_int_equal(rest.count, 7);
    w.list = rest;
    assert_checked(&list, NULL, NULL);
    say(PARAGRAPH, "另外，逐册清理了全部台账并且归档。", NULL, NULL);
    assert_checked(&list, "HELD_BACK_INSIDE", "P-02-M-01");
    /* What something open says too is no secret. */
    list.items[1].source = "逐册清理了全部台账并且归档。";
    assert_checked(&list, NULL, NULL);
}

static void
an_item_goes_with_its_last_problem(void **state)
{
    (void)state;
    struct subject_list list = subjects();
    struct block_list rest;
    a_whole_text();
    hold(&list, 0);
    hold(&list, 4);
    assert_int_equal(publication_without(&w.list, &list, &arena, &rest), STATUS_OK);
    assert_int_equal(rest.count, 3);
    assert_string_equal(rest.items[2]->text, "落实");
}

static void
what_is_missing_is_named(void **state)
{
    (void)state;
    struct subject_list list = subjects();
    a_whole_text();
    w.list.count -= 1; /* P-02 keeps its heading alone */
    assert_checked(&list, "TEXT_MISSING", "P-02");
    w.list.count -= 1;
    assert_checked(&list, "PROBLEM_MISSING", "P-02");
    hold(&list, 4);
    assert_checked(&list, NULL, NULL);
    say(SECTION, "下一步", NULL, NULL);
    assert_checked(&list, "TEXT_MISSING", "下一步");
}

static void
numbers_of_clues_are_found(void **state)
{
    (void)state;
    struct clue_record numbers[] = {{.number = "12"}, {.number = "XS-2026-07"}};
    const struct clue_list clues = {.items = numbers, .count = 2};
    say(PARAGRAPH, "共12件，见XS-2026-071和AXS-2026-07。", NULL, NULL);
    assert_int_equal(publication_check_clues(&w.list, &clues, &fault), STATUS_OK);
    say(PARAGRAPH, "线索XS-2026-07已经办结。", NULL, NULL);
    assert_int_equal(publication_check_clues(&w.list, &clues, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "CLUE_INSIDE");
}

static void
a_briefing_has_one_page(void **state)
{
    (void)state;
    const struct publication_record briefing = {.kind = PB__PUBLICATION_KIND__BRIEFING};
    const struct subject_list none = {0};
    say(PARAGRAPH, "一段。", NULL, NULL);
    assert_int_equal(
        publication_check(&briefing, &w.list, &none, PUBLICATION_BRIEFING_LINES, &fault),
        STATUS_OK);
    assert_int_equal(
        publication_check(&briefing, &w.list, &none, PUBLICATION_BRIEFING_LINES + 1, &fault),
        STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "BRIEFING_TOO_LONG");
}

/* ---- edited texts ---- */

static void
an_edited_text_finds_its_problems_and_measures(void **state)
{
    (void)state;
    struct subject_list list = subjects();
    uint32_t lines[16];
    for (uint32_t i = 0; i < 16; i++) {
        lines[i] = i + 1;
    }
    say(ITEM, "样例项", NULL, NULL);
    say(PROBLEM, "关于“学习不够”问题的整改", NULL, NULL);
    say(MEASURE, "甲。", NULL, NULL);
    say(MEASURE, "乙。", NULL, NULL);
    say(MEASURE, "丙。", NULL, NULL);
    say(PROBLEM, "台账不全", NULL, NULL);
    say(PARAGRAPH, "丁。", NULL, NULL);
    say(PARAGRAPH, "戊。", NULL, NULL);
    assert_int_equal(publication_match(&notice, &w.list, lines, &list, NULL, &fault), STATUS_OK);
    assert_string_equal(w.list.items[3]->measure_ref, "P-01-M-02");
    assert_string_equal(w.list.items[4]->measure_ref, "P-01-M-03");
    assert_string_equal(w.list.items[6]->problem_ref, "P-02");
    assert_null(w.list.items[6]->measure_ref); /* two paragraphs, one measure: nobody knows */
    /* Words that did not change keep the measure they told of, whatever stands around them. */
    struct block_list before = w.list;
    before.items[7]->measure_ref = borrowed("P-02-M-01");
    w = (struct block_writer){.a = &arena};
    say(PROBLEM, "台账不全", NULL, NULL);
    say(PARAGRAPH, "己。", NULL, NULL);
    say(PARAGRAPH, "戊。", NULL, NULL);
    assert_int_equal(publication_match(&notice, &w.list, lines, &list, &before, &fault), STATUS_OK);
    assert_null(w.list.items[1]->measure_ref);
    assert_string_equal(w.list.items[2]->measure_ref, "P-02-M-01");
}

/* ---- drafts ---- */

static const char *
draft_text(const struct publication_facts *f)
{
    const char *text = "";
    w = (struct block_writer){.a = &arena};
    assert_int_equal(publication_draft(f, &w), STATUS_OK);
    for (size_t i = 0; i < w.list.count; i++) {
        text = arena_printf(&arena, "%s%s\n", text, w.list.items[i]->text);
    }
    return text;
}

static void
assert_says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        fail_msg("%s\n—— %s", text, words);
    }
}

static void
drafts_say_what_the_numbers_are(void **state)
{
    (void)state;
    struct subject_list list = subjects();
    struct status_row whole = {.behind_since = NO_DATE};
    struct status_row units[3] = {
        {.title = "样例一局", .behind_since = 20758, .behind_days = 9},
        {.title = "样例二局"},
        {.title = "样例三局"},
    };
    units[0].counts[COUNT_OVERDUE] = 2;
    units[2].counts[COUNT_TABLES_MISSING] = 1;
    whole.counts[COUNT_PROBLEM_RECTIFYING] = 1;
    whole.counts[COUNT_PROBLEM_CLOSED] = 1;
    whole.counts[COUNT_ITEMS] = 1;
    whole.counts[COUNT_DONE] = 3;
    whole.counts[COUNT_IN_PROGRESS] = 1;
    whole.counts[COUNT_TABLES_OWED] = 4;
    Pb__Cause approved = PB__CAUSE__INIT;
    approved.kind = borrowed("EXTENSION");
    approved.code = borrowed("APPROVED");
    approved.count = 3;
    Pb__Cause round = PB__CAUSE__INIT;
    round.kind = borrowed("ROUND");
    round.code = borrowed("2");
    round.count = 2;
    Pb__Cause *causes[] = {&approved, &round};
    const struct cause_list repeats = {.items = causes, .count = 2};
    struct next_day days[] = {{20770, NULL, NULL, 3}, {20780, "REPORT_DUE", NULL, 0}};
    const struct next_day_list next = {.items = days, .count = 2};
    const struct status_rows rows = {.items = units, .count = 3};
    static const struct publication_outcome outcomes[] = {{"制定制度", "3 项"},
                                                          {"追缴资金", "12.50 元"}};
    struct publication_facts f = {
        .kind = PB__PUBLICATION_KIND__RECTIFICATION_REPORT,
        .inspection_name = "样例巡视",
        .as_of = 20767, /* 2026-11-10 */
        .signer = "中共样例区委员会",
        .whole = &whole,
        .units = &rows,
        .units_most = 5,
        .repeats = &repeats,
        .next = &next,
        .outcomes = outcomes,
        .outcome_count = 2,
        .subjects = &list,
    };
    const char *text = draft_text(&f);
    assert_says(text,
                "截至2026年11月10日，巡视反馈的1项2个问题中，完成整改1个，基本完成并持续整改0个，"
                "正在整改1个；整改措施4条，已整改到位3条");
    assert_says(text, "到期应报4期");
    assert_says(text, "申请延期3次，其中批准3次");
    assert_says(text, "重新整改（第二轮及以上）的措施2条");
    assert_says(text, "经核实的整改成效：制定制度 3 项，追缴资金 12.50 元。");
    assert_says(text, "样例一局：超期措施2条，自2026年11月1日起，最长超期9天。");
    assert_says(text, "样例三局：未报汇总表1期。");
    assert_says(text, "2026年11月13日：3个目标到期；2026年11月23日：上报整改情况报告。");
    assert_says(text, "制定学习计划。计划已经印发到各个支部。");
    assert_says(text,
                "\n集中补课。已补课三次，覆盖全体干部。\n"); /* its heading once, in one line */
    assert_says(text, "中共样例区委员会\n2026年11月10日\n");
    assert_null(strstr(text, "长期坚持"));
    f.units_most = 1;
    assert_says(draft_text(&f), "另有1个单位有超期或未报事项。");
    f.kind = PB__PUBLICATION_KIND__BRIEFING;
    text = draft_text(&f);
    assert_null(strstr(text, "学习不够"));
    assert_string_equal(publication_title(&f, &arena), "样例巡视整改情况一页简报");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_text_is_checked),
        TEST(what_is_held_back_is_found_wherever_it_stands),
        TEST(an_item_goes_with_its_last_problem),
        TEST(what_is_missing_is_named),
        TEST(numbers_of_clues_are_found),
        TEST(a_briefing_has_one_page),
        TEST(an_edited_text_finds_its_problems_and_measures),
        TEST(drafts_say_what_the_numbers_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
