/* Alerts on the unit's machine: kept before the cursor moves, told once and in order. */
#include "client/lib/agent_state.h"
#include "client/lib/alerts.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "tests/support/fixture.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ID(n) "0190e5a0-0000-7000-8000-0000000000" n
enum { ALERTS_MAX = 8 };

static char folder[256];
static struct rectify_alerts *store;
static struct arena arena;
static struct fault f;

static void
store_open(void)
{
    rectify_alerts_free(store);
    store = NULL;
    if (rectify_alerts_open(folder, &store, &f) != STATUS_OK) {
        fail_msg("%s", f.message);
    }
}

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 * 1024 * 1024);
    snprintf(folder, sizeof folder, "%s/alerts-XXXXXX", test_dir());
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    store_open();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rectify_alerts_free(store);
    store = NULL;
    arena_release(&arena);
    return 0;
}

static char *
text(const char *s)
{
    char *copy = arena_strdup(&arena, s);
    assert_non_null(copy);
    return copy;
}

/* Delivers the alerts with these ids, numbered from first on. */
static enum status
deliver(const char *account, int64_t first, const char *const *ids, size_t n, uint64_t *ret_new)
{
    Pb__WaitAlertsReply reply = PB__WAIT_ALERTS_REPLY__INIT;
    Pb__Alert alerts[ALERTS_MAX];
    Pb__Alert *list[ALERTS_MAX];
    assert_true(n <= ALERTS_MAX);
    for (size_t i = 0; i < n; i++) {
        pb__alert__init(&alerts[i]);
        alerts[i].id = ids[i] != NULL ? text(ids[i]) : NULL;
        alerts[i].has_seq = alerts[i].has_level = true;
        alerts[i].seq = first + (int64_t)i;
        alerts[i].level = 4;
        alerts[i].subject_ref = text("P-07-M-03");
        alerts[i].text = text("措施 P-07-M-03 已超期 1 天。");
        list[i] = &alerts[i];
    }
    reply.alerts = list;
    reply.n_alerts = n;
    reply.has_cursor = true;
    reply.cursor = first + (int64_t)n - 1;
    return rectify_alerts_receive(store, account, &reply, 1000, ret_new, &f);
}

static int64_t
cursor_of(const char *account)
{
    int64_t cursor = -1;
    assert_int_equal(rectify_alerts_cursor(store, account, &cursor, &f), STATUS_OK);
    return cursor;
}

/* The ids that wait, one letter each (their last), in order. */
static const char *
waiting(enum rectify_tell how)
{
    static char letters[ALERTS_MAX + 1];
    struct rectify_alert_list list;
    assert_int_equal(rectify_alerts_waiting(store, &arena, how, ALERTS_MAX, &list, &f), STATUS_OK);
    assert_int_equal(list.count, list.total);
    for (size_t i = 0; i < list.count; i++) {
        letters[i] = list.items[i].id[strlen(list.items[i].id) - 1];
    }
    letters[list.count] = '\0';
    return letters;
}

static struct rectify_alert
first_waiting(enum rectify_tell how)
{
    struct rectify_alert_list list;
    assert_int_equal(rectify_alerts_waiting(store, &arena, how, 1, &list, &f), STATUS_OK);
    assert_int_equal(list.count, 1);
    return list.items[0];
}

static void
tell(enum rectify_tell how, enum rectify_told told)
{
    struct rectify_alert alert = first_waiting(how);
    assert_int_equal(rectify_alerts_told(store, alert.place, how, told, 2000, &f), STATUS_OK);
}

/* ---- tests ---- */

static void
test_arrive_once_in_order(void **state)
{
    static const char *const ids[] = {ID("0a"), ID("0b"), ID("0c")};
    static const char *const again[] = {ID("0c"), ID("0d")};
    uint64_t fresh = 0;
    (void)state;
    assert_int_equal(cursor_of("unit01"), 0);
    assert_int_equal(deliver("unit01", 1, ids, 3, &fresh), STATUS_OK);
    assert_int_equal(fresh, 3);
    assert_int_equal(cursor_of("unit01"), 3);
    assert_string_equal(waiting(RECTIFY_TELL_SHOW), "abc");
    tell(RECTIFY_TELL_SHOW, RECTIFY_TOLD_DONE);
    assert_int_equal(deliver("unit01", 3, again, 2, &fresh), STATUS_OK);
    assert_int_equal(fresh, 1);
    assert_string_equal(waiting(RECTIFY_TELL_SHOW), "bcd");
    assert_string_equal(waiting(RECTIFY_TELL_HOOK), "abcd");
    assert_int_equal(cursor_of("unit02"), 0); /* another account has a sequence of its own */
}

