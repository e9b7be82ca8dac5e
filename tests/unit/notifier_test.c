/* What leaves the system, against real servers of this test on 127.0.0.1: the formats and
 * signatures of each receiver, and every way a receiver can misbehave. The control is the same
 * message to a receiver that behaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/jobs/endpoint.h"
#include "server/jobs/notifier.h"
#include "server/jobs/notifier_body.h"
#include "server/jobs/sender.h"
#include "tests/support/folder.h"
#include "tests/support/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW INT64_C(1795000000123)
#define SECRET "SECtest0123456789"

static struct arena arena;
static struct config config;
static struct notifier notifier;
static struct sink sink;

static const struct notifier_message message = {"01930000-0000-7000-8000-000000000001", 3,
                                                "https://rectify.example.gov.cn/"};

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    config_init(&config);
    config.notify_timeout_seconds = 1;
    config.notify_allow_local = 1;
    assert_int_equal(notifier_curl_init(&notifier, &config, NULL), STATUS_OK);
    sink_start(&sink);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    sink_stop(&sink);
    arena_release(&arena);
    return 0;
}

static struct notifier_result
send_to(enum outside_channel channel, const char *secret)
{
    struct notifier_result r;
    const struct notifier_target target = {
        .channel = channel,
        .address = channel == CHANNEL_MAIL ? "zhang@example.gov.cn" : "unit01",
        .url = arena_printf(&arena, "http://127.0.0.1:%u/send?key=k", sink.port),
        .secret = secret,
    };
    notifier.send(&notifier, &target, &message, NOW, &r);
    return r;
}

/* The value of a JSON member or header in what the sink got, up to a stop character. */
static const char *
got_after(const char *mark, char stop)
{
    const char *p = strstr(sink.got, mark);
    assert_non_null(p);
    p += strlen(mark);
    return arena_strndup(&arena, p, (size_t)(strchr(p, stop) - p));
}

/* ---- formats: expected signatures computed by openssl dgst -sha256 -hmac ---- */

static void
wecom_gets_a_text(void **state)
{
    (void)state;
    sink_set(&sink, SINK_ANSWER, SINK_HTTP("200 OK", "{\"errcode\":0,\"errmsg\":\"ok\"}"));
    assert_string_equal(send_to(CHANNEL_WECOM, "").error, "");
    assert_non_null(strstr(sink.got, "POST /send?key=k HTTP/1.1"));
    assert_non_null(strstr(sink.got, "{\"msgtype\":\"text\",\"text\":{\"content\":\""
                                     "您有 3 项待办，请登录查看：https://rectify.example.gov.cn/"
                                     "\"}}"));
}

static void
dingtalk_is_signed_in_the_query(void **state)
{
    (void)state;
    sink_set(&sink, SINK_ANSWER, SINK_HTTP("200 OK", "{\"errcode\":0}"));
    assert_string_equal(send_to(CHANNEL_DINGTALK, SECRET).error, "");
    assert_string_equal(got_after("&timestamp=", '&'), "1795000000123");
    assert_string_equal(got_after("&sign=", ' '),
                        "6IFxlAsPnZ8VYMSYsqXn1eHob0lVu%2F%2Fs57ECSTHU4tk%3D");
    assert_string_equal(send_to(CHANNEL_DINGTALK, "").error, ""); /* a robot without a secret */
    assert_null(strstr(sink.got, "sign="));
}

static void
feishu_is_signed_in_the_body(void **state)
{
    (void)state;
    sink_set(&sink, SINK_ANSWER, SINK_HTTP("200 OK", "{\"code\":0,\"msg\":\"success\"}"));
    assert_string_equal(send_to(CHANNEL_FEISHU, SECRET).error, "");
    assert_string_equal(got_after("\"timestamp\":\"", '"'), "1795000000");
    assert_string_equal(got_after("\"sign\":\"", '"'),
                        "knlUv0VZiTd+yUBEybAeEa/CsjL4IXwZp35fquhlpIM=");
    assert_non_null(
        strstr(sink.got, "\"msg_type\":\"text\",\"content\":{\"text\":\"您有 3 项待办"));
}

