/* Working days: the real notices, and arithmetic against a walk day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/calendar.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_YEAR = 2019, LAST_YEAR = 2026 };

static int32_t
day(const char *text)
{
    int32_t d = NO_DATE;
    assert_int_equal(day_parse(text, &d), STATUS_OK);
    return d;
}

static size_t
file_read(int year, char *ret_text, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/deploy/sample/calendar/%d.csv", SOURCE_DIR, year);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t n = fread(ret_text, 1, size, f);
    fclose(f);
    assert_true(n > 0 && n < size);
    return n;
}

static void
load_files(struct calendar *c)
{
    calendar_init(c);
    for (int year = FIRST_YEAR; year <= LAST_YEAR; year++) {
        char text[8192];
        struct fault fault = {0};
        size_t n = file_read(year, text, sizeof text);
        if (calendar_load_csv(c, text, n, year, &fault) != STATUS_OK) {
            fail_msg("%d: %s", year, fault.message);
        }
    }
}

static bool
works(const struct calendar *c, const char *text)
{
    bool missing = false;
    bool working = calendar_is_working_day(c, day(text), &missing);
    assert_false(missing);
    return working;
}

/* Checked by hand against the notices of the State Council's General Office. */
static void
test_notices(void **state)
{
    (void)state;
    struct calendar c;
    calendar_init_builtin(&c);
    static const char *const off[] = {
        /* 2020: Spring Festival extended to Sunday 2 February; 1 February was to be worked. */
        "2020-01-24", "2020-01-30", "2020-01-31", "2020-02-01", "2020-02-02", "2020-05-05",
        "2020-10-08", "2024-02-10", "2024-02-16", "2024-04-05", "2024-05-03", "2024-09-16",
        "2024-10-07", "2025-01-01", "2025-01-28", "2025-02-04", "2025-04-04", "2025-05-05",
        "2025-06-02", "2025-10-08", "2026-01-02", "2026-02-16", "2026-02-23", "2026-04-06",
        "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-07", "2026-11-22"};
    static const char *const work[] = {
        "2020-01-19", "2020-02-03", "2020-04-26", "2020-05-09", "2020-06-28", "2020-09-27",
        "2020-10-10", "2024-02-04", "2024-02-09", "2024-02-18", "2024-04-07", "2024-04-28",
        "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12", "2025-01-26", "2025-01-27",
        "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14",
        "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10", "2026-11-20"};
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        if (works(&c, off[i])) {
            fail_msg("%s should be off", off[i]);
        }
    }
    for (size_t i = 0; i < sizeof work / sizeof work[0]; i++) {
        if (!works(&c, work[i])) {
            fail_msg("%s should be worked", work[i]);
        }
    }
}

/* Working days of a whole year, as the pay offices count them (250 in most years). */
static void
test_year_totals(void **state)
{
    (void)state;
    static const struct {
        int year;
        int days;
    } totals[] = {{2019, 250}, {2021, 250}, {2022, 249}, {2023, 249},
                  {2024, 251}, {2025, 248}, {2026, 248}};
    struct calendar c;
    calendar_init_builtin(&c);
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
        int32_t before = day_from_ymd((struct ymd){totals[i].year, 1, 1}) - 1;
        int32_t last = day_from_ymd((struct ymd){totals[i].year, 12, 31});
        int n = calendar_working_days_between(&c, before, last, NULL);
        if (n != totals[i].days) {
            fail_msg("%d: %d working days, not %d", totals[i].year, n, totals[i].days);
        }
    }
}

static void
test_builtin_is_the_files(void **state)
{
    (void)state;
    struct calendar a;
    struct calendar b;
    load_files(&a);
    calendar_init_builtin(&b);
    assert_int_equal(a.count, LAST_YEAR - FIRST_YEAR + 1);
    assert_int_equal(b.count, a.count);
    for (size_t i = 0; i < a.count; i++) {
        assert_int_equal(a.years[i].year, b.years[i].year);
        assert_true(a.years[i].known && b.years[i].known);
        assert_memory_equal(a.years[i].off, b.years[i].off, sizeof a.years[i].off);
        assert_memory_equal(a.years[i].workday, b.years[i].workday, sizeof a.years[i].workday);
    }
}

