/* Verdicts: what decides about what was handed in. */
#include "server/service/verdict.h"

#include "server/service/workflow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static struct verdict
judged(const struct judged_record *changes, size_t count)
{
    struct verdict v;
    assert_int_equal(verdict_of(changes, count, &arena, &v), STATUS_OK);
    return v;
}

static void
each_kind_has_its_yes_and_no(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *command, *by;
        int want;
    } cases[] = {
        {"problem", "apply_close", NULL, 2},
        {"problem", "apply_close", "close", 3},
        {"problem", "apply_close", "refuse", 4},
        {"problem", "apply_close", "return", 4},
        {"problem", "apply_close", "withdraw", 1},
        {"problem", "apply_close", "reopen", 1},
        {"matter", "open", "decide", 3},
        {"matter", "open", "withdraw", 1},
        {"matter", "reply", "clear", 3},
        {"matter", "reply", "not_satisfied", 4},
        {"matter", "submit_late", "approve", 3},
        {"grant", "propose", "reject", 4},
        {"outcome", "correct", "verify", 3},
        {"outcome", "register", "correct", 1},
        {"measure", "claim_effect", "cancel", 1},
        {"measure", "report", NULL, 1},
        {"plan_version", "submit_review", NULL, 2},
        {"publication", "check", "return", 4},
        {"org", "create", NULL, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct judged_record c = {.key = "k",
                                        .kind = cases[i].kind,
                                        .command = cases[i].command,
                                        .decided_by = cases[i].by};
        struct verdict v = judged(&c, 1);
        if ((int)v.verdict != cases[i].want) {
            fail_msg("%s %s: %d", cases[i].kind, cases[i].command, v.verdict);
        }
        assert_int_equal(v.line == NULL, cases[i].want == 1);
    }
    struct verdict none = judged(NULL, 0);
    assert_int_equal(none.verdict, PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE);
}

static void
a_table_counts_its_rows(void **state)
{
    (void)state;
    struct judged_record c[2] = {
        {.key = "k", .kind = "table", .command = "submit", .rows = 8, .rows_accepted = 7},
        {.key = "k", .kind = "measure", .command = "claim_effect", .decided_by = "confirm"},
    };
    struct verdict v = judged(c, 2); /* the table stands before what its rows moved */
    assert_string_equal(v.line, "8 行：7 行审核通过，1 行待审核");
    assert_int_equal(v.verdict, PB__OPERATION_VERDICT__OPERATION_VERDICT_WAITING);
    c[0].rows_returned = 1;
    v = judged(c, 2);
    assert_string_equal(v.line, "8 行：7 行审核通过，1 行退回");
    assert_int_equal(v.verdict, PB__OPERATION_VERDICT__OPERATION_VERDICT_RETURNED);
}

/* Every deciding command is one of some machine: a renamed one fails here. */
static void
deciding_commands_are_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < verdict_deciding_count; i++) {
        bool found = false;
        for (int id = 0; id < WORKFLOW_COUNT; id++) {
            const struct workflow_machine *m = workflow_machine((enum workflow_id)id);
            for (size_t k = 0; k < m->edge_count; k++) {
                found = found || strcmp(m->edges[k].command, verdict_deciding[i]) == 0;
            }
        }
        if (!found) {
            fail_msg("%s is no command", verdict_deciding[i]);
        }
    }
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_yes_and_no),
        cmocka_unit_test(a_table_counts_its_rows),
        cmocka_unit_test(deciding_commands_are_commands),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
