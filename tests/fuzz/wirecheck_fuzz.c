/* Whatever bytes come in: what wire_check lets pass can be unpacked, packed again, passes again,
 * and goes through JSON and back unchanged. The first byte chooses the type. */
#include "proto/base/limits.h"
#include "proto/rpc/json.h"
#include "proto/rpc/wirecheck.h"

#include <stdlib.h>
#include <string.h>

#include "rectify/v1/envelope.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "rectify/v1/table.pb-c.h"
#include "tests/unit/rpc_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *
choose(uint8_t byte)
{
    switch (byte % 5) {
    case 0:
        return &pb__call_request__descriptor;
    case 1:
        return &pb__call_reply__descriptor;
    case 2:
        return &pb__table__descriptor;
    case 3:
        return &pb__measure__descriptor;
    default:
        return &sample_type;
    }
}

static void
must(int condition)
{
    if (!condition) {
        abort();
    }
}

/* Bytes → message → bytes → message, and → JSON → message → JSON. */
static void
round_trip(struct arena *a, const ProtobufCMessageDescriptor *type, const ProtobufCMessage *m)
{
    struct fault f = {0};
    unsigned char *bytes = NULL;
    size_t n = 0;
    if (wire_pack(a, m, &bytes, &n) != STATUS_OK) {
        return; /* the arena is full */
    }
    must(wire_check(type, bytes, n, &f) == STATUS_OK);
    const char *text = NULL;
    const char *again = NULL;
    ProtobufCMessage *back = NULL;
    enum status st = json_print_message(a, m, false, &text, &f);
    must(st == STATUS_OK || st == STATUS_RESOURCE_EXHAUSTED);
    if (st != STATUS_OK) {
        return;
    }
    st = json_parse_message(a, type, text, strlen(text), &back, &f);
    must(st == STATUS_OK || st == STATUS_RESOURCE_EXHAUSTED);
    if (st == STATUS_OK && json_print_message(a, back, false, &again, &f) == STATUS_OK) {
        must(strcmp(text, again) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct fault f = {0};
    ProtobufCMessage *m = NULL;
    if (size == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = choose(data[0]);
    arena_init(&a, LIMIT_UNPACK_BYTES);
    enum status checked = wire_check(type, data + 1, size - 1, &f);
    enum status unpacked = wire_unpack(&a, type, data + 1, size - 1, &m, &f);
    must(checked == STATUS_OK ? unpacked == STATUS_OK || unpacked == STATUS_RESOURCE_EXHAUSTED
                              : unpacked == STATUS_INVALID_ARGUMENT);
    if (unpacked == STATUS_OK) {
        round_trip(&a, type, m);
    }
    arena_release(&a);
    /* The same bytes as JSON text: refused or read, never worse. */
    arena_init(&a, LIMIT_UNPACK_BYTES);
    enum status st = json_parse_message(&a, type, (const char *)data + 1, size - 1, &m, &f);
    must(st == STATUS_OK || st == STATUS_INVALID_ARGUMENT || st == STATUS_RESOURCE_EXHAUSTED);
    arena_release(&a);
    return 0;
}
