/* Two calls at once, for the service tests: made ready, then sent one after the other or from two
 * threads. */
#ifndef TESTS_SERVICE_RACER_H
#define TESTS_SERVICE_RACER_H

#include "tests/service/slice.h"

#include <pthread.h>

enum { RACER_ARENA_BYTES = 8 << 20 };

/* A call made ready, to be sent from anywhere. */
struct racer {
    Pb__CallRequest envelope;
    struct arena arena;
    Pb__CallReply *reply;
    pthread_barrier_t *start; /* NULL: at once */
    enum status sent;
};

HELPER void
racer_make(struct racer *x, int account, const char *method, const ProtobufCMessage *request)
{
    static int serial;
    Pb__CallRequest *e = &x->envelope;
    *x = (struct racer){0};
    pb__call_request__init(e);
    e->tenant = slice_text("t1");
    e->method = arena_printf(&slice_arena, "rectify.v1.%s", method);
    e->call_id = slice_text("call");
    e->session = arena_printf(&slice_arena, "token-%d", account);
    e->machine = arena_strdup(&slice_arena, slice_id(account + 10));
    e->idempotency_key = arena_printf(&slice_arena, "01930000-0000-7000-9000-%012d", ++serial);
    e->has_timeout_ms = 1;
    e->timeout_ms = 60000;
    e->has_payload = 1;
    assert_int_equal(wire_pack(&slice_arena, request, &e->payload.data, &e->payload.len),
                     STATUS_OK);
    slice_sign(e, account);
    arena_init(&x->arena, RACER_ARENA_BYTES);
}

HELPER void
racer_expect_version(struct racer *x, int account, int64_t version)
{
    x->envelope.has_expected_version = 1;
    x->envelope.expected_version = version;
    slice_sign(&x->envelope, account);
}

HELPER void *
racer_run(void *arg)
{
    struct racer *x = arg;
    if (x->start != NULL) {
        pthread_barrier_wait(x->start);
    }
    x->sent = dispatch_call(slice_door, &x->envelope, &x->arena, &x->reply);
    return NULL;
}

HELPER void
run_at_once(struct racer *pair)
{
    pthread_t threads[2];
    pthread_barrier_t start;
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

#endif
