/* due_status: hand-checked cases, and the rules as properties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/due.h"

#include <string.h>

static int32_t
day(const char *text)
{
    int32_t d = NO_DATE;
    if (text != NULL) {
        assert_int_equal(day_parse(text, &d), STATUS_OK);
    }
    return d;
}

struct row {
    const char *what;
    const char *as_of;
    const char *original;
    const char *current;
    const char *claimed;
    const char *reached;
    int state; /* enum due_state, against current */
    int days_left;
    int original_state;
    int original_left;
    int working_left;
    bool missing;
};

enum { NONE = DUE_NO_DATE, NORM = DUE_NORMAL, OVER = DUE_OVERDUE };
enum { IN_TIME = DUE_CLOSED_IN_TIME, LATE = DUE_CLOSED_LATE };

/* clang-format off */
static const struct row rows[] = {
    {"the due day is in time", "2026-11-30", "2026-11-30", "2026-11-30", NULL, NULL, NORM, 0, NORM, 0, 0, false},
    {"the day after", "2026-12-01", "2026-11-30", "2026-11-30", NULL, NULL, OVER, -1, OVER, -1, -1, false},
    {"month end to month end", "2026-01-31", "2026-02-28", "2026-02-28", NULL, NULL, NORM, 28, NORM, 28, 16, false},
    {"leap day", "2024-02-28", "2024-02-29", "2024-02-29", NULL, NULL, NORM, 1, NORM, 1, 1, false},
    {"over the leap day", "2024-03-01", "2024-02-28", "2024-02-28", NULL, NULL, OVER, -2, OVER, -2, -2, false},
    {"over a common February", "2025-03-01", "2025-02-28", "2025-02-28", NULL, NULL, OVER, -1, OVER, -1, 0, false},
    {"year end", "2025-12-31", "2026-01-04", "2026-01-04", NULL, NULL, NORM, 4, NORM, 4, 1, false},
    {"Spring Festival 2026, make-up Saturday 14th", "2026-02-13", "2026-02-24", "2026-02-24", NULL, NULL, NORM, 11, NORM, 11, 2, false},
    {"Spring Festival 2026, overdue in the holiday", "2026-02-20", "2026-02-13", "2026-02-13", NULL, NULL, OVER, -7, OVER, -7, -1, false},
    {"2020: extended to 2 February", "2020-01-23", "2020-02-03", "2020-02-03", NULL, NULL, NORM, 11, NORM, 11, 1, false},
    {"2020: due in the holiday", "2020-02-04", "2020-01-31", "2020-01-31", NULL, NULL, OVER, -4, OVER, -4, -2, false},
    {"due on a Saturday", "2026-11-23", "2026-11-21", "2026-11-21", NULL, NULL, OVER, -2, OVER, -2, -1, false},
    {"a year without a calendar", "2027-10-01", "2027-10-08", "2027-10-08", NULL, NULL, NORM, 7, NORM, 7, 5, true},
    {"no date", "2026-11-22", NULL, NULL, NULL, NULL, NONE, 0, NONE, 0, 0, false},
    {"no date, closed", "2026-11-22", NULL, NULL, NULL, "2026-11-01", NONE, 0, NONE, 0, 0, false},
    {"moved: overdue against the original only", "2020-04-27", "2020-03-30", "2020-04-30", NULL, NULL, NORM, 3, OVER, -28, 3, false},
    {"moved, and past that too", "2020-05-06", "2020-03-30", "2020-04-30", NULL, NULL, OVER, -6, OVER, -37, -1, false},
    {"a date given later", "2020-04-27", NULL, "2020-04-30", NULL, NULL, NORM, 3, NONE, 0, 3, false},
    {"closed in time", "2026-11-22", "2020-04-30", "2020-04-30", NULL, "2020-04-30", IN_TIME, 0, IN_TIME, 0, 0, false},
    {"closed late, for ever", "2026-11-22", "2020-04-30", "2020-04-30", NULL, "2020-05-02", LATE, -2, LATE, -2, 0, false},
    {"closed: in time by the moved date", "2026-11-22", "2020-03-30", "2020-04-30", NULL, "2020-04-10", IN_TIME, 20, LATE, -11, 15, false},
    {"not closed yet on a past day", "2020-04-29", "2020-04-30", "2020-04-30", NULL, "2020-05-02", NORM, 1, NORM, 1, 1, false},
    {"overdue on a past day, closed since", "2020-05-01", "2020-04-30", "2020-04-30", NULL, "2020-05-02", OVER, -1, OVER, -1, 0, false},
    {"claimed in time, undecided for long", "2020-06-30", "2020-04-30", "2020-04-30", "2020-04-28", NULL, NORM, 2, NORM, 2, 2, false},
    {"claimed late: the days stand still", "2020-06-30", "2020-04-30", "2020-04-30", "2020-05-07", NULL, OVER, -7, OVER, -7, -2, false},
    {"claimed later than asked for", "2020-04-20", "2020-04-30", "2020-04-30", "2020-04-28", NULL, NORM, 10, NORM, 10, 9, false},
    {"returned: as if never claimed", "2020-05-10", "2020-04-30", "2020-04-30", NULL, NULL, OVER, -10, OVER, -10, -4, false},
    {"confirmed: its own day counts", "2020-06-30", "2020-04-30", "2020-04-30", "2020-04-28", "2020-04-28", IN_TIME, 2, IN_TIME, 2, 2, false},
};
/* clang-format on */

