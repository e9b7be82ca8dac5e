/* The draft of a plan: what a notice and a plan table make of it, and when it can be approved. */
#include "server/handler/apply.h"
#include "server/service/draft.h"
#include "server/service/workflow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka needs the four above. */
#include <cmocka.h>

struct world {
    struct arena arena;
    struct uuid7_source ids;
    struct draft draft;
    struct org_list orgs;
};

static const unsigned char seed[16] = "draft test seed";

static struct org_record orgs[] = {
    {.id = "00000000-0000-7000-8000-000000000001", .code = "unit01", .name = "样例单位01"},
    {.id = "00000000-0000-7000-8000-000000000002", .code = "unit02", .name = "样例单位02"},
    {.id = "00000000-0000-7000-8000-000000000003", .code = "leader01", .name = "样例区领导A"},
};

static int
setup(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    arena_init(&w.arena, (size_t)16 * 1024 * 1024);
    uuid7_source_init(&w.ids, 1000, seed);
    w.draft.arena = &w.arena;
    w.draft.ids = &w.ids;
    w.orgs = (struct org_list){orgs, sizeof orgs / sizeof orgs[0], 0};
    *state = &w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    arena_release(&w->arena);
    return 0;
}

static const char notice[] = "二、整改落实情况\n"
                             "(一)学习有差距\n"
                             "1.关于“深度不够”问题的整改\n"
                             "一是优化学习内容。\n"
                             "二是加强督查。\n"
                             "2.关于“覆盖不广”问题的整改\n"
                             "扩大培训覆盖面。\n"
                             "(二)责任有缺失\n"
                             "3.关于“压力递减”问题的整改\n"
                             "一是压实责任。\n";

static void
read_notice(struct world *w, const char *text)
{
    struct outline outline;
    struct fault fault;
    assert_int_equal(outline_read_bytes(&w->arena, text, strlen(text), &outline, &fault),
                     STATUS_OK);
    assert_int_equal(apply_outline(&w->draft, &outline), STATUS_OK);
}

/* As if it had been written and read back. */
static void
settle(struct draft *d)
{
    for (size_t i = 0; i < d->item_count; i++) {
        d->items[i].mark = DRAFT_SAME;
        d->items[i].version = 1;
    }
    for (size_t i = 0; i < d->problem_count; i++) {
        d->problems[i].mark = DRAFT_SAME;
        d->problems[i].version = 1;
    }
    for (size_t i = 0; i < d->measure_count; i++) {
        d->measures[i].mark = DRAFT_SAME;
        d->measures[i].version = 1;
    }
}

static void
notice_fills_the_draft(void **state)
{
    struct world *w = *state;
    read_notice(w, notice);
    assert_int_equal(w->draft.item_count, 2);
    assert_int_equal(w->draft.problem_count, 3);
    assert_int_equal(w->draft.measure_count, 4);
    struct draft_measure *m = draft_measure_by_ref(&w->draft, "P-01-M-02");
    assert_non_null(m);
    assert_string_equal(m->text, "二是加强督查。");
    assert_string_equal(draft_problem_by_ref(&w->draft, "P-03")->title, "压力递减");
}

static void
same_notice_again_changes_nothing(void **state)
{
    struct world *w = *state;
    read_notice(w, notice);
    settle(&w->draft);
    read_notice(w, notice);
    struct draft_counts counts = draft_count_all(&w->draft);
    assert_int_equal(counts.added, 0);
    assert_int_equal(counts.updated, 0);
    assert_int_equal(counts.unchanged, 9);
}

static void
changed_wording_updates_by_reference(void **state)
{
    struct world *w = *state;
    read_notice(w, notice);
    settle(&w->draft);
    read_notice(w, "二、整改落实情况\n(一)学习有差距\n1.关于“深度不够”问题的整改\n"
                   "一是优化学习内容。\n二是加强督查和旁听。\n三是建立记录本。\n");
    struct draft_counts counts = draft_count_measures(&w->draft);
    assert_int_equal(counts.added, 1);
    assert_int_equal(counts.updated, 1);
    /* What the second document leaves out stays. */
    assert_non_null(draft_measure_by_ref(&w->draft, "P-03-M-01"));
}

static void
restarting_numbers_get_references_of_their_own(void **state)
{
    struct world *w = *state;
    read_notice(w, "二、整改落实情况\n(一)学习有差距\n1.关于“甲”问题的整改\n一是做甲。\n"
                   "2.关于“乙”问题的整改\n一是做乙。\n(二)责任有缺失\n"
                   "1.关于“丙”问题的整改\n一是做丙。\n");
    assert_int_equal(w->draft.problem_count, 3);
    assert_string_equal(draft_problem_by_ref(&w->draft, "P-03")->title, "丙");
    assert_int_equal(draft_problem_by_ref(&w->draft, "P-03")->no, 1);
}

static const char plan_head[] =
    "措施编号,整改措施,整改目标,牵头区领导,问题牵头单位,牵头单位,参与单位,整改类型,"
    "取得明显成效时限,整改落实到位时限\n";

static enum status
read_plan(struct world *w, const char *rows, struct apply_faults *faults)
{
    struct plan_table table;
    struct fault fault;
    struct plan_table_options options = {2020, PLAN_TABLE_NO_DATE};
    const char *text = arena_printf(&w->arena, "%s%s", plan_head, rows);
    assert_int_equal(plan_table_read(&w->arena, text, strlen(text), &options, &table, &fault),
                     STATUS_OK);
    assert_int_equal(table.error_count, 0);
    return apply_plan_table(&w->draft, &table, &w->orgs, faults);
}

