/* What leaves the system, through the door: nothing by default; by day, unit and cap; not at night;
 * not what is settled already; again after a failure, with the same id; and never without end. */
#include "rectify/v1/alert.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/job.pb-c.h"
#include "rectify/v1/settings.pb-c.h"
#include "rectify/v1/system.pb-c.h"
#include "server/jobs/sender.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SENT_MAX = 256, HOUR = 3600000, MINUTE = 60000 };

static struct person office, unit01, unit02;
static struct config config;
static char folder[64];
static int serial;

/* A notifier that keeps what it was given. */
static struct {
    struct {
        char id[40];
        char address[64];
        enum outside_channel channel;
        int count;
        char link[64];
    } sent[SENT_MAX];
    size_t count;
    const char *error;
    bool permanent;
} fake;

static void
fake_send(const struct notifier *n, const struct notifier_target *target,
          const struct notifier_message *message, int64_t now_ms, struct notifier_result *ret)
{
    (void)n;
    (void)now_ms;
    assert_true(fake.count < SENT_MAX);
    size_t i = fake.count++;
    snprintf(fake.sent[i].id, sizeof fake.sent[i].id, "%s", message->delivery_id);
    snprintf(fake.sent[i].address, sizeof fake.sent[i].address, "%s", target->address);
    snprintf(fake.sent[i].link, sizeof fake.sent[i].link, "%s", message->link_url);
    fake.sent[i].channel = target->channel;
    fake.sent[i].count = message->count;
    snprintf(ret->error, sizeof ret->error, "%s", fake.error);
    ret->permanent = fake.permanent;
}

static const struct notifier notifier = {fake_send, NULL};

static void
endpoint(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("https://example.com/hook\nSECRET\n", f);
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
}

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("office", "样例办公室", "OFFICE");
    district_org("unit01", "样例单位01", "UNIT");
    district_org("unit02", "样例单位02", "UNIT");
    office = district_person("office1", "office", "OFFICE", 2);
    unit01 = district_person("clerk01", "unit01", "PLEAD", 3);
    unit02 = district_person("clerk02", "unit02", "PLEAD", 4);
    memset(&fake, 0, sizeof fake);
    fake.error = "";
    config_init(&config);
    snprintf(folder, sizeof folder, "/tmp/rectify-outside-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(config.endpoint_dir, sizeof config.endpoint_dir, "%s", folder);
    snprintf(config.mail_url, sizeof config.mail_url, "smtps://mail.example.gov.cn");
    snprintf(config.mail_from, sizeof config.mail_from, "r@example.gov.cn");
    endpoint("unit01.wecom");
    return 0;
}

static int
tear_down(void **state)
{
    folder_remove(folder);
    return district_close(state);
}

/* ---- steps ---- */

static void
sender(void)
{
    const struct sender_config c = {
        .dispatch = district.door,
        .config = &config,
        .notifier = &notifier,
        .clock = &district.clock.clock,
        .tick_seconds = 30,
    };
    struct fault fault = {0};
    enum status s = sender_round(&c, &fault);
    if (s != STATUS_OK) {
        print_error("%s %s\n", fault.reason, fault.message);
    }
    assert_int_equal(s, STATUS_OK);
}

/* Rounds until nothing more leaves; what left in them. */
static size_t
leaves(void)
{
    size_t before = fake.count;
    sender();
    return fake.count - before;
}

static void
set(const char *name, const char *value)
{
    Pb__SetSettingRequest r = PB__SET_SETTING_REQUEST__INIT;
    r.name = district_text(name);
    r.value = district_text(value);
    district_ok(&district.admin, "SettingsService/SetSetting", &r.base,
                &pb__set_setting_reply__descriptor);
}

static void
set_refused(const struct person *p, const char *name, const char *value, enum status code,
            const char *reason)
{
    Pb__SetSettingRequest r = PB__SET_SETTING_REQUEST__INIT;
    r.name = district_text(name);
    r.value = district_text(value);
    district_refused(p, "SettingsService/SetSetting", &r.base, code, reason);
}

