/* InspectionService through the door: creating, and importing the published notice. */
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct person office;
static char *notice;
static size_t notice_size;

static Pb__CreateInspectionRequest
new_inspection(const char *code)
{
    static char *bodies[2];
    Pb__CreateInspectionRequest r = PB__CREATE_INSPECTION_REQUEST__INIT;
    bodies[0] = district_text("样例区委");
    bodies[1] = district_text("样例经开区党工委");
    r.code = district_text(code);
    r.name = district_text("样例巡视");
    r.bodies = bodies;
    r.n_bodies = 2;
    r.feedback_date = district_text("2019-12-30");
    return r;
}

static void
create(const char *code)
{
    Pb__CreateInspectionRequest r = new_inspection(code);
    (void)district_ok(&office, "InspectionService/CreateInspection", &r.base,
                      &pb__inspection__descriptor);
}

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("office", "样例办公室", "OFFICE");
    office = district_person("office", "office", "OFFICE", 2);
    notice = district_file("deploy/sample/notice-2020-04-27.txt", &notice_size);
    create("INS1");
    return 0;
}

static Pb__ImportNoticeRequest
document(const char *inspection, const char *bytes, size_t size)
{
    Pb__ImportNoticeRequest r = PB__IMPORT_NOTICE_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.name = district_text("通报.txt");
    r.has_content = 1;
    r.content.data = (uint8_t *)(uintptr_t)bytes;
    r.content.len = size;
    return r;
}

static const Pb__ImportNoticeReply *
import(const char *inspection, const char *bytes, size_t size)
{
    Pb__ImportNoticeRequest r = document(inspection, bytes, size);
    return district_ok(&office, "InspectionService/ImportNotice", &r.base,
                       &pb__import_notice_reply__descriptor);
}

static const Pb__Status *
import_refused(const char *inspection, const char *bytes, size_t size, enum status code,
               const char *reason)
{
    Pb__ImportNoticeRequest r = document(inspection, bytes, size);
    return district_refused(&office, "InspectionService/ImportNotice", &r.base, code, reason);
}

static void
an_inspection_is_created_once(void **state)
{
    (void)state;
    const char *method = "InspectionService/CreateInspection";
    Pb__CreateInspectionRequest r = new_inspection("INS-2");
    r.has_report_day = 1;
    r.report_day = 20;
    r.first_period = district_text("2026-10");
    const Pb__Inspection *made = district_ok(&office, method, &r.base, &pb__inspection__descriptor);
    assert_string_equal(made->code, "INS-2");
    assert_int_equal(made->n_bodies, 2);
    assert_string_equal(made->bodies[1], "样例经开区党工委");
    assert_string_equal(made->feedback_date, "2019-12-30");
    assert_int_equal(made->report_day, 20);
    assert_string_equal(made->plan_state, "DRAFT");
    assert_int_equal(made->version, 1);
    district_refused(&office, method, &r.base, STATUS_ALREADY_EXISTS, "INSPECTION_EXISTS");
    Pb__Empty empty = PB__EMPTY__INIT;
    const Pb__ListInspectionsReply *all =
        district_ok(&office, "InspectionService/ListInspections", &empty.base,
                    &pb__list_inspections_reply__descriptor);
    assert_int_equal(all->n_inspections, 2);
    assert_string_equal(all->inspections[0]->code, "INS-2");
    assert_string_equal(all->inspections[0]->first_period, "2026-10");
    assert_int_equal(all->inspections[0]->n_bodies, 2);
    assert_int_equal(all->inspections[1]->report_day, 25);
    assert_null(all->inspections[1]->first_period);
}

