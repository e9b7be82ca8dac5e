/* A server that talks out of turn: what it sends before, between and after the replies is skipped
 * or ends the connection, and never holds a call beyond its deadline. The test plays the server on
 * a plain socket; the calls run in a thread. */
#include "tests/e2e/rpc_fixture.h"

enum { HEAD = SP_LENGTH_SIZE + SP_WORD_SIZE, STALE_ID = 77, STALE_MAX = 4096, SHORT_MS = 300 };

static const unsigned char sp_rep[SP_HANDSHAKE_SIZE] = {0, 'S', 'P', 0, 0, SP_PROTO_REP, 0, 0};

struct odd {
    int listener;
    int fd; /* the client's connection */
    struct rpc_client *client;
    pthread_t thread;
    uint32_t timeout_ms;
    bool connect_only;
    enum status status; /* of the last call */
    struct fault fault;
    struct rpc_reply reply;
};

static void *
call_main(void *arg)
{
    struct odd *o = arg;
    o->fault = (struct fault){0};
    o->status = o->connect_only ? rpc_client_connect(o->client, WAIT_MS, &o->fault)
                                : rpc_client_call(o->client, (const unsigned char *)"ask", 3,
                                                  o->timeout_ms, &o->reply, &o->fault);
    return NULL;
}

static void
call_begin(struct odd *o, uint32_t timeout_ms)
{
    o->timeout_ms = timeout_ms;
    assert_int_equal(pthread_create(&o->thread, NULL, call_main, o), 0);
}

static void
call_end(struct odd *o, enum status status, const char *reason)
{
    pthread_join(o->thread, NULL);
    if (o->status != status || strcmp(o->fault.reason, reason) != 0) {
        fail_msg("status %d, %s: %s", (int)o->status, o->fault.reason, o->fault.message);
    }
}

static void
call_end_well(struct odd *o)
{
    call_end(o, STATUS_OK, "");
    assert_int_equal(o->reply.n, 6);
    assert_memory_equal(o->reply.bytes, "answer", 6);
    rpc_reply_clear(&o->reply);
}

static size_t
frame_write(uint32_t id, const void *payload, size_t n, unsigned char *ret_frame)
{
    sp_length_write(SP_WORD_SIZE + n, ret_frame);
    sp_request_id_write(id, ret_frame + SP_LENGTH_SIZE);
    memcpy(ret_frame + HEAD, payload, n);
    return HEAD + n;
}

/* A reply to nothing we know of, of STALE_MAX bytes. */
static void
stale_write(unsigned char ret_frame[STALE_MAX])
{
    static const unsigned char zeros[STALE_MAX - HEAD];
    assert_int_equal(frame_write(STALE_ID, zeros, sizeof zeros, ret_frame), STALE_MAX);
}

/* The id of the request that comes in. */
static uint32_t
request_read(const struct odd *o)
{
    unsigned char frame[HEAD + 3];
    assert_int_equal(recv(o->fd, frame, sizeof frame, MSG_WAITALL), sizeof frame);
    assert_memory_equal(frame + HEAD, "ask", 3);
    return sp_request_id_read(frame + SP_LENGTH_SIZE);
}

static void
answer(const struct odd *o)
{
    unsigned char frame[HEAD + 6];
    raw_send(o->fd, frame, frame_write(request_read(o), "answer", 6, frame));
}

static int
open_odd(void **state)
{
    struct odd *o = calloc(1, sizeof *o);
    assert_non_null(o);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    unsigned char theirs[SP_HANDSHAKE_SIZE];
    char url[64];
    o->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(o->listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(o->listener, 1), 0);
    assert_int_equal(getsockname(o->listener, (struct sockaddr *)&at, &size), 0);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    struct rpc_client_config config = {.url = url, .connect_timeout_ms = WAIT_MS};
    assert_int_equal(rpc_client_open(&config, &o->client, NULL), STATUS_OK);
    o->connect_only = true;
    call_begin(o, WAIT_MS);
    o->fd = accept(o->listener, NULL, NULL);
    assert_true(o->fd >= 0);
    raw_send(o->fd, sp_rep, sizeof sp_rep);
    assert_int_equal(recv(o->fd, theirs, sizeof theirs, MSG_WAITALL), sizeof theirs);
    call_end(o, STATUS_OK, "");
    o->connect_only = false;
    *state = o;
    return 0;
}

