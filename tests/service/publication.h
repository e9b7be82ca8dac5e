/* Steps of the tests of publications: the small district with an editor and an auditor, problems
 * with titles of their own, and tables whose narratives the office accepted or did not. */
#ifndef TESTS_SERVICE_PUBLICATION_H
#define TESTS_SERVICE_PUBLICATION_H

#include "rectify/v1/publication.pb-c.h"
#include "server/handler/publication.h"
#include "tests/service/table_slice.h"

enum { PUBL1 = 18, AUDIT1 = 19, ADMIN1 = 20, DISC1 = 31 };

#define PUBLIC PB__PUBLICATION_KIND__PUBLIC_NOTICE

/* As slice_set_up, with the methods of publications and two writers. */
HELPER int
publication_set_up(void **state)
{
    (void)state;
    slice_reset();
    slice_sql(
        "INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version, event_id)"
        " VALUES (1, '%s', 'disc', '样例纪委监委', 'DISC', 7, 1, '%s')",
        slice_id(7), slice_id(1));
    slice_seed_person(PUBL1, "publ1", 1, ROLE_PUBL);
    slice_seed_person(AUDIT1, "audit1", 1, ROLE_AUDIT);
    slice_seed_person(DISC1, "disc1", 7, ROLE_DISC);
    slice_sql("UPDATE rectify.problem SET title = '学习不够深入', version = 3 WHERE ref = 'P-01';"
              "UPDATE rectify.problem SET title = '台账不够完整', version = 3 WHERE ref = 'P-02';"
              "UPDATE rectify.measure SET version = 2, text = CASE ref"
              " WHEN 'P-01-M-01' THEN '一是制定学习计划。年内完成。'"
              " WHEN 'P-01-M-02' THEN '二是立即补课。' WHEN 'P-01-M-03' THEN '三是长期坚持领学。'"
              " ELSE '逐项清理台账并建立目录。' END");
    const struct handler_table *const all[] = {
        &measure_handler_table, &problem_handler_table, &table_handler_table,
        &status_handler_table,  &matter_handler_table,  &publication_handler_table,
    };
    return slice_open(all, sizeof all / sizeof all[0], 2);
}

/* ---- what units reported ---- */

/* An event id of nine o'clock of a day, as dispatch would make it. */
HELPER const char *
event_of(const char *iso, int serial)
{
    int32_t day = 0;
    assert_int_equal(day_parse(iso, &day), STATUS_OK);
    int64_t ms = day_to_instant(day, ZONE_CHINA_MIN) + 9 * 3600000LL;
    return arena_printf(&slice_arena, "%08llx-%04llx-7000-8000-%012d", (unsigned long long)ms >> 16,
                        (unsigned long long)ms & 0xffffULL, serial);
}

/* A row of a unit's table for a measure, written on a day; verdict 1 waiting, 2 accepted, 3
 * returned. */
HELPER void
report(int measure, const char *period, const char *day, int verdict, const char *narrative)
{
    static int serial;
    int unit = measure == 64 ? 6 : 5;
    const char *event = event_of(day, ++serial);
    slice_sql("INSERT INTO rectify.periodic_table (tenant, id, inspection, org, period, due, state,"
              " version, event_id) SELECT 1, gen_random_uuid(), '%s', '%s', '%s', '%s', 'OPEN', 1,"
              " '%s' WHERE NOT EXISTS (SELECT 1 FROM rectify.periodic_table WHERE org = '%s'"
              " AND period = '%s');"
              "INSERT INTO rectify.table_row AS r (tenant, table_id, measure, org, percent,"
              " narrative, verdict, reason, recorded_ms, version, event_id)"
              " SELECT 1, t.id, '%s', '%s', 50, '%s', %d, CASE %d WHEN 3 THEN '样例' END, 0, 1,"
              " '%s' FROM rectify.periodic_table t WHERE t.org = '%s' AND t.period = '%s'"
              " ON CONFLICT ON CONSTRAINT table_row_pk DO UPDATE SET narrative ="
              " excluded.narrative, verdict = excluded.verdict, reason = excluded.reason,"
              " version = r.version + 1, event_id = excluded.event_id",
              slice_id(31), slice_id(unit), period, "2026-12-25", event, slice_id(unit), period,
              slice_id(measure), slice_id(unit), narrative, verdict, verdict, event, slice_id(unit),
              period);
}

/* ---- commands ---- */

HELPER Pb__CreatePublicationRequest
creation(Pb__PublicationKind kind, const char *as_of)
{
    Pb__CreatePublicationRequest r = PB__CREATE_PUBLICATION_REQUEST__INIT;
    r.has_kind = 1;
    r.kind = kind;
    r.as_of = slice_text(as_of);
    return r;
}

