/* Alerts: raised once, delivered to who must hear, cancelled when their reason is gone. */
#include "tests/service/slice.h"

#include "server/jobs/scheduler.h"

#include <pthread.h>
#include <time.h>

static const Pb__ListAlertsReply *
alerts_of(int account, bool open)
{
    Pb__ListAlertsRequest request = PB__LIST_ALERTS_REQUEST__INIT;
    request.has_open = 1;
    request.open = open;
    return slice_ok(account, "AlertService/ListAlerts", &request.base,
                    &pb__list_alerts_reply__descriptor);
}

static const Pb__Alert *
find(const Pb__ListAlertsReply *list, const char *ref, int level)
{
    for (size_t i = 0; i < list->n_alerts; i++) {
        if (strcmp(list->alerts[i]->subject_ref, ref) == 0 && list->alerts[i]->level == level) {
            return list->alerts[i];
        }
    }
    return NULL;
}

static void
a_rerun_raises_nothing(void **state)
{
    (void)state;
    slice_sign_all();
    const Pb__JobReply *first = slice_job("RaiseAlerts");
    assert_true(first->changed > 0);
    assert_true(first->delivered > 0);
    long events = slice_count("SELECT count(*) FROM rectify.event");
    for (int i = 0; i < 3; i++) {
        const Pb__JobReply *again = slice_job("RaiseAlerts");
        assert_int_equal(again->changed, 0);
        assert_int_equal(again->cancelled, 0);
        assert_int_equal(again->delivered, 0);
    }
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"), events);
    assert_int_equal(slice_count("SELECT count(*) - count(DISTINCT key) FROM rectify.alert"), 0);
}

static void
who_hears_depends_on_the_level(void **state)
{
    (void)state;
    slice_sign_all();
    slice_job("RaiseAlerts");
    /* 10 days left: level 2, for the unit alone. 立行立改 with 2 days left: level 2 too. */
    const Pb__ListAlertsReply *own = alerts_of(UNIT1, true);
    const Pb__Alert *a = find(own, "P-01-M-01", 2);
    assert_non_null(a);
    assert_int_equal(a->light, PB__LIGHT__DUE_SOON);
    assert_int_equal(a->days_left, 10);
    assert_int_equal(a->milestone, PB__MILESTONE_KIND__EFFECT);
    assert_string_equal(a->trigger, "DAYS_LEFT");
    assert_non_null(strstr(a->text, "P-01-M-01"));
    assert_non_null(strstr(a->text, "2026-11-20"));
    assert_non_null(find(own, "P-01-M-02", 2));
    assert_null(find(own, "P-02-M-01", 2));
    assert_null(find(alerts_of(OFFICE1, true), "P-01-M-01", 2));
    assert_int_equal(alerts_of(LEADER1, true)->n_alerts, 0);
    /* Three days left and nothing claimed: the leader hears. Overdue: the office and the group. */
    slice_day("2026-11-17");
    slice_job("RaiseAlerts");
    assert_non_null(find(alerts_of(LEADER1, true), "P-01-M-01", 3));
    slice_day("2026-11-21");
    slice_job("RaiseAlerts");
    a = find(alerts_of(OFFICE1, true), "P-01-M-01", 4);
    assert_non_null(a);
    assert_int_equal(a->days_left, -1);
    assert_int_equal(a->light, PB__LIGHT__OVERDUE);
    assert_non_null(find(alerts_of(SGROUP1, true), "P-01-M-01", 4));
    assert_int_equal(alerts_of(LGROUP1, true)->n_alerts, 0);
}

static void
alerts_are_cancelled_with_their_reason(void **state)
{
    (void)state;
    slice_sign_all();
    slice_job("RaiseAlerts");
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
    slice_sql("UPDATE rectify.milestone SET current_due = '2027-03-01', due_version = 2,"
              " version = version + 1 WHERE measure = '%s' AND kind = 1",
              slice_id(61));
    const Pb__JobReply *r = slice_job("RaiseAlerts");
    assert_int_equal(r->cancelled, 2);
    const Pb__ListAlertsReply *open = alerts_of(UNIT1, true);
    assert_null(find(open, "P-01-M-02", 2));
    assert_null(find(open, "P-01-M-01", 2));
    assert_non_null(find(alerts_of(UNIT1, false), "P-01-M-02", 2));
    assert_int_equal(slice_job("RaiseAlerts")->cancelled, 0);
}

static void
missing_tables_and_unsigned_measures_warn(void **state)
{
    (void)state;
    slice_day("2026-11-20"); /* assigned on 10-28: signing is long overdue */
    slice_job("OpenObligations");
    slice_job("RaiseAlerts");
    const Pb__ListAlertsReply *own = alerts_of(UNIT1, true);
    const Pb__Alert *a = find(own, "unit01 2026-10", 4);
    assert_non_null(a);
    assert_string_equal(a->subject_kind, "TABLE");
    assert_string_equal(a->trigger, "TABLE_MISSING");
    bool unsigned_found = false;
    for (size_t i = 0; i < own->n_alerts; i++) {
        unsigned_found = unsigned_found || (!own->alerts[i]->has_milestone &&
                                            strcmp(own->alerts[i]->subject_ref, "P-01-M-03") == 0);
    }
    assert_true(unsigned_found);
    slice_sign_all();
    assert_int_equal(slice_job("RaiseAlerts")->cancelled, 3);
}

