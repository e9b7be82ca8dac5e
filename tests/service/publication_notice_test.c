/* The real notice as a publication: imported, drafted, its text handed back by the editor,
 * published, exported, and read again by the importer: the same items, problems and measures. */
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/publication.pb-c.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <string.h>

static struct person office;
static struct person group;

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("office", "样例办公室", "OFFICE");
    district_org("lgroup", "样例领导小组", "LGROUP");
    office = district_person("office", "office", "OFFICE", 2);
    group = district_person("lgroup", "lgroup", "LGROUP", 3);
    return 0;
}

static const Pb__ImportNoticeReply *
preview(const void *bytes, size_t size)
{
    Pb__ImportNoticeRequest r = PB__IMPORT_NOTICE_REQUEST__INIT;
    r.name = district_text("通报.txt");
    r.has_content = 1;
    r.content.data = (uint8_t *)(uintptr_t)bytes;
    r.content.len = size;
    return district_ok(&office, "InspectionService/PreviewNotice", &r.base,
                       &pb__import_notice_reply__descriptor);
}

static void
assert_same_text(const char *a, const char *b)
{
    assert_string_equal(a == NULL ? "" : a, b == NULL ? "" : b);
}

static void
assert_same_outline(const Pb__ImportNoticeReply *a, const Pb__ImportNoticeReply *b)
{
    assert_int_equal(a->n_items, b->n_items);
    for (size_t i = 0; i < a->n_items; i++) {
        assert_same_text(a->items[i]->title, b->items[i]->title);
        assert_int_equal(a->items[i]->n_problems, b->items[i]->n_problems);
        for (size_t p = 0; p < a->items[i]->n_problems; p++) {
            assert_int_equal(a->items[i]->problems[p]->no, b->items[i]->problems[p]->no);
            assert_same_text(a->items[i]->problems[p]->title, b->items[i]->problems[p]->title);
            assert_int_equal(a->items[i]->problems[p]->n_measures,
                             b->items[i]->problems[p]->n_measures);
            for (size_t m = 0; m < a->items[i]->problems[p]->n_measures; m++) {
                assert_same_text(a->items[i]->problems[p]->measures[m]->text,
                                 b->items[i]->problems[p]->measures[m]->text);
            }
        }
    }
}

static const Pb__Publication *
step(const struct person *who, const char *method, const ProtobufCMessage *request)
{
    return district_ok(who, method, request, &pb__publication__descriptor);
}

/* The notice with a title above it, as an editor hands it in. */
static char *
with_title(const char *notice, size_t size, size_t *ret_size)
{
    static const char title[] = "关于样例巡视整改进展情况的通报\n\n";
    char *file = arena_alloc(&district.arena, sizeof title + size);
    assert_non_null(file);
    memcpy(file, title, sizeof title - 1);
    memcpy(file + sizeof title - 1, notice, size);
    *ret_size = sizeof title - 1 + size;
    return file;
}

static void
import_notice(const char *notice, size_t size)
{
    char *bodies[] = {district_text("样例区委")};
    Pb__CreateInspectionRequest r = PB__CREATE_INSPECTION_REQUEST__INIT;
    r.code = district_text("INS1");
    r.name = district_text("样例巡视");
    r.bodies = bodies;
    r.n_bodies = 1;
    r.feedback_date = district_text("2019-12-30");
    (void)district_ok(&office, "InspectionService/CreateInspection", &r.base,
                      &pb__inspection__descriptor);
    Pb__ImportNoticeRequest i = PB__IMPORT_NOTICE_REQUEST__INIT;
    i.inspection = district_text("INS1");
    i.name = district_text("通报.txt");
    i.has_content = 1;
    i.content.data = (uint8_t *)(uintptr_t)notice;
    i.content.len = size;
    (void)district_ok(&office, "InspectionService/ImportNotice", &i.base,
                      &pb__import_notice_reply__descriptor);
    /* As the plan's approval would: measures of a draft are not told of. */
    test_db_exec("postgres",
                 "UPDATE rectify.measure SET state = 'ASSIGNED', version = version + 1");
}

static void
the_real_notice_goes_round(void **state)
{
    (void)state;
    size_t size = 0;
    size_t file_size = 0;
    char today[DAY_TEXT_SIZE];
    char *notice = district_file("deploy/sample/notice-2020-04-27.txt", &size);
    import_notice(notice, size);

    Pb__CreatePublicationRequest make = PB__CREATE_PUBLICATION_REQUEST__INIT;
    make.has_kind = 1;
    make.kind = PB__PUBLICATION_KIND__PUBLIC_NOTICE;
    make.as_of = district_text(
        day_print(day_from_instant(clock_now_ms(&district.clock.clock), ZONE_CHINA_MIN), today));
    char *ref = step(&office, "PublicationService/CreatePublication", &make.base)->ref;

    Pb__EditPublicationRequest edit = PB__EDIT_PUBLICATION_REQUEST__INIT;
    edit.ref = ref;
    edit.has_file = 1;
    edit.file.data = (uint8_t *)with_title(notice, size, &file_size);
    edit.file.len = file_size;
    (void)step(&office, "PublicationService/EditPublication", &edit.base);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.publication_block b"
                                     " JOIN rectify.publication p ON p.id = b.publication"
                                     " AND p.content_no = b.content_no WHERE b.kind = 4"),
                     47);
    assert_int_equal(district_number("SELECT count(DISTINCT b.measure) FROM"
                                     " rectify.publication_block b JOIN rectify.publication p"
                                     " ON p.id = b.publication AND p.content_no = b.content_no"),
                     102);

    Pb__GetPublicationRequest plain = PB__GET_PUBLICATION_REQUEST__INIT;
    plain.ref = ref;
    const Pb__Publication *checked =
        step(&office, "PublicationService/CheckPublication", &plain.base);
    Pb__ApprovePublicationRequest bound = PB__APPROVE_PUBLICATION_REQUEST__INIT;
    bound.ref = ref;
    bound.sha256 = checked->sha256;
    (void)step(&group, "PublicationService/ApprovePublication", &bound.base);
    (void)step(&office, "PublicationService/PublishPublication", &bound.base);

    Pb__ExportPublicationRequest out = PB__EXPORT_PUBLICATION_REQUEST__INIT;
    out.ref = ref;
    out.format = district_text("txt");
    const Pb__PublicationFile *file = district_ok(&office, "PublicationService/ExportPublication",
                                                  &out.base, &pb__publication_file__descriptor);
    const Pb__ImportNoticeReply *before = preview(notice, size);
    const Pb__ImportNoticeReply *after = preview(file->data.data, file->data.len);
    assert_int_equal(after->item_count, 15);
    assert_int_equal(after->problem_count, 47);
    assert_int_equal(after->measure_count, 102);
    assert_same_outline(before, after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_real_notice_goes_round, set_up, district_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
