/* AuditService through the door: the export is whole, verifies offline, and an altered event is
 * named. */
#include "proto/base/limits.h"
#include "proto/ledger/export.h"
#include "proto/ledger/merkle.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS = 40 };

static struct person auditor;
static struct person unit01;

static void
seal(void)
{
    struct fault fault = {0};
    assert_int_equal(dispatch_seal(district.door, &fault), STATUS_OK);
}

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("disc", "样例纪委监委", "DISC");
    district_org("unit01", "样例单位01", "UNIT");
    Pb__Empty empty = PB__EMPTY__INIT;
    auditor = district_person("auditor", "disc", "AUDIT", 2);
    unit01 = district_person("unit01", "unit01", "PLEAD", 3);
    const Pb__GetHeadReply *head =
        district_ok(&auditor, "AuditService/GetHead", &empty.base, &pb__get_head_reply__descriptor);
    assert_true(head->has_unsealed);
    for (int i = 0; i < EVENTS; i++) {
        district_org(arena_printf(&district.arena, "org%02d", i), "样例单位", "UNIT");
    }
    seal();
    return 0;
}

static const Pb__ExportLogReply *
part(int64_t from, int32_t limit, int64_t tree_size, int64_t offset)
{
    Pb__ExportLogRequest r = PB__EXPORT_LOG_REQUEST__INIT;
    r.has_body_offset = 1;
    r.body_offset = offset;
    r.has_from_seq = r.has_limit = r.has_tree_size = 1;
    r.from_seq = from;
    r.limit = limit;
    r.tree_size = tree_size;
    return district_ok(&auditor, "AuditService/ExportLog", &r.base,
                       &pb__export_log_reply__descriptor);
}

static const Pb__ExportLogReply *
page(int64_t from, int32_t limit, int64_t tree_size)
{
    return part(from, limit, tree_size, 0);
}

static struct ledger_head
head_of(const Pb__SignedHead *m)
{
    struct ledger_head head = {.size = m->tree_size, .time_ms = m->time_ms};
    assert_int_equal(m->root.len, sizeof head.root.bytes);
    assert_int_equal(m->signature.len, sizeof head.signature);
    snprintf(head.tenant, sizeof head.tenant, "%s", m->tenant);
    snprintf(head.key_id, sizeof head.key_id, "%s", m->key_id);
    memcpy(head.root.bytes, m->root.data, sizeof head.root.bytes);
    memcpy(head.signature, m->signature.data, sizeof head.signature);
    return head;
}

/* The body of an event that is larger than a reply. */
static const unsigned char *
whole_body(const Pb__LogLeaf *leaf, int64_t tree_size)
{
    size_t whole = (size_t)leaf->body_size;
    unsigned char *body = arena_alloc(&district.arena, whole);
    assert_non_null(body);
    for (size_t have = 0; have < whole;) {
        const Pb__ExportLogReply *reply = part(leaf->seq, 7, tree_size, (int64_t)have);
        const Pb__LogLeaf *in = reply->leaves[0];
        assert_int_equal(reply->n_leaves, 1);
        assert_int_equal(in->seq, leaf->seq);
        assert_true(in->body.len > 0 && in->body.len <= whole - have);
        memcpy(body + have, in->body.data, in->body.len);
        have += in->body.len;
    }
    return body;
}

/* What a client does: pages of seven into a file. */
static FILE *
export_log(int64_t *ret_size)
{
    FILE *file = tmpfile();
    struct fault fault = {0};
    struct ledger_export_writer w;
    assert_non_null(file);
    const Pb__ExportLogReply *reply = page(1, 7, 0);
    int64_t size = (int64_t)reply->head->tree_size;
    struct ledger_head head = head_of(reply->head);
    assert_int_equal(reply->public_key.len, LEDGER_PUBLIC_BYTES);
    assert_memory_equal(reply->public_key.data, district.log_key.bytes, LEDGER_PUBLIC_BYTES);
    ledger_export_init(&w, ledger_sink_file(file));
    assert_int_equal(ledger_export_begin(&w, &head, &district.log_key,
                                         clock_now_ms(&district.clock.clock), &fault),
                     STATUS_OK);
    int64_t next = 1;
    for (;;) {
        for (size_t i = 0; i < reply->n_leaves; i++) {
            const Pb__LogLeaf *in = reply->leaves[i];
            struct ledger_leaf leaf = {.seq = (uint64_t)in->seq, .event_id = in->event_id};
            assert_int_equal(in->seq, next++);
            memcpy(leaf.hash.bytes, in->leaf_hash.data, sizeof leaf.hash.bytes);
            leaf.body = in->body.data;
            leaf.body_size = in->body.len;
            if (in->has_body_size) {
                leaf.body = whole_body(in, size);
                leaf.body_size = (size_t)in->body_size;
            }
            assert_int_equal(ledger_export_leaf(&w, &leaf, &fault), STATUS_OK);
        }
        if (!reply->more) {
            break;
        }
        reply = page(next, 7, size);
        assert_true(reply->n_leaves > 0);
    }
    assert_int_equal(next - 1, size);
    assert_int_equal(ledger_export_end(&w, &fault), STATUS_OK);
    ledger_export_release(&w);
    rewind(file);
    *ret_size = size;
    return file;
}

