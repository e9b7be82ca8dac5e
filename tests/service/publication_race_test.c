/* Two people on one publication at once: exactly one wins, the other is told the version that
 * stands. Each pair runs in both orders one after the other, and then from two threads. */
#include "tests/service/publication.h"
#include "tests/service/racer.h"

enum { AT_ONCE_ROUNDS = 4 };

static int
winner_of(struct racer *pair)
{
    int winner = pair[0].reply->status->code == STATUS_OK ? 0 : 1;
    const Pb__Status *lost = pair[1 - winner].reply->status;
    assert_int_equal(pair[winner].reply->status->code, STATUS_OK);
    assert_int_equal(lost->code, STATUS_ABORTED);
    assert_string_equal(lost->reason, "STALE_VERSION");
    assert_true(lost->has_current_version);
    assert_int_equal(lost->current_version,
                     slice_count("SELECT version FROM rectify.publication WHERE ref = 'TB-01'"));
    racers_release(pair);
    return winner;
}

/* Each order in a fresh district; `make` brings it about and prepares the two calls. */
static void
run_orders(void **state, void (*make)(struct racer *pair), const char *const *states)
{
    for (int order = 0; order < 2 + AT_ONCE_ROUNDS; order++) {
        struct racer pair[2];
        if (order > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(publication_set_up(state), 0);
        }
        make(pair);
        racers_run(pair, order);
        int winner = winner_of(pair);
        assert_true(order >= 2 || winner == order);
        assert_string_equal(get(OFFICE1, "TB-01")->publication->state, states[winner]);
        /* What stands under the approval's hash is the text that was approved. */
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.publication p WHERE p.sha256 <>"
                                     " rectify.publication_sha256(p)"),
                         0);
    }
}

/* The office checks a draft while the editor hands in another text. */
static void
make_check_and_edit(struct racer *pair)
{
    (void)create(PUBLIC, "2026-11-10");
    int64_t version = edit("TB-01", WHOLE_TEXT)->version;
    Pb__GetPublicationRequest one = PB__GET_PUBLICATION_REQUEST__INIT;
    one.ref = slice_text("TB-01");
    Pb__EditPublicationRequest other = edition("TB-01", WHOLE_TEXT "\n");
    racer_make(&pair[0], OFFICE1, "PublicationService/CheckPublication", &one.base, version);
    racer_make(&pair[1], PUBL1, "PublicationService/EditPublication", &other.base, version);
}

static void
check_against_edit(void **state)
{
    static const char *const states[] = {"CHECKED", "DRAFT"};
    run_orders(state, make_check_and_edit, states);
}

/* The leading group approves while the office takes the text back to be edited. */
static void
make_approve_and_return(struct racer *pair)
{
    (void)create(PUBLIC, "2026-11-10");
    (void)edit("TB-01", WHOLE_TEXT);
    const Pb__Publication *p = check("TB-01");
    Pb__ApprovePublicationRequest one = approval("TB-01", p->sha256);
    Pb__EndPublicationRequest other = ending("TB-01");
    racer_make(&pair[0], LGROUP1, "PublicationService/ApprovePublication", &one.base, p->version);
    racer_make(&pair[1], OFFICE1, "PublicationService/ReturnPublication", &other.base, p->version);
}

static void
approve_against_return(void **state)
{
    static const char *const states[] = {"APPROVED", "DRAFT"};
    run_orders(state, make_approve_and_return, states);
}

/* Approval of the text the leading group saw against a text edited since: in whatever order, the
 * edited text is never the approved one. */
static void
approve_against_edit(void **state)
{
    for (int order = 0; order < 2; order++) {
        if (order > 0) {
            assert_int_equal(slice_tear_down(state), 0);
            assert_int_equal(publication_set_up(state), 0);
        }
        (void)create(PUBLIC, "2026-11-10");
        (void)edit("TB-01", WHOLE_TEXT);
        const Pb__Publication *seen = check("TB-01");
        Pb__ApprovePublicationRequest yes = approval("TB-01", seen->sha256);
        Pb__EndPublicationRequest back = ending("TB-01");
        Pb__EditPublicationRequest other =
            edition("TB-01", arena_printf(&slice_arena, "%s", "关于样例的通报\n另一份正文。\n"));
        if (order == 0) { /* approved first: the edit is refused, and told so */
            slice_expected = seen->version;
            (void)slice_ok(LGROUP1, "PublicationService/ApprovePublication", &yes.base,
                           &pb__publication__descriptor);
            const Pb__Status *s = slice_refused(PUBL1, "PublicationService/EditPublication",
                                                &other.base, STATUS_ABORTED, "STALE_VERSION");
            slice_expected = 0;
            assert_int_equal(s->current_version, seen->version + 1);
            assert_string_equal(get(OFFICE1, "TB-01")->publication->sha256, seen->sha256);
            continue;
        }
        (void)slice_ok(OFFICE1, "PublicationService/ReturnPublication", &back.base,
                       &pb__publication__descriptor);
        (void)edit("TB-01", "关于样例的通报\n另一份正文。\n");
        slice_expected = seen->version;
        const Pb__Status *s = slice_refused(LGROUP1, "PublicationService/ApprovePublication",
                                            &yes.base, STATUS_ABORTED, "STALE_VERSION");
        slice_expected = 0;
        assert_int_equal(s->current_version, seen->version + 2);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, publication_set_up, slice_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(check_against_edit),
        TEST(approve_against_return),
        TEST(approve_against_edit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
