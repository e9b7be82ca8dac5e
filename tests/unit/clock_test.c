/* Clocks, days, months and quarters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/clock.h"

#include <pthread.h>
#include <string.h>

static int32_t
day(const char *text)
{
    int32_t d = NO_DATE;
    assert_int_equal(day_parse(text, &d), STATUS_OK);
    return d;
}

static void
test_days_known(void **state)
{
    (void)state;
    assert_int_equal(day("1970-01-01"), 0);
    assert_int_equal(day("1969-12-31"), -1);
    assert_int_equal(day("2000-03-01"), 11017);
    assert_int_equal(day("2020-04-27"), 18379);
    assert_int_equal(day_weekday(day("1970-01-01")), 4);
    assert_int_equal(day_weekday(day("2020-04-27")), MONDAY);
    assert_int_equal(day_weekday(day("1969-12-28")), SUNDAY);
}

/* Day by day through five centuries: each day is the one after the last. */
static void
test_days_round_trip(void **state)
{
    (void)state;
    struct ymd at = {YEAR_MIN, 1, 1};
    int32_t first = day_from_ymd(at);
    int weekday = day_weekday(first);
    for (int32_t d = first; at.year <= YEAR_MAX; d++) {
        struct ymd back = day_to_ymd(d);
        assert_true(back.year == at.year && back.month == at.month && back.day == at.day);
        assert_int_equal(day_from_ymd(at), d);
        assert_int_equal(day_weekday(d), weekday);
        weekday = weekday == SUNDAY ? MONDAY : weekday + 1;
        at.day++;
        if (at.day > days_in_month(at.year, at.month)) {
            at.day = 1;
            at.month = at.month == 12 ? 1 : at.month + 1;
            at.year += at.month == 1 ? 1 : 0;
        }
    }
}

static void
test_leap_years(void **state)
{
    (void)state;
    assert_int_equal(days_in_month(2000, 2), 29);
    assert_int_equal(days_in_month(1900, 2), 28);
    assert_int_equal(days_in_month(2100, 2), 28);
    assert_int_equal(days_in_month(2024, 2), 29);
    assert_int_equal(days_in_month(2023, 2), 28);
}

static void
test_day_text(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "2020-4-27",  "2020-02-30", "2021-02-29", "2020-13-01", "2020-00-10",
        "2020-01-00", "2020-01-32", "20200101",   "2020/01/01", " 2020-01-1", "2020-01-01 ",
        "1899-12-31", "2400-01-01", "-020-01-01", "2020-01-0x", "二零二零",   "2020-01-01T"};
    int32_t d = 77;
    char text[DAY_TEXT_SIZE];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(day_parse(bad[i], &d), STATUS_INVALID_ARGUMENT);
    }
    assert_int_equal(day_parse(NULL, &d), STATUS_INVALID_ARGUMENT);
    assert_int_equal(d, 77);
    assert_string_equal(day_print(day("2020-02-29"), text), "2020-02-29");
    assert_string_equal(day_print(NO_DATE, text), "");
}

/* A day ends at midnight in the tenant's zone, not in Greenwich. */
static void
test_zone(void **state)
{
    (void)state;
    int64_t ms = 0;
    char text[INSTANT_TEXT_SIZE];
    assert_int_equal(instant_parse("2020-04-27T15:59:59.999Z", &ms), STATUS_OK);
    assert_int_equal(day_from_instant(ms, ZONE_CHINA_MIN), day("2020-04-27"));
    assert_int_equal(day_from_instant(ms + 1, ZONE_CHINA_MIN), day("2020-04-28"));
    assert_int_equal(day_from_instant(ms + 1, 0), day("2020-04-27"));
    assert_int_equal(day_from_instant(-1, 0), -1);
    assert_int_equal(day_from_instant(-86400000, 0), -1);
    assert_int_equal(day_from_instant(-86400001, 0), -2);
    assert_true(day_to_instant(day("2020-04-28"), ZONE_CHINA_MIN) == ms + 1);
    assert_string_equal(instant_print(ms + 1, ZONE_CHINA_MIN, text),
                        "2020-04-28T00:00:00.000+08:00");
    assert_string_equal(instant_print(-1, -90, text), "1969-12-31T22:29:59.999-01:30");
}