static void
fields_of_an_inspection_are_checked(void **state)
{
    (void)state;
    const char *method = "InspectionService/CreateInspection";
    char *marked[] = {district_text("机密★ 某党组织")};
    char *blank[] = {district_text(" ")};
    struct {
        const char *code, *name, *period, *feedback, *reason;
        int report_day;
    } bad[] = {
        {"", "样例", NULL, NULL, "INSPECTION_CODE", 25},
        {"INS 3", "样例", NULL, NULL, "INSPECTION_CODE", 25},
        {"INS3", "", NULL, NULL, "NAME_MISSING", 25},
        {"INS3", "样例", "2026-13", NULL, "BAD_PERIOD", 25},
        {"INS3", "样例", "2026-Q1", NULL, "BAD_PERIOD", 25},
        {"INS3", "样例", NULL, "2026-02-30", "BAD_DATE", 25},
        {"INS3", "样例", NULL, NULL, "REPORT_DAY_RANGE", 0},
        {"INS3", "样例", NULL, NULL, "REPORT_DAY_RANGE", 29},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Pb__CreateInspectionRequest r = new_inspection(bad[i].code);
        r.name = district_text(bad[i].name);
        r.first_period = district_text(bad[i].period);
        r.feedback_date = district_text(bad[i].feedback);
        r.has_report_day = 1;
        r.report_day = bad[i].report_day;
        district_refused(&office, method, &r.base, STATUS_INVALID_ARGUMENT, bad[i].reason);
    }
    Pb__CreateInspectionRequest r = new_inspection("INS3");
    r.n_bodies = 0;
    district_refused(&office, method, &r.base, STATUS_INVALID_ARGUMENT, "BODY_COUNT");
    r.n_bodies = 1;
    r.bodies = blank;
    district_refused(&office, method, &r.base, STATUS_INVALID_ARGUMENT, "NAME_MISSING");
    r.bodies = marked;
    district_refused(&office, method, &r.base, STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    r = new_inspection("INS3");
    r.first_period = district_text("");
    const Pb__Inspection *made = district_ok(&office, method, &r.base, &pb__inspection__descriptor);
    assert_null(made->first_period);
}

static void
the_notice_gives_15_47_102(void **state)
{
    (void)state;
    Pb__ImportNoticeRequest r = document(NULL, notice, notice_size);
    const Pb__ImportNoticeReply *preview = district_ok(
        &office, "InspectionService/PreviewNotice", &r.base, &pb__import_notice_reply__descriptor);
    assert_int_equal(preview->n_items, 15);
    assert_int_equal(preview->measure_count, 102);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure"), 0);

    const Pb__ImportNoticeReply *reply = import("INS1", notice, notice_size);
    assert_int_equal(reply->item_count, 15);
    assert_int_equal(reply->problem_count, 47);
    assert_int_equal(reply->measure_count, 102);
    assert_int_equal(reply->added, 15 + 47 + 102);
    assert_int_equal(reply->updated + reply->unchanged, 0);
    assert_int_equal(reply->n_items, 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.item"), 15);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem"), 47);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure WHERE state = 'DRAFT'"),
                     102);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event_change"
                                     " WHERE command = 'create' AND kind = 'measure'"),
                     102);
    /* Every thing's version is in the log, with the full record. */
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure m WHERE NOT EXISTS"
                                     " (SELECT 1 FROM rectify.event_change c WHERE c.thing = m.id"
                                     "  AND c.version = m.version)"),
                     0);
}

static void
the_same_notice_again_leaves_no_event(void **state)
{
    (void)state;
    long events = district_number("SELECT count(*) FROM rectify.event");
    const Pb__ImportNoticeReply *reply = import("INS1", notice, notice_size);
    assert_int_equal(reply->added + reply->updated, 0);
    assert_int_equal(reply->unchanged, 15 + 47 + 102);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
}

/* Bytes of the notice with one text exchanged for another of the same length. */
static char *
notice_with(const char *before, const char *after)
{
    char *copy = arena_strndup(&district.arena, notice, notice_size);
    char *at = strstr(copy, before);
    assert_non_null(at);
    assert_int_equal(strlen(before), strlen(after));
    memcpy(at, after, strlen(after));
    return copy;
}

static void
changed_wording_updates_by_reference(void **state)
{
    (void)state;
    char text[4096];
    test_db_query("postgres",
                  "SELECT substr(text, 1, 12) FROM rectify.measure WHERE ref = 'P-01-M-01'", text,
                  sizeof text);
    char *changed = arena_strdup(&district.arena, text);
    memcpy(changed + strlen("一是"), "样例", strlen("样例"));
    const Pb__ImportNoticeReply *reply = import("INS1", notice_with(text, changed), notice_size);
    assert_int_equal(reply->added, 0);
    assert_int_equal(reply->updated, 1);
    assert_int_equal(district_number("SELECT version FROM rectify.measure"
                                     " WHERE ref = 'P-01-M-01' AND text LIKE '一是样例%%'"),
                     2);
    reply = import("INS1", notice, notice_size);
    assert_int_equal(reply->updated, 1);
    assert_int_equal(district_number("SELECT version FROM rectify.measure WHERE ref = 'P-01-M-01'"),
                     3);
}

static void
the_office_may_send_gbk(void **state)
{
    (void)state;
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    assert_true(cd != (iconv_t)-1);
    size_t room = notice_size * 2;
    size_t left = room;
    size_t in_left = notice_size;
    char *in = notice;
    char *gbk = arena_alloc(&district.arena, room);
    char *out = gbk;
    assert_int_equal(iconv(cd, &in, &in_left, &out, &left), 0);
    iconv_close(cd);
    const Pb__ImportNoticeReply *reply = import("INS1", gbk, room - left);
    assert_int_equal(reply->unchanged, 15 + 47 + 102);
    assert_int_equal(reply->added + reply->updated, 0);
}

