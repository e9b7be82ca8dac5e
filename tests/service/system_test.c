/* Health and Describe through the door: no session, with a tenant and without one. */
#include "proto/base/limits.h"
#include "proto/rpc/wirecheck.h"
#include "rectify/v1/system.pb-c.h"
#include "server/base/clock.h"
#include "server/base/version.h"
#include "server/dispatch/dispatch.h"
#include "server/handler/account.h"
#include "server/handler/system.h"
#include "server/store/migrate.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 32 << 20 };

static struct arena arena;
static struct clock_fake clock_now;
static struct dispatch *door;

static void
clock_to(int year)
{
    int32_t day = day_from_ymd((struct ymd){year, 6, 1});
    clock_fake_set(&clock_now, day_to_instant(day, ZONE_CHINA_MIN));
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    clock_fake_init(&clock_now, 0);
    clock_to(2024);
    test_db_exec("postgres", "INSERT INTO rectify.tenant (code, name, created_ms)"
                             " VALUES ('t1', '样例区', 0)");
    struct dispatch_config config = {
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = 1,
        .query_threads = 1,
        .clock = &clock_now.clock,
        .tables = &system_handler_table,
        .table_count = 1,
        .server_version = SERVER_VERSION,
        .partial_tables = true,
    };
    struct fault fault = {0};
    if (dispatch_start(&config, &door, &fault) != STATUS_OK) {
        print_error("%s %s\n", fault.reason, fault.message);
        return -1;
    }
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    bool drained = dispatch_drain(door, LIMIT_DRAIN_MS);
    dispatch_free(door);
    arena_release(&arena);
    return drained ? 0 : -1;
}

static const Pb__CallReply *
call(const char *tenant, const char *method, const ProtobufCMessage *request)
{
    Pb__CallRequest envelope = PB__CALL_REQUEST__INIT;
    Pb__CallReply *reply = NULL;
    envelope.tenant = arena_strdup(&arena, tenant);
    envelope.method = arena_strdup(&arena, method);
    envelope.call_id = arena_strdup(&arena, "call-1");
    envelope.has_payload = request != NULL;
    if (request != NULL) {
        assert_int_equal(wire_pack(&arena, request, &envelope.payload.data, &envelope.payload.len),
                         STATUS_OK);
    }
    assert_int_equal(dispatch_call(door, &envelope, &arena, &reply), STATUS_OK);
    return reply;
}

static const Pb__HealthReply *
health(const char *tenant)
{
    ProtobufCMessage *m = NULL;
    const Pb__CallReply *reply = call(tenant, "rectify.v1.SystemService/Health", NULL);
    assert_int_equal(reply->status->code, STATUS_OK);
    assert_string_equal(reply->server_version, SERVER_VERSION);
    assert_int_equal(wire_unpack(&arena, &pb__health_reply__descriptor, reply->payload.data,
                                 reply->payload.len, &m, NULL),
                     STATUS_OK);
    return (const Pb__HealthReply *)m;
}

static void
a_well_server_says_so(void **state)
{
    (void)state;
    size_t count = 0;
    const struct migration *list = migrate_embedded(&count);
    const char *tenants[] = {"t1", NULL};
    for (size_t i = 0; i < 2; i++) {
        const Pb__HealthReply *h = health(tenants[i]);
        assert_string_equal(h->state, "SERVING");
        assert_string_equal(h->version, SERVER_VERSION);
        assert_int_equal(h->schema_version, list[count - 1].no);
        assert_true(h->has_queued_commands && h->has_queued_queries && h->has_parked);
        assert_int_equal(h->parked, 0);
        assert_string_equal(h->notice, handler_secrecy_notice);
        assert_non_null(strstr(h->notice, "非涉密系统"));
        assert_int_equal(h->n_calendar_years_missing, 0); /* 2024 and 2025 are built in */
    }
}

/* 2101 has no calendar anywhere; a tenant's own fills the gap, for that tenant alone. */
static void
years_without_a_calendar_are_named(void **state)
{
    (void)state;
    clock_to(2101);
    const Pb__HealthReply *h = health("t1");
    assert_int_equal(h->n_calendar_years_missing, 2);
    assert_int_equal(h->calendar_years_missing[0], 2101);
    assert_int_equal(h->calendar_years_missing[1], 2102);
    test_db_exec("postgres",
                 "INSERT INTO rectify.calendar_day (tenant, year, version, day, working, name,"
                 "                                  event_id)"
                 " SELECT id, 2102, 1, '2102-01-01', false, '元旦', gen_random_uuid()"
                 "   FROM rectify.tenant");
    h = health("t1");
    assert_int_equal(h->n_calendar_years_missing, 1);
    assert_int_equal(h->calendar_years_missing[0], 2101);
    assert_int_equal(health(NULL)->n_calendar_years_missing, 2);
    clock_to(2024);
}

static void
describe_needs_no_session(void **state)
{
    (void)state;
    Pb__DescribeRequest request = PB__DESCRIBE_REQUEST__INIT;
    ProtobufCMessage *m = NULL;
    const char *method = "rectify.v1.SystemService/Describe";
    const Pb__CallReply *reply = call(NULL, method, &request.base);
    assert_int_equal(reply->status->code, STATUS_OK);
    assert_int_equal(wire_unpack(&arena, &pb__describe_reply__descriptor, reply->payload.data,
                                 reply->payload.len, &m, NULL),
                     STATUS_OK);
    assert_true(((const Pb__DescribeReply *)m)->n_methods > 40);
    request.has_descriptor_set = request.descriptor_set = 1;
    reply = call(NULL, method, &request.base);
    assert_int_equal(reply->status->code, STATUS_OK);
    assert_true(reply->payload.len > 100000);
    request.has_descriptor_set = 0;
    request.name = arena_strdup(&arena, "Helth");
    reply = call("t1", method, &request.base);
    assert_int_equal(reply->status->code, STATUS_NOT_FOUND);
    assert_string_equal(reply->status->reason, "NAME_UNKNOWN");
    assert_non_null(strstr(reply->status->message, "SystemService/Health"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_well_server_says_so),
        cmocka_unit_test(years_without_a_calendar_are_named),
        cmocka_unit_test(describe_needs_no_session),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