static void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void
sql(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(&district.arena, format, args);
    va_end(args);
    test_db_exec("postgres", text);
}

/* Time goes by, and nobody's session ends of it. */
static void
pass(int64_t ms)
{
    district_pass(ms);
    sql("UPDATE rectify.session SET used_ms = %lld, expires_ms = %lld",
        (long long)clock_now_ms(&district.clock.clock),
        (long long)clock_now_ms(&district.clock.clock) + 24LL * HOUR);
}

/* An alert for an account, as RaiseAlerts leaves it. */
static int
alert(const char *account, bool direct)
{
    int n = ++serial;
    sql("INSERT INTO rectify.alert (tenant, id, key, level, subject_kind, subject, subject_ref,"
        " trigger, org, text, raised_ms, direct, event_id) SELECT 1,"
        " '00000000-0000-7000-9000-%012d', 'key-%d', 4, 'MEASURE', a.id, 'P-%d', 'OVERDUE', s.org,"
        " '样例', 0, %s, a.id FROM rectify.account a JOIN rectify.seat s ON s.account = a.id"
        " WHERE a.name = '%s';"
        "INSERT INTO rectify.inbox AS b (tenant, account, last_seq) SELECT 1, id, 1"
        " FROM rectify.account WHERE name = '%s' ON CONFLICT (tenant, account) DO UPDATE"
        " SET last_seq = b.last_seq + 1;"
        "INSERT INTO rectify.delivery (tenant, account, seq, alert, created_ms)"
        " SELECT 1, b.account, b.last_seq, '00000000-0000-7000-9000-%012d', 0"
        " FROM rectify.inbox b JOIN rectify.account a ON a.id = b.account WHERE a.name = '%s'",
        n, n, n, direct ? "true" : "false", account, account, n, account);
    return n;
}

static void
open_channel(const char *name)
{
    set("link_url", "https://rectify.example.gov.cn/");
    set(name, "on");
}

static const Pb__ListChannelsReply *
channels(void)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    return district_ok(&district.admin, "AlertService/ListChannels", &empty.base,
                       &pb__list_channels_reply__descriptor);
}

static const Pb__HealthReply *
health(void)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    return district_ok(&district.admin, "SystemService/Health", &empty.base,
                       &pb__health_reply__descriptor);
}

static const Pb__Message *
newest(const char *state)
{
    Pb__ListMessagesRequest r = PB__LIST_MESSAGES_REQUEST__INIT;
    r.state = district_text(state);
    const Pb__ListMessagesReply *reply = district_ok(&district.admin, "AlertService/ListMessages",
                                                     &r.base, &pb__list_messages_reply__descriptor);
    return reply->n_messages == 0 ? NULL : reply->messages[0];
}

static void
contact(const char *account, const char *address)
{
    Pb__SetContactRequest r = PB__SET_CONTACT_REQUEST__INIT;
    r.account = district_text(account);
    r.address = district_text(address);
    district_ok(&district.admin, "AlertService/SetContact", &r.base,
                &pb__set_contact_reply__descriptor);
}

/* ---- tests ---- */

