/* One release apart, either way. What is played, and no more than that:
 *  - a newer server: CallReply, Status, Receipt and the reply's payload carry fields nobody knows;
 *  - a newer client: the envelope and the request carry such fields;
 *  - an older server: the OperationService is not there (UNIMPLEMENTED METHOD_UNKNOWN).
 * The client keeps working: what was put is received, what cannot be asked stays as it was.
 * Controls: a reply whose known field has another type is refused; the older server really does not
 * know. */
#include "client/lib/outbox.h"
#include "proto/rpc/client.h"
#include "rectify/v1/matter.pb-c.h"
#include "rectify/v1/operation.pb-c.h"
#include "tests/support/fixture.h"
#include "tests/support/outpost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COMMANDS = 3,
    DEADLINE_MS = 3000,
    DRAINS_MAX = 20, /* on a busy machine a call may time out */
};

/* A machine with its channel and outbox. */
struct machine {
    struct arena arena;
    struct rectify_profile *profile;
    struct rectify_channel *channel;
    struct rectify_outbox *outbox;
};

static unsigned commands;

static void
ok(enum status status, const struct fault *f)
{
    if (status != STATUS_OK) {
        fail_msg("%d %s: %s", (int)status, f->reason, f->message);
    }
}

static int
machine_open(void **state)
{
    static struct machine m;
    struct fault f = {.code = STATUS_OK};
    outpost_release(OUTPOST_THIS);
    m = (struct machine){.profile = outpost_machine(outpost_clerk(), true, outpost_port(true))};
    arena_init(&m.arena, 32U << 20U);
    const struct rectify_channel_options options = {
        .profile = m.profile, .client_version = "test", .deadline_ms = DEADLINE_MS};
    ok(rectify_channel_open(&options, &m.channel, &f), &f);
    ok(rectify_outbox_open(m.profile->state, &m.outbox, &f), &f);
    *state = &m;
    return 0;
}

static int
machine_close(void **state)
{
    struct machine *m = *state;
    outpost_release(OUTPOST_THIS);
    rectify_outbox_free(m->outbox);
    rectify_channel_free(m->channel);
    arena_release(&m->arena);
    return 0;
}

/* A command that a newer client would make when asked to. */
static ProtobufCMessage *
command_make(struct machine *m, bool newer)
{
    ProtobufCMessage *message = outpost_command(&m->arena, ++commands);
    if (newer) {
        ProtobufCMessageUnknownField *field = arena_alloc(&m->arena, sizeof *field);
        assert_non_null(field);
        *field = (ProtobufCMessageUnknownField){
            .tag = 900, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1};
        field->data = arena_alloc(&m->arena, 1);
        field->data[0] = 7;
        message->n_unknown_fields = 1;
        message->unknown_fields = field;
    }
    return message;
}

static void
put_all(struct machine *m, bool newer)
{
    for (int i = 0; i < COMMANDS; i++) {
        struct fault f = {.code = STATUS_OK};
        struct rectify_item item;
        const struct rectify_request request = {.method = OUTPOST_METHOD,
                                                .message = command_make(m, newer)};
        const struct rectify_outbox_command command = {
            .request = &request, .account = m->profile->account, .title = "样例"};
        ok(rectify_outbox_put(m->outbox, &command, &item, &m->arena, &f), &f);
    }
}

static struct rectify_drain
drain(struct machine *m)
{
    static const struct rectify_drain_options options = {.stop = NULL};
    struct rectify_drain result;
    struct fault f = {.code = STATUS_OK};
    ok(rectify_outbox_drain(m->outbox, m->channel, &options, &result, &f), &f);
    return result;
}

static void
assert_all_received(struct machine *m)
{
    struct rectify_drain result = drain(m);
    uint64_t received = result.received;
    for (int i = 0; i < DRAINS_MAX && result.end == RECTIFY_DRAIN_LINE; i++) {
        result = drain(m);
        received += result.received;
    }
    if (result.end != RECTIFY_DRAIN_EMPTY || received != COMMANDS) {
        fail_msg("end %d, received %d: %s %s", (int)result.end, (int)received, result.why.reason,
                 result.why.message);
    }
}

