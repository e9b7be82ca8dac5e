/* The warning ladder: its default rows by hand, and that a rerun never repeats an alert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/ladder.h"

#include <stdio.h>
#include <string.h>

enum { DUE = 20000 };

static struct calendar calendar;

static struct ladder_input
input_at(enum ladder_subject subject, enum measure_class class_, int days_left)
{
    struct due_milestone m = due_milestone_none();
    m.original_due = DUE;
    m.current_due = DUE;
    return (struct ladder_input){.subject = subject,
                                 .class_ = class_,
                                 .due = due_status(DUE - days_left, &calendar, &m),
                                 .round = 1};
}

static struct ladder_result
level_of(const struct ladder_input *in)
{
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    return ladder_level(rules, n, in);
}

static void
test_days(void **state)
{
    (void)state;
    static const struct {
        int class_;
        int days_left;
        int level;
        int light;
    } cases[] = {
        {CLASS_TIMED, 21, 0, LIGHT_NORMAL},      {CLASS_TIMED, 20, 1, LIGHT_SOON},
        {CLASS_TIMED, 11, 1, LIGHT_SOON},        {CLASS_TIMED, 10, 2, LIGHT_SOON},
        {CLASS_TIMED, 4, 2, LIGHT_SOON},         {CLASS_TIMED, 3, 3, LIGHT_SOON},
        {CLASS_TIMED, 0, 3, LIGHT_SOON},         {CLASS_TIMED, -1, 4, LIGHT_OVERDUE},
        {CLASS_TIMED, -6, 4, LIGHT_OVERDUE},     {CLASS_TIMED, -7, 5, LIGHT_OVERDUE},
        {CLASS_TIMED, -14, 5, LIGHT_OVERDUE},    {CLASS_TIMED, -15, 6, LIGHT_OVERDUE},
        {CLASS_TIMED, -29, 6, LIGHT_OVERDUE},    {CLASS_TIMED, -30, 7, LIGHT_OVERDUE},
        {CLASS_TIMED, -400, 7, LIGHT_OVERDUE},   {CLASS_LONG_TERM, 20, 1, LIGHT_SOON},
        {CLASS_UNSET, 20, 1, LIGHT_SOON},        {CLASS_IMMEDIATE, 20, 0, LIGHT_NORMAL},
        {CLASS_IMMEDIATE, 6, 0, LIGHT_NORMAL},   {CLASS_IMMEDIATE, 5, 1, LIGHT_SOON},
        {CLASS_IMMEDIATE, 3, 1, LIGHT_SOON},     {CLASS_IMMEDIATE, 2, 2, LIGHT_SOON},
        {CLASS_IMMEDIATE, 1, 2, LIGHT_SOON},     {CLASS_IMMEDIATE, 0, 3, LIGHT_SOON},
        {CLASS_IMMEDIATE, -1, 4, LIGHT_OVERDUE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int s = LADDER_EFFECT; s <= LADDER_COMPLETE; s++) {
            struct ladder_input in = input_at(
                (enum ladder_subject)s, (enum measure_class)cases[i].class_, cases[i].days_left);
            struct ladder_result r = level_of(&in);
            if (r.level != cases[i].level || (int)r.light != cases[i].light) {
                fail_msg("class %d, %d days left: level %d, light %d", cases[i].class_,
                         cases[i].days_left, r.level, (int)r.light);
            }
        }
    }
}

static void
test_progress(void **state)
{
    (void)state;
    struct ladder_input in = input_at(LADDER_COMPLETE, CLASS_TIMED, 60);
    in.elapsed_percent = 50;
    in.progress_percent = 20;
    assert_int_equal(level_of(&in).level, 0); /* progress is not known */
    in.has_progress = true;
    assert_int_equal(level_of(&in).level, 2);
    assert_int_equal(level_of(&in).trigger, TRIGGER_BEHIND);
    in.progress_percent = 21;
    assert_int_equal(level_of(&in).level, 0);
    in.stalled = true;
    assert_int_equal(level_of(&in).level, 2);
    assert_int_equal(level_of(&in).trigger, TRIGGER_STALLED);
}

