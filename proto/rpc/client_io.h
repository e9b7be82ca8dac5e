/* One direction of a client's connection: an nng operation whose deadline holds whatever nng does.
 *
 * nng 1.5.2 can lose an operation on a TLS stream whose TCP connection has just died: it then never
 * finishes, not even by its own timeout or by closing the stream. So nobody here waits for nng
 * alone: the wait has a deadline of its own, bytes go through a buffer that belongs to the
 * operation, and an operation that does not come back is abandoned with its memory (a few KiB, once
 * per loss). Private to the client.
 */
#ifndef PROTO_RPC_CLIENT_IO_H
#define PROTO_RPC_CLIENT_IO_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nng/nng.h>

enum { CLIENT_IO_BYTES = 65536 }; /* moved by one operation */

struct client_io;

/* NULL when memory is out. */
struct client_io *client_io_new(void);
/* Only while idle. NULL accepted. */
void client_io_free(struct client_io *io);

/* Makes the operation ready: bytes NULL to receive up to n, else up to n of bytes are copied in to
 * be sent; n 0 for a dial. The caller starts nng with the returned aio at once, or calls
 * client_io_drop. The io must be idle. */
nng_aio *client_io_begin(struct client_io *io, const unsigned char *bytes, size_t n,
                         int64_t deadline_ms);
/* The operation was not started after all. */
void client_io_drop(struct client_io *io);

/* Waits until it is idle; false when grace_ms after deadline_ms (monotonic clock) it still is not.
 */
MUST_CHECK bool client_io_wait(struct client_io *io, int64_t deadline_ms, int64_t grace_ms);

/* Of the finished operation: nng's code, the bytes moved, what was received, what was dialled. */
int client_io_result(struct client_io *io);
size_t client_io_count(struct client_io *io);
const unsigned char *client_io_received(const struct client_io *io);
nng_stream *client_io_dialled(struct client_io *io);

/* Asks nng to end it; it may. Any thread. */
void client_io_cancel(struct client_io *io);

/* Milliseconds of the monotonic clock. */
int64_t client_now_ms(void);

#endif
