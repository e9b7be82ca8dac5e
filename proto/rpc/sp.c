#include "proto/rpc/sp.h"

#include <string.h>

static void
be32_write(uint32_t v, unsigned char *p)
{
    p[0] = (unsigned char)(v >> 24U);
    p[1] = (unsigned char)(v >> 16U);
    p[2] = (unsigned char)(v >> 8U);
    p[3] = (unsigned char)v;
}

static uint32_t
be32_read(const unsigned char *p)
{
    return (uint32_t)p[0] << 24U | (uint32_t)p[1] << 16U | (uint32_t)p[2] << 8U | p[3];
}

void
sp_handshake_write(uint16_t protocol, unsigned char ret_bytes[SP_HANDSHAKE_SIZE])
{
    const unsigned char header[SP_HANDSHAKE_SIZE] = {
        0, 'S', 'P', 0, (unsigned char)(protocol >> 8U), (unsigned char)protocol, 0, 0};
    memcpy(ret_bytes, header, sizeof header);
}

enum status
sp_handshake_read(const unsigned char bytes[SP_HANDSHAKE_SIZE], uint16_t *ret_protocol)
{
    static const unsigned char head[4] = {0, 'S', 'P', 0};
    if (memcmp(bytes, head, sizeof head) != 0 || bytes[6] != 0 || bytes[7] != 0) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_protocol = (uint16_t)(bytes[4] << 8U | bytes[5]);
    return STATUS_OK;
}

void
sp_length_write(uint64_t length, unsigned char ret_bytes[SP_LENGTH_SIZE])
{
    be32_write((uint32_t)(length >> 32U), ret_bytes);
    be32_write((uint32_t)length, ret_bytes + 4);
}

uint64_t
sp_length_read(const unsigned char bytes[SP_LENGTH_SIZE])
{
    return (uint64_t)be32_read(bytes) << 32U | be32_read(bytes + 4);
}

enum status
sp_backtrace_read(const unsigned char *body, size_t n, size_t *ret_size)
{
    for (size_t i = 0; i < LIMIT_SP_HOPS && n - i * SP_WORD_SIZE >= SP_WORD_SIZE; i++) {
        if ((body[i * SP_WORD_SIZE] & 0x80U) != 0) {
            *ret_size = (i + 1) * SP_WORD_SIZE;
            return STATUS_OK;
        }
    }
    return STATUS_INVALID_ARGUMENT;
}

void
sp_request_id_write(uint32_t id, unsigned char ret_bytes[SP_WORD_SIZE])
{
    be32_write(id | 0x80000000U, ret_bytes);
}

uint32_t
sp_request_id_read(const unsigned char bytes[SP_WORD_SIZE])
{
    return be32_read(bytes);
}