static void
webhooks_are_signed_in_the_head(void **state)
{
    (void)state;
    sink_set(&sink, SINK_ANSWER, SINK_HTTP("204 No Content", ""));
    assert_string_equal(send_to(CHANNEL_WEBHOOK, SECRET).error, "");
    assert_string_equal(got_after("X-Rectify-Delivery: ", '\r'), message.delivery_id);
    assert_string_equal(got_after("X-Rectify-Timestamp: ", '\r'), "1795000000");
    assert_string_equal(got_after("X-Rectify-Signature: sha256=", '\r'),
                        "d726b2b335afabf1f19c0e2e31131b53380a8b68ee3b37388eb7d4217bdcf920");
    assert_non_null(strstr(sink.got, "{\"delivery\":\"01930000-0000-7000-8000-000000000001\","
                                     "\"to\":\"unit01\",\"count\":3,"
                                     "\"link\":\"https://rectify.example.gov.cn/\"}"));
    unsigned hits = sink_hits(&sink);
    assert_string_equal(send_to(CHANNEL_WEBHOOK, "").error, "SECRET_MISSING");
    assert_int_equal(sink_hits(&sink), hits);
}

/* ---- receivers that misbehave ---- */

static void
expect(enum sink_mode mode, const char *answer, const char *error, bool permanent)
{
    sink_set(&sink, mode, answer);
    struct notifier_result r = send_to(CHANNEL_WECOM, "");
    assert_string_equal(r.error, error);
    assert_int_equal(r.permanent, permanent);
}

static void
what_a_receiver_answers_is_judged(void **state)
{
    (void)state;
    expect(SINK_ANSWER, SINK_HTTP("200 OK", "{\"errcode\":0}"), "", false);
    expect(SINK_ANSWER, SINK_HTTP("500 Oops", ""), "HTTP_500", false);
    expect(SINK_ANSWER, SINK_HTTP("503 Later", ""), "HTTP_503", false);
    expect(SINK_ANSWER, SINK_HTTP("429 Slow down", ""), "HTTP_429", false);
    expect(SINK_ANSWER, SINK_HTTP("404 Gone", ""), "HTTP_404", true);
    expect(SINK_ANSWER, SINK_HTTP("200 OK", "{\"errcode\":45009}"), "ROBOT_45009", false);
    expect(SINK_ANSWER, SINK_HTTP("200 OK", "<html>login</html>"), "GARBAGE", false);
    expect(SINK_ANSWER, SINK_HTTP("200 OK", "{\"errcode\":\"0\"}"), "GARBAGE", false);
    expect(SINK_ANSWER, SINK_HTTP("200 OK", ""), "GARBAGE", false);
    expect(SINK_ANSWER, SINK_HTTP("200 OK", "[[[[[[[[[[[["), "GARBAGE", false);
    expect(SINK_HUGE, NULL, "REPLY_TOO_LARGE", false);
    sink_set(&sink, SINK_CLOSE, NULL); /* EMPTY or BROKEN, as the network has it */
    assert_string_not_equal(send_to(CHANNEL_WECOM, "").error, "");
    expect(SINK_ANSWER, SINK_HTTP("200 OK", "{\"errcode\":0}"), "", false);
}

static void
slow_receivers_are_given_up(void **state)
{
    (void)state;
    expect(SINK_SILENT, NULL, "TIMEOUT", false);
    expect(SINK_DRIP, SINK_HTTP("200 OK", "{\"errcode\":0}"), "TIMEOUT", false);
}

static void
garbage_is_no_answer(void **state)
{
    (void)state;
    sink_set(&sink, SINK_GARBAGE, NULL);
    struct notifier_result r = send_to(CHANNEL_WECOM, "");
    assert_string_not_equal(r.error, "");
    assert_false(r.permanent);
}

/* A redirect is not followed: the second sink hears nothing. */
static void
redirects_are_not_followed(void **state)
{
    (void)state;
    static struct sink other;
    sink_start(&other);
    char *answer = arena_printf(&arena,
                                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/x\r\n"
                                "Connection: close\r\nContent-Length: 0\r\n\r\n",
                                other.port);
    expect(SINK_ANSWER, answer, "HTTP_302", true);
    assert_int_equal(sink_hits(&other), 0);
    sink_stop(&other);
}

/* ---- addresses ---- */

