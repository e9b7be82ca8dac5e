/* A small district for the service tests: two units, the office, a leader, a special group; one
 * approved inspection with four measures; everybody has an enrolled machine and a session. Calls go
 * through dispatch in process, signed, on a fake clock (2026-11-10 09:00 in China).
 *
 *   P-01 unit01, sg1, leader1:  M-01 限期 (effect 11-20, complete 12-31)
 *                               M-02 立行立改 (complete 11-12) · M-03 长期坚持 (11-30, 12-31)
 *   P-02 unit02:                M-01 限期 (effect 11-20, complete 12-31)
 */
#ifndef TESTS_SERVICE_SLICE_H
#define TESTS_SERVICE_SLICE_H

#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "proto/rpc/wirecheck.h"
#include "rectify/v1/alert.pb-c.h"
#include "rectify/v1/consultation.pb-c.h"
#include "rectify/v1/evidence.pb-c.h"
#include "rectify/v1/job.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "rectify/v1/status.pb-c.h"
#include "rectify/v1/table.pb-c.h"
#include "server/base/clock.h"
#include "server/dispatch/dispatch.h"
#include "server/handler/alert.h"
#include "server/handler/all.h"
#include "server/handler/consultation.h"
#include "server/handler/evidence.h"
#include "server/handler/job.h"
#include "server/handler/matter.h"
#include "server/handler/measure.h"
#include "server/handler/problem.h"
#include "server/handler/status.h"
#include "server/handler/table.h"
#include "server/service/role.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HELPER __attribute__((unused)) static

enum { SLICE_ARENA_BYTES = 512 << 20, SLICE_ID_SIZE = 37 };

/* Accounts; the id of each is its number, of its machine its number + 10. */
enum slice_account {
    OFFICE1 = 11,
    LGROUP1 = 12,
    LEADER1 = 13,
    SGROUP1 = 14,
    UNIT1 = 15,
    UNIT2 = 16,
    OFFICE2 = 17,
};

static struct arena slice_arena;
static struct clock_fake slice_clock;
static struct dispatch *slice_door;
static const char *slice_behalf; /* on_behalf_of of the calls to come; NULL: none */
static int64_t slice_expected;   /* expected_version of the calls to come; 0: none */

HELPER const char *
slice_id(int n)
{
    char *text = arena_alloc(&slice_arena, SLICE_ID_SIZE);
    assert_non_null(text);
    snprintf(text, SLICE_ID_SIZE, "00000000-0000-7000-8000-%012d", n);
    return text;
}

HELPER void slice_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
HELPER void
slice_sql(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = arena_vprintf(&slice_arena, format, args);
    va_end(args);
    assert_non_null(sql);
    test_db_exec("postgres", sql);
}

/* A number the database answers. */
HELPER long
slice_count(const char *sql)
{
    char text[64];
    test_db_query("postgres", sql, text, sizeof text);
    return strtol(text, NULL, 10);
}

HELPER void
slice_key(int account, struct ledger_key *ret_key)
{
    unsigned char seed[32] = {(unsigned char)account};
    ledger_key_from_seed(seed, ret_key);
}

/* Midnight plus nine hours of a day in China. */
HELPER void
slice_day(const char *iso)
{
    int32_t day = 0;
    assert_int_equal(day_parse(iso, &day), STATUS_OK);
    clock_fake_set(&slice_clock, day_to_instant(day, ZONE_CHINA_MIN) + 9 * 3600000LL);
}

HELPER void
slice_seed_person(int account, const char *name, int org, unsigned roles)
{
    struct ledger_key key;
    char token[32];
    char hash[SECRET_HASH_HEX_SIZE];
    slice_key(account, &key);
    snprintf(token, sizeof token, "token-%d", account);
    secret_token_hash_hex(token, hash);
    char *public_hex = secret_hex_encode(&slice_arena, key.public.bytes, LEDGER_PUBLIC_BYTES);
    slice_sql("INSERT INTO rectify.account (tenant, id, name, display_name, password_hash, version,"
              " event_id) VALUES (1, '%s', '%s', '样例%s', '-', 1, '%s');"
              "INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
              " VALUES (1, '%s', '%s', %u, '%s');"
              "INSERT INTO rectify.machine (tenant, id, org, account, label, public_key,"
              " enrolled_ms, version, event_id)"
              " VALUES (1, '%s', '%s', '%s', '样例', decode('%s', 'hex'), 0, 1, '%s');"
              "INSERT INTO rectify.session (tenant, token_sha256, account, machine, created_ms,"
              " used_ms, expires_ms) VALUES (1, decode('%s', 'hex'), '%s', '%s', 0,"
              " 9000000000000, 9900000000000)",
              slice_id(account), name, name, slice_id(1), slice_id(account), slice_id(org), roles,
              slice_id(1), slice_id(account + 10), slice_id(org), slice_id(account), public_hex,
              slice_id(1), hash, slice_id(account), slice_id(account + 10));
}

