/* The next day on which alerts can change, against asking the ladder day by day: over random
 * things, random rules and the default ladder, nothing changes before the day that was named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/ladder_watch.h"

#include <stdio.h>
#include <string.h>

enum { TODAY = 20500, AHEAD = 500, RULES = 24, KEYS_SIZE = 256 };

static struct calendar calendar;
static uint64_t seed = 88172645463325252ULL;

static uint32_t
random_below(uint32_t n)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return (uint32_t)(seed >> 33U) % n;
}

static bool
one_in(uint32_t n)
{
    return random_below(n) == 0;
}

/* The alerts of a day as one text. */
static void
alerts_on(const struct ladder_rule *rules, size_t count, const struct ladder_watch *w, int32_t day,
          char ret_text[KEYS_SIZE])
{
    struct ladder_input in = ladder_watch_on(w, &calendar, day);
    struct ladder_result results[LADDER_ALERTS_MAX];
    size_t n = ladder_alerts(rules, count, &in, results);
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(ret_text + used, KEYS_SIZE - used, "L%d r%d; ", results[i].level,
                                 results[i].repeat);
    }
}

static int32_t
near(int32_t day, uint32_t span)
{
    return day - (int32_t)span / 2 + (int32_t)random_below(span);
}

static struct ladder_watch
random_watch(void)
{
    struct ladder_watch w = ladder_watch_none((enum ladder_subject)(1 + random_below(LADDER_TASK)));
    w.class_ = (enum measure_class)random_below(4);
    if (!one_in(12)) {
        w.days.original_due = near(TODAY, 160);
        w.days.current_due = one_in(3) ? near(TODAY, 160) : w.days.original_due;
    }
    w.days.claimed_on = one_in(5) ? near(TODAY, 60) : NO_DATE;
    w.days.reached_on = one_in(9) ? near(TODAY, 60) : NO_DATE;
    w.start = one_in(4) ? NO_DATE : TODAY - (int32_t)random_below(120) + 10;
    w.has_progress = !one_in(3);
    w.progress_percent = (int32_t)random_below(101);
    w.stalled = one_in(6);
    w.former_level4 = random_below(3);
    for (int i = 0; i < LADDER_NOTICES; i++) {
        w.notice_due[i] = one_in(6) ? near(TODAY, 60) : NO_DATE;
    }
    w.notice_failed_level = one_in(8) ? random_below(4) : 0;
    w.false_verdict = one_in(15);
    w.round = 1 + random_below(3);
    return w;
}

static size_t
random_rules(struct ladder_rule rules[RULES])
{
    size_t n = 1 + random_below(RULES);
    for (size_t i = 0; i < n; i++) {
        rules[i] = (struct ladder_rule){
            .level = (uint8_t)(1 + random_below(7)),
            .repeat = (uint8_t)random_below(4),
            .subject = (uint8_t)(1 + random_below(LADDER_TASK)),
            .class_mask = (uint8_t)(1 + random_below(LADDER_CLASS_ALL)),
            .trigger = (uint8_t)(1 + random_below(TRIGGER_ROUND)),
            .parameter = (int32_t)random_below(40),
            .recipients = TO_FILLER,
        };
    }
    return n;
}

/* False when an alert changed before the named day. */
static bool
named_in_time(const struct ladder_rule *rules, size_t n, const struct ladder_watch *w)
{
    char now[KEYS_SIZE];
    char later[KEYS_SIZE];
    int32_t next = ladder_next_day(rules, n, w, &calendar, TODAY);
    alerts_on(rules, n, w, TODAY, now);
    if (next != NO_DATE && next <= TODAY) {
        return false;
    }
    int32_t end = next == NO_DATE ? TODAY + AHEAD : next;
    for (int32_t day = TODAY + 1; day < end; day++) {
        alerts_on(rules, n, w, day, later);
        if (strcmp(now, later) != 0) {
            print_error("on day +%d: %s then %s; named +%d; due %+d\n", day - TODAY, now, later,
                        next == NO_DATE ? -1 : next - TODAY, w->days.current_due - TODAY);
            return false;
        }
    }
    return true;
}

