/* When something may leave the system: hand-checked instants; and what settings take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/base/clock.h"
#include "server/base/setting.h"

#include <stdio.h>
#include <string.h>

static struct calendar calendar;

static int64_t
at(const char *text)
{
    int64_t ms = 0;
    char whole[64];
    snprintf(whole, sizeof whole, "%s:00+08:00", text);
    assert_int_equal(instant_parse(whole, &ms), STATUS_OK);
    return ms;
}

static struct delivery_rules
rules(void)
{
    struct settings s;
    settings_init(&s);
    return s.delivery;
}

struct row {
    const char *now;
    const char *allowed;
    const char *digest;
    const char *why;
};

/* 2026-02-14 is a Saturday that works (调休); the Spring Festival is off from 02-15 to 02-23. */
static const struct row rows[] = {
    {"2026-11-10T09:00", "2026-11-10T09:00", "2026-11-11T08:30", "a working morning"},
    {"2026-11-10T08:00", "2026-11-10T08:00", "2026-11-10T08:30", "the first minute"},
    {"2026-11-10T07:59", "2026-11-10T08:00", "2026-11-10T08:30", "one minute too early"},
    {"2026-11-10T19:59", "2026-11-10T19:59", "2026-11-11T08:30", "the last minute"},
    {"2026-11-10T20:00", "2026-11-11T08:00", "2026-11-11T08:30", "in the evening"},
    {"2026-11-10T08:30", "2026-11-10T08:30", "2026-11-11T08:30", "the digest has just gone"},
    {"2026-11-13T21:00", "2026-11-16T08:00", "2026-11-16T08:30", "Friday evening"},
    {"2026-11-14T12:00", "2026-11-16T08:00", "2026-11-16T08:30", "Saturday noon"},
    {"2026-02-13T21:00", "2026-02-14T08:00", "2026-02-14T08:30", "a Saturday that works"},
    {"2026-02-14T20:30", "2026-02-24T08:00", "2026-02-24T08:30", "over the Spring Festival"},
    {"2026-12-31T22:00", "2027-01-01T08:00", "2027-01-01T08:30",
     "a year without a calendar: Monday to Friday"},
};

static void
instants_by_hand(void **state)
{
    (void)state;
    struct delivery_rules r = rules();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t allowed = delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, at(rows[i].now));
        int64_t digest = delivery_digest_at(&r, &calendar, ZONE_CHINA_MIN, at(rows[i].now));
        if (allowed != at(rows[i].allowed) || digest != at(rows[i].digest)) {
            print_error("%s\n", rows[i].why);
        }
        assert_int_equal(allowed, at(rows[i].allowed));
        assert_int_equal(digest, at(rows[i].digest));
    }
}

static void
other_rules(void **state)
{
    (void)state;
    struct delivery_rules r = rules();
    r.quiet_days_off = false;
    assert_int_equal(delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, at("2026-11-14T12:00")),
                     at("2026-11-14T12:00"));
    r.quiet_from_min = 12 * 60;
    r.quiet_to_min = 14 * 60; /* within a day */
    assert_int_equal(delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, at("2026-11-10T13:00")),
                     at("2026-11-10T14:00"));
    assert_int_equal(delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, at("2026-11-10T23:00")),
                     at("2026-11-10T23:00"));
    r.digest_min = 13 * 60; /* set into the quiet hours */
    assert_int_equal(delivery_digest_at(&r, &calendar, ZONE_CHINA_MIN, at("2026-11-10T09:00")),
                     at("2026-11-10T14:00"));
    r.quiet_from_min = r.quiet_to_min = 0; /* none */
    assert_int_equal(delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, at("2026-11-10T03:00")),
                     at("2026-11-10T03:00"));
}

