/* Publications through the door: who may take which step in which state, that one exact text is
 * approved, and that what was published stays. */
#include "tests/service/publication.h"

#include <libpq-fe.h>

/* ---- who may ---- */

enum { STEPS = 8 };

static const struct {
    const char *method;
    const char *allowed; /* of the letters of `callers` */
} steps[STEPS] = {
    {"CreatePublication", "OP"},  {"EditPublication", "OP"},     {"HoldBack", "O"},
    {"CheckPublication", "O"},    {"ReturnPublication", "OL"},   {"ApprovePublication", "L"},
    {"PublishPublication", "OP"}, {"WithdrawPublication", "OP"},
};

static const struct {
    char letter;
    int account;
} callers[] = {{'O', OFFICE1}, {'P', PUBL1},  {'L', LGROUP1}, {'U', UNIT1},
               {'S', SGROUP1}, {'A', AUDIT1}, {'D', DISC1},   {'E', LEADER1}};

static const ProtobufCMessage *
step_request(int step)
{
    static Pb__CreatePublicationRequest make;
    static Pb__EditPublicationRequest file;
    static Pb__HoldBackRequest hold;
    static Pb__GetPublicationRequest plain = PB__GET_PUBLICATION_REQUEST__INIT;
    static Pb__EndPublicationRequest end;
    static Pb__ApprovePublicationRequest bound;
    static char *subjects[1];
    make = creation(PUBLIC, "2026-11-10");
    file = edition("TB-01", WHOLE_TEXT);
    subjects[0] = slice_text("P-02");
    hold = holding("TB-01", subjects, 1);
    plain.ref = slice_text("TB-01");
    end = ending("TB-01");
    bound = approval("TB-01", "00");
    const ProtobufCMessage *requests[STEPS] = {&make.base, &file.base,  &hold.base,  &plain.base,
                                               &end.base,  &bound.base, &bound.base, &end.base};
    return requests[step];
}

/* Whoever has no right is refused for that, whatever the state. */
static void
each_step_has_its_roles(void **state)
{
    (void)state;
    (void)create(PUBLIC, "2026-11-10");
    for (int i = 0; i < STEPS; i++) {
        for (size_t j = 0; j < sizeof callers / sizeof callers[0]; j++) {
            char *name = arena_printf(&slice_arena, "PublicationService/%s", steps[i].method);
            if (strchr(steps[i].allowed, callers[j].letter) == NULL) {
                slice_refused(callers[j].account, name, step_request(i), STATUS_PERMISSION_DENIED,
                              "ROLE_FORBIDS");
            }
        }
    }
    assert_int_equal(get(OFFICE1, "TB-01")->publication->version, 1);
}

