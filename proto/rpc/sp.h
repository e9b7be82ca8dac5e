/* SP: the scalability-protocols wire format of REQ/REP, as nng speaks it over a byte stream.
 *
 *   handshake   00 'S' 'P' 00  protocol (be16)  00 00      each side sends one, once
 *   frame       length (be64)  body                        length counts the body alone
 *   body        backtrace words (be32) … request id (high bit set), then the payload
 *
 * A reply carries the request's backtrace back unchanged. Pure: bytes in, bytes out; no sockets,
 * no memory. Safe from any thread.
 */
#ifndef PROTO_RPC_SP_H
#define PROTO_RPC_SP_H

#include "proto/base/limits.h"
#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SP_PROTO_REQ = 0x30, /* who asks */
    SP_PROTO_REP = 0x31, /* who answers */
    SP_HANDSHAKE_SIZE = 8,
    SP_LENGTH_SIZE = 8,
    SP_WORD_SIZE = 4,
    SP_BACKTRACE_SIZE = LIMIT_SP_HOPS * SP_WORD_SIZE, /* largest accepted */
};

/* The largest body: a backtrace and a frame's worth of payload share LIMIT_FRAME_BYTES. */
#define SP_PAYLOAD_MAX (LIMIT_FRAME_BYTES - SP_BACKTRACE_SIZE)

/* Writes our handshake for the given protocol. */
void sp_handshake_write(uint16_t protocol, unsigned char ret_bytes[SP_HANDSHAKE_SIZE]);

/* Reads a peer's handshake. INVALID_ARGUMENT when it is no SP version 0 header. */
MUST_CHECK enum status sp_handshake_read(const unsigned char bytes[SP_HANDSHAKE_SIZE],
                                         uint16_t *ret_protocol);

/* The 8-byte length before a body. */
void sp_length_write(uint64_t length, unsigned char ret_bytes[SP_LENGTH_SIZE]);
uint64_t sp_length_read(const unsigned char bytes[SP_LENGTH_SIZE]);

/* Finds the end of the backtrace: the first word with its high bit set ends it. *ret_size is its
 * size in bytes, the payload follows. INVALID_ARGUMENT when the body ends before it or it has more
 * than LIMIT_SP_HOPS words. */
MUST_CHECK enum status sp_backtrace_read(const unsigned char *body, size_t n, size_t *ret_size);

/* A request id as the single word of a fresh request's backtrace; the high bit is set here. */
void sp_request_id_write(uint32_t id, unsigned char ret_bytes[SP_WORD_SIZE]);
uint32_t sp_request_id_read(const unsigned char bytes[SP_WORD_SIZE]);

#endif