static const char full_plan[] =
    "P-01-M-01,,完成学习,样例区领导A,样例单位01,样例单位01,样例单位02,限期整改,"
    "2020年4月底,2020年6月30日\n"
    "P-01-M-02,,建立制度,样例区领导A,样例单位01,unit02,,立行立改,,2020年3月底\n"
    "P-02-M-01,,覆盖全员,样例区领导A,样例单位01,样例单位01,,长期坚持,2020年4月底,2020年12月底\n"
    "P-03-M-01,,责任到人,样例区领导A,样例单位02,样例单位02,,限期整改,2020年4月底,2020年6月底\n";

static void
plan_table_completes_the_draft(void **state)
{
    struct world *w = *state;
    struct apply_faults faults = {0};
    struct fault fault;
    read_notice(w, notice);
    assert_int_equal(draft_check_approvable(&w->draft, ROLE_LGROUP, &fault),
                     STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "PLAN_INCOMPLETE");
    assert_non_null(strstr(fault.message, "P-01-M-01"));
    assert_int_equal(read_plan(w, full_plan, &faults), STATUS_OK);
    assert_int_equal(faults.count, 0);
    assert_int_equal(draft_check_approvable(&w->draft, ROLE_LGROUP, &fault), STATUS_OK);

    struct draft_measure *m = draft_measure_by_ref(&w->draft, "P-01-M-01");
    assert_string_equal(m->text, "一是优化学习内容。");
    assert_int_equal(m->effect_due, day_from_ymd((struct ymd){2020, 4, 30}));
    assert_int_equal(m->complete_due, day_from_ymd((struct ymd){2020, 6, 30}));
    assert_int_equal(m->participant_count, 1);
    assert_string_equal(m->participants[0], orgs[1].id);
    m = draft_measure_by_ref(&w->draft, "P-01-M-02");
    assert_int_equal(m->class_, CLASS_IMMEDIATE);
    assert_int_equal(m->effect_due, NO_DATE);
    assert_string_equal(m->lead_org, orgs[1].id);
}

static void
only_the_leading_group_approves(void **state)
{
    struct world *w = *state;
    struct apply_faults faults = {0};
    struct fault fault;
    read_notice(w, notice);
    assert_int_equal(read_plan(w, full_plan, &faults), STATUS_OK);
    assert_int_equal(draft_check_approvable(&w->draft, ROLE_OFFICE, &fault),
                     STATUS_PERMISSION_DENIED);
}

static void
unknown_unit_is_named_with_its_row(void **state)
{
    struct world *w = *state;
    struct apply_faults faults = {0};
    read_notice(w, notice);
    assert_int_equal(read_plan(w,
                               "P-01-M-01,,目标,样例区领导A,不存在的局,样例单位01,,限期整改,"
                               "2020年4月底,2020年6月底\n",
                               &faults),
                     STATUS_OK);
    assert_int_equal(faults.count, 1);
    assert_non_null(strstr(faults.items[0].message, "不存在的局"));
    assert_int_equal(faults.items[0].row, 2);
}

static void
new_row_needs_its_wording(void **state)
{
    struct world *w = *state;
    struct apply_faults faults = {0};
    read_notice(w, notice);
    assert_int_equal(read_plan(w,
                               "P-03-M-02,,目标,样例区领导A,样例单位02,样例单位02,,限期整改,"
                               "2020年4月底,2020年6月底\n",
                               &faults),
                     STATUS_OK);
    assert_int_equal(faults.count, 1);
    faults = (struct apply_faults){0};
    assert_int_equal(read_plan(w,
                               "P-03-M-03,四是新增一条。,目标,样例区领导A,样例单位02,样例单位02,,"
                               "限期整改,2020年4月底,2020年6月底\n",
                               &faults),
                     STATUS_OK);
    assert_int_equal(faults.count, 0);
    assert_string_equal(draft_measure_by_ref(&w->draft, "P-03-M-03")->text, "四是新增一条。");
}

static void
hash_depends_on_every_field(void **state)
{
    struct world *w = *state;
    struct apply_faults faults = {0};
    unsigned char before[32];
    unsigned char after[32];
    read_notice(w, notice);
    assert_int_equal(read_plan(w, full_plan, &faults), STATUS_OK);
    draft_hash(&w->draft, before);
    draft_hash(&w->draft, after);
    assert_memory_equal(before, after, sizeof before);
    draft_measure_by_ref(&w->draft, "P-03-M-01")->complete_due++;
    draft_hash(&w->draft, after);
    assert_memory_not_equal(before, after, sizeof before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(notice_fills_the_draft, setup, teardown),
        cmocka_unit_test_setup_teardown(same_notice_again_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_wording_updates_by_reference, setup, teardown),
        cmocka_unit_test_setup_teardown(restarting_numbers_get_references_of_their_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(plan_table_completes_the_draft, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_leading_group_approves, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_unit_is_named_with_its_row, setup, teardown),
        cmocka_unit_test_setup_teardown(new_row_needs_its_wording, setup, teardown),
        cmocka_unit_test_setup_teardown(hash_depends_on_every_field, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