static void
test_add_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        int n;
        const char *to;
    } cases[] = {
        {"2026-11-20", 3, "2026-11-25"},  /* Friday: Mon, Tue, Wed */
        {"2026-11-21", 1, "2026-11-23"},  /* Saturday */
        {"2026-11-21", 0, "2026-11-23"},  /* not worked: the next that is */
        {"2026-11-20", 0, "2026-11-20"},  /* worked: itself */
        {"2026-02-13", 1, "2026-02-14"},  /* a make-up Saturday */
        {"2026-02-13", 2, "2026-02-24"},  /* over the Spring Festival */
        {"2026-02-13", 6, "2026-02-28"},  /* and the second make-up Saturday */
        {"2020-01-23", 1, "2020-02-03"},  /* the extended holiday of 2020 */
        {"2020-01-21", 3, "2020-02-03"},  /* Wed, Thu, then Monday 3 February */
        {"2020-02-03", -1, "2020-01-23"}, /* and back over it */
        {"2020-01-20", -1, "2020-01-19"}, /* back onto a make-up Sunday */
        {"2025-12-31", 1, "2026-01-04"},  /* New Year: a make-up Sunday */
    };
    struct calendar c;
    calendar_init_builtin(&c);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool missing = false;
        char text[DAY_TEXT_SIZE];
        int32_t to = calendar_add_working_days(&c, day(cases[i].from), cases[i].n, &missing);
        assert_string_equal(day_print(to, text), cases[i].to);
        assert_false(missing);
    }
    assert_int_equal(calendar_add_working_days(&c, NO_DATE, 3, NULL), NO_DATE);
}

/* The inverse, and the closed form against a walk day by day, through known and unknown years. */
static void
test_between(void **state)
{
    (void)state;
    struct calendar c;
    calendar_init_builtin(&c);
    uint32_t x = 12345;
    for (int i = 0; i < 4000; i++) {
        x = x * 1664525U + 1013904223U;
        int32_t from = day("2017-06-01") + (int32_t)(x >> 8U) % 4000;
        int n = (int)(x >> 20U) % 400 - 200;
        int32_t to = calendar_add_working_days(&c, from, n, NULL);
        if (n != 0) {
            assert_int_equal(calendar_working_days_between(&c, from, to, NULL), n);
        }
        int walked = 0;
        int step = to < from ? -1 : 1;
        for (int32_t d = from; d != to;) {
            d += step;
            walked += calendar_is_working_day(&c, d, NULL) ? step : 0;
        }
        assert_int_equal(calendar_working_days_between(&c, from, to, NULL), walked);
    }
    /* Centuries without a calendar cost nothing and do not overflow. */
    bool missing = false;
    int far = calendar_working_days_between(&c, day("1900-01-01"), day("2399-12-31"), &missing);
    assert_true(far > 130000 && far < 131000);
    assert_true(missing);
}

static void
test_missing_year(void **state)
{
    (void)state;
    struct calendar c;
    bool missing = false;
    calendar_init_builtin(&c);
    assert_false(calendar_knows_year(&c, 2027));
    assert_true(calendar_is_working_day(&c, day("2027-10-01"), &missing)); /* a Friday */
    assert_true(missing);
    missing = false;
    assert_false(calendar_is_working_day(&c, day("2027-10-02"), &missing));
    assert_true(missing);
    missing = false;
    calendar_add_working_days(&c, day("2026-12-30"), 1, &missing);
    assert_false(missing);
    calendar_add_working_days(&c, day("2026-12-30"), 2, &missing);
    assert_true(missing);
    /* A flag once up stays up. */
    calendar_is_working_day(&c, day("2026-11-20"), &missing);
    assert_true(missing);
    missing = false;
    calendar_working_days_between(&c, day("2026-12-01"), day("2026-12-31"), &missing);
    assert_false(missing);
    calendar_working_days_between(&c, day("2026-12-01"), day("2027-01-01"), &missing);
    assert_true(missing);
}