static void
each_state_has_its_steps(void **state)
{
    (void)state;
    (void)create(PUBLIC, "2026-11-10");
    Pb__ApprovePublicationRequest bound = approval("TB-01", "00");
    Pb__EndPublicationRequest end = ending("TB-01");
    slice_refused(LGROUP1, "PublicationService/ApprovePublication", &bound.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    slice_refused(PUBL1, "PublicationService/PublishPublication", &bound.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    slice_refused(PUBL1, "PublicationService/CorrectPublication", &end.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    slice_refused(OFFICE1, "PublicationService/ReturnPublication", &end.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    (void)edit("TB-01", WHOLE_TEXT);
    (void)check("TB-01");
    Pb__EditPublicationRequest file = edition("TB-01", WHOLE_TEXT);
    slice_refused(PUBL1, "PublicationService/EditPublication", &file.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    slice_refused(PUBL1, "PublicationService/WithdrawPublication", &end.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    /* The office returns it, then the leading group, also after it approved. */
    (void)slice_ok(OFFICE1, "PublicationService/ReturnPublication", &end.base,
                   &pb__publication__descriptor);
    (void)check("TB-01");
    (void)approve("TB-01");
    slice_refused(OFFICE1, "PublicationService/ReturnPublication", &end.base,
                  STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    const Pb__Publication *back = slice_ok(LGROUP1, "PublicationService/ReturnPublication",
                                           &end.base, &pb__publication__descriptor);
    assert_string_equal(back->state, "DRAFT");
    assert_string_equal(back->reason, "样例理由");
    assert_false(back->has_approved_at_ms);
    end.reason = NULL;
    slice_refused(PUBL1, "PublicationService/WithdrawPublication", &end.base,
                  STATUS_INVALID_ARGUMENT, "TEXT_MISSING");
    end = ending("TB-01");
    const Pb__Publication *gone = slice_ok(PUBL1, "PublicationService/WithdrawPublication",
                                           &end.base, &pb__publication__descriptor);
    assert_string_equal(gone->state, "WITHDRAWN");
    slice_refused(PUBL1, "PublicationService/EditPublication", &file.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
}

/* ---- approval is of one text ---- */

static void
approval_is_bound_to_the_text(void **state)
{
    (void)state;
    (void)create(PUBLIC, "2026-11-10");
    const char *old = get(LGROUP1, "TB-01")->publication->sha256;
    (void)edit("TB-01", WHOLE_TEXT);
    const Pb__Publication *checked = check("TB-01");
    Pb__ApprovePublicationRequest r = approval("TB-01", old);
    const Pb__Status *s = slice_refused(LGROUP1, "PublicationService/ApprovePublication", &r.base,
                                        STATUS_ABORTED, "CONTENT_CHANGED");
    assert_int_equal(s->current_version, checked->version);
    r.sha256 = NULL;
    slice_refused(LGROUP1, "PublicationService/ApprovePublication", &r.base, STATUS_ABORTED,
                  "CONTENT_CHANGED");
    slice_expected = checked->version - 1;
    r.sha256 = checked->sha256;
    slice_refused(LGROUP1, "PublicationService/ApprovePublication", &r.base, STATUS_ABORTED,
                  "STALE_VERSION");
    slice_expected = 0;
    r.opinion = slice_text("同意公布");
    const Pb__Publication *approved = slice_ok(LGROUP1, "PublicationService/ApprovePublication",
                                               &r.base, &pb__publication__descriptor);
    assert_true(approved->has_approved_at_ms);
    assert_int_equal(
        slice_count("SELECT count(*) FROM rectify.approval a JOIN rectify.publication p"
                    " ON p.id = a.subject AND p.sha256 = a.subject_sha256"
                    " WHERE a.subject_kind = 'publication' AND a.verdict = 2"),
        1);
    r = approval("TB-01", old);
    slice_refused(PUBL1, "PublicationService/PublishPublication", &r.base, STATUS_ABORTED,
                  "CONTENT_CHANGED");
    assert_string_equal(publish("TB-01")->published_on, "2026-11-10");
}

/* The same key gives the same answer, and one draft. */
static void
the_same_key_makes_one_draft(void **state)
{
    (void)state;
    Pb__CreatePublicationRequest r = creation(PUBLIC, "2026-11-10");
    Pb__CallRequest e;
    Pb__CallReply *first = NULL;
    Pb__CallReply *second = NULL;
    slice_envelope(&e, PUBL1, "PublicationService/CreatePublication", &r.base);
    assert_int_equal(dispatch_call(slice_door, &e, &slice_arena, &first), STATUS_OK);
    assert_int_equal(dispatch_call(slice_door, &e, &slice_arena, &second), STATUS_OK);
    assert_int_equal(first->status->code, STATUS_OK);
    assert_int_equal(second->status->code, STATUS_OK);
    assert_int_equal(first->payload.len, second->payload.len);
    assert_memory_equal(first->payload.data, second->payload.data, first->payload.len);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.publication"), 1);
}

/* ---- published ---- */

/* A number the database gives the server's role in the scope of unit01: the second wall. */
static long
count_as_unit(const char *sql)
{
    PGconn *c = PQconnectdb(test_db_conninfo("rectify_app"));
    char *scope = arena_printf(&slice_arena,
                               "SELECT set_config('search_path', 'rectify', false),"
                               " set_config('rectify.tenant', '1', false),"
                               " set_config('rectify.all', '', false),"
                               " set_config('rectify.orgs', '{%s}', false)",
                               slice_id(5));
    PQclear(PQexec(c, scope));
    PGresult *r = PQexec(c, sql);
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    long n = strtol(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    PQfinish(c);
    return n;
}

static void
units_see_what_was_published(void **state)
{
    (void)state;
    Pb__GetPublicationRequest r = PB__GET_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text("TB-01");
    (void)create(PUBLIC, "2026-11-10");
    (void)edit("TB-01", WHOLE_TEXT);
    static const int outside[] = {UNIT1, LEADER1, SGROUP1};
    for (int i = 0; i < 3; i++) {
        slice_refused(outside[i], "PublicationService/GetPublication", &r.base, STATUS_NOT_FOUND,
                      "PUBLICATION_UNKNOWN");
    }
    assert_int_equal(get(AUDIT1, "TB-01")->n_subjects, 6);
    (void)check("TB-01");
    (void)approve("TB-01");
    slice_refused(UNIT1, "PublicationService/GetPublication", &r.base, STATUS_NOT_FOUND,
                  "PUBLICATION_UNKNOWN");
    (void)publish("TB-01");
    const Pb__GetPublicationReply *seen = get(UNIT1, "TB-01");
    assert_true(seen->n_blocks > 10);
    assert_int_equal(seen->n_subjects, 0);
    /* Not a word of an older edition, nor why something stayed out, whatever is asked. */
    static const char old_words[] = "SELECT count(*) FROM rectify.publication_block"
                                    " WHERE content_no = 1";
    assert_true(slice_count(old_words) > 0);
    assert_int_equal(count_as_unit(old_words), 0);
    assert_int_equal(count_as_unit("SELECT count(*) FROM publication_block"), seen->n_blocks);
    assert_int_equal(count_as_unit("SELECT count(*) FROM publication_subject"), 0);
    assert_int_equal(count_as_unit("SELECT count(*) FROM publication_version"), 1);
    /* A briefing that was published stays inside. */
    const Pb__Publication *b = create(PB__PUBLICATION_KIND__BRIEFING, "2026-11-10");
    (void)check(b->ref);
    (void)approve(b->ref);
    (void)publish(b->ref);
    r.ref = b->ref;
    slice_refused(UNIT1, "PublicationService/GetPublication", &r.base, STATUS_NOT_FOUND,
                  "PUBLICATION_UNKNOWN");
    Pb__ListPublicationsRequest list = PB__LIST_PUBLICATIONS_REQUEST__INIT;
    const Pb__ListPublicationsReply *all =
        slice_ok(UNIT1, "PublicationService/ListPublications", &list.base,
                 &pb__list_publications_reply__descriptor);
    assert_int_equal(all->n_publications, 1);
    all = slice_ok(OFFICE1, "PublicationService/ListPublications", &list.base,
                   &pb__list_publications_reply__descriptor);
    assert_int_equal(all->n_publications, 2);
}

/* ---- the inspection's own date ---- */

static long
held_dates(const char *kind, const char *day, int version)
{
    return slice_count(arena_printf(&slice_arena,
                                    "SELECT count(*) FROM rectify.inspection_date d JOIN"
                                    " rectify.publication p ON p.event_id = d.event_id"
                                    " AND p.inspection = d.inspection WHERE d.kind = '%s'"
                                    " AND d.no = 1 AND d.held_day = '%s' AND d.version = %d",
                                    kind, day, version));
}

static void
publishing_a_notice_holds_its_date(void **state)
{
    (void)state;
    slice_sql(
        "INSERT INTO rectify.inspection_date (tenant, inspection, kind, no, planned_day, note,"
        " event_id) VALUES (1, '%s', 'PUBLICATION', 1, '2026-12-01', '样例', '%s')",
        slice_id(31), slice_id(1));
    /* A briefing is no notice. */
    const Pb__Publication *b = create(PB__PUBLICATION_KIND__BRIEFING, "2026-11-10");
    (void)check(b->ref);
    (void)approve(b->ref);
    (void)publish(b->ref);
    static const char held[] =
        "SELECT count(*) FROM rectify.inspection_date WHERE held_day IS NOT NULL";
    assert_int_equal(slice_count(held), 0);
    /* The planned date keeps its plan and note; in the event of the publication. */
    const Pb__Publication *p = publish_whole();
    assert_int_equal(held_dates("PUBLICATION", "2026-11-10", 2), 1);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.inspection_date"
                                 " WHERE planned_day = '2026-12-01' AND note = '样例'"),
                     1);
    /* A correction, days later, leaves the first day. */
    slice_day("2026-11-12");
    Pb__EndPublicationRequest r = ending(p->ref);
    const Pb__Publication *again = slice_ok(OFFICE1, "PublicationService/CorrectPublication",
                                            &r.base, &pb__publication__descriptor);
    (void)check(again->ref);
    (void)approve(again->ref);
    (void)publish(again->ref);
    assert_int_equal(slice_count(held), 1);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.inspection_date"
                                 " WHERE held_day = '2026-11-10' AND version = 2"),
                     1);
    /* The inner-party notice has a date of its own, made when there is none. */
    const Pb__Publication *inner = create(PB__PUBLICATION_KIND__INNER_NOTICE, "2026-11-10");
    (void)edit(inner->ref, WHOLE_TEXT);
    (void)check(inner->ref);
    (void)approve(inner->ref);
    (void)publish(inner->ref);
    assert_int_equal(held_dates("INNER_NOTICE", "2026-11-12", 1), 1);
}

/* SQL as the server's role, seeing all; the constraint that refused, or "" when it went through. */
static const char *
try_as_app(const char *sql)
{
    PGconn *c = PQconnectdb(test_db_conninfo("rectify_app"));
    PGresult *r = PQexec(c, "SELECT set_config('search_path', 'rectify', false),"
                            " set_config('rectify.tenant', '1', false),"
                            " set_config('rectify.all', '1', false)");
    PQclear(r);
    r = PQexec(c, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    const char *name = ok ? "" : PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
    const char *state = ok ? "" : PQresultErrorField(r, PG_DIAG_SQLSTATE);
    char *answer = arena_strdup(&slice_arena, name != NULL ? name : state);
    PQclear(r);
    PQfinish(c);
    return answer;
}

static const char touch[] = "UPDATE publication SET %s, version = version + 1 WHERE ref = '%s'";

static void
the_database_keeps_what_was_published(void **state)
{
    (void)state;
    (void)publish_whole();
    static const char *const changes[] = {
        "title = '另一个标题'",
        "content_no = content_no + 1",
        "sha256 = sha256('x')",
        "as_of = '2026-11-09'",
        "plan_no = plan_no + 1",
        "published_day = '2026-11-09'",
        "published_ms = published_ms + 1",
        "approved_ms = approved_ms + 1",
        "reason = '另一个理由'",
        "kind = 'BRIEFING'",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_string_equal(try_as_app(arena_printf(&slice_arena, touch, changes[i], "TB-01")),
                            "publication_kept");
    }
    assert_string_equal(try_as_app("UPDATE publication SET state = 'DRAFT', version = version + 1"),
                        "publication_edge");
    static const char insert[] =
        "INSERT INTO publication_block (tenant, publication, content_no, no, kind, text, event_id)"
        " SELECT tenant, id, content_no, 999, 1, '多一段', event_id FROM publication"
        " WHERE ref = '%s'";
    assert_string_equal(try_as_app(arena_printf(&slice_arena, insert, "TB-01")),
                        "publication_kept");
    assert_string_equal(try_as_app("UPDATE publication_block SET text = '别的'"), "42501");
    assert_string_equal(try_as_app("DELETE FROM publication_block"), "42501");
    assert_string_equal(try_as_app("DELETE FROM publication"), "42501");
    assert_string_equal(try_as_app("UPDATE publication_subject SET hold_code = 'OTHER',"
                                   " hold_reason = 'x', version = version + 1"),
                        "publication_kept");
    /* Control: the same, of a draft, goes through, and so it is the state that refuses. */
    (void)create(PUBLIC, "2026-11-10");
    assert_string_equal(
        try_as_app(arena_printf(&slice_arena, touch, "title = '另一个标题'", "TB-02")), "");
    assert_string_equal(try_as_app(arena_printf(&slice_arena, insert, "TB-02")), "");
    /* And that draft, whose hash is not its text's, cannot be checked. */
    assert_string_equal(try_as_app(arena_printf(&slice_arena, touch, "state = 'CHECKED'", "TB-02")),
                        "publication_hash");
    assert_string_equal(
        try_as_app(arena_printf(&slice_arena, touch,
                                "state = 'CHECKED', sha256 = publication_sha256(publication)",
                                "TB-02")),
        "publication_kept");
}

static void
a_correction_begins_as_a_copy(void **state)
{
    (void)state;
    const char *first = publish_whole()->sha256;
    const char *text = text_of("TB-01");
    Pb__EndPublicationRequest end = ending("TB-01");
    slice_refused(LGROUP1, "PublicationService/CorrectPublication", &end.base,
                  STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    const Pb__Publication *made = slice_ok(PUBL1, "PublicationService/CorrectPublication",
                                           &end.base, &pb__publication__descriptor);
    assert_string_equal(made->ref, "TB-02");
    assert_string_equal(made->corrects, "TB-01");
    assert_string_equal(made->state, "DRAFT");
    assert_string_equal(made->sha256, first);
    assert_string_equal(text_of("TB-02"), text);
    const Pb__GetPublicationReply *old = get(UNIT1, "TB-01");
    assert_string_equal(old->publication->state, "SUPERSEDED");
    assert_string_equal(old->publication->sha256, first);
    assert_string_equal(get(OFFICE1, "TB-01")->publication->corrected_by, "TB-02");
    assert_int_equal(get(OFFICE1, "TB-02")->n_subjects, 6);
    slice_refused(PUBL1, "PublicationService/CorrectPublication", &end.base,
                  STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    end = ending("TB-02");
    slice_refused(PUBL1, "PublicationService/WithdrawPublication", &end.base,
                  STATUS_FAILED_PRECONDITION, "CORRECTION_OWED");
    (void)check("TB-02");
    (void)approve("TB-02");
    assert_string_equal(publish("TB-02")->state, "PUBLISHED");
}

static void
files_are_made_in_two_formats(void **state)
{
    (void)state;
    (void)publish_whole();
    const Pb__PublicationFile *docx = export_file(UNIT1, "TB-01", "docx");
    assert_string_equal(docx->name, "TB-01-整改进展情况通报.docx");
    assert_true(docx->data.len > 500);
    assert_memory_equal(docx->data.data, "PK", 2);
    assert_false(docx->has_next);
    const Pb__PublicationFile *again = export_file(UNIT1, "TB-01", "docx");
    assert_int_equal(again->data.len, docx->data.len);
    assert_memory_equal(again->data.data, docx->data.data, docx->data.len);
    Pb__ExportPublicationRequest r = PB__EXPORT_PUBLICATION_REQUEST__INIT;
    r.ref = slice_text("TB-01");
    r.format = slice_text("pdf");
    slice_refused(UNIT1, "PublicationService/ExportPublication", &r.base, STATUS_INVALID_ARGUMENT,
                  "FORMAT");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, publication_set_up, slice_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_step_has_its_roles),
        TEST(each_state_has_its_steps),
        TEST(approval_is_bound_to_the_text),
        TEST(the_same_key_makes_one_draft),
        TEST(units_see_what_was_published),
        TEST(the_database_keeps_what_was_published),
        TEST(a_correction_begins_as_a_copy),
        TEST(files_are_made_in_two_formats),
        TEST(publishing_a_notice_holds_its_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
