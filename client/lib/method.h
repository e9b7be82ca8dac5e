/* Methods: what a client must know of each rpc before it calls it.
 *
 * Names and message types come from the generated service descriptors; what kind a method is
 * follows from its name by one table (method.c). Pure; any thread.
 */
#ifndef CLIENT_LIB_METHOD_H
#define CLIENT_LIB_METHOD_H

#include "proto/base/fault.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

struct rectify_method {
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
    bool command; /* changes something: idempotency key needed */
    bool machine; /* an enrolled machine must call it */
    bool session; /* an open session must call it */
};

/* "rectify.v1.MeasureService/SignFor". UNIMPLEMENTED METHOD_UNKNOWN. */
MUST_CHECK enum status rectify_method_find(const char *name, struct rectify_method *ret_method,
                                           struct fault *f);

#endif