HELPER const Pb__Publication *
create(Pb__PublicationKind kind, const char *as_of)
{
    Pb__CreatePublicationRequest r = creation(kind, as_of);
    return slice_ok(PUBL1, "PublicationService/CreatePublication", &r.base,
                    &pb__publication__descriptor);
}

HELPER const Pb__GetPublicationReply *
get(int account, const char *ref)
{
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_ok(account, "PublicationService/GetPublication", &r.base,
                    &pb__get_publication_reply__descriptor);
}

HELPER Pb__EditPublicationRequest
edition(const char *ref, const char *text)
{
    Pb__EditPublicationRequest r = PB__EDIT_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.has_file = 1;
    r.file.data = (uint8_t *)(uintptr_t)text;
    r.file.len = strlen(text);
    return r;
}

HELPER const Pb__Publication *
edit(const char *ref, const char *text)
{
    Pb__EditPublicationRequest r = edition(ref, text);
    return slice_ok(PUBL1, "PublicationService/EditPublication", &r.base,
                    &pb__publication__descriptor);
}

HELPER Pb__ApprovePublicationRequest
approval(const char *ref, const char *sha256)
{
    Pb__ApprovePublicationRequest r = PB__APPROVE_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.sha256 = slice_text(sha256);
    return r;
}

HELPER Pb__EndPublicationRequest
ending(const char *ref)
{
    Pb__EndPublicationRequest r = PB__END_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.reason = slice_text("样例理由");
    return r;
}

HELPER const Pb__Publication *
check(const char *ref)
{
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_ok(OFFICE1, "PublicationService/CheckPublication", &r.base,
                    &pb__publication__descriptor);
}

/* Approved and published as it stands. */
HELPER const Pb__Publication *
approve(const char *ref)
{
    Pb__ApprovePublicationRequest r = approval(ref, get(LGROUP1, ref)->publication->sha256);
    return slice_ok(LGROUP1, "PublicationService/ApprovePublication", &r.base,
                    &pb__publication__descriptor);
}

HELPER const Pb__Publication *
publish(const char *ref)
{
    Pb__ApprovePublicationRequest r = approval(ref, get(OFFICE1, ref)->publication->sha256);
    return slice_ok(PUBL1, "PublicationService/PublishPublication", &r.base,
                    &pb__publication__descriptor);
}

HELPER const Pb__PublicationFile *
export_file(int account, const char *ref, const char *format)
{
    Pb__ExportPublicationRequest r = PB__EXPORT_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.format = slice_text(format);
    return slice_ok(account, "PublicationService/ExportPublication", &r.base,
                    &pb__publication_file__descriptor);
}

/* The text as a file, as a string. */
HELPER const char *
text_of(const char *ref)
{
    const Pb__PublicationFile *f = export_file(OFFICE1, ref, "txt");
    return arena_strndup(&slice_arena, (const char *)f->data.data, f->data.len);
}

/* A text that tells of both problems and passes the check. */
#define WHOLE_TEXT                                                                                                                           \
    "关于样例巡视整改进展情况的通报\n\n现将整改进展情况通报如下。\n一、整改工作组织情况\n"             \
    "样例区委认真组织。\n二、整改落实情况\n(一)样例项\n1.关于“学习不够深入”问题的整改\n"               \
    "整改状态：正在整改\n一是制定学习计划。已印发学习计划并组织两次集中学习。\n"                          \
    "二是立即补课。已补课三次，覆盖全体干部。\n2、关于“台账不够完整”问题的整改\n"                      \
    "台账已经清理完毕，目录已经建立。\n三、下一步整改工作打算\n持续抓好整改。\n中共样例区委员会\n" \
    "2026年11月10日\n"

HELPER const Pb__Publication *
publish_whole(void)
{
    const Pb__Publication *p = create(PUBLIC, "2026-11-10");
    (void)edit(p->ref, WHOLE_TEXT);
    (void)check(p->ref);
    (void)approve(p->ref);
    return publish(p->ref);
}

HELPER bool
has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

HELPER Pb__HoldBackRequest
holding(const char *ref, char **subjects, size_t n)
{
    Pb__HoldBackRequest r = PB__HOLD_BACK_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.subjects = subjects;
    r.n_subjects = n;
    r.hold_code = slice_text("SECRECY");
    r.reason = slice_text("样例：涉及未公开事项");
    return r;
}

HELPER const Pb__Status *
check_refused(const char *ref, const char *reason)
{
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_refused(OFFICE1, "PublicationService/CheckPublication", &r.base,
                         STATUS_FAILED_PRECONDITION, reason);
}

#endif