static void
nothing_leaves_by_default(void **state)
{
    (void)state;
    alert("clerk01", true);
    alert("clerk01", false);
    assert_int_equal(leaves(), 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.outside_message"), 0);
    /* What was there before a channel is switched on never leaves: no flood on the first day. */
    open_channel("channel_wecom");
    assert_int_equal(leaves(), 0);
    pass(24 * HOUR);
    assert_int_equal(leaves(), 0);
    alert("clerk01", true);
    assert_int_equal(leaves(), 1);
}

static void
a_count_and_a_link_leave(void **state)
{
    (void)state;
    set_refused(&district.admin, "channel_wecom", "on", STATUS_FAILED_PRECONDITION, "LINK_MISSING");
    open_channel("channel_wecom");
    set_refused(&district.admin, "link_url", "", STATUS_FAILED_PRECONDITION, "LINK_MISSING");
    alert("clerk01", true);
    alert("clerk01", true);
    alert("clerk02", true); /* no robot for that unit */
    assert_int_equal(leaves(), 1);
    assert_int_equal(fake.sent[0].count, 2);
    assert_string_equal(fake.sent[0].link, "https://rectify.example.gov.cn/");
    assert_string_equal(fake.sent[0].address, "unit01");
    assert_int_equal(leaves(), 0);
    const Pb__Message *m = newest("SENT");
    assert_non_null(m);
    assert_string_equal(m->org, "unit01");
    assert_int_equal(m->count, 2);
    assert_int_equal(channels()->channels[CHANNEL_WECOM]->sent_today, 1);
    assert_string_equal(channels()->channels[CHANNEL_WECOM]->endpoints[0], "unit01");
}

static void
one_digest_a_day(void **state)
{
    (void)state;
    open_channel("channel_mail");
    contact("clerk01", "clerk01@example.gov.cn");
    contact("clerk02", "clerk02@example.gov.cn");
    int first = alert("clerk01", false);
    alert("clerk01", false);
    assert_int_equal(leaves(), 0);
    pass(8 * HOUR); /* 17:00 */
    alert("clerk01", false);
    alert("clerk02", false);
    assert_int_equal(leaves(), 0);
    /* One was settled in the meantime: the date moved. */
    sql("UPDATE rectify.alert SET cancelled_ms = 1 WHERE key = 'key-%d'", first);
    pass(15 * HOUR + 29 * MINUTE); /* 8:29 of the next day */
    assert_int_equal(leaves(), 0);
    pass(1 * MINUTE);
    assert_int_equal(leaves(), 2);
    for (int i = 0; i < 2; i++) {
        bool one = strcmp(fake.sent[i].address, "clerk01@example.gov.cn") == 0;
        assert_int_equal(fake.sent[i].count, one ? 2 : 1);
    }
    /* After the digest has gone, the next day's. */
    alert("clerk01", false);
    assert_int_equal(leaves(), 0);
    pass(24 * HOUR);
    assert_int_equal(leaves(), 1);
}

/* What is settled before it leaves, does not leave. */
static void
nothing_left_is_nothing_sent(void **state)
{
    (void)state;
    open_channel("channel_wecom");
    alert("clerk01", false);
    sender();
    sql("UPDATE rectify.delivery SET acknowledged_ms = 1");
    pass(24 * HOUR);
    assert_int_equal(leaves(), 0);
    assert_string_equal(newest("CANCELLED")->error, "NOTHING_LEFT");
    alert("clerk01", false);
    sender();
    set("channel_wecom", "off");
    pass(24 * HOUR);
    assert_int_equal(leaves(), 0);
    assert_string_equal(newest("CANCELLED")->error, "CHANNEL_OFF");
}

static void
nights_are_quiet(void **state)
{
    (void)state;
    open_channel("channel_wecom");
    pass(12 * HOUR); /* 21:00 */
    for (int i = 0; i < 3; i++) {
        alert("clerk01", true);
        assert_int_equal(leaves(), 0);
    }
    pass(10 * HOUR + 59 * MINUTE); /* 7:59 */
    assert_int_equal(leaves(), 0);
    pass(1 * MINUTE);
    assert_int_equal(leaves(), 1); /* all of the night in one */
    assert_int_equal(fake.sent[0].count, 3);
    /* Quiet hours set after it was queued hold it back too. */
    alert("clerk01", true);
    Pb__QueueMessagesRequest q = PB__QUEUE_MESSAGES_REQUEST__INIT;
    char *names[] = {district_text("unit01/WECOM")};
    q.endpoints = names;
    q.n_endpoints = 1;
    Pb__CallReply *reply = NULL;
    assert_int_equal(dispatch_call_system(district.door, "t1",
                                          "rectify.v1.JobService/QueueMessages", &q.base,
                                          &district.arena, &reply),
                     STATUS_OK);
    set("quiet_hours", "07:00-09:00");
    assert_int_equal(leaves(), 0);
    pass(1 * HOUR);
    assert_int_equal(leaves(), 1);
}

/* Friday evening to Monday morning. */
static void
days_off_are_quiet(void **state)
{
    (void)state;
    open_channel("channel_wecom");
    pass(4LL * 24 * HOUR); /* Saturday, 2026-11-14 */
    alert("clerk01", true);
    alert("clerk01", false);
    assert_int_equal(leaves(), 0);
    pass(24 * HOUR);
    assert_int_equal(leaves(), 0);
    pass(24 * HOUR - 1 * HOUR); /* Monday 8:00 */
    assert_int_equal(leaves(), 1);
    pass(30 * MINUTE);
    assert_int_equal(leaves(), 1);
}

static void
a_unit_has_a_cap(void **state)
{
    (void)state;
    open_channel("channel_wecom");
    set("outside_cap_unit_day", "2");
    for (int i = 0; i < 5; i++) {
        alert("clerk01", true);
        sender();
        pass(1 * MINUTE);
    }
    assert_int_equal(fake.count, 2);
    assert_int_equal(channels()->held_today, 3);
    pass(24 * HOUR);
    assert_int_equal(leaves(), 1);
    assert_int_equal(fake.sent[2].count, 3); /* the rest, in the digest */
    alert("clerk01", true);
    assert_int_equal(leaves(), 1); /* a new day */
}

static void
failures_are_tried_again_and_given_up(void **state)
{
    (void)state;
    open_channel("channel_wecom");
    alert("clerk01", true);
    fake.error = "HTTP_500";
    assert_int_equal(leaves(), 1);
    assert_int_equal(leaves(), 0); /* not at once */
    assert_string_equal(newest("QUEUED")->error, "HTTP_500");
    assert_int_equal(newest("QUEUED")->attempts, 1);
    for (int i = 0; i < 40 && newest("QUEUED") != NULL; i++) {
        pass(2 * HOUR);
        sender();
    }
    assert_int_equal(fake.count, 8);
    for (size_t i = 1; i < fake.count; i++) {
        assert_string_equal(fake.sent[i].id, fake.sent[0].id);
    }
    assert_string_equal(newest("FAILED")->error, "HTTP_500");
    assert_int_equal(health()->outside_failed, 1);
    assert_int_equal(channels()->channels[CHANNEL_WECOM]->failed, 1);
    /* What is of no use is not tried twice; and the next one leaves again. */
    fake.error = "HTTP_404";
    fake.permanent = true;
    pass(24 * HOUR);
    alert("clerk01", true);
    assert_int_equal(leaves(), 1);
    assert_string_equal(newest("FAILED")->error, "HTTP_404");
    fake.error = "";
    alert("clerk01", true);
    assert_int_equal(leaves(), 1);
}

/* Who takes messages and dies leaves them to the next, with the same id. */
static void
a_dead_sender_loses_nothing(void **state)
{
    (void)state;
    open_channel("channel_wecom");
    fake.error = "HTTP_500";
    alert("clerk01", true);
    sender();
    fake.error = "";
    pass(10 * MINUTE);
    Pb__JobRequest request = PB__JOB_REQUEST__INIT;
    Pb__CallReply *reply = NULL;
    assert_int_equal(dispatch_call_system(district.door, "t1", "rectify.v1.JobService/TakeMessages",
                                          &request.base, &district.arena, &reply),
                     STATUS_OK);
    assert_int_equal(leaves(), 0); /* it is being sent */
    pass(11 * MINUTE);
    assert_int_equal(leaves(), 1);
    assert_string_equal(fake.sent[1].id, fake.sent[0].id);
    assert_string_equal(newest("SENT")->id, fake.sent[0].id);
    assert_int_equal(newest("SENT")->attempts, 3);
}

/* Accounts enough for more messages than an hour has room for. */
static void
many_people(int n)
{
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "extra%02d", i);
        sql("INSERT INTO rectify.account (tenant, id, name, display_name, password_hash, version,"
            " event_id) VALUES (1, gen_random_uuid(), '%s', '样例', '-', 1, gen_random_uuid());"
            "INSERT INTO rectify.seat (tenant, account, org, roles, event_id) SELECT 1, a.id, o.id,"
            " 0, a.id FROM rectify.account a, rectify.org o WHERE a.name = '%s'"
            " AND o.code = 'unit02'",
            name, name);
        contact(name, arena_printf(&district.arena, "%s@example.gov.cn", name));
        alert(name, false);
    }
}

