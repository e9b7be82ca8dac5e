/* Two calls at once: made ready, then sent one after the other or from two threads. */
#ifndef TESTS_SUPPORT_RACER_H
#define TESTS_SUPPORT_RACER_H

#include "proto/base/arena.h"
#include "server/dispatch/dispatch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { RACER_ARENA_BYTES = 16 << 20 };

/* A call made ready, to be sent from anywhere. */
struct racer {
    struct dispatch *door;
    Pb__CallRequest envelope;
    struct arena arena;
    Pb__CallReply *reply;
    pthread_barrier_t *start; /* NULL: at once */
    enum status sent;
};

__attribute__((unused)) static void *
racer_run(void *arg)
{
    struct racer *x = arg;
    if (x->start != NULL) {
        pthread_barrier_wait(x->start);
    }
    arena_init(&x->arena, RACER_ARENA_BYTES);
    x->sent = dispatch_call(x->door, &x->envelope, &x->arena, &x->reply);
    return NULL;
}

/* order: 0 and 1 one after the other, beginning with that one; 2 and more from two threads. Both
 * get an answer. */
__attribute__((unused)) static void
racers_run(struct racer pair[2], int order)
{
    pthread_t threads[2];
    pthread_barrier_t start;
    if (order < 2) {
        (void)racer_run(&pair[order]);
        (void)racer_run(&pair[1 - order]);
    } else {
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
    assert_int_equal(pair[0].sent, STATUS_OK);
    assert_int_equal(pair[1].sent, STATUS_OK);
}

__attribute__((unused)) static void
racers_release(struct racer pair[2])
{
    arena_release(&pair[0].arena);
    arena_release(&pair[1].arena);
}

#endif
