#include "proto/rpc/sp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/rpc/client.h"

static void
handshake(void **state)
{
    (void)state;
    const unsigned char expected[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    unsigned char bytes[SP_HANDSHAKE_SIZE];
    uint16_t protocol = 0;
    sp_handshake_write(SP_PROTO_REQ, bytes);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_int_equal(sp_handshake_read(bytes, &protocol), STATUS_OK);
    assert_int_equal(protocol, SP_PROTO_REQ);
    for (size_t i = 0; i < SP_HANDSHAKE_SIZE; i++) {
        unsigned char bad[SP_HANDSHAKE_SIZE];
        memcpy(bad, bytes, sizeof bad);
        bad[i] ^= 0x40U;
        protocol = 7;
        bool is_protocol = i == 4 || i == 5;
        assert_int_equal(sp_handshake_read(bad, &protocol),
                         is_protocol ? STATUS_OK : STATUS_INVALID_ARGUMENT);
        assert_true(is_protocol || protocol == 7); /* untouched on failure */
    }
}

static void
length(void **state)
{
    (void)state;
    const uint64_t lengths[] = {0, 1, 255, 256, 1048576, 3ULL << 30U, UINT64_MAX};
    unsigned char bytes[SP_LENGTH_SIZE];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        sp_length_write(lengths[i], bytes);
        assert_true(sp_length_read(bytes) == lengths[i]);
    }
    sp_length_write(0x0102030405060708ULL, bytes);
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", 8);
}

static void
backtrace(void **state)
{
    (void)state;
    unsigned char body[(LIMIT_SP_HOPS + 2) * SP_WORD_SIZE] = {0};
    size_t size = 99;
    for (size_t hops = 1; hops <= LIMIT_SP_HOPS + 1; hops++) {
        memset(body, 0, sizeof body);
        body[(hops - 1) * SP_WORD_SIZE] = 0x80;
        bool fits = hops <= LIMIT_SP_HOPS;
        assert_int_equal(sp_backtrace_read(body, sizeof body, &size),
                         fits ? STATUS_OK : STATUS_INVALID_ARGUMENT);
        if (fits) {
            assert_int_equal(size, hops * SP_WORD_SIZE);
            /* cut right before its last byte */
            assert_int_equal(sp_backtrace_read(body, hops * SP_WORD_SIZE - 1, &size),
                             STATUS_INVALID_ARGUMENT);
            assert_int_equal(sp_backtrace_read(body, hops * SP_WORD_SIZE, &size), STATUS_OK);
        }
    }
    assert_int_equal(sp_backtrace_read(body, 0, &size), STATUS_INVALID_ARGUMENT);
}

static void
request_id(void **state)
{
    (void)state;
    unsigned char bytes[SP_WORD_SIZE];
    size_t size = 0;
    sp_request_id_write(5, bytes);
    assert_memory_equal(bytes, "\x80\0\0\5", 4);
    assert_int_equal(sp_request_id_read(bytes), 0x80000005U);
    assert_int_equal(sp_backtrace_read(bytes, sizeof bytes, &size), STATUS_OK);
}

static void
backoff(void **state)
{
    (void)state;
    assert_int_equal(rpc_backoff_ms(0, 0), 0);
    assert_int_equal(rpc_backoff_ms(0, UINT32_MAX), 200);
    assert_int_equal(rpc_backoff_ms(1, UINT32_MAX), 400);
    assert_int_equal(rpc_backoff_ms(7, UINT32_MAX), 25600);
    assert_int_equal(rpc_backoff_ms(8, UINT32_MAX), 30000);
    assert_int_equal(rpc_backoff_ms(4000000000U, UINT32_MAX), 30000);
    assert_int_equal(rpc_backoff_ms(1, UINT32_MAX / 2), 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake),  cmocka_unit_test(length),  cmocka_unit_test(backtrace),
        cmocka_unit_test(request_id), cmocka_unit_test(backoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