static void
test_nothing_kept_no_cursor(void **state)
{
    static const char *const ids[] = {ID("0a"), NULL};
    uint64_t fresh = 7;
    (void)state;
    assert_int_equal(deliver("unit01", 1, ids, 2, &fresh), STATUS_DATA_LOSS);
    assert_string_equal(f.reason, "REPLY_MALFORMED");
    assert_int_equal(fresh, 7);
    assert_int_equal(cursor_of("unit01"), 0);
    assert_string_equal(waiting(RECTIFY_TELL_SHOW), "");
}

/* A process that is killed after it stored and before it told: what it stored is told by the next.
 */
static void
test_killed_between(void **state)
{
    static const char *const ids[] = {ID("0a"), ID("0b")};
    uint64_t fresh = 0;
    int how = 0;
    (void)state;
    rectify_alerts_free(store);
    store = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool good = rectify_alerts_open(folder, &store, &f) == STATUS_OK &&
                    deliver("unit01", 1, ids, 2, &fresh) == STATUS_OK;
        (void)kill(getpid(), good ? SIGKILL : SIGTERM);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    store_open();
    assert_int_equal(cursor_of("unit01"), 2);
    assert_string_equal(waiting(RECTIFY_TELL_HOOK), "ab");
    tell(RECTIFY_TELL_HOOK, RECTIFY_TOLD_DONE);
    store_open();
    assert_string_equal(waiting(RECTIFY_TELL_HOOK), "b");
}

static void
test_rewind_tells_nothing_twice(void **state)
{
    static const char *const ids[] = {ID("0a"), ID("0b")};
    static const char *const after[] = {ID("0a"), ID("0e")};
    char id[RECTIFY_ALERT_ID_SIZE];
    uint64_t fresh = 0;
    (void)state;
    assert_int_equal(deliver("unit01", 1, ids, 2, &fresh), STATUS_OK);
    tell(RECTIFY_TELL_SHOW, RECTIFY_TOLD_DONE);
    tell(RECTIFY_TELL_SHOW, RECTIFY_TOLD_DONE);
    assert_int_equal(rectify_alerts_rewind(store, "unit01", &f), STATUS_OK);
    assert_int_equal(cursor_of("unit01"), 0);
    assert_int_equal(deliver("unit01", 1, after, 2, &fresh), STATUS_OK);
    assert_int_equal(fresh, 1);
    assert_string_equal(waiting(RECTIFY_TELL_SHOW), "e");
    assert_int_equal(rectify_alerts_id(store, "unit01", 2, id, &f), STATUS_OK);
    assert_string_equal(id, ID("0e")); /* the number was given a second time */
    assert_int_equal(rectify_alerts_id(store, "unit01", 9, id, &f), STATUS_NOT_FOUND);
}

static void
test_settled_before_it_came(void **state)
{
    Pb__WaitAlertsReply reply = PB__WAIT_ALERTS_REPLY__INIT;
    Pb__Alert alert = PB__ALERT__INIT;
    Pb__Alert *list[] = {&alert};
    struct rectify_alert_counts counts;
    uint64_t fresh = 0;
    (void)state;
    alert.id = text(ID("0a"));
    alert.has_seq = alert.has_acknowledged_at_ms = true;
    alert.seq = 1;
    alert.acknowledged_at_ms = 900;
    reply.alerts = list;
    reply.n_alerts = 1;
    assert_int_equal(rectify_alerts_receive(store, "unit01", &reply, 1000, &fresh, &f), STATUS_OK);
    assert_string_equal(waiting(RECTIFY_TELL_SHOW), ""); /* seen elsewhere */
    assert_string_equal(waiting(RECTIFY_TELL_HOOK), "a");
    assert_int_equal(rectify_alerts_counts_get(store, 1000, &counts, &f), STATUS_OK);
    assert_int_equal(counts.kept, 1);
    assert_int_equal(counts.open, 0);
}