/* A query, a command and the outbox's own questions all go well. */
static void
assert_works(struct machine *m)
{
    struct fault f = {.code = STATUS_OK};
    struct rectify_answer answer;
    Pb__ListMattersRequest list = PB__LIST_MATTERS_REQUEST__INIT;
    const struct rectify_request query = {.method = "rectify.v1.MatterService/ListMatters",
                                          .message = &list.base};
    ok(rectify_call(m->channel, &m->arena, &query, &answer, &f), &f);
    assert_true(((const Pb__ListMattersReply *)answer.message)->n_matters >= COMMANDS);
    ok(rectify_outbox_verdicts(m->outbox, m->channel, 100, NULL, &f), &f);
}

static void
test_newer_server(void **state)
{
    struct machine *m = *state;
    outpost_release(OUTPOST_NEWER);
    put_all(m, false);
    assert_all_received(m);
    assert_works(m);
}

static void
test_newer_client(void **state)
{
    struct machine *m = *state;
    put_all(m, true);
    assert_all_received(m);
    assert_works(m);
}

/* The envelope is made by the library; here one is sent that has more in it. */
static void
test_newer_envelope(void **state)
{
    struct machine *m = *state;
    struct rpc_client *client = NULL;
    struct rpc_reply reply = {.bytes = NULL};
    struct fault f = {.code = STATUS_OK};
    char url[64];
    Pb__CallRequest *e =
        district_envelope(outpost_clerk(), "MatterService/OpenMatter", command_make(m, true));
    size_t n = pb__call_request__get_packed_size(e);
    unsigned char *bytes = arena_alloc(&m->arena, n + OUTPOST_UNKNOWN_BYTES);
    assert_non_null(bytes);
    pb__call_request__pack(e, bytes);
    n = outpost_unknown_fields(bytes, n);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", outpost_port(false));
    const struct rpc_client_config config = {.url = url};
    ok(rpc_client_open(&config, &client, &f), &f);
    ok(rpc_client_call(client, bytes, n, DEADLINE_MS, &reply, &f), &f);
    Pb__CallReply *answer = pb__call_reply__unpack(NULL, reply.n, reply.bytes);
    assert_non_null(answer);
    district_expect(answer, STATUS_OK, NULL);
    pb__call_reply__free_unpacked(answer, NULL);
    rpc_reply_clear(&reply);
    rpc_client_free(client);
}

static void
test_older_server(void **state)
{
    struct machine *m = *state;
    struct fault f = {.code = STATUS_OK};
    struct rectify_answer answer;
    char *keys[] = {district_text("01930000-0000-7000-8000-000000000001")};
    Pb__GetOperationRequest get = PB__GET_OPERATION_REQUEST__INIT;
    const struct rectify_request query = {.method = "rectify.v1.OperationService/GetOperation",
                                          .message = &get.base};
    get.keys = keys;
    get.n_keys = 1;
    outpost_release(OUTPOST_OLDER);
    put_all(m, false);
    assert_all_received(m);
    assert_works(m);
    /* The control: it really does not know. */
    assert_int_equal(rectify_call(m->channel, &m->arena, &query, &answer, &f),
                     STATUS_UNIMPLEMENTED);
}

/* The control: not everything is taken for a newer release. */
static void
test_broken_server_is_found_out(void **state)
{
    struct machine *m = *state;
    struct rectify_outbox_counts counts;
    struct fault f = {.code = STATUS_OK};
    outpost_release(OUTPOST_BROKEN);
    put_all(m, false);
    struct rectify_drain result = drain(m);
    assert_true(result.end != RECTIFY_DRAIN_EMPTY);
    assert_int_equal(result.received, 0);
    outpost_release(OUTPOST_THIS);
    assert_all_received(m); /* nothing was lost by it */
    ok(rectify_outbox_counts_get(m->outbox, &counts, &f), &f);
    assert_int_equal(counts.queued + counts.sent + counts.attention, 0);
}

#define MACHINE_TEST(test) cmocka_unit_test_setup_teardown(test, machine_open, machine_close)

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
    const struct CMUnitTest tests[] = {
        MACHINE_TEST(test_newer_server),
        MACHINE_TEST(test_newer_client),
        MACHINE_TEST(test_newer_envelope),
        MACHINE_TEST(test_older_server),
        MACHINE_TEST(test_broken_server_is_found_out),
    };
    return cmocka_run_group_tests(tests, outpost_open, outpost_close);
}