static void
the_cursor_never_skips(void **state)
{
    (void)state;
    slice_sign_all();
    slice_job("RaiseAlerts");
    Pb__WaitAlertsRequest request = PB__WAIT_ALERTS_REQUEST__INIT;
    request.has_wait_ms = 1;
    request.wait_ms = 0;
    request.has_cursor = 1;
    const Pb__WaitAlertsReply *r = slice_ok(UNIT1, "AlertService/WaitAlerts", &request.base,
                                            &pb__wait_alerts_reply__descriptor);
    assert_true(r->n_alerts > 0);
    for (size_t i = 0; i < r->n_alerts; i++) {
        assert_int_equal(r->alerts[i]->seq, i + 1);
    }
    request.cursor = r->cursor;
    r = slice_ok(UNIT1, "AlertService/WaitAlerts", &request.base,
                 &pb__wait_alerts_reply__descriptor);
    assert_int_equal(r->n_alerts, 0);
    assert_int_equal(r->cursor, request.cursor);
    Pb__AckAlertRequest ack = PB__ACK_ALERT_REQUEST__INIT;
    ack.has_up_to_seq = 1;
    ack.up_to_seq = 1;
    const Pb__AckAlertReply *done =
        slice_ok(UNIT1, "AlertService/AckAlert", &ack.base, &pb__ack_alert_reply__descriptor);
    assert_int_equal(done->acknowledged, 1);
    done = slice_ok(UNIT1, "AlertService/AckAlert", &ack.base, &pb__ack_alert_reply__descriptor);
    assert_int_equal(done->acknowledged, 0);
    assert_int_equal(alerts_of(UNIT1, true)->n_alerts, alerts_of(UNIT1, false)->n_alerts - 1);
}

struct parked {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    unsigned char *bytes;
    size_t size;
};

static void
take_answer(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct parked *p = ctx;
    (void)handle;
    pthread_mutex_lock(&p->lock);
    p->bytes = bytes;
    p->size = size;
    pthread_cond_signal(&p->answered);
    pthread_mutex_unlock(&p->lock);
}

/* Sends a WaitAlerts that nothing answers yet, and waits until it is parked. */
static void
park(struct parked *p)
{
    Pb__WaitAlertsRequest request = PB__WAIT_ALERTS_REQUEST__INIT;
    request.has_wait_ms = 1;
    request.wait_ms = 50000; /* the answer must come by the wake, long before */
    Pb__CallRequest e = PB__CALL_REQUEST__INIT;
    e.tenant = slice_text("t1");
    e.method = slice_text("rectify.v1.AlertService/WaitAlerts");
    e.session = slice_text("token-15");
    e.machine = slice_text(slice_id(UNIT1 + 10));
    e.has_timeout_ms = 1;
    e.timeout_ms = 60000;
    e.has_payload = 1;
    assert_int_equal(wire_pack(&slice_arena, &request.base, &e.payload.data, &e.payload.len),
                     STATUS_OK);
    size_t size = pb__call_request__get_packed_size(&e);
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    pb__call_request__pack(&e, bytes);
    dispatch_message(slice_door, bytes, size, (struct reply_to){.fn = take_answer, .ctx = p});
    struct dispatch_counts counts = {0};
    for (int i = 0; i < 3000 && counts.parked == 0; i++) {
        dispatch_counts(slice_door, &counts);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(counts.parked, 1);
}

static void
a_parked_caller_is_woken(void **state)
{
    (void)state;
    struct parked p = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0};
    slice_sign_all();
    park(&p);
    assert_null(p.bytes);
    slice_job("RaiseAlerts");
    pthread_mutex_lock(&p.lock);
    while (p.bytes == NULL) {
        pthread_cond_wait(&p.answered, &p.lock);
    }
    pthread_mutex_unlock(&p.lock);
    Pb__CallReply *reply = pb__call_reply__unpack(NULL, p.size, p.bytes);
    assert_non_null(reply);
    assert_int_equal(reply->status->code, STATUS_OK);
    const Pb__WaitAlertsReply *r = slice_unpack(reply, &pb__wait_alerts_reply__descriptor);
    assert_true(r->n_alerts > 0);
    pb__call_reply__free_unpacked(reply, NULL);
    free(p.bytes);
}

/* Waits for a condition of the scheduler, at most half a minute. */
static bool
ticks_reach(const struct scheduler *s, uint64_t n)
{
    for (int i = 0; i < 3000; i++) {
        if (scheduler_ticks(s) >= n) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

static void
the_scheduler_ticks_at_once_and_leads_alone(void **state)
{
    (void)state;
    slice_sign_all();
    struct fault fault = {0};
    struct scheduler_config config = {
        .dispatch = slice_door,
        .conninfo = test_db_conninfo("rectify_app"),
        .tick_seconds = 3600,
    };
    struct scheduler *first = NULL;
    struct scheduler *second = NULL;
    assert_int_equal(scheduler_start(&config, &first, &fault), STATUS_OK);
    assert_true(ticks_reach(first, 1));
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.periodic_table"), 4);
    assert_true(slice_count("SELECT count(*) FROM rectify.alert") > 0);
    assert_int_equal(scheduler_start(&config, &second, &fault), STATUS_OK);
    scheduler_kick(first);
    assert_true(ticks_reach(first, 2));
    assert_int_equal(scheduler_ticks(second), 0);
    /* The leader goes; the other takes over when it asks again. */
    scheduler_stop(first);
    scheduler_kick(second);
    assert_true(ticks_reach(second, 1));
    scheduler_stop(second);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_rerun_raises_nothing),
        TEST(who_hears_depends_on_the_level),
        TEST(alerts_are_cancelled_with_their_reason),
        TEST(missing_tables_and_unsigned_measures_warn),
        TEST(the_cursor_never_skips),
        TEST(a_parked_caller_is_woken),
        TEST(the_scheduler_ticks_at_once_and_leads_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