static void
test_own_messages(void **state)
{
    struct rectify_alert own = {
        .id = "DIGEST-2026-11-30", .kind = "DIGEST", .title = "提要", .text = "今日：“超期”\n2"};
    struct rectify_alert_counts counts;
    bool new = false;
    (void)state;
    assert_int_equal(rectify_alerts_add(store, &own, 1000, &new, &f), STATUS_OK);
    assert_true(new);
    assert_int_equal(rectify_alerts_add(store, &own, 5000, &new, &f), STATUS_OK);
    assert_false(new);
    struct rectify_alert got = first_waiting(RECTIFY_TELL_HOOK);
    assert_int_equal(got.arrived_at_ms, 1000);
    json_t *json = json_loads(rectify_alert_json(&arena, &got), 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "text")), own.text);
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "DIGEST");
    assert_true(json_is_null(json_object_get(json, "alert")));
    json_decref(json);
    tell(RECTIFY_TELL_HOOK, RECTIFY_TOLD_GIVEN_UP);
    assert_int_equal(rectify_alerts_counts_get(store, 3000, &counts, &f), STATUS_OK);
    assert_int_equal(counts.hook_given_up, 1);
    assert_int_equal(counts.kept, 0); /* of the server's */
}

static void
test_json_has_the_servers(void **state)
{
    static const char *const ids[] = {ID("0a")};
    uint64_t fresh = 0;
    (void)state;
    assert_int_equal(deliver("unit01", 5, ids, 1, &fresh), STATUS_OK);
    struct rectify_alert got = first_waiting(RECTIFY_TELL_HOOK);
    json_t *json = json_loads(rectify_alert_json(&arena, &got), 0, NULL);
    json_t *server = json_object_get(json, "alert");
    assert_string_equal(json_string_value(json_object_get(json, "id")), ID("0a"));
    assert_string_equal(json_string_value(json_object_get(server, "subject_ref")), "P-07-M-03");
    assert_int_equal(json_integer_value(json_object_get(server, "level")), 4);
    json_decref(json);
}

static void
test_pass_tidy(void **state)
{
    static const char *const ids[] = {ID("0a"), ID("0b"), ID("0c")};
    uint64_t fresh = 0;
    (void)state;
    assert_int_equal(deliver("unit01", 1, ids, 3, &fresh), STATUS_OK);
    int64_t place = first_waiting(RECTIFY_TELL_SHOW).place;
    assert_int_equal(rectify_alerts_pass(store, RECTIFY_TELL_SHOW, place + 1, 1000, &f), STATUS_OK);
    assert_string_equal(waiting(RECTIFY_TELL_SHOW), "c");
    tell(RECTIFY_TELL_HOOK, RECTIFY_TOLD_DONE);
    assert_int_equal(rectify_alerts_tidy(store, 1000 + LIMIT_ALERTS_KEPT_MS, &f), STATUS_OK);
    assert_int_equal(rectify_alerts_id(store, "unit01", 1, (char[RECTIFY_ALERT_ID_SIZE]){0}, &f),
                     STATUS_OK); /* not older yet */
    assert_int_equal(rectify_alerts_tidy(store, 1001 + LIMIT_ALERTS_KEPT_MS, &f), STATUS_OK);
    assert_int_equal(rectify_alerts_id(store, "unit01", 1, (char[RECTIFY_ALERT_ID_SIZE]){0}, &f),
                     STATUS_NOT_FOUND);
    assert_string_equal(waiting(RECTIFY_TELL_HOOK), "bc"); /* not told yet: stays */
}