static struct ledger_verify_report
verify(FILE *file, enum status expected)
{
    struct ledger_verify_report report;
    const struct ledger_verify_options options = {.trusted = &district.log_key, .tenant = "t1"};
    enum status s = ledger_export_verify(ledger_reader_file(file), &options, &report);
    if (s != expected) {
        fail_msg("%d %s %s", (int)s, report.fault.reason, report.fault.message);
    }
    fclose(file);
    return report;
}

static void
the_export_is_whole_and_verifies(void **state)
{
    (void)state;
    int64_t size = 0;
    struct ledger_verify_report report = verify(export_log(&size), STATUS_OK);
    assert_true(report.pinned);
    assert_int_equal(report.leaves, size);
    assert_int_equal(size, district_number("SELECT count(*) FROM rectify.event"));
    assert_true(size >= EVENTS);
}

static void
a_page_is_asked_for_sensibly(void **state)
{
    (void)state;
    Pb__ExportLogRequest r = PB__EXPORT_LOG_REQUEST__INIT;
    const char *method = "AuditService/ExportLog";
    r.has_limit = 1;
    r.limit = 0;
    district_refused(&auditor, method, &r.base, STATUS_INVALID_ARGUMENT, "LIMIT_RANGE");
    r.limit = 1001;
    district_refused(&auditor, method, &r.base, STATUS_INVALID_ARGUMENT, "LIMIT_RANGE");
    r.limit = 10;
    r.has_tree_size = 1;
    r.tree_size = 1000000;
    district_refused(&auditor, method, &r.base, STATUS_FAILED_PRECONDITION, "NOTHING_SEALED");
    const Pb__ExportLogReply *beyond = page(1000000, 10, 0);
    assert_int_equal(beyond->n_leaves, 0);
    assert_false(beyond->more);
    /* An older head is still to be had, and ends there. */
    long older = district_number("SELECT min(tree_size) FROM rectify.log_head");
    const Pb__ExportLogReply *first = page(1, 1000, older);
    assert_int_equal(first->head->tree_size, older);
    assert_int_equal(first->n_leaves, older);
    assert_false(first->more);
}

