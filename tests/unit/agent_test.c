/* Heartbeats and the board: when a heartbeat is written, how a copied machine shows, what each line
 * says; and the rate of the enrolment door. */
#include "proto/base/limits.h"
#include "server/base/rate.h"
#include "server/service/agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define T0 INT64_C(1795000000000)
#define DAY INT64_C(86400000)

static bool
hear(struct agent_record *kept, const char *instance, int64_t at_ms)
{
    struct agent_record heard = {.instance = instance, .version = "v", .os = ""};
    if (!agent_heard(kept, &heard, at_ms)) {
        return false;
    }
    *kept = heard;
    return true;
}

static void
the_same_agent_is_written_once_a_minute(void **state)
{
    (void)state;
    struct agent_record kept = {.instance = NULL};
    assert_true(hear(&kept, "a", T0));
    assert_false(hear(&kept, "a", T0 + 1000));
    assert_false(hear(&kept, "a", T0 + LIMIT_AGENT_REPORT_MS / 2));
    assert_true(hear(&kept, "a", T0 + LIMIT_AGENT_REPORT_MS));
    assert_int_equal(kept.reported_ms, T0 + LIMIT_AGENT_REPORT_MS);
    assert_int_equal(kept.cloned_ms, 0);
}

static void
restarts_are_no_clones(void **state)
{
    (void)state;
    static const char *const instances[] = {"a", "b", "c", "d"};
    struct agent_record kept = {.instance = NULL};
    for (size_t i = 0; i < 4; i++) {
        assert_true(hear(&kept, instances[i], T0 + (int64_t)i * 1000)); /* another one: at once */
        (void)hear(&kept, instances[i], T0 + (int64_t)i * 1000 + 500);
    }
    assert_int_equal(kept.cloned_ms, 0);
}

static void
one_that_comes_back_is_a_copy(void **state)
{
    (void)state;
    struct agent_record kept = {.instance = NULL};
    assert_true(hear(&kept, "a", T0));
    assert_true(hear(&kept, "b", T0 + 20000));
    assert_int_equal(kept.cloned_ms, 0);
    assert_true(hear(&kept, "a", T0 + 60000));
    assert_int_equal(kept.cloned_ms, T0 + 60000);
    assert_true(hear(&kept, "b", T0 + 80000));
    assert_int_equal(kept.cloned_ms, T0 + 80000);
    struct agent_row row = {.machine_id = "m", .agent = kept};
    row.agent.logged_in = true;
    assert_true(agent_judge(&row, T0 + 80000 + LIMIT_AGENT_CLONE_MS).cloned);
    assert_false(agent_judge(&row, T0 + 80001 + LIMIT_AGENT_CLONE_MS).cloned);
}

/* ---- the board ---- */

static const struct agent_row good = {
    .machine_id = "m",
    .certificate_not_after_ms = T0 + 300 * DAY,
    .agent = {.instance = "a", .reported_ms = T0, .logged_in = true},
};

static void
judged(struct agent_row row, const char *state, enum agent_light light, const char *hint)
{
    const struct agent_verdict v = agent_judge(&row, T0);
    assert_string_equal(v.state, state);
    if (hint == NULL) {
        assert_null(v.hint);
    } else if (v.hint == NULL || strstr(v.hint, hint) == NULL) {
        fail_msg("%s, not %s", v.hint == NULL ? "nothing" : v.hint, hint);
    }
    assert_int_equal(v.light, light);
}

static void
each_line_says_what_matters_most(void **state)
{
    (void)state;
    struct agent_row row = good;
    judged(row, "CONNECTED", AGENT_GREEN, NULL);
    judged((struct agent_row){.org_code = "u"}, "NONE", AGENT_YELLOW, "开通");
    judged((struct agent_row){.machine_id = "m"}, "QUIET", AGENT_GREEN, NULL);
    row.agent.reported_ms = T0 - LIMIT_AGENT_QUIET_MS;
    judged(row, "CONNECTED", AGENT_GREEN, NULL);
    row.agent.reported_ms--;
    judged(row, "OFFLINE", AGENT_GREEN, NULL);
    row.agent.reported_ms = T0 - 4 * DAY;
    judged(row, "OFFLINE", AGENT_YELLOW, "三天");
    row.session_used_ms = T0 - DAY;
    judged(row, "OFFLINE", AGENT_GREEN, NULL);
    row = good;
    row.agent.logged_in = false;
    judged(row, "CONNECTED", AGENT_YELLOW, "登录");
    row = good;
    row.agent.has_clock_difference = true;
    row.agent.clock_difference_ms = -LIMIT_CLOCK_SKEW_MS - 1;
    judged(row, "CONNECTED", AGENT_YELLOW, "时钟");
    row = good;
    row.agent.oldest_queued_ms = T0 - 5 * 3600000;
    judged(row, "CONNECTED", AGENT_YELLOW, "积压");
    row.agent.oldest_queued_ms = T0 - 4 * DAY;
    judged(row, "CONNECTED", AGENT_RED, "积压");
    row = good;
    row.agent.attention = 1;
    judged(row, "CONNECTED", AGENT_RED, "退回");
    row = good;
    row.certificate_not_after_ms = T0 + 20 * DAY;
    judged(row, "CONNECTED", AGENT_YELLOW, "三十天");
    row.agent.certificate_not_after_ms = T0 + 100 * DAY; /* what the machine has counts */
    judged(row, "CONNECTED", AGENT_GREEN, NULL);
    row.agent.certificate_not_after_ms = T0 + 6 * DAY;
    judged(row, "CONNECTED", AGENT_RED, "快到期");
    row.agent.certificate_not_after_ms = T0;
    judged(row, "CONNECTED", AGENT_RED, "已到期");
    row.agent.cloned_ms = T0 - DAY;
    judged(row, "CONNECTED", AGENT_RED, "克隆");
    row.revoked_ms = T0;
    judged(row, "REVOKED", AGENT_GREEN, NULL);
}

/* ---- the door's rate ---- */

static void
a_minute_holds_so_many_and_fills_evenly(void **state)
{
    (void)state;
    struct rate rate;
    uint32_t wait_ms = 0;
    int taken = 0;
    rate_init(&rate, 60, 0);
    while (rate_take(&rate, 0, &wait_ms)) {
        taken++;
    }
    assert_int_equal(taken, 60);
    assert_int_equal(wait_ms, 1000);
    assert_false(rate_take(&rate, 999, &wait_ms));
    assert_int_equal(wait_ms, 1);
    assert_true(rate_take(&rate, 1000, &wait_ms));
    assert_false(rate_take(&rate, 1000, &wait_ms));
    for (taken = 0; rate_take(&rate, 3600000, &wait_ms); taken++) {
    }
    assert_int_equal(taken, 60); /* no more than a minute's worth is saved up */
    rate_init(&rate, 0, 0);
    assert_true(rate_take(&rate, 0, &wait_ms));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_agent_is_written_once_a_minute),
        cmocka_unit_test(restarts_are_no_clones),
        cmocka_unit_test(one_that_comes_back_is_a_copy),
        cmocka_unit_test(each_line_says_what_matters_most),
        cmocka_unit_test(a_minute_holds_so_many_and_fills_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