HELPER void
slice_seed_orgs(void)
{
    static const char *const orgs[][3] = {
        {"office", "样例办公室", "OFFICE"},  {"lgroup", "样例领导小组", "LGROUP"},
        {"leader1", "样例区领导", "LEADER"}, {"sg1", "样例专项小组", "SGROUP"},
        {"unit01", "样例一局", "UNIT"},      {"unit02", "样例二局", "UNIT"},
    };
    slice_sql("INSERT INTO rectify.tenant (code, name, created_ms) VALUES ('t1', '样例区', 0)");
    for (int i = 0; i < 6; i++) {
        slice_sql("INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version,"
                  " event_id) VALUES (1, '%s', '%s', '%s', '%s', %d, 1, '%s')",
                  slice_id(i + 1), orgs[i][0], orgs[i][1], orgs[i][2], i, slice_id(1));
    }
    slice_seed_person(OFFICE1, "office1", 1, ROLE_OFFICE);
    slice_seed_person(OFFICE2, "office2", 1, ROLE_OFFICE);
    slice_seed_person(LGROUP1, "lgroup1", 2, ROLE_LGROUP);
    slice_seed_person(LEADER1, "leader1", 3, ROLE_LEADER);
    slice_seed_person(SGROUP1, "sgroup1", 4, ROLE_SGROUP);
    slice_seed_person(UNIT1, "unit1", 5, ROLE_PLEAD);
    slice_seed_person(UNIT2, "unit2", 6, ROLE_PLEAD);
}

HELPER void
slice_seed_measure(int id, int problem, int no, int class_, const char *effect,
                   const char *complete)
{
    int unit = problem == 51 ? 5 : 6;
    slice_sql("INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text, target,"
              " class, leader_org, lead_org, state, assigned_ms, version, event_id)"
              " VALUES (1, '%s', '%s', '%s', %d, 'P-%02d-M-%02d', '样例措施', '样例目标', %d, '%s',"
              " '%s', 'ASSIGNED', 1793149200000, 1, '%s')",
              slice_id(id), slice_id(31), slice_id(problem), no, problem - 50, no, class_,
              slice_id(3), slice_id(unit), slice_id(1));
    const char *dues[] = {effect, complete};
    for (int kind = 1; kind <= 2; kind++) {
        if (dues[kind - 1] != NULL) {
            slice_sql("INSERT INTO rectify.milestone (tenant, measure, kind, original_due,"
                      " current_due, version, event_id)"
                      " VALUES (1, '%s', %d, '%s', '%s', 1, '%s')",
                      slice_id(id), kind, dues[kind - 1], dues[kind - 1], slice_id(1));
        }
    }
    for (int i = 0; i < 3; i++) {
        slice_sql("INSERT INTO rectify.access (tenant, measure, org, problem)"
                  " VALUES (1, '%s', '%s', '%s')",
                  slice_id(id), slice_id(i == 0 ? unit : i + 2), slice_id(problem));
    }
}

HELPER void
slice_seed(void)
{
    slice_seed_orgs();
    slice_sql("INSERT INTO rectify.inspection (tenant, id, code, name, report_day, first_period,"
              " plan_no, plan_state, version, event_id)"
              " VALUES (1, '%s', 'INS1', '样例巡视', 25, '2026-10', 1, 'APPROVED', 1, '%s');"
              "INSERT INTO rectify.item (tenant, id, inspection, no, title, version, event_id)"
              " VALUES (1, '%s', '%s', 1, '样例项', 1, '%s')",
              slice_id(31), slice_id(1), slice_id(41), slice_id(31), slice_id(1));
    for (int p = 51; p <= 52; p++) {
        slice_sql("INSERT INTO rectify.problem (tenant, id, inspection, item, no, ref, title,"
                  " lead_org, sgroup_org, state, version, event_id)"
                  " VALUES (1, '%s', '%s', '%s', %d, 'P-%02d', '样例问题', '%s', '%s',"
                  " 'REGISTERED', 1, '%s');"
                  "UPDATE rectify.problem SET state = 'RECTIFYING', version = 2 WHERE id = '%s'",
                  slice_id(p), slice_id(31), slice_id(41), p - 50, p - 50,
                  slice_id(p == 51 ? 5 : 6), slice_id(4), slice_id(1), slice_id(p));
    }
    slice_seed_measure(61, 51, 1, 2, "2026-11-20", "2026-12-31");
    slice_seed_measure(62, 51, 2, 1, NULL, "2026-11-12");
    slice_seed_measure(63, 51, 3, 3, "2026-11-30", "2026-12-31");
    slice_seed_measure(64, 52, 1, 2, "2026-11-20", "2026-12-31");
}