static void
test_claimed(void **state)
{
    (void)state;
    struct due_milestone m = due_milestone_none();
    m.original_due = DUE;
    m.current_due = DUE;
    m.claimed_on = DUE - 2;
    struct ladder_input in = {.subject = LADDER_COMPLETE, .class_ = CLASS_TIMED, .round = 1};
    in.due = due_status(DUE - 1, NULL, &m);
    assert_int_equal(level_of(&in).level, 2); /* level 3 asks that nothing is claimed */
    assert_int_equal(level_of(&in).light, LIGHT_NORMAL);
    in.due = due_status(DUE + 40, NULL, &m);
    assert_int_equal(level_of(&in).level, 2); /* the wait is the office's */
    m.claimed_on = NO_DATE;                   /* returned */
    in.due = due_status(DUE + 40, NULL, &m);
    assert_int_equal(level_of(&in).level, 7);
    m.reached_on = DUE + 39;
    in.due = due_status(DUE + 40, NULL, &m);
    in.stalled = true;
    in.round = 9;
    in.false_verdict = true;
    assert_int_equal(level_of(&in).level, 0); /* closed */
    assert_int_equal(level_of(&in).light, LIGHT_NORMAL);
    assert_null(level_of(&in).rule);
}

static void
test_no_date(void **state)
{
    (void)state;
    struct due_milestone m = due_milestone_none();
    struct ladder_input in = {.subject = LADDER_EFFECT,
                              .class_ = CLASS_TIMED,
                              .due = due_status(DUE, NULL, &m),
                              .level4_count = 5};
    assert_int_equal(level_of(&in).level, 0);
}

static void
test_escalation(void **state)
{
    (void)state;
    struct ladder_input in = input_at(LADDER_COMPLETE, CLASS_TIMED, -1);
    in.level4_count = 1;
    assert_int_equal(level_of(&in).level, 4);
    in.level4_count = 2;
    assert_int_equal(level_of(&in).level, 5);
    assert_int_equal(level_of(&in).rule->proposals, PROPOSE_NOTICE_1);
    in.notice_unanswered_level = 1;
    assert_int_equal(level_of(&in).level, 6);
    assert_int_equal(level_of(&in).rule->proposals, PROPOSE_NOTICE_2);
    in.notice_failed_level = 1;
    assert_int_equal(level_of(&in).level, 6);
    in.notice_failed_level = 2;
    assert_int_equal(level_of(&in).level, 7);
    assert_int_equal(level_of(&in).rule->proposals, PROPOSE_NOTICE_3 | PROPOSE_TALK);

    struct ladder_input other = input_at(LADDER_COMPLETE, CLASS_TIMED, 100);
    other.level4_count = 2; /* long ago; not overdue now */
    assert_int_equal(level_of(&other).level, 0);
    other.round = 2;
    assert_int_equal(level_of(&other).level, 0);
    other.round = 3;
    assert_int_equal(level_of(&other).level, 7);
    other.round = 1;
    other.false_verdict = true;
    assert_int_equal(level_of(&other).level, 7);
}

/* Told on overdue day 1 and again 1, 2, 4, 8, 16 days later. */
static void
test_repeats(void **state)
{
    (void)state;
    static const int expected[] = {0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5};
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    for (int overdue = 1; overdue <= 18; overdue++) {
        struct ladder_input in = input_at(LADDER_EFFECT, CLASS_LONG_TERM, -overdue);
        struct ladder_result r[LADDER_ALERTS_MAX];
        size_t count = ladder_alerts(rules, n, &in, r);
        assert_int_equal(count, overdue < 7 ? 1 : 2);
        assert_int_equal(r[count - 1].level, 4);
        assert_int_equal(r[count - 1].repeat, expected[overdue]);
    }
    struct ladder_input quiet = input_at(LADDER_EFFECT, CLASS_TIMED, 50);
    struct ladder_result r[LADDER_ALERTS_MAX];
    assert_int_equal(ladder_alerts(rules, n, &quiet, r), 0);
}

/* Ticks every day, twice a day, and after a pause: each alert has one key, and no key comes back
 * once another took its place. */