static void
marked_documents_are_not_kept(void **state)
{
    (void)state;
    long before = district_number("SELECT (SELECT count(*) FROM rectify.event)"
                                  " + (SELECT count(*) FROM rectify.idempotency"
                                  "     WHERE octet_length(reply) > 4096)");
    char *marked = arena_printf(&district.arena, "机密★5年\n%s", notice);
    import_refused("INS1", marked, strlen(marked), STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    /* As people see it: tags between the word and its star. */
    char *page = arena_printf(
        &district.arena, "<html><body><p>秘密<b>★</b>10年</p><pre>%s</pre></body></html>", notice);
    import_refused("INS1", page, strlen(page), STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    Pb__ImportNoticeRequest r = document(NULL, marked, strlen(marked));
    district_refused(&office, "InspectionService/PreviewNotice", &r.base,
                     STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    assert_int_equal(district_number("SELECT (SELECT count(*) FROM rectify.event)"
                                     " + (SELECT count(*) FROM rectify.idempotency"
                                     "     WHERE octet_length(reply) > 4096)"),
                     before);
}

static void
a_document_without_an_outline_says_why(void **state)
{
    (void)state;
    static const char speech[] = "同志们：\n今天我们开会，讲三点意见。\n第一，提高认识。\n";
    const Pb__Status *s =
        import_refused("INS1", speech, strlen(speech), STATUS_INVALID_ARGUMENT, "NO_OUTLINE");
    assert_true(strlen(s->message) > strlen("没有从文件中识别出任何整改措施，未导入。") + 20);
    assert_string_equal(s->violations[0]->field, "content");
    import_refused("INS1", "", 0, STATUS_INVALID_ARGUMENT, "TEXT_EMPTY");
    import_refused("INS1", "PK\003\004 not text", 13, STATUS_INVALID_ARGUMENT,
                   "TEXT_IS_OFFICE_PACKAGE");
    import_refused("INS1", "%PDF-1.4\n", 9, STATUS_INVALID_ARGUMENT, "TEXT_IS_PDF");
    import_refused("INS9", notice, notice_size, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN");
    import_refused(NULL, notice, notice_size, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN");
    Pb__ImportNoticeRequest r = document(NULL, speech, strlen(speech));
    const Pb__ImportNoticeReply *preview = district_ok(
        &office, "InspectionService/PreviewNotice", &r.base, &pb__import_notice_reply__descriptor);
    assert_int_equal(preview->n_items, 0);
    assert_true(preview->n_warnings > 0);
}

/* A reply that is kept for replays holds 4 KiB: warnings must not stop an import. */
static void
many_warnings_do_not_stop_an_import(void **state)
{
    (void)state;
    create("INS-W");
    char *text = arena_strdup(&district.arena, "二、整改落实情况\n（一）样例项。\n");
    for (int i = 1; i <= 120; i++) {
        text = arena_printf(&district.arena, "%s%d.关于“样例问题%d”问题的整改。\n一是样例措施。\n",
                            text, 2 * i, i);
    }
    Pb__ImportNoticeRequest r = document("INS-W", text, strlen(text));
    const Pb__ImportNoticeReply *preview = district_ok(
        &office, "InspectionService/PreviewNotice", &r.base, &pb__import_notice_reply__descriptor);
    assert_true(preview->n_warnings >= 100);
    const Pb__ImportNoticeReply *reply = import("INS-W", text, strlen(text));
    assert_int_equal(reply->problem_count, 120);
    assert_true(reply->n_warnings > 2 && reply->n_warnings < preview->n_warnings);
    assert_string_equal(reply->warnings[reply->n_warnings - 1]->code, "MORE_WARNINGS");
}

static void
numbers_that_restart_get_references_of_their_own(void **state)
{
    (void)state;
    create("INS-R");
    static const char text[] = "二、整改落实情况\n"
                               "（一）样例甲。\n1.关于“甲一”问题的整改。\n一是样例措施甲一。\n"
                               "2.关于“甲二”问题的整改。\n一是样例措施甲二。\n"
                               "（二）样例乙。\n1.关于“乙一”问题的整改。\n一是样例措施乙一。\n";
    const Pb__ImportNoticeReply *reply = import("INS-R", text, strlen(text));
    assert_int_equal(reply->problem_count, 3);
    assert_int_equal(district_number("SELECT count(DISTINCT p.ref) FROM rectify.problem p"
                                     " JOIN rectify.inspection i ON i.id = p.inspection"
                                     " WHERE i.code = 'INS-R'"),
                     3);
    reply = import("INS-R", text, strlen(text));
    assert_int_equal(reply->added + reply->updated, 0);
}

static void
a_replay_gives_the_same_answer(void **state)
{
    (void)state;
    Pb__CreateInspectionRequest r = new_inspection("INS-ONCE");
    Pb__CallRequest *e = district_envelope(&office, "InspectionService/CreateInspection", &r.base);
    const Pb__Inspection *first = district_read(district_send(e), &pb__inspection__descriptor);
    const Pb__CallReply *again = district_send(e);
    const Pb__Inspection *second = district_read(again, &pb__inspection__descriptor);
    assert_true(again->replayed);
    assert_string_equal(first->id, second->id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inspection_is_created_once),
        cmocka_unit_test(fields_of_an_inspection_are_checked),
        cmocka_unit_test(the_notice_gives_15_47_102),
        cmocka_unit_test(the_same_notice_again_leaves_no_event),
        cmocka_unit_test(changed_wording_updates_by_reference),
        cmocka_unit_test(the_office_may_send_gbk),
        cmocka_unit_test(marked_documents_are_not_kept),
        cmocka_unit_test(a_document_without_an_outline_says_why),
        cmocka_unit_test(many_warnings_do_not_stop_an_import),
        cmocka_unit_test(numbers_that_restart_get_references_of_their_own),
        cmocka_unit_test(a_replay_gives_the_same_answer),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
