/* What people write of outcomes: kinds in Chinese and English, amounts with and without 万. */
#include "client/cli/outcome_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

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

static void
test_kinds(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int kind; /* 0: refused */
    } cases[] = {
        {"制度", PB__OUTCOME_KIND__RULE_MADE},
        {"修订制度", PB__OUTCOME_KIND__RULE_REVISED},
        {" 资金 ", PB__OUTCOME_KIND__FUNDS_RECOVERED},
        {"FUNDS_RECOVERED", PB__OUTCOME_KIND__FUNDS_RECOVERED},
        {"ＲＵＬＥ＿ＭＡＤＥ", PB__OUTCOME_KIND__RULE_MADE},
        {"处理", PB__OUTCOME_KIND__PEOPLE_HANDLED},
        {"其他", PB__OUTCOME_KIND__OTHER_OUTCOME},
        {"", 0},
        {"funds", 0},
        {"OUTCOME_KIND_UNSPECIFIED", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Pb__OutcomeKind kind = 0;
        struct fault f = {0};
        enum status s = outcome_kind_word(&arena, cases[i].text, &kind, &f);
        assert_int_equal(s == STATUS_OK ? (int)kind : 0, cases[i].kind);
        assert_string_equal(f.reason, cases[i].kind == 0 ? "USAGE_KIND" : "");
    }
    /* A filter's word means all of a family; every kind can be asked for. */
    Pb__OutcomeKind kinds[OUTCOME_WORD_KINDS];
    size_t n = 0;
    assert_int_equal(outcome_kinds_word(&arena, "制度", kinds, &n, NULL), STATUS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(outcome_kinds_word(&arena, "人次", kinds, &n, NULL), STATUS_OK);
    assert_int_equal(n, 3);
    assert_int_equal(outcome_kinds_word(&arena, "培训", kinds, &n, NULL), STATUS_OK);
    assert_int_equal(n, 1);
    assert_int_equal(pb__outcome_kind__descriptor.n_values, OUTCOME_WORD_KINDS + 1);
}

static void
test_amounts(void **state)
{
    (void)state;
    const Pb__OutcomeKind money = PB__OUTCOME_KIND__FUNDS_RECOVERED;
    const Pb__OutcomeKind rules = PB__OUTCOME_KIND__RULE_MADE;
    const struct {
        const char *text;
        Pb__OutcomeKind kind;
        int64_t amount; /* −1: refused */
    } cases[] = {
        {"12345.60", money, 1234560},
        {"12,345.6元", money, 1234560},
        {"１２３", money, 12300},
        {"0.01", money, 1},
        {"1.23456万元", money, 1234560},
        {"1.23456万", money, 1234560},
        {"3万", money, 3000000},
        {"0.005", money, -1},
        {"1.2345678万元", money, -1},
        {"1.2.3", money, -1},
        {"1,2.3,4", money, -1},
        {"-5", money, -1},
        {"", money, -1},
        {"元", money, -1},
        {"99999999999999999万元", money, -1},
        {"123456789012345678", money, -1},
        {"3", rules, 3},
        {"1,000", rules, 1000},
        {"3.5", rules, -1},
        {"3项", rules, -1},
        {"3万", rules, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t amount = -1;
        struct fault f = {0};
        enum status s = outcome_amount_word(&arena, cases[i].text, cases[i].kind, &amount, &f);
        if (amount != cases[i].amount || (s == STATUS_OK) != (amount >= 0)) {
            fail_msg("%s is %lld", cases[i].text, (long long)amount);
        }
        assert_string_equal(f.reason, s == STATUS_OK ? "" : "USAGE_AMOUNT");
    }
}

static void
test_states(void **state)
{
    (void)state;
    char *text = NULL;
    struct fault f = {0};
    assert_int_equal(outcome_state_word(&arena, "已核实", &text, &f), STATUS_OK);
    assert_string_equal(text, "CONFIRMED");
    assert_int_equal(outcome_state_word(&arena, "CLAIMED", &text, &f), STATUS_OK);
    assert_string_equal(text, "CLAIMED");
    assert_int_equal(outcome_state_word(&arena, "好", &text, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "USAGE_STATE");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