static void
only_safe_addresses_are_called(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good;
        bool good_with_local;
    } cases[] = {
        {"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", true, true},
        {"https://10.1.2.3/hook", true, true}, /* a district's own network */
        {"http://qyapi.weixin.qq.com/", false, false},
        {"http://127.0.0.1:8080/x", false, true},
        {"https://127.0.0.1/x", false, true},
        {"https://127.0.0.2/x", false, false},
        {"http://localhost/x", false, false},
        {"https://169.254.169.254/latest/meta-data/", false, false},
        {"https://0.0.0.0/", false, false},
        {"https://[fe80::1]/", false, false},
        {"https://[::1]/", false, false},
        {"https://[::ffff:169.254.169.254]/", false, false},
        {"https://[fd00:ec2::254]/", false, false},
        {"https://100.100.100.200/", false, false},
        {"https://224.0.0.1/", false, false},
        {"https://2852039166/", false, false}, /* 169.254.169.254 as a number */
        {"https://user:pass@example.com/", false, false},
        {"https://example.com/#x", false, false},
        {"ftp://example.com/", false, false},
        {"file:///etc/passwd", false, false},
        {"gopher://example.com/", false, false},
        {"https://", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool good = notifier_url_check(cases[i].url, false, NULL) == STATUS_OK;
        bool local = notifier_url_check(cases[i].url, true, NULL) == STATUS_OK;
        if (good != cases[i].good || local != cases[i].good_with_local) {
            print_error("%s\n", cases[i].url);
        }
        assert_int_equal(good, cases[i].good);
        assert_int_equal(local, cases[i].good_with_local);
    }
    assert_int_not_equal(notifier_url_check(NULL, true, NULL), STATUS_OK);
}

/* The same at the moment of connecting, when a name turns out to be this machine. */
static void
a_name_that_leads_here_is_not_called(void **state)
{
    (void)state;
    struct notifier_result r;
    unsigned hits = sink_hits(&sink);
    const struct notifier_target target = {
        .channel = CHANNEL_WECOM,
        .url = arena_printf(&arena, "https://localhost:%u/", sink.port),
        .secret = "",
    };
    config.notify_allow_local = 0;
    notifier.send(&notifier, &target, &message, NOW, &r);
    config.notify_allow_local = 1;
    assert_string_equal(r.error, "ADDRESS_FORBIDDEN");
    assert_true(r.permanent);
    assert_int_equal(sink_hits(&sink), hits);
}

/* ---- mail ---- */

static void
mail_config(void)
{
    snprintf(config.mail_url, sizeof config.mail_url, "smtp://127.0.0.1:%u", sink.port);
    snprintf(config.mail_from, sizeof config.mail_from, "rectify@example.gov.cn");
}

static void
mail_says_a_count_and_a_link(void **state)
{
    (void)state;
    mail_config();
    sink_set(&sink, SINK_SMTP, "250 ok\r\n");
    assert_string_equal(send_to(CHANNEL_MAIL, "").error, "");
    assert_non_null(strstr(sink.got, "MAIL FROM:<rectify@example.gov.cn>"));
    assert_non_null(strstr(sink.got, "RCPT TO:<zhang@example.gov.cn>"));
    assert_non_null(strstr(sink.got, "Message-ID: <01930000-0000-7000-8000-000000000001@"));
    assert_non_null(strstr(sink.got, "Subject: =?UTF-8?B?5beh6KeG5pW05pS55b6F5Yqe5o+Q6YaS?="));
    /* base64 of 您有 3 项待办，请登录查看：https://rectify.example.gov.cn/ */
    assert_non_null(strstr(
        sink.got, "5oKo5pyJIDMg6aG55b6F5Yqe77yM6K+355m75b2V5p+l55yL77yaaHR0cHM6Ly9yZWN0aWZ5LmV4"));
}

static void
mail_servers_answers_are_judged(void **state)
{
    (void)state;
    mail_config();
    sink_set(&sink, SINK_SMTP, "550 no such user\r\n");
    struct notifier_result r = send_to(CHANNEL_MAIL, "");
    assert_string_equal(r.error, "SMTP_550");
    assert_true(r.permanent);
    sink_set(&sink, SINK_SMTP, "451 try later\r\n");
    r = send_to(CHANNEL_MAIL, "");
    assert_string_equal(r.error, "SMTP_451");
    assert_false(r.permanent);
    sink_set(&sink, SINK_SILENT, NULL);
    assert_string_equal(send_to(CHANNEL_MAIL, "").error, "TIMEOUT");
}

