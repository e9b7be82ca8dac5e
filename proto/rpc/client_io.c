#include "proto/rpc/client_io.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct op {
    struct client_io *io;
    nng_aio *aio;
    bool busy;
    int result; /* of the last that has ended */
    size_t count;
    unsigned char buffer[CLIENT_IO_BYTES];
};

struct client_io {
    pthread_mutex_t lock; /* all below; the buffer of a busy operation is nng's from in_end on */
    pthread_cond_t ended;
    struct op out;
    struct op in;
    size_t in_start; /* received and not yet read: in.buffer from here */
    size_t in_end;   /* to here */
};

static void
op_ended(void *arg)
{
    struct op *op = arg;
    struct client_io *io = op->io;
    int result = nng_aio_result(op->aio);
    size_t count = result == 0 ? nng_aio_count(op->aio) : 0;
    pthread_mutex_lock(&io->lock);
    op->busy = false;
    op->result = result;
    op->count = count;
    if (op == &io->in) {
        op->result = result == 0 && count == 0 ? NNG_ECONNSHUT : result;
        io->in_end += count;
    }
    pthread_cond_broadcast(&io->ended);
    pthread_mutex_unlock(&io->lock);
}

static bool
op_init(struct op *op, struct client_io *io)
{
    op->io = io;
    if (nng_aio_alloc(&op->aio, op_ended, op) != 0) {
        op->aio = NULL;
        return false;
    }
    nng_aio_set_timeout(op->aio, NNG_DURATION_INFINITE);
    return true;
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
    pthread_cond_init(&io->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&io->lock, NULL);
    if (!op_init(&io->out, io) || !op_init(&io->in, io)) {
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
    assert(!io->out.busy && !io->in.busy);
    nng_aio *aios[] = {io->out.aio, io->in.aio};
    for (size_t i = 0; i < 2; i++) {
        if (aios[i] != NULL) {
            nng_aio_free(aios[i]); /* waits for a callback that is on its way out */
        }
    }
    pthread_cond_destroy(&io->ended);
    pthread_mutex_destroy(&io->lock);
    free(io);
}

/* Under the lock. The operation's bytes: n of its buffer from start on. */
static nng_aio *
op_begin(struct op *op, size_t start, size_t n)
{
    assert(!op->busy);
    nng_iov iov = {.iov_buf = op->buffer + start, .iov_len = n};
    int rv = nng_aio_set_iov(op->aio, n == 0 ? 0 : 1, &iov);
    assert(rv == 0); /* one vector always fits */
    op->busy = true;
    op->result = 0;
    op->count = 0;
    return op->aio;
}

nng_aio *
client_io_dial(struct client_io *io)
{
    pthread_mutex_lock(&io->lock);
    assert(!io->in.busy);
    io->in.result = 0;
    io->in_start = 0;
    io->in_end = 0;
    nng_aio *aio = op_begin(&io->out, 0, 0);
    pthread_mutex_unlock(&io->lock);
    return aio;
}

nng_aio *
client_io_send(struct client_io *io, const unsigned char *bytes, size_t n)
{
    size_t part = n < CLIENT_IO_BYTES ? n : CLIENT_IO_BYTES;
    pthread_mutex_lock(&io->lock);
    nng_aio *aio = op_begin(&io->out, 0, part);
    memcpy(io->out.buffer, bytes, part);
    pthread_mutex_unlock(&io->lock);
    return aio;
}

nng_aio *
client_io_receive(struct client_io *io)
{
    nng_aio *aio = NULL;
    pthread_mutex_lock(&io->lock);
    if (!io->in.busy && io->in.result == 0) {
        io->in_end -= io->in_start;
        memmove(io->in.buffer, io->in.buffer + io->in_start, io->in_end);
        io->in_start = 0;
        if (io->in_end < CLIENT_IO_BYTES) {
            aio = op_begin(&io->in, io->in_end, CLIENT_IO_BYTES - io->in_end);
        }
    }
    pthread_mutex_unlock(&io->lock);
    return aio;
}

void
client_io_drop(struct client_io *io, enum client_io_op op)
{
    pthread_mutex_lock(&io->lock);
    (op == CLIENT_IO_OUT ? &io->out : &io->in)->busy = false;
    pthread_mutex_unlock(&io->lock);
}

/* Under the lock: what client_io_wait answers now. */
static int
outcome(const struct client_io *io, enum client_io_until until)
{
    switch (until) {
    case CLIENT_IO_SENT:
        if (!io->out.busy) {
            return io->out.result;
        }
        break;
    case CLIENT_IO_READABLE:
        if (io->in_start < io->in_end) {
            return 0;
        }
        break;
    case CLIENT_IO_QUIET:
        return io->out.busy || io->in.busy ? CLIENT_IO_PENDING : 0;
    }
    return io->in.result != 0 ? io->in.result : CLIENT_IO_PENDING;
}

int
client_io_wait(struct client_io *io, enum client_io_until until, int64_t deadline_ms)
{
    struct timespec end = {.tv_sec = deadline_ms / 1000,
                           .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    pthread_mutex_lock(&io->lock);
    int waited = 0;
    int rv = outcome(io, until);
    while (rv == CLIENT_IO_PENDING && waited == 0) {
        waited = pthread_cond_timedwait(&io->ended, &io->lock, &end);
        rv = outcome(io, until);
    }
    pthread_mutex_unlock(&io->lock);
    return rv;
}

int
client_io_failure(struct client_io *io)
{
    pthread_mutex_lock(&io->lock);
    int result = io->in.result;
    pthread_mutex_unlock(&io->lock);
    return result;
}

size_t
client_io_read(struct client_io *io, unsigned char *bytes, size_t n)
{
    pthread_mutex_lock(&io->lock);
    size_t there = io->in_end - io->in_start;
    size_t part = n < there ? n : there;
    memcpy(bytes, io->in.buffer + io->in_start, part);
    io->in_start += part;
    pthread_mutex_unlock(&io->lock);
    return part;
}

size_t
client_io_sent(const struct client_io *io)
{
    return io->out.count;
}

nng_stream *
client_io_dialled(const struct client_io *io)
{
    return nng_aio_get_output(io->out.aio, 0);
}

void
client_io_cancel(struct client_io *io)
{
    nng_aio_cancel(io->out.aio);
}