HELPER int
slice_set_up(void **state)
{
    static struct handler_table tables[16];
    (void)state;
    arena_init(&slice_arena, SLICE_ARENA_BYTES);
    clock_fake_init(&slice_clock, 0);
    slice_day("2026-11-10");
    slice_behalf = NULL;
    slice_expected = 0;
    test_db_reset();
    slice_seed();
    const struct handler_table *const all[] = {
        &measure_handler_table,      &problem_handler_table,   &table_handler_table,
        &evidence_handler_table,     &status_handler_table,    &alert_handler_table,
        &consultation_handler_table, &job_handler_table,       &matter_handler_table,
        &org_handler_table,          &ladder_handler_table,    &outcome_handler_table,
        &report_handler_table,       &operation_handler_table,
    };
    size_t count = sizeof all / sizeof all[0];
    for (size_t i = 0; i < count; i++) {
        tables[i] = *all[i];
    }
    struct dispatch_config config = {
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = 1,
        .query_threads = 2,
        .clock = &slice_clock.clock,
        .tables = tables,
        .table_count = count,
        .server_version = "test",
        .partial_tables = true,
    };
    struct fault fault = {0};
    if (dispatch_start(&config, &slice_door, &fault) != STATUS_OK) {
        print_error("%s %s\n", fault.reason, fault.message);
        return -1;
    }
    return 0;
}

HELPER int
slice_tear_down(void **state)
{
    (void)state;
    bool drained = dispatch_drain(slice_door, LIMIT_DRAIN_MS);
    dispatch_free(slice_door);
    slice_door = NULL;
    arena_release(&slice_arena);
    return drained ? 0 : -1;
}

/* ---- calls ---- */

HELPER void
slice_sign(Pb__CallRequest *e, int account)
{
    struct ledger_key key;
    slice_key(account, &key);
    char session[SECRET_HASH_HEX_SIZE];
    const struct signed_call call = call_signed_part(e, session);
    e->signature.data = arena_alloc(&slice_arena, LEDGER_SIGNATURE_BYTES);
    e->signature.len = LEDGER_SIGNATURE_BYTES;
    e->has_signature = 1;
    signing_sign(&call, &key, e->signature.data);
}

/* A signed call of an account, not sent yet; method without the package: "MeasureService/SignFor".
 */
HELPER void
slice_envelope(Pb__CallRequest *e, int account, const char *method, const ProtobufCMessage *request)
{
    static int serial;
    pb__call_request__init(e);
    e->tenant = arena_strdup(&slice_arena, "t1");
    e->method = arena_printf(&slice_arena, "rectify.v1.%s", method);
    e->call_id = arena_strdup(&slice_arena, "call");
    e->session = arena_printf(&slice_arena, "token-%d", account);
    e->machine = arena_strdup(&slice_arena, slice_id(account + 10));
    e->on_behalf_of = slice_behalf == NULL ? NULL : arena_strdup(&slice_arena, slice_behalf);
    e->idempotency_key = arena_printf(&slice_arena, "01930000-0000-7000-8000-%012d", ++serial);
    e->has_expected_version = slice_expected != 0;
    e->expected_version = slice_expected;
    e->has_timeout_ms = 1;
    e->timeout_ms = 60000;
    e->has_payload = 1;
    assert_int_equal(wire_pack(&slice_arena, request, &e->payload.data, &e->payload.len),
                     STATUS_OK);
    slice_sign(e, account);
}

HELPER const Pb__CallReply *
slice_call(int account, const char *method, const ProtobufCMessage *request)
{
    Pb__CallRequest e;
    Pb__CallReply *reply = NULL;
    slice_envelope(&e, account, method, request);
    assert_int_equal(dispatch_call(slice_door, &e, &slice_arena, &reply), STATUS_OK);
    assert_non_null(reply);
    return reply;
}

HELPER const void *
slice_unpack(const Pb__CallReply *reply, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *m = NULL;
    assert_int_equal(
        wire_unpack(&slice_arena, descriptor, reply->payload.data, reply->payload.len, &m, NULL),
        STATUS_OK);
    return m;
}

/* The reply of a call that must go well. */
HELPER const void *
slice_ok(int account, const char *method, const ProtobufCMessage *request,
         const ProtobufCMessageDescriptor *descriptor)
{
    const Pb__CallReply *reply = slice_call(account, method, request);
    if (reply->status->code != STATUS_OK) {
        print_error("%s: %s %s\n", method, reply->status->reason, reply->status->message);
    }
    assert_int_equal(reply->status->code, STATUS_OK);
    return slice_unpack(reply, descriptor);
}