static void
test_keys(void **state)
{
    (void)state;
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    char seen[32][LADDER_KEY_SIZE];
    size_t count = 0;
    for (int days_left = 30; days_left >= -60; days_left--) {
        for (int tick = 0; tick < 2; tick++) {
            struct ladder_input in = input_at(LADDER_COMPLETE, CLASS_TIMED, days_left);
            struct ladder_result r[LADDER_ALERTS_MAX];
            size_t alerts = ladder_alerts(rules, n, &in, r);
            for (size_t a = 0; a < alerts; a++) {
                char key[LADDER_KEY_SIZE];
                bool known = false;
                ladder_repeat_key("0199-id", in.subject, r[a].level, 2, r[a].repeat, key);
                for (size_t i = 0; i < count; i++) {
                    known = known || strcmp(seen[i], key) == 0;
                }
                assert_false(tick == 1 && !known);
                if (!known) {
                    assert_true(count < 32);
                    snprintf(seen[count++], LADDER_KEY_SIZE, "%s", key);
                }
            }
        }
    }
    /* Levels 1, 2, 3; level 4 and five repetitions; 5, 6, 7. */
    assert_int_equal(count, 3 + 6 + 3);
    assert_string_equal(seen[0], "0199-id/COMPLETE/L1/v2/r0");
    char key[LADDER_KEY_SIZE];
    assert_string_equal(ladder_repeat_key("x", LADDER_TABLE, 4, 1, 2, key), "x/TABLE/L4/v1/r2");
}

/* A table due on Friday 2026-11-20: working days over the week-end. */
static void
test_tables(void **state)
{
    (void)state;
    static const struct {
        const char *as_of;
        int level;
        int repeat;
        uint32_t to;
    } cases[] = {
        {"2026-11-16", 0, 0, 0},
        {"2026-11-17", 1, 0, TO_FILLER},
        {"2026-11-19", 2, 0, TO_FILLER | TO_REVIEWER},
        {"2026-11-20", 2, 0, TO_FILLER | TO_REVIEWER},
        {"2026-11-21", 4, 0, TO_FILLER | TO_REVIEWER}, /* Saturday: missing */
        {"2026-11-23", 4, 0, TO_FILLER | TO_REVIEWER}, /* Monday: one working day */
        {"2026-11-24", 4, 1, TO_FILLER | TO_REVIEWER | TO_HEAD | TO_OFFICE},
        {"2026-11-25", 4, 1, TO_FILLER | TO_REVIEWER | TO_HEAD | TO_OFFICE},
        {"2026-11-26", 4, 2, TO_FILLER | TO_REVIEWER | TO_HEAD | TO_OFFICE | TO_LEADER},
        {"2026-12-31", 4, 2, TO_FILLER | TO_REVIEWER | TO_HEAD | TO_OFFICE | TO_LEADER},
    };
    struct due_milestone m = due_milestone_none();
    assert_int_equal(day_parse("2026-11-20", &m.current_due), STATUS_OK);
    m.original_due = m.current_due;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t as_of = 0;
        assert_int_equal(day_parse(cases[i].as_of, &as_of), STATUS_OK);
        struct ladder_input in = {.subject = LADDER_TABLE, .due = due_status(as_of, &calendar, &m)};
        struct ladder_result r = level_of(&in);
        if (r.level != cases[i].level || r.repeat != cases[i].repeat) {
            fail_msg("%s: level %d repeat %d", cases[i].as_of, r.level, r.repeat);
        }
        assert_int_equal(r.rule == NULL ? 0 : r.rule->recipients, cases[i].to);
    }
}

static void
test_recipients(void **state)
{
    (void)state;
    struct ladder_input in = input_at(LADDER_COMPLETE, CLASS_TIMED, 20);
    assert_int_equal(level_of(&in).rule->recipients, TO_FILLER);
    assert_false(level_of(&in).rule->direct);
    in = input_at(LADDER_COMPLETE, CLASS_TIMED, 10);
    assert_int_equal(level_of(&in).rule->recipients, TO_FILLER | TO_REVIEWER | TO_PLEAD);
    in = input_at(LADDER_COMPLETE, CLASS_TIMED, 3);
    assert_true(level_of(&in).rule->direct);
    assert_true((level_of(&in).rule->recipients & (TO_HEAD | TO_LEADER)) == (TO_HEAD | TO_LEADER));
    assert_int_equal(level_of(&in).rule->recipients & TO_OFFICE, 0);
    in = input_at(LADDER_COMPLETE, CLASS_TIMED, -1);
    assert_true((level_of(&in).rule->recipients & (TO_OFFICE | TO_SGROUP)) ==
                (TO_OFFICE | TO_SGROUP));
    in = input_at(LADDER_COMPLETE, CLASS_TIMED, -30);
    uint32_t top = TO_LGROUP | TO_DISC | TO_ORGD;
    assert_true((level_of(&in).rule->recipients & top) == top);
}