/* The file is no database: put aside, and everything begins anew. */
static void
test_damaged(void **state)
{
    static const char *const ids[] = {ID("0a")};
    static const char noise[] = "this is no database, however long it may be, and never was one";
    char path[320];
    uint64_t fresh = 0;
    (void)state;
    assert_int_equal(deliver("unit01", 1, ids, 1, &fresh), STATUS_OK);
    rectify_alerts_free(store);
    store = NULL;
    snprintf(path, sizeof path, "%s/alerts.db", folder);
    assert_int_equal(rectify_file_replace(path, 0600, noise, sizeof noise, &f), STATUS_OK);
    store_open();
    assert_int_equal(cursor_of("unit01"), 0);
    assert_int_equal(deliver("unit01", 1, ids, 1, &fresh), STATUS_OK);
    assert_int_equal(fresh, 1);
    snprintf(path, sizeof path, "%s/alerts.db.damaged", folder);
    assert_true(rectify_file_exists(path));
}

static void
test_facts(void **state)
{
    char value[RECTIFY_KEPT_SIZE] = "x";
    (void)state;
    assert_int_equal(rectify_alerts_fact(store, "digest", value, &f), STATUS_OK);
    assert_string_equal(value, "");
    assert_int_equal(rectify_alerts_fact_set(store, "digest", "2026-11-29", &f), STATUS_OK);
    assert_int_equal(rectify_alerts_fact_set(store, "digest", "2026-11-30", &f), STATUS_OK);
    store_open();
    assert_int_equal(rectify_alerts_fact(store, "digest", value, &f), STATUS_OK);
    assert_string_equal(value, "2026-11-30");
}

static void
test_agent_state(void **state)
{
    struct rectify_agent_state saved = {.pid = 4711,
                                        .version = "rectify-agent 0.1.0",
                                        .line = RECTIFY_LINE_DOWN,
                                        .line_since_ms = 12345,
                                        .line_reason = "CONNECT_REFUSED",
                                        .line_message = "连不上。\n请检查 = 网络。",
                                        .has_clock_difference = true,
                                        .clock_difference_ms = -250,
                                        .trouble = RECTIFY_TROUBLE_LOGIN};
    struct rectify_agent_state loaded;
    char path[320];
    static const char odd[] = "line = sideways\n";
    static const char newer[] = "line = up\nnew_key = 1\npid = 3\n";
    (void)state;
    assert_int_equal(rectify_agent_state_load(folder, &loaded, &f), STATUS_NOT_FOUND);
    assert_int_equal(rectify_agent_state_save(folder, &saved, &f), STATUS_OK);
    assert_int_equal(rectify_agent_state_load(folder, &loaded, &f), STATUS_OK);
    assert_int_equal(loaded.pid, 4711);
    assert_int_equal(loaded.line, RECTIFY_LINE_DOWN);
    assert_string_equal(loaded.line_message, "连不上。 请检查 = 网络。");
    assert_true(loaded.has_clock_difference);
    assert_int_equal(loaded.clock_difference_ms, -250);
    assert_string_equal(loaded.trouble, "LOGIN");
    assert_string_equal(loaded.trouble_reason, "");
    snprintf(path, sizeof path, "%s/agent.state", folder);
    assert_int_equal(rectify_file_replace(path, 0600, odd, sizeof odd - 1, &f), STATUS_OK);
    assert_int_equal(rectify_agent_state_load(folder, &loaded, &f), STATUS_INVALID_ARGUMENT);
    assert_int_equal(rectify_file_replace(path, 0600, newer, sizeof newer - 1, &f), STATUS_OK);
    assert_int_equal(rectify_agent_state_load(folder, &loaded, &f), STATUS_OK);
    assert_int_equal(loaded.pid, 3);
    assert_false(loaded.has_clock_difference);
}

static void
test_agent_lock(void **state)
{
    int fd = -1;
    int second = -1;
    (void)state;
    assert_false(rectify_agent_running(folder));
    assert_int_equal(rectify_agent_lock(folder, &fd, &f), STATUS_OK);
    assert_true(rectify_agent_running(folder));
    assert_int_equal(rectify_agent_lock(folder, &second, &f), STATUS_ALREADY_EXISTS);
    assert_string_equal(f.reason, "AGENT_RUNNING");
    assert_int_equal(second, -1);
    (void)close(fd);
    assert_false(rectify_agent_running(folder));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arrive_once_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_kept_no_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rewind_tells_nothing_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settled_before_it_came, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_has_the_servers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pass_tidy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_lock, setup, teardown),
    };
    return cmocka_run_group_tests_name("client_alerts", tests, NULL, NULL);
}
