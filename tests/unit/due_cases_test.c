/* Deadline arithmetic against tests/data/due/cases.txt, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024, WORDS_MAX = 20 };

static struct calendar calendar;

/* A line's words before its comment. */
static size_t
split(char *line, char *words[WORDS_MAX])
{
    size_t n = 0;
    char *state = NULL;
    line[strcspn(line, "#\n")] = '\0';
    for (char *w = strtok_r(line, " ", &state); w != NULL; w = strtok_r(NULL, " ", &state)) {
        assert_true(n < WORDS_MAX);
        words[n++] = w;
    }
    return n;
}

static int32_t
day_of(const char *text)
{
    int32_t day = NO_DATE;
    if (strcmp(text, "-") != 0) {
        assert_int_equal(day_parse(text, &day), STATUS_OK);
    }
    return day;
}

static int32_t
number_of(const char *text)
{
    char *end = NULL;
    long n = strtol(text, &end, 10);
    assert_true(end != text && *end == '\0');
    return (int32_t)n;
}

static void
check_due(char *const *w)
{
    struct due_milestone m = {
        .original_due = day_of(w[2]),
        .current_due = strcmp(w[3], "=") == 0 ? day_of(w[2]) : day_of(w[3]),
        .claimed_on = day_of(w[4]),
        .reached_on = day_of(w[5]),
        .kept_overdue_days = number_of(w[6]),
    };
    struct due_result r = due_status(day_of(w[1]), &calendar, &m);
    assert_string_equal(due_state_name(r.current.state), w[8]);
    assert_int_equal(r.current.days_left, number_of(w[9]));
    assert_int_equal(r.current.overdue_days, number_of(w[10]));
    assert_int_equal(r.total_overdue_days, number_of(w[11]));
    assert_int_equal(r.working_days_left, number_of(w[12]));
    assert_string_equal(due_state_name(r.original.state), w[14]);
    assert_int_equal(r.original.days_left, number_of(w[15]));
    assert_int_equal(r.year_missing, number_of(w[17]));
}

static void
check_add(char *const *w)
{
    bool missing = false;
    char text[DAY_TEXT_SIZE];
    int32_t day = calendar_add_working_days(&calendar, day_of(w[1]), number_of(w[2]), &missing);
    assert_string_equal(day_print(day, text), w[4]);
    assert_int_equal(missing, number_of(w[5]));
}

static void
every_case_is_as_worked_out(void **state)
{
    (void)state;
    char line[LINE_BYTES];
    char *words[WORDS_MAX];
    int due = 0;
    int add = 0;
    FILE *f = fopen(SOURCE_DIR "/tests/data/due/cases.txt", "r");
    assert_non_null(f);
    for (int no = 1; fgets(line, sizeof line, f) != NULL; no++) {
        size_t n = split(line, words);
        if (n == 0) {
            continue;
        }
        print_message("line %d\n", no); /* the last one named is at fault */
        if (n == 18 && strcmp(words[0], "due") == 0) {
            check_due(words);
            due++;
        } else {
            assert_true(n == 6 && strcmp(words[0], "add") == 0);
            check_add(words);
            add++;
        }
    }
    fclose(f);
    assert_true(due >= 35 && add >= 12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_as_worked_out)};
    calendar_init_builtin(&calendar);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
