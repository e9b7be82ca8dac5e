/* A copy of a unit's machine at work at the same time: both bring the same file. The one finishes
 * the other's upload, which the server then no longer knows; both must come to the same record. */
#include "client/lib/evidence.h"
#include "tests/support/fixture.h"
#include "tests/support/outpost.h"

#include <stdio.h>
#include <string.h>

/* Two machines with one key: the second finishes at the first one's first piece. */
struct pair {
    struct arena arena;
    struct rectify_channel *channel[2];
    const char *path;
    Pb__Evidence *evidence[2];
};

static struct rectify_channel *
channel_open(void)
{
    struct rectify_channel *channel = NULL;
    struct fault f = {.code = STATUS_OK};
    const struct rectify_channel_options options = {
        .profile = outpost_machine(outpost_clerk(), false, outpost_port(false)),
        .client_version = "test"};
    if (rectify_channel_open(&options, &channel, &f) != STATUS_OK) {
        fail_msg("%s: %s", f.reason, f.message);
    }
    return channel;
}

static void
upload(struct pair *p, int which, const struct rectify_progress *progress)
{
    struct fault f = {.code = STATUS_OK};
    const struct rectify_upload up = {.path = p->path, .progress = *progress};
    if (rectify_evidence_upload(p->channel[which], &p->arena, &up, &p->evidence[which], &f) !=
        STATUS_OK) {
        fail_msg("machine %d: %s: %s", which, f.reason, f.message);
    }
}

static void
other_finishes(void *user, const char *name, int64_t done, int64_t size)
{
    static const struct rectify_progress nobody = {.step = NULL};
    struct pair *p = user;
    (void)name;
    (void)done;
    (void)size;
    if (p->evidence[1] == NULL) {
        upload(p, 1, &nobody);
    }
}

static void
test_both_bring_one_file(void **state)
{
    struct pair p = {.channel = {channel_open(), channel_open()}};
    const struct rectify_progress progress = {.step = other_finishes, .user = &p};
    (void)state;
    arena_init(&p.arena, 32U << 20U);
    p.path = arena_printf(&p.arena, "%s/both.txt", test_dir());
    FILE *file = fopen(p.path, "w");
    assert_non_null(file);
    for (int i = 0; i < 20000; i++) {
        fprintf(file, "（样例）第%d行\n", i);
    }
    assert_int_equal(fclose(file), 0);
    upload(&p, 0, &progress);
    assert_non_null(p.evidence[1]); /* the control: the other one was really in between */
    assert_string_equal(p.evidence[0]->id, p.evidence[1]->id);
    rectify_channel_free(p.channel[0]);
    rectify_channel_free(p.channel[1]);
    arena_release(&p.arena);
}

/* What nng loses is given up with its memory (proto/rpc/client_io.h, server_conn.c rule 8). */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:client_io_new\nleak:conn_new\nleak:conn_in_reserve\nleak:libnng\nleak:libmbed\n";
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_bring_one_file)};
    return cmocka_run_group_tests(tests, outpost_open, outpost_close);
}