static void
the_breaker_stops_a_flood(void **state)
{
    (void)state;
    open_channel("channel_mail");
    set("outside_cap_hour", "3");
    many_people(40);
    sender();
    pass(24 * HOUR); /* the digests of forty people at once */
    for (int i = 0; i < 5; i++) {
        sender();
    }
    assert_int_equal(fake.count, 3);
    assert_true(health()->has_breaker_tripped_at_ms);
    assert_int_equal(health()->outside_waiting, 37);
    assert_true(channels()->has_breaker_tripped_at_ms);
    /* The administrator is told inside; time alone does not open it again. */
    assert_int_equal(district_number("SELECT count(*) FROM rectify.delivery d JOIN rectify.alert a"
                                     " ON a.id = d.alert JOIN rectify.account c ON c.id = d.account"
                                     " WHERE a.trigger = 'BREAKER' AND c.name = 'admin'"),
                     1);
    pass(24 * HOUR);
    assert_int_equal(leaves(), 0);
    Pb__TestChannelRequest test = PB__TEST_CHANNEL_REQUEST__INIT;
    test.channel = district_text("MAIL");
    district_refused(&district.admin, "AlertService/TestChannel", &test.base,
                     STATUS_FAILED_PRECONDITION, "BREAKER_TRIPPED");
    /* A person says so, with a reason. */
    Pb__ResetBreakerRequest reset = PB__RESET_BREAKER_REQUEST__INIT;
    district_refused(&district.admin, "AlertService/ResetBreaker", &reset.base,
                     STATUS_INVALID_ARGUMENT, "TEXT_MISSING");
    reset.reason = district_text("样例：已核实，规则有误");
    district_refused(&office, "AlertService/ResetBreaker", &reset.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_ok(&district.admin, "AlertService/ResetBreaker", &reset.base,
                &pb__reset_breaker_reply__descriptor);
    assert_int_equal(leaves(), 3); /* and it trips again, at once */
    assert_true(health()->has_breaker_tripped_at_ms);
    assert_int_equal(channels()->trips, 2);
    reset.has_discard = 1;
    reset.discard = 1;
    const Pb__ResetBreakerReply *r = district_ok(&district.admin, "AlertService/ResetBreaker",
                                                 &reset.base, &pb__reset_breaker_reply__descriptor);
    assert_int_equal(r->discarded, 34);
    assert_int_equal(leaves(), 0);
    assert_false(health()->has_breaker_tripped_at_ms);
    district_refused(&district.admin, "AlertService/ResetBreaker", &reset.base,
                     STATUS_FAILED_PRECONDITION, "BREAKER_CLOSED");
}

static void
contacts_are_checked(void **state)
{
    (void)state;
    Pb__SetContactRequest r = PB__SET_CONTACT_REQUEST__INIT;
    r.account = district_text("clerk01");
    static const char *const bad[] = {
        "clerk01",       "a@b",     "a b@c.cn", "a@b.cn\r\nBcc: x@y.cn",
        "a@b.cn,c@d.cn", "-a@b.cn", "样例@b.cn"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        r.address = district_text(bad[i]);
        district_refused(&district.admin, "AlertService/SetContact", &r.base,
                         STATUS_INVALID_ARGUMENT, "ADDRESS_FORM");
    }
    r.address = district_text("clerk01@example.gov.cn");
    district_refused(&unit01, "AlertService/SetContact", &r.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    Pb__CallRequest *e = district_envelope(&district.admin, "AlertService/SetContact", &r.base);
    for (int i = 0; i < 2; i++) { /* the same key gives the same answer, once */
        const Pb__SetContactReply *reply =
            district_read(district_send(e), &pb__set_contact_reply__descriptor);
        assert_int_equal(reply->version, 1);
    }
    contact("clerk01", "clerk01@example.gov.cn"); /* nothing changed, no version */
    contact("clerk01", "");
    assert_int_equal(district_number("SELECT version FROM rectify.contact"), 2);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.contact_version"), 2);
    assert_int_equal(channels()->n_contacts, 0);
    r.account = district_text("nobody");
    district_refused(&district.admin, "AlertService/SetContact", &r.base, STATUS_NOT_FOUND,
                     "ACCOUNT_UNKNOWN");
}

static void
a_channel_can_be_tried(void **state)
{
    (void)state;
    Pb__TestChannelRequest r = PB__TEST_CHANNEL_REQUEST__INIT;
    r.channel = district_text("WECOM");
    r.org = district_text("unit01");
    district_refused(&district.admin, "AlertService/TestChannel", &r.base,
                     STATUS_FAILED_PRECONDITION, "LINK_MISSING");
    set("link_url", "https://rectify.example.gov.cn/");
    district_refused(&district.admin, "AlertService/TestChannel", &r.base,
                     STATUS_FAILED_PRECONDITION, "ENDPOINT_MISSING"); /* no round yet */
    sender();
    pass(13 * HOUR); /* at night, and off: a test leaves all the same */
    district_ok(&district.admin, "AlertService/TestChannel", &r.base,
                &pb__test_channel_reply__descriptor);
    assert_int_equal(leaves(), 1);
    assert_string_equal(fake.sent[0].address, "unit01");
    assert_int_equal(fake.sent[0].count, 1);
    r.channel = district_text("MAIL");
    district_refused(&district.admin, "AlertService/TestChannel", &r.base,
                     STATUS_FAILED_PRECONDITION, "CONTACT_MISSING");
    r.channel = district_text("FAX");
    district_refused(&district.admin, "AlertService/TestChannel", &r.base, STATUS_INVALID_ARGUMENT,
                     "CHANNEL_UNKNOWN");
    r.channel = district_text("WECOM");
    district_refused(&unit01, "AlertService/TestChannel", &r.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
}

static void
settings_are_versions(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    set("outside_cap_hour", "10");
    set("outside_cap_hour", "10"); /* the same: no version */
    set("outside_cap_hour", "11");
    const Pb__GetSettingsReply *all = district_ok(&office, "SettingsService/GetSettings",
                                                  &empty.base, &pb__get_settings_reply__descriptor);
    bool found = false;
    for (size_t i = 0; i < all->n_settings; i++) {
        const Pb__Setting *s = all->settings[i];
        bool mine = strcmp(s->name, "outside_cap_hour") == 0;
        found = found || mine;
        assert_int_equal(s->version, mine ? 2 : 0);
        assert_string_equal(s->value, mine ? "11" : s->initial);
        assert_true(strlen(s->meaning) > 10);
    }
    assert_true(found);
    set_refused(&district.admin, "outside_cap_hour", "0", STATUS_INVALID_ARGUMENT, "SETTING_VALUE");
    set_refused(&district.admin, "no_such", "0", STATUS_NOT_FOUND, "SETTING_UNKNOWN");
    set_refused(&office, "outside_cap_hour", "9", STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_refused(&unit01, "SettingsService/GetSettings", &empty.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_refused(&unit02, "AlertService/ListChannels", &empty.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    Pb__ListMessagesRequest list = PB__LIST_MESSAGES_REQUEST__INIT;
    list.has_limit = 1;
    list.limit = 501;
    district_refused(&district.admin, "AlertService/ListMessages", &list.base,
                     STATUS_INVALID_ARGUMENT, "LIMIT_RANGE");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_leaves_by_default),
        TEST(a_count_and_a_link_leave),
        TEST(one_digest_a_day),
        TEST(nothing_left_is_nothing_sent),
        TEST(nights_are_quiet),
        TEST(days_off_are_quiet),
        TEST(a_unit_has_a_cap),
        TEST(failures_are_tried_again_and_given_up),
        TEST(a_dead_sender_loses_nothing),
        TEST(the_breaker_stops_a_flood),
        TEST(contacts_are_checked),
        TEST(a_channel_can_be_tried),
        TEST(settings_are_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
