/* SettingsService through the door: versions of a year's calendar, and the ladder in force. */
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/settings.pb-c.h"
#include "server/base/ladder.h"
#include "server/store/settings.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <string.h>

enum { DAYS_MAX = 400 };

static struct person unit01;
static Pb__CalendarDay days[DAYS_MAX];
static Pb__CalendarDay *list[DAYS_MAX];
static size_t count;

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("unit01", "样例单位01", "UNIT");
    unit01 = district_person("unit01", "unit01", "PLEAD", 2);
    return 0;
}

static void
day(const char *date, bool working, const char *name)
{
    assert_true(count < DAYS_MAX);
    pb__calendar_day__init(&days[count]);
    days[count].date = district_text(date);
    days[count].has_working = 1;
    days[count].working = working;
    days[count].name = district_text(name);
    list[count] = &days[count];
    count++;
}

static Pb__ImportCalendarRequest
request(int year)
{
    Pb__ImportCalendarRequest r = PB__IMPORT_CALENDAR_REQUEST__INIT;
    r.has_year = 1;
    r.year = year;
    r.days = list;
    r.n_days = count;
    return r;
}

static const Pb__ImportCalendarReply *
import(int year)
{
    Pb__ImportCalendarRequest r = request(year);
    return district_ok(&district.admin, "SettingsService/ImportCalendar", &r.base,
                       &pb__import_calendar_reply__descriptor);
}

static const Pb__Status *
import_refused(int year, const char *reason)
{
    Pb__ImportCalendarRequest r = request(year);
    return district_refused(&district.admin, "SettingsService/ImportCalendar", &r.base,
                            STATUS_INVALID_ARGUMENT, reason);
}

static const Pb__GetCalendarReply *
calendar(int year)
{
    Pb__GetCalendarRequest r = PB__GET_CALENDAR_REQUEST__INIT;
    r.has_year = 1;
    r.year = year;
    return district_ok(&unit01, "SettingsService/GetCalendar", &r.base,
                       &pb__get_calendar_reply__descriptor);
}

static void
a_second_import_is_a_second_version(void **state)
{
    (void)state;
    count = 0;
    day("2027-01-01", false, "元旦");
    day("2027-02-06", true, "春节调休");
    const Pb__ImportCalendarReply *first = import(2027);
    assert_int_equal(first->version, 1);
    assert_int_equal(first->days, 2);
    char before[256];
    char after[256];
    static const char rows[] = "SELECT md5(string_agg(d::text, ';' ORDER BY d.day))"
                               " FROM rectify.calendar_day d WHERE year = 2027 AND version = 1";
    test_db_query("postgres", rows, before, sizeof before);
    count = 0;
    day("2027-01-01", false, "元旦");
    day("2027-01-02", false, "元旦");
    day("2027-01-03", true, "元旦调休");
    assert_int_equal(import(2027)->version, 2);
    test_db_query("postgres", rows, after, sizeof after);
    assert_string_equal(before, after);
    const Pb__GetCalendarReply *c = calendar(2027);
    assert_int_equal(c->version, 2);
    assert_int_equal(c->n_days, 3);
    assert_string_equal(c->days[2]->date, "2027-01-03");
    assert_true(c->days[2]->working);
    assert_string_equal(c->days[2]->name, "元旦调休");
    /* Another year is another row of versions. */
    count = 0;
    day("2028-01-01", false, "元旦");
    assert_int_equal(import(2028)->version, 1);
    assert_int_equal(calendar(2027)->version, 2);
    assert_int_equal(district_number("SELECT count(DISTINCT thing) FROM rectify.event_change"
                                     " WHERE kind = 'calendar'"),
                     3);
}

static void
a_year_without_import_shows_what_is_built_in(void **state)
{
    (void)state;
    const Pb__GetCalendarReply *c = calendar(2020);
    assert_int_equal(c->version, 0);
    assert_true(c->n_days > 20);
    assert_string_equal(c->days[0]->date, "2020-01-01");
    assert_false(c->days[0]->working);
    assert_string_equal(c->days[1]->date, "2020-01-19"); /* a Sunday of work */
    assert_true(c->days[1]->working);
    c = calendar(2150);
    assert_int_equal(c->version, 0);
    assert_int_equal(c->n_days, 0);
}