static void
nothing_changes_before_the_named_day(void **state)
{
    (void)state;
    for (int i = 0; i < 8000; i++) {
        struct ladder_rule rules[RULES];
        struct ladder_watch w = random_watch();
        size_t n = random_rules(rules);
        assert_true(named_in_time(rules, n, &w));
    }
}

static void
with_the_default_ladder_too(void **state)
{
    (void)state;
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    for (int i = 0; i < 4000; i++) {
        struct ladder_watch w = random_watch();
        assert_true(named_in_time(rules, n, &w));
    }
}

/* Days are not only named too early: a thing far from its day is left alone for long. */
static void
quiet_things_are_left_alone(void **state)
{
    (void)state;
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    struct ladder_watch w = ladder_watch_none(LADDER_COMPLETE);
    w.class_ = CLASS_TIMED;
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY), NO_DATE);
    w.days.original_due = w.days.current_due = TODAY + 100;
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY), TODAY + 80);
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY + 80), TODAY + 90);
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY + 97), TODAY + 101);
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY + 130), NO_DATE);
    /* A fifth of the time, nothing done: behind at 30 % of the way. */
    w.start = TODAY - 25;
    w.has_progress = true;
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY), TODAY - 25 + 38);
    /* A notice that stands unanswered. */
    w.notice_due[0] = TODAY + 4;
    assert_int_equal(ladder_next_day(rules, n, &w, &calendar, TODAY), TODAY + 5);
    assert_int_equal(ladder_watch_on(&w, &calendar, TODAY + 4).notice_unanswered_level, 0);
    assert_int_equal(ladder_watch_on(&w, &calendar, TODAY + 5).notice_unanswered_level, 1);
}

/* Each of the inputs from around the measure brings its level. */
static void
what_stands_around_a_measure_counts(void **state)
{
    (void)state;
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    struct ladder_watch base = ladder_watch_none(LADDER_COMPLETE);
    base.class_ = CLASS_TIMED;
    base.days.original_due = base.days.current_due = TODAY + 200;
    struct {
        struct ladder_watch w;
        int level;
        uint32_t proposals;
    } cases[] = {
        {base, 0, 0},
        {base, 2, 0}, /* stalled */
        {base, 6, PROPOSE_NOTICE_2},
        {base, 7, PROPOSE_NOTICE_3 | PROPOSE_TALK}, /* level 2 failed */
        {base, 7, PROPOSE_NOTICE_3 | PROPOSE_TALK}, /* found false */
        {base, 7, PROPOSE_NOTICE_3 | PROPOSE_TALK}, /* third round */
        {base, 0, 0},                               /* a failed level 1 alone is not enough */
    };
    cases[1].w.stalled = true;
    cases[2].w.notice_due[0] = TODAY - 1;
    cases[3].w.notice_failed_level = 2;
    cases[4].w.false_verdict = true;
    cases[5].w.round = 3;
    cases[6].w.notice_failed_level = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ladder_input in = ladder_watch_on(&cases[i].w, &calendar, TODAY);
        struct ladder_result r = ladder_level(rules, n, &in);
        assert_int_equal(r.level, cases[i].level);
        assert_int_equal(r.rule == NULL ? 0 : r.rule->proposals, cases[i].proposals);
    }
}

/* A claim stops the clock for 时序脱节 as well. */
static void
a_claim_stops_the_clock(void **state)
{
    (void)state;
    struct ladder_watch w = ladder_watch_none(LADDER_COMPLETE);
    w.days.original_due = w.days.current_due = TODAY + 100;
    w.start = TODAY - 100;
    w.has_progress = true;
    w.progress_percent = 30;
    w.days.claimed_on = TODAY;
    assert_int_equal(ladder_watch_on(&w, &calendar, TODAY + 60).elapsed_percent, 50);
    w.days.claimed_on = NO_DATE;
    assert_int_equal(ladder_watch_on(&w, &calendar, TODAY + 60).elapsed_percent, 80);
}

static int
set_up(void **state)
{
    (void)state;
    calendar_init_builtin(&calendar);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_before_the_named_day),
        cmocka_unit_test(with_the_default_ladder_too),
        cmocka_unit_test(quiet_things_are_left_alone),
        cmocka_unit_test(what_stands_around_a_measure_counts),
        cmocka_unit_test(a_claim_stops_the_clock),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