/* Whatever the instant: what is allowed is allowed, never before now, and nothing between is. */
static void
the_next_allowed_instant_is_the_first(void **state)
{
    (void)state;
    struct delivery_rules r = rules();
    int64_t start = at("2026-01-20T00:00");
    for (int64_t ms = start; ms < start + 50LL * 86400000; ms += 17 * 60000) {
        int64_t then = delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, ms);
        assert_true(then >= ms);
        assert_int_equal(delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, then), then);
        for (int64_t t = ms; t < then; t += 29 * 60000) {
            assert_int_not_equal(delivery_allowed_at(&r, &calendar, ZONE_CHINA_MIN, t), t);
        }
        int64_t digest = delivery_digest_at(&r, &calendar, ZONE_CHINA_MIN, ms);
        assert_true(digest > ms);
        assert_true(
            calendar_is_working_day(&calendar, day_from_instant(digest, ZONE_CHINA_MIN), NULL));
    }
}

static void
settings_take_what_their_table_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        bool good;
    } cases[] = {
        {"quiet_hours", "20:00-08:00", true},
        {"quiet_hours", "none", true},
        {"quiet_hours", "24:00-08:00", false},
        {"quiet_hours", "8:00-9:00", false},
        {"quiet_hours", "08:00-08:00", false},
        {"quiet_days_off", "yes", false},
        {"digest_time", "08:60", false},
        {"digest_time", "07:15", true},
        {"outside_cap_unit_day", "0", true},
        {"outside_cap_unit_day", "51", false},
        {"outside_cap_hour", "0", false},
        {"outside_cap_hour", "-1", false},
        {"outside_cap_hour", "5000", true},
        {"outside_cap_hour", "99999999999999999999", false},
        {"level_colours", "blue,yellow,yellow,orange,orange,red,red", true},
        {"level_colours", "blue,yellow", false},
        {"level_colours", "blue,yellow,yellow,orange,orange,red,red,red", false},
        {"level_colours", "blue,yellow,yellow,orange,orange,red,pink", false},
        {"link_url", "https://rectify.example.gov.cn/", true},
        {"link_url", "", true},
        {"link_url", "http://rectify.example.gov.cn/", false},
        {"link_url", "http://127.0.0.1:8080/x", true},
        {"link_url", "http://127.0.0.1.example.com/", false},
        {"link_url", "https://a b", false},
        {"link_url", "https://a\"b", false},
        {"link_url", "javascript:alert(1)", false},
        {"channel_mail", "on", true},
        {"channel_fax", "on", false},
        {"ladder_version", "1", false}, /* switched on by ActivateLadder alone */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault fault = {0};
        enum status s = setting_check(cases[i].name, cases[i].value, &fault);
        if ((s == STATUS_OK) != cases[i].good) {
            print_error("%s = %s\n", cases[i].name, cases[i].value);
        }
        assert_int_equal(s == STATUS_OK, cases[i].good);
        assert_true(s == STATUS_OK || strlen(fault.message) > 10);
    }
    assert_int_not_equal(setting_check(NULL, "on", NULL), STATUS_OK);
    assert_int_not_equal(setting_check("channel_mail", NULL, NULL), STATUS_OK);
}

static void
nothing_leaves_by_default(void **state)
{
    (void)state;
    struct settings s;
    settings_init(&s);
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        assert_false(s.channel_on[i]);
        assert_int_equal(channel_from_name(channel_name((enum outside_channel)i)), i);
        assert_int_equal(setting_check(channel_setting((enum outside_channel)i), "on", NULL),
                         STATUS_OK);
    }
    assert_int_equal(channel_from_name("FAX"), CHANNEL_COUNT);
    assert_string_equal(s.link_url, "");
    settings_apply(&s, "channel_feishu", "on");
    settings_apply(&s, "channel_feishu", "maybe"); /* keeps what was */
    settings_apply(&s, "nothing", "on");
    assert_true(s.channel_on[CHANNEL_FEISHU]);
    settings_apply(&s, "level_colours", "blue,yellow,yellow,orange,orange,red,red");
    assert_string_equal(s.colours[3], "orange");
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
        cmocka_unit_test(instants_by_hand),
        cmocka_unit_test(other_rules),
        cmocka_unit_test(the_next_allowed_instant_is_the_first),
        cmocka_unit_test(settings_take_what_their_table_says),
        cmocka_unit_test(nothing_leaves_by_default),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