static void
test_instant_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"2020-04-27",
                                      "2020-04-27T09:30:00",
                                      "2020-04-27T24:00:00Z",
                                      "2020-04-27T09:60:00Z",
                                      "2020-04-27T09:30:60Z",
                                      "2020-04-27 09:30:00Z",
                                      "2020-04-27T09:30:00+8:00",
                                      "2020-04-27T09:30:00+15:00",
                                      "2020-04-27T09:30:00Zx",
                                      "2020-04-27T09:30:00.1Z",
                                      "2020-04-31T09:30:00Z"};
    int64_t a = 0;
    int64_t b = 1;
    char text[INSTANT_TEXT_SIZE];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(instant_parse(bad[i], &a), STATUS_INVALID_ARGUMENT);
    }
    assert_int_equal(instant_parse("2020-04-27T09:30:00+08:00", &a), STATUS_OK);
    assert_int_equal(instant_parse("2020-04-27T01:30:00Z", &b), STATUS_OK);
    assert_true(a == b);
    for (int64_t ms = -2000000000123; ms < 9000000000000; ms += 777777777777) {
        assert_int_equal(instant_parse(instant_print(ms, 330, text), &a), STATUS_OK);
        assert_true(a == ms);
    }
}

static void
test_add_months(void **state)
{
    (void)state;
    assert_int_equal(day_add_months(day("2019-12-30"), 2), day("2020-02-29"));
    assert_int_equal(day_add_months(day("2020-12-30"), 2), day("2021-02-28"));
    assert_int_equal(day_add_months(day("2020-01-31"), 1), day("2020-02-29"));
    assert_int_equal(day_add_months(day("2020-03-31"), -1), day("2020-02-29"));
    assert_int_equal(day_add_months(day("2020-05-15"), -17), day("2018-12-15"));
    assert_int_equal(day_add_months(day("2019-12-30"), 3), day("2020-03-30"));
    assert_int_equal(day_add_months(NO_DATE, 3), NO_DATE);
}

static void
test_periods(void **state)
{
    (void)state;
    struct period p = period_month(2026, 11);
    char text[40];
    assert_string_equal(p.code, "2026-11");
    assert_int_equal(p.first, day("2026-11-01"));
    assert_int_equal(p.last, day("2026-11-30"));
    assert_string_equal(period_print_zh(&p, text, sizeof text), "2026年11月");
    p = period_quarter(2026, 4);
    assert_string_equal(p.code, "2026-Q4");
    assert_int_equal(p.first, day("2026-10-01"));
    assert_int_equal(p.last, day("2026-12-31"));
    assert_string_equal(period_print_zh(&p, text, sizeof text), "2026年第4季度");
    p = period_add(&p, 1);
    assert_string_equal(p.code, "2027-Q1");
    p = period_add(&p, -6);
    assert_string_equal(p.code, "2025-Q3");
    p = period_month(2020, 1);
    p = period_add(&p, -1);
    assert_string_equal(p.code, "2019-12");
    p = period_add(&p, 14);
    assert_string_equal(p.code, "2021-02");
    assert_int_equal(p.last, day("2021-02-28"));
    for (int32_t d = day("2019-12-01"); d < day("2022-02-01"); d++) {
        for (enum period_kind k = PERIOD_MONTH; k <= PERIOD_QUARTER; k++) {
            struct period of = period_of_day(k, d);
            struct period back;
            assert_true(of.first <= d && d <= of.last);
            assert_int_equal(period_parse(of.code, &back), STATUS_OK);
            assert_int_equal(back.first, of.first);
            assert_int_equal(period_add(&of, 1).first, of.last + 1);
        }
    }
}

static void
test_period_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        "2026",    "2026-13", "2026-00", "2026-Q0",
                                      "2026-Q5", "2026-1",  "2026Q4",  "2026-q4", "2026-11 ",
                                      "1800-01", "2026-Qx", "20261-1"};
    struct period p;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(period_parse(bad[i], &p), STATUS_INVALID_ARGUMENT);
    }
    assert_int_equal(period_parse(NULL, &p), STATUS_INVALID_ARGUMENT);
}

static void *
advance_many(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        clock_fake_advance(arg, 3);
    }
    return NULL;
}

static void
test_clocks(void **state)
{
    (void)state;
    struct clock_fake f;
    pthread_t threads[4];
    clock_fake_init(&f, 1000);
    assert_true(clock_now_ms(&f.clock) == 1000);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, advance_many, &f), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(clock_now_ms(&f.clock) == 1000 + 4 * 10000 * 3);
    clock_fake_set(&f, 5);
    clock_fake_advance(&f, -10);
    assert_true(clock_now_ms(&f.clock) == -5);
    /* The real one: after this was written, before the calendar's end. */
    assert_true(day_from_instant(clock_now_ms(clock_real()), 0) > day("2020-01-01"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_known),  cmocka_unit_test(test_days_round_trip),
        cmocka_unit_test(test_leap_years),  cmocka_unit_test(test_day_text),
        cmocka_unit_test(test_zone),        cmocka_unit_test(test_instant_text),
        cmocka_unit_test(test_add_months),  cmocka_unit_test(test_periods),
        cmocka_unit_test(test_period_text), cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
