/* protobuf-c's messages hold char *, and never write through it: text that is only read may be put
 * into them. The one place where const is taken off. Any thread. */
#ifndef PROTO_BASE_WIRE_TEXT_H
#define PROTO_BASE_WIRE_TEXT_H

#include <stdint.h>

static inline char *
wire_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

#endif
