/* What the server lets people do can be typed, and a screen says how. */
#include "client/cli/typed.h"
#include "client/cli/value.h"
#include "server/service/workflow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cli cli;

static int
setup(void **state)
{
    (void)state;
    arena_init(&cli.arena, 1024 * 1024);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&cli.arena);
    return 0;
}

/* Nobody types these: they come with another command, named behind them. */
static bool
comes_with_another(const struct workflow_machine *m, const char *command)
{
    static const char *const such[][2] = {
        {"measure", "create"},       {"measure", "edit"},      {"measure", "discard"},
        {"measure", "approve_plan"},                           /* import, plan approve */
        {"measure", "add"},          {"measure", "supersede"}, /* an amendment's approval */
        {"measure", "cancel"},       {"measure", "alter"},     {"problem", "approve_plan"},
        {"problem", "close"},        {"problem", "refuse"}, /* sitting decide */
    };
    for (size_t i = 0; i < sizeof such / sizeof such[0]; i++) {
        if (strcmp(m->code, such[i][0]) == 0 && strcmp(command, such[i][1]) == 0) {
            return true;
        }
    }
    return false;
}

static void
test_every_step_can_be_typed(void **state)
{
    (void)state;
    static const char *const codes[] = {"measure",     "problem", "sitting", "consultation",
                                        "extension",   "notice",  "talk",    "round",
                                        "instruction", "opinion"};
    size_t steps = 0;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct workflow_machine *m = workflow_machine_by_code(codes[i]);
        assert_non_null(m);
        for (size_t k = 0; k < m->edge_count; k++) {
            const char *command = m->edges[k].command;
            bool people = (m->edges[k].who & ~(uint32_t)ROLE_SYS) != 0;
            if (!people || comes_with_another(m, command)) {
                continue;
            }
            if (typed_row(m->code, command) == NULL) {
                fail_msg("no command line does %s %s", m->code, command);
            }
            steps++;
        }
    }
    assert_true(steps > 60);
    assert_null(typed_row("notice", "sing"));
    assert_null(typed_row("noti", "ce_issue"));
    assert_null(typed_row(NULL, "issue"));
}

static void
test_how(void **state)
{
    (void)state;
    assert_string_equal(typed_line(&cli, "notice", "not_satisfied", "DB-0001"),
                        "rectify office notice fail DB-0001 --reason 理由");
    assert_string_equal(typed_line(&cli, "notice", "reply", "DB-0001"),
                        "rectify notice reply DB-0001 办理情况…");
    assert_string_equal(typed_line(&cli, "round", "feed_back", "DC-0001"),
                        "rectify office round feed-back DC-0001");
    assert_string_equal(typed_line(&cli, "measure", "sign_for", "P-01-M-01"),
                        "rectify sign-for P-01-M-01");
    assert_non_null(strstr(typed_line(&cli, "measure", "report", "P-01-M-01"), "table submit"));
    assert_string_equal(typed_line(&cli, "measure", "create", "P-01-M-01"), "");
    assert_string_equal(typed_name(&cli, "round", "finalize"), "定论");
    assert_string_equal(typed_name(&cli, "notice", "issue"), "发出督办单");
    assert_string_equal(typed_name(&cli, "notice", "nothing"), "nothing");
}

static void
test_signs(void **state)
{
    (void)state;
    assert_string_equal(value_signs(&cli.arena, "P-01-M-01＝不属实：台账：空", true),
                        "P-01-M-01=不属实:台账：空");
    assert_string_equal(value_signs(&cli.arena, "unit02＝2026-11-20＝甲：＝乙", false),
                        "unit02=2026-11-20=甲：＝乙");
    assert_string_equal(value_signs(&cli.arena, "a=b:c", true), "a=b:c");
}

static void
test_reasons(void **state)
{
    (void)state;
    assert_string_equal(value_reason(&cli.arena, "OTHER 数字抄错"), "数字抄错");
    assert_string_equal(value_reason(&cli.arena, "EVIDENCE_WEAK 缺照片"), "证明材料不足：缺照片");
    assert_string_equal(value_reason(&cli.arena, "SPOT_CHECK"), "督查");
    assert_string_equal(value_reason(&cli.arena, "OTHER"), "其他");
    assert_string_equal(value_reason(&cli.arena, "OTHERWISE 不变"), "OTHERWISE 不变");
    assert_string_equal(value_reason(&cli.arena, "YQ-0002"), "YQ-0002");
    assert_string_equal(value_reason(&cli.arena, NULL), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step_can_be_typed),
        cmocka_unit_test(test_how),
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