static void
days_are_checked_all_or_none(void **state)
{
    (void)state;
    count = 0;
    import_refused(2029, "DAY_COUNT");
    day("2029-01-01", false, "元旦");
    import_refused(1999, "YEAR_RANGE");
    import_refused(2200, "YEAR_RANGE");
    Pb__ImportCalendarRequest none = request(2029);
    none.has_year = 0;
    district_refused(&district.admin, "SettingsService/ImportCalendar", &none.base,
                     STATUS_INVALID_ARGUMENT, "YEAR_RANGE");
    day("2030-01-01", false, "元旦");
    const Pb__Status *s = import_refused(2029, "BAD_DATE");
    assert_string_equal(s->violations[0]->field, "days[1].date");
    assert_non_null(strstr(s->message, "2030-01-01"));
    list[1]->date = district_text("2029-02-30");
    import_refused(2029, "BAD_DATE");
    list[1]->date = NULL;
    import_refused(2029, "BAD_DATE");
    list[1]->date = district_text("2029-01-01");
    import_refused(2029, "DAY_TWICE");
    list[1]->date = district_text("2029-01-02");
    list[1]->name = district_text("一个实在太长的节日名称，长到任何一张表格、任何一块屏幕都放不下");
    import_refused(2029, "TEXT_TOO_LONG");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.calendar_day WHERE year = 2029"),
                     0);
    Pb__GetCalendarRequest all = PB__GET_CALENDAR_REQUEST__INIT;
    all.has_year = 1;
    all.year = 0;
    district_refused(&unit01, "SettingsService/GetCalendar", &all.base, STATUS_INVALID_ARGUMENT,
                     "YEAR_RANGE");
    Pb__ImportCalendarRequest own = request(2029);
    district_refused(&unit01, "SettingsService/ImportCalendar", &own.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
}

/* ---- the ladder ---- */

static const Pb__GetLadderReply *
ladder(void)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    return district_ok(&unit01, "SettingsService/GetLadder", &empty.base,
                       &pb__get_ladder_reply__descriptor);
}

static bool
rule_says(const Pb__LadderRule *m, const struct ladder_rule *r)
{
    uint32_t to = 0;
    for (size_t i = 0; i < m->n_recipients; i++) {
        for (uint32_t bit = 0; bit < TO_COUNT; bit++) {
            if (strcmp(ladder_recipient_name(1U << bit), m->recipients[i]) == 0) {
                to |= 1U << bit;
            }
        }
    }
    bool one_class = m->has_measure_class;
    return m->level == r->level && m->parameter == r->parameter && to == r->recipients &&
           strcmp(m->subject, ladder_subject_name((enum ladder_subject)r->subject)) == 0 &&
           strcmp(m->trigger, ladder_trigger_name((enum ladder_trigger)r->trigger)) == 0 &&
           one_class == (r->class_mask == LADDER_CLASS_IMMEDIATE);
}

/* As many rules as the defaults, each of them there, lowest level first. */
static void
assert_is_default(const Pb__GetLadderReply *reply)
{
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    assert_int_equal(reply->n_rules, n);
    for (size_t i = 0; i < n; i++) {
        size_t found = 0;
        for (size_t k = 0; k < n; k++) {
            found += rule_says(reply->rules[k], &rules[i]);
        }
        assert_true(found > 0);
        assert_true(i == 0 || reply->rules[i - 1]->level <= reply->rules[i]->level);
    }
}

/* Writes (write) or reads the ladder as the store does. */
static void
store_ladder(bool write, struct ladder_rules *ret)
{
    struct db *db = NULL;
    struct fault fault = {0};
    int owner = 0;
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    assert_int_equal(db_open(test_db_conninfo("rectify_owner"), "test", &db, &fault), STATUS_OK);
    struct db_queue *q = db_queue_new(&district.arena);
    assert_non_null(q);
    assert_int_equal(db_begin(db, false, &fault), STATUS_OK);
    for (size_t i = 0; write && i < n; i++) {
        assert_int_equal(ladder_queue_insert(q, 1, 1, (int32_t)i + 1, &rules[i],
                                             "00000000-0000-7000-8000-000000000001"),
                         STATUS_OK);
    }
    if (!write) {
        assert_int_equal(ladder_queue_read(q, 1, ret), STATUS_OK);
    }
    if (db_run(db, q, &owner, &fault) != STATUS_OK || db_commit(db, &fault) != STATUS_OK) {
        fail_msg("%s %s", fault.reason, fault.message);
    }
    db_close(db);
}

static void
the_stored_ladder_is_the_default_one(void **state)
{
    (void)state;
    assert_int_equal(ladder()->version, 0);
    assert_is_default(ladder());
    store_ladder(true, NULL);
    const Pb__GetLadderReply *stored = ladder();
    assert_int_equal(stored->version, 1);
    assert_is_default(stored);
    /* Field for field, what people are not shown included. */
    struct ladder_rules back = {0};
    size_t n = 0;
    const struct ladder_rule *rules = ladder_default(&n);
    store_ladder(false, &back);
    assert_int_equal(back.version, 1);
    assert_int_equal(back.count, n);
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        for (size_t k = 0; k < n; k++) {
            const struct ladder_rule *a = &rules[i];
            const struct ladder_rule *b = &back.items[k];
            same += a->level == b->level && a->repeat == b->repeat && a->subject == b->subject &&
                    a->class_mask == b->class_mask && a->trigger == b->trigger &&
                    a->direct == b->direct && a->parameter == b->parameter &&
                    a->recipients == b->recipients && a->proposals == b->proposals;
        }
        assert_int_equal(same, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_import_is_a_second_version),
        cmocka_unit_test(a_year_without_import_shows_what_is_built_in),
        cmocka_unit_test(days_are_checked_all_or_none),
        cmocka_unit_test(the_stored_ladder_is_the_default_one),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