static void
test_table(void **state)
{
    (void)state;
    struct calendar c;
    calendar_init_builtin(&c);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *w = &rows[i];
        struct due_milestone m = {day(w->original), day(w->current), day(w->claimed),
                                  day(w->reached), 0};
        struct due_result r = due_status(day(w->as_of), &c, &m);
        if ((int)r.current.state != w->state || r.current.days_left != w->days_left ||
            (int)r.original.state != w->original_state ||
            r.original.days_left != w->original_left || r.working_days_left != w->working_left ||
            r.year_missing != w->missing) {
            fail_msg("%s: %s %d, original %s %d, working %d", w->what,
                     due_state_name(r.current.state), r.current.days_left,
                     due_state_name(r.original.state), r.original.days_left, r.working_days_left);
        }
        assert_int_equal(r.moved, m.original_due != m.current_due);
        assert_int_equal(r.current.overdue_days, w->days_left < 0 ? -w->days_left : 0);
        /* The calendar adds working days and changes nothing else. */
        struct due_result bare = due_status(day(w->as_of), NULL, &m);
        assert_int_equal(bare.current.state, r.current.state);
        assert_int_equal(bare.current.days_left, r.current.days_left);
        assert_int_equal(bare.working_days_left, 0);
        assert_false(bare.year_missing);
    }
}

static int32_t
least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* What the header tells SQL to compare, on days where nothing lies in the future. */
static bool
sql_past_due(int32_t as_of, const struct due_milestone *m)
{
    int32_t stop = m->reached_on != NO_DATE   ? m->reached_on
                   : m->claimed_on != NO_DATE ? m->claimed_on
                                              : as_of;
    return m->current_due != NO_DATE && m->current_due < least(as_of, stop);
}

static void
test_properties(void **state)
{
    (void)state;
    uint32_t x = 99;
    for (int i = 0; i < 20000; i++) {
        int32_t v[4];
        for (int k = 0; k < 4; k++) {
            x = x * 1664525U + 1013904223U;
            v[k] = (x >> 28U) < 4 ? NO_DATE : 18000 + (int32_t)(x >> 16U) % 60;
        }
        int32_t as_of = 18060;
        struct due_milestone m = {v[0], v[1], v[2], v[3], (int32_t)(x >> 29U)};
        struct due_result r = due_status(as_of, NULL, &m);
        bool late = r.current.state == DUE_OVERDUE || r.current.state == DUE_CLOSED_LATE;
        assert_int_equal(late, sql_past_due(as_of, &m));
        assert_int_equal(late, r.current.overdue_days > 0);
        assert_int_equal(r.closed, m.reached_on != NO_DATE);
        assert_false(r.closed && r.claimed);
        assert_true(r.current.state != DUE_NO_DATE || m.current_due == NO_DATE);
        assert_int_equal(r.total_overdue_days, r.current.overdue_days + m.kept_overdue_days);
        /* Time alone makes nothing better, and changes nothing that is closed or claimed. */
        struct due_result later = due_status(as_of + 9, NULL, &m);
        assert_true(later.current.days_left <= r.current.days_left);
        if (r.closed || r.claimed) {
            assert_memory_equal(&later.current, &r.current, sizeof r.current);
        }
    }
}

static void
test_late_extension(void **state)
{
    (void)state;
    struct due_milestone m = due_milestone_none();
    m.original_due = day("2020-03-30");
    m.current_due = day("2020-05-30");
    m.kept_overdue_days = 12; /* granted on 11 April */
    struct due_result r = due_status(day("2020-05-01"), NULL, &m);
    assert_int_equal(r.current.state, DUE_NORMAL);
    assert_int_equal(r.total_overdue_days, 12);
    r = due_status(day("2020-06-02"), NULL, &m);
    assert_int_equal(r.total_overdue_days, 15);
}

static void
test_names(void **state)
{
    (void)state;
    for (int s = 0; s <= DUE_CLOSED_LATE; s++) {
        assert_string_not_equal(due_state_name((enum due_state)s), "UNKNOWN");
        assert_true(strlen(due_state_zh((enum due_state)s)) > 3);
    }
    assert_string_equal(due_state_name((enum due_state)99), "UNKNOWN");
    assert_string_equal(due_state_zh((enum due_state)99), "未知");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_late_extension),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
