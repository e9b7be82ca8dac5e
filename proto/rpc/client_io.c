#include "proto/rpc/client_io.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct client_io {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    bool busy;
    nng_aio *aio;
    unsigned char buffer[CLIENT_IO_BYTES];
};

int64_t
client_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
set_idle(void *arg)
{
    struct client_io *io = arg;
    pthread_mutex_lock(&io->lock);
    io->busy = false;
    pthread_cond_broadcast(&io->idle);
    pthread_mutex_unlock(&io->lock);
}

struct client_io *
client_io_new(void)
{
    struct client_io *io = calloc(1, sizeof *io);
    if (io == NULL) {
        return NULL;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&io->idle, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&io->lock, NULL);
    if (nng_aio_alloc(&io->aio, set_idle, io) != 0) {
        client_io_free(io);
        return NULL;
    }
    return io;
}

void
client_io_free(struct client_io *io)
{
    if (io == NULL) {
        return;
    }
    assert(!io->busy);
    if (io->aio != NULL) {
        nng_aio_free(io->aio); /* waits for a callback that is on its way out */
    }
    pthread_cond_destroy(&io->idle);
    pthread_mutex_destroy(&io->lock);
    free(io);
}

nng_aio *
client_io_begin(struct client_io *io, const unsigned char *bytes, size_t n, int64_t deadline_ms)
{
    assert(!io->busy);
    size_t part = n < CLIENT_IO_BYTES ? n : CLIENT_IO_BYTES;
    if (bytes != NULL) {
        memcpy(io->buffer, bytes, part);
    }
    nng_iov iov = {.iov_buf = io->buffer, .iov_len = part};
    int rv = nng_aio_set_iov(io->aio, part == 0 ? 0 : 1, &iov);
    assert(rv == 0);
    int64_t left = deadline_ms - client_now_ms();
    nng_aio_set_timeout(io->aio, left < 1 ? 1 : (nng_duration)left);
    pthread_mutex_lock(&io->lock);
    io->busy = true;
    pthread_mutex_unlock(&io->lock);
    return io->aio;
}

void
client_io_drop(struct client_io *io)
{
    set_idle(io);
}

bool
client_io_wait(struct client_io *io, int64_t deadline_ms, int64_t grace_ms)
{
    int64_t end = deadline_ms + grace_ms;
    struct timespec until = {.tv_sec = end / 1000, .tv_nsec = (long)(end % 1000) * 1000000};
    pthread_mutex_lock(&io->lock);
    int rv = 0;
    while (io->busy && rv == 0) {
        rv = pthread_cond_timedwait(&io->idle, &io->lock, &until);
    }
    bool idle = !io->busy;
    pthread_mutex_unlock(&io->lock);
    return idle;
}

int
client_io_result(struct client_io *io)
{
    return nng_aio_result(io->aio);
}

size_t
client_io_count(struct client_io *io)
{
    return nng_aio_count(io->aio);
}

const unsigned char *
client_io_received(const struct client_io *io)
{
    return io->buffer;
}

nng_stream *
client_io_dialled(struct client_io *io)
{
    return nng_aio_get_output(io->aio, 0);
}

void
client_io_cancel(struct client_io *io)
{
    nng_aio_cancel(io->aio);
}