/* Where plain mail is not allowed, a server without STARTTLS gets nothing. */
static void
mail_wants_tls(void **state)
{
    (void)state;
    mail_config();
    sink_set(&sink, SINK_SMTP, "250 ok\r\n");
    config.notify_allow_local = 0;
    struct notifier_result r = send_to(CHANNEL_MAIL, "");
    config.notify_allow_local = 1;
    assert_string_equal(r.error, "ADDRESS_FORBIDDEN");
    snprintf(config.mail_url, sizeof config.mail_url, "http://127.0.0.1:%u", sink.port);
    assert_string_equal(send_to(CHANNEL_MAIL, "").error, "MAIL_NOT_CONFIGURED");
}

static void
nothing_can_be_put_into_a_mails_head(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a@b.cn\r\nBcc: all@b.cn", "a@b.cn,c@d.cn", "<a@b.cn>", "a b@c.cn", "", "nobody",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(notifier_mail("r@b.cn", bad[i], &message, NOW, &arena));
        assert_null(notifier_mail(bad[i], "a@b.cn", &message, NOW, &arena));
    }
    assert_non_null(notifier_mail("r@b.cn", "a@b.cn", &message, NOW, &arena));
}

/* ---- endpoints ---- */

static void
put_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char *path = arena_printf(&arena, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void
endpoints_are_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/rectify-endpoints-XXXXXX";
    assert_non_null(mkdtemp(folder));
    config.mail_url[0] = '\0';
    snprintf(config.endpoint_dir, sizeof config.endpoint_dir, "%s", folder);
    put_file(folder, "unit01.wecom", "https://example.com/a\n", 0600);
    put_file(folder, "default.dingtalk", "https://example.com/b\nSEC1\n", 0600);
    put_file(folder, "unit02.webhook", "https://example.com/c\n", 0600); /* no secret */
    put_file(folder, "unit03.wecom", "https://example.com/d\n", 0644);   /* others may read */
    put_file(folder, "unit04.feishu", "http://example.com/e\n", 0600);   /* no TLS */
    put_file(folder, "README", "x", 0644);
    put_file(folder, "unit05.wecom~", "x", 0644);
    struct endpoint_list list;
    struct fault fault = {0};
    assert_int_equal(endpoints_read(&config, &arena, &list, &fault), STATUS_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.bad, 3);
    assert_string_equal(endpoint_find(&list, "unit01", CHANNEL_WECOM)->url,
                        "https://example.com/a");
    assert_null(endpoint_find(&list, "unit02", CHANNEL_WECOM));
    assert_string_equal(endpoint_find(&list, "unit99", CHANNEL_DINGTALK)->secret, "SEC1");
    folder_remove(folder);
    assert_int_equal(endpoints_read(&config, &arena, &list, &fault), STATUS_NOT_FOUND);
    config.endpoint_dir[0] = '\0';
    assert_int_equal(endpoints_read(&config, &arena, &list, &fault), STATUS_OK);
    assert_int_equal(list.count, 0);
}

static void
waiting_grows_and_ends(void **state)
{
    (void)state;
    int64_t former = 0;
    for (int attempt = 1; attempt < 12; attempt++) {
        int64_t least = sender_backoff_ms(attempt, 0);
        int64_t most = sender_backoff_ms(attempt, 999);
        assert_true(least < most && least >= former && most <= 3600000 * 5 / 4);
        former = attempt < 7 ? least : former;
    }
    assert_int_equal(sender_backoff_ms(1, 0), 22500);
    assert_int_equal(sender_backoff_ms(1, 500), 30000);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(wecom_gets_a_text),
        TEST(dingtalk_is_signed_in_the_query),
        TEST(feishu_is_signed_in_the_body),
        TEST(webhooks_are_signed_in_the_head),
        TEST(what_a_receiver_answers_is_judged),
        TEST(slow_receivers_are_given_up),
        TEST(garbage_is_no_answer),
        TEST(redirects_are_not_followed),
        TEST(only_safe_addresses_are_called),
        TEST(a_name_that_leads_here_is_not_called),
        TEST(mail_says_a_count_and_a_link),
        TEST(mail_servers_answers_are_judged),
        TEST(mail_wants_tls),
        TEST(nothing_can_be_put_into_a_mails_head),
        TEST(endpoints_are_files),
        TEST(waiting_grows_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