static void
only_auditors_export(void **state)
{
    (void)state;
    Pb__ExportLogRequest r = PB__EXPORT_LOG_REQUEST__INIT;
    district_refused(&unit01, "AuditService/ExportLog", &r.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_refused(&district.admin, "AuditService/ExportLog", &r.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    /* And an auditor changes nothing. */
    Pb__Empty empty = PB__EMPTY__INIT;
    static const char *const forbidden[] = {
        "OrgService/ImportOrgs",          "AccountService/AddAccount",
        "PlanService/ApprovePlan",        "InspectionService/CreateInspection",
        "SettingsService/ImportCalendar",
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        district_refused(&auditor, forbidden[i], &empty.base, STATUS_PERMISSION_DENIED,
                         "ROLE_FORBIDS");
    }
}

/* An event larger than a reply comes in parts and verifies like any other. */
static void
a_large_event_is_exported_in_parts(void **state)
{
    (void)state;
    enum { MEASURES = 900, TEXT_BYTES = 900 };
    district_org("office", "样例办公室", "OFFICE");
    struct person office = district_person("office", "office", "OFFICE", 4);
    Pb__CreateInspectionRequest create = PB__CREATE_INSPECTION_REQUEST__INIT;
    char *bodies[] = {district_text("样例区委")};
    create.code = district_text("BIG");
    create.name = district_text("样例巡视");
    create.bodies = bodies;
    create.n_bodies = 1;
    (void)district_ok(&office, "InspectionService/CreateInspection", &create.base,
                      &pb__inspection__descriptor);
    size_t room = (size_t)MEASURES * (TEXT_BYTES + 100) + 1000;
    char *text = arena_alloc(&district.arena, room);
    size_t n = (size_t)snprintf(text, room, "二、整改落实情况\n（一）样例。\n");
    for (int i = 1; i <= MEASURES; i++) {
        n += (size_t)snprintf(text + n, room - n, "%d.关于“样例%d”问题的整改。\n一是", i, i);
        for (int k = 0; k < TEXT_BYTES / 3; k++) {
            n += (size_t)snprintf(text + n, room - n, "改");
        }
        n += (size_t)snprintf(text + n, room - n, "。\n");
    }
    Pb__ImportNoticeRequest r = PB__IMPORT_NOTICE_REQUEST__INIT;
    r.inspection = district_text("BIG");
    r.has_content = 1;
    r.content.data = (uint8_t *)text;
    r.content.len = n;
    const Pb__ImportNoticeReply *reply = district_ok(&office, "InspectionService/ImportNotice",
                                                     &r.base, &pb__import_notice_reply__descriptor);
    assert_int_equal(reply->measure_count, MEASURES);
    assert_true(district_number("SELECT max(octet_length(body)) FROM rectify.event") >
                (long)LIMIT_PAYLOAD_BYTES);
    seal();
    int64_t size = 0;
    struct ledger_verify_report report = verify(export_log(&size), STATUS_OK);
    assert_int_equal(report.leaves, size);
}

static void
the_database_refuses_to_alter_an_event(void **state)
{
    (void)state;
    test_db_exec("postgres", "DO $$ BEGIN UPDATE rectify.event SET method = 'x';"
                             " RAISE EXCEPTION 'an event was altered';"
                             " EXCEPTION WHEN integrity_constraint_violation OR check_violation"
                             "  OR raise_exception OR insufficient_privilege THEN"
                             "  IF SQLERRM = 'an event was altered' THEN RAISE; END IF; END $$");
}

static void
an_altered_event_is_named(void **state)
{
    (void)state;
    int64_t size = 0;
    long victim = 17;
    char id[64];
    seal();
    char *who = arena_printf(&district.arena,
                             "SELECT event_id FROM rectify.log_leaf WHERE seq = %ld", victim);
    test_db_query("postgres", who, id, sizeof id);
    /* A superuser switches the wall off and changes one byte of what was recorded. */
    test_db_exec("postgres",
                 arena_printf(&district.arena,
                              "ALTER TABLE rectify.event DISABLE TRIGGER USER;"
                              "UPDATE rectify.event SET body = set_byte(body,"
                              " octet_length(body) - 1, get_byte(body, octet_length(body) - 1) # 1)"
                              " WHERE id = '%s';"
                              "ALTER TABLE rectify.event ENABLE TRIGGER USER",
                              id));
    struct ledger_verify_report report = verify(export_log(&size), STATUS_DATA_LOSS);
    assert_string_equal(report.fault.reason, "LEAF_ALTERED");
    assert_true(report.has_leaf);
    assert_int_equal(report.leaf_seq, victim);
    assert_string_equal(report.event_id, id);
    /* With the hash made to fit, the signed root still does not. */
    test_db_exec("postgres",
                 arena_printf(&district.arena,
                              "ALTER TABLE rectify.event DISABLE TRIGGER USER;"
                              "UPDATE rectify.event SET leaf_hash = sha256('\\x00'::bytea || body)"
                              " WHERE id = '%s';"
                              "ALTER TABLE rectify.event ENABLE TRIGGER USER",
                              id));
    report = verify(export_log(&size), STATUS_DATA_LOSS);
    assert_string_equal(report.fault.reason, "ROOT_MISMATCH");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_export_is_whole_and_verifies),
        cmocka_unit_test(a_page_is_asked_for_sensibly),
        cmocka_unit_test(only_auditors_export),
        cmocka_unit_test(a_large_event_is_exported_in_parts),
        cmocka_unit_test(the_database_refuses_to_alter_an_event),
        cmocka_unit_test(an_altered_event_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
