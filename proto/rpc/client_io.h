/* Both directions of a client's connection: nng's operations, whose waits end whatever nng does.
 *
 * nng 1.5.2 can lose an operation started on a TLS stream whose TCP connection has already died: it
 * then never finishes, not even by its own timeout or by closing the stream. An operation that was
 * under way when the connection died does finish, with an error. So a receive stands all the time a
 * connection lives, and whoever waits for a send learns of that receive's failure as well; a wait
 * has a deadline of its own; bytes go through buffers that belong to the operations, and when one
 * of them does not come back all of it is abandoned (some 130 KiB with nng's part, once per loss).
 *
 * Threads: one thread at a time, but for client_io_cancel. Private to the client.
 */
#ifndef PROTO_RPC_CLIENT_IO_H
#define PROTO_RPC_CLIENT_IO_H

#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

#include <nng/nng.h>

enum {
    CLIENT_IO_BYTES = 65536, /* moved by one operation at most */
    CLIENT_IO_PENDING = -1   /* no code of nng's */
};

enum client_io_op {
    CLIENT_IO_OUT, /* a dial or a send */
    CLIENT_IO_IN   /* a receive */
};

enum client_io_until {
    CLIENT_IO_SENT,     /* the dial or send has ended, or the receive has failed */
    CLIENT_IO_READABLE, /* there are bytes to read, or the receive has failed */
    CLIENT_IO_QUIET     /* nothing is under way */
};

struct client_io;

/* NULL when memory is out. */
struct client_io *client_io_new(void);
/* Only while nothing is under way. NULL accepted. */
void client_io_free(struct client_io *io);

/* Each makes one operation ready and counts it as under way, without a timeout of nng's. The caller
 * starts nng with the returned aio at once, or calls client_io_drop. No other of the same direction
 * may be under way. client_io_dial forgets what the last connection has left; client_io_send copies
 * up to n bytes; client_io_receive returns NULL when none is needed: one is under way, the last has
 * failed, or there is no room before client_io_read makes some. */
nng_aio *client_io_dial(struct client_io *io);
nng_aio *client_io_send(struct client_io *io, const unsigned char *bytes, size_t n);
nng_aio *client_io_receive(struct client_io *io);
/* The operation was not started after all. */
void client_io_drop(struct client_io *io, enum client_io_op op);

/* Waits for one of these, at most until deadline_ms (monotonic clock). nng's code of the operation
 * that ended the wait, 0 when all is well; CLIENT_IO_PENDING at the deadline. */
MUST_CHECK int client_io_wait(struct client_io *io, enum client_io_until until,
                              int64_t deadline_ms);

/* nng's code of the receive that has failed, 0 when none has. Never blocks. */
int client_io_failure(struct client_io *io);

/* Takes up to n of the bytes received; how many. Never blocks. */
size_t client_io_read(struct client_io *io, unsigned char *bytes, size_t n);

/* Of the send that has ended: the bytes moved. Of the dial: the stream, the caller's from now on.
 */
size_t client_io_sent(const struct client_io *io);
nng_stream *client_io_dialled(const struct client_io *io);

/* Asks nng to end a dial; it may. Any thread. */
void client_io_cancel(struct client_io *io);

#endif
