/* Alerts, without a database: which, in which words, to whom; and the office's own clock. */
#include "server/service/alert.h"
#include "server/service/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TODAY = 20000, ARENA = 4 << 20 };

static struct arena arena;
static struct calendar calendar;

static struct watch_record
watched(int milestone, int32_t due)
{
    struct watch_record w = {
        .subject = milestone == 0 ? LADDER_SIGN : (enum ladder_subject)milestone,
        .measure_id = "00000000-0000-7000-8000-000000000061",
        .measure_ref = "P-01-M-01",
        .unit_id = "unit",
        .unit = "unit01",
        .lead_id = "unit",
        .leader_id = "leader",
        .sgroup_id = "group",
        .class_ = CLASS_TIMED,
        .state = STATE_IN_PROGRESS,
        .round = 1,
        .percent = -1,
        .assigned_ms = (TODAY - 30) * 86400000LL,
        .signed_ms = (TODAY - 29) * 86400000LL,
        .due_version = 1,
        .days = {due, due, NO_DATE, NO_DATE, 0},
        .notice_due = {NO_DATE, NO_DATE, NO_DATE},
    };
    return w;
}

static const struct listener_record listeners[] = {
    {"a-unit", "unit", ROLE_PLEAD},      {"b-head", "unit", ROLE_HEAD},
    {"c-other", "other", ROLE_PLEAD},    {"d-office", "office", ROLE_OFFICE},
    {"d-office", "office", ROLE_OFFICE}, /* a second seat: heard once */
    {"e-leader", "leader", ROLE_LEADER}, {"f-leader", "else", ROLE_LEADER},
    {"g-group", "group", ROLE_SGROUP},   {"h-lgroup", "lgroup", ROLE_LGROUP},
    {"i-disc", "disc", ROLE_DISC},
};

/* Plans for one watched thing, without those known. */
static struct alert_plan_list
plans(struct watch_record *w, struct text_list *known)
{
    static struct listener_list all;
    struct watch_list watch = {w, 1, 1};
    static const struct owed_list owed;
    static const struct matter_watch_list matters;
    static const struct standing_list standing;
    struct alert_plan_list list = {0};
    all.items = (struct listener_record *)(uintptr_t)listeners;
    all.count = sizeof listeners / sizeof listeners[0];
    struct alert_case c = {
        .watched = &watch,
        .owed = &owed,
        .matters = &matters,
        .standing = &standing,
        .listeners = &all,
        .calendar = &calendar,
        .as_of = TODAY,
        .now_ms = TODAY * 86400000LL,
    };
    c.rules = ladder_default(&c.rule_count);
    assert_int_equal(alert_plans(&c, &arena, &list), STATUS_OK);
    assert_int_equal(alert_plans_new(&c, known, 100, &arena, &list), STATUS_OK);
    return list;
}

static const char *
heard_by(const struct alert_plan *p)
{
    char *text = arena_strdup(&arena, "");
    for (size_t i = 0; i < p->recipients.count; i++) {
        text = arena_printf(&arena, "%s%c", text, p->recipients.items[i][0]);
    }
    return text;
}

static void
levels_and_ears(void **state)
{
    (void)state;
    static const struct {
        int32_t due;
        int level;
        const char *ears;
    } cases[] = {
        {TODAY + 21, 0, ""},      {TODAY + 20, 1, "a"},       {TODAY + 10, 2, "a"},
        {TODAY + 3, 3, "abe"},    {TODAY - 1, 4, "abdeg"},    {TODAY - 7, 5, "abdeg"},
        {TODAY - 15, 6, "abdeg"}, {TODAY - 30, 7, "abdeghi"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct watch_record w = watched(2, cases[i].due);
        struct text_list none = {0};
        struct alert_plan_list list = plans(&w, &none);
        if (cases[i].level == 0) {
            assert_int_equal(list.count, 0);
            continue;
        }
        assert_true(list.count >= 1);
        assert_int_equal(list.items[0].alert.level, cases[i].level);
        assert_string_equal(heard_by(&list.items[0]), cases[i].ears);
        assert_non_null(strstr(list.items[0].alert.text, "P-01-M-01"));
    }
}

static void
a_known_key_is_not_planned(void **state)
{
    (void)state;
    struct watch_record w = watched(1, TODAY + 10);
    struct text_list none = {0};
    struct alert_plan_list list = plans(&w, &none);
    assert_int_equal(list.count, 1);
    struct text_list known = {0};
    assert_true(text_list_add(&known, &arena, "zzz"));
    assert_true(text_list_add(&known, &arena, list.items[0].alert.key));
    assert_int_equal(plans(&w, &known).count, 0);
    w.due_version = 2; /* the date moved: a new key */
    assert_int_equal(plans(&w, &known).count, 1);
}

static void
behind_and_stalled(void **state)
{
    (void)state;
    struct watch_record w = watched(2, TODAY + 29); /* half the time is over */
    struct text_list none = {0};
    w.percent = 21;
    assert_int_equal(plans(&w, &none).count, 0);
    w.percent = 20;
    struct alert_plan_list list = plans(&w, &none);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].alert.trigger, "BEHIND_SCHEDULE");
    w.percent = 90;
    w.unchanged_periods = STALLED_PERIODS;
    assert_string_equal(plans(&w, &none).items[0].alert.trigger, "STALLED");
    w.state = STATE_COMPLETE_CLAIMED; /* it waits for the office: nothing is stalled */
    assert_int_equal(plans(&w, &none).count, 0);
}

static void
signing_has_a_clock(void **state)
{
    (void)state;
    struct watch_record w = watched(0, NO_DATE);
    struct text_list none = {0};
    w.state = STATE_ASSIGNED;
    w.assigned_ms = TODAY * 86400000LL;
    assert_int_equal(plans(&w, &none).count, 0);
    w.assigned_ms = (TODAY - 14) * 86400000LL;
    struct alert_plan_list list = plans(&w, &none);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].alert.level, 4);
    assert_int_equal(list.items[0].alert.milestone, 0);
}

static void
the_office_waits_three_working_days(void **state)
{
    (void)state;
    int32_t day = 0;
    assert_int_equal(day_parse("2026-11-16", &day), STATUS_OK); /* a Monday */
    int32_t until = status_waiting_until(&calendar, day);
    assert_int_equal(day_parse("2026-11-10", &day), STATUS_OK);
    assert_int_equal(until, day); /* Tuesday's claims wait too long */
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA);
    calendar_init_builtin(&calendar);
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
        cmocka_unit_test(levels_and_ears),
        cmocka_unit_test(a_known_key_is_not_planned),
        cmocka_unit_test(behind_and_stalled),
        cmocka_unit_test(signing_has_a_clock),
        cmocka_unit_test(the_office_waits_three_working_days),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