static int
close_odd(void **state)
{
    struct odd *o = *state;
    rpc_client_free(o->client);
    close(o->fd);
    close(o->listener);
    free(o);
    return 0;
}

/* Whole frames and a part of one, before a call; the other part during it; one more behind the
 * reply. */
static void
frames_out_of_turn_are_skipped(void **state)
{
    struct odd *o = *state;
    unsigned char stale[STALE_MAX];
    stale_write(stale);
    for (int round = 0; round < 20; round++) {
        raw_send(o->fd, stale, sizeof stale);
        raw_send(o->fd, stale, 5 + (size_t)round);
        call_begin(o, WAIT_MS);
        uint32_t id = request_read(o);
        unsigned char frame[HEAD + 6];
        size_t n = frame_write(id, "answer", 6, frame);
        raw_send(o->fd, stale + 5 + round, sizeof stale - 5 - (size_t)round);
        raw_send(o->fd, frame, n);
        raw_send(o->fd, stale, sizeof stale);
        call_end_well(o);
    }
}

/* More than the client's buffer holds while it is idle. */
static void
much_before_a_call_is_skipped(void **state)
{
    struct odd *o = *state;
    unsigned char stale[STALE_MAX];
    stale_write(stale);
    for (int i = 0; i < 40; i++) {
        raw_send(o->fd, stale, sizeof stale);
    }
    call_begin(o, WAIT_MS);
    answer(o);
    call_end_well(o);
    call_begin(o, WAIT_MS);
    answer(o);
    call_end_well(o);
}

static void
much_and_then_the_end(void **state)
{
    struct odd *o = *state;
    unsigned char stale[STALE_MAX];
    stale_write(stale);
    for (int i = 0; i < 40; i++) {
        raw_send(o->fd, stale, sizeof stale);
    }
    shutdown(o->fd, SHUT_RDWR);
    call_begin(o, WAIT_MS);
    call_end(o, STATUS_UNAVAILABLE, "CONNECTION_LOST");
}

static void
reply_and_then_the_end(void **state)
{
    struct odd *o = *state;
    call_begin(o, WAIT_MS);
    answer(o);
    shutdown(o->fd, SHUT_RDWR);
    call_end_well(o);
    call_begin(o, WAIT_MS);
    call_end(o, STATUS_UNAVAILABLE, "CONNECTION_LOST");
}

static void
no_frame_before_a_call(void **state)
{
    struct odd *o = *state;
    unsigned char claim[SP_LENGTH_SIZE];
    sp_length_write(3ULL << 30U, claim);
    raw_send(o->fd, claim, sizeof claim);
    call_begin(o, WAIT_MS);
    call_end(o, STATUS_DATA_LOSS, "PROTOCOL_ERROR");
}

/* Frames without end, none of them the reply. */
static void
flood_ends_at_the_deadline(void **state)
{
    struct odd *o = *state;
    unsigned char stale[STALE_MAX];
    stale_write(stale);
    call_begin(o, SHORT_MS);
    while (send(o->fd, stale, sizeof stale, MSG_NOSIGNAL) > 0) { /* until the client closes */
    }
    call_end(o, STATUS_DEADLINE_EXCEEDED, "CALL_TIMEOUT");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_out_of_turn_are_skipped, open_odd, close_odd),
        cmocka_unit_test_setup_teardown(much_before_a_call_is_skipped, open_odd, close_odd),
        cmocka_unit_test_setup_teardown(much_and_then_the_end, open_odd, close_odd),
        cmocka_unit_test_setup_teardown(reply_and_then_the_end, open_odd, close_odd),
        cmocka_unit_test_setup_teardown(no_frame_before_a_call, open_odd, close_odd),
        cmocka_unit_test_setup_teardown(flood_ends_at_the_deadline, open_odd, close_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
