/* Two people on one publication at once: exactly one wins, the other is told the version that
 * stands. Each pair runs in both orders one after the other, and then from two threads. */
#include "tests/service/publication.h"

#include <pthread.h>

enum { AT_ONCE_ROUNDS = 4, RACER_ARENA_BYTES = 16 << 20 };

/* A call made ready, to be sent from anywhere. */
struct racer {
    Pb__CallRequest envelope;
    struct arena arena;
    Pb__CallReply *reply;
    pthread_barrier_t *start; /* NULL: at once */
    enum status sent;
};

static void
racer_make(struct racer *x, int account, const char *method, const ProtobufCMessage *request,
           int64_t version)
{
    *x = (struct racer){0};
    slice_expected = version;
    slice_envelope(&x->envelope, account, method, request);
    slice_expected = 0;
    arena_init(&x->arena, RACER_ARENA_BYTES);
}

static void *
racer_run(void *arg)
{
    struct racer *x = arg;
    if (x->start != NULL) {
        pthread_barrier_wait(x->start);
    }
    x->sent = dispatch_call(slice_door, &x->envelope, &x->arena, &x->reply);
    return NULL;
}

/* order: 0 and 1 one after the other, beginning with that one; 2 and more from two threads. */
static void
run_pair(struct racer *pair, int order)
{
    pthread_t threads[2];
    pthread_barrier_t start;
    if (order < 2) {
        (void)racer_run(&pair[order]);
        (void)racer_run(&pair[1 - order]);
        return;
    }
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (int i = 0; i < 2; i++) {
        pair[i].start = &start;
        assert_int_equal(pthread_create(&threads[i], NULL, racer_run, &pair[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
}

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
    arena_release(&pair[0].arena);
    arena_release(&pair[1].arena);
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
        run_pair(pair, order);
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