/* Every default row is valid, none stands twice, and a higher level never tells fewer people. */
static void
test_rules(void **state)
{
    (void)state;
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    assert_true(n <= LADDER_RULES_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ladder_rule_check(&rules[i], NULL), STATUS_OK);
        for (size_t k = 0; k < n; k++) {
            bool same = rules[i].subject == rules[k].subject;
            assert_true(i == k || memcmp(&rules[i], &rules[k], sizeof rules[i]) != 0);
            if (same && rules[k].level > rules[i].level) {
                assert_int_equal(rules[i].recipients & ~rules[k].recipients & ~TO_PLEAD, 0);
            }
        }
    }
}

static void
test_rule_check(void **state)
{
    (void)state;
    const struct ladder_rule good = {
        4, 0, LADDER_TABLE, LADDER_CLASS_ALL, TRIGGER_OVERDUE, true, 1, TO_FILLER, 0};
    struct fault fault = {0};
    struct ladder_rule bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].level = 8;
    bad[1].level = 0;
    bad[2].subject = 0;
    bad[3].trigger = TRIGGER_NONE;
    bad[4].class_mask = 0;
    bad[5].parameter = 0;
    bad[6].recipients = 0;
    bad[7].recipients = 1U << 31U;
    bad[8].proposals = 1U << 9U;
    assert_int_equal(ladder_rule_check(&good, &fault), STATUS_OK);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(ladder_rule_check(&bad[i], &fault), STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, "LADDER_RULE");
    }
}

static void
test_elapsed(void **state)
{
    (void)state;
    assert_int_equal(ladder_elapsed_percent(100, 200, 150), 50);
    assert_int_equal(ladder_elapsed_percent(100, 200, 100), 0);
    assert_int_equal(ladder_elapsed_percent(100, 200, 90), 0);
    assert_int_equal(ladder_elapsed_percent(100, 200, 199), 99);
    assert_int_equal(ladder_elapsed_percent(100, 200, 200), 100);
    assert_int_equal(ladder_elapsed_percent(100, 200, 900), 100);
    assert_int_equal(ladder_elapsed_percent(100, 100, 100), 100);
    assert_int_equal(ladder_elapsed_percent(NO_DATE, 200, 150), 0);
    assert_int_equal(ladder_elapsed_percent(100, NO_DATE, 150), 0);
}

static void
test_names(void **state)
{
    (void)state;
    for (int i = TRIGGER_DAYS_LEFT; i <= TRIGGER_ROUND; i++) {
        assert_string_not_equal(ladder_trigger_name((enum ladder_trigger)i), "UNKNOWN");
        assert_string_not_equal(ladder_trigger_zh((enum ladder_trigger)i), "未知");
        assert_int_equal(ladder_trigger_from_name(ladder_trigger_name((enum ladder_trigger)i)), i);
    }
    assert_string_equal(ladder_light_zh(ladder_light_of_level(0)), "正常");
    assert_string_equal(ladder_light_zh(ladder_light_of_level(3)), "临期");
    assert_string_equal(ladder_light_zh(ladder_light_of_level(4)), "超期");
    assert_string_equal(ladder_light_name(LIGHT_SOON), "DUE_SOON");
    assert_string_equal(measure_class_zh(CLASS_IMMEDIATE), "立行立改");
    assert_string_equal(measure_class_name(CLASS_LONG_TERM), "LONG_TERM");
    assert_string_equal(measure_class_name((enum measure_class)77), "UNKNOWN");
    assert_string_equal(ladder_subject_name(LADDER_REPLY), "REPLY");
    assert_int_equal(ladder_subject_from_name("TABLE"), LADDER_TABLE);
    assert_int_equal(ladder_subject_from_name("UNKNOWN"), LADDER_NOTHING);
    assert_int_equal(ladder_trigger_from_name("NEVER"), TRIGGER_NONE);
    assert_int_equal(ladder_trigger_from_name(NULL), TRIGGER_NONE);
    assert_string_equal(ladder_recipient_name(TO_FILLER), "FILLER");
    assert_string_equal(ladder_recipient_zh(TO_ORGD), "组织部");
    assert_string_equal(ladder_recipient_name(TO_FILLER | TO_HEAD), "UNKNOWN");
    assert_string_equal(ladder_recipient_name(0), "UNKNOWN");
}

int
main(void)
{
    calendar_init_builtin(&calendar);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),       cmocka_unit_test(test_progress),
        cmocka_unit_test(test_claimed),    cmocka_unit_test(test_no_date),
        cmocka_unit_test(test_escalation), cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_tables),
        cmocka_unit_test(test_recipients), cmocka_unit_test(test_rules),
        cmocka_unit_test(test_rule_check), cmocka_unit_test(test_elapsed),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