/* A notice that moves a day of the December before does not make that year known. */
static void
test_neighbour_day(void **state)
{
    (void)state;
    struct calendar c;
    bool missing = false;
    const char text[] = "\xEF\xBB\xBF"
                        "date,kind,name\r\n2021-12-31,off,元旦\r\n\r\n2022-01-08,work,调休\r\n";
    calendar_init(&c);
    assert_int_equal(calendar_load_csv(&c, text, sizeof text - 1, 2022, NULL), STATUS_OK);
    assert_true(calendar_knows_year(&c, 2022));
    assert_false(calendar_knows_year(&c, 2021));
    assert_false(calendar_is_working_day(&c, day("2021-12-31"), &missing));
    assert_true(missing);
    missing = false;
    assert_true(calendar_is_working_day(&c, day("2022-01-08"), &missing));
    assert_false(missing);
    /* Entering a day again replaces it. */
    assert_int_equal(calendar_add_day(&c, day("2022-01-08"), CALENDAR_OFF), STATUS_OK);
    assert_false(calendar_is_working_day(&c, day("2022-01-08"), NULL));
}

static void
test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *where;
    } bad[] = {
        {"", "第一行"},
        {"日期,类型,名称\n", "第一行"},
        {"date,kind,name\n2020-01-24,off\n", "第 2 行"},
        {"date,kind,name\n2020-01-24,off,春节\n2020-01-25,rest,春节\n", "第 3 行"},
        {"date,kind,name\n2020-02-30,off,春节\n", "第 2 行"},
        {"date,kind,name\n2023-01-01,off,元旦\n", "第 2 行"},
        {"date,kind,name\n2020-01-24,off,春,节\n", "第 2 行"},
        {"date,kind,name\n2020-01-24,off,春节\n2020-01-24,work,春节\n", "第 3 行"},
        {"date,kind,name\n2020-01-24\n", "第 2 行"},
        {"date,kind,name\n,,\n", "第 2 行"},
        {"date,kind,name\n2020-01-24,off,"
         "春节春节春节春节春节春节春节春节春节春节春节春节春节春节春节春节\n",
         "第 2 行"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct calendar c;
        struct fault fault = {0};
        calendar_init(&c);
        assert_int_equal(calendar_load_csv(&c, bad[i].text, strlen(bad[i].text), 2020, &fault),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(fault.reason, "CALENDAR_FILE");
        if (strstr(fault.message, bad[i].where) == NULL) {
            fail_msg("case %zu: %s", i, fault.message);
        }
        assert_int_equal(c.count, 0);
    }
}

static void
test_bounds(void **state)
{
    (void)state;
    struct calendar c;
    calendar_init(&c);
    assert_int_equal(calendar_add_year(&c, YEAR_MIN - 1), STATUS_OUT_OF_RANGE);
    assert_int_equal(calendar_add_day(&c, NO_DATE, CALENDAR_OFF), STATUS_OUT_OF_RANGE);
    for (int i = 0; i < CALENDAR_YEARS; i++) {
        assert_int_equal(calendar_add_year(&c, 2100 - i), STATUS_OK);
    }
    assert_int_equal(calendar_add_year(&c, 2101), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(calendar_add_year(&c, 2100), STATUS_OK);
    for (size_t i = 1; i < c.count; i++) {
        assert_true(c.years[i - 1].year < c.years[i].year);
    }
    /* The last day of a leap year has its bit. */
    assert_int_equal(calendar_add_day(&c, day("2096-12-31"), CALENDAR_OFF), STATUS_OK);
    assert_false(calendar_is_working_day(&c, day("2096-12-31"), NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_year_totals),
        cmocka_unit_test(test_builtin_is_the_files),
        cmocka_unit_test(test_add_by_hand),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_missing_year),
        cmocka_unit_test(test_neighbour_day),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