/* A call that must be refused so; its status, for more questions. */
HELPER const Pb__Status *
slice_refused(int account, const char *method, const ProtobufCMessage *request, enum status code,
              const char *reason)
{
    const Pb__CallReply *reply = slice_call(account, method, request);
    if (reply->status->code != (int)code || reply->status->reason == NULL ||
        strcmp(reply->status->reason, reason) != 0) {
        print_error("%s: %d %s %s\n", method, reply->status->code, reply->status->reason,
                    reply->status->message);
    }
    assert_int_equal(reply->status->code, code);
    assert_string_equal(reply->status->reason, reason);
    assert_non_null(reply->status->message);
    return reply->status;
}

/* A job as the clock. */
HELPER const Pb__JobReply *
slice_job(const char *method)
{
    Pb__JobRequest request = PB__JOB_REQUEST__INIT;
    Pb__CallReply *reply = NULL;
    char *name = arena_printf(&slice_arena, "rectify.v1.JobService/%s", method);
    assert_int_equal(
        dispatch_call_system(slice_door, "t1", name, &request.base, &slice_arena, &reply),
        STATUS_OK);
    if (reply->status->code != STATUS_OK) {
        print_error("%s: %s %s\n", method, reply->status->reason, reply->status->message);
    }
    assert_int_equal(reply->status->code, STATUS_OK);
    return slice_unpack(reply, &pb__job_reply__descriptor);
}

/* ---- steps that several tests take ---- */

HELPER char *
slice_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

HELPER const Pb__CallReply *
slice_sign_for(int account, const char *const *refs, size_t n)
{
    Pb__SignForRequest request = PB__SIGN_FOR_REQUEST__INIT;
    Pb__MeasureVersion lines[8];
    Pb__MeasureVersion *list[8];
    for (size_t i = 0; i < n; i++) {
        pb__measure_version__init(&lines[i]);
        lines[i].ref = slice_text(refs[i]);
        list[i] = &lines[i];
    }
    request.measures = list;
    request.n_measures = n;
    return slice_call(account, "MeasureService/SignFor", &request.base);
}

/* Unit 1 signs for all three of its measures. */
HELPER void
slice_sign_all(void)
{
    static const char *const refs[] = {"P-01-M-01", "P-01-M-02", "P-01-M-03"};
    assert_int_equal(slice_sign_for(UNIT1, refs, 3)->status->code, STATUS_OK);
}

HELPER const Pb__GetMeasureReply *
slice_measure(int account, const char *ref)
{
    Pb__GetMeasureRequest request = PB__GET_MEASURE_REQUEST__INIT;
    request.ref = slice_text(ref);
    return slice_ok(account, "MeasureService/GetMeasure", &request.base,
                    &pb__get_measure_reply__descriptor);
}

/* A file of an org, put behind the door's back; its id. */
HELPER const char *
slice_file(int id, int org, Pb__EvidenceKind kind)
{
    slice_sql("INSERT INTO rectify.blob (tenant, id, org, sha256, size, stored, complete,"
              " created_ms) VALUES (1, '%s', '%s', sha256('%d'), 1, 1, true, 0);"
              "INSERT INTO rectify.evidence (tenant, id, org, blob, name, kind, received_ms,"
              " version, event_id) VALUES (1, '%s', '%s', '%s', '样例.txt', %d, 0, 1, '%s')",
              slice_id(id + 100), slice_id(org), id, slice_id(id), slice_id(org),
              slice_id(id + 100), (int)kind, slice_id(1));
    return slice_id(id);
}

HELPER const Pb__CallReply *
slice_claim(int account, const char *method, const char *ref, const char *file)
{
    Pb__ClaimRequest request = PB__CLAIM_REQUEST__INIT;
    char *files[] = {slice_text(file)};
    request.ref = slice_text(ref);
    request.evidence = files;
    request.n_evidence = file == NULL ? 0 : 1;
    char *name = arena_printf(&slice_arena, "MeasureService/%s", method);
    return slice_call(account, name, &request.base);
}

HELPER const Pb__CallReply *
slice_verdict(int account, const char *method, const char *ref, const char *reason)
{
    Pb__DecideClaimRequest request = PB__DECIDE_CLAIM_REQUEST__INIT;
    request.ref = slice_text(ref);
    request.reason_code = reason == NULL ? NULL : slice_text("EVIDENCE_WEAK");
    request.reason = slice_text(reason);
    char *name = arena_printf(&slice_arena, "MeasureService/%s", method);
    return slice_call(account, name, &request.base);
}

HELPER void
slice_expect(const Pb__CallReply *reply, enum status code, const char *reason)
{
    if (reply->status->code != (int)code) {
        print_error("%d %s %s\n", reply->status->code, reply->status->reason,
                    reply->status->message);
    }
    assert_int_equal(reply->status->code, code);
    if (reason != NULL) {
        assert_string_equal(reply->status->reason, reason);
    }
}

#endif
